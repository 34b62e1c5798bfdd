"""Linear algebra behind ridge: every shape, rank and scale, against NumPy's own least squares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.model_selection import LeaveOneOut

import problems as judge
from problems import Data
from sklearn_reg import RidgeRegression, RidgeRegressionCV, regularization_path
from sklearn_reg._linalg import definite_inverse, generalized_inverse
from sklearn_reg.designs import make_design
from sklearn_reg.penalties import ElasticNet
from sklearn_reg.problem import Problem
from sklearn_reg.solvers import Settings, direct
from sklearn_reg.solvers.factor import conjugate_gradients
from sklearn_reg.solvers.spectral import Spectrum

SHAPES = [(40, 7), (7, 40), (20, 20)]


def problem_of(X: Any, y: Any, l2: Any, *, on_gram: bool = False) -> Problem:
    """A ridge problem without intercept, weights of 1 / n."""
    design, _ = make_design(
        X,
        np.asarray(y)[:, None],
        None,
        on_gram=on_gram,
        centred=False,
        standardize=False,
        excluded=np.zeros(X.shape[1], dtype=bool),
        unpenalised=True,
    )
    return Problem(design, 0, ElasticNet(np.zeros(X.shape[1]), np.asarray(l2, dtype=float)))


def by_augmentation(X: Any, y: Any, l2: Any) -> Any:
    """Least squares on [X / sqrt n; diag(sqrt l2)], by singular values."""
    n = len(y)
    rows = np.vstack([X / np.sqrt(n), np.diag(np.sqrt(l2))])
    return np.linalg.lstsq(rows, np.r_[y / np.sqrt(n), np.zeros(X.shape[1])], rcond=1e-14)[0]


def drawn(n: int, p: int, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.5
    return X, X @ rng.normal(size=p) + rng.normal(size=n)


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
    problem = problem_of(X, y, l2, on_gram=on_gram)
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
    result = direct.closed_form(problem_of(X, y, l2), np.zeros(p), Settings(None, 1, 1e-10))
    assert_allclose(result.w, expected, rtol=1e-6, atol=1e-8)
    assert result.w[5] == 0


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


def test_a_residual_from_the_data_gives_back_the_digits_that_the_gram_matrix_lost() -> None:
    rng = np.random.default_rng(0)
    U, V = (np.linalg.qr(rng.normal(size=(60, 8)))[0], np.linalg.qr(rng.normal(size=(8, 8)))[0])
    X = U * np.geomspace(1, 1e-6, 8) @ V.T * 8
    y = X @ np.ones(8)
    l2 = np.full(8, 1e-13)
    result = direct.closed_form(problem_of(X, y, l2), np.zeros(8), Settings(None, 1, 0.0))
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


# --- many penalties from one decomposition --------------------------------------------------------


@pytest.mark.parametrize(("n", "p"), SHAPES)
def test_a_spectrum_solves_for_any_penalty_and_knows_its_directions(n: int, p: int) -> None:
    X, y = drawn(n, p)
    v = np.random.default_rng(2).uniform(0.5, 2.0, p)
    problem = problem_of(X, y, v)
    spectrum = Spectrum.of(problem.design, v)
    assert Spectrum.of(problem.design, v) is spectrum
    assert Spectrum.of(problem.design, 2 * v) is not spectrum
    lambdas = np.array([1e-3, 0.1, 7.0])
    for lambda_, w, freedom in zip(
        lambdas, spectrum.solve(lambdas, 0), spectrum.degrees_of_freedom(lambdas), strict=True
    ):
        assert_allclose(w, by_augmentation(X, y, lambda_ * v), rtol=1e-7, atol=1e-9)
        hat = X @ np.linalg.solve(X.T @ X / n + lambda_ * np.diag(v), X.T / n)
        assert freedom == pytest.approx(np.trace(hat), rel=1e-8)
    # A = X diag(v)^(-1/2) / sqrt n: directions D have D'X'X D / n = diag(d) and v D^2 = 1.
    D = spectrum.directions()
    kept = spectrum.values > 1e-10
    D, values = D[:, kept], spectrum.values[kept]
    assert_allclose(D.T @ (X.T @ X / n) @ D, np.diag(values), atol=1e-9 * values.max())
    assert_allclose(D.T @ (v[:, None] * D), np.eye(kept.sum()), atol=1e-9)
    assert spectrum.error == pytest.approx(
        spectrum.values.size * np.finfo(float).eps * spectrum.values.max()
    )


def test_leave_one_out_of_sparse_weighted_rows_is_that_of_dense_ones() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(11, 8)) * (rng.random((11, 8)) < 0.4)
    X += 30.0 * (X != 0)  # cells of one row have no spread, to rounding
    y, s = X @ rng.normal(size=8) + 100, rng.integers(1, 9, 11).astype(float)
    fits = [
        RidgeRegressionCV([1e-4, 1e-2, 1.0], cv=LeaveOneOut(), rule=lambda *_: 1).fit(A, y, s)
        for A in (X, sparse.csr_array(X), sparse.csc_array(X))
    ]
    for fit in fits[1:]:
        assert_allclose(fit.mse_path_, fits[0].mse_path_, rtol=1e-8, atol=1e-12)
        assert_allclose(fit.coef_, fits[0].coef_, rtol=1e-8)
