"""Pieces of figures. Matplotlib is imported here and nowhere else, when something is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from sklearn_reg._tools.typing import FloatArray

STYLE = "sklearn_reg.legible"
FONT = 9  # points, of names of lines
LITERAL = {"parse_math": False, "usetex": False}  # of a Text that is drawn as it is
READ = set(r"$\_^%#&~{}")  # what mathtext or TeX would read as more than a character
LEADER = {"arrowstyle": "-", "linewidth": 0.7, "shrinkB": 0}  # from a name to its line
SMALLEST = 5  # points, of long names
WIDEST = 0.5  # share of the x axis for names of lines
SHARE = 0.6  # of axes for a legend inside them, unless its names would be smaller than SMALL
SMALL = 6.5  # points


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


def label_axes(ax: Any, *, quoted: bool = False, **words: str) -> None:
    """Set title, xlabel or ylabel: our own words, in mathtext, or `quoted` ones of a user.

    Quoted words are drawn as they are. Where that makes no difference the Text stays as it was, for
    a user may give it other words.
    """
    for part, text in words.items():
        written = getattr(ax, f"set_{part}")(text)
        if not quoted:
            written.set_parse_math(True)
            continue
        if READ.intersection(text):
            written.set(**LITERAL)
        written.set_wrap("$" not in text)  # Matplotlib measures these as mathtext all the same


def draw_line(ax: Any, x: ArrayLike, y: ArrayLike, name: str, **look: Any) -> Any:
    """Draw a line that has just this name, also where Matplotlib would prefer another to it."""
    (line,) = ax.plot(x, y, **look)
    line.set_label(name)
    return line


def put_legend(
    ax: Any, artists: Sequence[Any], given: bool, *, alone: bool = False, **place: Any
) -> Any:
    """Name artists in a legend, and unless `alone` what else has a label in the axes.

    Axes that were `given` have it inside, small enough to fit; other axes where `place` says. Names
    are drawn as they are, also one that begins with an underscore, which Matplotlib would leave out
    unless it gets the name later.
    """
    old = ax.get_legend()
    literal = (
        {text.get_text() for text in old.get_texts() if not text.get_parse_math()} if old else ()
    )
    others = [] if alone else ax.get_legend_handles_labels()[0]
    named = [*(other for other in others if other not in artists), *artists]

    def make(**options: Any) -> Any:
        legend = ax.legend(named, ["name"] * len(named), **options)
        for artist, text in zip(named, legend.get_texts(), strict=True):
            text.set_text(artist.get_label())
            if artist in artists or artist.get_label() in literal:
                text.set(**LITERAL)
        return legend

    if not given:
        return make(**place)
    legend = make(loc="best")
    for _ in range(3):  # the width of a text is not quite proportional to its size
        size, room = legend.get_texts()[0].get_fontsize(), _room_for(legend, ax)
        smaller = min(room, max(SHARE * room, SMALL / size))
        if smaller >= 1:
            break
        legend = make(loc="best", fontsize=0.95 * smaller * size)
    return legend


def _room_for(legend: Any, ax: Any) -> float:
    """Return how large axes are in units of their legend with its margin, at most as it fits."""
    figure = ax.figure.canvas.figure
    if figure.get_layout_engine() is not None:  # it moves axes when it draws
        figure.get_layout_engine().execute(figure)
    margin = 2.5 * legend.borderaxespad * legend.get_texts()[0].get_fontsize() * figure.dpi / 72
    return float(min(ax.get_window_extent().size / (legend.get_window_extent().size + margin)))


def scale_lambdas(ax: Any, lambdas: FloatArray, marks: Mapping[str, float | None]) -> None:
    """Scale the x axis in log; 0, one of the lambdas or a mark, stands left of the others."""
    shown = np.concatenate([lambdas, [at for at in marks.values() if at is not None]])
    positive = shown[shown > 0]
    if positive.size == shown.size:
        ax.set_xscale("log")
    elif positive.size:
        least = positive.min()
        ax.set_xscale("symlog", linthresh=least)
        _lengthen(ax, 0.045, 0.045)
        ticks = ax.get_xticks()
        ax.set_xticks(ticks[(ticks == 0) | (ticks > 0.99 * least)])
    plain_ticks(ax)


def plain_ticks(ax: Any) -> None:
    """Write powers of ten without mathtext where a user has turned that off."""
    if pyplot().rcParams["text.parse_math"]:
        return
    from matplotlib.ticker import LogFormatter, LogFormatterMathtext

    for axis in (ax.xaxis, ax.yaxis):
        for which in ("major", "minor"):
            formatter = getattr(axis, f"get_{which}_formatter")()
            if isinstance(formatter, LogFormatterMathtext):
                plain = LogFormatter(labelOnlyBase=formatter.labelOnlyBase)
                getattr(axis, f"set_{which}_formatter")(plain)


def mark_lambdas(ax: Any, marks: Mapping[str, float | None]) -> list[Any]:
    """Draw a vertical line for each lambda that there is; equal ones share a line."""
    names: dict[float, list[str]] = {}
    for name, lambda_ in marks.items():
        if lambda_ is not None:
            names.setdefault(lambda_, []).append(name)
    dashes = ({"linestyle": "-", "linewidth": 1.2}, {"linestyle": (0, (2, 2)), "linewidth": 1.2})
    return [
        ax.axvline(
            lambda_, color="0.25", label=f"{' and '.join(called)}: λ = {lambda_:.3g}", **dash
        )
        for (lambda_, called), dash in zip(names.items(), dashes, strict=False)
    ]


def name_lines(
    ax: Any, edge: float, ends: FloatArray, names: Sequence[str], colors: Sequence[Any], side: str
) -> None:
    """Write the names of lines that end at x = edge, on the left or right, none upon another.

    The axis is made longer on that side, and a thin line leads from a name to its end.
    """
    if len(ends) == 0:
        return
    on_left = side == "left"
    width, height = ax.get_window_extent().size / ax.figure.dpi * 72  # points
    rows = [name.split("\n") for name in names]
    tallest, longest = max(map(len, rows)), max(len(row) for name in rows for row in name)
    fitting = max(SMALLEST, (WIDEST * width - 22) / (0.6 * max(longest, 1)))
    font = min(FONT, height / (1.25 * tallest * len(names)), fitting)
    room = min(WIDEST, (0.6 * font * longest + 22) / width)
    _lengthen(ax, *((room, 0.0) if on_left else (0.0, room)))
    bottom, top = ax.get_ylim()
    heights = spread((ends - bottom) / (top - bottom), 1.25 * tallest * font / height)
    place = room - 16 / width
    for name, end, y, color in zip(names, ends, heights, colors, strict=True):
        ax.annotate(
            name,
            xy=(edge, end),
            xytext=(place if on_left else 1 - place, y),
            textcoords="axes fraction",
            ha="right" if on_left else "left",
            va="center",
            fontsize=font,
            arrowprops={**LEADER, "color": color, "relpos": (1 if on_left else 0, 0.5)},
            annotation_clip=False,
            **LITERAL,
        )


def _lengthen(ax: Any, left: float, right: float) -> None:
    """Add shares of the x axis to the sides of the data."""
    first, last = ax.dataLim.intervalx
    scale = ax.xaxis.get_transform()
    low, high = scale.transform(np.array([first, last]))
    whole = ((high - low) or 1.0) / (1 - left - right)
    ax.set_xlim(scale.inverted().transform(np.array([low - left * whole, high + right * whole])))
    for minor in (False, True):  # no numbers where there are no data
        ticks = ax.get_xticks(minor=minor)
        ax.set_xticks(ticks[(ticks >= first) & (ticks <= last)], minor=minor)


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
    if ax.get_xscale() == "symlog":  # which a secondary axis does not take over by itself
        top.set_xscale("symlog", linthresh=ax.xaxis.get_transform().linthresh)
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
    width = ax.get_window_extent().width / ax.figure.dpi * 72  # points
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
        if (right - left) / (high - low) * width > 0.6 * FONT * len(word):
            middle = ((left + right) / 2 - low) / (high - low)
            ax.text(
                middle, 0.96, word, transform=ax.transAxes, ha="center", va="top", fontsize=FONT
            )
    ax.set_xlim(scale.inverted().transform(np.array([low, high])))
    return shades
