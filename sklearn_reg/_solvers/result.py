"""The settings and the result of every solver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sklearn_reg._solvers.problem import Evaluation, Problem
from sklearn_reg._tools.typing import FloatArray

# A gap this small relative to F(0) is a rounding error: no further step reduces it.
ROUNDING = 1e-13


class Settings(NamedTuple):
    """What a user may set; each solver reads the settings that it uses."""

    learning_rate: float | None  # None: 1 / L
    n_iterations: int
    tol: float


class SolverResult(NamedTuple):
    """The end of a solver, in the units of the problem."""

    w: FloatArray
    objective: float
    gap: float
    converged: bool  # gap <= tol * F(0)
    history: FloatArray  # the objective after each iteration
    gap_history: FloatArray  # the gap after each iteration
    solver: str
    stable_rate: float | None = None  # set if the learning rate asked for cannot converge
    rounded: bool = False  # whether most of a gap above tol comes from rounding w to float32

    @property
    def n_iter(self) -> int:
        """Iterations done."""
        return len(self.history)


def finish(
    problem: Problem,
    point: Evaluation,
    history: Sequence[tuple[float, float]],
    tol: float,
    solver: str,
) -> SolverResult:
    """Return the result at the last point; its gap includes a bound of the rounding errors."""
    gap = point.bound
    objectives, gaps = np.array(history).T
    gaps[-1] = gap
    return SolverResult(
        point.w, point.objective, gap, gap <= tol * problem.null, objectives, gaps, solver
    )
