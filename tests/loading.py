"""Import a file that is in no package, such as a script of the docs; and do without a package."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest


def module_of(path: Path) -> Any:
    """Return the module of a file, without putting its folder on the path."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def without(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let imports of a package fail as if it were not installed, until the test ends."""
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
