"""Linear algebra behind ridge: every shape, rank and scale, against NumPy's own least squares."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import problems as judge
from problems import Data
from sklearn_reg import RidgeRegression, regularization_path
from sklearn_reg._solvers import Settings, direct
from solving import SHAPES, by_augmentation, drawn, ridge_problem


@pytest.mark.parametrize("on_gram", [False, True])
@pytest.mark.parametrize("penalty", ["even", "uneven", "some free", "none"])
@pytest.mark.parametrize(("n", "p"), SHAPES)
def test_closed_form_is_least_squares_on_rows_for_the_penalty(
    n: int, p: int, penalty: str, on_gram: bool
) -> None:
    X, y = drawn(n, p)
    l2 = 0.3 * np.random.default_rng(1).uniform(0.5, 2.0, p)
    l2 = {"even": np.full(p, 0.3), "uneven": l2, "some free": l2, "none": 0 * l2}[penalty]
    if penalty == "some free":
        l2[:3] = 0.0
    problem = ridge_problem(X, y, l2, on_gram=on_gram)
    result = direct.closed_form(problem, np.ones(p), Settings(None, 1, 1e-10))
    assert_allclose(result.w, by_augmentation(X, y, l2), rtol=1e-8, atol=1e-9)
    assert result.solver == "closed_form"
    assert result.converged
    assert result.n_iter == 1
    assert result.history[0] == result.objective
    assert result.gap_history[0] == result.gap <= 1e-10 * problem.null


@pytest.mark.parametrize("penalty", ["even", "some free"])
@pytest.mark.parametrize(("n", "p"), [(30, 40), (40, 30)])
def test_beyond_the_largest_system_no_matrix_is_formed(
    n: int, p: int, penalty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = drawn(n, p)
    X[:, 5] = 0.0  # has no square to divide by
    l2 = np.full(p, 0.3)
    if penalty == "some free":
        l2[:3] = 0.0
    expected = by_augmentation(X, y, l2)
    monkeypatch.setattr(direct, "LARGEST_SYSTEM", 20)
    for name in ("_solve_wide", "_solve_tall"):
        monkeypatch.delattr(direct, name)
    result = direct.closed_form(ridge_problem(X, y, l2), np.zeros(p), Settings(None, 1, 1e-10))
    assert_allclose(result.w, expected, rtol=1e-6, atol=1e-8)
    assert result.w[5] == 0


def test_a_residual_from_the_data_gives_back_the_digits_that_the_gram_matrix_lost() -> None:
    rng = np.random.default_rng(0)
    U, V = (np.linalg.qr(rng.normal(size=(60, 8)))[0], np.linalg.qr(rng.normal(size=(8, 8)))[0])
    X = U * np.geomspace(1, 1e-6, 8) @ V.T * 8
    y = X @ np.ones(8)
    l2 = np.full(8, 1e-13)
    result = direct.closed_form(ridge_problem(X, y, l2), np.zeros(8), Settings(None, 1, 0.0))
    expected = by_augmentation(X, y, l2)
    plain = np.linalg.solve(X.T @ X / 60 + np.diag(l2), X.T @ y / 60)
    assert np.abs(result.w - expected).max() < 1e-2 * np.abs(plain - expected).max()


# --- dependent columns ----------------------------------------------------------------------------


@pytest.mark.parametrize("lambda_", [0.0, 1e-18])
@pytest.mark.parametrize("kind", ["square", "tall of low rank", "wide", "wide of low rank", "ones"])
def test_of_all_solutions_the_shortest_is_found(kind: str, lambda_: float) -> None:
    rng = np.random.default_rng(3)
    X = {
        "square": rng.normal(size=(50, 50)),
        "tall of low rank": rng.normal(size=(60, 8)) @ rng.normal(size=(8, 20)),
        "wide": rng.normal(size=(20, 50)),
        "wide of low rank": rng.normal(size=(30, 8)) @ rng.normal(size=(8, 50)),
        "ones": np.ones((20, 3)) * rng.normal(size=(20, 1)),
    }[kind]
    y = X.sum(axis=1) + rng.normal(size=len(X))
    model = RidgeRegression(lambda_, solver="auto").fit(X, y)
    shortest = np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=1e-10)[0]
    assert_allclose(model.coef_, shortest, rtol=1e-7, atol=1e-9 * np.abs(shortest).max())


@pytest.mark.parametrize("seed", range(20))
def test_dependent_free_columns_beside_a_ridge_on_wide_data(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, p = rng.integers(5, 25), rng.integers(26, 40)
    X = rng.normal(size=(n, 2)) @ rng.normal(size=(2, p))
    y = X[:, 0] + rng.normal(size=n)
    v = np.where(np.arange(p) < 5, 0.0, rng.choice([0.5, 1.0, 3.0], p))
    model = RidgeRegression(1e-3, penalty_weights=v, solver="auto").fit(X, y)
    assert model.converged_
    data = Data(X, y, 1e-3, 0.0, None, v)
    assert judge.duality_gap(data, model.coef_, model.intercept_) <= 1e-9 * np.var(y)


@pytest.mark.parametrize("lambda_", [1e-8, 1e-15, 1e-25, 1e-41, 5e-324])
def test_a_penalty_lost_in_rounding_is_none(lambda_: float) -> None:
    row = np.array([-0.7, -1.3, -0.6])
    X, y = np.array([row, row, 2 * row]), np.array([1.0, 2.0, 2.0])
    v = [0.0, 0.0, 1.0]
    model = RidgeRegression(
        lambda_, penalty_weights=v, fit_intercept=False, solver="auto", tol=1e-12
    ).fit(X, y)
    assert model.converged_
    assert_allclose(X @ model.coef_, np.array([1, 1, 2]) * 7 / 6, rtol=1e-9)
    assert np.abs(model.coef_).max() < 2


def test_whitening_keeps_what_the_penalty_does_not_reach() -> None:
    rng = np.random.default_rng(0)
    v = rng.normal(size=5)
    v /= np.linalg.norm(v)
    across = rng.normal(size=5)
    across -= v * (v @ across)
    whiten = direct._whitener(np.eye(5) + 1e3 * np.outer(v, v))
    assert np.linalg.norm(whiten(across)) == pytest.approx(np.linalg.norm(across), rel=1e-9)
    assert np.linalg.norm(whiten(v)) == pytest.approx(1 / np.sqrt(1001), rel=1e-9)
    # Where the ones of the matrix are lost in rounding they are known to be there.
    lost = -3.0 * np.eye(5) + 1e17 * np.outer(v, v)
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.cholesky(lost)
    whiten = direct._whitener(lost)
    assert 0.2 <= np.linalg.norm(whiten(across)) / np.linalg.norm(across) <= 1 + 1e-6
    assert np.linalg.norm(whiten(v)) <= 2e-8
    both = whiten(np.column_stack([across, 2 * across]))
    assert_allclose(both[:, 1], 2 * both[:, 0])


def test_free_columns_of_very_different_length() -> None:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(12, 30)) * np.r_[1e-6, 1e6, 1.0, np.ones(27)]
    y = rng.normal(size=12)
    v = np.r_[0.0, 0.0, 0.0, np.ones(27)]
    model = RidgeRegression(0.1, penalty_weights=v, solver="auto", tol=1e-10).fit(X, y)
    data = Data(X, y, 0.1, 0.0, None, v)
    assert judge.duality_gap(data, model.coef_, model.intercept_) <= 1e-9 * np.var(y)


def test_degrees_of_freedom_of_dependent_columns() -> None:
    X = np.array([[0.2, -2.5, 0.4, -1.1, -1.3, -0.2, 1.0]])
    v = np.array([1.0, 0.0, 3.0, 3.0, 0.5, 0.0, 1.0])
    path = regularization_path(
        X, np.array([10.0]), [1e-3], 0.0, penalty_weights=v, fit_intercept=False
    )
    assert path.degrees_of_freedom == pytest.approx(1.0, abs=1e-9)
