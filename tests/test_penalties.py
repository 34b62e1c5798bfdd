"""Penalties: the values of the textbook, and the laws that any penalty of its kind obeys."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_allclose, assert_array_equal

import sklearn_reg
from sklearn_reg.penalties import (
    elastic_net_gradient,
    elastic_net_penalty,
    elastic_net_prox,
    l1_gradient,
    l1_penalty,
    l1_prox,
    l2_gradient,
    l2_penalty,
    l2_prox,
    soft_threshold,
)

pytestmark = pytest.mark.filterwarnings("error")
laws = settings(deadline=None, max_examples=50)


class Penalty(NamedTuple):
    """One penalty, its three functions, and what theory says of it: h = r L1 + (1 - r) L2."""

    value: Callable[..., float]
    gradient: Callable[..., Any]
    prox: Callable[..., Any]
    l1_share: float


R = 0.3
PENALTIES = {
    "l2": Penalty(l2_penalty, l2_gradient, l2_prox, 0.0),
    "l1": Penalty(l1_penalty, l1_gradient, l1_prox, 1.0),
    "elastic_net": Penalty(
        partial(elastic_net_penalty, l1_ratio=R),
        partial(elastic_net_gradient, l1_ratio=R),
        partial(elastic_net_prox, l1_ratio=R),
        R,
    ),
}
every_penalty = pytest.mark.parametrize("h", PENALTIES.values(), ids=PENALTIES.keys())

numbers = st.floats(-100, 100, allow_subnormal=False)
# Many exact zeros: the kink is where penalties go wrong.
weights = array_shapes(min_dims=1, max_dims=2, max_side=5).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.just(0.0) | numbers)
)
pairs = array_shapes(min_dims=1, max_dims=2, max_side=5).flatmap(
    lambda shape: st.tuples(
        *[arrays(np.float64, shape, elements=st.just(0.0) | numbers) for _ in range(2)]
    )
)
away_from_kinks = arrays(
    np.float64, st.integers(1, 5), elements=st.floats(0.5, 50) | st.floats(-50, -0.5)
)
lambdas = st.floats(0, 10, allow_subnormal=False)
steps = st.floats(0.01, 10)


# --- values -------------------------------------------------------------------------------------


def test_values_of_the_textbook() -> None:
    assert l2_penalty([1, 2, 3], 0.1) == pytest.approx(0.7, rel=1e-15)
    assert_allclose(l2_gradient([1, 2, 3], 0.1), [0.1, 0.2, 0.3], rtol=1e-15)
    assert l1_penalty([1, -2, 3], 0.1) == pytest.approx(0.6, rel=1e-15)
    assert_array_equal(l1_gradient([1, -2, 0], 0.1), [0.1, -0.1, 0.0])


def test_elastic_net_mixes_both_penalties_by_hand() -> None:
    # 2 * (0.25 * (1 + 2) + 0.75 / 2 * (1 + 4)) = 1.5 + 3.75
    assert elastic_net_penalty([1, -2, 0], 2, 0.25) == pytest.approx(5.25, rel=1e-15)
    # 2 * (0.25 * sign + 0.75 * w)
    assert_allclose(elastic_net_gradient([1, -2, 0], 2, 0.25), [2.0, -3.5, 0.0], rtol=1e-15)
    # thresholds at 0.5 * 2 * 0.25 = 0.25, divides by 1 + 0.5 * 2 * 0.75 = 1.75
    assert_allclose(elastic_net_prox([2, -0.2, -3.75], 0.5, 2, 0.25), [1, 0, -2], rtol=1e-15)


def test_proximal_operators_by_hand() -> None:
    assert_array_equal(l1_prox([3, -1, -2.5, 0], 0.5, 2), [2, 0, -1.5, 0])
    assert_array_equal(l2_prox([3, -1, 0], 0.5, 4), [1, -1 / 3, 0])


@laws
@given(w=weights, lambda_=lambdas, step=steps)
def test_l1_ratio_1_is_pure_l1_and_0_is_pure_l2(w: Any, lambda_: float, step: float) -> None:
    for ratio, pure in ((1, PENALTIES["l1"]), (0, PENALTIES["l2"])):
        assert elastic_net_penalty(w, lambda_, ratio) == pure.value(w, lambda_)
        assert_array_equal(elastic_net_gradient(w, lambda_, ratio), pure.gradient(w, lambda_))
        assert_array_equal(elastic_net_prox(w, step, lambda_, ratio), pure.prox(w, step, lambda_))


@laws
@given(w=weights, lambda_=lambdas, ratio=st.floats(0, 1))
def test_elastic_net_is_the_weighted_sum_of_l1_and_l2(w: Any, lambda_: float, ratio: float) -> None:
    mixed = ratio * l1_penalty(w, lambda_) + (1 - ratio) * l2_penalty(w, lambda_)
    assert elastic_net_penalty(w, lambda_, ratio) == pytest.approx(mixed, rel=1e-12, abs=1e-290)
    slopes = ratio * l1_gradient(w, lambda_) + (1 - ratio) * l2_gradient(w, lambda_)
    assert_allclose(elastic_net_gradient(w, lambda_, ratio), slopes, rtol=1e-12, atol=1e-290)


@laws
@given(z=weights, threshold=st.floats(0, 100))
def test_soft_threshold_is_its_formula(z: Any, threshold: float) -> None:
    formula = np.sign(z) * np.maximum(np.abs(z) - threshold, 0)
    assert_array_equal(soft_threshold(z, threshold), formula)


# --- laws of a penalty --------------------------------------------------------------------------


@every_penalty
@laws
@given(w=weights, lambda_=lambdas)
def test_never_negative(h: Penalty, w: Any, lambda_: float) -> None:
    assert h.value(w, lambda_) >= 0


@every_penalty
@laws
@given(w=weights, lambda_=lambdas, step=steps)
def test_symmetric_in_the_sign_of_the_weights(
    h: Penalty, w: Any, lambda_: float, step: float
) -> None:
    assert h.value(-w, lambda_) == h.value(w, lambda_)
    assert_array_equal(h.gradient(-w, lambda_), -h.gradient(w, lambda_))
    assert_array_equal(h.prox(-w, step, lambda_), -h.prox(w, step, lambda_))


@every_penalty
@laws
@given(pair=pairs, lambda_=lambdas, t=st.floats(0, 1))
def test_convex(h: Penalty, pair: Any, lambda_: float, t: float) -> None:
    u, v = pair
    chord = t * h.value(u, lambda_) + (1 - t) * h.value(v, lambda_)
    assert h.value(t * u + (1 - t) * v, lambda_) <= chord + 1e-12 * (1 + chord)


@every_penalty
@laws
@given(w=weights, lambda_=lambdas, c=st.floats(-10, 10, allow_subnormal=False))
def test_scaling_the_weights_scales_l1_linearly_and_l2_by_the_square(
    h: Penalty, w: Any, lambda_: float, c: float
) -> None:
    linear = h.l1_share * l1_penalty(w, lambda_)
    quadratic = (1 - h.l1_share) * l2_penalty(w, lambda_)
    expected = abs(c) * linear + c * c * quadratic
    assert h.value(c * w, lambda_) == pytest.approx(expected, rel=1e-12, abs=1e-280)


@every_penalty
@laws
@given(w=weights, lambda_=lambdas)
def test_proportional_to_lambda(h: Penalty, w: Any, lambda_: float) -> None:
    assert h.value(w, 3 * lambda_) == pytest.approx(3 * h.value(w, lambda_), rel=1e-12, abs=1e-290)
    assert_allclose(h.gradient(w, 3 * lambda_), 3 * h.gradient(w, lambda_), rtol=1e-12, atol=1e-290)


@every_penalty
@laws
@given(w=away_from_kinks, lambda_=lambdas)
def test_gradient_is_the_slope_away_from_kinks(h: Penalty, w: Any, lambda_: float) -> None:
    e = 1e-3  # of a quadratic, a central difference is exact at any width
    slope = [
        (h.value(w + shift, lambda_) - h.value(w - shift, lambda_)) / (2 * e)
        for shift in e * np.eye(w.size)
    ]
    assert_allclose(h.gradient(w, lambda_), slope, rtol=1e-6, atol=1e-7)


@every_penalty
@laws
@given(pair=pairs, lambda_=lambdas)
def test_gradient_is_a_subgradient_everywhere(h: Penalty, pair: Any, lambda_: float) -> None:
    w, v = pair
    tangent = h.value(w, lambda_) + np.sum(h.gradient(w, lambda_) * (v - w))
    assert h.value(v, lambda_) >= tangent - 1e-11 * (1 + h.value(w, lambda_) + abs(tangent))


@every_penalty
@pytest.mark.parametrize("shape", [(3,), (3, 2), (0,)])
def test_zero_weights_give_zero(h: Penalty, shape: tuple[int, ...]) -> None:
    zero = np.zeros(shape)
    assert h.value(zero, 2.0) == 0
    assert_array_equal(h.gradient(zero, 2.0), zero)
    assert_array_equal(h.prox(zero, 0.5, 2.0), zero)


@every_penalty
def test_without_penalty_nothing_happens(h: Penalty) -> None:
    w = np.array([1.0, -2.0, 0.0])
    assert h.value(w, 0) == 0
    assert_array_equal(h.gradient(w, 0), [0, 0, 0])
    assert_array_equal(h.prox(w, 1, 0), w)
    assert_array_equal(h.prox(w, 0, 1), w)


@laws
@given(w=weights, lambda_=lambdas)
def test_gradient_of_l1_is_bounded_by_lambda(w: Any, lambda_: float) -> None:
    gradient = l1_gradient(w, lambda_)
    assert np.abs(gradient).max() <= lambda_
    assert_array_equal(gradient[w == 0], 0.0)


@laws
@given(w=weights, lambda_=lambdas)
def test_gradient_of_the_elastic_net_is_bounded_by_both_its_parts(w: Any, lambda_: float) -> None:
    bound = lambda_ * (R + (1 - R) * np.abs(w))
    assert np.all(np.abs(elastic_net_gradient(w, lambda_, R)) <= bound * (1 + 1e-12))


def test_an_outlier_is_penalised_hard_by_l2_and_not_by_l1() -> None:
    w = np.ones(100)
    outlier = w.copy()
    outlier[0] = 100.0
    # L1: from 100 to 199. L2: from 50 to 5049.5, of which the outlier is 99 %.
    assert l1_penalty(outlier, 1) / l1_penalty(w, 1) == pytest.approx(1.99)
    assert l2_penalty(outlier, 1) / l2_penalty(w, 1) == pytest.approx(100.99)
    assert l2_gradient(outlier, 1)[0] == 100 * l2_gradient(w, 1)[0]
    assert l1_gradient(outlier, 1)[0] == l1_gradient(w, 1)[0]


@pytest.mark.parametrize("factor", [10.0, 1e3, 1e6])
def test_l2_grows_quadratically(factor: float) -> None:
    w = np.array([1.0, -2.0, 3.0])
    assert l2_penalty(factor * w, 0.5) == pytest.approx(factor**2 * l2_penalty(w, 0.5), rel=1e-14)


# --- laws of a proximal operator ----------------------------------------------------------------


@every_penalty
@laws
@given(pair=pairs, lambda_=lambdas, step=steps, size=st.sampled_from([1e-6, 1e-3, 1.0]))
def test_prox_is_the_argmin(
    h: Penalty, pair: Any, lambda_: float, step: float, size: float
) -> None:
    w, direction = pair

    def objective(z: Any) -> float:
        return 0.5 * float(np.sum((z - w) ** 2)) + step * h.value(z, lambda_)

    z = h.prox(w, step, lambda_)
    least = objective(z)
    assert least <= objective(z + size * direction) + 1e-12 * (1 + least)
    assert least <= objective(np.zeros_like(w)) + 1e-12 * (1 + least)


@every_penalty
@laws
@given(w=weights, lambda_=lambdas, step=steps)
def test_prox_meets_its_optimality_condition(
    h: Penalty, w: Any, lambda_: float, step: float
) -> None:
    z = h.prox(w, step, lambda_)
    kept = z != 0
    # Where z_j != 0:  z - w + step h'(z) = 0.
    assert_allclose((z + step * h.gradient(z, lambda_))[kept], w[kept], rtol=1e-12)
    # Where z_j = 0, w must be within step times the subgradients at the kink.
    assert np.all(np.abs(w[~kept]) <= step * lambda_ * h.l1_share * (1 + 1e-12))


@every_penalty
@laws
@given(pair=pairs, lambda_=lambdas, step=steps)
def test_prox_is_firmly_non_expansive(h: Penalty, pair: Any, lambda_: float, step: float) -> None:
    u, v = pair
    moved = h.prox(u, step, lambda_) - h.prox(v, step, lambda_)
    assert np.linalg.norm(moved) <= np.linalg.norm(u - v) * (1 + 1e-12)
    rounding = 1e-12 * np.abs(pair).max() * np.linalg.norm(u - v)
    assert np.sum(moved**2) <= np.sum(moved * (u - v)) + rounding


@every_penalty
@laws
@given(w=weights, lambda_=lambdas, step=steps)
def test_moreau_identity(h: Penalty, w: Any, lambda_: float, step: float) -> None:
    """w = prox of step h at w  +  step * prox of h* / step at w / step.

    With a = lambda r and b = lambda (1 - r), the conjugate of h(w) = a |w| + b / 2 w^2 is
    h*(u) = max(|u| - a, 0)^2 / (2 b), or for b = 0 the indicator of [-a, a]. So the second prox
    leaves |u| <= a where it is, and otherwise solves  z - u + (z - a) / (b step) = 0  for u > a.
    """
    a, b = lambda_ * h.l1_share, lambda_ * (1 - h.l1_share)
    u = w / step
    beyond = np.sign(u) * (b * step * np.abs(u) + a) / (b * step + 1)
    conjugate_prox = np.where(np.abs(u) <= a, u, beyond)
    total = h.prox(w, step, lambda_) + step * conjugate_prox
    assert_allclose(total, w, rtol=1e-12, atol=1e-12 * (step * lambda_ + np.abs(w).max()))


@laws
@given(w=weights, lambda_=lambdas, step=steps)
def test_prox_of_l1_makes_exact_zeros_and_of_l2_none(w: Any, lambda_: float, step: float) -> None:
    below = np.abs(w) <= step * lambda_
    assert_array_equal(l1_prox(w, step, lambda_) == 0, below | (w == 0))
    assert_array_equal(l2_prox(w, step, lambda_) == 0, w == 0)


# --- shapes, types, arguments -------------------------------------------------------------------


@every_penalty
@laws
@given(w=weights, lambda_=lambdas, step=steps)
def test_shapes_are_kept_and_weights_are_separate(
    h: Penalty, w: Any, lambda_: float, step: float
) -> None:
    gradient, prox = h.gradient(w, lambda_), h.prox(w, step, lambda_)
    assert gradient.shape == prox.shape == w.shape
    each = [h.value([one], lambda_) for one in w.ravel()]
    assert h.value(w, lambda_) == pytest.approx(sum(each), rel=1e-12, abs=1e-290)
    assert_array_equal(gradient.ravel(), [h.gradient([x], lambda_)[0] for x in w.ravel()])
    assert_array_equal(prox.ravel(), [h.prox([x], step, lambda_)[0] for x in w.ravel()])


@every_penalty
def test_inputs_are_untouched_and_never_returned(h: Penalty) -> None:
    w, lambda_ = np.array([[1.0, -2.0], [0.0, 3.0]]), np.array([1.0, 0.0])
    w.setflags(write=False)
    lambda_.setflags(write=False)
    h.value(w, lambda_)
    for result in (
        h.gradient(w, lambda_),
        h.prox(w, 0.5, lambda_),
        h.prox(w, 0, 0),
        h.prox(w, 1, 0),
    ):
        assert not np.shares_memory(result, w)
        assert not np.shares_memory(result, lambda_)
    assert_array_equal(w, [[1, -2], [0, 3]])
    assert_array_equal(lambda_, [1, 0])


@every_penalty
@pytest.mark.parametrize("lambda_", [0.1, np.float64(0.1), [0.1, 0.2, 0.3]])
def test_float32_is_kept_and_rounded_only_once(h: Penalty, lambda_: Any) -> None:
    w = np.array([1.1, -2.2, 3.3], dtype=np.float32)
    double = w.astype(np.float64)
    assert type(h.value(w, lambda_)) is float
    assert h.value(w, lambda_) == pytest.approx(h.value(double, lambda_), rel=1e-14)
    for single, exact in (
        (h.gradient(w, lambda_), h.gradient(double, lambda_)),
        (h.prox(w, 0.5, lambda_), h.prox(double, 0.5, lambda_)),
    ):
        assert single.dtype == np.float32
        assert exact.dtype == np.float64
        assert_array_equal(single, exact.astype(np.float32))


@every_penalty
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "float16", ">f8"])
def test_other_numbers_become_float64(h: Penalty, dtype: str) -> None:
    w = np.array([100, 2, 3], dtype=dtype)  # 100 squared overflows an int8 and a uint8
    assert h.value(w, 1) == h.value([100.0, 2.0, 3.0], 1)
    for result in (h.gradient(w, 1), h.prox(w, 0.5, 1)):
        assert result.dtype == np.float64
    assert type(h.value(w, 1)) is float


@every_penalty
def test_lambda_can_be_one_a_weight_or_one_a_feature(h: Penalty) -> None:
    w = np.array([[1.0, -2.0], [0.5, 3.0], [4.0, 0.0]])
    each = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
    scalars = [h.value([x], a) for x, a in zip(w.ravel(), each.ravel(), strict=True)]
    assert h.value(w, each) == pytest.approx(sum(scalars), rel=1e-14)
    feature = np.array([[0.1], [0.0], [0.3]])
    for row in range(3):
        assert_array_equal(h.gradient(w, feature)[row], h.gradient(w[row], feature[row, 0]))
        assert_array_equal(h.prox(w, 2, feature)[row], h.prox(w[row], 2, feature[row, 0]))


@every_penalty
def test_any_kind_of_real_number_is_a_lambda(h: Penalty) -> None:
    for lambda_ in (2, np.int8(2), np.float32(2), Fraction(2), np.array(2.0), [2.0]):
        assert h.value([3.0], lambda_) == h.value([3.0], 2.0)


NOT_NUMBERS = ["1", 1j, None, True, [1, None], ["a"], [1j], [True]]
NOT_FINITE = [np.nan, np.inf, -np.inf]
FUNCTIONS = [function for h in PENALTIES.values() for function in h[:3]]
every_function = pytest.mark.parametrize(
    "function", FUNCTIONS, ids=lambda f: getattr(f, "func", f).__name__
)


def call(function: Any, w: Any, lambda_: Any, **others: Any) -> Any:
    """Call any of the nine functions; those with a step get 0.5."""
    if function in [h.prox for h in PENALTIES.values()]:
        return function(w, others.pop("step", 0.5), lambda_, **others)
    return function(w, lambda_, **others)


@every_function
@pytest.mark.parametrize("w", NOT_NUMBERS, ids=repr)
def test_weights_that_are_not_numbers_are_refused(function: Any, w: Any) -> None:
    with pytest.raises(TypeError, match=r"^w must be an array of finite real numbers, got "):
        call(function, w, 1.0)


@every_function
@pytest.mark.parametrize("bad", NOT_FINITE)
def test_weights_that_are_not_finite_are_refused_with_their_place(
    function: Any, bad: float
) -> None:
    with pytest.raises(ValueError, match=rf"^w must be .*finite.*, got {bad} at index \(1, 0\)$"):
        call(function, [[1.0], [bad]], 1.0)


@every_function
def test_ragged_weights_are_refused(function: Any) -> None:
    with pytest.raises(ValueError, match=r"^w must be .* unequal length: \[\[1\], \[2, 3\]\]"):
        call(function, [[1], [2, 3]], 1.0)


@every_function
@pytest.mark.parametrize("lambda_", NOT_NUMBERS, ids=repr)
def test_lambda_that_is_not_a_number_is_refused(function: Any, lambda_: Any) -> None:
    with pytest.raises(TypeError, match=r"^lambda_ must be .*number.*, got "):
        call(function, [1.0, 2.0], lambda_)


@every_function
@pytest.mark.parametrize("lambda_", [-1e-300, -1, 10**400, *NOT_FINITE], ids=lambda v: repr(v)[:9])
def test_lambda_out_of_range_is_refused(function: Any, lambda_: Any) -> None:
    with pytest.raises(ValueError, match=r"^lambda_ must be a finite number >= 0, got") as error:
        call(function, [1.0, 2.0], lambda_)
    assert str(error.value).endswith(repr(lambda_))


@every_function
@pytest.mark.parametrize("bad", [-1.0, *NOT_FINITE])
def test_lambda_out_of_range_in_an_array_is_refused_with_its_place(
    function: Any, bad: float
) -> None:
    with pytest.raises(ValueError, match=rf"^lambda_ must be .*finite.*, got {bad} at index \(1,"):
        call(function, [1.0, 2.0], [1.0, bad])


@every_function
@pytest.mark.parametrize("shape", [(3,), (2, 2), (1, 2), (0,)])
def test_lambda_of_a_shape_that_does_not_fit_is_refused(function: Any, shape: Any) -> None:
    with pytest.raises(ValueError, match=r"^lambda_ must .* w of shape \(2,\), got shape") as error:
        call(function, [1.0, 2.0], np.ones(shape))
    assert str(error.value).endswith(str(shape))


ELASTIC = [
    elastic_net_penalty,
    elastic_net_gradient,
    lambda w, lambda_, l1_ratio: elastic_net_prox(w, 1.0, lambda_, l1_ratio),
]


@pytest.mark.parametrize("function", ELASTIC, ids=["penalty", "gradient", "prox"])
@pytest.mark.parametrize("l1_ratio", [-0.1, 1.0000001, *NOT_FINITE])
def test_l1_ratio_out_of_range_is_refused(function: Any, l1_ratio: float) -> None:
    with pytest.raises(ValueError, match=r"^l1_ratio must be a number in \[0, 1\], got") as error:
        function([1.0], 1.0, l1_ratio)
    assert str(error.value).endswith(repr(l1_ratio))


@pytest.mark.parametrize("function", ELASTIC, ids=["penalty", "gradient", "prox"])
@pytest.mark.parametrize("l1_ratio", [*NOT_NUMBERS, [0.5]], ids=repr)
def test_l1_ratio_that_is_not_a_number_is_refused(function: Any, l1_ratio: Any) -> None:
    with pytest.raises(TypeError, match=r"^l1_ratio must be a number in \[0, 1\], got "):
        function([1.0], 1.0, l1_ratio)


@every_penalty
@pytest.mark.parametrize("step", [-1e-9, *NOT_FINITE])
def test_step_out_of_range_is_refused(h: Penalty, step: float) -> None:
    with pytest.raises(ValueError, match=r"^step must be a finite number >= 0, got") as error:
        h.prox([1.0], step, 1.0)
    assert str(error.value).endswith(repr(step))


@every_penalty
@pytest.mark.parametrize("step", [*NOT_NUMBERS, [0.5]], ids=repr)
def test_step_that_is_not_a_number_is_refused(h: Penalty, step: Any) -> None:
    with pytest.raises(TypeError, match=r"^step must be a finite number >= 0, got "):
        h.prox([1.0], step, 1.0)


# --- the ends of floating point -----------------------------------------------------------------


WEIGHTS = "divide y by a constant, which divides w by it too, or lower lambda_"
STEPS = "lower step or lambda_"


@pytest.mark.parametrize(
    ("name", "arguments", "remedy"),
    [
        ("l2_penalty", ([1e200], 1.0), WEIGHTS),
        ("l2_gradient", ([1e200], 1e200), WEIGHTS),
        ("l2_prox", ([1.0], 1e200, 1e200), STEPS),
        ("l1_penalty", ([1e308, 1e308], 1.0), WEIGHTS),
        ("l1_gradient", (np.array([1.0], dtype=np.float32), 1e39), WEIGHTS),
        ("l1_prox", ([1.0], 1e200, 1e200), STEPS),
        ("elastic_net_penalty", ([1e200], 1.0, 0.5), WEIGHTS),
        ("elastic_net_gradient", ([1e200], 1e200, 0.5), WEIGHTS),
        ("elastic_net_prox", ([1.0], 1e200, 1e200, 0.5), STEPS),
    ],
)
def test_overflow_says_what_overflowed_and_what_to_do(
    name: str, arguments: tuple[Any, ...], remedy: str
) -> None:
    with pytest.raises(OverflowError) as caught:
        getattr(sklearn_reg, name)(*arguments)
    assert str(caught.value) == (
        f"{name} exceeds the largest number of its type (about 1.8e308 in float64, 3.4e38 in "
        f"float32): {remedy}"
    )


@every_penalty
def test_overflow_of_float32_is_refused_too(h: Penalty) -> None:
    with pytest.raises(OverflowError, match=r"_gradient exceeds .*3\.4e38 in float32"):
        h.gradient(np.array([1e30], dtype=np.float32), 1e39)


def test_a_small_lambda_keeps_the_penalty_of_a_large_weight_in_range() -> None:
    assert l2_penalty([1e200], 1e-300) == pytest.approx(5e99, rel=1e-12)
    assert elastic_net_penalty([1e200], 1.0, 1.0) == 1e200  # no L2 part, so nothing overflows


@every_penalty
def test_underflow_is_no_error_even_where_numpy_is_set_to_raise(h: Penalty) -> None:
    with np.errstate(all="raise"):
        assert h.value([1e-200], 1e-200) == 0
        assert_allclose(h.gradient([1e-200], 1e-200), [h.l1_share * 1e-200], rtol=1e-12)
