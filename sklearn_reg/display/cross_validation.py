"""Display of the errors of a cross-validation, or of the scores of a search, along lambda."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from sklearn_reg._fitting.unwrapping import check_searched, is_search, layers
from sklearn_reg._selection.cross_validation import PenalizedRegressionCV
from sklearn_reg._tools.typing import FloatArray
from sklearn_reg.display._curve import Curve, curve_of_model
from sklearn_reg.display._drawing import (
    ABOVE,
    ERROR,
    GREY,
    axes_for,
    draw_lambda_axis,
    draw_line,
    draw_means,
    label_axes,
    put_legend,
    styles,
)

RELATIVE_ERROR = "mean squared error (null models: 1)"
THIN = {"linewidth": 1.0, "zorder": 1.9}  # behind the chosen curve


class CrossValidationDisplay:
    """Cross-validation error along lambda, with its standard errors and the chosen lambda.

    Parameters
    ----------
    lambdas : ndarray of shape (n_lambdas,)
        The grid.
    losses : ndarray of shape (n_lambdas, n_folds)
        Errors on the test folds.
    train_losses : ndarray of shape (n_lambdas, n_folds), default=None
        Errors on the training folds.
    chosen : float, default=None
        The lambda that was chosen, to be marked.
    one_standard_error : float, default=None
        The lambda of the 1-SE rule, to be marked.
    name : str, default="mean squared error (unit of y²)"
        What the errors are.
    relax : float, default=None
        The chosen share of the penalised fit, to be named.
    other_losses : dict of float to ndarray of shape (n_lambdas, n_folds), default=None
        Errors on the test folds for other values of `relax`, whose means are thin lines.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes.
    errorbar_ : matplotlib ErrorbarContainer
        The mean over the test folds, with one standard error either way.
    train_line_ : matplotlib Line2D or None
        The mean over the training folds.
    other_lines_ : list of matplotlib Line2D
        The means over the test folds for the other values of `relax`.
    marks_ : list of matplotlib Line2D
        The vertical lines of the marked lambdas.

    See Also
    --------
    LambdaSweepDisplay : Which side over- and underfits.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import CrossValidationDisplay, LassoRegressionCV
    >>> model = LassoRegressionCV().fit(*load_diabetes(return_X_y=True))
    >>> display = CrossValidationDisplay.from_estimator(model)
    >>> display.ax_.get_ylabel()
    'mean squared error (unit of y²)'
    """

    def __init__(
        self,
        lambdas: FloatArray,
        losses: FloatArray,
        *,
        train_losses: FloatArray | None = None,
        chosen: float | None = None,
        one_standard_error: float | None = None,
        name: str = ERROR,
        relax: float | None = None,
        other_losses: Mapping[float, FloatArray] | None = None,
    ) -> None:
        self.lambdas = lambdas
        self.losses = losses
        self.train_losses = train_losses
        self.chosen = chosen
        self.one_standard_error = one_standard_error
        self.name = name
        self.relax = relax
        self.other_losses = other_losses

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Draw what a fitted CV estimator has measured, at the l1_ratio it chose.

        If it chose `relax` among several values, there is a curve for each.

        Parameters
        ----------
        estimator : estimator object
            A fitted CV estimator of this package; a fitted search over `lambda_`, such as
            `GridSearchCV`; or a fitted pipeline that ends in one of these. The scores of a search
            are negated, and drawn for those candidates that have the best values of all other
            parameters.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        CrossValidationDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If the estimator is none of these.
        ValueError
            If a search has tried but one `lambda_` with the best values of the other parameters.
        NotFittedError
            If it is not fitted.
        """
        curve = _curve_of(estimator)
        scoring = getattr(curve.scoring, "__name__", curve.scoring)
        error = RELATIVE_ERROR if curve.relative else ERROR
        return cls(
            curve.lambdas,
            curve.losses,
            train_losses=curve.train_losses,
            chosen=curve.chosen,
            one_standard_error=curve.one_standard_error,
            name=error if scoring is None else f"minus the score ({scoring})",
            relax=curve.relax,
            other_losses=curve.other_losses,
        ).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the mean error with its standard errors against lambda.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        CrossValidationDisplay
            The display itself.
        """
        (self.ax_,), self.figure_ = axes_for(ax, 1, (6.4, 4.0))
        others = self.other_losses or {}
        train, test, *rest = styles(2 + len(others))
        look = {"color": test["color"], "linewidth": 1.6, "ecolor": GREY, "marker": "."}
        what = "test folds" if self.relax is None else f"test folds, relax = {self.relax:g}"
        self.errorbar_ = draw_means(self.ax_, self.lambdas, self.losses, what, **look)
        self.other_lines_ = [
            draw_line(
                self.ax_, self.lambdas, losses.mean(axis=1), f"relax = {share:g}", **thin | THIN
            )
            for (share, losses), thin in zip(others.items(), rest, strict=True)
        ]
        self.train_line_ = None
        if self.train_losses is not None:
            look = {"color": train["color"], "linestyle": "--"}
            mean = self.train_losses.mean(axis=1)
            self.train_line_ = draw_line(self.ax_, self.lambdas, mean, "training folds", **look)
        self.marks_ = draw_lambda_axis(self.ax_, self.lambdas, self.chosen, self.one_standard_error)
        label_axes(self.ax_, quoted=True, ylabel=self.name)
        drawn = [self.errorbar_, self.train_line_, *self.marks_, *self.other_lines_]
        put_legend(self.ax_, [part for part in drawn if part], ax is not None, **ABOVE)
        return self


def _curve_of(estimator: Any) -> Curve:
    """Return the curve of the CV estimator, or of the search over lambda_, in an estimator."""
    for layer in layers(estimator):
        if isinstance(layer, PenalizedRegressionCV):
            return curve_of_model(layer)
        if is_search(layer):
            curve = _curve_of_search(layer)
            if curve is not None:
                return curve
    raise TypeError(
        "estimator must be a CV estimator of sklearn_reg, a search that has varied lambda_, or a "
        f"pipeline that ends so, got {estimator!r}"
    )


def _curve_of_search(search: Any) -> Curve | None:
    """Return minus the scores of a search over lambda_; None where it did not vary lambda_."""
    check_searched(search)
    results, candidates = search.cv_results_, search.cv_results_["params"]
    names = {name for params in candidates for name in params if _is_lambda(name)}
    if not names:
        return None
    if len(names) > 1 or "n_resources" in results:
        raise ValueError(
            "estimator must have searched one lambda_, and scored every candidate on all rows, got "
            f"{type(search).__name__} over {sorted(names)}"
        )
    (name,), metric = names, _metric(search)
    best = candidates[search.best_index_]
    rows = [k for k, params in enumerate(candidates) if _differs_only_in(name, params, best)]
    lambdas = np.array([candidates[k][name] for k in rows], dtype=float)
    if lambdas.ndim != 1 or len(set(lambdas.tolist())) < min(2, len(candidates)):
        raise ValueError(
            f"estimator must have tried several numbers as {name} with the best of the other "
            f"parameters, got {lambdas.tolist()} with "
            f"{ {other: best[other] for other in best if other != name} }: search {name} alone, or "
            "all on one grid"
        )
    order = np.argsort(-lambdas, kind="stable")
    losses = -_scores(search, "test", metric)[rows][order]
    has_train = f"split0_train_{metric}" in results
    train = -_scores(search, "train", metric)[rows][order] if has_train else None
    scoring = metric if search.multimetric_ else search.scoring
    return Curve(
        lambdas[order], losses, train, float(best[name]), "r2" if scoring is None else scoring
    )


def _is_lambda(name: str) -> bool:
    """Say whether a parameter is the lambda_ of an estimator or of a part of it."""
    return name == "lambda_" or name.endswith("__lambda_")


def _metric(search: Any) -> str:
    """Return the name that the results of a search give to the metric of its choice."""
    if not search.multimetric_:
        return "score"
    if not isinstance(search.refit, str):
        raise ValueError(
            "estimator must say by which of its metrics it chose: set refit to the name of one, "
            f"got refit={search.refit!r}"
        )
    return search.refit


def _differs_only_in(name: str, params: dict[str, Any], best: dict[str, Any]) -> bool:
    """Say whether a candidate has the best values of all parameters but one."""
    return params.keys() == best.keys() and all(
        params[other] is best[other] or np.array_equal(params[other], best[other])
        for other in best
        if other != name
    )


def _scores(search: Any, side: str, metric: str) -> FloatArray:
    """Return scores of shape (n_candidates, n_folds)."""
    names = [f"split{fold}_{side}_{metric}" for fold in range(search.n_splits_)]
    return np.column_stack([search.cv_results_[name] for name in names])
