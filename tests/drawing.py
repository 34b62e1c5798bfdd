"""What tests of displays share: a model, and the words of a figure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib
import numpy as np

from sklearn_reg import LassoRegression

LASSO = LassoRegression(0.1, solver="auto")


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


def histories(names: list[str]) -> dict[str, Any]:
    ends = np.linspace(1, 2, len(names))
    return {
        name: (np.array([3, end]), np.array([1, end / 2]))
        for name, end in zip(names, ends, strict=True)
    }
