"""What every fit reports - objective, gap, convergence - against a judge that shares no code."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning

import problems as judge
from problems import Data, problems, solved_by_kkt
from sklearn_reg import ElasticNetRegression, LassoRegression, RidgeRegression

# Fits that stop early on purpose, to see the certificate at work far from the optimum as well.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
laws = settings(suppress_health_check=[HealthCheck.too_slow])

DESCENTS = ("gradient_descent", "accelerated", "subgradient")
# A share of F(0, mean y): what float64 leaves of differences of sums of this size.
ROUNDING = 1e-11


def fit(data: Data, **parameters: Any) -> Any:
    """Fit the estimator of this penalty."""
    common = {
        "fit_intercept": data.fit_intercept,
        "penalty_weights": data.penalty_weights,
        "positive": data.positive,
    } | parameters
    if data.l1_ratio == 0:
        model: Any = RidgeRegression(data.lambda_, **common)
    elif data.l1_ratio == 1:
        model = LassoRegression(data.lambda_, **common)
    else:
        model = ElasticNetRegression(data.lambda_, l1_ratio=data.l1_ratio, **common)
    return model.fit(data.X, data.y, data.sample_weight)


def solvers_for(data: Data) -> st.SearchStrategy[str]:
    """Every solver that suits a penalty."""
    smooth = (data.l1_ratio == 0 or data.lambda_ == 0) and not data.positive
    return st.sampled_from(["auto", "active_set", *DESCENTS, *(["closed_form"] if smooth else [])])


def unit(data: Data) -> float:
    """Return what rounding is measured in."""
    return judge.null_objective(data) + float(np.finfo(float).tiny)


@laws
@given(problems(), st.data())
def test_objective_and_gap_are_those_of_the_judge(data: Data, draw: st.DataObject) -> None:
    solver = draw.draw(solvers_for(data))
    steps = draw.draw(st.sampled_from([1, 7, 200]))
    model = fit(data, solver=solver, learning_rate="auto", n_iterations=steps)
    event(solver)
    objective = judge.objective(data, model.coef_, model.intercept_)
    assert_allclose(model.objective_, objective, rtol=1e-9, atol=ROUNDING * unit(data))
    # A valid certificate may be sharper than the judge's, never blunter.
    bound = judge.duality_gap(data, model.coef_, model.intercept_)
    assert model.dual_gap_ >= 0
    assert model.dual_gap_ <= bound * (1 + 1e-6) + ROUNDING * unit(data)


@laws
@given(problems() | problems(positive=True), st.data())
def test_gap_bounds_the_distance_to_a_far_tighter_solution(data: Data, draw: st.DataObject) -> None:
    solver = draw.draw(solvers_for(data))
    steps = draw.draw(st.sampled_from([1, 3, 30, 200]))
    model = fit(data, solver=solver, learning_rate="auto", n_iterations=steps)
    best = fit(data, solver="auto", tol=1e-13)
    optimum = judge.objective(data, best.coef_, best.intercept_)
    excess = judge.objective(data, model.coef_, model.intercept_) - optimum
    event(f"{solver}, excess above rounding: {excess > 1e-9 * unit(data)}")
    assert model.dual_gap_ >= excess - ROUNDING * unit(data)


@laws
@given(problems() | problems(positive=True), st.data())
def test_converged_means_that_the_gap_is_within_tol_of_the_null_model(
    data: Data, draw: st.DataObject
) -> None:
    tol = draw.draw(st.sampled_from([1e-1, 1e-3, 1e-6, 1e-10]))
    solver = draw.draw(solvers_for(data))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = fit(data, solver=solver, learning_rate="auto", n_iterations=20, tol=tol)
    bound = tol * judge.null_objective(data)
    event(f"converged: {model.converged_}")
    # On the edge rounding decides; a constant y has no digits to decide by.
    edge = 1e-9 * bound + (1e-15 * np.abs(data.y).max()) ** 2
    if abs(model.dual_gap_ - bound) > edge:
        assert model.converged_ == (model.dual_gap_ <= bound)
    told = [w for w in caught if issubclass(w.category, ConvergenceWarning)]
    assert bool(told) == (not model.converged_)


@laws
@given(problems() | problems(positive=True), st.sampled_from([1e-4, 1e-8]))
def test_auto_always_certifies_its_optimum(data: Data, tol: float) -> None:
    model = fit(data, solver="auto", tol=tol)
    assert model.converged_
    distance = judge.duality_gap(data, model.coef_, model.intercept_)
    assert distance <= 2 * tol * judge.null_objective(data) + ROUNDING * unit(data)


@laws
@given(problems(), st.sampled_from(DESCENTS))
def test_history_ends_at_the_objective_and_counts_the_iterations(data: Data, solver: str) -> None:
    model = fit(data, solver=solver, learning_rate="auto", n_iterations=12)
    assert 1 <= model.n_iter_ <= 12
    assert model.history_.shape == (model.n_iter_,)
    assert np.isfinite(model.history_).all()
    assert_allclose(model.history_[-1], model.objective_, rtol=1e-12)
    assert model.gap_history_.shape == model.history_.shape
    assert model.gap_history_[-1] == model.dual_gap_


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.1])
@pytest.mark.parametrize(("n", "p"), [(60, 12), (30, 80)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("solver", ["auto", "active_set", "accelerated", "gradient_descent"])
def test_solution_written_down_from_the_optimality_conditions_is_found(
    solver: str, weighted: bool, n: int, p: int, l1_ratio: float
) -> None:
    solved = solved_by_kkt(
        np.random.default_rng(n + p), n, p, n_active=8, l1_ratio=l1_ratio, weighted=weighted
    )
    assert judge.duality_gap(solved.data, solved.coef, solved.intercept) < 1e-14
    model = fit(solved.data, solver=solver, learning_rate="auto", n_iterations=20_000, tol=1e-14)
    assert_allclose(model.coef_, solved.coef, atol=2e-6)
    assert_allclose(model.intercept_, solved.intercept, atol=2e-6)
    assert_allclose(
        model.objective_, judge.objective(solved.data, solved.coef, solved.intercept), rtol=1e-12
    )
    assert ((model.coef_ != 0) == (solved.coef != 0)).all()


def test_judge_gap_is_zero_at_a_known_ridge_solution_and_large_elsewhere() -> None:
    solved = judge.ridge_from_svd(np.random.default_rng(0), 30, 10, 0.3)
    at_optimum = judge.duality_gap(solved.data, solved.coef, solved.intercept)
    assert abs(at_optimum) < 1e-14
    away = solved.coef + 0.1
    excess = judge.objective(solved.data, away, solved.intercept) - judge.objective(
        solved.data, solved.coef, solved.intercept
    )
    assert judge.duality_gap(solved.data, away, solved.intercept) >= excess > 0.1
