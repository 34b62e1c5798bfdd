"""Solvers as coroutines, so that several of them share products with the data.

A coroutine yields a `Request` for products, is sent the `Products`, and returns its result. Several
are run together by answering the requests of all of them at once: a product with many vectors reads
X once.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple, TypeVar

from sklearn_reg._data.designs import Design, Products, products_together
from sklearn_reg._tools.typing import FloatArray

Result = TypeVar("Result")


class Request(NamedTuple):
    """A request for the products of the residual of w."""

    design: Design
    target: int
    w: FloatArray


Coroutine = Generator[Request, Products, Result]


def run_together(coroutines: Sequence[Coroutine[Result]]) -> list[Result]:
    """Run coroutines together, and return their results in order."""
    results: dict[int, Result] = {}
    waiting: dict[int, Request] = {}

    def resume(k: int, answer: Products | None) -> None:
        waiting.pop(k, None)
        try:
            waiting[k] = next(coroutines[k]) if answer is None else coroutines[k].send(answer)
        except StopIteration as end:
            results[k] = end.value

    try:
        for k in range(len(coroutines)):
            resume(k, None)
        while waiting:
            answers = products_together(list(waiting.values()))
            for k, answer in zip(list(waiting), answers, strict=True):
                resume(k, answer)
    finally:
        for coroutine in coroutines:
            coroutine.close()
    return [results[k] for k in range(len(coroutines))]


def run_alone(coroutine: Coroutine[Result]) -> Result:
    """Run one coroutine."""
    try:
        design, target, w = next(coroutine)
        while True:
            design, target, w = coroutine.send(design.products(w, target))
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        coroutine.close()
