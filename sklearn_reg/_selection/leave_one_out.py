r"""Leave-one-out errors of ridge for many penalties, from one decomposition of all rows.

In the fit without row i, the residual of this row is e_i / (1 - h_i), where e is the residual of
the fit of all rows and h (the leverages) the diagonal of the hat matrix H [1]_, which maps y to the
fitted values. With A = U diag(d)^(1/2) V' the centred data, weighted by 1 / sqrt(n), and P = A V,

    H = 1 1' / n + P diag(1 / (d + lambda)) P',

so that a penalty costs one product with P, of shape (n_samples, n_features).

References
----------
.. [1] T. Hastie, R. Tibshirani, J. Friedman (2009). The Elements of Statistical Learning, 2nd
   edition, section 7.10. Springer. https://doi.org/10.1007/978-0-387-84858-7
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, overload

import numpy as np

from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._data.units import View
from sklearn_reg._selection.folds import CANCELLED, RowFolds
from sklearn_reg._solvers.accuracy import solve_accurately
from sklearn_reg._solvers.paths import follow
from sklearn_reg._solvers.spectral import Spectrum
from sklearn_reg._tools.linalg import EPS, dense
from sklearn_reg._tools.typing import FloatArray, Matrix
from sklearn_reg.moments import row_chunks

# If 1 - h_i is smaller, the leverage h_i is so near 1 that too few digits are left without row i.
SMALLEST_REST = 1e-6


class LeftOut(NamedTuple):
    """Errors, gaps, and coefficients that are computed on demand."""

    train: FloatArray  # mean squared errors, of shape (n_lambdas, n_rows, n_targets)
    test: FloatArray
    gaps: FloatArray  # of the worst target, of shape (n_lambdas, n_rows)
    coefs: Sequence[FloatArray]
    intercepts: FloatArray  # of shape (n_rows, n_lambdas, n_targets)


def leave_one_out(
    folds: RowFolds, penalty: UnitPenalty, lambdas: FloatArray, tol: float
) -> LeftOut | None:
    """Return the results of all leave-one-out folds; None if too few digits would be left.

    Rows must have equal weights, columns must not be standardised, and the penalty must be ridge
    on every feature.
    """
    n, centred = len(folds.Y), folds.preprocessing.centred
    # 1 / (n - 1) sum r^2 + lambda |w|^2 is n / (n - 1) times 1 / n sum r^2 + level |w|^2.
    levels = lambdas * (n - 1) / n
    view, points = solve_accurately(
        folds.views(penalty), lambda view: follow(view, penalty, levels, tol)
    )
    spectrum = Spectrum.of(view.design, penalty.weights)
    if levels[-1] == 0 and not spectrum.smallest > 0:
        return None  # without a penalty the fit is not unique
    P, Y = _coordinates(folds, view, spectrum)
    parts = [_without_each(P, y, spectrum, levels, centred) for y in Y.T]
    if not points.is_certified or not all(part.is_accurate(tol) for part in parts):
        return None
    squares = view.units**2
    train, test, gaps = (
        np.stack(values, axis=2) * squares
        for values in zip(*(part[:3] for part in parts), strict=True)
    )
    others = n / (n - 1)
    left = view.units * np.stack([part.left for part in parts], axis=2)
    coefs = RidgeCoefs(points.coefs, levels, spectrum, view, P, left)
    # The intercept is one more coordinate: 1 / sqrt(n) in every row.
    shift = coefs.explain(view.columns.means) - (1.0 / np.sqrt(n) if centred else 0.0)
    intercepts = points.intercepts[:, None] + left * shift[:, :, None]
    return LeftOut(
        others * train,
        n * test,
        others * gaps.max(axis=2),
        coefs,
        intercepts.transpose(1, 0, 2),
    )


def _coordinates(folds: RowFolds, view: View, spectrum: Spectrum) -> tuple[FloatArray, FloatArray]:
    """P, and the targets in the units of the solver; both over sqrt(n)."""
    n, columns = len(folds.Y), view.columns
    Y = ((folds.Y - view.offsets) / view.units - columns.target_means) / np.sqrt(n)
    if spectrum.of_rows:
        return spectrum.vectors * np.sqrt(spectrum.values), Y
    directions, P = spectrum.directions(), np.empty((n, spectrum.values.size))
    for rows in row_chunks(n, folds.rows.X.shape[1]):
        X = folds.rows.X[rows]
        Z = dense(X).astype(np.float64, copy=False)
        P[rows] = ((Z - columns.means) * columns.factors) @ directions
    P /= np.sqrt(n)
    return P, Y


class _Part(NamedTuple):
    """Sums for one target, of shape (n_lambdas, n_rows), in the units of the solver."""

    train: FloatArray  # squares of the residuals at the other rows
    test: FloatArray  # and at the row left out
    gaps: FloatArray
    left: FloatArray  # residuals at the row left out
    smallest_rest: float  # of 1 - h
    total: FloatArray  # squares of the residuals with no row left out, of shape (n_lambdas, 1)
    null: float  # half the square of y

    def is_accurate(self, tol: float) -> bool:
        """Whether enough digits are left, and the gaps are within their tolerance."""
        kept = (self.train >= CANCELLED * (self.total + self.test)).all()
        certified = (self.gaps <= max(tol, EPS) * self.null).all()
        return bool(kept and certified and self.smallest_rest > SMALLEST_REST)


def _without_each(
    P: FloatArray, y: FloatArray, spectrum: Spectrum, levels: FloatArray, centred: bool
) -> _Part:
    """Leave out each row in turn.

    The residual without row i is r + q_i H_i with q_i = r_i / (1 - h_i), so that its square is
    |r|^2 + 2 q_i (H r)_i + q_i^2 (H^2)_ii. The gap of ridge is at most |gradient|^2 / (2 (lambda +
    d_min)) with the gradient in the coordinates P, where an exact decomposition makes it zero.
    """
    d, intercept = spectrum.values[:, None], 1.0 / len(y) if centred else 0.0
    inverse, levels = 1.0 / (d + levels), levels[:, None]
    a = (P.T @ y)[:, None] * inverse
    residual = (y[:, None] - P @ a).T
    squares = np.square(P)
    rest = 1.0 - intercept - (squares @ inverse).T
    q = residual / np.maximum(rest, SMALLEST_REST)
    across = (P @ (a * inverse * levels.T)).T
    twice = intercept + (squares @ (d * inverse**2)).T
    total = np.square(residual).sum(axis=1)[:, None]
    train = total + 2.0 * q * across + q**2 * (twice - 1.0)
    if spectrum.of_rows:  # coordinates of the dual solution: the residual over lambda
        sizes = np.sqrt(d[-1] * np.maximum(train, 0.0)) / levels
    else:
        sizes = np.linalg.norm(a, axis=0)[:, None] + np.abs(q) * np.sqrt(squares @ inverse**2).T
    gaps = np.square((spectrum.error + EPS * levels) * sizes) / (2.0 * (levels + spectrum.smallest))
    return _Part(train, q**2, gaps, q, float(rest.min()), total, 0.5 * float(y @ y))


class RidgeCoefs(Sequence[FloatArray]):
    """Coefficients of each fold, of shape (n_lambdas * n_targets, n_features), made on demand."""

    def __init__(
        self,
        whole: Matrix,
        levels: FloatArray,
        spectrum: Spectrum,
        view: View,
        P: FloatArray,
        left: FloatArray,
    ) -> None:
        self._whole = dense(whole)
        self._directions = view.columns.factors * spectrum.directions().T
        self._inverse = 1.0 / (spectrum.values + levels[:, None])
        self._P, self._left = P, left

    def explain(self, x: FloatArray) -> FloatArray:
        """Product of x with the change of the coefficients for a residual of one."""
        explained: FloatArray = (self._inverse * (self._directions @ x)) @ self._P.T
        return explained

    def of_all_folds(self, at: int, target: int) -> FloatArray:
        """Coefficients for one lambda and target, of shape (n_folds, n_features)."""
        left = self._left[at, :, target, None]
        whole = self._whole[at * self._left.shape[2] + target]
        return np.asarray(whole - (left * self._inverse[at] * self._P) @ self._directions)

    def __len__(self) -> int:
        return len(self._P)

    @overload
    def __getitem__(self, fold: int) -> FloatArray: ...

    @overload
    def __getitem__(self, fold: slice) -> Sequence[FloatArray]: ...

    def __getitem__(self, fold: int | slice) -> FloatArray | Sequence[FloatArray]:
        if isinstance(fold, slice):
            return [self[k] for k in range(len(self))[fold]]
        step = (self._inverse * self._P[fold]) @ self._directions
        change = self._left[:, fold, :, None] * step[:, None]
        return np.asarray(self._whole - change.reshape(self._whole.shape))


_Coefs = RidgeCoefs  # older pickles name it so
