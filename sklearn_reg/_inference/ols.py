"""Least squares on columns that were chosen without y: classical t, and HC3."""

from __future__ import annotations

import numpy as np
from scipy.linalg import qr, solve_triangular

from sklearn_reg._inference.found import NORMAL, Asked, Found, of_statistics, places_of
from sklearn_reg._inference.noise import Noise, given_noise, of_residuals
from sklearn_reg._inference.rows import Subject, check_independent
from sklearn_reg._tools.linalg import inverse_roots
from sklearn_reg._tools.typing import FloatArray

METHOD = "ols"
LINEAR = "E[y] = b + X w for these features, which were chosen without looking at y"
UNEQUAL = "the errors are independent, of any variances (HC3, MacKinnon and White 1985)"
LARGE = "there are many more rows than features, because the law of HC3 is a limit"


def ols(subject: Subject, asked: Asked) -> Found:
    """Test and estimate the coefficients of least squares."""
    if asked.features is None and subject.lambda_ != 0:
        raise ValueError(
            f"method='ols' needs lambda_=0 or features, those to refit, got lambda_="
            f"{subject.lambda_:g} and features=None. t-tests on features that the same y has "
            "selected are wrong: see method='selective' and method='split'"
        )
    places = places_of(subject, asked, METHOD)
    A, y = subject.copied(subject.columns[places]), subject.y
    n, k = A.shape
    if k + subject.n_means >= n:
        raise ValueError(
            f"method='ols' needs more rows than features and intercept, got {n} rows, {k} features "
            f"and {subject.n_means} intercept; pass fewer features, or use method='debiased'"
        )
    names = [subject.names[j] for j in subject.columns[places].tolist()]
    check_independent(A, names, METHOD)
    fit = LeastSquares.of(A, y)
    used = k + subject.n_means
    if asked.options["covariance"] == "HC3":
        if asked.sigma is not None:
            raise ValueError(
                f"sigma must be None with covariance='HC3', which has no common sigma, got "
                f"{asked.sigma!r}"
            )
        noise = of_residuals(subject, fit.residual, used, "residuals")
        errors = _hc3(subject, fit)
        assumed: tuple[str, ...] = (UNEQUAL, LARGE)
    else:
        noise = _noise(subject, asked, fit, used)
        errors, assumed = noise.sigma * fit.lengths, (NORMAL,)
    assumptions, level = (LINEAR, *assumed), asked.confidence_level
    return of_statistics(subject, places, fit.w, errors, noise, level, assumptions)


def _noise(subject: Subject, asked: Asked, fit: LeastSquares, used: int) -> Noise:
    if isinstance(asked.sigma, float):
        return given_noise(subject, asked.sigma)
    return of_residuals(subject, fit.residual, used, "residuals")


def _hc3(subject: Subject, fit: LeastSquares) -> FloatArray:
    """Return standard errors from (A'A)^-1 A' diag(r_i^2 / (1 - h_i)^2) A (A'A)^-1.

    The leverage h_i is that of the columns and of the mean.
    """
    leverage = np.einsum("ij,ij->i", fit.Q, fit.Q) + subject.mean_leverage
    left = 1.0 - leverage
    if (left <= 1e-10).any():
        worst = int(np.argmin(left))
        row = subject.rows[worst]
        raise ValueError(
            f"covariance='HC3' needs rows with a leverage below 1, and row {row} has "
            f"{leverage[worst]:.6g}: it alone decides a coefficient; leave it out, or use "
            "covariance='classical'"
        )
    influence = fit.rows_of_inverse * (fit.residual / left)
    return np.asarray(np.sqrt(np.einsum("ji,ji->j", influence, influence)))


class LeastSquares:
    """Least squares by a QR factorisation of columns of unit length."""

    def __init__(self, Q: FloatArray, R: FloatArray, scale: FloatArray, y: FloatArray) -> None:
        self.Q, self._R, self._scale = Q, R, scale
        projected = Q.T @ y
        self.residual: FloatArray = y - Q @ projected
        self.w: FloatArray = scale * solve_triangular(R, projected)

    @classmethod
    def of(cls, A: FloatArray, y: FloatArray) -> LeastSquares:
        """Factorise A, whose columns are independent."""
        scale = inverse_roots(np.einsum("ij,ij->j", A, A))
        Q, R = qr(A * scale, mode="economic", overwrite_a=True, check_finite=False)
        return cls(np.asarray(Q), np.asarray(R), scale, y)

    @property
    def lengths(self) -> FloatArray:
        """Square roots of the diagonal of (A'A)^-1."""
        inverse = self._scale[:, None] * solve_triangular(self._R, np.eye(self._scale.size))
        return np.asarray(np.sqrt(np.einsum("jk,jk->j", inverse, inverse)))

    @property
    def rows_of_inverse(self) -> FloatArray:
        """(A'A)^-1 A', of shape (n_columns, n)."""
        rows: FloatArray = self._scale[:, None] * solve_triangular(self._R, self.Q.T)
        return rows
