"""Solve on the cheapest view, and on the next one if its rounding errors are too large.

A product with moments reads p^2 numbers, but moments lose digits that the rows have. Whether that
matters is known after the solve: a bound on the rounding errors is compared with the tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._data.units import Penalties, View
from sklearn_reg._solvers import EXACT, Settings, Solver, SolverResult
from sklearn_reg._solvers.adaptive import adapted
from sklearn_reg._solvers.batching import Coroutine
from sklearn_reg._solvers.problem import Problem, problem_of
from sklearn_reg._solvers.relaxed import Refit, refits
from sklearn_reg._tools.linalg import EPS, support_of
from sklearn_reg._tools.typing import FloatArray


class Outcome(Protocol):
    """The result of a solve on one view."""

    @property
    def is_accurate(self) -> bool:
        """Whether a more accurate view would not improve it."""


Solved = TypeVar("Solved", bound=Outcome)


def solve_accurately(views: Iterable[View], solve: Callable[[View], Solved]) -> tuple[View, Solved]:
    """Solve on one view after another until the outcome is accurate; return view and outcome."""
    for view in views:
        outcome = solve(view)
        if outcome.is_accurate:
            break
    return view, outcome


def solve_accurately_together(
    views: Iterable[View], solve: Callable[[View], Coroutine[Solved]]
) -> Coroutine[Solved]:
    """Do the same as a coroutine, which shares products with others on the same rows."""
    for view in views:
        outcome = yield from solve(view)
        if outcome.is_accurate:
            break
    return outcome


def is_accurate(view: View, result: SolverResult, problem: Problem, tol: float) -> bool:
    """Whether rows would not improve a result: rounding errors are small relative to `tol`.

    An exact solver that did not converge was stopped by rounding errors.
    """
    if view.design.has_rows:
        return True
    if result.solver in EXACT and (not result.converged or problem.rank_in_doubt):
        return False
    hidden = view.design.rounding(result.w, problem.target) + problem.omitted_gain
    return hidden <= max(tol, EPS) * problem.null


class Fitted(NamedTuple):
    """Solved problems, one per target, and the view that converts them to the user's units."""

    view: View
    penalty: Penalties
    problems: list[Problem]
    results: list[SolverResult]
    tol: float
    relax: float = 1.0  # the share of the solutions in the coefficients; see `relaxed`
    refits: Sequence[Refit] = ()  # least squares on the support of each solution, if relaxed

    @property
    def is_accurate(self) -> bool:
        """Whether rounding errors of the objectives are small relative to their tolerance."""
        return all(refit.accurate for refit in self.refits) and all(
            is_accurate(self.view, result, problem, self.tol)
            for problem, result in zip(self.problems, self.results, strict=True)
        )

    @property
    def converged(self) -> bool:
        """Whether every solution, and least squares on its support, is within the tolerance."""
        solved = all(result.converged for result in self.results)
        return solved and all(refit.certified for refit in self.refits)

    def coefficients(self) -> FloatArray:
        """Return the coefficients of X, of shape (n_targets, n_features)."""
        W = np.array([result.w for result in self.results])
        if self.relax != 1.0:
            W *= self.relax
            for w, refit in zip(W, self.refits, strict=True):
                w[refit.features] += (1.0 - self.relax) * refit.w
        return self.penalty.clip(self.view.coefficients(W))

    def judged_at(self, coefs: FloatArray, intercepts: FloatArray) -> Fitted:
        """Evaluate these coefficients and intercepts, which are rounded, instead of the solutions.

        Rounding a coefficient changes the objective by little more than the square of its error:
        F(rounded) - F* <= F(rounded) - F(solution) + gap(solution).
        """
        view = self.view
        exact = np.asarray(coefs, dtype=np.float64)
        shifts = (intercepts - view.intercepts(exact)[0]) / view.units
        if view.is_joint:
            shifts = np.sqrt(np.sum(shifts**2, keepdims=True))
        return self._replace(
            results=[
                _moved(problem, result, w, float(shift), self.tol)
                for problem, result, w, shift in zip(
                    self.problems, self.results, view.solutions(exact), shifts, strict=True
                )
            ]
        )


def _moved(
    problem: Problem, result: SolverResult, w: FloatArray, shift: float, tol: float
) -> SolverResult:
    """Evaluate w, near the result of a solver, with an intercept that is off by `shift`."""
    square = problem.design.residual_square(w, problem.target)
    objective = 0.5 * (square + shift**2) + problem.penalty(w)
    # Both squares have an error of 2 |r| times that of |r|.
    lost = 4.0 * problem.residual_rounding(w) * np.sqrt(2.0 * objective)
    gap = min(objective, result.gap + max(0.0, objective - result.objective) + float(lost))
    converged = gap <= tol * problem.null
    history, gaps = result.history.copy(), result.gap_history.copy()
    history[-1], gaps[-1] = objective, gap
    return result._replace(
        w=w,
        objective=objective,
        gap=gap,
        converged=converged,
        history=history,
        gap_history=gaps,
        rounded=not converged and gap > 2.0 * result.gap,
    )


def solve(
    view: View,
    penalty: Penalties,
    solver: Solver,
    settings: Settings,
    start: Callable[[View], FloatArray] | None = None,
    relax: float = 1.0,
) -> Fitted:
    """Solve the problem of each target, and least squares on its support if `relax` is below 1.

    The solver starts at the row of start(view), one a problem, or at zero if that is better or
    `start` is None.
    """
    penalty = penalty._replace(unit_penalty=adapted(view, penalty.unit_penalty))
    n_problems, n_features = view.n_problems, view.design.n_features
    starts = np.zeros((n_problems, n_features)) if start is None else start(view)
    problems, results = [], []
    for target in range(n_problems):
        problem = problem_of(view, target, penalty)
        results.append(solver.run(problem, problem.better_than_zero(starts[target]), settings))
        problems.append(problem)
    fitted = Fitted(view, penalty, problems, results, settings.tol, relax)
    one, tol = penalty.unit_penalty, settings.tol
    if relax == 1.0 or not isinstance(one, UnitPenalty):
        return fitted
    supports = [[support_of(result.w)] for result in results]
    parts = [refits(view, target, one, support, tol) for target, support in enumerate(supports)]
    return fitted._replace(refits=[refit for (refit,), _ in parts])
