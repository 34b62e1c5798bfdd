"""What hatchling asks when it builds: the README as package indexes show it.

In a clone its links are relative and lead to files. An index has no files beside the page, so there
they lead into the repository, to the tag of this version.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

RELATIVE_LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^]]*)\]\((?!\w+:|#)(?P<target>[^)]+)\)")


def with_addresses(readme: str, repository: str, version: str) -> str:
    """Return Markdown whose relative links lead to a tag of a repository."""

    def address(link: re.Match[str]) -> str:
        kind = "raw" if link["picture"] else "blob"
        where = f"{repository}/{kind}/v{version}/{link['target']}"
        return f"{link['picture']}[{link['text']}]({where})"

    return RELATIVE_LINK.sub(address, readme)


class Readme(MetadataHookInterface):
    """Set `readme` of the metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add what pyproject.toml calls dynamic; hatchling knows the version already."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        text = with_addresses(text, metadata["urls"]["Source"], metadata["version"])
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
