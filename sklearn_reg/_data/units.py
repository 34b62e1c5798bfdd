"""Convert the data to the units of the solvers, and solutions to the units of the user.

Solvers get targets near zero and of order one, so that no product over- or underflows and every
tolerance means the same. The unit of a target is a power of two, so that nothing is rounded.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sklearn_reg._data.designs import (
    Columns,
    Design,
    Preprocessing,
    design_of_moments,
    design_of_rows,
)
from sklearn_reg._data.mixed import (
    BlockMixing,
    JointDesign,
    MixedDesign,
    Mixing,
    TargetMixing,
)
from sklearn_reg._data.rows import Rows
from sklearn_reg._data.unit_group_penalty import UnitGroupPenalty
from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._tools.linalg import support_of
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray, Matrix
from sklearn_reg.moments import Moments
from sklearn_reg.penalties import Penalty

AnyUnitPenalty = UnitPenalty | UnitGroupPenalty


class Penalties(NamedTuple):
    """The penalty of each target."""

    lambdas: FloatArray
    unit_penalty: AnyUnitPenalty

    def of(self, target: int, unit: float, factors: FloatArray) -> Penalty:
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
        return self.unit_penalty.smooth_at(float(self.lambdas.max()))

    @property
    def separable(self) -> bool:
        """Whether it is a sum over the features, as every elastic net is."""
        return self.unit_penalty.separable

    @property
    def in_blocks(self) -> bool:
        """Whether it is a sum over blocks of features."""
        return True

    @property
    def joint(self) -> bool:
        """Whether the targets share one problem."""
        return self.unit_penalty.joint

    def mixing(self, design: Design) -> BlockMixing | None:
        """Return how solutions become coefficients of the columns; None if they are."""
        return self.unit_penalty.mixing(design)

    @property
    def any_without_l1(self) -> bool:
        """Whether some coefficient has no L1 penalty."""
        return self.unit_penalty.any_without_l1_at(float(self.lambdas.min()))


# A view needs to know which features are excluded, and whether some have no L1 penalty.
AnyPenalty = AnyUnitPenalty | Penalties


class View(NamedTuple):
    """The data as solvers see them: a design whose targets are (y - offset) / unit."""

    design: Design
    columns: Columns
    units: FloatArray
    offsets: FloatArray
    centred: bool  # whether there is an intercept
    moments: Moments | None = None  # of the rows, if the view has only these
    mixing: Mixing | None = None  # if the design has other columns than Z, or other targets

    @property
    def n_problems(self) -> int:
        """The number of problems that are solved: one a target, unless these are joint."""
        return self.design.n_targets

    @property
    def is_joint(self) -> bool:
        """Whether all targets are one problem."""
        return isinstance(self.mixing, TargetMixing)

    def coefficients(self, w: FloatArray) -> FloatArray:
        """Coefficients of X, of shape (n_targets, n_features), for solutions w, one a problem."""
        if self.mixing is not None:
            w = self.mixing.coefficients(w)
        return self.units[:, None] * w * self.columns.factors

    def supports(self, problem: int, w: FloatArray) -> list[tuple[int, IndexArray, FloatArray]]:
        """Return the non-zero coefficients of X of a solution: target, features and values."""
        W = w[None] if self.mixing is None else self.mixing.coefficients(w[None])
        found = []
        for target, coefs in enumerate(W, start=problem):
            support = support_of(coefs)
            values = self.units[target] * coefs[support] * self.columns.factors[support]
            found.append((target, support, values))
        return found

    def solutions(self, coefficients: FloatArray) -> FloatArray:
        """Return w for coefficients of X: the inverse of `coefficients`, 0 for a factor of 0."""
        factors = self.columns.factors
        with np.errstate(over="ignore"):  # the coefficients may be those of other data
            scaled = np.where(factors > 0, coefficients / np.where(factors > 0, factors, 1.0), 0.0)
            scaled = np.asarray(scaled / self.units[:, None])
        return scaled if self.mixing is None else self.mixing.solutions(scaled)

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
        moments = Moments(rows.shape[1], Y.shape[1]).add_checked(rows.source, targets, weights)
        design, columns = design_of_moments(moments, preprocessing, penalty.excluded)
    else:
        design, columns = design_of_rows(
            rows, targets, weights, preprocessing, penalty.excluded, penalty.any_without_l1
        )
    return _mixed(View(design, columns, units, offsets, preprocessing.centred), penalty)


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
    offsets = np.zeros_like(units)
    return _mixed(View(design, columns, units, offsets, preprocessing.centred, moments), penalty)


def _mixed(view: View, penalty: AnyPenalty) -> View:
    """Return a view of the coefficients that the penalty is one of."""
    if penalty.joint:
        return _joint(view)
    mixing = penalty.mixing(view.design)
    if mixing is None:
        return view
    return view._replace(design=MixedDesign(view.design, mixing), mixing=mixing)


def _joint(view: View) -> View:
    """Return a view of all targets as one, in the largest of their units."""
    unit = float(view.units.max())
    shares = view.units / unit
    return view._replace(
        design=JointDesign(view.design, shares),
        columns=view.columns._replace(target_means=view.columns.target_means * shares),
        units=np.full_like(view.units, unit),
        mixing=TargetMixing(view.units.size),
    )


def _power_of_two(size: FloatArray) -> FloatArray:
    """Return the power of two just above each size; one for zero."""
    return np.ldexp(1.0, np.frexp(np.where(size > 0, size, 0.5))[1])
