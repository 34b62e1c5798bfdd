"""Rows on Dask: arrays and data frames whose chunks stay on the workers.

Tall data, with any number of rows: the workers compute the moments of the chunks, and a tree of
sums brings p x p numbers to the client. Wide data: `dask_rows` computes products chunk by chunk.
Only these two files import Dask, and they are imported only for Dask collections.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import dask.array as da
import numpy as np
from dask.utils import is_dataframe_like, is_series_like
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from sklearn_reg._checks.parameters import READ_AS, READ_Y_AS, check_sample_weight
from sklearn_reg._checks.values import check_number, on_dask, refuse_misread
from sklearn_reg._data.cells import Assign, Cell, CellMoments, one_cell
from sklearn_reg._data.dask_rows import DaskRows, compute, delayed, joined, tree_sum
from sklearn_reg._data.data import Batch, GramUse, InMemory, check_weight, error_in
from sklearn_reg._data.designs import Preprocessing
from sklearn_reg._data.units import AnyPenalty, View, view_moments, view_rows
from sklearn_reg._tools.threads import one_blas_thread
from sklearn_reg._tools.typing import FloatArray, Matrix

DECLARED = "as its collection declares"
CUT_ALIKE = (
    "a row for each of X in this chunk (repartition data frames alike, or call "
    "compute_chunk_sizes() of arrays)"
)
NO_ROWS = "X must have at least one row, got none"


class Declared(NamedTuple):
    """The metadata of the collections, which every chunk must match."""

    widths: Sequence[int]  # of the blocks of X
    names: list[Any] | None  # of the columns of a data frame
    targets: tuple[int, ...]  # the shape of y for one row
    target_names: list[Any] | None


class Chunk(NamedTuple):
    """Some rows, to be read by a worker: X in blocks of columns, y, and weights or None."""

    blocks: list[Any]
    y: Any
    weights: Any
    height: float  # nan if it is not known
    declared: Any


def read_dask(
    estimator: BaseEstimator, X: Any, y: Any, sample_weight: Any, *, first: bool = True
) -> OnDask:
    """Check Dask collections as far as possible without their chunks."""
    X = _unwrapped(X)
    _check_against(estimator, X, first)
    y = _as_column(y, "y", (1, 2))
    if sample_weight is not None:
        sample_weight = _as_column(sample_weight, "sample_weight", (0, 1))
    return OnDask(X, y, sample_weight)


class OnDask(Batch):
    """Rows in the chunks of Dask collections.

    Parameters
    ----------
    X : dask array or dask data frame of shape (n_samples, n_features)
    y : {dask collection, ndarray} of shape (n_samples,) or (n_samples, n_targets)
    weights : {dask collection, ndarray} of shape (n_samples,), float or None
    """

    def __init__(self, X: Any, y: Any, weights: Any) -> None:
        self.n_features, self.y_ndim = X.shape[1], y.ndim
        self.n_targets = 1 if y.ndim == 1 else y.shape[1]
        self.dtype, self._weighted = _read_dtype(X), weights is not None
        self._heights, self._widths = _known_heights(X), _widths(X)
        self._blocks = _delayed_blocks(X)
        self._chunks = self._cut(X, y, weights)

    def views(
        self, penalty: AnyPenalty, preprocessing: Preprocessing, gram_use: GramUse
    ) -> Iterator[View]:
        """Yield moments without rows if they are cheaper; otherwise rows."""
        if self.is_tall(gram_use.most):
            everything = self.gathered(1, one_cell)
            yield view_moments(everything.parts[0], penalty, preprocessing)
        else:
            yield view_rows(*self.survey(), penalty, preprocessing)

    def gathered(self, n_cells: int, assign: Assign) -> CellMoments:
        """Return the moments of each cell; refuse data without rows or without positive weights."""
        found = self.added_to(CellMoments(n_cells, self.n_features, self.n_targets), assign)
        if not self._weighted and not found.n_rows:
            raise ValueError(NO_ROWS)
        check_weight(found.n_rows)
        return found

    def added_to(self, gathered: CellMoments, assign: Assign) -> CellMoments:
        """Add the moments of all chunks, which the workers compute."""
        shape, first, parts = (gathered.n_cells, *gathered.shape), gathered.n_seen, []
        for number, chunk in enumerate(self._chunks):
            cells = one_cell(0, 0)
            if gathered.n_cells > 1:  # a cell depends on the number of earlier rows
                height = self._counted()[number]
                cells, first = _small(assign(first, height)), first + height
            parts.append(delayed(_gather)(number, *chunk, delayed(cells), shape))
        added: CellMoments = compute(tree_sum(parts))
        return gathered + added

    @property
    def n_rows(self) -> int:
        """The number of rows; they are counted if it is not known."""
        return sum(self._counted())

    def is_tall(self, most: int) -> bool:
        """Whether there are at most `most` features, and more (or unknown) rows than features."""
        if self.n_features > most:
            return False
        return self._heights is None or sum(self._heights) > self.n_features

    def _counted(self) -> Sequence[int]:
        """Return the number of rows of each chunk."""
        if self._heights is None:
            counts = [delayed(_height)(blocks[0]) for blocks in self._blocks]
            self._heights = compute(counts)
        return self._heights

    def _cut(self, X: Any, y: Any, weights: Any) -> list[Chunk]:
        """Combine the chunks of X, y and weights."""
        parts = self._parts(y, "y"), self._parts(weights, "sample_weight")
        heights = [np.nan] * len(self._blocks) if self._heights is None else self._heights
        declared = delayed(Declared(self._widths, _names(X), y.shape[1:], _names(y)))
        return [
            Chunk(*chunk, declared) for chunk in zip(self._blocks, *parts, heights, strict=True)
        ]

    def _parts(self, values: Any, name: str) -> Sequence[Any]:
        """Split y or weights like X."""
        if values is None or np.ndim(values) == 0:
            return [values] * len(self._blocks)
        if not on_dask(values):
            self._check_total(len(values), name)
            return np.split(values, np.cumsum(self._counted())[:-1])
        if isinstance(values, da.Array):
            values = self._rechunked(values, name)
        parts = [blocks[0] for blocks in _delayed_blocks(values)]
        if len(parts) != len(self._blocks):
            raise ValueError(
                f"{name} must have the partitions of X, {len(self._blocks)}, got {len(parts)}; "
                "repartition it like X"
            )
        return parts

    def _rechunked(self, values: da.Array, name: str) -> da.Array:
        """Rechunk a Dask array like X, with all of its columns in one chunk."""
        # Check the shapes of chunks first: rechunking shifts the rows after a chunk of another
        # shape than declared.
        values = values.map_blocks(_as_declared, argument=name, meta=values._meta)
        wanted: dict[int, Any] = dict.fromkeys(range(1, values.ndim), -1)
        if values.numblocks[0] != len(self._blocks):
            self._counted()
            if np.isnan(values.shape[0]):
                values.compute_chunk_sizes()
        if self._heights is not None and not np.isnan(values.shape[0]):
            self._check_total(values.shape[0], name)
            wanted[0] = tuple(self._heights)
        return values.rechunk(wanted)

    def _check_total(self, n_rows: int, name: str) -> None:
        """Refuse y or weights of another length than X."""
        if n_rows != self.n_rows:
            raise ValueError(f"{name} must have a row for each of X, {self.n_rows}, got {n_rows}")

    def survey(self) -> tuple[DaskRows, FloatArray, FloatArray | None]:
        """Check every chunk, and bring y and the weights to the client."""
        surveys = compute(
            [delayed(_survey)(number, *chunk) for number, chunk in enumerate(self._chunks)]
        )
        heights = [len(survey.y) for survey in surveys]
        if not sum(heights):
            raise ValueError(NO_ROWS)
        filled = [k for k, height in enumerate(heights) if height]
        rows = DaskRows(
            [self._blocks[k] for k in filled],
            [heights[k] for k in filled],
            self._widths,
            stored=sum(survey.stored for survey in surveys),
            is_sparse=all(surveys[k].is_sparse for k in filled),
        )
        Y = np.concatenate([surveys[k].y for k in filled])
        weights = None
        if self._weighted:
            weights = np.concatenate([surveys[k].weights for k in filled])
            weights = check_sample_weight(weights, len(weights))
        return rows, Y, weights


class Survey(NamedTuple):
    """What the client gets of a chunk of wide data."""

    y: FloatArray
    weights: FloatArray | None
    stored: int
    is_sparse: bool


def predict_dask(estimator: BaseEstimator, X: Any) -> Any:
    """Predict X w + b lazily, chunk by chunk."""
    X = _unwrapped(X)
    _check_against(estimator, X, first=False)
    coef, intercept = estimator.coef_, estimator.intercept_
    one, dtype = coef.ndim == 1, np.result_type(_read_dtype(X), coef.dtype)
    if not isinstance(X, da.Array):
        meta = np.empty((0,) if one else (0, len(coef)), dtype=dtype)
        return X.map_partitions(_predict, coef.T, intercept, _names(X), meta=meta)
    shape: dict[str, Any] = {"drop_axis": 1} if one else {"chunks": (X.chunks[0], (len(coef),))}
    meta = np.empty((0,) * coef.ndim, dtype=dtype)
    # With chunks of columns, the products of all blocks of a row of blocks add up. Each block is
    # checked, also if w is zero there.
    ends = np.cumsum(X.chunks[1])
    slabs = [
        X.blocks[:, j].map_blocks(_predict, part.T, 0.0 if j else intercept, meta=meta, **shape)
        for j, part in enumerate(np.split(coef, ends[:-1], axis=-1))
    ]
    return sum(slabs[1:], start=slabs[0])


def _predict(
    X: Any,
    weights: FloatArray,
    intercept: Any,
    names: list[Any] | None = None,
    block_info: Any = None,
) -> FloatArray:
    """Predict one chunk."""
    where, height = "a partition", np.nan
    if block_info:
        where = f"chunk {block_info[0]['chunk-location'][0]}"
        start, stop = block_info[0]["array-location"][0]
        height = stop - start
    with error_in(where):
        X = _checked(X, (height, len(weights)), names)
    predictions: FloatArray = X @ weights + intercept
    return predictions


def _checked(X: Any, declared: tuple[float, int], names: list[Any] | None) -> Matrix:
    """Check one block of X."""
    refuse_misread(X, "X")
    _check_shape(X, "X", declared, DECLARED)
    _check_names(X, "X", names)
    return check_array(X, input_name="X", ensure_min_samples=0, ensure_min_features=0, **READ_AS)


def _check_shape(values: Any, name: str, wanted: tuple[float, ...], why: str) -> None:
    """Refuse another shape than wanted; nan stands for any number."""
    shape = np.shape(values)
    if len(shape) != len(wanted) or any(
        size != want for size, want in zip(shape, wanted, strict=True) if not np.isnan(want)
    ):
        sizes = ", ".join("?" if np.isnan(want) else str(int(want)) for want in wanted)
        sizes += "," * (len(wanted) == 1)
        raise ValueError(f"{name} must have shape ({sizes}), {why}, got {shape}")


def _check_names(values: Any, name: str, names: list[Any] | None) -> None:
    """Refuse a partition with other columns, or with the columns in another order."""
    if names is not None and _names(values) != names:
        raise ValueError(f"{name} must have columns {names}, {DECLARED}, got {_names(values)}")


def _as_declared(block: Any, argument: str, block_info: Any = None) -> Any:
    """Return a chunk of y or weights unchanged, after a check of its shape and dtypes."""
    place, declared = (block_info[None][what] for what in ("chunk-location", "chunk-shape"))
    with error_in(f"chunk {', '.join(map(str, place))}"):
        refuse_misread(block, argument)
        _check_shape(block, argument, declared, DECLARED)
    return block


def _gather(
    number: int,
    blocks: list[Any],
    y: Any,
    weights: Any,
    height: float,
    declared: Declared,
    cells: list[Cell],
    shape: tuple[int, int, int],
) -> CellMoments:
    """Gather the moments of a chunk."""
    gathered = CellMoments(*shape)
    with error_in(f"chunk {number}"), one_blas_thread():
        data = _read(blocks, y, weights, height, declared)
        return gathered if data is None else data.added_by_cell(gathered, cells)


def _survey(
    number: int, blocks: list[Any], y: Any, weights: Any, height: float, declared: Declared
) -> Survey:
    """Check a chunk, and return what the client needs of it."""
    with error_in(f"chunk {number}"):
        data = _read(blocks, y, weights, height, declared)
    if data is None:
        return Survey(np.empty((0, 1)), np.empty(0), 0, False)
    is_sparse = all(sparse.issparse(block) for block in blocks)
    stored = sum(block.nnz if is_sparse else block.size for block in blocks)
    return Survey(data.Y, data.weights, int(stored), is_sparse)


def _read(
    blocks: list[Any], y: Any, weights: Any, height: float, declared: Declared
) -> InMemory | None:
    """Check a chunk; None if it has no rows."""
    height = _height(blocks[0]) if np.isnan(height) else height
    X = joined(
        [
            _checked(block, (height, width), declared.names)
            for block, width in zip(blocks, declared.widths, strict=True)
        ],
        axis=1,
    )
    refuse_misread(y, "y")
    _check_shape(y, "y", (height, *declared.targets), CUT_ALIKE)
    _check_names(y, "y", declared.target_names)
    if np.ndim(weights):
        _check_shape(weights, "sample_weight", (height,), CUT_ALIKE)
    if not height:
        return None
    y = check_array(y, input_name="y", **READ_Y_AS)
    return InMemory(X, y, check_sample_weight(weights, X.shape[0], normalized=False))


def _height(block: Any) -> int:
    """Return the number of rows of a block."""
    return int(next(iter(np.shape(block)), 0))


def _small(cells: Iterable[Cell]) -> list[Cell]:
    """Store row numbers in the smallest integer type, because they are sent with the tasks."""
    return [
        (
            cell,
            rows
            if isinstance(rows, slice)
            else rows.astype(np.min_scalar_type(rows.max(initial=0))),
        )
        for cell, rows in cells
    ]


def _check_collection(X: Any, name: str, dimensions: tuple[int, ...]) -> None:
    """Refuse other types, collections without numbers, and an unknown number of columns."""
    if not (isinstance(X, da.Array) or is_dataframe_like(X) or is_series_like(X)):
        raise TypeError(f"{name} must be a dask array or data frame, got {type(X).__name__}")
    _check_dimensions(X.ndim, name, dimensions)
    refuse_misread(X, name)
    if X.ndim == 2 and np.isnan(X.shape[1]):
        raise ValueError(
            f"{name} must have a known number of columns, got shape {X.shape}; "
            "call its compute_chunk_sizes()"
        )


def _check_against(estimator: BaseEstimator, X: Any, first: bool) -> None:
    """Check the number of features and their names; the first time, store them."""
    _check_collection(X, "X", (2,))
    named = X if isinstance(X, da.Array) else X._meta
    validate_data(estimator, named, skip_check_array=True, reset=first)


def _as_column(values: Any, name: str, dimensions: tuple[int, ...]) -> Any:
    """Check y or weights: a collection, an array on the client, or one weight for all rows."""
    values = _unwrapped(values)
    if on_dask(values):
        _check_collection(values, name, dimensions)
        if values.ndim:
            return values
        values = values.compute()
    refuse_misread(values, name)
    _check_dimensions(np.ndim(values), name, dimensions)
    if np.ndim(values) == 0:
        return check_number(np.asarray(values).item(), name, "a number >= 0", zero=True)
    return check_array(values, ensure_2d=False, dtype=None, input_name=name)


def _check_dimensions(n_axes: int, name: str, dimensions: tuple[int, ...]) -> None:
    """Refuse another number of axes."""
    if n_axes not in dimensions:
        wanted = " or ".join(f"{ndim}-D" for ndim in dimensions)
        raise ValueError(f"{name} must be {wanted}, got {n_axes}-D")


def _unwrapped(values: Any) -> Any:
    """Return the Dask array in a labelled array, such as one of xarray; other values unchanged."""
    inside = getattr(values, "data", None) if on_dask(values) else None
    return inside if isinstance(inside, da.Array) else values


def _read_dtype(X: Any) -> Any:
    """Return the dtype that chunks are read as: float32 if all columns are float32."""
    dtypes = {X.dtype} if isinstance(X, da.Array) else set(X.dtypes)
    return np.dtype(np.float32 if dtypes == {np.dtype(np.float32)} else np.float64)


def _known_heights(X: Any) -> list[int] | None:
    """Return the number of rows of each chunk; None if it is unknown before the data are read."""
    if isinstance(X, da.Array) and not np.isnan(X.shape[0]):
        return [int(height) for height in X.chunks[0]]
    return None


def _widths(X: Any) -> list[int]:
    """Return the number of columns of each block in a row of blocks."""
    return [int(width) for width in (X.chunks[1] if isinstance(X, da.Array) else X.shape[1:])]


def _names(values: Any) -> list[Any] | None:
    """Names of the columns of a data frame."""
    is_frame = np.ndim(values) == 2 and hasattr(values, "columns")
    return list(values.columns) if is_frame else None


def _delayed_blocks(values: Any) -> list[list[Any]]:
    """Return the chunks of a collection as tasks, in blocks of columns."""
    # Without optimisation, X and y share the tasks that both need, such as one to read a file.
    blocks = np.asarray(values.to_delayed(optimize_graph=False), dtype=object)
    return [list(row) for row in blocks.reshape(len(blocks), -1)]
