"""Named coefficients, and the summary that notebooks show."""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import LeaveOneOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from notebooks import Cells
from sklearn_reg import (
    ElasticNetRegression,
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
    RidgeRegressionCV,
)

X, y = load_diabetes(return_X_y=True, as_frame=True)


@pytest.fixture
def lasso() -> LassoRegression:
    return LassoRegression(0.3, solver="auto").fit(X, y)


def test_coefficients_come_named_and_the_largest_first(lasso: Any) -> None:
    table = lasso.coef_table()
    assert list(table.columns) == ["coefficient"]
    assert table.index.name == "feature"
    assert (np.diff(table["coefficient"].abs()) <= 0).all()
    assert_array_equal(table.loc[lasso.feature_names_in_, "coefficient"], lasso.coef_)
    unsorted = lasso.coef_table(sort=False)
    assert list(unsorted.index) == list(X.columns)
    assert_array_equal(unsorted["coefficient"], lasso.coef_)


def test_coefficients_of_several_targets_have_a_column_each() -> None:
    Y = np.column_stack([y, -y])
    table = RidgeRegression(solver="auto").fit(X, Y).coef_table()
    assert list(table.columns) == ["y0", "y1"]
    assert_allclose(table["y0"], -table["y1"])


def test_coefficients_take_the_names_of_a_pipeline() -> None:
    pipeline = make_pipeline(PolynomialFeatures(2), LassoRegression(0.3, solver="auto")).fit(X, y)
    table = pipeline[-1].coef_table(pipeline[:-1].get_feature_names_out())
    assert "bmi bp" in table.index
    assert "x12" in pipeline[-1].coef_table().index
    with pytest.raises(ValueError, match="must be 66 names, one a feature, got 2"):
        pipeline[-1].coef_table(["a", "b"])


def test_coefficients_without_pandas_are_a_structured_array(
    lasso: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = lasso.coef_table()
    monkeypatch.setitem(sys.modules, "pandas", None)
    table = lasso.coef_table()
    assert table.dtype.names == ("feature", "coefficient")
    assert_array_equal(table["feature"], frame.index)
    assert_array_equal(table["coefficient"], frame["coefficient"])


def test_coefficients_ask_for_a_fit() -> None:
    with pytest.raises(NotFittedError):
        LassoRegression().coef_table()


def summary(model: Any) -> dict[str, str]:
    shown = model._repr_mimebundle_()["text/html"]
    if "<caption" not in shown:
        return {}
    parsed = Cells(shown[shown.rindex("<div style") :])
    assert parsed.open == []
    return dict(zip(parsed.words[1::2], parsed.words[2::2], strict=False))


newer = pytest.mark.skipif(
    tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 7),
    reason="older versions of scikit-learn cannot be added to",
)


@newer
def test_a_notebook_shows_what_a_fit_amounts_to(lasso: Any) -> None:
    rows = summary(lasso)
    assert rows["lambda"] == "0.3"
    assert rows["non-zero weights"] == f"{np.count_nonzero(lasso.coef_)} of 10"
    assert float(rows["objective F"]) == pytest.approx(lasso.objective_, rel=1e-5)
    assert float(rows["duality gap"].split(":")[0]) == pytest.approx(lasso.dual_gap_, rel=0.1)
    assert rows["certified to tol"] == "yes"
    assert rows["iterations"] == f"{lasso.n_iter_} of active_set"
    assert "LassoRegression" in lasso._repr_mimebundle_()["text/html"]


@newer
def test_a_notebook_shows_the_largest_coefficients_with_their_names(lasso: Any) -> None:
    shown = lasso._repr_mimebundle_()["text/html"]
    largest = lasso.coef_table().index[0]
    assert f">{largest}</th>" in shown[shown.index("Largest coefficients") :]
    odd = X.rename(columns={"bmi": "<b>&bmi"})
    model = LassoRegression(0.3, solver="auto").fit(odd, y)
    assert "<b>&bmi" not in model._repr_mimebundle_()["text/html"].split("<caption")[-1]


@newer
def test_a_notebook_says_that_a_fit_is_not_certified_or_not_there() -> None:
    assert summary(LassoRegression()) == {}
    with pytest.warns(match="duality gap"):
        model = ElasticNetRegression(0.01, n_iterations=2).fit(X, y)
    assert summary(model)["certified to tol"] == "no (tol=1e-06)"
    assert summary(model)["l1_ratio"] == "0.5"
    chosen = LassoRegressionCV().fit(X, y)
    assert summary(chosen)["lambda"] == f"{chosen.lambda_:.4g}"


@newer
def test_a_notebook_says_which_share_of_a_fit_is_penalised(lasso: Any) -> None:
    assert "relax" not in summary(lasso)
    half = LassoRegression(0.3, solver="auto", relax=0.5).fit(X, y)
    assert summary(half)["relax"] == "0.5"
    assert summary(half)["objective F"] == f"{half.objective_:.6g} of the penalised fit"
    chosen = LassoRegressionCV(20, relax=[0.0, 0.5], eps=1e-2).fit(X, y)
    assert summary(chosen)["relax"] == f"{chosen.relax_:g}"
    assert_array_equal(chosen.coef_table(sort=False)["coefficient"], chosen.coef_)


class Counted(Sequence[Any]):
    """A sequence that counts how often it is read."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.values, self.reads = values, 0

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: Any) -> Any:
        self.reads += 1
        return self.values[index]


LOOKS = {
    "dir": dir,
    "getmembers": inspect.getmembers,
    "notebook": lambda model: model._repr_mimebundle_(),
    "html": lambda model: model._repr_html_(),
    "html of a pipeline": lambda model: make_pipeline(StandardScaler(), model)._repr_html_(),
    "repr": repr,
    "every attribute": lambda model: [getattr(model, name) for name in dir(model)],
    "parameters": lambda model: model.get_params(),
    "clone": clone,
    "table": lambda model: model.coef_table(),
    "copy": copy.copy,
    "prediction": lambda model: model.predict(X),
}


@pytest.mark.parametrize("look", LOOKS)
def test_who_only_looks_does_not_make_the_coefficients_of_all_folds(look: str) -> None:
    model = RidgeRegressionCV(3, cv=LeaveOneOut()).fit(X[:30], y[:30])
    counted = Counted(model._fold_coefs)
    model._fold_coefs = counted
    LOOKS[look](model)
    assert counted.reads == 0
    assert model.fold_coefs_.shape == (3, 30, 10)
    assert counted.reads > 0


def test_dir_lists_what_there_is_but_the_coefficients_of_all_folds() -> None:
    fitted, unfitted = set(dir(LassoRegressionCV().fit(X, y))), set(dir(LassoRegressionCV()))
    assert fitted >= {"coef_", "mse_path_", "lambda_", "predict", "coef_table", "cv"}
    assert unfitted >= {"predict", "fit", "cv"}
    assert not (fitted | unfitted) & {"fold_coefs_"}
    assert "fold_coefs_" in dir(LassoRegressionCV)
    assert not hasattr(LassoRegressionCV(), "fold_coefs_")
