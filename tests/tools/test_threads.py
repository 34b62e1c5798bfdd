"""Work that threads share: the same bits, the user's limits, and the same errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from sklearn_reg import LassoRegression, LassoRegressionCV, Moments
from sklearn_reg._tools import threads
from sklearn_reg._tools.threads import mapped_in_threads, one_blas_thread

Array = np.ndarray[Any, Any]


def tall(n: int = 300_000, p: int = 12) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p)) + np.arange(p)
    return X, X[:, 0] - X[:, 1] + rng.normal(size=n)


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Workers of each pool that was made."""
    made = []

    class Watched(threads.ThreadPoolExecutor):
        def __init__(self, workers: int) -> None:
            made.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(threads, "ThreadPoolExecutor", Watched)
    return made


def test_threads_change_no_bit_of_moments(pools: list[int]) -> None:
    X, y = tall()
    for A in (X, np.asfortranarray(X), X.astype(np.float32)):
        found = []
        for limit in (1, 2):
            with threadpool_limits(limit):
                found.append(Moments.from_data(A, y))
        one, two = found
        for name in ("gram", "cross", "scatter", "mean_x", "mean_y", "weight"):
            assert np.array_equal(getattr(one, name), getattr(two, name)), name
    assert pools == [2, 2, 2]


@pytest.mark.filterwarnings("ignore:.*the smallest error is at:UserWarning")
@pytest.mark.parametrize("shuffled", [False, True])
def test_threads_change_no_bit_of_a_cross_validation(shuffled: bool, pools: list[int]) -> None:
    X, y = tall()
    folds = np.arange(len(y)) * 3 // len(y)
    folds = np.random.default_rng(1).permutation(folds) if shuffled else folds
    cv = [(np.flatnonzero(folds != k), np.flatnonzero(folds == k)) for k in range(3)]
    coefs = []
    for limit in (1, 2):
        with threadpool_limits(limit):
            coefs.append(LassoRegressionCV(5, cv=cv, rule=lambda *_: 2).fit(X, y))
    assert pools
    for name in ("coef_", "mse_path_", "fold_coefs_"):
        assert np.array_equal(getattr(coefs[0], name), getattr(coefs[1], name)), name


def test_results_come_in_order_and_limits_hold(pools: list[int]) -> None:
    with threadpool_limits(2), mapped_in_threads(5) as mapped:
        assert list(mapped(lambda k: k**2, range(5))) == [0, 1, 4, 9, 16]
    with threadpool_limits(2), one_blas_thread(), mapped_in_threads(5) as mapped:
        assert mapped is map
    with threadpool_limits(2), mapped_in_threads(1) as mapped:
        assert mapped is map
    assert pools == [2]


def test_an_overflow_in_a_thread_is_the_error_that_it_is_elsewhere(pools: list[int]) -> None:
    X, y = tall()
    X[-1, 3] = 1e200
    for limit in (1, 2):
        with threadpool_limits(limit), pytest.raises(ValueError, match=r"largest \|X\| 1e\+200"):
            LassoRegression(solver="auto").fit(X, y)
    assert pools == [2]
