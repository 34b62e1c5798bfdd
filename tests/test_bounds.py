"""Bounds on coefficients: against SciPy, as laws, by name, for all ways of fitting, and refused."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import lsq_linear, minimize
from sklearn.linear_model import Lasso
from sklearn.model_selection import KFold, LeaveOneOut

import problems as judge
from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    Moments,
    RidgeRegression,
    RidgeRegressionCV,
    lambda_max,
    regularization_path,
)

laws = settings(deadline=None, derandomize=True, max_examples=40)


def drawn(n: int = 60, p: int = 8, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * 2.0 ** rng.integers(-2, 3, p) + rng.normal(size=p)
    return X, X @ (rng.normal(size=p) / X.std(axis=0)) + rng.normal(size=n)


BOX = (
    np.array([-0.1, -np.inf, 0, -1, -0.02, -3, 0, -0.5]),
    np.array([0.2, 0.1, 1, 0, np.inf, 3, 0, 0.5]),
)


# --- against SciPy --------------------------------------------------------------------------------


@pytest.mark.parametrize("lambda_", [0.0, 0.01, 1.0])
@pytest.mark.parametrize("shape", [(60, 8), (8, 20)])
@pytest.mark.parametrize("centred", [True, False])
def test_ridge_within_bounds_is_that_of_the_augmented_system(
    lambda_: float, shape: Any, centred: bool
) -> None:
    (X, y), (n, p) = drawn(*shape), shape
    bounds = np.resize(BOX[0], p) - 0.01, np.resize(BOX[1], p) + 0.01
    if lambda_ == 0 and p > n:  # many solutions
        lambda_ = 1e-3
    model = RidgeRegression(
        lambda_, solver="auto", bounds=bounds, fit_intercept=centred, tol=1e-12
    ).fit(X, y)
    Z, t = (X - X.mean(axis=0), y - y.mean()) if centred else (X, y)
    A = np.vstack([Z, np.sqrt(n * lambda_) * np.eye(p)])
    found = lsq_linear(A, np.append(t, np.zeros(p)), bounds, method="bvls", tol=1e-15)
    assert_allclose(model.coef_, found.x, rtol=0, atol=1e-8)
    assert np.count_nonzero(found.active_mask) > 1


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_elastic_net_within_bounds_is_a_quadratic_program_of_both_signs(l1_ratio: float) -> None:
    X, y = drawn()
    lambda_, p = 0.05, X.shape[1]
    Z, t = X - X.mean(axis=0), y - y.mean()
    # w = a - b with a, b >= 0: the sum a + b is |w|.
    G, c = Z.T @ Z / len(y), Z.T @ t / len(y)

    def objective(ab: Any) -> tuple[float, Any]:
        w = ab[:p] - ab[p:]
        slope = G @ w - c + lambda_ * (1 - l1_ratio) * w
        value = 0.5 * w @ G @ w - c @ w + lambda_ * (1 - l1_ratio) / 2 * w @ w
        l1 = lambda_ * l1_ratio
        return value + l1 * ab.sum(), np.append(slope + l1, l1 - slope)

    limits = [*zip(np.zeros(p), BOX[1], strict=True), *zip(np.zeros(p), -BOX[0], strict=True)]
    found = minimize(
        objective,
        np.zeros(2 * p),
        jac=True,
        bounds=limits,
        method="L-BFGS-B",
        options={"ftol": 1e-16, "gtol": 1e-12, "maxiter": 10_000},
    )
    model = ElasticNetRegression(lambda_, l1_ratio=l1_ratio, solver="auto", bounds=BOX, tol=1e-12)
    assert_allclose(model.fit(X, y).coef_, found.x[:p] - found.x[p:], rtol=0, atol=1e-6)


def test_positive_is_a_lower_bound_of_zero_to_the_bit() -> None:
    X, y = drawn()
    for options in ({"positive": True}, {"bounds": (0, None)}, {"bounds": [0.0, np.inf]}):
        model = LassoRegression(0.05, solver="auto", **options).fit(X, y)
        path = regularization_path(X, y, 10, **options)
        expected = Lasso(0.05, positive=True, tol=1e-14, max_iter=10**6).fit(X, y).coef_
        assert_allclose(model.coef_, expected, rtol=0, atol=1e-8)
        if options == {"positive": True}:
            first = model.coef_, path.coefs
        assert_array_equal(model.coef_, first[0])
        assert_array_equal(path.coefs, first[1])


def test_positive_and_bounds_hold_both() -> None:
    X, y = drawn()
    both = LassoRegression(0.01, solver="auto", positive=True, bounds=(-9, 0.1)).fit(X, y)
    box = LassoRegression(0.01, solver="auto", bounds=(0, 0.1)).fit(X, y)
    assert_array_equal(both.coef_, box.coef_)
    assert both.coef_.max() == 0.1


# --- laws -----------------------------------------------------------------------------------------

any_box = judge.problems(max_rows=20, max_columns=12, bounded=True)


def solve(data: judge.Data, **options: Any) -> Any:
    return ElasticNetRegression(
        data.lambda_,
        l1_ratio=data.l1_ratio,
        solver="auto",
        tol=1e-10,
        fit_intercept=data.fit_intercept,
        penalty_weights=data.penalty_weights,
        **{"bounds": data.bounds, **options},
    ).fit(data.X, data.y, data.sample_weight)


@laws
@given(any_box)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_bound_that_does_not_bind_changes_nothing(data: judge.Data) -> None:
    free = solve(data, bounds=None)
    far = 2.0 * np.abs(free.coef_).max() + 1.0
    loose = solve(data, bounds=(-far, far))
    assert abs(free.objective_ - loose.objective_) <= free.dual_gap_ + loose.dual_gap_
    assert solve(data, bounds=(-np.inf, np.inf)).coef_.tolist() == free.coef_.tolist()


@laws
@given(any_box)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_bounds_and_signs_flip_together(data: judge.Data) -> None:
    assert data.bounds is not None
    lower, upper = data.bounds
    model = solve(data)
    flipped = solve(data._replace(X=-data.X), bounds=(-upper, -lower))
    assert_allclose(flipped.objective_, model.objective_, rtol=1e-12, atol=1e-300)
    assert_allclose(flipped.coef_, -model.coef_, rtol=1e-9, atol=1e-9 * np.abs(model.coef_).max())


@laws
@given(any_box)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_wider_bounds_fit_no_worse(data: judge.Data) -> None:
    assert data.bounds is not None
    lower, upper = data.bounds
    narrow, wide = solve(data), solve(data, bounds=(2 * lower, 2 * upper))
    assert wide.objective_ <= narrow.objective_ + wide.dual_gap_
    assert (narrow.coef_ >= lower).all()
    assert (narrow.coef_ <= upper).all()


@laws
@given(judge.problems(max_rows=20, max_columns=12, bounded=True), st.booleans())
def test_lambda_max_is_where_the_first_penalised_coefficient_leaves_zero(
    data: judge.Data, standardize: bool
) -> None:
    data = data._replace(l1_ratio=1.0, sample_weight=None, fit_intercept=True)
    largest = lambda_max(data.X, data.y, bounds=data.bounds, penalty_weights=data.penalty_weights)
    expected = judge.lambda_max(data)
    size = np.abs(data.X).max() * np.abs(data.y).max()
    assert_allclose(largest, expected, rtol=1e-7, atol=1e-10 * size)


# --- all ways of fitting --------------------------------------------------------------------------


@pytest.mark.parametrize("standardize", [False, True])
def test_every_way_of_fitting_gives_the_same(standardize: bool) -> None:
    X, y = drawn(300)
    options = {"bounds": BOX, "standardize": standardize, "solver": "auto", "tol": 1e-12}
    model = ElasticNetRegression(0.05, l1_ratio=0.7, **options)
    fits = [
        model.fit(X, y).coef_,
        model.fit(np.asfortranarray(X), y).coef_,
        model.fit(sparse.csr_array(X), y).coef_,
        model.fit(da.from_array(X, chunks=(50, 8)), da.from_array(y, chunks=50)).coef_,
        model.fit_batches((X[k : k + 70], y[k : k + 70]) for k in range(0, 300, 70)).coef_,
        model.fit_moments(Moments.from_data(X, y)).coef_,
        regularization_path(
            X, y, [0.05], 0.7, bounds=BOX, standardize=standardize, tol=1e-12
        ).coefs[0],
    ]
    for solver in ("accelerated", "gradient_descent"):
        other = ElasticNetRegression(
            0.05, "auto", 100_000, l1_ratio=0.7, **(options | {"solver": solver, "tol": 1e-9})
        )
        assert_allclose(other.fit(X, y).coef_, fits[0], rtol=0, atol=2e-4)
        assert ((other.coef_ >= BOX[0]) & (other.coef_ <= BOX[1])).all()
    assert_allclose(fits, np.tile(fits[0], (len(fits), 1)), rtol=0, atol=1e-9)
    assert ((fits >= BOX[0]) & (fits <= BOX[1])).all()
    assert ((fits[0] == BOX[0]) | (fits[0] == BOX[1])).sum() > 2


@pytest.mark.parametrize("cv", [KFold(4), LeaveOneOut()], ids=["folds", "leave one out"])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize(
    ("Estimator", "l1_ratio"),
    [(LassoRegressionCV, 1.0), (ElasticNetRegressionCV, 0.5), (RidgeRegressionCV, 0.0)],
)
@pytest.mark.filterwarnings("ignore:.*the smallest error is at the smallest lambda")
def test_every_fold_is_within_the_bounds_and_optimal(
    Estimator: Any, l1_ratio: float, standardize: bool, cv: Any
) -> None:
    X, y = drawn(24, 8)
    lambdas = [1.0, 0.1, 0.01]
    model = Estimator(lambdas, cv=cv, bounds=BOX, standardize=standardize, tol=1e-12).fit(X, y)
    for k, (train, _) in enumerate(cv.split(X)):
        for j, lambda_ in enumerate(lambdas):
            alone = ElasticNetRegression(
                lambda_,
                l1_ratio=l1_ratio,
                solver="auto",
                bounds=BOX,
                standardize=standardize,
                tol=1e-12,
            ).fit(X[train], y[train])
            assert_allclose(model.fold_coefs_[j, k], alone.coef_, rtol=0, atol=1e-7)
    coefs = model.fold_coefs_
    assert ((coefs >= BOX[0]) & (coefs <= BOX[1])).all()


def test_a_wide_path_is_that_of_fits() -> None:
    X, y = drawn(30, 400)
    bounds = (-0.05, 0.1)
    path = regularization_path(X, y, 12, eps=0.05, bounds=bounds, tol=1e-10)
    for lambda_, coef in zip(path.lambdas, path.coefs, strict=True):
        data = judge.Data(X, y, lambda_, bounds=(np.full(400, bounds[0]), np.full(400, bounds[1])))
        b = float(y.mean() - X.mean(axis=0) @ coef)
        assert judge.duality_gap(data, coef, b) <= 1e-9 * judge.null_objective(data)
    assert (path.coefs == 0.1).sum() > 10


def test_coefficients_at_a_bound_are_no_degrees_of_freedom() -> None:
    X, y = drawn(60, 8)
    path = regularization_path(X, y, 20, bounds=(-0.1, 0.1))
    inside = (path.coefs != 0) & (np.abs(path.coefs) < 0.1)
    assert_array_equal(path.degrees_of_freedom, inside.sum(axis=1))
    assert (np.abs(path.coefs) == 0.1).any()


def test_knots_include_the_bounds() -> None:
    X, y = drawn(60, 8)
    knots = regularization_path(X, y, "knots", bounds=(-0.1, 0.1))
    middles = 0.5 * (knots.lambdas[:-1] + knots.lambdas[1:])
    between = regularization_path(X, y, middles, bounds=(-0.1, 0.1))
    expected = 0.5 * (knots.coefs[:-1] + knots.coefs[1:])
    assert_allclose(between.coefs, expected, rtol=0, atol=1e-9)


def test_a_warm_start_beyond_the_bounds_begins_within_them() -> None:
    X, y = drawn()
    model = LassoRegression(0.01, solver="auto", warm_start=True).fit(X, y)
    model.set_params(bounds=BOX).fit(X, y)
    cold = LassoRegression(0.01, solver="auto", bounds=BOX).fit(X, y)
    assert_allclose(model.coef_, cold.coef_, rtol=0, atol=1e-8)


# --- by name, and refused -------------------------------------------------------------------------


@pytest.mark.parametrize("Estimator", [LassoRegression, RidgeRegression, LassoRegressionCV])
@pytest.mark.filterwarnings("ignore:.*the smallest error is at the smallest lambda")
def test_bounds_by_name_are_those_of_the_columns(Estimator: Any) -> None:
    X, y = drawn()
    table = pd.DataFrame(X, columns=list("abcdefgh"))
    options = {} if Estimator is LassoRegressionCV else {"solver": "auto"}
    upper = [np.inf, 0.1, np.inf, 0, np.inf, np.inf, np.inf, np.inf]
    by_position = Estimator(0.01 if options else 5, bounds=(-1, upper), **options).fit(X, y)
    for named in ({"d": 0, "b": 0.1}, pd.Series({"d": 0.0, "b": 0.1})):
        by_name = Estimator(0.01 if options else 5, bounds=(-1, named), **options).fit(table, y)
        assert_allclose(by_name.coef_, by_position.coef_, rtol=0, atol=1e-12)


def test_a_feature_between_zero_and_zero_is_excluded() -> None:
    X, y = drawn()
    upper = np.full(8, np.inf)
    lower = -upper
    lower[2] = upper[2] = 0
    weights = np.ones(8)
    weights[2] = np.inf
    bounded = LassoRegression(0.01, solver="auto", bounds=(lower, upper)).fit(X, y)
    excluded = LassoRegression(0.01, solver="auto", penalty_weights=weights).fit(X, y)
    assert_allclose(bounded.coef_, excluded.coef_, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (3, r"bounds must be a pair \(lower, upper\), got 3"),
        ((0, 1, 2), r"bounds must be a pair"),
        ((0.1, 1), r"the lower part of bounds must be numbers <= 0, so that zero is within"),
        ((-1, -0.5), r"the upper part of bounds must be numbers >= 0.*Got -0.5 for feature 0"),
        ((-1, np.nan), r"upper part of bounds.*Got nan"),
        (([-1, -1], 1), r"the lower part of bounds .*shape \(8,\), got shape \(2,\)"),
        (("low", 1), r"the lower part of bounds must be numbers <= 0, got 'low'"),
        (({"a": 0}, 1), r"the lower part of bounds by name needs X with names"),
    ],
)
def test_bad_bounds_are_refused_by_name(bounds: Any, message: str) -> None:
    X, y = drawn()
    for call in (
        LassoRegression(bounds=bounds).fit,
        RidgeRegressionCV(bounds=bounds).fit,
        lambda X, y: regularization_path(X, y, bounds=bounds),
        lambda X, y: lambda_max(X, y, bounds=bounds),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            call(X, y)


def test_the_closed_form_has_no_bounds_and_says_so() -> None:
    X, y = drawn()
    with pytest.raises(ValueError, match=r"closed_form.*bounds"):
        RidgeRegression(solver="closed_form", bounds=(-1, 1)).fit(X, y)
