"""What only a whole repository of content shows: macros that nothing calls (SPL005)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from splmini.documents import load_document
from splmini.errors import KnowledgeError

CODE, NAME, SEVERITY = "SPL005", "unused-macro", "info"
TITLE = "A macro that nothing calls"
PAGE = f"""# {CODE} {NAME}

{TITLE}. Severity: {SEVERITY}.

In a repository that has `macros/` beside `detections/`, no search, drilldown, baseline or other macro calls the macro:
what it served was removed or renamed. It is looked for where `splmini lint` is given the repository's folder.

Silence it with `ignore = ["{CODE}"]` in the project's configuration.
"""
_CALL = re.compile(r"`\s*([\w:\-]+)\s*(?:\(|`)")


def unused(macros: Iterable[str], texts: Iterable[str]) -> list[str]:
    """Return the names of macros that no text calls.

    >>> unused(["used", "left_over(1)"], ["`used` x=1"])
    ['left_over(1)']
    """
    called = {match.group(1) for text in texts for match in _CALL.finditer(text)}
    return [name for name in macros if re.sub(r"\(\d+\)$", "", name) not in called]


def unused_macros(folder: str | Path) -> Iterator[tuple[Path, str, tuple[int, int]]]:
    """Yield (file, name, position) of the macros of a repository that nothing in it calls."""
    root = Path(folder)
    if not (root / "macros").is_dir() or not (root / "detections").is_dir():
        return
    found: dict[str, tuple[Path, tuple[int, int]]] = {}
    for path in sorted((root / "macros").rglob("*.y*ml")):
        try:
            document = load_document(path.read_text("utf-8-sig"), str(path))
        except (KnowledgeError, OSError, UnicodeDecodeError):
            continue  # whoever loads the macros says so
        name = document.data.get("name") if isinstance(document.data, dict) else None
        if isinstance(name, str):
            found[name] = (path, document.positions[("name",)])
    texts = (path.read_text("utf-8", "replace") for path in sorted(root.rglob("*.y*ml")) if path.is_file())
    for name in unused(found, texts):
        yield (found[name][0], name, found[name][1])
