"""Solve the restricted problem by a guess of its support: a few Newton systems if it is near.

The optimum is a root of the Karush-Kuhn-Tucker conditions; on a support S with signs s it solves

    A_SS w_S = c_S - l1_S s_S,    w_j = 0 off S.

The primal-dual active set method [1]_ solves this system, removes weights of the wrong sign from
the support, adds features whose |c - A w| exceeds l1, and repeats. Weights that went beyond a bound
rest there, until c - A w pulls them back (see `kinks`). It is Newton's method on the
conditions: a few steps from a warm start, no guarantee from a distant one. Correlated features all
exceed l1 until one of them is in, so only the worst enter at once. If the number of corrections
stops falling, the method ends, and `parametric` follows, which always ends at the optimum.

References
----------
.. [1] M. Hintermuller, K. Ito, K. Kunisch (2002). The primal-dual active set strategy as a
   semismooth Newton method. SIAM J. Optimization 13(3). https://doi.org/10.1137/S1052623401383558
"""

from __future__ import annotations

import numpy as np

from sklearn_reg._solvers.curvature import Curvature, rounding, solve_checked
from sklearn_reg._solvers.kinks import Kinks
from sklearn_reg._tools.typing import BoolArray, FloatArray

RESIDUAL_OF_L1 = 1e-6  # the residual that a system may leave, relative to l1; tol if smaller
STALLED_STEPS = 3  # steps with no fewer corrections than before, until it gives up
# Features that may enter at once, and as a share of the support.
ENTERING, ENTERING_SHARE = 15, 0.3


def solve(
    A: Curvature, kinks: Kinks, w: FloatArray, u: FloatArray, *, tol: float
) -> tuple[FloatArray, FloatArray] | None:
    """Start from w with u = c - A w; return both at the optimum, or None if it was not found."""
    c, l1 = u + A.product(w), kinks.l1
    active = kinks.moving(w)
    sign, rest = kinks.signs(w, active), np.where(active, 0.0, w)
    slack = min(tol, RESIDUAL_OF_L1) * l1
    leaving = entering = np.zeros_like(active)
    if not active.any():  # else w's support is solved first, which shows the missing features
        entering = _pulled_away(kinks, u, rest, tol)
    fewest, patience = w.size + 1, STALLED_STEPS
    while patience:
        if np.count_nonzero(entering) > ENTERING:
            entering = _worst(entering, np.abs(u), int(np.count_nonzero(active)))
        changing = leaving | entering
        active ^= changing
        begun = kinks.leaving_signs(u, rest) * entering
        if kinks.is_box:
            rest = np.where(leaving, kinks.within(w, sign), np.where(entering, 0.0, rest))
        sign = np.where(changing, begun, sign)
        solved = _newton_point(A, active, c - l1 * sign, rest, slack, w * active)
        if solved is None:
            return None
        w, u = solved[0], c - solved[1]
        leaving = _beyond(kinks, w, sign, active)
        entering = _pulled_away(kinks, u, rest, tol) & ~active
        corrections = int(np.count_nonzero(leaving) + np.count_nonzero(entering))
        if corrections == 0:
            error = np.abs(u - l1 * sign)
            if ((error <= tol * l1 + rounding(A, c, w)) | ~active).all():
                return w, u
        patience -= corrections >= fewest
        fewest = min(fewest, corrections)
    return None


def _pulled_away(kinks: Kinks, u: FloatArray, rest: FloatArray, tol: float) -> BoolArray:
    """Whether resting weights are pulled away by more than their limit and `tol`."""
    return np.asarray(kinks.pull(u, rest) > kinks.limit(rest) + tol * kinks.l1)


def _beyond(kinks: Kinks, w: FloatArray, sign: FloatArray, active: BoolArray) -> BoolArray:
    """Whether weights have gone beyond an end of the segment on which they move."""
    if not kinks.is_box:
        return np.asarray(w * sign < 0.0)
    return np.asarray(active & (w != kinks.within(w, sign)))


def _newton_point(
    A: Curvature,
    active: BoolArray,
    b: FloatArray,
    rest: FloatArray,
    slack: FloatArray,
    near: FloatArray,
) -> tuple[FloatArray, FloatArray] | None:
    """Solve for the moving weights, beside those at rest; return w and A w, or None."""
    if not rest.any():
        return solve_checked(A, active, b, slack, near)
    held = A.product(rest)
    solved = solve_checked(A, active, b - held, slack, near)
    return None if solved is None else (solved[0] + rest, solved[1] + held)


def _worst(entering: BoolArray, pull: FloatArray, support: int) -> BoolArray:
    """Keep the features of the largest |c - A w|, where many would enter at once."""
    most = max(ENTERING, int(ENTERING_SHARE * support))
    (features,) = entering.nonzero()
    if features.size <= most:
        return entering
    worst = np.zeros_like(entering)
    worst[features[np.argpartition(-pull[features], most)[:most]]] = True
    return worst
