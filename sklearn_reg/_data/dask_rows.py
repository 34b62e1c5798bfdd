"""Products with an X whose blocks lie on a Dask cluster, one block of rows and columns at a time.

Vectors as long as a row or a column are on the client, where the solvers run; X stays on the
workers, except the columns of a working set: these few are copied to the client, sparse if X is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import dask
import numpy as np
from dask import delayed as _delayed
from scipy import sparse
from sklearn.utils import check_array

from sklearn_reg._checks.parameters import READ_AS
from sklearn_reg._data.rows import Rows, rows_of
from sklearn_reg._tools.threads import one_blas_thread
from sklearn_reg._tools.typing import FloatArray, IndexArray, Matrix
from sklearn_reg.moments import spread_of

LARGEST_COPY = 2**22  # the most numbers of X that are copied to the client: 32 MB, and indices
FAN_IN = 8  # terms of one sum: few enough to fit a worker, many enough for a flat tree


class DaskRows(Rows):
    """A matrix in blocks, each a dense or sparse matrix or a data frame that a task makes.

    Parameters
    ----------
    blocks : list of list of Delayed
        Rows of blocks.
    heights, widths : sequence of int
        The number of rows of each row of blocks, and of columns of each column of blocks.
    stored : int
        The number of entries that a product with X reads.
    is_sparse : bool
        Whether all blocks are sparse.
    """

    many_at_once = True

    def __init__(
        self,
        blocks: list[list[Any]],
        heights: Sequence[int],
        widths: Sequence[int],
        *,
        stored: int,
        is_sparse: bool,
    ) -> None:
        self._blocks = blocks
        self._tops = np.concatenate([[0], np.cumsum(heights)])
        self._lefts = np.concatenate([[0], np.cumsum(widths)])
        self._stored = stored
        self.is_sparse = is_sparse
        self.shape = int(self._tops[-1]), int(self._lefts[-1])
        self.X = self

    @property
    def stored(self) -> int:
        """The number of entries that a product with X reads."""
        return self._stored

    def stored_in(self, columns: IndexArray) -> int:
        """Estimate the number of entries that a product with these columns reads."""
        return self._stored * columns.size // self.shape[1]

    def fitted(self, w: FloatArray) -> FloatArray:
        """X w."""
        fitted: FloatArray = self.fitted_by(w[None])[:, 0]
        return fitted

    def fitted_each(self, ws: Sequence[FloatArray]) -> list[FloatArray]:
        """X w for each w, in one pass."""
        return list(self.fitted_by(np.array(ws)).T)

    def fitted_by(self, coefs: Matrix) -> FloatArray:
        """X C', of shape (n_samples, k), for C of shape (k, n_features), dense or sparse."""
        C = sparse.csc_array(coefs)  # only the non-zeros are sent
        parts = [C[:, left:right] for left, right in pairwise(self._lefts)]
        used = [j for j, part in enumerate(parts) if part.nnz]
        if not used:
            return np.zeros((self.shape[0], C.shape[0]))
        nodes = {j: delayed(_dense_if_full(parts[j])) for j in used}
        fitted = [
            tree_sum([delayed(_fitted)(row[j], nodes[j]) for j in used]) for row in self._blocks
        ]
        return np.asfortranarray(np.concatenate(compute(fitted)))

    def correlate(self, v: FloatArray) -> FloatArray:
        """X'v, for v of shape (n_samples,) or (n_samples, k)."""
        return np.concatenate(self._over_rows(_correlated, v, _sum))

    def spread(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Weighted means and variances, computed in each block about its own means."""
        _, means, variances = zip(*self._over_rows(_spread, weights, _pooled), strict=True)
        # The means of a constant differ between the blocks by rounding errors.
        return spread_of(np.concatenate(means), np.concatenate(variances))[:2]

    def columns(self, columns: IndexArray) -> FloatArray:
        """Copy these columns to the client, dense and float64."""
        return np.asfortranarray(np.concatenate(compute(self._taken(columns, dense=True))))

    def restricted(self, columns: IndexArray) -> Rows:
        """Copy these columns: to the client if they are small, otherwise on the workers.

        Solvers compute hundreds of products with them; on the client none needs a round of tasks.
        """
        blocks = dask.persist(*self._taken(columns))
        stored = sum(compute([delayed(_stored)(block) for block in blocks]))
        if stored <= LARGEST_COPY:
            return rows_of(joined(compute(list(blocks)), axis=0))
        return DaskRows(
            [[block] for block in blocks],
            np.diff(self._tops).tolist(),
            [columns.size],
            stored=stored,
            is_sparse=self.is_sparse,
        )

    def gram(
        self, rows: IndexArray, columns: IndexArray, weights: FloatArray, means: FloatArray
    ) -> FloatArray:
        """(X - 1m')' diag(weights) (X - 1m'), for weights of sum one, restricted."""
        both, place = np.unique(np.concatenate([rows, columns]), return_inverse=True)
        left, right = place[: rows.size], place[rows.size :]
        # Sparse columns cannot be centred before they are multiplied.
        centre = np.zeros(both.size) if self.is_sparse else means[both]
        products = [
            delayed(_gram)(taken, left, right, part, centre)
            for taken, part in zip(self._taken(both), self._cut(weights), strict=True)
        ]
        product: FloatArray = compute(tree_sum(products))
        if self.is_sparse:
            product = product - np.multiply.outer(means[rows], means[columns])
        return product

    def kernel(self, scale: FloatArray, means: FloatArray) -> FloatArray:
        """(X - 1m') diag(scale) (X - 1m')': for few rows, as a task joins a column of blocks."""
        products = [
            delayed(_kernel)(list(column), scale[left:right], means[left:right])
            for column, (left, right) in zip(
                zip(*self._blocks, strict=True), pairwise(self._lefts), strict=True
            )
        ]
        product: FloatArray = compute(tree_sum(products))
        return product

    def _cut(self, v: FloatArray) -> list[Any]:
        """Split a v of shape (n_samples, ...) like the rows; each part is a node of the graph."""
        return [delayed(v[top:bottom]) for top, bottom in pairwise(self._tops)]

    def _over_rows(self, task: Any, v: FloatArray, add: Any) -> list[Any]:
        """Run a task on each block and its part of v; add up the results of a column of blocks."""
        parts = self._cut(v)
        sums = [
            tree_sum([delayed(task)(*both) for both in zip(column, parts, strict=True)], add)
            for column in zip(*self._blocks, strict=True)
        ]
        return list(compute(sums))

    def _taken(self, columns: IndexArray, dense: bool = False) -> list[Any]:
        """Take these columns of each row of blocks, in their order."""
        block_of = np.searchsorted(self._lefts, columns, side="right") - 1
        used = np.unique(block_of) if columns.size else np.zeros(1, dtype=np.intp)
        inside = [columns[block_of == j] - self._lefts[j] for j in used]
        order = np.argsort(np.argsort(block_of, kind="stable"))
        dense = dense or not self.is_sparse
        return [
            delayed(_side_by_side)(
                [delayed(_take)(row[j], at, dense) for j, at in zip(used, inside, strict=True)],
                order,
            )
            for row in self._blocks
        ]


def delayed(value: Any) -> Any:
    """Turn a function into a task, or a value that several tasks need into a node of the graph."""
    return _delayed(value, pure=False, traverse=False)


def compute(tasks: Any) -> Any:
    """Run tasks, on whichever scheduler is set."""
    # Vectors are parts of the graph; distributed would warn from 10 MB on. If it has not been
    # imported, its settings must not be set: leaving the context would delete all of them.
    graphs = {"distributed.admin.large-graph-warning-threshold": "4GB"}
    with dask.config.set(graphs if "distributed" in sys.modules else {}):
        return dask.compute(tasks)[0]


def _sum(terms: list[Any]) -> Any:
    """Add terms without changing them: another sum may need them again."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def tree_sum(terms: list[Any], add: Any = _sum) -> Any:
    """Sum terms in a tree, whose inner nodes are sums of FAN_IN terms or fewer."""
    while len(terms) > 1:
        terms = [
            delayed(add)(terms[k : k + FAN_IN]) if len(terms[k : k + FAN_IN]) > 1 else terms[k]
            for k in range(0, len(terms), FAN_IN)
        ]
    return terms[0]


def joined(blocks: list[Matrix], axis: int) -> Matrix:
    """Join blocks vertically (axis 0) or horizontally (axis 1); sparse if one of them is."""
    if len(blocks) == 1:
        return blocks[0]
    if any(sparse.issparse(block) for block in blocks):
        return (sparse.hstack if axis else sparse.vstack)(blocks, format="csr")
    return np.concatenate(blocks, axis=axis)


def _dense_if_full(coefs: Matrix) -> Matrix:
    """Make coefficients dense if more than a quarter of them are non-zero."""
    return coefs.toarray() if 4 * coefs.nnz > coefs.shape[0] * coefs.shape[1] else coefs


def _read(block: Any) -> Rows:
    """Wrap a block that has been checked."""
    X = check_array(
        block, ensure_all_finite=False, ensure_min_samples=0, ensure_min_features=0, **READ_AS
    )
    return rows_of(X)


def _fitted(block: Any, coefs: Matrix) -> FloatArray:
    with one_blas_thread():
        return _read(block).fitted_by(coefs)


def _correlated(block: Any, v: FloatArray) -> FloatArray:
    with one_blas_thread():
        return _read(block).correlate(v)


def _spread(block: Any, weights: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    total, X = float(weights.sum()), _read(block)
    if not total > 0:
        return 0.0, np.zeros(X.shape[1]), np.zeros(X.shape[1])
    means, variances = X.spread(weights / total)
    return total, means, variances


def _pooled(
    parts: list[tuple[float, FloatArray, FloatArray]],
) -> tuple[float, FloatArray, FloatArray]:
    """Merge weights, means and variances, as `Moments` merge."""
    total, mean, variance = parts[0]
    for weight, other_mean, other_variance in parts[1:]:
        if weight > 0:
            share = weight / (total + weight)
            apart = other_mean - mean
            mean = mean + share * apart
            variance = (1 - share) * variance + share * (other_variance + (1 - share) * apart**2)
            total += weight
    return total, mean, variance


def _take(block: Any, columns: IndexArray, dense: bool) -> Matrix:
    X = _read(block)
    return X.columns(columns) if dense else X.restricted(columns).X


def _stored(block: Matrix) -> int:
    return rows_of(block).stored


def _side_by_side(blocks: list[Matrix], order: IndexArray) -> Matrix:
    return joined(blocks, axis=1)[:, order]


def _gram(
    X: Matrix, left: IndexArray, right: IndexArray, weights: FloatArray, means: FloatArray
) -> FloatArray:
    if np.array_equal(left, right):
        left = right  # so that columns are copied once
    with one_blas_thread():
        return rows_of(X).gram(left, right, weights, means)


def _kernel(blocks: list[Any], scale: FloatArray, means: FloatArray) -> FloatArray:
    X = joined([_read(block).X for block in blocks], axis=0)
    with one_blas_thread():
        return rows_of(X).kernel(scale, means)
