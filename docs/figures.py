"""Draw the figures of the README and of the start page: `python docs/figures.py`.

They are kept in the repository, because a README cannot draw.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from sklearn.datasets import load_diabetes

from sklearn_reg import (
    LassoRegressionCV,
    RegularizationPathDisplay,
    TrajectoryDisplay,
    adam_with_l2,
    adamw,
    trajectory,
)

mpl.use("Agg")
FOLDER = Path(__file__).parent / "_static"


def path() -> None:
    """Lasso coefficients of real, named features, with what the start page's code chooses."""
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = LassoRegressionCV(rule="1se").fit(X, y)
    display = RegularizationPathDisplay.from_estimator(model, X, y)
    display.figure_.savefig(FOLDER / "path.png", dpi=160)


def trajectories() -> None:
    """Three weights whose gradients differ in size by four powers of ten."""
    size = np.array([100.0, 1.0, 0.01])
    runs = {}
    for title, step in {"Adam + L2": adam_with_l2, "AdamW": adamw}.items():
        noise = np.random.default_rng(0)  # no loss to descend: only noise, and the penalty
        runs[title] = trajectory(
            step,
            [1.0, 1.0, 1.0],
            lambda w, noise=noise: size * noise.standard_normal(3),
            n_steps=1000,
            lr=1e-3,
            lambda_=2.0,
        )
    names = ["gradients of 100", "of 1", "of 0.01"]
    display = TrajectoryDisplay.from_trajectories(runs, names=names)
    display.figure_.savefig(FOLDER / "optimizers.png", dpi=160)


if __name__ == "__main__":
    path()
    trajectories()
