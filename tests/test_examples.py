"""The examples run from any directory, and the first that a user sees in a fresh interpreter."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from loading import without

ROOT = Path(__file__).parents[1]
GALLERY = sorted((ROOT / "examples").glob("plot_*.py"))
HEADINGS = ("1. Lambda by", "2. A sweep", "3. Gradient descent")


def run(*arguments: str | Path, cwd: Path) -> str:
    """Run Python on this very package, and return what it prints if nothing goes wrong."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    return done.stdout


@pytest.mark.parametrize("script", GALLERY, ids=lambda script: script.stem)
def test_gallery_runs(script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    monkeypatch.chdir(tmp_path)
    with matplotlib.rc_context({"backend": "Agg", "figure.max_open_warning": 0}):
        pyplot.switch_backend("Agg")
        runpy.run_path(str(script), run_name="__main__")  # warnings are errors here
        assert pyplot.get_fignums()
        pyplot.close("all")
    assert not list(tmp_path.iterdir())


def test_quickstart_prints_its_three_parts_and_saves_its_figure(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    figure = tmp_path / "a figure.png"
    printed = run(ROOT / "examples" / "quickstart.py", "--figure", figure, cwd=tmp_path)
    assert all(heading in printed for heading in HEADINGS)
    assert len(printed.splitlines()) <= 45
    assert str(figure) in printed.splitlines()[-1]
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.iterdir()) == [figure]


@pytest.mark.parametrize("reader", ["pyarrow", "pandas", "polars"])
def test_a_file_is_read_in_batches(
    reader: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip(reader)
    script = str(ROOT / "examples" / "larger_than_memory.py")
    monkeypatch.setattr(sys, "argv", [script, "--rows", "60000", "--reader", reader])
    runpy.run_path(script, run_name="__main__")
    printed = capsys.readouterr().out
    assert "60,000 rows" in printed
    assert "chosen from 500 fits" in printed
    assert sorted(re.findall(r"^(x\d+) +0\.9", printed, re.M)) == ["x0", "x1", "x2", "x3", "x4"]


def test_quickstart_needs_no_matplotlib(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = str(ROOT / "examples" / "quickstart.py")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [script])
    without("matplotlib", monkeypatch)
    runpy.run_path(script, run_name="__main__")
    printed = capsys.readouterr().out
    assert all(heading in printed for heading in HEADINGS)
    assert "No figure without Matplotlib" in printed
    assert not list(tmp_path.iterdir())
