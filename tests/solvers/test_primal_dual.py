"""The restricted solvers: guessing the support, following the path, and both on no Gram matrix."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import sparse

from designing import make_design
from problems import Data, duality_gap
from sklearn_reg import LassoRegression, lambda_max
from sklearn_reg._solvers import parametric, primal_dual
from sklearn_reg._solvers.bordered_factor import BorderedFactor
from sklearn_reg._solvers.curvature import MatrixFreeCurvature
from sklearn_reg._solvers.kinks import Kinks
from sklearn_reg._solvers.spectral import Spectrum
from solving import LIMITS, bounds_of

Array = np.ndarray[Any, Any]
active_set = importlib.import_module(
    "sklearn_reg._solvers.active_set"
)  # the name is a function too


def system(seed: int, m: int, n: int) -> tuple[Array, Array]:
    """Return a positive definite A, and c."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, m)) + 0.7 * rng.standard_normal((n, 1))
    A = np.asfortranarray(X.T @ X / n + 0.01 * np.eye(m))
    return A, X.T @ rng.standard_normal(n) / n


@given(
    seed=st.integers(0, 10_000),
    m=st.integers(1, 30),
    share=st.floats(0.01, 1.2),
    limits=st.sampled_from(LIMITS),
    free=st.booleans(),
    warm=st.booleans(),
)
def test_a_guess_that_ends_is_the_optimum_that_the_path_finds(
    seed, m, share, limits, free, warm
) -> None:
    A, c = system(seed, m, 40)
    l1 = np.full(m, share * np.abs(c).max())
    l1[0] = 0.0 if free else l1[0]
    w = np.zeros(m)
    if warm:
        w = np.maximum(np.random.default_rng(seed).standard_normal(m), 0.0)
    bounds = bounds_of(limits, m, seed)
    w, kinks = (w if bounds is None else bounds.clip(w)), Kinks(l1, bounds)
    u = c - A @ w
    guess = primal_dual.solve(BorderedFactor(A), kinks, w, u, tol=1e-10)
    start = parametric.start_state(w, u, kinks)
    state, solved = parametric.solve(BorderedFactor(A), kinks, start, tol=1e-10)
    assert solved
    if guess is not None:
        assert_allclose(guess[0], state.w, rtol=0, atol=1e-8 * (1 + np.abs(state.w).max()))
        assert_allclose(guess[1], c - A @ guess[0], rtol=0, atol=1e-10)


def test_a_guess_from_near_the_optimum_is_found() -> None:
    A, c = system(1, 30, 60)
    l1 = np.full(30, 0.3 * np.abs(c).max())
    w = primal_dual.solve(BorderedFactor(A), Kinks(l1, None), np.zeros(30), c, tol=1e-10)[0]
    u = c - A @ w
    near = primal_dual.solve(BorderedFactor(A), Kinks(0.95 * l1, None), w, u, tol=1e-10)
    assert near is not None


@pytest.mark.parametrize("many", [False, True])
def test_of_many_features_only_the_worst_enter(many) -> None:
    entering = np.ones(400, dtype=bool)
    pull = np.random.default_rng(0).random(400)
    support = 100 if many else 0
    kept = primal_dual._worst(entering, pull, support)
    assert kept.sum() == (30 if many else primal_dual.ENTERING)
    assert pull[kept].min() > pull[~kept].max()


def test_products_and_gram_give_the_same_solution() -> None:
    A, c = system(2, 40, 80)
    X = np.linalg.cholesky(A).T * np.sqrt(40)  # X'X / 40 = A
    design, _ = make_design(X, np.zeros((40, 1)), centred=False)
    l1 = np.full(40, 0.2 * np.abs(c).max())
    free = MatrixFreeCurvature(design, design.squares, np.zeros(40))
    of_products, of_gram = (
        primal_dual.solve(solver, Kinks(l1, None), np.zeros(40), c, tol=1e-9)
        for solver in (free, BorderedFactor(A))
    )
    assert_allclose(of_products[0], of_gram[0], rtol=0, atol=1e-8)


def test_a_large_sparse_support_needs_no_gram_matrix(monkeypatch) -> None:
    rng = np.random.default_rng(0)
    n, p, per_column = 1500, 4000, 6
    rows = rng.integers(n, size=per_column * p)
    columns = np.repeat(np.arange(p), per_column)
    X = sparse.csc_array((rng.standard_normal(rows.size), (rows, columns)), shape=(n, p))
    y = X @ (rng.standard_normal(p) * (rng.random(p) < 0.2)) + rng.standard_normal(n)
    lambda_ = 0.02 * lambda_max(X, y)
    taken = []
    original = active_set.MatrixFreeWorkingSet
    monkeypatch.setattr(
        active_set, "MatrixFreeWorkingSet", lambda *args: taken.append(args) or original(*args)
    )
    model = LassoRegression(lambda_, solver="active_set", tol=1e-9).fit(X, y)
    assert taken
    assert np.count_nonzero(model.coef_) > 700
    gap = duality_gap(Data(X.toarray(), y, lambda_), model.coef_, model.intercept_)
    assert gap <= 1e-9 * 0.5 * y.var()


@pytest.mark.parametrize(("n", "p"), [(30, 8), (8, 30)])
@pytest.mark.parametrize("on_gram", [False, True])
def test_one_decomposition_solves_every_ridge(n, p, on_gram) -> None:
    rng = np.random.default_rng(3)
    X, Y = rng.standard_normal((n, p)) + 5, rng.standard_normal((n, 2))
    v = rng.uniform(0.5, 2.0, p)
    design, _ = make_design(X, Y, rng.uniform(0.5, 1.0, n), on_gram=on_gram, unpenalised=True)
    lambdas = np.array([1.0, 0.01])
    spectrum = Spectrum(design, v)
    G = design.gram(np.arange(p), np.arange(p))
    for target in range(2):
        W = spectrum.solve(lambdas, target)
        for lambda_, w in zip(lambdas, W, strict=True):
            expected = np.linalg.solve(G + lambda_ * np.diag(v), design.cross[:, target])
            assert_allclose(w, expected, rtol=1e-9, atol=1e-12)
        for w, products in zip(W, design.products_of(W, target), strict=True):
            one = design.products(w, target)
            assert_allclose(products.correlation, one.correlation, rtol=0, atol=1e-12)
            assert_allclose(products.residual_square, one.residual_square, rtol=1e-9)
    traces = [np.trace(np.linalg.solve(G + l * np.diag(v), G)) for l in lambdas]  # noqa: E741
    assert_allclose(spectrum.degrees_of_freedom(lambdas), traces, rtol=1e-9)
