"""Hold BLAS to one thread while matrices are small.

NumPy and SciPy each bring an OpenBLAS with threads of its own. Going back and forth between the two
with small matrices, each waits for cores that the other's idle threads still spin on, and the work
takes several times as long as on one thread.

Most libraries have one number of threads for the whole process: all blocks that want one thread
share that limit, and the last of them lifts it. threadpoolctl (3.8 and later) lets only one Python
thread at a time change OpenBLAS, the one that did so first; each change here therefore ends with
giving OpenBLAS back, so that any thread may make the next one, ours or the user's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from threading import RLock, get_ident
from typing import Any, NamedTuple

from threadpoolctl import OpenBLASController, ThreadpoolController

# Held while numbers of threads change, which takes microseconds, and once to find the libraries.
# Reentrant, because the garbage collector may end an abandoned block at any time.
_lock = RLock()
_users: dict[object, int] = {}  # blocks that want one thread, and the Python thread each runs in
_before: dict[Any, int] = {}  # libraries that were taken down to one thread, and what they had


class _Libraries(NamedTuple):
    """The BLAS libraries of this process, by what a number of threads holds for."""

    of_process: list[Any]
    of_thread: ThreadpoolController


@lru_cache(maxsize=1)
def _libraries() -> _Libraries:
    """Find the BLAS libraries, once, under the lock: it takes longer than a small fit."""
    blas = ThreadpoolController().select(user_api="blas")
    own = [library.filepath for library in blas.lib_controllers if _is_of_thread(library)]
    of_process = [library for library in blas.lib_controllers if library.filepath not in own]
    return _Libraries(of_process, blas.select(filepath=own))


def _is_of_thread(library: Any) -> bool:
    """Whether each Python thread has a number of threads of its own."""
    on_openmp = getattr(library, "threading_layer", None) == "openmp"
    return bool(library.internal_api == "mkl" or (library.internal_api == "openblas" and on_openmp))


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread; of several blocks at a time, the last one lifts the limit."""
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
            except BaseException:  # of a signal handler, in the middle
                _leave(user)
                raise


def _hold() -> None:
    """Take to one thread what has more: at first, and where somebody lifted the limit since."""
    for library in _libraries().of_process:
        if _has_more(library):
            _before[library] = library.num_threads  # first, so that no interrupt loses it
            library.set_num_threads(1)
            if _has_more(library):  # another thread set a limit, and has not given OpenBLAS back
                _give_back(force=True)
                library.set_num_threads(1)
            _give_back()


def _leave(user: object) -> None:
    """Lift the limit if nobody else wants it."""
    with _lock:
        _users.pop(user, None)
        if not _users:
            _lift()


def _lift() -> None:
    """Give each library back the threads it had, unless somebody changed their number since."""
    for library, threads in list(_before.items()):
        if not _has_more(library):
            library.set_num_threads(threads)
            _give_back()
        if _has_more(library):  # otherwise another thread holds it: the next block looks again
            _before.pop(library, None)


def _has_more(library: Any) -> bool:
    """Whether a library has more than one thread."""
    threads = library.num_threads
    return threads is not None and threads > 1


def _give_back(force: bool = False) -> None:
    """Let any thread change OpenBLAS again; by force also if another thread limits it."""
    if hasattr(OpenBLASController, "clear_controlling_thread"):  # threadpoolctl 3.8
        OpenBLASController.clear_controlling_thread(force=force)


def _after_fork() -> None:
    """Lift the limit in a child process, unless its only thread wants it too."""
    global _lock
    _lock = RLock()
    for user in [user for user, thread in _users.items() if thread != get_ident()]:
        del _users[user]
    if not _users:
        _lift()


if hasattr(os, "register_at_fork"):
    # A fork waits until no change is half made. threadpoolctl has a lock for its changes too, and
    # before 3.8 it finds libraries under one of the C library's.
    os.register_at_fork(
        before=lambda: _lock.acquire(),
        after_in_parent=lambda: _lock.release(),
        after_in_child=_after_fork,
    )
