"""The display of stability selection: frequencies, names of what is selected, the threshold."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError

from drawing import texts, words_overlap
from sklearn_reg import StabilityDisplay, StabilitySelection
from sklearn_reg.display._drawing import GREY


@pytest.fixture(scope="module")
def stable(diabetes: Any) -> StabilitySelection:
    return StabilitySelection(random_state=0).fit(*diabetes)


def test_lines_are_frequencies_and_those_selected_are_named(stable: Any, diabetes: Any) -> None:
    names = list(diabetes[0].columns)
    display = StabilityDisplay.from_estimator(stable)
    lines = {line.get_label(): line for line in display.lines_}
    seen = stable.selection_frequencies_ > 0
    assert list(lines) == list(diabetes[0].columns[seen])
    for name, line in lines.items():
        j = names.index(name)
        assert_array_equal(line.get_xdata(), stable.lambdas_)
        assert_array_equal(line.get_ydata(), stable.frequency_path_[:, j])
        assert (to_rgba(line.get_color()) == to_rgba(GREY)) == (not stable.support_[j])
    assert texts(display.ax_) == list(stable.get_feature_names_out())
    assert display.ax_.get_xscale() == "log"
    assert_array_equal(display.threshold_line_.get_ydata(), [0.6, 0.6])
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == ["threshold: 0.6"]
    assert not words_overlap(display)


def test_it_draws_on_axes_that_are_given_with_names_that_are_given(stable: Any) -> None:
    _, ax = plt.subplots()
    names = [f"measurement {j}" for j in range(10)]
    display = StabilityDisplay.from_estimator(stable, feature_names=names, ax=ax)
    assert display.ax_ is ax
    assert texts(ax) == [names[j] for j in stable.get_support(indices=True)]


def test_few_labels_name_the_most_frequent(stable: Any) -> None:
    display = StabilityDisplay.from_estimator(stable).plot(n_labels=2)
    assert texts(display.ax_) == ["bmi", "s5"]


@pytest.mark.parametrize("threshold", [0.6, 1.0])
def test_arrays_are_drawn_too_also_where_nothing_is_selected(threshold: float) -> None:
    frequencies = np.array([[0.0, 0.0, 0.0], [0.5, 0.7, 0.0]])
    display = StabilityDisplay([2.0, 1.0], frequencies, threshold).plot()
    assert [line.get_label() for line in display.lines_] == ["x0", "x1"]
    assert texts(display.ax_) == (["x1"] if threshold < 1 else [])
    display.figure_.canvas.draw()


def test_equal_names_are_two_lines() -> None:
    display = StabilityDisplay([2.0, 1.0], np.ones((2, 2)), 0.6, feature_names=["a", "a"]).plot()
    assert texts(display.ax_) == ["a", "a"]


def test_what_is_not_fitted_is_refused() -> None:
    with pytest.raises(NotFittedError):
        StabilityDisplay.from_estimator(StabilitySelection())
    with pytest.raises(TypeError, match="estimator must be a StabilitySelection, got 'lasso'"):
        StabilityDisplay.from_estimator("lasso")  # type: ignore[arg-type]
