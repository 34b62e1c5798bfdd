"""Functions that draw the parts of figures; they alone import Matplotlib, when they run."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import cycle, islice
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from sklearn_reg._checks.labels import check_names, generic_labels
from sklearn_reg._tools.statistics import standard_error
from sklearn_reg._tools.typing import FloatArray

STYLE = "sklearn_reg.legible"
LAMBDA = r"$\lambda$ (more penalty to the right)"
SQUARES = "(unit of y²)"
ERROR = f"mean squared error {SQUARES}"
GREY = "0.6"
UNNAMED = {"color": GREY, "linestyle": "-", "linewidth": 0.7, "zorder": 1}  # a line of many
ABOVE: dict[str, Any] = {  # the place of a legend above its axes
    "loc": "lower left",
    "bbox_to_anchor": (0, 1),
    "ncols": 2,
    "frameon": False,
}
LITERAL = {"parse_math": False, "usetex": False}  # makes Matplotlib draw a Text as it is
READ = set(r"$\_^%#&~{}")  # the characters that mathtext or TeX would interpret
FONT = 9  # the size of names of lines, in points
SMALLEST = 5  # the size of long names of lines, in points
WIDEST = 0.5  # the largest share of the x axis that names of lines take
LEADER = {"arrowstyle": "-", "linewidth": 0.7, "shrinkB": 0}  # the line from a name to its line
SHARE = 0.6  # the share of its axes that a legend takes, unless its names would be smaller than
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
    """Return looks of lines: pairs of colour and dash, which repeat once the style has no more."""
    plt = pyplot()
    with plt.style.context(STYLE):
        pairs = list(plt.rcParams["axes.prop_cycle"])
    widths = (1.0 if k >= len(pairs) else 1.8 for k in range(count))
    return [
        {**pair, "linewidth": width}
        for pair, width in zip(islice(cycle(pairs), count), widths, strict=True)
    ]


def label_axes(ax: Any, *, quoted: bool = False, **words: str) -> None:
    """Set title, xlabel or ylabel: our own words, in mathtext, or `quoted` words of a user.

    Matplotlib draws quoted words as they are. A Text whose words mathtext would not change keeps
    its settings, because a user may give it other words.
    """
    for part, text in words.items():
        written = getattr(ax, f"set_{part}")(text)
        if not quoted:
            written.set_parse_math(True)
            continue
        if READ.intersection(text):
            written.set(**LITERAL)
        written.set_wrap("$" not in text)  # to wrap, Matplotlib would measure $ as mathtext


def draw_line(ax: Any, x: ArrayLike, y: ArrayLike, name: str, **look: Any) -> Any:
    """Draw a line and label it with this very name, also where Matplotlib reserves the name."""
    (line,) = ax.plot(x, y, **look)
    line.set_label(name)
    return line


def draw_means(ax: Any, x: FloatArray, losses: FloatArray, what: str, **look: Any) -> Any:
    """Draw the means of losses over their folds, with a standard error above and below."""
    errors = standard_error(losses)
    look |= {"label": f"{what}, ± one standard error", "elinewidth": 0.8, "markersize": 4}
    return ax.errorbar(x, losses.mean(axis=1), errors, **look)


def line_names(
    given: Sequence[Hashable] | None,
    count: int,
    letter: str,
    what: str,
    argument: str = "feature_names",
) -> list[str]:
    """Return the names of the lines of features or weights: those given, or numbered ones."""
    names = generic_labels(letter, count)
    if given is not None:
        names = check_names(given, count, argument, what)
    return [str(name) for name in names]


def put_legend(
    ax: Any, artists: Sequence[Any], given: bool, *, alone: bool = False, **place: Any
) -> Any:
    """Name artists in a legend, and unless `alone` the other labelled artists of the axes.

    Axes that were `given` contain the legend, small enough to fit; other axes have it at `place`.
    The legend shows names as they are. Matplotlib leaves out a name that begins with an underscore,
    unless the legend receives the name later.
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
    for _ in range(3):  # because the width of a text is not quite proportional to its size
        size, room = legend.get_texts()[0].get_fontsize(), _room_for(legend, ax)
        smaller = min(room, max(SHARE * room, SMALL / size))
        if smaller >= 1:
            break
        legend = make(loc="best", fontsize=0.95 * smaller * size)
    return legend


def _room_for(legend: Any, ax: Any) -> float:
    """Return by which factor a legend with its margin could grow and still fit into its axes."""
    figure = ax.figure.canvas.figure
    if figure.get_layout_engine() is not None:  # the engine moves axes
        figure.get_layout_engine().execute(figure)
    margin = 2.5 * legend.borderaxespad * legend.get_texts()[0].get_fontsize() * figure.dpi / 72
    return float(min(ax.get_window_extent().size / (legend.get_window_extent().size + margin)))


def draw_lambda_axis(
    ax: Any,
    lambdas: FloatArray,
    chosen: float | None = None,
    one_standard_error: float | None = None,
) -> list[Any]:
    """Scale and name the x axis, and return the vertical lines that mark the lambdas of choices.

    Equal lambdas share a line.
    """
    names: dict[float, list[str]] = {}
    for name, lambda_ in (("chosen", chosen), ("1-SE", one_standard_error)):
        if lambda_ is not None:
            names.setdefault(lambda_, []).append(name)
    look, dashes = {"color": "0.25", "linewidth": 1.2}, ("-", (0, (2, 2)))
    marks = [
        ax.axvline(at, label=f"{' and '.join(called)}: λ = {at:.3g}", linestyle=dash, **look)
        for (at, called), dash in zip(names.items(), dashes, strict=False)
    ]
    _scale_lambdas(ax, np.concatenate([lambdas, list(names)]))
    label_axes(ax, xlabel=LAMBDA)
    return marks


def _scale_lambdas(ax: Any, shown: FloatArray) -> None:
    """Scale the x axis in log; a lambda of 0 has its place left of the positive ones."""
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
    """Write powers of ten without mathtext where a user has turned mathtext off."""
    if pyplot().rcParams["text.parse_math"]:
        return
    from matplotlib.ticker import LogFormatter, LogFormatterMathtext

    for axis in (ax.xaxis, ax.yaxis):
        for which in ("major", "minor"):
            formatter = getattr(axis, f"get_{which}_formatter")()
            if isinstance(formatter, LogFormatterMathtext):
                plain = LogFormatter(labelOnlyBase=formatter.labelOnlyBase)
                getattr(axis, f"set_{which}_formatter")(plain)


def name_ends(ax: Any, lines: Sequence[Any], side: str) -> None:
    """Write the names of lines beside their last points, on the left or right."""
    if not lines:
        return
    ends = np.array([line.get_ydata()[-1] for line in lines])
    names, colors = zip(*((line.get_label(), line.get_color()) for line in lines), strict=True)
    name_lines(ax, lines[0].get_xdata()[-1], ends, names, colors, side)


def name_lines(
    ax: Any, edge: float, ends: FloatArray, names: Sequence[str], colors: Sequence[Any], side: str
) -> None:
    """Write the names of lines that end at x = edge on the left or right, so that none overlap.

    The function lengthens the axis on that side, and draws a thin line from a name to its end.
    """
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
    for minor in (False, True):  # the axis has no numbers where there are no data
        ticks = ax.get_xticks(minor=minor)
        ax.set_xticks(ticks[(ticks >= first) & (ticks <= last)], minor=minor)


def spread(heights: FloatArray, gap: float) -> FloatArray:
    """Return the heights in [0, 1], at least `gap` apart, that least squares puts nearest."""
    order = np.argsort(heights, kind="stable")
    steps = gap * np.arange(heights.size)
    # Without the steps, heights only have to increase: isotonic regression, clipped to the bounds.
    placed = np.clip(
        isotonic_regression(heights[order] - steps).x, gap / 2, 1 - gap / 2 - steps[-1]
    )
    moved = np.empty_like(heights)
    moved[order] = placed + steps
    return moved
