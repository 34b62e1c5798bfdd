"""Warnings about a fit that did not converge: the cause, the figures, and one remedy.

A remedy is named only if it changes something: it is not set yet, and it works on these data.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_reg._data.designs import Design
from sklearn_reg._fitting.report import names_of_model
from sklearn_reg._solvers import EXACT, ROUNDING, Settings, SolverResult
from sklearn_reg._solvers.accuracy import Fitted
from sklearn_reg._solvers.problem import Problem
from sklearn_reg._tools.linalg import EPS
from sklearn_reg._tools.threads import one_blas_thread
from sklearn_reg._tools.typing import FloatArray

# Thresholds beyond which something is named as a cause.
SLOW_RATE = 0.5  # below this share of 1 / L
UNEQUAL_SCALES = 10.0
ILL_CONDITIONED = 100.0
# Means beyond this many standard deviations are far; they explain a gap of so many times EPS a
# standard deviation, relative to F(0, mean y).
FAR = 100.0
# Up to this many columns the eigenvalues show whether descent can converge.
LARGEST_SPECTRUM = 500
# A remedy must reduce the error by a factor of at least exp(this).
CLOSER = 2.0
# Rounding errors above this many times the usual ones come from dependent columns.
ORDINARY = 1e3
FEW = 3  # columns that are named
# More iterations are a remedy if at most this many times as many are needed.
PATIENCE = 100


class Advice(NamedTuple):
    """A warning after a fit."""

    category: type[Warning]
    message: str
    brief: str | None = None  # the message without figures, for each of many fits


class Part(NamedTuple):
    """A part of a message, and its figures, which the message about one of many fits omits."""

    text: str
    figures: str = ""

    def __str__(self) -> str:
        return f"{self.text} ({self.figures})" if self.figures else self.text


class Diagnosis(NamedTuple):
    """What happened, why, and what to do about it."""

    fact: Part
    causes: list[Part]
    remedy: Part

    def message(self, with_figures: bool) -> str:
        """Write the message."""
        fact, *causes, remedy = (
            str(said) if with_figures else said.text
            for said in (self.fact, *self.causes, self.remedy)
        )
        because = f" Cause: {' and '.join(causes)}." if causes else ""
        return f"{fact}.{because} Remedy: {remedy}."


TOO_FEW = Part("too few iterations")
AUTO_RATE = "learning_rate='auto'"
ROUNDED = Part("coefficients and intercepts are rounded to float32, the type of X")
UNROUNDED, CENTRED = Part("X in float64"), Part("X less the means of its columns")
UNROUNDED_CENTRED = Part(f"{UNROUNDED.text}, less the means of its columns")


def advice_on_convergence(estimator: Any, fitted: Fitted, settings: Settings) -> list[Advice]:
    """Return advice if the worst target did not converge, or the learning rate cannot."""
    excess = [
        0.0 if result.converged else result.gap / problem.null if problem.null else np.inf
        for problem, result in zip(fitted.problems, fitted.results, strict=True)
    ]
    target = int(np.argmax(excess))
    impossible = _impossible_rate(fitted, settings)
    if not fitted.results[target].converged:
        diagnosis = _ended_above_tol(estimator, fitted, target, settings, impossible)
    elif impossible is not None:
        diagnosis = Diagnosis(impossible, [], Part(AUTO_RATE))
    else:
        return []
    return [Advice(ConvergenceWarning, diagnosis.message(True), diagnosis.message(False))]


def _impossible_rate(fitted: Fitted, settings: Settings) -> Part | None:
    """Name a learning rate that cannot converge, unless w = 0 is optimal, whatever the rate."""
    limits = [
        (result.stable_rate, problem.curvature)
        for problem, result in zip(fitted.problems, fitted.results, strict=True)
        if result.stable_rate is not None and not (result.converged and not result.w.any())
    ]
    if not limits:
        return None
    limit, curvature = min(limits)
    rate = f"learning_rate={settings.learning_rate:g}"
    return Part(
        f"{rate} cannot converge on these data, so steps were 1/L",
        f"largest stable rate {limit:.4g}, 1/L = {1 / curvature:.4g}",
    )


def advice_on_refits(estimator: Any, fitted: Fitted) -> list[Advice]:
    """Warn if least squares on the selected features is not certified."""
    if all(refit.certified for refit in fitted.refits):
        return []
    target = next(k for k, refit in enumerate(fitted.refits) if not refit.certified)
    cause, _ = cause_of_rounding(estimator, fitted, target, TOO_FEW)
    message = (
        f"least squares on the selected features, of which relax={fitted.relax:g} takes a share, "
        f"is not within tol={fitted.tol:g}: {cause}. Remedy: relax=1, a larger tol or a larger "
        "lambda_."
    )
    return [Advice(ConvergenceWarning, message)]


def _ended_above_tol(
    estimator: Any, fitted: Fitted, target: int, settings: Settings, impossible: Part | None
) -> Diagnosis:
    """Say how far the worst target is from `tol`, why, and what helps."""
    problem, result = fitted.problems[target], fitted.results[target]
    square = float(fitted.view.units[target]) ** 2
    fact = Part(
        f"solver {result.solver!r} ended above tol",
        f"duality gap {result.gap * square:.3g}, tol * F(0, mean y) = "
        f"{settings.tol * problem.null * square:.3g}, {result.n_iter} iterations",
    )
    if result.rounded:
        cause, remedy = cause_of_rounding(estimator, fitted, target, UNROUNDED)
        return Diagnosis(fact, [cause], remedy)
    lost = _hidden_by_rounding(problem, result)
    at_rounding = problem.null and (result.solver in EXACT or result.gap <= 2.0 * lost)
    if at_rounding or problem.design.digits_lost:
        causes, remedy = _rounding_in_the_way(estimator, fitted, target, settings, lost)
        if impossible is not None:
            remedy = remedy._replace(text=f"{AUTO_RATE} and {remedy.text}")
        return Diagnosis(fact, causes, remedy)
    pace, causes = _Pace(problem, result, settings), []
    if impossible is not None:
        causes.append(impossible)
    elif pace.is_slow:
        steps = f"learning_rate={settings.learning_rate:g} makes short steps"
        causes.append(Part(steps, f"1/L = {1 / problem.curvature:.4g}"))
    found, remedy = _slow_descent(estimator, fitted, target, pace, rate_is_to_blame=bool(causes))
    return Diagnosis(fact, causes + found or [TOO_FEW], remedy)


def _hidden_by_rounding(problem: Problem, result: SolverResult) -> float:
    """Return how much of a gap may be rounding errors, by the bound in the certificate."""
    at = problem.evaluate(result.w)
    rounding = problem.design.rounding(result.w, problem.target)
    return max(ROUNDING * problem.null, rounding, at.bound - at.gap)


def _dependence(estimator: Any, problem: Problem, result: SolverResult) -> Part:
    """Name the first few columns of the model that depend on others."""
    names = names_of_model(estimator)
    # Joint targets have a column of each feature for each target.
    apart = problem.design.n_features // len(names)
    told = []
    for first, *others in (group // apart for group in problem.dependent_columns(result.w)[:FEW]):
        listed = ", ".join(str(names[j]) for j in others[:FEW])
        more = f" and {len(others) - FEW} more" if len(others) > FEW else ""
        told.append(f"{names[first]} on {listed}{more}")
    return Part("columns of X are too dependent for this accuracy", "; ".join(told))


def cause_of_rounding(
    estimator: Any, fitted: Fitted, target: int, otherwise: Part
) -> tuple[Part, Part]:
    """Return what makes rounding errors large, and its remedy; `otherwise` if it has none."""
    problem, result, far = fitted.problems[target], fitted.results[target], _largest_mean(fitted)
    if result.rounded:
        return ROUNDED, UNROUNDED_CENTRED if FAR * EPS * far > fitted.tol else UNROUNDED
    if far > FAR and result.gap <= FAR * EPS * far * problem.null:
        figure = f"by a factor of {far:.2g}"
        return Part("columns of X have means far larger than their spread", figure), CENTRED
    return _dependence(estimator, problem, result), otherwise


def _largest_mean(fitted: Fitted) -> float:
    """Return the largest mean of a column in its standard deviations; 0 if nothing is centred."""
    view = fitted.view
    if view.mixing is not None or not view.centred:
        return 0.0
    scales, _ = scales_of(view.design)
    sizes = np.abs(view.columns.means * view.columns.factors)
    return float(np.max(sizes[scales > 0] / scales[scales > 0], initial=0.0))


def _rounding_in_the_way(
    estimator: Any, fitted: Fitted, target: int, settings: Settings, lost: float
) -> tuple[list[Part], Part]:
    """Return causes and a remedy if rounding errors make further steps useless."""
    problem, result = fitted.problems[target], fitted.results[target]
    if problem.design.digits_lost:
        lose = "moments lost digits to rows that were far larger than those that are left"
        anew = "gather the moments of the rows that are left (the window) anew"
        return [Part(f"{lose}, and removing rows does not give digits back")], Part(anew)
    # Near the rounding errors the bound depends on the steps taken, and these depend on tol.
    reached = max(2.0 * result.gap / problem.null, 10.0 * ROUNDING)
    enough = Part("a larger tol", f"tol={_rounded_up(reached, 1):g}")
    if result.gap > 2.0 * lost or lost > ORDINARY * ROUNDING * problem.null:
        cause, remedy = cause_of_rounding(estimator, fitted, target, enough)
        return [cause], remedy
    rounding = Part(f"tol={settings.tol:g} is below rounding", f"about {lost / problem.null:.1g}")
    return [rounding], enough


def scales_of(design: Design) -> tuple[FloatArray, float]:
    """Return the scales of the columns, and the ratio of the largest to the smallest non-zero."""
    scales = np.sqrt(np.maximum(design.squares, 0.0))
    smallest = scales.min(where=scales > 0, initial=np.inf)
    return scales, float(scales.max(initial=0.0) / smallest)


def _slow_descent(
    estimator: Any, fitted: Fitted, target: int, pace: _Pace, *, rate_is_to_blame: bool
) -> tuple[list[Part], Part]:
    """Return causes why descent does not converge, and a remedy: the exact solver always helps."""
    problem, result = fitted.problems[target], fitted.results[target]
    exact = Part("solver='auto'")
    if result.solver == "subgradient" and not problem.smooth:
        return [Part("steps along a subgradient never settle")], exact
    scales, spread = scales_of(problem.design)
    if spread > UNEQUAL_SCALES and not estimator.standardize:
        unequal = [Part("columns of X differ in scale", f"by a factor of {spread:.3g}")]
        # Without an intercept the scale of a column is not its standard deviation.
        if estimator.fit_intercept and pace.comes_closer_on(scales):
            return unequal, _standardized(estimator, fitted, target, scales)
        return unequal, exact
    if rate_is_to_blame:
        return [], Part(f"{AUTO_RATE}, which is 1/L") if pace.comes_closer_at_best else exact
    if pace.n_iterations < pace.enough <= PATIENCE * pace.n_iterations:
        return [], Part("solver='auto', or more iterations", f"n_iterations={pace.enough:.0f}")
    if ILL_CONDITIONED < pace.condition < np.inf:
        figure = f"condition number {pace.condition:.2g}"
        return [Part("the problem is ill-conditioned", figure)], exact
    return [], exact


def _standardized(estimator: Any, fitted: Fitted, target: int, scales: FloatArray) -> Part:
    """Advise columns of equal scale, and the other changes that descent then needs."""
    problem, used = fitted.problems[target], scales > 0
    remedy = "standardize=True or a scaler"
    if estimator.learning_rate != "auto":
        remedy += f", with {AUTO_RATE}"
    scaled = problem.design.cross[:, problem.target] / np.where(used, scales, np.inf)
    levels = problem.h.block_levels(scaled)
    if (levels > 1).any() or problem.h.smooth_blocks().any():
        return Part(remedy)
    # All coefficients would be zero: the same lambda is a stronger penalty on scaled columns.
    limit = fitted.penalty.lambdas[target] * levels.max()
    return Part(remedy, f"and lambda_ below {limit:.3g}, or all coefficients are 0")


class _Pace:
    """The rate of convergence of a descent, from the eigenvalues of its problem.

    n steps of length r / L reduce the error by exp(-n r / kappa), with kappa the condition number;
    with momentum roughly by exp(-n sqrt(r / kappa)).
    """

    def __init__(self, problem: Problem, result: SolverResult, settings: Settings) -> None:
        self._problem, self._tol = problem, max(settings.tol, ROUNDING)
        self._power = 0.5 if result.solver == "accelerated" else 1.0
        self.n_iterations = settings.n_iterations
        rate = settings.learning_rate
        if rate is None or result.stable_rate is not None:
            rate = np.inf  # steps were 1/L
        self._share = min(1.0, rate * problem.curvature) if problem.curvature else 1.0
        self.condition = _condition_number(problem)

    @property
    def is_slow(self) -> bool:
        """Whether steps are much shorter than 1/L."""
        return self._share < SLOW_RATE

    @property
    def comes_closer_at_best(self) -> bool:
        """Whether steps of 1/L reduce the error much further than these."""
        gained = 1.0 - self._share**self._power
        return bool(self.n_iterations * gained >= CLOSER * self.condition**self._power)

    def comes_closer_on(self, scales: FloatArray) -> bool:
        """Whether steps of 1/L reduce the error much on columns divided by these scales."""
        condition = _condition_number(self._problem, scales)
        return bool(self.n_iterations >= CLOSER * condition**self._power)

    @property
    def enough(self) -> float:
        """Iterations that are enough from any start; inf if unknown."""
        factor = -np.log(self._tol) / self._power
        return _rounded_up(float(factor * (self.condition / self._share) ** self._power), 2)


def _condition_number(problem: Problem, scales: FloatArray | None = None) -> float:
    """Condition number of Z'S Z + diag(l2), also with columns divided by scales; inf if unknown.

    It is that on the range, which descent on a smooth objective never leaves. With a kink it may
    leave the range, and the result is inf, unless scales are given.
    """
    used = np.flatnonzero(problem.design.squares > 0)
    if not 0 < used.size <= LARGEST_SPECTRUM:
        return np.inf
    gram = problem.design.gram(used, used)
    if scales is not None:
        gram = gram / np.multiply.outer(scales[used], scales[used])
    # With a kink, columns of equal scale may need a smaller lambda, and so have less L2.
    l2 = np.zeros(used.size)
    if scales is None or problem.smooth:
        l2 += np.broadcast_to(problem.h.smooth_part.lambda_, problem.design.n_features)[used]
    with one_blas_thread():  # with more, they wait for each other where other processes run
        values = np.linalg.eigvalsh(gram + np.diag(l2))
    kept = values[values > EPS * used.size * values[-1]]
    if scales is None and not problem.smooth and kept.size < used.size:
        return np.inf
    return float(kept[-1] / kept[0])


def _rounded_up(value: float, digits: int) -> float:
    """Round up to this many significant digits."""
    if not 0.0 < value < np.inf:
        return value
    unit = 10.0 ** (np.floor(np.log10(value)) - digits + 1)
    return float(np.ceil(value / unit) * unit)
