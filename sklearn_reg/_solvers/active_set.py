"""The certified solver: working sets over X, solved exactly, certified by the duality gap.

1. Start at the penalty at which every coefficient is zero, and lower it in stages to the one asked
   for. `level` is the ratio of the two.
2. At each stage take blocks of features into the working set, and solve the problem restricted to
   it (`working_sets`, `group_sets`). A block is a feature or, for a penalty of groups, a group; its
   level is the ratio of its residual correlation to its penalty, and blocks whose level is above
   the one of the stage are taken in, the largest first.
3. One product with all of X gives the levels of all blocks and the duality gap. At the last stage
   go on until the gap is within `tol`.
"""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np

from sklearn_reg._solvers.batching import Coroutine, Request, run_alone
from sklearn_reg._solvers.descent import accelerated
from sklearn_reg._solvers.direct import closed_form
from sklearn_reg._solvers.group_sets import GroupWorkingSet
from sklearn_reg._solvers.problem import Evaluation, Problem
from sklearn_reg._solvers.result import ROUNDING, Settings, SolverResult, finish
from sklearn_reg._solvers.working_sets import GramWorkingSet, MatrixFreeWorkingSet, WorkingSet
from sklearn_reg._tools.linalg import support_of
from sklearn_reg._tools.threads import one_blas_thread
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray
from sklearn_reg.penalties import ElasticNet

SOLVER = "active_set"
TAKE_ALL = 200  # up to so many features, all of them are taken in at once
STAGE = 0.5  # by how much the penalty falls from one stage to the next
# At most so many blocks are taken in at once, or this many times those of the support.
SMALLEST_INTAKE, INTAKE = 40, 1.0
# The choice between a Gram matrix and products with X: steps of conjugate gradients for one system,
# how many times faster an operation of a factorisation is, and the smallest support for products.
CG_STEPS, FACTORISATION_SPEED_UP, SMALLEST_MATRIX_FREE = 100, 20, 500
MAX_ROUNDS = 100
# The search ends after so many rounds in which the gap has not halved, nor the objective fallen by
# this share of the gap.
STILL_ROUNDS, STILL_SHARE = 3, 1e-2
SPELL = 100  # steps of descent that must halve the gap


def active_set(problem: Problem, start: FloatArray, settings: Settings) -> SolverResult:
    """Solve to a certified gap, whatever the shape of the data."""
    with nullcontext() if start.size <= TAKE_ALL else one_blas_thread():
        return run_alone(ActiveSet().steps(problem, start, settings))


class ActiveSet:
    """The solver for one penalty after another on the same data.

    Attributes
    ----------
    working_set : WorkingSet or None
        Kept from one penalty to the next; None before the first that needs one.
    last : Evaluation or None
        The end of the last search: a start there needs no product.
    """

    def __init__(self) -> None:
        self.working_set: WorkingSet | None = None
        self.last: Evaluation | None = None

    def steps(
        self, problem: Problem, start: FloatArray, settings: Settings
    ) -> Coroutine[SolverResult]:
        """Solve to a certified gap, as a coroutine."""
        if problem.smooth:  # there is no support to search for
            return closed_form(problem, start, settings)._replace(solver=SOLVER)
        last = self.last
        if last is not None and last.w is start:
            point = problem.judge(start, last.products)
        elif not start.any():
            point = problem.at_zero()
        else:
            point = problem.judge(start, (yield Request(problem.design, problem.target, start)))
        point, history = yield from self._by_working_sets(problem, point, settings)
        self.last = point
        result = finish(problem, point, history, settings.tol, SOLVER)
        if point.gap > max(settings.tol, ROUNDING) * problem.null:
            return _descended(problem, result, settings)
        return result

    def _by_working_sets(
        self, problem: Problem, point: Evaluation, settings: Settings
    ) -> Coroutine[tuple[Evaluation, list[tuple[float, float]]]]:
        """Lower the penalty in stages, on a growing working set; return best point and history."""
        history, best = [point.values], _Best(problem, point)
        take_all = point.w.size <= TAKE_ALL
        # Newton's method on groups needs a good start, also if there are few.
        at_once = take_all and problem.h.separable
        level = 1.0 if at_once else _level(problem, point, point.w != 0)
        enough = level <= 1.0 or not problem.h.separable
        if enough and point.gap <= settings.tol * problem.null:
            return point, history
        if self.working_set is None:
            self.working_set = _first_working_set(problem, point, take_all)
        else:
            self.working_set.move_to(problem)
        nothing = np.zeros(point.w.size, dtype=bool)
        for _ in range(MAX_ROUNDS):
            if not at_once:  # the pull of features outside may far exceed this penalty
                level = max(level, STAGE * _level(problem, point, self.working_set.inside))
                level = max(1.0, STAGE * min(level, _level(problem, point, nothing)))
            working = self.working_set
            if isinstance(working, GramWorkingSet) and _products_pay(problem, support_of(point.w)):
                working = self.working_set = MatrixFreeWorkingSet(problem, working.features)
            if working.features.size < point.w.size:
                working.take_in(_pulling(problem, point, level, working.inside))
            w, solved = working.solve(point, level, settings.tol)
            new = problem.judge(w, (yield Request(problem.design, problem.target, w)))
            if _objective(problem, new, level) > _objective(problem, point, level):
                # Rounding errors exceed the gain of the step: solve again, better conditioned.
                solved = working.raise_ridge()
            else:
                point = new
                best.include(point)
            history.append(point.values)
            if level <= 1.0 and (_done(problem, history, settings.tol) or best.stands_still()):
                break
            if not solved:
                break
        if best.point is not point:
            history.append(best.point.values)
        return best.point, history


class _Best:
    """The best point so far, the null model included, and the rounds with little improvement."""

    def __init__(self, problem: Problem, point: Evaluation) -> None:
        self._rounding = ROUNDING * problem.null
        # The null model is evaluated unless the point is it, or is certainly better.
        is_best = point.objective < problem.null - self._rounding or not point.w.any()
        self.point, self._rounds = point if is_best else problem.at_zero(), 0
        self.include(point)
        self._mark = self.point.values  # objective and gap at the last clear improvement

    def include(self, point: Evaluation) -> None:
        """Keep this point if its objective is lower, or equal up to rounding with a smaller gap."""
        fell = self.point.objective - point.objective
        if fell > self._rounding or (fell > -self._rounding and point.gap < self.point.gap):
            self.point = point

    def stands_still(self) -> bool:
        """Whether for STILL_ROUNDS neither the gap has halved nor the objective fallen enough."""
        objective, gap = self._mark
        if self.point.gap <= 0.5 * gap or objective - self.point.objective > STILL_SHARE * gap:
            self._mark, self._rounds = self.point.values, 0
        self._rounds += 1
        return self._rounds > STILL_ROUNDS


def _first_working_set(problem: Problem, point: Evaluation, take_all: bool) -> WorkingSet:
    """Return a working set of all blocks, or of those that do not rest at zero."""
    h = problem.h
    needed = take_all | h.smooth_blocks() | h.blocks_with(point.w != 0)
    features = h.weights_in(np.flatnonzero(needed))
    kind = GramWorkingSet if isinstance(h, ElasticNet) else GroupWorkingSet
    return kind(problem, features)


def _objective(problem: Problem, point: Evaluation, level: float) -> float:
    """Return the objective with the part of the penalty that has a kink times `level`."""
    if level == 1.0:
        return point.objective
    return point.objective + (level - 1.0) * problem.h.kinked_value(point.w)


def _descended(problem: Problem, result: SolverResult, settings: Settings) -> SolverResult:
    """Continue by descent, which forms no Gram matrix, as long as SPELL steps halve the gap."""
    spell = settings._replace(learning_rate=None, n_iterations=min(settings.n_iterations, SPELL))
    for _ in range(0, settings.n_iterations, SPELL):
        descended = accelerated(problem, result.w, spell)._replace(solver=SOLVER)
        last, result = result, min(result, descended, key=lambda end: end.gap)
        if descended.converged or descended.gap > 0.5 * last.gap:
            break
    return result


def _done(problem: Problem, history: list[tuple[float, float]], tol: float) -> bool:
    """Whether the gap is within `tol`, or at the rounding errors and no longer falling."""
    (_, before), (_, gap) = history[-2:]
    return gap <= tol * problem.null or 0.5 * before <= gap <= ROUNDING * problem.null


def _level(problem: Problem, point: Evaluation, inside: BoolArray) -> float:
    """Return the multiple of the penalty at which no block outside has a larger pull."""
    resting = ~problem.h.blocks_with(inside) & np.isfinite(point.levels)
    return float(np.max(point.levels[resting], initial=1.0))


def _pulling(problem: Problem, point: Evaluation, level: float, inside: BoolArray) -> IndexArray:
    """Return the features of blocks outside with a higher level, the highest if there are many."""
    h, levels = problem.h, point.levels
    outside = np.flatnonzero((levels > level) & ~h.blocks_with(inside))
    most = max(SMALLEST_INTAKE, int(INTAKE * np.count_nonzero(h.blocks_with(point.w != 0))))
    if outside.size > most:
        outside = outside[np.argpartition(-levels[outside], most)[:most]]
    return h.weights_in(outside)


def _products_pay(problem: Problem, support: IndexArray) -> bool:
    """Whether conjugate gradients on the support cost less than a factor of its Gram matrix."""
    if support.size < SMALLEST_MATRIX_FREE:
        return False
    products = 4 * CG_STEPS * problem.design.stored_in(support)
    return support.size**3 / 3 > FACTORISATION_SPEED_UP * products
