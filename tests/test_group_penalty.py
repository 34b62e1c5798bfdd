"""The penalty of the sparse-group lasso: its formulas, its dual norm, and certified descent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import brentq
from sklearn.linear_model import Lasso, MultiTaskLasso

from designing import make_design
from sklearn_reg._solvers import SOLVERS, Settings, choose
from sklearn_reg._solvers.problem import Problem
from sklearn_reg.penalties import L1, SparseGroupLasso


def penalty(seed: int, p: int = 9, n_groups: int = 4) -> SparseGroupLasso:
    """Groups of unequal sizes, some of them without one of the two parts."""
    rng = np.random.default_rng(seed)
    groups = np.concatenate([np.arange(n_groups), rng.integers(n_groups, size=p - n_groups)])
    groups = rng.permutation(groups)
    l1, l2 = rng.uniform(0.1, 2.0, p), rng.uniform(0.1, 2.0, n_groups)
    l1[rng.random(p) < 0.2], l2[rng.random(n_groups) < 0.2] = 0.0, 0.0
    l1[(l1 == 0) & (l2[groups] == 0)] = 1.0
    return SparseGroupLasso(groups, l1, l2)


SEEDS = st.integers(0, 10**6)


@given(SEEDS)
def test_the_dual_norm_is_the_smallest_level_at_which_zero_is_optimal(seed: int) -> None:
    h, rng = penalty(seed), np.random.default_rng(seed)
    u = rng.normal(size=9) * rng.choice([0.0, 1.0, 30.0], 9)

    def level_of(g: int) -> float:
        size, l1, l2 = np.abs(u[h.groups == g]), h.l1[h.groups == g], h.l2[g]
        if l2 == 0:
            return float(np.max(size[l1 > 0] / l1[l1 > 0], initial=0.0))

        def excess(c: float) -> float:
            return float(np.linalg.norm(np.maximum(size - c * l1, 0.0)) - c * l2)

        largest = (1 + 1e-12) * np.linalg.norm(size) / l2
        return brentq(excess, 0.0, largest, xtol=1e-15, rtol=1e-14) if largest else 0.0

    level = h.level(u)
    assert level == pytest.approx(max(map(level_of, range(4))), rel=1e-9)
    assert not h.prox(u, level * (1 + 1e-9)).any()
    assert h.prox(u, level * (1 - 1e-6)).any() == u.any()


@given(SEEDS)
def test_dual_norm_bounds_products_and_is_attained(seed: int) -> None:
    h, rng = penalty(seed), np.random.default_rng(seed + 1)
    u, w = rng.normal(size=(2, 9))
    assert u @ w <= h.level(u) * h.value(w) * (1 + 1e-12)
    # Just below the level zero is not optimal: the proximal point of u is where equality nearly is.
    level = h.level(u)
    near = SparseGroupLasso(h.groups, 0.999 * level * h.l1, 0.999 * level * h.l2).prox(u, 1.0)
    assert u @ near >= 0.998 * level * h.value(near) > 0


@given(SEEDS, st.floats(0.01, 3.0))
def test_the_proximal_operator_is_optimal(seed: int, step: float) -> None:
    h, w = penalty(seed), np.random.default_rng(seed + 2).normal(size=9)
    z = h.prox(w, step)
    # (w - z) / step is a subgradient of h at z: of dual norm at most one, and h(z) its product.
    rest = (w - z) / step
    assert h.level(rest) <= 1 + 1e-9
    assert rest @ z == pytest.approx(h.value(z), abs=1e-12)


@given(SEEDS)
def test_groups_of_one_are_the_lasso_and_no_groups_are_too(seed: int) -> None:
    rng = np.random.default_rng(seed)
    w, u, l1 = *rng.normal(size=(2, 6)), rng.uniform(0.1, 2.0, 6)
    lasso, each = L1(l1), np.arange(6)
    for h in (
        SparseGroupLasso(each, np.zeros(6), l1),
        SparseGroupLasso(each, 0.3 * l1, 0.7 * l1),
        SparseGroupLasso(np.zeros(6, dtype=int), l1, np.zeros(1)),
    ):
        assert h.value(w) == pytest.approx(lasso.value(w))
        assert_allclose(h.prox(w, 0.5), lasso.prox(w, 0.5), atol=1e-15)
        assert h.level(u) == pytest.approx(np.max(np.abs(u) / l1))
        assert_allclose(h.subgradient(w), l1 * np.sign(w), rtol=1e-12)


def test_one_group_is_a_ridge_whose_penalty_follows_its_length() -> None:
    h = SparseGroupLasso(np.zeros(3, dtype=int), np.zeros(3), np.array([2.0]))
    w = np.array([3.0, 0.0, 4.0])
    assert h.value(w) == 10.0
    assert_allclose(h.prox(w, 1.0), 0.6 * w)
    assert h.level(w) == 2.5


@pytest.mark.parametrize("solver", ["accelerated", "active_set"])
@pytest.mark.parametrize("share", [0.05, 0.4])
def test_solvers_certify_the_rows_of_a_multi_task_lasso(share: float, solver: str) -> None:
    """sum_j |W_j|_2 over rows W_j of n_targets numbers is a group lasso of the stacked targets."""
    rng = np.random.default_rng(0)
    X, n_targets = rng.normal(size=(25, 4)), 3
    Y = X @ (rng.normal(size=(4, n_targets)) * [[1.0], [0.0], [2.0], [0.0]])
    Y += rng.normal(size=Y.shape)
    stacked, y = np.kron(X, np.eye(n_targets)), Y.reshape(-1, 1)
    groups, unit = np.repeat(np.arange(4), n_targets), np.ones(4)
    design, _ = make_design(stacked, y, on_gram=False, centred=False)
    one = SparseGroupLasso(groups, np.zeros(12), unit)
    lambda_ = share * Problem(design, 0, one).largest_level
    problem = Problem(design, 0, SparseGroupLasso(groups, np.zeros(12), lambda_ * unit))
    assert choose("auto", problem.h) == "active_set"
    found = SOLVERS[solver].run(problem, np.zeros(12), Settings(None, 50_000, 1e-13))
    assert found.converged
    # Their loss is divided by n, ours by n times the targets.
    theirs = MultiTaskLasso(n_targets * lambda_, fit_intercept=False, tol=1e-14, max_iter=10**6)
    W = theirs.fit(X, Y).coef_.T
    assert_allclose(found.w.reshape(4, n_targets), W, atol=1e-6)
    assert (found.w.reshape(4, n_targets).any(axis=1) == W.any(axis=1)).all()


def test_descent_certifies_a_sparse_group_lasso_between_lasso_and_groups() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(40, 6))
    y = X[:, 0] - X[:, 1] + rng.normal(size=40)
    design, _ = make_design(X, y[:, None], on_gram=True, centred=False)
    groups, solutions = np.array([0, 0, 0, 1, 1, 1]), []
    for ratio in (1.0, 0.5, 0.0):
        h = SparseGroupLasso(groups, np.full(6, 0.1 * ratio), np.full(2, 0.1 * (1 - ratio)))
        problem = Problem(design, 0, h)
        end = SOLVERS["accelerated"].run(problem, np.zeros(6), Settings(None, 50_000, 1e-13))
        assert end.converged
        solutions.append(end.w)
        # At the optimum the products of the residual are a subgradient.
        u = X.T @ (y - X @ end.w) / 40
        assert h.level(u) <= 1 + 1e-6
        assert u @ end.w == pytest.approx(h.value(end.w), rel=1e-5)
    lasso = Lasso(0.1, fit_intercept=False, tol=1e-14).fit(X, y)
    assert_allclose(solutions[0], lasso.coef_, atol=1e-6)
