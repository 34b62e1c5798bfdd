"""Cross-validation over a grid of penalties: the base of the three CV classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from numbers import Integral
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn import get_config
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import LeaveOneOut, PredefinedSplit
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_is_fitted

from sklearn_reg._checks.namespaces import home_of
from sklearn_reg._checks.values import check_shares, on_dask, overflow_explained
from sklearn_reg._checks.words import in_our_words
from sklearn_reg._data.cells import CellMoments
from sklearn_reg._data.data import Batch, InMemory, check_weight
from sklearn_reg._data.designs import Preprocessing
from sklearn_reg._data.reading import count, read, read_all
from sklearn_reg._data.units import AnyUnitPenalty, Penalties
from sklearn_reg._fitting.advice import (
    UNEQUAL_SCALES,
    Advice,
    Part,
    cause_of_rounding,
    scales_of,
)
from sklearn_reg._fitting.linear_model import PenalizedModel, all_or_nothing
from sklearn_reg._selection.assignment import Assignment, Labelled, RoundRobin
from sklearn_reg._selection.choice import (
    Choice,
    Curve,
    Rule,
    advice_on_edges,
    check_rule,
    choose,
    choose_for_each,
    is_criterion,
)
from sklearn_reg._selection.curves import (
    Curves,
    criteria,
    cross_validate,
    grids_of,
    kept_small,
    leave_one_out_curves,
    refit,
)
from sklearn_reg._selection.folds import Folds, RowFolds, StreamFolds, folds_in_memory
from sklearn_reg._selection.intervals import (
    HeldOut,
    PredictionInterval,
    folds_of_rows,
    hold_out,
    interval_ends,
    rank_of,
)
from sklearn_reg._selection.scoring import check_partition, predictions_of, scorer_of, scores_of
from sklearn_reg._selection.splits import routed_splitter, splitter_of
from sklearn_reg._solvers.accuracy import Fitted
from sklearn_reg._solvers.grids import Grid, check_lambdas
from sklearn_reg._tools.linalg import dense
from sklearn_reg._tools.progress import Task, start, with_callbacks
from sklearn_reg._tools.typing import FloatArray, IndexArray, Matrix

# Attributes that some fits set, and others do not.
SOMETIMES = ("score_path_", "relative_mse_path_", "target_mse_path_", "cv_predictions_")

IN_MEMORY = "a fit of rows in memory (fit of an array, a data frame or a sparse matrix)"


class PenalizedRegressionCV(PenalizedModel):
    """Cross-validation over a grid of penalties; a subclass sets its `l1_ratio`."""

    l1_ratio: float | ArrayLike  # share of L1 in the penalty, or several
    relax: float | ArrayLike = 1.0  # share of the solution in the coefficients, or several
    _n_relax = 0  # the number of values of relax if they are a list; models of 0.2 have none
    # The out-of-fold residuals, or what a fit would need to have them.
    _held_out: HeldOut | str = (
        "the out-of-fold residuals, which older versions did not keep; fit again"
    )

    @in_our_words
    def __init__(
        self,
        lambdas: int | ArrayLike = 100,
        *,
        eps: float = 1e-3,
        cv: Any = None,
        rule: Rule = "min",
        scoring: Any = None,
        n_jobs: int | None = None,
        tol: float = 1e-6,
        fit_intercept: bool = True,
        standardize: bool = False,
        penalty_weights: ArrayLike | Mapping[Any, float] | None = None,
        positive: bool = False,
        bounds: Any = None,
        lambda_per_target: bool = False,
        store_cv_predictions: bool = False,
    ) -> None:
        self.lambdas = lambdas
        self.eps = eps
        self.cv = cv
        self.rule = rule
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.penalty_weights = penalty_weights
        self.positive = positive
        self.bounds = bounds
        self.lambda_per_target = lambda_per_target
        self.store_cv_predictions = store_cv_predictions

    def fit(
        self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None = None, **params: Any
    ) -> Self:
        """Choose lambda by cross-validation, and fit all of the data with it.

        Parameters
        ----------
        X : {array-like, sparse matrix, dask collection} of shape (n_samples, n_features)
            Data. float64 and float32 arrays are never copied, whatever the folds. The rows of a
            Dask array or data frame stay on the workers: `scoring` must be None for them, and a
            splitter gets only the number of rows.
        y : {array-like, dask collection} of shape (n_samples,) or (n_samples, n_targets)
            Targets. They share lambda and count alike in its choice, unless `lambda_per_target`.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, for training and for the errors. None means equal weights.
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
        with all_or_nothing(self) as advice:
            advice += self._fit(X, y, sample_weight, params)
        return self

    def fit_batches(self, batches: Iterable[tuple[Any, ...]]) -> Self:
        """Choose lambda and fit, in one pass over rows that come in batches.

        With `cv` an integer k (None: 5), row i of the stream is tested in fold i mod k, however it
        is split into batches; `PredefinedSplit` gives the fold of each row. Only the moments of
        each fold are kept: k (n_features + n_targets)^2 numbers. The result is that of `fit` on
        all rows with the same folds.

        Parameters
        ----------
        batches : iterable of (X, y) or (X, y, sample_weight)
            Rows as for `fit`; read once, one batch at a time, and not kept. Weights are on one
            scale for all batches. Batches without rows are skipped.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or a batch is not valid (the message gives its number), if there are no
            rows, if `scoring` is not None, or if `cv` needs all rows. The estimator is then as it
            was before, also if reading fails.

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
        with all_or_nothing(self) as advice:
            advice += self._fit_batches(batches)
        return self

    def predict_interval(self, X: Matrix, confidence_level: float = 0.9) -> PredictionInterval:
        r"""Return intervals that contain new targets, by CV+ or, with leave-one-out, jackknife+.

        Let :math:`\hat\mu_k` be the model of fold k, fitted without its test rows, at the chosen
        lambda, l1_ratio and relax, k(i) the fold that tests row i of the n rows of `fit`, and
        :math:`R_i = |y_i - \hat\mu_{k(i)}(x_i)|`. With :math:`\alpha` = 1 - `confidence_level`,
        the interval at x is [1]_

        - from the :math:`\lfloor\alpha(n + 1)\rfloor`-th smallest of
          :math:`\hat\mu_{k(i)}(x) - R_i`
        - to the :math:`\lceil(1 - \alpha)(n + 1)\rceil`-th smallest of
          :math:`\hat\mu_{k(i)}(x) + R_i`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            New rows, in memory.
        confidence_level : float, default=0.9
            The share of new targets that the intervals aim to contain: in (0, 1), and at most
            n / (n + 1).

        Returns
        -------
        PredictionInterval
            `lower` and `upper`, of shape (n_samples,) or (n_samples, n_targets) as the y of `fit`.
            Each target has its own intervals.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError, TypeError
            If X or `confidence_level` is not valid, or too high for n rows. If `fit` had folds that
            do not test each row once and train on all others (as `ShuffleSplit` and
            `TimeSeriesSplit`), sample weights that are not equal, a Dask collection, or batches. If
            an older version of the package fitted the model.

        Notes
        -----
        The guarantee is about the average over fits and new rows, not about one fit or one x. If
        the rows of `fit` and the new row are exchangeable, as independent draws from one
        distribution are, and lambda does not depend on them, the new target is in the interval with
        a probability of at least

        - :math:`1 - 2\alpha` for jackknife+ (`cv=LeaveOneOut()`),
        - :math:`1 - 2\alpha - \sqrt{2/n}` for CV+ with folds of equal size,

        whatever the distribution, also if the model is wrong. It is typically about
        :math:`1 - \alpha`. Rows of a time series, rows in groups, and rows from another population
        than that of `fit` are not exchangeable.

        The theorem does not cover one thing: `fit` chose lambda by the errors in the same folds,
        which makes the residuals a little too small. That matters little with many rows and few
        features. With few rows and many features the intervals may contain fewer targets.

        The width hardly depends on x, even where the noise does. For `confidence_level` >= 0.5
        `lower` is at most `upper`; below, an interval may be empty, with `lower` above `upper`.

        References
        ----------
        .. [1] R. F. Barber, E. J. Candes, A. Ramdas, R. J. Tibshirani (2021). Predictive inference
           with the jackknife+. Annals of Statistics 49(1). https://doi.org/10.1214/20-AOS1965

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.datasets import load_diabetes
        >>> from sklearn_reg import RidgeRegressionCV
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = RidgeRegressionCV().fit(X[:300], y[:300])
        >>> lower, upper = model.predict_interval(X[300:])
        >>> inside = (lower <= y[300:]) & (y[300:] <= upper)
        >>> print(f"{np.mean(inside):.2f}")
        0.92
        """
        check_is_fitted(self)
        held_out = self._held_out
        if isinstance(held_out, str):
            raise ValueError(f"predict_interval needs {held_out}")
        if on_dask(X):
            raise TypeError(
                f"X must be in memory for predict_interval, got the Dask collection "
                f"{type(X).__name__}; pass X.compute()"
            )
        n_rows, n_targets = held_out.residuals.shape
        rank = rank_of(confidence_level, n_rows)
        home, X = home_of(X), self._validated(X)
        coefs = self._fold_coefs[held_out.kind]
        shape = len(self._fold_coefs), -1, len(coefs), n_targets
        intercepts = self.fold_intercepts_.reshape(shape)[held_out.kind]
        with overflow_explained(lambda: {"X": X}):
            ends = interval_ends(X, held_out, coefs, intercepts, rank)
            lower, upper = (end.astype(self.coef_.dtype) for end in ends)
        if self.coef_.ndim == 1:
            lower, upper = lower[:, 0], upper[:, 0]
        return PredictionInterval(home.answer(lower), home.answer(upper))

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the routing of metadata to the splitter and to the scorer.

        Returns
        -------
        MetadataRouter
            The requests of this estimator, its splitter and its scorer.
        """
        to_fit = MethodMapping().add(caller="fit", callee="split")
        # By name: scikit-learn before 1.8 copies the owner, and an iterator cannot be copied.
        router = MetadataRouter(owner=type(self).__name__).add_self_request(self)
        router.add(splitter=routed_splitter(self.cv), method_mapping=to_fit)
        if self.scoring is not None:
            to_score = MethodMapping().add(caller="fit", callee="score")
            router.add(scorer=scorer_of(self.scoring), method_mapping=to_score)
        return router

    def __dir__(self) -> list[str]:
        # Notebooks, debuggers and scikit-learn's own dir read every attribute that is listed; this
        # must not create an array of the coefficients of all folds.
        listed = set(object.__dir__(self)) - {"fold_coefs_"}
        return [name for name in listed if hasattr(self, name)]

    @property
    def fold_coefs_(self) -> FloatArray:
        """Coefficients of each fold, of shape (n_lambdas, n_folds, n_features).

        Several targets have an axis before the features; several values of l1_ratio have one in
        front, and several of relax one after that.
        The array is created when it is accessed, and `dir` does not list it.
        """
        check_is_fitted(self)
        n_targets = 1 if self.coef_.ndim == 1 else len(self.coef_)
        kinds = [
            np.stack([dense(W).reshape(-1, n_targets, W.shape[1]) for W in folds], axis=1)
            for folds in self._fold_coefs
        ]
        coefs = np.stack(kinds)
        coefs = coefs[:, :, :, 0] if self.coef_.ndim == 1 else coefs
        return self._shaped(coefs)

    @with_callbacks
    def _fit(
        self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None, params: dict[str, Any]
    ) -> list[Advice]:
        """Fit, and return advice."""
        plan = self._plan()
        data = read(self, X, y, sample_weight)
        if not isinstance(data, InMemory):
            self._refuse_what_needs_rows("Dask collections, whose rows stay where they are")
        to_split, to_score = self._route(sample_weight, params)
        splitter = splitter_of(self.cv)
        penalties = self._penalties(plan.ratios, data.n_targets)
        # Scorers, rules and splitters run outside, because their errors are not due to the data.
        guarded = data.overflow_explained
        folds: Folds
        curves = None
        if isinstance(data, InMemory) and self._leaves_one_out(splitter, data, penalties):
            with guarded():
                folds = all_rows = folds_in_memory(data, None, {}, self._preprocessing)
                grids = grids_of(plan.grid, all_rows, penalties)
                curves = leave_one_out_curves(all_rows, penalties, grids, plan.tol)
        if curves is None:
            folds = _folds_of(data, splitter, to_split, self._preprocessing)
            with guarded():
                grids = grids_of(plan.grid, folds, penalties)
        if self.store_cv_predictions and curves is None:
            assert isinstance(folds, RowFolds)
            check_partition(folds.splits, len(folds.Y))
        with start(self, len(penalties) * folds.n_folds + 1) as task:
            if curves is None:
                with guarded():
                    curves = cross_validate(
                        folds, penalties, grids, plan.tol, self.n_jobs, task, plan.relax
                    )
            scores = None
            if self.scoring is not None:
                assert isinstance(data, InMemory)
                assert isinstance(folds, RowFolds)
                scores = scores_of(
                    self.scoring, data, folds.splits, curves.coefs, curves.intercepts, to_score
                )
            found = _Found.of(plan, folds, penalties, grids, curves, scores)
            found = found._replace(held_out=_held_out(data, folds))
            if self.store_cv_predictions:
                assert isinstance(data, InMemory)
                assert isinstance(folds, RowFolds)
                tests = [split.test for split in folds.splits] or list(
                    np.arange(len(data.Y))[:, None]
                )
                found = found._replace(predict=partial(predictions_of, data, tests))
            return self._finish(plan, found, data.dtype, data.y_ndim, guarded, task)

    @with_callbacks
    def _fit_batches(self, batches: Iterable[tuple[Any, ...]]) -> list[Advice]:
        """Fit a stream of rows, and return advice."""
        plan = self._plan()
        assignment = self._assignment()
        n_fits = len(plan.ratios) * assignment.n_folds
        gathered, penalties, dtype, y_ndim = None, [], np.dtype(np.float32), 1

        def add(batch: Batch) -> None:
            nonlocal gathered, penalties, dtype, y_ndim
            if gathered is None:
                penalties = self._penalties(plan.ratios, batch.n_targets)
                gathered = CellMoments(assignment.n_cells, batch.n_features, batch.n_targets)
            gathered = batch.added_to(gathered, assignment.cells)
            dtype, y_ndim = np.result_type(dtype, batch.dtype), batch.y_ndim

        with start(self, n_fits + 2) as task:
            with task.part("read", n_fits + 1, count(batches)) as reading:
                read_all(self, batches, reading, add)
            assert gathered is not None
            check_weight(gathered.n_rows)
            guarded = partial(overflow_explained, gathered.by_name)
            with guarded():
                folds = StreamFolds(gathered, assignment, self._preprocessing)
                grids = grids_of(plan.grid, folds, penalties)
                curves = cross_validate(
                    folds, penalties, grids, plan.tol, self.n_jobs, task, plan.relax
                )
            found = _Found.of(plan, folds, penalties, grids, curves, None)
            found = found._replace(held_out=f"{IN_MEMORY}; fit_batches does not keep its rows")
            return self._finish(plan, found, dtype, y_ndim, guarded, task)

    def _plan(self) -> _Plan:
        """Check the parameters that do not depend on the data."""
        self._check_flags("lambda_per_target", "store_cv_predictions")
        if self.lambda_per_target and self.scoring is not None:
            raise ValueError(
                "scoring must be None with lambda_per_target=True, because a scorer returns one "
                f"number for all targets, got {self.scoring!r}"
            )
        tol = self._check_tol()
        grid, rule = check_lambdas(self.lambdas, self.eps), check_rule(self.rule)
        ratios, self._many_ratios = check_shares(self.l1_ratio, "l1_ratio")
        relax, many_relax = check_shares(self.relax, "relax")
        self._n_relax = len(relax) if many_relax else 0
        if is_criterion(rule) and relax != [1.0]:
            raise ValueError(
                "rule must be 'min', '1se' or a callable where relax is not 1, because refits "
                f"depend on y in more ways than a count of features tells, got {rule!r}"
            )
        if rule == "plugin" and ratios != [1.0]:
            raise ValueError(f"rule='plugin' needs l1_ratio=1, a lasso, got {self.l1_ratio!r}")
        return _Plan(tol, grid, rule, ratios, relax)

    def _refuse_what_needs_rows(self, data: str) -> None:
        """Refuse a scorer and out-of-fold predictions if there are no rows to predict."""
        if self.scoring is not None:
            raise ValueError(f"scoring must be None for {data}, got {self.scoring!r}")
        if self.store_cv_predictions:
            raise ValueError(f"store_cv_predictions must be False for {data}, got True")

    def _assignment(self) -> Assignment:
        """Return the assignment of the rows of a stream to test folds."""
        self._refuse_what_needs_rows("batches, whose rows are gone")
        if isinstance(self.cv, PredefinedSplit):
            return Labelled(self.cv.test_fold)
        if self.cv is None or isinstance(self.cv, Integral):
            return RoundRobin(splitter_of(self.cv).get_n_splits())
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
    ) -> list[Advice]:
        """Choose a lambda, fit all of the data with it, store the fit, and return advice."""
        folds, penalties, curves = found.folds, found.penalties, found.curves
        losses = self._losses(folds, curves, found.scores)
        with task.part("choose and refit", len(plan.ratios) * folds.n_folds):
            values = None
            if is_criterion(plan.rule):
                with guarded():
                    values = criteria(plan.rule, folds, penalties, found.grids, plan.tol)
            choices, decided = self._choices(plan, found, losses, values)
            kind, at = choices[0].kind, np.array([choice.chosen for choice in choices])
            ratio, share = divmod(kind, len(plan.relax))
            lambdas = np.resize(found.grids[kind][at], folds.n_targets)
            with guarded():
                penalty = Penalties(lambdas, penalties[kind])
                fitted = refit(folds, penalty, plan.tol, plan.relax[share])
                fitted = self._store(fitted, dtype, y_ndim)
        self.l1_ratio_, self.relax_ = plan.ratios[ratio], plan.relax[share]
        self._keep_choices(choices, found.grids[kind], each=self.lambda_per_target and y_ndim > 1)
        self._keep(np.array(found.grids), curves, losses, found.scores)
        at = np.resize(at, folds.n_targets)
        if found.predict is not None:
            of_kind = curves.coefs[kind], curves.intercepts[kind]
            self.cv_predictions_ = found.predict(*of_kind, at)
        known = found.held_out
        self._held_out = known if isinstance(known, str) else known(curves, kind, at)
        return [
            *self._advice_on_scores(found.scores, found.grids),
            *self._advice_on_edges(choices, decided, callable(plan.grid), found),
            *self._advice_on_gaps(curves, fitted),
        ]

    def _keep_choices(self, choices: Sequence[Choice], grid: FloatArray, *, each: bool) -> None:
        """Set the chosen lambdas: arrays if there is one for each target, else numbers."""
        for name, at in (
            ("lambda_", [choice.chosen for choice in choices]),
            ("lambda_min_", [choice.smallest for choice in choices]),
            ("lambda_1se_", [choice.one_standard_error for choice in choices]),
        ):
            setattr(self, name, grid[at] if each else float(grid[at[0]]))

    def _choices(
        self, plan: _Plan, found: _Found, losses: FloatArray, values: FloatArray | None
    ) -> tuple[list[Choice], list[Curve]]:
        """Return the choice of all targets, or of each, and the curve that decided it."""
        if not self.lambda_per_target:
            if plan.rule == "plugin" and found.folds.n_targets > 1:
                raise ValueError(
                    "rule='plugin' needs lambda_per_target=True for several targets, because each "
                    "has a noise of its own, got False"
                )
            totals = None if values is None else values.sum(axis=-1)
            choices = [choose(plan.rule, found.grids, losses, totals)]
            losses, values = losses[..., None], None if totals is None else totals[..., None]
        else:
            losses = found.curves.test
            units = found.folds.null_losses()
            choices = choose_for_each(plan.rule, found.grids, losses, values, units)
        kind = choices[0].kind
        decided = losses[kind] if values is None else values[kind][:, None]
        grid = found.grids[kind]
        return choices, [
            Curve(grid, decided[..., target], plan.rule) for target in range(len(choices))
        ]

    def _losses(self, folds: Folds, curves: Curves, scores: FloatArray | None) -> FloatArray:
        """Return the losses to minimise, of shape (n_kinds, n_lambdas, n_folds).

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

    def _shaped(self, by_kind: FloatArray, *, with_relax: bool = True) -> FloatArray:
        """Return values by kind with axes for l1_ratio and for relax where these are lists."""
        values = by_kind.reshape(-1, self._n_relax or 1, *by_kind.shape[1:])
        values = values if self._n_relax and with_relax else values[:, 0]
        return values if self._many_ratios else values[0]

    def _keep(
        self,
        grids: FloatArray,
        curves: Curves,
        losses: FloatArray,
        scores: FloatArray | None,
    ) -> None:
        """Set the attributes that have axes for l1_ratio and for relax where these are lists."""
        one = self.coef_.ndim == 1
        shaped = self._shaped
        self.lambdas_ = shaped(grids, with_relax=False)
        self.mse_path_ = shaped(curves.test.mean(axis=-1))
        self.train_mse_path_ = shaped(curves.train.mean(axis=-1))
        self.dual_gaps_ = shaped(curves.gaps, with_relax=False)
        self._fold_coefs = [kept_small(coefs) for coefs in curves.coefs]
        # (n_kinds, n_lambdas, n_folds, n_targets)
        intercepts = np.asarray(curves.intercepts).swapaxes(1, 2)
        self.fold_intercepts_ = shaped(intercepts[..., 0] if one else intercepts)
        for name in SOMETIMES:  # of an earlier fit
            self.__dict__.pop(name, None)
        if self.lambda_per_target and not one:
            self.target_mse_path_ = shaped(curves.test)
        if scores is not None:
            self.score_path_ = shaped(scores)
        elif curves.test.shape[-1] > 1:
            self.relative_mse_path_ = shaped(losses)

    def _leaves_one_out(
        self, splitter: Any, data: InMemory, penalties: Sequence[AnyUnitPenalty]
    ) -> bool:
        """Whether all folds may follow from the moments or the decomposition of all rows."""
        return (
            isinstance(splitter, LeaveOneOut)
            and data.weights is None
            and self.scoring is None
            and bool(np.all(np.asarray(self.relax) == 1.0))
            and not any(penalty.adaptive for penalty in penalties)
            and all(
                penalty.is_sparse or (penalty.is_ridge and not self.standardize)
                for penalty in penalties
            )
        )

    def _penalties(self, ratios: Sequence[float], n_targets: int) -> list[AnyUnitPenalty]:
        """Return the penalty with lambda_ = 1 for each l1_ratio."""
        found = [self._unit_penalty(ratio, self.n_features_in_, n_targets) for ratio in ratios]
        if self.rule == "plugin" and any(penalty.joint for penalty in found):
            raise ValueError("rule='plugin' is not offered with groups='targets', got both")
        if self.lambda_per_target and any(penalty.joint for penalty in found):
            raise ValueError(
                "lambda_per_target must be False with groups='targets', because all targets are "
                "one problem, got True"
            )
        return found

    def _route(
        self, sample_weight: ArrayLike | None, params: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return the parameters of the splitter, and of the scorer; None without routing."""
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
    ) -> Iterator[Advice]:
        """Warn of lambdas at which a score is not finite."""
        if scores is None or np.isfinite(scores).all():
            return
        undefined = ~np.isfinite(scores).all(axis=2)
        kind, k = np.argwhere(undefined)[0]
        yield Advice(
            UserWarning,
            f"scoring={self.scoring!r} is not finite at {np.count_nonzero(undefined)} of "
            f"{undefined.size} lambdas, the first {grids[kind][k]:.3g}: they are ranked last.",
        )

    def _advice_on_edges(
        self, choices: Sequence[Choice], curves: Sequence[Curve], is_automatic: bool, found: _Found
    ) -> Iterator[Advice]:
        """Advise how to extend a grid, if that helps, for the first target that it helps."""
        kind = choices[0].kind
        folds, penalty = found.folds, found.penalties[kind]
        # Without non-zero coefficients, as at the start of an automatic grid, a larger penalty
        # changes nothing. Ridge never makes coefficients zero.
        null = is_automatic or not (
            penalty.is_ridge
            or any(dense(W[: folds.n_targets]).any() for W in found.curves.coefs[kind])
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
        for choice, curve in zip(choices, curves, strict=True):
            advice = advice_on_edges(
                curve, choice.best, is_null=null, rounding=rounding, remedy=remedy
            )
            if advice is not None:
                yield Advice(UserWarning, advice)
                return

    def _advice_on_gaps(self, curves: Curves, fitted: Fitted) -> Iterator[Advice]:
        """Warn of a duality gap above its bound."""
        if curves.certified and all(result.converged for result in fitted.results):
            return
        gap = max(float(curves.gaps.max()), float(np.max(self.dual_gap_)))
        worst = int(np.argmax([result.gap for result in fitted.results]))
        otherwise = Part("a larger tol, larger lambdas, or an L2 penalty")
        cause, remedy = cause_of_rounding(self, fitted, worst, otherwise)
        yield Advice(
            ConvergenceWarning,
            f"a duality gap of {gap:.3g} stayed above tol={self.tol:g} times F(0, mean y): "
            f"{cause}. Remedy: {remedy}.",
        )


def _folds_of(
    data: Batch, splitter: Any, params: dict[str, Any], preprocessing: Preprocessing
) -> Folds:
    """Split data, in memory or on Dask, into folds; `params` are for the splitter."""
    if isinstance(data, InMemory):
        return folds_in_memory(data, splitter, params, preprocessing)
    from sklearn_reg._selection.dask_folds import folds_on_dask  # Dask is optional

    return folds_on_dask(data, splitter, params, preprocessing)


def _held_out(data: Batch, folds: Folds) -> Callable[[Curves, int, IndexArray], HeldOut] | str:
    """Return what computes the out-of-fold residuals, or what it would need."""
    if not isinstance(data, InMemory):
        return f"{IN_MEMORY}; the rows of a Dask collection stay where they are"
    assert isinstance(folds, RowFolds)
    weights = data.weights
    if weights is not None and (weights != weights[0]).any():
        return (
            "a fit with equal sample weights, because it takes rows for exchangeable; the smallest "
            f"weight is {weights.min():.3g} times the largest"
        )
    fold = folds_of_rows(folds.splits, len(data.Y))
    return fold if isinstance(fold, str) else partial(hold_out, folds, fold)


class _Plan(NamedTuple):
    """Checked parameters."""

    tol: float
    grid: Grid | FloatArray
    rule: Rule
    ratios: Sequence[float]
    relax: Sequence[float]


class _Found(NamedTuple):
    """The results from which a rule chooses; penalties and grids are by kind, as curves are."""

    folds: Folds
    penalties: Sequence[AnyUnitPenalty]
    grids: Sequence[FloatArray]
    curves: Curves
    scores: FloatArray | None
    # Out-of-fold predictions, given the coefficients and intercepts of the folds of a kind and
    # the index of the lambda of each target.
    predict: Callable[[Sequence[Matrix], Sequence[FloatArray], IndexArray], FloatArray] | None = (
        None
    )
    # The out-of-fold residuals, given the kind and those indices; or what they would need.
    held_out: Callable[[Curves, int, IndexArray], HeldOut] | str = ""

    @classmethod
    def of(
        cls,
        plan: _Plan,
        folds: Folds,
        penalties: Sequence[AnyUnitPenalty],
        grids: Sequence[FloatArray],
        curves: Curves,
        scores: FloatArray | None,
    ) -> _Found:
        """Repeat the penalty and the grid of each l1_ratio for every value of relax."""
        n_relax = len(plan.relax)
        penalties = [penalty for penalty in penalties for _ in range(n_relax)]
        grids = [grid for grid in grids for _ in range(n_relax)]
        return cls(folds, penalties, grids, curves, scores)
