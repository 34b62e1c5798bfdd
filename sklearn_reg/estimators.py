"""Ridge, lasso and elastic net, trained by gradient descent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import ArrayLike

from sklearn_reg._checks.words import in_our_words
from sklearn_reg._fitting.regression import PenalizedRegression


class RidgeRegression(PenalizedRegression):
    r"""Linear regression with an L2 penalty, which shrinks all weights.

    .. math::
        F(w, b) = \frac{1}{2 \sum_i s_i} \sum_i s_i (y_i - x_i^\top w - b)^2
        + \frac{\lambda}{2} \sum_j v_j w_j^2

    with s the sample weights and v the penalty weights (both 1 by default) and b unpenalised.

    Parameters
    ----------
    lambda_ : float or array-like of shape (n_targets,), default=1.0
        Strength of the penalty, >= 0; an array gives each target its own. A pandas Series is
        matched by the column labels of y, if y is a DataFrame.
    learning_rate : float or "auto", default=0.01
        Step of the descent solvers, used exactly as given. "auto" is 1 / L, with L the largest
        eigenvalue of the (weighted, centred) X'X / n plus the L2 penalty. A rate at or above 2 / L
        cannot converge: the fit warns and steps at 1 / L.
    n_iterations : int, default=1000
        The maximum number of steps of a descent solver; it stops as soon as `tol` is certified.
    solver : str, default="gradient_descent"
        - "gradient_descent": the textbook step `w <- prox(w - learning_rate * gradient)`, from
          zero; the L1 part is in the proximal operator, so weights become exactly 0;
        - "subgradient": the textbook step with sign(w), whose weights only come near 0;
        - "accelerated": proximal gradient with momentum and restart (FISTA), for rates up to 1 / L;
        - "closed_form": linear algebra, for penalties without a kink;
        - "active_set": the optimum with its certificate, by working sets and exact steps;
        - "auto": the optimum by "closed_form" or "active_set"; `solver_` says which was chosen.
          It ignores learning_rate and n_iterations, as "closed_form" and "active_set" do.
    tol : float, default=1e-6
        Bound on the duality gap, relative to the objective of the null model:
        `gap <= tol * F(0, mean y)` ends the fit.
    fit_intercept : bool, default=True
        Whether to fit b. It is never penalised; X is centred implicitly, without a copy.
    standardize : bool, default=False
        Whether to penalise (and descend on) columns divided by their weighted population standard
        deviation. Coefficients are returned on the original scale.
    penalty_weights : array-like of shape (n_features,), dict, Series or "adaptive", default=None
        v, one weight >= 0 per feature: 0 leaves it unpenalised, inf excludes it. A dict or a
        pandas Series is matched by the column labels of a DataFrame X; features without an entry
        get 1. A Series with the index 0, 1, ... is matched by position, as an array is. "adaptive"
        takes weights `d_j max_k |b_k| / |b_j|` from a pilot ridge on the rows at hand (Zou), with
        b its coefficients on standardised columns, d their standard deviations, and the penalty of
        the smallest generalised cross-validation score; for one target.
    positive : bool, default=False
        Whether coefficients must not be negative: a lower bound of 0.
    bounds : pair (lower, upper), default=None
        Bounds on the coefficients, lower <= 0 <= upper: each a number, an array-like of shape
        (n_features,), or a dict or Series by column label. None is no bound, as is a label without
        an entry.
    warm_start : bool, default=False
        Whether to start from the coefficients of the last fit.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients w.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept b; 0 without `fit_intercept`.
    n_iter_ : int
        Iterations of the solver, at least 1.
    objective_ : float or ndarray of shape (n_targets,)
        F at the end, in the unit of y squared.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Upper bound on F - F*, the distance to the optimum, in the unit of F.
    converged_ : bool
        Whether the gap is within `tol` for every target.
    moments_ : Moments
        Moments of all rows so far, after `partial_fit`, `fit_batches` or `fit_moments`.
    history_ : ndarray of shape (n_iter_,) or (n_iter_, n_targets)
        F after each iteration.
    gap_history_ : ndarray of shape (n_iter_,) or (n_iter_, n_targets)
        Upper bound on F - F* after each iteration.
    solver_ : str
        The solver that ran; with "auto", the chosen one.
    penalty_weights_ : ndarray of shape (n_features,)
        The weights v of the fit, with `penalty_weights="adaptive"`; inf for excluded features.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X has them.

    See Also
    --------
    LassoRegression : The L1 penalty, which makes weights exactly zero.
    ElasticNetRegression : Both penalties.
    ridge_closed_form : The textbook formula.

    Notes
    -----
    `RidgeRegression(lambda_=a)` is scikit-learn's `Ridge(alpha=a * n_samples)`: the loss here is a
    mean over samples, so that lambda_ keeps its meaning when the data grow.

    References
    ----------
    A. E. Hoerl, R. W. Kennard (1970). Ridge regression: biased estimation for nonorthogonal
    problems. Technometrics 12(1). https://doi.org/10.1080/00401706.1970.10488634

    H. Zou (2006). The adaptive lasso and its oracle properties. J. American Statistical Association
    101(476). https://doi.org/10.1198/016214506000000735

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_reg import RidgeRegression
    >>> X = np.array([[-1.0, 1.0], [0.0, -2.0], [1.0, 1.0]])
    >>> y = np.array([1.0, 2.0, 6.0])
    >>> model = RidgeRegression(lambda_=0.5, learning_rate=0.5, tol=1e-9)
    >>> model.fit(X, y).coef_.round(3), round(float(model.intercept_), 3)
    (array([1.429, 0.4  ]), 3.0)
    """

    l1_ratio = 0.0


class LassoRegression(PenalizedRegression):
    r"""Linear regression with an L1 penalty, which makes weights exactly zero.

    .. math::
        F(w, b) = \frac{1}{2 \sum_i s_i} \sum_i s_i (y_i - x_i^\top w - b)^2
        + \lambda \sum_j v_j |w_j|

    with s the sample weights and v the penalty weights (both 1 by default) and b unpenalised.

    Parameters
    ----------
    lambda_ : float or array-like of shape (n_targets,), default=1.0
        Strength of the penalty, >= 0; an array gives each target its own. A pandas Series is
        matched by the column labels of y, if y is a DataFrame.
    learning_rate : float or "auto", default=0.01
        Step of the descent solvers, used exactly as given. "auto" is 1 / L, with L the largest
        eigenvalue of the (weighted, centred) X'X / n plus the L2 penalty. A rate at or above 2 / L
        cannot converge: the fit warns and steps at 1 / L.
    n_iterations : int, default=1000
        The maximum number of steps of a descent solver; it stops as soon as `tol` is certified.
    solver : str, default="gradient_descent"
        - "gradient_descent": the textbook step `w <- prox(w - learning_rate * gradient)`, from
          zero; the L1 part is in the proximal operator, so weights become exactly 0;
        - "subgradient": the textbook step with sign(w), whose weights only come near 0;
        - "accelerated": proximal gradient with momentum and restart (FISTA), for rates up to 1 / L;
        - "closed_form": linear algebra, for penalties without a kink;
        - "active_set": the optimum with its certificate, by working sets and exact steps;
        - "auto": the optimum by "closed_form" or "active_set"; `solver_` says which was chosen.
          It ignores learning_rate and n_iterations, as "closed_form" and "active_set" do.
    tol : float, default=1e-6
        Bound on the duality gap, relative to the objective of the null model:
        `gap <= tol * F(0, mean y)` ends the fit.
    fit_intercept : bool, default=True
        Whether to fit b. It is never penalised; X is centred implicitly, without a copy.
    standardize : bool, default=False
        Whether to penalise (and descend on) columns divided by their weighted population standard
        deviation. Coefficients are returned on the original scale.
    penalty_weights : array-like of shape (n_features,), dict, Series or "adaptive", default=None
        v, one weight >= 0 per feature: 0 leaves it unpenalised, inf excludes it. A dict or a
        pandas Series is matched by the column labels of a DataFrame X; features without an entry
        get 1. A Series with the index 0, 1, ... is matched by position, as an array is. "adaptive"
        takes weights `d_j max_k |b_k| / |b_j|` from a pilot ridge on the rows at hand (Zou), with
        b its coefficients on standardised columns, d their standard deviations, and the penalty of
        the smallest generalised cross-validation score; for one target.
    positive : bool, default=False
        Whether coefficients must not be negative: a lower bound of 0.
    bounds : pair (lower, upper), default=None
        Bounds on the coefficients, lower <= 0 <= upper: each a number, an array-like of shape
        (n_features,), or a dict or Series by column label. None is no bound, as is a label without
        an entry.
    warm_start : bool, default=False
        Whether to start from the coefficients of the last fit.
    relax : float, default=1.0
        Share gamma of the penalised fit in the coefficients, in [0, 1]; the rest is least squares
        on the features that it selects (and on those without a penalty): 1 is the lasso, 0 the
        refit. The refit keeps to the bounds, but may turn signs. `objective_`, `dual_gap_` and
        their histories are those of the penalised fit.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients w.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept b; 0 without `fit_intercept`.
    n_iter_ : int
        Iterations of the solver, at least 1.
    objective_ : float or ndarray of shape (n_targets,)
        F at the end, in the unit of y squared.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Upper bound on F - F*, the distance to the optimum, in the unit of F.
    converged_ : bool
        Whether the gap is within `tol` for every target.
    moments_ : Moments
        Moments of all rows so far, after `partial_fit`, `fit_batches` or `fit_moments`.
    history_ : ndarray of shape (n_iter_,) or (n_iter_, n_targets)
        F after each iteration.
    gap_history_ : ndarray of shape (n_iter_,) or (n_iter_, n_targets)
        Upper bound on F - F* after each iteration.
    solver_ : str
        The solver that ran; with "auto", the chosen one.
    penalty_weights_ : ndarray of shape (n_features,)
        The weights v of the fit, with `penalty_weights="adaptive"`; inf for excluded features.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X has them.

    See Also
    --------
    RidgeRegression : The L2 penalty, which shrinks without zeros.
    ElasticNetRegression : Both penalties.
    l1_prox : The step that makes weights zero.

    Notes
    -----
    `LassoRegression(lambda_=a)` is scikit-learn's `Lasso(alpha=a)`. If lambda_ is at least
    :func:`lambda_max`, all weights are zero.

    References
    ----------
    R. Tibshirani (1996). Regression shrinkage and selection via the lasso. J. Royal Statistical
    Society B 58(1). https://doi.org/10.1111/j.2517-6161.1996.tb02080.x

    H. Zou (2006). The adaptive lasso and its oracle properties. J. American Statistical Association
    101(476). https://doi.org/10.1198/016214506000000735

    N. Meinshausen (2007). Relaxed lasso. Computational Statistics & Data Analysis 52(1).
    https://doi.org/10.1016/j.csda.2006.12.019

    I. Daubechies, M. Defrise, C. De Mol (2004). An iterative thresholding algorithm for linear
    inverse problems with a sparsity constraint. Communications on Pure and Applied Mathematics
    57(11). https://doi.org/10.1002/cpa.20042

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_reg import LassoRegression
    >>> X = np.array([[-1.0, 1.0], [0.0, -2.0], [1.0, 1.0]])
    >>> y = np.array([1.0, 2.0, 6.0])
    >>> model = LassoRegression(lambda_=1.0, learning_rate=0.5, tol=1e-9)
    >>> model.fit(X, y).coef_.round(3), round(float(model.intercept_), 3)
    (array([1., 0.]), 3.0)
    """

    l1_ratio = 1.0

    @in_our_words
    def __init__(
        self,
        lambda_: float | ArrayLike = 1.0,
        learning_rate: float | str = 0.01,
        n_iterations: int = 1000,
        *,
        solver: str = "gradient_descent",
        tol: float = 1e-6,
        fit_intercept: bool = True,
        standardize: bool = False,
        penalty_weights: ArrayLike | Mapping[Any, float] | None = None,
        positive: bool = False,
        bounds: Any = None,
        warm_start: bool = False,
        relax: float = 1.0,
    ) -> None:
        super().__init__(
            lambda_,
            learning_rate,
            n_iterations,
            solver=solver,
            tol=tol,
            fit_intercept=fit_intercept,
            standardize=standardize,
            penalty_weights=penalty_weights,
            positive=positive,
            bounds=bounds,
            warm_start=warm_start,
        )
        self.relax = relax

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # With lambda_=1 the best model of a target of unit variance is the constant one.
        tags.regressor_tags.poor_score = True
        return tags


class ElasticNetRegression(PenalizedRegression):
    r"""Linear regression with L1 and L2 penalties: sparse, and stable with correlated features.

    .. math::
        F(w, b) = \frac{1}{2 \sum_i s_i} \sum_i s_i (y_i - x_i^\top w - b)^2
        + \lambda \sum_j v_j \Big( \rho |w_j| + \frac{1 - \rho}{2} w_j^2 \Big)

    with rho the `l1_ratio`, s the sample weights and v the penalty weights (both 1 by default) and
    b unpenalised.

    Parameters
    ----------
    lambda_ : float or array-like of shape (n_targets,), default=1.0
        Strength of the penalty, >= 0; an array gives each target its own. A pandas Series is
        matched by the column labels of y, if y is a DataFrame.
    learning_rate : float or "auto", default=0.01
        Step of the descent solvers, used exactly as given. "auto" is 1 / L, with L the largest
        eigenvalue of the (weighted, centred) X'X / n plus the L2 penalty. A rate at or above 2 / L
        cannot converge: the fit warns and steps at 1 / L.
    n_iterations : int, default=1000
        The maximum number of steps of a descent solver; it stops as soon as `tol` is certified.
    l1_ratio : float, default=0.5
        Share of L1 in the penalty, in [0, 1]: 0 is ridge, 1 is the lasso.
    solver : str, default="gradient_descent"
        - "gradient_descent": the textbook step `w <- prox(w - learning_rate * gradient)`, from
          zero; the L1 part is in the proximal operator, so weights become exactly 0;
        - "subgradient": the textbook step with sign(w), whose weights only come near 0;
        - "accelerated": proximal gradient with momentum and restart (FISTA), for rates up to 1 / L;
        - "closed_form": linear algebra, for penalties without a kink;
        - "active_set": the optimum with its certificate, by working sets and exact steps;
        - "auto": the optimum by "closed_form" or "active_set"; `solver_` says which was chosen.
          It ignores learning_rate and n_iterations, as "closed_form" and "active_set" do.
    tol : float, default=1e-6
        Bound on the duality gap, relative to the objective of the null model:
        `gap <= tol * F(0, mean y)` ends the fit.
    fit_intercept : bool, default=True
        Whether to fit b. It is never penalised; X is centred implicitly, without a copy.
    standardize : bool, default=False
        Whether to penalise (and descend on) columns divided by their weighted population standard
        deviation. Coefficients are returned on the original scale.
    penalty_weights : array-like of shape (n_features,), dict, Series or "adaptive", default=None
        v, one weight >= 0 per feature: 0 leaves it unpenalised, inf excludes it. A dict or a
        pandas Series is matched by the column labels of a DataFrame X; features without an entry
        get 1. A Series with the index 0, 1, ... is matched by position, as an array is. "adaptive"
        takes weights `d_j max_k |b_k| / |b_j|` from a pilot ridge on the rows at hand (Zou), with
        b its coefficients on standardised columns, d their standard deviations, and the penalty of
        the smallest generalised cross-validation score; for one target.
    positive : bool, default=False
        Whether coefficients must not be negative: a lower bound of 0.
    bounds : pair (lower, upper), default=None
        Bounds on the coefficients, lower <= 0 <= upper: each a number, an array-like of shape
        (n_features,), or a dict or Series by column label. None is no bound, as is a label without
        an entry.
    warm_start : bool, default=False
        Whether to start from the coefficients of the last fit.
    relax : float, default=1.0
        Share gamma of the penalised fit in the coefficients, in [0, 1]; the rest is least squares
        on the features that it selects (and on those without a penalty): 1 is the elastic net, 0
        the refit. The refit keeps to the bounds, but may turn signs. `objective_`, `dual_gap_` and
        their histories are those of the penalised fit.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients w.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept b; 0 without `fit_intercept`.
    n_iter_ : int
        Iterations of the solver, at least 1.
    objective_ : float or ndarray of shape (n_targets,)
        F at the end, in the unit of y squared.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Upper bound on F - F*, the distance to the optimum, in the unit of F.
    converged_ : bool
        Whether the gap is within `tol` for every target.
    moments_ : Moments
        Moments of all rows so far, after `partial_fit`, `fit_batches` or `fit_moments`.
    history_ : ndarray of shape (n_iter_,) or (n_iter_, n_targets)
        F after each iteration.
    gap_history_ : ndarray of shape (n_iter_,) or (n_iter_, n_targets)
        Upper bound on F - F* after each iteration.
    solver_ : str
        The solver that ran; with "auto", the chosen one.
    penalty_weights_ : ndarray of shape (n_features,)
        The weights v of the fit, with `penalty_weights="adaptive"`; inf for excluded features.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X has them.

    See Also
    --------
    RidgeRegression : The L2 penalty alone.
    LassoRegression : The L1 penalty alone.

    Notes
    -----
    `ElasticNetRegression(lambda_=a, l1_ratio=r)` is scikit-learn's
    `ElasticNet(alpha=a, l1_ratio=r)` and glmnet's `alpha=r, lambda=a`.

    References
    ----------
    H. Zou, T. Hastie (2005). Regularization and variable selection via the elastic net. J. Royal
    Statistical Society B 67(2). https://doi.org/10.1111/j.1467-9868.2005.00503.x

    H. Zou (2006). The adaptive lasso and its oracle properties. J. American Statistical Association
    101(476). https://doi.org/10.1198/016214506000000735

    N. Meinshausen (2007). Relaxed lasso. Computational Statistics & Data Analysis 52(1).
    https://doi.org/10.1016/j.csda.2006.12.019

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_reg import ElasticNetRegression
    >>> X = np.array([[-1.0, 1.0], [0.0, -2.0], [1.0, 1.0]])
    >>> y = np.array([1.0, 2.0, 6.0])
    >>> model = ElasticNetRegression(lambda_=0.5, learning_rate=0.5, tol=1e-9)
    >>> model.fit(X, y).coef_.round(3), round(float(model.intercept_), 3)
    (array([1.545, 0.333]), 3.0)
    """

    @in_our_words
    def __init__(
        self,
        lambda_: float | ArrayLike = 1.0,
        learning_rate: float | str = 0.01,
        n_iterations: int = 1000,
        l1_ratio: float = 0.5,
        *,
        solver: str = "gradient_descent",
        tol: float = 1e-6,
        fit_intercept: bool = True,
        standardize: bool = False,
        penalty_weights: ArrayLike | Mapping[Any, float] | None = None,
        positive: bool = False,
        bounds: Any = None,
        warm_start: bool = False,
        relax: float = 1.0,
    ) -> None:
        self.lambda_ = lambda_
        self.learning_rate = learning_rate
        self.n_iterations = n_iterations
        self.l1_ratio = l1_ratio
        self.solver = solver
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.penalty_weights = penalty_weights
        self.positive = positive
        self.bounds = bounds
        self.warm_start = warm_start
        self.relax = relax

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # With lambda_=1 the best model of a target of unit variance is the constant one.
        tags.regressor_tags.poor_score = True
        return tags
