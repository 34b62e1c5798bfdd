"""Ridge for many penalties from one decomposition."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.model_selection import LeaveOneOut

from sklearn_reg import RidgeRegressionCV
from sklearn_reg._solvers.spectral import Spectrum
from solving import SHAPES, by_augmentation, drawn, ridge_problem

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize(("n", "p"), SHAPES)
def test_a_spectrum_solves_for_any_penalty_and_knows_its_directions(n: int, p: int) -> None:
    X, y = drawn(n, p)
    v = np.random.default_rng(2).uniform(0.5, 2.0, p)
    problem = ridge_problem(X, y, v)
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
