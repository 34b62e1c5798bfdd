"""Measure fits on Dask, and write the site's page about what a cluster can fit, docs/cluster.rst.

    python benchmarks/cluster_page.py

It takes some minutes on a quiet machine. What it writes is kept in the repository, because the site
is built without measuring.
"""

import pickle
import time
import warnings
from pathlib import Path

import dask
import dask.array as da
import numpy as np
from dask.distributed import Client, LocalCluster
from scipy import sparse
from sklearn_reg import LassoRegression
from sklearn_reg._data.dask import OnDask

import machine

PAGE = Path(__file__).parents[1] / "docs" / "cluster.rst"
ROWS, COLUMNS, CHUNKS = 10**6, 200, 16
WIDTHS = [50, 100, 200, 400, 800, 1500]
SPARSE = 100_000, 200_000, 20  # rows, columns, entries a row


def dense(n, p, chunks):
    """Make columns of which ten matter, in the memory of the workers."""
    X = da.random.default_rng(0).normal(size=(n, p), chunks=(-(-n // chunks), -1))
    y = X[:, :10].sum(axis=1) + da.random.default_rng(1).normal(size=n, chunks=X.chunks[0])
    return dask.persist(X, y)


def scattered(n, p, entries, chunks):
    """Make sparse rows in blocks of rows and columns, in the memory of the workers."""

    def block(_, block_id=None):
        rng = np.random.default_rng(block_id)
        shape = n // chunks, p // 2
        return sparse.random_array(shape, density=entries / p, format="csr", rng=rng)

    blocks = da.zeros((n, p), chunks=(n // chunks, p // 2)).map_blocks(block, dtype=float)
    (blocks,) = dask.persist(blocks)
    y = np.asarray(blocks[:, :50].map_blocks(lambda b: np.asarray(b.sum(axis=1)), drop_axis=1))
    return blocks, y + 0.1 * np.random.default_rng(0).normal(size=n)


def seconds(call, repeats=3):
    """Return the median time of calls."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def on_workers(count, call):
    """Run a measurement on so many processes of one thread."""
    with (
        LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            silence_logs=50,
        ) as local,
        Client(local),
    ):
        return call()


def one_product():
    """Nanoseconds of one core for a number of X in one Gram product, for each width."""
    found = {}
    for p in WIDTHS:
        X = np.random.default_rng(0).normal(size=(max(20_000, 4 * p), p))
        found[p] = machine_time(lambda X=X: X.T @ X) / X.size
    return found


def machine_time(call):
    """Nanoseconds of a call on one core."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        call()
        return 1e9 * seconds(call)


def scaling():
    """Seconds of a lasso on 1, 2 and 4 processes."""

    def fit():
        X, y = dense(ROWS, COLUMNS, CHUNKS)
        model = LassoRegression(lambda_=0.01, solver="auto").fit(X, y)
        return seconds(lambda: model.fit(X, y)), len(pickle.dumps(model.moments_))

    return {count: on_workers(count, fit) for count in (1, 2, 4)}


def widths():
    """Nanoseconds of a number of X for moments, and for one product with X and one with X'."""

    def measure():
        found = {}
        for p in WIDTHS:
            n = 40_000_000 // p
            X, y = dense(n, p, 8)
            model = LassoRegression(lambda_=0.01, solver="auto").fit(X, y)
            rows, _, _ = OnDask(X, y, None)._survey()
            w, v = np.ones(p), np.ones(n)

            def passes(rows=rows, w=w, v=v):
                rows.fitted(w)
                rows.correlate(v)

            moments, product = seconds(lambda m=model, X=X, y=y: m.fit(X, y)), seconds(passes)
            found[p] = 1e9 * moments / (n * p), 1e9 * product / (n * p)
        return found

    return on_workers(2, measure)


def wide():
    """Seconds, rounds of a working set and its size, of a lasso on sparse blocks."""

    def measure():
        n, p, entries = SPARSE
        X, y = scattered(n, p, entries, 8)
        model = LassoRegression(lambda_=5e-6, solver="auto")
        took = seconds(lambda: model.fit(X, y), 1)
        return took, model.n_iter_, np.count_nonzero(model.coef_), n * entries

    return on_workers(2, measure)


def table(heading, rows):
    """Format a table for the site."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in (heading, *rows):
        lines += [f"   {'*' if k == 0 else ' '} - {cell}" for k, cell in enumerate(row)]
    return "\n".join(lines)


def page():
    """Measure, and write what came out."""
    product, scaled, by_width, sparse_fit = one_product(), scaling(), widths(), wide()
    p = WIDTHS[-2]
    unit = by_width[p][0] * 2 / p  # ns of one process, a number and a column
    passes = by_width[200][1] * 2
    cores = 64
    tall_hours = 1e9 * 1e3 * 1e3 * unit / 1e9 / cores / 3600
    took, rounds, support, stored = sparse_fit
    round_ns = 1e9 * took / (rounds * stored)
    crossing = 20 * passes / unit
    return TEMPLATE.format(
        machine="\n\n".join(machine.describe().splitlines()),
        dask=f"dask {dask.__version__}",
        scaling=table(
            ["processes", "seconds", "speed-up"],
            [[k, f"{s:.2f}", f"{scaled[1][0] / s:.2f}"] for k, (s, _) in scaled.items()],
        ),
        rows=f"{ROWS:,}",
        columns=COLUMNS,
        widths=table(
            ["p", "one product X'X, one core", "moments, 2 processes", "Xw and X'r, 2 processes"],
            [
                [p, f"{product[p]:.2f}", f"{by_width[p][0]:.2f}", f"{by_width[p][1]:.2f}"]
                for p in WIDTHS
            ],
        ),
        moved=f"{scaled[1][1] / (8 * COLUMNS**2):.2f}",
        unit=f"{1000 * unit:.0f}",
        passes=f"{passes:.1f}",
        crossing=f"{round(crossing, -2):.0f}",
        cores=cores,
        tall=f"{60 * tall_hours:.0f}",
        sparse=f"{SPARSE[0]:,} x {SPARSE[1]:,} with {SPARSE[2]} entries a row",
        took=f"{took:.1f}",
        rounds=rounds,
        support=support,
        round=f"{round_ns:.0f}",
        big=f"{rounds * 1e8 * round_ns * 2 / cores / 1e9:.0f}",
    )


TEMPLATE = """\
What a cluster can fit
======================

.. This page is written by benchmarks/cluster_page.py.

{machine}

With {dask}, on processes of one thread each; data in the memory of the workers.

Tall data: one pass
-------------------

Each worker turns its chunks into moments, and a tree of sums brings them to the client:

.. math::
   \\text{{time}} \\approx \\frac{{n p^2 u}}{{\\text{{workers}}}}, \\qquad
   \\text{{bytes moved}} \\le 8 p^2 \\cdot \\text{{chunks}} \\cdot \\text{{cells}},

where cells are 1 for a fit; with k folds of consecutive rows a chunk has one or two. What the
client holds is :math:`8 p^2` bytes for each fold, and the number of rows does not matter.

A lasso on {rows} x {columns}, the solver included:

{scaling}

Four processes share the two cores of this machine. The moments of a chunk travel as {moved} times
:math:`8 p^2` bytes.

Nanoseconds for one number of X:

{widths}

Here u is {unit} picoseconds of one process for a number and a column.

Wide data: many passes
----------------------

Moments cost p operations for each number of X; a round of the working-set solver reads each number
three times (X w, X'r, and the columns that enter), about {passes} ns of one process for the first
two. With twenty rounds moments are the cheaper way up to p of about {crossing} where X is in
memory, and further where every pass reads it from disk. A fit takes moments up to p = 1500 (ridge:
10,000), and cross-validation, whose folds and lambdas would ask for hundreds of passes, as long as
the moments of all folds are below 800 MB.

Beyond, X stays on the workers. The client holds vectors of n and of p numbers (some tens of each)
and the Gram matrix of the working set, and each round moves those.

{sparse}: {took} s on two processes, {rounds} rounds and
{support} features in the end, so {round} ns for an entry and a round: with a support that large,
much of it the exact steps of the client. Keep X in the memory of the cluster (`X.persist()`): each
round reads it.

What fits
---------

.. list-table::
   :header-rows: 1

   * - data
     - on {cores} cores
     - on the client
   * - 10⁹ x 10³, dense, float64 (8 TB, read once)
     - {tall} minutes of products; reading takes longer where disks give less than 10 GB/s
     - 8 MB a fold
   * - 10⁶ x 10⁶, 100 entries a row (1.2 GB)
     - {big} s at best, at as many rounds: what the client does is not divided
     - 8 MB a vector

Both are the formulas above with the figures above, not measurements: this machine has two cores.
"""


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    PAGE.write_text(page())
    print(PAGE.read_text())
