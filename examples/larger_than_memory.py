"""Cross-validate a lasso on a Parquet file that need not fit into memory, in one pass.

    python examples/larger_than_memory.py [--rows 2000000] [--reader pyarrow|pandas|polars]

It writes a table a piece at a time, reads it back a batch at a time, shows its progress where
scikit-learn has a ProgressBar (1.9 and later, with rich), and says what memory that took. `pandas`
reads a CSV file instead.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sklearn_reg import LassoRegressionCV

COLUMNS, PIECE = 50, 50_000
MEGABYTE = 2**20
RESOURCE_UNIT = 1 if sys.platform == "darwin" else 1024


def pieces(rows: int) -> Iterator[pd.DataFrame]:
    """Make a table of which five columns matter, a piece at a time."""
    rng = np.random.default_rng(0)
    for start in range(0, rows, PIECE):
        X = rng.normal(size=(min(PIECE, rows - start), COLUMNS)).astype(
            np.float32
        )
        table = pd.DataFrame(X, columns=[f"x{j}" for j in range(COLUMNS)])
        yield table.assign(
            target=X[:, :5].sum(axis=1) + rng.normal(size=len(X))
        )


def write(path: Path, rows: int) -> None:
    """Write the table, as CSV or as Parquet by the name of the file."""
    if path.suffix == ".csv":
        for k, table in enumerate(pieces(rows)):
            table.to_csv(
                path, mode="a", header=k == 0, index=False, float_format="%.6g"
            )
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = (
        pa.Table.from_pandas(table, preserve_index=False)
        for table in pieces(rows)
    )
    first = next(tables)
    with pq.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)


def batches(path: Path, reader: str) -> Iterator[tuple[Any, Any]]:
    """Read the file a batch at a time: X and y as data frames, or whatever the reader has."""
    if reader == "pandas":
        for table in pd.read_csv(path, chunksize=PIECE, dtype=np.float32):
            yield table.drop(columns="target"), table["target"]
    elif reader == "polars":
        import polars as pl

        for table in pl.scan_parquet(path).collect_batches(chunk_size=PIECE):
            yield table.drop("target"), table["target"]
    else:
        import pyarrow.parquet as pq

        for batch in pq.ParquetFile(path).iter_batches(PIECE):
            table = batch.to_pandas()
            yield table.drop(columns="target"), table["target"]


def with_progress(model: LassoRegressionCV) -> LassoRegressionCV:
    """Attach scikit-learn's progress bar, where there is one."""
    try:
        import rich  # noqa: F401
        from sklearn.callback import ProgressBar
    except ImportError:
        return model
    return model.set_callbacks(ProgressBar())


def peak() -> float:
    """Peak megabytes of this process so far."""
    return (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        * RESOURCE_UNIT
        / MEGABYTE
    )


def main() -> None:
    """Write, fit, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument(
        "--reader", choices=["pyarrow", "pandas", "polars"], default="pyarrow"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(
            folder,
            "table.csv" if options.reader == "pandas" else "table.parquet",
        )
        write(path, options.rows)
        before = peak()
        model = with_progress(LassoRegressionCV(rule="1se"))
        model.fit_batches(batches(path, options.reader))
        size = path.stat().st_size / MEGABYTE
    in_memory = 4 * options.rows * (COLUMNS + 1) / MEGABYTE
    print(
        f"{options.rows:,} rows, {size:.0f} MB on disk, {in_memory:.0f} MB as float32"
    )
    print(
        f"peak memory: {before:.0f} MB before the fit, {peak():.0f} MB after it"
    )
    print(
        f"lambda {model.lambda_:.3g}, chosen from {model.mse_path_.size} fits"
    )
    print(model.coef_table().head(6).round(3).to_string())


if __name__ == "__main__":
    main()
