"""The certified solver: every optimum is judged by formulas that share nothing with the package."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import nnls
from sklearn.linear_model import ElasticNet
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from covering import every_pair
from sklearn_reg import ElasticNetRegression, LassoRegression
from sklearn_reg._solvers.bordered_factor import SMALL_SUPPORT, BorderedFactor
from solving import Data, laws, regression, seeds
from threads import blas_threads

pytestmark = pytest.mark.filterwarnings("error")
many = settings(laws, max_examples=250)
# --- an independent judge -------------------------------------------------------------------------


class Judged(NamedTuple):
    """What the judge found."""

    objective: float
    gap: float
    null: float

    @property
    def relative_gap(self) -> float:
        """The gap beside the objective of the constant model."""
        return self.gap / self.null if self.null > 0 else self.gap


def judge(
    model: Any,
    X: Any,
    y: Any,
    s: Any = None,
    *,
    lambda_: Any = None,
    target: int | None = None,
) -> Judged:
    """Bound F(w, b) - F* from the fitted numbers alone.

    The dual of min_w 1/2 |t - Zw|^2 + sum_j l1_j |w_j| + l2_j/2 w_j^2 is
    max_a  t'a - 1/2 |a|^2 - sum_j (|Z_j'a| - l1_j)_+^2 / (2 l2_j), with |Z_j'a| <= l1_j where
    l2_j = 0 (without the modulus where w_j >= 0). Its value at a = c (residual without what free
    columns explain), for the best c of a few, is below F*.
    """
    X = np.asarray(X.toarray() if sparse.issparse(X) else X, dtype=np.float64)
    y = np.asarray(y, dtype=np.float64)
    coef, intercept = model.coef_, model.intercept_
    if target is not None:
        y, coef, intercept = y[:, target], coef[target], intercept[target]
    coef = np.asarray(coef, dtype=np.float64)
    n, p = X.shape
    share = np.full(n, 1.0 / n) if s is None else np.asarray(s, dtype=np.float64) / np.sum(s)
    root = np.sqrt(share)
    ratio = getattr(model, "l1_ratio", 1.0)
    lam = float(model.lambda_ if lambda_ is None else lambda_)
    v = np.ones(p) if model.penalty_weights is None else np.asarray(model.penalty_weights, float)
    assert not coef[np.isinf(v)].any()
    mean_x = share @ X
    scale = np.sqrt(share @ (X - mean_x) ** 2) if model.standardize else np.ones(p)
    constant = np.ptp(X[share > 0], axis=0) == 0
    scale[constant] = 1.0
    centre, mean_y = (mean_x, share @ y) if model.fit_intercept else (np.zeros(p), 0.0)
    kept = np.isfinite(v)
    Z = (root[:, None] * (X - centre) / scale)[:, kept]
    if model.fit_intercept:
        Z[:, constant[kept]] = 0.0
    t = root * (y - mean_y)
    w = (coef * scale)[kept]
    if model.positive:
        assert (w >= 0).all()
    l1, l2 = lam * ratio * v[kept], lam * (1 - ratio) * v[kept]
    penalty = float(l1 @ np.abs(w) + 0.5 * (l2 @ w**2))
    fitted = root * (y - X @ coef - intercept)
    objective = 0.5 * float(fitted @ fitted) + penalty
    r = t - Z @ w
    free = (l1 == 0) & (l2 == 0)
    if free.any():
        sizes = np.linalg.norm(Z[:, free], axis=0)
        basis = Z[:, free] / np.where(sizes > 0, sizes, 1.0)
        if model.positive:
            r = _without_pull(basis, r)
        else:
            U, values, _ = np.linalg.svd(basis, full_matrices=False)
            U = U[:, values > 1e-12 * values.max(initial=0.0)]
            r = r - U @ (U.T @ r)
            r = r - U @ (U.T @ r)
    u = Z.T @ r
    pull = np.where(free, 0.0, u if model.positive else np.abs(u))
    candidates = []
    for hard in ((l2 == 0) & ~free, ~free):
        over = hard & (pull > l1)
        candidates.append(float(np.min(l1[over] / pull[over])) if over.any() else 1.0)
    for hard_c in list(candidates):
        candidates.append(hard_c * (1 - 1e-13))
    best = -np.inf
    for c in candidates:
        excess = np.maximum(c * pull - l1, 0.0)
        hard = (l2 == 0) & ~free
        if (excess[hard] > 1e-12 * l1[hard]).any():
            continue
        soft = ~hard & ~free
        dual = c * float(t @ r) - 0.5 * c * c * float(r @ r)
        best = max(best, dual - 0.5 * float(np.sum(excess[soft] ** 2 / l2[soft])))
    return Judged(objective, objective - best, 0.5 * float(t @ t))


def _without_pull(basis: Any, r: Any) -> Any:
    """Leave of r what has no positive correlation with any column: project on a cone."""
    return r - basis @ nnls(basis, r, maxiter=100 * basis.shape[1])[0]


# What the judge itself loses: objective minus dual, each of order F(0).
ROUNDING = 1e-13


def certified(model: Any, X: Any, y: Any, s: Any = None, **at: Any) -> Judged:
    """Judge a model and require what it claims."""
    judged = judge(model, X, y, s, **at)
    assert judged.relative_gap <= model.tol + ROUNDING, judged
    assert model.converged_
    assert model.n_iter_ >= 1
    if at.get("target") is None:
        assert_allclose(
            model.objective_,
            judged.objective,
            rtol=1e-9,
            atol=max(1e-3 * model.tol, 1e-11) * judged.null,
        )
        assert model.dual_gap_ <= model.tol * judged.null * (1 + 1e-9) + 1e-300
        assert_allclose(model.history_[-1], model.objective_, rtol=1e-12)
        assert len(model.history_) == model.n_iter_
    return judged


# --- problems -------------------------------------------------------------------------------------


SHAPES = [
    (1, 1),
    (2, 1),
    (1, 5),
    (5, 3),
    (12, 12),
    (30, 8),
    (60, 20),
    (10, 60),
    (40, 120),
    (60, 200),
]


def draw(
    shape: tuple[int, int],
    seed: int,
    kind: str = "normal",
    *,
    weighted: bool = False,
    wild: bool = False,
    duplicates: bool = False,
    constant: bool = False,
) -> Data:
    """Draw a problem of a kind that solvers find hard."""
    (n, p), rng = shape, np.random.default_rng(seed)
    if kind == "normal":
        X = rng.normal(size=shape)
    elif kind == "integer":
        X = rng.integers(-2, 3, shape).astype(float)
    elif kind == "binary":
        X = rng.integers(0, 2, shape).astype(float)
    elif kind == "collinear":
        X = rng.normal(size=(n, min(p, 3))) @ rng.normal(size=(min(p, 3), p))
        X += 1e-4 * rng.normal(size=shape)
    elif kind == "correlated":
        X = 0.95 * rng.normal(size=(n, 1)) + 0.3 * rng.normal(size=shape)
    else:
        X = np.eye(n, p) * rng.integers(1, 3)
    if duplicates and p > 1:
        half = p // 2
        X[:, p - half :] = X[:, :half] * rng.choice([1.0, -1.0], half)
    if constant:
        X[:, rng.integers(p)] = rng.choice([0.0, 1.0, 0.1, -300.0])
    truth = np.where(rng.random(p) < 0.2, rng.integers(-2, 3, p), 0.0)
    y = X @ truth
    y += rng.integers(-2, 3, n) if kind in ("integer", "binary") else 0.5 * rng.normal(size=n)
    if wild:
        X = X * 10.0 ** rng.integers(-8, 9, p)
    s = None
    if weighted:
        s = rng.integers(0, 3, n).astype(float)
        s[rng.integers(n)] = 1.0
    return Data(X, y + 1.0, s)


hard_problems = st.builds(
    draw,
    shape=st.one_of(st.sampled_from(SHAPES), st.tuples(st.integers(1, 60), st.integers(1, 60))),
    seed=seeds,
    kind=st.sampled_from(["normal", "integer", "binary", "collinear", "correlated", "identity"]),
    weighted=st.booleans(),
    wild=st.booleans(),
    duplicates=st.booleans(),
    constant=st.booleans(),
)
fractions = st.sampled_from([2.0, 1.0, 0.5, 0.1, 0.03, 1e-2, 1e-3, 1e-4])
ratios = st.sampled_from([1.0, 0.9, 0.5, 0.1, 1e-3])
solvers = st.sampled_from(["active_set", "auto"])


def lambda_max(data: Data, ratio: float = 1.0, fit_intercept: bool = True) -> float:
    """Return the least penalty at which every coefficient is zero; 1 where any is."""
    X, y, s = data
    s = np.ones(len(y)) if s is None else s
    s = s / s.sum()
    if fit_intercept:
        X, y = X - s @ X, y - s @ y
    largest = np.abs(X.T @ (s * y)).max() / ratio
    return float(largest) if largest > 0 else 1.0


def net(lambda_: Any, ratio: float = 1.0, **options: Any) -> Any:
    """Make the estimator for a ratio."""
    options = {"solver": "active_set", **options}
    if ratio == 1.0:
        return LassoRegression(lambda_=lambda_, **options)
    return ElasticNetRegression(lambda_=lambda_, l1_ratio=ratio, **options)


def penalty_value(model: Any, X: Any, y: Any, s: Any = None) -> float:
    """F at the fitted numbers."""
    return judge(model, X, y, s).objective


# --- certificates ---------------------------------------------------------------------------------


@many
@given(hard_problems, fractions, ratios, solvers, st.booleans(), st.sampled_from([1e-6, 1e-9]))
def test_every_optimum_is_certified_by_an_independent_judge(
    data: Data, fraction: float, ratio: float, solver: str, intercept: bool, tol: float
) -> None:
    lam = fraction * lambda_max(data, ratio, intercept)
    model = net(lam, ratio, solver=solver, fit_intercept=intercept, tol=tol)
    model.fit(data.X, data.y, data.s)
    certified(model, *data)
    assert model.solver_ == "active_set"


@settings(many, max_examples=80)
@given(hard_problems, fractions, ratios, st.booleans(), st.data())
def test_every_option_at_once_is_certified(
    data: Data, fraction: float, ratio: float, positive: bool, pick: Any
) -> None:
    p = data.X.shape[1]
    weights = st.sampled_from([0.0, 0.5, 1.0, 1.0, 3.0, np.inf])
    v = np.array(pick.draw(st.lists(weights, min_size=p, max_size=p)))
    model = net(
        fraction * lambda_max(data, ratio) / 2,
        ratio,
        penalty_weights=v,
        positive=positive,
        standardize=pick.draw(st.booleans()),
    )
    certified(model.fit(*data), *data)


@settings(many, max_examples=80)
@given(hard_problems, ratios, solvers, st.booleans())
def test_without_a_penalty_least_squares_is_certified(
    data: Data, ratio: float, solver: str, intercept: bool
) -> None:
    model = net(0.0, ratio, solver=solver, fit_intercept=intercept).fit(*data)
    judged = judge(model, *data)
    # The judge's projection and the fit each lose what the condition of X costs.
    assert judged.relative_gap <= model.tol + 1e-9
    assert model.converged_


@settings(many, max_examples=80)
@given(hard_problems, st.sampled_from([0.5, 0.1, 1e-2, 1e-4]), ratios)
def test_positive_optima_are_certified(data: Data, fraction: float, ratio: float) -> None:
    model = net(fraction * lambda_max(data, ratio), ratio, positive=True).fit(*data)
    certified(model, *data)
    assert (model.coef_ >= 0).all()


@settings(many, max_examples=60)
@given(hard_problems, st.sampled_from([0.5, 0.1, 1e-2, 1e-3]), ratios)
def test_a_tolerance_near_rounding_is_reached(data: Data, fraction: float, ratio: float) -> None:
    model = net(fraction * lambda_max(data, ratio), ratio, tol=1e-12).fit(*data)
    certified(model, *data)


@laws
@given(hard_problems, ratios)
def test_at_lambda_max_and_above_every_coefficient_is_zero(data: Data, ratio: float) -> None:
    for factor in (1 + 1e-9, 10.0):
        model = net(lambda_max(data, ratio) * factor, ratio).fit(*data)
        assert not model.coef_.any()
        s = np.ones(len(data.y)) if data.s is None else data.s
        assert_allclose(model.intercept_, s @ data.y / s.sum(), rtol=1e-12, atol=1e-13)
        assert_allclose(model.dual_gap_, 0.0, atol=1e-12 * model.objective_ + 1e-300)


def test_just_below_lambda_max_a_coefficient_enters() -> None:
    data = regression()
    assert np.count_nonzero(net(0.98 * lambda_max(data), tol=1e-12).fit(*data).coef_) == 1


@laws
@given(seeds, st.sampled_from([1e-80, 1e-8, 1e8, 1e80]), st.sampled_from([1e-60, 1e-8, 1e8, 1e60]))
def test_units_of_x_and_y_do_not_matter(seed: int, unit_y: float, unit_x: float) -> None:
    X, y, _ = regression(20, 6, seed)
    lam = 0.1 * lambda_max(Data(X, y))
    one = net(lam, tol=1e-10).fit(X, y)
    other = net(lam * unit_y * unit_x, tol=1e-10).fit(X * unit_x, y * unit_y)
    assert_allclose(other.coef_ / unit_y * unit_x, one.coef_, rtol=1e-6, atol=1e-8)


def test_a_constant_target_is_fitted_by_its_mean() -> None:
    X = regression().X
    for solver in ("active_set", "auto"):
        for lam in (0.0, 0.1):
            model = net(lam, solver=solver).fit(X, np.full(80, 7.0))
            assert_allclose(model.coef_, 0.0, atol=1e-12)
            assert_allclose(model.intercept_, 7.0, rtol=1e-12)


@pytest.mark.parametrize("ratio", [1.0, 0.5])
@pytest.mark.parametrize("fraction", [0.3, 0.03, 3e-3, 3e-4, 1e-4])
@pytest.mark.parametrize("shape", [(50, 1500), (1500, 50)])
def test_wide_and_tall_data_are_certified(shape: Any, fraction: float, ratio: float) -> None:
    data = regression(*shape)
    model = net(fraction * lambda_max(data, ratio), ratio, tol=1e-10).fit(*data)
    certified(model, *data)


# --- large supports: bordered systems -------------------------------------------------------------


def large(seed: int = 0, n: int = 320, p: int = 420, rank: int = 40) -> Data:
    """Draw correlated data whose support is large, and changes on the way."""
    rng = np.random.default_rng(seed)
    X = 0.5 * rng.normal(size=(n, p)) + rng.normal(size=(n, rank)) @ rng.normal(size=(rank, p)) / 6
    return Data(X, X @ rng.normal(size=p) * 0.3 + rng.normal(size=n))


@pytest.mark.parametrize("ratio", [1.0, 0.5])
@pytest.mark.parametrize("kind", ["dense", "csc", "csr", "tall", "positive"])
def test_large_supports_are_certified(kind: str, ratio: float) -> None:
    X, y, _ = large(n=900, p=300) if kind == "tall" else large()
    fraction = 1e-3 if kind == "positive" else 5e-3
    lam = fraction * lambda_max(Data(X, y), ratio)
    read = {"csc": sparse.csc_array, "csr": sparse.csr_array}.get(kind, np.asarray)
    model = net(lam, ratio, tol=1e-10, positive=kind == "positive").fit(read(X), y)
    certified(model, X, y)
    assert np.count_nonzero(model.coef_) >= (SMALL_SUPPORT if kind == "positive" else 150)


def test_bordered_systems_see_features_join_and_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watch, without changing anything, what the solver asks of the factor."""
    joined = left = 0
    bordered = BorderedFactor._solve_bordered

    def watch(self: Any, A: Any, active: Any, changes: Any, b: Any) -> Any:
        nonlocal joined, left
        joined += int(active[changes].sum())
        left += int((~active[changes]).sum())
        return bordered(self, A, active, changes, b)

    monkeypatch.setattr(BorderedFactor, "_solve_bordered", watch)
    data = large()
    model = net(5e-3 * lambda_max(data), tol=1e-10).fit(*data)
    certified(model, *data)
    assert joined > 0
    assert left > 0


def test_a_large_support_of_duplicates_is_certified() -> None:
    X, y, _ = large(n=300, p=200)
    X = np.hstack([X, X, -X])
    data = Data(X, y)
    for fraction in (0.05, 1e-3):
        model = net(fraction * lambda_max(data)).fit(*data)
        certified(model, *data)


# --- scikit-learn ---------------------------------------------------------------------------------


def peer(lam: float, ratio: float, **options: Any) -> Any:
    """Scikit-learn at its tightest."""
    return ElasticNet(alpha=lam, l1_ratio=ratio, tol=1e-15, max_iter=200_000, **options)


def quietly(model: Any, *data: Any) -> Any:
    """Let scikit-learn warn that its tightest tolerance is out of its reach."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(*data)


@laws
@given(seeds, st.sampled_from([0.5, 0.1, 0.01]), ratios, st.booleans(), st.booleans(), solvers)
def test_coefficients_are_those_of_scikit_learn(
    seed: int, fraction: float, ratio: float, intercept: bool, weighted: bool, solver: str
) -> None:
    X, y, _ = regression(seed=seed)
    s = np.random.default_rng(seed).integers(0, 4, 80) / 2.0 if weighted else None
    lam = fraction * lambda_max(Data(X, y, s), ratio, intercept)
    ours = net(lam, ratio, fit_intercept=intercept, tol=1e-13, solver=solver).fit(X, y, s)
    theirs = quietly(peer(lam, ratio, fit_intercept=intercept), X, y, s)
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-7)
    assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-6, atol=1e-7)
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6, atol=1e-6)


@laws
@given(seeds, st.sampled_from([0.5, 0.1, 0.01]), ratios)
def test_positive_coefficients_are_those_of_scikit_learn(
    seed: int, fraction: float, ratio: float
) -> None:
    X, y, _ = regression(seed=seed)
    lam = fraction * lambda_max(Data(X, y), ratio)
    ours = net(lam, ratio, positive=True, tol=1e-13).fit(X, y)
    theirs = quietly(peer(lam, ratio, positive=True), X, y)
    assert (ours.coef_ >= 0).all()
    assert (ours.coef_ == 0).any()
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-7)


@laws
@given(hard_problems, st.sampled_from([0.5, 0.1, 0.03]), ratios)
def test_objective_is_never_above_that_of_scikit_learn(
    data: Data, fraction: float, ratio: float
) -> None:
    lam = fraction * lambda_max(data, ratio)
    ours = net(lam, ratio, tol=1e-10).fit(*data)
    theirs = ElasticNet(alpha=lam, l1_ratio=ratio, tol=1e-12, max_iter=2000)
    quietly(theirs, *data)
    theirs.lambda_, theirs.penalty_weights, theirs.standardize = lam, None, False
    judged = judge(ours, *data)
    assert judged.objective <= penalty_value(theirs, *data) + 1.01e-10 * judged.null


# --- one problem, many layouts --------------------------------------------------------------------


@laws
@given(
    st.sampled_from([(80, 30), (30, 80), (200, 10), (10, 210)]),
    seeds,
    st.sampled_from([0.3, 0.03]),
    ratios,
    st.booleans(),
    st.booleans(),
)
def test_layouts_give_the_same_optimum(
    shape: Any, seed: int, fraction: float, ratio: float, intercept: bool, weighted: bool
) -> None:
    X, y, _ = regression(*shape, seed=seed)
    X[np.random.default_rng(seed).random(X.shape) < 0.5] = 0.0
    s = np.random.default_rng(seed).integers(1, 4, shape[0]) / 2.0 if weighted else None
    lam = fraction * lambda_max(Data(X, y, s), ratio, intercept)
    makes = [np.ascontiguousarray, np.asfortranarray, sparse.csc_array, sparse.csr_matrix]
    models = [
        net(lam, ratio, fit_intercept=intercept, tol=1e-13).fit(make(X), y, s) for make in makes
    ]
    for model in models[1:]:
        assert_allclose(model.objective_, models[0].objective_, rtol=1e-9)
        assert_allclose(model.coef_, models[0].coef_, rtol=1e-7, atol=1e-7)
        assert_allclose(model.intercept_, models[0].intercept_, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_tall_data_solved_on_their_gram_matrix_are_solved_as_on_rows(ratio: float) -> None:
    X, y, _ = regression(120, 25)
    lam = 0.02 * lambda_max(Data(X, y), ratio)
    on_gram = net(lam, ratio, tol=1e-13).fit(X, y)
    # Columns of zeros make the same problem wide, so that it is solved on rows.
    on_rows = net(lam, ratio, tol=1e-13).fit(np.hstack([X, np.zeros((120, 100))]), y)
    assert_allclose(on_rows.objective_, on_gram.objective_, rtol=1e-9)
    assert_allclose(on_rows.coef_[:25], on_gram.coef_, rtol=1e-9, atol=1e-9)
    assert not on_rows.coef_[25:].any()


def test_float32_is_solved_as_its_float64_values() -> None:
    X, y, _ = regression()
    narrow = X.astype(np.float32)
    lam = 0.05 * lambda_max(Data(X, y))
    one, other = net(lam).fit(narrow, y), net(lam).fit(narrow.astype(np.float64), y)
    assert one.coef_.dtype == np.float32
    assert_allclose(one.coef_, other.coef_, rtol=1e-6, atol=1e-7)
    assert_allclose(one.objective_, other.objective_, rtol=1e-9)


def test_a_mean_1e8_times_the_spread_is_solved_like_no_mean() -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(-8, 9, (64, 10)).astype(float)
    y = X[:, 0] - X[:, 3] + rng.integers(-3, 4, 64)
    for shape, tol in (("tall", 1e-10), ("wide", 1e-6)):
        A = X if shape == "tall" else np.hstack([X, np.round(rng.normal(size=(64, 100)) * 8)])
        lam = 0.05 * lambda_max(Data(A, y))
        near = net(lam, tol=1e-10).fit(A, y)
        far = net(lam, tol=tol).fit(A + 2.0**30, y)
        assert_allclose(far.coef_, near.coef_, rtol=1e-5, atol=1e-6)


def test_fit_leaves_the_data_alone() -> None:
    for X, y, s in (regression(), regression(20, 60)):
        s = np.ones(len(y))
        before = X.copy(), y.copy()
        for array in (X, y, s):
            array.setflags(write=False)
        net(0.1, standardize=True).fit(X, y, s)
        assert_array_equal(X, before[0])
        assert_array_equal(y, before[1])


# --- weights --------------------------------------------------------------------------------------


@laws
@given(seeds, st.sampled_from([0.3, 0.03]), ratios, st.booleans(), st.booleans())
def test_sample_weights_are_repeated_rows(
    seed: int, fraction: float, ratio: float, standardize: bool, wide: bool
) -> None:
    X, y, _ = regression(60, 90 if wide else 20, seed)
    counts = np.random.default_rng(seed).integers(0, 4, 60)
    lam = fraction * lambda_max(Data(X, y, counts), ratio)
    model = net(lam, ratio, tol=1e-13, standardize=standardize)
    weighted = model.fit(X, y, counts)
    repeated = net(lam, ratio, tol=1e-13, standardize=standardize)
    repeated.fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    assert_allclose(weighted.objective_, repeated.objective_, rtol=1e-9)
    assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-7, atol=1e-7)


def test_rows_of_weight_zero_do_not_count() -> None:
    for n, p in ((60, 20), (60, 150)):
        X, y, _ = regression(n, p)
        s = np.where(np.arange(n) < 50, 1.0, 0.0)
        y = y.copy()
        X[50:] *= 1e6
        y[50:] = -1e6
        one = net(0.05, tol=1e-11).fit(X, y, s)
        other = net(0.05, tol=1e-11).fit(X[:50], y[:50])
        assert_allclose(one.coef_, other.coef_, rtol=1e-6, atol=1e-7)
        assert_allclose(one.intercept_, other.intercept_, rtol=1e-6)


def test_only_ratios_of_sample_weights_matter() -> None:
    X, y, _ = regression()
    s = np.random.default_rng(0).random(80)
    one, other = net(0.1, tol=1e-12).fit(X, y, s), net(0.1, tol=1e-12).fit(X, y, s * 1e-200)
    assert_allclose(one.coef_, other.coef_, rtol=1e-9, atol=1e-10)


@laws
@given(seeds, st.booleans())
def test_penalty_weights_are_rescaled_columns(seed: int, wide: bool) -> None:
    X, y, _ = regression(60, 90 if wide else 20, seed)
    v = np.random.default_rng(seed).choice([0.25, 0.5, 1.0, 3.0], X.shape[1])
    lam = 0.05 * lambda_max(Data(X / v, y))
    weighted = net(lam, tol=1e-13, penalty_weights=v).fit(X, y)
    rescaled = net(lam, tol=1e-13).fit(X / v, y)
    assert_allclose(weighted.coef_, rescaled.coef_ / v, rtol=1e-6, atol=1e-7)
    assert_allclose(weighted.objective_, rescaled.objective_, rtol=1e-9)


@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_a_penalty_weight_of_zero_is_a_free_column(ratio: float) -> None:
    X, y, _ = regression()
    v = np.ones(30)
    v[[2, 7]] = 0.0
    model = net(1e3, ratio, tol=1e-13, penalty_weights=v).fit(X, y)
    A = np.column_stack([X[:, [2, 7]], np.ones(80)])
    best = np.linalg.lstsq(A, y, rcond=None)[0]
    assert_allclose(model.coef_[[2, 7]], best[:2], rtol=1e-8)
    assert_allclose(model.intercept_, best[2], rtol=1e-8)
    assert np.count_nonzero(model.coef_) == 2


@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_a_penalty_weight_of_infinity_excludes_a_column(ratio: float) -> None:
    X, y, _ = regression()
    v = np.ones(30)
    v[[0, 4, 8]] = np.inf
    lam = 0.02 * lambda_max(Data(X, y), ratio)
    without = net(lam, ratio, tol=1e-13).fit(X[:, np.isfinite(v)], y)
    model = net(lam, ratio, tol=1e-13, penalty_weights=v).fit(X, y)
    assert not model.coef_[np.isinf(v)].any()
    assert_allclose(model.coef_[np.isfinite(v)], without.coef_, rtol=1e-7, atol=1e-8)
    assert_allclose(model.objective_, without.objective_, rtol=1e-9)


def test_excluding_every_column_leaves_the_mean() -> None:
    X, y, _ = regression()
    model = net(0.1, penalty_weights=np.full(30, np.inf)).fit(X, y)
    assert not model.coef_.any()
    assert_allclose(model.intercept_, y.mean(), rtol=1e-13)


@pytest.mark.parametrize("lam", [0.01, 0.0])
@pytest.mark.parametrize("v", [[0.0, 0.0], [0.0, 1.0]])
def test_a_free_column_under_positive_is_not_negative(lam: float, v: list[float]) -> None:
    X, y = np.array([[1.0, 0], [0, 1], [1, 1], [2, 0]]), np.array([0.0, 3, 1, -1])
    model = net(lam, positive=True, penalty_weights=v).fit(X, y)
    assert (model.coef_ >= 0).all()
    certified(model, X, y)


@pytest.mark.parametrize("positive", [False, True])
def test_more_free_columns_than_rows_explain_everything(positive: bool) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(10, 60)), rng.normal(size=10)
    v = np.where(np.arange(60) % 2 == 0, 0.0, 1.0)
    model = net(0.1, penalty_weights=v, positive=positive).fit(X, y)
    assert model.objective_ <= 1e-6 * 0.5 * y.var()
    assert model.converged_
    assert_allclose(model.predict(X), y, atol=1e-2)


# --- standardize ----------------------------------------------------------------------------------


@laws
@given(seeds, ratios, st.booleans())
def test_standardize_is_a_standard_scaler_by_hand(seed: int, ratio: float, weighted: bool) -> None:
    X, y, _ = regression(seed=seed)
    X = X * 10.0 ** np.random.default_rng(seed).integers(-3, 4, 30)
    s = np.random.default_rng(seed).integers(1, 4, 80) / 2.0 if weighted else None
    scaler = StandardScaler().fit(X, sample_weight=s)
    Z = scaler.transform(X)
    lam = 0.05 * lambda_max(Data(Z, y, s), ratio)
    model = net(lam, ratio, tol=1e-13, standardize=True).fit(X, y, s)
    by_hand = net(lam, ratio, tol=1e-13).fit(Z, y, s)
    assert_allclose(model.coef_ * scaler.scale_, by_hand.coef_, rtol=1e-6, atol=1e-7)
    assert_allclose(model.predict(X), by_hand.predict(Z), rtol=1e-7, atol=1e-7)
    assert_allclose(model.objective_, by_hand.objective_, rtol=1e-9)


@every_pair(
    p=[8, 150],
    make=[np.asarray, sparse.csr_array, sparse.csc_array],
    value=[0.1, 3.0, 1e6 / 3],
    lam=[0.0, 0.01],
)
def test_a_constant_column_gets_no_weight_under_standardize(
    make: Any, p: int, value: float, lam: float
) -> None:
    X, y, _ = regression(101, p)
    X[:, 3] = value
    model = net(lam, standardize=True).fit(make(X), y)
    assert model.coef_[3] == 0.0
    assert_allclose(model.predict(X).mean(), y.mean(), rtol=1e-9)


# --- several targets ------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [1.0, 0.5])
@pytest.mark.parametrize("shape", [(80, 30), (30, 80)])
def test_a_lambda_per_target_is_a_fit_per_target(shape: Any, ratio: float) -> None:
    X, y, _ = regression(*shape)
    rng = np.random.default_rng(1)
    Y = np.column_stack([y, rng.normal(size=len(y)), 1e4 * X[:, 1] + rng.normal(size=len(y))])
    lambdas = np.array([0.02, 0.3, 5.0])
    model = net(lambdas, ratio, tol=1e-12).fit(X, Y)
    assert model.coef_.shape == (3, shape[1])
    assert model.objective_.shape == (3,)
    for j, lam in enumerate(lambdas):
        certified(model, X, Y, lambda_=lam, target=j)
        alone = net(lam, ratio, tol=1e-12).fit(X, Y[:, j])
        assert_allclose(model.coef_[j], alone.coef_, rtol=1e-6, atol=1e-7 * np.abs(Y[:, j]).max())
        assert_allclose(model.intercept_[j], alone.intercept_, rtol=1e-6)
        assert_allclose(model.objective_[j], alone.objective_, rtol=1e-9)


# --- starts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("ratio", [1.0, 0.5])
@pytest.mark.parametrize("shape", [(80, 30), (30, 80), (60, 400)])
def test_a_warm_start_from_the_optimum_ends_in_one_iteration(
    shape: Any, ratio: float, positive: bool
) -> None:
    data = regression(*shape)
    lam = 0.05 * lambda_max(data, ratio)
    model = net(lam, ratio, tol=1e-9, warm_start=True, positive=positive).fit(*data)
    first = model.coef_
    model.fit(*data)
    assert model.n_iter_ == 1
    assert model.converged_
    assert_allclose(model.coef_, first, rtol=1e-9, atol=1e-12)


@laws
@given(
    st.sampled_from([(40, 12), (20, 60), (30, 260)]),
    seeds,
    ratios,
    st.sampled_from([1e-6, 1.0, 1e6]),
    st.booleans(),
)
def test_a_warm_start_from_anywhere_ends_at_the_same_optimum(
    shape: Any, seed: int, ratio: float, size: float, positive: bool
) -> None:
    data = regression(*shape, seed=seed)
    lam = 0.05 * lambda_max(data, ratio)
    cold = net(lam, ratio, tol=1e-11, positive=positive).fit(*data)
    warm = net(lam, ratio, tol=1e-11, positive=positive, warm_start=True)
    rng = np.random.default_rng(seed)
    warm.coef_ = np.abs(size * rng.normal(size=shape[1])) * rng.integers(0, 2, shape[1])
    warm.fit(*data)
    certified(warm, *data)
    assert_allclose(warm.objective_, cold.objective_, rtol=1e-9)
    assert_allclose(warm.predict(data.X), cold.predict(data.X), rtol=1e-4, atol=1e-4)


def test_warm_starts_down_a_path_end_where_cold_starts_do() -> None:
    data = regression(60, 300)
    model = net(1.0, tol=1e-11, warm_start=True)
    for fraction in np.geomspace(1, 1e-3, 12):
        lam = fraction * lambda_max(data)
        model.set_params(lambda_=lam).fit(*data)
        certified(model, *data)
        assert_allclose(model.objective_, net(lam, tol=1e-11).fit(*data).objective_, rtol=1e-8)


@pytest.mark.parametrize("shape", [(80, 30), (30, 80), (320, 420)])
@pytest.mark.parametrize("solver", ["active_set", "auto"])
def test_a_repeated_fit_is_the_same_bit_for_bit(shape: Any, solver: str) -> None:
    data = large(*shape[:0]) if shape == (320, 420) else regression(*shape)
    lam = 0.01 * lambda_max(data)
    model = net(lam, solver=solver).fit(*data)
    for other in (net(lam, solver=solver).fit(*data), model.fit(*data)):
        assert other.coef_.tobytes() == model.coef_.tobytes()
        assert other.intercept_ == model.intercept_
        assert other.history_.tobytes() == model.history_.tobytes()
        assert other.dual_gap_ == model.dual_gap_


# --- threads --------------------------------------------------------------------------------------


@pytest.fixture
def two_threads() -> Iterator[None]:
    with threadpool_limits(2, user_api="blas"):
        yield


@pytest.mark.usefixtures("two_threads")
def test_fits_in_eight_threads_are_the_same_and_leave_blas_threads_as_they_were() -> None:
    data = large()
    lambdas = lambda_max(data) * np.geomspace(0.3, 5e-3, 8)
    alone = [net(lam, tol=1e-9).fit(*data) for lam in lambdas]
    before = blas_threads()
    assert before
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda lam: net(lam, tol=1e-9).fit(*data), np.tile(lambdas, 2)))
    assert blas_threads() == before
    for one, other in zip(alone * 2, together, strict=True):
        assert_allclose(other.objective_, one.objective_, rtol=1e-9)
        assert_allclose(other.coef_, one.coef_, rtol=1e-5, atol=1e-6)
        certified(other, *data)


@pytest.mark.usefixtures("two_threads")
def test_a_fit_that_fails_leaves_blas_threads_as_they_were() -> None:
    data = large()
    before = blas_threads()
    with pytest.raises(ValueError, match="lambda_"):
        net(-1.0).fit(*data)
    net(1e-2 * lambda_max(data)).fit(*data)
    assert blas_threads() == before
