"""What tests of the parts of solvers share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from designing import make_design
from sklearn_reg._solvers.problem import Evaluation, Problem
from sklearn_reg.penalties import ElasticNet, soft_threshold

laws = settings(deadline=None, derandomize=True, max_examples=40)
seeds = st.integers(0, 2**32 - 1)
SHAPES = [(40, 7), (7, 40), (20, 20)]


class Data(NamedTuple):
    """A drawn problem."""

    X: Any
    y: Any
    s: Any = None


def definite(size: int, seed: int, condition: float = 1e3) -> Any:
    """Draw a positive definite matrix of a known condition."""
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.normal(size=(size, size)))[0]
    A = (Q * np.geomspace(1, 1 / condition, size)) @ Q.T
    return np.asfortranarray((A + A.T) / 2)


def regression(n: int = 80, p: int = 30, seed: int = 0, noise: float = 0.5) -> Data:
    """Draw a well-conditioned problem with a sparse truth."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.5
    truth = np.where(np.arange(p) % 4 == 0, rng.normal(size=p), 0.0)
    return Data(X, X @ truth + noise * rng.normal(size=n) + 3.0)


def ridge_problem(X: Any, y: Any, l2: Any, *, on_gram: bool = False) -> Problem:
    """A ridge problem without intercept, weights of 1 / n."""
    design, _ = make_design(
        X, np.asarray(y)[:, None], on_gram=on_gram, centred=False, unpenalised=True
    )
    return Problem(design, 0, ElasticNet(np.zeros(X.shape[1]), np.asarray(l2, dtype=float)))


def by_augmentation(X: Any, y: Any, l2: Any) -> Any:
    """Least squares on [X / sqrt n; diag(sqrt l2)], by singular values."""
    n = len(y)
    rows = np.vstack([X / np.sqrt(n), np.diag(np.sqrt(l2))])
    return np.linalg.lstsq(rows, np.r_[y / np.sqrt(n), np.zeros(X.shape[1])], rcond=1e-14)[0]


def drawn(n: int, p: int, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.5
    return X, X @ rng.normal(size=p) + rng.normal(size=n)


def violation(problem: Problem, point: Evaluation) -> float:
    """Largest violation of the Karush-Kuhn-Tucker conditions, in the unit of Z'S y."""
    w, gradient, l1 = point.w, point.gradient, problem.l1
    subgradient = np.where(w != 0, gradient + l1 * np.sign(w), soft_threshold(gradient, l1))
    if problem.positive:
        subgradient = np.where(w > 0, subgradient, np.minimum(gradient + l1, 0.0))
    return float(np.abs(subgradient).max(initial=0.0))
