"""Solvers by name: what each needs of a penalty, and which one `auto` chooses."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from sklearn_reg._data.data import FOR_WORKING_SETS, GramUse
from sklearn_reg._solvers.active_set import active_set
from sklearn_reg._solvers.descent import accelerated, gradient_descent, subgradient
from sklearn_reg._solvers.direct import closed_form
from sklearn_reg._solvers.problem import Problem
from sklearn_reg._solvers.result import ROUNDING, Settings, SolverResult
from sklearn_reg._tools.typing import FloatArray

__all__ = [
    "AUTO_ITERATIONS",
    "EXACT",
    "ROUNDING",
    "SOLVERS",
    "Settings",
    "Solver",
    "SolverResult",
    "choose",
]

# solver="auto" continues until the optimum is certified; after this many steps it cannot be.
AUTO_ITERATIONS = 100_000


class Solver(NamedTuple):
    """A solver and its requirements."""

    run: Callable[[Problem, FloatArray, Settings], SolverResult]
    needs: tuple[str, ...] = ()  # attributes of a penalty that must be true; see NEEDS
    gram_use: GramUse = GramUse()


SOLVERS = {
    "gradient_descent": Solver(gradient_descent),
    "subgradient": Solver(subgradient),
    "accelerated": Solver(accelerated),
    "active_set": Solver(active_set, ("in_blocks",), FOR_WORKING_SETS),
    "closed_form": Solver(closed_form, ("separable", "smooth"), GramUse(at_hand=False)),
}
NEEDS = {
    "separable": "a separable penalty, the sum of one of each coefficient",
    "in_blocks": "a penalty that is a sum over blocks of coefficients",
    "smooth": "a smooth penalty: l1_ratio=0 or lambda_=0, positive=False and bounds=None",
}


class Kind(Protocol):
    """The attributes of a penalty on which the choice of a solver depends."""

    @property
    def smooth(self) -> bool:
        """Whether it has a gradient everywhere."""

    @property
    def separable(self) -> bool:
        """Whether it is a sum over the coefficients, as an elastic net is."""

    @property
    def in_blocks(self) -> bool:
        """Whether it is a sum over blocks of coefficients, as a group lasso is."""


# Solvers without a learning rate, which end at rounding errors and not after n_iterations.
EXACT = ("active_set", "closed_form")


def choose(name: str, penalty: Kind) -> str:
    """Return the solver that `name` stands for, given the penalty.

    Raises
    ------
    ValueError
        If there is no such solver, or if the penalty does not meet its needs.
    """
    suited = [key for key, solver in SOLVERS.items() if not _missing(solver, penalty)]
    if name == "auto":
        return next(key for key in ("closed_form", "active_set", "accelerated") if key in suited)
    if isinstance(name, str) and name in suited:
        return name
    listed = ", ".join(repr(key) for key in ["auto", *suited])
    if isinstance(name, str) and name in SOLVERS:
        missing = NEEDS[_missing(SOLVERS[name], penalty)[0]]
        raise ValueError(f"solver={name!r} needs {missing}. Solvers that suit this one: {listed}")
    raise ValueError(f"solver={name!r} is not one of {listed}")


def _missing(solver: Solver, penalty: Kind) -> list[str]:
    """Return the needs of a solver that this penalty does not meet."""
    return [need for need in solver.needs if not getattr(penalty, need)]
