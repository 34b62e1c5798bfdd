"""What to tell a user whose fit did not converge: the figures, the cause, the remedy."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_reg._scaled import Fitted
from sklearn_reg.problem import Problem
from sklearn_reg.solvers import EXACT, ROUNDING, Settings, SolverResult

# What is worth naming as a cause.
SLOW_RATE = 0.5  # below this share of 1 / L
UNEQUAL_SCALES = 10.0
ILL_CONDITIONED = 100.0


def warn_of_trouble(who: str, fitted: Fitted, settings: Settings) -> None:
    """Warn once a fit, about its worst target. Objectives are scaled by units**2."""
    problems, results, units = fitted.problems, fitted.results, fitted.scaled.units
    excess = [
        result.gap / problem.null if problem.null else np.inf
        for problem, result in zip(problems, results, strict=True)
    ]
    worst = int(
        np.argmax([0.0 if r.converged else e for r, e in zip(results, excess, strict=True)])
    )
    problem, result, unit = problems[worst], results[worst], float(units[worst])
    rates = [r.stable_rate for r in results if r.stable_rate is not None]
    if rates:
        _warn(
            f"{who}: learning_rate={settings.learning_rate:g} cannot converge on these data: the "
            f"largest stable rate is {min(rates):.4g}. Stepped at 1/L = "
            f"{1 / problem.curvature:.4g} instead; set learning_rate='auto' to choose it, or use "
            "solver='auto'."
        )
    if not result.converged:
        causes = "; ".join(_causes(problem, result, settings)) or "too few iterations"
        _warn(
            f"{who}: solver {result.solver!r} ended after {result.n_iter} iterations with a "
            f"duality gap of {result.gap * unit**2:.3g}, above tol * F(0, mean y) = "
            f"{settings.tol * problem.null * unit**2:.3g}. Cause: {causes}. Remedy: "
            f"{_remedy(problem, result)}."
        )


def _remedy(problem: Problem, result: SolverResult) -> str:
    """Say what helps: where an exact solver ended, rounding is in the way, not time."""
    if problem.design.digits_lost:
        return "gather the moments of the rows that are left (the window) anew, or a larger tol"
    if result.solver in EXACT:
        return "standardize=True, a larger lambda_, or a larger tol"
    return (
        "solver='auto' (the certified optimum), learning_rate='auto', standardize=True, a larger "
        "n_iterations, or a larger tol"
    )


def _causes(problem: Problem, result: SolverResult, settings: Settings) -> list[str]:
    """Name what slows descent on this problem."""
    if problem.design.digits_lost:
        return [
            "the moments lost digits to rows that were far larger than those that are left, and "
            "removing rows does not give digits back"
        ]
    if result.gap <= ROUNDING * problem.null:
        return [f"tol={settings.tol:g} is below rounding, which is about {ROUNDING:g}"]
    causes = []
    curvature = problem.curvature
    rate = settings.learning_rate
    if rate is not None and curvature > 0 and rate < SLOW_RATE / curvature:
        causes.append(
            f"learning_rate={rate:g} is {rate * curvature:.2g} times 1/L = {1 / curvature:.4g}, "
            "so steps are short"
        )
    scales = np.sqrt(problem.design.squares)
    scales = scales[scales > 0]
    if scales.size and scales.max() > UNEQUAL_SCALES * scales.min():
        causes.append(f"columns of X differ in scale by a factor {scales.max() / scales.min():.3g}")
    elif problem.condition_number > ILL_CONDITIONED:
        causes.append(f"the problem is ill-conditioned ({problem.condition_number:.3g})")
    return causes


def _warn(message: str) -> None:
    # Up: warn_of_trouble, _fitted_by and fit of the base class, the caller of fit.
    warnings.warn(message, ConvergenceWarning, stacklevel=5)
