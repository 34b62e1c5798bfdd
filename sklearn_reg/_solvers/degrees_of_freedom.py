"""Degrees of freedom: the trace of the map from y to its fitted values, by the support.

For a solution with support S and penalties l2 / 2 w^2 in addition to the L1 penalty it is

    trace( Z_S (Z_S'S Z_S + diag(l2_S))^+ Z_S'S ),

an unbiased estimate for almost every y [1]_. Without l2 that is the rank of the columns of the
support, not their number: of columns that depend on each other the optimum is not unique, some
optima have more non-zero coefficients than others, and all of them span the same space. A weight at
a bound does not change with y, and is not in S.

References
----------
.. [1] R. J. Tibshirani, J. Taylor (2012). Degrees of freedom in lasso problems. Annals of
   Statistics 40(2). https://doi.org/10.1214/12-AOS1003
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import eigvalsh, lapack

from sklearn_reg._data.designs import Design
from sklearn_reg._tools.linalg import EPS, inverse_roots, solver_of
from sklearn_reg._tools.typing import FloatArray, IndexArray

# Columns of length one count as dependent if a combination of them, with coefficients of norm one,
# is shorter than about 3e-6: products of columns are squares of lengths, and have rounding errors
# of a few EPS for each column.
RANK_TOL = 1e-11
# Columns of several supports are tested together if they are at most this many times the largest.
SHARED = 2.0


def degrees_of_freedom(
    design: Design, supports: Sequence[IndexArray], l2: Sequence[FloatArray]
) -> FloatArray:
    """Return the degrees of freedom of each solution, without the intercept.

    Parameters
    ----------
    design : Design
        The data.
    supports : sequence of ndarray of int
        The features with a coefficient that is neither zero nor at a bound.
    l2 : sequence of ndarray
        Coefficients of w^2 / 2 of these features.

    Returns
    -------
    ndarray of shape (n_solutions,)
    """
    freedom = np.zeros(len(supports))
    lassos = [k for k, penalties in enumerate(l2) if not penalties.any()]
    freedom[lassos] = ranks(design, [supports[k] for k in lassos])
    for k in set(range(len(supports))).difference(lassos):
        gram = design.gram(supports[k], supports[k])
        freedom[k] = np.trace(solver_of(gram + np.diag(l2[k]))(gram))
    return freedom


def ranks(design: Design, supports: Sequence[IndexArray]) -> list[int]:
    """Return the rank of the columns of each support.

    Supports along a path are nearly nested: if all of their columns together are independent, so
    are those of each support. Otherwise the same is tried with each half of the path.
    """
    sizes = [support.size for support in supports]
    if not any(sizes):
        return sizes
    together = np.unique(np.concatenate(supports))
    if together.size <= SHARED * max(sizes) and _are_independent(design, together):
        return sizes
    if len(supports) == 1:
        return [_rank(design, together)]
    half = len(supports) // 2
    return ranks(design, supports[:half]) + ranks(design, supports[half:])


def _are_independent(design: Design, columns: IndexArray) -> bool:
    """Whether columns are far from dependent, by the condition number of a Cholesky factor."""
    if columns.size > design.n_terms:
        return False
    if columns.size < 2:
        return True
    matrix = _with_unit_diagonal(design.gram(columns, columns))
    one_norm = np.abs(matrix).sum(axis=0).max(initial=0.0)
    factor, info = lapack.dpotrf(matrix, overwrite_a=1)
    if info:
        return False
    reciprocal_condition, _ = lapack.dpocon(factor, one_norm)
    return bool(reciprocal_condition > 100 * _threshold(design, columns))


def _rank(design: Design, columns: IndexArray) -> int:
    """Return the rank of columns, each scaled to length one, from the smaller of two products."""
    rows = design.row_space
    if rows is not None and columns.size > rows.n_rows:
        scale = np.zeros(design.n_features)
        scale[columns] = inverse_roots(design.squares)[columns] ** 2
        matrix = rows.kernel(scale)
    else:
        matrix = _with_unit_diagonal(design.gram(columns, columns))
    values = eigvalsh(matrix, check_finite=False)
    return int(np.count_nonzero(values > _threshold(design, columns) * values.max(initial=0.0)))


def _with_unit_diagonal(gram: FloatArray) -> FloatArray:
    scale = inverse_roots(np.diagonal(gram))
    return np.asarray(gram * np.multiply.outer(scale, scale), order="F")


def _threshold(design: Design, columns: IndexArray) -> float:
    """Return the share of the largest eigenvalue that the smallest one must exceed."""
    return max(RANK_TOL, 8 * EPS * columns.size * design.gram_rounding(columns))
