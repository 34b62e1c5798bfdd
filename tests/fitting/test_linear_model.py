"""Fitted linear models: what a fit leaves, what it predicts, and what stays when it fails."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import problems as judge
from covering import every_pair
from estimating import (
    DESCENTS,
    ESTIMATORS,
    EXACT,
    data_for,
    every_estimator,
    ignore_convergence,
    rng,
)
from problems import regression
from sklearn_reg import RidgeRegression


@every_estimator
@pytest.mark.parametrize("solver", [*DESCENTS, "auto"])
@pytest.mark.parametrize("targets", [None, 1, 3])
def test_fitted_attributes_have_their_types_and_shapes(
    Estimator: Any, solver: str, targets: int | None
) -> None:
    X, y, _ = regression(rng(0), 30, 5)
    Y = y if targets is None else np.column_stack([y + j for j in range(targets)])
    model = Estimator(0.1, "auto", 2000, solver=solver, tol=1e-3).fit(X, Y)
    assert type(model.n_iter_) is int
    assert model.n_iter_ >= 1
    assert isinstance(model.converged_, (bool, np.bool_))
    assert model.n_features_in_ == 5
    if targets is None:
        assert model.coef_.shape == model.get_weights().shape == (5,)
        assert np.ndim(model.intercept_) == 0
        assert isinstance(model.objective_, float)
        assert isinstance(model.dual_gap_, float)
        assert model.history_.shape == model.gap_history_.shape == (model.n_iter_,)
        assert model.predict(X).shape == (30,)
    else:
        assert model.coef_.shape == (targets, 5)
        assert model.get_weights().shape == (5, targets)
        assert model.intercept_.shape == (targets,)
        assert model.objective_.shape == model.dual_gap_.shape == (targets,)
        assert model.history_.shape == model.gap_history_.shape == (model.n_iter_, targets)
        assert model.predict(X).shape == (30, targets)
        assert_allclose(model.history_[-1], model.objective_, rtol=1e-12)
        assert_allclose(model.gap_history_[-1], model.dual_gap_, rtol=1e-12)


@every_estimator
def test_column_vector_y_keeps_its_shape(Estimator: Any, tall: Any) -> None:
    X, y = tall
    column, flat = (Estimator(0.1, **EXACT).fit(X, t) for t in (y[:, None], y))
    assert column.coef_.shape == (1, 8)
    assert column.intercept_.shape == (1,)
    assert column.predict(X).shape == (40, 1)
    assert_array_equal(column.coef_[0], flat.coef_)


@every_pair(
    solver=[*DESCENTS, "auto"],
    Estimator=ESTIMATORS,
    container=[np.asarray, sp.csr_array],
    shape=[(40, 8), (15, 30)],
)
def test_float32_is_kept_in_and_out(
    Estimator: Any, solver: str, container: Any, shape: tuple[int, int]
) -> None:
    X, y, _ = regression(rng(0), *shape)
    X, y = X.astype(np.float32), y.astype(np.float32)
    # The subgradient's last iterate comes within a gap of this size, not nearer.
    common = {"learning_rate": "auto", "n_iterations": 5000, "solver": solver, "tol": 1e-2}
    if solver != "subgradient":
        common["tol"] = 1e-9
    wide = Estimator(0.1, **common).fit(container(X.astype(float)), y.astype(float))
    model = Estimator(0.1, **common).fit(container(X), y)
    assert model.coef_.dtype == np.float32
    assert np.asarray(model.intercept_).dtype == np.float32
    assert model.predict(container(X)).dtype == np.float32
    assert model.get_weights().dtype == np.float32
    assert_allclose(model.coef_, wide.coef_, rtol=1e-4, atol=1e-4)
    assert wide.coef_.dtype == np.float64
    both = Estimator(0.1, **common).fit(container(X), np.column_stack([y, y]))
    assert both.coef_.dtype == both.intercept_.dtype == np.float32


@every_estimator
def test_closed_form_and_auto_report_like_any_other_solver(Estimator: Any, tall: Any) -> None:
    X, y = tall
    lambda_ = 0.1 if Estimator is RidgeRegression else 0.0
    model = Estimator(lambda_, solver="closed_form").fit(X, y)
    data = data_for(Estimator, X, y, lambda_)
    assert_allclose(
        model.objective_, judge.objective(data, model.coef_, model.intercept_), rtol=1e-12
    )
    assert 0 <= model.dual_gap_ < 1e-12
    assert model.converged_
    assert model.history_.shape == (model.n_iter_,)


@ignore_convergence
@every_estimator
def test_prediction_is_affine_in_the_fitted_weights(Estimator: Any, tall: Any) -> None:
    X, y = tall
    model = Estimator(0.1, **EXACT).fit(X, y)
    assert_allclose(model.predict(X), X @ model.get_weights() + model.intercept_, rtol=1e-14)
    assert_allclose(model.predict(sp.csr_array(X)), model.predict(X), rtol=1e-12)
    Y = np.column_stack([y, -y, y**2])
    model.fit(X, Y)
    assert_allclose(model.predict(X), X @ model.get_weights() + model.intercept_, rtol=1e-14)
    assert_allclose(model.predict(sp.csc_array(X)), model.predict(X), rtol=1e-12)


@every_estimator
def test_prediction_refuses_another_number_of_features(Estimator: Any, tall: Any) -> None:
    model = Estimator(0.1, solver="auto").fit(*tall)
    with pytest.raises(ValueError, match=r"7 features.*8 features"):
        model.predict(tall[0][:, :7])


@every_estimator
def test_get_weights_is_a_copy(Estimator: Any, tall: Any) -> None:
    model = Estimator(0.1, **EXACT).fit(*tall)
    model.get_weights()[:] = 7.0
    assert not (model.coef_ == 7.0).any()


@every_estimator
@pytest.mark.parametrize("method", ["predict", "get_weights"])
def test_unfitted_estimator_says_so(Estimator: Any, method: str) -> None:
    arguments = [np.ones((2, 2))] if method == "predict" else []
    with pytest.raises(NotFittedError):
        getattr(Estimator(), method)(*arguments)


@every_estimator
def test_clone_forgets_the_fit_and_keeps_the_parameters(Estimator: Any, tall: Any) -> None:
    parameters = {"lambda_": 0.3, "n_iterations": 7, "penalty_weights": [1.0] * 8}
    model = Estimator(solver="auto", **parameters).fit(*tall)
    twin = clone(model)
    assert not hasattr(twin, "coef_")
    assert twin.get_params() == model.get_params()
    assert_array_equal(twin.fit(*tall).coef_, model.coef_)


@every_estimator
@pytest.mark.parametrize("solver", [*DESCENTS, "auto"])
def test_pickled_fit_predicts_the_same_and_can_go_on(
    Estimator: Any, solver: str, tall: Any
) -> None:
    X, y = tall
    model = Estimator(0.1, "auto", 5000, solver=solver, warm_start=True, tol=1e-3).fit(X, y)
    twin = pickle.loads(pickle.dumps(model))
    assert_array_equal(twin.predict(X), model.predict(X))
    assert twin.fit(X, y).n_iter_ == model.fit(X, y).n_iter_


# --- a fit that fails -----------------------------------------------------------------------------


def snapshot(model: Any) -> dict[str, Any]:
    return copy.deepcopy(vars(model))


def assert_same_state(model: Any, before: dict[str, Any]) -> None:
    now = vars(model)
    assert list(now) == list(before)
    for name, value in before.items():
        assert type(now[name]) is type(value)
        assert_array_equal(np.asarray(now[name]), np.asarray(value), err_msg=name)


@every_estimator
@pytest.mark.parametrize("fitted", [False, True])
def test_failed_fit_leaves_the_estimator_as_it_was(Estimator: Any, fitted: bool) -> None:
    X, y, _ = regression(rng(0), 20, 4)
    good = pd.DataFrame(X, columns=list("abcd"))
    model = Estimator(0.1, solver="auto")
    if fitted:
        model.fit(good, y)
    hole = good.copy()
    hole.iloc[3, 1] = np.nan
    other = pd.DataFrame(X[:, :3], columns=list("xyz"))
    bad_fits: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        ((hole, y), {}),
        ((other, y[:-1]), {}),
        ((other, np.full(20, np.inf)), {}),
        ((other, y, -np.ones(20)), {}),
        ((other, y, np.zeros(20)), {}),
        ((other, y), {"lambda_": -1.0}),
        ((other, y), {"lambda_": [1.0, 2.0]}),
        ((other, y), {"penalty_weights": {"nobody": 1.0}}),
        ((other, y), {"penalty_weights": [1.0]}),
        ((other, y), {"solver": "magic"}),
        ((1e300 * other, 1e300 * y), {"tol": np.nan}),
    ]
    for arguments, parameters in bad_fits:
        sick = copy.deepcopy(model).set_params(**parameters)
        before = snapshot(sick)
        with pytest.raises((ValueError, TypeError)):
            sick.fit(*arguments)
        assert_same_state(sick, before)
