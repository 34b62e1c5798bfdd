"""The parts of the certified solver: which features join, what is kept of them, when it ends."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from designing import make_design
from problems import Data, duality_gap, nearly_equal
from sklearn_reg import ElasticNetRegression, LassoRegression
from sklearn_reg._solvers import working_sets
from sklearn_reg._solvers.problem import Problem
from sklearn_reg.penalties import ElasticNet
from solving import bounds_of

active_set = import_module("sklearn_reg._solvers.active_set")  # the module: its function hides it


def problem_of(
    X: Any, y: Any, l1: Any, l2: Any = 0.0, *, limits: str = "none", layout: str = "dense"
) -> Problem:
    """Pose a problem without an intercept, so that Z'S y is X'y / n."""
    p = X.shape[1]
    design, _ = make_design(
        sparse.csc_array(X) if layout == "sparse" else X,
        np.asarray(y, dtype=float)[:, None],
        centred=False,
    )
    return Problem(
        design,
        0,
        ElasticNet(
            np.broadcast_to(l1, p) * 1.0, np.broadcast_to(l2, p) * 1.0, bounds_of(limits, p)
        ),
    )


def pulled(pull: list[float], l1: Any, *, limits: str = "none") -> tuple[Problem, Any]:
    """Pose a problem on orthogonal columns whose pull at w = 0 is known, seen from there."""
    p = len(pull)
    problem = problem_of(np.sqrt(p) * np.eye(p), np.sqrt(p) * np.array(pull), l1, limits=limits)
    at = problem.evaluate(np.zeros(p))
    assert_allclose(-at.gradient, pull, rtol=1e-14, atol=1e-14)
    return problem, at


# --- which features join --------------------------------------------------------------------------


def test_the_level_is_the_largest_pull_beside_its_penalty() -> None:
    problem, at = pulled([4.0, -9.0, 1.0], [1.0, 3.0, 0.1])
    assert active_set._level(problem, at, at.w != 0) == pytest.approx(10.0, rel=1e-14)


def test_the_level_under_positivity_counts_pull_upwards_only() -> None:
    problem, at = pulled([4.0, -9.0, 1.0], 1.0, limits="positive")
    assert active_set._level(problem, at, at.w != 0) == pytest.approx(4.0, rel=1e-14)


def test_the_level_is_never_below_the_penalty_that_is_asked_for() -> None:
    assert active_set._level(*pulled([0.5, -0.25], 1.0), np.zeros(2, dtype=bool)) == 1.0


def test_the_level_ignores_features_without_a_penalty_and_those_inside() -> None:
    problem, _ = pulled([4.0, 90.0, 3.0], [1.0, 0.0, 1.0])
    at = problem.evaluate(np.array([1.0, 0.0, 0.0]))
    assert active_set._level(problem, at, at.w != 0) == pytest.approx(3.0, rel=1e-14)
    everything = problem.evaluate(np.array([1.0, 0.0, 1.0]))
    assert active_set._level(problem, everything, everything.w != 0) == 1.0


def test_features_that_pull_beyond_the_level_join() -> None:
    problem, at = pulled([4.0, -9.0, 1.0, 6.1], [1.0, 4.0, 1.0, 3.0])
    inside = np.array([True, False, False, False])
    assert_array_equal(active_set._pulling(problem, at, 2.0, inside), [1, 3])
    assert_array_equal(active_set._pulling(problem, at, 2.1, inside), [1])


@pytest.mark.parametrize("inside_w", [0, 60])
def test_where_many_pull_the_hardest_beside_their_penalty_join(inside_w: int) -> None:
    rng = np.random.default_rng(0)
    l1 = 10.0 ** rng.uniform(-2, 2, 300)
    beyond = 1.0 + rng.permutation(300) / 10.0
    problem, _ = pulled((beyond * l1 * rng.choice([-1, 1], 300)).tolist(), l1)
    w = np.zeros(300)
    w[:inside_w] = 1e-9 * l1.min()
    new = active_set._pulling(problem, problem.evaluate(w), 1.0, w != 0)
    most = max(active_set.SMALLEST_INTAKE, inside_w)
    hardest = np.argsort(-np.where(w == 0, beyond, 0.0))[:most]
    assert_array_equal(np.sort(new), np.sort(hardest))


# --- a Gram matrix, or products with X ------------------------------------------------------------


def test_products_pay_for_large_supports_with_few_stored_numbers() -> None:
    rng = np.random.default_rng(0)
    X = sparse.random_array((600, 900), density=0.005, rng=rng, format="csc")
    few = problem_of(X.toarray(), np.ones(600), 0.1, layout="sparse")
    # 4 * 100 steps * 20 times faster BLAS * 3 operations a stored number, for 3 stored a column.
    assert active_set._products_pay(few, np.arange(800))
    assert not active_set._products_pay(few, np.arange(499))
    dense = problem_of(rng.normal(size=(600, 900)), np.ones(600), 0.1)
    assert not active_set._products_pay(dense, np.arange(900))


def columns_of_all_kinds() -> Any:
    """Sparse columns of very different lengths, one of them zero."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 12)) * 10.0 ** rng.integers(-3, 4, 12)
    X[:, 5] = 0.0
    return X


@pytest.mark.parametrize("kind", ["GramWorkingSet", "MatrixFreeWorkingSet"])
def test_the_curvature_is_the_gram_matrix_with_both_ridges(kind: str) -> None:
    X, l2 = columns_of_all_kinds(), np.linspace(0.1, 2.0, 12)
    problem = problem_of(X, X[:, 0], 0.1, l2)
    kept = getattr(working_sets, kind)(problem, np.array([5, 2, 9]))
    kept.take_in(np.array([], dtype=np.intp))
    kept.take_in(np.array([7]))  # one feature is a feature
    kept.take_in(np.array([0, 11]))
    S = np.array([5, 2, 9, 7, 0, 11])
    assert_array_equal(kept.features, S)
    assert_array_equal(np.flatnonzero(kept.inside), np.sort(S))
    squares = (X[:, S] ** 2).sum(axis=0) / 40
    ridge = np.where(squares > 0, working_sets.RIDGE * squares, 1.0)
    assert_allclose(kept.ridge, ridge, rtol=1e-10)
    assert_products(kept.curvature, X[:, S].T @ X[:, S] / 40 + np.diag(l2[S] + ridge))
    other = problem_of(X, X[:, 0], 0.2, 3 * l2)
    kept.move_to(other)
    assert kept.problem is other
    assert_products(kept.curvature, X[:, S].T @ X[:, S] / 40 + np.diag(3 * l2[S] + ridge))


def assert_products(curvature: Any, A: Any) -> None:
    """Compare with an explicit matrix, each entry on the scale of its row and column."""
    size = np.sqrt(A.diagonal())
    for j in range(len(A)):
        product = curvature.product(np.eye(len(A))[j])
        assert_allclose(product / size / size[j], A[j] / size / size[j], rtol=0, atol=1e-13)
    assert_allclose(curvature.diagonal, A.diagonal(), rtol=1e-12)


def test_the_ridge_of_a_gram_matrix_falls_until_it_is_smallest() -> None:
    X = columns_of_all_kinds()
    kept = working_sets.GramWorkingSet(problem_of(X, X[:, 0], 0.1), np.arange(12))
    gram, ridge = X.T @ X / 40, kept.ridge
    for _ in range(3):  # once it falls
        kept.lower_ridge()
        assert_allclose(kept.ridge, 1e-2 * ridge, rtol=1e-12)
        assert_products(kept.curvature, gram + np.diag(1e-2 * ridge))
    assert_allclose(kept.relative_ridge, working_sets.SMALLEST_RIDGE, rtol=1e-12)


# --- when it ends ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "gap", "tol", "ended"),
    [
        (1.0, 1e-6, 1e-6, True),  # within tol, of F(0) = 2
        (1.0, 2e-6, 1e-6, True),
        (1.0, 2.1e-6, 1e-6, False),
        (2.2e-6, 2.1e-6, 1e-6, False),  # no longer falling, but not at rounding
        (3e-13, 1.9e-13, 1e-15, True),  # at rounding, and no longer falling
        (3e-13, 1e-13, 1e-15, False),
        (5e-13, 4e-13, 1e-15, False),
    ],
)
def test_it_ends_within_tol_or_where_rounding_holds_the_gap(
    before: float, gap: float, tol: float, ended: bool
) -> None:
    problem = problem_of(2.0 * np.eye(4), [4.0, 0.0, 0.0, 0.0], 0.1)
    assert problem.null == pytest.approx(2.0)
    assert active_set._done(problem, [(0.0, before), (0.0, gap)], tol) is ended


@pytest.mark.parametrize("apart", [1e-2, 1e-3, 1e-4])
def test_where_rounding_is_in_the_way_descent_goes_on_and_the_better_end_is_kept(
    apart: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = nearly_equal(100, 20, apart)
    ends, descend = [], active_set.accelerated

    def watched(problem: Problem, start: Any, settings: Any) -> Any:
        assert settings.learning_rate is None
        result = descend(problem, start, settings)
        ends.append(min(problem.evaluate(start).bound, result.gap) / problem.null)
        return result

    monkeypatch.setattr(active_set, "accelerated", watched)
    model = LassoRegression(1e-7, solver="active_set", tol=0.0, n_iterations=100)
    with pytest.warns(ConvergenceWarning, match=r"Remedy: a larger tol \(tol="):
        model.fit(X, y)
    assert ends
    assert model.solver_ == "active_set"
    assert not model.converged_
    null = 0.5 * y.var()
    assert model.dual_gap_ / null == pytest.approx(ends[-1], rel=1e-9)
    gap = duality_gap(Data(X, y, 1e-7), model.coef_, float(model.intercept_))
    assert gap <= 1e-7 * null


def test_a_ridge_penalty_alone_is_solved_in_closed_form() -> None:
    X = columns_of_all_kinds()
    model = ElasticNetRegression(0.1, l1_ratio=0.0, solver="active_set").fit(X, X[:, 0])
    assert model.solver_ == "active_set"
    assert model.n_iter_ == 1
