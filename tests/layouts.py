"""Layouts of X, and data for each of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

LAYOUTS = {
    "C": lambda X: np.ascontiguousarray(X),
    "F": lambda X: np.asfortranarray(X),
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "csc": sparse.csc_array,
    "csr": sparse.csr_array,
    "csc_matrix": sparse.csc_matrix,
    "int64 csr": lambda X: wide_indices(sparse.csr_array(X)),
}
LAYOUT_NAMES = [*LAYOUTS, "gram", "gram csr"]
every_layout = pytest.mark.parametrize("layout", LAYOUT_NAMES)


def wide_indices(X: Any) -> Any:
    """Give a sparse array int64 indices."""
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def data(
    n: int = 30,
    p: int = 7,
    k: int = 2,
    seed: int = 0,
    *,
    weighted: bool = False,
    shift: float = 1.0,
    density: float = 0.7,
) -> tuple[Any, Any, Any]:
    """Draw X with zeros and unequal scales, Y, and weights of which some are zero."""
    rng = np.random.default_rng(seed)
    X = np.where(rng.random((n, p)) < density, shift + rng.normal(size=(n, p)), 0.0)
    X *= 10.0 ** rng.integers(-2, 3, p)
    s = None
    if weighted:
        s = rng.integers(0, 4, n) / 2.0
        s[0] = 1.0
    return X, 3.0 + rng.normal(size=(n, k)), s
