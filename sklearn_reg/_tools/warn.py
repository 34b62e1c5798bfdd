"""Warnings that point to the user's line, whatever frames are between it and the code that warns.

A fixed `stacklevel` cannot do that: pipelines, searches, decorators and context managers add
frames, and their number depends on the version.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import warnings
from types import FrameType
from typing import Any

import sklearn

_joblib: Any = sys.modules["joblib"]  # which scikit-learn has imported
_STDLIB, _OURS, _SKLEARN, _JOBLIB = (
    os.path.join(folder, "")
    for folder in (
        sysconfig.get_path("stdlib"),
        os.path.dirname(os.path.dirname(__file__)),
        *(os.path.dirname(path) for path in (sklearn.__file__, _joblib.__file__)),
    )
)
# Modules of scikit-learn that fit an estimator once; others (searches, ...) may fit it many times.
_FITS_ONCE = tuple(
    _SKLEARN + part for part in ("base.py", "pipeline.py", "compose", "utils", "callback")
)
# Warnings of repeated fits that have been shown: (text, category, file, line, filters).
_shown: set[tuple[Any, ...]] = set()


def warn(message: str, category: type[Warning], brief: str | None = None) -> None:
    """Warn at the first stack frame outside of libraries.

    Parameters
    ----------
    message : str
        The text for a single fit.
    category : type
        The category of the warning.
    brief : str, default=None
        The text for each of many fits, such as those of a search: the message without figures, so
        that fits with the same trouble give the same text. By default Python shows equal texts
        once per line, but forgets them whenever filters are set, and scikit-learn sets filters
        around every fit. Shown texts are therefore stored here, as long as the filters are equal.
    """
    frame, one_of_many = _place(sys._getframe(1))
    # If all frames are of libraries, as in a worker process, Python itself gives "sys:1".
    known: dict[str, Any] = {"__name__": "sys"} if frame is None else frame.f_globals
    filename, line = ("sys", 1) if frame is None else (frame.f_code.co_filename, frame.f_lineno)
    module = known.get("__name__", "<string>")
    registry: dict[Any, Any] = {}
    if not one_of_many:
        registry = known.setdefault("__warningregistry__", registry)
        warnings.warn_explicit(message, category, filename, line, module, registry)
        return
    text = message if brief is None else brief
    shown = (text, category, filename, line, _filters())
    if shown not in _shown:
        warnings.warn_explicit(text, category, filename, line, module, registry)
        if (text, category, line) in registry:  # the filters show it once, not always
            _shown.add(shown)


def _place(frame: FrameType | None) -> tuple[FrameType | None, bool]:
    """Return the first frame outside of libraries, and whether one before may fit many times."""
    one_of_many = False
    while frame is not None and _is_library(filename := frame.f_code.co_filename):
        if filename.startswith((_SKLEARN, _JOBLIB)) and not filename.startswith(_FITS_ONCE):
            one_of_many = True
        frame = frame.f_back
    return frame, one_of_many


def _is_library(filename: str) -> bool:
    """Whether this is a file of ours, of scikit-learn, of joblib or of Python."""
    if filename.startswith((_OURS, _SKLEARN, _JOBLIB, "<frozen ")):
        return True
    # Packages are installed inside the folder of the standard library.
    return filename.startswith(_STDLIB) and "-packages" not in filename


def _filters() -> tuple[Any, ...]:
    """Return the active warning filters in a form that is equal after scikit-learn copies them."""
    of_context = getattr(warnings, "_get_filters", None)  # some builds of Python 3.14
    filters = warnings.filters if of_context is None else of_context()
    return tuple(tuple(getattr(part, "pattern", part) for part in parts) for parts in filters)
