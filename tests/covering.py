"""Parametrisations that hold every pair of values, and not every combination."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, product
from typing import Any

import pytest


def every_pair(**values: Iterable[Any]) -> pytest.MarkDecorator:
    """Parametrise a test by names and values, such that any two values meet in some case.

    What goes wrong depends on one or two of the values, hardly ever on three. The first values of
    all names are in the first case; which cases follow depends on the values alone.
    """
    lists = [list(some) for some in values.values()]
    pairs_of = {
        places: {(i, places[i], j, places[j]) for i, j in combinations(range(len(lists)), 2)}
        for places in product(*(range(len(some)) for some in lists))
    }
    missing = set().union(*pairs_of.values())
    cases = []
    while missing:
        best = max(pairs_of, key=lambda places: len(pairs_of[places] & missing))
        missing -= pairs_of[best]
        cases.append(tuple(some[place] for some, place in zip(lists, best, strict=True)))
    return pytest.mark.parametrize(tuple(values), cases)
