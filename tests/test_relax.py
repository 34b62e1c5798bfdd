"""Relaxed fits: least squares on the support, computed outside of the package, and laws."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import lsq_linear
from sklearn.model_selection import GridSearchCV, KFold, LeaveOneOut, PredefinedSplit

from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    Moments,
    regularization_path,
)

laws = settings(deadline=None, derandomize=True, max_examples=40)
quiet = pytest.mark.filterwarnings("ignore:.*the smallest error is at the smallest lambda")


def drawn(n: int = 60, p: int = 8, seed: int = 0, *, noise: float = 1.0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.normal(size=p)
    return X, X[:, : p // 2].sum(axis=1) + noise * rng.normal(size=n)


def least_squares(X: Any, y: Any, S: Any, weights: Any = None) -> Any:
    """Least squares on the columns S and a constant, of minimum norm if they are dependent."""
    root = np.ones(len(y)) if weights is None else np.sqrt(weights)
    share = root**2 / (root**2).sum()
    Z = root[:, None] * (X[:, S] - share @ X[:, S])
    found = np.zeros(X.shape[1])
    found[S] = np.linalg.lstsq(Z, root * (y - share @ y), rcond=1e-12)[0]
    return found


# --- fits -----------------------------------------------------------------------------------------


@laws
@given(
    st.integers(0, 10_000),
    st.sampled_from([(40, 6), (8, 20), (15, 15)]),
    st.sampled_from([1.0, 0.5]),
    st.floats(0.0, 1.0),
    st.booleans(),
    st.booleans(),
)
def test_a_relaxed_fit_is_the_blend_with_least_squares_on_its_support(
    seed: int, shape: Any, l1_ratio: float, relax: float, standardize: bool, weighted: bool
) -> None:
    X, y = drawn(*shape, seed)
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 4, len(y)) if weighted else None
    v = rng.choice([0.0, 1.0, 2.0, np.inf], X.shape[1], p=[0.1, 0.4, 0.4, 0.1])
    options: Any = {
        "l1_ratio": l1_ratio,
        "solver": "auto",
        "tol": 1e-10,
        "standardize": standardize,
        "penalty_weights": v,
    }
    plain = ElasticNetRegression(0.3, **options).fit(X, y, weights)
    relaxed = ElasticNetRegression(0.3, relax=relax, **options).fit(X, y, weights)
    support = (plain.coef_ != 0) | (v == 0)
    if support.sum() >= len(y):  # many solutions
        return
    expected = relax * plain.coef_ + (1 - relax) * least_squares(X, y, support, weights)
    scale = 1 + np.abs(expected).max()
    assert_allclose(relaxed.coef_, expected, rtol=0, atol=1e-7 * scale)
    share = np.ones(len(y)) if weights is None else weights
    assert_allclose(relaxed.intercept_, np.average(y - X @ relaxed.coef_, weights=share), atol=1e-9)
    assert relaxed.dual_gap_ == plain.dual_gap_
    assert relaxed.objective_ == plain.objective_


def test_one_is_the_lasso_to_the_bit() -> None:
    X, y = drawn()
    for Estimator in (LassoRegression, ElasticNetRegression):
        plain = Estimator(0.1, solver="auto").fit(X, y)
        relaxed = Estimator(0.1, solver="auto", relax=1.0).fit(X, y)
        assert_array_equal(relaxed.coef_, plain.coef_)
    assert_array_equal(
        regularization_path(X, y, 20, relax=1).coefs, regularization_path(X, y, 20).coefs
    )


@laws
@given(st.integers(0, 1000), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_the_path_is_linear_in_relax(seed: int, first: float, second: float) -> None:
    X, y = drawn(30, 6, seed)
    ends = [regularization_path(X, y, 8, relax=share).coefs for share in (0.0, 1.0)]
    for share in (first, second, 0.5 * (first + second)):
        between = regularization_path(X, y, 8, relax=share).coefs
        expected = (1 - share) * ends[0] + share * ends[1]
        assert_allclose(between, expected, rtol=0, atol=1e-10)


def test_the_refit_keeps_to_the_bounds_and_may_turn_signs() -> None:
    rng = np.random.default_rng(0)
    X, y = drawn(40, 6)
    bounds = (np.full(6, -0.2), np.full(6, 0.7))
    model = LassoRegression(0.1, solver="auto", relax=0, bounds=bounds, tol=1e-12).fit(X, y)
    S = LassoRegression(0.1, solver="auto", bounds=bounds).fit(X, y).coef_ != 0
    Z = X[:, S] - X[:, S].mean(axis=0)
    expected = lsq_linear(Z, y - y.mean(), (bounds[0][S], bounds[1][S]), method="bvls", tol=1e-15).x
    assert_allclose(model.coef_[S], expected, rtol=0, atol=1e-8)
    assert (model.coef_ == 0.7).any()
    # Two columns that nearly agree: the lasso takes both with one sign, least squares does not.
    a = rng.normal(size=200)
    X = np.column_stack([a, a + 0.3 * rng.normal(size=200)])
    y = X @ [2.0, -0.1] + 0.1 * rng.normal(size=200)
    plain = LassoRegression(1e-2, solver="auto").fit(X, y)
    turned = LassoRegression(1e-2, solver="auto", relax=0).fit(X, y)
    assert_allclose(turned.coef_, least_squares(X, y, plain.coef_ != 0), rtol=0, atol=1e-10)


def test_dependent_columns_are_refitted_with_minimum_norm() -> None:
    X, y = drawn(50, 4)
    X = np.column_stack([X, X[:, 0]])
    model = ElasticNetRegression(0.05, l1_ratio=0.5, solver="auto", relax=0).fit(X, y)
    plain = ElasticNetRegression(0.05, l1_ratio=0.5, solver="auto").fit(X, y)
    assert plain.coef_[0] != 0
    assert plain.coef_[4] != 0
    expected = least_squares(X, y, plain.coef_ != 0)
    assert_allclose(model.coef_, expected, rtol=0, atol=1e-8)


def test_every_way_of_fitting_relaxes_alike() -> None:
    X, y = drawn(300, 8)
    model = LassoRegression(0.2, solver="auto", relax=0.3, tol=1e-12)
    fits = [
        model.fit(X, y).coef_,
        model.fit(sparse.csr_array(X), y).coef_,
        model.fit(da.from_array(X, chunks=(50, 8)), da.from_array(y, chunks=50)).coef_,
        model.fit(da.from_array(X, chunks=(300, 3)), da.from_array(y, chunks=300)).coef_,
        model.fit_batches((X[k : k + 70], y[k : k + 70]) for k in range(0, 300, 70)).coef_,
        model.fit_moments(Moments.from_data(X, y)).coef_,
        model.fit(X, np.column_stack([-y, y])).coef_[1],
        regularization_path(X, y, [0.2], relax=0.3, tol=1e-12).coefs[0],
        LassoRegression(0.2, "auto", 10_000, relax=0.3, tol=1e-12).fit(X, y).coef_,
    ]
    assert_allclose(fits, np.tile(fits[0], (len(fits), 1)), rtol=0, atol=1e-6)
    assert model.fit(X.astype(np.float32), y.astype(np.float32)).coef_.dtype == np.float32


def test_a_path_of_refits_has_their_losses_and_ranks() -> None:
    X, y = drawn(50, 8)
    plain = regularization_path(X, y, 15)
    refits = regularization_path(X, y, 15, relax=0)
    for k, coef in enumerate(plain.coefs):
        expected = least_squares(X, y, coef != 0)
        assert_allclose(refits.coefs[k], expected, rtol=0, atol=1e-9)
        residual = y - X @ refits.coefs[k] - refits.intercepts[k]
        assert_allclose(refits.training_loss[k], np.mean(residual**2), rtol=1e-9)
    assert_array_equal(refits.degrees_of_freedom, (plain.coefs != 0).sum(axis=1))
    assert_array_equal(refits.dual_gaps, plain.dual_gaps)


def test_a_wide_path_shares_a_factor_and_is_that_of_fits() -> None:
    X, y = drawn(60, 500)
    path = regularization_path(X, y, 20, eps=0.1, relax=0)
    for lambda_, coef in zip(path.lambdas[::5], path.coefs[::5], strict=True):
        plain = LassoRegression(lambda_, solver="auto", tol=1e-10).fit(X, y).coef_
        assert_allclose(coef, least_squares(X, y, plain != 0), rtol=0, atol=1e-7)


# --- searches -------------------------------------------------------------------------------------

RELAX = [0.0, 0.25, 1.0]


@quiet
@pytest.mark.parametrize("cv", [KFold(4), LeaveOneOut()], ids=["folds", "leave one out"])
@pytest.mark.parametrize("l1_ratio", [[1.0], [0.5, 1.0]])
def test_a_search_is_that_of_fits(cv: Any, l1_ratio: Any) -> None:
    X, y = drawn(20, 5)
    lambdas = [1.0, 0.3, 0.05]
    model = ElasticNetRegressionCV(lambdas, l1_ratio, relax=RELAX, cv=cv, tol=1e-12).fit(X, y)
    assert model.mse_path_.shape == (len(l1_ratio), 3, 3, cv.get_n_splits(X))
    assert model.lambdas_.shape == (len(l1_ratio), 3)
    assert model.fold_coefs_.shape == (*model.mse_path_.shape, 5)
    for r, ratio in enumerate(l1_ratio):
        for g, relax in enumerate(RELAX):
            for j, lambda_ in enumerate(lambdas):
                for k, (train, test) in enumerate(cv.split(X)):
                    alone = ElasticNetRegression(
                        lambda_, l1_ratio=ratio, solver="auto", relax=relax, tol=1e-12
                    ).fit(X[train], y[train])
                    at = r, g, j, k
                    assert_allclose(model.fold_coefs_[at], alone.coef_, rtol=0, atol=1e-7)
                    assert_allclose(model.fold_intercepts_[at], alone.intercept_, atol=1e-7)
                    error = np.mean((y[test] - alone.predict(X[test])) ** 2)
                    assert_allclose(model.mse_path_[at], error, rtol=1e-6)
    means = model.mse_path_.mean(axis=-1)
    r, g, j = np.unravel_index(means.argmin(), means.shape)
    assert (model.l1_ratio_, model.relax_, model.lambda_) == (l1_ratio[r], RELAX[g], lambdas[j])
    best = ElasticNetRegression(
        model.lambda_, l1_ratio=model.l1_ratio_, relax=model.relax_, solver="auto", tol=1e-12
    )
    assert_allclose(model.coef_, best.fit(X, y).coef_, rtol=0, atol=1e-8)


@quiet
def test_one_value_has_no_axis_and_is_the_curve_of_a_list() -> None:
    X, y = drawn(80, 6)
    several = LassoRegressionCV(20, relax=RELAX).fit(X, y)
    assert several.mse_path_.shape == (3, 20, 5)
    for g, relax in enumerate(RELAX):
        one = LassoRegressionCV(20, relax=relax).fit(X, y)
        assert_allclose(one.mse_path_, several.mse_path_[g], rtol=1e-12)
        assert one.relax_ == relax
    plain = LassoRegressionCV(20).fit(X, y)
    assert_array_equal(plain.mse_path_, several.mse_path_[2])


@quiet
def test_a_strong_sparse_signal_is_refitted() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(100, 40))
    y = 3 * X[:, 0] - 2 * X[:, 1] + 0.5 * rng.normal(size=100)
    assert LassoRegressionCV(relax=[0, 0.5, 1]).fit(X, y).relax_ == 0
    model = LassoRegressionCV(relax=[0, 1], lambda_per_target=True, store_cv_predictions=True)
    both = model.fit(X, np.column_stack([y, -2 * y]))
    assert both.relax_ == 0
    assert_allclose(both.cv_predictions_[:, 1], -2 * both.cv_predictions_[:, 0], rtol=1e-6)


@quiet
def test_streams_and_dask_choose_alike() -> None:
    X, y = drawn(200, 6)
    folds = PredefinedSplit(np.arange(200) % 4)
    model = LassoRegressionCV(15, relax=RELAX, cv=folds)
    rows = model.fit(X, y).mse_path_
    stream = model.fit_batches((X[k : k + 30], y[k : k + 30]) for k in range(0, 200, 30))
    assert_allclose(stream.mse_path_, rows, rtol=1e-9)
    lazy = model.fit(da.from_array(X, chunks=(50, 6)), da.from_array(y, chunks=50))
    assert_allclose(lazy.mse_path_, rows, rtol=1e-9)


@quiet
def test_a_scorer_sees_every_share() -> None:
    X, y = drawn(60, 6)
    model = LassoRegressionCV(10, relax=RELAX, scoring="neg_mean_squared_error").fit(X, y)
    assert_allclose(-model.score_path_, model.mse_path_, rtol=1e-9)


def test_a_grid_search_over_relax() -> None:
    X, y = drawn(60, 6)
    search = GridSearchCV(LassoRegression(0.1, solver="auto"), {"relax": RELAX}).fit(X, y)
    assert search.best_params_["relax"] in RELAX


# --- refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize("relax", [-0.1, 1.1, np.nan, "half", None, True])
def test_shares_beyond_zero_and_one_are_refused(relax: Any) -> None:
    X, y = drawn()
    for call in (
        LassoRegression(relax=relax).fit,
        LassoRegressionCV(relax=relax).fit,
        LassoRegressionCV(relax=[1.0, relax]).fit,
        lambda X, y: regularization_path(X, y, relax=relax),
    ):
        with pytest.raises((TypeError, ValueError), match="relax must be a number in"):
            call(X, y)


@quiet
@pytest.mark.parametrize("rule", ["aic", "bic", "ebic", "gcv"])
def test_criteria_do_not_count_what_refits_take(rule: str) -> None:
    X, y = drawn()
    with pytest.raises(ValueError, match="rule must be 'min', '1se' or a callable where relax"):
        LassoRegressionCV(rule=rule, relax=0.5).fit(X, y)
    LassoRegressionCV(rule=rule, relax=[1.0], lambdas=[0.3, 0.1]).fit(X, y)
