r"""Sample splitting: select on one half of the rows, test by least squares on the other [1]_.

A single split depends on luck. Of B splits, feature j has the p-values P_1, ..., P_B, with P_b = 1
where split b has not selected it, and [2]_

    p_j = (1 - log gamma_min) min_{k >= gamma_min B} P_(k) B / k

is a p-value whatever their dependence, with P_(k) the k-th smallest. Multiplied by the number of
features that the split has selected, the P_b give p-values that hold for all features together. The
interval has the values that p_j does not reject, and those between them.

References
----------
.. [1] L. Wasserman, K. Roeder (2009). High-dimensional variable selection. Annals of Statistics
   37(5A). https://doi.org/10.1214/08-AOS646
.. [2] N. Meinshausen, L. Meier, P. Buhlmann (2009). p-values for high-dimensional regression. J.
   American Statistical Association 104(488). https://doi.org/10.1198/jasa.2009.tm08647
"""

from __future__ import annotations

import math
import reprlib
import warnings
from numbers import Integral
from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn.exceptions import ConvergenceWarning

from sklearn_reg._data.data import InMemory
from sklearn_reg._data.rows import take_rows
from sklearn_reg._inference.found import NORMAL, Asked, Found
from sklearn_reg._inference.noise import is_nothing
from sklearn_reg._inference.ols import LeastSquares
from sklearn_reg._inference.rows import Subject, WhitenedRows
from sklearn_reg._tools.linalg import dependences, inverse_roots
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray
from sklearn_reg._tools.warn import warn

METHOD = "split"
GAMMA_MIN = 0.05  # of [2]_
LINEAR = "E[y] = b + X w* within the features that each half selects: the selection misses none"
HALF = (
    "features were selected on one half of the rows, as this estimator does it, and tested by "
    "least squares on the other"
)


class _Tests(NamedTuple):
    """Least squares on the second half, for each split (first axis) and column of X."""

    tested: BoolArray
    estimate: FloatArray
    error: FloatArray
    n_selected: FloatArray  # of shape (n_splits,)
    degrees_of_freedom: FloatArray  # of shape (n_splits,)
    sigma: FloatArray  # of shape (n_splits,)

    def p_values(self) -> FloatArray:
        """Two-sided p-values; 1 where a feature was not tested."""
        t = np.divide(
            self.estimate, self.error, out=np.zeros_like(self.estimate), where=self.tested
        )
        p = 2.0 * stats.t.sf(np.abs(t), self.degrees_of_freedom[:, None])
        return np.asarray(np.where(self.tested, p, 1.0))


def split(subject: Subject, asked: Asked) -> Found:
    """Select on one half of the rows, test on the other, and aggregate over the splits."""
    _check_model(subject)
    n_splits: int = asked.options["n_splits"]
    tests = _tests(subject, asked, n_splits)
    fewest = math.ceil(GAMMA_MIN * n_splits)
    columns = _columns(subject, asked, tests, fewest)
    p = tests.p_values()
    # A split that selects nothing has p-values of 1.
    adjusted = np.minimum(1.0, p * np.maximum(tests.n_selected, 1.0)[:, None])
    ends = [_interval(tests, j, asked.confidence_level) for j in columns.tolist()]
    lower, upper = np.array(ends).reshape(-1, 2).T
    estimate = _medians(tests.estimate, tests.tested, columns)
    error = _medians(tests.error, tests.tested, columns)
    sigmas = tests.sigma[tests.sigma > 0]  # without halves in which y does not vary
    counted = f" ({n_splits} splits; features that fewer than {fewest} select are left out)"
    return Found(
        columns,
        estimate,
        error,
        estimate / error,
        _aggregate(p[:, columns]),
        lower,
        upper,
        float(np.median(sigmas)) if sigmas.size else None,
        "residuals on the second halves, the median" if n_splits > 1 else "residuals",
        float(tests.degrees_of_freedom[0]) if n_splits == 1 else None,
        (LINEAR, NORMAL, HALF + counted),
        _aggregate(adjusted[:, columns]),
    )


def _columns(subject: Subject, asked: Asked, tests: _Tests, fewest: int) -> IndexArray:
    """Return the columns that enough splits have tested: all of them, or those asked for."""
    often = np.count_nonzero(tests.tested, axis=0)
    columns = np.flatnonzero(often >= fewest) if asked.features is None else asked.features
    rare = columns[often[columns] < fewest]
    if rare.size:
        raise ValueError(
            f"features must be selected by at least {fewest} of the {len(tests.tested)} halves for "
            f"method='split', and {subject.names_of(rare)} is not: nothing is known about it. "
            "method='debiased' tests every feature"
        )
    return columns


def _check_model(subject: Subject) -> None:
    """Refuse models that cannot be fitted to half of the rows as they were to all."""
    if subject.searched:
        raise ValueError(
            "method='split' fits the estimator to halves of the rows and must choose lambda_ on "
            "them, which the model of a search does not; use LassoRegressionCV or another CV "
            "estimator of sklearn_reg instead of the search"
        )
    cv = getattr(subject.model, "cv", None)
    if not (cv is None or isinstance(cv, Integral) or hasattr(cv, "split")):
        raise ValueError(
            "method='split' chooses folds within halves of the rows, and needs an estimator whose "
            f"cv is a number or a splitter, got rows of all data: {reprlib.repr(cv)}"
        )
    subject.check_rows(METHOD)
    if not subject.y.any():
        raise ValueError("y must vary for method='split', got the same value in every row")


def _tests(subject: Subject, asked: Asked, n_splits: int) -> _Tests:
    """Select and test in each split."""
    data = subject.data
    p, rows = data.n_features, subject.rows
    tests = _Tests(
        np.zeros((n_splits, p), dtype=bool), *np.zeros((2, n_splits, p)), *np.zeros((3, n_splits))
    )
    n_uncertain = 0
    for number in range(n_splits):
        order = rows[asked.random_state.permutation(rows.size)]
        first, second = np.sort(order[: rows.size // 2]), np.sort(order[rows.size // 2 :])
        selected, certified = _select(subject, first)
        n_uncertain += not certified
        _test(subject, second, selected, tests, number)
    if n_uncertain:
        warn(
            f"{n_uncertain} of {n_splits} fits to halves of the rows warned that they are not "
            "certified to tol, so that they may select other features. Remedy: solver='auto', a "
            "larger tol, or larger lambdas.",
            ConvergenceWarning,
        )
    return tests


def _rows_of(data: InMemory, rows: IndexArray) -> InMemory:
    """Copy some rows."""
    weights = None if data.weights is None else data.weights[rows]
    return InMemory(take_rows(data.X, rows), data.y[rows], weights)


def _select(subject: Subject, rows: IndexArray) -> tuple[IndexArray, bool]:
    """Fit the estimator to these rows; return what it selects, and whether it is certified."""
    half, model = _rows_of(subject.data, rows), subject.clone_of_model()
    weights = {} if half.weights is None else {"sample_weight": half.weights}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model.fit(half.X, np.ravel(half.Y), **weights)
        except Exception as error:
            error.add_note("It was raised by a fit to one half of the rows, of method='split'.")
            raise
    certified = not any(issubclass(one.category, ConvergenceWarning) for one in caught)
    return np.flatnonzero(np.atleast_2d(model.coef_)[0]), certified


def _test(
    subject: Subject, rows: IndexArray, selected: IndexArray, tests: _Tests, number: int
) -> None:
    """Test the selected features by least squares on these rows; write it down.

    Features whose coefficients these rows do not determine are not tested.
    """
    half = WhitenedRows.of(_rows_of(subject.data, rows), selected, subject.model.fit_intercept)
    basis, determined = _basis(half.A)
    n, k = len(half.A), basis.size
    left = n - k - int(subject.model.fit_intercept)
    if left < 1:
        raise ValueError(
            "method='split' needs more rows in each half than selected features and intercept, got "
            f"{k} features selected on {subject.n - n} rows and {n} rows to test them; use a "
            "larger lambda_, or rule='1se' in a CV estimator"
        )
    tests.n_selected[number], tests.degrees_of_freedom[number] = selected.size, left
    if not half.y.any():  # y does not vary in this half
        return
    fit = LeastSquares.of(half.A[:, basis], half.y)
    if is_nothing(fit.residual, half.y):
        raise ValueError(
            "method='split' found no error left on one half of the rows: the selected features "
            "explain y exactly, so that nothing has to be tested"
        )
    sigma = float(np.linalg.norm(fit.residual)) / math.sqrt(left)
    units, columns = half.units[basis[determined]], half.columns[basis[determined]]
    tests.tested[number, columns] = True
    tests.estimate[number, columns] = units * fit.w[determined]
    tests.error[number, columns] = units * sigma * fit.lengths[determined]
    tests.sigma[number] = half.unit * sigma


def _basis(A: FloatArray) -> tuple[IndexArray, BoolArray]:
    """Return independent columns that span all, and which of them have a coefficient of their own.

    Those that are part of a combination that is another column have none.
    """
    unit = A * inverse_roots(np.einsum("ij,ij->j", A, A))
    groups = dependences(unit.T @ unit) if A.shape[1] else []
    basis = np.setdiff1d(np.arange(A.shape[1]), [group[0] for group in groups])
    return basis, ~np.isin(basis, np.concatenate([basis[:0], *groups]))


def _aggregate(p: FloatArray) -> FloatArray:
    """Aggregate the p-values of the splits, the first axis."""
    n_splits = len(p)
    if n_splits == 1:
        return np.asarray(p[0])
    k = np.arange(math.ceil(GAMMA_MIN * n_splits), n_splits + 1)
    shares = np.sort(p, axis=0)[k - 1] * (n_splits / k)[:, None]
    return np.asarray(np.minimum(1.0, (1.0 - math.log(GAMMA_MIN)) * shares.min(axis=0)))


def _interval(tests: _Tests, j: int, level: float) -> tuple[float, float]:
    """Return the smallest interval that holds every value that is not rejected.

    A value is rejected if for some k at least k splits reject it at the level
    a k / (B (1 - log gamma_min)): if it is beyond the k-th smallest upper end of their intervals,
    or below the k-th largest lower end.
    """
    of = np.flatnonzero(tests.tested[:, j])
    estimate, error = tests.estimate[of, j], tests.error[of, j]
    n_splits, df = len(tests.tested), tests.degrees_of_freedom[of]
    k = np.arange(math.ceil(GAMMA_MIN * n_splits), of.size + 1)
    charge = 1.0 - math.log(GAMMA_MIN) if n_splits > 1 else 1.0
    alphas = (1.0 - level) * k / (n_splits * charge)
    half = error * stats.t.isf(0.5 * alphas[:, None], df)
    at = np.arange(k.size), k - 1
    upper = np.sort(estimate + half, axis=1)[at].min()
    lower = -np.sort(half - estimate, axis=1)[at].min()
    # Splits that contradict each other can reject every value: then what they contradict about.
    return min(float(lower), float(upper)), max(float(lower), float(upper))


def _medians(values: FloatArray, tested: BoolArray, columns: IndexArray) -> FloatArray:
    """Return the median over the splits that tested each column."""
    return np.array([np.median(values[tested[:, j], j]) for j in columns.tolist()])
