"""The penalty of groups of coefficients, in the units of the solvers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from sklearn_reg._checks.groups import Groups
from sklearn_reg._data.designs import Design
from sklearn_reg._data.mixed import BlockMixing
from sklearn_reg._data.unit_penalty import EVERY, LARGEST_PENALTY, UnitPenalty, WeightedFeatures
from sklearn_reg._tools.cached import cached_property
from sklearn_reg._tools.typing import FloatArray, IndexArray
from sklearn_reg.penalties import ElasticNet, Penalty, SparseGroupLasso


@dataclass(frozen=True, eq=False)
class UnitGroupPenalty(WeightedFeatures):
    """The penalty of groups with lambda_ = 1; its methods are those of `UnitPenalty`.

    Attributes
    ----------
    groups : Groups
        Of the features. One of weight 0 is in no group; within a group weights are those of the
        coefficients, in both of its norms.
    orthonormal : bool
        Whether the norm of a group is that of its fitted values, not that of its coefficients.
    n_joint : int
        The number of targets, if the coefficients of a feature for all of them are a group; else 0.
    """

    groups: Groups
    orthonormal: bool = False
    n_joint: int = 0

    # What it is not, so that nothing made for elastic nets is tried.
    adaptive: ClassVar[bool] = False
    separable: ClassVar[bool] = False
    is_ridge: ClassVar[bool] = False
    is_sparse: ClassVar[bool] = False
    bounded_and_free: ClassVar[bool] = False
    has_level: ClassVar[bool] = True

    def simplified(self) -> UnitPenalty | UnitGroupPenalty:
        """Return the penalty as one of single features, if no norm is one of several of them.

        |w_g| of one coefficient is |w_j|, so that both parts are v_j |w_j|.
        """
        if self.orthonormal or self.n_joint:
            return self
        if self.l1_ratio < 1 and any(group.size > 1 for group in self._members()):
            return self
        return UnitPenalty(1.0, self.weights, self.excluded, groups=self.groups)

    def of(self, lambda_: float, unit: float, factors: FloatArray) -> Penalty:
        """Return the penalty with this lambda_ of a target that has this unit."""
        arranged = self._arranged
        largest = LARGEST_PENALTY * min(unit, 1.0)
        l1 = np.minimum(lambda_ * self.l1_ratio * arranged.weights, largest) / unit
        l2 = np.minimum(lambda_ * (1.0 - self.l1_ratio) * arranged.lengths, largest) / unit
        if lambda_ == 0:
            return ElasticNet(l1, np.zeros_like(l1))
        return SparseGroupLasso(arranged.groups, l1, l2)

    def smooth_at(self, lambda_: float) -> bool:
        """Whether it has a gradient everywhere at this lambda_."""
        return lambda_ == 0 or not self.penalised.any()

    @property
    def joint(self) -> bool:
        """Whether the targets share one problem."""
        return self.n_joint > 0

    def mixing(self, design: Design) -> BlockMixing | None:
        """Return how solutions become coefficients of the columns; None if they are."""
        if self.orthonormal:
            return BlockMixing.orthonormal(design, self._members())
        scales = self._scales()
        return BlockMixing.scaled(design, scales) if (scales != 1.0).any() else None

    def clip(self, coefs: FloatArray, features: IndexArray | slice = EVERY) -> FloatArray:
        """Return the coefficients: there are no bounds."""
        return coefs

    def without_bounded(
        self, coefs: FloatArray, features: IndexArray | slice = EVERY
    ) -> FloatArray:
        """Return the coefficients: there are no bounds."""
        return coefs

    @property
    def any_without_l1(self) -> bool:
        """Whether columns of rounding errors must be told from others, as without an L1 penalty."""
        return self.any_without_l1_at(1.0)

    def any_without_l1_at(self, lambda_: float) -> bool:
        """Whether they must at this lambda_."""
        return self.orthonormal or not (lambda_ * self.weights).all()

    def _members(self) -> list[IndexArray]:
        """Return the penalised features of each group."""
        places = np.flatnonzero(self.penalised)
        of = self.groups.of_features[places]
        order = np.argsort(of, kind="stable")
        return np.split(places[order], np.flatnonzero(np.diff(of[order])) + 1)

    def _largest(self) -> FloatArray:
        """Return the largest weight of each group."""
        largest = np.zeros(self.groups.n_groups)
        np.maximum.at(largest, self.groups.of_features, np.where(self.excluded, 0.0, self.weights))
        return largest

    def _scales(self) -> FloatArray:
        """Return by what columns are multiplied, so that a group has one weight."""
        largest = self._largest()[self.groups.of_features]
        return np.divide(
            largest, self.weights, out=np.ones_like(self.weights), where=self.penalised
        )

    @cached_property
    def _arranged(self) -> _Arranged:
        """Return the groups of the solver: features without a penalty are by themselves."""
        of_features, largest = self.groups.of_features, self._largest()
        counts = np.bincount(of_features[self.penalised], minlength=self.groups.n_groups)
        weights = np.where(self.weights > 0, largest[of_features], 0.0)
        alone = np.flatnonzero(self.weights == 0)
        groups = of_features.copy()
        groups[alone] = self.groups.n_groups + np.arange(alone.size)
        lengths = np.append(np.sqrt(counts) * largest, np.zeros(alone.size))
        if self.n_joint:  # a group is a feature, and the targets do not count
            groups = np.repeat(np.arange(weights.size), self.n_joint)
            return _Arranged(groups, np.repeat(weights, self.n_joint), weights)
        return _Arranged(groups, weights, lengths)


class _Arranged(NamedTuple):
    """Groups as solvers see them."""

    groups: IndexArray
    weights: FloatArray  # of each coefficient
    lengths: FloatArray  # the coefficient of |w_g| of each group
