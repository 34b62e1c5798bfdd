"""The standard deviation of the noise: given, or estimated from residuals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import qr

from sklearn_reg._checks.values import SAFE
from sklearn_reg._inference.rows import Subject
from sklearn_reg._inference.square_root_lasso import square_root_lasso, universal_level
from sklearn_reg._tools.linalg import EPS, inverse_roots
from sklearn_reg._tools.typing import FloatArray

# Residuals below this share of y are rounding.
NOTHING = 64.0 * EPS


class Noise(NamedTuple):
    """sigma, in the unit of the methods, and how it was found."""

    sigma: float
    source: str
    degrees_of_freedom: float | None = None


def noise_of(subject: Subject, sigma: float | str | None, default: str) -> Noise:
    """Return the noise as the user gives it, or estimate it."""
    if isinstance(sigma, float):
        return given_noise(subject, sigma)
    return ESTIMATES[sigma or default](subject)


def given_noise(subject: Subject, sigma: float) -> Noise:
    """Return the noise that the user gives.

    Raises
    ------
    ValueError
        If it is so far from the size of y that its square over- or underflows.
    """
    if not subject.unit / SAFE < sigma < subject.unit * SAFE:
        raise ValueError(
            f"sigma must be of the size of y, which is at most {subject.unit:.3g}, up to a factor "
            f"of {SAFE:g}, got {sigma!r}"
        )
    return Noise(sigma / subject.unit, "given")


def is_nothing(residual: FloatArray, y: FloatArray) -> bool:
    """Say whether a residual is rounding."""
    return bool(np.linalg.norm(residual) <= NOTHING * np.linalg.norm(y))


def of_residuals(subject: Subject, residual: FloatArray, used: float, source: str) -> Noise:
    """Estimate sigma from residuals that have used degrees of freedom, those of means included.

    Raises
    ------
    ValueError
        If there is no residual, or no degree of freedom is left.
    """
    left = subject.n - used
    if left < 0.5:
        raise ValueError(
            f"sigma cannot be estimated from the {source}: {subject.n} rows have {used:.4g} "
            "degrees of freedom in them; pass a number as sigma"
        )
    square = float(residual @ residual)
    if is_nothing(residual, subject.y):
        raise ValueError(
            f"sigma cannot be estimated from the {source}: they are zero, because the columns "
            "explain y without an error; pass a number as sigma"
        )
    return Noise(float(np.sqrt(square / left)), f"{source}, {left:.6g} degrees of freedom", left)


def _least_squares(subject: Subject) -> Noise:
    A, y = subject.A, subject.y
    if A.shape[1] + subject.n_means >= subject.n:
        raise ValueError(
            "sigma='residuals' needs more rows than columns and intercept, got "
            f"{subject.n} rows, {A.shape[1]} columns and {subject.n_means} intercept; use "
            "'scaled_lasso', 'cv' or a number"
        )
    unit = A * inverse_roots(np.einsum("ij,ij->j", A, A))  # the rank does not depend on units
    Q, R, _ = qr(unit, mode="economic", pivoting=True, check_finite=False)
    sizes = np.abs(np.diagonal(R))
    rank = int(np.count_nonzero(sizes > max(A.shape) * EPS * sizes.max(initial=0.0)))
    Q = Q[:, :rank]
    residual = y - Q @ (Q.T @ y)
    used = rank + subject.n_means
    return of_residuals(subject, residual, used, "residuals of least squares on all columns")


def _cross_validated(subject: Subject) -> Noise:
    """Reid, Tibshirani and Friedman (2016): residuals of the cross-validated fit."""
    if not subject.chosen:
        raise ValueError(
            "sigma='cv' needs an estimator whose lambda_ was chosen by cross-validation, such as "
            f"LassoRegressionCV, got {subject.class_name}; use 'scaled_lasso' or a number"
        )
    if subject.l1_ratio == 0:
        raise ValueError(
            "sigma='cv' needs a lasso or an elastic net, whose features can be counted, got "
            f"{subject.class_name}; use 'scaled_lasso', 'residuals' or a number"
        )
    used = float(np.count_nonzero(subject.w)) + subject.n_means
    found = of_residuals(subject, subject.residual, used, "residuals of the cross-validated fit")
    return found._replace(degrees_of_freedom=None)


def _scaled_lasso(subject: Subject) -> Noise:
    """Sun and Zhang (2012)."""
    level = universal_level(*subject.A.shape)
    found = square_root_lasso(subject.A, subject.y[:, None], level=level)
    residual = found.residuals[0]
    if is_nothing(residual, subject.y):
        raise ValueError(
            "sigma cannot be estimated by the scaled lasso: the columns explain y without an "
            "error; pass a number as sigma"
        )
    return Noise(float(np.sqrt(residual @ residual / subject.n)), "scaled lasso")


ESTIMATES = {
    "residuals": _least_squares,
    "cv": _cross_validated,
    "scaled_lasso": _scaled_lasso,
}
