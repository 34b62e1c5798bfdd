"""Curvature: the matrix A = Z'S Z + diag(l2 + ridge) of a restricted problem.

`BorderedFactor` keeps A and a factor of it; `MatrixFreeCurvature` takes products with the data.
`primal_dual` and `parametric` work with either.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from sklearn_reg._data.designs import Design
from sklearn_reg._tools.linalg import EPS, conjugate_gradients
from sklearn_reg._tools.typing import BoolArray, FloatArray

# By how much conjugate gradients reduce the residual: for a solution, and to improve a near point.
SOLVED, NEARER = 1e-10, 1e-3


class Curvature(Protocol):
    """A positive definite A: its products, and Newton systems on supports."""

    bordered: bool  # whether the last system was solved from the factor of another support

    @property
    def diagonal(self) -> FloatArray:
        """The diagonal of A."""

    def product(self, v: FloatArray) -> FloatArray:
        """Return A v."""

    def solve(
        self, active: BoolArray, b: FloatArray, near: FloatArray | None = None
    ) -> FloatArray | None:
        """Solve A_SS x_S = b_S on the support S, x being zero elsewhere; None if that failed.

        Given a point near the solution, an iterative method may return one that is only nearer.
        """

    def forget(self) -> None:
        """Forget the factor, so that the next support is factorised."""


def rounding(A: Curvature, c: FloatArray, w: FloatArray) -> FloatArray:
    """Bound the rounding errors of c - A w, each on the scale of its feature."""
    norms = np.sqrt(np.maximum(A.diagonal, 0.0))
    return EPS * (np.abs(c) + norms * float(norms @ np.abs(w)))


def solve_checked(
    A: Curvature,
    active: BoolArray,
    b: FloatArray,
    slack: FloatArray,
    near: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray] | None:
    """Solve as `Curvature.solve` does; return x and A x, or None if that failed.

    If the residual on the support exceeds slack and rounding, the support itself is factorised.
    """
    x = A.solve(active, b, near)
    if x is None:
        return None
    product = A.product(x)
    if A.bordered:
        poor = np.abs(b - product) > slack + rounding(A, b, x)
        if poor.any(where=active):
            A.forget()
            return solve_checked(A, active, b, slack, near)
    return x, product


class MatrixFreeCurvature:
    """A = Z'S Z + diag(extra), never formed: systems by conjugate gradients on the support.

    Implements `Curvature`.
    """

    def __init__(self, design: Design, squares: FloatArray, extra: FloatArray) -> None:
        self._design, self._squares, self._extra = design, squares, extra
        self.diagonal, self.bordered = squares + extra, False

    def product(self, v: FloatArray) -> FloatArray:
        """Return A v."""
        return self._design.normal_product(v) + self._extra * v

    def solve(
        self, active: BoolArray, b: FloatArray, near: FloatArray | None = None
    ) -> FloatArray | None:
        """Solve on the support; from a near point only improve it, and the next round continues."""
        S = np.flatnonzero(active)
        part = MatrixFreeCurvature(self._design.restricted(S), self._squares[S], self._extra[S])
        start, tol = (np.zeros(S.size), SOLVED) if near is None else (near[S], NEARER)
        residual = b[S] - part.product(start) if start.any() else b[S]
        x = np.zeros(active.size)
        x[S] = start + conjugate_gradients(part.product, residual, part.diagonal, tol)
        return x

    def forget(self) -> None:
        """Do nothing, because there is no factor."""
