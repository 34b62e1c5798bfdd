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
columns, integer data) are handled one after another. Weights may also rest at a bound, where the
pull on them and its threshold are those of `kinks`.

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
from sklearn_reg._solvers.kinks import Kinks
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
    threshold: FloatArray  # what the pull must not exceed off the support

    @property
    def rest(self) -> FloatArray:
        """Where the weights off the support rest; zero for the others."""
        return np.where(self.active, 0.0, self.w)


class Direction(NamedTuple):
    """The direction to the Newton point of the support."""

    d: FloatArray
    slope: FloatArray  # A d: how fast u falls


class Events(NamedTuple):
    """When, along the direction of length one, each feature leaves or enters the support."""

    times: FloatArray
    signs: FloatArray  # with which it would enter


def start_state(w: FloatArray, u: FloatArray, kinks: Kinks) -> State:
    """Begin at w, with thresholds in proportion to l1 and high enough for all of the features."""
    l1, active = kinks.l1, kinks.moving(w)
    held = ~active & (l1 > 0) & (w == 0)
    level = np.max(kinks.pull(u, w)[held] / l1[held], initial=1.0)
    rest = np.where(active, 0.0, w)
    threshold = np.where(rest == 0, level * l1 / (1.0 + TIE) * _untied(w.size), kinks.limit(rest))
    return _raise_thresholds(State(w, u, kinks.signs(w, active), active, threshold), kinks)


def solve(
    A: Curvature,
    kinks: Kinks,
    state: State,
    *,
    tol: float = 1e-10,
    max_rounds: int = 10_000,
) -> tuple[State, bool]:
    """Follow the path from a state to the optimum.

    Return its end, and whether the optimality conditions hold there to `tol`, relative to l1.
    """
    c, l1 = state.u + A.product(state.w), kinks.l1
    block, wrong, idle = FIRST_BLOCK, 0, 0
    way = _newton(A, l1, state)
    excess = lowest = _excess(kinks, state)
    for n_round in range(max_rounds):
        if way is None or wrong > WRONG_TURNS or idle > IDLE_ROUNDS:
            return state, False
        if _optimal(kinks, state, tol * l1 + rounding(A, c, state.w)):
            return state, True
        events = _events(kinks, state, way)
        chosen, length = _first(events.times, block)
        moved = _move(A, kinks, state, way, events, chosen, length)
        if n_round % REFRESH == 0:
            moved = moved._replace(u=c - A.product(moved.w))
        moved = _raise_thresholds(moved, kinks)
        moved, next_way, dropped = _drop_wrong(A, kinks, moved)
        next_excess = _excess(kinks, moved)
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


def _optimal(kinks: Kinks, state: State, slack: FloatArray) -> bool:
    """Check that u = l1 sign on the support, and that no pull is beyond its limit off it."""
    still = kinks.pull(state.u, state.rest) - kinks.limit(state.rest)
    beyond = np.where(state.active, np.abs(state.u - kinks.l1 * state.sign), still)
    return bool((beyond <= slack).all())


def _events(kinks: Kinks, state: State, way: Direction) -> Events:
    """Find when weights w + t d reach an end of their segment, and pulls of u - t A d thresholds.

    The thresholds fall meanwhile.
    """
    w, u, sign, active, threshold = state
    d, slope = way
    rest = state.rest
    fall = threshold - kinks.limit(rest)
    may_rise, may_fall = kinks.ways(rest)
    never = np.full(w.size, np.inf)
    if kinks.is_box:
        low, high = kinks.ends(sign)
        leave = np.divide(low - w, d, out=never.copy(), where=(d < 0) & (w > low))
        leave = np.divide(high - w, d, out=leave, where=(d > 0) & (w < high))
    else:
        leave = np.divide(-w, d, out=never.copy(), where=(d * w < 0) & (sign != 0))
    up = np.divide(threshold - u, fall - slope, out=never.copy(), where=(fall > slope) & may_rise)
    down = np.divide(threshold + u, fall + slope, out=never, where=(fall > -slope) & may_fall)
    times = np.where(active, leave, np.minimum(up, down))
    return Events(times, kinks.leaving_signs(np.where(up <= down, 1.0, -1.0), rest))


def _first(times: FloatArray, block: int) -> tuple[IndexArray, float]:
    """Return the first events, at most `block` of them, and how far to go."""
    first = np.argpartition(times, block - 1)[:block] if block < times.size else None
    chosen = np.flatnonzero(times <= 1.0) if first is None else first[times[first] <= 1.0]
    whole = first is None or chosen.size < block
    return chosen, 1.0 if whole else float(times[chosen].max())


def _move(
    A: Curvature,
    kinks: Kinks,
    state: State,
    way: Direction,
    events: Events,
    chosen: IndexArray,
    length: float,
) -> State:
    """Go along the line and apply the chosen events; a weight that passed an end is put there."""
    w = state.w + length * way.d
    u = state.u - length * way.slope
    sign, active = state.sign.copy(), state.active.copy()
    leaving = chosen[active[chosen]]
    entering = chosen[~active[chosen]]
    limit = kinks.limit(state.rest)
    threshold = state.threshold - length * (state.threshold - limit)
    if leaving.size:
        ends = np.zeros_like(w)
        if kinks.is_box:
            low, high = kinks.ends(sign)
            ends = np.where(way.d < 0, low, high)
        beyond = np.zeros_like(w)
        beyond[leaving] = w[leaving] - ends[leaving]
        u += A.product(beyond)
        w[leaving], sign[leaving], active[leaving] = ends[leaving], 0.0, False
    sign[entering], active[entering] = events.signs[entering], True
    moved = State(w, u, sign, active, threshold)
    return moved._replace(threshold=_of_new_rest(kinks, moved, leaving)) if kinks.is_box else moved


def _of_new_rest(kinks: Kinks, state: State, leaving: IndexArray) -> FloatArray:
    """Let thresholds of weights that have just come to rest begin at their limits."""
    threshold = state.threshold.copy()
    threshold[leaving] = kinks.limit(state.rest)[leaving]
    return threshold


def _raise_thresholds(state: State, kinks: Kinks) -> State:
    """Raise thresholds off the support to the pull, and a little more, each differently."""
    pull = kinks.pull(state.u, state.rest)
    raised = ~state.active & (pull > state.threshold)
    if not raised.any():
        return state
    untied = pull * _untied(pull.size)
    if kinks.is_box:  # pulls at a bound may be negative, zero, or infinite where nothing moves
        finite = np.where(raised, pull, 0.0)
        untied = finite + (_untied(pull.size) - 1.0) * np.maximum(np.abs(finite), kinks.l1)
    return state._replace(threshold=np.where(raised, untied, state.threshold))


def _untied(size: int) -> FloatArray:
    """Factors just above one, all different and always the same."""
    return _factors(1 << size.bit_length())[:size]


@lru_cache(maxsize=8)
def _factors(size: int) -> FloatArray:
    return 1.0 + TIE * np.random.default_rng(0).random(size)


def _drop_wrong(A: Curvature, kinks: Kinks, state: State) -> tuple[State, Direction | None, int]:
    """Let features rest again that would leave the point where they rested to the other side."""
    dropped = 0
    while True:
        way = _newton(A, kinks.l1, state)
        if way is None:
            return state, None, dropped
        if kinks.is_box:
            low, high = kinks.ends(state.sign)
            below, above = (state.w <= low) & (way.d < 0), (state.w >= high) & (way.d > 0)
            wrong = state.active & (below | above)
        else:
            wrong = (state.w == 0) & (way.d * state.sign < 0)
        if not wrong.any():
            return state, way, dropped
        dropped += int(wrong.sum())
        state = state._replace(sign=np.where(wrong, 0.0, state.sign), active=state.active & ~wrong)
        state = _raise_thresholds(state, kinks)


def _excess(kinks: Kinks, state: State) -> float:
    """Largest excess of a threshold over l1 off the support: how far it is to the optimum."""
    excess = state.threshold - kinks.limit(state.rest)
    return float(np.max(excess, where=~state.active, initial=0.0))
