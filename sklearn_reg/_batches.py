"""Rows that come in batches: read one at a time, checked against those before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from sklearn_reg._parameters import READ_AS, check_sample_weight
from sklearn_reg._progress import Task
from sklearn_reg._typing import FloatArray, Matrix


class Batch(NamedTuple):
    """Rows that have been checked."""

    X: Matrix
    Y: FloatArray  # of shape (n_samples, n_targets)
    weights: FloatArray | None  # as given, because their scale counts across batches
    y_ndim: int


def read(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    sample_weight: Any,
    *,
    first: bool,
    scaled: bool = False,
) -> Batch:
    """Check rows; the first ones say how many features there are, and their names."""
    X, y = validate_data(estimator, X, y, multi_output=True, y_numeric=True, reset=first, **READ_AS)
    weights = check_sample_weight(sample_weight, X.shape[0], scaled=scaled)
    Y = np.asarray(y, dtype=np.float64).reshape(X.shape[0], -1)
    return Batch(X, Y, weights, np.ndim(y))


def read_all(
    estimator: BaseEstimator, batches: Iterable[tuple[Any, ...]], task: Task
) -> Iterator[Batch]:
    """Read (X, y) or (X, y, sample_weight) one by one; an error says which batch it is about."""
    shape = None
    for number, parts in enumerate(batches):
        with task.part("batch", number):
            X, y, weights = _parts(parts, number)
            if np.shape(X)[:1] == (0,):
                continue
            try:
                batch = read(estimator, X, y, weights, first=shape is None)
                shape = shape or _shape_of_y(batch)
                check_y(batch, *shape)
            except (TypeError, ValueError) as error:
                kind = TypeError if isinstance(error, TypeError) else ValueError
                raise kind(f"batch {number}: {error}") from error
            yield batch
    if shape is None:
        raise ValueError("batches must have at least one row, got none")


def count(batches: Iterable[Any]) -> int | None:
    """Return how many batches there are, where that is known before they are read."""
    return len(batches) if isinstance(batches, Sized) else None


def check_y(batch: Batch, y_ndim: int, n_targets: int) -> None:
    """Refuse targets that are not shaped like those before."""
    if _shape_of_y(batch) != (y_ndim, n_targets):
        before = "(n_samples,)" if y_ndim == 1 else f"(n_samples, {n_targets})"
        n = len(batch.Y)
        now = (n,) if batch.y_ndim == 1 else (n, batch.Y.shape[1])
        raise ValueError(f"y must have shape {before} as before, got {now}")


def _shape_of_y(batch: Batch) -> tuple[int, int]:
    return batch.y_ndim, batch.Y.shape[1]


def _parts(batch: Any, number: int) -> tuple[Any, Any, Any]:
    """Return X, y and weights of a batch."""
    if isinstance(batch, (tuple, list)) and len(batch) in (2, 3):
        X, y, *weights = batch
        return X, y, weights[0] if weights else None
    raise TypeError(
        f"batch {number} must be (X, y) or (X, y, sample_weight), got {type(batch).__name__}"
    )
