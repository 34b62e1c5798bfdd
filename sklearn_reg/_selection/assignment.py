"""Assign rows to cells: rows that no split of a cross-validation separates form a cell.

The training and the test set of a split are then sets of cells, and their moments are sums of those
of the cells.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from sklearn_reg._data.cells import Cell, CellMoments, by_label, round_robin
from sklearn_reg._selection.splits import Split, check_sides
from sklearn_reg._tools.typing import BoolArray, IndexArray


class Sides(NamedTuple):
    """The cells of the training set and of the test set of one split."""

    train: BoolArray
    test: BoolArray


class Assignment(ABC):
    """Assigns the rows of a stream to cells, and gives the cells on each side of each split.

    Attributes
    ----------
    n_cells, n_folds : int
    everything : ndarray of shape (n_cells,) of bool
        Cells that together hold every row once.
    """

    n_cells: int
    n_folds: int

    @property
    def everything(self) -> BoolArray:
        """Cells that together hold every row once."""
        return np.ones(self.n_cells, dtype=bool)

    @abstractmethod
    def cells(self, first: int, n_rows: int) -> Iterator[Cell]:
        """Assign rows, given the number of earlier rows and the number of these rows."""

    def sides(self, gathered: CellMoments) -> list[Sides]:
        """Return the sides of each split; refuse one with an empty side."""
        filled = np.array([part.weight > 0 for part in gathered.parts])
        found = [Sides(*(filled & side for side in sides)) for sides in self._sides()]
        for fold, sides in enumerate(found):
            check_sides(fold, bool(sides.train.any()), bool(sides.test.any()))
        return found

    def _sides(self) -> list[Sides]:
        """Sides of each split; by default each of the last n_folds cells is a test set."""
        cells = np.arange(self.n_cells)
        return [Sides(cells != cell, cells == cell) for cell in cells[-self.n_folds :]]


class RoundRobin(Assignment):
    """Row i of a stream is tested in fold i mod n_folds."""

    def __init__(self, n_folds: int) -> None:
        self.n_cells = self.n_folds = n_folds

    def cells(self, first: int, n_rows: int) -> Iterator[Cell]:
        """Assign rows, given the number of earlier rows and the number of these rows."""
        return round_robin(first, n_rows, self.n_cells)


class Blocks(Assignment):
    """Each fold is tested on a block of rows, as in scikit-learn's KFold without shuffling."""

    def __init__(self, n_folds: int, n_rows: int) -> None:
        self.n_cells = self.n_folds = n_folds
        sizes = np.full(n_folds, n_rows // n_folds)
        sizes[: n_rows % n_folds] += 1
        self._ends = np.cumsum(sizes)

    def cells(self, first: int, n_rows: int) -> Iterator[Cell]:
        """Assign rows, given the number of earlier rows and the number of these rows."""
        start = first
        while start < first + n_rows:
            cell = int(np.searchsorted(self._ends, start, side="right"))
            end = min(int(self._ends[cell]), first + n_rows)
            yield cell, slice(start - first, end - first)
            start = end


class Labelled(Assignment):
    """Each row has the number of the fold that it is tested in, or -1 for none."""

    def __init__(self, folds: IndexArray) -> None:
        labels, self._labels = np.unique(folds, return_inverse=True)
        self.n_cells = labels.size
        self.n_folds = self.n_cells - int(labels[0] < 0)

    def cells(self, first: int, n_rows: int) -> Iterator[Cell]:
        """Assign rows, given the number of earlier rows and the number of these rows."""
        cells = self._labels[first : first + n_rows]
        if len(cells) < n_rows:
            raise ValueError(f"cv has the folds of {first + len(cells)} rows, but there are more")
        return by_label(cells)

    def sides(self, gathered: CellMoments) -> list[Sides]:
        """Return the sides of each split; refuse fewer rows than there are labels."""
        if gathered.n_seen < self._labels.size:
            raise ValueError(
                f"cv has the folds of {self._labels.size} rows, but there are {gathered.n_seen}"
            )
        return super().sides(gathered)


class BySplits(Assignment):
    """Any splits of the rows: rows that no split separates share a cell."""

    def __init__(self, n_rows: int, splits: Sequence[Split]) -> None:
        self._labels, first = cells_of(n_rows, splits)
        self.n_cells, self.n_folds = first.size, len(splits)
        self._found = [
            Sides(*(np.bincount(rows, minlength=n_rows)[first] > 0 for rows in split))
            for split in splits
        ]

    def cells(self, first: int, n_rows: int) -> Iterator[Cell]:
        """Assign rows, given the number of earlier rows and the number of these rows."""
        return by_label(self._labels[first : first + n_rows])

    def _sides(self) -> list[Sides]:
        return self._found


class BySides(Assignment):
    """Splits that overlap too much for cells, or repeat rows: each side is gathered separately."""

    def __init__(self, splits: Sequence[Split]) -> None:
        self.n_folds = len(splits)
        self.n_cells = 2 * self.n_folds + 1  # the last one has all rows
        self._rows = [np.sort(rows) for split in splits for rows in split]

    @property
    def everything(self) -> BoolArray:
        """Cells that together hold every row once."""
        return np.asarray(np.arange(self.n_cells) == self.n_cells - 1)

    def cells(self, first: int, n_rows: int) -> Iterator[Cell]:
        """Assign rows, given the number of earlier rows and the number of these rows."""
        for cell, rows in enumerate(self._rows):
            start, stop = np.searchsorted(rows, [first, first + n_rows])
            yield cell, rows[start:stop] - first
        yield self.n_cells - 1, slice(None)

    def _sides(self) -> list[Sides]:
        cells = np.arange(self.n_cells)
        return [Sides(cells == 2 * fold, cells == 2 * fold + 1) for fold in range(self.n_folds)]


def assignment_of(splits: Sequence[Split], n_rows: int, most_cells: float) -> Assignment:
    """Assign rows by splits, to no more than `most_cells` cells or one per side."""
    if not repeat_rows(splits):
        by_splits = BySplits(n_rows, splits)
        if by_splits.n_cells <= max(most_cells, 2 * len(splits)):
            return by_splits
    return BySides(splits)


def repeat_rows(splits: Sequence[Split]) -> bool:
    """Whether some row is repeated on one side of a split."""
    return any(np.bincount(rows).max() > 1 for split in splits for rows in split)


def cells_of(n_rows: int, splits: Sequence[Split]) -> tuple[IndexArray, IndexArray]:
    """Return the cell of each row, and one row of each cell; no split separates a cell."""
    # One random number per side; rows of the same cell have the same sum. That two cells have the
    # same 64-bit sum is practically impossible.
    numbers = np.random.default_rng(0).integers(2**63, size=(len(splits), 2), dtype=np.uint64)
    signature = np.zeros(n_rows, dtype=np.uint64)
    for split, sides in zip(splits, numbers, strict=True):
        for rows, number in zip(split, sides, strict=True):
            signature += number * np.bincount(rows, minlength=n_rows).astype(np.uint64)
    _, first, cells = np.unique(signature, return_index=True, return_inverse=True)
    # Number cells in the order of the rows: folds that are blocks of rows are then runs of cells.
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return rank[cells], first[order]
