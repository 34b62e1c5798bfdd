"""The choice of lambda by cross-validation, and advice about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeGuard

import numpy as np
from scipy.special import gammaln
from scipy.stats import norm

from sklearn_reg._checks.values import calling
from sklearn_reg._solvers.paths import Points
from sklearn_reg._tools.statistics import standard_error
from sklearn_reg._tools.typing import BoolArray, FloatArray

CRITERIA = ("aic", "bic", "ebic", "gcv", "plugin")
RULES = ("min", "1se", *CRITERIA)
Rule = str | Callable[[FloatArray, FloatArray], int]

# Losses that differ by less than this share count as equal: the solutions have a tolerance too.
EQUAL = 1e-6
# The end of a curve is compared with the point at which lambda is this many times as large.
DECADE = 10.0
# Without folds there is no standard error: losses are then equally good within this share of the
# last one, and information criteria within this difference.
AS_GOOD, AS_GOOD_CRITERION = 0.01, 2.0
# The plug-in lambda exceeds all correlations with the noise, times a margin, but for this chance.
MARGIN, CHANCE = 1.1, 0.05
PLUGIN_STEP = 0.1  # log of the ratio of neighbours on a grid, beyond which it is advised to extend
TOO_SMALL = 1e3  # the criterion of lambdas below the plug-in lambda, and more


class Choice(NamedTuple):
    """The chosen kind of model, and indices of the chosen point and of others on its grid."""

    kind: int
    chosen: int
    best: int  # the smallest loss, or value of the criterion
    smallest: int  # the smallest loss
    one_standard_error: int  # the largest lambda within one standard error of the smallest loss


def check_rule(rule: Any) -> Rule:
    """Return a rule that is known or callable."""
    if isinstance(rule, str) and rule in RULES:
        return rule
    if callable(rule):
        called: Rule = rule
        return called
    listed = ", ".join(repr(known) for known in RULES)
    raise ValueError(f"rule must be one of {listed} or a callable, got {rule!r}")


def is_criterion(rule: Rule) -> TypeGuard[str]:
    """Whether a rule is a criterion on the path of all of the data."""
    return isinstance(rule, str) and rule in CRITERIA


def choose(
    rule: Rule, grids: Sequence[FloatArray], losses: FloatArray, values: FloatArray | None
) -> Choice:
    """Apply a rule to losses of shape (n_kinds, n_lambdas, n_folds), infinite where undefined.

    `values`, of shape (n_kinds, n_lambdas), are those of a criterion, if the rule is one.
    """
    kind, best = _smallest(losses.mean(axis=2) if values is None else values)
    smallest = int(np.argmin(losses[kind].mean(axis=1)))
    sparser = one_standard_error(losses[kind])
    chosen = best
    if rule == "1se":
        chosen = sparser
    elif callable(rule):
        # Copies, because a rule may change its arguments.
        with calling("rule", rule):
            answer = rule(grids[kind].copy(), losses[kind].copy())
        chosen = _index(answer, len(grids[kind]), rule)
    return Choice(kind, chosen, best, smallest, sparser)


def choose_for_each(
    rule: Rule,
    grids: Sequence[FloatArray],
    losses: FloatArray,
    values: FloatArray | None,
    units: FloatArray,
) -> list[Choice]:
    """Apply a rule to each target alone: the last axis of losses and values is that of targets.

    Targets share a kind: the one with the smallest sum of their smallest losses, each divided by
    its unit, or values.
    """
    sizes = losses.mean(axis=2) / units if values is None else values
    kind = int(sizes.min(axis=1).sum(axis=1).argmin())
    only = slice(kind, kind + 1)
    return [
        choose(
            rule,
            grids[only],
            losses[only, ..., target],
            None if values is None else values[only, :, target],
        )._replace(kind=kind)
        for target in range(losses.shape[-1])
    ]


def _index(answer: Any, n_lambdas: int, rule: Rule) -> int:
    """Check the index that a rule returned."""
    wanted = f"rule must return the index of a lambda, an integer from 0 to {n_lambdas - 1}"
    value = np.asarray(answer)
    if value.ndim or value.dtype == bool or not np.issubdtype(value.dtype, np.integer):
        raise TypeError(
            f"{wanted}, got {answer!r} from {rule!r}. The index of a lambda is "
            "int(np.argmin(np.abs(lambdas - lambda_)))."
        )
    if not 0 <= value < n_lambdas:
        raise ValueError(f"{wanted}, got {answer!r} from {rule!r}")
    return int(value)


def _smallest(values: FloatArray) -> tuple[int, int]:
    """Return the position of the smallest entry of a matrix, the first if there are several."""
    kind, index = np.unravel_index(np.argmin(values), values.shape)
    return int(kind), int(index)


def one_standard_error(losses: FloatArray) -> int:
    """Return the index of the most regularised model within one standard error of the best.

    Parameters
    ----------
    losses : ndarray of shape (n_lambdas, n_folds)
        Losses, for lambdas from the largest to the smallest; infinite where they are undefined.

    Returns
    -------
    int
        The first index whose mean is at most the smallest mean plus its standard error.

    References
    ----------
    L. Breiman, J. Friedman, R. Olshen, C. Stone (1984). Classification and Regression Trees,
    section 3.4.3. https://doi.org/10.1201/9781315139470
    """
    return int(np.argmax(within_one_standard_error(losses)))


def within_one_standard_error(losses: FloatArray) -> BoolArray:
    """Return a mask of the rows of losses whose mean is within one standard error of the best."""
    means = losses.mean(axis=1)
    best = int(np.argmin(means))
    return np.asarray(means <= means[best] + standard_error(losses[best]))


class Size(NamedTuple):
    """The size of the data, and what every model of a path contains."""

    n_rows: int
    penalised: int  # features that a model may contain or not
    free: int  # features that every model contains
    intercept: bool


def plugin_criterion(points: Points, size: Size, lambdas: FloatArray, length: float) -> FloatArray:
    """Return a criterion whose smallest value is at the plug-in lambda of each target.

    Without knowing the variance of the noise, the square-root lasso [1]_ has the penalty

        kappa = c Phi^-1(1 - alpha / (2 p)) / sqrt(n),    c = 1.1, alpha = 0.05,

    and its solution is that of a lasso with lambda = kappa s, where s is the root mean square of
    the residuals of that solution. Columns of other lengths multiply kappa by the largest `length`,
    over its penalty weight. The criterion is log(lambda / (kappa s)), the smallest
    lambda of a grid that is not below its plug-in value having the smallest one.

    References
    ----------
    .. [1] A. Belloni, V. Chernozhukov, L. Wang (2011). Square-root lasso: pivotal recovery of
       sparse signals via conic programming. Biometrika 98(4).
       https://doi.org/10.1093/biomet/asr043
    """
    kappa = MARGIN * norm.isf(CHANCE / (2 * max(1, size.penalised))) / np.sqrt(size.n_rows)
    noise = np.sqrt(np.maximum(points.losses, np.finfo(float).tiny))
    smallest = np.finfo(float).tiny
    over = np.log(np.maximum(lambdas, smallest))[:, None] - np.log(kappa * length * noise)
    return np.asarray(np.where(over >= 0.0, over, TOO_SMALL - over))


def criterion(rule: str, points: Points, size: Size, units: FloatArray) -> FloatArray:
    """AIC, BIC, extended BIC or generalised cross-validation of each target along a path.

    With RSS = n times the training loss and df the degrees of freedom (and one for the intercept):
    AIC = n log(RSS / n) + 2 df, BIC = n log(RSS / n) + log(n) df, GCV = (RSS / n) / (1 - df / n)^2,
    and EBIC = BIC + 2 log C(p, k), with C(p, k) the number of models of k out of p penalised
    features [1]_ (gamma = 1). Losses are divided by `units`, one per target, so that targets count
    alike.

    References
    ----------
    .. [1] J. Chen, Z. Chen (2008). Extended Bayesian information criteria for model selection with
       large model spaces. Biometrika 95(3). https://doi.org/10.1093/biomet/asn034
    """
    n = size.n_rows
    freedom = np.minimum(points.degrees_of_freedom + size.intercept, n)
    loss = np.maximum(points.losses / units, np.finfo(float).tiny)
    if rule == "gcv":
        # A model without residual degrees of freedom has no GCV score.
        left = np.where(freedom < n, 1.0 - freedom / n, 1e-8)
        return np.asarray(loss / left**2)
    factor = 2.0 if rule == "aic" else np.log(n)
    # Without residual degrees of freedom the likelihood is unbounded, and the criterion undefined.
    values = np.where(freedom < n, n * np.log(loss) + factor * freedom, np.inf)
    if rule == "ebic":
        chosen = np.clip(points.degrees_of_freedom - size.free, 0.0, size.penalised)
        values = values + 2.0 * _log_number_of_models(size.penalised, chosen)
    return np.asarray(np.where(np.isinf(values), np.finfo(float).max / 1e3, values))


def _log_number_of_models(p: int, k: FloatArray) -> FloatArray:
    """Return log C(p, k), for real k between 0 and p."""
    return np.asarray(gammaln(p + 1.0) - gammaln(k + 1.0) - gammaln(p - k + 1.0))


class Curve(NamedTuple):
    """The curve along one grid: losses of the folds, or one column of a criterion."""

    lambdas: FloatArray
    losses: FloatArray  # of shape (n_lambdas, n_folds)
    rule: Rule

    @property
    def is_logarithm(self) -> bool:
        """Whether losses are logarithms, of which only differences are meaningful."""
        return self.rule in ("aic", "bic", "ebic", "plugin")

    def is_flat(self, rounding: float) -> bool:
        """Whether all losses are equal up to the tolerance and rounding."""
        means = self.losses.mean(axis=1)
        means = means[np.isfinite(means)]
        equal = EQUAL if self.is_logarithm else EQUAL * np.abs(means).max()
        return bool(np.ptp(means) <= equal + rounding)

    def falls(self) -> bool:
        """Whether the loss falls by more than a standard error over the last decade of lambda."""
        means, lambdas = self.losses.mean(axis=1), self.lambdas
        before = np.append(0, np.flatnonzero(lambdas >= DECADE * lambdas[-1]))[-1]
        return bool(means[before] - means[-1] > self._as_good())

    def _as_good(self) -> float:
        """Return by how much a loss may exceed the last one and still count as equally good."""
        if self.is_logarithm:
            return AS_GOOD_CRITERION
        if self.losses.shape[1] == 1:
            return AS_GOOD * abs(float(self.losses[-1, 0]))
        return float(standard_error(self.losses[-1]))


def advice_on_edges(
    curve: Curve, best: int, *, is_null: bool, rounding: float, remedy: Callable[[], str]
) -> str | None:
    """Return advice if the smallest loss is at an end of the grid; None if nothing helps.

    `is_null` says that the model at the largest lambda has no coefficients, so that a larger lambda
    gives the same model. The remedy is for the other end.
    """
    lambdas, last = curve.lambdas, len(curve.lambdas) - 1
    if curve.rule == "plugin":
        above = float(curve.losses[-1, 0])
        if last == 0 or best != last or above <= PLUGIN_STEP:
            return None
        return (
            f"the plug-in lambda is below the smallest lambda, {lambdas[last]:.3g}, where the grid "
            f"ends: {remedy()}."
        )
    if last == 0 or curve.is_flat(rounding):
        return None
    if best == 0 and not is_null:
        return (
            f"the smallest error is at the largest lambda, {lambdas[0]:.3g}, where the grid "
            "begins: extend it upwards with larger lambdas."
        )
    if best != last or lambdas[last] == 0:
        return None
    where = (
        f"the smallest error is at the smallest lambda, {lambdas[last]:.3g}, where the grid ends"
    )
    if curve.falls():
        return f"{where}, and still falls there: {remedy()}."
    return (
        f"{where}, and is flat there: no penalty is as good on these data. To have it among the "
        "candidates, add 0 to lambdas."
    )
