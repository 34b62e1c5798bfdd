"""The grid of penalties of a path: down from lambda_max, at which all coefficients are zero."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np

from sklearn_reg._checks.values import check_number, number_in, real_numbers
from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._data.units import AnyUnitPenalty, Penalties, View
from sklearn_reg._solvers import AUTO_ITERATIONS, Settings
from sklearn_reg._solvers.active_set import active_set
from sklearn_reg._solvers.adaptive import adapted
from sklearn_reg._solvers.homotopy import lasso_knots
from sklearn_reg._solvers.problem import Problem, problem_of
from sklearn_reg._tools.typing import FloatArray

# Without an L1 penalty no lambda makes all coefficients zero: the grid begins at this many times
# the largest eigenvalue of the Gram matrix, which shrinks every coefficient to 1 % or less.
RIDGE_START = 100.0
# A target whose correlation with the features is less than this share of that of another target is
# not explained by them, up to rounding.
UNEXPLAINED = 1e-6
# A path of more features than this has too many knots to be of use.
MOST_FOR_KNOTS = 1500
FINE = 1e-14  # the tolerance, relative to F(0), of the problem that gives lambda_max


def largest_lambdas(view: View, penalty: AnyUnitPenalty) -> FloatArray:
    """Return lambda_max for each target."""
    penalty, design = adapted(view, penalty), view.design
    # With penalties as large as products of the columns none counts as negligible beside them.
    largest = [design.largest_cross(target) or 1.0 for target in range(view.n_problems)]
    np.square(largest)  # it overflows where data are too large to be squared, which are refused
    units = view.units[: view.n_problems] * np.ldexp(1.0, np.frexp(largest)[1])
    one = Penalties(units, penalty)
    problems = [problem_of(view, target, one) for target in range(units.size)]
    if penalty.bounded_and_free:
        levels = [
            _level_beside_bounded(view, penalty, problem, unit)
            for problem, unit in zip(problems, units, strict=True)
        ]
    else:
        levels = [problem.largest_level for problem in problems]
    return np.asarray(units * levels)


def _level_beside_bounded(
    view: View, penalty: AnyUnitPenalty, one: Problem, lambda_: float
) -> float:
    """Return lambda_max over this lambda where features without a penalty have bounds.

    The residual of y on these features is that of a problem with bounds: the one of any lambda that
    is large enough. No correlation exceeds the product of the lengths of its column and of y.
    """
    design, penalised = view.design, one.l1 > 0
    lengths = np.sqrt(2.0 * one.null * design.squares[penalised])
    above = 2.0 * float(np.max(lengths / one.l1[penalised], initial=0.0))
    if above == 0.0:
        return 0.0
    lambdas = np.full(view.n_problems, above * lambda_)
    problem = problem_of(view, one.target, Penalties(lambdas, penalty))
    zero, settings = np.zeros(design.n_features), Settings(None, AUTO_ITERATIONS, FINE)
    w = active_set(problem, zero, settings).w
    return above * problem.h.level(design.products(w, one.target).correlation)


# Makes a grid for data and a penalty.
Grid = Callable[[View, AnyUnitPenalty], FloatArray]


def _grid(count: int, eps: float, view: View, penalty: AnyUnitPenalty) -> FloatArray:
    """Return a grid of penalties that are evenly spaced in log.

    The L2 penalty is added to the eigenvalues of the Gram matrix, which are squares of singular
    values, whatever the unit of y; so its grid spans eps squared.
    """
    penalty = adapted(view, penalty)
    if not penalty.has_level:
        weights = penalty.weights[penalty.weights > 0]
        start = RIDGE_START * view.design.largest_eigenvalue
        largest = start / float(weights.min(initial=1.0))
        smallest = eps**2 * largest
    else:
        levels = largest_lambdas(view, penalty)
        largest, smallest = float(levels.max()), eps * _smallest_level(levels, view)
    # If y or X is constant, all penalties give the same model.
    return np.geomspace(largest, smallest, count) if largest else np.geomspace(1.0, eps, count)


def knots_of(eps: float, view: View, penalty: AnyUnitPenalty) -> FloatArray:
    """Return the lambdas at which a path bends, those of all targets, and where it ends.

    Raises
    ------
    ValueError
        If the path is not piecewise linear, or there are too many features.
    """
    n_features, penalty = view.design.n_features, adapted(view, penalty)
    if not isinstance(penalty, UnitPenalty):
        raise ValueError(
            "lambdas='knots' is not offered with groups, whose paths are not linear between knots: "
            "use a number of lambdas"
        )
    if not penalty.is_lasso:
        raise ValueError(
            "lambdas='knots' needs l1_ratio=1 and penalty_weights > 0, because other paths are not "
            f"linear between knots, got l1_ratio={penalty.l1_ratio:g}"
        )
    if n_features > MOST_FOR_KNOTS:
        raise ValueError(
            f"lambdas='knots' needs at most {MOST_FOR_KNOTS} features, got {n_features}: "
            "use a number of lambdas"
        )
    levels, everything = largest_lambdas(view, penalty), np.arange(n_features)
    if not levels.max() > 0:
        return np.ones(1)
    lowest, gram = eps * _smallest_level(levels, view), view.design.gram(everything, everything)
    limits = [penalty.bounds_in(unit * view.columns.factors) for unit in view.units]
    knots = [
        unit * lasso_knots(gram, cross, penalty.weights, lowest / unit, bounds)
        for unit, cross, bounds in zip(view.units, view.design.cross.T, limits, strict=True)
    ]
    return np.unique(np.concatenate([*knots, [lowest]]))[::-1]


def _smallest_level(levels: FloatArray, view: View) -> float:
    """Return the smallest lambda_max of the targets that the features explain.

    lambda_max depends on the unit of a target; the grid must include what each target needs.
    """
    sizes = view.units[: view.n_problems] * np.sqrt(view.design.scatter)
    shares = np.divide(levels, sizes, out=np.zeros_like(levels), where=sizes > 0)
    return float(levels[shares >= UNEXPLAINED * shares.max()].min())


def check_lambdas(lambdas: Any, eps: Any, *, knots: bool = False) -> FloatArray | Grid:
    """Return penalties from large to small, or the function that makes them."""
    end = check_number(eps, "eps", "a number in (0, 1]")
    if end > 1:
        raise ValueError(f"eps must be a number in (0, 1], got {eps!r}")
    wanted = "an integer >= 1 or an array of numbers >= 0"
    if knots:
        wanted = "an integer >= 1, 'knots' or an array of numbers >= 0"
        if isinstance(lambdas, str) and lambdas == "knots":
            return partial(knots_of, end)
    lambdas = number_in(lambdas)
    if isinstance(lambdas, Integral) and not isinstance(lambdas, (bool, np.bool_)):
        if lambdas < 1:
            raise ValueError(f"lambdas must be {wanted}, got {lambdas!r}")
        return partial(_grid, int(lambdas), end)
    grid = real_numbers(lambdas, "lambdas", wanted).astype(np.float64)
    if grid.ndim != 1 or grid.size == 0:
        raise ValueError(f"lambdas must be {wanted}, got {lambdas!r} of shape {grid.shape}")
    wrong = np.flatnonzero(~(np.isfinite(grid) & (grid >= 0)))
    if wrong.size:
        k = int(wrong[0])
        raise ValueError(f"lambdas must be {wanted}, got lambdas[{k}] = {float(grid[k])}")
    return np.sort(grid)[::-1]
