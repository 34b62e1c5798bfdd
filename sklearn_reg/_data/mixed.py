"""Designs whose coefficients are linear combinations of those of another design.

A penalty of groups may be that of other coefficients than those of the columns of Z: of an
orthonormal basis of the columns of each group, of columns with weights, or of all targets together.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from sklearn_reg._data.designs import Design, Products
from sklearn_reg._tools.typing import FloatArray, IndexArray

# A direction counts as zero if its square is this share of the largest of its group, or less.
RANK_TOL = 1e-11


class Mixing(ABC):
    """How solutions, one for each problem, become coefficients of Z, one for each target."""

    @abstractmethod
    def coefficients(self, W: FloatArray) -> FloatArray:
        """Return coefficients, of shape (n_targets, n_columns)."""

    @abstractmethod
    def solutions(self, coefs: FloatArray) -> FloatArray:
        """Return the solutions of coefficients, of shape (n_problems, n_solver_features)."""


class BlockMixing(Mixing):
    """Coefficients B w, with B block-diagonal.

    Attributes
    ----------
    matrix, inverse : csr_array of shape (n_features, n_features)
        B, and a generalized inverse of it.
    squares : ndarray of shape (n_features,)
        The squares of the mixed columns.
    """

    def __init__(
        self, matrix: sparse.csr_array, inverse: sparse.csr_array, squares: FloatArray
    ) -> None:
        self.matrix, self.inverse, self.squares = matrix, inverse, squares
        self._transposed = matrix.T.tocsr()

    @classmethod
    def scaled(cls, design: Design, scales: FloatArray) -> BlockMixing:
        """Return the mixing that multiplies each column by a number."""
        there, back = (sparse.diags_array(of, format="csr") for of in (scales, 1.0 / scales))
        return cls(there, back, scales**2 * design.squares)

    @classmethod
    def orthonormal(cls, design: Design, groups: Sequence[IndexArray]) -> BlockMixing:
        """Return the mixing that makes the columns of each group orthonormal.

        The eigenvectors V and eigenvalues d of a group's Gram matrix give B = V d^(-1/2). Columns
        that depend on the others leave directions of length zero, which get no coefficient.
        """
        squares = design.squares.copy()
        shape = design.n_features, design.n_features
        alone = np.setdiff1d(np.arange(design.n_features), np.concatenate([*groups, []]))
        parts: list[tuple[Any, ...]] = [(alone, alone, np.ones(alone.size), np.ones(alone.size))]
        for group in groups:
            roots, vectors = _directions(design, group)
            back = np.divide(1.0, roots, out=np.zeros_like(roots), where=roots > 0)
            squares[group] = roots > 0
            places = np.repeat(group, group.size), np.tile(group, group.size)
            parts.append((*places, (vectors * back).ravel(), (vectors * roots).ravel()))
        rows, columns, there, back = map(np.concatenate, zip(*parts, strict=True))
        matrix = sparse.csr_array((there, (rows, columns)), shape=shape)
        return cls(matrix, sparse.csr_array((back, (columns, rows)), shape=shape), squares)

    def coefficients(self, W: FloatArray) -> FloatArray:
        """B w of each solution."""
        return np.asarray((self.matrix @ W.T).T)

    def solutions(self, coefs: FloatArray) -> FloatArray:
        """W of each row of coefficients."""
        return np.asarray((self.inverse @ coefs.T).T)

    def there(self, w: FloatArray) -> FloatArray:
        """B w."""
        return np.asarray(self.matrix @ w)

    def back(self, u: FloatArray) -> FloatArray:
        """B'u."""
        return np.asarray(self._transposed @ u)

    def touched(self, columns: IndexArray) -> IndexArray:
        """Return the rows of B that these columns need."""
        return np.unique(self._transposed[columns].indices)

    def sizes(self, sizes: FloatArray) -> FloatArray:
        """Bound the lengths of the mixed columns, given those of the columns."""
        return np.asarray(abs(self._transposed) @ sizes)


def _directions(design: Design, group: IndexArray) -> tuple[FloatArray, FloatArray]:
    """Return the lengths of a group's principal directions, 0 within rounding, and these."""
    values, vectors = np.linalg.eigh(design.gram(group, group))
    lowest = RANK_TOL * group.size * design.gram_rounding(group) * max(float(values[-1]), 0.0)
    return np.sqrt(np.where(values > lowest, values, 0.0)), vectors


class MixedDesign(Design):
    """The columns Z B of a design Z.

    Parameters
    ----------
    design : Design
        Z.
    mixing : BlockMixing
        B.
    """

    def __init__(self, design: Design, mixing: BlockMixing) -> None:
        super().__init__()
        self._base, self._mixing = design, mixing
        self.n_features, self.n_targets = mixing.squares.size, design.n_targets
        self.cross = mixing.back(design.cross)
        self.scatter = design.scatter
        self.n_terms, self.n_weighted = design.n_terms, design.n_weighted
        self.has_rows = design.has_rows
        self._squares, self._sizes = mixing.squares, mixing.sizes(design.sizes)

    def products(self, w: FloatArray, target: int) -> Products:
        """B'Z'S r and r'S r, for the residual r of w."""
        correlation, square = self._base.products(self._mixing.there(w), target)
        return Products(self._mixing.back(correlation), square)

    def residual_square(self, w: FloatArray, target: int) -> float:
        """Return r'S r alone."""
        return self._base.residual_square(self._mixing.there(w), target)

    def products_of(self, W: FloatArray, target: int) -> list[Products]:
        """Products for each row of W, of shape (k, n_features), from one pass over the data."""
        found = self._base.products_of(self._mixing.coefficients(W), target)
        return [Products(self._mixing.back(u), square) for u, square in found]

    def normal_product(self, w: FloatArray) -> FloatArray:
        """B'Z'S Z B w."""
        return self._mixing.back(self._base.normal_product(self._mixing.there(w)))

    def gram(self, rows: IndexArray, columns: IndexArray) -> FloatArray:
        """B'Z'S Z B restricted to these rows and columns."""
        mixing = self._mixing
        above, beside = mixing.touched(rows), mixing.touched(columns)
        gram = self._base.gram(above, beside)
        left = mixing.matrix[above][:, rows]
        return np.asarray(left.T @ (mixing.matrix[beside][:, columns].T @ gram.T).T)

    def restricted(self, columns: IndexArray) -> Design:
        """Return the design of these columns alone."""
        touched, mixing = self._mixing.touched(columns), self._mixing
        part = BlockMixing(
            mixing.matrix[touched][:, columns],
            mixing.inverse[columns][:, touched],
            mixing.squares[columns],
        )
        return MixedDesign(self._base.restricted(touched), part)

    def stored_in(self, columns: IndexArray) -> int:
        """Return the number of entries that a product with these columns reads."""
        return self._base.stored_in(self._mixing.touched(columns))

    @property
    def squares(self) -> FloatArray:
        """The diagonal of B'Z'S Z B."""
        return self._squares

    @property
    def sizes(self) -> FloatArray:
        """Bounds on the lengths of the columns before they are centred."""
        return self._sizes

    def target_size(self, target: int) -> float:
        """Length of a target, to which rounding errors are relative."""
        return self._base.target_size(target)

    def rounding(self, w: FloatArray, target: int) -> float:
        """Bound the rounding errors of F at w and at the optimum."""
        return self._base.rounding(self._mixing.there(w), target)

    def gram_rounding(self, columns: IndexArray) -> float:
        """Return the ratio of the rounding errors of `gram` to those of centred columns."""
        return self._base.gram_rounding(self._mixing.touched(columns))

    @property
    def hidden(self) -> FloatArray | None:
        """Bounds on the squares of columns that are left out because rounding hides them."""
        hidden = self._base.hidden
        return None if hidden is None else self._mixing.sizes(np.sqrt(hidden)) ** 2

    @property
    def digits_lost(self) -> bool:
        """Whether rounding errors far exceed those of the columns, from larger, subtracted data."""
        return self._base.digits_lost


class TargetMixing(Mixing):
    """All targets in one solution, in which the coefficients of a feature follow one another."""

    def __init__(self, n_targets: int) -> None:
        self._n_targets = n_targets

    def coefficients(self, W: FloatArray) -> FloatArray:
        """Return the coefficients of each target."""
        return np.ascontiguousarray(W.reshape(-1, self._n_targets).T)

    def solutions(self, coefs: FloatArray) -> FloatArray:
        """Return the one solution of all coefficients."""
        return np.asarray(coefs.T.reshape(1, -1))


class JointDesign(Design):
    """The targets of a design as one target, with a column for each feature and target.

    Its columns are those of the Kronecker product of Z and the unit matrix.

    Parameters
    ----------
    design : Design
        Z.
    factors : ndarray of shape (n_targets,)
        What the targets are multiplied by.

    Attributes
    ----------
    base : Design
        Z.
    n_joint : int
        The number of targets of Z.
    """

    def __init__(self, design: Design, factors: FloatArray) -> None:
        super().__init__()
        self.base, self._factors = design, factors
        self.n_joint = design.n_targets
        self.n_features, self.n_targets = design.n_features * self.n_joint, 1
        self.cross = (design.cross * factors).reshape(-1, 1)
        self.scatter = np.array([design.scatter @ factors**2])
        self.n_terms = design.n_terms * self.n_joint
        self.n_weighted, self.has_rows = design.n_weighted, design.has_rows

    def _each(self, w: FloatArray) -> list[tuple[int, float, FloatArray]]:
        """Return each target with its factor and its weights in the units of the design."""
        W = w.reshape(-1, self.n_joint)
        return [
            (target, factor, W[:, target] / factor if factor else 0.0 * W[:, target])
            for target, factor in enumerate(self._factors.tolist())
        ]

    def products(self, w: FloatArray, target: int) -> Products:
        """Z'S r and r'S r of all targets, for the residuals r of w."""
        found = [(f, self.base.products(v, t)) for t, f, v in self._each(w)]
        correlation = np.column_stack([f * product.correlation for f, product in found])
        square = sum(f**2 * product.residual_square for f, product in found)
        return Products(correlation.ravel(), float(square))

    def residual_square(self, w: FloatArray, target: int) -> float:
        """Return r'S r alone."""
        return float(self.residual_squares(w).sum())

    def residual_squares(self, w: FloatArray) -> FloatArray:
        """R'S r of each target."""
        return np.array([f**2 * self.base.residual_square(v, t) for t, f, v in self._each(w)])

    def products_of(self, W: FloatArray, target: int) -> list[Products]:
        """Products for each row of W."""
        return [self.products(w, target) for w in W]

    def normal_product(self, w: FloatArray) -> FloatArray:
        """Z'S Z w of each target."""
        W = w.reshape(-1, self.n_joint)
        return np.column_stack([self.base.normal_product(v) for v in W.T]).ravel()

    def gram(self, rows: IndexArray, columns: IndexArray) -> FloatArray:
        """Z'S Z where two columns are those of one target, else zero."""
        (above, of_rows), (beside, of_columns) = (
            np.divmod(some, self.n_joint) for some in (rows, columns)
        )
        first, at_first = np.unique(above, return_inverse=True)
        second, at_second = np.unique(beside, return_inverse=True)
        gram = self.base.gram(first, second)[at_first[:, None], at_second]
        return np.asarray(gram * (of_rows[:, None] == of_columns))

    def restricted(self, columns: IndexArray) -> Design:
        """Return the design of these columns alone, which are those of whole features."""
        return JointDesign(self.base.restricted(np.unique(columns // self.n_joint)), self._factors)

    def stored_in(self, columns: IndexArray) -> int:
        """Return the number of entries that a product with these columns reads."""
        return self.n_joint * self.base.stored_in(np.unique(columns // self.n_joint))

    @property
    def squares(self) -> FloatArray:
        """The diagonal of Z'S Z, for each target."""
        return np.repeat(self.base.squares, self.n_joint)

    @property
    def sizes(self) -> FloatArray:
        """Lengths of the columns before they are centred."""
        return np.repeat(self.base.sizes, self.n_joint)

    def target_size(self, target: int) -> float:
        """Length of all targets together, to which rounding errors are relative."""
        sizes = [self.base.target_size(t) for t in range(self.n_joint)]
        return float(np.linalg.norm(self._factors * sizes))

    def rounding(self, w: FloatArray, target: int) -> float:
        """Bound the rounding errors of F at w and at the optimum."""
        return float(sum(f**2 * self.base.rounding(v, t) for t, f, v in self._each(w)))

    def gram_rounding(self, columns: IndexArray) -> float:
        """Return the ratio of the rounding errors of `gram` to those of centred columns."""
        return self.base.gram_rounding(np.unique(columns // self.n_joint))

    @property
    def hidden(self) -> FloatArray | None:
        """Bounds on the squares of columns that are left out because rounding hides them."""
        hidden = self.base.hidden
        return None if hidden is None else np.repeat(hidden, self.n_joint)

    @property
    def digits_lost(self) -> bool:
        """Whether rounding errors far exceed those of the columns, from larger, subtracted data."""
        return self.base.digits_lost
