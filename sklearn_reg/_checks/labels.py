"""Column labels of features and targets, and arguments that are given by label.

scikit-learn keeps feature names only if all of them are strings. Here labels are not converted, so
that a column called 2020 has this label in arguments, tables and figures alike.
"""

from __future__ import annotations

import reprlib
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

ColumnLabels: TypeAlias = list[Hashable]


class Labels(NamedTuple):
    """Labels of the columns that an estimator was fitted to, or None."""

    features: ColumnLabels | None = None  # also None if all are strings: see feature_names_in_
    targets: ColumnLabels | None = None


def labels_of(values: Any) -> ColumnLabels | None:
    """Return the column labels of a data frame; None for data without labels."""
    for attribute in ("column_names", "columns"):  # in pyarrow, `columns` holds the values
        if hasattr(type(values), attribute):
            labels = getattr(values, attribute)
            one = getattr(values, "ndim", 2) == 1  # such as a Dask Series
            return list(labels) if isinstance(labels, Iterable) and not one else None
    return None


def feature_labels(model: Any) -> ColumnLabels | None:
    """Return the labels of the features that a model was fitted to; None if they had none."""
    if hasattr(model, "feature_names_in_"):
        return list(model.feature_names_in_)
    labels: Labels = model._labels
    return labels.features


def keep_labels(model: Any, X: Any, y: Any, *, first: bool) -> None:
    """Store the labels of the first rows; refuse further rows with them in another order."""
    if not first:
        check_order(model, X, y)
        return
    features = labels_of(X)
    if features and all(type(label) is str for label in features):
        features = None
    model._labels = Labels(features, labels_of(y))


def keep_fitting_labels(model: Any, n_features: int, n_targets: int) -> None:
    """Delete the labels of a model if their number is not that of the columns in this fit."""
    if len(feature_labels(model) or ()) != n_features:
        vars(model).pop("feature_names_in_", None)
        model._labels = model._labels._replace(features=None)
    if len(model._labels.targets or ()) != n_targets:
        model._labels = model._labels._replace(targets=None)


def check_order(model: Any, X: Any, y: Any = None) -> None:
    """Refuse data whose columns are those of the fit in another order.

    scikit-learn checks only feature names. Other labels, and those of targets, may differ from
    those of the fit, such as those of another year; the same labels in another order are an error.
    """
    labels: Labels = model._labels
    for name, values, known in (("X", X, labels.features), ("y", y, labels.targets)):
        now = None if known is None else labels_of(values)
        if now and now != known and len(now) == len(known or ()) and set(now) == set(known or ()):
            raise ValueError(
                f"{name} must have its columns in the order of fit, {reprlib.repr(known)}, got "
                f"{reprlib.repr(now)}"
            )


def in_order(
    values: Any,
    labels: Sequence[Hashable] | None,
    name: str,
    of: str,
    default: object = None,
) -> Any:
    """Return the entries of a dict or Series in the order of the labels, other values unchanged.

    A label without an entry gets the default; without a default it is an error. A Series with the
    index 0, 1, ... counts as unlabelled, unless the columns have numbers as labels.
    """
    given = given_labels(values, labels)
    if given is None:
        return values
    if labels is None:
        raise ValueError(
            f"{name} by name needs {of} with names (a DataFrame), and {of} has none: pass an array "
            f"in the order of the columns, got names {reprlib.repr(given)}"
        )
    check_labels(given, labels, name, of, complete=default is None)
    entries = values.values() if isinstance(values, Mapping) else values
    found = dict(zip(given, entries, strict=True))
    return [found.get(label, default) for label in labels]


def given_labels(values: Any, labels: Sequence[Hashable] | None) -> ColumnLabels | None:
    """Return the keys of a dict or the index of a Series; None for values that go by position."""
    if isinstance(values, Mapping):
        return list(values)
    index = getattr(values, "index", None)  # a method if `values` is a list
    if not isinstance(index, Iterable) or getattr(values, "ndim", None) != 1:
        return None
    given = list(index)
    if given == list(range(len(given))) and not _counts_differently(labels, given):
        return None
    return given


def _counts_differently(labels: Sequence[Hashable] | None, given: list[Hashable]) -> bool:
    """Whether the labels are numbers that differ from the positions of the columns."""
    if labels is None or list(labels) == list(range(len(labels))):
        return False
    return not set(given).isdisjoint(labels)


def check_labels(
    given: Sequence[Hashable], labels: Sequence[Hashable], name: str, of: str, *, complete: bool
) -> None:
    """Refuse labels that are unknown or repeated; with `complete` also missing ones."""
    times, columns = Counter(given), Counter(labels)
    unknown = [label for label in times if label not in columns]
    if unknown:
        raise ValueError(
            f"{name} names {unknown!r}, which {of} does not have: its columns are "
            f"{reprlib.repr(list(labels))}"
        )
    for where, counted in ((name, times), (of, columns)):
        twice = [label for label in times if counted[label] > 1]
        if twice:
            raise ValueError(f"{name} by name is not clear: {where} has {twice!r} more than once")
    missing = [label for label in columns if label not in times]
    if complete and missing:
        raise ValueError(f"{name} must name every column of {of}, and does not name {missing!r}")


def generic_labels(letter: str, count: int) -> ColumnLabels:
    """Return x0, x1, ... for columns that have no labels."""
    return [f"{letter}{number}" for number in range(count)]


def check_names(names: Iterable[Hashable], count: int, name: str, what: str) -> ColumnLabels:
    """Return a list of names, one for each feature or weight."""
    if isinstance(names, (str, bytes)) or not isinstance(names, Iterable):
        raise TypeError(f"{name} must be {count} names, one a {what}, got {names!r}")
    listed = list(names)
    if len(listed) != count:
        raise ValueError(f"{name} must be {count} names, one a {what}, got {len(listed)}")
    return listed
