"""Cross-validation: the curves of scikit-learn's own classes, and what their users wait for."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNetCV, LassoCV, Ridge, RidgeCV
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from searching import EXACT, FOLDS, SINGLE, data_of, every_class, every_shape, quiet
from sklearn_reg import (
    ElasticNetRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
    RidgeRegressionCV,
    lambda_sweep,
)

pytestmark = quiet


# --- agreement ------------------------------------------------------------------------------------


@every_shape
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("weighted", [False, True])
def test_curves_and_pick_are_those_of_scikit_learn(shape, l1_ratio, weighted) -> None:
    X, y = data_of(shape)
    s = np.random.default_rng(1).integers(1, 4, len(y)).astype(float) if weighted else None
    ours = ElasticNetRegressionCV(30, l1_ratio, eps=0.02, cv=FOLDS, **EXACT).fit(X, y, s)
    peer = ElasticNetCV(
        l1_ratio=l1_ratio, alphas=ours.lambdas_, cv=FOLDS, tol=1e-12, max_iter=10**6
    ).fit(X, y, s)
    assert_allclose(ours.mse_path_, peer.mse_path_, rtol=1e-6)
    assert ours.lambda_ == peer.alpha_
    assert_allclose(ours.coef_, peer.coef_, rtol=0, atol=1e-5 * np.abs(peer.coef_).max())


@every_class
@every_shape
def test_curves_and_pick_are_those_of_a_grid_search(CV, shape) -> None:
    X, y = data_of(shape)
    ours = CV(8, eps=0.02, cv=FOLDS, **EXACT).fit(X, y)
    single = SINGLE[CV](solver="auto", **EXACT)
    search = GridSearchCV(
        single, {"lambda_": ours.lambdas_}, cv=FOLDS, scoring="neg_mean_squared_error"
    ).fit(X, y)
    curve = -search.cv_results_["mean_test_score"]
    assert_allclose(ours.mse_path_.mean(axis=1), curve, rtol=1e-6)
    assert ours.lambda_ == search.best_params_["lambda_"]
    assert_allclose(ours.coef_, search.best_estimator_.coef_, rtol=1e-5, atol=1e-8)


@every_shape
def test_ridge_picks_what_ridge_cv_picks(shape) -> None:
    # RidgeCV's alpha is lambda times the rows of the training set, which its grid shares.
    X, y = data_of(shape)
    X, y = X[: len(y) // 5 * 5], y[: len(y) // 5 * 5]
    n_train = len(y) * 4 // 5
    ours = RidgeRegressionCV(30, cv=KFold(5)).fit(X, y)
    peer = RidgeCV(
        alphas=ours.lambdas_ * n_train, cv=KFold(5), scoring="neg_mean_squared_error"
    ).fit(X, y)
    assert_allclose(ours.lambda_, peer.alpha_ / n_train)
    for k in (0, 15, 29):
        for fold, (train, test) in enumerate(KFold(5).split(X)):
            model = Ridge(ours.lambdas_[k] * n_train, solver="svd").fit(X[train], y[train])
            expected = mean_squared_error(y[test], model.predict(X[test]))
            assert_allclose(ours.mse_path_[k, fold], expected, rtol=1e-6)


@every_class
@every_shape
@pytest.mark.parametrize("sparse_format", ["csr", "csc"])
def test_sparse_and_dense_agree(CV, shape, sparse_format) -> None:
    X, y = data_of(shape)
    X = np.where(np.abs(X) > np.median(np.abs(X)), X, 0.0)
    dense = CV(10, cv=FOLDS, eps=0.05, **EXACT).fit(X, y)
    of_sparse = CV(10, cv=FOLDS, eps=0.05, **EXACT).fit(
        sparse.csr_array(X).asformat(sparse_format), y
    )
    assert_allclose(of_sparse.mse_path_, dense.mse_path_, rtol=1e-6)
    assert_allclose(of_sparse.fold_coefs_, dense.fold_coefs_, rtol=1e-5, atol=1e-6)


# --- what users of the peers wait for (selection) -------------------------------------------------


def test_all_ways_to_choose_agree_on_unscaled_data() -> None:
    """scikit-learn #24877: LassoCV and GridSearchCV pick different penalties."""
    X, y = data_of("diabetes")
    grid = np.geomspace(50, 1e-3, 40)
    folds = KFold(5)
    exact = {"tol": 1e-11}  # moments certify no more at the smallest penalties
    ours = LassoRegressionCV(grid, cv=folds, **exact).fit(X, y)
    search = GridSearchCV(
        LassoRegression(solver="auto", **exact),
        {"lambda_": grid},
        cv=folds,
        scoring="neg_mean_squared_error",
    ).fit(X, y)
    peer = LassoCV(alphas=grid, cv=folds, tol=1e-12, max_iter=10**6).fit(X, y)
    assert ours.lambda_ == search.best_params_["lambda_"] == peer.alpha_


@every_class
def test_ten_lambdas_are_ten_points_for_every_class(CV) -> None:
    """In scikit-learn `alphas=10` is ten points in LassoCV and the value ten in RidgeCV."""
    X, y = data_of("diabetes")
    model = CV(lambdas=10, cv=FOLDS).fit(X, y)
    assert model.lambdas_.shape == (10,)
    # For ridge, lambda competes with squares of singular values.
    assert_allclose(
        model.lambdas_[-1] / model.lambdas_[0], 1e-6 if CV is RidgeRegressionCV else 1e-3
    )


def test_the_ridge_grid_does_not_depend_on_the_unit_of_y() -> None:
    X, y = data_of("diabetes")
    one, other = (RidgeRegressionCV(10, cv=FOLDS).fit(X, unit * y) for unit in (1.0, 1000.0))
    assert_allclose(one.lambdas_, other.lambdas_)
    assert_allclose(1000.0 * one.coef_, other.coef_, rtol=1e-9)
    assert_allclose(one.fold_coefs_[0], 0.0, atol=0.02 * np.abs(one.coef_).max())


def test_an_elastic_net_without_l1_has_a_grid_of_its_own() -> None:
    """scikit-learn #7551: ElasticNetCV refuses an automatic grid at l1_ratio=0."""
    X, y = data_of("diabetes")
    net = ElasticNetRegressionCV(10, [0.0, 0.5], cv=FOLDS).fit(X, y)
    ridge = RidgeRegressionCV(10, cv=FOLDS).fit(X, y)
    assert_allclose(net.lambdas_[0], ridge.lambdas_)
    assert_allclose(net.mse_path_[0], ridge.mse_path_, rtol=1e-9)


# --- sweeps ---------------------------------------------------------------------------------------


def test_a_sweep_tells_over_from_underfitting() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 50))
    y = X[:, :5].sum(axis=1) + 2 * rng.standard_normal(60)
    sweep = lambda_sweep(RidgeRegression(solver="auto"), X, y, (1e-6, 1e-2, 0.3, 10, 1e3), cv=FOLDS)
    best = sweep.verdicts.index("best")
    assert sweep.best_lambda == sweep.lambdas[best] == sweep.lambdas[sweep.validation_loss.argmin()]
    assert sweep.verdicts[0] == "overfits"
    assert sweep.verdicts[-1] == "underfits"
    assert (np.diff(sweep.train_loss) > 0).all()
    assert sweep.train_losses.shape == sweep.validation_losses.shape == (5, 5)
    assert "overfits" in sweep.rule
    assert "underfits" in sweep.rule


def test_a_sweep_takes_a_pipeline_and_the_losses_are_mean_squared_errors() -> None:
    X, y = data_of("diabetes")
    pipeline = make_pipeline(StandardScaler(), LassoRegression(solver="auto"))
    sweep = lambda_sweep(pipeline, X, y, cv=FOLDS)
    assert_array_equal(sweep.lambdas, [1e-4, 1e-3, 1e-2, 1e-1, 1])
    train, test = next(FOLDS.split(X))
    model = clone(pipeline).set_params(lassoregression__lambda_=0.1).fit(X[train], y[train])
    assert_allclose(
        sweep.validation_losses[3, 0], mean_squared_error(y[test], model.predict(X[test]))
    )
    assert_allclose(sweep.train_losses[3, 0], mean_squared_error(y[train], model.predict(X[train])))


def test_a_sweep_keeps_bounds_and_relaxes_with_weights_of_each_fold() -> None:
    X, y = data_of("diabetes")
    options = {"relax": 0.5, "bounds": (-200, 400), "penalty_weights": "adaptive", "solver": "auto"}
    sweep = lambda_sweep(LassoRegression(**options), X, y, [0.01, 0.1], cv=FOLDS)
    for k, lambda_ in enumerate(sweep.lambdas):
        for fold, (train, test) in enumerate(FOLDS.split(X)):
            model = LassoRegression(lambda_, **options).fit(X[train], y[train])
            error = mean_squared_error(y[test], model.predict(X[test]))
            assert_allclose(sweep.validation_losses[k, fold], error)
            assert model.coef_.max() <= 400


def test_a_sweep_warns_once_of_all_fits_that_did_not_converge() -> None:
    X, y = data_of("tall")
    with pytest.warns(ConvergenceWarning, match="10 of 10 fits warned") as caught:
        lambda_sweep(LassoRegression(n_iterations=2), X, y, (0.1, 0.2), cv=FOLDS)
    assert len(caught) == 1


@pytest.mark.parametrize("lambdas", [[], [-1.0], [np.nan], "all"])
def test_a_sweep_needs_penalties(lambdas) -> None:
    with pytest.raises((ValueError, TypeError), match="lambdas must be"):
        lambda_sweep(LassoRegression(), *data_of("tall"), lambdas)


def test_a_sweep_needs_a_lambda() -> None:
    with pytest.raises(ValueError, match="one parameter lambda_"):
        lambda_sweep(StandardScaler(), *data_of("tall"))
