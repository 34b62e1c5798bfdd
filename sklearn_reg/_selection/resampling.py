"""How often random halves of the rows select each feature along a grid of penalties.

The paths of halves with few features are solved in batches on moments, those of wide dense data in
groups on the rows. Where such a path is not sure, or has free features, it is followed on its own.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from sklearn_reg._checks.values import ARITHMETIC
from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._data.units import Penalties, View
from sklearn_reg._selection.halves import Halves
from sklearn_reg._solvers import AUTO_ITERATIONS, Settings
from sklearn_reg._solvers.accuracy import is_accurate, solve_accurately_together
from sklearn_reg._solvers.active_set import ActiveSet
from sklearn_reg._solvers.batch import solve_paths
from sklearn_reg._solvers.batching import Coroutine, run_together
from sklearn_reg._solvers.grids import Grid, largest_lambdas
from sklearn_reg._solvers.problem import problem_of
from sklearn_reg._solvers.row_homotopy import lasso_supports
from sklearn_reg._tools.threads import in_rounds, mapped_in_threads, one_blas_thread
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray

# Numbers of one array of the halves that are followed together: few enough for the cache.
AT_ONCE_ON_MOMENTS, AT_ONCE_ON_ROWS = 2**22, 2**16
SHARING = 4  # so many halves that are followed on their own share products with X
# How far a correlation may be beyond its bound, relative to it, where a path is sure: the gap is
# then below this share of twice F(0).
FINE = 1e-9


class Counts(NamedTuple):
    """What halves have selected."""

    selected: IndexArray  # by how many halves, of shape (n_lambdas, n_features)
    sizes: IndexArray  # penalised features that each half selected, of shape (n_halves,)
    n_uncertain: int  # halves of which a solution is not certified to `tol`


class _Supports(NamedTuple):
    """The features that one half selects at each penalty."""

    selected: BoolArray
    certified: bool
    is_accurate: bool


class Plan(NamedTuple):
    """What all halves have in common."""

    halves: Halves
    lambdas: FloatArray
    tol: float
    most: int


def lambdas_of(grid: Grid | FloatArray, halves: Halves) -> FloatArray:
    """Return the grid: that of the half with the largest lambda_max, if it is not given."""
    if isinstance(grid, np.ndarray):
        return grid
    first = int(_levels(halves).argmax())
    return grid(next(halves.views(first)), halves.penalty)


def _levels(halves: Halves) -> FloatArray:
    """Return lambda_max of each half, without the draws of a randomised lasso."""
    penalty = halves.penalty
    if penalty.is_sparse and halves.plain.all():
        u = halves.crosses * (halves.weights if penalty.is_lasso else 1.0)
        pull = np.abs(u) if penalty.bounds is None else penalty.bounds.pull(u)
        return np.asarray((pull / penalty.weights).max(axis=1, initial=0.0))
    views = (next(halves.views(half)) for half in range(halves.n_halves))
    return np.array([largest_lambdas(view, penalty)[0] for view in views])


def count_selected(halves: Halves, lambdas: FloatArray, tol: float, most: int) -> Counts:
    """Count how many halves select each feature, each until it would have selected over `most`."""
    plan, penalised = Plan(halves, lambdas, tol, most), halves.penalty.penalised
    counts = np.zeros((lambdas.size, penalised.size), dtype=np.intp)
    sizes, sure = np.zeros(halves.n_halves, dtype=np.intp), np.zeros(halves.n_halves, dtype=bool)
    n_uncertain = 0
    with one_blas_thread():
        for solve, groups in ((together, _groups(plan)), (alone, None)):
            if groups is None:  # what is left
                rest = np.flatnonzero(~sure)
                groups = [rest[k : k + SHARING] for k in range(0, rest.size, SHARING)]
            with mapped_in_threads(len(groups)) as mapped:
                for found in in_rounds(mapped, partial(solve, plan), groups):
                    sure[found.halves] = True
                    n_uncertain += found.n_uncertain
                    selected, sizes[found.halves] = held(found.selected, penalised, most)
                    counts += np.count_nonzero(selected, axis=0)
    return Counts(counts, sizes, n_uncertain)


def held(selected: BoolArray, penalised: BoolArray, most: int) -> tuple[BoolArray, IndexArray]:
    """End paths before they have selected over `most` penalised features, and count these.

    `selected` has shape (n_halves, n_lambdas, n_features). Beyond its end a path keeps what it had
    selected last.
    """
    ever = np.logical_or.accumulate(selected & penalised, axis=1)
    beyond = np.count_nonzero(ever, axis=2) > most
    if beyond.any():
        steps = np.arange(selected.shape[1])
        ends = np.where(beyond.any(axis=1), beyond.argmax(axis=1), steps.size)
        last = np.minimum(steps, ends[:, None] - 1)
        rows = np.arange(len(selected))[:, None]
        nothing = (last < 0)[:, :, None]
        selected = np.where(nothing, False, selected[rows, last])
        ever = np.where(nothing, False, ever[rows, last])
    return selected, np.count_nonzero(ever[:, -1], axis=1)


class Found(NamedTuple):
    """The paths of some halves: features that they select, before `held`."""

    halves: IndexArray
    selected: BoolArray  # of shape (n_halves, n_lambdas, n_features)
    n_uncertain: int = 0


def _groups(plan: Plan) -> list[IndexArray]:
    """Return pairs of halves whose paths are followed together; none where none can be."""
    halves = plan.halves
    if not halves.penalty.is_sparse:
        return []
    if halves.suit_moments:
        at_once = AT_ONCE_ON_MOMENTS // (2 * halves.n_features**2)
    elif halves.suit_rows:
        at_once = AT_ONCE_ON_ROWS // (2 * halves.n_features)
    else:
        return []
    step = 2 * max(1, at_once)
    every = np.arange(halves.n_halves)
    return [every[k : k + step] for k in range(0, every.size, step)]


def together(plan: Plan, some: IndexArray) -> Found:
    """Follow the paths of some halves together; return those that are sure."""
    halves, lambdas = plan.halves, plan.lambdas
    safe = halves.safe(lambdas)[some]
    if not safe.any():
        return Found(some[:0], np.zeros((0, lambdas.size, halves.n_features), dtype=bool))
    if halves.suit_moments:
        requests = halves.path_requests(some, lambdas, plan.tol)
        chosen = [request for request, kept in zip(requests, safe, strict=True) if kept]
        solutions = solve_paths(chosen)
        sure = np.array([bool(solution.sure) for solution in solutions])
        selected = np.array([solution.W != 0 for solution in solutions])
    else:
        subsets, l1 = halves.subsets(some[safe]), halves.grids(lambdas)[0]
        allowed = min(FINE, 0.25 * plan.tol)
        selected, sure = lasso_supports(subsets, l1, halves.penalty.bounds, plan.most, allowed)
    return Found(some[safe][sure], selected[sure])


def alone(plan: Plan, some: IndexArray) -> Found:
    """Follow the path of each of these halves."""

    def run(half: int) -> Coroutine[_Supports]:
        penalty = plan.halves.penalty_of(half)
        return solve_accurately_together(
            plan.halves.views(half), lambda view: _supports(view, penalty, plan)
        )

    with np.errstate(**ARITHMETIC):
        found = run_together([run(half) for half in some.tolist()])
    uncertain = sum(not (path.certified and path.is_accurate) for path in found)
    return Found(some, np.array([path.selected for path in found]), uncertain)


def _supports(view: View, penalty: UnitPenalty, plan: Plan) -> Coroutine[_Supports]:
    """Follow the path of one half on a view, until it has selected over `most`."""
    solver, settings = ActiveSet(), Settings(None, AUTO_ITERATIONS, plan.tol)
    w, penalised = np.zeros(view.design.n_features), penalty.penalised
    selected = np.zeros((plan.lambdas.size, w.size), dtype=bool)
    ever, certified = np.zeros(w.size, dtype=bool), True
    for k, lambda_ in enumerate(plan.lambdas):
        problem = problem_of(view, 0, Penalties(np.array([lambda_]), penalty))
        result = yield from solver.steps(problem, w, settings)
        w, certified = result.w, certified and result.converged
        selected[k] = w != 0
        ever |= selected[k] & penalised
        if np.count_nonzero(ever) > plan.most:
            break
    return _Supports(selected, certified, is_accurate(view, result, problem, plan.tol))
