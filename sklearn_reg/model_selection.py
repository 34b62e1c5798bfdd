"""Choosing lambda: cross-validation, and a sweep that explains the choice."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.metrics import mean_squared_error
from sklearn.utils import _safe_indexing, indexable

from sklearn_reg._checks.values import fetched, real_numbers
from sklearn_reg._checks.words import in_our_words
from sklearn_reg._fitting.report import as_html, as_text, sweep_frame, sweep_summary
from sklearn_reg._selection.choice import Rule, within_one_standard_error
from sklearn_reg._selection.cross_validation import PenalizedRegressionCV
from sklearn_reg._selection.intervals import PredictionInterval as PredictionInterval
from sklearn_reg._selection.splits import read_splits, splitter_of
from sklearn_reg._tools.typing import FloatArray, Matrix
from sklearn_reg._tools.warn import warn


class RidgeRegressionCV(PenalizedRegressionCV):
    """Ridge regression with lambda chosen by cross-validation.

    In each fold one eigendecomposition gives the solutions for all penalties. The grid begins at
    100 times the largest eigenvalue of the (centred, weighted) X'X / n, which shrinks all of w to
    1 % or less, and spans eps squared: the penalty is added to squares of singular values.

    Parameters
    ----------
    lambdas : int or array-like of shape (n_lambdas,), default=100
        A number of penalties, spaced evenly in log from lambda_max down to `eps` lambda_max, or
        the penalties themselves, >= 0; 0 is least squares.
    eps : float, default=1e-3
        The grid ends at eps squared times its beginning.
    cv : int, splitter or iterable, default=None
        As in all of scikit-learn; None means 5 folds. An iterable gives pairs (train, test) of row
        numbers or of boolean masks; an iterator is read by one `fit`.
    rule : {"min", "1se", "aic", "bic", "ebic", "gcv", "plugin"} or callable, default="min"
        How lambda is chosen:

        - "min": the smallest mean error over the folds;
        - "1se": the largest lambda, so the most regularised model, whose mean error is within one
          standard error of the smallest;
        - "aic", "bic", "gcv": Akaike's and the Bayesian information criterion, and generalised
          cross-validation, on all of the data with the path's degrees of freedom. Their number of
          samples is that of the rows with a positive weight: weights are relative. For weights that
          are counts, repeat the rows;
        - "ebic": the extended BIC of J. Chen and Z. Chen (2008,
          https://doi.org/10.1093/biomet/asn034), which also charges for the number of models of
          that size, 2 log C(p, df): for finding the features among many, not for prediction;
        - "plugin": the lambda of the square-root lasso (A. Belloni, V. Chernozhukov, L. Wang 2011,
          https://doi.org/10.1093/biomet/asr043), the next one on the grid above
          1.1 Phi^-1(1 - 0.025 / p) s / sqrt(n) times the largest standard deviation of a column
          (over its penalty weight), with s the root mean square of the residuals at that lambda.
          On noise alone it selects nothing with a chance of about 95 %. It needs no fold, no
          estimate of the noise, `l1_ratio=1`, and columns of equal scale (`standardize=True`);
        - a callable takes lambdas (n_lambdas,) and losses (n_lambdas, n_folds), and returns the
          index of a lambda.
    scoring : str or callable, default=None
        Any scorer of scikit-learn, to be maximised. None is the mean squared error, minimised. A
        scorer that takes sample weights gets those of `fit`, unless metadata routing is enabled;
        one that does not is called without them.
    n_jobs : int, default=None
        The number of threads that follow paths in parallel; they share the data. None takes as many
        as BLAS may use and memory has room for; that number does not change a bit of the result. If
        products are so small that threads would only wait for each other, there is one.
    tol : float, default=1e-6
        Bound on every duality gap, relative to F(0, mean y).
    fit_intercept : bool, default=True
        Whether to fit b.
    standardize : bool, default=False
        Whether to penalise columns divided by their standard deviation in each training set.
    penalty_weights : array-like of shape (n_features,), dict, Series or "adaptive", default=None
        One weight >= 0 per feature, by position or by name as in `RidgeRegression`. "adaptive"
        finds weights in each fold anew, from its training rows.
    positive : bool, default=False
        Whether coefficients must not be negative: a lower bound of 0.
    bounds : pair (lower, upper), default=None
        Bounds on the coefficients, lower <= 0 <= upper: each a number, an array-like of shape
        (n_features,), or a dict or Series by column label. None is no bound, as is a label without
        an entry.
    lambda_per_target : bool, default=False
        Whether each column of y gets its own lambda, chosen by `rule` from its own errors; they
        share `l1_ratio`. Then `scoring` must be None.
    store_cv_predictions : bool, default=False
        Whether to keep the prediction of each row by the fold that tests it, in `cv_predictions_`.
        `cv` must then test each row once, and X must be in memory.

    Attributes
    ----------
    lambda_ : float or ndarray of shape (n_targets,)
        The chosen penalty; an array with `lambda_per_target` and a y of shape (n_samples,
        n_targets).
    lambda_min_, lambda_1se_ : float or ndarray of shape (n_targets,)
        The lambda with the smallest mean error over the folds, and the largest one whose mean error
        is within one standard error of that; at `l1_ratio_`, whatever the rule.
    l1_ratio_ : float
        The share of L1; the chosen one if there were several.
    lambdas_ : ndarray of shape (n_lambdas,)
        The grid, from the largest to the smallest.
    mse_path_ : ndarray of shape (n_lambdas, n_folds)
        Mean squared errors on the test rows, in the unit of y squared; the mean of several targets.
    relative_mse_path_ : ndarray of shape (n_lambdas, n_folds)
        For several targets, the mean of each one's error divided by that of its null model (its
        variance). Lambda is chosen by it, so that targets count alike, whatever their units.
    target_mse_path_ : ndarray of shape (n_lambdas, n_folds, n_targets)
        The errors of each target, with `lambda_per_target` and a y of that shape.
    cv_predictions_ : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Out-of-fold predictions at the chosen lambda, with `store_cv_predictions`. Their errors are
        a little too small, because the lambda was chosen by them.
    train_mse_path_ : ndarray of shape (n_lambdas, n_folds)
        Mean squared errors on the training rows.
    score_path_ : ndarray of shape (n_lambdas, n_folds)
        Scores on the test rows, if there is a `scoring`. A lambda with a score that is not
        finite is ranked last, with a warning.
    fold_coefs_ : ndarray of shape (n_lambdas, n_folds, n_features)
        Coefficients of the folds; with an axis for several targets before the features.
    fold_intercepts_ : ndarray of shape (n_lambdas, n_folds)
        Their intercepts; with an axis for several targets at the end.
    dual_gaps_ : ndarray of shape (n_lambdas, n_folds)
        Upper bounds on F - F* in the folds, in the unit of y squared (of the worst target).
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients of the fit of all of the data with the chosen penalty.
    intercept_ : float or ndarray of shape (n_targets,)
        The intercept of this fit.
    n_iter_ : int
        The iterations of this fit; `objective_`, `dual_gap_`, `converged_`, `history_`,
        `gap_history_` and `solver_` are as in `RidgeRegression`.
    penalty_weights_ : ndarray of shape (n_features,)
        The weights v of the fit, with `penalty_weights="adaptive"`; inf for excluded features.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X has them.

    See Also
    --------
    RidgeRegression : For one lambda.

    Notes
    -----
    With more rows than columns the data are read once: the moments of the folds add up, and every
    fold and lambda is solved on p x p numbers. With fewer rows, a fold gives weight 0 to the rows
    that it leaves out. Nothing is copied in either case. `cv=LeaveOneOut()` computes all folds by
    one decomposition of all rows, unless there are weights, `standardize`, or a `scoring`.

    References
    ----------
    G. H. Golub, M. Heath, G. Wahba (1979). Generalized cross-validation as a method for choosing a
    good ridge parameter. Technometrics 21(2). https://doi.org/10.1080/00401706.1979.10489751

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import RidgeRegressionCV
    >>> model = RidgeRegressionCV().fit(*load_diabetes(return_X_y=True))
    >>> f"{model.lambda_:.2e}", model.mse_path_.shape
    ('...', (100, 5))
    """

    l1_ratio = 0.0


class LassoRegressionCV(PenalizedRegressionCV):
    """Lasso with lambda chosen by cross-validation, every fold and lambda certified.

    The path of each fold is followed from lambda_max down, from one solution to the next.

    Parameters
    ----------
    lambdas : int or array-like of shape (n_lambdas,), default=100
        A number of penalties, spaced evenly in log from lambda_max down to `eps` lambda_max, or
        the penalties themselves, >= 0; 0 is least squares.
    eps : float, default=1e-3
        The end of a grid, as a share of its beginning.
    cv : int, splitter or iterable, default=None
        As in all of scikit-learn; None means 5 folds. An iterable gives pairs (train, test) of row
        numbers or of boolean masks; an iterator is read by one `fit`.
    rule : {"min", "1se", "aic", "bic", "ebic", "gcv", "plugin"} or callable, default="min"
        How lambda is chosen:

        - "min": the smallest mean error over the folds;
        - "1se": the largest lambda, so the most regularised model, whose mean error is within one
          standard error of the smallest;
        - "aic", "bic", "gcv": Akaike's and the Bayesian information criterion, and generalised
          cross-validation, on all of the data with the path's degrees of freedom. Their number of
          samples is that of the rows with a positive weight: weights are relative. For weights that
          are counts, repeat the rows;
        - "ebic": the extended BIC of J. Chen and Z. Chen (2008,
          https://doi.org/10.1093/biomet/asn034), which also charges for the number of models of
          that size, 2 log C(p, df): for finding the features among many, not for prediction;
        - "plugin": the lambda of the square-root lasso (A. Belloni, V. Chernozhukov, L. Wang 2011,
          https://doi.org/10.1093/biomet/asr043), the next one on the grid above
          1.1 Phi^-1(1 - 0.025 / p) s / sqrt(n) times the largest standard deviation of a column
          (over its penalty weight), with s the root mean square of the residuals at that lambda.
          On noise alone it selects nothing with a chance of about 95 %. It needs no fold, no
          estimate of the noise, `l1_ratio=1`, and columns of equal scale (`standardize=True`);
        - a callable takes lambdas (n_lambdas,) and losses (n_lambdas, n_folds), and returns the
          index of a lambda.
    scoring : str or callable, default=None
        Any scorer of scikit-learn, to be maximised. None is the mean squared error, minimised. A
        scorer that takes sample weights gets those of `fit`, unless metadata routing is enabled;
        one that does not is called without them.
    n_jobs : int, default=None
        The number of threads that follow paths in parallel; they share the data. None takes as many
        as BLAS may use and memory has room for; that number does not change a bit of the result. If
        products are so small that threads would only wait for each other, there is one.
    tol : float, default=1e-6
        Bound on every duality gap, relative to F(0, mean y).
    fit_intercept : bool, default=True
        Whether to fit b.
    standardize : bool, default=False
        Whether to penalise columns divided by their standard deviation in each training set.
    penalty_weights : array-like of shape (n_features,), dict, Series or "adaptive", default=None
        One weight >= 0 per feature, by position or by name as in `LassoRegression`. "adaptive"
        finds weights in each fold anew, from its training rows.
    positive : bool, default=False
        Whether coefficients must not be negative: a lower bound of 0.
    bounds : pair (lower, upper), default=None
        Bounds on the coefficients, lower <= 0 <= upper: each a number, an array-like of shape
        (n_features,), or a dict or Series by column label. None is no bound, as is a label without
        an entry.
    relax : float or array-like, default=1.0
        Share gamma of the penalised fit in the coefficients, in [0, 1], or several to choose from;
        the rest is least squares on the features that it selects (glmnet's gamma): 1 is the
        lasso, 0 the refit, which keeps to the bounds but may turn signs. Several cost little more
        than one. Below 1 `rule` must be "min", "1se" or a callable.
    lambda_per_target : bool, default=False
        Whether each column of y gets its own lambda, chosen by `rule` from its own errors; they
        share `l1_ratio`. Then `scoring` must be None.
    store_cv_predictions : bool, default=False
        Whether to keep the prediction of each row by the fold that tests it, in `cv_predictions_`.
        `cv` must then test each row once, and X must be in memory.

    Attributes
    ----------
    lambda_ : float or ndarray of shape (n_targets,)
        The chosen penalty; an array with `lambda_per_target` and a y of shape (n_samples,
        n_targets).
    lambda_min_, lambda_1se_ : float or ndarray of shape (n_targets,)
        The lambda with the smallest mean error over the folds, and the largest one whose mean error
        is within one standard error of that; at `l1_ratio_`, whatever the rule.
    l1_ratio_ : float
        The share of L1; the chosen one if there were several.
    relax_ : float
        The chosen share of the penalised fit.
    lambdas_ : ndarray of shape (n_lambdas,)
        The grid, from the largest to the smallest.
    mse_path_ : ndarray of shape (n_lambdas, n_folds)
        Mean squared errors on the test rows, in the unit of y squared; the mean of several targets.
    relative_mse_path_ : ndarray of shape (n_lambdas, n_folds)
        For several targets, the mean of each one's error divided by that of its null model (its
        variance). Lambda is chosen by it, so that targets count alike, whatever their units.
    target_mse_path_ : ndarray of shape (n_lambdas, n_folds, n_targets)
        The errors of each target, with `lambda_per_target` and a y of that shape.
    cv_predictions_ : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Out-of-fold predictions at the chosen lambda, with `store_cv_predictions`. Their errors are
        a little too small, because the lambda was chosen by them.
    train_mse_path_ : ndarray of shape (n_lambdas, n_folds)
        Mean squared errors on the training rows.
    score_path_ : ndarray of shape (n_lambdas, n_folds)
        Scores on the test rows, if there is a `scoring`. A lambda with a score that is not
        finite is ranked last, with a warning.
    fold_coefs_ : ndarray of shape (n_lambdas, n_folds, n_features)
        Coefficients of the folds; with an axis for several targets before the features.
    fold_intercepts_ : ndarray of shape (n_lambdas, n_folds)
        Their intercepts; with an axis for several targets at the end.
    dual_gaps_ : ndarray of shape (n_lambdas, n_folds)
        Upper bounds on F - F* in the folds, in the unit of y squared (of the worst target).
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients of the fit of all of the data with the chosen penalty.
    intercept_ : float or ndarray of shape (n_targets,)
        The intercept of this fit.
    n_iter_ : int
        The iterations of this fit; `objective_`, `dual_gap_`, `converged_`, `history_`,
        `gap_history_` and `solver_` are as in `LassoRegression`.
    penalty_weights_ : ndarray of shape (n_features,)
        The weights v of the fit, with `penalty_weights="adaptive"`; inf for excluded features.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X has them.

    See Also
    --------
    LassoRegression : For one lambda.

    Notes
    -----
    With more rows than columns the data are read once: the moments of the folds add up, and every
    fold and lambda is solved on p x p numbers. With fewer rows, a fold gives weight 0 to the rows
    that it leaves out. Nothing is copied in either case.

    References
    ----------
    R. Tibshirani (1996). Regression shrinkage and selection via the lasso. J. Royal Statistical
    Society B 58(1). https://doi.org/10.1111/j.2517-6161.1996.tb02080.x

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import LassoRegressionCV
    >>> model = LassoRegressionCV(rule="1se").fit(*load_diabetes(return_X_y=True))
    >>> f"{model.lambda_:.2f}", int((model.coef_ != 0).sum())
    ('0.19', 6)
    """

    l1_ratio = 1.0

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
        relax: float | ArrayLike = 1.0,
        lambda_per_target: bool = False,
        store_cv_predictions: bool = False,
    ) -> None:
        super().__init__(
            lambdas,
            eps=eps,
            cv=cv,
            rule=rule,
            scoring=scoring,
            n_jobs=n_jobs,
            tol=tol,
            fit_intercept=fit_intercept,
            standardize=standardize,
            penalty_weights=penalty_weights,
            positive=positive,
            bounds=bounds,
            lambda_per_target=lambda_per_target,
            store_cv_predictions=store_cv_predictions,
        )
        self.relax = relax


class ElasticNetRegressionCV(PenalizedRegressionCV):
    """Elastic net with lambda, and l1_ratio if it is a list, chosen by cross-validation.

    Each l1_ratio has its own grid. All of them share the folds, and so what is read of the data.

    Parameters
    ----------
    lambdas : int or array-like of shape (n_lambdas,), default=100
        A number of penalties, spaced evenly in log from lambda_max down to `eps` lambda_max, or
        the penalties themselves, >= 0; 0 is least squares.
    l1_ratio : float or array-like of shape (n_ratios,), default=0.5
        Share of L1 in the penalty, in [0, 1], or several to choose from. With several, `lambdas_`
        and the paths have an axis for it in front.
    eps : float, default=1e-3
        The end of a grid, as a share of its beginning; at l1_ratio 0 as `RidgeRegressionCV`'s.
    cv : int, splitter or iterable, default=None
        As in all of scikit-learn; None means 5 folds. An iterable gives pairs (train, test) of row
        numbers or of boolean masks; an iterator is read by one `fit`.
    rule : {"min", "1se", "aic", "bic", "ebic", "gcv", "plugin"} or callable, default="min"
        How lambda is chosen:

        - "min": the smallest mean error over the folds;
        - "1se": the largest lambda, so the most regularised model, whose mean error is within one
          standard error of the smallest;
        - "aic", "bic", "gcv": Akaike's and the Bayesian information criterion, and generalised
          cross-validation, on all of the data with the path's degrees of freedom. Their number of
          samples is that of the rows with a positive weight: weights are relative. For weights that
          are counts, repeat the rows;
        - "ebic": the extended BIC of J. Chen and Z. Chen (2008,
          https://doi.org/10.1093/biomet/asn034), which also charges for the number of models of
          that size, 2 log C(p, df): for finding the features among many, not for prediction;
        - "plugin": the lambda of the square-root lasso (A. Belloni, V. Chernozhukov, L. Wang 2011,
          https://doi.org/10.1093/biomet/asr043), the next one on the grid above
          1.1 Phi^-1(1 - 0.025 / p) s / sqrt(n) times the largest standard deviation of a column
          (over its penalty weight), with s the root mean square of the residuals at that lambda.
          On noise alone it selects nothing with a chance of about 95 %. It needs no fold, no
          estimate of the noise, `l1_ratio=1`, and columns of equal scale (`standardize=True`);
        - a callable takes lambdas (n_lambdas,) and losses (n_lambdas, n_folds), and returns the
          index of a lambda.
    scoring : str or callable, default=None
        Any scorer of scikit-learn, to be maximised. None is the mean squared error, minimised. A
        scorer that takes sample weights gets those of `fit`, unless metadata routing is enabled;
        one that does not is called without them.
    n_jobs : int, default=None
        The number of threads that follow paths in parallel; they share the data. None takes as many
        as BLAS may use and memory has room for; that number does not change a bit of the result. If
        products are so small that threads would only wait for each other, there is one.
    tol : float, default=1e-6
        Bound on every duality gap, relative to F(0, mean y).
    fit_intercept : bool, default=True
        Whether to fit b.
    standardize : bool, default=False
        Whether to penalise columns divided by their standard deviation in each training set.
    penalty_weights : array-like of shape (n_features,), dict, Series or "adaptive", default=None
        One weight >= 0 per feature, by position or by name as in `ElasticNetRegression`. "adaptive"
        finds weights in each fold anew, from its training rows.
    positive : bool, default=False
        Whether coefficients must not be negative: a lower bound of 0.
    bounds : pair (lower, upper), default=None
        Bounds on the coefficients, lower <= 0 <= upper: each a number, an array-like of shape
        (n_features,), or a dict or Series by column label. None is no bound, as is a label without
        an entry.
    relax : float or array-like, default=1.0
        Share gamma of the penalised fit in the coefficients, in [0, 1], or several to choose from;
        the rest is least squares on the features that it selects (glmnet's gamma): 1 is the
        elastic net, 0 the refit, which keeps to the bounds but may turn signs. Several cost little
        more than one. Below 1 `rule` must be "min", "1se" or a callable.
    lambda_per_target : bool, default=False
        Whether each column of y gets its own lambda, chosen by `rule` from its own errors; they
        share `l1_ratio`. Then `scoring` must be None.
    store_cv_predictions : bool, default=False
        Whether to keep the prediction of each row by the fold that tests it, in `cv_predictions_`.
        `cv` must then test each row once, and X must be in memory.

    Attributes
    ----------
    lambda_ : float or ndarray of shape (n_targets,)
        The chosen penalty; an array with `lambda_per_target` and a y of shape (n_samples,
        n_targets).
    lambda_min_, lambda_1se_ : float or ndarray of shape (n_targets,)
        The lambda with the smallest mean error over the folds, and the largest one whose mean error
        is within one standard error of that; at `l1_ratio_`, whatever the rule.
    l1_ratio_ : float
        The share of L1; the chosen one if there were several.
    relax_ : float
        The chosen share of the penalised fit.
    lambdas_ : ndarray of shape (n_lambdas,)
        The grid, from the largest to the smallest.
    mse_path_ : ndarray of shape (n_lambdas, n_folds)
        Mean squared errors on the test rows, in the unit of y squared; the mean of several targets.
    relative_mse_path_ : ndarray of shape (n_lambdas, n_folds)
        For several targets, the mean of each one's error divided by that of its null model (its
        variance). Lambda is chosen by it, so that targets count alike, whatever their units.
    target_mse_path_ : ndarray of shape (n_lambdas, n_folds, n_targets)
        The errors of each target, with `lambda_per_target` and a y of that shape.
    cv_predictions_ : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Out-of-fold predictions at the chosen lambda, with `store_cv_predictions`. Their errors are
        a little too small, because the lambda was chosen by them.
    train_mse_path_ : ndarray of shape (n_lambdas, n_folds)
        Mean squared errors on the training rows.
    score_path_ : ndarray of shape (n_lambdas, n_folds)
        Scores on the test rows, if there is a `scoring`. A lambda with a score that is not
        finite is ranked last, with a warning.
    fold_coefs_ : ndarray of shape (n_lambdas, n_folds, n_features)
        Coefficients of the folds; with an axis for several targets before the features.
    fold_intercepts_ : ndarray of shape (n_lambdas, n_folds)
        Their intercepts; with an axis for several targets at the end.
    dual_gaps_ : ndarray of shape (n_lambdas, n_folds)
        Upper bounds on F - F* in the folds, in the unit of y squared (of the worst target).
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients of the fit of all of the data with the chosen penalty.
    intercept_ : float or ndarray of shape (n_targets,)
        The intercept of this fit.
    n_iter_ : int
        The iterations of this fit; `objective_`, `dual_gap_`, `converged_`, `history_`,
        `gap_history_` and `solver_` are as in `ElasticNetRegression`.
    penalty_weights_ : ndarray of shape (n_features,)
        The weights v of the fit, with `penalty_weights="adaptive"`; inf for excluded features.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X has them.

    See Also
    --------
    ElasticNetRegression : For one lambda and l1_ratio.

    Notes
    -----
    With more rows than columns the data are read once: the moments of the folds add up, and every
    fold and lambda is solved on p x p numbers. With fewer rows, a fold gives weight 0 to the rows
    that it leaves out. Nothing is copied in either case.

    References
    ----------
    H. Zou, T. Hastie (2005). Regularization and variable selection via the elastic net. J. Royal
    Statistical Society B 67(2). https://doi.org/10.1111/j.1467-9868.2005.00503.x

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import ElasticNetRegressionCV
    >>> model = ElasticNetRegressionCV(l1_ratio=[0.5, 0.9, 1.0])
    >>> model = model.fit(*load_diabetes(return_X_y=True))
    >>> model.l1_ratio_, model.mse_path_.shape
    (..., (3, 100, 5))
    """

    @in_our_words
    def __init__(
        self,
        lambdas: int | ArrayLike = 100,
        l1_ratio: float | ArrayLike = 0.5,
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
        relax: float | ArrayLike = 1.0,
        lambda_per_target: bool = False,
        store_cv_predictions: bool = False,
    ) -> None:
        self.lambdas = lambdas
        self.l1_ratio = l1_ratio
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
        self.relax = relax
        self.lambda_per_target = lambda_per_target
        self.store_cv_predictions = store_cv_predictions


class LambdaSweep(NamedTuple):
    """Losses along a sweep of lambda, with a verdict on each.

    Attributes
    ----------
    lambdas : ndarray of shape (n_lambdas,)
        Penalties, from the smallest to the largest.
    train_losses, validation_losses : ndarray of shape (n_lambdas, n_folds)
        Mean squared errors, in the unit of y squared. With several targets the error of each is
        divided by its variance, so that they count alike, whatever their units.
    best_lambda : float
        The lambda with the smallest mean validation loss.
    verdicts : list of str
        For each lambda "best", "overfits", "underfits", or "within one standard error".
    rule : str
        The rule behind the verdicts, in words.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import RidgeRegression, lambda_sweep
    >>> X, y = load_diabetes(return_X_y=True)
    >>> ridge = RidgeRegression(solver="auto")
    >>> sweep = lambda_sweep(ridge, X, y, [1e-3, 1e-2, 1e-1])
    >>> sweep
    LambdaSweep
      lambdas: 3, from 0.001 up to 0.1
      folds: 5
      best lambda: 0.001
      validation loss there: 3100 (training loss 3002)
      verdicts: 1 best, 2 underfits
      fields: lambdas, train_losses, validation_losses, best_lambda, verdicts, rule
      to_frame(): a table
    >>> table = sweep.to_frame().drop(columns="standard_error")
    >>> table.round({"train_loss": 0, "validation_loss": 0})
       lambda  train_loss  validation_loss    verdict
    0   0.001      3002.0           3100.0       best
    1   0.010      4174.0           4234.0  underfits
    2   0.100      5575.0           5633.0  underfits
    """

    lambdas: FloatArray
    train_losses: FloatArray
    validation_losses: FloatArray
    best_lambda: float
    verdicts: list[str]
    rule: str

    @property
    def train_loss(self) -> FloatArray:
        """Mean training loss of each lambda."""
        return np.asarray(self.train_losses.mean(axis=1))

    @property
    def validation_loss(self) -> FloatArray:
        """Mean validation loss of each lambda."""
        return np.asarray(self.validation_losses.mean(axis=1))

    def to_frame(self) -> Any:
        """Return a table with one row per lambda.

        Returns
        -------
        DataFrame
            Columns "lambda", "train_loss", "validation_loss" (means over the folds),
            "standard_error" of the latter (0 if there is one fold), and "verdict".

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return sweep_frame(self)

    def __repr__(self) -> str:
        return as_text("LambdaSweep", sweep_summary(self), self._fields)

    def _repr_html_(self) -> str:
        return as_html("Sweep of lambda", sweep_summary(self))


SWEEP_RULE = (
    "The best lambda has the smallest validation loss, averaged over the folds. A larger lambda "
    "whose validation loss is more than one standard error above it underfits: its training loss "
    "is higher too. A smaller one overfits: its training loss is lower, its validation loss is not."
)


def lambda_sweep(
    estimator: Any,
    X: Matrix,
    y: ArrayLike,
    lambdas: ArrayLike = (1e-4, 1e-3, 1e-2, 1e-1, 1),
    cv: Any = None,
    *,
    groups: ArrayLike | None = None,
) -> LambdaSweep:
    """Fit for each lambda and fold, and say which lambdas overfit and which underfit.

    Parameters
    ----------
    estimator : estimator object
        A regressor with a parameter `lambda_`, or a pipeline in which one step has it.
    X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
        Data.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Targets.
    lambdas : array-like of shape (n_lambdas,), default=(1e-4, 1e-3, 1e-2, 1e-1, 1)
        Penalties, >= 0.
    cv : int, splitter or iterable, default=None
        As in all of scikit-learn; None means 5 folds. An iterable gives pairs (train, test) of row
        numbers or of boolean masks.
    groups : array-like of shape (n_samples,), default=None
        Groups of the rows, for splitters that need them.

    Returns
    -------
    LambdaSweep
        Losses, the best lambda, a verdict for each, and the rule.

    Raises
    ------
    ValueError
        If the estimator has no parameter `lambda_`, or lambdas are not numbers >= 0.

    Warns
    -----
    ConvergenceWarning
        Once, if some of the fits did not converge.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import RidgeRegression, lambda_sweep
    >>> X, y = load_diabetes(return_X_y=True)
    >>> sweep = lambda_sweep(RidgeRegression(solver="auto"), X, y)
    >>> sweep.best_lambda
    0.0001
    >>> sweep.verdicts
    ['best', 'underfits', 'underfits', 'underfits', 'underfits']
    """
    name = _lambda_parameter(estimator)
    grid = _check_sweep(lambdas)
    data: tuple[Any, Any, Any] = indexable(*map(fetched, (X, y, groups)))
    X, y, groups = data
    splits = read_splits(splitter_of(cv), X, y, len(data[1]), {"groups": groups})
    units = _null_losses(y)
    losses = np.empty((2, grid.size, len(splits)))
    warned = []
    for fold, split in enumerate(splits):
        parts = [(_safe_indexing(X, rows), _safe_indexing(y, rows)) for rows in split]
        for k, lambda_ in enumerate(grid):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                model = clone(estimator).set_params(**{name: float(lambda_)}).fit(*parts[0])
                for side, (X_part, y_part) in enumerate(parts):
                    errors = mean_squared_error(
                        y_part, model.predict(X_part), multioutput="raw_values"
                    )
                    losses[side, k, fold] = np.mean(errors / units)
            warned.append(caught)
    _repeat_once(warned)
    train, validation = losses
    best = int(np.argmin(validation.mean(axis=1)))
    return LambdaSweep(
        grid, train, validation, float(grid[best]), _verdicts(validation, best), SWEEP_RULE
    )


def _null_losses(y: Any) -> FloatArray:
    """Return the divisors of mean squared errors: 1, or with several targets their variances."""
    Y = np.asarray(y)
    if Y.ndim == 1 or Y.shape[1] == 1:
        return np.ones(1)
    variances = np.var(Y.astype(np.float64), axis=0)
    return np.where(variances > 0, variances, 1.0)


def _verdicts(losses: FloatArray, best: int) -> list[str]:
    """Say for each lambda, from the smallest to the largest, what its validation loss means."""
    verdicts = ["overfits"] * best + ["best"] + ["underfits"] * (len(losses) - best - 1)
    for k in np.flatnonzero(within_one_standard_error(losses)):
        if k != best:
            verdicts[k] = "within one standard error"
    return verdicts


def _check_sweep(lambdas: Any) -> FloatArray:
    """Return penalties from the smallest to the largest."""
    wanted = "numbers >= 0, at least one"
    grid = np.sort(real_numbers(lambdas, "lambdas", wanted).astype(np.float64).ravel())
    if grid.size == 0 or not (np.isfinite(grid) & (grid >= 0)).all():
        raise ValueError(f"lambdas must be {wanted}, got {lambdas!r}")
    return grid


def _lambda_parameter(estimator: Any) -> str:
    """Return the name of the parameter lambda_ of an estimator or of one of its steps."""
    if hasattr(estimator, "refit") and hasattr(estimator, "estimator"):
        raise TypeError(
            f"estimator must not be a search, which sets lambda_ itself, got "
            f"{type(estimator).__name__}; pass its estimator, {estimator.estimator!r}"
        )
    names = [
        name for name in estimator.get_params() if name == "lambda_" or name.endswith("__lambda_")
    ]
    if len(names) != 1:
        raise ValueError(
            f"estimator must have one parameter lambda_, itself or in a step, got {names} "
            f"in {type(estimator).__name__}"
        )
    return str(names[0])


def _repeat_once(warned: Sequence[Sequence[warnings.WarningMessage]]) -> None:
    """Repeat the first warning of each category, and say how many of the fits had one."""
    counts: Counter[type[Warning]] = Counter()
    first: dict[type[Warning], warnings.WarningMessage] = {}
    for caught in warned:
        of_fit = {warning.category: warning for warning in reversed(caught)}
        counts.update(of_fit.keys())
        first = {**of_fit, **first}
    for category, count in counts.items():
        message = f"{count} of {len(warned)} fits warned, the first: {first[category].message}"
        warn(message, category)
