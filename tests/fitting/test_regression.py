"""A fit: one problem a target, from where the last ended, with parameters that are checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from estimating import DESCENTS, EXACT, INF, NAN, data_for, every_estimator, ignore_convergence, rng
from problems import regression, textbook_descent
from sklearn_reg import ElasticNetRegression

# --- targets --------------------------------------------------------------------------------------


@ignore_convergence
@every_estimator
@pytest.mark.parametrize("solver", [*DESCENTS, "auto"])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
def test_targets_are_solved_independently_each_stopping_on_its_own(
    Estimator: Any, solver: str, container: Any
) -> None:
    X, y, _ = regression(rng(0), 40, 6)
    Y = np.column_stack([y, X[:, 0] + 100.0, 1e3 * rng(1).normal(size=40), np.full(40, 2.0)])
    parameters = {"learning_rate": "auto", "n_iterations": 3000, "solver": solver, "tol": 1e-3}
    together = Estimator(0.1, **parameters).fit(container(X), Y)
    alone = [Estimator(0.1, **parameters).fit(container(X), t) for t in Y.T]
    assert len({model.n_iter_ for model in alone}) > 1 or solver == "auto"
    assert together.n_iter_ == max(model.n_iter_ for model in alone)
    for j, model in enumerate(alone):
        assert_allclose(together.coef_[j], model.coef_, rtol=1e-10, atol=1e-13)
        assert_allclose(together.intercept_[j], model.intercept_, rtol=1e-10)
        assert_allclose(together.objective_[j], model.objective_, rtol=1e-9, atol=1e-25)
        assert_allclose(
            together.history_[: model.n_iter_, j], model.history_, rtol=1e-9, atol=1e-25
        )


@every_estimator
def test_each_target_may_have_its_own_lambda(Estimator: Any, tall: Any) -> None:
    X, y = tall
    Y = np.column_stack([y, 2 * y, y + 1])
    lambdas = [0.01, 0.5, 100.0]
    model = Estimator(lambdas, **EXACT).fit(X, Y)
    for j, lambda_ in enumerate(lambdas):
        assert_allclose(
            model.coef_[j], Estimator(lambda_, **EXACT).fit(X, Y[:, j]).coef_, rtol=1e-9, atol=1e-12
        )
    assert_allclose(Estimator([0.5], **EXACT).fit(X, 2 * y).coef_, model.coef_[1], rtol=1e-9)


# --- starts ---------------------------------------------------------------------------------------


@ignore_convergence
@every_estimator
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("targets", [1, 2])
def test_warm_start_continues_the_descent(
    Estimator: Any, standardize: bool, targets: int, tall: Any
) -> None:
    X, y = tall
    Y = y if targets == 1 else np.column_stack([y, y[::-1]])
    common = {"learning_rate": 0.05, "tol": 0.0, "standardize": standardize}
    once = Estimator(0.1, n_iterations=30, **common).fit(X, Y)
    twice = Estimator(0.1, n_iterations=15, warm_start=True, **common).fit(X, Y).fit(X, Y)
    cold = Estimator(0.1, n_iterations=15, **common).fit(X, Y).fit(X, Y)
    assert_allclose(twice.coef_, once.coef_, rtol=1e-10, atol=1e-13)
    assert_allclose(twice.history_, once.history_[15:], rtol=1e-11)
    assert np.abs(cold.coef_ - once.coef_).max() > 1e-4


@every_estimator
@pytest.mark.parametrize("solver", [*DESCENTS, "auto"])
def test_warm_start_at_the_optimum_ends_in_one_iteration(
    Estimator: Any, solver: str, tall: Any
) -> None:
    X, y = tall
    model = Estimator(0.1, "auto", **EXACT, warm_start=True).fit(X, y)
    best = model.coef_.copy()
    model.set_params(solver=solver, tol=1e-8).fit(X, y)
    assert model.n_iter_ == 1
    assert_allclose(model.coef_, best, rtol=1e-6, atol=1e-6)


@every_estimator
def test_two_fits_are_the_same_fit(Estimator: Any, tall: Any) -> None:
    model = Estimator(0.1, **EXACT)
    first = model.fit(*tall).coef_
    assert_array_equal(model.fit(*tall).coef_, first)


# --- what goes in stays as it was -----------------------------------------------------------------


def frozen(value: Any) -> Any:
    if sp.issparse(value):
        for part in (value.data, value.indices, value.indptr):
            part.setflags(write=False)
    else:
        value.setflags(write=False)
    return value


@ignore_convergence
@every_estimator
@pytest.mark.parametrize("solver", [*DESCENTS, "auto"])
@pytest.mark.parametrize("order", ["C", "F", "csr", "csc"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("standardize", [False, True])
def test_fit_changes_neither_data_nor_parameters(
    Estimator: Any, solver: str, order: str, dtype: Any, standardize: bool
) -> None:
    X, y, _ = regression(rng(0), 30, 6)
    X, y, s = X.astype(dtype), y.astype(dtype), rng(1).uniform(0.5, 2, 30)
    make = {"csr": sp.csr_array, "csc": sp.csc_array}.get(order)
    data = frozen(make(X) if make else np.array(X, order=order))
    v = frozen(np.array([0.0, 1.0, 2.0, np.inf, 1.0, 1.0]))
    target, weights, lambdas = frozen(y.copy()), frozen(s.copy()), frozen(np.array([0.1]))
    model = Estimator(lambdas, 0.05, 5, solver=solver, standardize=standardize, penalty_weights=v)
    before = model.get_params()
    model.fit(data, target, weights)  # writing to any of them would raise
    after = model.get_params()
    assert all(after[name] is before[name] for name in before)
    assert_array_equal(data.toarray() if make else data, X)
    assert_array_equal(target, y)
    assert_array_equal(weights, s)


# --- parameters -----------------------------------------------------------------------------------


@ignore_convergence
@every_estimator
def test_default_learning_rate_and_iterations_are_those_of_the_signature(
    Estimator: Any, tall: Any
) -> None:
    X, y = tall
    default = Estimator().fit(X, y)
    data = data_for(Estimator, X, y, 1.0)
    w, _ = textbook_descent(data, 0.01, default.n_iter_)[-1]
    assert default.n_iter_ <= 1000
    assert_allclose(default.coef_, w, rtol=1e-9, atol=1e-12)


REFUSED: list[tuple[str, Any]] = [
    *[("lambda_", value) for value in (-1.0, NAN, INF, "strong", None, 1j, [0.1, 0.2], [-1.0])],
    *[("learning_rate", value) for value in (0, -0.5, NAN, INF, "fast", None, [0.1])],
    *[("n_iterations", value) for value in (0, -5, 2.5, "10", None, NAN)],
    *[("tol", value) for value in (-1e-3, NAN, INF, "tight", None)],
    *[("solver", value) for value in ("newton", "", None, 3, ["auto"])],
    *[("fit_intercept", value) for value in ("yes", None, 2)],
    *[("standardize", value) for value in ("yes", None, 2)],
    *[("positive", value) for value in ("yes", None, 2)],
    *[("warm_start", value) for value in ("yes", None, 2)],
    *[
        ("penalty_weights", value)
        for value in ([1.0], [-1.0] + [1.0] * 7, [NAN] + [1.0] * 7, 3.0, "heavy", {"a": 1.0})
    ],
]


@every_estimator
@pytest.mark.parametrize(("name", "value"), REFUSED, ids=lambda x: str(x)[:20])
def test_bad_parameter_is_refused_in_fit_by_name_and_value(
    Estimator: Any, name: str, value: Any, tall: Any
) -> None:
    model = Estimator(**{name: value})  # never in __init__
    with pytest.raises((ValueError, TypeError)) as refusal:
        model.fit(*tall)
    message = str(refusal.value)
    assert name in message
    if name == "penalty_weights":
        said = ["(1,)", "-1", "nan", "3.0", "()", "heavy", "'a'", "names"]
        assert any(part in message for part in said)
    elif isinstance(value, list):
        assert any(part in message for part in ("(2,)", "-1", repr(value)))
    else:
        assert repr(value) in message


@pytest.mark.parametrize("value", [-0.1, 1.1, NAN, INF, "half", None])
def test_bad_l1_ratio_is_refused_by_name_and_value(value: Any, tall: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="l1_ratio") as refusal:
        ElasticNetRegression(l1_ratio=value).fit(*tall)
    assert repr(value) in str(refusal.value)


@every_estimator
def test_unknown_solver_is_answered_with_those_that_suit(Estimator: Any, tall: Any) -> None:
    with pytest.raises(ValueError, match="newton") as refusal:
        Estimator(solver="newton").fit(*tall)
    for name in ("gradient_descent", "subgradient", "accelerated", "auto"):
        assert name in str(refusal.value)
