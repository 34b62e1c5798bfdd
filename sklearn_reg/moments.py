"""Moments: sufficient statistics for least squares, p x p numbers from one pass over the data."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from sklearn_reg._checks.parameters import check_count, check_rows, check_sample_weight
from sklearn_reg._checks.placed import Placed, on_cpu
from sklearn_reg._checks.values import overflow_explained
from sklearn_reg._tools.linalg import EPS, dense
from sklearn_reg._tools.threads import ROUND, mapped_in_threads
from sklearn_reg._tools.typing import FloatArray, Matrix

# The values of a column are rounded themselves: the column counts as constant if its standard
# deviation is at most this many times EPS times its mean.
DATA_ROUNDING = 16.0
# A bound on the errors of second moments, in standard errors of rounding.
LOST_FACTOR = 64.0
# Numbers in a chunk: so many that merging its moments, or a thread for it, costs little. It is
# centred and multiplied in blocks: large enough for BLAS, small enough for the cache of a core.
CHUNK_NUMBERS, BLOCK_NUMBERS = 2**19, 2**16
SEEN_ROWS = 1024  # of rows on a device, for their means
# A sparse block of at most so many numbers is always made dense; a larger one if the product of the
# dense block by BLAS takes no longer than that of the sparse one.
SMALL_BLOCK, BLAS_SPEED_UP = 2**14, 20
Means = tuple[FloatArray, FloatArray]  # of X and y


class Spread(NamedTuple):
    """Means and variances of columns; a variance within its rounding errors is 0."""

    means: FloatArray
    variances: FloatArray  # exactly 0 within the rounding errors
    # Bounds on the true variances of columns whose variance is lost to rounding; 0 for others.
    hidden: FloatArray | None = None


def spread_of(means: FloatArray, variances: FloatArray, lost: FloatArray | float = 0.0) -> Spread:
    """Set variances within their rounding errors to 0.

    Parameters
    ----------
    means, variances : ndarray of shape (n_features,)
        As they were computed.
    lost : ndarray of shape (n_features,) or float, default=0
        Bound on the rounding errors of the variances, without those of the data themselves.

    Returns
    -------
    Spread
        With variances that are 0 for constant columns.
    """
    blur = (DATA_ROUNDING * EPS * means) ** 2
    variances = np.where(variances <= blur + lost, 0.0, variances)
    hidden = np.where((variances == 0.0) & (lost > blur), blur + 2.0 * lost, 0.0)
    return Spread(means, variances, hidden)


class Moments:
    r"""Weight, means and centred second moments of (X, y): all that least squares needs.

    With :math:`s_i` the sample weights and :math:`\bar x, \bar y` the weighted means,

    .. math::
        W = \sum_i s_i, \quad
        G = \sum_i s_i (x_i - \bar x)(x_i - \bar x)^\top, \quad
        C = \sum_i s_i (x_i - \bar x)(y_i - \bar y)^\top, \quad
        t = \sum_i s_i (y_i - \bar y)^2 .

    Moments of disjoint sets of rows add up, so that they can be gathered chunk by chunk, on several
    machines, or fold by fold; subtraction removes rows again. Every chunk is centred before it is
    multiplied, and chunks are merged by the update of Chan, Golub and LeVeque [1]_: a mean many
    times larger than the spread costs no digits. A row many times larger than the others costs
    digits, also after it is removed: the moments estimate this error [2]_, and a fit that is less
    accurate because of it warns.

    Parameters
    ----------
    n_features : int
        Columns of X.
    n_targets : int, default=1
        Columns of y.

    Attributes
    ----------
    weight : float
        Sum of the sample weights, W; without weights, the number of rows.
    n_rows : int
        Number of rows with a positive weight.
    mean_x : ndarray of shape (n_features,)
        Weighted means of the columns of X.
    mean_y : ndarray of shape (n_targets,)
        Weighted means of the columns of y.
    gram : ndarray of shape (n_features, n_features)
        Centred Gram matrix, G.
    cross : ndarray of shape (n_features, n_targets)
        Centred products of X and y, C.
    scatter : ndarray of shape (n_targets,)
        Centred sums of squares of y, t.

    References
    ----------
    .. [1] T. F. Chan, G. H. Golub, R. J. LeVeque (1983). Algorithms for computing the sample
       variance. The American Statistician 37(3). https://doi.org/10.1080/00031305.1983.10483115
    .. [2] N. J. Higham, T. Mary (2019). A new approach to probabilistic rounding error analysis.
       SIAM J. Scientific Computing 41(5). https://doi.org/10.1137/18M1226312

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_reg import Moments
    >>> X, y = np.array([[1.0], [2.0], [6.0]]), np.array([1.0, 0.0, 2.0])
    >>> top = Moments.from_data(X[:1], y[:1])
    >>> bottom = Moments.from_data(X[1:], y[1:])
    >>> both = top + bottom
    >>> both.mean_x, both.gram
    (array([3.]), array([[14.]]))
    >>> (both - bottom).mean_x
    array([1.])
    """

    def __init__(self, n_features: int, n_targets: int = 1) -> None:
        check_count(n_features, "n_features")
        check_count(n_targets, "n_targets")
        self.weight, self.n_rows = 0.0, 0
        # Means are stored as a shift and an offset from it: the error of a difference of two means
        # is then relative to the spread, however large the means are.
        self._shift: tuple[FloatArray, FloatArray] = (np.zeros(n_features), np.zeros(n_targets))
        self._offset: tuple[FloatArray, FloatArray] = (np.zeros(n_features), np.zeros(n_targets))
        # Standard errors of rounding of the diagonal entries of G and of the entries of t, so that
        # |error of G_ij| <= sqrt(lost_i lost_j), and likewise for C. `_merge` gives the reasons.
        self._lost: tuple[FloatArray, FloatArray] = (np.zeros(n_features), np.zeros(n_targets))
        self.gram: FloatArray = np.zeros((n_features, n_features), order="F")
        self.cross: FloatArray = np.zeros((n_features, n_targets), order="F")
        self.scatter: FloatArray = np.zeros(n_targets)

    @property
    def mean_x(self) -> FloatArray:
        """Weighted means of the columns of X."""
        return self._shift[0] + self._offset[0]

    @property
    def mean_y(self) -> FloatArray:
        """Weighted means of the columns of y."""
        return self._shift[1] + self._offset[1]

    @classmethod
    def from_data(cls, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Moments:
        """Gather the moments of one data set.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows of any real dtype; sums are made in float64.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, non-negative; None means 1 for every row.

        Returns
        -------
        Moments
            The moments of these rows.

        Raises
        ------
        ValueError, TypeError
            If the rows are not finite numbers or too large to be squared, or their shapes do not
            match.
        """
        X, Y, s = _checked(X, y, sample_weight)
        with overflow_explained(lambda: {"X": on_cpu(X), "y": Y}):
            return cls(X.shape[1], Y.shape[1]).add_checked(X, Y, s)

    def update(self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Moments:
        """Add the rows of (X, y) in place, one chunk at a time.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, non-negative; None means 1 for every row.

        Returns
        -------
        Moments
            Itself.

        Raises
        ------
        ValueError, TypeError
            If the rows are not finite numbers or too large to be squared, or their shapes do not
            match each other or these moments. Nothing is added then.
        """
        X, Y, s = _checked(X, y, sample_weight)
        self._check_shapes(X, Y)
        with overflow_explained(lambda: {"X": on_cpu(X), "y": Y}):
            return self.add_checked(X, Y, s)

    def add_checked(self, X: Matrix, Y: FloatArray, s: FloatArray | None) -> Moments:
        """Add rows that have been checked, in place: `update` without its checks.

        Parameters
        ----------
        X : {ndarray, sparse matrix} of shape (n_samples, n_features)
            Rows.
        Y : ndarray of shape (n_samples, n_targets)
            Targets.
        s : ndarray of shape (n_samples,) or None
            Weights.

        Returns
        -------
        Moments
            Itself.
        """
        if isinstance(X, Placed):
            added = (_of_placed_rows if X.double else _of_copied_rows)(X, Y, s)
        elif sparse.issparse(X) and not _dense_pays(X):
            added = _of_sparse_rows(X, Y, s)
        else:
            (added,) = in_turn(X, Y, s, 1)
        check_finite("moments of X and y", added.gram.diagonal(), added.scatter)
        return self._merge(added, sign=1)

    def __add__(self, other: Moments) -> Moments:
        return copy(self)._merge(other, sign=1) if isinstance(other, Moments) else NotImplemented

    def __radd__(self, other: int) -> Moments:
        return copy(self) if other == 0 else NotImplemented  # so that sum() adds them

    def __sub__(self, other: Moments) -> Moments:
        return copy(self)._merge(other, sign=-1) if isinstance(other, Moments) else NotImplemented

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if "n_rows" not in state:  # version 0.2.0 did not store it
            self.n_rows = round(self.weight)
        if "_lost" not in state:  # version 0.1.0 did not store it
            self._lost = EPS * np.abs(self.gram.diagonal()), EPS * np.abs(self.scatter)

    @property
    def lost(self) -> tuple[FloatArray, FloatArray]:
        """Standard errors of rounding of the diagonal entries of G and of the entries of t."""
        return self._lost

    def by_name(self) -> dict[str, FloatArray]:
        """Return the sizes of the columns of X and y, for messages.

        Returns
        -------
        dict of str to ndarray
            Under "X" and "y" the size of the mean plus the standard deviation of each column.
        """
        return {
            name: np.abs(mean) + np.sqrt(squares / self.weight)
            for name, mean, squares in (
                ("X", self.mean_x, self.gram.diagonal()),
                ("y", self.mean_y, self.scatter),
            )
        }

    @property
    def spread_x(self) -> Spread:
        """Means and variances of the columns of X; a variance within its rounding errors is 0."""
        return self._spread(self.mean_x, self.gram.diagonal(), self._lost[0])

    @property
    def spread_y(self) -> Spread:
        """Means and variances of the columns of y; a variance within its rounding errors is 0."""
        return self._spread(self.mean_y, self.scatter, self._lost[1])

    def _spread(self, means: FloatArray, squares: FloatArray, lost: FloatArray) -> Spread:
        return spread_of(means, squares / self.weight, LOST_FACTOR * lost / self.weight)

    def with_targets_in(self, units: FloatArray) -> Moments:
        """Return the moments of (X, y / units), which share the Gram matrix with these.

        Parameters
        ----------
        units : ndarray of shape (n_targets,)
            Powers of two, so that nothing is rounded.

        Returns
        -------
        Moments
            New moments; these are not changed.
        """
        scaled = copy(self)
        scaled._shift = self._shift[0], self._shift[1] / units
        scaled._offset = self._offset[0], self._offset[1] / units
        scaled.cross, scaled.scatter = self.cross / units, self.scatter / units**2
        scaled._lost = self._lost[0], self._lost[1] / units**2
        return scaled

    def without_constant_targets(self) -> Moments:
        """Return moments in which targets that are constant up to rounding are exactly constant.

        Returns
        -------
        Moments
            New moments if there is such a target, otherwise these; these are not changed.
        """
        spread = self.spread_y
        constant = (spread.variances == 0.0) & (spread.hidden == 0.0)
        if not constant.any():
            return self
        exact = copy(self)
        exact.cross = np.where(constant, 0.0, self.cross)
        exact.scatter = np.where(constant, 0.0, self.scatter)
        exact._lost = self._lost[0], np.where(constant, 0.0, self._lost[1])
        return exact

    def _merge(self, other: Moments, sign: int) -> Moments:
        """Add (sign 1) or remove (sign -1) the rows of other; no array is changed in place.

        Rounding errors: with d the difference of the means and b the between-group weight, an
        entry of the new G is fl(G1 + G2 + b d d'). It has the errors of its terms and an error of
        the two sums, about EPS / 2 times their size, because d has a relative error of EPS. By
        Cauchy-Schwarz the size of entry (i, j) is within sqrt(size_i size_j), with
        size_i = G1_ii + G2_ii + b d_i^2. Errors of many steps add in quadrature, as independent
        errors do [2]. If rows are removed, G becomes smaller, but its errors do not.
        """
        weight = self._weight_with(other, sign)
        if other.weight == 0:
            return self
        if weight == 0:
            self.__init__(self.gram.shape[0], self.scatter.size)  # type: ignore[misc]
            return self
        if self.weight == 0:
            vars(self).update(vars(other))
            return self
        share = sign * other.weight / weight
        dx, dy = (
            (theirs - ours) + (their_offset - offset)
            for theirs, ours, their_offset, offset in zip(
                other._shift, self._shift, other._offset, self._offset, strict=True
            )
        )
        # Between-group scatter: weight_1 weight_2 / weight * d d'.
        between = self.weight * share
        between_x, between_y = between * dx**2, between * dy**2
        sizes = (
            self.gram.diagonal() + other.gram.diagonal() + np.abs(between_x),
            self.scatter + other.scatter + np.abs(between_y),
        )
        lost_x, lost_y = (
            np.sqrt(mine**2 + theirs**2 + (0.5 * EPS * size) ** 2)
            for mine, theirs, size in zip(self._lost, other._lost, sizes, strict=True)
        )
        self._lost = lost_x, lost_y
        self.gram = _sum(self.gram, sign, other.gram, np.multiply.outer(dx, between * dx).T)
        self.cross = _sum(self.cross, sign, other.cross, np.multiply.outer(dy, between * dx).T)
        self.scatter = _sum(self.scatter, sign, other.scatter, between_y)
        if sign < 0:
            self._clip()
        (shift_x, offset_x), (shift_y, offset_y) = (
            _two_sum(shift, offset + share * d)
            for shift, offset, d in zip(self._shift, self._offset, (dx, dy), strict=True)
        )
        self._shift, self._offset = (shift_x, shift_y), (offset_x, offset_y)
        self.weight, self.n_rows = weight, max(0, self.n_rows + sign * other.n_rows)
        return self

    def _weight_with(self, other: Moments, sign: int) -> float:
        """Return the merged weight; refuse moments whose shape or weight does not fit."""
        if other.gram.shape != self.gram.shape or other.scatter.shape != self.scatter.shape:
            raise ValueError(
                f"moments of {other.gram.shape[0]} features and {other.scatter.size} targets do "
                f"not fit moments of {self.gram.shape[0]} features and {self.scatter.size} targets"
            )
        weight = self.weight + sign * other.weight
        if weight < 0:
            raise ValueError(
                f"cannot remove rows of weight {other.weight} from moments of weight {self.weight}"
            )
        return weight

    def _clip(self) -> None:
        """Set squares that rounding made negative to zero, in place; only for new arrays."""
        np.fill_diagonal(self.gram, np.maximum(self.gram.diagonal(), 0.0))
        np.maximum(self.scatter, 0.0, out=self.scatter)

    def _check_shapes(self, X: Matrix, Y: FloatArray) -> None:
        """Refuse rows of another shape before anything is added."""
        (n_features, n_targets), p = self.cross.shape, X.shape[1]
        if p != n_features:
            raise ValueError(f"X has {p} columns, but these moments have {n_features}")
        if Y.shape[1] != n_targets:
            raise ValueError(f"y has {Y.shape[1]} columns, but these moments have {n_targets}")


def _sum(left: FloatArray, sign: int, right: FloatArray, between: FloatArray) -> FloatArray:
    """Return left + sign * right + between; it overwrites `between`."""
    between += left
    if sign > 0:
        between += right
    else:
        between -= right
    return between


def _two_sum(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the rounded sum and its exact error, by the TwoSum algorithm of Moller and Knuth."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _checked(
    X: Any, y: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[Matrix, FloatArray, FloatArray | None]:
    """Return rows, targets of shape (n_samples, n_targets), and weights, checked."""
    X, y = check_rows(X, y, sample_weight, at_least=0, may_stay=True)
    Y: FloatArray = np.asarray(y, dtype=np.float64)
    Y = Y[:, None] if Y.ndim == 1 else Y
    return X, Y, check_sample_weight(sample_weight, X.shape[0], normalized=False, at_least=0)


def _dense_pays(X: Matrix) -> bool:
    """Whether products of a sparse X are faster if chunks of it are made dense.

    Dense rows can also be centred before they are multiplied, which sparse ones cannot.
    """
    n, p = X.shape
    return bool(n * p <= SMALL_BLOCK or BLAS_SPEED_UP * X.nnz**2 >= (n * p) ** 2)


def row_chunks(n_rows: int, n_columns: int, n_parts: int = 1) -> Iterator[slice]:
    """Split rows into chunks that fit in cache, or are square if there are many columns.

    The chunks are `n_parts` times as tall.
    """
    # At least as many rows as columns, so that merging (p x p) never costs more than multiplying.
    size = n_parts * max(n_columns, CHUNK_NUMBERS // max(1, n_columns))
    return (slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size))


def in_turn(X: Matrix, Y: FloatArray, s: FloatArray | None, n_parts: int) -> list[Moments]:
    """Gather the moments of `n_parts` parts in one pass; row i is in part i mod n_parts.

    Sparse chunks are made dense. Each part of a chunk is centred near its mean, multiplied once,
    and merged.
    """
    (n, p), k = X.shape, Y.shape[1]
    stored_by_row = sparse.issparse(X) or X.flags.c_contiguous
    X = X.tocsr() if hasattr(X, "tocsr") else X
    totals = [Moments(p, k) for _ in range(n_parts)]
    # As `row_chunks`, and a chunk has a row of each part.
    n_chunks = -(-n // (n_parts * max(p, CHUNK_NUMBERS // max(1, n_parts * p))))
    size = max(1, -(-n // max(1, n_chunks)))
    order: Literal["C", "F"] = "C" if stored_by_row else "F"
    rooms: SimpleQueue[FloatArray] = SimpleQueue()

    def part_of(start: int, part: int) -> tuple[Matrix, FloatArray, FloatArray | None]:
        rows = slice(start + (part - start) % n_parts, min(start + size, n), n_parts)
        return X[rows], Y[rows], None if s is None else s[rows]

    def first_means(part: int) -> Means:
        if s is None:
            return _means(*part_of(0, part))
        rows = part + n_parts * np.flatnonzero(s[part::n_parts])[:size]
        return _means(X[rows], Y[rows], s[rows])

    def chunk_of(start: int, near: list[Means]) -> list[Moments | None]:
        try:
            room = rooms.get_nowait()
        except Empty:
            rows = max(p, BLOCK_NUMBERS // (p + k + 1))
            room = np.empty((min(rows, size), p + k + 1), order=order)
        parts = [_of_chunk(*part_of(start, j), near[j], room) for j in range(n_parts)]
        rooms.put(room)
        return parts

    starts = list(range(0, n, size))
    with mapped_in_threads(len(starts)) as mapped:
        # Chunks of a round are independent, so that threads do not change a bit. The first round
        # is near the means of the first rows with a weight, the others near those of all before.
        near = [first_means(j) for j in range(n_parts)] if starts else []
        for first in range(0, len(starts), ROUND):
            chunks = mapped(partial(chunk_of, near=near), starts[first : first + ROUND])
            for chunk in chunks:
                for total, part in zip(totals, chunk, strict=True):
                    if part is not None:
                        total._merge(part, sign=1)
            near = [
                (total.mean_x, total.mean_y) if total.weight else before
                for total, before in zip(totals, near, strict=True)
            ]
    return totals


def _means(X: Matrix, Y: FloatArray, s: FloatArray | None) -> Means:
    """Return the weighted means of rows, or zeros if there is no row."""
    s = np.ones(len(Y)) if s is None else s
    shares = s / s.sum() if s.size else s
    return shares @ X.astype(np.float64, copy=False), shares @ Y


def _of_chunk(
    X: Matrix, Y: FloatArray, s: FloatArray | None, near: Means, room: FloatArray
) -> Moments | None:
    """Return the moments of rows, centred near their means; None if they have no weight.

    Block after block is made dense and centred in `room`, which fits in cache.
    """
    if len(Y) == 0 or (s is not None and not s.any()):
        return None
    X, p = dense(X), X.shape[1]
    product = np.zeros((room.shape[1], room.shape[1]))
    for start in range(0, len(Y), len(room)):
        rows = slice(start, start + len(room))
        block = room[: len(Y[rows])]
        np.subtract(X[rows], near[0], out=block[:, :p])
        np.subtract(Y[rows], near[1], out=block[:, p:-1])
        block[:, -1] = 1.0
        if s is not None:
            block *= np.sqrt(s[rows])[:, None]
        # One product gives the Gram matrix, X'y, y'y, the sums and the weight. NumPy detects that
        # it is symmetric and computes half of it.
        product += block.T @ block
    chunk = _from_product(product, near)
    chunk.n_rows = len(Y) if s is None else int(np.count_nonzero(s))
    return chunk


def _from_product(product: FloatArray, shift: tuple[FloatArray, FloatArray]) -> Moments:
    """Return the moments of X and y from [X, y, 1]' S [X, y, 1], after a shift of X and y.

    A sum of squares has a relative error of about EPS (or sqrt(n) EPS, if BLAS does not sum in
    blocks), and subtracting the square of the mean adds an error of the same size. That mean is
    small: if c (1 + n EPS) is subtracted from a constant column, the errors are (n EPS)^3 c^2, far
    below the rounding of the data, (16 EPS c)^2.
    """
    p = shift[0].size
    chunk = Moments(p, shift[1].size)
    chunk.weight, sums = float(product[-1, -1]), product[:-1, -1]
    squares, means = np.diagonal(product)[:-1], sums / chunk.weight
    chunk._shift, chunk._offset = shift, (means[:p], means[p:])
    chunk._lost = EPS * squares[:p], EPS * squares[p:]
    product = product[:-1, :-1] - np.multiply.outer(means, sums)
    chunk.gram, chunk.cross = product[:p, :p], product[:p, p:]
    chunk.scatter = np.diagonal(product)[p:].copy()
    chunk._clip()
    return chunk


def _of_placed_rows(X: Placed, Y: FloatArray, s: FloatArray | None) -> Moments:
    """Gather rows where they are: they are centred near their means and multiplied there.

    These means a are those of some rows, whose values come to the CPU. If these have a share c of
    the weight, c W (a_j - m_j)^2 is at most G_jj, with m the means of all rows: the squares about
    a, which rounding errors are relative to, are at most (1 + 1 / c) G_jj. The rows are spread
    evenly over the weight, so that those with little of it, however far away, are hardly seen.
    """
    live = np.arange(len(Y)) if s is None else np.flatnonzero(s)
    if live.size == 0:
        return Moments(X.shape[1], Y.shape[1])
    shares = live if s is None else np.cumsum(s)
    levels = np.linspace(0, shares[-1], SEEN_ROWS)
    some = np.unique(np.minimum(np.searchsorted(shares, levels), len(Y) - 1))
    near = _means(X.take(some).as_numpy(), Y[some], None if s is None else s[some])
    beside, roots = np.column_stack([Y - near[1], np.ones(len(Y))]), None
    if s is not None:
        roots = np.sqrt(s)
        beside *= roots[:, None]
    moments = _from_product(X.product(near[0], beside, roots), near)
    moments.n_rows = live.size
    return moments


def _of_copied_rows(X: Placed, Y: FloatArray, s: FloatArray | None) -> Moments:
    """Gather rows on a device without double precision: each chunk is copied to the CPU.

    Products in single precision would certify a duality gap of a thousandth of the objective at
    best: residuals are differences of moments, whose errors they take the square roots of.
    """
    total = Moments(X.shape[1], Y.shape[1])
    for rows in X.chunks():
        total.add_checked(X[rows].as_numpy(), Y[rows], None if s is None else s[rows])
    return total


def _of_sparse_rows(X: Matrix, Y: FloatArray, s: FloatArray | None) -> Moments:
    """Gather sparse rows: G = (X - 1a')'S(X - 1a') - W (m - a)(m - a)', with m the means.

    A column that is stored in full is shifted by its mean, a = m, which adds no entries. For any
    other a = 0. It has zeros, of weight s_0, so that its variance is at least s_0 / W m^2, and the
    rounding error of its sum of squares, relative to this variance, is about EPS W / s_0.
    """
    p = X.shape[1]
    live = slice(None) if s is None or s.all() else np.flatnonzero(s)
    X, Y = canonical(X.tocsr()[live]).astype(np.float64, copy=False), Y[live]
    s = np.ones(len(Y)) if s is None else s[live]
    moments = Moments(p, Y.shape[1])
    if len(Y) == 0:
        return moments
    moments.weight, moments.n_rows = float(s.sum()), len(Y)
    full = np.bincount(X.indices, minlength=p) == len(Y)
    shift_x, mean_y = np.where(full, X.T @ s / moments.weight, 0.0), s @ Y / moments.weight
    if full.any():
        X = sparse.csr_array((X.data - shift_x[X.indices], X.indices, X.indptr), shape=X.shape)
    centred, offset = Y - mean_y, np.asarray(X.T @ s) / moments.weight
    moments._shift, moments._offset = (shift_x, mean_y), (offset, s @ centred / moments.weight)
    moments.gram = np.asfortranarray((X.T @ X.multiply(s[:, None]).tocsr()).toarray())
    moments.cross = np.asfortranarray(X.T @ (s[:, None] * centred))
    moments.scatter = s @ centred**2
    moments._lost = EPS * moments.gram.diagonal(), EPS * moments.scatter
    sums = moments.weight * offset, moments.weight * moments._offset[1]
    moments.gram -= np.multiply.outer(sums[0], offset)
    moments.cross -= np.multiply.outer(sums[0], moments._offset[1])
    moments.scatter -= sums[1] * moments._offset[1]
    moments._clip()
    return moments


def check_finite(name: str, *sums: FloatArray) -> None:
    """Refuse sums over data that are not finite; `overflow_explained` finds these data."""
    if not all(np.isfinite(values).all() for values in sums):
        raise FloatingPointError(f"{name} are not finite")


def canonical(X: Matrix) -> Matrix:
    """Return a sparse matrix in which every entry is stored once; X is not changed."""
    if X.has_canonical_format:
        return X
    X = X.copy()
    X.sum_duplicates()
    return X
