"""How sure a fit is: standard errors, intervals and tests of coefficients."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from sklearn_reg._checks.parameters import check_flag
from sklearn_reg._checks.values import check_number, overflow_explained
from sklearn_reg._fitting.report import (
    as_text,
    inference_frame,
    inference_html,
    inference_summary,
)
from sklearn_reg._inference.debiased import debiased
from sklearn_reg._inference.found import Asked, Found
from sklearn_reg._inference.multiplicity import holm
from sklearn_reg._inference.ols import ols
from sklearn_reg._inference.ridge import ridge
from sklearn_reg._inference.rows import Subject
from sklearn_reg._tools.typing import FloatArray, IndexArray, Matrix

Check = Callable[[Any], Any]  # None gives the default


class _Method(NamedTuple):
    """A method, the checks of the options that it takes, and what `sigma` may be."""

    run: Callable[[Subject, Asked], Found]
    options: dict[str, Check]
    sigmas: tuple[str, ...] | None = ()  # names besides a number; None: no sigma at all


def _one_of(name: str, *values: str, default: str | None) -> Check:
    """Return a check that a value is one of several names."""

    def check(value: Any) -> str | None:
        if value is None:
            return default
        if not isinstance(value, str) or value not in values:
            raise ValueError(f"{name} must be one of {_listed(values)}, got {value!r}")
        return value

    return check


def _flag(name: str) -> Check:
    """Return a check of a flag, which is False by default."""
    return lambda value: False if value is None else check_flag(value, name)


ESTIMATES = ("residuals", "scaled_lasso", "cv")
METHODS = {
    "ols": _Method(
        ols, {"covariance": _one_of("covariance", "classical", "HC3", default="classical")}
    ),
    "ridge": _Method(
        ridge,
        {"target": _one_of("target", "expectation", "coefficient", default=None)},
        ("effective", *ESTIMATES),
    ),
    "debiased": _Method(debiased, {"simultaneous": _flag("simultaneous")}, ESTIMATES),
}


class CoefficientInference(NamedTuple):
    """Estimates of coefficients with standard errors, tests and intervals, and what they assume.

    Attributes
    ----------
    feature_names : list
        The features: of a pipeline, those that its model sees.
    estimate, standard_error, statistic, p_value, lower, upper : ndarray of shape (n_features,)
        For each feature; the estimate is that of the method, not `coef_`.
    adjusted_p_value : ndarray of shape (n_features,)
        p-values for all of these features together: to reject those <= a makes an error with a
        probability of at most a (Holm 1979; for "split" those of the method).
    confidence_level : float
        The level of each interval.
    sigma : float or None
        The standard deviation of the noise of a row of mean weight, in the unit of y.
    sigma_source : str
        How it was found.
    degrees_of_freedom : float or None
        Those of t; None if the statistic has another law.
    method : str
        The method.
    assumptions : str
        What has to hold for these numbers to be right.
    """

    feature_names: list[Hashable]
    estimate: FloatArray
    standard_error: FloatArray
    statistic: FloatArray
    p_value: FloatArray
    adjusted_p_value: FloatArray
    lower: FloatArray
    upper: FloatArray
    confidence_level: float
    sigma: float | None
    sigma_source: str
    degrees_of_freedom: float | None
    method: str
    assumptions: str

    def to_frame(self) -> Any:
        """Return a table with one row per feature.

        Returns
        -------
        DataFrame
            Columns "estimate", "standard_error", "statistic", "p_value", "adjusted_p_value",
            "lower" and "upper"; its `attrs` have the method and the assumptions.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return inference_frame(self)

    def __repr__(self) -> str:
        return as_text("CoefficientInference", inference_summary(self), self._fields)

    def _repr_html_(self) -> str:
        return inference_html(self)


def coefficient_inference(
    estimator: Any,
    X: Matrix,
    y: ArrayLike,
    *,
    method: str,
    sample_weight: ArrayLike | None = None,
    confidence_level: float = 0.95,
    sigma: float | str | None = None,
    features: Any = None,
    random_state: int | RandomState | None = None,
    covariance: str | None = None,
    target: str | None = None,
    simultaneous: bool | None = None,
) -> CoefficientInference:
    """Return tests and intervals of coefficients."""
    chosen = _method(method)
    given = {"covariance": covariance, "target": target, "simultaneous": simultaneous}
    level = check_level(confidence_level)
    subject = Subject(estimator, X, y, sample_weight)
    asked = Asked(
        level,
        _check_sigma(sigma, method, chosen),
        None if features is None else _check_features(features, subject.names),
        _check_options(given, method, chosen),
        check_random_state(random_state),
    )
    with overflow_explained(subject.data.by_name):
        found = chosen.run(subject, asked)
    adjusted = found.adjusted_p_value
    return CoefficientInference(
        [subject.names[j] for j in found.features.tolist()],
        *found[1:5],
        holm(found.p_value) if adjusted is None else adjusted,
        found.lower,
        found.upper,
        level,
        found.sigma,
        found.sigma_source,
        found.degrees_of_freedom,
        method,
        "; ".join(found.assumptions),
    )


def _method(name: Any) -> _Method:
    """Return a method by name."""
    if not isinstance(name, str) or name not in METHODS:
        raise ValueError(f"method must be one of {_listed(METHODS)}, got {name!r}")
    return METHODS[name]


def check_level(level: Any) -> float:
    """Return a float in (0, 1)."""
    wanted = "a number in (0, 1)"
    number = check_number(level, "confidence_level", wanted)
    if number >= 1:
        raise ValueError(f"confidence_level must be {wanted}, got {level!r}")
    return number


def _check_sigma(sigma: Any, name: str, method: _Method) -> float | str | None:
    """Return sigma as a float, the name of an estimate that the method takes, or None."""
    if sigma is None:
        return None
    if method.sigmas is None:
        raise ValueError(f"sigma must be None for method={name!r}, got {sigma!r}")
    names = _listed(method.sigmas)
    if isinstance(sigma, str):
        if sigma not in method.sigmas:
            raise ValueError(
                f"sigma must be a number > 0{f' or one of {names}' if names else ''} for "
                f"method={name!r}, got {sigma!r}"
            )
        return sigma
    return check_number(sigma, "sigma", f"a number > 0{f' or one of {names}' if names else ''}")


def _check_options(given: dict[str, Any], name: str, method: _Method) -> dict[str, Any]:
    """Return the options of a method; refuse those of other methods, by name."""
    options = {option: check(None) for option, check in method.options.items()}
    for option, value in given.items():
        if value is None:
            continue
        if option not in options:
            takers = [repr(other) for other, of in METHODS.items() if option in of.options]
            raise ValueError(
                f"{option} is an option of method={' and '.join(takers)}, and must be None for "
                f"method={name!r}, got {value!r}"
            )
        options[option] = method.options[option](value)
    return options


def _check_features(features: Any, names: Sequence[Hashable]) -> IndexArray:
    """Return column numbers, given names, numbers or a mask; at least one, each once."""
    wanted = f"names, numbers or a mask of the {len(names)} columns, at least one"
    if isinstance(features, (str, bytes)) or not hasattr(features, "__iter__"):
        raise TypeError(f"features must be {wanted}, got {features!r}")
    listed = list(features)
    places = {label: place for place, label in enumerate(names)}
    if listed and all(isinstance(entry, (bool, np.bool_)) for entry in listed):
        if len(listed) != len(names):
            raise ValueError(f"features must be {wanted}, got a mask of {len(listed)}")
        found = np.flatnonzero(listed)
    elif all(isinstance(entry, Hashable) and entry in places for entry in listed):
        found = np.array([places[entry] for entry in listed], dtype=np.intp)
    else:
        found = _numbers(listed, len(names), wanted)
    if found.size == 0 or np.unique(found).size < found.size:
        raise ValueError(f"features must be {wanted} and each once, got {reprlib.repr(features)}")
    return found


def _numbers(listed: list[Any], n_features: int, wanted: str) -> IndexArray:
    """Return column numbers; those below zero count from the end."""
    for entry in listed:
        if isinstance(entry, (bool, np.bool_)) or not isinstance(entry, (int, np.integer)):
            raise ValueError(f"features must be {wanted}, got {entry!r} among them")
        if not -n_features <= entry < n_features:
            raise ValueError(f"features must be {wanted}, got the number {entry}")
    return np.asarray(np.array(listed, dtype=np.intp) % n_features)


def _listed(names: Any) -> str:
    return ", ".join(map(repr, names))
