"""Errors along the grids of all folds, and the fit of all of the data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import islice, pairwise
from typing import Any, NamedTuple

import numpy as np
from joblib import effective_n_jobs
from scipy import sparse
from sklearn.utils.parallel import Parallel, delayed

from sklearn_reg._checks.values import ARITHMETIC
from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._data.units import AnyUnitPenalty, Penalties, View
from sklearn_reg._selection.choice import Size, criterion, plugin_criterion
from sklearn_reg._selection.folds import Folds, RowFolds
from sklearn_reg._selection.leave_one_out import leave_one_out
from sklearn_reg._selection.leave_one_out_sparse import leave_one_out_sparse
from sklearn_reg._solvers import AUTO_ITERATIONS, SOLVERS, Settings, choose
from sklearn_reg._solvers.accuracy import Fitted, solve, solve_accurately, solve_accurately_together
from sklearn_reg._solvers.adaptive import adapted
from sklearn_reg._solvers.batching import Coroutine, run_together
from sklearn_reg._solvers.grids import Grid
from sklearn_reg._solvers.paths import Points, follow, walk
from sklearn_reg._tools.progress import Task
from sklearn_reg._tools.threads import blas_threads, one_blas_thread
from sklearn_reg._tools.typing import FloatArray, Matrix

# If a product reads fewer numbers than this, threads wait for each other longer than they gain.
WORTH_A_THREAD = 2**20
Job = tuple[int, int]  # the places of an l1_ratio and of a fold
Result = tuple[Points, FloatArray]  # solutions along a grid, and their errors; see `Folds.errors`


class Curves(NamedTuple):
    """Results of all folds, by kind of model, lambda and fold.

    A kind is an l1_ratio and a share of the refit: all shares of the first ratio come first.
    """

    train: FloatArray  # mean squared errors, of shape (n_kinds, n_lambdas, n_folds, n_targets)
    test: FloatArray
    gaps: FloatArray  # of the worst target, of shape (n_kinds, n_lambdas, n_folds)
    coefs: Sequence[Sequence[Matrix]]  # by kind and fold: (n_lambdas * n_targets, n_features)
    intercepts: Sequence[Sequence[FloatArray]]  # by kind and fold: (n_lambdas, n_targets)
    certified: bool


def grids_of(
    grid: Grid | FloatArray, folds: Folds, penalties: Sequence[AnyUnitPenalty]
) -> list[FloatArray]:
    """Return the lambdas of each penalty, the largest first."""
    if not callable(grid):
        return [grid] * len(penalties)
    return [grid(folds.whole(penalty), penalty) for penalty in penalties]


def leave_one_out_curves(
    folds: RowFolds, penalties: Sequence[AnyUnitPenalty], grids: Sequence[FloatArray], tol: float
) -> Curves | None:
    """Return the errors of all folds from what is known of all rows, or None if digits are lost."""
    found = []
    for penalty, grid in zip(penalties, grids, strict=True):
        assert isinstance(penalty, UnitPenalty)
        way = leave_one_out if penalty.is_ridge else leave_one_out_sparse
        left_out = way(folds, penalty, grid, tol)
        if left_out is None:
            return None
        found.append(left_out)
    train, test, gaps, coefs, intercepts = zip(*found, strict=True)
    return Curves(np.stack(train), np.stack(test), np.stack(gaps), coefs, intercepts, True)


def cross_validate(
    folds: Folds,
    penalties: Sequence[AnyUnitPenalty],
    grids: Sequence[FloatArray],
    tol: float,
    n_jobs: int | None,
    task: Task,
    relax: Sequence[float] = (1.0,),
) -> Curves:
    """Follow the path of each fold, relax it, and compute the errors."""
    n_folds, with_refits = folds.n_folds, any(share != 1.0 for share in relax)

    def run(ratio: int, fold: int) -> Coroutine[list[Result]]:
        penalty, lambdas = penalties[ratio], grids[ratio]
        steps = len(lambdas) * folds.n_targets
        with task.part("fold", ratio * n_folds + fold, steps) as path:
            count = iter(range(steps))

            def after() -> None:
                for step in islice(count, 1):  # none is left if the path is followed again
                    with path.part("lambda", step):
                        pass

            points = yield from solve_accurately_together(
                folds.views(penalty, fold),
                lambda view: walk(
                    view, penalty, lambdas, tol, with_refits=with_refits, after=after
                ),
            )
            return _relaxed(folds, fold, points, relax)

    def run_group(some: Sequence[Job]) -> list[list[Result]]:
        with one_blas_thread(), np.errstate(**ARITHMETIC):
            return run_together([run(*job) for job in some])

    jobs = [(ratio, fold) for ratio in range(len(penalties)) for fold in range(n_folds)]
    workers = _workers(folds, n_jobs)
    parallel = Parallel(n_jobs=workers, require="sharedmem")
    groups = _shared_out(jobs, workers if n_jobs else 1, folds.at_once)
    with one_blas_thread():  # also between the groups
        results = parallel(delayed(run_group)(group) for group in groups)
    done = [result for group in results for result in group]
    of_ratios = [done[start : start + n_folds] for start in range(0, len(done), n_folds)]
    by_kind = [result for of in of_ratios for kind in zip(*of, strict=True) for result in kind]
    return _curves(by_kind, len(penalties) * len(relax))


def _relaxed(folds: Folds, fold: int, points: Points, relax: Sequence[float]) -> list[Result]:
    """Return the solutions of a fold for each share of the refit, and their errors."""
    kinds = [points.relaxed(share)._replace(refits=None) for share in relax]
    if len(kinds) == 1:
        (one,) = kinds
        return [(one, folds.errors(fold, one.coefs, one.intercepts))]
    dense = all(isinstance(kind.coefs, np.ndarray) for kind in kinds)
    stacked = (np.concatenate if dense else sparse.vstack)([kind.coefs for kind in kinds])
    coefs = stacked if dense else sparse.csr_array(stacked)
    errors = folds.errors(fold, coefs, np.concatenate([kind.intercepts for kind in kinds]))
    return list(zip(kinds, np.split(errors, len(kinds), axis=1), strict=True))


def _curves(done: Sequence[Result], n_kinds: int) -> Curves:
    """Combine the solutions and errors of all folds, which are in the order of the kinds."""
    n_folds, n_lambdas = len(done) // n_kinds, len(done[0][0].gaps)
    shape = (n_kinds, n_folds, n_lambdas)
    errors = np.array([errors for _, errors in done]).reshape(*shape[:2], 2, *shape[2:], -1)
    gaps = np.array([points.gaps.max(axis=1) for points, _ in done]).reshape(shape)

    def by_kind(values: Sequence[Any]) -> list[list[Any]]:
        return [list(values[k * n_folds : (k + 1) * n_folds]) for k in range(n_kinds)]

    return Curves(
        errors[:, :, 0].swapaxes(1, 2),
        errors[:, :, 1].swapaxes(1, 2),
        gaps.transpose(0, 2, 1),
        by_kind([points.coefs for points, _ in done]),
        by_kind([points.intercepts for points, _ in done]),
        all(points.is_certified and points.is_accurate for points, _ in done),
    )


def _workers(folds: Folds, n_jobs: int | None) -> int:
    """Return the number of threads: as many as BLAS may use, if nothing is said."""
    if folds.stored < WORTH_A_THREAD:
        return 1
    said = int(effective_n_jobs(n_jobs))
    return said if n_jobs else max(said, min(blas_threads(), folds.most_groups))


def _shared_out(jobs: Sequence[Job], workers: int, at_once: int) -> list[Sequence[Job]]:
    """Split jobs into groups of equal size, at most `at_once`, and equally many per worker."""
    rounds = -(-len(jobs) // (workers * at_once))
    ends = np.linspace(0, len(jobs), workers * rounds + 1).round().astype(int)
    return [jobs[start:end] for start, end in pairwise(ends) if start < end]


def refit(folds: Folds, penalty: Penalties, tol: float, relax: float) -> Fitted:
    """Fit all of the data with the chosen penalty, and relax the fit."""
    solver, settings = SOLVERS[choose("auto", penalty)], Settings(None, AUTO_ITERATIONS, tol)
    solve_on = partial(solve, penalty=penalty, solver=solver, settings=settings, relax=relax)
    return solve_accurately(folds.views(penalty), solve_on)[1]


def criteria(
    rule: str,
    folds: Folds,
    penalties: Sequence[AnyUnitPenalty],
    grids: Sequence[FloatArray],
    tol: float,
) -> FloatArray:
    """Return the values of a criterion on all of the data: (n_ratios, n_lambdas, n_targets)."""
    values = []
    for penalty, grid in zip(penalties, grids, strict=True):
        follow_grid = partial(
            follow, penalty=penalty, lambdas=grid, tol=tol, with_degrees_of_freedom=True
        )
        view, points = solve_accurately(folds.views(penalty), follow_grid)
        penalised, free = map(int, map(np.count_nonzero, (penalty.penalised, penalty.free)))
        size = Size(folds.n_rows, penalised, free, folds.preprocessing.centred)
        if rule == "plugin":
            values.append(plugin_criterion(points, size, grid, _length(view, penalty)))
        else:
            values.append(criterion(rule, points, size, folds.null_losses()))
    return np.array(values)


def _length(view: View, penalty: AnyUnitPenalty) -> float:
    """Return the largest standard deviation of a penalised column, over its penalty weight."""
    penalty = adapted(view, penalty)
    lengths, weights = np.sqrt(view.design.squares), penalty.weights
    ratios = lengths[penalty.penalised] / weights[penalty.penalised]
    return float(ratios.max(initial=0.0)) or 1.0


def kept_small(folds: Sequence[Matrix]) -> Sequence[Matrix]:
    """Store coefficients of folds as CSR if that is smaller; keep those computed on demand."""
    if not isinstance(folds, list):
        return folds
    return [
        sparse.csr_array(W) if not sparse.issparse(W) and 2 * np.count_nonzero(W) < W.size else W
        for W in folds
    ]
