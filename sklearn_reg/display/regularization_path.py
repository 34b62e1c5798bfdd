"""Display of the coefficients along a path of lambda."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sklearn_reg._checks.values import check_type
from sklearn_reg._fitting.groups import GroupPenalised
from sklearn_reg._fitting.regression import PenalizedRegression
from sklearn_reg._fitting.unwrapping import apply_steps, unwrap
from sklearn_reg._selection.cross_validation import PenalizedRegressionCV
from sklearn_reg._tools.linalg import dense, support_of
from sklearn_reg._tools.typing import FloatArray, Matrix
from sklearn_reg.display._curve import curve_of_model
from sklearn_reg.display._drawing import (
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
from sklearn_reg.path import RegularizationPath, regularization_path

# The parameters that an estimator and `regularization_path` share.
SHARED = ("fit_intercept", "standardize", "penalty_weights", "positive", "bounds", "tol")


class RegularizationPathDisplay:
    """Coefficients along the path of lambda, with the chosen ones marked.

    Of a path with groups, each line is the length `|w_g|` of the coefficients of a group.

    Parameters
    ----------
    path : RegularizationPath
        What :func:`regularization_path` returned.
    feature_names : sequence of str, default=None
        Names of the features; None takes those of the path, or x0, x1, ...
    chosen : float, default=None
        The lambda that was chosen, to be marked.
    one_standard_error : float, default=None
        The lambda of the 1-SE rule, to be marked.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes.
    lines_ : list of matplotlib Line2D
        One for each feature, or group, that is ever non-zero, labelled with its name.
    marks_ : list of matplotlib Line2D
        The vertical lines of the marked lambdas.

    See Also
    --------
    regularization_path : Computes the path.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import LassoRegressionCV, RegularizationPathDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = LassoRegressionCV().fit(X, y)
    >>> display = RegularizationPathDisplay.from_estimator(model, X, y)
    >>> [line.get_label() for line in display.lines_][:3]
    ['age', 'sex', 'bmi']
    """

    def __init__(
        self,
        path: RegularizationPath,
        *,
        feature_names: Sequence[str] | None = None,
        chosen: float | None = None,
        one_standard_error: float | None = None,
    ) -> None:
        self.path = path
        self.feature_names = feature_names
        self.chosen = chosen
        self.one_standard_error = one_standard_error

    @classmethod
    def from_path(
        cls,
        path: RegularizationPath,
        *,
        feature_names: Sequence[str] | None = None,
        chosen: float | None = None,
        one_standard_error: float | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw a path.

        Parameters
        ----------
        path : RegularizationPath
            What :func:`regularization_path` returned.
        feature_names : sequence of str, default=None
            Names of the features; None takes those of the path, or x0, x1, ...
        chosen : float, default=None
            The lambda that was chosen, to be marked.
        one_standard_error : float, default=None
            The lambda of the 1-SE rule, to be marked.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        RegularizationPathDisplay
            The display, drawn.
        """
        check_type(path, RegularizationPath, "path")
        return cls(
            path, feature_names=feature_names, chosen=chosen, one_standard_error=one_standard_error
        ).plot(ax)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Matrix | None = None,
        y: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        ax: Any = None,
    ) -> Self:
        """Follow the path on all of the data, with the penalty of an estimator, and draw it.

        Parameters
        ----------
        estimator : estimator object
            One of this package's; a pipeline that ends in one and whose other steps are fitted;
            or a fitted search, such as `GridSearchCV`, whose `best_estimator_` is one of these. A
            CV estimator must be fitted: its grid is drawn at the `l1_ratio_` and the `relax_` that
            it chose, and its `lambda_` and the 1-SE lambda are marked. Of another, `lambda_` is
            marked.
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features), default=None
            Data, as the estimator takes them. None is refused, for a fitted estimator, too: it
            keeps the coefficients of its own lambda and, after cross-validation, those of the
            folds, but not the path on all of the data.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Targets, needed like X; of several, `plot(target=...)` draws one.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        RegularizationPathDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If the model is not of this package, or is wrapped in what displays do not know, such as
            `TransformedTargetRegressor`; or if X or y is missing.
        NotFittedError
            If a CV estimator, a step of a pipeline, or a search is not fitted.
        """
        model, steps = unwrap(estimator)
        if X is None or y is None:
            raise TypeError(
                "X and y must be given: a fitted estimator does not keep its path on all of the "
                "data, which is drawn"
            )
        X, names = apply_steps(steps, X)
        grid, marks = _grid_and_marks(model)
        shared = {name: getattr(model, name) for name in SHARED}
        shared["relax"] = getattr(model, "relax_", model.relax)
        if isinstance(model, GroupPenalised):
            shared["groups"] = np.arange(X.shape[1]) if model.groups is None else model.groups
        path = regularization_path(X, y, **grid, sample_weight=sample_weight, **shared)
        return cls.from_path(path, feature_names=names, **marks, ax=ax)

    def plot(self, ax: Any = None, *, n_labels: int = 10, target: int = 0) -> Self:
        """Draw coefficients against lambda, and degrees of freedom on top.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        n_labels : int, default=10
            How many features, or groups, are named: those with the largest coefficients from the
            chosen lambda on. The others are grey.
        target : int, default=0
            Which target's coefficients, where there are several.

        Returns
        -------
        RegularizationPathDisplay
            The display itself.
        """
        (self.ax_,), self.figure_ = axes_for(ax, 1, (6.4, 4.4))
        path = self.path
        freedom = path.degrees_of_freedom
        if freedom.ndim == 2:
            freedom = freedom.sum(axis=1) if path.joint_targets else freedom[:, target]
        coefs, names = self._lines(target)
        used = support_of(abs(coefs).sum(axis=0))
        coefs = dense(coefs[:, used])
        # The figure names features of the chosen model, where there is one.
        largest = np.abs(coefs[path.lambdas >= (self.chosen or 0.0)]).max(axis=0, initial=0.0)
        order = np.argsort(-largest, kind="stable")[:n_labels]
        named = [k for k in sorted(order.tolist()) if largest[k] > 0]
        looks = dict(zip(named, styles(len(named)), strict=True))
        self.lines_ = [
            draw_line(self.ax_, path.lambdas, coefs[:, k], names[j], **looks.get(k, UNNAMED))
            for k, j in enumerate(used.tolist())
        ]
        self.marks_ = draw_lambda_axis(self.ax_, path.lambdas, self.chosen, self.one_standard_error)
        what = "coefficient" if path.groups is None else "length of a group"
        label_axes(self.ax_, ylabel=f"{what} (unit of y / unit of x)")
        self.ax_.axhline(0.0, color="black", linewidth=0.6, zorder=0)
        name_ends(self.ax_, [self.lines_[k] for k in named], "left")
        _draw_degrees_of_freedom(self.ax_, path.lambdas, freedom)
        if self.marks_:
            put_legend(self.ax_, self.marks_, ax is not None, alone=True, loc="upper right")
        return self

    def _lines(self, target: int) -> tuple[Matrix, list[str]]:
        """Return what is drawn, one line a column, and names: of groups, if there are any."""
        path, coefs = self.path, self.path.coefs
        if coefs.ndim == 3 and not path.joint_targets:
            coefs = coefs[:, target]
        given = path.feature_names if self.feature_names is None else self.feature_names
        names = line_names(given, coefs.shape[-1], "x", "feature")
        if path.groups is None:
            return coefs, names
        of_features = dense(coefs)
        if of_features.ndim == 3:  # each feature is a group, with its coefficients for all targets
            of_features = np.linalg.norm(of_features, axis=1)
        groups, titles = path.groups, [str(name) for name in path.groups.names]
        alone = groups.sizes[groups.of_features] == 1  # the feature's name says more
        for j in np.flatnonzero(alone).tolist():
            titles[groups.of_features[j]] = names[j]
        return groups.lengths(of_features), titles


def _grid_and_marks(model: Any) -> tuple[dict[str, Any], dict[str, float | None]]:
    """Return the lambdas and the l1_ratio of the path of a model, and the lambdas to mark."""
    if isinstance(model, PenalizedRegressionCV):
        curve = curve_of_model(model)
        grid = {"lambdas": curve.lambdas, "l1_ratio": model.l1_ratio_}
        return grid, {"chosen": curve.chosen, "one_standard_error": curve.one_standard_error}
    if not isinstance(model, PenalizedRegression):
        raise TypeError(
            f"estimator must be of sklearn_reg, or a pipeline or search that ends so, got {model!r}"
        )
    chosen = float(np.asarray(model.lambda_)) if np.ndim(model.lambda_) == 0 else None
    return {"l1_ratio": model.l1_ratio}, {"chosen": chosen}


def _draw_degrees_of_freedom(ax: Any, lambdas: FloatArray, freedom: FloatArray) -> None:
    """Draw an axis at the top that shows the degrees of freedom of six lambdas."""
    at = np.unique(np.linspace(0, lambdas.size - 1, 6).round().astype(int))
    top = ax.secondary_xaxis("top")
    if ax.get_xscale() == "symlog":  # a secondary axis does not adopt this scale by itself
        top.set_xscale("symlog", linthresh=ax.xaxis.get_transform().linthresh)
    top.set_xticks(lambdas[at], labels=[f"{round(freedom[k], 1):.3g}" for k in at])
    top.set_xticks([], minor=True)
    top.set_xlabel("degrees of freedom")
