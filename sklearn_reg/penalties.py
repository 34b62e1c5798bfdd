"""Penalties: value, gradient and proximal operator of L2 (ridge), L1 (lasso) and elastic net.

For weights w_j with penalties lambda_j:

===========  ===========================================  ==============================
penalty      value h(w)                                   gradient, per weight
===========  ===========================================  ==============================
L2           sum_j lambda_j / 2 w_j^2                     lambda_j w_j
L1           sum_j lambda_j |w_j|                         lambda_j sign(w_j)
elastic net  r L1 + (1 - r) L2, with r = l1_ratio         r and 1 - r times those
===========  ===========================================  ==============================

Each penalty is a class whose methods are the formulas; the solvers and their certificate use these
classes. Each function checks its arguments and calls a method.

The proximal operator takes a step that lowers a penalty without its gradient, which |w| does not
have at zero:  prox(w) = argmin_z 1/2 |z - w|^2 + step h(z).

In all functions `w` has any shape, (n_features,) or (n_features, n_targets), and the result has
the same shape; float32 stays float32 and other numbers become float64. `lambda_` is a number, or an
array that broadcasts to `w`, such as one number per weight; for `w` of shape (n_features,
n_targets), one per feature has shape (n_features, 1). A penalty has the unit of the objective, y^2.
Arguments that are not numbers raise a TypeError, numbers out of range (nan and infinity included)
a ValueError, and a result beyond the largest float an OverflowError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_reg._checks.values import (
    Weights,
    check_l1_ratio,
    check_number,
    check_penalty,
    check_weights,
    no_overflow,
)
from sklearn_reg._tools.bounds import Bounds
from sklearn_reg._tools.cached import cached_property
from sklearn_reg._tools.linalg import EPS

# The certificate treats an L2 penalty this small relative to the data as zero: the bound stays
# valid and loses no more than this share.
NEGLIGIBLE = 1e-18
# The dual norm of groups has about eight digits before these steps of Newton's method.
LOST, NEWTON_STEPS = 1e-7, 3
HUGE = 1e75  # numbers from its inverse to it have squares in range
Index = NDArray[np.bool_] | slice

SHRINK = "divide y by a constant, which divides w by it too, or lower lambda_"
SHORTEN = "lower step or lambda_"


class Penalty:
    """A penalty h(w), as descent and the certificate need it. Arguments are not checked.

    It is the sum of a smooth part, whose gradient is added to that of the loss, and a rest, which
    has a proximal operator. A norm has no smooth part: its subclass defines `value`, `subgradient`,
    `prox` and `level`, and the other methods hold for any norm. Weights w are arrays of finite
    numbers, and u = Z'S theta are the products of the columns with a dual point (see `problem`).

    References
    ----------
    N. Parikh, S. Boyd (2014). Proximal algorithms. Foundations and Trends in Optimization 1(3).
    https://doi.org/10.1561/2400000003
    """

    smooth = False  # whether h has a gradient everywhere
    separable = False  # whether h is a sum over the weights
    in_blocks = False  # whether h is a sum over blocks of weights, as working sets need it
    bounds: Bounds | None = None  # of the weights

    @property
    def smooth_part(self) -> L2:
        """The part of h whose gradient is in the gradient of the objective."""
        return L2(0.0)

    @property
    def rest(self) -> Penalty:
        """The part of h that is handled by a proximal step or a subgradient."""
        return self

    def value(self, w: Weights) -> float:
        """h(w)."""
        raise NotImplementedError

    def subgradient(self, w: Weights) -> Weights:
        """Return a subgradient of h at w."""
        raise NotImplementedError

    def prox(self, w: Weights, step: float) -> Weights:
        """argmin_z 1/2 |z - w|^2 + step h(z)."""
        raise NotImplementedError

    def feasible(self, w: Weights) -> Weights:
        """Return the nearest w at which h is finite."""
        return w

    def level(self, u: Weights) -> float:
        """Return the smallest multiple of h at which w = 0 is optimal; u are products with y."""
        raise NotImplementedError

    def conjugate(self, u: Weights) -> float:
        """h*(u) = sup_w u.w - h(w) where it is finite: 0 for a norm."""
        return 0.0

    def scaling(self, u: Weights) -> float:
        """Return the largest c <= 1 at which h*(c u) is finite: for a norm, c level(u) <= 1."""
        return 1.0 / max(1.0, self.level(u))

    def scalings(self, u: Weights, error: Weights | float = 0.0) -> tuple[float, ...]:
        """Return the candidates c for the best dual point c u, if u has errors up to `error`."""
        return (self.scaling(u if isinstance(error, float) else self.size(u) + error),)

    def conjugate_and_error(
        self, c: float, u: Weights, phi: Weights, w: Weights
    ) -> tuple[float, float]:
        """h*(c u), and what errors phi_j of u add to it beyond phi_j |w_j|, for `Problem.bound`."""
        return self.conjugate(c * u), 0.0

    def size(self, u: Weights) -> Weights:
        """Return how strongly u pulls each weight from zero, which L1 penalties are compared with.

        It is the absolute value, if nothing bounds the weights.
        """
        return np.abs(u)

    def open_size(self, u: Weights) -> Weights:
        """Return how strongly u pulls each weight to a side without a bound."""
        return np.abs(u)

    def free(self, n_features: int) -> NDArray[np.bool_]:
        """Return a mask of the weights without a penalty."""
        return np.zeros(n_features, dtype=bool)

    def block_levels(self, u: Weights) -> Weights:
        """Return the smallest multiple of h at which each block of weights rests at zero."""
        raise NotImplementedError

    def smooth_blocks(self) -> NDArray[np.bool_]:
        """Return a mask of the blocks that do not rest at zero."""
        raise NotImplementedError

    def blocks_with(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return a mask of the blocks with some of the chosen weights; each weight is a block."""
        return chosen

    def weights_in(self, blocks: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the weights of these blocks, one block after another."""
        return blocks

    def kinked_value(self, w: Weights) -> float:
        """Return the part of h(w) that keeps weights at zero."""
        return self.rest.value(w)

    def gain(self, pull: Weights, squares: Weights) -> float:
        """Bound sup_w sum_j pull_j |w_j| - squares_j / 2 w_j^2 - h(w), by its value for h = 0."""
        return float(np.sum(0.5 * pull**2 / np.where(squares > 0, squares, 1.0)))

    def beside(self, largest: float, null: float, squares: Callable[[], Weights]) -> Penalty:
        """Return h without parts negligible relative to data: see :meth:`ElasticNet.beside`."""
        return self


class L2(Penalty):
    """h(w) = sum_j lambda_j / 2 w_j^2, smooth as a whole."""

    smooth = separable = in_blocks = True

    def __init__(self, lambda_: float | NDArray[Any]) -> None:
        self.lambda_ = lambda_

    def value(self, w: Weights) -> float:
        """sum_j lambda_j / 2 w_j^2."""
        # lambda first: a small one keeps the square of a large weight in range.
        return float(np.sum(self.lambda_ / 2 * w * w))

    def gradient(self, w: Weights) -> Weights:
        """lambda_j w_j."""
        return self.lambda_ * w

    def prox(self, w: Weights, step: float) -> Weights:
        """w_j / (1 + step lambda_j)."""
        return w / (1 + step * self.lambda_)

    @property
    def curvature(self) -> float:
        """Return the largest second derivative."""
        return float(np.max(self.lambda_, initial=0.0))


class L1(Penalty):
    """h(w) = sum_j lambda_j |w_j|; it is infinite where a weight is beyond its bounds."""

    separable = in_blocks = True

    def __init__(self, lambda_: float | NDArray[Any], bounds: Bounds | None = None) -> None:
        self.lambda_, self.bounds = lambda_, bounds

    def value(self, w: Weights) -> float:
        """sum_j lambda_j |w_j|."""
        return float(np.sum(self.lambda_ * np.abs(w)))

    def subgradient(self, w: Weights) -> Weights:
        """lambda_j sign(w_j), 0 at the kink."""
        return self.lambda_ * np.sign(w)

    def prox(self, w: Weights, step: float) -> Weights:
        """sign(w_j) max(|w_j| - step lambda_j, 0), the soft threshold, within the bounds."""
        return self.feasible(soft_threshold(w, step * self.lambda_) if np.any(self.lambda_) else w)

    def feasible(self, w: Weights) -> Weights:
        """min(max(w_j, lower_j), upper_j)."""
        return w if self.bounds is None else self.bounds.clip(w)


class SparseGroupLasso(Penalty):
    """h(w) = sum_j l1_j |w_j| + sum_g l2_g |w_g|_2, with w_g the weights of group g.

    A group comes or goes as a whole [1]_, and weights within it one by one [2]_. Without l1 it is
    the group lasso, without l2 the lasso.

    Parameters
    ----------
    groups : ndarray of shape (n_features,) of int
        The group of each weight, from 0.
    l1 : ndarray of shape (n_features,)
        l1_j >= 0.
    l2 : ndarray of shape (n_groups,)
        l2_g >= 0.

    References
    ----------
    .. [1] M. Yuan, Y. Lin (2006). Model selection and estimation in regression with grouped
       variables. J. Royal Statistical Society B 68(1).
       https://doi.org/10.1111/j.1467-9868.2005.00532.x
    .. [2] N. Simon, J. Friedman, T. Hastie, R. Tibshirani (2013). A sparse-group lasso. J.
       Computational and Graphical Statistics 22(2). https://doi.org/10.1080/10618600.2012.681250
    .. [3] E. Ndiaye, O. Fercoq, A. Gramfort, J. Salmon (2016). GAP safe screening rules for
       sparse-group lasso. https://arxiv.org/abs/1602.06225
    """

    in_blocks = True

    def __init__(self, groups: NDArray[np.intp], l1: Weights, l2: Weights) -> None:
        self.groups, self.l1, self.l2 = groups, l1, l2

    def value(self, w: Weights) -> float:
        """sum_j l1_j |w_j| + sum_g l2_g |w_g|_2."""
        return float(self.l1 @ np.abs(w) + self.l2 @ self._lengths(w))

    def subgradient(self, w: Weights) -> Weights:
        """l1_j sign(w_j) + l2_g w_j / |w_g|_2, 0 at the kinks."""
        lengths = self._lengths(w)
        pull = np.divide(self.l2, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        return np.asarray(self.l1 * np.sign(w) + pull[self.groups] * w)

    def prox(self, w: Weights, step: float) -> Weights:
        """Apply the soft threshold of l1, then shorten each group by step l2_g."""
        left = soft_threshold(w, step * self.l1)
        lengths = self._lengths(left)
        short = np.maximum(lengths - step * self.l2, 0.0)
        shares = np.divide(short, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        return np.asarray(shares[self.groups] * left)

    def level(self, u: Weights) -> float:
        """Return the dual norm, the largest of the levels of the blocks."""
        return float(self.block_levels(u).max(initial=0.0))

    def block_levels(self, u: Weights) -> Weights:
        """Return the smallest c of each group with |S(u_g, c l1_g)|_2 <= c l2_g.

        S is the soft threshold. Sort the weights of a group by |u_j| / l1_j, largest first. If S
        leaves the first k of them, c solves

            sum_{j <= k} (|u_j| - c l1_j)^2 = c^2 l2_g^2,

        and c is the largest min(c_k, |u_k| / l1_k) over k [3]_: for other k a sum over fewer or
        more weights is too small. Where the root of the quadratic equation has lost digits, steps
        of Newton's method give them back.
        """
        if not self.l1.any():
            lengths = self._lengths(u)
            return np.divide(lengths, self.l2, out=np.zeros_like(lengths), where=self.l2 > 0)
        unit = max(self.l1.max(initial=0.0), self.l2.max(initial=0.0))
        if not 1.0 / HUGE < unit < HUGE:  # whose squares are out of range
            scaled = SparseGroupLasso(self.groups, self.l1 / unit, self.l2 / unit)
            return np.asarray(scaled.block_levels(u) / unit)
        free = self.free(u.size)
        size = np.where(free, 0.0, np.abs(u))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(size > 0, size / self.l1, 0.0)  # inf without l1
        order = np.lexsort((-ratio, self.groups))
        roots = np.minimum(self._roots(size[order], order), ratio[order])
        levels = np.zeros_like(self.l2)
        np.maximum.at(levels, self.groups[order], roots)
        # From below, Newton's method rises to the root of a convex function.
        levels[self.l2 > 0] *= 1.0 - LOST
        for _ in range(NEWTON_STEPS):
            left = np.maximum(size - levels[self.groups] * self.l1, 0.0)
            lengths = self._lengths(left)
            inside = (lengths > 0) & (self.l2 > 0)
            matched = np.bincount(self.groups, self.l1 * left, minlength=self.l2.size)
            slope = self.l2 + np.divide(matched, lengths, out=np.zeros_like(lengths), where=inside)
            step = np.where(inside, lengths - levels * self.l2, 0.0)
            levels += np.divide(step, slope, out=np.zeros_like(step), where=inside)
        return levels

    def _roots(self, size: Weights, order: NDArray[np.intp]) -> Weights:
        """Return c_k of `level` for sorted weights: the smaller positive root, inf without one."""
        l1, groups = self.l1[order], self.groups[order]
        squares, products, l1_squares = (
            _running_sums(values, groups) for values in (size**2, size * l1, l1**2)
        )
        curved = products**2 - (l1_squares - self.l2[groups] ** 2) * squares
        with np.errstate(divide="ignore", invalid="ignore"):
            c = squares / (products + np.sqrt(np.maximum(curved, 0.0)))
        without = (curved < 0) | (self.l2[groups] == 0)
        return np.where(squares > 0, np.where(without, np.inf, c), 0.0)

    def free(self, n_features: int) -> NDArray[np.bool_]:
        """Return a mask of the weights without a penalty."""
        return np.asarray((self.l1 == 0) & (self.l2[self.groups] == 0))

    def smooth_blocks(self) -> NDArray[np.bool_]:
        """Return a mask of the groups without a penalty."""
        return np.asarray((self.l2 == 0) & ~self.blocks_with(self.l1 > 0))

    def blocks_with(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return a mask of the groups with some of the chosen weights."""
        return np.bincount(self.groups[chosen], minlength=self.l2.size) > 0

    def weights_in(self, blocks: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the weights of these groups, one group after another."""
        order, starts = self._layout
        parts = [order[starts[g] : starts[g + 1]] for g in blocks.tolist()]
        return np.concatenate(parts) if parts else order[:0]

    def curvature(self, w: Weights, some: NDArray[np.intp]) -> tuple[Weights, Weights]:
        """Return l2_g / |w_g| and w_j / |w_g| of some weights; both are 0 in groups at zero.

        With s and e these, the second derivative of h where no weight is zero is s (I - e e') in
        each group.
        """
        lengths = self._lengths(w)[self.groups[some]]
        inside = lengths > 0
        slopes, unit = np.zeros((2, some.size))
        np.divide(self.l2[self.groups[some]], lengths, out=slopes, where=inside)
        np.divide(w[some], lengths, out=unit, where=inside)
        return slopes, unit

    @cached_property
    def _layout(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The weights sorted by group, and where each group begins and the last one ends."""
        order = np.argsort(self.groups, kind="stable")
        return order, np.searchsorted(self.groups[order], np.arange(self.l2.size + 1))

    def beside(
        self, largest: float, null: float, squares: Callable[[], Weights]
    ) -> SparseGroupLasso:
        """Return h without parts below the rounding errors of products of their columns with y.

        No such product exceeds `largest`; `null` is F(0).
        """
        l1, l2 = self.l1, self.l2
        low1, low2 = (l1 > 0) & (l1 <= EPS * largest), (l2 > 0) & (l2 <= EPS * largest)
        if not (low1.any() or low2.any()):
            return self
        products = EPS * np.sqrt(2.0 * null * squares())
        low1 &= l1 <= products
        # A group keeps its penalty for the sake of its smallest column.
        smallest = np.full(l2.size, np.inf)
        np.minimum.at(smallest, self.groups, np.where(products > 0, products, np.inf))
        low2 &= l2 <= smallest
        return SparseGroupLasso(self.groups, np.where(low1, 0.0, l1), np.where(low2, 0.0, l2))

    def _lengths(self, w: Weights) -> Weights:
        """|w_g|_2 of each group."""
        return np.asarray(np.sqrt(np.bincount(self.groups, w**2, minlength=self.l2.size)))


def _running_sums(values: Weights, groups: NDArray[np.intp]) -> Weights:
    """Return sums over the weights so far of each group; groups are in rising order."""
    sums = np.cumsum(values)
    starts = np.searchsorted(groups, groups)
    return np.asarray(sums - (sums - values)[starts])


class ElasticNet(Penalty):
    """h(w) = sum_j l1_j |w_j| + l2_j / 2 w_j^2: the rest is L1, the smooth part is L2.

    With `bounds` it is infinite where a weight is beyond them.
    """

    separable = in_blocks = True

    def __init__(
        self,
        l1: Weights,
        l2: Weights,
        bounds: Bounds | None = None,
        free: NDArray[np.bool_] | None = None,
    ) -> None:
        self.l1, self.l2, self.bounds = l1, l2, bounds
        self._free = free
        self._kinds: tuple[Index, Index, Index | None] | None = None

    @property
    def smooth(self) -> bool:  # type: ignore[override]
        """Whether h has a gradient everywhere."""
        return self.bounds is None and not np.any(self.l1)

    @property
    def smooth_part(self) -> L2:
        """The L2 part."""
        return L2(self.l2)

    @property
    def rest(self) -> L1:
        """The L1 part, with the bounds."""
        return L1(self.l1, self.bounds)

    def value(self, w: Weights) -> float:
        """sum_j l1_j |w_j| + l2_j / 2 w_j^2."""
        size = np.abs(w)
        return float(((self.l1 + self.l2 / 2 * size) * size).sum())

    def restricted(self, features: NDArray[Any]) -> ElasticNet:
        """Return the penalty of these weights alone, without their bounds."""
        return ElasticNet(self.l1[features], self.l2[features])

    def prox(self, w: Weights, step: float) -> Weights:
        """Apply the proximal operator of L1, then that of L2, then the bounds."""
        return self.feasible(self.smooth_part.prox(L1(self.l1).prox(w, step), step))

    def feasible(self, w: Weights) -> Weights:
        """min(max(w_j, lower_j), upper_j)."""
        return self.rest.feasible(w)

    def level(self, u: Weights) -> float:
        """max_j |u_j| / l1_j over the weights with an L1 penalty."""
        penalised = self.l1 > 0
        return float(np.max(self.size(u)[penalised] / self.l1[penalised], initial=0.0))

    def conjugate(self, u: Weights) -> float:
        """Sum h_j*(u_j): (|u_j| - l1_j)_+^2 / (2 l2_j) where l2_j > 0; else 0 up to l1_j.

        At the side of a bound w_j goes no further than the bound, so that h_j* is finite.
        """
        if self._is_box:
            far = self._far(u)
            return self._part(far)._conjugate_in_box(u[far])
        _, _, soft = self._sorted()
        if soft is None:
            return 0.0
        excess = np.maximum(self.size(u)[soft] - self.l1[soft], 0.0)
        return 0.5 * float(excess @ (excess / self.l2[soft]))

    def scaling(self, u: Weights) -> float:
        """Return the largest c <= 1 with c |u_j| <= l1_j where h_j* is infinite beyond."""
        return self.scalings(u)[0]

    def scalings(self, u: Weights, error: Weights | float = 0.0) -> tuple[float, ...]:
        """Return the largest feasible c, and the one that makes every h* zero."""
        if self._is_box:
            far = self._far(u, error)
            few = error if isinstance(error, float) else error[far]
            return self._part(far)._scalings_in_box(u[far], few)
        hard, penalised, soft = self._sorted()
        feasible = _within((self.open_size(u) + error)[hard], self.l1[hard])
        if soft is None:
            return (feasible,)
        return feasible, _within((self.size(u) + error)[penalised], self.l1[penalised])

    def conjugate_and_error(
        self, c: float, u: Weights, phi: Weights, w: Weights
    ) -> tuple[float, float]:
        """For a quadratic h_j* of derivative m_j, phi |m - w| + phi^2 / (2 l2) replaces phi |w|.

        In a box, |m - w| is that of the worse end of u -+ phi, which holds for any convex h_j*.
        """
        if self._is_box:
            far = self._far(u, phi)
            return self._part(far)._in_box_with_error(c * u[far], phi[far], w[far])
        _, _, soft = self._sorted()
        if soft is None:
            return 0.0, 0.0
        l1, l2, phi, w = self.l1[soft], self.l2[soft], phi[soft], w[soft]
        pull = self.size(u)[soft]
        if (c * (pull + phi) <= l1).all():
            return 0.0, 0.0
        excess = np.maximum(c * pull - l1, 0.0)
        slope = np.sign(u[soft]) * excess / l2
        more = np.abs(slope - w) - np.abs(w) + 0.5 * phi / l2
        return 0.5 * float(excess @ np.abs(slope)), float(phi @ more)

    def size(self, u: Weights) -> Weights:
        """|u_j|; with bounds, how strongly u_j pulls the weight from zero to where it may go."""
        return np.abs(u) if self.bounds is None else self.bounds.pull(u)

    def open_size(self, u: Weights) -> Weights:
        """|u_j|; with bounds, how strongly u_j pulls the weight to a side without a bound."""
        return np.abs(u) if self.bounds is None else self.bounds.open_pull(u)

    def block_levels(self, u: Weights) -> Weights:
        """|u_j| / l1_j of each weight, infinite without an L1 penalty."""
        size = self.size(u)
        levels = np.where(size > 0, np.inf, 0.0)
        return np.divide(size, self.l1, out=levels, where=self.l1 > 0)

    def smooth_blocks(self) -> NDArray[np.bool_]:
        """Return a mask of the weights without an L1 penalty, and with room on both sides."""
        smooth: NDArray[np.bool_] = self.l1 == 0
        return smooth if self.bounds is None else smooth & self.bounds.up & self.bounds.down

    def free(self, n_features: int) -> NDArray[np.bool_]:
        """Return a mask of the weights with neither penalty."""
        if self._free is None:
            self._free = np.asarray((self.l1 == 0) & (self.l2 == 0))
        return self._free

    def gain(self, pull: Weights, squares: Weights) -> float:
        """sum_j (pull_j - l1_j)_+^2 / (2 (squares_j + l2_j))."""
        excess = np.maximum(pull - self.l1, 0.0)
        return float(np.sum(0.5 * excess**2 / np.where(squares > 0, squares + self.l2, 1.0)))

    def beside(self, largest: float, null: float, squares: Callable[[], Weights]) -> ElasticNet:
        """Return h without parts that are negligible in float64 relative to a design.

        An L1 penalty counts as zero if it is below the rounding errors of a product of its column
        with y; no such product exceeds `largest`. A weight is free if its L2 penalty is negligible
        relative to the square of its column. `null` is F(0).
        """
        l1, l2 = self.l1, self.l2
        low = (l1 > 0) & (l1 <= EPS * largest)
        if low.any():  # negligible for the largest product; now for that of its own column
            low &= l1 <= EPS * np.sqrt(2.0 * null * squares())
            l1 = np.where(low, 0.0, l1)
        # Cauchy-Schwarz: the largest column of Z has at least this norm.
        norm = float(largest / np.sqrt(2.0 * null)) if null > 0 else 0.0
        quadratic = bool(l2.any())
        free = (l1 == 0) & (l2 <= NEGLIGIBLE * norm * norm) if quadratic else l1 == 0
        if quadratic and l2.any(where=free):  # negligible for the largest column; now for its own
            free &= l2 <= NEGLIGIBLE * squares()
        return ElasticNet(l1, l2, self.bounds, free)

    def _sorted(self) -> tuple[Index, Index, Index | None]:
        """Weights with h* infinite beyond l1, those with a penalty, and those with h* quadratic."""
        if self._kinds is None:
            free = self.free(self.l1.size)
            penalised = ~free if free.any() else slice(None)
            self._kinds = penalised, penalised, None
            if self.l2.any():
                hard = (self.l2 == 0) & (self.l1 > 0)
                soft = ~(hard | free)
                self._kinds = _index(hard), penalised, _index(soft) if soft.any() else None
        return self._kinds

    @property
    def _is_box(self) -> bool:
        """Whether weights may be at a bound that is not zero."""
        return self.bounds is not None and self.bounds.is_box

    def _far(self, u: Weights, error: Weights | float = 0.0) -> NDArray[np.intp]:
        """Return the weights at which h_j* may be positive, at u or less; there are few."""
        return np.flatnonzero(np.abs(u) + error > self.l1)

    def _part(self, features: NDArray[np.intp]) -> ElasticNet:
        """Return the penalty of these weights, with their bounds."""
        assert self.bounds is not None
        bounds = self.bounds.restricted(features)
        return ElasticNet(self.l1[features], self.l2[features], bounds)

    def _conjugate_in_box(self, u: Weights) -> float:
        """Sum h_j*(u_j)."""
        w = self._attaining(u)
        return float(u @ w) - self.value(w)

    def _in_box_with_error(self, u: Weights, phi: Weights, w: Weights) -> tuple[float, float]:
        """Return the sum of h_j*(u_j), and what errors phi of u add beyond phi_j |w_j|."""
        if (np.abs(u) + phi <= self.l1).all():
            return 0.0, 0.0
        above, below = self._attaining(u + phi), self._attaining(u - phi)
        worse = np.maximum(np.abs(above - w), np.abs(below - w))
        return self._conjugate_in_box(u), float(phi @ (worse - np.abs(w)))

    def _attaining(self, u: Weights) -> Weights:
        """Return the w that attain the suprema h_j*(u_j)."""
        assert self.bounds is not None
        return attaining(u, self.l1, self.l2, self.bounds)

    def _scalings_in_box(self, u: Weights, error: Weights | float) -> tuple[float, float]:
        """Return the largest feasible c, and the one that makes every h* zero."""
        penalised = self.l1 > 0
        hard = penalised & (self.l2 == 0)
        return (
            _within((self.open_size(u) + error)[hard], self.l1[hard]),
            _within((self.size(u) + error)[penalised], self.l1[penalised]),
        )


def _index(mask: NDArray[np.bool_]) -> Index:
    """Return a mask, as a slice if it is all True or all False: a slice makes no copy."""
    if mask.all():
        return slice(None)
    return mask if mask.any() else slice(0)


def _within(pull: Weights, limit: Weights) -> float:
    """Largest c <= 1 with c * pull <= limit."""
    over = pull > limit
    return float((limit[over] / pull[over]).min()) if over.any() else 1.0


def l2_penalty(w: ArrayLike, lambda_: ArrayLike) -> float:
    r"""L2 penalty, half the sum of the squares of the weights.

    .. math::
        h(w) = \frac{\lambda}{2} \sum_j w_j^2

    Its growth is quadratic: a weight ten times as large costs a hundred times as much, so large
    weights are shrunk hard and small ones hardly at all.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.

    Returns
    -------
    float
        The penalty, in the unit of the objective.

    Raises
    ------
    TypeError
        If an argument is not made of real numbers.
    ValueError
        If w is not finite, or lambda_ negative or not finite or of a shape that does not fit w.
    OverflowError
        If the penalty exceeds the largest float.

    References
    ----------
    A. E. Hoerl, R. W. Kennard (1970). Ridge regression: biased estimation for nonorthogonal
    problems. Technometrics 12(1). https://doi.org/10.1080/00401706.1970.10488634

    Examples
    --------
    >>> from sklearn_reg import l2_penalty
    >>> round(l2_penalty([1, 2, 3], lambda_=0.1), 12)
    0.7
    """
    w = check_weights(w)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("l2_penalty", SHRINK):
        return L2(lambda_).value(w)


def l2_gradient(w: ArrayLike, lambda_: ArrayLike) -> Weights:
    r"""Gradient of the L2 penalty.

    .. math::
        \nabla h(w) = \lambda w

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.

    Returns
    -------
    ndarray of the shape of w
        The gradient.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`l2_penalty`.

    References
    ----------
    A. E. Hoerl, R. W. Kennard (1970). Ridge regression: biased estimation for nonorthogonal
    problems. Technometrics 12(1). https://doi.org/10.1080/00401706.1970.10488634

    Examples
    --------
    >>> from sklearn_reg import l2_gradient
    >>> l2_gradient([1, 2, 3], lambda_=0.1).round(12)
    array([0.1, 0.2, 0.3])
    """
    w = check_weights(w)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("l2_gradient", SHRINK):
        return L2(lambda_).gradient(w).astype(w.dtype)


def l2_prox(w: ArrayLike, step: float, lambda_: ArrayLike) -> Weights:
    r"""Proximal operator of the L2 penalty.

    .. math::
        \operatorname{prox}(w) = \operatorname*{argmin}_z
        \frac12 \|z - w\|^2 + \eta \frac{\lambda}{2} \|z\|^2 = \frac{w}{1 + \eta \lambda}

    with eta the step. All weights shrink by the same factor, and none becomes zero.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    step : float
        Length of the step, >= 0; a learning rate.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.

    Returns
    -------
    ndarray of the shape of w
        The weights after the step.

    Raises
    ------
    TypeError
        If an argument is not made of real numbers.
    ValueError
        If w is not finite, step or lambda_ negative or not finite, or lambda_ of a shape that does
        not fit w.
    OverflowError
        If step * lambda exceeds the largest float.

    References
    ----------
    N. Parikh, S. Boyd (2014). Proximal algorithms. Foundations and Trends in Optimization 1(3).
    https://doi.org/10.1561/2400000003

    Examples
    --------
    >>> from sklearn_reg import l2_prox
    >>> l2_prox([1, -2, 3], step=0.5, lambda_=2)
    array([ 0.5, -1. ,  1.5])
    """
    w, step = check_weights(w), _check_step(step)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("l2_prox", SHORTEN):
        return L2(lambda_).prox(w, step).astype(w.dtype)


def l1_penalty(w: ArrayLike, lambda_: ArrayLike) -> float:
    r"""L1 penalty, the sum of the absolute values of the weights.

    .. math::
        h(w) = \lambda \sum_j |w_j|

    Its growth is linear, so its derivative has the same size however small the weight is: this
    makes weights exactly zero.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.

    Returns
    -------
    float
        The penalty, in the unit of the objective.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`l2_penalty`.

    References
    ----------
    R. Tibshirani (1996). Regression shrinkage and selection via the lasso. J. Royal Statistical
    Society B 58(1). https://doi.org/10.1111/j.2517-6161.1996.tb02080.x

    Examples
    --------
    >>> from sklearn_reg import l1_penalty
    >>> round(l1_penalty([1, -2, 3], lambda_=0.1), 12)
    0.6
    """
    w = check_weights(w)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("l1_penalty", SHRINK):
        return L1(lambda_).value(w)


def l1_gradient(w: ArrayLike, lambda_: ArrayLike) -> Weights:
    r"""Gradient of the L1 penalty, and 0 at the kink.

    .. math::
        \lambda \operatorname{sign}(w) \in \partial h(w)

    At w = 0 the penalty has no gradient, but every number in [-lambda, lambda] is a subgradient;
    0 is returned there, the smallest in absolute value.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.

    Returns
    -------
    ndarray of the shape of w
        The (sub)gradient, never beyond lambda in absolute value.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`l2_penalty`.

    References
    ----------
    R. Tibshirani (1996). Regression shrinkage and selection via the lasso. J. Royal Statistical
    Society B 58(1). https://doi.org/10.1111/j.2517-6161.1996.tb02080.x

    Examples
    --------
    >>> from sklearn_reg import l1_gradient
    >>> l1_gradient([1, -2, 0], lambda_=0.1)
    array([ 0.1, -0.1,  0. ])
    """
    w = check_weights(w)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("l1_gradient", SHRINK):
        return L1(lambda_).subgradient(w).astype(w.dtype)


def l1_prox(w: ArrayLike, step: float, lambda_: ArrayLike) -> Weights:
    r"""Proximal operator of the L1 penalty, the soft threshold.

    .. math::
        \operatorname{prox}(w) = \operatorname*{argmin}_z
        \frac12 \|z - w\|^2 + \eta \lambda \sum_j |z_j|
        = \operatorname{sign}(w) \max(|w| - \eta \lambda, 0)

    with eta the step. All weights move towards zero by the same distance, and those nearer than
    that become exactly zero.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    step : float
        Length of the step, >= 0; a learning rate.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.

    Returns
    -------
    ndarray of the shape of w
        The weights after the step.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`l2_prox`.

    References
    ----------
    I. Daubechies, M. Defrise, C. De Mol (2004). An iterative thresholding algorithm for linear
    inverse problems with a sparsity constraint. Comm. Pure and Applied Mathematics 57(11).
    https://doi.org/10.1002/cpa.20042

    Examples
    --------
    >>> from sklearn_reg import l1_prox
    >>> l1_prox([1, -2, 3], step=0.5, lambda_=3)
    array([ 0. , -0.5,  1.5])
    """
    w, step = check_weights(w), _check_step(step)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("l1_prox", SHORTEN):
        return L1(lambda_).prox(w, step).astype(w.dtype)


def elastic_net_penalty(w: ArrayLike, lambda_: ArrayLike, l1_ratio: float) -> float:
    r"""Elastic net penalty, a mixture of L1 and L2.

    .. math::
        h(w) = \lambda \sum_j \Big( \rho |w_j| + \frac{1 - \rho}{2} w_j^2 \Big)

    with rho the l1_ratio.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.
    l1_ratio : float
        Share of L1, in [0, 1]: 0 is L2, 1 is L1.

    Returns
    -------
    float
        The penalty, in the unit of the objective.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`l2_penalty`; a ValueError also if l1_ratio is not in [0, 1].

    References
    ----------
    H. Zou, T. Hastie (2005). Regularization and variable selection via the elastic net. J. Royal
    Statistical Society B 67(2). https://doi.org/10.1111/j.1467-9868.2005.00503.x

    Examples
    --------
    >>> from sklearn_reg import elastic_net_penalty
    >>> elastic_net_penalty([1, -2, 3], lambda_=1, l1_ratio=0.5)
    6.5
    """
    w, r = check_weights(w), check_l1_ratio(l1_ratio)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("elastic_net_penalty", SHRINK):
        return ElasticNet(lambda_ * r, lambda_ * (1 - r)).value(w)


def elastic_net_gradient(w: ArrayLike, lambda_: ArrayLike, l1_ratio: float) -> Weights:
    r"""Gradient of the elastic net penalty.

    .. math::
        \lambda \big( \rho \operatorname{sign}(w) + (1 - \rho) w \big) \in \partial h(w)

    with rho the l1_ratio, and 0 for the sign at the kink.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.
    l1_ratio : float
        Share of L1, in [0, 1]: 0 is L2, 1 is L1.

    Returns
    -------
    ndarray of the shape of w
        The gradient; 0 at the kink w_j = 0.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`elastic_net_penalty`.

    References
    ----------
    H. Zou, T. Hastie (2005). Regularization and variable selection via the elastic net. J. Royal
    Statistical Society B 67(2). https://doi.org/10.1111/j.1467-9868.2005.00503.x

    Examples
    --------
    >>> from sklearn_reg import elastic_net_gradient
    >>> elastic_net_gradient([1, -2, 0], lambda_=1, l1_ratio=0.5)
    array([ 1. , -1.5,  0. ])
    """
    w, r = check_weights(w), check_l1_ratio(l1_ratio)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("elastic_net_gradient", SHRINK):
        h = ElasticNet(lambda_ * r, lambda_ * (1 - r))
        return (h.rest.subgradient(w) + h.smooth_part.gradient(w)).astype(w.dtype)


def elastic_net_prox(w: ArrayLike, step: float, lambda_: ArrayLike, l1_ratio: float) -> Weights:
    r"""Proximal operator of the elastic net: that of its L1 part, then that of its L2 part.

    .. math::
        \operatorname{prox}(w) = \operatorname*{argmin}_z \frac12 \|z - w\|^2 + \eta h(z)
        = \frac{\operatorname{sign}(w) \max(|w| - \eta \rho \lambda, 0)}
        {1 + \eta (1 - \rho) \lambda}

    with eta the step, rho the l1_ratio, and h the elastic net penalty.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    step : float
        Length of the step, >= 0; a learning rate.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.
    l1_ratio : float
        Share of L1, in [0, 1]: 0 is L2, 1 is L1.

    Returns
    -------
    ndarray of the shape of w
        The weights after the step.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`l2_prox`; a ValueError also if l1_ratio is not in [0, 1].

    References
    ----------
    N. Parikh, S. Boyd (2014). Proximal algorithms. Foundations and Trends in Optimization 1(3).
    https://doi.org/10.1561/2400000003

    Examples
    --------
    >>> from sklearn_reg import elastic_net_prox
    >>> elastic_net_prox([1, -2, 4], step=1, lambda_=2, l1_ratio=0.5)
    array([ 0. , -0.5,  1.5])
    """
    w, step, r = check_weights(w), _check_step(step), check_l1_ratio(l1_ratio)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("elastic_net_prox", SHORTEN):
        return ElasticNet(lambda_ * r, lambda_ * (1 - r)).prox(w, step).astype(w.dtype)


def soft_threshold(z: Weights, threshold: float | NDArray[Any]) -> Weights:
    """Soft threshold: sign(z) * max(|z| - threshold, 0), unvalidated.

    The kernel that the proximal operators and the solvers share. It is computed as the distance
    from z to the interval [-threshold, threshold], which is the same number in three passes over
    memory instead of five.

    Parameters
    ----------
    z : ndarray
        Numbers to shrink.
    threshold : float or ndarray that broadcasts to z
        Distance to move towards zero, >= 0.

    Returns
    -------
    ndarray of the shape of z
        The shrunk numbers.

    References
    ----------
    D. L. Donoho (1995). De-noising by soft-thresholding. IEEE Trans. Information Theory 41(3).
    https://doi.org/10.1109/18.382009

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_reg.penalties import soft_threshold
    >>> soft_threshold(np.array([-3.0, -0.5, 2.0]), 1.0)
    array([-2.,  0.,  1.])
    """
    return z - np.minimum(np.maximum(z, -threshold), threshold)


def attaining(u: Weights, l1: Weights, l2: Weights, bounds: Bounds) -> Weights:
    """Return the w that attains sup_w u w - l1 |w| - l2 / 2 w^2 within bounds; 0 if none does."""
    excess, end = soft_threshold(u, l1), np.where(u > 0, bounds.upper, bounds.lower)
    w = np.where((excess != 0) & np.isfinite(end), end, 0.0)
    quadratic = l2 > 0
    if not quadratic.any():
        return w
    slope = excess / np.where(quadratic, l2, 1.0)
    return np.where(quadratic, np.minimum(np.maximum(slope, bounds.lower), bounds.upper), w)


def _check_step(step: float) -> float:
    return check_number(step, "step", "a finite number >= 0", zero=True)
