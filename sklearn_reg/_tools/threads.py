"""Hold BLAS to one thread while matrices are small.

NumPy and SciPy each have an OpenBLAS with its own threads. When calls with small matrices alternate
between the two, each waits for cores on which idle threads of the other still spin, and the work
takes several times as long as on one thread.

Most libraries have one number of threads for the whole process: all blocks of `one_blas_thread`
share this limit, and the last block to end lifts it. In threadpoolctl (3.8 and later) the first
Python thread that changes OpenBLAS gets control of it, and others cannot change it. Each change
here therefore ends by releasing control, so that any thread, also the user's, can make the next.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from contextvars import copy_context
from functools import lru_cache
from threading import RLock, get_ident
from typing import Any, NamedTuple

from threadpoolctl import OpenBLASController, ThreadpoolController

# Maps a function to items, as the built-in `map` does.
Mapped = Callable[..., Iterable[Any]]
ROUND = 8  # items that are in work at a time, so that few results are kept

# Held while numbers of threads change, which takes microseconds, and once to find the libraries.
# It is reentrant, because the garbage collector may end an abandoned block at any time.
_lock = RLock()
_users: dict[object, int] = {}  # active blocks, and the Python thread that each runs in
_before: dict[Any, int] = {}  # libraries limited to one thread, and their number of threads before


class _Libraries(NamedTuple):
    """The BLAS libraries of this process, by the scope of their number of threads."""

    of_process: list[Any]
    of_thread: ThreadpoolController


@lru_cache(maxsize=1)
def _libraries() -> _Libraries:
    """Find the BLAS libraries, once and under the lock: it takes longer than a small fit."""
    blas = ThreadpoolController().select(user_api="blas")
    own = [library.filepath for library in blas.lib_controllers if _is_of_thread(library)]
    of_process = [library for library in blas.lib_controllers if library.filepath not in own]
    return _Libraries(of_process, blas.select(filepath=own))


def _is_of_thread(library: Any) -> bool:
    """Whether a library has a separate number of threads for each Python thread."""
    on_openmp = getattr(library, "threading_layer", None) == "openmp"
    return bool(library.internal_api == "mkl" or (library.internal_api == "openblas" and on_openmp))


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread; of several active blocks, the last to end lifts the limit."""
    user = object()
    with _lock:
        own = _libraries().of_thread
    with own.limit(limits=1) if own.lib_controllers else nullcontext():
        try:
            with _lock:
                _users[user] = get_ident()
                _hold()
            yield
        finally:
            try:
                _leave(user)
            except BaseException:  # raised by a signal handler meanwhile
                _leave(user)
                raise


@contextmanager
def mapped_in_threads(n_items: int) -> Iterator[Mapped]:
    """Yield a `map` that uses as many threads as BLAS may use, each with one BLAS thread.

    Limits that a user sets for BLAS therefore hold for it, and so does an active `one_blas_thread`.
    Results come in the order of the items. What NumPy does with floating-point errors is as in the
    calling thread.
    """
    workers = min(blas_threads(), n_items, ROUND) if n_items > 1 else 1
    if workers == 1:
        yield map
        return
    with one_blas_thread(), ThreadPoolExecutor(workers) as pool:

        def mapped(work: Callable[[Any], Any], items: Iterable[Any]) -> Iterable[Any]:
            tasks = [(copy_context(), item) for item in items]
            return pool.map(lambda task: task[0].run(work, task[1]), tasks)

        yield mapped


def in_rounds(mapped: Mapped, work: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
    """Yield the results of `work`, with a map of `mapped_in_threads`: a few are kept at a time."""
    for first in range(0, len(items), ROUND):
        yield from mapped(work, items[first : first + ROUND])


def blas_threads() -> int:
    """Return how many threads BLAS may use: the fewest that any library may."""
    with _lock:
        libraries = _libraries()
    counts = [
        library.num_threads or 1
        for library in (*libraries.of_process, *libraries.of_thread.lib_controllers)
    ]
    return min(counts, default=1)


def _hold() -> None:
    """Limit libraries that have more than one thread, also after somebody lifted the limit."""
    for library in _libraries().of_process:
        if _has_more(library):
            _before[library] = library.num_threads  # stored first: an interrupt cannot lose it
            library.set_num_threads(1)
            if _has_more(library):  # another thread set a limit, and has not released control
                _give_back(force=True)
                library.set_num_threads(1)
            _give_back()


def _leave(user: object) -> None:
    """Remove a block, and lift the limit if it was the last one."""
    with _lock:
        _users.pop(user, None)
        if not _users:
            _lift()


def _lift() -> None:
    """Restore the number of threads of each library, unless it was changed meanwhile."""
    for library, threads in list(_before.items()):
        if not _has_more(library):
            library.set_num_threads(threads)
            _give_back()
        if _has_more(library):  # otherwise another thread has control: the next block tries again
            _before.pop(library, None)


def _has_more(library: Any) -> bool:
    """Whether a library has more than one thread."""
    threads = library.num_threads
    return threads is not None and threads > 1


def _give_back(force: bool = False) -> None:
    """Release control of OpenBLAS; with `force` also if another thread has it."""
    if hasattr(OpenBLASController, "clear_controlling_thread"):  # threadpoolctl 3.8
        OpenBLASController.clear_controlling_thread(force=force)


def _after_fork() -> None:
    """Lift the limit in a child process, unless its only thread is in a block."""
    global _lock
    _lock = RLock()
    for user in [user for user, thread in _users.items() if thread != get_ident()]:
        del _users[user]
    if not _users:
        _lift()


if hasattr(os, "register_at_fork"):
    # A fork waits until no change is in progress. threadpoolctl holds a lock during its changes
    # too, and before 3.8 it finds libraries under a lock of the C library.
    os.register_at_fork(
        before=lambda: _lock.acquire(),
        after_in_parent=lambda: _lock.release(),
        after_in_child=_after_fork,
    )
