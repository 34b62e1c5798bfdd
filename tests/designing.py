"""Designs for tests: data and options in one call."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_reg._data.designs import (
    Columns,
    Design,
    Preprocessing,
    design_of_moments,
    design_of_rows,
)
from sklearn_reg._data.rows import rows_of
from sklearn_reg.moments import Moments


def make_design(
    X: Any,
    Y: Any,
    weights: Any = None,
    *,
    on_gram: bool = False,
    centred: bool = True,
    standardize: bool = False,
    excluded: Any = None,
    unpenalised: bool = False,
) -> tuple[Design, Columns]:
    """Wrap rows for the solvers, or their moments with `on_gram`.

    By default: rows of equal weight, centred, in their own units, every column in and penalised.
    """
    preprocessing = Preprocessing(centred, standardize)
    excluded = np.zeros(X.shape[1], dtype=bool) if excluded is None else excluded
    if on_gram:
        moments = Moments(X.shape[1], Y.shape[1]).add_checked(X, Y, weights)
        return design_of_moments(moments, preprocessing, excluded)
    return design_of_rows(rows_of(X), Y, weights, preprocessing, excluded, unpenalised)
