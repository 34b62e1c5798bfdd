"""Elastic-net paths of many small problems at once, by Newton steps on their active sets.

Where there is an L2 penalty a path is not piecewise linear. From the active set and the signs of
the last penalty, a step solves

    (G_AA + diag(l2_A)) w_A = c_A - l1_A s_A

for all problems at once; features whose sign is wrong leave, those whose correlation exceeds l1
enter, and after a few steps no feature does [1]_. A weight beyond a bound rests there until its
correlation falls below l1. The steps may cycle: then the problem is left to
others.

References
----------
.. [1] M. Hintermueller, K. Ito, K. Kunisch (2002). The primal-dual active set strategy as a
   semismooth Newton method. SIAM J. Optimization 13(3). https://doi.org/10.1137/S1052623401383558
"""

from __future__ import annotations

import numpy as np

from sklearn_reg._tools.bounds import Bounds
from sklearn_reg._tools.typing import BoolArray, FloatArray

STEPS = 20  # for one penalty
VIOLATED = 1e-12  # share of l1 beyond which a correlation violates it


def elastic_net_paths(
    grams: FloatArray,
    crosses: FloatArray,
    weights: FloatArray,
    l1: FloatArray,
    l2: FloatArray,
    bounds: Bounds | None,
) -> tuple[FloatArray, BoolArray]:
    """Solve every problem for its falling grids of penalties l1 v and l2 v.

    Parameters
    ----------
    grams : ndarray of shape (n_problems, n_features, n_features)
        G.
    crosses : ndarray of shape (n_problems, n_features)
        c.
    weights : ndarray of shape (n_features,)
        v > 0.
    l1, l2 : ndarray of shape (n_problems, n_lambdas)
        Falling and positive; l1 may be zero if there are bounds.
    bounds : Bounds or None
        Of shape (n_problems, n_features).

    Returns
    -------
    W : ndarray of shape (n_problems, n_lambdas, n_features)
        Solutions.
    solved : ndarray of shape (n_problems,) of bool
        Whether the steps ended for every penalty.
    """
    k, p = crosses.shape
    W, signs, live = np.zeros((k, l1.shape[1], p)), np.zeros((k, p)), np.ones(k, dtype=bool)
    rest = np.zeros((k, p))  # weights at a bound that is not zero
    for point in range(l1.shape[1]):
        first, second = l1[:, point, None] * weights, l2[:, point, None] * weights
        moving = np.flatnonzero(live)
        if not moving.size:  # all are left to others
            break
        for _ in range(STEPS):
            G, c, a, s = grams[moving], crosses[moving], first[moving], signs[moving]
            at, left = rest[moving], c
            if at.any():
                left = c - _product(G, at)
            w = at + solve_restricted(G, s, (left - a * s)[..., None], second[moving])[..., 0]
            u = c - _product(G, w)
            may = None if bounds is None else bounds[moving]
            kept = s * w > 0
            if may is not None and not a.any():  # without an L1 penalty zero is no kink
                kept |= may.up & may.down
            new = np.where(kept, s, 0.0)
            outside, beyond = s == 0, (1.0 + VIOLATED) * a
            new[outside & ((u > beyond) if may is None else (u > beyond) & may.up)] = 1.0
            new[outside & ((-u > beyond) if may is None else (-u > beyond) & may.down)] = -1.0
            still = (new == s).all(axis=1)
            if may is not None and may.is_box:
                new, new_rest = _at_bounds(new, w, u - second[moving] * w, a, at, may)
                still = (new == s).all(axis=1) & (new_rest == at).all(axis=1)
                rest[moving] = new_rest
            W[moving[still], point] = w[still]
            signs[moving] = new
            moving = moving[~still]
            if not moving.size:
                break
        live[moving] = False
    return W, live


def _at_bounds(
    signs: FloatArray, w: FloatArray, u: FloatArray, l1: FloatArray, rest: FloatArray, may: Bounds
) -> tuple[FloatArray, FloatArray]:
    """Let weights beyond a bound rest there, and those that u pulls back by more than l1 move."""
    side = np.sign(rest)
    stays = (side != 0) & (side * u >= (1.0 - VIOLATED) * l1)
    signs = np.where(side != 0, np.where(stays, 0.0, side), signs)
    clipped = may.clip(w)
    reached = (rest == 0) & (clipped != w) & (clipped != 0)
    new_rest = np.where(reached, clipped, np.where(stays, rest, 0.0))
    return np.where(reached, 0.0, signs), new_rest


def _product(grams: FloatArray, w: FloatArray) -> FloatArray:
    """G w of each problem."""
    return np.asarray(np.matmul(grams, w[..., None])[..., 0])


def solve_restricted(
    grams: FloatArray, signs: FloatArray, right: FloatArray, l2: FloatArray | None = None
) -> FloatArray:
    """Solve (G_AA + diag(l2_A)) x_A = right_A for each problem, with A where signs are not zero.

    Parameters
    ----------
    grams : ndarray of shape (n_problems, n_features, n_features)
    signs : ndarray of shape (n_problems, n_features)
    right : ndarray of shape (n_problems, n_features, n_columns)
    l2 : ndarray of shape (n_problems, n_features), default=None

    Returns
    -------
    ndarray of shape (n_problems, n_features, n_columns)
        Zero outside of A; of no meaning where a system is singular.
    """
    inside = signs != 0
    most = int(inside.sum(axis=1).max())
    # The features of A first, as many as the largest A has; the others are made independent.
    chosen = np.argsort(~inside, axis=1, kind="stable")[:, :most]
    rows = np.arange(len(signs))[:, None]
    used = inside[rows, chosen]
    A = grams[rows[..., None], chosen[:, :, None], chosen[:, None, :]]
    of_chosen, diagonal = right[rows, chosen], np.arange(most)
    if l2 is not None:
        A[:, diagonal, diagonal] += l2[rows, chosen]
    if not used.all():
        A = np.where(used[:, :, None] & used[:, None, :], A, np.eye(most))
        of_chosen = np.where(used[..., None], of_chosen, 0.0)
    try:
        found = np.linalg.solve(A, of_chosen)
    except np.linalg.LinAlgError:  # singular to the last bit: what comes of it is not certified
        A[:, diagonal, diagonal] *= 1.0 + 1e-10
        found = np.linalg.solve(A, of_chosen)
    solution = np.zeros_like(right)
    solution[rows, chosen] = found
    return solution
