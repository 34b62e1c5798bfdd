"""Descent as in the textbook: proximal gradient, subgradient, and accelerated gradient.

All three share one loop. An update takes the evaluation of a point (its weights, gradient,
objective and gap) to the next point; the gap is always that of the point it is reported for.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sklearn_reg._solvers.problem import Evaluation, Problem
from sklearn_reg._solvers.result import Settings, SolverResult, finish
from sklearn_reg._tools.typing import FloatArray
from sklearn_reg.optimizers import sgd

Update = Callable[[Evaluation], FloatArray]


def gradient_descent(problem: Problem, start: FloatArray, settings: Settings) -> SolverResult:
    """Proximal gradient descent: w <- prox(w - learning_rate * gradient).

    The smooth part of the penalty (L2) is in the gradient, its kink (L1) in the proximal operator,
    which is what makes weights exactly zero.
    """
    rate, stable_rate = _learning_rate(problem, settings.learning_rate)
    rest = problem.h.rest

    def update(point: Evaluation) -> FloatArray:
        return rest.prox(sgd(point.w, point.gradient, rate), rate)

    result = _descend(problem, start, update, settings, "gradient_descent")
    return result._replace(stable_rate=stable_rate)


def subgradient(problem: Problem, start: FloatArray, settings: Settings) -> SolverResult:
    """Subgradient descent: w <- w - learning_rate * (gradient + l1 sign(w)).

    With a constant rate it does not converge: it oscillates around the optimum, and no weight
    becomes exactly zero.
    """
    rate, stable_rate = _learning_rate(problem, settings.learning_rate)
    rest = problem.h.rest

    def update(point: Evaluation) -> FloatArray:
        return rest.feasible(sgd(point.w, point.gradient + rest.subgradient(point.w), rate))

    result = _descend(problem, start, update, settings, "subgradient")
    return result._replace(stable_rate=stable_rate)


def accelerated(problem: Problem, start: FloatArray, settings: Settings) -> SolverResult:
    """FISTA: proximal gradient steps from a point extrapolated along the last move.

    Momentum restarts when it points uphill.

    References
    ----------
    A. Beck, M. Teboulle (2009). A fast iterative shrinkage-thresholding algorithm for linear
    inverse problems. SIAM J. Imaging Sciences 2(1). https://doi.org/10.1137/080716542

    B. O'Donoghue, E. Candes (2015). Adaptive restart for accelerated gradient schemes.
    Foundations of Computational Mathematics 15. https://doi.org/10.1007/s10208-013-9150-3
    """
    rate, stable_rate = _learning_rate(problem, settings.learning_rate, momentum=True)
    rest = problem.h.rest
    previous: Evaluation | None = None
    t = 1.0

    def update(point: Evaluation) -> FloatArray:
        nonlocal previous, t
        t_next = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * t * t))
        beta = (t - 1.0) / t_next if previous is not None else 0.0
        last = previous or point
        # The gradient of a quadratic is affine: at the extrapolated point it is extrapolated too.
        z = point.w + beta * (point.w - last.w)
        gradient = point.gradient + beta * (point.gradient - last.gradient)
        w = rest.prox(sgd(z, gradient, rate), rate)
        uphill = float((z - w) @ (w - point.w)) > 0
        previous, t = point, (1.0 if uphill else t_next)
        return w

    result = _descend(problem, start, update, settings, "accelerated")
    return result._replace(stable_rate=stable_rate)


def _descend(
    problem: Problem, start: FloatArray, update: Update, settings: Settings, solver: str
) -> SolverResult:
    """Update until the gap certifies `tol`, at most `n_iterations` times."""
    point = problem.evaluate(start)
    history = []
    for _ in range(settings.n_iterations):
        point = problem.evaluate(update(point))
        history.append(point.values)
        if point.ends_within(settings.tol * problem.null):
            break
    return finish(problem, point, history, settings.tol, solver)


def _learning_rate(
    problem: Problem, asked: float | None, momentum: bool = False
) -> tuple[float, float | None]:
    """Return the rate to use and, if the one asked for cannot converge, the limit that it exceeds.

    On a quadratic of curvature L, gradient descent converges below 2 / L, with momentum at 1 / L.
    """
    curvature = problem.curvature
    if curvature == 0.0:  # the smooth part is constant: the rate does not matter
        return 1.0, None
    best = 1.0 / curvature
    if asked is None:
        return best, None
    stable = best * (1.0 + 1e-6) if momentum else 2.0 * best
    if asked < stable:
        return asked, None
    return best, stable
