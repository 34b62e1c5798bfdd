"""Adaptive penalty weights: the formula, written out; no leak between folds; ways of fitting."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.model_selection import KFold

from sklearn_reg import (
    ElasticNetRegression,
    LassoRegression,
    LassoRegressionCV,
    Moments,
    RidgeRegression,
    lambda_max,
    regularization_path,
)

quiet = pytest.mark.filterwarnings("ignore:.*the smallest error is at the smallest lambda")


def drawn(n: int = 80, p: int = 6, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * 10.0 ** rng.integers(-1, 2, p) + rng.normal(size=p)
    return X, (X / X.std(axis=0))[:, :2].sum(axis=1) + rng.normal(size=n)


def weights_of(X: Any, y: Any, s: Any = None) -> Any:
    """The formula, from singular values."""
    s = np.ones(len(y)) if s is None else s
    share = s / s.sum()
    mean = share @ X
    spread = np.sqrt(share @ (X - mean) ** 2)
    Z, t = np.sqrt(share)[:, None] * (X - mean) / spread, np.sqrt(share) * (y - share @ y)
    U, d, V = np.linalg.svd(Z, full_matrices=False)
    n, best = np.count_nonzero(s), (np.inf, 0.0)
    for lambda_ in d[0] ** 2 * np.geomspace(1e2, 1e-5, 60):
        residual = t - U @ (d**2 / (d**2 + lambda_) * (U.T @ t))
        left = 1 - (np.sum(d**2 / (d**2 + lambda_)) + 1) / n
        if left > 0:
            best = min(best, (residual @ residual / left**2, lambda_))
    b = np.abs(V.T @ (d / (d**2 + best[1]) * (U.T @ t)))
    return spread * b.max() / b


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.integers(0, 1000), st.sampled_from([(80, 6), (30, 30), (12, 40)]), st.booleans())
def test_weights_are_those_of_the_formula(seed: int, shape: Any, weighted: bool) -> None:
    X, y = drawn(*shape, seed)
    s = np.random.default_rng(seed).integers(0, 3, len(y)) / 2.0 if weighted else None
    if s is not None:
        s[:5] = 1.0
    model = LassoRegression(0.1, solver="auto", penalty_weights="adaptive").fit(X, y, s)
    expected = weights_of(X, y, s)
    assert_allclose(model.penalty_weights_, expected, rtol=1e-6)
    same = LassoRegression(0.1, solver="auto", penalty_weights=expected).fit(X, y, s)
    assert_allclose(model.coef_, same.coef_, rtol=1e-6, atol=1e-6 * np.abs(same.coef_).max())
    scaled = LassoRegression(0.1, solver="auto", penalty_weights="adaptive", standardize=True)
    unit = 2.0 ** np.arange(X.shape[1]) / 16
    assert_allclose(scaled.fit(X * unit, y, s).coef_ * unit, model.coef_, rtol=1e-6, atol=1e-9)


def test_every_way_of_fitting_finds_the_same() -> None:
    X, y = drawn(300)
    s = np.where(np.arange(300) % 3, 1.0, 0.5)
    options: Any = {"solver": "auto", "penalty_weights": "adaptive", "tol": 1e-12}
    model = ElasticNetRegression(0.1, l1_ratio=0.7, **options)
    parts = [slice(0, 100), slice(100, 300)]
    fits = [
        model.fit(X, y, s).coef_,
        model.fit(sparse.csr_array(X), y, s).coef_,
        model.fit(da.from_array(X, chunks=(90, 6)), da.from_array(y, chunks=90), s).coef_,
        model.fit_batches([(X[k], y[k], s[k]) for k in parts]).coef_,
        model.fit_moments(sum(Moments.from_data(X[k], y[k], s[k]) for k in parts)).coef_,
        regularization_path(
            X, y, [0.1], 0.7, sample_weight=s, penalty_weights="adaptive", tol=1e-12
        ).coefs[0],
    ]
    assert_allclose(fits, np.tile(fits[0], (len(fits), 1)), rtol=1e-8, atol=1e-12)
    v = model.fit(X, y, s).penalty_weights_
    expected = lambda_max(X, y, sample_weight=s, penalty_weights=v)
    assert_allclose(lambda_max(X, y, sample_weight=s, penalty_weights="adaptive"), expected)
    model.set_params(penalty_weights=None).fit(X, y)
    assert not hasattr(model, "penalty_weights_")


@quiet
def test_folds_find_their_own_weights() -> None:
    X, y = drawn(60)
    cv = KFold(4)
    model = LassoRegressionCV([0.5, 0.05], cv=cv, penalty_weights="adaptive", tol=1e-12).fit(X, y)
    for k, (train, _) in enumerate(cv.split(X)):
        for j, lambda_ in enumerate(model.lambdas_):
            v = weights_of(X[train], y[train])
            alone = LassoRegression(lambda_, solver="auto", penalty_weights=v, tol=1e-12)
            coef = alone.fit(X[train], y[train]).coef_
            assert_allclose(model.fold_coefs_[j, k], coef, rtol=1e-6, atol=1e-9)
    assert_allclose(model.penalty_weights_, weights_of(X, y), rtol=1e-8)


@quiet
def test_noise_is_predicted_no_better_than_by_its_mean() -> None:
    # Weights from all rows would leak: the features that agree with y by chance, in the test rows
    # too, would have small penalties, and the error would fall below the variance of y.
    rng = np.random.default_rng(0)
    honest, leaking = [], []
    for _ in range(20):
        X, y = rng.normal(size=(40, 60)), rng.normal(size=40)
        lambdas = lambda_max(X, y, penalty_weights="adaptive") * np.array([0.1])
        null = np.mean([np.var(y) * (1 + 1 / 32)])
        model = LassoRegressionCV(lambdas, penalty_weights="adaptive").fit(X, y)
        honest.append(model.mse_path_.mean() / null)
        seen = LassoRegressionCV(lambdas, penalty_weights=weights_of(X, y)).fit(X, y)
        leaking.append(seen.mse_path_.mean() / null)
    assert np.mean(leaking) < 0.95
    assert np.mean(honest) > 1.0


@quiet
def test_it_finds_the_support_that_the_lasso_hides() -> None:
    # Zou's point: the lasso that predicts best keeps noise; with weights it drops more of it.
    rng = np.random.default_rng(1)
    extra = {"lasso": 0, "adaptive": 0}
    for _ in range(20):
        X = rng.normal(size=(100, 20))
        y = 2 * X[:, 0] + 1.5 * X[:, 1] + rng.normal(size=100)
        for name, v in (("lasso", None), ("adaptive", "adaptive")):
            model = LassoRegressionCV(30, penalty_weights=v).fit(X, y)
            assert (model.coef_[:2] != 0).all()
            extra[name] += np.count_nonzero(model.coef_[2:])
    assert extra["adaptive"] < 0.5 * extra["lasso"]


def test_nothing_to_tell_features_apart() -> None:
    X = drawn()[0]
    X[:, 3] = 2.0
    model = RidgeRegression(0.1, solver="auto", penalty_weights="adaptive").fit(X, np.ones(80))
    assert not model.coef_.any()
    assert np.isfinite(model.penalty_weights_).all()


def test_it_is_refused_for_several_targets_and_other_words() -> None:
    X, y = drawn()
    with pytest.raises(ValueError, match=r"'adaptive' needs one target.*got 2"):
        LassoRegression(penalty_weights="adaptive").fit(X, np.column_stack([y, y]))
    with pytest.raises(TypeError, match="or 'adaptive', got 'adapt'"):
        LassoRegressionCV(penalty_weights="adapt").fit(X, y)


def test_moments_count_rows_with_a_weight() -> None:
    X, y = drawn()
    s = np.arange(80) % 2 * 0.5
    some, others = Moments.from_data(X[:30], y[:30], s[:30]), Moments.from_data(X[30:], y[30:])
    assert (some.n_rows, others.n_rows, (some + others).n_rows) == (15, 50, 65)
    assert ((some + others) - others).n_rows == 15
    assert Moments.from_data(sparse.csr_array(X[:3] * 0), y[:3], [1, 0, 1]).n_rows == 2
