"""Paths of many small problems at once: certified from outside, or handed to another solver."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.model_selection import LeaveOneOut

import problems as judge
from problems import Data
from sklearn_reg import (
    ElasticNetRegressionCV,
    LassoRegressionCV,
    RidgeRegressionCV,
    regularization_path,
)
from sklearn_reg._solvers.batch import MOST_FEATURES
from sklearn_reg._solvers.homotopy import lasso_paths
from sklearn_reg._solvers.newton_paths import elastic_net_paths
from sklearn_reg._tools.bounds import Bounds
from solving import LIMITS, bounds_of

paths = importlib.import_module("sklearn_reg._solvers.paths")
Array = np.ndarray[Any, Any]


def small(seed: int, kind: str) -> tuple[Array, Array]:
    """Columns of many kinds: correlated, equal, dependent, tied, fewer rows than columns."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(3, 30)), int(rng.integers(2, 15))
    X = rng.normal(size=(n, p))
    if kind == "correlated":
        X += 5 * rng.normal(size=(n, 1))
    elif kind == "equal":
        X[:, 1] = X[:, 0]
        X[:, -1] = -X[:, 0]
    elif kind == "dependent":
        X[:, -1] = X[:, :-1].sum(axis=1)
    elif kind == "tied":
        X = np.sign(X)
    y = X[:, :2].sum(axis=1) + rng.normal(size=n)
    return X, np.round(y) if kind == "tied" else y


def limits_of(bounds: Bounds) -> tuple[Any, Any]:
    return bounds.lower, bounds.upper


KINDS = st.sampled_from(["any", "correlated", "equal", "dependent", "tied"])


@given(st.integers(0, 10**6), KINDS, st.sampled_from(LIMITS), st.sampled_from([1.0, 0.7, 0.1, 0.0]))
def test_every_solution_that_ends_is_the_optimum(
    seed: int, kind: str, limits: str, l1_ratio: float
) -> None:
    X, y = small(seed, kind)
    v = np.random.default_rng(seed).uniform(0.5, 2.0, X.shape[1])
    Z, t = X - X.mean(axis=0), y - y.mean()
    gram, cross = Z.T @ Z / len(y), Z.T @ t / len(y)
    bounds = bounds_of(limits, len(v), seed)
    largest = float(((np.abs(cross) if bounds is None else bounds.pull(cross)) / v).max())
    if largest <= 1e-9 or (l1_ratio == 0 and bounds is None):
        return
    grid = largest * np.geomspace(1.0, 1e-2, 12)
    lambdas = np.tile(grid, (2, 1)) / (l1_ratio or 1.0)
    grams, crosses = np.stack([gram, gram]), np.stack([cross, cross])
    two = None if bounds is None else Bounds(*(np.stack([x, x]) for x in limits_of(bounds)))
    if l1_ratio == 1:
        W, solved = lasso_paths(grams, crosses, v, lambdas, two)
    else:
        l1, l2 = l1_ratio * lambdas, (1 - l1_ratio) * lambdas
        W, solved = elastic_net_paths(grams, crosses, v, l1, l2, two)
    assert np.array_equal(W[0], W[1])
    if not solved[0]:
        # Steps in a box may cycle where columns are correlated, too.
        assert kind in ("equal", "dependent", "tied") or (limits == "box" and l1_ratio < 1)
        return
    for lambda_, w in zip(lambdas[0], W[0], strict=True):
        w = w if bounds is None else bounds.clip(w)
        data = Data(X, y, lambda_, l1_ratio, None, v, True, False, bounds and limits_of(bounds))
        gap = judge.duality_gap(data, w, float(y.mean() - X.mean(axis=0) @ w))
        assert gap <= 1e-8 * judge.null_objective(data)


def test_where_the_steps_of_every_problem_cycle_none_is_solved() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 6)) + 3 * rng.normal(size=(20, 1))
    gram, cross = X.T @ X / 20, X.T @ rng.normal(size=20) / 20
    l1 = np.abs(cross).max() * np.array([[0.9, 0.1, 0.01]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sklearn_reg._solvers.newton_paths.STEPS", 1)
        solved = elastic_net_paths(gram[None], cross[None], np.ones(6), l1, l1, None)[1]
    assert not solved.any()


@pytest.mark.parametrize("l1_ratio", [1.0, 0.6, 0.0])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"fit_intercept": False},
        {"standardize": True},
        {"positive": True, "penalty_weights": [1, 2, np.inf, 0.5, 1, 1]},
        {"bounds": (-0.01, [0.3, 100, 0, 9, 0.1, 0]), "standardize": True},
        {"bounds": ([-200, 0, -np.inf, 0, -1, -9], 50), "fit_intercept": False},
    ],
    ids=["plain", "no intercept", "standardized", "weights", "bounds", "wide bounds"],
)
def test_a_batch_gives_what_working_sets_give(
    l1_ratio: float, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 6)) * [1, 2, 1, 0.1, 3, 1] + [0, 5, 0, 0, -2, 1]
    Y = X[:, :2] @ [[1.0, -300.0], [0.5, 100.0]] + rng.normal(size=(80, 2)) * [1, 200]
    together = regularization_path(X, Y, 30, l1_ratio, tol=1e-12, **options)
    monkeypatch.setattr(paths, "path_requests", lambda *args: [])
    alone = regularization_path(X, Y, 30, l1_ratio, tol=1e-12, **options)
    for name in ("lambdas", "coefs", "intercepts", "training_loss", "degrees_of_freedom"):
        scale = np.abs(getattr(alone, name)).max()
        assert_allclose(getattr(together, name), getattr(alone, name), rtol=0, atol=1e-6 * scale)
    assert together.dual_gaps.max() <= 1e-12 * 0.5 * Y.var(axis=0).max()


@pytest.mark.parametrize("cv", [4, LeaveOneOut()], ids=["folds", "leave one out"])
@pytest.mark.parametrize(
    "options", [{}, {"standardize": True}, {"penalty_weights": [1, 2, 3, 0.5]}]
)
def test_ridge_in_a_batch_is_ridge_alone(
    cv: Any, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(50, 4)) * [1, 10, 0.1, 1] + 2
    Y = X[:, :2] @ [[1.0, -30.0], [0.1, 10.0]] + rng.normal(size=(50, 2))
    found = []
    for batched in (True, False):
        if not batched:
            monkeypatch.setattr(paths, "path_requests", lambda *args: [])
        found.append(RidgeRegressionCV(15, cv=cv, tol=1e-12, **options).fit(X, Y))
    for name in ("mse_path_", "train_mse_path_", "fold_coefs_", "fold_intercepts_", "coef_"):
        together, alone = (getattr(model, name) for model in found)
        assert_allclose(together, alone, rtol=1e-8, atol=1e-9 * np.abs(alone).max())
    assert found[0].dual_gaps_.max() <= 1e-12 * Y.var(axis=0).max()


@pytest.mark.parametrize("Estimator", [LassoRegressionCV, ElasticNetRegressionCV])
def test_small_folds_take_no_step_of_another_solver(
    Estimator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 5))
    y = X[:, 0] + rng.normal(size=60)
    searches = []

    class Watched(paths.ActiveSet):
        def steps(self, *args: Any) -> Any:
            searches.append(args)
            return super().steps(*args)

    monkeypatch.setattr(paths, "ActiveSet", Watched)
    Estimator(cv=4).fit(X, y)
    assert not searches
    wide = rng.normal(size=(300, MOST_FEATURES + 1))
    Estimator(5, cv=3).fit(wide, wide[:, 0] + rng.normal(size=300))
    assert searches


def test_free_features_and_a_grid_that_ends_at_zero_are_handed_over() -> None:
    rng = np.random.default_rng(2)
    X = rng.normal(size=(50, 4))
    y = X @ [1.0, -1.0, 0.0, 0.0] + rng.normal(size=50)
    for lambdas, weights in (([0.1, 0.0], None), ([0.3, 0.1], [0, 1, 1, 1])):
        path = regularization_path(X, y, lambdas, penalty_weights=weights, tol=1e-10)
        for lambda_, w, b in zip(path.lambdas, path.coefs, path.intercepts, strict=True):
            v = None if weights is None else np.array(weights, dtype=float)
            data = Data(X, y, lambda_, penalty_weights=v)
            assert judge.duality_gap(data, w, b) <= 1e-9 * judge.null_objective(data)


@pytest.mark.parametrize("shape", [(60, 8), (10, 30)], ids=["tall", "wide"])
def test_between_knots_a_path_is_linear_and_nowhere_else(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(size=shape) + rng.normal(size=(shape[0], 1))
    y = X[:, :3].sum(axis=1) + rng.normal(size=shape[0])
    knots = regularization_path(X, y, "knots", eps=0.01, tol=1e-13).lambdas
    assert_allclose(knots[0], np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / len(y))
    assert_allclose(knots[-1], 0.01 * knots[0])
    ends = regularization_path(X, y, knots, tol=1e-13).coefs
    middles = regularization_path(X, y, (knots[1:] + knots[:-1]) / 2, tol=1e-13).coefs
    assert_allclose(middles, (ends[1:] + ends[:-1]) / 2, atol=1e-7)
    inner = (
        ends[1:-1]
        - (  # a coefficient at a knot is not on the line between its neighbours
            ends[:-2]
            + (ends[2:] - ends[:-2])
            * ((knots[:-2] - knots[1:-1]) / (knots[:-2] - knots[2:]))[:, None]
        )
    )
    assert (np.abs(inner).max(axis=1) > 1e-8).all()


def test_knots_are_refused_where_a_path_is_not_linear_between_them() -> None:
    X, y = small(0, "any")
    with pytest.raises(ValueError, match=r"lambdas='knots' needs l1_ratio=1 .* got l1_ratio=0.5"):
        regularization_path(X, y, "knots", 0.5)
    with pytest.raises(ValueError, match="penalty_weights > 0"):
        regularization_path(X, y, "knots", penalty_weights=np.r_[0.0, np.ones(X.shape[1] - 1)])
    with pytest.raises(ValueError, match="at most 1500 features, got 1501"):
        regularization_path(np.eye(3, 1501), [1.0, 2.0, 4.0], "knots")
    with pytest.raises((ValueError, TypeError), match="'knots' or an array"):
        regularization_path(X, y, "points")
    constant = regularization_path(X, np.ones(len(X)), "knots")
    assert not constant.coefs.any()
