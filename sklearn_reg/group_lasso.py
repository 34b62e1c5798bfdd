"""The group lasso and the sparse-group lasso: features that come or go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import ArrayLike

from sklearn_reg._checks.words import in_our_words
from sklearn_reg._fitting.feature_groups import feature_groups as feature_groups
from sklearn_reg._fitting.groups import GroupPenalised
from sklearn_reg._fitting.regression import PenalizedRegression
from sklearn_reg._selection.choice import Rule
from sklearn_reg._selection.cross_validation import PenalizedRegressionCV


class GroupLassoRegression(GroupPenalised, PenalizedRegression):
    r"""Linear regression in which groups of features are selected, or dropped, as a whole.

    .. math::
        F(w, b) = \frac{1}{2 \sum_i s_i} \sum_i s_i (y_i - x_i^\top w - b)^2
        + \lambda \sum_g v_g \Big( \rho \, |w_g|_1 + (1 - \rho) \sqrt{d_g} \, |w_g|_2 \Big)

    with w_g the coefficients of group g, d_g their number, rho the `l1_ratio`, s the sample weights
    and v the penalty weights (both 1 by default) and b unpenalised. rho = 0 is the group lasso
    [1]_; the sparse-group lasso [2]_, with rho > 0, also drops single features within groups.

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
    groups : array-like of labels, list of lists, dict, "prefix" or "targets", default=None
        The groups: a label for each feature; lists of features, by column label, or by position
        if X has no labels; a dict {feature: group} or {group: list of features}; "prefix", column
        names up to their last "_" (after the last "__"), as of one-hot columns. Features that are
        not listed are groups of their own, all of them with None: the lasso. For the columns of a
        fitted transformer pass `feature_groups(transformer)`. "targets": the coefficients of one
        feature for all targets are a group, and the targets are one problem (multi-task lasso).
    l1_ratio : float, default=0.0
        Share rho of the L1 part, in [0, 1]: 0 is the group lasso, 1 is the lasso.
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
    standardize : bool or "groups", default=False
        Whether to penalise columns divided by their weighted population standard deviation, as
        glmnet does. "groups" penalises the length of each group's fitted values over sqrt(n), by
        an orthonormal basis of its columns, as grpreg does; it needs `l1_ratio=0`. Coefficients
        are returned on the original scale.
    penalty_weights : array-like of shape (n_groups,) or (n_features,), dict or Series, default=None
        v, one weight >= 0 per group, in the order in which groups first appear in the columns, or
        per feature; a dict or a Series by group name or by column label. 0 leaves features without
        a penalty, inf excludes them. Weights that differ within a group are those of its
        coefficients: v_j w_j takes the place of w_j in both norms. Features of weight 0 or inf do
        not count in d_g.
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
    groups_ : ndarray of shape (n_features,)
        Number of the group of each feature, 0, 1, ... in the order in which groups first appear;
        with `groups="targets"` each feature is one.
    group_names_ : list
        Names of the groups.
    objective_ : float or ndarray of shape (n_targets,)
        F at the end, in the unit of y squared; one number with `groups="targets"`, as the next.
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
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X has them.

    See Also
    --------
    GroupLassoRegressionCV : Lambda by cross-validation.
    LassoRegression : Single features.
    feature_groups : The groups of the columns that a transformer makes.

    Notes
    -----
    The optimum is certified by the dual norm of the penalty, which has a closed form [3]_. If
    lambda_ is at least :func:`lambda_max`, all weights are zero. Categories are groups: with all
    of their one-hot columns (no column dropped), the penalty treats all levels alike.

    With `groups="targets"`, a group has one feature, so that d_g = 1, and
    `GroupLassoRegression(lambda_=a, groups="targets")` is scikit-learn's `MultiTaskLasso(alpha=a)`.

    References
    ----------
    .. [1] M. Yuan, Y. Lin (2006). Model selection and estimation in regression with grouped
       variables. J. Royal Statistical Society B 68(1).
       https://doi.org/10.1111/j.1467-9868.2005.00532.x
    .. [2] N. Simon, J. Friedman, T. Hastie, R. Tibshirani (2013). A sparse-group lasso. J.
       Computational and Graphical Statistics 22(2). https://doi.org/10.1080/10618600.2012.681250
    .. [3] E. Ndiaye, O. Fercoq, A. Gramfort, J. Salmon (2016). GAP safe screening rules for
       sparse-group lasso. https://arxiv.org/abs/1602.06225

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_reg import GroupLassoRegression
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 4))
    >>> y = X[:, 0] - X[:, 1] + 0.1 * rng.normal(size=100)
    >>> groups = ["a", "a", "b", "b"]
    >>> model = GroupLassoRegression(lambda_=0.2, groups=groups, solver="auto")
    >>> model.fit(X, y).coef_.round(2).tolist()
    [0.75, -0.71, 0.0, 0.0]
    """

    @in_our_words
    def __init__(
        self,
        lambda_: float | ArrayLike = 1.0,
        learning_rate: float | str = 0.01,
        n_iterations: int = 1000,
        groups: Any = None,
        *,
        l1_ratio: float = 0.0,
        solver: str = "gradient_descent",
        tol: float = 1e-6,
        fit_intercept: bool = True,
        standardize: bool | str = False,
        penalty_weights: ArrayLike | Mapping[Any, float] | None = None,
        warm_start: bool = False,
    ) -> None:
        self.lambda_ = lambda_
        self.learning_rate = learning_rate
        self.n_iterations = n_iterations
        self.groups = groups
        self.l1_ratio = l1_ratio
        self.solver = solver
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.penalty_weights = penalty_weights
        self.warm_start = warm_start

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # With lambda_=1 the best model of a target of unit variance is the constant one.
        tags.regressor_tags.poor_score = True
        return tags


class GroupLassoRegressionCV(GroupPenalised, PenalizedRegressionCV):
    """Group lasso with lambda chosen by cross-validation, every fold and lambda certified.

    The path of each fold is followed from lambda_max down, from one solution to the next.

    Parameters
    ----------
    lambdas : int or array-like of shape (n_lambdas,), default=100
        A number of penalties, spaced evenly in log from lambda_max down to `eps` lambda_max, or
        the penalties themselves, >= 0; 0 is least squares.
    groups : array-like of labels, list of lists, dict, "prefix" or "targets", default=None
        The groups: a label for each feature; lists of features, by column label, or by position
        if X has no labels; a dict {feature: group} or {group: list of features}; "prefix", column
        names up to their last "_" (after the last "__"), as of one-hot columns. Features that are
        not listed are groups of their own, all of them with None: the lasso. For the columns of a
        fitted transformer pass `feature_groups(transformer)`. "targets": the coefficients of one
        feature for all targets are a group, and the targets are one problem (multi-task lasso).
    l1_ratio : float or array-like, default=0.0
        Share rho of the L1 part, in [0, 1], or several to choose from: 0 is the group lasso, 1 is
        the lasso.
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
    standardize : bool or "groups", default=False
        Whether to penalise columns divided by their standard deviation in each training set, or,
        with "groups", orthonormal groups, as in `GroupLassoRegression`.
    penalty_weights : array-like of shape (n_groups,) or (n_features,), dict or Series, default=None
        One weight >= 0 per group or per feature, as in `GroupLassoRegression`.
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
        `gap_history_` and `solver_` are as in `GroupLassoRegression`.
    groups_ : ndarray of shape (n_features,)
        Number of the group of each feature, 0, 1, ... in the order in which groups first appear;
        with `groups="targets"` each feature is one.
    group_names_ : list
        Names of the groups.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X has them.

    See Also
    --------
    GroupLassoRegression : For one lambda.
    feature_groups : The groups of the columns that a transformer makes.

    Notes
    -----
    The degrees of freedom that the criteria use are those of S. Vaiter et al. (2012).

    References
    ----------
    M. Yuan, Y. Lin (2006). Model selection and estimation in regression with grouped variables. J.
    Royal Statistical Society B 68(1). https://doi.org/10.1111/j.1467-9868.2005.00532.x

    S. Vaiter, C. Deledalle, G. Peyre, J. Fadili, C. Dossal (2012). Degrees of freedom of the group
    lasso. https://arxiv.org/abs/1205.1481

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_reg import GroupLassoRegressionCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 6))
    >>> y = X[:, 0] - X[:, 1] + rng.normal(size=100)
    >>> groups = ["a", "a", "b", "b", "c", "c"]
    >>> model = GroupLassoRegressionCV(groups=groups, rule="1se")
    >>> model.fit(X, y).coef_.round(2).tolist()
    [0.88, -0.84, 0.01, 0.08, 0.03, 0.07]
    """

    @in_our_words
    def __init__(
        self,
        lambdas: int | ArrayLike = 100,
        *,
        groups: Any = None,
        l1_ratio: float | ArrayLike = 0.0,
        eps: float = 1e-3,
        cv: Any = None,
        rule: Rule = "min",
        scoring: Any = None,
        n_jobs: int | None = None,
        tol: float = 1e-6,
        fit_intercept: bool = True,
        standardize: bool | str = False,
        penalty_weights: ArrayLike | Mapping[Any, float] | None = None,
        lambda_per_target: bool = False,
        store_cv_predictions: bool = False,
    ) -> None:
        self.lambdas = lambdas
        self.groups = groups
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
        self.lambda_per_target = lambda_per_target
        self.store_cv_predictions = store_cv_predictions
