r"""Prediction intervals from the folds of a cross-validation: CV+ and the jackknife+ [1]_.

Row i has the residual R_i = |y_i - mu_k(x_i)| in the fold k that tests it. With n rows, the upper
end at a new x is the element of rank ceil((1 - alpha) (n + 1)) of the list mu_k(x) + R_i, one
element per row. The lower end is the same for -mu_k(x), negated.

With few folds the list is a union of a few sorted lists, each shifted by the prediction of its
fold, and bisection finds the element without building the list.

References
----------
.. [1] R. F. Barber, E. J. Candes, A. Ramdas, R. J. Tibshirani (2021). Predictive inference with the
   jackknife+. Annals of Statistics 49(1). https://doi.org/10.1214/20-AOS1965
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_reg._checks.values import check_confidence_level
from sklearn_reg._data.rows import Rows, rows_of, steps
from sklearn_reg._selection.curves import Curves
from sklearn_reg._selection.folds import RowFolds
from sklearn_reg._selection.leave_one_out import RidgeCoefs
from sklearn_reg._selection.scoring import not_tested_once
from sklearn_reg._selection.splits import Split
from sklearn_reg._tools.linalg import EPS, dense
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray, Matrix

# With so many rows per fold, bisection costs less than building the list of each new row.
ROWS_PER_FOLD = 200
# Arrays of bisection hold so many numbers for each new row and fold.
BISECTED = 8
Labels = NDArray[Any]  # the fold of each row, in the smallest integer type that holds it


class PredictionInterval(NamedTuple):
    """Lower and upper ends of prediction intervals, one interval per row and target.

    Attributes
    ----------
    lower, upper : ndarray of shape (n_samples,) or (n_samples, n_targets)
        The ends, in the unit of y.

    See Also
    --------
    LassoRegressionCV.predict_interval : The method that returns it, with formula and guarantee.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import LassoRegressionCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = LassoRegressionCV().fit(X[:-3], y[:-3])
    >>> lower, upper = model.predict_interval(X[-3:])
    >>> [(round(a), round(b)) for a, b in zip(lower.tolist(), upper.tolist())]
    [(30, 215), (118, 303), (-44, 142)]
    """

    lower: FloatArray
    upper: FloatArray


class HeldOut(NamedTuple):
    """What intervals need of a fit: the residual of each row in the fold that tests it."""

    fold: Labels  # the fold that tests each row
    residuals: FloatArray  # their sizes, of shape (n_samples, n_targets)
    kind: int  # the place of the chosen l1_ratio and relax
    at: IndexArray  # the index of the chosen lambda of each target


def rank_of(confidence_level: Any, n_rows: int) -> int:
    """Return ceil(confidence_level (n_rows + 1)), the rank of the upper end; at most n_rows."""
    level = check_confidence_level(confidence_level)
    rank = _rank(level, n_rows)
    if rank > n_rows:
        needed = max(1, int(level / (1.0 - level)) - 1)
        while _rank(level, needed) > needed:
            needed += 1
        raise ValueError(
            f"confidence_level must be at most {n_rows}/{n_rows + 1} with the {n_rows} rows of "
            f"the fit, got {confidence_level!r}, which needs at least {needed} rows"
        )
    return rank


def _rank(level: float, n_rows: int) -> int:
    """Return the rank; a product that rounding puts above an integer counts as this integer."""
    return max(1, ceil(level * (n_rows + 1) * (1.0 - 4.0 * EPS)))


def folds_of_rows(splits: Sequence[Split], n_rows: int) -> Labels | str:
    """Return the fold that tests each row, or what the splits would have to be.

    No splits stand for leave-one-out.
    """
    if not splits:
        return np.arange(n_rows, dtype=np.min_scalar_type(n_rows))
    none = len(splits)
    folds: Labels = np.full(n_rows, none, dtype=np.min_scalar_type(none))
    for fold, split in enumerate(splits):
        folds[split.test] = fold
    if sum(split.test.size for split in splits) != n_rows or (folds == none).any():
        fault = not_tested_once(splits, n_rows)
        return f"a cv that tests each row exactly once, as KFold and LeaveOneOut do, got {fault}"
    for fold, split in enumerate(splits):
        if not _trains_on_the_rest(split, folds, fold):
            return (
                "a cv that trains each fold once on every row that the fold does not test, as "
                f"KFold and LeaveOneOut do, got other training rows in fold {fold}"
            )
    return folds


def _trains_on_the_rest(split: Split, folds: Labels, fold: int) -> bool:
    """Whether the training rows are all rows that are not tested, each once."""
    rows = split.train
    if rows.size + split.test.size != folds.size or (folds[rows] == fold).any():
        return False
    return bool((rows[1:] > rows[:-1]).all()) or np.unique(rows).size == rows.size


def hold_out(folds: RowFolds, fold: Labels, curves: Curves, kind: int, at: IndexArray) -> HeldOut:
    """Compute the residual of each row in the fold that tests it, at the chosen lambdas."""
    residuals = np.empty(folds.Y.shape)
    for target, k in enumerate(at):
        if curves.test.shape[2] == len(fold):  # the error of a fold is the square of one residual
            residuals[:, target] = np.sqrt(curves.test[kind, k, :, target])[fold]
            continue
        W = _coefs_at(curves.coefs[kind], k, target, len(folds.Y[0]))
        b = np.array([of_fold[k, target] for of_fold in curves.intercepts[kind]])
        predicted = _fitted_in_folds(folds.rows, fold, W) + b[fold]
        residuals[:, target] = np.abs(folds.Y[:, target] - predicted)
    return HeldOut(fold, residuals, kind, at)


def _coefs_at(coefs: Sequence[Matrix], at: int, target: int, n_targets: int) -> FloatArray:
    """Return the coefficients of each fold for one lambda and target: (n_folds, n_features)."""
    row = at * n_targets + target
    if isinstance(coefs, RidgeCoefs):
        return coefs.of_all_folds(at, target)
    return np.concatenate([dense(W[row : row + 1]) for W in coefs])


def _fitted_in_folds(rows: Rows, fold: Labels, W: FloatArray) -> FloatArray:
    """Return x_i.w of each row, with the coefficients w of its fold."""
    fitted = np.empty(len(fold))
    if not rows.few_rows_are_cheap:
        for k, w in enumerate(W):
            mine = fold == k
            fitted[mine] = rows.fitted(w)[mine]
        return fitted
    for part in steps(*rows.shape):  # one thread: small products cost less than waiting for others
        X, here = rows.X[part], fold[part]
        if (here == here[0]).all():
            fitted[part] = np.einsum("ij,j->i", X, W[here[0]])
        else:
            fitted[part] = np.einsum("ij,ij->i", X, W[here])
    return fitted


def interval_ends(
    X: Matrix,
    held_out: HeldOut,
    coefs: Sequence[Matrix],
    intercepts: FloatArray,
    rank: int,
) -> tuple[FloatArray, FloatArray]:
    """Return the lower and upper ends for each row of X, of shape (n_samples, n_targets).

    `coefs` are those of the chosen kind, by fold; `intercepts` have shape (n_lambdas, n_folds,
    n_targets).
    """
    n_targets = len(held_out.at)
    X = X.tocsr() if hasattr(X, "tocsr") else X
    lower, upper = np.empty((2, X.shape[0], n_targets))
    for target, k in enumerate(held_out.at):
        W, b = _coefs_at(coefs, k, target, n_targets), intercepts[k, :, target]
        ranked = Ranked(held_out.fold, held_out.residuals[:, target], len(W), rank)
        for part in steps(X.shape[0], ranked.numbers_per_row):
            centres = rows_of(X[part]).fitted_by(W) + b
            upper[part, target] = ranked.about(centres)
            lower[part, target] = -ranked.about(-centres)
    return lower, upper


class Ranked:
    """The element of a given rank of the list c_k + R_i, with k the fold of row i.

    Parameters
    ----------
    fold : ndarray of shape (n_rows,)
        The fold of each row.
    residuals : ndarray of shape (n_rows,)
        R_i.
    n_folds : int
    rank : int
        From 1 to n_rows.
    """

    def __init__(self, fold: Labels, residuals: FloatArray, n_folds: int, rank: int) -> None:
        self.rank = rank
        order = np.lexsort((residuals, fold))
        self.residuals = residuals[order]
        self.sizes = np.bincount(fold, minlength=n_folds)
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.bisects = len(fold) > ROWS_PER_FOLD * n_folds
        self.pooled = np.partition(residuals, rank - 1)[rank - 1]

    @property
    def numbers_per_row(self) -> int:
        """The numbers in memory for each new row."""
        return BISECTED * self.sizes.size if self.bisects else self.residuals.size

    def about(self, centres: FloatArray) -> FloatArray:
        """Return the element for each row of `centres`, of shape (n_new, n_folds)."""
        return self.by_bisection(centres) if self.bisects else self.by_lists(centres)

    def by_lists(self, centres: FloatArray) -> FloatArray:
        """Build the list of each new row."""
        lists = np.repeat(centres, self.sizes, axis=1)
        lists += self.residuals
        lists.partition(self.rank - 1, axis=1)
        return lists[:, self.rank - 1]

    def by_bisection(self, centres: FloatArray) -> FloatArray:
        """Bisect the sorted residuals of all folds.

        Rounded sums are monotone, so the element of this rank is between those of lists whose
        centres are all the smallest, or all the largest. A pivot of the widest range that is left
        replaces one of its ends, until the pivot has the rank.
        """
        answers, new = np.empty(len(centres)), np.arange(len(centres))
        stops = np.tile(self.starts + self.sizes, (len(centres), 1))
        starts = np.tile(self.starts, (len(centres), 1))
        starts = self._count(centres, centres.min(axis=1) + self.pooled, starts, stops, np.less)
        stops = self._count(
            centres, centres.max(axis=1) + self.pooled, starts, stops, np.less_equal
        )
        while new.size:
            widest = (stops - starts).argmax(axis=1)
            at = np.arange(new.size), widest
            pivots = centres[at] + self.residuals[(starts[at] + stops[at]) // 2]
            below = self._count(centres, pivots, starts, stops, np.less)
            up_to = self._count(centres, pivots, below, stops, np.less_equal)
            too_large = (below - self.starts).sum(axis=1) >= self.rank
            too_small = (up_to - self.starts).sum(axis=1) < self.rank
            left = too_large | too_small
            answers[new[~left]] = pivots[~left]
            stops = np.where(too_large[:, None], below, stops)[left]
            starts = np.where(too_large[:, None], starts, up_to)[left]
            new, centres = new[left], centres[left]
        return answers

    def _count(
        self,
        centres: FloatArray,
        values: FloatArray,
        starts: IndexArray,
        stops: IndexArray,
        compare: Callable[[FloatArray, FloatArray], BoolArray],
    ) -> IndexArray:
        """Return the ends of the residuals R of each fold with `compare(c + R, value)`.

        They are between `starts` and `stops`.
        """
        last = self.residuals.size - 1
        while (starts < stops).any():
            middle = (starts + stops) // 2
            sums = centres + self.residuals[np.minimum(middle, last)]
            inside = (starts < stops) & compare(sums, values[:, None])
            starts, stops = np.where(inside, middle + 1, starts), np.where(inside, stops, middle)
        return starts
