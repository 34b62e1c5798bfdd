"""Optimizers: steps worked out by hand, and what weight decay does to each of them."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_reg.optimizers import (
    AdamState,
    adam_with_l2,
    adamw,
    sgd_step,
    sgd_with_l2,
    sgd_with_weight_decay,
    trajectory,
)
from sklearn_reg.penalties import l2_gradient

pytestmark = pytest.mark.filterwarnings("error")
laws = settings(deadline=None, max_examples=50)

numbers = st.floats(-100, 100, allow_subnormal=False)
weights_and_gradients = array_shapes(min_dims=1, max_dims=2, max_side=4).flatmap(
    lambda shape: st.tuples(*[arrays(np.float64, shape, elements=numbers) for _ in range(2)])
)
rates = st.floats(1e-4, 1)
lambdas = st.floats(0, 10, allow_subnormal=False)

# Each of the five steps as a function of (w, gradient, lr) that returns w.
STEPS = {
    "sgd_step": sgd_step,
    "sgd_with_l2": partial(sgd_with_l2, lambda_=0.1),
    "sgd_with_weight_decay": partial(sgd_with_weight_decay, lambda_=0.1),
    "adam_with_l2": lambda w, g, lr: adam_with_l2(w, g, None, lr, 0.1)[0],
    "adamw": lambda w, g, lr: adamw(w, g, None, lr, 0.1)[0],
}
every_step = pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())
every_adam = pytest.mark.parametrize("adam", [adam_with_l2, adamw])
with_lambda = pytest.mark.parametrize(
    "step",
    [
        sgd_with_l2,
        sgd_with_weight_decay,
        lambda w, g, lr, lambda_: adam_with_l2(w, g, None, lr, lambda_)[0],
        lambda w, g, lr, lambda_: adamw(w, g, None, lr, lambda_)[0],
    ],
    ids=["sgd_with_l2", "sgd_with_weight_decay", "adam_with_l2", "adamw"],
)


class RidgeLoss:
    """1/(2n) |y - X w|^2 on a small fixed problem: the data's gradient and largest curvature."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.X = rng.normal(size=(30, 3)) * [1.0, 2.0, 0.5]
        self.y = self.X @ [1.0, -2.0, 3.0] + rng.normal(size=30)
        self.curvature = float(np.linalg.norm(self.X, 2) ** 2 / 30)

    def value(self, w: Any) -> float:
        return float(np.sum((self.y - self.X @ w) ** 2)) / 60

    def gradient(self, w: Any) -> Any:
        return self.X.T @ (self.X @ w - self.y) / 30


# --- one step, by hand --------------------------------------------------------------------------


def test_sgd_steps_by_hand() -> None:
    w, g = [1.0, -2.0], [0.5, 1.0]
    assert_allclose(sgd_step(w, g, lr=0.1), [0.95, -2.1], rtol=1e-15)
    assert_allclose(sgd_with_l2(w, g, lr=0.1, lambda_=0.1), [0.94, -2.08], rtol=1e-15)
    assert_allclose(sgd_with_weight_decay(w, g, lr=0.1, lambda_=0.1), [0.94, -2.08], rtol=1e-15)


def test_two_steps_of_adam_with_l2_by_hand() -> None:
    settings = {"lr": 0.1, "lambda_": 1.0, "beta1": 0.5, "beta2": 0.75, "epsilon": 1.0}
    # g = 3 + 1 = 4, m = 2, v = 4; without bias 4 and 16; 4 / (4 + 1) = 0.8.
    w, state = adam_with_l2([1.0], [3.0], None, **settings)
    assert_allclose(w, [0.92], rtol=1e-15)
    assert_allclose([*state.first_moment, *state.second_moment, state.n_steps], [2, 4, 1])
    # g = 0.08 + 0.92 = 1, m = 1 + 0.5, v = 3 + 0.25; without bias 1.5 / 0.75 = 2 and
    # 3.25 / 0.4375 = 7.428571, of root 2.725541; 2 / 3.725541 = 0.536835.
    w, state = adam_with_l2(w, [0.08], state, **settings)
    assert_allclose(w, [0.8663165], rtol=1e-6)
    assert_allclose([*state.first_moment, *state.second_moment, state.n_steps], [1.5, 3.25, 2])


def test_two_steps_of_adamw_by_hand() -> None:
    settings = {"lr": 0.1, "lambda_": 1.0, "beta1": 0.5, "beta2": 0.75, "epsilon": 1.0}
    # g = 3, m = 1.5, v = 2.25; without bias 3 and 9; 3 / (3 + 1) = 0.75; decay 1: 1 - 0.175.
    w, state = adamw([1.0], [3.0], None, **settings)
    assert_allclose(w, [0.825], rtol=1e-15)
    assert_allclose([*state.first_moment, *state.second_moment, state.n_steps], [1.5, 2.25, 1])
    # g = 1, m = 0.75 + 0.5, v = 1.6875 + 0.25; without bias 1.666667 and 4.428571, of root
    # 2.104417; 1.666667 / 3.104417 = 0.536869; decay 0.825.
    w, state = adamw(w, [1.0], state, **settings)
    assert_allclose(w, [0.825 - 0.1 * (0.536869 + 0.825)], rtol=1e-6)
    assert_allclose([*state.first_moment, *state.second_moment, state.n_steps], [1.25, 1.9375, 2])


@every_adam
@pytest.mark.parametrize(("beta1", "beta2"), [(0.9, 0.999), (0.0, 0.0), (0.5, 0.99999)])
def test_bias_correction_makes_the_first_step_of_adam_the_sign_of_the_gradient(
    adam: Any, beta1: float, beta2: float
) -> None:
    gradient = [1e4, -1.0, 1e-3, 0.0]
    w, _ = adam(np.zeros(4), gradient, None, 0.1, 0.0, beta1, beta2, epsilon=1e-12)
    assert_allclose(w, [-0.1, 0.1, -0.1, 0.0], rtol=1e-6)


@every_adam
def test_moments_of_a_constant_gradient_have_no_bias_at_any_step(adam: Any) -> None:
    w, state = np.array([1.0]), None
    for n in range(1, 30):
        w, state = adam(w, [4.0], state, 0.01, 0.0)
        assert_allclose(w, [1 - 0.01 * n], rtol=1e-7)
    assert state is not None
    assert state.n_steps == 29


# --- weight decay -------------------------------------------------------------------------------


@laws
@given(pair=weights_and_gradients, lr=rates, lambda_=lambdas)
def test_l2_and_weight_decay_are_the_same_for_sgd(pair: Any, lr: float, lambda_: float) -> None:
    w, g = pair
    scale = np.abs(w).max() * (1 + lr * lambda_) + lr * np.abs(g).max()
    assert_allclose(
        sgd_with_l2(w, g, lr, lambda_),
        sgd_with_weight_decay(w, g, lr, lambda_),
        rtol=0,
        atol=1e-15 * scale,
    )


def test_l2_and_weight_decay_draw_the_same_trajectory_on_a_ridge_loss() -> None:
    loss = RidgeLoss()
    run = partial(trajectory, w=np.zeros(3), gradient=loss.gradient, n_steps=1000, lr=0.1)
    with_l2, with_decay = run(sgd_with_l2, lambda_=0.3), run(sgd_with_weight_decay, lambda_=0.3)
    assert_allclose(with_l2, with_decay, rtol=0, atol=1e-13)
    # Where it ends is the ridge solution: X'(X w - y) / n + lambda w = 0.
    assert_allclose(loss.gradient(with_l2[-1]) + 0.3 * with_l2[-1], 0, atol=1e-12)


@laws
@given(w=arrays(np.float64, 3, elements=st.floats(-5, 5)), lambda_=lambdas)
def test_gradient_of_the_total_loss_is_the_datas_plus_lambda_w(w: Any, lambda_: float) -> None:
    loss = RidgeLoss()

    def total(w: Any) -> float:
        return loss.value(w) + 0.5 * lambda_ * float(w @ w)

    e = 1e-3
    slope = [(total(w + d) - total(w - d)) / (2 * e) for d in e * np.eye(3)]
    assert_allclose(loss.gradient(w) + lambda_ * w, slope, rtol=1e-7, atol=1e-8)
    # So L2 in the step is descent on the total loss.
    step = sgd_with_l2(w, loss.gradient(w), 0.1, lambda_)
    assert_allclose(step, w - 0.1 * np.array(slope), rtol=1e-7, atol=1e-8)


@laws
@given(pair=weights_and_gradients, lr=rates)
def test_without_lambda_every_variant_is_the_plain_optimizer(pair: Any, lr: float) -> None:
    w, g = pair
    plain = sgd_step(w, g, lr)
    assert_array_equal(sgd_with_l2(w, g, lr, 0), plain)
    assert_array_equal(sgd_with_weight_decay(w, g, lr, 0), plain)
    assert_array_equal(adam_with_l2(w, g, None, lr, 0)[0], adamw(w, g, None, lr, 0)[0])


def test_adam_with_l2_and_adamw_draw_different_trajectories() -> None:
    loss = RidgeLoss()
    run = partial(trajectory, w=np.ones(3), gradient=loss.gradient, n_steps=20, lr=0.1, lambda_=1)
    assert np.abs(run(adam_with_l2) - run(adamw)).max() > 0.1


def noisy_run(adam: Any, lambda_: float, scales: Any, n_steps: int = 200) -> Any:
    """Weights from 1 under gradients that alternate in sign, of these sizes: noise, no signal."""
    w, state = np.ones(len(scales)), None
    for n in range(n_steps):
        gradient = (-1) ** n * np.asarray(scales)
        w, state = adam(w, gradient, state, lr=0.01, lambda_=lambda_, epsilon=1e-12)
    return w


def test_adam_with_l2_shrinks_weights_of_large_gradients_less_and_adamw_all_alike() -> None:
    scales = [100.0, 1.0, 0.01]
    shrunk_by_l2 = noisy_run(adam_with_l2, 0.5, scales) / noisy_run(adam_with_l2, 0.0, scales)
    assert shrunk_by_l2[0] > 0.98  # the penalty, divided by 100, is hardly felt
    assert shrunk_by_l2[0] > shrunk_by_l2[1] + 0.1 > shrunk_by_l2[2] + 0.2
    shrunk_by_decay = noisy_run(adamw, 0.5, scales) / noisy_run(adamw, 0.0, scales)
    assert_allclose(shrunk_by_decay, (1 - 0.01 * 0.5) ** 200, rtol=0.02)
    assert_allclose(shrunk_by_decay, shrunk_by_decay[0], rtol=1e-9)


@laws
@given(
    gradients=arrays(np.float64, (5, 2), elements=st.floats(0.1, 10) | st.floats(-10, -0.1)),
    scale=st.floats(1e-3, 1e3),
)
def test_adamw_ignores_the_scale_of_the_loss(gradients: Any, scale: float) -> None:
    a = b = np.array([1.0, -2.0])
    state_a = state_b = None
    for gradient in gradients:
        a, state_a = adamw(a, gradient, state_a, 0.1, 0.5, epsilon=1e-30)
        b, state_b = adamw(b, scale * gradient, state_b, 0.1, 0.5, epsilon=1e-30)
    assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def test_adam_with_l2_depends_on_the_scale_of_the_loss() -> None:
    small, _ = adam_with_l2([1.0, 1.0], [-0.1, -0.1], None, 0.1, 0.5)
    large, _ = adam_with_l2([1.0, 1.0], [-10.0, -10.0], None, 0.1, 0.5)
    assert_allclose(small, [0.9, 0.9], rtol=1e-6)  # the penalty wins over the loss
    assert_allclose(large, [1.1, 1.1], rtol=1e-6)  # and here the loss over the penalty


@laws
@given(pair=weights_and_gradients, lr=rates, lambda_=lambdas)
def test_the_decay_of_adamw_leaves_gradient_and_moments_alone(
    pair: Any, lr: float, lambda_: float
) -> None:
    w, g = pair
    plain, plain_state = adamw(w, g, None, lr, 0)
    decayed, state = adamw(w, g, None, lr, lambda_)
    assert_array_equal(state.first_moment, plain_state.first_moment)
    assert_array_equal(state.second_moment, plain_state.second_moment)
    assert_allclose(decayed, plain - lr * lambda_ * w, rtol=1e-12, atol=1e-10)


def test_lambda_can_be_one_a_weight() -> None:
    w, g, lambda_ = [1.0, 1.0], [0.0, 0.0], [0.0, 0.5]
    for result in (
        sgd_with_l2(w, g, 0.1, lambda_),
        sgd_with_weight_decay(w, g, 0.1, lambda_),
        adamw(w, g, None, 0.1, lambda_)[0],
    ):
        assert_allclose(result, [1.0, 0.95], rtol=1e-15)
    assert_allclose(adam_with_l2(w, g, None, 0.1, lambda_)[0], [1.0, 0.9], rtol=1e-6)


# --- purity, shapes, types ----------------------------------------------------------------------


@every_step
@laws
@given(pair=weights_and_gradients, lr=rates)
def test_a_step_keeps_the_shape_and_leaves_its_inputs_untouched(
    step: Any, pair: Any, lr: float
) -> None:
    w, g = pair
    w_before, g_before = w.copy(), g.copy()
    w.setflags(write=False)
    g.setflags(write=False)
    after = step(w, g, lr)
    assert after.shape == w.shape
    assert not np.shares_memory(after, w)
    assert not np.shares_memory(after, g)
    assert_array_equal(w, w_before)
    assert_array_equal(g, g_before)


@every_adam
def test_a_state_can_be_continued_twice_with_the_same_result(adam: Any) -> None:
    w, state = adam([1.0, 2.0], [3.0, -4.0], None, 0.1, 0.2)
    kept = AdamState(state.first_moment.copy(), state.second_moment.copy(), state.n_steps)
    once, twice = (adam(w, [0.5, 0.5], state, 0.1, 0.2) for _ in range(2))
    assert_array_equal(once[0], twice[0])
    for before, after in zip(kept, state, strict=True):
        assert_array_equal(before, after)
    assert not np.array_equal(once[1].first_moment, kept.first_moment)


@every_step
def test_float32_is_kept_and_other_numbers_become_float64(step: Any) -> None:
    single = step(np.array([1, -2], dtype=np.float32), np.array([0.5, 1.0]), 0.1)
    assert single.dtype == np.float32
    assert_array_equal(single, step([1.0, -2.0], [0.5, 1.0], 0.1).astype(np.float32))
    assert step(np.array([1, -2]), [1, 1], 0.1).dtype == np.float64


# --- trajectories -------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3,), (2, 2)])
@pytest.mark.parametrize("name", STEPS)
def test_a_trajectory_is_its_steps_one_after_the_other(name: str, shape: Any) -> None:
    step = globals()[name]
    parameters = {"lr": 0.1} if name == "sgd_step" else {"lr": 0.1, "lambda_": 0.2}
    start = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    path = trajectory(step, start, np.cos, 4, **parameters)
    assert path.shape == (5, *shape)
    w, state = start, None
    for n in range(5):
        assert_array_equal(path[n], w)
        if "adam" in name:
            w, state = step(w, np.cos(w), state, **parameters)
        else:
            w = step(w, np.cos(w), **parameters)


def test_gradient_descent_on_a_parabola_follows_its_closed_form() -> None:
    # On h / 2 w^2, with decay: w_n = (1 - lr (h + lambda))^n w_0.
    path = trajectory(sgd_with_l2, [2.0], lambda w: 3 * w, 50, lr=0.1, lambda_=1.0)
    assert_allclose(path[:, 0], 2 * 0.6 ** np.arange(51), rtol=1e-12)


def test_a_trajectory_of_no_steps_is_its_start_and_does_not_share_memory() -> None:
    w = np.array([1.0, 2.0])
    path = trajectory(sgd_step, w, np.cos, 0, lr=0.1)
    assert_array_equal(path, [w])
    assert not np.shares_memory(path, w)


def test_a_trajectory_of_float32_is_float32() -> None:
    assert trajectory(adamw, np.ones(2, np.float32), np.cos, 3, lr=0.1, lambda_=0).dtype == "f4"


def test_a_trajectory_takes_a_step_of_ones_own() -> None:
    def momentum(w: Any, gradient: Any, state: Any, lr: float) -> Any:
        velocity = 0.5 * (0 if state is None else state) - lr * gradient
        return w + velocity, velocity

    path = trajectory(momentum, [1.0], lambda w: w, 2, lr=0.5)
    assert_allclose(path[:, 0], [1, 0.5, 0.0])


@pytest.mark.parametrize(
    ("step", "parameters"),
    [
        (sgd_step, {}),
        (sgd_with_l2, {"lambda_": 0.1}),
        (sgd_with_weight_decay, {"lambda_": 0.1}),
    ],
)
def test_a_diverging_trajectory_names_the_step_and_the_learning_rate(
    step: Any, parameters: Any
) -> None:
    # Curvature 1 (and 0.1): each step multiplies w by about -9, so 1e308 is passed near step 320.
    with pytest.raises(FloatingPointError, match=r"step 3\d\d with lr=10\.0 .*; lower lr"):
        trajectory(step, [1.0], lambda w: w, 1000, lr=10.0, **parameters)
    steady = trajectory(step, [1.0], lambda w: w, 300, lr=10.0, **parameters)
    assert np.isfinite(steady).all()


@pytest.mark.parametrize(
    "gradient",
    [
        lambda w: w**3,  # overflows inside the gradient
        lambda w: l2_gradient(w, 1e200),  # refuses to overflow there
        lambda w: w * np.nan,
    ],
    ids=["power", "our own", "nan"],
)
def test_a_gradient_that_overflows_is_a_divergence(gradient: Any) -> None:
    with pytest.raises(FloatingPointError, match=r"step \d+ with lr=10"):
        trajectory(sgd_step, [2.0], gradient, 100, lr=10)


@every_adam
def test_adam_whose_decay_is_too_strong_diverges_with_a_clear_error(adam: Any) -> None:
    with pytest.raises(FloatingPointError, match=r"step \d+ with lr=1e\+150"):
        trajectory(adam, [1.0], lambda w: w, 100, lr=1e150, lambda_=1e10)


def test_a_step_of_ones_own_that_returns_infinity_is_a_divergence() -> None:
    with pytest.raises(FloatingPointError, match="step 2 with lr=None"):
        trajectory(lambda w, gradient: w**40, [1e6], np.sign, 5)


# --- arguments ----------------------------------------------------------------------------------


@every_step
def test_arrays_that_do_not_match_are_refused(step: Any) -> None:
    with pytest.raises(ValueError, match=r"gradient must have the shape of w, \(2,\), got \(2, 1"):
        step([1.0, 2.0], [[1.0], [2.0]], 0.1)


@every_step
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_and_gradients_that_are_not_finite_are_refused(step: Any, bad: float) -> None:
    with pytest.raises(ValueError, match=rf"^w must be .*finite.*, got {bad} at index \(1,\)"):
        step([1.0, bad], [1.0, 1.0], 0.1)
    with pytest.raises(ValueError, match=rf"^gradient must .*finite.*, got {bad} at index \(0,\)"):
        step([1.0, 1.0], [bad, 1.0], 0.1)


@every_step
@pytest.mark.parametrize("bad", ["1", 1j, None, [1, None], [True]], ids=repr)
def test_weights_and_gradients_that_are_not_numbers_are_refused(step: Any, bad: Any) -> None:
    with pytest.raises(TypeError, match=r"^w must be an array of finite real numbers, got "):
        step(bad, [1.0], 0.1)
    with pytest.raises(TypeError, match=r"^gradient must be an array of finite real numbers, got "):
        step([1.0], bad, 0.1)


@every_step
@pytest.mark.parametrize("lr", [0, -0.1, np.nan, np.inf])
def test_a_learning_rate_out_of_range_is_refused(step: Any, lr: float) -> None:
    with pytest.raises(ValueError, match=rf"^lr must be a finite number > 0, got {lr}$"):
        step([1.0], [1.0], lr)


@every_step
@pytest.mark.parametrize("lr", ["auto", None, True, 1j, [0.1]], ids=repr)
def test_a_learning_rate_that_is_not_a_number_is_refused(step: Any, lr: Any) -> None:
    with pytest.raises(TypeError, match=r"^lr must be a finite number > 0, got "):
        step([1.0], [1.0], lr)


@with_lambda
@pytest.mark.parametrize("lambda_", [-0.1, np.nan, np.inf])
def test_a_lambda_out_of_range_is_refused(step: Any, lambda_: float) -> None:
    with pytest.raises(ValueError, match=rf"^lambda_ must be a finite number >= 0, got {lambda_}$"):
        step([1.0], [1.0], 0.1, lambda_)


@with_lambda
@pytest.mark.parametrize("lambda_", ["1", None, True, 1j], ids=repr)
def test_a_lambda_that_is_not_a_number_is_refused(step: Any, lambda_: Any) -> None:
    with pytest.raises(TypeError, match=r"^lambda_ must be .*number.*, got "):
        step([1.0], [1.0], 0.1, lambda_)


@every_adam
@pytest.mark.parametrize("name", ["beta1", "beta2"])
@pytest.mark.parametrize("beta", [-0.1, 1, 1.5, np.nan])
def test_a_beta_out_of_range_is_refused(adam: Any, name: str, beta: float) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must be a number in \[0, 1\), got {beta}$"):
        adam([1.0], [1.0], None, 0.1, 0.1, **{name: beta})


@every_adam
@pytest.mark.parametrize("epsilon", [0, -1e-8, np.inf])
def test_an_epsilon_out_of_range_is_refused(adam: Any, epsilon: float) -> None:
    with pytest.raises(ValueError, match=rf"^epsilon must be a finite number > 0, got {epsilon}$"):
        adam([1.0], [1.0], None, 0.1, 0.1, epsilon=epsilon)


@every_adam
@pytest.mark.parametrize("name", ["beta1", "beta2", "epsilon"])
def test_settings_of_adam_that_are_not_numbers_are_refused(adam: Any, name: str) -> None:
    with pytest.raises(TypeError, match=rf"^{name} must be .*, got '0\.9'$"):
        adam([1.0], [1.0], None, 0.1, 0.1, **{name: "0.9"})


@every_adam
@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        ((np.zeros(1), np.zeros(1), 1), TypeError, "state must be an AdamState or None"),
        ({}, TypeError, r"state must be an AdamState or None, got \{\}"),
        (AdamState(np.zeros(2), np.zeros(2), 1), ValueError, r"the shape of w, \(1,\), got \(2,"),
        (AdamState(np.zeros(1), -np.ones(1), 1), ValueError, "second_moment must be >= 0, got -1"),
        (AdamState(np.zeros(1), np.array([np.inf]), 1), ValueError, "second_moment .*got inf"),
        (AdamState(np.array([np.nan]), np.zeros(1), 1), ValueError, "first_moment .*got nan"),
        (AdamState(np.zeros(1), np.zeros(1), -1), ValueError, "n_steps must be .*, got -1"),
        (
            AdamState(np.zeros(1), np.zeros(1), cast(Any, 0.5)),
            TypeError,
            "n_steps must be .*, got 0.5",
        ),
    ],
    ids=lambda value: None if isinstance(value, type) else str(value)[:30],
)
def test_a_state_that_cannot_be_is_refused(adam: Any, state: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        adam([1.0], [1.0], state, 0.1, 0.1)


@pytest.mark.parametrize(
    ("n_steps", "error"), [(-1, ValueError), (1.0, TypeError), (True, TypeError), ("3", TypeError)]
)
def test_a_number_of_steps_that_is_no_count_is_refused(n_steps: Any, error: Any) -> None:
    with pytest.raises(error, match=r"^n_steps must be an integer >= 0, got "):
        trajectory(sgd_step, [1.0], np.cos, n_steps, lr=0.1)


def test_what_a_step_refuses_a_trajectory_refuses() -> None:
    with pytest.raises(ValueError, match="lr must be a finite number > 0, got -1"):
        trajectory(sgd_step, [1.0], np.cos, 3, lr=-1)
    with pytest.raises(ValueError, match="gradient must have the shape of w"):
        trajectory(sgd_step, [1.0, 2.0], np.sum, 3, lr=0.1)
    with pytest.raises(TypeError, match="lambda_"):
        trajectory(sgd_with_l2, [1.0], np.cos, 3, lr=0.1)


@every_step
def test_a_step_that_overflows_says_what_to_do(step: Any) -> None:
    with pytest.raises(OverflowError, match=r"exceeds .*: lower lr"):
        step([1e308], [-1e308], 1e308)
