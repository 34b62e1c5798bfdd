"""Prediction intervals: those of the definition, with models that are fitted without each fold."""

from __future__ import annotations

import os
import pickle
from functools import cache
from itertools import pairwise
from math import ceil, floor
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import KFold, LeaveOneOut, ShuffleSplit, TimeSeriesSplit

from searching import Array, every_class, quiet
from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    LassoRegressionCV,
    PredictionInterval,
    RidgeRegressionCV,
)
from sklearn_reg._selection.intervals import Ranked

FOLDS = KFold(4, shuffle=True, random_state=1)
GRID = np.geomspace(1.0, 1e-3, 12)
EXACT = {"tol": 1e-13}
thorough = pytest.mark.skipif(
    os.environ.get("HYPOTHESIS_PROFILE") != "thorough", reason="a long one, for the deeper checks"
)


def data(p: int = 6, n_targets: int | None = None, n: int = 50) -> tuple[Array, Array, Array]:
    """Return X, y, and new rows."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n + 7, p)) + 1.0
    Y = X[:, : n_targets or 1] - X[:, 3:4] + rng.normal(size=(n + 7, n_targets or 1))
    return X[:n], (Y if n_targets else Y[:, 0])[:n], X[n:]


def element(values: Array, rank: int) -> Array:
    """Return the rank-th smallest of each row, counted from 1."""
    return np.sort(values, axis=1)[:, rank - 1]


def by_definition(model: Any, X: Any, Y: Array, new: Any, cv: Any, alpha: float) -> Any:
    """Fit the chosen penalty without each fold in turn, and build the lists of the definition."""
    kept = ("fit_intercept", "standardize", "penalty_weights", "positive", "bounds")
    options = {name: getattr(model, name) for name in kept}
    alone = ElasticNetRegression(
        model.lambda_,
        l1_ratio=model.l1_ratio_,
        relax=model.relax_,
        solver="auto",
        tol=1e-13,
        **options,
    )
    n = len(Y)
    low, high = np.empty((2, new.shape[0], n, *Y.shape[1:]))
    for train, test in cv.split(X):
        fold = clone(alone).fit(X[train], Y[train])
        residuals = np.abs(Y[test] - fold.predict(X[test]))
        low[:, test] = fold.predict(new)[:, None] - residuals
        high[:, test] = fold.predict(new)[:, None] + residuals
    return element(low, floor(alpha * (n + 1))), element(high, ceil((1 - alpha) * (n + 1)))


def assert_as_defined(model: Any, X: Any, Y: Array, new: Any, cv: Any) -> None:
    """Compare at two levels for which 51 rows need no rounding."""
    model.fit(X, Y)
    for alpha in (0.25, 0.1):
        found = model.predict_interval(new, 1 - alpha)
        lower, upper = by_definition(model, X, Y, new, cv, alpha)
        assert found.lower.shape == found.upper.shape == (new.shape[0], *Y.shape[1:])
        assert_allclose(found.lower, lower, atol=1e-5)
        assert_allclose(found.upper, upper, atol=1e-5)


@quiet
@every_class
@pytest.mark.parametrize("p", [6, 80], ids=["tall", "wide"])
@pytest.mark.parametrize("n_targets", [None, 2])
@pytest.mark.parametrize("standardize", [False, True])
def test_they_are_as_defined(CV: Any, p: int, n_targets: int | None, standardize: bool) -> None:
    X, y, new = data(p, n_targets)
    assert_as_defined(CV(GRID, cv=FOLDS, standardize=standardize, **EXACT), X, y, new, FOLDS)


@quiet
@pytest.mark.parametrize(
    "options",
    [
        {"relax": [0.0, 0.5, 1.0]},
        {"l1_ratio": [0.1, 0.5, 0.9]},
        {"l1_ratio": [0.5, 0.9], "relax": [0.0, 1.0]},
        {"l1_ratio": 0.8, "relax": 0.5},
        {"bounds": (-0.3, 0.5)},
        {"positive": True},
        {"fit_intercept": False},
        {"penalty_weights": [1, 2, 0, 1, 1, np.inf]},
        {"rule": "1se"},
    ],
    ids=str,
)
@pytest.mark.parametrize("n_targets", [None, 2])
def test_whatever_is_fitted(options: dict[str, Any], n_targets: int | None) -> None:
    X, y, new = data(n_targets=n_targets)
    model = ElasticNetRegressionCV(GRID, cv=FOLDS, **{**EXACT, **options})
    assert_as_defined(model, X, y, new, FOLDS)


@quiet
@every_class
def test_each_target_has_its_lambda(CV: Any) -> None:
    X, Y, new = data(n_targets=3)
    Y = Y + np.random.default_rng(0).normal(size=Y.shape) * [0, 1, 5]
    model = CV(GRID, cv=FOLDS, lambda_per_target=True, **EXACT)
    assert_as_defined(model, X, Y, new, FOLDS)
    assert len(set(model.lambda_)) > 1
    for target in range(3):
        alone = CV([model.lambda_[target]], cv=FOLDS, **EXACT).fit(X, Y[:, target])
        lower, upper = alone.predict_interval(new)
        together = model.predict_interval(new)
        assert_allclose(together.lower[:, target], lower, atol=1e-5)
        assert_allclose(together.upper[:, target], upper, atol=1e-5)


@quiet
@every_class
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("n_targets", [None, 2])
def test_leaving_one_out_is_the_jackknife(
    CV: Any, standardize: bool, n_targets: int | None
) -> None:
    X, y, new = data(n_targets=n_targets, n=23)
    model = CV(GRID[::2], cv=LeaveOneOut(), standardize=standardize, **EXACT)
    assert_as_defined(model, X, y, new, LeaveOneOut())


@quiet
def test_ridge_leaves_one_out_of_wide_data_and_each_target_has_its_lambda() -> None:
    X, Y, new = data(60, 2, n=23)
    Y[:, 1] += 4 * np.random.default_rng(0).normal(size=23)
    model = RidgeRegressionCV(np.geomspace(1e3, 1, 10), cv=LeaveOneOut(), lambda_per_target=True)
    assert_as_defined(model.set_params(**EXACT), X, Y, new, LeaveOneOut())
    assert len(set(model.lambda_)) == 2


@quiet
@every_class
@pytest.mark.parametrize("cv", [FOLDS, LeaveOneOut()], ids=["folds", "one out"])
@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array, np.asfortranarray])
def test_storage_does_not_matter(CV: Any, cv: Any, form: Any) -> None:
    X, y, new = data()
    X, new = (np.where(np.abs(some) > 0.8, some, 0.0) for some in (X, new))
    model = CV(GRID, cv=cv, tol=1e-11)
    dense = model.fit(X, y).predict_interval(new)
    for ends in (
        model.predict_interval(form(new)),
        model.fit(form(X), y).predict_interval(form(new)),
    ):
        assert_allclose(ends, dense, atol=1e-4)


@quiet
def test_frames_float32_and_columns_of_y() -> None:
    X, y, new = data()
    names = list("abcdef")
    model = LassoRegressionCV(GRID, cv=FOLDS)
    expected = model.fit(X, y).predict_interval(new)
    frame = model.fit(pd.DataFrame(X, columns=names), y)
    assert_allclose(frame.predict_interval(pd.DataFrame(new, columns=names)), expected, rtol=1e-10)
    with pytest.raises(ValueError, match=r"[Ff]eature names"):
        frame.predict_interval(pd.DataFrame(new, columns=names[::-1]))
    with pytest.raises(ValueError, match="5 features"):
        model.fit(X, y).predict_interval(new[:, :5])
    column = model.fit(X, y[:, None]).predict_interval(new)
    assert_array_equal(column.lower, expected.lower[:, None])
    single = model.fit(X.astype(np.float32), y.astype(np.float32)).predict_interval(new)
    assert single.lower.dtype == single.upper.dtype == np.float32
    assert_allclose(single, expected, atol=1e-3)


# --- ranks ----------------------------------------------------------------------------------------


@st.composite
def lists(draw: Any) -> tuple[Array, Array, Array, int]:
    """Draw folds, residuals with many ties, centres, and a rank."""
    n_folds = draw(st.integers(1, 5))
    more = draw(st.lists(st.integers(0, n_folds - 1), max_size=40))
    fold = np.array(draw(st.permutations([*range(n_folds), *more])))
    numbers = st.one_of(st.sampled_from([0.0, 0.1, 0.1 + 0.2, 0.3, 1.0, 1e16]), st.floats(0.0, 1e6))
    residuals = np.array(draw(st.lists(numbers, min_size=fold.size, max_size=fold.size)))
    size = n_folds * draw(st.integers(1, 4))
    places = st.one_of(st.sampled_from([0.0, -0.1, 0.1, 1.0]), st.floats(-1e6, 1e6))
    centres = np.array(draw(st.lists(places, min_size=size, max_size=size)))
    rank = draw(st.integers(1, fold.size))
    return fold, residuals, centres.reshape(-1, n_folds), rank


@given(lists())
def test_bisection_finds_the_element_of_the_list_to_the_last_bit(
    drawn: tuple[Array, Array, Array, int],
) -> None:
    fold, residuals, centres, rank = drawn
    ranked = Ranked(fold, residuals, centres.shape[1], rank)
    expected = element(centres[:, fold] + residuals, rank)
    assert_array_equal(ranked.by_bisection(centres), expected)
    assert_array_equal(ranked.by_lists(centres), expected)


@quiet
@pytest.mark.parametrize("discrete", [False, True])
def test_many_rows_in_few_folds(discrete: bool) -> None:
    X, y, _ = data(n=3000)
    y = np.round(y) if discrete else y
    model = LassoRegressionCV(GRID, **EXACT).fit(X[:2900], y[:2900])
    assert Ranked(model._held_out.fold, model._held_out.residuals[:, 0], 5, 1).bisects
    lower, upper = model.predict_interval(X[2900:], 0.75)
    expected = by_definition(model, X[:2900], y[:2900], X[2900:], KFold(5), 0.25)
    assert_allclose((lower, upper), expected, atol=1e-6)


@quiet
@settings(max_examples=settings.default.max_examples // 3)
@given(
    st.floats(-5, 5), st.floats(0.1, 10), st.permutations(range(24)), st.sampled_from([0.6, 0.8])
)
def test_shift_scale_and_order(shift: float, scale: float, order: list[int], level: float) -> None:
    """Intervals move with y, and do not depend on the order of rows within their folds."""
    X, y, new = data(n=24)
    folds = np.arange(24) % 4
    cv = [(np.flatnonzero(folds != k), np.flatnonzero(folds == k)) for k in range(4)]
    model = RidgeRegressionCV([0.1], cv=cv)
    lower, upper = model.fit(X, y).predict_interval(new, level)
    assert (lower <= upper).all()
    moved = model.fit(X, shift + scale * y).predict_interval(new, level)
    assert_allclose(moved, (shift + scale * lower, shift + scale * upper), atol=1e-8 * scale + 1e-9)
    flipped = model.fit(X, -y).predict_interval(new, level)
    assert_allclose(flipped, (-upper, -lower), atol=1e-9)
    mine = folds[order]
    cv = [(np.flatnonzero(mine != k), np.flatnonzero(mine == k)) for k in range(4)]
    again = model.set_params(cv=cv).fit(X[order], y[order]).predict_interval(new, level)
    assert_allclose(again, (lower, upper), atol=1e-9)


@cache
def fitted_ridge() -> RidgeRegressionCV:
    X, y, _ = data()
    return RidgeRegressionCV([0.1], cv=FOLDS).fit(X, y)


@quiet
@given(st.lists(st.floats(0.01, 0.98), min_size=2, max_size=5))
def test_a_higher_level_gives_a_wider_interval(levels: list[float]) -> None:
    fitted, new = fitted_ridge(), data()[2]
    ends = [fitted.predict_interval(new, level) for level in sorted(levels)]
    for narrow, wide in pairwise(ends):
        assert (wide.lower <= narrow.lower).all()
        assert (narrow.upper <= wide.upper).all()


# --- what is kept, and what is refused ------------------------------------------------------------


@quiet
@every_class
@pytest.mark.parametrize("cv", [FOLDS, LeaveOneOut()], ids=["folds", "one out"])
def test_pickles_keep_them_and_clones_do_not(CV: Any, cv: Any) -> None:
    X, y, new = data()
    model = CV(GRID, cv=cv).fit(X, y)
    ends = model.predict_interval(new)
    assert isinstance(ends, PredictionInterval)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict_interval(new), ends)
    with pytest.raises(NotFittedError):
        clone(model).predict_interval(new)
    with pytest.raises(ValueError, match="needs a fit of rows in memory"):
        model.set_params(cv=3).fit_batches([(X, y)]).predict_interval(new)
    assert_array_equal(model.set_params(cv=cv).fit(X, y).predict_interval(new), ends)
    other = model.fit(X, y + X[:, 0]).predict_interval(new)
    assert np.abs(other.lower - ends.lower).max() > 0.1


@quiet
def test_a_fit_that_fails_keeps_them() -> None:
    X, y, new = data()
    model = RidgeRegressionCV(GRID, cv=FOLDS).fit(X, y)
    ends = model.predict_interval(new)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.full_like(X, np.nan), y)
    assert_array_equal(model.predict_interval(new), ends)


@quiet
@pytest.mark.parametrize(
    ("cv", "message"),
    [
        (ShuffleSplit(3, random_state=0), r"tests each row exactly once.* got row \d+ tested"),
        (TimeSeriesSplit(3), "tests each row exactly once.* got row 0 tested 0 times"),
        ([(np.arange(25), np.arange(50))], "every row that the fold does not test"),
        (
            [(np.arange(24), np.arange(25, 50)), (np.arange(25, 50), np.arange(25))],
            "got other training rows in fold 0",
        ),
        (
            [(np.arange(25), np.arange(25, 50)), ([25, 25, *range(27, 50)], np.arange(25))],
            "got other training rows in fold 1",
        ),
    ],
)
def test_folds_that_are_no_partition_are_refused(cv: Any, message: str) -> None:
    X, y, new = data()
    model = LassoRegressionCV(GRID, cv=cv).fit(X, y)
    with pytest.raises(ValueError, match=f"predict_interval needs a cv that .*{message}"):
        model.predict_interval(new)


@quiet
def test_training_rows_may_come_in_any_order() -> None:
    X, y, new = data()
    ordered = RidgeRegressionCV(GRID, cv=FOLDS).fit(X, y).predict_interval(new)
    cv = [(train[::-1], test[::-1]) for train, test in FOLDS.split(X)]
    turned = RidgeRegressionCV(GRID, cv=cv).fit(X, y).predict_interval(new)
    assert_allclose(turned, ordered, atol=1e-9)


@quiet
@pytest.mark.parametrize("cv", [FOLDS, LeaveOneOut()], ids=["folds", "one out"])
def test_sample_weights_must_be_equal(cv: Any) -> None:
    X, y, new = data()
    model = LassoRegressionCV(GRID, cv=cv, tol=1e-11)
    plain = model.fit(X, y).predict_interval(new)
    assert_allclose(model.fit(X, y, np.full(50, 3.0)).predict_interval(new), plain, atol=1e-5)
    with pytest.raises(ValueError, match=r"equal sample weights.*0\.5 times the largest"):
        model.fit(X, y, np.r_[np.full(49, 2.0), 1.0]).predict_interval(new)


@quiet
def test_dask_is_refused_by_name() -> None:
    da = pytest.importorskip("dask.array")
    X, y, new = data()
    model = RidgeRegressionCV(GRID, cv=3).fit(X, y)
    with pytest.raises(TypeError, match=r"X must be in memory .* Array; pass X.compute\(\)"):
        model.predict_interval(da.from_array(new))
    model.fit(da.from_array(X, chunks=(25, -1)), da.from_array(y, chunks=25))
    with pytest.raises(ValueError, match=r"rows in memory .*Dask collection stay where they are"):
        model.predict_interval(new)


@quiet
def test_levels_that_are_wrong_or_too_high_are_refused() -> None:
    X, y, new = data(n=19)
    model = RidgeRegressionCV(GRID, cv=4).fit(X, y)
    with pytest.raises(NotFittedError):
        RidgeRegressionCV().predict_interval(new)
    for level in (0, 1, 1.5, -0.1, np.nan, 90):
        with pytest.raises(ValueError, match=r"confidence_level must be a number in \(0, 1\), got"):
            model.predict_interval(new, level)
    for text in ("0.9", None, [0.9], True):
        with pytest.raises(TypeError, match=r"confidence_level must be a number in \(0, 1\), got"):
            model.predict_interval(new, text)
    too_high = "at most 19/20 with the 19 rows of the fit, got 0.96, which needs at least 24 rows"
    with pytest.raises(ValueError, match=too_high):
        model.predict_interval(new, 0.96)
    assert np.isfinite(model.predict_interval(new, 0.95)).all()
    for n, level in ((24, 0.96), (999, 0.999)):
        X, y, new = data(n=n)
        model.fit(X, y).predict_interval(new, level)
        with pytest.raises(ValueError, match=f"needs at least {n} rows"):
            model.fit(X[:-1], y[:-1]).predict_interval(new, level)


@quiet
@pytest.mark.parametrize("n", [2, 5, 10, 41, 48])
def test_the_highest_level_that_the_message_names_is_accepted(n: int) -> None:
    X, y, new = data(n=n)
    model = RidgeRegressionCV([0.1], cv=2).fit(X, y)
    lower, upper = model.predict_interval(new, n / (n + 1))
    assert np.isfinite([lower, upper]).all()


@quiet
def test_models_of_older_versions_are_refused() -> None:
    X, y, new = data()
    model = RidgeRegressionCV(GRID, cv=FOLDS).fit(X, y)
    state = model.__getstate__()
    del state["_held_out"]
    old = RidgeRegressionCV.__new__(RidgeRegressionCV)
    old.__setstate__(state)
    assert_array_equal(old.predict(new), model.predict(new))
    with pytest.raises(ValueError, match="older versions did not keep; fit again"):
        old.predict_interval(new)


@quiet
def test_ends_that_a_float_cannot_hold_are_refused() -> None:
    X, y, new = data()
    model = RidgeRegressionCV(GRID, cv=FOLDS).fit(X, 1e3 * y)
    with pytest.raises(ValueError, match="X"):
        model.predict_interval(np.full_like(new, 1e307))


# --- coverage -------------------------------------------------------------------------------------


def covered(CV: Any, n: int, p: int, level: float, repeats: int, **options: Any) -> float:
    """Return the share of new targets inside: each repeat draws rows to fit and 100 new ones."""
    rng, shares = np.random.default_rng(0), []
    for _ in range(repeats):
        X = rng.normal(size=(n + 100, p))
        y = X[:, :3].sum(axis=1) + rng.standard_t(4, size=n + 100)
        model = CV(np.geomspace(1, 1e-2, 15), **options).fit(X[:n], y[:n])
        lower, upper = model.predict_interval(X[n:], level)
        shares.append(np.mean((lower <= y[n:]) & (y[n:] <= upper)))
    return float(np.mean(shares))


@quiet
@pytest.mark.parametrize("cv", [5, LeaveOneOut()], ids=["CV+", "jackknife+"])
@pytest.mark.parametrize("CV", [RidgeRegressionCV, LassoRegressionCV])
def test_new_targets_are_inside(CV: Any, cv: Any) -> None:
    assert 0.85 < covered(CV, 60, 8, 0.9, 20, cv=cv) < 0.96


@thorough
@quiet
@every_class
@pytest.mark.parametrize("cv", [5, LeaveOneOut()], ids=["CV+", "jackknife+"])
@pytest.mark.parametrize(("n", "p"), [(100, 10), (40, 30)])
@pytest.mark.parametrize("level", [0.8, 0.9])
def test_the_coverage_is_about_the_level(CV: Any, cv: Any, n: int, p: int, level: float) -> None:
    share = covered(CV, n, p, level, 400, cv=cv)
    assert level - 0.03 < share < level + 0.07
