"""What has labels is read by them: weights by feature, penalties by target, tables by both."""

from __future__ import annotations

import copy
import pickle
import re
import sys
from collections.abc import Callable
from html import escape
from typing import Any

import dask.array as da
import dask.dataframe as dd
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    Moments,
    RegularizationPathDisplay,
    RidgeRegression,
    RidgeRegressionCV,
    lambda_max,
    lambda_sweep,
    regularization_path,
)
from sklearn_reg._checks.labels import in_order
from sklearn_reg._fitting.report import feature_names_of, table_of

mpl.use("Agg")
pytestmark = pytest.mark.filterwarnings("ignore:.*the smallest error is at:UserWarning")
RNG = np.random.default_rng(16)
N, P = 48, 4
X = RNG.normal(size=(N, P)) * [1.0, 3.0, 0.5, 2.0] + [0.0, 5.0, -1.0, 2.0]
y = X @ [0.4, 0.0, -2.0, 1.0] + RNG.normal(size=N)
Y = np.column_stack([y, 10 * X[:, 1] - 3 * y + RNG.normal(size=N)])
WEIGHTS = np.array([0.3, 2.0, 0.0, 5.0])
LABELS: dict[str, Any] = {
    "text": ["age", "bmi", "bp", "dose"],
    "years": [2019, 2021, 2020, 2018],
    "counted from 0": [0, 1, 2, 3],
    "counted in another order": [2, 0, 3, 1],
    "counted from 1": [1, 2, 3, 4],
    "fractions": [0.1, 0.5, 0.25, 1.5],
    "tuples": pd.MultiIndex.from_product([["a", "b"], ["low", "high"]]),
    "days": pd.date_range("2024-02-27", periods=P),
    "tuples in one level": pd.Index([("u", 1), ("v", 2), ("u", 3), 7], tupleize_cols=False),
}
MODELS = [
    RidgeRegression(0.1, solver="auto"),
    LassoRegression(0.1, solver="auto"),
    ElasticNetRegression(0.1, solver="auto"),
    RidgeRegressionCV(3, cv=2),
    LassoRegressionCV(3, cv=2),
    ElasticNetRegressionCV(3, [0.5, 1.0], cv=2),
]
every_label = pytest.mark.parametrize("kind", LABELS)
LASSO = MODELS[1]


def frame(kind: str) -> pd.DataFrame:
    return pd.DataFrame(X, columns=LABELS[kind])


def by_name(kind: str, weights: Any = WEIGHTS) -> pd.Series:
    """The weights as a Series, in another order than the columns."""
    index = pd.Index(list(LABELS[kind]), tupleize_cols=False)
    return pd.Series(weights, index=index).iloc[[3, 1, 0, 2]]


def fitted(model: Any, X: Any = X, y: Any = y, **params: Any) -> Any:
    return clone(model).set_params(**params).fit(X, y)


def coefs_of(call: Any, X: Any, weights: Any) -> Any:
    """What an estimator or a function makes of penalty weights."""
    if callable(call):
        made = call(X, y, penalty_weights=weights)
        return made.coefs if isinstance(made, tuple) else made
    return fitted(call, X, penalty_weights=weights).coef_


def assert_same(one: Any, other: Any) -> None:
    """Equal to rounding: a frame may lie in memory in another order than an array."""
    assert_allclose(one, other, rtol=1e-8, atol=1e-10)


def path_of_four(*args: Any, **options: Any) -> Any:
    return regularization_path(*args, 4, **options)


CALLS = [*MODELS, path_of_four, lambda_max]
# All classes come by the same door.
some_calls = pytest.mark.parametrize(
    "call",
    [LASSO, MODELS[4], path_of_four, lambda_max],
    ids=lambda c: getattr(c, "__name__", type(c).__name__),
)


# --- one entry a feature --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (call, kind)
        for call in CALLS
        for kind in LABELS
        if kind in ("text", "years") or call is LASSO
    ],
)
def test_weights_with_labels_go_by_them_whatever_their_order(call: Any, kind: str) -> None:
    wanted = coefs_of(call, X, WEIGHTS)
    series = by_name(kind)
    for weights in (series, series.to_dict(), series.astype("Float64")):
        assert_same(coefs_of(call, frame(kind), weights), wanted)


@every_label
@some_calls
def test_features_that_weights_do_not_name_get_one(call: Any, kind: str) -> None:
    if kind == "counted from 0":
        return  # such as pd.Series([2.0, 0.0]): without labels, and too short
    wanted = coefs_of(call, X, [1.0, 2.0, 0.0, 1.0])
    some = by_name(kind).iloc[[1, 3]]
    assert_same(coefs_of(call, frame(kind), some), wanted)
    assert_same(coefs_of(call, frame(kind), some.to_dict()), wanted)


@some_calls
def test_adaptive_weights_from_the_table_of_a_first_fit_are_those_of_their_features(
    call: Any,
) -> None:
    for kind in LABELS:
        pilot = RidgeRegression(0.1, solver="auto").fit(frame(kind), y)
        weights = 1 / pilot.coef_table()["coefficient"].abs()
        wanted = coefs_of(call, X, 1 / np.abs(pilot.coef_))
        assert_same(coefs_of(call, frame(kind), weights), wanted)


@pytest.mark.parametrize(
    "wrap",
    [
        list,
        tuple,
        np.array,
        pd.Index,
        pd.Series,
        pl.Series,
        pa.array,
        lambda w: pd.Series(w, dtype="Float64"),
        lambda w: pd.Series(w, dtype=object),
        lambda w: np.array(w, dtype=object),
    ],
)
@some_calls
def test_weights_without_labels_go_by_position(call: Any, wrap: Any) -> None:
    wanted = coefs_of(call, X, WEIGHTS)
    for given_X in (X, frame("text"), frame("years"), sp.csr_array(X)):
        assert_same(coefs_of(call, given_X, wrap(WEIGHTS)), wanted)


@pytest.mark.parametrize(
    ("given_X", "weights", "message"),
    [
        (frame("text"), {"bmi": 1.0, "height": 2.0}, r"\['height'\].*'age', 'bmi', 'bp', 'dose'"),
        (frame("text"), pd.Series({"bmi": 1.0, 2019: 2.0}), r"\[2019\].*'age'"),
        (frame("text"), pd.Series(WEIGHTS, index=[3, 0, 1, 2]), r"\[3, 0, 1, 2\].*'age'"),
        (frame("years"), {"2019": 0.0}, r"\['2019'\].*2019, 2021, 2020, 2018"),
        (frame("counted from 1"), pd.Series(WEIGHTS), r"\[0\].*1, 2, 3, 4"),
        (frame("text"), pd.Series([1.0, 2.0], index=["bmi", "bmi"]), r"\['bmi'\] more than once"),
        (X, by_name("text"), r"X has none.*'dose', 'bmi'"),
        (X, pd.Series(WEIGHTS, index=[3, 0, 1, 2]), r"X has none.*3, 0, 1, 2"),
        (X, pd.Series(WEIGHTS, index=[1, 2, 3, 4]), r"X has none.*1, 2, 3, 4"),
        (X, {"x0": 0.0}, "DataFrame"),
        (frame("text"), pd.Series(WEIGHTS[:3]), r"shape \(4,\), one a feature, got \(3,\)"),
        (frame("counted from 0"), pd.Series(WEIGHTS[:3]), r"shape \(4,\).*got \(3,\)"),
        (frame("text"), by_name("text", [1.0, -1.0, 1.0, 1.0]), r"-1\.0"),
    ],
)
@some_calls
def test_weights_that_do_not_fit_are_refused_by_name(
    call: Any, given_X: Any, weights: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=rf"penalty_weights.*{message}"):
        coefs_of(call, given_X, weights)


def test_a_name_that_two_columns_have_is_not_clear() -> None:
    columns = ["age", "bmi", "bmi"]
    assert in_order({"age": 2.0}, columns, "penalty_weights", "X", 1.0) == [2.0, 1.0, 1.0]
    with pytest.raises(ValueError, match=r"not clear: X has \['bmi'\] more than once"):
        in_order({"bmi": 2.0}, columns, "penalty_weights", "X", 1.0)


def test_frames_of_other_libraries_have_labels_too() -> None:
    wanted = fitted(LASSO, penalty_weights=WEIGHTS).coef_
    names = LABELS["text"]
    for table in (
        pl.DataFrame(X, schema=names),
        pa.table(dict(zip(names, X.T, strict=True))),
    ):
        model = fitted(LASSO, table, penalty_weights=by_name("text"))
        assert_allclose(model.coef_, wanted, rtol=1e-12)
        assert list(model.coef_table(sort=False).index) == names
        path = regularization_path(table, y, 4, penalty_weights=by_name("text"))
        assert_allclose(path.coefs, regularization_path(X, y, 4, penalty_weights=WEIGHTS).coefs)
        drawn = RegularizationPathDisplay.from_estimator(LASSO, table, y)
        assert [line.get_label() for line in drawn.lines_] == names


# --- one entry a target ---------------------------------------------------------------------------

TARGETS: dict[str, Any] = {"text": ["kg", "cm"], "years": [2020, 2019], "tuples": [("a", 1), "b"]}
PAIR = [0.1, 20.0]


def targets(kind: str) -> pd.DataFrame:
    return pd.DataFrame(Y, columns=pd.Index(TARGETS[kind], tupleize_cols=False))


def series_of_targets(kind: str) -> pd.Series:
    index = pd.Index(TARGETS[kind], tupleize_cols=False)
    return pd.Series(PAIR, index=index).iloc[::-1]


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("model", MODELS[:3], ids=lambda model: type(model).__name__)
def test_penalties_of_targets_go_by_their_labels(model: Any, kind: str) -> None:
    wanted = fitted(model, X, Y, lambda_=PAIR).coef_
    assert_same(fitted(model, X, targets(kind), lambda_=series_of_targets(kind)).coef_, wanted)
    # Without labels in y, or in the Series, there is only their order.
    assert_same(fitted(model, X, Y, lambda_=series_of_targets(kind).iloc[::-1]).coef_, wanted)
    assert_same(fitted(model, X, targets(kind), lambda_=pd.Series(PAIR)).coef_, wanted)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (["kg", "lb"], r"names \['lb'\], which y does not have: its columns are \['kg', 'cm'\]"),
        (["kg"], r"does not name \['cm'\]"),
        (["kg", "kg"], r"\['kg'\] more than once"),
        ([1, 0], r"names \[1, 0\]"),
    ],
)
def test_penalties_of_other_targets_are_refused(index: Any, message: str) -> None:
    lambda_ = pd.Series([0.1] * len(index), index=index)
    with pytest.raises(ValueError, match=rf"lambda_ .*{message}"):
        fitted(LASSO, X, targets("text"), lambda_=lambda_)


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


# --- one naming -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (model, kind)
        for model in MODELS
        for kind in LABELS
        if kind in ("text", "years") or model is LASSO
    ],
)
def test_tables_and_figures_and_arguments_use_the_labels_of_X(model: Any, kind: str) -> None:
    labels = list(LABELS[kind])
    made = fitted(model, frame(kind))
    table = made.coef_table(sort=False)
    assert list(table.index) == labels
    assert list(made.coef_table().index.sort_values(key=lambda i: i.map(labels.index))) == labels
    shown = feature_names_of(frame(kind))
    assert shown == [str(label) for label in labels]
    assert all(f">{escape(label)}</th>" in made._html_repr() for label in shown)
    assert hasattr(made, "feature_names_in_") == (kind == "text")
    if model is LASSO:
        drawn = RegularizationPathDisplay.from_estimator(made, frame(kind), y)
        assert [line.get_label() for line in drawn.lines_] == shown
        plt.close(drawn.figure_)


@pytest.mark.parametrize("kind", ["text", "years", "tuples"])
def test_names_outlive_every_way_to_fit(kind: str) -> None:
    labels, table = list(LABELS[kind]), frame(kind)
    halves = [(table[:24], targets("text")[:24]), (table[24:], targets("text")[24:])]
    model = clone(LASSO).set_params(penalty_weights=by_name(kind), lambda_=pd.Series(PAIR))

    def named(model: Any) -> None:
        shown = model.coef_table(sort=False)
        assert list(shown.index) == labels
        assert list(shown.columns) == ["kg", "cm"]
        assert_array_equal(shown.T, model.coef_)

    wanted = fitted(model, X, Y, penalty_weights=WEIGHTS).coef_
    streamed = clone(model)
    for half in halves:
        named(streamed.partial_fit(*half))
    for made in (
        streamed,
        clone(model).fit(table, targets("text")),
        clone(model).fit_batches(halves),
        clone(streamed.fit_moments(streamed.moments_)).fit(table, targets("text")),
        pickle.loads(pickle.dumps(streamed)).fit_moments(streamed.moments_),
        copy.deepcopy(streamed),
    ):
        named(made)
        assert_allclose(made.coef_, wanted, rtol=1e-5, atol=1e-7)
    for CV in (RidgeRegressionCV, LassoRegressionCV):
        named(CV(3, cv=3, penalty_weights=by_name(kind)).fit(table, targets("text")))
        named(CV(3, cv=3).fit_batches(halves))


def test_names_come_with_dask_frames() -> None:
    for kind in ("text", "years"):
        table = dd.from_pandas(frame(kind), npartitions=2)
        known = dd.from_pandas(targets("text"), npartitions=2)
        for made in (
            fitted(LASSO, table, known, penalty_weights=by_name(kind), lambda_=pd.Series(PAIR)),
            LassoRegressionCV(3, cv=3).fit(table, known),
        ):
            shown = made.coef_table(sort=False)
            assert list(shown.index) == list(LABELS[kind])
            assert list(shown.columns) == ["kg", "cm"]
        with pytest.raises(ValueError, match=r"X must have its columns|should match"):
            made.predict(dd.from_pandas(frame(kind).iloc[:, ::-1], npartitions=2))


def test_names_are_those_of_the_last_fit_that_succeeded() -> None:
    model = fitted(LASSO, frame("years"), targets("text"))
    bad = frame("tuples") * np.nan
    for fail in (
        lambda: model.fit(bad, y),
        lambda: model.partial_fit(frame("years") * np.nan, targets("text")),
        lambda: model.fit_batches([(frame("tuples"), y), (bad, y)]),
    ):
        with pytest.raises(ValueError, match=r"NaN|more than"):
            fail()
    assert list(model.coef_table(sort=False).index) == LABELS["years"]
    assert list(model.coef_table().columns) == ["kg", "cm"]
    assert list(model.fit(X, Y).coef_table(sort=False).index) == ["x0", "x1", "x2", "x3"]
    assert list(model.coef_table().columns) == ["y0", "y1"]
    other = Moments.from_data(X[:, :3], np.column_stack([Y, y]))
    model.fit(frame("years"), targets("text")).fit_moments(other)
    assert list(model.coef_table(sort=False)) == ["y0", "y1", "y2"]
    assert list(model.coef_table(sort=False).index) == ["x0", "x1", "x2"]


@pytest.mark.parametrize("kind", [kind for kind in LABELS if kind != "text"])
@pytest.mark.parametrize("model", [LASSO, MODELS[4]], ids=["LassoRegression", "LassoRegressionCV"])
def test_columns_in_another_order_than_in_fit_are_refused(model: Any, kind: str) -> None:
    made = fitted(model, frame(kind), targets("text"))
    turned = frame(kind).iloc[:, [1, 0, 2, 3]]
    for use in (lambda: made.predict(turned), lambda: made.score(turned, targets("text"))):
        with pytest.raises(ValueError, match="X must have its columns in the order of fit"):
            use()
    with pytest.raises(ValueError, match=r"y must .*'kg', 'cm'.*'cm', 'kg'"):
        made.score(frame(kind), targets("text")[["cm", "kg"]])
    for other in (X, frame("text") if kind == "tuples" else frame("tuples")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("warnings.warn", lambda *args, **kwargs: None)
            assert_same(made.predict(other), made.predict(frame(kind)))


def test_further_rows_come_in_the_order_of_the_first() -> None:
    model = clone(LASSO).partial_fit(frame("years"), targets("text"))
    turned, swapped = frame("years").iloc[:, ::-1], targets("text")[["cm", "kg"]]
    for rows, message in (
        ((turned, targets("text")), "X must have its columns"),
        ((frame("years"), swapped), "y must have its columns"),
    ):
        with pytest.raises(ValueError, match=message):
            model.partial_fit(*rows)
        with pytest.raises(ValueError, match=rf"batch 1: {message}"):
            model.fit_batches([(frame("years"), targets("text")), rows])


def test_a_table_may_leave_out_what_is_zero() -> None:
    model = fitted(LassoRegression([0.5, 60.0], solver="auto"), frame("text"), targets("text"))
    used = model.coef_.any(axis=0)
    assert 0 < used.sum() < P
    for sort in (True, False):
        whole = model.coef_table(sort=sort)
        kept = model.coef_table(sort=sort, nonzero=True)
        pd.testing.assert_frame_equal(kept, whole[whole.ne(0).any(axis=1)])
    assert len(kept) == used.sum()
    assert len(fitted(LASSO, lambda_=1e6).coef_table(nonzero=True)) == 0
    for name in ("sort", "nonzero"):
        with pytest.raises(TypeError, match=rf"{name} must be True or False"):
            model.coef_table(**{name: "yes"})


def test_a_table_takes_the_names_that_a_pipeline_makes() -> None:
    steps = make_column_transformer(
        (StandardScaler(), ["bp", "age"]), (MinMaxScaler(), ["dose"]), remainder="passthrough"
    )
    pipeline = make_pipeline(steps, clone(LASSO)).fit(frame("text"), targets("text"))
    names = pipeline[:-1].get_feature_names_out()
    for given in (names, list(names), pd.Index(names), pd.Series(names, index=[5, 6, 7, 8])):
        table = pipeline[-1].coef_table(given, sort=False)
        assert list(table.index) == list(names)
        assert list(table.columns) == ["kg", "cm"]
    with pytest.raises(TypeError, match="feature_names must be 4 names"):
        pipeline[-1].coef_table("abcd")


@pytest.mark.parametrize("labels", [["feature", "cm"], [("a", 1), 2], ["kg", "cm"], [2020, 2019]])
def test_tables_without_pandas_have_a_field_a_target(
    labels: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = pd.DataFrame(Y, columns=pd.Index(labels, tupleize_cols=False))
    model = fitted(LASSO, frame("years"), known)
    monkeypatch.setitem(sys.modules, "pandas", None)
    table = model.coef_table(sort=False)
    assert list(table["feature"]) == LABELS["years"]
    assert len(table.dtype.names) == 3
    for field, coef in zip(table.dtype.names[1:], model.coef_, strict=True):
        assert_array_equal(table[field], coef)


def test_two_targets_may_have_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    table = table_of(["x", "y", "z"], "feature", ["a", "a"], columns)
    assert list(table.columns) == ["a", "a"]
    assert_array_equal(table.T, columns)
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert_array_equal(table_of(["x", "y", "z"], "feature", ["a", "a"], columns)["y1"], columns[1])


def test_one_target_in_a_frame_has_its_name_and_a_series_of_it_has_not() -> None:
    known = pd.DataFrame(y, columns=["price"])
    assert list(fitted(LASSO, X, known).coef_table().columns) == ["price"]
    assert list(fitted(LASSO, X, known["price"]).coef_table().columns) == ["coefficient"]


def test_names_of_two_types_are_refused_by_fit_with_what_to_do() -> None:
    mixed = pd.DataFrame(X, columns=["a", 1, 2, "b"])
    with pytest.raises(TypeError, match=re.escape("X.columns.astype(str)")):
        clone(LASSO).fit(mixed, y)
    path = regularization_path(mixed, y, 4, penalty_weights={1: 0.0})
    assert_same(path.coefs, regularization_path(X, y, 4, penalty_weights=[1, 0, 1, 1]).coefs)
