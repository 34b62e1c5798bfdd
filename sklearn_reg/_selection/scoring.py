"""Scores of the solutions of every fold by a scorer of scikit-learn or of the user."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import _safe_indexing

from sklearn_reg._checks.values import calling, fetched
from sklearn_reg._data.data import InMemory
from sklearn_reg._fitting.linear_model import LinearModel
from sklearn_reg._selection.splits import Split
from sklearn_reg._tools.linalg import dense
from sklearn_reg._tools.typing import FloatArray, IndexArray, Matrix


class Scored(LinearModel):
    """A linear model that scorers call."""

    def fit(self, X: Any, y: Any) -> Self:  # scorers ask for an estimator
        """Return itself: it has been fitted already."""
        return self

    def predict(self, X: Matrix) -> FloatArray:
        """Predict X w + b."""
        predictions: FloatArray = X @ self.coef_.T + self.intercept_
        return predictions


def scorer_of(scoring: Any) -> Any:
    """Return the scorer that `scoring` stands for."""
    return check_scoring(Scored(), scoring=scoring)


def scores_of(
    scoring: Any,
    data: InMemory,
    splits: Sequence[Split],
    coefs: Sequence[Sequence[Matrix]],
    intercepts: Sequence[Sequence[FloatArray]],
    params: dict[str, Any] | None,
) -> FloatArray:
    """Score every solution on its test fold, of shape (n_kinds, n_lambdas, n_folds).

    Coefficients and intercepts are by kind and fold. `params` are the metadata routed to the
    scorer; None means that there is no routing, and a scorer that takes sample weights gets those
    of the fit.
    """
    scorer = scorer_of(scoring)
    if params is None:
        weighted = data.weights is not None and _takes_weights(scorer)
        params = {"sample_weight": data.weights} if weighted else {}
    params = {name: fetched(value, name) for name, value in params.items()}
    n_lambdas = len(intercepts[0][0])
    scores = np.empty((len(coefs), n_lambdas, len(splits)))
    for fold, split in enumerate(splits):
        X_test, y_test = data.X[split.test], data.y[split.test]
        mine = {name: _of_rows(value, split.test, len(data.Y)) for name, value in params.items()}
        for kind in range(len(coefs)):
            for k, b in enumerate(intercepts[kind][fold]):
                W = dense(coefs[kind][fold][k * b.size : (k + 1) * b.size])
                model = Scored()
                one = data.y_ndim == 1
                model.coef_, model.intercept_ = (W[0], b[0]) if one else (W, b)
                with calling("scoring", scoring):
                    score = scorer(model, X_test, y_test, **mine)
                scores[kind, k, fold] = _number(score, scoring)
    return scores


def not_tested_once(splits: Sequence[Split], n_rows: int) -> str | None:
    """Say which row is not tested exactly once, or return None."""
    times = np.bincount(np.concatenate([split.test for split in splits]), minlength=n_rows)
    wrong = np.flatnonzero(times != 1)
    return f"row {wrong[0]} tested {times[wrong[0]]} times" if wrong.size else None


def check_partition(splits: Sequence[Split], n_rows: int) -> None:
    """Refuse splits that do not test each row once, which out-of-fold predictions need."""
    fault = not_tested_once(splits, n_rows)
    if fault:
        raise ValueError(
            f"cv must test each row exactly once with store_cv_predictions=True, got {fault}"
        )


def predictions_of(
    data: InMemory,
    tests: Sequence[IndexArray],
    coefs: Sequence[Matrix],
    intercepts: Sequence[FloatArray],
    at: IndexArray,
) -> FloatArray:
    """Predict each row by the fold that tests it: n_samples (x n_targets) out-of-fold predictions.

    Coefficients and intercepts are by fold; `at` is the index of the lambda of each target.
    """
    n_targets = data.n_targets
    predicted = np.empty((len(data.Y), n_targets), dtype=data.dtype)
    rows = at * n_targets + np.arange(n_targets)
    for test, fold_coefs, b in zip(tests, coefs, intercepts, strict=True):
        W = dense(fold_coefs[rows])
        predicted[test] = dense(data.X[test] @ W.T) + b[at, np.arange(n_targets)]
    return predicted[:, 0] if data.y_ndim == 1 else predicted


def _takes_weights(scorer: Any) -> bool:
    """Whether a scorer uses sample weights.

    Scorers of `make_scorer` always accept them, but the function that they call may not.
    """
    function = getattr(scorer, "_score_func", scorer)
    try:
        return "sample_weight" in inspect.signature(function).parameters
    except (TypeError, ValueError):  # a function without a signature
        return False


def _of_rows(value: Any, rows: IndexArray, n_rows: int) -> Any:
    """Return the part of a parameter for some rows; one without an entry per row is unchanged."""
    if value is None or np.ndim(value) == 0 or len(value) != n_rows:
        return value
    return _safe_indexing(value, rows)


def _number(score: Any, scoring: Any) -> float:
    """Return a score as a float, nan and infinity included."""
    if np.ndim(score) != 0 or not isinstance(np.asarray(score).item(), Real):
        raise TypeError(f"scoring={scoring!r} must return a number, got {score!r}")
    return float(score)
