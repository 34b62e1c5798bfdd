"""Working sets of groups: Newton's method on the groups that are not zero.

Away from zero |w_g|_2 is smooth, with the curvature l2_g / |w_g| (I - e_g e_g') for e_g = w_g /
|w_g|. Newton steps are taken on the weights that are not zero. A weight that a step would move
across zero stops there, and so does a group that it would move to the other side of zero. Groups at
zero whose residual correlation exceeds their penalty leave it along that correlation.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from scipy.linalg import lapack

from sklearn_reg._solvers.problem import Evaluation, Problem
from sklearn_reg._solvers.working_sets import WorkingSet
from sklearn_reg._tools.cached import cached_property
from sklearn_reg._tools.linalg import EPS, runs_of
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray
from sklearn_reg.penalties import SparseGroupLasso, soft_threshold

MOST_STEPS = 100
ROUGH = 1e-2  # the gap, relative to F at the start, at which a search at a raised penalty ends
SHARE = 0.3  # of the gap asked for, at which the search ends: the rest is for the groups outside
FINEST = 1e-15  # the smallest gap that is asked for, relative to F(0)
NEXT = 0.5  # groups enter together whose excess is more than this share of the largest
BEYOND = 1e-12  # by which share a correlation must exceed its penalty to move a weight from zero
# A factor is used again while each step leaves less than this share of the gradient.
SLOW = 0.2
# A step below SHORT raises the damping of the curvature, and a full step lowers it.
SHORT, RISE, FALL, SMALLEST_DAMPING, LARGEST_DAMPING = 0.1, 100.0, 0.3, 1e-10, 1.0
STILL_STEPS = 3  # steps that gain nothing end the search
MOST_TRIALS = 40  # of shorter and shorter steps


class GroupWorkingSet(WorkingSet):
    """Groups whose Gram matrix is kept, and grows with them."""

    def __init__(self, problem: Problem, features: IndexArray) -> None:
        self._gram = problem.design.growing_gram()
        self._room = np.zeros((0, 0), order="F")
        self._factor: _Factor | None = None
        super().__init__(problem, features)

    @property
    def gram(self) -> FloatArray:
        """Z'S Z of the features."""
        m = self.features.size
        return self._room[:m, :m]

    def _grow(self, new: IndexArray) -> None:
        """Extend features and Gram matrix by new features."""
        old, m = self.features.size, self.features.size + new.size
        product = self._gram.add(new)
        if m > len(self._room):
            room = np.zeros((size := min(2 * m, self.inside.size), size), order="F")
            room[:old, :old] = self.gram
            self._room = room
        self.features = self._gram.features
        self._room[:m, old:m] = product
        self._room[old:m, :old] = product[:old].T
        self._factor = None

    def move_to(self, problem: Problem) -> None:
        """Change to another penalty on the same data."""
        self.problem = problem

    def _scale_ridge(self, factor: float) -> None:
        """Multiply the ridge."""
        super()._scale_ridge(factor)
        self._factor = None

    def solve(self, point: Evaluation, level: float, gap: float) -> tuple[FloatArray, bool]:
        """Solve the restricted problem with `level` times its penalty; return w and success."""
        h, chosen = self.problem.h, self.features
        assert isinstance(h, SparseGroupLasso)
        full = np.zeros_like(point.w)
        if chosen.size == 0:
            return full, True
        part = Part.of(h, chosen, level)
        # The correlation is that of the data and not c - G w: each round corrects errors of G.
        start = Point(
            point.w[chosen],
            point.products.correlation[chosen],
            point.products.residual_square,
            part.value(point.w[chosen]),
        )
        null = self.problem.null
        wanted = max(gap, FINEST) * null
        if level > 1.0:
            wanted = max(wanted, ROUGH * start.objective)
        search = _Search(self.gram, part, self.relative_ridge, self._factor)
        w, solved = search.run(start, SHARE * wanted, null)
        self._factor = search.factor
        full[chosen] = w
        return full, solved


Values = TypeVar("Values", FloatArray, BoolArray, IndexArray)


class Part(NamedTuple):
    """The penalty of some features, whose groups follow one another, times a level."""

    starts: IndexArray
    sizes: IndexArray
    h: SparseGroupLasso

    @classmethod
    def of(cls, h: SparseGroupLasso, features: IndexArray, level: float = 1.0) -> Part:
        """Return the penalty of features, which come group by group, times `level`."""
        groups = h.groups[features]
        starts, sizes = runs_of(groups)
        numbers = np.repeat(np.arange(sizes.size), sizes)
        l1, l2 = level * h.l1[features], level * h.l2[groups[starts]]
        return cls(starts, sizes, SparseGroupLasso(numbers, l1, l2))

    @property
    def l1(self) -> FloatArray:
        """Coefficients of |w_j|."""
        return self.h.l1

    @property
    def l2(self) -> FloatArray:
        """Coefficients of |w_g|_2."""
        return self.h.l2

    def sums(self, values: FloatArray) -> FloatArray:
        """Sum the values of each group."""
        return np.asarray(np.add.reduceat(values, self.starts))

    def lengths(self, w: FloatArray) -> FloatArray:
        """|w_g|_2 of each group."""
        return np.sqrt(self.sums(w * w))

    def spread(self, values: Values) -> Values:
        """Repeat the value of each group for its weights."""
        return np.repeat(values, self.sizes)

    def value(self, w: FloatArray) -> float:
        """sum_j l1_j |w_j| + sum_g l2_g |w_g|_2."""
        return float(self.l1 @ np.abs(w) + self.l2 @ self.lengths(w))


class Point(NamedTuple):
    """Weights, their residual correlation u, the square of the residual, and the penalty."""

    w: FloatArray
    u: FloatArray
    square: float
    penalty: float

    @property
    def objective(self) -> float:
        """F(w)."""
        return 0.5 * self.square + self.penalty


class _Shape(NamedTuple):
    """Where the weights of a point are smooth, and the gradient there."""

    moving: BoolArray  # weights that are not zero, or have no penalty
    slopes: FloatArray  # l2_g / |w_g|, 0 for groups at zero
    gradient: FloatArray  # of -F on the moving weights, else 0
    pull: FloatArray  # S(u, l1) where a weight at zero may leave it, else 0


class _Factor(NamedTuple):
    """The Cholesky factor of the curvature of some weights."""

    weights: IndexArray
    factor: FloatArray

    def suits(self, shape: _Shape) -> bool:
        """Whether it is that of the weights which move."""
        return np.array_equal(self.weights, np.flatnonzero(shape.moving))

    def solve(self, b: FloatArray) -> FloatArray:
        """Solve for these weights; the others are zero."""
        x = np.zeros_like(b)
        x[self.weights] = lapack.dpotrs(self.factor, b[self.weights], lower=0)[0]
        return x


class _Search:
    """Newton's method for one restricted problem."""

    def __init__(
        self, gram: FloatArray, groups: Part, ridge: float, factor: _Factor | None
    ) -> None:
        self._gram, self._groups, self._ridge = gram, groups, ridge
        self.factor, self._damping = factor, ridge
        self._last = np.inf  # the largest gradient before the last full step
        self._traces = groups.sums(gram.diagonal())

    @cached_property
    def _curvature(self) -> float:
        """A bound on the largest eigenvalue of the Gram matrix."""
        return float(np.abs(self._gram).sum(axis=0).max()) or 1.0

    def run(self, point: Point, gap: float, null: float) -> tuple[FloatArray, bool]:
        """Step until the gap of the restricted problem is at most `gap`.

        Returns the weights, and whether the search got there or at least improved them.
        """
        began, rounding, still = point.objective, EPS * null, 0
        for step in range(MOST_STEPS):
            if self._gap(point) <= gap:
                return point.w, True
            shape = self._shape(point)
            # First without new groups: the old ones, too, have moved to another penalty.
            if shape.pull.any() and (step > 0 or not shape.moving.any()):
                point = self._enter(point, shape)
                shape, self._last = self._shape(point), np.inf
            new = self._step(point, shape, rounding)
            if new is None:
                if self._damping > LARGEST_DAMPING:
                    break
                continue
            still = 0 if new.objective < point.objective - rounding else still + 1
            point = new
            if still > STILL_STEPS:  # rounding errors exceed what a step gains
                break
        return point.w, point.objective < began - rounding or self._gap(point) <= gap / SHARE

    def _step(self, point: Point, shape: _Shape, rounding: float) -> Point | None:
        """Take one step; None if only another factor can take one.

        A short step means that the curvature is too small in some direction: it is damped.
        """
        size, kept = float(np.abs(shape.gradient).max(initial=0.0)), self.factor
        old = kept is not None and size <= SLOW * self._last and kept.suits(shape)
        if not old:
            self.factor = self._factored(point, shape)
        if self.factor is None:
            self._damping = max(self._damping, SMALLEST_DAMPING) * RISE
            return None
        new, length = self._along(point, shape, self.factor.solve(shape.gradient), rounding)
        self._last = size if length == 1.0 else 0.0
        if length == 1.0:
            self._damping = max(self._ridge, FALL * self._damping)
        elif length < SHORT:
            if new is None and old:
                return None
            self._damping = min(RISE * self._damping, LARGEST_DAMPING)
            new = self._proximal(point if new is None else new)
        return new

    def _shape(self, point: Point) -> _Shape:
        groups, (w, u, _, _) = self._groups, point
        lengths = groups.lengths(w)
        slopes = np.divide(groups.l2, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        at_zero, l2 = groups.spread(lengths == 0), groups.spread(groups.l2)
        moving = (w != 0) | ((groups.l1 == 0) & ((l2 == 0) | ~at_zero))
        gradient = np.where(moving, u - groups.l1 * np.sign(w) - groups.spread(slopes) * w, 0.0)
        pull = np.where(moving, 0.0, soft_threshold(u, (1.0 + BEYOND) * groups.l1))
        # The strongest go first.
        excess = np.where(lengths == 0, groups.lengths(pull) - (1.0 + BEYOND) * groups.l2, 0.0)
        held = excess <= max(0.0, NEXT * float(excess.max(initial=0.0)))
        pull[at_zero & groups.spread(held)] = 0.0
        return _Shape(moving, slopes, gradient, pull)

    def _gap(self, point: Point) -> float:
        """Duality gap of the restricted problem; see `Problem.gap`."""
        free = self._groups.spread(self._groups.l2) + self._groups.l1 == 0
        left = float(np.abs(point.u[free]).max(initial=0.0))
        c = 1.0 / max(1.0, self._groups.h.level(point.u))
        square = max(0.0, point.square)
        slack = point.penalty - c * float(point.u @ point.w)
        # What free weights still gain, which a projection would remove.
        gain = left * float(np.abs(point.w[free]).sum()) + left
        return 0.5 * (1.0 - c) ** 2 * square + max(0.0, slack) + gain

    def _enter(self, point: Point, shape: _Shape) -> Point:
        """Move weights from zero along their pull, as far as F falls."""
        groups, pull = self._groups, shape.pull
        lengths = groups.lengths(pull)
        entering = (groups.lengths(point.w) == 0) & (lengths > 0)
        short = np.divide(groups.l2, lengths, out=np.zeros_like(lengths), where=entering)
        d = pull * groups.spread((1.0 - short) / np.where(self._traces > 0, self._traces, 1.0))
        Gd = self._times(d)
        # The penalty is linear for groups at zero; in others l2_g / |w_g| bounds its curvature.
        risen = groups.l1 @ np.abs(d) + np.where(entering, groups.l2, 0.0) @ groups.lengths(d)
        slope = point.u @ d - risen
        curvature = d @ Gd + shape.slopes @ groups.sums(d * d)
        if not (slope > 0 and curvature > 0):
            return point
        return self._moved(point, slope / curvature * d, slope / curvature * Gd)

    def _factored(self, point: Point, shape: _Shape) -> _Factor | None:
        """Factor the curvature of the moving weights: G + l2_g / |w_g| (I - e_g e_g')."""
        groups, A = self._groups, np.flatnonzero(shape.moving)
        H = self._gram[np.ix_(A, A)] if A.size < len(self._gram) else self._gram
        H = np.array(H, order="F")
        ridge = self._damping * np.where(H.diagonal() > 0, H.diagonal(), 1.0)
        H.ravel("K")[:: A.size + 1] += groups.spread(shape.slopes)[A] + ridge
        _subtract_outer(H, groups, point.w, A, shape.slopes)
        factor, info = lapack.dpotrf(H, lower=0, overwrite_a=1, clean=0)
        return None if info else _Factor(A, factor)

    def _along(
        self, point: Point, shape: _Shape, direction: FloatArray, rounding: float
    ) -> tuple[Point | None, float]:
        """Move along a direction as far as F falls; return the point, None if none, and the length.

        If F rises because too many weights stop at zero, half as many are tried, down to the first.
        """
        ends = self._ends(point.w, shape, direction)
        crossed = np.sort(ends[ends < 1.0])
        length, most = 1.0, crossed.size
        for _ in range(MOST_TRIALS):
            new = np.where(ends <= length, 0.0, point.w + length * direction)
            change = new - point.w
            moved = self._moved(point, change, self._times(change))
            if moved.objective <= point.objective + rounding:
                return moved, length
            most //= 2
            length = float(crossed[most - 1]) if most else 0.5 * length
        return None, 0.0

    def _ends(self, w: FloatArray, shape: _Shape, direction: FloatArray) -> FloatArray:
        """Return the step at which each weight stops, because it or its group crosses zero."""
        groups, ends = self._groups, np.full(w.size, np.inf)
        falls = (groups.l1 > 0) & (w * direction < 0)
        np.divide(-w, direction, out=ends, where=falls)
        slides, squares = groups.sums(w * direction), groups.sums(w * w)
        crossing: FloatArray = np.full(squares.size, np.inf)
        np.divide(-squares, slides, out=crossing, where=(shape.slopes > 0) & (slides < 0))
        return np.asarray(np.minimum(ends, groups.spread(crossing)))

    def _proximal(self, point: Point) -> Point:
        """Take a step of proximal gradient, which moves weights across zero where it should."""
        t = 1.0 / self._curvature
        change = self._groups.h.prox(point.w + t * point.u, t) - point.w
        return self._moved(point, change, self._times(change))

    def _moved(self, point: Point, change: FloatArray, product: FloatArray) -> Point:
        """Return the point after a change d of the weights, given G d."""
        w, u = point.w + change, point.u - product
        square = point.square - float((point.u + u) @ change)
        return Point(w, u, square, self._groups.value(w))

    def _times(self, d: FloatArray) -> FloatArray:
        """G d, of the columns that it needs."""
        some = np.flatnonzero(d)
        if 2 * some.size < d.size:
            return np.asarray(self._gram[:, some] @ d[some])
        return np.asarray(self._gram @ d)


def _subtract_outer(
    H: FloatArray, groups: Part, w: FloatArray, A: IndexArray, slopes: FloatArray
) -> None:
    """Subtract l2_g / |w_g| e_g e_g' from the blocks of H, those of one size together."""
    of = groups.spread(np.arange(groups.sizes.size))[A]
    unit = w[A] * (np.sqrt(slopes) / np.where(slopes > 0, groups.lengths(w), 1.0))[of]
    counts = np.bincount(of, minlength=slopes.size)
    firsts = np.concatenate([[0], np.cumsum(counts)])
    for size in np.unique(counts[slopes > 0]):
        places = firsts[:-1][(counts == size) & (slopes > 0)][:, None] + np.arange(size)
        E = unit[places]
        H[places[:, :, None], places[:, None, :]] -= E[:, :, None] * E[:, None, :]
