"""What bounds, relaxed fits and stability selection cost, beside the same work without them.

Each row times calls that take turns: the plain one, and with the option. `glmnet` (the package
`glmstar` on PyPI) takes part in paths if it is installed, at its convergence threshold of 1e-14.
Bounds are such that some coefficients of a path are at them.
"""

import argparse
import warnings
from importlib.util import find_spec

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn_reg import (
    ElasticNetRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    StabilitySelection,
    lambda_max,
    regularization_path,
)

import machine
from timing import in_turn

RELAX = [0.0, 0.25, 0.5, 0.75, 1.0]


def sets(small):
    """Yield data by name: X, y, and bounds that bind."""
    rng = np.random.default_rng(0)
    X, y = load_diabetes(return_X_y=True)
    yield "diabetes", X, y, (-300.0, 400.0)
    for name, n, p in (("wide", 200, 5000), ("tall", 20_000, 100)):
        n, p = (n // 5, p // 10) if small else (n, p)
        X = rng.standard_normal((n, p))
        y = X[:, :10].sum(axis=1) + 3.0 * rng.standard_normal(n)
        yield name, X, y, (-0.1, 0.6)


def bounded(X, y, box):
    """Yield fits, paths and searches, without bounds and with them."""
    at = 0.1 * lambda_max(X, y)
    for what, call in {
        "fit": lambda **k: LassoRegression(at, solver="auto", **k).fit(X, y),
        "path": lambda **k: regularization_path(X, y, 100, eps=1e-2, **k),
        "5 folds": lambda **k: LassoRegressionCV(100, eps=1e-2, **k).fit(X, y),
        "elastic net, 5 folds": lambda **k: ElasticNetRegressionCV(100, eps=1e-2, **k).fit(X, y),
    }.items():
        yield (
            f"bounds, {what}",
            {
                "without": call,
                "that do not bind": lambda call=call: call(bounds=(-1e6, 1e6)),
                "that bind": lambda call=call: call(bounds=box),
            },
        )


def relaxed(X, y):
    """Yield searches over one and over five values of relax."""
    for name, CV in (("lasso", LassoRegressionCV), ("elastic net", ElasticNetRegressionCV)):
        yield (
            f"relax, {name}, 5 folds",
            {
                "1": lambda CV=CV: CV(100, eps=1e-2).fit(X, y),
                "0.5": lambda CV=CV: CV(100, eps=1e-2, relax=0.5).fit(X, y),
                "5 values": lambda CV=CV: CV(100, eps=1e-2, relax=RELAX).fit(X, y),
            },
        )


def stability(X, y):
    """Yield a path, and stability selection on 100 halves."""
    yield (
        "stability",
        {
            "one path": lambda: regularization_path(X, y, standardize=True),
            "100 halves": lambda: StabilitySelection(random_state=0).fit(X, y),
        },
    )


def with_glmnet(X, y, box):
    """Yield paths within bounds and their refits, by glmnet and here."""
    from glmnet import GaussNet
    from glmnet.paths.fastnet import FastNetControl

    p, X = X.shape[1], np.asfortranarray(X)
    lambdas = lambda_max(X, y) * np.geomspace(1.0, 1e-2, 100)
    control = FastNetControl(thresh=1e-14, maxit=10**7, fdev=0.0, devmax=1.0)
    limits = {"lower_limits": np.full(p, box[0]), "upper_limits": np.full(p, box[1])}
    for what, ours, theirs in (
        ("bounds", {"bounds": box}, limits),
        ("relax", {"relax": 0.5}, {"relax": True}),
    ):
        net = GaussNet(lambda_values=lambdas, standardize=False, control=control, **theirs)
        yield (
            f"path, {what}",
            {
                "here": lambda ours=ours: regularization_path(X, y, lambdas, **ours),
                "glmnet": lambda net=net: net.fit(X, y),
            },
        )


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="a tenth of the size or less")
    parser.add_argument("--repeats", type=int, default=7, help="runs of each, in turn")
    options = parser.parse_args()
    print(machine.describe("glmstar"))
    print("\n| data | work | call | ms | times the first |")
    print("|", " | ".join(["---"] * 5), "|")
    for name, X, y, box in sets(options.small):
        works = [*bounded(X, y, box), *relaxed(X, y), *stability(X, y)]
        if find_spec("glmnet"):
            works += with_glmnet(X, y, box)
        for work, calls in works:
            first = None
            for call, (seconds, _) in in_turn(calls, options.repeats).items():
                best = float(np.min(seconds))
                first = first or best
                cells = name, len(X), X.shape[1], work, call, 1e3 * best, best / first
                print("| {} {} x {} | {} | {} | {:.3g} | {:.2f} |".format(*cells), flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
