"""The grid of penalties of a path: down from lambda_max, at which all coefficients are zero."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np

from sklearn_reg._checks.values import check_number, number_in, real_numbers
from sklearn_reg._data.units import UnitPenalty, View
from sklearn_reg._solvers.problem import problem_of
from sklearn_reg._tools.typing import FloatArray

# Without an L1 penalty no lambda makes all coefficients zero: the grid begins at this many times
# the largest eigenvalue of the Gram matrix, which shrinks every coefficient to 1 % or less.
RIDGE_START = 100.0
# A target whose correlation with the features is less than this share of that of another target is
# not explained by them, up to rounding.
UNEXPLAINED = 1e-6


def largest_lambdas(view: View, penalty: UnitPenalty) -> FloatArray:
    """Return lambda_max for each target."""
    n_targets = view.units.size
    one = penalty.times(np.ones(n_targets))
    return np.array([problem_of(view, j, one).largest_level for j in range(n_targets)])


# Makes a grid for data and a penalty.
Grid = Callable[[View, UnitPenalty], FloatArray]


def _grid(count: int, eps: float, view: View, penalty: UnitPenalty) -> FloatArray:
    """Return a grid of penalties that are evenly spaced in log.

    The L2 penalty is added to the eigenvalues of the Gram matrix, which are squares of singular
    values, whatever the unit of y; so its grid spans eps squared.
    """
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


def _smallest_level(levels: FloatArray, view: View) -> float:
    """Return the smallest lambda_max of the targets that the features explain.

    lambda_max depends on the unit of a target; the grid must include what each target needs.
    """
    sizes = view.units * np.sqrt(view.design.scatter)
    shares = np.divide(levels, sizes, out=np.zeros_like(levels), where=sizes > 0)
    return float(levels[shares >= UNEXPLAINED * shares.max()].min())


def check_lambdas(lambdas: Any, eps: Any) -> FloatArray | Grid:
    """Return penalties from large to small, or the function that makes them."""
    end = check_number(eps, "eps", "a number in (0, 1]")
    if end > 1:
        raise ValueError(f"eps must be a number in (0, 1], got {eps!r}")
    wanted = "an integer >= 1 or an array of numbers >= 0"
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
