r"""Relaxed fits: a blend of a solution and of least squares on its support.

With w a solution, S its support together with the features that have no penalty, and w_S the
coefficients of least squares on S, the relaxed fit of gamma in [0, 1] is [1]_ [2]_

    gamma w + (1 - gamma) w_S.

The bounds on the coefficients hold for w_S, and so for the blend. The signs of w do not: least
squares may turn them. Where the columns of S depend on each other, w_S is of minimum norm, as in
closed form.

References
----------
.. [1] N. Meinshausen (2007). Relaxed lasso. Computational Statistics & Data Analysis 52(1).
   https://doi.org/10.1016/j.csda.2006.12.019
.. [2] T. Hastie, R. Tibshirani, R. Tibshirani (2020). Best subset, forward stepwise or lasso?
   Analysis and recommendations based on extensive comparisons. Statistical Science 35(4).
   https://doi.org/10.1214/19-STS733
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh

from sklearn_reg._data.designs import Design
from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._data.units import View
from sklearn_reg._solvers.active_set import active_set
from sklearn_reg._solvers.bordered_factor import BorderedFactor
from sklearn_reg._solvers.degrees_of_freedom import ranks
from sklearn_reg._solvers.direct import closed_form
from sklearn_reg._solvers.newton_paths import solve_restricted
from sklearn_reg._solvers.problem import Problem
from sklearn_reg._solvers.result import Settings
from sklearn_reg._tools.linalg import EPS, are_alike, inverse_roots
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray
from sklearn_reg.penalties import ElasticNet

# Up to so many features the systems of all supports are solved together.
MOST_TOGETHER = 60
REFINED = 1e-14  # what a system may leave, relative to Z'S y
# Squares of singular values, relative to the largest, that are surely not zero, and surely zero.
KNOWN, NOTHING = 1e-7, 1e-13
STEPS = 100_000  # of descent, where bounds and dependent columns need it


class Refit(NamedTuple):
    """Least squares on one support."""

    features: IndexArray
    w: FloatArray  # of these features
    accurate: bool  # whether rounding errors are small relative to the tolerance
    certified: bool = True  # whether the duality gap is within the tolerance


def refits(
    view: View,
    target: int,
    penalty: UnitPenalty,
    supports: Sequence[IndexArray],
    tol: float,
) -> tuple[list[Refit], IndexArray]:
    """Return least squares on each support, and on the features without a penalty beside it.

    Equal supports have one refit; the second result is the place of that of each support.

    Parameters
    ----------
    view : View
    target : int
    penalty : UnitPenalty
        Says which features have no penalty, and gives the bounds.
    supports : sequence of ndarray of int
        Those of a path: neighbours are often equal, or nearly so.
    tol : float
        Relative to F(0), as of the path.
    """
    design = view.design
    free = np.flatnonzero(penalty.free & (design.squares > 0))
    keys: list[bytes] = []
    distinct: dict[bytes, IndexArray] = {}
    last = None
    for support in supports:
        if support is not last:  # neighbours may share one array
            model = np.union1d(support, free) if free.size else support
            last, key = support, model.tobytes()
            distinct[key] = model
        keys.append(key)
    h = penalty.of(0.0, view.units[target], view.columns.factors)
    solve = _unbounded if penalty.bounds is None else _bounded
    found = solve(design, target, h, list(distinct.values()), tol)
    place = {key: k for k, key in enumerate(distinct)}
    return found, np.array([place[key] for key in keys])


def _unbounded(
    design: Design, target: int, h: ElasticNet, models: Sequence[IndexArray], tol: float
) -> list[Refit]:
    """Solve the normal equations of independent columns; others in closed form."""
    # Columns that outnumber the rows depend on each other; moments do not say how many rows vary.
    most = design.n_weighted if design.has_rows else design.n_features
    rank = iter(ranks(design, [model for model in models if model.size <= most]))
    independent = [model.size <= most and next(rank) == model.size for model in models]
    some = [model for model, sure in zip(models, independent, strict=True) if sure]
    solved = iter(_judged(design, target, some, _normal_equations(design, target, some), tol))
    return [
        next(solved) if sure else _alone(design, target, h, model, tol)
        for model, sure in zip(models, independent, strict=True)
    ]


def _normal_equations(
    design: Design, target: int, models: Sequence[IndexArray]
) -> list[FloatArray]:
    """Solve G_SS w_S = c_S for each model, with the Gram matrix of all of them."""
    if not models:
        return []
    together = np.unique(np.concatenate(models))
    if not together.size:
        return [np.zeros(0) for _ in models]
    gram, cross = design.gram(together, together), design.cross[together, target]
    scale = inverse_roots(np.diagonal(gram))
    gram, cross = gram * np.multiply.outer(scale, scale), cross * scale
    inside = np.zeros((len(models), together.size), dtype=bool)
    for row, model in zip(inside, models, strict=True):
        row[np.searchsorted(together, model)] = True
    solve = _at_once if together.size <= MOST_TOGETHER else _in_turn
    W = scale * solve(gram, cross, inside)
    return [w[of] for w, of in zip(W, inside, strict=True)]


def _at_once(gram: FloatArray, cross: FloatArray, inside: BoolArray) -> FloatArray:
    """Solve the systems of all models together, and refine them if that changes anything."""
    grams = np.broadcast_to(gram, (len(inside), *gram.shape))
    signs, right = inside.astype(np.float64), np.broadcast_to(cross, inside.shape)
    W = solve_restricted(grams, signs, right[..., None])[..., 0]
    left = np.where(inside, right - W @ gram, 0.0)
    if np.abs(left).max(initial=0.0) <= REFINED * np.abs(cross).max(initial=0.0):
        return W
    return np.asarray(W + solve_restricted(grams, signs, left[..., None])[..., 0])


def _in_turn(gram: FloatArray, cross: FloatArray, inside: BoolArray) -> FloatArray:
    """Solve the systems one after another; neighbours share a factor of the Gram matrix."""
    factor, W = BorderedFactor(np.asfortranarray(gram)), np.zeros(inside.shape)
    for k, active in enumerate(inside):
        for _ in range(2):  # the second time refines
            step = factor.solve(active, cross - factor.product(W[k]))
            if step is not None:
                W[k] += step
    return W


def _judged(
    design: Design,
    target: int,
    models: Sequence[IndexArray],
    solutions: Sequence[FloatArray],
    tol: float,
) -> list[Refit]:
    """Say which solutions of normal equations are accurate."""
    enough = max(tol, EPS) * 0.5 * float(design.scatter[target])
    sizes = np.zeros(design.n_features)
    for model, w in zip(models, solutions, strict=True):
        sizes[model] = np.maximum(sizes[model], np.abs(w))
    all_accurate = design.rounding(sizes, target) <= enough  # it grows with the size of weights

    def accurate(model: IndexArray, w: FloatArray) -> bool:
        full = np.zeros(design.n_features)
        full[model] = w
        return bool(design.rounding(full, target) <= enough)

    return [
        Refit(model, w, all_accurate or accurate(model, w))
        for model, w in zip(models, solutions, strict=True)
    ]


def _alone(design: Design, target: int, h: ElasticNet, model: IndexArray, tol: float) -> Refit:
    """Solve one model of dependent columns with minimum norm."""
    w = _of_kernel(design, target, model)
    if w is not None:
        return _judged(design, target, [model], [w], tol)[0]
    problem = _problem(design, target, h, model)
    result = closed_form(problem, np.zeros(model.size), Settings(None, 1, tol))
    sure = design.has_rows or (result.converged and not problem.rank_in_doubt)
    return Refit(model, result.w, sure, result.converged)


def _of_kernel(design: Design, target: int, model: IndexArray) -> FloatArray | None:
    """Return w = A'(A A')^+ y for the rows A of a model; None where its rank is in doubt.

    For columns of unequal length the closed form has another norm.
    """
    rows = design.row_space
    if rows is None or not are_alike(np.sqrt(design.squares[model])):
        return None
    chosen = np.zeros(design.n_features)
    chosen[model] = 1.0
    values, vectors = eigh(rows.kernel(chosen), overwrite_a=True, check_finite=False)
    known = values > KNOWN * values[-1]
    if (values[~known] > NOTHING * values[-1]).any():
        return None
    vectors = vectors[:, known]
    a = vectors @ ((vectors.T @ rows.target(target)) / values[known])
    return np.asarray(rows.transposed_product(a)[model])


def _bounded(
    design: Design, target: int, h: ElasticNet, models: Sequence[IndexArray], tol: float
) -> list[Refit]:
    """Solve within bounds, one model after another, each from the last solution."""
    found, last = [], np.zeros(design.n_features)
    for model in models:
        if not model.size:
            found.append(Refit(model, np.zeros(0), True))
            continue
        problem = _problem(design, target, h, model)
        start = problem.better_than_zero(last[model])
        result = active_set(problem, start, Settings(None, STEPS, tol))
        last[model] = result.w
        sure = design.has_rows or (result.converged and not problem.rank_in_doubt)
        found.append(Refit(model, result.w, sure, result.converged))
    return found


def _problem(design: Design, target: int, h: ElasticNet, model: IndexArray) -> Problem:
    """Pose least squares on these features, within their bounds."""
    bounds = None if h.bounds is None else h.bounds.restricted(model)
    nothing = np.zeros(model.size)
    return Problem(design.restricted(model), target, ElasticNet(nothing, nothing, bounds))
