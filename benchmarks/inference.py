"""Tests and intervals of coefficients beside statsmodels and hidimstat, where these are installed.

Each row times calls that take turns. statsmodels gives least squares and HC3 on diabetes: the last
column is the largest relative difference of a standard error. hidimstat gives the desparsified
lasso of all features, with its defaults; both packages choose lambda by cross-validation within the
time. `--coverage` simulates how often 95 % intervals hold the true coefficients, and how often they
are below and above zero where these are zero; the naive row is a t-test on the features that a
lasso has selected from the same rows.
"""

import argparse
import warnings
from importlib.util import find_spec

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn_reg import (
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
    coefficient_inference,
)

import machine
from timing import in_turn


def wide(n, p, seed=0):
    """Columns of which neighbours have a correlation of 0.5; five have an effect of 1."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = 0.5 * X[:, j - 1] + np.sqrt(0.75) * X[:, j]
    return X, X[:, :50:10].sum(axis=1) + rng.standard_normal(n)


def of_statsmodels(X, y, covariance):
    """Return standard errors of least squares."""
    import statsmodels.api as sm

    fit = sm.OLS(y, sm.add_constant(X)).fit()
    return (fit.HC3_se if covariance == "HC3" else fit.bse)[1:]


def small_rows(X, y, repeats):
    """Time every method on small data."""
    least = RidgeRegression(0.0, solver="auto").fit(X, y)
    lasso = LassoRegression(0.1, solver="auto", tol=1e-10).fit(X, y)
    chosen = LassoRegressionCV().fit(X, y)
    ridge = RidgeRegression(0.01, solver="auto").fit(X, y)
    rows = {
        "ols": (least, {"method": "ols"}),
        "ols, HC3": (least, {"method": "ols", "covariance": "HC3"}),
        "ridge": (ridge, {"method": "ridge"}),
        "debiased": (chosen, {"method": "debiased"}),
        "selective": (lasso, {"method": "selective"}),
        "selective, full": (lasso, {"method": "selective", "target": "full"}),
        "split, 50 times": (chosen, {"method": "split", "random_state": 0}),
        "bootstrap, 1000 pairs": (lasso, {"method": "bootstrap", "random_state": 0}),
        "bootstrap, 1000 residual": (
            lasso,
            {"method": "bootstrap", "resample": "residual", "random_state": 0},
        ),
    }
    print("\n| 442 x 10 | ms | statsmodels ms | difference |\n|---|---|---|---|")
    for name, (model, options) in rows.items():
        calls = {"ours": lambda m=model, o=options: coefficient_inference(m, X, y, **o)}
        if name.startswith("ols") and find_spec("statsmodels"):
            covariance = options.get("covariance")
            calls["statsmodels"] = lambda c=covariance: of_statsmodels(X, y, c)
        found = in_turn(calls, repeats)
        cells = [f"{1e3 * np.median(found['ours'][0]):.2f}", "-", "-"]
        if "statsmodels" in found:
            theirs = found["statsmodels"][1]
            apart = np.abs(found["ours"][1].standard_error / theirs - 1.0).max()
            cells[1:] = [f"{1e3 * np.median(found['statsmodels'][0]):.2f}", f"{apart:.1e}"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def ours(X, y):
    """Choose lambda, and free all coefficients from the bias."""
    model = LassoRegressionCV().fit(X, y)
    return coefficient_inference(model, X, y, method="debiased")


def of_hidimstat(X, y):
    """Do the same with hidimstat, whose defaults are these."""
    from hidimstat import DesparsifiedLasso

    model = DesparsifiedLasso(random_state=0)
    model.fit_importance(X, y)
    return model


def wide_rows(data, repeats, limit):
    """Time intervals of all features."""
    print("\n| debiased | seconds | hidimstat | ratio |\n|---|---|---|---|")
    for name, (X, y) in data.items():
        calls = {"ours": lambda X=X, y=y: ours(X, y)}
        if find_spec("hidimstat"):
            calls["hidimstat"] = lambda X=X, y=y: of_hidimstat(X, y)
        times = {
            of: np.median(seconds) for of, (seconds, _) in in_turn(calls, repeats, limit).items()
        }
        theirs = times.get("hidimstat")
        cells = ["-", "-"] if theirs is None else [f"{theirs:.2f}", f"{theirs / times['ours']:.1f}"]
        print(f"| {name} | {times['ours']:.3f} | {' | '.join(cells)} |", flush=True)


def naive(model, X, y):
    """Test the features that were selected from the same rows, as if they had been given."""
    chosen = np.flatnonzero(model.coef_)
    return coefficient_inference(model, X, y, method="ols", features=chosen)


def coverage(n, p, n_effects, size, repeats):
    """Count how often intervals hold the true coefficients."""
    counts = {}
    for seed in range(repeats):
        X, _ = wide(n, p, seed)
        rng = np.random.default_rng((seed, 1))
        w = np.zeros(p)
        w[rng.choice(p, n_effects, replace=False)] = size * rng.choice([-1, 1], n_effects)
        y = X @ w + rng.standard_normal(n)
        cv = LassoRegressionCV(n_jobs=1).fit(X, y)
        at = float(np.sqrt(2 * np.log(p) / n))  # a lambda that does not depend on y
        fixed = LassoRegression(at, solver="auto", tol=1e-12).fit(X, y)
        found = {"naive t-test": naive(cv, X, y)}
        found["debiased"] = coefficient_inference(cv, X, y, method="debiased")
        found["selective, sigma = 1"] = coefficient_inference(
            fixed, X, y, method="selective", sigma=1.0
        )
        sparse = LassoRegressionCV(n_jobs=1, rule="1se")
        found["split"] = coefficient_inference(
            sparse.fit(X, y), X, y, method="split", n_splits=1, random_state=seed
        )
        for method, sure in found.items():
            places = np.array([int(str(name)[1:]) for name in sure.feature_names], dtype=int)
            truth = w[places]
            if method.startswith("selective"):  # it is about the selected model
                truth = np.linalg.lstsq(X[:, places] - X[:, places].mean(0), X @ w, rcond=None)[0]
            held = (sure.lower <= truth) & (truth <= sure.upper)
            of_effects, of_zeros = counts.setdefault(method, ([], []))
            of_effects += held[w[places] != 0].tolist()
            of_zeros += held[w[places] == 0].tolist()
    for method, (of_effects, of_zeros) in counts.items():
        cells = [f"{np.mean(of):.3f} of {len(of)}" if of else "-" for of in (of_effects, of_zeros)]
        print(f"| {n} x {p}, {n_effects} of {size} | {method} | {' | '.join(cells)} |", flush=True)


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="without the widest data")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each, in turn")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for one row")
    parser.add_argument("--coverage", type=int, default=0, help="simulate so many data sets")
    parser.add_argument("--data", help="an .npz with X and y, instead of the simulated widest data")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(machine.describe("statsmodels", "hidimstat"))
    if options.coverage:
        print("\n| data | 95 % intervals of | hold effects | hold zeros |\n|---|---|---|---|")
        for sizes in ((100, 200, 3, 1.0), (200, 50, 5, 0.3), (200, 400, 4, 0.5)):
            coverage(*sizes, options.coverage)
        return
    small_rows(*load_diabetes(return_X_y=True), options.repeats)
    data = {"100 x 500": wide(100, 500)}
    if options.data:
        with np.load(options.data) as given:
            X = given["X"].astype(float)
            data[f"{len(X)} x {X.shape[1]}, given"] = X, given["y"].astype(float)
    elif not options.small:
        data["71 x 4088"] = wide(71, 4088)
    wide_rows(data, options.repeats, options.limit)


if __name__ == "__main__":
    main()
