"""The estimators keep scikit-learn's contract, each class and each solver."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    GroupLassoRegression,
    GroupLassoRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
    RidgeRegressionCV,
)

# Each class with its defaults and with "auto"; each other solver with one class, because the checks
# ask for the contract, and solvers agree on the solutions by laws elsewhere.
ESTIMATORS = [
    Estimator(**parameters)
    for Estimator in (RidgeRegression, LassoRegression, ElasticNetRegression)
    for parameters in ({}, {"lambda_": 0.01, "solver": "auto"})
]
ESTIMATORS += [
    RidgeRegression(solver="closed_form"),
    LassoRegression(0.01, solver="active_set"),
    LassoRegression(solver="accelerated"),
    ElasticNetRegression(solver="subgradient"),
    ElasticNetRegression(l1_ratio=0, solver="closed_form"),
    RidgeRegressionCV(6),
    LassoRegressionCV(6, rule="1se"),
    ElasticNetRegressionCV(4, l1_ratio=[0.5, 1.0]),
    ElasticNetRegressionCV(4, l1_ratio=0.5, rule="bic", scoring="r2", cv=3),
    GroupLassoRegression(),
    GroupLassoRegression(0.01, solver="auto", l1_ratio=0.5),
    GroupLassoRegression(0.01, solver="auto", groups="targets"),
    GroupLassoRegressionCV(4, standardize="groups", cv=3),
]

# The checks fit with 1000 iterations at a rate of 0.01, whatever the data, and with data for which
# the best lambda is at the edge of any grid.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*smallest error is at the:UserWarning"),
]


@parametrize_with_checks(ESTIMATORS)
def test_check_estimator(estimator, check) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def diabetes():
    return load_diabetes(return_X_y=True, as_frame=True, scaled=False)


every_class = pytest.mark.parametrize(
    "Estimator", [RidgeRegression, LassoRegression, ElasticNetRegression]
)


@every_class
def test_grid_search_over_lambda_in_a_pipeline_picks_the_best_score(Estimator, diabetes) -> None:
    X, y = diabetes
    name = Estimator.__name__.lower()
    grid = {f"{name}__lambda_": [1e-3, 1e-1, 1e3]}
    search = GridSearchCV(make_pipeline(StandardScaler(), Estimator(solver="auto")), grid, cv=5)
    search.fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert search.best_index_ == scores.argmax() != 2
    assert search.best_score_ > 0.4


@every_class
def test_clone_and_pickle_keep_parameters_and_predictions(Estimator, diabetes) -> None:
    X, y = diabetes
    model = Estimator(lambda_=0.5, solver="auto", standardize=True).fit(X, y)
    assert clone(model).get_params() == model.get_params()
    assert not hasattr(clone(model), "coef_")
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


@every_class
def test_feature_names_of_a_frame_are_kept_and_checked(Estimator, diabetes) -> None:
    X, y = diabetes
    model = Estimator(solver="auto").fit(X, y)
    assert_array_equal(model.feature_names_in_, X.columns)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(X[X.columns[::-1]])


def test_penalty_weights_are_found_by_feature_name(diabetes) -> None:
    X, y = diabetes
    by_name = LassoRegression(30.0, solver="auto", penalty_weights={"bmi": 0.0, "s5": np.inf})
    by_place = LassoRegression(30.0, solver="auto", penalty_weights=np.ones(10))
    by_place.penalty_weights[[X.columns.get_loc("bmi"), X.columns.get_loc("s5")]] = 0.0, np.inf
    coef = by_name.fit(X, y).coef_
    assert_array_equal(coef, by_place.fit(X, y).coef_)
    assert coef[X.columns.get_loc("s5")] == 0 != coef[X.columns.get_loc("bmi")]


@every_class
def test_sample_weight_is_routed_through_a_grid_search(Estimator, diabetes) -> None:
    X, y = diabetes
    weight = np.where(np.arange(len(y)) % 2, 1.0, 0.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = Estimator(0.1, solver="auto").set_fit_request(sample_weight=True)
        search = GridSearchCV(model.set_score_request(sample_weight=False), {"lambda_": [0.1]})
        search.fit(X, y, sample_weight=weight)
    half = clone(model).fit(X[weight > 0], y[weight > 0])
    np.testing.assert_allclose(search.best_estimator_.coef_, half.coef_, rtol=1e-6, atol=1e-8)


def test_series_and_frames_give_what_arrays_give(diabetes) -> None:
    X, y = diabetes
    framed = LassoRegression(solver="auto").fit(X, pd.Series(y))
    plain = LassoRegression(solver="auto").fit(X.to_numpy(), y.to_numpy())
    assert_array_equal(framed.coef_, plain.coef_)
