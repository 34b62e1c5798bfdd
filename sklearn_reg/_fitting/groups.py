"""What the estimators of groups have in common: their groups, weights and scaling."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_reg._checks.groups import Groups, check_group_weights, check_groups
from sklearn_reg._checks.labels import feature_labels
from sklearn_reg._checks.parameters import check_flag, check_penalty_weights
from sklearn_reg._data.designs import Preprocessing
from sklearn_reg._data.unit_group_penalty import UnitGroupPenalty
from sklearn_reg._data.units import AnyUnitPenalty
from sklearn_reg._fitting.report import group_table
from sklearn_reg._solvers.accuracy import Fitted

TARGETS = "targets"  # the coefficients of a feature for all targets are a group
GROUPS = "groups"  # standardize="groups": each group is made orthonormal


def unit_group_penalty(
    l1_ratio: float,
    groups: Any,
    penalty_weights: Any,
    n_features: int,
    n_targets: int,
    features: Sequence[Hashable] | None,
    standardize: bool | str,
) -> AnyUnitPenalty:
    """Check groups and weights, and return the penalty with lambda_ = 1."""
    joint = is_joint(groups)
    parted = check_groups(None if joint else groups, n_features, features)
    if isinstance(penalty_weights, str) and penalty_weights == "adaptive":
        raise ValueError(
            "penalty_weights must be numbers, one a group or one a feature, got 'adaptive', which "
            "is for single features: take the weights of a pilot fit"
        )
    if joint or groups is None:
        weights, excluded = check_penalty_weights(penalty_weights, n_features, features)
    else:
        weights = check_group_weights(penalty_weights, parted, features)
        excluded = np.isinf(weights)
        weights = np.where(excluded, 1.0, weights)
    orthonormal = isinstance(standardize, str)
    if orthonormal:
        _check_orthonormal(l1_ratio, parted, weights, excluded)
    n_joint = n_targets if joint else 0
    penalty = UnitGroupPenalty(
        l1_ratio, weights, excluded, parted, orthonormal and not joint, n_joint
    )
    return penalty.simplified()


def _check_orthonormal(l1_ratio: float, groups: Groups, weights: Any, excluded: Any) -> None:
    """Refuse what has no meaning for orthonormal groups, whose coefficients are mixed."""
    if l1_ratio > 0 and groups.n_groups < groups.of_features.size:
        raise ValueError(
            "standardize='groups' needs l1_ratio=0, because the L1 part is one of single columns, "
            f"and those of a group are mixed, got l1_ratio={l1_ratio:g}; take standardize=True"
        )
    penalised = (weights > 0) & ~excluded
    lowest, largest = np.full(groups.n_groups, np.inf), np.zeros(groups.n_groups)
    np.minimum.at(lowest, groups.of_features[penalised], weights[penalised])
    np.maximum.at(largest, groups.of_features[penalised], weights[penalised])
    unequal = np.flatnonzero(lowest < largest)
    if unequal.size:
        g = int(unequal[0])
        raise ValueError(
            "standardize='groups' needs one penalty weight a group, because its columns are mixed, "
            f"got weights from {lowest[g]:g} to {largest[g]:g} in group {groups.names[g]!r}"
        )


def check_standardize(standardize: Any) -> bool | str:
    """Return True, False or "groups"."""
    if isinstance(standardize, str) and standardize == GROUPS:
        return standardize
    if not isinstance(standardize, (bool, np.bool_)):
        raise TypeError(f"standardize must be True, False or 'groups', got {standardize!r}")
    return bool(standardize)


def is_joint(groups: Any) -> bool:
    """Whether the coefficients of a feature for all targets are a group."""
    return isinstance(groups, str) and groups == TARGETS


def standardizes_columns(standardize: bool | str, groups: Any) -> bool:
    """Whether each column is divided by its standard deviation.

    A feature whose targets are a group is a group of one column.
    """
    return is_joint(groups) if isinstance(standardize, str) else standardize


class GroupPenalised:
    """A mixin of models whose penalty is one of groups; see `GroupLassoRegression`."""

    # Groups have no bounds: there is no closed proximal operator.
    positive = False
    bounds = None
    groups: Any

    def group_table(self, *, sort: bool = True, nonzero: bool = False) -> Any:
        """Return a table of the groups, a line a group.

        Parameters
        ----------
        sort : bool, default=True
            Whether the groups with the longest coefficients come first; otherwise the order is that
            in which they first appear in X.
        nonzero : bool, default=False
            Whether to leave out groups whose coefficients are all zero.

        Returns
        -------
        DataFrame or structured ndarray
            One row per group: "length", the length `|w_g|_2` of its coefficients (those of all
            targets), "nonzero", how many of its features have one, and "features", how many there
            are. If pandas is installed, a DataFrame indexed by "group"; otherwise an array with
            "group" as a field.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self)
        check_flag(sort, "sort")
        check_flag(nonzero, "nonzero")
        return group_table(self, sort=sort, nonzero=nonzero)

    def _check_flags(self, *more: str) -> None:
        """Refuse flags that are neither True nor False."""
        model: Any = self
        check_standardize(model.standardize)
        for name in ("fit_intercept", *more):
            check_flag(getattr(self, name), name)

    @property
    def _preprocessing(self) -> Preprocessing:
        """How the columns of X are transformed, before those of a group are mixed."""
        model: Any = self
        scaled = standardizes_columns(model.standardize, model.groups)
        return Preprocessing(model.fit_intercept, scaled)

    def _unit_penalty(self, l1_ratio: float, n_features: int, n_targets: int = 1) -> AnyUnitPenalty:
        """Return the penalty with lambda_ = 1."""
        model: Any = self
        return unit_group_penalty(
            l1_ratio,
            model.groups,
            model.penalty_weights,
            n_features,
            n_targets,
            feature_labels(self),
            model.standardize,
        )

    def _store_more(self, fitted: Fitted) -> None:
        """Set the groups of the features and their names."""
        groups = fitted.penalty.unit_penalty.groups
        assert groups is not None
        self.groups_ = groups.of_features
        self.group_names_ = groups.names
