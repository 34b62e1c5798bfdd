"""Time of a fit to the same certified accuracy: sklearn_reg, scikit-learn, celer, skglm.

A contender's tolerance is tightened tenfold at a time until the judge finds the relative gap at or
under the target; then that same fit is timed again, and the median counts. So nobody is asked for
more than the target, and nobody's own idea of "converged" matters.
"""

import argparse
import multiprocessing
import sys
import time
import warnings
from typing import NamedTuple

import numpy as np
from scipy import sparse

import contenders
import machine
import problems
from judge import lambda_max, relative_gap

TOLERANCES = [10.0**-k for k in range(2, 15)]
# The large one is for memory.py: its peers take minutes.
DEFAULT_PROBLEMS = [name for name in problems.PROBLEMS if name != "wide_large"]
LONG = 10.0  # seconds from which one repeated fit is enough


class Result(NamedTuple):
    """Seconds for each target that was reached, and the number of non-zero coefficients."""

    seconds: dict
    support: int


class Runner:
    """One contender in a process of its own, so that a fit over the time limit can be ended."""

    def __init__(self, contender, limit):
        self.contender, self.limit = contender, limit
        self.process = None

    def fit(self, problem, *settings):
        """Return (seconds, coef) of a fit, or None if it failed or took too long."""
        try:
            self._start()
            self.pipe.send((problem, None))
            self.pipe.recv()  # the data are made and the contender is warm
            self.pipe.send((problem, settings))
            if self.pipe.poll(self.limit):
                return self.pipe.recv()
            reason = f"took over {self.limit:g} s"
        except EOFError:
            reason = "ended in an error"
        print(f"{self.contender} {reason}: {problem}, {settings}", file=sys.stderr, flush=True)
        self.stop()
        return None

    def stop(self):
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.process = None

    def _start(self):
        if self.process is None:
            context = multiprocessing.get_context("spawn")
            self.pipe, theirs = context.Pipe()
            self.process = context.Process(target=serve, args=(theirs, self.contender), daemon=True)
            self.process.start()
            theirs.close()


def serve(pipe, contender):
    """Make data and time fits on request; the data are never sent, only their name."""
    warnings.simplefilter("ignore")  # the judge decides who has converged
    fit, warm = contenders.CONTENDERS[contender][1], set()
    while True:
        problem, settings = pipe.recv()
        X, y = problems.load(problem)
        if settings is None:
            if sparse.issparse(X) not in warm:
                contenders.warm_up(contender, sparse.issparse(X))
                warm.add(sparse.issparse(X))
            pipe.send("ready")
        else:
            start = time.perf_counter()
            coef = fit(X, y, *settings)
            pipe.send((time.perf_counter() - start, coef))


def time_to_gaps(runner, problem, lambda_, l1_ratio, targets):
    """Tighten the tolerance until every target is reached; a target keeps the first time."""
    X, y = problems.load(problem)
    result, left = Result({}, 0), set(targets)
    for tol in TOLERANCES:
        settings = (lambda_, l1_ratio, tol)
        done = runner.fit(problem, *settings)
        if done is None:
            break
        gap = relative_gap(X, y, done[1], *settings[:2])
        reached = {target for target in left if gap <= target}
        if reached:
            again = [runner.fit(problem, *settings) for _ in range(3 if done[0] < LONG else 1)]
            # A repeat can only miss where the fit is right at the limit; the first one then counts.
            median = float(np.median([d[0] for d in again if d] or [done[0]]))
            result = Result(
                result.seconds | dict.fromkeys(reached, median), np.count_nonzero(done[1])
            )
            left -= reached
        if not left:
            break
    return result


def print_row(where, target, results):
    """Print a row of the table and return best peer / ours, or None where either is missing."""
    seconds = {name: result.seconds.get(target) for name, result in results.items()}
    ours = seconds.get(contenders.OURS)
    peers = [s for name, s in seconds.items() if name != contenders.OURS and s is not None]
    ratio = min(peers) / ours if peers and ours else None
    support = max(result.support for result in results.values())
    cells = [*where, f"{target:.0e}", support, *map(milliseconds, seconds.values())]
    cells.append("-" if ratio is None else f"{ratio:.2f}")
    print("|", " | ".join(map(str, cells)), "|", flush=True)
    return ratio


def milliseconds(seconds):
    """Write a time in three digits; a dash where the target was not reached."""
    if seconds is None:
        return "-"
    return f"{1e3 * seconds:.{max(0, 2 - int(np.floor(np.log10(1e3 * seconds))))}f}"


def print_summary(ratios, targets):
    """Geometric means, and what they leave out."""
    for target in targets:
        known = [ratio for t, ratio in ratios if t == target and ratio is not None]
        unknown = sum(t == target and ratio is None for t, ratio in ratios)
        if known:
            print(
                f"Best peer / ours to {target:.0e}: geometric mean "
                f"{np.exp(np.mean(np.log(known))):.2f}, smallest {min(known):.2f}, "
                f"{len(known)} rows, {unknown} rows without a ratio."
            )


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog=f"Problems:\n{problems.describe()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--problems", nargs="+", default=DEFAULT_PROBLEMS, choices=problems.PROBLEMS, metavar="P")
    add("--fractions", nargs="+", type=float, default=[0.1, 0.01], help="lambda / lambda_max")
    add("--l1-ratios", nargs="+", type=float, default=[1.0, 0.5])
    add("--gaps", nargs="+", type=float, default=[1e-6, 1e-10], help="relative gaps to reach")
    names = contenders.CONTENDERS
    add("--contenders", nargs="+", default=contenders.DEFAULT, choices=names, metavar="C")
    add("--limit", type=float, default=60.0, help="seconds after which a fit is ended")
    return parser.parse_args()


def main():
    """Print the table."""
    options = parse()
    print(machine.describe())
    runners = [Runner(c, options.limit) for c in contenders.installed(options.contenders)]
    names = [runner.contender for runner in runners]
    head = ["problem", "shape", "l1_ratio", "lambda / max", "gap", "support"]
    head += [f"{name}, ms" for name in names] + ["best peer / ours"]
    print("\n|", " | ".join(head), "|\n|", " | ".join(["---"] * len(head)), "|", flush=True)
    ratios = []
    for problem in options.problems:
        X, y = problems.load(problem)
        for l1_ratio in options.l1_ratios:
            for fraction in options.fractions:
                where = (problem, f"{X.shape[0]} x {X.shape[1]}", f"{l1_ratio:g}", f"{fraction:g}")
                lambda_ = fraction * lambda_max(X, y, l1_ratio)
                settings = (problem, lambda_, l1_ratio, options.gaps)
                results = {runner.contender: time_to_gaps(runner, *settings) for runner in runners}
                ratios += [(gap, print_row(where, gap, results)) for gap in options.gaps]
    print()
    print_summary(ratios, options.gaps)
    for runner in runners:
        runner.stop()


if __name__ == "__main__":
    main()
