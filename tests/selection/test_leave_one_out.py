"""Ridge without each row: one decomposition gives what a fit a row gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import LeaveOneOut

from searching import data_of, quiet
from sklearn_reg import RidgeRegressionCV

pytestmark = quiet


def test_ridge_leave_one_out_is_that_of_ridge_cv() -> None:
    X, y = data_of("tall")
    X, y = X[:60], y[:60]
    ours = RidgeRegressionCV(10, cv=LeaveOneOut()).fit(X, y)
    peer = RidgeCV(alphas=ours.lambdas_ * 59, store_cv_results=True).fit(X, y)
    assert_allclose(ours.mse_path_, peer.cv_results_.T, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("shape", ["tall", "wide"])
@pytest.mark.parametrize("n_targets", [None, 2])
@pytest.mark.parametrize(
    "kind", ["plain", "no intercept", "penalty weights", "sparse", "far from 0"]
)
def test_leave_one_out_from_one_decomposition_is_a_fit_per_row(shape, n_targets, kind) -> None:
    X, y = data_of(shape)
    X, y = X[:40], y[:40]
    if n_targets:
        y = np.column_stack([y, 100 * X[:, 5] + y])
    X = 1e6 + X if kind == "far from 0" else X
    X = sparse.csr_array(np.where(np.abs(X) > 1, X, 0)) if kind == "sparse" else X
    settings: dict[str, Any] = {"fit_intercept": kind != "no intercept"}
    if kind == "penalty weights":
        settings["penalty_weights"] = np.linspace(0.1, 3, X.shape[1])
    ours = RidgeRegressionCV(6, cv=LeaveOneOut(), **settings).fit(X, y)
    assert len(ours._fold_coefs[0]) == 40
    assert not isinstance(ours._fold_coefs[0], list)  # so this was the short way
    each = RidgeRegressionCV(6, cv=list(LeaveOneOut().split(X)), **settings).fit(X, y)
    assert isinstance(each._fold_coefs[0], list)
    # A residual that happens to be near zero has the rounding of X w, not of itself.
    rounding = 1e-12 * np.max(y**2)
    for name in ("lambdas_", "lambda_", "mse_path_", "train_mse_path_"):
        atol = rounding if "mse" in name else 0.0
        mine, theirs = getattr(ours, name), getattr(each, name)
        assert_allclose(mine, theirs, rtol=1e-6, atol=atol, err_msg=name)
    largest = np.abs(each.fold_coefs_).max()
    assert_allclose(ours.fold_coefs_, each.fold_coefs_, rtol=1e-6, atol=1e-8 * largest)
    largest = np.abs(each.fold_intercepts_).max()
    assert_allclose(ours.fold_intercepts_, each.fold_intercepts_, rtol=1e-6, atol=1e-8 * largest)
    assert ours.dual_gaps_.shape == each.dual_gaps_.shape
    assert (ours.dual_gaps_ <= 1e-6 * np.var(y, axis=0).max()).all()


def test_gaps_of_leave_one_out_are_valid_from_outside() -> None:
    X, y = data_of("tall")
    X, y = X[:40], y[:40]
    model = RidgeRegressionCV(6, cv=LeaveOneOut()).fit(X, y)
    for fold, (train, _) in enumerate(LeaveOneOut().split(X)):
        for k, lambda_ in enumerate(model.lambdas_):
            w, best = model.fold_coefs_[k, fold], Ridge(39 * lambda_, solver="svd")
            best.fit(X[train], y[train])
            values = [
                0.5 * np.mean((y[train] - X[train] @ v - b) ** 2) + 0.5 * lambda_ * v @ v
                for v, b in [(w, model.fold_intercepts_[k, fold]), (best.coef_, best.intercept_)]
            ]
            rounding = 1e-14 * values[1]
            assert values[0] - values[1] <= model.dual_gaps_[k, fold] + rounding


def test_leave_one_out_of_a_row_that_explains_itself_takes_the_long_way() -> None:
    # The last column is the indicator of the first row: without that row it is constant.
    X, y = data_of("tall")
    X = np.column_stack([X[:30], np.eye(30)[:, 0]])
    grid = [1e-3, 1e-9]
    ours = RidgeRegressionCV(grid, cv=LeaveOneOut()).fit(X, y[:30])
    each = RidgeRegressionCV(grid, cv=list(LeaveOneOut().split(X))).fit(X, y[:30])
    assert_array_equal(ours.mse_path_, each.mse_path_)
