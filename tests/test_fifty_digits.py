"""Against fifty digits: columns of all scales, and means a million times the spread.

The reference is computed by mpmath from the very numbers that the package gets. What double
precision can keep is what a two-pass fit keeps: means first, then products of centred columns.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from sklearn_reg import ElasticNetRegression, ElasticNetRegressionCV, LassoRegression, Moments

N, P = 60, 6
SCALES = 10.0 ** np.linspace(-8, 8, P)
SIZES = [1, 7, N]
every_size = pytest.mark.parametrize("size", SIZES)
every_seed = pytest.mark.parametrize("seed", range(4))


@pytest.fixture(autouse=True)
def _fifty_digits() -> Any:
    with mpmath.workdps(50):
        yield


def data(seed: int) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(N, P))
    Z[:, 1] += Z[:, 0]
    y = Z @ np.array([1.0, -2.0, 0.0, 0.5, 0.0, 3.0]) + rng.normal(size=N) + 1e6
    return (Z + 1e6 * rng.normal(size=P)) * SCALES, y, rng.integers(1, 5, N) / 2.0


def batches(X: Any, y: Any, s: Any, size: int) -> Any:
    return ((X[k : k + size], y[k : k + size], s[k : k + size]) for k in range(0, N, size))


class Reference(NamedTuple):
    """Gram matrix, X'y and y'y about the means, over the weight; to fifty digits."""

    gram: Any
    cross: Any
    scatter: Any

    def error_of(self, gram: Any, cross: Any, scatter: Any) -> float:
        """Largest error, in the unit of each entry: the product of two lengths."""
        lengths = [mpmath.sqrt(self.gram[j, j]) for j in range(P)]
        length = mpmath.sqrt(self.scatter)
        errors = [abs(mpf(float(scatter)) - self.scatter) / self.scatter]
        for j in range(P):
            errors.append(abs(mpf(float(cross[j])) - self.cross[j]) / (lengths[j] * length))
            errors += [
                abs(mpf(float(gram[j, k])) - self.gram[j, k]) / (lengths[j] * lengths[k])
                for k in range(P)
            ]
        return float(max(errors))


def reference(X: Any, y: Any, s: Any) -> Reference:
    columns = [[mpf(float(x)) for x in column] for column in (*X.T, y)]
    weights = [mpf(float(weight)) for weight in s]
    total = mpmath.fsum(weights)
    centred = []
    for column in columns:
        mean = mpmath.fdot(weights, column) / total
        centred.append([x - mean for x in column])

    def product(a: Any, b: Any) -> Any:
        return mpmath.fsum(w * x * z for w, x, z in zip(weights, a, b, strict=True)) / total

    *Z, r = centred
    gram = mpmath.matrix(P, P)
    for j in range(P):
        for k in range(P):
            gram[j, k] = product(Z[j], Z[k])
    return Reference(gram, [product(z, r) for z in Z], product(r, r))


def two_pass(X: Any, y: Any, s: Any) -> tuple[Any, Any, Any]:
    shares = s / s.sum()
    Z, r = X - shares @ X, y - shares @ y
    Z, r = Z - shares @ Z, r - shares @ r  # means are rounded: what is left of them goes as well
    return (Z.T * shares) @ Z, (Z.T * shares) @ r, shares @ r**2


def solution(exact: Reference, l1: Any, l2: Any, signs: Any) -> Any:
    """Solve the optimality conditions on the support with these signs, and check them off it."""
    support = [j for j in range(P) if signs[j]]
    A, b = mpmath.matrix(len(support)), mpmath.matrix(len(support), 1)
    for row, j in enumerate(support):
        b[row] = exact.cross[j] - mpf(float(l1[j])) * int(signs[j])
        for column, k in enumerate(support):
            A[row, column] = exact.gram[j, k] + (mpf(float(l2[j])) if j == k else 0)
    w = [mpf(0)] * P
    for j, value in zip(support, mpmath.lu_solve(A, b), strict=True):
        w[j] = value
        assert value * int(signs[j]) > 0
    for j in range(P):
        pull = exact.cross[j] - mpmath.fsum(exact.gram[j, k] * w[k] for k in range(P))
        assert signs[j] or abs(pull) <= l1[j]
    return w


def in_double(gram: Any, cross: Any, l1: Any, l2: Any, signs: Any) -> Any:
    """Solve the same system in double precision, scaled to columns of one size."""
    on = np.flatnonzero(signs)
    A = ((gram + np.diag(l2)) / SCALES).T / SCALES
    w = np.zeros(P)
    w[on] = np.linalg.solve(A[np.ix_(on, on)], ((cross - l1 * signs) / SCALES)[on]) / SCALES[on]
    return w


def error_of(coef: Any, w: Any) -> float:
    """Largest relative error of a coefficient; those that are zero have to be."""
    assert all((c == 0) == (exact == 0) for c, exact in zip(coef, w, strict=True))
    pairs = zip(coef, w, strict=True)
    return float(max(abs(mpf(float(c)) - exact) / abs(exact) for c, exact in pairs if exact))


def assert_digits_of_two_passes(found: Moments, X: Any, y: Any, s: Any) -> None:
    exact = reference(X, y, s)
    sums = (found.gram, found.cross[:, 0], found.scatter[0])
    error = exact.error_of(*[value / found.weight for value in sums])
    assert error <= 4 * max(exact.error_of(*two_pass(X, y, s)), 2.3e-16)


@every_seed
@every_size
def test_moments_keep_the_digits_of_two_passes(seed: int, size: int) -> None:
    X, y, s = data(seed)
    gathered = Moments(P)
    for batch in batches(X, y, s, size):
        gathered.update(*batch)
    assert_digits_of_two_passes(gathered, X, y, s)


@every_seed
@every_size
def test_merged_moments_keep_them_too(seed: int, size: int) -> None:
    X, y, s = data(seed)
    total = sum(Moments.from_data(*batch) for batch in batches(X, y, s, size))
    assert_digits_of_two_passes(total, X, y, s)


@every_seed
@every_size
def test_a_streamed_ridge_keeps_the_digits_of_two_passes(seed: int, size: int) -> None:
    X, y, s = data(seed)
    exact, l2 = reference(X, y, s), 0.01 * SCALES**2
    w = solution(exact, np.zeros(P), l2, np.sign(reference_signs(exact, l2)))
    known = in_double(*two_pass(X, y, s)[:2], np.zeros(P), l2, np.ones(P))
    model = ElasticNetRegression(
        lambda_=0.01, l1_ratio=0, penalty_weights=SCALES**2, solver="auto", tol=1e-14
    ).fit_batches(batches(X, y, s, size))
    assert error_of(model.coef_, w) <= 10 * max(error_of(known, w), 1e-15)
    assert model.converged_


def reference_signs(exact: Reference, l2: Any) -> Any:
    """Solve with all columns."""
    A = exact.gram.copy()
    for j in range(P):
        A[j, j] += mpf(float(l2[j]))
    w = mpmath.lu_solve(A, mpmath.matrix(exact.cross))
    return np.array([float(value) for value in w])


@every_seed
@every_size
@pytest.mark.parametrize("standardize", [False, True])
def test_a_streamed_lasso_keeps_the_digits_of_two_passes(
    seed: int, size: int, standardize: bool
) -> None:
    X, y, s = data(seed)
    exact = reference(X, y, s)
    spreads = np.array([float(mpmath.sqrt(exact.gram[j, j])) for j in range(P)])
    penalties = None if standardize else SCALES
    model = LassoRegression(
        lambda_=0.3, penalty_weights=penalties, standardize=standardize, solver="auto", tol=1e-13
    ).fit_batches(batches(X, y, s, size))
    l1 = 0.3 * (spreads if standardize else SCALES)
    w = solution(exact, l1, np.zeros(P), np.sign(model.coef_))
    assert 1 < np.count_nonzero(model.coef_) < P
    known = in_double(*two_pass(X, y, s)[:2], l1, np.zeros(P), np.sign(model.coef_))
    assert error_of(model.coef_, w) <= 10 * max(error_of(known, w), 1e-15)
    assert model.converged_


@pytest.mark.filterwarnings("ignore:.*the smallest error is at the smallest")
@every_size
def test_a_streamed_cross_validation_is_as_exact(size: int) -> None:
    X, y, s = data(0)
    search = ElasticNetRegressionCV(
        l1_ratio=1.0, lambdas=[1.0, 0.3, 0.1], penalty_weights=SCALES, cv=3, tol=2e-14
    )
    search.fit_batches(batches(X, y, s, size))
    for fold in range(3):
        rows = np.arange(N) % 3 != fold
        exact = reference(X[rows], y[rows], s[rows])
        for k, lambda_ in enumerate([1.0, 0.3, 0.1]):
            coef = search.fold_coefs_[k, fold]
            w = solution(exact, lambda_ * SCALES, np.zeros(P), np.sign(coef))
            assert error_of(coef, w) <= 1e-13
