"""Dask collections: what comes out is what NumPy arrays give, and the rows stay where they are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from dask.distributed import Client, LocalCluster
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    PredefinedSplit,
    ShuffleSplit,
    TimeSeriesSplit,
)

from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
    RidgeRegressionCV,
)

ESTIMATORS = [
    RidgeRegression(lambda_=0.1),  # by gradient descent
    RidgeRegression(lambda_=0.1, solver="auto"),
    LassoRegression(lambda_=0.05, solver="auto"),
    ElasticNetRegression(lambda_=0.1, solver="auto", standardize=True),
    LassoRegression(lambda_=0.05, solver="auto", positive=True, fit_intercept=False),
]
SEARCHES = [
    RidgeRegressionCV(),
    LassoRegressionCV(rule="1se"),
    ElasticNetRegressionCV(l1_ratio=[0.5, 1.0]),
]


def data(n: int = 300, p: int = 6, seed: int = 0) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.normal(size=p)
    y = X[:, : p // 2].sum(axis=1) + rng.normal(size=n)
    return X, y, rng.integers(0, 4, n) / 2.0


def wide(kind: str) -> tuple[Any, Any]:
    """More columns than p x p allows, chunked both ways, and the same in memory."""
    X, *_ = data(90, 400)
    X[np.random.default_rng(1).random(X.shape) < 0.7] = 0.0
    D = da.from_array(X, chunks=(40, 150))
    if kind == "dense":
        return D, X
    if kind == "sparse":
        return D.map_blocks(sparse.csr_array), sparse.csr_array(X)
    assert kind == "mixed"
    return D.map_blocks(_sparse_on_top, dtype=float), X


def _sparse_on_top(block: Any, block_info: Any = None) -> Any:
    top = block_info is not None and block_info[0]["chunk-location"][0] == 0
    return sparse.csr_array(block) if top else block


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two processes."""
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as local,
        Client(local, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(params=["threads", "cluster"])
def scheduler(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run Dask in the threads of this process, or in two processes."""
    if request.param == "threads":
        with dask.config.set(scheduler="threads"):
            yield
    else:
        with request.getfixturevalue("cluster").as_current():
            yield


def assert_same(model: Any, whole: Any, rtol: float = 1e-10) -> None:
    scale = np.abs(whole.coef_).max()
    assert_allclose(model.coef_, whole.coef_, rtol=rtol, atol=rtol * scale)
    assert_allclose(model.intercept_, whole.intercept_, rtol=rtol, atol=rtol)
    assert_allclose(model.objective_, whole.objective_, rtol=rtol)
    assert model.converged_ == whole.converged_


def assert_same_search(search: Any, whole: Any) -> None:
    assert_allclose(search.lambda_, whole.lambda_, rtol=1e-10)
    assert_allclose(search.mse_path_, whole.mse_path_, rtol=1e-8)
    assert_allclose(search.coef_, whole.coef_, rtol=1e-8, atol=1e-10)


@pytest.mark.usefixtures("scheduler")
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_an_array_is_fitted_as_in_memory(estimator: Any) -> None:
    X, y, s = data()
    model = clone(estimator).fit(
        da.from_array(X, chunks=(70, 4)), da.from_array(y, chunks=100), da.from_array(s, chunks=70)
    )
    assert_same(model, clone(estimator).fit(X, y, s))
    assert model.moments_.weight == s.sum()


@pytest.mark.usefixtures("scheduler")
@pytest.mark.parametrize("search", SEARCHES)
def test_an_array_is_searched_as_in_memory(search: Any) -> None:
    X, y, s = data()
    D, dy = da.from_array(X, chunks=(70, 4)), da.from_array(y, chunks=100)
    assert_same_search(clone(search).fit(D, dy, s), clone(search).fit(X, y, s))


@pytest.mark.usefixtures("scheduler")
def test_a_data_frame_is_fitted_searched_and_predicted() -> None:
    X, y, s = data()
    table = pd.DataFrame(X, columns=list("abcdef")).assign(target=y, weight=s)
    frame = dd.from_pandas(table, npartitions=4)
    features, targets = frame[list("abcdef")], frame["target"]
    in_memory = table[list("abcdef")]
    for model in (ESTIMATORS[2], SEARCHES[1]):
        model = clone(model).fit(features, targets, frame["weight"])
        whole = clone(model).fit(in_memory, y, s)
        assert list(model.feature_names_in_) == list("abcdef")
        assert_allclose(model.coef_, whole.coef_, rtol=1e-8, atol=1e-10)
        predictions = model.predict(features)
        assert isinstance(predictions, da.Array)
        assert_allclose(predictions.compute(), whole.predict(in_memory), rtol=1e-8)
        assert model.score(features, targets) == pytest.approx(whole.score(in_memory, y))
        assert_allclose(model.predict(in_memory), whole.predict(in_memory), rtol=1e-8)


def test_partitions_may_be_empty_and_of_unknown_length() -> None:
    X, y, _ = data()
    table = pd.DataFrame(X).rename(columns=str).assign(target=y)
    frame = dd.from_pandas(table, npartitions=5)
    frame = frame[frame["0"] + frame.index.to_series() > 100]  # empties the first partition
    kept = frame.compute()
    features = [column for column in frame if column != "target"]
    for model in (ESTIMATORS[2], SEARCHES[1]):
        whole = clone(model).fit(kept[features], kept["target"])
        model = clone(model).fit(frame[features], frame["target"])
        assert_allclose(model.coef_, whole.coef_, rtol=1e-8, atol=1e-10)
        # On the client y has to be cut, so that rows are counted.
        model.fit(frame[features], kept["target"].to_numpy())
        assert_allclose(model.coef_, whole.coef_, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    "cv",
    [
        7,
        KFold(3, shuffle=True, random_state=0),
        ShuffleSplit(4, random_state=0),
        TimeSeriesSplit(3),
        PredefinedSplit(np.arange(300) % 4 - 1),
        GroupKFold(3),
    ],
    ids=lambda cv: type(cv).__name__,
)
def test_any_folds_are_those_in_memory(cv: Any) -> None:
    X, y, s = data()
    groups = {"groups": np.arange(300) // 9} if isinstance(cv, GroupKFold) else {}
    D, dy = da.from_array(X, chunks=(70, 4)), da.from_array(y, chunks=100)
    search = LassoRegressionCV(cv=cv).fit(D, dy, s, **groups)
    assert_same_search(search, LassoRegressionCV(cv=cv).fit(X, y, s, **groups))


@pytest.mark.filterwarnings("ignore:.*the smallest error is at the:UserWarning")
@given(
    heights=st.lists(st.integers(0, 40), min_size=1, max_size=9).filter(lambda h: sum(h) > 8),
    columns=st.integers(1, 6),
    k=st.integers(2, 5),
)
def test_chunks_of_any_size_are_one_fit(heights: list[int], columns: int, k: int) -> None:
    X, y, s = data(sum(heights))
    s += 0.5
    D = da.from_array(X, chunks=(tuple(heights), columns))
    with dask.config.set(scheduler="synchronous"):
        model = LassoRegression(lambda_=0.05, solver="auto").fit(D, y, s)
        search = LassoRegressionCV(cv=k, lambdas=3).fit(D, y, s)
    assert_same(model, LassoRegression(lambda_=0.05, solver="auto").fit(X, y, s))
    assert_same_search(search, LassoRegressionCV(cv=k, lambdas=3).fit(X, y, s))


def test_several_targets_and_float32() -> None:
    X, y, _ = data()
    X, Y = X.astype(np.float32), np.column_stack([y, -2.0 * y])
    D, dY = da.from_array(X, chunks=(80, -1)), da.from_array(Y, chunks=(80, 1))
    model = ESTIMATORS[2]
    dY = dY.rechunk({1: -1})
    fitted, whole = clone(model).fit(D, dY), clone(model).fit(X, Y)
    assert fitted.coef_.dtype == whole.coef_.dtype == np.float32
    assert_allclose(fitted.coef_, whole.coef_, rtol=1e-6, atol=1e-7)
    predictions = fitted.predict(D)
    assert predictions.shape == (300, 2)
    computed = predictions.compute()
    assert predictions.dtype == computed.dtype == np.float32
    assert_allclose(computed, whole.predict(X), rtol=1e-5)


def test_batches_may_be_dask_and_go_on_after_fit() -> None:
    X, y, s = data()
    D = da.from_array(X, chunks=(30, -1))
    whole = clone(ESTIMATORS[2]).fit(X, y, s)
    model = clone(ESTIMATORS[2]).fit(D[:100], y[:100], s[:100])
    model.partial_fit(D[100:200], y[100:200], s[100:200]).partial_fit(X[200:], y[200:], s[200:])
    assert_same(model, whole)
    parts = ((D[k : k + 100], y[k : k + 100], s[k : k + 100]) for k in (0, 100, 200))
    assert_same(model.fit_batches(parts), whole)


@pytest.mark.usefixtures("scheduler")
@pytest.mark.parametrize("kind", ["dense", "sparse", "mixed"])
def test_wide_data_are_fitted_where_they_lie(kind: str) -> None:
    D, X = wide(kind)
    _, y, s = data(90)
    for model in (ESTIMATORS[1], ESTIMATORS[2], ESTIMATORS[3]):
        whole = clone(model).fit(X, y, s)
        fitted = clone(model).fit(D, da.from_array(y, chunks=40), s)
        assert_same(fitted, whole)
        assert not hasattr(fitted, "moments_")
        assert_allclose(fitted.predict(D).compute(), whole.predict(X), rtol=1e-8)


@pytest.mark.filterwarnings("ignore:.*the smallest error is at the:UserWarning")
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_wide_data_are_searched_where_they_lie(kind: str) -> None:
    D, X = wide(kind)
    _, y, s = data(90)
    search = LassoRegressionCV(cv=3, lambdas=5, eps=0.1)
    assert_same_search(clone(search).fit(D, y, s), clone(search).fit(X, y, s))


def test_wide_data_with_free_columns_and_large_supports(monkeypatch: pytest.MonkeyPatch) -> None:
    D, X = wide("dense")
    _, y, _ = data(90)
    free = ElasticNetRegression(
        lambda_=0.1, l1_ratio=0, penalty_weights=np.r_[0, 0, np.ones(398)], solver="auto"
    )
    assert_same(clone(free).fit(D, y), clone(free).fit(X, y))
    # As if columns were so many that their Gram matrix does not pay.
    active_set = sys.modules["sklearn_reg.solvers.active_set"]
    monkeypatch.setattr(active_set, "SMALLEST_MATRIX_FREE", 3)
    monkeypatch.setattr(active_set, "CG_STEPS", 0)
    assert_same(clone(ESTIMATORS[3]).fit(D, y), clone(ESTIMATORS[3]).fit(X, y), rtol=1e-6)


def test_folds_that_would_fill_the_client_are_refused() -> None:
    X, y, _ = data(3000, 200)
    D = da.from_array(X, chunks=(1000, -1))
    with pytest.raises(ValueError, match=r"3000 sets or more, whose moments \(200 x 200"):
        RidgeRegressionCV(cv=LeaveOneOut()).fit(D, y)


def test_what_is_no_collection_of_rows_is_refused() -> None:
    X, y, _ = data()
    D = da.from_array(X, chunks=(100, -1))
    model = clone(ESTIMATORS[1])
    wrong: list[tuple[Any, Any, Any, type[Exception], str]] = [
        (dask.delayed(X), y, None, TypeError, "X must be a dask array or data frame, got Delayed"),
        (D[:, 0], y, None, ValueError, "X must be 2-D, got 1-D"),
        (D, y[:-1], None, ValueError, "y must have a row for each of X, 300, got 299"),
        (D, da.from_array(y[:-1]), None, ValueError, "y must have the chunks of X, 3, got 1"),
        (D, y, -np.ones(300), ValueError, r"chunk \d: sample_weight must not be negative"),
        (D, y, np.zeros(300), ValueError, "sample_weight must be positive"),
        (D[:0], da.from_array(y)[:0], None, ValueError, "X must have at least one row"),
        (D[:, da.from_array(X[0] > 0)], y, None, ValueError, "known number of columns"),
    ]
    for X_, y_, s, kind, message in wrong:
        with pytest.raises(kind, match=message):
            model.fit(X_, y_, s)
        assert not hasattr(model, "coef_")
    with pytest.raises(ValueError, match="scoring must be None for Dask collections"):
        RidgeRegressionCV(scoring="r2").fit(D, y)
    model.fit(D, y)
    with pytest.raises(ValueError, match="expecting 6 features"):
        model.predict(D[:, :4])
    with pytest.raises(ValueError, match="cv=301 is more than the 300 rows"):
        RidgeRegressionCV(cv=301).fit(D, y)


@pytest.mark.parametrize("shape", [(30, 4), (4, 30)])
@pytest.mark.parametrize("columns", [-1, 2])
def test_what_would_be_read_as_other_numbers_is_refused(
    shape: tuple[int, int], columns: int
) -> None:
    X, y, s = data(*shape)
    good, chunks = da.from_array(X, chunks=(2, columns)), (2, columns)
    times = np.full(shape, np.datetime64("2020-01-01"))
    masked = np.ma.array(X, mask=X[-1, -1] == X)
    wrong: list[tuple[Any, Any, Any, type[Exception], str]] = [
        (da.from_array(times, chunks=chunks), y, None, TypeError, "X must be numbers.*datetime64"),
        (da.from_array(masked, chunks=chunks), y, None, ValueError, r"chunk \d+: X has 1 masked"),
        (good, da.from_array(times[:, 0], chunks=2), None, TypeError, "y must be numbers"),
        (good, times[:, 0], None, TypeError, "y must be numbers"),
        (good, da.from_array(masked[:, -1], chunks=2), None, ValueError, "y has 1 masked"),
        (good, masked[:, -1], None, ValueError, "y has 1 masked"),
        (good, y, np.ma.array(s, mask=y == y[0]), ValueError, "sample_weight has 1 masked"),
        (good, y, da.from_array(times[:, 0], chunks=2), TypeError, "sample_weight must be numbers"),
    ]
    for X_, y_, s_, kind, message in wrong:
        model = clone(ESTIMATORS[2])
        with pytest.raises(kind, match=message):
            model.fit(X_, y_, s_)
        assert not hasattr(model, "coef_")
    model = clone(ESTIMATORS[2]).fit(good, y)
    with pytest.raises(TypeError, match="X must be numbers"):
        model.predict(da.from_array(times, chunks=chunks))
    with pytest.raises(ValueError, match="X has 1 masked"):
        model.predict(da.from_array(masked, chunks=chunks)).compute()


def test_a_cell_of_the_data_is_read_once() -> None:
    """Nothing is computed but each chunk once, whatever y and weights are made of."""
    X, y, s = data()
    seen: list[int] = []

    def read(block: Any, block_info: Any = None) -> Any:
        if block_info is not None:
            seen.append(block_info[0]["chunk-location"][0])
        return block

    table = da.from_array(np.column_stack([X, y, s]), chunks=(100, -1)).map_blocks(
        read, dtype=float
    )
    LassoRegression(lambda_=0.1, solver="auto").fit(table[:, :6], table[:, 6], table[:, 7])
    assert sorted(seen) == [0, 1, 2]
    LassoRegressionCV(cv=4).fit(table[:, :6], table[:, 6], table[:, 7])
    assert sorted(seen) == [0, 0, 1, 1, 2, 2]


def test_fits_leave_the_settings_of_distributed_alone() -> None:
    """Distributed is imported by a compute, with settings that outlive it."""
    program = """
import dask.array as da, numpy as np
from sklearn_reg import LassoRegression
X, y = np.random.default_rng(0).normal(size=(50, 3)), np.arange(50.0)
model = LassoRegression(solver="auto").fit(da.from_array(X, chunks=(20, 3)), y)
from distributed import LocalCluster
LocalCluster(n_workers=1, processes=False, dashboard_address=":0").close()
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_dask_is_imported_only_for_its_collections() -> None:
    program = """
import sys
import numpy as np, pandas as pd
from sklearn_reg import LassoRegression, LassoRegressionCV
X, y = np.random.default_rng(0).normal(size=(50, 3)), np.arange(50.0)
LassoRegression(solver="auto").fit(X, y).predict(X)
LassoRegression(solver="auto").fit(pd.DataFrame(X).rename(columns=str), pd.Series(y))
LassoRegressionCV().fit_batches([(X, y)])
sys.exit("dask" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
