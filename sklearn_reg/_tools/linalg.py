"""Symmetric semi-definite systems: by Cholesky factors, eigenvalues or conjugate gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import (
    cho_factor,
    cho_solve,
    eigh,
    eigh_tridiagonal,
    lapack,
    qr,
    solve_triangular,
)

from sklearn_reg._tools.typing import FloatArray, IndexArray, Matrix

EPS = float(np.finfo(np.float64).eps)

# Rounding gives a singular matrix a reciprocal condition number of up to about EPS (3 EPS is the
# largest seen); this many times p * EPS is safely above that.
SAFETY = 8.0
# The maximum number of Lanczos steps, and the number of steps between tests of convergence.
LANCZOS_STEPS, LANCZOS_LOOK = 1000, 5
# A column of unit length counts as dependent if the square of its residual on others is at most the
# first number; a coefficient in that combination counts as zero if it is at most the second.
DEPENDENT, NOTHING = 1e-10, 1e-4
UNEQUAL = 1e4  # beyond this ratio of column lengths, rounding hides the minimum-norm solution

Solve = Callable[[FloatArray], FloatArray]


def support_of(w: FloatArray) -> IndexArray:
    """Return the indices of non-zeros; NumPy finds them many times faster in a boolean array."""
    support: IndexArray = (w != 0).nonzero()[0]
    return support


def supports_of(W: FloatArray) -> list[IndexArray]:
    """Return the indices of the non-zeros of each row; equal neighbours share an array."""
    inside = W != 0
    new = np.append(True, (inside[1:] != inside[:-1]).any(axis=1))
    heads = [support_of(row) for row in inside[new]]
    return [heads[k] for k in np.cumsum(new) - 1]


def runs_of(groups: IndexArray) -> tuple[IndexArray, IndexArray]:
    """Return where each run of equal numbers, none of them negative, begins, and its length."""
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    return starts, np.diff(starts, append=groups.size)


def dense(coefs: Matrix) -> FloatArray:
    """Return coefficients as an ndarray."""
    return np.asarray(coefs.toarray() if hasattr(coefs, "toarray") else coefs)


def pseudo_inverse(matrix: FloatArray, lost: float = 1.0) -> Solve:
    """Return b -> A^+ b, with the Moore-Penrose inverse of a semi-definite A.

    Eigenvalues within the rounding errors count as zero. `lost` is the ratio of these errors to
    those of a matrix whose entries are exact.
    """
    values, vectors, _ = _range_and_null_space(matrix, lost)
    return lambda b: vectors @ ((vectors.T @ b).T / values).T


def generalized_inverse(matrix: FloatArray) -> Solve:
    """Return b -> X b, for a symmetric X with A X A = A and a semi-definite A.

    Rows and columns are first scaled to a unit diagonal, so that the numerical rank does not
    depend on the units of the columns. X is the Moore-Penrose inverse, which gives the minimum-norm
    solution, unless the lengths of the columns are very different.
    """
    scale = inverse_roots(np.diagonal(matrix))
    live = support_of(scale)
    scale = scale[live]
    scaled = matrix[np.ix_(live, live)] * np.multiply.outer(scale, scale)
    values, vectors, null_space = _range_and_null_space(scaled)
    null_space = null_space if are_alike(scale) else null_space[:, :0]
    null_space = np.asarray(qr((scale * null_space.T).T, mode="economic")[0])

    def shortened(b: FloatArray) -> FloatArray:
        return np.asarray(b - null_space @ (null_space.T @ b))

    def solve(b: FloatArray) -> FloatArray:
        x = np.zeros_like(b)
        right = (scale * shortened(b[live]).T).T
        solution = vectors @ ((vectors.T @ right).T / values).T
        x[live] = shortened((scale * solution.T).T)
        return x

    return solve


def _range_and_null_space(
    matrix: FloatArray, lost: float = 1.0
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return eigenvalues above the rounding errors, their eigenvectors, the other eigenvectors."""
    # The error of a zero eigenvalue by the default driver can exceed n EPS (seen at n = 6).
    values, vectors = eigh(matrix, check_finite=False, driver="evd")
    largest = max(values.max(initial=0.0), 0.0)
    kept = values > 2.0 * lost * EPS * matrix.shape[0] * largest
    return values[kept], vectors[:, kept], vectors[:, ~kept]


def dependences(matrix: FloatArray) -> list[IndexArray]:
    """Return groups of columns, given correlations: one that depends on others, then the others.

    Cholesky factorisation with pivoting orders columns that depend on others last [1]_.

    References
    ----------
    .. [1] N. J. Higham (2002). Accuracy and Stability of Numerical Algorithms, 2nd edition,
       section 10.3. SIAM. https://doi.org/10.1137/1.9780898718027
    """
    factor, pivots, rank, _ = lapack.dpstrf(matrix, tol=DEPENDENT)
    order = pivots - 1
    R = np.triu(factor)
    shares = solve_triangular(R[:rank, :rank], R[:rank, rank:])
    groups = [
        np.append(column, order[:rank][np.abs(share) > NOTHING])
        for column, share in zip(order[rank:], shares.T, strict=True)
    ]
    return sorted(groups, key=len)


def inverse_roots(squares: FloatArray) -> FloatArray:
    """1 / sqrt(squares), and 0 where they are not positive."""
    positive = squares > 0
    return np.where(positive, 1.0 / np.sqrt(np.where(positive, squares, 1.0)), 0.0)


def are_alike(sizes: FloatArray) -> bool:
    """Whether no positive size is more than UNEQUAL times another; zeros do not count."""
    return bool(sizes.max(initial=0.0) <= UNEQUAL * sizes.min(where=sizes > 0, initial=np.inf))


def solver_of(matrix: FloatArray) -> Solve:
    """Return b -> A^-1 b for a semi-definite A, or with a generalized inverse if A is singular."""
    return definite_inverse(matrix) or generalized_inverse(matrix)


def definite_inverse(matrix: FloatArray) -> Solve | None:
    """Return b -> A^-1 b for a positive definite A; None if A is numerically singular.

    A is first scaled to a unit diagonal, so that the answer does not depend on the units of the
    columns.
    """
    diagonal = np.diagonal(matrix)
    if not (diagonal > 0).all():
        return None
    scale = 1.0 / np.sqrt(diagonal)
    scaled = (matrix * scale[:, None]) * scale
    one_norm = np.abs(scaled).sum(axis=0).max(initial=0.0)
    try:
        factor = cho_factor(scaled, lower=False, overwrite_a=True, check_finite=False)
    except np.linalg.LinAlgError:
        return None
    reciprocal_condition, _ = lapack.dpocon(factor[0], one_norm)
    if reciprocal_condition <= SAFETY * len(matrix) * EPS:
        return None
    return lambda b: (scale * cho_solve(factor, (scale * b.T).T, check_finite=False).T).T


def conjugate_gradients(
    product: Solve,
    b: FloatArray,
    diagonal: FloatArray,
    tol: float = 1e-10,
    max_iterations: int = 2000,
) -> FloatArray:
    """Solve A x = b to |A x - b| <= tol |b|, preconditioned by the diagonal of A [1]_.

    References
    ----------
    .. [1] M. R. Hestenes, E. Stiefel (1952). Methods of conjugate gradients for solving linear
       systems. J. Research of the National Bureau of Standards 49(6).
       https://doi.org/10.6028/jres.049.044
    """
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


def largest_eigenvalue(product: Solve, start: FloatArray, tol: float) -> float:
    """Return the largest eigenvalue of a semi-definite matrix, from products by the Lanczos method.

    The residual is at most `tol` times the eigenvalue; if it is larger after LANCZOS_STEPS, it is
    added. Rounding errors repeat converged eigenvalues, but do not change them [1]_. Before version
    1.17 SciPy's `eigsh` holds a lock, and a process forked meanwhile would deadlock.

    References
    ----------
    .. [1] C. C. Paige (1980). Accuracy and effectiveness of the Lanczos algorithm for the symmetric
       eigenproblem. Linear Algebra and its Applications 34.
       https://doi.org/10.1016/0024-3795(80)90167-6
    """
    diagonal: list[float] = []
    beside: list[float] = []
    before, v = np.zeros_like(start), start / np.linalg.norm(start)
    while True:
        u = product(v) - (beside[-1] if beside else 0.0) * before
        diagonal.append(float(v @ u))
        u -= diagonal[-1] * v
        size, steps = float(np.linalg.norm(u)), len(diagonal)
        ends = size <= EPS * max(diagonal) or steps == LANCZOS_STEPS
        if ends or steps % LANCZOS_LOOK == 0:
            last = (steps - 1, steps - 1)
            values, vectors = eigh_tridiagonal(diagonal, beside, select="i", select_range=last)
            value, residual = float(values[0]), size * abs(float(vectors[-1, 0]))
            if ends or residual <= tol * value:
                return value if residual <= tol * value else value + residual
        beside.append(size)
        before, v = v, u / size
