"""Bounds on false selections: numbers of the papers, and extreme distributions found by linprog."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linprog

from sklearn_reg._selection.false_selections import (
    largest_size,
    unimodal_bound,
    worst_case_bound,
)


def test_the_bound_of_the_worst_case_is_that_of_the_papers() -> None:
    # Meinshausen and Buhlmann: q = sqrt(0.8 p) and a threshold of 0.9 give a bound of 1.
    assert_allclose(worst_case_bound(np.sqrt(0.8 * 4088), 4088, 0.9), 1.0)
    assert_allclose(worst_case_bound([10, 20, 50], 1000, 0.6), [0.5, 2.0, 12.5])
    # Of p features no more than p are selected falsely.
    assert_array_equal(worst_case_bound([5, 10], 10, 0.6), [10.0, 10.0])
    assert worst_case_bound(0, 0, 0.6) == 0


def test_the_bound_for_unimodal_frequencies_is_that_of_the_paper() -> None:
    # B = 50: 1 / (2 (0.2 - 0.01)) and 4 (0.1 + 0.01) / 1.02, times q^2 / p.
    assert_allclose(unimodal_bound(10, 1000, 0.6, 50), 0.1 / 0.38)
    assert_allclose(unimodal_bound(10, 1000, 0.9, 50), 0.1 * 0.44 / 1.02)
    # A half that selects most features, or a threshold that is too small: the worst case.
    for q, threshold in ((70, 0.9), (35, 0.6), (10, 0.51)):
        bound = unimodal_bound(q, 100, threshold, 50)
        assert bound == worst_case_bound(q, 100, threshold)


def largest_tail(mean: float, B: int, at: int) -> float:
    """Return the largest P(X >= at / B) of unimodal distributions on 0, 1/B, ..., 1 of this mean.

    Their probabilities rise up to a mode and fall from it on.
    """
    steps = np.diff(np.eye(B + 1), axis=0)
    tails = []
    for mode in range(B + 1):
        falling = np.where(np.arange(B)[:, None] < mode, -steps, steps)
        found = linprog(
            -1.0 * (np.arange(B + 1) >= at),
            falling,
            np.zeros(B),
            np.stack([np.ones(B + 1), np.arange(B + 1) / B]),
            [1.0, mean],
        )
        if found.status == 0:
            tails.append(-found.fun)
    return max(tails)


@pytest.mark.parametrize("B", [10, 20])
@pytest.mark.parametrize("threshold", [0.6, 0.7, 0.75, 0.8, 0.9, 1.0])
@pytest.mark.parametrize("theta", [0.05, 0.2, 0.3])
def test_no_unimodal_distribution_exceeds_the_bound(B: int, threshold: float, theta: float) -> None:
    # A feature that a half selects with probability theta is selected by both of a pair in a share
    # of the pairs whose mean is theta^2, and needs a share of 2 threshold - 1.
    at = int(np.ceil((2 * threshold - 1) * B - 1e-9))
    p = 1000
    share = unimodal_bound(theta * p, p, threshold, B) / p
    worst = worst_case_bound(theta * p, p, threshold) / p
    tail = largest_tail(theta**2, B, at)
    assert tail <= share * (1 + 1e-7)
    if share < worst:
        assert share <= 1.5 * tail  # and some come near it


@given(st.floats(1e-3, 100), st.integers(1, 300), st.floats(0.51, 1.0), st.booleans())
def test_the_largest_size_is_the_last_whose_bound_is_small_enough(
    wanted: float, p: int, threshold: float, unimodal: bool
) -> None:
    sizes = np.arange(1, p + 1)
    bounds = (
        unimodal_bound(sizes, p, threshold, 50)
        if unimodal
        else worst_case_bound(sizes, p, threshold)
    )
    q = largest_size(bounds, wanted)
    assert (bounds[:q] <= wanted * (1 + 1e-9)).all()
    assert q == p or bounds[q] > wanted


def test_rounding_does_not_cost_a_feature() -> None:
    assert largest_size(worst_case_bound(np.arange(1, 31), 30, 0.6), 1.5) == 3  # 3^2 / (0.2 30)
