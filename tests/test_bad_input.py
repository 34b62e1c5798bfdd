"""Every argument of every public function and class, given what is wrong, says so by name.

One table a kind of argument lists what is wrong for it; one table lists the arguments of each
callable and their kinds. A case is a pair of them. It must raise TypeError or ValueError (the type
is in the table), name the argument and show the value, and leave the estimator as it was. Data are
judged by scikit-learn: its own estimator must refuse them with the same type and no other words.
"""

from __future__ import annotations

import datetime
import inspect
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from decimal import Decimal
from functools import cache, partial
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import ElasticNet, LassoCV

import sklearn_reg as reg

mpl.use("Agg")
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 3)), RNG.normal(size=20)
INF, NAN = np.inf, np.nan


class Wrong(NamedTuple):
    """A value that is wrong, what it raises, and what the message must show."""

    value: Any
    error: type[Exception] | tuple[type[Exception], ...]
    shown: str  # a regular expression


def says(value: Any) -> str:
    """The value as Python writes it."""
    return re.escape(repr(value))


def number_like(*extra: Wrong) -> list[Wrong]:
    """What is wrong wherever one number is wanted."""
    wrong = ["one", None, 1j, b"1", True, [1.0, 2.0, 3.0, 4.0], {}, datetime.date(2020, 1, 1)]
    wrong += [Decimal("0.1"), np.datetime64("2020-01-01"), np.array(["1"]), object]
    return [Wrong(value, TypeError, "") for value in wrong] + list(extra)


NOT_FINITE = [Wrong(value, ValueError, says(value)) for value in (NAN, INF, -INF)]
NEGATIVE = [Wrong(-1.0, ValueError, "-1.0"), Wrong(-1e-300, ValueError, "-1e-300")]
TOO_LARGE = [Wrong(10**400, ValueError, "1000")]
ZERO = [Wrong(0, ValueError, "0"), Wrong(0.0, ValueError, r"0\.0"), Wrong(-0.0, ValueError, "0")]
# An array of numbers wherever its shape may vary.
NOT_NUMBERS = [
    Wrong("w", TypeError, "'w'"),
    Wrong(None, TypeError, "None"),
    Wrong([1j, 2.0], TypeError, "1j"),
    Wrong(["1", "2"], TypeError, "'1'"),
    Wrong([True, False], TypeError, "True"),
    Wrong([[1.0], [1.0, 2.0]], ValueError, "unequal"),
    Wrong(np.array([1.0, "a"], dtype=object), TypeError, "a"),
    Wrong(np.array(["2020-01-01", "2020-01-02"], dtype="M8[D]"), TypeError, "datetime64"),
    Wrong(np.array([1, 2], dtype="m8[s]"), TypeError, "timedelta64"),
    Wrong(np.ma.array([1.0, 2.0], mask=[True, False]), ValueError, "masked"),
    # An array of objects or of floats, as the version of pandas will have it.
    Wrong(pd.Series([1, None], dtype="Int64"), (TypeError, ValueError), "NA|nan"),
    Wrong({"a": 1}, TypeError, "'a'"),
]
NOT_FINITE_IN = [
    Wrong([NAN, 0.0], ValueError, "nan"),
    Wrong([0.0, INF], ValueError, r"inf at index \(1,\)"),
    Wrong(np.array([0.0, np.longdouble("1e400")]), ValueError, "inf"),
]
LAMBDAS = [
    Wrong("many", TypeError, "'many'"),
    Wrong(None, TypeError, "None"),
    Wrong(0, ValueError, "0"),
    Wrong(-3, ValueError, "-3"),
    Wrong([], ValueError, r"\[\]"),
    Wrong([[1.0, 2.0]], ValueError, r"\(1, 2\)"),
    Wrong([1.0, -1.0], ValueError, r"-1\.0"),
    Wrong([1.0, NAN], ValueError, "nan"),
    Wrong([INF], ValueError, "inf"),
    Wrong(["1", 2.0], TypeError, "'1'"),
    Wrong([1j], TypeError, "1j"),
    Wrong(1.5, ValueError, r"1\.5"),
    Wrong(np.ma.array([1.0, 2.0], mask=[True, False]), ValueError, "masked"),
]
KINDS: dict[str, list[Wrong]] = {
    "number >= 0": number_like(*NOT_FINITE, *NEGATIVE, *TOO_LARGE),
    "number > 0": number_like(*NOT_FINITE, *NEGATIVE, *TOO_LARGE, *ZERO),
    "ratio": number_like(
        *NOT_FINITE, *NEGATIVE, Wrong(1.0000001, ValueError, "1.0000001"), Wrong(2, ValueError, "2")
    ),
    "share": number_like(  # in [0, 1)
        *NOT_FINITE, *NEGATIVE, Wrong(1, ValueError, "1"), Wrong(1.0, ValueError, "1.0")
    ),
    "eps": number_like(*NOT_FINITE, *NEGATIVE, *ZERO, Wrong(1.1, ValueError, "1.1")),
    "count >= 0": [
        *(Wrong(value, TypeError, "") for value in ("3", None, 2.0, 1j, True, [3], NAN, INF)),
        Wrong(-1, ValueError, "-1"),
    ],
    "count >= 1": [
        *(Wrong(value, TypeError, "") for value in ("3", None, 2.0, 1j, True, [3], NAN, INF)),
        Wrong(0, ValueError, "0"),
        Wrong(-1, ValueError, "-1"),
    ],
    "flag": [
        Wrong(value, TypeError, says(value)) for value in ("yes", None, 1, 0, 0.0, [True], NAN)
    ],
    "weights": [*NOT_NUMBERS, *NOT_FINITE_IN],
    "gradient": [*NOT_NUMBERS, *NOT_FINITE_IN, Wrong([1.0], ValueError, r"\(1,\)")],
    "penalties": [
        *NOT_NUMBERS,
        *NOT_FINITE_IN,
        *NOT_FINITE,
        *NEGATIVE,
        *TOO_LARGE,
        Wrong([1.0, -1.0], ValueError, r"-1\.0 at index \(1,\)"),
        Wrong([1.0, 1.0, 1.0], ValueError, r"\(3,\)"),
        Wrong(np.ones((2, 2)), ValueError, r"\(2, 2\)"),
    ],
    "penalty_weights": [
        Wrong("many", TypeError, "'many'"),
        Wrong([1.0, 1.0], ValueError, r"\(2,\)"),
        Wrong(1.0, ValueError, r"\(\)"),
        Wrong(np.ones((3, 1)), ValueError, r"\(3, 1\)"),
        Wrong([1.0, -1.0, 1.0], ValueError, r"-1\.0.* at index 1"),
        Wrong([1.0, NAN, 1.0], ValueError, "nan.* at index 1"),
        Wrong([1.0, -INF, 1.0], ValueError, "-inf.* at index 1"),
        Wrong(["1", "1", "1"], TypeError, "'1'"),
        Wrong([1.0, None, 1.0], TypeError, "None"),
        Wrong([1.0, 1j, 1.0], TypeError, "1j"),
        Wrong({"x0": 2.0}, ValueError, "DataFrame"),
        Wrong(np.ma.array(np.ones(3), mask=[1, 0, 0]), ValueError, "masked"),
    ],
    "sample_weight": [
        Wrong(-1.0, ValueError, r"-1\.0"),
        Wrong(NAN, ValueError, "nan"),
        Wrong(np.ones(19), ValueError, r"\(19,\)"),
        Wrong(np.ones((20, 1)), ValueError, r"\(20, 1\)"),
        Wrong(np.r_[-0.5, np.ones(19)], ValueError, r"-0\.5"),
        Wrong(np.r_[NAN, np.ones(19)], ValueError, "NaN"),
        Wrong(np.r_[INF, np.ones(19)], ValueError, "infinity"),
        Wrong(np.zeros(20), ValueError, "zeros"),
        Wrong(0.0, ValueError, "zeros"),
        Wrong(np.ma.array(np.ones(20), mask=np.arange(20) == 3), ValueError, "1 masked"),
        Wrong(np.full(20, np.datetime64("2020")), TypeError, "datetime64"),
    ],
    "lambdas": LAMBDAS,
    "solver": [
        Wrong(value, ValueError, says(value))
        for value in ("sag", "", None, 3, "Auto", ["auto"], "lbfgs")
    ],
    "learning_rate": number_like(*NOT_FINITE, *NEGATIVE, *TOO_LARGE, *ZERO),
    "lambda_ of targets": [
        *(Wrong(value, TypeError, "") for value in ("one", None, 1j, True, {}, b"1", ["1"])),
        *NOT_FINITE,
        *NEGATIVE,
        *TOO_LARGE,
        Wrong([1.0, 2.0], ValueError, r"\(2,\)"),
        Wrong([[1.0]], ValueError, r"\(1, 1\)"),
        Wrong([-1.0], ValueError, r"lambda_\[0\].*-1\.0"),
        Wrong([NAN], ValueError, r"lambda_\[0\].*nan"),
        Wrong(np.ma.array([1.0], mask=[True]), ValueError, "masked"),
    ],
    "ratios": [
        *(Wrong(value, TypeError, "") for value in ("half", None, 1j, True, ["0.5"])),
        *NOT_FINITE,
        Wrong(1.1, ValueError, "1.1"),
        Wrong([0.5, 1.1], ValueError, "1.1"),
        Wrong([], ValueError, r"\[\]"),
    ],
    "rule": [Wrong(value, ValueError, says(value)) for value in ("best", None, 2, ["min"])],
    "state": [
        Wrong("state", TypeError, "'state'"),
        Wrong(([0.0], [0.0], 0), TypeError, "AdamState"),
        Wrong(reg.AdamState(np.zeros(3), np.zeros(2), 0), ValueError, r"\(3,\)"),
        Wrong(reg.AdamState(np.zeros(2), np.array([0.0, -1.0]), 0), ValueError, "-1"),
        Wrong(reg.AdamState(np.zeros(2), np.zeros(2), -1), ValueError, "-1"),
        Wrong(reg.AdamState(np.array([NAN, 0.0]), np.zeros(2), 1), ValueError, "nan"),
    ],
}

W = {"w": "weights"}
STEP = {"w": "weights", "gradient": "gradient", "lr": "number > 0"}
ADAM = {"state": "state", "beta1": "share", "beta2": "share", "epsilon": "number > 0"}
PENALTY, RATIO = {"lambda_": "penalties"}, {"l1_ratio": "ratio"}
OPTIONS = {
    "fit_intercept": "flag",
    "standardize": "flag",
    "positive": "flag",
    "penalty_weights": "penalty_weights",
}
DATA_OPTIONS = OPTIONS | {"sample_weight": "sample_weight"}
# Arguments that are right, and the kinds of those that are put wrong one at a time.
w, g = np.array([1.0, -2.0]), np.array([0.5, 0.5])
CALLABLES: dict[str, tuple[Callable[..., Any], dict[str, Any], dict[str, str]]] = {
    "l1_penalty": (reg.l1_penalty, {"w": w, "lambda_": 1}, W | PENALTY),
    "l2_penalty": (reg.l2_penalty, {"w": w, "lambda_": 1}, W | PENALTY),
    "elastic_net_penalty": (
        reg.elastic_net_penalty,
        {"w": w, "lambda_": 1, "l1_ratio": 0.5},
        W | PENALTY | RATIO,
    ),
    "l1_gradient": (reg.l1_gradient, {"w": w, "lambda_": 1}, W | PENALTY),
    "l2_gradient": (reg.l2_gradient, {"w": w, "lambda_": 1}, W | PENALTY),
    "elastic_net_gradient": (
        reg.elastic_net_gradient,
        {"w": w, "lambda_": 1, "l1_ratio": 0.5},
        W | PENALTY | RATIO,
    ),
    "l1_prox": (
        reg.l1_prox,
        {"w": w, "step": 1, "lambda_": 1},
        W | PENALTY | {"step": "number >= 0"},
    ),
    "l2_prox": (
        reg.l2_prox,
        {"w": w, "step": 1, "lambda_": 1},
        W | PENALTY | {"step": "number >= 0"},
    ),
    "elastic_net_prox": (
        reg.elastic_net_prox,
        {"w": w, "step": 1, "lambda_": 1, "l1_ratio": 0.5},
        W | PENALTY | RATIO | {"step": "number >= 0"},
    ),
    "sgd_step": (reg.sgd_step, {"w": w, "gradient": g, "lr": 0.1}, STEP),
    "sgd_with_l2": (
        reg.sgd_with_l2,
        {"w": w, "gradient": g, "lr": 0.1, "lambda_": 1},
        STEP | PENALTY,
    ),
    "sgd_with_weight_decay": (
        reg.sgd_with_weight_decay,
        {"w": w, "gradient": g, "lr": 0.1, "lambda_": 1},
        STEP | PENALTY,
    ),
    "adam_with_l2": (
        reg.adam_with_l2,
        {"w": w, "gradient": g, "state": None, "lr": 0.1, "lambda_": 1},
        STEP | PENALTY | ADAM,
    ),
    "adamw": (
        reg.adamw,
        {"w": w, "gradient": g, "state": None, "lr": 0.1, "lambda_": 1},
        STEP | PENALTY | ADAM,
    ),
    "trajectory": (
        reg.trajectory,
        {"step": reg.sgd_step, "w": w, "gradient": lambda w: w, "n_steps": 3, "lr": 0.1},
        W | {"n_steps": "count >= 0", "lr": "number > 0"},
    ),
    "ridge_closed_form": (
        reg.ridge_closed_form,
        {"X": X, "y": Y, "lambda_": 1},
        {"lambda_": "number >= 0"},
    ),
    "ridge_condition_number": (
        reg.ridge_condition_number,
        {"X": X, "lambda_": 1},
        {"lambda_": "number >= 0"},
    ),
    "ridge_degrees_of_freedom": (
        reg.ridge_degrees_of_freedom,
        {"X": X, "lambda_": 1},
        {"lambda_": "number >= 0"},
    ),
    "regularization_path": (
        reg.regularization_path,
        {"X": X, "y": Y},
        {"lambdas": "lambdas", "eps": "eps", "tol": "number >= 0"} | RATIO | DATA_OPTIONS,
    ),
    "penalty_advice": (
        reg.penalty_advice,
        {"X": X, "y": Y},
        {"sample_weight": "sample_weight"},
    ),
    "lambda_max": (reg.lambda_max, {"X": X, "y": Y}, DATA_OPTIONS | {"l1_ratio": "ratio"}),
    "Moments": (
        reg.Moments,
        {"n_features": 2},
        {k: "count >= 1" for k in ("n_features", "n_targets")},
    ),
    "Moments.from_data": (
        reg.Moments.from_data,
        {"X": X, "y": Y},
        {"sample_weight": "sample_weight"},
    ),
}
ESTIMATOR = {
    "lambda_": "lambda_ of targets",
    "learning_rate": "learning_rate",
    "n_iterations": "count >= 1",
    "solver": "solver",
    "tol": "number >= 0",
    "warm_start": "flag",
} | OPTIONS
CV = {
    "lambdas": "lambdas",
    "eps": "eps",
    "rule": "rule",
    "tol": "number >= 0",
} | OPTIONS


def of_groups(kinds: dict[str, str]) -> dict[str, str]:
    """Return the arguments of an estimator of groups, which has no bounds."""
    return {name: kind for name, kind in kinds.items() if name != "positive"}


ESTIMATORS: dict[type, dict[str, str]] = {
    reg.RidgeRegression: ESTIMATOR,
    reg.LassoRegression: ESTIMATOR,
    reg.ElasticNetRegression: ESTIMATOR | {"l1_ratio": "ratio"},
    reg.RidgeRegressionCV: CV,
    reg.LassoRegressionCV: CV,
    reg.ElasticNetRegressionCV: CV | {"l1_ratio": "ratios"},
    reg.GroupLassoRegression: of_groups(ESTIMATOR) | {"l1_ratio": "ratio"},
    reg.GroupLassoRegressionCV: of_groups(CV) | {"l1_ratio": "ratios"},
}
# Weights that are all zero are right for moments: the rows count for nothing.
RIGHT_AFTER_ALL = {("Moments.from_data", "sample_weight", "zeros")}
# None is 1, or 0 with groups.
RIGHT_NONE = {("regularization_path", "l1_ratio"), ("lambda_max", "l1_ratio")}


def cases_of(name: str, kinds: dict[str, str]) -> Iterator[Any]:
    for argument, kind in kinds.items():
        for number, wrong in enumerate(KINDS[kind]):
            if (name, argument, wrong.shown) in RIGHT_AFTER_ALL or (
                wrong.value is None and (name, argument) in RIGHT_NONE
            ):
                continue
            yield pytest.param(argument, wrong, id=f"{name}-{argument}-{number}")


FUNCTION_CASES = [
    pytest.param(call, right, *case.values, id=case.id)
    for name, (call, right, kinds) in CALLABLES.items()
    for case in cases_of(name, kinds)
]
PARAMETER_CASES = [
    pytest.param(cls, *case.values, id=case.id)
    for cls, kinds in ESTIMATORS.items()
    for case in cases_of(cls.__name__, kinds)
]


def refused(call: Callable[[], Any], argument: str, wrong: Wrong) -> None:
    with pytest.raises(wrong.error) as caught:
        call()
    message = str(caught.value)
    assert type(caught.value) in (TypeError, ValueError)
    assert argument in message, f"{message!r} does not name {argument!r}"
    assert re.search(wrong.shown, message), f"{message!r} does not show {wrong.shown!r}"
    assert len(message) < 600


@pytest.mark.parametrize(("call", "right", "argument", "wrong"), FUNCTION_CASES)
def test_a_function_refuses_a_wrong_argument_by_name(
    call: Callable[..., Any], right: dict[str, Any], argument: str, wrong: Wrong
) -> None:
    refused(lambda: call(**(right | {argument: wrong.value})), argument, wrong)


@pytest.mark.parametrize(("Estimator", "argument", "wrong"), PARAMETER_CASES)
def test_an_estimator_refuses_a_wrong_parameter_in_fit_and_stays_as_it_was(
    Estimator: Any, argument: str, wrong: Wrong
) -> None:
    model = fitted(Estimator).set_params(**{argument: wrong.value})
    before = snapshot(model)
    refused(lambda: model.fit(X, Y), argument, wrong)
    assert_unchanged(model, before)


# --- data -----------------------------------------------------------------------------------------

TIMES = np.array(["2020-01-01"] * 20, dtype="M8[D]")
NULLABLE = pd.DataFrame(X).astype("Float64")
NULLABLE.iloc[2, 1] = pd.NA
WRONG_X: dict[str, Any] = {
    "None": None,
    "text": "X",
    "number": 3.0,
    "1-d": X[:, 0],
    "3-d": X[:, :, None],
    "no rows": X[:0],
    "no columns": X[:, :0],
    "nan": np.where(np.arange(3) == 1, NAN, X),
    "inf": np.where(np.arange(3) == 1, INF, X),
    "complex": X * 1j,
    "words": np.full((20, 3), "word"),
    "objects": np.full((20, 3), object()),
    "words among numbers": np.array([[1.0, "a", 2.0]] * 20, dtype=object),
    "None among numbers": np.array([[1.0, None, 2.0]] * 20, dtype=object),
    "ragged": [[1.0], [1.0, 2.0]] * 10,
    "dict": {"a": 1},
    "generator": (row for row in X),
    "nullable with NA": NULLABLE,
    "categories": pd.DataFrame({"a": pd.Categorical(["u", "v"] * 10)}),
    "words in a frame": pd.DataFrame({"a": ["u", "v"] * 10}),
    "words in polars": pl.DataFrame({"a": ["u", "v"] * 10}),
    "names of two types": pd.DataFrame(X, columns=["a", 1, 2]),
    "sparse nan": sp.csr_array(np.where(X > 1, NAN, X)),
    "sparse inf": sp.csc_array(np.where(X > 1, INF, X)),
    "sparse complex": sp.csr_array(X * 1j),
    "too few rows": X[:19],
}
WRONG_Y: dict[str, Any] = {
    "None": None,
    "number": 3.0,
    "too short": Y[:19],
    "too long": np.r_[Y, 1.0],
    "3-d": Y[:, None, None],
    "no columns": np.empty((20, 0)),
    "nan": np.r_[NAN, Y[1:]],
    "inf": np.r_[INF, Y[1:]],
    "complex": Y * 1j,
    "words": np.full(20, "word"),
    "None among numbers": np.array([None, *Y[1:]], dtype=object),
    "words in a Series": pd.Series(["u", "v"] * 10),
    "nullable with NA": pd.Series([pd.NA, *Y[1:]], dtype="Float64"),
    "sparse": sp.csr_array(Y[:, None]),
    "ragged": [[1.0], [1.0, 2.0]] * 10,
}
DATA_CASES = [
    *(pytest.param(value, Y, id=f"X-{name}") for name, value in WRONG_X.items()),
    *(pytest.param(X, value, id=f"y-{name}") for name, value in WRONG_Y.items()),
]
# What scikit-learn reads as other numbers without a word, and we refuse.
MISREAD = {
    "X-masked": (np.ma.array(X, mask=X > 1), Y, ValueError, "X has .* masked"),
    "X-dates": (np.column_stack([TIMES, TIMES, TIMES]), Y, TypeError, "X must be.*datetime64"),
    "X-durations": (np.full((20, 3), np.timedelta64(1, "s")), Y, TypeError, "X must be.*timedelta"),
    "X-dates in pandas": (pd.DataFrame({"a": TIMES}), Y, TypeError, "X must be.*datetime64"),
    "X-dates in polars": (pl.DataFrame({"a": TIMES}), Y, TypeError, "X must be.*Date"),
    "X-arrow times": (
        pd.DataFrame({"a": TIMES}).astype("timestamp[us][pyarrow]"),
        Y,
        TypeError,
        "X must be.*timestamp",
    ),
    "y-masked": (X, np.ma.array(Y, mask=Y > 0), ValueError, "y has .* masked"),
    "y-dates": (X, TIMES, TypeError, "y must be.*datetime64"),
    "y-dates in pandas": (X, pd.Series(TIMES), TypeError, "y must be.*datetime64"),
}
every_estimator = pytest.mark.parametrize("Estimator", list(ESTIMATORS), ids=lambda c: c.__name__)


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
@pytest.mark.parametrize(("X_", "y_"), DATA_CASES)
@every_estimator
def test_data_are_refused_as_scikit_learn_refuses_them(Estimator: Any, X_: Any, y_: Any) -> None:
    theirs = LassoCV() if Estimator.__name__.endswith("CV") else ElasticNet()
    with pytest.raises((TypeError, ValueError)) as wanted:
        theirs.fit(X_, y_)
    model = fitted(Estimator)
    before = snapshot(model)
    with pytest.raises((TypeError, ValueError)) as caught:
        model.fit(X_, y_)
    assert type(caught.value) is type(wanted.value), (caught.value, wanted.value)
    assert "Traceback" not in str(caught.value)
    assert_unchanged(model, before)


@pytest.mark.parametrize("case", MISREAD)
@every_estimator
def test_data_that_would_be_misread_are_refused(Estimator: Any, case: str) -> None:
    X_, y_, error, message = MISREAD[case]
    model = fitted(Estimator)
    before = snapshot(model)
    with pytest.raises(error, match=message):
        model.fit(X_, y_)
    assert_unchanged(model, before)


SOLVING = [reg.RidgeRegression, reg.LassoRegression, reg.ElasticNetRegression]


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize(("X_", "y_"), [case for case in DATA_CASES if case.id != "X-no rows"])
@pytest.mark.parametrize("Estimator", SOLVING, ids=lambda c: c.__name__)
def test_rows_of_a_stream_are_refused_and_those_before_are_kept(
    Estimator: Any, X_: Any, y_: Any
) -> None:
    model = Estimator(0.1, solver="auto").partial_fit(X, Y)
    before = snapshot(model)
    with pytest.raises((TypeError, ValueError)):
        model.partial_fit(X_, y_)
    with pytest.raises((TypeError, ValueError), match="batch 1"):
        model.fit_batches([(X, Y), (X_, y_)])
    assert_unchanged(model, before)


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("name", [name for name in WRONG_X if name != "too few rows"])
@every_estimator
def test_predict_refuses_what_fit_refuses(Estimator: Any, name: str) -> None:
    model = fitted(Estimator)
    before = snapshot(model)
    with pytest.raises((TypeError, ValueError)):
        model.predict(WRONG_X[name])
    assert_unchanged(model, before)


WRONG_WEIGHTS = KINDS["sample_weight"]


@pytest.mark.parametrize("number", range(len(WRONG_WEIGHTS)))
@every_estimator
def test_weights_are_refused_by_name(Estimator: Any, number: int) -> None:
    wrong = WRONG_WEIGHTS[number]
    model = fitted(Estimator)
    before = snapshot(model)
    refused(lambda: model.fit(X, Y, wrong.value), "sample_weight", wrong)
    assert_unchanged(model, before)


FUNCTIONS_OF_DATA = [
    reg.regularization_path,
    reg.lambda_max,
    reg.penalty_advice,
    partial(reg.ridge_closed_form, lambda_=1.0),
    reg.Moments.from_data,
    partial(reg.lambda_sweep, reg.RidgeRegression(solver="auto")),
]


@pytest.mark.parametrize(
    ("X_", "y_"),
    [
        *DATA_CASES,
        *(pytest.param(*MISREAD[name][:2], id=name) for name in MISREAD),
    ],
)
@pytest.mark.parametrize("call", FUNCTIONS_OF_DATA)
def test_functions_of_data_refuse_them_too(call: Callable[..., Any], X_: Any, y_: Any) -> None:
    if call == reg.Moments.from_data and X_ is WRONG_X["no rows"]:
        assert call(X_, y_[:0]).weight == 0  # no rows are right
        return
    if X_ is WRONG_X["names of two types"]:
        return  # names are not read
    with pytest.raises((TypeError, ValueError)):
        call(X_, y_)


# --- features, fits, displays ---------------------------------------------------------------------

NAMES = ["a", "b", "c"]
FRAME = pd.DataFrame(X, columns=NAMES)
WRONG_FEATURES = {
    "too few": (X[:, :2], "X has 2 features, but .* is expecting 3"),
    "too many": (np.c_[X, Y], "X has 4 features, but .* is expecting 3"),
    "other order": (FRAME[["b", "a", "c"]], "same order"),
    "other names": (FRAME.rename(columns={"a": "z"}), "unseen at fit time"),
    "one name less": (FRAME[["a", "b"]], "yet now missing"),
}


@pytest.mark.parametrize("wrong", WRONG_FEATURES)
@every_estimator
def test_other_features_than_those_of_fit_are_refused(Estimator: Any, wrong: str) -> None:
    X_, message = WRONG_FEATURES[wrong]
    model = fitted(Estimator, NAMES if isinstance(X_, pd.DataFrame) else None)
    with pytest.raises(ValueError, match=message):
        model.predict(X_)


@pytest.mark.parametrize(
    "use",
    [
        lambda model: model.predict(X),
        lambda model: model.score(X, Y),
        lambda model: model.get_weights(),
        lambda model: model.coef_table(),
    ],
)
@every_estimator
def test_use_before_fit_is_refused(Estimator: Any, use: Callable[[Any], Any]) -> None:
    with pytest.raises(NotFittedError, match=f"This {Estimator.__name__} instance is not fitted"):
        use(Estimator())


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: reg.CrossValidationDisplay.from_estimator(reg.LassoRegressionCV()), None, "fit"),
        (
            lambda: reg.CrossValidationDisplay.from_estimator(fitted(reg.LassoRegression)),
            TypeError,
            "LassoRegression",
        ),
        (
            lambda: reg.RegularizationPathDisplay.from_estimator("lasso", X, Y),
            TypeError,
            "'lasso'|str",
        ),
        (lambda: reg.RegularizationPathDisplay.from_path("path"), TypeError, "'path'|str"),
        (lambda: reg.LambdaSweepDisplay.from_sweep([1, 2]), TypeError, r"\[1, 2\]"),
        (lambda: reg.ConvergenceDisplay.from_estimators({}), ValueError, "estimators"),
        (
            lambda: reg.ConvergenceDisplay.from_estimators({"a": reg.LassoRegression()}),
            None,
            "fitted",
        ),
        (
            lambda: reg.ConvergenceDisplay.from_estimator(
                reg.LassoRegression(), X, Y, solvers=["sag"]
            ),
            ValueError,
            "'sag'",
        ),
        (lambda: reg.TrajectoryDisplay.from_trajectories({}), ValueError, "trajectories"),
        (lambda: reg.TrajectoryDisplay.from_trajectories([w]), TypeError, "trajectories"),
        (lambda: reg.ConvergenceDisplay.from_estimators([]), TypeError, "estimators"),
        (
            lambda: reg.TrajectoryDisplay.from_trajectories({"a": np.full((3, 2), NAN)}),
            ValueError,
            "nan",
        ),
    ],
)
def test_displays_refuse_what_they_cannot_draw(
    draw: Callable[[], Any], error: type[Exception] | None, message: str
) -> None:
    with pytest.raises(error or NotFittedError, match=message):
        draw()


# --- what is right --------------------------------------------------------------------------------

RIGHT: dict[str, list[Any]] = {
    "lambda_": [0, 0.0, 5e-324, 1e308, np.float32(1), np.int8(1), [0.5], np.array([0.5]), 10**300],
    "n_iterations": [1, np.int64(2), 10**9],
    "tol": [0, 0.0, 1, 1e308, 5e-324],
    "learning_rate": ["auto", 1e-300, np.float32(0.1), 1],
    "l1_ratio": [0, 1, 0.0, 1.0, np.float32(0.5)],
    "penalty_weights": [None, [0, 0, 0], [INF] * 3, (0, 1, INF), pd.Series([1.0, 2.0, 3.0])],
    "fit_intercept": [True, False, np.True_],
    "positive": [True, np.False_],
    "eps": [1, 1.0, 1e-10],
    "lambdas": [1, np.int64(2), [0.5], (0.5, 1e-300), np.array([1, 2]), [1.0, 0.0], [0]],
    "l1_ratio of CV": [0, 1, [0, 1], np.array([0.5, 1.0])],
}
BOUNDARY_CASES = [
    (cls, name.split()[0], value)
    for cls in ESTIMATORS
    for name, values in RIGHT.items()
    for value in values
    if name.split()[0] in inspect.signature(cls).parameters
    and (name.endswith("CV") <= cls.__name__.endswith("CV"))
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:.*the smallest error is at:UserWarning")
@pytest.mark.parametrize(("Estimator", "name", "value"), BOUNDARY_CASES)
def test_what_is_just_right_is_fitted(Estimator: Any, name: str, value: Any) -> None:
    model = Estimator(**{name: value})
    if name in ("n_iterations",):
        model.set_params(lambda_=100.0)  # ends at once
    if name == "tol":
        model.set_params(**{"lambdas": 3} if "lambdas" in model.get_params() else {})
    elif "solver" in model.get_params() and name != "learning_rate":
        model.set_params(solver="auto")
    assert np.isfinite(model.fit(X, Y).coef_).all()
    assert np.isfinite(model.predict(X)).all()


def test_the_corpus_is_large() -> None:
    n_cases = len(FUNCTION_CASES) + len(PARAMETER_CASES)
    n_cases += len(ESTIMATORS) * (len(DATA_CASES) + len(MISREAD) + len(WRONG_WEIGHTS))
    assert n_cases >= 300


# --- help -----------------------------------------------------------------------------------------


def fitted(Estimator: Any, names: Sequence[str] | None = None) -> Any:
    """An estimator that has something to lose."""
    return deepcopy(_fitted(Estimator, None if names is None else tuple(names)))


@cache
def _fitted(Estimator: Any, names: tuple[str, ...] | None) -> Any:
    model = Estimator()
    if "solver" in model.get_params():
        model.set_params(lambda_=0.1, solver="auto")
    else:
        model.set_params(lambdas=[0.2, 0.1, 0.05], rule=lambda lambdas, losses: 1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*the smallest error is at")
        return model.fit(X if names is None else pd.DataFrame(X, columns=list(names)), Y)


def snapshot(model: Any) -> dict[str, Any]:
    return {name: deepcopy(value) for name, value in vars(model).items() if name.endswith("_")}


def assert_unchanged(model: Any, before: dict[str, Any]) -> None:
    after = snapshot(model)
    before.pop("lambda_", None), after.pop("lambda_", None)
    assert after.keys() == before.keys()
    for name, value in before.items():
        if isinstance(value, reg.Moments):
            np.testing.assert_array_equal(after[name].gram, value.gram)
        else:
            np.testing.assert_array_equal(after[name], value)
