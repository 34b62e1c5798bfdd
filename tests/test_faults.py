"""Faults for real: processes killed, files cut short, full disks, Ctrl-C.

After each: the answer as without it, or a clear error and an estimator as it was.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import dask
import dask.array as da
import numpy as np
import pytest
from dask.distributed import KilledWorker
from numpy.testing import assert_allclose
from sklearn.base import clone

from processes import workers
from sklearn_reg import LassoRegression, LassoRegressionCV, RidgeRegression

if sys.platform == "win32":
    pytest.skip("signals are those of POSIX", allow_module_level=True)

N, P, CHUNK = 600, 8, 100
TARGET = 100_000  # bytes beyond which a worker is to spill
FITS = [LassoRegression(lambda_=0.05, solver="auto"), LassoRegressionCV(cv=3)]
every_fit = pytest.mark.parametrize("model", FITS, ids=lambda model: type(model).__name__)


def data(p: int = P) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, p))
    return X, 0.3 * X[:, 0] + rng.normal(size=N)


def chunked(X: Any, fault: Callable[[], None], chunk: int) -> Any:
    """Return X on Dask, with a fault when this chunk is read."""

    def read(block: Any, block_info: Any = None) -> Any:
        if block_info is not None and block_info[0]["chunk-location"][0] == chunk:
            fault()
        return block

    # A name of its own: a scheduler that has not yet forgotten another's blocks would reuse them.
    name = f"read-{uuid4().hex}"
    return da.from_array(X, chunks=(CHUNK, -1)).map_blocks(read, name=name, dtype=float)


def killed_once(mark: Path) -> Callable[[], None]:
    """Kill the process that runs this, the first time."""

    def fault() -> None:
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    return fault


def killed_always() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt(process: int) -> Callable[[], None]:
    """Send Ctrl-C to a process that waits, and let it arrive."""

    def fault() -> None:
        time.sleep(0.3)
        os.kill(process, signal.SIGINT)
        time.sleep(0.2)

    return fault


def raise_os_error() -> None:
    raise OSError("the disk is gone")


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> Iterator[Any]:
    """As many processes as asked for, two by default, which their nannies restart."""
    n_workers = getattr(request, "param", 2)
    with (
        dask.config.set(
            {
                "distributed.scheduler.allowed-failures": 1,
                "distributed.admin.large-graph-warning-threshold": "100MB",
            }
        ),
        workers(n_workers, silence_logs=50) as client,
    ):
        yield client
        # A cluster cannot close while a nanny starts a process anew.
        client.wait_for_workers(n_workers, timeout=60)


def assert_unchanged_after(
    error: type[BaseException], message: str | None, fit: Any, model: Any
) -> None:
    """Fit, see it fail, and see nothing else; also for a model that was fitted before."""
    for fitted in (False, True):
        if fitted:
            model.fit(*data())
        before = vars(model).copy()
        with pytest.raises(error, match=message):
            fit(model)
        assert vars(model).keys() == before.keys()
        assert all(vars(model)[name] is before[name] for name in before)


def assert_as_without(model: Any, X: Any, y: Any) -> None:
    whole = clone(model).fit(X, y)
    assert_allclose(model.coef_, whole.coef_, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize(
    ("cluster", "model"),
    [(1, FITS[1]), (2, FITS[0])],
    indirect=["cluster"],
    ids=["restarted", "taken over"],
)
def test_a_worker_is_killed_while_it_reads(cluster: Any, model: Any, tmp_path: Path) -> None:
    X, y = data()
    D = chunked(X, killed_once(tmp_path / "killed"), 4)
    model = clone(model).fit(D, y)
    assert (tmp_path / "killed").exists()
    assert_as_without(model, X, y)


def test_a_worker_that_holds_data_is_killed_between_products(cluster: Any, tmp_path: Path) -> None:
    """Wide data in the memory of the cluster are made again where they are lost."""
    X, y = data(3000)
    D = da.from_array(X, chunks=(CHUNK, 1000)).persist()
    mark = tmp_path / "killed"

    class Killing(LassoRegression):
        def _last_fit(self, *args: Any) -> Any:
            # After the first look at the data, before the solver's.
            process = next(iter(cluster.run(os.getpid).values()))
            os.kill(process, signal.SIGKILL)
            mark.touch()
            return super()._last_fit(*args)

    model = Killing(lambda_=0.2, solver="auto", warm_start=True).fit(D, y)
    assert mark.exists()
    assert_allclose(model.coef_, LassoRegression(lambda_=0.2, solver="auto").fit(X, y).coef_)


@pytest.mark.parametrize("cluster", [1], indirect=True)
def test_a_chunk_kills_every_worker(cluster: Any) -> None:
    X, y = data()
    D = chunked(X, killed_always, 4)
    assert_unchanged_after(KilledWorker, None, lambda model: model.fit(D, y), clone(FITS[1]))


@every_fit
def test_a_chunk_raises(model: Any) -> None:
    X, y = data()
    D = chunked(X, raise_os_error, 5)
    assert_unchanged_after(OSError, "disk is gone", lambda model: model.fit(D, y), clone(model))


@every_fit
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_last_chunk_has_a_number_that_is_none(model: Any, value: float) -> None:
    X, y = data()
    X[-1, 2] = value
    D = da.from_array(X, chunks=(CHUNK, -1))
    message = "5: Input X contains (NaN|infinity)"
    assert_unchanged_after(
        ValueError, "chunk " + message, lambda model: model.fit(D, y), clone(model)
    )
    assert_unchanged_after(
        ValueError,
        "batch " + message,
        lambda model: model.fit_batches(
            (X[k : k + CHUNK], y[k : k + CHUNK]) for k in range(0, N, CHUNK)
        ),
        clone(model),
    )


@every_fit
def test_a_file_is_shorter_than_it_should_be(model: Any, tmp_path: Path) -> None:
    X, y = data()
    file = tmp_path / "X"
    X.tofile(file)
    os.truncate(file, file.stat().st_size - 8 * P)  # a row

    def mapped(model: Any) -> Any:
        return model.fit(np.memmap(file, dtype=float, mode="r", shape=X.shape), y)

    def read(model: Any) -> Any:
        with file.open() as stream:
            return model.fit_batches(
                (np.fromfile(stream, count=CHUNK * P).reshape(-1, P), y[k : k + CHUNK])
                for k in range(0, N, CHUNK)
            )

    assert_unchanged_after(ValueError, "mmap length is greater than file", mapped, clone(model))
    assert_unchanged_after(ValueError, r"batch 5: .*inconsistent.*\[99, 100\]", read, clone(model))


def test_a_file_is_cut_short_under_the_workers(cluster: Any, tmp_path: Path) -> None:
    """The system kills who reads beyond the end of a mapped file: the workers, not the client."""
    X, y = data(500)
    file = tmp_path / "X"
    X.tofile(file)

    def read(start: int) -> Any:
        return np.memmap(file, dtype=float, mode="r", shape=X.shape)[start : start + CHUNK]

    def cut(start: int) -> Any:
        rows = read(start)
        os.truncate(file, 4096)
        return rows

    D = da.concatenate(
        [
            da.from_delayed(dask.delayed(cut)(start), (CHUNK, 500), float)
            for start in range(0, N, CHUNK)
        ]
    )
    model = LassoRegression(solver="auto")
    with pytest.raises((KilledWorker, ValueError), match=r"mmap|Attempted to run"):
        model.fit(D, y)
    assert not hasattr(model, "coef_")


@pytest.mark.parametrize("cluster", [1], indirect=True)
def test_a_worker_cannot_spill(cluster: Any) -> None:
    """Where a file may not grow, as on a full disk, data that should leave memory stay in it."""
    X, y = data(2000)

    def no_room(dask_worker: Any) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        dask_worker.data.fast.n = TARGET

    def kept(dask_worker: Any) -> tuple[int, int]:
        return len(dask_worker.data.slow), dask_worker.data.fast.total_weight

    cluster.run(no_room)
    D = da.from_array(X, chunks=(CHUNK, -1)).persist()
    model = LassoRegression(lambda_=0.2, solver="auto").fit(D, y)
    assert_as_without(model, X, y)
    ((spilled, in_memory),) = cluster.run(kept).values()
    assert spilled == 0
    assert in_memory > TARGET


@every_fit
def test_interrupted_between_batches(model: Any) -> None:
    X, y = data()

    def batches() -> Iterator[Any]:
        for k in range(0, N, CHUNK):
            if k == 3 * CHUNK:
                signal.raise_signal(signal.SIGINT)
            yield X[k : k + CHUNK], y[k : k + CHUNK]

    assert_unchanged_after(
        KeyboardInterrupt, None, lambda model: model.fit_batches(batches()), clone(model)
    )


def fit_interrupted(model: Any) -> None:
    X, y = data()
    model.fit(chunked(X, interrupt(os.getpid()), 3), y)


@every_fit
def test_interrupted_while_threads_work(model: Any) -> None:
    with dask.config.set(scheduler="threads"):
        assert_unchanged_after(KeyboardInterrupt, None, fit_interrupted, clone(model))


def test_interrupted_while_processes_work(cluster: Any) -> None:
    for model in FITS:
        assert_unchanged_after(KeyboardInterrupt, None, fit_interrupted, clone(model))


def test_interrupted_in_partial_fit() -> None:
    X, y = data()
    model = RidgeRegression(solver="auto").partial_fit(X[:CHUNK], y[:CHUNK])
    before, coef = vars(model).copy(), model.coef_.copy()
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(chunked(X, interrupt(os.getpid()), 3), y)
    assert all(vars(model)[name] is before[name] for name in before)
    assert model.moments_.weight == CHUNK
    assert_allclose(model.coef_, coef, rtol=0)
