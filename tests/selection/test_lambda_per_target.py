"""A lambda for each target: what each target would get alone, on the same grid."""

from __future__ import annotations

import copy
from typing import Any

import matplotlib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LassoCV
from sklearn.model_selection import KFold, LeaveOneOut
from sklearn.multioutput import MultiOutputRegressor

from searching import Array, every_class, quiet
from sklearn_reg import (
    CrossValidationDisplay,
    ElasticNetRegressionCV,
    LassoRegressionCV,
    RegularizationPathDisplay,
    RidgeRegressionCV,
)

FOLDS = KFold(4, shuffle=True, random_state=1)
GRID = np.geomspace(2.0, 1e-3, 13)
RULES = ["min", "1se", "aic", "bic", "ebic", "gcv"]


def least_in_the_first_fold(lambdas: Array, losses: Array) -> int:
    return int(losses[:, 0].argmin())


def three_targets(n: int = 60, p: int = 8) -> tuple[Array, Array]:
    """One with a strong signal, one of noise alone, one in another unit."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    noise = rng.normal(size=(n, 3))
    return X, np.column_stack(
        [3 * X[:, 0] + 0.1 * noise[:, 0], noise[:, 1], 1e3 * (X[:, 1] - X[:, 2] + noise[:, 2])]
    )


@quiet
@every_class
@pytest.mark.parametrize(
    ("rule", "p"),
    [*((rule, 8) for rule in (*RULES, least_in_the_first_fold)), ("min", 90), ("ebic", 90)],
)
def test_each_target_gets_what_it_gets_alone(CV: Any, rule: Any, p: int) -> None:
    X, Y = three_targets(p=p)
    model = CV(GRID, cv=FOLDS, rule=rule, lambda_per_target=True, tol=1e-10).fit(X, Y)
    assert model.target_mse_path_.shape == (13, 4, 3)
    assert_allclose(model.target_mse_path_.mean(axis=-1), model.mse_path_, rtol=1e-12)
    for target in range(3):
        alone = CV(GRID, cv=FOLDS, rule=rule, tol=1e-10).fit(X, Y[:, target])
        for name in ("lambda_", "lambda_min_", "lambda_1se_"):
            assert getattr(model, name)[target] == getattr(alone, name)
        size = np.abs(alone.coef_).max() + 1e-12 * np.ptp(Y[:, target])
        assert_allclose(model.coef_[target], alone.coef_, atol=1e-4 * size)


@quiet
@pytest.mark.parametrize("cv", [3, LeaveOneOut()], ids=["folds", "leave one out"])
def test_scikit_learns_lassos_for_each_target_agree(cv: Any) -> None:
    X, Y = three_targets(n=40)
    ours = LassoRegressionCV(GRID, cv=cv, lambda_per_target=True).fit(X, Y)
    theirs = MultiOutputRegressor(LassoCV(alphas=GRID, cv=cv, tol=1e-10, max_iter=100_000))
    theirs.fit(X, Y)
    assert_array_equal(ours.lambda_, [model.alpha_ for model in theirs.estimators_])
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-4, atol=1e-4)


@quiet
def test_targets_share_the_l1_ratio_and_are_weighed_alike() -> None:
    X, Y = three_targets()
    ratios = [0.2, 0.9]
    model = ElasticNetRegressionCV(GRID, l1_ratio=ratios, cv=FOLDS, lambda_per_target=True)
    model.fit(X, Y)
    assert model.target_mse_path_.shape == (2, 13, 4, 3)
    means = model.target_mse_path_.mean(axis=2).min(axis=1) / Y.var(axis=0)
    assert model.l1_ratio_ == ratios[int(means.sum(axis=1).argmin())]
    scaled = clone(model).fit(X, Y * [1.0, 1.0, 2.0**20])
    assert scaled.l1_ratio_ == model.l1_ratio_


@quiet
@every_class
def test_a_stream_gets_the_same(CV: Any) -> None:
    X, Y = three_targets()
    batches = ((X[k : k + 20], Y[k : k + 20]) for k in (0, 20, 40))
    stream = CV(GRID, cv=3, lambda_per_target=True).fit_batches(batches)
    folds = [(np.flatnonzero(np.arange(60) % 3 != k), np.arange(k, 60, 3)) for k in range(3)]
    rows = CV(GRID, cv=folds, lambda_per_target=True).fit(X, Y)
    assert_array_equal(stream.lambda_, rows.lambda_)
    assert_allclose(stream.coef_, rows.coef_, rtol=1e-4, atol=1e-4)


@quiet
@pytest.mark.parametrize("p", [8, 90], ids=["tall", "wide"])
def test_chunks_of_dask_get_the_same(p: int) -> None:
    da = pytest.importorskip("dask.array")
    X, Y = three_targets(p=p)
    model = LassoRegressionCV(GRID, cv=3, lambda_per_target=True, rule="1se")
    rows = clone(model).fit(X, Y)
    chunks = model.fit(da.from_array(X, chunks=(25, -1)), da.from_array(Y, chunks=(25, -1)))
    assert_array_equal(chunks.lambda_, rows.lambda_)
    assert_allclose(chunks.target_mse_path_, rows.target_mse_path_, rtol=1e-4)


@quiet
def test_the_shape_of_lambda_is_that_of_the_targets() -> None:
    X, Y = three_targets()
    model = RidgeRegressionCV(GRID, cv=FOLDS, lambda_per_target=True)
    flat = clone(model).fit(X, Y[:, 0])
    assert isinstance(flat.lambda_, float)
    assert not hasattr(flat, "target_mse_path_")
    column = clone(model).fit(X, Y[:, :1])
    assert column.lambda_.shape == column.lambda_1se_.shape == (1,)
    again = model.fit(X, Y).set_params(lambda_per_target=False).fit(X, Y)
    assert isinstance(again.lambda_, float)
    assert not hasattr(again, "target_mse_path_")


def test_a_scorer_is_refused_by_name() -> None:
    X, Y = three_targets()
    model = LassoRegressionCV(GRID, lambda_per_target=True, scoring="r2")
    with pytest.raises(ValueError, match="scoring must be None with lambda_per_target=True"):
        model.fit(X, Y)
    with pytest.raises(TypeError, match="lambda_per_target must be True or False, got 'yes'"):
        LassoRegressionCV(lambda_per_target="yes").fit(X, Y)


@quiet
def test_displays_and_summaries_take_it() -> None:
    matplotlib.use("Agg")
    X, Y = three_targets()
    model = LassoRegressionCV(GRID, cv=FOLDS, lambda_per_target=True).fit(X, Y)
    display = CrossValidationDisplay.from_estimator(model)
    assert display.chosen is None
    assert display.one_standard_error is None
    assert RegularizationPathDisplay.from_estimator(
        LassoRegressionCV(GRID, cv=FOLDS, lambda_per_target=True).fit(X, Y[:, 0]), X, Y[:, 0]
    ).chosen
    assert f"{model.lambda_[2]:.4g}" in model._repr_html_()
    matplotlib.pyplot.close("all")


@quiet
def test_a_model_that_was_stored_before_has_one_lambda() -> None:
    X, Y = three_targets()
    model = LassoRegressionCV(GRID, cv=FOLDS).fit(X, Y)
    state = copy.deepcopy(model.__getstate__())
    del state["lambda_per_target"]
    old = LassoRegressionCV.__new__(LassoRegressionCV)
    old.__setstate__(state)
    assert old.lambda_per_target is False
