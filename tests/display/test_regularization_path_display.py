"""The display of a path: coefficients, names, marks of chosen penalties, degrees of freedom."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LassoCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures, StandardScaler

from drawing import one_se, texts, words_overlap
from sklearn_reg import (
    LassoRegression,
    LassoRegressionCV,
    RegularizationPathDisplay,
    RidgeRegression,
    regularization_path,
)


def test_path_draws_the_coefficients_of_named_features(diabetes: Any, lasso: Any) -> None:
    X, y = diabetes
    display = RegularizationPathDisplay.from_estimator(lasso, X, y)
    path = regularization_path(X, y, lambdas=lasso.lambdas_)
    lines = {line.get_label(): line for line in display.lines_}
    assert list(lines) == list(X.columns)
    for j, name in enumerate(X.columns):
        assert_array_equal(lines[name].get_xdata(), path.lambdas)
        assert_allclose(lines[name].get_ydata(), path.coefs[:, j], atol=1e-6)
    assert display.ax_.get_xscale() == "log"
    assert "coefficient" in display.ax_.get_ylabel()
    # Named are those in the chosen model or a sparser one.
    sparser = path.coefs[path.lambdas >= lasso.lambda_].any(axis=0)
    assert texts(display.ax_) == list(X.columns[sparser])
    assert not words_overlap(display)


def test_path_marks_the_chosen_lambda_and_that_of_the_1se_rule(diabetes: Any, lasso: Any) -> None:
    display = RegularizationPathDisplay.from_estimator(lasso, *diabetes)
    assert [mark.get_xdata()[0] for mark in display.marks_] == [lasso.lambda_, one_se(lasso)]
    assert display.marks_[0].get_label() == f"chosen: λ = {lasso.lambda_:.3g}"
    sparser = LassoRegressionCV(rule="1se").fit(*diabetes)
    (mark,) = RegularizationPathDisplay.from_estimator(sparser, *diabetes).marks_
    assert mark.get_label() == f"chosen and 1-SE: λ = {one_se(lasso):.3g}"


def test_path_has_degrees_of_freedom_above_their_lambdas(diabetes: Any) -> None:
    path = regularization_path(*diabetes, l1_ratio=0.5)
    display = RegularizationPathDisplay.from_path(path)
    display.figure_.canvas.draw()
    (top,) = display.ax_.child_axes
    assert top.get_xlabel() == "degrees of freedom"
    shown = {
        tick: float(label.get_text())
        for tick, label in zip(top.get_xticks(), top.get_xticklabels(), strict=True)
    }
    assert len(shown) == 6
    for lambda_, freedom in shown.items():
        at = np.flatnonzero(path.lambdas == lambda_)
        assert_allclose(freedom, path.degrees_of_freedom[at[0]], rtol=5e-3, atol=0.05)


def test_path_of_a_pipeline_has_the_names_of_what_the_model_sees(diabetes: Any) -> None:
    X, y = diabetes
    model = make_pipeline(PolynomialFeatures(2, include_bias=False), StandardScaler())
    pipeline = make_pipeline(*model, LassoRegressionCV(lambdas=20)).fit(X, y)
    display = RegularizationPathDisplay.from_estimator(pipeline, X, y)
    names = list(pipeline[:-1].get_feature_names_out())
    assert "bmi bp" in [line.get_label() for line in display.lines_]
    path = regularization_path(pipeline[:-1].transform(X), y, lambdas=pipeline[-1].lambdas_)
    for line in display.lines_:
        assert_allclose(line.get_ydata(), path.coefs[:, names.index(line.get_label())], atol=1e-4)
    assert len(texts(display.ax_)) == 10
    assert not words_overlap(display)


@pytest.mark.parametrize("step", [FunctionTransformer(), PCA(4)], ids=["without names", "pca"])
def test_path_of_a_pipeline_without_names_numbers_them(step: Any, diabetes: Any) -> None:
    X, y = diabetes[0].to_numpy(), diabetes[1]
    pipeline = make_pipeline(step, RidgeRegression(solver="auto", lambda_=0.01)).fit(X, y)
    display = RegularizationPathDisplay.from_estimator(pipeline, X, y)
    first = display.lines_[0].get_label()
    assert first == ("pca0" if isinstance(step, PCA) else "x0")
    assert display.marks_[0].get_xdata()[0] == 0.01


def test_path_of_one_of_several_targets(diabetes: Any) -> None:
    X, y = diabetes
    Y = np.column_stack([y, -2 * y])
    display = RegularizationPathDisplay.from_path(regularization_path(X, Y))
    first = display.lines_[2].get_ydata()
    assert_allclose(display.plot(target=1).lines_[2].get_ydata()[-1], -2 * first[-1], rtol=1e-2)


def test_path_is_relaxed_within_bounds_and_adaptive_as_its_estimator(diabetes: Any) -> None:
    X, y = diabetes
    options: Any = {"bounds": ({"s1": 0}, 400.0), "penalty_weights": "adaptive"}
    fixed = LassoRegression(0.1, solver="auto", relax=0.5, **options)
    chosen = LassoRegressionCV(20, relax=[0.25], eps=1e-2, **options).fit(X, y)
    plain = LassoRegressionCV(20, relax=[1.0, 0.25], eps=1e-2).fit(X, y)
    for model, relax, given, lambdas in (
        (fixed, 0.5, options, 100),
        (chosen, 0.25, options, chosen.lambdas_),
        (plain, plain.relax_, {}, plain.lambdas_),
    ):
        display = RegularizationPathDisplay.from_estimator(model, X, y)
        path = regularization_path(X, y, lambdas, relax=relax, **given)
        assert len(display.lines_) == np.count_nonzero(path.coefs.any(axis=0))
        for line in display.lines_:
            expected = path.coefs[:, list(X.columns).index(line.get_label())]
            assert_allclose(line.get_ydata(), expected, rtol=1e-6, atol=1e-6)
        if given:
            assert max(line.get_ydata().max() for line in display.lines_) == 400.0


def test_path_refuses_what_it_cannot_follow(diabetes: Any) -> None:
    with pytest.raises(TypeError, match=r"of sklearn_reg.*LassoCV"):
        RegularizationPathDisplay.from_estimator(LassoCV(), *diabetes)
    with pytest.raises(NotFittedError):
        RegularizationPathDisplay.from_estimator(LassoRegressionCV(), *diabetes)


def test_a_chosen_lambda_outside_the_path_is_in_sight(diabetes: Any) -> None:
    X, y = diabetes
    for lambda_ in (0.0, 1e-6, 50.0):
        display = RegularizationPathDisplay.from_estimator(LassoRegression(lambda_), X, y)
        left, right = display.ax_.get_xlim()
        assert left <= lambda_ <= right
        assert display.marks_[0].get_xdata()[0] == lambda_


def test_long_names_stay_in_the_figure(diabetes: Any) -> None:
    path = regularization_path(*diabetes, lambdas=10)
    names = [f"mean income of the households in block group number {j}" for j in range(10)]
    display = RegularizationPathDisplay.from_path(path, feature_names=names)
    assert not words_overlap(display)
    extent = matplotlib.text.Text.get_window_extent
    assert min(extent(text).x0 for text in display.ax_.texts) > 0


def test_names_must_be_one_a_feature(diabetes: Any) -> None:
    path = regularization_path(*diabetes, lambdas=3)
    with pytest.raises(ValueError, match="feature_names must be 10 names, one a feature, got 2"):
        RegularizationPathDisplay.from_path(path, feature_names=["a", "b"])


def test_a_sparse_path_is_drawn_as_a_full_one(diabetes: Any) -> None:
    path = regularization_path(*diabetes, lambdas=20, eps=0.1)
    in_csr = path._replace(coefs=sparse.csr_array(path.coefs))
    drawn, known = (RegularizationPathDisplay(each).plot() for each in (in_csr, path))
    assert len(drawn.lines_) == len(known.lines_) > 2
    for line, other in zip(drawn.lines_, known.lines_, strict=True):
        assert_array_equal(line.get_xydata(), other.get_xydata())
        assert line.get_label() == other.get_label()
