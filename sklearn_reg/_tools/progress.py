"""Progress of a fit, told to scikit-learn's callbacks (1.9 and later); silent without them.

The only file that knows of `sklearn.callback`, which is experimental.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])

try:
    from sklearn.callback import CallbackSupportMixin
    from sklearn.callback import with_callbacks as _with_callbacks
except ImportError:  # before scikit-learn 1.9 nothing listens

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing: this scikit-learn has no callbacks."""

    def _with_callbacks(method: Any) -> Any:
        return method


__all__ = ["CallbackSupportMixin", "Task", "start", "with_callbacks"]


def with_callbacks(method: Method) -> Method:
    """Let callbacks clean up after a method that starts a fit, however it ends."""
    managed: Method = _with_callbacks(method)
    return managed


class Task:
    """A part of a fit that begins and ends, and may have parts of its own."""

    def __init__(self, estimator: Any, context: Any) -> None:
        self._estimator, self._context = estimator, context

    def __enter__(self) -> Task:
        if self._context is not None:
            self._context.call_on_fit_task_begin(estimator=self._estimator)
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if self._context is not None and error is None:
            self._context.call_on_fit_task_end(estimator=self._estimator)

    def part(self, name: str, index: int, parts: int | None = 0) -> Task:
        """Return a part, by its place among the parts; `parts` of its own, None if unknown."""
        if self._context is None:
            return self
        return Task(
            self._estimator,
            self._context.subcontext(
                task_name=name, task_id=index, max_subtasks=parts, sequential_subtasks=False
            ),
        )


def start(estimator: Any, parts: int | None = 0) -> Task:
    """Begin a fit of this many parts (None: unknown); for methods under `with_callbacks`."""
    if not (hasattr(estimator, "_skl_callbacks") or hasattr(estimator, "_parent_callback_ctx")):
        return Task(estimator, None)
    context = estimator._init_callback_context(max_subtasks=parts, sequential_subtasks=False)
    return Task(estimator, context)
