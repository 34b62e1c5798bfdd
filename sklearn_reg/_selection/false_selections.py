"""Bounds on the expected number of false selections of stability selection.

A feature is selected falsely where a half selects it with a probability of at most q / p, with p
features and q the expected number that a half selects: no more often than by chance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sklearn_reg._tools.typing import FloatArray

WIDEST = 3.0**-0.5  # the largest q / p for which a unimodal distribution gives a bound


def worst_case_bound(q: ArrayLike, p: int, threshold: float) -> FloatArray:
    """Return q^2 / ((2 threshold - 1) p), or p if that is smaller."""
    squares = np.square(q, dtype=np.float64)
    return np.minimum(squares / ((2.0 * threshold - 1.0) * max(p, 1)), p)


def unimodal_bound(q: ArrayLike, p: int, threshold: float, n_pairs: int) -> FloatArray:
    """Return the bound for unimodal frequencies, where there is one, or that of the worst case.

    The frequency with which both halves of a pair select a feature is taken to be unimodal.
    """
    sizes, B = np.asarray(q, dtype=np.float64), n_pairs
    worst, theta = worst_case_bound(sizes, p, threshold), sizes / max(p, 1)
    lowest = 0.5 + np.minimum(theta**2, 0.5 / B + 0.75 * theta**2)
    if threshold < 0.5 + 1.0 / B:
        return worst
    if threshold <= 0.75:
        factor = 0.5 / (2.0 * threshold - 1.0 - 0.5 / B)
    else:
        factor = 4.0 * (1.0 - threshold + 0.5 / B) / (1.0 + 1.0 / B)
    holds = (theta <= WIDEST) & (threshold > lowest)
    return np.where(holds, np.minimum(factor * sizes * theta, worst), worst)


def largest_size(bounds: FloatArray, wanted: float) -> int:
    """Return the largest q whose bound is at most that wanted, given those of 1, 2, ...

    2 threshold - 1 is rounded, so that a bound may be off in its last digits.
    """
    return int(np.count_nonzero(np.maximum.accumulate(bounds) <= wanted * (1.0 + 1e-12)))
