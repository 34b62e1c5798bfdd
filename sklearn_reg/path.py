"""Regularisation paths: one problem after another along a grid of penalties, each from the last.

The grid falls from lambda_max, where every penalised coefficient is zero. A penalty that falls by
a few per cent changes few features, so a warm start with the working set of the last penalty needs
one or two Newton systems [1]_. Ridge takes all its penalties from one eigendecomposition.

References
----------
.. [1] J. Friedman, T. Hastie, R. Tibshirani (2010). Regularization paths for generalized linear
   models via coordinate descent. J. Statistical Software 33(1).
   https://doi.org/10.18637/jss.v033.i01
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from sklearn_reg._degrees_of_freedom import degrees_of_freedom
from sklearn_reg._labels import ColumnLabels, Labels, labels_of
from sklearn_reg._linalg import dense, support_of
from sklearn_reg._parameters import (
    check_flag,
    check_penalty_weights,
    check_rows,
    check_sample_weight,
)
from sklearn_reg._report import as_html, as_text, path_frame, path_summary
from sklearn_reg._scaled import Scaled, UnitPenalty, scale_rows
from sklearn_reg._threads import one_blas_thread
from sklearn_reg._typing import FloatArray, IndexArray, Matrix
from sklearn_reg._validation import (
    check_l1_ratio,
    check_number,
    number_in,
    overflow_explained,
    real_numbers,
)
from sklearn_reg._warn import warn
from sklearn_reg.problem import Problem
from sklearn_reg.rows import rows_of
from sklearn_reg.solvers import AUTO_ITERATIONS, SOLVERS, Settings
from sklearn_reg.solvers._result import SolverResult, finish
from sklearn_reg.solvers._together import Asking, alone
from sklearn_reg.solvers.active_set import ActiveSet
from sklearn_reg.solvers.direct import closed_form
from sklearn_reg.solvers.spectral import Spectrum

# Without an L1 penalty no lambda makes all coefficients zero: the grid begins where every one is
# shrunk to 1 % or less, at this many times the largest eigenvalue of the Gram matrix.
RIDGE_START = 100.0
# A target whose correlation with the features is this much smaller than that of another one is not
# explained by them, but for rounding.
UNEXPLAINED = 1e-6


class _PathFields(NamedTuple):
    lambdas: FloatArray
    coefs: FloatArray
    intercepts: FloatArray
    dual_gaps: FloatArray
    degrees_of_freedom: FloatArray
    training_loss: FloatArray


class RegularizationPath(_PathFields):
    """Certified solutions along a grid of penalties: a tuple of six arrays, and their names.

    With several targets, every field but `lambdas` has an axis for them after the first.

    Attributes
    ----------
    lambdas : ndarray of shape (n_lambdas,)
        Penalties, from the largest to the smallest.
    coefs : ndarray of shape (n_lambdas, n_features)
        Coefficients w.
    intercepts : ndarray of shape (n_lambdas,)
        Intercepts b.
    dual_gaps : ndarray of shape (n_lambdas,)
        Upper bounds of F - F*, in the unit of y squared.
    degrees_of_freedom : ndarray of shape (n_lambdas,)
        Effective number of coefficients, without the intercept: the rank of the columns with a
        non-zero coefficient for a lasso, the trace of the map from y to its fitted values where
        there is an L2 penalty.
    training_loss : ndarray of shape (n_lambdas,)
        Weighted mean of the squared residuals, in the unit of y squared.
    feature_names, target_names : list or None
        Column labels of X and y, where they have any. They are no fields of the tuple.

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
      fields: lambdas, coefs, intercepts, dual_gaps, degrees_of_freedom, training_loss
      to_frame(): a table
    >>> path.to_frame()[["lambda", "degrees_of_freedom", "bmi", "s5"]].iloc[[0, 20]].round(2)
        lambda  degrees_of_freedom     bmi      s5
    0     2.15                 0.0    0.00    0.00
    20    0.13                 7.0  514.62  468.11
    """

    feature_names: ColumnLabels | None = None
    target_names: ColumnLabels | None = None

    def _replace(self, /, **fields: Any) -> RegularizationPath:
        """Return a path with other fields, and the same names."""
        path = super()._replace(**fields)
        vars(path).update(vars(self))
        return path

    __replace__ = _replace

    def to_frame(self) -> Any:
        """Return a table with a row a lambda.

        Returns
        -------
        DataFrame
            Columns "lambda", "intercept", "dual_gap", "degrees_of_freedom", "training_loss", and
            the coefficients by feature: the column labels of X, or x0, x1, ... With y of shape
            (n_samples, n_targets) there is a row a lambda for one target after another, and
            "target" is the first column: the column labels of y, or y0, y1, ...

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
    l1_ratio: float = 1.0,
    sample_weight: ArrayLike | None = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    penalty_weights: ArrayLike | Mapping[Any, float] | None = None,
    positive: bool = False,
) -> float | FloatArray:
    r"""Return the smallest lambda at which every penalised coefficient is zero.

    .. math::
        \lambda_{\max} = \max_j \frac{|\tilde x_j^\top S r|}{\rho \, v_j},

    with rho the `l1_ratio`, v the penalty weights, S the sample weights divided by their sum, x~
    the centred columns, and r what the unpenalised features and the intercept leave of y.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Data.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Targets.
    l1_ratio : float, default=1.0
        Share of L1 in the penalty, in (0, 1].
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights; None means equal ones.
    fit_intercept : bool, default=True
        Whether there is an intercept.
    standardize : bool, default=False
        Whether to penalise columns divided by their standard deviation.
    penalty_weights : array-like of shape (n_features,), dict or Series, default=None
        One weight >= 0 per feature; 0 = free, inf = excluded. A dict or pandas Series goes by the
        column labels of X, and features that it does not name get 1.
    positive : bool, default=False
        Whether coefficients must not be negative.

    Returns
    -------
    float or ndarray of shape (n_targets,)
        lambda_max, one for each column of a y that has columns.

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
    data = PathData.read(X, y, sample_weight, fit_intercept, standardize, penalty_weights, positive)
    ratio = check_l1_ratio(l1_ratio)
    if ratio == 0:
        raise ValueError("l1_ratio must be > 0 for lambda_max, got 0: ridge never makes zeros")
    with data.overflow_explained():
        largest = largest_lambdas(data.scale(data.penalty(ratio)), data.penalty(ratio))
    return float(largest[0]) if data.one_target else largest


def regularization_path(
    X: Matrix,
    y: ArrayLike,
    lambdas: int | ArrayLike = 100,
    l1_ratio: float = 1.0,
    *,
    eps: float = 1e-3,
    sample_weight: ArrayLike | None = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    penalty_weights: ArrayLike | Mapping[Any, float] | None = None,
    positive: bool = False,
    tol: float = 1e-6,
) -> RegularizationPath:
    """Return the solutions for a grid of penalties, each certified.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Data.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Targets, which share the grid.
    lambdas : int or array-like of shape (n_lambdas,), default=100
        A number of penalties, spaced evenly in log from lambda_max down to `eps` lambda_max, or
        the penalties themselves, >= 0, in any order. Of several targets the largest lambda_max
        begins the grid, and `eps` times the smallest ends it.
    l1_ratio : float, default=1.0
        Share of L1 in the penalty, in [0, 1]: 0 is ridge, 1 is the lasso.
    eps : float, default=1e-3
        Where a grid ends, as a share of where it begins. For ridge it begins at 100 times the
        largest eigenvalue of the (centred, weighted) X'X / n and spans eps squared.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights; None means equal ones.
    fit_intercept : bool, default=True
        Whether there is an intercept.
    standardize : bool, default=False
        Whether to penalise columns divided by their standard deviation.
    penalty_weights : array-like of shape (n_features,), dict or Series, default=None
        One weight >= 0 per feature; 0 = free, inf = excluded. A dict or pandas Series goes by the
        column labels of X, and features that it does not name get 1.
    positive : bool, default=False
        Whether coefficients must not be negative.
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

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import regularization_path
    >>> path = regularization_path(*load_diabetes(return_X_y=True), lambdas=5)
    >>> path.lambdas[:3].round(3)
    array([2.148, 0.382, 0.068])
    >>> path.degrees_of_freedom
    array([ 0.,  4.,  7.,  9., 10.])
    """
    data = PathData.read(X, y, sample_weight, fit_intercept, standardize, penalty_weights, positive)
    ratio = check_l1_ratio(l1_ratio)
    tol = check_number(tol, "tol", "a number >= 0", zero=True)
    grid = check_lambdas(lambdas, eps)
    with data.overflow_explained():
        scaled = data.scale(data.penalty(ratio))
        if not isinstance(grid, np.ndarray):
            grid = grid(scaled, data.penalty(ratio))
        points = follow(scaled, data.penalty(ratio), grid, tol, with_degrees_of_freedom=True)
        if not points.are_accurate:
            scaled = data.scale(data.penalty(ratio), on_gram=False)
            points = follow(scaled, data.penalty(ratio), grid, tol, with_degrees_of_freedom=True)
    if not points.are_certified:
        _warn_uncertified(points.gaps / (0.5 * scaled.design.scatter * scaled.units**2), grid, tol)
    coefs = dense(points.coefs).reshape(grid.size, data.Y.shape[1], -1)
    fields = (
        coefs,
        points.intercepts,
        points.gaps,
        points.degrees_of_freedom,
        points.losses,
    )
    path = RegularizationPath(grid, *(f[:, 0] if data.one_target else f for f in fields))
    path.feature_names, path.target_names = data.labels
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


class PathData(NamedTuple):
    """Validated data of a path."""

    X: Matrix
    Y: FloatArray
    sample_weight: FloatArray | None
    fit_intercept: bool
    standardize: bool
    weights: FloatArray
    excluded: Any
    positive: bool
    one_target: bool
    labels: Labels

    @classmethod
    def read(
        cls,
        X: Matrix,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        fit_intercept: bool,
        standardize: bool,
        penalty_weights: ArrayLike | Mapping[Any, float] | None,
        positive: bool,
    ) -> PathData:
        """Check what a user passed."""
        labels = Labels(labels_of(X), labels_of(y))
        X, target = check_rows(X, y)
        Y = np.asarray(target, dtype=np.float64).reshape(X.shape[0], -1)
        weights, excluded = check_penalty_weights(penalty_weights, X.shape[1], labels.features)
        return cls(
            X,
            Y,
            check_sample_weight(sample_weight, X.shape[0]),
            check_flag(fit_intercept, "fit_intercept"),
            check_flag(standardize, "standardize"),
            weights,
            excluded,
            check_flag(positive, "positive"),
            np.ndim(target) == 1,
            labels,
        )

    def overflow_explained(self) -> AbstractContextManager[None]:
        """Turn an overflow into an error that says which input caused it."""
        return overflow_explained(lambda: {"X": self.X, "y": self.Y})

    def penalty(self, l1_ratio: float) -> UnitPenalty:
        """Return the penalty with lambda_ = 1."""
        return UnitPenalty(l1_ratio, self.weights, self.excluded, self.positive)

    def scale(self, penalty: UnitPenalty, on_gram: bool | None = None) -> Scaled:
        """Wrap the data for the solvers."""
        if on_gram is None:
            on_gram = moments_pay(self.X)
        return scale_rows(
            self.X,
            self.Y,
            self.sample_weight,
            penalty,
            on_gram=on_gram,
            centred=self.fit_intercept,
            standardize=self.standardize,
        )


def moments_pay(X: Matrix) -> bool:
    """Whether many penalties are solved faster on the moments than on the rows."""
    return SOLVERS["active_set"].on_gram(X.shape[0], X.shape[1], rows_of(X).stored)


def largest_lambdas(scaled: Scaled, penalty: UnitPenalty) -> FloatArray:
    """Return lambda_max for each target."""
    n_targets = scaled.units.size
    one = penalty.times(np.ones(n_targets))
    return np.array([scaled.problem(j, one).largest_level for j in range(n_targets)])


# How to make a grid for data and a penalty.
Grid = Callable[[Scaled, UnitPenalty], FloatArray]


def _grid(count: int, eps: float, scaled: Scaled, penalty: UnitPenalty) -> FloatArray:
    """Space penalties evenly in log, from where they matter.

    The L2 penalty competes with the eigenvalues of the Gram matrix, which are squares of singular
    values, whatever the unit of y; so its grid spans eps squared.
    """
    if not penalty.has_level:
        weights = penalty.weights[penalty.weights > 0]
        start = RIDGE_START * scaled.design.largest_eigenvalue
        largest = start / float(weights.min(initial=1.0))
        smallest = eps**2 * largest
    else:
        levels = largest_lambdas(scaled, penalty)
        largest, smallest = float(levels.max()), eps * _smallest_level(levels, scaled)
    # Where y or X is constant any penalty gives the same model.
    return np.geomspace(largest, smallest, count) if largest else np.geomspace(1.0, eps, count)


def _smallest_level(levels: FloatArray, scaled: Scaled) -> float:
    """Return the smallest lambda_max of the targets that features explain at all.

    Targets in other units have other lambda_max; the grid is to reach what each of them needs.
    """
    sizes = scaled.units * np.sqrt(scaled.design.scatter)
    shares = np.divide(levels, sizes, out=np.zeros_like(levels), where=sizes > 0)
    return float(levels[shares >= UNEXPLAINED * shares.max()].min())


def check_lambdas(lambdas: Any, eps: Any) -> FloatArray | Grid:
    """Return penalties from large to small, or how to make them."""
    end = check_number(eps, "eps", "a number in (0, 1]")
    if end > 1:
        raise ValueError(f"eps must be a number in (0, 1], got {eps!r}")
    wanted = "an integer >= 1 or an array of numbers >= 0"
    lambdas = number_in(lambdas)
    if isinstance(lambdas, Integral) and not isinstance(lambdas, (bool, np.bool_)):
        if lambdas < 1:
            raise ValueError(f"lambdas must be {wanted}, got {lambdas!r}")
        return partial(_grid, int(lambdas), end)
    grid = real_numbers(lambdas, "lambdas", wanted).astype(np.float64)
    if grid.ndim != 1 or grid.size == 0:
        raise ValueError(f"lambdas must be {wanted}, got {lambdas!r} of shape {grid.shape}")
    wrong = np.flatnonzero(~(np.isfinite(grid) & (grid >= 0)))
    if wrong.size:
        k = int(wrong[0])
        raise ValueError(f"lambdas must be {wanted}, got lambdas[{k}] = {float(grid[k])}")
    return np.sort(grid)[::-1]


class Points(NamedTuple):
    """Solutions along a grid. Arrays have shape (n_lambdas, n_targets), in the unit of y."""

    coefs: Matrix  # of shape (n_lambdas * n_targets, n_features); CSR where zeros are many
    intercepts: FloatArray
    gaps: FloatArray
    losses: FloatArray
    degrees_of_freedom: FloatArray
    are_accurate: bool
    are_certified: bool


def follow(
    scaled: Scaled,
    penalty: UnitPenalty,
    lambdas: FloatArray,
    tol: float,
    *,
    with_degrees_of_freedom: bool = False,
) -> Points:
    """Solve for one penalty after another."""
    with one_blas_thread():
        return alone(walk(scaled, penalty, lambdas, tol, with_degrees_of_freedom))


def walk(
    scaled: Scaled,
    penalty: UnitPenalty,
    lambdas: FloatArray,
    tol: float,
    with_degrees_of_freedom: bool = False,
    after: Callable[[], object] = lambda: None,
) -> Asking[Points]:
    """Solve for one penalty after another, side by side with others; call `after` after each."""
    record = _Record(scaled, lambdas.size, with_degrees_of_freedom, after)
    accurate = True
    for target in range(scaled.units.size):
        problems = _problems(scaled, target, penalty, lambdas)
        if penalty.one_spectrum:
            _ridges(record, target, problems, lambdas, penalty.weights, tol)
        else:
            yield from _from_the_last(record, target, problems, tol)
        accurate &= scaled.is_accurate(*record.last, tol)
    return record.points(accurate and (record.certified or scaled.design.has_rows))


class _Record:
    """Collects solutions; where most of their coefficients are zero, only those that are not."""

    def __init__(
        self,
        scaled: Scaled,
        n_lambdas: int,
        with_degrees_of_freedom: bool,
        after: Callable[[], object],
    ) -> None:
        self.scaled, self._after = scaled, after
        self._n_lambdas, self._n_targets = n_lambdas, scaled.units.size
        self._with_degrees_of_freedom = with_degrees_of_freedom
        self._l2: dict[int, FloatArray] = {}  # of the supports whose degrees of freedom are wanted
        self._gaps, self._losses, self._freedom = np.zeros((3, n_lambdas, self._n_targets))
        self.certified = True
        self._rows: list[tuple[IndexArray, FloatArray]] = [
            (np.zeros(0, dtype=np.intp), np.zeros(0))
        ] * (n_lambdas * self._n_targets)
        self.last: tuple[SolverResult, Problem]

    def add(
        self,
        k: int,
        target: int,
        problem: Problem,
        result: SolverResult,
        freedom: float | None = None,
    ) -> None:
        """Keep the solution for one penalty and target, with its degrees of freedom if known."""
        unit, factors, w = self.scaled.units[target], self.scaled.columns.factors, result.w
        support = support_of(w)
        values = unit * w[support] * factors[support]
        row = k * self._n_targets + target
        self._rows[row] = support, values
        self._gaps[k, target] = unit**2 * result.gap
        self._losses[k, target] = unit**2 * _loss(problem, result)
        if freedom is not None:
            self._freedom[k, target] = freedom
        elif self._with_degrees_of_freedom:
            self._l2[row] = problem.l2[support]
        self.certified &= result.converged
        self.last = result, problem
        self._after()

    def points(self, accurate: bool) -> Points:
        """Return what was collected, in the units of the data."""
        if self._l2:
            supports = [self._rows[row][0] for row in self._l2]
            self._freedom.ravel()[list(self._l2)] = degrees_of_freedom(
                self.scaled.design, supports, list(self._l2.values())
            )
        starts = np.cumsum([0] + [support.size for support, _ in self._rows])
        columns = np.concatenate([support for support, _ in self._rows])
        values = np.concatenate([values for _, values in self._rows])
        shape = (len(self._rows), self.scaled.design.n_features)
        coefs: Matrix = sparse.csr_array((values, columns, starts), shape=shape)
        if not self.scaled.sparse_coefs:
            coefs = coefs.toarray()
        intercepts = self.scaled.intercepts(coefs, self._n_lambdas)
        return Points(
            coefs, intercepts, self._gaps, self._losses, self._freedom, accurate, self.certified
        )


def _from_the_last(
    record: _Record, target: int, problems: Iterable[Problem], tol: float
) -> Asking[None]:
    """Start from the last solution and its working set."""
    solver, settings = ActiveSet(), Settings(None, AUTO_ITERATIONS, tol)
    w = np.zeros(record.scaled.design.n_features)
    for k, problem in enumerate(problems):
        result = yield from solver.steps(problem, w, settings)
        w = result.w
        record.add(k, target, problem, result)


def _ridges(
    record: _Record,
    target: int,
    problems: Iterable[Problem],
    lambdas: FloatArray,
    weights: FloatArray,
    tol: float,
) -> None:
    """Take all solutions from one decomposition, and their residuals from one pass."""
    design, settings = record.scaled.design, Settings(None, 1, tol)
    problems, penalised = list(problems), lambdas > 0
    spectrum = Spectrum.of(design, weights)
    W = spectrum.solve(lambdas[penalised], target)
    freedom = spectrum.degrees_of_freedom(lambdas[penalised])
    for k, (w, products) in enumerate(zip(W, design.products_of(W, target), strict=True)):
        at = problems[k].judge(w, products)
        result = finish(problems[k], at, [(at.objective, at.bound)], tol, "closed_form")
        if not result.converged:
            result = closed_form(problems[k], w, settings)
        record.add(k, target, problems[k], result, float(freedom[k]))
    for k in np.flatnonzero(~penalised).tolist():  # least squares, the last of a falling grid
        result = closed_form(problems[k], np.zeros(design.n_features), settings)
        record.add(k, target, problems[k], result)


def _problems(
    scaled: Scaled, target: int, penalty: UnitPenalty, lambdas: FloatArray
) -> Iterator[Problem]:
    """State the problem for one penalty after another."""
    for lambda_ in lambdas:
        yield scaled.problem(target, penalty.times(np.full(scaled.units.size, lambda_)))


def _loss(problem: Problem, result: SolverResult) -> float:
    """Mean squared residual: twice what the penalty leaves of the objective."""
    return 2.0 * max(0.0, result.objective - problem.penalty(result.w))
