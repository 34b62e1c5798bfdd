"""Fits where the data are: arrays of PyTorch on a device beside NumPy's, the same work.

A row makes the data on the device, fits there, copies X to the memory of the CPU, and fits again.
Each time is the median of three calls, or of the first calls that take 30 s; the copy does not
count. A peer fits the same lambdas to the same rows one by one, on the device too if it is cuML,
once. `--scale` divides the number of rows of
tall data and of columns of wide data, for a machine with less memory. Without a GPU, `--device cpu`
shows what dispatch costs.

    SCIPY_ARRAY_API=1 python benchmarks/devices.py --device cuda --peer cuml
    SCIPY_ARRAY_API=1 python benchmarks/devices.py --device cpu --scale 100 --peer sklearn
"""

import argparse
import os
import warnings
from functools import partial
from importlib import import_module

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # before SciPy is imported

import numpy as np
import sklearn
import torch
from sklearn_reg import LassoRegressionCV, regularization_path

import machine
from machine import timed

N_LAMBDAS, N_FOLDS = 100, 5
ROWS = {
    "tall": ("CV of 5 x 100", 10_000_000, 100),
    "squarer": ("CV of 5 x 100", 1_000_000, 1000),
    "wide": ("path of 100", 400, 400_000),
}


def make(n, p, device):
    """Make data in single precision, of which ten columns have an effect."""
    torch.manual_seed(0)
    X = torch.randn(n, p, device=device)
    y = X[:, :10].sum(dim=1) + torch.randn(n, device=device)
    return X, y


def fitted(X, y):
    """Return the lambdas and the coefficients of all that a row asks for."""
    if X.shape[0] > X.shape[1]:
        model = LassoRegressionCV(N_LAMBDAS, cv=N_FOLDS).fit(X, y)
        return model.lambdas_, model.coef_
    path = regularization_path(X, y, N_LAMBDAS)
    return path.lambdas, path.coefs.toarray() if hasattr(path.coefs, "toarray") else path.coefs


def fit_each(peer, X, y, lambdas):
    """Fit the lasso of a peer for each lambda to the training rows of each fold, and to all."""
    tall, fold = X.shape[0] > X.shape[1], torch.arange(len(X), device=X.device) * N_FOLDS // len(X)
    kept = [fold != left_out for left_out in range(N_FOLDS)] if tall else []
    lasso = import_module(f"{peer}.linear_model").Lasso
    as_array = import_module("cupy").asarray if peer == "cuml" else np.asarray
    for rows in (*kept, slice(None)):
        A, b = as_array(X[rows]), as_array(y[rows])
        for lambda_ in lambdas:
            lasso(alpha=float(lambda_)).fit(A, b)


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=ROWS)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--peer", choices=("cuml", "sklearn"))
    asked = parser.parse_args()
    print(machine.describe())
    on_gpu = asked.device.startswith("cuda")
    print("Device:", torch.cuda.get_device_name(asked.device) if on_gpu else asked.device)
    heads = ["work, float32", "device s", "NumPy s", "ratio", "largest difference"]
    heads += [f"{asked.peer} s", "ratio"] * bool(asked.peer)
    print("\n| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
    for row in asked.rows:
        work, n, p = ROWS[row]
        n, p = (n // asked.scale, p) if n > p else (n, p // asked.scale)
        X, y = make(n, p, asked.device)
        there, (lambdas, coefs) = timed(partial(fitted, X, y))
        A, b = X.cpu().numpy(), y.cpu().numpy()
        here, (_, wanted) = timed(partial(fitted, A, b))
        apart = np.abs(coefs - wanted).max() / np.abs(wanted).max()
        cells = [f"{n} x {p}, {work}", f"{there:.2f}", f"{here:.2f}", f"{here / there:.1f}"]
        cells.append(f"{apart:.0e}")
        if asked.peer:
            theirs, _ = timed(partial(fit_each, asked.peer, X, y, lambdas), repeats=1)
            cells += [f"{theirs:.2f}", f"{theirs / there:.1f}"]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with sklearn.config_context(array_api_dispatch=True):
        main()
