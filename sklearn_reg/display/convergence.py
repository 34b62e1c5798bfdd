"""Display of the objective and the duality gap along the iterations of solvers."""

from __future__ import annotations

import reprlib
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from sklearn_reg._checks.values import check_labelled
from sklearn_reg._fitting.linear_model import LinearModel
from sklearn_reg._fitting.regression import PenalizedRegression
from sklearn_reg._fitting.unwrapping import apply_steps, unwrap
from sklearn_reg._tools.typing import FloatArray, Matrix
from sklearn_reg.display._drawing import (
    SQUARES,
    axes_for,
    draw_line,
    label_axes,
    plain_ticks,
    put_legend,
    styles,
)

COMPARED = ("subgradient", "gradient_descent", "accelerated")  # the solvers to compare by default


class ConvergenceDisplay:
    """Objective and duality gap of every iteration, solvers side by side.

    Parameters
    ----------
    histories : dict of str to tuple of two ndarrays of shape (n_iter,)
        For each label the objective and the gap after each iteration, in the unit of y squared.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    axes_ : ndarray of 2 matplotlib Axes
        For the objective and for the gap.
    objective_lines_, gap_lines_ : list of matplotlib Line2D
        One for each label.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import ConvergenceDisplay, LassoRegression
    >>> X, y = load_diabetes(return_X_y=True)
    >>> lasso = LassoRegression(lambda_=0.1, learning_rate="auto", n_iterations=50)
    >>> display = ConvergenceDisplay.from_estimator(lasso, X, y)
    >>> [line.get_label() for line in display.gap_lines_]
    ['subgradient', 'gradient_descent', 'accelerated']
    """

    def __init__(self, histories: Mapping[str, tuple[FloatArray, FloatArray]]) -> None:
        self.histories = histories

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Matrix | None = None,
        y: ArrayLike | None = None,
        *,
        solvers: Iterable[str] | None = None,
        sample_weight: ArrayLike | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the descent of a fitted estimator, or, given data, those of several solvers.

        Given X and y, clones of the estimator are fitted, one a solver. That a fit ended before it
        converged is what the figure shows, so it does not warn.

        Parameters
        ----------
        estimator : estimator object
            `RidgeRegression`, `LassoRegression` or `ElasticNetRegression`; a pipeline that ends in
            one, whose other steps are fitted; or a fitted search, whose `best_estimator_` is drawn.
            Without X it must be fitted, and may be a CV estimator: the history that it has is
            drawn.
        X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Data to fit clones to, as the estimator takes them.
        y : array-like of shape (n_samples,), default=None
            Target, with X.
        solvers : iterable of str, default=None
            Solvers to compare, with X; None is "subgradient", "gradient_descent", "accelerated".
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights.
        ax : sequence of 2 matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ConvergenceDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If the model is not of this package, or only one of X and y is given.
        ValueError
            If there are several targets; or if `solvers` or `sample_weight` come without X.
        NotFittedError
            If there is no X and the model is not fitted.
        """
        model, steps = unwrap(estimator)
        if X is None and y is None:
            for name, value in {"solvers": solvers, "sample_weight": sample_weight}.items():
                if value is not None:
                    raise ValueError(
                        f"{name} must be None without X and y, got {reprlib.repr(value)}"
                    )
            return cls({getattr(model, "solver_", ""): _history(model, "estimator")}).plot(ax)
        if X is None or y is None:
            raise TypeError("X and y must be given together, or neither of them")
        if not isinstance(model, PenalizedRegression):
            raise TypeError(
                "estimator must be RidgeRegression, LassoRegression or ElasticNetRegression where "
                f"X is given, because several solvers fit it, got {model!r}"
            )
        X, _ = apply_steps(steps, X)
        histories = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            for solver in COMPARED if solvers is None else solvers:
                fitted = clone(model).set_params(solver=solver).fit(X, y, sample_weight)
                histories[solver] = _history(fitted, f"solver {solver!r}")
        return cls(histories).plot(ax)

    @classmethod
    def from_estimators(cls, estimators: Mapping[str, Any], *, ax: Any = None) -> Self:
        """Draw the descents of fitted estimators.

        Parameters
        ----------
        estimators : dict of str to estimator object
            Fitted estimators of this package, or pipelines or searches that end so, by the label
            to draw them with.
        ax : sequence of 2 matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ConvergenceDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If estimators is not a dict, or one is not of this package.
        ValueError
            If there is none, or one was fitted to several targets.
        NotFittedError
            If one is not fitted.
        """
        histories = {
            label: _history(unwrap(model)[0], f"estimators[{label!r}]")
            for label, model in check_labelled(estimators, "estimators").items()
        }
        return cls(histories).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw objectives on the left and gaps on the right.

        Parameters
        ----------
        ax : sequence of 2 matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ConvergenceDisplay
            The display itself.
        """
        self.axes_, self.figure_ = axes_for(ax, 2, (9.0, 3.8))
        left, right = self.axes_
        self.objective_lines_: list[Any] = []
        self.gap_lines_: list[Any] = []
        # A gap of zero has no logarithm: the figure shows it below the rounding errors of F.
        highest = max(objective[0] for objective, _ in self.histories.values())
        floor = 1e-16 * (highest or 1.0)
        looks = styles(len(self.histories))
        for (label, (objective, gap)), look in zip(self.histories.items(), looks, strict=True):
            iterations = np.arange(1, objective.size + 1)
            style = {**look, "marker": "o" if objective.size < 10 else None}
            for panel, values, lines in (
                (left, objective, self.objective_lines_),
                (right, np.maximum(gap, floor), self.gap_lines_),
            ):
                lines.append(draw_line(panel, iterations, values, str(label), **style))
        right.set_yscale("log")
        for panel, title, quantity in (
            (left, "What descends: the objective", "objective F"),
            (right, "What is certain: $F - F^*$ is at most the gap", "duality gap"),
        ):
            panel.set_xscale("log")
            label_axes(panel, title=title, xlabel="iteration", ylabel=f"{quantity} {SQUARES}")
            plain_ticks(panel)
        put_legend(left, self.objective_lines_, ax is not None, loc="best")
        return self


def _history(model: Any, name: str) -> tuple[FloatArray, FloatArray]:
    """Return the objectives and gaps of a fitted model of this package, called `name`."""
    if not isinstance(model, LinearModel):
        raise TypeError(f"{name} must be of sklearn_reg, got {model!r}")
    check_is_fitted(model)
    if model.history_.ndim > 1:
        raise ValueError(
            f"{name} was fitted to {model.history_.shape[1]} targets, each with a descent of its "
            "own: fit y of shape (n_samples,)"
        )
    return model.history_, model.gap_history_
