"""What comes in: data frames of every library, scikit-learn's settings, old pickles."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_reg
from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
    RidgeRegressionCV,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*the smallest error is at:UserWarning")
RNG = np.random.default_rng(0)
X = np.round(RNG.normal(size=(40, 3)), 2)
y = np.round(X @ [1.0, 0.0, -2.0] + RNG.normal(size=40), 2)
NAMES = ["age", "size", "price"]
MODELS = [
    RidgeRegression(0.1, solver="auto"),
    LassoRegression(0.1, solver="auto"),
    ElasticNetRegression(0.1, solver="auto"),
    RidgeRegressionCV(5, cv=3),
    LassoRegressionCV(5, cv=3),
    ElasticNetRegressionCV(5, cv=3),
]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
TABLE = pd.DataFrame(X, columns=NAMES)
FRAMES = {
    "pandas": (TABLE, pd.Series(y)),
    "pandas, nullable": (TABLE.astype("Float64"), pd.Series(y, dtype="Float64")),
    "pandas, pyarrow": (
        TABLE.astype("double[pyarrow]"),
        pd.Series(y).astype("double[pyarrow]"),
    ),
    "pandas, odd index": (TABLE.set_index(np.arange(40)[::-1]), pd.Series(y, index=range(5, 45))),
    "pandas, column y": (TABLE, pd.DataFrame({"y": y})),
    "polars": (pl.DataFrame(X, schema=NAMES), pl.Series(y)),
    "pyarrow": (pa.table(dict(zip(NAMES, X.T, strict=True))), pa.array(y)),
}


@pytest.mark.parametrize("kind", FRAMES)
@every_model
def test_a_frame_of_any_library_gives_what_arrays_give(model: Any, kind: str) -> None:
    frame, target = FRAMES[kind]
    framed, plain = clone(model).fit(frame, target), clone(model).fit(X, y)
    assert framed.coef_.ravel() == pytest.approx(plain.coef_, rel=1e-12)
    assert framed.predict(frame).ravel() == pytest.approx(plain.predict(X), rel=1e-14)
    assert framed.score(frame, np.asarray(target)) == pytest.approx(plain.score(X, y))
    assert list(framed.feature_names_in_) == NAMES
    table = framed.coef_table()
    assert set(table.index) == set(NAMES)


@pytest.mark.parametrize("kind", FRAMES)
def test_streams_take_frames_of_any_library(kind: str) -> None:
    frame, target = FRAMES[kind]
    streamed = LassoRegression(0.1, solver="auto").partial_fit(frame, target)
    assert streamed.coef_.ravel() == pytest.approx(
        LassoRegression(0.1, solver="auto").fit(X, y).coef_
    )


@pytest.mark.parametrize("output", ["pandas", "polars", "default"])
@every_model
def test_a_pipeline_that_hands_frames_on_is_the_one_that_hands_arrays_on(
    model: Any, output: str
) -> None:
    pipeline = make_pipeline(StandardScaler(), clone(model)).set_output(transform=output)
    pipeline.fit(TABLE, y)
    plain = make_pipeline(StandardScaler(), clone(model)).fit(X, y)
    assert pipeline[-1].coef_ == pytest.approx(plain[-1].coef_, rel=1e-12)
    if output != "default":
        assert list(pipeline[-1].feature_names_in_) == NAMES
    with sklearn.config_context(transform_output="pandas"):
        scaled = ColumnTransformer([("scale", StandardScaler(), NAMES)])
        framed = make_pipeline(scaled, clone(model)).fit(TABLE, y)
    assert framed[-1].coef_ == pytest.approx(plain[-1].coef_, rel=1e-12)


@every_model
def test_metadata_are_routed_to_fit_and_score(model: Any) -> None:
    weights = np.where(np.arange(40) % 2, 1.0, 0.25)
    with sklearn.config_context(enable_metadata_routing=True):
        asked = clone(model).set_fit_request(sample_weight=True)
        asked.set_score_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), asked)
        pipeline.fit(X, y, sample_weight=weights)
        scaled = StandardScaler().fit_transform(X)
        weighted = clone(model).fit(scaled, y, weights)
        assert pipeline[-1].coef_ == pytest.approx(weighted.coef_, rel=1e-12)
        scores = cross_val_score(asked, X, y, params={"sample_weight": weights})
        assert np.isfinite(scores).all()


def test_groups_are_routed_to_the_splitter() -> None:
    groups = np.arange(40) % 4
    with sklearn.config_context(enable_metadata_routing=True):
        routed = LassoRegressionCV(5, cv=GroupKFold(4)).fit(X, y, groups=groups)
        search = GridSearchCV(LassoRegression(solver="auto"), {"lambda_": [0.1]}, cv=GroupKFold(4))
        search.fit(X, y, groups=groups)
    plain = LassoRegressionCV(5, cv=GroupKFold(4)).fit(X, y, groups=groups)
    assert_array_equal(routed.mse_path_, plain.mse_path_)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_array_api_dispatch_changes_nothing() -> None:
    plain = [clone(model).fit(X, y) for model in MODELS]
    script = """if True:
        import contextlib, sys, sklearn
        sys.path.insert(0, 'tests')
        with contextlib.suppress(ImportError):  # old ones need a package for it
            sklearn.set_config(array_api_dispatch=True)
        from test_compatibility import *
        warnings.simplefilter('ignore')
        for model in MODELS:
            print(model.fit(X, y).coef_.tobytes().hex(), model.predict(X).tobytes().hex())
    """
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for model, line in zip(plain, done.stdout.splitlines(), strict=True):
        coef, predicted = line.split()
        assert bytes.fromhex(coef) == model.coef_.tobytes(), model
        assert bytes.fromhex(predicted) == model.predict(X).tobytes(), model


# --- pickles --------------------------------------------------------------------------------------

OLD = sorted((Path(__file__).parent / "pickles").glob("*.pkl"))


def old_data() -> tuple[Any, Any]:
    """What `pickles/write.py` fitted."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 3))
    return X, X @ [1.0, 0.0, -2.0] + rng.normal(size=20)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("path", OLD, ids=lambda path: path.stem)
def test_pickles_of_older_versions_open_predict_and_fit(path: Path) -> None:
    X, y = old_data()
    opened = pickle.loads(path.read_bytes())
    assert opened
    for name, (model, predicted) in opened.items():
        assert model.predict(X) == pytest.approx(predicted, rel=1e-12)
        assert set(model.get_params()) == set(type(model)().get_params())
        assert "coefficient" in str(model.coef_table().columns)
        assert "sk-" in model._repr_html_()
        again = clone(model).fit(X, y)
        if name == "streamed":
            model.partial_fit(X[15:], y[15:])
        assert np.abs(model.coef_ - again.coef_).max() < 0.1


def test_there_are_old_pickles() -> None:
    assert len(OLD) >= 3


@every_model
def test_a_pickle_says_which_version_wrote_it(model: Any) -> None:
    state = clone(model).fit(X, y).__getstate__()
    assert state["_sklearn_reg_version"] == sklearn_reg.__version__
    twin = pickle.loads(pickle.dumps(clone(model).fit(X, y)))
    assert not hasattr(twin, "_sklearn_reg_version")
    assert copy.deepcopy(twin).get_params() == model.get_params()


def test_a_parameter_that_came_later_has_its_default_in_an_old_pickle() -> None:
    model = LassoRegression(0.1, solver="auto").fit(X, y)
    state = model.__getstate__()
    del state["warm_start"]
    old = LassoRegression.__new__(LassoRegression)
    old.__setstate__(state)
    assert old.warm_start is False
    assert old.lambda_ == 0.1
    assert_array_equal(old.predict(X), model.predict(X))


@pytest.mark.parametrize("version", ["9.0", f"{sklearn_reg.__version__}.1", "1.0.0rc1"])
def test_a_pickle_of_a_newer_version_warns_with_both_versions(version: str) -> None:
    model = LassoRegression(0.1, solver="auto").fit(X, y)
    state = {**model.__getstate__(), "_sklearn_reg_version": version}
    new = LassoRegression.__new__(LassoRegression)
    with pytest.warns(UserWarning, match=rf"pickled by sklearn_reg {version} and is read by 0\."):
        new.__setstate__(state)
    assert_array_equal(new.predict(X), model.predict(X))


def test_versions_that_are_not_newer_say_nothing() -> None:
    for version in ("0.0.9", "0.1", "0.1.0", sklearn_reg.__version__, "unknown"):
        new = RidgeRegression.__new__(RidgeRegression)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            new.__setstate__({"_sklearn_reg_version": version})
        assert new.lambda_ == 1.0
