"""Prediction intervals on the diabetes data, beside those of MAPIE where it is installed.

Half of the rows are fitted, and the others get intervals. MAPIE gets the chosen penalty, fits each
fold itself, and builds the intervals from that (`method="plus"`). The last column is the largest
difference of an end from ours, over the mean width of the intervals.
"""

import argparse
import warnings
from importlib.util import find_spec

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import KFold, LeaveOneOut
from sklearn_reg import (
    ElasticNetRegression,
    ElasticNetRegressionCV,
    LassoRegressionCV,
    RidgeRegressionCV,
)

import machine
from timing import in_turn

FOLDS = {"CV+, 5 folds": KFold(5), "jackknife+": LeaveOneOut()}


def with_mapie(model, cv, level, X, y, new):
    """Fit the chosen penalty with MAPIE, and return its intervals."""
    from mapie.regression import CrossConformalRegressor

    alone = ElasticNetRegression(
        model.lambda_, l1_ratio=model.l1_ratio_, solver="auto", tol=model.tol
    )
    theirs = CrossConformalRegressor(alone, confidence_level=level, cv=cv, method="plus")
    return theirs.fit_conformalize(X, y).predict_interval(new)[1][:, :, 0].T


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="the lasso only")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each, in turn")
    parser.add_argument("--level", type=float, default=0.9, help="the confidence level")
    options = parser.parse_args()
    print(machine.describe("mapie"))
    data = load_diabetes(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(data[1]))
    (X, y), (new, known) = ([part[rows] for part in data] for rows in np.split(order, 2))
    classes = [LassoRegressionCV, RidgeRegressionCV, ElasticNetRegressionCV]
    print("\n| model | intervals | call | ms | covered | difference |")
    print("|", " | ".join(["---"] * 6), "|")
    for CV in classes[:1] if options.small else classes:
        for name, cv in FOLDS.items():
            model = CV(cv=cv, tol=1e-12).fit(X, y)
            calls = {
                "fit and predict": lambda model=model: model.fit(X, y).predict(new),
                "fit and predict_interval": lambda model=model: np.array(
                    model.fit(X, y).predict_interval(new, options.level)
                ),
            }
            if find_spec("mapie"):
                calls["MAPIE at the chosen lambda"] = lambda model=model, cv=cv: with_mapie(
                    model, cv, options.level, X, y, new
                )
            found = in_turn(calls, options.repeats)
            ours = found["fit and predict_interval"][1]
            for call, (seconds, ends) in found.items():
                covered, apart = "", ""
                if np.shape(ends) == ours.shape:
                    covered = f"{np.mean((ends[0] <= known) & (known <= ends[1])):.3f}"
                    apart = f"{np.abs(ends - ours).max() / np.mean(ours[1] - ours[0]):.1e}"
                cells = CV.__name__, name, call, f"{1e3 * np.min(seconds):.3g}", covered, apart
                print("|", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
