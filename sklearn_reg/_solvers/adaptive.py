r"""Adaptive penalty weights: a feature that a pilot fit finds weak has a larger penalty.

The pilot is ridge on the standardised columns, of the penalty that minimises generalised
cross-validation [2]_ on the rows at hand. With b_j its coefficients and d_j the standard deviations
of the columns, the weights of the adaptive lasso [1]_ with exponent 1 are

    v_j = d_j max_k |b_k| / |b_j|,

so that the strongest feature has the penalty of a standardised lasso, and the units of the columns
do not matter.

References
----------
.. [1] H. Zou (2006). The adaptive lasso and its oracle properties. J. American Statistical
   Association 101(476). https://doi.org/10.1198/016214506000000735
.. [2] G. H. Golub, M. Heath, G. Wahba (1979). Generalized cross-validation as a method for choosing
   a good ridge parameter. Technometrics 21(2). https://doi.org/10.1080/00401706.1979.10489751
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sklearn_reg._data.unit_penalty import UnitPenalty
from sklearn_reg._data.units import AnyUnitPenalty, View
from sklearn_reg._solvers.spectral import Spectrum
from sklearn_reg._tools.typing import FloatArray

# The penalties of the pilot, relative to the largest eigenvalue, and how many there are.
LARGEST, SMALLEST, COUNT = 1e2, 1e-5, 60
WEAKEST = 1e-10  # relative to the strongest coefficient of the pilot


def adapted(view: View, penalty: AnyUnitPenalty) -> AnyUnitPenalty:
    """Return the penalty with its adaptive weights for these data, or unchanged.

    Raises
    ------
    ValueError
        If there are several targets, because each would need its own weights.
    """
    if not isinstance(penalty, UnitPenalty) or not penalty.adaptive:
        return penalty
    n_targets = view.units.size
    if n_targets > 1:
        raise ValueError(
            "penalty_weights='adaptive' needs one target, because each has weights of its own, got "
            f"{n_targets}: fit each column of y alone, such as by MultiOutputRegressor"
        )
    design = view.design
    squares = np.where(design.squares > 0, design.squares, 1.0)
    lengths = np.sqrt(squares)
    sizes = lengths * np.abs(_pilot(view, squares))
    sizes[penalty.excluded | (design.squares <= 0)] = 0.0
    strongest = sizes.max(initial=0.0)
    if strongest == 0.0:  # nothing tells the features apart
        return replace(penalty, weights=lengths, adaptive=False)
    weights = lengths * strongest / np.maximum(sizes, WEAKEST * strongest)
    return replace(penalty, weights=weights, adaptive=False)


def _pilot(view: View, squares: FloatArray) -> FloatArray:
    """Return the coefficients of ridge at the penalty of the smallest GCV score."""
    design = view.design
    spectrum = Spectrum.of(design, squares)
    largest = float(spectrum.values[-1]) if spectrum.values.size else 0.0
    if largest <= 0.0:
        return np.zeros(design.n_features)
    lambdas = largest * np.geomspace(LARGEST, SMALLEST, COUNT)
    n = design.n_weighted
    # Where all rows can be explained, few degrees of freedom are left: rounding must not count.
    known = spectrum.values[spectrum.values > spectrum.error]
    used = np.sum(known / (known + lambdas[:, None]), axis=1) + view.centred
    left = 1.0 - used / n
    squares_left = spectrum.residual_squares(lambdas, 0)
    scores = np.full(COUNT, np.inf)
    np.divide(squares_left, left**2, out=scores, where=left > 0)
    best = int(np.argmin(scores))
    return np.asarray(spectrum.solve(lambdas[best : best + 1], 0)[0])
