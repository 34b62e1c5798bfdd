"""Solvers as coroutines, so that several of them share products with the data.

A coroutine yields a `Request` for products, is sent the `Products`, and returns its result. Several
are run together by answering the requests of all of them at once: a product with many vectors reads
X once.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple, TypeVar

from sklearn_reg._data.designs import Design, Products, products_together
from sklearn_reg._solvers.batch import PathRequest, PathSolution, solve_paths
from sklearn_reg._tools.typing import FloatArray

Result = TypeVar("Result")


class Request(NamedTuple):
    """A request for the products of the residual of w."""

    design: Design
    target: int
    w: FloatArray


Coroutine = Generator[Request | PathRequest, Any, Result]


def run_together(coroutines: Sequence[Coroutine[Result]]) -> list[Result]:
    """Run coroutines together, and return their results in order."""
    results: dict[int, Result] = {}
    waiting: dict[int, Request | PathRequest] = {}

    def resume(k: int, answer: Products | PathSolution | None) -> None:
        waiting.pop(k, None)
        try:
            waiting[k] = next(coroutines[k]) if answer is None else coroutines[k].send(answer)
        except StopIteration as end:
            results[k] = end.value

    try:
        for k in range(len(coroutines)):
            resume(k, None)
        while waiting:
            answers = _answered(list(waiting.values()))
            for k, answer in zip(list(waiting), answers, strict=True):
                resume(k, answer)
    finally:
        for coroutine in coroutines:
            coroutine.close()
    return [results[k] for k in range(len(coroutines))]


def run_alone(coroutine: Coroutine[Result]) -> Result:
    """Run one coroutine."""
    try:
        request = next(coroutine)
        while True:
            if isinstance(request, PathRequest):
                request = coroutine.send(solve_paths([request])[0])
            else:
                request = coroutine.send(request.design.products(request.w, request.target))
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        coroutine.close()


def _answered(requests: Sequence[Request | PathRequest]) -> list[Products | PathSolution]:
    """Answer requests, those of each kind together."""
    paths = [request for request in requests if isinstance(request, PathRequest)]
    products = [request for request in requests if not isinstance(request, PathRequest)]
    of_paths, of_products = iter(solve_paths(paths)), iter(products_together(products))
    return [
        next(of_paths) if isinstance(request, PathRequest) else next(of_products)
        for request in requests
    ]
