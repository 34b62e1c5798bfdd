"""An impartial judge, and problems whose answer is known: written from the formulas alone.

Nothing here imports sklearn_reg. The objective, for one target y, sample weights s (default 1) and
penalty weights v (default 1; 0 = free, inf = excluded):

    F(w, b) = 1/(2 sum s) sum_i s_i (y_i - x_i.w - b)^2
              + lambda sum_j v_j ( l1_ratio |w_j| + (1 - l1_ratio)/2 w_j^2 )

The duality gap at (w, b): for any theta with weighted mean zero (any theta without intercept),
Fenchel's inequality gives, with S = diag(s) / sum s, r the residual and u = X'S theta,

    F(w, b) - min F <= 1/2 |r - theta|_S^2 + sum_j ( h_j(w_j) + h_j*(u_j) - u_j w_j ).

The judge takes theta = c (r - P r): P projects on the mean and the free columns, and c <= 1 is the
largest factor that keeps every h_j* finite. With bounds lower <= w <= upper (positive: lower = 0)
h_j is infinite beyond them, and h_j* is finite on a side that has one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st
from scipy.optimize import lsq_linear, nnls

Array = np.ndarray[Any, Any]
Exact = np.longdouble  # more digits than the package has, where the machine offers them
# Where residuals are rounding, so is the dual point that they are: less of it is better.
SHARES = (1.0, *np.logspace(-0.5, -16, 32), 0.0)


class Data(NamedTuple):
    """One problem: what goes into F, and whether b is fitted."""

    X: Array
    y: Array
    lambda_: float
    l1_ratio: float = 1.0
    sample_weight: Array | None = None
    penalty_weights: Array | None = None
    fit_intercept: bool = True
    positive: bool = False
    bounds: tuple[Array, Array] | None = None

    def in_columns_of(self, X: Array, spread: Array) -> Data:
        """Return the problem for columns that were divided by their spread."""
        bounds = None if self.bounds is None else (self.bounds[0] * spread, self.bounds[1] * spread)
        return self._replace(X=X, bounds=bounds)


class Solved(NamedTuple):
    """A problem with its exact solution."""

    data: Data
    coef: Array
    intercept: float


# --- the judge ----------------------------------------------------------------------------------


def objective(data: Data, coef: Array, intercept: float = 0.0) -> float:
    """F(w, b)."""
    s, v = _shares(data), _penalty_weights(data)
    w = np.asarray(coef, dtype=Exact)
    lower, upper = _limits(data)
    if np.any(w[np.isinf(v)] != 0) or np.any(w < lower) or np.any(w > upper):
        return np.inf
    r = data.y - data.X.astype(Exact) @ w - Exact(intercept)
    v = np.where(np.isinf(v), 0.0, v)
    l1, l2 = np.abs(w), 0.5 * w * w
    penalty = np.sum(v * (data.l1_ratio * l1 + (1 - Exact(data.l1_ratio)) * l2))
    return float(0.5 * (s @ (r * r)) + data.lambda_ * penalty)


def duality_gap(
    data: Data, coef: Array, intercept: float = 0.0, shares: Sequence[float] = (1.0,)
) -> float:
    """Return an upper bound of F(w, b) - min F that vanishes at the optimum.

    The dual point is the residual, times the largest c at which it is feasible; the lowest gap
    counts where it is to be taken times other `shares` of c, too.
    """
    s, v = _shares(data), _penalty_weights(data)
    keep = np.isfinite(v)
    X, w, v = data.X.astype(Exact)[:, keep], np.asarray(coef, dtype=Exact)[keep], v[keep]
    r = data.y - X @ w - Exact(intercept)
    centred = r
    if data.fit_intercept:
        X, centred = X - s @ X, r - s @ r
    l1 = data.lambda_ * data.l1_ratio * v
    l2 = data.lambda_ * (1 - Exact(data.l1_ratio)) * v
    free = (l1 == 0) & (l2 == 0)
    limits = tuple(limit[keep] for limit in _limits(data))
    theta = centred - _explained(X[:, free], centred, s, tuple(limit[free] for limit in limits))
    u = X.T @ (s * theta)
    rises, falls = np.isinf(limits[1]), np.isinf(limits[0])
    # Free columns pull to no open side, by construction; what is left is rounding.
    u[free] = np.clip(u, np.where(falls, 0, u), np.where(rises, 0, u))[free]
    pull = np.maximum(np.where(rises, u, 0), np.where(falls, -u, 0))
    hard = ~free & (l2 == 0) & (pull > l1)
    most = np.min(l1[hard] / pull[hard], initial=1.0)
    return min(_gap_at(most * c, w, u, (r, theta), s, (l1, l2, *limits)) for c in shares)


def _gap_at(
    c: Any, w: Array, u: Array, residuals: tuple[Array, Array], s: Array, levels: Any
) -> float:
    """F minus the dual objective at c theta."""
    (r, theta), (l1, l2, lower, upper) = residuals, levels
    excess = np.maximum(np.abs(c * u) - l1, 0)
    # The furthest that a weight goes in the direction of u: none where h* is finite by c.
    end = np.where(u > 0, upper, -lower)
    flat = np.where(np.isinf(end), 0, end)
    m = np.where(l2 > 0, np.minimum(excess / np.where(l2 > 0, l2, 1), end), flat * (excess > 0))
    conjugate = excess * m - 0.5 * l2 * m * m
    terms = l1 * np.abs(w) + 0.5 * l2 * w * w + conjugate - c * u * w
    return float(0.5 * (s @ (r - c * theta) ** 2) + np.sum(terms))


def distance(data: Data, coef: Array, intercept: float, enough: float) -> float:
    """Return F(w, b) - min F, or more; where more than `enough`, as coordinate descent finds it.

    The dual point of w itself says little where w is rounded to seven digits or residuals are
    small. With unpenalised columns that have bounds that of any point may: there the end of
    descent counts as the minimum.
    """
    bound = duality_gap(data, coef, intercept, SHARES)
    if bound <= enough:
        return bound
    better = _polished(data, _descended(data, np.asarray(coef, dtype=float)))
    s = _shares(data)
    b = float(s @ (data.y - data.X.astype(Exact) @ better)) if data.fit_intercept else 0.0
    bounded = data.positive or data.bounds is not None
    rest = 0.0 if bounded else duality_gap(data, better, b, SHARES)
    return min(bound, objective(data, coef, intercept) - objective(data, better, b) + rest)


def _descended(data: Data, w: Array, sweeps: int = 3000) -> Array:
    """Minimise F over one coefficient after another."""
    s, v = _shares(data).astype(float), _penalty_weights(data)
    X, y = data.X, data.y
    if data.fit_intercept:
        X, y = X - s @ X, y - s @ y
    gram, cross, w = (X.T * s) @ X, X.T @ (s * y), w.copy()
    kept, v = np.isfinite(v), np.where(np.isfinite(v), v, 0.0)
    l1, l2 = data.lambda_ * data.l1_ratio * v, data.lambda_ * (1 - data.l1_ratio) * v
    movable = np.flatnonzero(kept & (gram.diagonal() + l2 > 0))
    lower, upper = _limits(data)
    for _ in range(sweeps):
        before = w.copy()
        for j in movable:
            rest = cross[j] - gram[j] @ w + gram[j, j] * w[j]
            shrunk = np.sign(rest) * max(abs(rest) - l1[j], 0.0)
            w[j] = np.clip(shrunk / (gram[j, j] + l2[j]), lower[j], upper[j])
        if np.array_equal(before, w):
            break
    return w


def _polished(data: Data, w: Array) -> Array:
    """Solve the conditions of optimality on the support of w, with its signs, in all digits."""
    if data.bounds is not None:
        return w
    s, support = _shares(data), np.flatnonzero(w)
    v = _penalty_weights(data)[support]
    Z, t, sign = data.X.astype(Exact)[:, support], data.y.astype(Exact), np.sign(w[support])
    if data.fit_intercept:
        Z, t = Z - s @ Z, t - s @ t
    l1, l2 = data.lambda_ * data.l1_ratio * v, data.lambda_ * (1 - Exact(data.l1_ratio)) * v
    gram = (Z.T * s) @ Z + np.diag(l2)
    found = _eliminated(gram, Z.T @ (s * t) - l1 * sign)
    if (found * sign < 0).any():
        return w
    polished = w.astype(Exact)
    polished[support] = found
    return polished


def _eliminated(A: Array, b: Array) -> Array:
    """Solve A x = b for a semi-definite A by elimination; dependent unknowns are zero."""
    A, b, x = A.copy(), b.copy(), np.zeros_like(b)
    order: list[int] = []
    lengths = A.diagonal().copy()
    while len(order) < len(b):
        left = np.where(lengths > 0, A.diagonal() / np.where(lengths > 0, lengths, 1), 0)
        left[order] = 0
        k = int(left.argmax())
        if left[k] <= 1e-14:
            break
        order.append(k)
        others = np.setdiff1d(np.arange(len(b)), order)
        factors = A[others, k] / A[k, k]
        A[others], b[others] = A[others] - np.outer(factors, A[k]), b[others] - factors * b[k]
    for k in reversed(order):
        x[k] = (b[k] - A[k] @ x + A[k, k] * x[k]) / A[k, k]
    return x


def null_objective(data: Data) -> float:
    """F(0, mean y), or F(0, 0) without intercept: the unit of every tolerance."""
    s, y = _shares(data), data.y.astype(Exact)
    if data.fit_intercept:
        y = y - s @ y
    return float(0.5 * (s @ (y * y)))


def lambda_max(data: Data) -> float:
    """Return the smallest lambda at which every penalised weight is zero (l1_ratio > 0)."""
    s, v = _shares(data), _penalty_weights(data)
    X, y = data.X.astype(Exact), data.y.astype(Exact)
    if data.fit_intercept:
        X, y = X - s @ X, y - s @ y
    lower, upper = _limits(data)
    if data.bounds is not None:  # the residual of a least-squares problem with bounds
        free, some = (v == 0) & (lower < upper), np.sqrt(s).astype(float)
        if free.any():
            A, b = (X * some[:, None])[:, free].astype(float), (some * y).astype(float)
            w = lsq_linear(A, b, (lower[free], upper[free]), method="bvls", tol=1e-14).x
            y = y - X[:, free] @ w
    else:
        y = y - _explained(X[:, v == 0], y, s, (lower[v == 0], upper[v == 0]))
    u = X.T @ (s * y)
    pull = np.maximum(np.where(upper > 0, u, 0), np.where(lower < 0, -u, 0))
    penalised = (v > 0) & np.isfinite(v)
    return float(np.max(pull[penalised] / (v[penalised] * data.l1_ratio), initial=0.0))


def largest_curvature(data: Data) -> float:
    """L: the largest eigenvalue of the weighted centred Gram plus the L2 penalty."""
    s = _shares(data).astype(float)
    X = data.X - s @ data.X if data.fit_intercept else data.X
    l2 = data.lambda_ * (1 - data.l1_ratio) * _penalty_weights(data)
    return float(np.linalg.eigvalsh((X.T * s) @ X + np.diag(l2))[-1])


def textbook_descent(
    data: Data, learning_rate: float, n_iterations: int, *, prox: bool = True
) -> list[tuple[Array, float]]:
    """(w, b) after each step of  w <- prox(w - rate * gradient)  from zero, in plain NumPy.

    Without `prox`, the L1 part enters the gradient as l1 * sign(w): subgradient descent.
    """
    s, v = _shares(data).astype(float), _penalty_weights(data)
    x_mean, y_mean = (s @ data.X, s @ data.y) if data.fit_intercept else (0.0 * data.X[0], 0.0)
    X, y = data.X - x_mean, data.y - y_mean
    l1, l2 = data.lambda_ * data.l1_ratio * v, data.lambda_ * (1 - data.l1_ratio) * v
    w = np.zeros(X.shape[1])
    steps = []
    for _ in range(n_iterations):
        gradient = X.T @ (s * (X @ w - y)) + l2 * w
        if prox:
            z = w - learning_rate * gradient
            w = np.sign(z) * np.maximum(np.abs(z) - learning_rate * l1, 0.0)
        else:
            w = w - learning_rate * (gradient + l1 * np.sign(w))
        steps.append((w, float(y_mean - x_mean @ w)))
    return steps


def _shares(data: Data) -> Array:
    """Sample weights of sum one."""
    s = np.ones(len(data.y)) if data.sample_weight is None else data.sample_weight
    s = np.asarray(s, dtype=Exact)
    return s / s.sum()


def _penalty_weights(data: Data) -> Array:
    v = data.penalty_weights
    return np.ones(data.X.shape[1]) if v is None else np.asarray(v, dtype=float)


def _limits(data: Data) -> tuple[Array, Array]:
    """Lower and upper bounds."""
    p = data.X.shape[1]
    lower, upper = data.bounds or (np.full(p, -np.inf), np.full(p, np.inf))
    return (np.maximum(lower, 0.0) if data.positive else lower), upper


def _explained(X: Array, r: Array, s: Array, limits: tuple[Array, Array]) -> Array:
    """Projection of r, in the norm of s, on the span of X, or on the cone that the limits leave.

    A column with a bound on one side may be added to that cone in the direction of the other; one
    with two bounds not at all.
    """
    rises, falls = np.isinf(limits[1]), np.isinf(limits[0])
    is_cone = not (rises & falls).all()
    if is_cone:
        X = np.column_stack([X[:, rises], -X[:, falls]])
    total = np.zeros_like(r)
    if X.shape[1] == 0:
        return total
    root = np.sqrt(s).astype(float)
    size = np.linalg.norm((X * root[:, None]).astype(float), axis=0)
    X = X / np.where(size > 0, size, 1)
    weighted = (X * root[:, None]).astype(float)
    if is_cone:
        target = root * r.astype(float)
        found = nnls(weighted, target)[0]
        # Where nothing but rounding is left to explain, nnls of SciPy may move away from zero.
        closer = np.linalg.norm(target - weighted @ found) < np.linalg.norm(target)
        return np.asarray(X @ found) if closer else total
    for _ in range(2):  # the second time removes the rounding of the first
        step = np.linalg.lstsq(weighted, root * (r - total).astype(float), rcond=1e-12)[0]
        total = total + X @ step
    return total


# --- problems with a known answer ---------------------------------------------------------------


def ridge_from_svd(
    rng: np.random.Generator, n: int, p: int, lambda_: float, *, condition: float = 10.0
) -> Solved:
    """A ridge problem built from its singular values, so that the exact answer is written down.

    X = U diag(d) V' + 1 m' with U orthonormal and centred; then  w = V diag(d / (d^2 + n lambda))
    U'y  and  b = mean y - m.w.
    """
    k = min(n - 1, p)
    U = np.linalg.qr(np.column_stack([np.ones(n), rng.normal(size=(n, k))]))[0][:, 1:]
    V = np.linalg.qr(rng.normal(size=(p, k)))[0]
    d = np.geomspace(1.0, condition, k) * np.sqrt(n)
    means, y_mean = rng.normal(size=p), 2.0
    along = rng.normal(size=k) * np.sqrt(n)
    beyond = rng.normal(size=n)
    beyond -= beyond.mean() + U @ (U.T @ beyond)
    coef = V @ (d / (d**2 + n * lambda_) * along)
    data = Data(U * d @ V.T + means, U @ along + beyond + y_mean, lambda_, 0.0)
    return Solved(data, coef, float(y_mean - means @ coef))


def solved_by_kkt(
    rng: np.random.Generator,
    n: int,
    p: int,
    *,
    n_active: int,
    lambda_: float = 0.5,
    l1_ratio: float = 1.0,
    weighted: bool = False,
) -> Solved:
    """A lasso or elastic-net problem around its solution.

    Choose w and a centred residual r, then tilt every column of X along r until the conditions
    of Karush, Kuhn and Tucker hold exactly:  x_j.S r = lambda (l1_ratio sign w_j + (1 - l1_ratio)
    w_j)  on the support, and less than lambda l1_ratio in size beside it. Then y = X w + b + r.
    """
    s = rng.uniform(0.5, 2.0, n) if weighted else np.ones(n)
    share = s / s.sum()
    r = rng.normal(size=n)
    r -= share @ r
    coef = np.zeros(p)
    active = rng.choice(p, n_active, replace=False)
    coef[active] = rng.choice([-1.0, 1.0], n_active) * rng.uniform(0.5, 2.0, n_active)
    wanted = lambda_ * l1_ratio * rng.uniform(-0.9, 0.9, p)
    wanted[active] = lambda_ * (l1_ratio * np.sign(coef) + (1 - l1_ratio) * coef)[active]
    X = rng.normal(size=(n, p))
    for _ in range(2):  # the second time removes the rounding of the first
        X += np.outer(r, (wanted - X.T @ (share * r)) / (share @ r**2))
    X += rng.normal(size=p)
    intercept = 1.5
    data = Data(X, X @ coef + intercept + r, lambda_, l1_ratio, s if weighted else None)
    return Solved(data, coef, intercept)


def regression(
    rng: np.random.Generator, n: int, p: int, *, n_informative: int | None = None, noise: float = 1
) -> tuple[Array, Array, Array]:
    """X, y and the weights behind them: the first `n_informative` are 1 to 3 in size, others 0."""
    w = rng.choice([-1.0, 1.0], p) * rng.uniform(1.0, 3.0, p)
    w[p if n_informative is None else n_informative :] = 0.0
    X = rng.normal(size=(n, p)) + rng.normal(size=p)
    return X, X @ w + 1.0 + noise * rng.normal(size=n), w


def correlated(rng: np.random.Generator, n: int, p: int, rho: float) -> Array:
    """Columns of which neighbours correlate by rho."""
    X = rng.normal(size=(n, p))
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    return X


def nearly_equal(n: int, p: int, apart: float) -> tuple[Array, Array]:
    """X of four copies of p / 4 columns, this far apart, and a y that needs the difference."""
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(n, p // 4))
    X = np.hstack([columns + apart * rng.normal(size=columns.shape) for _ in range(4)])
    difference = (X[:, 0] - X[:, p // 4]) / apart
    return X, X[:, :5].sum(axis=1) + difference + 0.1 * rng.normal(size=n)


def sparse_design(rng: np.random.Generator, n: int, p: int, density: float) -> sp.csr_array:
    """A sparse X whose columns have means that are not zero."""
    X = sp.random_array((n, p), density=density, rng=rng, format="csr")
    X.data += 0.5
    return X


# How the same numbers may be stored.
LAYOUTS: dict[str, Callable[[Array], Any]] = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "CSR": sp.csr_array,
    "CSC": sp.csc_array,
    "CSR, zeros stored": lambda X: sp.csr_array(
        (X.ravel(), np.tile(np.arange(X.shape[1]), len(X)), X.shape[1] * np.arange(len(X) + 1)),
        shape=X.shape,
    ),
}

# --- problems at random -------------------------------------------------------------------------

KINDS = ("gaussian", "integer", "correlated", "mostly zero", "low rank")
L1_RATIOS = (0.0, 0.1, 0.5, 0.9, 1.0)


@st.composite
def problems(
    draw: st.DrawFn,
    max_rows: int = 30,
    max_columns: int = 60,
    positive: bool = False,
    bounded: bool = False,
) -> Data:
    """Problems of all shapes, with what goes wrong in practice.

    Duplicate, constant and unequally scaled columns, integer data, weights with zeros, penalty
    weights that free or exclude, and lambda from 0 to beyond lambda_max.
    """
    n, p = draw(st.integers(1, max_rows)), draw(st.integers(1, max_columns))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = _design(rng, draw(st.sampled_from(KINDS)), n, p)
    if draw(st.booleans()):
        X = X * 10.0 ** rng.integers(-2, 3, size=p)
    if p > 1 and draw(st.booleans()):
        X[:, -1] = X[:, 0]
    if p > 2 and draw(st.booleans()):
        X[:, 1] = rng.integers(-1, 2) * 0.1
    w = rng.normal(size=p) * (rng.random(p) < 0.3)
    y = (
        X @ w
        + rng.choice([0.0, 0.1, 10.0])
        + draw(st.sampled_from([0.0, 1.0])) * rng.normal(size=n)
    )
    if draw(st.booleans()):
        y = np.round(y)
    data = Data(
        X,
        y,
        1.0,
        draw(st.sampled_from(L1_RATIOS)),
        draw(_sample_weights(rng, n)),
        draw(_penalties(rng, p)),
        draw(st.booleans()),
        positive,
    )
    if bounded:
        data = data._replace(bounds=_bounds(rng, w))
    top = lambda_max(data._replace(l1_ratio=1.0))
    if top <= 1e-9 * np.abs(X).max() * np.abs(y).max():  # nothing to explain but rounding
        top = 1.0
    share = draw(st.sampled_from([0.0, 1e-3, 1e-2, 0.1, 0.5, 1.0, 2.0]))
    return data._replace(lambda_=share * top)


def _design(rng: np.random.Generator, kind: str, n: int, p: int) -> Array:
    if kind == "integer":
        return rng.integers(-3, 4, size=(n, p)).astype(float)
    if kind == "correlated":
        return correlated(rng, n, p, 0.95)
    if kind == "mostly zero":
        return rng.normal(size=(n, p)) * (rng.random((n, p)) < 0.1)
    if kind == "low rank":
        return rng.normal(size=(n, 2)) @ rng.normal(size=(2, p))
    return rng.normal(size=(n, p)) + rng.normal(size=p)


def _sample_weights(rng: np.random.Generator, n: int) -> st.SearchStrategy[Array | None]:
    some = rng.integers(0, 4, n).astype(float)
    some[rng.integers(n)] = 2.0
    return st.sampled_from([None, some, rng.uniform(0.1, 3.0, n)])


def _penalties(rng: np.random.Generator, p: int) -> st.SearchStrategy[Array | None]:
    free_and_excluded = rng.choice([0.0, 0.5, 1.0, 3.0, np.inf], p, p=[0.1, 0.2, 0.4, 0.2, 0.1])
    return st.sampled_from([None, free_and_excluded, rng.uniform(0.5, 2.0, p)])


def _bounds(rng: np.random.Generator, w: Array) -> tuple[Array, Array]:
    """Draw bounds of all kinds: none, zero, far, and such that the coefficients w reach them."""
    size = np.float32(np.abs(w).max(initial=0.1) or 1.0)
    ends = np.array([np.inf, np.inf, 0.0, 0.01, 0.3, 100.0], dtype=np.float32)
    upper, lower = (rng.choice(ends, w.size) * size for _ in range(2))
    return -lower.astype(float), upper.astype(float)
