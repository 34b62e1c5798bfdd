"""Our estimators under the names, parameters and conventions of scikit-learn's.

An adapter translates and no more: alpha to lambda_ (alpha over the sum of weights for ridge, whose
loss scikit-learn does not divide), the options of a coordinate descent to nothing, and what was
fitted back. Every solve is ours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.model_selection import LeaveOneOut, check_cv
from sklearn.utils.validation import _num_samples, check_is_fitted

import sklearn_reg as ours

# What the tests of the peer reached: names of adapters that have been fitted since last cleared.
used: set[str] = set()

FITTED = ("coef_", "intercept_", "n_iter_", "n_features_in_", "feature_names_in_")


class Adapter(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """What all adapters share: fit ours, show what was fitted, predict by ours."""

    def _fit_ours(self, model: Any, X: Any, y: Any, *rest: Any, **params: Any) -> Any:
        used.add(type(self).__name__)
        model.fit(X, y, *rest, **params)
        self._ours = model
        for name in FITTED:
            if hasattr(model, name):
                setattr(self, name, getattr(model, name))
        return self

    def predict(self, X: Any) -> Any:
        check_is_fitted(self)
        return self._ours.predict(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @property
    def sparse_coef_(self) -> Any:
        return sp.csr_matrix(self.coef_)


class ElasticNet(Adapter):
    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        precompute: Any = False,
        max_iter: int = 1000,
        copy_X: bool = True,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    def fit(self, X: Any, y: Any, sample_weight: Any = None, check_input: bool = True) -> Any:
        model = ours.ElasticNetRegression() if not self.warm_start else self._last()
        model.set_params(
            lambda_=self.alpha,
            l1_ratio=self.l1_ratio,
            solver="auto",
            tol=self.tol,
            fit_intercept=self.fit_intercept,
            warm_start=self.warm_start,
            positive=self.positive,
        )
        self._fit_ours(model, X, y, sample_weight)
        self.dual_gap_ = model.dual_gap_
        return self

    def _last(self) -> Any:
        return getattr(self, "_ours", None) or ours.ElasticNetRegression()


class Lasso(ElasticNet):
    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        precompute: Any = False,
        copy_X: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        super().__init__(
            alpha,
            l1_ratio=1.0,
            fit_intercept=fit_intercept,
            precompute=precompute,
            max_iter=max_iter,
            copy_X=copy_X,
            tol=tol,
            warm_start=warm_start,
            positive=positive,
            random_state=random_state,
            selection=selection,
        )


class Ridge(Adapter):
    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: Any = None,
        tol: float = 1e-4,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        model = ours.RidgeRegression(
            lambda_per_sample(self.alpha, X, sample_weight),
            solver="auto",
            tol=self.tol,
            fit_intercept=self.fit_intercept,
            positive=self.positive,
        )
        self._fit_ours(model, X, y, sample_weight)
        self.solver_ = model.solver_
        return self


class _CV(Adapter):
    """A CV class: the choice is ours, on the grid and the folds of theirs."""

    kind: Any  # our class, with the parameters that have theirs' names in common
    common = ("eps", "cv", "tol", "n_jobs", "fit_intercept", "positive")

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Any:
        model = self.kind(self.alphas, **{name: getattr(self, name) for name in self.common})
        self._fit_ours(model, X, y, sample_weight, **params)
        self.alpha_, self.l1_ratio_ = model.lambda_, model.l1_ratio_
        self.alphas_, self.mse_path_ = model.lambdas_, model.mse_path_
        self.dual_gap_ = model.dual_gap_
        return self


class ElasticNetCV(_CV):
    kind = ours.ElasticNetRegressionCV
    common = (*_CV.common, "l1_ratio")

    def __init__(
        self,
        *,
        l1_ratio: Any = 0.5,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        cv: Any = None,
        copy_X: bool = True,
        verbose: Any = 0,
        n_jobs: Any = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection


class LassoCV(_CV):
    kind = ours.LassoRegressionCV

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv: Any = None,
        verbose: Any = False,
        n_jobs: Any = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection


class RidgeCV(Adapter):
    """Ridge chosen by folds; alpha over the training weight is our lambda_, as in `Ridge`."""

    def __init__(
        self,
        alphas: Any = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: Any = None,
        cv: Any = None,
        gcv_mode: Any = None,
        store_cv_results: bool = False,
        alpha_per_target: bool = False,
    ) -> None:
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode
        self.store_cv_results = store_cv_results
        self.alpha_per_target = alpha_per_target

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Any:
        n = _num_samples(X)
        splitter = LeaveOneOut() if self.cv is None else check_cv(self.cv)
        train, _ = next(iter(splitter.split(np.zeros(n), np.zeros(n), **params)))
        of_fold = lambda_per_sample(1.0, train, None)
        model = ours.RidgeRegressionCV(
            np.atleast_1d(np.asarray(self.alphas, dtype=float)) * of_fold,
            cv=splitter,
            scoring=self.scoring,
            fit_intercept=self.fit_intercept,
        )
        model.fit(X, y, sample_weight, **params)
        self.alpha_ = model.lambda_ / of_fold
        final = Ridge(self.alpha_, fit_intercept=self.fit_intercept)
        self._fit_ours(final, X, y, sample_weight)
        if self.store_cv_results and self.cv is None and np.ndim(y) == 1 and sample_weight is None:
            self.cv_results_ = model.mse_path_.T  # a fold is a row
        losses = model.mse_path_ if self.scoring is None else -model.score_path_
        self.best_score_ = -losses.mean(axis=1).min()
        return self


def enet_path(
    X: Any,
    y: Any,
    *,
    l1_ratio: float = 0.5,
    eps: float = 1e-3,
    alphas: Any = 100,
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    verbose: Any = False,
    return_n_iter: bool = False,
    positive: bool = False,
    check_input: bool = True,
    tol: float = 1e-4,
    max_iter: int = 1000,
) -> tuple[Any, ...]:
    used.add("enet_path")
    path = ours.regularization_path(
        X, y, alphas, l1_ratio, eps=eps, fit_intercept=False, positive=positive, tol=tol
    )
    # (n_alphas, n_features) or (n_alphas, n_targets, n_features) to alphas last.
    coefs, gaps = np.moveaxis(path.coefs, 0, -1), np.moveaxis(path.dual_gaps, 0, -1)
    return path.lambdas, coefs, gaps


def lasso_path(X: Any, y: Any, **options: Any) -> tuple[Any, ...]:
    return enet_path(X, y, l1_ratio=1.0, **options)


def ridge_regression(
    X: Any,
    y: Any,
    alpha: Any,
    *,
    sample_weight: Any = None,
    solver: str = "auto",
    max_iter: Any = None,
    tol: float = 1e-4,
    verbose: int = 0,
    positive: bool = False,
    random_state: Any = None,
    return_n_iter: bool = False,
    return_intercept: bool = False,
    check_input: bool = True,
) -> Any:
    used.add("ridge_regression")
    model = Ridge(alpha, fit_intercept=return_intercept, tol=tol, positive=positive)
    model.fit(X, y, sample_weight)
    found = [model.coef_]
    found += [model.n_iter_] if return_n_iter else []
    found += [model.intercept_] if return_intercept else []
    return found[0] if len(found) == 1 else tuple(found)


def lambda_per_sample(alpha: Any, X: Any, sample_weight: Any) -> Any:
    """Divide alpha by the sum of the weights: scikit-learn's ridge loss is a sum, not a mean."""
    n = _num_samples(X)
    if sample_weight is not None:
        n = n * float(sample_weight) if np.ndim(sample_weight) == 0 else np.sum(sample_weight)
    scaled = np.asarray(alpha) / n
    return float(scaled) if scaled.ndim == 0 else scaled


ADAPTED = (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    Ridge,
    RidgeCV,
    enet_path,
    lasso_path,
    ridge_regression,
)
