"""The normal distribution restricted to a union of intervals, however far in its tails.

Everything is in units of sigma. Let t be the observed value, mu the mean before the restriction,
theta = t - mu and u = x - t. Up to a constant, the density of u is

    exp(-theta u - u^2 / 2)    on the union.

So only the distances of the intervals from t matter, and theta. Distances are given as such,
because t minus a limit has lost digits where t is near the limit: the interval for mu is then long.

An integral of that density over one interval comes from the scaled complementary error function
[1]_ where the density falls by much, from error functions of one sign around its maximum, and from
Gauss-Legendre quadrature where it hardly varies: no differences of nearly equal numbers are taken.

References
----------
.. [1] W. J. Cody (1969). Rational Chebyshev approximations for the error function. Mathematics of
   Computation 23(107). https://doi.org/10.1090/S0025-5718-1969-0247736-4
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import erfcx

Interval = tuple[float, float]

ROOT_2, ROOT_HALF_PI = math.sqrt(2.0), math.sqrt(0.5 * math.pi)
# Where the density falls by a factor of at most exp(FLAT), quadrature is exact up to rounding.
FLAT = 0.5
NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)
NODES, WEIGHTS = 0.5 * (1.0 + NODES), 0.5 * WEIGHTS  # on (0, 1)
# How near to its value theta is found: absolute, and relative.
XTOL, RTOL = 1e-15, 4.0 * float(np.finfo(np.float64).eps)


class Truncation(NamedTuple):
    """The union of intervals, as seen from the observed value t, which lies in it.

    Attributes
    ----------
    below, above : tuple of (near, far)
        The distances from t, 0 <= near < far <= inf, of the parts on each side. Both sides have
        one at least.
    """

    below: tuple[Interval, ...]
    above: tuple[Interval, ...]

    @classmethod
    def around(cls, t: float, intervals: Iterable[Interval]) -> Truncation:
        """Return the truncation to (lower, upper) intervals; t must have a part on each side."""
        parts = list(intervals)
        below = tuple((max(t - b, 0.0), t - a) for a, b in parts if a < t)
        above = tuple((max(a - t, 0.0), b - t) for a, b in parts if b > t)
        return cls(below, above)

    def log_odds(self, theta: float) -> float:
        """Return log(F / (1 - F)), with F the distribution function at t; it rises with theta."""
        return _log_sum(-theta, self.below) - _log_sum(theta, self.above)

    def log_cdf(self, theta: float) -> float:
        """Logarithm of F(t)."""
        return -_softplus(-self.log_odds(theta))

    def log_sf(self, theta: float) -> float:
        """Logarithm of 1 - F(t)."""
        return -_softplus(self.log_odds(theta))

    def log_p_value(self, theta: float) -> float:
        """Logarithm of the two-sided p-value 2 min(F(t), 1 - F(t))."""
        return math.log(2.0) - _softplus(abs(self.log_odds(theta)))

    def interval(self, confidence_level: float) -> Interval:
        """Return the equal-tailed interval for mu, as distances from t: mu = t + distance.

        At its ends F(t) is (1 + confidence_level) / 2 and (1 - confidence_level) / 2.
        """
        log_odds = math.log1p(confidence_level) - math.log1p(-confidence_level)
        return -self._theta(log_odds), -self._theta(-log_odds)

    def _theta(self, log_odds: float) -> float:
        """Return the theta with these log odds: bracket by doubling, then by Brent's method."""
        sign = 1.0 if self.log_odds(0.0) < log_odds else -1.0

        def missing(size: float) -> float:
            return sign * (self.log_odds(sign * size) - log_odds)

        inner, outer = 0.0, 1.0
        while missing(outer) < 0.0:
            inner, outer = outer, 2.0 * outer
        return sign * float(brentq(missing, inner, outer, xtol=XTOL, rtol=RTOL, maxiter=1000))


def log_mass(theta: float, near: float, far: float) -> float:
    """Logarithm of the integral of exp(-theta u - u^2 / 2) over near <= u <= far.

    With phi(theta), the density of the standard normal distribution at theta, as a factor it is the
    probability that a standard normal variable is between theta + near and theta + far.
    """
    return _log_from_zero(theta + near, far - near) - near * (theta + 0.5 * near)


def _log_from_zero(slope: float, width: float) -> float:
    """Logarithm of the integral of exp(-slope v - v^2 / 2) over 0 <= v <= width."""
    top = -slope  # where the integrand is largest
    if top <= 0.0:
        return math.log(_falling(slope, width))
    if top >= width:  # it rises: seen from the other end it falls
        return width * (top - 0.5 * width) + math.log(_falling(top - width, width))
    both = math.erf(top / ROOT_2) + math.erf((width - top) / ROOT_2)
    return 0.5 * top * top + math.log(ROOT_HALF_PI * both)


def _falling(slope: float, width: float) -> float:
    """Return the integral of exp(-slope v - v^2 / 2) over 0 <= v <= width, for slope >= 0."""
    fall = width * (slope + 0.5 * width)
    if fall <= FLAT:
        v = width * NODES
        return width * float(WEIGHTS @ np.exp(-v * (slope + 0.5 * v)))
    return _mills(slope) - math.exp(-fall) * _mills(slope + width)


def _mills(x: float) -> float:
    """Mills' ratio (1 - Phi(x)) / phi(x): the integral of exp(-x v - v^2 / 2) over v >= 0."""
    return ROOT_HALF_PI * float(erfcx(x / ROOT_2))


def _log_sum(theta: float, parts: Iterable[Interval]) -> float:
    """Logarithm of the integral over several parts."""
    logs = [log_mass(theta, near, far) for near, far in parts]
    largest = max(logs)
    return largest + math.log(sum(math.exp(value - largest) for value in logs))


def _softplus(x: float) -> float:
    """log(1 + exp(x))."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))
