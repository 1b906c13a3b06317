"""The files of an app, wherever it lies: a folder, a zipped wheel, a zip or tar archive. Apps are not trusted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from splmini.errors import KnowledgeError
from splmini.writing import file_errors

if TYPE_CHECKING:
    from importlib.abc import Traversable

CONF_BYTES = 64 << 20
"""The largest conf file or data model that is read."""
LOOKUP_BYTES = 1 << 30
"""The largest lookup file that is read."""

_NAME = re.compile(r"[^\\/\0]+\Z")


class AppFiles:
    """Read-only access to the files below an app's folder, and to nothing else.

    Names are given part by part. A part with a separator, `..`, or a link that leads out of the folder is refused
    with `KnowledgeError`; a file that is not there is None.
    """

    def __init__(self, root: Traversable, name: str | None = None) -> None:
        self.root = root
        self.name = name or root.name
        self._real = root.resolve() if isinstance(root, Path) else None

    def read(self, *parts: str, limit: int = CONF_BYTES) -> bytes | None:
        """Return a file's bytes, or None where there is no such file."""
        with file_errors(self.path(*parts), "read"):
            node = self._find(parts)
            if node is None or not node.is_file():
                return None
            with node.open("rb") as stream:
                data: bytes = stream.read(limit + 1)
        if len(data) > limit:
            raise KnowledgeError(f"The file is larger than {limit:,} bytes.", path=self.path(*parts))
        return data

    def names(self, *parts: str, suffix: str = "") -> list[str]:
        """Return the names of the files in a folder, sorted; empty where there is no such folder."""
        node = self._find(parts)
        if node is None or not node.is_dir():
            return []
        with file_errors(self.path(*parts), "read"):
            found = [child for child in node.iterdir() if child.name.lower().endswith(suffix)]
            return sorted(child.name for child in found if child.is_file())

    def path(self, *parts: str) -> str:
        """Return how a file is called in messages."""
        return "/".join((str(self.root) if self._real else self.name, *parts))

    def _find(self, parts: tuple[str, ...]) -> Traversable | None:
        node = self.root
        for part in parts:
            if part in (".", "..") or not _NAME.match(part):
                raise KnowledgeError(f"'{part}' is not the name of a file in the app '{self.name}'.", name=part)
            node = node / part
        if self._real is not None and isinstance(node, Path):
            if not node.exists():
                return None
            real = node.resolve()
            if real != self._real and self._real not in real.parents:
                raise KnowledgeError(f"'{'/'.join(parts)}' leads out of the app '{self.name}'.", path=self.path(*parts))
        return node


def is_file_name(text: str) -> bool:
    """Say whether a text is one plain file name, without a folder."""
    return bool(_NAME.match(text)) and text not in (".", "..")
