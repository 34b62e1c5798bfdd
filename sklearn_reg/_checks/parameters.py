"""Checks of the arguments of estimators: an error names the argument and its value."""

from __future__ import annotations

import reprlib
from collections.abc import Hashable, Mapping, Sequence
from numbers import Integral, Number
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array, check_consistent_length

from sklearn_reg._checks.labels import in_order
from sklearn_reg._checks.namespaces import check_one_home
from sklearn_reg._checks.placed import Placed, placed
from sklearn_reg._checks.values import (
    check_number,
    in_memory,
    number_in,
    real_numbers,
)
from sklearn_reg._tools.bounds import Bounds
from sklearn_reg._tools.typing import BoolArray, FloatArray, Matrix

# The formats and dtypes that scikit-learn's validation accepts unchanged: such an X is not copied.
READ_AS = {"accept_sparse": ("csr", "csc"), "dtype": (np.float64, np.float32)}
READ_Y_AS = {"ensure_2d": False, "dtype": (np.float64, np.float32)}
WEIGHTS = "numbers >= 0 (0 = free, inf = excluded)"


def check_rows(
    X: Any, y: Any, sample_weight: Any, *, at_least: int = 1, may_stay: bool = False
) -> tuple[Matrix | Placed, Any]:
    """Return X and y as float64 or float32, checked by scikit-learn; weights must lie with them.

    With `may_stay`, an X on another device may stay there.
    """
    check_one_home(X=X, y=y, sample_weight=sample_weight)
    kept = placed(X) if may_stay else None
    X, y = X if kept else in_memory(X, "X"), in_memory(y, "y")
    how = {"dtype": None} if kept else READ_AS
    X = check_array(X, input_name="X", ensure_min_samples=at_least, **how)
    y = check_array(y, input_name="y", ensure_min_samples=at_least, **READ_Y_AS)
    check_consistent_length(X, y)
    return kept or X, y


def check_count(value: Any, name: str) -> int:
    """Return an integer of at least one."""
    value = number_in(value)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer >= 1, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be an integer >= 1, got {value!r}")
    return int(value)


def check_flag(value: Any, name: str) -> bool:
    """Return a bool."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def check_lambda(
    lambda_: Any, n_targets: int, targets: Sequence[Hashable] | None = None
) -> FloatArray:
    """Return penalties of shape (n_targets,) from one number or one number per target.

    A Series is matched by the labels of the targets, if they have labels.
    """
    wanted = "a number >= 0"
    if targets is not None and not isinstance(lambda_, Mapping):
        lambda_ = in_order(lambda_, targets, "lambda_", "y")
    given = real_numbers(lambda_, "lambda_", wanted)
    if given.ndim == 0:
        return np.full(n_targets, check_number(lambda_, "lambda_", wanted, zero=True))
    if given.shape != (n_targets,):
        raise ValueError(
            f"lambda_ must be {wanted} or an array of shape ({n_targets},), one a target, got "
            f"shape {given.shape}"
        )
    return np.array(
        [
            check_number(value, f"lambda_[{index}]", wanted, zero=True)
            for index, value in enumerate(given)
        ]
    )


def check_sample_weight(
    sample_weight: ArrayLike | None, n_samples: int, *, normalized: bool = True, at_least: int = 1
) -> FloatArray | None:
    """Return weights of shape (n_samples,), scaled to a largest weight of one.

    The weights of one of several batches are not `normalized`, and may all be zero.
    """
    if sample_weight is None:
        return None
    sample_weight = number_in(in_memory(sample_weight, "sample_weight"))
    if isinstance(sample_weight, (Number, np.generic, str, bytes)):
        sample_weight = np.full(
            n_samples, check_number(sample_weight, "sample_weight", "a number >= 0", zero=True)
        )
    weights: FloatArray = check_array(
        sample_weight,
        ensure_2d=False,
        dtype=np.float64,
        input_name="sample_weight",
        ensure_min_samples=at_least,
    )
    if weights.shape != (n_samples,):
        raise ValueError(
            f"sample_weight must have shape ({n_samples},), one weight a row, got {weights.shape}"
        )
    if (weights < 0).any():
        raise ValueError(f"sample_weight must not be negative, got {float(weights.min())}")
    if not normalized:
        return weights
    if not weights.any():
        raise ValueError("sample_weight must be positive for at least one row, got all zeros")
    return np.asarray(weights / weights.max())


def check_penalty_weights(
    penalty_weights: ArrayLike | Mapping[Any, float] | None,
    n_features: int,
    features: Sequence[Hashable] | None,
) -> tuple[FloatArray, BoolArray]:
    """Return finite weights of shape (n_features,), and a mask of excluded features (inf).

    A dict or Series is matched by the labels of the features; those without an entry get 1.
    """
    if penalty_weights is None:
        return np.ones(n_features), np.zeros(n_features, dtype=bool)
    penalty_weights = in_order(penalty_weights, features, "penalty_weights", "X", default=1.0)
    wanted = f"{WEIGHTS} or 'adaptive'"
    weights = penalty_weights_of(penalty_weights, wanted, {n_features: "one a feature"})
    excluded = np.isinf(weights)
    return np.where(excluded, 1.0, weights), excluded


def penalty_weights_of(values: Any, wanted: str, sizes: Mapping[int, str]) -> FloatArray:
    """Return weights >= 0 of one of these sizes, each with its meaning; inf is allowed."""
    weights = real_numbers(values, "penalty_weights", wanted).astype(np.float64)
    wanted = f"penalty_weights must be {wanted}"
    if weights.shape not in [(size,) for size in sizes]:
        shapes = " or ".join(f"({size},), {meaning}" for size, meaning in sizes.items())
        raise ValueError(f"{wanted} of shape {shapes}, got {weights.shape}")
    wrong = np.isnan(weights) | (weights < 0)
    if wrong.any():
        raise ValueError(f"{wanted}, got {weights[wrong][0]!r} at index {np.flatnonzero(wrong)[0]}")
    return weights


def check_bounds(
    bounds: Any, positive: bool, n_features: int, features: Sequence[Hashable] | None
) -> Bounds | None:
    """Return bounds of shape (n_features,); None if they leave every coefficient free.

    A dict or Series is matched by the labels of the features; those without an entry have no
    bound. `positive` is a lower bound of zero.
    """
    if bounds is None:
        if not positive:
            return None
        return Bounds(np.zeros(n_features), np.full(n_features, np.inf))
    if not isinstance(bounds, (tuple, list)) or len(bounds) != 2:
        raise TypeError(f"bounds must be a pair (lower, upper), got {reprlib.repr(bounds)}")
    lower, upper = (
        _check_bound(bound, n_features, features, sign)
        for bound, sign in zip(bounds, (-1.0, 1.0), strict=True)
    )
    if positive:
        lower = np.zeros(n_features)
    if np.isinf(lower).all() and np.isinf(upper).all():
        return None
    return Bounds(lower, upper)


def _check_bound(
    bound: Any, n_features: int, features: Sequence[Hashable] | None, sign: float
) -> FloatArray:
    """Return the lower (sign -1) or upper (sign 1) bounds."""
    which, side = ("lower", "<= 0") if sign < 0 else ("upper", ">= 0")
    if bound is None:
        bound = sign * np.inf
    bound = in_order(bound, features, f"the {which} part of bounds", "X", default=sign * np.inf)
    wanted = f"the {which} part of bounds must be numbers {side}"
    values = real_numbers(bound, f"the {which} part of bounds", f"numbers {side}")
    values = values.astype(np.float64)
    if values.shape not in ((), (n_features,)):
        raise ValueError(
            f"{wanted}, one for all features or of shape ({n_features},), got shape {values.shape}"
        )
    values = np.full(n_features, values) if values.ndim == 0 else values
    wrong = np.flatnonzero(~(sign * values >= 0))
    if wrong.size:
        k = int(wrong[0])
        raise ValueError(
            f"{wanted}, so that zero is within the bounds: the penalty shrinks coefficients to "
            f"zero, where a path begins and a model predicts the mean. Got {float(values[k])} for "
            f"feature {k if features is None else features[k]!r}. To bound a coefficient away "
            "from zero, subtract X times the nearest bound from y, and shift the bounds by it"
        )
    return values
