"""How lambda is chosen: rules, targets in any unit, lambda 0, and advice where a grid ends."""

from __future__ import annotations

import math
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, KFold, LeaveOneOut

from searching import EXACT, FOLDS, Array, data_of, every_class, quiet
from sklearn_reg import (
    ElasticNetRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
    RidgeRegressionCV,
    lambda_sweep,
    regularization_path,
)
from sklearn_reg._selection.choice import one_standard_error

FOUR_FOLDS = KFold(4, shuffle=True, random_state=2)
RULES = ["min", "1se", "aic", "bic", "ebic", "gcv"]
every_shape = pytest.mark.parametrize("p", [6, 90], ids=["tall", "wide"])


def data(p: int = 6, n: int = 60, seed: int = 4) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X[:, 0] - 0.5 * X[:, 1] + rng.normal(size=n)


# --- rules ----------------------------------------------------------------------------------------


@quiet
@every_class
@pytest.mark.parametrize("rule", RULES)
def test_both_lambdas_are_known_whatever_the_rule(CV: Any, rule: str) -> None:
    X, y = data()
    model = CV(30, cv=FOUR_FOLDS, rule=rule).fit(X, y)
    expected = [CV(30, cv=FOUR_FOLDS, rule=one).fit(X, y).lambda_ for one in ("min", "1se")]
    assert [model.lambda_min_, model.lambda_1se_] == expected


WRONG_INDEX = {
    "a lambda": lambda lambdas, losses: lambdas[losses.mean(axis=1).argmin()],
    "a small lambda": lambda lambdas, losses: 0.05,
    "a whole number that is no integer": lambda lambdas, losses: 2.0,
    "None": lambda lambdas, losses: None,
    "nan": lambda lambdas, losses: np.nan,
    "text": lambda lambdas, losses: "2",
    "bool": lambda lambdas, losses: True,
    "an array": lambda lambdas, losses: losses.argmin(axis=0),
}


@pytest.mark.parametrize("answer", WRONG_INDEX)
def test_a_rule_returns_an_index(answer: str) -> None:
    X, y = data()
    model = LassoRegressionCV(10, cv=FOUR_FOLDS, rule=WRONG_INDEX[answer])
    with pytest.raises(TypeError, match=r"rule must return the index.* integer from 0 to 9, got"):
        model.fit(X, y)
    assert not hasattr(model, "coef_")


@pytest.mark.parametrize("index", [-1, 10])
def test_an_index_out_of_the_grid_is_refused(index: int) -> None:
    with pytest.raises(ValueError, match=f"rule must return .* from 0 to 9, got {index}"):
        LassoRegressionCV(10, cv=FOUR_FOLDS, rule=lambda *_: index).fit(*data())


@pytest.mark.parametrize("index", [3, np.int8(3), np.uint64(3), np.array(3)])
def test_any_integer_is_an_index(index: Any) -> None:
    model = LassoRegressionCV(10, cv=FOUR_FOLDS, rule=lambda *_: index).fit(*data())
    assert model.lambda_ == model.lambdas_[3]


@quiet
def test_what_a_rule_does_to_its_arguments_concerns_nobody() -> None:
    def spoil(lambdas: Array, losses: Array) -> int:
        lambdas[:], losses[:] = 0, 0
        return 4

    model = LassoRegressionCV(10, cv=FOUR_FOLDS, rule=spoil).fit(*data())
    plain = LassoRegressionCV(10, cv=FOUR_FOLDS).fit(*data())
    assert_array_equal(model.lambdas_, plain.lambdas_)
    assert_array_equal(model.mse_path_, plain.mse_path_)


@pytest.mark.parametrize("rule", ["aic", "bic", "ebic", "gcv"])
def test_the_samples_of_a_criterion_are_rows_with_a_weight(rule: str) -> None:
    X, y = data()
    weights = np.random.default_rng(0).uniform(1, 5, 60)
    weights[::5] = 0
    kept = weights > 0
    model, without, scaled = (
        LassoRegressionCV(20, cv=[(np.arange(30), np.arange(30, n))], rule=rule).fit(X, y, s)
        for X, y, s, n in (
            (X, y, weights, 60),
            (X[kept], y[kept], weights[kept], 48),
            (X, y, 1e6 * weights, 60),
        )
    )
    assert_allclose([without.lambda_, scaled.lambda_], model.lambda_, rtol=1e-9)


@quiet
def test_one_standard_error_rule_takes_the_larger_lambda() -> None:
    """scikit-learn #6630."""
    X, y = data_of("diabetes")
    least = LassoRegressionCV(cv=FOLDS).fit(X, y)
    sparser = LassoRegressionCV(cv=FOLDS, rule="1se").fit(X, y)
    means = least.mse_path_.mean(axis=1)
    best = int(means.argmin())
    limit = means[best] + least.mse_path_[best].std(ddof=1) / np.sqrt(5)
    assert sparser.lambda_ > least.lambda_ == least.lambdas_[best]
    assert sparser.lambda_ == least.lambdas_[means <= limit].max()
    assert np.count_nonzero(sparser.coef_) < np.count_nonzero(least.coef_)
    assert one_standard_error(np.array([[5.0, 5.0], [1.9, 2.1], [1.0, 3.0]])) == 1


@quiet
def test_information_criteria_are_their_formulas() -> None:
    X, y = data_of("tall")
    path = regularization_path(X, y, 40)
    n, df = len(y), path.degrees_of_freedom + 1
    expected = {
        "aic": n * np.log(path.training_loss) + 2 * df,
        "bic": n * np.log(path.training_loss) + np.log(n) * df,
        "gcv": path.training_loss / (1 - df / n) ** 2,
    }
    models = [math.comb(X.shape[1], round(k)) for k in path.degrees_of_freedom]
    expected["ebic"] = expected["bic"] + 2 * np.log(models)
    for rule, values in expected.items():
        model = LassoRegressionCV(40, cv=FOLDS, rule=rule).fit(X, y)
        assert model.lambda_ == model.lambdas_[values.argmin()]


@quiet
def test_the_extended_bic_finds_features_among_many_and_counts_only_the_penalised() -> None:
    """Chen and Chen (2008): with p >> n BIC takes too many, as there are so many models."""
    found = {"bic": [], "ebic": []}
    folds = KFold(2)  # a criterion takes nothing from them
    for seed in range(5):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(100, 800))
        y = 2.0 * X[:, :3].sum(axis=1) + rng.normal(size=100)
        for rule, wrong in found.items():
            model = LassoRegressionCV(30, cv=folds, rule=rule, eps=0.01).fit(X, y)
            assert (model.coef_[:3] != 0).all()
            wrong.append(np.count_nonzero(model.coef_[3:]))
    assert np.mean(found["ebic"]) < 2.0 < np.mean(found["bic"])
    # Features without a penalty are in every model: it makes no difference whether they are there
    # or y and the others are cleaned of them.
    free, rest = rng.normal(size=(100, 2)), X[:, :40]
    clean = np.column_stack([np.ones(100), free])
    residual = np.eye(100) - clean @ np.linalg.pinv(clean)
    weights = np.r_[0.0, 0.0, np.ones(40)]
    with_free = LassoRegressionCV(30, cv=FOLDS, rule="ebic", penalty_weights=weights)
    with_free.fit(np.hstack([free, rest]), y)
    without = LassoRegressionCV(with_free.lambdas_, cv=FOLDS, rule="ebic")
    assert without.fit(residual @ rest, residual @ y).lambda_ == with_free.lambda_


def test_a_model_without_freedom_left_is_never_chosen_by_a_criterion() -> None:
    X, y = data_of("wide")
    for rule in ("aic", "bic", "ebic"):
        model = LassoRegressionCV(cv=FOLDS, rule=rule, eps=1e-4).fit(X, y)
        assert np.count_nonzero(model.coef_) < len(y) - 1


def test_a_callable_chooses() -> None:
    X, y = data_of("tall")
    seen = {}

    def median(lambdas: Array, losses: Array) -> int:
        seen.update(lambdas=lambdas, losses=losses)
        return int(np.median(losses, axis=1).argmin())

    model = LassoRegressionCV(20, cv=FOLDS, rule=median).fit(X, y)
    assert model.lambda_ == model.lambdas_[np.median(model.mse_path_, axis=1).argmin()]
    assert_array_equal(seen["losses"], model.mse_path_)
    with pytest.raises(ValueError, match=r"rule must return the index.* 0 to 19, got 20"):
        LassoRegressionCV(20, cv=FOLDS, rule=lambda *_: 20).fit(X, y)


@quiet
def test_l1_ratio_is_chosen_from_a_list() -> None:
    X, y = data_of("tall")
    model = ElasticNetRegressionCV(15, [0.1, 0.9], cv=FOLDS, **EXACT).fit(X, y)
    singles = [ElasticNetRegressionCV(15, r, cv=FOLDS, **EXACT).fit(X, y) for r in (0.1, 0.9)]
    best = min(singles, key=lambda one: one.mse_path_.mean(axis=1).min())
    assert (model.l1_ratio_, model.lambda_) == (best.l1_ratio_, best.lambda_)
    assert model.mse_path_.shape == (2, 15, 5)
    assert model.lambdas_.shape == (2, 15)
    assert_allclose(model.fold_coefs_[1], singles[1].fold_coefs_, rtol=1e-9)


# --- units ----------------------------------------------------------------------------------------


def two_targets() -> tuple[Array, Array]:
    rng = np.random.default_rng(8)
    X = rng.normal(size=(80, 5))
    return X, X @ [[1, 0], [0, 2], [-1, 0], [0, 0], [0, 1]] + 0.3 * rng.normal(size=(80, 2))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("unit", [1e-4, 1e3, 1e6])
def test_ridge_chooses_the_same_in_any_unit(rule: str, unit: float) -> None:
    X, Y = two_targets()
    units = np.array([1.0, unit])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        plain, other = (
            RidgeRegressionCV(cv=FOUR_FOLDS, rule=rule).fit(X, of) for of in (Y, Y * units)
        )
    assert_allclose(other.lambda_, plain.lambda_, rtol=1e-9)
    assert_allclose(other.coef_, plain.coef_ * units[:, None], rtol=1e-6, atol=1e-9 * unit)
    assert_allclose(other.relative_mse_path_, plain.relative_mse_path_, rtol=1e-6)


@quiet
@pytest.mark.parametrize("CV", [LassoRegressionCV, ElasticNetRegressionCV])
@pytest.mark.parametrize("unit", [1e-4, 1e4])
def test_a_target_keeps_its_features_beside_one_in_another_unit(CV: Any, unit: float) -> None:
    X, Y = two_targets()
    alone = CV(cv=FOUR_FOLDS).fit(X, Y[:, 0])
    beside = CV(cv=FOUR_FOLDS).fit(X, Y * [1.0, unit])
    assert_allclose(beside.coef_[0], alone.coef_, atol=0.1)
    # The grid reaches what the target in the smaller unit needs.
    ends = [CV(cv=FOUR_FOLDS).fit(X, y).lambdas_[-1] for y in (Y * [1.0, unit]).T]
    assert beside.lambdas_[-1] == pytest.approx(min(ends))


@quiet
def test_errors_are_those_of_the_null_models() -> None:
    X, Y = two_targets()
    model = LassoRegressionCV([0.5, 0.1, 0.02], cv=FOUR_FOLDS, tol=1e-12).fit(X, Y)
    for fold, (train, test) in enumerate(FOUR_FOLDS.split(X)):
        single = LassoRegression(0.1, solver="auto", tol=1e-12).fit(X[train], Y[train])
        errors = np.mean((Y[test] - single.predict(X[test])) ** 2, axis=0)
        assert_allclose(model.mse_path_[1, fold], errors.mean(), rtol=1e-6)
        assert_allclose(
            model.relative_mse_path_[1, fold], (errors / Y.var(axis=0)).mean(), rtol=1e-6
        )


@quiet
def test_a_target_without_spread_does_not_decide() -> None:
    X, Y = two_targets()
    Y[:, 1] = 7.3
    beside, alone = (LassoRegressionCV(cv=FOUR_FOLDS).fit(X, of) for of in (Y, Y[:, 0]))
    assert_allclose(beside.lambda_, alone.lambda_)
    assert_array_equal(beside.coef_[1], 0.0)


def test_a_sweep_counts_targets_alike() -> None:
    X, Y = two_targets()
    model = RidgeRegression(solver="auto")
    plain, other = (lambda_sweep(model, X, of, cv=FOUR_FOLDS) for of in (Y, Y * [1.0, 1e5]))
    assert other.best_lambda == plain.best_lambda
    assert_allclose(other.validation_losses, plain.validation_losses, rtol=1e-9)
    assert other.verdicts == plain.verdicts


# --- lambda 0 -------------------------------------------------------------------------------------


@every_class
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("cv", [FOUR_FOLDS, LeaveOneOut()], ids=["folds", "leave one out"])
def test_least_squares_is_among_the_candidates(CV: Any, positive: bool, cv: Any) -> None:
    X, y = data(p=3, n=25)
    model = CV([0, 0.01, 100.0], cv=cv, positive=positive, tol=1e-12).fit(X, y)
    assert_array_equal(model.lambdas_, [100.0, 0.01, 0.0])
    for fold, (train, test) in list(enumerate(cv.split(X)))[:4]:
        peer = LinearRegression(positive=positive).fit(X[train], y[train])
        expected = np.mean((y[test] - peer.predict(X[test])) ** 2)
        assert_allclose(model.mse_path_[2, fold], expected, rtol=1e-6)
        assert_allclose(model.fold_coefs_[2, fold], peer.coef_, rtol=1e-5, atol=1e-8)


@every_class
@pytest.mark.parametrize("cv", [FOUR_FOLDS, LeaveOneOut()], ids=["folds", "leave one out"])
def test_least_squares_of_wide_data_is_the_shortest(CV: Any, cv: Any) -> None:
    X, y = data(p=40, n=16)
    model = CV([0.0, 0.5, 50.0], cv=cv).fit(X, y)
    for fold, (train, _) in list(enumerate(cv.split(X)))[:3]:
        centred, target = X[train] - X[train].mean(axis=0), y[train] - y[train].mean()
        shortest = np.linalg.lstsq(centred, target, rcond=None)[0]
        assert_allclose(model.fold_coefs_[2, fold], shortest, atol=1e-8)


@every_shape
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_a_path_may_end_at_zero(p: int, l1_ratio: float) -> None:
    X, y = data(p)
    path = regularization_path(X, y, [1.0, 0.1, 0.0], l1_ratio)
    single = RidgeRegression(0.0, solver="auto").fit(X, y)
    assert_allclose(path.coefs[-1], single.coef_, atol=1e-8)
    assert path.degrees_of_freedom[-1] == pytest.approx(min(p, len(y) - 1))
    assert (path.dual_gaps <= 1e-6 * y.var() / 2).all()


@pytest.mark.parametrize("wrong", [-1e-9, np.nan, np.inf])
def test_other_lambdas_are_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match=r"lambdas must be .* numbers >= 0, got lambdas\[1\]"):
        LassoRegressionCV([0.1, wrong]).fit(*data())


# --- where a grid ends ----------------------------------------------------------------------------


def advice(model: Any, X: Array, y: Array) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    return [str(warning.message) for warning in caught]


NO_DIFFERENCE = {
    "a constant y": {"y": np.full(60, 7.1)},
    "a y of zeros": {"y": np.zeros(60)},
    "nothing penalised": {"penalty_weights": np.zeros(6)},
    "everything excluded": {"penalty_weights": np.full(6, np.inf)},
    "constant columns": {"X": np.ones((60, 6)) * np.arange(6)},
}


@every_class
@pytest.mark.parametrize("case", NO_DIFFERENCE)
@pytest.mark.parametrize("grid", [20, [0.1, 1.0], [1e-3, 1e-2]], ids=str)
def test_there_is_no_advice_where_lambda_makes_no_difference(CV: Any, case: str, grid: Any) -> None:
    X, y = data()
    options = dict(NO_DIFFERENCE[case])
    X, y = options.pop("X", X), options.pop("y", y)
    assert advice(CV(grid, cv=FOUR_FOLDS, **options), X, y) == []


def falling(n: int = 300) -> tuple[Array, Array]:
    """Return data that a tenth of a small lambda fits much better."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n, 4))
    return X, X @ [1.0, -1.0, 2.0, 0.5] + 1e-3 * rng.normal(size=n)


@every_class
def test_a_grid_is_to_be_extended_where_the_error_still_falls(CV: Any) -> None:
    X, y = falling()
    (message,) = advice(CV([0.1, 0.3, 1.0], cv=FOUR_FOLDS), X, y)
    assert "at the smallest lambda, 0.1" in message
    assert "still falls there: extend it downwards with smaller lambdas." in message


@every_class
def test_following_the_advice_ends_it(CV: Any) -> None:
    X, y = falling()
    lambdas = [0.1, 0.3, 1.0]
    while messages := advice(CV(lambdas, cv=FOUR_FOLDS), X, y):
        assert lambdas[0] > 1e-12
        (message,) = messages
        if "extend it downwards" in message:
            lambdas = [lambdas[0] / 10, *lambdas]
        else:
            assert "no penalty is as good" in message
            lambdas = [0.0, *lambdas]


def test_columns_of_unequal_scale_are_to_be_scaled() -> None:
    X, y = falling()
    X = X * [1.0, 1e3, 1.0, 1.0]
    (message,) = advice(LassoRegressionCV(cv=FOUR_FOLDS), X, y)
    assert "columns of X differ in scale by a factor 1.1e+03" in message
    assert "standardize=True" in message
    (message,) = advice(LassoRegressionCV(cv=FOUR_FOLDS, standardize=True), X, y)
    assert "standardize" not in message
    assert "a smaller eps than 0.001" in message


@every_class
def test_a_grid_that_begins_too_low_is_to_be_extended_upwards(CV: Any) -> None:
    X, y = data()
    y = np.random.default_rng(1).normal(size=60)  # nothing to find
    (message,) = advice(CV([1e-3, 1e-2], cv=FOUR_FOLDS), X, y)
    assert "extend it upwards with larger lambdas" in message
    if CV is LassoRegressionCV:  # an empty model does not change with more penalty
        assert advice(CV([1e-3, 1e2], cv=FOUR_FOLDS), X, y) == []
    assert advice(CV(cv=FOUR_FOLDS), X, y) == []


@pytest.mark.parametrize("way", ["upwards", "downwards"])
def test_a_pick_at_the_edge_warns_and_says_which_way(way) -> None:
    """scikit-learn #23031."""
    X, y = data_of("tall")
    best = LassoRegressionCV(cv=FOLDS, eps=1e-5).fit(X, y).lambda_
    lambdas = best * (np.array([0.01, 0.1]) if way == "upwards" else np.array([10.0, 100.0]))
    with pytest.warns(UserWarning, match=f"extend it {way}"):
        LassoRegressionCV(lambdas, cv=FOLDS).fit(X, y)
    with pytest.warns(UserWarning, match="a smaller eps than 0.5"):
        LassoRegressionCV(3, eps=0.5, cv=FOLDS).fit(X, y)


def test_an_empty_model_at_lambda_max_is_no_edge() -> None:
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((50, 5)), rng.standard_normal(50)
    model = LassoRegressionCV(cv=FOLDS).fit(X, y)
    assert model.lambda_ == model.lambdas_[0]


# --- what is kept ---------------------------------------------------------------------------------


@quiet
def test_a_pickle_keeps_the_coefficients_of_folds_sparse() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 200))
    y = X[:, 0] + rng.normal(size=400)
    model = LassoRegressionCV(eps=0.05, cv=5).fit(X, y)
    assert all(sparse.issparse(W) for folds in model._fold_coefs for W in folds)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.fold_coefs_, model.fold_coefs_)
    nonzero = np.count_nonzero(model.fold_coefs_)
    assert len(pickle.dumps(model)) < 16 * nonzero + 50_000 < model.fold_coefs_.nbytes / 2


def test_a_search_is_no_estimator_to_sweep() -> None:
    search = GridSearchCV(RidgeRegression(), {"lambda_": [0.1, 1.0]})
    with pytest.raises(TypeError, match=r"must not be a search.* got GridSearchCV"):
        lambda_sweep(search, *data())
