"""A file larger than memory should be: cross-validation in one pass, against reading it.

    python benchmarks/streaming.py [--rows 10000000] [--columns 100] [--folder F]

Each line is a process of its own: its seconds, and its peak memory in MB (Linux). The file lies in
the cache of the system if that has room; reading it is then a copy.
"""

import argparse
import json
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn_reg import LassoRegression, LassoRegressionCV

import machine

BATCH = 100_000


def write(folder, rows, columns):
    """Write X and y as float32, a batch at a time."""
    rng = np.random.default_rng(0)
    w = rng.normal(size=columns) * (rng.random(columns) < 0.3)
    with open(folder / "X", "wb") as file_x, open(folder / "y", "wb") as file_y:
        for start in range(0, rows, BATCH):
            X = rng.standard_normal((min(BATCH, rows - start), columns), dtype=np.float32) + 1
            X.tofile(file_x)
            (X @ w + rng.normal(size=len(X))).astype(np.float32).tofile(file_y)


def batches(folder, columns):
    """Read both files, a batch at a time."""
    with open(folder / "X", "rb") as file_x, open(folder / "y", "rb") as file_y:
        while (y := np.fromfile(file_y, np.float32, BATCH)).size:
            yield np.fromfile(file_x, np.float32, y.size * columns).reshape(-1, columns), y


def read(stream):
    """Read."""
    for _ in stream:
        pass


def gram(stream, dtype):
    """Read, and make one Gram product a batch."""
    total = 0.0
    for X, _ in stream:
        X = X.astype(dtype, copy=False)
        total = total + X.T @ X


TASKS = {
    "read": read,
    "read and X'X in float32": lambda stream: gram(stream, np.float32),
    "read and X'X in float64": lambda stream: gram(stream, np.float64),
    "LassoRegression.fit_batches": LassoRegression(lambda_=0.01, solver="auto").fit_batches,
    "LassoRegressionCV(cv=5).fit_batches": LassoRegressionCV(cv=5).fit_batches,
}


def work(task, folder, columns):
    """Run one task in this process."""
    start = time.perf_counter()
    TASKS[task](batches(Path(folder), int(columns)))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak": peak()}))


def peak():
    """Peak megabytes of this process: not those of the one it came from, as getrusage says."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--folder", help="where the files go; they are removed again")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(*options.worker)
        return
    print(machine.describe())
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        write(Path(folder), options.rows, options.columns)
        for task in TASKS:
            runs = [
                machine.run_python(__file__, "--worker", task, folder, options.columns)
                for _ in range(3)
            ]
            seconds = float(np.median([run["seconds"] for run in runs]))
            print(f"{task:40} {seconds:6.2f} s  {max(run['peak'] for run in runs):5.0f} MB")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
