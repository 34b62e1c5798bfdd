"""The model within a pipeline or a search, and its features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

from sklearn_reg._fitting.report import feature_names_of
from sklearn_reg._tools.typing import Matrix

Step = tuple[str, Any]


def unwrap(estimator: Any) -> tuple[Any, list[Step]]:
    """Return the model within pipelines and searches, and the steps that transform X before it."""
    steps: list[Step] = []
    for layer in layers(estimator):
        model = layer
        if isinstance(layer, Pipeline):
            steps += _switched_on(layer.steps[:-1])
    return model, steps


def apply_steps(steps: Iterable[Step], X: Matrix) -> tuple[Matrix, list[str]]:
    """Return X after these steps, and the names of its columns."""
    names = feature_names_of(X)
    for name, step in steps:
        X = _apply(name, step, X)
        names = _names_after(step, names, X)
    return X, names


def layers(estimator: Any) -> Iterator[Any]:
    """Yield an estimator, then the last step of each pipeline and the best model of each search."""
    while True:
        yield estimator
        if isinstance(estimator, Pipeline):
            estimator = _last(estimator)
        elif is_search(estimator):
            estimator = best_of(estimator)
        elif isinstance(estimator, TransformedTargetRegressor):
            raise TypeError(
                "estimator is a TransformedTargetRegressor, whose model sees another y than is "
                "given: pass its regressor_, with y as its transformer_ transforms it"
            )
        else:
            return


def is_search(estimator: Any) -> bool:
    """Say whether an estimator is a search, such as GridSearchCV."""
    return hasattr(estimator, "refit") and hasattr(estimator, "estimator")


def check_searched(search: Any) -> None:
    """Refuse a search that is not fitted."""
    if not hasattr(search, "cv_results_"):
        raise NotFittedError(
            f"estimator is not fitted: call fit(X, y) of this {type(search).__name__} first"
        )


def best_of(search: Any) -> Any:
    """Return the model that a search chose, fitted to all of its data."""
    check_searched(search)
    if not hasattr(search, "best_estimator_"):
        raise ValueError(
            f"estimator must have fitted its best model, got {type(search).__name__} with "
            f"refit={search.refit!r}: set refit to True or the name of a metric"
        )
    return search.best_estimator_


def _last(pipeline: Pipeline) -> Any:
    """Return the last step of a pipeline, and refuse one that is switched off."""
    name, step = pipeline.steps[-1]
    if _is_off(step):
        raise TypeError(
            f"estimator must end in a model of sklearn_reg, got a pipeline whose last step, "
            f"{name!r}, is switched off ({step!r})"
        )
    return step


def _switched_on(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the steps that are not switched off, those of nested pipelines one by one."""
    for name, step in steps:
        if isinstance(step, Pipeline):
            yield from _switched_on(step.steps)
        elif not _is_off(step):
            yield name, step


def _is_off(step: Any) -> bool:
    """Say whether a step of a pipeline is switched off."""
    return step is None or (isinstance(step, str) and step == "passthrough")


def _apply(name: str, step: Any, X: Matrix) -> Matrix:
    """Return X after a step."""
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
            "pipeline first"
        ) from error


def _names_after(step: Any, names: list[str], X: Matrix) -> list[str]:
    """Return the names that a step gives to its columns X, or else those of X itself."""
    try:
        known = None if hasattr(step, "feature_names_in_") else names
        given = [str(name) for name in step.get_feature_names_out(known)]
    except (AttributeError, TypeError, ValueError):  # a step that gives no names
        given = []
    return given if len(given) == X.shape[1] else feature_names_of(X)
