"""Checks of numbers and arrays: an error names the argument and its value."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_reg._checks.labels import labels_of
from sklearn_reg._checks.namespaces import as_numpy

# float64, or float32 if the weights are float32: NumPy has no type for "the dtype of the input".
Weights: TypeAlias = NDArray[Any]

# Beginnings of the names of types of dates, times and durations, in NumPy, pandas, polars, pyarrow.
TIMES = ("date", "time", "duration", "period")
# Beginnings of the names of types whose values are always numbers.
NUMBERS = ("int", "uint", "float", "double", "half", "bool", "complex", "decimal")


def number_in(value: Any) -> Any:
    """Return the element of a 0-d array, other values unchanged."""
    value = as_numpy(value)
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def check_number(value: Any, name: str, wanted: str, *, zero: bool = False) -> float:
    """Return a finite float > 0, or >= 0 with `zero`."""
    value = number_in(value)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise TypeError(f"{name} must be {wanted}, got {reprlib.repr(value)}")
    number = _as_float(value)
    if not np.isfinite(number) or number < 0 or (number == 0 and not zero):
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    return number


def check_confidence_level(level: Any) -> float:
    """Return a float in (0, 1)."""
    wanted = "a number in (0, 1)"
    number = check_number(level, "confidence_level", wanted)
    if number >= 1:
        raise ValueError(f"confidence_level must be {wanted}, got {level!r}")
    return number


def check_share(value: Any, name: str) -> float:
    """Return a float in [0, 1]."""
    wanted = "a number in [0, 1]"
    share = check_number(value, name, wanted, zero=True)
    if share > 1:
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    return share


def check_l1_ratio(l1_ratio: Any) -> float:
    """Return a float in [0, 1]."""
    return check_share(l1_ratio, "l1_ratio")


def check_shares(values: Any, name: str) -> tuple[list[float], bool]:
    """Return floats in [0, 1], at least one, and whether they were given as a list."""
    wanted = "a number in [0, 1] or an array of them, at least one"
    given = real_numbers(values, name, wanted)
    if given.ndim > 1 or given.size == 0:
        raise ValueError(f"{name} must be {wanted}, got {values!r}")
    return [check_share(share, name) for share in given.ravel().tolist()], given.ndim == 1


def check_n_steps(value: Any, name: str = "n_steps") -> int:
    """Return an integer of at least zero."""
    wanted = "an integer >= 0"
    value = number_in(value)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be {wanted}, got {reprlib.repr(value)}")
    if value < 0:
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    return int(value)


def refuse_misread(values: Any, name: str) -> None:
    """Refuse values that NumPy would silently convert to numbers: masked values, times, text.

    Single values are inspected only in columns whose dtype is not known to be numeric.
    """
    if isinstance(values, (list, tuple)):
        try:
            values = np.asarray(values)
        except ValueError:  # rows of unequal length, which a later check refuses
            return
    _refuse_masks_and_times(values, name)
    odd = _odd_dtypes(values)
    if not odd or hasattr(type(values), "__dask_graph__"):  # its chunks are checked one by one
        return
    for number, dtype in enumerate(_dtypes(values)):
        if dtype in odd:
            _refuse_text(*_column(values, number), name)


def _refuse_masks_and_times(values: Any, name: str) -> None:
    if np.ma.is_masked(values):
        count = int(np.ma.getmaskarray(values).sum())
        raise ValueError(
            f"{name} has {count} masked values, which would be read as if they were not masked; "
            "fill them, or leave their rows out"
        )
    for dtype in _odd_dtypes(values):
        if str(dtype).lower().startswith(TIMES):
            _refuse_times(dtype, name)


def _refuse_times(got: Any, name: str) -> NoReturn:
    raise TypeError(
        f"{name} must be numbers, got {got}: the size of the penalty would depend on its "
        "unit; turn times into numbers in a unit that you choose"
    )


def _refuse_text(values: Any, where: str, name: str) -> None:
    """Refuse text, and times in an array of objects."""
    for value in np.asarray(values).flat:
        if isinstance(value, (str, bytes)):
            text = value.item() if isinstance(value, np.generic) else value
            raise ValueError(
                f"{name} must be numbers, got the text {text!r}{where}; convert text to numbers"
            )
        if isinstance(value, (np.datetime64, np.timedelta64)):
            _refuse_times(repr(value) + where, name)


def _dtypes(values: Any) -> list[Any]:
    """List the dtypes of values: one per column of a data frame, otherwise one or none."""
    if hasattr(type(values), "column_names"):  # a table of pyarrow
        return list(values.schema.types)
    found = getattr(values, "dtypes", getattr(values, "dtype", getattr(values, "type", None)))
    if found is None:
        return []
    return list(found) if isinstance(found, Iterable) else [found]


def _odd_dtypes(values: Any) -> set[Any]:
    """Return the dtypes of values that are not known to be numeric."""
    return {
        dtype
        for dtype in set(_dtypes(values))
        if getattr(dtype, "kind", "O") not in "biufc" and not str(dtype).lower().startswith(NUMBERS)
    }


def _column(values: Any, number: int) -> tuple[Any, str]:
    """Return the values of one of the dtypes, and their place: one column, or all values."""
    labels = labels_of(values)
    if labels is None:
        return (values.data if hasattr(values, "nnz") else values), ""
    return values[labels[number]], f" in column {labels[number]!r}"


def on_dask(values: Any) -> bool:
    """Whether this is a Dask collection; Dask is not imported."""
    kind = type(values)
    if not hasattr(kind, "__dask_graph__"):
        return False
    # Types that may contain one, such as the arrays of xarray, return no graph if they do not.
    # Dask's own types are not asked, because building their graph may take long.
    return kind.__module__.startswith("dask") or values.__dask_graph__() is not None


def fetched(values: Any, name: str = "the array") -> Any:
    """Load a Dask collection or an array of another namespace into memory, masks included.

    Other values are returned unchanged. Errors give the name.
    """
    return as_numpy(values.compute() if on_dask(values) else values, name)


def in_memory(values: Any, name: str) -> Any:
    """Load values into memory, and refuse those that NumPy would misread."""
    values = fetched(values, name)
    refuse_misread(values, name)
    return values


def real_numbers(values: Any, name: str, wanted: str) -> NDArray[Any]:
    """Return an array of real numbers unchanged; refuse text, times, complex and masked values."""
    values = fetched(values, name)
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(
            f"{name} must be {wanted}, got rows of unequal length: {reprlib.repr(values)}"
        ) from None
    _refuse_masks_and_times(values, name)
    of_objects = array.dtype == object
    entries = (
        list(array.flat) if of_objects else values if isinstance(values, (list, tuple)) else []
    )
    has_flags = any(isinstance(entry, (bool, np.bool_)) for entry in entries)
    if of_objects and all(isinstance(entry, Real) for entry in entries):
        # Such as the values of a nullable Series.
        array = np.array([_as_float(entry) for entry in entries]).reshape(array.shape)
    if array.dtype.kind not in "iuf" or has_flags:
        raise TypeError(f"{name} must be {wanted}, got {reprlib.repr(values)}")
    return array


def _as_float(value: Any) -> float:
    """Return a real number as a float, infinite if it exceeds the largest float."""
    try:
        return float(value)
    except OverflowError:  # an integer or fraction
        return np.inf if value > 0 else -np.inf


def check_weights(w: ArrayLike, name: str = "w") -> Weights:
    """Return an array of finite real numbers: float32 unchanged, other dtypes as float64."""
    wanted = "an array of finite real numbers"
    array = real_numbers(w, name, wanted)
    if array.dtype != np.float32:
        with np.errstate(over="ignore"):  # extended precision may overflow; refused below
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

    As float64 they make NumPy compute in double precision even if w is float32.
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
    """Return a value of the wanted type."""
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


# The fourth powers in kernels of X may overflow for numbers beyond this, and inverse squares for
# numbers below its inverse.
SAFE = 1e70


# Floating-point errors that our own arithmetic raises; a new thread does not inherit this setting.
ARITHMETIC: dict[str, Any] = {
    "over": "raise",
    "invalid": "raise",
    "divide": "raise",
    "under": "ignore",
}


@contextmanager
def overflow_explained(look: Callable[[], Mapping[str, Any]] = dict) -> Iterator[None]:
    """Turn an overflow into an error that says which input caused it.

    Parameters
    ----------
    look : callable, default=dict
        Returns the data by name, if they are available; called only after an error. Data of
        ordinary size are not the cause: the error is then raised unchanged.
    """
    try:
        with np.errstate(**ARITHMETIC):
            yield
    except FloatingPointError as error:
        with np.errstate(all="ignore"):
            message = _blame(look(), error)
        if message is None:
            raise
        raise ValueError(message) from error


def _blame(data: Mapping[str, Any], error: FloatingPointError) -> str | None:
    """Return a message about the fault of the data; None if they have none."""
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
    if not extreme and "encountered in" in str(error):  # NumPy's message: our arithmetic failed
        return None
    beyond = f"is beyond what float64 can square: {', '.join(sizes)}"
    if not data:
        beyond = "may be beyond what float64 can square"
    return f"X or y {beyond} ({error}). Rescale them, or use standardize=True."


@contextmanager
def calling(name: str, value: Any) -> Iterator[None]:
    """Add a note to an error of a user's function: the argument that passed it; then raise it."""
    try:
        yield
    except Exception as error:
        error.add_note(
            f"It was raised by the function or object that was passed as {name}={value!r}."
        )
        raise


def _refuse(wrong: NDArray[np.bool_], array: Weights, name: str, wanted: str) -> None:
    """Raise for the first element that is wrong, if any."""
    if wrong.any():
        index = tuple(int(i) for i in np.argwhere(wrong)[0])
        where = f" at index {index}" if index else ""
        raise ValueError(f"{name} must be {wanted}, got {array[index]}{where}")
