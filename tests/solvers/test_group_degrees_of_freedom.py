"""Degrees of freedom of group lassos: both systems, and the inverse written out."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from designing import make_design
from sklearn_reg._solvers import SOLVERS, Settings
from sklearn_reg._solvers import group_degrees_of_freedom as under_test
from sklearn_reg._solvers.group_degrees_of_freedom import Solution, group_degrees_of_freedom
from sklearn_reg._solvers.problem import Problem
from sklearn_reg.penalties import SparseGroupLasso


def solved(n: int, p: int, size: int, ratio: float, free: int = 0, spread: float = 0.0):
    """Solve a problem at three penalties; return the design and the penalties with weights.

    The lengths of the columns span `spread` orders of magnitude.
    """
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p)) * 10.0 ** np.linspace(0.0, spread, p)
    design, _ = make_design(X, (X[:, :size].sum(axis=1) + rng.normal(size=n))[:, None])
    groups, found = np.arange(p) // size, []
    v = np.ones(p // size)
    v[: free // size] = 0.0
    l1, l2 = ratio * v[groups], (1 - ratio) * np.sqrt(size) * v
    top = Problem(design, 0, SparseGroupLasso(groups, l1, l2)).largest_level
    for share in (0.5, 0.1, 0.01):
        h = SparseGroupLasso(groups, share * top * l1, share * top * l2)
        settings = Settings(None, 10**5, 1e-12)
        found.append((h, SOLVERS["active_set"].run(Problem(design, 0, h), np.zeros(p), settings).w))
    return design, found


def written_out(design, h: SparseGroupLasso, w: np.ndarray) -> float:
    """trace((G + H)^+ G), with every matrix formed."""
    S = np.flatnonzero((w != 0) | h.free(w.size))
    H = np.zeros((S.size, S.size))
    for a, i in enumerate(S):
        for b, j in enumerate(S):
            g = h.groups[i]
            if g == h.groups[j] and h.l2[g] > 0:
                length = np.linalg.norm(w[h.groups == g])
                H[a, b] = h.l2[g] / length * ((i == j) - w[i] * w[j] / length**2)
    gram = design.gram(S, S)
    return float(np.trace(np.linalg.pinv(gram + H, rcond=1e-11) @ gram))


@pytest.mark.parametrize("free", [0, 4])
@pytest.mark.parametrize("ratio", [0.0, 0.4, 1.0])
@pytest.mark.parametrize(("n", "p"), [(40, 12), (12, 60)])
def test_both_systems_have_the_trace(n: int, p: int, ratio: float, free: int) -> None:
    design, found = solved(n, p, 4, ratio, free)
    wanted = [written_out(design, *one) for one in found]
    solutions = [Solution.of(*one) for one in found]
    assert_allclose(group_degrees_of_freedom(design, solutions), wanted, rtol=1e-6, atol=1e-6)
    assert_allclose(under_test._by_rows(design, solutions, map), wanted, rtol=1e-6, atol=1e-6)
    assert_allclose(under_test._by_weights(design, solutions, map), wanted, rtol=1e-6, atol=1e-6)
    assert max(wanted) <= min(n - 1, p) + 1e-6


@pytest.mark.parametrize("spread", [0.0, 6.0])
def test_single_precision_is_far_below_one_degree(
    spread: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    design, found = solved(60, 300, 5, 0.0, spread=spread)
    solutions = [Solution.of(*one) for one in found]
    double = under_test._by_rows(design, solutions, map)
    monkeypatch.setattr(under_test, "LARGE", 0)
    single = under_test._by_rows(design, solutions, map)
    assert_allclose(single, double, atol=1e-4)
    assert single != double  # or it was not single


@pytest.mark.parametrize("large", [0, 2**18])
def test_where_nearly_nothing_is_penalised_the_rows_are_the_degrees_of_freedom(
    large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "LARGE", large)
    design, found = solved(12, 60, 4, 0.0, spread=3.0)
    one = Solution.of(*found[-1])
    rigid = one._replace(slopes=np.full(one.support.size, 1e-18))
    assert_allclose(group_degrees_of_freedom(design, [rigid]), [11.0], atol=1e-3)
