"""Designs: rows and moments give the products of one explicit matrix Z = (X - mean) * factors."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from designing import make_design
from layouts import LAYOUTS, data, every_layout
from sklearn_reg._data.designs import Columns, Design, GramDesign, RowsDesign

pytestmark = pytest.mark.filterwarnings("error")
laws = settings(deadline=None, derandomize=True, max_examples=10)
problems = st.builds(
    data,
    n=st.integers(1, 30),
    p=st.integers(1, 12),
    k=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
    weighted=st.booleans(),
    shift=st.sampled_from([0.0, 1.0, -30.0]),
)


def build(layout: str, X: Any, Y: Any, s: Any, **options: Any) -> tuple[Design, Columns]:
    """Make the design of one layout."""
    on_gram = layout.startswith("gram")
    read = LAYOUTS["csr" if layout.endswith("csr") else "C" if on_gram else layout]
    if layout == "int64 csr":
        read = LAYOUTS[layout]
    design, columns = make_design(read(X), Y, s, on_gram=on_gram, **options)
    assert isinstance(design, GramDesign if on_gram else RowsDesign)
    return design, columns


class Explicit:
    """Z, S and y as plain dense arrays, and everything by its definition."""

    def __init__(
        self, X: Any, Y: Any, s: Any, centred: bool = True, standardize: bool = False
    ) -> None:
        # Extended precision, where it is not slow.
        dtype = np.longdouble if np.size(X) < 1e4 else np.float64
        X, Y = np.asarray(X, dtype=dtype), np.asarray(Y, dtype=dtype)
        s = np.ones(len(X), dtype=dtype) if s is None else np.asarray(s, dtype=dtype)
        self.s = s / s.sum()
        self.means, self.target_means = self.s @ X, self.s @ Y
        deviation = np.sqrt(self.s @ (X - self.means) ** 2)
        if not centred:
            self.means, self.target_means = 0 * self.means, 0 * self.target_means
        self.factors = 1 / deviation if standardize else np.ones_like(deviation)
        self.Z, self.Y = (X - self.means) * self.factors, Y - self.target_means
        # What a sum of squares without centring would lose.
        self.blur = 1e-3 * np.sqrt(self.s @ X**2) * self.factors

    def exclude(self, excluded: Any) -> None:
        """Zero columns."""
        self.factors, self.blur = self.factors * ~excluded, self.blur * ~excluded
        self.Z = self.Z * ~excluded

    @cached_property
    def gram(self) -> Any:
        """Z'S Z."""
        return self.Z.T @ (self.s[:, None] * self.Z)

    @cached_property
    def sizes(self) -> Any:
        """Norms of the columns, with those of the rounding."""
        return np.sqrt(np.diagonal(self.gram)) + self.blur

    def close(self, actual: Any, desired: Any, size: Any, rtol: float = 1e-9) -> None:
        """Compare, relative to the size that entries can have."""
        actual = np.asarray(actual, dtype=np.longdouble)
        assert actual.shape == desired.shape
        error = np.abs(actual - desired)
        assert (error <= rtol * size + 1e-300).all(), (error / (size + 1e-300)).max()


def assert_same_products(design: Design, explicit: Explicit, seed: int = 0) -> None:
    """Compare everything that a solver may ask."""
    p, k = design.n_features, design.n_targets
    Z, Y, s, gram, sizes = explicit.Z, explicit.Y, explicit.s, explicit.gram, explicit.sizes
    size = np.multiply.outer(sizes, sizes)
    rng = np.random.default_rng(seed)
    assert (p, k) == (Z.shape[1], Y.shape[1])
    y_norm = np.sqrt(s @ Y**2) + 1e-12 * np.abs(Y).max()
    explicit.close(design.cross, Z.T @ (s[:, None] * Y), np.multiply.outer(sizes, y_norm))
    explicit.close(design.scatter, s @ Y**2, y_norm**2)
    explicit.close(design.squares, np.diagonal(gram), sizes**2)
    everything = np.arange(p)
    explicit.close(design.gram(everything, everything), gram, size)
    rows = rng.permutation(p)[: rng.integers(1, p + 1)]
    columns = rng.permutation(p)[: rng.integers(1, p + 1)]
    pick = np.ix_(rows, columns)
    explicit.close(design.gram(rows, columns), gram[pick], size[pick])
    full = rng.normal(size=p) / np.asarray(sizes + (sizes == 0), dtype=float)
    for w in (np.zeros(p), full, np.where(everything == rng.integers(p), full, 0.0)):
        reach = sizes @ np.abs(w)
        explicit.close(design.normal_product(w), gram @ w, sizes * reach)
        for target in range(k):
            r = Y[:, target] - Z @ w
            products = design.products(w, target)
            explicit.close(products.correlation, Z.T @ (s * r), sizes * (reach + y_norm[target]))
            square = np.asarray(s @ r**2)
            explicit.close(products.residual_square, square, (reach + y_norm[target]) ** 2)
            assert products.residual_square >= 0
    largest = np.linalg.eigvalsh(gram.astype(float))[-1]
    slack = 1e-9 * largest + 1e-9 * float((explicit.blur**2).sum()) + 1e-300
    assert abs(design.largest_eigenvalue - largest) <= slack


# --- products -------------------------------------------------------------------------------------


@every_layout
@laws
@given(problems, st.booleans(), st.data())
def test_products_are_those_of_explicit_z(
    layout: str, problem: Any, centred: bool, draw: Any
) -> None:
    X, Y, s = problem
    p = X.shape[1]
    excluded = np.array(draw.draw(st.lists(st.booleans(), min_size=p, max_size=p)))
    design, columns = build(layout, X, Y, s, centred=centred, excluded=excluded)
    explicit = Explicit(X, Y, s, centred)
    explicit.exclude(excluded)
    some = np.diagonal(explicit.gram) > 0  # one of zeros, as of a single row, may be excluded
    assert_array_equal(columns.factors[some], explicit.factors[some].astype(float))
    assert_allclose(
        columns.means, explicit.means.astype(float), rtol=1e-12, atol=1e-13 * abs(X).max()
    )
    assert_allclose(
        columns.target_means, explicit.target_means.astype(float), rtol=1e-12, atol=1e-13
    )
    assert_same_products(design, explicit)


@every_layout
@laws
@given(
    st.integers(10, 30), st.integers(1, 8), st.integers(0, 2**32 - 1), st.booleans(), st.booleans()
)
def test_standardized_products_are_those_of_columns_over_their_deviation(
    layout: str, n: int, p: int, seed: int, weighted: bool, centred: bool
) -> None:
    X, Y, s = data(n, p, 2, seed, weighted=weighted, density=1.0)
    X *= 1.0 + np.arange(n)[:, None] / n
    if s is not None:
        s[:5] = 1.0
    design, columns = build(layout, X, Y, s, centred=centred, standardize=True)
    explicit = Explicit(X, Y, s, centred, standardize=True)
    assert_allclose(columns.factors, explicit.factors.astype(float), rtol=1e-9)
    if centred:
        assert_allclose(design.squares, 1.0, rtol=1e-9)
    assert_same_products(design, explicit)


@pytest.mark.parametrize("layout", ["C", "F", "csc", "csr", "gram", "gram csr"])
@pytest.mark.parametrize("centred", [True, False])
def test_float32_is_summed_in_float64(layout: str, centred: bool) -> None:
    X, Y, s = data(900, 9, weighted=True, shift=5.0)
    narrow = X.astype(np.float32)
    design, _ = build(layout, narrow, Y, s, centred=centred)
    explicit = Explicit(narrow, Y, s, centred)
    if sparse.issparse(getattr(getattr(design, "rows", None), "X", None)):
        assert design.rows.X.dtype == np.float32  # type: ignore[attr-defined]
    assert_same_products(design, explicit)


@pytest.mark.parametrize("layout", ["C", "F", "csc", "csr", "gram"])
@pytest.mark.parametrize("shape", [(2700, 200), (60, 300)])
def test_products_of_many_chunks_are_those_of_explicit_z(layout: str, shape: Any) -> None:
    X, Y, s = data(*shape, weighted=True, density=0.2)
    assert_same_products(build(layout, X, Y, s)[0], Explicit(X, Y, s))


@every_layout
def test_a_matrix_of_zeros_has_products_of_zeros(layout: str) -> None:
    for p in (3, 100):  # on both sides of the Lanczos threshold
        design, _ = build(layout, np.zeros((5, p)), np.zeros((5, 1)), None)
        assert not design.cross.any()
        assert not design.scatter.any()
        assert not design.squares.any()
        assert design.largest_eigenvalue == 0.0
        assert not design.products(np.ones(p), 0).correlation.any()


@every_layout
@pytest.mark.parametrize("scale", [1e-140, 1e-8, 1e8, 1e140])
def test_largest_eigenvalue_scales_with_the_square_of_x(layout: str, scale: float) -> None:
    X, Y, s = data(40, 100, weighted=True)
    one = build(layout, X, Y, s)[0].largest_eigenvalue
    assert_allclose(build(layout, X * scale, Y, s)[0].largest_eigenvalue, one * scale**2, rtol=1e-9)


# --- a mean much larger than the spread -----------------------------------------------------------


@pytest.mark.parametrize("layout", ["C", "F", "gram"])
def test_dense_gram_keeps_its_digits_beside_a_mean_1e8_times_the_spread(layout: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(-8, 9, (64, 5)) * 1.0
    Y = rng.integers(-8, 9, (64, 1)) * 1.0
    # With unpenalised columns, rows too look twice at their means.
    near, _ = build(layout, X, Y, None, unpenalised=True)
    far, _ = build(layout, X + 2.0**30, Y, None, unpenalised=True)
    everything = np.arange(5)
    left, right = far.gram(everything, everything), near.gram(everything, everything)
    assert_allclose(left, right, rtol=0, atol=1e-12 * right.max())
    assert_allclose(far.squares, near.squares, rtol=1e-12)


# --- columns that must not count ------------------------------------------------------------------


@every_layout
@pytest.mark.parametrize("value", [3.0, 0.1, -1e-5, 1e8 / 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("standardize", [False, True])
def test_a_constant_column_beside_an_intercept_is_left_out(
    layout: str, value: float, weighted: bool, standardize: bool
) -> None:
    X, Y, s = data(101, 4, weighted=weighted, density=1.0)
    if s is not None:
        s /= 3.0
    X[:, 2] = value
    design, columns = build(layout, X, Y, s, standardize=standardize, unpenalised=True)
    assert columns.factors[2] == 0.0
    assert (columns.factors[[0, 1, 3]] > 0).all()
    w = np.ones(4)
    assert design.normal_product(w)[2] == 0.0
    assert design.products(w, 0).correlation[2] == 0.0
    assert design.squares[2] == 0.0


@every_layout
def test_a_constant_column_without_an_intercept_counts(layout: str) -> None:
    X, Y, s = data(50, 4)
    X[:, 2] = 3.0
    for standardize in (False, True):
        design, columns = build(
            layout, X, Y, s, centred=False, standardize=standardize, unpenalised=True
        )
        assert columns.factors[2] == 1.0
        assert_allclose(design.squares[2], 9.0, rtol=1e-12)


@every_layout
def test_a_small_spread_beside_a_large_mean_is_not_taken_for_a_constant(layout: str) -> None:
    X, Y, s = data(64, 3, density=1.0)
    X[:, 1] = 2.0**20 + np.arange(64)
    _, columns = build(layout, X, Y, s, standardize=True)
    assert_allclose(columns.factors[1], 1 / np.arange(64).std(), rtol=1e-5)


@every_layout
def test_excluded_columns_are_zero_columns(layout: str) -> None:
    X, Y, s = data(30, 7, weighted=True)
    excluded = np.arange(7) % 3 == 0
    design, columns = build(layout, X, Y, s, excluded=excluded, standardize=True)
    everything = np.arange(7)
    assert not columns.factors[excluded].any()
    assert not design.cross[excluded].any()
    assert not design.squares[excluded].any()
    assert not design.gram(everything, everything)[excluded].any()
    assert not design.products(np.ones(7), 1).correlation[excluded].any()


# --- kernel, columns, pseudo-inverse --------------------------------------------------------------


@pytest.mark.parametrize("layout", list(LAYOUTS))
@laws
@given(problems, st.booleans())
def test_kernel_is_z_scaled_times_z_transposed(layout: str, problem: Any, centred: bool) -> None:
    X, Y, s = problem
    design, _ = build(layout, X, Y, s, centred=centred)
    assert isinstance(design, RowsDesign)
    explicit = Explicit(X, Y, s, centred)
    inverse = np.random.default_rng(0).random(X.shape[1])
    inverse[0] = 0.0
    A = np.sqrt(explicit.s)[:, None] * explicit.Z
    size = 1e-3 + ((np.abs(A) + np.abs(explicit.means)) ** 2 @ inverse).max()
    explicit.close(design.row_space.kernel(inverse), (A * inverse) @ A.T, size, rtol=1e-12)


@pytest.mark.parametrize("layout", list(LAYOUTS))
@laws
@given(problems, st.booleans(), st.data())
def test_columns_and_whitened_products_are_those_of_explicit_z(
    layout: str, problem: Any, centred: bool, draw: Any
) -> None:
    X, Y, s = problem
    n, p = X.shape
    excluded = np.array(draw.draw(st.lists(st.booleans(), min_size=p, max_size=p)))
    design, _ = build(layout, X, Y, s, centred=centred, excluded=excluded)
    assert isinstance(design, RowsDesign)
    explicit = Explicit(X, Y, s, centred)
    explicit.exclude(excluded)
    A = np.sqrt(explicit.s)[:, None] * explicit.Z
    size = np.abs(X).max() + 1.0
    chosen = np.array(draw.draw(st.permutations(range(p))))[: 1 + p // 2]
    explicit.close(design.row_space.columns(chosen), A[:, chosen], size, rtol=1e-12)
    rng = np.random.default_rng(0)
    w, v = rng.normal(size=p), rng.normal(size=n)
    explicit.close(design.row_space.product(w), A @ w, size * np.abs(w).sum(), rtol=1e-12)
    explicit.close(
        design.row_space.transposed_product(v), A.T @ v, size * np.abs(v).sum(), rtol=1e-12
    )


@every_layout
@pytest.mark.parametrize("shape", [(40, 9), (6, 20)])
def test_generalized_inverse_projects_on_the_span_of_the_columns(layout: str, shape: Any) -> None:
    X, Y, s = data(*shape, density=1.0, shift=0.0)
    X[:, 3] = X[:, 1] - 2 * X[:, 2]  # dependent columns
    X /= np.abs(X).max(axis=0)
    design, _ = build(layout, X, Y, s)
    explicit = Explicit(X, Y, s)
    Z = (np.sqrt(explicit.s)[:, None] * explicit.Z).astype(float)
    for columns in (np.arange(shape[1]), np.arange(5)):
        b = design.gram(columns, columns) @ np.ones(columns.size)
        solved = design.generalized_inverse(columns)(b)
        assert_allclose(Z[:, columns] @ solved, Z[:, columns].sum(axis=1), rtol=0, atol=1e-7)
