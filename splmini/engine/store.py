"""What runs wrote and later runs find: events of indexes, in memory, and files, below `data_dir` or in memory.

Lookup tables are kept by `knowledge.lookups`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

from splmini.errors import KnowledgeError
from splmini.operators import Row
from splmini.values.wildcards import compile_wildcard
from splmini.writing import check_name, file_errors, locked_below, write_atomically

Change: TypeAlias = "Callable[[str | None], str | None]"
"""From the text of a file (None: there is no file) to its new text (None: no file)."""
MOST_BYTES = 1 << 30
"""The largest file of `data_dir` that is read."""


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
        """Return the text of a file; raises KnowledgeError where there is none, or it cannot be read."""
        if name in self._files:
            return self._files[name]
        text = self._text(name, self._path(name))
        if text is None:
            raise KnowledgeError(f"There is no file '{name}'.", name=name, path=name)
        return text

    def change_file(self, name: str, changes: Iterable[Change]) -> None:
        """Write what changes make of the text of a file, one after the other, while no other process writes below
        `data_dir`."""
        path = self._path(name)
        if path is None:
            text = _changed(self._files.get(name), changes)
            self._files.pop(name, None)
            if text is not None:
                self._files[name] = text
            return
        with locked_below(path):
            text = _changed(self._text(name, path), changes)
            if text is not None:
                write_atomically(path, text)
                return
            with file_errors(path, "removed"):
                path.unlink(missing_ok=True)

    def _text(self, name: str, path: Path | None) -> str | None:
        """The text of a file on disk; None where there is no such file."""
        with file_errors(name, "read"):
            if path is None or not os.path.lexists(path):
                return None
            if not path.is_file():
                raise OSError(0, "it is a folder" if path.is_dir() else "it is no file")
            if path.stat().st_size > MOST_BYTES:
                raise OSError(0, f"it is larger than {MOST_BYTES:,} bytes")
            return path.read_bytes().decode("utf-8")

    def _path(self, name: str) -> Path | None:
        """Where a file lies below `data_dir`; None without one. Names that lead out of it are refused."""
        check_name(name)
        if self._data_dir is None:
            return None
        with file_errors(name, "found"):
            path = Path(self._data_dir).resolve() / name
            if path.is_symlink():
                raise KnowledgeError(f"'{name}' is a link.", name=name, path=name)
        return path


def _changed(text: str | None, changes: Iterable[Change]) -> str | None:
    for change in changes:
        text = change(text)
    return text
