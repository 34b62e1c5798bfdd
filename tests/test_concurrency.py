"""The same answer every time, from every thread and process, and nothing left behind.

What runs at once is waited for with a limit, so that a deadlock is a failure and not a hang.
"""

from __future__ import annotations

import _thread
import ast
import hashlib
import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from threadpoolctl import OpenBLASController, ThreadpoolController, threadpool_limits

from designing import make_design
from problems import correlated
from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    Moments,
    RidgeRegression,
    RidgeRegressionCV,
    regularization_path,
)
from sklearn_reg._selection import curves
from sklearn_reg._solvers import SOLVERS, Settings
from sklearn_reg._solvers.problem import Problem
from sklearn_reg._tools import threads as _threads
from sklearn_reg._tools.threads import one_blas_thread
from sklearn_reg.penalties import ElasticNet
from threads import blas_threads

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*the smallest error is at:UserWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
LIMIT = 120  # seconds after which what runs at once has locked itself up
MODELS = {
    "ridge": RidgeRegression(0.1, solver="auto"),
    "descent": LassoRegression(0.1, learning_rate="auto", n_iterations=50, tol=0.05),
    "accelerated": ElasticNetRegression(0.1, solver="accelerated", learning_rate="auto"),
    "lasso": LassoRegression(0.05, solver="auto"),
    "positive": ElasticNetRegression(0.05, solver="auto", positive=True, standardize=True),
    "ridge CV": RidgeRegressionCV(20, cv=3),
    "lasso CV": LassoRegressionCV(20, cv=3),
    "elastic net CV": ElasticNetRegressionCV(10, [0.3, 0.9], cv=3),
}
LAYOUTS = ("tall", "wide", "sparse")
every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
every_layout = pytest.mark.parametrize("layout", LAYOUTS)


BLAS = ThreadpoolController().select(user_api="blas")
# threadpoolctl 3.8 lets only one thread at a time set limits; this lets the others do so again.
give_back: Callable[[], None] = getattr(
    OpenBLASController, "clear_controlling_thread", lambda: None
)


def numbers() -> set[int]:
    """Threads that BLAS libraries have; quicker than `blas_threads`."""
    return {library.num_threads for library in BLAS.lib_controllers}


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    """Let BLAS have two threads, whatever the machine, and look whether they are left."""
    limit = threadpool_limits(2, user_api="blas")
    give_back()
    yield
    left = numbers()
    with limit:  # what was before comes back
        pass
    assert left == {2}
    assert not _threads._users


def data(layout: str) -> tuple[Any, Any]:
    rng = np.random.default_rng(5)
    X: Any = correlated(rng, *((300, 40) if layout == "tall" else (60, 300)), 0.5)
    if layout == "sparse":
        X = sparse.csr_array(X * (rng.random(X.shape) < 0.2))
    signal = X[:, :5].sum(axis=1)
    return X, np.asarray(signal).ravel() + rng.normal(size=X.shape[0])


def fingerprint(model: Any) -> str:
    """All bits of what was fitted."""
    names = ("coef_", "intercept_", "objective_", "dual_gap_", "history_", "mse_path_")
    found = [np.asarray(getattr(model, name)).tobytes() for name in names if hasattr(model, name)]
    return hashlib.sha256(b"".join(found)).hexdigest()


def all_at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run in threads that start together, and wait for no longer than LIMIT."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait(LIMIT)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [done.result(LIMIT) for done in [pool.submit(run, call) for call in calls]]


# --- the same every time --------------------------------------------------------------------------


@every_layout
@every_model
def test_a_repeated_fit_is_the_same_to_the_last_bit(model: Any, layout: str) -> None:
    X, y = data(layout)
    prints = {fingerprint(clone(model).fit(X, y))}
    again = clone(model).fit(X, y)
    prints |= {fingerprint(again), fingerprint(again.fit(X, y))}
    assert len(prints) == 1


def test_a_fit_in_a_new_process_is_the_same_to_the_last_bit() -> None:
    script = (
        "import sys, warnings; warnings.simplefilter('ignore'); sys.path.insert(0, 'tests');"
        "from test_concurrency import *; threadpool_limits(2, user_api='blas');"
        "print(' '.join(fingerprint(clone(m).fit(*data(k))) for m in MODELS.values() "
        "for k in LAYOUTS))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    here = [fingerprint(clone(m).fit(*data(k))) for m in MODELS.values() for k in LAYOUTS]
    assert run.stdout.split() == here


@every_model
def test_the_seed_of_numpy_is_neither_read_nor_moved(model: Any) -> None:
    X, y = data("wide")
    np.random.seed(1)
    before = np.random.get_state()[1].tobytes()  # type: ignore[index]
    one = fingerprint(clone(model).fit(X, y))
    assert np.random.get_state()[1].tobytes() == before  # type: ignore[index]
    np.random.seed(2)
    assert fingerprint(clone(model).fit(X, y)) == one


# --- threads --------------------------------------------------------------------------------------


@every_layout
def test_eight_threads_fit_their_own_estimators_on_the_same_data(layout: str) -> None:
    X, y = data(layout)
    alone = [fingerprint(clone(model).fit(X, y)) for model in MODELS.values()]
    before = blas_threads()
    together = all_at_once([lambda m=m: clone(m).fit(X, y) for m in MODELS.values()])  # type: ignore[misc]
    assert blas_threads() == before
    for model, twin in zip(together, alone, strict=True):
        again = clone(model).fit(X, y)
        assert fingerprint(again) == twin
        assert_allclose(model.coef_, again.coef_, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("on_gram", [False, True])
@every_layout
def test_eight_threads_share_one_design(layout: str, on_gram: bool) -> None:
    """Its caches (squares, eigenvalue, factors) are filled by whoever comes first."""
    X, y = data(layout)
    p = X.shape[1]

    def fresh() -> Any:
        return make_design(X, y[:, None], on_gram=on_gram, unpenalised=True)[0]

    def solve(design: Any, name: str, l1: float, l2: float) -> Any:
        problem = Problem(design, 0, ElasticNet(np.full(p, l1), np.full(p, l2)))
        return SOLVERS[name].run(problem, np.zeros(p), Settings(None, 200, 1e-10))

    tasks = [("active_set", 0.1 / k, 0.0) for k in (1, 2, 5, 10)]
    tasks += [("accelerated", 0.1, 0.1), ("gradient_descent", 0.1, 0.1)]
    tasks += [("closed_form", 0.0, 0.3), ("closed_form", 0.0, 0.7)]
    alone = [solve(fresh(), *task) for task in tasks]
    shared = fresh()
    together = all_at_once([lambda task=task: solve(shared, *task) for task in tasks])  # type: ignore[misc]
    for one, other in zip(alone, together, strict=True):
        assert_allclose(other.objective, one.objective, rtol=1e-9)
        assert_allclose(other.w, one.w, rtol=1e-5, atol=1e-7)


def test_eight_threads_predict_with_one_estimator() -> None:
    X, y = data("tall")
    model = LassoRegressionCV(20, cv=3).fit(X, y)
    expected = model.predict(X)
    for found in all_at_once([lambda: model.predict(X)] * 8):
        assert_array_equal(found, expected)


def test_eight_threads_gather_moments_that_add_up() -> None:
    X, y = data("tall")
    parts = all_at_once([lambda k=k: Moments.from_data(X[k::8], y[k::8]) for k in range(8)])  # type: ignore[misc]
    whole = Moments.from_data(X, y)
    assert_allclose(sum(parts).gram, whole.gram, rtol=1e-10, atol=1e-10)


@every_model
def test_blas_threads_are_left_as_they_were_found(model: Any) -> None:
    X, y = data("wide")
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            before = blas_threads()
            clone(model).fit(X, y)
            regularization_path(X, y, 5)
            assert blas_threads() == before
            with pytest.raises(ValueError, match="NaN"):
                clone(model).fit(X, np.full_like(y, np.nan))
            assert blas_threads() == before


# --- the limit of one BLAS thread -----------------------------------------------------------------


def seen(call: Callable[[], Any] = numbers) -> Any:
    """Call something in another thread, inside the limit."""

    def inside() -> Any:
        with one_blas_thread():
            return call()

    return all_at_once([inside])[0]


class Elsewhere:
    """A block in a thread of its own, which goes on until `leave`."""

    def __init__(self, block: Callable[[], Any] = one_blas_thread) -> None:
        self._leave, entered = threading.Event(), threading.Event()

        def run() -> None:
            with block():
                entered.set()
                self._leave.wait(LIMIT)

        self._thread = threading.Thread(target=run)
        self._thread.start()
        assert entered.wait(LIMIT)

    def leave(self) -> None:
        self._leave.set()
        self._thread.join(LIMIT)


def test_the_limit_holds_in_a_second_thread_after_a_fit_in_the_first() -> None:
    LassoRegression(0.05, solver="auto").fit(*data("wide"))
    assert numbers() == {2}
    assert seen() == {1}
    assert numbers() == {2}


def test_the_limit_holds_in_a_second_thread_inside_a_limit_of_the_first() -> None:
    with threadpool_limits(3, user_api="blas"):
        assert seen() == {1}
        assert numbers() == {3}
        with one_blas_thread():
            assert seen() == {1}
            assert numbers() == {1}
        assert numbers() == {3}
    limit = threadpool_limits(3, user_api="blas")  # not a block: the first thread keeps OpenBLAS
    assert seen() == {1}
    assert numbers() == {3}
    with limit:
        pass


def test_a_lower_limit_of_the_user_stays() -> None:
    with threadpool_limits(1, user_api="blas"):
        assert seen() == {1}
        assert numbers() == {1}
        LassoRegression(0.05, solver="auto").fit(*data("wide"))
        assert numbers() == {1}


def test_a_number_of_threads_that_is_set_inside_the_limit_stays() -> None:
    with one_blas_thread():
        limit = threadpool_limits(3, user_api="blas")
    assert numbers() == {3}
    threadpool_limits(2, user_api="blas")
    give_back()
    del limit


def test_after_a_fit_any_thread_may_set_limits() -> None:
    LassoRegression(0.05, solver="auto").fit(*data("wide"))

    def limited() -> set[int]:
        with threadpool_limits(1, user_api="blas"):
            return numbers()

    assert all_at_once([limited]) == [{1}]


@pytest.mark.parametrize("first_out", ["here", "elsewhere"])
def test_of_nested_and_overlapping_limits_the_last_one_is_lifted(first_out: str) -> None:
    with one_blas_thread():
        elsewhere = Elsewhere()
        with one_blas_thread():
            assert numbers() == {1}
        if first_out == "elsewhere":
            elsewhere.leave()
        assert numbers() == {1}
    assert numbers() == ({1} if first_out == "here" else {2})
    elsewhere.leave()


@pytest.mark.skipif(
    not hasattr(OpenBLASController, "clear_controlling_thread"),
    reason="this threadpoolctl does not know whose limit it is",
)
def test_a_limit_of_another_thread_that_ends_after_ours_is_not_broken() -> None:
    with one_blas_thread():
        another = Elsewhere(lambda: threadpool_limits(1, user_api="blas"))
    assert numbers() == {1}
    another.leave()
    with one_blas_thread():  # sees that BLAS was left at one thread
        pass


def test_the_limit_holds_again_after_another_thread_lifted_its_own() -> None:
    another = Elsewhere(lambda: threadpool_limits(1, user_api="blas"))
    with one_blas_thread():
        another.leave()
        with one_blas_thread():
            assert numbers() == {1}


def test_libraries_with_a_number_for_each_thread_are_limited_in_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OpenMP counts by thread, as MKL does."""
    openmp = ThreadpoolController().select(user_api="openmp")
    assert len(openmp), "scikit-learn brings OpenMP"
    monkeypatch.setattr(_threads, "_libraries", lambda: _threads._Libraries([], openmp))

    def threads() -> set[int]:
        return {library.num_threads for library in openmp.lib_controllers}

    def in_a_thread() -> list[set[int]]:
        with openmp.limit(limits=3):
            with one_blas_thread():
                inside = threads()
            return [inside, threads()]

    before = threads()
    with one_blas_thread():
        assert all_at_once([in_a_thread] * 2) == [[{1}, {3}]] * 2
        assert threads() == {1}
    assert threads() == before


# --- processes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_joblib_gives_what_one_process_gives(backend: str) -> None:
    X, y = data("tall")
    search = GridSearchCV(LassoRegression(solver="auto"), {"lambda_": [0.5, 0.1, 0.02]}, cv=3)
    alone = clone(search).fit(X, y)
    cv_alone = LassoRegressionCV(20, cv=3).fit(X, y)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        together = clone(search).fit(X, y)
        cv_together = LassoRegressionCV(20, cv=3, n_jobs=2).fit(X, y)
    assert_array_equal(
        together.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )
    assert_array_equal(together.best_estimator_.coef_, alone.best_estimator_.coef_)
    assert_array_equal(cv_together.mse_path_, cv_alone.mse_path_)
    assert_array_equal(cv_together.coef_, cv_alone.coef_)


@pytest.mark.parametrize("n_jobs", [None, 2, 3, -1])
@pytest.mark.parametrize(("n", "p"), [(200, 400), (300, 260)])
def test_threads_share_the_folds_out_and_change_nothing(
    monkeypatch: pytest.MonkeyPatch, n: int, p: int, n_jobs: int | None
) -> None:
    """Folds of one thread share products with X; one alone in its thread would share none."""
    X = correlated(np.random.default_rng(3), n, p, 0.3)
    y = X[:, :5].sum(axis=1) + np.random.default_rng(4).normal(size=n)
    alone = LassoRegressionCV(8, cv=5).fit(X, y)
    groups: list[tuple[int, int]] = []

    def together(works: Sequence[Any]) -> list[Any]:
        groups.append((threading.get_ident(), len(works)))
        return run(works)

    run = curves.run_together
    monkeypatch.setattr(curves, "run_together", together)
    monkeypatch.setattr(curves, "WORTH_A_THREAD", 0)
    shared = LassoRegressionCV(8, cv=5, n_jobs=n_jobs).fit(X, y)
    assert_allclose(shared.mse_path_, alone.mse_path_, rtol=1e-6)
    workers = joblib.effective_n_jobs(n_jobs) if n_jobs else _threads.blas_threads()
    sizes = [size for _, size in groups]
    assert sum(sizes) == 5
    assert max(sizes) - min(sizes) <= 1
    assert len({thread for thread, _ in groups}) <= workers
    if n < p:  # the folds are rows of X
        assert len(groups) == (min(workers, 5) if n_jobs else 2)


@pytest.mark.parametrize("n_jobs", [2, 5])
def test_small_data_are_left_to_one_thread(monkeypatch: pytest.MonkeyPatch, n_jobs: int) -> None:
    X, y = data("tall")
    threads: set[int] = set()

    def together(works: Sequence[Any]) -> list[Any]:
        threads.add(threading.get_ident())
        return run(works)

    run = curves.run_together
    monkeypatch.setattr(curves, "run_together", together)
    LassoRegressionCV(8, cv=5, n_jobs=n_jobs).fit(X, y)
    assert threads == {threading.get_ident()}


def test_jobs_are_shared_out_in_order_and_evenly() -> None:
    for n_jobs, workers, at_once in itertools.product([1, 2, 5, 23, 100], [1, 2, 5, 16], [1, 3, 8]):
        jobs = [(k, 0) for k in range(n_jobs)]
        groups = curves._shared_out(jobs, workers, at_once)
        sizes = [len(group) for group in groups]
        assert [job for group in groups for job in group] == jobs
        assert 1 <= min(sizes) <= max(sizes) <= at_once
        assert max(sizes) - min(sizes) <= 1
        assert len(sizes) % workers == 0 or max(sizes) == 1


def _fit_in_child(model: Any, X: Any, y: Any, answers: Any) -> None:
    answers.put(fingerprint(clone(model).fit(X, y)))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@every_model
def test_a_fork_after_a_fit_can_fit(model: Any) -> None:
    X, y = data("wide")
    expected = fingerprint(clone(model).fit(X, y))
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    child = context.Process(target=_fit_in_child, args=(model, X, y, answers))
    child.start()
    try:
        assert answers.get(timeout=LIMIT) == expected
        child.join(LIMIT)
        assert child.exitcode == 0
    finally:
        child.kill()


def _limits_in_child(answers: Any) -> None:
    before = blas_threads()
    with one_blas_thread():
        inside = {n for _, n in blas_threads()}
    answers.put((before, inside, blas_threads()))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_while_another_thread_fits_keeps_no_limit_of_its_threads() -> None:
    """The thread that would lift the limit does not exist in the child."""
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with one_blas_thread():
            entered.set()
            leave.wait(LIMIT)

    outside = blas_threads()
    holder = threading.Thread(target=hold)
    holder.start()
    entered.wait(LIMIT)
    child = context.Process(target=_limits_in_child, args=(answers,))
    child.start()
    try:
        before, inside, after = answers.get(timeout=LIMIT)
    finally:
        leave.set()
        holder.join(LIMIT)
        child.kill()
    assert before == after == outside == blas_threads()
    assert inside == {1}


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_inside_the_limit_keeps_it_until_the_block_ends() -> None:
    elsewhere = Elsewhere()
    with one_blas_thread():
        child = os.fork()
        held = numbers()
    if not child:
        os._exit(0 if (held, numbers(), seen(), numbers()) == ({1}, {2}, {1}, {2}) else 1)
    elsewhere.leave()
    assert ends(child) == 0


def ends(child: int) -> int | None:
    """Exit code of a child, or None for one that does not end, and is killed."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_processes_forked_beside_fitting_threads_can_fit() -> None:
    """No lock is held while a thread computes: in the child nobody would release it.

    OpenBLAS with several threads hangs by itself where another thread forks; hence the limit.
    """
    X, y = data("wide")
    work = [
        LassoRegression(0.05, solver="auto"),
        LassoRegression(0.05, learning_rate="auto", n_iterations=3),
        RidgeRegression(0.1, solver="auto", standardize=True),
    ]
    stop = threading.Event()

    def fit() -> None:
        for model in work:
            clone(model).fit(X, y)

    def fit_on() -> None:
        while not stop.is_set():
            fit()

    threads = [threading.Thread(target=fit_on) for _ in range(3)]
    codes: list[int | None] = []
    with threadpool_limits(1, user_api="blas"):
        for thread in threads:
            thread.start()
        try:
            end = time.monotonic() + 2.0
            while time.monotonic() < end and set(codes) <= {0}:
                codes.append(ends(forked(fit)))
        finally:
            stop.set()
            for thread in threads:
                thread.join(LIMIT)
    assert set(codes) == {0}


def forked(call: Callable[[], Any]) -> int:
    """Call in a child process; it ends with 0 unless the call raises."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        call()
        code = 0
    finally:
        os._exit(code)


def test_no_property_holds_a_lock_while_it_computes() -> None:
    """The `functools.cached_property` of Python 3.11 has one lock for all instances."""
    files = list(Path(_threads.__file__).parents[1].rglob("*.py"))
    assert len(files) > 20
    for file in files:
        names = {
            alias.name if isinstance(node, ast.ImportFrom) else node.attr
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            for alias in getattr(node, "names", [node])
            if (isinstance(node, ast.ImportFrom) and node.module == "functools")
            or isinstance(node, ast.Attribute)
        }
        assert "cached_property" not in names, file


# --- interrupted ----------------------------------------------------------------------------------


class Interrupted(BaseException):
    """What a signal handler raises."""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer here")
def test_an_interrupt_at_any_moment_leaves_blas_threads_as_they_were() -> None:
    def interrupt(*_: Any) -> None:
        raise Interrupted

    def until_interrupted(delay: float) -> None:
        signal.setitimer(signal.ITIMER_REAL, delay)
        while True:
            with one_blas_thread():
                pass

    before, rng = signal.signal(signal.SIGALRM, interrupt), np.random.default_rng(0)
    try:
        for delay in rng.uniform(2e-5, 3e-4, 3000):
            with pytest.raises(Interrupted):
                until_interrupted(delay)
            assert numbers() == {2}
            assert not _threads._users
    finally:
        signal.signal(signal.SIGALRM, before)


class Long:
    """Fits that take long enough to be interrupted."""

    rng = np.random.default_rng(0)
    X = correlated(rng, 200, 800, 0.9)
    y = X[:, :150].sum(axis=1) + rng.normal(size=200)
    models = (
        LassoRegression(1e-3, learning_rate="auto", n_iterations=10**6, tol=0),
        LassoRegression(
            1e-3, solver="accelerated", learning_rate="auto", n_iterations=10**6, tol=0
        ),
        ElasticNetRegressionCV(2000, [0.1, 0.5, 0.9], eps=1e-5, cv=5),
    )


@pytest.mark.parametrize("model", Long.models, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("delay", [0.05, 0.3])
def test_ctrl_c_leaves_the_estimator_as_it_was(model: Any, delay: float) -> None:
    model = clone(model)
    quick = {"n_iterations": 3} if hasattr(model, "n_iterations") else {"lambdas": 3, "eps": 0.5}
    slow = {name: getattr(model, name) for name in quick}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.set_params(**quick).fit(Long.X, Long.y)
    before, threads = fingerprint(model), blas_threads()
    names = set(vars(model))
    model.set_params(**slow)

    def fit_and_wait() -> None:
        model.fit(Long.X, Long.y)
        time.sleep(LIMIT)  # the fit was quicker than the signal

    timer = threading.Timer(delay, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        fit_and_wait()
    timer.join()
    assert fingerprint(model) == before
    assert set(vars(model)) == names
    assert blas_threads() == threads
    assert fingerprint(model.set_params(**quick).fit(Long.X, Long.y)) == before
