"""Our fits with BLAS limited to one and to two threads, each in processes of their own.

The processes take turns, and the median of their medians counts.
"""

import argparse
import json
import warnings

import numpy as np
from sklearn_reg import (
    LassoRegression,
    LassoRegressionCV,
    RidgeRegression,
    RidgeRegressionCV,
    regularization_path,
)
from threadpoolctl import threadpool_limits

import machine
from judge import lambda_max
from n_jobs import data
from timing import in_turn


def lasso(X, y):
    """Fit a lasso at a hundredth of lambda_max."""
    return LassoRegression(lambda_max(X, y) / 100, solver="auto").fit(X, y)


# Name -> rows, columns, and what to do with the data.
WORKLOADS = {
    "wide path": (600, 20_000, regularization_path),
    "wide cross-validation": (600, 20_000, LassoRegressionCV().fit),
    "tall fit": (200_000, 50, lasso),
    "tall cross-validation": (200_000, 50, LassoRegressionCV().fit),
    "square fit": (2000, 2000, lasso),
    "wide ridge cross-validation": (300, 5000, RidgeRegressionCV().fit),
    "wide ridge fit": (300, 5000, RidgeRegression(solver="auto").fit),
}


def median_seconds(name, threads, repeats):
    """Median seconds of a workload in this process."""
    n, p, work = WORKLOADS[name]
    X, y = data(n, p, None)
    with threadpool_limits(threads, user_api="blas"):
        seconds, _ = in_turn({name: lambda: work(X, y)}, repeats)[name]
    return float(np.median(seconds))


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--only", nargs="+", default=list(WORKLOADS), choices=WORKLOADS, metavar="W")
    add("--threads", nargs="+", type=int, default=[1, 2])
    add("--rounds", type=int, default=3, help="processes for each number of threads")
    add("--repeats", type=int, default=5, help="runs in a process, after one that does not count")
    add("--worker", action="store_true", help="for itself: time in this process")
    return parser.parse_args()


def main():
    """Print the table; the last column is last / first number of threads."""
    options = parse()
    if options.worker:
        print(json.dumps(median_seconds(options.only[0], options.threads[0], options.repeats)))
        return
    print(machine.describe())
    heads = [f"{n} thread{'s' * (n > 1)}, ms" for n in options.threads]
    print("\n| workload | shape |", " | ".join(heads), "| last / first |")
    print("|", " | ".join(["---"] * (3 + len(heads))), "|")
    for name in options.only:
        arguments = ("--worker", "--only", name, "--repeats", options.repeats, "--threads")
        rounds = [
            [machine.run_python(__file__, *arguments, n) for n in options.threads]
            for _ in range(options.rounds)
        ]
        row = np.median(rounds, axis=0)
        cells = " | ".join(f"{1e3 * seconds:.3g}" for seconds in row)
        n, p, _ = WORKLOADS[name]
        print(f"| {name} | {n} x {p} | {cells} | {row[-1] / row[0]:.2f} |", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
