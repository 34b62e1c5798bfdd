"""Hypothesis profiles, threads of BLAS, Ctrl-C, and data that many tests are about.

Examples are the same every time; new and many more ones (thorough: 2000 of each law, or as many as
HYPOTHESIS_EXAMPLES says); or few: for mutation tests, which repeat them thousands of times, and
for a second run in another environment (quick).
"""

from __future__ import annotations

import os
import signal
from typing import Any

# The matrices of tests are small. Where processes share the cores, as in .ci/run, threads of BLAS
# wait for each other, and an eigenvalue of a small matrix takes a second. NumPy reads this when it
# is imported. Tests about threads say how many they want.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import Phase, settings
from sklearn.datasets import load_diabetes

from problems import regression

settings.register_profile("default", derandomize=True, deadline=None, max_examples=60)
settings.register_profile(
    "thorough", max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "2000")), deadline=None
)
settings.register_profile(
    "mutants",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=25,
    phases=(Phase.explicit, Phase.generate),  # a failure is enough: it need not be small
)
settings.register_profile("quick", derandomize=True, deadline=None, max_examples=15)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_configure() -> None:
    """Let Ctrl-C interrupt: a shell starts jobs in the background with it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def tall() -> tuple[Any, Any]:
    X, y, _ = regression(np.random.default_rng(1), 40, 8)
    return X, y


@pytest.fixture
def diabetes() -> tuple[Any, Any]:
    return load_diabetes(return_X_y=True)
