"""The answers to the exercises of the gallery are true: one test for each, by page and number."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse, stats
from scipy.optimize import brentq
from sklearn.datasets import load_diabetes
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, scale

from loading import module_of
from sklearn_reg import (
    ElasticNetRegressionCV,
    GroupLassoRegression,
    GroupLassoRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    Moments,
    RidgeRegression,
    RidgeRegressionCV,
    StabilitySelection,
    adamw,
    coefficient_inference,
    lambda_max,
    regularization_path,
    sgd_step,
    trajectory,
)


def example(name: str) -> Any:
    """Import a script of the examples."""
    return module_of(Path(__file__).parents[1] / "examples" / f"{name}.py")


def ridge(X, y, lambda_=0.0, **parameters):
    """Return the weights of a ridge, or of least squares."""
    parameters = {"solver": "auto", "fit_intercept": False, "tol": 1e-12} | parameters
    return RidgeRegression(lambda_, **parameters).fit(X, y).get_weights()


def lasso(X, y, lambda_, **parameters):
    return LassoRegression(lambda_, solver="auto", tol=1e-12, **parameters).fit(X, y).coef_


def descended(X, y, start, n_steps, rate):
    """Return the weights after gradient descent on the loss of least squares."""
    n = len(y)
    return trajectory(sgd_step, start, lambda w: X.T @ (X @ w - y) / n, n_steps, lr=rate)[-1]


# plot_early_stopping


def test_early_stopping_1():
    z = brentq(lambda z: (1 + z) ** 2 - np.exp(z), 1, 5)
    kept = 1 - np.exp(-z), z / (1 + z)
    assert [round(value, 2) for value in (z, *kept)] == [2.51, 0.92, 0.72]
    everywhere = np.geomspace(1e-4, 1e4, 2001)
    difference = 1 - np.exp(-everywhere) - everywhere / (1 + everywhere)
    assert difference.min() >= 0
    assert difference.max() <= kept[0] - kept[1] < 0.205


def test_early_stopping_2():
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.standard_normal((50, 4)))[0]
    s, rate, t = 0.7, 0.1, 9
    X, y = Q * np.sqrt(50 * s), rng.standard_normal(50)
    left = (1 - rate * s) ** t
    stopped = descended(X, y, np.zeros(4), t, rate)
    np.testing.assert_allclose(stopped, ridge(X, y, s * left / (1 - left)))


def test_early_stopping_3():
    rng = np.random.default_rng(0)
    X, y, start = rng.standard_normal((30, 4)), rng.standard_normal(30), 10 * np.ones(4)
    s, V = np.linalg.eigh(X.T @ X / 30)
    way = ridge(X, y) - start
    kept = V * (1 - (1 - 0.1 * s) ** 9) @ V.T
    np.testing.assert_allclose(descended(X, y, start, 9, 0.1), start + kept @ way)
    # The ridge: the gradient of its objective is zero.
    w = start + ridge(X, y - X @ start, 0.4)
    np.testing.assert_allclose(X.T @ (X @ w - y) / 30 + 0.4 * (w - start), 0, atol=1e-10)


# plot_double_descent


def test_double_descent_1():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((20, 60)), rng.standard_normal(20)
    norms = []
    for p in range(20, 61):
        w = np.linalg.lstsq(X[:, :p], y)[0]
        np.testing.assert_allclose(X[:, :p] @ w, y, atol=1e-8)
        norms.append(np.linalg.norm(w))
    assert (np.diff(norms) <= 1e-12).all()


def test_double_descent_2():
    errors = {"least norm": [], "ridge": []}
    for n in (30, 60, 240):
        rng = np.random.default_rng(0)
        w = rng.standard_normal(60) / np.sqrt(60)
        X = rng.standard_normal((20, n, 60))
        y = X @ w + 0.5 * rng.standard_normal((20, n))
        samples = list(zip(X, y, strict=True))
        fits = {
            "least norm": [np.linalg.lstsq(*sample)[0] for sample in samples],
            "ridge": [ridge(*sample, 0.3) for sample in samples],
        }
        for name, weights in fits.items():
            errors[name].append(np.mean(np.sum((np.array(weights) - w) ** 2, axis=1)))
    assert errors["least norm"][1] > errors["least norm"][0] > errors["least norm"][2]
    assert errors["ridge"][0] > errors["ridge"][1] > errors["ridge"][2]


def test_double_descent_3():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((10, 40)), rng.standard_normal(10)
    rate = 10 / np.linalg.norm(X, 2) ** 2
    arrived = descended(X, y, np.zeros(40), 1000, rate)
    np.testing.assert_allclose(arrived, np.linalg.lstsq(X, y)[0], atol=1e-8)
    elsewhere = descended(X, y, np.ones(40), 1000, rate)  # also without error
    np.testing.assert_allclose(X @ elsewhere, y, atol=1e-8)
    assert np.linalg.norm(elsewhere) > 2 * np.linalg.norm(arrived)


# plot_input_noise


def of_copies(X, y, copy, n_copies):
    """Return least squares of many noisy copies, with an intercept."""
    moments = Moments(X.shape[1])
    for _ in range(n_copies):
        moments.update(*copy(X, y))
    model = RidgeRegression(0.0, solver="auto").fit_moments(moments)
    return model.coef_, model.objective_


@cache
def standardised():
    X, y = load_diabetes(return_X_y=True)
    X = X[:, [0, 1, 2, 3, 6, 8]]
    return (X - X.mean(axis=0)) / X.std(axis=0) * [1, 2, 3, 1, 2, 3], y - y.mean()


def test_input_noise_1():
    X, y = standardised()
    rng, sigma = np.random.default_rng(0), np.array([0.1, 0.5, 1, 2, 1, 3])
    w, _ = of_copies(X, y, lambda X, y: (X + sigma * rng.standard_normal(X.shape), y), 300)
    expected = ridge(X, y, 1.0, penalty_weights=sigma**2)
    assert np.linalg.norm(w - expected) < 0.05 * np.linalg.norm(expected)


def test_input_noise_2():
    X, y = standardised()
    rng, q = np.random.default_rng(0), 0.4
    w, _ = of_copies(X, y, lambda X, y: (X * (rng.random(X.shape) >= q) / (1 - q), y), 300)
    expected = ridge(X, y, q / (1 - q), standardize=True, fit_intercept=True)
    assert np.linalg.norm(w - expected) < 0.05 * np.linalg.norm(expected)
    assert np.linalg.norm(w - ridge(X, y)) > 0.2 * np.linalg.norm(expected)


def test_input_noise_3():
    X, y = standardised()
    rng, sigma = np.random.default_rng(0), 50.0
    w, loss = of_copies(X, y, lambda X, y: (X, y + sigma * rng.standard_normal(len(y))), 300)
    expected = RidgeRegression(0.0, solver="auto").fit(X, y)
    np.testing.assert_allclose(loss - expected.objective_, sigma**2 / 2, rtol=0.02)
    assert np.linalg.norm(w - expected.coef_) < 0.05 * np.linalg.norm(expected.coef_)


# plot_unstable_selection


@cache
def patients():
    data = load_diabetes(as_frame=True, scaled=False)
    X, y = data.data.to_numpy(), data.target.to_numpy()
    chosen = LassoRegressionCV(standardize=True).fit(X, y)
    return X, y, list(data.data), chosen.lambda_min_, chosen.lambda_1se_


def draws(X, y, lambda_, l1_ratio=1.0, size=442, replace=True):
    """Return which features are chosen in each of 50 draws of the patients."""
    rng = np.random.default_rng(0)
    drawn = (rng.choice(len(y), size, replace) for _ in range(50))
    paths = (
        regularization_path(X[rows], y[rows], [lambda_], l1_ratio, standardize=True)
        for rows in drawn
    )
    return np.array([path.coefs[0] != 0 for path in paths])


def test_unstable_selection_1():
    X, y, names, _, one_se = patients()
    for how in ({"size": 221, "replace": False}, {}):
        often = draws(X, y, one_se, **how).mean(axis=0) > 0.8
        assert {names[j] for j in np.flatnonzero(often)} == {"bmi", "s5", "bp", "s3", "sex"}


def test_unstable_selection_2():
    X, y, _, smallest, one_se = patients()
    assert round(smallest, 2) == 0.08
    X = np.hstack([X, np.random.default_rng(1).standard_normal((442, 5))])
    assert draws(X, y, smallest)[:, 10:].mean() > 0.9
    assert draws(X, y, one_se)[:, 10:].mean(axis=0).max() < 0.5


def test_unstable_selection_3():
    X, y, names, _, one_se = patients()
    pair = [names.index("s1"), names.index("s2")]
    lasso, net = draws(X, y, one_se), draws(X, y, 4 * one_se, 0.25)
    assert lasso[:, pair].all(axis=1).mean() < 0.1
    assert net[:, pair].all(axis=1).mean() > 0.85
    assert 5.5 < lasso.sum(axis=1).mean() < 6.5
    assert 8.5 < net.sum(axis=1).mean() < 9.5
    assert len(np.unique(net, axis=0)) <= 6 < 12 <= len(np.unique(lasso, axis=0))


# plot_stability_selection


@cache
def noisy(seed=1):
    """Return ten measurements and ninety columns of noise, and y."""
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    rng = np.random.default_rng(seed)
    noise = [X.to_numpy()[rng.permutation(len(X))] for _ in range(9)]
    return np.hstack([X, *noise]), y.to_numpy(), list(X)


def stable(X, y, **parameters):
    parameters = {"expected_false_selections": 1, "random_state": 0} | parameters
    return StabilitySelection(**parameters).fit(X, y)


def test_stability_selection_1():
    X, y, names = noisy()
    sizes = []
    for threshold in (0.6, 0.75, 0.9):
        found = stable(X, y, threshold=threshold)
        sizes.append(found.n_selected_limit_)
        assert {names[j] for j in found.get_support(indices=True)} == {"bmi", "s5", "bp", "s3"}
    assert sizes == [4, 7, 8]


def test_stability_selection_2():
    X, y, _ = noisy()
    counts = [
        stable(X, np.random.default_rng(100 + seed).permutation(y)).support_.sum()
        for seed in range(12)
    ]
    assert np.median(counts) == 0
    assert 0 < np.mean(counts) < 1


def test_stability_selection_3():
    X, y, names = noisy()
    bmi, others = X[:, names.index("bmi"), None], np.delete(X, names.index("bmi"), axis=1)
    frequencies = []
    for seed in range(8):
        errors = np.random.default_rng(seed).normal(scale=0.03 * bmi.std(), size=(442, 2))
        found = stable(np.hstack([bmi + errors, others]), y)
        frequencies.append(found.selection_frequencies_[:2])
    assert min(map(sum, frequencies)) >= 1
    assert np.mean(np.sum(frequencies, axis=1)) < 1.2
    assert np.mean(np.max(frequencies, axis=1) < 0.9) > 0.5
    assert stable(X, y).selection_frequencies_[names.index("bmi")] == 1


# plot_binary_columns


def binary(seed=0, shares=(0.5, 0.1, 0.03), n=300):
    rng = np.random.default_rng(seed)
    X = (rng.random((n, len(shares))) < shares).astype(float)
    return X, X.sum(axis=1) + rng.standard_normal(n)


def test_binary_columns_1():
    X, y = binary()
    sd = X.std(axis=0)
    for fit, penalty_weights in ((ridge, sd**2), (lasso, sd)):
        with_flag = fit(X, y, 0.05, standardize=True, fit_intercept=True)
        with_weights = fit(X, y, 0.05, penalty_weights=penalty_weights, fit_intercept=True)
        np.testing.assert_allclose(with_flag, with_weights, atol=1e-5)


def test_binary_columns_2():
    X, y = binary()
    free = {"fit_intercept": True}
    signs = ridge(2 * X - 1, y, 0.1, **free)
    a_quarter = ridge(X, y, 0.1, penalty_weights=np.full(3, 0.25), **free)
    np.testing.assert_allclose(2 * signs, a_quarter)
    assert (np.abs(a_quarter) > np.abs(ridge(X, y, 0.1, **free))).all()
    same = [ridge(Z, y, 0.1, standardize=True, **free) for Z in (2 * X - 1, X)]
    np.testing.assert_allclose(2 * same[0], same[1])


def test_binary_columns_3():
    chosen = {True: np.zeros(2), False: np.zeros(2)}
    for seed in range(150):
        X, _ = binary(seed, (0.5, 0.02))
        y = np.random.default_rng(1000 + seed).standard_normal(300)
        # The frequent column has a standard deviation of a half.
        for flag, lambda_ in ((True, 0.05), (False, 0.025)):
            chosen[flag] += lasso(X, y, lambda_, standardize=flag) != 0
    frequent, rare = chosen[True] / 150
    assert 0.25 < frequent < 0.55
    assert abs(frequent - rare) < 0.12
    assert abs(chosen[False][0] / 150 - frequent) < 0.05
    assert chosen[False][1] == 0


# plot_which_penalty


def truth(size, n_matter, n, seed, noise=0.5):
    """Return a sample, and its weights and correlations."""
    rng = np.random.default_rng(seed)
    correlation = np.kron(np.eye(40 // size), 0.1 * np.eye(size) + 0.9)
    w = np.zeros(40)
    w[: size * n_matter] = np.repeat(rng.standard_normal(n_matter), size)
    w /= np.sqrt(w @ correlation @ w)
    X = rng.standard_normal((n, 40)) @ np.linalg.cholesky(correlation).T
    return X, X @ w + rng.normal(0, noise, n), w, correlation


def test_which_penalty_1():
    def ratios(n_matter):
        search = ElasticNetRegressionCV(20, l1_ratio=[0.1, 0.5, 1.0], eps=1e-2)
        samples = (truth(1, n_matter, 80, seed) for seed in range(8))
        return [search.fit(X, y).l1_ratio_ for X, y, *_ in samples]

    few, all_ = ratios(2), ratios(40)
    assert few.count(1.0) >= 7
    assert len(all_) > all_.count(0.1) >= 5


def test_which_penalty_2():
    counts = {0.2: [], 1.0: []}
    for l1_ratio, count in counts.items():
        for seed in range(6):
            X, y, *_ = truth(4, 2, 40, seed)
            net = ElasticNetRegressionCV(20, l1_ratio, eps=1e-2, rule="1se").fit(X, y)
            count.append(np.count_nonzero(net.coef_[:8]))
    assert 3 <= np.mean(counts[1.0]) <= 5
    assert np.mean(counts[0.2]) >= 6


def test_which_penalty_3():
    missed = {0.5: [], 3.0: []}
    for noise, shares in missed.items():
        for seed in range(6):
            X, y, w, correlation = truth(1, 2, 80, seed, noise)
            shares.append([])
            for l1_ratio in (1, 0):
                path = regularization_path(X[:40], y[:40], 12, l1_ratio, eps=1e-2)
                errors = y[40:] - path.coefs @ X[40:].T - path.intercepts[:, None]
                off = path.coefs[np.mean(errors**2, axis=1).argmin()] - w
                shares[-1].append(off @ correlation @ off)
    lasso, ridge = np.mean(missed[0.5], axis=0)
    assert ridge > 4 * lasso
    lasso, ridge = np.mean(missed[3.0], axis=0)
    assert ridge < 1.3 * lasso
    assert min(lasso, ridge) > 0.75


# plot_pruning


@pytest.mark.parametrize("share", [0.6, 0.7])
def test_pruning_1(share):
    w = np.zeros(900)
    w[: round(share * 900)] = 1
    vector = sparse.coo_array(w)
    stored = vector.data.nbytes + sum(index.nbytes for index in vector.coords)
    assert vector.coords[0].dtype == np.int32
    assert (stored < w.nbytes) == (share < 2 / 3)


@cache
def wide():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100, 1000))
    return X, X[:, :5].sum(axis=1) + 0.3 * rng.standard_normal(100)


def test_pruning_2():
    X, y = wide()
    whole = ridge(X, y, 1.0)
    kept = np.argsort(-np.abs(whole))[:100]
    change = np.abs(ridge(X[:, kept], y, 1.0) - whole[kept])
    assert (change > 1e-3 * np.abs(whole[kept])).all()
    level = 0.1 * lambda_max(X, y)
    weights = lasso(X, y, level)
    np.testing.assert_allclose(
        lasso(X[:, weights != 0], y, level), weights[weights != 0], atol=1e-6
    )


def test_pruning_3():
    X, y = wide()
    model = LassoRegression(0.1 * lambda_max(X, y), solver="auto")
    last = RidgeRegression(0.0, solver="auto")
    pipeline = make_pipeline(SelectFromModel(model), last).fit(X, y)
    support = model.fit(X, y).coef_ != 0
    np.testing.assert_array_equal(pipeline[0].get_support(), support)
    by_hand = RidgeRegression(0.0, solver="auto").fit(X[:, support], y)
    np.testing.assert_allclose(pipeline[-1].coef_, by_hand.coef_)


# plot_posterior


def curve(rng, n=24, p=15):
    """Return the features of the page."""
    x = np.append(rng.uniform(0, 0.5, 16), rng.uniform(0.75, 1, n - 16))
    return np.exp(-(np.subtract.outer(x, np.linspace(0, 1, p)) ** 2) / (2 * 0.07**2))


def posterior(X, Y, tau, sigma=0.4):
    covariance = sigma**2 * np.linalg.inv(X.T @ X + sigma**2 / tau**2 * np.eye(X.shape[1]))
    return Y.T @ X @ covariance / sigma**2, covariance


def test_posterior_1():
    X = curve(np.random.default_rng(3))
    once, four = (
        np.sqrt(posterior(Z, Z[:, 0], 1.0)[1].diagonal()) for Z in (X, np.tile(X, (4, 1)))
    )
    assert (four > 0.5 * once).all()
    assert (four < 1.0 * once).all()
    assert np.ptp(four / once) > 0.2


def test_posterior_2():
    rng = np.random.default_rng(3)
    X = curve(rng)
    W = rng.standard_normal((4000, 15))
    Y = X @ W.T + 0.4 * rng.standard_normal((24, 4000))
    least_squares = np.linalg.lstsq(X, Y)[0].T
    sd = 0.4 * np.sqrt(np.linalg.inv(X.T @ X).diagonal())
    inside = np.abs(least_squares - W) < 1.6449 * sd
    for low in (0, 1, 2):
        of_this_size = (np.abs(W) >= low) & (np.abs(W) < low + 1)
        assert abs(inside[of_this_size].mean() - 0.9) < 0.015
    ratio = sd / np.sqrt(posterior(X, Y, 1.0)[1].diagonal())
    assert (ratio > 1).all()
    assert ratio.max() > 5


def test_posterior_3():
    rng = np.random.default_rng(3)
    X = curve(rng)
    y = rng.standard_normal(24)
    mean, covariance = posterior(X, y, 1e5)
    np.testing.assert_allclose(mean, np.linalg.lstsq(X, y)[0], rtol=1e-3)
    np.testing.assert_allclose(covariance, 0.16 * np.linalg.inv(X.T @ X), rtol=1e-3)
    mean, covariance = posterior(X, y, 1e-4)
    assert max(np.abs(mean).max(), np.abs(covariance).max()) < 1e-5


def test_adamw_digits_1_pixels_that_are_always_white() -> None:
    digits = example("adamw_digits")
    X, _, Y, _ = digits.digits()
    white = ~X.any(axis=0)
    kept = {}
    for title, step in digits.STEPS.items():
        lambda_ = {"Adam + L2": 1e-3, "AdamW": 0.1}[title]
        w, _ = digits.train(step, 0.01, np.array([0.0, lambda_]), X, Y, epochs=20)
        size = np.abs(digits.layers(w)[0]).mean(axis=2)
        kept[title] = size[1] / size[0]
    assert white.any()
    assert (kept["Adam + L2"][white] < 0.01).all()
    assert np.ptp(kept["AdamW"]) < 0.15
    assert (kept["AdamW"] > 0.75).all()


def test_adamw_digits_2_with_a_large_penalty_the_shares_of_the_digits_are_left() -> None:
    digits = example("adamw_digits")
    X, _, Y, _ = digits.digits()
    w, _ = digits.train(adamw, 0.03, np.array([30.0]), X, Y, epochs=20)
    shares = digits.gradients(w, X, Y)[1][0]
    assert np.ptp(shares, axis=0).max() < 0.1  # nearly the same for all images
    assert np.abs(shares.mean(axis=0) - Y.mean(axis=0)).max() < 0.02


def test_adamw_digits_3_a_longer_training_needs_no_smaller_decay() -> None:
    digits = example("adamw_digits")
    X, X_new, Y, Y_new = digits.digits()
    w, _ = digits.train(adamw, 0.01, np.array([0.03, 0.3]), X, Y, epochs=180)
    guessed = digits.gradients(w, X_new, Y_new)[1].argmax(axis=2)
    small, large = (guessed != Y_new.argmax(axis=1)).mean(axis=1)
    assert large < small


# plot_bounds


def test_bounds_1():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    X = X / X.std(ddof=0)
    signs = regularization_path(X, y, bounds=({"s1": 0, "s2": 0}, None))
    assert not signs.coefs[:, 4:6].any()
    free = regularization_path(X, y, signs.lambdas)
    assert 1.013 < signs.training_loss[-1] / free.training_loss[-1] < 1.0145


@cache
def room():
    """Return the lamps of the page, their settings, and what was measured."""
    wavelengths, peaks = np.linspace(400, 700, 61), np.linspace(425, 675, 10)
    lamps = np.exp(-0.5 * ((wavelengths[:, None] - peaks) / 35) ** 2)
    settings = np.array([1, 1, 0.6, 0, 0, 0.3, 1, 1, 0, 0])
    noise = np.random.default_rng(0).standard_normal((100, 61))
    return lamps, settings, (lamps @ settings + 0.05 * noise).T


def test_bounds_2():
    lamps, settings, measured = room()
    off = {top: ridge(lamps, measured, bounds=(0, top)).T - settings for top in (0.8, np.inf)}
    np.testing.assert_allclose(off[0.8][:, settings == 1], -0.2)
    np.testing.assert_allclose(off[0.8][:, [2, 5, 8]].mean(axis=0), 0.2, atol=0.04)
    wrong, positive = (np.sqrt(np.mean(errors**2)) for errors in off.values())
    assert positive < 0.15 < 0.165 < wrong < 0.175


def test_bounds_3():
    lamps, _, measured = room()
    lowest = np.where(np.arange(10) == 2, 0.5, 0.0)
    rest = ridge(lamps, measured - (lamps @ lowest)[:, None], bounds=(0, 1 - lowest))
    found = lowest + rest.T
    assert found[:, 2].min() >= 0.5
    assert found.max() <= 1
    # The gradient points outward at a bound, and is zero between the bounds.
    gradient = lamps.T @ (lamps @ found.T - measured) / len(lamps)
    assert (gradient.T[found == lowest] >= -1e-6).all()
    assert (gradient.T[found == 1] <= 1e-6).all()
    assert np.abs(gradient.T[(found > lowest) & (found < 1)]).max() < 1e-6


# plot_prediction_intervals


def coverage(n, level=0.9, repeats=12):
    """Return the mean shares of other patients inside naive intervals, and inside those of CV+."""
    X, y = load_diabetes(return_X_y=True)
    X = scale(PolynomialFeatures(2, include_bias=False).fit_transform(scale(X)))
    rng, inside = np.random.default_rng(0), []
    for _ in range(repeats):
        rows, new = np.split(rng.permutation(len(y)), [n])
        model = LassoRegressionCV(25, eps=1e-2).fit(X[rows], y[rows])
        width = np.quantile(np.abs(y[rows] - model.predict(X[rows])), level)
        naive = np.mean(np.abs(y[new] - model.predict(X[new])) <= width)
        lower, upper = model.predict_interval(X[new], level)
        inside.append((naive, np.mean((lower <= y[new]) & (y[new] <= upper))))
    return np.mean(inside, axis=0)


@pytest.mark.filterwarnings("ignore:.*smallest error is at the:UserWarning")
def test_prediction_intervals_1():
    naive, of_folds = coverage(30)
    assert 0.6 < naive < 0.74
    assert 0.86 < of_folds < 0.94
    naive, of_folds = coverage(300)
    assert 0.84 < naive < of_folds < 0.93


def test_prediction_intervals_2():
    naive, of_folds = coverage(100, 0.5)
    assert 0.4 < naive < 0.46
    assert 0.47 < of_folds < 0.55


def test_prediction_intervals_3():
    rng = np.random.default_rng(0)
    x = rng.uniform(size=4000)
    y = x + x * rng.standard_normal(4000)
    model = RidgeRegressionCV().fit(x[:2000, None], y[:2000])
    x, y = x[2000:], y[2000:]
    lower, upper = model.predict_interval(x[:, None])
    inside = (lower <= y) & (y <= upper)
    assert 0.87 < inside.mean() < 0.92
    assert inside[x < 0.5].mean() > 0.97
    assert 0.6 < inside[x > 0.9].mean() < 0.72


# plot_relaxed


def test_relaxed_1():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    relaxed = LassoRegressionCV(rule="1se", relax=[0, 0.25, 0.5, 0.75, 1]).fit(X, y)
    assert relaxed.relax_ == 0
    assert list(X.columns[relaxed.coef_ != 0]) == ["bmi", "bp", "s3", "s5"]
    assert np.count_nonzero(LassoRegressionCV(rule="1se").fit(X, y).coef_) == 6


def test_relaxed_2():
    chosen_once, chosen_in_folds = [], []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        X, y = rng.standard_normal((50, 100)), rng.standard_normal(50)
        level = 0.5 * lambda_max(X, y)
        Z = X[:, lasso(X, y, level) != 0]
        errors = cross_val_score(LinearRegression(), Z, y, scoring="neg_mean_squared_error")
        chosen_once.append(-errors.mean() / y.var())
        honest = LassoRegressionCV([level], relax=0).fit(X, y)
        chosen_in_folds.append(honest.mse_path_.mean() / y.var())
    assert 0.65 < np.mean(chosen_once) < 0.8
    assert np.mean(chosen_in_folds) > 1


def test_relaxed_3():
    rng = np.random.default_rng(0)
    X = np.linalg.qr(rng.standard_normal((50, 6)))[0] * np.sqrt(50)
    y = X @ rng.standard_normal(6) + rng.standard_normal(50)
    whole = X.T @ y / 50
    for share in (0, 0.25, 1):
        found = lasso(X, y, 0.7, relax=share, fit_intercept=False)
        kept = np.abs(whole) > 0.7
        shrunk = np.sign(whole) * (np.abs(whole) - share * 0.7)
        np.testing.assert_allclose(found, np.where(kept, shrunk, 0), atol=1e-8)
        assert 0 < kept.sum() < 6


# plot_inference_coverage


def t_tests(X, y):
    """Return estimates over their standard errors, their p-values, and the limit of 95 %."""
    n, p = X.shape
    columns = np.column_stack([X, np.ones(n)])
    inverse = np.linalg.inv(columns.T @ columns)
    w = inverse @ columns.T @ y
    law = stats.t(n - p - 1)
    sigma = np.linalg.norm(y - columns @ w) / np.sqrt(n - p - 1)
    t = np.abs(w / np.sqrt(inverse.diagonal()) / sigma)[:p]
    return t, 2 * law.sf(t), law.isf(0.025)


def selected(effect=1.0, n=80, level=0.2, count=100):
    """Return the share of 95 % intervals of selected noise with zero inside, and their number.

    Also the shares of data sets with a finding: a p-value below 0.05 after the selection, and one
    of all columns that is adjusted.
    """
    inside, after, adjusted = [], 0, 0
    for seed in range(count):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((n, 20))
        y = effect * X[:, :3].sum(axis=1) + rng.standard_normal(n)
        adjusted += 20 * t_tests(X, y)[1].min() < 0.05
        model = LassoRegression(level, solver="auto").fit(X, y)
        features = np.flatnonzero(model.coef_)
        if features.size:
            t, p_values, limit = t_tests(X[:, features], y)
            inside.extend((t <= limit)[(features > 2) | (effect == 0)])
            after += p_values.min() < 0.05
    return np.mean(inside), len(inside) / count, after / count, adjusted / count


def test_inference_coverage_1():
    share, number, *_ = selected(level=0.3, count=200)
    assert share < 0.25
    assert number < 0.4


def test_inference_coverage_2():
    _, _, after, adjusted = selected(effect=0.0, count=200)
    assert 0.6 < after < 2 / 3
    assert adjusted < 0.1


def test_inference_coverage_3():
    share, number, *_ = selected()
    wide_share, wide_number, *_ = selected(n=160, level=0.2 / np.sqrt(2))
    assert abs(share - 0.5) < 0.1
    assert abs(wide_share - 0.5) < 0.1
    assert abs(number - wide_number) < 0.3
    same_share, same_number, *_ = selected(n=160)
    assert same_number < 0.5 * number
    assert same_share < 0.2


# plot_inference_diabetes


def of_least_squares(X, y, **options):
    model = RidgeRegression(0.0, solver="auto").fit(X, y)
    return coefficient_inference(model, X, y, method="ols", **options)


@cache
def measurements():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    return X / X.std(ddof=0), y


def test_inference_diabetes_1():
    X, y = measurements()
    found, hc3 = of_least_squares(X, y), of_least_squares(X, y, covariance="HC3")
    assert np.abs(hc3.standard_error / found.standard_error - 1).max() < 0.06
    for each in (found, hc3):
        assert list(X.columns[each.adjusted_p_value < 0.05]) == ["sex", "bmi", "bp", "s5"]


def test_inference_diabetes_2():
    X, y = measurements()
    fewer = X.drop(columns=["s2", "s3", "s4"])
    both = [of_least_squares(Z, y, features=["s1"]) for Z in (X, fewer)]
    whole, rest = of_least_squares(X, y), of_least_squares(fewer, y)
    assert [float(rest.lower[4].round(1)), float(rest.upper[4].round(1))] == [-16.7, -4.6]
    ratio = rest.standard_error[4] / whole.standard_error[4]
    assert 1 / 7 < ratio < 1 / 6
    np.testing.assert_allclose(both[0].estimate, both[1].estimate)


def test_inference_diabetes_3():
    X, y = measurements()
    noise = np.random.default_rng(0).standard_normal((442, 10))
    before, after = of_least_squares(X, y), of_least_squares(np.hstack([X, noise]), y)
    ratio = after.standard_error[:10] / before.standard_error
    assert np.abs(ratio - 1).max() < 0.05


# plot_inference_wide


def genes(seed, effects):
    """Return rows as on the page."""
    rng = np.random.default_rng(seed)
    of_group = np.repeat(rng.standard_normal((71, 30)), 10, axis=1)
    X = np.sqrt(0.5) * (of_group + rng.standard_normal((71, 300)))
    return X, X @ effects + rng.standard_normal(71)


@cache
def few_effects():
    effects = np.zeros(300)
    effects[[0, 50, 100, 150, 200]] = [1, -1, 1, 0.3, 0.3]
    X, y = genes(1, effects)
    return LassoRegressionCV().fit(X, y), X, y


def freed(model, X, y, **options):
    return coefficient_inference(model, X, y, method="debiased", random_state=0, **options)


def test_inference_wide_1():
    found = freed(*few_effects())
    assert list(np.flatnonzero(found.adjusted_p_value < 0.05)) == [0, 50, 100]


def test_inference_wide_2():
    five = freed(*few_effects(), features=[0, 50, 100, 150, 200], simultaneous=True)
    whole = freed(*few_effects(), simultaneous=True)
    for found, length in ((five, 2.5), (whole, 3.7)):
        half = 0.5 * (found.upper - found.lower) / found.standard_error
        np.testing.assert_allclose(half, length, atol=0.05)
    assert list(five.lower * five.upper > 0) == [True, True, True, False, False]


def test_inference_wide_3():
    shares, sigmas, excluding = {"cv": [], "scaled_lasso": [], 1.0: []}, {}, {}
    for seed in range(10):
        effects = 0.15 * np.random.default_rng(1000 + seed).choice([-1, 1], 300)
        X, y = genes(seed, effects)
        model = LassoRegressionCV().fit(X, y)
        for sigma, inside in shares.items():
            found = freed(model, X, y, sigma=sigma)
            inside.append(np.mean((found.lower <= effects) & (effects <= found.upper)))
            sigmas.setdefault(sigma, []).append(found.sigma)
            excluding.setdefault(sigma, []).append(np.mean(found.lower * found.upper > 0))
    cv, scaled, known = map(np.mean, shares.values())
    assert 0.935 < cv < 0.945
    assert 0.065 < np.mean(excluding["cv"]) < 0.08
    assert 0.25 < min(sigmas["cv"]) < 0.35
    assert 2.25 < max(sigmas["cv"]) < 2.35
    assert 0.985 < scaled < 0.995
    assert 2 < min(sigmas["scaled_lasso"]) < max(sigmas["scaled_lasso"]) < 3.5
    assert np.mean(excluding["scaled_lasso"]) < 0.02
    assert 0.78 < known < 0.82


# plot_groups_of_categories

LEVELS = {
    "district": 12,
    "condition": 5,
    "heating": 4,
    "floor": 6,
    "month": 12,
    "agency": 10,
    "street": 8,
    "newspaper": 3,
}
OF_LEVELS = np.repeat(list(LEVELS), list(LEVELS.values()))


def flats(n, seed, matter=("district", "condition", "heating")):
    """Return levels, one-hot columns, and the two parts of the rents of the page."""
    rng = np.random.default_rng(seed)
    noise = 2 * rng.standard_normal(n)
    levels, signal = {}, np.zeros(n)
    for name, count in LEVELS.items():
        levels[name] = rng.integers(0, count, n)
        if name in matter:
            effect = rng.standard_normal(count)
            signal += ((effect - effect.mean()) / effect.std())[levels[name]]
    X = np.hstack([np.eye(count)[levels[name]] for name, count in LEVELS.items()])
    return levels, X, signal, noise


def by_both(X, y, rule):
    """Return the lasso and the group lasso of the page."""
    short = {"lambdas": 25, "eps": 0.02, "rule": rule}
    grouped = GroupLassoRegressionCV(groups=OF_LEVELS, standardize="groups", **short)
    return LassoRegressionCV(**short).fit(X, y), grouped.fit(X, y)


@pytest.mark.filterwarnings("ignore:.*smallest error is at the:UserWarning")
def test_groups_of_categories_1():
    matter = {"district", "condition", "heating"}
    others = []
    for seed in range(8):
        _, X, signal, noise = flats(200, seed)
        kept = [set(OF_LEVELS[m.coef_ != 0]) for m in by_both(X, signal + noise, "min")]
        others.append([len(names - matter) for names in kept])
    of_lasso, of_groups = np.mean(others, axis=0)
    assert 3.5 < of_lasso < 4.5
    assert 2.5 < of_groups < 3.5


def test_groups_of_categories_2():
    errors = []
    for seed in range(5):
        levels, X, _, noise = flats(400, seed)
        y = 3.0 * (levels["district"] == 0) + 2.0 * (levels["month"] == 0) + noise
        models = by_both(X[:200], y[:200], "1se")
        errors.append([np.mean((y[200:] - m.predict(X[200:])) ** 2) for m in models])
    of_lasso, of_groups = np.mean(errors, axis=0)
    assert of_lasso < 0.99 * of_groups


def test_groups_of_categories_3():
    for seed in range(10):
        _, X, _, noise = flats(200, seed)
        assert not any(model.coef_.any() for model in by_both(X, noise, "1se"))


# plot_multi_task


def tasks(n_targets, n_shared, seed):
    """Return the samples of the page and the weights of the truth."""
    rng = np.random.default_rng(seed)
    W = np.zeros((n_targets, 30))
    for w in W:
        own = rng.choice(np.arange(n_shared, 30), 5 - n_shared, replace=False)
        w[[*range(n_shared), *own]] = rng.standard_normal(5)
    X = rng.standard_normal((80, 30))
    return X, X @ W.T + 2 * rng.standard_normal((80, n_targets)), W


def together(X, Y, lambda_):
    model = GroupLassoRegression(lambda_, groups="targets", solver="auto", tol=1e-12)
    return model.fit(X, Y).coef_


def test_multi_task_1():
    X, Y, _ = tasks(8, 5, 0)
    largest = lambda_max(X, Y, groups="targets")
    Y[:, 0] *= 100
    new = lambda_max(X, Y, groups="targets")
    alone = lambda_max(X, Y[:, 0])
    assert new > 10 * largest
    assert alone < new < 1.01 * alone
    found = together(X, Y, 0.5 * new).any(axis=0)
    np.testing.assert_array_equal(found, lasso(X, Y[:, 0], 0.5 * new) != 0)
    assert 0 < found.sum() < 10


def test_multi_task_2():
    X, Y, _ = tasks(4, 5, 0)
    Q = np.linalg.qr(np.random.default_rng(1).standard_normal((4, 4)))[0]
    weights, rotated = together(X, Y, 0.5), together(X, Y @ Q, 0.5)
    np.testing.assert_allclose(rotated, Q.T @ weights, atol=1e-6)
    assert 0 < np.count_nonzero(weights.any(axis=0)) < 30
    own = [np.array([lasso(X, t, 0.5) != 0 for t in T.T]) for T in (Y, Y @ Q)]
    assert (own[0].any(axis=0) != own[1].any(axis=0)).any()


def test_multi_task_3():
    for n_targets in (4, 8):
        errors = np.zeros(2)
        for seed in range(8):
            X, Y, W = tasks(n_targets, 3, seed)
            for k, groups in enumerate((None, "targets")):
                path = regularization_path(X[:40], Y[:40], 8, groups=groups, eps=0.05)
                off = Y[40:].T - path.coefs @ X[40:].T - path.intercepts[:, :, None]
                losses = np.mean(off**2, axis=2)
                if groups is None:
                    chosen = path.coefs[losses.argmin(axis=0), np.arange(n_targets)]
                else:
                    chosen = path.coefs[losses.mean(axis=1).argmin()]
                errors[k] += np.sum((chosen - W) ** 2)
        assert 0.85 < errors[1] / errors[0] < 1.15
