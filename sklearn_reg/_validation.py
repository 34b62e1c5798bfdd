"""Checks of what the formulas are given: one clear error that names argument and value."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

# float64, or float32 where the weights came as float32: no type of NumPy's says "as it came".
Weights: TypeAlias = NDArray[Any]


def check_number(value: Any, name: str, wanted: str, *, zero: bool = False) -> float:
    """Return a finite float above zero (or zero, where `zero`)."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise TypeError(f"{name} must be {wanted}, got {reprlib.repr(value)}")
    try:
        number = float(value)
    except OverflowError:  # an integer or fraction beyond the largest float
        number = np.inf
    if not np.isfinite(number) or number < 0 or (number == 0 and not zero):
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    return number


def check_l1_ratio(l1_ratio: Any) -> float:
    """Return a float in [0, 1]."""
    wanted = "a number in [0, 1]"
    ratio = check_number(l1_ratio, "l1_ratio", wanted, zero=True)
    if ratio > 1:
        raise ValueError(f"l1_ratio must be {wanted}, got {l1_ratio!r}")
    return ratio


def check_n_steps(value: Any, name: str = "n_steps") -> int:
    """Return an integer of at least zero."""
    wanted = "an integer >= 0"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be {wanted}, got {reprlib.repr(value)}")
    if value < 0:
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    return int(value)


def check_weights(w: ArrayLike, name: str = "w") -> Weights:
    """Return an array of finite real numbers: float32 as it is, anything else as float64."""
    wanted = "an array of finite real numbers"
    try:
        array = np.asarray(w)
    except ValueError:
        raise ValueError(
            f"{name} must be {wanted}, got rows of unequal length: {reprlib.repr(w)}"
        ) from None
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be {wanted}, got {reprlib.repr(w)}")
    if array.dtype != np.float32:
        with np.errstate(over="ignore"):  # extended precision may not fit; refused just below
            array = array.astype(np.float64, copy=False)
    _refuse(~np.isfinite(array), array, name, wanted)
    return array


def check_gradient(gradient: ArrayLike, w: Weights) -> NDArray[np.float64]:
    """Return a finite float64 array of the shape of w."""
    array = check_weights(gradient, "gradient").astype(np.float64, copy=False)
    if array.shape != w.shape:
        raise ValueError(f"gradient must have the shape of w, {w.shape}, got {array.shape}")
    return array


def check_penalty(lambda_: ArrayLike, w: Weights) -> NDArray[np.float64]:
    """Return finite float64 numbers >= 0: one, or an array that broadcasts to w.

    As float64 they make NumPy compute in double precision even where w is float32.
    """
    if isinstance(lambda_, Real):
        return np.asarray(check_number(lambda_, "lambda_", "a finite number >= 0", zero=True))
    array = check_weights(lambda_, "lambda_").astype(np.float64, copy=False)
    _refuse(array < 0, array, "lambda_", "finite numbers >= 0")
    try:
        fits = np.broadcast_shapes(array.shape, w.shape) == w.shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"lambda_ must be a number or an array that broadcasts to w of shape {w.shape}, got "
            f"shape {array.shape}"
        )
    return array


@contextmanager
def no_overflow(what: str, remedy: str) -> Iterator[None]:
    """Turn an overflow into an OverflowError that says what overflowed and what to do."""
    try:
        with np.errstate(over="raise", under="ignore"):
            yield
    except FloatingPointError:
        raise OverflowError(
            f"{what} exceeds the largest number of its type (about 1.8e308 in float64, 3.4e38 in "
            f"float32): {remedy}"
        ) from None


def _refuse(wrong: NDArray[np.bool_], array: Weights, name: str, wanted: str) -> None:
    """Raise for the first element that is wrong, if any."""
    if wrong.any():
        index = tuple(int(i) for i in np.argwhere(wrong)[0])
        where = f" at index {index}" if index else ""
        raise ValueError(f"{name} must be {wanted}, got {array[index]}{where}")
