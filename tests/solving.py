"""What tests of the parts of solvers share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from scipy import sparse

from designing import make_design
from sklearn_reg._solvers.problem import Evaluation, Problem
from sklearn_reg._tools.bounds import Bounds
from sklearn_reg.penalties import ElasticNet

laws = settings(deadline=None, derandomize=True, max_examples=min(40, settings().max_examples))
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
    lower, upper = (-np.inf, np.inf)
    if problem.bounds is not None:
        lower, upper = problem.bounds.lower, problem.bounds.upper
    rising, falling = gradient + l1 * np.where(w < 0, -1, 1), gradient + l1 * np.where(w > 0, 1, -1)
    wrong = np.maximum(np.where(w < upper, -rising, 0), np.where(w > lower, falling, 0))
    return float(wrong.max(initial=0.0))


LIMITS = ("none", "positive", "box")


def bounds_of(limits: str, p: int, seed: int = 0, size: float = 1.0) -> Bounds | None:
    """Return no bounds, a lower bound of zero, or some of each kind at random."""
    if limits == "none":
        return None
    if limits == "positive":
        return Bounds(np.zeros(p), np.full(p, np.inf))
    rng = np.random.default_rng(seed + 1)
    lower, upper = size * rng.choice([0.0, 0.05, 0.3, np.inf, np.inf], (2, p))
    return Bounds(-lower, upper)


class Plain:
    """F by its definition, on explicit Z and y of unit weight sum."""

    def __init__(self, Z: Any, y: Any, l1: Any, l2: Any, bounds: Bounds | None) -> None:
        self.Z, self.y, self.l1, self.l2 = Z, y, l1, l2
        p = Z.shape[1]
        self.lower, self.upper = np.full(p, -np.inf), np.full(p, np.inf)
        if bounds is not None:
            self.lower, self.upper = bounds.lower, bounds.upper

    def clip(self, w: Any) -> Any:
        """Return the nearest weights within the bounds."""
        return np.minimum(np.maximum(w, self.lower), self.upper)

    def value(self, w: Any) -> float:
        """F(w)."""
        if (w < self.lower).any() or (w > self.upper).any():
            return np.inf
        r = self.y - self.Z @ w
        return float(0.5 * r @ r + self.l1 @ np.abs(w) + 0.5 * self.l2 @ w**2)

    def gradient(self, w: Any) -> Any:
        """Gradient of the smooth part."""
        return self.l2 * w - self.Z.T @ (self.y - self.Z @ w)

    def minimise(self) -> Any:
        """Minimise by cyclic coordinate descent, which shares nothing with our solvers."""
        Z, y, l1, l2 = self.Z, self.y, self.l1, self.l2
        squares = (Z**2).sum(axis=0) + l2
        w, r = np.zeros(Z.shape[1]), y.copy()
        for _ in range(4_000):
            largest = 0.0
            for j in np.flatnonzero(squares > 0):
                z = Z[:, j] @ r + (squares[j] - l2[j]) * w[j]
                new = np.sign(z) * max(abs(z) - l1[j], 0.0) / squares[j]
                new = min(max(new, self.lower[j]), self.upper[j])
                if new != w[j]:
                    r -= Z[:, j] * (new - w[j])
                    largest = max(largest, abs(new - w[j]) * np.sqrt(squares[j]))
                    w[j] = new
            if largest <= 1e-14 * np.linalg.norm(y):
                break
        return w


def make_problem(
    n: int,
    p: int,
    seed: int,
    kind: str = "lasso",
    *,
    limits: str = "none",
    layout: str = "dense",
    weighted: bool = True,
    centred: bool = True,
    scales: bool = False,
) -> tuple[Problem, Plain]:
    """Draw a problem of one kind twice: ours, and the plain one."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * (rng.random((n, p)) < 0.8) + 0.5
    if scales:
        X *= 10.0 ** rng.integers(-3, 4, p)
    y = X[:, : 1 + p // 3].sum(axis=1) / np.abs(X).max() + 0.3 * rng.normal(size=n) + 2.0
    s = rng.integers(0, 3, n) / 2.0 if weighted else np.ones(n)
    s[: min(n, 3)] = 1.0
    share = s / s.sum()
    mean_x, mean_y = (share @ X, share @ y) if centred else (np.zeros(p), 0.0)
    root = np.sqrt(share)
    Z, t = root[:, None] * (X - mean_x), root * (y - mean_y)
    size = max(np.abs(Z.T @ t).max(), 1e-6)
    v = rng.choice([0.5, 1.0, 2.0], p)
    l1, l2 = {
        "lasso": (0.1 * v, 0 * v),
        "elastic net": (0.05 * v, 0.1 * v),
        "ridge": (0 * v, 0.1 * v),
        "free": (0 * v, 0 * v),
        "some free lasso": (0.1 * v * (np.arange(p) % 3 > 0), 0 * v),
        "some free elastic net": (0.1 * v * (np.arange(p) % 3 > 0), v * (np.arange(p) % 3 > 0)),
        "some free ridge": (0 * v, v * (np.arange(p) % 3 > 0)),
        "mixed": (0.1 * v * (np.arange(p) % 2), 0.1 * v * (np.arange(p) % 3 > 0)),
    }[kind]
    l1, l2 = l1 * size, l2 * (Z**2).sum() / p
    design, _ = make_design(
        sparse.csc_array(X) if layout == "sparse" else X,
        y[:, None],
        s if weighted else None,
        on_gram=layout == "gram",
        centred=centred,
        unpenalised=bool((l1 == 0).any()),
    )
    bounds = bounds_of(limits, p, seed)
    return Problem(design, 0, ElasticNet(l1, l2, bounds)), Plain(Z, t, l1, l2, bounds)
