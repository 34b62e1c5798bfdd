"""Groups of features, in any form that a user gives them, and penalty weights by group or feature.

Every form becomes one: the number of each feature's group, and a name for each group.
"""

from __future__ import annotations

import reprlib
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from sklearn_reg._checks.labels import (
    ColumnLabels,
    check_labels,
    generic_labels,
    given_labels,
    in_order,
    labels_of,
)
from sklearn_reg._checks.parameters import WEIGHTS, penalty_weights_of
from sklearn_reg._checks.values import fetched
from sklearn_reg._tools.typing import FloatArray, IndexArray

FORMS = (
    "None, an array of labels with one a feature, a list of lists of features, a dict "
    "{feature: group} or {group: list of features}, 'prefix' or (joint targets) 'targets'"
)
SHOWN = 3  # a longer list of features is named by its first two
# The label of a feature whose group was not given: it is a group of its own.
OWN: Any = object()


class Groups(NamedTuple):
    """A partition of the features into groups.

    Attributes
    ----------
    of_features : ndarray of shape (n_features,)
        Number of the group of each feature: 0, 1, ... in the order in which groups first appear
        in the columns.
    names : list
        Name of each group.
    """

    of_features: IndexArray
    names: ColumnLabels

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.names)

    @property
    def sizes(self) -> IndexArray:
        """Number of features of each group."""
        return np.bincount(self.of_features, minlength=self.n_groups).astype(np.intp, copy=False)

    def lengths(self, coefs: FloatArray) -> FloatArray:
        """|w_g|_2 of each group, of shape (..., n_groups) for coefs of shape (..., n_features)."""
        squares = np.zeros((*coefs.shape[:-1], self.n_groups))
        np.add.at(squares.T, self.of_features, (coefs**2).T)
        return np.sqrt(squares)


def check_groups(groups: Any, n_features: int, features: Sequence[Hashable] | None) -> Groups:
    """Return the groups of the features.

    Parameters
    ----------
    groups : None, array-like, list of lists, dict or "prefix"
        - None: each feature is a group of its own.
        - An array-like of n_features labels, one a feature; features of one label are one group.
          Numbers are labels too, not positions. A Series goes by its index, as other arguments
          do: by position if it is 0, 1, ..., otherwise by the labels of X.
        - A list of lists (tuples, arrays) of features: their labels, or their positions if X has
          no labels. A tuple within a list or dict is such a list, and never a label.
        - A dict {feature: label of its group}, or {name of a group: list of its features}.
        - "prefix": by column names, at the last "_" of what comes after the last "__". Features
          whose names are the same before it are one group, which this part of the name names.
          "onehot__city_Rome" and "onehot__city_New York" are in the group "onehot__city". This
          misreads a category that contains "_", such as "city_New_York".

        A feature that a list or dict leaves out is a group of its own, as is a feature without a
        prefix, or without another feature of the same prefix. Its label names it.
    n_features : int
        Number of columns of X.
    features : sequence or None
        Labels of the columns, if X has them.

    Returns
    -------
    Groups
        Their names are unique, except that None leaves labels as they are.
    """
    groups = fetched(groups, "groups")
    own = generic_labels("x", n_features) if features is None else [_plain(f) for f in features]
    if groups is None:
        return Groups(np.arange(n_features, dtype=np.intp), own)
    if isinstance(groups, (str, bytes)):
        return _numbered(_by_prefix(groups, features), own)
    if not isinstance(groups, Mapping):
        _check_array_like(groups)
    return _numbered(_chosen(groups, features, own), own)


def _numbered(chosen: Sequence[Any], own: ColumnLabels) -> Groups:
    """Return groups from one label a feature; a feature with the label OWN gets its own."""
    taken = {label for label in chosen if label is not OWN}
    numbers: dict[Hashable, int] = {}
    of_features = []
    for label, feature in zip(chosen, own, strict=True):
        if label is OWN:
            label = feature
            if label in taken:
                raise ValueError(
                    f"groups must have different names: feature {label!r} is a group of its own, "
                    "which its label names, and another group has this name; put the feature into "
                    "a group, or name groups by a dict {name: list of features}"
                )
            taken.add(label)
        of_features.append(numbers.setdefault(label, len(numbers)))
    return Groups(np.array(of_features, dtype=np.intp), list(numbers))


def _by_prefix(groups: str | bytes, features: Sequence[Hashable] | None) -> list[Any]:
    """Return the prefix of each feature that shares it with another one."""
    if groups != "prefix":
        raise ValueError(f"groups must be {FORMS}, got {groups!r}")
    names = [] if features is None else [name for name in features if isinstance(name, str)]
    if features is None or len(names) < len(features):
        got = "has none" if features is None else f"has {reprlib.repr(list(features))}"
        raise ValueError(
            f"groups='prefix' needs an X with column names that are text, and X {got}: pass a "
            'DataFrame, or call set_output(transform="pandas") of the transformer that makes X'
        )
    prefixes = [_prefix(name) for name in names]
    times = Counter(prefixes)
    return [prefix if prefix and times[prefix] > 1 else OWN for prefix in prefixes]


def _prefix(name: str) -> str:
    """Return the name up to the last "_" of what comes after the last "__"; "" if there is none."""
    transformer, mark, rest = name.rpartition("__")
    column = rest.rpartition("_")[0]
    return column and str(transformer + mark + column)


def _check_array_like(groups: Any) -> None:
    """Refuse what is neither a list nor an array of one or two dimensions."""
    wanted = f"groups must be {FORMS}, got"
    if hasattr(groups, "get_feature_names_out"):
        raise TypeError(
            f"{wanted} a transformer, {type(groups).__name__}: fit it, and pass "
            "feature_groups(transformer)"
        )
    if isinstance(groups, Iterator):
        raise TypeError(
            f"{wanted} {groups!r}, which can be read only once: pass list(...) of it, which every "
            "fit can read"
        )
    if not _is_list(groups) or labels_of(groups) is not None:
        ordered = isinstance(groups, Iterable) and labels_of(groups) is None
        remedy = "; pass a list of its entries, in order" if ordered else ""
        raise TypeError(f"{wanted} {reprlib.repr(groups)}{remedy}")


def _is_list(value: Any, *, tuples: bool = True) -> bool:
    """Whether a value is a sequence or an array, and not text; a tuple counts with `tuples`."""
    if isinstance(value, tuple):
        return tuples
    if isinstance(value, Sequence):
        return not isinstance(value, (str, bytes))
    return hasattr(type(value), "__array__") and getattr(value, "ndim", 1) > 0


def _entries(values: Any) -> list[Any]:
    """Return the entries of a sequence or array."""
    return list(values.to_pylist() if hasattr(values, "to_pylist") else values)


def _chosen(groups: Any, features: Sequence[Hashable] | None, own: ColumnLabels) -> list[Any]:
    """Return the label of each feature's group, or OWN, from labels or from lists of features."""
    named = isinstance(groups, Mapping)
    entries = [fetched(entry) for entry in (groups.values() if named else _entries(groups))]
    # The entries of an array of labels may be tuples: there, they are labels.
    tuples = isinstance(groups, (list, tuple, Mapping))
    lists = [_is_list(entry, tuples=tuples) for entry in entries]
    if any(lists) and not all(lists):
        raise TypeError(
            "groups must have either lists of features or labels as entries, got both: "
            f"{reprlib.repr(entries[lists.index(True)])} and "
            f"{reprlib.repr(entries[lists.index(False)])}; write a group of one feature as a list"
        )
    if all(lists) and (named or entries):
        names = list(groups) if named else None
        return _by_lists([_entries(entry) for entry in entries], names, features, own)
    labels = _entries(in_order(groups, features, "groups", "X", default=OWN))
    if len(labels) != len(own):
        raise ValueError(
            f"groups must be {FORMS}, got {len(labels)} labels for {len(own)} features"
            f"{_hint_of_sizes(labels, len(own))}"
        )
    return [
        label if label is OWN else _label(label, f"at index {j}, for feature {own[j]!r}")
        for j, label in enumerate(labels)
    ]


def _hint_of_sizes(labels: Sequence[Any], n_features: int) -> str:
    """Say how sizes of groups become labels, if these may be sizes."""
    if not all(isinstance(label, Integral) for label in labels) or sum(labels) != n_features:
        return ""
    return (
        "; if these are sizes of groups of adjacent columns, pass "
        "numpy.repeat(range(len(sizes)), sizes)"
    )


def _plain(value: Any) -> Any:
    """Return a NumPy scalar as an object of Python; a time, whose unit Python lacks, unchanged."""
    if isinstance(value, np.generic) and value.dtype.kind not in "mM":
        return value.item()
    return value


def _label(value: Any, where: str) -> Hashable:
    """Return a label; refuse missing ones, and what cannot be one."""
    value = _plain(value)
    try:
        hash(value)
        possible = not isinstance(value, Iterator)
    except TypeError:
        possible = value is np.ma.masked
    if not possible:
        raise TypeError(
            f"groups must have text, numbers or other hashable values as labels, got "
            f"{reprlib.repr(value)} {where}"
        )
    if _is_missing(value):
        raise ValueError(
            f"groups must have no missing labels, got {value!r} {where}: give each feature a "
            "label, of its own if it is a group of its own"
        )
    return value  # type: ignore[no-any-return]


def _is_missing(value: Any) -> bool:
    """Whether a value is None, masked, nan, or what pandas has for it."""
    if value is None or value is np.ma.masked:
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas.NA, which is neither equal to itself nor unequal
        return True


def _by_lists(
    lists: list[list[Any]],
    names: ColumnLabels | None,
    features: Sequence[Hashable] | None,
    own: ColumnLabels,
) -> list[Any]:
    """Return the name of each feature's group, or OWN, from the features of each group."""
    given = range(len(lists)) if names is None else names
    wheres = [f"groups[{key!r}]" for key in given]
    columns = [
        _columns(listed, features, len(own), where)
        for listed, where in zip(lists, wheres, strict=True)
    ]
    if names is None:
        labels = _names_of_lists(columns, own)
    else:
        labels = [_label(name, "as the name of a group") for name in names]
    chosen, within = [OWN] * len(own), [""] * len(own)
    for label, members, where in zip(labels, columns, wheres, strict=True):
        for j in members:
            if chosen[j] is not OWN:
                raise ValueError(
                    f"groups must not overlap, got feature {own[j]!r} in {within[j]} and in "
                    f"{where}: leave it in one of them"
                )
            chosen[j], within[j] = label, where
    return chosen


def _columns(
    listed: list[Any], features: Sequence[Hashable] | None, n_features: int, where: str
) -> list[int]:
    """Return the positions of the features of one group."""
    if not listed:
        raise ValueError(f"{where} must have at least one feature, got an empty list: leave it out")
    given = [_label(entry, f"in {where}") for entry in listed]
    if features is not None:
        check_labels(given, features, where, "X", complete=False)
        position = {label: j for j, label in enumerate(features)}
        return [position[label] for label in given]
    for entry in given:
        if not isinstance(entry, Integral) or isinstance(entry, bool):
            raise TypeError(
                f"{where} must be positions of columns, because X has no column labels, got "
                f"{entry!r}: pass integers, or an X with labels (a DataFrame)"
            )
        if not 0 <= entry < n_features:
            raise ValueError(
                f"{where} must be positions of columns, from 0 to {n_features - 1}, got {entry}"
            )
    check_labels(given, range(n_features), where, "X", complete=False)  # none more than once
    return [int(entry) for entry in given]  # type: ignore[call-overload]


def _names_of_lists(lists: Iterable[Sequence[int]], own: ColumnLabels) -> ColumnLabels:
    """Name each list of columns by its first features, and a list of one by its label."""
    names: ColumnLabels = []
    taken = set(own)
    for columns in lists:
        members = [own[j] for j in columns]
        shown = members if len(members) <= SHOWN else [*members[:2], "..."]
        name = text = ", ".join(map(str, shown))
        count = 1
        while len(members) > 1 and name in taken:  # such as of labels 1 and "1"
            count += 1
            name = f"{text} [{count}]"
        names.append(members[0] if len(members) == 1 else name)
        taken.add(name)
    return names


# --- penalty weights ------------------------------------------------------------------------------


def check_group_weights(
    penalty_weights: Any, groups: Groups, features: Sequence[Hashable] | None
) -> FloatArray:
    """Return weights of shape (n_features,), inf for excluded features.

    An array has one weight a group, in the order of `groups.names`, or one a feature. A dict or
    Series goes by the names of groups or by the labels of features; those without an entry get 1.
    """
    n_features = groups.of_features.size
    if penalty_weights is None:
        return np.ones(n_features)
    penalty_weights = _weights_in_order(
        fetched(penalty_weights, "penalty_weights"), groups, features
    )
    # If there are as many groups as features, both orders are that of the columns.
    sizes = {groups.n_groups: "one a group", n_features: "one a feature"}
    weights = penalty_weights_of(penalty_weights, WEIGHTS, sizes)
    return weights if weights.size == n_features else weights[groups.of_features]


def _weights_in_order(weights: Any, groups: Groups, features: Sequence[Hashable] | None) -> Any:
    """Return the weights of a dict or Series by feature or by group, other values unchanged."""
    kinds = {"X": features, "groups": groups.names} if features else {"groups": groups.names}
    found = (given_labels(weights, labels) for labels in kinds.values())
    keys = next((keys for keys in found if keys is not None), None)
    if keys is None:
        return weights
    readings = [of for of, labels in kinds.items() if set(keys) <= set(labels)]
    if not readings:
        raise ValueError(_unknown_keys(keys, groups, features))
    if len(readings) > 1:
        _check_clear(keys, groups, features or [])
    return in_order(weights, kinds[readings[0]], "penalty_weights", readings[0], default=1.0)


def _unknown_keys(
    keys: Sequence[Hashable], groups: Groups, features: Sequence[Hashable] | None
) -> str:
    """Say which keys are of no feature and no group, or that both kinds are there."""
    every = {*groups.names, *(features or [])}
    unknown = [key for key in keys if key not in every]
    had = f"names {unknown!r}, which are neither" if unknown else f"mixes both in {keys!r}"
    known = "X has no labels" if features is None else f"features {reprlib.repr(list(features))}"
    return (
        f"penalty_weights must go by the labels of features or by the names of groups, and {had}: "
        f"{known}, groups {reprlib.repr(groups.names)}"
    )


def _check_clear(keys: Iterable[Hashable], groups: Groups, features: Sequence[Hashable]) -> None:
    """Refuse keys that name a feature and a group, unless the group is that feature alone."""
    single = groups.sizes[groups.of_features] == 1
    alone = {
        label
        for label, group, is_single in zip(features, groups.of_features, single, strict=True)
        if is_single and groups.names[group] == label
    }
    unclear = [key for key in keys if key not in alone]
    if unclear:
        raise ValueError(
            f"penalty_weights is not clear: {unclear!r} are labels of features and names of "
            "groups; give the groups other names, or pass an array with one weight a feature"
        )
