"""What paths and sweeps show of themselves: tuples still, with a short text and a table."""

from __future__ import annotations

import copy
import pickle
import sys
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from notebooks import Cells
from sklearn_reg import (
    LambdaSweep,
    LassoRegression,
    RegularizationPath,
    RegularizationPathDisplay,
    RidgeRegression,
    lambda_sweep,
    regularization_path,
)

mpl.use("Agg")
RNG = np.random.default_rng(4)
X = RNG.normal(size=(40, 5))
Y = X[:, :2] @ [[1.0, -20.0], [0.5, 30.0]] + RNG.normal(size=(40, 2))
NAMES = ["age", "<bmi>", "lambda", 2020, ("a", 1)]
FRAME = pd.DataFrame(X, columns=pd.Index(NAMES, tupleize_cols=False))
NUMBERED = pd.DataFrame(X, columns=range(2019, 2024))
TARGETS = pd.DataFrame(Y, columns=["kg", "cm"])
FIELDS = ["intercept", "dual_gap", "degrees_of_freedom", "training_loss"]
PATH = regularization_path(FRAME, TARGETS["kg"], 6)
PATHS = regularization_path(FRAME, TARGETS, 6, l1_ratio=0.5)
SWEEP = lambda_sweep(RidgeRegression(solver="auto"), X, Y[:, 0], [0.01, 0.1, 1.0], cv=4)


def test_a_table_of_a_path_has_a_row_a_lambda_and_a_column_a_feature() -> None:
    table = PATH.to_frame()
    assert list(table.columns) == ["lambda", *FIELDS, *NAMES]
    assert_array_equal(table.iloc[:, 0], PATH.lambdas)
    for column, field in zip(FIELDS, PATH[2:], strict=True):
        assert_array_equal(table[column], field)
    assert_array_equal(table.iloc[:, 5:], PATH.coefs)
    assert list(regularization_path(X, Y[:, 0], 3).to_frame().columns[5:]) == [
        f"x{j}" for j in range(5)
    ]


def test_a_table_of_several_targets_has_one_after_another() -> None:
    table = PATHS.to_frame()
    assert list(table.columns) == ["target", "lambda", *FIELDS, *NAMES]
    for k, target in enumerate(["kg", "cm"]):
        part = table[table["target"] == target]
        assert_array_equal(part.iloc[:, 1], PATHS.lambdas)
        assert_array_equal(part.iloc[:, 6:], PATHS.coefs[:, k])
        for column, field in zip(FIELDS, PATHS[2:], strict=True):
            assert_array_equal(part[column], field[:, k])
    plain = regularization_path(X, Y, 2).to_frame()
    assert list(plain["target"]) == ["y0", "y0", "y1", "y1"]
    one = regularization_path(X, TARGETS[["cm"]], 2).to_frame()
    assert list(one["target"]) == ["cm", "cm"]


def test_a_table_of_a_sweep_has_a_row_a_lambda() -> None:
    table = SWEEP.to_frame()
    assert_array_equal(table["lambda"], SWEEP.lambdas)
    assert_array_equal(table["validation_loss"], SWEEP.validation_losses.mean(axis=1))
    assert_allclose(table["standard_error"], SWEEP.validation_losses.std(axis=1, ddof=1) / 2)
    assert_array_equal(table["train_loss"], SWEEP.train_loss)
    assert list(table["verdict"]) == SWEEP.verdicts
    one = lambda_sweep(RidgeRegression(solver="auto"), X, Y, [0.1], [(range(30), range(30, 40))])
    assert list(one.to_frame()["standard_error"]) == [0.0]


@pytest.mark.parametrize("result", [PATH, SWEEP])
def test_a_table_without_pandas_says_what_to_install(
    result: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"to_frame\(\) .* needs pandas: pip install pandas"):
        result.to_frame()
    assert len(repr(result)) < 500


WIDE = regularization_path(RNG.normal(size=(20, 3000)), Y[:20, 0], 4)


@pytest.mark.parametrize("result", [PATH, PATHS, WIDE, SWEEP, PATH._replace(lambdas=PATH.lambdas)])
def test_a_result_shows_a_few_lines_whatever_its_size(result: Any) -> None:
    lines = repr(result).splitlines()
    assert lines[0] == type(result).__name__
    assert 6 <= len(lines) <= 11
    assert max(map(len, lines)) <= 100
    assert f"fields: {', '.join(result._fields)}" in lines[-2]
    cells = Cells(result._repr_html_())
    assert cells.open == []
    shown = dict(zip(cells.words[1::2], cells.words[2::2], strict=True))
    assert [f"  {name}: {value}" for name, value in shown.items()] == lines[1:-2]


def test_what_a_path_shows_is_so() -> None:
    shown = repr(PATHS)
    counts = np.count_nonzero(PATHS.coefs, axis=2)
    for line in (
        f"lambdas: 6, from {PATHS.lambdas[0]:.4g} down to {PATHS.lambdas[-1]:.4g}",
        "features: 5 (age, <bmi>, lambda, ...)",
        "targets: 2",
        f"non-zero coefficients: {counts.min()} to {counts.max()}",
        f"largest duality gap: {PATHS.dual_gaps.max():.2g}",
    ):
        assert f"  {line}\n" in shown
    assert "&lt;bmi&gt;" in PATHS._repr_html_()
    assert "targets" not in repr(PATH)
    best = int(np.argmin(SWEEP.validation_loss))
    assert f"best lambda: {SWEEP.lambdas[best]:.4g}\n" in repr(SWEEP)
    assert f"there: {SWEEP.validation_loss[best]:.4g} (training loss" in repr(SWEEP)


@pytest.mark.parametrize("path", [PATH, PATHS])
def test_a_path_is_a_tuple_of_six_whose_names_are_carried_along(path: Any) -> None:
    lambdas, coefs, intercepts, gaps, freedom, loss = path
    assert len(path) == 6 == len(RegularizationPath._fields)
    assert isinstance(path, tuple)
    assert path == (lambdas, coefs, intercepts, gaps, freedom, loss)
    assert list(path._asdict()) == list(RegularizationPath._fields)
    made = RegularizationPath(*path)
    assert made == path
    assert made.feature_names is None
    twins = [copy.copy(path), path._replace(lambdas=path.lambdas), copy.deepcopy(path)]
    twins += [pickle.loads(pickle.dumps(path, protocol)) for protocol in range(6)]
    if sys.version_info >= (3, 13):
        twins.append(copy.replace(path, lambdas=path.lambdas))
    for twin in twins:
        assert type(twin) is RegularizationPath
        assert list(twin.feature_names) == NAMES
        assert twin.target_names == path.target_names
        for one, other in zip(twin, path, strict=True):
            assert_array_equal(one, other)
    changed = path._replace(lambdas=2 * path.lambdas)
    assert changed.lambdas is not path.lambdas
    assert changed.coefs is path.coefs
    with pytest.raises((ValueError, TypeError), match="unexpected field names"):
        path._replace(names=3)
    match path:
        case RegularizationPath(first, second):
            assert first is lambdas
            assert second is coefs


def test_a_sweep_is_a_tuple_still() -> None:
    assert len(SWEEP) == 6
    assert LambdaSweep(*SWEEP) == tuple(SWEEP)
    assert type(pickle.loads(pickle.dumps(SWEEP))) is LambdaSweep


def test_a_path_is_drawn_with_its_names() -> None:
    path = regularization_path(NUMBERED, Y[:, 0], 6)
    drawn = RegularizationPathDisplay.from_path(path)
    names = {str(line.get_label()) for line in drawn.lines_}
    assert names == {
        str(name) for name, w in zip(range(2019, 2024), path.coefs.T, strict=True) if w.any()
    }
    from_model = RegularizationPathDisplay.from_estimator(LassoRegression(), NUMBERED, Y[:, 0])
    assert "2019" in {line.get_label() for line in from_model.lines_}
    with pytest.raises(TypeError, match="feature_names must be 5 names, one a feature"):
        RegularizationPathDisplay.from_path(path, feature_names="abcde")
