"""A law of fits: right or warned, whatever the data, how they are stored, and how they are fitted.

Each solution is judged by code that shares nothing with the package, in more digits than double.
Thousands of fits: `HYPOTHESIS_PROFILE=thorough python -m pytest tests/test_fit_laws.py`.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from hypothesis import event, given
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

import problems as judge
from problems import LAYOUTS, Array, Data, problems
from sklearn_reg import ElasticNetRegression, Moments
from test_certificates import laws

WAYS = ("fit", "warm start", "batches", "moments", "partial_fit")
TOLS = (1e-4, 1e-7)
# A share of the squares of y: what float64 leaves of sums of this size.
ROUNDING = 1e-11


class Fit(NamedTuple):
    """A problem, a second target, how X is stored, and how it is fitted."""

    data: Data
    Y: Array  # of shape (n, 1) or (n, 2)
    layout: str
    way: str
    standardize: bool
    tol: float
    single: bool  # precision


@st.composite
def fits(draw: st.DrawFn) -> Fit:
    data = draw(problems() | problems(positive=True) | problems(bounded=True))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    way, layout = draw(st.sampled_from(WAYS)), draw(st.sampled_from(sorted(LAYOUTS)))
    single = draw(st.integers(0, 3)) == 0 and way in ("fit", "warm start")
    if single:
        data = data._replace(X=data.X.astype(np.float32).astype(np.float64))
    shift = draw(st.sampled_from([0.0, 0.0, 1e3, -1e5]))
    if shift and not single:
        data = data._replace(X=data.X + shift * rng.integers(0, 2, data.X.shape[1]))
    Y = data.y[:, None]
    if draw(st.booleans()):
        Y = np.column_stack([data.y, rng.normal(size=len(data.y)) * 10.0 ** rng.integers(-4, 5)])
    tol = draw(st.sampled_from(TOLS))
    return Fit(data, Y, layout, way, draw(st.booleans()), tol, single)


def run(fit: Fit) -> Any:
    """Fit to the optimum in one of the ways."""
    data, s = fit.data, fit.data.sample_weight
    y = fit.Y[:, 0] if fit.Y.shape[1] == 1 else fit.Y
    X = LAYOUTS[fit.layout](data.X.astype(np.float32) if fit.single else data.X)
    model = ElasticNetRegression(
        data.lambda_,
        l1_ratio=data.l1_ratio,
        solver="auto",
        tol=fit.tol,
        fit_intercept=data.fit_intercept,
        standardize=fit.standardize,
        penalty_weights=data.penalty_weights,
        positive=data.positive,
        bounds=data.bounds,
        warm_start=fit.way == "warm start",
    )
    half = (len(y) + 1) // 2
    parts = [slice(0, half), slice(half, None)] if len(y) > 1 else [slice(None)]
    if s is not None and not s[:half].any():
        parts = [slice(None)]
    batches = [(X[k], y[k], None if s is None else s[k]) for k in parts]
    if fit.way == "warm start":
        model.fit(X, 1e6 * y + 1e3, s)
    if fit.way == "batches":
        return model.fit_batches(batches)
    if fit.way == "moments":
        return model.fit_moments(sum(Moments.from_data(*batch) for batch in batches))
    if fit.way == "partial_fit":
        for batch in batches:
            model.partial_fit(*batch)
        return model
    return model.fit(X, y, s)


@laws
@given(fits())
def test_every_fit_is_right_or_warns(fit: Fit) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model = run(fit)
    warned = any(issubclass(w.category, ConvergenceWarning) for w in caught)
    event(f"{fit.way}, {fit.layout}, warned: {warned}")
    assert warned or model.converged_
    for target, y in enumerate(fit.Y.T):
        w = np.atleast_2d(model.coef_)[target].astype(np.float64)
        b = float(np.atleast_1d(model.intercept_)[target])
        reported = float(np.atleast_1d(model.dual_gap_)[target])
        _check(fit, y, w, b, reported, warned or not model.converged_)


def _check(fit: Fit, y: Array, w: Array, b: float, reported: float, warned: bool) -> None:
    """Judge one solution: what is certified is within tol, and every gap is a bound."""
    data = fit.data
    s = np.ones(len(y)) if data.sample_weight is None else data.sample_weight
    X = data.X
    if fit.standardize:
        mean = s @ X / s.sum()
        spread = np.sqrt(s @ (X - mean) ** 2 / s.sum())
        spread[spread <= 1e-13 * np.abs(mean)] = 1.0
        X, w = X / spread, w * spread
        data = data.in_columns_of(X, spread)
    one = data._replace(X=X, y=y)
    null, squares = judge.null_objective(one), float(s @ y**2 / s.sum())
    rounding = ROUNDING * squares
    if fit.single:  # an intercept is stored with the digits of y, coefficients with seven
        rounding += 1e-12 * squares
    enough = 2 * fit.tol * null + rounding
    assert warned or judge.distance(one, w, b, enough) <= enough
    # The best of many points is no optimum, but the reported gap has to reach down to it.
    zero = judge.objective(
        one, np.zeros_like(w), float(s @ y / s.sum()) if one.fit_intercept else 0
    )
    assert reported >= judge.objective(one, w, b) - zero - rounding


def test_layouts_and_ways_agree_on_a_unique_solution() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 5)) * [1, 10, 0.1, 1, 1] + [0, 0, 0, 50, 1]
    X[:, 4] = 3.0
    data = Data(X, X @ [1.0, -0.2, 3.0, 0.5, 0.0] + rng.normal(size=40), 0.05, 0.7)
    coefs = [
        run(
            Fit(data, data.y[:, None], layout, way, standardize=True, tol=1e-13, single=False)
        ).coef_
        for layout in LAYOUTS
        for way in WAYS
    ]
    np.testing.assert_allclose(coefs, np.tile(coefs[0], (len(coefs), 1)), rtol=1e-7, atol=1e-10)
