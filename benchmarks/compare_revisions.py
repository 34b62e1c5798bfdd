"""Is a revision slower than another? Run before a release: `compare_revisions.py v0.1.0`.

Each revision is checked out and runs in a process of its own; the two take turns on the same
problem, so that a change in the speed of the machine meets both. What is reported is the median of
the ratios of neighbouring runs with its 95 % confidence interval, the ratio of the peaks of memory,
and the iterations, which are counted and not timed. The exit status is 1 if a workload is slower,
beyond doubt and by more than `--allow`; times themselves are nowhere compared.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from scipy.stats import binom

import machine
from problems import load

ROOT = Path(__file__).parents[1]


def workloads(package):
    """Name -> a problem and what to do with it, by the public API of this revision."""
    lasso, enet, ridge = (
        package.LassoRegression,
        package.ElasticNetRegression,
        package.RidgeRegression,
    )
    auto = {"solver": "auto"}

    def batches(X, y):
        return ((X[k : k + 20_000], y[k : k + 20_000]) for k in range(0, len(y), 20_000))

    return {
        "small lasso": ("diabetes", lambda X, y: lasso(0.05, **auto).fit(X, y)),
        "small ridge": ("diabetes", lambda X, y: ridge(0.05, **auto).fit(X, y)),
        "descent": (
            "diabetes",
            lambda X, y: lasso(0.05, learning_rate="auto", tol=0, n_iterations=500).fit(X, y),
        ),
        "wide lasso": ("wide_gaussian", lambda X, y: lasso(0.02, **auto).fit(X, y)),
        "wide elastic net": ("wide_small", lambda X, y: enet(0.02, l1_ratio=0.5, **auto).fit(X, y)),
        "wide ridge": ("snp", lambda X, y: ridge(0.1, **auto).fit(X, y)),
        "tall lasso": ("tall", lambda X, y: lasso(0.01, **auto).fit(X, y)),
        "sparse lasso": ("sparse_text", lambda X, y: lasso(0.0005, **auto).fit(X, y)),
        "path": ("wide_small", lambda X, y: package.regularization_path(X, y)),
        "cross-validation, wide": ("snp", lambda X, y: package.LassoRegressionCV().fit(X, y)),
        "cross-validation, tall": ("tall", lambda X, y: package.LassoRegressionCV().fit(X, y)),
        "cross-validation, ridge": ("tall", lambda X, y: package.RidgeRegressionCV().fit(X, y)),
        "stream": ("tall", lambda X, y: lasso(0.01, **auto).fit_batches(batches(X, y))),
    }


def serve():
    """Answer names of workloads with what a run took, one JSON line each; the revision's side."""
    import sklearn_reg

    known, current = workloads(sklearn_reg), None
    for line in sys.stdin:
        name = line.strip()
        problem, work = known[name]
        X, y = load(problem)
        answer = {}
        if name != current:  # warm up, and count
            current = name
            model = work(X, y)
            answer["n_iter"] = int(getattr(model, "n_iter_", 0))
            tracemalloc.start()
            work(X, y)
            answer["peak"] = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        start = time.perf_counter()
        work(X, y)
        answer["seconds"] = time.perf_counter() - start
        print(json.dumps(answer), flush=True)


@contextmanager
def checked_out(revision):
    """Yield a folder with this revision; None is the working tree."""
    if revision is None:
        yield ROOT
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["git", "worktree", "add", "--quiet", "--detach", folder, revision],
            cwd=ROOT,
            check=True,
        )
        try:
            yield Path(folder)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", folder], cwd=ROOT, check=True)


@contextmanager
def serving(folder):
    """Yield a function that runs a workload with the package in this folder."""
    here = str(Path(__file__).parent)
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(folder), here]))
    environment.update(dict.fromkeys(machine.THREAD_VARIABLES, "1"))
    command = [sys.executable, "-W", "ignore", __file__, "--serve"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def run(name):
            process.stdin.write(name + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                raise SystemExit(f"{name} fails in {folder}")
            return json.loads(line)

        yield run
        process.stdin.close()


def compare(name, before, after, n_pairs):
    """Ratios of neighbouring runs, and what was counted at the first."""
    counted = before(name), after(name)
    ratios = []
    for pair in range(n_pairs):
        order = (before, after) if pair % 2 else (after, before)
        seconds = {run: run(name)["seconds"] for run in order}
        ratios.append(seconds[after] / seconds[before])
    return np.sort(ratios), counted


def interval(ratios):
    """95 % confidence interval of the median, from order statistics: no distribution assumed."""
    low = int(binom.ppf(0.025, len(ratios), 0.5))
    return ratios[max(0, low - 1)], ratios[min(len(ratios) - 1, len(ratios) - low)]


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("before", nargs="?", help="revision to compare with, such as a tag")
    add("after", nargs="?", help="revision to judge; the working tree if not given")
    add("--pairs", type=int, default=15, help="runs of each, in turn")
    add("--allow", type=float, default=0.05, help="share of the time that does not matter")
    add("--only", nargs="+", metavar="W", help="workloads")
    add("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    if options.before is None:
        parser.error("which revision is it to be compared with?")
    print(machine.describe())
    print("\n| workload | time, after / before | 95 % interval | memory | iterations | verdict |")
    print("| --- | --- | --- | --- | --- | --- |")
    slower = False
    with (
        checked_out(options.before) as old,
        checked_out(options.after) as new,
        serving(old) as before,
        serving(new) as after,
    ):
        for name in options.only or workloads(__import__("sklearn_reg")):
            ratios, (was, now) = compare(name, before, after, options.pairs)
            low, high = interval(ratios)
            verdict = "same"
            if low > 1 + options.allow:
                verdict, slower = "SLOWER", True
            elif high < 1 - options.allow:
                verdict = "faster"
            print(
                f"| {name} | {np.median(ratios):.2f} | {low:.2f} to {high:.2f} | "
                f"{now['peak'] / was['peak']:.2f} | {was['n_iter']} -> {now['n_iter']} | "
                f"{verdict} |",
                flush=True,
            )
    sys.exit(int(slower))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
