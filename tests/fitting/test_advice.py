"""Warnings: one a fit, with a remedy that helps, and pointing at the line of the user."""

from __future__ import annotations

import inspect
import os
import pickle
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import problems as judge
import sklearn_reg
from covering import every_pair
from estimating import DESCENTS, ESTIMATORS, EXACT, data_for, every_estimator, rng
from problems import correlated, regression
from sklearn_reg import (
    ElasticNetRegression,
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
    lambda_sweep,
)
from sklearn_reg._data.designs import Preprocessing
from sklearn_reg._data.rows import rows_of
from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._data.units import Penalties, view_rows
from sklearn_reg._fitting.advice import _condition_number
from sklearn_reg._solvers.problem import problem_of

HERE = Path(__file__).parent


def houses(n: int = 400) -> tuple[Any, Any]:
    """Draw districts as a census counts them: incomes, people, degrees of latitude."""
    draw = rng(7)
    latitude = draw.normal(36, 2, n)
    X = np.column_stack(
        [
            draw.lognormal(1.2, 0.4, n),
            draw.integers(1, 52, n),
            draw.lognormal(1.6, 0.3, n),
            draw.lognormal(7, 0.7, n),
            latitude,
            -120 - 0.9 * (latitude - 36) + draw.normal(0, 0.9, n),
        ]
    )
    y = X @ [0.5, 0.01, -0.1, 1e-4, -0.4, -0.4] + 0.5 * draw.normal(size=n)
    return X, y - y.mean()


def equal_scales() -> tuple[Any, Any]:
    X, y, _ = regression(rng(1), 60, 8)
    return X / X.std(axis=0), y


def dependent() -> tuple[Any, Any]:
    X = correlated(rng(0), 100, 12, 0.9999)
    return X / X.std(axis=0), X @ rng(1).normal(size=12) + 0.1 * rng(2).normal(size=100)


def wide() -> tuple[Any, Any]:
    X, y, _ = regression(rng(3), 15, 30)
    return X, y


KINDS = {
    "columns of unequal scale": houses,
    "columns of equal scale": equal_scales,
    "nearly dependent columns": dependent,
    "more columns than rows": wide,
}


def warned(fit: Callable[[], Any]) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit()
    return caught


def advised(message: str) -> dict[str, Any]:
    """Read the parameters that a message says to set."""
    remedy = message.partition(" Remedy: ")[2]
    assert remedy, message
    found: dict[str, Any] = {}
    if "standardize=True" in remedy:
        found["standardize"] = True
    if "learning_rate='auto'" in remedy:
        found["learning_rate"] = "auto"
    if below := re.search(r"lambda_ below ([\d.e+-]+)", remedy):
        found["lambda_"] = 0.5 * float(below[1])
    if tol := re.search(r"tol=([\d.e+-]+)", remedy):
        found["tol"] = float(tol[1])
    if iterations := re.search(r"n_iterations=(\d+)", remedy):
        found["n_iterations"] = int(iterations[1])
    elif "solver='auto'" in remedy:
        found["solver"] = "auto"
    assert found, message
    return found


def relative_gap(model: Any, y: Any) -> float:
    null = 0.5 * np.mean((y - y.mean()) ** 2 if model.fit_intercept else y**2)
    return float(model.dual_gap_ / null)


# --- the remedy -----------------------------------------------------------------------------------


@every_pair(solver=[*DESCENTS, "active_set", "auto"], kind=KINDS, Estimator=ESTIMATORS)
def test_one_warning_a_fit_and_its_remedy_is_new_and_helps(
    Estimator: Any, solver: str, kind: str
) -> None:
    X, y = KINDS[kind]()
    told = 0
    for learning_rate, lambda_, tol, more in (
        (0.01, 0.01, 1e-6, {}),
        (0.01, 1.0, 1e-8, {"standardize": True}),
        (1e-4, 0.0, 1e-6, {"fit_intercept": False}),
        (1e-3, 0.01, 1e-6, {"positive": True}),
        (50.0, 0.1, 1e-6, {}),
        ("auto", 0.001, 1e-9, {}),
        ("auto", 0.01, 0.0, {"standardize": True}),
    ):
        model = Estimator(lambda_, learning_rate, 200, solver=solver, tol=tol, **more)
        caught = warned(lambda model=model: model.fit(X, y))
        if not caught:
            assert model.converged_
            continue
        assert [warning.category for warning in caught] == [ConvergenceWarning]
        message = str(caught[0].message)
        assert len(message) < 420, message
        before = model.get_params()
        new = advised(message)
        assert {name for name, value in new.items() if before[name] == value} == set(), message
        followed = clone(model).set_params(**new)
        again = warned(lambda followed=followed: followed.fit(X, y))
        assert not again or relative_gap(followed, y) < 0.5 * relative_gap(model, y), message
        told += 1
    assert told or solver in ("active_set", "auto")


@every_estimator
def test_raw_data_get_the_stable_rate_and_the_advice_of_equal_scales(Estimator: Any) -> None:
    X, y = houses()
    model = Estimator(0.01)
    (warning,) = warned(lambda: model.fit(X, y))
    message = str(warning.message)
    L = np.linalg.eigvalsh(np.cov(X.T, bias=True))[-1]
    limit = float(re.search(r"largest stable rate ([\d.e-]+)", message)[1])
    assert_allclose(limit, 2 / L, rtol=1e-3)
    assert "columns of X differ in scale" in message
    assert advised(message) == {"standardize": True, "learning_rate": "auto"}
    assert "solver='auto'" not in message
    followed = Estimator(0.01, "auto", standardize=True).fit(X, y)  # a warning would be an error
    assert followed.score(X, y) > model.score(X, y) + 0.3


def test_equal_scales_come_with_a_smaller_lambda_where_nothing_else_would_be_left() -> None:
    X, y = houses()
    (warning,) = warned(lambda: LassoRegression(1.0).fit(X, y))
    limit = float(re.search(r"lambda_ below ([\d.e-]+)", str(warning.message))[1])
    Z = StandardScaler().fit_transform(X)
    assert_allclose(limit, np.abs(Z.T @ (y - y.mean())).max() / len(y), rtol=5e-3)


@every_estimator
def test_short_steps_are_told_from_few_iterations(Estimator: Any) -> None:
    X, y = equal_scales()
    (short,) = warned(lambda: Estimator(0.01, 1e-4).fit(X, y))
    assert "learning_rate=0.0001 makes short steps (1/L = " in str(short.message)
    assert advised(str(short.message)) == {"learning_rate": "auto"}
    (few,) = warned(lambda: Estimator(0.01, "auto", 4).fit(X, y))
    assert "Cause: too few iterations." in str(few.message)
    n_iterations = advised(str(few.message))["n_iterations"]
    assert Estimator(0.01, "auto", n_iterations).fit(X, y).converged_


@pytest.mark.parametrize("solver", ["closed_form", "auto"])
def test_an_exact_solver_is_told_of_rounding_and_never_of_iterations(solver: str) -> None:
    X, y = dependent()
    (warning,) = warned(lambda: RidgeRegression(1e-6, solver=solver, tol=0.0).fit(X, y))
    message = str(warning.message)
    assert "tol=0 is below rounding" in message
    assert "too few" not in message
    assert list(advised(message)) == ["tol"]


@every_estimator
@pytest.mark.parametrize("learning_rate", [1e-5, 0.01, 1e7, "auto"])
@pytest.mark.parametrize("lambda_", [0.0, 1.0])
@pytest.mark.parametrize("way", ["fit", "fit_batches"])
def test_nothing_to_fit_is_nothing_to_warn_of(
    Estimator: Any, learning_rate: Any, lambda_: float, way: str
) -> None:
    X, y = equal_scales()
    for solver in ("gradient_descent", "accelerated", "subgradient", "auto"):
        # Moments have lost digits, so that they cannot certify a tolerance of 0.
        for tol in (1e-6, 0.0) if way == "fit" else (1e-6,):
            model = Estimator(lambda_, learning_rate, solver=solver, tol=tol)
            excluding = clone(model).set_params(penalty_weights=np.full(8, np.inf))
            for parameters, A, b in (
                (model, X, np.full(60, 0.1)),
                (model, np.full((60, 8), 0.1), y),
                (model, X[:1], y[:1]),
                (excluding, X, y),
            ):
                estimator = clone(parameters)
                if way == "fit":  # a warning would be an error
                    estimator.fit(A, b)
                else:
                    estimator.fit_batches([(A[:30], b[:30]), (A[30:], b[30:])])
                assert estimator.converged_


@pytest.mark.parametrize("Estimator", [LassoRegression, ElasticNetRegression])
def test_a_penalty_that_leaves_nothing_is_fitted_at_any_rate(Estimator: Any) -> None:
    X, y = equal_scales()
    model = Estimator(1e4, 1e3).fit(X, y)  # a warning would be an error
    assert not model.coef_.any()


@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_condition_number_is_that_of_the_problem_and_of_equal_scales(l2: float) -> None:
    X, y = houses(60)
    p = X.shape[1]
    one = UnitPenalty(0.0, np.ones(p), np.zeros(p, dtype=bool))
    penalty = Penalties(np.array([l2]), one)
    data = rows_of(X), y[:, None], None
    view = view_rows(*data, penalty, Preprocessing(True, False), on_gram=True)
    problem = problem_of(view, 0, penalty)
    for scales, matrix in (
        (None, np.cov(X.T, bias=True)),
        (np.sqrt(problem.design.squares), np.corrcoef(X.T)),
    ):
        assert_allclose(
            _condition_number(problem, scales), np.linalg.cond(matrix + l2 * np.eye(p)), rtol=1e-6
        )


# --- the line of the user -------------------------------------------------------------------------


class Mine(LassoRegression):
    """An estimator of a user: its code is the user's."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        return super().fit(X, y, sample_weight)


def batches(X: Any, y: Any) -> Iterator[tuple[Any, Any]]:
    return ((X[k : k + 50], y[k : k + 50]) for k in range(0, len(y), 50))


SHORT = LassoRegression(0.01, n_iterations=3)
AT_THE_END = LassoRegressionCV(lambdas=[0.1, 1.0])  # of a curve that falls
# Each call that warns is one line.
WITH_MOMENTS = RidgeRegression(solver="auto")
IN_A_PIPELINE = GridSearchCV(make_pipeline("passthrough", SHORT), {}, cv=2)
CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "fit": lambda X, y: clone(SHORT).fit(X, y),
    "partial_fit": lambda X, y: clone(SHORT).partial_fit(X, y),
    "anew": lambda X, y: LassoRegression(solver="auto").fit(X, y).partial_fit(X, y),
    "batches": lambda X, y: clone(SHORT).fit_batches(batches(X, y)),
    "moments": lambda X, y: clone(SHORT).fit_moments(WITH_MOMENTS.partial_fit(X, y).moments_),
    "pipeline": lambda X, y: make_pipeline("passthrough", SHORT).fit(X, y),
    "target": lambda X, y: TransformedTargetRegressor(SHORT).fit(X, y),
    "search": lambda X, y: GridSearchCV(SHORT, {"lambda_": [0.1, 0.2]}, cv=2).fit(X, y),
    "search of a pipeline": lambda X, y: clone(IN_A_PIPELINE).fit(X, y),
    "scores": lambda X, y: cross_val_score(SHORT, X, y, cv=2),
    "outputs": lambda X, y: MultiOutputRegressor(SHORT).fit(X, np.column_stack([y, y])),
    "joblib": lambda X, y: joblib.Parallel(1)([joblib.delayed(clone(SHORT).fit)(X, y)]),
    "sweep": lambda X, y: lambda_sweep(SHORT, X, y, (0.1, 0.2), cv=2),
    "CV": lambda X, y: clone(AT_THE_END).fit(X, y),
    "CV of batches": lambda X, y: clone(AT_THE_END).fit_batches(batches(X, y)),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_warning_points_at_the_line_of_the_user(call: str) -> None:
    X, y = houses(100)
    caught = warned(lambda: CALLS[call](X, y))
    assert caught
    line = inspect.getsourcelines(CALLS[call])[1]
    for warning in caught:
        assert (warning.filename, warning.lineno) == (__file__, line), str(warning.message)


def test_a_warning_points_into_a_class_of_the_user() -> None:
    X, y = houses(100)
    for fit in (Mine(n_iterations=3).fit, make_pipeline(Mine(n_iterations=3)).fit):
        (warning,) = warned(lambda fit=fit: fit(X, y))
        line = inspect.getsourcelines(Mine.fit)[1] + 1
        assert (warning.filename, warning.lineno) == (__file__, line)


def test_a_pickle_of_a_newer_version_warns_at_the_line_that_opens_it(tmp_path: Path) -> None:
    X, y = equal_scales()
    model = LassoRegression(solver="auto").fit(X, y)
    newer = pickle.dumps(model).replace(sklearn_reg.__version__.encode(), b"9.1.0")
    (tmp_path / "model").write_bytes(newer)
    for opened in (lambda: pickle.loads(newer), lambda: joblib.load(tmp_path / "model")):
        (warning,) = warned(opened)
        assert "was pickled by sklearn_reg 9.1.0" in str(warning.message)
        assert (warning.filename, warning.lineno) == (__file__, opened.__code__.co_firstlineno)


def test_where_no_line_is_the_users_a_warning_comes_nevertheless() -> None:
    X, y = houses(100)
    # In its thread nothing but libraries calls.
    fits = [joblib.delayed(clone(SHORT).fit)(X, y) for _ in range(2)]
    caught = warned(lambda: joblib.Parallel(2, backend="threading")(fits))
    assert {warning.filename for warning in caught} == {"sys"}


# --- many fits ------------------------------------------------------------------------------------

SCRIPT = """
import numpy as np
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn_reg import LassoRegression
from test_advice import houses

X, y = houses()
search = GridSearchCV(LassoRegression(n_iterations=50), {"lambda_": np.geomspace(1e-3, 1, 6)})
search.fit(X, y)
for _ in range(2):
    cross_val_score(LassoRegression(0.01, n_iterations=50), X, y)
LassoRegression(0.01, n_iterations=50).fit(X, y)
"""


def test_a_search_says_once_what_all_its_fits_would_say(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    path = os.pathsep.join(map(str, (HERE.parents[1], HERE.parent, HERE)))
    done = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = re.findall(r"script.py:(\d+): ConvergenceWarning: (.*)", done.stderr)
    assert [int(number) for number, _ in lines] == [9, 11, 12]
    of_search, of_scores, of_one_fit = (message for _, message in lines)
    assert of_search == of_scores
    assert "duality gap" not in of_search
    assert "duality gap" in of_one_fit
    assert advised(of_search) == advised(of_one_fit)


def test_who_asks_for_every_warning_of_a_search_gets_them() -> None:
    X, y = houses(100)
    for _ in range(2):  # what has been shown at a line is not kept under these filters
        assert len(warned(lambda: cross_val_score(SHORT, X, y, cv=3))) == 3
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        with pytest.raises(ConvergenceWarning):
            cross_val_score(SHORT, X, y, cv=3, error_score="raise")


class Chatty(TransformerMixin, BaseEstimator):
    """A step that warns twice in every other fit."""

    fits = 0

    def fit(self, X: Any, y: Any = None) -> Any:
        type(self).fits += 1
        for _ in range(2 * (type(self).fits % 2)):
            warnings.warn("a step has something to say", RuntimeWarning, stacklevel=2)
        return self

    def transform(self, X: Any) -> Any:
        return X


def test_a_sweep_counts_fits_and_keeps_categories_apart() -> None:
    X, y = houses(100)
    pipeline = make_pipeline(Chatty(), LassoRegression(n_iterations=3))
    caught = warned(lambda: lambda_sweep(pipeline, X, y, (0.01, 0.02), cv=3))
    told = {warning.category: str(warning.message) for warning in caught}
    assert len(caught) == len(told) == 2
    assert told[ConvergenceWarning].startswith("6 of 6 fits warned, the first: LassoRegression: ")
    assert told[RuntimeWarning] == "3 of 6 fits warned, the first: a step has something to say"


def test_columns_that_depend_on_each_other_are_named() -> None:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.normal(size=(40, 3)), columns=["rent", "food", "fuel"])
    frame["total"] = frame.sum(axis=1) + 1e-11 * rng.normal(size=40)
    y = frame["rent"] + 1e9 * (frame["total"] - frame[["rent", "food", "fuel"]].sum(axis=1))
    y += rng.normal(size=40)
    model = RidgeRegression(1e-25, solver="auto", tol=1e-12)
    messages = [str(warning.message) for warning in warned(lambda: model.fit(frame, y))]
    for message in messages:  # where rounding lets it converge there is nothing to say
        assert "columns of X are too dependent for this accuracy" in message
        assert "total" in message
    assert messages


@pytest.mark.parametrize("n_rows", [500, 30])
@pytest.mark.parametrize("mean", [1e2, 1e4, 1e6, 1e9, 1e12, 1e14])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "estimator",
    [
        RidgeRegression(0.05, solver="closed_form"),
        LassoRegression(0.05, solver="auto"),
        LassoRegression(0.05, solver="auto", tol=1e-12),
        LassoRegression(0.05, solver="auto", standardize=True),
        LassoRegressionCV([0.05, 0.1], cv=3),
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore:.*the smallest error is at:UserWarning")
def test_what_rounding_of_large_means_costs_is_named_and_cured(
    estimator: Any, dtype: Any, mean: float, n_rows: int
) -> None:
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(n_rows, 40)) + mean).astype(dtype)
    y = (X[:, :3].sum(axis=1, dtype=np.float64) - 3 * mean + rng.normal(size=n_rows)).astype(dtype)
    cures = {
        "X less the means of its columns": X - X.mean(axis=0, dtype=np.float64).astype(dtype),
        "X in float64": X.astype(np.float64),
        "X in float64, less the means of its columns": X - X.mean(axis=0, dtype=np.float64),
    }

    def told_of(A: Any) -> list[str]:
        caught = warned(lambda: clone(estimator).fit(A, y))
        return [str(each.message) for each in caught if each.category is ConvergenceWarning]

    messages = told_of(X)
    assert messages or mean < 1e12 or dtype == np.float32 or n_rows > 40
    for message in messages:
        remedy = message.split("Remedy: ")[1].rstrip(".")
        if remedy.startswith("a larger tol"):
            assert "below rounding" in message
        else:
            assert told_of(cures[remedy]) == []


# --- the cause, the figures, the remedy -----------------------------------------------------------


def numbers_in(message: str) -> list[float]:
    return [float(x) for x in re.findall(r"\d+\.?\d*(?:[eE][-+]?\d+)?", message)]


def says(message: str, value: float) -> bool:
    return any(np.isclose(x, value, rtol=6e-3) for x in numbers_in(message))


@every_estimator
@pytest.mark.parametrize("solver", DESCENTS)
@pytest.mark.parametrize("excess", [1.01, 50.0, 1e200])
def test_rate_that_cannot_converge_is_named_and_replaced(
    Estimator: Any, solver: str, excess: float, tall: Any
) -> None:
    X, y = tall
    largest = 2 / judge.largest_curvature(data_for(Estimator, X, y, 0.1))
    rate = excess * largest
    if solver == "accelerated":
        largest /= 2  # momentum needs a rate of at most 1 / L
    model = Estimator(0.1, rate, 5000, solver=solver, tol=1e-6)
    with pytest.warns(ConvergenceWarning, match="learning_rate") as caught:
        model.fit(X, y)
    assert says(str(caught[0].message), largest)
    assert np.isfinite(model.history_).all()
    best = Estimator(0.1, **EXACT).fit(X, y)
    if solver != "subgradient":
        assert len(caught) == 1
        assert model.converged_
        assert_allclose(model.coef_, best.coef_, atol=1e-2)
    assert model.learning_rate == rate  # a parameter is never changed


@every_estimator
def test_rate_just_below_two_over_l_draws_no_rate_warning(Estimator: Any, tall: Any) -> None:
    X, y = tall
    largest = 2 / judge.largest_curvature(data_for(Estimator, X, y, 0.1))
    model = Estimator(0.1, 0.99 * largest, 20_000).fit(X, y)  # a warning would be an error
    assert model.converged_
    with pytest.warns(ConvergenceWarning, match="learning_rate"):
        Estimator(0.1, largest * (1 + 1e-9), 20_000).fit(X, y)


@every_estimator
@pytest.mark.parametrize("solver", DESCENTS)
def test_ending_above_tol_says_gap_bound_cause_and_remedy(
    Estimator: Any, solver: str, tall: Any
) -> None:
    X, y = tall
    with pytest.warns(ConvergenceWarning) as caught:
        model = Estimator(0.1, 1e-5, 100, solver=solver).fit(X, y)
    assert len(caught) == 1
    message = str(caught[0].message)
    assert not model.converged_
    assert says(message, model.dual_gap_)
    problem = data_for(Estimator, X, y, 0.1)
    assert says(message, 1e-6 * judge.null_objective(problem))
    # The cause: a rate far below 1 / L.
    assert "learning_rate=1e-05" in message
    assert says(message, 1 / judge.largest_curvature(problem))
    kinked = solver == "subgradient" and Estimator is not RidgeRegression
    remedy = "solver='auto'" if kinked else "learning_rate='auto'"  # sign(w) never settles
    assert f"Remedy: {remedy}" in message
    assert type(model).__name__ in message
    assert caught[0].filename == __file__  # it points at the user's line


@every_estimator
def test_ending_above_tol_blames_columns_of_unequal_scale(Estimator: Any, tall: Any) -> None:
    X, y = tall
    X = X / X.std(axis=0) * np.geomspace(1, 2000, 8)
    with pytest.warns(ConvergenceWarning, match="scale") as caught:
        Estimator(0.1, "auto", 50).fit(X, y)
    assert says(str(caught[0].message), 2000)


@every_estimator
def test_ending_above_tol_blames_conditioning(Estimator: Any) -> None:
    X = correlated(rng(0), 200, 20, 0.999)
    X = X / X.std(axis=0)
    y = X @ rng(1).normal(size=20)
    with pytest.warns(ConvergenceWarning, match="condition"):
        Estimator(1e-6, "auto", 50, tol=1e-9).fit(X, y)


@every_estimator
def test_remedy_of_the_warning_works(Estimator: Any, diabetes: Any) -> None:
    X, y = diabetes
    with pytest.warns(ConvergenceWarning):
        model = Estimator(0.01).fit(X, y)
    assert not model.converged_
    assert model.set_params(solver="auto").fit(X, y).converged_


@every_estimator
def test_a_tolerance_of_zero_ends_at_rounding_and_says_so(Estimator: Any, tall: Any) -> None:
    X, y, *_ = tall
    model = Estimator(0.1, solver="active_set", tol=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    assert model.n_iter_ <= 10
    assert model.dual_gap_ <= 1e-13 * np.var(y)
    if not model.converged_:
        assert "tol=0 is below rounding (about 1e-13)" in str(caught[0].message)
