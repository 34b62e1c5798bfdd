"""The display of a cross-validation: means, standard errors, and what was minimised."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from drawing import one_se, words_overlap
from sklearn_reg import (
    CrossValidationDisplay,
    ElasticNetRegressionCV,
    LassoRegressionCV,
    RidgeRegression,
    RidgeRegressionCV,
)


def test_cross_validation_draws_means_and_standard_errors(lasso: Any) -> None:
    display = CrossValidationDisplay.from_estimator(lasso)
    line, _, (bars,) = display.errorbar_
    mean = lasso.mse_path_.mean(axis=1)
    error = lasso.mse_path_.std(axis=1, ddof=1) / np.sqrt(5)
    assert_array_equal(line.get_xdata(), lasso.lambdas_)
    assert_allclose(line.get_ydata(), mean)
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    assert_allclose(ends, np.column_stack([mean - error, mean + error]))
    assert_allclose(display.train_line_.get_ydata(), lasso.train_mse_path_.mean(axis=1))
    assert [mark.get_xdata()[0] for mark in display.marks_] == [lasso.lambda_, one_se(lasso)]
    assert not words_overlap(display)


def test_cross_validation_draws_the_l1_ratio_that_was_chosen(diabetes: Any) -> None:
    model = ElasticNetRegressionCV(l1_ratio=[0.5, 1.0]).fit(*diabetes)
    at = [0.5, 1.0].index(model.l1_ratio_)
    line = CrossValidationDisplay.from_estimator(make_pipeline(model)).errorbar_[0]
    assert_allclose(line.get_ydata(), model.mse_path_[at].mean(axis=1))


def test_cross_validation_of_a_score_draws_what_was_minimised(diabetes: Any) -> None:
    model = RidgeRegressionCV(scoring="r2", eps=1e-4).fit(*diabetes)
    display = CrossValidationDisplay.from_estimator(model)
    assert_allclose(display.errorbar_[0].get_ydata(), -model.score_path_.mean(axis=1))
    assert display.ax_.get_ylabel() == "minus the score (r2)"
    assert display.train_line_ is None


def test_cross_validation_asks_for_a_fitted_cv_estimator(diabetes: Any) -> None:
    with pytest.raises(NotFittedError):
        CrossValidationDisplay.from_estimator(LassoRegressionCV())
    with pytest.raises(TypeError, match="CV estimator"):
        CrossValidationDisplay.from_estimator(RidgeRegression().fit(*diabetes))


def test_errors_of_several_targets_are_drawn_as_they_were_compared() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    Y = X[:, :2] * [1.0, 1e5] + rng.normal(size=(60, 2)) * [1.0, 1e5]
    model = LassoRegressionCV(eps=1e-2).fit(X, Y)
    display = CrossValidationDisplay.from_estimator(model)
    assert display.ax_.get_ylabel() == "mean squared error (null models: 1)"
    assert_allclose(display.errorbar_.lines[0].get_ydata(), model.relative_mse_path_.mean(axis=1))
    assert display.train_line_ is None


def test_a_scorer_is_named_as_it_is(diabetes: Any) -> None:
    class Cost:
        def __call__(self, estimator: Any, X: Any, y: Any) -> float:
            return float(estimator.score(X, y))

        def __repr__(self) -> str:
            return r"cost_in_$_(\alpha)"

    def by_r2(estimator: Any, X: Any, y: Any) -> float:
        return float(estimator.score(X, y))

    for scoring, name in ((Cost(), r"cost_in_$_(\alpha)"), (by_r2, "by_r2")):
        model = RidgeRegressionCV(lambdas=[1e-4, 1e-3, 1e-2], scoring=scoring)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of the end of the grid
            model.fit(*diabetes)
        display = CrossValidationDisplay.from_estimator(model)
        display.figure_.canvas.draw()
        assert display.ax_.get_ylabel() == f"minus the score ({name})"
