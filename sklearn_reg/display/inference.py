"""Display of the intervals of coefficients, with the assumptions on which they stand."""

from __future__ import annotations

import textwrap
from collections.abc import Hashable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sklearn_reg._checks.parameters import check_count
from sklearn_reg._checks.values import check_type
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray, Matrix
from sklearn_reg.display._drawing import (
    FONT,
    GREY,
    LITERAL,
    SMALLEST,
    axes_for,
    label_axes,
    line_names,
    styles,
)
from sklearn_reg.inference import CoefficientInference, coefficient_inference

ROW, MARGINS = 0.24, 0.9  # inches: the height of an interval; of the axis with its words
NOTE, GAP = 7.5, 5.0  # points: the size of the assumptions, and what is free above them
BESIDE, LEAST = 22.0, 0.3  # points beside axes for words; what is left of the axes, as a share
LONGEST = 60  # letters of a name
CUT = 20.0  # an interval is cut if it is longer than so many times the median of those shown
EXCLUDES, INCLUDES = "excludes zero", "includes zero"


class InferenceDisplay:
    """Intervals of coefficients by name, the largest estimate first, and what they assume.

    Parameters
    ----------
    estimate, lower, upper : array-like of shape (n_features,)
        Estimates, and the ends of their intervals.
    method : str
        What computed them. It stands below the figure.
    assumptions : str
        What has to hold, one assumption a line. All of it stands below the figure.
    confidence_level : float, default=0.95
        The level of the intervals.
    adjusted_p_value : array-like of shape (n_features,), default=None
        p-values for all features together.
    feature_names : sequence of str, default=None
        Names of the features; None gives x0, x1, ...

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes.
    errorbars_ : dict of str to matplotlib ErrorbarContainer
        The intervals, by "excludes zero" and "includes zero"; one without intervals is left out.
    zero_line_ : matplotlib Line2D
        The vertical line at zero.
    note_ : matplotlib Text
        The words below: the method, its assumptions, and how many features are left out.

    Raises
    ------
    ValueError
        If the arrays are not of the same length.

    See Also
    --------
    coefficient_inference : Computes the intervals.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import InferenceDisplay, LassoRegressionCV
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> lasso = LassoRegressionCV().fit(X, y)
    >>> display = InferenceDisplay.from_estimator(lasso, X, y, method="debiased")
    >>> [label.get_text() for label in display.ax_.get_yticklabels()][:3]
    ['s5', 's1', 'bmi']
    >>> display.note_.get_text().splitlines()[0][:35]
    'Method "debiased". It assumes: (1) '
    """

    def __init__(
        self,
        estimate: ArrayLike,
        lower: ArrayLike,
        upper: ArrayLike,
        *,
        method: str,
        assumptions: str,
        confidence_level: float = 0.95,
        adjusted_p_value: ArrayLike | None = None,
        feature_names: Sequence[Hashable] | None = None,
    ) -> None:
        self.estimate: FloatArray = np.asarray(estimate, dtype=np.float64)
        self.lower: FloatArray = np.asarray(lower, dtype=np.float64)
        self.upper: FloatArray = np.asarray(upper, dtype=np.float64)
        self.method = method
        self.assumptions = assumptions
        self.confidence_level = confidence_level
        self.adjusted_p_value: FloatArray | None = None
        if adjusted_p_value is not None:
            self.adjusted_p_value = np.asarray(adjusted_p_value, dtype=np.float64)
        self.feature_names = feature_names
        for name in ("estimate", "lower", "upper", "adjusted_p_value"):
            array = getattr(self, name)
            if array is not None and (array.ndim != 1 or array.shape != self.estimate.shape):
                raise ValueError(
                    f"{name} must be of shape (n_features,), that of estimate, got {array.shape} "
                    f"and an estimate of shape {self.estimate.shape}"
                )

    @classmethod
    def from_inference(
        cls,
        inference: CoefficientInference,
        *,
        n_features: int = 20,
        sort: bool = True,
        p_values: bool = False,
        ax: Any = None,
    ) -> Self:
        """Draw what `coefficient_inference` has found.

        Parameters
        ----------
        inference : CoefficientInference
            What :func:`coefficient_inference` returned.
        n_features : int, default=20
            How many features are drawn at most: those with the largest absolute estimates.
        sort : bool, default=True
            Whether the largest absolute estimate comes first; False keeps the order of the
            features.
        p_values : bool, default=False
            Whether the adjusted p-values stand on the right.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        InferenceDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If it is not a `CoefficientInference`.
        """
        check_type(inference, CoefficientInference, "inference")
        display = cls(
            inference.estimate,
            inference.lower,
            inference.upper,
            method=inference.method,
            assumptions=inference.assumptions,
            confidence_level=inference.confidence_level,
            adjusted_p_value=inference.adjusted_p_value,
            feature_names=inference.feature_names,
        )
        return display.plot(ax, n_features=n_features, sort=sort, p_values=p_values)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Matrix,
        y: ArrayLike,
        *,
        method: str,
        n_features: int = 20,
        sort: bool = True,
        p_values: bool = False,
        ax: Any = None,
        **options: Any,
    ) -> Self:
        """Call :func:`coefficient_inference`, and draw what it finds.

        Parameters
        ----------
        estimator : estimator object
            A fitted estimator of this package, or a fitted pipeline that ends in one.
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            The data of its fit.
        y : array-like of shape (n_samples,)
            The targets of its fit.
        method : str
            The method.
        n_features : int, default=20
            How many features are drawn at most: those with the largest absolute estimates.
        sort : bool, default=True
            Whether the largest absolute estimate comes first; False keeps the order of the
            features.
        p_values : bool, default=False
            Whether the adjusted p-values stand on the right.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **options : object
            Other arguments of :func:`coefficient_inference`, such as `confidence_level`.

        Returns
        -------
        InferenceDisplay
            The display, drawn.
        """
        found = coefficient_inference(estimator, X, y, method=method, **options)
        return cls.from_inference(found, n_features=n_features, sort=sort, p_values=p_values, ax=ax)

    def plot(
        self,
        ax: Any = None,
        *,
        n_features: int = 20,
        sort: bool = True,
        p_values: bool = False,
    ) -> Self:
        """Draw the intervals, and below them what they assume.

        An interval that is much longer than the others is cut, and an arrow says so. A name of more
        than 60 letters is shortened in its middle.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        n_features : int, default=20
            How many features are drawn at most: those with the largest absolute estimates.
        sort : bool, default=True
            Whether the largest absolute estimate comes first; False keeps the order of the
            features.
        p_values : bool, default=False
            Whether the adjusted p-values stand on the right.

        Returns
        -------
        InferenceDisplay
            The display itself.

        Raises
        ------
        ValueError
            If `p_values` is True and there are none.
        """
        shown = self._shown(check_count(n_features, "n_features"), sort)
        names = line_names(self.feature_names, self.estimate.size, "x", "feature")
        names = [_shortened(names[j]) for j in shown.tolist()]
        if p_values and self.adjusted_p_value is None:
            raise ValueError("p_values must be False for a display without adjusted_p_value")
        (self.ax_,), self.figure_ = axes_for(ax, 1, _size(names))
        self._draw_intervals(shown)
        label_axes(self.ax_, xlabel=f"coefficient, {100 * self.confidence_level:g} % interval")
        _write_names(self.ax_, names)
        if p_values:
            _write_p_values(self.ax_, np.asarray(self.adjusted_p_value)[shown])
        self.note_ = _write_below(self.ax_, self._words(shown), ax is None)
        return self

    @property
    def _excludes(self) -> BoolArray:
        return np.asarray((self.lower > 0) | (self.upper < 0))

    def _shown(self, n_features: int, sort: bool) -> IndexArray:
        """Return the features with the largest estimates."""
        largest = np.argsort(-np.abs(self.estimate), kind="stable")[:n_features]
        return largest if sort else np.sort(largest)

    def _draw_intervals(self, shown: IndexArray) -> None:
        """Draw one interval a row, the first one on top."""
        ax, (strong,) = self.ax_, styles(1)
        given = np.column_stack([self.lower, self.estimate, self.upper])[shown]
        limits = _limits(given)
        ends = np.clip(given, *limits)
        looks: dict[str, dict[str, Any]] = {
            EXCLUDES: {"color": strong["color"], "elinewidth": 2.2, "markersize": 6},
            INCLUDES: {"color": GREY, "elinewidth": 1.2, "markersize": 5, "mfc": "white"},
        }
        before = _limits_before(ax)
        self.zero_line_ = ax.axvline(0.0, color="0.25", linewidth=1.0, zorder=1)
        self.errorbars_, self._cut = {}, bool((given != ends).any())
        for (word, look), inside in zip(looks.items(), (True, False), strict=True):
            rows = np.flatnonzero(self._excludes[shown] == inside)
            if rows.size == 0:
                continue
            low, middle, high = ends[rows].T
            # Lists, because older versions of Matplotlib take an array of one for a number.
            sides = [(middle - low).tolist(), (high - middle).tolist()]
            bars = ax.errorbar(middle, rows, xerr=sides, fmt="o", label=word, **look)
            self.errorbars_[word] = bars
            for side, mark in ((0, "<"), (2, ">")):
                cut = rows[given[rows, side] != ends[rows, side]]
                ax.plot(ends[cut, side], cut, mark, color=look["color"], markersize=5)
        margin = 0.03 * (limits[1] - limits[0])
        left, right = limits[0] - margin, limits[1] + margin
        ax.set_xlim(min([left, *before]), max([right, *before]))
        ax.set_ylim(max(shown.size, 1) - 0.4, -0.6)

    def _words(self, shown: IndexArray) -> str:
        """Return the method, all assumptions, what the marks mean, and what is not drawn."""
        assumed = enumerate(self.assumptions.splitlines(), start=1)
        listed = "; ".join(f"({number}) {text}" for number, text in assumed)
        words = f'Method "{self.method}". It assumes: {listed}.'
        if EXCLUDES in self.errorbars_:
            words += " Filled: the interval excludes zero."
        if self._cut:
            words += " Arrow: the interval goes on."
        left_out = np.setdiff1d(np.arange(self.estimate.size), shown)
        if left_out.size:
            count = np.count_nonzero(self._excludes[left_out])
            words += f" Left out: {_counted(left_out.size, 'feature', 'features')} with smaller "
            words += f"estimates, of which {count or 'none'} {'have' if count > 1 else 'has'} an "
            words += "interval that excludes zero."
        return words


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _size(names: list[str]) -> tuple[float, float]:
    """Return the size in inches of a figure of these rows, as yet without the words below."""
    longest = max((len(row) for name in names for row in name.split("\n")), default=0)
    rows = sum(name.count("\n") + 1 for name in names)
    return max(6.4, 3.8 + 0.6 * FONT * longest / 72), MARGINS + ROW * max(rows, 2)


def _shortened(name: str) -> str:
    """Return a name of a few dozen letters: the middle of a longer one is left out."""
    half = LONGEST // 2 - 1
    return name if len(name) <= LONGEST else f"{name[:half]} … {name[-half:]}"


def _limits(ends: FloatArray) -> tuple[float, float]:
    """Return the ends of an axis with zero, all estimates, and all intervals of usual lengths."""
    if not ends.size:
        return -1.0, 1.0
    lengths = ends[:, 2] - ends[:, 0]
    usual = ends[lengths <= CUT * np.median(lengths)]
    shown = np.concatenate([[0.0], ends[:, 1], usual.ravel()])
    shown = shown[np.isfinite(shown)]
    low, high = float(shown.min()), float(shown.max())
    return (low, high) if low < high else (low - 1.0, high + 1.0)


def _limits_before(ax: Any) -> tuple[float, ...]:
    """Return the ends of an x axis on which something is drawn already, also on shared axes."""
    drawn = any(other.has_data() for other in ax.get_shared_x_axes().get_siblings(ax))
    return tuple(ax.get_xlim()) if drawn else ()


def _write_names(ax: Any, names: list[str]) -> None:
    """Write the names of the rows, smaller if they would take more than half of the figure."""
    width = ax.figure.bbox.width / ax.figure.dpi * 72  # points
    longest = max((len(row) for name in names for row in name.split("\n")), default=0)
    font = min(FONT, max(SMALLEST, 0.5 * width / (0.6 * max(longest, 1))))
    ax.set_yticks(range(len(names)), labels=names, fontsize=font, **LITERAL)
    ax.tick_params(axis="y", length=0)


def _write_p_values(ax: Any, p_values: FloatArray) -> None:
    """Write p-values on the right of the axes, with a title above."""
    words = [f"{p:.3f}" if p >= 0.001 else "< 0.001" for p in p_values.tolist()]
    look = {
        "textcoords": "offset points",
        "ha": "right",
        "fontsize": FONT,
        "annotation_clip": False,
    }
    for row, word in enumerate(words):
        place = {"xy": (1, row), "xycoords": ax.get_yaxis_transform()}
        ax.annotate(word, xytext=(52, 0), va="center", **place, **look)
    ax.annotate("adjusted p", (1, 1), xytext=(52, 2), xycoords="axes fraction", **look)


def _write_below(ax: Any, words: str, grow: bool) -> Any:
    """Write words below the axes and their label, in lines as long as the axes with their names.

    To make room, `grow` makes the figure higher. Else the layout of the figure does it, or without
    one the axes become smaller.
    """
    figure = ax.figure.canvas.figure
    layout, points = figure.get_layout_engine(), 72 / figure.dpi
    if layout is None:
        _keep_within_cell(ax, 0.0)
    else:
        layout.execute(figure)
    inside, outside = ax.get_window_extent(), ax.get_tightbbox()
    note = ax.annotate(
        words,
        (0, 0),
        xycoords="axes fraction",
        xytext=(points * (outside.x0 - inside.x0), points * (outside.y0 - inside.y0) - GAP),
        textcoords="offset points",
        va="top",
        fontsize=NOTE,
        color="0.25",
        **LITERAL,
    )
    letter, room = note.get_window_extent().width / len(words), _width_of_cell(ax)
    room = min(outside.width, room) if layout else outside.width
    note.set_text(textwrap.fill(words, max(20, int(0.96 * room / letter))))
    height = note.get_window_extent().height + GAP / points
    if grow:
        width, before = figure.get_size_inches()
        figure.set_size_inches(width, before + height / figure.dpi)
    elif layout is None:
        _keep_within_cell(ax, height)
    return note


def _width_of_cell(ax: Any) -> float:
    """Return the pixels of the columns of axes, which a layout may yet give to other axes."""
    spec, whole = ax.get_subplotspec(), ax.figure.bbox.width
    if spec is None:
        return float(whole)
    ratios = np.asarray(spec.get_gridspec().get_width_ratios(), dtype=np.float64)
    return float(whole * ratios[list(spec.colspan)].sum() / ratios.sum())


def _keep_within_cell(ax: Any, below: float) -> None:
    """Make axes that no layout moves smaller, by the pixels below and those of words beside them.

    The words of ticks usually have some room beside the axes.
    """
    spec, whole, usual = ax.get_subplotspec(), ax.figure.bbox, BESIDE * ax.figure.dpi / 72
    cell = spec.get_position(ax.figure) if spec else ax.get_position(original=True)
    inside, outside = ax.get_window_extent(), ax.get_tightbbox()
    left, right = inside.x0 - outside.x0 - usual, outside.x1 - inside.x1 - usual
    x0, x1 = cell.x0 + max(left, 0.0) / whole.width, cell.x1 - max(right, 0.0) / whole.width
    y0 = cell.y0 + below / whole.height
    x0, y0 = min(x0, cell.x1 - LEAST * cell.width), min(y0, cell.y1 - LEAST * cell.height)
    ax.set_position((x0, y0, max(x1, x0 + 0.5 * LEAST * cell.width) - x0, cell.y1 - y0))
