"""What the three CV classes share: options, routing, and what they refuse."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.metrics import get_scorer, mean_squared_error
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from searching import EXACT, FOLDS, SINGLE, data_of, every_class, quiet
from sklearn_reg import ElasticNetRegressionCV, LassoRegressionCV

pytestmark = quiet


@every_class
@pytest.mark.parametrize(
    "options",
    [
        {"fit_intercept": False},
        {"standardize": True},
        {"positive": True},
        {"penalty_weights": [0.0, np.inf, 2.0] + [1.0] * 9},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_mean_what_they_mean_in_fit(CV, options) -> None:
    X, y = data_of("tall")
    model = CV([1.0, 0.1, 0.01], cv=FOLDS, **options, **EXACT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # picks at the edge
        model.fit(X, y)
    train, test = next(FOLDS.split(X))
    single = SINGLE[CV](0.1, solver="auto", **options, **EXACT).fit(X[train], y[train])
    assert_allclose(model.fold_coefs_[1, 0], single.coef_, rtol=1e-6, atol=1e-9)
    expected = mean_squared_error(y[test], single.predict(X[test]))
    assert_allclose(model.mse_path_[1, 0], expected, rtol=1e-6)


def test_groups_and_weights_are_routed_through_a_pipeline() -> None:
    X, y = data_of("tall")
    groups, s = np.arange(300) % 7, np.linspace(0.5, 1.5, 300)
    scorer = get_scorer("neg_mean_absolute_error")
    with sklearn.config_context(enable_metadata_routing=True):
        model = LassoRegressionCV(
            8, cv=GroupKFold(3), scoring=scorer.set_score_request(sample_weight=True)
        ).set_fit_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        pipeline.fit(X, y, groups=groups, sample_weight=s)
    inner, Z = pipeline[-1], pipeline[0].transform(X)
    splits = list(GroupKFold(3).split(X, y, groups))
    direct = LassoRegressionCV(8, cv=splits).fit(Z, y, s)
    assert_array_equal(inner.mse_path_, direct.mse_path_)
    test = splits[1][1]
    error = np.abs(y[test] - (Z[test] @ inner.fold_coefs_[4, 1] + inner.fold_intercepts_[4, 1]))
    assert_allclose(inner.score_path_[4, 1], -np.average(error, weights=s[test]))


@every_class
def test_a_failed_fit_leaves_everything_as_it_was(CV) -> None:
    X, y = data_of("tall")
    model = CV(5, cv=FOLDS).fit(X, y)
    before = dict(vars(model))
    X = X.copy()
    X[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        model.fit(X, y)
    with pytest.raises(ValueError, match="test set without rows or weight"):
        model.fit(data_of("tall")[0], y, np.r_[np.ones(10), np.zeros(290)])
    assert vars(model) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": "best"}, "rule must be one of 'min', '1se'"),
        ({"lambdas": -1}, "lambdas must be"),
        ({"eps": 0.0}, "eps must be"),
        ({"tol": "tight"}, "tol must be"),
        ({"standardize": 1}, "standardize must be"),
        ({"cv": 1}, "k-fold"),
    ],
)
@every_class
def test_bad_parameters_are_named(CV, options, message) -> None:
    X, y = data_of("tall")
    with pytest.raises((ValueError, TypeError), match=message):
        CV(**options).fit(X, y)


@pytest.mark.parametrize("l1_ratio", [[], 1.5, [0.5, -1.0]])
def test_bad_l1_ratios_are_named(l1_ratio) -> None:
    with pytest.raises(ValueError, match="l1_ratio must be"):
        ElasticNetRegressionCV(l1_ratio=l1_ratio).fit(*data_of("tall"))


@every_class
def test_float32_and_feature_names_are_kept(CV) -> None:
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = CV(10, cv=FOLDS).fit(X.astype(np.float32), y)
    assert model.coef_.dtype == np.float32
    assert list(model.feature_names_in_) == list(X.columns)
    named = clone(model).set_params(penalty_weights={"bmi": np.inf}).fit(X, y)
    assert named.coef_[2] == 0
