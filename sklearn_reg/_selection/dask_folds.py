"""The folds of rows on Dask, from row numbers alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import KFold, PredefinedSplit

from sklearn_reg._data.dask import OnDask
from sklearn_reg._data.data import FOR_WORKING_SETS, LARGEST_GRAM, Batch
from sklearn_reg._data.designs import Preprocessing
from sklearn_reg._selection.assignment import Assignment, Blocks, Labelled, assignment_of
from sklearn_reg._selection.folds import Folds, RowFolds, StreamFolds
from sklearn_reg._selection.splits import Split, check_splits, read_splits
from sklearn_reg._tools.typing import FloatArray

# The moments of all cells together have at most so many numbers (800 MB).
MOST_NUMBERS = LARGEST_GRAM**2
SHARING_PASSES = 8  # folds: a pass over chunks costs more than the working sets on the client


def folds_on_dask(
    data: Batch, splitter: Any, params: dict[str, Any], preprocessing: Preprocessing
) -> Folds:
    """Split rows on Dask into folds; `params` are for the splitter."""
    assert isinstance(data, OnDask)
    params = {name: np.asarray(of_rows) for name, of_rows in params.items()}
    n_folds = splitter.get_n_splits(_unread(data.n_rows), None, **params)
    if data.is_tall(FOR_WORKING_SETS.most):
        _check_cells(n_folds, data.n_features)
    if not data.is_tall(int(np.sqrt(MOST_NUMBERS / max(n_folds, 1)))):
        rows, Y, weights = data.survey()
        splits = _splits(splitter, rows.shape[0], params)
        check_splits(splits, weights)
        folds = RowFolds(rows, Y, weights, splits, preprocessing)
        folds.at_once, folds.most_groups = SHARING_PASSES, 1
        return folds
    assignment = _assignment(data, splitter, params)
    _check_cells(assignment.n_cells, data.n_features)
    gathered = data.gathered(assignment.n_cells, assignment.cells)
    return StreamFolds(gathered, assignment, preprocessing)


def _assignment(data: OnDask, splitter: Any, params: dict[str, Any]) -> Assignment:
    """Return the assignment of the rows to cells."""
    if type(splitter) is KFold and not splitter.shuffle:
        if splitter.n_splits > data.n_rows:
            raise ValueError(f"cv={splitter.n_splits} is more than the {data.n_rows} rows of X")
        return Blocks(splitter.n_splits, data.n_rows)
    if isinstance(splitter, PredefinedSplit):
        return Labelled(splitter.test_fold)
    splits = _splits(splitter, data.n_rows, params)
    return assignment_of(splits, data.n_rows, MOST_NUMBERS / data.n_features**2)


def _check_cells(n_cells: int, n_features: int) -> None:
    """Refuse folds whose moments would fill the memory of the client."""
    if n_cells * n_features**2 > MOST_NUMBERS:
        raise ValueError(
            f"cv separates the rows into {n_cells} sets or more, whose moments "
            f"({n_features} x {n_features} each) would fill the client: use fewer "
            "folds, or folds that partition the rows"
        )


def _splits(splitter: Any, n_rows: int, params: dict[str, Any]) -> list[Split]:
    """List the splits, given the number of rows alone."""
    return read_splits(splitter, _unread(n_rows), None, n_rows, params)


def _unread(n_rows: int) -> FloatArray:
    """Return a placeholder for X: a splitter can count its rows, but not read them."""
    return np.broadcast_to(0.0, (n_rows, 1))
