"""The seam for penalties: one class, written here, runs through the descent solvers, certified."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq, minimize

from designing import make_design
from sklearn_reg._solvers import SOLVERS, Settings, choose
from sklearn_reg._solvers.problem import Problem
from sklearn_reg.penalties import Penalty


class WeightedMaximum(Penalty):
    """h(w) = lambda max_j v_j |w_j|, which no file of the package knows."""

    def __init__(self, lambda_: float, v: Any) -> None:
        self.lambda_, self.v = lambda_, v

    def value(self, w: Any) -> float:
        """lambda max_j v_j |w_j|."""
        return float(self.lambda_ * np.max(self.v * np.abs(w)))

    def level(self, u: Any) -> float:
        """Return the dual norm: sum_j |u_j| / v_j / lambda."""
        return float(np.sum(np.abs(u) / self.v) / self.lambda_)

    def subgradient(self, w: Any) -> Any:
        """Return the gradient of the largest term."""
        largest = int(np.argmax(self.v * np.abs(w)))
        return self.lambda_ * self.v * np.sign(w) * (np.arange(len(w)) == largest)

    def prox(self, w: Any, step: float) -> Any:
        """Return what the projection of w on the ball of the dual norm leaves (Moreau)."""
        size, radius = np.abs(w), step * self.lambda_

        def outside(t: float) -> float:
            return float(np.sum(np.maximum(size - t / self.v, 0.0) / self.v) - radius)

        if outside(0.0) <= 0.0:
            return np.zeros_like(w)
        t = brentq(outside, 0.0, float(np.max(size * self.v)), xtol=1e-15, rtol=1e-14)
        return np.sign(w) * np.minimum(size, t / self.v)


@pytest.mark.parametrize("share", [0.01, 0.3, 1.5])
@pytest.mark.parametrize("intercept", [True, False])
def test_a_new_penalty_is_one_class(share: float, intercept: bool) -> None:
    """Descent solves and certifies it, and what needs an elastic net refuses it by name."""
    rng = np.random.default_rng(0)
    X, v = rng.normal(size=(30, 5)) + 1.0, np.array([1.0, 2.0, 0.5, 1.0, 3.0])
    y = X @ [1.0, -2.0, 0.0, 0.5, 1.0] + rng.normal(size=30)
    Z, t = (X - X.mean(axis=0), y - y.mean()) if intercept else (X, y)
    h = WeightedMaximum(share * WeightedMaximum(1.0, v).level(Z.T @ t / 30), v)
    lowest = _minimum(Z, t, h)
    for on_gram in (True, False):
        design, _ = make_design(X, y[:, None], on_gram=on_gram, centred=intercept)
        problem = Problem(design, 0, h)
        assert problem.largest_level == pytest.approx(1.0 / share)
        for name in ("gradient_descent", "accelerated", "subgradient"):
            settings = Settings(None, 1_000 if name == "subgradient" else 20_000, 1e-9)
            end = SOLVERS[name].run(problem, np.zeros(5), settings)
            assert np.isfinite(end.gap_history).all()
            assert -1e-9 <= end.objective - lowest <= end.gap + 1e-9
            assert end.converged or name == "subgradient"
    with pytest.raises(ValueError, match="'active_set' needs a penalty that is a sum over blocks"):
        choose("active_set", h)
    assert choose("auto", h) == "accelerated"
    with pytest.raises(TypeError, match="needs an ElasticNet, got WeightedMaximum"):
        assert problem.l1


def _minimum(Z: Any, t: Any, h: WeightedMaximum) -> float:
    """min F, as a quadratic program in w and in the height of the maximum, by SciPy."""
    p = Z.shape[1]

    def objective(x: Any) -> float:
        return float(0.5 * np.mean((t - Z @ x[:p]) ** 2) + h.lambda_ * x[p])

    def slack(x: Any) -> Any:
        return np.r_[x[p] - h.v * x[:p], x[p] + h.v * x[:p]]

    constraint = {"type": "ineq", "fun": slack}
    options = {"maxiter": 1000, "ftol": 1e-15}
    found = minimize(
        objective, np.r_[np.zeros(p), 1.0], constraints=constraint, method="SLSQP", options=options
    )
    return float(found.fun)
