"""Newton systems on supports that change a little, by a bordered factor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_reg._solvers.bordered_factor import SMALL_SUPPORT, BorderedFactor
from solving import definite, laws, seeds

pytestmark = pytest.mark.filterwarnings("error")


def assert_solves(A: Any, active: Any, b: Any, x: Any) -> None:
    """Compare with a solve from scratch."""
    S = np.flatnonzero(active)
    assert not x[~active].any()
    if S.size:
        expected = np.linalg.solve(A[np.ix_(S, S)], b[S])
        assert_allclose(x[S], expected, rtol=0, atol=1e-9 * np.abs(expected).max())


@settings(laws, max_examples=25)
@given(seeds, st.lists(st.integers(0, 60), min_size=3, max_size=12))
def test_bordered_factor_solves_any_sequence_of_supports(seed: int, changes: list[int]) -> None:
    size, rng = 180, np.random.default_rng(seed)
    A = definite(size, seed)
    solver = BorderedFactor(A)
    active = rng.random(size) < 0.8
    for count in changes:
        flipped = rng.choice(size, count, replace=False)
        active = active.copy()
        active[flipped] = ~active[flipped]
        b = rng.normal(size=size)
        x = solver.solve(active, b)
        assert x is not None
        assert_solves(A, active, b, x)


def test_bordered_factor_borders_features_that_join_leave_and_come_back() -> None:
    size, rng = 200, np.random.default_rng(0)
    A = definite(size, 0)
    solver = BorderedFactor(A)
    active = np.arange(size) < 150
    steps: list[list[int]] = [
        [],
        [0],
        [160],
        [0, 1, 161],
        [1, 160],
        [160, 199],
        [5, 6, 7],
        [5, 161],
    ]
    for flipped in steps:
        active = active.copy()
        active[flipped] = ~active[flipped]
        b = rng.normal(size=size)
        x = solver.solve(active, b)
        assert x is not None
        assert_solves(A, active, b, x)


def test_bordered_factor_follows_a_matrix_that_grows() -> None:
    rng = np.random.default_rng(0)
    whole, solver = definite(260, 1), BorderedFactor(np.zeros((0, 0)))
    for size in (130, 140, 145, 260):
        A = solver.A = np.asfortranarray(whole[:size, :size])
        active = np.ones(size, dtype=bool)
        active[rng.choice(size, 5, replace=False)] = False
        b = rng.normal(size=size)
        x = solver.solve(active, b)
        assert x is not None
        assert_solves(A, active, b, x)


def test_bordered_factor_of_no_features_gives_zeros() -> None:
    x = BorderedFactor(np.eye(5, order="F")).solve(np.zeros(5, dtype=bool), np.ones(5))
    assert_array_equal(x, np.zeros(5))


@pytest.mark.parametrize("size", [10, 150])
def test_bordered_factor_says_where_a_matrix_is_not_positive_definite(size: int) -> None:
    A, active = np.eye(size, order="F"), np.ones(size, dtype=bool)
    A[3, 3] = -1.0
    solver = BorderedFactor(A)
    for _ in range(2):
        assert solver.solve(active, np.ones(size)) is None
    active[3] = False
    x = solver.solve(active, np.ones(size))
    assert_array_equal(x, active.astype(float))


def test_bordered_factor_neither_changes_nor_keeps_its_arguments() -> None:
    A, rng = definite(150, 2), np.random.default_rng(0)
    active, b = np.ones(150, dtype=bool), rng.normal(size=150)
    active[:9] = False
    before = A.copy(), active.copy(), b.copy()
    solver = BorderedFactor(A)
    x = solver.solve(active, b)
    assert x is not None
    kept = x.copy()
    active[:4] = True
    solver.solve(active, b)
    assert_array_equal(x, kept)
    assert_array_equal(A, before[0])
    assert_array_equal(b, before[2])


def test_products_are_those_of_the_matrix_however_the_base_grows() -> None:
    rng = np.random.default_rng(1)
    Z = rng.normal(size=(900, 420))
    whole = np.asfortranarray(Z.T @ Z / 900)
    solver = BorderedFactor(np.asfortranarray(whole[:300, :300]))
    for size in (300, 420):
        solver.A = A = np.asfortranarray(whole[:size, :size])
        active = np.zeros(size, dtype=bool)
        active[rng.choice(size, SMALL_SUPPORT + 30, replace=False)] = True
        for _ in range(4):
            x = solver.solve(active, rng.normal(size=size))
            assert x is not None
            assert_allclose(solver.product(x), A @ x, rtol=0, atol=1e-12 * np.abs(A @ x).max())
            active[rng.choice(size, 5, replace=False)] = True
