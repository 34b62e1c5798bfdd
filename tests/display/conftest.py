"""Figures without a screen, and what displays draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from sklearn_reg import (
    ConvergenceDisplay,
    CrossValidationDisplay,
    InferenceDisplay,
    LambdaSweepDisplay,
    LassoRegressionCV,
    RegularizationPathDisplay,
    RidgeRegression,
    StabilityDisplay,
    StabilitySelection,
    TrajectoryDisplay,
)

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def diabetes() -> tuple[Any, Any]:
    return load_diabetes(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def lasso(diabetes: Any) -> LassoRegressionCV:
    return LassoRegressionCV().fit(*diabetes)


@pytest.fixture(scope="module")
def displays(diabetes: Any, lasso: Any) -> list[Any]:
    X, y = diabetes
    return [
        RegularizationPathDisplay.from_estimator(lasso, X, y),
        CrossValidationDisplay.from_estimator(lasso),
        LambdaSweepDisplay.from_estimator(RidgeRegression(solver="auto"), X, y),
        ConvergenceDisplay.from_estimators({"ridge": RidgeRegression(solver="auto").fit(X, y)}),
        StabilityDisplay.from_estimator(StabilitySelection(random_state=0).fit(X, y)),
        TrajectoryDisplay.from_trajectories({"a": np.zeros((3, 2)), "b": np.ones((3, 2))}),
        InferenceDisplay.from_estimator(lasso, X, y, method="debiased"),
    ]
