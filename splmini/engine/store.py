"""What runs wrote and later runs find: events of indexes, in memory, and files, below `data_dir` or in memory.

Lookup tables are kept by `knowledge.lookups`.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from splmini.errors import KnowledgeError
from splmini.operators import Row
from splmini.values.wildcards import compile_wildcard


class Store:
    """The events and files that runs of an environment wrote; `data_dir` is the one folder that files go to."""

    def __init__(self, data_dir: Any = None) -> None:
        self._data_dir = data_dir
        self._lock = threading.RLock()
        self._files: dict[str, str] = {}
        self._events: dict[str, list[Row]] = {}

    def clear(self) -> None:
        """Forget what is held in memory."""
        with self._lock:
            self._events.clear()
            self._files.clear()

    # ---- events --------------------------------------------------------------------------------------------------

    def add_events(self, index: str, events: Iterable[Row]) -> None:
        """Keep events in an index."""
        with self._lock:
            self._events.setdefault(index, []).extend({"index": index} | event for event in events)

    def events(self, names: set[str]) -> list[Row]:
        """Return the events of the indexes that match one of these names, which may hold wildcards."""
        if not self._events or not names:
            return []
        tests = [compile_wildcard(name) for name in names]
        with self._lock:
            return [
                event for index, rows in self._events.items() if any(test(index) for test in tests) for event in rows
            ]

    # ---- files ---------------------------------------------------------------------------------------------------

    def read_file(self, name: str) -> str:
        """Return the text of a file; raises KnowledgeError where there is none."""
        if name in self._files:
            return self._files[name]
        path = self._path(name)
        if path is None or not path.is_file():
            raise KnowledgeError(f"There is no file '{name}'.", name=name, path=name)
        return path.read_text("utf-8")

    def write_file(self, name: str, text: str | None, append: bool = False) -> None:
        """Write a file, or add to it; without a text remove it, where it is there."""
        path = self._path(name)
        if text is None:
            self._files.pop(name, None)
            if path is not None:
                path.unlink(missing_ok=True)
            return
        before = ""
        if append:
            before = self._files.get(name, "") if path is None else path.read_text("utf-8") if path.is_file() else ""
        if path is None:
            self._files[name] = before + text
        else:
            write_atomically(path, before + text)

    def _path(self, name: str) -> Path | None:
        """Where a file lies below `data_dir`; None without one. Names that lead out of it are refused."""
        if "/" in name or "\\" in name or name in (".", "..") or "\0" in name:
            raise KnowledgeError(f"'{name}' is not a plain file name.", name=name, path=name)
        if self._data_dir is None:
            return None
        path = Path(self._data_dir).resolve() / name
        if path.is_symlink():
            raise KnowledgeError(f"'{name}' is a link.", name=name, path=name)
        return path


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a crash leaves the old or the new content; its folder is made where it is not there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content if isinstance(content, bytes) else content.encode("utf-8"))
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
