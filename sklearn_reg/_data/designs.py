"""Designs: the few products with the data that solvers need.

A solver never sees X. It sees the centred, weighted, scaled matrix

    Z = (X - 1 m') D,    S = diag(s),  sum(s) = 1,

where m holds the weighted column means (0 without an intercept) and D one factor per column
(0 excludes a column). Neither Z nor a centred copy of X is ever formed: products with them are
computed from products with X. Dense rows, sparse rows and moments have the same interface.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import svd

from sklearn_reg._data.rows import Rows
from sklearn_reg._tools.cached import KeepLast, cached_property
from sklearn_reg._tools.linalg import (
    EPS,
    Solve,
    generalized_inverse,
    inverse_roots,
    largest_eigenvalue,
    pseudo_inverse,
)
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray
from sklearn_reg.moments import Moments, Spread, check_finite

# Up to this many columns LAPACK computes the largest eigenvalue, beyond it the Lanczos method.
LANCZOS_BEYOND = 64
# A column whose product with y is within this many standard errors of rounding is checked again.
DOUBTFUL = 16.0
# Rounding errors more than this many times those of the columns come from subtracted data.
MUCH = 1e4
LARGEST_SVD = 10_000_000  # the most entries of columns whose singular values are computed


class Products(NamedTuple):
    """The products of a residual r = y - Z w that the objective, its gradient and the gap need."""

    correlation: FloatArray  # Z'S r, shape (n_features,)
    residual_square: float  # r'S r


class Design(ABC):
    """The data as solvers see it: Z, S and the centred targets.

    Attributes
    ----------
    n_features, n_targets : int
    cross : ndarray of shape (n_features, n_targets)
        Z'S y.
    scatter : ndarray of shape (n_targets,)
        y'S y: twice the objective of the null model.
    n_terms : int
        The number of terms in each sum of a product.
    n_weighted : int
        The number of rows with a positive weight.
    has_rows : bool
        Whether the design has rows, or only moments.
    last_factorisation : KeepLast
        The last factorisation, for one penalty; all targets with this penalty share it.
    """

    n_features: int
    n_targets: int
    cross: FloatArray
    scatter: FloatArray
    n_terms: int
    n_weighted: int
    has_rows: bool

    def __init__(self) -> None:
        self.last_factorisation: KeepLast[Any] = KeepLast()

    @property
    def row_space(self) -> RowSpace | None:
        """The products with S^(1/2) Z, for systems of n equations; None for moments."""
        return None

    @property
    def batchable(self) -> RowsDesign | None:
        """The design itself, if one product with many vectors costs less than one with each."""
        return None

    @abstractmethod
    def products(self, w: FloatArray, target: int) -> Products:
        """Z'S r and r'S r, for the residual r of w."""

    def residual_square(self, w: FloatArray, target: int) -> float:
        """Return r'S r alone, from one pass over the columns of the support."""
        return self.products(w, target).residual_square

    @abstractmethod
    def products_of(self, W: FloatArray, target: int) -> list[Products]:
        """Products for each row of W, of shape (k, n_features), from one pass over the data."""

    @abstractmethod
    def normal_product(self, w: FloatArray) -> FloatArray:
        """Z'S Z w, for w of shape (n_features,)."""

    @abstractmethod
    def gram(self, rows: IndexArray, columns: IndexArray) -> FloatArray:
        """Z'S Z restricted to these rows and columns."""

    def growing_gram(self) -> GrowingGram:
        """Return a Gram matrix without columns, to which columns can be added."""
        return GrowingGram(self)

    @abstractmethod
    def restricted(self, columns: IndexArray) -> Design:
        """Return the design of these columns alone."""

    @abstractmethod
    def stored_in(self, columns: IndexArray) -> int:
        """Return the number of entries that a product with these columns reads."""

    @property
    @abstractmethod
    def squares(self) -> FloatArray:
        """The diagonal of Z'S Z."""

    @property
    @abstractmethod
    def sizes(self) -> FloatArray:
        """Lengths of the columns before they are centred, to which rounding errors are relative."""

    def target_size(self, target: int) -> float:
        """Length of a target, to which rounding errors are relative."""
        return float(np.sqrt(self.scatter[target]))

    def largest_cross(self, target: int) -> float:
        """max_j |Z_j'S y|."""
        return float(self._largest_crosses[target])

    @cached_property
    def _largest_crosses(self) -> FloatArray:
        return np.asarray(np.abs(self.cross).max(axis=0, initial=0.0))

    def rounding(self, w: FloatArray, target: int) -> float:
        """Bound the rounding errors of F at w and at the optimum, without those of r itself."""
        return 0.0

    def gram_rounding(self, columns: IndexArray) -> float:
        """Return the ratio of the rounding errors of `gram` to those of centred columns."""
        return 1.0

    @property
    def hidden(self) -> FloatArray | None:
        """Bounds on the squares of columns that are left out because rounding hides them."""
        return None

    @property
    def digits_lost(self) -> bool:
        """Whether rounding errors far exceed those of the columns, from larger, subtracted data."""
        return False

    def generalized_inverse(self, columns: IndexArray) -> Solve:
        """Return b -> X b for a generalized inverse X of the Gram matrix of these columns."""
        return generalized_inverse(self.gram(columns, columns))

    @cached_property
    def largest_eigenvalue(self) -> float:
        """The largest eigenvalue of Z'S Z, whose inverse is the step of gradient descent."""
        p = self.n_features
        if p <= LANCZOS_BEYOND:
            everything = np.arange(p)
            return max(0.0, float(np.linalg.eigvalsh(self.gram(everything, everything))[-1]))
        # A fixed start, which in practice has a component along every eigenvector.
        start = np.sqrt(np.arange(1.0, p + 1))
        unit = float(np.abs(self.normal_product(start / np.linalg.norm(start))).max())
        if unit == 0.0:
            return 0.0
        # In units of order one, because the Lanczos method squares its vectors.
        return unit * largest_eigenvalue(lambda v: self.normal_product(v) / unit, start, tol=1e-8)


class GrowingGram:
    """A Gram matrix to which columns are added.

    Attributes
    ----------
    features : ndarray of int
        The columns so far.
    """

    def __init__(self, design: Design) -> None:
        self._design = design
        self.features: IndexArray = np.zeros(0, dtype=np.intp)

    def add(self, new: IndexArray) -> FloatArray:
        """Add columns; return Z'S Z of all columns so far with the new ones."""
        self.features = np.concatenate([self.features, new])
        return self._design.gram(self.features, new)


class _GrowingGramOfCopies(GrowingGram):
    """A growing Gram matrix of dense columns, copied into one array for products at BLAS speed."""

    def __init__(self, design: RowsDesign) -> None:
        super().__init__(design)
        self._A = design.row_space
        self._copies: FloatArray = np.zeros((design.n_rows, 0), order="F")

    def add(self, new: IndexArray) -> FloatArray:
        """Add columns; return Z'S Z of all columns so far with the new ones."""
        old, m = self.features.size, self.features.size + new.size
        self.features = np.concatenate([self.features, new])
        if self._copies.shape[1] < m:
            room = np.empty((len(self._copies), min(2 * m, self._design.n_features)), order="F")
            room[:, :old] = self._copies[:, :old]
            self._copies = room
        self._copies[:, old:m] = self._A.columns(new)
        product: FloatArray = self._copies[:, old:m].T @ self._copies[:, :m]
        return product.T


class RowsDesign(Design):
    """Rows of X in memory, dense or sparse.

    Parameters
    ----------
    rows : Rows
        X.
    Y : ndarray of shape (n_samples, n_targets)
        Centred targets.
    weights : ndarray of shape (n_samples,)
        Weights s, summing to one.
    means, factors : ndarray of shape (n_features,)
        m and the diagonal of D.
    cross : ndarray of shape (n_features, n_targets)
        Z'S Y.
    """

    def __init__(
        self,
        rows: Rows,
        Y: FloatArray,
        weights: FloatArray,
        means: FloatArray,
        factors: FloatArray,
        cross: FloatArray,
    ) -> None:
        super().__init__()
        self.rows = rows
        self.n_rows, self.n_features = rows.shape
        self.n_terms, self.has_rows = self.n_rows, True
        self.n_weighted = int(np.count_nonzero(weights))
        self.n_targets = Y.shape[1]
        self.Y, self.weights, self.means, self.factors = Y, weights, means, factors
        self.cross = cross
        self.scatter = np.einsum("i,ij,ij->j", weights, Y, Y)

    def products(self, w: FloatArray, target: int) -> Products:
        """Z'S r and r'S r, for the residual r of w."""
        if not w.any():
            return Products(self.cross[:, target], float(self.scatter[target]))
        residual = self.Y[:, target] - self.fitted(w)
        weighted = self.weights * residual
        return Products(self.correlate(weighted), float(weighted @ residual))

    def residual_square(self, w: FloatArray, target: int) -> float:
        """Return r'S r alone, from one pass over the columns of the support."""
        residual = self.Y[:, target] - self.fitted(w)
        return float((self.weights * residual) @ residual)

    def products_of(self, W: FloatArray, target: int) -> list[Products]:
        """Products for each row of W, of shape (k, n_features), from one pass over the data."""
        scaled = W * self.factors
        fitted = self.rows.fitted_by(scaled) - scaled @ self.means
        residuals = self.Y[:, target, None] - fitted
        weighted = self.weights[:, None] * residuals
        squares = np.einsum("ij,ij->j", weighted, residuals)
        correlations = self.correlate(weighted)
        return [
            Products(correlation, float(square))
            for correlation, square in zip(correlations.T, squares, strict=True)
        ]

    def normal_product(self, w: FloatArray) -> FloatArray:
        """Z'S Z w."""
        return self.correlate(self.weights * self.fitted(w))

    def gram(self, rows: IndexArray, columns: IndexArray) -> FloatArray:
        """Z'S Z restricted to these rows and columns."""
        product = self.rows.gram(rows, columns, self.weights, self.means)
        product *= np.multiply.outer(self.factors[rows], self.factors[columns])
        return product

    def gram_rounding(self, columns: IndexArray) -> float:
        """Return the ratio of the rounding errors of `gram` to those of centred columns."""
        if not self.rows.is_sparse:
            return 1.0
        # Sparse columns are multiplied before they are centred: the squares of their means cancel.
        means = self.means[columns] * self.factors[columns]
        return 1.0 + float(
            np.max(np.square(means * inverse_roots(self.squares)[columns]), initial=0.0)
        )

    @cached_property
    def squares(self) -> FloatArray:
        """The diagonal of Z'S Z."""
        means, variances = self.rows.spread(self.weights)
        return self.factors**2 * (variances + (means - self.means) ** 2)

    @cached_property
    def sizes(self) -> FloatArray:
        """Lengths of the columns before they are centred, to which rounding errors are relative."""
        return np.asarray(self.factors * np.sqrt(self.rows.second_moments(self.weights)))

    def growing_gram(self) -> GrowingGram:
        """Return a Gram matrix without columns, to which columns can be added."""
        return _GrowingGramOfCopies(self) if self.rows.copies_pay else GrowingGram(self)

    @property
    def row_space(self) -> RowSpace:
        """The products with S^(1/2) Z, for systems of n equations."""
        return RowSpace(self)

    @property
    def batchable(self) -> RowsDesign | None:
        """The design itself, if one product with many vectors costs less than one with each."""
        return self if self.rows.many_at_once else None

    def restricted(self, columns: IndexArray) -> RowsDesign:
        """Return the design of these columns alone."""
        return RowsDesign(
            self.rows.restricted(columns),
            self.Y,
            self.weights,
            self.means[columns],
            self.factors[columns],
            self.cross[columns],
        )

    def stored_in(self, columns: IndexArray) -> int:
        """Return the number of entries that a product with these columns reads."""
        return self.rows.stored_in(columns)

    def generalized_inverse(self, columns: IndexArray) -> Solve:
        """Return b -> X b for a generalized inverse X of the Gram matrix of these columns.

        X comes from the singular values of A, these columns of S^(1/2) Z scaled to unit length; the
        eigenvalues of A'A are their squares, of which rounding hides half of the digits. If A is
        too large and has fewer rows than columns, X comes from A'K^+ K^+ A with K = AA'.
        """
        n, k, A = self.n_rows, columns.size, self.row_space
        scale = inverse_roots(self.squares[columns])
        if n * k <= LARGEST_SVD:
            return _from_singular_values(A.columns(columns) * scale, scale)
        if k <= n:
            return super().generalized_inverse(columns)
        squared = np.zeros(self.n_features)
        squared[columns] = scale**2
        # Products of sparse columns lose digits, because their means cancel.
        lost = 1.0 + self.rows.is_sparse * float(self.means @ (squared * self.means))
        solve = pseudo_inverse(A.kernel(squared), lost)

        def apply(b: FloatArray) -> FloatArray:
            w = np.zeros(self.n_features)
            w[columns] = b
            inner = solve(solve(A.product(squared * w)))
            return (squared * A.transposed_product(inner))[columns]

        return apply

    def fitted(self, w: FloatArray) -> FloatArray:
        """Z w."""
        scaled = self.factors * w
        fitted: FloatArray = self.rows.fitted(scaled) - self.means @ scaled
        return fitted

    def correlate(self, weighted: FloatArray) -> FloatArray:
        """Z'v for a v of shape (n_samples,) or (n_samples, k) that includes the weights."""
        return self.in_units(self.rows.correlate(weighted), weighted)

    def in_units(self, correlation: FloatArray, weighted: FloatArray) -> FloatArray:
        """Z'v from X'v."""
        correlation = correlation - np.multiply.outer(self.means, weighted.sum(axis=0))
        return np.asarray((self.factors * correlation.T).T)


class RowSpace:
    """The products with A = S^(1/2) Z: for systems of n equations if there are few rows.

    Attributes
    ----------
    n_rows : int
        n.
    """

    def __init__(self, design: RowsDesign) -> None:
        self._design, self._root = design, np.sqrt(design.weights)
        self.n_rows = design.n_rows

    def target(self, target: int) -> FloatArray:
        """Return S^(1/2) y."""
        y: FloatArray = self._root * self._design.Y[:, target]
        return y

    def product(self, w: FloatArray) -> FloatArray:
        """Return A w."""
        return self._root * self._design.fitted(w)

    def transposed_product(self, v: FloatArray) -> FloatArray:
        """Return A'v, for v of shape (n_rows,) or (n_rows, k)."""
        return self._design.correlate((self._root * v.T).T)

    def columns(self, columns: IndexArray) -> FloatArray:
        """Copy these columns of A."""
        design = self._design
        A = np.asfortranarray(design.rows.columns(columns) - design.means[columns])
        A *= design.factors[columns]
        A *= self._root[:, None]
        return A

    def kernel(self, scale: FloatArray) -> FloatArray:
        """Return A diag(scale) A', of shape (n_rows, n_rows)."""
        design, root = self._design, self._root
        product = design.rows.kernel(design.factors**2 * scale, design.means)
        product *= root * root[:, None]
        if design.means.any():
            # S^(1/2) 1 is in the null space of the result; enforce this to the last digit.
            across = product @ root
            along = float(root @ across)
            product += np.multiply.outer(along * root - across, root)
            product -= np.multiply.outer(root, across)
        return product


def _from_singular_values(A: FloatArray, scale: FloatArray) -> Solve:
    """Return b -> X b for a generalized inverse X of D^-1 A'A D^-1, with D = diag(scale)."""
    _, values, right = svd(A, full_matrices=False, overwrite_a=True, check_finite=False)
    kept = values > max(A.shape) * EPS * values.max(initial=0.0)
    V, inverse = right[kept].T, values[kept] ** -2.0
    return lambda b: np.asarray(scale * (V @ (inverse * (V.T @ (scale * b)))))


def products_together(requests: Sequence[tuple[Design, int, FloatArray]]) -> list[Products]:
    """Products for each (design, target, w); designs of the same rows share passes over them."""
    answers: dict[int, Products] = {}
    shared: dict[int, dict[int, tuple[RowsDesign, int, FloatArray]]] = {}
    for k, (design, target, w) in enumerate(requests):
        batchable = design.batchable if len(requests) > 1 and w.any() else None
        if batchable is None:
            answers[k] = design.products(w, target)
        else:
            shared.setdefault(id(batchable.rows.source), {})[k] = batchable, target, w
    for batch in shared.values():
        answers |= zip(batch, _products_of_same_rows(list(batch.values())), strict=True)
    return [answers[k] for k in range(len(requests))]


def _products_of_same_rows(
    requests: Sequence[tuple[RowsDesign, int, FloatArray]],
) -> list[Products]:
    """Products for each (design, target, w) from one product with X, and one with X'."""
    rows = requests[0][0].rows
    scaled = [design.factors * w for design, _, w in requests]
    residuals = [
        design.Y[:, target] - (fitted - design.means @ w)
        for (design, target, _), fitted, w in zip(
            requests, rows.fitted_each(scaled), scaled, strict=True
        )
    ]
    weighted = np.column_stack(
        [design.weights * r for (design, *_), r in zip(requests, residuals, strict=True)]
    )
    return [
        Products(design.in_units(correlation, v), float(v @ r))
        for (design, *_), correlation, v, r in zip(
            requests, rows.correlate(weighted).T, weighted.T, residuals, strict=True
        )
    ]


class GramDesign(Design):
    """A design of moments instead of rows: every product costs p^2 instead of n p."""

    def __init__(self, moments: Moments, columns: Columns, centred: bool) -> None:
        super().__init__()
        self.n_features, self.n_targets = moments.cross.shape
        self.n_terms, self.has_rows = self.n_features, False
        self.n_weighted = moments.n_rows
        weight, mean_x, mean_y = moments.weight, moments.mean_x, moments.mean_y
        self._gram = moments.gram / weight
        self.cross = moments.cross / weight
        self.scatter = moments.scatter / weight
        lost_x, lost_y = (lost / weight for lost in moments.lost)
        if not centred:
            self._gram += np.multiply.outer(mean_x, mean_x)
            self.cross += np.multiply.outer(mean_x, mean_y)
            self.scatter += mean_y**2
        self.cross[:, self.scatter == 0] = 0.0  # rounding errors: such a target does not vary
        factors = columns.factors
        self._gram *= np.multiply.outer(factors, factors)
        self.cross *= factors[:, None]
        self._lost = np.maximum(factors**2 * lost_x, EPS * self.squares), lost_y
        self._hidden, self._sizes = columns.hidden, np.sqrt(self._lost[0] / EPS)

    @property
    def hidden(self) -> FloatArray | None:
        """Bounds on the squares of columns that are left out because rounding hides them."""
        return self._hidden

    @property
    def digits_lost(self) -> bool:
        """Whether rounding errors far exceed those of the columns, from larger, subtracted data."""
        squares, (lost, lost_y) = self.squares, self._lost
        return bool(
            (self._hidden is not None and self._hidden.any())
            or (lost > MUCH * EPS * squares).any()
            or (lost_y > MUCH * EPS * self.scatter).any()
        )

    def products(self, w: FloatArray, target: int) -> Products:
        """Z'S r and r'S r, for the residual r of w."""
        cross = self.cross[:, target]
        correlation = cross - self._gram @ w
        # r'Sr = y'Sy - w'(Z'Sy + Z'Sr); rounding may leave it just below zero.
        residual_square = float(self.scatter[target] - w @ (cross + correlation))
        return Products(correlation, max(0.0, residual_square))

    def products_of(self, W: FloatArray, target: int) -> list[Products]:
        """Products for each row of W, of shape (k, n_features), from one pass over the data."""
        cross = self.cross[:, target]
        correlations = cross - W @ self._gram
        squares = self.scatter[target] - np.sum(W * (cross + correlations), axis=1)
        return [
            Products(correlation, max(0.0, float(square)))
            for correlation, square in zip(correlations, squares, strict=True)
        ]

    def rounding(self, w: FloatArray, target: int) -> float:
        """Bound the rounding of F at w and at the optimum.

        2 F is a quadratic form in (1, -w) whose entries (i, j) are wrong by sqrt(lost_i lost_j), so
        that F(w) is wrong by half of the square below, and F at the optimum by as much again.
        """
        size_y = math.sqrt(self._lost[1][target] / EPS)
        return EPS * (size_y + float(np.abs(w) @ self._sizes)) ** 2

    def gram_rounding(self, columns: IndexArray) -> float:
        """Return the ratio of the rounding errors of `gram` to those of centred columns."""
        lost, squares = self._lost[0][columns], self.squares[columns]
        return float(np.max(lost[squares > 0] / (EPS * squares[squares > 0]), initial=1.0))

    def normal_product(self, w: FloatArray) -> FloatArray:
        """Z'S Z w."""
        product: FloatArray = self._gram @ w
        return product

    def gram(self, rows: IndexArray, columns: IndexArray) -> FloatArray:
        """Z'S Z restricted to these rows and columns."""
        return self._gram[rows[:, None], columns]

    def restricted(self, columns: IndexArray) -> GramDesign:
        """Return the design of these columns alone."""
        part = copy(self)
        part.last_factorisation = KeepLast()
        part._gram, part.cross = self.gram(columns, columns), self.cross[columns]
        part._lost = self._lost[0][columns], self._lost[1]
        part._hidden, part._sizes = None, self._sizes[columns]
        part.n_features = columns.size
        return part

    def stored_in(self, columns: IndexArray) -> int:
        """Return the number of entries that a product with these columns reads."""
        return columns.size**2

    @property
    def squares(self) -> FloatArray:
        """The diagonal of Z'S Z."""
        return np.diagonal(self._gram)

    @property
    def sizes(self) -> FloatArray:
        """Lengths of columns that would have these rounding errors, also those of removed rows."""
        return self._sizes

    def target_size(self, target: int) -> float:
        """Length of a target that would have the rounding errors of this one."""
        return math.sqrt(max(self.scatter[target], self._lost[1][target] / EPS))


class Columns(NamedTuple):
    """What converts coefficients of Z to those of X: the means of X and y, a factor per column."""

    means: FloatArray
    target_means: FloatArray
    factors: FloatArray
    hidden: FloatArray | None = None  # see `Design.hidden`


class Preprocessing(NamedTuple):
    """How the columns of X are transformed before they are penalised."""

    centred: bool  # whether there is an intercept
    standardize: bool  # whether columns are divided by their standard deviation


def design_of_rows(
    rows: Rows,
    Y: FloatArray,
    weights: FloatArray | None,
    preprocessing: Preprocessing,
    excluded: BoolArray,
    any_without_l1: bool,
) -> tuple[Design, Columns]:
    """Return a design of rows and its columns, usually from one pass over the rows.

    Parameters
    ----------
    rows : Rows
        X, of shape (n_samples, n_features).
    Y : ndarray of shape (n_samples, n_targets)
    weights : ndarray of shape (n_samples,) or None
        Non-negative, with a positive sum.
    preprocessing : Preprocessing
    excluded : ndarray of shape (n_features,) of bool
        Columns that must get no weight.
    any_without_l1 : bool
        Whether some coefficient has no L1 penalty. A second pass over X then separates constant
        columns from rounding errors; otherwise only columns whose X'y may be rounding are checked.
    """
    n, centred = len(Y), preprocessing.centred
    shares = np.full(n, 1.0 / n) if weights is None else weights / weights.sum()
    target_means = shares @ Y
    centre = target_means if centred else np.zeros_like(target_means)
    Y = np.asfortranarray(Y - centre)
    # The means and X'y in one product, which reads X once.
    products = rows.correlate(np.column_stack([shares, shares[:, None] * Y]))
    means, cross = products[:, 0], products[:, 1:]
    check_finite("products of X and y", products)
    if centred:
        cross = cross - np.multiply.outer(means, shares @ Y)
    spread = None
    if preprocessing.standardize or any_without_l1:
        spread = Spread(*rows.spread(shares))
        means = spread.means
    elif centred:
        spread = _spread_where_doubtful(rows, shares, Y, means, cross)
    columns = _columns(means, target_means, spread, preprocessing, excluded)
    cross = np.asfortranarray(columns.factors[:, None] * cross)
    return RowsDesign(rows, Y, shares, columns.means, columns.factors, cross), columns


def design_of_moments(
    moments: Moments, preprocessing: Preprocessing, excluded: BoolArray
) -> tuple[Design, Columns]:
    """Return a design of moments and its columns; the arguments are as in `design_of_rows`."""
    columns = _columns(moments.mean_x, moments.mean_y, moments.spread_x, preprocessing, excluded)
    return GramDesign(moments, columns, preprocessing.centred), columns


def _spread_where_doubtful(
    rows: Rows, shares: FloatArray, Y: FloatArray, means: FloatArray, cross: FloatArray
) -> Spread | None:
    """Compute the spread of columns whose product with the centred targets may be rounding.

    For a constant c it is c times the sum of the weighted targets, which is 0 up to rounding: for
    a sum of n terms, sqrt(n) EPS times their size. Other columns count as varying.
    """
    sizes = np.sqrt(shares @ np.square(Y))
    bound = np.multiply.outer(np.abs(means), DOUBTFUL * np.sqrt(len(Y)) * EPS * sizes)
    doubtful = np.flatnonzero((np.abs(cross) <= bound).all(axis=1) & (means != 0.0))
    if doubtful.size == 0 or not sizes.any():
        return None
    variances = np.ones_like(means)
    variances[doubtful] = rows.restricted(doubtful).spread(shares)[1]
    return Spread(means, variances)


def _columns(
    means: FloatArray,
    target_means: FloatArray,
    spread: Spread | None,
    preprocessing: Preprocessing,
    excluded: BoolArray,
) -> Columns:
    """Return the means and factors of the columns; without a spread none counts as constant."""
    centred, standardize = preprocessing
    factors, hidden = np.ones(means.size), None
    if spread is not None:
        constant = spread.variances == 0.0
        if standardize:
            factors = 1.0 / np.sqrt(np.where(constant, 1.0, spread.variances))
        if centred:
            factors[constant] = 0.0
        if spread.hidden is not None and spread.hidden.any():
            # A standardised column has unit variance, however small its spread was.
            hidden = (spread.hidden > 0).astype(float) if standardize else spread.hidden.copy()
            hidden[excluded] = 0.0
    factors[excluded] = 0.0
    if not centred:
        means, target_means = np.zeros_like(means), np.zeros_like(target_means)
    return Columns(means, target_means, factors, hidden)
