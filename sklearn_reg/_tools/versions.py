"""Which versions run here, and where the package is documented: for pickles, reports and links."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from threadpoolctl import threadpool_info

# Where the site will be. Nothing is published there yet: see "Before the first release" in
# CONTRIBUTING.md. pyproject.toml has the same address, and tests/test_packaging.py compares them.
SITE = "https://github.com/sklearn-reg/sklearn_reg"

# What the package needs, with what scikit-learn needs beyond that; and what it can use.
NEEDED = ("numpy", "scipy", "scikit-learn", "threadpoolctl", "joblib", "narwhals")
OPTIONAL = ("pandas", "polars", "pyarrow", "matplotlib", "dask", "distributed")
WIDTH = 15  # of the names, as in scikit-learn's report


def own_version() -> str:
    """Return the version of this package."""
    from sklearn_reg import __version__  # which imports this module

    return __version__


def show_versions() -> None:
    """Print what a bug report needs: versions, BLAS libraries and their threads, the platform.

    It is the one function of the package that prints. Paths of this machine are among what it
    prints, and may hold a user's name: look before you post it.

    Returns
    -------
    None
        The report is printed.

    See Also
    --------
    sklearn.show_versions : The same for scikit-learn.

    Examples
    --------
    >>> from sklearn_reg import show_versions
    >>> show_versions()  # doctest: +ELLIPSIS
    System:
             python: 3...
         executable: ...
            machine: ...
    <BLANKLINE>
    Python dependencies:
        sklearn_reg: ...
              numpy: ...
              scipy: ...
    """
    _print_section(
        "System",
        {
            "python": sys.version.replace("\n", " "),
            "executable": sys.executable,
            "machine": platform.platform(),
        },
    )
    installed = {name: _installed(name) for name in NEEDED + OPTIONAL}
    found = {name: number for name, number in installed.items() if number is not None}
    _print_section("\nPython dependencies", {"sklearn_reg": own_version(), **found})
    for library in threadpool_info():
        _print_section(f"\nThreads of {library['user_api']}", library)


def _installed(name: str) -> str | None:
    """Return the version of an installed package without importing it."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _print_section(title: str, rows: Mapping[str, object]) -> None:
    """Print a title, and rows with their colons below each other."""
    print(f"{title}:")
    for name, value in rows.items():
        print(f"{name:>{WIDTH}}: {value}")
