"""The restricted problem, solved exactly on its Gram matrix by following a path of thresholds.

For a positive definite A (a `Curvature`), a vector c and penalties l1, minimise over w

    1/2 w'A w - c'w + sum_j l1_j |w_j|.

With u = c - A w, w is optimal when u_j = l1_j sign(w_j) on its support and |u_j| <= l1_j off it.
Any w is optimal for *some* problem: raise the threshold of each feature off the support to |u_j|,
and let each one on it be u_j. Let these thresholds fall to l1 along a straight line. Until the
support changes, w moves along a straight line too, towards the Newton point of its support,

    A_SS d = u_S - l1_S sign(w_S),

and the support changes where a weight reaches zero or |u_j| its threshold. Taking these events one
by one is the homotopy method for the lasso [1]_, here from any starting point and for any l1.
Here they are taken in blocks: all events up to some point of the line are applied at once, and the
thresholds are raised again if that was not exact. A block after which weights would leave zero
in the wrong direction is undone and made smaller; a block of one is the exact method, which ends
after finitely many events. Thresholds are perturbed when they are raised, so that ties (equal
columns, integer data) are handled one after another.

References
----------
.. [1] M. R. Osborne, B. Presnell, B. A. Turlach (2000). A new approach to variable selection in
   least squares problems. IMA J. Numerical Analysis 20(3). https://doi.org/10.1093/imanum/20.3.389
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sklearn_reg._solvers.curvature import Curvature, rounding, solve_checked
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray

FIRST_BLOCK = 16
GROWTH = 2.0  # of the size of a block after one that was kept
TIE = 1e-4  # thresholds are raised by up to this share more than needed
WRONG_TURNS = 50  # blocks of one event after which a weight has the wrong sign: rounding errors
IDLE_ROUNDS = 200  # rounds in which the thresholds have not fallen: rounding errors
RESIDUAL_OF_SYSTEM = 1e-9  # of a system's right-hand side: the residual it may leave
REFRESH = 16  # rounds after which u is computed afresh


class State(NamedTuple):
    """A point of the path."""

    w: FloatArray
    u: FloatArray  # c - A w
    sign: FloatArray  # of the features on the support; 0 for those without a penalty, and elsewhere
    active: BoolArray  # the support, with all features that have neither a penalty nor a bound
    threshold: FloatArray  # what |u| must not exceed off the support


class Direction(NamedTuple):
    """The direction to the Newton point of the support."""

    d: FloatArray
    slope: FloatArray  # A d: how fast u falls


class Events(NamedTuple):
    """When, along the direction of length one, each feature leaves or enters the support."""

    times: FloatArray
    signs: FloatArray  # with which it would enter


def start_state(w: FloatArray, u: FloatArray, l1: FloatArray, positive: bool) -> State:
    """Begin at w, with thresholds in proportion to l1 and high enough for all of the features."""
    free = (l1 == 0) & (not positive)  # no penalty and no bound: never off the support
    active = (w != 0) | free
    pull = u if positive else np.abs(u)
    held = ~active & (l1 > 0)
    level = np.max(pull[held] / l1[held], initial=1.0)
    state = State(w, u, np.where(free, 0.0, np.sign(w)), active, level * l1 / (1.0 + TIE))
    return _raise_thresholds(state._replace(threshold=state.threshold * _untied(w.size)), positive)


def solve(
    A: Curvature,
    l1: FloatArray,
    state: State,
    *,
    positive: bool = False,
    tol: float = 1e-10,
    max_rounds: int = 10_000,
) -> tuple[State, bool]:
    """Follow the path from a state to the optimum for the thresholds l1.

    Return its end, and whether the optimality conditions hold there to `tol`, relative to l1.
    """
    c = state.u + A.product(state.w)
    block, wrong, idle = FIRST_BLOCK, 0, 0
    way = _newton(A, l1, state)
    excess = lowest = _excess(l1, state)
    for n_round in range(max_rounds):
        if way is None or wrong > WRONG_TURNS or idle > IDLE_ROUNDS:
            return state, False
        if _optimal(l1, state, tol * l1 + rounding(A, c, state.w), positive):
            return state, True
        events = _events(l1, state, way, positive)
        chosen, length = _first(events.times, block)
        moved = _move(A, l1, state, way, events, chosen, length)
        if n_round % REFRESH == 0:
            moved = moved._replace(u=c - A.product(moved.w))
        moved = _raise_thresholds(moved, positive)
        moved, next_way, dropped = _drop_wrong(A, l1, moved, positive)
        next_excess = _excess(l1, moved)
        # A block that raises the thresholds is not kept, so that the path ends and stays bounded.
        if len(chosen) > 1 and (3 * dropped > len(chosen) or next_excess > excess):
            block = max(1, len(chosen) // 4)
            continue
        wrong += bool(dropped) and len(chosen) <= 1
        idle = 0 if next_excess < lowest else idle + 1
        block = max(1, int(0.7 * block)) if dropped else min(c.size, int(GROWTH * block))
        state, way, excess = moved, next_way, next_excess
        lowest = min(lowest, excess)
    return state, False


def _newton(A: Curvature, l1: FloatArray, state: State) -> Direction | None:
    """Return d with A_SS d_S = u_S - l1_S sign_S and zeros off the support S."""
    b = state.u - l1 * state.sign
    found = solve_checked(A, state.active, b, RESIDUAL_OF_SYSTEM * (np.abs(b) + l1))
    return None if found is None else Direction(*found)


def _optimal(l1: FloatArray, state: State, slack: FloatArray, positive: bool) -> bool:
    """Check the optimality conditions: u = l1 sign on the support, |u| <= l1 off it."""
    pull = state.u if positive else np.abs(state.u)
    beyond = np.where(state.active, np.abs(state.u - l1 * state.sign), pull - l1)
    return bool((beyond <= slack).all())


def _events(l1: FloatArray, state: State, way: Direction, positive: bool) -> Events:
    """Find when weights on the line w + t d reach zero, and |u - t A d| the falling thresholds."""
    w, u, sign, active, threshold = state
    d, slope = way
    fall = threshold - l1
    never = np.full(w.size, np.inf)
    leave = np.divide(-w, d, out=never.copy(), where=(d * w < 0) & (sign != 0))
    up = np.divide(threshold - u, fall - slope, out=never.copy(), where=fall > slope)
    down = never
    if not positive:
        down = np.divide(threshold + u, fall + slope, out=never, where=fall > -slope)
    times = np.where(active, leave, np.minimum(up, down))
    return Events(times, np.where(up <= down, 1.0, -1.0))


def _first(times: FloatArray, block: int) -> tuple[IndexArray, float]:
    """Return the first events, at most `block` of them, and how far to go."""
    first = np.argpartition(times, block - 1)[:block] if block < times.size else None
    chosen = np.flatnonzero(times <= 1.0) if first is None else first[times[first] <= 1.0]
    whole = first is None or chosen.size < block
    return chosen, 1.0 if whole else float(times[chosen].max())


def _move(
    A: Curvature,
    l1: FloatArray,
    state: State,
    way: Direction,
    events: Events,
    chosen: IndexArray,
    length: float,
) -> State:
    """Go along the line and apply the chosen events; a weight that passed zero is set to zero."""
    w = state.w + length * way.d
    u = state.u - length * way.slope
    sign, active = state.sign.copy(), state.active.copy()
    leaving = chosen[active[chosen]]
    entering = chosen[~active[chosen]]
    if leaving.size:
        beyond = np.zeros_like(w)
        beyond[leaving] = w[leaving]
        u += A.product(beyond)
        w[leaving], sign[leaving], active[leaving] = 0.0, 0.0, False
    sign[entering], active[entering] = events.signs[entering], True
    return State(w, u, sign, active, state.threshold - length * (state.threshold - l1))


def _raise_thresholds(state: State, positive: bool) -> State:
    """Raise thresholds off the support to |u|, and a little more, differently for each feature."""
    pull = state.u if positive else np.abs(state.u)
    raised = ~state.active & (pull > state.threshold)
    if not raised.any():
        return state
    untied = pull * _untied(pull.size)
    return state._replace(threshold=np.where(raised, untied, state.threshold))


def _untied(size: int) -> FloatArray:
    """Factors just above one, all different and always the same."""
    return _factors(1 << size.bit_length())[:size]


@lru_cache(maxsize=8)
def _factors(size: int) -> FloatArray:
    return 1.0 + TIE * np.random.default_rng(0).random(size)


def _drop_wrong(
    A: Curvature, l1: FloatArray, state: State, positive: bool
) -> tuple[State, Direction | None, int]:
    """Remove features from the support that would leave zero against their sign."""
    dropped = 0
    while True:
        way = _newton(A, l1, state)
        if way is None:
            return state, None, dropped
        wrong = (state.w == 0) & (way.d * state.sign < 0)
        if not wrong.any():
            return state, way, dropped
        dropped += int(wrong.sum())
        state = state._replace(sign=np.where(wrong, 0.0, state.sign), active=state.active & ~wrong)
        state = _raise_thresholds(state, positive)


def _excess(l1: FloatArray, state: State) -> float:
    """Largest excess of a threshold over l1 off the support: how far it is to the optimum."""
    return float(np.max(state.threshold - l1, where=~state.active, initial=0.0))
