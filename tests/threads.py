"""How many threads BLAS has at the moment."""

from __future__ import annotations

from threadpoolctl import threadpool_info


def blas_threads() -> list[tuple[str, int]]:
    """Return the threads of each BLAS."""
    return sorted(
        (info["filepath"], info["num_threads"])
        for info in threadpool_info()
        if info["user_api"] == "blas"
    )
