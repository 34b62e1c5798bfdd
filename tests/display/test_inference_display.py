"""The display of intervals: what is drawn, in which order, and the assumptions below it."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgba
from numpy.testing import assert_allclose, assert_array_equal

from drawing import words_overlap
from sklearn_reg import (
    CoefficientInference,
    InferenceDisplay,
    RidgeRegression,
    coefficient_inference,
)
from sklearn_reg.display._drawing import GREY


@pytest.fixture(scope="module")
def found(diabetes: Any, lasso: Any) -> CoefficientInference:
    return coefficient_inference(lasso, *diabetes, method="debiased")


def drawn(estimate: Any, half: Any = 0.5, **options: Any) -> InferenceDisplay:
    """Return a display of intervals around estimates."""
    estimate = np.asarray(estimate, dtype=float)
    given_ = {"method": "split", "assumptions": "rows are independent; sigma is known"}
    plotted = {k: options.pop(k) for k in ("n_features", "sort", "p_values") if k in options}
    display = InferenceDisplay(estimate, estimate - half, estimate + half, **given_ | options)
    return display.plot(**plotted)


def names(display: Any) -> list[str]:
    return [label.get_text() for label in display.ax_.get_yticklabels()]


def intervals(display: Any) -> dict[int, tuple[float, float, float]]:
    """Return (lower, estimate, upper) by row."""
    read = {}
    for bars in display.errorbars_.values():
        points, _, (lines,) = bars
        for x, row, line in zip(*points.get_data(), lines.get_segments(), strict=True):
            assert_array_equal(line[:, 1], row)
            read[int(row)] = (line[0, 0], x, line[1, 0])
    return dict(sorted(read.items()))


def words(display: Any) -> str:
    return " ".join(display.note_.get_text().split())


def test_intervals_are_drawn_by_name_with_the_largest_estimate_first(found: Any) -> None:
    display = InferenceDisplay.from_inference(found)
    order = np.argsort(-np.abs(found.estimate))
    assert names(display) == [found.feature_names[j] for j in order]
    ends = np.column_stack([found.lower, found.estimate, found.upper])[order]
    assert_allclose(list(intervals(display).values()), ends)
    assert list(display.zero_line_.get_xdata()) == [0, 0]
    top, bottom = display.ax_.transData.transform([(0, 0), (0, 9)])[:, 1]
    assert top > bottom
    assert display.ax_.get_xlabel() == "coefficient, 95 % interval"


def test_those_that_exclude_zero_are_filled_and_in_colour(found: Any) -> None:
    display = InferenceDisplay.from_inference(found, sort=False)
    excludes = (found.lower > 0) | (found.upper < 0)
    assert 0 < excludes.sum() < 10
    for word, inside in (("excludes zero", excludes), ("includes zero", ~excludes)):
        points, _, (lines,) = display.errorbars_[word]
        assert_array_equal(points.get_ydata(), np.flatnonzero(inside))
        grey = to_rgba(points.get_color()) == to_rgba(GREY)
        hollow = to_rgba(points.get_markerfacecolor()) == to_rgba("white")
        assert grey == hollow == (word == "includes zero")
        assert lines.get_linewidth()[0] == (1.2 if grey else 2.2)


def test_the_method_and_every_assumption_stand_below_within_the_figure(found: Any) -> None:
    display = InferenceDisplay.from_inference(found)
    assert words(display).startswith('Method "debiased". It assumes: (1) E[y] = b + X w*; (2) ')
    for assumption in found.assumptions.splitlines():
        assert assumption in words(display)
    display.figure_.canvas.draw()
    note, ax = display.note_.get_window_extent(), display.ax_
    assert note.y1 < ax.xaxis.label.get_window_extent().y0
    assert 0 <= note.x0 < note.x1 <= display.figure_.bbox.width
    assert note.y0 >= 0
    assert not words_overlap(display)


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
def test_axes_that_are_given_make_room_for_names_p_values_and_assumptions(
    layout: Any, found: Any
) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(10, 5), layout=layout)
    for ax in axes:
        longer = [f"measurement of {name}" for name in found.feature_names]
        display = InferenceDisplay.from_inference(
            found._replace(feature_names=longer), ax=ax, p_values=True
        )
        assert display.ax_ is ax
    figure.canvas.draw()
    left, right = (ax.get_tightbbox() for ax in axes)
    assert min(left.x0, left.y0, right.y0) >= 0
    assert left.x1 <= right.x0
    assert max(left.y1, right.y1) <= 500
    assert right.x1 <= 1000
    for ax in axes:
        assert ax.get_window_extent().width > 80
        assert ax.get_window_extent().height > 150


def test_drawing_twice_on_axes_without_a_layout_takes_room_once(found: Any) -> None:
    _, ax = plt.subplots()
    places = []
    for _ in range(2):
        ax.clear()
        InferenceDisplay.from_inference(found, ax=ax)
        places.append(ax.get_position().bounds)
    assert_allclose(*places)


def test_few_features_say_how_many_are_left_out_and_what_they_have() -> None:
    estimate = np.arange(1.0, 61)
    display = drawn(estimate, half=39.5)
    assert names(display) == [f"x{j}" for j in range(59, 39, -1)]
    assert words(display).endswith(
        "Filled: the interval excludes zero. Left out: 40 features with smaller estimates, of "
        "which 1 has an interval that excludes zero."
    )
    nothing = drawn(estimate, half=100, n_features=59)
    assert words(nothing).endswith(
        "sigma is known. Left out: 1 feature with smaller estimates, of which none has an interval "
        "that excludes zero."
    )
    assert list(nothing.errorbars_) == ["includes zero"]
    assert "Left out" not in words(drawn(estimate, n_features=60))
    assert "of which 40 have an" in words(drawn(estimate))


def test_without_sorting_features_keep_their_order_and_the_small_ones_are_left_out() -> None:
    display = drawn([1, -5, 0, 3], sort=False, n_features=3)
    assert names(display) == ["x0", "x1", "x3"]


def test_adjusted_p_values_stand_at_the_right_of_their_rows() -> None:
    p = [0.2, 1e-9, 0.00099, 0.0123]
    display = drawn([1, 4, 3, 2], adjusted_p_value=p, p_values=True)
    *values, title, _ = display.ax_.texts
    assert [text.get_text() for text in values] == ["< 0.001", "< 0.001", "0.012", "0.200"]
    assert title.get_text() == "adjusted p"
    display.figure_.canvas.draw()
    right = display.ax_.get_window_extent().x1
    assert all(text.get_window_extent().x0 > right for text in values)
    assert not words_overlap(display)
    plain = drawn([1, 4, 3, 2], adjusted_p_value=p)
    assert plain.ax_.texts[:] == [plain.note_]


def test_an_interval_that_is_far_longer_than_the_others_is_cut_with_an_arrow() -> None:
    half = np.array([1, 1, 1, 1e6, np.inf])
    display = drawn([5, 4, 3, 2, 1], half)
    assert display.ax_.get_xlim()[1] < 7
    marks = {
        line.get_marker(): line.get_ydata() for line in display.ax_.lines if len(line.get_ydata())
    }
    assert_array_equal(marks["<"], [3, 4])
    assert_array_equal(marks[">"], [3, 4])
    assert "Arrow: the interval goes on." in words(display)
    assert "Arrow" not in words(drawn([5, 4, 3, 2, 1]))
    drawn([1, 2], [np.inf, np.inf]).figure_.canvas.draw()


def test_axes_that_share_x_show_the_intervals_of_both() -> None:
    _, axes = plt.subplots(1, 2, sharex=True)
    for ax, half in zip(axes, (100, 1), strict=True):
        estimate = np.array([1.0, 2.0])
        ends = estimate - half, estimate + half
        InferenceDisplay(estimate, *ends, method="a", assumptions="b").plot(ax)
        assert ax.get_xlim()[0] < -99
        assert ax.get_xlim()[1] > 102


def test_long_names_leave_room_for_the_intervals() -> None:
    long = ["one " + "x" * 100 + " end", "two", "s" * 60]
    display = drawn([3, 2, 1], feature_names=long)
    display.figure_.canvas.draw()
    first, *others = names(display)
    assert others == long[1:]
    assert first.startswith("one xxx")
    assert first.endswith("xxx end")
    assert len(first) <= 61
    assert display.ax_.get_window_extent().width > 200
    assert display.ax_.get_tightbbox().x0 >= 0


@pytest.mark.parametrize("count", [0, 1])
def test_none_or_one(count: int) -> None:
    display = drawn(np.zeros(count))
    display.figure_.canvas.draw()
    assert names(display) == ["x0"][:count]
    assert "rows are independent" in words(display)


@given(
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0, 1e3)), min_size=1, max_size=6),
    st.integers(1, 6),
)
@settings(max_examples=15)
def test_every_interval_that_is_not_cut_is_drawn_in_full(pairs: Any, n_features: int) -> None:
    estimate, half = np.array(pairs).T
    display = drawn(estimate, half, n_features=n_features)
    order = np.argsort(-np.abs(estimate), kind="stable")[:n_features]
    ends = np.column_stack([estimate - half, estimate, estimate + half])[order]
    for row, read in intervals(display).items():
        if np.ptp(ends[row]) <= 20 * np.median(2 * half[order]):
            assert_allclose(read, ends[row], rtol=1e-9, atol=1e-9)
    low, high = display.ax_.get_xlim()
    assert low < min(0, ends[:, 1].min()) <= max(0, ends[:, 1].max()) < high
    plt.close(display.figure_)


def test_options_go_to_the_method(diabetes: Any) -> None:
    X, y = diabetes
    model = RidgeRegression(0.0, solver="auto").fit(X, y)
    asked = {"method": "ols", "covariance": "HC3", "features": ["bmi", "s5"]}
    display = InferenceDisplay.from_estimator(model, X, y, confidence_level=0.9, **asked)
    inside = coefficient_inference(model, X, y, confidence_level=0.9, **asked)
    assert_array_equal(display.lower, inside.lower)
    assert display.ax_.get_xlabel() == "coefficient, 90 % interval"
    assert "HC3" in words(display)
    assert sorted(names(display)) == ["bmi", "s5"]


def test_what_cannot_be_drawn_is_refused(found: Any) -> None:
    with pytest.raises(TypeError, match="inference must be a CoefficientInference, got 'ols'"):
        InferenceDisplay.from_inference("ols")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"lower must be of shape \(n_features,\).*got \(1,\)"):
        InferenceDisplay([1, 2], [1], [2, 3], method="a", assumptions="b")
    with pytest.raises(ValueError, match="p_values must be False"):
        drawn([1, 2], p_values=True)
    with pytest.raises(ValueError, match="n_features must be an integer >= 1, got 0"):
        InferenceDisplay.from_inference(found, n_features=0)
    with pytest.raises(ValueError, match="feature_names"):
        drawn([1, 2], feature_names=["a"])
