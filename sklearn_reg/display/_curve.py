"""The errors of a model over lambda, as displays draw them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_reg._selection.choice import one_standard_error
from sklearn_reg._selection.cross_validation import PenalizedRegressionCV
from sklearn_reg._tools.typing import FloatArray


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
