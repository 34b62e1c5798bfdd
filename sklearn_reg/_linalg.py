"""Symmetric semi-definite systems: Cholesky where it holds, eigenvalues where it does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh

from sklearn_reg._typing import FloatArray

EPS = float(np.finfo(np.float64).eps)

Solve = Callable[[FloatArray], FloatArray]


def pseudo_inverse(matrix: FloatArray) -> Solve:
    """Multiply by the Moore-Penrose inverse of a scaled semi-definite matrix.

    Rows and columns are first scaled to a unit diagonal, so that what counts as dependent does not
    depend on the units of the columns.
    """
    diagonal = np.diagonal(matrix)
    scale = np.where(diagonal > 0, 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0)), 0.0)
    values, vectors = eigh(matrix * np.multiply.outer(scale, scale), check_finite=False)
    kept = values > EPS * matrix.shape[0] * max(values[-1], 0.0)
    values, vectors = values[kept], scale[:, None] * vectors[:, kept]
    return lambda b: vectors @ ((vectors.T @ b).T / values).T


def solver_of(matrix: FloatArray) -> Solve:
    """Multiply by the inverse of a semi-definite matrix, or by its pseudo-inverse if singular."""
    diagonal = np.diagonal(matrix)
    if diagonal.min(initial=np.inf) > 0:
        try:
            factor = cho_factor(matrix, lower=False, check_finite=False)
        except np.linalg.LinAlgError:
            return pseudo_inverse(matrix)
        # A pivot that lost all its digits: the column is a combination of those before it.
        if (np.square(np.diagonal(factor[0])) > len(matrix) * EPS * diagonal).all():
            return lambda b: np.asarray(cho_solve(factor, b, check_finite=False))
    return pseudo_inverse(matrix)
