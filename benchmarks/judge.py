"""An impartial judge: objective and duality gap of an elastic net, from the maths, in float64.

Every contender minimises, with b not penalised,

    F(w, b) = |y - X w - b|^2 / (2 n) + sum_j h(w_j),
    h(w) = lambda_ * (l1_ratio * |w| + (1 - l1_ratio) / 2 * w^2).

By Fenchel's inequality, for any theta that sums to zero (centring takes care of b),

    F(w) - min F <= |r - theta|^2 / (2 n) + sum_j ( h(w_j) + h*(u_j) - u_j w_j ),

with r the centred residual, u = X' theta / n, and h* the convex conjugate of h. Every term is >= 0:
unlike primal minus dual, nothing cancels, so that relative gaps of 1e-12 are still figures and not
rounding. Nothing here comes from sklearn_reg or a peer; all of it serves dense and sparse X alike.
"""

import numpy as np


def lambda_max(X, y, l1_ratio=1.0):
    """Return the smallest lambda_ for which all coefficients are zero."""
    return np.abs(X.T @ (y - y.mean())).max() / (len(y) * l1_ratio)


def null_objective(y):
    """F(0, mean y), the objective of the best constant: the unit of relative gaps."""
    return np.sum((y - y.mean()) ** 2) / (2 * len(y))


def objective(X, y, coef, lambda_, l1_ratio=1.0):
    """F at coef, with the intercept that suits it best."""
    coef = np.asarray(coef, dtype=np.float64)
    r = _residual(X, y, coef)
    return r @ r / (2 * len(y)) + _penalty(coef, lambda_, l1_ratio).sum()


def relative_gap(X, y, coef, lambda_, l1_ratio=1.0):
    """Bound (F(coef) - min F) / F(0, mean y) from above. Needs lambda_ > 0."""
    coef = np.asarray(coef, dtype=np.float64)
    l1, l2 = lambda_ * l1_ratio, lambda_ * (1 - l1_ratio)
    r = _residual(X, y, coef)
    u = X.T @ r / len(y)
    # theta = c r is valid where h* is finite: for the lasso, where no |u_j| is beyond l1. With a
    # quadratic part any c will do; of the natural ones, the best bound counts.
    shrinkages = {_feasible(u, l1), _feasible(u - l2 * coef, l1), 1.0} if l2 else {_feasible(u, l1)}
    gap = min(_gap(r, u, coef, lambda_, l1_ratio, c) for c in shrinkages)
    return gap / null_objective(y)


def worst_gap(X, y, lambdas, coefs, l1_ratio=1.0, every=7):
    """Largest relative gap along a path, of every seventh point and the last."""
    some = sorted({*range(0, len(lambdas), every), len(lambdas) - 1})
    return max(relative_gap(X, y, coefs[k], lambdas[k], l1_ratio) for k in some)


def lower_bounds(X, y, lambdas, coefs):
    """Return what the smallest objective of a lasso is at least, one value a penalty.

    Weights next to the optimum give a bound next to it. It serves to judge others whose weights
    are good but whose residual makes a poor theta, as that of a working set that left a column out.
    """
    return np.array(
        [
            objective(X, y, coef, lambda_) - relative_gap(X, y, coef, lambda_) * null_objective(y)
            for coef, lambda_ in zip(coefs, lambdas, strict=True)
        ]
    )


def worst_above(X, y, lambdas, coefs, lower):
    """Return the largest F - lower along a path, relative to F(0, mean y)."""
    values = [objective(X, y, coef, lambda_) for coef, lambda_ in zip(coefs, lambdas, strict=True)]
    return np.max(values - lower) / null_objective(y)


def _residual(X, y, coef):
    """Return y - X w, centred, which is what the best b does."""
    r = y - X @ coef
    return r - r.mean()


def _penalty(w, lambda_, l1_ratio):
    """h(w), one value a coefficient."""
    return lambda_ * (l1_ratio * np.abs(w) + 0.5 * (1 - l1_ratio) * w**2)


def _conjugate(u, lambda_, l1_ratio):
    """h*(u): the excess over l1, squared, over 2 l2; zero where the excess is zero."""
    excess = np.maximum(np.abs(u) - lambda_ * l1_ratio, 0)
    return excess**2 / (2 * lambda_ * (1 - l1_ratio)) if l1_ratio < 1 else np.zeros_like(u)


def _feasible(u, l1):
    """Return the largest c <= 1 with c |u| <= l1."""
    top = np.abs(u).max(initial=0.0)
    return float(l1 / top) if top > l1 else 1.0


def _gap(r, u, coef, lambda_, l1_ratio, c):
    """Fenchel's bound at theta = c r; a term below zero is rounding."""
    slack = _penalty(coef, lambda_, l1_ratio) + _conjugate(c * u, lambda_, l1_ratio) - c * u * coef
    return (1 - c) ** 2 * (r @ r) / (2 * len(r)) + np.maximum(slack, 0).sum()
