"""Let a page include CHANGELOG.md: the little of Markdown that it uses, as reStructuredText."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

UNDERLINES = {"#": "=", "##": "-", "###": "~"}


def as_rst(markdown: str) -> str:
    """Turn headings and links; lists and `code` are written alike in both."""
    parts = re.split(r"(`[^`]*`)", markdown)
    parts[::2] = [_links(re.sub(r"(?<=\w)_(?!\w)|[*|]", r"\\\g<0>", text)) for text in parts[::2]]
    return re.sub(r"(?m)^(#{1,3}) (.*)$", _heading, "".join(parts))


def _links(text: str) -> str:
    return re.sub(r"\[([^]]+)\]\(([^)]+)\)", r"`\1 <\2>`__", text)


def _heading(found: re.Match[str]) -> str:
    title = re.sub(r"^\[(.*?)\]", r"\1", found[2])  # [0.1.0] - 2030-01-01
    return f"{title}\n{UNDERLINES[found[1]] * len(title)}"


def included(app: Any, path: Path, page: str, source: list[str]) -> None:
    """Change what is included, where it is Markdown."""
    if path.suffix == ".md":
        source[:] = [as_rst(text) for text in source]


def setup(app: Any) -> dict[str, bool]:
    """Register it: Sphinx calls this for an extension."""
    app.connect("include-read", included)
    return {"parallel_read_safe": True}
