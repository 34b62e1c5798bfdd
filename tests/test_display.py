"""Displays draw what they were given: the data in their artists, and what labels say of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LassoCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures, StandardScaler

from sklearn_reg import (
    ConvergenceDisplay,
    CrossValidationDisplay,
    ElasticNetRegressionCV,
    LambdaSweepDisplay,
    LassoRegression,
    LassoRegressionCV,
    RegularizationPathDisplay,
    RidgeRegression,
    RidgeRegressionCV,
    TrajectoryDisplay,
    lambda_sweep,
    regularization_path,
    sgd_with_l2,
    trajectory,
)
from sklearn_reg._drawing import spread

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
    with pytest.raises(ValueError, match="names must be 2, one a weight, got 1"):
        TrajectoryDisplay.from_trajectories({"a": np.zeros((3, 2))}, names=["w"])


# --- all of them ----------------------------------------------------------------------------------


def displays(diabetes: Any, lasso: Any) -> list[Any]:
    X, y = diabetes
    return [
        RegularizationPathDisplay.from_estimator(lasso, X, y),
        CrossValidationDisplay.from_estimator(lasso),
        LambdaSweepDisplay.from_estimator(RidgeRegression(solver="auto"), X, y),
        ConvergenceDisplay.from_estimators({"ridge": RidgeRegression(solver="auto").fit(X, y)}),
        TrajectoryDisplay.from_trajectories({"a": np.zeros((3, 2)), "b": np.ones((3, 2))}),
    ]


def test_every_display_draws_again_where_it_is_told(diabetes: Any, lasso: Any) -> None:
    for display in displays(diabetes, lasso):
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


def test_drawing_does_not_change_the_style_of_the_user(diabetes: Any, lasso: Any) -> None:
    before = dict(matplotlib.rcParams)
    displays(diabetes, lasso)
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
