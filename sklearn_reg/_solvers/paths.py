"""Follow a path: solve along a grid of penalties, each time from the last solution.

A penalty that falls by a few per cent changes few features, so a warm start with the working set of
the last penalty needs one or two Newton systems [1]_. For ridge, one eigendecomposition gives the
solutions for all penalties.

References
----------
.. [1] J. Friedman, T. Hastie, R. Tibshirani (2010). Regularization paths for generalized linear
   models via coordinate descent. J. Statistical Software 33(1).
   https://doi.org/10.18637/jss.v033.i01
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
from scipy import sparse

from sklearn_reg._data.mixed import JointDesign
from sklearn_reg._data.unit_group_penalty import UnitGroupPenalty
from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._data.units import AnyUnitPenalty, Penalties, View
from sklearn_reg._solvers import AUTO_ITERATIONS, Settings, group_paths
from sklearn_reg._solvers.accuracy import is_accurate
from sklearn_reg._solvers.active_set import ActiveSet
from sklearn_reg._solvers.adaptive import adapted
from sklearn_reg._solvers.batch import PathSolution, path_requests
from sklearn_reg._solvers.batching import Coroutine, run_alone
from sklearn_reg._solvers.degrees_of_freedom import degrees_of_freedom, ranks
from sklearn_reg._solvers.direct import closed_form
from sklearn_reg._solvers.group_degrees_of_freedom import Solution, group_degrees_of_freedom
from sklearn_reg._solvers.problem import Problem, problem_of
from sklearn_reg._solvers.relaxed import Refit, refits
from sklearn_reg._solvers.result import SolverResult, finish
from sklearn_reg._solvers.spectral import Spectrum
from sklearn_reg._tools.linalg import dense, support_of, supports_of
from sklearn_reg._tools.threads import Mapped, mapped_in_threads, one_blas_thread
from sklearn_reg._tools.typing import FloatArray, IndexArray, Matrix
from sklearn_reg.penalties import SparseGroupLasso


class Points(NamedTuple):
    """Solutions along a grid. Arrays have shape (n_lambdas, n_targets), in the unit of y."""

    coefs: Matrix  # of shape (n_lambdas * n_targets, n_features); CSR if there are many zeros
    intercepts: FloatArray
    gaps: FloatArray
    losses: FloatArray
    degrees_of_freedom: FloatArray
    is_accurate: bool
    is_certified: bool
    refits: Refits | None = None

    def relaxed(self, relax: float) -> Points:
        """Return the blend of these solutions with their refits; losses are not blended."""
        if relax == 1.0:
            return self
        assert self.refits is not None
        rest, refits = 1.0 - relax, self.refits
        return self._replace(
            coefs=relax * self.coefs + rest * refits.coefs,
            intercepts=relax * self.intercepts + rest * refits.intercepts,
            degrees_of_freedom=relax * self.degrees_of_freedom + rest * refits.ranks,
        )


class Refits(NamedTuple):
    """Least squares on the support of each of the solutions along a grid; see `relaxed`."""

    coefs: Matrix
    intercepts: FloatArray
    ranks: FloatArray  # of the columns of each support; zeros where nothing asks for them
    accurate: bool
    certified: bool


def follow(
    view: View,
    penalty: AnyUnitPenalty,
    lambdas: FloatArray,
    tol: float,
    *,
    with_degrees_of_freedom: bool = False,
    with_refits: bool = False,
) -> Points:
    """Follow a path: solve for one penalty after another."""
    in_groups = isinstance(penalty, UnitGroupPenalty)
    shared = mapped_in_threads(lambdas.size) if in_groups else nullcontext(map)
    with shared as mapped, one_blas_thread():
        return run_alone(
            walk(view, penalty, lambdas, tol, with_degrees_of_freedom, with_refits, mapped=mapped)
        )


def walk(
    view: View,
    penalty: AnyUnitPenalty,
    lambdas: FloatArray,
    tol: float,
    with_degrees_of_freedom: bool = False,
    with_refits: bool = False,
    after: Callable[[], object] = lambda: None,
    mapped: Mapped = map,
) -> Coroutine[Points]:
    """Follow a path, as a coroutine; call `after` after each penalty.

    `mapped` may share out work among threads.
    """
    penalty = adapted(view, penalty)
    points, supports = yield from _solutions(
        view, penalty, lambdas, tol, with_degrees_of_freedom, after, mapped
    )
    if not with_refits or not isinstance(penalty, UnitPenalty):
        return points
    refits = _refits_of(view, penalty, supports(), tol, with_degrees_of_freedom)
    return points._replace(
        refits=refits,
        is_accurate=points.is_accurate and refits.accurate,
        is_certified=points.is_certified and refits.certified,
    )


def _refits_of(
    view: View,
    penalty: UnitPenalty,
    supports: Sequence[IndexArray],
    tol: float,
    with_ranks: bool,
) -> Refits:
    """Refit each of the solutions, whose supports are in the order of their coefficients."""
    n_targets, factors = view.units.size, view.columns.factors
    found: list[Refit] = []
    place = np.zeros(len(supports), dtype=np.intp)
    rows: list[tuple[IndexArray, FloatArray]] = []
    for target, unit in enumerate(view.units):
        some, places = refits(view, target, penalty, supports[target::n_targets], tol)
        place[target::n_targets] = len(found) + places
        found += some
        rows += [(S, penalty.clip(unit * w * factors[S], S)) for S, w, *_ in some]
    coefs, freedom = _stacked(rows, view.design.n_features)[place], np.zeros(len(rows))
    if with_ranks:
        moving = [S[penalty.without_bounded(values, S) != 0] for S, values in rows]
        freedom[:] = ranks(view.design, moving)
    return Refits(
        coefs,
        view.intercepts(coefs, len(supports) // n_targets),
        freedom[place].reshape(-1, n_targets),
        all(refit.accurate for refit in found),
        all(refit.certified for refit in found),
    )


def _solutions(
    view: View,
    penalty: AnyUnitPenalty,
    lambdas: FloatArray,
    tol: float,
    with_degrees_of_freedom: bool,
    after: Callable[[], object],
    mapped: Mapped,
) -> Coroutine[tuple[Points, Callable[[], list[IndexArray]]]]:
    """Solve for one penalty after another; return also a function that gives the supports."""
    if not (penalty.is_ridge and with_degrees_of_freedom):  # which the spectrum has
        found = yield from _in_batch(view, penalty, lambdas, tol)
        if found:
            for _ in range(lambdas.size * len(found)):
                after()
            l2 = np.multiply.outer((1.0 - penalty.l1_ratio) * lambdas, penalty.weights)
            points = _points_of(view, penalty, found, l2 if with_degrees_of_freedom else None)
            return points, lambda: supports_of(dense(points.coefs))
    record = _Record(view, penalty, lambdas.size, with_degrees_of_freedom, after)
    accurate = True
    for target in range(view.n_problems):
        problems = _problems(view, target, penalty, lambdas)
        if penalty.is_ridge:
            _ridges(record, target, problems, lambdas, penalty.weights, tol)
        elif isinstance(penalty, UnitGroupPenalty):
            yield from _groups(record, target, list(problems), lambdas, tol, mapped)
        else:
            yield from _warm_started(record, target, problems, tol)
        accurate &= is_accurate(view, *record.last, tol)
    points = record.points(accurate and (record.certified or view.design.has_rows), mapped)
    return points, lambda: [support for support, _ in record.rows]


def _in_batch(
    view: View, penalty: AnyUnitPenalty, lambdas: FloatArray, tol: float
) -> Coroutine[list[PathSolution]]:
    """Return the path of each target from a batch; none where one of them is not sure."""
    if not isinstance(penalty, UnitPenalty):
        return []
    requests = path_requests(view, penalty, lambdas, tol)
    if not requests:
        return []
    found: list[PathSolution] = yield requests
    return found if all(solution.sure for solution in found) else []


def _points_of(
    view: View, penalty: AnyUnitPenalty, found: Sequence[PathSolution], l2: FloatArray | None
) -> Points:
    """Put the certified paths of all targets together, in the units of the data.

    With `l2`, the coefficients of w^2 / 2 along the grid, there are degrees of freedom.
    """
    units = view.units
    W, gaps, losses = (np.stack(of, axis=1) for of in list(zip(*found, strict=True))[:3])
    freedom = np.zeros(gaps.shape)
    coefs = (units[:, None] * W * view.columns.factors).reshape(-1, W.shape[2])
    coefs = penalty.clip(coefs)
    if l2 is not None:
        supports = [support_of(moving) for moving in penalty.without_bounded(coefs)]
        rows = np.repeat(l2, len(units), axis=0)
        of_support = [row[support] for row, support in zip(rows, supports, strict=True)]
        freedom.ravel()[:] = degrees_of_freedom(view.design, supports, of_support)
    intercepts = view.intercepts(coefs, len(W))
    return Points(coefs, intercepts, units**2 * gaps, units**2 * losses, freedom, True, True)


def losses_of(view: View, coefs: Matrix) -> FloatArray:
    """Return the mean squared residuals of coefficients, of shape (n_lambdas, n_targets)."""
    n_targets = view.units.size
    losses = np.zeros(coefs.shape[0])
    for k in range(losses.size):
        target = k % n_targets
        coef = np.broadcast_to(dense(coefs[[k]]), (n_targets, coefs.shape[1]))
        w = view.solutions(coef)[target]
        losses[k] = view.units[target] ** 2 * view.design.residual_square(w, target)
    return np.maximum(losses, 0.0).reshape(-1, n_targets)


class _Record:
    """Collects solutions, of which only the non-zero coefficients are stored."""

    def __init__(
        self,
        view: View,
        penalty: AnyUnitPenalty,
        n_lambdas: int,
        with_degrees_of_freedom: bool,
        after: Callable[[], object],
    ) -> None:
        self.view, self._penalty, self._after = view, penalty, after
        self._n_lambdas, self._n_targets = n_lambdas, view.units.size
        self._with_degrees_of_freedom = with_degrees_of_freedom
        # Supports that need degrees of freedom, and their coefficients of w^2 / 2.
        self._free: dict[int, tuple[IndexArray, FloatArray]] = {}
        # Solutions in groups that need them, with their rows.
        self._grouped: list[tuple[list[int], Solution]] = []
        self._gaps, self._losses, self._freedom = np.zeros((3, n_lambdas, self._n_targets))
        self.certified = True
        self.rows: list[tuple[IndexArray, FloatArray]] = [
            (np.zeros(0, dtype=np.intp), np.zeros(0))
        ] * (n_lambdas * self._n_targets)
        self.last: tuple[SolverResult, Problem]

    def add(
        self,
        k: int,
        target: int,
        problem: Problem,
        result: SolverResult,
        freedom: float | None = None,
    ) -> None:
        """Keep the solution for one penalty and target, with its degrees of freedom if known."""
        view, h, wanted = self.view, problem.h, self._with_degrees_of_freedom
        found = view.supports(target, result.w)
        squares, losses = view.units[target] ** 2, self._losses_of(problem, result)
        in_groups = isinstance(h, SparseGroupLasso)
        if wanted and isinstance(h, SparseGroupLasso):
            places = [k * self._n_targets + column for column, *_ in found]
            self._grouped.append((places, Solution.of(h, result.w)))
        for (column, support, values), loss in zip(found, losses, strict=True):
            values = self._penalty.clip(values, support)
            row = k * self._n_targets + column
            self.rows[row] = support, values
            self._gaps[k, column] = squares * result.gap
            self._losses[k, column] = squares * loss
            if freedom is not None:
                self._freedom[k, column] = freedom
            elif wanted and not in_groups:
                moving = support[self._penalty.without_bounded(values, support) != 0]
                self._free[row] = moving, problem.l2[moving]
        self.certified &= result.converged
        self.last = result, problem
        self._after()

    def _losses_of(self, problem: Problem, result: SolverResult) -> FloatArray:
        """Return the mean squared residual of each target of a problem."""
        if isinstance(problem.design, JointDesign):
            return problem.design.residual_squares(result.w)
        return np.array([_loss(problem, result)])

    def points(self, accurate: bool, mapped: Mapped) -> Points:
        """Return the collected solutions, in the units of the data."""
        if self._free:
            supports, l2 = zip(*self._free.values(), strict=True)
            freedom = degrees_of_freedom(self.view.design, supports, l2)
            self._freedom.ravel()[list(self._free)] = freedom
        if self._grouped:
            places, solutions = zip(*self._grouped, strict=True)
            every = group_degrees_of_freedom(self.view.design, solutions, mapped)
            for row, freedom_of_row in zip(places, every, strict=True):
                # Joint targets share their degrees of freedom.
                self._freedom.ravel()[row] = freedom_of_row / len(row)
        coefs = _stacked(self.rows, self.view.columns.factors.size)
        intercepts = self.view.intercepts(coefs, self._n_lambdas)
        return Points(
            coefs, intercepts, self._gaps, self._losses, self._freedom, accurate, self.certified
        )


def _stacked(rows: Sequence[tuple[IndexArray, FloatArray]], n_features: int) -> Matrix:
    """Stack rows, given by their supports and values: in CSR if that is smaller than an ndarray."""
    shape, sizes = (len(rows), n_features), [support.size for support, _ in rows]
    if 2 * sum(sizes) < math.prod(shape):
        columns, values = map(np.concatenate, zip(*rows, strict=True))
        return sparse.csr_array((values, columns, np.cumsum([0, *sizes])), shape=shape)
    coefs = np.zeros(shape)
    for row, (support, values) in zip(coefs, rows, strict=True):
        row[support] = values
    return coefs


def _warm_started(
    record: _Record, target: int, problems: Iterable[Problem], tol: float
) -> Coroutine[None]:
    """Solve each problem from the last solution and its working set."""
    solver, settings = ActiveSet(), Settings(None, AUTO_ITERATIONS, tol)
    w = np.zeros(record.view.design.n_features)
    for k, problem in enumerate(problems):
        result = yield from solver.steps(problem, w, settings)
        w = result.w
        record.add(k, target, problem, result)


def _groups(
    record: _Record,
    target: int,
    problems: list[Problem],
    lambdas: FloatArray,
    tol: float,
    mapped: Mapped,
) -> Coroutine[None]:
    """Solve each problem from where the batch of all of them ended, which mostly is the optimum."""
    design, first = record.view.design, problems[0].h
    positive = lambdas > 0
    count = int(positive.sum())
    if not isinstance(first, SparseGroupLasso) or not group_paths.suits(design, count):
        yield from _warm_started(record, target, problems, tol)
        return
    levels = lambdas[positive] / lambdas[0]
    W, products = group_paths.solve_levels(design, target, first, levels, tol, mapped)
    solver, settings = ActiveSet(), Settings(None, AUTO_ITERATIONS, tol)
    w = np.zeros(design.n_features)
    for k, problem in enumerate(problems):
        if positive[k]:
            w = W[k]
            solver.last = problem.judge(w, products[k])
        record.add(k, target, problem, (yield from solver.steps(problem, w, settings)))


def _ridges(
    record: _Record,
    target: int,
    problems: Iterable[Problem],
    lambdas: FloatArray,
    weights: FloatArray,
    tol: float,
) -> None:
    """Solve all problems by one decomposition, and compute their residuals in one pass."""
    design, settings = record.view.design, Settings(None, 1, tol)
    problems, penalised = list(problems), lambdas > 0
    spectrum = Spectrum.of(design, weights)
    W = spectrum.solve(lambdas[penalised], target)
    freedom = spectrum.degrees_of_freedom(lambdas[penalised])
    for k, (w, products) in enumerate(zip(W, design.products_of(W, target), strict=True)):
        point = problems[k].judge(w, products)
        result = finish(problems[k], point, [(point.objective, point.bound)], tol, "closed_form")
        if not result.converged:
            result = closed_form(problems[k], w, settings)
        record.add(k, target, problems[k], result, float(freedom[k]))
    for k in np.flatnonzero(~penalised).tolist():  # least squares, the last of a falling grid
        result = closed_form(problems[k], np.zeros(design.n_features), settings)
        record.add(k, target, problems[k], result)


def _problems(
    view: View, target: int, penalty: AnyUnitPenalty, lambdas: FloatArray
) -> Iterator[Problem]:
    """Yield the problem for one penalty after another."""
    for lambda_ in lambdas:
        yield problem_of(view, target, Penalties(np.full(view.n_problems, lambda_), penalty))


def _loss(problem: Problem, result: SolverResult) -> float:
    """Mean squared residual: twice the objective without the penalty."""
    return 2.0 * max(0.0, result.objective - problem.penalty(result.w))
