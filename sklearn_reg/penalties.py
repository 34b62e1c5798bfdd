"""Penalties: value, gradient and proximal operator of L2 (ridge), L1 (lasso) and elastic net.

For weights w_j with penalties lambda_j:

===========  ===========================================  ==============================
penalty      value h(w)                                   gradient, per weight
===========  ===========================================  ==============================
L2           sum_j lambda_j / 2 w_j^2                     lambda_j w_j
L1           sum_j lambda_j |w_j|                         lambda_j sign(w_j)
elastic net  r L1 + (1 - r) L2, with r = l1_ratio         r and 1 - r times those
===========  ===========================================  ==============================

The proximal operator takes a step against a penalty without needing its gradient, and so passes
over the kink of |w| at zero:  prox(w) = argmin_z 1/2 |z - w|^2 + step h(z).

In all functions `w` has any shape, (n_features,) or (n_features, n_targets), and what comes back
has its shape; float32 stays float32 and other numbers become float64. `lambda_` is a number, or an
array that broadcasts to `w`, such as one number a weight; for `w` of shape (n_features, n_targets),
one a feature has shape (n_features, 1). A penalty is in the unit of the objective, that of y^2.
Arguments that are not numbers raise a TypeError, numbers out of range (nan and infinity included)
a ValueError, and a result beyond the largest float an OverflowError.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_reg._validation import (
    Weights,
    check_l1_ratio,
    check_number,
    check_penalty,
    check_weights,
    no_overflow,
)

SHRINK = "divide y by a constant, which divides w by it too, or lower lambda_"
SHORTEN = "lower step or lambda_"


def l2_penalty(w: ArrayLike, lambda_: ArrayLike) -> float:
    r"""L2 penalty, half the sum of the squares of the weights.

    .. math::
        h(w) = \frac{\lambda}{2} \sum_j w_j^2

    Its growth is quadratic: a weight ten times as large costs a hundred times as much, so large
    weights are shrunk hard and small ones hardly at all.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.

    Returns
    -------
    float
        The penalty, in the unit of the objective.

    Raises
    ------
    TypeError
        If an argument is not made of real numbers.
    ValueError
        If w is not finite, or lambda_ negative or not finite or of a shape that does not fit w.
    OverflowError
        If the penalty exceeds the largest float.

    References
    ----------
    A. E. Hoerl, R. W. Kennard (1970). Ridge regression: biased estimation for nonorthogonal
    problems. Technometrics 12(1). https://doi.org/10.1080/00401706.1970.10488634

    Examples
    --------
    >>> from sklearn_reg import l2_penalty
    >>> round(l2_penalty([1, 2, 3], lambda_=0.1), 12)
    0.7
    """
    w = check_weights(w)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("l2_penalty", SHRINK):
        # lambda first: a small one keeps the square of a large weight in range.
        return float(np.sum(lambda_ / 2 * w * w))


def l2_gradient(w: ArrayLike, lambda_: ArrayLike) -> Weights:
    r"""Gradient of the L2 penalty.

    .. math::
        \nabla h(w) = \lambda w

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.

    Returns
    -------
    ndarray of the shape of w
        The gradient.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`l2_penalty`.

    References
    ----------
    A. E. Hoerl, R. W. Kennard (1970). Ridge regression: biased estimation for nonorthogonal
    problems. Technometrics 12(1). https://doi.org/10.1080/00401706.1970.10488634

    Examples
    --------
    >>> from sklearn_reg import l2_gradient
    >>> l2_gradient([1, 2, 3], lambda_=0.1).round(12)
    array([0.1, 0.2, 0.3])
    """
    w = check_weights(w)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("l2_gradient", SHRINK):
        return (lambda_ * w).astype(w.dtype)


def l2_prox(w: ArrayLike, step: float, lambda_: ArrayLike) -> Weights:
    r"""Proximal operator of the L2 penalty.

    .. math::
        \operatorname{prox}(w) = \operatorname*{argmin}_z
        \frac12 \|z - w\|^2 + \eta \frac{\lambda}{2} \|z\|^2 = \frac{w}{1 + \eta \lambda}

    with eta the step. All weights shrink by the same factor, and none becomes zero.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    step : float
        Length of the step, >= 0; a learning rate.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.

    Returns
    -------
    ndarray of the shape of w
        The weights after the step.

    Raises
    ------
    TypeError
        If an argument is not made of real numbers.
    ValueError
        If w is not finite, step or lambda_ negative or not finite, or lambda_ of a shape that does
        not fit w.
    OverflowError
        If step * lambda exceeds the largest float.

    References
    ----------
    N. Parikh, S. Boyd (2014). Proximal algorithms. Foundations and Trends in Optimization 1(3).
    https://doi.org/10.1561/2400000003

    Examples
    --------
    >>> from sklearn_reg import l2_prox
    >>> l2_prox([1, -2, 3], step=0.5, lambda_=2)
    array([ 0.5, -1. ,  1.5])
    """
    w, step = check_weights(w), _check_step(step)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("l2_prox", SHORTEN):
        return (w / (1 + step * lambda_)).astype(w.dtype)


def l1_penalty(w: ArrayLike, lambda_: ArrayLike) -> float:
    r"""L1 penalty, the sum of the sizes of the weights.

    .. math::
        h(w) = \lambda \sum_j |w_j|

    Its growth is linear, and so its pull on a weight stays the same however small the weight is:
    that is what makes weights exactly zero.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.

    Returns
    -------
    float
        The penalty, in the unit of the objective.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`l2_penalty`.

    References
    ----------
    R. Tibshirani (1996). Regression shrinkage and selection via the lasso. J. Royal Statistical
    Society B 58(1). https://doi.org/10.1111/j.2517-6161.1996.tb02080.x

    Examples
    --------
    >>> from sklearn_reg import l1_penalty
    >>> round(l1_penalty([1, -2, 3], lambda_=0.1), 12)
    0.6
    """
    w = check_weights(w)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("l1_penalty", SHRINK):
        return float(np.sum(lambda_ * np.abs(w)))


def l1_gradient(w: ArrayLike, lambda_: ArrayLike) -> Weights:
    r"""Gradient of the L1 penalty, and 0 at the kink.

    .. math::
        \lambda \operatorname{sign}(w) \in \partial h(w)

    At w = 0 the penalty has no gradient but every number in [-lambda, lambda] as a subgradient;
    the one returned there is 0, the smallest.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.

    Returns
    -------
    ndarray of the shape of w
        The (sub)gradient, never beyond lambda in absolute value.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`l2_penalty`.

    References
    ----------
    R. Tibshirani (1996). Regression shrinkage and selection via the lasso. J. Royal Statistical
    Society B 58(1). https://doi.org/10.1111/j.2517-6161.1996.tb02080.x

    Examples
    --------
    >>> from sklearn_reg import l1_gradient
    >>> l1_gradient([1, -2, 0], lambda_=0.1)
    array([ 0.1, -0.1,  0. ])
    """
    w = check_weights(w)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("l1_gradient", SHRINK):
        return (lambda_ * np.sign(w)).astype(w.dtype)


def l1_prox(w: ArrayLike, step: float, lambda_: ArrayLike) -> Weights:
    r"""Proximal operator of the L1 penalty, the soft threshold.

    .. math::
        \operatorname{prox}(w) = \operatorname*{argmin}_z
        \frac12 \|z - w\|^2 + \eta \lambda \sum_j |z_j|
        = \operatorname{sign}(w) \max(|w| - \eta \lambda, 0)

    with eta the step. All weights move towards zero by the same distance, and those nearer than
    that become exactly zero.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    step : float
        Length of the step, >= 0; a learning rate.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.

    Returns
    -------
    ndarray of the shape of w
        The weights after the step.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`l2_prox`.

    References
    ----------
    I. Daubechies, M. Defrise, C. De Mol (2004). An iterative thresholding algorithm for linear
    inverse problems with a sparsity constraint. Comm. Pure and Applied Mathematics 57(11).
    https://doi.org/10.1002/cpa.20042

    Examples
    --------
    >>> from sklearn_reg import l1_prox
    >>> l1_prox([1, -2, 3], step=0.5, lambda_=3)
    array([ 0. , -0.5,  1.5])
    """
    w, step = check_weights(w), _check_step(step)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("l1_prox", SHORTEN):
        return soft_threshold(w, step * lambda_).astype(w.dtype)


def elastic_net_penalty(w: ArrayLike, lambda_: ArrayLike, l1_ratio: float) -> float:
    r"""Elastic net penalty, a mixture of L1 and L2.

    .. math::
        h(w) = \lambda \sum_j \Big( \rho |w_j| + \frac{1 - \rho}{2} w_j^2 \Big)

    with rho the l1_ratio.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.
    l1_ratio : float
        Share of L1, in [0, 1]: 0 is L2, 1 is L1.

    Returns
    -------
    float
        The penalty, in the unit of the objective.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`l2_penalty`; a ValueError also if l1_ratio is not in [0, 1].

    References
    ----------
    H. Zou, T. Hastie (2005). Regularization and variable selection via the elastic net. J. Royal
    Statistical Society B 67(2). https://doi.org/10.1111/j.1467-9868.2005.00503.x

    Examples
    --------
    >>> from sklearn_reg import elastic_net_penalty
    >>> elastic_net_penalty([1, -2, 3], lambda_=1, l1_ratio=0.5)
    6.5
    """
    w, r = check_weights(w), check_l1_ratio(l1_ratio)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("elastic_net_penalty", SHRINK):
        return float(np.sum(lambda_ * r * np.abs(w) + lambda_ * (1 - r) / 2 * w * w))


def elastic_net_gradient(w: ArrayLike, lambda_: ArrayLike, l1_ratio: float) -> Weights:
    r"""Gradient of the elastic net penalty.

    .. math::
        \lambda \big( \rho \operatorname{sign}(w) + (1 - \rho) w \big) \in \partial h(w)

    with rho the l1_ratio, and 0 for the sign at the kink.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.
    l1_ratio : float
        Share of L1, in [0, 1]: 0 is L2, 1 is L1.

    Returns
    -------
    ndarray of the shape of w
        The gradient; 0 at the kink w_j = 0.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`elastic_net_penalty`.

    References
    ----------
    H. Zou, T. Hastie (2005). Regularization and variable selection via the elastic net. J. Royal
    Statistical Society B 67(2). https://doi.org/10.1111/j.1467-9868.2005.00503.x

    Examples
    --------
    >>> from sklearn_reg import elastic_net_gradient
    >>> elastic_net_gradient([1, -2, 0], lambda_=1, l1_ratio=0.5)
    array([ 1. , -1.5,  0. ])
    """
    w, r = check_weights(w), check_l1_ratio(l1_ratio)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("elastic_net_gradient", SHRINK):
        return (lambda_ * r * np.sign(w) + lambda_ * (1 - r) * w).astype(w.dtype)


def elastic_net_prox(w: ArrayLike, step: float, lambda_: ArrayLike, l1_ratio: float) -> Weights:
    r"""Proximal operator of the elastic net: that of its L1 part, then that of its L2 part.

    .. math::
        \operatorname{prox}(w) = \operatorname*{argmin}_z \frac12 \|z - w\|^2 + \eta h(z)
        = \frac{\operatorname{sign}(w) \max(|w| - \eta \rho \lambda, 0)}
        {1 + \eta (1 - \rho) \lambda}

    with eta the step, rho the l1_ratio, and h the elastic net penalty.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    step : float
        Length of the step, >= 0; a learning rate.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.
    l1_ratio : float
        Share of L1, in [0, 1]: 0 is L2, 1 is L1.

    Returns
    -------
    ndarray of the shape of w
        The weights after the step.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`l2_prox`; a ValueError also if l1_ratio is not in [0, 1].

    References
    ----------
    N. Parikh, S. Boyd (2014). Proximal algorithms. Foundations and Trends in Optimization 1(3).
    https://doi.org/10.1561/2400000003

    Examples
    --------
    >>> from sklearn_reg import elastic_net_prox
    >>> elastic_net_prox([1, -2, 4], step=1, lambda_=2, l1_ratio=0.5)
    array([ 0. , -0.5,  1.5])
    """
    w, step, r = check_weights(w), _check_step(step), check_l1_ratio(l1_ratio)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("elastic_net_prox", SHORTEN):
        shrunk = soft_threshold(w, step * lambda_ * r) / (1 + step * lambda_ * (1 - r))
        return shrunk.astype(w.dtype)


def soft_threshold(z: Weights, threshold: float | NDArray[Any]) -> Weights:
    """Soft threshold: sign(z) * max(|z| - threshold, 0), unvalidated.

    The kernel that the proximal operators and the solvers share. It is computed as the distance
    from z to the interval [-threshold, threshold], which is the same number in three passes over
    memory instead of five.

    Parameters
    ----------
    z : ndarray
        Numbers to shrink.
    threshold : float or ndarray that broadcasts to z
        Distance to move towards zero, >= 0.

    Returns
    -------
    ndarray of the shape of z
        The shrunk numbers.

    References
    ----------
    D. L. Donoho (1995). De-noising by soft-thresholding. IEEE Trans. Information Theory 41(3).
    https://doi.org/10.1109/18.382009

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_reg.penalties import soft_threshold
    >>> soft_threshold(np.array([-3.0, -0.5, 2.0]), 1.0)
    array([-2.,  0.,  1.])
    """
    return z - np.minimum(np.maximum(z, -threshold), threshold)


def _check_step(step: float) -> float:
    return check_number(step, "step", "a finite number >= 0", zero=True)
