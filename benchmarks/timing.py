"""Calls that take turns, so that a change in the speed of the machine meets all of them."""

import time

import numpy as np


def in_turn(calls, repeats, limit=60.0):
    """Return name -> (seconds of each run, what the first run returned) for calls by name.

    The first run of each warms up and does not count. No round begins after `limit` seconds, but
    one always counts.
    """
    values = {name: call() for name, call in calls.items()}
    seconds = {name: [] for name in calls}
    end = time.perf_counter() + limit
    for k in range(repeats):
        if k and time.perf_counter() > end:
            break
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return {name: (np.array(seconds[name]), values[name]) for name in calls}
