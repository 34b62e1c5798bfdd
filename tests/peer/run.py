"""Run scikit-learn's own tests of its linear models on ours: `python tests/peer/run.py`.

The modules that scikit-learn installs are collected as they are; only the names they import from
`sklearn.linear_model` are those of `adapters`. Every test that does not pass needs a reason in
`reasons`; the script fails on one that has none.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import sklearn
import sklearn.linear_model

sys.path.insert(0, str(Path(__file__).parents[1]))

from peer import adapters
from peer.reasons import REASONS

MODULES = [
    f"sklearn.linear_model.tests.{name}"
    for name in ("test_coordinate_descent", "test_sparse_coordinate_descent", "test_ridge")
]


class Record:
    """A pytest plugin that keeps how each test ended, and whether it reached our estimators."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        self.causes: dict[str, str] = {}
        self.ours: set[str] = set()

    def pytest_runtest_setup(self, item: Any) -> None:
        adapters.used.clear()

    def pytest_runtest_teardown(self, item: Any) -> None:
        if adapters.used:
            self.ours.add(item.nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[report.nodeid] = report.outcome
            if report.failed:
                self.causes[report.nodeid] = str(report.longrepr).strip().splitlines()[-1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-v", "--verbose", action="store_true", help="list tests that fail")
    parser.add_argument("-k", help="only tests that match this expression")
    args = parser.parse_args()
    missing = [module for module in MODULES if find_spec(module) is None]
    if missing:
        print(f"skipped: this scikit-learn was installed without {', '.join(missing)}")
        return 0
    for adapter in adapters.ADAPTED:
        setattr(sklearn.linear_model, adapter.__name__, adapter)
    record = Record()
    options = ["-q", "--no-header", "--tb=short", "--show-capture=no", "--no-summary"]
    options += ["-p", "no:cacheprovider", "-c", os.devnull]
    options += ["-k", args.k] if args.k else []
    pytest.main([*options, "--pyargs", *MODULES], plugins=[record])
    return report(record, verbose=args.verbose)


def report(record: Record, verbose: bool) -> int:
    """Print the table; return 1 if a failure has no reason."""
    ended: Counter[str] = Counter()
    explained: Counter[str] = Counter()
    unexplained = []
    unused = {name for names in REASONS.values() for name in names}
    for test, outcome in record.outcomes.items():
        name = test.split("::")[-1].split("[")[0]
        reason = next((why for why, names in REASONS.items() if name in names), None)
        if outcome == "failed" and reason is not None:
            ended["not applicable"] += 1
            explained[reason] += 1
            unused.discard(name)
        elif outcome == "failed":
            ended["failed"] += 1
            unexplained.append(test)
        elif outcome == "skipped":
            ended["skipped by scikit-learn"] += 1
        else:
            ended["passed" if test in record.ours else "does not reach our estimators"] += 1
    print(f"\nscikit-learn {sklearn.__version__}, {len(record.outcomes)} tests")
    for what, count in ended.most_common():
        print(f"{count:6} {what}")
    print("\nNot applicable, because the test")
    for reason, count in explained.most_common():
        print(f"{count:6} {reason}")
    for test in unexplained if verbose else unexplained[:20]:
        print(f"FAILED {test}: {record.causes[test]}")
    for name in sorted(unused):
        print(f"no reason needed: {name} does not fail with this version")
    return int(bool(unexplained))


if __name__ == "__main__":
    sys.exit(main())
