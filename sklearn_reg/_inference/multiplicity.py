"""Many tests at once: Holm's p-values, and intervals that hold together."""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState

from sklearn_reg._tools.typing import FloatArray

N_DRAWS, AT_ONCE = 10_000, 2**22  # draws of the largest statistic, and numbers of one array


def holm(p_values: FloatArray) -> FloatArray:
    """Return Holm's adjusted p-values: reject those <= a, and the chance of any error is <= a.

    In order of size, p_(k) is multiplied by m - k + 1, and each is at least the one before.
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(p_values.size, 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(factors * p_values[order]))
    return adjusted


def largest_quantile(
    scores: FloatArray, level: float, degrees_of_freedom: float | None, random: RandomState
) -> float:
    """Return the quantile of max_j |t_j| for t = scores e, with rows of scores of length one.

    e is standard normal, or Student's t if sigma has been estimated with degrees of freedom: all
    t_j then share the estimate.
    """
    m, n = scores.shape
    largest, step = np.empty(N_DRAWS), max(1, AT_ONCE // max(m, n))
    for first in range(0, N_DRAWS, step):
        e = random.normal(size=(n, min(step, N_DRAWS - first)))
        largest[first : first + step] = np.abs(scores @ e).max(axis=0, initial=0.0)
    if degrees_of_freedom is not None:
        largest /= np.sqrt(random.chisquare(degrees_of_freedom, N_DRAWS) / degrees_of_freedom)
    return float(np.quantile(largest, level, method="higher"))
