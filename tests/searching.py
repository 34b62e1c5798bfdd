"""What tests of cross-validation share: classes, data, and folds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.model_selection import KFold

from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
    RidgeRegressionCV,
)

Array = np.ndarray[Any, Any]
FOLDS = KFold(5, shuffle=True, random_state=0)
EXACT = {"tol": 1e-13}
SINGLE = {
    RidgeRegressionCV: RidgeRegression,
    LassoRegressionCV: LassoRegression,
    ElasticNetRegressionCV: ElasticNetRegression,
}
# Small grids often end before the best lambda; that this warns has a test of its own.
quiet = pytest.mark.filterwarnings("ignore:.*smallest error is at the:UserWarning")
every_class = pytest.mark.parametrize("CV", list(SINGLE))


def data_of(name: str) -> tuple[Array, Array]:
    if name == "diabetes":  # unstandardised
        return load_diabetes(return_X_y=True, scaled=False)
    rng = np.random.default_rng(0)
    n, p = {"tall": (300, 12), "wide": (40, 60)}[name]
    X = rng.standard_normal((n, p)) + rng.uniform(-2, 2, p)
    return X, X[:, :4] @ [3.0, -2.0, 1.0, 1.0] + rng.standard_normal(n)


every_shape = pytest.mark.parametrize("shape", ["diabetes", "tall", "wide"])
