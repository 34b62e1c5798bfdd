"""Paths of halves: those that are followed together are those that are followed alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import RandomState
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_reg._data.data import InMemory
from sklearn_reg._data.designs import Preprocessing
from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._data.units import view_rows
from sklearn_reg._selection.halves import Halves, draw_halves
from sklearn_reg._selection.resampling import Plan, alone, count_selected, held, together


def halves_of(seed: int, n: int, p: int, **options: Any) -> Halves:
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(n, p)) * np.exp2(rng.integers(-3, 3, p)) + 5 * rng.normal(size=p)
    y = A[:, 0] - A[:, 1] + rng.normal(size=n) + 3.0
    penalty = UnitPenalty.read(
        options.get("l1_ratio", 1.0), None, options.get("bounds"), False, p, None
    )
    weights = rng.uniform(0.5, 2.0, size=(8, p)) if options.get("weighted") else np.ones((8, p))
    preprocessing = Preprocessing(options.get("centred", True), options.get("standardize", True))
    members = draw_halves(n, 8, RandomState(seed))
    return Halves(InMemory(A, y, None), members, preprocessing, penalty, weights)


OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "weighted": {"weighted": True},
    "elastic net": {"l1_ratio": 0.5, "weighted": True},
    "not centred": {"centred": False},
    "as they are": {"standardize": False},
    "box": {"bounds": (-0.1, 0.2)},
}


@pytest.mark.parametrize("shape", [(41, 5), (40, 25), (30, 60)])
@pytest.mark.parametrize("name", OPTIONS)
def test_halves_have_the_products_of_their_rows(shape: tuple[int, int], name: str) -> None:
    halves = halves_of(0, *shape, **OPTIONS[name])
    every = np.arange(halves.n_halves)
    grid = np.array([1.0, 0.1])
    requests = halves.path_requests(every, grid, 1e-6) if halves.suit_moments else None
    for k in every:
        weights, penalty = halves.members[k].astype(float), halves.penalty_of(k)
        view = view_rows(halves.data.rows, halves.data.Y, weights, penalty, halves.preprocessing)
        design, everything = view.design, np.arange(shape[1])
        scale = halves.unit / view.units[0]
        v = halves.weights[k] if penalty.is_lasso else 1.0
        assert_allclose(v * halves.crosses[k], design.cross[:, 0] / scale, rtol=1e-9, atol=1e-12)
        assert_allclose(v**2 * halves.squares[k], design.squares, rtol=1e-9)
        assert_allclose(halves.scatters[k], design.scatter[0] / scale**2, rtol=1e-9)
        if requests is not None:
            gram = requests[k].problem.grams * np.multiply.outer(v, v)
            expected = design.gram(everything, everything)
            assert_allclose(gram, expected, rtol=1e-8, atol=1e-10 * expected.max())


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([(41, 5), (40, 25), (30, 60)]),
    st.sampled_from(sorted(OPTIONS)),
)
@settings(max_examples=25, deadline=None)
def test_paths_that_are_followed_together_are_those_that_are_followed_alone(
    seed: int, shape: tuple[int, int], name: str
) -> None:
    halves = halves_of(seed, *shape, **OPTIONS[name])
    ratio = halves.penalty.l1_ratio
    largest = halves.unit * np.abs(halves.crosses).max() / ratio
    plan = Plan(halves, np.geomspace(largest, 0.05 * largest, 12), 1e-10, shape[1])
    every = np.arange(halves.n_halves)
    if not (halves.suit_moments or halves.suit_rows):
        return
    found, expected = together(plan, every), alone(plan, every)
    assert_array_equal(found.selected, expected.selected[found.halves])
    assert found.halves.size > 0
    counts = count_selected(*plan)
    assert_array_equal(counts.selected, expected.selected.sum(axis=0))
    assert_array_equal(counts.sizes, expected.selected.any(axis=1).sum(axis=1))
    assert counts.n_uncertain == 0


@pytest.mark.parametrize("p", [8, 50])
@pytest.mark.parametrize("centred", [True, False])
def test_columns_that_are_constant_in_a_half_do_not_make_it_slow(p: int, centred: bool) -> None:
    rng = np.random.default_rng(0)
    A = rng.normal(size=(40, p))
    A[:, 1:4] = 0.3
    A[[5, 9], [1, 2]] = 1.3
    y = A[:, 0] + rng.normal(size=40)
    penalty = UnitPenalty.read(1.0, None, None, False, p, None)
    members = draw_halves(40, 8, RandomState(0))
    data = InMemory(A, y, None)
    halves = Halves(data, members, Preprocessing(centred, True), penalty, np.ones((8, p)))
    constant = np.array([np.ptp(A[half], axis=0) == 0 for half in members])
    assert_array_equal(np.flatnonzero(constant.any(axis=0)), [1, 2, 3])
    assert halves.plain.all()
    grid = halves.unit * np.abs(halves.crosses).max() * np.geomspace(1.0, 0.05, 10)
    plan = Plan(halves, grid, 1e-10, p)
    found, expected = together(plan, np.arange(8)), alone(plan, np.arange(8))
    assert_array_equal(found.selected, expected.selected[found.halves])
    assert found.halves.size > 4


@given(st.integers(0, 2**32 - 1), st.integers(0, 7))
def test_a_path_keeps_what_it_had_selected_at_its_end(seed: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    selected, penalised = rng.random((4, 6, 7)) < 0.2, rng.random(7) < 0.8
    found, sizes = held(selected, penalised, most)
    for path, kept, size in zip(selected, found, sizes, strict=True):
        ever, last = set(), np.zeros(7, dtype=bool)
        for k, row in enumerate(path):
            now = ever | set(np.flatnonzero(row & penalised).tolist())
            if len(now) > most:
                assert (kept[k:] == last).all()
                break
            ever, last = now, row
            assert_array_equal(kept[k], row)
        assert size == len(ever)


def test_threads_do_not_change_a_count() -> None:
    halves = halves_of(1, 40, 9000)
    grid = np.geomspace(1.0, 0.3, 10) * halves.unit * np.abs(halves.crosses).max()
    first, again = (count_selected(halves, grid, 1e-6, 9000) for _ in range(2))
    assert_array_equal(first.selected, again.selected)
    assert first.sizes.min() > 0
