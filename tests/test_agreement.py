"""The same numbers as scikit-learn's own solvers, at their tightest."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.linear_model import ElasticNet, Lasso, Ridge

from sklearn_reg import ElasticNetRegression, LassoRegression, RidgeRegression

SHAPES = pytest.mark.parametrize(("n", "p"), [(80, 12), (40, 60)], ids=["n>p", "p>n"])
LAYOUTS = pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array, sparse.csc_array])
INTERCEPT = pytest.mark.parametrize("fit_intercept", [True, False])
WEIGHTED = pytest.mark.parametrize("weighted", [False, True])
# How close each of scikit-learn's ridge solvers comes to the solution.
RIDGE_SOLVERS = {
    "svd": 1e-10,
    "cholesky": 1e-10,
    "lsqr": 1e-6,
    "sparse_cg": 1e-6,
    "sag": 1e-6,
    "saga": 1e-6,
}


def problem(n: int, p: int, weighted: bool, targets: int | None = None):
    """Draw half-empty data whose columns and target have a mean."""
    rng = np.random.default_rng(n + p)
    X = rng.normal(size=(n, p)) * (rng.random((n, p)) < 0.5) + 0.3
    shape = (p,) if targets is None else (p, targets)
    truth = rng.normal(size=shape) * (rng.random(shape) < 0.3)
    y = X @ truth + 0.3 * rng.normal(size=(n, *shape[1:])) + 2.0
    return X, y, rng.uniform(0.5, 2.0, n) if weighted else None


@SHAPES
@LAYOUTS
@INTERCEPT
@WEIGHTED
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("solver", ["auto", "accelerated"])
# As far as rounding lets a fit see, which may be less than the tolerance.
@pytest.mark.filterwarnings("ignore:.*below rounding:sklearn.exceptions.ConvergenceWarning")
def test_lasso_and_elastic_net_are_those_of_coordinate_descent(
    n, p, layout, fit_intercept, weighted, l1_ratio, solver
) -> None:
    X, y, s = problem(n, p, weighted)
    ours = {"solver": solver, "tol": 1e-14, "learning_rate": "auto", "n_iterations": 100_000}
    theirs = {"tol": 1e-14, "max_iter": 1_000_000, "fit_intercept": fit_intercept}
    if l1_ratio == 1.0:
        here, there = LassoRegression(0.05, **ours), Lasso(0.05, **theirs)
    else:
        here = ElasticNetRegression(0.05, l1_ratio=l1_ratio, **ours)
        there = ElasticNet(0.05, l1_ratio=l1_ratio, **theirs)
    here.set_params(fit_intercept=fit_intercept).fit(layout(X), y, s)
    there.fit(X, y, s)
    assert_allclose(here.coef_, there.coef_, atol=1e-6)
    assert_allclose(here.intercept_, there.intercept_, atol=1e-6)
    assert np.count_nonzero(here.coef_) > 1


@SHAPES
@LAYOUTS
@INTERCEPT
@WEIGHTED
@pytest.mark.parametrize("solver", RIDGE_SOLVERS)
def test_ridge_is_that_of_every_scikit_learn_solver(
    n, p, layout, fit_intercept, weighted, solver
) -> None:
    X, y, s = problem(n, p, weighted)
    weight = len(y) if s is None else s.sum()
    here = RidgeRegression(0.1, solver="closed_form", fit_intercept=fit_intercept)
    there = Ridge(
        0.1 * weight,
        solver=solver,
        fit_intercept=fit_intercept,
        tol=1e-12,
        max_iter=100_000,
        random_state=0,
    )
    here.fit(layout(X), y, s)
    there.fit(X, y, s)
    tolerance = RIDGE_SOLVERS[solver]
    assert_allclose(here.coef_, there.coef_, atol=tolerance)
    assert_allclose(here.intercept_, there.intercept_, atol=tolerance)


@SHAPES
@LAYOUTS
def test_targets_together_are_those_of_scikit_learn(n, p, layout) -> None:
    X, Y, s = problem(n, p, True, targets=3)
    ridge = RidgeRegression(0.1, solver="auto").fit(layout(X), Y, s)
    assert_allclose(ridge.coef_, Ridge(0.1 * s.sum()).fit(X, Y, s).coef_, atol=1e-10)
    lasso = LassoRegression(0.05, solver="auto", tol=1e-13).fit(layout(X), Y, s)
    for target in range(3):
        there = Lasso(0.05, tol=1e-14, max_iter=1_000_000).fit(X, Y[:, target], s)
        assert_allclose(lasso.coef_[target], there.coef_, atol=1e-6)


@SHAPES
def test_positive_ridge_and_lasso_are_those_of_scikit_learn(n, p) -> None:
    X, y, _ = problem(n, p, False)
    lasso = LassoRegression(0.05, solver="auto", tol=1e-13, positive=True).fit(X, y)
    there = Lasso(0.05, tol=1e-14, max_iter=1_000_000, positive=True).fit(X, y)
    assert_allclose(lasso.coef_, there.coef_, atol=1e-6)
    ridge = RidgeRegression(0.1, solver="auto", tol=1e-13, positive=True).fit(X, y)
    there = Ridge(0.1 * n, positive=True, tol=1e-12, max_iter=100_000).fit(X, y)
    assert_allclose(ridge.coef_, there.coef_, atol=1e-5)
