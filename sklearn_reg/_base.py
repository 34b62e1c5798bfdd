"""What the estimators share: validate, translate to problems, solve, translate back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import estimator_html_repr
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_reg._advice import warn_of_trouble
from sklearn_reg._parameters import (
    READ_AS,
    check_count,
    check_flag,
    check_lambda,
    check_penalty_weights,
    check_sample_weight,
)
from sklearn_reg._progress import CallbackSupportMixin, start, with_callbacks
from sklearn_reg._report import coefficient_table, html_summary
from sklearn_reg._scaled import Fitted, Penalty, Scaled, scale_rows, solve
from sklearn_reg._typing import FloatArray, Matrix
from sklearn_reg._validation import check_number
from sklearn_reg.rows import rows_of
from sklearn_reg.solvers import AUTO_ITERATIONS, SOLVERS, Settings, choose


class LinearModel(CallbackSupportMixin, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A fitted linear model: what it predicts, and how it is stored."""

    def predict(self, X: Matrix) -> FloatArray:
        """Predict X w + b.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predictions, shaped like the y of `fit`.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, **READ_AS)
        predictions: FloatArray = X @ self.coef_.T + self.intercept_
        return predictions

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

    def coef_table(self, feature_names: Sequence[str] | None = None, *, sort: bool = True) -> Any:
        """Return the coefficients with the names of their features.

        Parameters
        ----------
        feature_names : sequence of str, default=None
            Names; None takes `feature_names_in_`, or x0, x1, ... In a pipeline, pass
            `pipeline[:-1].get_feature_names_out()`.
        sort : bool, default=True
            Whether the largest coefficients come first; otherwise the order is that of X.

        Returns
        -------
        DataFrame or structured ndarray
            A row a feature, a column a target: "coefficient", or "y0", "y1", ... Where pandas is
            installed a DataFrame indexed by "feature", otherwise an array with that as a field.

        Raises
        ------
        ValueError
            If the number of names is not that of the features.
        """
        check_is_fitted(self)
        return coefficient_table(self, feature_names, sort)

    def _html_repr(self) -> str:
        """Add a summary of the fit to what scikit-learn shows in a notebook."""
        shown = str(estimator_html_repr(self))
        return shown + html_summary(self) if hasattr(self, "coef_") else shown

    def __sklearn_is_fitted__(self) -> bool:
        # scikit-learn looks for any name that ends in "_", and lambda_ is a parameter.
        return hasattr(self, "coef_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags

    def _store(self, fitted: Fitted, dtype: Any, y_ndim: int) -> None:
        """Set the fitted attributes, in the units and shapes of the data."""
        scaled, results = fitted.scaled, fitted.results
        squares = scaled.units**2
        coef = scaled.coefficients(np.array([r.w for r in results]))
        intercept = scaled.intercepts(coef)[0]
        objective = squares * np.array([r.objective for r in results])
        gap = squares * np.array([r.gap for r in results])
        n_iter = max(r.n_iter for r in results)
        history = _side_by_side([r.history for r in results], n_iter)
        gaps = _side_by_side([r.gap_history for r in results], n_iter)
        coef, intercept = coef.astype(dtype), intercept.astype(dtype)
        for name, values in (("coef_", coef), ("intercept_", intercept), ("objective_", objective)):
            if not np.isfinite(values).all():
                raise FloatingPointError(f"{name} is not representable as {values.dtype}")
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


class PenalizedRegression(LinearModel):
    """Least squares with an elastic-net penalty; a subclass says which by `_l1_ratio`."""

    def _l1_ratio(self) -> float:
        """Share of L1 in the penalty, validated."""
        raise NotImplementedError

    def fit(self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the coefficients and the intercept.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. float64 and float32 are read as they are, never copied or changed.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
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
        with unchanged_on_error(self):
            settings, fitted = self._fit(X, y, sample_weight)
        warn_of_trouble(
            type(self).__name__, fitted.problems, fitted.results, fitted.scaled.units, settings
        )
        return self

    @with_callbacks
    def _fit(
        self, X: Matrix, y: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[Settings, Fitted]:
        """Fit, and return what there may be to warn of."""
        settings = self._settings()
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, **READ_AS)
        weights = check_sample_weight(sample_weight, X.shape[0])
        with start(self), overflow_explained(X, y):
            fitted = self._solve(X, np.asarray(y, dtype=np.float64), weights, settings)
            self._store(fitted, X.dtype, np.ndim(y))
        return settings, fitted

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
        if self.solver in ("auto", "active_set", "closed_form"):
            # Not theirs, so neither their warnings' concern.
            settings = settings._replace(learning_rate=None)
        if self.solver == "auto":
            settings = settings._replace(n_iterations=AUTO_ITERATIONS)
        return settings

    def _penalty(self, n_features: int, n_targets: int) -> Penalty:
        """Check the penalty and spread it over targets and features."""
        lambdas = check_lambda(self.lambda_, n_targets)
        weights, excluded = check_penalty_weights(
            self.penalty_weights, n_features, getattr(self, "feature_names_in_", None)
        )
        return Penalty(lambdas, self._l1_ratio(), weights, excluded, bool(self.positive))

    def _solve(
        self, X: Matrix, y: FloatArray, weights: FloatArray | None, settings: Settings
    ) -> Fitted:
        """Translate to one problem per target and solve them."""
        Y = y.reshape(len(y), -1)
        penalty = self._penalty(X.shape[1], Y.shape[1])
        solver = SOLVERS[choose(self.solver, penalty.smooth)]
        on_gram = solver.on_gram(X.shape[0], X.shape[1], rows_of(X).stored)
        while True:
            scaled = scale_rows(
                X,
                Y,
                weights,
                penalty,
                on_gram=on_gram,
                centred=self.fit_intercept,
                standardize=self.standardize,
            )
            fitted = solve(scaled, penalty, solver, self._starts(scaled), settings)
            if not on_gram or fitted.is_accurate(settings.tol):
                return fitted
            on_gram = False  # columns so dependent that their Gram matrix lost too many digits

    def _starts(self, scaled: Scaled) -> FloatArray:
        """Return where each target starts: at zero, or at the last fit."""
        shape = (scaled.units.size, scaled.columns.factors.size)
        if self.warm_start:
            coef = np.atleast_2d(getattr(self, "coef_", np.zeros(0)))
            if coef.shape == shape:
                return scaled.solutions(coef)
        return np.zeros(shape)


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


@contextmanager
def overflow_explained(X: Matrix, y: Any) -> Iterator[None]:
    """Turn an overflow into an error that says which input caused it."""
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            yield
    except FloatingPointError as error:
        size = abs(X).max()
        raise ValueError(
            f"X or y is beyond what float64 can square: largest |X| {size:.3g}, largest |y| "
            f"{np.abs(y).max():.3g} ({error}). Rescale them, or use standardize=True."
        ) from error
