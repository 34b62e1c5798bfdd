"""Moments by cell of rows that come in batches; a cell is a set of rows that no split separates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy

import numpy as np

from sklearn_reg._data.rows import take_rows
from sklearn_reg._tools.threads import in_rounds, mapped_in_threads
from sklearn_reg._tools.typing import FloatArray, IndexArray, Matrix
from sklearn_reg.moments import Moments, in_turn

Cell = tuple[int, slice | IndexArray]  # the number of a cell, and its rows in a batch
# Assigns rows to cells, given the number of earlier rows and the number of these rows.
Assign = Callable[[int, int], Iterable[Cell]]


class CellMoments:
    """The moments of each cell.

    Attributes
    ----------
    found : dict of int to Moments
        The moments of the cells that have rows.
    n_seen, n_rows : int
        The number of rows so far, and of those with a positive weight.
    """

    def __init__(self, n_cells: int, n_features: int, n_targets: int) -> None:
        self.n_cells, self.shape = n_cells, (n_features, n_targets)
        self.found: dict[int, Moments] = {}
        self.n_seen = self.n_rows = 0

    @property
    def parts(self) -> list[Moments]:
        """Moments of every cell."""
        nothing = Moments(*self.shape)
        return [self.found.get(cell, nothing) for cell in range(self.n_cells)]

    def by_name(self) -> dict[str, FloatArray]:
        """Return the largest size of each column of X and y in any cell, for messages."""
        sizes = [part.by_name() for part in self.found.values() if part.weight > 0]
        return {
            name: np.asarray([size[name] for size in sizes], dtype=np.float64).max(axis=0)
            for name in ("X", "y")
        }

    def update(
        self, X: Matrix, Y: FloatArray, weights: FloatArray | None, cells: Iterable[Cell]
    ) -> CellMoments:
        """Add rows in place, each to its cell."""
        self._add(moments_by_cell(X, Y, weights, cells))
        return self._count(Y, weights)

    def update_by_chunks(
        self,
        X: Matrix,
        Y: FloatArray,
        weights: FloatArray | None,
        chunks: Sequence[slice],
        cells_of: Callable[[slice], Iterable[Cell]],
    ) -> CellMoments:
        """Add rows in place, chunk by chunk; threads share the work and change no bit."""

        def of_chunk(rows: slice) -> list[tuple[int, Moments]]:
            s = None if weights is None else weights[rows]
            return moments_by_cell(X[rows], Y[rows], s, cells_of(rows))

        with mapped_in_threads(len(chunks)) as mapped:
            for parts in in_rounds(mapped, of_chunk, chunks):
                self._add(parts)
        return self._count(Y, weights)

    def __add__(self, other: CellMoments) -> CellMoments:
        both = copy(self)
        both.found = dict(self.found)
        both._add(other.found.items())
        both.n_seen, both.n_rows = self.n_seen + other.n_seen, self.n_rows + other.n_rows
        return both

    def _count(self, Y: FloatArray, weights: FloatArray | None) -> CellMoments:
        """Count rows that were added."""
        self.n_seen += len(Y)
        self.n_rows += len(Y) if weights is None else int(np.count_nonzero(weights))
        return self

    def _add(self, parts: Iterable[tuple[int, Moments]]) -> None:
        """Add moments to those of their cells."""
        for cell, part in parts:
            self.found[cell] = self.found[cell] + part if cell in self.found else part


def moments_by_cell(
    X: Matrix, Y: FloatArray, weights: FloatArray | None, cells: Iterable[Cell]
) -> list[tuple[int, Moments]]:
    """Return the moments of the rows of each cell that has any."""
    cells = list(cells)
    if isinstance(X, np.ndarray) and X.flags.c_contiguous and _are_in_turn(cells):
        parts = in_turn(X, Y, weights, len(cells))
        return [(cell, part) for (cell, _), part in zip(cells, parts, strict=True)]
    found = []
    for cell, rows in cells:
        some = X[rows] if isinstance(rows, slice) else take_rows(X, rows)
        s = None if weights is None else weights[rows]
        if some.shape[0]:
            found.append((cell, Moments(X.shape[1], Y.shape[1]).add_checked(some, Y[rows], s)))
    return found


def one_cell(first: int, n_rows: int) -> Iterable[Cell]:
    """Put all rows into one cell."""
    return [(0, slice(None))]


def round_robin(first: int, n_rows: int, n_cells: int) -> Iterator[Cell]:
    """Assign row i of all rows to cell i mod n_cells; `first` is the number of earlier rows.

    The cell of a row does not depend on how the rows are split into batches.
    """
    for start in range(min(n_rows, n_cells)):
        yield (first + start) % n_cells, slice(start, None, n_cells)


def by_label(cells: IndexArray) -> Iterator[Cell]:
    """Collect the rows of each cell, given the cell of each row."""
    order = np.argsort(cells, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(cells[order])) + 1):
        if rows.size:
            neighbours = rows[-1] - rows[0] == rows.size - 1
            yield int(cells[rows[0]]), slice(rows[0], rows[-1] + 1) if neighbours else rows


def _are_in_turn(cells: Sequence[Cell]) -> bool:
    """Whether row i of a batch is in the cell at position i mod k of the k cells."""
    k = len(cells)
    return k > 1 and all(
        isinstance(rows, slice) and rows == slice(place, None, k)
        for place, (_, rows) in enumerate(cells)
    )
