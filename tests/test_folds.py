"""Folds of rows that are gone are the folds of rows at hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.model_selection import PredefinedSplit

from sklearn_reg._folds import (
    CellMoments,
    GatheredFolds,
    InTurn,
    MomentFolds,
    RowFolds,
    Split,
)
from sklearn_reg._scaled import UnitPenalty

N, P, FOLDS = 47, 4, 3


@pytest.mark.parametrize("sizes", [[47], [1] * 47, [2, 30, 15]])
@pytest.mark.parametrize("weighted", [False, True])
def test_gathered_folds_are_those_of_rows_dealt_in_turn(sizes: list[int], weighted: bool) -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(N, P)) + 5, rng.normal(size=(N, 2))
    weights = rng.uniform(0.5, 2, N) if weighted else None
    deal = InTurn(FOLDS)
    gathered, start = [CellMoments(FOLDS, P, 2), CellMoments(FOLDS, P, 2)], 0
    for number, size in enumerate(sizes):
        rows = slice(start, start + size)
        s = None if weights is None else weights[rows]
        gathered[number % 2].update(X[rows], Y[rows], s, deal.cells(size))
        start += size
    settings = {"centred": True, "standardize": False}
    folds = GatheredFolds(gathered[0] + gathered[1], deal, **settings)
    splits = [Split(*split) for split in PredefinedSplit(np.arange(N) % FOLDS).split()]
    there = RowFolds(X, Y, weights, splits, **settings)
    assert (folds.n_folds, folds.n_rows, folds.n_features, folds.n_targets) == (FOLDS, N, P, 2)
    coefs, intercepts = rng.normal(size=(2, P)), rng.normal(size=(1, 2))
    penalty = UnitPenalty(0.5, np.ones(P), np.zeros(P, dtype=bool), False)
    assert folds.train_on_rows(0, penalty) is None
    assert folds.whole_on_rows(penalty) is None
    for fold in range(FOLDS):
        assert_allclose(
            folds.errors(fold, coefs, intercepts), there.errors(fold, coefs, intercepts), rtol=1e-12
        )
        mine, theirs = folds.train(fold, penalty), there.train(fold, penalty)
        w = rng.normal(size=P)
        assert_allclose(
            mine.units[1] ** 2 * mine.problem(1, penalty).evaluate(w / mine.units[1]).objective,
            theirs.units[1] ** 2
            * theirs.problem(1, penalty).evaluate(w / theirs.units[1]).objective,
            rtol=1e-12,
        )


@pytest.mark.parametrize("folds_of", [MomentFolds, RowFolds])
def test_errors_of_sparse_coefficients_are_those_of_dense_ones(folds_of: type) -> None:
    # A fold that falls back to its rows may have CSR coefficients.
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(N, P)), rng.normal(size=(N, 1))
    splits = [Split(np.arange(20), np.arange(20, N))]
    folds = folds_of(X, Y, None, splits, centred=True, standardize=False)
    coefs, intercepts = np.diag([1.0, 0.0, -2.0, 0.0]), np.zeros((P, 1))
    expected = [[np.mean((Y[rows, 0] - X[rows] @ w) ** 2) for w in coefs] for rows in splits[0]]
    for form in (coefs, sparse.csr_array(coefs)):
        assert_allclose(folds.errors(0, form, intercepts)[..., 0], expected, rtol=1e-12)
