"""Group lassos of one design for many penalties at once, by inexact Newton steps in lockstep.

For each multiplier t of a grid

    F_t(w) = 1/2 w'G w - c'w + y'y / 2 + t (sum_j l1_j |w_j| + sum_g l2_g |w_g|)

is minimised, |w_g| the length of the weights of a group. With u = c - G w a step solves

    (G + A) d = u - t l1 sign(w) - t l2_g w_g / |w_g|,    A_g = t l2_g / |w_g| (I - e e'),

for the weights that are not zero, with e = w_g / |w_g|, by conjugate gradients [1]_ [2]_. Groups
that the step takes through zero become zero; those whose soft u_g is longer than t l2_g enter by a
step of steepest descent. The directions of all multipliers that are not solved yet are multiplied
by G at once: such a product costs a small share of one product for each. Directions need not be
exact, so the first steps find them in single precision.

References
----------
.. [1] Y. Zhang, N. Zhang, D. Sun, K.-C. Toh (2020). An efficient Hessian based algorithm for
   solving large-scale sparse group Lasso problems. Mathematical Programming 179.
   https://doi.org/10.1007/s10107-018-1329-6
.. [2] R. S. Dembo, S. C. Eisenstat, T. Steihaug (1982). Inexact Newton methods. SIAM J. Numerical
   Analysis 19(2). https://doi.org/10.1137/0719025
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sklearn_reg._tools.linalg import EPS, pseudo_inverse
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray

# D of shape (n_features, k), in single or double precision, to G D in the same precision.
Product = Callable[[NDArray[Any]], NDArray[Any]]

STRIDE = 4  # of the multipliers that are solved roughly first, one after the other
ROUGH = 1e-2  # their tolerance
STEPS = 60  # Newton steps of one multiplier
SINGLE_STEPS = 15  # of them with directions in single precision
CG_STEPS = 150  # of one Newton step
ENOUGH = 0.8  # share of the directions that are exact enough when conjugate gradients stop
HALVINGS = 30  # of one Newton step
SHARE = 0.3  # of the tolerance at which a multiplier is solved
# Residuals of a Newton step as a share of those before: while what is zero changes, and then as
# a share of what the gap asks for, within limits.
UNSETTLED, SETTLED, LEAST, MOST = 0.2, 0.5, 1e-4, 0.1
ENTRANTS = 0.5  # least excess of a group that enters, as a share of the largest
DAMPING = 1e-8  # share of the diagonal that is added: G may be singular
SMALLEST = 1e-30  # penalty beside which a correlation is still compared with it
STIFFEST = 1e5  # largest A_g in units of the diagonal in single precision


class Groups:
    """Groups of rows that follow each other.

    Parameters
    ----------
    starts : ndarray of shape (n_groups,) of int
        First row of each group, rising from zero.
    n_rows : int
    """

    def __init__(self, starts: IndexArray, n_rows: int) -> None:
        ends = np.append(starts, n_rows)
        self.sizes = np.diff(ends)
        ones, rows = np.ones(n_rows), np.arange(n_rows)
        total = sp.csr_array((ones, rows, ends), shape=(len(starts), n_rows))
        self._totals = {np.dtype(kind): total.astype(kind) for kind in (np.float32, np.float64)}

    def sums(self, A: NDArray[Any]) -> NDArray[Any]:
        """Sum the rows of each group; the product costs less than `np.add.reduceat`."""
        return np.asarray(self._totals[A.dtype] @ A)

    def lengths(self, A: FloatArray) -> FloatArray:
        """Length of the part of each column in each group."""
        return np.asarray(np.sqrt(self.sums(A * A)))

    def spread(self, V: NDArray[Any]) -> NDArray[Any]:
        """Give each row what its group has."""
        return np.repeat(V, self.sizes, axis=0)


class GroupPenalty:
    """The penalty h(w) = sum_j l1_j |w_j| + sum_g l2_g |w_g| of the columns of matrices.

    Parameters
    ----------
    groups : Groups
    l1 : ndarray of shape (n_features,)
    l2 : ndarray of shape (n_groups,)
        Not negative; no group may have neither.
    """

    def __init__(self, groups: Groups, l1: FloatArray, l2: FloatArray) -> None:
        self.groups, self.l1, self.l2 = groups, l1[:, None], l2[:, None]
        self.is_sparse = bool(l1.any())

    def value(self, W: FloatArray, t: FloatArray) -> FloatArray:
        """Return t h(w) of each column."""
        h = (self.l2 * self.groups.lengths(W)).sum(axis=0)
        if self.is_sparse:
            h += (self.l1 * np.abs(W)).sum(axis=0)
        return np.asarray(t * h)

    def soft(self, U: FloatArray, t: FloatArray) -> FloatArray:
        """Move u towards zero by t l1."""
        if not self.is_sparse:
            return U
        edge = self.l1 * t
        return np.asarray(U - np.minimum(np.maximum(U, -edge), edge))

    def level(self, U: FloatArray, t: FloatArray) -> FloatArray:
        """Smallest s >= 1 with u / s in t times the subdifferential of h at zero, of each column.

        The excess |soft(u_g, s t l1)| - s t l2 is convex and falls in s: Newton steps from 1 rise
        to its root. Without l1 the first arrives.
        """
        bound = self.l2 * t
        level = np.ones(bound.shape)
        for _ in range(100):
            if self.is_sparse:
                edge = self.l1 * t
                S = U - np.clip(U, -(wide := self.groups.spread(level) * edge), wide)
                length = self.groups.lengths(S)
                slope = self.groups.sums(np.abs(S) * edge) / np.where(length > 0, length, 1.0)
            else:
                length, slope = self.groups.lengths(U), np.zeros_like(bound)
            excess = length - level * bound
            rise = np.maximum(slope + bound, SMALLEST * length + np.finfo(float).tiny)
            beyond = excess > 4 * EPS * level * rise
            if not beyond.any():
                break
            level += np.where(beyond, excess / rise, 0.0)
        return np.asarray(level.max(axis=0, initial=1.0))


class _State(NamedTuple):
    """Points of the multipliers that are not solved."""

    W: FloatArray  # of shape (n_features, k)
    U: FloatArray  # c - G W
    t: FloatArray  # of shape (k,)

    def columns(self, chosen: Any) -> _State:
        return _State(self.W[:, chosen], self.U[:, chosen], self.t[chosen])


class Lockstep:
    """The problems of a grid on a fixed set of features.

    Parameters
    ----------
    product : callable
        See `solve_grid`.
    cross : ndarray of shape (n_features,)
        c.
    yy : float
        y'y.
    penalty : GroupPenalty
    diagonal : ndarray of shape (n_features,)
        That of G, positive.
    """

    def __init__(
        self,
        product: Product,
        cross: FloatArray,
        yy: float,
        penalty: GroupPenalty,
        diagonal: FloatArray,
    ) -> None:
        self.product, self.cross, self.yy = product, cross[:, None], yy
        self.penalty, self.groups = penalty, penalty.groups
        self.diagonal = diagonal[:, None]
        self.traces = self.groups.sums(self.diagonal)

    def gaps(self, state: _State) -> FloatArray:
        """Duality gap of each column, for the multiple of its residual that is feasible."""
        W, U, t = state
        losses = np.maximum(self.yy - _dots(W, self.cross + U), 0.0)
        s = 1.0 / self.penalty.level(U, t)
        gaps = 0.5 * (1.0 - s) ** 2 * losses + self.penalty.value(W, t) - s * _dots(U, W)
        return np.asarray(gaps)

    def step(
        self, state: _State, forcing: FloatArray, admits: BoolArray, kind: type[np.floating[Any]]
    ) -> _State:
        """Take a Newton step, a rough one where a group enters.

        Parameters
        ----------
        state : _State
        forcing : ndarray of shape (k,)
            Largest share of the residual that may be left.
        admits : ndarray of shape (k,) of bool
            Where groups may enter. From the solution for another multiplier too many would.
        kind : float type
            Precision of the direction.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            entered = self._entered(state, admits, kind)
            rough = (entered.W != state.W).any(axis=0)
            newton = _NewtonSystem(self, entered, kind)
            D = newton.solve(np.where(rough, np.maximum(forcing, UNSETTLED), forcing)).astype(float)
        D[:, ~np.isfinite(D).all(axis=0)] = 0.0  # single precision did not hold it
        return self._descended(state, entered.W, D, newton.free)

    def _entered(self, state: _State, admits: BoolArray, kind: type[np.floating[Any]]) -> _State:
        """Let groups, and weights of groups inside, enter by a step of exact length."""
        W, U, t = state
        length, S = self.groups.lengths(W), self.penalty.soft(U, t)
        pull, edge = self.groups.lengths(S), self.penalty.l2 * t
        excess = np.where(length == 0, pull - (1.0 + 1e-12) * edge, 0.0)
        least = ENTRANTS * np.max(excess, axis=0, initial=0.0)
        enters = admits & (excess > 0) & (excess >= least)
        share = np.where(enters, 1.0 - edge / np.where(enters, pull, 1.0), 0.0) / self.traces
        D = self.groups.spread(share) * S
        stiff = np.zeros_like(edge)  # the curvature of |w_g| for weights that are zero in w_g
        if self.penalty.is_sparse:
            stiff = np.where(length > 0, edge / np.where(length > 0, length, 1.0), 0.0)
            inside = self.groups.spread(admits & (length > 0)) & (W == 0)
            D += np.where(inside, S, 0.0) / self.groups.spread(self.traces + stiff)
        some = np.flatnonzero(D.any(axis=0))
        if not some.size:
            return state
        D, share, edge, pull, stiff = (A[:, some] for A in (D, share, edge, pull, stiff))
        image = self.product(D.astype(kind))
        slope = _dots(S[:, some], D) - _dots(share * pull, edge)
        curvature = _dots(D, image) + _dots(stiff, self.groups.sums(D * D))
        size = np.maximum(slope, 0.0) / np.where(curvature > 0, curvature, np.inf)
        W, U = W.copy(), U.copy()
        W[:, some] += size * D
        U[:, some] -= size * image
        return _State(W, U, t)

    def _descended(self, state: _State, W: FloatArray, D: FloatArray, free: BoolArray) -> _State:
        """Halve the steps D from W until F is not above that of the state, which has true U."""
        penalty, moves, images = self.penalty, np.zeros_like(D), np.zeros_like(D)
        before = penalty.value(state.W, state.t)
        todo, size = np.arange(len(before)), 1.0
        for _ in range(HALVINGS):
            at = state.columns(todo)
            new = W[:, todo] + size * D[:, todo]
            through = (self.groups.sums(W[:, todo] * new) <= 0) & (penalty.l2 > 0)
            new[self.groups.spread(through) | ~free[:, todo]] = 0.0
            if penalty.is_sparse:
                new[(new * W[:, todo] < 0) & (penalty.l1 > 0)] = 0.0
            move = new - at.W
            image = self.product(move)
            change = _dots(move, 0.5 * image - at.U) + penalty.value(new, at.t) - before[todo]
            good = change <= 100 * EPS * before[todo]
            moves[:, todo[good]], images[:, todo[good]] = move[:, good], image[:, good]
            todo = todo[~good]
            if not todo.size:
                break
            size *= 0.5
        return _State(state.W + moves, state.U - images, state.t)


class _NewtonSystem:
    """Newton's equations of each column, for the weights that are not zero.

    The preconditioner is the diagonal of G with A, whose blocks have an inverse in closed form.
    """

    def __init__(self, problem: Lockstep, state: _State, kind: type[np.floating[Any]]) -> None:
        W, U, t = state
        groups, penalty = problem.groups, problem.penalty
        length = groups.lengths(W)
        inside = length > 0
        slope = np.where(inside, penalty.l2 * t / np.where(inside, length, 1.0), 0.0)
        self.free = W != 0 if penalty.is_sparse else groups.spread(inside)
        right = np.where(self.free, U - groups.spread(slope) * W, 0.0)
        if penalty.is_sparse:
            right -= penalty.l1 * t * np.sign(W)
        if kind is np.float32:
            slope = np.minimum(slope, STIFFEST * problem.traces)
        self.product, self.groups = problem.product, groups
        self.damping = (DAMPING * problem.diagonal).astype(kind)
        E = W / groups.spread(np.where(inside, length, 1.0))
        stiff = groups.spread(slope)
        scale = self.free / (problem.diagonal + stiff)
        inner = groups.sums(E * E * problem.diagonal * scale)
        tail = slope / np.where(inner > 0, inner, 1.0)
        arrays = (right, self.free, E, slope, stiff, scale, tail)
        self.right, self.mask, *others = (np.asarray(x, dtype=kind) for x in arrays)
        self.E, self.slope, self.stiff, self.scale, self.tail = others

    def keep(self, kept: BoolArray) -> None:
        """Drop columns."""
        for name in ("mask", "E", "slope", "stiff", "scale", "tail"):
            setattr(self, name, getattr(self, name)[:, kept])

    def apply(self, P: NDArray[Any]) -> NDArray[Any]:
        """Return (G + A) P."""
        along = self.groups.spread(self.slope * self.groups.sums(self.E * P))
        image = np.asarray(self.product(P), dtype=P.dtype)
        image = image + (self.damping + self.stiff) * P - self.E * along
        return np.asarray(self.mask * image)

    def precondition(self, R: NDArray[Any]) -> NDArray[Any]:
        """Solve with the diagonal of G in place of G."""
        Y = self.scale * R
        along = self.groups.spread(self.tail * self.groups.sums(self.E * Y))
        return np.asarray(Y + self.E * self.scale * along)

    def solve(self, forcing: FloatArray) -> NDArray[Any]:
        """Solve by conjugate gradients until most columns have residuals as small as asked for."""
        R = self.right
        solution, live = np.zeros_like(R), np.arange(R.shape[1])
        X, Y = np.zeros_like(R), self.precondition(R)
        P, size = Y, _dots(R, Y)
        ends = np.maximum((forcing**2).astype(R.dtype) * size, np.finfo(R.dtype).tiny)
        for _ in range(CG_STEPS):
            done = size <= ends
            if done.mean() >= ENOUGH:
                break
            if done.mean() > 0.25:  # the arrays of what is left are worth a copy
                solution[:, live[done]] = X[:, done]
                kept = ~done
                live, size, ends, done = live[kept], size[kept], ends[kept], done[kept]
                X, R, P = X[:, kept], R[:, kept], P[:, kept]
                self.keep(kept)
            Q = self.apply(P)
            curvature = _dots(P, Q)
            moves = ~done & (curvature > 0)
            length = np.where(moves, size / np.where(moves, curvature, 1.0), 0.0)
            X = X + length * P
            R = R - length * Q
            Y = self.precondition(R)
            new = np.where(moves, _dots(R, Y), 0.0)
            P = Y + np.where(moves, new / np.where(moves, size, 1.0), 0.0) * P
            size = new
        solution[:, live] = X
        return solution


def solve_grid(
    product: Product,
    cross: FloatArray,
    yy: float,
    starts: IndexArray,
    l1: FloatArray,
    l2: FloatArray,
    levels: FloatArray,
    tol: float,
    start: tuple[FloatArray, FloatArray] | None = None,
    diagonal: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Minimise F_t for every multiplier t of a grid.

    Parameters
    ----------
    product : callable
        Takes D of shape (n_features, k), in single or double precision, to G D. What it returns
        for single precision only guides the search.
    cross : ndarray of shape (n_features,)
        c.
    yy : float
        y'y.
    starts : ndarray of shape (n_groups,) of int
        First feature of each group, rising from zero.
    l1 : ndarray of shape (n_features,)
        Not negative.
    l2 : ndarray of shape (n_groups,)
        Not negative. A group with neither penalty is free.
    levels : ndarray of shape (n_levels,)
        The multipliers t, positive, in any order.
    tol : float
        A multiplier is solved if its duality gap is at most a share of tol y'y / 2.
    start : tuple of two ndarrays of shape (n_levels, n_features), default=None
        Weights W, and U = c - G W, such as those `interpolated` between multipliers that are
        solved. By default every fourth multiplier is first solved roughly, one after the other.
    diagonal : ndarray of shape (n_features,), default=None
        That of G; ones by default.

    Returns
    -------
    W : ndarray of shape (n_levels, n_features)
        Weights.
    U : ndarray of shape (n_levels, n_features)
        c - G W.
    solved : ndarray of shape (n_levels,) of bool
        Whether the gap is small enough.
    """
    diagonal = np.ones(len(cross)) if diagonal is None else diagonal
    groups, target = Groups(starts, len(cross)), 0.5 * SHARE * tol * yy
    kept_groups = (l2 > 0) | (groups.sums(l1[:, None])[:, 0] > 0)
    if kept_groups.all():
        problem = Lockstep(product, cross, yy, GroupPenalty(groups, l1, l2), _positive(diagonal))
        W, U, solved = _solve_from(problem, levels, target, start)
        return W.T, U.T, solved
    kept = groups.spread(kept_groups)
    rest = _Rest(product, cross, kept)
    groups = Groups(np.append(0, np.cumsum(groups.sizes[kept_groups])[:-1]), int(kept.sum()))
    penalty = GroupPenalty(groups, l1[kept], l2[kept_groups])
    left = _positive(diagonal[kept] - rest.lost)
    problem = Lockstep(rest.product, rest.cross, yy - rest.fitted, penalty, left)
    if start is not None:
        W = start[0][:, kept]
        start = W, rest.cross - rest.product(W.T).T
    W, U, solved = _solve_from(problem, levels, target, start)
    W, U = rest.complete(W, U)
    return W.T, U.T, solved


class _Rest:
    """A problem without its free features: those that are kept, less what these explain.

    Parameters
    ----------
    product, cross
        See `solve_grid`.
    kept : ndarray of shape (n_features,) of bool
        The features with a penalty.
    """

    def __init__(self, product: Product, cross: FloatArray, kept: BoolArray) -> None:
        self._product, self._kept = product, kept
        images = np.asarray(product(np.eye(len(kept))[:, ~kept]))
        self._images = images[kept]
        self._inverse = pseudo_inverse(images[~kept])
        self._free_cross = cross[~kept]
        solution = self._inverse(self._free_cross)
        self.cross = cross[kept] - self._images @ solution
        self.fitted = float(self._free_cross @ solution)  # what they explain of y'y
        self.lost = np.einsum("jf,fj->j", self._images, self._inverse(self._images.T))

    def product(self, D: NDArray[Any]) -> NDArray[Any]:
        """Multiply by the Gram matrix of what the free features do not explain."""
        whole = np.zeros((len(self._kept), D.shape[1]), dtype=D.dtype)
        whole[self._kept] = D
        image = self._product(whole)[self._kept]
        explained = self._images @ self._inverse(self._images.T @ D)
        return np.asarray(image - explained, dtype=D.dtype)

    def complete(self, W: FloatArray, U: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Add the weights of the free features, whose correlations are zero."""
        whole_W, whole_U = np.zeros((2, len(self._kept), W.shape[1]))
        whole_W[self._kept], whole_U[self._kept] = W, U
        whole_W[~self._kept] = self._inverse(self._free_cross[:, None] - self._images.T @ W)
        return whole_W, whole_U


def _solve_from(
    problem: Lockstep,
    levels: FloatArray,
    target: float,
    start: tuple[FloatArray, FloatArray] | None,
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Solve from a start or, without one, from rough solutions of some multipliers."""
    if start is not None:
        W, U = (np.array(A.T, order="C") for A in start)
        return _solve(problem, _State(W, U, levels), target)
    falling = np.argsort(-levels, kind="stable")
    some = falling[np.unique(np.append(np.arange(0, len(levels), STRIDE), len(levels) - 1))]
    state = _State(np.zeros_like(problem.cross), problem.cross, levels[:1])
    found = np.empty((2, len(some), len(problem.cross)))
    for k, level in enumerate(some):
        rough = max(target, 0.5 * SHARE * ROUGH * problem.yy)
        W, U, _ = _solve(problem, state._replace(t=levels[[level]]), rough)
        state = state._replace(W=W, U=U)
        found[:, k] = W[:, 0], U[:, 0]
    W, U = (interpolated(levels[some], A, levels).T for A in found)
    return _solve(problem, _State(W, U, levels), target)


def interpolated(known: FloatArray, values: FloatArray, levels: FloatArray) -> FloatArray:
    """Interpolate rows of values, linearly in the multiplier.

    Parameters
    ----------
    known : ndarray of shape (n_known,)
        Falling multipliers.
    values : ndarray of shape (n_known, n_features)
        What belongs to them.
    levels : ndarray of shape (n_levels,)
        Multipliers. Beyond those that are known the nearest row is taken.

    Returns
    -------
    ndarray of shape (n_levels, n_features)
    """
    at = np.interp(-levels, -known, np.arange(len(known)))  # places between the rows
    above = np.minimum(at.astype(int), max(len(known) - 2, 0))
    share = (at - above)[:, None]
    below = np.minimum(above + 1, len(known) - 1)
    return np.asarray((1.0 - share) * values[above] + share * values[below])


def _solve(
    problem: Lockstep, state: _State, target: float
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Take steps from a state until the gap of each column is at most the target."""
    W, U = np.empty_like(state.W), np.empty_like(state.U)
    live = np.arange(len(state.t))
    solved: BoolArray = np.zeros(live.shape, dtype=bool)
    settled: BoolArray = solved.copy()
    admits: BoolArray = np.asarray(~state.W.any(axis=0))
    for step in range(STEPS):
        gaps = problem.gaps(state)
        W[:, live], U[:, live] = state.W, state.U
        done = np.asarray(gaps <= target)
        solved[live[done]] = True
        if done.all():
            break
        left = np.flatnonzero(~done)
        live, settled, admits = live[left], settled[left], admits[left]
        before, gaps = state.columns(left), gaps[left]
        forcing = np.clip(SETTLED * np.sqrt(target / gaps), LEAST, MOST)
        forcing = np.where(settled, forcing, np.maximum(forcing, UNSETTLED))
        kind = np.float32 if step < SINGLE_STEPS else np.float64
        state = problem.step(before, forcing, admits, kind)
        settled = np.asarray(((state.W != 0) == (before.W != 0)).all(axis=0))
        admits = np.ones(settled.shape, dtype=bool)
    return W, U, solved


def _positive(diagonal: FloatArray) -> FloatArray:
    """Keep the diagonal away from zero."""
    return np.asarray(np.maximum(diagonal, EPS * (diagonal.max(initial=0.0) or 1.0)))


def _dots(A: NDArray[Any], B: NDArray[Any]) -> NDArray[Any]:
    """Inner product of each column."""
    return np.asarray(np.einsum("jk,jk->k", A, B))
