"""The three estimators: what they compute, whatever the data, the penalty and the weights."""

from __future__ import annotations

import re
import tracemalloc
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import nnls
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.preprocessing import StandardScaler

import problems as judge
from covering import every_pair
from estimating import (
    DESCENTS,
    ESTIMATORS,
    EXACT,
    INF,
    L1_SHARE,
    data_for,
    every_estimator,
    ignore_convergence,
    kinked,
    rng,
    tall_and_wide,
)
from problems import Data, correlated, regression, ridge_from_svd, sparse_design, textbook_descent
from sklearn_reg import ElasticNetRegression, LassoRegression, RidgeRegression

# Most fits here stop after a number of iterations; what a warning says has tests of its own.
pytestmark = ignore_convergence


SOME_SOLVERS = ["gradient_descent", "accelerated", "auto"]
CONTAINERS = [np.asarray, sp.csr_array, sp.csc_array]
TALL_AND_WIDE = [(40, 8), (15, 30)]

# --- sparsity -----------------------------------------------------------------------------------


@kinked
@pytest.mark.parametrize("solver", ["gradient_descent", "accelerated", "auto"])
def test_redundant_features_get_exact_zeros_and_the_others_do_not(
    Estimator: Any, solver: str
) -> None:
    X, y, w = regression(rng(0), 200, 30, n_informative=5, noise=0.1)
    model = Estimator(0.3, "auto", solver=solver, tol=1e-8).fit(X, y)
    assert (model.coef_[w == 0] == 0.0).all()
    assert (model.coef_[w != 0] != 0.0).all()


@kinked
@pytest.mark.parametrize("solver", ["gradient_descent", "accelerated", "auto"])
def test_zeros_grow_with_lambda(Estimator: Any, solver: str) -> None:
    # Orthogonal columns: each weight is soft-thresholded on its own, so zeros can only grow.
    U = ridge_from_svd(rng(3), 100, 40, 1.0, condition=1.0).data.X
    U = U - U.mean(axis=0)
    y = U @ np.geomspace(0.01, 10, 40) + 0.001 * rng(4).normal(size=100)
    pull = np.abs(U.T @ (y - y.mean())) / 100
    zeros = []
    for lambda_ in np.geomspace(0.01, 15, 10):
        model = Estimator(lambda_, "auto", solver=solver, tol=1e-12).fit(U, y)
        zeros.append(int(np.sum(model.coef_ == 0)))
        assert zeros[-1] == np.sum(pull <= lambda_ * L1_SHARE[Estimator])
    assert zeros == sorted(zeros)
    assert zeros[0] < 10 < 30 < zeros[-1]


@pytest.mark.parametrize("solver", ["gradient_descent", "auto"])
def test_l1_weights_are_sparse_and_l2_weights_spread_with_none_exactly_zero(solver: str) -> None:
    # Ten noisy copies of each of five signals, of which y needs three.
    signals = rng(0).normal(size=(150, 5))
    X = np.repeat(signals, 10, axis=1) + 0.3 * rng(1).normal(size=(150, 50))
    y = signals[:, :3] @ [3.0, -2.0, 1.0]
    common = {"learning_rate": "auto", "n_iterations": 50_000, "solver": solver}
    l1 = LassoRegression(0.3, **common).fit(X, y).coef_
    l2 = RidgeRegression(0.3, **common).fit(X, y).coef_
    assert np.sum(l1 == 0) > 25
    assert np.sum(l2 == 0) == 0

    # Share of the largest tenth of the weights in the total: L1 concentrates, L2 spreads.
    def concentration(w: Any) -> float:
        return float(np.sort(np.abs(w))[-5:].sum() / np.abs(w).sum())

    assert concentration(l2) < 0.25 < concentration(l1)


@kinked
def test_subgradient_never_reaches_zero_where_the_proximal_step_does(Estimator: Any) -> None:
    X, y, w = regression(rng(0), 80, 12, n_informative=4)
    common = {"lambda_": 0.8, "learning_rate": 0.05, "n_iterations": 300, "tol": 1e-12}
    with pytest.warns(ConvergenceWarning):
        sign = Estimator(solver="subgradient", **common).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        prox = Estimator(solver="gradient_descent", **common).fit(X, y)
    zero = prox.coef_ == 0
    assert zero[w == 0].sum() >= 4
    assert (sign.coef_ != 0).all()
    assert np.abs(sign.coef_[zero]).max() < 0.1  # it comes near


def test_ridge_shares_equally_between_identical_columns(tall: Any) -> None:
    X, y = tall
    twins = np.column_stack([X, X[:, 0]])
    model = RidgeRegression(0.1, **EXACT).fit(twins, y)
    assert_allclose(model.coef_[0], model.coef_[-1], rtol=1e-10)
    assert model.coef_[0] != 0


# --- shrinkage ----------------------------------------------------------------------------------


@every_estimator
@pytest.mark.parametrize("solver", ["gradient_descent", "accelerated", "auto"])
def test_penalised_weights_are_smaller_than_unregularised_ones_and_shrink_with_lambda(
    Estimator: Any, solver: str, tall: Any
) -> None:
    X, y = tall
    norm = 1 if Estimator is LassoRegression else 2
    sizes = [np.linalg.norm(LinearRegression().fit(X, y).coef_, norm)]
    for lambda_ in (0.01, 0.1, 1.0, 10.0):
        model = Estimator(lambda_, "auto", solver=solver, tol=1e-10).fit(X, y)
        sizes.append(np.linalg.norm(model.coef_, norm))
    assert (np.diff(sizes) < 0).all()


@pytest.mark.parametrize("solver", ["gradient_descent", "accelerated", "subgradient"])
@tall_and_wide
def test_closed_form_equals_gradient_descent_within_tolerance(solver: str, n: int, p: int) -> None:
    data, coef, intercept = ridge_from_svd(rng(0), n, p, 0.5)
    exact = RidgeRegression(0.5, solver="closed_form").fit(data.X, data.y)
    assert_allclose(exact.coef_, coef, atol=1e-12)
    assert_allclose(exact.intercept_, intercept, atol=1e-12)
    tol = 1e-12
    model = RidgeRegression(0.5, "auto", 5000, solver=solver, tol=tol).fit(data.X, data.y)
    # F is lambda-strongly convex: |w - w*|^2 <= 2 (F - F*) / lambda.
    radius = np.sqrt(2 * tol * judge.null_objective(data) / 0.5)
    assert np.linalg.norm(model.coef_ - exact.coef_) <= radius
    assert_allclose(model.coef_, exact.coef_, atol=1e-4)


@pytest.mark.parametrize("solver", ["closed_form", "auto"])
@pytest.mark.parametrize("condition", [1.0, 1e3])
@tall_and_wide
def test_closed_form_is_the_ridge_solution_known_from_singular_values(
    solver: str, n: int, p: int, condition: float
) -> None:
    data, coef, intercept = ridge_from_svd(rng(5), n, p, 0.1, condition=condition)
    model = RidgeRegression(0.1, solver=solver).fit(data.X, data.y)
    assert_allclose(model.coef_, coef, rtol=1e-9, atol=1e-11)
    assert_allclose(model.intercept_, intercept, rtol=1e-9)
    net = ElasticNetRegression(0.1, l1_ratio=0, solver=solver).fit(data.X, data.y)
    assert_allclose(net.coef_, coef, rtol=1e-9, atol=1e-11)


@kinked
def test_closed_form_refuses_a_kink_and_names_the_solvers_that_suit(
    Estimator: Any, tall: Any
) -> None:
    with pytest.raises(ValueError, match="closed_form") as error:
        Estimator(0.1, solver="closed_form").fit(*tall)
    for suited in ("gradient_descent", "accelerated", "subgradient", "auto"):
        assert suited in str(error.value)


@every_estimator
def test_closed_form_serves_every_penalty_at_lambda_zero(Estimator: Any, tall: Any) -> None:
    X, y = tall
    model = Estimator(0.0, solver="closed_form").fit(X, y)
    assert_allclose(model.coef_, LinearRegression().fit(X, y).coef_, rtol=1e-10)


# --- sensitivity --------------------------------------------------------------------------------

SWEEP = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


def noisy_split() -> tuple[Any, Any, Any, Any]:
    X, y, _ = regression(rng(0), 460, 50, n_informative=6, noise=4.0)
    X = X - X.mean(axis=0)
    return X[:60], y[:60], X[60:], y[60:]


def error(model: Any, X: Any, y: Any) -> float:
    return float(np.mean((y - model.predict(X)) ** 2))


@every_estimator
def test_sweep_over_lambda_finds_the_validation_minimum(Estimator: Any) -> None:
    X, y, X_valid, y_valid = noisy_split()
    losses = [error(Estimator(lambda_, **EXACT).fit(X, y), X_valid, y_valid) for lambda_ in SWEEP]
    best = SWEEP[int(np.argmin(losses))]
    assert best > SWEEP[0]  # too little is worse
    far = error(Estimator(100.0, **EXACT).fit(X, y), X_valid, y_valid)
    assert min(losses) < far  # too much is worse
    # A grid search over lambda_ on the same split selects the same one.
    fold = np.r_[np.full(len(y), -1), np.zeros(len(y_valid), dtype=int)]
    search = GridSearchCV(
        Estimator(**EXACT),
        {"lambda_": list(SWEEP)},
        cv=PredefinedSplit(fold),
        scoring="neg_mean_squared_error",
        refit=False,
    ).fit(np.vstack([X, X_valid]), np.r_[y, y_valid])
    assert search.best_params_ == {"lambda_": best}
    assert_allclose(-search.cv_results_["mean_test_score"], losses)


@every_estimator
def test_high_lambda_underfits_and_low_lambda_overfits(Estimator: Any) -> None:
    X, y, X_valid, y_valid = noisy_split()
    train, valid = {}, {}
    for lambda_ in (1e-8, 0.5, 1e3):
        model = Estimator(lambda_, **EXACT).fit(X, y)
        train[lambda_], valid[lambda_] = error(model, X, y), error(model, X_valid, y_valid)
    constant = float(np.var(y))
    assert train[1e3] > 0.95 * constant  # underfit: hardly better than the mean
    assert train[1e-8] < 0.1 * constant  # overfit: explains the noise ...
    assert valid[1e-8] > 1.5 * valid[0.5]  # ... and pays for it on new data
    assert train[1e-8] < train[0.5] < train[1e3]
    assert valid[0.5] < valid[1e3]


@every_estimator
def test_training_loss_never_falls_as_lambda_grows(Estimator: Any, diabetes: Any) -> None:
    X, y = diabetes
    losses = [error(Estimator(a, **EXACT).fit(X, y), X, y) for a in SWEEP]
    assert (np.diff(losses) > 0).all()


# --- edges --------------------------------------------------------------------------------------


@every_estimator
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("solver", ["gradient_descent", "accelerated", "auto"])
def test_one_feature_is_soft_thresholded_and_divided(
    Estimator: Any, solver: str, fit_intercept: bool
) -> None:
    x = rng(0).normal(size=20) + 1.0
    y = rng(1).normal(size=20) + 2.0 * x
    lambda_, share = 0.1, L1_SHARE[Estimator]
    model = Estimator(lambda_, "auto", solver=solver, tol=1e-15, fit_intercept=fit_intercept).fit(
        x[:, None], y
    )
    mean_x, mean_y = (x.mean(), y.mean()) if fit_intercept else (0.0, 0.0)
    pull = (x - mean_x) @ (y - mean_y) / 20
    soft = np.sign(pull) * max(abs(pull) - lambda_ * share, 0)
    w = soft / (np.mean((x - mean_x) ** 2) + lambda_ * (1 - share))
    assert w != 0
    assert_allclose(model.coef_, [w], rtol=1e-7)
    assert_allclose(model.intercept_, mean_y - mean_x * w, rtol=1e-7, atol=1e-12)


@every_estimator
@pytest.mark.parametrize("solver", ["gradient_descent", "accelerated", "subgradient", "auto"])
def test_one_sample_is_explained_by_the_intercept(Estimator: Any, solver: str) -> None:
    model = Estimator(0.1, solver=solver).fit([[1.0, 2.0, 3.0]], [5.0])
    assert_array_equal(model.coef_, [0, 0, 0])
    assert model.intercept_ == 5.0
    assert (model.objective_, model.dual_gap_, model.converged_) == (0.0, 0.0, True)


@every_estimator
def test_one_sample_without_intercept_has_the_answer_of_one_equation(Estimator: Any) -> None:
    x, y, lambda_ = np.array([1.0, 2.0, 3.0]), 5.0, 0.1
    model = Estimator(lambda_, **EXACT, fit_intercept=False).fit([x], [y])
    data = data_for(Estimator, np.array([x]), np.array([y]), lambda_, fit_intercept=False)
    assert judge.duality_gap(data, model.coef_) < 1e-12
    if Estimator is RidgeRegression:
        assert_allclose(model.coef_, x * y / (x @ x + lambda_), rtol=1e-12)
    if Estimator is LassoRegression:  # all on the longest column
        assert_allclose(model.coef_, [0, 0, (3 * y - lambda_) / 9], rtol=1e-12)


@every_estimator
@pytest.mark.parametrize("solver", ["gradient_descent", "accelerated", "auto"])
@pytest.mark.parametrize("constant", [0.0, 0.1, -1e6])
@pytest.mark.parametrize("lambda_", [0.0, 0.1])
def test_constant_column_gets_no_weight_and_disturbs_no_other(
    Estimator: Any, solver: str, constant: float, lambda_: float, tall: Any
) -> None:
    X, y = tall
    more = np.column_stack([X, np.full(len(y), constant)])
    common = {"solver": solver, "n_iterations": 50_000, "tol": 1e-12}
    model = Estimator(lambda_, "auto", **common).fit(more, y)
    assert model.coef_[-1] == 0
    without = Estimator(lambda_, "auto", **common).fit(X, y)
    assert_allclose(model.coef_[:-1], without.coef_, atol=1e-5)


@every_estimator
@pytest.mark.parametrize("solver", ["gradient_descent", "accelerated", "subgradient", "auto"])
@pytest.mark.parametrize("value", [0.0, 3.7, -1e8])
def test_constant_y_is_its_intercept(Estimator: Any, solver: str, value: float) -> None:
    X = regression(rng(0), 30, 5)[0]
    model = Estimator(0.1, solver=solver).fit(X, np.full(30, value))
    assert_allclose(model.coef_, np.zeros(5), atol=1e-15 * max(1, abs(value)))
    assert_allclose(model.intercept_, value, rtol=1e-14)
    assert model.converged_
    assert model.dual_gap_ <= 1e-30 * max(1, value**2)
    assert model.n_iter_ >= 1


@every_estimator
@pytest.mark.parametrize("solver", ["gradient_descent", "accelerated", "subgradient", "auto"])
def test_lambda_zero_is_ordinary_least_squares(Estimator: Any, solver: str, tall: Any) -> None:
    X, y = tall
    model = Estimator(0.0, "auto", 100_000, solver=solver, tol=1e-14).fit(X, y)
    ols = LinearRegression().fit(X, y)
    assert_allclose(model.coef_, ols.coef_, rtol=1e-6)
    assert_allclose(model.intercept_, ols.intercept_, rtol=1e-6)


@every_estimator
@pytest.mark.parametrize("solver", ["auto", "closed_form"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_lambda_zero_interpolates_wide_data_by_the_smallest_weights(
    Estimator: Any, solver: str, fit_intercept: bool, weighted: bool
) -> None:
    X, y, _ = regression(rng(0), 12, 30)
    s = rng(1).uniform(0.5, 2.0, 12) if weighted else None
    model = Estimator(0.0, solver=solver, fit_intercept=fit_intercept).fit(X, y, s)
    assert_allclose(model.predict(X), y, rtol=1e-9)
    assert model.objective_ < 1e-18
    assert model.dual_gap_ < 1e-18
    smallest = LinearRegression(fit_intercept=fit_intercept).fit(X, y).coef_
    assert_allclose(model.coef_, smallest, atol=1e-9)


@every_estimator
@pytest.mark.parametrize("solver", [*DESCENTS, "auto"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_gap_of_an_interpolating_fit_never_exceeds_its_objective(
    Estimator: Any, solver: str, fit_intercept: bool
) -> None:
    # With lambda 0 and more columns than rows the optimum is F = 0: the gap is F itself.
    X, y, _ = regression(rng(0), 10, 25)
    X[0] *= 10.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = Estimator(0.0, "auto", 5, solver=solver, fit_intercept=fit_intercept).fit(X, y)
    assert_allclose(model.dual_gap_, model.objective_, rtol=1e-8, atol=1e-20)


@every_estimator
@pytest.mark.parametrize("lambda_", [0.0, 1e-20])
@pytest.mark.parametrize("positive", [False, True])
def test_vanishing_lambda_on_dependent_columns_predicts_like_least_squares(
    Estimator: Any, lambda_: float, positive: bool
) -> None:
    X = rng(0).normal(size=(25, 4)) @ rng(1).normal(size=(4, 10))
    if positive:
        X = np.abs(X)
    y = X @ rng(2).uniform(0, 1, 10) + rng(3).normal(size=25)
    model = Estimator(lambda_, solver="auto", positive=positive, tol=1e-10).fit(X, y)
    if positive:
        Z = X - X.mean(axis=0)
        wanted = y.mean() + Z @ nnls(Z, y - y.mean())[0]
        assert (model.coef_ >= 0).all()
    else:
        wanted = LinearRegression().fit(X, y).predict(X)
    assert_allclose(model.predict(X), wanted, atol=1e-4)


@kinked
@pytest.mark.parametrize("solver", ["gradient_descent", "accelerated", "auto"])
@tall_and_wide
@pytest.mark.parametrize("weighted", [False, True])
def test_lambda_from_lambda_max_on_gives_all_zeros_and_below_it_does_not(
    Estimator: Any, solver: str, n: int, p: int, weighted: bool
) -> None:
    X, y, _ = regression(rng(0), n, p)
    s = rng(1).uniform(0.1, 2.0, n) if weighted else None
    top = judge.lambda_max(data_for(Estimator, X, y, 0.0, sample_weight=s))
    for factor in (1 + 1e-10, 2.0, 1e6, 1e200):
        model = Estimator(top * factor, "auto", solver=solver).fit(X, y, s)
        assert_array_equal(model.coef_, np.zeros(p))
        assert_allclose(model.intercept_, np.average(y, weights=s))
        assert model.converged_
        assert model.n_iter_ >= 1
    below = Estimator(0.99 * top, "auto", solver=solver, tol=1e-10).fit(X, y, s)
    assert below.coef_.any()


def test_huge_ridge_penalty_gives_weights_near_zero_without_overflow(tall: Any) -> None:
    X, y = tall
    model = RidgeRegression(1e100, **EXACT).fit(X, y)
    assert_allclose(model.coef_ * 1e100, (X - X.mean(axis=0)).T @ (y - y.mean()) / 40, rtol=1e-9)


BIG, SMALL, STRENGTH = 1e150, 1e-150, 0.5


def scaled_lambda(Estimator: Any, a: float, c: float) -> dict[str, float] | None:
    """Parameters that keep the problem the same when X becomes a X and y becomes c y.

    The L1 part scales with a c, the L2 part with a^2. None if no float can say it.
    """
    l1, l2 = STRENGTH * L1_SHARE[Estimator], STRENGTH * (1 - L1_SHARE[Estimator])
    with np.errstate(all="ignore"):
        l1, l2 = l1 * a * c, l2 * a * a
        total = l1 + l2
        if Estimator is not ElasticNetRegression:
            return {"lambda_": total}
        ratio = l1 / total
        if not np.isclose(total * (1 - ratio), l2, rtol=1e-12, atol=0):
            return None
    return {"lambda_": total, "l1_ratio": ratio}


# The elastic net has no l1_ratio close enough to 1 for some of the penalties.
SCALED = [
    (Estimator, a, c)
    for Estimator in ESTIMATORS
    for a in (BIG, 1.0, SMALL)
    for c in (BIG, 1.0, SMALL)
    if (a, c) != (1.0, 1.0) and scaled_lambda(Estimator, a, c) is not None
]


@every_pair(
    scaled=SCALED,
    solver=["auto", "accelerated", "gradient_descent"],
    layout=[((40, 8), np.asarray), ((15, 30), np.asarray), ((15, 30), sp.csr_array)],
)
def test_fit_is_equivariant_at_the_ends_of_the_floating_point_range(
    scaled: Any, solver: str, layout: Any
) -> None:
    (Estimator, a, c), (shape, read) = scaled, layout
    parameters = scaled_lambda(Estimator, a, c)
    X, y, _ = regression(rng(0), *shape)
    common = {"learning_rate": "auto", "solver": solver, "n_iterations": 5000, "tol": 1e-8}
    plain = Estimator(STRENGTH, **common).fit(read(X), y)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        model = Estimator(**common).set_params(**parameters).fit(read(a * X), c * y)
        predicted = model.predict(read(a * X))
    scale = np.abs(plain.coef_).max()
    assert_allclose(model.coef_ / c * a, plain.coef_, atol=1e-7 * scale)
    assert ((model.coef_ == 0) == (plain.coef_ == 0)).all()
    assert_allclose(predicted / c, plain.predict(X), rtol=1e-6)
    assert_allclose(model.objective_ / c / c, plain.objective_, rtol=1e-7)
    assert model.converged_
    assert np.isfinite(model.history_).all()


@every_estimator
@tall_and_wide
def test_standardize_takes_columns_of_any_scale_side_by_side(
    Estimator: Any, n: int, p: int
) -> None:
    X, y, _ = regression(rng(0), n, p)
    scales = 10.0 ** np.linspace(-150, 150, p)
    plain = Estimator(0.1, **EXACT, standardize=True).fit(X, y)
    model = Estimator(0.1, **EXACT, standardize=True).fit(X * scales, y)
    assert_allclose(model.coef_ * scales, plain.coef_, rtol=1e-7, atol=1e-9)


@every_estimator
@pytest.mark.parametrize("solver", ["auto", "accelerated"])
def test_data_beyond_what_can_be_squared_give_an_answer_or_an_error_never_nan(
    Estimator: Any, solver: str, tall: Any
) -> None:
    X, y = tall
    for big_X, big_y in ((1e200 * X, y), (X, 1e200 * y), (1e300 * X, 1e300 * y)):
        model, refusal = Estimator(0.1, "auto", solver=solver), ""
        try:
            model.fit(big_X, big_y)
        except ValueError as error:
            refusal = str(error)
        if refusal:
            assert re.search(r"\b[Xy]\b", refusal)
            assert not hasattr(model, "coef_")
        else:
            for value in (model.coef_, model.intercept_, model.objective_, model.dual_gap_):
                assert np.isfinite(value).all()


@every_estimator
@pytest.mark.parametrize("solver", ["auto", "gradient_descent"])
@pytest.mark.parametrize("container", [np.asarray])
def test_large_offsets_of_x_and_y_do_not_cost_the_digits_of_the_fit(
    Estimator: Any, solver: str, container: Any, tall: Any
) -> None:
    X, y = tall
    common = {"learning_rate": "auto", "n_iterations": 20_000, "solver": solver, "tol": 1e-10}
    plain = Estimator(0.1, **common).fit(X, y)
    moved = Estimator(0.1, **common).fit(container(X + 1e6), y + 1e6)
    assert_allclose(moved.coef_, plain.coef_, atol=1e-6)
    assert_allclose(moved.predict(X + 1e6), plain.predict(X) + 1e6, atol=1e-5)


# --- descent, as in the textbook ----------------------------------------------------------------


@ignore_convergence
@every_pair(
    Estimator=ESTIMATORS,
    container=CONTAINERS,
    solver=["gradient_descent", "subgradient"],
    fit_intercept=[True, False],
    weighted=[False, True],
    shape=TALL_AND_WIDE,
)
def test_iterates_are_those_of_the_textbook_to_rounding(
    Estimator: Any,
    solver: str,
    fit_intercept: bool,
    weighted: bool,
    container: Any,
    shape: tuple[int, int],
) -> None:
    X, y, _ = regression(rng(0), *shape)
    X *= rng(1).random(X.shape) < 0.5
    s = rng(2).integers(0, 4, len(y)).astype(float) if weighted else None
    data = data_for(Estimator, X, y, 0.2, sample_weight=s, fit_intercept=fit_intercept)
    rate = 0.7 / judge.largest_curvature(data)
    steps = textbook_descent(data, rate, 25, prox=solver == "gradient_descent")
    for count in (1, 2, 25):
        model = Estimator(
            0.2, rate, count, solver=solver, tol=0.0, fit_intercept=fit_intercept
        ).fit(container(X), y, s)
        w, b = steps[count - 1]
        assert_allclose(model.coef_, w, rtol=1e-11, atol=1e-13)
        assert_allclose(model.intercept_, b, rtol=1e-11, atol=1e-13)
        assert model.n_iter_ == count
    objectives = [judge.objective(data, w, b) for w, b in steps]
    assert_allclose(model.history_, objectives, rtol=1e-11)
    best = Estimator(0.2, solver="auto", tol=1e-12, fit_intercept=fit_intercept)
    above = model.history_ - best.fit(container(X), y, s).objective_
    assert (model.gap_history_ >= above - 1e-11 * model.history_[0]).all()
    assert model.gap_history_[-1] == model.dual_gap_


@ignore_convergence
def test_iterates_of_the_elastic_net_keep_the_smooth_part_in_the_gradient(tall: Any) -> None:
    # Not prox of both parts, which would divide by 1 + rate * l2.
    X, y = tall
    v = rng(0).uniform(0.5, 2.0, 8)
    data = Data(X, y, 0.3, 0.2, penalty_weights=v)
    w, b = textbook_descent(data, 0.05, 10)[-1]
    model = ElasticNetRegression(0.3, 0.05, 10, l1_ratio=0.2, tol=0.0, penalty_weights=v).fit(X, y)
    assert_allclose(model.coef_, w, rtol=1e-12)
    assert_allclose(model.intercept_, b, rtol=1e-12)


@ignore_convergence
@every_estimator
def test_positive_descent_projects_every_step(Estimator: Any, tall: Any) -> None:
    X, y = tall
    share = L1_SHARE[Estimator]
    Z, t, w = X - X.mean(axis=0), y - y.mean(), np.zeros(8)
    for _ in range(15):
        gradient = Z.T @ (Z @ w - t) / 40 + 0.1 * (1 - share) * w
        w = np.maximum(w - 0.1 * gradient - 0.1 * 0.1 * share, 0.0)
    model = Estimator(0.1, 0.1, 15, tol=0.0, positive=True).fit(X, y)
    assert_allclose(model.coef_, w, rtol=1e-11, atol=1e-14)
    assert (w == 0).any()


@ignore_convergence
@every_estimator
@pytest.mark.parametrize("share", [0.5, 1.0, 1.9])
@tall_and_wide
@pytest.mark.parametrize("seed", range(3))
def test_objective_never_rises_for_a_rate_below_two_over_l(
    Estimator: Any, share: float, n: int, p: int, seed: int
) -> None:
    X, y, _ = regression(rng(seed), n, p)
    rate = share / judge.largest_curvature(data_for(Estimator, X, y, 0.1))
    model = Estimator(0.1, rate, 100, tol=0.0).fit(X, y)
    history = model.history_
    assert (np.diff(history) <= 1e-14 * history[0]).all()
    assert history[-1] < 0.9 * history[0]


@every_estimator
@tall_and_wide
def test_auto_learning_rate_is_one_over_l(Estimator: Any, n: int, p: int) -> None:
    X, y, _ = regression(rng(0), n, p)
    rate = 1 / judge.largest_curvature(data_for(Estimator, X, y, 0.1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        auto = Estimator(0.1, "auto", 20, tol=0.0).fit(X, y)
        given = Estimator(0.1, rate, 20, tol=0.0).fit(X, y)
    assert_allclose(auto.coef_, given.coef_, rtol=1e-9, atol=1e-12)
    assert auto.learning_rate == "auto"


@every_estimator
def test_accelerated_needs_fewer_iterations_than_plain_descent(Estimator: Any) -> None:
    X = correlated(rng(0), 200, 30, 0.95)
    y = X @ rng(1).normal(size=30) + rng(2).normal(size=200)
    counts = {
        solver: Estimator(0.01, "auto", 50_000, solver=solver, tol=1e-8).fit(X, y).n_iter_
        for solver in ("gradient_descent", "accelerated")
    }
    assert counts["accelerated"] < counts["gradient_descent"] / 2


# --- types --------------------------------------------------------------------------------------


@every_estimator
@pytest.mark.parametrize("solver", ["gradient_descent", "auto"])
def test_float32_data_are_summed_in_float64(Estimator: Any, solver: str) -> None:
    # Means of 1000 leave three digits of float32 for the differences that matter.
    X, y, _ = regression(rng(0), 300, 5)
    X32 = (X + 1000.0).astype(np.float32)
    common = {"learning_rate": "auto", "n_iterations": 5000, "solver": solver, "tol": 1e-9}
    wide = Estimator(0.1, **common).fit(X32.astype(float), y)
    model = Estimator(0.1, **common).fit(X32, y)
    assert_allclose(model.coef_, wide.coef_, rtol=1e-5, atol=1e-5)


@every_estimator
def test_float32_data_too_large_to_square_in_float32_are_fitted(Estimator: Any, tall: Any) -> None:
    X, y = tall
    X32 = (X * 1e25).astype(np.float32)
    common = {"solver": "auto", "standardize": True, "tol": 1e-10}
    model = Estimator(0.1, **common).fit(X32, y.astype(np.float32))
    plain = Estimator(0.1, **common).fit(X, y)
    assert_allclose(model.coef_.astype(float) * 1e25, plain.coef_, rtol=1e-4, atol=1e-5)


# --- features by name, penalty weights, bounds --------------------------------------------------


@every_estimator
def test_penalty_weights_may_name_features(Estimator: Any, tall: Any) -> None:
    X, y = tall
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    by_name = Estimator(0.5, **EXACT, penalty_weights={"h": INF, "b": 0, "a": 3.0})
    by_position = Estimator(0.5, **EXACT, penalty_weights=[3, 0, 1, 1, 1, 1, 1, INF])
    assert_array_equal(by_name.fit(frame, y).coef_, by_position.fit(frame, y).coef_)
    with pytest.raises(ValueError, match=r"penalty_weights.*nobody"):
        Estimator(penalty_weights={"nobody": 1.0}).fit(frame, y)
    with pytest.raises(ValueError, match="penalty_weights"):
        Estimator(penalty_weights={"a": -2.0}).fit(frame, y)


@every_estimator
@pytest.mark.parametrize("solver", ["gradient_descent", "accelerated", "auto"])
def test_penalty_weights_are_a_change_of_units(Estimator: Any, solver: str, tall: Any) -> None:
    X, y = tall
    v = rng(0).uniform(0.2, 5.0, 8)
    common = {"learning_rate": "auto", "n_iterations": 50_000, "solver": solver, "tol": 1e-12}
    model = Estimator(0.3, penalty_weights=v, **common)
    # v |w| is |u| for u = v w, and v w^2 is u^2 for u = sqrt(v) w; neither for their sum.
    if Estimator is ElasticNetRegression:
        root = np.sqrt(0.3 * 0.5 * v)
        augmented = np.vstack([X - X.mean(axis=0), np.sqrt(40) * np.diag(root)]) / v
        target = np.r_[y - y.mean(), np.zeros(8)]
        same = Lasso(0.3 * 0.5 * 40 / 48, fit_intercept=False, tol=1e-14, max_iter=100_000)
        wanted = same.fit(augmented, target).coef_ / v
    else:
        factor = v if Estimator is LassoRegression else np.sqrt(v)
        wanted = Estimator(0.3, **common).fit(X / factor, y).coef_ / factor
    assert_allclose(model.fit(X, y).coef_, wanted, atol=2e-5)


@every_estimator
@pytest.mark.parametrize("solver", ["gradient_descent", "accelerated", "auto"])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
def test_zero_penalty_weight_frees_and_infinite_excludes(
    Estimator: Any, solver: str, container: Any, tall: Any
) -> None:
    X, y = tall
    v = [0, 0, 1, 1, 1, 1, INF, INF]
    common = {"learning_rate": "auto", "n_iterations": 50_000, "solver": solver, "tol": 1e-12}
    # Under a crushing penalty only the free columns are left: least squares on them.
    if solver == "auto":
        crushed = Estimator(1e9, penalty_weights=v, **common).fit(container(X), y)
        assert_allclose(crushed.coef_[:2], LinearRegression().fit(X[:, :2], y).coef_, rtol=1e-6)
        assert_allclose(crushed.coef_[2:], 0, atol=1e-6)
    # Excluded is as good as dropped.
    model = Estimator(0.1, penalty_weights=v, **common).fit(container(X), y)
    assert_array_equal(model.coef_[6:], [0, 0])
    dropped = Estimator(0.1, penalty_weights=v[:6], **common).fit(container(X[:, :6]), y)
    assert_allclose(model.coef_[:6], dropped.coef_, rtol=1e-8, atol=1e-10)
    assert_allclose(model.objective_, dropped.objective_, rtol=1e-10)


@every_estimator
@pytest.mark.parametrize("v", [0.0, INF])
def test_all_features_free_or_all_excluded(Estimator: Any, v: float, tall: Any) -> None:
    X, y = tall
    model = Estimator(0.5, **EXACT, penalty_weights=[v] * 8).fit(X, y)
    wanted = LinearRegression().fit(X, y).coef_ if v == 0 else np.zeros(8)
    assert_allclose(model.coef_, wanted, rtol=1e-9)
    assert model.converged_


@every_pair(
    how=[("auto", 1e-3), ("auto", 0.1), ("auto", 1.0), ("accelerated", 0.1), ("accelerated", 1.0)],
    fit_intercept=[True, False],
    container=[np.asarray, sp.csr_array],
    shape=TALL_AND_WIDE,
)
def test_positive_weights_are_those_of_scikit_learn(
    how: tuple[str, float], fit_intercept: bool, container: Any, shape: tuple[int, int]
) -> None:
    (solver, lambda_), n = how, shape[0]
    X, y, _ = regression(rng(0), *shape)
    common = {"positive": True, "fit_intercept": fit_intercept}
    ours = common | {
        "learning_rate": "auto",
        "n_iterations": 20_000,
        "solver": solver,
        "tol": 1e-10,
    }
    theirs = common | {"tol": 1e-13, "max_iter": 1_000_000}
    for Ours, reference in (
        (LassoRegression, Lasso(lambda_, **theirs)),
        (ElasticNetRegression, ElasticNet(lambda_, **theirs)),
    ):
        model = Ours(lambda_, **ours).fit(container(X), y)
        assert (model.coef_ >= 0).all()
        assert (model.coef_ == 0).any()
        assert_allclose(model.coef_, reference.fit(X, y).coef_, atol=5e-4)
        assert_allclose(model.predict(X), reference.predict(X), atol=5e-4)
    ridge = RidgeRegression(lambda_, **ours).fit(container(X), y)
    reference = Ridge(lambda_ * n, **common, tol=1e-12, max_iter=100_000).fit(X, y)
    assert (ridge.coef_ >= 0).all()
    assert_allclose(ridge.coef_, reference.coef_, atol=2e-3)
    assert_allclose(ridge.predict(X), reference.predict(X), atol=2e-3)


@every_estimator
@pytest.mark.parametrize("solver", ["gradient_descent", "accelerated", "auto"])
def test_positive_least_squares_is_nnls(Estimator: Any, solver: str, tall: Any) -> None:
    X, y = tall
    model = Estimator(
        0.0, "auto", 50_000, solver=solver, tol=1e-12, positive=True, fit_intercept=False
    ).fit(X, y)
    assert_allclose(model.coef_, nnls(X, y)[0], atol=1e-5)
    assert (model.coef_ == 0).any()


@every_estimator
def test_positive_at_work_does_not_change_a_solution_that_is_positive(Estimator: Any) -> None:
    X = rng(0).normal(size=(50, 4))
    y = X @ [1.0, 2.0, 3.0, 4.0] + 0.1 * rng(1).normal(size=50)
    free, bound = (Estimator(0.01, **EXACT, positive=b).fit(X, y).coef_ for b in (False, True))
    assert (free > 0).all()
    assert_allclose(bound, free, rtol=1e-7)


# --- standardize --------------------------------------------------------------------------------


@every_pair(
    solver=SOME_SOLVERS,
    Estimator=ESTIMATORS,
    weighted=[False, True],
    fit_intercept=[False, True],
    container=CONTAINERS,
    shape=TALL_AND_WIDE,
)
def test_standardize_is_standard_scaler_by_hand(
    Estimator: Any,
    solver: str,
    weighted: bool,
    fit_intercept: bool,
    container: Any,
    shape: tuple[int, int],
) -> None:
    X, y, _ = regression(rng(0), *shape)
    X *= np.geomspace(0.01, 100, shape[1])
    s = rng(1).uniform(0.1, 3.0, len(y)) if weighted else None
    common = {
        "learning_rate": "auto",
        "n_iterations": 200,
        "solver": solver,
        "fit_intercept": fit_intercept,
        "tol": 1e-10,
    }
    scale = StandardScaler().fit(X, sample_weight=s).scale_
    with warnings.catch_warnings():
        # Same descent, same iterate, wherever it ends.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = Estimator(0.2, standardize=True, **common).fit(container(X), y, s)
        by_hand = Estimator(0.2, **common).fit(X / scale, y, s)
    assert_allclose(model.coef_ * scale, by_hand.coef_, rtol=1e-6, atol=1e-7)
    assert_allclose(model.predict(X), by_hand.predict(X / scale), rtol=1e-6, atol=1e-6)
    assert_allclose(model.objective_, by_hand.objective_, rtol=1e-8)


@every_estimator
@pytest.mark.parametrize("lambda_", [0.0, 0.1])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_standardize_gives_constant_columns_no_weight(
    Estimator: Any, lambda_: float, container: Any, fit_intercept: bool, tall: Any
) -> None:
    X, y = tall
    ones = np.ones(40)
    more = np.column_stack([0 * ones, X, 0.1 * ones, 1e9 / 3 * ones])
    parameters = EXACT | {"standardize": True, "fit_intercept": fit_intercept}
    model = Estimator(lambda_, **parameters).fit(container(more), y)
    without = Estimator(lambda_, **parameters).fit(X, y)
    if fit_intercept:
        assert_array_equal(model.coef_[[0, 9, 10]], [0, 0, 0])
        assert_allclose(model.coef_[1:9], without.coef_, rtol=1e-8, atol=1e-10)
    else:
        assert np.isfinite(model.coef_).all()
        assert model.coef_[0] == 0


# --- sample weights -----------------------------------------------------------------------------

COMMON_WEIGHTS = {"learning_rate": "auto", "n_iterations": 300, "tol": 1e-9}
some_solvers = pytest.mark.parametrize("solver", SOME_SOLVERS)


@ignore_convergence
@every_pair(
    solver=SOME_SOLVERS,
    Estimator=ESTIMATORS,
    container=CONTAINERS,
    factor=[10.0, 1e-200, 1e200],
    shape=TALL_AND_WIDE,
)
def test_rescaling_all_sample_weights_changes_nothing(
    Estimator: Any, solver: str, container: Any, shape: tuple[int, int], factor: float
) -> None:
    X, y, _ = regression(rng(0), *shape)
    n = shape[0]
    s = rng(1).uniform(0.1, 3.0, n)
    model = Estimator(0.1, solver=solver, **COMMON_WEIGHTS)
    plain = clone(model).fit(container(X), y, s)
    scaled = clone(model).fit(container(X), y, factor * s)
    assert_allclose(scaled.coef_, plain.coef_, rtol=1e-9, atol=1e-11)
    assert_allclose(scaled.objective_, plain.objective_, rtol=1e-12)
    equal = clone(model).fit(container(X), y, np.full(n, factor))
    assert_allclose(equal.coef_, clone(model).fit(container(X), y).coef_, rtol=1e-9, atol=1e-11)


@ignore_convergence
@every_pair(
    solver=SOME_SOLVERS,
    Estimator=ESTIMATORS,
    container=CONTAINERS,
    standardize=[False, True],
    shape=TALL_AND_WIDE,
)
def test_integer_weights_repeat_rows_and_zero_drops_them(
    Estimator: Any, solver: str, container: Any, shape: tuple[int, int], standardize: bool
) -> None:
    X, y, _ = regression(rng(0), *shape)
    times = rng(1).integers(0, 4, shape[0])
    X[times == 0] *= 1e4  # must not matter
    model = Estimator(0.1, solver=solver, standardize=standardize, **COMMON_WEIGHTS)
    weighted = clone(model).fit(container(X), y, times)
    repeated = clone(model).fit(container(np.repeat(X, times, axis=0)), np.repeat(y, times))
    assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-6, atol=1e-8)
    assert_allclose(weighted.intercept_, repeated.intercept_, rtol=1e-6)
    assert_allclose(weighted.objective_, repeated.objective_, rtol=1e-8)


@every_estimator
@some_solvers
def test_weights_of_very_different_size_are_taken_seriously(
    Estimator: Any, solver: str, tall: Any
) -> None:
    X, y = tall
    s = np.ones(40)
    s[:20] = 1e-300
    model = Estimator(0.1, "auto", 50_000, solver=solver, tol=1e-10)
    half = clone(model).fit(X[20:], y[20:])
    assert_allclose(clone(model).fit(X, y, s).coef_, half.coef_, rtol=1e-6, atol=1e-8)


# --- sparse X -----------------------------------------------------------------------------------


@every_pair(
    solver=[*DESCENTS, "auto"],
    make=["csr", "csc", "coo"],
    Estimator=ESTIMATORS,
    kind=["array", "matrix"],
    index=[np.int32, np.int64],
    shape=TALL_AND_WIDE,
)
def test_sparse_fit_is_the_dense_fit(
    Estimator: Any, solver: str, make: str, kind: str, index: Any, shape: tuple[int, int]
) -> None:
    X = sparse_design(rng(0), *shape, 0.4)
    y = rng(1).normal(size=shape[0])
    sparse = getattr(sp, f"{make}_{kind}")(X)
    if make == "coo":
        sparse.coords = tuple(c.astype(index) for c in sparse.coords)
    else:
        sparse.indices, sparse.indptr = sparse.indices.astype(index), sparse.indptr.astype(index)
    common = {"learning_rate": "auto", "n_iterations": 50, "solver": solver, "tol": 1e-10}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        dense = Estimator(0.02, **common).fit(X.toarray(), y)
        model = Estimator(0.02, **common).fit(sparse, y)
    assert dense.coef_.any()
    assert_allclose(model.coef_, dense.coef_, rtol=1e-7, atol=1e-9)
    assert_allclose(model.intercept_, dense.intercept_, rtol=1e-7)
    assert_allclose(model.predict(sparse), dense.predict(X.toarray()), rtol=1e-7)


@every_estimator
@pytest.mark.parametrize("solver", ["gradient_descent", "auto"])
def test_unsorted_and_repeated_sparse_entries_are_summed_not_rewritten(
    Estimator: Any, solver: str
) -> None:
    data = np.array([1.0, 2.0, 3.0, -1.0, 0.5, 4.0, 1.0])
    indices = np.array([2, 0, 2, 1, 1, 0, 2])
    indptr = np.array([0, 3, 4, 5, 7])
    X = sp.csr_array((data.copy(), indices.copy(), indptr.copy()), shape=(4, 3))
    y = np.array([1.0, -2.0, 0.5, 3.0])
    parameters = {"learning_rate": "auto", "n_iterations": 20_000, "solver": solver, "tol": 1e-12}
    model = Estimator(0.01, **parameters).fit(X, y)
    dense = Estimator(0.01, **parameters).fit(X.toarray(), y)
    assert_allclose(model.coef_, dense.coef_, rtol=1e-5, atol=1e-7)
    assert_array_equal(X.data, data)
    assert_array_equal(X.indices, indices)


@pytest.fixture
def memory() -> Iterator[Any]:
    """Peak of memory, in bytes, since the last call."""
    tracemalloc.start()

    def peak() -> int:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        return most

    yield peak
    tracemalloc.stop()


@ignore_convergence
@every_estimator
@pytest.mark.parametrize("solver", [*DESCENTS, "auto"])
def test_huge_sparse_x_is_never_densified(Estimator: Any, solver: str, memory: Any) -> None:
    n, p, stored = 100_000, 50_000, 100_000  # 40 GB if dense; the Gram matrix 20 GB
    generator = rng(0)
    cells = (generator.integers(0, n, stored), generator.integers(0, p, stored))
    X = sp.coo_array((generator.uniform(0.5, 1.5, stored), cells), shape=(n, p)).tocsr()
    y = X[:, [0]].toarray().ravel() + X @ (generator.random(p) < 1e-4) + 1.0
    lambda_ = 0.3 * judge_lambda_max(X, y)
    memory()
    before = memory()
    model = Estimator(lambda_, "auto", 3, solver=solver, tol=1e-3).fit(X, y)
    assert memory() - before < 100e6
    assert model.coef_.shape == (p,)
    assert np.isfinite(model.coef_).all()
    assert model.coef_.any()


def judge_lambda_max(X: Any, y: Any) -> float:
    """lambda_max of a sparse X, centred on the side of y."""
    return float(np.abs(X.T @ (y - y.mean())).max() / len(y))


@ignore_convergence
@every_pair(solver=[*DESCENTS, "auto"], Estimator=ESTIMATORS, shape=[(20_000, 500), (500, 20_000)])
def test_sparse_x_takes_far_less_memory_than_dense(
    Estimator: Any, solver: str, shape: tuple[int, int], memory: Any
) -> None:
    n, p = shape
    X = sparse_design(rng(0), n, p, 1e-3)  # 80 MB if dense
    y = X @ (rng(1).random(p) < 0.01) + 0.1 * rng(2).normal(size=n)
    lambda_ = 0.3 * judge_lambda_max(X, y)
    memory()
    before = memory()
    Estimator(lambda_, "auto", 20, solver=solver).fit(X, y)
    assert memory() - before < 25e6
