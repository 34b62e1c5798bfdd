"""Which columns of a transformer's output come from one column of its input."""

from __future__ import annotations

import reprlib
from collections import Counter, UserList
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import OneToOneFeatureMixin
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectorMixin
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    SplineTransformer,
    TargetEncoder,
)
from sklearn.utils.validation import check_is_fitted

from sklearn_reg._checks.labels import check_names, generic_labels


@dataclass(frozen=True, eq=False)
class Source:
    """What a group of columns comes from; two sources of one name are still two."""

    name: str


class Columns(NamedTuple):
    """The columns that a transformer reads or writes: names, None if unknown, and sources."""

    names: list[str] | None
    sources: list[Source]


Part: TypeAlias = tuple[str, Any, Columns]


def feature_groups(
    transformer: Any, input_features: ArrayLike | Sequence[str] | None = None
) -> NDArray[np.object_]:
    """Return the group of each column that a fitted transformer makes: the column it comes from.

    An encoder makes many columns of one column of X. A group lasso should select all of them or
    none. The groups are read from what the transformer learned in `fit`, not from the names of its
    output, so that they are exact whatever the names and categories contain:

    - The columns that `OneHotEncoder`, `KBinsDiscretizer`, `SplineTransformer` or `TargetEncoder`
      makes of one input column are one group, which has the name of this column.
    - Scalers and other transformers whose outputs correspond one-to-one to their inputs, and
      transformers that select features, keep the groups of their inputs.
    - Each output of any other transformer, such as `PolynomialFeatures` or `PCA`, is a group of its
      own, which has the name of this output.
    - `ColumnTransformer` and `FeatureUnion` put the name of a transformer before the names of its
      groups, as they do with the names of features: "onehot__city". One input column that two of
      their transformers read makes two groups.
    - A `Pipeline` is followed step by step.

    Parameters
    ----------
    transformer : object
        A fitted transformer with the method `get_feature_names_out`. Of a pipeline that ends in a
        model, pass `pipeline[:-1]`.
    input_features : array-like of str, default=None
        Names of the input columns. By default those of `fit`, or x0, x1, ... if it saw none.

    Returns
    -------
    ndarray of shape (n_features_out,) of object
        One label for each of the columns of `transformer.get_feature_names_out(input_features)`.
        Columns with the same label are one group.

    Raises
    ------
    NotFittedError
        If the transformer, or one within it, is not fitted.
    TypeError
        If the transformer, or one within it, has no `get_feature_names_out`.
    ValueError
        If `input_features` are not those of `fit`; if a step of a pipeline mixes the columns of a
        group, such as `PCA` after `OneHotEncoder`; if two groups would have one name; if a
        transformer makes another number of columns than what it learned says.

    See Also
    --------
    sklearn.compose.ColumnTransformer : Encodes some columns and passes others through.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.preprocessing import OneHotEncoder, StandardScaler
    >>> from sklearn_reg import feature_groups
    >>> X = np.array([["Rome", 31], ["New_York", 45], ["Oslo", 27]], dtype=object)
    >>> transformer = make_column_transformer(
    ...     (OneHotEncoder(), [0]), (StandardScaler(), [1])
    ... ).fit(X)
    >>> names = transformer.get_feature_names_out(["city", "age"])
    >>> groups = feature_groups(transformer, ["city", "age"])
    >>> for name, group in zip(names, groups):
    ...     print(f"{name:30}{group}")
    onehotencoder__city_New_York  onehotencoder__city
    onehotencoder__city_Oslo      onehotencoder__city
    onehotencoder__city_Rome      onehotencoder__city
    standardscaler__age           standardscaler__age
    """
    if isinstance(transformer, type) or not hasattr(transformer, "fit"):
        raise TypeError(
            "transformer must be a fitted transformer that has get_feature_names_out, got "
            f"{transformer!r}"
        )
    try:
        made = _follow(transformer, _columns_in(transformer, input_features))
    except NotFittedError as error:
        raise NotFittedError(
            f"transformer must be fitted, got {transformer!r}: call fit first"
        ) from error
    if made.names is None:
        raise ValueError(
            "input_features must be given for a transformer that does not know its input columns, "
            f"got None for {transformer!r}"
        )
    _check_distinct(made.sources)
    groups = np.empty(len(made.sources), dtype=object)
    groups[:] = [source.name for source in made.sources]
    return groups


def _columns_in(transformer: Any, input_features: Any) -> Columns:
    """Return the input columns of a transformer, as given, as seen in fit, or x0, x1, ..."""
    known, count = (_learned(transformer, of) for of in ("feature_names_in_", "n_features_in_"))
    names = known
    if input_features is not None:
        number = np.size(input_features) if count is None else count
        names = check_names(input_features, number, "input_features", "column")
        if not all(isinstance(name, str) for name in names):
            raise TypeError(f"input_features must be text, got {reprlib.repr(names)}")
        if known is not None and list(names) != list(known):
            raise ValueError(
                f"input_features must be the names that fit saw, {list(known)}, got {list(names)}; "
                "leave it out to use these"
            )
    elif names is None and count is not None:
        names = generic_labels("x", count)
    if names is None:
        return Columns(None, [])
    return Columns(list(names), [Source(name) for name in names])


def _learned(transformer: Any, attribute: str) -> Any:
    """Return an attribute of a transformer, or of one within it that reads the same columns."""
    if isinstance(transformer, Pipeline):
        readers = [step for _, step in transformer.steps if not _is_off(step)][:1]
    elif isinstance(transformer, FeatureUnion):
        readers = [part for _, part in transformer.transformer_list]
    else:
        return getattr(transformer, attribute, None)
    found = (_learned(reader, attribute) for reader in readers)
    return next((value for value in found if value is not None), None)


def _follow(transformer: Any, columns: Columns) -> Columns:
    """Return the columns that a transformer makes."""
    if _is_off(transformer):
        return columns
    if isinstance(transformer, (Pipeline, ColumnTransformer, FeatureUnion)):
        check_is_fitted(transformer)
    if isinstance(transformer, Pipeline):
        for _, step in transformer.steps:
            columns = _follow(step, columns)
        return columns
    if isinstance(transformer, (ColumnTransformer, FeatureUnion)):
        return _joined(transformer, columns)
    names = _names_out(transformer, columns)
    origins = _origins(transformer, len(columns.sources), len(names))
    if origins is None:
        _check_unmixed(transformer, columns.sources)
        return Columns(names, [Source(name) for name in names])
    _check_count(transformer, len(origins), len(names))
    return Columns(names, [columns.sources[j] for j in origins])


def _is(value: Any, word: str) -> bool:
    """Whether a value, which may be a transformer or a function, is this word."""
    return isinstance(value, str) and value == word


def _is_off(transformer: Any) -> bool:
    """Whether columns pass through unchanged here."""
    return transformer is None or _is(transformer, "passthrough")


def _names_out(transformer: Any, columns: Columns) -> list[str]:
    """Return the names that a transformer gives to its output."""
    name = type(transformer).__name__
    if not hasattr(transformer, "get_feature_names_out"):
        raise TypeError(
            "transformer must have get_feature_names_out in all of its parts, got "
            f"{transformer!r}, which has none: leave a model at the end of a pipeline out "
            "(pipeline[:-1]), and give a FunctionTransformer feature_names_out='one-to-one' if "
            "each output is a function of the input in its place"
        )
    names = np.asarray(transformer.get_feature_names_out(columns.names), dtype=object)
    if names.ndim != 1:
        raise ValueError(
            f"input_features must be given, got None: {name} does not know its input columns"
        )
    return [str(given) for given in names]


def _joined(transformer: ColumnTransformer | FeatureUnion, columns: Columns) -> Columns:
    """Return the columns that the parts of a transformer make side by side."""
    prefixed, sources = [], []
    parts = _parts if isinstance(transformer, FeatureUnion) else _parts_by_column
    for name, part, seen in parts(transformer, columns):
        made = _follow(part, seen)
        renamed = {s: Source(_prefixed(transformer, name, s.name)) for s in made.sources}
        sources += [renamed[source] for source in made.sources]
        prefixed += [_prefixed(transformer, name, feature) for feature in made.names or []]
    names = _names_out(transformer, columns)
    if prefixed != names:
        raise ValueError(
            f"transformer must name its columns after its parts, got {type(transformer).__name__} "
            f"with columns {names}, whose parts make {prefixed}"
        )
    return Columns(names, sources)


def _parts(transformer: FeatureUnion, columns: Columns) -> Iterator[Part]:
    """Yield the transformers of a union and what they read: every column."""
    for name, part in transformer.transformer_list:
        if not _is(part, "drop"):
            yield name, part, columns


def _parts_by_column(transformer: ColumnTransformer, columns: Columns) -> Iterator[Part]:
    """Yield the transformers of some columns and these columns."""
    names = columns.names or []
    for name, part, selected in transformer.transformers_:
        positions = [] if _is(part, "drop") else _positions(selected, names)
        if positions:
            seen = Columns([names[j] for j in positions], [columns.sources[j] for j in positions])
            yield name, part, seen


def _positions(selected: Any, names: list[str]) -> list[int]:
    """Return the positions of the columns that a ColumnTransformer selected.

    It selects by a name, a position, a list of either, a mask, or a slice. A slice of names
    includes its end.
    """
    every = np.arange(len(names))
    if isinstance(selected, slice):
        start, stop = selected.start, selected.stop
        if isinstance(start, str):
            start = names.index(start)
        if isinstance(stop, str):
            stop = names.index(stop) + 1
        return list(map(int, every[start : stop : selected.step]))
    # Reading an entry of the list that scikit-learn before 1.7 has for the remainder warns.
    listed = np.atleast_1d(selected.data if isinstance(selected, UserList) else selected)
    if listed.dtype.kind in "OUT":
        return [names.index(name) if isinstance(name, str) else int(every[name]) for name in listed]
    return list(map(int, every[listed])) if listed.size else []


def _prefixed(transformer: ColumnTransformer | FeatureUnion, part: str, name: str) -> str:
    """Return a name as the transformer gives it to the output of one of its parts."""
    rule = transformer.verbose_feature_names_out
    if callable(rule):
        return str(rule(part, name))
    if isinstance(rule, str):
        return rule.format(transformer_name=part, feature_name=name)
    return f"{part}__{name}" if rule else name


def _origins(transformer: Any, n_in: int, n_out: int) -> list[int] | None:
    """Return the input that each output of a transformer comes from.

    None if an output may come from several inputs, or if nothing is known about it.
    """
    if isinstance(transformer, OneHotEncoder):
        return _repeated(_one_hot_counts(transformer))
    if isinstance(transformer, KBinsDiscretizer) and transformer.encode != "ordinal":
        return _repeated(transformer.n_bins_)
    if isinstance(transformer, (SplineTransformer, TargetEncoder)):  # equally many of each input
        return _repeated([n_out // max(n_in, 1)] * n_in)
    if isinstance(transformer, SelectorMixin):
        return list(map(int, transformer.get_support(indices=True)))
    if _is_one_to_one(transformer):
        return list(range(n_in))
    return None


def _repeated(counts: Any) -> list[int]:
    """Return 0, 1, ..., each as often as these counts say."""
    return list(map(int, np.repeat(np.arange(len(counts)), counts)))


def _one_hot_counts(encoder: OneHotEncoder) -> list[int]:
    """Return how many columns an encoder makes of each input."""
    counts = [len(categories) for categories in encoder.categories_]
    # Infrequent categories share one column. The encoder has the attribute if it looks for them.
    for j, infrequent in enumerate(getattr(encoder, "infrequent_categories_", ())):
        counts[j] -= 0 if infrequent is None else len(infrequent) - 1
    if encoder.drop_idx_ is None:
        return counts
    return [n - (drop is not None) for n, drop in zip(counts, encoder.drop_idx_, strict=True)]


def _is_one_to_one(transformer: Any) -> bool:
    """Whether each output is made of the input in its place."""
    if isinstance(transformer, FunctionTransformer):
        return bool(_is(transformer.feature_names_out, "one-to-one"))
    # A class that names its outputs itself may make others.
    mixin = OneToOneFeatureMixin.get_feature_names_out
    own = type(transformer).get_feature_names_out is not mixin
    return isinstance(transformer, KBinsDiscretizer) or not own


def _check_count(transformer: Any, counted: int, named: int) -> None:
    """Refuse an output of another size than what the transformer learned says."""
    if counted != named:
        raise ValueError(
            f"transformer must make {counted} columns, by what {type(transformer).__name__} "
            f"learned in fit, got {named} names from its get_feature_names_out"
        )


def _check_unmixed(transformer: Any, sources: list[Source]) -> None:
    """Refuse to follow several columns of one source through a transformer that may mix them."""
    times = Counter(sources)
    mixed = next((source.name for source in sources if times[source] > 1), None)
    if mixed is not None:
        raise ValueError(
            f"transformer must keep the columns of a group apart from others, got "
            f"{transformer!r} after a step that makes several columns of {mixed!r}: which of its "
            "outputs belong together is not known. Put it before that step, or pass groups as "
            "labels of your own"
        )


def _check_distinct(sources: list[Source]) -> None:
    """Refuse two groups of one name."""
    known: dict[str, Source] = {}
    for source in sources:
        if known.setdefault(source.name, source) is not source:
            raise ValueError(
                f"transformer must give each group a name of its own, got two groups with the name "
                f"{source.name!r}: rename the columns of X, or set verbose_feature_names_out=True, "
                "which puts the name of the transformer before them"
            )
