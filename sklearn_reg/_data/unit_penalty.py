"""The penalty of an elastic net, in the units of the solvers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sklearn_reg._checks.groups import Groups
from sklearn_reg._checks.labels import ColumnLabels
from sklearn_reg._checks.parameters import check_bounds, check_penalty_weights
from sklearn_reg._data.designs import Design
from sklearn_reg._tools.bounds import Bounds
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray
from sklearn_reg.penalties import ElasticNet

EVERY = slice(None)
# A larger penalty is replaced by this, so that its products stay finite.
LARGEST_PENALTY = 1e300


@dataclass(frozen=True, eq=False)
class WeightedFeatures:
    """What penalties with lambda_ = 1 have in common: a weight for each feature.

    Attributes
    ----------
    l1_ratio : float
    weights : ndarray of shape (n_features,)
        Penalty weights, 1 for excluded features.
    excluded : ndarray of shape (n_features,) of bool
        Which features must get no coefficient.
    """

    l1_ratio: float
    weights: FloatArray
    excluded: BoolArray

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


@dataclass(frozen=True, eq=False)
class UnitPenalty(WeightedFeatures):
    """The penalty of an elastic net with lambda_ = 1.

    Attributes
    ----------
    adaptive : bool
        Whether the weights are still to be found from the data; see `_solvers.adaptive`.
    bounds : Bounds or None
        Of the coefficients of X; `of` turns them into those of the solvers.
    groups : Groups or None
        Groups of the features whose penalty is one of single features all the same.
    """

    bounds: Bounds | None = None
    adaptive: bool = False
    groups: Groups | None = None

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
    def separable(self) -> bool:
        """Whether it is a sum over the features."""
        return True

    @property
    def joint(self) -> bool:
        """Whether the targets share one problem."""
        return False

    @property
    def smooth(self) -> bool:
        """Whether it has a gradient everywhere."""
        return self.smooth_at(1.0)

    def smooth_at(self, lambda_: float) -> bool:
        """Whether it has a gradient everywhere at this lambda_."""
        return self.bounds is None and not (self.l1_ratio * lambda_ * self.weights).any()

    def mixing(self, design: Design) -> None:
        """Return how solutions become coefficients of the columns: they are."""

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
        return self.any_without_l1_at(1.0)

    def any_without_l1_at(self, lambda_: float) -> bool:
        """Whether some coefficient has no L1 penalty at this lambda_."""
        return not (self.l1_ratio * lambda_ * self.weights).all()
