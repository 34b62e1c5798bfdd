"""Processes of Dask that start soon."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dask
from dask.distributed import Client, LocalCluster
from distributed.utils import get_mp_context

FORKSERVER = "forkserver"
# What workers would import, for seconds each.
IMPORTED = ["distributed", "dask.dataframe", "hypothesis.strategies", "pytest", "sklearn_reg"]


@contextmanager
def workers(n_workers: int, *, as_default: bool = True, **options: Any) -> Iterator[Any]:
    """Start a cluster of processes, each with one thread, and yield its client.

    Where the system can fork, they are forked from a process that has imported everything.
    """
    method = FORKSERVER if FORKSERVER in multiprocessing.get_all_start_methods() else "spawn"
    with dask.config.set({"distributed.worker.multiprocessing-method": method}):
        if method == FORKSERVER:
            get_mp_context().set_forkserver_preload(IMPORTED)
        with (
            LocalCluster(
                n_workers=n_workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address=":0",
                **options,
            ) as local,
            Client(local, set_as_default=as_default) as client,
        ):
            yield client
