"""Report the progress of a fit to scikit-learn's callbacks (1.9 and later), if there are any.

Only this file imports `sklearn.callback`, which is experimental.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])

try:
    from sklearn.callback import CallbackSupportMixin
    from sklearn.callback import with_callbacks as _with_callbacks
except ImportError:  # before scikit-learn 1.9 there are no callbacks

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """An empty class, because this scikit-learn has no callbacks."""

    def _with_callbacks(method: Any) -> Any:
        return method


__all__ = ["CallbackSupportMixin", "Task", "start", "with_callbacks"]


def with_callbacks(method: Method) -> Method:
    """Let callbacks clean up after a method that starts a fit, even if it raises an error."""
    managed: Method = _with_callbacks(method)
    return managed


class Task:
    """A task of a fit, as scikit-learn's callbacks define it; it may have subtasks."""

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
        """Return the subtask with this index, which has `parts` subtasks (None: unknown)."""
        if self._context is None:
            return self
        return Task(
            self._estimator,
            self._context.subcontext(
                task_name=name, task_id=index, max_subtasks=parts, sequential_subtasks=False
            ),
        )


def start(estimator: Any, parts: int | None = 0) -> Task:
    """Return the task of a fit with this many subtasks (None: unknown); needs `with_callbacks`."""
    if not (hasattr(estimator, "_skl_callbacks") or hasattr(estimator, "_parent_callback_ctx")):
        return Task(estimator, None)
    context = estimator._init_callback_context(max_subtasks=parts, sequential_subtasks=False)
    return Task(estimator, context)
