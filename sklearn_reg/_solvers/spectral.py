"""Ridge for many penalties from one decomposition.

With A = S^(1/2) Z diag(v)^(-1/2) = U diag(d)^(1/2) V', the solution for the penalty lambda v is

    w = diag(v)^(-1/2) V diag(1 / (d + lambda)) V' diag(v)^(-1/2) Z'S y,

so that after one eigendecomposition, of A'A or of AA', whichever is smaller, a penalty costs one
product with V. Its effective degrees of freedom are sum_i d_i / (d_i + lambda) [1]_.

References
----------
.. [1] T. Hastie, R. Tibshirani, J. Friedman (2009). The Elements of Statistical Learning, 2nd
   edition, section 3.4.1. Springer. https://doi.org/10.1007/978-0-387-84858-7
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

from sklearn_reg._data.designs import Design
from sklearn_reg._tools.linalg import EPS, inverse_roots
from sklearn_reg._tools.typing import FloatArray


class Spectrum:
    """The decomposition, for penalty weights v that are all positive.

    Parameters
    ----------
    design : Design
        The data.
    weights : ndarray of shape (n_features,)
        Penalty weights v.

    Attributes
    ----------
    values : ndarray of shape (rank,)
        Eigenvalues d; `rank` is the smaller of n_rows and n_features.
    vectors : ndarray
        U, of shape (n_rows, rank), if `of_rows`; otherwise V, of shape (n_features, rank).
    of_rows : bool
        Whether AA' was decomposed, which is smaller than A'A if there are fewer rows.
    """

    @classmethod
    def of(cls, design: Design, weights: FloatArray) -> Spectrum:
        """Return the decomposition of this design, which is computed once."""
        key = "spectrum", weights.tobytes()
        spectrum: Spectrum = design.last_factorisation.get(key, lambda: cls(design, weights))
        return spectrum

    def __init__(self, design: Design, weights: FloatArray) -> None:
        self._design, self._root = design, 1.0 / np.sqrt(weights)
        rows = design.row_space
        self._rows = rows if rows is not None and rows.n_rows < design.n_features else None
        self.of_rows = self._rows is not None
        if self._rows is not None:
            matrix = self._rows.kernel(1.0 / weights)
        else:
            everything = np.arange(design.n_features)
            matrix = design.gram(everything, everything)
            matrix *= np.multiply.outer(self._root, self._root)
        values, self.vectors = eigh(matrix, overwrite_a=True, check_finite=False)
        self.values = np.maximum(values, 0.0)

    def solve(self, lambdas: FloatArray, target: int) -> FloatArray:
        """Return the solutions for penalties > 0, of shape (n_lambdas, n_features)."""
        shrunk = self._components(target) / (self.values + lambdas[:, None])
        if self._rows is not None:
            right = self._rows.transposed_product(self.vectors @ shrunk.T)
            return (self._root[:, None] ** 2 * right).T
        return self._root * (shrunk @ self.vectors.T)

    def degrees_of_freedom(self, lambdas: FloatArray) -> FloatArray:
        """Traces of the maps from y to its fitted values, without the intercept."""
        traces: FloatArray = np.sum(self.values / (self.values + lambdas[:, None]), axis=1)
        return traces

    def residual_squares(self, lambdas: FloatArray, target: int) -> FloatArray:
        """Squares of the residuals, r'S r, of the solutions for these penalties."""
        shares = self._components(target) ** 2
        if not self.of_rows:  # of the components along U
            known = self.values > self.error
            shares = np.where(known, shares / np.where(known, self.values, 1.0), 0.0)
        kept = (lambdas[:, None] / (self.values + lambdas[:, None])) ** 2
        total = float(self._design.scatter[target])
        beyond = total - float(shares.sum())
        if beyond <= 8.0 * self.values.size * EPS * total:  # rounding: all can be explained
            beyond = 0.0
        return np.asarray(beyond + kept @ shares)

    @property
    def error(self) -> float:
        """Bound the backward error of the eigenvalues, as LAPACK's guide does (section 4.7)."""
        return self.values.size * EPS * float(self.values[-1])

    @property
    def smallest(self) -> float:
        """The smallest eigenvalue of A'A, or a number below it; 0 if it may be rounding."""
        return 0.0 if self.of_rows else max(0.0, float(self.values[0]) - self.error)

    def directions(self) -> FloatArray:
        """diag(v)^(-1/2) V, of shape (n_features, rank): the directions of the coordinates."""
        if self._rows is None:
            return self._root[:, None] * self.vectors
        right = self._rows.transposed_product(self.vectors * inverse_roots(self.values))
        return self._root[:, None] ** 2 * right

    def _components(self, target: int) -> FloatArray:
        """Return the component of the target along each eigenvector."""
        if self._rows is not None:
            return np.asarray(self.vectors.T @ self._rows.target(target))
        return np.asarray(self.vectors.T @ (self._root * self._design.cross[:, target]))
