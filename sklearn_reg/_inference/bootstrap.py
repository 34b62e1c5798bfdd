r"""The bootstrap of a penalised fit: resampled rows or residuals, all fits in one batch.

"pairs" draws rows with replacement [1]_: a row that is drawn k times has k times its weight.
"residual" keeps X and adds resampled residuals to the fitted values: all fits are targets of one
design. Intervals are percentiles of the coefficients, or these corrected for bias and acceleration
[2]_, whose acceleration comes from the fits without one row each.

References
----------
.. [1] B. Efron (1979). Bootstrap methods: another look at the jackknife. Annals of Statistics 7(1).
   https://doi.org/10.1214/aos/1176344552
.. [2] B. Efron (1987). Better bootstrap confidence intervals. J. American Statistical Association
   82(397). https://doi.org/10.1080/01621459.1987.10478410
.. [3] A. Chatterjee, S. N. Lahiri (2011). Bootstrapping lasso estimators. J. American Statistical
   Association 106(494). https://doi.org/10.1198/jasa.2011.tm10159
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from scipy import stats
from sklearn.exceptions import ConvergenceWarning

from sklearn_reg._data.data import FOR_WORKING_SETS, InMemory
from sklearn_reg._inference.found import Asked, Found, places_of
from sklearn_reg._inference.rows import Subject
from sklearn_reg._solvers.accuracy import solve_accurately_together
from sklearn_reg._solvers.batching import Coroutine, run_together
from sklearn_reg._solvers.paths import Points, walk
from sklearn_reg._tools.linalg import dense
from sklearn_reg._tools.threads import one_blas_thread
from sklearn_reg._tools.typing import FloatArray, IndexArray
from sklearn_reg._tools.warn import warn

METHOD = "bootstrap"
AT_ONCE = 64  # fits that share a batch
PAIRS = "rows are independent draws from one distribution"
RESIDUAL = (
    "E[y] = b + X w*, with independent errors of one distribution (over sample_weight) that does "
    "not depend on X"
)
FIXED = "lambda_ is held at the value of the fit: the uncertainty of its choice is left out"
ABOUT = (
    "intervals are about the coefficients that this penalised fit aims at, which the penalty has "
    "shrunk, and not about those without a penalty"
)
ZEROS = (
    "NOT CONSISTENT for coefficients that are zero: the bootstrap of a lasso has another law there "
    "(Chatterjee and Lahiri 2011), so that an interval may be far too short; p-values are a guide "
    "at best"
)
BOUNDED = "NOT CONSISTENT for coefficients at a bound (D. Andrews 2000)"


def bootstrap(subject: Subject, asked: Asked) -> Found:
    """Resample, fit all resamples, and return percentiles."""
    subject.check_rows(METHOD)
    subject.check_certified()
    n_resamples: int = asked.options["n_resamples"]
    pairs = asked.options["resample"] == "pairs"
    draw = _pairs if pairs else _residuals
    estimate = np.atleast_2d(np.asarray(subject.model.coef_, dtype=np.float64))[0]
    W = _fitted(subject, draw(subject, n_resamples, asked))
    columns = subject.columns[places_of(subject, asked, METHOD)]
    W, estimate = W[:, columns], estimate[columns]
    ends = _ends(subject, asked, W, estimate, columns)
    sizes = _sizes(W)
    error = sizes * (W / sizes).std(axis=0, ddof=1)
    below, above = np.count_nonzero(W <= 0, axis=0), np.count_nonzero(W >= 0, axis=0)
    zeros = (ZEROS,) if subject.l1_ratio > 0 else ()
    at_bounds = (BOUNDED,) if subject.unit_penalty.bounds is not None else ()
    return Found(
        columns,
        estimate,
        error,
        np.divide(estimate, error, out=np.zeros_like(error), where=error > 0),
        np.minimum(1.0, 2.0 * (1.0 + np.minimum(below, above)) / (n_resamples + 1.0)),
        ends[:, 0],
        ends[:, 1],
        None,
        "",
        None,
        (PAIRS if pairs else RESIDUAL, FIXED, ABOUT, *zeros, *at_bounds),
    )


def _ends(
    subject: Subject, asked: Asked, W: FloatArray, estimate: FloatArray, columns: IndexArray
) -> FloatArray:
    """Return the ends of the intervals of some columns, of shape (n_columns, 2)."""
    tails = 0.5 * np.array([1.0 - asked.confidence_level, 1.0 + asked.confidence_level])
    tails = np.tile(tails[:, None], columns.size)
    if asked.options["interval"] == "bca":
        without = _fitted(subject, _jackknife(subject))[:, columns]
        tails = _bca(W, estimate, without, tails)
    ends = [np.quantile(W[:, j], tails[:, j]) for j in range(columns.size)]
    return np.array(ends, dtype=np.float64).reshape(-1, 2)


def _pairs(subject: Subject, n_resamples: int, asked: Asked) -> Iterator[InMemory]:
    """Yield the data with weights that count how often each row is drawn."""
    data, rows = subject.data, subject.rows
    for _ in range(n_resamples):
        drawn = asked.random_state.randint(rows.size, size=rows.size)
        yield _weighted(data, rows, np.bincount(drawn, minlength=rows.size).astype(float))


def _jackknife(subject: Subject) -> Iterator[InMemory]:
    """Yield the data without each of the rows."""
    for left_out in range(subject.rows.size):
        counts = np.ones(subject.rows.size)
        counts[left_out] = 0.0
        yield _weighted(subject.data, subject.rows, counts)


def _weighted(data: InMemory, rows: IndexArray, counts: FloatArray) -> InMemory:
    """Multiply the weights of some rows; the others have none."""
    weights = np.zeros(len(data.Y))
    weights[rows] = counts if data.weights is None else counts * data.weights[rows]
    return InMemory(data.X, data.y, weights / weights.max())


def _residuals(subject: Subject, n_resamples: int, asked: Asked) -> Iterator[InMemory]:
    """Yield fitted values plus resampled residuals, as several targets of the same rows.

    Residuals are centred, and enlarged to the variance of errors: a fit with df degrees of freedom
    leaves 1 - df / n of it. Those of weighted rows are divided by the root of their weight.
    """
    data, rows, model = subject.data, subject.rows, subject.model
    roots = np.ones(rows.size) if data.weights is None else np.sqrt(data.weights[rows])
    fitted = np.ravel(data.X @ np.atleast_2d(model.coef_)[0] + model.intercept_)
    residual = roots * (data.Y[:, 0] - fitted)[rows]
    residual -= residual.mean() if subject.n_means else 0.0
    df = subject.degrees_of_freedom + subject.n_means
    residual /= np.sqrt(max(1.0 - df / rows.size, 1.0 / rows.size))
    at_once = 1 if isinstance(model.penalty_weights, str) else AT_ONCE
    for first in range(0, n_resamples, at_once):
        size = rows.size, min(at_once, n_resamples - first)
        drawn = asked.random_state.randint(rows.size, size=size)
        Y = np.tile(fitted[:, None], size[1])
        Y[rows] += residual[drawn] / roots[:, None]
        yield InMemory(data.X, Y, data.weights)


def _fitted(subject: Subject, resamples: Iterable[InMemory]) -> FloatArray:
    """Return the coefficients of the fits to all resamples, of shape (n_fits, n_features)."""
    model, found, group = subject.model, [], list[InMemory]()
    penalty = model._unit_penalty(subject.l1_ratio, subject.data.n_features)
    lambdas, refit = np.array([subject.lambda_]), subject.relax != 1.0
    n_uncertain = 0

    def run(data: InMemory) -> Coroutine[Points]:
        return solve_accurately_together(
            data.views(penalty, model._preprocessing, FOR_WORKING_SETS),
            lambda view: walk(view, penalty, lambdas, model.tol, False, refit),
        )

    def solve_group() -> None:
        nonlocal n_uncertain
        for points in run_together([run(data) for data in group]):
            n_uncertain += not points.is_certified
            found.append(dense(points.relaxed(subject.relax).coefs))
        group.clear()

    with one_blas_thread():
        for data in resamples:
            group.append(data)
            if len(group) * data.n_targets >= AT_ONCE:
                solve_group()
        solve_group()
    if n_uncertain:
        warn(
            f"{n_uncertain} of the batches of bootstrap fits are not certified to tol="
            f"{model.tol:g}: columns of their resamples depend on each other. Remedy: a larger "
            "tol, a larger lambda_, or an L2 penalty.",
            ConvergenceWarning,
        )
    return np.concatenate(found)


def _sizes(values: FloatArray) -> FloatArray:
    """Return the size of each column: powers of numbers in this unit do not over- or underflow."""
    largest = np.abs(values).max(axis=0, initial=0.0)
    return np.asarray(np.where(largest > 0, largest, 1.0))


def _bca(W: FloatArray, estimate: FloatArray, without: FloatArray, tails: FloatArray) -> FloatArray:
    """Return the percentiles of BCa intervals [2]_: Phi(z0 + (z0 + z) / (1 - a (z0 + z)))."""
    n_resamples = len(W)
    below = np.count_nonzero(estimate > W, axis=0) + 0.5 * np.count_nonzero(estimate == W, axis=0)
    shares = np.clip(below / n_resamples, 0.5 / n_resamples, 1.0 - 0.5 / n_resamples)
    bias = stats.norm.ppf(shares)
    differences = without.mean(axis=0) - without
    differences /= _sizes(differences)
    squares = np.square(differences).sum(axis=0)
    cubes = (differences**3).sum(axis=0)
    acceleration = np.divide(cubes, 6.0 * squares**1.5, out=np.zeros_like(cubes), where=squares > 0)
    z = bias + np.array([[1.0], [-1.0]]) * stats.norm.ppf(tails[0])
    # Beyond the pole of the correction there is nothing but the last percentile.
    slope = np.maximum(1.0 - acceleration * z, 1e-6)
    return np.asarray(stats.norm.cdf(bias + z / slope))
