"""Columns that depend on each other, as real data have them: generators for laws and benchmarks.

Nothing here imports sklearn_reg. Each family makes X of about the shape asked for; `target` makes a
y that some of the columns explain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Rng = np.random.Generator


def sums(rng: Rng, n: int, p: int) -> Array:
    """Parts, their totals and their differences."""
    k = max(1, p // 4)
    parts = rng.normal(size=(n, k))
    i, j = rng.integers(0, k, (2, p))
    rest = [parts[:, i], parts[:, i] + parts[:, j], parts[:, i] - parts[:, j]]
    return np.hstack([parts, *rest])[:, rng.permutation(k + 3 * p)[:p]]


def polynomials(rng: Rng, n: int, p: int) -> Array:
    """Products of up to six of a few variables, correlated and standardised."""
    base = rng.normal(size=(n, 4)) + 0.5 * rng.normal(size=(n, 1))
    powers = rng.multinomial(rng.integers(1, 7, p), [0.25] * 4)
    X = np.prod(base[:, None, :] ** powers, axis=2)
    return np.asarray((X - X.mean(axis=0)) / np.where(X.std(axis=0) > 0, X.std(axis=0), 1.0))


def genotypes(rng: Rng, n: int, p: int) -> Array:
    """Counts 0, 1, 2 in long blocks from four founders: columns equal, complementary, or nearly."""
    founders = (rng.random((4, p)) < rng.uniform(0.1, 0.9, p)).astype(float)
    X = np.zeros((n, p))
    for _ in range(2):
        switch = rng.random((n, p)) < 1 / p
        switch[:, 0] = True
        since = np.maximum.accumulate(np.where(switch, np.arange(p), 0), axis=1)
        pick = np.take_along_axis(rng.integers(0, 4, (n, p)), since, axis=1)
        X += founders[pick, np.arange(p)]
    return X


def levels(rng: Rng, n: int, p: int) -> Array:
    """Indicators of all levels of several factors, and complements."""
    blocks: list[Array] = []
    while sum(block.shape[1] for block in blocks) < p:
        k = int(rng.integers(2, 8))
        shown = np.eye(k)[rng.integers(0, k, n)]
        blocks += [shown, 1.0 - shown[:, :1]]
    return np.hstack(blocks)[:, :p]


def lags(rng: Rng, n: int, p: int) -> Array:
    """A random walk beside its own past."""
    walk = np.cumsum(rng.normal(size=n + p))
    return np.lib.stride_tricks.sliding_window_view(walk, p)[:n].copy()


def integers(rng: Rng, n: int, p: int) -> Array:
    """Small integers, in which ties are many."""
    return rng.integers(-2, 3, (n, p)).astype(float)


def twins(rng: Rng, n: int, p: int) -> Array:
    """Columns beside themselves, up to a difference of 1e-3 to 1e-12."""
    half = rng.normal(size=(n, (p + 1) // 2))
    apart = 10.0 ** rng.integers(-12, -2)
    return np.hstack([half, half + apart * rng.normal(size=half.shape)])[:, :p]


def vandermonde(rng: Rng, n: int, p: int) -> Array:
    """Powers of one variable."""
    return np.vander(np.linspace(-1, 1, n) + 0.01 * rng.normal(size=n), min(p, 30), increasing=True)


def scales(rng: Rng, n: int, p: int) -> Array:
    """Columns in units from 1e-8 to 1e8, with means of any size."""
    X = rng.normal(size=(n, p)) + rng.normal(size=(n, 1)) + 10.0 * rng.normal(size=p)
    return np.asarray(X * 10.0 ** rng.integers(-8, 9, p))


def low_rank(rng: Rng, n: int, p: int) -> Array:
    """Few factors behind many columns, and a little noise."""
    k = max(1, min(n, p) // 10)
    noise = 10.0 ** rng.integers(-10, 0)
    X = rng.normal(size=(n, k)) @ rng.normal(size=(k, p)) + noise * rng.normal(size=(n, p))
    return np.asarray(X)


FAMILIES: dict[str, Callable[[Rng, int, int], Array]] = {
    make.__name__: make
    for make in (
        sums,
        polynomials,
        genotypes,
        levels,
        lags,
        integers,
        twins,
        vandermonde,
        scales,
        low_rank,
    )
}


def target(rng: Rng, X: Array, noise: float = 1.0) -> Array:
    """Return what a tenth of the columns explain, and noise of this size beside it."""
    spread = X.std(axis=0)
    Z = X / np.where(spread > 0, spread, 1.0)
    w = rng.normal(size=X.shape[1]) * (rng.random(X.shape[1]) < 0.1)
    w[rng.integers(w.size)] = 1.0
    signal = Z @ w
    return np.asarray(signal + noise * (signal.std() + 1e-3) * rng.normal(size=len(X)))


def worst_case(p: int) -> tuple[Array, Array]:
    """Return the design with (3^p + 1) / 2 knots on its path, solved without an intercept.

    References
    ----------
    J. Mairal, B. Yu (2012). Complexity analysis of the lasso regularization path. ICML.
    https://arxiv.org/abs/1205.0079
    """
    X, y = np.ones((1, 1)), np.ones(1)
    for _ in range(1, p):
        # The path is run through, back with a sign mirrored, and through again.
        size = 0.5 * _lowest_knot(X, y) / (2.0 * float(y @ y) + 1.0)
        X = np.block([[X, 2.0 * size * y[:, None]], [np.zeros((1, len(X))), size]])
        y = np.append(y, 1.0)
    return X, y


def _lowest_knot(X: Array, y: Array) -> float:
    """Return the penalty, of 1/2 |y - X w|^2 + penalty |w|, below which no sign changes."""
    w = np.linalg.solve(X, y)  # triangular, so that no digits are lost
    slope = np.linalg.solve(X, np.linalg.solve(X.T, np.sign(w)))
    return float(np.min(np.abs(w / slope)[slope * w > 0], initial=np.inf))
