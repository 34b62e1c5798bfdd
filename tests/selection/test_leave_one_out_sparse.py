"""Leave-one-out of small lassos from one set of moments is that of every fold by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.model_selection import LeaveOneOut

from sklearn_reg import ElasticNetRegressionCV, LassoRegressionCV
from sklearn_reg._selection import curves

# Which lambda is chosen does not matter here.
pytestmark = pytest.mark.filterwarnings("ignore:.*the smallest error is at:UserWarning")
Array = np.ndarray[Any, Any]


def data(n: int = 25, p: int = 4) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p)) * np.geomspace(1, 100, p) + 3
    return X, X @ np.geomspace(1, 0.01, p) + rng.normal(size=n)


OPTIONS: list[dict[str, Any]] = [
    {},
    {"fit_intercept": False},
    {"standardize": True},
    {"standardize": True, "fit_intercept": False},
    {"positive": True, "penalty_weights": [1, np.inf, 2, 0.5]},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("many_targets", [False, True])
@pytest.mark.parametrize("Estimator", [LassoRegressionCV, ElasticNetRegressionCV])
def test_all_folds_are_those_of_each_by_itself(
    Estimator: Any, many_targets: bool, options: dict[str, Any]
) -> None:
    X, y = data()
    target = np.column_stack([y, 100 * X[:, 1] - y]) if many_targets else y
    model = Estimator(12, tol=1e-12, cv=LeaveOneOut(), rule=lambda *_: 5, **options).fit(X, target)
    each = Estimator(
        12, tol=1e-12, cv=list(LeaveOneOut().split(X)), rule=lambda *_: 5, **options
    ).fit(X, target)
    for name in ("mse_path_", "train_mse_path_", "fold_coefs_", "fold_intercepts_", "coef_"):
        ours, theirs = getattr(model, name), getattr(each, name)
        assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7 * np.abs(theirs).max(), err_msg=name)
    assert model.dual_gaps_.max() <= 1e-12 * target.var(axis=0).max()


def test_a_row_that_is_most_of_a_column_is_left_to_the_general_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    X, y = data()
    X[3, 0] = 1e4
    asked = []
    one_set = curves.leave_one_out_sparse

    def watched(*args: Any) -> Any:
        asked.append(one_set(*args))
        return asked[-1]

    monkeypatch.setattr(curves, "leave_one_out_sparse", watched)
    model = LassoRegressionCV(5, cv=LeaveOneOut(), rule=lambda *_: 2).fit(X, y)
    assert asked == [None]
    each = LassoRegressionCV(model.lambdas_, cv=list(LeaveOneOut().split(X)), rule=lambda *_: 2)
    assert_allclose(model.mse_path_, each.fit(X, y).mse_path_, rtol=1e-5)
    model.fit(*data())
    assert asked[-1] is not None
