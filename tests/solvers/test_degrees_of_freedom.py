"""Degrees of freedom do not depend on which of several optima came back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import sparse

from searching import Array, quiet
from sklearn_reg import LassoRegressionCV, regularization_path


def binary(n: int = 90, k: int = 5, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    B = (rng.random((n, k)) < 0.4).astype(float)
    return B, B @ np.linspace(1, 0.2, k) + rng.normal(size=n)


def one_hot(n: int = 90, seed: int = 1) -> tuple[Array, Array, Array]:
    """Return two factors in full coding, and in coding without a reference level."""
    rng = np.random.default_rng(seed)
    factors = [rng.integers(0, levels, n) for levels in (4, 3)]
    full = np.hstack([np.eye(of.max() + 1)[of] for of in factors])
    y = full @ [2, 0, -1, 1, 0.5, -2, 0] + 0.5 * rng.normal(size=n)
    return full, np.delete(full, [0, 4], axis=1), y


TWINS = {
    "duplicates": lambda B: np.hstack([B, B]),
    "complements": lambda B: np.hstack([B, 1 - B]),
    "opposites": lambda B: np.hstack([B, -B]),
    "many": lambda B: np.hstack([B, 1 - B, B, -B]),
}


@pytest.mark.parametrize("twins", TWINS)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize("weighted", [False, True])
def test_twins_of_columns_add_no_freedom(twins: str, form: Any, weighted: bool) -> None:
    B, y = binary()
    s = np.random.default_rng(3).uniform(0.5, 2, len(y)) if weighted else None
    alone = regularization_path(B, y, 12, eps=0.01, sample_weight=s)
    path = regularization_path(form(TWINS[twins](B)), y, alone.lambdas, sample_weight=s)
    assert_allclose(path.degrees_of_freedom, alone.degrees_of_freedom, atol=1e-9)


@quiet
@pytest.mark.parametrize("rule", ["aic", "bic", "gcv"])
@pytest.mark.parametrize("twins", TWINS)
def test_criteria_choose_the_same_with_twins(rule: str, twins: str) -> None:
    B, y = binary()
    alone, both = (LassoRegressionCV(40, rule=rule, cv=3).fit(X, y) for X in (B, TWINS[twins](B)))
    assert_allclose(both.lambda_, alone.lambda_, rtol=1e-6)
    assert both.coef_.any()


def test_full_coding_has_the_freedom_of_its_levels() -> None:
    full, reduced, y = one_hot()
    path = regularization_path(full, y, [1e-9])
    assert path.degrees_of_freedom == pytest.approx(np.linalg.matrix_rank(reduced))


@pytest.mark.parametrize("l1_ratio", [0.3, 0.9])
def test_with_an_l2_penalty_it_is_the_trace(l1_ratio: float) -> None:
    B, y = binary()
    X = np.hstack([B, B, 1 - B])
    lambda_ = 0.05
    path = regularization_path(X, y, [lambda_], l1_ratio, tol=1e-12)
    support = np.flatnonzero(path.coefs[0])
    Z = (X - X.mean(axis=0))[:, support] / np.sqrt(len(y))
    hat = Z @ np.linalg.solve(Z.T @ Z + lambda_ * (1 - l1_ratio) * np.eye(support.size), Z.T)
    assert path.degrees_of_freedom == pytest.approx(np.trace(hat), rel=1e-8)


def test_a_lasso_of_wide_data_has_no_more_freedom_than_rows() -> None:
    rng = np.random.default_rng(2)
    X = rng.integers(0, 2, size=(20, 200)).astype(float)
    y = rng.normal(size=20)
    path = regularization_path(X, y, 20, eps=1e-6, tol=1e-9)
    assert (path.degrees_of_freedom <= 19).all()
    ranks = [np.linalg.matrix_rank((X - X.mean(axis=0)) * (w != 0)) for w in path.coefs]
    assert_allclose(path.degrees_of_freedom, ranks)


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(TWINS)), st.sampled_from([1e-6, 1, 1e6]))
def test_any_two_optima_have_the_same_freedom(seed: int, twins: str, unit: float) -> None:
    B, y = binary(n=30, k=4, seed=seed)
    B = B[:, np.ptp(B, axis=0) > 0]
    X = TWINS[twins](B)
    order = np.random.default_rng(seed).permutation(X.shape[1])
    lambdas = np.array([0.3, 0.1, 0.03]) * np.ptp(y)
    first, second = (
        regularization_path(of, unit * y, unit * lambdas, tol=1e-10) for of in (X, X[:, order])
    )
    assert_allclose(first.degrees_of_freedom, second.degrees_of_freedom)
