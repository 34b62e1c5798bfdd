"""The model within a pipeline or a search is drawn, or the refusal says what is in the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures, StandardScaler

from drawing import LASSO
from sklearn_reg import (
    ConvergenceDisplay,
    CrossValidationDisplay,
    ElasticNetRegression,
    LambdaSweepDisplay,
    LassoRegressionCV,
    RegularizationPathDisplay,
    lambda_sweep,
)
from sklearn_reg.display._curve import Curve

# --- pipelines ------------------------------------------------------------------------------------

OFF = Pipeline([("scale", None), ("model", LASSO)])
POWERS = PolynomialFeatures(2, include_bias=False)
PIPELINES = {
    "only the model": (make_pipeline(LASSO), ["age", "bmi"]),
    "passthrough": (make_pipeline("passthrough", LASSO), ["age", "bmi"]),
    "None": (OFF, ["age", "bmi"]),
    "switched off later": (
        make_pipeline(StandardScaler(), LASSO).set_params(standardscaler="passthrough"),
        ["age", "bmi"],
    ),
    "pipelines in pipelines": (
        make_pipeline(make_pipeline("passthrough", POWERS), make_pipeline(None, LASSO)),
        ["age", "bmi", "age^2", "age bmi", "bmi^2"],
    ),
    "columns": (
        make_pipeline(
            make_column_transformer(("passthrough", ["bmi"]), (StandardScaler(), ["age"])), LASSO
        ),
        ["passthrough__bmi", "standardscaler__age"],
    ),
    "a step without names": (make_pipeline(FunctionTransformer(), LASSO), ["age", "bmi"]),
    "names after a step without": (
        make_pipeline(FunctionTransformer(np.asarray), POWERS, LASSO),
        ["x0", "x1", "x0^2", "x0 x1", "x1^2"],
    ),
    "a search in a pipeline": (
        make_pipeline(StandardScaler(), GridSearchCV(LASSO, {"lambda_": [0.01, 0.1]}, cv=2)),
        ["age", "bmi"],
    ),
    "a pipeline in a search": (
        GridSearchCV(make_pipeline("passthrough", LASSO), {"lassoregression__tol": [1e-6]}, cv=2),
        ["age", "bmi"],
    ),
}


@pytest.mark.parametrize("wrapped", PIPELINES)
def test_the_model_in_wrappings_is_drawn_with_the_names_that_it_sees(
    wrapped: str, diabetes: Any
) -> None:
    estimator, names = PIPELINES[wrapped]
    X, y = diabetes[0][["age", "bmi"]] * 20, diabetes[1]
    estimator = clone(estimator).fit(X, y)
    display = RegularizationPathDisplay.from_estimator(estimator, X, y)
    assert {line.get_label() for line in display.lines_} <= set(names)
    assert len(display.lines_) >= len(names) - 1  # a path may never take one in
    history = ConvergenceDisplay.from_estimator(estimator).gap_lines_
    again = ConvergenceDisplay.from_estimator(estimator, X, y, solvers=["auto"]).gap_lines_
    assert_allclose(history[0].get_ydata(), again[0].get_ydata(), rtol=1e-6, atol=1e-9)


class Sampler(BaseEstimator):
    def fit(self, X: Any, y: Any) -> Sampler:
        return self


def test_wrappings_that_cannot_be_drawn_are_refused_by_name(diabetes: Any) -> None:
    X, y = diabetes
    scaled = TransformedTargetRegressor(LASSO, func=np.log, inverse_func=np.exp).fit(X, y)
    draw = RegularizationPathDisplay.from_estimator
    grid = {"lambda_": [0.01, 0.1]}
    for estimator, error, words in (
        (make_pipeline(StandardScaler(), "passthrough"), TypeError, "'passthrough', is switched"),
        (make_pipeline(StandardScaler(), LASSO), NotFittedError, "'standardscaler'.*call fit"),
        (Pipeline([("sample", Sampler()), ("model", LASSO)]), TypeError, "'sample'"),
        (scaled, TypeError, "TransformedTargetRegressor.*regressor_"),
        (make_pipeline("passthrough", LassoRegressionCV()), NotFittedError, "LassoRegressionCV"),
        (GridSearchCV(LASSO, grid), NotFittedError, r"call fit\(X, y\).*GridSearchCV"),
        (GridSearchCV(LASSO, grid, refit=False).fit(X, y), ValueError, "refit=False"),
    ):
        with pytest.raises(error, match=words):
            draw(estimator, X, y)
    for estimator in (LASSO, LassoRegressionCV()):
        with pytest.raises(TypeError, match="X and y must be given"):
            draw(estimator)


# --- searches -------------------------------------------------------------------------------------


def losses_of(search: Any, metric: str = "score") -> Any:
    """Return minus the scores of each fold."""
    return -np.array([search.cv_results_[f"split{k}_test_{metric}"] for k in range(3)]).T


def test_a_search_over_lambda_is_drawn_as_cross_validation(diabetes: Any) -> None:
    X, y = diabetes
    grid = {"lambda_": [0, 0.01, 1, 0.1]}
    search = GridSearchCV(LASSO, grid, cv=3, return_train_score=True).fit(X, y)
    display = CrossValidationDisplay.from_estimator(search)
    assert list(display.lambdas) == [1, 0.1, 0.01, 0]
    assert_allclose(display.losses, losses_of(search)[[2, 3, 1, 0]])
    assert_allclose(
        display.train_line_.get_ydata(), -search.cv_results_["mean_train_score"][[2, 3, 1, 0]]
    )
    assert display.chosen == search.best_params_["lambda_"]
    assert display.ax_.get_ylabel() == "minus the score (r2)"
    path = RegularizationPathDisplay.from_estimator(search, X, y)
    assert path.marks_[0].get_label() == f"chosen: λ = {search.best_params_['lambda_']:.3g}"
    sweep = LambdaSweepDisplay.from_estimator(search, X, y, cv=2).sweep
    assert_allclose(sweep.train_losses, lambda_sweep(LASSO, X, y, cv=2).train_losses)


def test_a_search_is_drawn_at_the_best_of_its_other_parameters(diabetes: Any) -> None:
    X, y = diabetes
    net = make_pipeline(StandardScaler(), ElasticNetRegression(solver="auto"))
    name, ratio = "elasticnetregression__lambda_", "elasticnetregression__l1_ratio"
    search = GridSearchCV(
        net,
        {name: [0.01, 0.1, 1.0], ratio: [0.2, 0.9], "standardscaler": [None, StandardScaler()]},
        cv=3,
        scoring=["r2", "neg_mean_absolute_error"],
        refit="neg_mean_absolute_error",
    ).fit(X, y)
    display = CrossValidationDisplay.from_estimator(search)
    best = [
        params[ratio] == search.best_params_[ratio]
        and params["standardscaler"] is search.best_params_["standardscaler"]
        for params in search.cv_results_["params"]
    ]
    assert sum(best) == 3
    mine = losses_of(search, "neg_mean_absolute_error")[best]
    assert_allclose(display.losses, mine[::-1])
    assert display.ax_.get_ylabel() == "minus the score (neg_mean_absolute_error)"


def test_a_search_without_a_curve_over_lambda_is_refused_by_name(diabetes: Any) -> None:
    draws = {"lambda_": np.logspace(-3, 0, 50), "l1_ratio": np.linspace(0.1, 1, 50)}
    net = ElasticNetRegression(0.1, solver="auto")
    both = {"lambda_": [0.1, 1.0]}
    two = ["r2", "neg_mean_squared_error"]
    for search, error, words in (
        (RandomizedSearchCV(net, draws, n_iter=3, random_state=0), ValueError, "lambda_ alone"),
        (GridSearchCV(net, {"l1_ratio": [0.1, 1]}), TypeError, "varied lambda_"),
        (GridSearchCV(net, both, scoring=two, refit=False), ValueError, "refit=False"),
    ):
        with pytest.raises(error, match=words):
            CrossValidationDisplay.from_estimator(search.fit(*diabetes))


def test_a_search_over_cv_estimators_shows_the_curve_of_the_best(diabetes: Any) -> None:
    cross_validated = LassoRegressionCV(lambdas=5, eps=1e-4)
    search = GridSearchCV(cross_validated, {"fit_intercept": [True, False]}, cv=2).fit(*diabetes)
    display = CrossValidationDisplay.from_estimator(search)
    assert_array_equal(display.losses, search.best_estimator_.mse_path_)


def test_scores_that_are_not_known_are_passed_over() -> None:
    losses = np.array([[np.nan, 1.0], [1.0, 1.2], [2.0, 2.1]])
    curve = Curve(np.array([1.0, 0.1, 0.01]), losses, None, 0.1, None)
    assert curve.one_standard_error == 0.1
    assert Curve(*curve[:1], losses * np.nan, *curve[2:]).one_standard_error is None
