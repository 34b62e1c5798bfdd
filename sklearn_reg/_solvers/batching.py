"""Solvers as coroutines, so that several of them share products with the data.

A coroutine yields a `Request` for products, is sent the `Products`, and returns its result. Several
are run together by answering the requests of all of them at once: a product with many vectors reads
X once. It may also yield several `PathRequest`, one a target, and is sent as many solutions.
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


Paths = Sequence[PathRequest]
Coroutine = Generator[Request | Paths, Any, Result]


def run_together(coroutines: Sequence[Coroutine[Result]]) -> list[Result]:
    """Run coroutines together, and return their results in order."""
    results: dict[int, Result] = {}
    waiting: dict[int, Request | Paths] = {}

    def resume(k: int, answer: Products | Sequence[PathSolution] | None) -> None:
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
            if isinstance(request, Request):
                request = coroutine.send(request.design.products(request.w, request.target))
            else:
                request = coroutine.send(solve_paths(request))
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        coroutine.close()


def _answered(
    requests: Sequence[Request | Paths],
) -> list[Products | Sequence[PathSolution]]:
    """Answer requests, those of each kind together."""
    paths = [path for request in requests if not isinstance(request, Request) for path in request]
    products = [request for request in requests if isinstance(request, Request)]
    of_paths, of_products = iter(solve_paths(paths)), iter(products_together(products))
    return [
        next(of_products)
        if isinstance(request, Request)
        else [next(of_paths) for _ in range(len(request))]
        for request in requests
    ]
