"""Ridge by linear algebra: the textbook formula, its condition number and degrees of freedom.

As in textbooks, w minimises  |y - X w|^2 + lambda |w|^2,  without a mean or an intercept. If the
objective has the mean of squares instead, as in `RidgeRegression` with lambda_, the same w has
lambda = n_samples * lambda_.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import svdvals
from sklearn.utils import check_array

from sklearn_reg._checks.values import check_number, check_weights, in_memory
from sklearn_reg._tools.linalg import EPS, definite_inverse, dense


def ridge_closed_form(X: Any, y: ArrayLike, lambda_: float) -> NDArray[np.float64]:
    r"""Ridge weights by the textbook formula.

    .. math::
        w = (X^\top X + \lambda I)^{-1} X^\top y

    The p equations are solved by Cholesky. Forming X'X squares the condition number of X, a
    disadvantage of the formula: see :func:`ridge_condition_number`.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Features.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Target.
    lambda_ : float
        Strength of the penalty, >= 0, in the unit of X squared.

    Returns
    -------
    ndarray of shape (n_features,) or (n_features, n_targets)
        The weights, as float64.

    Raises
    ------
    TypeError
        If lambda_ or y are not numbers.
    ValueError
        If X or y are not finite or do not match, or lambda_ is negative or not finite.
    numpy.linalg.LinAlgError
        If X'X + lambda I is singular, exactly or up to rounding.
    OverflowError
        If X'X, X'y or w exceed the largest float.

    References
    ----------
    A. E. Hoerl, R. W. Kennard (1970). Ridge regression: biased estimation for nonorthogonal
    problems. Technometrics 12(1). https://doi.org/10.1080/00401706.1970.10488634

    Examples
    --------
    >>> from sklearn_reg import ridge_closed_form
    >>> ridge_closed_form([[1, 0], [0, 2]], [2, 2], lambda_=1).round(12)
    array([1. , 0.8])
    """
    X, lambda_ = _check_X(X), _check_lambda(lambda_)
    y = _check_y(y, X.shape[0])
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow is refused below
        gram, correlation = X.T @ X, X.T @ y
        A = dense(gram) + lambda_ * np.eye(X.shape[1])
        _refuse_overflow(A, correlation)
        w = _solve(A, correlation, lambda_)
    _refuse_overflow(w)
    return w


def ridge_condition_number(X: Any, lambda_: float) -> float:
    r"""Condition number of X'X + lambda I.

    .. math::
        \kappa = \frac{s_{\max}^2 + \lambda}{s_{\min}^2 + \lambda}

    s are the singular values of X; with fewer samples than features, s_min = 0. It bounds how many
    times a relative error in X'y is magnified in w, and gradient descent takes a number of steps
    proportional to it.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Features. Their singular values are those of a dense matrix: a sparse X is made dense.
    lambda_ : float
        Strength of the penalty, >= 0, in the unit of X squared.

    Returns
    -------
    float
        The condition number, >= 1.

    Raises
    ------
    TypeError
        If lambda_ is not a number.
    ValueError
        If X is not finite, or lambda_ negative or not finite.
    numpy.linalg.LinAlgError
        If it is infinite: lambda_ = 0 and columns of X that depend on each other.
    OverflowError
        If a singular value exceeds the largest float.

    References
    ----------
    G. H. Golub, C. F. Van Loan (2013). Matrix Computations, 4th ed., sections 2.6 and 6.1. Johns
    Hopkins University Press. https://doi.org/10.56021/9781421407944

    Examples
    --------
    >>> from sklearn_reg import ridge_condition_number
    >>> X = [[10, 0], [0, 1]]
    >>> [round(ridge_condition_number(X, lambda_), 9) for lambda_ in (0, 10)]
    [100.0, 10.0]
    """
    X, lambda_ = _check_X(X), _check_lambda(lambda_)
    s, root = _singular_values(X), math.sqrt(lambda_)
    # The square of a ratio of square roots, so that no intermediate square under- or overflows.
    smallest = math.hypot(s[-1], root)
    ratio = math.hypot(s[0], root) / smallest if smallest > 0 else math.inf
    if math.isinf(ratio * ratio):
        raise np.linalg.LinAlgError(_singular(lambda_))
    return ratio * ratio


def ridge_degrees_of_freedom(X: Any, lambda_: float) -> float:
    r"""Effective degrees of freedom of a ridge fit.

    .. math::
        \operatorname{tr} X (X^\top X + \lambda I)^{-1} X^\top
        = \sum_j \frac{s_j^2}{s_j^2 + \lambda}

    s are the singular values of X. It is the trace of the hat matrix, which maps y to the fitted
    values, and falls from the rank of X at lambda = 0 towards 0.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Features. Their singular values are those of a dense matrix: a sparse X is made dense.
    lambda_ : float
        Strength of the penalty, >= 0, in the unit of X squared.

    Returns
    -------
    float
        The degrees of freedom, at most the rank of X.

    Raises
    ------
    TypeError
        If lambda_ is not a number.
    ValueError
        If X is not finite, or lambda_ negative or not finite.
    OverflowError
        If a singular value exceeds the largest float.

    References
    ----------
    T. Hastie, R. Tibshirani, J. Friedman (2009). The Elements of Statistical Learning, 2nd ed.,
    section 3.4.1. Springer. https://doi.org/10.1007/978-0-387-84858-7

    Examples
    --------
    >>> from sklearn_reg import ridge_degrees_of_freedom
    >>> X = [[2, 0], [0, 1]]
    >>> [round(ridge_degrees_of_freedom(X, lambda_), 9) for lambda_ in (0, 4)]
    [2.0, 0.7]
    """
    X, lambda_ = _check_X(X), _check_lambda(lambda_)
    s = _singular_values(X)
    s = s[s > 0]  # the others add nothing, and are 0 / 0 at lambda_ = 0
    return float(np.sum((s / np.hypot(s, math.sqrt(lambda_))) ** 2))


def _solve(A: NDArray[np.float64], b: NDArray[np.float64], lambda_: float) -> NDArray[np.float64]:
    """A^-1 b by Cholesky for a symmetric positive definite A; refuse one that is singular."""
    solve = definite_inverse(A)
    if solve is None:
        raise np.linalg.LinAlgError(_singular(lambda_))
    return solve(b)


def _singular_values(X: Any) -> NDArray[np.float64]:
    """Singular values, the largest first, one per feature; rounding errors are set to 0."""
    n, p = X.shape
    s = np.zeros(p)
    s[: min(n, p)] = svdvals(dense(X), check_finite=False)
    _refuse_overflow(s)
    s[s <= max(n, p) * EPS * s[0]] = 0.0
    return s


def _singular(lambda_: float) -> str:
    return (
        f"X'X + lambda I is singular, to rounding, with lambda_={lambda_!r}: some columns of X are "
        f"zero or combinations of others, so w is not unique; pass a "
        f"{'larger' if lambda_ > 0 else 'positive'} lambda_"
    )


def _check_X(X: Any) -> Any:
    X = in_memory(X, "X")
    return check_array(X, accept_sparse=("csr", "csc"), dtype=np.float64, input_name="X")


def _check_y(y: ArrayLike, n_samples: int) -> NDArray[np.float64]:
    y = check_weights(y, "y").astype(np.float64, copy=False)
    if y.ndim not in (1, 2) or y.shape[0] != n_samples or y.shape[1:] == (0,):
        raise ValueError(
            f"y must have shape ({n_samples},) or ({n_samples}, n_targets), one row for each of "
            f"X's, got {y.shape}"
        )
    return y


def _check_lambda(lambda_: float) -> float:
    return check_number(lambda_, "lambda_", "a finite number >= 0", zero=True)


def _refuse_overflow(*arrays: NDArray[np.float64]) -> None:
    if not all(np.isfinite(array).all() for array in arrays):
        raise OverflowError(
            "X'X, X'y or w exceeds the largest float (about 1.8e308): divide X or y by a constant"
        )
