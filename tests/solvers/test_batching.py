"""Solvers side by side: the results of each alone, and nothing left behind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from designing import make_design
from sklearn_reg._solvers.batching import Request, run_alone, run_together

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((9, 30)), RNG.standard_normal((9, 2))


def design_of(weights: Any, X: Any = X) -> Any:
    return make_design(X, Y, weights)[0]


def work(design: Any, steps: int, log: list[Any] | None = None) -> Any:
    """Take steps of gradient descent; return the point and the last square."""
    w, square = np.zeros(30), np.nan
    for _ in range(steps):
        try:
            correlation, square = yield Request(design, 1, w)
        except GeneratorExit:
            if log is not None:
                log.append("closed")
            raise
        w = w + 0.01 * correlation
    return w, square


@pytest.mark.parametrize("copies", ["the same rows", "rows of their own"])
def test_together_gives_what_each_gives_alone(copies) -> None:
    weights = [None, np.arange(9.0), np.ones(9) - np.eye(9)[2]]
    designs = [design_of(s, X if copies == "the same rows" else X.copy()) for s in weights]
    steps = [5, 0, 3]
    side_by_side = run_together([work(d, k) for d, k in zip(designs, steps, strict=True)])
    for design, k, (w, square) in zip(designs, steps, side_by_side, strict=True):
        expected_w, expected_square = run_alone(work(design, k))
        assert_allclose(w, expected_w, rtol=1e-13, atol=1e-15)
        assert_allclose(square, expected_square, rtol=1e-13)


def test_one_that_fails_stops_the_others() -> None:
    log: list[Any] = []

    def fails() -> Any:
        yield Request(design_of(None), 0, np.zeros(30))
        raise ArithmeticError("on the second step")

    with pytest.raises(ArithmeticError, match="second step"):
        run_together([work(design_of(None), 5, log), fails()])
    assert log == ["closed"]
