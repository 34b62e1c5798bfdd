"""Rows: X is read, and never copied or changed."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from designing import make_design
from layouts import LAYOUTS, data, every_layout
from sklearn_reg._data.designs import Design, RowsDesign

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
