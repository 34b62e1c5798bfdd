"""Fits where the data are: arrays of PyTorch on a device beside NumPy's, the same work.

A row makes the data on the device, fits there, copies X to the memory of the CPU, and fits again.
Each time is the better one of two; the copy does not count. `--scale` divides the number of rows of
tall data and of columns of wide data, for a machine with less memory. Without a GPU, `--device cpu`
shows what dispatch costs.

    SCIPY_ARRAY_API=1 python benchmarks/devices.py --device cuda
    SCIPY_ARRAY_API=1 python benchmarks/devices.py --device cpu --scale 100
"""

import argparse
import os
import time
import warnings

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # before SciPy is imported

import numpy as np
import sklearn
import torch
from sklearn_reg import LassoRegressionCV, regularization_path

import machine

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
    """Return the coefficients of all that a row asks for."""
    if X.shape[0] > X.shape[1]:
        return LassoRegressionCV(100, cv=5).fit(X, y).coef_
    coefs = regularization_path(X, y, 100).coefs
    return coefs.toarray() if hasattr(coefs, "toarray") else coefs


def timed(X, y):
    """Return the better of two times, and the coefficients."""
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        coefs = fitted(X, y)
        seconds.append(time.perf_counter() - began)
    return min(seconds), coefs


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=ROWS)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--scale", type=int, default=1)
    asked = parser.parse_args()
    print(machine.describe())
    on_gpu = asked.device.startswith("cuda")
    print("Device:", torch.cuda.get_device_name(asked.device) if on_gpu else asked.device)
    print("\n| work, float32 | device s | NumPy s | ratio | largest difference |")
    print("|---|---|---|---|---|")
    for row in asked.rows:
        work, n, p = ROWS[row]
        n, p = (n // asked.scale, p) if n > p else (n, p // asked.scale)
        X, y = make(n, p, asked.device)
        there, coefs = timed(X, y)
        here, wanted = timed(X.cpu().numpy(), y.cpu().numpy())
        apart = np.abs(coefs - wanted).max() / np.abs(wanted).max()
        print(
            f"| {n} x {p}, {work} | {there:.2f} | {here:.2f} | {here / there:.1f} | {apart:.0e} |",
            flush=True,
        )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with sklearn.config_context(array_api_dispatch=True):
        main()
