"""Rows: X is read, and never copied or changed."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from designing import make_design
from layouts import LAYOUTS, data, every_layout
from sklearn_reg._data.designs import Design, RowsDesign
from sklearn_reg._data.rows import rows_of

pytestmark = pytest.mark.filterwarnings("error")


def ask_everything(design: Design) -> None:
    """Ask all that a solver asks."""
    w = np.ones(design.n_features)
    design.products(w, 0)
    design.normal_product(w)
    design.gram(np.arange(3), np.arange(3))
    _ = design.squares, design.largest_eigenvalue


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@every_layout
def test_nothing_writes_to_x(layout: str, dtype: Any) -> None:
    X, Y, s = data(60, 20, weighted=True)
    on_gram = layout.startswith("gram")
    read = LAYOUTS["csr" if layout == "gram csr" else "C" if on_gram else layout]
    made = read(X.astype(dtype))
    before = made.copy()
    parts = [made.data, made.indices, made.indptr] if sparse.issparse(made) else [made]
    for part in (*parts, Y, s):
        part.setflags(write=False)
    design, _ = make_design(made, Y, s, on_gram=on_gram, standardize=True, unpenalised=True)
    ask_everything(design)
    assert abs(made - before).max() == 0


@pytest.mark.parametrize("layout", ["C", "F", "strided"])
def test_rows_hold_x_itself_and_no_copy(layout: str) -> None:
    X, Y, s = data(60, 20)
    made = LAYOUTS[layout](X)
    design, _ = make_design(made, Y, s, standardize=True, unpenalised=True)
    assert isinstance(design, RowsDesign)
    assert np.shares_memory(design.rows.X, made)


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_wide_matrix_is_never_copied(order: Any) -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(150, 20_000)), rng.normal(size=(150, 1))
    X = np.asarray(X, order=order)
    w = np.zeros(20_000)
    w[:50] = 1.0
    excluded = np.zeros(20_000, dtype=bool)
    tracemalloc.start()
    design, _ = make_design(X, Y, excluded=excluded)
    for v in (w, np.ones(20_000)):
        design.products(v, 0)
        design.normal_product(v)
    design.gram(np.arange(50), np.arange(50))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.1 * X.nbytes


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", ["C", "F"])
def test_products_of_a_wide_matrix_take_parts_of_it_and_no_copy(order: Any, dtype: Any) -> None:
    rng = np.random.default_rng(0)
    X = np.asarray(rng.normal(size=(300, 40_000)), dtype=dtype, order=order)
    rows, s, exact = rows_of(X), np.full(300, 1 / 300), X.astype(np.float64)
    few, many = np.zeros(40_000), rng.normal(size=40_000)
    few[::7] = 1.0
    asked: list[tuple[Callable[[], Any], Any]] = [
        (lambda: rows.fitted(few), exact @ few),
        (lambda: rows.fitted(many), exact @ many),
        (lambda: rows.fitted_by(np.stack([few, -few])), exact @ np.stack([few, -few]).T),
        (lambda: rows.fitted_by(np.stack([few, many])), exact @ np.stack([few, many]).T),
        (lambda: rows.correlate(s), exact.T @ s),
        (lambda: rows.correlate(np.stack([s, s], axis=1)), exact.T @ np.stack([s, s], axis=1)),
        (lambda: rows.spread(s)[1], exact.var(axis=0)),
        (lambda: rows.second_moments(s), (exact**2).mean(axis=0)),
    ]
    for ask, known in asked:
        tracemalloc.start()
        found = ask()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert_allclose(found, known, rtol=1e-11, atol=1e-11 * np.abs(known).max())
        assert peak < 0.4 * X.nbytes


@pytest.mark.parametrize("standardize", [False, True])
def test_moments_of_a_tall_matrix_take_a_chunk_and_no_copy(standardize: bool) -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(300_000, 10)), rng.normal(size=(300_000, 1))
    tracemalloc.start()
    design, _ = make_design(X, Y, on_gram=True, standardize=standardize)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert design.largest_eigenvalue > 0
    assert peak < 0.5 * X.nbytes
