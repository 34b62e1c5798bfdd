"""Columns that depend on each other: every fit is certified or says that it is not.

Families of such columns are in `columns`; the judge works in more than double precision, and where
nothing may be lost at all, in fractions. `HYPOTHESIS_PROFILE=thorough` draws thousands of problems.
"""

from __future__ import annotations

import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold

import columns
import problems as judge
from columns import FAMILIES
from problems import Data
from sklearn_reg import (
    ElasticNetRegression,
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
    lambda_max,
    regularization_path,
)
from sklearn_reg._solvers import parametric

laws = settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150)
thorough = settings.default.max_examples > 1000 if settings.default else False
if thorough:
    laws = settings(laws, max_examples=settings.default.max_examples)
LARGEST = 400
# What the judge itself loses, as a share of F(0, mean y).
ROUNDING = 1e-13
seeds = st.integers(0, 2**32 - 1)
families = st.sampled_from(sorted(FAMILIES))
sizes = st.integers(1, LARGEST)
if thorough:  # one in ten is larger
    sizes = st.integers(1, 10).flatmap(lambda k: st.integers(1, LARGEST if k < 10 else 3000))
fractions = st.floats(-4.5, 0.0).map(lambda power: 10.0**power)
tolerances = st.sampled_from([1e-4, 1e-6, 1e-9])


def draw(family: str, seed: int, n: int, p: int, noise: float = 1.0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    X = FAMILIES[family](rng, n, p)
    return X, columns.target(rng, X, noise)


def told(model: Any, *data: Any) -> bool:
    """Fit; return whether it warned that the optimum is not certified."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(*data)
    return any(issubclass(w.category, ConvergenceWarning) for w in caught)


def assert_certified_or_told(data: Data, model: Any) -> None:
    warned = told(model, data.X, data.y, data.sample_weight)
    null = judge.null_objective(data)
    event(f"warned: {warned}")
    assert warned == (not model.converged_)
    assert model.converged_ == (model.dual_gap_ <= model.tol * 0.5 * spread(data) * (1 + 1e-9))
    if not warned:
        enough = (model.tol * (1 + 1e-6) + ROUNDING) * null
        assert judge.distance(data, model.coef_, float(model.intercept_), enough) <= enough
    assert judge.objective(data, model.coef_, float(model.intercept_)) <= null * (1 + 1e-12)


def spread(data: Data) -> float:
    return 2.0 * judge.null_objective(data)


# --- laws -----------------------------------------------------------------------------------------


@laws
@given(families, seeds, sizes, sizes, fractions, tolerances, st.data())
def test_a_fit_is_certified_or_warns(
    family: str, seed: int, n: int, p: int, fraction: float, tol: float, pick: st.DataObject
) -> None:
    X, y = draw(family, seed, n, p, 10.0 ** pick.draw(st.integers(-3, 0)))
    intercept, positive = pick.draw(st.booleans()), pick.draw(st.booleans())
    ratio = pick.draw(st.sampled_from([1.0, 1.0, 0.5, 0.01]))
    rng = np.random.default_rng(seed)
    s = pick.draw(st.sampled_from([None, 10.0 ** rng.uniform(-6, 6, len(y))]))
    options: dict[str, Any] = {"fit_intercept": intercept, "positive": positive}
    top = lambda_max(X, y, sample_weight=s, l1_ratio=ratio, **options)
    assume(top > 0)
    model: Any = ElasticNetRegression(fraction * top, l1_ratio=ratio, solver="auto", tol=tol)
    data = Data(X, y, fraction * top, ratio, s, None, intercept, positive)
    event(family)
    assert_certified_or_told(data, model.set_params(**options))
    assert model.n_iter_ <= 200


def orthonormal(Z: Any) -> Any:
    """Return a basis of the span of Z's columns, but for directions that their rounding hides."""
    size = np.sqrt(np.sum(Z * Z, axis=0))
    Z = Z[:, size > 0] / size[size > 0]
    Q = np.zeros((len(Z), 0), dtype=Z.dtype)
    while Z.shape[1]:
        left = np.sqrt(np.sum(Z * Z, axis=0))
        if left.max() < 1e-12:
            break
        q = Z[:, left.argmax()]
        for _ in range(2):
            q = q - Q @ (Q.T @ q)
            q = q / np.sqrt(q @ q)
        Q = np.column_stack([Q, q])
        Z = Z - np.outer(q, q @ Z)
        Z = Z[:, left > 1e-12]
    return Q


@laws
@given(families, seeds, st.integers(1, 120), st.integers(1, 120), fractions)
def test_columns_without_a_penalty_lead_to_no_false_certificate(
    family: str, seed: int, n: int, p: int, fraction: float
) -> None:
    """The judge is the point itself: no step along the unpenalised columns may pay more."""
    X, y = draw(family, seed, n, p)
    v = np.where(np.random.default_rng(seed).random(X.shape[1]) < 0.3, 0.0, 1.0)
    top = lambda_max(X, y, penalty_weights=v)
    assume(top > 1e-12 * np.abs(y).max())
    model = LassoRegression(fraction * top, solver="auto", penalty_weights=v)
    told(model, X, y)
    r = np.asarray(y - X @ model.coef_ - model.intercept_, dtype=np.longdouble)
    exact = X[:, v == 0].astype(np.longdouble)
    U = orthonormal(exact - exact.mean(axis=0))
    gain = 0.5 * float(np.sum((U.T @ r) ** 2)) / len(y)
    assert gain <= model.dual_gap_ * (1 + 1e-6) + ROUNDING * 0.5 * y.var()


@settings(laws, max_examples=settings.default.max_examples if thorough else 40)
@given(families, seeds, st.integers(2, 12), st.integers(1, 8), fractions, st.booleans())
def test_a_gap_bounds_the_distance_in_rational_arithmetic(
    family: str, seed: int, n: int, p: int, fraction: float, sparsely: bool
) -> None:
    X, y = draw(family, seed, n, p, 0.01)
    top = lambda_max(X, y, fit_intercept=False)
    assume(top > 0)
    options: dict[str, Any] = {"fit_intercept": False, "solver": "auto"}
    lambda_ = fraction * top
    ends = []
    for tol in (1e-3, 1e-8, 1e-12, 0.0):
        model = LassoRegression(lambda_, tol=tol, **options)
        told(model, sparse.csr_array(X) if sparsely else X, y)
        ends.append((exactly(X, y, lambda_, model.coef_), model))
    lowest = min(objective for objective, _ in ends)
    for objective, model in ends:
        assert objective - lowest <= Fraction(model.dual_gap_)


def exactly(X: Any, y: Any, lambda_: float, w: Any) -> Fraction:
    """F without an intercept, with no rounding at all."""
    exact = [[Fraction(x) for x in row] for row in X.tolist()]
    weights = [Fraction(value) for value in w.tolist()]
    residuals = [
        Fraction(target) - sum(a * b for a, b in zip(row, weights, strict=True))
        for row, target in zip(exact, y.tolist(), strict=True)
    ]
    penalty = Fraction(lambda_) * sum(abs(value) for value in weights)
    return sum(r * r for r in residuals) / (2 * len(residuals)) + penalty


@settings(laws, max_examples=settings.default.max_examples if thorough else 60)
@given(families, seeds, st.integers(2, 60), st.integers(1, 40), st.sampled_from([0.0, 1e3, 1e6]))
def test_float32_is_judged_as_it_is_stored(
    family: str, seed: int, n: int, p: int, mean: float
) -> None:
    X, y = draw(family, seed, n, p)
    X32 = (X + mean * np.abs(X).max()).astype(np.float32)
    X64 = X32.astype(np.float64)
    top = lambda_max(X64, y)
    assume(top > 1e-9 * np.abs(X64).max() * np.abs(y).max())
    model: Any = LassoRegression(0.03 * top, solver="auto")
    warned = told(model, X32, y)
    best = LassoRegression(0.03 * top, solver="auto", tol=1e-10)
    told(best, X64, y)
    data = Data(X64, y, 0.03 * top)
    at = [judge.objective(data, m.coef_, float(m.intercept_)) for m in (model, best)]
    assert model.coef_.dtype == model.intercept_.dtype == np.float32
    assert warned == (not model.converged_)
    # The judge's own digits: of residuals, where a large mean cancels.
    lost = 1e-15 * float(np.abs(X64).max(axis=0) @ np.abs(model.coef_)) + 1e-15 * abs(y).max()
    unit = judge.null_objective(data)
    slack = 1e-12 * unit + 4 * lost * np.sqrt(2 * at[0]) + lost**2
    assert_allclose(model.objective_, at[0], rtol=1e-12, atol=slack)
    assert at[0] - at[1] <= model.dual_gap_ + slack


@settings(laws, max_examples=settings.default.max_examples if thorough else 25)
@given(families, seeds, st.integers(5, 60), st.integers(2, 40), st.sampled_from([1e-6, 1e-12]))
def test_a_path_is_certified_or_warns(family: str, seed: int, n: int, p: int, tol: float) -> None:
    X, y = draw(family, seed, n, p)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        path = regularization_path(X, y, 8, eps=1e-4, tol=tol)
    above = path.dual_gaps > tol * 0.5 * y.var() * (1 + 1e-9)
    assert bool(caught) == above.any()
    for lambda_, coef, intercept, gap in zip(
        path.lambdas, path.coefs, path.intercepts, path.dual_gaps, strict=True
    ):
        data = Data(X, y, float(lambda_))
        enough = max(gap * (1 + 1e-6), tol * 0.5 * y.var()) + ROUNDING * 0.5 * y.var()
        assert judge.distance(data, coef, float(intercept), enough) <= enough


@settings(laws, max_examples=settings.default.max_examples if thorough else 15)
@given(families, seeds, st.integers(9, 60), st.integers(2, 40), st.booleans())
def test_a_search_is_certified_or_warns(
    family: str, seed: int, n: int, p: int, sparsely: bool
) -> None:
    """Every fold at every lambda."""
    X, y = draw(family, seed, n, p)
    model = LassoRegressionCV(4, eps=1e-4, cv=3)
    warned = told(model, sparse.csr_array(X) if sparsely else X, y)
    for fold, (train, _) in enumerate(KFold(3).split(X)):
        for k, lambda_ in enumerate(model.lambdas_):
            data = Data(X[train], y[train], float(lambda_))
            enough = (model.tol * (1 + 1e-6) + ROUNDING) * judge.null_objective(data)
            point = model.fold_coefs_[k, fold], float(model.fold_intercepts_[k, fold])
            assert warned or judge.distance(data, *point, enough) <= enough


def test_a_path_names_the_points_that_are_not_certified() -> None:
    X, y = draw("low_rank", 3, 40, 30)
    with pytest.warns(ConvergenceWarning, match=r"of 5 points have a duality gap above tol=0 "):
        regularization_path(X, y, 5, tol=0.0)


# --- starts ---------------------------------------------------------------------------------------


@settings(laws, max_examples=60)
@given(
    families,
    seeds,
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([1e3, 1e8, 1e150, 1e308]),
    st.sampled_from(["auto", "accelerated", "gradient_descent", "subgradient"]),
    st.booleans(),
)
def test_a_start_that_is_worse_than_zero_is_not_used(
    family: str, seed: int, n: int, p: int, size: float, solver: str, sparsely: bool
) -> None:
    X, y = draw(family, seed, n, p)
    assume(y.std() > 0)
    top = lambda_max(X, y)
    assume(top > 0)
    A = sparse.csc_array(X) if sparsely else X
    options: dict[str, Any] = {"solver": solver, "learning_rate": "auto", "n_iterations": 20}
    cold, warm = (LassoRegression(0.1 * top, warm_start=k, **options) for k in (False, True))
    warm.coef_ = size * np.random.default_rng(seed).choice([-1.0, 1.0], X.shape[1])
    if judge.objective(Data(X, y, 0.1 * top), warm.coef_, 0.0) < np.inf:
        told(cold, A, y)
        told(warm, A, y)
        assert_array_equal(warm.coef_, cold.coef_)


@pytest.mark.parametrize("unit", [1e-9, 1e9])
@pytest.mark.parametrize("make", [LassoRegression, RidgeRegression])
def test_a_warm_start_survives_a_change_of_the_target_s_unit(make: Any, unit: float) -> None:
    X, y = draw("sums", 0, 60, 20)
    model = make(0.1, warm_start=True, solver="auto").fit(X, y)
    model.set_params(lambda_=0.1 * unit if make is LassoRegression else 0.1).fit(X, y * unit)
    cold = make(model.lambda_, solver="auto").fit(X, y * unit)
    assert_allclose(model.objective_, cold.objective_, rtol=1e-5)
    assert model.converged_


# --- the end --------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("fraction", [1.0 - 1e-9, 0.1, 1e-4])
def test_a_tolerance_of_zero_ends_where_progress_ends(family: str, fraction: float) -> None:
    X, y = draw(family, 5, 40, 25)
    model = LassoRegression(fraction * lambda_max(X, y), solver="auto", tol=0.0)
    told(model, X, y)
    assert model.n_iter_ <= 120
    assert model.objective_ <= 0.5 * y.var() * (1 + 1e-12)
    gap = judge.duality_gap(Data(X, y, model.lambda_), model.coef_, float(model.intercept_))
    assert gap <= 1e-8 * 0.5 * y.var()


@pytest.mark.parametrize("p", [3, 5, 7, 8])
def test_the_worst_case_design_is_certified_to_what_rounding_leaves(p: int) -> None:
    X, y = columns.worst_case(p)
    top = lambda_max(X, y, fit_intercept=False)
    for fraction in (0.3, 1e-3, 1e-6, 1e-9):
        model = LassoRegression(fraction * top, solver="auto", tol=1e-10, fit_intercept=False)
        told(model, X, y)
        assert model.n_iter_ <= 120
        assert model.dual_gap_ <= 1e-7 * 0.5 * np.mean(y**2)


def test_the_end_is_no_worse_than_the_null_model_nor_than_the_start() -> None:
    X, y = draw("vandermonde", 1, 30, 20)
    lambda_ = 1e-4 * lambda_max(X, y)
    best = LassoRegression(lambda_, solver="auto", tol=0.0, warm_start=True)
    told(best, X, y)
    before = best.objective_
    told(best, X, y)
    assert best.objective_ <= before * (1 + 1e-12)


# --- single cases ---------------------------------------------------------------------------------


def test_no_block_of_the_path_raises_its_thresholds(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    excess = parametric._excess

    def watched(l1: Any, state: Any) -> float:
        seen.append(excess(l1, state))
        return seen[-1]

    monkeypatch.setattr(parametric, "_excess", watched)
    X, y = draw("sums", 0, 300, 700, noise=0.5)
    model = LassoRegression(3e-3 * lambda_max(X, y), solver="auto").fit(X, y)
    assert model.converged_
    assert len(seen) > 50
    assert max(seen) <= 1e3 * model.lambda_ * np.abs(X).max()


@pytest.mark.parametrize("apart", [1e-5, 1e-9, 1e-12])
@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("wide", [False, True])
def test_nearly_equal_columns_without_a_penalty_are_not_taken_for_one(
    apart: float, layout: Any, wide: bool
) -> None:
    """Their difference explains all of y, so that the optimum is 0: no gap may be smaller."""
    rng = np.random.default_rng(2)
    n, p = (20, 60) if wide else (60, 8)
    X = rng.normal(size=(n, p))
    X[:, 1] = X[:, 0] + apart * rng.normal(size=n)
    y = (X[:, 1] - X[:, 0]) / apart
    v = np.where(np.arange(p) < 2, 0.0, 1.0)
    model = LassoRegression(0.1, solver="auto", penalty_weights=v)
    told(model, layout(X), y)
    r = y - X @ model.coef_ - model.intercept_
    assert model.dual_gap_ >= 0.5 * np.mean(r**2) * (1 - 1e-6) - 1e-6 * y.var()


def test_cross_validation_on_polynomials_does_not_warn() -> None:
    X, y = draw("polynomials", 0, 120, 80)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        model = LassoRegressionCV(cv=3).fit(X, y)
    assert model.converged_
