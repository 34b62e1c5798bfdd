"""Work that asks for products with the data, so that several pieces of it share one pass.

A piece of work is a generator: it yields a `Question`, is sent `Products`, and returns its result.
Alone it gets an answer at a time; together, what all of them wait for is one product with X, and a
product with many vectors reads X once.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple, TypeVar

from sklearn_reg._typing import FloatArray
from sklearn_reg.designs import Design, Products, products_together

Result = TypeVar("Result")


class Question(NamedTuple):
    """Asks for the products of the residual of w."""

    design: Design
    target: int
    w: FloatArray


Asking = Generator[Question, Products, Result]


def together(works: Sequence[Asking[Result]]) -> list[Result]:
    """Run pieces of work side by side, and return their results in order."""
    results: dict[int, Result] = {}
    waiting: dict[int, Question] = {}

    def go_on(k: int, answer: Products | None) -> None:
        waiting.pop(k, None)
        try:
            waiting[k] = works[k].send(answer) if answer is not None else next(works[k])
        except StopIteration as end:
            results[k] = end.value

    try:
        for k in range(len(works)):
            go_on(k, None)
        while waiting:
            for k, answer in zip(
                list(waiting), products_together(list(waiting.values())), strict=True
            ):
                go_on(k, answer)
    finally:
        for work in works:
            work.close()
    return [results[k] for k in range(len(works))]


def alone(work: Asking[Result]) -> Result:
    """Run one piece of work."""
    return together([work])[0]
