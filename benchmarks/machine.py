"""What machine and versions a figure belongs to, timed calls, and Python in its own process."""

import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "OMP_NUM_THREADS",
)


def describe(*more):
    """One line on the machine, one on the versions, also of more packages."""
    from threadpoolctl import threadpool_info

    blas = sorted({lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"})
    threads = " and ".join(map(str, blas)) or "unknown"
    packages = ("numpy", "scipy", "scikit-learn", "sklearn_reg", "celer", "skglm", *more)
    versions = ", ".join(f"{name} {_version(name)}" for name in packages)
    return (
        f"Machine: {_processor()}, {os.cpu_count()} cores, BLAS threads {threads}, "
        f"{platform.system()}.\nVersions: Python {platform.python_version()}, {versions}."
    )


def timed(call, repeats=3):
    """Return the median seconds of calls, and what the last one returned."""
    seconds = []
    while len(seconds) < repeats and sum(seconds) < 30:
        start = time.perf_counter()
        value = call()
        seconds.append(time.perf_counter() - start)
    return median(seconds), value


def run_python(*arguments, threads=None):
    """Run `python arguments...` in a new process and return what its last line of JSON says."""
    environment = dict(os.environ)
    if threads is not None:
        environment.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    command = [sys.executable, "-W", "ignore", *map(str, arguments)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _processor():
    """Name of the CPU; Linux keeps it in a file of its own."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _version(package):
    """Version of a package, also of one that runs from its source tree."""
    try:
        return version(package)
    except PackageNotFoundError:
        try:
            return __import__(package).__version__
        except (ImportError, AttributeError):
            return "not installed"
