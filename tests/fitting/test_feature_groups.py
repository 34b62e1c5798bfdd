"""The groups of a transformer's columns are the input columns that they come from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Lasso
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)

from sklearn_reg._checks.groups import check_groups
from sklearn_reg._fitting.feature_groups import feature_groups

X = pd.DataFrame(
    {
        "city": ["New_York", "Rome", "St__Louis", "Rome", "New_York", "Oslo"],
        "sex": [*"mfmfmf"],
        "age": [31.0, 45.0, 27.0, 60.0, 52.0, 38.0],
        "bp": [80.0, 92.0, 75.0, 101.0, 88.0, 84.0],
        "note": ["a b", "b c", "a", "b", "c a", "a b c"],
    }
)
Y = np.array([0, 1, 2, 0, 1, 2])
CATEGORIES, NUMBERS = ["city", "sex"], ["age", "bp"]
ONE_HOT = OneHotEncoder(sparse_output=False)
SPLINE = SplineTransformer(n_knots=3, degree=2)


def groups_of(transformer: Any, table: Any = X, **options: Any) -> list[str]:
    found = feature_groups(transformer.fit(table, Y), **options)
    assert found.dtype == object
    assert all(type(label) is str for label in found)
    names = transformer.get_feature_names_out(options.get("input_features"))
    assert found.shape == names.shape
    if transformer.__class__ is not CountVectorizer:
        assert transformer.transform(table).shape[1] == len(found)
    return found.tolist()


# --- one transformer ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("transformer", "columns", "counts"),
    [
        (OneHotEncoder(), CATEGORIES, [4, 2]),
        (OneHotEncoder(drop="first"), CATEGORIES, [3, 1]),
        (OneHotEncoder(drop="if_binary"), CATEGORIES, [4, 1]),
        (OneHotEncoder(drop=["Rome", "f"], min_frequency=2), CATEGORIES, [2, 1]),
        (OneHotEncoder(min_frequency=2), CATEGORIES, [3, 2]),
        (OneHotEncoder(max_categories=2, drop="if_binary"), CATEGORIES, [1, 1]),
        (OneHotEncoder(max_categories=1, drop="first"), CATEGORIES, [0, 0]),
        (OneHotEncoder(feature_name_combiner=lambda name, value: f"{value}"), CATEGORIES, [4, 2]),
        (KBinsDiscretizer(3, strategy="uniform"), NUMBERS, [3, 3]),
        (KBinsDiscretizer([2, 4], strategy="uniform"), NUMBERS, [2, 4]),
        (KBinsDiscretizer(3, strategy="uniform", encode="onehot-dense"), NUMBERS, [3, 3]),
        (KBinsDiscretizer(3, strategy="uniform", encode="ordinal"), NUMBERS, [1, 1]),
        (SplineTransformer(n_knots=4, degree=3), NUMBERS, [6, 6]),
        (SplineTransformer(n_knots=4, degree=3, include_bias=False), NUMBERS, [5, 5]),
        (TargetEncoder(target_type="multiclass", cv=2), CATEGORIES, [3, 3]),
        (TargetEncoder(target_type="continuous", cv=2), CATEGORIES, [1, 1]),
        (StandardScaler(), NUMBERS, [1, 1]),
        (OrdinalEncoder(), CATEGORIES, [1, 1]),
        (FunctionTransformer(np.log, feature_names_out="one-to-one"), NUMBERS, [1, 1]),
        (SimpleImputer(), NUMBERS, [1, 1]),
    ],
)
def test_columns_of_one_column_are_a_group(transformer: Any, columns: Any, counts: Any) -> None:
    wanted = np.repeat(columns, counts).tolist()
    assert groups_of(transformer, X[columns]) == wanted
    generic = np.repeat(["x0", "x1"], counts).tolist()
    assert groups_of(transformer, X[columns].to_numpy()) == generic
    assert groups_of(transformer, X[columns].to_numpy(), input_features=columns) == wanted


@pytest.mark.parametrize(
    ("transformer", "table"),
    [
        (PolynomialFeatures(), X[NUMBERS]),
        (PCA(), X[NUMBERS]),
        (SimpleImputer(add_indicator=True), X[NUMBERS].mask(X[NUMBERS] > 90)),
        (CountVectorizer(token_pattern=r"\w"), X["note"]),
        (FunctionTransformer(lambda x: x, feature_names_out=lambda _, names: names), X[NUMBERS]),
    ],
)
def test_outputs_of_other_transformers_are_their_own_groups(transformer: Any, table: Any) -> None:
    assert groups_of(transformer, table) == transformer.get_feature_names_out().tolist()


def test_names_do_not_count() -> None:
    """Prefixes cannot tell the columns "a" and "a_b" with these categories apart; fit can."""
    table = pd.DataFrame({"a": ["b_c", "b_d", "e"], "a_b": [*"cde"]})
    encoder = OneHotEncoder()
    assert groups_of(encoder, table) == ["a"] * 3 + ["a_b"] * 3
    names = encoder.get_feature_names_out()
    assert names[0] == names[3]


def test_one_to_one_is_believed_only_of_what_it_names() -> None:
    class Doubled(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
        def fit(self, X: Any, y: Any = None) -> Any:
            self.n_features_in_ = X.shape[1]
            return self

        def transform(self, X: Any) -> Any:
            return np.hstack([X, X])

        def get_feature_names_out(self, input_features: Any = None) -> Any:
            names = super().get_feature_names_out(input_features)
            return np.concatenate([names, [f"{name} again" for name in names]])

    table = X[NUMBERS].to_numpy()
    assert groups_of(Doubled(), table) == ["x0", "x1", "x0 again", "x1 again"]


def test_a_count_that_is_not_that_of_the_names_is_refused() -> None:
    class Odd(OneHotEncoder):
        def get_feature_names_out(self, input_features: Any = None) -> Any:
            return super().get_feature_names_out(input_features)[1:]

    with pytest.raises(ValueError, match=r"must make 6 columns.*Odd.*got 5 names"):
        feature_groups(Odd().fit(X[CATEGORIES]))


def test_parts_that_do_not_name_what_the_whole_names_are_refused() -> None:
    class Renamed(ColumnTransformer):
        def get_feature_names_out(self, input_features: Any = None) -> Any:
            return super().get_feature_names_out(input_features)[::-1]

    transformer = Renamed([("one", ONE_HOT, CATEGORIES)]).fit(X)
    with pytest.raises(ValueError, match=r"after its parts, got Renamed.*'one__sex_m', .*whose"):
        feature_groups(transformer)


# --- several transformers -------------------------------------------------------------------------


def numbers(*names: str) -> Any:
    return make_pipeline(SimpleImputer(), SPLINE, StandardScaler()), list(names)


MIXED = [
    (
        make_column_transformer((ONE_HOT, CATEGORIES), numbers("bp"), ("passthrough", ["age"])),
        ["onehotencoder__city"] * 4
        + ["onehotencoder__sex"] * 2
        + ["pipeline__bp"] * 4
        + ["passthrough__age"],
    ),
    (
        make_column_transformer(
            (ONE_HOT, ["sex", "city"]), numbers("bp"), verbose_feature_names_out=False
        ),
        ["sex"] * 2 + ["city"] * 4 + ["bp"] * 4,
    ),
    (
        ColumnTransformer(
            [("one", ONE_HOT, slice("city", "sex")), ("no", "drop", ["age"]), ("0", SPLINE, [])],
            remainder=OrdinalEncoder(),
        ),
        ["one__city"] * 4 + ["one__sex"] * 2 + ["remainder__bp", "remainder__note"],
    ),
    (
        ColumnTransformer(
            [
                ("text", CountVectorizer(token_pattern=r"\w"), "note"),
                ("spline", SPLINE, make_column_selector(dtype_include="number")),
                ("one", ONE_HOT, [True, False, False, False, False]),
            ],
            remainder="passthrough",
            verbose_feature_names_out="{feature_name}@{transformer_name}",
        ),
        ["a@text", "b@text", "c@text"]
        + ["age@spline"] * 4
        + ["bp@spline"] * 4
        + ["city@one"] * 4
        + ["sex@remainder"],
    ),
    (
        ColumnTransformer(
            [("one", ONE_HOT, slice(0, 2)), ("last", SPLINE, [-2])],
            verbose_feature_names_out=lambda part, name: f"{part}/{name}",
        ),
        ["one/city"] * 4 + ["one/sex"] * 2 + ["last/bp"] * 4,
    ),
    (
        make_column_transformer((make_union(StandardScaler(), SPLINE, "passthrough"), NUMBERS)),
        ["featureunion__standardscaler__age", "featureunion__standardscaler__bp"]
        + ["featureunion__splinetransformer__age"] * 4
        + ["featureunion__splinetransformer__bp"] * 4
        + ["featureunion__passthrough__age", "featureunion__passthrough__bp"],
    ),
    (
        make_pipeline(
            make_column_transformer((ONE_HOT, CATEGORIES), (PolynomialFeatures(), ["age"])),
            "passthrough",
            VarianceThreshold(),
            StandardScaler(),
        ),
        ["onehotencoder__city"] * 4
        + ["onehotencoder__sex"] * 2
        + ["polynomialfeatures__age", "polynomialfeatures__age^2"],
    ),
    (
        make_pipeline(
            make_column_transformer((PolynomialFeatures(), ["age"]), (StandardScaler(), ["bp"])),
            SplineTransformer(n_knots=2, degree=1),
        ),
        ["polynomialfeatures__1"] * 2
        + ["polynomialfeatures__age"] * 2
        + ["polynomialfeatures__age^2"] * 2
        + ["standardscaler__bp"] * 2,
    ),
    (
        make_pipeline(
            make_column_transformer((ONE_HOT, CATEGORIES), (StandardScaler(), ["age"])),
            make_column_transformer((VarianceThreshold(), [0, 1, 4]), (PCA(), [6])),
        ),
        ["variancethreshold__onehotencoder__city"] * 2
        + ["variancethreshold__onehotencoder__sex", "pca__pca0"],
    ),
    (
        Pipeline(
            [
                ("off", "passthrough"),
                ("union", FeatureUnion([("no", "drop"), ("e", OneHotEncoder())])),
            ]
        ),
        [f"e__{name}" for name, n in (("city", 4), ("sex", 2), ("age", 6)) for _ in range(n)]
        + ["e__bp"] * 6
        + ["e__note"] * 6,
    ),
]


@pytest.mark.parametrize(("transformer", "wanted"), MIXED)
def test_transformers_of_transformers(transformer: Any, wanted: list[str]) -> None:
    assert groups_of(transformer) == wanted


@pytest.mark.parametrize(("transformer", "wanted"), MIXED[:2])
def test_groups_are_what_an_estimator_takes(transformer: Any, wanted: list[str]) -> None:
    transformer.set_output(transform="pandas")
    made = transformer.fit_transform(X)
    groups = check_groups(feature_groups(transformer), made.shape[1], list(made.columns))
    assert [groups.names[g] for g in groups.of_features] == wanted
    transformer.set_output(transform="default")


def test_columns_without_names_have_positions() -> None:
    table = X.to_numpy()[:, [0, 2]]
    transformer = make_column_transformer((StandardScaler(), [1]), remainder=ONE_HOT)
    assert groups_of(transformer, table) == ["standardscaler__x1", *["remainder__x0"] * 4]
    named = groups_of(transformer, table, input_features=["city", "age"])
    assert named == ["standardscaler__age", *["remainder__city"] * 4]


def test_a_transformer_is_not_changed() -> None:
    transformer = MIXED[0][0].fit(X)
    before = transformer.transform(X)
    first, second = feature_groups(transformer), feature_groups(transformer)
    assert_array_equal(first, second)
    assert_array_equal(transformer.transform(X), before)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "transformer",
    [
        OneHotEncoder(),
        StandardScaler(),
        VarianceThreshold(),
        PolynomialFeatures(),
        PCA(),
        make_column_transformer((StandardScaler(), ["age"])),
        make_pipeline(StandardScaler(), ONE_HOT),
        make_pipeline(FunctionTransformer(feature_names_out="one-to-one"), StandardScaler()),
        make_union(StandardScaler(), ONE_HOT),
    ],
    ids=lambda transformer: type(transformer).__name__,
)
def test_a_transformer_that_is_not_fitted_is_refused(transformer: Any) -> None:
    for names in (None, NUMBERS):
        with pytest.raises(NotFittedError, match=r"(?s)must be fitted, got .*fit first"):
            feature_groups(clone(transformer), names)


@pytest.mark.parametrize(
    ("transformer", "kind", "message"),
    [
        (OneHotEncoder, TypeError, "must be a fitted transformer.*class.*OneHotEncoder"),
        ("passthrough", TypeError, "must be a fitted transformer.*'passthrough'"),
        (None, TypeError, "must be a fitted transformer.*None"),
        (X, TypeError, "must be a fitted transformer"),
        (Lasso(), TypeError, r"get_feature_names_out.*Lasso\(\)"),
        (
            make_pipeline(StandardScaler(), Lasso()).fit(X[NUMBERS], Y),
            TypeError,
            r"got Lasso\(\).*pipeline\[:-1\]",
        ),
        (
            make_column_transformer((FunctionTransformer(np.log), NUMBERS)).fit(X),
            TypeError,
            "got FunctionTransformer.*feature_names_out='one-to-one'",
        ),
        (
            make_pipeline(ONE_HOT, PCA()).fit(X[CATEGORIES]),
            ValueError,
            r"PCA\(\) after a step that makes several columns of 'city'",
        ),
        (
            make_pipeline(SPLINE, PolynomialFeatures()).fit(X[NUMBERS]),
            ValueError,
            r"PolynomialFeatures\(\) after a step that makes several columns of 'age'",
        ),
        (
            make_column_transformer(
                (SPLINE, ["age"]), ("passthrough", ["age"]), verbose_feature_names_out=False
            ).fit(X),
            ValueError,
            "two groups with the name 'age'.*verbose_feature_names_out=True",
        ),
        (FunctionTransformer(feature_names_out="one-to-one"), ValueError, "input_features.*None"),
        (Pipeline([("off", "passthrough")]).fit(X), ValueError, "input_features.*None"),
    ],
)
def test_what_cannot_be_followed_is_refused(
    transformer: Any, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=f"(?s){message}"):
        feature_groups(transformer)


@pytest.mark.parametrize(
    ("names", "kind", "message"),
    [
        (["city"], ValueError, "2 names, one a column, got 1"),
        ("ab", TypeError, "2 names, one a column, got 'ab'"),
        ([1, 2], TypeError, r"text, got \[1, 2\]"),
        (
            ["sex", "city"],
            ValueError,
            r"the names that fit saw.*got \['sex', 'city'\]",
        ),
    ],
)
def test_other_names_of_the_input_are_refused(
    names: Any, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=f"input_features must be {message}"):
        feature_groups(OneHotEncoder().fit(X[CATEGORIES]), names)


# --- law ------------------------------------------------------------------------------------------


@st.composite
def encoders(draw: Any) -> tuple[OneHotEncoder, pd.DataFrame]:
    """A fitted encoder with any settings, and a table whose names are not ambiguous."""
    n, p = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    levels = st.sampled_from([*"abcde"])
    table = pd.DataFrame(
        {f"c{j}": draw(st.lists(levels, min_size=n, max_size=n)) for j in range(p)}
    )
    min_frequency = draw(st.sampled_from([None, 2, 3, 0.3]))
    max_categories = draw(st.sampled_from([None, 1, 2, 3]))
    drop: list[Any] = [None, "first", "if_binary"]
    if min_frequency is max_categories is None:  # an infrequent category cannot be named
        drop.append([column.iloc[0] for _, column in table.items()])
    encoder = OneHotEncoder(
        drop=draw(st.sampled_from(drop)),
        min_frequency=min_frequency,
        max_categories=max_categories,
        handle_unknown=draw(st.sampled_from(["error", "ignore", "infrequent_if_exist"])),
    )
    return encoder.fit(table), table


@given(encoders())
def test_groups_of_an_encoder_are_those_of_unambiguous_names(drawn: Any) -> None:
    encoder, table = drawn
    names = encoder.get_feature_names_out()
    assert feature_groups(encoder).tolist() == [name.split("_")[0] for name in names]
    assert encoder.transform(table).shape[1] == len(names)
    if len(names):  # scikit-learn refuses to join no columns
        within = make_column_transformer((encoder, list(table))).fit(table)
        wanted = [f"onehotencoder__{name.split('_')[0]}" for name in names]
        assert feature_groups(within).tolist() == wanted
