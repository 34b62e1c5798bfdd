"""Leave-one-out paths of small lassos and elastic nets, from one set of moments.

Without row i the centred Gram matrix of n rows of weight one is G - n / (n - 1) d d', with d the
distance of the row from the means. That is a difference, which keeps its digits where the row is
not most of a column; elsewhere this way is not taken.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._data.units import View
from sklearn_reg._selection.folds import RowFolds
from sklearn_reg._selection.leave_one_out import LeftOut
from sklearn_reg._solvers.batch import (
    LARGEST_BLOCK,
    Common,
    PathSolution,
    Problems,
    bounds_of,
    solve_batch,
    suits_batch,
)
from sklearn_reg._tools.linalg import EPS, dense, inverse_roots
from sklearn_reg._tools.typing import FloatArray

# A column or target that has no more than this share of its square without a row is not taken.
SMALLEST_SHARE = 1e-4


def leave_one_out_sparse(
    folds: RowFolds, penalty: UnitPenalty, lambdas: FloatArray, tol: float
) -> LeftOut | None:
    """Return all folds of leave-one-out, or None where this way is not sure.

    Rows must have equal weights.
    """
    view, n = folds.whole(penalty), len(folds.Y)
    centred, standardize = folds.preprocessing
    if n < 3 or (standardize and not centred):
        return None
    if not suits_batch(view, penalty, lambdas):
        return None
    common = Common(penalty.weights, penalty.bounds is not None, tol)
    most = max(1, LARGEST_BLOCK // (lambdas.size * view.design.n_features))
    parts = []
    for start in range(0, n, most):
        rows = _Rows(folds, view, slice(start, start + most))
        if not rows.keep_digits():
            return None
        found = [solve_batch(problems, common) for problems in rows.problems(penalty, lambdas)]
        if not all(solution.sure.all() for solution in found):
            return None
        parts.append(rows.left_out(found, penalty))
    train, test, gaps, intercepts = (
        np.concatenate(of) for of in list(zip(*parts, strict=True))[:4]
    )
    coefs = [W for part in parts for W in part[4]]
    train, test = train.swapaxes(0, 1), test.swapaxes(0, 1)
    return LeftOut(train, test, gaps.max(axis=2).T, coefs, intercepts)


class _Rows:
    """Rows that are left out one at a time: the moments of the others, over their number."""

    def __init__(self, folds: RowFolds, view: View, rows: slice) -> None:
        moments, n = view.moments, len(folds.Y)
        assert moments is not None
        self.view, self.others, self.centred = view, n - 1, folds.preprocessing.centred
        X = dense(folds.rows.X[rows]).astype(np.float64, copy=False)
        gram, cross, scatter = moments.gram, moments.cross, moments.scatter
        self.D, self.E, self.share = X, folds.Y[rows], 1.0
        if self.centred:
            self.D, self.E, self.share = X - moments.mean_x, self.E - moments.mean_y, n / (n - 1)
            self.mean_x = moments.mean_x - self.D / self.others
            self.mean_y = moments.mean_y - self.E / self.others
        else:
            gram = gram + n * np.multiply.outer(moments.mean_x, moments.mean_x)
            cross = cross + n * np.multiply.outer(moments.mean_x, moments.mean_y)
            scatter = scatter + n * moments.mean_y**2
        D, E, share = self.D, self.E, self.share
        self.whole = gram.diagonal() / self.others, scatter / self.others
        self.grams = (gram - share * D[:, :, None] * D[:, None, :]) / self.others
        self.crosses = (cross - share * D[:, :, None] * E[:, None, :]) / self.others
        self.scatters = (scatter - share * E**2) / self.others
        self.lost = tuple(
            lost / self.others + EPS * (size + share * away**2 / self.others)
            for lost, size, away in zip(moments.lost, self.whole, (D, E), strict=True)
        )
        self.used, self.squares = view.columns.factors > 0, np.einsum("kii->ki", self.grams)
        factors = inverse_roots(self.squares) if folds.preprocessing.standardize else 1.0
        self.factors = np.broadcast_to(np.where(self.used, factors, 0.0), self.squares.shape)

    def keep_digits(self) -> bool:
        """Whether no row is most of a column or a target."""
        columns = (self.squares > SMALLEST_SHARE * self.whole[0]) | ~self.used
        targets = self.scatters > SMALLEST_SHARE * self.whole[1]
        return bool(columns.all() and targets.all())

    def problems(self, penalty: UnitPenalty, lambdas: FloatArray) -> Iterator[Problems]:
        """State the problems of all rows, for one target after another."""
        f, k = self.factors, len(self.D)
        grams = self.grams * f[:, :, None] * f[:, None, :]
        lost_x = np.maximum(f**2 * self.lost[0], EPS * np.einsum("kii->ki", grams))
        for target, unit in enumerate(self.view.units):
            scatters = self.scatters[:, target] / unit**2
            rounded = np.sqrt(self.lost[1][:, target] / EPS) / unit
            yield Problems(
                grams,
                self.crosses[:, :, target] * f / unit,
                scatters,
                np.sqrt(lost_x / EPS),
                np.maximum(np.sqrt(scatters), rounded),
                rounded,
                np.broadcast_to(penalty.l1_ratio * lambdas / unit, (k, lambdas.size)),
                np.broadcast_to((1.0 - penalty.l1_ratio) * lambdas, (k, lambdas.size)),
                *bounds_of(penalty, unit * f),
            )

    def left_out(
        self, found: list[PathSolution], penalty: UnitPenalty
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, list[FloatArray]]:
        """Return train and test errors, gaps, intercepts and coefficients, the rows in front."""
        units = self.view.units
        W = np.stack([each.W for each in found], axis=2)  # (n_rows, n_lambdas, n_targets, p)
        W = penalty.clip(W * units[:, None] * self.factors[:, None, None])
        train, gaps = (
            units**2 * np.stack(of, axis=2)
            for of in ([each.losses for each in found], [each.gaps for each in found])
        )
        explained = np.einsum("kltj,kj->klt", W, self.D)
        test = np.square(self.share * (self.E[:, None] - explained))
        intercepts = np.zeros(test.shape)
        if self.centred:
            intercepts = self.mean_y[:, None] - np.einsum("kltj,kj->klt", W, self.mean_x)
        return train, test, gaps, intercepts, list(W.reshape(len(W), -1, W.shape[3]))
