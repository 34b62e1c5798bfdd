"""Rows of other namespaces that stay on their device, and the products that are made there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from sklearn_reg._checks.namespaces import NUMPY, Home, home_of, is_half, is_sparse, lies_on_cpu
from sklearn_reg._tools.cached import cached_property

CHUNK_NUMBERS = 2**25  # of rows that a device multiplies at once


class Placed:
    """Dense rows of another namespace, which stay on their device.

    Parameters
    ----------
    array : array of shape (n_samples, n_features)
    home : Home
        Where it is. It is given, because threads do not know the settings of scikit-learn.
    double : bool, default=True
        Whether the device has double precision. If not, only predictions are made there.
    places : ndarray of shape (n_taken,), default=None
        The rows that are taken, chunk by chunk as they are needed; None means all.
    """

    def __init__(self, array: Any, home: Home, *, double: bool = True, places: Any = None) -> None:
        self._all, self.home, self.double, self._places = array, home, double, places
        n, p = array.shape
        self.shape: tuple[int, int] = (n if places is None else len(places), p)
        single = str(array.dtype).endswith("float32")
        self.dtype: np.dtype[Any] = np.dtype(np.float32 if single else np.float64)

    @property
    def array(self) -> Any:
        """All rows, an array of this namespace."""
        return self._all if self._places is None else self._taken(self._places, axis=0)

    def __getitem__(self, rows: slice) -> Placed:
        if self._places is None:
            return self._like(self._all[rows, :])
        return self._like(self._all, self._places[rows])

    def _like(self, array: Any, places: Any = None) -> Placed:
        return Placed(array, self.home, double=self.double, places=places)

    def _taken(self, places: np.ndarray[Any, Any], axis: int) -> Any:
        there = self.home.bring(places)
        if self.home.namespace == "torch":
            return self._all.index_select(axis, there)
        return self._make.take(self._all, there, axis=axis)

    @property
    def _make(self) -> Any:
        """The module that makes such arrays."""
        return sys.modules[self.home.namespace]

    def chunks(self) -> Iterator[slice]:
        """Split the rows into slices for large products."""
        n, p = self.shape
        size = max(p, CHUNK_NUMBERS // max(1, p))
        return (slice(start, min(start + size, n)) for start in range(0, n, size))

    def take(self, places: np.ndarray[Any, Any]) -> Placed:
        """Return these rows, which are copied when they are needed."""
        return self._like(self._all, places if self._places is None else self._places[places])

    def columns(self, places: np.ndarray[Any, Any]) -> Placed:
        """Copy these columns."""
        return self._like(self._taken(places, axis=1), self._places)

    def as_numpy(self) -> Any:
        """Copy the rows to the memory of the CPU."""
        return np.asarray(self.home.fetch(self.array), dtype=self.dtype)

    def cast(self, dtype: Any) -> Any:
        """Return the array in another precision."""
        dtype = getattr(self._make, np.dtype(dtype).name)
        if self.home.namespace == "torch":  # its `asarray` would move it to the default device
            return self.array.to(dtype)
        return self._make.asarray(self.array, dtype=dtype)

    def fitted(self, coefs: Any, intercept: Any) -> Any:
        """Return X W' + b, an array of this namespace, for arrays of NumPy."""
        dtype = np.result_type(self.dtype, coefs.dtype) if self.double else np.float32
        W, b = (self.home.bring(np.asarray(part, dtype=dtype)) for part in (coefs.T, intercept))
        return self.cast(dtype) @ W + b

    def centred(self, near: Any = None) -> Any:
        """Return X - near, an array of this namespace in float64."""
        values = self.cast(np.float64)
        return values if near is None else values - self.home.bring(near)

    def summed(self, of: Callable[[slice], Sequence[Any]]) -> list[Any]:
        """Return the sums over chunks of rows of arrays that `of` makes, as arrays of NumPy.

        The device adds them, and multiplies a chunk while the CPU prepares the next one; only the
        sums leave it.
        """
        totals: Sequence[Any] = ()
        for rows in self.chunks():
            parts = of(rows)
            totals = [a + b for a, b in zip(totals, parts, strict=True)] if totals else parts
        return [np.array(self.home.fetch(total)) for total in totals]

    def product(self, near: Any, beside: Any, roots: Any) -> Any:
        """Return A'A for A = [roots (X - near), beside], an array of NumPy.

        Parameters
        ----------
        near : ndarray of shape (n_features,)
        beside : ndarray of shape (n_samples, k)
        roots : ndarray of shape (n_samples,) or None
            None means 1.
        """

        def of(rows: slice) -> tuple[Any, Any]:
            A, B = self[rows].centred(near), self.home.bring(beside[rows])
            A = A if roots is None else A * self.home.bring(roots[rows, None])
            return A.T @ A, A.T @ B

        gram, between = self.summed(of)
        return np.block([[gram, between], [between.T, beside.T @ beside]])


class PlacedSparse:
    """A CSR tensor of PyTorch on its device, beside its copy in the memory of the CPU.

    Parameters
    ----------
    tensor : tensor of shape (n_samples, n_features)
    home : Home
        Where it is.
    copy : sparse matrix
        Its copy.
    """

    def __init__(self, tensor: Any, home: Home, copy: Any) -> None:
        self.copy, self.home = copy, home
        self.shape: tuple[int, int] = copy.shape
        self.dtype: np.dtype[Any] = copy.dtype
        self._given = tensor.detach()

    @cached_property
    def _tensor(self) -> Any:
        """X in double precision."""
        return self._given.to(sys.modules["torch"].float64)

    @cached_property
    def _transposed(self) -> Any:
        """X' in CSR, because PyTorch multiplies a dense matrix with X from the left slowly."""
        by_column = self._tensor.to_sparse_csc()
        parts = by_column.ccol_indices(), by_column.row_indices(), by_column.values()
        # Without the last argument it warns that it does not check what it made itself.
        return sys.modules["torch"].sparse_csr_tensor(
            *parts, size=self.shape[::-1], check_invariants=False
        )

    def fitted(self, W: np.ndarray[Any, Any]) -> Any:
        """Return X W, an array of NumPy in float64."""
        return self.home.fetch(self._tensor @ self.home.bring(W))

    def correlate(self, V: np.ndarray[Any, Any]) -> Any:
        """Return X'V, an array of NumPy in float64."""
        return self.home.fetch(self._transposed @ self.home.bring(V))


def placed(values: Any) -> Placed | None:
    """Return dense rows that can stay where they are; None for others, to be read as NumPy."""
    home = home_of(values)
    if home == NUMPY or values.ndim != 2 or is_sparse(values):
        return None
    if is_half(values) or "complex" in str(values.dtype):  # to be refused
        return None
    double = home.has_double
    if not double and lies_on_cpu(values):
        return None
    return Placed(values.detach() if home.namespace == "torch" else values, home, double=double)


def on_cpu(rows: Any) -> Any:
    """Return rows in the memory of the CPU."""
    return rows.as_numpy() if isinstance(rows, Placed) else rows


def staying(given: Any, rows: Any) -> Any:
    """Return rows for products: if a CSR tensor was given, it stays where it is, beside its copy.

    Parameters
    ----------
    given : array-like
        The rows as they were given.
    rows : {ndarray, sparse matrix, Placed}
        The rows as they were read, which are returned otherwise.
    """
    home = home_of(given)
    if home.namespace != "torch" or not is_sparse(given) or not home.has_double:
        return rows
    return PlacedSparse(given, home, rows)
