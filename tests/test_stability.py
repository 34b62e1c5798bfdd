"""Stability selection: the frequencies of a plain loop of fits, and a bound that holds."""

from __future__ import annotations

import pickle
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_reg import ElasticNetRegression, LassoRegression, StabilitySelection
from sklearn_reg._selection.halves import draw_halves
from test_bad_input import DATA_CASES, KINDS, MISREAD, NOT_FINITE, Wrong, number_like, refused

X, Y = load_diabetes(return_X_y=True, as_frame=True)


def problem(seed: int, n: int, p: int) -> tuple[Any, Any]:
    """Correlated columns of unequal sizes and means, of which three have an effect."""
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(n, p)) @ (np.eye(p) + 0.3 * rng.normal(size=(p, p)) / np.sqrt(p))
    A = Z * rng.uniform(0.5, 3.0, p) + 3 * rng.normal(size=p)
    return A, Z[:, :3] @ [1.0, -1.0, 0.5] + rng.normal(size=n) + 4.0


def stable(**parameters: Any) -> StabilitySelection:
    few = {"lambdas": 8, "n_resamples": 4, "tol": 1e-10, "random_state": 0}
    return StabilitySelection(**(few | parameters))


@parametrize_with_checks([StabilitySelection(10, n_resamples=10)])
def test_check_estimator(estimator: Any, check: Any) -> None:
    check(estimator)


# --- frequencies ----------------------------------------------------------------------------------


def plain_loop(A: Any, y: Any, model: StabilitySelection, weights: Any) -> Any:
    """Count features in a loop over fits, one for each half and lambda."""
    rng = np.random.RandomState(model.random_state)
    halves = draw_halves(len(y), model.n_resamples, rng)
    drawn = np.tile(weights, (model.n_resamples, 1))
    if model.weakness < 1:
        drawn = drawn / rng.uniform(model.weakness, 1.0, size=drawn.shape)
    shared = ("l1_ratio", "fit_intercept", "standardize", "positive", "bounds")
    lasso = ElasticNetRegression(
        solver="auto", tol=1e-12, **{name: getattr(model, name) for name in shared}
    )
    counts = np.zeros(model.frequency_path_.shape)
    for half, v in zip(halves, drawn, strict=True):
        for k, lambda_ in enumerate(model.lambdas_):
            lasso.set_params(lambda_=lambda_, penalty_weights=v)
            counts[k] += lasso.fit(A[half], y[half]).coef_ != 0
    return counts / model.n_resamples


SHAPES = {"moments": (41, 6), "halves wider than tall": (30, 20), "wide": (30, 50)}
SETTINGS: dict[str, dict[str, Any]] = {
    "lasso": {},
    "randomised": {"weakness": 0.5},
    "elastic net": {"l1_ratio": 0.5, "weakness": 0.3},
    "positive": {"positive": True},
    "no intercept": {"fit_intercept": False},
    "not standardised": {"standardize": False},
    "bounds": {"bounds": (-0.3, 0.3)},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("setting", SETTINGS)
def test_frequencies_are_those_of_a_plain_loop_of_fits(shape: str, setting: str) -> None:
    A, y = problem(1, *SHAPES[shape])
    model = stable(**SETTINGS[setting]).fit(A, y)
    expected = plain_loop(A, y, model, np.ones(A.shape[1]))
    assert_array_equal(model.frequency_path_[1:], expected[1:])  # rounding decides at lambda_max
    assert_array_equal(model.selection_frequencies_, expected.max(axis=0))
    assert_array_equal(model.support_, expected.max(axis=0) >= 0.6)
    assert 0 < expected.mean() < 1


@pytest.mark.parametrize("shape", SHAPES)
def test_free_features_are_always_selected_and_excluded_ones_never(shape: str) -> None:
    A, y = problem(2, *SHAPES[shape])
    weights = np.ones(A.shape[1])
    weights[[1, 4]] = 0, np.inf
    model = stable(penalty_weights=weights).fit(A, y)
    expected = plain_loop(A, y, model, weights)
    assert_array_equal(model.frequency_path_[1:], expected[1:])
    assert (expected[:, 1] == 1).all()
    assert (expected[:, 4] == 0).all()
    # They do not count: without them the halves select the others as often.
    others = expected.max(axis=0)[weights == 1]
    assert model.n_selected_ >= others.sum() * (1 - 1e-12)
    assert model.n_selected_limit_ == A.shape[1] - 2
    q, p = model.n_selected_, A.shape[1] - 2
    assert_allclose(model.error_bound_, min(q**2 / (0.2 * p), p))


@pytest.mark.parametrize("shape", SHAPES)
def test_sparse_rows_and_float32_count_as_dense_ones_do(shape: str) -> None:
    A, y = problem(3, *SHAPES[shape])
    A = np.where(np.abs(A) > 1, A, 0.0)
    expected = stable().fit(A, y).frequency_path_
    for form in (sparse.csr_array, sparse.csc_array, sparse.csr_matrix):
        assert_array_equal(stable().fit(form(A), y).frequency_path_, expected)
    rounded = A.astype(np.float32)
    single, double = stable().fit(rounded, y), stable().fit(rounded.astype(np.float64), y)
    assert_array_equal(single.frequency_path_, double.frequency_path_)


@given(st.integers(0, 2**32 - 1), st.sampled_from(list(SHAPES)))
@settings(max_examples=10, deadline=None)
def test_order_of_columns_and_units_do_not_matter(seed: int, shape: str) -> None:
    A, y = problem(seed, *SHAPES[shape])
    model = stable().fit(A, y)
    order = np.random.default_rng(seed).permutation(A.shape[1])
    permuted = stable().fit(A[:, order], y)
    assert_array_equal(permuted.frequency_path_, model.frequency_path_[:, order])
    scaled = stable().fit(A * np.exp2(np.arange(A.shape[1]) % 7 - 3), -1e6 * y + 5)
    assert_array_equal(scaled.frequency_path_, model.frequency_path_)
    assert_allclose(scaled.lambdas_, 1e6 * model.lambdas_, rtol=1e-9)


def test_no_half_selects_a_feature_where_the_grid_begins() -> None:
    model = StabilitySelection(random_state=0).fit(X, Y)
    assert not model.frequency_path_[0].any()
    assert_allclose(model.lambdas_[-1], 0.1 * model.lambdas_[0])
    above = model.lambdas_[0] * np.array([1.01, 0.99])
    nearby = StabilitySelection(above, random_state=0).fit(X, Y).frequency_path_
    assert not nearby[0].any()
    assert nearby[1].any()


def test_a_given_grid_is_used_as_it_is() -> None:
    path = StabilitySelection([0.5, 40.0, 10.0], random_state=0).fit(X, Y)
    assert_array_equal(path.lambdas_, [40.0, 10.0, 0.5])
    one = StabilitySelection([10.0], random_state=0).fit(X, Y)
    assert_array_equal(one.frequency_path_[0], path.frequency_path_[1])
    without = StabilitySelection([10.0, 0.0], random_state=0).fit(X, Y)
    assert_array_equal(without.frequency_path_, [one.frequency_path_[0], np.ones(10)])


def test_what_is_constant_is_not_selected() -> None:
    A, y = problem(4, 40, 5)
    A[:, 1] = 7.1
    A[:, 2] = np.arange(40) == 3  # constant in half of the halves
    model = stable(n_resamples=20).fit(A, y)
    assert model.selection_frequencies_[1] == 0
    assert model.selection_frequencies_[2] <= 0.5
    assert_array_equal(model.frequency_path_[1:], plain_loop(A, y, model, np.ones(5))[1:])
    assert not stable().fit(A, np.full(40, 0.1)).support_.any()


@pytest.mark.parametrize("p", [6, 50])
def test_equal_columns_do_not_lose_a_half(p: int) -> None:
    A, y = problem(5, 40, p)
    A[:, 3] = A[:, 0]
    model = stable().fit(A, y)
    either = np.maximum(model.frequency_path_[:, 0], model.frequency_path_[:, 3])
    alone = stable().fit(np.delete(A, 3, axis=1), y).frequency_path_[:, 0]
    assert (either <= alone).all()
    assert (model.frequency_path_[:, [0, 3]].sum(axis=1) >= alone).all()


# --- halves ---------------------------------------------------------------------------------------


@given(st.integers(4, 60), st.integers(1, 10), st.integers(0, 100))
def test_halves_are_pairs_of_disjoint_sets(n: int, n_pairs: int, seed: int) -> None:
    halves = draw_halves(n, 2 * n_pairs, np.random.RandomState(seed))
    assert_array_equal(halves.sum(axis=1), n // 2)
    assert not (halves[::2] & halves[1::2]).any()


def test_the_random_state_reproduces_all_draws() -> None:
    for weakness in (1.0, 0.5):
        first, again, other = (
            StabilitySelection(random_state=seed, weakness=weakness).fit(X, Y).frequency_path_
            for seed in (3, np.random.RandomState(3), 4)
        )
        assert_array_equal(first, again)
        assert not np.array_equal(first, other)


# --- the bound ------------------------------------------------------------------------------------


def test_q_and_the_bound_are_those_of_the_features_on_whole_paths() -> None:
    A, y = problem(6, 40, 30)
    model = stable(threshold=0.7).fit(A, y)
    halves = draw_halves(40, 4, np.random.RandomState(0))
    sizes = []
    for half in halves:
        fits = [
            LassoRegression(k, solver="auto", standardize=True, tol=1e-12) for k in model.lambdas_
        ]
        sizes.append(np.any([fit.fit(A[half], y[half]).coef_ != 0 for fit in fits], axis=0).sum())
    assert_allclose(model.n_selected_, np.mean(sizes))
    assert_allclose(model.error_bound_, np.mean(sizes) ** 2 / (0.4 * 30))


@pytest.mark.parametrize("n", [60, 30])
@pytest.mark.parametrize("assumption", [None, "unimodal"])
def test_a_wanted_bound_ends_each_path_in_time(n: int, assumption: str | None) -> None:
    A, y = problem(7, n, 40)
    common = {"lambdas": 40, "n_resamples": 20, "threshold": 0.8, "assumption": assumption}
    whole = stable(**common).fit(A, y)
    model = stable(**common, expected_false_selections=2).fit(A, y)
    # 6^2 / (0.6 40) = 1.5 and 7^2 / (0.6 40) = 2.04; with B = 10, q^2 4 (0.2 + 1/20) / (1.1 40).
    assert model.n_selected_limit_ == {None: 6, "unimodal": 9}[assumption]
    assert model.n_selected_ <= model.n_selected_limit_ < whole.n_selected_
    assert model.error_bound_ <= 2 < whole.error_bound_


def test_a_path_ends_in_the_same_place_on_its_own_and_with_others() -> None:
    A, y = problem(8, 30, 50)
    limited = {"lambdas": 40, "expected_false_selections": 2, "threshold": 0.8}
    expected = stable(**limited).fit(A, y)
    alone = stable(**limited).fit(sparse.csr_array(A), y)
    assert_array_equal(alone.frequency_path_, expected.frequency_path_)
    assert alone.n_selected_ == expected.n_selected_


def test_a_larger_threshold_selects_a_subset_with_a_smaller_bound() -> None:
    models = [StabilitySelection(threshold=t, random_state=0) for t in (0.51, 0.6, 0.8, 1.0)]
    for low, high in pairwise(models):
        low.fit(X, Y), high.fit(X, Y)
        assert_array_equal(low.selection_frequencies_, high.selection_frequencies_)
        assert (high.support_ <= low.support_).all()
        assert high.error_bound_ <= low.error_bound_


@pytest.mark.parametrize("assumption", [None, "unimodal"])
def test_the_mean_number_of_false_selections_is_at_most_the_bound(assumption: str | None) -> None:
    rng, n_false, n_true, bounds = np.random.default_rng(0), [], [], []
    for run in range(200):
        A = rng.normal(size=(50, 30)) + 0.5 * rng.normal(size=(50, 1))  # correlated
        y = 2.0 * A[:, :3].sum(axis=1) + 2.0 * rng.normal(size=50)
        model = StabilitySelection(
            10, n_resamples=20, threshold=0.75, assumption=assumption, random_state=run
        ).set_params(expected_false_selections=1.5)
        model.fit(A, y)
        n_false.append(np.count_nonzero(model.support_[3:]))
        n_true.append(np.count_nonzero(model.support_[:3]))
        bounds.append(model.error_bound_)
    assert 0 < np.mean(n_false) <= np.mean(bounds) <= 1.5
    assert np.mean(n_true) > 2.5


# --- as a transformer -----------------------------------------------------------------------------


def test_a_pipeline_selects_columns_by_name() -> None:
    selector = StabilitySelection(threshold=0.9, random_state=0)
    pipeline = make_pipeline(StandardScaler(), selector, LinearRegression())
    pipeline.set_output(transform="pandas").fit(X, Y)
    assert list(pipeline[-1].feature_names_in_) == ["bmi", "bp", "s3", "s5"]
    assert list(pipeline[:-1].get_feature_names_out()) == ["bmi", "bp", "s3", "s5"]
    selected = StabilitySelection(threshold=0.9, random_state=0).fit(X, Y)
    assert_array_equal(selected.transform(X), X[["bmi", "bp", "s3", "s5"]])
    kept = selected.get_support(indices=True)
    assert_array_equal(kept, [2, 3, 6, 8])


def test_penalty_weights_and_bounds_by_name() -> None:
    by_name = stable(penalty_weights={"age": 0, "bmi": np.inf}, bounds=({"s3": 0}, {"s5": 0}))
    by_name.fit(X, Y)
    v, lower, upper = np.ones(10), np.full(10, -np.inf), np.full(10, np.inf)
    v[[0, 2]], lower[6], upper[8] = (0, np.inf), 0, 0
    by_place = stable(penalty_weights=v, bounds=(lower, upper)).fit(X.to_numpy(), Y)
    assert_array_equal(by_name.frequency_path_, by_place.frequency_path_)
    assert_array_equal(by_name.support_[[0, 2, 6, 8]], [True, False, False, False])


def test_labels_that_are_no_text_are_kept_and_checked() -> None:
    years = X.set_axis(range(2010, 2020), axis=1)
    model = stable(penalty_weights={2011: 0}).fit(years, Y)
    assert 2011 in model.frequency_table(selected=True).index
    with pytest.raises(ValueError, match="order of fit"):
        model.transform(years[years.columns[::-1]])


def test_the_table_has_frequencies_by_name() -> None:
    model = StabilitySelection(random_state=0).fit(X, Y)
    table = model.frequency_table()
    assert table.index.name == "feature"
    assert table["frequency"].is_monotonic_decreasing
    expected = pd.Series(model.selection_frequencies_, X.columns)
    pd.testing.assert_series_equal(
        table["frequency"].sort_index(), expected.sort_index(), check_names=False
    )
    in_order = model.frequency_table(list("abcdefghij"), sort=False, selected=True)
    assert list(in_order.index) == ["b", "c", "d", "g", "i"]


def test_the_summary_has_the_bound_and_the_names() -> None:
    model = StabilitySelection(random_state=0)
    assert "expected false selections" not in model._html_repr()
    html = model.fit(X, Y)._html_repr()
    assert f"at most {model.error_bound_:.3g}" in html
    assert "bmi" in html


def test_clone_and_pickle_keep_what_there_is() -> None:
    model = StabilitySelection(20, threshold=0.7, random_state=1).fit(X, Y)
    assert clone(model).get_params() == model.get_params()
    again = pickle.loads(pickle.dumps(model))
    pd.testing.assert_frame_equal(again.frequency_table(), model.frequency_table())


# --- refusals -------------------------------------------------------------------------------------

ABOVE_HALF = [Wrong(value, ValueError, str(value)) for value in (0.5, 0, -1, 1.01)]
PARAMETERS: dict[str, list[Wrong]] = {
    "lambdas": KINDS["lambdas"],
    "l1_ratio": [*KINDS["ratio"], Wrong(0, ValueError, "0")],
    "eps": KINDS["eps"],
    "n_resamples": [*KINDS["count >= 1"], Wrong(7, ValueError, "7")],
    "threshold": number_like(*NOT_FINITE, *ABOVE_HALF),
    "expected_false_selections": [
        wrong for wrong in KINDS["number > 0"] if wrong.value is not None
    ],
    "assumption": [Wrong(value, ValueError, "") for value in ("none", True, 1, ["unimodal"])],
    "weakness": number_like(*NOT_FINITE, *(Wrong(v, ValueError, str(v)) for v in (0, -1, 1.5))),
    "fit_intercept": KINDS["flag"],
    "standardize": KINDS["flag"],
    "positive": KINDS["flag"],
    "penalty_weights": KINDS["penalty_weights"],
    "bounds": [
        Wrong(1, TypeError, "1"),
        Wrong((1, 2), ValueError, "1"),
        Wrong((0,), TypeError, ""),
    ],
    "tol": KINDS["number >= 0"],
    "random_state": [Wrong(value, ValueError, "") for value in ("seed", -1, 1.5, [[1]], {})],
}
A3, Y3 = np.random.default_rng(0).normal(size=(20, 3)), np.random.default_rng(1).normal(size=20)


def fitted() -> StabilitySelection:
    return StabilitySelection(5, n_resamples=4, random_state=0).fit(A3, Y3)


@pytest.mark.parametrize(
    ("argument", "wrong"),
    [
        pytest.param(name, wrong, id=f"{name}-{k}")
        for name, table in PARAMETERS.items()
        for k, wrong in enumerate(table)
    ],
)
def test_a_wrong_parameter_is_refused_and_the_fit_stays(argument: str, wrong: Wrong) -> None:
    model = fitted().set_params(**{argument: wrong.value})
    before = vars(model).copy()
    refused(lambda: model.fit(A3, Y3), argument, wrong)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
@pytest.mark.parametrize(
    ("A", "y"),
    [*DATA_CASES, *(pytest.param(*MISREAD[name][:2], id=name) for name in MISREAD)],
)
def test_wrong_data_are_refused_and_the_fit_stays(A: Any, y: Any) -> None:
    model = fitted()
    before = vars(model).copy()
    with pytest.raises((TypeError, ValueError)):
        model.fit(A, y)
    assert all(vars(model)[name] is value for name, value in before.items())


def test_other_refusals_say_what_would_be_right() -> None:
    with pytest.raises(
        ValueError, match=r"expected_false_selections must be at least 0\.5, .*0\.1"
    ):
        StabilitySelection(expected_false_selections=0.1).fit(X, Y)
    with pytest.raises(ValueError, match=r"one target, got shape \(442, 2\)"):
        StabilitySelection().fit(X, np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match=r"at least 4 rows.* 3"):
        StabilitySelection().fit(X[:3], Y[:3])
    with pytest.raises(TypeError, match=r"alpha.*lambdas"):
        StabilitySelection(alpha=1)
    with pytest.warns(DataConversionWarning, match="column-vector"):
        StabilitySelection(5, n_resamples=2).fit(X, Y.to_frame())
    for use in (StabilitySelection().get_support, StabilitySelection().frequency_table):
        with pytest.raises(NotFittedError):
            use()


def test_dask_is_refused() -> None:
    da = pytest.importorskip("dask.array")
    with pytest.raises(TypeError, match="in memory"):
        StabilitySelection().fit(da.from_array(X.to_numpy()), Y)


def test_paths_that_are_not_certified_are_told() -> None:
    A, y = problem(9, 40, 5)
    with pytest.warns(ConvergenceWarning, match=r"of 4 halves.*tol=0"):
        stable(tol=0.0).fit(A, y)


def test_adaptive_weights_are_refused() -> None:
    with pytest.raises(ValueError, match=r"penalty_weights must be numbers.*got 'adaptive'"):
        stable(penalty_weights="adaptive").fit(X, Y)
