"""The standard error of a mean."""

from __future__ import annotations

import numpy as np

from sklearn_reg._tools.typing import FloatArray


def standard_error(values: FloatArray) -> FloatArray:
    """Return the standard errors of means over the last axis; 0 for means of one value."""
    count = values.shape[-1]
    if count == 1:
        return np.zeros(values.shape[:-1])
    return np.asarray(values.std(axis=-1, ddof=1) / np.sqrt(count))
