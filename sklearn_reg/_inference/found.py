"""What every method finds, and the arithmetic of normal and t statistics."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.random import RandomState
from scipy import stats

from sklearn_reg._inference.noise import Noise
from sklearn_reg._inference.rows import Subject
from sklearn_reg._tools.typing import FloatArray, IndexArray

# What several methods assume.
LINEAR = "E[y] = b + X w*"
NORMAL = "the errors are independent and normal with one variance (over sample_weight)"


class Asked(NamedTuple):
    """Checked arguments of `coefficient_inference`."""

    confidence_level: float
    sigma: float | str | None
    features: IndexArray | None  # columns of X
    options: dict[str, Any]
    random_state: RandomState


class Found(NamedTuple):
    """Estimates of some features with their uncertainty, in the units of X and y."""

    features: IndexArray  # columns of X
    estimate: FloatArray
    standard_error: FloatArray
    statistic: FloatArray
    p_value: FloatArray
    lower: FloatArray
    upper: FloatArray
    sigma: float | None
    sigma_source: str
    degrees_of_freedom: float | None  # of t; None for other laws
    assumptions: tuple[str, ...]
    adjusted_p_value: FloatArray | None = None  # if it is not Holm's


def of_statistics(
    subject: Subject,
    places: IndexArray,
    estimate: FloatArray,
    standard_error: FloatArray,
    noise: Noise,
    level: float,
    assumptions: tuple[str, ...],
    *,
    bias: FloatArray | float = 0.0,
    quantile: float | None = None,
) -> Found:
    """Return what follows from t = estimate / standard_error, in the units of X and y.

    Parameters
    ----------
    places : ndarray of int
        The columns of A.
    estimate, standard_error : ndarray
        In the units of A.
    bias : ndarray or float, default=0.0
        A bound on the bias, in standard errors: p-values and intervals allow for it.
    quantile : float, default=None
        Half the length of the intervals, in standard errors; None takes that of t.
    """
    law = law_of(noise)
    known = standard_error == 0  # coefficients that are zero whatever y is
    statistic = np.where(known, 0.0, estimate / np.where(known, 1.0, standard_error))
    z = half_length(law, level) if quantile is None else quantile
    half = standard_error * (z + bias)
    units = subject.factors[places]
    return Found(
        subject.columns[places],
        units * estimate,
        units * standard_error,
        statistic,
        np.minimum(1.0, 2.0 * law.sf(np.maximum(np.abs(statistic) - bias, 0.0))),
        units * (estimate - half),
        units * (estimate + half),
        subject.unit * noise.sigma,
        noise.source,
        noise.degrees_of_freedom,
        assumptions,
    )


def half_length(law: Any, level: float) -> float:
    """Return the quantile that is half the length of an interval; rounding does not turn it."""
    return max(0.0, float(law.isf(0.5 * (1.0 - level))))


def law_of(noise: Noise) -> Any:
    """Return the law of a statistic: t if sigma is estimated with degrees of freedom, or normal."""
    df = noise.degrees_of_freedom
    return stats.norm if df is None else stats.t(df)


def places_of(subject: Subject, asked: Asked, method: str) -> IndexArray:
    """Return the columns of A that are asked for: all of them, or those of `features`."""
    if asked.features is None:
        return np.arange(subject.columns.size)
    missing = np.setdiff1d(asked.features, subject.columns)
    if missing.size:
        raise ValueError(
            f"features must be columns that can have a coefficient for method={method!r}, and "
            f"{subject.names_of(missing)} is constant or excluded"
        )
    return np.asarray(np.searchsorted(subject.columns, asked.features))
