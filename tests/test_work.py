"""How much work solvers do, counted and not timed: what they need today they may not exceed.

A change that makes a solver search longer shows here before anybody sees a slower fit. Counts do
not depend on the machine, but for ties that rounding decides: problems here have none.
"""

from __future__ import annotations

import tracemalloc
import warnings
from collections import Counter
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import sparse
from sklearn.model_selection import KFold, LeaveOneOut, RepeatedKFold, ShuffleSplit

from columns import FAMILIES, target
from problems import correlated, nearly_equal
from sklearn_reg import (
    ElasticNetRegression,
    LassoRegression,
    LassoRegressionCV,
    Moments,
    lambda_max,
    regularization_path,
)
from sklearn_reg._data.designs import RowsDesign
from sklearn_reg._selection.folds import MomentFolds
from sklearn_reg._solvers import parametric, primal_dual
from sklearn_reg._solvers.bordered_factor import BorderedFactor
from sklearn_reg._solvers.curvature import MatrixFreeCurvature

active_set = import_module("sklearn_reg._solvers.active_set")  # the module: its function hides it


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count products with all of X, systems solved and their sizes, and searches of each kind."""
    seen: Counter[str] = Counter()

    def counted(owner: Any, name: str, label: str) -> None:
        original = getattr(owner, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            seen[label] += 1
            if label == "systems":
                seen["equations"] += int(np.count_nonzero(args[1]))
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, call)

    counted(RowsDesign, "products", "products")
    counted(BorderedFactor, "solve", "systems")
    counted(MatrixFreeCurvature, "solve", "systems")
    counted(primal_dual, "solve", "guesses")
    counted(parametric, "solve", "searches")
    counted(active_set, "accelerated", "descents")
    return seen


def design(kind: str) -> tuple[Any, Any]:
    rng = np.random.default_rng(11)
    if kind == "wide":
        X: Any = correlated(rng, 80, 600, 0.5)
    elif kind == "tall":
        X = correlated(rng, 500, 60, 0.9)
    elif kind == "square":
        X = correlated(rng, 300, 300, 0.7)
    else:
        X = sparse.csc_array(correlated(rng, 200, 900, 0.3) * (rng.random((200, 900)) < 0.1))
    w = np.zeros(X.shape[1])
    w[rng.choice(w.size, 20, replace=False)] = rng.normal(size=20)
    signal = X @ w
    return X, signal + 0.3 * np.std(signal) * rng.normal(size=X.shape[0])


class Work(NamedTuple):
    """What a fit may do."""

    products: int  # with all of X
    guesses: int  # of the support
    searches: int  # of it along a path, where guessing failed
    systems: int
    equations: int  # of all systems together


# What was counted when this was written.
LIMITS: dict[tuple[str, float, float], Work] = {
    ("wide", 0.5, 1.0): Work(2, 1, 0, 4, 42),
    ("wide", 0.1, 1.0): Work(5, 4, 0, 14, 430),
    ("wide", 0.02, 1.0): Work(7, 6, 1, 98, 6676),
    ("wide", 0.1, 0.5): Work(5, 4, 0, 14, 522),
    ("wide", 0.005, 0.9): Work(9, 9, 2, 92, 6400),
    ("tall", 0.5, 1.0): Work(0, 1, 0, 4, 32),
    ("tall", 0.1, 1.0): Work(0, 1, 0, 7, 125),
    ("tall", 0.02, 1.0): Work(0, 2, 0, 8, 166),
    ("tall", 0.1, 0.5): Work(0, 1, 0, 5, 144),
    ("tall", 0.005, 0.9): Work(0, 2, 0, 8, 232),
    ("square", 0.5, 1.0): Work(3, 2, 0, 4, 13),
    ("square", 0.1, 1.0): Work(5, 4, 0, 10, 126),
    ("square", 0.02, 1.0): Work(8, 7, 0, 25, 1132),
    ("square", 0.1, 0.5): Work(5, 4, 0, 12, 207),
    ("square", 0.005, 0.9): Work(10, 10, 0, 37, 3369),
    ("sparse", 0.5, 1.0): Work(3, 2, 0, 4, 34),
    ("sparse", 0.1, 1.0): Work(5, 4, 0, 15, 579),
    ("sparse", 0.02, 1.0): Work(7, 6, 0, 28, 2374),
    ("sparse", 0.1, 0.5): Work(5, 4, 0, 15, 886),
    ("sparse", 0.005, 0.9): Work(9, 8, 2, 80, 12343),
}


@pytest.mark.parametrize(("kind", "share", "ratio"), LIMITS)
def test_a_fit_does_no_more_work_than_it_did(
    kind: str, share: float, ratio: float, counts: Counter[str]
) -> None:
    X, y = design(kind)
    centred = X - X.mean(axis=0)
    top = np.abs(centred.T @ (y - y.mean())).max() / len(y) / ratio
    model = ElasticNetRegression(share * top, l1_ratio=ratio, solver="active_set").fit(X, y)
    assert model.converged_
    assert_no_more(counts, LIMITS[kind, share, ratio])


# Columns that depend on each other, where a solver that gives up takes tens of thousands of steps.
# Rounding decides ties here, so the limits are a half above what was counted.
HARD_LIMITS: dict[tuple[str, int, int, float], Work] = {
    ("sums", 200, 500, 1e-2): Work(14, 12, 5, 339, 52065),
    ("sums", 200, 500, 1e-4): Work(23, 21, 6, 263, 33459),
    ("genotypes", 300, 900, 1e-2): Work(17, 17, 2, 63, 2249),
    ("genotypes", 300, 900, 1e-3): Work(20, 21, 4, 258, 41595),
    ("polynomials", 200, 400, 1e-3): Work(18, 18, 2, 114, 21279),
    ("polynomials", 200, 400, 1e-5): Work(29, 29, 2, 167, 39756),
    ("levels", 200, 300, 1e-3): Work(18, 18, 8, 456, 97715),
    ("twins", 200, 300, 1e-4): Work(23, 27, 2, 126, 18938),
}


@pytest.mark.parametrize(("family", "n", "p", "share"), HARD_LIMITS)
def test_dependent_columns_take_no_more_work_than_they_did(
    family: str, n: int, p: int, share: float, counts: Counter[str]
) -> None:
    rng = np.random.default_rng(0)
    X = FAMILIES[family](rng, n, p)
    y = target(rng, X)
    model = LassoRegression(share * lambda_max(X, y), solver="active_set").fit(X, y)
    assert model.converged_
    assert_no_more(counts, HARD_LIMITS[family, n, p, share])


PATH_LIMITS: dict[str, Work] = {
    "wide": Work(30, 29, 2, 108, 6323),
    "tall": Work(0, 29, 0, 56, 1140),
    "square": Work(51, 55, 0, 150, 20820),
    "sparse": Work(31, 30, 5, 164, 25134),
}


@pytest.mark.parametrize("kind", PATH_LIMITS)
def test_a_path_does_no_more_work_than_it_did(kind: str, counts: Counter[str]) -> None:
    X, y = design(kind)
    regularization_path(X, y, 30)
    assert_no_more(counts, PATH_LIMITS[kind])


# Rounding decides the last of these, so the limit is twice what was counted; a ridge that did not
# fall would need 60 and 160.
@pytest.mark.parametrize(
    ("shape", "apart", "lambda_", "limit"),
    [((100, 20), 1e-12, 1e-4, 10), ((50, 300), 1e-5, 1e-6, 50)],
)
def test_columns_that_are_nearly_equal_take_few_proximal_steps(
    shape: tuple[int, int], apart: float, lambda_: float, limit: int, counts: Counter[str]
) -> None:
    X, y = nearly_equal(*shape, apart)
    model = LassoRegression(lambda_, solver="active_set", tol=1e-12).fit(X, y)
    assert model.converged_
    assert counts["guesses"] <= limit


def test_a_start_at_the_optimum_costs_one_product(counts: Counter[str]) -> None:
    X, y = design("wide")
    model = LassoRegression(0.1, solver="active_set", warm_start=True).fit(X, y)
    counts.clear()
    model.fit(X, y)
    assert_no_more(counts, Work(1, 0, 0, 0, 0))


def assert_no_more(counts: Counter[str], limits: Work) -> None:
    beyond = {name for name, n in counts.items() if n > getattr(limits, name, 0)}
    assert not beyond, f"{dict(counts)} where it was {limits}"


# Cells of blocks are few, those of splits at random are nearly as many as rows: summed, 50 such
# splits took 20,585 merges.
@pytest.mark.parametrize(
    ("cv", "limit"),
    [
        (KFold(5), 30),
        (ShuffleSplit(50, random_state=0), 0),
        (RepeatedKFold(n_splits=10, n_repeats=10, random_state=0), 0),
        (LeaveOneOut(), 0),
    ],
)
def test_many_folds_take_few_merges(cv: Any, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(442, 10))
    y = X[:, 0] + rng.normal(size=442)
    seen: Counter[str] = Counter()
    merge, gather = Moments._merge, MomentFolds._moments_of

    def counted(self: Moments, other: Moments, sign: int) -> Moments:
        seen["merges"] += self.weight > 0
        return merge(self, other, sign)

    def gathered(self: MomentFolds, rows: Any) -> Moments:
        seen["sides"] += 1
        return gather(self, rows)

    monkeypatch.setattr(Moments, "_merge", counted)
    monkeypatch.setattr(MomentFolds, "_moments_of", gathered)
    model = LassoRegressionCV(lambdas=[0.3, 0.1, 0.03], cv=cv)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model.fit(X, y)
    assert seen["merges"] <= limit
    assert seen["sides"] <= 2 * cv.get_n_splits(X) + 1
    monkeypatch.undo()
    train, _ = next(cv.split(X))
    alone = LassoRegression(0.03, solver="auto", tol=1e-12).fit(X[train], y[train])
    np.testing.assert_allclose(model.fold_coefs_[2, 0], alone.coef_, atol=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_of_moments_copies_nothing(sign: int) -> None:
    p = 600
    rng = np.random.default_rng(0)
    left, right = (Moments.from_data(rng.normal(size=(n, p)), rng.normal(size=n)) for n in (99, 9))
    tracemalloc.start()
    try:
        both = left + right if sign > 0 else left - right
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert both.weight == 99 + sign * 9
    assert peak < 1.1 * 8 * p * p  # one matrix, the sum itself
