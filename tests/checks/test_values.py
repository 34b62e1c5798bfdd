"""Numbers and arrays in any wrapping are read as such, and what is no number is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dask.array as da
import dask.dataframe as dd
import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from labelled import LASSO, PAIR, N, X, Y, assert_same, fitted, frame, y
from searching import quiet
from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    LassoRegressionCV,
    Moments,
    RegularizationPathDisplay,
    lambda_max,
    lambda_sweep,
    regularization_path,
)

mpl.use("Agg")
pytestmark = quiet


# --- what is an array -----------------------------------------------------------------------------

WRAPS: dict[str, Callable[[Any], Any]] = {
    "list": list,
    "tuple": tuple,
    "array": np.asarray,
    "objects": lambda values: np.array(values, dtype=object),
    "Series": pd.Series,
    "Series of another index": lambda values: pd.Series(values, index=range(5, 5 + len(values))),
    "nullable": lambda values: pd.Series(values, dtype="Float64"),
    "Index": pd.Index,
    "polars": pl.Series,
    "pyarrow": pa.array,
}
ZERO_D: dict[str, Callable[[Any], Any]] = {
    "array": np.array,
    "float32": np.float32,
    "objects": lambda value: np.array(value, dtype=object),
    "longdouble": np.longdouble,
}


@pytest.mark.parametrize("wrap", WRAPS)
def test_every_array_like_is_an_array_of_penalties(wrap: str) -> None:
    make = WRAPS[wrap]
    assert_array_equal(
        fitted(LASSO, X, Y, lambda_=make(PAIR)).coef_, fitted(LASSO, X, Y, lambda_=PAIR).coef_
    )
    grid = [0.5, 0.05, 0.25]
    chosen = LassoRegressionCV(make(grid), cv=3).fit(X, y)
    assert_array_equal(chosen.lambdas_, [0.5, 0.25, 0.05])
    assert_array_equal(regularization_path(X, y, make(grid)).lambdas, [0.5, 0.25, 0.05])
    assert_array_equal(lambda_sweep(LASSO, X, y, make(grid)).lambdas, [0.05, 0.25, 0.5])
    ratios = ElasticNetRegressionCV(5, make([0.5, 1.0]), cv=3).fit(X, y)
    assert ratios.mse_path_.shape == (2, 5, 3)
    assert ratios.l1_ratio_ in (0.5, 1.0)
    assert RegularizationPathDisplay.from_estimator(ratios, X, y).lines_
    weights = np.linspace(1, 2, N).tolist()
    assert_array_equal(LASSO.fit(X, y, make(weights)).coef_, LASSO.fit(X, y, weights).coef_)


@pytest.mark.parametrize("wrap", ZERO_D)
def test_a_number_may_be_an_array_without_dimensions(wrap: str) -> None:
    make = ZERO_D[wrap]
    half = {name: 0.5 for name in ("lambda_", "l1_ratio", "tol")}
    model = ElasticNetRegression(solver="auto")
    wrapped = {name: make(value) for name, value in half.items()}
    assert_array_equal(fitted(model, **wrapped).coef_, fitted(model, **half).coef_)
    assert_array_equal(fitted(model, X, Y, **wrapped).coef_, fitted(model, X, Y, **half).coef_)
    rate = {"learning_rate": make(0.015625), "n_iterations": np.array(50), "tol": make(0.5)}
    assert fitted(ElasticNetRegression(), **rate).n_iter_ <= 50
    chosen = ElasticNetRegressionCV(np.array(7), make(0.5), eps=make(0.125), cv=3).fit(X, y)
    assert chosen.mse_path_.shape == (7, 3)
    assert_allclose(chosen.lambdas_[-1], chosen.lambdas_[0] / 8)
    path = regularization_path(X, y, np.array(3), make(0.5), eps=make(0.125), tol=make(0.5))
    assert_allclose(path.lambdas[-1], path.lambdas[0] / 8)
    assert lambda_max(X, y, l1_ratio=make(0.5)) == lambda_max(X, y, l1_ratio=0.5)
    assert_array_equal(LASSO.fit(X, y, make(2.0)).coef_, LASSO.fit(X, y).coef_)
    assert "0.5" in model.set_params(**wrapped).fit(X, y)._repr_html_()


@pytest.mark.parametrize("wrong", [np.array(True), np.array("0.5"), np.array(None), np.array(1j)])
def test_an_array_without_dimensions_that_is_no_number_is_refused(wrong: Any) -> None:
    for name in ("lambda_", "l1_ratio", "tol", "learning_rate", "n_iterations"):
        with pytest.raises(TypeError, match=name):
            fitted(ElasticNetRegression(), **{name: wrong})
    for name in ("lambdas", "l1_ratio", "tol", "eps"):
        with pytest.raises(TypeError, match=name):
            fitted(ElasticNetRegressionCV(), **{name: wrong})
    with pytest.raises((TypeError, ValueError), match="sample_weight"):
        LASSO.fit(X, y, wrong)


@pytest.mark.parametrize(
    "wrong", [[True, 0.5], [0.5, "1"], ["0.5", "1"], [0.5, None], [np.True_, 1.0], [0.5, 1j]]
)
def test_penalties_among_which_one_is_no_number_are_refused(wrong: Any) -> None:
    for wrap in (list, tuple, lambda values: np.array(values, dtype=object), pd.Series):
        error = ValueError if wrap is pd.Series and None in wrong else TypeError  # it says nan
        with pytest.raises(error, match="lambda_"):
            fitted(LASSO, X, Y, lambda_=wrap(wrong))
        with pytest.raises(error, match="lambdas"):
            fitted(LassoRegressionCV(), lambdas=wrap(wrong))
        with pytest.raises(error, match="l1_ratio"):
            fitted(ElasticNetRegressionCV(), l1_ratio=wrap(wrong))


def test_numbers_beyond_the_largest_float_are_refused_as_infinite() -> None:
    with pytest.raises(ValueError, match=r"lambda_\[1\] must be .*inf"):
        fitted(LASSO, X, Y, lambda_=[1, 10**400])
    with pytest.raises(ValueError, match=r"lambdas\[0\] = inf"):
        regularization_path(X, y, [10**400, 1])


# --- numbers that are text ------------------------------------------------------------------------

DIGITS = np.round(X[:, :2], 1).astype(str)
WORDS: dict[str, Any] = {
    "array of text": DIGITS,
    "array of bytes": DIGITS.astype("S"),
    "array of objects": DIGITS.astype(object),
    "one among objects": np.where(
        np.arange(2 * N).reshape(N, 2) == 11, "7", X[:, :2].astype(object)
    ),
    "array of strings": DIGITS.astype(np.dtypes.StringDType()),
    "lists": DIGITS.tolist(),
    "lists of bytes": [(b"7", b"8")] * N,
    "one in a list": [[1.0, 2.0]] * (N - 1) + [[1.0, "7"]],
    "pandas": pd.DataFrame(DIGITS, columns=["a", "b"]),
    "pandas, objects": pd.DataFrame(DIGITS, columns=["a", "b"]).astype(object),
    "pandas, string": pd.DataFrame(DIGITS, columns=["a", "b"]).astype("string"),
    "pandas, pyarrow": pd.DataFrame(DIGITS, columns=["a", "b"]).astype("string[pyarrow]"),
    "pandas, categories": pd.DataFrame(DIGITS, columns=["a", "b"]).astype("category"),
    "pandas, one column": pd.DataFrame(
        {"a": X[:, 0], 2020: pd.Series(["7", 8] * 24, dtype=object)}
    ),
    "pandas, twice": pd.DataFrame(DIGITS, columns=["a", "a"]).astype(object),
    "polars": pl.DataFrame(DIGITS, schema=["a", "b"]),
    "polars, categories": pl.DataFrame(
        {"a": ["7", "8"] * 24, "b": X[:, 0]}, schema={"a": pl.Categorical, "b": pl.Float64}
    ),
    "pyarrow": pa.table({"a": DIGITS[:, 0].tolist(), "b": X[:, 0]}),
    "pyarrow, dictionary": pa.table({"a": pa.array(["7", "8"] * 24).dictionary_encode()}),
}
COLUMNS: dict[str, Any] = {
    "text": DIGITS[:, 0],
    "bytes": DIGITS[:, 0].astype("S"),
    "objects": np.array([*y[:-1], "7"], dtype=object),
    "list": [*y[:-1], "7"],
    "Series": pd.Series(DIGITS[:, 0]),
    "categories": pd.Series(DIGITS[:, 0], dtype="category"),
    "polars": pl.Series(DIGITS[:, 0].tolist()),
    "pyarrow": pa.array(DIGITS[:, 0].tolist()),
}


@pytest.mark.parametrize("kind", WORDS)
def test_numbers_that_are_text_are_refused_in_X(kind: str) -> None:
    words = WORDS[kind]
    model = clone(LASSO)
    for use in (
        lambda: model.fit(words, y),
        lambda: LassoRegressionCV().fit(words, y),
        lambda: model.partial_fit(words, y),
        lambda: model.fit_batches([(words, y)]),
        lambda: regularization_path(words, y),
        lambda: Moments.from_data(words, y),
        lambda: fitted(LASSO, X[:, :2]).predict(words),
    ):
        with pytest.raises(ValueError, match=r"X must be numbers, got the text b?'"):
            use()
    assert not hasattr(model, "coef_")


@pytest.mark.parametrize("kind", COLUMNS)
def test_numbers_that_are_text_are_refused_in_y_and_in_weights(kind: str) -> None:
    words = COLUMNS[kind]
    with pytest.raises(ValueError, match=r"y must be numbers, got the text b?'"):
        clone(LASSO).fit(X, words)
    with pytest.raises(ValueError, match=r"sample_weight must be numbers, got the text b?'"):
        clone(LASSO).fit(X, y, words)


def test_text_in_a_chunk_is_refused() -> None:
    table = dd.from_pandas(pd.DataFrame({"a": X[:, 0], "b": DIGITS[:, 1]}), npartitions=2)
    with pytest.raises(
        ValueError, match=r"chunk [01]: X must be numbers, got the text .* column 'b'"
    ):
        clone(LASSO).fit(table, da.from_array(y, chunks=N // 2))


# --- times and objects ----------------------------------------------------------------------------

TIMES: dict[str, Any] = {
    "objects": np.array([[np.datetime64("2024-02-27")]] * N, dtype=object),
    "durations": np.array([[np.timedelta64(3, "s")]] * N, dtype=object),
    "lists": [[np.datetime64("2024-02-27")]] * N,
    "pyarrow": pa.table({"a": pa.array(np.array(["2024-02-27"] * N, dtype="M8[us]"))}),
}


@pytest.mark.parametrize("kind", TIMES)
def test_times_are_refused_however_they_come(kind: str) -> None:
    with pytest.raises(TypeError, match=r"X must be numbers, got .*unit"):
        clone(LASSO).fit(TIMES[kind], y)
    column = TIMES[kind]["a"] if kind == "pyarrow" else [row[0] for row in TIMES[kind]]
    with pytest.raises(TypeError, match=r"y must be numbers, got .*unit"):
        clone(LASSO).fit(X, column)


def test_numbers_that_are_objects_are_numbers() -> None:
    wanted = fitted(LASSO).coef_
    for given_X in (X.astype(object), frame("text").astype(object), X.tolist(), X.astype(">f8")):
        assert_allclose(fitted(LASSO, given_X, y.astype(object)).coef_, wanted, rtol=1e-12)
    codes = np.round(X)
    categories = pd.DataFrame(codes).astype("category")
    assert_same(fitted(LASSO, categories).coef_, fitted(LASSO, codes).coef_)
