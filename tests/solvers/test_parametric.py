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
from solving import definite, laws, seeds

pytestmark = pytest.mark.filterwarnings("error")


def follow(A: Any, c: Any, l1: Any, w: Any, positive: bool, **options: Any) -> Any:
    """Follow the path from w."""
    state = parametric.start_state(w, c - A @ w, l1, positive)
    return parametric.solve(BorderedFactor(A), l1, state, positive=positive, **options)


def assert_optimal(A: Any, c: Any, l1: Any, w: Any, positive: bool, slack: float) -> None:
    """Check the optimality conditions by hand."""
    u = c - A @ w
    at_zero = w == 0
    penalised_zero = at_zero & (l1 > 0)
    pull = u if positive else np.abs(u)
    assert (pull[penalised_zero] <= l1[penalised_zero] + slack).all()
    assert (np.abs(u - l1 * np.sign(w))[~penalised_zero] <= slack).all()
    if positive:
        assert (w[l1 > 0] >= 0).all()


@settings(laws, max_examples=150)
@given(
    st.integers(1, 60),
    seeds,
    st.sampled_from([1.0, 1e2, 1e6]),
    st.sampled_from([2.0, 0.5, 0.1, 1e-2, 1e-4]),
    st.booleans(),
    st.sampled_from(["zero", "random", "dense"]),
    st.booleans(),
)
def test_the_path_ends_where_the_optimality_conditions_hold(
    size: int,
    seed: int,
    condition: float,
    fraction: float,
    positive: bool,
    start: str,
    free: bool,
) -> None:
    rng = np.random.default_rng(seed)
    A, c = definite(size, seed, condition), rng.normal(size=size)
    l1 = fraction * np.abs(c).max() * rng.choice([0.5, 1.0, 2.0], size)
    if free and not positive:
        l1[rng.integers(size)] = 0.0
    w = {"zero": np.zeros(size), "random": rng.normal(size=size) * rng.integers(0, 2, size)}.get(
        start, rng.normal(size=size)
    )
    w = np.abs(w) if positive else w
    state, solved = follow(A, c, l1, w, positive)
    assert solved
    assert_optimal(A, c, l1, state.w, positive, 1e-8 * np.abs(c).max())


@settings(laws, max_examples=60)
@given(st.integers(2, 40), seeds, st.sampled_from([0.9, 0.3, 0.02]), st.booleans())
def test_the_path_passes_ties(size: int, seed: int, fraction: float, positive: bool) -> None:
    rng = np.random.default_rng(seed)
    X = rng.integers(-1, 2, (size, size)).astype(float)
    X[:, size // 2] = X[:, 0]
    A = np.asfortranarray(X.T @ X + 1e-6 * np.eye(size))
    c = X.T @ rng.integers(-2, 3, size)
    if not c.any():
        c = X.T @ X[:, 0] + 1.0
    l1 = np.full(size, fraction * np.abs(c).max())
    state, solved = follow(A, c, l1, np.zeros(size), positive)
    assert solved
    assert_optimal(A, c, l1, state.w, positive, 1e-8 * np.abs(c).max())


def test_the_path_on_a_diagonal_matrix_is_soft_thresholding() -> None:
    c, l1 = np.array([3.0, -2.0, 0.5, -0.1, 0.0]), np.array([1.0, 0.5, 0.5, 0.2, 0.1])
    A = np.asfortranarray(np.diag([1.0, 2.0, 1.0, 4.0, 1.0]))
    for positive, expected in ((False, [2, -0.75, 0, 0, 0]), (True, [2, 0, 0, 0, 0])):
        state, solved = follow(A, c, l1, np.zeros(5), positive)
        assert solved
        assert_allclose(state.w, expected, atol=1e-12)


def test_the_path_of_a_large_support_ends_at_the_optimum() -> None:
    A, rng = definite(300, 3, 1e4), np.random.default_rng(3)
    c = A @ rng.normal(size=300)
    l1 = np.full(300, 1e-3 * np.abs(c).max())
    for w in (np.zeros(300), rng.normal(size=300)):
        state, solved = follow(A, c, l1, w, False)
        assert solved
        assert np.count_nonzero(state.w) > 150
        assert_optimal(A, c, l1, state.w, False, 1e-8 * np.abs(c).max())


def test_the_path_says_where_it_was_cut_short() -> None:
    A, rng = definite(40, 3), np.random.default_rng(3)
    c = A @ rng.normal(size=40)
    l1 = np.full(40, 1e-3 * np.abs(c).max())
    assert follow(A, c, l1, np.zeros(40), False, max_rounds=1)[1] is False
    assert follow(A, c, l1, np.zeros(40), False, max_rounds=1000)[1] is True


def test_the_path_says_where_a_matrix_is_not_positive_definite() -> None:
    A, c, l1 = np.asfortranarray(-np.eye(3)), np.ones(3), np.full(3, 0.1)
    assert follow(A, c, l1, np.zeros(3), False)[1] is False
