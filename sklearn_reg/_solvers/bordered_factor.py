"""Newton systems on supports that change a little from one to the next, by a bordered factor.

A_SS x = b is solved from the Cholesky factor of an earlier support B, A_BB = R'R. Features that
joined since (N) and that left (D) border the old system,

    [ A_BB  A_BN  E_D ] [ x_B ]   [ b_B ]
    [ A_NB  A_NN   0  ] [ x_N ] = [ b_N ],    with b_D = 0: mu makes x_D = 0,
    [ E_D'   0     0  ] [ mu  ]   [  0  ]

whose Schur complement K = [A_NN 0; 0 0] - Y'Y, Y = R^-T [A_BN E_D], is as small as the change.
A change costs |B|^2 operations, and a new factor |B|^3 / 3; a feature that joins and leaves several
times costs |B|^2 once. After many changes S itself is factorised and becomes the base B.

The solution of a bordered system loses digits to the condition of A_BB, which may be far above that
of A_SS: the feature that left may be the one that depended on the others. The residual shows how
many, at no cost, because the callers need A x in any case (`solve_checked`). If it is large, S is
factorised at once; the factor of A_SS itself is backward stable [1]_.

References
----------
.. [1] N. J. Higham (2002). Accuracy and Stability of Numerical Algorithms, 2nd edition, theorem
   10.4. SIAM. https://doi.org/10.1137/1.9780898718027

P. E. Gill, W. Murray, M. A. Saunders, M. H. Wright (1990). A Schur-complement method for sparse
quadratic programming. In Reliable Numerical Computation, Oxford University Press.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import lapack

from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray

SMALL_SUPPORT = 96  # supports up to this size are factorised each time
MOST_CHANGES = 0.25  # beyond this share of the size of B, the support S is factorised


class BorderedFactor:
    """A dense A, which may grow, and the Cholesky factor of A on a base of features.

    Implements `Curvature`.
    """

    def __init__(self, A: FloatArray) -> None:
        self.A, self.bordered = A, False
        self._R: Any = None  # of A on the base, an ndarray; None before the first
        self._base: IndexArray = np.zeros(0, dtype=np.intp)
        self._base_columns: FloatArray = np.zeros((0, 0))  # a copy of the columns of A in the base
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
        if v.size <= SMALL_SUPPORT or 3 * S.size >= 2 * v.size:
            return np.asarray(self.A @ v)
        inside = self._in_base(v.size)
        others = S[~inside[S]]
        if 2 * others.size > S.size:
            return np.asarray(self.A[:, S] @ v[S])
        # Copying columns takes longer than their product; those of the base are copied once.
        if len(self._base_columns) != v.size:
            self._base_columns = self.A[:, self._base]
        product: FloatArray = self._base_columns @ v[self._base]
        return product + self.A[:, others] @ v[others] if others.size else product

    def solve(
        self, active: BoolArray, b: FloatArray, near: FloatArray | None = None
    ) -> FloatArray | None:
        """Solve on the support S; None if A_SS is not positive definite."""
        A, (S,) = self.A, active.nonzero()
        x = np.zeros(active.size)
        self.bordered = False
        if S.size == 0:
            return x
        if S.size <= SMALL_SUPPORT:
            _, x[S], info = lapack.dposv(_submatrix(A, S), b[S], overwrite_a=1)
            return None if info else x
        changes = self._changes(active)
        if self._R is not None and changes.size <= MOST_CHANGES * self._base.size:
            bordered = self._solve_bordered(A, active, changes, b)
            if bordered is not None:
                self.bordered = changes.size > 0
                return bordered
        return self._solve_bordered(A, active, S[:0], b) if self._rebase(A, S) else None

    def forget(self) -> None:
        """Forget the factor, so that the next support is factorised."""
        self._R = None

    def _in_base(self, size: int) -> BoolArray:
        """Return a mask of `size` features that says which are in the base."""
        inside = np.zeros(size, dtype=bool)
        inside[self._base] = True
        return inside

    def _changes(self, active: BoolArray) -> IndexArray:
        """Return the features that joined the base or left it."""
        return np.flatnonzero(self._in_base(active.size) != active)

    def _rebase(self, A: FloatArray, S: IndexArray) -> bool:
        """Factorise the support S."""
        R, info = lapack.dpotrf(_submatrix(A, S), overwrite_a=1)
        self._R = None if info else R
        self._base, self._base_columns, self._changed = S, self._base_columns[:0], S[:0]
        self._Y, self._YY = np.zeros((S.size, 0), order="F"), np.zeros((0, 0))
        return not info

    def _solve_bordered(
        self, A: FloatArray, active: BoolArray, changes: IndexArray, b: FloatArray
    ) -> FloatArray | None:
        """Solve on the support from the factor of the base; None if K is singular."""
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
        """Return the places in Y of the columns of these changes, adding those that are new."""
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


def _submatrix(A: FloatArray, S: IndexArray) -> FloatArray:
    """A_SS as a Fortran-ordered copy (A is symmetric)."""
    return A.copy(order="F") if S.size == len(A) else A.T.take(S, axis=0).take(S, axis=1).T
