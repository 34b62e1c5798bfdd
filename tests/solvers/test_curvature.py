"""Newton systems by conjugate gradients on the data, and solutions that are checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from designing import make_design
from sklearn_reg._solvers.bordered_factor import SMALL_SUPPORT, BorderedFactor
from sklearn_reg._solvers.curvature import MatrixFreeCurvature, solve_checked
from solving import regression

pytestmark = pytest.mark.filterwarnings("error")


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


def test_a_system_from_a_poor_factor_gets_a_factor_of_its_own() -> None:
    """The base holds a column twice, so that its factor keeps half the digits at best."""
    rng = np.random.default_rng(0)
    m = SMALL_SUPPORT + 60
    Z = rng.normal(size=(2 * m, m))
    Z[:, 1] = Z[:, 0] + 1e-9 * rng.normal(size=2 * m)
    A = np.asfortranarray(Z.T @ Z / (2 * m))
    A[np.diag_indices(m)] += 1e-13
    solver, active = BorderedFactor(A), np.ones(m, dtype=bool)
    b = rng.normal(size=m)
    solver.solve(active, b)
    active[1] = False
    unchecked = solver.solve(active, b)
    assert unchecked is not None
    poor = np.abs(A @ unchecked - b)[active].max()
    found = solve_checked(solver, active, b, np.full(m, 1e-13))
    assert found is not None
    x, product = found
    assert_allclose(product, A @ x, rtol=0, atol=1e-13)
    assert np.abs(product - b)[active].max() < 1e-2 * poor
    assert not solver.bordered
