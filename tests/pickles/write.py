"""Write what the tests of old pickles read: `python tests/pickles/write.py NAME`.

Run it with the package of the revision or release that NAME says on the path, once before each
release; what it wrote is kept, never written again.
"""

import pickle
import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.model_selection import LeaveOneOut

import sklearn_reg


def main() -> None:
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 3))
    y = X @ [1.0, 0.0, -2.0] + rng.normal(size=20)

    written = {}
    for name, options in {
        "RidgeRegression": {"lambda_": 0.1},
        "LassoRegression": {"lambda_": 0.1, "solver": "auto"},
        "ElasticNetRegression": {"lambda_": 0.1, "solver": "auto"},
        "RidgeRegressionCV": {"lambdas": 8, "cv": 3},
        "LassoRegressionCV": {"lambdas": 8, "cv": 3},
        "ElasticNetRegressionCV": {"lambdas": 8, "cv": 3, "l1_ratio": [0.5, 0.9]},
        # Ridge keeps what makes the coefficients of each fold when they are asked for.
        "RidgeRegressionCV leave-one-out": {"lambdas": 8, "cv": LeaveOneOut()},
    }.items():
        Estimator = getattr(sklearn_reg, name.split()[0], None)
        if Estimator is not None:
            model = Estimator(**options).fit(X, y)
            written[name] = model, np.asarray(model.predict(X))
    if hasattr(sklearn_reg.RidgeRegression, "partial_fit"):
        model = sklearn_reg.RidgeRegression(0.1, solver="auto").partial_fit(X[:15], y[:15])
        written["streamed"] = model, np.asarray(model.predict(X))

    path = Path(__file__).with_name(f"{sys.argv[1]}.pkl")
    path.write_bytes(pickle.dumps(written, protocol=4))
    print(path.name, path.stat().st_size, "bytes:", ", ".join(written))


if __name__ == "__main__":
    main()
