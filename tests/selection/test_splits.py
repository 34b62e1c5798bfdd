"""What a user passes as `cv` becomes positions of rows once, whatever form it comes in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import BaseCrossValidator, GroupKFold, KFold, PredefinedSplit

from searching import data_of
from sklearn_reg import LassoRegression, LassoRegressionCV, RidgeRegressionCV, lambda_sweep
from sklearn_reg._selection.splits import read_splits, splitter_of

Array = np.ndarray[Any, Any]
N = 24
rng = np.random.default_rng(5)
TALL = rng.normal(size=(N, 3))
WIDE = rng.normal(size=(N, 40))
y = 2 * TALL[:, 0] - WIDE[:, 1] + rng.normal(size=N)
FOLD = np.arange(N) % 3
POSITIONS = [(np.flatnonzero(fold != FOLD), np.flatnonzero(fold == FOLD)) for fold in range(3)]


def mask(rows: Array) -> Array:
    return np.isin(np.arange(N), rows)


FORMS: dict[str, Callable[[Array], Any]] = {
    "mask": mask,
    "list of bool": lambda rows: mask(rows).tolist(),
    "Series of bool with other labels": lambda rows: pd.Series(
        mask(rows), index=np.arange(N)[::-1] + 7
    ),
    "Series of nullable bool": lambda rows: pd.Series(mask(rows), dtype="boolean"),
    "objects that are bool": lambda rows: mask(rows).astype(object),
    "list of int": lambda rows: rows.tolist(),
    "tuple of NumPy integers": tuple,
    "negative": lambda rows: rows - N,
    "bytes": lambda rows: rows.astype(np.uint8),
    "Index": pd.Index,
    "Series of int": lambda rows: pd.Series(rows, index=rows[::-1]),
    "Series of nullable int": lambda rows: pd.Series(rows, dtype="Int64"),
    "objects that are int": lambda rows: rows.astype(object),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_means_the_same_rows(form: str) -> None:
    given = [(FORMS[form](train), FORMS[form](test)) for train, test in POSITIONS]
    for found, (train, test) in zip(
        read_splits(splitter_of(given), TALL, y, N, {}), POSITIONS, strict=True
    ):
        assert_array_equal(found.train, train)
        assert_array_equal(found.test, test)
        assert found.train.dtype == found.test.dtype == np.intp


def test_slices_and_ranges_are_rows() -> None:
    (split,) = read_splits(splitter_of([(slice(None, None, 2), range(1, N, 2))]), TALL, y, N, {})
    assert_array_equal(split.train, np.arange(0, N, 2))
    assert_array_equal(split.test, np.arange(1, N, 2))


@pytest.mark.parametrize("X", [TALL, WIDE], ids=["tall", "wide"])
@pytest.mark.parametrize("on_dask", [False, True])
def test_fits_by_masks_are_fits_by_positions(X: Array, on_dask: bool) -> None:
    masks = [(mask(train), mask(test)) for train, test in POSITIONS]
    data = (da.from_array(X, chunks=(9, -1)), da.from_array(y, chunks=9)) if on_dask else (X, y)
    lambdas = [0.05, 0.1, 0.3, 9.0]
    by_mask, by_position = (
        LassoRegressionCV(lambdas, cv=cv, tol=1e-12).fit(*data) for cv in (masks, POSITIONS)
    )
    assert_array_equal(by_mask.mse_path_, by_position.mse_path_)
    # By hand, outside of the package's folds.
    train, test = POSITIONS[1]
    model = LassoRegression(0.1, solver="auto", tol=1e-12).fit(X[train], y[train])
    error = np.mean((y[test] - model.predict(X[test])) ** 2)
    assert_allclose(by_mask.mse_path_[2, 1], error, rtol=1e-6)


def test_a_sweep_understands_masks() -> None:
    model = LassoRegression(solver="auto")
    masks = [(mask(train), mask(test)) for train, test in POSITIONS]
    by_mask, by_position = (lambda_sweep(model, WIDE, y, cv=cv) for cv in (masks, POSITIONS))
    assert_array_equal(by_mask.validation_losses, by_position.validation_losses)


class Nothing(BaseCrossValidator):
    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        return 0

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Any]:
        return iter(())


short = np.zeros(N - 1, dtype=bool)
WRONG: dict[str, tuple[Any, type[Exception], str]] = {
    "no splits": ([], ValueError, "cv must give splits, got none"),
    "splitter without splits": (Nothing(), ValueError, "cv must give splits, got none"),
    "short mask": ([(short, ~short)], IndexError, f"cv gave a mask of {N - 1} rows .* X has {N}"),
    "long mask": ([(np.ones(N + 1, bool), [0])], IndexError, f"cv gave a mask of {N + 1} rows"),
    "row beyond": ([([0, 1, 2], [N])], IndexError, f"cv gave row {N} in the test set of fold 0"),
    "row before": ([([0, -N - 1], [2])], IndexError, f"cv gave row {-N - 1} in the train set"),
    "numbers": ([([0.0, 1.0], [2.0])], TypeError, "cv must give row numbers or a mask"),
    "labels": ([(["a", "b"], ["c"])], ValueError, "cv, the train set .* got the text 'a'"),
    "missing": ([([0, None], [2])], TypeError, "cv must give row numbers or a mask"),
    "no pairs": ([0, 1, 2], ValueError, "cv must give pairs"),
    "triples": ([([0], [1], [2])], ValueError, "cv must give pairs"),
    "matrix": ([(np.eye(3, dtype=int), [2])], ValueError, "cv must give row numbers or a mask"),
    "masked": ([(np.ma.array([0, 1], mask=[0, 1]), [2])], ValueError, "cv, .* masked"),
    "empty side": ([([0, 1], [])], ValueError, "cv gave fold 0 a test set without rows"),
    "empty mask": ([(np.zeros(N, bool), np.ones(N, bool))], ValueError, "cv gave fold 0 a train"),
    "folds of fewer rows": (PredefinedSplit(FOLD[:-2]), ValueError, f"cv has .* {N - 2} rows"),
    "folds of more rows": (PredefinedSplit(np.arange(N + 2) % 3), ValueError, f"cv has .* {N + 2}"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("where", ["tall", "wide", "sweep", "dask"])
def test_what_does_not_fit_the_rows_is_refused_by_name(case: str, where: str) -> None:
    cv, kind, message = WRONG[case]
    X = WIDE if where == "wide" else TALL
    fits = {
        "sweep": lambda: lambda_sweep(LassoRegression(solver="auto"), X, y, cv=cv),
        "dask": lambda: RidgeRegressionCV(cv=cv).fit(da.from_array(X, chunks=(5, -1)), y),
    }
    with pytest.raises(kind, match=message):
        fits.get(where, lambda: RidgeRegressionCV(cv=cv).fit(X, y))()


@pytest.mark.parametrize("routing", [False, True])
def test_an_iterator_is_read_once_and_a_spent_one_is_refused(routing: bool) -> None:
    with sklearn.config_context(enable_metadata_routing=routing):
        model = LassoRegressionCV(cv=KFold(4).split(WIDE)).fit(WIDE, y)
        assert model.lambda_ == LassoRegressionCV(cv=KFold(4)).fit(WIDE, y).lambda_
        before = model.coef_
        with pytest.raises(ValueError, match=r"an iterator, which can be read only once.*a list"):
            model.fit(WIDE, y)
        assert model.coef_ is before


def test_routing_asks_nothing_of_an_iterator() -> None:
    model = LassoRegressionCV(cv=KFold(4).split(TALL))
    model.get_metadata_routing()
    assert model.fit(TALL, y).mse_path_.shape[1] == 4


def test_groups_are_routed() -> None:
    with sklearn.config_context(enable_metadata_routing=True):
        splitter = GroupKFold(3).set_split_request(groups=True)
        routed = LassoRegressionCV(cv=splitter).fit(TALL, y, groups=FOLD)
    plain = LassoRegressionCV(cv=GroupKFold(3)).fit(TALL, y, groups=FOLD)
    assert_array_equal(routed.mse_path_, plain.mse_path_)


def test_an_error_of_a_splitter_passes_through_with_its_argument() -> None:
    class Raises(KFold):
        def split(self, X: Any, y: Any = None, groups: Any = None) -> Any:
            raise FloatingPointError("my own")

    with pytest.raises(FloatingPointError, match="my own") as caught:
        LassoRegressionCV(cv=Raises(3)).fit(TALL, y)
    assert "cv=Raises" in caught.value.__notes__[0]


def test_groups_reach_the_splitter() -> None:
    X, y = data_of("tall")
    groups = np.arange(300) % 7
    model = LassoRegressionCV(8, cv=GroupKFold(3)).fit(X, y, groups=groups)
    splits = list(GroupKFold(3).split(X, y, groups))
    assert_array_equal(model.mse_path_, LassoRegressionCV(8, cv=splits).fit(X, y).mse_path_)
    with pytest.raises(TypeError, match="takes only groups"):
        LassoRegressionCV().fit(X, y, group=groups)
