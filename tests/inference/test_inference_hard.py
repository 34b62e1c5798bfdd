"""Inference on hard input: edges of size, degenerate columns and splits, and wrong arguments."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_regression
from sklearn.model_selection import KFold
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder

from sklearn_reg import (
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
    coefficient_inference,
)


def lasso(lambda_: float = 0.1, **options: Any) -> LassoRegression:
    return LassoRegression(lambda_, solver="auto", tol=1e-12, **options)


def ridge(lambda_: float = 0.01, **options: Any) -> RidgeRegression:
    return RidgeRegression(lambda_, solver="auto", tol=1e-12, **options)


# Methods with their options, and the estimators that suit them.
CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "ols": (ridge(0.0), {}),
    "ols HC3": (ridge(0.0), {"covariance": "HC3"}),
    "ridge": (ridge(), {}),
    "ridge coefficient": (ridge(), {"target": "coefficient"}),
    "ridge effective": (ridge(), {"sigma": "effective"}),
    "debiased": (lasso(), {}),
    "debiased simultaneous": (lasso(), {"simultaneous": True}),
    "debiased residuals": (lasso(), {"sigma": "residuals"}),
    "selective": (lasso(), {}),
    "selective full": (lasso(), {"target": "full"}),
    "split": (lasso(), {"n_splits": 5}),
    "bootstrap": (lasso(), {"n_resamples": 15}),
    "bootstrap residual": (lasso(), {"n_resamples": 15, "resample": "residual"}),
    "bootstrap bca": (lasso(), {"n_resamples": 15, "interval": "bca"}),
}
WITH_SIGMA = [case for case in CASES if case.split()[0] in ("ridge", "debiased", "selective")]
NUMBERS = ("estimate", "standard_error", "statistic", "p_value", "lower", "upper")


def problem(seed: int = 0, n: int = 40, p: int = 6) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(n, p))
    A[:, 1:] += 0.5 * A[:, :-1]
    return A, A[:, 0] - A[:, min(2, p - 1)] + rng.normal(size=n)


def sure(case: str, A: Any, y: Any, model: Any = None, weights: Any = None, **asked: Any) -> Any:
    """Fit and ask; every number of the answer must be finite."""
    suits, options = CASES[case]
    model = clone(suits if model is None else model)
    model = model.fit(A, y) if weights is None else model.fit(A, y, weights)
    options = {"random_state": 0, "sample_weight": weights, **options, **asked}
    found = coefficient_inference(model, A, y, method=case.split()[0], **options)
    for name in (*NUMBERS, "adjusted_p_value"):
        assert np.isfinite(getattr(found, name)).all(), name
    assert (found.lower <= found.upper).all()
    assert (found.p_value <= found.adjusted_p_value).all()
    return found


def error_of(case: str, A: Any, y: Any) -> str:
    """Return the message of the error; nothing if there is none."""
    try:
        sure(case, A, y)
    except ValueError as error:
        return str(error)
    return ""


def like(case: str, **options: Any) -> Any:
    return clone(CASES[case][0]).set_params(**options)


def assert_same(one: Any, other: Any, rtol: float = 1e-6, atol: float = 1e-9) -> None:
    for name in NUMBERS:
        values = getattr(one, name), getattr(other, name)
        assert_allclose(*values, rtol=rtol, atol=atol, err_msg=name)


# --- columns --------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_a_column_of_zeros_without_an_intercept_is_not_there(case: str) -> None:
    A, y = problem()
    model = like(case, fit_intercept=False)
    found = sure(case, np.insert(A, 2, 0.0, axis=1), y, model)
    assert_same(found, sure(case, A, y, model))
    assert "x2" not in found.feature_names


@pytest.mark.parametrize("case", [case for case in CASES if not case.startswith("ols")])
@pytest.mark.parametrize("how", ["constant", "excluded"])
def test_without_columns_there_is_nothing_to_report(case: str, how: str) -> None:
    A, y = problem(p=3)
    A = np.ones_like(A) if how == "constant" else A
    weights = np.full(3, np.inf) if how == "excluded" else None
    found = sure(case, A, y, like(case, penalty_weights=weights))
    assert found.feature_names == []


@pytest.mark.parametrize("case", CASES)
def test_features_that_cannot_have_a_coefficient_are_refused(case: str) -> None:
    A, y = problem()
    A[:, 1] = 5.0
    with pytest.raises(ValueError, match="features must be"):
        sure(case, A, y, features=[1])


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("ridge")])
def test_what_free_columns_explain_has_no_coefficient_in_a_ridge(case: str) -> None:
    A, y = problem()
    twice = np.column_stack([A, A[:, 0]])
    model = like(case, penalty_weights=[0, 1, 1, 1, 1, 1, 1])
    with pytest.raises(ValueError, match=r"without a penalty do not explain, .*'x6'"):
        sure(case, twice, y, model)


@pytest.mark.parametrize("case", ["ridge", "ridge coefficient", "ridge effective"])
@pytest.mark.parametrize("lambda_", [1e-308, 1e300])
def test_the_size_of_the_penalty_of_a_ridge(case: str, lambda_: float) -> None:
    A, y = problem()
    found = sure(case, A, y, like(case, lambda_=lambda_))
    if lambda_ > 1 and case != "ridge coefficient":
        C, t = A - A.mean(axis=0), y - y.mean()
        assert_allclose(found.estimate * lambda_, C.T @ t / 40, rtol=1e-10)
        errors = found.sigma * np.sqrt((C**2).sum(axis=0)) / 40
        assert_allclose(found.standard_error * lambda_, errors, rtol=1e-10)


def test_a_ridge_refuses_columns_that_rounding_hides() -> None:
    A, y = problem()
    A[:, 2] *= 1e14
    with pytest.raises(ValueError, match=r"'x2' and 'x0' differ by .*e\+13; rescale X"):
        sure("ridge", A, y)
    standard, units = ridge(standardize=True), np.array([1, 1, 1e14, 1, 1, 1])
    found, plain = sure("ridge", A, y, standard), sure("ridge", A / units, y, standard)
    assert_allclose(found.estimate * units, plain.estimate, rtol=1e-10)
    assert_allclose(found.upper * units, plain.upper, rtol=1e-10)


def test_the_rank_that_residuals_lose_does_not_depend_on_units() -> None:
    A, y = problem()
    expected = sure("debiased residuals", A, y).sigma
    A[:, 2] *= 1e-17
    assert sure("debiased residuals", A, y).sigma == pytest.approx(expected, rel=1e-10)


def test_a_row_that_decides_a_coefficient_is_named_as_the_user_counts() -> None:
    A, y = problem()
    weights = np.ones(40)
    weights[:5] = 0.0
    A[:, 5] = np.arange(40) == 7
    with pytest.raises(ValueError, match="row 7 has 1:"):
        sure("ols HC3", A, y, weights=weights)


def test_a_loose_fit_with_features_too_many_is_refused_by_name() -> None:
    A, y = problem()
    model = LassoRegression(0.1, solver="subgradient", learning_rate="auto", tol=0.02)
    with pytest.raises(ValueError, match=r"coef_ is not the solution at feature 'x.'.*'auto'"):
        sure("selective", A, y, model.set_params(n_iterations=100_000))


# --- sizes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("of_y", "of_x"), [(1e150, 1e-150), (1e-150, 1e150)])
def test_units_of_any_size(case: str, of_y: float, of_x: float) -> None:
    A, y = problem()
    model = like(case, standardize=True)
    plain = sure(case, A, y, model)
    lasso_like = "ridge" not in case and "ols" not in case
    model.set_params(lambda_=model.lambda_ * (of_y if lasso_like else 1.0))
    scaled = sure(case, of_x * A, of_y * y, model)
    for name in ("estimate", "lower"):
        number = getattr(scaled, name) / of_y * of_x
        assert_allclose(number, getattr(plain, name), rtol=1e-5, atol=1e-7)
    assert_allclose(scaled.p_value, plain.p_value, rtol=1e-4, atol=1e-12)


@pytest.mark.parametrize("case", WITH_SIGMA)
@pytest.mark.parametrize("sigma", [5e-324, 1e-69, 1e69])
def test_sigma_of_any_size_is_refused_or_gives_numbers(case: str, sigma: float) -> None:
    A, y = problem()
    if 1e-70 < sigma < 1e70:
        assert sure(case, A, y, sigma=sigma).sigma == sigma
    else:
        with pytest.raises(ValueError, match=r"sigma must be of the size of y, which is at most 8"):
            sure(case, A, y, sigma=sigma)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("level", [1e-17, np.nextafter(1.0, 0.0)])
def test_levels_up_to_the_ends(case: str, level: float) -> None:
    found = sure(case, *problem(), confidence_level=level)
    assert found.confidence_level == level


@pytest.mark.parametrize("case", CASES)
def test_a_constant_y(case: str) -> None:
    A, _ = problem()
    y = np.full(40, 3.0)
    if case.startswith("bootstrap"):
        found = sure(case, A, y)
        assert not found.estimate.any()
        assert (found.p_value == 1).all()
        return
    with pytest.raises(ValueError, match=r"sigma cannot be estimated|y must vary"):
        sure(case, A, y)
    if case in WITH_SIGMA:
        found = sure(case, A, y, sigma=1.0)
        assert_allclose(found.estimate, 0.0, atol=1e-12)
        assert (found.p_value == 1).all()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("n", "p"), [(1, 1), (2, 2), (3, 1), (4, 2)])
def test_a_few_rows_give_numbers_or_an_error_that_says_what_is_missing(
    case: str, n: int, p: int
) -> None:
    A, y = problem(n, n, p)
    words = r"needs more rows|at least 2 rows|cannot be estimated|others do not explain|^$"
    assert re.search(words, error_of(case, A, y))


@pytest.mark.parametrize("case", CASES)
def test_more_features_than_rows(case: str) -> None:
    A, y = problem(0, 15, 40)
    needs_rows = "ols", "ols HC3", "ridge effective", "debiased residuals", "selective full"
    if case in needs_rows:
        with pytest.raises(ValueError, match=r"more rows than|cannot be estimated"):
            sure(case, A, y)
        return
    found = sure(case, A, y, like(case, lambda_=0.7))
    assert len(found.feature_names) == 40 or case in ("selective", "split")


# --- splits ---------------------------------------------------------------------------------------


def test_a_split_that_selects_nothing_adjusts_to_one() -> None:
    A, y = problem()
    model = lasso(0.85)
    found = sure("split", A, y, model, n_splits=20, features=None)
    rng, p_values, counts = np.random.RandomState(0), np.ones((20, 6)), np.zeros(20)
    for b in range(20):
        order = rng.permutation(40)
        first, second = np.sort(order[:20]), np.sort(order[20:])
        chosen = np.flatnonzero(clone(model).fit(A[first], y[first]).coef_)
        counts[b] = chosen.size
        D = np.column_stack([np.ones(20), A[second][:, chosen]])
        w, (square,), *_ = np.linalg.lstsq(D, y[second], rcond=None)
        left = 19 - chosen.size
        errors = np.sqrt(square / left * np.diag(np.linalg.inv(D.T @ D)))
        p_values[b, chosen] = 2 * stats.t.sf(np.abs(w / errors)[1:], left)
    assert (counts == 0).any()
    assert (counts > 0).any()
    adjusted = np.where(p_values < 1, np.minimum(1, p_values * counts[:, None]), 1.0)
    k = np.arange(1, 21)
    charge = 1 - np.log(0.05)
    at = [int(name[1:]) for name in found.feature_names]
    for got, p in ((found.p_value, p_values), (found.adjusted_p_value, adjusted)):
        shares = np.sort(p[:, at], axis=0) * (20 / k)[:, None]
        assert_allclose(got, np.minimum(1, charge * shares.min(axis=0)), rtol=1e-8)


def test_rare_columns_that_halves_do_not_determine_are_not_tested_there() -> None:
    rng = np.random.default_rng(3)
    A = np.zeros((40, 6))
    A[[1, 2], 0] = A[[2, 7], 1] = A[[3, 30], 2] = 1.0
    A[:, 3:] = rng.normal(size=(40, 3))
    y = A @ [6.0, -6.0, 5.0, 1.0, 0.0, 0.0] + 0.5 * rng.normal(size=40)
    for options in ({}, {"fit_intercept": False}, {"standardize": True}):
        found = sure("split", A, y, lasso(0.01, **options), n_splits=6)
        assert {"x3", "x4"} <= set(found.feature_names)
    # A column and its copy: neither has a coefficient of its own, and the others keep theirs.
    plain = sure("split", A[:, 3:], y, lasso(0.01))
    copied = sure("split", A[:, [3, 4, 5, 5]], y, lasso(0.01))
    assert copied.feature_names == ["x0", "x1"]
    assert_allclose(copied.estimate, plain.estimate[:2], rtol=1e-8)
    assert_allclose(copied.standard_error, plain.standard_error[:2], rtol=1e-8)


def test_halves_in_which_y_does_not_vary() -> None:
    A, _ = problem()
    y = np.zeros(40)
    y[[1, 5]] = 5.0, -4.0
    found = sure("split", A, y, n_splits=20)
    assert (found.p_value > 0.1).all()
    assert found.sigma is not None
    assert found.sigma > 0


def test_split_refuses_folds_that_are_rows_of_all_data() -> None:
    A, y = problem()
    folds = list(KFold(4).split(A))
    with pytest.raises(ValueError, match="cv is a number or a splitter"):
        sure("split", A, y, LassoRegressionCV(8, cv=folds))
    assert sure("split", A, y, LassoRegressionCV(8, cv=KFold(4)), n_splits=2).feature_names


# --- arguments ------------------------------------------------------------------------------------


def asked_for(features: Any, columns: Any = "abcdef") -> Any:
    A, y = problem()
    X = pd.DataFrame(A, columns=list(columns))
    return coefficient_inference(lasso().fit(X, y), X, y, method="debiased", features=features)


def test_features_in_every_form() -> None:
    mask = pd.Series([True, False, True, False, False, False])
    named = pd.Series([True, False, True, False, False, False], index=list("fedcba"))
    assert asked_for(mask).feature_names == ["a", "c"]
    assert asked_for(named).feature_names == ["d", "f"]
    assert asked_for(name for name in "fa").feature_names == ["f", "a"]
    assert asked_for(one for one in mask).feature_names == ["a", "c"]
    assert asked_for(pd.Index(["b"])).feature_names == ["b"]
    assert asked_for({"e"}).feature_names == ["e"]
    assert asked_for(pd.array([True, False] * 3)).feature_names == ["a", "c", "e"]
    assert asked_for([np.int8(1), -1]).feature_names == ["b", "f"]
    years = [2020, 2021, 2022, 1, 2, 3]
    assert asked_for([2021, 1], years).feature_names == [2021, 1]
    assert asked_for([0, 5], years).feature_names == [2020, 3]
    pairs = pd.MultiIndex.from_product([["a", "b"], [1, 2, 3]])
    assert asked_for([("b", 1)], pairs).feature_names == [("b", 1)]


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ("a", "names, numbers or a mask"),
        (0, "names, numbers or a mask"),
        (np.array(0), "names, numbers or a mask"),
        (np.array("a"), "names, numbers or a mask"),
        ([1.0], "got 1.0 among them"),
        ([0, "a"], r"the names \['a'\] together with what is no name, \[0\]"),
        ([[0, 1]], r"got \[0, 1\] among them"),
        ([(0, [1])], "among them"),
        ([None], "got None among them"),
        ([True, False], "got a mask of 2"),
        (pd.array([True, False, True, False, True, pd.NA]), "got <NA> in a mask"),
        ([True, False, True, False, True, 1], "got 1 in a mask"),
        (pd.Series([True] * 6, index=list("abcdeg")), "names.*'g'"),
        (np.zeros(6, dtype=bool), "at least one"),
    ],
)
def test_features_that_are_none_are_refused(features: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"features.*{message}"):
        asked_for(features)


def test_numbers_that_may_be_names_or_places_are_refused() -> None:
    with pytest.raises(ValueError, match=r"the names \[1\] together with what is no name, \[0\]"):
        asked_for([0, 1], [10, 20, 30, 1, 2, 3])


@pytest.mark.parametrize(
    "random_state", [np.random.default_rng(0), "a", -1, 1.5, 2**40, [1, 2]], ids=repr
)
def test_a_random_state_of_another_kind_is_refused_by_name(random_state: Any) -> None:
    with pytest.raises(ValueError, match="random_state must be None, an integer from 0"):
        sure("split", *problem(), random_state=random_state)


@pytest.mark.parametrize("value", [True, 3.0, "3", 0, -1])
def test_numbers_of_things(value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="n_splits must be an integer >= 1, got"):
        sure("split", *problem(), n_splits=value)
    with pytest.raises((TypeError, ValueError), match="n_resamples must be an integer >= 2, got"):
        sure("bootstrap", *problem(), n_resamples=value)


STEPS = {
    "encoder": ColumnTransformer([("t", TargetEncoder(target_type="continuous"), ["x0"])]),
    "selector": ColumnTransformer([("k", make_pipeline(SelectKBest(f_regression, k=1)), ["x0"])]),
    "union": FeatureUnion([("s", StandardScaler()), ("k", SelectKBest(f_regression, k=1))]),
}


@pytest.mark.parametrize("name", STEPS)
def test_steps_that_use_y_are_found_within_other_steps(name: str) -> None:
    A, y = problem()
    X = pd.DataFrame(A, columns=[f"x{j}" for j in range(6)])
    model = make_pipeline(clone(STEPS[name]), lasso()).fit(X, y)
    with pytest.raises(ValueError, match=r"whose steps do not use y, got step .* with (Sel|Tar)"):
        coefficient_inference(model, X, y, method="debiased")
    kind = ColumnTransformer([("s", StandardScaler(), ["x0"]), ("v", VarianceThreshold(), ["x1"])])
    allowed = make_pipeline(kind, lasso()).fit(X, y)
    assert coefficient_inference(allowed, X, y, method="debiased").feature_names == [
        "s__x0",
        "v__x1",
    ]


# --- promises -------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_repeated_and_the_input_stays_as_it_is(case: str) -> None:
    A, y = problem()
    A.flags.writeable = y.flags.writeable = False
    model = like(case).fit(A, y)
    before = {key: np.copy(value) for key, value in vars(model).items()}
    method, options = case.split()[0], CASES[case][1]
    one, other = (
        coefficient_inference(model, A, y, method=method, random_state=state, **options)
        for state in (3, np.random.RandomState(3))
    )
    for name in one._fields:
        assert_array_equal(getattr(one, name), getattr(other, name))
    assert set(vars(model)) == set(before)
    for key, value in before.items():
        assert_array_equal(vars(model)[key], value)


@pytest.mark.parametrize("case", [case for case in CASES if not case.startswith("ols")])
def test_some_features_have_the_numbers_that_they_have_among_all(case: str) -> None:
    A, y = problem()
    found = sure(case, A, y)
    chosen = found.feature_names[::-2]
    some = sure(case, A, y, features=chosen)
    assert some.feature_names == chosen
    names = NUMBERS[:4] if case == "debiased simultaneous" else NUMBERS
    for name in names:
        assert_allclose(getattr(some, name), getattr(found, name)[::-2], rtol=1e-10)


@pytest.mark.parametrize("case", ["debiased", "selective", "bootstrap"])
def test_rows_in_single_precision_are_those_of_the_fit(case: str) -> None:
    A, y = problem()
    single = A.astype(np.float32)
    for fitted, given in ((A, single), (single, A)):
        model = like(case).fit(fitted, y)
        options = {"random_state": 0, **CASES[case][1]}
        found = coefficient_inference(model, given, y, method=case, **options)
        assert_same(found, sure(case, A, y), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("standardize", "free", "fit_intercept"), [(False, True, False), (True, False, True)]
)
def test_selective_limits_are_where_the_selection_changes(
    standardize: bool, free: bool, fit_intercept: bool
) -> None:
    A, y = problem(1, 30, 3)
    A, y = A + 0.5, y + 1.0
    weights = np.random.default_rng(0).uniform(0.3, 2.0, 30)
    v = [1.0, 0.0 if free else 0.5, 2.0]
    options = {"standardize": standardize, "fit_intercept": fit_intercept}
    model = lasso(0.15, penalty_weights=v, **options)
    found = sure("selective", A, y, model, weights, sigma=1.1)

    def signs(target: Any) -> Any:
        return np.sign(clone(model).fit(A, target, weights).coef_) * np.sign(v)

    s = weights / weights.mean()
    C = A - fit_intercept * (s @ A) / 30
    S = [int(name[1:]) for name in found.feature_names]
    C = np.sqrt(s)[:, None] * C[:, S]
    rows = np.linalg.solve(C.T @ C, C.T)
    for k in range(len(S)):
        error = 1.1 * np.linalg.norm(rows[k])
        assert_allclose(found.standard_error[k], error, rtol=1e-8)
        z = []  # the limits of the statistic
        for way in (-1.0, 1.0):
            step = way * error / np.sum(rows[k] ** 2) * rows[k] / np.sqrt(s)
            low, high = 0.0, 12.0
            while high - low > 1e-4:
                middle = 0.5 * (low + high)
                same = np.array_equal(signs(y + middle * step), signs(y))
                low, high = (middle, high) if same else (low, middle)
            z.append(found.statistic[k] + way * low)
        cdf = stats.truncnorm(z[0], z[1]).cdf(found.statistic[k])
        assert_allclose(found.p_value[k], 2 * min(cdf, 1 - cdf), rtol=5e-3, atol=1e-6)
