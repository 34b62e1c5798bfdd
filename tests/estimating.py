"""What tests of the three estimators share: which there are, and what each minimises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from problems import Data
from sklearn_reg import ElasticNetRegression, LassoRegression, RidgeRegression

ESTIMATORS = (RidgeRegression, LassoRegression, ElasticNetRegression)
DESCENTS = ("gradient_descent", "accelerated", "subgradient")
every_estimator = pytest.mark.parametrize("Estimator", ESTIMATORS)
kinked = pytest.mark.parametrize("Estimator", [LassoRegression, ElasticNetRegression])
tall_and_wide = pytest.mark.parametrize(("n", "p"), [(40, 8), (15, 30)], ids=["n>p", "p>n"])
L1_SHARE = {RidgeRegression: 0.0, LassoRegression: 1.0, ElasticNetRegression: 0.5}
ignore_convergence = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
NAN, INF = float("nan"), float("inf")
# Parameters with which every estimator finds the optimum.
EXACT = {"solver": "auto", "tol": 1e-14}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def data_for(Estimator: Any, X: Any, y: Any, lambda_: float, **more: Any) -> Data:
    """Tell the judge what an estimator minimises."""
    return Data(X, y, lambda_, L1_SHARE[Estimator], **more)
