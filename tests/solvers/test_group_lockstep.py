"""Group lassos of many penalties in lockstep: certified from outside, equal to a slow reference."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_reg._solvers.group_lockstep import GroupPenalty, Groups, interpolated, solve_grid

Array = np.ndarray[Any, Any]


class Problem(NamedTuple):
    """A design with its groups and penalties."""

    Z: Array
    y: Array
    starts: Array
    l1: Array
    l2: Array

    @property
    def parts(self) -> list[slice]:
        ends = [*self.starts[1:], len(self.l1)]
        return [slice(a, b) for a, b in zip(self.starts, ends, strict=True)]

    def product(self, D: Array) -> Array:
        Z = self.Z.astype(D.dtype)
        return np.asarray(Z.T @ (Z @ D))

    def grid(self, n_levels: int, ratio: float = 0.02) -> Array:
        """Falling multipliers from the largest that matters, with free features fitted."""
        free = np.concatenate([np.full(z.stop - z.start, self.is_free(g)) for g, z in self.each])
        F = self.Z[:, free]
        u = self.Z.T @ (self.y - F @ np.linalg.lstsq(F, self.y, rcond=None)[0])
        top = max(
            level_of(u[z], self.l1[z], self.l2[g]) for g, z in self.each if not self.is_free(g)
        )
        return top * np.geomspace(1.0, ratio, n_levels)

    @property
    def each(self) -> list[tuple[int, slice]]:
        return list(enumerate(self.parts))

    def is_free(self, g: int) -> bool:
        return bool(self.l2[g] == 0 and not self.l1[self.parts[g]].any())

    def solve(self, levels: Array, tol: float, start: Any = None) -> tuple[Array, Array, Array]:
        yy, diagonal = float(self.y @ self.y), (self.Z**2).sum(axis=0)
        penalties = self.starts, self.l1, self.l2
        return solve_grid(
            self.product, self.Z.T @ self.y, yy, *penalties, levels, tol, start, diagonal
        )

    def penalty(self, w: Array) -> float:
        lengths = [np.linalg.norm(w[z]) for z in self.parts]
        return float(self.l1 @ np.abs(w) + self.l2 @ lengths)

    def gap(self, w: Array, t: float) -> float:
        """Duality gap as a share of F(0), from the residual alone."""
        r = self.y - self.Z @ w
        free = np.concatenate([np.full(z.stop - z.start, self.is_free(g)) for g, z in self.each])
        F = self.Z[:, free]
        point = r - F @ np.linalg.lstsq(F, r, rcond=None)[0]
        u = self.Z.T @ point
        levels = [
            level_of(u[z], self.l1[z], self.l2[g]) for g, z in self.each if not self.is_free(g)
        ]
        point = point / max(1.0, *(level / t for level in levels))
        dual = self.y @ point - 0.5 * point @ point
        return float((0.5 * r @ r + t * self.penalty(w) - dual) / (0.5 * self.y @ self.y))


def level_of(u: Array, l1: Array, l2: float) -> float:
    """Smallest s with |soft(u, s l1)| <= s l2, by bisection."""
    low, high = 0.0, 1.0
    while excess(u, l1, l2, high) > 0:
        high *= 2.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(u, l1, l2, middle) > 0 else (low, middle)
    return high


def excess(u: Array, l1: Array, l2: float, s: float) -> float:
    return float(np.linalg.norm(np.maximum(np.abs(u) - s * l1, 0.0)) - s * l2)


def reference(problem: Problem, t: float, n_steps: int = 20000) -> Array:
    """Minimise by accelerated proximal gradient with restarts."""
    Z, y = problem.Z, problem.y
    rate = 1.0 / np.linalg.norm(Z, 2) ** 2
    w = v = np.zeros(Z.shape[1])
    momentum = 1.0
    for _ in range(n_steps):
        z = v + rate * (Z.T @ (y - Z @ v))
        new = np.sign(z) * np.maximum(np.abs(z) - rate * t * problem.l1, 0.0)
        for g, part in problem.each:
            length = np.linalg.norm(new[part])
            new[part] *= max(0.0, 1.0 - rate * t * problem.l2[g] / length) if length else 0.0
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        if (v - new) @ (new - w) > 0:
            following = 1.0
            v = new
        else:
            v = new + (momentum - 1.0) / following * (new - w)
        if np.abs(new - w).max() < 1e-16:
            break
        w, momentum = new, following
    return w


def problem_of(seed: int, kind: str, l1_ratio: float, n: int = 40) -> Problem:
    """Columns of many kinds; groups of one to six, of unequal weights."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 7, size=8)
    if kind == "single":
        sizes = np.ones(20, dtype=int)
    starts, m = np.append(0, np.cumsum(sizes)[:-1]), int(sizes.sum())
    X = rng.normal(size=(n // 3 if kind == "wide" else n, m))
    if kind == "correlated":
        X += 2.0 * rng.normal(size=(len(X), 1))
    elif kind == "equal":
        X[:, -1] = X[:, 0]
        X[:, m // 2] = -X[:, 0]
    elif kind == "near":
        X = np.repeat(X[:, starts], sizes, axis=1) + 0.05 * X
    Z = X - X.mean(axis=0)
    Z /= np.sqrt((Z**2).sum(axis=0))
    y = Z[:, : m // 2] @ rng.normal(size=m // 2) + 0.1 * rng.normal(size=len(Z))
    v = rng.uniform(0.7, 1.4, size=len(sizes))
    l2 = (1.0 - l1_ratio) * np.sqrt(sizes) * v
    l1 = l1_ratio * np.repeat(v, sizes)
    if kind == "free":
        l2[[1, 3]] = 0.0
        l1[starts[1] : starts[2]] = l1[starts[3] : starts[4]] = 0.0
    return Problem(Z, y, starts, l1, l2)


KINDS = ["any", "single", "wide", "correlated", "equal", "near", "free"]
LEVELS = st.tuples(st.integers(0, 10**6), st.sampled_from(KINDS), st.sampled_from([0.0, 0.3, 0.9]))


@settings(max_examples=30)
@given(LEVELS, st.sampled_from([1e-4, 1e-6, 1e-8, 1e-10]))
def test_every_gap_is_within_the_tolerance(drawn: tuple[int, str, float], tol: float) -> None:
    problem = problem_of(*drawn)
    levels = problem.grid(9)
    W, U, solved = problem.solve(levels, tol)
    assert solved.all()
    assert max(map(problem.gap, W, levels)) <= tol
    assert_allclose(U, (problem.Z.T @ (problem.y[:, None] - problem.Z @ W.T)).T, atol=1e-11)


@pytest.mark.parametrize("kind", ["any", "single", "wide", "near", "free"])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.3])
def test_solutions_are_those_of_a_slow_method(kind: str, l1_ratio: float) -> None:
    problem = problem_of(0, kind, l1_ratio)
    levels = problem.grid(4, 0.1)
    W, _, solved = problem.solve(levels, 1e-12)
    assert solved.all()
    slow = [reference(problem, t) for t in levels[[1, 3]]]
    assert max(map(problem.gap, slow, levels[[1, 3]])) < 1e-10
    images = [problem.Z @ w for w in slow]  # these are unique
    assert_allclose(W[[1, 3]] @ problem.Z.T, images, atol=1e-5)
    assert_array_equal(W[0, np.repeat(problem.l2 > 0, np.diff([*problem.starts, len(W[0])]))], 0.0)


def test_a_start_at_the_solution_is_kept() -> None:
    problem = problem_of(1, "any", 0.3)
    levels = problem.grid(6)
    W, U, _ = problem.solve(levels, 1e-8)
    again, same, solved = problem.solve(levels, 1e-8, (W, U))
    assert solved.all()
    assert_array_equal(again, W)
    assert_array_equal(same, U)


def test_multipliers_may_have_any_order() -> None:
    problem = problem_of(2, "any", 0.0)
    levels = problem.grid(7)
    order = np.random.default_rng(0).permutation(7)
    W, _, _ = problem.solve(levels, 1e-12)
    shuffled, _, solved = problem.solve(levels[order], 1e-12)
    assert solved.all()
    assert_allclose(shuffled, W[order], atol=1e-5)


def test_orthogonal_groups_have_a_closed_form() -> None:
    rng = np.random.default_rng(3)
    Z = np.linalg.qr(rng.normal(size=(30, 12)))[0]
    problem = Problem(Z, rng.normal(size=30), np.arange(0, 12, 3), np.full(12, 0.2), np.ones(4))
    levels = problem.grid(8)
    W, _, solved = problem.solve(levels, 1e-13)
    c = problem.Z.T @ problem.y
    soft = np.sign(c) * np.maximum(np.abs(c) - 0.2 * levels[:, None], 0.0)
    length = np.linalg.norm(soft.reshape(8, 4, 3), axis=2)
    shrunk = np.maximum(1.0 - levels[:, None] / np.maximum(length, 1e-300), 0.0)
    assert solved.all()
    assert_allclose(W, np.repeat(shrunk, 3, axis=1) * soft, atol=1e-6)


def test_a_problem_that_takes_too_long_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sklearn_reg._solvers.group_lockstep.STEPS", 2)
    problem = problem_of(4, "correlated", 0.3)
    levels = problem.grid(6)
    W, _, solved = problem.solve(levels, 1e-10)
    assert not solved.all()
    assert np.isfinite(W).all()


@pytest.mark.parametrize("wrong", [np.inf, np.nan])
def test_single_precision_only_guides(wrong: float, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = problem_of(0, "any", 0.3)
    levels, product = problem.grid(6), problem.product

    def product_in_double(D: Array) -> Array:
        return product(D) if D.dtype == float else np.full(D.shape, wrong, dtype=D.dtype)

    yy, diagonal = float(problem.y @ problem.y), (problem.Z**2).sum(axis=0)
    penalties = problem.starts, problem.l1, problem.l2
    with np.errstate(all="raise", under="ignore"):
        W, _, solved = solve_grid(
            product_in_double,
            problem.Z.T @ problem.y,
            yy,
            *penalties,
            levels,
            1e-10,
            None,
            diagonal,
        )
    assert solved.all()
    assert max(map(problem.gap, W, levels)) <= 1e-10


@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.5, 1.0]))
def test_levels_are_roots(seed: int, l1_ratio: float) -> None:
    problem = problem_of(seed, "any", l1_ratio)
    penalty = GroupPenalty(Groups(problem.starts, len(problem.l1)), problem.l1, problem.l2)
    u = np.random.default_rng(seed).normal(size=len(problem.l1))
    largest = max(level_of(u[z], problem.l1[z], problem.l2[g]) for g, z in problem.each)
    t = np.array([0.1, 10.0])
    found = penalty.level(np.column_stack([u, u]), t)
    assert_allclose(found, np.maximum(largest / t, 1.0), rtol=1e-12)


def test_interpolation_is_linear_between_and_flat_beyond() -> None:
    known, values = np.array([4.0, 2.0, 1.0]), np.array([[0.0], [2.0], [5.0]])
    found = interpolated(known, values, np.array([5.0, 4.0, 3.0, 1.5, 1.0, 0.5]))
    assert_allclose(found[:, 0], [0.0, 0.0, 1.0, 3.5, 5.0, 5.0])
    assert_allclose(interpolated(known[:1], values[1:2], np.array([1.0, 9.0])), 2.0)
