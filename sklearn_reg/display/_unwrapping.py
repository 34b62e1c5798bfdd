"""What displays find in a pipeline or a search: the model, what it sees of X, and its curve."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklearn_reg._fitting.report import feature_names_of
from sklearn_reg._selection.choice import one_standard_error
from sklearn_reg._selection.cross_validation import PenalizedRegressionCV
from sklearn_reg._tools.typing import FloatArray, Matrix

Step = tuple[str, Any]


def unwrap(estimator: Any) -> tuple[Any, list[Step]]:
    """Return the model within pipelines and searches, and the steps that X passes before it."""
    steps: list[Step] = []
    for layer in layers(estimator):
        model = layer
        if isinstance(layer, Pipeline):
            steps += _switched_on(layer.steps[:-1])
    return model, steps


def see(steps: Iterable[Step], X: Matrix) -> tuple[Matrix, list[str]]:
    """Return X after these steps, and the names of its columns."""
    names = feature_names_of(X)
    for name, step in steps:
        X = _transformed(name, step, X)
        names = _names_after(step, names, X)
    return X, names


def layers(estimator: Any) -> Iterator[Any]:
    """Yield an estimator, and what it wraps: the last step of a pipeline, the best of a search."""
    while True:
        yield estimator
        if isinstance(estimator, Pipeline):
            estimator = _last(estimator)
        elif is_search(estimator):
            estimator = best_of(estimator)
        elif isinstance(estimator, TransformedTargetRegressor):
            raise TypeError(
                "estimator is a TransformedTargetRegressor, whose model sees another y than is "
                "given: draw its regressor_, with y as its transformer_ transforms it"
            )
        else:
            return


def is_search(estimator: Any) -> bool:
    """Whether this is a GridSearchCV or one of its kind."""
    return hasattr(estimator, "refit") and hasattr(estimator, "estimator")


class Curve(NamedTuple):
    """Errors over lambda, the largest lambda first, and what was chosen."""

    lambdas: FloatArray
    losses: FloatArray
    train_losses: FloatArray | None
    chosen: float
    scoring: Any
    relative: bool = False  # whether errors of several targets are relative to null models

    @property
    def one_standard_error(self) -> float | None:
        """The lambda of the 1-SE rule, among those whose errors are known."""
        known = np.isfinite(self.losses).all(axis=1)
        if not known.any():
            return None
        return float(self.lambdas[known][one_standard_error(self.losses[known])])


def curve_of(estimator: Any) -> Curve:
    """Return the curve of a fitted CV estimator, or of a search over lambda_, within wrappings."""
    for layer in layers(estimator):
        if isinstance(layer, PenalizedRegressionCV):
            return curve_of_model(layer)
        if is_search(layer):
            curve = _curve_of_search(layer)
            if curve is not None:
                return curve
    raise TypeError(
        "estimator must be a CV estimator of sklearn_reg, a search that has varied lambda_, or a "
        f"pipeline that ends so, got {estimator!r}"
    )


def curve_of_model(model: PenalizedRegressionCV) -> Curve:
    """Return what a CV estimator measured at the l1_ratio it chose."""
    check_is_fitted(model)
    relative, train = hasattr(model, "relative_mse_path_"), None
    if model.scoring is not None:
        losses = -model.score_path_
    elif relative:
        losses = model.relative_mse_path_
    else:
        losses, train = model.mse_path_, model.train_mse_path_
    lambdas = model.lambdas_
    if lambdas.ndim > 1:
        at = np.ravel(model.l1_ratio).tolist().index(model.l1_ratio_)
        lambdas, losses = lambdas[at], losses[at]
        train = None if train is None else train[at]
    return Curve(lambdas, losses, train, model.lambda_, model.scoring, relative)


def _curve_of_search(search: Any) -> Curve | None:
    """Return scores of a search, negated, over lambda_; None where it did not vary lambda_."""
    _check_searched(search)
    results, candidates = search.cv_results_, search.cv_results_["params"]
    names = {name for params in candidates for name in params if _is_lambda(name)}
    if not names:
        return None
    if len(names) > 1 or "n_resources" in results:
        raise ValueError(
            "estimator must have searched one lambda_, and scored every candidate on all rows, got "
            f"{type(search).__name__} over {sorted(names)}"
        )
    (name,), metric = names, _metric(search)
    best = candidates[search.best_index_]
    rows = [k for k, params in enumerate(candidates) if _differs_in(name, params, best)]
    lambdas = np.array([candidates[k][name] for k in rows], dtype=float)
    if lambdas.ndim != 1 or len(set(lambdas.tolist())) < min(2, len(candidates)):
        raise ValueError(
            f"estimator must have tried several numbers as {name} with the best of the other "
            f"parameters, got {lambdas.tolist()} with "
            f"{ {other: best[other] for other in best if other != name} }: search {name} alone, or "
            "all on one grid"
        )
    order = np.argsort(-lambdas, kind="stable")
    losses, train = (
        -np.column_stack(scores)[rows][order] if scores else None
        for scores in (_scores(search, "test", metric), _scores(search, "train", metric))
    )
    assert losses is not None
    scoring = metric if search.multimetric_ else search.scoring
    return Curve(
        lambdas[order], losses, train, float(best[name]), "r2" if scoring is None else scoring
    )


def _is_lambda(name: str) -> bool:
    """Whether a parameter is lambda_, of an estimator or of what it wraps."""
    return name == "lambda_" or name.endswith("__lambda_")


def _metric(search: Any) -> str:
    """Return the name of the metric that a search chose by, as its results write it."""
    if not search.multimetric_:
        return "score"
    if not isinstance(search.refit, str):
        raise ValueError(
            "estimator must say by which of its metrics it chose: set refit to the name of one, "
            f"got refit={search.refit!r}"
        )
    return search.refit


def _differs_in(name: str, params: dict[str, Any], best: dict[str, Any]) -> bool:
    """Whether a candidate is the best one but for one parameter."""
    return params.keys() == best.keys() and all(
        params[other] is best[other] or np.array_equal(params[other], best[other])
        for other in best
        if other != name
    )


def _scores(search: Any, side: str, metric: str) -> list[FloatArray]:
    """Return the scores of each fold, where a search kept them."""
    names = [f"split{fold}_{side}_{metric}" for fold in range(search.n_splits_)]
    return [search.cv_results_[name] for name in names if name in search.cv_results_]


def _check_searched(search: Any) -> None:
    """Refuse a search that is not fitted."""
    if not hasattr(search, "cv_results_"):
        raise NotFittedError(
            f"estimator is not fitted: call fit(X, y) of this {type(search).__name__} before it "
            "is drawn"
        )


def best_of(search: Any) -> Any:
    """Return the model that a search chose, fitted to all of its data."""
    _check_searched(search)
    if not hasattr(search, "best_estimator_"):
        raise ValueError(
            f"estimator must have fitted its best model, got {type(search).__name__} with "
            f"refit={search.refit!r}: set refit to True or the name of a metric"
        )
    return search.best_estimator_


def _last(pipeline: Pipeline) -> Any:
    """Return the last step of a pipeline, which must be there."""
    name, step = pipeline.steps[-1]
    if _is_off(step):
        raise TypeError(
            f"estimator must end in a model of sklearn_reg, got a pipeline whose last step, "
            f"{name!r}, is switched off ({step!r})"
        )
    return step


def _switched_on(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the steps that transform, those of pipelines one by one."""
    for name, step in steps:
        if isinstance(step, Pipeline):
            yield from _switched_on(step.steps)
        elif not _is_off(step):
            yield name, step


def _is_off(step: Any) -> bool:
    return step is None or (isinstance(step, str) and step == "passthrough")


def _transformed(name: str, step: Any, X: Matrix) -> Matrix:
    """Return what a step makes of X."""
    if not hasattr(step, "transform"):
        raise TypeError(
            f"estimator must be a pipeline whose steps transform X, got step {name!r}, {step!r}, "
            "which does not"
        )
    try:
        return step.transform(X)
    except NotFittedError as error:
        raise NotFittedError(
            f"estimator is not fitted: step {name!r} of its pipeline is not; call fit(X, y) of the "
            "pipeline before it is drawn"
        ) from error


def _names_after(step: Any, names: list[str], X: Matrix) -> list[str]:
    """Return the names that a step gives to its columns X, or those that X has."""
    try:
        known = None if hasattr(step, "feature_names_in_") else names
        given = [str(name) for name in step.get_feature_names_out(known)]
    except (AttributeError, TypeError, ValueError):  # a step that gives no names
        given = []
    return given if len(given) == X.shape[1] else feature_names_of(X)
