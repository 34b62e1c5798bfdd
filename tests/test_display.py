"""Displays draw what they were given: the data in their artists, and what labels say of them."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_diabetes
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LassoCV
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures, StandardScaler

from sklearn_reg import (
    ConvergenceDisplay,
    CrossValidationDisplay,
    ElasticNetRegression,
    ElasticNetRegressionCV,
    LambdaSweepDisplay,
    LassoRegression,
    LassoRegressionCV,
    RegularizationPath,
    RegularizationPathDisplay,
    RidgeRegression,
    RidgeRegressionCV,
    TrajectoryDisplay,
    lambda_sweep,
    regularization_path,
    sgd_with_l2,
    trajectory,
)
from sklearn_reg.display._drawing import draw_line, label_axes, name_lines, put_legend, spread
from sklearn_reg.display._unwrapping import Curve

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def diabetes() -> tuple[Any, Any]:
    return load_diabetes(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def lasso(diabetes: Any) -> LassoRegressionCV:
    return LassoRegressionCV().fit(*diabetes)


@pytest.fixture(scope="module")
def displays(diabetes: Any, lasso: Any) -> list[Any]:
    X, y = diabetes
    return [
        RegularizationPathDisplay.from_estimator(lasso, X, y),
        CrossValidationDisplay.from_estimator(lasso),
        LambdaSweepDisplay.from_estimator(RidgeRegression(solver="auto"), X, y),
        ConvergenceDisplay.from_estimators({"ridge": RidgeRegression(solver="auto").fit(X, y)}),
        TrajectoryDisplay.from_trajectories({"a": np.zeros((3, 2)), "b": np.ones((3, 2))}),
    ]


def one_se(model: Any) -> float:
    """Return the largest lambda within one standard error of the best, the long way."""
    mean = model.mse_path_.mean(axis=1)
    best = mean.argmin()
    error = model.mse_path_[best].std(ddof=1) / np.sqrt(model.mse_path_.shape[1])
    return max(model.lambdas_[mean <= mean[best] + error])


def texts(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


def words_overlap(display: Any) -> bool:
    """Whether any two texts of the figure cover each other."""
    display.figure_.canvas.draw()
    # Text's own method: that of an annotation takes in its arrow.
    extent = matplotlib.text.Text.get_window_extent
    boxes = [extent(text) for ax in display.figure_.axes for text in visible(ax)]
    return any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])


def visible(ax: Any) -> Iterator[Any]:
    legend = ax.get_legend()
    titles = [ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label]
    for text in [*ax.texts, *titles, *(legend.get_texts() if legend else [])]:
        if text.get_text() and text.get_visible():
            yield text


# --- the path -------------------------------------------------------------------------------------


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


def test_path_refuses_what_it_cannot_follow(diabetes: Any) -> None:
    with pytest.raises(TypeError, match=r"of sklearn_reg.*LassoCV"):
        RegularizationPathDisplay.from_estimator(LassoCV(), *diabetes)
    with pytest.raises(NotFittedError):
        RegularizationPathDisplay.from_estimator(LassoRegressionCV(), *diabetes)


# --- cross-validation and sweep -------------------------------------------------------------------


def test_cross_validation_draws_means_and_standard_errors(lasso: Any) -> None:
    display = CrossValidationDisplay.from_estimator(lasso)
    line, _, (bars,) = display.errorbar_
    mean = lasso.mse_path_.mean(axis=1)
    error = lasso.mse_path_.std(axis=1, ddof=1) / np.sqrt(5)
    assert_array_equal(line.get_xdata(), lasso.lambdas_)
    assert_allclose(line.get_ydata(), mean)
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    assert_allclose(ends, np.column_stack([mean - error, mean + error]))
    assert_allclose(display.train_line_.get_ydata(), lasso.train_mse_path_.mean(axis=1))
    assert [mark.get_xdata()[0] for mark in display.marks_] == [lasso.lambda_, one_se(lasso)]
    assert not words_overlap(display)


def test_cross_validation_draws_the_l1_ratio_that_was_chosen(diabetes: Any) -> None:
    model = ElasticNetRegressionCV(l1_ratio=[0.5, 1.0]).fit(*diabetes)
    at = [0.5, 1.0].index(model.l1_ratio_)
    line = CrossValidationDisplay.from_estimator(make_pipeline(model)).errorbar_[0]
    assert_allclose(line.get_ydata(), model.mse_path_[at].mean(axis=1))


def test_cross_validation_of_a_score_draws_what_was_minimised(diabetes: Any) -> None:
    model = RidgeRegressionCV(scoring="r2", eps=1e-4).fit(*diabetes)
    display = CrossValidationDisplay.from_estimator(model)
    assert_allclose(display.errorbar_[0].get_ydata(), -model.score_path_.mean(axis=1))
    assert display.ax_.get_ylabel() == "minus the score (r2)"
    assert display.train_line_ is None


def test_cross_validation_asks_for_a_fitted_cv_estimator(diabetes: Any) -> None:
    with pytest.raises(NotFittedError):
        CrossValidationDisplay.from_estimator(LassoRegressionCV())
    with pytest.raises(TypeError, match="CV estimator"):
        CrossValidationDisplay.from_estimator(RidgeRegression().fit(*diabetes))


POLYNOMIAL = make_pipeline(PolynomialFeatures(3), StandardScaler(), RidgeRegression(solver="auto"))


def test_sweep_draws_losses_and_shades_both_sides(diabetes: Any) -> None:
    sweep = lambda_sweep(POLYNOMIAL, *diabetes, (1e-4, 1e-2, 1.0, 100.0))
    assert sweep.verdicts == ["overfits", "overfits", "best", "underfits"]
    display = LambdaSweepDisplay.from_sweep(sweep)
    assert_array_equal(display.train_line_.get_ydata(), sweep.train_loss)
    assert_array_equal(display.validation_line_.get_ydata(), sweep.validation_loss)
    assert set(display.shades_) == {"overfits", "underfits"}
    left, right = display.shades_["overfits"], display.shades_["underfits"]
    # Shades end half way, in log, between a lambda on this side and one on the other.
    assert_allclose(left.get_x() + left.get_width(), 0.1, rtol=1e-9)
    assert_allclose(right.get_x(), 10, rtol=1e-9)
    assert texts(display.ax_) == ["overfits", "underfits", "sweet spot"]
    assert display.ax_.get_yscale() == "linear"
    assert not words_overlap(display)


def test_sweep_from_an_estimator_takes_a_lambda_of_zero(diabetes: Any) -> None:
    X, y = diabetes
    display = LambdaSweepDisplay.from_estimator(
        RidgeRegression(solver="auto"), X, y, lambdas=[0, 1e-3, 1], cv=3
    )
    assert display.sweep.validation_losses.shape == (3, 3)
    assert display.train_line_.get_xdata()[0] == 0
    assert display.ax_.get_xscale() == "symlog"


# --- descents -------------------------------------------------------------------------------------


def test_convergence_draws_the_histories_of_each_solver(diabetes: Any) -> None:
    lasso = LassoRegression(0.1, learning_rate="auto", n_iterations=30)
    display = ConvergenceDisplay.from_estimator(
        lasso, *diabetes, solvers=["gradient_descent", "auto"]
    )
    alone = LassoRegression(0.1, solver="auto").fit(*diabetes)
    with pytest.warns(match="duality gap"):
        descent = lasso.fit(*diabetes)
    for fitted, objective, gap in zip(
        (descent, alone), display.objective_lines_, display.gap_lines_, strict=True
    ):
        assert_array_equal(objective.get_xdata(), np.arange(1, fitted.n_iter_ + 1))
        assert_array_equal(objective.get_ydata(), fitted.history_)
        assert_allclose(gap.get_ydata(), fitted.gap_history_, atol=1e-12)
        assert (gap.get_ydata() > 0).all()
    assert [line.get_label() for line in display.gap_lines_] == ["gradient_descent", "auto"]
    assert "duality gap" in display.axes_[1].get_ylabel()
    assert not words_overlap(display)


def test_convergence_refuses_several_targets(diabetes: Any) -> None:
    X, y = diabetes
    model = RidgeRegression(solver="auto").fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match=r"\['a'\] was fitted to 2 targets"):
        ConvergenceDisplay.from_estimators({"a": model})


SIZES = np.array([100.0, 1.0, 0.01])


def gradient(w: Any) -> Any:
    return SIZES * (w - 1)


def test_trajectories_draw_the_weights_of_the_four_optimizers() -> None:
    names = ["large gradient", "medium", "small"]
    display = TrajectoryDisplay.from_gradient(
        gradient, [1, 1, 1], n_steps=50, lr=0.01, lambda_=1, names=names
    )
    assert [ax.get_title() for ax in display.axes_] == list(display.trajectories)
    first = trajectory(sgd_with_l2, [1, 1, 1], gradient, 50, lr=0.01, lambda_=1)
    assert_array_equal([line.get_ydata() for line in display.lines_[0]], first.T)
    for ax, lines in zip(display.axes_, display.lines_, strict=True):
        assert texts(ax) == [line.get_label() for line in lines] == names
    ends = {
        title: [line.get_ydata()[-1] for line in lines]
        for title, lines in zip(display.trajectories, display.lines_, strict=True)
    }
    # What the figure is there to show.
    assert_allclose(ends["SGD + L2"], ends["SGD + weight decay"], rtol=1e-12)
    assert np.ptp(ends["Adam + L2"]) > 0.3
    assert np.ptp(ends["AdamW"]) < 0.01
    assert not words_overlap(display)


def test_trajectories_ask_for_a_name_a_weight() -> None:
    with pytest.raises(ValueError, match="names must be 2 names, one a weight, got 1"):
        TrajectoryDisplay.from_trajectories({"a": np.zeros((3, 2))}, names=["w"])


# --- names are drawn as they are ------------------------------------------------------------------

NASTY = [
    "price_$_per_$",
    "_legend hides me",
    r"\frac{1}{2",
    "x^2_{i",
    "100 % {",
    "two\nlines",
    "größe µ→λ",
    r"\$5",
    "$$",
    "#&~",
    "",
]


def histories(names: list[str]) -> dict[str, Any]:
    ends = np.linspace(1, 2, len(names))
    return {
        name: (np.array([3, end]), np.array([1, end / 2]))
        for name, end in zip(names, ends, strict=True)
    }


def draw_histories(names: list[str]) -> list[Any]:
    display = ConvergenceDisplay(histories(names)).plot()
    assert [line.get_label() for line in display.gap_lines_] == names
    display.figure_.canvas.draw()
    return [text for ax in display.axes_ if ax.get_legend() for text in ax.get_legend().texts]


def draw_features(names: list[str]) -> list[Any]:
    coefs = np.outer([0, 1, 2], np.arange(1.0, len(names) + 1))
    path = RegularizationPath(np.array([1, 0.1, 0.01]), coefs, *np.zeros((4, 3)))
    display = RegularizationPathDisplay(path, feature_names=names).plot(n_labels=len(names))
    assert [line.get_label() for line in display.lines_] == names
    display.figure_.canvas.draw()
    return list(display.ax_.texts)


def draw_weights(names: list[str]) -> list[Any]:
    weights = np.outer(np.arange(4.0), np.arange(len(names)))
    display = TrajectoryDisplay({"a": weights}, names=names).plot()
    assert [line.get_label() for line in display.lines_[0]] == names
    display.figure_.canvas.draw()
    return list(display.axes_[0].texts)


def draw_titles(names: list[str]) -> list[Any]:
    display = TrajectoryDisplay(dict.fromkeys(names, np.zeros((3, 1)))).plot()
    display.figure_.canvas.draw()
    return [ax.title for ax in display.axes_]


def draw_losses(names: list[str]) -> list[Any]:
    _, axes = plt.subplots(1, len(names), figsize=(4 * len(names), 3))
    for name, ax in zip(names, axes, strict=True):
        losses = np.array([[1.0, 2.0], [0.5, 1.0]])
        CrossValidationDisplay(np.array([1.0, 0.1]), losses, name=name).plot(ax)
    axes[0].figure.canvas.draw()
    return [ax.yaxis.label for ax in axes]


DRAWN = [draw_histories, draw_features, draw_weights, draw_titles, draw_losses]


@pytest.mark.parametrize("draw", DRAWN)
@pytest.mark.parametrize("mathtext", [True, False])
def test_names_are_drawn_as_they_are(draw: Any, mathtext: bool) -> None:
    with matplotlib.rc_context({"text.parse_math": mathtext}):
        drawn = draw(NASTY)
    assert [text.get_text() for text in drawn] == NASTY
    # Matplotlib reads no mathematics where there is no dollar.
    assert not any(text.get_parse_math() for text in drawn if "$" in text.get_text())


@given(st.text(alphabet="$\\_^%{}[]#&~ \nabé1", min_size=1, max_size=8))
@settings(max_examples=30)
def test_any_text_can_be_a_name(name: str) -> None:
    figure, ax = plt.subplots(figsize=(2, 2))
    ax.axis("off")
    line = draw_line(ax, [1, 2], [3, 4], name)
    label_axes(ax, quoted=True, title=name)
    put_legend(ax, [line], given=True)
    name_lines(ax, 2.0, np.array([4.0]), [name], ["black"], "right")
    figure.canvas.draw()
    found = [ax.title, *ax.get_legend().get_texts(), *ax.texts]
    assert [text.get_text() for text in found] == [line.get_label()] * 3 == [name] * 3
    plt.close(figure)


def test_names_need_no_latex_where_a_user_has_it() -> None:
    _, ax = plt.subplots()
    with matplotlib.rc_context({"text.usetex": True}):
        path = RegularizationPath(np.array([1, 0.1]), np.eye(2), *np.zeros((4, 2)))
        RegularizationPathDisplay(path, feature_names=["a_b", "50%"], chosen=0.1).plot(ax)
    assert not any(text.get_usetex() for text in [*ax.texts, *ax.get_legend().get_texts()])


@pytest.mark.parametrize("mathtext", [True, False])
def test_our_own_mathematics_is_drawn_as_mathematics(mathtext: bool, displays: Any) -> None:
    with matplotlib.rc_context({"text.parse_math": mathtext}):
        for display in displays:
            display.plot().figure_.canvas.draw()
            for ax in display.figure_.axes:
                words = [*visible(ax), *ax.get_xticklabels(), *ax.get_yticklabels()]
                raw = [text for text in words if not text.get_parse_math()]
                assert not any("$" in text.get_text() for text in raw)
    assert r"$\lambda$" in displays[0].ax_.get_xlabel()


def test_a_user_may_still_write_mathematics_and_keeps_a_legend(lasso: Any) -> None:
    _, ax = plt.subplots()
    ax.plot([1e-3, 1], [3000, 3000], label=r"$\sigma^2$")
    CrossValidationDisplay.from_estimator(lasso, ax=ax)
    first, second, *_ = ax.get_legend().get_texts()
    assert (first.get_text(), first.get_parse_math()) == (r"$\sigma^2$", True)
    assert second.get_text() == "test folds, ± one standard error"
    ax.set(xlabel=r"$\alpha$", ylabel=r"$\ell$")
    assert ax.xaxis.label.get_parse_math()
    assert ax.yaxis.label.get_parse_math()


def test_displays_on_the_same_axes_share_a_legend_of_literal_names() -> None:
    _, axes = plt.subplots(1, 2)
    for name in ("$first_$", "_second"):
        ConvergenceDisplay(histories([name])).plot(axes)
    texts_ = axes[0].get_legend().get_texts()
    assert [text.get_text() for text in texts_] == ["$first_$", "_second"]
    assert not any(text.get_parse_math() for text in texts_)


def test_a_scorer_is_named_as_it_is(diabetes: Any) -> None:
    class Cost:
        def __call__(self, estimator: Any, X: Any, y: Any) -> float:
            return float(estimator.score(X, y))

        def __repr__(self) -> str:
            return r"cost_in_$_(\alpha)"

    def by_r2(estimator: Any, X: Any, y: Any) -> float:
        return float(estimator.score(X, y))

    for scoring, name in ((Cost(), r"cost_in_$_(\alpha)"), (by_r2, "by_r2")):
        model = RidgeRegressionCV(lambdas=[1e-4, 1e-3, 1e-2], scoring=scoring)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of the end of the grid
            model.fit(*diabetes)
        display = CrossValidationDisplay.from_estimator(model)
        display.figure_.canvas.draw()
        assert display.ax_.get_ylabel() == f"minus the score ({name})"


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


# --- pipelines and searches -----------------------------------------------------------------------

LASSO = LassoRegression(0.1, solver="auto")
OFF = Pipeline([("scale", None), ("model", LASSO)])
POWERS = PolynomialFeatures(2, include_bias=False)
PIPELINES = {
    "only the model": (make_pipeline(LASSO), ["age", "bmi"]),
    "passthrough": (make_pipeline("passthrough", LASSO), ["age", "bmi"]),
    "None": (OFF, ["age", "bmi"]),
    "switched off later": (
        make_pipeline(StandardScaler(), LASSO).set_params(standardscaler="passthrough"),
        ["age", "bmi"],
    ),
    "pipelines in pipelines": (
        make_pipeline(make_pipeline("passthrough", POWERS), make_pipeline(None, LASSO)),
        ["age", "bmi", "age^2", "age bmi", "bmi^2"],
    ),
    "columns": (
        make_pipeline(
            make_column_transformer(("passthrough", ["bmi"]), (StandardScaler(), ["age"])), LASSO
        ),
        ["passthrough__bmi", "standardscaler__age"],
    ),
    "a step without names": (make_pipeline(FunctionTransformer(), LASSO), ["age", "bmi"]),
    "names after a step without": (
        make_pipeline(FunctionTransformer(np.asarray), POWERS, LASSO),
        ["x0", "x1", "x0^2", "x0 x1", "x1^2"],
    ),
    "a search in a pipeline": (
        make_pipeline(StandardScaler(), GridSearchCV(LASSO, {"lambda_": [0.01, 0.1]}, cv=2)),
        ["age", "bmi"],
    ),
    "a pipeline in a search": (
        GridSearchCV(make_pipeline("passthrough", LASSO), {"lassoregression__tol": [1e-6]}, cv=2),
        ["age", "bmi"],
    ),
}


@pytest.mark.parametrize("wrapped", PIPELINES)
def test_the_model_in_wrappings_is_drawn_with_the_names_that_it_sees(
    wrapped: str, diabetes: Any
) -> None:
    estimator, names = PIPELINES[wrapped]
    X, y = diabetes[0][["age", "bmi"]] * 20, diabetes[1]
    estimator = clone(estimator).fit(X, y)
    display = RegularizationPathDisplay.from_estimator(estimator, X, y)
    assert {line.get_label() for line in display.lines_} <= set(names)
    assert len(display.lines_) >= len(names) - 1  # a path may never take one in
    history = ConvergenceDisplay.from_estimator(estimator).gap_lines_
    again = ConvergenceDisplay.from_estimator(estimator, X, y, solvers=["auto"]).gap_lines_
    assert_allclose(history[0].get_ydata(), again[0].get_ydata(), rtol=1e-6, atol=1e-9)


class Sampler(BaseEstimator):
    def fit(self, X: Any, y: Any) -> Sampler:
        return self


def test_wrappings_that_cannot_be_drawn_are_refused_by_name(diabetes: Any) -> None:
    X, y = diabetes
    scaled = TransformedTargetRegressor(LASSO, func=np.log, inverse_func=np.exp).fit(X, y)
    draw = RegularizationPathDisplay.from_estimator
    grid = {"lambda_": [0.01, 0.1]}
    for estimator, error, words in (
        (make_pipeline(StandardScaler(), "passthrough"), TypeError, "'passthrough', is switched"),
        (make_pipeline(StandardScaler(), LASSO), NotFittedError, "'standardscaler'.*call fit"),
        (Pipeline([("sample", Sampler()), ("model", LASSO)]), TypeError, "'sample'"),
        (scaled, TypeError, "TransformedTargetRegressor.*regressor_"),
        (make_pipeline("passthrough", LassoRegressionCV()), NotFittedError, "LassoRegressionCV"),
        (GridSearchCV(LASSO, grid), NotFittedError, r"call fit\(X, y\).*GridSearchCV"),
        (GridSearchCV(LASSO, grid, refit=False).fit(X, y), ValueError, "refit=False"),
    ):
        with pytest.raises(error, match=words):
            draw(estimator, X, y)
    for estimator in (LASSO, LassoRegressionCV()):
        with pytest.raises(TypeError, match="X and y must be given"):
            draw(estimator)


def losses_of(search: Any, metric: str = "score") -> Any:
    """Return minus the scores of each fold."""
    return -np.array([search.cv_results_[f"split{k}_test_{metric}"] for k in range(3)]).T


def test_a_search_over_lambda_is_drawn_as_cross_validation(diabetes: Any) -> None:
    X, y = diabetes
    grid = {"lambda_": [0, 0.01, 1, 0.1]}
    search = GridSearchCV(LASSO, grid, cv=3, return_train_score=True).fit(X, y)
    display = CrossValidationDisplay.from_estimator(search)
    assert list(display.lambdas) == [1, 0.1, 0.01, 0]
    assert_allclose(display.losses, losses_of(search)[[2, 3, 1, 0]])
    assert_allclose(
        display.train_line_.get_ydata(), -search.cv_results_["mean_train_score"][[2, 3, 1, 0]]
    )
    assert display.chosen == search.best_params_["lambda_"]
    assert display.ax_.get_ylabel() == "minus the score (r2)"
    path = RegularizationPathDisplay.from_estimator(search, X, y)
    assert path.marks_[0].get_label() == f"chosen: λ = {search.best_params_['lambda_']:.3g}"
    sweep = LambdaSweepDisplay.from_estimator(search, X, y, cv=2).sweep
    assert_allclose(sweep.train_losses, lambda_sweep(LASSO, X, y, cv=2).train_losses)


def test_a_search_is_drawn_at_the_best_of_its_other_parameters(diabetes: Any) -> None:
    X, y = diabetes
    net = make_pipeline(StandardScaler(), ElasticNetRegression(solver="auto"))
    name, ratio = "elasticnetregression__lambda_", "elasticnetregression__l1_ratio"
    search = GridSearchCV(
        net,
        {name: [0.01, 0.1, 1.0], ratio: [0.2, 0.9], "standardscaler": [None, StandardScaler()]},
        cv=3,
        scoring=["r2", "neg_mean_absolute_error"],
        refit="neg_mean_absolute_error",
    ).fit(X, y)
    display = CrossValidationDisplay.from_estimator(search)
    best = [
        params[ratio] == search.best_params_[ratio]
        and params["standardscaler"] is search.best_params_["standardscaler"]
        for params in search.cv_results_["params"]
    ]
    assert sum(best) == 3
    mine = losses_of(search, "neg_mean_absolute_error")[best]
    assert_allclose(display.losses, mine[::-1])
    assert display.ax_.get_ylabel() == "minus the score (neg_mean_absolute_error)"


def test_a_search_without_a_curve_over_lambda_is_refused_by_name(diabetes: Any) -> None:
    draws = {"lambda_": np.logspace(-3, 0, 50), "l1_ratio": np.linspace(0.1, 1, 50)}
    net = ElasticNetRegression(0.1, solver="auto")
    both = {"lambda_": [0.1, 1.0]}
    two = ["r2", "neg_mean_squared_error"]
    for search, error, words in (
        (RandomizedSearchCV(net, draws, n_iter=3, random_state=0), ValueError, "lambda_ alone"),
        (GridSearchCV(net, {"l1_ratio": [0.1, 1]}), TypeError, "varied lambda_"),
        (GridSearchCV(net, both, scoring=two, refit=False), ValueError, "refit=False"),
    ):
        with pytest.raises(error, match=words):
            CrossValidationDisplay.from_estimator(search.fit(*diabetes))


def test_a_search_over_cv_estimators_shows_the_curve_of_the_best(diabetes: Any) -> None:
    cross_validated = LassoRegressionCV(lambdas=5, eps=1e-4)
    search = GridSearchCV(cross_validated, {"fit_intercept": [True, False]}, cv=2).fit(*diabetes)
    display = CrossValidationDisplay.from_estimator(search)
    assert_array_equal(display.losses, search.best_estimator_.mse_path_)


def test_scores_that_are_not_known_are_passed_over() -> None:
    losses = np.array([[np.nan, 1.0], [1.0, 1.2], [2.0, 2.1]])
    curve = Curve(np.array([1.0, 0.1, 0.01]), losses, None, 0.1, None)
    assert curve.one_standard_error == 0.1
    assert Curve(*curve[:1], losses * np.nan, *curve[2:]).one_standard_error is None


# --- a lambda of zero -----------------------------------------------------------------------------


def test_path_and_cross_validation_draw_and_mark_a_lambda_of_zero() -> None:
    lambdas = np.array([1, 0.1, 0.01, 0])
    path = RegularizationPath(lambdas, np.outer(range(4), [1.0, -2]), *np.ones((4, 4)))
    losses = np.array([[4, 5], [2, 3], [1, 2], [1, 1.5]])
    for display in (
        RegularizationPathDisplay(path, chosen=0, one_standard_error=0.1).plot(),
        CrossValidationDisplay(lambdas, losses, chosen=0, one_standard_error=0.1).plot(),
    ):
        display.figure_.canvas.draw()
        assert [mark.get_label() for mark in display.marks_] == ["chosen: λ = 0", "1-SE: λ = 0.1"]
        left, right = display.ax_.get_xlim()
        assert left < 0 < 1 <= right
        assert list(display.ax_.get_xticks()) == [0, 0.01, 0.1, 1]
        x = display.ax_.transData.transform([(at, 0) for at in lambdas])[:, 0]
        assert (np.diff(x) < -30).all()  # pixels
    top = RegularizationPathDisplay(path).plot().ax_.child_axes[0]
    top.figure.canvas.draw()
    assert_allclose(
        top.transData.transform([(at, 0) for at in lambdas])[:, 0],
        top.figure.axes[0].transData.transform([(at, 0) for at in lambdas])[:, 0],
    )


def test_a_chosen_lambda_outside_the_path_is_in_sight(diabetes: Any) -> None:
    X, y = diabetes
    for lambda_ in (0.0, 1e-6, 50.0):
        display = RegularizationPathDisplay.from_estimator(LassoRegression(lambda_), X, y)
        left, right = display.ax_.get_xlim()
        assert left <= lambda_ <= right
        assert display.marks_[0].get_xdata()[0] == lambda_


# --- fitted models --------------------------------------------------------------------------------


def test_convergence_draws_the_history_that_a_fitted_model_has(diabetes: Any, lasso: Any) -> None:
    X, y = diabetes
    for model in (RidgeRegression(0.1, solver="auto").fit(X, y), lasso):
        display = ConvergenceDisplay.from_estimator(model)
        (line,) = display.objective_lines_
        assert_array_equal(line.get_ydata(), model.history_)
        assert line.get_label() == model.solver_
    weights = np.ones(len(y))
    for wrong, error, words in (
        (lambda: ConvergenceDisplay.from_estimator(LASSO), NotFittedError, "not fitted"),
        (lambda: ConvergenceDisplay.from_estimator(model, X), TypeError, "together"),
        (lambda: ConvergenceDisplay.from_estimator(model, X, y), TypeError, "LassoRegressionCV"),
        (lambda: ConvergenceDisplay.from_estimator(model, solvers=["auto"]), ValueError, "solvers"),
        (
            lambda: ConvergenceDisplay.from_estimator(model, sample_weight=weights),
            ValueError,
            "sample_weight",
        ),
        (lambda: ConvergenceDisplay.from_estimator(LassoCV().fit(X, y)), TypeError, "LassoCV"),
    ):
        with pytest.raises(error, match=words):
            wrong()


def test_a_target_without_variance_has_a_drawing(diabetes: Any) -> None:
    model = RidgeRegression(solver="auto").fit(diabetes[0], np.full(442, 7.0))
    ConvergenceDisplay.from_estimator(model).figure_.canvas.draw()


# --- legends --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("columns", "layout"), [(1, None), (3, None), (3, "constrained")])
def test_legends_lie_inside_axes_that_were_given(columns: int, layout: Any, displays: Any) -> None:
    for display in displays[:4]:
        count = len(getattr(display, "axes_", [0]))
        figure, axes = plt.subplots(1, columns + count - 1, squeeze=False, layout=layout)
        ax = axes[0, 0]
        display.plot(axes[0, :count])
        figure.canvas.draw()
        legend, inside = ax.get_legend().get_window_extent(), ax.get_window_extent()
        assert inside.x0 <= legend.x0 < legend.x1 <= inside.x1
        assert inside.y0 <= legend.y0 < legend.y1 <= inside.y1


# --- all of them ----------------------------------------------------------------------------------


def test_every_display_draws_again_where_it_is_told(displays: Any) -> None:
    for display in displays:
        count = len(getattr(display, "axes_", [0]))
        figure, axes = plt.subplots(1, count)
        before = plt.get_fignums()
        assert display.plot(axes) is display
        assert plt.get_fignums() == before
        assert display.figure_ is figure
        drawn = display.axes_ if hasattr(display, "axes_") else [display.ax_]
        assert list(drawn) == list(np.ravel(axes))
        with pytest.raises(ValueError, match="ax must be"):
            display.plot(list(plt.subplots(1, count + 1)[1]))


def test_lines_of_a_figure_differ_in_dash_as_well_as_in_colour(diabetes: Any, lasso: Any) -> None:
    display = RegularizationPathDisplay.from_estimator(lasso, *diabetes)
    looks = [
        (line.get_color(), line.get_linewidth(), line.get_linestyle(), line._unscaled_dash_pattern)
        for line in display.lines_
    ]
    assert len({look[0] for look in looks[:7]}) == 7
    assert len({look[1:] for look in looks[:6]}) == 6


def test_drawing_does_not_change_the_style_of_the_user(displays: Any) -> None:
    before = dict(matplotlib.rcParams)
    for display in displays:
        display.plot()
    assert dict(matplotlib.rcParams) == before


def test_displays_say_what_to_install_without_matplotlib() -> None:
    code = """if True:
        import sys
        sys.modules["matplotlib"] = None
        from sklearn_reg import TrajectoryDisplay
        display = TrajectoryDisplay({"a": [[1.0], [2.0]]})
        try:
            display.plot()
        except ImportError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'sklearn_reg[plot]'" in done.stdout


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10), st.floats(0.001, 0.08))
def test_names_are_spread_in_order_and_within_the_axis(heights: list[float], gap: float) -> None:
    before = np.array(heights)
    after = spread(before, gap)
    order = np.argsort(before, kind="stable")
    assert (np.diff(after[order]) >= gap * (1 - 1e-9)).all()
    assert after.min() >= 0
    assert after.max() <= 1
    inside = np.clip(before, gap / 2, 1 - gap / 2)
    if (np.diff(np.sort(before)) >= gap).all() and (inside == before).all():
        assert_allclose(after, before, atol=1e-12)


def test_errors_of_several_targets_are_drawn_as_they_were_compared() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    Y = X[:, :2] * [1.0, 1e5] + rng.normal(size=(60, 2)) * [1.0, 1e5]
    model = LassoRegressionCV(eps=1e-2).fit(X, Y)
    display = CrossValidationDisplay.from_estimator(model)
    assert display.ax_.get_ylabel() == "mean squared error (null models: 1)"
    assert_allclose(display.errorbar_.lines[0].get_ydata(), model.relative_mse_path_.mean(axis=1))
    assert display.train_line_ is None
