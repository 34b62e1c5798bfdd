r"""Lasso paths of many small problems at once, by homotopy.

Between two events, where a coefficient leaves zero or comes back to it, the solution is linear in
lambda [1]_ [2]_: with A the features whose coefficients are not zero and s their signs,

    w_A(lambda) = b - lambda d,    G_AA b = c_A,    G_AA d = s v_A,

for G = Z'S Z, c = Z'S y and penalty weights v. Python's cost is per call and not per problem, so
all problems take their next event together: one change of rank one each.

References
----------
.. [1] M. R. Osborne, B. Presnell, B. A. Turlach (2000). A new approach to variable selection in
   least squares problems. IMA J. Numerical Analysis 20(3).
   https://doi.org/10.1093/imanum/20.3.389
.. [2] B. Efron, T. Hastie, I. Johnstone, R. Tibshirani (2004). Least angle regression. Annals of
   Statistics 32(2). https://doi.org/10.1214/009053604000000067
.. [3] J. H. Goodnight (1979). A tutorial on the SWEEP operator. The American Statistician 33(3).
   https://doi.org/10.1080/00031305.1979.10482685
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sklearn_reg._tools.bounds import Bounds
from sklearn_reg._tools.linalg import EPS
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray

# A correlation that approaches its bound more slowly than this never arrives but by rounding.
PARALLEL = 1e-12
# A feature that has left does not come back at the lambda at which it left.
APART = 1e-9
START_ROUNDING = 1e-13  # of lambda_max
# A feature of which the others in the path explain all but this share does not enter.
DEPENDENT = 1e-10


def lasso_paths(
    grams: FloatArray,
    crosses: FloatArray,
    weights: FloatArray,
    lambdas: FloatArray,
    bounds: Bounds | None,
) -> tuple[FloatArray, BoolArray]:
    """Solve every problem for its falling grid of penalties.

    What is returned is to be certified: where columns depend on each other, or events tie in ways
    that rounding decides, a solution may be wrong.

    Parameters
    ----------
    grams : ndarray of shape (n_problems, n_features, n_features)
        G. A feature whose diagonal entry is zero gets no coefficient.
    crosses : ndarray of shape (n_problems, n_features)
        c.
    weights : ndarray of shape (n_features,)
        v > 0.
    lambdas : ndarray of shape (n_problems, n_lambdas)
        Falling positive penalties.
    bounds : Bounds or None
        Of shape (n_problems, n_features).

    Returns
    -------
    W : ndarray of shape (n_problems, n_lambdas, n_features)
        Solutions.
    solved : ndarray of shape (n_problems,) of bool
        Whether the end of the grid was reached.
    """
    paths = Paths(grams, crosses, weights, lambdas, bounds)
    for _ in paths.events():
        pass
    solved = np.ones(len(crosses), dtype=bool)
    solved[paths.live] = False
    return paths.W, solved


def lasso_knots(
    gram: FloatArray, cross: FloatArray, weights: FloatArray, lowest: float, bounds: Bounds | None
) -> FloatArray:
    """Return the lambdas of the events of one path, from the largest down to above `lowest`.

    The arguments are those of `lasso_paths`, for one problem.
    """
    one = None if bounds is None else bounds[None]
    paths = Paths(gram[None], cross[None], weights, np.array([[lowest]]), one)
    if not paths.live.size:
        return np.empty(0)
    largest = float(paths.levels[0]) / (1.0 - START_ROUNDING)
    levels = [largest, *(float(levels[0]) for levels in paths.events())]
    return np.array([level for level in levels if level > lowest])


# What the paths that are followed keep, with an axis for them in front.
STATE: tuple[str, ...] = (
    *("live", "levels", "_grid", "_lengths", "_tableaus", "_signs", "_left"),
    *("_lower", "_upper", "_up", "_down", "_rest"),
)


class Paths:
    """The paths that have not reached the end of their grid: those are `live`.

    Each keeps a tableau, the rows of G, c' and 0' swept [3]_ on the features A of the path. Then
    its square part is -G_AA^-1 on A and G_NA G_AA^-1 on A and the others N; its row next to the
    last is b on A and, on N, the correlation u that the line has at lambda = 0; its last row is d
    on A and -G_NA d on N, the rate at which u falls with lambda. A feature that enters or leaves
    costs one change of rank one. Where coefficients rest at a bound, c is what they leave of it:
    a row of the tableau is what a coefficient changes of b and u.
    """

    state = STATE

    def __init__(
        self,
        grams: FloatArray,
        crosses: FloatArray,
        weights: FloatArray,
        lambdas: FloatArray,
        bounds: Bounds | None,
    ) -> None:
        self._lengths = np.einsum("kii->ki", grams)
        ends = crosses[:, None], np.zeros_like(crosses)[:, None]
        self._tableaus = np.concatenate([grams, *ends], axis=1)
        self.W = np.zeros((len(crosses), lambdas.shape[1], weights.size))
        self._start(crosses, weights, lambdas, bounds)

    def _start(
        self,
        crosses: FloatArray,
        weights: FloatArray,
        lambdas: FloatArray,
        bounds: Bounds | None,
    ) -> None:
        """Let the first feature of each path enter, given the lengths of the columns."""
        self._v, self._grid = weights, lambdas
        k, p = crosses.shape
        self._is_box = bounds is not None and bounds.is_box
        limits = Bounds.none((k, p)) if bounds is None else bounds
        self._lower, self._upper = limits.lower, limits.upper
        self._up, self._down = limits.up, limits.down
        self._rest = np.zeros((k, p))  # coefficients at a bound that is not zero
        self._signs = np.zeros((k, p))  # of the coefficients; zero for those that are zero
        self._left = np.full(k, -1)  # the feature that left last, if that was the last event
        pull = limits.pull(crosses) / weights
        pull[self._lengths <= 0] = 0.0
        first, rows = pull.argmax(axis=1), np.arange(k)
        # Lambda up to which the path is known: zero down to lambda_max, but for rounding.
        self.levels = (1.0 - START_ROUNDING) * pull[rows, first]
        self.live = rows
        self._keep(self.levels > lambdas[:, -1])
        first = first[self.live]
        sign = np.where(crosses[self.live, first] < 0, -1.0, 1.0)
        self._sweep(first, sign, np.zeros_like(sign))

    def events(self) -> Iterator[FloatArray]:
        """Follow all paths from event to event; yield the lambdas that the live ones reach."""
        for _ in range(20 * self._v.size + 100):  # many more than there should be
            if not self.live.size:
                break
            at, sign, feature, rest = self._next_events()
            self._write(at)
            self.levels = at
            yield at
            ends = at <= self._grid[:, -1]
            if ends.any():
                self._keep(~ends)
                feature, sign, rest = feature[~ends], sign[~ends], rest[~ends]
            self._sweep(feature, sign, rest)

    def _keep(self, kept: BoolArray) -> None:
        """Forget the state of the other paths."""
        if not kept.all():
            for name in self.state:
                setattr(self, name, getattr(self, name)[kept])

    def _sweep(self, feature: IndexArray, sign: FloatArray, rest: FloatArray) -> None:
        """Let a feature of each path enter with a sign, or leave to `rest` where that is zero."""
        T, rows = self._tableaus, np.arange(feature.size)
        if self._is_box:
            T[:, -2] += self._rest[rows, feature, None] * T[rows, feature]
        T[rows, -1, feature] += sign * self._v[feature]
        column = T[rows, :, feature]
        pivot = column[rows, feature]
        scaled = column / pivot[:, None]
        T -= scaled[..., None] * column[:, None, :-2]
        leaving = np.flatnonzero(sign == 0)
        scaled[leaving] *= -1.0
        T[rows, feature] = scaled[:, :-2]
        T[rows, :, feature] = scaled
        T[rows, feature, feature] = -1.0 / pivot
        self._left = np.full(feature.size, -1)
        if leaving.size:
            of = feature[leaving]
            T[leaving, -1, of] -= self._signs[leaving, of] * self._v[of]
            self._left[leaving] = of
        self._signs[rows, feature] = sign
        if self._is_box:
            T[:, -2] -= rest[:, None] * T[rows, feature]
            self._rest[rows, feature] = rest

    def _next_events(self) -> tuple[FloatArray, FloatArray, IndexArray, FloatArray]:
        """Return the lambda of the next event of each path, the new sign, its feature, its rest.

        A coefficient comes back to zero where b = lambda d, if it moves that way. The correlation
        u(lambda) = u_0 - lambda u_1 of another feature arrives at lambda v where lambda =
        u_0 / (v + u_1), and at -lambda v where lambda = -u_0 / (v - u_1), if it comes nearer: from
        within if the coefficient is zero, from beyond if it rests at a bound. A coefficient reaches
        its bound where b - bound = lambda d.
        """
        T, v, signs = self._tableaus, self._v, self._signs
        inside = signs != 0
        outside = ~inside & self._may_enter()
        origin, slope = T[:, -2], T[:, -1]  # b and d inside, u_0 and u_1 outside
        low = np.where(inside, slope, v + slope)
        at_zero = outside & (self._rest == 0) if self._is_box else outside
        may = np.where(inside, signs * slope < 0, at_zero & self._up & (low > PARALLEL * v))
        kinds = [(may, origin, low)]
        if self._down.any():
            low = v - slope
            kinds.append((at_zero & self._down & (low > PARALLEL * v), -origin, low))
        if self._is_box:
            kinds += self._events_at_bounds(inside, outside)
        level, left = self.levels[:, None, None], np.flatnonzero(self._left >= 0)
        events = np.full((len(T), len(kinds), v.size), -np.inf)
        for kind, (may, top, low) in enumerate(kinds):
            np.divide(top, low, out=events[:, kind], where=may)
        if left.size:  # features that have just left
            again = events[left, :, self._left[left]]
            again[again > (1.0 - APART) * level[left, 0]] = -np.inf
            events[left, :, self._left[left]] = again
        flat, rows = np.minimum(events, level).reshape(len(T), -1), np.arange(len(T))
        best = flat.argmax(axis=1)
        kind, feature = np.divmod(best, v.size)
        leaves, rest = inside[rows, feature], np.zeros(len(T))
        sign = np.where(leaves, 0.0, np.where(kind == 0, 1.0, -1.0))
        if self._is_box:
            at_bound = kind >= len(kinds) - 2  # the first of the two: a bound is reached
            reached = self._ahead()[rows, feature]
            rest = np.where(leaves & at_bound, reached, 0.0)
            sign = np.where(at_bound & ~leaves, np.sign(self._rest[rows, feature]), sign)
        return np.maximum(flat[rows, best], 0.0), sign, feature, rest

    def _may_enter(self) -> BoolArray:
        """Whether the features of each path leave enough of a feature unexplained."""
        T = self._tableaus
        pivots = T[:, :-2].reshape(len(T), -1)[:, :: self._v.size + 1]
        return np.asarray(pivots > DEPENDENT * self._lengths)

    def _ahead(self) -> FloatArray:
        """Return the bound on the side of each coefficient of A."""
        return np.where(self._signs > 0, self._upper, self._lower)

    def _events_at_bounds(
        self, inside: BoolArray, outside: BoolArray
    ) -> list[tuple[BoolArray, FloatArray, FloatArray]]:
        """Return when coefficients reach their bounds, and when they leave them."""
        origin, slope = self._tableaus[:, -2], self._tableaus[:, -1]
        ahead = self._ahead()
        reaching = inside & np.isfinite(ahead) & (self._signs * slope > 0)
        side = np.sign(self._rest)
        low = self._v + side * slope
        back = outside & (side != 0) & (low < -PARALLEL * self._v)
        return [
            (reaching, origin - np.where(reaching, ahead, 0.0), slope),
            (back, side * origin, low),
        ]

    def _write(self, at: FloatArray) -> None:
        """Write down the solutions from the last event down to the next, which is not included."""
        row, point = np.nonzero((self._grid <= self.levels[:, None]) & (self._grid > at[:, None]))
        if row.size:
            b, d, inside = self._tableaus[row, -2], self._tableaus[row, -1], self._signs[row] != 0
            w = b - self._grid[row, point, None] * d
            inside &= np.abs(w) > 16.0 * EPS * np.abs(b)
            self.W[self.live[row], point] = np.where(inside, w, self._rest[row])
