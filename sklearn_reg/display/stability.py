"""Display of the frequencies of stability selection along lambda."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from sklearn_reg._checks.values import check_type
from sklearn_reg._fitting.report import names_of_model
from sklearn_reg._tools.typing import FloatArray
from sklearn_reg.display._drawing import (
    ABOVE,
    UNNAMED,
    axes_for,
    draw_lambda_axis,
    draw_line,
    label_axes,
    line_names,
    name_ends,
    put_legend,
    styles,
)
from sklearn_reg.stability import StabilitySelection


class StabilityDisplay:
    """Share of the halves that select each feature, along lambda.

    Parameters
    ----------
    lambdas : array-like of shape (n_lambdas,)
        Penalties, from the largest to the smallest.
    frequencies : array-like of shape (n_lambdas, n_features)
        Share of the halves that select each feature at each lambda.
    threshold : float
        The share from which on a feature is selected.
    feature_names : sequence of str, default=None
        Names of the features; None gives x0, x1, ...

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes.
    lines_ : list of matplotlib Line2D
        One for each feature that some half selects, labelled with its name.
    threshold_line_ : matplotlib Line2D
        The horizontal line of the threshold.

    See Also
    --------
    StabilitySelection : Computes the frequencies.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import StabilityDisplay, StabilitySelection
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> stable = StabilitySelection(random_state=0).fit(X, y)
    >>> display = StabilityDisplay.from_estimator(stable)
    >>> [text.get_text() for text in display.ax_.texts]
    ['sex', 'bmi', 'bp', 's3', 's5']
    """

    def __init__(
        self,
        lambdas: ArrayLike,
        frequencies: ArrayLike,
        threshold: float,
        *,
        feature_names: Sequence[Hashable] | None = None,
    ) -> None:
        self.lambdas: FloatArray = np.asarray(lambdas, dtype=np.float64)
        self.frequencies: FloatArray = np.asarray(frequencies, dtype=np.float64)
        self.threshold = threshold
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls,
        estimator: StabilitySelection,
        *,
        feature_names: Sequence[Hashable] | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw what a fitted selector has found.

        Parameters
        ----------
        estimator : StabilitySelection
            A fitted selector. Of a pipeline, pass the step.
        feature_names : sequence of str, default=None
            Names of the features; None takes the column labels of X in `fit`, or x0, x1, ...
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        StabilityDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If the estimator is not a `StabilitySelection`.
        NotFittedError
            If it is not fitted.
        """
        check_type(estimator, StabilitySelection, "estimator")
        check_is_fitted(estimator)
        return cls(
            estimator.lambdas_,
            estimator.frequency_path_,
            estimator.threshold,
            feature_names=names_of_model(estimator, feature_names),
        ).plot(ax)

    def plot(self, ax: Any = None, *, n_labels: int = 20) -> Self:
        """Draw frequencies against lambda.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        n_labels : int, default=20
            How many of the selected features are named, the most frequent first. The others are
            grey.

        Returns
        -------
        StabilityDisplay
            The display itself.
        """
        (self.ax_,), self.figure_ = axes_for(ax, 1, (6.4, 4.4))
        names = line_names(self.feature_names, self.frequencies.shape[1], "x", "feature")
        highest = self.frequencies.max(axis=0, initial=0.0)
        first = np.argsort(-self.frequencies.sum(axis=0), kind="stable")
        selected = first[highest[first] >= self.threshold][:n_labels]
        looks = dict(zip(np.sort(selected).tolist(), styles(selected.size), strict=True))
        lines = {
            j: draw_line(
                self.ax_, self.lambdas, self.frequencies[:, j], names[j], **looks.get(j, UNNAMED)
            )
            for j in np.flatnonzero(highest).tolist()
        }
        self.lines_ = list(lines.values())
        draw_lambda_axis(self.ax_, self.lambdas)
        label_axes(self.ax_, ylabel="share of the halves that select the feature")
        self.ax_.set_ylim(-0.03, 1.03)
        self.threshold_line_ = self.ax_.axhline(
            self.threshold,
            color="0.25",
            linewidth=1.2,
            linestyle=(0, (2, 2)),
            zorder=1,
            label=f"threshold: {self.threshold:g}",
        )
        name_ends(self.ax_, [lines[j] for j in looks], "left")
        _write_few_ticks(self.ax_, self.lambdas)
        put_legend(self.ax_, [self.threshold_line_], ax is not None, alone=True, **ABOVE)
        return self


def _write_few_ticks(ax: Any, lambdas: FloatArray) -> None:
    """Write 1, 2 and 5 times powers of ten on an axis of less than two decades.

    Matplotlib numbers all multiples of the powers there, and the numbers overlap.
    """
    low, high = lambdas.min(), lambdas.max()
    if not 0 < low < high < 100 * low:
        return
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.log10(high) + 1)
    ticks = np.multiply.outer(powers, [1.0, 2.0, 5.0]).ravel()
    ticks = ticks[(low <= ticks) & (ticks <= high)]
    ax.set_xticks(ticks, labels=[f"{tick:.5g}" for tick in ticks])
    ax.set_xticks([], minor=True)
