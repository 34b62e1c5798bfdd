"""Print the versions that the tests of this environment run with."""

import platform
from importlib.metadata import version

names = "numpy scipy scikit-learn pandas polars pyarrow dask matplotlib pytest".split()
print("Python", platform.python_version(), *(f"{name} {version(name)}" for name in names))
