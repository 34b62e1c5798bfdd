"""Bounds on weights: lower_j <= w_j <= upper_j, with zero inside."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_reg._tools.cached import KeepLast, cached_property
from sklearn_reg._tools.typing import BoolArray, FloatArray, IndexArray


class Bounds:
    """Lower and upper bounds; their last axis is that of the features.

    Parameters
    ----------
    lower : ndarray
        Numbers <= 0, -inf where there is none.
    upper : ndarray of the same shape
        Numbers >= 0, inf where there is none.
    """

    def __init__(self, lower: FloatArray, upper: FloatArray) -> None:
        self.lower, self.upper = lower, upper
        self._last_units: KeepLast[Bounds] = KeepLast()

    @classmethod
    def none(cls, shape: tuple[int, ...]) -> Bounds:
        """Return bounds of this shape that bound nothing."""
        return cls(np.broadcast_to(-np.inf, shape), np.broadcast_to(np.inf, shape))

    def __getitem__(self, index: Any) -> Bounds:
        """Index both."""
        return Bounds(self.lower[index], self.upper[index])

    @cached_property
    def up(self) -> BoolArray:
        """Whether each weight may be positive."""
        return np.asarray(self.upper > 0)

    @cached_property
    def down(self) -> BoolArray:
        """Whether each weight may be negative."""
        return np.asarray(self.lower < 0)

    @cached_property
    def is_box(self) -> bool:
        """Whether some weight may be at a bound that is not zero."""
        return bool(
            (self.up & np.isfinite(self.upper)).any() or (self.down & np.isfinite(self.lower)).any()
        )

    def restricted(self, features: IndexArray | BoolArray | slice) -> Bounds:
        """Return the bounds of these features."""
        return self[..., features]

    def in_units(self, units: FloatArray) -> Bounds:
        """Return the bounds of w / units, none where a unit is zero; the last ones are kept."""
        return self._last_units.get(units.tobytes(), lambda: self._in_units(units))

    def _in_units(self, units: FloatArray) -> Bounds:
        known = units > 0
        divisor = np.where(known, units, 1.0)
        with np.errstate(over="ignore"):
            lower, upper = self.lower / divisor, self.upper / divisor
        return Bounds(np.where(known, lower, -np.inf), np.where(known, upper, np.inf))

    def clip(self, w: FloatArray) -> FloatArray:
        """Return the nearest weights within the bounds."""
        return np.minimum(np.maximum(w, self.lower), self.upper)

    def inside(self, w: FloatArray) -> BoolArray:
        """Whether each weight is at neither bound."""
        return np.asarray((w > self.lower) & (w < self.upper))

    def pull(self, u: FloatArray) -> FloatArray:
        """Return how strongly u pulls each weight from zero to where it may go.

        It is |u_j|, or u_j if the weight may only rise, or -u_j if it may only fall.
        """
        if self._rises:
            return u
        return np.abs(u) if self._everywhere else _towards(u, self.up, self.down)

    def open_pull(self, u: FloatArray) -> FloatArray:
        """Return how strongly u pulls each weight to a side without a bound."""
        return _towards(u, *self._open)

    @cached_property
    def _rises(self) -> bool:
        """Whether every weight may rise, and none may fall."""
        return bool(self.up.all() and not self.down.any())

    @cached_property
    def _everywhere(self) -> bool:
        """Whether every weight may rise, and fall."""
        return bool(self.up.all() and self.down.all())

    @cached_property
    def _open(self) -> tuple[BoolArray, BoolArray]:
        return np.isposinf(self.upper), np.isneginf(self.lower)

    def open_inside(self, w: FloatArray) -> BoolArray:
        """Whether each weight is at neither bound, and has a side without one."""
        up, down = self._open
        return np.asarray((up & down) | ((up | down) & self.inside(w)))


def _towards(u: FloatArray, up: BoolArray, down: BoolArray) -> FloatArray:
    """max(u where up, -u where down)."""
    rise, fall = np.where(up, u, -np.inf), np.where(down, -u, -np.inf)
    return np.asarray(np.maximum(rise, fall))
