r"""Lasso paths of many problems on the same rows at once, by homotopy on wide data.

The events are those of `homotopy`. Its tableau has p^2 numbers a path, too many for wide data: here
each path keeps the columns of its features A and the inverse of their Gram matrix, and one product
with X an event gives the lines

    u(lambda) = u_0 - lambda u_1,    u_0 = c - Z'S Z_A b,    u_1 = -Z'S Z_A d

of all features and paths. The lines come from the data at each event, so that errors do not add up;
a path whose line is not that of an optimum is not sure, and left to another solver.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

import numpy as np

from sklearn_reg._solvers.homotopy import DEPENDENT, STATE, Paths
from sklearn_reg._tools.bounds import Bounds
from sklearn_reg._tools.linalg import EPS
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray

FIRST_ROOM = 16  # for the features of each path; it doubles when it is full


class Subsets(NamedTuple):
    """Subsets of the same rows, each as a lasso of its own; their first axis. See `Design`."""

    X: FloatArray  # of all rows, in C order, of shape (n_rows, n_features)
    shares: FloatArray  # the weights s, of shape (n_subsets, n_rows)
    means: FloatArray  # of the columns, of shape (n_subsets, n_features)
    factors: FloatArray
    squares: FloatArray  # the diagonals of Z'S Z
    crosses: FloatArray  # Z'S y


def lasso_supports(
    subsets: Subsets, lambdas: FloatArray, bounds: Bounds | None, most: int, allowed: float
) -> tuple[BoolArray, BoolArray]:
    """Return which features each subset selects at each penalty, and whether that is sure.

    Parameters
    ----------
    subsets : Subsets
        All penalty weights are 1.
    lambdas : ndarray of shape (n_lambdas,)
        Falling positive penalties.
    bounds : Bounds or None
        Of shape (n_features,), none of them a box.
    most : int
        A path may end once more features than this have been selected.
    allowed : float
        How far a correlation may be beyond its bound, relative to that bound.

    Returns
    -------
    selected : ndarray of shape (n_subsets, n_lambdas, n_features) of bool
        Whether each coefficient is not zero. Beyond the end of a path nothing is.
    sure : ndarray of shape (n_subsets,) of bool
        Whether the path is that of the optimum.
    """
    paths = SubsetPaths(subsets, lambdas, bounds, most, allowed)
    for _ in paths.events():
        pass
    paths.sure[paths.live] = False
    return paths.selected, paths.sure


class RowPaths(Paths):
    """Paths on rows. The two rows of a tableau are the last two of `Paths`: b and d, u_0 and u_1.

    A subclass gives the columns of S^(1/2) Z of each path, and its products with vectors.
    """

    state: tuple[str, ...] = (
        *STATE,
        *("_crosses", "_features", "_columns", "_inverses", "_lines", "_ended"),
    )

    def __init__(
        self,
        crosses: FloatArray,
        lengths: FloatArray,
        n_rows: int,
        lambdas: FloatArray,
        bounds: Bounds | None,
        allowed: float,
    ) -> None:
        """Start paths, given Z'S y and the diagonals of Z'S Z, of shape (n_paths, n_features)."""
        k, p = crosses.shape
        self._crosses, self._lengths, self._allowed = crosses, lengths, allowed
        self._tableaus = np.zeros((k, 2, p))
        # The place of each feature of a path: its number (-1: free), its column of S^(1/2) Z, its
        # row of G_AA^-1, and its entries of b and d.
        self._features = np.full((k, FIRST_ROOM), -1)
        self._columns = np.zeros((k, FIRST_ROOM, n_rows))
        self._inverses = np.zeros((k, FIRST_ROOM, FIRST_ROOM))
        self._lines = np.zeros((k, 2, FIRST_ROOM))
        self._ended = np.zeros(k, dtype=bool)  # before the end of the grid
        self.sure = np.ones(k, dtype=bool)  # whether the path is that of the optimum
        self._start(crosses, np.ones(p), lambdas, bounds)

    @abstractmethod
    def _column(self, paths: IndexArray, feature: IndexArray) -> FloatArray:
        """Copy a column of S^(1/2) Z of each of these paths, of shape (n_paths, n_rows)."""

    @abstractmethod
    def _correlations(self, fitted: FloatArray) -> FloatArray:
        """Return Z'S^(1/2) v of vectors of shape (n_live, 2, n_rows)."""

    def _may_enter(self) -> BoolArray:
        """Whether a column is not zero; whether others explain it shows when it enters."""
        return np.asarray(self._lengths > 0)

    def _sweep(self, feature: IndexArray, sign: FloatArray, rest: FloatArray) -> None:
        """Let a feature of each path enter with a sign, or leave where that is zero."""
        leaving, entering = np.flatnonzero(sign == 0), np.flatnonzero(sign)
        self._left = np.where(sign == 0, feature, -1)
        self._signs[np.arange(feature.size), feature] = sign
        if leaving.size:
            self._leave(leaving, feature[leaving])
        if entering.size:
            self._enter(entering, feature[entering])
        if feature.size:
            self._draw_lines()

    def _leave(self, paths: IndexArray, feature: IndexArray) -> None:
        """Remove a feature from each of these paths."""
        place = (self._features[paths] == feature[:, None]).argmax(axis=1)
        row = self._inverses[paths, place]
        pivot = row[np.arange(paths.size), place]
        self._inverses[paths] -= row[:, :, None] * (row / pivot[:, None])[:, None]
        self._inverses[paths, place] = 0.0
        self._inverses[paths, :, place] = 0.0
        self._columns[paths, place] = 0.0
        self._features[paths, place] = -1

    def _enter(self, paths: IndexArray, feature: IndexArray) -> None:
        """Add a feature to each of these paths; one that the others explain ends the path."""
        if not (self._features[paths] < 0).any(axis=1).all():
            self._double_room()
        place, rows = (self._features[paths] < 0).argmax(axis=1), np.arange(paths.size)
        column = self._column(paths, feature)
        products = np.matmul(self._columns[paths], column[:, :, None])
        shares = np.matmul(self._inverses[paths], products)[:, :, 0]
        square = np.einsum("kn,kn->k", column, column)
        pivot = square - np.einsum("km,km->k", products[:, :, 0], shares)
        explained = pivot <= DEPENDENT * square
        self._give_up(paths[explained])
        pivot[explained] = 1.0
        shares[rows, place] = -1.0
        self._inverses[paths] += shares[:, :, None] * (shares / pivot[:, None])[:, None]
        self._columns[paths, place] = column
        self._features[paths, place] = feature

    def _double_room(self) -> None:
        """Make room for twice as many features."""
        room = self._features.shape[1]
        self._features = np.pad(self._features, ((0, 0), (0, room)), constant_values=-1)
        self._columns = np.pad(self._columns, ((0, 0), (0, room), (0, 0)))
        self._inverses = np.pad(self._inverses, ((0, 0), (0, room), (0, room)))

    def _draw_lines(self) -> None:
        """Compute b and d of the features of each path, and u_0 and u_1 of the others."""
        inside = self._features >= 0
        path, place = np.nonzero(inside)
        feature = self._features[path, place]
        ends = np.zeros((len(inside), 2, inside.shape[1]))
        ends[path, 0, place] = self._crosses[path, feature]
        ends[path, 1, place] = self._signs[path, feature]
        self._lines = np.matmul(ends, self._inverses)
        T = self._correlations(np.matmul(-self._lines, self._columns))
        T[:, 0] += self._crosses
        # Inside, u should be lambda times the sign: these are the errors.
        wrong = np.abs(T[path, 0, feature]) > self._allowed * self._grid[path, -1]
        wrong |= np.abs(T[path, 1, feature] + self._signs[path, feature]) > self._allowed
        self._give_up(path[wrong])
        T[path, :, feature] = self._lines[path, :, place]
        self._tableaus = T

    def _give_up(self, paths: IndexArray) -> None:
        """End paths that are not sure."""
        self.sure[self.live[paths]] = False
        self._ended[paths] = True

    def _next_events(self) -> tuple[FloatArray, FloatArray, IndexArray, FloatArray]:
        """Return the next event of each path; check that no correlation is beyond its bound."""
        at, sign, feature, rest = super()._next_events()
        where = np.maximum(at, self._grid[:, -1])
        u = self._tableaus[:, 0] - where[:, None] * self._tableaus[:, 1]
        u[self._signs != 0] = 0.0
        pull = Bounds(self._lower, self._upper).pull(u).max(axis=1)
        self._give_up(np.flatnonzero(pull > (1.0 + self._allowed) * where))
        return np.where(self._ended, -np.inf, at), sign, feature, rest


class SubsetPaths(RowPaths):
    """Paths of subsets of the rows.

    Attributes
    ----------
    selected : ndarray of shape (n_subsets, n_lambdas, n_features) of bool
    sure : ndarray of shape (n_subsets,) of bool
    """

    state = (*RowPaths.state, "_roots", "_means", "_factors", "_ever")

    def __init__(
        self,
        subsets: Subsets,
        lambdas: FloatArray,
        bounds: Bounds | None,
        most: int,
        allowed: float,
    ) -> None:
        self._X, shares, self._means, self._factors, lengths, crosses = subsets
        self._roots, self._most = np.sqrt(shares), most
        (k, n), p = shares.shape, self._X.shape[1]
        self._ever = np.zeros((k, p), dtype=bool)  # the features that were selected
        self.selected = np.zeros((k, lambdas.size, p), dtype=bool)
        if bounds is not None:
            bounds = Bounds(*(np.tile(side, (k, 1)) for side in (bounds.lower, bounds.upper)))
        super().__init__(crosses, lengths, n, np.tile(lambdas, (k, 1)), bounds, allowed)

    def _column(self, paths: IndexArray, feature: IndexArray) -> FloatArray:
        """Copy a column of S^(1/2) Z of each of these paths, of shape (n_paths, n_rows)."""
        column = self._X[:, feature].T - self._means[paths, feature, None]
        column *= self._factors[paths, feature, None] * self._roots[paths]
        return np.asarray(column)

    def _correlations(self, fitted: FloatArray) -> FloatArray:
        """Return Z'S^(1/2) v of vectors of shape (n_live, 2, n_rows)."""
        weighted = fitted * self._roots[:, None]
        T = (weighted.reshape(-1, weighted.shape[2]) @ self._X).reshape(len(fitted), 2, -1)
        T -= weighted.sum(axis=2, keepdims=True) * self._means[:, None]
        T *= self._factors[:, None]
        return np.asarray(T)

    def _write(self, at: FloatArray) -> None:
        """Write down what is selected from the last event down to the next, which is excluded."""
        path, point = np.nonzero((self._grid <= self.levels[:, None]) & (self._grid > at[:, None]))
        if not path.size:
            return
        b, d = self._lines[path, 0], self._lines[path, 1]
        w = b - self._grid[path, point, None] * d
        row, place = np.nonzero(np.abs(w) > 16.0 * EPS * np.abs(b))
        path, point = path[row], point[row]
        feature = self._features[path, place]
        self.selected[self.live[path], point, feature] = True
        self._ever[path, feature] = True
        self._ended |= np.count_nonzero(self._ever, axis=1) > self._most
