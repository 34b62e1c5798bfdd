"""The door: what is read, as what, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from estimating import EXACT, INF, NAN, every_estimator, rng


@every_estimator
def test_feature_names_come_from_pandas_and_are_checked(Estimator: Any, tall: Any) -> None:
    X, y = tall
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    model = Estimator(0.1, **EXACT).fit(frame, pd.Series(y))
    assert_array_equal(model.feature_names_in_, list("abcdefgh"))
    plain = Estimator(0.1, **EXACT).fit(X, y)
    assert_allclose(model.predict(frame), plain.predict(X), rtol=1e-12)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[list("hgfedcba")])
    assert not hasattr(model.fit(X, y), "feature_names_in_")


@every_estimator
@pytest.mark.parametrize("dtype", [bool, np.int8, np.int64, np.uint16, np.float16])
def test_other_number_types_are_read_as_float64(Estimator: Any, dtype: Any) -> None:
    X = rng(0).integers(0, 2, size=(30, 4)).astype(dtype)
    y = rng(1).integers(0, 5, size=30)
    model = Estimator(0.01, **EXACT).fit(X, y)
    assert model.coef_.dtype == np.float64
    assert_allclose(model.coef_, Estimator(0.01, **EXACT).fit(X.astype(float), y).coef_, rtol=1e-12)


@every_estimator
def test_one_number_is_the_weight_of_every_row(Estimator: Any, tall: Any) -> None:
    X, y, *_ = tall
    plain = Estimator(0.1, solver="auto").fit(X, y)
    for weight in (1, 2.5, np.float32(0.5)):
        assert_allclose(Estimator(0.1, solver="auto").fit(X, y, weight).coef_, plain.coef_)


@every_estimator
@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([1.0, -2.0, 1.0, 1.0], "-2"),
        ([0.0, 0.0, 0.0, 0.0], "zero"),
        ([1.0, NAN, 1.0, 1.0], "NaN"),
        ([1.0, INF, 1.0, 1.0], "inf"),
        ([1.0, 1.0, 1.0], r"\(3,\)|\[4, 3\]"),
        ([[1.0], [1.0], [1.0], [1.0]], r"\(4, 1\)|1D|2D"),
    ],
)
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
def test_bad_sample_weight_is_refused(
    Estimator: Any, weights: Any, said: str, container: Any
) -> None:
    X, y = np.arange(8.0).reshape(4, 2), np.arange(4.0)
    with pytest.raises(ValueError, match=f"(?s)(sample_weight.*({said})|({said}).*sample_weight)"):
        Estimator(0.1, solver="auto").fit(container(X), y, weights)


@every_estimator
@pytest.mark.parametrize(
    ("X", "y"),
    [
        ([[1.0, NAN], [2.0, 3.0]], [1.0, 2.0]),
        ([[1.0, INF], [2.0, 3.0]], [1.0, 2.0]),
        ([[1.0, 1.0], [2.0, 3.0]], [1.0, NAN]),
        ([[1.0, 1.0], [2.0, 3.0]], [1.0, 2.0, 3.0]),
        ([1.0, 2.0], [1.0, 2.0]),
        (np.ones((2, 2, 2)), [1.0, 2.0]),
        ([[1.0, 1.0], [2.0, 3.0]], np.ones((2, 1, 1))),
        ([[1j, 1.0], [2.0, 3.0]], [1.0, 2.0]),
        ([["a", "b"], ["c", "d"]], [1.0, 2.0]),
        (np.empty((0, 2)), []),
        (np.empty((2, 0)), [1.0, 2.0]),
    ],
)
def test_data_that_are_not_finite_numbers_in_rows_are_refused(
    Estimator: Any, X: Any, y: Any
) -> None:
    model = Estimator()
    with pytest.raises((ValueError, TypeError)):
        model.fit(X, y)
    assert not hasattr(model, "coef_")
