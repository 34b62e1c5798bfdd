"""Closed form: ridge against its definition, scikit-learn, and matrices of known spectrum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.linear_model import LinearRegression, Ridge

from sklearn_reg.closed_form import (
    ridge_closed_form,
    ridge_condition_number,
    ridge_degrees_of_freedom,
)

pytestmark = pytest.mark.filterwarnings("error")
laws = settings(deadline=None, max_examples=50)
every_function = pytest.mark.parametrize(
    "function",
    [
        lambda X, lambda_: ridge_closed_form(X, np.ones(np.shape(X)[0]), lambda_),
        ridge_condition_number,
        ridge_degrees_of_freedom,
    ],
    ids=["closed_form", "condition_number", "degrees_of_freedom"],
)


def with_singular_values(s: Any, n: int, p: int, seed: int = 0) -> Any:
    """Build an n x p matrix U diag(s) V' of known singular values."""
    rng = np.random.default_rng(seed)
    U = np.linalg.qr(rng.normal(size=(n, n)))[0][:, : len(s)]
    V = np.linalg.qr(rng.normal(size=(p, p)))[0][:, : len(s)]
    return (U * s) @ V.T


def data(n: int, p: int, n_targets: int | None = None, seed: int = 0) -> tuple[Any, Any]:
    """Draw a random problem; without n_targets y has one dimension."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, p)), rng.normal(size=n if n_targets is None else (n, n_targets))


problems = st.builds(
    data, n=st.integers(5, 30), p=st.integers(1, 5), seed=st.integers(0, 2**32 - 1)
)


# --- the weights --------------------------------------------------------------------------------


def test_weights_by_hand() -> None:
    # X'X + I = [[3, 1], [1, 3]], X'y = [4, 4].
    assert_allclose(ridge_closed_form([[1, 1], [1, 0], [0, 1]], [3, 1, 1], 1), [1, 1], rtol=1e-15)


@pytest.mark.parametrize("n_targets", [None, 1, 3])
@pytest.mark.parametrize(("n", "p"), [(50, 7), (7, 7), (8, 30)])
@pytest.mark.parametrize("lambda_", [0.01, 1.0, 100.0])
def test_equals_scikit_learns_ridge(n: int, p: int, n_targets: int | None, lambda_: float) -> None:
    X, y = data(n, p, n_targets)
    w = ridge_closed_form(X, y, lambda_)
    theirs = Ridge(alpha=lambda_, fit_intercept=False, solver="svd").fit(X, y).coef_
    assert w.shape == ((p,) if n_targets is None else (p, n_targets))
    assert_allclose(w, theirs.T.reshape(w.shape), rtol=0, atol=1e-10)


def test_lambda_0_is_least_squares() -> None:
    X, y = data(40, 6)
    theirs = LinearRegression(fit_intercept=False).fit(X, y).coef_
    assert_allclose(ridge_closed_form(X, y, 0), theirs, rtol=0, atol=1e-10)


@laws
@given(problem=problems, lambda_=st.floats(1e-3, 1e3))
def test_gradient_of_the_ridge_objective_is_zero_at_the_weights(
    problem: Any, lambda_: float
) -> None:
    X, y = problem
    w = ridge_closed_form(X, y, lambda_)
    gradient = X.T @ (X @ w - y) + lambda_ * w
    assert_allclose(gradient, 0, atol=1e-11 * (1 + np.abs(X.T @ y).max()))


@laws
@given(problem=problems, lambda_=st.floats(1e-3, 1e3), factor=st.floats(1.1, 100))
def test_a_larger_lambda_shrinks_the_weights(problem: Any, lambda_: float, factor: float) -> None:
    X, y = problem
    weaker, stronger = (ridge_closed_form(X, y, a) for a in (lambda_, factor * lambda_))
    assert 0 < np.linalg.norm(stronger) < np.linalg.norm(weaker)


@laws
@given(problem=problems, lambda_=st.floats(1e-3, 1e3))
def test_the_weights_are_smaller_than_without_a_penalty(problem: Any, lambda_: float) -> None:
    X, y = problem
    assert np.linalg.norm(ridge_closed_form(X, y, lambda_)) < np.linalg.norm(
        np.linalg.lstsq(X, y)[0]
    )


def test_targets_are_solved_separately() -> None:
    X, Y = data(20, 4, n_targets=3)
    each = np.column_stack([ridge_closed_form(X, y, 0.5) for y in Y.T])
    assert_allclose(ridge_closed_form(X, Y, 0.5), each, rtol=1e-12)


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_array, sparse.coo_array])
@pytest.mark.parametrize("n_targets", [None, 2])
def test_sparse_equals_dense(make: Any, n_targets: int | None) -> None:
    X, y = data(30, 6, n_targets)
    X[np.abs(X) < 0.7] = 0
    assert_allclose(
        ridge_closed_form(make(X), y, 0.3), ridge_closed_form(X, y, 0.3), rtol=1e-12, atol=1e-14
    )
    assert ridge_condition_number(make(X), 0.3) == ridge_condition_number(X, 0.3)
    assert ridge_degrees_of_freedom(make(X), 0.3) == ridge_degrees_of_freedom(X, 0.3)


@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_other_numbers_are_computed_in_float64(dtype: str) -> None:
    X, y = data(20, 3)
    X, y = (10 * X).astype(dtype), (10 * y).astype(dtype)
    w = ridge_closed_form(X, y, 1)
    assert w.dtype == np.float64
    assert_array_equal(w, ridge_closed_form(X.astype("float64"), y.astype("float64"), 1))


def test_inputs_are_untouched() -> None:
    X, y = data(20, 3)
    X_before, y_before = X.copy(), y.copy()
    ridge_closed_form(X, y, 1.0)
    ridge_condition_number(X, 1.0)
    ridge_degrees_of_freedom(X, 1.0)
    assert_array_equal(X, X_before)
    assert_array_equal(y, y_before)


def test_columns_in_very_different_units_are_not_taken_for_singular() -> None:
    X, y = data(50, 4)
    units = np.array([1e-7, 1.0, 1e5, 1e9])
    assert_allclose(
        ridge_closed_form(X * units, y, 0) * units, ridge_closed_form(X, y, 0), rtol=1e-10
    )


# --- singular problems --------------------------------------------------------------------------

SINGULAR = {
    "equal columns": np.repeat(data(20, 1)[0], 2, axis=1),
    "a sum of columns": np.column_stack([data(20, 3)[0], data(20, 3)[0].sum(axis=1)]),
    "a zero column": data(20, 3)[0] * [1, 0, 1],
    "more columns than rows": data(5, 8)[0],
    "rank 2 of 6": with_singular_values([3, 1], 40, 6),
    "in other units": with_singular_values([3, 1], 40, 6) * 10.0 ** np.arange(6),
    "all zero": np.zeros((5, 3)),
}
singular = pytest.mark.parametrize("X", SINGULAR.values(), ids=SINGULAR.keys())


@singular
def test_singular_without_lambda_is_an_error_that_names_the_remedy(X: Any) -> None:
    message = r"singular.*lambda_=0\.0: some columns .*; pass a positive lambda_"
    with pytest.raises(np.linalg.LinAlgError, match=message):
        ridge_closed_form(X, np.ones(len(X)), 0)
    with pytest.raises(np.linalg.LinAlgError, match=message):
        ridge_closed_form(sparse.csr_array(X), np.ones(len(X)), 0)
    with pytest.raises(np.linalg.LinAlgError, match=message):
        ridge_condition_number(X, 0)


@singular
def test_a_positive_lambda_is_the_remedy(X: Any) -> None:
    y = np.arange(len(X)) - 3.0
    lambda_ = 1e-3 * max(1.0, float(np.linalg.norm(X, 2)) ** 2)
    w = ridge_closed_form(X, y, lambda_)
    theirs = Ridge(alpha=lambda_, fit_intercept=False, solver="svd").fit(X, y).coef_
    assert_allclose(w, theirs, rtol=1e-7, atol=1e-10)
    assert ridge_condition_number(X, lambda_) <= 1e3 * (1 + 1e-3) * (1 + 1e-9)


def test_a_lambda_too_small_to_help_is_an_error_that_asks_for_a_larger_one() -> None:
    X = SINGULAR["rank 2 of 6"]
    message = r"singular.*lambda_=1e-17: .*; pass a larger lambda_"
    with pytest.raises(np.linalg.LinAlgError, match=message):
        ridge_closed_form(X, np.ones(len(X)), 1e-17)
    with pytest.raises(np.linalg.LinAlgError, match="pass a larger lambda_"):
        ridge_condition_number(X, 5e-324)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("n", "p"), [(6, 2), (1000, 2), (100, 3), (50, 20), (20_000, 3)])
def test_rounding_never_hides_that_columns_depend(n: int, p: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p - 1))
    X = np.column_stack([X, X @ rng.normal(size=p - 1)])
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        ridge_closed_form(X, np.ones(n), 0)


def test_badly_conditioned_is_not_singular() -> None:
    # X'X has a condition number of 1e12: few digits left, but some.
    X = with_singular_values([1e3, 1, 1e-3], 40, 3)
    w = ridge_closed_form(X, X @ [1.0, 2.0, 3.0], 0)
    assert_allclose(w, [1, 2, 3], rtol=1e-2)


# --- condition number ---------------------------------------------------------------------------


@pytest.mark.parametrize("lambda_", [0.0, 1e-6, 1.0, 100.0])
@pytest.mark.parametrize("s", [[4.0, 2.0, 0.5], [1e4, 1.0, 1e-3], [3.0, 3.0, 3.0]])
def test_condition_number_is_exact(s: Any, lambda_: float) -> None:
    X = with_singular_values(s, 10, 3)
    exact = (s[0] ** 2 + lambda_) / (s[-1] ** 2 + lambda_)
    assert ridge_condition_number(X, lambda_) == pytest.approx(exact, rel=1e-8)


def test_condition_number_with_fewer_rows_than_columns_has_a_smallest_value_of_lambda() -> None:
    X = with_singular_values([3.0, 1.0], 2, 5)
    assert ridge_condition_number(X, 0.5) == pytest.approx((9 + 0.5) / 0.5, rel=1e-12)


@laws
@given(problem=problems, lambda_=st.floats(1e-3, 1e3))
def test_condition_number_is_that_of_the_matrix(problem: Any, lambda_: float) -> None:
    X, _ = problem
    A = X.T @ X + lambda_ * np.eye(X.shape[1])
    assert ridge_condition_number(X, lambda_) == pytest.approx(np.linalg.cond(A), rel=1e-8)


@laws
@given(s=st.lists(st.floats(0.01, 100), min_size=2, max_size=5), lambda_=st.floats(1e-3, 1e3))
def test_a_penalty_improves_the_condition(s: Any, lambda_: float) -> None:
    X = with_singular_values(s, 8, len(s))
    without, with_penalty = ridge_condition_number(X, 0), ridge_condition_number(X, lambda_)
    assert 1 <= with_penalty <= without * (1 + 1e-12)
    if max(s) > 1.01 * min(s):
        assert with_penalty < without


@pytest.mark.parametrize("scale", [1e-160, 1.0, 1e200])
def test_condition_number_does_not_depend_on_the_unit(scale: float) -> None:
    X = scale * with_singular_values([2.0, 1.0], 5, 2)
    assert ridge_condition_number(X, 0) == pytest.approx(4.0, rel=1e-12)


def test_condition_number_of_a_huge_lambda_is_one() -> None:
    assert ridge_condition_number(data(10, 3)[0], 1e300) == pytest.approx(1.0, rel=1e-15)


# --- degrees of freedom -------------------------------------------------------------------------


def test_degrees_of_freedom_by_hand() -> None:
    X = with_singular_values([2.0, 1.0], 6, 2)
    assert ridge_degrees_of_freedom(X, 4) == pytest.approx(4 / 8 + 1 / 5, rel=1e-12)


@laws
@given(problem=problems, lambda_=st.floats(1e-3, 1e3))
def test_degrees_of_freedom_are_the_trace_of_the_hat_matrix(problem: Any, lambda_: float) -> None:
    X, _ = problem
    hat = X @ np.linalg.solve(X.T @ X + lambda_ * np.eye(X.shape[1]), X.T)
    assert ridge_degrees_of_freedom(X, lambda_) == pytest.approx(np.trace(hat), rel=1e-9)


def test_degrees_of_freedom_fall_from_p_to_0() -> None:
    X = data(30, 6)[0]
    df = [ridge_degrees_of_freedom(X, a) for a in (0, 1e-3, 1, 1e3, 1e6, 1e300)]
    assert df[0] == 6
    assert np.all(np.diff(df) < 0)
    assert 0 < df[-1] < 1e-290


@pytest.mark.parametrize("lambda_", [0, 1e-40])
@pytest.mark.parametrize(
    ("name", "rank"), [("equal columns", 1), ("rank 2 of 6", 2), ("all zero", 0)]
)
def test_degrees_of_freedom_of_almost_no_penalty_are_the_rank(
    name: str, rank: int, lambda_: float
) -> None:
    assert ridge_degrees_of_freedom(SINGULAR[name], lambda_) == pytest.approx(rank, rel=1e-15)


# --- arguments ----------------------------------------------------------------------------------


@every_function
@pytest.mark.parametrize("lambda_", [-1e-9, np.nan, np.inf])
def test_a_lambda_out_of_range_is_refused(function: Any, lambda_: float) -> None:
    with pytest.raises(ValueError, match=rf"^lambda_ must be a finite number >= 0, got {lambda_}$"):
        function(np.eye(2), lambda_)


@every_function
@pytest.mark.parametrize("lambda_", ["1", None, True, 1j, [1.0]], ids=repr)
def test_a_lambda_that_is_not_a_number_is_refused(function: Any, lambda_: Any) -> None:
    with pytest.raises(TypeError, match=r"^lambda_ must be a finite number >= 0, got "):
        function(np.eye(2), lambda_)


@every_function
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_X_that_is_not_finite_is_refused(function: Any, bad: float) -> None:
    with pytest.raises(ValueError, match="Input X contains"):
        function([[1.0, bad], [1.0, 2.0]], 1.0)
    with pytest.raises(ValueError, match="Input X contains"):
        function(sparse.csr_array([[1.0, bad], [1.0, 2.0]]), 1.0)


@every_function
def test_an_X_of_one_dimension_or_of_complex_numbers_is_refused(function: Any) -> None:
    with pytest.raises(ValueError, match="Expected 2D array"):
        function([1.0, 2.0], 1.0)
    with pytest.raises(ValueError, match="Complex data not supported"):
        function(np.array([[1j]]), 1.0)


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (3, 1, 1)])
def test_a_y_that_does_not_match_X_is_refused(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"^y must have shape \(3,\) or \(3, n_targets\)"):
        ridge_closed_form(np.eye(3), np.ones(shape), 1.0)


def test_a_y_that_is_not_of_finite_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^y must be .*finite.*, got nan at index \(1,\)"):
        ridge_closed_form(np.eye(2), [1.0, np.nan], 1.0)
    with pytest.raises(TypeError, match=r"^y must be .*numbers, got \['a', 'b'\]"):
        ridge_closed_form(np.eye(2), ["a", "b"], 1.0)


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize(("x", "y"), [(1e200, 1.0), (1e150, 1e200), (1e-150, 1e300)])
def test_overflow_is_refused_and_says_what_to_do(make: Any, x: float, y: float) -> None:
    X = make(np.diag([x, x]))
    with pytest.raises(OverflowError, match=r"exceeds the largest float .*: divide X or y by"):
        ridge_closed_form(X, [y, y], 0.0)


@pytest.mark.parametrize("function", [ridge_condition_number, ridge_degrees_of_freedom])
def test_singular_values_beyond_the_largest_float_are_refused(function: Any) -> None:
    with pytest.raises(OverflowError, match="divide X or y by"):
        function(np.full((3, 3), 1.7e308), 1.0)
