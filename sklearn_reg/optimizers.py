"""Optimizers: functions for one update step, and the trajectory of repeated steps.

There are two ways to regularise an optimizer, equal for gradient descent but not for Adam:

- L2 adds the penalty's gradient to the loss's, g <- g + lambda w, and then the optimizer runs;
- weight decay lets the optimizer run on g alone, and shrinks the weights, w <- w - lr lambda w.

Adam divides each gradient by its root mean square. Adam with L2 divides the penalty too, so that
weights with large gradients are hardly shrunk; AdamW applies the decay after the division, so that
all weights are shrunk at the same rate.

A step is pure: it returns new arrays and changes none. `w` has any shape; float32 weights stay
float32, other numbers become float64, and Adam's moments are always float64. `lambda_` is a number,
or an array that broadcasts to `w`.
"""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_reg._checks.values import (
    Weights,
    check_gradient,
    check_n_steps,
    check_number,
    check_penalty,
    check_weights,
    no_overflow,
)

STEADY = "lower lr; if w or the gradient are large from the start, divide y by a constant"


class AdamState(NamedTuple):
    """The state of Adam between steps: running means of the gradient and of its square.

    Attributes
    ----------
    first_moment : ndarray of the shape of w
        m, the running mean of the gradients.
    second_moment : ndarray of the shape of w
        v, the running mean of their squares.
    n_steps : int
        Steps taken so far.
    """

    first_moment: NDArray[np.float64]
    second_moment: NDArray[np.float64]
    n_steps: int


def sgd_step(w: ArrayLike, gradient: ArrayLike, lr: float) -> Weights:
    r"""Gradient descent step.

    .. math::
        w \leftarrow w - \eta g

    with g the gradient and eta the learning rate, `lr`.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    gradient : array_like of the shape of w
        Gradient of the loss at w.
    lr : float
        Learning rate, > 0.

    Returns
    -------
    ndarray of the shape of w
        The weights after the step.

    Raises
    ------
    TypeError
        If an argument is not made of real numbers.
    ValueError
        If w or gradient are not finite or differ in shape, or lr is not finite and positive.
    OverflowError
        If a weight exceeds the largest float.

    References
    ----------
    H. Robbins, S. Monro (1951). A stochastic approximation method. Annals of Mathematical
    Statistics 22(3). https://doi.org/10.1214/aoms/1177729586

    Examples
    --------
    >>> from sklearn_reg import sgd_step
    >>> sgd_step([1, -2], gradient=[4, 2], lr=0.25)
    array([ 0. , -2.5])
    """
    w, gradient, lr = _check(w, gradient, lr)
    with no_overflow("sgd_step", STEADY):
        return sgd(w, gradient, lr).astype(w.dtype, copy=False)


def sgd(w: Weights, gradient: Weights, lr: float) -> Weights:
    """Gradient descent step w - lr * gradient, unvalidated, which solvers share."""
    return w - lr * gradient


def sgd_with_l2(w: ArrayLike, gradient: ArrayLike, lr: float, lambda_: ArrayLike) -> Weights:
    r"""Gradient descent step on loss + L2 penalty.

    .. math::
        w \leftarrow w - \eta (g + \lambda w)

    with g the gradient of the loss and eta the learning rate, `lr`.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    gradient : array_like of the shape of w
        Gradient of the loss at w, without the penalty's.
    lr : float
        Learning rate, > 0.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.

    Returns
    -------
    ndarray of the shape of w
        The weights after the step.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`sgd_step`; a ValueError also if lambda_ is negative or not finite.

    See Also
    --------
    sgd_with_weight_decay : The same step, seen as a decay of the weights.

    References
    ----------
    A. Krogh, J. A. Hertz (1991). A simple weight decay can improve generalization. Advances in
    Neural Information Processing Systems 4. https://dl.acm.org/doi/10.5555/2986916.2987033

    Examples
    --------
    >>> from sklearn_reg import sgd_with_l2
    >>> sgd_with_l2([1, -2], gradient=[4, 2], lr=0.25, lambda_=2)
    array([-0.5, -1.5])
    """
    w, gradient, lr = _check(w, gradient, lr)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("sgd_with_l2", STEADY):
        return (w - lr * (gradient + lambda_ * w)).astype(w.dtype, copy=False)


def sgd_with_weight_decay(
    w: ArrayLike, gradient: ArrayLike, lr: float, lambda_: ArrayLike
) -> Weights:
    r"""Gradient descent step with weight decay.

    .. math::
        w \leftarrow (1 - \eta \lambda) w - \eta g

    with g the gradient of the loss and eta the learning rate, `lr`.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    gradient : array_like of the shape of w
        Gradient of the loss at w, without any penalty's.
    lr : float
        Learning rate, > 0.
    lambda_ : float or array_like that broadcasts to w
        Strength of the decay, >= 0: the share of w that is lost in a step is lr * lambda.

    Returns
    -------
    ndarray of the shape of w
        The weights after the step.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`sgd_with_l2`.

    See Also
    --------
    sgd_with_l2 : The same step, seen as a descent on the L2 penalty.

    References
    ----------
    A. Krogh, J. A. Hertz (1991). A simple weight decay can improve generalization. Advances in
    Neural Information Processing Systems 4. https://dl.acm.org/doi/10.5555/2986916.2987033

    Examples
    --------
    >>> from sklearn_reg import sgd_with_weight_decay
    >>> sgd_with_weight_decay([1, -2], gradient=[4, 2], lr=0.25, lambda_=2)
    array([-0.5, -1.5])
    """
    w, gradient, lr = _check(w, gradient, lr)
    lambda_ = check_penalty(lambda_, w)
    with no_overflow("sgd_with_weight_decay", STEADY):
        return ((1 - lr * lambda_) * w - lr * gradient).astype(w.dtype, copy=False)


def adam_with_l2(
    w: ArrayLike,
    gradient: ArrayLike,
    state: AdamState | None,
    lr: float,
    lambda_: ArrayLike,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[Weights, AdamState]:
    r"""Adam step on loss + L2 penalty.

    .. math::
        w \leftarrow w - \eta \operatorname{adam}(g + \lambda w), \qquad
        \operatorname{adam}(g) = \frac{\hat m}{\sqrt{\hat v} + \epsilon}

    with eta the learning rate, `lr`, m and v the running means of g and of its square,

    .. math::
        m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
        \hat m = \frac{m}{1 - \beta_1^t}, \quad \hat v = \frac{v}{1 - \beta_2^t}

    and t the number of the step: the hats remove the bias of a start at zero.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    gradient : array_like of the shape of w
        Gradient of the loss at w, without the penalty's.
    state : AdamState or None
        The state that the last step returned; None at the start.
    lr : float
        Learning rate, > 0: about how far a weight moves in a step.
    lambda_ : float or array_like that broadcasts to w
        Strength of the penalty, >= 0.
    beta1 : float, default=0.9
        Decay rate of the running mean of g, the share that a step keeps, in [0, 1).
    beta2 : float, default=0.999
        The same for the running mean of its square.
    epsilon : float, default=1e-8
        Term that is added to the denominator, > 0: the size at which a gradient counts as small.

    Returns
    -------
    w : ndarray of the shape of w
        The weights after the step.
    state : AdamState
        The state for the next step.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`sgd_with_l2`; also if beta1, beta2, epsilon are out of range, or state is not
        an AdamState of the shape of w.

    See Also
    --------
    adamw : Decay after Adam's scaling instead of before it.

    References
    ----------
    D. P. Kingma, J. Ba (2015). Adam: a method for stochastic optimization. ICLR.
    https://arxiv.org/abs/1412.6980

    Examples
    --------
    The penalty decides the step of the second weight, whose gradient is small, not of the first.

    >>> from sklearn_reg import adam_with_l2
    >>> gradient = [-100, -0.01]
    >>> w, state = adam_with_l2([1, 1], gradient, state=None, lr=0.5, lambda_=1)
    >>> w.round(6)
    array([1.5, 0.5])
    >>> state.n_steps
    1
    """
    w, gradient, lr = _check(w, gradient, lr)
    lambda_, state = check_penalty(lambda_, w), _check_state(state, w)
    with no_overflow("adam_with_l2", STEADY):
        # The penalty, then Adam's scaling.
        g = gradient + lambda_ * w
        direction, state = _adam_direction(g, state, *_check_adam(beta1, beta2, epsilon))
        return (w - lr * direction).astype(w.dtype, copy=False), state


def adamw(
    w: ArrayLike,
    gradient: ArrayLike,
    state: AdamState | None,
    lr: float,
    lambda_: ArrayLike,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[Weights, AdamState]:
    r"""Adam step with decoupled weight decay.

    .. math::
        w \leftarrow w - \eta \big( \operatorname{adam}(g) + \lambda w \big)

    with adam(g) as in :func:`adam_with_l2` and eta the learning rate, `lr`. The decay is not in the
    gradient or its running means, so every weight loses the same share `lr * lambda_`. In the paper
    lr scales the decay only through a schedule; here it always does, as is usual since then.

    Parameters
    ----------
    w : array_like of any shape
        Weights.
    gradient : array_like of the shape of w
        Gradient of the loss at w, without any penalty's.
    state : AdamState or None
        The state that the last step returned; None at the start.
    lr : float
        Learning rate, > 0: about how far a weight moves in a step, without the decay.
    lambda_ : float or array_like that broadcasts to w
        Strength of the decay, >= 0: the share of w that is lost in a step is lr * lambda.
    beta1 : float, default=0.9
        Decay rate of the running mean of g, the share that a step keeps, in [0, 1).
    beta2 : float, default=0.999
        The same for the running mean of its square.
    epsilon : float, default=1e-8
        Term that is added to the denominator, > 0: the size at which a gradient counts as small.

    Returns
    -------
    w : ndarray of the shape of w
        The weights after the step.
    state : AdamState
        The state for the next step.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As in :func:`adam_with_l2`.

    See Also
    --------
    adam_with_l2 : Penalty before Adam's scaling instead of decay after it.

    References
    ----------
    I. Loshchilov, F. Hutter (2019). Decoupled weight decay regularization. ICLR.
    https://arxiv.org/abs/1711.05101

    Examples
    --------
    Both weights decay by half of their value, whatever the size of their gradients.

    >>> from sklearn_reg import adamw
    >>> w, state = adamw([1, 1], [-100, -0.01], state=None, lr=0.5, lambda_=1)
    >>> w.round(6)
    array([1., 1.])
    """
    w, gradient, lr = _check(w, gradient, lr)
    lambda_, state = check_penalty(lambda_, w), _check_state(state, w)
    with no_overflow("adamw", STEADY):
        # Adam's scaling, then the decay.
        direction, state = _adam_direction(gradient, state, *_check_adam(beta1, beta2, epsilon))
        return (w - lr * (direction + lambda_ * w)).astype(w.dtype, copy=False), state


def trajectory(
    step: Callable[..., Any],
    w: ArrayLike,
    gradient: Callable[[Weights], ArrayLike],
    n_steps: int,
    **parameters: Any,
) -> Weights:
    r"""Weights along a descent, from the start on.

    .. math::
        w_0, \quad w_1 = \operatorname{step}(w_0, g(w_0)), \quad
        w_2 = \operatorname{step}(w_1, g(w_1)), \quad \dots

    Parameters
    ----------
    step : callable
        An update of this module, or any function of the same form: `step(w, gradient, ...) -> w`;
        or, if one of its parameters is named `state`, `step(w, gradient, state, ...) -> (w, state)`
        with state None at the start.
    w : array_like of any shape
        Weights to start from.
    gradient : callable
        w -> gradient of the loss at w, of the shape of w. It must not change w.
    n_steps : int
        Number of steps, >= 0.
    **parameters : dict
        Further arguments of step: lr, lambda_, ...

    Returns
    -------
    ndarray of shape (n_steps + 1,) + w.shape
        The weights, the start included.

    Raises
    ------
    TypeError, ValueError
        If an argument is refused by `step`, or n_steps is not an integer >= 0.
    FloatingPointError
        If the descent diverges beyond the largest float: it names the step and the learning rate.

    References
    ----------
    L. Bottou, F. E. Curtis, J. Nocedal (2018). Optimization methods for large-scale machine
    learning. SIAM Review 60(2). https://doi.org/10.1137/16M1080173

    Examples
    --------
    >>> from sklearn_reg import sgd_with_l2, trajectory
    >>> trajectory(sgd_with_l2, [8], lambda w: w, n_steps=3, lr=0.25, lambda_=1)
    array([[8.],
           [4.],
           [2.],
           [1.]])
    """
    w, n_steps = check_weights(w), check_n_steps(n_steps)
    path = np.empty((n_steps + 1, *w.shape), dtype=w.dtype)
    path[0] = w
    takes_state = "state" in inspect.signature(step).parameters
    state = None
    for n in range(1, n_steps + 1):
        before = path[n - 1]
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # refused by _finite
                slope = _finite(gradient(before))
                if takes_state:
                    after, state = step(before, slope, state, **parameters)
                else:
                    after = step(before, slope, **parameters)
            path[n] = _finite(after)
        except OverflowError as error:
            raise FloatingPointError(
                f"the trajectory diverges: step {n} with lr={parameters.get('lr')!r} left the "
                "range of floating-point numbers; lower lr, or check the gradient"
            ) from error
    return path


def _finite(array: ArrayLike) -> ArrayLike:
    """Refuse nan and infinity as an overflow; the step itself refuses other types than floats."""
    numbers = np.asarray(array)
    if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
        raise OverflowError("nan or infinity")
    return array


def _adam_direction(
    gradient: NDArray[np.float64], state: AdamState, beta1: float, beta2: float, epsilon: float
) -> tuple[NDArray[np.float64], AdamState]:
    """Return the scaled gradient of Adam, m_hat / (sqrt(v_hat) + epsilon), and the new state."""
    n_steps = state.n_steps + 1
    m = beta1 * state.first_moment + (1 - beta1) * gradient
    v = beta2 * state.second_moment + (1 - beta2) * gradient**2
    # The running means start at zero, so the weights of the gradients sum to 1 - beta^n only.
    m_hat, v_hat = m / (1 - beta1**n_steps), v / (1 - beta2**n_steps)
    return m_hat / (np.sqrt(v_hat) + epsilon), AdamState(m, v, n_steps)


def _check(
    w: ArrayLike, gradient: ArrayLike, lr: float
) -> tuple[Weights, NDArray[np.float64], float]:
    w = check_weights(w)
    return w, check_gradient(gradient, w), check_number(lr, "lr", "a finite number > 0")


def _check_adam(beta1: float, beta2: float, epsilon: float) -> tuple[float, float, float]:
    wanted = "a number in [0, 1)"
    for name, beta in (("beta1", beta1), ("beta2", beta2)):
        if check_number(beta, name, wanted, zero=True) >= 1:
            raise ValueError(f"{name} must be {wanted}, got {beta!r}")
    return float(beta1), float(beta2), check_number(epsilon, "epsilon", "a finite number > 0")


def _check_state(state: AdamState | None, w: Weights) -> AdamState:
    if state is None:
        return AdamState(np.zeros(w.shape), np.zeros(w.shape), 0)
    if not isinstance(state, AdamState):
        raise TypeError(f"state must be an AdamState or None, got {reprlib.repr(state)}")
    m = check_weights(state.first_moment, "state.first_moment")
    v = check_weights(state.second_moment, "state.second_moment")
    if not m.shape == v.shape == w.shape:
        raise ValueError(f"state must have the shape of w, {w.shape}, got {m.shape} and {v.shape}")
    if (v < 0).any():
        raise ValueError(f"state.second_moment must be >= 0, got {v.min()}")
    return AdamState(m, v, check_n_steps(state.n_steps, "state.n_steps"))
