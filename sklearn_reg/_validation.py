"""Checks of what the formulas are given: one clear error that names argument and value."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

# float64, or float32 where the weights came as float32: no type of NumPy's says "as it came".
Weights: TypeAlias = NDArray[Any]

# How the names of types of dates, times and durations begin, in NumPy, pandas, polars, pyarrow.
TIMES = ("date", "time", "duration", "period")


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


def refuse_misread(values: Any, name: str) -> None:
    """Refuse what NumPy would silently read as other numbers: masked values, dates, durations."""
    if np.ma.is_masked(values):
        count = int(np.ma.getmaskarray(values).sum())
        raise ValueError(
            f"{name} has {count} masked values, which would be read as if they were not masked; "
            "fill them, or leave their rows out"
        )
    dtypes: Any = getattr(values, "dtypes", getattr(values, "dtype", None))  # one a column
    for dtype in dtypes if isinstance(dtypes, Iterable) else [dtypes]:
        if str(dtype).lower().startswith(TIMES):
            raise TypeError(
                f"{name} must be numbers, got {dtype}: the size of the penalty would depend on its "
                "unit; turn times into numbers in a unit that you choose"
            )


def real_numbers(values: Any, name: str, wanted: str) -> NDArray[Any]:
    """Return an array of real numbers as it is; refuse text, times, complex and masked ones."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(
            f"{name} must be {wanted}, got rows of unequal length: {reprlib.repr(values)}"
        ) from None
    refuse_misread(values, name)
    if array.dtype == object and all(isinstance(value, Real) for value in array.flat):
        array = array.astype(np.float64)  # such as the values of a nullable Series
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be {wanted}, got {reprlib.repr(values)}")
    return array


def check_weights(w: ArrayLike, name: str = "w") -> Weights:
    """Return an array of finite real numbers: float32 as it is, anything else as float64."""
    wanted = "an array of finite real numbers"
    array = real_numbers(w, name, wanted)
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


def check_type(value: Any, wanted: type, name: str) -> Any:
    """Return a value of the type that is wanted."""
    if not isinstance(value, wanted):
        raise TypeError(f"{name} must be a {wanted.__name__}, got {reprlib.repr(value)}")
    return value


def check_labelled(values: Any, name: str) -> Mapping[str, Any]:
    """Return a mapping with at least one entry."""
    if not isinstance(values, Mapping):
        raise TypeError(f"{name} must be a dict by label, got {reprlib.repr(values)}")
    if not values:
        raise ValueError(f"{name} must have at least one entry, got {{}}")
    return values


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


# Fourth powers of numbers beyond this, which kernels of X hold, overflow; as do inverses of squares
# of numbers below its inverse.
SAFE = 1e70


@contextmanager
def overflow_explained(look: Callable[[], Mapping[str, Any]] = dict) -> Iterator[None]:
    """Turn an overflow into an error that says which input caused it.

    Parameters
    ----------
    look : callable, default=dict
        Returns the data by name, where they are at hand; called only if something went wrong. Data
        of ordinary size are not blamed: the error is then passed on as it is.
    """
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise", under="ignore"):
            yield
    except FloatingPointError as error:
        with np.errstate(all="ignore"):
            message = _blame(look(), error)
        if message is None:
            raise
        raise ValueError(message) from error


def _blame(data: Mapping[str, Any], error: FloatingPointError) -> str | None:
    """Say what is wrong with the data; None if nothing is."""
    sizes, extreme = [], not data
    for name, values in data.items():
        numbers = np.abs(values.data if hasattr(values, "tocsr") else np.asarray(values))
        wrong = numbers[~np.isfinite(numbers)]
        if wrong.size:
            return (
                f"{name} must be finite, got {wrong[0]}: check it before the fit, or do not set "
                "assume_finite in scikit-learn's configuration, which leaves that unchecked"
            )
        largest = numbers.max(initial=0.0)
        smallest = numbers.min(where=numbers > 0, initial=1.0)
        sizes.append(f"largest |{name}| {largest:.3g}")
        if smallest < 1.0 / SAFE:
            sizes.append(f"smallest |{name}| that is not 0 {smallest:.3g}")
        extreme |= bool(largest > SAFE or smallest < 1.0 / SAFE)
    if not extreme and "encountered in" in str(error):  # NumPy's words: the arithmetic is at fault
        return None
    beyond = f"is beyond what float64 can square: {', '.join(sizes)}"
    if not data:
        beyond = "may be beyond what float64 can square"
    return f"X or y {beyond} ({error}). Rescale them, or use standardize=True."


def _refuse(wrong: NDArray[np.bool_], array: Weights, name: str, wanted: str) -> None:
    """Raise for the first element that is wrong, if any."""
    if wrong.any():
        index = tuple(int(i) for i in np.argwhere(wrong)[0])
        where = f" at index {index}" if index else ""
        raise ValueError(f"{name} must be {wanted}, got {array[index]}{where}")
