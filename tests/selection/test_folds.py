"""Folds of rows that are gone are the folds of rows at hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.model_selection import PredefinedSplit

from sklearn_reg._data.cells import CellMoments
from sklearn_reg._data.designs import Preprocessing
from sklearn_reg._data.rows import rows_of
from sklearn_reg._data.units import UnitPenalty
from sklearn_reg._selection.assignment import RoundRobin
from sklearn_reg._selection.folds import MomentFolds, RowFolds, StreamFolds
from sklearn_reg._selection.splits import Split
from sklearn_reg._solvers.problem import problem_of

N, P, FOLDS = 47, 4, 3


@pytest.mark.parametrize("sizes", [[47], [1] * 47, [2, 30, 15]])
@pytest.mark.parametrize("weighted", [False, True])
def test_gathered_folds_are_those_of_rows_dealt_in_turn(sizes: list[int], weighted: bool) -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(N, P)) + 5, rng.normal(size=(N, 2))
    weights = rng.uniform(0.5, 2, N) if weighted else None
    assignment = RoundRobin(FOLDS)
    gathered, start = [CellMoments(FOLDS, P, 2), CellMoments(FOLDS, P, 2)], 0
    for number, size in enumerate(sizes):
        rows = slice(start, start + size)
        s = None if weights is None else weights[rows]
        gathered[number % 2].update(X[rows], Y[rows], s, assignment.cells(start, size))
        start += size
    preprocessing = Preprocessing(centred=True, standardize=False)
    folds = StreamFolds(gathered[0] + gathered[1], assignment, preprocessing)
    splits = [Split(*split) for split in PredefinedSplit(np.arange(N) % FOLDS).split()]
    there = RowFolds(rows_of(X), Y, weights, splits, preprocessing)
    assert (folds.n_folds, folds.n_rows, folds.n_features, folds.n_targets) == (FOLDS, N, P, 2)
    coefs, intercepts = rng.normal(size=(2, P)), rng.normal(size=(1, 2))
    penalty = UnitPenalty(0.5, np.ones(P), np.zeros(P, dtype=bool), False)
    assert not any(view.design.has_rows for view in folds.views(penalty, 0))
    assert not any(view.design.has_rows for view in folds.views(penalty))
    for fold in range(FOLDS):
        assert_allclose(
            folds.errors(fold, coefs, intercepts), there.errors(fold, coefs, intercepts), rtol=1e-12
        )
        mine, theirs = (next(each.views(penalty, fold)) for each in (folds, there))
        w = rng.normal(size=P)
        assert_allclose(
            *(
                view.units[1] ** 2
                * problem_of(view, 1, penalty).evaluate(w / view.units[1]).objective
                for view in (mine, theirs)
            ),
            rtol=1e-12,
        )


@pytest.mark.parametrize("folds_of", [MomentFolds, RowFolds])
def test_errors_of_sparse_coefficients_are_those_of_dense_ones(folds_of: type) -> None:
    # A fold that falls back to its rows may have CSR coefficients.
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(N, P)), rng.normal(size=(N, 1))
    splits = [Split(np.arange(20), np.arange(20, N))]
    folds = folds_of(rows_of(X), Y, None, splits, Preprocessing(True, False))
    coefs, intercepts = np.diag([1.0, 0.0, -2.0, 0.0]), np.zeros((P, 1))
    expected = [[np.mean((Y[rows, 0] - X[rows] @ w) ** 2) for w in coefs] for rows in splits[0]]
    for form in (coefs, sparse.csr_array(coefs)):
        assert_allclose(folds.errors(0, form, intercepts)[..., 0], expected, rtol=1e-12)
