"""Laws that hold for every problem: what may change without changing the answer, and how it moves.

Run at depth with `HYPOTHESIS_PROFILE=thorough python -m pytest tests/test_laws.py`: thousands of
problems a law, new ones every time. Solutions need not be unique, so two fits are the same if they
reach the same objective and the same fitted values, which are unique; how near is known from their
certificates: the loss is strongly convex in the fitted values, so that |X w - X w*|^2 / 2 <= gap.
"""

from __future__ import annotations

import contextlib
import warnings
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import hadamard

import problems as judge
from problems import Array, Data, problems
from sklearn_reg import regularization_path
from test_certificates import ROUNDING, laws
from test_certificates import fit as fit_problem

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
any_problem = problems() | problems(positive=True)
seeds = st.integers(0, 2**32 - 1)
# Fit the estimator of a problem's penalty to the optimum.
fit = partial(fit_problem, solver="auto", tol=1e-13)


def unit(data: Data) -> float:
    """Return what rounding is measured in."""
    return judge.null_objective(data) + (1e-14 * np.abs(data.y).max()) ** 2 + 1e-300


def fitted_values(data: Data, model: Any) -> Array:
    """Fitted values times the roots of the weights, which sum to one: their norm is the loss's."""
    s = np.ones(len(data.y)) if data.sample_weight is None else data.sample_weight
    return np.sqrt(s / s.sum()) * (data.X @ model.coef_ + model.intercept_)


def assert_same(data: Data, one: Any, other: Any, *, y_factor: float = 1.0) -> None:
    """Two fits of one problem; the other of y times a factor."""
    scale = np.sqrt(unit(data))
    gaps = one.dual_gap_, other.dual_gap_ / y_factor**2
    assert one.objective_ == pytest.approx(
        other.objective_ / y_factor**2, rel=1e-9, abs=sum(gaps) + ROUNDING * unit(data)
    )
    distance = np.linalg.norm(fitted_values(data, one) - fitted_values(data, other) / y_factor)
    digits = 1e-14 * np.abs(data.y).max()  # those of y itself
    assert distance <= sum(np.sqrt(2 * gap) for gap in gaps) + 1e-6 * scale + digits


# --- what changes nothing -------------------------------------------------------------------------


@laws
@given(any_problem, seeds)
def test_the_order_of_rows_does_not_matter(data: Data, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(data.y))
    s = data.sample_weight
    shuffled = data._replace(
        X=data.X[order], y=data.y[order], sample_weight=None if s is None else s[order]
    )
    assert_same(data, fit(data), fit(shuffled))


@laws
@given(any_problem, seeds)
def test_the_order_of_columns_does_not_matter(data: Data, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(data.X.shape[1])
    v = data.penalty_weights
    shuffled = data._replace(X=data.X[:, order], penalty_weights=None if v is None else v[order])
    model = fit(shuffled)
    back = np.empty_like(order)
    back[order] = np.arange(order.size)
    model.coef_ = model.coef_[back]
    assert_same(data, fit(data), model)


@laws
@given(any_problem, st.sampled_from([1e-300, 1e-3, 0.3, 7.0, 1e9, 1e300]))
def test_only_ratios_of_weights_matter(data: Data, factor: float) -> None:
    s = np.ones(len(data.y)) if data.sample_weight is None else data.sample_weight
    assert_same(data, fit(data), fit(data._replace(sample_weight=factor * s)))


@laws
@given(any_problem, st.integers(-400, 400))
def test_a_power_of_two_of_the_weights_changes_no_bit(data: Data, exponent: int) -> None:
    s = np.ones(len(data.y)) if data.sample_weight is None else data.sample_weight
    one, other = (fit(data._replace(sample_weight=w)) for w in (s, np.ldexp(s, exponent)))
    assert_array_equal(one.coef_, other.coef_)
    assert one.intercept_ == other.intercept_


@laws
@given(any_problem, st.sampled_from([-1e6, -3.0, 0.25, 1e4]))
def test_a_constant_added_to_y_moves_the_intercept_alone(data: Data, constant: float) -> None:
    data = data._replace(fit_intercept=True)
    model, moved = fit(data), fit(data._replace(y=data.y + constant))
    assume(unit(data) > (1e-9 * constant) ** 2)  # else what is left of y is rounding
    moved.intercept_ -= constant
    lost = 1e-14 * abs(constant)  # to the rounding of y
    assert moved.objective_ == pytest.approx(
        model.objective_, rel=1e-8, abs=1e-9 * unit(data) + lost * np.sqrt(unit(data))
    )
    distance = np.linalg.norm(fitted_values(data, model) - fitted_values(data, moved))
    gaps = np.sqrt(2 * model.dual_gap_) + np.sqrt(2 * moved.dual_gap_)
    assert distance <= gaps + 1e-5 * np.sqrt(unit(data)) + lost


# --- what changes the answer in a known way -------------------------------------------------------


@laws
@given(any_problem, st.sampled_from([1e-150, 1e-20, 0.3, 5.0, 1e20, 1e140]))
def test_scaling_y_scales_the_answer(data: Data, factor: float) -> None:
    # L1 is of the first degree in w, L2 of the second: only the former's lambda grows with y.
    l1, l2 = data.lambda_ * data.l1_ratio * factor, data.lambda_ * (1 - data.l1_ratio)
    lambda_ = l1 + l2
    ratio = l1 / lambda_ if lambda_ > 0 else data.l1_ratio
    # Floats can hold both parts.
    assume(data.l1_ratio in (0, 1) or data.lambda_ == 0 or 1e-12 < ratio < 1 - 1e-12)
    scaled = data._replace(y=factor * data.y, lambda_=lambda_, l1_ratio=ratio)
    assert_same(data, fit(data), fit(scaled), y_factor=factor)


@laws
@given(any_problem, seeds, st.sampled_from([0.0, 1.0]))
def test_scaling_columns_is_scaling_their_penalties(data: Data, seed: int, ratio: float) -> None:
    p = data.X.shape[1]
    d = 2.0 ** np.random.default_rng(seed).integers(-20, 21, p)
    v = np.ones(p) if data.penalty_weights is None else data.penalty_weights
    data = data._replace(l1_ratio=ratio, penalty_weights=v)
    scaled = data._replace(X=data.X * d, penalty_weights=v * (d if ratio else d**2))
    model = fit(scaled)
    model.coef_ = model.coef_ * d
    assert_same(data, fit(data), model)


@laws
@given(any_problem, st.integers(-480, 480), st.integers(-480, 480))
def test_units_from_1e_minus_150_to_1e150_change_no_digit(data: Data, i: int, j: int) -> None:
    """X in units of 2^i, y in units of 2^j: lambda follows, and the answer to the last digits."""
    data = data._replace(l1_ratio=float(np.round(data.l1_ratio)), penalty_weights=None)
    power = i + j if data.l1_ratio else 2 * i
    assume(data.lambda_ == 0 or abs(power + np.log2(data.lambda_)) < 1000)
    scaled = data._replace(
        X=np.ldexp(data.X, i), y=np.ldexp(data.y, j), lambda_=float(np.ldexp(data.lambda_, power))
    )
    if np.abs(scaled.X).max() > 1e150 or np.abs(scaled.y).max() > 1e150:
        event("beyond")  # what can be squared; an answer or an error, never nan
        with contextlib.suppress(ValueError):
            assert np.isfinite(fit(scaled).coef_).all()
        return
    model, other = fit(data), fit(scaled)
    assert np.isfinite(other.coef_).all()
    assert np.isfinite(other.dual_gap_)
    other.coef_ = np.ldexp(other.coef_, i - j)
    other.intercept_ = np.ldexp(other.intercept_, -j)
    distance = np.linalg.norm(fitted_values(data, model) - fitted_values(data, other))
    gaps = np.sqrt(2 * model.dual_gap_) + np.sqrt(2 * np.ldexp(other.dual_gap_, -2 * j))
    assert distance <= gaps + 1e-6 * np.sqrt(unit(data))


# --- along lambda ---------------------------------------------------------------------------------


@laws
@given(any_problem, st.sampled_from([0.0, 0.3, 1.0]))
def test_loss_rises_and_penalty_falls_with_lambda(data: Data, ratio: float) -> None:
    assume(data.lambda_ > 0)
    lambdas = data.lambda_ * np.array([1e-3, 0.1, 0.5, 1.0, 3.0, 100.0])
    fits = [fit(data._replace(lambda_=lambda_, l1_ratio=ratio)) for lambda_ in lambdas]
    slack = sum(model.dual_gap_ for model in fits) + 1e-9 * unit(data)
    optima = np.array([model.objective_ for model in fits])
    losses = np.array([0.5 * loss(data, model) for model in fits])
    penalties = (optima - losses) / lambdas
    assert (np.diff(optima) >= -slack).all()
    assert (np.diff(losses) >= -2 * slack - np.sqrt(slack * unit(data))).all()
    assert (np.diff(penalties) <= (2 * slack + np.sqrt(slack * unit(data))) / lambdas[:-1]).all()
    # The optimum is a minimum of functions linear in lambda, so it is concave: slopes fall.
    slopes = np.diff(optima) / np.diff(lambdas)
    steps = np.diff(lambdas)
    assert (np.diff(slopes) <= 2 * slack * (1 / steps[:-1] + 1 / steps[1:])).all()


@laws
@given(any_problem)
def test_a_path_is_its_fits(data: Data) -> None:
    assume(data.lambda_ > 0)
    path = regularization_path(
        data.X,
        data.y,
        [data.lambda_, 3 * data.lambda_],
        data.l1_ratio,
        sample_weight=data.sample_weight,
        fit_intercept=data.fit_intercept,
        penalty_weights=data.penalty_weights,
        positive=data.positive,
        tol=1e-13,
    )
    for k, lambda_ in enumerate(path.lambdas):
        at = data._replace(lambda_=float(lambda_))
        model = fit(at)
        bound = path.dual_gaps[k] + ROUNDING * unit(data)
        assert judge.objective(at, path.coefs[k], path.intercepts[k]) <= model.objective_ + bound


# --- the certificate, on everything that can go wrong ---------------------------------------------

DEGENERATE = (
    "zero",
    "constant columns",
    "rank one",
    "equal columns",
    "opposite columns",
    "one row",
    "one column",
    "condition 1e15",
    "means 1e6 times the spread",
    "orthogonal",
    "scales 1e-8 to 1e8",
)


@st.composite
def degenerate(draw: st.DrawFn) -> Data:
    """Problems at the ends of what is a problem."""
    kind = draw(st.sampled_from(DEGENERATE))
    event(kind)
    n, p = draw(st.integers(1, 24)), draw(st.integers(1, 24))
    rng = np.random.default_rng(draw(seeds))
    X = degenerate_design(rng, kind, n, p)
    n, p = X.shape
    y = X @ rng.normal(size=p) * draw(st.sampled_from([0.0, 1.0])) + rng.normal(size=n)
    y = y * draw(st.sampled_from([1.0, 1e-12, 1e12])) + draw(st.sampled_from([0.0, 1e3]))
    if draw(st.booleans()):
        y = np.full(n, y[0])
    weights = draw(st.sampled_from([None, rng.uniform(0.1, 2.0, n)]))
    v = draw(st.sampled_from([None, rng.choice([0.0, 1.0, np.inf], p)]))
    ratio = draw(st.sampled_from(judge.L1_RATIOS))
    data = Data(X, y, 1.0, ratio, weights, v, draw(st.booleans()), draw(st.booleans()))
    top = judge.lambda_max(data._replace(l1_ratio=1.0)) or 1.0
    return data._replace(lambda_=draw(st.sampled_from([0.0, 1e-12, 1e-3, 0.3, 1.0, 10.0])) * top)


def degenerate_design(rng: np.random.Generator, kind: str, n: int, p: int) -> Array:
    one, many = rng.normal(size=(n, 1)), rng.normal(size=(n, p))
    if kind == "zero":
        return np.zeros((n, p))
    if kind == "constant columns":
        return np.tile(rng.normal(size=p), (n, 1))
    if kind == "rank one":
        return one * rng.normal(size=p)
    if kind == "equal columns":
        return np.tile(one, p)
    if kind == "opposite columns":
        return one * rng.choice([-1.0, 1.0], p)
    if kind == "one row":
        return many[:1]
    if kind == "one column":
        return one
    if kind == "condition 1e15":
        U, V = np.linalg.qr(many)[0], np.linalg.qr(rng.normal(size=(p, p)))[0]
        k = min(n, p)
        return U[:, :k] * np.geomspace(1.0, 1e-15, k) @ V[:k]
    if kind == "means 1e6 times the spread":
        return many + 1e6 * rng.normal(size=p)
    if kind == "orthogonal":
        return hadamard(16).astype(float)[:, : max(1, p % 16)]
    return many * 10.0 ** rng.integers(-8, 9, p)


@laws
@given(degenerate())
def test_degenerate_problems_are_solved_and_certified(data: Data) -> None:
    model = fit(data, tol=1e-10)
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.predict(data.X)).all()
    # What rounding of X w alone makes of the objective.
    terms = np.abs(data.X) @ np.abs(model.coef_) + np.abs(data.y)
    rounding = (1e-14 * terms.max()) ** 2 + 1e-14 * terms.max() * np.sqrt(2 * model.objective_)
    slack = ROUNDING * unit(data) + rounding
    objective = judge.objective(data, model.coef_, model.intercept_)
    assert_allclose(model.objective_, objective, rtol=1e-8, atol=slack)
    # A certificate that the judge can check: no point it knows of is better by more than the gap.
    rng = np.random.default_rng(0)
    for _ in range(5):
        w = model.coef_ * rng.choice([0.0, 0.5, 1.0, 1.5], model.coef_.size)
        b = judge_intercept(data, w)
        assert judge.objective(data, w, b) >= objective - model.dual_gap_ - slack
    if model.converged_:
        bound = judge.duality_gap(data, model.coef_, model.intercept_)
        event("judged" if bound < 1e-6 * unit(data) else "beyond the judge's own rounding")


def judge_intercept(data: Data, w: Array) -> float:
    """The best intercept for given weights."""
    if not data.fit_intercept:
        return 0.0
    s = np.ones(len(data.y)) if data.sample_weight is None else data.sample_weight
    return float(s @ (data.y - data.X @ w) / s.sum())


def loss(data: Data, model: Any) -> float:
    """Weighted mean squared residual."""
    s = np.ones(len(data.y)) if data.sample_weight is None else data.sample_weight
    r = data.y - data.X @ model.coef_ - model.intercept_
    return float(s @ r**2 / s.sum())


# --- precision ------------------------------------------------------------------------------------


@laws
@given(any_problem)
def test_float32_is_its_float64_values_to_float32_precision(data: Data) -> None:
    X32 = data.X.astype(np.float32)
    exact = data._replace(X=X32.astype(np.float64))
    model, rough = fit(exact), fit(data._replace(X=X32))
    assert rough.coef_.dtype == np.float32
    size = np.abs(exact.X) @ np.abs(model.coef_) + abs(model.intercept_)
    rough.coef_ = rough.coef_.astype(np.float64)
    difference = np.abs(fitted_values(exact, model) - fitted_values(exact, rough))
    gaps = np.sqrt(2 * model.dual_gap_) + np.sqrt(2 * rough.dual_gap_)
    assert difference.max() <= gaps + 1e-6 * (size.max() + np.sqrt(unit(data)))


@laws
@given(any_problem)
def test_a_repeated_fit_is_the_same_to_the_last_bit(data: Data) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, other = fit(data), fit(data)
    assert_array_equal(one.coef_, other.coef_)
    assert (one.intercept_, one.dual_gap_) == (other.intercept_, other.dual_gap_)
