"""Problem: the objective, its gradient and its certificate, stated once for every solver.

With Z the centred, scaled data and S weights of sum one (see `designs`), for one target y:

    F(w) = 1/2 (y - Z w)'S (y - Z w) + sum_j h_j(w_j),    h_j(w) = l1_j |w| + l2_j / 2 w^2,

where l1 = lambda_ l1_ratio v and l2 = lambda_ (1 - l1_ratio) v; h_j(w) is infinite where w is
beyond its bounds.

The certificate. For any theta, Fenchel's inequality bounds the distance to the optimum F* by

    F(w) - F* <= 1/2 |r - theta|_S^2 + sum_j ( h_j(w_j) + h_j*(Z_j'S theta) - w_j Z_j'S theta ),

a sum of terms that are all non-negative, so that nothing cancels. The best theta is the residual
r at the optimum; away from it, theta = c (r - P r), where P removes what unpenalised columns
explain and c shrinks until every h_j* is finite.

References
----------
.. [1] N. J. Higham, T. Mary (2019). A new approach to probabilistic rounding error
   analysis. SIAM J. Scientific Computing 41(5). https://doi.org/10.1137/18M1226312
"""

from __future__ import annotations

import math

import numpy as np

from sklearn_reg._data.designs import Design, Products
from sklearn_reg._data.units import Penalties, View
from sklearn_reg._tools.bounds import Bounds
from sklearn_reg._tools.cached import KeepLast, cached_property
from sklearn_reg._tools.linalg import (
    EPS,
    Solve,
    definite_inverse,
    dependences,
    inverse_roots,
    support_of,
)
from sklearn_reg._tools.typing import FloatArray, IndexArray
from sklearn_reg.penalties import ElasticNet, Penalty

# Dependent columns are searched for among at most this many.
LARGEST_DEPENDENCE = 500
# The largest u on columns without a penalty that counts as zero, in units of its rounding error.
LEFT = 8.0
PROJECTIONS = 3  # on columns without a penalty, each applied to the remainder of the last one


class Evaluation:
    """F at a point w, its gradient and its duality gap. F and the gap are in the unit of y^2.

    Attributes
    ----------
    w, gradient : ndarray of shape (n_features,)
        The point, and the gradient of the smooth part there: -Z'S r + l2 w.
    objective : float
        F(w).
    products : Products
        Of the residual; they do not depend on the penalty.
    """

    def __init__(self, problem: Problem, w: FloatArray, products: Products) -> None:
        self._problem, self.w, self.products = problem, w, products
        self.gradient: FloatArray = problem.h.smooth_part.gradient(w) - products.correlation
        self._penalty = problem.penalty(w)
        self.objective = 0.5 * products.residual_square + self._penalty

    @cached_property
    def gap(self) -> float:
        """Duality gap: an upper bound of F(w) - F*."""
        return self._problem.gap(self.w, self.products, self._penalty)

    @cached_property
    def levels(self) -> FloatArray:
        """The smallest multiple of the penalty at which each block would rest at zero."""
        return self._problem.h.block_levels(-self.gradient)

    @cached_property
    def bound(self) -> float:
        """The gap with a bound of its rounding errors; at most F(w), as F* >= 0."""
        return self._problem.bound(self.w, self.products, self._penalty)

    def ends_within(self, distance: float) -> bool:
        """Whether F(w) - F* is within a distance, either certified or up to rounding errors.

        The gap is tested first, because it costs less than the bound.
        """
        return self.gap <= distance and not distance < self.bound < 2.0 * self.gap

    @property
    def values(self) -> tuple[float, float]:
        """Objective and gap, as histories keep them."""
        return self.objective, self.gap


class Problem:
    """One penalised least-squares problem: a design, one of its targets, and a penalty.

    Parameters
    ----------
    design : Design
        The data.
    target : int
        Which of the design's targets is y.
    penalty : Penalty
        h; see `penalties`.
    """

    def __init__(self, design: Design, target: int, penalty: Penalty) -> None:
        self.design, self.target = design, target
        self.null = 0.5 * float(design.scatter[target])  # F(0)
        largest = design.largest_cross(target)
        self.h = penalty.beside(largest, self.null, lambda: design.squares)
        self._free = self.h.free(design.n_features)
        self._any_free = bool(self._free.any())
        self._projection = _Projection(design)

    @cached_property
    def l1(self) -> FloatArray:
        """Coefficients of |w_j| of an elastic net."""
        return self._elastic_net.l1

    @cached_property
    def l2(self) -> FloatArray:
        """Coefficients of w_j^2 / 2 of an elastic net."""
        return self._elastic_net.l2

    @cached_property
    def bounds(self) -> Bounds | None:
        """Bounds on the weights."""
        return self.h.bounds

    @property
    def _elastic_net(self) -> ElasticNet:
        """The penalty, for methods that hold only for elastic nets."""
        if not isinstance(self.h, ElasticNet):
            raise TypeError(f"needs an ElasticNet, got {type(self.h).__name__}")
        return self.h

    @property
    def smooth(self) -> bool:
        """Whether F has a gradient everywhere."""
        return self.h.smooth

    @property
    def rank_in_doubt(self) -> bool:
        """Whether columns that are dependent in their moments may be independent in the rows.

        Moments are squares: relative differences below 1e-8 between columns are lost in them. Only
        columns without a penalty matter.
        """
        free = np.flatnonzero(self._free & (self.design.squares > 0))
        if self.design.has_rows or free.size == 0:
            return False
        return definite_inverse(self.design.gram(free, free)) is None

    @cached_property
    def curvature(self) -> float:
        """L, the largest eigenvalue of Z'S Z plus the curvature of h (a bound, if it varies)."""
        return self.design.largest_eigenvalue + self.h.smooth_part.curvature

    def evaluate(self, w: FloatArray) -> Evaluation:
        """Objective, gradient and gap at w, from one pair of products with the data."""
        return self.judge(w, self.design.products(w, self.target))

    def judge(self, w: FloatArray, products: Products) -> Evaluation:
        """Evaluate at w, given the products of its residual."""
        return Evaluation(self, w, products)

    @property
    def largest_level(self) -> float:
        """The smallest multiple of h at which every penalised coefficient is zero.

        For L1 it is max_j |Z_j'S r| / l1_j, with r the residual of y on the features without a
        penalty. With lambda_ = 1 this is lambda_max.
        """
        u, _, _ = self._without_explained(
            np.zeros(self.design.n_features), self.design.cross[:, self.target]
        )
        return self.h.level(u)

    def penalty(self, w: FloatArray) -> float:
        """h(w); if h is a sum over the weights, zero weights are skipped."""
        if not self.h.separable:
            return self.h.value(w)
        support = support_of(w)
        return self._elastic_net.restricted(support).value(w[support])

    @property
    def omitted_gain(self) -> float:
        """Bound the gain of columns left out of moments, whose squares D are lost to rounding.

        The best w of such a column gains (sqrt(2 F(0) D) - l1)_+^2 / (2 (D + l2)) at most, and no
        more than all of F(0): its product with the residual is within sqrt(2 F(0) D), and the gain
        grows with D.
        """
        D = self.design.hidden
        if D is None:
            return 0.0
        return min(self.h.gain(np.sqrt(2.0 * self.null * D), D), self.null)

    def at_zero(self) -> Evaluation:
        """Evaluate the null model, which needs no product."""
        products = Products(self.design.cross[:, self.target], 2.0 * self.null)
        return self.judge(np.zeros(self.design.n_features), products)

    def dependent_columns(self, w: FloatArray, most: int = LARGEST_DEPENDENCE) -> list[IndexArray]:
        """Return groups of columns of the support that are dependent, nearly or exactly.

        A group is a column and those that it is a combination of, the column first; a column that
        depends on fewer others comes earlier. At most `most` columns are searched, those of
        largest weight.
        """
        support = np.flatnonzero((w != 0) | self._free)
        largest = np.sort(support[np.argsort(-np.abs(w[support]), kind="stable")[:most]])
        gram = self.design.gram(largest, largest)
        scale = inverse_roots(np.diagonal(gram))
        groups = dependences(gram * np.multiply.outer(scale, scale))
        return [largest[group] for group in groups if group.size > 1]

    def better_than_zero(self, w: FloatArray) -> FloatArray:
        """Return w if F(w) <= F(0), else zero: w may be coefficients on another scale.

        What is beyond a bound is first moved to it.
        """
        w = self.h.feasible(w)
        if w.any():
            with np.errstate(over="ignore", invalid="ignore"):
                square = self.design.residual_square(w, self.target)
                if 0.5 * square + self.penalty(w) <= self.null:  # and not nan
                    return w
        return np.zeros_like(w)

    def gap(self, w: FloatArray, products: Products, penalty: float) -> float:
        """Duality gap: an upper bound of F(w) - F*, from the residual's products and the penalty.

        It is 1/2 |r - theta|^2 + h(w) + h*(u) - u.w with theta = c (r - P r) and u = Z'S theta,
        for the best of the factors c that the penalty offers. `bound` adds its rounding errors.
        """
        u, removed, _ = self._without_explained(w, products.correlation)
        rest, matched = max(0.0, products.residual_square - removed), float(u @ w)
        gaps = []
        for c in set(self.h.scalings(u)):
            slack = penalty - c * matched + self.h.conjugate(c * u)
            gaps.append(0.5 * (removed + (1.0 - c) ** 2 * rest) + slack)
        return max(0.0, min(gaps))

    def bound(self, w: FloatArray, products: Products, penalty: float) -> float:
        """Bound F(w) - F* by the duality gap and its rounding errors.

        Computed are r^ = r + e and u^ = Z'S r^ + f. With z_j the length of column j before it is
        centred, k terms in a sum and EPS the spacing of float64 at 1,

            |e| <= delta = sqrt(k) EPS (|y| + sum_j z_j |w_j|),    |f_j| <= phi_j,
            phi_j = sqrt(k) EPS z_j (|r^| + sum_F z_i |a_i|),

        with a the coefficients of P r^ on the unpenalised columns F. The error of k terms is within
        k EPS always, and within sqrt(k) EPS with a probability near one [1]_. On moments there is
        no r^, and |y| + sum_j z_j |w_j| takes the place of |r^|. The gap at theta = c (r^ - P r^)
        exceeds the computed one at most by

            delta (1 - c) |r^| + delta^2 / 2 + sqrt(k) EPS (F(w) + |u^|'|w|) + sum_j phi_j |w_j|,

        if c is chosen as if |u^_j| were larger by phi_j. If h_j* is quadratic, with its
        derivative m_j at c u^_j, phi_j |m_j - w_j| + phi_j^2 / (2 l2_j) takes the place of
        phi_j |w_j|. If u^ exceeds its rounding errors on the unpenalised columns, theta is
        not feasible, and only F* >= 0 is known. Columns that are dependent up to rounding count as
        dependent. Moments have further errors: `Design.rounding`, and `omitted_gain`.
        """
        hidden = self.design.rounding(w, self.target) + self.omitted_gain
        if not self.design.sizes.any():  # nothing can be fitted: F is the same everywhere
            return hidden
        u, removed, spread = self._without_explained(w, products.correlation)
        objective = 0.5 * products.residual_square + penalty
        unit, delta, phi = self._rounding(w, products, spread)
        if self._any_free and (self._pull_of_free(u) > (LEFT - 1.0) * phi)[self._free].any():
            return objective + hidden
        rest, matched = math.sqrt(max(0.0, products.residual_square - removed)), float(u @ w)
        size = np.abs(w)
        rounded = float(phi @ size) + unit * (objective + float(np.abs(u) @ size))
        bounds = [objective]
        for c in set(self.h.scalings(u, phi)):
            conjugate, more = self.h.conjugate_and_error(c, u, phi, w)
            gap = 0.5 * (removed + ((1.0 - c) * rest) ** 2) + penalty - c * matched + conjugate
            lost = rounded + more + delta * ((1.0 - c) * rest + 0.5 * delta)
            bounds.append(max(0.0, gap) + lost)
        return min(bounds) + hidden

    def _rounding(
        self, w: FloatArray, products: Products, spread: float
    ) -> tuple[float, float, FloatArray]:
        """sqrt(k) EPS, delta and phi of `bound`."""
        sizes, unit = self.design.sizes, self._unit(w)
        seen = self._terms_of_residual(w)
        delta = unit * seen
        if self.design.has_rows:
            seen = math.sqrt(products.residual_square)
        return unit, delta, unit * (seen + spread) * sizes

    def _unit(self, w: FloatArray) -> float:
        """sqrt(k) EPS of `bound`."""
        terms = self.design.n_terms
        if terms < w.size:
            terms = max(terms, int(np.count_nonzero(w)))
        return math.sqrt(terms) * EPS

    def residual_rounding(self, w: FloatArray) -> float:
        """Bound the error of |r| at w: delta of `bound`."""
        return self._unit(w) * self._terms_of_residual(w)

    def _terms_of_residual(self, w: FloatArray) -> float:
        """|y| + sum_j z_j |w_j| of `bound`."""
        return self.design.target_size(self.target) + float(self.design.sizes @ np.abs(w))

    def _without_explained(self, w: FloatArray, u: FloatArray) -> tuple[FloatArray, float, float]:
        """Z'S (r - P r), |P r|^2 and sum_j z_j |a_j|, with P r = Z a on the unpenalised columns.

        If only one side of a column has a bound, its correlation must not point to the other side,
        as it mostly does not for weights at the bound; columns whose correlation does are removed
        until none is left. If both sides have one, any correlation will do.
        """
        if not self._any_free:
            return u, 0.0, 0.0
        if self.bounds is None:
            return self._projection.remove(u, np.flatnonzero(self._free))
        span = self._free & (self.bounds.open_inside(w) | (self._pull_of_free(u) > 0))
        while True:
            rest, removed, spread = self._projection.remove(u, np.flatnonzero(span))
            left = self._free & ~span & (self._pull_of_free(rest) > 0)
            if not left.any():
                return rest, removed, spread
            span |= left

    def _pull_of_free(self, u: FloatArray) -> FloatArray:
        """Return what must not be positive on an unpenalised column for its h_j*(u_j) to be finite.

        If it has a bound on one side only, u_j may point to that side.
        """
        return self.h.open_size(u)


def problem_of(view: View, target: int, penalty: Penalties) -> Problem:
    """Return the problem of one target of a view."""
    return Problem(
        view.design, target, penalty.of(target, view.units[target], view.columns.factors)
    )


class _Projection:
    """Subtracts the projection on some columns from a residual; keeps the last inverse."""

    def __init__(self, design: Design) -> None:
        self._design = design
        self._inverse: KeepLast[Solve] = KeepLast()

    def remove(self, u: FloatArray, columns: IndexArray) -> tuple[FloatArray, float, float]:
        """Z'S (r - P r), |P r|^2 and sum_j z_j |a_j| from u = Z'S r, with P r = Z a.

        P projects on these columns. It is repeated until they explain no more of the remainder,
        because one projection is inexact if the factorisation lost digits to dependent columns.
        """
        if columns.size == 0:
            return u, 0.0, 0.0
        solve = self._inverse.get(
            columns.tobytes(), lambda: self._design.generalized_inverse(columns)
        )
        rest, removed = u, 0.0
        total = np.zeros_like(u)
        for _ in range(PROJECTIONS):
            step = np.zeros_like(u)
            step[columns] = solve(rest[columns])
            explained = max(0.0, float(rest[columns] @ step[columns]))
            if explained <= EPS * removed:
                break
            rest = rest - self._design.normal_product(step)
            removed, total = removed + explained, total + step
        return rest, removed, float(self._design.sizes[columns] @ np.abs(total[columns]))
