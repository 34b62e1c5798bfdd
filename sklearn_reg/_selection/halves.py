"""Random halves of the rows, and what solvers need of all of them, from few products with X.

A half gives weight 1/m to its m rows and 0 to the others. Sums over all halves are a product of the
matrix of these weights with X; the Gram matrix of one half of a pair is that of all rows without
those of the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.random import RandomState

from sklearn_reg._data.data import FOR_WORKING_SETS, InMemory
from sklearn_reg._data.designs import Preprocessing
from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._data.units import View
from sklearn_reg._solvers.batch import (
    HUGE,
    MOST_FEATURES,
    TINY,
    Common,
    PathRequest,
    Problems,
    bounds_of,
)
from sklearn_reg._solvers.row_homotopy import Subsets
from sklearn_reg._tools.cached import cached_property
from sklearn_reg._tools.linalg import EPS, dense
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray
from sklearn_reg.moments import LOST_FACTOR, check_finite, row_chunks, spread_of


def draw_halves(n_rows: int, n_halves: int, rng: RandomState) -> BoolArray:
    """Draw pairs of disjoint halves; return the rows of each, of shape (n_halves, n_rows).

    If the number of rows is odd, each pair leaves out one row.
    """
    halves, size = np.zeros((n_halves, n_rows), dtype=bool), n_rows // 2
    for pair in range(0, n_halves, 2):
        order = rng.permutation(n_rows)
        halves[pair, order[:size]] = True
        halves[pair + 1, order[size : 2 * size]] = True
    return halves


class Halves:
    """Halves of rows in memory: their means, spreads and products with y.

    Parameters
    ----------
    data : InMemory
        With one target and without weights.
    members : ndarray of shape (n_halves, n_rows) of bool
        Pairs of disjoint halves of equal size.
    preprocessing : Preprocessing
    penalty : UnitPenalty
    weights : ndarray of shape (n_halves, n_features)
        Penalty weights of each half.

    Attributes
    ----------
    n_halves, size, n_features : int
        How many there are, the rows of each, and the columns.
    unit : float
        The unit of y in which the solvers have it, a power of two.
    means : ndarray of shape (n_halves, n_features)
        Of the columns of X - near, where near are the means of all rows; 0 without an intercept.
    factors : ndarray of shape (n_halves, n_features)
        Of the columns. They include the inverse penalty weights of a lasso, so that all its
        penalty weights are 1.
    squares : ndarray of shape (n_halves, n_features)
        Mean squares of the columns.
    crosses : ndarray of shape (n_halves, n_features)
        Products of the columns with y.
    scatters : ndarray of shape (n_halves,)
        Mean squares of y.
    plain : ndarray of shape (n_halves,) of bool
        Whether rounding hides none of these.
    """

    def __init__(
        self,
        data: InMemory,
        members: BoolArray,
        preprocessing: Preprocessing,
        penalty: UnitPenalty,
        weights: FloatArray,
    ) -> None:
        self.data, self.members, self.preprocessing = data, members, preprocessing
        self.penalty, self.weights = penalty, weights
        self.n_halves, n_rows = members.shape
        self.n_features = data.n_features
        self.size = n_rows // 2
        equal, y = np.full(n_rows, 1.0 / n_rows), data.Y[:, 0]
        self._near = np.zeros(data.n_features)
        if preprocessing.centred:
            self._near, y = data.rows.correlate(equal), y - equal @ y
        self.unit = float(np.ldexp(1.0, np.frexp(np.abs(y).max() or 0.5)[1]))
        self._y = y / self.unit
        self._sum_up()

    def _sum_up(self) -> None:
        """Compute what the attributes hold, from one pass over X."""
        means, squares, crosses = np.zeros((3, self.n_halves, self.n_features))
        for rows, block in self._blocks():
            shares = self.members[:, rows] / self.size
            means += shares @ block
            squares += shares @ np.square(block)
            crosses += (shares * self._y[rows]) @ block
        check_finite("moments of X and y", squares)
        shares = self.members / self.size
        mean_y, scatters = shares @ self._y, shares @ self._y**2
        # A Gram matrix that is a difference has the rounding errors of the larger one.
        self._lost, self._lost_y = 2.0 * EPS * squares.mean(axis=0), 2.0 * EPS * scatters.mean()
        variances = np.maximum(squares - means**2, 0.0)
        spread = spread_of(self._near + means, variances, LOST_FACTOR * self._lost)
        assert spread.hidden is not None
        constant = spread.variances == 0.0
        self.factors = np.ones_like(variances)
        if self.preprocessing.standardize:
            self.factors = 1.0 / np.sqrt(np.where(constant, 1.0, spread.variances))
        if self.preprocessing.centred:
            crosses -= means * mean_y[:, None]
            scatters, squares = np.maximum(scatters - mean_y**2, 0.0), variances
            self.factors[constant] = 0.0
        else:
            means = np.zeros_like(means)
        self.factors[:, self.penalty.excluded] = 0.0
        if self.penalty.is_lasso:
            self.factors /= self.weights
        self.means, self.scatters = means, scatters
        self.crosses, self.squares = self.factors * crosses, self.factors**2 * squares
        hidden = self._vary((spread.hidden > 0) & ~self.penalty.excluded)
        self.plain = ~hidden & (scatters > LOST_FACTOR * self._lost_y)

    def _vary(self, doubtful: BoolArray) -> BoolArray:
        """Whether some column that rounding makes doubtful varies within each half.

        A rare category is constant in many halves, and its values there are equal.
        """
        found = np.zeros(self.n_halves, dtype=bool)
        for half in np.flatnonzero(doubtful.any(axis=1)).tolist():
            values = self.data.rows.columns(np.flatnonzero(doubtful[half]))[self.members[half]]
            found[half] = (values != values[0]).any()
        return found

    def _blocks(self) -> Iterator[tuple[slice, FloatArray]]:
        """Yield slices of the rows, and these rows of X - near, dense, in float64."""
        X = self.data.X.tocsr() if hasattr(self.data.X, "tocsr") else self.data.X
        for rows in row_chunks(*X.shape):
            yield rows, dense(X[rows]) - self._near

    def views(self, half: int) -> Iterator[View]:
        """Yield views of a half for the solvers, the cheapest first."""
        data = InMemory(self.data.X, self.data.y, self.members[half].astype(np.float64))
        return data.views(self.penalty_of(half), self.preprocessing, FOR_WORKING_SETS)

    def penalty_of(self, half: int) -> UnitPenalty:
        """Return the penalty of a half, with lambda_ = 1."""
        return replace(self.penalty, weights=self.weights[half])

    @property
    def suit_moments(self) -> bool:
        """Whether the paths may be solved in batches on moments: see `batch`."""
        n_rows, p = self.data.rows.shape
        return p <= MOST_FEATURES and n_rows > p and self.penalty.is_sparse

    @property
    def suit_rows(self) -> bool:
        """Whether the paths may be followed on the rows together: see `row_homotopy`."""
        box = self.penalty.bounds is not None and self.penalty.bounds.is_box
        return self.penalty.is_lasso and not box and not self.data.rows.is_sparse

    def grids(self, lambdas: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the L1 and the L2 penalties of a grid, in units of v."""
        ratio = self.penalty.l1_ratio
        return ratio * lambdas / self.unit, (1.0 - ratio) * lambdas

    def safe(self, lambdas: FloatArray) -> BoolArray:
        """Whether float64 can tell a falling grid of penalties from none: see `suits_batch`."""
        l1, l2 = self.grids(lambdas)
        lowest = np.ones(self.n_halves) if self.penalty.is_lasso else self.weights.min(axis=1)
        largest = np.abs(self.crosses).max(axis=1, initial=0.0)
        safe = self.plain & (lowest * l1[-1] > np.maximum(EPS * largest, TINY))
        if l2.any():
            safe &= lowest * l2[-1] > np.maximum(EPS * self.squares.max(axis=1), TINY)
        return np.asarray(safe & (self.weights.max() * max(l1[0], l2[0]) < HUGE))

    @cached_property
    def _dense(self) -> FloatArray:
        """X - near."""
        return np.concatenate([block for _, block in self._blocks()])

    def subsets(self, some: IndexArray) -> Subsets:
        """Return some of the halves as subsets of the same rows, for the homotopy on rows."""
        return Subsets(
            self._dense,
            self.members[some] / self.size,
            self.means[some],
            self.factors[some],
            self.squares[some],
            self.crosses[some],
        )

    def path_requests(self, some: IndexArray, lambdas: FloatArray, tol: float) -> list[PathRequest]:
        """Return requests for the paths of some halves, in pairs, for the solver of batches."""
        (l1, l2), p = self.grids(lambdas), self.n_features
        bounded, size_y = self.penalty.bounds is not None, self._lost_y / EPS
        requests = []
        for half, gram in zip(some.tolist(), self._grams(some), strict=True):
            factors, scatter = self.factors[half], self.scatters[half]
            lost = np.maximum(factors**2 * self._lost, EPS * gram.diagonal())
            problem = Problems(
                gram,
                self.crosses[half],
                scatter,
                np.sqrt(lost / EPS),
                np.sqrt(max(scatter, size_y)),
                np.sqrt(size_y),
                l1,
                l2,
                *bounds_of(self.penalty, self.unit * factors),
            )
            weights = np.ones(p) if self.penalty.is_lasso else self.weights[half]
            requests.append(PathRequest(problem, Common(weights, bounded, tol)))
        return requests

    def _grams(self, some: IndexArray) -> FloatArray:
        """Return Z'S Z of some halves, in pairs, of shape (n, n_features, n_features)."""
        p, odd = self.n_features, self.data.rows.shape[0] % 2
        total, pairs = np.zeros((p, p)), np.zeros((some.size // 2, 2, p, p))
        for rows, block in self._blocks():
            total += block.T @ block
            for pair, (one, other) in zip(pairs, some.reshape(-1, 2), strict=True):
                inside = self.members[one, rows]
                part = block[inside]
                pair[0] += part.T @ part
                if odd:
                    part = block[~(inside | self.members[other, rows])]
                    pair[1] -= part.T @ part
        pairs[:, 1] += total - pairs[:, 0]
        grams, means, factors = pairs.reshape(-1, p, p), self.means[some], self.factors[some]
        grams /= self.size
        grams -= means[:, :, None] * means[:, None]
        grams *= factors[:, :, None] * factors[:, None]
        return grams
