"""The display of trajectories: the weights of optimizers, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from drawing import texts, words_overlap
from sklearn_reg import TrajectoryDisplay, sgd_with_l2, trajectory

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
