"""Paths of groups: working sets for a grid of penalties, solved in lockstep.

A few penalties of the grid are solved roughly, one after the other; then the rest starts between
them, many penalties together (`group_lockstep`). A batch shares a working set: the groups that the
sequential strong rule [1]_ keeps, and those that one product with all of X finds to be missing.

References
----------
.. [1] R. Tibshirani, J. Bien, J. Friedman, T. Hastie, N. Simon, J. Taylor, R. J. Tibshirani (2012).
   Strong rules for discarding predictors in lasso-type problems. J. Royal Statistical Society B
   74(2). https://doi.org/10.1111/j.1467-9868.2011.01004.x
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from functools import partial
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_reg._data.designs import Design, Products, RowsDesign
from sklearn_reg._data.mixed import JointDesign
from sklearn_reg._solvers.group_lockstep import interpolated, solve_grid
from sklearn_reg._tools.linalg import EPS, runs_of
from sklearn_reg._tools.threads import Mapped
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray
from sklearn_reg.penalties import SparseGroupLasso

# Every so many penalties are solved roughly, to this gap relative to F(0); the rest at most so many
# at once.
STRIDE, ROUGH, AT_ONCE = 4, 1e-2, 25
LARGEST_SQUARE = 1e15  # of a column: in single precision there is room for its products
MOST_ROUNDS = 20  # in which missing groups are taken in
MOST_NUMBERS = 2**26  # of the weights and correlations of all features and penalties
BEYOND = 1e-7  # by which share the level of a group that is missing exceeds that of the grid
FEW = 4  # vectors whose products with a matrix cost less one by one than together


class Solutions(NamedTuple):
    """Weights along a grid, and the products of their residuals."""

    W: FloatArray  # of shape (n_levels, n_features)
    products: list[Products]


def suits(design: Design, n_levels: int) -> bool:
    """Whether the solutions of a grid fit in memory, and single precision holds the data."""
    if n_levels < 2 or n_levels * design.n_features > MOST_NUMBERS:
        return False
    squares = design.squares[design.squares > 0]
    in_range = (squares < LARGEST_SQUARE) & (squares > 1.0 / LARGEST_SQUARE)
    return bool(in_range.all() and design.largest_cross(0) < LARGEST_SQUARE)


def solve_levels(
    design: Design,
    target: int,
    h: SparseGroupLasso,
    levels: FloatArray,
    tol: float,
    mapped: Mapped = map,
) -> Solutions:
    """Return near-optimal weights for falling multiples of a penalty; they are not certified.

    Parameters
    ----------
    design : Design
    target : int
    h : SparseGroupLasso
        The penalty whose multiples are taken.
    levels : ndarray of shape (n_levels,)
        Falling, positive.
    tol : float
        The gap that is asked for, relative to F(0).
    mapped : callable
        A map that may use several threads.
    """
    search = _Search(design, target, h, levels, mapped)
    count = levels.size
    for k in np.unique(np.append(np.arange(0, count, STRIDE), count - 1)):
        search.solve([np.array([k])], max(ROUGH, tol))
    batches = 2 * -(-count // (2 * AT_ONCE))  # an even number, for two threads
    search.solve(np.array_split(np.arange(count), batches), max(tol, 4 * EPS))
    return Solutions(search.W, search.products)


class _Batch(NamedTuple):
    """Places of the grid that are solved together, and where they start."""

    some: IndexArray
    W: FloatArray
    U: FloatArray


class _Search:
    """The solutions so far."""

    def __init__(
        self,
        design: Design,
        target: int,
        h: SparseGroupLasso,
        levels: FloatArray,
        mapped: Mapped,
    ) -> None:
        self._design, self._target, self._h, self._levels = design, target, h, levels
        self._mapped, self._yy = mapped, float(design.scatter[target])
        self.W = np.zeros((levels.size, design.n_features))
        null = Products(design.cross[:, target], self._yy)
        self.products = [null] * levels.size
        self._known: IndexArray = np.zeros(0, dtype=np.intp)
        self._columns = _columns_of(design, h)
        self._free = h.smooth_blocks()

    def solve(self, batches: Sequence[IndexArray], tol: float) -> None:
        """Solve batches of places of the grid, from what is known at others."""
        todo = [_Batch(some, *self._starts(some)) for some in batches]
        inside = [self._needed(batch) for batch in todo]
        for _ in range(MOST_ROUNDS):
            self._columns.take_in(np.flatnonzero(np.any(inside, axis=0)))
            tasks = list(zip(todo, inside, strict=True))
            found = list(self._mapped(partial(self._solved, tol), tasks))
            for batch, (W, products) in zip(todo, found, strict=True):
                for k, w, product in zip(batch.some, W, products, strict=True):
                    self.W[k], self.products[k] = w, product
            left = [
                self._left(batch, groups, *solved)
                for (batch, groups), solved in zip(tasks, found, strict=True)
            ]
            todo = [batch for batch, _ in filter(None, left)]
            inside = [groups for _, groups in filter(None, left)]
            if not todo:
                break
        self._known = np.union1d(self._known, np.concatenate(batches))

    def _starts(self, some: IndexArray) -> tuple[FloatArray, FloatArray]:
        """Weights and correlations at these places, interpolated between those that are known."""
        known = self._known
        if known.size == 0:
            zeros = np.zeros((some.size, self._design.n_features))
            return zeros, np.tile(self.products[0].correlation, (some.size, 1))
        at, levels = self._levels[known], self._levels[some]
        U = np.array([self.products[k].correlation for k in known])
        return interpolated(at, self.W[known], levels), interpolated(at, U, levels)

    def _needed(self, batch: _Batch) -> BoolArray:
        """Return the groups that some solution of a batch may need, by its start."""
        used: BoolArray = np.asarray(batch.W.any(axis=0))
        needed = self._free | self._h.blocks_with(used)
        for u, level in zip(batch.U, self._levels[batch.some], strict=True):
            needed |= self._h.block_levels(u) > level
        return needed

    def _left(
        self, batch: _Batch, inside: BoolArray, W: FloatArray, products: list[Products]
    ) -> tuple[_Batch, BoolArray] | None:
        """Return those whose penalty some groups outside exceed, with these; None if none is."""
        levels, missing = self._levels[batch.some], np.zeros((len(W), inside.size), dtype=bool)
        for k, product in enumerate(products):
            beyond = self._h.block_levels(product.correlation) > (1.0 + BEYOND) * levels[k]
            missing[k] = beyond & ~inside
        left = np.flatnonzero(missing.any(axis=1))
        if left.size == 0:
            return None
        U = np.array([products[k].correlation for k in left])
        return _Batch(batch.some[left], W[left], U), inside | missing.any(axis=0)

    def _solved(
        self, tol: float, task: tuple[_Batch, BoolArray]
    ) -> tuple[FloatArray, list[Products]]:
        """Solve on some groups, and return full weights with their exact products."""
        batch, inside = task
        found = np.zeros_like(batch.W)
        if inside.any():
            columns, h = self._columns.part(inside), self._h
            f = columns.features
            cross = columns.turned(self._design.cross[f, self._target])
            start = columns.turned(batch.W[:, f].T).T, columns.turned(batch.U[:, f].T).T
            groups = h.groups[f]
            starts, _ = runs_of(groups)
            penalty = starts, h.l1[f], h.l2[groups[starts]], self._levels[batch.some]
            w, _, _ = solve_grid(
                columns.product, cross, self._yy, *penalty, tol, start, columns.squares
            )
            found[:, f] = columns.turned_back(w.T).T
        return found, self._design.products_of(found, self._target)


class _Columns(ABC):
    """The columns of the groups that were taken in.

    Attributes
    ----------
    features : ndarray of int
        The features, one group after another.
    inside : ndarray of shape (n_groups,) of bool
        Whether each group is one of them.
    squares : ndarray of shape (n_working,)
        The diagonal of their Gram matrix.
    """

    def __init__(self, h: SparseGroupLasso) -> None:
        self._h = h
        self.features: IndexArray = np.zeros(0, dtype=np.intp)
        self.inside = np.zeros(h.l2.size, dtype=bool)
        self.squares: FloatArray = np.zeros(0)

    def take_in(self, groups: IndexArray) -> None:
        """Add those of these groups that are not inside."""
        new = groups[~self.inside[groups]]
        if new.size:
            self.inside[new] = True
            self._grow(self._h.weights_in(new))

    @abstractmethod
    def _grow(self, new: IndexArray) -> None:
        """Add features."""

    def part(self, inside: BoolArray) -> Self:
        """Return the columns of some of the groups."""
        chosen = np.flatnonzero(inside[self._h.groups[self.features]])
        if chosen.size == self.features.size:
            return self
        part = copy(self)
        part.features, part.squares = self.features[chosen], self.squares[chosen]
        part._keep(chosen)
        return part

    @abstractmethod
    def _keep(self, chosen: IndexArray) -> None:
        """Keep only some of the features."""

    @abstractmethod
    def product(self, D: NDArray[Any]) -> NDArray[Any]:
        """G D, in the precision of D."""

    def turned(self, values: FloatArray) -> FloatArray:
        """Return weights or correlations of the columns as those of a basis of each group."""
        return values

    def turned_back(self, values: FloatArray) -> FloatArray:
        """Return those of the columns."""
        return values


class _GramColumns(_Columns):
    """Columns by their Gram matrix."""

    def __init__(self, h: SparseGroupLasso, design: Design) -> None:
        super().__init__(h)
        self._growing = design.growing_gram()
        self._grams: dict[Any, NDArray[Any]] = {}
        self._set(np.zeros((0, 0)))

    def _set(self, gram: FloatArray) -> None:
        self.squares = gram.diagonal().copy()
        self._grams = {np.dtype(kind): gram.astype(kind) for kind in (np.float32, np.float64)}

    def _grow(self, new: IndexArray) -> None:
        """Add features."""
        old, m = self.features.size, self.features.size + new.size
        product = self._growing.add(new)
        self.features = self._growing.features
        gram = np.empty((m, m))
        gram[:old, :old] = self._grams[np.dtype(float)]
        gram[:, old:], gram[old:, :old] = product, product[:old].T
        self._set(gram)

    def _keep(self, chosen: IndexArray) -> None:
        """Keep only some of the features."""
        at = np.ix_(chosen, chosen)
        self._grams = {kind: gram[at] for kind, gram in self._grams.items()}

    def product(self, D: NDArray[Any]) -> NDArray[Any]:
        """G D, in the precision of D."""
        return np.asarray(self._grams[D.dtype] @ D)


class _JointColumns(_GramColumns):
    """Columns of joint targets: those of each feature, once a target."""

    def __init__(self, h: SparseGroupLasso, design: JointDesign) -> None:
        super().__init__(h, design.base)
        self._count = design.n_joint

    def _grow(self, new: IndexArray) -> None:
        """Add features."""
        count = self._count
        self.features = self.features[::count] // count
        super()._grow(new[::count] // count)
        self.features = (self.features[:, None] * count + np.arange(count)).ravel()
        self.squares = np.repeat(self.squares, count)

    def _keep(self, chosen: IndexArray) -> None:
        """Keep only some of the features."""
        super()._keep(chosen[:: self._count] // self._count)

    def product(self, D: NDArray[Any]) -> NDArray[Any]:
        """G D of each target, in the precision of D."""
        flat = D.reshape(-1, self._count * D.shape[1])
        return np.asarray(super().product(flat).reshape(D.shape))


class _RowColumns(_Columns):
    """Copies of the columns, if there are fewer rows: G D = Z'(Z D).

    Without an L1 part each group is turned to its principal directions, in which its own Gram
    matrix is diagonal: conjugate gradients then need fewer steps.
    """

    def __init__(self, h: SparseGroupLasso, design: RowsDesign) -> None:
        super().__init__(h)
        self._space, self._turns = design.row_space, not h.l1.any()
        self._rows: dict[Any, NDArray[Any]] = {
            np.dtype(kind): np.zeros((0, design.n_rows), dtype=kind)
            for kind in (np.float32, np.float64)
        }
        self._blocks: list[tuple[NDArray[Any], ...]] = []
        self._turn = sparse.csr_array((0, 0))

    def _grow(self, new: IndexArray) -> None:
        """Add features."""
        rows = np.ascontiguousarray(self._space.columns(new).T)
        if self._turns:
            self._blocks += _turned(rows, self._h.groups[new], self.features.size)
        self.features = np.concatenate([self.features, new])
        self.squares = np.append(self.squares, np.einsum("ij,ij->i", rows, rows))
        for kind, kept in self._rows.items():
            self._rows[kind] = np.concatenate([kept, rows.astype(kind)])
        if self._turns:
            at, beside, values = map(np.concatenate, zip(*self._blocks, strict=True))
            m = self.features.size
            self._turn = sparse.csr_array((values, (at, beside)), shape=(m, m))

    def _keep(self, chosen: IndexArray) -> None:
        """Keep only some of the features."""
        self._rows = {kind: rows[chosen] for kind, rows in self._rows.items()}
        if self._turns:
            self._turn = self._turn[chosen][:, chosen]

    def product(self, D: NDArray[Any]) -> NDArray[Any]:
        """G D, in the precision of D."""
        A = self._rows[D.dtype]
        if D.shape[1] <= FEW:
            return np.stack([A @ (d @ A) for d in np.ascontiguousarray(D.T)], axis=1)
        return np.asarray(A @ (A.T @ D))

    def turned(self, values: FloatArray) -> FloatArray:
        """Return weights or correlations of the columns as those of the directions."""
        return np.asarray(self._turn @ values) if self._turns else values

    def turned_back(self, values: FloatArray) -> FloatArray:
        """Return those of the columns."""
        return np.asarray(self._turn.T @ values) if self._turns else values


def _turned(rows: FloatArray, groups: IndexArray, first: int) -> list[tuple[NDArray[Any], ...]]:
    """Turn the rows of each group in place, and return the entries of the matrix that does it."""
    starts, sizes = runs_of(groups)
    entries: list[tuple[NDArray[Any], ...]] = []
    for size in np.unique(sizes).tolist():
        places = starts[sizes == size][:, None] + np.arange(size)
        blocks = rows[places]
        vectors = np.linalg.eigh(blocks @ blocks.swapaxes(1, 2))[1].swapaxes(1, 2)
        rows[places] = vectors @ blocks
        at, beside = np.repeat(places, size, axis=1), np.tile(places, (1, size))
        entries.append((first + at.ravel(), first + beside.ravel(), vectors.ravel()))
    return entries


def _columns_of(design: Design, h: SparseGroupLasso) -> _Columns:
    """Return columns in the form whose products cost least."""
    if isinstance(design, JointDesign):
        return _JointColumns(h, design)
    wide = design.has_rows and design.n_weighted < design.n_features
    if wide and isinstance(design, RowsDesign) and design.rows.copies_pay:
        return _RowColumns(h, design)
    return _GramColumns(h, design)
