"""The path of thresholds: it ends where the optimality conditions hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sklearn_reg._solvers import parametric
from sklearn_reg._solvers.bordered_factor import BorderedFactor
from sklearn_reg._solvers.kinks import Kinks
from sklearn_reg._tools.bounds import Bounds
from solving import LIMITS, bounds_of, definite, laws, seeds

pytestmark = pytest.mark.filterwarnings("error")


def follow(A: Any, c: Any, l1: Any, w: Any, bounds: Bounds | None = None, **options: Any) -> Any:
    """Follow the path from w."""
    kinks = Kinks(l1, bounds)
    state = parametric.start_state(w, c - A @ w, kinks)
    return parametric.solve(BorderedFactor(A), kinks, state, **options)


def assert_optimal(
    A: Any, c: Any, l1: Any, w: Any, slack: float, bounds: Bounds | None = None
) -> None:
    """Check the optimality conditions by hand: no direction within the bounds leads downhill."""
    lower, upper = (-np.inf, np.inf) if bounds is None else (bounds.lower, bounds.upper)
    assert ((w >= lower) & (w <= upper)).all()
    gradient = A @ w - c
    assert ((gradient + l1 * np.where(w < 0, -1, 1) >= -slack) | (w == upper)).all()
    assert ((gradient + l1 * np.where(w > 0, 1, -1) <= slack) | (w == lower)).all()


@settings(laws, max_examples=150)
@given(
    st.integers(1, 60),
    seeds,
    st.sampled_from([1.0, 1e2, 1e6]),
    st.sampled_from([2.0, 0.5, 0.1, 1e-2, 1e-4]),
    st.sampled_from(LIMITS),
    st.sampled_from(["zero", "random", "dense"]),
    st.booleans(),
)
def test_the_path_ends_where_the_optimality_conditions_hold(
    size: int,
    seed: int,
    condition: float,
    fraction: float,
    limits: str,
    start: str,
    free: bool,
) -> None:
    rng = np.random.default_rng(seed)
    A, c = definite(size, seed, condition), rng.normal(size=size)
    l1 = fraction * np.abs(c).max() * rng.choice([0.5, 1.0, 2.0], size)
    if free:
        l1[rng.integers(size)] = 0.0
    w = {"zero": np.zeros(size), "random": rng.normal(size=size) * rng.integers(0, 2, size)}.get(
        start, rng.normal(size=size)
    )
    bounds = bounds_of(limits, size, seed % 2**32)
    w = w if bounds is None else bounds.clip(w)
    state, solved = follow(A, c, l1, w, bounds)
    assert solved
    assert_optimal(A, c, l1, state.w, 1e-8 * np.abs(c).max(), bounds)


@settings(laws, max_examples=60)
@given(st.integers(2, 40), seeds, st.sampled_from([0.9, 0.3, 0.02]), st.sampled_from(LIMITS))
def test_the_path_passes_ties(size: int, seed: int, fraction: float, limits: str) -> None:
    rng = np.random.default_rng(seed)
    X = rng.integers(-1, 2, (size, size)).astype(float)
    X[:, size // 2] = X[:, 0]
    A = np.asfortranarray(X.T @ X + 1e-6 * np.eye(size))
    c = X.T @ rng.integers(-2, 3, size)
    if not c.any():
        c = X.T @ X[:, 0] + 1.0
    l1 = np.full(size, fraction * np.abs(c).max())
    bounds = bounds_of(limits, size, seed)
    state, solved = follow(A, c, l1, np.zeros(size), bounds)
    assert solved
    assert_optimal(A, c, l1, state.w, 1e-8 * np.abs(c).max(), bounds)


def test_the_path_on_a_diagonal_matrix_is_soft_thresholding() -> None:
    c, l1 = np.array([3.0, -2.0, 0.5, -0.1, 0.0]), np.array([1.0, 0.5, 0.5, 0.2, 0.1])
    A = np.asfortranarray(np.diag([1.0, 2.0, 1.0, 4.0, 1.0]))
    box = Bounds(np.array([-1.0, -0.5, 0, 0, 0]), np.array([1.5, 9, 9, 9, 9]))
    for bounds, expected in (
        (None, [2, -0.75, 0, 0, 0]),
        (bounds_of("positive", 5), [2, 0, 0, 0, 0]),
        (box, [1.5, -0.5, 0, 0, 0]),
    ):
        state, solved = follow(A, c, l1, np.zeros(5), bounds)
        assert solved
        assert_allclose(state.w, expected, atol=1e-12)


def test_the_path_of_a_large_support_ends_at_the_optimum() -> None:
    A, rng = definite(300, 3, 1e4), np.random.default_rng(3)
    c = A @ rng.normal(size=300)
    l1 = np.full(300, 1e-3 * np.abs(c).max())
    for w in (np.zeros(300), rng.normal(size=300)):
        state, solved = follow(A, c, l1, w)
        assert solved
        assert np.count_nonzero(state.w) > 150
        assert_optimal(A, c, l1, state.w, 1e-8 * np.abs(c).max())


def test_the_path_says_where_it_was_cut_short() -> None:
    A, rng = definite(40, 3), np.random.default_rng(3)
    c = A @ rng.normal(size=40)
    l1 = np.full(40, 1e-3 * np.abs(c).max())
    assert follow(A, c, l1, np.zeros(40), max_rounds=1)[1] is False
    assert follow(A, c, l1, np.zeros(40), max_rounds=1000)[1] is True


def test_the_path_says_where_a_matrix_is_not_positive_definite() -> None:
    A, c, l1 = np.asfortranarray(-np.eye(3)), np.ones(3), np.full(3, 0.1)
    assert follow(A, c, l1, np.zeros(3))[1] is False
