"""Print the versions that the tests of this environment run with."""

import platform
from importlib.metadata import version

numbers = ["numpy", "scipy", "scikit-learn"]
others = ["pandas", "polars", "pyarrow", "dask", "matplotlib", "pytest"]
print(
    "Python", platform.python_version(), *(f"{name} {version(name)}" for name in numbers + others)
)
