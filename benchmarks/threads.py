"""Our fits on one and on two BLAS threads, each in a process of its own."""

import argparse
import json
import time
import warnings

import numpy as np
from scipy import sparse

import contenders
import machine
import problems
from judge import lambda_max


def fit_times(problem, fractions, repeats):
    """Median seconds of a fit in this process, one value a fraction of lambda_max."""
    X, y = problems.load(problem)
    contenders.warm_up(contenders.OURS, sparse.issparse(X))
    return [median_time(X, y, f * lambda_max(X, y), repeats) for f in fractions]


def median_time(X, y, lambda_, repeats):
    """Median seconds of a lasso fit, after one that does not count."""
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        contenders.fit_ours(X, y, lambda_, 1.0, 1e-6)
        seconds.append(time.perf_counter() - start)
    return np.median(seconds[1:])


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add, three = parser.add_argument, ["wide_gaussian", "tall", "square"]
    add("--problems", nargs="+", default=three, choices=problems.PROBLEMS, metavar="P")
    add("--fractions", nargs="+", type=float, default=[0.1, 0.01], help="lambda / lambda_max")
    add("--threads", nargs="+", type=int, default=[1, 2])
    add("--repeats", type=int, default=5)
    add("--worker", action="store_true", help="for itself: time in this process")
    return parser.parse_args()


def main():
    """Print the table; the last column is last / first number of threads."""
    options = parse()
    if options.worker:
        print(json.dumps(fit_times(options.problems[0], options.fractions, options.repeats)))
        return
    print(machine.describe())
    heads = [f"{n} thread{'s' * (n > 1)}, ms" for n in options.threads]
    print("\n| problem | lambda / max |", " | ".join(heads), "| last / first |")
    print("|", " | ".join(["---"] * (3 + len(heads))), "|")
    for problem in options.problems:
        arguments = ("--worker", "--problems", problem, "--repeats", options.repeats)
        arguments += ("--fractions", *options.fractions)
        columns = [machine.run_python(__file__, *arguments, threads=n) for n in options.threads]
        for fraction, *row in zip(options.fractions, *columns, strict=True):
            cells = " | ".join(f"{1e3 * seconds:.3g}" for seconds in row)
            print(f"| {problem} | {fraction:g} | {cells} | {row[-1] / row[0]:.2f} |")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
