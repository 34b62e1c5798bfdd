"""Problem: objective, gradient and certificate against formulas that know nothing of designs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import lsq_linear, nnls

from designing import make_design
from sklearn_reg._solvers.problem import Problem
from sklearn_reg.penalties import ElasticNet
from solving import LIMITS, Plain, bounds_of, make_problem, violation

pytestmark = pytest.mark.filterwarnings("error")
laws = settings(deadline=None, derandomize=True, max_examples=60)
LAYOUTS = ("dense", "sparse", "gram")
every_layout = pytest.mark.parametrize("layout", LAYOUTS)


KINDS = (
    "lasso",
    "elastic net",
    "ridge",
    "free",
    "some free lasso",
    "some free elastic net",
    "some free ridge",
    "mixed",
)
every_kind = pytest.mark.parametrize("kind", KINDS)
cases = {
    "n": st.integers(2, 25),
    "p": st.integers(1, 12),
    "seed": st.integers(0, 2**32 - 1),
    "kind": st.sampled_from(KINDS),
    "limits": st.sampled_from(LIMITS),
    "layout": st.sampled_from(LAYOUTS),
    "weighted": st.booleans(),
    "centred": st.booleans(),
}


# Tall enough for coordinate descent to reach the last digit.
tall = cases | {"n": st.integers(14, 25), "p": st.integers(1, 6)}


def draw_w(p: int, seed: int, size: float = 1.0) -> Any:
    """Draw weights of which some are zero."""
    rng = np.random.default_rng(seed)
    return size * rng.normal(size=p) * (rng.random(p) < 0.6)


# --- objective and gradient -----------------------------------------------------------------------


@laws
@given(**cases)
def test_objective_and_gradient_are_the_formulas(**case: Any) -> None:
    problem, plain = make_problem(**case)
    for w in (np.zeros(case["p"]), plain.clip(draw_w(case["p"], case["seed"]))):
        at = problem.evaluate(w)
        size = plain.value(w) + plain.value(np.zeros_like(w))
        assert_allclose(at.objective, plain.value(w), rtol=1e-11, atol=1e-13 * size)
        assert_allclose(at.gradient, plain.gradient(w), rtol=1e-10, atol=1e-11 * (size + 1))
        assert at.w is w


@every_kind
@every_layout
def test_gradient_is_the_finite_difference_of_the_objective(kind: str, layout: str) -> None:
    problem, _ = make_problem(20, 6, 3, kind, layout=layout)
    w = np.array([0.3, -0.2, 0.5, -1.0, 0.7, -0.4])
    slope = problem.evaluate(w).gradient + problem.l1 * np.sign(w)
    for j, h in enumerate(1e-4 * np.eye(6)):
        rise = problem.evaluate(w + h).objective - problem.evaluate(w - h).objective
        assert_allclose(rise / 2e-4, slope[j], rtol=1e-7, atol=1e-9)


def test_null_is_the_objective_at_zero() -> None:
    for layout in LAYOUTS:
        problem, plain = make_problem(15, 4, 0, layout=layout)
        assert_allclose(problem.null, plain.value(np.zeros(4)), rtol=1e-12)
        assert_allclose(problem.evaluate(np.zeros(4)).objective, problem.null, rtol=1e-12)


def test_prox_minimises_its_definition() -> None:
    z, step = np.array([-3.0, -0.2, 0.0, 0.1, 2.5, -0.9]), 0.7
    grid = np.linspace(-4, 4, 80_001)
    for kind in ("lasso", "ridge", "mixed"):
        for limits in LIMITS:
            problem, plain = make_problem(20, 6, 1, kind, limits=limits)
            found = problem.h.rest.prox(z, step)
            for j in range(6):
                allowed = grid[(grid >= plain.lower[j]) & (grid <= plain.upper[j])]
                cost = 0.5 * (allowed - z[j]) ** 2 + step * problem.l1[j] * np.abs(allowed)
                assert abs(found[j] - allowed[cost.argmin()]) <= 1.01e-4


@every_kind
def test_smooth_says_whether_there_is_a_kink(kind: str) -> None:
    expected = kind in ("ridge", "free", "some free ridge")
    assert make_problem(9, 6, 0, kind)[0].smooth is expected
    assert make_problem(9, 6, 0, kind, limits="positive")[0].smooth is False


@every_layout
def test_curvature_bounds_the_second_derivative(layout: str) -> None:
    problem, plain = make_problem(20, 6, 0, "elastic net", layout=layout)
    values = np.linalg.eigvalsh(plain.Z.T @ plain.Z + np.diag(plain.l2))
    assert problem.curvature >= values[-1] * (1 - 1e-9)
    assert problem.curvature <= values[-1] + np.ptp(plain.l2) + 1e-9 * values[-1]


# --- the gap --------------------------------------------------------------------------------------


@settings(laws, max_examples=120)
@given(**cases, size=st.sampled_from([1e-3, 0.1, 1.0, 100.0]))
def test_gap_is_an_upper_bound_of_the_distance_to_the_optimum(size: float, **case: Any) -> None:
    problem, plain = make_problem(**case)
    best = plain.minimise()
    least = plain.value(best)
    for w in (
        np.zeros(case["p"]),
        plain.clip(draw_w(case["p"], case["seed"], size)),
        plain.clip(best + draw_w(case["p"], case["seed"] + 1, 1e-3 * size)),
        0.99 * best,
        best,
    ):
        at = problem.evaluate(w)
        assert at.gap >= 0
        assert at.gap >= plain.value(w) - least - 1e-12 * (plain.value(w) + problem.null)


@laws
@given(**tall)
def test_gap_is_next_to_nothing_at_the_optimum(**case: Any) -> None:
    problem, plain = make_problem(**case)
    at = problem.evaluate(plain.minimise())
    assert at.gap <= 1e-9 * problem.null


@every_layout
@every_kind
@pytest.mark.parametrize("limits", LIMITS)
def test_gap_grows_away_from_the_optimum(kind: str, layout: str, limits: str) -> None:
    problem, plain = make_problem(30, 6, 5, kind, layout=layout, limits=limits)
    best = plain.minimise()
    assert problem.evaluate(best).gap <= 1e-11 * problem.null
    for step in (1e-4, 1e-2, 1.0):
        w = plain.clip(best + step * np.abs(best).max())
        assert problem.evaluate(w).gap >= (plain.value(w) - plain.value(best)) * (1 - 1e-6) > 0


@every_layout
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("centred", [False, True])
def test_gap_of_least_squares_is_the_exact_distance(
    layout: str, weighted: bool, centred: bool
) -> None:
    problem, plain = make_problem(
        25, 6, 2, "free", layout=layout, weighted=weighted, centred=centred
    )
    best = np.linalg.lstsq(plain.Z, plain.y, rcond=None)[0]
    for w in (np.zeros(6), best + 1.0, 0.9 * best):
        gap = problem.evaluate(w).gap
        assert_allclose(gap, plain.value(w) - plain.value(best), rtol=1e-8)
    assert problem.evaluate(best).gap <= 1e-20 * problem.null + 1e-25


@pytest.mark.parametrize("layout", ["dense", "sparse", "gram"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("centred", [False, True])
def test_gap_of_an_all_free_wide_problem_is_the_exact_distance(
    layout: str, weighted: bool, centred: bool
) -> None:
    problem, plain = make_problem(
        6, 20, 2, "free", layout=layout, weighted=weighted, centred=centred
    )
    best = np.linalg.lstsq(plain.Z, plain.y, rcond=None)[0]
    assert plain.value(best) <= 1e-20
    for w in (np.zeros(20), best + 0.1, 0.9 * best):
        assert_allclose(problem.evaluate(w).gap, plain.value(w), rtol=1e-7)
    assert problem.evaluate(best).gap <= 1e-20


@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("kind", ["some free lasso", "some free elastic net"])
def test_gap_holds_where_free_columns_outnumber_rows(layout: str, centred: bool, kind: str) -> None:
    # Every third of 30 columns is free: they explain any y of 6 rows, so that F* = 0.
    problem, plain = make_problem(6, 30, 4, kind, layout=layout, centred=centred, weighted=False)
    best = np.zeros(30)
    best[::3] = np.linalg.lstsq(plain.Z[:, ::3], plain.y, rcond=None)[0]
    assert plain.value(best) <= 1e-20
    assert problem.evaluate(best).gap <= 1e-18
    for w in (np.zeros(30), best + 0.1 * (np.arange(30) % 3 == 0), 0.5 * best):
        assert_allclose(problem.evaluate(w).gap, plain.value(w), rtol=1e-7)


@every_layout
def test_gap_of_ridge_is_tight(layout: str) -> None:
    # With l2 only, F(w) - F* = 1/2 g'H^-1 g; the bound may be larger, but not out of proportion.
    problem, plain = make_problem(25, 6, 2, "ridge", layout=layout)
    H = plain.Z.T @ plain.Z + np.diag(plain.l2)
    best = np.linalg.solve(H, plain.Z.T @ plain.y)
    values = np.linalg.eigvalsh(H / np.sqrt(np.outer(plain.l2, plain.l2)))
    for w in (np.zeros(6), best + 1.0, 0.99 * best):
        distance = plain.value(w) - plain.value(best)
        gap = problem.evaluate(w).gap
        assert distance * (1 - 1e-9) <= gap <= values[-1] * distance * (1 + 1e-9)


@every_layout
def test_gap_of_non_negative_least_squares_agrees_with_scipy(layout: str) -> None:
    problem, plain = make_problem(25, 8, 7, "free", layout=layout, limits="positive")
    best = nnls(plain.Z, plain.y)[0]
    assert (best == 0).any()
    assert (best > 0).any()
    assert problem.evaluate(best).gap <= 1e-13 * problem.null
    worse = lsq_linear(plain.Z, plain.y, (0, np.inf), max_iter=3, tol=1e-2).x + 0.01
    assert problem.evaluate(worse).gap >= plain.value(worse) - plain.value(best) > 0


@laws
@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-120, 1e-8, 1e8, 1e120]))
def test_gap_scales_with_the_square_of_y(seed: int, unit: float) -> None:
    rng = np.random.default_rng(seed)
    X, y, w = rng.normal(size=(12, 5)), rng.normal(size=(12, 1)), rng.normal(size=5)
    l1, l2 = np.full(5, 0.1), np.full(5, 0.2)
    gaps = []
    for scale in (1.0, unit):
        design, _ = make_design(X, y * scale)
        gaps.append(Problem(design, 0, ElasticNet(l1 * scale, l2)).evaluate(w * scale).gap)
    assert_allclose(gaps[1], gaps[0] * unit**2, rtol=1e-9)


def test_gap_of_a_target_that_is_constant_is_zero_at_zero() -> None:
    for layout in (False, True):
        design, _ = make_design(np.eye(4), np.zeros((4, 1)), on_gram=layout)
        problem = Problem(design, 0, ElasticNet(np.full(4, 0.1), np.zeros(4)))
        assert problem.null == 0
        assert problem.evaluate(np.zeros(4)).gap == 0
        assert problem.evaluate(np.ones(4)).gap > 0


# --- the violation --------------------------------------------------------------------------------


@laws
@given(**tall)
def test_violation_is_zero_at_the_optimum_and_only_there(**case: Any) -> None:
    problem, plain = make_problem(**case)
    best = plain.minimise()
    scale = np.abs(plain.Z.T @ plain.y).max() + plain.l1.max()
    assert violation(problem, problem.evaluate(best)) <= 1e-7 * (scale + np.linalg.norm(plain.y))
    away = plain.clip(best + 0.1 + np.abs(draw_w(case["p"], case["seed"])))
    rise = plain.value(away) - plain.value(best)
    if rise > 1e-6:
        # F(away) - F* <= |subgradient|_inf |away - best|_1 by convexity.
        bound = violation(problem, problem.evaluate(away)) * np.abs(away - best).sum()
        assert bound >= rise * (1 - 1e-6)


def test_violation_by_hand() -> None:
    # Z = I / sqrt(2) on two rows, y = (1, -1), l1 = 0.1: Z'y = (0.5, -0.5).
    X, y = np.eye(2), np.array([[1.0], [-1.0]])
    for limits, expected in (("none", [0.4, 0.1]), ("positive", [0.4, 0.1])):
        design, _ = make_design(X, y, centred=False)
        problem = Problem(design, 0, ElasticNet(np.full(2, 0.1), np.zeros(2), bounds_of(limits, 2)))
        assert_allclose(violation(problem, problem.evaluate(np.zeros(2))), expected[0], rtol=1e-14)
        # At w = (1, 0) the first residual is 0: u = (0, -0.5), so the first breaks l1 by 0.1 ...
        at = problem.evaluate(np.array([1.0, 0.0]))
        assert_allclose(violation(problem, at), 0.1 if limits == "positive" else 0.4, rtol=1e-14)


def fenchel_gap(plain: Plain, w: Any) -> float:
    """Fenchel's bound at theta = c (r - P r), for the better of the two factors c."""
    Z, l1, l2 = plain.Z, plain.l1, plain.l2
    free = (l1 == 0) & (l2 == 0)
    r = plain.y - Z @ w
    rest = r - Z[:, free] @ np.linalg.lstsq(Z[:, free], r, rcond=None)[0]
    bounds = []
    for bound in ((l2 == 0) & ~free, ~free):
        u = np.abs(Z[:, bound].T @ rest)
        c = np.min(l1[bound][u > 0] / u[u > 0], initial=1.0)
        theta = c * rest
        u = Z.T @ theta
        excess = np.maximum(np.abs(u) - l1, 0.0)[l2 > 0]
        conjugates = 0.5 * np.sum(excess**2 / l2[l2 > 0])
        penalty = l1 @ np.abs(w) + 0.5 * l2 @ w**2
        bounds.append(0.5 * np.sum((r - theta) ** 2) + penalty + conjugates - u @ w)
    return float(min(bounds))


@every_layout
@every_kind
@pytest.mark.parametrize("seed", range(5))
def test_the_gap_is_the_better_of_two_bounds_written_out(kind: str, layout: str, seed: int) -> None:
    problem, plain = make_problem(25, 7, seed, kind, layout=layout)
    best = plain.minimise()
    near = 0.1 * np.random.default_rng(seed).normal(size=7)
    some = [draw_w(7, 1, size) for size in (0.01, 1.0)]
    for w in (np.zeros(7), near, *some, best + 0.01, best + 1.0):
        assert_allclose(problem.evaluate(w).gap, fenchel_gap(plain, w), rtol=1e-8)


def with_columns(scales: Any, l1: Any, l2: Any, unit: float = 1.0) -> Problem:
    """A problem whose columns have these lengths; y, in this unit, explains all of them alike."""
    rng = np.random.default_rng(0)
    Z = np.linalg.qr(rng.normal(size=(12, len(scales))))[0] * np.sqrt(12) * scales
    y = unit * (Z / scales).sum(axis=1)
    design, _ = make_design(Z, y[:, None], centred=False, unpenalised=True)
    return Problem(design, 0, ElasticNet(np.asarray(l1, dtype=float), np.asarray(l2, dtype=float)))


units = pytest.mark.parametrize("unit", [2.0**-20, 1.0, 2.0**20])


@units
def test_an_l1_penalty_is_none_where_it_is_lost_beside_its_own_column(unit: float) -> None:
    scales = np.array([1.0, 1e-8, 1e8])

    def posed(l1: Any) -> Problem:
        return with_columns(scales, l1, 0 * scales, unit)

    # Cauchy-Schwarz: |Z_j'S y| <= |Z_j| |y|, here within a factor sqrt 3.
    lost, kept = 1e-17 * unit * scales, 1e-14 * unit * scales
    assert not posed(lost).l1.any()
    assert_array_equal(posed(kept).l1, kept)
    mixed = np.array([lost[0], kept[1], lost[2]])
    assert_array_equal(posed(mixed).l1, [0, kept[1], 0])
    none = np.array([0.0, kept[1], 0.3 * unit])
    assert_array_equal(posed(none).l1, none)
    assert posed(lost).smooth
    assert not posed(mixed).smooth


@units
def test_an_l2_penalty_is_none_where_it_is_lost_beside_its_own_column(unit: float) -> None:
    """A free column is projected out of the certificate: nothing of its pull is left."""
    scales = np.array([1.0, 1e-4, 1e4])
    w = np.zeros(3)
    for which in range(3):
        l2 = np.full(3, 1e-2) * scales**2
        l2[which] = 1e-19 * scales[which] ** 2
        lost = with_columns(scales, 0 * scales, l2, unit)
        assert_array_equal(np.flatnonzero(lost._free), [which])
        l2[which] = 0.0
        free = with_columns(scales, 0 * scales, l2, unit)
        assert lost.evaluate(w).gap == pytest.approx(free.evaluate(w).gap, rel=1e-9)
    for l1, l2, expected in (
        (0.0, [1e-21, 1e-21, 1e-21], [True, False, True]),
        (0.0, [1e-15, 0.0, 1e-15], [False, True, True]),
        (1.0, [1e-21, 1e-21, 1e-21], [False, False, False]),
    ):
        problem = with_columns(scales, np.full(3, l1 * unit), l2, unit)
        assert_array_equal(problem._free, expected)


# --- columns that depend on each other ------------------------------------------------------------


@pytest.mark.parametrize("on_gram", [False, True])
def test_dependent_columns_are_named_together(on_gram: bool) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 6))
    X = np.column_stack([X, X[:, 0] + X[:, 1], -X[:, 3], np.full(80, 2.0)])
    design, _ = make_design(X, X[:, :1], on_gram=on_gram, unpenalised=True)
    problem = Problem(design, 0, ElasticNet(np.full(9, 0.1), np.zeros(9)))
    groups = [set(map(int, group)) for group in problem.dependent_columns(np.ones(9))]
    assert groups == [{3, 7}, {0, 1, 6}]
    assert problem.dependent_columns(np.ones(9) * (np.arange(9) < 6)) == []
    assert problem.dependent_columns(np.zeros(9)) == []
