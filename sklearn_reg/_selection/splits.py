"""The splits of a cross-validation: `cv` is read once, and converted to positions of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import BaseCrossValidator, PredefinedSplit, check_cv

from sklearn_reg._checks.values import calling, in_memory
from sklearn_reg._tools.typing import FloatArray, IndexArray

BOOLS = (bool, np.bool_)


class Split(NamedTuple):
    """The rows of one fold, as positions >= 0; a row that is listed twice counts twice."""

    train: IndexArray
    test: IndexArray


class _Given(BaseCrossValidator):  # type: ignore[misc]
    """A splitter with a given list of splits."""

    def __init__(self, splits: list[Any]) -> None:
        self._splits = splits

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits."""
        return len(self._splits)

    def split(self, X: Any = None, y: Any = None, groups: Any = None) -> Iterator[Any]:
        """Yield the splits unchanged."""
        return iter(self._splits)


def splitter_of(cv: Any) -> Any:
    """Return the splitter that `cv` stands for. An iterator is read here, and only here.

    Raises
    ------
    ValueError
        If `cv` is no splitter, or an iterable without splits.
    """
    if not _is_iterable(cv):
        return check_cv(cv)
    splits = list(cv)
    if not splits:
        cause = (
            "it is an iterator, which can be read only once, and it has been read before; pass a "
            "list of its splits"
            if isinstance(cv, Iterator)
            else "pass at least one (train, test)"
        )
        raise ValueError(f"cv must give splits, got none from {cv!r}: {cause}")
    return _Given(splits)


def routed_splitter(cv: Any) -> Any:
    """Return a splitter for metadata routing, without reading an iterator."""
    return _Given([]) if _is_iterable(cv) else check_cv(cv)


def read_splits(splitter: Any, X: Any, y: Any, n_rows: int, params: dict[str, Any]) -> list[Split]:
    """List the splits that a splitter gives, as positions of rows.

    Boolean masks, negative numbers, slices, lists, and pandas Series and Index are accepted.

    Raises
    ------
    IndexError
        If a mask or a row number does not fit the rows of X.
    ValueError, TypeError
        If there are no splits, if they are not pairs of masks or row numbers, or if one side is
        empty.
    """
    if isinstance(splitter, PredefinedSplit) and len(splitter.test_fold) != n_rows:
        raise ValueError(
            f"cv has the folds of {len(splitter.test_fold)} rows, but there are {n_rows}"
        )
    with calling("cv", splitter):
        given = list(splitter.split(X, y, **params))
    if not given:
        raise ValueError(f"cv must give splits, got none from {splitter!r}")
    splits = [_split_of(split, fold, n_rows) for fold, split in enumerate(given)]
    check_splits(splits, None)
    return splits


def check_sides(fold: int, train: float, test: float) -> None:
    """Refuse a fold with an empty side; each side is given by a number that is 0 if it is empty."""
    for side, filled in (("train", train), ("test", test)):
        if not filled:
            raise ValueError(f"cv gave fold {fold} a {side} set without rows or weight")


def check_splits(splits: Sequence[Split], weights: FloatArray | None) -> None:
    """Refuse splits with an empty side."""
    for fold, split in enumerate(splits):
        check_sides(
            fold, *[len(rows) if weights is None else weights[rows].sum() for rows in split]
        )


def _is_iterable(cv: Any) -> bool:
    """Whether `cv` is an iterable of splits, not a splitter, a number or text."""
    return isinstance(cv, Iterable) and not hasattr(cv, "split")


def _split_of(split: Any, fold: int, n_rows: int) -> Split:
    """Return one pair as positions."""
    try:
        train, test = split
    except (TypeError, ValueError):
        raise ValueError(
            f"cv must give pairs (train, test), got {split!r} as fold {fold}"
        ) from None
    return Split(
        _positions(train, f"the train set of fold {fold}", n_rows),
        _positions(test, f"the test set of fold {fold}", n_rows),
    )


def _positions(side: Any, what: str, n_rows: int) -> IndexArray:
    """Return positions >= 0 for a mask, row numbers or a slice."""
    if isinstance(side, slice):
        return np.arange(n_rows)[side]
    rows = np.asarray(in_memory(side, f"cv, {what},"))
    if rows.ndim != 1:
        raise ValueError(f"cv must give row numbers or a mask as {what}, got shape {rows.shape}")
    if rows.dtype == object and rows.size:  # a list, or a nullable column of pandas
        kinds = {bool: BOOLS, np.intp: (Integral,)}
        fits = [
            dtype for dtype, kind in kinds.items() if all(isinstance(row, kind) for row in rows)
        ]
        rows = rows.astype(fits[0]) if fits else rows
    if rows.dtype == bool and rows.size:
        if rows.size != n_rows:
            raise IndexError(f"cv gave a mask of {rows.size} rows as {what}; X has {n_rows}")
        return np.flatnonzero(rows)
    if not rows.size:
        return np.zeros(0, dtype=np.intp)
    if not np.issubdtype(rows.dtype, np.integer):
        raise TypeError(
            f"cv must give row numbers or a mask as {what}, got {rows[0]!r} of dtype {rows.dtype}"
        )
    wrong = (rows < -n_rows) | (rows >= n_rows)
    if wrong.any():
        raise IndexError(
            f"cv gave row {rows[wrong][0]} in {what}; X has {n_rows} rows, whose numbers are 0 to "
            f"{n_rows - 1}"
        )
    rows = rows.astype(np.intp)
    return np.where(rows < 0, rows + n_rows, rows)
