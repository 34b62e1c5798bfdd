"""Pieces of figures. Matplotlib is imported here and nowhere else, when something is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression

from sklearn_reg._typing import FloatArray

STYLE = "sklearn_reg.legible"
FONT = 9  # points, of names of lines
LEADER = {"arrowstyle": "-", "linewidth": 0.7, "shrinkB": 0}  # from a name to its line
NARROW = 0.14  # share of an axis too short for a word


def pyplot() -> Any:
    """Import Matplotlib, or say what to install."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Drawing needs Matplotlib: python -m pip install 'sklearn_reg[plot]'"
        ) from error
    return plt


def axes_for(ax: Any, count: int, figsize: tuple[float, float], **options: Any) -> tuple[Any, Any]:
    """Return `count` axes and their figure: those given, or new ones."""
    if ax is None:
        plt = pyplot()
        with plt.style.context(STYLE):
            figure, axes = plt.subplots(1, count, figsize=figsize, squeeze=False, **options)
        return axes.ravel(), figure
    axes = np.asarray(ax, dtype=object).ravel()
    if axes.size != count:
        raise ValueError(f"ax must be {count} Axes, got {axes.size}")
    return axes, axes[0].figure


def styles(count: int) -> list[dict[str, Any]]:
    """Return colours and dashes, each pair different from the others for as long as they last."""
    plt = pyplot()
    with plt.style.context(STYLE):
        pairs = list(plt.rcParams["axes.prop_cycle"])
    widths = (1.0 if k >= len(pairs) else 1.8 for k in range(count))
    return [
        {**pair, "linewidth": width}
        for pair, width in zip(islice(cycle(pairs), count), widths, strict=True)
    ]


def mark_lambdas(ax: Any, marks: Mapping[str, float | None]) -> list[Any]:
    """Draw a vertical line for each lambda that there is; equal ones share a line."""
    names: dict[float, list[str]] = {}
    for name, lambda_ in marks.items():
        if lambda_ is not None and lambda_ > 0:
            names.setdefault(lambda_, []).append(name)
    dashes = ({"linestyle": "-", "linewidth": 1.2}, {"linestyle": (0, (2, 2)), "linewidth": 1.2})
    return [
        ax.axvline(
            lambda_, color="0.25", label=f"{' and '.join(called)}: λ = {lambda_:.3g}", **dash
        )
        for (lambda_, called), dash in zip(names.items(), dashes, strict=False)
    ]


def name_lines(
    ax: Any, ends: FloatArray, names: Sequence[str], colors: Sequence[Any], side: str
) -> None:
    """Write the names of lines at their ends, on the left or right, none upon another.

    The axis is made longer on that side, and a thin line leads from a name to its end.
    """
    if len(ends) == 0:
        return
    on_left = side == "left"
    width, height = ax.get_window_extent().size / ax.figure.dpi * 72  # points
    room = min(0.45, (0.6 * FONT * max(map(len, names)) + 22) / width)
    edge = _lengthen(ax, room, on_left)
    bottom, top = ax.get_ylim()
    heights = spread((ends - bottom) / (top - bottom), 1.25 * FONT / height)
    place = room - 16 / width
    for name, end, y, color in zip(names, ends, heights, colors, strict=True):
        ax.annotate(
            name,
            xy=(edge, end),
            xytext=(place if on_left else 1 - place, y),
            textcoords="axes fraction",
            ha="right" if on_left else "left",
            va="center",
            fontsize=FONT,
            arrowprops={**LEADER, "color": color, "relpos": (1 if on_left else 0, 0.5)},
            annotation_clip=False,
        )


def _lengthen(ax: Any, room: float, on_left: bool) -> float:
    """Add a share of the x axis to one side of the data, and return where they end there."""
    first, last = ax.dataLim.intervalx
    scale = ax.xaxis.get_transform()
    low, high = scale.transform(np.array([first, last]))
    wider = (high - low) * room / (1 - room)
    limits = [low - wider, high] if on_left else [low, high + wider]
    ax.set_xlim(scale.inverted().transform(np.array(limits)))
    for minor in (False, True):  # no numbers where there are no data
        ticks = ax.get_xticks(minor=minor)
        ax.set_xticks(ticks[(ticks >= first) & (ticks <= last)], minor=minor)
    return float(first if on_left else last)


def spread(heights: FloatArray, gap: float) -> FloatArray:
    """Move heights in [0, 1] as little as it takes, in squares, to be `gap` apart at least."""
    order = np.argsort(heights, kind="stable")
    steps = gap * np.arange(heights.size)
    # Without the steps they must only be in order: isotonic regression, which bounds may clip.
    placed = np.clip(
        isotonic_regression(heights[order] - steps).x, gap / 2, 1 - gap / 2 - steps[-1]
    )
    moved = np.empty_like(heights)
    moved[order] = placed + steps
    return moved


def count_on_top(ax: Any, lambdas: FloatArray, freedom: FloatArray) -> Any:
    """Put degrees of freedom on an axis at the top, above their lambdas."""
    at = np.unique(np.linspace(0, lambdas.size - 1, 6).round().astype(int))
    top = ax.secondary_xaxis("top")
    top.set_xticks(lambdas[at], labels=[f"{round(freedom[k], 1):.3g}" for k in at])
    top.set_xticks([], minor=True)
    top.set_xlabel("degrees of freedom")
    return top


SIDES = {"overfits": "overfits", "underfits": "underfits", "best": "sweet spot"}


def shade_sides(ax: Any, lambdas: FloatArray, verdicts: Sequence[str]) -> dict[str, Any]:
    """Shade the sides that over- and underfit, and name them in a strip above the lines."""
    scale = ax.xaxis.get_transform()
    low, high = scale.transform(np.array(ax.get_xlim()))
    at = scale.transform(lambdas)
    edges = np.concatenate([[low], (at[1:] + at[:-1]) / 2, [high]])
    rising = ax.yaxis.get_transform()
    bottom, top = rising.transform(np.array(ax.get_ylim()))
    ax.set_ylim(rising.inverted().transform(np.array([bottom, top + 0.13 * (top - bottom)])))
    shades = {}
    good = [verdict not in ("overfits", "underfits") for verdict in verdicts]
    for verdict, word in SIDES.items():
        found = good if verdict == "best" else [other == verdict for other in verdicts]
        where = np.flatnonzero(found)
        if where.size == 0:
            continue
        left, right = edges[where[0]], edges[where[-1] + 1]
        if verdict != "best":
            ends = scale.inverted().transform(np.array([left, right]))
            shades[verdict] = ax.axvspan(*ends, color="0.9", zorder=0, linewidth=0)
        if right - left > NARROW * (high - low):
            middle = ((left + right) / 2 - low) / (high - low)
            ax.text(
                middle, 0.96, word, transform=ax.transAxes, ha="center", va="top", fontsize=FONT
            )
    ax.set_xlim(scale.inverted().transform(np.array([low, high])))
    return shades
