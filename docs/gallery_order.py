"""The order of the gallery: what a newcomer should see first; the rest builds on it."""

from __future__ import annotations

from pathlib import Path

from sphinx_gallery.sorting import FileNameSortKey

GALLERY = [
    "plot_geometry.py",
    "plot_sparse_against_spread.py",
    "plot_redundant_features.py",
    "plot_shrinkage.py",
    "plot_priors.py",
    "plot_posterior.py",
    "plot_binary_columns.py",
    "plot_bounds.py",
    "plot_groups_of_categories.py",
    "plot_multi_task.py",
    "plot_input_noise.py",
    "plot_bias_variance.py",
    "plot_choosing_lambda.py",
    "plot_which_penalty.py",
    "plot_unstable_selection.py",
    "plot_stability_selection.py",
    "plot_relaxed.py",
    "plot_prediction_intervals.py",
    "plot_early_stopping.py",
    "plot_double_descent.py",
    "plot_inference_coverage.py",
    "plot_inference_diabetes.py",
    "plot_inference_wide.py",
    "plot_learning_rates.py",
    "plot_subgradient_against_proximal.py",
    "plot_certified_solver.py",
    "plot_sgd_weight_decay.py",
    "plot_adamw.py",
    "plot_adamw_digits.py",
    "plot_pipelines.py",
    "plot_pruning.py",
]


def place_in_gallery(path: str) -> int:
    """Order examples as GALLERY does; one that is not in it is an error."""
    return GALLERY.index(Path(path).name)


class GalleryOrder(FileNameSortKey):
    """The same, as Sphinx-Gallery wants it for a folder."""

    def __call__(self, filename: str) -> int:
        return place_in_gallery(filename)
