"""Errors along the grids of all folds: what is kept of them, for one target or several."""

from __future__ import annotations

import tracemalloc
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.model_selection import KFold

from covering import every_pair
from searching import EXACT, FOLDS, data_of, every_class, every_shape, quiet
from sklearn_reg import LassoRegressionCV, RidgeRegressionCV, lambda_max
from sklearn_reg.moments import CHUNK_NUMBERS

pytestmark = quiet


@every_class
@every_shape
def test_fold_coefficients_and_training_errors_are_kept(CV, shape) -> None:
    """scikit-learn #31733."""
    X, y = data_of(shape)
    model = CV(8, cv=FOLDS, eps=0.05).fit(X, y)
    assert model.fold_coefs_.shape == (8, 5, X.shape[1])
    assert model.train_mse_path_.shape == model.dual_gaps_.shape == (8, 5)
    for fold, (train, _) in enumerate(FOLDS.split(X)):
        centred = X[train] - X[train].mean(axis=0)
        residual = y[train] - y[train].mean() - centred @ model.fold_coefs_[4, fold]
        assert_allclose(model.train_mse_path_[4, fold], np.mean(residual**2), rtol=1e-6)


@every_class
def test_several_targets_share_lambda_and_count_alike(CV) -> None:
    """scikit-learn #17965."""
    X, y = data_of("tall")
    Y = np.column_stack([y, y[::-1], 2 * y])
    model = CV(7, cv=FOLDS, **EXACT).fit(X, Y)
    singles = [CV(model.lambdas_, cv=FOLDS, **EXACT) for _ in range(3)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # picks at the edge
        curves = [one.fit(X, target).mse_path_ for one, target in zip(singles, Y.T, strict=True)]
    assert_allclose(model.mse_path_, np.mean(curves, axis=0), rtol=1e-6)
    assert model.coef_.shape == (3, 12)
    assert model.fold_coefs_.shape == (7, 5, 3, 12)
    assert_allclose(model.fold_coefs_[:, :, 1], singles[1].fold_coefs_, rtol=1e-6, atol=1e-9)


@every_class
@every_shape
def test_jobs_change_nothing_but_rounding(CV, shape) -> None:
    X, y = data_of(shape)
    one, two = (CV(10, cv=FOLDS, n_jobs=jobs).fit(X, y) for jobs in (None, 2))
    assert_allclose(one.mse_path_, two.mse_path_, rtol=1e-11)  # folds together share products
    assert_allclose(one.coef_, two.coef_, rtol=1e-11)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_cross_validation_copies_no_data(order, n_jobs) -> None:
    rng = np.random.default_rng(0)
    X = np.asarray(rng.standard_normal((200_000, 20)), order=order)
    y = X[:, 0] + rng.standard_normal(200_000)
    model = LassoRegressionCV(10, cv=KFold(5), n_jobs=n_jobs).fit(X[:500], y[:500])
    tracemalloc.start()
    model.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Indices of the splits, targets and flags of scikit-learn's validation; a fold of X is 25 MB.
    assert peak < 0.9 * X.nbytes * 0.8


@every_pair(
    Estimator=[LassoRegressionCV, RidgeRegressionCV],
    order=["C", "F"],
    dtype=[np.float64, np.float32],
)
def test_folds_of_wide_data_take_no_more_memory_than_x(
    Estimator: Any, order: Any, dtype: Any
) -> None:
    rng = np.random.default_rng(0)
    X = np.asarray(rng.normal(size=(150, 40_000)), dtype=dtype, order=order)
    y = X[:, :5].sum(axis=1) + rng.normal(size=150)
    lambdas = lambda_max(X, y) * np.geomspace(1.0, 0.1, 3)
    tracemalloc.start()
    Estimator(lambdas, cv=3).fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes + 8 * CHUNK_NUMBERS  # and a part of X in float64
