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


@pytest.fixture(scope="module")
def relaxed(diabetes: Any) -> ElasticNetRegressionCV:
    return ElasticNetRegressionCV(30, [0.5, 1.0], relax=[0.0, 0.25, 1.0], eps=1e-2).fit(*diabetes)


def test_each_value_of_relax_has_its_curve(relaxed: Any) -> None:
    display = CrossValidationDisplay.from_estimator(make_pipeline(relaxed))
    ratio, shares = [0.5, 1.0].index(relaxed.l1_ratio_), [0.0, 0.25, 1.0]
    curves = relaxed.mse_path_[ratio].mean(axis=-1)
    of = shares.index(relaxed.relax_)
    line, _, (bars,) = display.errorbar_
    assert_allclose(line.get_ydata(), curves[of])
    assert len(bars.get_segments()) == 30
    assert display.errorbar_.get_label().startswith(f"test folds, relax = {relaxed.relax_:g},")
    train = relaxed.train_mse_path_[ratio, of].mean(axis=-1)
    assert_allclose(display.train_line_.get_ydata(), train)
    others = [share for share in shares if share != relaxed.relax_]
    assert [thin.get_label() for thin in display.other_lines_] == [f"relax = {s:g}" for s in others]
    for share, thin in zip(others, display.other_lines_, strict=True):
        assert_array_equal(thin.get_xdata(), relaxed.lambdas_[ratio])
        assert_allclose(thin.get_ydata(), curves[shares.index(share)])
        assert thin.get_linewidth() < line.get_linewidth()
    marked = [mark.get_xdata()[0] for mark in display.marks_]
    assert marked == sorted({relaxed.lambda_, relaxed.lambda_1se_})
    named = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert len(named) == len(set(named)) == 4 + len(marked)
    assert not words_overlap(display)
    assert display.ax_.get_legend().get_window_extent().x1 < display.figure_.bbox.x1


@pytest.mark.parametrize("relax", [0.25, [0.25]])
def test_one_value_of_relax_has_one_curve(relax: Any, diabetes: Any) -> None:
    model = LassoRegressionCV(20, relax=relax, eps=1e-2).fit(*diabetes)
    display = CrossValidationDisplay.from_estimator(model)
    expected = model.mse_path_.reshape(20, 5).mean(axis=1)
    assert_allclose(display.errorbar_[0].get_ydata(), expected)
    assert display.other_lines_ == []


def test_scores_and_several_targets_have_a_curve_for_each_relax(diabetes: Any) -> None:
    X, y = diabetes
    options: Any = {"relax": [0.0, 1.0], "eps": 1e-2}
    by_score = LassoRegressionCV(20, scoring="r2", **options).fit(X, y)
    both = LassoRegressionCV(20, **options).fit(X, np.column_stack([y, -y]))
    each = LassoRegressionCV(20, lambda_per_target=True, **options)
    each.fit(X, np.column_stack([y, -2 * y]))
    for model, losses in (
        (by_score, -by_score.score_path_),
        (both, both.relative_mse_path_),
        (each, each.relative_mse_path_),
    ):
        display = CrossValidationDisplay.from_estimator(model)
        chosen = [0.0, 1.0].index(model.relax_)
        (other,) = display.other_lines_
        assert_allclose(display.errorbar_[0].get_ydata(), losses[chosen].mean(axis=1))
        assert_allclose(other.get_ydata(), losses[1 - chosen].mean(axis=1))
        assert display.train_line_ is None
        assert len(display.marks_) == (0 if model is each else 2)
