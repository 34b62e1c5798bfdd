"""Symmetric semi-definite systems: Cholesky where it holds, eigenvalues where it does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh

from sklearn_reg._typing import FloatArray, IndexArray, Matrix

EPS = float(np.finfo(np.float64).eps)

Solve = Callable[[FloatArray], FloatArray]


def support_of(w: FloatArray) -> IndexArray:
    """Return where w is not zero; NumPy finds it many times faster among booleans."""
    support: IndexArray = (w != 0).nonzero()[0]
    return support


def dense(coefs: Matrix) -> FloatArray:
    """Return coefficients as an ndarray."""
    return np.asarray(coefs.toarray() if hasattr(coefs, "toarray") else coefs)


def pseudo_inverse(matrix: FloatArray, lost: float = 1.0) -> Solve:
    """Multiply by the Moore-Penrose inverse of a semi-definite matrix.

    Eigenvalues count as zero below rounding, `lost` times what it is for an exact matrix.
    """
    # Not LAPACK's default, whose error of a zero eigenvalue can exceed n EPS (seen at n = 6).
    values, vectors = eigh(matrix, check_finite=False, driver="evd")
    kept = values > 2.0 * lost * EPS * matrix.shape[0] * max(values[-1], 0.0)
    values, vectors = values[kept], vectors[:, kept]
    return lambda b: vectors @ ((vectors.T @ b).T / values).T


def generalized_inverse(matrix: FloatArray) -> Solve:
    """Multiply by a symmetric X with A X A = A, for a semi-definite A.

    Rows and columns are first scaled to a unit diagonal, so that what counts as dependent does not
    depend on the units of the columns.
    """
    scale = inverse_roots(np.diagonal(matrix))
    inner = pseudo_inverse(matrix * np.multiply.outer(scale, scale))
    return lambda b: (scale * inner((scale * b.T).T).T).T


def inverse_roots(squares: FloatArray) -> FloatArray:
    """1 / sqrt(squares), and 0 where they are not positive."""
    positive = squares > 0
    return np.where(positive, 1.0 / np.sqrt(np.where(positive, squares, 1.0)), 0.0)


def solver_of(matrix: FloatArray) -> Solve:
    """Multiply by the inverse of a semi-definite matrix, or a generalized one if singular."""
    diagonal = np.diagonal(matrix)
    if diagonal.min(initial=np.inf) > 0:
        try:
            factor = cho_factor(matrix, lower=False, check_finite=False)
        except np.linalg.LinAlgError:
            return generalized_inverse(matrix)
        # A pivot that lost all its digits: the column is a combination of those before it.
        if (np.square(np.diagonal(factor[0])) > len(matrix) * EPS * diagonal).all():
            return lambda b: np.asarray(cho_solve(factor, b, check_finite=False))
    return generalized_inverse(matrix)
