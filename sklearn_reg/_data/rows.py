"""Rows: the products with X itself, dense or sparse, with one interface for both."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from sklearn_reg._checks.placed import Placed, PlacedSparse
from sklearn_reg._tools.cached import cached_property
from sklearn_reg._tools.linalg import EPS, dense, support_of
from sklearn_reg._tools.threads import in_rounds, mapped_in_threads
from sklearn_reg._tools.typing import FloatArray, IndexArray, Matrix
from sklearn_reg.moments import CHUNK_NUMBERS, canonical, row_chunks, spread_of


class Rows(ABC):
    """A matrix X of shape (n_samples, n_features), read but never copied or changed."""

    # Whether X is stored sparse. Products of its centred columns then lose digits, because the
    # means cancel, and solutions are likely to have few non-zeros.
    is_sparse: bool
    # Whether one product with many vectors costs less than a product with each.
    many_at_once: bool
    # Whether to copy columns for a Gram matrix: products of the copies run at BLAS speed.
    copies_pay: bool = False
    # Whether a few rows can be read without reading the others.
    few_rows_are_cheap: bool = False

    def __init__(self, X: Matrix) -> None:
        self.X = X
        self.shape: tuple[int, int] = X.shape

    @property
    def source(self) -> Matrix | Placed:
        """The rows where they are: X, unless it lies on another device."""
        return self.X

    @property
    def given(self) -> Any:
        """The rows as they were given."""
        return self.X

    @property
    @abstractmethod
    def stored(self) -> int:
        """The number of entries that a product with X reads."""

    @abstractmethod
    def fitted(self, w: FloatArray) -> FloatArray:
        """X w."""

    def fitted_each(self, ws: Sequence[FloatArray]) -> list[FloatArray]:
        """X w for each w."""
        return [self.fitted(w) for w in ws]

    @abstractmethod
    def fitted_by(self, coefs: Matrix) -> FloatArray:
        """X C', of shape (n_samples, k), for C of shape (k, n_features), dense or sparse."""

    @abstractmethod
    def correlate(self, v: FloatArray) -> FloatArray:
        """X'v, for v of shape (n_samples,) or (n_samples, k)."""

    @abstractmethod
    def spread(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Weighted means and variances of the columns, exact even if the mean is large.

        The variance of a constant column is exactly zero.
        """

    def second_moments(self, weights: FloatArray) -> FloatArray:
        """Weighted means of the squares; their last digits may be wrong."""
        means, variances = self.spread(weights)
        return np.asarray(variances + means**2)

    @abstractmethod
    def stored_in(self, columns: IndexArray) -> int:
        """Return the number of entries that a product with these columns reads."""

    @abstractmethod
    def columns(self, columns: IndexArray) -> FloatArray:
        """Copy these columns, dense and float64."""

    @abstractmethod
    def restricted(self, columns: IndexArray) -> Rows:
        """Copy these columns, in the format of X."""

    @abstractmethod
    def gram(
        self, rows: IndexArray, columns: IndexArray, weights: FloatArray, means: FloatArray
    ) -> FloatArray:
        """(X - 1m')' diag(weights) (X - 1m'), for weights of sum one, restricted."""

    @abstractmethod
    def kernel(self, scale: FloatArray, means: FloatArray) -> FloatArray:
        """(X - 1m') diag(scale) (X - 1m')'."""


class DenseRows(Rows):
    """An ndarray in C or Fortran order; float32 is summed in float64, part by part."""

    is_sparse = False
    many_at_once = True
    copies_pay = True
    few_rows_are_cheap = True

    @property
    def stored(self) -> int:
        """The number of entries that a product with X reads."""
        return self.shape[0] * self.shape[1]

    def fitted(self, w: FloatArray) -> FloatArray:
        """X w; if w has few non-zeros, only their columns are read."""
        support = support_of(w)
        if 4 * support.size < w.size:
            return _product_of_columns(self.X, support, w[support])
        return _product(self.X, w)

    def fitted_by(self, coefs: Matrix) -> FloatArray:
        """X C', of shape (n_samples, k), for C of shape (k, n_features), dense or sparse."""
        used = support_of(abs(coefs).sum(axis=0))
        if 4 * used.size < coefs.shape[1]:
            return _product_of_columns(self.X, used, dense(coefs[:, used].T))
        return _product(self.X, dense(coefs.T))

    def correlate(self, v: FloatArray) -> FloatArray:
        """X'v, for v of shape (n_samples,) or (n_samples, k)."""
        return _product(self.X.T, v)

    def spread(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Weighted means and variances; a second pass over X corrects the rounding of the means."""
        means, variances = self.correlate(weights), np.zeros(self.shape[1])
        correction = np.zeros(self.shape[1])
        for rows, columns in _parts(self.X):
            centred = self.X[rows, columns] - means[columns]
            correction[columns] += weights[rows] @ centred
            variances[columns] += weights[rows] @ np.square(centred, out=centred)
        # The mean of a constant c is c (1 + n EPS) at worst, and its variance is then below
        # (n EPS)^3 c^2: far below the rounding of the data that `spread_of` assumes.
        return spread_of(means + correction, variances - correction**2)[:2]

    def second_moments(self, weights: FloatArray) -> FloatArray:
        """Weighted means of the squares; their last digits may be wrong."""
        # One product of three arrays, which makes no copies.
        return np.asarray(np.einsum("i,ij,ij->j", weights, self.X, self.X, dtype=np.float64))

    def stored_in(self, columns: IndexArray) -> int:
        """Return the number of entries that a product with these columns reads."""
        return self.shape[0] * columns.size

    def columns(self, columns: IndexArray) -> FloatArray:
        """Copy these columns, dense and float64."""
        return np.asfortranarray(self.X[:, columns], dtype=np.float64)

    def restricted(self, columns: IndexArray) -> Rows:
        """Copy these columns."""
        return DenseRows(self.X[:, columns])

    def gram(
        self, rows: IndexArray, columns: IndexArray, weights: FloatArray, means: FloatArray
    ) -> FloatArray:
        """(X - 1m')' diag(weights) (X - 1m'), restricted; columns are centred first."""
        product = np.zeros((rows.size, columns.size))
        for part in row_chunks(self.shape[0], max(rows.size, columns.size)):
            right = self.X[part][:, columns] - means[columns]
            left = right if rows is columns else self.X[part][:, rows] - means[rows]
            product += left.T @ (weights[part, None] * right)
        return product

    def kernel(self, scale: FloatArray, means: FloatArray) -> FloatArray:
        """(X - 1m') diag(scale) (X - 1m')', by chunks of columns."""
        (n, p), roots = self.shape, np.sqrt(scale)

        def of(part: slice) -> FloatArray:
            X = self.X[:, part] - means[part]
            X *= roots[part]
            return np.asarray(X @ X.T)  # NumPy detects that it is symmetric: half of the work

        product, parts = np.zeros((n, n)), list(row_chunks(p, n))
        with mapped_in_threads(len(parts)) as mapped:
            for some in in_rounds(mapped, of, parts):
                product += some
        return product


class CopiedRows(DenseRows):
    """Rows on another device: products are made of a copy on the CPU, when one is needed."""

    def __init__(self, X: Placed) -> None:
        self._placed, self.shape = X, X.shape

    @property
    def source(self) -> Matrix | Placed:
        """The rows where they are."""
        return self._placed

    @property
    def given(self) -> Any:
        """The rows as they were given."""
        return self._placed.array

    @cached_property
    def X(self) -> Matrix:
        """A copy of the rows in the memory of the CPU, for what is not done there."""
        copy: Matrix = self._placed.as_numpy()
        return copy


class PlacedRows(CopiedRows):
    """Rows on a device with double precision: products are made there, chunk by chunk."""

    few_rows_are_cheap = False

    def fitted(self, w: FloatArray) -> FloatArray:
        """X w; if w has few non-zeros, only their columns are read."""
        fitted: FloatArray = self.fitted_by(w[None])[:, 0]
        return fitted

    def fitted_by(self, coefs: Matrix) -> FloatArray:
        """X C', of shape (n_samples, k), for C of shape (k, n_features), dense or sparse."""
        used, X = support_of(abs(coefs).sum(axis=0)), self._placed
        if 4 * used.size < coefs.shape[1]:
            coefs, X = coefs[:, used], X.columns(used)
        C = dense(coefs).astype(np.float64, copy=False)
        parts = [X[rows].fitted(C, np.zeros(len(C))) for rows in X.chunks()]
        return np.concatenate([X.home.fetch(part) for part in parts])

    def correlate(self, v: FloatArray) -> FloatArray:
        """X'v, for v of shape (n_samples,) or (n_samples, k)."""
        X = self._placed
        product: FloatArray
        (product,) = X.summed(lambda rows: (X[rows].centred().T @ X.home.bring(v[rows]),))
        return product

    def spread(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Weighted means and variances; a second pass over X corrects the rounding of the means."""
        means = self.correlate(weights)
        correction, variances = self._sums_about(means, weights)
        return spread_of(means + correction, variances - correction**2)[:2]

    def second_moments(self, weights: FloatArray) -> FloatArray:
        """Weighted means of the squares; their last digits may be wrong."""
        return self._sums_about(np.zeros(self.shape[1]), weights)[1]

    def _sums_about(self, near: FloatArray, weights: FloatArray) -> list[FloatArray]:
        """Return weighted sums of X - near, and of its squares."""
        X = self._placed

        def of(rows: slice) -> tuple[Any, Any]:
            centred, s = X[rows].centred(near), X.home.bring(weights[rows])
            return s @ centred, s @ (centred * centred)

        return X.summed(of)

    def columns(self, columns: IndexArray) -> FloatArray:
        """Copy these columns to the memory of the CPU, float64."""
        return np.asfortranarray(self._placed.columns(columns).as_numpy(), dtype=np.float64)

    def restricted(self, columns: IndexArray) -> Rows:
        """Copy these columns, on the device."""
        return PlacedRows(self._placed.columns(columns))

    def gram(
        self, rows: IndexArray, columns: IndexArray, weights: FloatArray, means: FloatArray
    ) -> FloatArray:
        """(X - 1m')' diag(weights) (X - 1m'), restricted; columns are centred first."""
        left, right = (self._placed.columns(some) for some in (rows, columns))

        def of(part: slice) -> tuple[Any]:
            scale = self._placed.home.bring(weights[part, None])
            weighted = scale * right[part].centred(means[columns])
            return (left[part].centred(means[rows]).T @ weighted,)

        product: FloatArray
        (product,) = self._placed.summed(of)
        return product

    def kernel(self, scale: FloatArray, means: FloatArray) -> FloatArray:
        """(X - 1m') diag(scale) (X - 1m')', by chunks of columns."""
        (n, p), roots, X = self.shape, np.sqrt(scale), self._placed
        product = np.zeros((n, n))
        for part in row_chunks(p, n):
            columns = np.arange(p)[part]
            scaled = X.columns(columns).centred(means[part]) * X.home.bring(roots[part])
            product += X.home.fetch(scaled @ scaled.T)
        return product


def _parts(A: Matrix) -> Iterator[tuple[slice, slice]]:
    """Split a dense matrix along its slow axis into parts that fit in cache: rows and columns."""
    by_row, everything = A.flags.c_contiguous, slice(None)
    for part in steps(*(A.shape if by_row else A.shape[::-1])):
        yield (part, everything) if by_row else (everything, part)


def steps(length: int, each: int) -> Iterator[slice]:
    """Split what has `length` parts of `each` numbers into slices that fit in cache."""
    step = max(1, CHUNK_NUMBERS // max(1, each))
    return (slice(start, min(start + step, length)) for start in range(0, length, step))


def _product(A: Matrix, B: FloatArray) -> FloatArray:
    """Return A B in float64; a float32 matrix is converted part by part."""
    if A.dtype == np.float64:
        return np.asarray(A @ B)
    product = np.zeros((A.shape[0], *B.shape[1:]))
    for rows, columns in _parts(A):
        product[rows] += np.asarray(A[rows, columns], dtype=np.float64) @ B[columns]
    return product


def _product_of_columns(X: Matrix, columns: IndexArray, B: FloatArray) -> FloatArray:
    """Return these columns of X times B, in float64, from copies of parts that fit in cache."""
    size = len(X), columns.size
    if X.flags.c_contiguous:
        parts = [np.asarray(X[rows][:, columns], dtype=np.float64) @ B for rows in steps(*size)]
        return np.concatenate(parts)
    product = np.zeros((len(X), *B.shape[1:]))
    for some in steps(*size[::-1]):
        product += np.asarray(X[:, columns[some]], dtype=np.float64) @ B[some]
    return product


class SparseRows(Rows):
    """A scipy.sparse CSC or CSR matrix or array, int32 or int64 indices, never dense as a whole."""

    is_sparse = True
    many_at_once = False  # SciPy reads X once for each vector

    @property
    def by_column(self) -> bool:
        """Whether a column can be read without reading the others."""
        return bool(self.X.format == "csc")

    @property
    def stored(self) -> int:
        """The number of entries that a product with X reads."""
        return int(self.X.nnz)

    def fitted(self, w: FloatArray) -> FloatArray:
        """X w; if w has few non-zeros, only their columns are read."""
        support = support_of(w)
        X = self.X[:, support] if self.by_column and 4 * support.size < w.size else self.X
        return np.asarray(X @ (w if X is self.X else w[support]), dtype=np.float64)

    def fitted_by(self, coefs: Matrix) -> FloatArray:
        """X C', of shape (n_samples, k), for C of shape (k, n_features), dense or sparse."""
        product = self.X @ coefs.T
        return dense(product).astype(np.float64, copy=False)

    def correlate(self, v: FloatArray) -> FloatArray:
        """X'v, for v of shape (n_samples,) or (n_samples, k)."""
        return np.asarray(self.X.T @ v, dtype=np.float64)

    def spread(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Weighted means and variances: sums over the stored entries, then over the other zeros.

        The weight of these zeros is 1 minus that of the stored entries, with an error of sqrt(n)
        EPS, which is too large if there are none. Counting finds such columns, stored in full.
        """
        means, X, p = self.correlate(weights), canonical(self.X).tocoo(), self.shape[1]
        s = weights[X.row]
        centred = X.data - means[X.col]
        share, first, second = (
            np.bincount(X.col, weights=values, minlength=p)
            for values in (s, s * centred, s * np.square(centred))
        )
        full = np.bincount(X.col[s > 0], minlength=p) == np.count_nonzero(weights)
        zeros = np.where(full, 0.0, np.maximum(1.0 - share, 0.0))
        correction = first - zeros * means
        lost = np.where(full, 0.0, np.sqrt(weights.size) * EPS * means**2)
        squares = second + zeros * means**2 - correction**2
        return spread_of(means + correction, squares, lost)[:2]

    def second_moments(self, weights: FloatArray) -> FloatArray:
        """Weighted means of the squares; their last digits may be wrong."""
        X, squares = self.X, np.square(self.X.data, dtype=np.float64)
        if self.by_column and (weights == weights[0]).all():  # sums of contiguous entries
            sums, filled = np.zeros(self.shape[1]), self._counts > 0
            sums[filled] = weights[0] * np.add.reduceat(squares, X.indptr[:-1][filled])
            return sums
        return np.asarray(type(X)((squares, X.indices, X.indptr), shape=X.shape).T @ weights)

    def stored_in(self, columns: IndexArray) -> int:
        """Return the number of entries that a product with these columns reads."""
        return int(self._counts[columns].sum())

    @cached_property
    def _counts(self) -> IndexArray:
        """Entries stored in each column."""
        if self.by_column:
            return np.asarray(np.diff(self.X.indptr))
        return np.asarray(np.bincount(self.X.indices, minlength=self.shape[1]))

    def columns(self, columns: IndexArray) -> FloatArray:
        """Copy these columns, dense and float64."""
        return np.asfortranarray(self.X[:, columns].toarray(), dtype=np.float64)

    def restricted(self, columns: IndexArray) -> Rows:
        """Copy these columns, in the format of X."""
        return SparseRows(self.X[:, columns])

    def gram(
        self, rows: IndexArray, columns: IndexArray, weights: FloatArray, means: FloatArray
    ) -> FloatArray:
        """(X - 1m')' diag(weights) (X - 1m') = X'SX - mm', restricted."""
        weighted = sparse.diags_array(weights) @ self.X[:, columns]
        product = np.asarray((self.X[:, rows].T @ weighted).toarray(), dtype=np.float64)
        product -= np.multiply.outer(means[rows], means[columns])
        return product

    def kernel(self, scale: FloatArray, means: FloatArray) -> FloatArray:
        """(X - 1m') diag(scale) (X - 1m')' = XAX' - (XAm)1' - 1(XAm)' + (m'Am) 11'."""
        product = np.asarray((self.X @ sparse.diags_array(scale) @ self.X.T).toarray())
        mixed = self.fitted(scale * means)
        product += float(means @ (scale * means)) - mixed - mixed[:, None]
        return product


class PlacedSparseRows(SparseRows):
    """A CSR tensor on its device: products with dense arrays are made there, others of its copy."""

    many_at_once = True

    def __init__(self, X: PlacedSparse) -> None:
        super().__init__(X.copy)
        self._placed = X

    def fitted(self, w: FloatArray) -> FloatArray:
        """X w."""
        fitted: FloatArray = self._placed.fitted(w)
        return fitted

    def fitted_by(self, coefs: Matrix) -> FloatArray:
        """X C', of shape (n_samples, k), for C of shape (k, n_features), dense or sparse."""
        return super().fitted_by(coefs) if sparse.issparse(coefs) else self.fitted(coefs.T)

    def correlate(self, v: FloatArray) -> FloatArray:
        """X'v, for v of shape (n_samples,) or (n_samples, k)."""
        product: FloatArray = self._placed.correlate(v)
        return product


def take_rows(X: Any, rows: IndexArray) -> Any:
    """Copy these rows, in the memory order of X."""
    if isinstance(X, Placed):
        return X.take(rows)
    if sparse.issparse(X) or X.flags.c_contiguous:
        return X[rows]
    return X.T.take(rows, axis=1, mode="clip").T  # "clip" avoids a copy


def chunks_of(X: Matrix | Placed, n_rows: int, n_parts: int = 1) -> list[slice]:
    """Split rows into chunks, from each of which moments of so many parts are gathered.

    Rows on a device are one chunk, because a device splits them itself, and what leaves it takes
    longer than its work.
    """
    if isinstance(X, Placed):
        return [slice(0, n_rows)]
    return list(row_chunks(n_rows, X.shape[1], n_parts))


def rows_of(X: Matrix | Placed | PlacedSparse | Rows) -> Rows:
    """Wrap a validated matrix; return `Rows`, such as those on Dask, unchanged."""
    if isinstance(X, Rows):
        return X
    if isinstance(X, Placed):
        return PlacedRows(X) if X.double else CopiedRows(X)
    if isinstance(X, PlacedSparse):
        return PlacedSparseRows(X)
    return SparseRows(X) if sparse.issparse(X) else DenseRows(X)
