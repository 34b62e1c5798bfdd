"""What tests of what users pass share: data, labels for its columns, and models to fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose
from sklearn.base import clone

from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    GroupLassoRegression,
    GroupLassoRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
    RidgeRegressionCV,
)

RNG = np.random.default_rng(16)
N, P = 48, 4
X = RNG.normal(size=(N, P)) * [1.0, 3.0, 0.5, 2.0] + [0.0, 5.0, -1.0, 2.0]
y = X @ [0.4, 0.0, -2.0, 1.0] + RNG.normal(size=N)
Y = np.column_stack([y, 10 * X[:, 1] - 3 * y + RNG.normal(size=N)])
LABELS: dict[str, Any] = {
    "text": ["age", "bmi", "bp", "dose"],
    "years": [2019, 2021, 2020, 2018],
    "counted from 0": [0, 1, 2, 3],
    "counted in another order": [2, 0, 3, 1],
    "counted from 1": [1, 2, 3, 4],
    "fractions": [0.1, 0.5, 0.25, 1.5],
    "tuples": pd.MultiIndex.from_product([["a", "b"], ["low", "high"]]),
    "days": pd.date_range("2024-02-27", periods=P),
    "tuples in one level": pd.Index([("u", 1), ("v", 2), ("u", 3), 7], tupleize_cols=False),
}
MODELS = [
    RidgeRegression(0.1, solver="auto"),
    LassoRegression(0.1, solver="auto"),
    ElasticNetRegression(0.1, solver="auto"),
    RidgeRegressionCV(3, cv=2),
    LassoRegressionCV(3, cv=2),
    ElasticNetRegressionCV(3, [0.5, 1.0], cv=2),
    GroupLassoRegression(0.1, solver="auto"),
    GroupLassoRegressionCV(3, cv=2),
]
LASSO = MODELS[1]
PAIR = [0.1, 20.0]


def frame(kind: str) -> pd.DataFrame:
    return pd.DataFrame(X, columns=LABELS[kind])


def fitted(model: Any, X: Any = X, y: Any = y, **params: Any) -> Any:
    return clone(model).set_params(**params).fit(X, y)


def assert_same(one: Any, other: Any) -> None:
    """Equal to rounding: a frame may lie in memory in another order than an array."""
    assert_allclose(one, other, rtol=1e-8, atol=1e-10)
