"""What every solver is told and what every solver returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sklearn_reg._typing import FloatArray
from sklearn_reg.problem import Evaluation, Problem

# A gap this small beside F(0) is rounding: no further step brings it down.
ROUNDING = 1e-13


class Settings(NamedTuple):
    """What a user may set; a solver reads what concerns it."""

    learning_rate: float | None  # None: 1 / L
    n_iterations: int
    tol: float


class SolverResult(NamedTuple):
    """Where a solver ended, in the problem's own units."""

    w: FloatArray
    objective: float
    gap: float
    converged: bool  # gap <= tol * F(0)
    history: FloatArray  # the objective after each iteration
    gap_history: FloatArray  # the gap after each iteration
    solver: str
    stable_rate: float | None = None  # set where the learning rate asked for cannot converge

    @property
    def n_iter(self) -> int:
        """Iterations done."""
        return len(self.history)


def finish(
    problem: Problem,
    at: Evaluation,
    history: Sequence[tuple[float, float]],
    tol: float,
    solver: str,
) -> SolverResult:
    """Report where the last iteration ended, with all that rounding may hide."""
    gap = at.bound
    objectives, gaps = np.array(history).T
    gaps[-1] = gap
    return SolverResult(
        at.w, at.objective, gap, gap <= tol * problem.null, objectives, gaps, solver
    )
