"""What the package never does: SECURITY.md promises it, and here it is held to it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sklearn_reg

SOURCE = sorted(Path(sklearn_reg.__file__).parent.rglob("*.py"))
# Modules that read, write, start or load, and functions that run what they are given.
FORBIDDEN_MODULES = {
    "ctypes",
    "dill",
    "cloudpickle",
    "http",
    "importlib",
    "joblib",
    "marshal",
    "multiprocessing",
    "pickle",
    "requests",
    "shelve",
    "shutil",
    "socket",
    "subprocess",
    "tempfile",
    "urllib",
}
HARMLESS = {
    ("joblib", "effective_n_jobs"),  # says a number
    ("importlib.metadata", "version"),  # reads the version of an installed package
    ("importlib.metadata", "PackageNotFoundError"),
}
PRINTING = {"versions.py"}  # show_versions is there to print
FORBIDDEN_CALLS = {"eval", "exec", "compile", "open", "__import__", "input", "print"}
FORBIDDEN_METHODS = {"system", "popen", "tofile", "fromfile", "memmap", "save", "savez", "loadtxt"}


@pytest.mark.parametrize("path", SOURCE, ids=lambda path: path.stem)
def test_no_module_opens_runs_or_loads_anything(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        where = f"{path.name}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import):
            names = {alias.name.split(".")[0] for alias in node.names}
            assert not names & FORBIDDEN_MODULES, where
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            module = (node.module or "").split(".")[0]
            harmless = {(node.module, alias.name) for alias in node.names} <= HARMLESS
            assert harmless or module not in FORBIDDEN_MODULES, where
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            printing = node.func.id == "print" and path.name in PRINTING
            assert printing or node.func.id not in FORBIDDEN_CALLS, where
        elif isinstance(node, ast.Attribute):
            assert node.attr not in FORBIDDEN_METHODS, where


UNDER_AUDIT = """
import sys
import numpy as np
import sklearn_reg as reg
rng = np.random.default_rng(0)
X, y = rng.normal(size=(40, 3)), rng.normal(size=40)
def everything():
    for cls in (reg.RidgeRegression, reg.LassoRegression, reg.GroupLassoRegression):
        for solver in ("auto", "active_set", "accelerated"):
            model = cls(0.1, solver=solver, learning_rate="auto").fit(X, y)
            model.predict(X), model.score(X, y), repr(model), model.coef_table()
        cls(0.1, solver="auto").partial_fit(X, y).fit_batches([(X, y)])
    for cls in (reg.RidgeRegressionCV, reg.LassoRegressionCV, reg.ElasticNetRegressionCV):
        cls(5, cv=3, rule=lambda lambdas, losses: 1).fit(X, y)
    reg.regularization_path(X, y, 5), reg.lambda_max(X, y), reg.ridge_closed_form(X, y, 1.0)
    reg.lambda_sweep(reg.RidgeRegression(solver="auto"), X, y)
everything()  # what is imported on first use is
seen = []
WATCHED = ("open", "socket.", "subprocess.", "os.system", "os.exec", "os.spawn", "os.posix_spawn",
           "os.fork", "os.remove", "os.rename", "os.mkdir", "tempfile.", "shutil.", "pickle.",
           "marshal.", "exec", "compile", "urllib.", "ctypes.dlopen")
def hook(event, arguments):
    if event.startswith(WATCHED):
        seen.append((event, str(arguments)[:200]))
sys.addaudithook(hook)
everything()
found = list(seen)
if found:
    sys.exit("\\n".join(map(str, found)))
"""


def test_a_fit_opens_no_file_no_socket_and_no_process() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", UNDER_AUDIT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
