r"""Square-root lassos of many targets on the same rows, with a certificate.

With columns of variance one, the square-root lasso [1]_ (the scaled lasso [2]_) is the lasso at the
lambda that is `level` times the root mean square of its own residuals z,

    lambda = level |z| / sqrt(n).

It needs no estimate of the noise: the root mean square of z is one. Along the path of the lasso
|z| falls with lambda, and between two events

    |z(lambda)|^2 / n = (1 - c_S'b) + lambda^2 s'd,

with S the features, s their signs, c = A't / n for the target t, b and d as in `row_homotopy`. So
the lambda where the path has to end is known exactly.

References
----------
.. [1] A. Belloni, V. Chernozhukov, L. Wang (2011). Square-root lasso: pivotal recovery of sparse
   signals via conic programming. Biometrika 98(4). https://doi.org/10.1093/biomet/asr043
.. [2] T. Sun, C.-H. Zhang (2012). Scaled sparse linear regression. Biometrika 99(4).
   https://doi.org/10.1093/biomet/ass043
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sklearn_reg._data.designs import RowsDesign
from sklearn_reg._data.rows import rows_of
from sklearn_reg._solvers import AUTO_ITERATIONS, Settings
from sklearn_reg._solvers.active_set import active_set
from sklearn_reg._solvers.homotopy import APART, PARALLEL
from sklearn_reg._solvers.problem import Problem
from sklearn_reg._solvers.row_homotopy import RowPaths
from sklearn_reg._tools.linalg import inverse_roots
from sklearn_reg._tools.threads import in_rounds, mapped_in_threads
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray
from sklearn_reg.penalties import ElasticNet

AT_ONCE = 2**18  # numbers in one array of the paths that are followed together
CERTIFIED = 1e-9  # the largest gap, relative to F(0)
# A path is followed while |z| / sqrt(n) is above the first number, for a target of variance one.
# The other solver goes on to the second, below which the columns explain the target: its gap, a
# square, has no more digits.
FOLLOWED, FLOOR = 1e-3, 1e-5
# Steps of lambda = level |z| / sqrt(n) from one lasso to the next, and when they stand still.
STEPS, STILL = 100, 1e-12


class Solutions(NamedTuple):
    """Square-root lassos, one a row, in the units of the columns and targets."""

    residuals: FloatArray  # z, of shape (n_targets, n)
    coefs: FloatArray  # of shape (n_targets, n_columns); without columns unless they are asked for
    lambdas: FloatArray  # in units of columns and targets of variance one
    gaps: FloatArray  # of the lassos at these lambdas, relative to F(0)


def universal_level(n: int, p: int) -> float:
    """Return sqrt(2 log(p) / n), below which noise alone keeps correlations as n and p grow."""
    return float(np.sqrt(2.0 * np.log(max(p, 2)) / n))


def square_root_lasso(
    A: FloatArray,
    targets: FloatArray,
    own: IndexArray | None = None,
    *,
    level: float,
    with_coefs: bool = True,
) -> Solutions:
    """Solve the square-root lasso of each target.

    Parameters
    ----------
    A : ndarray of shape (n, n_columns)
        Centred columns, none of them zero; there may be none.
    targets : ndarray of shape (n, n_targets)
        Centred targets; those that are zero get no coefficients.
    own : ndarray of shape (n_targets,), default=None
        The column that each target is, which gets no coefficient.
    level : float
        lambda over the root mean square of the residuals.
    with_coefs : bool, default=True
        Whether to return coefficients.
    """
    n, p = A.shape
    scale = np.sqrt(n) * inverse_roots(np.einsum("ij,ij->j", A, A))
    sizes = np.sqrt(np.einsum("ij,ij->j", targets, targets) / n)
    unit = np.asfortranarray(A * (scale / np.sqrt(n)))
    step = max(1, AT_ONCE // max(2 * p, 1))
    varying = np.flatnonzero(sizes) if p else np.arange(0)
    groups = [varying[k : k + step] for k in range(0, varying.size, step)]
    n_targets = targets.shape[1]
    solutions = Solutions(
        targets.T.copy(),
        np.zeros((n_targets, p if with_coefs else 0)),
        np.full(n_targets, level),
        np.zeros(n_targets),
    )

    def solve(group: IndexArray) -> Solutions:
        T = (targets[:, group] / (np.sqrt(n) * sizes[group])).T
        mine = np.full(group.size, -1) if own is None else own[group]
        return _solve(unit, T, mine, level, with_coefs)

    with mapped_in_threads(len(groups)) as mapped:
        for group, part in zip(groups, in_rounds(mapped, solve, groups), strict=True):
            size = sizes[group, None]
            solutions.residuals[group] = part.residuals * (np.sqrt(n) * size)
            solutions.coefs[group] = part.coefs * scale * size if with_coefs else part.coefs
            solutions.lambdas[group], solutions.gaps[group] = part.lambdas, part.gaps
    return solutions


def _solve(
    A: FloatArray, T: FloatArray, own: IndexArray, level: float, with_coefs: bool
) -> Solutions:
    """Solve for targets in the rows of T; these and the columns of A have length one."""
    paths = SquareRootPaths(A, T, own, level)
    for _ in paths.events():
        pass
    gaps = _gaps(A, T, own, paths)
    for k in np.flatnonzero(~paths.found | (gaps > CERTIFIED)).tolist():
        gaps[k] = _alone(A, T[k], int(own[k]), level, paths, k)
    coefs = paths.coefficients(A.shape[1] if with_coefs else 0)
    return Solutions(paths.residuals, coefs, paths.lambdas, gaps)


def _leave_out(own: IndexArray, values: FloatArray, value: float = 0.0) -> None:
    """Set the values of the column that each target is; their last axis is the columns."""
    known = np.flatnonzero(own >= 0)
    values[known, ..., own[known]] = value


def _gaps(A: FloatArray, T: FloatArray, own: IndexArray, paths: SquareRootPaths) -> FloatArray:
    """Return duality gaps relative to F(0) = 1/2, at the dual point that scales the residual."""
    Z, lambdas = paths.residuals, paths.lambdas
    u = Z @ A
    _leave_out(own, u)
    largest = np.abs(u).max(axis=1, initial=0.0)
    c = np.minimum(1.0, lambdas / np.maximum(largest, np.finfo(float).tiny))
    squares = np.einsum("kn,kn->k", Z, Z)
    matched = np.einsum("kn,kn->k", T, Z) - squares
    gaps = (1.0 - c) ** 2 * squares + 2.0 * (lambdas * paths.norms - c * matched)
    return np.asarray(np.maximum(gaps, 0.0))


def _alone(
    A: FloatArray, t: FloatArray, own: int, level: float, paths: SquareRootPaths, k: int
) -> float:
    """Solve one target by lassos of the certified solver, whose lambda follows |z|."""
    n, p = A.shape
    factors = np.ones(p)
    if own >= 0:
        factors[own] = 0.0
    share, means = np.full(n, 1.0 / n), np.zeros(p)
    Y = np.sqrt(n) * t[:, None]
    cross = factors[:, None] * (A.T @ t[:, None])
    design = RowsDesign(rows_of(np.sqrt(n) * A), Y, share, means, factors, cross)
    w, lambda_ = np.zeros(p), level
    for _ in range(STEPS):
        problem = Problem(design, 0, ElasticNet(np.full(p, lambda_), np.zeros(p), None))
        result = active_set(problem, w, Settings(None, AUTO_ITERATIONS, 0.01 * CERTIFIED))
        w = result.w
        z = t - A @ (factors * w)
        moved = level * float(np.linalg.norm(z))
        if moved < FLOOR * level or abs(moved - lambda_) <= STILL * lambda_:
            break
        lambda_ = moved
    paths.write(k, z, lambda_, w)
    return result.gap / problem.null


class SquareRootPaths(RowPaths):
    """Lasso paths of targets on the same columns, each up to its own lambda.

    Attributes
    ----------
    residuals : ndarray of shape (n_targets, n)
    lambdas, norms : ndarray of shape (n_targets,)
        lambda, and the sum of |w_j| there.
    found : ndarray of shape (n_targets,) of bool
        Whether the path has met its condition.
    """

    state = (*RowPaths.state, "_targets", "_own")

    def __init__(self, A: FloatArray, T: FloatArray, own: IndexArray, level: float) -> None:
        k, (n, p) = len(T), A.shape
        self._A, self._targets, self._level = A, T, level
        crosses, lengths = T @ A, np.ones((k, p))
        self._own = own
        _leave_out(own, crosses)
        _leave_out(own, lengths)
        self.residuals, self.lambdas, self.norms = T.copy(), np.full(k, level), np.zeros(k)
        self._supports: dict[int, tuple[IndexArray, FloatArray]] = {}
        self.found = np.abs(crosses).max(axis=1, initial=0.0) <= level  # zero is the solution
        ends = np.where(self.found, level, FOLLOWED * level)[:, None]
        super().__init__(crosses, lengths, n, ends, None, CERTIFIED)

    def write(self, k: int, z: FloatArray, lambda_: float, w: FloatArray) -> None:
        """Keep a solution of another solver."""
        support = np.flatnonzero(w)
        self.residuals[k], self.lambdas[k], self.norms[k] = z, lambda_, float(np.abs(w).sum())
        self._supports[k] = support, w[support]

    def coefficients(self, p: int) -> FloatArray:
        """Return the coefficients, of shape (n_targets, p); none if p is zero."""
        coefs = np.zeros((len(self.lambdas), p))
        if p:
            for k, (support, w) in self._supports.items():
                coefs[k, support] = w
        return coefs

    def _column(self, paths: IndexArray, feature: IndexArray) -> FloatArray:
        """Copy a column of each of these paths, of shape (n_paths, n)."""
        return np.asarray(self._A[:, feature].T)

    def _correlations(self, fitted: FloatArray) -> FloatArray:
        """Return A'v of vectors of shape (n_live, 2, n)."""
        k, two, n = fitted.shape
        products = (fitted.reshape(-1, n) @ self._A).reshape(k, two, -1)
        _leave_out(self._own, products)
        return np.asarray(products)

    def _next_events(self) -> tuple[FloatArray, FloatArray, IndexArray, FloatArray]:
        """Return the next event of each path; a path ends where it meets its condition.

        There are no bounds, and `_gaps` tells whether the paths were right: this is faster than
        the events of the base classes, and the same.
        """
        kinds = self._events_of_lines()
        left = np.flatnonzero(self._left >= 0)
        if left.size:  # features that have just left
            again = kinds[left, :, self._left[left]]
            again[again > (1.0 - APART) * self.levels[left, None]] = -np.inf
            kinds[left, :, self._left[left]] = again
        rows = np.arange(len(kinds))
        kind, feature = np.divmod(kinds.reshape(len(kinds), -1).argmax(axis=1), kinds.shape[2])
        at = np.clip(kinds[rows, kind, feature], 0.0, self.levels)
        leaves = self._signs[rows, feature] != 0
        sign = np.where(leaves, 0.0, np.where(kind == 0, 1.0, -1.0))
        self._ended |= self._end(at)
        return np.where(self._ended, -np.inf, at), sign, feature, np.zeros(len(kinds))

    def _events_of_lines(self) -> FloatArray:
        """Return the lambda where each u arrives at lambda and at -lambda, or w comes back to zero.

        Its shape is (n_live, 2, n_features). Lambdas beyond that of the last event are rounding,
        and as good as that.
        """
        origin, slope = self._tableaus[:, 0], self._tableaus[:, 1]
        kinds = np.empty((len(origin), 2, origin.shape[1]))
        with np.errstate(divide="ignore", invalid="ignore"):
            for kind, sign in ((0, 1.0), (1, -1.0)):
                low = 1.0 + sign * slope
                np.divide(sign * origin, low, out=kinds[:, kind])
                np.copyto(kinds[:, kind], -np.inf, where=low <= PARALLEL)
        path, place = np.nonzero(self._features >= 0)
        feature, b, d = self._features[path, place], *self._lines[path, :, place].T
        kinds[path, :, feature] = -np.inf
        back = self._signs[path, feature] * d < 0
        kinds[path[back], 0, feature[back]] = b[back] / d[back]
        _leave_out(self._own, kinds, -np.inf)
        np.minimum(kinds, self.levels[:, None, None], out=kinds)
        return kinds

    def _end(self, at: FloatArray) -> BoolArray:
        """Write down the paths that meet their condition before the next event."""
        inside = self._features >= 0
        places = np.where(inside, self._features, 0)
        b, d = self._lines[:, 0], self._lines[:, 1]
        crosses = np.where(inside, np.take_along_axis(self._crosses, places, axis=1), 0.0)
        signs = np.where(inside, np.take_along_axis(self._signs, places, axis=1), 0.0)
        # The lines of free places are zero.
        rest = np.maximum(1.0 - np.einsum("km,km->k", crosses, b), 0.0)
        slope = 1.0 - self._level**2 * np.einsum("km,km->k", signs, d)
        lambdas = np.full(len(at), np.inf)
        np.divide(self._level**2 * rest, slope, out=lambdas, where=slope > 0)
        lambdas = np.sqrt(lambdas)
        here = ~self._ended & (lambdas >= np.maximum(at, self._grid[:, -1]))
        here &= lambdas <= self.levels * (1.0 + CERTIFIED)
        if here.any():
            chosen = self.live[here]
            W = np.where(inside[here], b[here] - lambdas[here, None] * d[here], 0.0)
            fitted = np.matmul(W[:, None], self._columns[here])[:, 0]
            self.residuals[chosen] = self._targets[here] - fitted
            self.lambdas[chosen], self.norms[chosen] = lambdas[here], np.abs(W).sum(axis=1)
            self.found[chosen] = True
            for k, of, features, w in zip(chosen, inside[here], places[here], W, strict=True):
                self._supports[int(k)] = features[of], w[of]
        return np.asarray(here)

    def _write(self, at: FloatArray) -> None:
        """Write nothing: a path is written down where it ends."""
