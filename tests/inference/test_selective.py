"""Inference after a lasso: what is conditioned on is what it says, and the law is right.

Simulations are small here; `HYPOTHESIS_PROFILE=thorough` makes them large.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import kstest, norm, truncnorm
from sklearn.datasets import load_diabetes

from sklearn_reg._inference.selective import TARGETS, SelectiveInference, selective_inference

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
N_DRAWS = 10_000 if THOROUGH else 400
seeds = st.integers(0, 2**32 - 1)
every_target = pytest.mark.parametrize("target", TARGETS)


class Problem(NamedTuple):
    """Data, penalties and the solution."""

    A: Any
    y: Any
    l1: Any
    w: Any

    def infer(self, target: str, sigma: float = 1.0, level: float = 0.95) -> SelectiveInference:
        return selective_inference(*self, sigma, level, target)


def lasso(A: Any, Y: Any, l1: Any) -> Any:
    """Coordinate descent for each column of Y at once; it shares nothing with the package."""
    n, p = A.shape
    gram, cross = A.T @ A, A.T @ Y
    W, lengths = np.zeros_like(cross), np.sqrt(np.diagonal(gram))[:, None]
    for _ in range(20_000):
        before = W.copy()
        for j in range(p):
            if gram[j, j] > 0:
                z = cross[j] - gram[j] @ W + gram[j, j] * W[j]
                W[j] = np.sign(z) * np.maximum(np.abs(z) - n * l1[j], 0.0) / gram[j, j]
        if np.max(lengths * np.abs(W - before)) <= 1e-14 * np.max(lengths * np.abs(W)):
            break
    return W


@cache
def problem(seed: int, n: int = 30, p: int = 6) -> Problem:
    """Draw correlated columns, some without a penalty, one excluded."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(n, p)) + 0.7 * rng.normal(size=(n, 1))
    A[:, rng.integers(p)] *= 10.0 ** rng.integers(-3, 4)
    y = A[:, :2].sum(axis=1) / np.linalg.norm(A[:, :2], axis=0).max() + rng.normal(size=n)
    l1 = rng.uniform(0.02, 0.3, p) * np.linalg.norm(A, axis=0) / np.sqrt(n)
    l1[p - 1] *= rng.integers(0, 2)
    A[:, p - 2] *= rng.integers(0, 2)
    return Problem(A, y, l1, lasso(A, y[:, None], l1)[:, 0])


# --- the event ----------------------------------------------------------------------------------


def dense_limits(drawn: Problem, sigma: float) -> Any:
    """Theorem 4.3 and lemma 5.1 of Lee et al.: {A1 y <= b1}, row by row, and its ends along eta."""
    A, y, l1, w = drawn
    n, M = len(y), np.flatnonzero((w != 0) | ((l1 == 0) & A.any(axis=0)))
    X, out, lam, s = A[:, M], np.setdiff1d(np.flatnonzero(A.any(axis=0)), M), n * l1, np.sign(w[M])
    C = np.linalg.inv(X.T @ X)
    P, bend = X @ C @ X.T, X @ C @ (lam[M] * s)
    signed = lam[M] > 0
    inside = -(s[:, None] * (C @ X.T))[signed]
    beside = A[:, out].T @ (np.eye(n) - P)
    rows = np.vstack([inside, beside, -beside])
    offset = A[:, out].T @ bend
    ends = np.r_[-(s * (C @ (lam[M] * s)))[signed], lam[out] - offset, lam[out] + offset]
    limits = []
    for eta in C @ X.T:
        c = eta / (eta @ eta)
        slope, rest = rows @ c, ends - rows @ (y - c * (eta @ y))
        sizes = np.linalg.norm(rows, axis=1) * np.linalg.norm(c)
        moved = np.abs(slope) > 1e-9 * sizes
        assert not moved[len(inside) :].any()  # the other features do not bind
        low = np.max(rest[moved & (slope < 0)] / slope[moved & (slope < 0)], initial=-np.inf)
        high = np.min(rest[moved & (slope > 0)] / slope[moved & (slope > 0)], initial=np.inf)
        limits.append(np.array([low, high]) / (sigma * np.linalg.norm(eta)))
    return np.array(limits).reshape(-1, 2)


@given(seeds)
def test_limits_are_those_of_the_polyhedron(seed: int) -> None:
    drawn = problem(seed)
    found, expected = drawn.infer("minimal", 0.7), dense_limits(drawn, 0.7)
    # A slope that is zero up to rounding has its end anywhere far away.
    near = np.abs(found.limits) < 1e6
    assert_allclose(found.limits[near], expected[near], rtol=1e-6, atol=1e-8)
    assert (np.abs(expected[~near]) > 1e6).all()


def moved(drawn: Problem, found: SelectiveInference, k: int, to: float, target: str) -> Problem:
    """Move y along the direction of one statistic until it is `to`; sigma is 1."""
    A, y, l1, _ = drawn
    columns = np.flatnonzero(A.any(axis=0)) if target == "full" else found.features
    X = A[:, columns]
    j = np.searchsorted(columns, found.features[k])
    eta = np.linalg.pinv(X)[j]
    y = y + (to - found.statistic[k]) * eta / np.linalg.norm(eta)
    return Problem(A, y, l1, lasso(A, y[:, None], l1)[:, 0])


@given(seeds, st.integers(0, 5), st.floats(0.01, 0.99), st.booleans())
def test_signs_stay_within_the_limits_and_change_beyond(
    seed: int, k: int, share: float, up: bool
) -> None:
    drawn = problem(seed)
    found = drawn.infer("minimal")
    assume(found.features.size > 0)
    k %= found.features.size
    t, end = found.statistic[k], found.limits[k, int(up)]
    reach = min(abs(end - t), 20.0) * (1.0 if up else -1.0)
    within = moved(drawn, found, k, t + share * reach, "minimal")
    assert (np.sign(within.w) == np.sign(drawn.w))[drawn.l1 > 0].all()
    if abs(end - t) < 20.0:
        beyond = moved(drawn, found, k, t + (1.0 + share) * reach, "minimal")
        assert (np.sign(beyond.w) != np.sign(drawn.w))[drawn.l1 > 0].any()


@given(seeds, st.integers(0, 5), st.floats(-30, 30))
def test_a_feature_is_selected_outside_of_its_interval(seed: int, k: int, to: float) -> None:
    drawn = problem(seed)
    found = drawn.infer("full")
    assume(found.features.size > 0)
    k %= found.features.size
    j, (low, high) = found.features[k], found.limits[k]
    assume(min(abs(to - low), abs(to - high)) > 1e-6)
    changed = moved(drawn, found, k, to, "full")
    assert drawn.l1[j] == 0 or (changed.w[j] != 0) == (not low < to < high)


@given(seeds)
def test_the_interval_of_a_feature_is_that_of_the_lasso_without_it(seed: int) -> None:
    drawn = problem(seed)
    A, y, l1, _ = drawn
    found, n = drawn.infer("full", 0.7), len(y)
    live = np.flatnonzero(A.any(axis=0))
    scale = np.linalg.norm(A[:, live], axis=0)
    deviations = np.sqrt(
        np.diagonal(np.linalg.inv(A[:, live].T @ A[:, live] / scale[:, None] / scale))
    )
    for j, t, limits in zip(found.features, found.statistic, found.limits, strict=True):
        k = np.searchsorted(live, j)
        without = A * (np.arange(6) != j)
        product = A[:, j] @ (y - without @ lasso(without, y[:, None], l1)[:, 0])
        ends = t + (np.array([-1, 1]) * n * l1[j] - product) * deviations[k] / scale[k] / 0.7
        assert_allclose(limits, ends if l1[j] > 0 else t, rtol=1e-7, atol=1e-8)


@every_target
@given(seed=seeds)
def test_the_statistic_is_where_it_must_be(seed: int, target: str) -> None:
    found = problem(seed).infer(target)
    low, high = found.limits.T
    if target == "full":
        assert ((found.statistic <= low) | (found.statistic >= high)).all()
    else:
        assert ((found.statistic > low) & (found.statistic < high)).all()
    assert (found.lower < found.upper).all()
    assert np.isfinite([found.lower, found.upper, found.p_value]).all()
    assert ((found.p_value >= 0) & (found.p_value <= 1)).all()


# --- the estimates ------------------------------------------------------------------------------


@every_target
@given(seed=seeds)
def test_estimates_are_least_squares(seed: int, target: str) -> None:
    drawn = problem(seed)
    found = drawn.infer(target, 0.5)
    columns = np.flatnonzero(drawn.A.any(axis=0)) if target == "full" else found.features
    at, X = np.searchsorted(columns, found.features), drawn.A[:, columns]
    scale = np.linalg.norm(X, axis=0)
    inverse = np.linalg.pinv(X / scale) / scale[:, None]
    tiny = 1e-11 / scale.min(initial=1.0)
    assert_allclose(found.estimate, (inverse @ drawn.y)[at], rtol=1e-9, atol=tiny)
    assert_allclose(found.standard_error, 0.5 * np.linalg.norm(inverse, axis=1)[at], rtol=1e-9)
    assert_allclose(found.statistic, found.estimate / found.standard_error, rtol=1e-12)


@every_target
@given(seed=seeds, level=st.floats(0.01, 0.99))
def test_p_values_and_intervals_agree(seed: int, level: float, target: str) -> None:
    """The interval of level 1 - p ends at zero."""
    drawn = problem(seed)
    found = drawn.infer(target, level=level)
    inside = (found.lower < 0) & (found.upper > 0)
    clear = np.abs(found.p_value - (1 - level)) > 1e-9
    assert (inside == (found.p_value > 1 - level))[clear].all()


@every_target
@given(seed=seeds)
def test_units_do_not_matter(seed: int, target: str) -> None:
    drawn = problem(seed)
    rng = np.random.default_rng(seed)
    units, unit = 2.0 ** rng.integers(-20, 21, drawn.l1.size), 2.0 ** rng.integers(-20, 21)
    other = Problem(
        drawn.A * units, drawn.y * unit, drawn.l1 * units * unit, drawn.w * unit / units
    )
    one, two = drawn.infer(target), other.infer(target, float(unit))
    ratio = unit / units[one.features]
    for name in ("estimate", "standard_error", "lower", "upper"):
        values = getattr(one, name)
        size = np.maximum(np.abs(values), one.standard_error)
        assert (np.abs(getattr(two, name) / ratio - values) <= 1e-7 * size).all()
    assert_allclose(two.p_value, one.p_value, rtol=1e-7)


@every_target
@given(seed=seeds)
def test_signs_of_columns_do_not_matter(seed: int, target: str) -> None:
    drawn = problem(seed)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], drawn.l1.size)
    one = drawn.infer(target)
    two = drawn._replace(A=drawn.A * signs, w=drawn.w * signs).infer(target)
    turned = signs[one.features] < 0
    lower = np.where(turned, -two.upper, two.lower)
    assert_allclose(lower, one.lower, rtol=1e-7, atol=1e-7 * one.standard_error.max(initial=0))
    assert_allclose(two.p_value, one.p_value, rtol=1e-7)


@every_target
def test_without_penalties_it_is_the_classical_inference(target: str) -> None:
    rng = np.random.default_rng(0)
    A, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    free = Problem(A, y, np.zeros(3), np.linalg.lstsq(A, y)[0])
    found = free.infer(target, 2.0, 0.9)
    assert_allclose(found.p_value, 2 * norm.sf(np.abs(found.statistic)), rtol=1e-12)
    half = norm.isf(0.05) * found.standard_error
    assert_allclose(found.upper, found.estimate + half, rtol=1e-12)
    assert_allclose(found.lower, found.estimate - half, rtol=1e-12)


@every_target
def test_orthogonal_columns_have_a_law_in_closed_form(target: str) -> None:
    """Each coefficient is then alone: truncated to beyond n l1, on one side or on both."""
    n, A = 16, 2.0 * np.linalg.qr(np.random.default_rng(0).normal(size=(16, 2)))[0]
    y = A @ np.array([0.9, -0.4])  # A'y is four times these
    l1 = np.array([1.0, 0.5]) / n
    found = Problem(A, y, l1, np.array([0.65, -0.275])).infer(target)
    t, edge = np.array([1.8, 0.8]), np.array([0.5, 0.25])
    assert_allclose(np.abs(found.statistic), t, rtol=1e-12)
    p = norm.sf(t) / norm.sf(edge)
    both = p if target == "full" else 2 * np.minimum(p, 1 - p)
    assert_allclose(found.p_value, both, rtol=1e-9)


# --- published numbers --------------------------------------------------------------------------

# The R package selectiveInference on the adaptive lasso of the diabetes data, as a course prints
# it: feature, coefficient, Z-score, one-sided p-value, and the ends of the 95% interval, which are
# points of a grid.
PUBLISHED = {
    532.902: [
        (2, -1.009, -3.977, 0.000, -1.510, -0.505),
        (3, 0.998, 7.803, 0.000, 0.745, 1.249),
        (4, 0.991, 5.007, 0.000, 0.600, 1.383),
        (5, -0.783, -3.025, 0.015, -1.467, -0.087),
        (6, 0.742, 1.600, 0.113, -0.554, 2.136),
        (8, 0.718, 1.052, 0.294, -1.874, 2.306),
        (9, 0.921, 5.766, 0.000, 0.543, 1.390),
        (10, 0.993, 1.027, 0.349, -3.324, 2.851),
    ],
    55827.695: [
        (3, 1.165, 9.645, 0.000, 0.928, 1.404),
        (4, 0.836, 4.433, 0.001, 0.356, 1.207),
        (5, -0.261, -3.266, 0.088, -0.413, 0.141),
        (9, 0.859, 9.217, 0.000, 0.617, 1.044),
    ],
}


@pytest.mark.parametrize("penalty", PUBLISHED)
def test_published_numbers_of_the_diabetes_data(penalty: float) -> None:
    X, y = load_diabetes(return_X_y=True, scaled=False)
    X, y = (X - X.mean(axis=0)) / X.std(axis=0), y - y.mean()
    first, square, *_ = np.linalg.lstsq(X, y)
    A, l1 = X * np.abs(first), np.full(10, penalty / len(y))
    drawn = Problem(A, y, l1, lasso(A, y[:, None], l1)[:, 0])
    sigma = float(np.sqrt(square[0] / (len(y) - 11)))
    assert_allclose(sigma, 54.154, atol=5e-4)
    found, known = drawn.infer("minimal", sigma), np.array(PUBLISHED[penalty])
    assert (found.features + 1 == known[:, 0]).all()
    assert_allclose(found.estimate, known[:, 1], atol=6e-4)
    assert_allclose(found.statistic, known[:, 2], atol=6e-4)
    assert_allclose(found.p_value / 2, known[:, 3], atol=6e-4)
    ends = np.column_stack([found.lower, found.upper]) - known[:, 4:]
    assert (np.abs(ends) <= 0.03 * found.standard_error[:, None] + 5e-4).all()


# --- the law ------------------------------------------------------------------------------------

SIGMA = 0.8
TRUTH = np.array([0.5, -0.3, 0.0, 0.0])


class Simulation(NamedTuple):
    """What was found about the selected feature j in each draw, and the truth about it."""

    found: list[SelectiveInference]
    at: list[int]
    truth: Any
    models: list[bytes]

    def values(self, name: str) -> Any:
        return np.array([getattr(f, name)[k] for f, k in zip(self.found, self.at, strict=True)])


@cache
def simulate(target: str, j: int) -> Simulation:
    """Draw y around a fixed mean, and keep the draws that select feature j."""
    rng = np.random.default_rng(7)
    A = rng.normal(size=(30, 4)) + 0.5 * rng.normal(size=(30, 1))
    l1, mean = np.full(4, 0.15), A @ TRUTH
    Y = mean[:, None] + SIGMA * rng.normal(size=(30, N_DRAWS))
    W = lasso(A, Y, l1)
    found, at, truth, models = [], [], [], []
    for y, w in zip(Y.T, W.T, strict=True):
        if w[j] == 0:
            continue
        result = selective_inference(A, y, l1, w, SIGMA, 0.9, target)
        M = result.features
        at.append(int(np.searchsorted(M, j)))
        of_model = np.linalg.lstsq(A[:, M], mean)[0]
        truth.append(TRUTH[j] if target == "full" else of_model[at[-1]])
        found.append(result)
        models.append(np.sign(w).tobytes())
    return Simulation(found, at, np.array(truth), models)


@every_target
@pytest.mark.parametrize("j", [0, 2])
def test_the_law_given_the_selection(target: str, j: int) -> None:
    """F at the true mean is uniform, the interval covers, and the naive p-value is not uniform."""
    drawn = simulate(target, j)
    mean = drawn.truth / drawn.values("standard_error")
    t, limits = drawn.values("statistic") - mean, drawn.values("limits") - mean[:, None]
    if target == "minimal":
        pivots = truncnorm.cdf(t, limits[:, 0], limits[:, 1])
    else:
        low, high = norm.cdf(limits).T
        pivots = (norm.cdf(t) - (high - low) * (t >= limits[:, 1])) / (1 - high + low)
    assert kstest(pivots, "uniform").pvalue > 1e-3
    if target == "minimal":  # given each model and its signs, too
        model = max(set(drawn.models), key=drawn.models.count)
        assert kstest(pivots[[m == model for m in drawn.models]], "uniform").pvalue > 1e-3
    covered = (drawn.values("lower") <= drawn.truth) & (drawn.truth <= drawn.values("upper"))
    spread = np.sqrt(0.9 * 0.1 / covered.size)
    assert abs(covered.mean() - 0.9) <= 3.5 * spread
    if j == 2:
        assert kstest(norm.cdf(t), "uniform").pvalue < 1e-6


def test_p_values_of_nulls_are_uniform() -> None:
    """Feature 2 has no effect beside the others, whatever is selected."""
    drawn = simulate("full", 2)
    assert kstest(drawn.values("p_value"), "uniform").pvalue > 1e-3


# --- what is refused ----------------------------------------------------------------------------


@every_target
def test_nothing_is_selected(target: str) -> None:
    drawn = problem(0)
    l1 = np.full(6, 1e6)
    found = Problem(drawn.A, drawn.y, l1, np.zeros(6)).infer(target)
    assert all(len(values) == 0 for values in found)
    assert found.limits.shape == (0, 2)


@every_target
def test_a_feature_at_the_edge_is_refused(target: str) -> None:
    A = 2.0 * np.eye(6, 2)
    y, l1 = np.array([3.0, 1.0, 0.5, 0.0, 0.0, 0.0]), np.array([1.0, 2.0]) / 6
    drawn = Problem(A, y, l1, np.array([1.25, 0.0]))
    with pytest.raises(ValueError, match=r"feature 1 is selected.* smaller or larger"):
        drawn.infer(target)
    barely = drawn._replace(w=np.array([1.25, 1e-17]))
    with pytest.raises(ValueError, match=r"feature 1 is selected"):
        barely.infer(target)
    for factor, size in ((0.999, 2), (1.001, 1)):
        fewer = drawn._replace(l1=factor * l1)
        fewer = fewer._replace(w=lasso(A, y[:, None], fewer.l1)[:, 0])
        assert fewer.infer(target).features.size == size


@every_target
@pytest.mark.parametrize("w", [[0.0, 0.0, 0.0], [1.0, 0.0, 1.0], [-1.0, 0.0, 0.0]])
def test_what_is_not_the_solution_is_refused(target: str, w: Any) -> None:
    A = np.random.default_rng(0).normal(size=(20, 3))
    y, l1 = 2.0 * A[:, 0], np.full(3, 0.2)
    with pytest.raises(ValueError, match=r"coef_ is not the solution at feature \d.* smaller tol"):
        Problem(A, y, l1, np.array(w)).infer(target)


@every_target
def test_dependent_columns_are_refused(target: str) -> None:
    A = np.random.default_rng(0).normal(size=(20, 3))
    A[:, 2] = A[:, 0]
    y = A[:, 0]
    with pytest.raises(ValueError, match=r"feature [02] of the selected model is a combination"):
        Problem(A, y, np.full(3, 0.1), np.array([0.4, 0.0, 0.4])).infer(target)


def test_the_full_model_must_have_independent_columns() -> None:
    rng = np.random.default_rng(0)
    A, l1 = rng.normal(size=(20, 4)), np.full(4, 0.1)
    A[:, 3] = A[:, 1] + A[:, 2]
    y = 2.0 * A[:, 0] + 0.01 * rng.normal(size=20)
    drawn = Problem(A, y, l1, lasso(A, y[:, None], l1)[:, 0])
    assert drawn.infer("minimal").features.size == 1
    with pytest.raises(ValueError, match=r"target='full' needs .* feature \d is a combination"):
        drawn.infer("full")
    wide = Problem(A[:4], y[:4], l1, lasso(A[:4], y[:4, None], l1)[:, 0])
    with pytest.raises(ValueError, match=r"more rows than features, .*got 4 rows and 4 features"):
        wide.infer("full")
