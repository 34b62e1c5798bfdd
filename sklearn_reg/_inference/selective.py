"""Exact inference after a lasso at a fixed lambda: the law of an estimate, given the selection.

For rows A, y = A beta + noise or any other mean, noise N(0, sigma^2 I), and w, the minimum of

    1 / (2 n) |y - A w|^2 + sum_j l1_j |w_j|,

the estimates are linear in y, and normal. Given that the lasso selects what it has selected, and
given the part of y that is independent of the estimate, the estimate is normal restricted to
intervals: those in which y, moved along one direction, leaves the selection as it is.

target "minimal": the coefficients of the selected model M, beta^M = A_M^+ E[y], given M and the
signs of its penalised coefficients [1]_. With C = (A_M'A_M)^-1 the selected coefficients are

    w_M = C (A_M'y - n l1_M sign(w_M)),

and where estimate j moves by d, w_k moves by C_kj / C_jj d. The interval ends where a penalised w_k
is 0. The conditions on the other features are |A_i'(I - P_M) y + ...| < n l1_i with P_M the
projection on the span of A_M. Estimates depend on P_M y only, which is independent of
(I - P_M) y: these conditions do not bind.

target "full": the coefficients beta = (A'A)^-1 A'E[y] of all features, given only that j is
selected [2]_. Where estimate j moves by d and the rest of y stays, A'y moves by d / (A'A)^-1_jj
in coordinate j alone, and v, the lasso without feature j, does not move. Feature j is selected if
and only if |A_j'(y - A v)| > n l1_j: estimates outside of an interval.

References
----------
.. [1] J. D. Lee, D. L. Sun, Y. Sun, J. E. Taylor (2016). Exact post-selection inference, with
   application to the lasso. Annals of Statistics 44(3). https://doi.org/10.1214/15-AOS1371
.. [2] K. Liu, J. Markovic, R. Tibshirani (2018). More powerful post-selection inference, with
   application to the Lasso. https://arxiv.org/abs/1801.09037
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack, qr

from sklearn_reg._data.designs import Design, Preprocessing, design_of_rows
from sklearn_reg._data.rows import rows_of
from sklearn_reg._inference.truncated_normal import Interval, Truncation
from sklearn_reg._solvers import AUTO_ITERATIONS, ROUNDING, Settings
from sklearn_reg._solvers.active_set import active_set
from sklearn_reg._solvers.problem import Problem
from sklearn_reg._tools.cached import cached_property
from sklearn_reg._tools.linalg import EPS, inverse_roots
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray
from sklearn_reg.penalties import ElasticNet

TARGETS = ("minimal", "full")
# A column of unit length depends on others if its distance from their span is at most this.
DEPENDENT = 1e-10
SAFETY = 8.0  # rounding errors are seen to be within this many times their estimates
REMEDY = "a lambda_ that is slightly smaller or larger decides it"


class SelectiveInference(NamedTuple):
    """What is known about the coefficients of the selected features.

    Attributes
    ----------
    features : ndarray of shape (n_selected,) of int
        The selected features, and those without a penalty, in rising order.
    estimate, standard_error, statistic : ndarray of shape (n_selected,)
        Least squares, its standard deviation, and the ratio of the two.
    p_value : ndarray of shape (n_selected,)
        Two-sided, of a coefficient of zero.
    lower, upper : ndarray of shape (n_selected,)
        The ends of the equal-tailed confidence interval.
    limits : ndarray of shape (n_selected, 2)
        The statistic lies between these limits, which may be infinite; with target "full" it lies
        outside of them, which are equal for a feature without a penalty. They are for reading:
        p-values and intervals come from distances to them, which have more digits.
    """

    features: IndexArray
    estimate: FloatArray
    standard_error: FloatArray
    statistic: FloatArray
    p_value: FloatArray
    lower: FloatArray
    upper: FloatArray
    limits: FloatArray


class _Data(NamedTuple):
    """The problem."""

    A: FloatArray
    y: FloatArray
    l1: FloatArray  # n times the penalties
    names: Sequence[Hashable]  # of the features, for messages

    @property
    def live(self) -> BoolArray:
        """Which features are not excluded."""
        return np.asarray(self.A.any(axis=0))

    def stationary(self, w: FloatArray, without: int | None = None) -> _Stationary:
        """Return the stationary point of the support and the signs of w, without one feature."""
        support = (w != 0) | ((self.l1 == 0) & self.live)
        if without is not None:
            support[without] = False
        return _Stationary(self, np.flatnonzero(support), np.sign(w))


class _Laws(NamedTuple):
    """Estimates, their standard errors, their truncations, and limits relative to statistics."""

    estimate: FloatArray
    error: FloatArray
    truncations: list[Truncation]
    limits: FloatArray


def selective_inference(
    A: FloatArray,
    y: FloatArray,
    l1: FloatArray,
    w: FloatArray,
    sigma: float,
    confidence_level: float,
    target: str,
    names: Sequence[Hashable] | None = None,
) -> SelectiveInference:
    """Infer the coefficients of the features that the lasso has selected.

    Parameters
    ----------
    A : ndarray of shape (n_rows, n_features)
        Rows, centred if there is an intercept, times the roots of their weights. The column of an
        excluded feature is zero.
    y : ndarray of shape (n_rows,)
    l1 : ndarray of shape (n_features,)
        Penalties, 0 for features that are in every model.
    w : ndarray of shape (n_features,)
        The solution. Only its support and its signs are used.
    sigma : float
        Standard deviation of the noise.
    confidence_level : float
        Between 0 and 1.
    target : {"minimal", "full"}
    names : sequence, default=None
        Names of the features in messages; None takes their numbers.

    Returns
    -------
    SelectiveInference

    Raises
    ------
    ValueError
        If rounding hides what is selected, if w is not the solution, if selected columns are
        dependent, or with target "full" if any columns are.
    """
    data = _Data(A, y, len(y) * l1, range(l1.size) if names is None else names)
    selected = data.stationary(w)
    selected.check_strict()
    laws = _outside_of_intervals if target == "full" else _within_signs
    estimate, error, truncations, limits = laws(data, selected, sigma)
    statistic = estimate / error
    logs = [part.log_p_value(t) for part, t in zip(truncations, statistic.tolist(), strict=True)]
    ends = np.array([part.interval(confidence_level) for part in truncations]).reshape(-1, 2)
    ends.sort(axis=1)  # rounding may exchange ends that are nearly equal
    return SelectiveInference(
        selected.squares.features,
        estimate,
        error,
        statistic,
        np.exp(logs),
        estimate + error * ends[:, 0],
        estimate + error * ends[:, 1],
        statistic[:, None] + limits,
    )


class _LeastSquares:
    """Least squares on some columns, by a QR factorisation of these scaled to unit length.

    Attributes
    ----------
    features : ndarray of int
        The columns.
    dependent : int or None
        A column that depends on others, if any does; there are no more attributes then.
    root : ndarray of shape (n_columns, n_columns)
        root root' = (A'A)^-1.
    coefficients : ndarray of shape (n_columns,)
    deviations : ndarray of shape (n_columns,)
        Their standard deviations where sigma is 1.
    lost : float
        Relative rounding errors of products with root.
    """

    def __init__(self, data: _Data, features: IndexArray) -> None:
        self.features = features
        columns = data.A[:, features]
        scale = inverse_roots(np.einsum("ij,ij->j", columns, columns))
        Q, R, order = qr(columns * scale, mode="economic", pivoting=True)
        size = np.zeros(features.size)
        size[: len(R)] = np.abs(np.diagonal(R))
        weak = np.flatnonzero(size <= DEPENDENT)
        self.dependent = int(features[order[weak[0]]]) if weak.size else None
        if self.dependent is not None:
            return
        self.root = np.zeros_like(R)
        self.root[order] = lapack.dtrtri(R)[0] if R.size else R
        self.root *= scale[:, None]
        self.coefficients = self.root @ (Q.T @ data.y)
        self.deviations = np.linalg.norm(self.root, axis=1)
        self.lost = SAFETY * EPS * math.sqrt(len(data.y)) / float(size.min(initial=1.0))


class _Stationary:
    """The point of a support and its signs at which F is stationary, and how far it is from others.

    Attributes
    ----------
    squares : _LeastSquares
        On the support.
    w : ndarray of shape (n_features,)
    correlation : ndarray of shape (n_features,)
        A'(y - A w).
    slack, error : ndarray of shape (n_features,)
        By how much each condition of a minimum is met, and what rounding may hide: on the support
        sign(w_j) has to be the sign given, beside it |A_j'(y - A w)| less than n l1_j.
    """

    def __init__(self, data: _Data, support: IndexArray, signs: FloatArray) -> None:
        self._data = data
        self.squares = squares = _LeastSquares(data, support)
        if squares.dependent is not None:
            raise ValueError(
                f"feature {data.names[squares.dependent]!r} of the selected model is a combination "
                "of others of it, up to rounding: their coefficients are not determined. Remove it"
            )
        signs, l1 = signs[support], data.l1[support]
        pull = squares.root.T @ (l1 * signs)
        self.w = np.zeros(data.l1.size)
        self.w[support] = squares.coefficients - squares.root @ pull
        fitted = data.A @ self.w
        self.correlation = data.A.T @ (data.y - fitted)
        sizes = np.linalg.norm(data.A, axis=0)
        terms = float(np.linalg.norm(data.y) + np.linalg.norm(pull))
        self.slack = data.l1 - np.abs(self.correlation)
        self.error = squares.lost * (sizes * (terms + float(np.linalg.norm(fitted))) + data.l1)
        self.slack[support] = np.where(l1 > 0, signs * self.w[support], math.inf)
        self.error[support] = squares.lost * terms * squares.deviations

    def check_strict(self) -> None:
        """Raise an error if a condition is not met by more than rounding."""
        doubtful = np.flatnonzero((self.slack <= self.error) & self._data.live)
        if doubtful.size == 0:
            return
        j = int(doubtful[np.argmin(self.slack[doubtful] / self.error[doubtful])])
        name = self._data.names[j]
        where = (
            f"its product with the residual is {self.correlation[j]:.6g}, its penalty "
            f"{self._data.l1[j]:.6g}, its coefficient {self.w[j]:.3g}"
        )
        if self.slack[j] < -self.error[j]:
            raise ValueError(
                f"coef_ is not the solution at feature {name!r}: {where}; fit with a "
                "smaller tol, or solver='auto'"
            )
        raise ValueError(f"rounding hides whether feature {name!r} is selected: {where}; {REMEDY}")

    def is_minimum(self, without: int) -> bool:
        """Whether every condition but that of one feature is met, up to rounding."""
        return bool(np.delete(self.slack >= -self.error, without).all())


def _within_signs(data: _Data, selected: _Stationary, sigma: float) -> _Laws:
    """Return the laws of least squares on the model, truncated to where its signs stay."""
    squares, features = selected.squares, selected.squares.features
    # Where statistic j rises by z, the slack of k rises by slopes[k, j] z.
    slopes = sigma * (squares.root @ squares.root.T) / squares.deviations
    slopes *= np.sign(selected.w[features])[:, None]
    with np.errstate(divide="ignore", over="ignore"):
        ends = selected.slack[features, None] / np.abs(slopes)
    below = np.where(slopes > 0, ends, math.inf).min(axis=0, initial=math.inf)
    above = np.where(slopes < 0, ends, math.inf).min(axis=0, initial=math.inf)
    truncations = [
        Truncation(((0.0, near),), ((0.0, far),))
        for near, far in zip(below.tolist(), above.tolist(), strict=True)
    ]
    error = sigma * squares.deviations
    return _Laws(squares.coefficients, error, truncations, np.column_stack([-below, above]))


def _outside_of_intervals(data: _Data, selected: _Stationary, sigma: float) -> _Laws:
    """Return the laws of least squares on all features, each truncated to where it is selected."""
    squares, features = _of_all_features(data), selected.squares.features
    at = np.searchsorted(squares.features, features)
    estimate, deviations = squares.coefficients[at], squares.deviations[at]
    lassos, truncations = _LassosWithout(data, selected.w), []
    limits = np.zeros((features.size, 2))  # of features without a penalty nothing is left out
    for k, j in enumerate(features.tolist()):
        one: tuple[Interval, ...] = ((0.0, math.inf),)
        if data.l1[j] == 0:
            truncations.append(Truncation(one, one))
            continue
        product, l1 = lassos.product(j), float(data.l1[j])
        unit = float(sigma / deviations[k])  # what it rises by where the statistic rises by 1
        near, far = (abs(product) - l1) / unit, (abs(product) + l1) / unit
        two = ((0.0, near), (far, math.inf))
        truncations.append(Truncation(two, one) if product > 0 else Truncation(one, two))
        limits[k] = (-far, -near) if product > 0 else (near, far)
    return _Laws(estimate, sigma * deviations, truncations, limits)


def _of_all_features(data: _Data) -> _LeastSquares:
    """Return least squares on all features, which must be independent."""
    features = np.flatnonzero(data.live)
    needs = "target='full' needs more rows than features, and independent columns"
    if features.size >= len(data.y):
        raise ValueError(f"{needs}, got {len(data.y)} rows and {features.size} features")
    squares = _LeastSquares(data, features)
    if squares.dependent is not None:
        raise ValueError(
            f"{needs}: feature {data.names[squares.dependent]!r} is a combination of others, up to "
            "rounding"
        )
    return squares


class _LassosWithout:
    """The lassos without one of the features, given the solution w with it."""

    def __init__(self, data: _Data, w: FloatArray) -> None:
        self._data, self._w = data, w

    def product(self, j: int) -> float:
        """Return A_j'(y - A v), where v is the lasso without feature j."""
        data = self._data
        # Mostly the others keep their signs; otherwise the solver finds which ones do.
        minimum = data.stationary(self._w, without=j)
        if not minimum.is_minimum(without=j):
            minimum = data.stationary(self._solve(j), without=j)
        product, excess = float(minimum.correlation[j]), -float(minimum.slack[j])
        if not minimum.is_minimum(without=j) or excess <= minimum.error[j]:
            raise ValueError(
                f"rounding hides whether feature {data.names[j]!r} is selected: its product with "
                f"the residual of the others is {product:.6g}, and its penalty {data.l1[j]:.6g}; "
                f"{REMEDY}"
            )
        return product

    def _solve(self, j: int) -> FloatArray:
        """Solve the lasso without feature j, from columns of unit length."""
        others = np.delete(np.arange(self._w.size), j)
        unit, scale, design = self._design
        l1 = (scale * self._data.l1)[others] / (len(self._data.y) * unit)
        problem = Problem(design.restricted(others), 0, ElasticNet(l1, np.zeros_like(l1)))
        near = np.where(scale > 0, self._w / np.where(scale > 0, scale, 1.0), 0.0)[others] / unit
        start = problem.better_than_zero(near)
        result = active_set(problem, start, Settings(None, AUTO_ITERATIONS, ROUNDING))
        return np.insert(result.w, j, 0.0)  # only its signs are used

    @cached_property
    def _design(self) -> tuple[float, FloatArray, Design]:
        """The unit of y and the factors of the columns in which the solver has them; the data."""
        data = self._data
        unit = float(np.abs(data.y).max()) or 1.0
        scale = inverse_roots(np.einsum("ij,ij->j", data.A, data.A))
        design, _ = design_of_rows(
            rows_of(data.A * scale),
            data.y[:, None] / unit,
            None,
            Preprocessing(centred=False, standardize=False),
            scale == 0,
            any_without_l1=not data.l1.all(),
        )
        return unit, scale, design
