"""Newton systems on supports: by a bordered factor, and by conjugate gradients on the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from designing import make_design
from sklearn_reg._solvers.bordered_factor import BorderedFactor
from sklearn_reg._solvers.curvature import MatrixFreeCurvature
from solving import definite, laws, regression, seeds

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


def test_matrix_free_systems_are_those_of_the_gram_matrix() -> None:
    X, y, _ = regression(60, 150)
    design, _ = make_design(X, y[:, None])
    extra = np.linspace(0.5, 2.0, 150)
    free = MatrixFreeCurvature(design, design.squares, extra)
    Z = X - X.mean(axis=0)
    A = Z.T @ Z / 60 + np.diag(extra)
    rng = np.random.default_rng(0)
    v, b = rng.normal(size=150), rng.normal(size=150)
    assert_allclose(free.product(v), A @ v, rtol=0, atol=1e-10)
    active = rng.random(150) < 0.7
    x = free.solve(active, b)
    S = np.flatnonzero(active)
    assert x is not None
    assert not x[~active].any()
    # Inexact by design: a later round takes in what is left.
    left = np.linalg.norm(A[np.ix_(S, S)] @ x[S] - b[S])
    assert left <= 1e-2 * np.linalg.norm(b[S])


def test_matrix_free_systems_go_on_from_a_near_point() -> None:
    rng, products = np.random.default_rng(0), 0
    Z, extra = rng.normal(size=(200, 40)), np.full(40, 0.1)
    A, active, b = Z.T @ Z + np.diag(extra), np.arange(40) % 4 > 0, rng.normal(size=40)

    class Counted:
        def restricted(self, S: Any) -> Any:
            assert_array_equal(S, np.flatnonzero(active))
            return self

        def normal_product(self, v: Any) -> Any:
            nonlocal products
            products += 1
            return Z[:, active].T @ (Z[:, active] @ v)

    free: Any = MatrixFreeCurvature(Counted(), (Z**2).sum(axis=0), extra)  # type: ignore[arg-type]
    exact = free.solve(active, b)
    assert_allclose(A[np.ix_(active, active)] @ exact[active], b[active], rtol=0, atol=1e-8)
    cold, products = products, 0
    near = exact + 1e-5 * rng.normal(size=40) * active
    nearer = free.solve(active, b, near)
    assert np.linalg.norm(nearer - exact) <= 1e-2 * np.linalg.norm(near - exact)
    assert products <= 1 + cold // 2
    products = 0
    assert_array_equal(free.solve(active, b, np.zeros(40))[~active], 0.0)
    assert products < cold // 2  # to come nearer, and no product for the start
