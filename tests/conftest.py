"""Hypothesis profiles, and Ctrl-C.

Examples are the same every time; new and many more ones (thorough: 2000 of each law, or as many as
HYPOTHESIS_EXAMPLES says); or few, for mutation tests, which repeat them thousands of times.
"""

from __future__ import annotations

import os
import signal

from hypothesis import Phase, settings

settings.register_profile("default", derandomize=True, deadline=None)
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
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_configure() -> None:
    """Let Ctrl-C interrupt: a shell starts jobs in the background with it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
