"""The data that an estimator is fitted to: checked rows, in memory or elsewhere, or moments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import numpy as np

from sklearn_reg._checks.placed import Placed, PlacedSparse
from sklearn_reg._checks.values import overflow_explained
from sklearn_reg._data.cells import Assign, Cell, CellMoments
from sklearn_reg._data.designs import Preprocessing
from sklearn_reg._data.rows import rows_of
from sklearn_reg._data.units import AnyPenalty, View, view_moments, view_rows
from sklearn_reg._tools.typing import FloatArray, Matrix
from sklearn_reg.moments import Moments

# A Gram matrix of more columns than this (800 MB) is formed only if a user asks for one.
LARGEST_GRAM = 10_000


class GramUse(NamedTuple):
    """When a solver uses moments instead of rows."""

    most: int = LARGEST_GRAM  # the largest number of features
    at_hand: bool = True  # also for rows in memory; if False, the solver forms their Gram matrix

    def pays(self, n_rows: int, n_features: int, stored: int) -> bool:
        """Compare the cost of a step: p^2 on the Gram matrix, reading X twice on the rows."""
        small = n_features <= self.most and n_features**2 <= 2 * stored
        return self.at_hand and n_rows > n_features and small


# Beyond 1500 columns a working set is cheaper than the products of all pairs of columns.
FOR_WORKING_SETS = GramUse(1500)


class Data(ABC):
    """Rows of X and y, and their weights.

    Attributes
    ----------
    n_features, n_targets : int
    y_ndim : int
        1 or 2.
    dtype : dtype
        Of the coefficients: float32 if X is float32.
    """

    n_features: int
    n_targets: int
    y_ndim: int
    dtype: np.dtype[Any]

    @abstractmethod
    def views(
        self, penalty: AnyPenalty, preprocessing: Preprocessing, gram_use: GramUse
    ) -> Iterator[View]:
        """Yield views of the data for the solvers, the cheapest first, the most accurate last.

        The next view is used only if the rounding errors of the last one are too large.
        """

    def by_name(self) -> Mapping[str, Any]:
        """Return the data by name, as far as they are available."""
        return {}

    def overflow_explained(self) -> AbstractContextManager[None]:
        """Turn an overflow into an error that says which input caused it."""
        return overflow_explained(self.by_name)


class Batch(Data):
    """Rows that can be read."""

    @abstractmethod
    def added_to(self, gathered: CellMoments, assign: Assign) -> CellMoments:
        """Assign the rows to cells, and add them to the gathered moments; in place if possible."""


class InMemory(Batch):
    """Rows in memory, or in a memory-mapped file.

    Parameters
    ----------
    X : {ndarray, sparse matrix, Placed, PlacedSparse} of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
    weights : ndarray of shape (n_samples,) or None
    """

    def __init__(
        self, X: Matrix | Placed | PlacedSparse, y: Any, weights: FloatArray | None
    ) -> None:
        self.y, self.weights = y, weights
        self.rows = rows_of(X)
        self.Y: FloatArray = np.asarray(y, dtype=np.float64).reshape(X.shape[0], -1)
        self.n_features, self.n_targets = X.shape[1], self.Y.shape[1]
        self.y_ndim, self.dtype = np.ndim(y), X.dtype

    @property
    def X(self) -> Matrix:
        """The rows in the memory of the CPU."""
        return self.rows.X

    def views(
        self, penalty: AnyPenalty, preprocessing: Preprocessing, gram_use: GramUse
    ) -> Iterator[View]:
        """Yield moments if they are cheaper, then rows.

        If columns are so nearly dependent that their Gram matrix loses too many digits, the rows
        still have these digits.
        """
        parts = self.rows, self.Y, self.weights, penalty, preprocessing
        if gram_use.pays(*self.rows.shape, self.rows.stored):
            yield view_rows(*parts, on_gram=True)
        yield view_rows(*parts)

    def added_to(self, gathered: CellMoments, assign: Assign) -> CellMoments:
        """Assign the rows to cells, and add them in place."""
        return self.added_by_cell(gathered, assign(gathered.n_seen, len(self.Y)))

    def added_by_cell(self, gathered: CellMoments, cells: Iterable[Cell]) -> CellMoments:
        """Add rows whose cells are known, in place."""
        with self.overflow_explained():
            return gathered.update(self.rows.source, self.Y, self.weights, cells)

    def by_name(self) -> Mapping[str, Any]:
        """Return the data by name."""
        return {"X": self.X, "y": self.Y}


class OfMoments(Data):
    """The moments of rows that are no longer available.

    Parameters
    ----------
    moments : Moments
    dtype : dtype
        Of the coefficients.
    y_ndim : int
        1 or 2.
    """

    def __init__(self, moments: Moments, dtype: np.dtype[Any], y_ndim: int) -> None:
        self.moments, self.dtype, self.y_ndim = moments, dtype, y_ndim
        self.n_features, self.n_targets = moments.cross.shape

    def views(
        self, penalty: AnyPenalty, preprocessing: Preprocessing, gram_use: GramUse
    ) -> Iterator[View]:
        """Yield the moments."""
        check_weight(self.moments.weight)
        yield view_moments(self.moments, penalty, preprocessing)

    def by_name(self) -> Mapping[str, Any]:
        """Return the sizes of the columns of X and y."""
        return self.moments.by_name()


@contextmanager
def error_in(where: str) -> Iterator[None]:
    """Prefix an error about the data with their location."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{where}: {error}") from error


def check_weight(weight: float) -> None:
    """Refuse rows whose weights are all zero."""
    if not weight > 0:
        raise ValueError("sample_weight must be positive for at least one row, got all zeros")
