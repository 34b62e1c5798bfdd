"""Small data, where Python around the solver counts: sklearn_reg against scikit-learn and bbai.

The data are diabetes (442 x 10) as scikit-learn has it, the grid is 100 penalties from lambda_max
to a thousandth of it, and folds are the same for all. Every package has its own tolerance: 1e-6 of
F(0, mean y) is ours. Calls take turns; the gap is the worst of ours, from the judge. Two peers of
leave-one-out have no grid: LassoLarsCV compares the knots of its paths, bbai all of lambda.
"""

import argparse
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNetCV, Lasso, LassoCV, LassoLarsCV, RidgeCV, lasso_path
from sklearn.model_selection import GridSearchCV, LeaveOneOut, check_cv
from sklearn_reg import (
    ElasticNetRegressionCV,
    LassoRegression,
    LassoRegressionCV,
    RidgeRegressionCV,
    regularization_path,
)

import contenders
import machine
from judge import lambda_max, relative_gap, worst_gap
from timing import in_turn

X, Y = load_diabetes(return_X_y=True)
GRID = lambda_max(X, Y) * np.geomspace(1, 1e-3, 100)
RATIOS = [0.1, 0.5, 0.9]


class Workload(NamedTuple):
    """What we do, what peers do for the same end, and the worst gap of what ours returns."""

    ours: Callable
    peers: dict
    gap: Callable


def fit(model):
    """Return a call that fits the model."""
    return lambda: model.fit(X, Y)


def fold_gap(model):
    """Worst relative gap of the paths of all folds and values of l1_ratio."""
    ratios, grids = np.atleast_1d(model.l1_ratio), np.atleast_2d(model.lambdas_)
    coefs = model.fold_coefs_.reshape(len(ratios), *model.fold_coefs_.shape[-3:])
    return max(
        worst_gap(X[train], Y[train], grid, path[:, fold], ratio)
        for ratio, grid, path in zip(ratios, grids, coefs, strict=True)
        for fold, (train, _) in enumerate(check_cv(model.cv).split(X))
    )


def path_gap(path):
    """Worst relative gap of a path."""
    return worst_gap(X, Y, path.lambdas, path.coefs)


def fit_gap(model):
    """Relative gap of a lasso."""
    return relative_gap(X, Y, model.coef_, model.lambda_)


def leave_one_out_peers():
    """Who else does leave-one-out for the lasso."""
    loo = LeaveOneOut()
    peers = {
        "LassoCV": fit(LassoCV(alphas=GRID, cv=loo)),
        "LassoLarsCV": fit(LassoLarsCV(cv=loo)),
    }
    if find_spec("bbai"):
        from bbai.glm import Lasso as AllOfLambda

        peers["bbai"] = fit(AllOfLambda(loo_mode="lambda"))
    else:
        print("bbai is not installed and is skipped.")
    return peers


def workloads():
    """Name -> workload."""
    loo = LeaveOneOut()
    return {
        "lasso, 5 folds": Workload(
            fit(LassoRegressionCV(GRID, cv=5)),
            {"LassoCV": fit(LassoCV(alphas=GRID, cv=5))},
            fold_gap,
        ),
        "lasso, leave-one-out": Workload(
            fit(LassoRegressionCV(GRID, cv=loo)), leave_one_out_peers(), fold_gap
        ),
        # Each l1_ratio has a grid of its own, which both packages make alike.
        "elastic net, 3 l1_ratios, 5 folds": Workload(
            fit(ElasticNetRegressionCV(100, l1_ratio=RATIOS, cv=5)),
            {"ElasticNetCV": fit(ElasticNetCV(alphas=100, l1_ratio=RATIOS, cv=5))},
            fold_gap,
        ),
        "ridge, leave-one-out": Workload(
            fit(RidgeRegressionCV(GRID, cv=loo)),
            {"RidgeCV": fit(RidgeCV(alphas=GRID * len(Y)))},
            fold_gap,
        ),
        "lasso path": Workload(
            lambda: regularization_path(X, Y, GRID),
            {"lasso_path": lambda: lasso_path(X - X.mean(axis=0), Y - Y.mean(), alphas=GRID)},
            path_gap,
        ),
        "one lasso": Workload(
            fit(LassoRegression(0.1, solver="auto")), {"Lasso": fit(Lasso(0.1))}, fit_gap
        ),
        "lasso, grid search, 5 folds": Workload(
            fit(GridSearchCV(LassoRegression(solver="auto"), {"lambda_": GRID}, cv=5)),
            {"GridSearchCV(Lasso)": fit(GridSearchCV(Lasso(), {"alpha": GRID}, cv=5))},
            lambda search: fit_gap(search.best_estimator_),
        ),
    }


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15, help="runs of each")
    parser.add_argument("--limit", type=float, default=30.0, help="seconds that repeats may take")
    parser.add_argument("--only", nargs="+", metavar="W", help="workloads that begin with this")
    options = parser.parse_args()
    print(machine.describe("bbai"))
    chosen = workloads()
    if options.only:
        chosen = {n: w for n, w in chosen.items() if n.startswith(tuple(options.only))}
    print("\n| workload | peer | ours, ms | peer, ms | peer / ours | worst relative gap of ours |")
    print("|", " | ".join(["---"] * 6), "|")
    for name, work in chosen.items():
        calls = {contenders.OURS: work.ours, **work.peers}
        done = in_turn(calls, options.repeats, options.limit)
        seconds, value = done.pop(contenders.OURS)
        ours, gap = np.median(seconds), work.gap(value)
        for peer, (seconds, _) in done.items():
            theirs = np.median(seconds)
            cells = f"{1e3 * ours:.3g} | {1e3 * theirs:.3g} | {theirs / ours:.2f} | {gap:.0e}"
            print(f"| {name} | {peer} | {cells} |", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
