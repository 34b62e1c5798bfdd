"""Stability selection: the features that random halves of the rows select again and again."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import check_random_state, estimator_html_repr
from sklearn.utils.validation import check_is_fitted

from sklearn_reg._checks.labels import Labels, check_order, feature_labels
from sklearn_reg._checks.parameters import check_count, check_flag
from sklearn_reg._checks.values import check_l1_ratio, check_number, on_dask
from sklearn_reg._checks.words import in_our_words
from sklearn_reg._data.data import InMemory
from sklearn_reg._data.designs import Preprocessing
from sklearn_reg._data.reading import read
from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._fitting.advice import Advice
from sklearn_reg._fitting.linear_model import all_or_nothing
from sklearn_reg._fitting.report import frequency_table, stability_html
from sklearn_reg._selection.false_selections import largest_size, unimodal_bound, worst_case_bound
from sklearn_reg._selection.halves import Halves, draw_halves
from sklearn_reg._selection.resampling import count_selected, lambdas_of
from sklearn_reg._solvers.grids import Grid, check_lambdas
from sklearn_reg._tools.typing import BoolArray, FloatArray, Matrix
from sklearn_reg._tools.versions import SITE
from sklearn_reg._tools.warn import warn

FEWEST_ROWS = 4  # so that each half has two


class StabilitySelection(SelectorMixin, BaseEstimator):  # type: ignore[misc]
    r"""Select the features that a lasso selects on most random halves of the rows.

    A lasso that is fitted to other rows selects other features. Stability selection [1]_ draws
    pairs of disjoint halves of the rows [2]_, follows the path of each half, and selects

    .. math::
        \hat S = \Bigl\{ j : \max_\lambda \hat\Pi_j^\lambda \ge \pi \Bigr\},

    with :math:`\hat\Pi_j^\lambda` the share of the halves whose coefficient j is not zero at
    lambda, and pi the `threshold`. If a half selects q of p features on its whole path, on average,
    then

    .. math::
        E\,|\hat S \cap L| \le \frac{q^2}{(2 \pi - 1)\, p}, \qquad
        L = \{ j : P(\text{a half selects } j) \le q / p \}.

    L are the features that a half selects no more often than by chance.

    Parameters
    ----------
    lambdas : int or array-like of shape (n_lambdas,), default=100
        A number of penalties, spaced evenly in log from lambda_max down to `eps` lambda_max, or
        the penalties themselves, >= 0. lambda_max is the largest of those of all halves: there no
        half selects a feature.
    l1_ratio : float, default=1.0
        Share of L1 in the penalty, in (0, 1]: 1 is the lasso.
    eps : float, default=0.1
        The end of a grid, as a share of its beginning. A half selects nearly every feature it can
        at a small lambda; then q is large, and the bound says nothing.
    n_resamples : int, default=100
        Number of halves, an even one: the halves of `n_resamples / 2` pairs. With an odd number of
        rows, each pair leaves out one row.
    threshold : float, default=0.6
        pi, in (0.5, 1]. The larger it is, the fewer features are selected.
    expected_false_selections : float, default=None
        The largest bound that is accepted, > 0. The path of each half then ends before it has
        selected more than q features, the most for which the bound is at most this number; at
        smaller lambdas it keeps what it had selected last. None follows every path to the end of
        the grid: the bound is what `error_bound_` says.
    assumption : "unimodal" or None, default=None
        What the bound assumes. None is the bound above, which holds for every selection procedure.
        "unimodal" is the smaller one of [2]_, theorem 2, for a frequency with which both halves of
        a pair select a feature of L that has a unimodal distribution.
    weakness : float, default=1.0
        In (0, 1]. Below 1 it is the randomised lasso [1]_: the penalty weights of each half are
        divided by independent uniform draws from [`weakness`, 1].
    fit_intercept : bool, default=True
        Whether there is an intercept.
    standardize : bool, default=True
        Whether to penalise columns divided by their standard deviation, that of each half.
    penalty_weights : array-like of shape (n_features,), dict or Series, default=None
        One weight >= 0 per feature; 0 = free, inf = excluded. A dict or pandas Series is matched
        by the column labels of X; features without an entry get 1. A free feature is always
        selected and counts neither in q nor in p. An excluded one is never selected, and does not
        count in p.
    positive : bool, default=False
        Whether coefficients must not be negative: a lower bound of 0.
    bounds : pair (lower, upper), default=None
        Bounds on the coefficients, lower <= 0 <= upper: each a number, an array-like of shape
        (n_features,), or a dict or Series by column label. None is no bound, as is a label without
        an entry.
    tol : float, default=1e-6
        Bound on every duality gap, relative to F(0, mean y).
    random_state : int, RandomState or None, default=None
        Draws the halves, and the penalty weights if `weakness` is below 1. An integer draws the
        same ones each time.

    Attributes
    ----------
    lambdas_ : ndarray of shape (n_lambdas,)
        The grid, from the largest to the smallest.
    frequency_path_ : ndarray of shape (n_lambdas, n_features)
        Share of the halves that select each feature at each lambda.
    selection_frequencies_ : ndarray of shape (n_features,)
        Largest share over the lambdas.
    support_ : ndarray of shape (n_features,) of bool
        Whether this share is at least `threshold`.
    n_selected_ : float
        q: the number of penalised features that a half selects anywhere on its path, on average.
    n_selected_limit_ : int
        The number that ends a path; the number of penalised features if nothing does.
    error_bound_ : float
        Bound on the expected number of selected features of L: the one above, of [1]_ and of
        theorem 1 of [2]_, or the one for `assumption`; p if that is smaller.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X has them.

    See Also
    --------
    StabilityDisplay : Draws the frequencies along lambda.
    LassoRegressionCV : Chooses lambda for prediction; its features are more than those to trust.

    Notes
    -----
    The bound takes the rows to be independent and of one distribution. In [1]_ it is a bound on
    selected features without an effect, and needs two more assumptions: that a half selects each of
    these with the same probability, and no more often than it would by chance. In [2]_ it needs
    neither, and is about the features of L. Both compute the same number. q is estimated by
    `n_selected_`.

    There are no sample weights: the theory is about rows that are drawn from each other.

    References
    ----------
    .. [1] N. Meinshausen, P. Buhlmann (2010). Stability selection. J. Royal Statistical Society B
       72(4). https://doi.org/10.1111/j.1467-9868.2010.00740.x
    .. [2] R. D. Shah, R. J. Samworth (2013). Variable selection with error control: another look at
       stability selection. J. Royal Statistical Society B 75(1).
       https://doi.org/10.1111/j.1467-9868.2011.01034.x

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import StabilitySelection
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> stable = StabilitySelection(
    ...     threshold=0.9, expected_false_selections=2, random_state=0
    ... ).fit(X, y)
    >>> stable.get_feature_names_out().tolist()
    ['bmi', 'bp', 's5']
    >>> stable.error_bound_ <= 2
    True
    """

    _labels = Labels()
    # The "?" of scikit-learn's HTML leads to the page that docs/api.rst makes for the class.
    _doc_link_module = "sklearn_reg"
    _doc_link_template = SITE + "/generated/sklearn_reg.{estimator_name}.html"

    def _doc_link_url_param_generator(self) -> dict[str, str]:
        return {"estimator_name": type(self).__name__}

    @in_our_words
    def __init__(
        self,
        lambdas: int | ArrayLike = 100,
        *,
        l1_ratio: float = 1.0,
        eps: float = 0.1,
        n_resamples: int = 100,
        threshold: float = 0.6,
        expected_false_selections: float | None = None,
        assumption: str | None = None,
        weakness: float = 1.0,
        fit_intercept: bool = True,
        standardize: bool = True,
        penalty_weights: ArrayLike | Mapping[Any, float] | None = None,
        positive: bool = False,
        bounds: Any = None,
        tol: float = 1e-6,
        random_state: int | RandomState | None = None,
    ) -> None:
        self.lambdas = lambdas
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.n_resamples = n_resamples
        self.threshold = threshold
        self.expected_false_selections = expected_false_selections
        self.assumption = assumption
        self.weakness = weakness
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.penalty_weights = penalty_weights
        self.positive = positive
        self.bounds = bounds
        self.tol = tol
        self.random_state = random_state

    def fit(self, X: Matrix, y: ArrayLike) -> Self:
        """Follow the paths of all halves, and select features.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Data, with at least four rows.
        y : array-like of shape (n_samples,)
            Target.

        Returns
        -------
        self : object
            The fitted selector.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are not valid, or no path can be so short that the bound is
            at most `expected_false_selections`. The selector is then as it was before.

        Warns
        -----
        ConvergenceWarning
            If some duality gap stayed above `tol * F(0, mean y)`.
        """
        with all_or_nothing(self) as advice:
            advice += self._fit(X, y)
        return self

    def transform(self, X: Matrix) -> Any:
        """Reduce X to the selected features.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        {ndarray, sparse matrix, DataFrame} of shape (n_samples, n_selected_features)
            The selected columns.
        """
        check_is_fitted(self)
        check_order(self, X)
        return super().transform(X)

    def frequency_table(
        self,
        feature_names: Sequence[Hashable] | None = None,
        *,
        sort: bool = True,
        selected: bool = False,
    ) -> Any:
        """Return the frequencies with the names of their features.

        Parameters
        ----------
        feature_names : sequence of str, default=None
            Names; None takes the column labels of X in `fit`, or x0, x1, ... In a pipeline, pass
            those that the steps before give.
        sort : bool, default=True
            Whether the largest frequencies come first; otherwise the order is that of X.
        selected : bool, default=False
            Whether to leave out features that are not selected.

        Returns
        -------
        DataFrame or structured ndarray
            One row per feature, with its "frequency". If pandas is installed, a DataFrame indexed
            by "feature"; otherwise an array with "feature" as a field.

        Raises
        ------
        ValueError, TypeError
            If the number of names is not that of the features.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sklearn_reg import StabilitySelection
        >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
        >>> stable = StabilitySelection(random_state=0).fit(X, y)
        >>> stable.frequency_table(selected=True)["frequency"].to_dict()
        {'bmi': 1.0, 's5': 1.0, 'bp': 0.99, 's3': 0.99, 'sex': 0.66}
        """
        check_is_fitted(self)
        check_flag(sort, "sort")
        check_flag(selected, "selected")
        return frequency_table(self, feature_names, sort=sort, selected=selected)

    def _fit(self, X: Matrix, y: ArrayLike) -> list[Advice]:
        """Fit, and return advice."""
        plan = self._plan()
        data = self._read(X, y)
        penalty = UnitPenalty.read(
            plan.l1_ratio,
            self.penalty_weights,
            self.bounds,
            self.positive,
            data.n_features,
            feature_labels(self),
        )
        if penalty.adaptive:
            raise ValueError(
                "penalty_weights must be numbers for stability selection, because those of a pilot "
                "fit differ from half to half, got 'adaptive'"
            )
        n_penalised = int(np.count_nonzero(penalty.penalised))
        limit = self._limit(plan, n_penalised)
        members = draw_halves(len(data.Y), plan.n_resamples, plan.rng)
        weights = np.tile(penalty.weights, (plan.n_resamples, 1))
        if plan.weakness < 1:
            weights /= plan.rng.uniform(plan.weakness, 1.0, size=weights.shape)
        preprocessing = Preprocessing(self.fit_intercept, self.standardize)
        with data.overflow_explained():
            halves = Halves(data, members, preprocessing, penalty, weights)
            lambdas = lambdas_of(plan.grid, halves)
            counts = count_selected(halves, lambdas, plan.tol, limit)
        selected = counts.selected
        selected[:, penalty.free] = plan.n_resamples
        self.lambdas_ = lambdas
        self.frequency_path_ = selected / plan.n_resamples
        self.selection_frequencies_ = self.frequency_path_.max(axis=0)
        self.support_: BoolArray = self.selection_frequencies_ >= plan.threshold
        self.n_selected_ = float(counts.sizes.mean())
        self.n_selected_limit_ = limit
        self.error_bound_ = float(plan.bound(self.n_selected_, n_penalised))
        if not counts.n_uncertain:
            return []
        return [
            Advice(
                ConvergenceWarning,
                f"the paths of {counts.n_uncertain} of {plan.n_resamples} halves have a duality "
                f"gap above tol={plan.tol:g} times F(0, mean y). Cause: columns that depend on "
                "each other nearly as far as float64 can tell. Remedy: a larger tol, or larger "
                "lambdas.",
            )
        ]

    def _plan(self) -> _Plan:
        """Check the parameters that do not depend on the data."""
        for name in ("fit_intercept", "standardize", "positive"):
            check_flag(getattr(self, name), name)
        l1_ratio = check_l1_ratio(self.l1_ratio)
        if l1_ratio == 0:
            raise ValueError("l1_ratio must be in (0, 1], got 0: ridge selects every feature")
        n_resamples = check_count(self.n_resamples, "n_resamples")
        if n_resamples % 2:
            raise ValueError(
                f"n_resamples must be an even integer >= 2, because halves are drawn in pairs, got "
                f"{n_resamples}"
            )
        threshold = _check_between(self.threshold, "threshold", 0.5, "(0.5, 1]")
        bound = partial(worst_case_bound, threshold=threshold)
        if self.assumption is not None:
            if not isinstance(self.assumption, str) or self.assumption != "unimodal":
                raise ValueError(f"assumption must be 'unimodal' or None, got {self.assumption!r}")
            bound = partial(unimodal_bound, threshold=threshold, n_pairs=n_resamples // 2)
        wanted = self.expected_false_selections
        if wanted is not None:
            wanted = check_number(wanted, "expected_false_selections", "None or a number > 0")
        return _Plan(
            check_number(self.tol, "tol", "a number >= 0", zero=True),
            check_lambdas(self.lambdas, self.eps),
            l1_ratio,
            n_resamples,
            threshold,
            wanted,
            bound,
            _check_between(self.weakness, "weakness", 0.0, "(0, 1]"),
            _random_state(self.random_state),
        )

    def _read(self, X: Matrix, y: ArrayLike) -> InMemory:
        """Read rows with one target."""
        if on_dask(X):
            raise TypeError("X must be in memory, got a Dask collection: pass X.compute()")
        data = read(self, X, y, None)
        assert isinstance(data, InMemory)
        if data.n_targets > 1:
            raise ValueError(
                f"y must have one target, got shape {np.shape(data.y)}: targets have supports of "
                "their own, so fit one selector for each"
            )
        if data.y_ndim == 2:
            warn(
                "A column-vector y was passed when a 1d array was expected: pass y.ravel().",
                DataConversionWarning,
            )
        if len(data.Y) < FEWEST_ROWS:
            raise ValueError(
                f"X must have at least {FEWEST_ROWS} rows, so that each half has two, got "
                f"n_samples = {len(data.Y)}"
            )
        return data

    def _limit(self, plan: _Plan, n_penalised: int) -> int:
        """Return the number of features that ends a path."""
        if plan.wanted is None or n_penalised == 0:
            return n_penalised
        bounds = plan.bound(np.arange(1, n_penalised + 1), n_penalised)
        limit = largest_size(bounds, plan.wanted)
        if limit == 0:
            raise ValueError(
                f"expected_false_selections must be at least {bounds[0]:.3g}, the bound for "
                f"{n_penalised} penalised features if a half selects one of them, with threshold="
                f"{plan.threshold:g}, got {plan.wanted:g}"
            )
        return limit

    def _get_support_mask(self) -> BoolArray:
        """Return which features are selected, for `SelectorMixin`."""
        check_is_fitted(self)
        return self.support_

    def _html_repr(self) -> str:
        """Return scikit-learn's HTML for notebooks, followed by a summary of the fit."""
        shown = str(estimator_html_repr(self))
        return shown + stability_html(self) if hasattr(self, "support_") else shown

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "support_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        return tags


class _Plan(NamedTuple):
    """Checked parameters."""

    tol: float
    grid: Grid | FloatArray
    l1_ratio: float
    n_resamples: int
    threshold: float
    wanted: float | None
    bound: Any  # a function of q and p
    weakness: float
    rng: RandomState


def _check_between(value: Any, name: str, lowest: float, interval: str) -> float:
    """Return a number in the interval (lowest, 1]."""
    wanted = f"a number in {interval}"
    number = check_number(value, name, wanted)
    if not lowest < number <= 1:
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    return number


def _random_state(random_state: Any) -> RandomState:
    """Return the source of random numbers."""
    try:
        rng: RandomState = check_random_state(random_state)
    except (ValueError, TypeError):
        raise ValueError(
            "random_state must be None, an integer from 0 to 2**32 - 1 or a RandomState, got "
            f"{random_state!r}"
        ) from None
    return rng
