r"""Lasso paths of many small problems at once, by homotopy.

Between two events, where a coefficient leaves zero or comes back to it, the solution is linear in
lambda [1]_ [2]_: with A the features whose coefficients are not zero and s their signs,

    w_A(lambda) = b - lambda d,    G_AA b = c_A,    G_AA d = s v_A,

for G = Z'S Z, c = Z'S y and penalty weights v. Python's cost is per call and not per problem, so
all problems take their next event together: one batched system each.

References
----------
.. [1] M. R. Osborne, B. Presnell, B. A. Turlach (2000). A new approach to variable selection in
   least squares problems. IMA J. Numerical Analysis 20(3).
   https://doi.org/10.1093/imanum/20.3.389
.. [2] B. Efron, T. Hastie, I. Johnstone, R. Tibshirani (2004). Least angle regression. Annals of
   Statistics 32(2). https://doi.org/10.1214/009053604000000067
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sklearn_reg._tools.linalg import EPS
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray

# A correlation that approaches its bound more slowly than this never arrives but by rounding.
PARALLEL = 1e-12
# A feature that has left does not come back at the lambda at which it left.
APART = 1e-9
START_ROUNDING = 1e-13  # of lambda_max


def lasso_paths(
    grams: FloatArray,
    crosses: FloatArray,
    weights: FloatArray,
    lambdas: FloatArray,
    positive: bool,
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
    positive : bool
        Whether coefficients must not be negative.

    Returns
    -------
    W : ndarray of shape (n_problems, n_lambdas, n_features)
        Solutions.
    solved : ndarray of shape (n_problems,) of bool
        Whether the end of the grid was reached.
    """
    paths = _Paths(grams, crosses, weights, lambdas, positive)
    for _ in paths.events():
        pass
    solved = np.ones(len(crosses), dtype=bool)
    solved[paths.live] = False
    return paths.W, solved


def lasso_knots(
    gram: FloatArray, cross: FloatArray, weights: FloatArray, lowest: float, positive: bool
) -> FloatArray:
    """Return the lambdas of the events of one path, from the largest down to above `lowest`.

    The arguments are those of `lasso_paths`, for one problem.
    """
    paths = _Paths(gram[None], cross[None], weights, np.array([[lowest]]), positive)
    largest = float(paths.levels[0]) / (1.0 - START_ROUNDING)
    levels = [largest, *(float(levels[0]) for levels in paths.events())]
    return np.array([level for level in levels if level > lowest])


class _Paths:
    """The state of all paths; those that have reached the end of their grid are not `live`."""

    def __init__(
        self,
        grams: FloatArray,
        crosses: FloatArray,
        weights: FloatArray,
        lambdas: FloatArray,
        positive: bool,
    ) -> None:
        self._grams, self._crosses, self._v, self._positive = grams, crosses, weights, positive
        self._grid = lambdas
        k, p = crosses.shape
        self.W = np.zeros((k, lambdas.shape[1], p))
        self._usable = np.einsum("kii->ki", grams) > 0
        self._signs = np.zeros((k, p))  # of the coefficients; zero for those that are zero
        pull = (crosses if positive else np.abs(crosses)) / weights
        pull[~self._usable] = 0.0
        first, rows = pull.argmax(axis=1), np.arange(k)
        # Lambda up to which the path is known: zero down to lambda_max, but for rounding.
        self.levels = (1.0 - START_ROUNDING) * pull[rows, first]
        self._signs[rows, first] = np.where(crosses[rows, first] < 0, -1.0, 1.0)
        self._left = np.full(k, -1)  # the feature that left last, if that was the last event
        self.live = np.flatnonzero(self.levels > lambdas[:, -1])

    def events(self) -> Iterator[FloatArray]:
        """Follow all paths from event to event; yield the lambdas that they have reached."""
        for _ in range(20 * self._crosses.shape[1] + 100):  # many more than there should be
            if not self.live.size:
                break
            self._step()
            yield self.levels.copy()

    def _step(self) -> None:
        """Follow all live paths to their next event."""
        live, level = self.live, self.levels[self.live]
        signs, c = self._signs[live], self._crosses[live]
        grams = self._grams if live.size == len(self._grams) else self._grams[live]  # no copy
        lines = solve_restricted(grams, signs, np.stack([c, signs * self._v], axis=2))
        at, kind, feature = self._next_events(grams, level, signs, c, lines)
        grid = self._grid[live]
        row, point = np.nonzero((grid <= level[:, None]) & (grid > at[:, None]))
        b, d = lines[row, :, 0], lines[row, :, 1]
        w, at_zero = b - grid[row, point, None] * d, 16.0 * EPS * np.abs(b)
        self.W[live[row], point] = np.where(np.abs(w) > at_zero, w, 0.0)
        self.levels[live] = at
        self._signs[live, feature] = kind
        self._left[live] = np.where(kind == 0, feature, -1)
        self.live = live[at > grid[:, -1]]

    def _next_events(
        self,
        grams: FloatArray,
        level: FloatArray,
        signs: FloatArray,
        c: FloatArray,
        lines: FloatArray,
    ) -> tuple[FloatArray, FloatArray, IndexArray]:
        """Return the lambda of the next event of each path, the new sign, and its feature.

        A coefficient comes back to zero where b = lambda d, if it moves that way. The correlation
        u(lambda) = u_0 + lambda u_1 of another feature arrives at lambda v where lambda =
        u_0 / (v - u_1), and at -lambda v where lambda = -u_0 / (v + u_1), if it comes nearer.
        `lines` are b and d, of shape (n_live, n_features, 2).
        """
        v, outside = self._v, self._usable[self.live] & (signs == 0)
        products = grams @ lines
        b, d, u_0, u_1 = lines[..., 0], lines[..., 1], c - products[..., 0], products[..., 1]
        kinds = [(signs * d < 0, b, d), (outside & (v - u_1 > PARALLEL * v), u_0, v - u_1)]
        if not self._positive:
            kinds.append((outside & (v + u_1 > PARALLEL * v), -u_0, v + u_1))
        events = np.stack(
            [
                np.divide(top, low, out=np.full_like(c, -np.inf), where=may)
                for may, top, low in kinds
            ],
            axis=1,
        )
        rows, left = np.arange(len(c)), self._left[self.live]
        again = events[rows, 1:, left]  # of the feature that has just left, if there is one
        again[(left >= 0)[:, None] & (again > (1.0 - APART) * level[:, None])] = -np.inf
        events[rows, 1:, left] = again
        flat = np.minimum(events, level[:, None, None]).reshape(len(c), -1)
        best = flat.argmax(axis=1)
        at = np.maximum(flat[rows, best], 0.0)
        kind, feature = np.divmod(best, c.shape[1])
        return at, np.array([0.0, 1.0, -1.0])[kind], feature


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
