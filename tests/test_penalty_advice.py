"""Advice on penalties: figures against NumPy and SciPy, laws, simulations with a known winner."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy import sparse, stats
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.model_selection import KFold

from sklearn_reg import (
    ElasticNetRegressionCV,
    LassoRegressionCV,
    PenaltyAdvice,
    RidgeRegressionCV,
    penalty_advice,
)

CLASSES = {
    "ridge": RidgeRegressionCV,
    "lasso": LassoRegressionCV,
    "elastic net": ElasticNetRegressionCV,
}


# Short grids may end too early; that is not what these tests are about.
ENDS = pytest.mark.filterwarnings("ignore:.*the smallest error is at:UserWarning")


def sample(n: int, p: int, seed: int = 0) -> tuple[Any, Any]:
    """Return rows whose first two features explain most of y."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, 2 * X[:, 0] - X[:, 1] + rng.standard_normal(n)


def close(one: PenaltyAdvice, other: PenaltyAdvice, rtol: float = 1e-6) -> None:
    """Check that two pieces of advice agree, apart from rounding."""
    assert one.penalty == other.penalty
    assert one.rule == other.rule
    assert repr(one.estimator) == repr(other.estimator)
    assert one.figures.keys() == other.figures.keys()
    for name, value in one.figures.items():
        if value is None:
            assert other.figures[name] is None
        else:
            assert other.figures[name] == pytest.approx(value, rel=rtol, abs=1e-9), name


# --- simulations with a known winner --------------------------------------------------------------

TRUTHS = {  # n, size of a group, groups, groups that matter, standard deviation of the noise
    "few features": (100, 1, 24, 3, 1.0, "lasso"),
    "few features, p >> n": (40, 1, 60, 2, 0.5, "lasso"),
    "all features a little": (60, 1, 24, 24, 1.5, "ridge"),
    "groups that share the signal": (80, 4, 6, 2, 1.0, "elastic net"),
}


def truth(
    n: int, size: int, groups: int, matter: int, noise: float, seed: int
) -> tuple[Any, Any, Any, Any]:
    """Return X, y, the true weights and the true correlations; the signal has the variance 4."""
    rng = np.random.default_rng(seed)
    correlations = np.kron(np.eye(groups), 0.05 * np.eye(size) + 0.95)
    w = np.zeros(size * groups)
    w[: size * matter] = np.repeat(
        rng.choice([-1, 1], matter) * rng.uniform(0.5, 1.5, matter), size
    )
    w *= 2 / np.sqrt(w @ correlations @ w)
    X = rng.standard_normal((n, w.size)) @ np.linalg.cholesky(correlations).T
    return X, X @ w + noise * rng.standard_normal(n), w, correlations


@ENDS
@pytest.mark.parametrize("name", TRUTHS)
def test_the_known_winner_is_advised_and_predicts_well(name: str) -> None:
    *of_truth, noise, winner = TRUTHS[name]
    advised, ratios = [], []
    for seed in range(1 if "p >> n" in name else 3):
        X, y, w, correlations = truth(*of_truth, noise, seed)
        advice = penalty_advice(X, y)
        advised.append(advice.penalty)
        errors = {}
        for model in (advice.estimator, *advice.alternatives):
            wide = X.shape[1] >= len(X) and not isinstance(model, RidgeRegressionCV)
            model.set_params(lambdas=20, rule="min", eps=1e-2 if wide else 1e-3).fit(X, y)
            off = model.coef_ - w
            errors[type(model)] = noise**2 + off @ correlations @ off + model.intercept_**2
        ratios.append(errors[CLASSES[advice.penalty]] / min(errors.values()))
    assert advised.count(winner) > len(advised) / 2
    assert np.mean(ratios) < 1.05
    assert np.median(ratios) < 1.05


def test_noise_is_said_to_be_noise() -> None:
    rules = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        advice = penalty_advice(rng.standard_normal((60, 10)), rng.standard_normal(60))
        rules.append(advice.rule)
        said = advice.reasons[0].startswith("Nothing is explained")
        assert said == (advice.rule == "1se") == (advice.estimator.rule == "1se")
    assert rules.count("1se") >= 3


# --- figures --------------------------------------------------------------------------------------


def test_correlations_and_conditioning_are_those_of_numpy() -> None:
    X, y = sample(50, 6)
    X[:, 2] = X[:, 0] + 0.1 * X[:, 2]
    weights = np.random.default_rng(1).uniform(0.5, 2, 50)
    figures = penalty_advice(X, y, sample_weight=weights).figures
    covariance = np.cov(X, rowvar=False, aweights=weights, ddof=0)
    roots = np.sqrt(np.diag(covariance))
    R = covariance / np.outer(roots, roots)
    s = np.linalg.svd(R, compute_uv=False)
    pairs = np.abs(R[np.triu_indices(6, 1)])
    expected = {
        "smallest_scale": roots.min(),
        "largest_scale": roots.max(),
        "largest_correlation": pairs.max(),
        "correlated_columns": 2,
        "repeated_columns": 0,
        "constant_columns": 0,
        "rank": 6,
        "condition_number": np.linalg.cond(R),
        "effective_rank": np.exp(stats.entropy(s)),
        "columns_examined": 6,
        "samples_per_feature": 50 / 6,
    }
    assert {name: figures[name] for name in expected} == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array, sparse.csc_array])
def test_repeated_and_constant_columns_are_counted(make: Any) -> None:
    X, y = sample(40, 4)
    X = np.column_stack([X, -3 * X[:, 0], X[:, 1], np.full(40, 1 / 3)])
    advice = penalty_advice(make(X), y)
    counts = ("repeated_columns", "constant_columns", "rank", "correlated_columns")
    assert [advice.figures[name] for name in counts] == [2, 1, 4, 4]
    assert advice.figures["condition_number"] is None
    assert any("2 columns repeat another one" in reason for reason in advice.reasons)
    assert any("the rank is 4" in reason for reason in advice.reasons)


def test_errors_are_shares_of_those_of_the_mean_on_the_same_folds() -> None:
    X, y = sample(1000, 8)
    figures = penalty_advice(X, y).figures
    y /= y.std()
    folds = KFold(5, shuffle=True, random_state=0)
    null = np.empty(1000)
    for train, test in folds.split(X):
        null[test] = (y[test] - y[train].mean()) ** 2
    rows = {"null": null}
    for name, kind in CLASSES.items():
        model = kind(30, standardize=True, cv=folds, store_cv_predictions=True)
        rows[name] = (y - model.fit(X, y).cv_predictions_) ** 2
        key = "cv_error_" + name.replace(" ", "_")
        assert figures[key] == pytest.approx(rows[name].mean() / null.mean(), rel=1e-9)
    difference = (rows["ridge"] - rows["lasso"]) / null.mean()
    assert figures["lasso_over_ridge"] == pytest.approx(difference.mean(), rel=1e-6)
    assert figures["lasso_over_ridge_se"] == pytest.approx(stats.sem(difference), rel=1e-6)


def test_of_many_columns_the_most_related_are_looked_at() -> None:
    X, y = sample(12, 520)
    X[:, 519] = X[:, 0]
    figures = penalty_advice(X, y).figures
    assert figures["columns_examined"] == 500
    assert figures["repeated_columns"] == 1
    related = np.abs(np.corrcoef(X, y, rowvar=False)[-1, :-1])
    chosen = np.sort(np.argsort(-related, kind="stable")[:500])
    singular = np.linalg.svd(stats.zscore(X[:, chosen]), compute_uv=False)
    shares = singular[singular > 1e-10] ** 2
    assert figures["effective_rank"] == pytest.approx(np.exp(stats.entropy(shares)), rel=1e-9)


def test_every_figure_is_a_finite_number_or_none() -> None:
    rng = np.random.default_rng(0)
    for p, y in ((1, rng.standard_normal((10, 2))), (12, np.arange(10) == 3)):
        figures = penalty_advice(rng.standard_normal((10, p)), np.asarray(y, float)).figures
        assert all(value is None or np.isfinite(value) for value in figures.values())


# --- laws -----------------------------------------------------------------------------------------


@settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    seed=st.integers(0, 2**16),
    powers=st.lists(st.integers(-3, 3), min_size=5, max_size=5),
    shift=st.integers(-5, 5),
)
def test_units_and_order_of_columns_do_not_change_the_advice(
    seed: int, powers: list[int], shift: int
) -> None:
    X, y = sample(30, 5, seed)
    order = np.random.default_rng(seed).permutation(5)
    units = 2.0 ** np.array(powers)
    one = penalty_advice(X, y)
    other = penalty_advice((X * -units + shift)[:, order], -8 * y + shift)
    for name in ("cv_error_ridge", "cv_error_lasso", "cv_error_elastic_net", "effective_rank"):
        assert other.figures[name] == pytest.approx(one.figures[name], rel=1e-3), name
    assert other.penalty == one.penalty
    smallest, largest = units.min() * X.std(axis=0).min(), units.max() * X.std(axis=0).max()
    if other.estimator.standardize:
        assert (X.std(axis=0) * units).min() < 0.5 or (X.std(axis=0) * units).max() > 2
    else:
        assert smallest >= 0.25
        assert largest <= 4


def test_the_same_data_give_the_same_advice_however_they_are_stored() -> None:
    X, y = sample(60, 6)
    X[np.abs(X) < 0.7] = 0
    advice = penalty_advice(X, y)
    assert penalty_advice(X, y)[:2] == advice[:2]
    assert penalty_advice(X, y).figures == advice.figures
    frame = pd.DataFrame(X, columns=list("abcdef"))
    for same in (
        penalty_advice(frame, pd.Series(y)),
        penalty_advice(X, y[:, None]),
        penalty_advice(X.tolist(), y.tolist()),
        penalty_advice(X, y, sample_weight=np.full(60, 7.0)),
    ):
        close(same, advice)
    for kind in (sparse.csr_array, sparse.csc_array, sparse.coo_array):
        stored = penalty_advice(kind(X), y)
        assert stored.figures.pop("is_sparse")
        stored.figures["is_sparse"] = False
        close(stored, advice, rtol=1e-5)


def test_float32_is_read_as_well() -> None:
    X, y = sample(60, 6)
    for data in (X.astype(np.float32), sparse.csr_array(X.astype(np.float32))):
        found = penalty_advice(data, y, sample_weight=np.arange(1, 61)).figures
        wanted = penalty_advice(X, y, sample_weight=np.arange(1, 61)).figures
        assert found["largest_scale"] == pytest.approx(wanted["largest_scale"], rel=1e-5)
        assert found["cv_error_lasso"] == pytest.approx(wanted["cv_error_lasso"], rel=1e-3)


def test_rows_without_weight_do_not_exist() -> None:
    X, y = sample(50, 6)
    weights = np.random.default_rng(0).uniform(1, 2, 50)
    weights[[3, 17, 49]] = 0
    X[3] = 1e3
    kept = weights > 0
    close(
        penalty_advice(X, y, sample_weight=weights),
        penalty_advice(X[kept], y[kept], sample_weight=weights[kept]),
    )


def test_targets_count_alike_whatever_their_units() -> None:
    X, y = sample(60, 6)
    Y = np.column_stack([y, np.random.default_rng(3).standard_normal(60) + X[:, 3]])
    advice = penalty_advice(X, Y)
    other = penalty_advice(X, Y * [1, 1024])
    assert other.figures.pop("target_scale") == pytest.approx(32 * advice.figures["target_scale"])
    for name, value in other.figures.items():
        assert advice.figures[name] == pytest.approx(value, rel=1e-6, abs=1e-9), name
    assert advice.figures["n_targets"] == 2
    assert any("2 targets were compared" in reason for reason in advice.reasons)
    with_constant = np.column_stack([y, np.ones(60)])
    close(penalty_advice(X, with_constant), penalty_advice(X, y))


# --- what is returned -----------------------------------------------------------------------------


@ENDS
def test_estimators_are_ready_and_not_fitted() -> None:
    X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    advice = penalty_advice(X, y)
    models = [advice.estimator, *advice.alternatives]
    assert type(models[0]) is CLASSES[advice.penalty]
    assert {type(model) for model in models} == set(CLASSES.values())
    for model in models:
        assert not hasattr(model, "coef_")
        assert model.standardize
        assert model.rule == advice.rule == "min"
        assert clone(model).set_params(lambdas=20).fit(X, y).score(X, y) > 0.4
    assert any("go from 0.5 to" in reason for reason in advice.reasons)


@ENDS
@pytest.mark.parametrize("unit", [1e-3, 77.0])
def test_the_suggested_elastic_net_is_the_same_model_in_each_unit_of_y(unit: float) -> None:
    X, y = sample(60, 6)
    y /= y.std()
    plain, other = (penalty_advice(X, z) for z in (y, unit * y))
    assert any("depends on the unit of y" in reason for reason in other.reasons)
    ratios = [
        next(
            model.l1_ratio for model in advice.alternatives if type(model) is CLASSES["elastic net"]
        )
        for advice in (plain, other)
    ]
    for one, same in zip(*ratios, strict=True):
        # unit^2 (l1 |w'| + l2/2 w'^2) = unit l1 |w| + l2/2 w^2, so l1/l2 has it once
        odds = unit * one / (1 - one)
        assert same == pytest.approx(odds / (1 + odds), rel=0.03)


def test_ordered_rows_get_shuffled_folds() -> None:
    X, y = sample(100, 4)
    assert penalty_advice(X, y).estimator.cv is None
    order = np.argsort(y)
    blocks = np.array_split(y[order], 5)
    assert stats.f_oneway(*blocks).pvalue < 1e-3
    advice = penalty_advice(X[order], y[order])
    for model in (advice.estimator, *advice.alternatives):
        assert (model.cv.n_splits, model.cv.shuffle, model.cv.random_state) == (5, True, 0)
    assert any("blocks of neighbouring rows" in reason for reason in advice.reasons)


@pytest.mark.parametrize("slope", [0.02, 0.05])
def test_rows_count_as_shuffled_by_an_f_test(slope: float) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        y = slope * np.arange(43) + rng.standard_normal(43)
        shuffled = stats.f_oneway(*np.array_split(y, 5)).pvalue > 1e-3
        assert (penalty_advice(rng.standard_normal((43, 2)), y).estimator.cv is None) == shuffled


def test_tall_data_are_said_to_be_easy() -> None:
    X, y = sample(400, 5)
    assert any("80 samples per feature" in reason for reason in penalty_advice(X, y).reasons)
    X, y = sample(300, 5)
    assert not any("samples per feature" in reason for reason in penalty_advice(X, y).reasons)


def test_advice_is_shown_as_text_as_html_and_as_a_table() -> None:
    advice = penalty_advice(*sample(60, 6))
    text, html = repr(advice), advice._repr_html_()
    assert text.startswith("PenaltyAdvice\n  try first: LassoRegressionCV()\n  reason 1: The feat")
    assert "this is advice on what to try first" in text
    for reason in advice.reasons:
        assert reason in text
        assert reason.replace("'", "&#x27;") in html
    assert "compare with: RidgeRegressionCV() and ElasticNetRegressionCV(" in text
    table = advice.to_frame()
    assert list(table.index) == ["mean of y", "ridge", "lasso", "elastic net"]
    best = table["cv_error"].min()
    np.testing.assert_allclose(table["cv_error"] - best, table["difference"], atol=0.03)
    np.testing.assert_allclose(
        table["cv_error"].iloc[1:] - best, table["difference"].iloc[1:], atol=1e-12
    )
    assert table["size"]["lasso"] == advice.figures["lasso_features"]


@pytest.mark.parametrize(
    ("X", "y", "options", "message"),
    [
        (np.eye(9), np.arange(9.0), {}, "at least 10 rows .* got 9"),
        (
            np.eye(12),
            np.arange(12.0),
            {"sample_weight": [1.0] * 9 + [0.0] * 3},
            "at least 10 rows with a positive weight .* got 9",
        ),
        (np.eye(12), np.full(12, 2.5), {}, r"y must vary .* got 2\.5 in every row"),
        (np.ones((12, 2)), np.arange(12.0), {}, "X must have a column that varies"),
        (np.full((12, 2), np.nan), np.arange(12.0), {}, "X contains NaN"),
        (np.eye(12), np.arange(11.0), {}, "inconsistent numbers of samples"),
        (np.eye(12), np.arange(12.0), {"sample_weight": -np.ones(12)}, "sample_weight must not"),
    ],
)
def test_bad_data_are_refused(X: Any, y: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        penalty_advice(X, y, **options)


def test_numbers_too_large_to_be_squared_are_refused() -> None:
    X, y = sample(20, 3)
    with pytest.raises(ValueError, match=r"beyond what float64 can square: largest .X. 2.33e"):
        penalty_advice(X * 1e200, y)
