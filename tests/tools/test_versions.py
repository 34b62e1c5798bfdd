"""What a bug report says: the versions that run, those of what is installed, and the threads."""

from __future__ import annotations

import platform
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import sklearn_reg
from sklearn_reg import show_versions
from sklearn_reg._tools import versions


def sections(printed: str) -> list[tuple[str, dict[str, str]]]:
    """Split a report into its titles and the rows below each."""
    parts = [part.splitlines() for part in printed.strip("\n").split("\n\n")]
    rows = [dict(line.strip().split(": ", 1) for line in lines) for _, *lines in parts]
    return [(lines[0], found) for lines, found in zip(parts, rows, strict=True)]


def test_a_report_has_the_versions_that_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_versions() is None
    printed = capsys.readouterr()
    assert printed.err == ""
    (system, running), (dependencies, found), *libraries = sections(printed.out)
    assert (system, dependencies) == ("System:", "Python dependencies:")
    assert running["python"].startswith(platform.python_version())
    assert running["executable"] == sys.executable
    assert running["machine"] == platform.platform()
    assert found["sklearn_reg"] == sklearn_reg.__version__
    assert found["numpy"] == np.__version__
    assert [rows["filepath"] for _, rows in libraries] == [
        library["filepath"] for library in threadpool_info()
    ]
    assert any(
        title == "Threads of blas:" and int(rows["num_threads"]) >= 1 for title, rows in libraries
    )


def test_a_report_leaves_out_what_is_not_installed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        if name in ("pandas", "dask"):
            raise PackageNotFoundError(name)
        return "1.2"

    monkeypatch.setattr(versions, "version", version)
    monkeypatch.setattr(versions, "threadpool_info", list)
    show_versions()
    _, (_, found) = sections(capsys.readouterr().out)
    assert {"pandas", "dask"} & set(found) == set()
    assert found["polars"] == "1.2"


def test_a_report_names_all_that_the_package_needs_or_can_use() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]

    def names(wanted: list[str]) -> set[str]:
        return {re.match(r"[\w-]+", name)[0] for name in wanted}

    assert names(project["dependencies"]) <= set(versions.NEEDED)
    assert names(extras["plot"] + extras["dask"]) <= set(versions.OPTIONAL)
    assert not set(versions.NEEDED) & set(versions.OPTIONAL)
