"""Out-of-fold predictions: those of models that are fitted without the rows that they predict."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.linear_model import LassoCV
from sklearn.model_selection import KFold, LeaveOneOut, ShuffleSplit, cross_val_predict

from searching import Array, every_class, quiet
from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    LassoRegressionCV,
    RidgeRegressionCV,
)

FOLDS = KFold(4, shuffle=True, random_state=1)
GRID = np.geomspace(1.0, 1e-3, 12)


def data(p: int = 6, n_targets: int | None = None) -> tuple[Array, Array]:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(50, p))
    noise = rng.normal(size=(50, n_targets or 1))
    Y = X[:, : noise.shape[1]] - X[:, 3:4] + noise
    return X, Y if n_targets else Y[:, 0]


def apart(model: Any, X: Any, y: Array, cv: Any) -> Array:
    """Fit the chosen penalty without each fold in turn, and predict it."""
    alone = ElasticNetRegression(model.lambda_, l1_ratio=model.l1_ratio_, solver="auto", tol=1e-12)
    return np.asarray(cross_val_predict(alone, X, y, cv=cv))


@quiet
@every_class
@pytest.mark.parametrize("p", [6, 80], ids=["tall", "wide"])
@pytest.mark.parametrize("n_targets", [None, 2])
def test_each_row_is_predicted_without_it(CV: Any, p: int, n_targets: int | None) -> None:
    X, y = data(p, n_targets)
    model = CV(GRID, cv=FOLDS, store_cv_predictions=True, tol=1e-12).fit(X, y)
    assert model.cv_predictions_.shape == y.shape
    assert_allclose(model.cv_predictions_, apart(model, X, y, FOLDS), atol=1e-5)
    chosen = int(np.flatnonzero(model.lambdas_ == model.lambda_)[0])
    folds = [np.mean((y - model.cv_predictions_)[test] ** 2) for _, test in FOLDS.split(X)]
    assert_allclose(folds, model.mse_path_[chosen], rtol=1e-8)


@quiet
@every_class
def test_leaving_one_out_stores_them_too(CV: Any) -> None:
    X, y = data()
    model = CV(GRID, cv=LeaveOneOut(), store_cv_predictions=True, tol=1e-12).fit(X, y)
    assert_allclose(model.cv_predictions_, apart(model, X, y, LeaveOneOut()), atol=1e-5)


@quiet
def test_the_chosen_lambda_and_ratio_of_each_target_count() -> None:
    X, Y = data(n_targets=3)
    Y = Y * [1.0, 1e3, 1e-3]
    model = ElasticNetRegressionCV(
        GRID,
        l1_ratio=[0.2, 0.8],
        cv=FOLDS,
        rule="1se",
        lambda_per_target=True,
        store_cv_predictions=True,
        tol=1e-12,
    ).fit(X, Y)
    assert len(set(model.lambda_)) > 1
    assert_allclose(model.cv_predictions_, apart(model, X, Y, FOLDS), rtol=1e-3, atol=1e-5)


@quiet
def test_sparse_and_float32_and_weighted_rows() -> None:
    X, y = data()
    X = np.where(np.abs(X) > 0.8, X, 0.0)
    weights = np.random.default_rng(0).uniform(0, 2, 50)
    weights[::7] = 0
    model = LassoRegressionCV(GRID, cv=FOLDS, store_cv_predictions=True)
    dense = model.fit(X, y, weights).cv_predictions_
    assert_allclose(model.fit(sparse.csr_array(X), y, weights).cv_predictions_, dense, atol=1e-5)
    small = model.fit(X.astype(np.float32), y.astype(np.float32), weights).cv_predictions_
    assert small.dtype == np.float32
    assert_allclose(small, dense, atol=1e-3)
    assert np.isfinite(dense).all()


@quiet
def test_scikit_learns_lasso_predicts_the_same() -> None:
    X, y = data()
    model = LassoRegressionCV(GRID, cv=FOLDS, store_cv_predictions=True).fit(X, y)
    theirs = LassoCV(alphas=[model.lambda_], cv=FOLDS, tol=1e-10)
    assert_allclose(model.cv_predictions_, cross_val_predict(theirs, X, y, cv=FOLDS), atol=1e-4)


@quiet
def test_it_is_refused_by_name_where_it_cannot_be() -> None:
    X, y = data()
    model = RidgeRegressionCV(GRID, store_cv_predictions=True)
    with pytest.raises(
        ValueError, match=r"cv must test each row exactly once.* got row \d+ tested"
    ):
        model.set_params(cv=ShuffleSplit(3, random_state=0)).fit(X, y)
    model.set_params(cv=3)
    with pytest.raises(ValueError, match="store_cv_predictions must be False for batches"):
        model.fit_batches([(X, y)])
    da = pytest.importorskip("dask.array")
    with pytest.raises(ValueError, match="store_cv_predictions must be False for Dask"):
        model.fit(da.from_array(X, chunks=(25, -1)), da.from_array(y, chunks=25))
    with pytest.raises(TypeError, match="store_cv_predictions must be True or False, got 1"):
        RidgeRegressionCV(store_cv_predictions=1).fit(X, y)
    assert not hasattr(model, "cv_predictions_")
    kept = model.fit(X, y).set_params(store_cv_predictions=False).fit(X, y)
    assert not hasattr(kept, "cv_predictions_")
