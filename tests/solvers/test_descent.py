"""Descent solvers, step by step, against the same steps written out on the formulas alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from designing import make_design
from sklearn_reg._solvers import ROUNDING, SOLVERS, Settings, choose
from sklearn_reg._solvers.descent import accelerated, gradient_descent, subgradient
from sklearn_reg._solvers.problem import Problem
from sklearn_reg.penalties import L1, L2, ElasticNet
from solving import LIMITS, Plain, make_problem, violation

STEPS = 20


def curvature(plain: Plain) -> float:
    return float(np.linalg.eigvalsh(plain.Z.T @ plain.Z)[-1] + plain.l2.max(initial=0.0))


def prox(plain: Plain, z: Any, rate: float) -> Any:
    return plain.clip(np.sign(z) * np.maximum(np.abs(z) - rate * plain.l1, 0.0))


def descend(plain: Plain, rate: float, n_steps: int) -> list[float]:
    w, values = np.zeros(plain.Z.shape[1]), []
    for _ in range(n_steps):
        w = prox(plain, w - rate * plain.gradient(w), rate)
        values.append(plain.value(w))
    return values


def descend_subgradient(plain: Plain, rate: float, n_steps: int) -> list[float]:
    w, values = np.zeros(plain.Z.shape[1]), []
    for _ in range(n_steps):
        w = plain.clip(w - rate * (plain.gradient(w) + plain.l1 * np.sign(w)))
        values.append(plain.value(w))
    return values


def descend_accelerated(plain: Plain, rate: float, n_steps: int) -> list[float]:
    """FISTA of Beck and Teboulle, with the gradient restart of O'Donoghue and Candes."""
    w = last = np.zeros(plain.Z.shape[1])
    t, values = 1.0, []
    for step in range(n_steps):
        t_next = (1 + np.sqrt(1 + 4 * t * t)) / 2
        z = w + (t - 1) / t_next * (w - last) if step else w
        new = prox(plain, z - rate * plain.gradient(z), rate)
        t = 1.0 if (z - new) @ (new - w) > 0 else t_next
        last, w = w, new
        values.append(plain.value(w))
    return values


WRITTEN_OUT = [
    (gradient_descent, descend, 1.7),
    (subgradient, descend_subgradient, 0.9),
    (accelerated, descend_accelerated, 1.0),
]


@pytest.mark.parametrize("kind", ["lasso", "elastic net", "ridge"])
@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize(("solver", "steps", "share"), WRITTEN_OUT)
def test_every_step_is_the_one_written_out(
    solver: Any, steps: Any, share: float, limits: str, kind: str
) -> None:
    problem, plain = make_problem(40, 8, 1, kind, limits=limits)
    rate = share / problem.curvature
    start = np.zeros(8)
    result = solver(problem, start, Settings(rate, STEPS, 0.0))
    assert_allclose(result.history, steps(plain, rate, STEPS), rtol=1e-9)
    assert result.solver == solver.__name__
    assert result.stable_rate is None
    assert result.n_iter == STEPS
    assert not result.converged
    assert not start.any()


@pytest.mark.parametrize(
    ("solver", "limit"), [(gradient_descent, 2.0), (subgradient, 2.0), (accelerated, 1.0)]
)
def test_a_rate_that_cannot_converge_is_replaced_and_the_limit_is_told(
    solver: Any, limit: float
) -> None:
    problem, plain = make_problem(40, 8, 2)
    L = curvature(plain)
    start, best = np.zeros(8), solver(problem, np.zeros(8), Settings(None, 9, 0.0))
    assert best.stable_rate is None
    below = solver(problem, start, Settings(limit * (1 - 1e-9) / L, 9, 0.0))
    assert below.stable_rate is None
    for rate in (limit * (1 + 1e-3) / L, 1e3 / L):
        above = solver(problem, start, Settings(rate, 9, 0.0))
        assert above.stable_rate == pytest.approx(limit / L, rel=1e-5)
        assert_allclose(above.history, best.history, rtol=1e-12)


@pytest.mark.parametrize("solver", [gradient_descent, subgradient, accelerated])
def test_without_a_rate_it_is_one_over_l(solver: Any) -> None:
    problem, plain = make_problem(40, 8, 3, "ridge")
    chosen = solver(problem, np.zeros(8), Settings(None, 20, 0.0))
    asked = solver(problem, np.zeros(8), Settings(1 / curvature(plain), 20, 0.0))
    assert_allclose(chosen.history, asked.history, rtol=1e-9)


@pytest.mark.parametrize("solver", [gradient_descent, accelerated])
def test_descent_ends_at_the_first_gap_within_tol(solver: Any) -> None:
    problem, _ = make_problem(40, 8, 4)
    whole = solver(problem, np.zeros(8), Settings(None, 500, 0.0))
    # Just above that of one step, which is itself far above rounding.
    tol = (1 + 1e-4) * float(whole.gap_history[20] / problem.null)
    assert tol > 1e-9
    ended = solver(problem, np.zeros(8), Settings(None, 500, tol))
    first = int(np.argmax(whole.gap_history <= tol * problem.null)) + 1
    assert ended.n_iter == first
    assert ended.converged
    assert ended.gap == ended.gap_history[-1]
    assert_allclose(ended.gap, whole.gap_history[first - 1], rtol=1e-8)  # and what rounding hides
    assert ended.objective == ended.history[-1]


def test_momentum_restarts_and_so_needs_fewer_steps() -> None:
    problem, _ = make_problem(60, 30, 5, "lasso", scales=True)
    settings = Settings(None, 20_000, 1e-8)
    plain = gradient_descent(problem, np.zeros(30), settings)
    fast = accelerated(problem, np.zeros(30), settings)
    assert fast.converged
    assert 2 * fast.n_iter < plain.n_iter


@pytest.mark.parametrize("solver", [gradient_descent, subgradient, accelerated])
def test_nothing_to_descend_stays_where_it_is(solver: Any) -> None:
    X, y = np.zeros((5, 2)), np.arange(5.0)[:, None]
    design, _ = make_design(X, y)
    nothing = Problem(design, 0, ElasticNet(np.ones(2), np.zeros(2)))
    result = solver(nothing, np.array([0.5, 0.0]), Settings(0.25, 3, 0.0))
    # Only the penalty is left, and the rate that would be too long elsewhere is 1.
    assert_allclose(result.w, [0.0, 0.0] if solver is not subgradient else [-0.5, 0.0])
    assert result.stable_rate is None


def test_violation_vanishes_at_the_optimum_alone() -> None:
    for kind in ("lasso", "elastic net", "ridge"):
        for limits in LIMITS:
            problem, plain = make_problem(40, 8, 7, kind, limits=limits)
            best = SOLVERS["active_set"].run(problem, np.zeros(8), Settings(None, 99, 1e-13))
            assert violation(problem, problem.evaluate(best.w)) <= 1e-9
            assert violation(problem, problem.evaluate(plain.clip(best.w + 0.1))) > 1e-3


# --- the choice of a solver -----------------------------------------------------------------------

smooth, kinked = L2(1.0), L1(1.0)


def test_auto_takes_linear_algebra_for_smooth_penalties_and_working_sets_for_others() -> None:
    assert choose("auto", smooth) == "closed_form"
    assert choose("auto", kinked) == "active_set"
    for name in SOLVERS:
        assert choose(name, smooth) == name
    assert choose("accelerated", kinked) == "accelerated"


def test_a_solver_that_does_not_suit_is_answered_with_those_that_do() -> None:
    with pytest.raises(ValueError, match="solver='closed_form' needs a smooth penalty") as caught:
        choose("closed_form", kinked)
    others = "'auto', 'gradient_descent', 'subgradient', 'accelerated', 'active_set'"
    assert str(caught.value).endswith(f"Solvers that suit this one: {others}")
    with pytest.raises(ValueError, match="solver='sag' is not one of") as caught:
        choose("sag", smooth)
    assert str(caught.value).endswith(f"is not one of {others}, 'closed_form'")
    with pytest.raises(ValueError, match=r"solver=\['auto'\] is not one of"):
        choose(["auto"], kinked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "shape", "stored", "pays"),
    [
        ("gradient_descent", (1000, 10), 10_000, True),
        ("gradient_descent", (10, 10), 100, False),  # no more rows than columns
        ("gradient_descent", (11, 10), 50, True),  # p^2 = 2 stored
        ("gradient_descent", (11, 10), 49, False),
        ("gradient_descent", (10**6, 10_000), 10**10, True),
        ("gradient_descent", (10**6, 10_001), 10**10, False),  # 800 MB
        ("active_set", (10**6, 1500), 10**9, True),
        ("active_set", (10**6, 1501), 10**9, False),
        ("closed_form", (1000, 10), 10_000, False),
    ],
)
def test_a_gram_matrix_is_made_where_it_pays(
    name: str, shape: tuple[int, int], stored: int, pays: bool
) -> None:
    assert SOLVERS[name].gram_use.pays(*shape, stored) is pays


def test_a_gap_at_rounding_ends_the_search() -> None:
    problem, _ = make_problem(60, 8, 8)
    result = SOLVERS["active_set"].run(problem, np.zeros(8), Settings(None, 10**6, 0.0))
    assert result.gap <= ROUNDING * problem.null
    assert result.n_iter <= 6
    assert result.converged == (result.gap == 0.0)
