"""Folds of rows that are gone are the folds of rows at hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import (
    LeaveOneOut,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
)

from searching import EXACT, SINGLE, data_of, every_class, quiet
from sklearn_reg import LassoRegression, LassoRegressionCV
from sklearn_reg._data.cells import CellMoments
from sklearn_reg._data.designs import Preprocessing
from sklearn_reg._data.rows import rows_of
from sklearn_reg._data.unit_penalty import UnitPenalty
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
    penalty = UnitPenalty(0.5, np.ones(P), np.zeros(P, dtype=bool))
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


# --- moments and rows -----------------------------------------------------------------------------

SPLITTERS = {
    "shuffle": ShuffleSplit(4, train_size=0.5, test_size=0.2, random_state=0),
    "repeated": RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
    "time": TimeSeriesSplit(4),
    "one out": LeaveOneOut(),
}


@quiet
@every_class
@pytest.mark.parametrize("splitter", SPLITTERS)
@pytest.mark.parametrize("weighted", [False, True])
def test_moments_and_rows_give_the_same_curves(CV, splitter, weighted) -> None:
    X, y = data_of("tall")
    X, y = X[:30, :5], y[:30] + 1e6
    s = np.random.default_rng(2).uniform(0.1, 1.0, 30) if weighted else None
    splits = list(SPLITTERS[splitter].split(X))
    model = CV(4, cv=splits, **EXACT).fit(X, y, s)
    for fold, (train, test) in enumerate(splits):
        weights = None if s is None else s[train]
        for k, lambda_ in enumerate(model.lambdas_):
            single = SINGLE[CV](lambda_, solver="auto", **EXACT).fit(X[train], y[train], weights)
            for rows, path in ((test, model.mse_path_), (train, model.train_mse_path_)):
                weight = None if s is None else s[rows]
                expected = mean_squared_error(
                    y[rows], single.predict(X[rows]), sample_weight=weight
                )
                assert_allclose(path[k, fold], expected, rtol=1e-6)


def test_a_row_may_be_drawn_twice() -> None:
    X, y = data_of("tall")
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, 200, 200)
    model = LassoRegressionCV(5, cv=[(drawn, np.arange(200, 300))], **EXACT).fit(X, y)
    single = LassoRegression(model.lambdas_[3], solver="auto", **EXACT).fit(X[drawn], y[drawn])
    expected = mean_squared_error(y[200:], single.predict(X[200:]))
    assert_allclose(model.mse_path_[3, 0], expected, rtol=1e-9)


def test_moments_say_when_they_lost_the_digits_of_an_error() -> None:
    # An exact fit: the error is a difference of numbers 1e20 times larger.
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 3))
    y = X @ [1.0, 2.0, 3.0]
    splits = [Split(np.arange(40), np.arange(40, 80))]
    preprocessing = Preprocessing(centred=True, standardize=False)
    coefs, intercepts = np.array([[1.0, 2.0, 3.0 + 1e-10]]), np.zeros((1, 1))
    errors = [
        Folds(rows_of(X), y[:, None], None, splits, preprocessing).errors(0, coefs, intercepts)
        for Folds in (MomentFolds, RowFolds)
    ]
    assert_allclose(errors[0], errors[1], rtol=1e-6)
    assert (errors[1] > 0).all()
