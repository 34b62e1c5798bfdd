"""Many small problems on moments at once: their paths, each point certified.

The formulas are those of `Problem.bound` where every feature has a penalty, for arrays whose first
axes are the problem and the penalty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._data.units import View
from sklearn_reg._solvers.homotopy import lasso_paths
from sklearn_reg._solvers.newton_paths import elastic_net_paths
from sklearn_reg._tools.bounds import Bounds
from sklearn_reg._tools.linalg import EPS
from sklearn_reg._tools.typing import BoolArray, FloatArray
from sklearn_reg.penalties import attaining

# Up to so many features a path by homotopy costs less than one by working sets.
MOST_FEATURES = 250
TINY, HUGE = 1e-100, 1e100  # penalties whose products and quotients are finite
LARGEST_BLOCK = 2**20  # numbers of the solutions that are made at once


class Problems(NamedTuple):
    """What tells problems of one target each apart; their first axis. See `Design`."""

    grams: FloatArray  # Z'S Z, of shape (n_problems, n_features, n_features)
    crosses: FloatArray  # Z'S y, of shape (n_problems, n_features)
    scatters: FloatArray  # y'S y
    sizes: FloatArray  # of the columns, of shape (n_problems, n_features)
    target_sizes: FloatArray
    rounded_sizes: FloatArray  # of the targets, in `Design.rounding`
    l1: FloatArray  # falling grids in units of v, of shape (n_problems, n_lambdas)
    l2: FloatArray  # likewise; all of l1 are positive or zero, and so are all of l2
    lower: FloatArray  # bounds, of shape (n_problems, n_features)
    upper: FloatArray


class Common(NamedTuple):
    """What problems that are solved together have in common."""

    weights: FloatArray  # v, all positive
    bounded: bool  # whether there are bounds
    tol: float


class PathRequest(NamedTuple):
    """Asks for the solutions of one target along its grid."""

    problem: Problems  # without the first axis
    common: Common

    @property
    def kind(self) -> tuple[object, ...]:
        """What requests that are answered together have in common."""
        weights, *others = self.common
        l2 = self.problem.l2
        return (*others, weights.tobytes(), l2.size, bool(l2.any()), bool(self.problem.l1.any()))

    @property
    def numbers(self) -> int:
        """Numbers of the solutions."""
        return self.problem.l2.size * self.problem.crosses.size


class PathSolution(NamedTuple):
    """Solutions along the grid, and whether every one is certified and accurate."""

    W: FloatArray  # of shape (n_lambdas, n_features)
    gaps: FloatArray  # with all that rounding may hide
    losses: FloatArray  # squares of the residual
    sure: BoolArray


def suits_batch(view: View, penalty: UnitPenalty, lambdas: FloatArray) -> bool:
    """Whether a path is small, and penalised where float64 can tell the penalty from none."""
    design = view.design
    if design.has_rows or design.n_features > MOST_FEATURES:
        return False
    if not (penalty.is_sparse or penalty.is_ridge or penalty.is_bounded_ridge):
        return False
    if design.hidden is not None and design.hidden.any():
        return False
    l1, l2 = _grids(view, penalty, lambdas)
    lowest, largest = penalty.weights.min(), penalty.weights.max()
    rounded = [EPS * design.largest_cross(target) for target in range(view.units.size)]
    if penalty.is_sparse and not (lowest * l1[:, -1] > rounded).all():
        return False
    if l2.any() and not lowest * l2[-1] > max(EPS * design.squares.max(), TINY):
        return False
    return bool(largest * max(l1[:, 0].max(), l2[0]) < HUGE)


def _grids(view: View, penalty: UnitPenalty, lambdas: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return l1 of each target, of shape (n_targets, n_lambdas), and l2, in units of v."""
    l1 = penalty.l1_ratio * lambdas / view.units[:, None]
    return l1, (1.0 - penalty.l1_ratio) * lambdas


def path_requests(
    view: View, penalty: UnitPenalty, lambdas: FloatArray, tol: float
) -> list[PathRequest]:
    """Return a request for each target, or none where the path is not one for a batch."""
    if not suits_batch(view, penalty, lambdas):
        return []
    design, (l1, l2) = view.design, _grids(view, penalty, lambdas)
    everything, nothing = np.arange(design.n_features), np.zeros(design.n_features)
    gram = design.gram(everything, everything)
    common = Common(penalty.weights, penalty.bounds is not None, tol)
    limits = [bounds_of(penalty, unit * view.columns.factors) for unit in view.units]
    return [
        PathRequest(
            Problems(
                gram,
                design.cross[:, target],
                design.scatter[target],
                design.sizes,
                np.asarray(design.target_size(target)),
                np.sqrt(design.rounding(nothing, target) / EPS),
                l1[target],
                l2,
                *limits[target],
            ),
            common,
        )
        for target in range(view.units.size)
    ]


def bounds_of(penalty: UnitPenalty, units: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return lower and upper bounds of w for the units of the coefficients."""
    bounds = penalty.bounds_in(units) or Bounds.none(units.shape)
    return bounds.lower, bounds.upper


def solve_paths(requests: Sequence[PathRequest]) -> list[PathSolution]:
    """Answer requests, those of one kind together."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for k, request in enumerate(requests):
        groups.setdefault(request.kind, []).append(k)
    answers: dict[int, PathSolution] = {}
    for members in groups.values():
        most = max(1, LARGEST_BLOCK // requests[members[0]].numbers)
        for start in range(0, len(members), most):
            some = members[start : start + most]
            stacked = zip(*(requests[k].problem for k in some), strict=True)
            solution = solve_batch(Problems(*map(np.array, stacked)), requests[some[0]].common)
            answers |= zip(some, map(PathSolution, *solution), strict=True)
    return [answers[k] for k in range(len(requests))]


def solve_batch(problems: Problems, common: Common) -> PathSolution:
    """Solve and certify paths; what is returned has an axis for the problems in front."""
    grams, crosses, scatters, sizes, target_sizes, rounded_sizes, l1, l2, lower, upper = problems
    weights, bounded, tol = common
    bounds = Bounds(lower, upper) if bounded else None
    if not l1.any() and bounds is None:
        W, solved = _ridge_paths(grams, crosses, weights, l2), np.ones(len(grams), dtype=bool)
    elif l2.any():
        W, solved = elastic_net_paths(grams, crosses, weights, l1, l2, bounds)
    else:
        W, solved = lasso_paths(grams, crosses, weights, l1, bounds)
    each = None if bounds is None else bounds[:, None]
    if each is not None:  # rounding may have put a weight beyond
        W = each.clip(W)
    size = np.abs(W)
    u = crosses[:, None] - W @ grams
    losses = np.maximum(scatters[:, None] - _dot(W, crosses[:, None] + u), 0.0)
    spans = _dot(size, sizes[:, None])  # sum_j z_j |w_j|
    hidden = EPS * (rounded_sizes[:, None] + spans) ** 2
    unit = np.sqrt(W.shape[2]) * EPS
    delta = unit * (target_sizes[:, None] + spans)
    phi = delta[..., None] * sizes[:, None]
    penalties = l1 * (size @ weights) + 0.5 * l2 * (W**2 @ weights)
    objectives = 0.5 * losses + penalties
    rounded = _dot(phi, size) + unit * (objectives + _dot(np.abs(u), size))
    v1, v2, best = l1[..., None] * weights, l2[..., None] * weights, objectives
    if each is not None and each.is_box:
        points = _dual_points_in_a_box(v1, v2, u, each, phi, W)
    else:
        points = _dual_points(v1, v2, u, np.abs(u) if each is None else each.pull(u), phi, W)
    for c, conjugate, more in points:
        rest = (1.0 - c) * np.sqrt(losses)
        gaps = 0.5 * rest**2 + penalties - c * _dot(u, W) + conjugate
        lost = rounded + more + delta * (rest + 0.5 * delta)
        best = np.minimum(best, np.maximum(gaps, 0.0) + lost)
    gaps, nulls = best + hidden, 0.5 * scatters
    certified = (gaps <= tol * nulls[:, None]).all(axis=1)
    accurate = hidden[:, -1] <= max(tol, EPS) * nulls
    return PathSolution(W, gaps, losses, solved & certified & accurate)


def _ridge_paths(
    grams: FloatArray, crosses: FloatArray, weights: FloatArray, l2: FloatArray
) -> FloatArray:
    """Solve ridge problems from one eigendecomposition each: see `spectral`."""
    root = 1.0 / np.sqrt(weights)
    values, vectors = np.linalg.eigh(grams * np.multiply.outer(root, root))
    shares = np.matmul((crosses * root)[:, None], vectors)
    shrunk = shares / (np.maximum(values, 0.0)[:, None] + l2[..., None])
    return np.asarray(root * np.matmul(shrunk, vectors.swapaxes(1, 2)))


def _dual_points(
    l1: FloatArray, l2: FloatArray, u: FloatArray, pull: FloatArray, phi: FloatArray, W: FloatArray
) -> Iterator[tuple[Any, Any, Any]]:
    """Yield factors c, the conjugate of the penalty at c u, and what errors phi of u add to it.

    See `ElasticNet.scalings` and `ElasticNet.conjugate_and_error`.
    """
    if l1.any():
        yield (l1 / np.maximum(pull + phi, l1)).min(axis=2), 0.0, 0.0
    if l2.any():
        excess = np.maximum(pull - l1, 0.0)
        slope = np.sign(u) * excess / l2
        more = np.abs(slope - W) - np.abs(W) + 0.5 * phi / l2
        yield 1.0, 0.5 * _dot(excess, np.abs(slope)), _dot(phi, more)


def _dual_points_in_a_box(
    l1: FloatArray, l2: FloatArray, u: FloatArray, bounds: Bounds, phi: FloatArray, W: FloatArray
) -> Iterator[tuple[Any, Any, Any]]:
    """Do the same where weights may rest at a bound, at which the conjugate is finite."""
    every = (l1 / np.maximum(bounds.pull(u) + phi, np.maximum(l1, TINY))).min(axis=2)
    hard = bounds.open_pull(u) + phi
    feasible = 1.0 if l2.any() else (l1 / np.maximum(hard, l1)).min(axis=2)
    for c in (feasible, every):
        point = np.asarray(c)[..., None] * u
        m = attaining(point, l1, l2, bounds)
        conjugate = _dot(point, m) - _dot(l1 + 0.5 * l2 * np.abs(m), np.abs(m))
        above, below = (attaining(point + error, l1, l2, bounds) for error in (phi, -phi))
        worse = np.maximum(np.abs(above - W), np.abs(below - W))
        yield c, conjugate, _dot(phi, worse - np.abs(W))


def _dot(a: FloatArray, b: FloatArray) -> FloatArray:
    """Sum products over the last axis."""
    return np.asarray(np.einsum("...j,...j->...", a, b))
