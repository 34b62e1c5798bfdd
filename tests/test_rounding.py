"""Rounding is not taken for signal: constant columns, rows that have left, and honest errors.

A column that is constant is worth nothing beside an intercept, whatever its value, the number of
rows, their weights, and the way in which they came. Its variance, computed, is rounding; what size
that has depends on the formula, so that dense, sparse, merged and removed rows each have to tell.
"""

from __future__ import annotations

import copy
import os
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone

from sklearn_reg import (
    ElasticNetRegression,
    LassoRegression,
    LassoRegressionCV,
    Moments,
    RidgeRegression,
    RidgeRegressionCV,
    lambda_max,
    regularization_path,
)
from sklearn_reg._checks.values import overflow_explained
from sklearn_reg._data.rows import rows_of

THOROUGH = pytest.mark.skipif(
    os.environ.get("HYPOTHESIS_PROFILE") != "thorough", reason="a long one, for the deeper checks"
)
CONSTANTS = [0.1, 1.0, 5.0, -1e6 / 3, 1e-8, 1e8]
OFFSETS = [0.0, 1.0, 1e3, -1e6]


def with_constants(n: int, seed: int, constant: float, offset: float) -> tuple[Any, Any]:
    """Two columns that vary, one of them far from zero; a constant one; one that has few values."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    X[:, 1] += offset
    X[:, 2] = constant
    X[:, 3] = rng.integers(0, 2, n)
    X[:2, 3] = 0.0, 1.0
    return X, X[:, 0] - X[:, 3] + 3.0 + rng.normal(size=n)


def weights_of(kind: str, n: int, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    if kind == "none":
        return None
    s = rng.uniform(1.0, 10.0, n)
    if kind == "zeros":
        s[rng.random(n) < 0.3] = 0.0
        s[:2] = 1.0
    return s


def forms(X: Any) -> dict[str, Any]:
    """The same matrix dense and sparse: what is stored of it, zeros too, must not matter."""
    whole = np.arange(X.size)
    full = sparse.csr_array((X.ravel(), np.divmod(whole, X.shape[1])), shape=X.shape)
    assert full.nnz == X.size
    rows, columns = np.nonzero(X)
    halves = np.repeat(X[rows, columns] / 2.0, 2)
    twice = sparse.csr_array(
        (halves, np.repeat(columns, 2), 2 * np.searchsorted(rows, np.arange(len(X) + 1))),
        shape=X.shape,
    )
    return {
        "dense": X,
        "fortran": np.asfortranarray(X),
        "csr": sparse.csr_array(X),
        "csc": sparse.csc_matrix(X),
        "stored zeros": full,
        "stored twice": twice,
    }


def streamed(model: Any, X: Any, y: Any, s: Any, size: int) -> Any:
    """Fit in batches."""
    cuts = [slice(k, k + size) for k in range(0, len(y), size)]
    return model.fit_batches((X[c], y[c], *(() if s is None else (s[c],))) for c in cuts)


ESTIMATORS = [
    RidgeRegression(0.1, solver="auto"),
    RidgeRegression(0.0, solver="auto"),
    LassoRegression(0.01, solver="auto"),
    LassoRegression(0.01, solver="auto", penalty_weights=[1, 1, 0, 1]),
    ElasticNetRegression(0.01, l1_ratio=0.5, solver="auto", penalty_weights=[0, 1, 2, 1]),
]


@settings(max_examples=min(40, settings().max_examples))
@given(st.data())
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_a_fit_is_one_however_its_rows_are_stored_and_come(fit_intercept: bool, data: Any) -> None:
    n, seed = data.draw(st.integers(5, 105)), data.draw(st.integers(0, 2**16))
    # Without an intercept columns far from zero are all but dependent, and answers differ by tol.
    constant = data.draw(st.sampled_from(CONSTANTS if fit_intercept else [0.1, 1.0, 5.0]))
    offset = data.draw(st.sampled_from(OFFSETS if fit_intercept else [0.0, 1.0]))
    X, y = with_constants(n, seed, constant, offset)
    s = weights_of(data.draw(st.sampled_from(["none", "uneven", "zeros"])), n, seed)
    size, known = data.draw(st.integers(1, 40)), data.draw(st.sampled_from(ESTIMATORS))
    known = clone(known).set_params(
        standardize=data.draw(st.booleans()), fit_intercept=fit_intercept, tol=1e-9
    )
    models = {name: clone(known).fit(form, y, s) for name, form in forms(X).items()}
    for name, rows in {"dense": X, "sparse": sparse.csr_array(X)}.items():
        models[f"{name} moments"] = clone(known).fit_moments(Moments.from_data(rows, y, s))
        models[f"{name} batches"] = streamed(clone(known), rows, y, s, size)
    fitted = models["dense"].predict(X)
    for name, model in models.items():
        if fit_intercept:
            assert model.coef_[2] == 0.0, name
        assert model.converged_, name
        assert_allclose(model.predict(X), fitted, rtol=0, atol=1e-6 * np.std(y), err_msg=name)


@pytest.mark.parametrize("weights", ["none", "uneven", "zeros"])
def test_a_constant_has_no_variance_for_any_number_of_rows(weights: str) -> None:
    # Equal weights round alike for all rows: there each number of rows is a case of its own.
    for n in range(5, 106, 1 if weights == "none" else 5):
        constant = CONSTANTS[n % len(CONSTANTS)]
        X, y = with_constants(n, n, constant, 1e3)
        s = weights_of(weights, n, n)
        shares = np.full(n, 1.0 / n) if s is None else s / s.sum()
        for name, form in forms(X).items():
            means, variances = rows_of(form).spread(shares)
            assert variances[2] == 0.0, (n, name)
            assert_allclose(means[2], constant, rtol=1e-15)
            assert_allclose(variances[1], shares @ (X[:, 1] - shares @ X[:, 1]) ** 2, rtol=1e-9)
            spread = Moments.from_data(form, y, s).spread_x
            assert spread.variances[2] == 0.0, (n, name)
            assert not spread.hidden.any()
            assert_allclose(spread.variances[[0, 1, 3]], variances[[0, 1, 3]], rtol=1e-9)


def thin(n: int = 3000, p: int = 400) -> tuple[Any, Any]:
    """A matrix so sparse that its products are never made dense, with two full columns."""
    rng = np.random.default_rng(0)
    X = sparse.random_array((n, p), density=0.01, rng=rng).toarray()
    X[:, 5], X[:, 6] = 1e6 / 3, 1e6 + 1e-3 * rng.normal(size=n)
    return X, X[:, 10] * 10 + rng.normal(size=n)


@pytest.mark.parametrize("weights", ["none", "uneven", "zeros"])
def test_full_columns_of_a_sparse_matrix_keep_their_digits(weights: str) -> None:
    X, y = thin()
    s = weights_of(weights, len(y), 1)
    dense, thin_ = (Moments.from_data(form, y, s) for form in (X, sparse.csr_array(X)))
    assert thin_.spread_x.variances[5] == dense.spread_x.variances[5] == 0.0
    # What is left of a constant column is rounding, which other kernels of BLAS round otherwise.
    size = np.sqrt(dense.gram.diagonal()) * (dense.spread_x.variances > 0)
    size = np.multiply.outer(size, size)
    assert (np.abs(thin_.gram - dense.gram) <= 1e-12 * size + 1e-9 * (size == 0)).all()
    shares = np.full(len(y), 1.0 / len(y)) if s is None else s / s.sum()
    for form in (X, sparse.csr_array(X), sparse.csc_array(X)):
        assert_allclose(rows_of(form).spread(shares)[1], dense.spread_x.variances, rtol=1e-9)


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_a_small_spread_is_signal_down_to_the_rounding_of_the_values(make: Any) -> None:
    # From a standard deviation of 16 EPS times the mean, 3.6e-9 here, nobody can tell.
    rng = np.random.default_rng(0)
    for size, told in [(1e-3, True), (1e-7, True), (1e-10, False)]:
        X = np.full((50, 1), 1e6) + size * rng.normal(size=(50, 1))
        shares = np.full(50, 1 / 50)
        assert (rows_of(make(X)).spread(shares)[1][0] > 0) == told
        assert (Moments.from_data(make(X), X[:, 0]).spread_x.variances[0] > 0) == told


@pytest.mark.parametrize("n", [7, 49, 98, 103])
def test_searches_and_lambda_max_are_one_for_dense_and_sparse(n: int) -> None:
    X, y = with_constants(n, n, 1e6 / 3, 1.0)
    forms_ = forms(X)
    for standardize in (False, True):
        tops = [lambda_max(form, y, standardize=standardize) for form in forms_.values()]
        assert_allclose(tops, tops[0], rtol=1e-10)
        free = [lambda_max(f, y, penalty_weights=[1, 1, 0, 1]) for f in forms_.values()]
        assert_allclose(free, free[0], rtol=1e-10)
        for search in (
            LassoRegressionCV(lambdas=[1.0, 0.1, 0.01], cv=3, standardize=standardize),
            RidgeRegressionCV(lambdas=[1.0, 0.1, 0.01], cv=3, standardize=standardize),
        ):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # of the ends of the grid
                models = [clone(search).fit(form, y) for form in forms_.values()]
            for model in models:
                assert model.coef_[2] == 0.0
                assert_allclose(model.mse_path_, models[0].mse_path_, rtol=1e-6)


@pytest.mark.parametrize("shape", [(40, 3), (10, 60)])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_nothing_but_constants_has_a_lambda_max_of_zero(make: Any, shape: Any) -> None:
    rng = np.random.default_rng(0)
    X, y = np.tile(rng.normal(size=shape[1]) * 1e8, (shape[0], 1)), rng.normal(size=shape[0])
    assert lambda_max(make(X), y, sample_weight=rng.uniform(1, 10, shape[0])) == 0.0
    assert not LassoRegression(1e-12, solver="auto").fit(make(X), y).coef_.any()


def test_a_column_that_is_constant_in_a_fold_alone_counts_for_nothing_there() -> None:
    # 1 in rows of the first fold only, dealt in turn: training without them, it is constant 0.
    rng = np.random.default_rng(0)
    X, s = rng.normal(size=(60, 3)), rng.uniform(1.0, 10.0, 60)
    X[:, 2] = 0.1
    X[:20:5, 2] = 7.0
    y = X @ [1.0, -1.0, 0.3] + rng.normal(size=60)
    for standardize in (False, True):
        search = LassoRegressionCV(lambdas=[0.1, 0.01], cv=5, standardize=standardize)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            streamed(search, X, y, s, 17)
        assert not search.fold_coefs_[:, 0, 2].any()
        inside = np.arange(60) % 5 != 0
        known = LassoRegression(0.01, solver="auto", standardize=standardize, tol=1e-12)
        known.fit(X[inside], y[inside], s[inside])
        assert_allclose(search.fold_coefs_[1, 0], known.coef_, atol=1e-5)


def test_a_constant_target_is_constant_in_moments_too() -> None:
    X = np.random.default_rng(0).normal(size=(30, 2))
    y, s = np.full(30, 0.1), np.random.default_rng(1).uniform(1, 10, 30)
    for way in (RidgeRegression(0.1, solver="auto"), LassoRegression(1e-20, solver="auto")):
        model = streamed(way, X, y, s, 7)
        assert model.converged_
        assert not model.coef_.any()
        assert_allclose(model.intercept_, 0.1, rtol=1e-15)


# --- what goes wrong is put down to its cause -----------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", ["rare", "constant"])
def test_a_search_takes_constant_columns_with_uneven_weights(seed: int, kind: str) -> None:
    # A side of a fold where a column is constant leaves a square of rounding, of either sign.
    rng = np.random.default_rng(seed)
    X, s = rng.normal(size=(60, 4)), rng.uniform(1.0, 10.0, 60)
    X[:, 3] = 1e3 * (rng.random(60) < 0.05) if kind == "rare" else 1e3 / 3
    y = X[:, 0] + rng.normal(size=60)
    for standardize in (False, True):
        for search in (LassoRegressionCV, RidgeRegressionCV):
            model = search(lambdas=[1.0, 0.3, 0.1], cv=5, standardize=standardize)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                at_hand, gone = model.fit(X, y, s).lambda_, streamed(clone(model), X, y, s, 9)
            assert at_hand in (1.0, 0.3, 0.1)
            assert gone.lambda_ in (1.0, 0.3, 0.1)


def calls(X: Any, y: Any) -> dict[str, Any]:
    """Ways to solve for these data."""
    return {
        "fit": lambda: LassoRegression(0.1, solver="auto").fit(X, y),
        "ridge": lambda: RidgeRegression(0.1, solver="auto").fit(X, y),
        "search": lambda: LassoRegressionCV(lambdas=[0.1, 0.2], cv=3).fit(X, y),
        "path": lambda: regularization_path(X, y, 3),
        "lambda_max": lambda: lambda_max(X, y),
        "moments": lambda: Moments.from_data(X, y),
    }


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("way", calls(None, None))
@pytest.mark.parametrize("shape", [(40, 3), (9, 30)])
def test_strict_arithmetic_of_the_caller_finds_no_fault(way: str, shape: Any) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=shape), rng.normal(size=shape[0])
    X[:, 0] *= 1e-160  # whose squares underflow
    with np.errstate(all="raise"):
        calls(X, y)[way]()


@pytest.mark.parametrize("way", calls(None, None))
@pytest.mark.parametrize("shape", [(40, 3), (9, 30)])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_numbers_too_large_are_named_in_every_way(way: str, shape: Any, make: Any) -> None:
    rng = np.random.default_rng(0)
    X, y = 1e200 * rng.normal(size=shape), rng.normal(size=shape[0])
    with pytest.raises(ValueError, match=r"float64 can square: largest \|X\| \d\.?\d*e\+200"):
        calls(make(X), y)[way]()


@pytest.mark.parametrize("way", calls(None, None))
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["X", "y"])
def test_what_was_left_unchecked_is_named(way: str, bad: float, name: str) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    (X[:, 0] if name == "X" else y)[7] = bad
    with (
        config_context(assume_finite=True),
        pytest.raises(ValueError, match=f"{name} must be finite, got {bad}"),
    ):
        calls(X, y)[way]()


def test_arithmetic_that_fails_on_ordinary_data_is_not_put_down_to_them() -> None:
    with (
        pytest.raises(FloatingPointError, match="invalid value"),
        overflow_explained(lambda: {"X": np.ones((3, 2)), "y": np.ones(3)}),
    ):
        np.sqrt(np.array([-1e-10]))


# --- rows that have left --------------------------------------------------------------------------


def true_gap(model: Any, X: Any, y: Any) -> float:
    """How far F of these coefficients, on the rows themselves, is above that of a fresh fit."""
    fresh = clone(model).set_params(tol=1e-14).fit_moments(Moments.from_data(X, y))

    def objective(coef: Any) -> float:
        A, b = X - X.mean(axis=0), y - y.mean()
        penalty = model.lambda_ * (
            np.abs(coef).sum() if isinstance(model, LassoRegression) else coef @ coef / 2
        )
        return float(np.mean((b - A @ coef) ** 2) / 2 + penalty)

    return objective(model.coef_) - objective(fresh.coef_)


@pytest.mark.parametrize("where", ["X", "y", "both"])
@pytest.mark.parametrize("power", range(13))
@pytest.mark.parametrize(
    "model",
    [
        RidgeRegression(0.0, solver="auto"),
        RidgeRegression(0.1, solver="auto"),
        LassoRegression(0.05, solver="auto"),
    ],
)
def test_a_row_that_has_left_is_in_the_gap_or_not_in_the_answer(
    model: Any, power: int, where: str
) -> None:
    rng = np.random.default_rng(power)
    X = rng.normal(size=(100, 3)) + 1.0
    y = X @ [1.0, -0.5, 0.0] + rng.normal(size=100)
    bad, target = X[:1].copy(), y[:1].copy()
    bad[0, 1] *= 10.0**power if where != "y" else 1.0
    target *= 10.0**power if where != "X" else 1.0
    left = Moments.from_data(bad, target)
    window = (Moments.from_data(X, y) + left) - left
    model = clone(model).set_params(tol=1e-6)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model.fit_moments(window)
    null = 0.5 * np.var(y)
    assert true_gap(model, X, y) <= model.dual_gap_ + 1e-13 * null
    assert model.converged_ == (not said)
    if power <= 3:
        assert model.converged_
        assert true_gap(model, X, y) <= 1e-9 * null
    if said:
        assert "rows that were far larger" in str(said[0].message)
        assert "anew" in str(said[0].message)
    if power >= 9:
        assert said


@pytest.mark.parametrize("steps", [300, pytest.param(10_000, marks=THOROUGH)])
@pytest.mark.parametrize("power", [0, 3, 6, 9, 12])
def test_a_sliding_window_is_its_rows(steps: int, power: int) -> None:
    rng = np.random.default_rng(0)
    size = 100
    X = rng.normal(size=(steps + size, 3)) + 5.0
    y = X @ [1.0, -0.5, 0.0] + rng.normal(size=len(X))
    X[size // 2, 1] *= 10.0**power
    window = Moments.from_data(X[:size], y[:size])
    for k in range(steps):
        new, old = slice(k + size, k + size + 1), slice(k, k + 1)
        window = window + Moments.from_data(X[new], y[new]) - Moments.from_data(X[old], y[old])
    fresh = Moments.from_data(X[steps:], y[steps:])
    lost = np.sqrt(np.multiply.outer(window.lost[0], window.lost[0]))
    assert (np.abs(window.gram - fresh.gram) <= 8 * lost + 1e-13 * np.abs(fresh.gram)).all()
    if power == 0:
        assert_allclose(window.gram, fresh.gram, atol=1e-13 * steps**0.5 * fresh.gram.max())
        assert (window.lost[0] <= 1e-15 * steps**0.5 * fresh.gram.diagonal()).all()
        model = RidgeRegression(0.1, solver="auto").fit_moments(window)  # and does not warn
        assert_allclose(model.coef_, clone(model).fit_moments(fresh).coef_, rtol=0, atol=1e-12)


def test_a_drifting_window_keeps_its_digits() -> None:
    # Means a million times the spread away from where they began.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 2)) + 1000.0 * np.arange(1000)[:, None]
    window = Moments.from_data(X[:50], X[:50, 0])
    for k in range(950):
        window = window + Moments.from_data(X[k + 50 : k + 51], X[k + 50 : k + 51, 0])
        window = window - Moments.from_data(X[k : k + 1], X[k : k + 1, 0])
    fresh = Moments.from_data(X[950:], X[950:, 0])
    assert_allclose(window.mean_x, fresh.mean_x, rtol=1e-14)
    assert_allclose(window.gram, fresh.gram, rtol=1e-11)


def test_the_account_travels() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 2)), rng.normal(size=(30, 2))
    left = Moments.from_data(1e9 * X[:3], y[:3])
    window = Moments.from_data(X, y) + left - left
    for other in (
        pickle.loads(pickle.dumps(window)),
        copy.deepcopy(window),
        window + Moments(2, 2),
        sum([window]),
    ):
        for mine, theirs in zip(window.lost, other.lost, strict=True):
            assert_allclose(mine, theirs)
    assert_allclose(window.with_targets_in(np.array([2.0, 4.0])).lost[1] * [4, 16], window.lost[1])
    state = vars(Moments.from_data(X, y)).copy()
    state.pop("_lost")  # as version 0.1.0 wrote it
    old = Moments.__new__(Moments)
    old.__setstate__(state)
    assert_allclose(old.lost[0], np.finfo(float).eps * old.gram.diagonal())
    assert not (window - window).lost[0].any()


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_an_overflow_in_a_thread_of_folds_is_explained(n_jobs: int | None) -> None:
    # With lambdas given, only the folds look at X; it is large enough for threads.
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 4000)) * 1e160, rng.normal(size=40)
    with pytest.raises(ValueError, match="beyond what float64 can square"):
        LassoRegressionCV([0.1, 1.0], n_jobs=n_jobs).fit(X, y)
