"""Where a character of a detection's search stands in its YAML file, whatever style of scalar holds it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from splmini.documents import Document, load_document
from splmini.errors import KnowledgeError
from splmini.language.source import line_and_column

if TYPE_CHECKING:
    from splmini.detections.detection import Detection


class Places:
    """Positions in the text that the user wrote: the search itself, or the file of the detection."""

    def __init__(self, text: str, detection: Detection | None) -> None:
        self.text = text
        self.detection = detection

    @cached_property
    def file(self) -> str | None:
        """The text of the detection's file; None where it cannot be read (any more)."""
        if self.detection is None or not self.detection.path:
            return None
        try:
            return Path(self.detection.path).read_text("utf-8-sig")
        except (OSError, ValueError):
            return None

    @cached_property
    def document(self) -> Document | None:
        """The YAML document, for the positions of its keys."""
        if self.file is None:
            return None
        try:
            return load_document(self.file)
        except KnowledgeError:
            return None

    @cached_property
    def offsets(self) -> list[int] | None:
        """For each character of the search, its offset in the file; None where they do not fit together."""
        if self.file is None:
            return None
        # marks of the C loader count bytes in places; the Python loader counts characters
        try:
            root = yaml.compose(self.file, Loader=yaml.SafeLoader)
        except yaml.YAMLError:  # somebody is editing it
            return None
        for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
            if key.value == "search" and isinstance(value, yaml.ScalarNode):
                return aligned(self.text, self.file, value.start_mark.index, value.style or "")
        return None

    def of_key(self, key: tuple[str | int, ...], name: str | None = None) -> tuple[int, int]:
        """Return the position of a value of the YAML document, or of the nearest one above it.

        With a name: of the entry of the list at `key` that names it as its `field` or `name`.
        """
        positions = {} if self.document is None else self.document.positions
        for at in positions if name is not None else ():
            if at[: len(key)] == key and at[-1] in ("field", "name") and self._value(at) == name:
                return positions[at]
        while key and key not in positions:
            key = key[:-1]
        return positions.get(key, (1, 1)) if key else (1, 1)

    def _value(self, key: tuple[str | int, ...]) -> object:
        value: Any = self.document.data if self.document is not None else {}
        for part in key:
            value = value[part]
        return value

    def of_offset(self, offset: int) -> tuple[int, int]:
        """Return the position of a character of the search: in the file where that can be read, else in the search."""
        if self.detection is None or self.file is None:
            return line_and_column(self.text, offset)
        if self.offsets:
            return line_and_column(self.file, self.offsets[min(offset, len(self.offsets) - 1)])
        return self.detection.search_position


_BLANKS = frozenset({"\\n", "\\t", "\\r"})
"""How double quotes write blanks."""


def aligned(value: str, raw: str, start: int, style: str) -> list[int] | None:
    """Return where each character of a scalar's value stands in the YAML text; blanks may have been folded."""
    position = start
    if style in ("|", ">"):
        position = raw.find("\n", start) + 1
    elif style in ("'", '"'):
        position += 1
    offsets = []
    for character in value:
        if character.isspace():
            offsets.append(min(position, len(raw) - 1))
            if position < len(raw) and raw[position] == character:
                position += 1
            elif style == '"' and raw[position : position + 2] in _BLANKS:
                position += 2
            continue
        position = _next(raw, position, style)
        if position >= len(raw) or (raw[position] != character and style != '"'):
            return None
        offsets.append(position)
        position += 2 if style == "'" and character == "'" else 1
    return offsets


def _next(raw: str, position: int, style: str) -> int:
    while position < len(raw):
        if raw[position].isspace():
            position += 1
        elif style == '"' and raw[position] == "\\":
            position += 1
            if position < len(raw) and not raw[position].isspace():
                break
        else:
            break
    return position
