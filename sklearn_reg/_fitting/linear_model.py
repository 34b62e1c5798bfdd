"""Fitted linear models: predictions, stored attributes, and the checks that both families share."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import estimator_html_repr
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_reg._checks.labels import Labels, check_order, feature_labels
from sklearn_reg._checks.namespaces import check_one_home, home_of
from sklearn_reg._checks.parameters import READ_AS, check_flag
from sklearn_reg._checks.placed import placed
from sklearn_reg._checks.values import check_number, fetched, in_memory, on_dask
from sklearn_reg._checks.words import hint
from sklearn_reg._data.designs import Preprocessing
from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._data.units import AnyUnitPenalty
from sklearn_reg._fitting.advice import Advice
from sklearn_reg._fitting.report import coefficient_table, html_summary
from sklearn_reg._solvers.accuracy import Fitted
from sklearn_reg._tools.progress import CallbackSupportMixin
from sklearn_reg._tools.typing import FloatArray, Matrix
from sklearn_reg._tools.versions import SITE, own_version
from sklearn_reg._tools.warn import warn


@contextmanager
def all_or_nothing(estimator: BaseEstimator) -> Iterator[list[Advice]]:
    """Collect advice on a fit, then warn; after an error the estimator is as it was before."""
    before, advice = vars(estimator).copy(), list[Advice]()
    try:
        yield advice
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
    for category, message, brief in advice:
        who = type(estimator).__name__
        warn(f"{who}: {message}", category, brief=f"{who}: {brief or message}")


class LinearModel(CallbackSupportMixin, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A fitted linear model: its predictions, scores and stored attributes."""

    _labels = Labels()
    # The "?" of scikit-learn's HTML leads to the page that docs/api.rst makes for the class.
    _doc_link_module = "sklearn_reg"
    _doc_link_template = SITE + "/generated/sklearn_reg.{estimator_name}.html"

    def _doc_link_url_param_generator(self) -> dict[str, str]:
        return {"estimator_name": type(self).__name__}

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
            If there is no such parameter; for a name of other packages, it gives the name here.
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
        {ndarray, array of the namespace of X, dask array} of shape (n_samples,) or \
                (n_samples, n_targets)
            Predictions, in the shape of the y of `fit`. Those of a Dask collection are lazy,
            computed chunk by chunk. With `sklearn.set_config(array_api_dispatch=True)`, those of
            an array of PyTorch, JAX, CuPy or array-api-strict are on its device, of its kind.
        """
        check_is_fitted(self)
        if on_dask(X):
            from sklearn_reg._data.dask import predict_dask

            check_order(self, X)
            return predict_dask(self, X)
        kept = placed(X)
        if kept is not None:
            validate_data(self, X, reset=False, dtype=None)
            return kept.fitted(self.coef_, self.intercept_)
        return home_of(X).answer(self._validated(X) @ self.coef_.T + self.intercept_)

    def _validated(self, X: Matrix) -> Any:
        """Return new rows in memory, which must have the columns of `fit`."""
        check_order(self, X)
        return validate_data(self, in_memory(X, "X"), reset=False, **READ_AS)

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
            1 - (sum of squared residuals) / (sum of squares of y about its mean); for several
            targets, the mean of theirs.
        """
        check_order(self, X, y)
        check_one_home(X=X, y=y, sample_weight=sample_weight)
        predicted, known = fetched(self.predict(X)), in_memory(y, "y")
        weights = in_memory(sample_weight, "sample_weight")
        return float(r2_score(known, predicted, sample_weight=weights))

    def get_weights(self) -> FloatArray:
        """Return the weights w in the shape that the formulas use.

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
            Whether to leave out features whose coefficients are all zero.

        Returns
        -------
        DataFrame or structured ndarray
            One row per feature, one column per target: "coefficient" for y of shape (n_samples,),
            otherwise the column labels of y, or y0, y1, ... If pandas is installed, a DataFrame
            indexed by "feature"; otherwise an array with "feature" as a field.

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
        """Return scikit-learn's HTML for notebooks, followed by a summary of the fit."""
        shown = str(estimator_html_repr(self))
        return shown + html_summary(self) if hasattr(self, "coef_") else shown

    def __getstate__(self) -> dict[str, Any]:
        # With the version, so that `__setstate__` can compare it.
        return {**super().__getstate__(), "_sklearn_reg_version": own_version()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        written, here = state.pop("_sklearn_reg_version", "0.1.0"), own_version()
        if _release(written) > _release(here):
            warn(
                f"this {type(self).__name__} was pickled by sklearn_reg {written} and is read by "
                f"{here}, which is older: fit it again, or install sklearn_reg>={written}.",
                UserWarning,
            )
        # Parameters that were added since get their default, which keeps the earlier behaviour.
        super().__setstate__({**type(self)().get_params(deep=False), **state})

    def __sklearn_is_fitted__(self) -> bool:
        # scikit-learn searches for any name that ends in "_", and lambda_ is a parameter.
        return hasattr(self, "coef_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags

    def _store(self, fitted: Fitted, dtype: Any, y_ndim: int) -> Fitted:
        """Set the fitted attributes, in the units and shapes of the data.

        Returns the fit as it is stored: the certificate of float32 coefficients includes rounding.
        That of a relaxed fit is the certificate of the solution that it relaxes.
        """
        view = fitted.view
        coef = fitted.coefficients().astype(dtype)
        # From the stored coefficients, so that it compensates their rounding.
        intercept = view.intercepts(np.asarray(coef, dtype=np.float64))[0].astype(dtype)
        _refuse_overflow(coef_=coef, intercept_=intercept)
        if dtype != np.float64 and fitted.relax == 1.0:
            fitted = fitted.judged_at(coef, intercept)
        results, squares = fitted.results, view.units[: view.n_problems] ** 2
        objective = squares * np.array([r.objective for r in results])
        _refuse_overflow(objective_=objective)
        gap = squares * np.array([r.gap for r in results])
        n_iter = max(r.n_iter for r in results)
        history = _side_by_side([r.history for r in results], n_iter)
        gaps = _side_by_side([r.gap_history for r in results], n_iter)
        self.coef_ = coef[0] if y_ndim == 1 else coef
        self.intercept_ = intercept[0] if y_ndim == 1 else intercept
        one = y_ndim == 1 or view.is_joint
        self.objective_ = float(objective[0]) if one else objective
        self.dual_gap_ = float(gap[0]) if one else gap
        self.history_ = squares[0] * history[:, 0] if one else squares * history
        self.gap_history_ = squares[0] * gaps[:, 0] if one else squares * gaps
        self.n_iter_ = n_iter
        self.converged_ = fitted.converged
        self.solver_ = results[0].solver
        self.__dict__.pop("penalty_weights_", None)
        if isinstance(self.penalty_weights, str):
            self.penalty_weights_ = fitted.penalty.unit_penalty.given_weights
        self._store_more(fitted)
        return fitted

    def _store_more(self, fitted: Fitted) -> None:
        """Set attributes that only some models have."""


class PenalizedModel(LinearModel):
    """A linear model with a penalty: the checks that both families of estimators make."""

    standardize: Any  # a bool; for groups also "groups"

    def _check_flags(self, *more: str) -> None:
        """Refuse flags that are neither True nor False."""
        for name in ("fit_intercept", "standardize", "positive", *more):
            check_flag(getattr(self, name), name)

    def _check_tol(self) -> float:
        """Return `tol`, validated."""
        return check_number(self.tol, "tol", "a number >= 0", zero=True)

    @property
    def _preprocessing(self) -> Preprocessing:
        """How the columns of X are transformed."""
        return Preprocessing(self.fit_intercept, self.standardize)

    def _unit_penalty(self, l1_ratio: float, n_features: int, n_targets: int = 1) -> AnyUnitPenalty:
        """Return the penalty with lambda_ = 1."""
        return UnitPenalty.read(
            l1_ratio,
            self.penalty_weights,
            self.bounds,
            self.positive,
            n_features,
            feature_labels(self),
        )


def _refuse_overflow(**numbers: FloatArray) -> None:
    """Refuse numbers that their type cannot hold."""
    for name, values in numbers.items():
        if not np.isfinite(values).all():
            raise FloatingPointError(f"{name} is not representable as {values.dtype}")


def _release(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with."""
    numbers = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, numbers[0].split("."))) if numbers else ()


def _side_by_side(histories: Sequence[FloatArray], n_iter: int) -> FloatArray:
    """Stack histories in columns; a target that stopped earlier keeps its last value."""
    if len(histories) == 1:
        return histories[0][:, None]
    return np.column_stack([np.append(h, np.full(n_iter - h.size, h[-1])) for h in histories])
