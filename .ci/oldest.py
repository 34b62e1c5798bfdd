"""Print pip's constraints for the oldest versions that pyproject.toml allows."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
for wanted in project["dependencies"] + extras["dask"] + extras["test"]:
    if found := re.match(r"([\w-]+)(?:\[.*\])?>=([\d.]+)$", wanted):
        print(f"{found[1]}=={found[2]}.*" if found[2].count(".") < 2 else f"{found[1]}=={found[2]}")
# Newer ones warn about how the oldest of the above use them.
print("pyparsing<3.3")
