"""The plug-in lambda: the square-root lasso by its own conditions, and what it selects of noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from sklearn_reg import ElasticNetRegressionCV, LassoRegressionCV, RidgeRegressionCV

GRID = np.geomspace(10, 1e-2, 150)


def drawn(n: int = 100, p: int = 40, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 1.0
    return X, 3.0 * X[:, :3].sum(axis=1) + 2.0 * rng.normal(size=n)


def kappa(n: int, p: int) -> float:
    return float(1.1 * norm.ppf(1 - 0.05 / (2 * p)) / np.sqrt(n))


@pytest.mark.parametrize("p", [40, 300])
def test_it_is_the_square_root_lasso(p: int) -> None:
    # Its conditions: X'r / (n |r| / sqrt(n)) = kappa sign(w) on the support, less in size beside
    # it, on columns of length sqrt(n).
    X, y = drawn(p=p)
    model = LassoRegressionCV(GRID, rule="plugin", standardize=True, cv=3, tol=1e-10).fit(X, y)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    r = y - X @ model.coef_ - model.intercept_
    share = np.abs(Z.T @ r) / len(y) / np.sqrt(np.mean(r**2))
    step = GRID[0] / GRID[1]
    assert kappa(100, p) <= share.max() <= step * kappa(100, p)
    assert_allclose(share[model.coef_ != 0], share.max(), rtol=1e-5)
    assert (model.coef_[:3] != 0).all()
    below = GRID[model.lambda_ > GRID][0]
    smaller = LassoRegressionCV([below], rule="plugin", standardize=True, cv=3).fit(X, y)
    r = y - X @ smaller.coef_ - smaller.intercept_
    assert below < kappa(100, p) * np.sqrt(np.mean(r**2))


def test_noise_alone_is_selected_by_chance_only() -> None:
    selected = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(60, 30)), 7.0 * rng.normal(size=60)
        model = LassoRegressionCV(10, eps=0.3, rule="plugin", standardize=True, cv=2).fit(X, y)
        selected += bool(model.coef_.any())
    assert selected <= 16  # 10 are expected at most; 16 has a chance of 2.5 %


def test_units_of_y_and_of_columns_do_not_matter() -> None:
    X, y = drawn()
    options: Any = {"rule": "plugin", "standardize": True, "cv": 3}
    model = LassoRegressionCV(200, eps=0.01, **options).fit(X, y)
    other = LassoRegressionCV(200, eps=0.01, **options).fit(X * 2.0 ** np.arange(40), 1024 * y)
    assert_allclose(other.lambda_, 1024 * model.lambda_, rtol=1e-9)
    assert_allclose(other.coef_ * 2.0 ** np.arange(40), 1024 * model.coef_, rtol=1e-6, atol=1e-6)


def test_without_standardize_the_longest_column_decides() -> None:
    X, y = drawn()
    unit = np.ones(40)
    unit[0] = 4.0
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    model = LassoRegressionCV(GRID, rule="plugin", cv=3).fit(Z * unit, y)
    r = y - Z * unit @ model.coef_ - model.intercept_
    s = np.sqrt(np.mean(r**2))
    assert 1.0 <= model.lambda_ / (kappa(100, 40) * 4.0 * s) <= GRID[0] / GRID[1]
    weighted = LassoRegressionCV(GRID, rule="plugin", cv=3, penalty_weights=unit).fit(Z * unit, y)
    plain = LassoRegressionCV(GRID, rule="plugin", cv=3).fit(Z, y)
    assert weighted.lambda_ == plain.lambda_


def test_free_features_are_not_counted() -> None:
    X, y = drawn()
    v = np.ones(40)
    v[:3] = 0
    v[10:] = np.inf
    model = LassoRegressionCV(GRID, rule="plugin", standardize=True, cv=3, penalty_weights=v)
    model.fit(X, y)
    r = y - X @ model.coef_ - model.intercept_
    ratio = model.lambda_ / (kappa(100, 7) * np.sqrt(np.mean(r**2)))
    assert 1.0 <= ratio <= GRID[0] / GRID[1]


def test_each_target_gets_what_it_gets_alone() -> None:
    X, y = drawn()
    Y = np.column_stack([y, X[:, 3] + 0.1 * np.random.default_rng(3).normal(size=100)])
    options: Any = {"rule": "plugin", "standardize": True, "cv": 3}
    both = LassoRegressionCV(GRID, lambda_per_target=True, **options).fit(X, Y)
    alone = [LassoRegressionCV(GRID, **options).fit(X, target).lambda_ for target in Y.T]
    assert both.lambda_.tolist() == alone
    with pytest.raises(ValueError, match="needs lambda_per_target=True for several targets"):
        LassoRegressionCV(GRID, **options).fit(X, Y)


def test_a_grid_that_ends_too_early_is_told() -> None:
    X, y = drawn()
    with pytest.warns(UserWarning, match=r"plug-in lambda is below the smallest lambda, 3\b"):
        LassoRegressionCV([9, 3], rule="plugin", standardize=True, cv=3).fit(X, y)


@pytest.mark.parametrize(
    "model",
    [RidgeRegressionCV(), ElasticNetRegressionCV(), ElasticNetRegressionCV(l1_ratio=[1, 0.5])],
)
def test_it_is_a_rule_of_the_lasso(model: Any) -> None:
    with pytest.raises(ValueError, match="rule='plugin' needs l1_ratio=1"):
        model.set_params(rule="plugin").fit(*drawn())
