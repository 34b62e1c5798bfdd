"""What the estimators share: validate, translate to problems, solve, translate back."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import estimator_html_repr
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_reg._advice import warn_of_trouble
from sklearn_reg._data import Data, check_weight
from sklearn_reg._folds import CellMoments, InTurn
from sklearn_reg._labels import Labels, check_order, feature_labels, keep_fitting_labels
from sklearn_reg._parameters import (
    READ_AS,
    check_count,
    check_flag,
    check_lambda,
    check_penalty_weights,
)
from sklearn_reg._progress import CallbackSupportMixin, start, with_callbacks
from sklearn_reg._reading import check_y, count, read, read_all
from sklearn_reg._report import coefficient_table, html_summary
from sklearn_reg._scaled import Fitted, Penalties, Scaled, UnitPenalty, scale_moments, solve
from sklearn_reg._typing import FloatArray, Matrix
from sklearn_reg._validation import (
    check_number,
    fetched,
    on_dask,
    overflow_explained,
    refuse_misread,
)
from sklearn_reg._warn import warn
from sklearn_reg._words import hint
from sklearn_reg.moments import Moments
from sklearn_reg.solvers import AUTO_ITERATIONS, EXACT, SOLVERS, Settings, choose


class LinearModel(CallbackSupportMixin, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A fitted linear model: what it predicts, and how it is stored."""

    _labels = Labels()

    def set_params(self, **params: Any) -> Self:
        """Set parameters of this estimator.

        Parameters
        ----------
        **params : dict
            Parameters by name.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If there is no such parameter; for the words of other packages it says ours.
        """
        try:
            super().set_params(**params)
        except ValueError as error:
            known = self._get_param_names()
            told = [hint(word, known) for word in params if word not in known]
            if not any(told):
                raise
            raise ValueError(f"{error} {'; '.join(filter(None, told))}.") from None
        return self

    def predict(self, X: Matrix) -> Any:
        """Predict X w + b.

        Parameters
        ----------
        X : {array-like, sparse matrix, dask collection} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        {ndarray, dask array} of shape (n_samples,) or (n_samples, n_targets)
            Predictions, shaped like the y of `fit`. Those of a Dask collection are made when they
            are asked for, chunk by chunk.
        """
        check_is_fitted(self)
        check_order(self, X)
        if on_dask(X):
            from sklearn_reg._dask import predict_dask

            return predict_dask(self, X)
        refuse_misread(X, "X")
        X = validate_data(self, X, reset=False, **READ_AS)
        predictions: FloatArray = X @ self.coef_.T + self.intercept_
        return predictions

    def score(self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the coefficient of determination, R^2.

        Parameters
        ----------
        X : {array-like, sparse matrix, dask collection} of shape (n_samples, n_features)
            Data.
        y : {array-like, dask collection} of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : {array-like, dask collection} of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        float
            1 - (sum of squared residuals) / (sum of squares of y about its mean); the mean of
            those of several targets.
        """
        check_order(self, X, y)
        known, predicted, weights = map(fetched, (y, self.predict(X), sample_weight))
        refuse_misread(known, "y")
        refuse_misread(weights, "sample_weight")
        return float(r2_score(known, predicted, sample_weight=weights))

    def get_weights(self) -> FloatArray:
        """Return the weights w as the formulas write them.

        Returns
        -------
        ndarray of shape (n_features,) or (n_features, n_targets)
            A copy of `coef_`, one column per target.
        """
        check_is_fitted(self)
        weights: FloatArray = self.coef_.T.copy()
        return weights

    def coef_table(
        self,
        feature_names: Sequence[Hashable] | None = None,
        *,
        sort: bool = True,
        nonzero: bool = False,
    ) -> Any:
        """Return the coefficients with the names of their features.

        Parameters
        ----------
        feature_names : sequence of str, default=None
            Names; None takes the column labels of X in `fit`, or x0, x1, ... In a pipeline, pass
            `pipeline[:-1].get_feature_names_out()`.
        sort : bool, default=True
            Whether the largest coefficients come first; otherwise the order is that of X.
        nonzero : bool, default=False
            Whether features are left out whose coefficients are all zero.

        Returns
        -------
        DataFrame or structured ndarray
            A row a feature, a column a target: "coefficient" for y of shape (n_samples,), otherwise
            the column labels of y, or y0, y1, ... Where pandas is installed a DataFrame indexed by
            "feature", otherwise an array with that as a field.

        Raises
        ------
        ValueError, TypeError
            If the number of names is not that of the features.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sklearn_reg import LassoRegression
        >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
        >>> model = LassoRegression(lambda_=1.0, solver="auto").fit(X, y)
        >>> model.coef_table(nonzero=True)["coefficient"].round(1).to_dict()
        {'bmi': 367.7, 's5': 307.6, 'bp': 6.3}
        """
        check_is_fitted(self)
        check_flag(sort, "sort")
        check_flag(nonzero, "nonzero")
        return coefficient_table(self, feature_names, sort=sort, nonzero=nonzero)

    def _html_repr(self) -> str:
        """Add a summary of the fit to what scikit-learn shows in a notebook."""
        shown = str(estimator_html_repr(self))
        return shown + html_summary(self) if hasattr(self, "coef_") else shown

    def __getstate__(self) -> dict[str, Any]:
        # With the version, for whoever opens the pickle.
        return {**super().__getstate__(), "_sklearn_reg_version": _version()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        written = state.pop("_sklearn_reg_version", "0.1.0")
        if _release(written) > _release(_version()):
            warn(
                f"this {type(self).__name__} was pickled by sklearn_reg {written} and is read by "
                f"{_version()}, which is older: fit it again, or install sklearn_reg>={written}.",
                UserWarning,
            )
        # Parameters that have come since have their default, as they had in effect.
        super().__setstate__({**type(self)().get_params(deep=False), **state})

    def __sklearn_is_fitted__(self) -> bool:
        # scikit-learn looks for any name that ends in "_", and lambda_ is a parameter.
        return hasattr(self, "coef_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags

    def _store(self, fitted: Fitted, dtype: Any, y_ndim: int, tol: float) -> Fitted:
        """Set the fitted attributes, in the units and shapes of the data.

        Returns the fit as it is stored: float32 coefficients are rounded, and are what is judged.
        """
        scaled = fitted.scaled
        coef = scaled.coefficients(np.array([r.w for r in fitted.results])).astype(dtype)
        # From the coefficients that are stored, so that it makes up for their rounding.
        intercept = scaled.intercepts(np.asarray(coef, dtype=np.float64))[0].astype(dtype)
        _refuse_overflow(coef_=coef, intercept_=intercept)
        if dtype != np.float64:
            fitted = fitted.judged_at(coef, intercept, tol)
        results, squares = fitted.results, scaled.units**2
        objective = squares * np.array([r.objective for r in results])
        _refuse_overflow(objective_=objective)
        gap = squares * np.array([r.gap for r in results])
        n_iter = max(r.n_iter for r in results)
        history = _side_by_side([r.history for r in results], n_iter)
        gaps = _side_by_side([r.gap_history for r in results], n_iter)
        one = y_ndim == 1
        self.coef_ = coef[0] if one else coef
        self.intercept_ = intercept[0] if one else intercept
        self.objective_ = float(objective[0]) if one else objective
        self.dual_gap_ = float(gap[0]) if one else gap
        self.history_ = squares[0] * history[:, 0] if one else squares * history
        self.gap_history_ = squares[0] * gaps[:, 0] if one else squares * gaps
        self.n_iter_ = n_iter
        self.converged_ = all(r.converged for r in results)
        self.solver_ = results[0].solver
        return fitted


def _refuse_overflow(**numbers: FloatArray) -> None:
    """Refuse numbers that their type cannot hold."""
    for name, values in numbers.items():
        if not np.isfinite(values).all():
            raise FloatingPointError(f"{name} is not representable as {values.dtype}")


def _version() -> str:
    from sklearn_reg import __version__  # which imports this module

    return __version__


def _release(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with."""
    numbers = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, numbers[0].split("."))) if numbers else ()


class _Read(NamedTuple):
    """What a stream of rows has left."""

    moments: Moments
    dtype: np.dtype[Any]  # of the coefficients: float32 where all rows were
    y_ndim: int


class PenalizedRegression(LinearModel):
    """Least squares with an elastic-net penalty; a subclass says which by `_l1_ratio`."""

    def _l1_ratio(self) -> float:
        """Share of L1 in the penalty, validated."""
        raise NotImplementedError

    def fit(self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the coefficients and the intercept.

        Parameters
        ----------
        X : {array-like, sparse matrix, dask collection} of shape (n_samples, n_features)
            Training data. float64 and float32 are read as they are, never copied or changed. The
            chunks of a Dask array or data frame stay where they are; tall ones leave `moments_`.
        y : {array-like, dask collection} of shape (n_samples,) or (n_samples, n_targets)
            Targets. Columns are solved independently of each other.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; only their ratios matter. None means equal weights.

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
        ConvergenceWarning
            If the learning rate cannot converge, or if the fit ends with a duality gap above
            `tol * F(0, mean y)`. It gives the figures, the cause and the remedy.
        """
        return self._fitted_by(self._fit, X, y, sample_weight)

    def partial_fit(self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Add rows, and fit all rows so far: exactly what `fit` finds on all of them at once.

        Least squares needs no more of the rows than their moments, which add; `moments_` keeps
        them, in (n_features + n_targets)^2 numbers whatever the number of rows. The solver starts
        at the last fit, and may end elsewhere within `tol`. To read all of a stream and fit once,
        use `fit_batches`.

        Parameters
        ----------
        X : {array-like, sparse matrix, dask collection} of shape (n_samples, n_features)
            Further rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their targets, in the same shape every time.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, on one scale for all calls. None means 1 for every row.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are not valid, or the rows do not fit those before. The
            estimator is then as it was before.

        Warns
        -----
        UserWarning
            If the estimator was fitted by `fit`, whose rows are not kept: it then begins anew.
        ConvergenceWarning
            As `fit`; and if the columns are so dependent that moments cannot certify `tol`.

        References
        ----------
        T. F. Chan, G. H. Golub, R. J. LeVeque (1983). Algorithms for computing the sample
        variance. The American Statistician 37(3). https://doi.org/10.1080/00031305.1983.10483115
        """
        anew = hasattr(self, "coef_") and not hasattr(self, "moments_")
        self._fitted_by(self._partial_fit, X, y, sample_weight)
        if anew:
            warn(
                f"{type(self).__name__}: partial_fit began anew, because fit keeps no moments_ of "
                "its rows. To go on from rows, give them to partial_fit or fit_batches first.",
                UserWarning,
            )
        return self

    def fit_batches(self, batches: Iterable[tuple[Any, ...]]) -> Self:
        """Fit rows that come in batches, in one pass: exactly what `fit` finds on all of them.

        Parameters
        ----------
        batches : iterable of (X, y) or (X, y, sample_weight)
            Each as `partial_fit` takes them; read once, one at a time, and not kept. Batches
            without rows are passed over.

        Returns
        -------
        self : object
            The fitted estimator; further rows can follow by `partial_fit`.

        Raises
        ------
        ValueError, TypeError
            If a parameter is not valid or a batch is not (the message has its number), or if there
            is no row. The estimator is then as it was before, as it is if reading fails.

        Warns
        -----
        ConvergenceWarning
            As `partial_fit`.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_reg import RidgeRegression
        >>> X, y = np.arange(8.0).reshape(4, 2) ** 2, np.array([1.0, 0.0, 2.0, 3.0])
        >>> model = RidgeRegression(lambda_=0.1, solver="auto")
        >>> streamed = model.fit_batches((X[k : k + 2], y[k : k + 2]) for k in (0, 2)).coef_.copy()
        >>> bool(np.allclose(streamed, model.fit(X, y).coef_, rtol=1e-10))
        True
        """
        return self._fitted_by(self._fit_batches, batches)

    def fit_moments(self, moments: Moments) -> Self:
        """Fit from moments: merged from several processes, or with rows taken away.

        Parameters
        ----------
        moments : Moments
            Of all rows, such as `sum(part.moments_ for part in parts)`, or
            `model.moments_ - Moments.from_data(X_old, y_old)`.

        Returns
        -------
        self : object
            The fitted estimator; further rows can follow by `partial_fit`.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the moments are not valid. The estimator is then as it was before.

        Warns
        -----
        ConvergenceWarning
            As `partial_fit`.
        """
        if not isinstance(moments, Moments):
            raise TypeError(f"moments must be Moments, got {type(moments).__name__}")
        if not moments.weight > 0:
            raise ValueError("moments must be those of at least one row, got weight 0")
        return self._fitted_by(self._fit_moments, moments)

    def _fitted_by(self, way: Callable[..., tuple[Settings, Fitted]], *args: Any) -> Self:
        """Fit in one way or another, all or nothing, and warn of trouble."""
        with unchanged_on_error(self):
            settings, fitted = way(*args)
        warn_of_trouble(self, fitted, settings)
        return self

    @with_callbacks
    def _fit(
        self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[Settings, Fitted]:
        """Fit, and return what there may be to warn of."""
        settings = self._settings()
        data = read(self, X, y, sample_weight)
        with start(self), data.overflow_explained():
            fitted = self._solve(data, settings)
            fitted = self._store(fitted, data.dtype, data.y_ndim, settings.tol)
        self.__dict__.pop("moments_", None)  # of other rows
        if data.gathered is not None:
            self.moments_ = data.gathered
        return settings, fitted

    @with_callbacks
    def _partial_fit(
        self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[Settings, Fitted]:
        """Add rows to those so far, fit, and return what there may be to warn of."""
        settings, so_far = self._settings(), self._read_so_far()
        data = read(self, X, y, sample_weight, first=so_far is None, scaled=False)
        if so_far is not None:
            check_y(data, so_far.y_ndim, so_far.moments.scatter.size)
        with start(self):
            fitted = self._fit_read(_with(data, so_far), settings)
        return settings, fitted

    @with_callbacks
    def _fit_batches(self, batches: Iterable[tuple[Any, ...]]) -> tuple[Settings, Fitted]:
        """Read all batches, fit, and return what there may be to warn of."""
        settings, so_far = self._settings(), None

        def add(batch: Data) -> None:
            nonlocal so_far
            if so_far is None:  # refuse a wrong penalty before all is read
                self._penalty(batch.n_features, batch.n_targets)
            so_far = _with(batch, so_far)

        with start(self, count(batches)) as task:
            read_all(self, batches, task, add)
            assert so_far is not None
            fitted = self._fit_read(so_far, settings)
        return settings, fitted

    def _fit_moments(self, moments: Moments) -> tuple[Settings, Fitted]:
        """Fit given moments, and return what there may be to warn of."""
        settings = self._settings()
        n_features, n_targets = moments.cross.shape
        keep_fitting_labels(self, n_features, n_targets)
        self.n_features_in_ = n_features
        given = _Read(deepcopy(moments), np.dtype(np.float64), 1 if n_targets == 1 else 2)
        return settings, self._fit_read(given, settings)

    def _read_so_far(self) -> _Read | None:
        """Return what `partial_fit` adds to, a copy: nothing at first, or after `fit`."""
        if not hasattr(self, "moments_"):
            return None
        return _Read(deepcopy(self.moments_), self.coef_.dtype, self.coef_.ndim)

    def _fit_read(self, so_far: _Read, settings: Settings) -> Fitted:
        """Solve on moments alone."""
        moments = so_far.moments
        check_weight(moments.weight)
        penalty = self._penalty(*moments.cross.shape)
        solver = SOLVERS[choose(self.solver, penalty)]
        with overflow_explained(moments.by_name):
            scaled = scale_moments(
                moments, penalty, centred=self.fit_intercept, standardize=self.standardize
            )
            starts = self._starts(scaled, warm=True)
            fitted = solve(scaled, penalty, solver, starts, settings)
            fitted = self._store(fitted, so_far.dtype, so_far.y_ndim, settings.tol)
        self.moments_ = moments
        return fitted

    def _settings(self) -> Settings:
        """Check the parameters that do not depend on the data."""
        for name in ("fit_intercept", "standardize", "positive", "warm_start"):
            check_flag(getattr(self, name), name)
        rate = self.learning_rate
        if not (isinstance(rate, str) and rate == "auto"):
            rate = check_number(rate, "learning_rate", "a number > 0 or 'auto'")
        settings = Settings(
            learning_rate=None if rate == "auto" else rate,
            n_iterations=check_count(self.n_iterations, "n_iterations"),
            tol=check_number(self.tol, "tol", "a number >= 0", zero=True),
        )
        if self.solver in ("auto", *EXACT):
            # Not theirs, so neither their warnings' concern.
            settings = settings._replace(learning_rate=None)
        if self.solver == "auto":
            settings = settings._replace(n_iterations=AUTO_ITERATIONS)
        return settings

    def _penalty(self, n_features: int, n_targets: int) -> Penalties:
        """Check the penalty and spread it over targets and features."""
        lambdas = check_lambda(self.lambda_, n_targets, self._labels.targets)
        weights, excluded = check_penalty_weights(
            self.penalty_weights, n_features, feature_labels(self)
        )
        penalty = UnitPenalty(self._l1_ratio(), weights, excluded, bool(self.positive))
        return penalty.times(lambdas)

    def _solve(self, data: Data, settings: Settings) -> Fitted:
        """Translate to one problem per target and solve them, as accurately as it takes."""
        penalty = self._penalty(data.n_features, data.n_targets)
        solver = SOLVERS[choose(self.solver, penalty)]
        ways = data.scaled(
            penalty, solver, centred=self.fit_intercept, standardize=self.standardize
        )
        for scaled in ways:
            starts = self._starts(scaled, self.warm_start)
            fitted = solve(scaled, penalty, solver, starts, settings)
            if fitted.is_accurate(settings.tol):
                break
        return fitted

    def _starts(self, scaled: Scaled, warm: bool) -> FloatArray:
        """Return where each target starts: at zero, or at the last fit."""
        shape = (scaled.units.size, scaled.columns.factors.size)
        if warm:
            coef = np.atleast_2d(getattr(self, "coef_", np.zeros(0)))
            if coef.shape == shape:
                return scaled.solutions(coef)
        return np.zeros(shape)


def _with(data: Data, so_far: _Read | None) -> _Read:
    """Add these rows to what has been read, in place."""
    gathered, dtype = CellMoments(1, data.n_features, data.n_targets), data.dtype
    if so_far is not None:
        gathered.found[0], dtype = so_far.moments, np.result_type(so_far.dtype, dtype)
    return _Read(data.added_to(gathered, InTurn(1)).parts[0], dtype, data.y_ndim)


def _side_by_side(histories: Sequence[FloatArray], n_iter: int) -> FloatArray:
    """Stack histories in columns; a target that stopped earlier keeps its last value."""
    return np.column_stack(
        [np.append(h, np.full(n_iter - h.size, h[-1])) for h in histories],
    )


@contextmanager
def unchanged_on_error(estimator: BaseEstimator) -> Iterator[None]:
    """Give an estimator its attributes back if anything goes wrong."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
