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

from sklearn_reg._typing import FloatArray
from sklearn_reg.designs import Design, RowsDesign


class Spectrum:
    """The decomposition, for penalty weights v that are all positive.

    Parameters
    ----------
    design : Design
        The data.
    weights : ndarray of shape (n_features,)
        Penalty weights v.
    """

    def __init__(self, design: Design, weights: FloatArray) -> None:
        self._design, self._root = design, 1.0 / np.sqrt(weights)
        if isinstance(design, RowsDesign) and design.n_rows < design.n_features:
            matrix = design.kernel(1.0 / weights)
        else:
            everything = np.arange(design.n_features)
            matrix = design.gram(everything, everything)
            matrix *= np.multiply.outer(self._root, self._root)
        values, self._vectors = eigh(matrix, overwrite_a=True, check_finite=False)
        self.values = np.maximum(values, 0.0)
        self._of_rows = len(matrix) != design.n_features

    def solve(self, lambdas: FloatArray, target: int) -> FloatArray:
        """Return the solutions for penalties > 0, of shape (n_lambdas, n_features)."""
        shrunk = self._shares(target) / (self.values + lambdas[:, None])
        if self._of_rows:
            assert isinstance(self._design, RowsDesign)
            rows = self._vectors @ shrunk.T
            return (self._root[:, None] ** 2 * self._design.whitened_correlate(rows)).T
        return self._root * (shrunk @ self._vectors.T)

    def degrees_of_freedom(self, lambdas: FloatArray) -> FloatArray:
        """Traces of the maps from y to its fitted values, without the intercept."""
        traces: FloatArray = np.sum(self.values / (self.values + lambdas[:, None]), axis=1)
        return traces

    def _shares(self, target: int) -> FloatArray:
        """Return what the target has of each eigenvector."""
        design = self._design
        if self._of_rows:
            assert isinstance(design, RowsDesign)
            whitened = np.sqrt(design.weights) * design.Y[:, target]
            return np.asarray(self._vectors.T @ whitened)
        return np.asarray(self._vectors.T @ (self._root * design.cross[:, target]))
