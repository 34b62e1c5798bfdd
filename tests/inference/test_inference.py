"""Inference after a fit, against formulas and plain loops outside of the package."""

from __future__ import annotations

import os
import pickle
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import Lasso
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_reg import (
    CoefficientInference,
    ElasticNetRegression,
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
    coefficient_inference,
)
from sklearn_reg.inference import METHODS

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
X, Y = load_diabetes(return_X_y=True, as_frame=True)
WEIGHTS = np.random.default_rng(5).uniform(0.5, 2.0, len(Y))
ARRAYS = ("estimate", "standard_error", "lower", "upper")
# Of statsmodels 0.15.0: standard errors of bmi and s1 and the p-value of s5; HC3_se of bmi and s1.
BSE = 66.53344473855086, 416.67987034062924, 1.5558990865392587e-05
HC3_SE = [68.5907693436524, 411.3081606675384]
FEW = {"split": {"n_splits": 3}, "bootstrap": {"n_resamples": 20}}


def lasso(lambda_: float = 0.1, **options: Any) -> LassoRegression:
    return LassoRegression(lambda_, solver="auto", tol=1e-12, **options)


def ridge(lambda_: float = 0.01, **options: Any) -> RidgeRegression:
    return RidgeRegression(lambda_, solver="auto", tol=1e-12, **options)


# One fitted estimator for each method that it suits.
MODELS = {
    "ols": ridge(0.0),
    "ridge": ridge(),
    "debiased": lasso(),
    "selective": lasso(),
    "split": lasso(),
    "bootstrap": lasso(),
}


def sure(method: str, A: Any = X, y: Any = Y, model: Any = None, **options: Any) -> Any:
    model = clone(MODELS[method] if model is None else model)
    weights = options.get("sample_weight")
    fitted = model.fit(A, y) if weights is None else model.fit(A, y, weights)
    options = {"random_state": 0, **FEW.get(method, {}), **options}
    return coefficient_inference(fitted, A, y, method=method, **options)


def problem(seed: int, n: int, p: int, **sizes: float) -> tuple[Any, Any, Any]:
    """Correlated columns, of which two have an effect."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(n, p))
    A[:, 1:] += 0.5 * A[:, :-1]
    w = np.zeros(p)
    w[[1, 4]] = sizes.get("size", 1.0), -sizes.get("size", 1.0)
    return A, A @ w + rng.normal(size=n), w


def whitened(A: Any, y: Any, weights: Any = None, standardize: bool = False) -> Any:
    """Centre, weigh and standardise; return rows, target, and the units of coefficients."""
    A, y = np.asarray(A, dtype=float), np.asarray(y, dtype=float)
    s = np.ones(len(y)) if weights is None else weights * len(y) / np.sum(weights)
    A, y = A - s @ A / len(y), y - s @ y / len(y)
    scale = np.sqrt(s @ A**2 / len(y)) if standardize else np.ones(A.shape[1])
    root = np.sqrt(s)[:, None]
    return root * A / scale, root[:, 0] * y, 1.0 / scale


# --- least squares --------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("standardize", [False, True])
def test_ols_has_the_textbook_formulas(weights: Any, standardize: bool) -> None:
    A, y, _ = whitened(X, Y, weights)
    inverse, left = np.linalg.inv(A.T @ A), len(y) - 11
    w = inverse @ A.T @ y
    sigma = np.sqrt(np.sum((y - A @ w) ** 2) / left)
    errors = sigma * np.sqrt(np.diag(inverse))
    found = sure("ols", model=ridge(0.0, standardize=standardize), sample_weight=weights)
    assert_allclose(found.estimate, w, rtol=1e-9)
    assert_allclose(found.standard_error, errors, rtol=1e-10)
    assert_allclose(found.p_value, 2 * stats.t.sf(np.abs(w / errors), left), rtol=1e-8)
    half = stats.t.ppf(0.975, left) * errors
    assert_allclose([found.lower, found.upper], [w - half, w + half], rtol=1e-8, atol=1e-6)
    assert found.sigma == pytest.approx(sigma, rel=1e-12)
    assert found.degrees_of_freedom == left


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_hc3_has_the_formula_of_mackinnon_and_white(weights: Any) -> None:
    s = np.ones(len(Y)) if weights is None else weights
    A = np.sqrt(s)[:, None] * np.column_stack([np.ones(len(Y)), X])
    y = np.sqrt(s) * Y.to_numpy()
    inverse = np.linalg.inv(A.T @ A)
    residual = y - A @ (inverse @ (A.T @ y))
    leverage = np.einsum("ij,jk,ik->i", A, inverse, A)
    middle = (A * ((residual / (1 - leverage)) ** 2)[:, None]).T @ A
    errors = np.sqrt(np.diag(inverse @ middle @ inverse))[1:]
    found = sure("ols", covariance="HC3", sample_weight=weights)
    assert_allclose(found.standard_error, errors, rtol=1e-10)
    assert "variances (HC3" in found.assumptions


def test_statsmodels_on_diabetes() -> None:
    # sm.OLS(Y, sm.add_constant(X)).fit(), and its HC3_se.
    found = sure("ols").to_frame()
    assert_allclose(found.loc["bmi", "standard_error"], BSE[0], rtol=1e-10)
    assert_allclose(found.loc["s1", "standard_error"], BSE[1], rtol=1e-10)
    assert_allclose(found.loc["s5", "p_value"], BSE[2], rtol=1e-9)
    robust = sure("ols", covariance="HC3").to_frame()["standard_error"]
    assert_allclose(robust[["bmi", "s1"]], HC3_SE, rtol=1e-10)


def test_ols_refits_features_that_are_given_in_any_form() -> None:
    chosen = ["s5", "bmi"]
    model = lasso().fit(X, Y)
    by_name = coefficient_inference(model, X, Y, method="ols", features=chosen)
    expected = sure("ols", X[chosen]).to_frame()
    pd.testing.assert_frame_equal(by_name.to_frame(), expected, rtol=1e-9)
    for features in ([8, 2], np.array([-2, 2])):
        again = coefficient_inference(model, X, Y, method="ols", features=features)
        assert again.feature_names == chosen
        assert_array_equal(again.p_value, by_name.p_value)
    mask = coefficient_inference(model, X, Y, method="ols", features=X.columns.isin(chosen))
    assert mask.feature_names == ["bmi", "s5"]


# --- ridge ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("free", [False, True])
def test_ridge_has_its_normal_law(weights: Any, standardize: bool, free: bool) -> None:
    A, y, units = whitened(X, Y, weights, standardize)
    v = np.linspace(0.5, 2.0, 10)
    v[3] = 0.0 if free else 1.0
    n, lambda_ = len(y), 0.01
    L = np.linalg.solve(A.T @ A + n * lambda_ * np.diag(v), A.T)
    covariance = L @ L.T
    least = np.linalg.lstsq(A, y, rcond=None)[0]
    sigma = np.sqrt(np.sum((y - A @ least) ** 2) / (n - 11))
    model = ridge(lambda_, standardize=standardize, penalty_weights=v)
    found = sure("ridge", model=model, sample_weight=weights)
    assert_allclose(found.estimate, units * (L @ y), rtol=1e-8)
    assert_allclose(found.standard_error, units * sigma * np.sqrt(np.diag(covariance)), rtol=1e-9)
    assert found.degrees_of_freedom == n - 11
    H = A @ L
    used = 1 + np.trace(2 * H - H @ H.T)
    effective = sure("ridge", model=model, sample_weight=weights, sigma="effective")
    assert effective.degrees_of_freedom == pytest.approx(n - used, rel=1e-10)
    residual = y - H @ y
    assert effective.sigma == pytest.approx(np.sqrt(residual @ residual / (n - used)), rel=1e-9)


def test_corrected_ridge_is_buhlmanns() -> None:
    A, y, _ = problem(0, 40, 60)
    found = sure("ridge", A, y, ridge(0.1), sigma=1.0)
    C, t, _ = whitened(A, y)
    n, p = C.shape
    L = np.linalg.solve(C.T @ C + n * 0.1 * np.eye(p), C.T)
    D = L @ C
    others = D - np.diag(np.diag(D))
    initial = scaled_lasso(C, t)
    own = np.diag(D)
    estimate = (L @ t - others @ initial) / own
    errors = np.sqrt(np.sum(L**2, axis=1)) / own
    sizes = np.sqrt(np.mean(C**2, axis=0))
    bias = np.abs(others / sizes).max(axis=1) / own * (np.log(p) / n) ** 0.45
    assert_allclose(found.estimate, estimate, rtol=1e-6, atol=1e-8)
    assert_allclose(found.standard_error, errors, rtol=1e-8)
    half = stats.norm.ppf(0.975) * errors + bias
    assert_allclose(found.upper, estimate + half, rtol=1e-6, atol=1e-7)
    t_value = np.maximum(np.abs(estimate) - bias, 0) / errors
    assert_allclose(found.p_value, np.minimum(1, 2 * stats.norm.sf(t_value)), rtol=1e-5)
    assert "scaled lasso" in found.assumptions


def scaled_lasso(A: Any, y: Any, own: int | None = None, level: float = 0.0) -> Any:
    """Iterate lassos at lambda = level times the residuals, by scikit-learn's solver."""
    n, p = A.shape
    sizes = np.sqrt(np.mean(A**2, axis=0))
    level, unit = level or np.sqrt(2 * np.log(p) / n), A / sizes
    keep = np.arange(p) != own
    lambda_, w = level * np.sqrt(np.mean(y**2)), np.zeros(p)
    for _ in range(200):
        model = Lasso(alpha=lambda_, fit_intercept=False, tol=1e-12, max_iter=10**6)
        w[keep] = model.fit(unit[:, keep], y).coef_
        moved = level * np.sqrt(np.mean((y - unit @ w) ** 2))
        if abs(moved - lambda_) < 1e-11 * lambda_:
            break
        lambda_ = moved
    return w / sizes


# --- the desparsified lasso -----------------------------------------------------------------------


@pytest.mark.parametrize(("n", "p"), [(60, 12), (40, 80)])
def test_debiased_is_zhang_and_zhangs(n: int, p: int) -> None:
    A, y, _ = problem(1, n, p)
    C, t, _ = whitened(A, y)
    model = lasso().fit(A, y)
    features = [0, 1, 4, p - 1]
    found = coefficient_inference(model, A, y, method="debiased", features=features, sigma=2.0)
    for k, j in enumerate(features):
        z = C[:, j] - C @ scaled_lasso(C, C[:, j], own=j, level=np.sqrt(np.log(p) / n))
        left = 1 - np.count_nonzero(model.coef_) / n
        estimate = model.coef_[j] + z @ (t - C @ model.coef_) / (z @ C[:, j]) / left
        error = 2.0 * np.linalg.norm(z) / (z @ C[:, j]) / np.sqrt(left)
        assert_allclose(found.estimate[k], estimate, rtol=1e-6)
        assert_allclose(found.standard_error[k], error, rtol=1e-7)
    z_value = np.abs(found.estimate / found.standard_error)
    assert_allclose(found.p_value, 2 * stats.norm.sf(z_value), rtol=1e-12)


def test_simultaneous_intervals_hold_together() -> None:
    A, y, _ = problem(2, 50, 30)
    one = sure("debiased", A, y)
    all_together = sure("debiased", A, y, simultaneous=True)
    ratio = (all_together.upper - all_together.lower) / (one.upper - one.lower)
    assert_allclose(ratio, ratio[0], rtol=1e-10)
    quantile = ratio[0] * stats.norm.ppf(0.975)
    # Between one test and Bonferroni's for 30; the draws have an error of about a per cent.
    assert stats.norm.ppf(0.975) < quantile < 1.02 * stats.norm.isf(0.025 / 30)
    alone = sure("debiased", A, y, simultaneous=True, features=[3])
    assert alone.upper[0] - alone.lower[0] == pytest.approx(one.upper[3] - one.lower[3], rel=0.05)


def test_holm() -> None:
    found = sure("ols")
    order = np.argsort(found.p_value)
    expected = np.maximum.accumulate(found.p_value[order] * np.arange(10, 0, -1))
    assert_allclose(found.adjusted_p_value[order], np.minimum(1.0, expected), rtol=1e-12)


# --- sample splitting -----------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:LassoRegressionCV:UserWarning")  # about ends of the grid
@pytest.mark.parametrize("model", [lasso(0.5), LassoRegressionCV(20)])
@pytest.mark.parametrize("n_splits", [1, 20])
def test_split_is_a_loop_over_halves(model: Any, n_splits: int) -> None:
    found = sure("split", model=model, n_splits=n_splits)
    rng, A, y = np.random.RandomState(0), X.to_numpy(), Y.to_numpy()
    p, charged, at_zero = np.ones((n_splits, 10)), np.ones((n_splits, 10)), []
    for b in range(n_splits):
        order = rng.permutation(len(y))
        first, second = np.sort(order[: len(y) // 2]), np.sort(order[len(y) // 2 :])
        selected = np.flatnonzero(clone(model).fit(A[first], y[first]).coef_)
        frame = X.iloc[second][X.columns[selected]]
        half = sure("ols", frame, Y.iloc[second])
        p[b, selected] = half.p_value
        charged[b, selected] = np.minimum(1.0, selected.size * half.p_value)
        at_zero.append((selected, half))
    columns = [X.columns.get_loc(name) for name in found.feature_names]
    if n_splits == 1:
        assert_array_equal(columns, at_zero[0][0])
        assert_allclose(found.lower, at_zero[0][1].lower, rtol=1e-7, atol=1e-7)
    gammas = np.linspace(0.05, 1.0, 20) if n_splits > 1 else np.ones(1)
    factor = 1 - np.log(0.05) if n_splits > 1 else 1.0
    for values, got in ((p, found.p_value), (charged, found.adjusted_p_value)):
        ranks = np.ceil(gammas * n_splits - 1e-9).astype(int) - 1
        quantiles = np.sort(values, axis=0)[ranks] / gammas[:, None]
        assert_allclose(got, np.minimum(1.0, factor * quantiles.min(axis=0))[columns], rtol=1e-6)


def test_an_interval_of_splits_has_the_values_that_are_not_rejected() -> None:
    n_splits = 20
    found = sure("split", model=lasso(0.5), n_splits=n_splits)
    rng, y = np.random.RandomState(0), Y.to_numpy()
    halves = []
    for _ in range(n_splits):
        order = rng.permutation(len(y))
        first, second = np.sort(order[: len(y) // 2]), np.sort(order[len(y) // 2 :])
        names = X.columns[lasso(0.5).fit(X.iloc[first], Y.iloc[first]).coef_ != 0]
        halves.append(sure("ols", X.iloc[second][names], Y.iloc[second]))
    at = found.feature_names.index("bmi")
    grid = np.linspace(found.lower[at] - 50, found.upper[at] + 50, 400)
    p = np.ones((n_splits, grid.size))
    for b, half in enumerate(halves):
        if "bmi" in half.feature_names:
            k = half.feature_names.index("bmi")
            t = np.abs(half.estimate[k] - grid) / half.standard_error[k]
            p[b] = 2 * stats.t.sf(t, half.degrees_of_freedom)
    k = np.arange(1, n_splits + 1)
    p = np.minimum(1, (1 - np.log(0.05)) * (np.sort(p, axis=0) * n_splits / k[:, None]).min(axis=0))
    kept = grid[p > 0.05]
    inside = grid[(grid > found.lower[at]) & (grid < found.upper[at])]
    assert_allclose([kept[0], kept[-1]], [inside[0], inside[-1]])


# --- the bootstrap --------------------------------------------------------------------------------

BOOTSTRAPPED = {
    "lasso": lasso(0.3),
    "ridge": ridge(),
    "elastic net": ElasticNetRegression(0.01, 0.5, solver="auto", tol=1e-12),
    "relaxed": lasso(0.3, relax=0.5),
    "adaptive": lasso(2.0, penalty_weights="adaptive"),
    "bounds": lasso(0.3, positive=True),
    "standardised, weights": lasso(1.0, standardize=True, penalty_weights=np.linspace(0.5, 2, 10)),
    "cross-validated": LassoRegressionCV(10, tol=1e-12),
}


@pytest.mark.parametrize("name", BOOTSTRAPPED)
@pytest.mark.parametrize("resample", ["pairs", "residual"])
def test_the_bootstrap_is_a_loop_of_fits(name: str, resample: str) -> None:
    A, y, weights = X.iloc[:90], Y.iloc[:90], WEIGHTS[:90].copy()
    weights[7] = 0.0
    model = clone(BOOTSTRAPPED[name]).fit(A, y, weights)
    found = coefficient_inference(
        model,
        A,
        y,
        method="bootstrap",
        sample_weight=weights,
        n_resamples=12,
        resample=resample,
        random_state=3,
    )
    fixed = clone(model)
    if isinstance(model, LassoRegressionCV):
        fixed = lasso(model.lambda_)
    rng, rows = np.random.RandomState(3), np.flatnonzero(weights)
    if resample == "residual":
        rest = np.sqrt(weights[rows] / weights.max()) * (y - model.predict(A)).to_numpy()[rows]
        rest -= rest.mean()
        at_once = 1 if name == "adaptive" else 12
        drawn = [rng.randint(89, size=(89, at_once)) for _ in range(12 // at_once)]
        drawn = np.concatenate(drawn, axis=1)
    W = []
    for b in range(12):
        if resample == "pairs":
            counts = np.zeros(90)
            counts[rows] = np.bincount(rng.randint(89, size=89), minlength=89)
            W.append(clone(fixed).fit(A, y, counts * weights).coef_)
        else:
            df = degrees_of_freedom(model, A, weights)
            noise = rest[drawn[:, b]] / np.sqrt(1 - df / 89)
            target = model.predict(A)
            target[rows] += noise / np.sqrt(weights[rows] / weights.max())
            W.append(clone(fixed).fit(A, target, weights).coef_)
    W = np.array(W)
    assert_allclose(found.estimate, model.coef_)
    assert_allclose(found.standard_error, W.std(axis=0, ddof=1), rtol=1e-5, atol=1e-6)
    assert_allclose(found.lower, np.quantile(W, 0.025, axis=0), rtol=1e-5, atol=1e-5)
    below, above = (W <= 0).sum(axis=0), (W >= 0).sum(axis=0)
    assert_allclose(found.p_value, np.minimum(1, 2 * (1 + np.minimum(below, above)) / 13))


def degrees_of_freedom(model: Any, A: Any, weights: Any) -> float:
    """Count what a fit of independent columns has used, the mean included."""
    if isinstance(model, (RidgeRegression, ElasticNetRegression)):
        C, _, _ = whitened(A.iloc[np.flatnonzero(weights)], np.zeros(89), weights[weights > 0])
        C = C[:, model.coef_ != 0]
        l2 = model.lambda_ * (1 - getattr(model, "l1_ratio", 0.0))
        gram = C.T @ C / 89
        return 1 + np.trace(np.linalg.solve(gram + l2 * np.eye(len(gram)), gram))
    return 1 + np.count_nonzero(model.coef_)


def test_bca_has_efrons_formula() -> None:
    A, y = X.iloc[:60, :4], Y.iloc[:60]
    options = {"model": ridge(), "n_resamples": 200}
    plain = sure("bootstrap", A, y, **options)
    corrected = sure("bootstrap", A, y, interval="bca", **options)
    rng, W = np.random.RandomState(0), []
    for _ in range(200):
        W.append(ridge().fit(A, y, np.bincount(rng.randint(60, size=60), minlength=60)).coef_)
    without = [ridge().fit(A.drop(i), y.drop(i)).coef_ for i in range(60)]
    W, d = np.array(W), np.mean(without, axis=0) - np.array(without)
    a = (d**3).sum(axis=0) / (6 * (d**2).sum(axis=0) ** 1.5)
    z0 = stats.norm.ppf((plain.estimate > W).mean(axis=0))
    for z, got in ((-1.959963984540054, corrected.lower), (1.959963984540054, corrected.upper)):
        shares = stats.norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z)))
        expected = [np.quantile(W[:, j], shares[j]) for j in range(4)]
        assert_allclose(got, expected, rtol=1e-6)
    assert not np.allclose(corrected.lower, plain.lower)


# --- laws of all methods --------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_results_are_finite_named_and_say_what_they_assume(method: str) -> None:
    found = sure(method)
    assert isinstance(found, CoefficientInference)
    for name in (*ARRAYS, "statistic", "p_value", "adjusted_p_value"):
        assert np.isfinite(getattr(found, name)).all(), name
    assert set(found.feature_names) <= set(X.columns)
    assert (found.lower <= found.upper).all()
    assert ((found.p_value > 0) & (found.p_value <= found.adjusted_p_value)).all()
    assert (found.adjusted_p_value <= 1).all()
    lines = found.assumptions.splitlines()
    assert len(lines) >= 2
    frame = found.to_frame()
    assert frame.attrs["assumptions"] == found.assumptions
    assert list(frame.index) == found.feature_names
    for line in lines:  # no p-value without its assumptions on screen
        assert line in repr(found)
        assert escape(line) in found._repr_html_()
    again = pickle.loads(pickle.dumps(found))
    assert repr(again) == repr(found)


@pytest.mark.parametrize("method", METHODS)
def test_units_of_y_and_of_standardised_columns_do_not_matter(method: str) -> None:
    A, y, _ = problem(3, 60, 8)
    base = clone(MODELS[method]).set_params(standardize=True)
    one = sure(method, A, y, base)
    units = np.array([1e3, 1e-2, 1, 7, 1, 1e4, 2, 1])
    lambda_ = base.lambda_ * (
        5.0 if method in ("debiased", "selective", "split", "bootstrap") else 1
    )
    other = sure(method, A * units + 3.0, 5.0 * y + 2.0, clone(base).set_params(lambda_=lambda_))
    assert other.feature_names == one.feature_names
    at = [int(name[1:]) for name in one.feature_names]
    for name in ARRAYS:
        expected = getattr(one, name) * 5.0 / units[at]
        assert_allclose(getattr(other, name), expected, rtol=1e-5, atol=1e-9 / units[at].min())
    assert_allclose(other.p_value, one.p_value, rtol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_sparse_rows_frames_and_pipelines_are_arrays(method: str) -> None:
    A, y, _ = problem(4, 60, 6)
    A[np.abs(A) < 0.7] = 0.0
    A += 0.0
    expected = sure(method, A, y)
    found = [
        sure(method, sparse.csr_matrix(A), y),
        sure(method, sparse.csc_matrix(A), y[:, None] if method == "ols" else y),
        sure(method, A, y, make_pipeline("passthrough", MODELS[method])),
    ]
    for other in found:
        for name in (*ARRAYS, "p_value"):
            assert_allclose(getattr(other, name), getattr(expected, name), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("method", ["ols", "ridge", "debiased", "selective"])
def test_rows_of_weight_zero_are_not_there_and_the_scale_of_weights_is_free(method: str) -> None:
    A, y, _ = problem(5, 50, 6)
    weights = np.random.default_rng(0).uniform(0.5, 2, 50)
    weights[[3, 10]] = 0.0
    kept = np.flatnonzero(weights)
    one = sure(method, A, y, sample_weight=weights)
    other = sure(method, A[kept], y[kept], sample_weight=7.0 * weights[kept])
    for name in (*ARRAYS, "p_value"):
        assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-6, atol=1e-10)


def test_a_pipeline_reports_what_its_model_sees() -> None:
    pipeline = make_pipeline(StandardScaler(), ridge(0.0)).fit(X, Y)
    found = coefficient_inference(pipeline, X, Y, method="ols")
    assert found.feature_names == list(X.columns)
    plain = sure("ols")
    assert_allclose(found.estimate, plain.estimate * X.std(ddof=0).to_numpy(), rtol=1e-8)
    assert_allclose(found.p_value, plain.p_value, rtol=1e-8)


# --- what is refused ------------------------------------------------------------------------------

REFUSED = {
    "no method": ("method='t'", {"method": "t"}, None),
    "level": ("confidence_level=", {"method": "ols", "confidence_level": 1.0}, ridge(0.0)),
    "sigma": ("sigma must be a number > 0", {"method": "ols", "sigma": 0.0}, ridge(0.0)),
    "negative sigma": ("sigma must be", {"method": "debiased", "sigma": -1.0}, lasso()),
    "sigma by name": ("sigma must be", {"method": "ols", "sigma": "cv"}, ridge(0.0)),
    "sigma of split": ("sigma must be None", {"method": "split", "sigma": 1.0}, lasso()),
    "sigma='cv'": ("needs an estimator whose", {"method": "debiased", "sigma": "cv"}, lasso()),
    "option": ("option of method='bootstrap'", {"method": "ols", "n_resamples": 9}, ridge(0.0)),
    "target": ("target must be one of", {"method": "ridge", "target": "full"}, ridge()),
    "covariance": ("covariance must be", {"method": "ols", "covariance": "HC9"}, ridge(0.0)),
    "HC3 and sigma": (
        "sigma must be None with covariance",
        {"method": "ols", "covariance": "HC3", "sigma": 1.0},
        ridge(0.0),
    ),
    "n_splits": ("n_splits must be", {"method": "split", "n_splits": 0}, lasso()),
    "n_resamples": ("n_resamples must be", {"method": "bootstrap", "n_resamples": 1}, lasso()),
    "features": ("features must be", {"method": "ols", "features": ["no"]}, ridge(0.0)),
    "twice": ("each once", {"method": "ols", "features": [1, 1]}, ridge(0.0)),
    "none": ("at least one", {"method": "ols", "features": []}, ridge(0.0)),
    "t-tests after a lasso": ("lambda_=0 or features", {"method": "ols"}, lasso()),
    "ridge of a lasso": ("needs a ridge", {"method": "ridge"}, lasso()),
    "debiased ridge": ("needs a lasso", {"method": "debiased"}, ridge()),
    "selective elastic net": (
        "needs a lasso",
        {"method": "selective"},
        ElasticNetRegression(0.1, solver="auto"),
    ),
    "chosen": ("method='split' chooses", {"method": "selective"}, LassoRegressionCV(10)),
    "bounds": ("bounds=None and positive=False", {"method": "debiased"}, lasso(positive=True)),
    "relax": ("relax=1", {"method": "selective"}, lasso(relax=0.5)),
    "adaptive": (
        "do not depend on y",
        {"method": "selective"},
        lasso(penalty_weights="adaptive"),
    ),
    "not selected": (
        "must be selected",
        {"method": "selective", "features": ["age"]},
        lasso(1.0),
    ),
    "not certified": (
        "must be certified",
        {"method": "debiased"},
        LassoRegression(0.1, n_iterations=3),
    ),
    "search and split": (
        "instead of the search",
        {"method": "split"},
        GridSearchCV(lasso(), {"lambda_": [0.1, 1.0]}),
    ),
    "supervised step": (
        "do not use y",
        {"method": "ols"},
        make_pipeline(SelectKBest(k=2), ridge(0.0)),
    ),
    "rare feature": (
        "of the 20 halves",
        {"method": "split", "features": ["age"], "n_splits": 20},
        lasso(5.0),
    ),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", REFUSED)
def test_errors_say_what_would_be_right(name: str) -> None:
    message, options, model = REFUSED[name]
    fitted = clone(model if model is not None else ridge(0.0)).fit(X, Y)
    with pytest.raises((ValueError, TypeError)) as error:
        coefficient_inference(fitted, X, Y, **options)
    words = message.split("=")[0] if name in ("no method", "level") else message
    assert words in str(error.value)


def test_rows_must_be_those_of_the_fit() -> None:
    with pytest.raises(ValueError, match="must be those of fit"):
        coefficient_inference(lasso().fit(X, Y), X, Y[::-1], method="debiased")
    with pytest.raises(ValueError, match="must be those of fit"):
        coefficient_inference(lasso().fit(X, Y), X, Y, method="selective", sample_weight=WEIGHTS)
    with pytest.raises(NotFittedError):
        coefficient_inference(lasso(), X, Y, method="debiased")
    with pytest.raises(TypeError, match="one of sklearn_reg"):
        coefficient_inference(Lasso().fit(X, Y), X, Y, method="debiased")
    two = np.column_stack([Y, Y])
    with pytest.raises(ValueError, match="one target at a time"):
        coefficient_inference(lasso().fit(X, two), X, two, method="debiased")


def test_more_columns_than_rows_and_dependent_ones() -> None:
    A, y, _ = problem(6, 20, 30)
    wide = ridge(0.1).fit(A, y)
    with pytest.raises(ValueError, match="more rows than features"):
        coefficient_inference(wide, A, y, method="ols", features=range(25))
    twice = np.column_stack([A, A[:, 3]])
    with pytest.raises(ValueError, match=r"'x3' is a combination|'x30' is a combination"):
        sure("ols", twice, y, ridge(0.1), features=[3, 30])
    with pytest.raises(ValueError, match="others explain"):
        sure("debiased", twice, y)
    with pytest.raises(ValueError, match=r"features to be|more rows in each half"):
        sure("split", A, y, lasso(1e-3))
    explained = A[:, :3] @ [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="without an error"):
        sure("ols", A[:, :5], explained)


@pytest.mark.parametrize("method", ["selective", "split", "debiased"])
def test_a_fit_without_features(method: str) -> None:
    found = sure(method, model=lasso(100.0))
    assert found.estimate.size == (10 if method == "debiased" else 0)
    assert len(found.to_frame()) == found.estimate.size
    assert "assumes" in repr(found)


def test_a_chosen_lambda_can_be_conditioned_on_with_a_warning() -> None:
    model = LassoRegressionCV(10).fit(X, Y)
    with pytest.warns(UserWarning, match="too small"):
        found = coefficient_inference(model, X, Y, method="selective", allow_chosen_lambda=True)
    assert "WRONG HERE" in repr(found)


# --- promises -------------------------------------------------------------------------------------


@pytest.mark.skipif(not THOROUGH, reason="simulations run in the thorough profile")
@pytest.mark.parametrize("method", ["ols", "HC3", "ridge", "debiased", "split"])
def test_coverage(method: str) -> None:
    covered, p_values = [], []
    for seed in range(1000):
        A, y, w = problem(seed, 200, 10, size=0.5)
        name = "ols" if method == "HC3" else method
        options: dict[str, Any] = {"covariance": "HC3"} if method == "HC3" else {}
        if method == "split":
            options["n_splits"] = 1
        found = sure(name, A, y, ridge(0.1) if name == "ridge" else None, **options)
        at = [int(label[1:]) for label in found.feature_names]
        truth = w
        if method == "ridge":
            C, _, _ = whitened(A, y)
            truth = np.linalg.solve(C.T @ C + 20.0 * np.eye(10), C.T @ C @ w)
        covered += ((found.lower <= truth[at]) & (truth[at] <= found.upper)).tolist()
        if method != "ridge":
            p_values += [p for p, j in zip(found.p_value, at, strict=True) if j == 8]
    assert 0.92 <= np.mean(covered) <= 0.97
    if p_values:
        assert stats.kstest(p_values, "uniform").pvalue > 1e-3
