"""Write the numbers of the figure in which readers drag lambda: docs/_static/touch/path.json.

The site's build calls it: what the figure shows is what this version of the package computes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import KFold
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from sklearn_reg import LassoRegressionCV, lambda_max, regularization_path

FILE = Path(__file__).parent / "_static" / "touch" / "path.json"
N_LAMBDAS, SMALLEST = 60, 1e-4


def path_figure() -> dict[str, Any]:
    """Solve the lasso on ten measurements of 442 patients, their squares and products."""
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    y = y.to_numpy()
    squares = PolynomialFeatures(2, include_bias=False).fit(X)
    Z = squares.transform(X)
    names = [
        name.replace(" ", " \N{MULTIPLICATION SIGN} ").replace("^2", "²")
        for name in squares.get_feature_names_out()
    ]
    used = [j for j, name in enumerate(names) if name != "sex²"]  # sex has two values
    Z, names = StandardScaler().fit_transform(Z[:, used]), [names[j] for j in used]
    lambdas = lambda_max(Z, y) * np.geomspace(1, SMALLEST, N_LAMBDAS)
    path = regularization_path(Z, y, lambdas)
    folds = KFold(10, shuffle=True, random_state=0)
    chosen = LassoRegressionCV(lambdas, cv=folds).fit(Z, y)
    test = chosen.mse_path_.mean(axis=1)
    error = chosen.mse_path_.std(axis=1, ddof=1) / np.sqrt(folds.get_n_splits())
    residuals = y - path.coefs @ Z.T - path.intercepts[:, None]
    place = {float(value): k for k, value in enumerate(lambdas)}
    return {
        "names": names,
        "lambdas": _short(lambdas),
        "coefs": [_short(w) for w in path.coefs],
        "train": _short((residuals**2).mean(axis=1)),
        "test": _short(test),
        "se": _short(error),
        "freedom": _short(path.degrees_of_freedom),
        "chosen": {"min": place[chosen.lambda_min_], "se": place[chosen.lambda_1se_]},
        "error_limits": [2000, 6500],
    }


def write() -> None:
    """Write the numbers, unless they are there already: Sphinx copies a file that is newer."""
    text = json.dumps(path_figure(), ensure_ascii=False, separators=(",", ":"))
    if not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
        FILE.write_text(text, encoding="utf-8")


def _short(values: Any) -> list[float | int]:
    """Round to five digits, with 0 for zeros."""
    return [0 if v == 0 else float(f"{v:.5g}") for v in np.asarray(values).tolist()]


if __name__ == "__main__":
    write()
