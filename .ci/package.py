"""Build the wheel and the source archive, look into them, and install each on its own.

`python .ci/package.py`, with the `dev` extra installed. Fails on anything that should not be there.
"""

import re
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
IN_WHEEL = r"sklearn_reg/([\w/]+\.py|py\.typed|\w+\.mplstyle)|sklearn_reg-[\w.]+\.dist-info/.+"
IN_ARCHIVE = (
    r"(sklearn_reg|tests|examples|docs|benchmarks)/.+\.(py|typed|mplstyle|rst|md|pkl|css|svg|png|txt|toml)"
    r"|README\.md|CHANGELOG\.md|CODE_OF_CONDUCT\.md|CONTRIBUTING\.md|SECURITY\.md|CITATION\.cff"
    r"|LICENSE|pyproject\.toml|hatch_build\.py|PKG-INFO|\.gitignore"
    r"|docs/(Makefile|_templates/.+|_static/.+)|examples/\w+\.csv"
)
UNWANTED = r"__pycache__|\.pyc$|_build/|generated|auto_examples|\.hypothesis|mutants"
RELATIVE = r"\[[^]]*\]\((?!https://|#)[^)]*\)"
USE = "from sklearn_reg import LassoRegression; LassoRegression().fit([[1.0], [2.0]], [1.0, 2.0])"


def run(*command: str) -> None:
    """Run a command, and stop if it fails."""
    subprocess.run(command, cwd=ROOT, check=True)


def check(names: list[str], wanted: str, what: str) -> None:
    """Stop if a name is not wanted."""
    wrong = [n for n in names if not re.fullmatch(wanted, n) or re.search(UNWANTED, n)]
    if wrong:
        sys.exit(f"{what} has what it should not: {wrong[:20]}")
    print(f"{what}: {len(names)} files, nothing else")


with tempfile.TemporaryDirectory() as folder:
    run(sys.executable, "-m", "build", "--outdir", folder)
    (wheel,), (archive,) = Path(folder).glob("*.whl"), Path(folder).glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as opened:
        check(opened.namelist(), IN_WHEEL, "wheel")
        metadata = next(n for n in opened.namelist() if n.endswith("dist-info/METADATA"))
        if nowhere := re.findall(RELATIVE, opened.read(metadata).decode()):
            sys.exit(f"links that lead nowhere from an index: {nowhere}")
    with tarfile.open(archive) as opened:
        names = [member.name.split("/", 1)[1] for member in opened if member.isfile()]
        check(names, IN_ARCHIVE, "source archive")
    run(sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(archive))
    for built in (wheel, archive):
        place = Path(folder) / built.suffix[1:]
        venv.create(place, with_pip=True)
        python = str(place / "bin" / "python")
        run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", str(built))
        run(python, "-m", "pip", "check")
        subprocess.run([python, "-c", USE], cwd=folder, check=True)
