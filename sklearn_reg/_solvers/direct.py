"""Smooth penalties in closed form: (Z'S Z + diag(l2)) w = Z'S y."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import cholesky, eigh, lstsq, solve_triangular

from sklearn_reg._data.designs import Design, RowSpace
from sklearn_reg._solvers.problem import Problem
from sklearn_reg._solvers.result import Settings, SolverResult, finish
from sklearn_reg._tools.linalg import (
    EPS,
    Solve,
    are_alike,
    conjugate_gradients,
    inverse_roots,
    solver_of,
)
from sklearn_reg._tools.threads import one_blas_thread
from sklearn_reg._tools.typing import FloatArray

# An L2 penalty that is smaller, relative to the square of its column, is rounding and counts as 0.
LOST_IN_ROUNDING = 1e-14
LARGEST_SYSTEM = 8000  # equations beyond which no matrix is formed
SMALL_SYSTEM = 1000  # equations up to which one BLAS thread is as fast as several


def closed_form(problem: Problem, start: FloatArray, settings: Settings) -> SolverResult:
    """Solve p equations, or n if there are fewer rows than columns.

    One step of iterative refinement follows. Its residual comes from the data and not from their
    Gram matrix, and so restores the digits that squaring has lost [1]_.

    References
    ----------
    .. [1] A. Bjorck (1987). Stability analysis of the method of seminormal equations for linear
       least squares problems. Linear Algebra and its Applications 88-89.
       https://doi.org/10.1016/0024-3795(87)90101-7
    """
    design = problem.design
    rows = design.row_space
    if rows is not None and min(rows.n_rows, design.n_features) > LARGEST_SYSTEM:
        w = _solve_large(problem, design)
    elif rows is not None and rows.n_rows < design.n_features:
        w = _solve_wide(problem, design, rows)
    else:
        w = _solve_tall(problem, design)
    point = problem.evaluate(w)
    return finish(problem, point, [(point.objective, point.bound)], settings.tol, "closed_form")


def _solve_large(problem: Problem, design: Design) -> FloatArray:
    """Solve the normal equations by conjugate gradients: no matrix is formed."""
    diagonal = design.squares + problem.l2
    return conjugate_gradients(
        lambda v: design.normal_product(v) + problem.l2 * v,
        design.cross[:, problem.target],
        np.where(diagonal > 0, diagonal, 1.0),
    )


def _solve_tall(problem: Problem, design: Design) -> FloatArray:
    """Solve the p normal equations (Z'S Z + diag(l2)) w = Z'S y."""

    def factorise() -> Any:
        everything = np.arange(design.n_features)
        matrix = design.gram(everything, everything)
        matrix[everything, everything] += problem.l2
        return solver_of(matrix)

    solve = design.last_factorisation.get(("tall", problem.l2.tobytes()), factorise)
    point = problem.evaluate(solve(design.cross[:, problem.target]))
    refined = problem.evaluate(point.w - solve(point.gradient))
    better = np.linalg.norm(refined.gradient) < np.linalg.norm(point.gradient)
    return refined.w if better else point.w


def _solve_wide(problem: Problem, design: Design, rows: RowSpace) -> FloatArray:
    """Solve n equations, with A = S^(1/2) Z split into penalised and free columns.

    Penalised columns get w = diag(1/l2) A'a, where (I + A diag(1/l2) A') a = S^(1/2) y - A_f w_f;
    w_f is the generalised least-squares solution on the free columns.
    """
    penalised = problem.l2 > LOST_IN_ROUNDING * design.squares
    inverse = np.where(penalised, 1.0 / np.where(penalised, problem.l2, 1.0), 0.0)
    free = np.flatnonzero(~penalised)
    # Threads of two BLAS libraries would wait for each other; the kernel has threads of its own.
    threads = one_blas_thread if rows.n_rows <= SMALL_SYSTEM else nullcontext

    def factorise() -> _Wide:
        matrix = rows.kernel(inverse)
        with threads():
            return _Wide.of(matrix, rows.columns(free), bool(penalised.any()))

    key = "wide", problem.l2.tobytes()
    factors = design.last_factorisation.get(key, factorise)
    b = rows.target(problem.target)
    w = np.zeros(design.n_features)
    with threads():
        if free.size:
            w[free] = factors.least_squares(b)
            b = b - factors.A @ w[free]
        a = factors.solve(b)
        for _ in range(2):
            w[penalised] = (inverse * rows.transposed_product(a))[penalised]
            residual = b - rows.product(np.where(penalised, w, 0.0)) - a
            a += factors.solve(residual)
    return w


class _Wide(NamedTuple):
    """Factors of I + A diag(1/l2) A', and the free columns before and after they are whitened."""

    solve: Solve
    whiten: Solve
    A: FloatArray
    whitened: FloatArray
    scale: FloatArray
    rounding: float  # singular values of `whitened` within it count as zero

    @classmethod
    def of(cls, matrix: FloatArray, A: FloatArray, any_penalised: bool) -> _Wide:
        """Factorise I + a kernel matrix, which is overwritten, for free columns A."""
        matrix[np.diag_indices_from(matrix)] += 1.0
        whiten = _whitener(matrix) if A.size and any_penalised else np.asarray
        whitened = whiten(A)
        # Columns of very different length would count as dependent, so they are scaled. Others are
        # not, so that the minimum-norm solution is the w of minimum norm.
        scale = inverse_roots(np.sum(whitened**2, axis=0))
        if are_alike(scale):
            scale = np.ones_like(scale)
        # Singular values within the rounding errors of A count as zero. Whitening may shrink A, but
        # not these errors.
        sizes, whitened_sizes = (scale * np.linalg.norm(of, axis=0) for of in (A, whitened))
        lost = sizes.max(initial=0.0) / (whitened_sizes.max(initial=0.0) or 1.0)
        rounding = max(A.shape) * EPS * lost
        return cls(solver_of(matrix), whiten, A, whitened * scale, scale, rounding)

    def least_squares(self, b: FloatArray) -> FloatArray:
        """Return the generalised least-squares solution on the free columns."""
        right, cut = self.whiten(b), self.rounding
        found = lstsq(self.whitened, right, cond=cut, lapack_driver="gelsd")[0]
        return np.asarray(self.scale * found)


def _whitener(matrix: FloatArray) -> Solve:
    """Return b -> R b, with R'R the inverse of I + A diag(1/l2) A', whose eigenvalues are >= 1."""
    try:
        root = cholesky(matrix, lower=True)
    except np.linalg.LinAlgError:  # I is below the rounding errors of the largest eigenvalue
        values, vectors = eigh(matrix)
        inverse_root = (vectors / np.sqrt(np.maximum(values, 1.0))).T
        return lambda b: np.asarray(inverse_root @ b)
    return lambda b: np.asarray(solve_triangular(root, b, lower=True))
