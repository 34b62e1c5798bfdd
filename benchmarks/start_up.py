"""What is paid before the first result: import, first fit, and the overhead of one call."""

import argparse
import json
import time
import warnings

import numpy as np

import contenders
import machine
from judge import lambda_max, relative_gap
from problems import load

IMPORT = """
import json, time, sklearn.linear_model
start = time.perf_counter()
import {}
print(json.dumps(time.perf_counter() - start))
"""


def import_time(package, repeats):
    """Median seconds to import a package after scikit-learn's linear models, in new processes."""
    return np.median([machine.run_python("-c", IMPORT.format(package)) for _ in range(repeats)])


def first_fits(contender):
    """Seconds of the first ten fits of this process, on diabetes; the package is imported."""
    __import__(contenders.CONTENDERS[contender][0])
    fit, (X, y) = contenders.CONTENDERS[contender][1], load("diabetes")
    lambda_ = 0.1 * lambda_max(X, y)
    return [timed(fit, X, y, lambda_, 1.0, 1e-6)[0] for _ in range(10)]


def timed(fit, *arguments):
    """Seconds, and what was returned."""
    start = time.perf_counter()
    result = fit(*arguments)
    return time.perf_counter() - start, result


def whole_calls(names, fraction, n_calls=200):
    """Median seconds of a fit on diabetes, and its relative gap, at the default tolerances.

    The contenders take turns, so that a change in the speed of the machine meets all of them.
    """
    X, y = load("diabetes")
    lambda_ = fraction * lambda_max(X, y)
    default_tol = {contenders.OURS: 1e-6, "scikit-learn": 1e-4}
    seconds = {name: [] for name in names}
    gaps = {}
    for _ in range(n_calls):
        for name in names:
            fit = contenders.CONTENDERS[name][1]
            took, coef = timed(fit, X, y, lambda_, 1.0, default_tol[name])
            seconds[name].append(took)
            gaps[name] = relative_gap(X, y, coef, lambda_)
    return {name: (np.median(seconds[name]), gaps[name]) for name in names}


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add, names = parser.add_argument, contenders.CONTENDERS
    add("--contenders", nargs="+", default=contenders.DEFAULT, choices=names, metavar="C")
    add("--repeats", type=int, default=10, help="processes for a median")
    add("--first-fits", choices=names, metavar="C", help="for itself: the fits of one process")
    return parser.parse_args()


def main():
    """Print the tables."""
    options = parse()
    if options.first_fits:
        print(json.dumps(first_fits(options.first_fits)))
        return
    print(machine.describe())
    names = contenders.installed(options.contenders)
    print("\n| package | import beyond scikit-learn's, ms | first fit, ms | tenth fit, ms |")
    print("| --- | --- | --- | --- |")
    for name in names:
        imported = import_time(contenders.CONTENDERS[name][0], options.repeats)
        runs = [machine.run_python(__file__, "--first-fits", name) for _ in range(options.repeats)]
        first, *_, tenth = np.median(runs, axis=0)
        print(f"| {name} | {1e3 * imported:.1f} | {1e3 * first:.2f} | {1e3 * tenth:.2f} |")
    print("\n| Lasso fit on diabetes, lambda / max | package | ms a call | relative gap |")
    print("| --- | --- | --- | --- |")
    pair = [name for name in (contenders.OURS, "scikit-learn") if name in names]
    for fraction in (0.1, 0.01):
        for name, (seconds, gap) in whole_calls(pair, fraction).items():
            print(f"| {fraction:g} | {name} | {1e3 * seconds:.3f} | {gap:.0e} |")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
