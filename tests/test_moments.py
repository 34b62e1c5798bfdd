"""Moments against a plain two-pass formula in extended precision, and against exact fractions."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sklearn_reg import Moments
from sklearn_reg.moments import CHUNK_NUMBERS, _dense_pays, in_turn, row_chunks

pytestmark = pytest.mark.filterwarnings("error")
laws = settings(deadline=None, derandomize=True, max_examples=60)
FIELDS = ("weight", "mean_x", "mean_y", "gram", "cross", "scatter")


def read(moments: Moments) -> dict[str, np.ndarray]:
    """Return the public attributes."""
    return {name: getattr(moments, name) for name in FIELDS}


def data(
    n: int = 30, p: int = 4, k: int = 2, seed: int = 0, shift: float = 0.0, spread: float = 1.0
) -> tuple[Any, Any, Any]:
    """Draw X, y and weights, some of which are zero."""
    rng = np.random.default_rng(seed)
    X = shift + spread * rng.normal(size=(n, p))
    s = rng.integers(0, 4, size=n) / 2.0
    s[rng.integers(n)] = 1.0
    return X, rng.normal(size=(n, k)) - shift / 2, s


problems = st.builds(
    data,
    n=st.integers(1, 40),
    p=st.integers(1, 6),
    k=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
    shift=st.sampled_from([0.0, 1.0, -1e3, 1e6]),
    spread=st.sampled_from([1e-3, 1.0, 1e3]),
)


def two_pass(X: Any, Y: Any, s: Any) -> dict[str, Any]:
    """Compute means first, then centred products, in extended precision."""
    X, Y, s = (np.asarray(a, dtype=np.longdouble) for a in (X, Y, s))
    weight = s.sum()
    mean_x, mean_y = s @ X / weight, s @ Y / weight
    A, B = X - mean_x, Y - mean_y
    return {
        "weight": weight,
        "mean_x": mean_x,
        "mean_y": mean_y,
        "gram": A.T @ (s[:, None] * A),
        "cross": A.T @ (s[:, None] * B),
        "scatter": s @ B**2,
    }


def assert_same(left: Any, right: Any, rtol: float = 1e-10) -> None:
    """Compare moments, second moments beside the sizes that their products could have."""
    left, right = (m if isinstance(m, dict) else read(m) for m in (left, right))
    right = {name: np.asarray(right[name], dtype=np.float64) for name in FIELDS}
    x, y = np.sqrt(np.diagonal(right["gram"])), np.sqrt(right["scatter"])
    sizes = {
        "weight": right["weight"],
        "mean_x": np.abs(right["mean_x"]) + x,
        "mean_y": np.abs(right["mean_y"]) + y,
        "gram": np.multiply.outer(x, x),
        "cross": np.multiply.outer(x, y),
        "scatter": y**2,
    }
    # What the rounding of the data themselves is worth, where the spread is next to nothing.
    root = np.sqrt(right["weight"]) * 1e-15
    blur_x, blur_y = root * np.abs(right["mean_x"]), root * np.abs(right["mean_y"])
    blurs = {
        "gram": np.add.outer(blur_x, blur_x) * x.max(initial=0) + np.outer(blur_x, blur_x),
        "cross": np.outer(blur_x, y) + np.outer(x, blur_y) + np.outer(blur_x, blur_y),
        "scatter": blur_y * y + blur_y**2,
    }
    for name, size in sizes.items():
        error = np.abs(np.asarray(left[name], dtype=np.float64) - right[name])
        assert (error <= rtol * size + 1e2 * blurs.get(name, 0.0)).all(), (name, error.max())


def bits(moments: Moments) -> list[bytes]:
    """Everything that the moments hold."""
    return [np.ascontiguousarray(getattr(moments, name)).tobytes() for name in FIELDS]


# --- one data set ---------------------------------------------------------------------------------


@laws
@given(problems)
def test_from_data_is_the_two_pass_formula(problem: Any) -> None:
    X, Y, s = problem
    assert_same(Moments.from_data(X, Y, s), two_pass(X, Y, s))
    assert_same(Moments.from_data(X, Y), two_pass(X, Y, np.ones(len(X))))


def test_moments_by_hand() -> None:
    moments = Moments.from_data(np.array([[1.0], [2.0], [6.0]]), np.array([1.0, 0.0, 2.0]))
    assert moments.weight == 3
    assert_array_equal(moments.mean_x, [3.0])
    assert_array_equal(moments.mean_y, [1.0])
    assert_array_equal(moments.gram, [[14.0]])
    assert_array_equal(moments.cross, [[4.0]])
    assert_array_equal(moments.scatter, [2.0])


def test_data_that_need_several_chunks_give_the_two_pass_formula() -> None:
    n, p = 9001, 200
    assert len(list(row_chunks(n, p))) > 3
    X, Y, s = data(n, p, 2, shift=50.0)
    s[: CHUNK_NUMBERS // p + 5] = 0.0  # a first chunk without any weight, and some of the second
    centred = np.sqrt(s)[:, None] * (np.hstack([X, Y]) - s @ np.hstack([X, Y]) / s.sum())
    product = centred.T @ centred
    moments = Moments.from_data(X, Y, s)
    assert_allclose(moments.gram, product[:p, :p], rtol=1e-11, atol=1e-9)
    assert_allclose(moments.cross, product[:p, p:], rtol=1e-11, atol=1e-9)
    assert_allclose(moments.scatter, np.diagonal(product)[p:], rtol=1e-11)
    assert_allclose(moments.mean_x, s @ X / s.sum(), rtol=1e-13)
    assert_allclose(moments.weight, s.sum(), rtol=1e-13)


def test_row_chunks_cover_every_row_once_in_order() -> None:
    for n, p in [(0, 3), (1, 1), (9001, 200), (7, 10**6), (5, 0)]:
        rows = [np.arange(n)[part] for part in row_chunks(n, p)]
        assert_array_equal(np.concatenate([np.zeros(0, int), *rows]), np.arange(n))


def test_y_of_one_dimension_is_one_target() -> None:
    X, Y, s = data(k=1)
    assert bits(Moments.from_data(X, Y[:, 0], s)) == bits(Moments.from_data(X, Y, s))


def test_lists_are_read_as_targets_and_weights() -> None:
    X, Y, s = data()
    assert bits(Moments.from_data(X, Y.tolist(), s.tolist())) == bits(Moments.from_data(X, Y, s))


def test_data_are_neither_changed_nor_kept() -> None:
    X, Y, s = data()
    before = X.copy(), Y.copy(), s.copy()
    moments = Moments.from_data(X, Y, s)
    for array, copied in zip((X, Y, s), before, strict=True):
        assert_array_equal(array, copied)
        assert not any(np.shares_memory(array, getattr(moments, name)) for name in FIELDS[1:])


# --- precision ------------------------------------------------------------------------------------


def exact(X: Any, y: Any) -> tuple[list[list[Fraction]], list[Fraction], Fraction]:
    """Return gram, cross and scatter as exact fractions of the numbers given."""
    n, p = X.shape
    x = [[Fraction(float(v)) for v in X[:, j]] for j in range(p)]
    t = [Fraction(float(v)) for v in y]
    x = [[v - sum(column, Fraction(0)) / n for v in column] for column in x]
    t = [v - sum(t, Fraction(0)) / n for v in t]
    gram = [
        [sum(a * b for a, b in zip(x[i], x[j], strict=True)) for j in range(p)] for i in range(p)
    ]
    return (
        gram,
        [sum(a * b for a, b in zip(x[j], t, strict=True)) for j in range(p)],
        sum(a * a for a in t),
    )


@laws
@given(
    st.integers(2, 12),
    st.integers(1, 3),
    st.sampled_from([2.0**27, 2.0**40, -(2.0**33), 1e8]),
    st.integers(0, 2**32 - 1),
)
def test_a_mean_1e8_times_the_spread_costs_no_digits(
    n: int, p: int, offset: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    X, y = offset + rng.integers(-8, 9, (n, p)), -3 * offset + rng.integers(-8, 9, n)
    gram, cross, scatter = exact(X, y)
    moments = Moments.from_data(X, y)
    # Relative to the spread, not to the offset: what float64 keeps of the means is some 1e-16 of
    # the offset, which enters squared.
    size = 64.0 * n
    atol = size * 1e-13 + n * (4e-16 * abs(3 * offset)) ** 2
    assert_allclose(moments.gram, np.array(gram, dtype=float), rtol=0, atol=atol)
    assert_allclose(moments.cross[:, 0], np.array(cross, dtype=float), rtol=0, atol=atol)
    assert_allclose(moments.scatter[0], float(scatter), rtol=0, atol=atol)


def test_a_mean_1e8_times_the_spread_costs_no_digits_over_many_chunks() -> None:
    rng = np.random.default_rng(0)
    small = rng.integers(-50, 51, (9001, 200)).astype(float)
    assert len(list(row_chunks(*small.shape))) > 3
    near, far = (Moments.from_data(X, X[:, :1]) for X in (small, small + 2.0**32))
    size = np.diagonal(near.gram).max()
    assert_allclose(far.gram, near.gram, rtol=0, atol=1e-11 * size)
    assert_allclose(far.cross, near.cross, rtol=0, atol=1e-11 * size)


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array, sparse.csc_array])
def test_float32_accumulates_in_float64(make: Any) -> None:
    X, Y, s = data(2000, 3)
    narrow = (X + 1.0).astype(np.float32)
    moments = Moments.from_data(make(narrow), Y, s)
    assert all(np.asarray(getattr(moments, name)).dtype == np.float64 for name in FIELDS)
    assert_same(moments, two_pass(narrow, Y, s), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8, bool])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_integers_and_booleans_are_read_as_numbers(make: Any, dtype: Any) -> None:
    _, Y, s = data(50, 3)
    X = np.random.default_rng(1).integers(0, 2 if dtype is bool else 200, (50, 3)).astype(dtype)
    assert_same(Moments.from_data(make(X), Y, s), two_pass(X, Y, s))


def test_a_constant_column_has_no_spread() -> None:
    X, Y, s = data(1000, 3)
    X[:, 1] = 0.1
    moments = Moments.from_data(X, Y, s)
    assert abs(moments.gram[1]).max() < 1e-12
    assert moments.gram[1, 1] < 1e-28


# --- adding ---------------------------------------------------------------------------------------


@laws
@given(problems, st.data())
def test_chunks_in_any_order_are_the_whole(problem: Any, draw: Any) -> None:
    X, Y, s = problem
    n = len(X)
    cuts = sorted(draw.draw(st.lists(st.integers(0, n), max_size=5)))
    rows = draw.draw(st.permutations(range(n)))
    parts = [rows[a:b] for a, b in zip([0, *cuts], [*cuts, n], strict=True)]
    gathered = Moments(X.shape[1], Y.shape[1])
    for part in parts:
        assert gathered.update(X[part], Y[part], s[part]) is gathered
    assert_same(gathered, two_pass(X, Y, s))
    total = Moments(X.shape[1], Y.shape[1])
    for part in parts:
        total = Moments.from_data(X[part], Y[part], s[part]) + total
    assert_same(total, two_pass(X, Y, s))


@laws
@given(problems)
def test_update_of_empty_moments_is_from_data(problem: Any) -> None:
    X, Y, s = problem
    empty = Moments(X.shape[1], Y.shape[1])
    assert empty.weight == 0
    assert not any(getattr(empty, name).any() for name in FIELDS[1:])
    assert bits(empty.update(X, Y, s)) == bits(Moments.from_data(X, Y, s))


def test_no_rows_change_nothing() -> None:
    X, Y, s = data()
    moments = Moments.from_data(X, Y, s)
    before = bits(moments)
    moments.update(X[:0], Y[:0]).update(X[:0], Y[:0], s[:0]).update(X, Y, np.zeros(len(X)))
    moments.update(sparse.csr_array(X), Y, np.zeros(len(X)))
    assert bits(moments) == before
    assert bits(moments + Moments(4, 2)) == before
    assert bits(moments - Moments(4, 2)) == before
    assert bits(Moments(4, 2) + moments) == before


def test_sum_and_difference_leave_their_terms_alone() -> None:
    X, Y, s = data()
    left, right = Moments.from_data(X, Y, s), Moments.from_data(X[:9], Y[:9], s[:9])
    before = bits(left), bits(right)
    for result in (left + right, left - right, left + Moments(4, 2)):
        result.update(X, Y)
        result.gram[:] = np.nan
        result.mean_x[:] = np.nan
    assert (bits(left), bits(right)) == before


def test_updating_with_a_chunk_leaves_the_chunk_alone() -> None:
    X, Y, _ = data()
    first = Moments.from_data(X[:9], Y[:9])
    before = bits(first)
    total = Moments(4, 2) + first
    total.update(X[9:], Y[9:])
    assert bits(first) == before


@laws
@given(problems)
def test_adding_is_commutative(problem: Any) -> None:
    X, Y, s = problem
    half = len(X) // 2
    one = Moments.from_data(X[:half], Y[:half], s[:half])
    two = Moments.from_data(X[half:], Y[half:], s[half:])
    if one.weight + two.weight:
        assert_same(one + two, read(two + one))


# --- forgetting -----------------------------------------------------------------------------------


@laws
@given(problems, st.data())
def test_forgetting_rows_gives_back_the_rest(problem: Any, draw: Any) -> None:
    X, Y, _ = problem
    n = len(X)
    removed = draw.draw(st.integers(0, n // 2))
    rest = Moments.from_data(X, Y) - Moments.from_data(X[:removed], Y[:removed])
    right = two_pass(X[removed:], Y[removed:], np.ones(n - removed))
    whole = two_pass(X, Y, np.ones(n))
    assert rest.weight == n - removed
    # A remainder whose spread is tiny beside that of what was removed loses what it must.
    for name in FIELDS[1:]:
        size = np.abs(np.asarray(whole[name], dtype=float)).max()
        error = np.abs(getattr(rest, name) - np.asarray(right[name], dtype=float))
        blur = 1e-13 * abs(float(np.abs(X).max())) * np.sqrt(n * float(whole["scatter"].max()) + 1)
        blur += (
            1e-13
            * float(np.abs(X).max() + np.abs(Y).max())
            * np.sqrt(n * float(np.diagonal(whole["gram"]).max()))
        )
        assert (error <= 1e-9 * size + (blur if name != "mean_x" else 0.0)).all(), name


@laws
@given(st.integers(0, 2**32 - 1), st.integers(1, 45))
def test_forgetting_rows_of_ordinary_data_is_exact_to_1e_9(seed: int, removed: int) -> None:
    X, Y, _ = data(60, 4, 2, seed, shift=3.0)
    rest = Moments.from_data(X, Y) - Moments.from_data(X[:removed], Y[:removed])
    assert_same(rest, two_pass(X[removed:], Y[removed:], np.ones(60 - removed)), rtol=1e-9)


def test_forgetting_every_row_leaves_nothing() -> None:
    X, Y, s = data()
    moments = Moments.from_data(X, Y, s)
    assert bits(moments - moments) == bits(Moments(4, 2))


def test_forgetting_and_adding_again_gives_the_whole_back() -> None:
    X, Y, _ = data(shift=10.0)
    total, fold = Moments.from_data(X, Y), Moments.from_data(X[:8], Y[:8])
    assert_same((total - fold) + fold, two_pass(X, Y, np.ones(len(X))))


def test_forgetting_more_than_there_is_is_refused() -> None:
    X, Y, _ = data()
    small, large = Moments.from_data(X[:5], Y[:5]), Moments.from_data(X, Y)
    before = bits(small)
    with pytest.raises(ValueError, match="cannot remove rows of weight 30"):
        small - large
    assert bits(small) == before


# --- weights --------------------------------------------------------------------------------------


@laws
@given(problems, st.data())
def test_weights_are_repeated_rows(problem: Any, draw: Any) -> None:
    X, Y, _ = problem
    n = len(X)
    counts = np.array(draw.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    counts[0] = max(1, counts[0])
    repeated = Moments.from_data(np.repeat(X, counts, axis=0), np.repeat(Y, counts, axis=0))
    assert_same(Moments.from_data(X, Y, counts), read(repeated))
    assert repeated.weight == counts.sum()


@laws
@given(problems)
def test_rows_of_weight_zero_do_not_count(problem: Any) -> None:
    X, Y, s = problem
    X[s == 0], Y[s == 0] = 1e30, -1e30
    with np.errstate(over="raise", invalid="raise"):
        moments = Moments.from_data(X, Y, s)
    kept = s > 0
    assert_same(moments, two_pass(X[kept], Y[kept], s[kept]))


def test_all_weights_zero_are_empty_moments() -> None:
    X, Y, _ = data()
    for make in (np.asarray, sparse.csr_array):
        assert bits(Moments.from_data(make(X), Y, np.zeros(30))) == bits(Moments(4, 2))


# --- sparse ---------------------------------------------------------------------------------------


@laws
@given(
    st.integers(1, 40),
    st.integers(1, 6),
    st.integers(0, 2**32 - 1),
    st.sampled_from(
        [sparse.csr_array, sparse.csc_array, sparse.csr_matrix, sparse.csc_matrix, sparse.coo_array]
    ),
)
def test_sparse_is_dense(n: int, p: int, seed: int, make: Any) -> None:
    X, Y, s = data(n, p, 2, seed)
    X[np.random.default_rng(seed).random(X.shape) < 0.6] = 0.0
    for weights in (s, None):
        thin = Moments.from_data(make(X), Y, weights)
        full = two_pass(X, Y, np.ones(n) if weights is None else weights)
        size = np.sqrt(np.multiply.outer((X**2).sum(axis=0), (X**2).sum(axis=0)))
        assert_allclose(thin.mean_x, full["mean_x"].astype(float), rtol=1e-12, atol=1e-14)
        assert (np.abs(thin.gram - full["gram"]) <= 1e-13 * size).all()
        assert_allclose(thin.cross, full["cross"].astype(float), rtol=1e-11, atol=1e-12)
        assert_allclose(thin.scatter, full["scatter"].astype(float), rtol=1e-12, atol=1e-14)
        assert thin.weight == pytest.approx(full["weight"], rel=1e-14)


def thin_data(dtype: Any = np.float64) -> tuple[Any, Any, Any]:
    """Draw X so sparse that it is multiplied as it is stored; its last column is constant."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(600, 50)) * (rng.random((600, 50)) < 0.03)
    X[:, -1] = 3.7
    X = X.astype(dtype)
    s = rng.integers(0, 4, size=600) / 2.0
    assert not _dense_pays(sparse.csr_array(X))
    return X, rng.normal(size=(600, 2)) + 5.0, s


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csc_array, sparse.coo_array])
def test_products_of_sparse_columns_are_those_of_dense_ones(make: Any, dtype: Any) -> None:
    X, Y, s = thin_data(dtype)
    for weights in (s, None):
        thin = Moments.from_data(make(X), Y, weights)
        full = two_pass(X, Y, np.ones(len(X)) if weights is None else weights)
        size = np.sqrt(np.multiply.outer((X**2).sum(axis=0), (X**2).sum(axis=0)))
        assert_allclose(thin.mean_x, full["mean_x"].astype(float), rtol=1e-12, atol=1e-14)
        assert_allclose(thin.mean_y, full["mean_y"].astype(float), rtol=1e-12)
        assert (np.abs(thin.gram - full["gram"]) <= 1e-13 * size).all()
        assert (thin.gram.diagonal() >= 0).all()
        assert_allclose(thin.cross, full["cross"].astype(float), rtol=1e-9, atol=1e-10)
        assert_allclose(thin.scatter, full["scatter"].astype(float), rtol=1e-12)
        assert thin.weight == full["weight"]
        assert thin.gram.flags.f_contiguous
    both = Moments.from_data(make(X[:400]), Y[:400], s[:400])
    both.update(make(X[400:]), Y[400:], s[400:])
    assert_allclose(both.gram, Moments.from_data(make(X), Y, s).gram, atol=1e-9)
    nothing = Moments.from_data(make(X), Y, 0 * s)
    assert nothing.weight == 0
    assert not nothing.gram.any()


@pytest.mark.parametrize(
    ("shape", "stored", "pays"),
    [
        ((128, 128), 1, True),  # 2^14 numbers are few
        ((128, 129), 1, False),
        ((500, 400), 44_721, False),  # 20 stored^2 against (n p)^2
        ((500, 400), 44_722, True),
        ((100_000, 10), 10_000, False),
        ((10, 100_000), 900_000, True),
    ],
)
def test_sparse_rows_are_made_dense_where_that_pays(
    shape: tuple[int, int], stored: int, pays: bool
) -> None:
    p = shape[1]
    places = np.arange(stored)
    X = sparse.coo_array((np.ones(stored), (places // p, places % p)), shape=shape)
    assert _dense_pays(X) is pays


def test_integers_and_single_precision_are_summed_in_double() -> None:
    X, Y, s = data(40, 3, 1, seed=9)
    rounded = np.round(10 * X)
    exact = Moments.from_data(rounded, np.round(Y), s)
    for kind in (np.int32, np.float32):
        other = Moments.from_data(rounded.astype(kind), np.round(Y).astype(kind), s)
        assert other.gram.dtype == other.cross.dtype == np.float64
        assert_allclose(other.gram, exact.gram, rtol=1e-13, atol=1e-12)
        assert_allclose(other.scatter, exact.scatter, rtol=1e-13)


def test_moments_of_other_shapes_do_not_add() -> None:
    left, right = Moments(3, 2), Moments(5, 1)
    message = "moments of 5 features and 1 targets do not fit moments of 3 features and 2 targets"
    with pytest.raises(ValueError, match=message):
        left + right
    X, Y, _ = data()
    few, many = Moments.from_data(X[:5], Y[:5]), Moments.from_data(X, Y)
    with pytest.raises(ValueError, match=r"cannot remove rows of weight 30\.0 from .* weight 5\.0"):
        few - many
    with pytest.raises(TypeError):
        few + 1  # type: ignore[operator]
    with pytest.raises(TypeError):
        1 + few
    with pytest.raises(TypeError):
        few - 1  # type: ignore[operator]
    nothing = few - few
    assert nothing.weight == 0
    assert nothing.gram.shape == few.gram.shape
    assert nothing.scatter.shape == few.scatter.shape
    assert not nothing.mean_x.any()


def test_sparse_and_dense_chunks_add_up() -> None:
    X, Y, s = data()
    both = Moments.from_data(sparse.csr_array(X[:11]), Y[:11], s[:11]).update(
        X[11:], Y[11:], s[11:]
    )
    assert_same(both, two_pass(X, Y, s))


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "Y", "s", "message"),
    [
        ((5, 3), (5, 2), None, "X has 3 columns"),
        ((5, 4), (6, 2), None, r"numbers of samples: \[5, 6\]"),
        ((5, 4), (5, 3), None, "y has 3 columns"),
        ((5, 4), (5,), None, "y has 1 columns"),
        ((5, 4), (5, 2), (4,), r"sample_weight must have shape .*got \(4,\)"),
        ((5, 4), (5, 2), (5, 1), r"sample_weight must have shape .*got \(5, 1\)"),
    ],
)
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_wrong_shapes_are_refused_and_nothing_is_added(
    make: Any, X: Any, Y: Any, s: Any, message: str
) -> None:
    moments = Moments.from_data(*data())
    before = bits(moments)
    with pytest.raises(ValueError, match=message):
        moments.update(make(np.ones(X)), np.ones(Y), None if s is None else np.ones(s))
    assert bits(moments) == before


@pytest.mark.parametrize("shape", [(3, 2), (4, 1), (5, 3)])
def test_mismatched_moments_are_refused(shape: tuple[int, int]) -> None:
    moments = Moments.from_data(*data())
    before = bits(moments)
    for operation in (moments.__add__, moments.__sub__):
        with pytest.raises(ValueError, match="do not fit moments of 4 features and 2 targets"):
            operation(Moments(*shape))
    assert bits(moments) == before


# --- carrying moments around ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "carry", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy], ids=["pickle", "deepcopy"]
)
def test_pickled_moments_are_the_same_and_go_on(carry: Any) -> None:
    X, Y, s = data()
    moments = Moments.from_data(X[:20], Y[:20], s[:20])
    carried = carry(moments)
    assert bits(carried) == bits(moments)
    assert bits(carried.update(X[20:], Y[20:])) == bits(moments.update(X[20:], Y[20:]))


@pytest.mark.parametrize("name", ["n_features", "n_targets"])
@pytest.mark.parametrize(("value", "kind"), [(0, ValueError), (2.0, TypeError)])
def test_a_wrong_size_is_refused_by_name(name: str, value: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=f"^{name} must be an integer >= 1, got {value}"):
        Moments(**{"n_features": 3, "n_targets": 1, name: value})


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_parts", [2, 7])
def test_parts_in_turn_are_those_rows(n_parts: int, weighted: bool) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40_000, 30)) + np.linspace(0, 1e4, 40_000)[:, None]  # means that drift
    Y = X[:, :2] + rng.normal(size=(40_000, 2))
    s = rng.integers(0, 3, 40_000) / 2.0 if weighted else None
    if s is not None:
        s[20_000 - 20_000 % n_parts :: n_parts] = 0.0  # of the first part, where chunks have others
        s[-100:] = 0.0
    for part, moments in enumerate(in_turn(X, Y, s, n_parts)):
        rows = slice(part, None, n_parts)
        alone = Moments.from_data(X[rows], Y[rows], None if s is None else s[rows])
        assert moments.weight == alone.weight
        assert_allclose(moments.mean_x, alone.mean_x, rtol=1e-13)
        assert_allclose(moments.gram, alone.gram, rtol=1e-12)
        assert_allclose(moments.cross, alone.cross, rtol=1e-12)
        assert_allclose(moments.scatter, alone.scatter, rtol=1e-12)
