"""Groups of features in any form are one partition, and penalty weights go by group or feature."""

from __future__ import annotations

import re
from typing import Any

import dask.dataframe as dd
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.preprocessing import OneHotEncoder

from labelled import LASSO
from sklearn_reg._checks.groups import Groups, check_group_weights, check_groups

FEATURES: list[Any] = ["age", "bmi", "bp", "s1", "s2"]
YEARS: list[Any] = [2019, 2021, 2020, 0, 1]
PAIRS: list[Any] = [("a", 1), ("a", 2), ("b", 1), ("b", 2), "c"]
NAN = float("nan")


def same(found: Groups, of_features: Any, names: Any) -> None:
    assert found.of_features.dtype == np.intp
    assert_array_equal(found.of_features, of_features)
    assert found.names == names
    assert [type(name) for name in found.names] == [type(name) for name in names]
    assert found.n_groups == len(names)
    assert_array_equal(found.sizes, [list(of_features).count(g) for g in range(len(names))])


# --- labels, one a feature ------------------------------------------------------------------------


def test_without_groups_each_feature_is_one() -> None:
    for features in (FEATURES, YEARS, PAIRS, ["twice", "twice"]):
        same(check_groups(None, len(features), features), range(len(features)), features)
    same(check_groups(None, 3, None), [0, 1, 2], ["x0", "x1", "x2"])


WRAPS: dict[str, Any] = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "objects": lambda labels: np.array(labels, dtype=object),
    "Series": pd.Series,
    "Index": pd.Index,
    "Categorical": pd.Categorical,
    "Series of categories": lambda labels: pd.Series(labels, dtype="category"),
    "polars": pl.Series,
    "pyarrow": pa.array,
    "masked, nothing missing": lambda labels: np.ma.array(labels),
    "Dask": lambda labels: dd.from_pandas(pd.Series(labels), npartitions=2),
}


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("labels", [["v", "u", "v", "w", "u"], [7, 3, 7, 0, 3], [0.5, 1.5] * 2])
def test_labels_in_any_array_are_objects_of_python(wrap: str, labels: list[Any]) -> None:
    for features in (None, FEATURES[: len(labels)]):
        found = check_groups(WRAPS[wrap](labels), len(labels), features)
        names = list(dict.fromkeys(labels))
        same(found, [names.index(label) for label in labels], names)


def test_labels_may_be_anything_that_can_be_hashed() -> None:
    labels = [("a", 1), 2, True, frozenset([3]), ("a", 1)]
    array = np.empty(5, dtype=object)
    array[:] = labels
    for given_groups in (array, pd.Series(labels)):
        same(check_groups(given_groups, 5, None), [0, 1, 2, 3, 0], labels[:4])
    days = pd.date_range("2024-02-27", periods=2)
    same(check_groups(days.repeat(2), 4, None), [0, 0, 1, 1], list(days))
    days_of_numpy = days.to_numpy().repeat(2)
    same(check_groups(days_of_numpy, 4, None), [0, 0, 1, 1], list(days.to_numpy()))


def test_numbers_are_labels_and_not_positions() -> None:
    same(check_groups([3, 3, 0, 0, 1], 5, YEARS), [0, 0, 1, 1, 2], [3, 0, 1])


def test_a_series_goes_by_its_index() -> None:
    labels = pd.Series(["u", "v", "u", "v", "w"], index=["s2", "s1", "age", "bmi", "bp"])
    same(check_groups(labels, 5, FEATURES), [0, 1, 2, 1, 0], ["u", "v", "w"])
    same(check_groups(labels[:3], 5, FEATURES), [0, 1, 2, 3, 0], ["u", "bmi", "bp", "v"])
    same(check_groups(labels.reset_index(drop=True), 5, FEATURES), [0, 1, 0, 1, 2], [*"uvw"])
    counted = pd.Series([*"uvuvw"])  # the labels 0, 1, ... of some features count here
    same(check_groups(counted[:3], 4, [2, 1, 0, 3]), [0, 1, 0, 2], ["u", "v", 3])


# --- dicts and lists ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "features", "of_features", "names"),
    [
        ({"bmi": "g", "s2": "g", "bp": 5}, FEATURES, [0, 1, 2, 3, 1], ["age", "g", 5, "s1"]),
        ({"age": "age", "s1": "age"}, FEATURES, [0, 1, 2, 0, 3], ["age", "bmi", "bp", "s2"]),
        ({2020: 1, 0: 1}, YEARS[:4], [0, 1, 2, 2], [2019, 2021, 1]),
        ({"age": np.int64(4)}, FEATURES[:1], [0], [4]),
        ({}, FEATURES[:2], [0, 1], FEATURES[:2]),
        ({"g": ["bmi", "s2"], 5: ["bp"]}, FEATURES, [0, 1, 2, 3, 1], ["age", "g", 5, "s1"]),
        ({"g": ("s1", "age")}, FEATURES[:4], [0, 1, 2, 0], ["g", "bmi", "bp"]),
        ({"g": [2, 0]}, None, [0, 1, 0], ["g", "x1"]),
        ([["bmi", "s2"]], FEATURES, [0, 1, 2, 3, 1], ["age", "bmi, s2", "bp", "s1"]),
        ([["age"], ["s1"]], FEATURES[:4], [0, 1, 2, 3], FEATURES[:4]),
        ([["s2", "age", "bp"]], FEATURES, [0, 1, 0, 2, 0], ["s2, age, bp", "bmi", "s1"]),
        ([["s2", "age", "bp", "s1"]], FEATURES, [0, 1, 0, 0, 0], ["s2, age, ...", "bmi"]),
        ([[2020, 0], [1]], YEARS, [0, 1, 2, 2, 3], [2019, 2021, "2020, 0", 1]),
        ([[0, 2], (np.int64(3),)], None, [0, 1, 0, 2], ["x0, x2", "x1", "x3"]),
        ((range(2), pd.Index([2, 3])), None, [0, 0, 1, 1], ["x0, x1", "x2, x3"]),
        (np.array([[0, 3], [1, 2]]), None, [0, 1, 1, 0], ["x0, x3", "x1, x2"]),
        ([[("a", 1), "c"]], PAIRS, [0, 1, 2, 3, 0], ["('a', 1), c", *PAIRS[1:4]]),
        ([[1, 2], ["1", "2"]], [1, "1", 2, "2"], [0, 1, 0, 1], ["1, 2", "1, 2 [2]"]),
        ([["a", "b"]], ["a", "b", "a, b"], [0, 0, 1], ["a, b [2]", "a, b"]),
    ],
)
def test_dicts_and_lists(groups: Any, features: Any, of_features: Any, names: Any) -> None:
    same(check_groups(groups, len(of_features), features), of_features, names)


# --- prefixes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("features", "names"),
    [
        (["city_Rome", "age", "city_New York"], ["city", "age", "city"]),
        (["onehot__city_Oslo", "onehot__city_Rome"], ["onehot__city"] * 2),
        (["a__city_Oslo", "b__city_Oslo", "a__city_Rome"], ["a__city", "b__city_Oslo", "a__city"]),
        (["age", "age_sp_0", "age_sp_1"], ["age", "age_sp", "age_sp"]),
        (["bp_mean", "sex_male"], ["bp_mean", "sex_male"]),
        (["my_step__age", "my_step__bp"], ["my_step__age", "my_step__bp"]),
        (["union__one__x_a", "union__one__x_b"], ["union__one__x"] * 2),
        (["_a", "_b", "s___a", "s___b"], ["_a", "_b", "s___a", "s___b"]),
        (["x_", "x_1"], ["x", "x"]),
    ],
)
def test_prefixes(features: list[str], names: list[str]) -> None:
    order = list(dict.fromkeys(names))
    found = check_groups("prefix", len(features), np.array(features, dtype=object))
    same(found, [order.index(name) for name in names], order)


def test_prefixes_of_categories_without_underscores_are_the_columns() -> None:
    X = pd.DataFrame({"home_city": [*"abca"], "sex": [*"mfmf"]})
    names = OneHotEncoder(drop=["a", "f"]).fit(X).get_feature_names_out()
    same(check_groups("prefix", 3, names), [0, 0, 1], ["home_city", "sex_m"])


# --- what is refused ------------------------------------------------------------------------------

REFUSED: list[tuple[Any, Any, type[Exception], str]] = [
    ([1, 2, 3], FEATURES, ValueError, "got 3 labels for 5 features$"),
    ([], FEATURES, ValueError, "got 0 labels for 5 features$"),
    ([3, 2], FEATURES, ValueError, "got 2 labels for 5 features; if these are sizes.*repeat"),
    ([1, 2, None, 1, 1], FEATURES, ValueError, "missing.*None at index 2, for feature 'bp'"),
    ([1, NAN, 2, 1, 1], FEATURES, ValueError, "missing.*nan at index 1, for feature 'bmi'"),
    (np.array([1, NAN]), None, ValueError, "missing.*nan at index 1, for feature 'x1'"),
    (pd.Series([1, pd.NA], dtype="Int64"), None, ValueError, "missing.*<NA> at index 1"),
    (pd.Categorical(["a", None]), None, ValueError, "missing.*nan at index 1"),
    ([pd.NaT, 1], None, ValueError, "missing.*NaT at index 0"),
    ([np.datetime64("NaT", "ns"), 1], None, ValueError, "missing.*NaT.* at index 0"),
    (np.ma.array([1, 2], mask=[0, 1]), None, ValueError, "missing.*masked at index 1"),
    ({"bp": None}, FEATURES, ValueError, "missing.*None at index 2, for feature 'bp'"),
    ({NAN: ["bp"]}, FEATURES, ValueError, "missing.*nan as the name of a group"),
    ([["bp", None]], FEATURES, ValueError, r"missing.*None in groups\[0\]"),
    ([{}, 1], None, TypeError, "hashable values.*{} at index 0"),
    ([(i for i in [0]), 1], None, TypeError, "hashable values.*generator.* at index 0"),
    (np.zeros((2, 2, 2)), None, TypeError, r"hashable values.*groups\[0\]"),
    ({"height": 1}, FEATURES, ValueError, r"groups names \['height'\].*\['age', 'bmi'"),
    ({"x0": 1}, None, ValueError, r"X has none.*\['x0'\]"),
    (pd.Series([1, 2], index=[5, 6]), None, ValueError, r"X has none.*\[5, 6\]"),
    ({"age": "bmi"}, FEATURES, ValueError, "feature 'bmi' is a group of its own.*dict"),
    ({"x1": [0]}, None, ValueError, "feature 'x1' is a group of its own"),
    ({"age": ["bmi"], "bp": 1}, FEATURES, TypeError, r"got both: \['bmi'\] and 1; write"),
    ([["age"], "bmi"], FEATURES, TypeError, r"got both: \['age'\] and 'bmi'; write"),
    ([["age", "bp"], ["bp"]], FEATURES, ValueError, r"overlap.*'bp' in groups\[0\].*groups\[1\]"),
    ({"u": ["s1"], "v": ["s1"]}, FEATURES, ValueError, r"overlap.*'s1'.*\['u'\].*\['v'\]"),
    ([[0], [1, 0]], None, ValueError, r"overlap.*'x0' in groups\[0\] and in groups\[1\]"),
    ([["age", "age"]], FEATURES, ValueError, r"groups\[0\] has \['age'\] more than once"),
    ([[0, 1, 0]], None, ValueError, r"groups\[0\] has \[0\] more than once"),
    ([["b"]], ["a", "b", "b"], ValueError, r"X has \['b'\] more than once"),
    (
        [["age"], ["height"]],
        FEATURES,
        ValueError,
        r"groups\[1\] names \['height'\].*'age'",
    ),
    ([[0, 1]], FEATURES, ValueError, r"groups\[0\] names \[0, 1\].*\['age', 'bmi'"),
    ({"g": ["height"]}, FEATURES, ValueError, r"groups\['g'\] names \['height'\]"),
    ([[0, 2]], None, ValueError, r"groups\[0\] must be positions of columns, from 0 to 1, got 2"),
    ([[0, -1]], None, ValueError, "from 0 to 1, got -1"),
    ([["x0"]], None, TypeError, "X has no column labels, got 'x0': pass integers"),
    ([[1.0]], None, TypeError, "X has no column labels, got 1.0"),
    ([[True, False]], None, TypeError, "X has no column labels, got True"),
    ([["age"], []], FEATURES, ValueError, r"groups\[1\] must have at least one.*empty list"),
    ({"g": []}, FEATURES, ValueError, r"groups\['g'\] must have at least one"),
    ("prefix", None, ValueError, r"X has none.*DataFrame.*set_output\(transform=\"pandas\"\)"),
    ("prefix", YEARS, ValueError, "X has.*2019.*DataFrame.*set_output"),
    ("prefix", ["city", "city_a", "city_b"], ValueError, "feature 'city' is a group of its own"),
    ("Prefix", FEATURES, ValueError, "must be None.*labels.*lists.*dict.*'targets', got 'Prefix'"),
    (b"prefix", FEATURES, ValueError, "must be None.*'targets', got b'prefix'"),
    (3, FEATURES, TypeError, "must be None.*'targets', got 3$"),
    (np.array(3), FEATURES, TypeError, r"must be None.*'targets', got array\(3\)"),
    ({"age", "bmi"}, FEATURES, TypeError, "must be None.*got {.*pass a list of its entries"),
    ({"a": 1}.values(), FEATURES, TypeError, "dict_values.*pass a list of its entries"),
    (iter([1, 1]), None, TypeError, r"read only once: pass list\(\.\.\.\)"),
    ((g for g in [1, 1]), None, TypeError, r"generator.*read only once: pass list\(\.\.\.\)"),
    (pd.DataFrame({"a": [1]}), None, TypeError, "must be None.*'targets', got"),
    (OneHotEncoder(), None, TypeError, r"OneHotEncoder.*pass feature_groups\(transformer\)"),
]


@pytest.mark.parametrize(("groups", "features", "kind", "message"), REFUSED)
def test_other_groups_are_refused(
    groups: Any, features: Any, kind: type[Exception], message: str
) -> None:
    n_features = 2 if features is None else len(features)
    with pytest.raises(kind, match=f"(?s){message}") as error:
        check_groups(groups, n_features, features)
    assert "groups" in str(error.value)


# --- laws -----------------------------------------------------------------------------------------


@st.composite
def partitions(draw: Any) -> list[int]:
    """Numbers of groups in the order of their first feature."""
    drawn = draw(st.lists(st.integers(0, 4), min_size=1, max_size=9))
    order = list(dict.fromkeys(drawn))
    return [order.index(group) for group in drawn]


def listed(of_features: Any, features: Any) -> list[list[Any]]:
    return [
        [feature for feature, group in zip(features, of_features, strict=True) if group == g]
        for g in range(max(of_features) + 1)
    ]


@given(partitions(), st.randoms(use_true_random=False))
def test_every_form_of_a_grouping_is_the_same_partition(of_features: Any, random: Any) -> None:
    p = len(of_features)
    features = [f"f{j}" for j in range(p)]
    members, positions = listed(of_features, features), listed(of_features, range(p))
    shuffled = [random.sample(lists, len(lists)) for lists in random.sample(members, len(members))]
    names = [f"g{group}" for group in of_features]
    by_name = dict(zip(features, names, strict=True))
    prefixed = [f"{name}_{j}" for j, name in enumerate(names)]
    forms = [
        (of_features, features),
        (np.array(names), None),
        (pd.Series(by_name).sample(frac=1, random_state=random.randrange(99)), features),
        (by_name, features),
        ({f"g{g}": lists for g, lists in enumerate(members)}, features),
        (members, features),
        (shuffled, features),
        ([lists for lists in shuffled if len(lists) > 1] or None, features),
        (positions, None),
        (positions, list(range(p))),
        ("prefix", prefixed),
    ]
    for groups, labels in forms:
        found = check_groups(groups, p, labels)
        assert_array_equal(found.of_features, of_features)
        assert len(set(found.names)) == found.n_groups == max(of_features) + 1
        assert found.sizes.sum() == p
        # Names are labels that give the same groups.
        again = check_groups([found.names[g] for g in found.of_features], p, labels)
        assert_array_equal(again.of_features, of_features)
        assert again.names == found.names


@given(partitions(), st.randoms(use_true_random=False))
def test_the_order_of_columns_changes_numbers_only(of_features: Any, random: Any) -> None:
    p = len(of_features)
    features = [f"f{group}_{j}" for j, group in enumerate(of_features)]
    order = random.sample(range(p), p)
    turned = [features[j] for j in order]
    members = listed(of_features, features)
    for groups in (
        members,
        dict(enumerate(members)),
        dict(zip(features, of_features, strict=True)),
        "prefix",
    ):
        found, other = check_groups(groups, p, features), check_groups(groups, p, turned)
        assert set(found.names) == set(other.names)
        # Each feature is in the group of the same name.
        assert [other.names[g] for g in other.of_features] == [
            found.names[found.of_features[j]] for j in order
        ]
        assert list(dict.fromkeys(other.of_features.tolist())) == list(range(other.n_groups))


@given(partitions())
def test_groups_are_not_changed_and_can_be_cloned(of_features: Any) -> None:
    p = len(of_features)
    features = [f"f{j}" for j in range(p)]
    for groups in (
        listed(of_features, features),
        dict(zip(features, of_features, strict=True)),
        of_features,
    ):
        before = repr(groups)
        copied = clone(LASSO).set_params(penalty_weights=groups)  # as any parameter is
        for _ in range(2):
            found = check_groups(clone(copied).penalty_weights, p, features)
            assert_array_equal(found.of_features, of_features)
        assert repr(groups) == before


# --- penalty weights ------------------------------------------------------------------------------

CITY = ["age", "city_a", "city_b", "sex_f", "sex_m"]
BY_CITY = check_groups([["age"], ["city_a", "city_b"], ["sex_f", "sex_m"]], 5, CITY)
NAMED = check_groups("prefix", 5, CITY)
INF = float("inf")


@pytest.mark.parametrize(
    ("weights", "wanted"),
    [
        (None, [1, 1, 1, 1, 1]),
        ([3, 0, INF], [3, 0, 0, INF, INF]),
        ((1, 2, 3, 4, 5), [1, 2, 3, 4, 5]),
        (pd.Series([3, 0.5, 2]), [3, 0.5, 0.5, 2, 2]),
        (pl.Series([3.0, 0.5, 2.0]), [3, 0.5, 0.5, 2, 2]),
        ({"city": 3}, [1, 3, 3, 1, 1]),
        ({"city": 3, "age": INF}, [INF, 3, 3, 1, 1]),
        ({"city_b": 3, "age": 0}, [0, 1, 3, 1, 1]),
        ({"age": 4}, [4, 1, 1, 1, 1]),
        ({}, [1, 1, 1, 1, 1]),
        (pd.Series({"sex": 2, "city": 3}), [1, 3, 3, 2, 2]),
        (pd.Series({"sex_m": 2.0}, dtype="Float64"), [1, 1, 1, 1, 2]),
    ],
)
def test_weights_go_by_group_or_by_feature(weights: Any, wanted: Any) -> None:
    found = check_group_weights(weights, NAMED, CITY)
    assert found.dtype == np.float64
    assert_array_equal(found, wanted)


def test_weights_without_column_labels_go_by_the_names_of_groups() -> None:
    groups = check_groups({"g": [2, 0]}, 3, None)
    for weights in ({"g": 2, "x1": 3}, pd.Series({"x1": 3, "g": 2}), [2, 3], [2, 3, 2]):
        assert_array_equal(check_group_weights(weights, groups, None), [2, 3, 2])
    assert_array_equal(check_group_weights({}, groups, None), [1, 1, 1])
    numbered = check_groups([1, 0, 1], 3, None)
    for weights in ({1: 2, 0: 3}, pd.Series([3, 2]), pd.Series([2, 3], index=[1, 0])):
        assert_array_equal(check_group_weights(weights, numbered, None), [2, 3, 2])


def test_a_label_that_is_also_a_group_of_other_features_is_not_clear() -> None:
    groups = check_groups({"a": "b", "b": "z", "c": "b"}, 3, ["a", "b", "c"])
    with pytest.raises(ValueError, match=r"penalty_weights is not clear: \['b'\]"):
        check_group_weights({"b": 2}, groups, ["a", "b", "c"])
    # Other keys say which is meant.
    for weights, wanted in (({"b": 2, "z": 3}, [2, 3, 2]), ({"b": 2, "c": 3}, [1, 2, 3])):
        assert_array_equal(check_group_weights(weights, groups, ["a", "b", "c"]), wanted)


@pytest.mark.parametrize(
    ("weights", "kind", "message"),
    [
        ([1, 2], ValueError, r"\(3,\), one a group or \(5,\), one a feature, got \(2,\)"),
        (2.0, ValueError, r"\(3,\), one a group or \(5,\), one a feature, got \(\)"),
        ([[1, 2, 3]], ValueError, r"got \(1, 3\)"),
        ([1, -2, 3], ValueError, r"numbers >= 0.*got np.float64\(-2.0\) at index 1"),
        ([1, NAN, 3, 4, 5], ValueError, r"numbers >= 0.*nan\) at index 1"),
        ({"city": -1}, ValueError, "numbers >= 0.*-1.0"),
        ({"city": "a"}, TypeError, "numbers >= 0"),
        ("adaptive", TypeError, "numbers >= 0.*'adaptive'"),
        (
            {"height": 1},
            ValueError,
            r"\['height'\].*neither.*'city_a'.*'city', 'sex'",
        ),
        (
            {"city": 1, "sex_m": 2},
            ValueError,
            r"mixes both in \['city', 'sex_m'\].*features.*group",
        ),
        (pd.Series([1, 2], index=["age", "age"]), ValueError, r"\['age'\] more than once"),
    ],
)
def test_other_weights_are_refused(weights: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=f"penalty_weights.*{message}"):
        check_group_weights(weights, NAMED, CITY)


def test_unknown_names_without_column_labels() -> None:
    with pytest.raises(ValueError, match=re.escape("X has no labels, groups ['x0', 'x1']")):
        check_group_weights({"age": 1}, check_groups(None, 2, None), None)


@given(partitions(), st.data())
def test_every_form_of_weights_is_the_same(of_features: Any, data: Any) -> None:
    p, g = len(of_features), max(of_features) + 1
    features = [f"f{j}" for j in range(p)]
    groups = check_groups([f"g{group}" for group in of_features], p, features)
    weight = st.one_of(st.just(INF), st.just(0.0), st.floats(0, 1e6))
    of_groups = data.draw(st.lists(weight, min_size=g, max_size=g))
    wanted = np.array(of_groups)[of_features]
    by_group = dict(zip(groups.names, of_groups, strict=True))
    by_feature = dict(zip(features, wanted, strict=True))
    for weights in (
        of_groups,
        wanted,
        by_group,
        by_feature,
        *map(pd.Series, (by_group, by_feature)),
    ):
        assert_array_equal(check_group_weights(weights, groups, features), wanted)


@given(partitions(), st.data())
def test_one_wrong_key_among_many_is_found(of_features: Any, data: Any) -> None:
    p = len(of_features)
    features = [f"f{j}" for j in range(p)]
    groups = check_groups([f"g{group}" for group in of_features], p, features)
    keys = data.draw(st.lists(st.sampled_from([*features, *groups.names]), min_size=2, unique=True))
    assume(not (set(keys) <= set(features) or set(keys) <= set(groups.names)))
    with pytest.raises(ValueError, match="mixes both"):
        check_group_weights(dict.fromkeys(keys, 1.0), groups, features)
    with pytest.raises(ValueError, match=r"names \['h'\], which are neither"):
        check_group_weights(dict.fromkeys([*keys, "h"], 1.0), groups, features)
