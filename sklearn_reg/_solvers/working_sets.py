"""Working sets: some of the features, and the problem restricted to them.

The restricted problem is solved by a guess of its support (`primal_dual`), which is fast; if that
fails, by a path of thresholds (`parametric`), which always ends at the optimum.

Its Gram matrix gets a small ridge, so that it is positive definite whatever the columns (equal,
collinear, more than rows); proximal-point steps remove the effect of the ridge [1]_.

References
----------
.. [1] R. T. Rockafellar (1976). Monotone operators and the proximal point algorithm. SIAM J.
   Control and Optimization 14(5). https://doi.org/10.1137/0314056
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from sklearn_reg._data.designs import Design
from sklearn_reg._solvers import parametric, primal_dual
from sklearn_reg._solvers.bordered_factor import BorderedFactor
from sklearn_reg._solvers.curvature import Curvature, MatrixFreeCurvature
from sklearn_reg._solvers.kinks import Kinks
from sklearn_reg._solvers.problem import Evaluation, Problem
from sklearn_reg._tools.typing import FloatArray, IndexArray

# The ridge, relative to the diagonal of the Gram matrix, and the limits between which it changes by
# a factor: it falls if proximal-point steps are slow, and rises if rounding errors exceed it.
RIDGE, SMALLEST_RIDGE, LARGEST_RIDGE, RIDGE_FACTOR = 1e-10, 1e-12, 1e-2, 1e-2
# Accuracy relative to l1: at a raised penalty, at the one asked for, and at it for small gaps.
ROUGH, FINE, FINEST = 0.2, 1e-9, 1e-12
PROXIMAL_STEPS = 5  # at most, until what they change is within that accuracy


class WorkingSet(ABC):
    """Some of the features.

    Attributes
    ----------
    problem : Problem
        The problem, of all features.
    features : ndarray of int
        The features, in the order in which they were taken in.
    inside : ndarray of shape (n_features,) of bool
        Whether each feature of the problem is one of them.
    relative_ridge, smallest_ridge : float
        The ridge relative to the diagonal of Z'S Z, and the limit to which it may fall.
    """

    relative_ridge, smallest_ridge = RIDGE, SMALLEST_RIDGE

    def __init__(self, problem: Problem, features: IndexArray) -> None:
        self.problem = problem
        self.features: IndexArray = features[:0]
        self.inside = np.zeros(problem.design.n_features, dtype=bool)
        self.take_in(features)

    def take_in(self, new: IndexArray) -> None:
        """Add features that are not inside yet."""
        if new.size:
            self.inside[new] = True
            self._grow(new)

    @abstractmethod
    def _grow(self, new: IndexArray) -> None:
        """Extend what is kept of the features by new ones."""

    @abstractmethod
    def move_to(self, problem: Problem) -> None:
        """Change to another penalty on the same data."""

    @abstractmethod
    def solve(self, point: Evaluation, level: float, gap: float) -> tuple[FloatArray, bool]:
        """Solve the restricted problem at `level` times what has a kink; return w and success.

        The search starts at `point`. `gap`, relative to F(0), is the one asked for.
        """

    def raise_ridge(self) -> bool:
        """Raise the ridge permanently, if rounding errors exceed it; False if it is largest."""
        if self.relative_ridge > RIDGE_FACTOR * LARGEST_RIDGE * 1.1:
            return False
        self._scale_ridge(1.0 / RIDGE_FACTOR)
        self.smallest_ridge = self.relative_ridge
        return True

    def _scale_ridge(self, factor: float) -> None:
        """Multiply the ridge."""
        self.relative_ridge *= factor


class SingleFeatures(WorkingSet):
    """Features of an elastic net, and the curvature A = Z'S Z + diag(l2 + ridge) between them.

    Attributes
    ----------
    ridge : ndarray of shape (n_working,)
        The ridge of each feature.
    curvature : Curvature
        A.
    """

    curvature: Curvature

    def __init__(self, problem: Problem, features: IndexArray) -> None:
        self.ridge: FloatArray = np.zeros(0)
        super().__init__(problem, features)

    def lower_ridge(self) -> None:
        """Lower the ridge if proximal-point steps are slow, because A is nearly singular."""
        if self.relative_ridge > 2 * self.smallest_ridge:
            self._scale_ridge(RIDGE_FACTOR)

    def solve(self, point: Evaluation, level: float, gap: float) -> tuple[FloatArray, bool]:
        """Solve the restricted problem with `level` times its L1 penalty; return w and success.

        The smaller `gap` is, the more of the effect of the ridge is removed.
        """
        problem, chosen = self.problem, self.features
        l1, w = level * problem.l1[chosen], point.w[chosen]
        bounds = None if problem.bounds is None else problem.bounds.restricted(chosen)
        kinks = Kinks(l1, bounds)
        # From the data and not from c - A w, so that each round corrects the errors of A.
        u = -point.gradient[chosen]
        enough = FINE if gap > FINE else FINEST
        tol = enough if level == 1.0 else ROUGH
        solved = True
        for step in range(PROXIMAL_STEPS if level == 1.0 else 1):
            if step > 1:
                self.lower_ridge()
            new, new_u, solved = self._solve_once(w, u, kinks, tol)
            while not solved and self.raise_ridge():
                new, new_u, solved = self._solve_once(w, u, kinks, tol)
            if not solved:
                break
            # The next step starts from the residual correlation without the ridge.
            returned = self.ridge * (new - w)
            w, u = new, new_u + returned
            if (np.abs(returned) <= enough * l1).all():
                break
        full = np.zeros_like(point.w)
        full[chosen] = w
        return full, solved

    def _solve_once(
        self, w: FloatArray, u: FloatArray, kinks: Kinks, tol: float
    ) -> tuple[FloatArray, FloatArray, bool]:
        """Guess the support, or follow the path if that fails; return w, c - A w and success."""
        guessed = primal_dual.solve(self.curvature, kinks, w, u, tol=tol)
        if guessed is not None:
            return *guessed, True
        state = parametric.start_state(w, u, kinks)
        state, solved = parametric.solve(self.curvature, kinks, state, tol=tol)
        return state.w, state.u, solved


class GramWorkingSet(SingleFeatures):
    """Features whose Gram matrix is kept, and grows with them."""

    curvature: BorderedFactor

    def __init__(self, problem: Problem, features: IndexArray) -> None:
        self._gram = problem.design.growing_gram()
        self.curvature = BorderedFactor(np.zeros((0, 0)))
        super().__init__(problem, features)

    def _grow(self, new: IndexArray) -> None:
        """Extend features, ridge and curvature by new features."""
        old, m = self.features.size, self.features.size + new.size
        product = self._gram.add(new)
        self.features = self._gram.features
        squares = product[old:].diagonal()
        # A column of zeros without a penalty has no curvature but the ridge.
        ridge = np.where(squares > 0, self.relative_ridge * squares, 1.0)
        A = np.empty((m, m), order="F")
        A[:old, :old] = self.curvature.A
        A[:, old:] = product
        A[old:, :old] = product[:old].T
        A.ravel("K")[old * (m + 1) :: m + 1] += self.problem.l2[new] + ridge
        self.curvature.A, self.ridge = A, np.concatenate([self.ridge, ridge])

    def move_to(self, problem: Problem) -> None:
        """Change to another penalty on the same data."""
        change = (problem.l2 - self.problem.l2)[self.features]
        self.problem = problem
        if change.any():
            self._add_to_diagonal(change)

    def _scale_ridge(self, factor: float) -> None:
        """Multiply the ridge."""
        super()._scale_ridge(factor)
        change = (factor - 1.0) * self.ridge
        self._add_to_diagonal(change)
        self.ridge = self.ridge + change

    def _add_to_diagonal(self, change: FloatArray) -> None:
        """Change A, and discard the factor."""
        A = self.curvature.A
        A.ravel("K")[:: len(A) + 1] += change
        self.curvature = BorderedFactor(A)


class MatrixFreeWorkingSet(SingleFeatures):
    """Features without a Gram matrix: on large supports products with X cost less."""

    _restricted: Design
    smallest_ridge = RIDGE  # conjugate gradients take more steps if A is nearer to singular

    def _grow(self, new: IndexArray) -> None:
        """Extend features, ridge and curvature by new features."""
        self.features = np.concatenate([self.features, new])
        self._restricted = self.problem.design.restricted(self.features)
        self.move_to(self.problem)

    def move_to(self, problem: Problem) -> None:
        """Change to another penalty on the same data."""
        self.problem = problem
        squares = problem.design.squares[self.features]
        self.ridge = np.where(squares > 0, self.relative_ridge * squares, 1.0)
        extra = problem.l2[self.features] + self.ridge
        self.curvature = MatrixFreeCurvature(self._restricted, squares, extra)

    def _scale_ridge(self, factor: float) -> None:
        """Multiply the ridge."""
        super()._scale_ridge(factor)
        self.move_to(self.problem)
