"""How sure a fit is: standard errors, intervals and tests of coefficients."""

from __future__ import annotations

import reprlib
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from sklearn_reg._checks.labels import in_order
from sklearn_reg._checks.parameters import check_count, check_flag
from sklearn_reg._checks.values import (
    check_confidence_level,
    check_number,
    number_in,
    overflow_explained,
)
from sklearn_reg._fitting.report import (
    as_text,
    inference_frame,
    inference_html,
    inference_summary,
)
from sklearn_reg._inference.after_selection import selective
from sklearn_reg._inference.bootstrap import bootstrap
from sklearn_reg._inference.debiased import debiased
from sklearn_reg._inference.found import Asked, Found
from sklearn_reg._inference.multiplicity import holm
from sklearn_reg._inference.ols import ols
from sklearn_reg._inference.ridge import ridge
from sklearn_reg._inference.rows import Subject
from sklearn_reg._inference.splitting import split
from sklearn_reg._tools.typing import FloatArray, IndexArray, Matrix

Check = Callable[[Any], Any]  # None gives the default


class _Method(NamedTuple):
    """A method, the checks of the options that it takes, and what `sigma` may be."""

    run: Callable[[Subject, Asked], Found]
    options: dict[str, Check]
    sigmas: tuple[str, ...] | None = ()  # names besides a number; None: no sigma at all


def _one_of(name: str, *values: str, default: str | None) -> Check:
    """Return a check that a value is one of several names."""

    def check(value: Any) -> str | None:
        if value is None:
            return default
        if not isinstance(value, str) or value not in values:
            raise ValueError(f"{name} must be one of {_listed(values)}, got {value!r}")
        return value

    return check


def _flag(name: str) -> Check:
    """Return a check of a flag, which is False by default."""
    return lambda value: False if value is None else check_flag(value, name)


def _count(name: str, default: int, *, at_least: int) -> Check:
    """Return a check of a number of things."""

    def check(value: Any) -> int:
        if value is None:
            return default
        wrong = f"{name} must be an integer >= {at_least}, got {value!r}"
        try:
            number = check_count(value, name)
        except (TypeError, ValueError) as error:
            raise type(error)(wrong) from None
        if number < at_least:
            raise ValueError(wrong)
        return number

    return check


ESTIMATES = ("residuals", "scaled_lasso", "cv")
METHODS = {
    "ols": _Method(
        ols, {"covariance": _one_of("covariance", "classical", "HC3", default="classical")}
    ),
    "ridge": _Method(
        ridge,
        {"target": _one_of("target", "expectation", "coefficient", default=None)},
        ("effective", *ESTIMATES),
    ),
    "debiased": _Method(
        debiased, {"simultaneous": _flag("simultaneous")}, ("effective", *ESTIMATES)
    ),
    "selective": _Method(
        selective,
        {
            "target": _one_of("target", "minimal", "full", default="minimal"),
            "allow_chosen_lambda": _flag("allow_chosen_lambda"),
        },
        ESTIMATES,
    ),
    "split": _Method(split, {"n_splits": _count("n_splits", 50, at_least=1)}, None),
    "bootstrap": _Method(
        bootstrap,
        {
            "n_resamples": _count("n_resamples", 1000, at_least=2),
            "resample": _one_of("resample", "pairs", "residual", default="pairs"),
            "interval": _one_of("interval", "percentile", "bca", default="percentile"),
        },
        None,
    ),
}


class CoefficientInference(NamedTuple):
    """Estimates of coefficients with standard errors, tests and intervals, and what they assume.

    Attributes
    ----------
    feature_names : list
        The features: of a pipeline, those that its model sees.
    estimate, standard_error, statistic, p_value, lower, upper : ndarray of shape (n_features,)
        For each feature; the estimate is that of the method, not `coef_`.
    adjusted_p_value : ndarray of shape (n_features,)
        p-values for all of these features together: to reject those <= a makes an error with a
        probability of at most a (Holm 1979; for "split" those of the method).
    confidence_level : float
        The level of each interval.
    sigma : float or None
        The standard deviation of the noise of a row of mean weight, in the unit of y.
    sigma_source : str
        How it was found.
    degrees_of_freedom : float or None
        Those of t; None if the statistic has another law.
    method : str
        The method.
    assumptions : str
        What has to hold for these numbers to be right, one statement a line.
    """

    feature_names: list[Hashable]
    estimate: FloatArray
    standard_error: FloatArray
    statistic: FloatArray
    p_value: FloatArray
    adjusted_p_value: FloatArray
    lower: FloatArray
    upper: FloatArray
    confidence_level: float
    sigma: float | None
    sigma_source: str
    degrees_of_freedom: float | None
    method: str
    assumptions: str

    def to_frame(self) -> Any:
        """Return a table with one row per feature.

        Returns
        -------
        DataFrame
            Columns "estimate", "standard_error", "statistic", "p_value", "adjusted_p_value",
            "lower" and "upper"; its `attrs` have the method and the assumptions.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return inference_frame(self)

    def __repr__(self) -> str:
        return as_text("CoefficientInference", inference_summary(self), self._fields)

    def _repr_html_(self) -> str:
        return inference_html(self)


def coefficient_inference(
    estimator: Any,
    X: Matrix,
    y: ArrayLike,
    *,
    method: str,
    sample_weight: ArrayLike | None = None,
    confidence_level: float = 0.95,
    sigma: float | str | None = None,
    features: Any = None,
    random_state: int | RandomState | None = None,
    covariance: str | None = None,
    target: str | None = None,
    simultaneous: bool | None = None,
    allow_chosen_lambda: bool | None = None,
    n_splits: int | None = None,
    n_resamples: int | None = None,
    resample: str | None = None,
    interval: str | None = None,
) -> CoefficientInference:
    r"""Say how sure the coefficients of a fit are: standard errors, tests and intervals.

    Each method answers another question, and states in its result what it assumes.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator or CV estimator of sklearn_reg, or a pipeline or fitted search that ends
        in one; the steps of a pipeline must not use y. Its y was one target.
    X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
        The rows of its fit, before the steps of a pipeline. The columns that a method looks at are
        copied as a dense array.
    y : array-like of shape (n_samples,)
        The target of its fit.
    method : {"ols", "ridge", "debiased", "selective", "split", "bootstrap"}
        Which question is asked:

        - "ols": least squares on all features (`lambda_=0`) or on `features`, if they were chosen
          without y: classical t, or HC3 [1]_;
        - "ridge": the normal law of a ridge fit,
          :math:`Cov[w] = \sigma^2 H H'` for :math:`w = H y`, or estimates that correct its
          bias [2]_;
        - "debiased": all coefficients of a sparse linear model, selected or not, also with more
          features than rows: the desparsified lasso [3]_ [4]_ [5]_;
        - "selective": the features that a lasso at a fixed lambda has selected, given that it has
          [6]_ [7]_;
        - "split": the features that the estimator selects on one half of the rows, tested by least
          squares on the other, over several splits [8]_. It takes any estimator that selects, and
          every choice that it makes within `fit`;
        - "bootstrap": the spread of the penalised coefficients over resamples [9]_.
    sample_weight : array-like of shape (n_samples,), default=None
        The weights of its fit: the variance of a row's error is sigma^2 times the mean weight over
        its weight. Rows of weight zero do not count. For weights that are counts, repeat the rows.
    confidence_level : float, default=0.95
        Level of the intervals, in (0, 1).
    sigma : float or {"residuals", "effective", "scaled_lasso", "cv"}, default=None
        The standard deviation of the noise, > 0, or how it is estimated; "split" and "bootstrap"
        take None alone, "ols" None or a number.

        - "residuals": least squares on all columns, with t where the estimate is linear;
        - "effective": residuals of the fit itself, over n minus its degrees of freedom, for a
          ridge tr(2H - HH');
        - "scaled_lasso": T. Sun, C.-H. Zhang (2012);
        - "cv": residuals of the cross-validated fit, over n minus its non-zero coefficients [10]_.

        None is "residuals" for "ols", for "ridge" with independent columns, and for "selective" if
        there are more rows than columns; "effective" for "debiased", whose standard errors then
        hold the error of the lasso as well; otherwise "scaled_lasso".
    features : array-like, default=None
        Names, numbers or a mask of columns; a mask that is a Series is matched by the names in its
        index. For "ols" they are the model; for other methods the features that are reported. None
        is all that the method has something to say about.
    random_state : int, RandomState or None, default=None
        Draws splits, resamples, and the noise of simultaneous intervals.
    covariance : {"classical", "HC3"}, default=None
        For "ols": None is "classical"; "HC3" holds with unequal variances, if rows are many. Its
        statistic is compared with t, as R and Stata do (in statsmodels, `use_t=True`).
    target : {"expectation", "coefficient"} or {"minimal", "full"}, default=None
        For "ridge": "expectation" is E[w], the coefficients that the penalty shrinks (None, if
        columns are independent and fewer than rows); "coefficient" those without the penalty [2]_.
        For "selective": "minimal" (None) is least squares of E[y] on the selected features, given
        the selection and its signs [6]_; "full" the coefficients of the model of all features,
        given only that the feature is selected [7]_.
    simultaneous : bool, default=None
        For "debiased": whether the intervals hold all together, by draws of the largest statistic
        (Gaussian multipliers). None is False.
    allow_chosen_lambda : bool, default=None
        For "selective": whether to go on, with a warning, where lambda_ was chosen on the same
        rows. The numbers are then wrong. None is False.
    n_splits : int, default=None
        For "split": the number of splits; None is 50. With 1 there is nothing to aggregate.
    n_resamples : int, default=None
        For "bootstrap": the number of resamples, at least 2; None is 1000.
    resample : {"pairs", "residual"}, default=None
        For "bootstrap": rows (None), or residuals of the fit.
    interval : {"percentile", "bca"}, default=None
        For "bootstrap": percentiles (None), or percentiles corrected for bias and acceleration.

    Returns
    -------
    CoefficientInference
        Arrays with one entry per feature, sigma, and the assumptions.

    Raises
    ------
    ValueError, TypeError
        If an argument is not valid, or is one of another method; if the estimator is not fitted,
        not certified to its `tol`, or was fitted to other rows ("ols" and "split" fit anew, and
        look at neither); if its penalty is one that the method has no theory for (bounds, relax,
        adaptive weights: "split" and "bootstrap" take these); if sigma cannot be estimated; if
        columns depend on each other where they must not.

    Warns
    -----
    UserWarning
        With `allow_chosen_lambda=True`, if lambda_ was chosen on the same rows.
    ConvergenceWarning
        If fits to halves or resamples are not certified.

    See Also
    --------
    InferenceDisplay : Draws the intervals.
    StabilitySelection : Which features random halves of the rows select again.

    Notes
    -----
    Units are those of X and y; of a pipeline, those of the columns that its model sees. The
    intercept is not reported. Columns that are constant or excluded are left out.

    References
    ----------
    .. [1] J. G. MacKinnon, H. White (1985). Some heteroskedasticity-consistent covariance matrix
       estimators with improved finite sample properties. J. Econometrics 29(3).
       https://doi.org/10.1016/0304-4076(85)90158-7
    .. [2] P. Buhlmann (2013). Statistical significance in high-dimensional linear models. Bernoulli
       19(4). https://doi.org/10.3150/12-BEJSP11
    .. [3] C.-H. Zhang, S. S. Zhang (2014). Confidence intervals for low dimensional parameters in
       high dimensional linear models. J. Royal Statistical Society B 76(1).
       https://doi.org/10.1111/rssb.12026
    .. [4] S. van de Geer, P. Buhlmann, Y. Ritov, R. Dezeure (2014). On asymptotically optimal
       confidence regions and tests for high-dimensional models. Annals of Statistics 42(3).
       https://doi.org/10.1214/14-AOS1221
    .. [5] A. Javanmard, A. Montanari (2014). Confidence intervals and hypothesis testing for
       high-dimensional regression. J. Machine Learning Research 15.
    .. [6] J. D. Lee, D. L. Sun, Y. Sun, J. E. Taylor (2016). Exact post-selection inference, with
       application to the lasso. Annals of Statistics 44(3). https://doi.org/10.1214/15-AOS1371
    .. [7] K. Liu, J. Markovic, R. Tibshirani (2018). More powerful post-selection inference, with
       application to the lasso. https://arxiv.org/abs/1801.09037
    .. [8] N. Meinshausen, L. Meier, P. Buhlmann (2009). p-values for high-dimensional regression.
       J. American Statistical Association 104(488). https://doi.org/10.1198/jasa.2009.tm08647
    .. [9] A. Chatterjee, S. N. Lahiri (2011). Bootstrapping lasso estimators. J. American
       Statistical Association 106(494). https://doi.org/10.1198/jasa.2011.tm10159
    .. [10] S. Reid, R. Tibshirani, J. Friedman (2016). A study of error variance estimation in
       lasso regression. Statistica Sinica 26(1). https://doi.org/10.5705/ss.2014.042

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_reg import LassoRegressionCV, coefficient_inference
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = LassoRegressionCV(standardize=True).fit(X, y)
    >>> sure = coefficient_inference(model, X, y, method="debiased")
    >>> sure.to_frame()[["estimate", "lower", "upper"]].round().loc["bmi"].to_dict()
    {'estimate': 523.0, 'lower': 401.0, 'upper': 645.0}
    >>> print(sure.assumptions.splitlines()[0])
    E[y] = b + X w*
    """
    chosen = _method(method)
    given = {
        "covariance": covariance,
        "target": target,
        "simultaneous": simultaneous,
        "allow_chosen_lambda": allow_chosen_lambda,
        "n_splits": n_splits,
        "n_resamples": n_resamples,
        "resample": resample,
        "interval": interval,
    }
    level = check_confidence_level(confidence_level)
    subject = Subject(estimator, X, y, sample_weight)
    asked = Asked(
        level,
        _check_sigma(sigma, method, chosen),
        None if features is None else _check_features(features, subject.names),
        _check_options(given, method, chosen),
        _check_random_state(random_state),
    )
    with overflow_explained(subject.data.by_name):
        found = chosen.run(subject, asked)
    adjusted = found.adjusted_p_value
    return CoefficientInference(
        [subject.names[j] for j in found.features.tolist()],
        *found[1:5],
        holm(found.p_value) if adjusted is None else adjusted,
        found.lower,
        found.upper,
        level,
        found.sigma,
        found.sigma_source,
        found.degrees_of_freedom,
        method,
        "\n".join(found.assumptions),
    )


def _method(name: Any) -> _Method:
    """Return a method by name."""
    if not isinstance(name, str) or name not in METHODS:
        raise ValueError(f"method must be one of {_listed(METHODS)}, got {name!r}")
    return METHODS[name]


def _check_random_state(random_state: Any) -> RandomState:
    """Return a RandomState; a Generator is refused, as everywhere in scikit-learn."""
    try:
        checked: RandomState = check_random_state(random_state)
    except ValueError:
        raise ValueError(
            "random_state must be None, an integer from 0 to 2**32 - 1 or a "
            f"numpy.random.RandomState, got {random_state!r}"
        ) from None
    return checked


def _check_sigma(sigma: Any, name: str, method: _Method) -> float | str | None:
    """Return sigma as a float, the name of an estimate that the method takes, or None."""
    if sigma is None:
        return None
    if method.sigmas is None:
        raise ValueError(f"sigma must be None for method={name!r}, got {sigma!r}")
    names = _listed(method.sigmas)
    if isinstance(sigma, str):
        if sigma not in method.sigmas:
            raise ValueError(
                f"sigma must be a number > 0{f' or one of {names}' if names else ''} for "
                f"method={name!r}, got {sigma!r}"
            )
        return sigma
    return check_number(sigma, "sigma", f"a number > 0{f' or one of {names}' if names else ''}")


def _check_options(given: dict[str, Any], name: str, method: _Method) -> dict[str, Any]:
    """Return the options of a method; refuse those of other methods, by name."""
    options = {option: check(None) for option, check in method.options.items()}
    for option, value in given.items():
        if value is None:
            continue
        if option not in options:
            takers = [repr(other) for other, of in METHODS.items() if option in of.options]
            raise ValueError(
                f"{option} is an option of method={' and '.join(takers)}, and must be None for "
                f"method={name!r}, got {value!r}"
            )
        options[option] = method.options[option](value)
    return options


def _check_features(features: Any, names: Sequence[Hashable]) -> IndexArray:
    """Return column numbers, given names, numbers or a mask; at least one, each once."""
    wanted = f"names, numbers or a mask of the {len(names)} columns, at least one"
    features = number_in(features)
    if isinstance(features, (str, bytes)) or not hasattr(features, "__iter__"):
        raise TypeError(f"features must be {wanted}, got {features!r}")
    listed = list(features)
    labels = set(names)
    known = [_is_among(entry, labels) for entry in listed]
    if any(isinstance(entry, (bool, np.bool_)) for entry in listed):
        ordered = in_order(features, names, "features", "X")
        found = _of_mask(listed if ordered is features else ordered, len(names), wanted)
    elif all(known):
        found = _of_names(listed, names)
    elif any(known):
        raise ValueError(
            f"features must be {wanted}, got the names {_few(listed, known)} together with what "
            f"is no name, {_few(listed, np.logical_not(known))}"
        )
    else:
        found = _of_numbers(listed, len(names), wanted)
    if found.size == 0 or np.unique(found).size < found.size:
        raise ValueError(f"features must be {wanted} and each once, got {reprlib.repr(features)}")
    return found


def _is_among(entry: Any, names: set[Hashable]) -> bool:
    """Say whether an entry is a name."""
    try:
        return entry in names
    except TypeError:  # it has no hash, such as a list
        return False


def _few(listed: list[Any], chosen: ArrayLike) -> str:
    """Show the entries that are chosen, or a few of them."""
    return reprlib.repr([listed[k] for k in np.flatnonzero(chosen).tolist()])


def _of_mask(mask: Any, n_features: int, wanted: str) -> IndexArray:
    """Return the column numbers of a mask."""
    listed = list(mask)
    for entry in listed:
        if not isinstance(entry, (bool, np.bool_)):
            raise ValueError(f"features must be {wanted}, got {entry!r} in a mask")
    if len(listed) != n_features:
        raise ValueError(f"features must be {wanted}, got a mask of {len(listed)}")
    return np.flatnonzero(listed)


def _of_names(listed: list[Any], names: Sequence[Hashable]) -> IndexArray:
    """Return the column numbers of names, which must not be those of several columns."""
    places = {label: place for place, label in enumerate(names)}
    times = Counter(names)
    for entry in listed:
        if times[entry] > 1:
            raise ValueError(
                f"features by name is not clear: X has {times[entry]} columns {entry!r}; pass a "
                "mask of the columns"
            )
    return np.array([places[entry] for entry in listed], dtype=np.intp)


def _of_numbers(listed: list[Any], n_features: int, wanted: str) -> IndexArray:
    """Return column numbers; those below zero count from the end."""
    for entry in listed:
        if not isinstance(entry, (int, np.integer)):
            raise ValueError(f"features must be {wanted}, got {entry!r} among them")
        if not -n_features <= entry < n_features:
            raise ValueError(f"features must be {wanted}, got the number {entry}")
    return np.asarray(np.array(listed, dtype=np.intp) % n_features)


def _listed(names: Any) -> str:
    return ", ".join(map(repr, names))
