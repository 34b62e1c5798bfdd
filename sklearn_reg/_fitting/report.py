"""Reports of results: named coefficients, tables, summaries for notebooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from html import escape
from typing import Any

import numpy as np

from sklearn_reg._checks.groups import Groups
from sklearn_reg._checks.labels import (
    ColumnLabels,
    check_names,
    feature_labels,
    generic_labels,
    labels_of,
)
from sklearn_reg._tools.linalg import dense
from sklearn_reg._tools.statistics import standard_error
from sklearn_reg._tools.typing import FloatArray

SHOWN, SHOWN_IN_TEXT = 10, 5  # coefficients shown in a notebook, and in text
COLUMNS_OF_INFERENCE = (
    *("estimate", "standard_error", "statistic", "p_value", "adjusted_p_value"),
    *("lower", "upper"),
)


def feature_names_of(X: Any) -> list[str]:
    """Return the labels of the columns as text, or x0, x1, ... if they have none."""
    labels = labels_of(X)
    if labels is None:
        labels = generic_labels("x", X.shape[1] if hasattr(X, "shape") else len(X[0]))
    return [str(label) for label in labels]


def names_of_model(model: Any, feature_names: Sequence[Hashable] | None = None) -> ColumnLabels:
    """Return the labels of a model's features: those given, those of `fit`, or x0, x1, ..."""
    n_features = model.n_features_in_
    if feature_names is not None:
        return check_names(feature_names, n_features, "feature_names", "feature")
    return feature_labels(model) or generic_labels("x", n_features)


def coefficient_table(
    model: Any, feature_names: Sequence[Hashable] | None, *, sort: bool, nonzero: bool
) -> Any:
    """Return named coefficients, as a DataFrame if pandas is installed."""
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
    """Return labelled columns as a DataFrame, or as a structured array without pandas."""
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
    # Labels that are tuples stay single entries of one index.
    return pd.DataFrame(
        columns.T,
        index=pd.Index(index, name=title, tupleize_cols=False),
        columns=pd.Index(titles, tupleize_cols=False),
    )


def group_table(model: Any, *, sort: bool, nonzero: bool) -> Any:
    """Return the groups of a model, as a DataFrame if pandas is installed."""
    groups = Groups(model.groups_, model.group_names_)
    coefs = np.atleast_2d(model.coef_)
    lengths = groups.lengths(np.linalg.norm(coefs, axis=0))  # of all targets
    kept = np.bincount(groups.of_features, coefs.any(axis=0), minlength=groups.n_groups)
    order = np.argsort(-lengths, kind="stable") if sort else np.arange(lengths.size)
    if nonzero:
        order = order[lengths[order] > 0]
    columns = np.array([lengths, kept, groups.sizes])[:, order]
    names = [groups.names[g] for g in order]
    return table_of(names, "group", ["length", "nonzero", "features"], columns)


def frequency_table(
    selector: Any, feature_names: Sequence[Hashable] | None, *, sort: bool, selected: bool
) -> Any:
    """Return named frequencies of stability selection, as a DataFrame if pandas is installed."""
    names, frequencies = names_of_model(selector, feature_names), selector.selection_frequencies_
    order = np.argsort(-frequencies, kind="stable") if sort else np.arange(len(names))
    if selected:
        order = order[selector.support_[order]]
    return table_of([names[j] for j in order], "feature", ["frequency"], frequencies[None, order])


def stability_html(selector: Any) -> str:
    """Return a summary of stability selection for a notebook: the bound and the frequencies."""
    frequencies, names = selector.selection_frequencies_, names_of_model(selector)
    rows = {
        "lambdas": _ends(selector.lambdas_, "down"),
        "halves": str(selector.n_resamples),
        "features of a half (q)": f"{selector.n_selected_:.4g}",
        "selected": f"{np.count_nonzero(selector.support_)} of {frequencies.size}, with a "
        f"frequency of at least {selector.threshold:g}",
        "expected false selections": f"at most {selector.error_bound_:.3g}",
    }
    largest = np.argsort(-frequencies, kind="stable")[:SHOWN]
    of_features = [(str(names[j]), f"{frequencies[j]:.2f}") for j in largest]
    return _side_by_side(
        _table("Stability selection", rows.items()), _table("Largest frequencies", of_features)
    )


def path_frame(path: Any) -> Any:
    """Return a table of a path: one row per lambda, for one target after another."""
    pd = _pandas("RegularizationPath")
    n_lambdas, n_features = path.coefs.shape[0], path.coefs.shape[-1]
    # (n_targets, n_lambdas), and an axis for the features
    fields = [np.reshape(field, (n_lambdas, -1)).T for field in path[2:]]
    coefs = dense(path.coefs).reshape(n_lambdas, -1, n_features).swapaxes(0, 1)
    columns = [np.tile(path.lambdas, len(coefs)), *map(np.ravel, fields)]
    titles = ["lambda", "intercept", "dual_gap", "degrees_of_freedom", "training_loss"]
    frame = pd.DataFrame(
        np.column_stack([*columns, coefs.reshape(-1, n_features)]),
        columns=pd.Index([*titles, *_features_of_path(path)], tupleize_cols=False),
    )
    if path.coefs.ndim == 3:
        targets = path.target_names or generic_labels("y", len(coefs))
        of_rows = [target for target in targets for _ in range(n_lambdas)]
        frame.insert(0, "target", of_rows, allow_duplicates=True)
    return frame


def path_summary(path: Any) -> dict[str, str]:
    """Return a summary of a path, by name."""
    features = [str(label) for label in _features_of_path(path)[:4]]
    named = ", ".join(features[:3] + ["..."] * (len(features) > 3))
    counts, losses = (path.coefs != 0).sum(axis=-1), path.training_loss
    return {
        "lambdas": _ends(path.lambdas, "down"),
        "features": f"{path.coefs.shape[-1]} ({named})",
        "targets": str(path.coefs.shape[1]) if path.coefs.ndim == 3 else "",
        "non-zero coefficients": f"{counts.min()} to {counts.max()}",
        "degrees of freedom": f"{np.min(path.degrees_of_freedom):.4g} to "
        f"{np.max(path.degrees_of_freedom):.4g}",
        "training loss": f"{np.max(losses):.4g} down to {np.min(losses):.4g}",
        "largest duality gap": f"{np.max(path.dual_gaps):.2g}",
    }


def sweep_frame(sweep: Any) -> Any:
    """Return a table of a sweep: one row per lambda."""
    pd = _pandas("LambdaSweep")
    return pd.DataFrame(
        {
            "lambda": sweep.lambdas,
            "train_loss": sweep.train_loss,
            "validation_loss": sweep.validation_loss,
            "standard_error": standard_error(sweep.validation_losses),
            "verdict": sweep.verdicts,
        }
    )


def sweep_summary(sweep: Any) -> dict[str, str]:
    """Return a summary of a sweep, by name."""
    best = sweep.verdicts.index("best")
    counts = Counter(sweep.verdicts)
    return {
        "lambdas": _ends(sweep.lambdas, "up"),
        "folds": str(sweep.validation_losses.shape[1]),
        "best lambda": f"{sweep.best_lambda:.4g}",
        "validation loss there": f"{sweep.validation_loss[best]:.4g} "
        f"(training loss {sweep.train_loss[best]:.4g})",
        "verdicts": ", ".join(f"{count} {verdict}" for verdict, count in counts.items()),
    }


def advice_frame(advice: Any) -> Any:
    """Return a table of the penalties that were compared: one row each."""
    pd = _pandas("PenaltyAdvice")
    found = advice.figures
    sizes = {
        "ridge": found["ridge_degrees_of_freedom"],
        "lasso": float(found["lasso_features"]),
        "elastic net": float(found["elastic_net_features"]),
    }
    rows = [(1.0, found["gain"], found["gain_se"], 0.0)]
    for name, size in sizes.items():
        key = name.replace(" ", "_")
        above = found[f"above_best_{key}"], found[f"above_best_{key}_se"]
        rows.append((found[f"cv_error_{key}"], *above, size))
    return pd.DataFrame(
        rows,
        index=pd.Index(["mean of y", *sizes], name="penalty"),
        columns=["cv_error", "difference", "standard_error", "size"],
    )


def advice_summary(advice: Any) -> dict[str, str]:
    """Return a summary of advice on penalties, by name."""
    numbered = enumerate(advice.reasons, start=1)
    return {
        "try first": _in_one_line(advice.estimator),
        **{f"reason {number}": reason for number, reason in numbered},
        "compare with": " and ".join(map(_in_one_line, advice.alternatives)),
        "how": "on rows that took no part, for example with cross_val_score; this is advice on "
        "what to try first",
    }


def _in_one_line(estimator: Any) -> str:
    return " ".join(repr(estimator).split())


def as_text(title: str, rows: dict[str, str], fields: Sequence[str]) -> str:
    """Write a summary in a few lines, with the names of the fields."""
    rows = {**rows, "fields": ", ".join(fields), "to_frame()": "a table"}
    return "\n".join([title, *(f"  {name}: {value}" for name, value in rows.items() if value)])


def as_html(title: str, rows: dict[str, str]) -> str:
    """Write a summary as a table."""
    return _table(title, rows.items())


def _features_of_path(path: Any) -> ColumnLabels:
    return path.feature_names or generic_labels("x", path.coefs.shape[-1])


def _ends(lambdas: FloatArray, way: str) -> str:
    return f"{len(lambdas)}, from {lambdas[0]:.4g} {way} to {lambdas[-1]:.4g}"


def _pandas(of: str) -> Any:
    """Import pandas, which only tables need."""
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            f"{of}.to_frame() makes a DataFrame and needs pandas: pip install pandas. The fields "
            "of the tuple have the same numbers."
        ) from error
    return pd


def html_summary(model: Any) -> str:
    """Return a summary of a fit for a notebook: sparsity, certificate, iterations, coefficients."""
    coefs: FloatArray = np.atleast_2d(model.coef_)
    gap, objective = float(np.max(model.dual_gap_)), float(np.max(model.objective_))
    relaxed = bool(np.any(np.asarray(model.relax) != 1.0))
    rows = {
        "lambda": _number(model.lambda_),
        "l1_ratio": _number(getattr(model, "l1_ratio_", model.get_params().get("l1_ratio"))),
        "relax": _number(getattr(model, "relax_", model.relax)) if relaxed else "",
        "non-zero weights": f"{np.count_nonzero(coefs)} of {coefs.size}",
        "groups": _selected_groups(model) if hasattr(model, "groups_") else "",
        "objective F": f"{objective:.6g}" + (" of the penalised fit" if relaxed else ""),
        "duality gap": f"{gap:.2g}: F is at most this far above the optimum",
        "certified to tol": "yes" if model.converged_ else f"no (tol={model.tol:g})",
        "iterations": f"{model.n_iter_} of {model.solver_}",
    }
    largest = np.argsort(-np.abs(coefs).max(axis=0), kind="stable")[:SHOWN]
    names = names_of_model(model)
    weights = [(str(names[j]), ", ".join(f"{w:.4g}" for w in coefs[:, j])) for j in largest]
    return _side_by_side(_table("Fit", rows.items()), _table("Largest coefficients", weights))


def _selected_groups(model: Any) -> str:
    """Return how many groups have a coefficient, and their names, if there are few."""
    selected = np.unique(model.groups_[np.atleast_2d(model.coef_).any(axis=0)])
    named = ", ".join(str(model.group_names_[g]) for g in selected[:SHOWN])
    more = ", ..." if selected.size > SHOWN else ""
    return f"{selected.size} of {len(model.group_names_)}: {named}{more}"


def _side_by_side(*tables: str) -> str:
    return (
        '<div style="display: flex; flex-wrap: wrap; align-items: flex-start; gap: 2em">'
        f"{''.join(tables)}</div>"
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


def inference_frame(found: Any) -> Any:
    """Return a table of tests and intervals: one row per feature; `attrs` has the assumptions."""
    pd = _pandas("CoefficientInference")
    frame = pd.DataFrame(
        {name: getattr(found, name) for name in COLUMNS_OF_INFERENCE},
        index=pd.Index(found.feature_names, name="feature", tupleize_cols=False),
    )
    frame.attrs.update(method=found.method, assumptions=found.assumptions)
    return frame


def inference_summary(found: Any) -> dict[str, str]:
    """Return a summary of tests and intervals, by name; the assumptions are always in it."""
    rows = {
        "method": found.method,
        "features": str(found.estimate.size),
        "intervals": f"{100.0 * found.confidence_level:g} %",
        "sigma": f"{found.sigma:.4g} ({found.sigma_source})" if found.sigma_source else "",
    }
    assumed = enumerate(found.assumptions.splitlines(), start=1)
    rows |= {f"assumes ({number})": text for number, text in assumed}
    order = np.argsort(found.p_value, kind="stable")[:SHOWN_IN_TEXT].tolist()
    rows["smallest p-values"] = ", ".join(
        f"{found.feature_names[j]} {found.p_value[j]:.2g}" for j in order
    )
    return rows


def inference_html(found: Any) -> str:
    """Return a summary of tests and intervals for a notebook."""
    order = np.argsort(found.p_value, kind="stable")[:SHOWN].tolist()
    percent = f"{100.0 * found.confidence_level:g} %"
    of_features = [
        (
            str(found.feature_names[j]),
            f"{found.estimate[j]:.4g}, {percent} from {found.lower[j]:.4g} to "
            f"{found.upper[j]:.4g}, p = {found.p_value[j]:.2g}",
        )
        for j in order
    ]
    return _side_by_side(
        _table("Inference", inference_summary(found).items()),
        _table("Smallest p-values", of_features),
    )
