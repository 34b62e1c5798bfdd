"""Smooth penalties in closed form: (Z'S Z + diag(l2)) w = Z'S y."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import cholesky, eigh, lstsq, solve_triangular

from sklearn_reg._linalg import EPS, Solve, are_alike, inverse_roots, solver_of
from sklearn_reg._typing import FloatArray
from sklearn_reg.designs import Design, RowsDesign
from sklearn_reg.problem import Problem
from sklearn_reg.solvers._result import Settings, SolverResult, finish
from sklearn_reg.solvers.factor import conjugate_gradients

# An L2 penalty this small beside a column's square is lost in rounding: the column is free.
LOST_IN_ROUNDING = 1e-14
LARGEST_SYSTEM = 8000  # equations beyond which no matrix is formed


def closed_form(problem: Problem, start: FloatArray, settings: Settings) -> SolverResult:
    """Solve p equations, or n where there are fewer rows than columns.

    One step of iterative refinement follows: its residual, taken from the data and not from their
    Gram matrix, gives back the digits that squaring lost [1]_.

    References
    ----------
    .. [1] A. Bjorck (1987). Stability analysis of the method of seminormal equations for linear
       least squares problems. Linear Algebra and its Applications 88-89.
       https://doi.org/10.1016/0024-3795(87)90101-7
    """
    design = problem.design
    if isinstance(design, RowsDesign) and min(design.n_rows, design.n_features) > LARGEST_SYSTEM:
        w = _solve_large(problem, design)
    elif isinstance(design, RowsDesign) and design.n_rows < design.n_features:
        w = _solve_wide(problem, design)
    else:
        w = _solve_tall(problem, design)
    at = problem.evaluate(w)
    return finish(problem, at, [(at.objective, at.bound)], settings.tol, "closed_form")


def _solve_large(problem: Problem, design: RowsDesign) -> FloatArray:
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

    solve = design.remember("tall", problem.l2, factorise)
    at = problem.evaluate(solve(design.cross[:, problem.target]))
    refined = problem.evaluate(at.w - solve(at.gradient))
    better = np.linalg.norm(refined.gradient) < np.linalg.norm(at.gradient)
    return refined.w if better else at.w


def _solve_wide(problem: Problem, design: RowsDesign) -> FloatArray:
    """Solve n equations in the rows, with A = S^(1/2) Z split into penalised and free columns.

    Penalised columns get w = diag(1/l2) A'a, where (I + A diag(1/l2) A') a = S^(1/2) y - A_f w_f;
    the free columns' w_f is the generalised least-squares solution of what those leave.
    """
    penalised = problem.l2 > LOST_IN_ROUNDING * design.squares
    inverse = np.where(penalised, 1.0 / np.where(penalised, problem.l2, 1.0), 0.0)
    free = np.flatnonzero(~penalised)

    def factorise() -> Any:
        matrix = design.kernel(inverse)
        matrix[np.diag_indices_from(matrix)] += 1.0
        A = design.columns(free)
        whiten = _whitener(matrix) if free.size and penalised.any() else np.asarray
        whitened = whiten(A)
        # Columns of very different length would count as dependent; others keep theirs, so that
        # the shortest of several solutions is the shortest w.
        scale = inverse_roots(np.sum(whitened**2, axis=0))
        if are_alike(scale):
            scale = np.ones_like(scale)
        # What counts as zero: rounding of A, which whitening does not shrink as it may shrink A.
        sizes, whitened_sizes = (scale * np.linalg.norm(of, axis=0) for of in (A, whitened))
        lost = sizes.max(initial=0.0) / (whitened_sizes.max(initial=0.0) or 1.0)
        rounding = max(A.shape) * EPS * lost
        return solver_of(matrix), whiten, A, whitened * scale, scale, rounding

    solve, whiten, A, whitened, scale, rounding = design.remember("wide", problem.l2, factorise)
    b = np.sqrt(design.weights) * design.Y[:, problem.target]
    w = np.zeros(design.n_features)
    if free.size:
        w[free] = scale * lstsq(whitened, whiten(b), cond=rounding, lapack_driver="gelsd")[0]
        b = b - A @ w[free]
    a = solve(b)
    for _ in range(2):
        w[penalised] = (inverse * design.whitened_correlate(a))[penalised]
        residual = b - design.whitened_fitted(np.where(penalised, w, 0.0)) - a
        a += solve(residual)
    return w


def _whitener(matrix: FloatArray) -> Solve:
    """Multiply by a root of the inverse of I + A diag(1/l2) A'; no eigenvalue of it is below 1."""
    try:
        root = cholesky(matrix, lower=True)
    except np.linalg.LinAlgError:  # the ones are lost beside the largest
        values, vectors = eigh(matrix)
        inverse_root = (vectors / np.sqrt(np.maximum(values, 1.0))).T
        return lambda b: np.asarray(inverse_root @ b)
    return lambda b: np.asarray(solve_triangular(root, b, lower=True))
