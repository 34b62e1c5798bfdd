"""Curvature of the restricted problem: a Gram matrix and its factor, or products with the data.

Newton systems are solved on a support that changes a little from one to the next.

A_SS x = b is solved from the Cholesky factor of an earlier support B, A_BB = R'R. Features that
joined since (N) and that left (D) border the old system,

    [ A_BB  A_BN  E_D ] [ x_B ]   [ b_B ]
    [ A_NB  A_NN   0  ] [ x_N ] = [ b_N ],    with b_D = 0: mu makes x_D = 0,
    [ E_D'   0     0  ] [ mu  ]   [  0  ]

whose Schur complement K = [A_NN 0; 0 0] - Y'Y, Y = R^-T [A_BN E_D], is as small as the change.
A change costs |B|^2 operations where factorising again costs |B|^3 / 3, and a feature that changes
back and forth costs them once. After many changes B is moved to S.

The solution of a bordered system loses digits to the condition of A_BB, which may be far above that
of A_SS where columns depend on each other: a feature that left took the trouble away with it. Its
residual tells, and costs nothing, because its callers need A x in any case (`solve_checked`). Where
it is poor B is moved to S at once; a factor of A_SS itself is backward stable [1]_.

References
----------
.. [1] N. J. Higham (2002). Accuracy and Stability of Numerical Algorithms, 2nd edition, theorem
   10.4. SIAM. https://doi.org/10.1137/1.9780898718027

P. E. Gill, W. Murray, M. A. Saunders, M. H. Wright (1990). A Schur-complement method for sparse
quadratic programming. In Reliable Numerical Computation, Oxford University Press.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from scipy.linalg import lapack

from sklearn_reg._linalg import EPS, Solve
from sklearn_reg._typing import BoolArray, FloatArray, IndexArray
from sklearn_reg.designs import Design

SMALL = 96  # supports up to this size are factorised each time
MOST_CHANGES = 0.25  # of the size of B, before B is moved
# How far conjugate gradients reduce the residual: to solve, and to come nearer from a near point.
EXACT, NEARER = 1e-10, 1e-3


class Curvature(Protocol):
    """A positive definite A as `parametric` uses it."""

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
        """Forget the factor, so that the next system gets one of its own."""


def rounding(A: Curvature, c: FloatArray, w: FloatArray) -> FloatArray:
    """Bound what c - A w loses to rounding, each feature on its own scale."""
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

    A residual above the slack and rounding on the support is a reason to factorise again.
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


class MatrixFree:
    """A = Z'S Z + diag(extra), never formed: systems by conjugate gradients on the support.

    References
    ----------
    M. R. Hestenes, E. Stiefel (1952). Methods of conjugate gradients for solving linear systems.
    J. Research of the National Bureau of Standards 49(6). https://doi.org/10.6028/jres.049.044
    """

    def __init__(self, design: Design, squares: FloatArray, extra: FloatArray) -> None:
        self._design, self._extra, self.bordered = design, extra, False
        self.diagonal = squares + extra

    def product(self, v: FloatArray) -> FloatArray:
        """Return A v."""
        return self._design.normal_product(v) + self._extra * v

    def solve(
        self, active: BoolArray, b: FloatArray, near: FloatArray | None = None
    ) -> FloatArray | None:
        """Solve on the support, or come nearer: the next round goes on from there."""
        S = np.flatnonzero(active)
        design, extra = self._design.restricted(S), self._extra[S]

        def product(v: FloatArray) -> FloatArray:
            return design.normal_product(v) + extra * v

        start, tol = (np.zeros(S.size), EXACT) if near is None else (near[S], NEARER)
        residual = b[S] - product(start) if start.any() else b[S]
        x = np.zeros(active.size)
        x[S] = start + conjugate_gradients(product, residual, self.diagonal[S], tol)
        return x

    def forget(self) -> None:
        """There is no factor."""


def conjugate_gradients(
    product: Solve,
    b: FloatArray,
    diagonal: FloatArray,
    tol: float = EXACT,
    max_iterations: int = 2000,
) -> FloatArray:
    """Solve A x = b to |A x - b| <= tol |b|, preconditioned by the diagonal of A."""
    x, r = np.zeros_like(b), b.copy()
    z = r / diagonal
    p, rz, goal = z, float(r @ z), (tol * np.linalg.norm(b)) ** 2
    for _ in range(max_iterations):
        if float(r @ r) <= goal:
            break
        Ap = product(p)
        step = rz / float(p @ Ap)
        x, r = x + step * p, r - step * Ap
        z = r / diagonal
        rz, last = float(r @ z), rz
        p = z + (rz / last) * p
    return x


class SupportSolver:
    """A dense A that may grow; A_SS x = b for one support S after another."""

    def __init__(self, A: FloatArray) -> None:
        self.A, self.bordered = A, False
        self._R: Any = None  # the factor of the base, an ndarray; None while there is none
        self._base: IndexArray = np.zeros(0, dtype=np.intp)
        self._beside: FloatArray = np.zeros((0, 0))  # the columns of A in the base, side by side
        self._changed: IndexArray  # features with a column in Y
        self._Y: FloatArray
        self._YY: FloatArray

    @property
    def diagonal(self) -> FloatArray:
        """The diagonal of A."""
        return self.A.diagonal()

    def product(self, v: FloatArray) -> FloatArray:
        """Return A v."""
        (S,) = v.nonzero()
        if v.size <= SMALL or 3 * S.size >= 2 * v.size:
            return np.asarray(self.A @ v)
        inside = self._in_base(v.size)
        others = S[~inside[S]]
        if 2 * others.size > S.size:
            return np.asarray(self.A[:, S] @ v[S])
        # To copy columns takes longer than their product; those of the base are copied once.
        if len(self._beside) != v.size:
            self._beside = self.A[:, self._base]
        product: FloatArray = self._beside @ v[self._base]
        return product + self.A[:, others] @ v[others] if others.size else product

    def solve(
        self, active: BoolArray, b: FloatArray, near: FloatArray | None = None
    ) -> FloatArray | None:
        """Solve on the support S; None where A_SS is not positive definite."""
        A, (S,) = self.A, active.nonzero()
        x = np.zeros(active.size)
        self.bordered = False
        if S.size == 0:
            return x
        if S.size <= SMALL:
            _, x[S], info = lapack.dposv(_restricted(A, S), b[S], overwrite_a=1)
            return None if info else x
        changes = self._changes(active)
        if self._R is not None and changes.size <= MOST_CHANGES * self._base.size:
            bordered = self._bordered(A, active, changes, b)
            if bordered is not None:
                self.bordered = changes.size > 0
                return bordered
        return self._bordered(A, active, S[:0], b) if self._rebase(A, S) else None

    def forget(self) -> None:
        """Forget the factor, so that the next system gets one of its own."""
        self._R = None

    def _in_base(self, size: int) -> BoolArray:
        """Whether each of so many features is in the base."""
        inside = np.zeros(size, dtype=bool)
        inside[self._base] = True
        return inside

    def _changes(self, active: BoolArray) -> IndexArray:
        """Return the features that joined the base or left it."""
        return np.flatnonzero(self._in_base(active.size) != active)

    def _rebase(self, A: FloatArray, S: IndexArray) -> bool:
        """Factorise the support S."""
        R, info = lapack.dpotrf(_restricted(A, S), overwrite_a=1)
        self._R = None if info else R
        self._base, self._beside, self._changed = S, self._beside[:0], S[:0]
        self._Y, self._YY = np.zeros((S.size, 0), order="F"), np.zeros((0, 0))
        return not info

    def _bordered(
        self, A: FloatArray, active: BoolArray, changes: IndexArray, b: FloatArray
    ) -> FloatArray | None:
        base, R = self._base, self._R
        columns = self._columns(A, active.size, changes)
        Y, joined = self._Y[:, columns], active[changes]
        y = lapack.dtrtrs(R, np.where(active[base], b[base], 0.0), trans=1)[0]
        if changes.size:
            K = -self._YY[columns[:, None], columns]
            N = np.flatnonzero(joined)
            K[N[:, None], N] += A[changes[N][:, None], changes[N]]
            right = np.where(joined, b[changes], 0.0) - Y.T @ y
            _, _, q, info = lapack.dgesv(K, right, overwrite_a=1)
            if info:
                return None
            y -= Y @ q
        x = np.zeros(active.size)
        x[base] = lapack.dtrtrs(R, y)[0]
        if changes.size:
            x[changes] = np.where(joined, q, 0.0)
        return x

    def _columns(self, A: FloatArray, size: int, changes: IndexArray) -> IndexArray:
        """Return where the columns of these changes are in Y, made first where they are new."""
        place = np.full(size, -1)
        place[self._changed] = np.arange(self._changed.size)
        new = changes[place[changes] < 0]
        if new.size:
            position = np.full(size, -1)
            position[self._base] = np.arange(self._base.size)
            border = np.asfortranarray(A[self._base[:, None], new])
            left = np.flatnonzero(position[new] >= 0)
            border[:, left] = 0.0
            border[position[new[left]], left] = 1.0
            Y = lapack.dtrtrs(self._R, border, trans=1, overwrite_b=1)[0]
            place[new] = self._changed.size + np.arange(new.size)
            mixed = self._Y.T @ Y
            self._YY = np.block([[self._YY, mixed], [mixed.T, Y.T @ Y]])
            self._Y = np.asfortranarray(np.hstack([self._Y, Y]))
            self._changed = np.concatenate([self._changed, new])
        return place[changes]


def _restricted(A: FloatArray, S: IndexArray) -> FloatArray:
    """A_SS as a Fortran-ordered copy (A is symmetric)."""
    return A.copy(order="F") if S.size == len(A) else A.T.take(S, axis=0).take(S, axis=1).T
