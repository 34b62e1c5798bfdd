"""The certified solver: working sets over X, solved exactly, certified by the duality gap.

1. Start at the penalty at which everything is zero, and lower it in stages to the one asked for.
2. At each stage take in the features that pull hardest against it, in a working set whose Gram
   matrix grows with it, and solve the problem restricted to them: by guessing its support
   (`primal_dual`), which is quick, and if that fails by following a path (`parametric`), which
   always arrives.
3. One product with all of X tells which features pull next, and how far the optimum can be.
   At the last stage go on until the duality gap is within `tol`.

The restricted Gram matrix gets a small ridge, so that it is positive definite whatever the columns
(equal, collinear, more than rows); a proximal-point step takes its effect away again [1]_.

References
----------
.. [1] R. T. Rockafellar (1976). Monotone operators and the proximal point algorithm. SIAM J.
   Control and Optimization 14(5). https://doi.org/10.1137/0314056
"""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np

from sklearn_reg._linalg import support_of
from sklearn_reg._threads import one_blas_thread
from sklearn_reg._typing import BoolArray, FloatArray, IndexArray
from sklearn_reg.designs import Design
from sklearn_reg.problem import Evaluation, Problem
from sklearn_reg.solvers import parametric, primal_dual
from sklearn_reg.solvers._result import ROUNDING, Settings, SolverResult, finish
from sklearn_reg.solvers._together import Asking, Question, alone
from sklearn_reg.solvers.descent import accelerated
from sklearn_reg.solvers.direct import closed_form
from sklearn_reg.solvers.factor import Curvature, MatrixFree, SupportSolver

SMALL = 200  # up to so many features, all of them are taken in at once
STAGE = 0.5  # by how much the penalty falls from one stage to the next
SMALLEST_INTAKE = 40  # features that may join the working set at once ...
INTAKE = 1.0  # ... or this many times the support
RIDGE = 1e-10  # of the restricted Gram matrix, relative to its diagonal ...
# ... and how it falls where that is too much, and rises where rounding beats it.
RIDGE_FACTOR, SMALLEST_RIDGE, LARGEST_RIDGE = 1e-2, 1e-12, 1e-2
ROUGH, FINE = 0.2, 1e-9  # accuracy of the stages and of the last one, relative to l1
# Steps that take the ridge's effect away, until it is fine or, for small gaps, this small.
PROXIMAL_STEPS, EXACT = 5, 1e-12
# What decides between a Gram matrix and products with X: steps of conjugate gradients for one
# system, and how many times faster BLAS does an operation of a factorisation.
CG_STEPS, BLAS_SPEED_UP, SMALLEST_MATRIX_FREE = 100, 20, 500
MAX_ROUNDS = 100
# Rounds without progress that end the search: the gap has not halved, and the objective has fallen
# by less than this share of it.
PATIENCE, STILL = 3, 1e-2
SPELL = 100  # steps of descent, which have to halve the gap
NAME = "active_set"


def active_set(problem: Problem, start: FloatArray, settings: Settings) -> SolverResult:
    """Solve to a certified gap, whatever the shape of the data."""
    return ActiveSet().solve(problem, start, settings)


class ActiveSet:
    """The solver, keeping its working set from one penalty to the next on the same data."""

    def __init__(self) -> None:
        self._working: _Restricted | None = None
        self._last: Evaluation | None = None

    def solve(self, problem: Problem, start: FloatArray, settings: Settings) -> SolverResult:
        """Solve to a certified gap."""
        with nullcontext() if start.size <= SMALL else one_blas_thread():
            return alone(self.steps(problem, start, settings))

    def steps(
        self, problem: Problem, start: FloatArray, settings: Settings
    ) -> Asking[SolverResult]:
        """Solve to a certified gap; the start costs nothing if it is where the last one ended."""
        if problem.smooth:  # nothing to search for: the support is everything
            return closed_form(problem, start, settings)._replace(solver=NAME)
        last = self._last
        if last is not None and last.w is start:
            at = problem.judge(start, last.products)
        else:
            at = problem.judge(start, (yield Question(problem.design, problem.target, start)))
        at, history = yield from self._by_working_sets(problem, at, settings)
        self._last = at
        if at.gap > max(settings.tol, ROUNDING) * problem.null:
            return _descended(problem, finish(problem, at, history, settings.tol, NAME), settings)
        return finish(problem, at, history, settings.tol, NAME)

    def _by_working_sets(
        self, problem: Problem, at: Evaluation, settings: Settings
    ) -> Asking[tuple[Evaluation, list[tuple[float, float]]]]:
        """Lower the penalty in stages, and solve on a working set that grows; return the best."""
        history, best = [at.values], _Best(problem, at)
        everything = at.w.size <= SMALL
        level = 1.0 if everything else _level(problem, at)
        if level <= 1.0 and at.gap <= settings.tol * problem.null:
            return at, history
        if self._working is None:
            needed = np.ones_like(problem.l1) if everything else (problem.l1 == 0) | (at.w != 0)
            self._working = _WorkingSet(problem, np.flatnonzero(needed))
        else:
            self._working.move_to(problem)
        for _ in range(MAX_ROUNDS):
            if not everything:  # features left outside may pull far harder than this stage allows
                level = max(level, STAGE * _level(problem, at))
            level = max(1.0, STAGE * level)
            working = self._working
            if isinstance(working, _WorkingSet) and _products_pay(problem, support_of(at.w)):
                working = self._working = _MatrixFree(problem, working.features)
            if working.features.size < at.w.size:
                working.take_in(_pulling(problem, at, level, working.inside))
            w, solved = working.solve(at, level, settings.tol)
            new = problem.judge(w, (yield Question(problem.design, problem.target, w)))
            if _at_level(problem, new, level) > _at_level(problem, at, level):
                # Rounding beat the restricted problem: it is solved anew, better conditioned.
                solved = working.raise_ridge()
            else:
                at = new
                best.see(at)
            history.append(at.values)
            if level <= 1.0 and (_done(problem, history, settings.tol) or best.stands_still()):
                break
            if not solved:
                break
        if best.at is not at:
            history.append(best.at.values)
        return best.at, history


class _Best:
    """The best point seen, the null model included, and how long it has hardly got better."""

    def __init__(self, problem: Problem, at: Evaluation) -> None:
        self._rounding = ROUNDING * problem.null
        # A point that is below F(0) for certain is better than the null model, unseen.
        self.at = at if at.objective < problem.null - self._rounding else problem.at_zero()
        self._rounds = 0
        self.see(at)
        self._mark = self.at.values  # objective and gap when it last got clearly better

    def see(self, at: Evaluation) -> None:
        """Keep this point if it is better: in its objective, or if that is equal in its gap."""
        fell = self.at.objective - at.objective
        if fell > self._rounding or (fell > -self._rounding and at.gap < self.at.gap):
            self.at = at

    def stands_still(self) -> bool:
        """Whether for some rounds neither the gap has halved nor the objective moved beside it."""
        objective, gap = self._mark
        if self.at.gap <= 0.5 * gap or objective - self.at.objective > STILL * gap:
            self._mark, self._rounds = self.at.values, 0
        self._rounds += 1
        return self._rounds > PATIENCE


def _at_level(problem: Problem, at: Evaluation, level: float) -> float:
    """Return the objective with the L1 penalty times `level`, and rounding for what is equal."""
    if level == 1.0:
        return at.objective
    return at.objective + (level - 1.0) * float(problem.l1 @ np.abs(at.w))


def _descended(problem: Problem, result: SolverResult, settings: Settings) -> SolverResult:
    """Go on by descent, which rounding cannot mislead, in spells for as long as one pays."""
    spell = settings._replace(learning_rate=None, n_iterations=min(settings.n_iterations, SPELL))
    for _ in range(0, settings.n_iterations, SPELL):
        descended = accelerated(problem, result.w, spell)._replace(solver=NAME)
        last, result = result, min(result, descended, key=lambda end: end.gap)
        if descended.converged or descended.gap > 0.5 * last.gap:
            break
    return result


def _done(problem: Problem, history: list[tuple[float, float]], tol: float) -> bool:
    """Whether the gap is within `tol`, or at rounding and no longer falling."""
    (_, before), (_, gap) = history[-2:]
    return gap <= tol * problem.null or 0.5 * before <= gap <= ROUNDING * problem.null


def _pull(problem: Problem, at: Evaluation) -> FloatArray:
    """How hard each feature's residual correlation pulls it away from zero."""
    return -at.gradient if problem.positive else np.abs(at.gradient)


def _level(problem: Problem, at: Evaluation) -> float:
    """Return the multiple of the penalty at which no feature outside the support would move."""
    penalised = (problem.l1 > 0) & (at.w == 0)
    return float(np.max(_pull(problem, at)[penalised] / problem.l1[penalised], initial=1.0))


def _pulling(problem: Problem, at: Evaluation, level: float, inside: BoolArray) -> IndexArray:
    """Return the features outside that violate optimality at this level, the worst if many."""
    pull = _pull(problem, at)
    outside = np.flatnonzero((pull > level * problem.l1) & ~inside)
    most = max(SMALLEST_INTAKE, int(INTAKE * np.count_nonzero(at.w != 0)))
    if outside.size <= most:
        return outside
    return outside[np.argpartition(-pull[outside] / problem.l1[outside], most)[:most]]


def _products_pay(problem: Problem, support: IndexArray) -> bool:
    """Compare conjugate gradients on the columns of the support with factorising its Gram."""
    if support.size < SMALLEST_MATRIX_FREE:
        return False
    products = 4 * CG_STEPS * problem.design.stored_in(support)
    return support.size**3 / 3 > BLAS_SPEED_UP * products


class _Restricted:
    """Some of the features, and the curvature A = Z'S Z + diag(l2 + ridge) between them."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.features: IndexArray = np.zeros(0, dtype=np.intp)
        self.inside = np.zeros(problem.design.n_features, dtype=bool)
        self.ridge: FloatArray = np.zeros(0)
        self.relative_ridge, self.smallest_ridge = RIDGE, SMALLEST_RIDGE
        self.curvature: Curvature

    def take_in(self, new: IndexArray) -> None:
        """Add features that are not inside yet."""

    def move_to(self, problem: Problem) -> None:
        """Go on with another penalty on the same data."""
        self.problem = problem

    def lower_ridge(self) -> None:
        """Lower the ridge where proximal steps are slow, A being near singular."""

    def raise_ridge(self) -> bool:
        """Raise the ridge for good, where rounding beat it; False where it is high already."""
        if self.relative_ridge > RIDGE_FACTOR * LARGEST_RIDGE * 1.1:
            return False
        self._scale_ridge(1.0 / RIDGE_FACTOR)
        self.smallest_ridge = self.relative_ridge
        return True

    def _scale_ridge(self, factor: float) -> None:
        """Multiply the ridge."""
        self.relative_ridge *= factor

    def solve(self, at: Evaluation, level: float, gap: float) -> tuple[FloatArray, bool]:
        """Solve the restricted problem at this multiple of its L1 penalty, starting from `at`.

        `gap` is the one that is wanted, relative to F(0): it says when the ridge does not matter.
        """
        problem, chosen = self.problem, self.features
        l1, w = level * problem.l1[chosen], at.w[chosen]
        # From the data, not from c - A w: where A is inaccurate, each round refines the last.
        u = -at.gradient[chosen]
        enough = FINE if gap > FINE else EXACT
        tol = enough if level == 1.0 else ROUGH
        solved = True
        for step in range(PROXIMAL_STEPS if level == 1.0 else 1):
            if step > 1:
                self.lower_ridge()
            new, new_u, solved = self._solve_once(w, u, l1, tol)
            while not solved and self.raise_ridge():
                new, new_u, solved = self._solve_once(w, u, l1, tol)
            if not solved:
                break
            # What the ridge took from the residual correlation comes back for the next step.
            returned = self.ridge * (new - w)
            w, u = new, new_u + returned
            if (np.abs(returned) <= enough * l1).all():
                break
        full = np.zeros_like(at.w)
        full[chosen] = w
        return full, solved

    def _solve_once(
        self, w: FloatArray, u: FloatArray, l1: FloatArray, tol: float
    ) -> tuple[FloatArray, FloatArray, bool]:
        """Guess the support, which is quick; if that fails follow the path, which arrives."""
        A, positive = self.curvature, self.problem.positive
        guessed = primal_dual.solve(A, l1, w, u, positive=positive, tol=tol)
        if guessed is not None:
            return *guessed, True
        state = parametric.start_state(w, u, l1, positive)
        state, solved = parametric.solve(A, l1, state, positive=positive, tol=tol)
        return state.w, state.u, solved


class _WorkingSet(_Restricted):
    """Features whose Gram matrix is kept, and grows with them."""

    def __init__(self, problem: Problem, features: IndexArray) -> None:
        super().__init__(problem)
        self.columns = problem.design.gathered()
        self.curvature = self.gram = SupportSolver(np.zeros((0, 0)))
        self.take_in(features)

    def take_in(self, new: IndexArray) -> None:
        """Add features."""
        if new.size == 0:
            return
        old, m = self.features.size, self.features.size + new.size
        product = self.columns.add(new)
        self.features = self.columns.features
        self.inside[new] = True
        squares = product[old:].diagonal()
        # A free column of zeros has no other curvature.
        ridge = np.where(squares > 0, self.relative_ridge * squares, 1.0)
        A = np.empty((m, m), order="F")
        A[:old, :old] = self.gram.A
        A[:, old:] = product
        A[old:, :old] = product[:old].T
        A.ravel("K")[old * (m + 1) :: m + 1] += self.problem.l2[new] + ridge
        self.gram.A, self.ridge = A, np.concatenate([self.ridge, ridge])

    def move_to(self, problem: Problem) -> None:
        """Go on with another penalty on the same data."""
        change = (problem.l2 - self.problem.l2)[self.features]
        self.problem = problem
        if change.any():
            self._add_to_diagonal(change)

    def lower_ridge(self) -> None:
        """Lower the ridge where proximal steps are slow, A being near singular."""
        if self.relative_ridge > 2 * self.smallest_ridge:
            self._scale_ridge(RIDGE_FACTOR)

    def _scale_ridge(self, factor: float) -> None:
        """Multiply the ridge."""
        super()._scale_ridge(factor)
        change = (factor - 1.0) * self.ridge
        self._add_to_diagonal(change)
        self.ridge = self.ridge + change

    def _add_to_diagonal(self, change: FloatArray) -> None:
        """Change A, and forget the factor of what it was."""
        A = self.gram.A
        A.ravel("K")[:: len(A) + 1] += change
        self.curvature = self.gram = SupportSolver(A)


class _MatrixFree(_Restricted):
    """Features without a Gram matrix: for supports so large that products with X cost less."""

    def __init__(self, problem: Problem, features: IndexArray) -> None:
        super().__init__(problem)
        self.squares = problem.design.squares
        self.restricted: Design
        self.take_in(features)

    def take_in(self, new: IndexArray) -> None:
        """Add features."""
        if new.size == 0:
            return
        self.features = np.concatenate([self.features, new])
        self.inside[new] = True
        self.restricted = self.problem.design.restricted(self.features)
        self.move_to(self.problem)

    def move_to(self, problem: Problem) -> None:
        """Go on with another penalty on the same data."""
        self.problem = problem
        squares = self.squares[self.features]
        self.ridge = np.where(squares > 0, self.relative_ridge * squares, 1.0)
        extra = problem.l2[self.features] + self.ridge
        self.curvature = MatrixFree(self.restricted, squares, extra)

    def _scale_ridge(self, factor: float) -> None:
        """Multiply the ridge."""
        super()._scale_ridge(factor)
        self.move_to(self.problem)
