"""Whatever the display: names and mathematics, legends, a lambda of zero, axes that were given."""

from __future__ import annotations

from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from drawing import histories, visible
from loading import without
from sklearn_reg import (
    ConvergenceDisplay,
    CrossValidationDisplay,
    InferenceDisplay,
    RegularizationPath,
    RegularizationPathDisplay,
    TrajectoryDisplay,
)
from sklearn_reg.display._drawing import draw_line, label_axes, name_lines, put_legend, spread

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


def draw_intervals(names: list[str]) -> list[Any]:
    estimate = np.arange(len(names), 0, -1.0)
    display = InferenceDisplay(
        estimate, estimate - 1, estimate + 1, method="$m_", assumptions="$a_", feature_names=names
    ).plot()
    display.figure_.canvas.draw()
    assert not display.note_.get_parse_math()
    return list(display.ax_.get_yticklabels())


DRAWN = [
    draw_histories,
    draw_features,
    draw_weights,
    draw_titles,
    draw_losses,
    draw_intervals,
]


# Legends and texts, which all are, where a user has turned mathematics off.
@pytest.mark.parametrize(
    ("draw", "mathtext"),
    [*((draw, True) for draw in DRAWN), (draw_histories, False), (draw_features, False)],
)
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


def test_displays_say_what_to_install_without_matplotlib(
    displays: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    without("matplotlib", monkeypatch)
    for display in displays:
        with pytest.raises(ImportError, match=r"pip install 'sklearn_reg\[plot\]'"):
            display.plot()


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
