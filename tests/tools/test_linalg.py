"""Semi-definite systems of any rank and scale, and the largest eigenvalue of any spectrum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_reg._tools import linalg as _linalg
from sklearn_reg._tools.linalg import conjugate_gradients, definite_inverse, generalized_inverse

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("tol", [1e-3, 1e-6, 1e-10])
def test_conjugate_gradients_stop_at_tol_whatever_the_scales(tol: float) -> None:
    rng, products = np.random.default_rng(0), 0
    Z = rng.normal(size=(200, 40)) * np.geomspace(1e-4, 1e4, 40)
    A, b = Z.T @ Z, Z.T @ rng.normal(size=200)

    def product(v: Any) -> Any:
        nonlocal products
        products += 1
        return A @ v

    x = conjugate_gradients(product, b, A.diagonal(), tol)
    left = np.linalg.norm(A @ x - b) / np.linalg.norm(b)
    assert tol / 20 <= left <= 1.01 * tol
    assert products <= 40


def test_conjugate_gradients_take_no_more_steps_than_dimensions() -> None:
    rng = np.random.default_rng(0)
    A = rng.normal(size=(30, 30)) * np.geomspace(1, 1e3, 30)
    A = A.T @ A + np.diag(np.geomspace(1, 1e6, 30))
    products = []

    def product(v: Any) -> Any:
        products.append(v)
        return A @ v

    b = rng.normal(size=30)
    x = conjugate_gradients(product, b, np.diagonal(A), tol=1e-8)
    assert np.linalg.norm(A @ x - b) <= 1e-7 * np.linalg.norm(b)
    assert len(products) <= 45
    products.clear()
    exact = conjugate_gradients(lambda v: product(v) * 0 + np.diagonal(A) * v, b, np.diagonal(A))
    assert_allclose(exact, b / np.diagonal(A), rtol=1e-12)
    assert len(products) <= 2  # the preconditioner is the inverse
    assert not conjugate_gradients(product, 0 * b, np.diagonal(A)).any()
    assert len(conjugate_gradients(product, b, np.diagonal(A), 0.0, max_iterations=3)) == 30


def test_inverses_of_matrices_of_any_rank() -> None:
    rng = np.random.default_rng(0)
    B = rng.normal(size=(6, 4)) * [1.0, 10.0, 0.1, 3.0]
    A = B @ B.T
    b = A @ rng.normal(size=6)
    assert definite_inverse(A) is None
    assert_allclose(generalized_inverse(A)(b), np.linalg.pinv(A) @ b, rtol=1e-8, atol=1e-10)
    both = np.column_stack([b, 2 * b])
    assert_allclose(generalized_inverse(A)(both), np.linalg.pinv(A) @ both, rtol=1e-8, atol=1e-10)
    A = A + np.eye(6)
    solve = definite_inverse(A)
    assert solve is not None
    assert_allclose(solve(both), np.linalg.solve(A, both), rtol=1e-10)
    assert definite_inverse(np.diag([1.0, 0.0])) is None
    assert definite_inverse(np.diag([1.0, -1.0])) is None
    assert definite_inverse(np.array([[1.0, 2.0], [2.0, 1.0]])) is None
    assert not generalized_inverse(np.zeros((2, 2)))(np.ones(2)).any()
    # Scales far apart are no sign of dependence.
    apart = definite_inverse(np.diag([1e-200, 1e200]))
    assert apart is not None
    assert_allclose(apart(np.array([1e-200, 1e200])), [1.0, 1.0])


SPECTRA = {
    "equal": np.ones(90),
    "one": np.eye(1, 90)[0],
    "evenly": np.linspace(0, 1, 90),
    "nearly tied": np.r_[1.0, np.full(89, 1 - 1e-7)],
    "geometric": 10.0 ** -np.arange(90.0),
}


@pytest.mark.parametrize("values", SPECTRA.values(), ids=SPECTRA)
def test_lanczos_steps_find_the_largest_eigenvalue_of_any_spectrum(
    monkeypatch: pytest.MonkeyPatch, values: Any
) -> None:
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=(90, 90)))[0]
    matrix, start = (Q * values) @ Q.T, np.sqrt(np.arange(1.0, 91))
    found = _linalg.largest_eigenvalue(lambda v: matrix @ v, start, tol=1e-8)
    assert_allclose(found, 1.0, rtol=1e-8)
    monkeypatch.setattr(_linalg, "LANCZOS_STEPS", 7)  # cut short, it is rather too large
    assert found - 1e-12 <= _linalg.largest_eigenvalue(lambda v: matrix @ v, start, tol=1e-8) < 1.3
