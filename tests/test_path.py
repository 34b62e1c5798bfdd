"""Paths: every point is the fit of its lambda, certified from outside."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.datasets import load_diabetes

from problems import Data, duality_gap, objective
from sklearn_reg import (
    ElasticNetRegression,
    lambda_max,
    regularization_path,
    ridge_degrees_of_freedom,
)

Array = np.ndarray[Any, Any]
module = importlib.import_module("sklearn_reg.path")


def data_of(seed: int, n: int, p: int, n_targets: int | None = None) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * rng.uniform(0.5, 2.0, p) + rng.uniform(-3, 3, p)
    w = np.where(rng.random(p) < 0.4, rng.standard_normal(p), 0.0)
    y = X @ w + rng.standard_normal(n)
    return (X, y) if n_targets is None else (X, y[:, None] * rng.uniform(0.5, 2, n_targets))


SHAPES = [(60, 8), (30, 30), (15, 40)]
shapes = pytest.mark.parametrize(("n", "p"), SHAPES)


@given(
    seed=st.integers(0, 10_000),
    shape=st.sampled_from(SHAPES),
    l1_ratio=st.sampled_from([1.0, 0.5, 0.01]),
    weighted=st.booleans(),
    positive=st.booleans(),
    free=st.booleans(),
    intercept=st.booleans(),
)
def test_lambda_max_is_where_the_first_weight_moves(
    seed, shape, l1_ratio, weighted, positive, free, intercept
) -> None:
    X, y = data_of(seed, *shape)
    rng = np.random.default_rng(seed)
    v = rng.uniform(0.5, 2.0, shape[1])
    v[0] = 0.0 if free else 1.0
    options = {
        "l1_ratio": l1_ratio,
        "penalty_weights": v,
        "positive": positive,
        "fit_intercept": intercept,
    }
    s = rng.uniform(0.1, 1.0, shape[0]) if weighted else None
    largest = lambda_max(X, y, sample_weight=s, **options)
    if largest < 1e-10:  # positive=True, and nothing pulls upwards
        return
    for factor, moves in ((1 + 1e-6, False), (1 - 1e-3, True)):
        model = ElasticNetRegression(largest * factor, solver="active_set", tol=1e-12, **options)
        assert model.fit(X, y, s).coef_[int(free) :].any() == moves


@shapes
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("kind", ["plain", "sparse", "weighted", "positive", "standardize"])
def test_points_are_the_fits_and_are_certified(n, p, l1_ratio, kind) -> None:
    X, y = data_of(1, n, p)
    rng = np.random.default_rng(2)
    s = rng.uniform(0.2, 1.0, n) if kind == "weighted" else None
    v = rng.uniform(0.5, 2.0, p) if kind == "weighted" else None
    options = {"penalty_weights": v, "positive": kind == "positive"}
    given_X = sparse.csc_array(X) if kind == "sparse" else X
    standardize = kind == "standardize"
    path = regularization_path(
        given_X, y, 6, l1_ratio, eps=1e-2, sample_weight=s, standardize=standardize, **options
    )
    null = 0.5 * np.average((y - np.average(y, weights=s)) ** 2, weights=s)
    for k, lambda_ in enumerate(path.lambdas):
        model = ElasticNetRegression(
            lambda_, l1_ratio=l1_ratio, solver="auto", tol=1e-12, standardize=standardize, **options
        ).fit(given_X, y, s)
        residual = y - X @ path.coefs[k] - path.intercepts[k]
        assert_allclose(path.training_loss[k], np.average(residual**2, weights=s), rtol=1e-7)
        if not standardize:
            data = Data(X, y, lambda_, l1_ratio, s, v, True, kind == "positive")
            assert duality_gap(data, path.coefs[k], path.intercepts[k]) <= 2e-6 * null
            assert objective(data, path.coefs[k], path.intercepts[k]) <= model.objective_ + 1e-6
        scale = np.abs(model.coef_).max() + 1e-12
        assert_allclose(path.coefs[k], model.coef_, rtol=0, atol=2e-3 * scale)


def test_points_of_several_targets_are_those_of_each() -> None:
    X, Y = data_of(3, 50, 8, n_targets=3)
    grid = np.array([1.0, 0.1, 0.01])
    path = regularization_path(X, Y, grid, 0.7)
    assert path.coefs.shape == (3, 3, 8)
    for target in range(3):
        single = regularization_path(X, Y[:, target], grid, 0.7)
        for of_all, of_one in zip(path[1:], single[1:], strict=True):
            assert_allclose(of_all[:, target], of_one, rtol=1e-6, atol=1e-9)


def test_degrees_of_freedom_of_ridge_are_the_trace() -> None:
    X, y = data_of(4, 40, 6)
    path = regularization_path(X, y, [10.0, 1.0, 0.1], l1_ratio=0.0)
    centred = X - X.mean(axis=0)
    expected = [ridge_degrees_of_freedom(centred, lambda_ * 40) for lambda_ in path.lambdas]
    assert_allclose(path.degrees_of_freedom, expected, rtol=1e-10)


@shapes
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_degrees_of_freedom_are_the_divergence_of_the_fit(n, p, l1_ratio) -> None:
    X, y = data_of(5, n, p)
    largest = lambda_max(X, y, l1_ratio=max(l1_ratio, 1e-3))
    lambda_ = 0.3 * largest if l1_ratio else 0.5
    path = regularization_path(X, y, [lambda_], l1_ratio, tol=1e-13)
    step, divergence = 1e-6, 0.0
    for i in range(n):
        e = np.zeros(n)
        e[i] = step
        ends = [regularization_path(X, y + d, [lambda_], l1_ratio, tol=1e-13) for d in (e, -e)]
        fits = [X[i] @ end.coefs[0] + end.intercepts[0] for end in ends]
        divergence += (fits[0] - fits[1]) / (2 * step)
    assert_allclose(path.degrees_of_freedom[0] + 1, divergence, rtol=1e-4)  # one for the intercept


def test_a_grid_is_a_number_of_points_or_the_points() -> None:
    X, y = load_diabetes(return_X_y=True)
    path = regularization_path(X, y, 5, eps=0.01)
    assert_allclose(path.lambdas, lambda_max(X, y) * np.geomspace(1, 0.01, 5))
    assert not path.coefs[0].any()
    given = regularization_path(X, y, [0.1, 1.0])
    assert_array_equal(given.lambdas, [1.0, 0.1])


def test_constant_targets_have_a_path() -> None:
    X, _ = data_of(6, 20, 4)
    path = regularization_path(X, np.full(20, 3.0), 3)
    assert not path.coefs.any()
    assert_allclose(path.intercepts, 3.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lambdas": 0}, "lambdas must be an integer >= 1"),
        ({"lambdas": True}, "lambdas must be"),
        ({"lambdas": []}, "lambdas must be"),
        ({"lambdas": [1.0, -1.0]}, r"got lambdas\[1\] = -1.0"),
        ({"lambdas": [np.nan]}, "lambdas must be"),
        ({"lambdas": "many"}, "lambdas must be"),
        ({"eps": 1.01}, "eps must be"),
        ({"l1_ratio": 2.0}, "l1_ratio must be"),
        ({"tol": -1.0}, "tol must be"),
        ({"positive": 1}, "positive must be"),
        ({"penalty_weights": [1.0]}, "penalty_weights"),
        ({"sample_weight": [1.0]}, "sample_weight"),
    ],
)
def test_bad_arguments_are_named(arguments, message) -> None:
    X, y = data_of(7, 20, 4)
    with pytest.raises((ValueError, TypeError), match=message):
        regularization_path(X, y, **arguments)


def test_ridge_has_no_lambda_max() -> None:
    with pytest.raises(ValueError, match="l1_ratio must be > 0"):
        lambda_max(*data_of(8, 20, 4), l1_ratio=0)


def test_a_large_path_keeps_its_coefficients_sparse(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 300))
    Y = X[:, :2] @ [[1.0, 2.0], [0.5, 0.0]] + rng.normal(size=(30, 2))
    usual = regularization_path(X, Y[:, 0], 12, eps=0.1)
    monkeypatch.setattr(module, "LARGEST_DENSE", 100)
    large = regularization_path(X, Y[:, 0], 12, eps=0.1)
    assert isinstance(usual.coefs, np.ndarray)
    assert sparse.issparse(large.coefs)
    assert_array_equal(large.coefs.toarray(), usual.coefs)
    assert repr(large) == repr(usual)
    assert large._repr_html_() == usual._repr_html_()
    # An array with an axis for the targets, and a full one, stay as they are.
    assert regularization_path(X, Y, 5).coefs.shape == (5, 2, 300)
    assert isinstance(regularization_path(X, Y[:, 0], 5, l1_ratio=0).coefs, np.ndarray)
    pd = pytest.importorskip("pandas")
    pd.testing.assert_frame_equal(large.to_frame(), usual.to_frame())


@pytest.mark.parametrize("unit", [1e-150, 1e-60, 1e60, 1e150])
@pytest.mark.parametrize("params", [{}, {"groups": np.arange(6) // 2}, {"l1_ratio": 0.5}], ids=str)
def test_lambda_max_has_the_unit_of_y(params: dict[str, Any], unit: float) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 6))
    y = X[:, 0] + rng.normal(size=20)
    assert lambda_max(X, unit * y, **params) == pytest.approx(unit * lambda_max(X, y, **params))
    weights = [0.0, *np.ones(5)]
    bounded = {"bounds": (-1.0 * unit, 0.5 * unit)} if "groups" not in params else {}
    one = {"bounds": (-1.0, 0.5)} if bounded else {}
    free = {"penalty_weights": weights} | params
    assert lambda_max(X, unit * y, **free, **bounded) == pytest.approx(
        unit * lambda_max(X, y, **free, **one)
    )


@pytest.mark.parametrize("params", [{}, {"groups": np.arange(6) // 2}], ids=str)
def test_lambda_max_has_the_unit_of_x(params: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 6))
    y = X[:, 0] + rng.normal(size=20)
    for unit in (1e-30, 1e30):
        assert lambda_max(unit * X, y, **params) == pytest.approx(unit * lambda_max(X, y, **params))
