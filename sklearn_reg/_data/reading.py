"""Read the input: it is checked once, and is `Data` from then on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, check_consistent_length, validate_data

from sklearn_reg._checks.labels import keep_labels
from sklearn_reg._checks.namespaces import check_one_home
from sklearn_reg._checks.parameters import READ_AS, READ_Y_AS, check_sample_weight
from sklearn_reg._checks.placed import placed, staying
from sklearn_reg._checks.values import in_memory, on_dask
from sklearn_reg._data.data import Batch, Data, InMemory, error_in
from sklearn_reg._tools.progress import Task
from sklearn_reg._tools.typing import Matrix


def read(
    estimator: BaseEstimator,
    X: Matrix,
    y: ArrayLike,
    sample_weight: ArrayLike | None,
    *,
    first: bool = True,
    normalized: bool = True,
) -> Batch:
    """Read rows; the first ones set the number of features and their names.

    Unless `normalized`, weights are not scaled, because all batches share one scale.
    """
    keep_labels(estimator, X, y, first=first)
    if on_dask(X):
        from sklearn_reg._data.dask import read_dask  # Dask is optional

        return read_dask(estimator, X, y, sample_weight, first=first)
    check_one_home(X=X, y=y, sample_weight=sample_weight)
    given, kept = X, placed(X) if y is not None else None
    X, y = X if kept else in_memory(X, "X"), in_memory(y, "y")
    if kept:
        X = validate_data(estimator, X, reset=first, dtype=None)
        y = check_array(y, input_name="y", estimator=estimator, **READ_Y_AS)
    else:
        X, y = validate_data(estimator, X, y, reset=first, validate_separately=(READ_AS, READ_Y_AS))
    check_consistent_length(X, y)
    weights = check_sample_weight(sample_weight, X.shape[0], normalized=normalized)
    return InMemory(kept or staying(given, X), y, weights)


def read_all(
    estimator: BaseEstimator,
    batches: Iterable[tuple[Any, ...]],
    task: Task,
    add: Callable[[Batch], None],
) -> None:
    """Read (X, y) or (X, y, sample_weight) one by one; an error gives the number of the batch."""
    shape = None
    for number, parts in enumerate(batches):
        with task.part("batch", number), error_in(f"batch {number}"):
            X, y, weights = _parts(parts)
            if not on_dask(X) and np.shape(X)[:1] == (0,):
                continue
            batch = read(estimator, X, y, weights, first=shape is None, normalized=False)
            shape = shape or (batch.y_ndim, batch.n_targets)
            check_y(batch, *shape)
            add(batch)
    if shape is None:
        raise ValueError("batches must have at least one row, got none")


def count(batches: Iterable[Any]) -> int | None:
    """Return the number of batches; None if it is not known before they are read."""
    return len(batches) if isinstance(batches, Sized) else None


def check_y(data: Data, y_ndim: int, n_targets: int) -> None:
    """Refuse targets whose shape is not that of the earlier ones."""
    if (data.y_ndim, data.n_targets) != (y_ndim, n_targets):
        before, now = (
            "(n_samples,)" if ndim == 1 else f"(n_samples, {targets})"
            for ndim, targets in ((y_ndim, n_targets), (data.y_ndim, data.n_targets))
        )
        raise ValueError(f"y must have shape {before} as before, got {now}")


def _parts(batch: Any) -> tuple[Any, Any, Any]:
    """Return X, y and weights of a batch."""
    if isinstance(batch, (tuple, list)) and len(batch) in (2, 3):
        X, y, *weights = batch
        return X, y, weights[0] if weights else None
    raise TypeError(f"must be (X, y) or (X, y, sample_weight), got {type(batch).__name__}")
