"""Where weights rest: at zero, the kink of an L1 penalty, or at a bound, and what moves them.

With u = c - A w (see `parametric`), a weight at zero stays there while u pulls it to neither side
by more than l1: its limit. One at its upper bound is pulled inward by -u, and stays there while
that is at most -l1, because at the bound u must be l1 or more; one at its lower bound likewise.
Between these points a weight moves on a segment: from zero to a bound with the sign that it has
there, or between its bounds if it has no L1 penalty, with the sign zero.
"""

from __future__ import annotations

import numpy as np

from sklearn_reg._tools.bounds import Bounds
from sklearn_reg._tools.typing import BoolArray, FloatArray


class Kinks:
    """The points at which the weights of a problem may rest.

    Parameters
    ----------
    l1 : ndarray of shape (n_features,)
        Coefficients of |w|.
    bounds : Bounds or None

    Attributes
    ----------
    smooth : ndarray of shape (n_features,) of bool
        Weights without a kink at zero: no L1 penalty, and room on both sides.
    is_box : bool
        Whether weights may rest at bounds that are not zero.
    """

    def __init__(self, l1: FloatArray, bounds: Bounds | None) -> None:
        self.l1, self._bounds = l1, bounds
        self.smooth: BoolArray = l1 == 0
        self.is_box = False
        if bounds is not None:
            self.smooth &= bounds.up & bounds.down
            self.is_box = bounds.is_box

    def moving(self, w: FloatArray) -> BoolArray:
        """Whether each weight is between two points of rest."""
        moving: BoolArray = (w != 0) | self.smooth
        if self.is_box:
            assert self._bounds is not None
            moving &= self._bounds.inside(w)
        return moving

    def signs(self, w: FloatArray, moving: BoolArray) -> FloatArray:
        """Return the signs of the segments on which weights move; zero elsewhere."""
        return np.where(moving & ~self.smooth, np.sign(w), 0.0)

    def pull(self, u: FloatArray, rest: FloatArray) -> FloatArray:
        """Return how strongly u pulls weights away from the points where they rest."""
        pull = np.abs(u) if self._bounds is None else self._bounds.pull(u)
        return np.where(rest == 0, pull, -np.sign(rest) * u) if self.is_box else pull

    def limit(self, rest: FloatArray) -> FloatArray:
        """Return the largest pull at which weights stay where they rest."""
        return np.where(rest == 0, self.l1, -self.l1) if self.is_box else self.l1

    def leaving_signs(self, direction: FloatArray, rest: FloatArray) -> FloatArray:
        """Return the signs with which resting weights begin to move in these directions."""
        signs = np.where(rest == 0, np.sign(direction), np.sign(rest))
        return np.where(self.smooth, 0.0, signs)

    def ways(self, rest: FloatArray) -> tuple[BoolArray | bool, BoolArray | bool]:
        """Whether resting weights may rise, and whether they may fall."""
        if self._bounds is None:
            return True, True
        up, down = self._bounds.up, self._bounds.down
        if self.is_box:
            up, down = np.where(rest == 0, up, rest < 0), np.where(rest == 0, down, rest > 0)
        return up, down

    def ends(self, sign: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the lower and the upper ends of the segments with these signs, in a box."""
        assert self._bounds is not None
        lower, upper = self._bounds.lower, self._bounds.upper
        return np.where(sign > 0, 0.0, lower), np.where(sign < 0, 0.0, upper)

    def within(self, w: FloatArray, sign: FloatArray) -> FloatArray:
        """Return the nearest points of the segments with these signs, in a box."""
        low, high = self.ends(sign)
        return np.minimum(np.maximum(w, low), high)
