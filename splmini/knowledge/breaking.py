"""Raw text → events: LINE_BREAKER, SHOULD_LINEMERGE and its conditions, TRUNCATE, SEDCMD; files with a header.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Data/Configureeventlinebreaking
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timezone
from typing import TYPE_CHECKING, Any

from splmini.commands._sed import compile_sed
from splmini.errors import SplError
from splmini.knowledge.autokv import delimiter_of
from splmini.knowledge.conf import as_bool, as_int
from splmini.knowledge.patterns import field_list
from splmini.knowledge.timestamps import TimeRule, time_rule
from splmini.values import regex
from splmini.values.keyvalue import clean_key

if TYPE_CHECKING:
    from splmini.operators import Row

LINE_BREAKER = r"([\r\n]+)"
TRUNCATE = 10_000
MAX_EVENTS = 256


@dataclass(frozen=True)
class Breaking:
    """How the raw text of a source is cut into events."""

    breaker: regex.Pattern
    merge: bool
    only_before: regex.Pattern | None
    before_date: bool
    must_after: regex.Pattern | None
    not_before: regex.Pattern | None
    not_after: regex.Pattern | None
    max_lines: int
    truncate: int
    edits: tuple[Callable[[str], str], ...]
    time: TimeRule

    def events(self, text: str) -> Iterator[str]:
        """Yield the events of a text: broken, merged, cut to TRUNCATE bytes, edited; blank ones are left out."""
        lines = self._lines(text)
        for event in self._merged(lines) if self.merge else lines:
            event = self._cut(event)
            for edit in self.edits:
                event = edit(event)
            if event.strip():
                yield event

    def _lines(self, text: str) -> Iterator[str]:
        """Cut where LINE_BREAKER matches: what its first group matched goes, what stands before it ends an event."""
        start = 0
        for match in self.breaker.finditer(text):
            low, high = match.span(1) if self.breaker.groups else match.span()
            if low < 0 or high <= start:
                continue
            yield text[start:low]
            start = high
        rest = text[start:].rstrip("\r\n")
        if rest:
            yield rest

    def _merged(self, lines: Iterable[str]) -> Iterator[str]:
        event: list[str] = []
        for line in lines:
            if event and self._breaks(event, line):
                yield "\n".join(event)
                event = []
            event.append(line)
        if event:
            yield "\n".join(event)

    def _breaks(self, event: list[str], line: str) -> bool:
        last = event[-1]
        if self.must_after is not None and self.must_after.search(last):
            return True
        if len(event) >= self.max_lines:
            return True
        if self.not_after is not None and self.not_after.search(last):
            return False
        if self.not_before is not None and self.not_before.search(line):
            return False
        if self.only_before is not None:
            return self.only_before.search(line) is not None
        return self.before_date and self.time.of_text(line, timezone.utc) is not None

    def _cut(self, event: str) -> str:
        if self.truncate <= 0 or len(event) * 4 <= self.truncate:
            return event
        data = event.encode("utf-8", "replace")
        return event if len(data) <= self.truncate else data[: self.truncate].decode("utf-8", "ignore")


def breaking(settings: Mapping[str, str]) -> Breaking:
    """Read the settings of a stanza that cut raw text; what is no regular expression does not count."""
    edits = [settings[key] for key in sorted(settings) if key.startswith("SEDCMD") and settings[key]]
    return Breaking(
        _pattern(settings.get("LINE_BREAKER")) or regex.compile(LINE_BREAKER),
        as_bool(settings.get("SHOULD_LINEMERGE"), True),
        _pattern(settings.get("BREAK_ONLY_BEFORE")),
        as_bool(settings.get("BREAK_ONLY_BEFORE_DATE"), True),
        _pattern(settings.get("MUST_BREAK_AFTER")),
        _pattern(settings.get("MUST_NOT_BREAK_BEFORE")),
        _pattern(settings.get("MUST_NOT_BREAK_AFTER")),
        max(as_int(settings.get("MAX_EVENTS"), MAX_EVENTS), 1),
        as_int(settings.get("TRUNCATE"), TRUNCATE),
        tuple(edit for edit in map(_edit, edits) if edit is not None),
        time_rule(settings),
    )


def _pattern(text: str | None) -> regex.Pattern | None:
    try:
        return regex.compile(text) if text else None
    except SplError:
        return None


def _edit(text: str) -> Callable[[str], str] | None:
    try:
        return compile_sed(text)
    except SplError:
        return None


# ---- files with a header -------------------------------------------------------------------------------------------


def has_header(settings: Mapping[str, str]) -> bool:
    """Say whether INDEXED_EXTRACTIONS make the lines of a source columns under a header."""
    return settings.get("INDEXED_EXTRACTIONS", "").strip().lower() in ("csv", "tsv", "psv", "w3c", "field_delimiter")


def header_events(text: str, settings: Mapping[str, str]) -> Iterator[Row]:
    """Yield the lines of a file with a header as events: `_raw` and a field for each column that is not empty.

    The header is FIELD_NAMES, the line of HEADER_FIELD_LINE_NUMBER, the first one that FIELD_HEADER_REGEX matches, or
    the first line; a W3C file names its columns in `#Fields:`, again wherever they change. Names become field names
    as Splunk makes them: other characters are `_`.
    """
    w3c = settings.get("INDEXED_EXTRACTIONS", "").strip().lower() == "w3c"
    delimiter = delimiter_of(settings)
    marker = _pattern(settings.get("FIELD_HEADER_REGEX")) or (regex.compile(r"^#Fields:\s*") if w3c else None)
    preamble = _pattern(settings.get("PREAMBLE_REGEX")) or (regex.compile("^#") if w3c else None)
    names = [clean_key(name) or name for name in field_list(settings.get("FIELD_NAMES", ""))]
    header_line = as_int(settings.get("HEADER_FIELD_LINE_NUMBER"), 0)
    missing = {"-"} if w3c else set()
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not line.strip():
            continue
        match = marker.search(line) if marker is not None else None
        if match is not None or (header_line and number == header_line):
            names = _columns(line[match.end() :] if match is not None else line, delimiter)
        elif header_line > number or (preamble is not None and preamble.search(line)):
            continue
        elif not names and marker is None:
            names = _columns(line, delimiter)
        else:
            yield _row(line, names, delimiter, missing)


def _columns(line: str, delimiter: str) -> list[str]:
    cells = next(csv.reader([line.strip("\n")], delimiter=delimiter), [])
    return [clean_key(cell.strip()) or cell.strip() for cell in cells if cell.strip()]


def _row(line: str, names: list[str], delimiter: str, missing: set[str]) -> Row:
    row: dict[str, Any] = {"_raw": line}
    for name, cell in zip(names, next(csv.reader([line], delimiter=delimiter), []), strict=False):
        if cell and cell not in missing and name not in row:
            row[name] = cell
    return row
