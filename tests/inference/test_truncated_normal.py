"""The truncated normal law against fifty digits and more, far in its tails."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mpmath import mp, mpf
from numpy.testing import assert_allclose
from scipy.stats import norm

from sklearn_reg._inference.truncated_normal import Truncation, log_mass

INF = math.inf
LEVELS = [0.5, 0.9, 0.95, 0.999999]

signs = st.sampled_from([-1.0, 1.0])
slopes = st.builds(lambda sign, size: sign * 10.0**size, signs, st.floats(-8, 4)) | st.just(0.0)
sizes = st.builds(lambda size: 10.0**size, st.floats(-9, 2.5))


@st.composite
def sides(draw: st.DrawFn) -> Any:
    """Draw one or two parts on a side; the first begins at t, so that t is in the union."""
    ends = np.cumsum([draw(sizes) for _ in range(3)]).tolist()
    last = INF if draw(st.booleans()) else ends[2]
    return draw(
        st.sampled_from([((0.0, INF),), ((0.0, ends[0]),), ((0.0, ends[0]), (ends[1], last))])
    )


truncations = st.builds(Truncation, sides(), sides())


@pytest.fixture(autouse=True)
def _digits() -> Any:
    with mpmath.workdps(150):
        yield


def exact_mass(theta: Any, near: float, far: float) -> Any:
    """Integrate exp(-theta u - u^2 / 2) over near <= u <= far."""
    a, b = theta + mpf(near), theta + mpf(far)
    if b < 0:
        a, b = -b, -a
    root = mpmath.sqrt(2)
    if a > 0:
        twice = mpmath.erfc(a / root) - (0 if mpmath.isinf(b) else mpmath.erfc(b / root))
    else:
        twice = mpmath.erf(b / root) - mpmath.erf(a / root)
    return twice * mpmath.sqrt(mp.pi / 2) * mpmath.exp(mpf(theta) ** 2 / 2)


def exact_sides(part: Truncation, theta: Any) -> tuple[Any, Any]:
    """The masses below and above t."""
    below = sum(exact_mass(-theta, *ends) for ends in part.below)
    above = sum(exact_mass(theta, *ends) for ends in part.above)
    return below, above


def exact_log_odds(part: Truncation, theta: Any) -> Any:
    below, above = exact_sides(part, theta)
    return mpmath.log(below) - mpmath.log(above)


def exact_mean_distance(part: Truncation, theta: Any) -> Any:
    """The mean above t less the mean below: how fast the log odds rise with theta."""
    step = mpf(10) ** -40 * (1 + abs(theta))
    rise = exact_log_odds(part, theta + step) - exact_log_odds(part, theta - step)
    return rise / (2 * step)


@given(slopes, st.just(0.0) | sizes, sizes | st.just(INF))
def test_mass_of_an_interval(theta: float, near: float, width: float) -> None:
    far = near + width
    assume(far > near)
    exact = mpmath.log(exact_mass(mpf(theta), near, far))
    # Rounding a term of the exponent is an error of it; it is within 1e-10 for all of p-values.
    terms = 1.0 + abs(theta * near) + near**2 + abs(float(exact))
    assert abs(log_mass(theta, near, far) - exact) <= 2e-15 * terms


@pytest.mark.parametrize("slope", [0.0, 0.3, 8.0, 1e4, 1e9])
@pytest.mark.parametrize("fall", [1e-12, 1e-3, 0.1, 0.4, 0.499, 0.501, 0.6, 2.0, 7.0, 20.0, 60.0])
def test_mass_where_the_density_falls_by_little_or_much(slope: float, fall: float) -> None:
    width = fall if slope == 0 else 2.0 * fall / (slope + math.sqrt(slope**2 + 2.0 * fall))
    exact = mpmath.log(exact_mass(mpf(slope), 0.0, width))
    assert abs(log_mass(slope, 0.0, width) - exact) <= 1e-15 * (4.0 + abs(float(exact)))
    rising = mpmath.log(exact_mass(-mpf(slope) - mpf(width), 0.0, width))
    end = -slope - width
    assert abs(log_mass(end, 0.0, width) - rising) <= 1e-15 * (4.0 + 4.0 * abs(float(rising)))


@given(truncations, st.floats(-60, 60))
def test_tails(part: Truncation, theta: float) -> None:
    below, above = exact_sides(part, mpf(theta))
    total = below + above
    for got, exact in (
        (part.log_cdf(theta), mpmath.log(below / total)),
        (part.log_sf(theta), mpmath.log(above / total)),
        (part.log_p_value(theta), mpmath.log(2 * min(below, above) / total)),
    ):
        # What theta, rounded, leaves of the digits: theta times the distances that matter.
        reach = min(abs(float(exact)), 1e5) + 1.0
        assert abs(got - exact) <= max(1e-10, 2e-15 * reach)


@pytest.mark.parametrize(
    ("t", "intervals"),
    [
        (40.0, [(-INF, INF)]),
        (40.0, [(-INF, -3.0), (3.0, INF)]),
        (40.0, [(3.0, 41.0)]),
        (40.0, [(39.0, INF)]),
        (40.0 + 1e-7, [(40.0, 40.0 + 3e-7)]),
        (-40.0, [(-INF, 1.0), (2.0, 3.0)]),
        (100.0, [(-INF, INF)]),
    ],
)
def test_p_values_as_small_as_they_get(t: float, intervals: Any) -> None:
    masses = [
        sum(
            exact_mass(mpf(0), max(a, low), min(b, high))
            for a, b in intervals
            if max(a, low) < min(b, high)
        )
        for low, high in ((-INF, t), (t, INF))
    ]
    exact = mpmath.log(2 * min(masses) / sum(masses))
    assert abs(Truncation.around(t, intervals).log_p_value(t) - exact) <= 1e-10


def test_a_p_value_of_1e_350() -> None:
    log_p = Truncation.around(40.0, [(-INF, INF)]).log_p_value(40.0)
    assert -350 < log_p / math.log(10) < -349


@pytest.mark.parametrize("level", LEVELS)
@given(part=truncations)
def test_ends_of_the_interval(part: Truncation, level: float) -> None:
    lower, upper = part.interval(level)
    assert math.isfinite(lower)
    assert lower < upper
    for end, share in ((lower, 1 + mpf(level)), (upper, 1 - mpf(level))):
        missing = exact_log_odds(part, -mpf(end)) - mpmath.log(share / (2 - share))
        error = missing / exact_mean_distance(part, -mpf(end))
        assert abs(error) <= 1e-12 * (1.0 + abs(end))


@pytest.mark.parametrize("near", [1e-3, 1e-6, 1e-9, 1e-100, 1e-300])
@pytest.mark.parametrize("other", [INF, 3.0, 1e-5])
def test_near_an_end_the_interval_is_as_long_as_it_is(near: float, other: float) -> None:
    """The law is nearly exponential there: 1 - F = exp(-theta near), and theta = -mu is large."""
    lower, upper = Truncation(((0.0, near),), ((0.0, other),)).interval(0.95)
    assert math.isfinite(lower)
    assert lower < upper
    if near * max(1.0, 1 / other) < 1e-6:
        assert_allclose(-lower * near, math.log(40.0), rtol=1e-5)
        assert_allclose(-upper * near, -math.log1p(-0.025), rtol=1e-2)
    mirrored = Truncation(((0.0, other),), ((0.0, near),)).interval(0.95)
    assert_allclose(mirrored, (-upper, -lower), rtol=1e-12)


@pytest.mark.parametrize("level", LEVELS)
def test_without_truncation_it_is_the_classical_one(level: float) -> None:
    part = Truncation.around(2.5, [(-INF, INF)])
    end = norm.isf((1.0 - level) / 2.0)
    assert_allclose(part.interval(level), (-end, end), rtol=1e-13)
    assert_allclose(math.exp(part.log_p_value(2.5)), 2 * norm.sf(2.5), rtol=1e-13)
    assert_allclose(math.exp(part.log_cdf(2.5)), norm.cdf(2.5), rtol=1e-13)
    assert_allclose(math.exp(part.log_sf(2.5)), norm.sf(2.5), rtol=1e-13)


@given(truncations, st.floats(-1e3, 1e3), st.floats(0, 1e3))
def test_the_distribution_function_rises_with_theta(
    part: Truncation, theta: float, more: float
) -> None:
    lower, higher = part.log_odds(theta), part.log_odds(theta + more)
    assert lower <= higher + 1e-12 * (1.0 + abs(lower) + abs(higher) + theta**2 + more**2)


@given(truncations, slopes)
def test_a_mirror_swaps_the_sides(part: Truncation, theta: float) -> None:
    mirror = Truncation(part.above, part.below)
    assert mirror.log_odds(-theta) == -part.log_odds(theta)
    assert mirror.log_p_value(-theta) == part.log_p_value(theta)


def test_intervals_are_seen_from_the_observed_value() -> None:
    part = Truncation.around(1.0, [(-INF, -2.0), (0.5, 1.25), (3.0, 4.0)])
    assert part.below == ((3.0, INF), (0.0, 0.5))
    assert part.above == ((0.0, 0.25), (2.0, 3.0))
