"""Run the benchmarks and write the site's page about them, docs/performance.rst, and its figure.

    python benchmarks/performance_page.py [--problems ...]

It takes a quarter of an hour on a quiet machine. What it writes is kept in the repository, because
the site is built on machines without the peers.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

import problems

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
DEFAULT = ["diabetes", "wide_gaussian", "wide_small", "snp", "tall"]

PAGE = """\
How fast
========

.. This page is written by benchmarks/performance_page.py.

{machine}

Times vary by a third from run to run on this machine. Every gap is recomputed from X, y and the
weights by a judge outside of all packages. The tolerance of a contender is tightened until the
judge finds the gap that was asked for, and that fit is timed. Times are in milliseconds.

.. list-table:: The problems
   :header-rows: 1

   * - name
     - what it is
{problems}

One fit
-------

Lasso fits to a relative duality gap, without any package's first call (and without the time to
compile, for those that do). `-` was not reached in 20 seconds. The last column is the time of the
best other package divided by ours: above 1, ours is faster.

.. figure:: _static/performance.png
   :alt: Times of lasso fits by package, on a logarithmic axis
   :width: 100%

   The same as a picture: each row is a problem and a penalty, and further left is faster.

{fits}

Where a fit takes a few milliseconds, what Python does around it counts, and coordinate descent is
as fast or faster. What grows - small penalties, many features, high accuracy - grows more slowly
here.

A hundred lambdas, and five folds of them
-----------------------------------------

Down to a hundredth of the largest lambda, the same grid and folds for all. The gap is the worst of
the run; peers have the tolerance given, which does not bound their gap.

{paths}

{folds}

{grid}

On a GPU
--------

No GPU was at hand, so there is no table. Arrays of PyTorch, JAX and CuPy are fitted on their device
(:doc:`guide/large`). `SCIPY_ARRAY_API=1 python benchmarks/devices.py --device cuda` times this
beside NumPy, on cross-validation of 10,000,000 x 100 and 1,000,000 x 1000 and a path of
400 x 400,000.

Run it yourself: `python benchmarks/performance_page.py`, after `pip install -r
benchmarks/requirements.txt`.
"""


def tables(script, *options):
    """Run a benchmark; return its first lines and the tables it printed, as lists of rows."""
    command = [sys.executable, HERE / script, *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found, machine = [], []
    before = ""
    for line in done.stdout.splitlines():
        if line.startswith("|"):
            if not before.startswith("|"):
                found.append([])
            if not line.startswith("|---") and not line.startswith("| ---"):
                found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif not found and line:
            machine.append(line)
        before = line
    return machine, found


def rst(rows):
    """Write a table for Sphinx, its first row the heading."""
    width = len(rows[0])
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in rows:
        for k, cell in enumerate(row + [""] * (width - len(row))):
            lines.append(f"   {'*' if k == 0 else ' '} - {cell}".rstrip())
    return "\n".join(lines)


def compact(rows):
    """Leave out what is the same in all rows or said above, and shorten words and powers."""
    heading = rows[0]
    kept = [k for k, name in enumerate(heading) if name not in ("shape", "l1_ratio")]
    words = {"lambda / max": "λ / max", "best peer / ours": "best other / ours"}
    short = [
        [re.sub(r"e-0(\d)$", r"e-\1", row[k]).removesuffix(", ms") for k in kept] for row in rows
    ]
    short[0] = [words.get(name, name) for name in short[0]]
    return short


def merged(found, title):
    """Return the rows of all tables with this title as one table."""
    parts = [rows for rows in found if rows[0][0] == title]
    return [parts[0][0], *(row for rows in parts for row in rows[1:])]


def draw(rows):
    """Draw times by package: a row for each problem, penalty and gap."""
    mpl.use("Agg")
    plt.style.use("sklearn_reg.legible")
    heading, *rows = rows
    packages = {k: name.removesuffix(", ms") for k, name in enumerate(heading) if ", ms" in name}
    names = [f"{r[0]} {r[1]}, λ/max {r[3]}, gap {r[4]}" for r in rows]
    figure, ax = plt.subplots(figsize=(9, 0.27 * len(rows) + 1))
    places = np.arange(len(rows))
    for marker, (k, package) in zip("oDs^", packages.items(), strict=False):
        times = [float(row[k]) if row[k] != "-" else np.nan for row in rows]
        ours = package == "sklearn_reg"
        ax.plot(
            times,
            places,
            marker,
            label=package,
            linestyle="none",
            markersize=8 if ours else 5,
            fillstyle="full" if ours else "none",
        )
    for place in places[1:]:
        ax.axhline(place - 0.5, color="0.92", linestyle="-", linewidth=0.6, zorder=0)
    ax.set(xscale="log", xlabel="milliseconds", yticks=places, yticklabels=names)
    ax.tick_params(axis="y", labelsize=8, length=0)
    ax.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=4)
    figure.savefig(DOCS / "_static" / "performance.png", dpi=130)


def main():
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="+", default=DEFAULT, choices=problems.PROBLEMS)
    chosen = parser.parse_args().problems
    machine, (fits,) = tables(
        "time_to_gap.py", "--l1-ratios", "1", "--limit", "20", "--problems", *chosen
    )
    smaller = [name for name in chosen if name != "wide_gaussian"]
    _, found = tables("selection.py", "--tols", "1e-4", "--problems", *smaller)
    described = "\n".join(
        f"   * - {name}\n     - {problems.PROBLEMS[name].__doc__}" for name in chosen
    )
    page = PAGE.format(
        machine="\n\n".join(machine),
        fits=rst(compact(fits)),
        paths=rst(merged(found, "path of 100")),
        folds=rst(merged(found, "5 folds x 100")),
        grid=rst(merged(found, "grid search")),
        problems=described,
    )
    (DOCS / "performance.rst").write_text(page, encoding="utf-8")
    draw(fits)


if __name__ == "__main__":
    main()
