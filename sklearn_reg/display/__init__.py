"""Displays: what was fitted, drawn. Each stores arrays, and draws them in `plot`.

As in scikit-learn, `from_estimator` and its siblings compute and plot at once, and `plot(ax=...)`
draws again elsewhere. Matplotlib is imported when something is drawn, not before. More penalty is
always further to the right. Lines differ in dash as well as in colour.
"""

from __future__ import annotations

import reprlib
import warnings
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from sklearn_reg._checks.labels import check_names, generic_labels
from sklearn_reg._checks.values import Weights, check_labelled, check_type, check_weights
from sklearn_reg._fitting.linear_model import LinearModel
from sklearn_reg._fitting.regression import PenalizedRegression
from sklearn_reg._selection.cross_validation import PenalizedRegressionCV
from sklearn_reg._tools.typing import FloatArray, Matrix
from sklearn_reg.display._drawing import (
    axes_for,
    count_on_top,
    draw_line,
    label_axes,
    mark_lambdas,
    name_lines,
    plain_ticks,
    put_legend,
    scale_lambdas,
    shade_sides,
    styles,
)
from sklearn_reg.display._unwrapping import (
    best_of,
    curve_of,
    curve_of_model,
    is_search,
    see,
    unwrap,
)
from sklearn_reg.model_selection import LambdaSweep, lambda_sweep
from sklearn_reg.optimizers import (
    adam_with_l2,
    adamw,
    sgd_with_l2,
    sgd_with_weight_decay,
    trajectory,
)
from sklearn_reg.path import RegularizationPath, regularization_path

LAMBDA = r"$\lambda$ (more penalty to the right)"
SQUARES = "(unit of y²)"
ERROR = f"mean squared error {SQUARES}"
RELATIVE_ERROR = "mean squared error (null models: 1)"
GREY = "0.6"
COMPARED = ("subgradient", "gradient_descent", "accelerated")  # solvers
ABOVE: dict[str, Any] = {
    "loc": "lower left",
    "bbox_to_anchor": (0, 1),
    "ncols": 2,
    "frameon": False,
}


class RegularizationPathDisplay:
    """Coefficients along the path of lambda, with the chosen ones marked.

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
        One for each feature that is ever non-zero, labelled with its name.
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
            One of this package's six; a pipeline that ends in one and whose other steps are fitted;
            or a fitted search, such as `GridSearchCV`, whose `best_estimator_` is one of these. A
            CV estimator must be fitted: its grid is drawn, and its `lambda_` and the 1-SE lambda
            are marked. Of another, `lambda_` is marked.
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
        X, names = see(steps, X)
        chosen: float | None = None
        sparser: float | None = None
        grid: dict[str, Any] = {}
        if isinstance(model, PenalizedRegressionCV):
            curve = curve_of_model(model)
            grid = {"lambdas": curve.lambdas, "l1_ratio": model.l1_ratio_}
            chosen, sparser = model.lambda_, curve.one_standard_error
        elif isinstance(model, PenalizedRegression):
            grid = {"l1_ratio": model._l1_ratio()}
            chosen = float(model.lambda_) if np.ndim(model.lambda_) == 0 else None
        else:
            raise TypeError(
                "estimator must be of sklearn_reg, or a pipeline or search that ends so, got "
                f"{model!r}"
            )
        shared = ("fit_intercept", "standardize", "penalty_weights", "positive", "tol")
        path = regularization_path(
            X,
            y,
            **grid,
            sample_weight=sample_weight,
            **{name: getattr(model, name) for name in shared},
        )
        return cls.from_path(
            path, feature_names=names, chosen=chosen, one_standard_error=sparser, ax=ax
        )

    def plot(self, ax: Any = None, *, n_labels: int = 10, target: int = 0) -> Self:
        """Draw coefficients against lambda, and degrees of freedom on top.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        n_labels : int, default=10
            How many features are named: those with the largest coefficients from the chosen lambda
            on. The others are grey.
        target : int, default=0
            Which target's coefficients, where there are several.

        Returns
        -------
        RegularizationPathDisplay
            The display itself.
        """
        (self.ax_,), self.figure_ = axes_for(ax, 1, (6.4, 4.4))
        path = self.path
        coefs, freedom = path.coefs, path.degrees_of_freedom
        if coefs.ndim == 3:
            coefs, freedom = coefs[:, target], freedom[:, target]
        given = path.feature_names if self.feature_names is None else self.feature_names
        names = _names(given, coefs.shape[1], "x", "feature")
        marks = {"chosen": self.chosen, "1-SE": self.one_standard_error}
        # Named are features of the chosen model, where there is one.
        seen = np.abs(coefs[path.lambdas >= (self.chosen or 0.0)])
        heights = seen.max(axis=0, initial=0.0)
        largest = np.sort(np.argsort(-heights, kind="stable")[:n_labels])
        named = [int(j) for j in largest if heights[j] > 0]
        looks = dict(zip(named, styles(len(named)), strict=True))
        others = {"color": GREY, "linestyle": "-", "linewidth": 0.7, "zorder": 1}
        self.lines_ = [
            draw_line(self.ax_, path.lambdas, coefs[:, j], names[j], **looks.get(j, others))
            for j in np.flatnonzero(coefs.any(axis=0)).tolist()
        ]
        self.marks_ = mark_lambdas(self.ax_, marks)
        scale_lambdas(self.ax_, path.lambdas, marks)
        label_axes(self.ax_, xlabel=LAMBDA, ylabel="coefficient (unit of y / unit of x)")
        self.ax_.axhline(0.0, color="black", linewidth=0.6, zorder=0)
        colors = [looks[j]["color"] for j in named]
        called, ends = [names[j] for j in named], coefs[-1, named]
        name_lines(self.ax_, path.lambdas[-1], ends, called, colors, "left")
        count_on_top(self.ax_, path.lambdas, freedom)
        if self.marks_:
            put_legend(self.ax_, self.marks_, ax is not None, alone=True, loc="upper right")
        return self


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
    ) -> None:
        self.lambdas = lambdas
        self.losses = losses
        self.train_losses = train_losses
        self.chosen = chosen
        self.one_standard_error = one_standard_error
        self.name = name

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Draw what a fitted CV estimator has measured, at the l1_ratio it chose.

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
        curve = curve_of(estimator)
        scoring = getattr(curve.scoring, "__name__", curve.scoring)
        error = RELATIVE_ERROR if curve.relative else ERROR
        return cls(
            curve.lambdas,
            curve.losses,
            train_losses=curve.train_losses,
            chosen=curve.chosen,
            one_standard_error=curve.one_standard_error,
            name=error if scoring is None else f"minus the score ({scoring})",
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
        train, test = styles(2)
        mean, error = _mean_and_error(self.losses)
        self.errorbar_ = self.ax_.errorbar(
            self.lambdas,
            mean,
            error,
            label="test folds, ± one standard error",
            color=test["color"],
            linewidth=1.6,
            ecolor=GREY,
            elinewidth=0.8,
            marker=".",
            markersize=4,
        )
        self.train_line_ = None
        if self.train_losses is not None:
            (self.train_line_,) = self.ax_.plot(
                self.lambdas,
                self.train_losses.mean(axis=1),
                label="training folds",
                color=train["color"],
                linestyle="--",
            )
        marks = {"chosen": self.chosen, "1-SE": self.one_standard_error}
        self.marks_ = mark_lambdas(self.ax_, marks)
        scale_lambdas(self.ax_, self.lambdas, marks)
        label_axes(self.ax_, xlabel=LAMBDA)
        label_axes(self.ax_, quoted=True, ylabel=self.name)
        drawn = [self.errorbar_, self.train_line_, *self.marks_]
        put_legend(self.ax_, [part for part in drawn if part], ax is not None, **ABOVE)
        return self


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
        (self.train_line_,) = self.ax_.plot(
            lambdas, sweep.train_loss, label="training loss", marker="o", markersize=4, **train
        )
        mean, error = _mean_and_error(sweep.validation_losses)
        bars = self.ax_.errorbar(
            lambdas,
            mean,
            error,
            label="validation loss, ± one standard error",
            marker="s",
            markersize=4,
            capsize=2,
            elinewidth=0.8,
            **validation,
        )
        self.validation_line_ = bars.lines[0]
        if mean.max() > 10 * mean.min() > 0:
            self.ax_.set_yscale("log")
        scale_lambdas(self.ax_, lambdas, {})
        label_axes(self.ax_, xlabel=LAMBDA, ylabel=ERROR)
        self.shades_ = shade_sides(self.ax_, lambdas, sweep.verdicts)
        star = {"linestyle": "none", "marker": "*", "markersize": 13, "color": "black"}
        called = f"best, λ = {sweep.best_lambda:.3g}"
        best = draw_line(self.ax_, sweep.best_lambda, mean.min(), called, **star)
        put_legend(self.ax_, [self.train_line_, bars, best], ax is not None, **ABOVE)
        return self


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
        X, _ = see(steps, X)
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
        # A gap of exactly zero has no logarithm: it is drawn where rounding hides it anyway.
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
        left.set(xscale="log")
        right.set(xscale="log", yscale="log")
        label_axes(
            left,
            title="What descends: the objective",
            xlabel="iteration",
            ylabel=f"objective F {SQUARES}",
        )
        label_axes(
            right,
            title="What is certain: $F - F^*$ is at most the gap",
            xlabel="iteration",
            ylabel=f"duality gap {SQUARES}",
        )
        plain_ticks(left)
        plain_ticks(right)
        put_legend(left, self.objective_lines_, ax is not None, loc="best")
        return self


OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "SGD + L2": sgd_with_l2,
    "SGD + weight decay": sgd_with_weight_decay,
    "Adam + L2": adam_with_l2,
    "AdamW": adamw,
}


class TrajectoryDisplay:
    """Weights along a descent, one panel for each optimizer.

    Parameters
    ----------
    trajectories : dict of str to ndarray of shape (n_steps + 1, n_weights)
        Weights from the start on, by the title to draw them under.
    names : sequence of str, default=None
        Names of the weights; None is w0, w1, ...

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    axes_ : ndarray of matplotlib Axes
        One for each trajectory.
    lines_ : list of list of matplotlib Line2D
        For each trajectory a line for each weight.

    See Also
    --------
    trajectory : Computes one of them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_reg import TrajectoryDisplay
    >>> size = np.array([100, 0.01])  # of the gradients of the two weights
    >>> display = TrajectoryDisplay.from_gradient(
    ...     lambda w: size * (w - 1), [1, 1], n_steps=20, lr=0.01, lambda_=1
    ... )
    >>> [ax.get_title() for ax in display.axes_]
    ['SGD + L2', 'SGD + weight decay', 'Adam + L2', 'AdamW']
    """

    def __init__(
        self, trajectories: Mapping[str, Weights], *, names: Sequence[str] | None = None
    ) -> None:
        self.trajectories = trajectories
        self.names = names

    @classmethod
    def from_gradient(
        cls,
        gradient: Callable[[Weights], ArrayLike],
        w: ArrayLike,
        n_steps: int,
        *,
        lr: float,
        lambda_: ArrayLike,
        names: Sequence[str] | None = None,
        ax: Any = None,
    ) -> Self:
        """Run SGD and Adam, each with an L2 penalty and with weight decay, and draw the weights.

        Parameters
        ----------
        gradient : callable
            w -> gradient of the loss at w, without any penalty's.
        w : array-like of shape (n_weights,)
            Weights to start from.
        n_steps : int
            Number of steps, >= 0.
        lr : float
            Learning rate of all four, > 0.
        lambda_ : float or array-like that broadcasts to w
            Strength of penalty and decay, >= 0.
        names : sequence of str, default=None
            Names of the weights; None is w0, w1, ...
        ax : sequence of 4 matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        TrajectoryDisplay
            The display, drawn.
        """
        runs = {
            title: trajectory(step, w, gradient, n_steps, lr=lr, lambda_=lambda_)
            for title, step in OPTIMIZERS.items()
        }
        return cls.from_trajectories(runs, names=names, ax=ax)

    @classmethod
    def from_trajectories(
        cls,
        trajectories: Mapping[str, Weights],
        *,
        names: Sequence[str] | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw what :func:`trajectory` returned.

        Parameters
        ----------
        trajectories : dict of str to ndarray of shape (n_steps + 1, n_weights)
            Weights from the start on, by the title to draw them under.
        names : sequence of str, default=None
            Names of the weights; None is w0, w1, ...
        ax : sequence of matplotlib Axes, default=None
            Where to draw, one for each; None makes a figure.

        Returns
        -------
        TrajectoryDisplay
            The display, drawn.
        """
        return cls(trajectories, names=names).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw weights against steps.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            Where to draw, one for each trajectory; None makes a figure.

        Returns
        -------
        TrajectoryDisplay
            The display itself.
        """
        count = len(check_labelled(self.trajectories, "trajectories"))
        self.axes_, self.figure_ = axes_for(ax, count, (max(2.6 * count, 6.4), 3.4), sharey=True)
        self.lines_ = []
        for panel, (title, weights) in zip(self.axes_, self.trajectories.items(), strict=True):
            flat = check_weights(weights, f"trajectories[{title!r}]").reshape(len(weights), -1)
            looks = styles(flat.shape[1])
            names = _names(self.names, flat.shape[1], "w", "weight", "names")
            steps = np.arange(len(flat))
            self.lines_.append(
                [
                    draw_line(panel, steps, values, name, **look)
                    for name, values, look in zip(names, flat.T, looks, strict=True)
                ]
            )
            label_axes(panel, xlabel="step")
            label_axes(panel, quoted=True, title=str(title))
        label_axes(self.axes_[0], ylabel="weight")
        # Names go where lines end once all panels have the same limits.
        for panel, lines in zip(self.axes_, self.lines_, strict=True):
            ends = np.array([line.get_ydata()[-1] for line in lines])
            names = [line.get_label() for line in lines]
            colors = [line.get_color() for line in lines]
            name_lines(panel, lines[0].get_xdata()[-1], ends, names, colors, "right")
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


def _names(
    given: Sequence[Hashable] | None,
    count: int,
    letter: str,
    what: str,
    argument: str = "feature_names",
) -> list[str]:
    """Return the names of features or weights: those given, or numbered ones."""
    names = generic_labels(letter, count)
    if given is not None:
        names = check_names(given, count, argument, what)
    return [str(name) for name in names]


def _mean_and_error(losses: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return means over folds and their standard errors."""
    n_folds = losses.shape[1]
    if n_folds == 1:
        return losses[:, 0], np.zeros(len(losses))
    return losses.mean(axis=1), losses.std(axis=1, ddof=1) / np.sqrt(n_folds)
