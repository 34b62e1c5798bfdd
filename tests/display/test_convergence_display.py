"""The display of convergence: objectives and gaps along the iterations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LassoCV

from drawing import LASSO, words_overlap
from sklearn_reg import ConvergenceDisplay, LassoRegression, RidgeRegression


def test_convergence_draws_the_histories_of_each_solver(diabetes: Any) -> None:
    lasso = LassoRegression(0.1, learning_rate="auto", n_iterations=30)
    display = ConvergenceDisplay.from_estimator(
        lasso, *diabetes, solvers=["gradient_descent", "auto"]
    )
    alone = LassoRegression(0.1, solver="auto").fit(*diabetes)
    with pytest.warns(match="duality gap"):
        descent = lasso.fit(*diabetes)
    for fitted, objective, gap in zip(
        (descent, alone), display.objective_lines_, display.gap_lines_, strict=True
    ):
        assert_array_equal(objective.get_xdata(), np.arange(1, fitted.n_iter_ + 1))
        assert_array_equal(objective.get_ydata(), fitted.history_)
        assert_allclose(gap.get_ydata(), fitted.gap_history_, atol=1e-12)
        assert (gap.get_ydata() > 0).all()
    assert [line.get_label() for line in display.gap_lines_] == ["gradient_descent", "auto"]
    assert "duality gap" in display.axes_[1].get_ylabel()
    assert not words_overlap(display)


def test_convergence_refuses_several_targets(diabetes: Any) -> None:
    X, y = diabetes
    model = RidgeRegression(solver="auto").fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match=r"\['a'\] was fitted to 2 targets"):
        ConvergenceDisplay.from_estimators({"a": model})


def test_convergence_draws_the_history_that_a_fitted_model_has(diabetes: Any, lasso: Any) -> None:
    X, y = diabetes
    for model in (RidgeRegression(0.1, solver="auto").fit(X, y), lasso):
        display = ConvergenceDisplay.from_estimator(model)
        (line,) = display.objective_lines_
        assert_array_equal(line.get_ydata(), model.history_)
        assert line.get_label() == model.solver_
    weights = np.ones(len(y))
    for wrong, error, words in (
        (lambda: ConvergenceDisplay.from_estimator(LASSO), NotFittedError, "not fitted"),
        (lambda: ConvergenceDisplay.from_estimator(model, X), TypeError, "together"),
        (lambda: ConvergenceDisplay.from_estimator(model, X, y), TypeError, "LassoRegressionCV"),
        (lambda: ConvergenceDisplay.from_estimator(model, solvers=["auto"]), ValueError, "solvers"),
        (
            lambda: ConvergenceDisplay.from_estimator(model, sample_weight=weights),
            ValueError,
            "sample_weight",
        ),
        (lambda: ConvergenceDisplay.from_estimator(LassoCV().fit(X, y)), TypeError, "LassoCV"),
    ):
        with pytest.raises(error, match=words):
            wrong()


def test_a_target_without_variance_has_a_drawing(diabetes: Any) -> None:
    model = RidgeRegression(solver="auto").fit(diabetes[0], np.full(442, 7.0))
    ConvergenceDisplay.from_estimator(model).figure_.canvas.draw()
