"""Lasso fits on columns that depend on each other: how long, how many rounds, how often certified.

`hard.py` draws problems of every family in tests/columns.py and prints, for each, how many fits
took how many times the median of their size, the slowest one, and the largest number of iterations;
`hard.py --large` times the large ones on which solvers are known to give up.
"""

import argparse
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn_reg import LassoRegression, lambda_max

import machine

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from columns import FAMILIES, target

SHAPES = [(20, 60), (60, 20), (200, 200), (100, 400), (400, 100)]
EDGES = [1.0, 2.0, 5.0, 10.0, 20.0]  # multiples of the median


def polynomials(degree):
    """Standardised polynomials of the ten variables of diabetes."""
    X, y = load_diabetes(return_X_y=True)
    scale, expand = StandardScaler(), PolynomialFeatures(degree, include_bias=False)
    return np.asfortranarray(scale.fit_transform(expand.fit_transform(scale.fit_transform(X)))), y


def family(name, n, p):
    """Draw a problem of a family, standardised."""
    rng = np.random.default_rng(0)
    X = FAMILIES[name](rng, n, p)
    X = X[:, X.std(axis=0) > 0]
    X = np.asfortranarray((X - X.mean(axis=0)) / X.std(axis=0))
    return X, target(rng, X)


LARGE = {
    "sums 400 x 900": (lambda: family("sums", 400, 900), (1e-1, 1e-2, 1e-3, 1e-4)),
    "genotypes 600 x 3000": (lambda: family("genotypes", 600, 3000), (1e-2, 3e-3, 1e-3)),
    "polynomials 3": (lambda: polynomials(3), (1e-3, 1e-4, 1e-5)),
    "polynomials 5": (lambda: polynomials(5), (1e-2, 1e-3, 3e-4)),
    "polynomials 6": (lambda: polynomials(6), (1e-3,)),
}


def fit(X, y, share):
    """Seconds of this process, and the model."""
    model = LassoRegression(share * lambda_max(X, y), solver="auto")
    start = time.process_time()
    model.fit(X, y)
    return time.process_time() - start, model


def histogram(count):
    """Fit `count` problems of each family in each shape."""
    found = {name: [] for name in FAMILIES}
    for shape in SHAPES:
        for name, make in FAMILIES.items():
            for seed in range(count):
                rng = np.random.default_rng(seed)
                X = make(rng, *shape)
                share = 10.0 ** rng.uniform(-4, 0)
                found[name].append((shape, *fit(X, target(rng, X), share)))
    medians = {
        shape: np.median([t for fits in found.values() for at, t, _ in fits if at == shape])
        for shape in SHAPES
    }
    heads = [f"<= {edge:g}" for edge in EDGES] + [f"> {EDGES[-1]:g}"]
    print(
        f"{'family':<12}" + "".join(f"{head:>7}" for head in heads), " slowest  rounds  uncertified"
    )
    for name, fits in found.items():
        ratios = [t / medians[shape] for shape, t, _ in fits]
        counts = np.bincount(np.searchsorted(EDGES, ratios), minlength=len(heads))
        slowest = max(t for _, t, _ in fits)
        rounds = max(model.n_iter_ for *_, model in fits)
        open_ends = sum(not model.converged_ for *_, model in fits)
        shown = "".join(f"{n:>7}" for n in counts)
        print(f"{name:<12}{shown} {slowest:>6.3f} s {rounds:>7} {open_ends:>12}")


def large():
    """Fit the large ones."""
    for name, (make, shares) in LARGE.items():
        X, y = make()
        for share in shares:
            seconds, model = fit(X, y, share)
            gap = model.dual_gap_ / (0.5 * y.var())
            print(
                f"{name}, {share:g} lambda_max: {seconds:.2f} s, {model.n_iter_} rounds, "
                f"{np.count_nonzero(model.coef_)} features, gap {gap:.1e} of F(0, mean y)"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="the large ones")
    parser.add_argument("--count", type=int, default=10, help="problems of a family and shape")
    asked = parser.parse_args()
    print(machine.describe())
    warnings.simplefilter("ignore")
    large() if asked.large else histogram(asked.count)
