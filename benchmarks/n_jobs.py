"""Cross-validation with n_jobs=2 against 1: they take turns, and ratios of neighbours count."""

import argparse
import warnings

import numpy as np
from scipy import sparse
from sklearn_reg import LassoRegressionCV

import machine
from timing import in_turn

# Name -> rows, columns and, for sparse data, the share of entries that are stored.
SHAPES = {
    "small": (442, 10, None),
    "square": (442, 1000, None),
    "wide": (400, 20_000, None),
    "tall": (20_000, 100, None),
    "tall, many columns": (5000, 600, None),
    "sparse": (5000, 20_000, 0.002),
    "sparse, tall": (50_000, 300, 0.02),
}


def data(n, p, share):
    """Gaussian entries, twenty of whose columns count."""
    rng = np.random.default_rng(0)
    if share is None:
        X = rng.standard_normal((n, p))
    else:
        X = sparse.random_array((n, p), density=share, format="csc", rng=rng)
    return X, X[:, : min(p, 20)].sum(axis=1) + rng.standard_normal(n)


def ratios(X, y, options):
    """Seconds on one thread, and ratios of neighbouring runs, after one of each to warm up."""
    calls = {
        n_jobs: LassoRegressionCV(options.lambdas, cv=options.folds, n_jobs=n_jobs).fit
        for n_jobs in (1, options.n_jobs)
    }
    calls = {n_jobs: lambda fit=fit: fit(X, y) for n_jobs, fit in calls.items()}
    alone, together = (seconds for seconds, _ in in_turn(calls, options.repeats).values())
    return alone, together / alone


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--shapes", nargs="+", default=list(SHAPES), choices=SHAPES, metavar="S")
    add("--n-jobs", type=int, default=2)
    add("--folds", type=int, default=5)
    add("--lambdas", type=int, default=100)
    add("--repeats", type=int, default=7)
    add("--allow", type=float, default=1.1, help="largest median ratio that counts as no slower")
    return parser.parse_args()


def main():
    """Print the table; the exit status is 1 where n_jobs makes it slower."""
    options, slower = parse(), []
    print(machine.describe())
    print(f"\n| data | shape | n_jobs=1, ms | n_jobs={options.n_jobs} / 1 | range |")
    print("|", " | ".join(["---"] * 5), "|")
    for name in options.shapes:
        n, p, share = SHAPES[name]
        alone, found = ratios(*data(n, p, share), options)
        ratio = float(np.median(found))
        cells = f"{1e3 * np.median(alone):.3g} | {ratio:.2f} | {min(found):.2f}-{max(found):.2f}"
        print(f"| {name} | {n} x {p} | {cells} |", flush=True)
        slower += [name] * (ratio > options.allow)
    if slower:
        raise SystemExit(f"slower with n_jobs={options.n_jobs}: {', '.join(slower)}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
