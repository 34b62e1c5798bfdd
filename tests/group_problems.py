"""An impartial judge of group lassos, written from the formulas alone: nothing of sklearn_reg.

    F(w, b) = 1/(2 sum s) sum_i s_i (y_i - x_i.w - b)^2
              + lambda sum_g ( l1_ratio |v_g w_g|_1 + (1 - l1_ratio) sqrt(d_g) |v_g w_g|_2 ),

with v_g the weights of the coefficients of group g, and d_g the number of those that are neither 0
nor inf. The gap is that of the dual point c (r - P r), P the projection on the mean and the columns
without a penalty, and c the largest factor at which the dual norm of the penalty is at most one.
The dual norm is found by bisection.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from scipy.optimize import brentq

Array = np.ndarray[Any, Any]


class GroupData(NamedTuple):
    """One problem; `groups` holds the number of each feature's group."""

    X: Array
    y: Array
    groups: Array
    lambda_: float
    l1_ratio: float = 0.0
    sample_weight: Array | None = None
    penalty_weights: Array | None = None
    fit_intercept: bool = True

    @property
    def shares(self) -> Array:
        """Sample weights that sum to one."""
        s = np.ones(len(self.y)) if self.sample_weight is None else self.sample_weight
        return np.asarray(s / s.sum())

    @property
    def v(self) -> Array:
        """Penalty weights of the features."""
        if self.penalty_weights is None:
            return np.ones(self.X.shape[1])
        return self.penalty_weights

    @property
    def null(self) -> float:
        """F of the model that predicts the mean, or 0."""
        mean = self.shares @ self.y if self.fit_intercept else 0.0
        return float(0.5 * self.shares @ (self.y - mean) ** 2)


def parts(data: GroupData) -> list[tuple[Array, float, Array]]:
    """Return the penalised features of each group, sqrt(d_g), and their weights."""
    inside = (data.v > 0) & np.isfinite(data.v)
    found = []
    for g in np.unique(data.groups):
        members = np.flatnonzero((data.groups == g) & inside)
        if members.size:
            found.append((members, float(np.sqrt(members.size)), data.v[members]))
    return found


def penalty(data: GroupData, coef: Array) -> float:
    """The penalty without lambda."""
    if np.any(coef[np.isinf(data.v)] != 0):
        return np.inf
    total = 0.0
    for members, root, v in parts(data):
        w = v * coef[members]
        total += data.l1_ratio * np.abs(w).sum()
        total += (1 - data.l1_ratio) * root * np.linalg.norm(w)
    return float(total)


def objective(data: GroupData, coef: Array, intercept: float) -> float:
    """F(w, b)."""
    r = data.y - data.X @ coef - intercept
    return float(0.5 * data.shares @ r**2 + data.lambda_ * penalty(data, coef))


def dual_norm(data: GroupData, u: Array) -> float:
    """Return the smallest c at which u is in c times the unit ball of the dual norm."""
    ratio = data.l1_ratio
    levels = [_level_of(np.abs(u[members]) / v, root, ratio) for members, root, v in parts(data)]
    return max(levels, default=0.0)


def _level_of(size: Array, root: float, ratio: float) -> float:
    """Return the smallest c with |S(size, c ratio)| <= c (1 - ratio) root."""
    top = float(np.linalg.norm(size))
    if ratio == 1 or top == 0:
        return float(size.max())

    def excess(c: float) -> float:
        left = np.maximum(size - c * ratio, 0.0)
        return float(np.linalg.norm(left) - c * (1 - ratio) * root)

    end = top / ((1 - ratio) * root) * (1 + 1e-12)
    return float(brentq(excess, 0.0, end, xtol=1e-300, rtol=9e-16))


def duality_gap(data: GroupData, coef: Array, intercept: float) -> float:
    """Return an upper bound of F(w, b) - min F that vanishes at the optimum."""
    s, roots = data.shares, np.sqrt(data.shares)
    r = data.y - data.X @ coef - intercept
    X, theta = data.X, r
    if data.fit_intercept:
        X, theta = X - s @ X, r - s @ r
    free = X[:, data.v == 0]
    if free.size:
        a = np.linalg.lstsq(roots[:, None] * free, roots * theta, rcond=1e-12)[0]
        theta = theta - free @ a
    u = X.T @ (s * theta)
    level = dual_norm(data, u)
    c = min(1.0, data.lambda_ / level) if level > 0 else 1.0
    dual = c * (s * theta) @ data.y - 0.5 * c**2 * s @ theta**2
    return objective(data, coef, intercept) - float(dual)


@st.composite
def group_problems(draw: st.DrawFn, *, most_rows: int = 12, most_features: int = 9) -> GroupData:
    """Draw problems of all kinds: shapes, dependent columns, weights, free, excluded features."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    n, p = draw(st.integers(2, most_rows)), draw(st.integers(1, most_features))
    X = rng.normal(size=(n, p)) + draw(st.sampled_from([0.0, 3.0])) * rng.normal(size=p)
    kind = draw(st.sampled_from(["plain", "equal", "mixed", "one-hot"]))
    if kind == "equal":
        X[:, -1] = X[:, 0]
    elif kind == "mixed":
        X = X @ rng.normal(size=(p, p))
    elif kind == "one-hot":
        X = (rng.integers(0, p, size=n)[:, None] == np.arange(p)).astype(float)
    y = X @ (rng.normal(size=p) * (rng.random(p) < 0.5)) + rng.normal(size=n)
    groups = rng.integers(0, draw(st.integers(1, p)), size=p)
    data = GroupData(X, y, groups, 1.0, draw(st.sampled_from([0.0, 0.0, 0.3, 0.95, 1.0])))
    if draw(st.booleans()):
        data = data._replace(sample_weight=rng.integers(0, 3, size=n) + (np.arange(n) == 0.0))
    if draw(st.booleans()):
        choice = rng.choice([1.0, 0.5, 2.0, 0.0, np.inf], size=p, p=[0.5, 0.15, 0.15, 0.1, 0.1])
        data = data._replace(penalty_weights=choice)
    data = data._replace(fit_intercept=draw(st.booleans()))
    share = draw(st.sampled_from([0.9, 0.5, 0.1, 0.01, 1e-4]))
    return data._replace(lambda_=share * _level(data))


def _level(data: GroupData) -> float:
    """Return the lambda at which all penalised coefficients are zero, or 1 if there is none."""
    s, roots = data.shares, np.sqrt(data.shares)
    mean = s @ data.y if data.fit_intercept else 0.0
    X = data.X - s @ data.X if data.fit_intercept else data.X
    theta = data.y - mean
    free = X[:, data.v == 0]
    if free.size:
        a = np.linalg.lstsq(roots[:, None] * free, roots * theta, rcond=1e-12)[0]
        theta = theta - free @ a
    level = dual_norm(data, X.T @ (s * theta))
    return level if level > 1e-12 else 1.0
