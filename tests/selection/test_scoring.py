"""Scorers of users in cross-validation: weights, undefined scores, errors of their own."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import (
    get_scorer,
    make_scorer,
    mean_absolute_error,
    mean_squared_error,
    median_absolute_error,
    r2_score,
)
from sklearn.model_selection import GridSearchCV, KFold

from searching import EXACT, FOLDS, Array, data_of, every_shape, quiet
from sklearn_reg import LassoRegression, LassoRegressionCV, RidgeRegressionCV

FOUR_FOLDS = KFold(4, shuffle=True, random_state=1)
LAMBDAS = np.array([1.0, 0.3, 0.1, 0.03])
# The grid is short: that its end may be the best lambda has a test of its own.
pytestmark = quiet


def data(p: int = 5, n: int = 60) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(11)
    X = rng.normal(size=(n, p))
    y = X[:, 0] - 0.5 * X[:, 1] + rng.normal(size=n)
    weights = rng.integers(0, 4, n).astype(float)
    return X, y, weights


SCORERS = {
    "by name": "neg_mean_squared_error",
    "r2": "r2",
    "made": make_scorer(mean_absolute_error, greater_is_better=False),
    "partial": make_scorer(
        functools.partial(mean_squared_error, multioutput="uniform_average"),
        greater_is_better=False,
    ),
    "callable": lambda model, X, y, sample_weight=None: r2_score(
        y, model.predict(X), sample_weight=sample_weight
    ),
}


@pytest.mark.parametrize("p", [5, 80], ids=["tall", "wide"])
@pytest.mark.parametrize("name", SCORERS)
def test_a_row_without_weight_matters_to_no_scorer_that_takes_weights(name: str, p: int) -> None:
    X, y, weights = data(p)
    spoiled = np.where(weights == 0, 1e4, y)
    kept, spoilt = (
        LassoRegressionCV(LAMBDAS, scoring=SCORERS[name], cv=FOUR_FOLDS).fit(X, of, weights)
        for of in (y, spoiled)
    )
    assert_allclose(spoilt.score_path_, kept.score_path_, rtol=1e-6, atol=1e-9)
    assert spoilt.lambda_ == kept.lambda_


def test_scores_are_weighted_as_the_scorer_weights() -> None:
    X, y, weights = data()
    model = LassoRegressionCV(LAMBDAS, scoring="r2", cv=FOUR_FOLDS, tol=1e-12).fit(X, y, weights)
    for fold, (train, test) in enumerate(FOUR_FOLDS.split(X)):
        for k, lambda_ in enumerate(LAMBDAS):
            single = LassoRegression(lambda_, solver="auto", tol=1e-12)
            single.fit(X[train], y[train], weights[train])
            expected = single.score(X[test], y[test], weights[test])
            assert_allclose(model.score_path_[k, fold], expected, rtol=1e-6)


def test_the_mean_squared_error_is_one_of_the_scorers() -> None:
    X, y, weights = data()
    errors, scored = (
        LassoRegressionCV(LAMBDAS, scoring=scoring, cv=FOUR_FOLDS).fit(X, y, weights)
        for scoring in (None, "neg_mean_squared_error")
    )
    assert_allclose(-scored.score_path_, errors.mse_path_, rtol=1e-9)


@pytest.mark.parametrize(
    "scoring",
    [
        make_scorer(lambda y, predicted: -np.abs(y - predicted).max()),
        lambda model, X, y: -np.abs(y - model.predict(X)).max(),
    ],
    ids=["made", "callable"],
)
def test_a_scorer_that_takes_no_weights_is_used_without(scoring: Any) -> None:
    X, y, weights = data()
    model = LassoRegressionCV(LAMBDAS, scoring=scoring, cv=FOUR_FOLDS).fit(X, y, weights)
    for fold, (train, test) in enumerate(FOUR_FOLDS.split(X)):
        single = LassoRegression(LAMBDAS[0], solver="auto").fit(X[train], y[train], weights[train])
        expected = -np.abs(y[test] - single.predict(X[test])).max()
        assert_allclose(model.score_path_[0, fold], expected, rtol=1e-5)


@pytest.mark.parametrize("requested", [True, False])
def test_under_metadata_routing_the_scorer_gets_what_it_requests(requested: bool) -> None:
    X, y, weights = data()
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = get_scorer("r2").set_score_request(sample_weight=requested)
        single = LassoRegression(solver="auto", tol=1e-10).set_fit_request(sample_weight=True)
        search = GridSearchCV(single, {"lambda_": LAMBDAS}, scoring=scorer, cv=FOUR_FOLDS)
        search.fit(X, y, sample_weight=weights)
        model = LassoRegressionCV(LAMBDAS, scoring=scorer, cv=FOUR_FOLDS, tol=1e-10)
        model.fit(X, y, sample_weight=weights)
    expected = [
        [search.cv_results_[f"split{fold}_test_score"][k] for fold in range(4)] for k in range(4)
    ]
    assert_allclose(model.score_path_, expected, rtol=1e-6)


# --- undefined scores -----------------------------------------------------------------------------


def correlation(y: Array, predicted: Array) -> float:
    """Pearson's, which a constant prediction has none of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(np.corrcoef(y, predicted)[0, 1])


@pytest.mark.parametrize("undefined", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rule", ["min", "1se", lambda _, losses: losses.mean(axis=1).argmin()])
def test_lambdas_without_a_score_are_ranked_last(undefined: float, rule: Any) -> None:
    X, y, _ = data()

    def scoring(model: Any, X: Array, y: Array) -> float:
        return correlation(y, model.predict(X)) if model.coef_.any() else undefined

    lambdas = np.append(LAMBDAS, 50.0)  # at which nothing is left
    with pytest.warns(UserWarning, match="is not finite at 1 of 5 lambdas, the first 50"):
        model = LassoRegressionCV(lambdas, scoring=scoring, cv=FOUR_FOLDS, rule=rule).fit(X, y)
    plain = LassoRegressionCV(
        LAMBDAS, scoring=make_scorer(correlation), cv=FOUR_FOLDS, rule=rule
    ).fit(X, y)
    assert model.lambda_ == plain.lambda_ < 50
    assert (model.lambda_min_, model.lambda_1se_) == (plain.lambda_min_, plain.lambda_1se_)
    assert_array_equal(model.score_path_[1:], plain.score_path_)


@pytest.mark.parametrize("score", [np.nan, -np.inf])
def test_no_score_at_all_is_an_error(score: float) -> None:
    X, y, _ = data()
    with pytest.raises(ValueError, match=r"scoring=.* must be finite in every fold"):
        LassoRegressionCV(LAMBDAS, scoring=lambda *_: score, cv=FOUR_FOLDS).fit(X, y)


@pytest.mark.parametrize("score", [None, "0.5", [0.5], {"r2": 0.5}, 1j])
def test_a_score_is_a_number(score: Any) -> None:
    X, y, _ = data()
    with pytest.raises(TypeError, match=r"scoring=.* must return a number, got"):
        RidgeRegressionCV(LAMBDAS, scoring=lambda *_: score, cv=FOUR_FOLDS).fit(X, y)


# --- errors of user code --------------------------------------------------------------------------


def test_a_scorer_may_divide_by_zero() -> None:
    X, y, _ = data()
    counts = np.where(np.arange(len(y)) % 20 == 3, 0.0, 1.0 + np.abs(y))

    def ratio(y: Array, predicted: Array) -> float:
        with np.errstate(divide="ignore"):
            return float(np.median(np.abs(y - predicted) / y))

    model = RidgeRegressionCV(
        LAMBDAS, scoring=make_scorer(ratio, greater_is_better=False), cv=FOUR_FOLDS
    ).fit(X, counts)
    assert np.isfinite(model.score_path_).all()


@pytest.mark.parametrize("where", ["scoring", "rule"])
@pytest.mark.parametrize("error", [FloatingPointError, ZeroDivisionError, OverflowError])
def test_an_error_of_user_code_passes_through_with_its_argument(
    where: str, error: type[Exception]
) -> None:
    def mine(*_: Any) -> Any:
        raise error("mine alone")

    X, y, _ = data()
    model = LassoRegressionCV(LAMBDAS, **{where: mine}, cv=FOUR_FOLDS)
    with pytest.raises(error, match="mine alone") as caught:
        model.fit(X, y)
    assert f"{where}=<function" in caught.value.__notes__[0]
    assert not hasattr(model, "coef_")


@pytest.mark.parametrize("where", ["scoring", "rule"])
def test_user_code_has_the_arithmetic_of_its_caller(where: str) -> None:
    seen = {}

    def mine(*_: Any) -> int:
        seen.update(np.geterr())
        return 0

    X, y, _ = data()
    with np.errstate(divide="ignore", over="warn", invalid="ignore", under="warn"):
        expected = np.geterr()
        LassoRegressionCV(LAMBDAS, **{where: mine}, cv=FOUR_FOLDS).fit(X, y)
    assert seen == expected


def test_the_median_error_takes_weights_too() -> None:
    # A scorer whose function takes weights by keyword only.
    X, y, weights = data()
    scorer = make_scorer(median_absolute_error, greater_is_better=False)
    spoiled = np.where(weights == 0, -1e4, y)
    models = [
        LassoRegressionCV(LAMBDAS, scoring=scorer, cv=FOUR_FOLDS).fit(X, of, weights)
        for of in (y, spoiled)
    ]
    assert_allclose(models[0].score_path_, models[1].score_path_, rtol=1e-6)


# --- what a scorer is for -------------------------------------------------------------------------


@pytest.mark.parametrize("scoring", ["r2", "neg_mean_absolute_error", "explained_variance"])
@every_shape
def test_any_scorer_chooses(scoring, shape) -> None:
    """scikit-learn #9779."""
    X, y = data_of(shape)
    model = LassoRegressionCV(12, eps=0.01, cv=FOLDS, scoring=scoring, **EXACT).fit(X, y)
    single = LassoRegression(solver="auto", **EXACT)
    search = GridSearchCV(single, {"lambda_": model.lambdas_}, cv=FOLDS, scoring=scoring)
    scores = search.fit(X, y).cv_results_["mean_test_score"]
    assert_allclose(model.score_path_.mean(axis=1), scores, rtol=1e-6, atol=1e-9)
    assert model.lambda_ == search.best_params_["lambda_"]


def test_scores_of_an_earlier_fit_do_not_stay() -> None:
    X, y = data_of("tall")
    model = LassoRegressionCV(5, cv=FOLDS, scoring="r2").fit(X, y)
    assert model.score_path_.shape == (5, 5)
    assert not hasattr(model.set_params(scoring=None).fit(X, y), "score_path_")
