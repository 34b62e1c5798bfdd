"""Moments: all that least squares needs to know of the data, in one pass, in p x p numbers."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy, deepcopy
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from sklearn_reg._linalg import dense
from sklearn_reg._parameters import check_count, check_rows, check_sample_weight
from sklearn_reg._typing import FloatArray, Matrix
from sklearn_reg._validation import overflow_explained

# Numbers in one centred chunk: large enough for BLAS to run at full speed, small enough for cache.
CHUNK_NUMBERS = 2**19
# A sparse block of so many numbers is made dense anyway; a larger one where a product of all of its
# numbers by BLAS takes no longer than one of those stored.
SMALL_BLOCK, BLAS_SPEED_UP = 2**14, 20


class Moments:
    r"""Weight, means and centred second moments of (X, y): all that least squares needs.

    With :math:`s_i` the sample weights and :math:`\bar x, \bar y` the weighted means,

    .. math::
        W = \sum_i s_i, \quad
        G = \sum_i s_i (x_i - \bar x)(x_i - \bar x)^\top, \quad
        C = \sum_i s_i (x_i - \bar x)(y_i - \bar y)^\top, \quad
        t = \sum_i s_i (y_i - \bar y)^2 .

    They add over disjoint sets of rows, so that they can be gathered chunk by chunk, on several
    machines, or fold by fold, and subtract to forget rows again. Every chunk is centred before
    it is multiplied, and chunks are merged by the update of Chan, Golub and LeVeque [1]_: a mean
    many times larger than the spread costs no digits.

    Parameters
    ----------
    n_features : int
        Columns of X.
    n_targets : int, default=1
        Columns of y.

    Attributes
    ----------
    weight : float
        Sum of the sample weights, W; the number of rows where there are none.
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

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_reg import Moments
    >>> X, y = np.array([[1.0], [2.0], [6.0]]), np.array([1.0, 0.0, 2.0])
    >>> top, bottom = Moments.from_data(X[:1], y[:1]), Moments.from_data(X[1:], y[1:])
    >>> both = top + bottom
    >>> both.mean_x, both.gram
    (array([3.]), array([[14.]]))
    >>> (both - bottom).mean_x
    array([1.])
    """

    def __init__(self, n_features: int, n_targets: int = 1) -> None:
        check_count(n_features, "n_features")
        check_count(n_targets, "n_targets")
        self.weight = 0.0
        # Means are kept as a shift, which never changes, and an offset from it: the difference of
        # two means is then exact to the spread, however large the means.
        self._shift: tuple[FloatArray, FloatArray] = (np.zeros(n_features), np.zeros(n_targets))
        self._offset: tuple[FloatArray, FloatArray] = (np.zeros(n_features), np.zeros(n_targets))
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
            If the rows are not finite numbers, too large to be squared, or their shapes do not fit
            each other.
        """
        X, Y, s = _checked(X, y, sample_weight)
        with overflow_explained():
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
            If the rows are not finite numbers, too large to be squared, or their shapes do not fit
            each other or these moments. Nothing has been added then.
        """
        X, Y, s = _checked(X, y, sample_weight)
        self._check_shapes(X, Y)
        with overflow_explained():
            return self.add_checked(X, Y, s)

    def add_checked(self, X: Matrix, Y: FloatArray, s: FloatArray | None) -> Moments:
        """Add rows that have been checked, in place: `update` without a look at every number.

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
        if sparse.issparse(X) and not _dense_pays(X):
            added = _of_sparse_rows(X, Y, s)
        else:
            (added,) = in_turn(X, Y, s, 1)
        if self.weight == 0:
            vars(self).update(vars(added))
        else:
            self._merge(added, sign=1)
        return self

    def __add__(self, other: Moments) -> Moments:
        return self._copy()._merge(other, sign=1) if isinstance(other, Moments) else NotImplemented

    def __radd__(self, other: int) -> Moments:
        return self._copy() if other == 0 else NotImplemented  # so that sum() adds them

    def __sub__(self, other: Moments) -> Moments:
        return self._copy()._merge(other, sign=-1) if isinstance(other, Moments) else NotImplemented

    def with_targets_in(self, units: FloatArray) -> Moments:
        """Return the moments of (X, y / units), which share the Gram matrix with these.

        Parameters
        ----------
        units : ndarray of shape (n_targets,)
            Powers of two, so that nothing is rounded.

        Returns
        -------
        Moments
            New moments; these stay as they are.
        """
        scaled = copy(self)
        scaled._shift = self._shift[0], self._shift[1] / units
        scaled._offset = self._offset[0], self._offset[1] / units
        scaled.cross, scaled.scatter = self.cross / units, self.scatter / units**2
        return scaled

    def _merge(self, other: Moments, sign: int) -> Moments:
        """Add (sign 1) or remove (sign -1) the rows of other."""
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
        if other.weight == 0:
            return self
        if weight == 0:
            self.__init__(self.gram.shape[0], self.scatter.size)  # type: ignore[misc]
            return self
        if self.weight == 0:
            self._shift = other._shift
        share = sign * other.weight / weight
        dx, dy = (
            (theirs - ours) + (their_offset - offset)
            for theirs, ours, their_offset, offset in zip(
                other._shift, self._shift, other._offset, self._offset, strict=True
            )
        )
        # Between-group scatter: weight_1 weight_2 / weight * d d'.
        between = self.weight * share
        self.gram += sign * other.gram
        self.gram += np.multiply.outer(between * dx, dx)
        self.cross += sign * other.cross
        self.cross += np.multiply.outer(between * dx, dy)
        self.scatter += sign * other.scatter + between * dy**2
        self._offset = (self._offset[0] + share * dx, self._offset[1] + share * dy)
        self.weight = weight
        return self

    def _copy(self) -> Moments:
        return deepcopy(self)

    def _check_shapes(self, X: Matrix, Y: FloatArray) -> None:
        """Refuse rows that do not fit before anything is added."""
        (n_features, n_targets), p = self.cross.shape, X.shape[1]
        if p != n_features:
            raise ValueError(f"X has {p} columns, but these moments have {n_features}")
        if Y.shape[1] != n_targets:
            raise ValueError(f"y has {Y.shape[1]} columns, but these moments have {n_targets}")


def _checked(
    X: Any, y: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[Matrix, FloatArray, FloatArray | None]:
    """Return rows, targets of shape (n_samples, n_targets), and weights, checked."""
    X, y = check_rows(X, y, at_least=0)
    Y: FloatArray = np.asarray(y, dtype=np.float64)
    Y = Y[:, None] if Y.ndim == 1 else Y
    return X, Y, check_sample_weight(sample_weight, X.shape[0], scaled=False, at_least=0)


def _dense_pays(X: Matrix) -> bool:
    """Whether a sparse X is multiplied faster when chunks of it are made dense.

    Dense rows can also be centred before they are multiplied, which sparse ones cannot.
    """
    n, p = X.shape
    return bool(n * p <= SMALL_BLOCK or BLAS_SPEED_UP * X.nnz**2 >= (n * p) ** 2)


def row_chunks(n_rows: int, n_columns: int, n_parts: int = 1) -> Iterator[slice]:
    """Cut rows into chunks that fit in cache, or are as tall as they are wide.

    `n_parts` makes them larger by this factor.
    """
    # At least as many rows as columns, so that merging (p x p) never costs more than multiplying.
    size = n_parts * max(n_columns, CHUNK_NUMBERS // max(1, n_columns))
    return (slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size))


def in_turn(X: Matrix, Y: FloatArray, s: FloatArray | None, n_parts: int) -> list[Moments]:
    """Gather rows in one pass, row i in part i mod n_parts; sparse chunks are made dense.

    Each chunk is centred near its mean, each part of it multiplied once, and merged.
    """
    (n, p), k = X.shape, Y.shape[1]
    stored_by_row = sparse.issparse(X) or X.flags.c_contiguous
    X = X.tocsr() if hasattr(X, "tocsr") else X
    totals = [Moments(p, k) for _ in range(n_parts)]
    # As `row_chunks`, but all parts of a chunk together fit in cache.
    size = n_parts * max(p, CHUNK_NUMBERS // max(1, n_parts * p))
    order: Literal["C", "F"] = "C" if stored_by_row else "F"
    room = np.empty((min(size, n), p + k + 1), order=order)
    for start in range(0, n, size):
        rows = slice(start, min(start + size, n))
        block = room[: rows.stop - start]
        weights = np.ones(len(block)) if s is None else s[rows]
        if not weights.any():
            continue
        some_X = dense(X[rows])
        so_far = next((total for total in totals if total.weight), None)
        if so_far is not None:
            near_x, near_y = so_far.mean_x, so_far.mean_y
        else:
            shares = weights / weights.sum()
            near_x, near_y = shares @ np.asarray(some_X, dtype=np.float64), shares @ Y[rows]
            shift = near_x, near_y
        np.subtract(some_X, near_x, out=block[:, :p])
        np.subtract(Y[rows], near_y, out=block[:, p:-1])
        block[:, -1] = 1.0
        if s is not None:
            block *= np.sqrt(weights)[:, None]
        for part, total in enumerate(totals):
            some = block[part::n_parts]
            if not weights[part::n_parts].any():
                continue
            # One product gives the Gram matrix, X'y, y'y, the sums and the weight. NumPy sees that
            # it is symmetric and computes half of it.
            chunk = _from_product(some.T @ some, p)
            chunk._shift = shift
            chunk._offset = (
                (near_x - shift[0]) + chunk._offset[0],
                (near_y - shift[1]) + chunk._offset[1],
            )
            totals[part] = total._merge(chunk, sign=1) if total.weight else chunk
    return totals


def _from_product(product: FloatArray, p: int) -> Moments:
    """Read the moments of X and y off the product [X, y, 1]' S [X, y, 1]."""
    chunk = Moments(p, len(product) - p - 1)
    chunk.weight = float(product[-1, -1])
    sums = product[:-1, -1]
    chunk._offset = (sums[:p] / chunk.weight, sums[p:] / chunk.weight)
    product = product[:-1, :-1] - np.multiply.outer(sums / chunk.weight, sums)
    chunk.gram, chunk.cross = product[:p, :p], product[:p, p:]
    chunk.scatter = np.diagonal(product)[p:].copy()
    return chunk


def _of_sparse_rows(X: Matrix, Y: FloatArray, s: FloatArray | None) -> Moments:
    """Sparse products cannot be shifted without filling X in: G = X'SX - W mean mean'."""
    n, p = X.shape
    s = np.ones(n) if s is None else s
    moments = Moments(p, Y.shape[1])
    moments.weight = float(s.sum())
    if moments.weight == 0:
        return moments
    X = X.astype(np.float64, copy=False)
    mean_x, mean_y = np.asarray(X.T @ s).ravel() / moments.weight, s @ Y / moments.weight
    moments._shift = mean_x, mean_y
    centred = Y - mean_y
    moments.gram = np.asfortranarray((X.T @ X.multiply(s[:, None]).tocsr()).toarray())
    moments.gram -= np.multiply.outer(moments.weight * mean_x, mean_x)
    # What rounding made of a column that hardly varies.
    np.fill_diagonal(moments.gram, np.maximum(moments.gram.diagonal(), 0.0))
    moments.cross = np.asfortranarray(X.T @ (s[:, None] * centred))
    moments.scatter = s @ centred**2
    return moments
