"""Convert the data to the units of the solvers, and solutions to the units of the user.

Solvers get targets near zero and of order one, so that no product over- or underflows and every
tolerance means the same. The unit of a target is a power of two, so that nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sklearn_reg._checks.labels import ColumnLabels
from sklearn_reg._checks.parameters import check_bounds, check_penalty_weights
from sklearn_reg._data.designs import (
    Columns,
    Design,
    Preprocessing,
    design_of_moments,
    design_of_rows,
)
from sklearn_reg._data.rows import Rows
from sklearn_reg._tools.bounds import Bounds
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray, Matrix
from sklearn_reg.moments import Moments
from sklearn_reg.penalties import ElasticNet

EVERY = slice(None)
# A larger penalty is replaced by this, so that its products stay finite.
LARGEST_PENALTY = 1e300


class UnitPenalty(NamedTuple):
    """The penalty with lambda_ = 1.

    Attributes
    ----------
    l1_ratio : float
    weights : ndarray of shape (n_features,)
        Penalty weights, 1 for excluded features.
    excluded : ndarray of shape (n_features,) of bool
        Which features must get no coefficient.
    adaptive : bool
        Whether the weights are still to be found from the data; see `_solvers.adaptive`.
    bounds : Bounds or None
        Of the coefficients of X; `of` turns them into those of the solvers.
    """

    l1_ratio: float
    weights: FloatArray
    excluded: BoolArray
    bounds: Bounds | None = None
    adaptive: bool = False

    @classmethod
    def read(
        cls,
        l1_ratio: float,
        penalty_weights: ArrayLike | Mapping[Any, float] | str | None,
        bounds: Any,
        positive: bool,
        n_features: int,
        labels: ColumnLabels | None,
    ) -> UnitPenalty:
        """Check weights and bounds, and match them to the features by label if they have labels.

        A feature that must be zero is excluded.
        """
        adaptive = isinstance(penalty_weights, str) and penalty_weights == "adaptive"
        given = None if adaptive else penalty_weights
        weights, excluded = check_penalty_weights(given, n_features, labels)
        limits = check_bounds(bounds, positive, n_features, labels)
        if limits is not None:
            excluded = excluded | ~(limits.up | limits.down)
        return cls(l1_ratio, weights, excluded, limits, adaptive)

    def times(self, lambdas: FloatArray) -> Penalties:
        """Return the penalty of each target, given its lambda_."""
        return Penalties(lambdas, self)

    def of(self, lambda_: float, unit: float, factors: FloatArray) -> ElasticNet:
        """Return the penalty with this lambda_ of a target and columns that have these units."""
        l1 = lambda_ * self.l1_ratio * self.weights
        l2 = lambda_ * (1.0 - self.l1_ratio) * self.weights
        return ElasticNet(
            np.minimum(l1, LARGEST_PENALTY * min(unit, 1.0)) / unit,
            np.minimum(l2, LARGEST_PENALTY),
            self.bounds_in(unit * factors),
        )

    def bounds_in(self, units: FloatArray) -> Bounds | None:
        """Return the bounds of coefficients in these units."""
        return None if self.bounds is None else self.bounds.in_units(units)

    def clip(self, coefs: FloatArray, features: IndexArray | slice = EVERY) -> FloatArray:
        """Return coefficients of X without what rounding, in other units, put beyond a bound."""
        return coefs if self.bounds is None else self.bounds.restricted(features).clip(coefs)

    def without_bounded(
        self, coefs: FloatArray, features: IndexArray | slice = EVERY
    ) -> FloatArray:
        """Return coefficients of X, with zeros for those at a bound, which have no freedom."""
        if self.bounds is None:
            return coefs
        return np.where(self.bounds.restricted(features).inside(coefs), coefs, 0.0)

    @property
    def given_weights(self) -> FloatArray:
        """The penalty weights as users give them: infinite for excluded features."""
        return np.where(self.excluded, np.inf, self.weights)

    @property
    def penalised(self) -> BoolArray:
        """Which features a model may contain or not."""
        return np.asarray((self.weights > 0) & ~self.excluded)

    @property
    def free(self) -> BoolArray:
        """Which features have no penalty, so that every model contains them."""
        return np.asarray((self.weights == 0) & ~self.excluded)

    @property
    def smooth(self) -> bool:
        """Whether it has a gradient everywhere."""
        return self.times(np.ones(1)).smooth

    @property
    def is_ridge(self) -> bool:
        """Whether it is L2 on every feature: one decomposition then serves all lambdas."""
        return self.smooth and bool(self.weights.all())

    @property
    def is_bounded_ridge(self) -> bool:
        """Whether it is L2 on every feature, within bounds."""
        return self.l1_ratio == 0 and self.bounds is not None and bool(self.weights.all())

    @property
    def is_sparse(self) -> bool:
        """Whether every feature has an L1 penalty."""
        return self.l1_ratio > 0 and bool(self.weights.all())

    @property
    def is_lasso(self) -> bool:
        """Whether it is an L1 penalty on every feature: its path is piecewise linear."""
        return self.l1_ratio == 1 and self.is_sparse

    @property
    def bounded_and_free(self) -> bool:
        """Whether there are bounds, and features without a penalty."""
        return self.bounds is not None and not self.weights.all()

    @property
    def has_level(self) -> bool:
        """Whether all penalised coefficients are zero if lambda_ is large enough."""
        return self.l1_ratio > 0

    @property
    def any_without_l1(self) -> bool:
        """Whether some coefficient has no L1 penalty."""
        return self.times(np.ones(1)).any_without_l1


class Penalties(NamedTuple):
    """The penalty of each target."""

    lambdas: FloatArray
    unit_penalty: UnitPenalty

    def of(self, target: int, unit: float, factors: FloatArray) -> ElasticNet:
        """Return the penalty of a target and columns that have these units."""
        return self.unit_penalty.of(self.lambdas[target], unit, factors)

    def clip(self, coefs: FloatArray) -> FloatArray:
        """Return coefficients of X without what rounding, in other units, put beyond a bound."""
        return self.unit_penalty.clip(coefs)

    @property
    def excluded(self) -> BoolArray:
        """Which features must get no coefficient."""
        return self.unit_penalty.excluded

    @property
    def smooth(self) -> bool:
        """Whether it has a gradient everywhere."""
        h = self.unit_penalty
        return h.bounds is None and not (h.l1_ratio * self.lambdas.max() * h.weights).any()

    @property
    def separable(self) -> bool:
        """Whether it is a sum over the features, as every elastic net is."""
        return True

    @property
    def any_without_l1(self) -> bool:
        """Whether some coefficient has no L1 penalty."""
        h = self.unit_penalty
        return not (h.l1_ratio * self.lambdas.min() * h.weights).all()


# A view needs to know which features are excluded, and whether some have no L1 penalty.
AnyPenalty = UnitPenalty | Penalties


class View(NamedTuple):
    """The data as solvers see them: a design whose targets are (y - offset) / unit."""

    design: Design
    columns: Columns
    units: FloatArray
    offsets: FloatArray
    centred: bool  # whether there is an intercept
    moments: Moments | None = None  # of the rows, if the view has only these

    def coefficients(self, w: FloatArray) -> FloatArray:
        """Coefficients of X for solutions w of shape (n_targets, n_features)."""
        return self.units[:, None] * w * self.columns.factors

    def solutions(self, coefficients: FloatArray) -> FloatArray:
        """Return w for coefficients of X: the inverse of `coefficients`, 0 for a factor of 0."""
        factors = self.columns.factors
        with np.errstate(over="ignore"):  # the coefficients may be those of other data
            scaled = np.where(factors > 0, coefficients / np.where(factors > 0, factors, 1.0), 0.0)
            return np.asarray(scaled / self.units[:, None])

    def intercepts(self, coefs: Matrix, n_points: int = 1) -> FloatArray:
        """Return intercepts of shape (n_points, n_targets), one per row of coefficients."""
        columns = self.columns
        explained = (coefs @ columns.means).reshape(n_points, -1)
        return np.asarray(self.offsets + self.units * columns.target_means - explained)


def view_rows(
    rows: Rows,
    Y: FloatArray,
    weights: FloatArray | None,
    penalty: AnyPenalty,
    preprocessing: Preprocessing,
    *,
    on_gram: bool = False,
) -> View:
    """Return a view of rows; with `on_gram`, of their moments."""
    seen = Y if weights is None else Y[weights > 0]
    offsets = seen[0] if preprocessing.centred else np.zeros(Y.shape[1])
    units = _power_of_two(np.abs(seen - offsets).max(axis=0))
    targets = (Y - offsets) / units
    if on_gram:
        moments = Moments(rows.shape[1], Y.shape[1]).add_checked(rows.X, targets, weights)
        design, columns = design_of_moments(moments, preprocessing, penalty.excluded)
    else:
        design, columns = design_of_rows(
            rows, targets, weights, preprocessing, penalty.excluded, penalty.any_without_l1
        )
    return View(design, columns, units, offsets, preprocessing.centred)


def view_moments(moments: Moments, penalty: AnyPenalty, preprocessing: Preprocessing) -> View:
    """Return a view of moments."""
    varying = moments.without_constant_targets() if preprocessing.centred else moments
    squares = varying.scatter / varying.weight
    if not preprocessing.centred:
        squares = squares + varying.mean_y**2
    units = _power_of_two(np.sqrt(squares))
    design, columns = design_of_moments(
        varying.with_targets_in(units), preprocessing, penalty.excluded
    )
    return View(design, columns, units, np.zeros_like(units), preprocessing.centred, moments)


def _power_of_two(size: FloatArray) -> FloatArray:
    """Return the power of two just above each size; one for zero."""
    return np.ldexp(1.0, np.frexp(np.where(size > 0, size, 0.5))[1])
