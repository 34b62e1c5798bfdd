"""The certified solver: every optimum is judged by formulas that share nothing with the package."""

from __future__ import annotations

import warnings
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
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_info

from sklearn_reg import ElasticNetRegression, LassoRegression
from sklearn_reg.designs import make_design
from sklearn_reg.solvers import parametric
from sklearn_reg.solvers.factor import SMALL, MatrixFree, SupportSolver, conjugate_gradients

pytestmark = pytest.mark.filterwarnings("error")
laws = settings(deadline=None, derandomize=True, max_examples=40)
many = settings(laws, max_examples=250)
seeds = st.integers(0, 2**32 - 1)


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


class Data(NamedTuple):
    """A drawn problem."""

    X: Any
    y: Any
    s: Any = None


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


def regression(n: int = 80, p: int = 30, seed: int = 0, noise: float = 0.5) -> Data:
    """Draw a well-conditioned problem with a sparse truth."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.5
    truth = np.where(np.arange(p) % 4 == 0, rng.normal(size=p), 0.0)
    return Data(X, X @ truth + noise * rng.normal(size=n) + 3.0)


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
    assert np.count_nonzero(model.coef_) >= (SMALL if kind == "positive" else 150)


def test_bordered_systems_see_features_join_and_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watch, without changing anything, what the solver asks of the factor."""
    joined = left = 0
    bordered = SupportSolver._bordered

    def watch(self: Any, A: Any, active: Any, changes: Any, b: Any) -> Any:
        nonlocal joined, left
        joined += int(active[changes].sum())
        left += int((~active[changes]).sum())
        return bordered(self, A, active, changes, b)

    monkeypatch.setattr(SupportSolver, "_bordered", watch)
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


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize("p", [8, 150])
@pytest.mark.parametrize("value", [0.1, 3.0, 1e6 / 3])
@pytest.mark.parametrize("lam", [0.0, 0.01])
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


def blas_threads() -> list[tuple[str, int]]:
    """Return the threads of each BLAS."""
    return sorted(
        (info["filepath"], info["num_threads"])
        for info in threadpool_info()
        if info["user_api"] == "blas"
    )


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


def test_a_fit_that_fails_leaves_blas_threads_as_they_were() -> None:
    data = large()
    before = blas_threads()
    with pytest.raises(ValueError, match="lambda_"):
        net(-1.0).fit(*data)
    net(1e-2 * lambda_max(data)).fit(*data)
    assert blas_threads() == before


# --- the parts: systems on supports ---------------------------------------------------------------


def definite(size: int, seed: int, condition: float = 1e3) -> Any:
    """Draw a positive definite matrix of a known condition."""
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.normal(size=(size, size)))[0]
    A = (Q * np.geomspace(1, 1 / condition, size)) @ Q.T
    return np.asfortranarray((A + A.T) / 2)


def assert_solves(A: Any, active: Any, b: Any, x: Any) -> None:
    """Compare with a solve from scratch."""
    S = np.flatnonzero(active)
    assert not x[~active].any()
    if S.size:
        expected = np.linalg.solve(A[np.ix_(S, S)], b[S])
        assert_allclose(x[S], expected, rtol=0, atol=1e-9 * np.abs(expected).max())


@settings(laws, max_examples=25)
@given(seeds, st.lists(st.integers(0, 60), min_size=3, max_size=12))
def test_support_solver_solves_any_sequence_of_supports(seed: int, changes: list[int]) -> None:
    size, rng = 180, np.random.default_rng(seed)
    A = definite(size, seed)
    solver = SupportSolver(A)
    active = rng.random(size) < 0.8
    for count in changes:
        flipped = rng.choice(size, count, replace=False)
        active = active.copy()
        active[flipped] = ~active[flipped]
        b = rng.normal(size=size)
        x = solver.solve(active, b)
        assert x is not None
        assert_solves(A, active, b, x)


def test_support_solver_borders_features_that_join_leave_and_come_back() -> None:
    size, rng = 200, np.random.default_rng(0)
    A = definite(size, 0)
    solver = SupportSolver(A)
    active = np.arange(size) < 150
    steps: list[list[int]] = [
        [],
        [0],
        [160],
        [0, 1, 161],
        [1, 160],
        [160, 199],
        [5, 6, 7],
        [5, 161],
    ]
    for flipped in steps:
        active = active.copy()
        active[flipped] = ~active[flipped]
        b = rng.normal(size=size)
        x = solver.solve(active, b)
        assert x is not None
        assert_solves(A, active, b, x)


def test_support_solver_follows_a_matrix_that_grows() -> None:
    rng = np.random.default_rng(0)
    whole, solver = definite(260, 1), SupportSolver(np.zeros((0, 0)))
    for size in (130, 140, 145, 260):
        A = solver.A = np.asfortranarray(whole[:size, :size])
        active = np.ones(size, dtype=bool)
        active[rng.choice(size, 5, replace=False)] = False
        b = rng.normal(size=size)
        x = solver.solve(active, b)
        assert x is not None
        assert_solves(A, active, b, x)


def test_support_solver_of_no_features_gives_zeros() -> None:
    x = SupportSolver(np.eye(5, order="F")).solve(np.zeros(5, dtype=bool), np.ones(5))
    assert_array_equal(x, np.zeros(5))


@pytest.mark.parametrize("size", [10, 150])
def test_support_solver_says_where_a_matrix_is_not_positive_definite(size: int) -> None:
    A, active = np.eye(size, order="F"), np.ones(size, dtype=bool)
    A[3, 3] = -1.0
    solver = SupportSolver(A)
    for _ in range(2):
        assert solver.solve(active, np.ones(size)) is None
    active[3] = False
    x = solver.solve(active, np.ones(size))
    assert_array_equal(x, active.astype(float))


def test_support_solver_neither_changes_nor_keeps_its_arguments() -> None:
    A, rng = definite(150, 2), np.random.default_rng(0)
    active, b = np.ones(150, dtype=bool), rng.normal(size=150)
    active[:9] = False
    before = A.copy(), active.copy(), b.copy()
    solver = SupportSolver(A)
    x = solver.solve(active, b)
    assert x is not None
    kept = x.copy()
    active[:4] = True
    solver.solve(active, b)
    assert_array_equal(x, kept)
    assert_array_equal(A, before[0])
    assert_array_equal(b, before[2])


def test_matrix_free_systems_are_those_of_the_gram_matrix() -> None:
    X, y, _ = regression(60, 150)
    design, _ = make_design(
        X,
        y[:, None],
        None,
        on_gram=False,
        centred=True,
        standardize=False,
        excluded=np.zeros(150, dtype=bool),
        unpenalised=False,
    )
    extra = np.linspace(0.5, 2.0, 150)
    free = MatrixFree(design, design.squares, extra)
    Z = X - X.mean(axis=0)
    A = Z.T @ Z / 60 + np.diag(extra)
    rng = np.random.default_rng(0)
    v, b = rng.normal(size=150), rng.normal(size=150)
    assert_allclose(free.product(v), A @ v, rtol=0, atol=1e-10)
    active = rng.random(150) < 0.7
    x = free.solve(active, b)
    S = np.flatnonzero(active)
    assert x is not None
    assert not x[~active].any()
    # Inexact by design: a later round takes in what is left.
    left = np.linalg.norm(A[np.ix_(S, S)] @ x[S] - b[S])
    assert left <= 1e-2 * np.linalg.norm(b[S])


@pytest.mark.parametrize("tol", [1e-3, 1e-6, 1e-10])
def test_conjugate_gradients_stop_at_tol_whatever_the_scales(tol: float) -> None:
    rng, products = np.random.default_rng(0), 0
    Z = rng.normal(size=(200, 40)) * np.geomspace(1e-4, 1e4, 40)
    A, b = Z.T @ Z, Z.T @ rng.normal(size=200)

    def product(v: Any) -> Any:
        nonlocal products
        products += 1
        return A @ v

    x = conjugate_gradients(product, b, A.diagonal(), tol)
    left = np.linalg.norm(A @ x - b) / np.linalg.norm(b)
    assert tol / 20 <= left <= 1.01 * tol
    assert products <= 40


def test_matrix_free_systems_go_on_from_a_near_point() -> None:
    rng, products = np.random.default_rng(0), 0
    Z, extra = rng.normal(size=(200, 40)), np.full(40, 0.1)
    A, active, b = Z.T @ Z + np.diag(extra), np.arange(40) % 4 > 0, rng.normal(size=40)

    class Counted:
        def restricted(self, S: Any) -> Any:
            assert_array_equal(S, np.flatnonzero(active))
            return self

        def normal_product(self, v: Any) -> Any:
            nonlocal products
            products += 1
            return Z[:, active].T @ (Z[:, active] @ v)

    free: Any = MatrixFree(Counted(), (Z**2).sum(axis=0), extra)  # type: ignore[arg-type]
    exact = free.solve(active, b)
    assert_allclose(A[np.ix_(active, active)] @ exact[active], b[active], rtol=0, atol=1e-8)
    cold, products = products, 0
    near = exact + 1e-5 * rng.normal(size=40) * active
    nearer = free.solve(active, b, near)
    assert np.linalg.norm(nearer - exact) <= 1e-2 * np.linalg.norm(near - exact)
    assert products <= 1 + cold // 2
    products = 0
    assert_array_equal(free.solve(active, b, np.zeros(40))[~active], 0.0)
    assert products < cold // 2  # to come nearer, and no product for the start


# --- the parts: the path of thresholds ------------------------------------------------------------


def follow(A: Any, c: Any, l1: Any, w: Any, positive: bool, **options: Any) -> Any:
    """Follow the path from w."""
    state = parametric.start_state(w, c - A @ w, l1, positive)
    return parametric.solve(SupportSolver(A), l1, state, positive=positive, **options)


def assert_optimal(A: Any, c: Any, l1: Any, w: Any, positive: bool, slack: float) -> None:
    """Check the optimality conditions by hand."""
    u = c - A @ w
    at_zero = w == 0
    penalised_zero = at_zero & (l1 > 0)
    pull = u if positive else np.abs(u)
    assert (pull[penalised_zero] <= l1[penalised_zero] + slack).all()
    assert (np.abs(u - l1 * np.sign(w))[~penalised_zero] <= slack).all()
    if positive:
        assert (w[l1 > 0] >= 0).all()


@settings(laws, max_examples=150)
@given(
    st.integers(1, 60),
    seeds,
    st.sampled_from([1.0, 1e2, 1e6]),
    st.sampled_from([2.0, 0.5, 0.1, 1e-2, 1e-4]),
    st.booleans(),
    st.sampled_from(["zero", "random", "dense"]),
    st.booleans(),
)
def test_the_path_ends_where_the_optimality_conditions_hold(
    size: int,
    seed: int,
    condition: float,
    fraction: float,
    positive: bool,
    start: str,
    free: bool,
) -> None:
    rng = np.random.default_rng(seed)
    A, c = definite(size, seed, condition), rng.normal(size=size)
    l1 = fraction * np.abs(c).max() * rng.choice([0.5, 1.0, 2.0], size)
    if free and not positive:
        l1[rng.integers(size)] = 0.0
    w = {"zero": np.zeros(size), "random": rng.normal(size=size) * rng.integers(0, 2, size)}.get(
        start, rng.normal(size=size)
    )
    w = np.abs(w) if positive else w
    state, solved = follow(A, c, l1, w, positive)
    assert solved
    assert_optimal(A, c, l1, state.w, positive, 1e-8 * np.abs(c).max())


@settings(laws, max_examples=60)
@given(st.integers(2, 40), seeds, st.sampled_from([0.9, 0.3, 0.02]), st.booleans())
def test_the_path_passes_ties(size: int, seed: int, fraction: float, positive: bool) -> None:
    rng = np.random.default_rng(seed)
    X = rng.integers(-1, 2, (size, size)).astype(float)
    X[:, size // 2] = X[:, 0]
    A = np.asfortranarray(X.T @ X + 1e-6 * np.eye(size))
    c = X.T @ rng.integers(-2, 3, size)
    if not c.any():
        c = X.T @ X[:, 0] + 1.0
    l1 = np.full(size, fraction * np.abs(c).max())
    state, solved = follow(A, c, l1, np.zeros(size), positive)
    assert solved
    assert_optimal(A, c, l1, state.w, positive, 1e-8 * np.abs(c).max())


def test_the_path_on_a_diagonal_matrix_is_soft_thresholding() -> None:
    c, l1 = np.array([3.0, -2.0, 0.5, -0.1, 0.0]), np.array([1.0, 0.5, 0.5, 0.2, 0.1])
    A = np.asfortranarray(np.diag([1.0, 2.0, 1.0, 4.0, 1.0]))
    for positive, expected in ((False, [2, -0.75, 0, 0, 0]), (True, [2, 0, 0, 0, 0])):
        state, solved = follow(A, c, l1, np.zeros(5), positive)
        assert solved
        assert_allclose(state.w, expected, atol=1e-12)


def test_the_path_of_a_large_support_ends_at_the_optimum() -> None:
    A, rng = definite(300, 3, 1e4), np.random.default_rng(3)
    c = A @ rng.normal(size=300)
    l1 = np.full(300, 1e-3 * np.abs(c).max())
    for w in (np.zeros(300), rng.normal(size=300)):
        state, solved = follow(A, c, l1, w, False)
        assert solved
        assert np.count_nonzero(state.w) > 150
        assert_optimal(A, c, l1, state.w, False, 1e-8 * np.abs(c).max())


def test_the_path_says_where_it_was_cut_short() -> None:
    A, rng = definite(40, 3), np.random.default_rng(3)
    c = A @ rng.normal(size=40)
    l1 = np.full(40, 1e-3 * np.abs(c).max())
    assert follow(A, c, l1, np.zeros(40), False, max_rounds=1)[1] is False
    assert follow(A, c, l1, np.zeros(40), False, max_rounds=1000)[1] is True


def test_the_path_says_where_a_matrix_is_not_positive_definite() -> None:
    A, c, l1 = np.asfortranarray(-np.eye(3)), np.ones(3), np.full(3, 0.1)
    assert follow(A, c, l1, np.zeros(3), False)[1] is False


# --- the conventions of scikit-learn --------------------------------------------------------------


@parametrize_with_checks(
    [
        model(lambda_=0.01, solver=solver)
        for model in (LassoRegression, ElasticNetRegression)
        for solver in ("active_set", "auto")
    ]
)
@pytest.mark.filterwarnings("default")
def test_scikit_learn_conventions_hold(estimator: Any, check: Any) -> None:
    check(estimator)
