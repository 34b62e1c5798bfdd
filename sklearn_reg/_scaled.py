"""The data in the units that solvers work in, and the way back to those of the user.

Solvers get targets near zero and of order one, so that no product over- or underflows and every
tolerance means the same. The unit of a target is a power of two, which costs no digit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sklearn_reg._linalg import EPS
from sklearn_reg._typing import BoolArray, FloatArray, Matrix
from sklearn_reg.designs import Columns, Design, design_of_moments, make_design
from sklearn_reg.moments import Moments
from sklearn_reg.penalties import ElasticNet
from sklearn_reg.problem import Problem
from sklearn_reg.rows import rows_of
from sklearn_reg.solvers import EXACT, Settings, Solver, SolverResult

# A penalty beyond this acts as this, so that its products stay finite.
LARGEST_PENALTY = 1e300


class UnitPenalty(NamedTuple):
    """The penalty with lambda_ = 1: l1_ratio, and a weight per feature, 1 for excluded ones."""

    l1_ratio: float
    weights: FloatArray
    excluded: BoolArray
    positive: bool

    def times(self, lambdas: FloatArray) -> Penalties:
        """Return the penalty of each target, given its lambda_."""
        return Penalties(lambdas, self)

    def of(self, lambda_: float, unit: float) -> ElasticNet:
        """Return the penalty with this lambda_ of a target that is measured in this unit."""
        l1 = lambda_ * self.l1_ratio * self.weights
        l2 = lambda_ * (1.0 - self.l1_ratio) * self.weights
        return ElasticNet(
            np.minimum(l1, LARGEST_PENALTY * min(unit, 1.0)) / unit,
            np.minimum(l2, LARGEST_PENALTY),
            self.positive,
        )

    @property
    def smooth(self) -> bool:
        """Whether it has a gradient everywhere."""
        return self.times(np.ones(1)).smooth

    @property
    def one_spectrum(self) -> bool:
        """Whether it is ridge on every feature, so that one decomposition serves all lambdas."""
        return self.smooth and bool(self.weights.all())

    @property
    def has_level(self) -> bool:
        """Whether from some lambda_ on all penalised coefficients are zero."""
        return self.l1_ratio > 0

    @property
    def spares_features(self) -> bool:
        """Whether some coefficient has no L1 penalty."""
        return self.times(np.ones(1)).spares_features


class Penalties(NamedTuple):
    """The penalty of each target."""

    lambdas: FloatArray
    unit_penalty: UnitPenalty

    def of(self, target: int, unit: float) -> ElasticNet:
        """Return the penalty of a target that is measured in this unit."""
        return self.unit_penalty.of(self.lambdas[target], unit)

    @property
    def excluded(self) -> BoolArray:
        """Which features must get no coefficient."""
        return self.unit_penalty.excluded

    @property
    def smooth(self) -> bool:
        """Whether it has a gradient everywhere."""
        h = self.unit_penalty
        return not (h.positive or (h.l1_ratio * self.lambdas.max() * h.weights).any())

    @property
    def separable(self) -> bool:
        """Whether it is a sum over the features, as every elastic net is."""
        return True

    @property
    def spares_features(self) -> bool:
        """Whether some coefficient has no L1 penalty."""
        h = self.unit_penalty
        return not (h.l1_ratio * self.lambdas.min() * h.weights).all()


# What wraps data asks of either: which features are excluded, and whether some are spared.
AnyPenalty = UnitPenalty | Penalties


class Scaled(NamedTuple):
    """A design whose targets are (y - offset) / unit."""

    design: Design
    columns: Columns
    units: FloatArray
    offsets: FloatArray
    sparse_coefs: bool = False  # whether solutions with few non-zeros are worth keeping as CSR

    def problem(self, target: int, penalty: Penalties) -> Problem:
        """State the problem of one target."""
        return Problem(self.design, target, penalty.of(target, self.units[target]))

    def coefficients(self, w: FloatArray) -> FloatArray:
        """Coefficients of X for solutions w of shape (n_targets, n_features)."""
        return self.units[:, None] * w * self.columns.factors

    def solutions(self, coefficients: FloatArray) -> FloatArray:
        """Return w for coefficients of X: the inverse of `coefficients`, 0 where it has none."""
        factors = self.columns.factors
        with np.errstate(over="ignore"):  # they may be those of other data
            scaled = np.where(factors > 0, coefficients / np.where(factors > 0, factors, 1.0), 0.0)
            return np.asarray(scaled / self.units[:, None])

    def intercepts(self, coefs: Matrix, n_points: int = 1) -> FloatArray:
        """Return intercepts of shape (n_points, n_targets) for as many rows of coefficients."""
        columns = self.columns
        explained = (coefs @ columns.means).reshape(n_points, -1)
        return np.asarray(self.offsets + self.units * columns.target_means - explained)

    def is_accurate(self, result: SolverResult, problem: Problem, tol: float) -> bool:
        """Whether rows would tell no more: what rounding hides is small beside the tolerance.

        An exact solver that certifies nothing was stopped by rounding.
        """
        if self.design.has_rows:
            return True
        if result.solver in EXACT and (not result.converged or problem.rank_in_doubt):
            return False
        hidden = self.design.rounding(result.w, problem.target) + problem.left_out
        return hidden <= max(tol, EPS) * problem.null


class Fitted(NamedTuple):
    """Solved problems, one a target, and the way back to the units of the user."""

    scaled: Scaled
    problems: list[Problem]
    results: list[SolverResult]

    def is_accurate(self, tol: float) -> bool:
        """Whether rounding of the objectives is small beside their tolerance."""
        return all(
            self.scaled.is_accurate(result, problem, tol)
            for problem, result in zip(self.problems, self.results, strict=True)
        )

    def judged_at(self, coefs: FloatArray, intercepts: FloatArray, tol: float) -> Fitted:
        """Judge these coefficients and intercepts, rounded from the solutions, in their place.

        A coefficient that is rounded moves the objective by little more than the square of its
        error: F(rounded) - F* <= F(rounded) - F(solution) + gap(solution).
        """
        scaled = self.scaled
        exact = np.asarray(coefs, dtype=np.float64)
        W, shifts = scaled.solutions(exact), (intercepts - scaled.intercepts(exact)[0])
        return self._replace(
            results=[
                _moved(problem, result, w, float(shift), tol)
                for problem, result, w, shift in zip(
                    self.problems, self.results, W, shifts / scaled.units, strict=True
                )
            ]
        )


def _moved(
    problem: Problem, result: SolverResult, w: FloatArray, shift: float, tol: float
) -> SolverResult:
    """Judge w with an intercept that is off by `shift`, near where a solver ended."""
    square = problem.design.residual_square(w, problem.target)
    objective = 0.5 * (square + shift**2) + problem.penalty(w)
    # The error of either square, twice that of |r| times |r|.
    lost = 4.0 * problem.residual_rounding(w) * np.sqrt(2.0 * objective)
    gap = min(objective, result.gap + max(0.0, objective - result.objective) + float(lost))
    history, gaps = result.history.copy(), result.gap_history.copy()
    history[-1], gaps[-1] = objective, gap
    return result._replace(
        w=w,
        objective=objective,
        gap=gap,
        converged=gap <= tol * problem.null,
        history=history,
        gap_history=gaps,
    )


def solve(
    scaled: Scaled, penalty: Penalties, solver: Solver, starts: FloatArray, settings: Settings
) -> Fitted:
    """State and solve the problem of each target, from starts of shape (n_targets, n_features).

    A start that is worse than zero is not used.
    """
    problems = [scaled.problem(target, penalty) for target in range(scaled.units.size)]
    results = [
        solver.run(problem, problem.better_than_zero(start), settings)
        for problem, start in zip(problems, starts, strict=True)
    ]
    return Fitted(scaled, problems, results)


def scale_rows(
    X: Matrix,
    Y: FloatArray,
    weights: FloatArray | None,
    penalty: AnyPenalty,
    *,
    on_gram: bool,
    centred: bool,
    standardize: bool,
) -> Scaled:
    """Wrap rows for the solvers; `on_gram` replaces them by their moments."""
    seen = Y if weights is None else Y[weights > 0]
    offsets = seen[0] if centred else np.zeros(Y.shape[1])
    units = _power_of_two(np.abs(seen - offsets).max(axis=0))
    design, columns = make_design(
        X,
        (Y - offsets) / units,
        weights,
        on_gram=on_gram,
        centred=centred,
        standardize=standardize,
        excluded=penalty.excluded,
        unpenalised=penalty.spares_features,
    )
    sparse_coefs = rows_of(X).is_sparse or X.shape[1] > X.shape[0]
    return Scaled(design, columns, units, offsets, sparse_coefs)


def scale_moments(
    moments: Moments, penalty: AnyPenalty, *, centred: bool, standardize: bool
) -> Scaled:
    """Wrap moments for the solvers."""
    moments = moments.without_constant_targets() if centred else moments
    squares = moments.scatter / moments.weight
    if not centred:
        squares = squares + moments.mean_y**2
    units = _power_of_two(np.sqrt(squares))
    design, columns = design_of_moments(
        moments.with_targets_in(units),
        centred=centred,
        standardize=standardize,
        excluded=penalty.excluded,
    )
    return Scaled(design, columns, units, np.zeros_like(units))


def _power_of_two(size: FloatArray) -> FloatArray:
    """Return the power of two just above each size; one for zero."""
    return np.ldexp(1.0, np.frexp(np.where(size > 0, size, 0.5))[1])
