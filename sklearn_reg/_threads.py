"""Hold BLAS to one thread while matrices are small.

NumPy and SciPy each bring an OpenBLAS with threads of its own. Going back and forth between the two
with small matrices, each waits for cores that the other's idle threads still spin on, and the work
takes several times as long as on one thread.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

_lock = Lock()
_users = 0
_limit: Any = None


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    """Find the BLAS libraries, once: it takes longer than a small fit."""
    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread; of several users at a time, the last one lifts the limit."""
    global _users, _limit
    with _lock:
        if _users == 0:
            _limit = _controller().limit(limits=1, user_api="blas")
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _limit.restore_original_limits()
                _limit = None


def _after_fork() -> None:
    """Lift the limit in a child process: the threads that would have done so are not in it."""
    global _lock, _users, _limit
    _lock = Lock()  # held by nobody
    if _limit is not None:
        _limit.restore_original_limits()
    _users, _limit = 0, None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
