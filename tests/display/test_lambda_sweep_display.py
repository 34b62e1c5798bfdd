"""The display of a sweep: losses, and on which side of the best lambda they lie."""

from __future__ import annotations

from typing import Any

from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from drawing import texts, words_overlap
from sklearn_reg import LambdaSweepDisplay, RidgeRegression, lambda_sweep

POLYNOMIAL = make_pipeline(PolynomialFeatures(3), StandardScaler(), RidgeRegression(solver="auto"))


def test_sweep_draws_losses_and_shades_both_sides(diabetes: Any) -> None:
    sweep = lambda_sweep(POLYNOMIAL, *diabetes, (1e-4, 1e-2, 1.0, 100.0))
    assert sweep.verdicts == ["overfits", "overfits", "best", "underfits"]
    display = LambdaSweepDisplay.from_sweep(sweep)
    assert_array_equal(display.train_line_.get_ydata(), sweep.train_loss)
    assert_array_equal(display.validation_line_.get_ydata(), sweep.validation_loss)
    assert set(display.shades_) == {"overfits", "underfits"}
    left, right = display.shades_["overfits"], display.shades_["underfits"]
    # Shades end half way, in log, between a lambda on this side and one on the other.
    assert_allclose(left.get_x() + left.get_width(), 0.1, rtol=1e-9)
    assert_allclose(right.get_x(), 10, rtol=1e-9)
    assert texts(display.ax_) == ["overfits", "underfits", "sweet spot"]
    assert display.ax_.get_yscale() == "linear"
    assert not words_overlap(display)


def test_sweep_from_an_estimator_takes_a_lambda_of_zero(diabetes: Any) -> None:
    X, y = diabetes
    display = LambdaSweepDisplay.from_estimator(
        RidgeRegression(solver="auto"), X, y, lambdas=[0, 1e-3, 1], cv=3
    )
    assert display.sweep.validation_losses.shape == (3, 3)
    assert display.train_line_.get_xdata()[0] == 0
    assert display.ax_.get_xscale() == "symlog"
