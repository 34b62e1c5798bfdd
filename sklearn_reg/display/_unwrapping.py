"""The model within a pipeline or a search, its features, and its errors over lambda."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
                "given: draw its regressor_, with y as its transformer_ transforms it"
            )
        else:
            return


def is_search(estimator: Any) -> bool:
    """Say whether an estimator is a search, such as GridSearchCV."""
    return hasattr(estimator, "refit") and hasattr(estimator, "estimator")


class Curve(NamedTuple):
    """Errors over lambda, the largest lambda first, and the lambda that was chosen."""

    lambdas: FloatArray
    losses: FloatArray
    train_losses: FloatArray | None
    chosen: float | None  # None if each target has its own
    scoring: Any
    relative: bool = False  # whether errors of several targets are relative to null models
    relax: float | None = None  # the chosen share, if there were several
    other_losses: Mapping[float, FloatArray] | None = None  # those of the other shares

    @property
    def one_standard_error(self) -> float | None:
        """The lambda of the 1-SE rule, among those whose errors are known."""
        known = np.isfinite(self.losses).all(axis=1)
        if self.chosen is None or not known.any():
            return None
        return float(self.lambdas[known][one_standard_error(self.losses[known])])


def curve_of_model(model: PenalizedRegressionCV) -> Curve:
    """Return the errors that a CV estimator has at its best l1_ratio and its best relax."""
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
    relax, others = None, None
    if model._n_relax:
        shares, relax = np.ravel(model.relax).tolist(), model.relax_
        others = {share: of for share, of in zip(shares, losses, strict=True) if share != relax}
        losses = losses[shares.index(relax)]
        train = None if train is None else train[shares.index(relax)]
    # With a lambda for each target there is none to mark in the errors of all.
    chosen = model.lambda_ if np.ndim(model.lambda_) == 0 else None
    return Curve(lambdas, losses, train, chosen, model.scoring, relative, relax, others)


def check_searched(search: Any) -> None:
    """Refuse a search that is not fitted."""
    if not hasattr(search, "cv_results_"):
        raise NotFittedError(
            f"estimator is not fitted: call fit(X, y) of this {type(search).__name__} before it "
            "is drawn"
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
            "pipeline before it is drawn"
        ) from error


def _names_after(step: Any, names: list[str], X: Matrix) -> list[str]:
    """Return the names that a step gives to its columns X, or else those of X itself."""
    try:
        known = None if hasattr(step, "feature_names_in_") else names
        given = [str(name) for name in step.get_feature_names_out(known)]
    except (AttributeError, TypeError, ValueError):  # a step that gives no names
        given = []
    return given if len(given) == X.shape[1] else feature_names_of(X)
