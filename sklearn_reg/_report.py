"""What a fitted model says of itself: named coefficients, and a summary for notebooks."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from html import escape
from typing import Any

import numpy as np

from sklearn_reg._labels import (
    ColumnLabels,
    check_names,
    feature_labels,
    generic_labels,
    labels_of,
)
from sklearn_reg._typing import FloatArray

SHOWN = 10  # coefficients in a notebook


def feature_names_of(X: Any) -> list[str]:
    """Return the labels of the columns as text, or x0, x1, ... where they have none."""
    labels = labels_of(X)
    if labels is None:
        labels = generic_labels("x", X.shape[1] if hasattr(X, "shape") else len(X[0]))
    return [str(label) for label in labels]


def names_of_model(model: Any, feature_names: Sequence[Hashable] | None = None) -> ColumnLabels:
    """Return the labels of a model's features: those given, those it saw, or x0, x1, ..."""
    n_features = model.n_features_in_
    if feature_names is not None:
        return check_names(feature_names, n_features, "feature_names", "feature")
    return feature_labels(model) or generic_labels("x", n_features)


def coefficient_table(
    model: Any, feature_names: Sequence[Hashable] | None, *, sort: bool, nonzero: bool
) -> Any:
    """Return named coefficients, as a DataFrame where pandas is installed."""
    names = names_of_model(model, feature_names)
    coefs: FloatArray = np.atleast_2d(model.coef_)
    titles: ColumnLabels = ["coefficient"]
    if model.coef_.ndim == 2:
        titles = model._labels.targets or generic_labels("y", len(coefs))
    order = np.arange(len(names))
    if sort:
        order = np.argsort(-np.abs(coefs).max(axis=0), kind="stable")
    if nonzero:
        order = order[coefs[:, order].any(axis=0)]
    return table_of([names[j] for j in order], "feature", titles, coefs[:, order])


def table_of(index: ColumnLabels, title: str, titles: ColumnLabels, columns: FloatArray) -> Any:
    """Return labelled columns as a DataFrame, or as a structured array where there is no pandas."""
    try:
        import pandas as pd
    except ImportError:
        fields = [title, *map(str, titles)]
        if len(set(fields)) < len(fields):
            fields = [title, *(f"y{number}" for number in range(len(titles)))]
        table = np.empty(
            len(index), dtype=[(fields[0], object), *((f, columns.dtype) for f in fields[1:])]
        )
        for field, column in zip(fields, [index, *columns], strict=True):
            table[field] = column
        return table
    # Labels that are tuples stay what they are: entries of one index.
    return pd.DataFrame(
        columns.T,
        index=pd.Index(index, name=title, tupleize_cols=False),
        columns=pd.Index(titles, tupleize_cols=False),
    )


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
    weights = [(str(names[j]), ", ".join(f"{w:.4g}" for w in coefs[:, j])) for j in largest]
    return (
        '<div style="display: flex; flex-wrap: wrap; align-items: flex-start; gap: 2em">'
        f"{_table('Fit', rows.items())}{_table('Largest coefficients', weights)}</div>"
    )


def _number(value: Any) -> str:
    return "" if value is None else ", ".join(f"{v:.4g}" for v in np.ravel(value))


def _table(title: str, rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><th style='text-align: left'>{escape(name)}</th>"
        f"<td style='text-align: left'>{escape(value)}</td></tr>"
        for name, value in rows
        if value
    )
    return (
        f"<table><caption style='text-align: left'><b>{escape(title)}</b></caption>{cells}</table>"
    )
