"""The folds of a cross-validation, without a copy of the data.

`MomentFolds`, for more rows than columns: rows that the splits never separate form a cell, and one
pass over X gathers the moments of every cell. The moments of any training or test set are sums of
those of its cells; sums only, because a difference would cancel where a fold holds nearly all of a
column. `RowFolds`, for the others: a fold is a weight of zero for the rows it leaves out.
`GatheredFolds`, for rows that came in batches and are gone: only their moments are left.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from typing import NamedTuple

import numpy as np

from sklearn_reg._linalg import EPS, dense
from sklearn_reg._scaled import AnyPenalty, Scaled, scale_moments, scale_rows
from sklearn_reg._splits import Split, check_sides
from sklearn_reg._typing import BoolArray, FloatArray, IndexArray, Matrix
from sklearn_reg.moments import Moments, in_turn, row_chunks
from sklearn_reg.rows import rows_of, take_rows

# Splits with more cells than this, in numbers of their moments over numbers of X, are not
# gathered by cell.
MOST_CELLS = 4.0
# What merging two moments costs, in rows that could be gathered meanwhile: where cells are so many
# that summing them costs more, each side of a fold is gathered by itself.
MERGE_ROWS = 32
# Mean squares of residuals smaller than this share of what they are a difference of are
# recomputed from the rows.
CANCELLED = 1e6 * EPS


class Sides(NamedTuple):
    """The cells of one fold."""

    train: BoolArray
    test: BoolArray


class Folds(ABC):
    """Training sets as the solvers see them, and errors on both sides of each split.

    Attributes
    ----------
    n_folds, n_features, n_targets : int
    n_rows : int
        Rows with a positive weight.
    """

    n_folds: int
    n_features: int
    n_targets: int
    n_rows: int
    at_once = 1  # folds that are solved side by side, sharing products with X

    def __init__(self, *, centred: bool, standardize: bool) -> None:
        self.centred, self.standardize = centred, standardize

    @property
    def stored(self) -> int:
        """Numbers that a product with a training set reads: those of a Gram matrix, or of X."""
        return self.n_features**2

    @abstractmethod
    def whole(self, penalty: AnyPenalty) -> Scaled:
        """Return all of the data."""

    @abstractmethod
    def train(self, fold: int, penalty: AnyPenalty) -> Scaled:
        """Return the training set of a fold."""

    @abstractmethod
    def errors(self, fold: int, coefs: Matrix, intercepts: FloatArray) -> FloatArray:
        """Mean squared errors, of shape (2, k, n_targets): on the training and on the test set.

        `coefs` has shape (k * n_targets, n_features), dense or CSR, `intercepts` (k, n_targets).
        """

    @abstractmethod
    def target_moments(self) -> tuple[FloatArray, FloatArray]:
        """Weighted means of the targets, and variances."""

    def null_losses(self) -> FloatArray:
        """Mean squared error of the model without features, one a target; 1 where it is nothing."""
        means, variances = self.target_moments()
        losses = variances if self.centred else variances + means**2
        return np.where(losses > _rounding_of_squares(means), losses, 1.0)

    def rounding_of_losses(self) -> float:
        """Return what rounding alone may leave of a squared error."""
        means, variances = self.target_moments()
        return float(_rounding_of_squares(np.sqrt(variances + means**2)).max())

    def train_on_rows(self, fold: int, penalty: AnyPenalty) -> Scaled | None:
        """Return the training set of a fold as weighted rows, where there still are rows."""
        return None

    def whole_on_rows(self, penalty: AnyPenalty) -> Scaled | None:
        """Return all of the data as rows, where there still are rows."""
        return None

    def _scale(self, moments: Moments, penalty: AnyPenalty) -> Scaled:
        return scale_moments(moments, penalty, centred=self.centred, standardize=self.standardize)

    def _errors_from(
        self, sides: Sequence[Moments], coefs: Matrix, intercepts: FloatArray
    ) -> tuple[FloatArray, bool]:
        """Return `errors`, and whether all of them kept enough digits."""
        W, reliable = dense(coefs), True
        errors = np.zeros((2, *intercepts.shape))
        for side, moments in enumerate(sides):
            for target in range(self.n_targets):
                errors[side, :, target], sure = _mean_square(
                    moments, target, W[target :: self.n_targets], intercepts[:, target]
                )
                reliable &= sure
        return errors, reliable


class CellMoments:
    """Moments of rows that come in batches, in cells: rows that no split separates.

    Attributes
    ----------
    found : dict of int to Moments
        Those of the cells that have rows.
    n_rows : int
        Rows with a positive weight so far.
    """

    def __init__(self, n_cells: int, n_features: int, n_targets: int) -> None:
        self.n_cells, self.shape = n_cells, (n_features, n_targets)
        self.found: dict[int, Moments] = {}
        self.n_rows = 0

    @property
    def parts(self) -> list[Moments]:
        """Moments of every cell."""
        nothing = Moments(*self.shape)
        return [self.found.get(cell, nothing) for cell in range(self.n_cells)]

    def by_name(self) -> dict[str, FloatArray]:
        """Return how large the columns of X and y are in any cell, for messages."""
        sizes = [part.by_name() for part in self.found.values() if part.weight > 0]
        return {
            name: np.asarray([size[name] for size in sizes], dtype=np.float64).max(axis=0)
            for name in ("X", "y")
        }

    def update(
        self, X: Matrix, Y: FloatArray, weights: FloatArray | None, cells: Iterable[Cell]
    ) -> CellMoments:
        """Add rows, each to its cell."""
        cells = list(cells)
        if isinstance(X, np.ndarray) and X.flags.c_contiguous and _are_in_turn(cells):
            parts = in_turn(X, Y, weights, len(cells))
            self._add((cell, part) for (cell, _), part in zip(cells, parts, strict=True))
        else:
            for cell, rows in cells:
                some = X[rows] if isinstance(rows, slice) else take_rows(X, rows)
                s = None if weights is None else weights[rows]
                if some.shape[0]:
                    part = self.found.get(cell) or Moments(*self.shape)
                    self.found[cell] = part.add_checked(some, Y[rows], s)
        self.n_rows += len(Y) if weights is None else int(np.count_nonzero(weights))
        return self

    def __add__(self, other: CellMoments) -> CellMoments:
        both = copy(self)
        both.found = dict(self.found)
        both._add(other.found.items())
        both.n_rows = self.n_rows + other.n_rows
        return both

    def _add(self, parts: Iterable[tuple[int, Moments]]) -> None:
        """Add moments to those of their cells."""
        for cell, part in parts:
            self.found[cell] = self.found[cell] + part if cell in self.found else part


def _are_in_turn(cells: Sequence[Cell]) -> bool:
    """Whether row i of a batch is in the cell that comes at place i mod their number."""
    k = len(cells)
    return k > 1 and all(
        isinstance(rows, slice) and rows == slice(place, None, k)
        for place, (_, rows) in enumerate(cells)
    )


Cell = tuple[int, slice | IndexArray]  # the number of a cell, and its rows in a batch


def dealt(start: int, n_rows: int, n_cells: int) -> Iterator[Cell]:
    """Deal rows to cells in turn: row i of all, where start of them went before, to i mod n_cells.

    The same rows share a cell however they are cut into batches.
    """
    for first in range(min(n_rows, n_cells)):
        yield (start + first) % n_cells, slice(first, None, n_cells)


def by_cell(cells: IndexArray) -> Iterator[Cell]:
    """Collect the rows of each cell, given the cell of each row."""
    order = np.argsort(cells, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(cells[order])) + 1):
        if rows.size:
            neighbours = rows[-1] - rows[0] == rows.size - 1
            yield int(cells[rows[0]]), slice(rows[0], rows[-1] + 1) if neighbours else rows


class Deal(ABC):
    """Which cell each row of a stream belongs to, and the sides of the folds as cells.

    Attributes
    ----------
    n_cells, n_folds : int
    everything : ndarray of shape (n_cells,) of bool
        Cells that together hold every row once.
    """

    n_cells: int
    n_folds: int

    def __init__(self) -> None:
        self._seen = 0
        self.everything: BoolArray = np.ones(self.n_cells, dtype=bool)

    def cells(self, n_rows: int) -> Iterator[Cell]:
        """Deal the next rows."""
        first, self._seen = self._seen, self._seen + n_rows
        return self._cells(first, n_rows)

    @abstractmethod
    def _cells(self, first: int, n_rows: int) -> Iterator[Cell]:
        """Deal these rows of the stream."""

    def sides(self, gathered: CellMoments) -> list[Sides]:
        """Return the sides of each fold; refuse one with an empty side."""
        filled = np.array([part.weight > 0 for part in gathered.parts])
        found = [Sides(*(filled & side for side in sides)) for sides in self._sides()]
        for fold, sides in enumerate(found):
            check_sides(fold, bool(sides.train.any()), bool(sides.test.any()))
        return found

    def _sides(self) -> list[Sides]:
        """Sides of each fold; by default the last n_folds cells are one fold each."""
        cells = np.arange(self.n_cells)
        return [Sides(cells != cell, cells == cell) for cell in cells[-self.n_folds :]]


class InTurn(Deal):
    """Row i of a stream is tested in fold i mod n_folds."""

    def __init__(self, n_folds: int) -> None:
        self.n_cells = self.n_folds = n_folds
        super().__init__()

    def _cells(self, first: int, n_rows: int) -> Iterator[Cell]:
        return dealt(first, n_rows, self.n_cells)


class InBlocks(Deal):
    """Each fold is tested on a block of rows, as scikit-learn's KFold has them."""

    def __init__(self, n_folds: int, n_rows: int) -> None:
        self.n_cells = self.n_folds = n_folds
        sizes = np.full(n_folds, n_rows // n_folds)
        sizes[: n_rows % n_folds] += 1
        self._ends = np.cumsum(sizes)
        super().__init__()

    def _cells(self, first: int, n_rows: int) -> Iterator[Cell]:
        start = first
        while start < first + n_rows:
            cell = int(np.searchsorted(self._ends, start, side="right"))
            end = min(int(self._ends[cell]), first + n_rows)
            yield cell, slice(start - first, end - first)
            start = end


class ByLabel(Deal):
    """Each row has the number of the fold that it is tested in, or -1 for none."""

    def __init__(self, folds: IndexArray) -> None:
        labels, self._labels = np.unique(folds, return_inverse=True)
        self.n_cells = labels.size
        self.n_folds = self.n_cells - int(labels[0] < 0)
        super().__init__()

    def _cells(self, first: int, n_rows: int) -> Iterator[Cell]:
        cells = self._labels[first : first + n_rows]
        if len(cells) < n_rows:
            raise ValueError(f"cv has the folds of {first + len(cells)} rows, but there are more")
        return by_cell(cells)

    def sides(self, gathered: CellMoments) -> list[Sides]:
        """Return the sides of each fold; refuse to have seen fewer rows than there are labels."""
        if self._seen < self._labels.size:
            raise ValueError(
                f"cv has the folds of {self._labels.size} rows, but there are {self._seen}"
            )
        return super().sides(gathered)


class BySplits(Deal):
    """Any splits of the rows: rows that no split separates share a cell."""

    def __init__(self, n_rows: int, splits: Sequence[Split]) -> None:
        self._labels, first = _cells(n_rows, splits)
        self.n_cells, self.n_folds = first.size, len(splits)
        self._found = [
            Sides(*(np.bincount(rows, minlength=n_rows)[first] > 0 for rows in split))
            for split in splits
        ]
        super().__init__()

    def _cells(self, first: int, n_rows: int) -> Iterator[Cell]:
        return by_cell(self._labels[first : first + n_rows])

    def _sides(self) -> list[Sides]:
        return self._found


class BySides(Deal):
    """Splits that overlap too much for cells, or repeat rows: each side is gathered by itself."""

    def __init__(self, splits: Sequence[Split]) -> None:
        self.n_folds = len(splits)
        self.n_cells = 2 * self.n_folds + 1  # the last one has all rows
        self._rows = [np.sort(rows) for split in splits for rows in split]
        super().__init__()
        self.everything[:-1] = False

    def _cells(self, first: int, n_rows: int) -> Iterator[Cell]:
        for cell, rows in enumerate(self._rows):
            start, stop = np.searchsorted(rows, [first, first + n_rows])
            yield cell, rows[start:stop] - first
        yield self.n_cells - 1, slice(None)

    def _sides(self) -> list[Sides]:
        cells = np.arange(self.n_cells)
        return [Sides(cells == 2 * fold, cells == 2 * fold + 1) for fold in range(self.n_folds)]


def deal_of(splits: Sequence[Split], n_rows: int, most_cells: float) -> Deal:
    """Deal rows by splits, in no more than `most_cells` cells or one a side."""
    if not _repeat_rows(splits):
        by_splits = BySplits(n_rows, splits)
        if by_splits.n_cells <= max(most_cells, 2 * len(splits)):
            return by_splits
    return BySides(splits)


def _repeat_rows(splits: Sequence[Split]) -> bool:
    """Whether some row comes more than once on one side of a split."""
    return any(np.bincount(rows).max() > 1 for split in splits for rows in split)


class GatheredFolds(Folds):
    """Folds of rows that are gone: their moments were gathered as they went by.

    Parameters
    ----------
    gathered : CellMoments
    deal : Deal
        What dealt the rows to cells.
    centred, standardize : bool
    """

    def __init__(
        self, gathered: CellMoments, deal: Deal, *, centred: bool, standardize: bool
    ) -> None:
        super().__init__(centred=centred, standardize=standardize)
        self._sides, self._everything = deal.sides(gathered), deal.everything
        self._sums = _Sums(gathered.parts)
        self.n_folds, self.n_rows = deal.n_folds, gathered.n_rows
        self.n_features, self.n_targets = gathered.shape

    def whole(self, penalty: AnyPenalty) -> Scaled:
        """Return all of the data."""
        return self._scale(self._sums.over(self._everything), penalty)

    def train(self, fold: int, penalty: AnyPenalty) -> Scaled:
        """Return the training set of a fold."""
        return self._scale(self._sums.over(self._sides[fold].train), penalty)

    def errors(self, fold: int, coefs: Matrix, intercepts: FloatArray) -> FloatArray:
        """Mean squared errors, of shape (2, k, n_targets): on the training and on the test set."""
        sides = [self._sums.over(cells) for cells in self._sides[fold]]
        return self._errors_from(sides, coefs, intercepts)[0]

    def target_moments(self) -> tuple[FloatArray, FloatArray]:
        """Weighted means of the targets, and variances."""
        whole = self._sums.over(self._everything)
        return whole.mean_y, whole.scatter / whole.weight


class FoldsInMemory(Folds):
    """Folds of rows that are at hand.

    Parameters
    ----------
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_targets)
    weights : ndarray of shape (n_samples,) or None
    splits : sequence of Split
    centred, standardize : bool
    """

    def __init__(
        self,
        X: Matrix,
        Y: FloatArray,
        weights: FloatArray | None,
        splits: Sequence[Split],
        *,
        centred: bool,
        standardize: bool,
    ) -> None:
        super().__init__(centred=centred, standardize=standardize)
        self.X, self.Y, self.splits = X, Y, splits
        self.weights = np.ones(len(Y)) if weights is None else weights
        self._weighted = weights is not None
        self.n_folds, self.n_rows = len(splits), int(np.count_nonzero(self.weights))
        self.n_features, self.n_targets = X.shape[1], Y.shape[1]
        self._rows = rows_of(X)
        self._prepare()

    def _prepare(self) -> None:
        """Look at the data once, where that helps."""

    def target_moments(self) -> tuple[FloatArray, FloatArray]:
        """Weighted means of the targets, and variances."""
        shares = self.weights / self.weights.sum()
        means = shares @ self.Y
        return means, shares @ np.square(self.Y - means)

    def train_on_rows(self, fold: int, penalty: AnyPenalty) -> Scaled:
        """Return the training set of a fold, as weighted rows."""
        return self._scale_rows(self._weights_in(self.splits[fold].train), penalty)

    def whole_on_rows(self, penalty: AnyPenalty) -> Scaled:
        """Return all of the data, as rows."""
        return self._scale_rows(self.weights, penalty)

    def _scale_rows(self, weights: FloatArray, penalty: AnyPenalty) -> Scaled:
        return scale_rows(
            self.X,
            self.Y,
            weights,
            penalty,
            on_gram=False,
            centred=self.centred,
            standardize=self.standardize,
        )

    def _weights_in(self, rows: IndexArray) -> FloatArray:
        """Weights of the rows, zero for all others; a row that comes twice counts twice."""
        return self.weights * np.bincount(rows, minlength=len(self.Y))

    def _errors_on_rows(self, fold: int, coefs: Matrix, intercepts: FloatArray) -> FloatArray:
        sides = np.stack([self._weights_in(rows) for rows in self.splits[fold]])
        sides /= sides.sum(axis=1, keepdims=True)
        errors = np.zeros((2, *intercepts.shape))
        for target in range(self.n_targets):
            fitted = self._rows.fitted_by(coefs[target :: self.n_targets])
            residuals = self.Y[:, target, None] - fitted - intercepts[:, target]
            errors[:, :, target] = sides @ np.square(residuals, out=residuals)
        return errors


class RowFolds(FoldsInMemory):
    """Folds as weights on the rows."""

    at_once = 8  # each holds a working set

    @property
    def stored(self) -> int:
        """Numbers that a product with a training set reads."""
        return self._rows.stored

    def whole(self, penalty: AnyPenalty) -> Scaled:
        """Return all of the data."""
        return self.whole_on_rows(penalty)

    def train(self, fold: int, penalty: AnyPenalty) -> Scaled:
        """Return the training set of a fold."""
        return self.train_on_rows(fold, penalty)

    def errors(self, fold: int, coefs: Matrix, intercepts: FloatArray) -> FloatArray:
        """Mean squared errors, of shape (2, k, n_targets): on the training and on the test set."""
        return self._errors_on_rows(fold, coefs, intercepts)


class MomentFolds(FoldsInMemory):
    """Folds as sums of moments, gathered in one pass over X."""

    def _prepare(self) -> None:
        """Gather the moments of all cells, or of all rows where each side is gathered by itself."""
        X, Y, splits = self.X, self.Y, self.splits
        cells, self._first = _cells(len(Y), splits)
        self._kept: dict[tuple[int, int], Moments] = {}  # sides that were gathered by themselves
        room = MOST_CELLS * max(X.size, 2**18) / X.shape[1] ** 2  # for so many moments
        self._keeps = 2 * len(splits) <= room
        self._by_cell = not _repeat_rows(splits) and len(self._first) <= room and self._few_merges()
        if self._by_cell:
            self._sums = _Sums(self._gather(cells))
        else:
            self._sums = _Sums([self._moments_of(np.arange(len(Y)))])
            self._first = self._first[:1]

    @property
    def stored(self) -> int:
        """Numbers that a product with a training set reads; all of X if it is gathered anew."""
        return super().stored if self._by_cell else self._rows.stored

    def _few_merges(self) -> bool:
        """Whether summing the cells of all sides costs less than gathering their rows.

        A run of neighbouring cells takes about 2 log2(n_cells) sums, and no more than it has cells.
        """
        merges = 0.0
        for rows in (rows for split in self.splits for rows in split):
            inside = self._cells_of(rows)
            starts = np.count_nonzero(inside[1:] & ~inside[:-1]) + int(inside[0])
            merges += min(starts * 2 * np.log2(inside.size + 1), np.count_nonzero(inside))
        return MERGE_ROWS * merges <= sum(rows.size for split in self.splits for rows in split)

    def _cells_of(self, rows: IndexArray) -> BoolArray:
        """Which cells these rows are in."""
        return np.bincount(rows, minlength=len(self.Y))[self._first] > 0

    def whole(self, penalty: AnyPenalty) -> Scaled:
        """Return all of the data."""
        return self._scale(self._sums.over(np.ones(len(self._first), dtype=bool)), penalty)

    def train(self, fold: int, penalty: AnyPenalty) -> Scaled:
        """Return the training set of a fold."""
        return self._scale(self._side(fold, 0), penalty)

    def errors(self, fold: int, coefs: Matrix, intercepts: FloatArray) -> FloatArray:
        """Mean squared errors, of shape (2, k, n_targets): on the training and on the test set."""
        sides = [self._side(fold, side) for side in range(2)]
        errors, reliable = self._errors_from(sides, coefs, intercepts)
        return errors if reliable else self._errors_on_rows(fold, coefs, intercepts)

    def _side(self, fold: int, side: int) -> Moments:
        """Return the moments of the training (0) or test (1) set of a split."""
        rows = self.splits[fold][side]
        if self._by_cell:
            return self._sums.over(self._cells_of(rows))
        moments = self._kept.get((fold, side)) or self._moments_of(rows)
        if self._keeps:
            self._kept[fold, side] = moments
        return moments

    def _moments_of(self, rows: IndexArray) -> Moments:
        """Gather the moments of some rows, which may come more than once."""
        moments = Moments(self.X.shape[1], self.Y.shape[1])
        for part in row_chunks(rows.size, self.X.shape[1]):
            some = rows[part]
            weights = self.weights[some] if self._weighted else None
            if weights is None or weights.any():
                moments.add_checked(take_rows(self.X, some), self.Y[some], weights)
        return moments

    def _gather(self, cells: IndexArray) -> list[Moments]:
        """Gather the moments of each cell in one pass over X, some rows at a time."""
        n, p = self.X.shape
        gathered = CellMoments(len(self._first), p, self.n_targets)
        for rows in row_chunks(n, p, len(self._first)):
            weights = self.weights[rows] if self._weighted else None
            gathered.update(self.X[rows], self.Y[rows], weights, by_cell(cells[rows]))
        return gathered.parts


class _Sums:
    """Sums over any of a list of moments, with those over runs of them kept."""

    def __init__(self, parts: list[Moments]) -> None:
        self._parts = parts
        self._kept: dict[tuple[int, int], Moments] = {}

    def over(self, chosen: BoolArray) -> Moments:
        """Sum the chosen parts; at least one must be chosen."""
        total = self._between(0, len(self._parts), chosen)
        assert total is not None
        return total

    def _between(self, start: int, stop: int, chosen: BoolArray) -> Moments | None:
        inside = chosen[start:stop]
        if not inside.any():
            return None
        if stop - start == 1:
            return self._parts[start]
        every = bool(inside.all())
        if every and (start, stop) in self._kept:
            return self._kept[start, stop]
        middle = (start + stop) // 2
        left = self._between(start, middle, chosen)
        right = self._between(middle, stop, chosen)
        total = left + right if left is not None and right is not None else left or right
        if every and total is not None:
            self._kept[start, stop] = total
        return total


def _cells(n_rows: int, splits: Sequence[Split]) -> tuple[IndexArray, IndexArray]:
    """Give the cells numbers, and find one row of each; no split separates the rows of a cell."""
    # A random number a side; rows of the same cell have the same sums. Two cells with the same
    # 64-bit sum are as good as impossible.
    numbers = np.random.default_rng(0).integers(2**63, size=(len(splits), 2), dtype=np.uint64)
    signature = np.zeros(n_rows, dtype=np.uint64)
    for split, sides in zip(splits, numbers, strict=True):
        for rows, number in zip(split, sides, strict=True):
            signature += number * np.bincount(rows, minlength=n_rows).astype(np.uint64)
    _, first, cells = np.unique(signature, return_index=True, return_inverse=True)
    # In the order of the rows, so that folds that are blocks of rows are runs of cells.
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return rank[cells], first[order]


def _rounding_of_squares(size: FloatArray) -> FloatArray:
    """Squares of what rounding leaves of differences of numbers of this size, with room."""
    return np.asarray((64 * EPS * size) ** 2)


def _mean_square(
    moments: Moments, target: int, W: FloatArray, intercepts: FloatArray
) -> tuple[FloatArray, bool]:
    """Mean squared residual of each row of W, and whether it kept enough digits.

    sum_i s_i (y_i - x_i.w - b)^2 / sum_i s_i, about the means of these rows, is
    (t - 2 w'C + w'G w) / W + (mean y - w.mean x - b)^2.
    """
    spread, cross = moments.scatter[target], moments.cross[:, target]
    explained = np.sum((W @ moments.gram) * W, axis=1)
    about_mean = (spread - 2.0 * (W @ cross) + explained) / moments.weight
    # A quadratic form in (1, -w), whose entries are wrong by sqrt(lost_i lost_j).
    lost_x, lost_y = moments.lost
    lost = np.square(np.sqrt(lost_y[target]) + np.abs(W) @ np.sqrt(lost_x)) / moments.weight
    shift = moments.mean_y[target] - W @ moments.mean_x - intercepts
    reliable = bool((about_mean >= CANCELLED / EPS * lost).all())
    return np.maximum(about_mean, 0.0) + shift**2, reliable
