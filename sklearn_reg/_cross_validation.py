"""Cross-validation over a grid of penalties: what the three CV classes share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import pairwise
from numbers import Integral
from typing import Any, NamedTuple, Self

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn import get_config
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import LeaveOneOut, PredefinedSplit
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from sklearn_reg._advice import UNEQUAL_SCALES, dependence, scales_of
from sklearn_reg._base import LinearModel, unchanged_on_error
from sklearn_reg._choice import (
    Choice,
    Curve,
    Rule,
    advice_on_edges,
    check_rule,
    choose,
    criterion,
    is_criterion,
)
from sklearn_reg._data import Data, InMemory, check_weight
from sklearn_reg._folds import (
    ByLabel,
    CellMoments,
    Deal,
    Folds,
    FoldsInMemory,
    GatheredFolds,
    InTurn,
)
from sklearn_reg._labels import feature_labels
from sklearn_reg._leave_one_out import leave_one_out
from sklearn_reg._linalg import dense
from sklearn_reg._parameters import (
    check_flag,
    check_penalty_weights,
)
from sklearn_reg._progress import Task, start, with_callbacks
from sklearn_reg._reading import count, read, read_all
from sklearn_reg._scaled import Fitted, Penalties, UnitPenalty, solve
from sklearn_reg._scoring import scorer_of, scores_of
from sklearn_reg._splits import routed_splitter, splitter_of
from sklearn_reg._threads import one_blas_thread
from sklearn_reg._typing import FloatArray, Matrix
from sklearn_reg._validation import ARITHMETIC, check_number, overflow_explained
from sklearn_reg._warn import warn
from sklearn_reg.path import (
    Grid,
    Points,
    check_lambdas,
    follow,
    walk,
)
from sklearn_reg.solvers import AUTO_ITERATIONS, SOLVERS, Settings
from sklearn_reg.solvers import choose as choose_solver
from sklearn_reg.solvers._together import Asking, together

# Numbers that a product has to read before threads gain more than they wait for each other.
WORTH_A_THREAD = 2**20
Job = tuple[int, int]  # the places of an l1_ratio and of a fold


class PenalizedRegressionCV(LinearModel):
    """Cross-validation over a grid of penalties; a subclass says which by `_l1_ratios`."""

    def _l1_ratios(self) -> tuple[list[float], bool]:
        """Shares of L1, validated, and whether there is a list of them."""
        raise NotImplementedError

    def fit(
        self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None = None, **params: Any
    ) -> Self:
        """Choose lambda by cross-validation, and fit all of the data with it.

        Parameters
        ----------
        X : {array-like, sparse matrix, dask collection} of shape (n_samples, n_features)
            Data. float64 and float32 are read as they are, never copied, whatever the folds. Rows
            of a Dask array or data frame stay where they are: `scoring` must be None for them, and
            a splitter sees their numbers only.
        y : {array-like, dask collection} of shape (n_samples,) or (n_samples, n_targets)
            Targets. They share lambda and count alike in its choice.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, in training and in the errors. None means equal weights.
        **params : dict
            `groups` for the splitter; with metadata routing enabled, what the splitter and the
            scorer request.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are not valid. The estimator is then as it was before.

        Warns
        -----
        UserWarning
            If the smallest error is at an end of the grid beyond which it may fall further.
        ConvergenceWarning
            If some duality gap stayed above `tol * F(0, mean y)`.
        """
        return self._fitted_by(self._fit, X, y, sample_weight, params)

    def fit_batches(self, batches: Iterable[tuple[Any, ...]]) -> Self:
        """Choose lambda and fit, in one pass over rows that come in batches.

        With `cv` an integer k (None: 5), row i of the stream is tested in fold i mod k, however it
        is cut into batches; `PredefinedSplit` gives the fold of each row. What is kept are the
        moments of each fold: k (n_features + n_targets)^2 numbers. The result is that of `fit` on
        all rows with the same folds.

        Parameters
        ----------
        batches : iterable of (X, y) or (X, y, sample_weight)
            Rows as `fit` takes them; read once, one batch at a time, and not kept. Weights are on
            one scale for all batches. Batches without rows are passed over.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter is not valid or a batch is not (the message has its number), if there is
            no row, if `scoring` is not None, or if `cv` asks for all rows. The estimator is then as
            it was before, as it is if reading fails.

        Warns
        -----
        UserWarning, ConvergenceWarning
            As `fit`; and if the columns are so dependent that moments cannot certify `tol`.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_reg import LassoRegressionCV
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(90, 3))
        >>> y = X[:, 0] + rng.normal(size=90)
        >>> batches = ((X[k : k + 30], y[k : k + 30]) for k in (0, 30, 60))
        >>> model = LassoRegressionCV(cv=3).fit_batches(batches)
        >>> model.mse_path_.shape
        (100, 3)
        """
        return self._fitted_by(self._fit_batches, batches)

    def _fitted_by(self, way: Callable[..., list[tuple[type[Warning], str]]], *args: Any) -> Self:
        """Fit in one way or another, all or nothing, and warn of what there is."""
        with unchanged_on_error(self):
            advice = way(*args)
        for category, message in advice:
            warn(f"{type(self).__name__}: {message}", category)
        return self

    def get_metadata_routing(self) -> MetadataRouter:
        """Say which metadata go to the splitter and to the scorer.

        Returns
        -------
        MetadataRouter
            What scikit-learn's metadata routing asks for.
        """
        to_fit = MethodMapping().add(caller="fit", callee="split")
        # By name: scikit-learn before 1.8 copies its owner, and an iterator cannot be copied.
        router = MetadataRouter(owner=type(self).__name__).add_self_request(self)
        router.add(splitter=routed_splitter(self.cv), method_mapping=to_fit)
        if self.scoring is not None:
            to_score = MethodMapping().add(caller="fit", callee="score")
            router.add(scorer=scorer_of(self.scoring), method_mapping=to_score)
        return router

    def __dir__(self) -> list[str]:
        # Notebooks, debuggers and scikit-learn's own dir read all that is listed: nothing that only
        # looks may make an array of every coefficient of every fold.
        listed = set(object.__dir__(self)) - {"fold_coefs_"}
        return [name for name in listed if hasattr(self, name)]

    @property
    def fold_coefs_(self) -> FloatArray:
        """Coefficients of each fold, of shape (n_lambdas, n_folds, n_features).

        With several targets and with several values of l1_ratio there is an axis for them, before
        the features and in front. The array is made when it is asked for, and `dir` does not list
        it.
        """
        check_is_fitted(self)
        n_targets = 1 if self.coef_.ndim == 1 else len(self.coef_)
        ratios = [
            np.stack([dense(W).reshape(-1, n_targets, W.shape[1]) for W in folds], axis=1)
            for folds in self._fold_coefs
        ]
        coefs = np.stack(ratios)
        coefs = coefs[:, :, :, 0] if self.coef_.ndim == 1 else coefs
        return coefs if self._many_ratios else coefs[0]

    @with_callbacks
    def _fit(
        self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None, params: dict[str, Any]
    ) -> list[tuple[type[Warning], str]]:
        """Fit, and return what to warn of."""
        plan = self._plan()
        data = read(self, X, y, sample_weight)
        if not isinstance(data, InMemory):
            self._refuse_scoring("Dask collections, whose rows stay where they are")
        to_split, to_score = self._route(sample_weight, params)
        splitter = splitter_of(self.cv)
        penalties = [self._penalty(ratio) for ratio in plan.ratios]
        how = {"centred": self.fit_intercept, "standardize": self.standardize}
        # Scorers, rules and splitters run outside: their errors say nothing of the data.
        guarded = data.overflow_explained
        folds: Folds
        curves = None
        if isinstance(data, InMemory) and self._leaves_one_out(splitter, data, penalties):
            with guarded():
                folds = all_rows = data.folds(None, {}, **how)
                grids = _grids(plan.grid, all_rows, penalties)
                curves = _leave_one_out(all_rows, penalties, grids, plan.tol)
        if curves is None:
            folds = data.folds(splitter, to_split, **how)
            with guarded():
                grids = _grids(plan.grid, folds, penalties)
        with start(self, len(penalties) * folds.n_folds + 1) as task:
            if curves is None:
                with guarded():
                    curves = _cross_validate(folds, penalties, grids, plan.tol, self.n_jobs, task)
            scores = None
            if self.scoring is not None:
                assert isinstance(data, InMemory)
                assert isinstance(folds, FoldsInMemory)
                scores = scores_of(
                    self.scoring, data, folds.splits, curves.coefs, curves.intercepts, to_score
                )
            found = _Found(folds, penalties, grids, curves, scores)
            return self._finish(plan, found, data.dtype, data.y_ndim, guarded, task)

    @with_callbacks
    def _fit_batches(self, batches: Iterable[tuple[Any, ...]]) -> list[tuple[type[Warning], str]]:
        """Fit a stream of rows, and return what to warn of."""
        plan = self._plan()
        deal = self._deal()
        n_fits = len(plan.ratios) * deal.n_folds
        gathered, penalties, dtype, y_ndim = None, [], np.dtype(np.float32), 1

        def add(batch: Data) -> None:
            nonlocal gathered, penalties, dtype, y_ndim
            if gathered is None:
                penalties = [self._penalty(ratio) for ratio in plan.ratios]
                gathered = CellMoments(deal.n_cells, batch.n_features, batch.n_targets)
            gathered = batch.added_to(gathered, deal)
            dtype, y_ndim = np.result_type(dtype, batch.dtype), batch.y_ndim

        with start(self, n_fits + 2) as task:
            with task.part("read", n_fits + 1, count(batches)) as reading:
                read_all(self, batches, reading, add)
            assert gathered is not None
            check_weight(gathered.n_rows)
            guarded = partial(overflow_explained, gathered.by_name)
            with guarded():
                folds = GatheredFolds(
                    gathered, deal, centred=self.fit_intercept, standardize=self.standardize
                )
                grids = _grids(plan.grid, folds, penalties)
                curves = _cross_validate(folds, penalties, grids, plan.tol, self.n_jobs, task)
            found = _Found(folds, penalties, grids, curves, None)
            return self._finish(plan, found, dtype, y_ndim, guarded, task)

    def _plan(self) -> _Plan:
        """Check the parameters that do not depend on the data."""
        for name in ("fit_intercept", "standardize", "positive"):
            check_flag(getattr(self, name), name)
        tol = check_number(self.tol, "tol", "a number >= 0", zero=True)
        grid, rule = check_lambdas(self.lambdas, self.eps), check_rule(self.rule)
        ratios, self._many_ratios = self._l1_ratios()
        return _Plan(tol, grid, rule, ratios)

    def _refuse_scoring(self, data: str) -> None:
        """Refuse a scorer where there are no rows to score."""
        if self.scoring is not None:
            raise ValueError(f"scoring must be None for {data}, got {self.scoring!r}")

    def _deal(self) -> Deal:
        """Return which fold the rows of a stream are tested in."""
        self._refuse_scoring("batches, whose rows are gone")
        if isinstance(self.cv, PredefinedSplit):
            return ByLabel(self.cv.test_fold)
        if self.cv is None or isinstance(self.cv, Integral):
            return InTurn(splitter_of(self.cv).get_n_splits())
        raise ValueError(
            "cv must be None, an integer or a PredefinedSplit for batches, because other splitters "
            f"ask for all rows, got {self.cv!r}"
        )

    def _finish(
        self,
        plan: _Plan,
        found: _Found,
        dtype: Any,
        y_ndim: int,
        guarded: Callable[[], AbstractContextManager[None]],
        task: Task,
    ) -> list[tuple[type[Warning], str]]:
        """Choose a lambda, fit all of the data with it, store, and return what to warn of."""
        folds, penalties, grids, curves, scores = found
        losses = self._losses(folds, curves, scores)
        with task.part("choose and refit", len(penalties) * folds.n_folds):
            values = None
            if is_criterion(plan.rule):
                with guarded():
                    values = _criteria(plan, folds, penalties, grids)
            choice = choose(plan.rule, grids, losses, values)
            grid = grids[choice.ratio]
            lambda_ = float(grid[choice.chosen])
            chosen = penalties[choice.ratio].times(np.full(folds.n_targets, lambda_))
            with guarded():
                fitted = _refit(folds, chosen, plan.tol)
                fitted = self._store(fitted, dtype, y_ndim, plan.tol)
        self.lambda_, self.l1_ratio_ = lambda_, plan.ratios[choice.ratio]
        self.lambda_min_ = float(grid[choice.smallest])
        self.lambda_1se_ = float(grid[choice.one_standard_error])
        self._keep(np.array(grids), curves, losses, scores)
        decided = losses[choice.ratio] if values is None else values[choice.ratio][:, None]
        curve = Curve(grid, decided, plan.rule)
        return [
            *self._advice_on_scores(scores, grids),
            *self._advice_on_edges(choice, curve, callable(plan.grid), found),
            *self._advice_on_gaps(curves, fitted),
        ]

    def _losses(self, folds: Folds, curves: _Curves, scores: FloatArray | None) -> FloatArray:
        """Return what is to be small, of shape (n_ratios, n_lambdas, n_folds).

        Several targets count alike: each error is relative to that of the target's null model.
        Undefined scores are infinite losses, which are ranked last.
        """
        if scores is None:
            if folds.n_targets == 1:
                return curves.test[..., 0]
            return np.asarray((curves.test / folds.null_losses()).mean(axis=-1))
        losses = np.where(np.isfinite(scores), -scores, np.inf)
        if not np.isfinite(losses.mean(axis=2)).any():
            raise ValueError(
                f"scoring={self.scoring!r} must be finite in every fold for at least one lambda, "
                f"got {np.count_nonzero(np.isfinite(scores))} finite scores of {scores.size}"
            )
        return losses

    def _keep(
        self, grids: FloatArray, curves: _Curves, losses: FloatArray, scores: FloatArray | None
    ) -> None:
        """Set the attributes that have an axis for l1_ratio where there is a list of them."""
        first = slice(None) if self._many_ratios else 0
        one = self.coef_.ndim == 1
        self.lambdas_ = grids[first]
        self.mse_path_ = curves.test.mean(axis=-1)[first]
        self.train_mse_path_ = curves.train.mean(axis=-1)[first]
        self.dual_gaps_ = curves.gaps[first]
        self._fold_coefs = [_small(coefs) for coefs in curves.coefs]
        # (n_ratios, n_lambdas, n_folds, n_targets)
        intercepts = np.asarray(curves.intercepts).swapaxes(1, 2)
        self.fold_intercepts_ = (intercepts[..., 0] if one else intercepts)[first]
        for name in ("score_path_", "relative_mse_path_"):  # of an earlier fit
            self.__dict__.pop(name, None)
        if scores is not None:
            self.score_path_ = scores[first]
        elif curves.test.shape[-1] > 1:
            self.relative_mse_path_ = losses[first]

    def _leaves_one_out(
        self, splitter: Any, data: InMemory, penalties: Sequence[UnitPenalty]
    ) -> bool:
        """Whether all folds are known from one decomposition."""
        return (
            isinstance(splitter, LeaveOneOut)
            and data.weights is None
            and self.scoring is None
            and not self.standardize
            and all(penalty.one_spectrum for penalty in penalties)
        )

    def _penalty(self, l1_ratio: float) -> UnitPenalty:
        """Return the penalty with lambda_ = 1."""
        weights, excluded = check_penalty_weights(
            self.penalty_weights, self.n_features_in_, feature_labels(self)
        )
        return UnitPenalty(l1_ratio, weights, excluded, bool(self.positive))

    def _route(
        self, sample_weight: ArrayLike | None, params: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return what the splitter gets, and the scorer; None where nothing is routed to it."""
        if get_config().get("enable_metadata_routing"):
            routed = process_routing(self, "fit", sample_weight=sample_weight, **params)
            return routed.splitter.split, routed.scorer.score if self.scoring is not None else {}
        unknown = set(params) - {"groups"}
        if unknown:
            raise TypeError(
                f"fit got {sorted(unknown)}; without metadata routing "
                "(sklearn.set_config(enable_metadata_routing=True)) it takes only groups"
            )
        return params, None

    def _advice_on_scores(
        self, scores: FloatArray | None, grids: Sequence[FloatArray]
    ) -> Iterator[tuple[type[Warning], str]]:
        """Say at which lambdas there was no score."""
        if scores is None or np.isfinite(scores).all():
            return
        undefined = ~np.isfinite(scores).all(axis=2)
        ratio, k = np.argwhere(undefined)[0]
        yield (
            UserWarning,
            f"scoring={self.scoring!r} is not finite at {np.count_nonzero(undefined)} of "
            f"{undefined.size} lambdas, the first {grids[ratio][k]:.3g}: they are ranked last.",
        )

    def _advice_on_edges(
        self, choice: Choice, curve: Curve, is_automatic: bool, found: _Found
    ) -> Iterator[tuple[type[Warning], str]]:
        """Say which way to extend a grid, where that helps."""
        folds, penalty = found.folds, found.penalties[choice.ratio]
        # Where no coefficient is left, as at the start of an automatic grid, more penalty does
        # nothing; that of ridge leaves all.
        null = is_automatic or not (
            penalty.one_spectrum
            or any(dense(W[: folds.n_targets]).any() for W in found.curves.coefs[choice.ratio])
        )

        def remedy() -> str:
            _, apart = scales_of(folds.whole(penalty).design)
            if not self.standardize and apart > UNEQUAL_SCALES:
                return (
                    f"columns of X differ in scale by a factor {apart:.2g}, so that no lambda "
                    "suits all of them. Set standardize=True, or scale the columns"
                )
            smaller = f"a smaller eps than {self.eps:g}" if is_automatic else "smaller lambdas"
            return f"extend it downwards with {smaller}"

        rounding = folds.rounding_of_losses() if found.scores is None else 0.0
        advice = advice_on_edges(curve, choice.best, is_null=null, rounding=rounding, remedy=remedy)
        if advice is not None:
            yield UserWarning, advice

    def _advice_on_gaps(
        self, curves: _Curves, fitted: Fitted
    ) -> Iterator[tuple[type[Warning], str]]:
        """Say where a duality gap stayed above its bound."""
        if curves.certified and all(result.converged for result in fitted.results):
            return
        gap = max(float(curves.gaps.max()), float(np.max(self.dual_gap_)))
        worst = int(np.argmax([result.gap for result in fitted.results]))
        cause = dependence(self, fitted.problems[worst], fitted.results[worst])
        yield (
            ConvergenceWarning,
            f"a duality gap of {gap:.3g} stayed above tol={self.tol:g} times F(0, mean y): "
            f"{cause}. Remedy: a larger tol, larger lambdas, or an L2 penalty.",
        )


class _Plan(NamedTuple):
    """Parameters, checked."""

    tol: float
    grid: Grid | FloatArray
    rule: Rule
    ratios: Sequence[float]


class _Curves(NamedTuple):
    """Results of all folds, by ratio, lambda and fold."""

    train: FloatArray  # mean squared errors, of shape (n_ratios, n_lambdas, n_folds, n_targets)
    test: FloatArray
    gaps: FloatArray  # of the worst target, of shape (n_ratios, n_lambdas, n_folds)
    coefs: Sequence[Sequence[Matrix]]  # by ratio and fold: (n_lambdas * n_targets, n_features)
    intercepts: Sequence[Sequence[FloatArray]]  # by ratio and fold: (n_lambdas, n_targets)
    certified: bool


class _Found(NamedTuple):
    """All there is to choose from."""

    folds: Folds
    penalties: Sequence[UnitPenalty]
    grids: Sequence[FloatArray]
    curves: _Curves
    scores: FloatArray | None


def _grids(
    grid: Grid | FloatArray, folds: Folds, penalties: Sequence[UnitPenalty]
) -> list[FloatArray]:
    """Return the lambdas of each penalty, the largest first."""
    if not callable(grid):
        return [grid] * len(penalties)
    return [grid(folds.whole(penalty), penalty) for penalty in penalties]


def _leave_one_out(
    folds: FoldsInMemory, penalties: Sequence[UnitPenalty], grids: Sequence[FloatArray], tol: float
) -> _Curves | None:
    """Take the errors of all folds from one decomposition, or return None if digits are lost."""
    done = [leave_one_out(folds, *at, tol) for at in zip(penalties, grids, strict=True)]
    found = [left_out for left_out in done if left_out is not None]
    if len(found) < len(done):
        return None
    train, test, gaps, coefs, intercepts = zip(*found, strict=True)
    return _Curves(np.stack(train), np.stack(test), np.stack(gaps), coefs, intercepts, True)


def _cross_validate(
    folds: Folds,
    penalties: Sequence[UnitPenalty],
    grids: Sequence[FloatArray],
    tol: float,
    n_jobs: int | None,
    task: Task,
) -> _Curves:
    """Follow the path of each fold, and take its errors."""
    n_folds = folds.n_folds

    def run(ratio: int, fold: int) -> Asking[tuple[Points, FloatArray]]:
        penalty, lambdas = penalties[ratio], grids[ratio]
        steps = len(lambdas) * folds.n_targets
        with task.part("fold", ratio * n_folds + fold, steps) as path:
            count = iter(range(steps))

            def after() -> None:
                with path.part("lambda", next(count)):
                    pass

            train = folds.train(fold, penalty)
            points = yield from walk(train, penalty, lambdas, tol, after=after)
            if not (points.are_accurate and points.are_certified):
                rows = folds.train_on_rows(fold, penalty)
                points = points if rows is None else follow(rows, penalty, lambdas, tol)
            return points, folds.errors(fold, points.coefs, points.intercepts)

    def run_together(some: Sequence[Job]) -> list[tuple[Points, FloatArray]]:
        with one_blas_thread(), np.errstate(**ARITHMETIC):
            return together([run(*job) for job in some])

    jobs = [(ratio, fold) for ratio in range(len(penalties)) for fold in range(n_folds)]
    workers = n_jobs if folds.stored >= WORTH_A_THREAD else 1
    parallel = Parallel(n_jobs=workers, require="sharedmem")
    groups = _shared_out(jobs, effective_n_jobs(parallel.n_jobs), folds.at_once)
    with one_blas_thread():  # also while no thread is in its group
        results = parallel(delayed(run_together)(group) for group in groups)
    return _curves([result for group in results for result in group], len(penalties))


def _curves(done: Sequence[tuple[Points, FloatArray]], n_ratios: int) -> _Curves:
    """Put the solutions and errors of all folds together, those of one l1_ratio after another."""
    n_folds, n_lambdas = len(done) // n_ratios, len(done[0][0].gaps)
    shape = (n_ratios, n_folds, n_lambdas)
    errors = np.array([errors for _, errors in done]).reshape(*shape[:2], 2, *shape[2:], -1)
    gaps = np.array([points.gaps.max(axis=1) for points, _ in done]).reshape(shape)

    def by_ratio(values: Sequence[Any]) -> list[list[Any]]:
        return [list(values[r * n_folds : (r + 1) * n_folds]) for r in range(n_ratios)]

    return _Curves(
        errors[:, :, 0].swapaxes(1, 2),
        errors[:, :, 1].swapaxes(1, 2),
        gaps.transpose(0, 2, 1),
        by_ratio([points.coefs for points, _ in done]),
        by_ratio([points.intercepts for points, _ in done]),
        all(points.are_certified and points.are_accurate for points, _ in done),
    )


def _shared_out(jobs: Sequence[Job], workers: int, at_once: int) -> list[Sequence[Job]]:
    """Give each worker as many groups of neighbours, of equal size and at most `at_once` jobs."""
    rounds = -(-len(jobs) // (workers * at_once))
    ends = np.linspace(0, len(jobs), workers * rounds + 1).round().astype(int)
    return [jobs[start:end] for start, end in pairwise(ends) if start < end]


def _refit(folds: Folds, penalty: Penalties, tol: float) -> Fitted:
    """Fit all of the data with the chosen penalty."""
    solver, settings = (
        SOLVERS[choose_solver("auto", penalty)],
        Settings(None, AUTO_ITERATIONS, tol),
    )
    starts = np.zeros((folds.n_targets, folds.n_features))
    fitted = solve(folds.whole(penalty), penalty, solver, starts, settings)
    rows = None if fitted.is_accurate(tol) else folds.whole_on_rows(penalty)
    if rows is None:
        return fitted
    return solve(rows, penalty, solver, starts, settings)


def _criteria(
    plan: _Plan, folds: Folds, penalties: Sequence[UnitPenalty], grids: Sequence[FloatArray]
) -> FloatArray:
    """Return the values of a criterion, of shape (n_ratios, n_lambdas), on all of the data."""
    assert isinstance(plan.rule, str)
    values = []
    for penalty, grid in zip(penalties, grids, strict=True):
        points = follow(folds.whole(penalty), penalty, grid, plan.tol, with_degrees_of_freedom=True)
        if not points.are_accurate and (rows := folds.whole_on_rows(penalty)) is not None:
            points = follow(rows, penalty, grid, plan.tol, with_degrees_of_freedom=True)
        values.append(
            criterion(plan.rule, points, folds.n_rows, folds.centred, folds.null_losses())
        )
    return np.array(values)


def _small(folds: Sequence[Matrix]) -> Sequence[Matrix]:
    """Store coefficients of folds sparse where that is smaller; those made on demand stay so."""
    if not isinstance(folds, list):
        return folds
    return [
        sparse.csr_array(W) if not sparse.issparse(W) and 2 * np.count_nonzero(W) < W.size else W
        for W in folds
    ]
