"""Names for the array types that annotations use."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IndexArray: TypeAlias = NDArray[np.intp]
BoolArray: TypeAlias = NDArray[np.bool_]
# A dense array or a scipy sparse matrix: neither NumPy nor SciPy offers one type for both.
Matrix: TypeAlias = Any
