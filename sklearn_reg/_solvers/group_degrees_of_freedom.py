"""Degrees of freedom of the group and the sparse-group lasso.

With S the weights that are not zero or have no penalty, G their Gram matrix, and H the second
derivative of the penalty there, l2_g / |w_g| (I - e_g e_g') with e_g = w_g / |w_g|, they are

    trace( (G + H)^+ G ),

an unbiased estimate for almost every y [1]_.

References
----------
.. [1] S. Vaiter, C. Deledalle, G. Peyre, J. Fadili, C. Dossal (2012). Degrees of freedom of the
   group lasso. https://arxiv.org/abs/1205.1481
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import blas, lapack

from sklearn_reg._data.designs import Design
from sklearn_reg._tools.linalg import inverse_roots, runs_of, solver_of
from sklearn_reg._tools.threads import Mapped, in_rounds
from sklearn_reg._tools.typing import FloatArray, IndexArray
from sklearn_reg.penalties import SparseGroupLasso

# With this many times more weights than rows, equations between the rows cost less.
WIDE = 1.3
SHARED = 2.0  # a Gram matrix serves several solutions if it is at most this many times the largest
WELL_CONDITIONED = 1e-10
LARGE = 2**18  # entries of a matrix whose products may be in single precision
# A trace of K, times the spacing of its numbers, that leaves an error of at most about 1e-4.
ROUNDED = 2.0**-4


class Solution(NamedTuple):
    """A solution: its penalty, and the weights that are not zero or have no penalty."""

    support: IndexArray  # by group
    slopes: FloatArray  # l2_g / |w_g|, for each weight
    unit: FloatArray  # w_j / |w_g|
    groups: IndexArray

    @classmethod
    def of(cls, h: SparseGroupLasso, w: FloatArray) -> Solution:
        """Keep what the degrees of freedom of weights w depend on."""
        S = np.flatnonzero((w != 0) | h.free(w.size))
        S = S[np.argsort(h.groups[S], kind="stable")]
        return cls(S, *h.curvature(w, S), h.groups[S])


def group_degrees_of_freedom(
    design: Design, solutions: Sequence[Solution], mapped: Mapped = map
) -> FloatArray:
    """Return the degrees of freedom of each solution, without the intercept."""
    freedom = np.zeros(len(solutions))
    rows = design.row_space
    few = rows.n_rows if rows is not None else np.inf
    small = [k for k, one in enumerate(solutions) if 0 < one.support.size <= WIDE * few]
    freedom[small] = _by_weights(design, [solutions[k] for k in small], mapped)
    large = [k for k, one in enumerate(solutions) if one.support.size > WIDE * few]
    if large:
        freedom[large] = _by_rows(design, [solutions[k] for k in large], mapped)
    most = [min(one.support.size, few) for one in solutions]
    return np.clip(freedom, 0.0, most)  # rounding errors may lead a little beyond


def _by_weights(design: Design, solutions: Sequence[Solution], mapped: Mapped) -> list[float]:
    """Return the degrees of freedom from Gram matrices; nearly nested supports share one."""
    if not solutions:
        return []
    together = np.unique(np.concatenate([one.support for one in solutions]))
    if together.size > SHARED * max(one.support.size for one in solutions):
        half = len(solutions) // 2
        return [
            *_by_weights(design, solutions[:half], mapped),
            *_by_weights(design, solutions[half:], mapped),
        ]
    gram = design.gram(together, together)

    def trace(one: Solution) -> float:
        place = np.searchsorted(together, one.support)
        return _trace(gram[np.ix_(place, place)], one)

    return list(in_rounds(mapped, trace, solutions))


def _trace(gram: FloatArray, one: Solution) -> float:
    """trace((G + H)^+ G), as the number of weights less trace((G + H)^-1 H) if that is safe."""
    i, j = _pairs(one.groups)
    H = np.where(i == j, one.slopes[i], 0.0) - one.slopes[i] * one.unit[i] * one.unit[j]
    scale = inverse_roots(gram.diagonal())
    A = np.multiply(gram, scale[:, None], order="F") * scale
    H_scaled = H * scale[i] * scale[j]
    A[i, j] += H_scaled
    factor, info = lapack.dpotrf(A, lower=0, clean=0)
    if info == 0 and (factor.diagonal() ** 2).min() > WELL_CONDITIONED * A.diagonal().max():
        inverse, _ = lapack.dpotri(factor, lower=0)
        first, second = np.minimum(i, j), np.maximum(i, j)
        return float(i.max() + 1 - H_scaled @ inverse[first, second])
    gram_and_H = gram.copy()
    gram_and_H[i, j] += H
    return float(np.trace(solver_of(gram_and_H)(gram)))


def _pairs(groups: IndexArray) -> tuple[IndexArray, IndexArray]:
    """Return the places of all pairs of weights of one group; groups follow one another."""
    starts, counts = runs_of(groups)
    of = np.repeat(counts, counts)  # the size of each weight's group
    i = np.repeat(np.arange(groups.size), of)
    ends = np.cumsum(of)
    within = np.arange(ends[-1]) - np.repeat(ends - of, of)
    return i, np.repeat(np.repeat(starts, counts), of) + within


def _by_rows(design: Design, solutions: Sequence[Solution], mapped: Mapped) -> list[float]:
    """Return the degrees of freedom from equations between the rows.

    Directions e_g, and weights without curvature, are columns E; the others add to
    K = I + Z H^+ Z'. Least squares on E and ridge on the others leave K^-1 - K^-1 E (E'K^-1 E)^+
    E'K^-1 of y, of which the trace is taken.
    """
    rows = design.row_space
    assert rows is not None
    together = np.unique(np.concatenate([one.support for one in solutions]))
    Z = np.ascontiguousarray(rows.columns(together).T)
    lengths = np.sqrt(np.einsum("jn,jn->j", Z, Z))
    Z *= inverse_roots(lengths**2)[:, None]
    kinds: list[Any] = [Z.astype(np.float32), Z] if Z.size > LARGE else [Z]

    def trace(one: Solution) -> float:
        place = np.searchsorted(together, one.support)
        scales = lengths[place] * inverse_roots(one.slopes)
        for kind in kinds:
            if scales @ scales * np.finfo(kind.dtype).eps < ROUNDED:
                found = _trace_by_rows(kind, place, scales, one)
                if found is not None:
                    return found
        columns = Z[place] * lengths[place, None]
        return _trace(columns @ columns.T, one)

    return list(in_rounds(mapped, trace, solutions))


def _trace_by_rows(Z: Any, place: IndexArray, scales: FloatArray, one: Solution) -> float | None:
    """Return the degrees of freedom from the rows of Z', of unit length, at these places.

    `scales` turn them into Z' / sqrt(H). None where K has no factor in the precision of Z.
    """
    starts, counts = runs_of(one.groups)
    curved = (one.slopes[starts] > 0) & (counts > 1)
    inside = np.repeat(curved, counts)
    scaled = Z[place[inside]]
    scaled *= scales[inside].astype(Z.dtype)[:, None]
    units = (scales * one.unit).astype(Z.dtype), place, np.append(starts, place.size)
    along = sparse.csr_array(units, shape=(starts.size, len(Z)))[curved] @ Z
    K = scaled.T @ scaled
    K -= along.T @ along
    K.ravel()[:: len(K) + 1] += 1.0
    routines: Any = lapack.get_lapack_funcs(("potrf", "trtri"), (K,))
    factorize, invert = routines
    factor, info = factorize(K.T, lower=0, clean=1)
    if info != 0:  # rounding errors exceed one, which no eigenvalue is below
        return None
    root, _ = invert(factor, lower=0)  # K^-1 = root root'
    left = len(K) - float(np.square(root).sum(dtype=np.float64))
    along *= inverse_roots(np.einsum("gn,gn->g", along, along))[:, None].astype(Z.dtype)
    E = np.vstack([along, Z[place[~inside]]])
    multiply: Any = blas.get_blas_funcs("trmm", (K,))
    once = multiply(1.0, root, E.T, trans_a=1)
    twice = multiply(1.0, root, once)
    squares, products = (np.asarray(A.T @ A, dtype=np.float64) for A in (once, twice))
    return left + float(np.trace(solver_of(squares)(products)))
