"""Arrays of PyTorch, JAX, CuPy and array-api-strict: read as NumPy, and answered in their kind.

None of these libraries is imported: an array of one can only be given where it is loaded.
"""

from __future__ import annotations

import sys
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
    "cupyx": "cupy",  # its sparse matrices
    "array_api_strict": "array_api_strict",
}
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

    def answer(self, values: np.ndarray[Any, Any]) -> Any:
        """Return results as an array of this namespace, in float32 if the device has no float64."""
        single = values.dtype == np.float64 and not self.has_double
        return self.bring(values.astype(np.float32) if single else values)

    def fetch(self, array: Any, name: str = "the array") -> Any:
        """Return an array of this namespace as one of NumPy."""
        return _READERS[self.namespace](array, name)

    @property
    def has_double(self) -> bool:
        """Whether the device has numbers of double precision, and the library makes them."""
        if self.device is None:
            return True
        try:
            one = self.bring(np.ones(1))
        except (TypeError, RuntimeError, ValueError):  # such as Apple's GPUs
            return False
        return str(one.dtype).endswith("float64")  # JAX has them only if it is told so


NUMPY = Home("numpy", None)


def is_foreign(values: Any) -> bool:
    """Whether this is an array of another namespace than NumPy's."""
    return bool(_package(values)) and hasattr(values, "dtype")


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
    """Return an array of another namespace as one of NumPy, or a sparse one as one of SciPy.

    Other values are returned unchanged.

    Raises
    ------
    TypeError
        If the numbers have half precision, the array lies on a device and scikit-learn does not
        dispatch, or it is sparse in another format than CSR.
    """
    if not is_foreign(values):
        return values
    if is_half(values):
        raise TypeError(
            f"{name} must be float32 or float64, got {values.dtype}, whose rounding errors of a "
            "thousandth or more no penalty can tell from signal; convert it to float32"
        )
    if not _dispatches() and not lies_on_cpu(values):
        raise TypeError(
            f"{name} lies on {values.device}, and scikit-learn does not dispatch: call "
            "sklearn.set_config(array_api_dispatch=True), or move it to the CPU"
        )
    return _place_of(values).fetch(values, name)


def _dispatches() -> bool:
    return bool(get_config().get("array_api_dispatch", False))


def _package(values: Any) -> str:
    """Return the package of a namespace that the type of these values comes from, else ""."""
    packages = (kind.__module__.partition(".")[0] for kind in type(values).__mro__)
    return next((package for package in packages if package in NAMESPACES), "")


def _place_of(values: Any) -> Home:
    return Home(NAMESPACES[_package(values)], values.device)


def is_half(values: Any) -> bool:
    """Whether the numbers of an array of another namespace have half precision."""
    return "float16" in str(values.dtype)


def is_sparse(values: Any) -> bool:
    """Whether this is a sparse tensor of PyTorch or a sparse matrix of CuPy."""
    return _package(values) == "cupyx" or "sparse" in str(getattr(values, "layout", ""))


def lies_on_cpu(values: Any) -> bool:
    """Whether an array of another namespace is in the memory of the CPU."""
    return str(values.device).startswith(ON_CPU)


def _of_torch(values: Any, name: str) -> Any:
    torch = sys.modules["torch"]
    values = values.detach().cpu()
    if values.layout is torch.strided:
        return values.resolve_conj().resolve_neg().numpy()
    if values.layout is torch.sparse_csr:
        if values.ndim != 2 or values.values().ndim != 1:
            raise ValueError(
                f"{name} must have two dimensions and a number an entry, got a sparse tensor of "
                f"shape {tuple(values.shape)} whose values have shape "
                f"{tuple(values.values().shape)}"
            )
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
