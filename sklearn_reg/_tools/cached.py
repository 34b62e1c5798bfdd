"""Values that are computed once and kept, without a lock.

`functools.cached_property` of Python 3.11 holds a lock for each property, shared by all instances,
while it computes: threads that fit wait for each other, and a process forked meanwhile deadlocks,
because it lacks the thread that would release the lock. Here two threads may compute the same
value; the first to finish stores it for both.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar, overload

Value = TypeVar("Value")


class cached_property(Generic[Value]):
    """Compute an attribute when it is first read; it stays in the instance's `__dict__`."""

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self._compute, self.__doc__ = compute, compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> cached_property[Value]: ...

    @overload
    def __get__(self, instance: object, owner: type | None = None) -> Value: ...

    def __get__(self, instance: object | None, owner: type | None = None) -> Any:
        """Compute and store the value; Python then reads it without calling this method."""
        if instance is None:
            return self
        return vars(instance).setdefault(self._name, self._compute(instance))


class KeepLast(Generic[Value]):
    """A cache of one value: the last one, with its key."""

    def __init__(self) -> None:
        self._kept: tuple[Hashable, Value] | None = None

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the value of a key; compute it unless its key is that of the cached one."""
        kept = self._kept  # read once: another thread may replace it
        if kept is None or kept[0] != key:
            kept = self._kept = (key, make())
        return kept[1]
