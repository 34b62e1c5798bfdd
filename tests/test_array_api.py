"""Arrays of other namespaces: fitted as those of NumPy, and answered in their kind.

array-api-strict is always here; PyTorch and JAX are tried where they are installed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.fixes import parse_version

import problems as judge
from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    GroupLassoRegression,
    LassoRegression,
    LassoRegressionCV,
    Moments,
    RidgeRegression,
    RidgeRegressionCV,
    StabilitySelection,
    coefficient_inference,
    lambda_max,
    moments,
    penalty_advice,
    regularization_path,
    ridge_closed_form,
)
from sklearn_reg._checks import placed as on_device
from sklearn_reg._checks.placed import Placed, PlacedSparse, placed, staying
from sklearn_reg._data.rows import rows_of
from sklearn_reg._tools.linalg import dense

pytest.importorskip("array_api_strict")

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 5))
y = X[:, 0] - X[:, 1] + 0.1 * rng.normal(size=40)
s = rng.uniform(0.5, 2.0, size=40)


class Kind(NamedTuple):
    """How arrays of a namespace are made, and where they are."""

    make: Callable[[Any], Any]
    module: str
    device: str


def strict_on(device: str) -> Callable[[Any], Any]:
    import array_api_strict as xp

    return lambda values: xp.asarray(values, device=xp.Device(device))


def single_on_strict(values: Any) -> Any:
    return strict_on("no_float64")(np.asarray(values, dtype=np.float32))


def of_torch(values: Any) -> Any:
    import torch

    return torch.asarray(values)


def of_jax(values: Any) -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax.numpy.asarray(values)


KINDS = {
    "strict": Kind(strict_on("CPU_DEVICE"), "array_api_strict", "CPU_DEVICE"),
    "strict on a device": Kind(strict_on("device1"), "array_api_strict", "device1"),
    "torch": Kind(of_torch, "torch", "cpu"),
    "jax": Kind(of_jax, "jax", "cpu"),
}


def installed(found: Kind) -> Kind:
    if find_spec(found.module) is None:
        pytest.skip(f"{found.module} is not installed")
    return found


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return installed(KINDS[request.param])


@pytest.fixture
def dispatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")  # scikit-learn asks for it
    try:
        with config_context(array_api_dispatch=True):
            yield
    except ImportError as error:  # older versions of scikit-learn need a package for it
        pytest.skip(str(error))


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Shapes of the rows that are copied to the memory of the CPU."""
    shapes: list[tuple[int, int]] = []
    copy = Placed.as_numpy
    monkeypatch.setattr(Placed, "as_numpy", lambda rows: shapes.append(rows.shape) or copy(rows))
    return shapes


def output_of(code: str) -> str:
    """Run code in a process in which scikit-learn may dispatch, and return what it prints."""
    env = {**os.environ, "SCIPY_ARRAY_API": "1"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout


def values_of(array: Any) -> np.ndarray[Any, Any]:
    """Return the values of an array of any kind."""
    if type(array).__module__.startswith("array_api_strict"):
        import array_api_strict as xp

        array = array.to_device(xp.Device("CPU_DEVICE"))
    return np.asarray(array)


def kept(array: Any) -> Placed:
    found = placed(array)
    assert found is not None
    return found


MODELS = [
    RidgeRegression(0.1, solver="closed_form"),
    LassoRegression(0.05, "auto"),
    ElasticNetRegression(0.05, l1_ratio=0.5, solver="auto", standardize=True),
    GroupLassoRegression(0.05, groups=[0, 0, 1, 1, 2], solver="auto"),
    RidgeRegressionCV(8),
    LassoRegressionCV(8, cv=3),
    ElasticNetRegressionCV(8, cv=3, l1_ratio=[0.5, 1.0]),
]


@pytest.mark.usefixtures("dispatch")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_a_fit_is_that_of_numpy_and_predictions_are_of_the_kind_of_X(
    model: Any, dtype: Any, kind: Kind
) -> None:
    data = X.astype(dtype), y.astype(dtype), s.astype(dtype)
    wanted = clone(model).fit(*data)
    foreign = [kind.make(part) for part in data]
    fitted = clone(model).fit(*foreign)
    close = partial(assert_allclose, rtol=1e-4 if dtype is np.float32 else 1e-7, atol=1e-6)
    close(fitted.coef_, wanted.coef_)
    assert type(fitted.coef_) is np.ndarray
    assert fitted.coef_.dtype == dtype
    predicted = fitted.predict(foreign[0])
    assert type(predicted) is type(foreign[0])
    assert kind.device in str(predicted.device)
    close(values_of(predicted), wanted.predict(data[0]))
    assert values_of(predicted).dtype == dtype
    assert fitted.score(*foreign) == pytest.approx(wanted.score(*data), rel=1e-5)
    close(fitted.predict(data[0]), wanted.predict(data[0]))  # it may be used anywhere


@pytest.mark.usefixtures("dispatch")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_rows", [40, 4])
def test_the_judge_certifies_every_fit(n_rows: int, dtype: Any, kind: Kind) -> None:
    A, b, weights = (part[:n_rows].astype(dtype) for part in (X, y, s))
    model = ElasticNetRegression(0.05, l1_ratio=0.5, solver="auto", tol=1e-9)
    model.fit(*map(kind.make, (A, b, weights)))
    data = judge.Data(A.astype(float), b.astype(float), 0.05, 0.5, weights.astype(float))
    rounding = 1e-6 if dtype is np.float32 else 0.0  # of coefficients
    gap = judge.duality_gap(data, model.coef_.astype(float), float(model.intercept_))
    assert gap <= (1e-9 + rounding) * judge.null_objective(data)


@pytest.mark.usefixtures("dispatch")
@pytest.mark.parametrize(
    "model", [LassoRegression(0.05, solver="auto"), LassoRegressionCV(8, cv=3, eps=0.1)], ids=repr
)
@pytest.mark.parametrize("weights", [None, s])
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.filterwarnings("ignore:.*the smallest error is at:UserWarning")
def test_rows_stay_where_they_are(
    wide: bool,
    model: Any,
    weights: Any,
    kind: Kind,
    copied: list[tuple[int, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    A = np.hstack([X, rng.normal(size=(40, 1500))]) if wide else X
    monkeypatch.setattr(moments, "SEEN_ROWS", 8)
    known = clone(model).fit(A, y, weights)
    model = clone(model).fit(kind.make(A), kind.make(y), None if weights is None else kind.make(s))
    model.predict(kind.make(A))
    assert_allclose(model.coef_, known.coef_, rtol=1e-6, atol=1e-9)
    assert max(n * p for n, p in copied) < A.size / 2  # of a few columns, or rows for their means


@pytest.mark.usefixtures("dispatch")
def test_threads_which_do_not_know_that_scikit_learn_dispatches(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moments, "CHUNK_NUMBERS", 1)
    model = LassoRegressionCV(15, cv=3, n_jobs=2)
    wanted = clone(model).fit(X, y)
    assert_allclose(clone(model).fit(kind.make(X), kind.make(y)).mse_path_, wanted.mse_path_)
    with ThreadPoolExecutor(1) as pool:
        rows = rows_of(kept(kind.make(X)))
        found = pool.submit(rows.correlate, y).result()
        assert_allclose(pool.submit(rows.columns, np.array([1])).result(), X[:, [1]])
    assert_allclose(found, X.T @ y)


def test_jax_without_double_precision_is_read_as_numpy() -> None:
    if find_spec("jax") is None:
        pytest.skip("jax is not installed")
    code = (
        "import jax.numpy as jnp, numpy as np, sklearn, warnings\n"
        "from sklearn_reg import LassoRegression\n"
        "warnings.simplefilter('error')\n"
        "sklearn.set_config(array_api_dispatch=True)\n"
        "X = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)\n"
        "A = jnp.asarray(X)\n"
        "model = LassoRegression(0.1, solver='auto').fit(A, A[:, 0])\n"
        "known = LassoRegression(0.1, solver='auto').fit(X, X[:, 0])\n"
        "assert (model.coef_ == known.coef_).all()\n"
        "assert type(model.predict(A)) is type(A)\n"
    )
    assert output_of(code) == ""


@pytest.mark.usefixtures("dispatch")
def test_arrays_that_are_read_only_or_reversed(kind: Kind) -> None:
    weights = np.broadcast_to(2.0, 40)
    rows = rows_of(kept(kind.make(X)))
    assert_allclose(rows.correlate(weights), X.T @ weights)
    assert_allclose(rows.correlate(y[::-1]), X.T @ y[::-1])
    assert_allclose(rows.fitted(np.arange(5.0)[::-1]), X @ np.arange(5.0)[::-1])


@pytest.mark.usefixtures("dispatch")
def test_what_cannot_be_squared_is_explained(kind: Kind) -> None:
    with pytest.raises(ValueError, match="X"):
        LassoRegression(0.05, solver="auto").fit(kind.make(X * 1e200), kind.make(y))
    with pytest.raises(ValueError, match="X"):
        Moments.from_data(kind.make(X * 1e200), kind.make(y))


@pytest.mark.usefixtures("dispatch")
@pytest.mark.parametrize("chunk", [1, 2**25])
def test_products_are_those_of_numpy(
    chunk: int, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_device, "CHUNK_NUMBERS", chunk)
    for A in (X, X.T.astype(np.float32)):
        (n, p), shares = A.shape, s[: len(A)] / s[: len(A)].sum()
        here, there = rows_of(A), rows_of(kept(kind.make(A)))
        some, few = np.array([3, 0]), np.zeros(p)
        few[1] = 2.0
        means, scale = here.correlate(shares), rng.uniform(size=p)
        Z, C = rng.normal(size=(n, 3)), rng.normal(size=(2, p))
        for name, *given in (
            ("fitted", C[0]),
            ("fitted", few),
            ("fitted_by", C),
            ("fitted_by", sp.csr_array(C * (C > 0.5))),
            ("correlate", Z),
            ("correlate", shares),
            ("spread", shares),
            ("second_moments", shares),
            ("columns", some),
            ("gram", some, np.arange(p), shares, means),
            ("kernel", scale, means),
        ):
            found, known = (getattr(rows, name)(*given) for rows in (there, here))
            assert_allclose(found, known, rtol=1e-9, atol=1e-12, err_msg=name)
        restricted = there.restricted(some)
        assert_allclose(restricted.fitted(C[0, :2]), here.restricted(some).fitted(C[0, :2]))
        assert there.stored == here.stored
        assert there.stored_in(some) == here.stored_in(some)


@pytest.mark.usefixtures("dispatch")
def test_large_means_cost_no_digits(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_device, "CHUNK_NUMBERS", 50)  # many chunks
    far = X + np.array([1e6, -1e6, 0.0, 1e3, 1e6])
    far[:, 4] = 1e6 / 3  # a constant
    for weights in (None, np.where(np.arange(40) < 15, 0.0, s)):
        parts = far, y + 1e5, weights
        wanted = Moments(5).add_checked(far, parts[1][:, None], weights)
        found = Moments(5).add_checked(kept(kind.make(far)), parts[1][:, None], weights)
        size = np.sqrt(np.outer(wanted.gram.diagonal(), wanted.gram.diagonal())) + 1e-9
        assert np.all(np.abs(found.gram - wanted.gram) <= 1e-9 * size)
        assert_allclose(found.cross[:4], wanted.cross[:4], rtol=1e-8)
        assert_allclose(found.mean_x, wanted.mean_x, rtol=1e-14)
        assert found.spread_x.variances[4] == 0.0
        assert found.n_rows == wanted.n_rows
        assert found.weight == pytest.approx(wanted.weight)


@pytest.mark.usefixtures("dispatch")
def test_wrong_rows_are_refused_as_those_of_numpy(kind: Kind) -> None:
    model, b = LassoRegression(0.05, solver="auto"), kind.make(y)
    for wrong in (np.where(X > 2, np.nan, X), np.where(X > 2, np.inf, X), X[:, 0], X[:0], X[:7]):
        errors = []
        for A, target in ((wrong, y), (kind.make(wrong), b)):
            with pytest.raises(ValueError, match=r"\w+") as caught:
                clone(model).fit(A, target)
            errors.append(re.split(r"\n|array=|\(shape| or a value", str(caught.value))[0])
        assert errors[0] == errors[1]
    fitted = clone(model).fit(kind.make(X), b)
    with pytest.raises(ValueError, match="X has 3 features, but LassoRegression is expecting 5"):
        fitted.predict(kind.make(X[:, :3]))
    whole = clone(model).fit(kind.make(np.rint(X).astype(int)), b)
    assert_allclose(whole.coef_, clone(model).fit(np.rint(X), y).coef_, rtol=1e-9)


@pytest.mark.usefixtures("dispatch")
def test_batches_warm_starts_and_several_targets(kind: Kind) -> None:
    Y = np.column_stack([y, -y])
    model = RidgeRegression(0.1, solver="closed_form")
    wanted = clone(model).fit(X, Y)
    fitted = clone(model).fit(kind.make(X), kind.make(Y))
    assert_allclose(fitted.coef_, wanted.coef_, rtol=1e-9)
    assert values_of(fitted.predict(kind.make(X))).shape == (40, 2)
    halves = [(X[:20], Y[:20]), (X[20:], Y[20:])]
    foreign = [tuple(map(kind.make, half)) for half in halves]
    assert_allclose(clone(model).fit_batches(foreign).coef_, wanted.coef_, rtol=1e-9)
    partial_fits = clone(model).partial_fit(*foreign[0]).partial_fit(*foreign[1])
    assert_allclose(partial_fits.coef_, wanted.coef_, rtol=1e-9)


@pytest.mark.usefixtures("dispatch")
def test_functions_read_them(kind: Kind) -> None:
    A, b, weights = map(kind.make, (X, y, s))
    assert lambda_max(A, b, sample_weight=weights) == pytest.approx(
        lambda_max(X, y, sample_weight=s)
    )
    path, wanted = (regularization_path(*data, lambdas=9) for data in ((A, b), (X, y)))
    assert_allclose(path.coefs, wanted.coefs, rtol=1e-9, atol=1e-12)
    found, known = Moments.from_data(A, b, weights), Moments.from_data(X, y, s)
    assert_allclose(found.gram, known.gram, rtol=1e-12)
    assert_allclose(found.update(A, b).gram, known.update(X, y).gram, rtol=1e-12)
    assert_array_equal(ridge_closed_form(A, b, 0.1)[0], ridge_closed_form(X, y, 0.1)[0])
    assert penalty_advice(A, b).reasons == penalty_advice(X, y).reasons
    lasso = LassoRegression(0.05, solver="auto").fit(A, b)
    found, known = (
        coefficient_inference(lasso, *data, method="debiased", random_state=0)
        for data in ((A, b), (X, y))
    )
    assert_allclose(found.p_value, known.p_value, rtol=1e-7)
    selector, same = (StabilitySelection(random_state=0).fit(*data) for data in ((A, b), (X, y)))
    assert_array_equal(selector.get_support(), same.get_support())


@pytest.mark.usefixtures("dispatch")
def test_intervals_are_of_the_kind_of_X(kind: Kind) -> None:
    model = RidgeRegressionCV(8).fit(kind.make(X), kind.make(y))
    wanted = RidgeRegressionCV(8).fit(X, y).predict_interval(X)
    for end, known in zip(model.predict_interval(kind.make(X)), wanted, strict=True):
        assert type(end) is type(kind.make(X))
        assert_allclose(values_of(end), known, rtol=1e-9)


@pytest.mark.usefixtures("dispatch")
def test_searches_and_pipelines_take_them() -> None:
    make = strict_on("CPU_DEVICE")
    search = GridSearchCV(LassoRegression(solver="auto"), {"lambda_": [0.01, 0.1]}, cv=3)
    found = clone(search).fit(make(X), make(y))
    assert found.best_score_ == clone(search).fit(X, y).best_score_
    piped = make_pipeline(LassoRegression(0.1, solver="auto")).fit(make(X), make(y))
    assert type(piped.predict(make(X))) is type(make(X))


def test_without_dispatch_they_are_arrays_as_any_other(kind: Kind) -> None:
    model = LassoRegression(0.05, solver="auto")
    A = kind.make(X)
    if kind.device == "device1":
        with pytest.raises(TypeError, match=r"X lies on .*device1.*array_api_dispatch=True"):
            model.fit(A, y)
        return
    assert type(model.fit(A, y).predict(A)) is np.ndarray


@pytest.mark.usefixtures("dispatch")
def test_arrays_that_lie_apart_are_refused(kind: Kind) -> None:
    A, b = kind.make(X), kind.make(y)
    model = LassoRegression(0.05, solver="auto").fit(A, b)
    before = model.coef_.copy()
    with pytest.raises(ValueError, match=r"y must be an array .* of X, .*, got numpy; move one"):
        model.fit(A, y)
    with pytest.raises(ValueError, match=r"sample_weight must be .* of X, .*, got numpy"):
        model.fit(A, b, s)
    with pytest.raises(ValueError, match=r"y must be an array .* of X, numpy, got"):
        regularization_path(X, b)
    with pytest.raises(ValueError, match=r"y must be an array .* of X"):
        model.score(A, y)
    with pytest.raises(ValueError, match=r"y must be an array .* of X, .*CPU_DEVICE.*device1"):
        model.fit(strict_on("CPU_DEVICE")(X), strict_on("device1")(y))
    assert_array_equal(model.coef_, before)
    if parse_version(sklearn.__version__) >= parse_version("1.7"):  # older ones refuse it
        model.fit(A, pd.Series(y))  # a table lies nowhere


@pytest.mark.parametrize("module", ["torch", "jax"])
@pytest.mark.parametrize("half", ["float16", "bfloat16"])
def test_half_precision_is_refused(half: str, module: str) -> None:
    if find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    if module == "torch":
        import torch

        A = torch.asarray(X).to(getattr(torch, half))
    else:
        import jax.numpy as jnp

        A = jnp.asarray(X, dtype=getattr(jnp, half))
    with pytest.raises(TypeError, match=rf"X must be float32 or float64, got .*{half}.*convert"):
        LassoRegression(0.1).fit(A, y)


def test_tensors_with_gradients_and_sparse_ones() -> None:
    torch = pytest.importorskip("torch")
    A = torch.asarray(X, requires_grad=True)
    wanted = LassoRegression(0.05, solver="auto").fit(X, y).coef_
    assert_array_equal(LassoRegression(0.05, solver="auto").fit(A, y).coef_, wanted)
    thin = X * (np.abs(X) > 1)
    with pytest.warns(UserWarning, match="beta state"):
        csr = torch.asarray(thin).to_sparse_csr()
    wanted = LassoRegression(0.05, solver="auto").fit(sp.csr_array(thin), y).coef_
    assert_array_equal(LassoRegression(0.05, solver="auto").fit(csr, y).coef_, wanted)
    with pytest.raises(TypeError, match=r"X must be dense or sparse_csr.*X.to_sparse_csr"):
        LassoRegression(0.05).fit(torch.asarray(thin).to_sparse_coo(), y)


@pytest.mark.usefixtures("dispatch")
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_device_without_double_precision(
    weighted: bool, wide: bool, copied: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_device, "CHUNK_NUMBERS", 50)
    A = np.hstack([X, rng.normal(size=(40, 60))]) if wide else X
    parts = [part.astype(np.float32) for part in ((A, y, s) if weighted else (A, y))]
    foreign = list(map(single_on_strict, parts))
    model = LassoRegression(0.05, solver="auto", tol=1e-7)
    wanted, fitted = clone(model).fit(*parts), clone(model).fit(*foreign)
    assert_allclose(fitted.coef_, wanted.coef_, rtol=1e-6, atol=1e-7)
    predicted = fitted.predict(foreign[0])
    assert "no_float64" in str(predicted.device)
    assert_allclose(values_of(predicted), wanted.predict(parts[0]), rtol=1e-4, atol=1e-5)
    of_doubles = clone(model).fit(A, y)
    assert_allclose(values_of(of_doubles.predict(foreign[0])), of_doubles.predict(A), atol=1e-5)
    assert wide or max(copied) == (10, 5)  # chunk by chunk, unless products with X are needed
    found, known = Moments.from_data(*foreign), Moments.from_data(*parts)
    assert_allclose(found.gram, known.gram, rtol=1e-12, atol=1e-12)  # in float64, on the CPU


@pytest.mark.usefixtures("dispatch")
@pytest.mark.filterwarnings("ignore:.*the smallest error is at:UserWarning")
def test_products_with_a_tensor_of_csr(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    made: list[str] = []
    for name in ("fitted", "correlate"):
        there = getattr(PlacedSparse, name)
        monkeypatch.setattr(
            PlacedSparse, name, lambda *given, f=there, n=name: made.append(n) or f(*given)
        )
    for dtype, rtol in ((np.float64, 1e-9), (np.float32, 1e-5)):
        thin = sp.random_array((60, 300), density=0.1, rng=0, format="csr").astype(dtype)
        target = (thin @ np.r_[np.ones(5), np.zeros(295)] + 0.1).astype(dtype)
        tensor = torch.asarray(thin.toarray()).to_sparse_csr()
        here, there = rows_of(thin), rows_of(staying(tensor, thin))
        C, Z = rng.normal(size=(2, 300)), rng.normal(size=(60, 3))
        some = np.array([7, 2])
        for name, given in (
            ("fitted", C[0]),
            ("fitted_by", C),
            ("fitted_by", sp.csr_array(C * (C > 1))),
            ("correlate", Z),
            ("correlate", Z[:, 0]),
            ("spread", np.full(60, 1 / 60)),
            ("columns", some),
        ):
            found, known = getattr(there, name)(given), getattr(here, name)(given)
            assert_allclose(found, known, rtol=1e-9, atol=1e-12, err_msg=name)
        assert_allclose(there.restricted(some).fitted(C[0, :2]), here.columns(some) @ C[0, :2])
        made.clear()
        for model in (LassoRegression(1e-3, solver="auto", tol=1e-9), LassoRegressionCV(8, cv=3)):
            fitted = clone(model).fit(tensor, torch.asarray(target))
            wanted = clone(model).fit(thin, target)
            assert_allclose(fitted.coef_, wanted.coef_, rtol=rtol, atol=rtol)
            assert isinstance(fitted.predict(tensor), torch.Tensor)
        found = regularization_path(tensor, torch.asarray(target), lambdas=5)
        known = regularization_path(thin, target, lambdas=5)
        assert_allclose(dense(found.coefs), dense(known.coefs), rtol=1e-6, atol=1e-9)
        assert {"fitted", "correlate"} <= set(made)


@pytest.mark.usefixtures("dispatch")
@pytest.mark.parametrize("name", [*KINDS, "strict without float64"])
def test_constant_columns_and_refits_of_wide_data(name: str) -> None:
    make = single_on_strict if name not in KINDS else installed(KINDS[name]).make
    A = rng.normal(size=(10, 30)).astype(np.float32)
    A[:, 3] = 1.0
    b = A[:, 0] + A[:, 1] / 2
    for model in (
        LassoRegression(0.05, solver="auto"),
        LassoRegression(0.05, solver="auto", relax=0.5, positive=True),
        GroupLassoRegression(0.05, solver="auto", groups="targets"),
    ):
        fitted, wanted = clone(model).fit(make(A), make(b)), clone(model).fit(A, b)
        assert_allclose(fitted.coef_, wanted.coef_, rtol=1e-3, atol=1e-5)
    found, known = (regularization_path(*data, lambdas=4) for data in ((make(A), make(b)), (A, b)))
    assert_allclose(found.coefs, known.coefs, rtol=1e-3, atol=1e-5)


@pytest.mark.usefixtures("dispatch")
def test_weights_are_routed_to_a_scorer_as_numbers_of_numpy(kind: Kind) -> None:
    def squares(target: Any, predicted: Any, sample_weight: Any) -> float:
        assert {type(part) for part in (target, predicted, sample_weight)} == {np.ndarray}
        return float(np.average((target - predicted) ** 2, weights=sample_weight))

    scorer = make_scorer(squares, greater_is_better=False)
    with config_context(enable_metadata_routing=True):
        model = LassoRegressionCV(5, cv=3, scoring=scorer.set_score_request(sample_weight=True))
        model.set_fit_request(sample_weight=True)
        wanted = clone(model).fit(X, y, sample_weight=s)
        A, b, weights = map(kind.make, (X, y, s))
        fitted = clone(model).fit(A, b, sample_weight=weights)
    assert_allclose(fitted.score_path_, wanted.score_path_)


@pytest.mark.usefixtures("dispatch")
def test_folds_may_be_numbers_of_rows_on_the_device(kind: Kind) -> None:
    sides = np.arange(20), np.arange(20, 40)
    model = LassoRegressionCV(5, cv=[sides, sides[::-1]])
    wanted = clone(model).fit(X, y).lambda_
    there = [tuple(map(kind.make, pair)) for pair in (sides, sides[::-1])]
    assert model.set_params(cv=there).fit(kind.make(X), kind.make(y)).lambda_ == wanted


@pytest.mark.usefixtures("dispatch")
def test_intervals_on_a_device_without_double_precision() -> None:
    model = LassoRegressionCV(8).fit(X, y)
    ends = model.predict_interval(single_on_strict(X))
    for end, known in zip(ends, model.predict_interval(X), strict=True):
        assert_allclose(values_of(end), known, atol=1e-5)


@pytest.mark.usefixtures("dispatch")
@pytest.mark.filterwarnings("ignore:Casting complex")
def test_complex_numbers_are_refused(kind: Kind) -> None:
    A, b = kind.make(X + 1j), kind.make(y)
    model = LassoRegression(0.1, solver="auto").fit(X, y)
    for call in (
        lambda: clone(model).fit(A, b),
        lambda: model.predict(A),
        lambda: Moments.from_data(A, b),
        lambda: regularization_path(A, b, lambdas=3),
    ):
        with pytest.raises(ValueError, match="Complex data not supported"):
            call()


@pytest.mark.usefixtures("dispatch")
def test_weights_that_lie_apart_are_refused_everywhere(kind: Kind) -> None:
    A, b = kind.make(X), kind.make(y)
    for call in (Moments.from_data, Moments(5).update, regularization_path, lambda_max):
        with pytest.raises(ValueError, match=r"sample_weight must be an array .* got numpy"):
            call(A, b, sample_weight=s)
    with pytest.raises(ValueError, match="sample_weight must be an array"):
        penalty_advice(A, b, sample_weight=s)


@pytest.mark.usefixtures("dispatch")
def test_far_rows_of_little_weight_cost_no_digits(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moments, "SEEN_ROWS", 8)
    far, weights = X.copy(), np.ones(40)
    far[::5] += 1e6
    weights[::5] = 1e-12
    wanted = Moments.from_data(far, y, weights)
    found = Moments.from_data(*map(kind.make, (far, y, weights)))
    assert_allclose(found.gram, wanted.gram, rtol=1e-9, atol=1e-9)


@pytest.mark.usefixtures("dispatch")
def test_numbers_and_lists_of_groups_may_be_arrays(kind: Kind) -> None:
    fitted = LassoRegression(kind.make(np.array(0.1)), solver="auto").fit(X, y)
    assert_array_equal(fitted.coef_, LassoRegression(0.1, solver="auto").fit(X, y).coef_)
    closed = ridge_closed_form(X, y, kind.make(np.array(0.1)))[0]
    assert_array_equal(closed, ridge_closed_form(X, y, 0.1)[0])
    groups = [np.array([0, 1]), np.array([2, 3, 4])]
    model = GroupLassoRegression(0.1, groups=groups, solver="auto")
    wanted = clone(model).fit(X, y).coef_
    assert_array_equal(
        model.set_params(groups=list(map(kind.make, groups))).fit(X, y).coef_, wanted
    )


@pytest.mark.usefixtures("dispatch")
def test_kinds_of_tensors() -> None:
    torch = pytest.importorskip("torch")

    class Pixels(torch.Tensor):  # type: ignore[misc, name-defined]
        """A subclass of another package, as torchvision has."""

    A, b = torch.asarray(X), torch.asarray(y)
    model = LassoRegression(0.1, solver="auto")
    wanted = clone(model).fit(X, y)
    of_subclass = clone(model).fit(A.as_subclass(Pixels), b.as_subclass(Pixels))
    assert_allclose(of_subclass.coef_, wanted.coef_)
    assert_allclose(np.asarray(of_subclass.predict(A.as_subclass(Pixels))), wanted.predict(X))
    negated = torch.complex(b, -b).conj().imag
    assert negated.is_neg()
    assert_allclose(clone(model).fit(A, negated).coef_, wanted.coef_)
    with torch.device("meta"):  # stands for another default device than that of X
        assert_allclose(clone(model).fit(A, b).predict(A).numpy(), wanted.predict(X))
    deep = torch.stack([A, A]).to_sparse_csr()
    with pytest.raises(ValueError, match=r"X must have two dimensions .* shape \(2, 40, 5\)"):
        clone(model).fit(deep, b)


@pytest.mark.usefixtures("dispatch")
def test_the_lines_of_the_guide_run() -> None:
    page = (Path(__file__).parent.parent / "docs/guide/large.rst").read_text()
    block = page.split("asks for; then::")[1].split("A fit reads")[0]
    assert output_of(dedent(block)) == "array_api_strict._array_object numpy\n"


@pytest.mark.parametrize("module", ["torch", "jax", "array_api_strict"])
def test_no_namespace_is_imported_for_numpy(module: str) -> None:
    code = (
        "import sys, numpy as np, sklearn_reg\n"
        "X = np.eye(4)\n"
        "sklearn_reg.LassoRegression(0.1).fit(X, X[0]).predict(X)\n"
        f"assert {module!r} not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.usefixtures("dispatch")
def test_an_argument_may_be_an_array_of_another_namespace(kind: Kind) -> None:
    lambda_ = kind.make(np.array([0.1, 0.2]))
    weights = kind.make(np.array([1.0, 0.0, 1.0, 1.0, 2.0]))
    Y = np.column_stack([y, -y])
    model = RidgeRegression(lambda_, solver="closed_form", penalty_weights=weights).fit(X, Y)
    known = RidgeRegression([0.1, 0.2], solver="closed_form", penalty_weights=[1, 0, 1, 1, 2])
    assert_array_equal(model.coef_, known.fit(X, Y).coef_)
