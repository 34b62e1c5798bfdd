"""What has labels is read by them: weights by feature, penalties by target, tables by both."""

from __future__ import annotations

import copy
import pickle
import re
import sys
from html import escape
from typing import Any

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

from labelled import LABELS, LASSO, MODELS, PAIR, P, X, Y, assert_same, fitted, frame, y
from searching import quiet
from sklearn_reg import (
    LassoRegression,
    LassoRegressionCV,
    Moments,
    RegularizationPathDisplay,
    RidgeRegression,
    RidgeRegressionCV,
    lambda_max,
    regularization_path,
)
from sklearn_reg._checks.labels import in_order
from sklearn_reg._fitting.report import feature_names_of, table_of

mpl.use("Agg")
pytestmark = quiet
WEIGHTS = np.array([0.3, 2.0, 0.0, 5.0])
every_label = pytest.mark.parametrize("kind", LABELS)


def by_name(kind: str, weights: Any = WEIGHTS) -> pd.Series:
    """The weights as a Series, in another order than the columns."""
    index = pd.Index(list(LABELS[kind]), tupleize_cols=False)
    return pd.Series(weights, index=index).iloc[[3, 1, 0, 2]]


def coefs_of(call: Any, X: Any, weights: Any) -> Any:
    """What an estimator or a function makes of penalty weights."""
    if callable(call):
        made = call(X, y, penalty_weights=weights)
        return made.coefs if isinstance(made, tuple) else made
    return fitted(call, X, penalty_weights=weights).coef_


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
