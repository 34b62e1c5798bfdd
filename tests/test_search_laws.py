"""Laws of cross-validation: every fold solved, every error right, whatever the data and the folds.

Each solution of each fold is judged by code that shares nothing with the package, and each error is
computed again from the rows. Thousands of searches:
`HYPOTHESIS_PROFILE=thorough python -m pytest tests/test_search_laws.py`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import dask
import dask.array as da
import numpy as np
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import (
    KFold,
    LeaveOneOut,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
)

import problems as judge
from problems import LAYOUTS, Array, Data, problems
from sklearn_reg import ElasticNetRegressionCV
from test_certificates import laws

# Where a grid ends is not the subject.
pytestmark = pytest.mark.filterwarnings("ignore:.*smallest error is at the:UserWarning")
TOL = 1e-7
# A share of the squares of y: what float64 leaves of sums of this size.
ROUNDING = 1e-11


class Search(NamedTuple):
    """A cross-validation: a problem, a second target, folds, and the form of the data."""

    data: Data
    Y: Array  # of shape (n, 1) or (n, 2)
    lambdas: Array
    splits: list[tuple[Array, Array]]
    cv: Any
    form: str
    standardize: bool


def _masks(n: int, rng: np.random.Generator) -> list[tuple[Array, Array]]:
    labels = rng.permutation(np.arange(n) % 3)
    return [(labels != k, labels == k) for k in range(3)]


def _bootstrap(n: int, rng: np.random.Generator) -> list[tuple[Array, Array]]:
    """Rows that come more than once on both sides."""
    return [(rng.integers(0, n, n), rng.integers(0, n, 4)) for _ in range(3)]


def _partial(n: int, rng: np.random.Generator) -> PredefinedSplit:
    """Folds of very different size, and rows that are never tested."""
    labels = rng.integers(-1, 3, n)
    labels[:4] = [-1, 0, 1, 2]
    return PredefinedSplit(labels)


FOLDS: dict[str, Callable[[int, np.random.Generator], Any]] = {
    "blocks": lambda n, rng: KFold(3),
    "shuffled": lambda n, rng: KFold(4, shuffle=True, random_state=int(rng.integers(99))),
    "draws": lambda n, rng: ShuffleSplit(3, test_size=0.3, random_state=int(rng.integers(99))),
    "repeated": lambda n, rng: RepeatedKFold(n_splits=2, n_repeats=2, random_state=1),
    "series": lambda n, rng: TimeSeriesSplit(3),
    "leave one out": lambda n, rng: LeaveOneOut(),
    "masks": _masks,
    "bootstrap": _bootstrap,
    "partial": _partial,
}
FORMS = [*LAYOUTS, "batches", "Dask"]


@st.composite
def searches(draw: st.DrawFn) -> Search:
    limits = draw(st.sampled_from([{}, {"positive": True}, {"bounded": True}]))
    data = draw(problems(max_rows=24, max_columns=30, **limits))
    n = len(data.y)
    assume(n >= 6)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    Y = data.y[:, None]
    if draw(st.booleans()):
        other = data.X @ rng.normal(size=data.X.shape[1]) + rng.normal(size=n)
        Y = np.column_stack([data.y, other * 10.0 ** rng.integers(-4, 5)])
    form = draw(st.sampled_from(FORMS))
    if form == "batches":  # row i is tested in fold i mod 3
        cv: Any = 3
        splits: Any = _masks_in_turn(n)
    else:
        cv = FOLDS[draw(st.sampled_from(sorted(FOLDS)))](n, rng)
        splits = cv if isinstance(cv, list) else list(cv.split(data.X))
    rows = np.arange(n)
    lambdas = (data.lambda_ or 1.0) * np.array([2.0, 0.5, draw(st.sampled_from([0.0, 0.01]))])
    positions = [(rows[train], rows[test]) for train, test in splits]
    return Search(data, Y, lambdas, positions, cv, form, draw(st.booleans()))


def _masks_in_turn(n: int) -> list[tuple[Array, Array]]:
    return [(np.arange(n) % 3 != k, np.arange(n) % 3 == k) for k in range(3)]


def run(search: Search) -> Any:
    """Fit; a search that is refused for a fold without weight says nothing."""
    data, y = search.data, search.Y[:, 0] if search.Y.shape[1] == 1 else search.Y
    model = ElasticNetRegressionCV(
        search.lambdas,
        data.l1_ratio,
        cv=search.cv,
        tol=TOL,
        fit_intercept=data.fit_intercept,
        standardize=search.standardize,
        penalty_weights=data.penalty_weights,
        positive=data.positive,
        bounds=data.bounds,
    )
    s = data.sample_weight
    try:
        if search.form == "batches":
            cuts = [slice(k, k + 5) for k in range(0, len(y), 5)]
            return model.fit_batches((data.X[k], y[k], None if s is None else s[k]) for k in cuts)
        if search.form == "Dask":
            with dask.config.set(scheduler="synchronous"):
                X = da.from_array(data.X, chunks=(7, 9))
                return model.fit(X, da.from_array(y, chunks=7), s)
        return model.fit(LAYOUTS[search.form](data.X), y, s)
    except ValueError as error:
        assume("set without rows or weight" not in str(error))
        raise


# A search is dozens of fits, each judged: few by default, all that a profile asks for in others.
@settings(laws, max_examples=40 if settings().max_examples == 60 else settings().max_examples)
@given(searches())
def test_every_fold_is_solved_and_every_error_is_right(search: Search) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model = run(search)
    event(search.form)
    warned = any(issubclass(w.category, ConvergenceWarning) for w in caught)
    shape = (3, len(search.splits), search.Y.shape[1])
    coefs = model.fold_coefs_.reshape(*shape, -1)
    intercepts = model.fold_intercepts_.reshape(shape)
    for fold, (train, test) in enumerate(search.splits):
        for k, lambda_ in enumerate(model.lambdas_):
            for target, y in enumerate(search.Y.T):
                w, b = coefs[k, fold, target], float(intercepts[k, fold, target])
                _check_solution(search, y, lambda_, train, w, b, warned)
            for name, rows in (("mse_path_", test), ("train_mse_path_", train)):
                _check_error(
                    search, rows, coefs[k, fold], intercepts[k, fold], getattr(model, name)[k, fold]
                )
    everything = np.arange(len(search.Y))
    for target, y in enumerate(search.Y.T):
        w = np.atleast_2d(model.coef_)[target]
        b = float(np.atleast_1d(model.intercept_)[target])
        _check_solution(search, y, model.lambda_, everything, w, b, warned)
    losses = model.mse_path_ if search.Y.shape[1] == 1 else model.relative_mse_path_
    assert model.lambda_ == model.lambdas_[losses.mean(axis=1).argmin()]


def _check_solution(
    search: Search, y: Array, lambda_: float, rows: Array, w: Array, b: float, warned: bool
) -> None:
    """Judge one solution by its duality gap, computed from the rows it was trained on."""
    data = search.data
    s = np.ones(len(y)) if data.sample_weight is None else data.sample_weight
    s, X = s[rows], data.X[rows]
    if search.standardize:
        mean = s @ X / s.sum()
        spread = np.sqrt(s @ (X - mean) ** 2 / s.sum())
        spread[spread <= 1e-13 * np.abs(mean)] = 1.0
        X, w = X / spread, w * spread
        data = data.in_columns_of(X, spread)
    one = data._replace(X=X, y=y[rows], lambda_=float(lambda_), sample_weight=s)
    null = judge.null_objective(one)
    squares = float(s @ (y[rows] ** 2) / s.sum())
    enough = 2 * TOL * null + ROUNDING * squares
    gap = judge.distance(one, w, b, enough)
    where = f"lambda {lambda_}, rows {rows}, gap {gap}"
    assert warned or gap <= enough, where


def _check_error(search: Search, rows: Array, W: Array, b: Array, reported: float) -> None:
    """Compute a mean squared error from the rows."""
    s = search.data.sample_weight
    s = np.ones(len(rows)) if s is None else s[rows]
    residuals = search.Y[rows] - (search.data.X[rows] @ W.T + b)
    expected = (s @ residuals**2 / s.sum()).mean()
    size = (s @ search.Y[rows] ** 2 / s.sum()).mean()
    terms = (s @ (np.abs(search.data.X[rows]) @ np.abs(W.T)) ** 2 / s.sum()).mean()
    assert abs(reported - expected) <= 1e-9 * expected + 1e-13 * (size + terms)
