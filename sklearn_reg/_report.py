"""What a fitted model says of itself: named coefficients, and a summary for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from sklearn_reg._typing import FloatArray

SHOWN = 10  # coefficients in a notebook


def feature_names_of(X: Any) -> list[str]:
    """Return the names of the columns, or x0, x1, ... where they have none."""
    names = getattr(X, "columns", None)
    if names is None:
        return [f"x{j}" for j in range(X.shape[1] if hasattr(X, "shape") else len(X[0]))]
    return [str(name) for name in names]


def names_of_model(model: Any, feature_names: Sequence[str] | None = None) -> list[str]:
    """Return the names of a model's features: those given, those it saw, or x0, x1, ..."""
    n_features = model.n_features_in_
    if feature_names is None:
        feature_names = getattr(model, "feature_names_in_", [f"x{j}" for j in range(n_features)])
    names = [str(name) for name in feature_names]
    if len(names) != n_features:
        raise ValueError(
            f"feature_names must be {n_features} names, one a feature, got {len(names)}"
        )
    return names


def coefficient_table(model: Any, feature_names: Sequence[str] | None, sort: bool) -> Any:
    """Return named coefficients, as a DataFrame where pandas is installed."""
    names = np.array(names_of_model(model, feature_names), dtype=object)
    coefs: FloatArray = np.atleast_2d(model.coef_)
    titles = ["coefficient"] if model.coef_.ndim == 1 else [f"y{k}" for k in range(len(coefs))]
    if sort:
        order = np.argsort(-np.abs(coefs).max(axis=0), kind="stable")
        names, coefs = names[order], coefs[:, order]
    try:
        import pandas as pd
    except ImportError:
        fields = [("feature", object), *((title, coefs.dtype) for title in titles)]
        table = np.empty(names.size, dtype=fields)
        for title, column in zip(["feature", *titles], [names, *coefs], strict=True):
            table[title] = column
        return table
    index = pd.Index(names, name="feature")
    return pd.DataFrame(dict(zip(titles, coefs, strict=True)), index=index)


def html_summary(model: Any) -> str:
    """Return what a reader of a notebook asks of a fit: how sparse, how certain, how long."""
    coefs: FloatArray = np.atleast_2d(model.coef_)
    gap, objective = float(np.max(model.dual_gap_)), float(np.max(model.objective_))
    rows = {
        "lambda": _number(model.lambda_),
        "l1_ratio": _number(getattr(model, "l1_ratio_", getattr(model, "l1_ratio", None))),
        "non-zero weights": f"{np.count_nonzero(coefs)} of {coefs.size}",
        "objective F": f"{objective:.6g}",
        "duality gap": f"{gap:.2g}: F is at most this far above the optimum",
        "certified to tol": "yes" if model.converged_ else f"no (tol={model.tol:g})",
        "iterations": f"{model.n_iter_} of {model.solver_}",
    }
    largest = np.argsort(-np.abs(coefs).max(axis=0), kind="stable")[:SHOWN]
    names = names_of_model(model)
    weights = {names[j]: ", ".join(f"{w:.4g}" for w in coefs[:, j]) for j in largest}
    return (
        '<div style="display: flex; flex-wrap: wrap; align-items: flex-start; gap: 2em">'
        f"{_table('Fit', rows)}{_table('Largest coefficients', weights)}</div>"
    )


def _number(value: Any) -> str:
    return "" if value is None else ", ".join(f"{v:.4g}" for v in np.ravel(value))


def _table(title: str, rows: dict[str, str]) -> str:
    cells = "".join(
        f"<tr><th style='text-align: left'>{escape(name)}</th>"
        f"<td style='text-align: left'>{escape(value)}</td></tr>"
        for name, value in rows.items()
        if value
    )
    return (
        f"<table><caption style='text-align: left'><b>{escape(title)}</b></caption>{cells}</table>"
    )
