"""Advice on which penalty to try first, with the figures behind it."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.stats import f as f_distribution
from sklearn.model_selection import KFold

from sklearn_reg._checks.parameters import check_rows, check_sample_weight
from sklearn_reg._checks.values import overflow_explained
from sklearn_reg._data.rows import rows_of, take_rows
from sklearn_reg._fitting.report import advice_frame, advice_summary, as_html, as_text
from sklearn_reg._tools.linalg import EPS
from sklearn_reg._tools.typing import FloatArray, IndexArray, Matrix
from sklearn_reg.model_selection import (
    ElasticNetRegressionCV,
    LassoRegressionCV,
    RidgeRegressionCV,
)
from sklearn_reg.moments import Moments
from sklearn_reg.path import regularization_path

FEWEST = 10  # rows: with fewer, a fold of five tests one row
N_FOLDS = 5
N_LAMBDAS = 30  # enough to compare penalties: errors are flat near their minimum
MOST_COLUMNS = 500  # whose correlations are computed
CORRELATED = 0.9
REPEATED = 1.0 - 1e-10
UNIT = (0.5, 2.0)  # standard deviations of columns that need no standardize=True
SMALL, N_REPEATS = 1000, 3  # with fewer rows the comparison averages over several splits
UNLIKELY = 1e-3  # the probability below which rows do not look as if they were shuffled
INTERCHANGEABLE = 78  # samples per feature, by Knight and Bajaj
MIXED = 0.5  # the l1_ratio of the elastic net that is compared
RATIOS = (0.1, 0.5, 0.9)  # those that the suggested elastic net tries

PENALTIES = {
    "ridge": RidgeRegressionCV,
    "lasso": LassoRegressionCV,
    "elastic net": ElasticNetRegressionCV,
}
Figures = dict[str, Any]


class PenaltyAdvice(NamedTuple):
    """Which penalty to try first, the figures behind it, and what to compare it with.

    Attributes
    ----------
    penalty : {"ridge", "lasso", "elastic net"}
        The penalty to try first.
    rule : {"min", "1se"}
        The rule by which its lambda is chosen: "min", or "1se" if no penalty is found to predict
        better than the mean of y.
    estimator : RidgeRegressionCV, LassoRegressionCV or ElasticNetRegressionCV
        An estimator with these choices, not fitted. It has `standardize=True` if the standard
        deviation of a column is below 0.5 or above 2, and shuffled folds if the rows do not look
        shuffled.
    reasons : list of str
        Sentences, each with its figure.
    figures : dict
        All figures by name; None where a figure is not defined.
    alternatives : list
        The other two estimators, not fitted, with the same folds: what to compare it with.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import penalty_advice
    >>> advice = penalty_advice(*load_diabetes(return_X_y=True))
    >>> advice.penalty, advice.rule, advice.estimator
    ('ridge', 'min', RidgeRegressionCV(standardize=True))
    >>> print(advice.reasons[1])  # doctest: +NORMALIZE_WHITESPACE
    On the same folds the error of ridge is 0.5069, that of the lasso 0.5073:
    the difference is 0.5 standard errors and may be chance. Then the question
    decides: the lasso for a short list of features, ridge to use all of them.
    >>> advice.to_frame()["cv_error"].round(2).to_dict()
    {'mean of y': 1.0, 'ridge': 0.51, 'lasso': 0.51, 'elastic net': 0.51}
    """

    penalty: str
    rule: str
    estimator: Any
    reasons: list[str]
    figures: Figures
    alternatives: list[Any]

    def to_frame(self) -> Any:
        """Return a table of the comparison, with one row per penalty.

        Returns
        -------
        DataFrame
            Columns "cv_error", a share of the error of the mean of y; "difference" from the
            penalty with the smallest error and "standard_error" of that difference; "size", the
            number of non-zero coefficients, or the degrees of freedom of ridge.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return advice_frame(self)

    def __repr__(self) -> str:
        return as_text("PenaltyAdvice", advice_summary(self), self._fields)

    def _repr_html_(self) -> str:
        return as_html("Which penalty to try first", advice_summary(self))


def penalty_advice(
    X: Matrix, y: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> PenaltyAdvice:
    """Say which penalty to try first: ridge, the lasso or the elastic net, and why.

    It is advice on what to try first. It compares the three by a short cross-validation, looks at
    the correlations of the columns, and returns its figures. To decide, compare `estimator` with
    `alternatives` on rows that took no part.

    Parameters
    ----------
    X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
        Data, at least 10 rows.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Targets. Several count alike, whatever their units.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights; None means equal ones.

    Returns
    -------
    PenaltyAdvice
        `penalty`, `rule`, `estimator`, `reasons`, `figures` and `alternatives`.

    Raises
    ------
    ValueError, TypeError
        If the data are not valid, if fewer than 10 rows have a positive weight, or if no column of
        X or of y varies.

    Notes
    -----
    Ridge, the lasso and the elastic net with `l1_ratio=0.5` are cross-validated on standardised
    columns and y, with 30 lambdas and the same 5 shuffled folds; with fewer than 1000 rows three
    times, with other folds each time. The error of a row is the squared error of the fold that
    tests it, at the lambda with the smallest mean error, divided by the mean squared error of the
    mean of y. The difference of two penalties is the mean of the differences of all rows. Its
    standard error takes the rows as independent, which they nearly are.

    The choice follows three rules:

    1. Of ridge and the lasso, the one with the smaller error.
    2. The elastic net instead, if its error is smaller by more than one standard error; or if two
       or more columns have a correlation above 0.9 with another one and its error is not larger by
       more than one standard error (the grouping of Zou and Hastie 2005). It has one more number
       to choose, so it must earn that.
    3. The rule "min". But "1se" if the smallest of the three errors is not below that of the mean
       of y by more than one standard error.

    What an `l1_ratio` between 0 and 1 means depends on the unit of y. The suggested elastic net
    tries the three that are 0.1, 0.5 and 0.9 for y divided by its standard deviation (the geometric
    mean of those of several targets).

    Correlations are those of all columns that vary, if there are at most 500 of them; else of the
    500 with the largest absolute correlation with a target. They depend on nothing random. A
    condition number is the ratio of the largest to the smallest eigenvalue of the correlation
    matrix, and the effective rank is the exponential of the entropy of its eigenvalues.

    References
    ----------
    R. Tibshirani (1996). Regression shrinkage and selection via the lasso. J. Royal Statistical
    Society B 58(1). https://doi.org/10.1111/j.2517-6161.1996.tb02080.x

    H. Zou, T. Hastie (2005). Regularization and variable selection via the elastic net. J. Royal
    Statistical Society B 67(2). https://doi.org/10.1111/j.1467-9868.2005.00503.x

    O. Roy, M. Vetterli (2007). The effective rank: a measure of effective dimensionality. 15th
    European Signal Processing Conference.

    T. Hastie, R. Tibshirani, R. Tibshirani (2020). Best subset, forward stepwise or lasso?
    Analysis and recommendations based on extensive comparisons. Statistical Science 35(4).
    https://doi.org/10.1214/19-STS733

    B. S. Knight, A. Bajaj (2026). Choosing the right regularizer for applied ML: simulation
    benchmarks of popular scikit-learn regularization frameworks. https://arxiv.org/abs/2604.03541

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_reg import penalty_advice
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 30))
    >>> y = 2 * X[:, 0] - X[:, 1] + rng.normal(size=100)
    >>> advice = penalty_advice(X, y)
    >>> advice.penalty, advice.figures["lasso_features_1se"]
    ('lasso', 2)
    >>> y = X @ rng.normal(size=30) + rng.normal(size=100)
    >>> penalty_advice(X, y).penalty
    'ridge'
    """
    X, Y, weights = _checked(X, y, sample_weight)
    with overflow_explained(lambda: {"X": X, "y": Y}):
        columns = _columns(X, Y, weights)
        unequal = not _near_one(columns["smallest_scale"], columns["largest_scale"])
        scales = _scales(Y, weights)
        unit = float(np.exp(np.mean(np.log(scales))))
        rows = _Rows(X, Y / scales, weights, unit, unequal, not _look_shuffled(Y / scales))
        compared = _compare(rows)
    figures = _sizes(X, Y) | {"target_scale": unit} | columns | compared
    penalty = _choose(figures)
    rule = "min" if figures["gain"] > figures["gain_se"] else "1se"
    others = [other for other in PENALTIES if other != penalty]
    return PenaltyAdvice(
        penalty,
        rule,
        _suggested(penalty, rule, rows),
        _reasons(penalty, figures, rows),
        figures,
        [_suggested(other, rule, rows) for other in others],
    )


class _Rows(NamedTuple):
    """Rows with positive weights, targets in standard deviations, and how to read them."""

    X: Matrix
    Y: FloatArray
    weights: FloatArray
    unit: float  # the standard deviation by which y was divided
    standardize: bool
    shuffle: bool

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of estimators that differ from the defaults."""
        options: dict[str, Any] = {"standardize": True} if self.standardize else {}
        if self.shuffle:
            options["cv"] = _folds(0)
        return options


def _folds(seed: int) -> KFold:
    return KFold(N_FOLDS, shuffle=True, random_state=seed)


def _checked(
    X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[Matrix, FloatArray, FloatArray]:
    """Return rows with positive weights; y has shape (n_samples, n_targets), each varies."""
    X, y = check_rows(X, y, sample_weight)
    given = check_sample_weight(sample_weight, X.shape[0])
    weights = np.ones(X.shape[0]) if given is None else given
    kept = np.flatnonzero(weights)
    if kept.size < FEWEST:
        raise ValueError(
            f"X must have at least {FEWEST} rows with a positive weight for penalty_advice, got "
            f"{kept.size}; with so few rows cross-validation cannot compare penalties"
        )
    if kept.size < weights.size:
        X = take_rows(X, kept)
    Y = np.asarray(y, dtype=np.float64).reshape(weights.size, -1)[kept]
    varies = np.ptp(Y, axis=0) > 0
    if not varies.any():
        raise ValueError(f"y must vary for penalty_advice, got {Y[0, 0]} in every row")
    return X, Y[:, varies], weights[kept] / weights[kept].sum()


def _scales(Y: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the standard deviations of the targets, which all vary."""
    ranges = np.ptp(Y, axis=0)
    shares = (Y - Y.min(axis=0)) / ranges  # squares of these neither overflow nor vanish
    return np.asarray(ranges * np.sqrt(weights @ np.square(shares - weights @ shares)))


def _near_one(smallest: float, largest: float) -> bool:
    return UNIT[0] <= smallest <= largest <= UNIT[1]


def _sizes(X: Matrix, Y: FloatArray) -> Figures:
    """Return the sizes of the data."""
    n, p = X.shape
    return {
        "n_samples": n,
        "n_features": p,
        "samples_per_feature": n / p,
        "n_targets": Y.shape[1],
        "is_sparse": bool(sparse.issparse(X)),
    }


def _columns(X: Matrix, Y: FloatArray, weights: FloatArray) -> Figures:
    """Return figures about the columns of X: scales, correlations, conditioning."""
    deviations = np.sqrt(rows_of(X).spread(weights)[1])  # 0 for constant columns, as in fits
    varies = np.flatnonzero(deviations)
    if not varies.size:
        raise ValueError("X must have a column that varies for penalty_advice, got constants only")
    scales = deviations[varies]
    examined = _strongest(X, Y, weights, deviations, varies)
    gram = Moments.from_data(X[:, examined], Y[:, 0], weights).gram
    roots = np.sqrt(np.diag(gram))
    correlations = gram / np.outer(roots, roots)
    return {
        "smallest_scale": float(scales.min()),
        "largest_scale": float(scales.max()),
        "constant_columns": int(deviations.size - varies.size),
        "columns_examined": int(examined.size),
        **_collinearity(correlations),
        **_conditioning(correlations, len(Y)),
    }


def _strongest(
    X: Matrix, Y: FloatArray, weights: FloatArray, deviations: FloatArray, varies: IndexArray
) -> IndexArray:
    """Return the columns whose correlations are computed: all, or the most related to a target."""
    if varies.size <= MOST_COLUMNS:
        return varies
    centred = Y - weights @ Y
    centred /= np.sqrt(weights @ np.square(centred))
    related = np.abs(X.T @ (weights[:, None] * centred)).max(axis=1)[varies] / deviations[varies]
    order = np.argsort(-related, kind="stable")[:MOST_COLUMNS]
    return np.asarray(np.sort(varies[order]))


def _collinearity(correlations: FloatArray) -> Figures:
    """Return figures about pairs of columns."""
    sizes = np.abs(correlations)
    np.fill_diagonal(sizes, 0.0)
    repeats = np.triu(sizes >= REPEATED).any(axis=0)
    return {
        "largest_correlation": float(min(sizes.max(), 1.0)),
        "correlated_columns": int(np.count_nonzero(sizes.max(axis=0) > CORRELATED)),
        "repeated_columns": int(np.count_nonzero(repeats)),
    }


def _conditioning(correlations: FloatArray, n_rows: int) -> Figures:
    """Return the condition number, None if the columns depend on each other, and ranks."""
    eigenvalues = np.linalg.eigvalsh(correlations)[::-1]
    rounding = 16 * max(n_rows, len(eigenvalues)) * EPS * eigenvalues[0]
    positive = eigenvalues[eigenvalues > rounding]
    shares = positive / positive.sum()
    full = positive.size == eigenvalues.size
    return {
        "rank": int(positive.size),
        "effective_rank": float(np.exp(-np.sum(shares * np.log(shares)))),
        "condition_number": float(positive[0] / positive[-1]) if full else None,
    }


def _look_shuffled(Y: FloatArray) -> bool:
    """Whether the means of y in the blocks that are the default folds differ by chance only."""
    blocks = np.array_split(Y, N_FOLDS)
    means = np.array([block.mean(axis=0) for block in blocks])
    counts = np.array([len(block) for block in blocks])
    between = counts @ np.square(means - Y.mean(axis=0)) / (N_FOLDS - 1)
    within = sum(np.sum(np.square(block - block.mean(axis=0)), axis=0) for block in blocks)
    within = np.asarray(within) / (len(Y) - N_FOLDS)
    ratios = between / np.maximum(within, EPS * between)
    chances = f_distribution.sf(ratios, N_FOLDS - 1, len(Y) - N_FOLDS)
    return bool(chances.min() * Y.shape[1] > UNLIKELY)


def _compare(rows: _Rows) -> Figures:
    """Cross-validate the three penalties on the same folds."""
    repeats = range(N_REPEATS if len(rows.Y) < SMALL else 1)
    splits = [_cross_validated(rows, _folds(seed)) for seed in repeats]
    errors = {name: np.mean([split[0][name] for split in splits], axis=0) for name in splits[0][0]}
    means = {name: float(rows.weights @ errors[name]) for name in PENALTIES}
    best = min(means, key=means.__getitem__)
    better = min(("lasso", "ridge"), key=means.__getitem__)
    found: Figures = {f"cv_error_{_key(name)}": mean for name, mean in means.items()}
    pairs = {f"above_best_{_key(name)}": (name, best) for name in PENALTIES} | {
        "gain": ("null", best),
        "lasso_over_ridge": ("ridge", "lasso"),
        "elastic_net_over_better": (better, "elastic net"),
    }
    for title, (larger, smaller) in pairs.items():
        difference = errors[larger] - errors[smaller]
        found[title], found[f"{title}_se"] = _mean_and_error(difference, rows.weights)
    return found | _complexity(splits[0][1], rows)


def _cross_validated(rows: _Rows, folds: KFold) -> tuple[dict[str, FloatArray], dict[str, Any]]:
    """Return the errors of each row, divided by the mean error of the mean of y, and the models."""
    null = np.empty_like(rows.Y)
    for train, test in folds.split(rows.Y):
        null[test] = rows.Y[test] - np.average(rows.Y[train], axis=0, weights=rows.weights[train])
    shares = 1.0 / (rows.weights @ np.square(null)) / rows.Y.shape[1]
    models = {name: _fitted(Estimator, rows, folds) for name, Estimator in PENALTIES.items()}
    errors = {
        name: np.square(rows.Y - model.cv_predictions_.reshape(rows.Y.shape)) @ shares
        for name, model in models.items()
    }
    return {"null": np.square(null) @ shares} | errors, models


def _key(name: str) -> str:
    return name.replace(" ", "_")


def _fitted(Estimator: Any, rows: _Rows, folds: KFold) -> Any:
    """Cross-validate one penalty on a short grid."""
    options: dict[str, Any] = {"cv": folds, "standardize": True, "store_cv_predictions": True}
    if Estimator is ElasticNetRegressionCV:
        options["l1_ratio"] = MIXED
    if Estimator is not RidgeRegressionCV and rows.X.shape[1] >= rows.X.shape[0]:
        options["eps"] = 1e-2  # as glmnet: beyond it a wide lasso interpolates
    model = Estimator(N_LAMBDAS, **options)
    y = rows.Y[:, 0] if rows.Y.shape[1] == 1 else rows.Y
    with warnings.catch_warnings():
        # They are about the ends of a grid, which is short here, and about digits that a
        # comparison does not need.
        warnings.simplefilter("ignore", UserWarning)
        return model.fit(rows.X, y, sample_weight=rows.weights)


def _mean_and_error(values: FloatArray, weights: FloatArray) -> tuple[float, float]:
    """Return a weighted mean, and its standard error for independent rows."""
    mean = float(weights @ values)
    square = float(np.square(weights) @ np.square(values - mean))
    return mean, float(np.sqrt(square * len(values) / (len(values) - 1)))


def _complexity(models: dict[str, Any], rows: _Rows) -> Figures:
    """Return how many features the models use, and how much the first few of them explain."""
    ridge, lasso, net = models.values()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        shared: dict[str, Any] = {
            "sample_weight": rows.weights,
            "standardize": True,
        }
        at = [float(ridge.lambda_)]
        freedom = regularization_path(rows.X, rows.Y[:, 0], at, 0.0, **shared).degrees_of_freedom
        path = regularization_path(rows.X, rows.Y, lasso.lambdas_, **shared)
    counts = np.count_nonzero(np.any(path.coefs != 0, axis=1), axis=1)
    losses = lasso.relative_mse_path_ if rows.Y.shape[1] > 1 else lasso.mse_path_
    explained = losses.mean(axis=1)[0] - losses.mean(axis=1)
    few = max(1, min(10, rows.X.shape[1] // 5))
    one_se = int(np.flatnonzero(lasso.lambdas_ == lasso.lambda_1se_)[0])
    best = float(explained.max())
    share = float(explained[counts <= max(few, counts.min())].max() / best) if best > 0 else None
    return {
        "ridge_degrees_of_freedom": float(freedom[0]),
        "lasso_features": int(np.count_nonzero(np.any(np.atleast_2d(lasso.coef_), axis=0))),
        "lasso_features_1se": int(counts[one_se]),
        "elastic_net_features": int(np.count_nonzero(np.any(np.atleast_2d(net.coef_), axis=0))),
        "few": few,
        "share_in_few": share,
    }


def _choose(figures: Figures) -> str:
    """Return the penalty to try first."""
    gain, error = figures["elastic_net_over_better"], figures["elastic_net_over_better_se"]
    grouped = figures["correlated_columns"] >= 2
    if gain > error or (grouped and gain >= -error):
        return "elastic net"
    return "lasso" if figures["lasso_over_ridge"] > 0 else "ridge"


def _suggested(penalty: str, rule: str, rows: _Rows) -> Any:
    """Return an estimator with the suggested arguments, not fitted."""
    options = rows.options | ({"rule": rule} if rule != "min" else {})
    if penalty == "elastic net":
        options["l1_ratio"] = list(_ratios(rows.unit))
    return PENALTIES[penalty](**options)


def _ratios(unit: float) -> tuple[float, ...]:
    """Return the l1_ratios for y that are `RATIOS` for y divided by its standard deviation.

    With y = unit y' and w = unit w', unit^2 times the penalty lambda' (r |w'| + (1 - r)/2 w'^2) is
    lambda' (unit r |w| + (1 - r)/2 w^2): the share of L1 in it is unit r / (unit r + 1 - r).
    """
    if _near_one(unit, unit):
        return RATIOS
    odds = [float(f"{unit * ratio / (1.0 - ratio):.2g}") for ratio in RATIOS]
    return tuple(float(f"{odd / (1.0 + odd):.4g}") for odd in odds)


def _reasons(penalty: str, figures: Figures, rows: _Rows) -> list[str]:
    """Return sentences, each with its figure: the comparison first."""
    return [
        *_on_the_signal(figures),
        *_on_the_comparison(penalty, figures),
        *_on_features(figures),
        *_on_columns(figures),
        *_on_rows(figures, rows),
    ]


def _on_the_signal(figures: Figures) -> list[str]:
    smallest = min(figures[f"cv_error_{_key(name)}"] for name in PENALTIES)
    if figures["gain"] > figures["gain_se"]:
        return [
            f"The features explain part of y: the smallest cross-validation error is "
            f"{smallest:.3g} of that of the mean of y."
        ]
    return [
        f"Nothing is explained beyond chance: the smallest cross-validation error is {smallest:.3g}"
        f" of that of the mean of y (standard error {figures['gain_se']:.2g}). The rule '1se' then "
        "keeps to the mean of y or near it."
    ]


def _on_the_comparison(penalty: str, figures: Figures) -> list[str]:
    """Say how the penalties compare, and why the elastic net, where it is."""
    gain, error = figures["lasso_over_ridge"], figures["lasso_over_ridge_se"]
    better, worse = ("the lasso", "ridge") if gain > 0 else ("ridge", "the lasso")
    apart = "is clear"
    if abs(gain) <= 2 * error:
        apart = (
            "may be chance. Then the question decides: the lasso for a short list of features, "
            "ridge to use all of them"
        )
    said = [
        f"On the same folds the error of {better} is {_of(figures, better)}, that of {worse} "
        f"{_of(figures, worse)}: the difference is {_in_errors(abs(gain), error)} and {apart}."
    ]
    gain, error = figures["elastic_net_over_better"], figures["elastic_net_over_better_se"]
    way = "smaller" if gain > 0 else "larger"
    said.append(
        f"The error of the elastic net with l1_ratio={MIXED:g} is {_of(figures, 'elastic net')}, "
        f"{way} than the better of these by {_in_errors(abs(gain), error)}."
    )
    if penalty == "elastic net" and gain <= error:
        said.append(
            "It predicts about as well as the better one, and keeps correlated columns together: "
            f"{figures['correlated_columns']} columns have a correlation above {CORRELATED:g} with "
            "another one."
        )
    return said


def _of(figures: Figures, name: str) -> str:
    return f"{figures['cv_error_' + _key(name.removeprefix('the '))]:.4g}"


def _in_errors(size: float, error: float) -> str:
    return f"{size / error:.1f} standard errors" if error > 0 else "0 standard errors"


def _on_features(figures: Figures) -> list[str]:
    """Say how many features the signal needs."""
    said = [
        f"At its best lambda the lasso uses {figures['lasso_features']} of "
        f"{figures['n_features']} features, and {figures['lasso_features_1se']} by the 1-SE rule; "
        f"ridge has {figures['ridge_degrees_of_freedom']:.3g} degrees of freedom."
    ]
    if figures["share_in_few"] is not None and figures["gain"] > figures["gain_se"]:
        said.append(
            f"With at most {figures['few']} features the lasso explains "
            f"{figures['share_in_few']:.0%} of what it explains at best, on rows that it has not "
            "seen."
        )
    return said


def _on_columns(figures: Figures) -> list[str]:
    """Say how far the columns depend on each other, and whether their scales differ."""
    examined = figures["columns_examined"]
    among = f"{examined} columns"
    if examined < figures["n_features"] - figures["constant_columns"]:
        among = f"the {examined} columns with the largest correlations with y"
    condition = figures["condition_number"]
    said = [
        f"The largest absolute correlation among {among} is {figures['largest_correlation']:.2g}; "
        + (
            f"the condition number of their correlation matrix is {condition:.2g}."
            if condition is not None
            else f"they depend on each other: the rank is {figures['rank']}."
        )
    ]
    if figures["repeated_columns"]:
        said.append(
            f"{figures['repeated_columns']} columns repeat another one up to sign and scale: a "
            "lasso may take either, ridge and the elastic net share the weight."
        )
    smallest, largest = figures["smallest_scale"], figures["largest_scale"]
    if not _near_one(smallest, largest):
        said.append(
            f"The standard deviations of the columns go from {smallest:.2g} to {largest:.2g}, so "
            "standardize=True: a penalty depends on the units of columns."
        )
    return said


def _on_rows(figures: Figures, rows: _Rows) -> list[str]:
    """Say what the number, the order and the targets of the rows mean."""
    said = []
    if figures["samples_per_feature"] >= INTERCHANGEABLE:
        said.append(
            f"There are {figures['samples_per_feature']:.0f} samples per feature. From "
            f"{INTERCHANGEABLE} on, simulations found the three nearly the same for prediction "
            "(Knight and Bajaj 2026)."
        )
    if rows.shuffle:
        said.append(
            f"The means of y in {N_FOLDS} blocks of neighbouring rows differ more than chance "
            f"explains (p < {UNLIKELY:g}), so the folds are shuffled. If the rows are in order of "
            "time, or in groups, shuffled folds are too optimistic: pass your own cv."
        )
    if not _near_one(rows.unit, rows.unit):
        said.append(
            "What an l1_ratio between 0 and 1 means depends on the unit of y, whose standard "
            f"deviation is {rows.unit:.2g}. Those of the elastic net here are {RATIOS} for y "
            "divided by it."
        )
    if figures["n_targets"] > 1:
        said.append(
            f"The {figures['n_targets']} targets were compared in standard deviations. They share "
            "lambda: divide each by its standard deviation too, or set lambda_per_target=True."
        )
    return said
