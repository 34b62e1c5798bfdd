"""Dask collections: what comes out is what NumPy arrays give, and the rows stay where they are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
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

from processes import workers
from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    Moments,
    RidgeRegression,
    RidgeRegressionCV,
    lambda_max,
    lambda_sweep,
    regularization_path,
    ridge_closed_form,
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

edges = pytest.mark.filterwarnings("ignore:.*the smallest error is at the:UserWarning")
both_ways = pytest.mark.parametrize("shape", [(50, 4), (20, 40)], ids=["tall", "wide"])


def at_once() -> Any:
    """Run Dask in this thread, which is quickest for small data."""
    return dask.config.set(scheduler="synchronous")


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
    with workers(2, as_default=False) as client:
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


def in_threads(name: str, values: Any, *, and_one: Any) -> pytest.MarkDecorator:
    """Parametrise in threads; in other processes, where a task costs far more, with one value."""
    cases = [*(("threads", value) for value in values), ("cluster", and_one)]
    return pytest.mark.parametrize(("scheduler", name), cases, indirect=["scheduler"])


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
@in_threads("estimator", ESTIMATORS, and_one=ESTIMATORS[2])
def test_an_array_is_fitted_as_in_memory(estimator: Any) -> None:
    X, y, s = data()
    model = clone(estimator).fit(
        da.from_array(X, chunks=(70, 4)), da.from_array(y, chunks=100), da.from_array(s, chunks=70)
    )
    assert_same(model, clone(estimator).fit(X, y, s))
    assert model.moments_.weight == s.sum()


@pytest.mark.usefixtures("scheduler")
@in_threads("search", SEARCHES, and_one=SEARCHES[1])
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


def cuts(size: int) -> Any:
    """Chunk sizes that sum to this; some may be empty."""
    ends = st.lists(st.integers(0, size), max_size=3).map(sorted)
    return ends.map(lambda inside: tuple(np.diff([0, *inside, size]).tolist()))


@edges
@settings(max_examples=settings().max_examples // 4)
@given(
    estimator=st.sampled_from(
        [
            ElasticNetRegression(lambda_=0.2, solver="auto", tol=1e-12),
            ElasticNetRegressionCV(cv=3, lambdas=3, eps=0.1, tol=1e-12),
        ]
    ),
    shape=st.sampled_from([(60, 5), (40, 1), (15, 40)]),
    n_targets=st.sampled_from([None, 1, 3]),
    is_sparse=st.booleans(),
    drawn=st.data(),
)
def test_chunks_of_any_size_are_one_fit(
    estimator: Any, shape: tuple[int, int], n_targets: int | None, is_sparse: bool, drawn: Any
) -> None:
    """X, y and weights are each cut in their own way, in both directions."""
    X, y, s = data(*shape)
    s += 0.5
    Y = y if n_targets is None else np.outer(y, np.arange(1.0, n_targets + 1)) + X[:, [0]] ** 2
    D, dY, ds = (
        da.from_array(values, chunks=tuple(drawn.draw(cuts(size)) for size in values.shape))
        for values in (X, Y, s)
    )
    if is_sparse:
        X, D = sparse.csr_array(X), D.map_blocks(sparse.csr_array)
    with at_once():
        model, whole = clone(estimator).fit(D, dY, ds), clone(estimator).fit(X, Y, s)
        predictions = model.predict(D)
        assert predictions.shape == Y.shape
        assert_allclose(predictions.compute(), whole.predict(X), rtol=1e-10, atol=1e-10)
        assert model.score(D, dY, ds) == pytest.approx(whole.score(X, Y, s), rel=1e-10)
    assert_same(model, whole)
    if hasattr(model, "mse_path_"):
        assert_same_search(model, whole)


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


def unsized(values: Any, height: Any, width: int = -1) -> Any:
    """Return an array of Dask whose numbers of rows are not known."""
    chunked = da.from_array(values, chunks=(height, width)[: values.ndim])
    chunked._chunks = ((np.nan,) * len(chunked.chunks[0]), *chunked.chunks[1:])
    return chunked


def declared(blocks: list[Any], shape: tuple[int, ...], axis: int = 0) -> Any:
    """Join blocks each of which is said to have this shape, whatever it has."""
    return da.concatenate([da.from_delayed(dask.delayed(b), shape, float) for b in blocks], axis)


@both_ways
def test_numbers_of_rows_need_not_be_known(shape: tuple[int, int]) -> None:
    X, y, s = data(*shape)
    s += 0.5
    Y = np.column_stack([y, X[:, 0] - y])
    by_target = da.stack([da.from_array(column, chunks=9) for column in Y.T], axis=1)
    frame = dd.from_pandas(pd.DataFrame({"a": Y[:, 0], "b": Y[:, 1], "s": s}), npartitions=3)
    parts = tuple(len(frame.partitions[k]) for k in range(3))
    whole = clone(ESTIMATORS[3]).fit(X, Y, s)
    with at_once():
        for D, dY, ds in (
            (da.from_array(X, chunks=9), by_target, da.from_array(s, chunks=-1)),
            (da.from_array(X, chunks=9), unsized(Y, 5), unsized(s, 9)),
            (da.from_array(X, chunks=(parts, 2)), frame[["a", "b"]], frame["s"]),
            (unsized(X, 4), by_target, da.from_array(s, chunks=-1)),
            (unsized(X, 4, 3), unsized(Y, 4, 1), unsized(s, 4)),
            (unsized(X, 4), unsized(Y, 11), unsized(s, -1)),
            (unsized(X, -1), unsized(Y, 3), s),
            (unsized(X, parts), frame[["a", "b"]], frame["s"]),
        ):
            assert_same(clone(ESTIMATORS[3]).fit(D, dY, ds), whole)


@both_ways
def test_as_many_chunks_of_other_sizes_that_are_not_known_are_refused(
    shape: tuple[int, int],
) -> None:
    X, y, s = (values[:20] for values in data(*shape))
    D, frame = unsized(X, 10), dd.from_pandas(pd.DataFrame({"y": y, "s": s}), npartitions=3)
    wrong: list[tuple[Any, Any, str]] = [
        (unsized(y, (9, 11)), None, r"chunk \d: y must have shape \(10,\).*compute_chunk_sizes"),
        (da.from_array(y, chunks=((9, 11),)), None, r"chunk \d: y must have shape \(10,\)"),
        (y, unsized(s, (9, 11)), r"chunk \d: sample_weight must have shape \(10,\)"),
        (frame["y"], None, "y must have the partitions of X, 2, got 3; repartition it like X"),
        (y, frame["s"], "sample_weight must have the partitions of X, 2, got 3"),
    ]
    for dy, ds, message in wrong:
        with at_once(), pytest.raises(ValueError, match=message):
            clone(ESTIMATORS[2]).fit(D, dy, ds)


@both_ways
def test_a_chunk_of_another_shape_than_declared_is_refused(shape: tuple[int, int]) -> None:
    X, y, s = (values[:20] for values in data(*shape))
    p, Y, D = X.shape[1], np.column_stack([y, -y]), da.from_array(X, chunks=10)
    halves, y_halves = [X[:10], X[10:]], [y[:10], y[10:]]
    narrow = da.concatenate([declared(halves, (10, p - 2)), D[:, :2].rechunk((10, 2))], axis=1)
    wrong: list[tuple[Any, Any, Any, str]] = [
        (declared(halves, (9, p)), y[:18], None, rf"X must have shape \(9, {p}\).*\(10, {p}\)"),
        (declared(halves, (9, p)), declared(y_halves, (9,)), None, r"[Xy] must have shape \(9,"),
        (declared(halves, (10, p + 1)), y, None, rf"X must have shape \(10, {p + 1}\)"),
        (declared(halves, (10, p - 1)), y, None, rf"X must have shape \(10, {p - 1}\)"),
        (narrow, y, None, rf"X must have shape \(10, {p - 2}\)"),
        (declared([X[:10], y[10:]], (10, p)), y, None, r"X must have shape .*got \(10,\)"),
        (D, declared([y[:11], y[11:]], (10,)), None, r"y must have shape \(10,\)"),
        (D, declared([Y[:10], Y[10:]], (10, 3)), None, r"y must have shape \(10, 3\)"),
        (D, declared([Y[:10], Y[10:]], (10, 1)), None, r"y must have shape \(10, 1\)"),
        (D, declared([Y[:10], Y[10:]], (10,)), None, r"y must have shape \(10,\)"),
        (D, declared(y_halves, (10, 1)), None, r"y must have shape \(10, 1\)"),
        # Cut as X is, 5 + 5 rows would be there, but not these.
        (D, declared([y[:6], y[5:10], y[10:15], y[15:]], (5,)), None, r"y must have shape \(5,\)"),
        (D, y, declared([s[:6], s[6:11], s[10:15], s[15:]], (5,)), "sample_weight must have shape"),
        (D, y, declared([s[:10, None], s[10:, None]], (10,)), "sample_weight must have shape"),
        (D, y, declared([np.float64(2.0)], (20,)), r"sample_weight must have .*\(20,\).*\(\)"),
    ]
    for X_, y_, s_, message in wrong:
        for model in (clone(ESTIMATORS[2]), LassoRegressionCV(cv=2)):
            with at_once(), pytest.raises(ValueError, match=r"chunk \d(, \d)?: " + message):
                model.fit(X_, y_, s_)
            assert not hasattr(model, "coef_")
    model = clone(ESTIMATORS[2]).fit(X, y)
    for X_ in (declared(halves, (9, p)), declared([X[:, :2], X[:, 1:]], (20, p // 2), axis=1)):
        with at_once(), pytest.raises(ValueError, match=r"chunk \d: X must have shape"):
            model.predict(X_).compute()


def test_a_partition_of_other_columns_than_declared_is_refused() -> None:
    X, y, _ = data(60, 3)
    table = pd.DataFrame(X, columns=list("abc")).assign(u=y, v=-y)
    frame = dd.from_pandas(table, npartitions=3)

    def turned(columns: list[str]) -> Any:
        parts = [table[columns[::-1]].iloc[k : k + 20] for k in (0, 20, 40)]
        parts = [dask.delayed(part) for part in parts]
        return dd.from_delayed(parts, meta=table[columns], verify_meta=False)

    for features, targets, message in (
        (turned(["a", "b", "c"]), y, r"X must have columns \['a', 'b', 'c'\], .*\['c', 'b', 'a'\]"),
        (frame[["a", "b", "c"]], turned(["u", "v"]), r"y must have columns \['u', 'v'\], .*\['v'"),
    ):
        with at_once(), pytest.raises(ValueError, match=r"chunk \d: " + message):
            clone(ESTIMATORS[2]).fit(features, targets)


@both_ways
def test_weights_are_one_a_row_or_one_for_all(shape: tuple[int, int]) -> None:
    X, y, s = data(*shape)
    D, whole = da.from_array(X, chunks=8), clone(ESTIMATORS[2]).fit(X, y)
    one: list[Any] = [2, 0.5, np.float32(3), np.array(2.0), da.from_array(np.array(2.0))]
    for weight in one:
        assert_same(clone(ESTIMATORS[2]).fit(D, y, weight), whole)
    wrong: list[tuple[Any, type[Exception], str]] = [
        (s[:, None], ValueError, "sample_weight must be 0-D or 1-D, got 2-D"),
        (da.from_array(s[:, None]), ValueError, "sample_weight must be 0-D or 1-D, got 2-D"),
        (dd.from_pandas(pd.DataFrame({"s": s})), ValueError, "sample_weight must be 0-D or 1-D"),
        (np.array(-1.0), ValueError, "sample_weight must be a number >= 0, got -1.0"),
        (da.from_array(np.array(0.0)), ValueError, "sample_weight must be positive"),
        ("2", TypeError, "sample_weight must be a number >= 0, got '2'"),
    ]
    for weights, kind, message in wrong:
        with at_once(), pytest.raises(kind, match=message):
            clone(ESTIMATORS[2]).fit(D, y, weights)
    for target in (np.array(1.0), da.from_array(np.array(1.0))):
        with pytest.raises(ValueError, match="y must be 1-D or 2-D, got 0-D"):
            clone(ESTIMATORS[2]).fit(D, target)


class Labelled:
    """An array with a type that can hold one of Dask, as those of xarray."""

    def __init__(self, data: Any) -> None:
        self.data, self.shape, self.dtype, self.ndim = data, data.shape, data.dtype, data.ndim

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self.data, dtype=dtype)

    def __len__(self) -> int:
        return int(self.shape[0])

    def __dask_graph__(self) -> Any:
        return self.data.__dask_graph__() if isinstance(self.data, da.Array) else None

    def compute(self) -> Any:
        return Labelled(self.data.compute())


@edges
@both_ways
def test_a_labelled_array_is_read_as_what_it_holds(shape: tuple[int, int]) -> None:
    X, y, s = data(*shape)
    D, dy, ds = (Labelled(da.from_array(values, chunks=8)) for values in (X, y, s))
    with at_once():
        for model in (ESTIMATORS[2], LassoRegressionCV(cv=3, lambdas=4, eps=0.1)):
            whole = clone(model).fit(X, y, s)
            for given_ in (
                (Labelled(X), Labelled(y), Labelled(s)),
                (D, dy, ds),
                (D, Labelled(y), ds),
                (X, dy, ds),
            ):
                fitted = clone(model).fit(*given_)
                assert_allclose(fitted.coef_, whole.coef_, rtol=1e-10, atol=1e-12)
                assert_allclose(fitted.predict(given_[0]), whole.predict(X), rtol=1e-10)
                assert fitted.score(*given_) == pytest.approx(whole.score(X, y, s))
        assert_allclose(lambda_max(D, dy), lambda_max(X, y))


def test_what_is_read_in_memory_is_fetched_with_its_masks() -> None:
    X, y, s = data(40, 3)
    D, dy, ds = (da.from_array(values, chunks=7) for values in (X, y, s))
    masked = da.from_array(np.ma.array(y, mask=y > 1), chunks=7)
    by_hand = da.from_array(np.ma.array(X, mask=X > 2), chunks=7)
    lasso = LassoRegression(lambda_=0.1, solver="auto")
    ridge = RidgeRegression(solver="auto")
    with at_once():
        whole = lasso.fit(X, y, s).coef_
        for args in ((X, dy, ds), (X, y, ds), (X, dy, s)):
            assert_allclose(clone(lasso).fit(*args).coef_, whole, rtol=1e-10)
        assert_allclose(lambda_max(D, dy, sample_weight=ds), lambda_max(X, y, sample_weight=s))
        assert_allclose(
            regularization_path(D.map_blocks(sparse.csr_array), dy, lambdas=3).coefs,
            regularization_path(sparse.csr_array(X), y, lambdas=3).coefs,
        )
        assert_allclose(Moments.from_data(D, dy, ds).gram, Moments.from_data(X, y, s).gram)
        assert_allclose(
            lambda_sweep(ridge, D, dy, [0.1, 1.0]).validation_losses,
            lambda_sweep(ridge, X, y, [0.1, 1.0]).validation_losses,
        )
        assert_allclose(ridge_closed_form(D, dy, 0.1), ridge_closed_form(X, y, 0.1))
        assert_same(
            clone(ridge).set_params(penalty_weights=da.from_array(s[:3] + 1)).fit(D, dy),
            clone(ridge).set_params(penalty_weights=s[:3] + 1).fit(X, y),
        )
        for use in (
            lambda: lasso.fit(X, masked),
            lambda: lasso.fit(X, y, masked),
            lambda: lasso.score(X, masked),
            lambda: lasso.score(D, y, masked),
            lambda: lambda_max(by_hand, y),
            lambda: lambda_max(X, masked),
            lambda: regularization_path(X, y, sample_weight=masked),
            lambda: Moments.from_data(by_hand, y),
            lambda: ridge_closed_form(X, masked, 0.1),
            lambda: ridge_closed_form(by_hand, y, 0.1),
            lambda: lambda_sweep(ridge, X, masked),
        ):
            with pytest.raises(ValueError, match=r"(X|y|sample_weight) has \d+ masked"):
                use()


@edges
@both_ways
def test_groups_and_batches_may_be_cut_otherwise(shape: tuple[int, int]) -> None:
    X, y, s = data(*shape)
    s += 0.5
    Y, groups = np.column_stack([y, -2 * y]), np.arange(len(y)) // 3
    dY, ds = da.from_array(Y, chunks=(7, 1)), da.from_array(s, chunks=11)
    D = da.from_array(X, chunks=(8, 25))
    search = LassoRegressionCV(cv=GroupKFold(3), lambdas=2, eps=0.3)
    with at_once():
        whole = clone(search).fit(X, Y, s, groups=groups)
        for some in (da.from_array(groups, chunks=5), dd.from_pandas(pd.Series(groups))):
            assert_same_search(clone(search).fit(D, dY, ds, groups=some), whole)
        model, k = clone(ESTIMATORS[2]), len(y) // 3
        batches = [(D[:k], dY[:k], ds[:k]), (D[k:k], dY[k:k], ds[k:k]), (D[k:], dY[k:], s[k:])]
        streamed = clone(model).fit_batches(batches)
        for batch in batches[::2]:
            model.partial_fit(*batch)
    for fitted in (streamed, model):
        assert_same(fitted, clone(ESTIMATORS[2]).fit_batches([(X, Y, s)]))


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
@in_threads("kind", ["dense", "sparse", "mixed"], and_one="mixed")
def test_wide_data_are_fitted_where_they_lie(kind: str, request: pytest.FixtureRequest) -> None:
    D, X = wide(kind)
    _, y, s = data(90)
    on_cluster = "cluster" in request.node.callspec.id
    for model in ESTIMATORS[2:3] if on_cluster else ESTIMATORS[1:4]:
        whole = clone(model).fit(X, y, s)
        fitted = clone(model).fit(D, da.from_array(y, chunks=40), s)
        assert_same(fitted, whole)
        assert not hasattr(fitted, "moments_")
        assert_allclose(fitted.predict(D).compute(), whole.predict(X), rtol=1e-8)


@edges
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_wide_data_are_searched_where_they_lie(kind: str) -> None:
    D, X = wide(kind)
    _, y, s = data(90)
    search = LassoRegressionCV(cv=3, lambdas=5, eps=0.1)
    assert_same_search(clone(search).fit(D, y, s), clone(search).fit(X, y, s))


def test_wide_data_with_free_columns() -> None:
    D, X = wide("dense")
    _, y, _ = data(90)
    free = ElasticNetRegression(
        lambda_=0.1, l1_ratio=0, penalty_weights=np.r_[0, 0, np.ones(398)], solver="auto"
    )
    assert_same(clone(free).fit(D, y), clone(free).fit(X, y))


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_the_columns_of_a_large_support_are_fetched_where_they_are_small(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Conjugate gradients then cost no rounds of tasks; work is counted."""
    X, y, _ = data(30, 240)
    X[np.random.default_rng(1).random(X.shape) < 0.5] = 0.0
    D = da.from_array(X, chunks=(20, 150)).map_blocks(kind)
    active_set, dask_rows = (
        import_module(f"sklearn_reg.{name}") for name in ("_solvers.active_set", "_data.dask_rows")
    )
    # As if columns were so many that their Gram matrix does not pay.
    monkeypatch.setattr(active_set, "SMALLEST_MATRIX_FREE", 3)
    monkeypatch.setattr(active_set, "CG_STEPS", 0)
    model = clone(ESTIMATORS[3]).set_params(lambda_=1.0)
    whole, rounds = clone(model).fit(kind(X), y), []

    def run(*args: Any, **kwargs: Any) -> Any:
        rounds[-1] += 1
        return dask.get(*args, **kwargs)

    for largest in (dask_rows.LARGEST_COPY, 0):
        monkeypatch.setattr(dask_rows, "LARGEST_COPY", largest)
        rounds.append(0)
        with dask.config.set(scheduler=run):
            assert_same(clone(model).fit(D, y), whole, rtol=1e-6)
    fetched, left_with_workers = rounds
    assert fetched <= 5 * (whole.n_iter_ + 1)
    assert left_with_workers > 5 * fetched


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
        (
            D,
            da.from_array(y[:-1]),
            None,
            ValueError,
            "y must have a row for each of X, 300, got 299",
        ),
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
