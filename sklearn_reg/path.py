"""Regularisation paths: certified solutions along a grid of penalties, with column labels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning

from sklearn_reg._checks.groups import Groups
from sklearn_reg._checks.labels import ColumnLabels, Labels, labels_of
from sklearn_reg._checks.parameters import check_flag, check_rows, check_sample_weight
from sklearn_reg._checks.placed import staying
from sklearn_reg._checks.values import check_l1_ratio, check_number, check_share
from sklearn_reg._data.data import FOR_WORKING_SETS, InMemory
from sklearn_reg._data.designs import Preprocessing
from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._data.units import AnyUnitPenalty, View
from sklearn_reg._fitting.groups import (
    check_standardize,
    standardizes_columns,
    unit_group_penalty,
)
from sklearn_reg._fitting.report import as_html, as_text, path_frame, path_summary
from sklearn_reg._solvers.accuracy import solve_accurately
from sklearn_reg._solvers.grids import check_lambdas, largest_lambdas
from sklearn_reg._solvers.paths import follow, losses_of
from sklearn_reg._tools.linalg import dense
from sklearn_reg._tools.typing import FloatArray, Matrix
from sklearn_reg._tools.warn import warn

LARGEST_DENSE = 2**24  # numbers of the coefficients of a path that are returned as an ndarray


class _PathFields(NamedTuple):
    lambdas: FloatArray
    coefs: Matrix
    intercepts: FloatArray
    dual_gaps: FloatArray
    degrees_of_freedom: FloatArray
    training_loss: FloatArray


class RegularizationPath(_PathFields):
    """Certified solutions along a grid of penalties: a tuple of six arrays, with column labels.

    With several targets, every field but `lambdas` has an axis for them after the first.

    Attributes
    ----------
    lambdas : ndarray of shape (n_lambdas,)
        Penalties, from the largest to the smallest.
    coefs : {ndarray, csr_array} of shape (n_lambdas, n_features)
        Coefficients w. A `scipy.sparse.csr_array` where there is one target, an ndarray would have
        more than 2^24 numbers (128 MB), and CSR is smaller.
    intercepts : ndarray of shape (n_lambdas,)
        Intercepts b.
    dual_gaps : ndarray of shape (n_lambdas,)
        Upper bounds on F - F*, in the unit of y squared.
    degrees_of_freedom : ndarray of shape (n_lambdas,)
        Effective number of coefficients, without the intercept: the rank of the columns with a
        non-zero coefficient for a lasso, the trace of the map from y to its fitted values with an
        L2 penalty.
    training_loss : ndarray of shape (n_lambdas,)
        Weighted mean of the squared residuals, in the unit of y squared.
    feature_names, target_names : list or None
        Column labels of X and y, if they have any. They are not fields of the tuple.
    groups : Groups or None
        The groups of the features, if there are any: `groups.of_features`, the number of each
        feature's group, and `groups.names`. It is not a field of the tuple.
    joint_targets : bool
        Whether the coefficients of a feature for all targets are a group.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import regularization_path
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> path = regularization_path(X, y, lambdas=50)
    >>> path  # doctest: +ELLIPSIS
    RegularizationPath
      lambdas: 50, from 2.148 down to 0.002148
      features: 10 (age, sex, bmi, ...)
      non-zero coefficients: 0 to 10
      degrees of freedom: 0 to 10
      training loss: 5930 down to 2861
      largest duality gap: ...
      fields: lambdas, coefs, intercepts, dual_gaps, ...
      to_frame(): a table
    >>> shown = ["lambda", "degrees_of_freedom", "bmi", "s5"]
    >>> path.to_frame()[shown].iloc[[0, 20]].round(2)
        lambda  degrees_of_freedom     bmi      s5
    0     2.15                 0.0    0.00    0.00
    20    0.13                 7.0  514.62  468.11
    """

    feature_names: ColumnLabels | None = None
    target_names: ColumnLabels | None = None
    groups: Groups | None = None
    joint_targets = False

    def _replace(self, /, **fields: Any) -> RegularizationPath:
        """Return a path with other fields and the same labels."""
        path = super()._replace(**fields)
        vars(path).update(vars(self))
        return path

    __replace__ = _replace

    def to_frame(self) -> Any:
        """Return a table with one row per lambda.

        Returns
        -------
        DataFrame
            Columns "lambda", "intercept", "dual_gap", "degrees_of_freedom", "training_loss", and
            the coefficients by feature: the column labels of X, or x0, x1, ... With y of shape
            (n_samples, n_targets) there are these rows for one target after another, and "target"
            is the first column: the column labels of y, or y0, y1, ...

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return path_frame(self)

    def __repr__(self) -> str:
        return as_text("RegularizationPath", path_summary(self), self._fields)

    def _repr_html_(self) -> str:
        return as_html("Regularization path", path_summary(self))


def lambda_max(
    X: Matrix,
    y: ArrayLike,
    *,
    l1_ratio: float | None = None,
    groups: Any = None,
    sample_weight: ArrayLike | None = None,
    fit_intercept: bool = True,
    standardize: bool | str = False,
    penalty_weights: ArrayLike | Mapping[Any, float] | None = None,
    positive: bool = False,
    bounds: Any = None,
) -> float | FloatArray:
    r"""Return the smallest lambda at which every penalised coefficient is zero.

    .. math::
        \lambda_{\max} = \max_j \frac{|\tilde x_j^\top S r|}{\rho \, v_j},

    with rho the `l1_ratio`, v the penalty weights, S the sample weights divided by their sum, x~
    the centred columns, and r the residual of y on the unpenalised features and the intercept.
    With `groups` it is the dual norm of the penalty of `GroupLassoRegression` at these products.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Data.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Targets.
    l1_ratio : float, default=None
        Share of L1 in the penalty, in (0, 1], or [0, 1] with `groups`; None is 1, or 0 with
        `groups`.
    groups : array-like of labels, list of lists, dict, "prefix" or "targets", default=None
        Groups of features, as in `GroupLassoRegression`; None is no groups.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights; None means equal ones.
    fit_intercept : bool, default=True
        Whether there is an intercept.
    standardize : bool or "groups", default=False
        Whether to penalise columns divided by their standard deviation; "groups" as in
        `GroupLassoRegression`, with `groups` only.
    penalty_weights : array-like of shape (n_features,), dict, Series or "adaptive", default=None
        One weight >= 0 per feature; 0 = free, inf = excluded. A dict or pandas Series is matched
        by the column labels of X; features without an entry get 1. "adaptive": as in
        `LassoRegression`. With `groups` also one per group, as in `GroupLassoRegression`.
    positive : bool, default=False
        Whether coefficients must not be negative: a lower bound of 0.
    bounds : pair (lower, upper), default=None
        Bounds on the coefficients, lower <= 0 <= upper: each a number, an array-like of shape
        (n_features,), or a dict or Series by column label. None is no bound, as is a label without
        an entry.

    Returns
    -------
    float or ndarray of shape (n_targets,)
        lambda_max; one per target if y has shape (n_samples, n_targets).

    Raises
    ------
    ValueError, TypeError
        If the data or a parameter are not valid; at l1_ratio=0 no lambda makes weights zero.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_reg import lambda_max
    >>> X, y = np.array([[-1.0], [0.0], [1.0]]), np.array([1.0, 3.0, 5.0])
    >>> lambda_max(X, y)  # (1 * 2 + 0 + 1 * 2) / 3
    1.3333333333333333
    """
    data, _, penalty, _ = asked = _Asked.read(
        X,
        y,
        sample_weight,
        fit_intercept,
        standardize,
        penalty_weights,
        positive,
        bounds,
        l1_ratio,
        groups,
    )
    if not penalty.has_level:
        raise ValueError("l1_ratio must be > 0 for lambda_max, got 0: ridge never makes zeros")
    with data.overflow_explained():
        largest = largest_lambdas(next(asked.views()), penalty)
    return float(largest[0]) if data.y_ndim == 1 or penalty.joint else largest


def regularization_path(
    X: Matrix,
    y: ArrayLike,
    lambdas: int | str | ArrayLike = 100,
    l1_ratio: float | None = None,
    *,
    groups: Any = None,
    eps: float = 1e-3,
    sample_weight: ArrayLike | None = None,
    fit_intercept: bool = True,
    standardize: bool | str = False,
    penalty_weights: ArrayLike | Mapping[Any, float] | None = None,
    positive: bool = False,
    bounds: Any = None,
    relax: float = 1.0,
    tol: float = 1e-6,
) -> RegularizationPath:
    """Return the solutions for a grid of penalties, each certified.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Data.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Targets, which share the grid.
    lambdas : int, "knots" or array-like of shape (n_lambdas,), default=100
        A number of penalties, spaced evenly in log from lambda_max down to `eps` lambda_max, or
        the penalties themselves, >= 0, in any order. With several targets the grid begins at the
        largest lambda_max, and ends at `eps` times the smallest.
        "knots" are the penalties at which a coefficient leaves zero or comes back to it: between
        them the path of a lasso is linear.
    l1_ratio : float, default=None
        Share of L1 in the penalty, in [0, 1]: 0 is ridge, or with `groups` the group lasso, 1 is
        the lasso. None is 1, or 0 with `groups`.
    groups : array-like of labels, list of lists, dict, "prefix" or "targets", default=None
        Groups of features, as in `GroupLassoRegression`; None is no groups.
    eps : float, default=1e-3
        The end of a grid, as a share of its beginning. For ridge it begins at 100 times the
        largest eigenvalue of the (centred, weighted) X'X / n and spans eps squared.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights; None means equal ones.
    fit_intercept : bool, default=True
        Whether there is an intercept.
    standardize : bool or "groups", default=False
        Whether to penalise columns divided by their standard deviation; "groups" as in
        `GroupLassoRegression`, with `groups` only.
    penalty_weights : array-like of shape (n_features,), dict, Series or "adaptive", default=None
        One weight >= 0 per feature; 0 = free, inf = excluded. A dict or pandas Series is matched
        by the column labels of X; features without an entry get 1. "adaptive": as in
        `LassoRegression`. With `groups` also one per group, as in `GroupLassoRegression`.
    positive : bool, default=False
        Whether coefficients must not be negative: a lower bound of 0.
    bounds : pair (lower, upper), default=None
        Bounds on the coefficients, lower <= 0 <= upper: each a number, an array-like of shape
        (n_features,), or a dict or Series by column label. None is no bound, as is a label without
        an entry.
    relax : float, default=1.0
        Share gamma of the penalised solution in the coefficients, in [0, 1]; the rest is least
        squares on its non-zero features: 1 is the path of the penalty, 0 that of the refits, which
        keep to the bounds. The gaps are those of the penalised solutions, and the degrees of
        freedom the same blend of theirs and of the ranks of the supports.
    tol : float, default=1e-6
        Bound on every duality gap, relative to F(0, mean y).

    Returns
    -------
    RegularizationPath
        `lambdas`, `coefs`, `intercepts`, `dual_gaps`, `degrees_of_freedom` and `training_loss`.

    Raises
    ------
    ValueError, TypeError
        If the data or a parameter are not valid.

    Warns
    -----
    ConvergenceWarning
        If the duality gap of a point is above `tol * F(0, mean y)`.

    References
    ----------
    R. J. Tibshirani, J. Taylor (2012). Degrees of freedom in lasso problems. Annals of Statistics
    40(2). https://doi.org/10.1214/12-AOS1003

    N. Meinshausen (2007). Relaxed lasso. Computational Statistics & Data Analysis 52(1).
    https://doi.org/10.1016/j.csda.2006.12.019

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import regularization_path
    >>> path = regularization_path(*load_diabetes(return_X_y=True), lambdas=5)
    >>> path.lambdas[:3].round(3)
    array([2.148, 0.382, 0.068])
    >>> path.degrees_of_freedom
    array([ 0.,  4.,  7.,  9., 10.])

    A feature enters, or leaves, at each knot:

    >>> X, y = load_diabetes(return_X_y=True)
    >>> knots = regularization_path(X, y, lambdas="knots", eps=0.1)
    >>> knots.lambdas.round(3)
    array([2.148, 2.012, 1.025, 0.715, 0.294, 0.215])
    >>> np.count_nonzero(knots.coefs, axis=1)
    array([0, 1, 2, 3, 4, 5])
    """
    data, _, penalty, labels = asked = _Asked.read(
        X,
        y,
        sample_weight,
        fit_intercept,
        standardize,
        penalty_weights,
        positive,
        bounds,
        l1_ratio,
        groups,
    )
    tol, relax = check_number(tol, "tol", "a number >= 0", zero=True), check_share(relax, "relax")
    if relax != 1.0 and penalty.groups is not None:
        raise ValueError(f"relax must be 1 with groups, which are not refitted, got {relax:g}")
    grid = check_lambdas(lambdas, eps, knots=True)
    with data.overflow_explained():
        views = asked.views()
        cheapest = next(views)
        if not isinstance(grid, np.ndarray):
            grid = grid(cheapest, penalty)
        follow_grid = partial(
            follow,
            penalty=penalty,
            lambdas=grid,
            tol=tol,
            with_degrees_of_freedom=True,
            with_refits=relax != 1.0,
        )
        view, points = solve_accurately(chain([cheapest], views), follow_grid)
        if relax != 1.0:
            points = points.relaxed(relax)
            points = points._replace(losses=losses_of(view, points.coefs))
    if not points.is_certified:
        nulls = 0.5 * view.design.scatter * view.units[: view.n_problems] ** 2
        _warn_uncertified(points.gaps / nulls, grid, tol)
    coefs, one = points.coefs, data.y_ndim == 1
    if not one or math.prod(coefs.shape) <= LARGEST_DENSE:
        coefs = dense(coefs)
    if not one:
        coefs = coefs.reshape(grid.size, data.n_targets, -1)
    fields = points.intercepts, points.gaps, points.degrees_of_freedom, points.losses
    path = RegularizationPath(grid, coefs, *(f[:, 0] if one else f for f in fields))
    path.feature_names, path.target_names = labels
    path.groups, path.joint_targets = penalty.groups, penalty.joint
    return path


def _warn_uncertified(gaps: FloatArray, lambdas: FloatArray, tol: float) -> None:
    """Warn of points whose gap, a share of F(0, mean y), is above tol."""
    above = (gaps > tol).any(axis=1)
    warn(
        f"regularization_path: {np.count_nonzero(above)} of {above.size} points have a duality gap "
        f"above tol={tol:g} times F(0, mean y), the largest {np.nanmax(gaps):.3g} times; "
        f"lambda={lambdas[above].max():.4g} is the first. Cause: columns that depend on each other "
        "nearly as far as float64 can tell. Remedy: standardize=True, larger lambdas, or a larger "
        "tol; `dual_gaps` says which points to trust.",
        ConvergenceWarning,
    )


class _Asked(NamedTuple):
    """The checked data and parameters of a path."""

    data: InMemory
    preprocessing: Preprocessing
    penalty: AnyUnitPenalty
    labels: Labels

    @classmethod
    def read(
        cls,
        X: Matrix,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        fit_intercept: bool,
        standardize: bool | str,
        penalty_weights: ArrayLike | Mapping[Any, float] | None,
        positive: bool,
        bounds: Any,
        l1_ratio: float | None,
        groups: Any,
    ) -> _Asked:
        """Check data and parameters."""
        labels = Labels(labels_of(X), labels_of(y))
        rows, target = check_rows(X, y, sample_weight, may_stay=True)
        weights = check_sample_weight(sample_weight, rows.shape[0])
        data = InMemory(staying(X, rows), target, weights)
        centred = check_flag(fit_intercept, "fit_intercept")
        positive = check_flag(positive, "positive")
        if groups is not None:
            _refuse_bounds_of_groups(positive, bounds)
            penalty: AnyUnitPenalty = unit_group_penalty(
                check_l1_ratio(0.0 if l1_ratio is None else l1_ratio),
                groups,
                penalty_weights,
                data.n_features,
                data.n_targets,
                labels.features,
                check_standardize(standardize),
            )
            scaled = standardizes_columns(standardize, groups)
        else:
            ratio = check_l1_ratio(1.0 if l1_ratio is None else l1_ratio)
            known = data.n_features, labels.features
            penalty = UnitPenalty.read(ratio, penalty_weights, bounds, positive, *known)
            scaled = check_flag(standardize, "standardize")
        preprocessing = Preprocessing(centred, scaled)
        return cls(data, preprocessing, penalty, labels)

    def views(self) -> Iterator[View]:
        """Yield views of the data for the solvers, the cheapest first."""
        return self.data.views(self.penalty, self.preprocessing, FOR_WORKING_SETS)


def _refuse_bounds_of_groups(positive: bool, bounds: Any) -> None:
    """Refuse bounds, within which the penalty of groups has no closed proximal operator."""
    if positive or bounds is not None:
        raise ValueError(
            "positive must be False and bounds None with groups, whose penalty has no closed "
            f"proximal operator within bounds, got {positive} and {bounds!r}"
        )
