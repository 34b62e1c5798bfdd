"""Display of the training and the validation loss along a sweep of lambda."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sklearn_reg._checks.values import check_type
from sklearn_reg._fitting.unwrapping import best_of, is_search
from sklearn_reg._tools.typing import FloatArray, Matrix
from sklearn_reg.display._drawing import (
    ABOVE,
    ERROR,
    FONT,
    axes_for,
    draw_lambda_axis,
    draw_line,
    draw_means,
    label_axes,
    put_legend,
    styles,
)
from sklearn_reg.model_selection import LambdaSweep, lambda_sweep

SIDES = ("overfits", "underfits")  # the verdicts whose lambdas the figure shades
SWEET_SPOT = "sweet spot"


class LambdaSweepDisplay:
    """Training and validation loss along lambda: the best lambda, and which side fits how badly.

    Parameters
    ----------
    sweep : LambdaSweep
        What :func:`lambda_sweep` returned.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes.
    train_line_, validation_line_ : matplotlib Line2D
        Mean losses over the folds.
    shades_ : dict of str to matplotlib artist
        The shaded sides, by verdict: "overfits", "underfits".

    See Also
    --------
    lambda_sweep : Computes the sweep.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import LambdaSweepDisplay, RidgeRegression
    >>> X, y = load_diabetes(return_X_y=True)
    >>> ridge = RidgeRegression(solver="auto")
    >>> display = LambdaSweepDisplay.from_estimator(ridge, X, y)
    >>> list(display.shades_)
    ['underfits']
    """

    def __init__(self, sweep: LambdaSweep) -> None:
        self.sweep = sweep

    @classmethod
    def from_sweep(cls, sweep: LambdaSweep, *, ax: Any = None) -> Self:
        """Draw a sweep.

        Parameters
        ----------
        sweep : LambdaSweep
            What :func:`lambda_sweep` returned.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        LambdaSweepDisplay
            The display, drawn.
        """
        return cls(check_type(sweep, LambdaSweep, "sweep")).plot(ax)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Matrix,
        y: ArrayLike,
        *,
        lambdas: ArrayLike = (1e-4, 1e-3, 1e-2, 1e-1, 1),
        cv: Any = None,
        groups: ArrayLike | None = None,
        ax: Any = None,
    ) -> Self:
        """Sweep lambda with :func:`lambda_sweep`, and draw it.

        Parameters
        ----------
        estimator : estimator object
            A regressor with a parameter `lambda_`, or a pipeline in which one step has it. Of a
            fitted search, such as `GridSearchCV`, the `best_estimator_` is swept.
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Data.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        lambdas : array-like of shape (n_lambdas,), default=(1e-4, 1e-3, 1e-2, 1e-1, 1)
            Penalties, >= 0.
        cv : int, splitter or iterable, default=None
            As everywhere in scikit-learn; None is 5 folds.
        groups : array-like of shape (n_samples,), default=None
            For splitters that need them.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        LambdaSweepDisplay
            The display, drawn.
        """
        swept = best_of(estimator) if is_search(estimator) else estimator
        return cls.from_sweep(lambda_sweep(swept, X, y, lambdas, cv, groups=groups), ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw both losses against lambda.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        LambdaSweepDisplay
            The display itself.
        """
        (self.ax_,), self.figure_ = axes_for(ax, 1, (6.4, 4.0))
        sweep, lambdas = self.sweep, self.sweep.lambdas
        train, validation = styles(2)
        self.train_line_ = draw_line(
            self.ax_, lambdas, sweep.train_loss, "training loss", marker="o", markersize=4, **train
        )
        look = {**validation, "marker": "s", "capsize": 2}
        bars = draw_means(self.ax_, lambdas, sweep.validation_losses, "validation loss", **look)
        self.validation_line_, mean = bars.lines[0], sweep.validation_loss
        if mean.max() > 10 * mean.min() > 0:
            self.ax_.set_yscale("log")
        draw_lambda_axis(self.ax_, lambdas)
        label_axes(self.ax_, ylabel=ERROR)
        self.shades_ = _shade_sides(self.ax_, lambdas, sweep.verdicts)
        star = {"linestyle": "none", "marker": "*", "markersize": 13, "color": "black"}
        called = f"best, λ = {sweep.best_lambda:.3g}"
        best = draw_line(self.ax_, sweep.best_lambda, mean.min(), called, **star)
        put_legend(self.ax_, [self.train_line_, bars, best], ax is not None, **ABOVE)
        return self


def _shade_sides(ax: Any, lambdas: FloatArray, verdicts: Sequence[str]) -> dict[str, Any]:
    """Shade the lambdas that over- and underfit, and name the sides above the lines."""
    scale = ax.xaxis.get_transform()
    low, high = scale.transform(np.array(ax.get_xlim()))
    at = scale.transform(lambdas)
    edges = np.concatenate([[low], (at[1:] + at[:-1]) / 2, [high]])
    rising = ax.yaxis.get_transform()
    bottom, top = rising.transform(np.array(ax.get_ylim()))
    ax.set_ylim(rising.inverted().transform(np.array([bottom, top + 0.13 * (top - bottom)])))
    width = ax.get_window_extent().width / ax.figure.dpi * 72  # points
    shades = {}
    words = np.array([verdict if verdict in SIDES else SWEET_SPOT for verdict in verdicts])
    for word in (*SIDES, SWEET_SPOT):
        where = np.flatnonzero(words == word)
        if where.size == 0:
            continue
        left, right = edges[where[0]], edges[where[-1] + 1]
        if word in SIDES:
            ends = scale.inverted().transform(np.array([left, right]))
            shades[word] = ax.axvspan(*ends, color="0.9", zorder=0, linewidth=0)
        if (right - left) / (high - low) * width > 0.6 * FONT * len(word):
            middle = ((left + right) / 2 - low) / (high - low)
            ax.text(
                middle, 0.96, word, transform=ax.transAxes, ha="center", va="top", fontsize=FONT
            )
    ax.set_xlim(scale.inverted().transform(np.array([low, high])))
    return shades
