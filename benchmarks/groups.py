"""Paths of group lassos beside adelie and skglm, to the same duality gap at every lambda.

Each row is a path of 100 lambdas from lambda_max to a hundredth of it, with an intercept and
sqrt(d_g) as group weights. A peer's tolerance falls until the gap, judged here from the formulas,
is at most 1e-6 of F(0) at every lambda; the time is that of this tolerance alone. Ours includes
certificates and degrees of freedom, which no peer has; the column "without" leaves these out.
`--agree` compares coefficients at the tightest tolerances instead. adelie needs NumPy 1: give the
Python of an environment that has it by `--adelie`. The compilation of skglm does not count.

    python benchmarks/groups.py --adelie other/bin/python --rows wide5 wide20 one-hot
    python benchmarks/groups.py --adelie other/bin/python --rows small --agree
"""

import argparse
import json
import subprocess
import sys
import time
import warnings
from importlib.util import find_spec
from unittest.mock import patch

import numpy as np
import scipy.sparse as sp

GAP, COUNT, RATIO = 1e-6, 100, 1e-2


def wide(size, n=1000, p=5000, seed=0):
    """Make groups of one size whose columns are correlated; ten of them have effects."""
    rng = np.random.default_rng(seed)
    shared = np.repeat(rng.standard_normal((n, p // size)), size, axis=1)
    X = 0.7 * rng.standard_normal((n, p)) + 0.7 * shared
    w = np.zeros(p)
    for g in rng.choice(p // size, 10, replace=False):
        w[g * size : (g + 1) * size] = rng.standard_normal(size)
    y = X @ w
    y += 0.5 * y.std() * rng.standard_normal(n)
    return X, y, np.arange(p) // size


def one_hot(n=100_000, n_categories=20, seed=0):
    """Make categories of 3 to 50 levels, a third of which have effects; sparse."""
    rng = np.random.default_rng(seed)
    blocks, y, groups = [], rng.standard_normal(n), []
    for k, levels in enumerate(rng.integers(3, 51, size=n_categories)):
        level = rng.integers(0, levels, size=n)
        ones = np.ones(n), (np.arange(n), level)
        blocks.append(sp.csr_array(ones, shape=(n, levels)))
        groups += [k] * levels
        if k % 3 == 0:
            y += rng.standard_normal(levels)[level]
    return sp.hstack(blocks).tocsc(), y, np.array(groups)


ROWS = {
    "small": ("300 x 60, groups of 5", lambda: wide(5, 300, 60)),
    "wide5": ("1000 x 5000, groups of 5", lambda: wide(5)),
    "wide20": ("1000 x 5000, groups of 20", lambda: wide(20)),
    "one-hot": ("100,000 x about 500, one-hot blocks", one_hot),
}


def largest_gap(X, y, groups, lambdas, W):
    """Return the largest duality gap over F(0) along a path, from the formulas."""
    n, roots = len(y), np.sqrt(np.bincount(groups))
    means = np.asarray(X.mean(axis=0)).ravel()
    centred = y - y.mean()
    R = centred[:, None] - X @ W.T + means @ W.T
    U = (X.T @ R - np.outer(means, R.sum(axis=0))) / n
    worst = 0.0
    for k, lambda_ in enumerate(lambdas):
        lengths = np.sqrt(np.bincount(groups, U[:, k] ** 2))
        c = min(1.0, float((lambda_ * roots / np.maximum(lengths, 1e-300)).min()))
        penalty = lambda_ * (roots @ np.sqrt(np.bincount(groups, W[k] ** 2)))
        gap = 0.5 * (1 - c) ** 2 * np.mean(R[:, k] ** 2) + penalty - c * U[:, k] @ W[k]
        worst = max(worst, float(gap))
    return worst / (0.5 * np.mean(centred**2))


def adelie(X, y, groups, tol):
    """Return seconds, lambdas and weights of adelie."""
    import adelie as ad

    X = np.asfortranarray(X.toarray() if sp.issparse(X) else X)
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    began = time.perf_counter()
    state = ad.grpnet(
        X,
        ad.glm.gaussian(y),
        groups=starts,
        alpha=1,
        lmda_path_size=COUNT,
        min_ratio=RATIO,
        adev_tol=1,
        tol=tol,
        progress_bar=False,
        n_threads=2,
    )
    seconds = time.perf_counter() - began
    return seconds, np.asarray(state.lmdas), state.betas.toarray()


def skglm(X, y, groups, tol):
    """Return seconds, lambdas and weights of skglm, one warm-started fit after another."""
    from skglm.datafits import QuadraticGroup
    from skglm.penalties import WeightedGroupL2
    from skglm.solvers import GroupBCD
    from skglm.utils.data import grp_converter

    began = time.perf_counter()
    X = X.toarray() if sp.issparse(X) else X
    X, y = np.asfortranarray(X - X.mean(axis=0)), y - y.mean()
    roots = np.sqrt(np.bincount(groups))
    members = [np.flatnonzero(groups == g).tolist() for g in np.unique(groups)]
    indices, pointers = grp_converter(members, X.shape[1])
    largest = (np.sqrt(np.bincount(groups, (X.T @ y / len(y)) ** 2)) / roots).max()
    lambdas, W, w, Xw = np.geomspace(largest, RATIO * largest, COUNT), [], None, None
    datafit = QuadraticGroup(pointers, indices)
    solver = GroupBCD(tol=tol, max_iter=1000, fit_intercept=False, warm_start=True)
    for lambda_ in lambdas:
        penalty = WeightedGroupL2(lambda_, roots, pointers, indices)
        w = solver.solve(X, y, datafit, penalty, w_init=w, Xw_init=Xw)[0]
        Xw = X @ w
        W.append(w.copy())
    return time.perf_counter() - began, lambdas, np.array(W)


def to_the_gap(run, data, tolerances):
    """Return the seconds, the gap and the tolerance of the first one that reaches the gap."""
    for tol in tolerances:
        seconds, lambdas, W = run(*data, tol)
        gap = largest_gap(*data, lambdas, W)
        if gap <= GAP:
            again = run(*data, tol)[0]
            return min(seconds, again), gap, tol
    return float("nan"), gap, tol


def without_freedom(X, y, groups, tol):
    """Return what `ours` does, without degrees of freedom."""
    name = "sklearn_reg._solvers.paths.group_degrees_of_freedom"
    with patch(name, lambda design, solutions, mapped: np.zeros(len(solutions))):
        return ours(X, y, groups, tol)


def ours(X, y, groups, tol):
    """Return seconds, lambdas and weights of this package."""
    from sklearn_reg import regularization_path

    began = time.perf_counter()
    path = regularization_path(X, y, COUNT, groups=groups, eps=RATIO, tol=tol)
    coefs = path.coefs.toarray() if sp.issparse(path.coefs) else path.coefs
    return time.perf_counter() - began, path.lambdas, coefs


def print_agreement(data, theirs):
    """Print the largest difference of coefficients, as a share of the largest coefficient."""
    _, _, mine = ours(*data, 1e-14)
    for name, W in theirs.items():
        print(f"{name}: {np.abs(mine - np.asarray(W)).max() / np.abs(mine).max():.1e}")


def of_child(python, row, *more):
    """Run adelie in another environment."""
    command = [python, "-W", "ignore", __file__, "--child", row, *more]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=ROWS)
    parser.add_argument("--adelie", help="a Python that has adelie")
    parser.add_argument("--agree", action="store_true", help="compare coefficients")
    parser.add_argument("--child", choices=ROWS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    falling = 10.0 ** -np.arange(7, 17)
    if asked.child and asked.agree:
        print(json.dumps(adelie(*ROWS[asked.child][1](), 1e-20)[2].tolist()))
        return
    if asked.child:
        print(json.dumps(to_the_gap(adelie, ROWS[asked.child][1](), falling)))
        return
    import machine

    print(machine.describe())
    if asked.agree:
        for row in asked.rows:
            data = ROWS[row][1]()
            theirs = {"skglm": skglm(*data, 1e-14)[2]} if find_spec("skglm") else {}
            if asked.adelie:
                theirs["adelie"] = of_child(asked.adelie, row, "--agree")
            print_agreement(data, theirs)
        return
    print("\n| path of 100, to 1e-6 | ours s | without | adelie s | ratio | skglm s | ratio |")
    print("|---|---|---|---|---|---|---|")
    for row in asked.rows:
        name, make = ROWS[row]
        data = make()
        mine, *_ = to_the_gap(ours, data, [GAP])
        cells = [f"{mine:.2f}", f"{to_the_gap(without_freedom, data, [GAP])[0]:.2f}"]
        theirs = of_child(asked.adelie, row)[0] if asked.adelie else float("nan")
        cells += [f"{theirs:.2f}", f"{theirs / mine:.1f}"]
        if find_spec("skglm"):
            skglm(*(part[:50] if k < 2 else part for k, part in enumerate(data)), 1e-2)  # compile
            theirs, *_ = to_the_gap(skglm, data, falling[:6])
            cells += [f"{theirs:.2f}", f"{theirs / mine:.1f}"]
        else:
            cells += ["-", "-"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main())
