"""Arrays of PyTorch, JAX, CuPy and array-api-strict: read as NumPy, and answered in their kind.

None of these libraries is imported: an array of one can only be given where it is loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn import get_config

# The package of a type, and the module that makes arrays of this type.
NAMESPACES = {
    "torch": "torch",
    "jax": "jax.numpy",
    "jaxlib": "jax.numpy",
    "cupy": "cupy",
    "array_api_strict": "array_api_strict",
}
CHUNK_NUMBERS = 2**25  # of rows that a device multiplies at once
ON_CPU = ("cpu", "array_api_strict.Device('CPU_DEVICE')")


class Home(NamedTuple):
    """The namespace and the device of an array."""

    namespace: str  # the module that makes such arrays
    device: Any  # None for NumPy

    def __str__(self) -> str:
        return self.namespace if self.device is None else f"{self.namespace} on {self.device}"

    def bring(self, values: np.ndarray[Any, Any]) -> Any:
        """Return an array of NumPy as one of this namespace, on this device."""
        if self.device is None:
            return values
        # PyTorch warns of arrays that are read-only, and refuses negative strides.
        values, make = np.require(values, requirements=["C", "W"]), sys.modules[self.namespace]
        if self.namespace == "cupy":  # it has no argument for the device
            with self.device:
                return make.asarray(values)
        return make.asarray(values, device=self.device)

    def fetch(self, array: Any, name: str = "the array") -> Any:
        """Return an array of this namespace as one of NumPy."""
        return _READERS[self.namespace](array, name)

    @property
    def has_double(self) -> bool:
        """Whether the device has numbers of double precision, and the library makes them."""
        try:
            one = self.bring(np.ones(1))
        except (TypeError, RuntimeError):  # those of Apple's GPUs
            return False
        return str(one.dtype).endswith("float64")  # JAX has them only if it is told so


NUMPY = Home("numpy", None)


class Placed:
    """Dense rows of another namespace, which stay on their device.

    Parameters
    ----------
    array : array of shape (n_samples, n_features)
    home : Home
        Where it is. It is given, because threads do not know the settings of scikit-learn.
    """

    def __init__(self, array: Any, home: Home) -> None:
        self.array, self.home = array, home
        self.shape: tuple[int, int] = tuple(array.shape)
        single = str(array.dtype).endswith("float32")
        self.dtype: np.dtype[Any] = np.dtype(np.float32 if single else np.float64)

    def __getitem__(self, rows: slice) -> Placed:
        return Placed(self.array[rows, :], self.home)

    def chunks(self) -> Iterator[slice]:
        """Split the rows into slices for large products."""
        n, p = self.shape
        size = max(p, CHUNK_NUMBERS // max(1, p))
        return (slice(start, min(start + size, n)) for start in range(0, n, size))

    def take(self, places: np.ndarray[Any, Any], axis: int = 0) -> Placed:
        """Copy these rows or columns."""
        there = self.home.bring(places)
        if self.home.namespace == "torch":
            taken = self.array.index_select(axis, there)
        else:
            taken = sys.modules[self.home.namespace].take(self.array, there, axis=axis)
        return Placed(taken, self.home)

    def as_numpy(self) -> Any:
        """Copy the rows to the memory of the CPU."""
        return np.asarray(self.home.fetch(self.array), dtype=self.dtype)

    def cast(self, dtype: Any) -> Any:
        """Return the array in another precision."""
        make = sys.modules[self.home.namespace]
        return make.asarray(self.array, dtype=getattr(make, np.dtype(dtype).name))

    def fitted(self, coefs: Any, intercept: Any) -> Any:
        """Return X W' + b, an array of this namespace, for arrays of NumPy."""
        dtype = np.result_type(self.dtype, coefs.dtype)
        W, b = (self.home.bring(np.asarray(part, dtype=dtype)) for part in (coefs.T, intercept))
        return self.cast(dtype) @ W + b

    def centred(self, near: Any = None) -> Any:
        """Return X - near, an array of this namespace in float64."""
        values = self.cast(np.float64)
        return values if near is None else values - self.home.bring(near)

    def product(self, near: Any, beside: Any, roots: Any) -> Any:
        """Return A'A for A = [roots (X - near), beside]: only its numbers leave the device."""
        centred = self.centred(near)
        if roots is not None:
            centred = centred * self.home.bring(roots[:, None])
        fetch, there = self.home.fetch, self.home.bring(beside)
        between = fetch(centred.T @ there)
        return np.block([[fetch(centred.T @ centred), between], [between.T, beside.T @ beside]])


def placed(values: Any) -> Placed | None:
    """Return rows that can stay where they are; None for others, which are read as NumPy."""
    home = home_of(values)
    if home == NUMPY or _is_half(values) or not home.has_double:
        return None
    if values.ndim != 2 or "sparse" in str(getattr(values, "layout", "")):
        return None
    return Placed(values.detach() if home.namespace == "torch" else values, home)


def is_foreign(values: Any) -> bool:
    """Whether this is an array of another namespace than NumPy's."""
    return _package(values) in NAMESPACES and hasattr(values, "dtype")


def home_of(values: Any) -> Home:
    """Return where the answer to these values belongs: NumPy, unless scikit-learn dispatches."""
    return _place_of(values) if is_foreign(values) and _dispatches() else NUMPY


def check_one_home(**values: Any) -> None:
    """Refuse arrays of several namespaces or devices; lists, tables and None may accompany them.

    Raises
    ------
    ValueError
        If scikit-learn dispatches, and two of the values are arrays that lie apart.
    """
    arrays = {
        name: home_of(array)
        for name, array in values.items()
        if is_foreign(array) or isinstance(array, np.ndarray)
    }
    first = next(iter(arrays), "")
    for name, home in arrays.items():
        if home != arrays[first]:
            raise ValueError(
                f"{name} must be an array of the namespace and device of {first}, "
                f"{arrays[first]}, got {home}; move one of them"
            )


def as_numpy(values: Any, name: str = "the array") -> Any:
    """Return an array of another namespace as one of NumPy, or a CSR tensor as one of SciPy.

    Other values are returned unchanged.

    Raises
    ------
    TypeError
        If the numbers have half precision, the array lies on a device and scikit-learn does not
        dispatch, or it is sparse in another format than CSR.
    """
    if not is_foreign(values):
        return values
    if _is_half(values):
        raise TypeError(
            f"{name} must be float32 or float64, got {values.dtype}, whose rounding errors of a "
            "thousandth or more no penalty can tell from signal; convert it to float32"
        )
    if not _dispatches() and not _lies_on_cpu(values):
        raise TypeError(
            f"{name} lies on {values.device}, and scikit-learn does not dispatch: call "
            "sklearn.set_config(array_api_dispatch=True), or move it to the CPU"
        )
    return _place_of(values).fetch(values, name)


def _dispatches() -> bool:
    return bool(get_config().get("array_api_dispatch", False))


def _package(values: Any) -> str:
    return type(values).__module__.partition(".")[0]


def _place_of(values: Any) -> Home:
    return Home(NAMESPACES[_package(values)], values.device)


def _is_half(values: Any) -> bool:
    return "float16" in str(values.dtype)


def _lies_on_cpu(values: Any) -> bool:
    return str(values.device).startswith(ON_CPU)


def _of_torch(values: Any, name: str) -> Any:
    torch = sys.modules["torch"]
    values = values.detach().cpu()
    if values.layout is torch.strided:
        return values.numpy()
    if values.layout is torch.sparse_csr:
        parts = (part.numpy() for part in (values.values(), values.col_indices()))
        return sparse.csr_array((*parts, values.crow_indices().numpy()), shape=tuple(values.shape))
    raise TypeError(
        f"{name} must be dense or sparse_csr, got {values.layout}; take {name}.to_sparse_csr()"
    )


def _of_strict(values: Any, name: str) -> Any:
    strict = sys.modules["array_api_strict"]
    return np.asarray(values.to_device(strict.Device("CPU_DEVICE")))


_READERS = {
    "torch": _of_torch,
    "jax.numpy": lambda values, name: np.asarray(values),
    "cupy": lambda values, name: values.get(),
    "array_api_strict": _of_strict,
}
