"""Problem: the objective, its gradient and its certificate, stated once for every solver.

With Z the centred, scaled data and S weights of sum one (see `designs`), for one target y:

    F(w) = 1/2 (y - Z w)'S (y - Z w) + sum_j h_j(w_j),    h_j(w) = l1_j |w| + l2_j / 2 w^2,

where l1 = lambda_ l1_ratio v and l2 = lambda_ (1 - l1_ratio) v; with `positive`, h_j(w) is
infinite for w < 0.

The certificate. For any theta, Fenchel's inequality bounds the distance to the optimum F* by

    F(w) - F* <= 1/2 |r - theta|_S^2 + sum_j ( h_j(w_j) + h_j*(Z_j'S theta) - w_j Z_j'S theta ),

a sum of terms that are all non-negative, so that nothing cancels. The best theta is the residual
r at the optimum; away from it, theta = c (r - P r), where P removes what unpenalised columns
explain and c shrinks until every h_j* is finite.
"""

from __future__ import annotations

import numpy as np

from sklearn_reg._cached import cached_property
from sklearn_reg._linalg import EPS, Solve, support_of
from sklearn_reg._typing import BoolArray, FloatArray, IndexArray
from sklearn_reg.designs import Design, Products
from sklearn_reg.penalties import soft_threshold

# A ridge penalty this small beside the data is treated as none by the certificate: the bound
# stays valid and loses no more than this share.
NEGLIGIBLE = 1e-18


class Evaluation:
    """What a solver sees at a point w. Objective and gap are in the unit of F, that of y^2.

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
        self.gradient: FloatArray = problem.l2 * w - products.correlation
        self._penalty = problem.penalty(w)
        self.objective = 0.5 * products.residual_square + self._penalty

    @cached_property
    def gap(self) -> float:
        """Duality gap: an upper bound of F(w) - F*."""
        return self._problem.gap(self.w, self.products, self._penalty)

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
    l1, l2 : ndarray of shape (n_features,)
        Coefficients of |w_j| and of w_j^2 / 2.
    positive : bool
        Whether w must not be negative.
    """

    def __init__(
        self, design: Design, target: int, l1: FloatArray, l2: FloatArray, positive: bool = False
    ) -> None:
        self.design, self.target = design, target
        self.null = 0.5 * float(design.scatter[target])  # F(0)
        # An L1 penalty below the rounding of what it is compared with cannot be told from none.
        largest = design.largest_cross(target)
        low = (l1 > 0) & (l1 <= EPS * largest)
        if low.any():  # beside the largest column: beside its own?
            low &= l1 <= EPS * np.sqrt(2.0 * self.null * design.squares)
            l1 = np.where(low, 0.0, l1)
        self.l1, self.l2, self.positive = l1, l2, positive
        # Coefficients without a penalty, with h* infinite beyond l1, with h* quadratic there.
        # Cauchy-Schwarz: the largest column of Z has at least this norm.
        norm = float(largest / np.sqrt(2.0 * self.null)) if self.null > 0 else 0.0
        free = (l1 == 0) & (l2 <= NEGLIGIBLE * norm * norm)
        if l2.any(where=free):  # negligible for the largest column: is it for its own?
            free &= l2 <= NEGLIGIBLE * design.squares
        hard = (l2 == 0) & (l1 > 0)
        self._free, self._any_free = free, bool(free.any())
        self._hard, self._penalised = _index(hard), _index(~free)
        self._soft = _index(~(hard | free))
        self._explained = _Explained(design)

    @property
    def smooth(self) -> bool:
        """Whether F has a gradient everywhere."""
        return not self.positive and not self.l1.any()

    @cached_property
    def curvature(self) -> float:
        """L, the largest eigenvalue of Z'S Z + diag(l2) (or a bound, where l2 varies)."""
        return self.design.largest_eigenvalue + float(self.l2.max(initial=0.0))

    def evaluate(self, w: FloatArray) -> Evaluation:
        """Objective, gradient and gap at w, from one pair of products with the data."""
        return self.judge(w, self.design.products(w, self.target))

    def judge(self, w: FloatArray, products: Products) -> Evaluation:
        """Evaluate at w, the products of its residual being known."""
        return Evaluation(self, w, products)

    @property
    def largest_level(self) -> float:
        """The multiple of l1 from which on every coefficient with an L1 penalty is zero.

        It is max_j |Z_j'S r| / l1_j, with r the residual of y on the features without a penalty.
        With lambda_ = 1 this is lambda_max.
        """
        u, _ = self._without_explained(
            np.zeros(self.design.n_features), self.design.cross[:, self.target]
        )
        penalised = self.l1 > 0
        pull = (u if self.positive else np.abs(u))[penalised] / self.l1[penalised]
        return float(pull.max(initial=0.0))

    def penalty(self, w: FloatArray) -> float:
        """sum_j l1_j |w_j| + l2_j / 2 w_j^2."""
        support = support_of(w)
        size = np.abs(w[support])
        return float(size @ (self.l1[support] + 0.5 * self.l2[support] * size))

    def better_than_zero(self, w: FloatArray) -> FloatArray:
        """Return w if F(w) <= F(0), and zero otherwise: a start from another scale is none."""
        if w.any():
            with np.errstate(over="ignore", invalid="ignore"):
                square = self.design.residual_square(w, self.target)
                if 0.5 * square + self.penalty(w) <= self.null:  # and not nan
                    return w
        return np.zeros_like(w)

    def prox(self, z: FloatArray, step: float) -> FloatArray:
        """argmin_w 1/2 |w - z|^2 + step sum_j l1_j |w_j|; the smooth l2 is in the gradient."""
        if self.positive:
            return np.maximum(z - step * self.l1, 0.0)
        return soft_threshold(z, step * self.l1) if self.l1.any() else z

    def violation(self, at: Evaluation) -> float:
        """Largest violation of the Karush-Kuhn-Tucker conditions, in the unit of Z'S y."""
        subgradient = np.where(
            at.w != 0, at.gradient + self.l1 * np.sign(at.w), soft_threshold(at.gradient, self.l1)
        )
        if self.positive:
            subgradient = np.where(at.w > 0, subgradient, np.minimum(at.gradient + self.l1, 0.0))
        return float(np.abs(subgradient).max(initial=0.0))

    def gap(self, w: FloatArray, products: Products, penalty: float) -> float:
        """Duality gap: an upper bound of F(w) - F*, from the residual's products and the penalty.

        It is 1/2 |r - theta|^2 + sum_j h_j(w_j) + h_j*(u_j) - u_j w_j with theta = c (r - P r) and
        u = Z'S theta, for the better of two factors c: the largest that is feasible, and the one
        that makes every h* zero.
        """
        u, removed = self._without_explained(w, products.correlation)
        rest = max(0.0, products.residual_square - removed)
        pull, matched = (u if self.positive else np.abs(u)), float(u @ w)
        largest = _feasible(pull[self._hard], self.l1[self._hard])
        gaps = []
        for c in {largest, _feasible(pull[self._penalised], self.l1[self._penalised])}:
            slack = penalty - c * matched + self._conjugates(c * pull)
            gaps.append(0.5 * (removed + (1.0 - c) ** 2 * rest) + slack)
        return max(0.0, min(gaps))

    def _conjugates(self, pull: FloatArray) -> float:
        """sum_j h_j*(u_j) where it is finite: (|u_j| - l1_j)_+^2 / (2 l2_j)."""
        soft = self._soft
        excess = np.maximum(pull[soft] - self.l1[soft], 0.0)
        return 0.5 * float(excess @ (excess / self.l2[soft]))

    def _without_explained(self, w: FloatArray, u: FloatArray) -> tuple[FloatArray, float]:
        """Z'S (r - P r) and |P r|^2, with P onto the unpenalised columns.

        Under `positive` an unpenalised column only has to correlate non-positively, which those at
        zero mostly do; the ones that do not are removed as well, until none is left.
        """
        if not self._any_free:
            return u, 0.0
        if not self.positive:
            return self._explained.remove(u, np.flatnonzero(self._free))
        span = self._free & ((w > 0) | (u > 0))
        while True:
            rest, removed = self._explained.remove(u, np.flatnonzero(span))
            left = self._free & ~span & (rest > 0)
            if not left.any():
                return rest, removed
            span |= left


def _index(mask: BoolArray) -> BoolArray | slice:
    """Return a mask as a slice where it is all or nothing, which takes no copy."""
    if mask.all():
        return slice(None)
    return mask if mask.any() else slice(0)


def _feasible(pull: FloatArray, limit: FloatArray) -> float:
    """Largest c <= 1 with c * pull <= limit."""
    over = pull > limit
    return float((limit[over] / pull[over]).min()) if over.any() else 1.0


class _Explained:
    """Removes from a residual what some columns explain; the last factorisation is kept."""

    def __init__(self, design: Design) -> None:
        self._design = design
        self._last: tuple[bytes, Solve] | None = None

    def remove(self, u: FloatArray, columns: IndexArray) -> tuple[FloatArray, float]:
        """Z'S (r - P r) and |P r|^2 from u = Z'S r, with P the projection on these columns."""
        if columns.size == 0:
            return u, 0.0
        key = columns.tobytes()
        kept = self._last  # read once: another thread may replace it
        if kept is None or kept[0] != key:
            kept = self._last = (key, self._design.generalized_inverse(columns))
        coefficients = np.zeros_like(u)
        coefficients[columns] = kept[1](u[columns])
        rest = u - self._design.normal_product(coefficients)
        rest[columns] = 0.0
        return rest, max(0.0, float(u @ coefficients))
