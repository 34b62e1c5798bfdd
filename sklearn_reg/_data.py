"""What an estimator is fitted to: rows that have been checked, in memory or wherever they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from sklearn_reg._folds import (
    Cell,
    CellMoments,
    Deal,
    Folds,
    FoldsInMemory,
    MomentFolds,
    RowFolds,
)
from sklearn_reg._scaled import Penalties, Scaled, scale_rows
from sklearn_reg._splits import check_splits, read_splits
from sklearn_reg._typing import FloatArray, Matrix
from sklearn_reg._validation import overflow_explained
from sklearn_reg.moments import Moments
from sklearn_reg.path import moments_pay
from sklearn_reg.rows import rows_of
from sklearn_reg.solvers import Solver


class Data(ABC):
    """Rows of X and y, and their weights.

    Attributes
    ----------
    n_features, n_targets : int
    y_ndim : int
        1 or 2.
    dtype : dtype
        Of the coefficients: float32 where X is.
    gathered : Moments or None
        The moments of all rows, where the fit was on them because the rows are not at hand.
    """

    n_features: int
    n_targets: int
    y_ndim: int
    dtype: np.dtype[Any]
    gathered: Moments | None = None

    @abstractmethod
    def scaled(
        self, penalty: Penalties, solver: Solver, *, centred: bool, standardize: bool
    ) -> Iterator[Scaled]:
        """Wrap the data for the solver, in the cheapest way first and the most accurate one last.

        The next is wanted only where rounding was too large with the one before.
        """

    @abstractmethod
    def folds(
        self, splitter: Any, params: dict[str, Any], *, centred: bool, standardize: bool
    ) -> Folds:
        """Split into folds; `params` are for the splitter."""

    @abstractmethod
    def added_to(self, gathered: CellMoments, deal: Deal) -> CellMoments:
        """Deal the rows to cells, and add them to what has been gathered; in place if possible."""

    def by_name(self) -> Mapping[str, Any]:
        """Return the data by name, where they are at hand."""
        return {}

    def overflow_explained(self) -> AbstractContextManager[None]:
        """Turn an overflow into an error that says which input caused it."""
        return overflow_explained(self.by_name)


class InMemory(Data):
    """Rows in memory, or in a file that is mapped to it.

    Parameters
    ----------
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
    weights : ndarray of shape (n_samples,) or None
    """

    def __init__(self, X: Matrix, y: Any, weights: FloatArray | None) -> None:
        self.X, self.y, self.weights = X, y, weights
        self.Y: FloatArray = np.asarray(y, dtype=np.float64).reshape(X.shape[0], -1)
        self.n_features, self.n_targets = X.shape[1], self.Y.shape[1]
        self.y_ndim, self.dtype = np.ndim(y), X.dtype

    def scaled(
        self, penalty: Penalties, solver: Solver, *, centred: bool, standardize: bool
    ) -> Iterator[Scaled]:
        """Moments where they pay, then rows."""
        ways = [False]
        if solver.on_gram(self.X.shape[0], self.X.shape[1], rows_of(self.X).stored):
            # Of columns so dependent that their Gram matrix lost too many digits, rows are left.
            ways = [True, False]
        for on_gram in ways:
            yield scale_rows(
                self.X,
                self.Y,
                self.weights,
                penalty,
                on_gram=on_gram,
                centred=centred,
                standardize=standardize,
            )

    def folds(
        self, splitter: Any, params: dict[str, Any], *, centred: bool, standardize: bool
    ) -> FoldsInMemory:
        """Split into folds; no splitter makes none."""
        splits = []
        if splitter is not None:
            splits = read_splits(splitter, self.X, self.y, self.X.shape[0], params)
        check_splits(splits, self.weights)
        kind = MomentFolds if moments_pay(self.X) else RowFolds
        with self.overflow_explained():
            return kind(
                self.X, self.Y, self.weights, splits, centred=centred, standardize=standardize
            )

    def added_to(self, gathered: CellMoments, deal: Deal) -> CellMoments:
        """Deal the rows to cells, and add them in place."""
        return self.dealt_to(gathered, deal.cells(self.X.shape[0]))

    def dealt_to(self, gathered: CellMoments, cells: Iterable[Cell]) -> CellMoments:
        """Add rows that have been dealt to cells, in place."""
        with self.overflow_explained():
            return gathered.update(self.X, self.Y, self.weights, cells)

    def by_name(self) -> Mapping[str, Any]:
        """Return the data by name."""
        return {"X": self.X, "y": self.Y}


@contextmanager
def error_in(where: str) -> Iterator[None]:
    """Say in an error about the data where they were."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{where}: {error}") from error


def check_weight(weight: float) -> None:
    """Refuse rows that all count for nothing."""
    if not weight > 0:
        raise ValueError("sample_weight must be positive for at least one row, got all zeros")
