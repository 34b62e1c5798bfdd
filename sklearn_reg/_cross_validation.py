"""Cross-validation over a grid of penalties: what the three CV classes share."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn import get_config
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import LeaveOneOut, PredefinedSplit, check_cv
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from sklearn_reg._base import LinearModel, unchanged_on_error
from sklearn_reg._data import Data, InMemory, check_weight, count, read, read_all
from sklearn_reg._folds import (
    ByLabel,
    CellMoments,
    Deal,
    Folds,
    FoldsInMemory,
    GatheredFolds,
    InTurn,
)
from sklearn_reg._leave_one_out import leave_one_out
from sklearn_reg._linalg import dense
from sklearn_reg._parameters import (
    check_flag,
    check_penalty_weights,
)
from sklearn_reg._progress import Task, start, with_callbacks
from sklearn_reg._scaled import Fitted, Penalty, solve
from sklearn_reg._threads import one_blas_thread
from sklearn_reg._together import Asking, together
from sklearn_reg._typing import BoolArray, FloatArray, Matrix
from sklearn_reg._validation import check_number, overflow_explained
from sklearn_reg.path import (
    Grid,
    Points,
    check_lambdas,
    follow,
    walk,
)
from sklearn_reg.solvers import AUTO_ITERATIONS, SOLVERS, Settings, choose

CRITERIA = ("aic", "bic", "gcv")
RULES = ("min", "1se", *CRITERIA)
Rule = str | Callable[[FloatArray, FloatArray], int]


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
            warnings.warn(f"{type(self).__name__}: {message}", category, stacklevel=3)
        return self

    def get_metadata_routing(self) -> MetadataRouter:
        """Say which metadata go to the splitter and to the scorer.

        Returns
        -------
        MetadataRouter
            What scikit-learn's metadata routing asks for.
        """
        to_fit = MethodMapping().add(caller="fit", callee="split")
        router = MetadataRouter(owner=self).add_self_request(self)
        router.add(splitter=check_cv(self.cv), method_mapping=to_fit)
        if self.scoring is not None:
            scorer = check_scoring(_Scored(), scoring=self.scoring)
            to_score = MethodMapping().add(caller="fit", callee="score")
            router.add(scorer=scorer, method_mapping=to_score)
        return router

    @property
    def fold_coefs_(self) -> FloatArray:
        """Coefficients of each fold, of shape (n_lambdas, n_folds, n_features).

        With several targets and with several values of l1_ratio there is an axis for them, before
        the features and in front.
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
        routed = self._route(sample_weight, params)
        splitter = check_cv(self.cv)
        penalties = [self._penalty(ratio, data.n_targets) for ratio in plan.ratios]
        how = {"centred": self.fit_intercept, "standardize": self.standardize}
        folds: Folds
        with data.overflow_explained():
            curves = None
            if isinstance(data, InMemory) and self._leaves_one_out(splitter, data, penalties):
                all_rows = data.folds(None, **how)
                folds, grids = all_rows, _grids(plan.grid, all_rows, penalties)
                curves = _leave_one_out(all_rows, penalties, grids, plan.tol)
            if curves is None:
                folds = data.folds(splitter, **how, **routed["split"])
                grids = _grids(plan.grid, folds, penalties)
            with start(self, len(penalties) * folds.n_folds + 1) as task:
                if curves is None:
                    curves = _cross_validate(folds, penalties, grids, plan.tol, self.n_jobs, task)
                scores = None
                if self.scoring is not None:
                    scores = self._scores(curves, data, folds, routed["score"])
                found = _Found(folds, penalties, grids, curves, scores)
                return self._finish(plan, found, data.dtype, data.y_ndim, task)

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
                penalties = [self._penalty(ratio, batch.n_targets) for ratio in plan.ratios]
                gathered = CellMoments(deal.n_cells, batch.n_features, batch.n_targets)
            gathered = batch.added_to(gathered, deal)
            dtype, y_ndim = np.result_type(dtype, batch.dtype), batch.y_ndim

        with start(self, n_fits + 2) as task:
            with task.part("read", n_fits + 1, count(batches)) as reading:
                read_all(self, batches, reading, add)
            assert gathered is not None
            check_weight(gathered.n_rows)
            with overflow_explained():
                folds = GatheredFolds(
                    gathered, deal, centred=self.fit_intercept, standardize=self.standardize
                )
                grids = _grids(plan.grid, folds, penalties)
                curves = _cross_validate(folds, penalties, grids, plan.tol, self.n_jobs, task)
                found = _Found(folds, penalties, grids, curves, None)
                return self._finish(plan, found, dtype, y_ndim, task)

    def _plan(self) -> _Plan:
        """Check the parameters that do not depend on the data."""
        for name in ("fit_intercept", "standardize", "positive"):
            check_flag(getattr(self, name), name)
        tol = check_number(self.tol, "tol", "a number >= 0", zero=True)
        grid, rule = check_lambdas(self.lambdas, self.eps), _check_rule(self.rule)
        ratios, self._many_ratios = self._l1_ratios()
        return _Plan(tol, grid, rule, ratios)

    def _refuse_scoring(self, data: str) -> None:
        """Refuse a scorer where there are no rows to score."""
        if self.scoring is not None:
            raise ValueError(f"scoring must be None for {data}, got {self.scoring!r}")

    def _deal(self) -> Deal:
        """Return which fold the rows of a stream are tested in."""
        self._refuse_scoring("batches, whose rows are gone")
        splitter = check_cv(self.cv)
        if isinstance(splitter, PredefinedSplit):
            return ByLabel(splitter.test_fold)
        if self.cv is None or isinstance(self.cv, Integral):
            return InTurn(splitter.get_n_splits())
        raise ValueError(
            "cv must be None, an integer or a PredefinedSplit for batches, because other splitters "
            f"ask for all rows, got {self.cv!r}"
        )

    def _finish(
        self, plan: _Plan, found: _Found, dtype: Any, y_ndim: int, task: Task
    ) -> list[tuple[type[Warning], str]]:
        """Choose a lambda, fit all of the data with it, store, and return what to warn of."""
        folds, penalties, grids, curves, scores = found
        losses = curves.test if scores is None else -scores
        with task.part("choose and refit", len(penalties) * folds.n_folds):
            choice = _choose(plan.rule, losses, grids, folds, penalties, plan.tol)
            lambda_ = float(grids[choice.ratio][choice.chosen])
            chosen = penalties[choice.ratio]._replace(lambdas=np.full(folds.n_targets, lambda_))
            fitted = _refit(folds, chosen, plan.tol)
            fitted = self._store(fitted, dtype, y_ndim, plan.tol)
        self.lambda_, self.l1_ratio_ = lambda_, plan.ratios[choice.ratio]
        self._keep(np.array(grids), curves, scores)
        return self._advice(choice, grids, callable(plan.grid), curves, fitted)

    def _keep(self, grids: FloatArray, curves: _Curves, scores: FloatArray | None) -> None:
        """Set the attributes that have an axis for l1_ratio where there is a list of them."""
        first = slice(None) if self._many_ratios else 0
        self.lambdas_ = grids[first]
        self.mse_path_, self.train_mse_path_ = curves.test[first], curves.train[first]
        self.dual_gaps_ = curves.gaps[first]
        self._fold_coefs = curves.coefs
        # (n_ratios, n_lambdas, n_folds, n_targets)
        intercepts = np.asarray(curves.intercepts).swapaxes(1, 2)
        one = self.coef_.ndim == 1
        self.fold_intercepts_ = (intercepts[..., 0] if one else intercepts)[first]
        self.__dict__.pop("score_path_", None)  # of an earlier fit
        if scores is not None:
            self.score_path_ = scores[first]

    def _leaves_one_out(self, splitter: Any, data: InMemory, penalties: Sequence[Penalty]) -> bool:
        """Whether all folds are known from one decomposition."""
        return (
            isinstance(splitter, LeaveOneOut)
            and data.weights is None
            and self.scoring is None
            and not self.standardize
            and all(penalty.one_spectrum for penalty in penalties)
        )

    def _penalty(self, l1_ratio: float, n_targets: int) -> Penalty:
        """Return the penalty with lambda_ = 1."""
        weights, excluded = check_penalty_weights(
            self.penalty_weights, self.n_features_in_, getattr(self, "feature_names_in_", None)
        )
        return Penalty(np.ones(n_targets), l1_ratio, weights, excluded, bool(self.positive))

    def _route(self, sample_weight: ArrayLike | None, params: dict[str, Any]) -> dict[str, Any]:
        """Return what the splitter and the scorer get."""
        if get_config().get("enable_metadata_routing"):
            routed = process_routing(self, "fit", sample_weight=sample_weight, **params)
            scoring = routed.scorer.score if self.scoring is not None else {}
            return {"split": routed.splitter.split, "score": scoring}
        unknown = set(params) - {"groups"}
        if unknown:
            raise TypeError(
                f"fit got {sorted(unknown)}; without metadata routing "
                "(sklearn.set_config(enable_metadata_routing=True)) it takes only groups"
            )
        return {"split": params, "score": {}}

    def _scores(
        self, curves: _Curves, data: Data, folds: Folds, params: dict[str, Any]
    ) -> FloatArray:
        """Score every solution on its test fold, as scikit-learn's searches do."""
        assert isinstance(data, InMemory)
        assert isinstance(folds, FoldsInMemory)
        scorer = check_scoring(_Scored(), scoring=self.scoring)
        scores = np.empty_like(curves.test)
        for fold, split in enumerate(folds.splits):
            X_test, y_test = data.X[split.test], data.y[split.test]
            mine = {
                name: np.asarray(value)[split.test] if value is not None else None
                for name, value in params.items()
            }
            for ratio, coefs in enumerate(curves.coefs):
                intercepts = curves.intercepts[ratio][fold]
                for k, b in enumerate(intercepts):
                    W = dense(coefs[fold][k * b.size : (k + 1) * b.size])
                    model = _Scored()
                    one = data.y_ndim == 1
                    model.coef_, model.intercept_ = (W[0], b[0]) if one else (W, b)
                    scores[ratio, k, fold] = scorer(model, X_test, y_test, **mine)
        if not np.isfinite(scores).all():
            raise ValueError(f"scoring={self.scoring!r} gave scores that are not finite")
        return scores

    def _advice(
        self,
        choice: _Choice,
        grids: Sequence[FloatArray],
        is_automatic: bool,
        curves: _Curves,
        fitted: Fitted,
    ) -> list[tuple[type[Warning], str]]:
        """Collect what a user should know."""
        advice: list[tuple[type[Warning], str]] = []
        grid, best = grids[choice.ratio], choice.best
        penalty_makes_zeros = self.l1_ratio_ > 0
        if len(grid) > 1 and best == len(grid) - 1:
            remedy = f"a smaller eps than {self.eps:g}" if is_automatic else "smaller lambdas"
            advice.append(
                (
                    UserWarning,
                    f"the smallest error is at the smallest lambda, {grid[best]:.3g}, where the "
                    f"grid ends: extend it downwards with {remedy}.",
                )
            )
        elif len(grid) > 1 and best == 0 and not (is_automatic and penalty_makes_zeros):
            advice.append(
                (
                    UserWarning,
                    f"the smallest error is at the largest lambda, {grid[0]:.3g}, where the grid "
                    "begins: extend it upwards with larger lambdas.",
                )
            )
        if not (curves.certified and all(result.converged for result in fitted.results)):
            gap = max(float(curves.gaps.max()), float(np.max(self.dual_gap_)))
            advice.append(
                (
                    ConvergenceWarning,
                    f"a duality gap of {gap:.3g} stayed above tol={self.tol:g} times F(0, mean y): "
                    "columns of X are too dependent for this accuracy. Remedy: a larger tol, "
                    "larger lambdas, or an L2 penalty.",
                )
            )
        return advice


class _Scored(LinearModel):
    """A linear model that scorers call."""

    def fit(self, X: Any, y: Any) -> Self:  # scorers ask for an estimator
        """Return itself: it has been fitted already."""
        return self

    def predict(self, X: Matrix) -> FloatArray:
        """Predict X w + b."""
        predictions: FloatArray = X @ self.coef_.T + self.intercept_
        return predictions


class _Plan(NamedTuple):
    """Parameters, checked."""

    tol: float
    grid: Grid | FloatArray
    rule: Rule
    ratios: Sequence[float]


class _Curves(NamedTuple):
    """Results of all folds; arrays have shape (n_ratios, n_lambdas, n_folds)."""

    train: FloatArray
    test: FloatArray
    gaps: FloatArray
    coefs: Sequence[Sequence[Matrix]]  # by ratio and fold: (n_lambdas * n_targets, n_features)
    intercepts: Sequence[Sequence[FloatArray]]  # by ratio and fold: (n_lambdas, n_targets)
    certified: bool


class _Found(NamedTuple):
    """All there is to choose from."""

    folds: Folds
    penalties: Sequence[Penalty]
    grids: Sequence[FloatArray]
    curves: _Curves
    scores: FloatArray | None


class _Choice(NamedTuple):
    """Which point of which grid was chosen, and which one has the smallest loss."""

    ratio: int
    chosen: int
    best: int


def _grids(grid: Grid | FloatArray, folds: Folds, penalties: Sequence[Penalty]) -> list[FloatArray]:
    """Return the lambdas of each penalty, the largest first."""
    if not callable(grid):
        return [grid] * len(penalties)
    return [grid(folds.whole(penalty), penalty) for penalty in penalties]


def _leave_one_out(
    folds: FoldsInMemory, penalties: Sequence[Penalty], grids: Sequence[FloatArray], tol: float
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
    penalties: Sequence[Penalty],
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

    def run_together(some: Sequence[tuple[int, int]]) -> list[tuple[Points, FloatArray]]:
        with one_blas_thread():
            return together([run(*job) for job in some])

    jobs = [(ratio, fold) for ratio in range(len(penalties)) for fold in range(n_folds)]
    # Threads share no products: each has folds of its own.
    size = folds.at_once if n_jobs in (None, 1) else 1
    groups = [jobs[k : k + size] for k in range(0, len(jobs), size)]
    results = Parallel(n_jobs=n_jobs, require="sharedmem")(
        delayed(run_together)(group) for group in groups
    )
    done = [result for group in results for result in group]
    shape = (len(penalties), n_folds, len(grids[0]))
    errors = np.array([errors for _, errors in done]).reshape(*shape[:2], 2, shape[2])
    gaps = np.array([points.gaps.max(axis=1) for points, _ in done]).reshape(shape)

    def by_ratio(values: Sequence[Any]) -> list[list[Any]]:
        return [list(values[r * n_folds : (r + 1) * n_folds]) for r in range(len(penalties))]

    return _Curves(
        errors[:, :, 0].transpose(0, 2, 1),
        errors[:, :, 1].transpose(0, 2, 1),
        gaps.transpose(0, 2, 1),
        by_ratio([points.coefs for points, _ in done]),
        by_ratio([points.intercepts for points, _ in done]),
        all(points.are_certified and points.are_accurate for points, _ in done),
    )


def _refit(folds: Folds, penalty: Penalty, tol: float) -> Fitted:
    """Fit all of the data with the chosen penalty."""
    solver, settings = SOLVERS[choose("auto", penalty.smooth)], Settings(None, AUTO_ITERATIONS, tol)
    starts = np.zeros((folds.n_targets, folds.n_features))
    fitted = solve(folds.whole(penalty), penalty, solver, starts, settings)
    rows = None if fitted.is_accurate(tol) else folds.whole_on_rows(penalty)
    if rows is None:
        return fitted
    return solve(rows, penalty, solver, starts, settings)


def _choose(
    rule: Rule,
    losses: FloatArray,
    grids: Sequence[FloatArray],
    folds: Folds,
    penalties: Sequence[Penalty],
    tol: float,
) -> _Choice:
    """Apply the rule."""
    if isinstance(rule, str) and rule in CRITERIA:
        n = folds.n_rows
        values = []
        for penalty, grid in zip(penalties, grids, strict=True):
            whole = folds.whole(penalty)
            points = follow(whole, penalty, grid, tol, with_degrees_of_freedom=True)
            values.append(_criterion(rule, points, n, folds.centred))
        ratio, best = _smallest(np.array(values))
        return _Choice(ratio, best, best)
    ratio, best = _smallest(losses.mean(axis=2))
    if rule == "min":
        return _Choice(ratio, best, best)
    if rule == "1se":
        return _Choice(ratio, one_standard_error(losses[ratio]), best)
    assert callable(rule)
    chosen = int(rule(grids[ratio], losses[ratio]))
    if not 0 <= chosen < len(grids[ratio]):
        raise ValueError(
            f"rule returned {chosen!r}, which is no index of the {len(grids[ratio])} lambdas"
        )
    return _Choice(ratio, chosen, best)


def _smallest(values: FloatArray) -> tuple[int, int]:
    """Return where the smallest of a matrix is, the first if there are several."""
    ratio, index = np.unravel_index(np.argmin(values), values.shape)
    return int(ratio), int(index)


def one_standard_error(losses: FloatArray) -> int:
    """Return the index of the most regularised model within one standard error of the best.

    Parameters
    ----------
    losses : ndarray of shape (n_lambdas, n_folds)
        Losses, for lambdas from the largest to the smallest.

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
    """Say for which rows of losses (n_lambdas, n_folds) the mean is that near the smallest."""
    means, n_folds = losses.mean(axis=1), losses.shape[1]
    best = int(np.argmin(means))
    error = losses[best].std(ddof=1) / np.sqrt(n_folds) if n_folds > 1 else 0.0
    return np.asarray(means <= means[best] + error)


def _criterion(rule: str, points: Points, n: int, intercept: bool) -> FloatArray:
    """AIC, BIC or generalised cross-validation along a path, summed over targets.

    With RSS = n times the training loss and df the degrees of freedom (and one for the intercept):
    AIC = n log(RSS / n) + 2 df, BIC = n log(RSS / n) + log(n) df, GCV = (RSS / n) / (1 - df / n)^2.
    """
    freedom = np.minimum(points.degrees_of_freedom + intercept, n)
    loss = np.maximum(points.losses, np.finfo(float).tiny)
    if rule == "gcv":
        # A model that leaves no degree of freedom has no estimate.
        left = np.where(freedom < n, 1.0 - freedom / n, 1e-8)
        return np.asarray((loss / left**2).sum(axis=1))
    factor = 2.0 if rule == "aic" else np.log(n)
    # Nor has it a likelihood: the logarithm of its loss would be arbitrarily small.
    values = np.where(freedom < n, n * np.log(loss) + factor * freedom, np.inf)
    return np.asarray(np.where(np.isinf(values), np.finfo(float).max / 1e3, values).sum(axis=1))


def _check_rule(rule: Any) -> Rule:
    """Return a rule that is known or callable."""
    if isinstance(rule, str) and rule in RULES:
        return rule
    if callable(rule):
        called: Rule = rule
        return called
    listed = ", ".join(repr(known) for known in RULES)
    raise ValueError(f"rule must be one of {listed} or a callable, got {rule!r}")
