"""Peak memory of a fit beyond X: how far the process grows once X is there.

A first process makes the data and writes them to a file; a second fits tiny data, so that
libraries and compilers have started, reads the file, and then fits. The making of the data, with
its temporaries, is so in no figure.
"""

import argparse
import json
import resource
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from scipy import sparse

import contenders
import machine
import problems
from judge import lambda_max

MEGABYTE = 2.0**20
# ru_maxrss is in kilobytes, except on macOS.
RESOURCE_UNIT = 1 if sys.platform == "darwin" else 1024


def write(problem, folder):
    """Make a problem and write it, with its size and lambda_max."""
    X, y = problems.load(problem)
    if sparse.issparse(X):
        parts = {"data": X.data, "indices": X.indices, "indptr": X.indptr}
    else:
        parts = {"dense": X}
    for name, values in parts.items():
        np.save(Path(folder, name), values)
    np.save(Path(folder, "y"), y)
    return {
        "shape": X.shape,
        "megabytes": sum(values.nbytes for values in parts.values()) / MEGABYTE,
        "lambda_max": lambda_max(X, y),
    }


def read(folder, shape):
    """Read what was written, without a copy on the way."""
    parts = {path.stem: np.load(path) for path in sorted(Path(folder).glob("*.npy"))}
    if "dense" in parts:
        return parts["dense"], parts["y"]
    X = sparse.csc_matrix((parts["data"], parts["indices"], parts["indptr"]), shape, copy=False)
    return X, parts["y"]


def growth(contender, folder, shape, lambda_):
    """Megabytes by which a fit raises the peak of this process."""
    contenders.warm_up(contender, is_sparse=not Path(folder, "dense.npy").exists())
    X, y = read(folder, shape)
    before = peak()
    contenders.CONTENDERS[contender][1](X, y, lambda_, 1.0, 1e-6)
    return peak() - before


def peak():
    """Peak megabytes of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RESOURCE_UNIT / MEGABYTE


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add, names = parser.add_argument, contenders.CONTENDERS
    three = ["wide_large", "tall", "sparse_text"]
    add("--problems", nargs="+", default=three, choices=problems.PROBLEMS, metavar="P")
    add("--fractions", nargs="+", type=float, default=[0.1, 0.01], help="lambda / lambda_max")
    add("--contenders", nargs="+", default=contenders.DEFAULT, choices=names, metavar="C")
    add("--worker", nargs="+", help=argparse.SUPPRESS)
    return parser.parse_args()


def work(task, *arguments):
    """Do one step in this process and print what came out."""
    if task == "write":
        print(json.dumps(write(*arguments)))
    else:
        contender, folder, rows, columns, lambda_ = arguments
        print(json.dumps(growth(contender, folder, (int(rows), int(columns)), float(lambda_))))


def main():
    """Print the table."""
    options = parse()
    if options.worker:
        work(*options.worker)
        return
    print(machine.describe())
    names = contenders.installed(options.contenders)
    print("\n| problem | X, MB | lambda / max |", " | ".join(f"{n}, MB" for n in names), "|")
    print("|", " | ".join(["---"] * (3 + len(names))), "|")
    for problem in options.problems:
        with tempfile.TemporaryDirectory() as folder:
            made = machine.run_python(__file__, "--worker", "write", problem, folder)
            for fraction in options.fractions:
                settings = (folder, *made["shape"], fraction * made["lambda_max"])
                cells = [
                    machine.run_python(__file__, "--worker", "grow", name, *settings)
                    for name in names
                ]
                figures = " | ".join(f"{cell:.1f}" for cell in cells)
                print(f"| {problem} | {made['megabytes']:.1f} | {fraction:g} | {figures} |")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
