"""Lasso paths of subsets of rows: what is sure is the support of the optimum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sklearn_reg import regularization_path
from sklearn_reg._solvers.row_homotopy import FIRST_ROOM, Subsets, lasso_supports
from sklearn_reg._tools.bounds import Bounds
from sklearn_reg._tools.linalg import dense


def subsets_of(A: Any, y: Any, rng: Any, k: int) -> tuple[Subsets, Any]:
    """Return subsets of two thirds of the rows, columns of unit length, and their rows."""
    n = len(A)
    members = np.array([rng.permutation(n) < 2 * n // 3 for _ in range(k)])
    shares = members / members.sum(axis=1, keepdims=True)
    means = shares @ A
    variances = np.maximum(shares @ A**2 - means**2, 0.0)
    varying = variances > 1e-12
    factors = np.where(varying, 1.0 / np.sqrt(np.where(varying, variances, 1.0)), 0.0)
    centred = y - (shares @ y)[:, None]
    crosses = factors * ((shares * centred) @ A)
    return Subsets(A, shares, means, factors, factors**2 * variances, crosses), members


def supports(A: Any, y: Any, grid: Any, **options: Any) -> Any:
    path = regularization_path(A, y, grid, standardize=True, tol=1e-12, **options)
    return dense(path.coefs) != 0


@given(st.integers(0, 2**32 - 1), st.sampled_from([(15, 40), (30, 8), (60, 90)]), st.booleans())
@settings(max_examples=25, deadline=None)
def test_what_is_sure_is_the_support_of_the_optimum(
    seed: int, shape: tuple[int, int], positive: bool
) -> None:
    rng = np.random.default_rng(seed)
    A = rng.normal(size=shape) @ (np.eye(shape[1]) + 0.2 * rng.normal(size=(shape[1], shape[1])))
    A -= A.mean(axis=0)
    y = A[:, 0] - A[:, 1] + rng.normal(size=len(A))
    subsets, members = subsets_of(A, y, rng, 4)
    grid = np.abs(subsets.crosses).max() * np.geomspace(1.0, 0.01, 15)
    p = shape[1]
    bounds = Bounds(np.zeros(p), np.full(p, np.inf)) if positive else None
    selected, sure = lasso_supports(subsets, grid, bounds, p, 1e-10)
    assert sure.all()
    for found, rows in zip(selected, members, strict=True):
        assert_array_equal(found, supports(A[rows], y[rows], grid, positive=positive))


def test_a_path_may_have_more_features_than_there_was_room_for() -> None:
    rng = np.random.default_rng(0)
    A = rng.normal(size=(90, 100))
    y = A[:, :50] @ rng.normal(size=50)
    subsets, members = subsets_of(A, y, rng, 2)
    grid = np.abs(subsets.crosses).max() * np.geomspace(1.0, 0.01, 10)
    selected, sure = lasso_supports(subsets, grid, None, 100, 1e-10)
    assert sure.all()
    assert selected[:, -1].sum(axis=1).min() > 2 * FIRST_ROOM
    for found, rows in zip(selected, members, strict=True):
        assert_array_equal(found, supports(A[rows], y[rows], grid))


def test_a_path_may_end_once_it_has_selected_enough() -> None:
    rng = np.random.default_rng(1)
    A = rng.normal(size=(30, 50))
    y = A[:, :5].sum(axis=1) + rng.normal(size=30)
    subsets, _ = subsets_of(A, y, rng, 4)
    grid = np.abs(subsets.crosses).max() * np.geomspace(1.0, 0.01, 30)
    whole, _ = lasso_supports(subsets, grid, None, 50, 1e-10)
    short, sure = lasso_supports(subsets, grid, None, 4, 1e-10)
    assert sure.all()
    ever = np.logical_or.accumulate(whole, axis=1).sum(axis=2)
    assert_array_equal(short[ever <= 4], whole[ever <= 4])
    assert (np.logical_or.accumulate(short, axis=1).sum(axis=2)[ever > 4] > 4).all()


@pytest.mark.parametrize("twin", ["equal", "opposite", "constant", "sum"])
def test_dependent_columns_are_sure_only_if_they_are_right(twin: str) -> None:
    rng = np.random.default_rng(2)
    A = rng.normal(size=(30, 10))
    A[:, 3] = {"equal": A[:, 0], "opposite": -A[:, 0], "constant": 0.0, "sum": A[:, 0] + A[:, 1]}[
        twin
    ]
    A -= A.mean(axis=0)
    y = A[:, 0] - A[:, 2] + 0.3 * rng.normal(size=30)
    subsets, members = subsets_of(A, y, rng, 4)
    grid = np.abs(subsets.crosses).max() * np.geomspace(1.0, 0.01, 15)
    selected, sure = lasso_supports(subsets, grid, None, 10, 1e-10)
    for found, rows in zip(selected[sure], members[sure], strict=True):
        others = np.delete(np.arange(10), [0, 1, 3])
        expected = supports(A[rows], y[rows], grid)
        assert_array_equal(found[:, others], expected[:, others])
        if twin == "constant":
            assert not found[:, 3].any()


def test_nothing_is_sure_if_no_error_is_allowed() -> None:
    rng = np.random.default_rng(3)
    A = rng.normal(size=(30, 40))
    subsets, _ = subsets_of(A, A[:, 0] + rng.normal(size=30), rng, 4)
    grid = np.abs(subsets.crosses).max() * np.geomspace(1.0, 0.01, 15)
    assert not lasso_supports(subsets, grid, None, 40, 0.0)[1].any()
