"""Streams: any batches in any order are one fit, and what goes wrong leaves nothing changed."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import KFold, PredefinedSplit

from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    Moments,
    RidgeRegression,
    RidgeRegressionCV,
)

ESTIMATORS = [
    RidgeRegression(lambda_=0.1, solver="auto"),
    LassoRegression(lambda_=0.05, solver="auto"),
    ElasticNetRegression(lambda_=0.1, l1_ratio=0.5, solver="auto"),
    LassoRegression(lambda_=0.05, standardize=True, solver="auto"),
    ElasticNetRegression(lambda_=0.1, positive=True, fit_intercept=False, solver="auto"),
]
every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS)


def data(n: int = 60, p: int = 5, seed: int = 0) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.normal(size=p)
    X[:, -1] += X[:, 0]
    X *= 10.0 ** rng.integers(-2, 3, p)
    return X, X @ rng.normal(size=p) + rng.normal(size=n), rng.integers(1, 5, n) / 2.0


def assert_same(model: Any, whole: Any) -> None:
    scale = np.abs(whole.coef_).max()
    assert_allclose(model.coef_, whole.coef_, rtol=1e-10, atol=1e-10 * scale)
    assert_allclose(model.intercept_, whole.intercept_, rtol=1e-9, atol=1e-9)
    assert_allclose(model.objective_, whole.objective_, rtol=1e-10)
    assert model.converged_
    assert model.dual_gap_ <= 1e-8 * model.objective_ + 1e-12


# Dozens of updates each, for each estimator.
@settings(max_examples=25 if settings().max_examples == 60 else settings().max_examples)
@every_estimator
@given(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=60), seed=st.integers(0, 99))
def test_any_batches_in_any_order_are_one_fit(estimator: Any, sizes: list[int], seed: int) -> None:
    X, y, s = data(seed=seed)
    estimator = clone(estimator).set_params(tol=1e-12)  # two fits may differ anywhere within tol
    whole = clone(estimator).fit(X, y, s)
    order = np.random.default_rng(seed).permutation(60)
    cuts = [cut for cut in np.cumsum(sizes) if cut < 60]
    batches = [(X[rows], y[rows], s[rows]) for rows in np.split(order, cuts)]
    assert_same(clone(estimator).fit_batches(iter(batches)), whole)
    grown = clone(estimator)
    for batch in batches:
        grown.partial_fit(*batch)
    assert_same(grown, whole)
    merged = sum(Moments.from_data(*batch) for batch in batches)
    assert_same(clone(estimator).fit_moments(merged), whole)


def test_moments_travel_merge_and_forget() -> None:
    X, y, _ = data()
    left, right = (
        LassoRegression(0.05, solver="auto").partial_fit(X[k::2], y[k::2]) for k in (0, 1)
    )
    both = pickle.loads(pickle.dumps(left.moments_)) + right.moments_
    whole = LassoRegression(0.05, solver="auto").fit(X, y)
    assert_same(LassoRegression(0.05, solver="auto").fit_moments(both), whole)
    without = both - Moments.from_data(X[1::2], y[1::2])
    again = LassoRegression(0.05, solver="auto").fit_moments(without)
    assert_same(again, LassoRegression(0.05, solver="auto").fit(X[::2], y[::2]))


def test_sparse_and_float32_batches_and_several_targets() -> None:
    X, y, _ = data()
    Y = np.column_stack([y, -2 * y])
    whole = LassoRegression(0.05, solver="auto").fit(X, Y)
    halves = [(sparse.csr_array(X[:30]), Y[:30]), (X[30:], Y[30:])]
    model = LassoRegression(0.05, solver="auto").fit_batches(halves)
    assert_allclose(model.coef_, whole.coef_, rtol=1e-8)
    small = RidgeRegression(0.1, solver="auto").fit_batches([(X[:30].astype(np.float32), y[:30])])
    assert small.coef_.dtype == np.float32
    assert small.partial_fit(X[30:], y[30:]).coef_.dtype == np.float64


def broken(kind: str) -> tuple[Any, Any]:
    X, y, _ = data(20)
    if kind == "width":
        return X[:, 1:], y
    if kind == "lengths":
        return X, y[1:]
    if kind == "targets":
        return X, np.column_stack([y, y])
    if kind == "shape of y":
        return X, y[:, None]
    (X if kind == "nan" else y)[-1] = np.nan if kind == "nan" else np.inf
    return X, y


@pytest.mark.parametrize("kind", ["width", "lengths", "targets", "shape of y", "nan", "inf"])
def test_a_failed_batch_leaves_the_estimator_as_it_was(kind: str) -> None:
    X, y, _ = data()
    model = LassoRegression(0.05, solver="auto").partial_fit(X, y)
    before = pickle.dumps(vars(model))
    with pytest.raises(ValueError, match=r"X|y|samples"):
        model.partial_fit(*broken(kind))
    assert pickle.dumps(vars(model)) == before
    with pytest.raises(ValueError, match="batch 1: "):
        model.fit_batches([(X, y), broken(kind)])
    assert pickle.dumps(vars(model)) == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_a_stream_that_breaks_off_leaves_the_estimator_as_it_was(error: Any) -> None:
    X, y, _ = data()

    def stream() -> Any:
        yield X, y
        raise error("in the middle")

    model = LassoRegression(0.05, solver="auto")
    with pytest.raises(error):
        model.fit_batches(stream())
    assert not hasattr(model, "coef_")
    assert not hasattr(model, "n_features_in_")


def test_what_is_no_stream_is_refused() -> None:
    X, _, _ = data()
    with pytest.raises(ValueError, match="at least one row, got none"):
        LassoRegression(solver="auto").fit_batches([])
    with pytest.raises(TypeError, match=r"batch 0: must be \(X, y\)"):
        LassoRegression(solver="auto").fit_batches([X])
    with pytest.raises(TypeError, match="moments must be Moments, got ndarray"):
        LassoRegression(solver="auto").fit_moments(X)
    with pytest.raises(ValueError, match="got weight 0"):
        LassoRegression(solver="auto").fit_moments(Moments(3))


def test_partial_fit_after_fit_begins_anew_and_says_so() -> None:
    X, y, _ = data()
    model = LassoRegression(0.05, solver="auto").fit(X, y)
    with pytest.warns(UserWarning, match="began anew, because fit keeps no moments_"):
        model.partial_fit(X[:30], y[:30])
    assert_same(model, LassoRegression(0.05, solver="auto").fit(X[:30], y[:30]))


def test_fit_drops_moments_of_other_rows() -> None:
    X, y, _ = data()
    assert not hasattr(LassoRegression(solver="auto").partial_fit(X, y).fit(X, y), "moments_")


def test_empty_batches_are_passed_over() -> None:
    X, y, _ = data()
    model = LassoRegression(0.05, solver="auto").fit_batches(
        [(X[:0], y[:0]), (X, y), (X[:0], y[:0])]
    )
    assert_same(model, LassoRegression(0.05, solver="auto").fit(X, y))


def test_memory_mapped_files_are_read_in_batches(tmp_path: Any) -> None:
    X, y, _ = data(1000)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    batches = ((mapped[k : k + 100], y[k : k + 100]) for k in range(0, 1000, 100))
    assert_same(
        LassoRegression(0.05, solver="auto").fit_batches(batches),
        LassoRegression(0.05, solver="auto").fit(X, y),
    )
    assert_same(
        LassoRegression(0.05, solver="auto").fit(mapped, y),
        LassoRegression(0.05, solver="auto").fit(X, y),
    )


CV_ESTIMATORS = [RidgeRegressionCV(12), LassoRegressionCV(12), ElasticNetRegressionCV(12)]
every_cv = pytest.mark.parametrize("estimator", CV_ESTIMATORS)


@every_cv
@pytest.mark.parametrize("size", [1, 7, 60])
@pytest.mark.parametrize("by_label", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.filterwarnings("ignore:.*the smallest error is at the smallest lambda")
def test_cross_validation_of_batches_is_that_of_all_rows(
    estimator: Any, size: int, by_label: bool, weighted: bool
) -> None:
    X, y, s = data(60)
    folds = np.arange(60) % 3
    if by_label:
        folds = np.random.default_rng(1).integers(-1, 3, 60)
    whole = (
        clone(estimator).set_params(cv=PredefinedSplit(folds)).fit(X, y, s if weighted else None)
    )
    batches = (
        (X[k : k + size], y[k : k + size], *((s[k : k + size],) if weighted else ()))
        for k in range(0, 60, size)
    )
    model = clone(estimator).set_params(cv=PredefinedSplit(folds) if by_label else 3)
    model.fit_batches(batches)
    for name in ("lambda_", "lambdas_", "mse_path_", "train_mse_path_", "coef_"):
        mine, theirs = getattr(model, name), getattr(whole, name)
        assert_allclose(mine, theirs, rtol=1e-9, atol=1e-10 * np.abs(theirs).max(), err_msg=name)
    assert_allclose(model.fold_coefs_, whole.fold_coefs_, rtol=1e-6, atol=1e-8)
    assert model.converged_


def test_cross_validation_of_batches_refuses_what_needs_all_rows() -> None:
    X, y, _ = data(10)
    for parameters, message in [
        ({"cv": KFold(3, shuffle=True)}, "cv must be None, an integer or a PredefinedSplit"),
        ({"scoring": "r2"}, "scoring must be None for batches"),
        ({"cv": 11}, "cv gave fold 10 a test set without rows"),
        ({"cv": PredefinedSplit([0, 1] * 4)}, "cv has the folds of 8 rows, but there are more"),
        ({"cv": PredefinedSplit([0, 1] * 6)}, "cv has the folds of 12 rows, but there are 10"),
        ({"cv": PredefinedSplit([0] * 10)}, "cv gave fold 0 a train set without rows"),
    ]:
        model = LassoRegressionCV(5, **parameters)
        with pytest.raises(ValueError, match=message):
            model.fit_batches([(X, y)])
        assert not hasattr(model, "coef_")


def test_a_batch_may_have_nothing_but_weights_of_zero() -> None:
    X, y, s = data()
    s[20:40] = 0.0
    batches = [(X[k : k + 20], y[k : k + 20], s[k : k + 20]) for k in (0, 20, 40)]
    whole = LassoRegression(lambda_=0.05, solver="auto").fit(X, y, s)
    assert_same(LassoRegression(lambda_=0.05, solver="auto").fit_batches(batches), whole)
    with pytest.raises(ValueError, match="sample_weight must be positive for at least one row"):
        LassoRegression().fit_batches(batches[1:2])
    with pytest.raises(ValueError, match="sample_weight must be positive for at least one row"):
        LassoRegressionCV().fit_batches(batches[1:2])


def test_numbers_too_large_to_square_are_refused_with_their_batch() -> None:
    X, y, _ = data()
    huge = 1e200 * X
    for model in (LassoRegression(solver="auto"), LassoRegressionCV()):
        with pytest.raises(ValueError, match=r"batch 1: X or y is beyond what float64 can square"):
            model.fit_batches([(X, y), (huge, y)])
        assert not hasattr(model, "coef_")
    streamed = LassoRegression(solver="auto").partial_fit(X, y)
    before = streamed.coef_.copy()
    with pytest.raises(ValueError, match="beyond what float64 can square"):
        streamed.partial_fit(huge, y)
    np.testing.assert_array_equal(streamed.coef_, before)


def test_moments_too_large_to_solve_are_refused_and_not_with_a_floating_point_error() -> None:
    X, y, _ = data(64)  # of which the mean of a power of two is exact
    with pytest.raises(ValueError, match="beyond what float64 can square"):
        Moments.from_data(X, 1e200 * y)
    moments = Moments.from_data(X, np.full_like(y, 2.0**600))
    with pytest.raises(ValueError, match="beyond what float64 can square"):
        RidgeRegression(0.1, fit_intercept=False, solver="auto").fit_moments(moments)


def test_a_wrong_penalty_is_refused_at_the_first_batch() -> None:
    X, y, _ = data()
    read = []

    def batches() -> Any:
        for k in range(5):
            read.append(k)
            yield X, y

    for model in (LassoRegression(-1.0), LassoRegressionCV(penalty_weights=[1.0])):
        read.clear()
        with pytest.raises(ValueError, match=r"batch 0: (lambda_|penalty_weights) must be"):
            model.fit_batches(batches())
        assert read == [0]


def test_rows_that_are_refused_after_fit_draw_no_warning() -> None:
    X, y, _ = data()
    model = LassoRegression(0.05, solver="auto").fit(X, y)
    with pytest.raises(ValueError, match="NaN"):  # and warnings are errors
        model.partial_fit(np.full_like(X, np.nan), y)
    assert not hasattr(model, "moments_")


def test_moments_that_were_fitted_stay_those_of_whoever_gave_them() -> None:
    X, y, _ = data()
    moments = Moments.from_data(X[:30], y[:30])
    gram = moments.gram.copy()
    LassoRegression(0.05, solver="auto").fit_moments(moments).partial_fit(X[30:], y[30:])
    np.testing.assert_array_equal(moments.gram, gram)
    assert moments.weight == 30
