"""The folds of a cross-validation, without a copy of the data.

`MomentFolds`, for more rows than columns: one pass over X gathers the moments of every cell (see
`assignment`). The moments of any training or test set are sums of those of its cells; differences
would cancel if a fold holds nearly all of a column. `RowFolds`, for other data: a fold gives weight
zero to the rows that it leaves out. `StreamFolds`, for rows that came in batches and were not kept:
only their moments are available.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from sklearn_reg._data.cells import CellMoments, by_label
from sklearn_reg._data.data import FOR_WORKING_SETS, InMemory
from sklearn_reg._data.designs import Preprocessing
from sklearn_reg._data.rows import Rows, chunks_of, take_rows
from sklearn_reg._data.units import AnyPenalty, View, view_moments, view_rows
from sklearn_reg._selection.assignment import Assignment, cells_of, repeat_rows
from sklearn_reg._selection.splits import Split, check_splits, read_splits
from sklearn_reg._solvers.batch import MOST_FEATURES
from sklearn_reg._tools.linalg import EPS, dense
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray, Matrix
from sklearn_reg.moments import Moments

# Moments are gathered by cell if those of all cells have at most this many times as many numbers
# as X.
MOST_CELLS = 4.0
# Merging two moments costs as much as gathering so many rows: if there are so many cells that
# summing them costs more than gathering, each side of a fold is gathered separately.
MERGE_ROWS = 32
# Numbers in the Gram matrices of folds that are solved together.
NUMBERS_AT_ONCE = 2**22
# So many folds share products with X. The copies and Gram matrices of the working sets of one fold
# are up to so many times n^2 numbers.
SHARING, WORKING_SET, LITTLE = 3, 32, 2**23
# Mean squared residuals are recomputed from the rows if they are smaller than this share of the
# terms that they are a difference of.
CANCELLED = 1e6 * EPS


class Folds(ABC):
    """Views of the training sets for the solvers, and errors on both sides of each split.

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
    at_once: int  # the number of folds that are solved together, as one group
    most_groups: int = 1  # that memory has room for at the same time

    def __init__(self, preprocessing: Preprocessing) -> None:
        self.preprocessing = preprocessing

    @property
    def stored(self) -> int:
        """The number of entries that a product with a training set reads, of a Gram matrix or X."""
        return self.n_features**2

    @abstractmethod
    def views(self, penalty: AnyPenalty, fold: int | None = None) -> Iterator[View]:
        """Yield views of the training set of a fold, or of all data, the cheapest first."""

    def whole(self, penalty: AnyPenalty) -> View:
        """Return the cheapest view of all data."""
        return next(self.views(penalty))

    @abstractmethod
    def errors(self, fold: int, coefs: Matrix, intercepts: FloatArray) -> FloatArray:
        """Mean squared errors, of shape (2, k, n_targets): on the training and on the test set.

        `coefs` has shape (k * n_targets, n_features), dense or CSR, `intercepts` (k, n_targets).
        """

    @abstractmethod
    def target_moments(self) -> tuple[FloatArray, FloatArray]:
        """Weighted means and variances of the targets."""

    def null_losses(self) -> FloatArray:
        """Mean squared error of the null model, one per target; 1 if it is within rounding."""
        means, variances = self.target_moments()
        losses = variances if self.preprocessing.centred else variances + means**2
        return np.where(losses > _rounding_of_squares(means), losses, 1.0)

    def rounding_of_losses(self) -> float:
        """Return how large rounding alone may make a mean squared error."""
        means, variances = self.target_moments()
        return float(_rounding_of_squares(np.sqrt(variances + means**2)).max())


class StreamFolds(Folds):
    """Folds of rows that were not kept: their moments were gathered when they were read.

    Parameters
    ----------
    gathered : CellMoments
    assignment : Assignment
        The assignment of the rows to cells.
    preprocessing : Preprocessing
    """

    def __init__(
        self, gathered: CellMoments, assignment: Assignment, preprocessing: Preprocessing
    ) -> None:
        super().__init__(preprocessing)
        self._sides, self._everything = assignment.sides(gathered), assignment.everything
        self._sums = _Sums(gathered.parts)
        self.n_folds, self.n_rows = assignment.n_folds, gathered.n_rows
        self.n_features, self.n_targets = gathered.shape
        self.at_once = _moments_at_once(self.n_features)

    def views(self, penalty: AnyPenalty, fold: int | None = None) -> Iterator[View]:
        """Yield a view of the training set of a fold, or of all data, from moments."""
        cells = self._everything if fold is None else self._sides[fold].train
        yield view_moments(self._sums.over(cells), penalty, self.preprocessing)

    def errors(self, fold: int, coefs: Matrix, intercepts: FloatArray) -> FloatArray:
        """Mean squared errors, of shape (2, k, n_targets): on the training and on the test set."""
        sides = [self._sums.over(cells) for cells in self._sides[fold]]
        return _errors_from(sides, coefs, intercepts)[0]

    def target_moments(self) -> tuple[FloatArray, FloatArray]:
        """Weighted means and variances of the targets."""
        whole = self._sums.over(self._everything)
        return whole.mean_y, whole.scatter / whole.weight


class RowFolds(Folds):
    """Folds of rows that are available, as weights on these rows.

    Parameters
    ----------
    rows : Rows
        X, of shape (n_samples, n_features).
    Y : ndarray of shape (n_samples, n_targets)
    weights : ndarray of shape (n_samples,) or None
    splits : sequence of Split
    preprocessing : Preprocessing
    """

    def __init__(
        self,
        rows: Rows,
        Y: FloatArray,
        weights: FloatArray | None,
        splits: Sequence[Split],
        preprocessing: Preprocessing,
    ) -> None:
        super().__init__(preprocessing)
        self.rows, self.Y, self.splits = rows, Y, splits
        self.weights = np.ones(len(Y)) if weights is None else weights
        self._weighted = weights is not None
        self.n_folds, self.n_rows = len(splits), int(np.count_nonzero(self.weights))
        self.n_features, self.n_targets = rows.shape[1], Y.shape[1]
        self.at_once, self.most_groups = _rows_at_once(rows)

    @property
    def stored(self) -> int:
        """The number of entries that a product with a training set reads."""
        return self.rows.stored

    def views(self, penalty: AnyPenalty, fold: int | None = None) -> Iterator[View]:
        """Yield a view of the training set of a fold, or of all data, as weighted rows."""
        weights = self.weights if fold is None else self._weights_in(self.splits[fold].train)
        yield view_rows(self.rows, self.Y, weights, penalty, self.preprocessing)

    def errors(self, fold: int, coefs: Matrix, intercepts: FloatArray) -> FloatArray:
        """Mean squared errors, of shape (2, k, n_targets): on the training and on the test set."""
        sides = np.stack([self._weights_in(rows) for rows in self.splits[fold]])
        sides /= sides.sum(axis=1, keepdims=True)
        errors = np.zeros((2, *intercepts.shape))
        for target in range(self.n_targets):
            fitted = self.rows.fitted_by(coefs[target :: self.n_targets])
            residuals = self.Y[:, target, None] - fitted - intercepts[:, target]
            errors[:, :, target] = sides @ np.square(residuals, out=residuals)
        return errors

    def target_moments(self) -> tuple[FloatArray, FloatArray]:
        """Weighted means and variances of the targets."""
        shares = self.weights / self.weights.sum()
        means = shares @ self.Y
        return means, shares @ np.square(self.Y - means)

    def _weights_in(self, rows: IndexArray) -> FloatArray:
        """Weights of these rows, zero for the others; a row that is listed twice counts twice."""
        return self.weights * np.bincount(rows, minlength=len(self.Y))


class MomentFolds(RowFolds):
    """Folds as sums of moments, gathered in one pass over X."""

    def __init__(
        self,
        rows: Rows,
        Y: FloatArray,
        weights: FloatArray | None,
        splits: Sequence[Split],
        preprocessing: Preprocessing,
    ) -> None:
        super().__init__(rows, Y, weights, splits, preprocessing)
        self.X, self.at_once = rows.source, _moments_at_once(rows.shape[1])
        cells, self._first = cells_of(len(Y), splits)
        self._kept: dict[tuple[int, int], Moments] = {}  # sides that were gathered separately
        room = MOST_CELLS * max(rows.stored, 2**18) / self.n_features**2  # the most moments kept
        self._keeps = 2 * len(splits) <= room
        self._by_cell = not repeat_rows(splits) and len(self._first) <= room and self._few_merges()
        if self._by_cell:
            self._sums = _Sums(self._gather(cells))
        else:
            self._sums = _Sums([self._moments_of(np.arange(len(Y)))])
            self._first = self._first[:1]

    @property
    def stored(self) -> int:
        """The number of entries that a product reads; all of X if each side is gathered from it."""
        return self.n_features**2 if self._by_cell else self.rows.stored

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
        """Return a mask of the cells that contain these rows."""
        return np.bincount(rows, minlength=len(self.Y))[self._first] > 0

    def views(self, penalty: AnyPenalty, fold: int | None = None) -> Iterator[View]:
        """Yield views of the training set of a fold, or of all data: from moments, then rows."""
        whole = np.ones(len(self._first), dtype=bool)
        moments = self._sums.over(whole) if fold is None else self._side(fold, 0)
        yield view_moments(moments, penalty, self.preprocessing)
        yield from super().views(penalty, fold)

    def errors(self, fold: int, coefs: Matrix, intercepts: FloatArray) -> FloatArray:
        """Mean squared errors, of shape (2, k, n_targets): on the training and on the test set."""
        sides = [self._side(fold, side) for side in range(2)]
        errors, reliable = _errors_from(sides, coefs, intercepts)
        return errors if reliable else super().errors(fold, coefs, intercepts)

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
        """Gather the moments of some rows, which may be repeated."""
        moments = Moments(self.n_features, self.n_targets)
        for part in chunks_of(self.X, rows.size):
            some = rows[part]
            weights = self.weights[some] if self._weighted else None
            if weights is None or weights.any():
                moments.add_checked(take_rows(self.X, some), self.Y[some], weights)
        return moments

    def _gather(self, cells: IndexArray) -> list[Moments]:
        """Gather the moments of each cell in one pass over X, by chunks of rows."""
        gathered = CellMoments(len(self._first), self.n_features, self.n_targets)
        weights = self.weights if self._weighted else None
        chunks = chunks_of(self.X, len(self.Y), len(self._first))
        return gathered.update_by_chunks(
            self.X, self.Y, weights, chunks, lambda rows: by_label(cells[rows])
        ).parts


def folds_in_memory(
    data: InMemory, splitter: Any, params: dict[str, Any], preprocessing: Preprocessing
) -> RowFolds:
    """Split rows in memory into folds, none without a splitter; `params` are for the splitter."""
    splits = []
    if splitter is not None:
        splits = read_splits(splitter, data.rows.given, data.y, len(data.Y), params)
    check_splits(splits, data.weights)
    kind = MomentFolds if FOR_WORKING_SETS.pays(*data.rows.shape, data.rows.stored) else RowFolds
    with data.overflow_explained():
        return kind(data.rows, data.Y, data.weights, splits, preprocessing)


class _Sums:
    """Sums over subsets of a list of moments; sums over whole runs of the list are kept."""

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


def _errors_from(
    sides: Sequence[Moments], coefs: Matrix, intercepts: FloatArray
) -> tuple[FloatArray, bool]:
    """Return errors from the moments of two sides, and whether all of them have enough digits."""
    W, reliable, n_targets = dense(coefs), True, intercepts.shape[1]
    errors = np.zeros((2, *intercepts.shape))
    for side, moments in enumerate(sides):
        for target in range(n_targets):
            errors[side, :, target], sure = _mean_square(
                moments, target, W[target::n_targets], intercepts[:, target]
            )
            reliable &= sure
    return errors, reliable


def _rows_at_once(rows: Rows) -> tuple[int, int]:
    """How many folds are solved together on rows, and how many such groups there may be.

    The folds of a group share products, and each has working sets; all of these take no more memory
    than X, or than is little in any case. The groups do not depend on the number of threads, so
    that it does not change a bit.
    """
    room = int(max(rows.stored, LITTLE) // (WORKING_SET * rows.shape[0] ** 2))
    at_once = int(np.clip(room // 2, 1, SHARING)) if rows.many_at_once else 1
    return at_once, max(1, room // at_once)


def _moments_at_once(n_features: int) -> int:
    """How many folds are solved together on moments: small ones in batches, as memory allows."""
    return max(1, NUMBERS_AT_ONCE // n_features**2) if n_features <= MOST_FEATURES else 1


def _rounding_of_squares(size: FloatArray) -> FloatArray:
    """Squares of the rounding errors of differences of numbers of this size, with a margin."""
    return np.asarray((64 * EPS * size) ** 2)


def _mean_square(
    moments: Moments, target: int, W: FloatArray, intercepts: FloatArray
) -> tuple[FloatArray, bool]:
    """Mean squared residual of each row of W, and whether it has enough digits.

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
