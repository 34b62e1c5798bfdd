"""Draw the figure of the README and of the start page: `python docs/figures.py`.

It is kept in the repository, because a README cannot draw.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from sklearn.datasets import load_diabetes

from sklearn_reg import LassoRegressionCV, RegularizationPathDisplay

mpl.use("Agg")
FOLDER = Path(__file__).parent / "_static"


def path() -> None:
    """Lasso coefficients of real, named features, with what the start page's code chooses."""
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = LassoRegressionCV(rule="1se").fit(X, y)
    display = RegularizationPathDisplay.from_estimator(model, X, y)
    display.figure_.savefig(FOLDER / "path.png", dpi=160)


if __name__ == "__main__":
    path()
