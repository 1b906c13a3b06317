"""Raw text → events: LINE_BREAKER, SHOULD_LINEMERGE and its conditions, TRUNCATE, SEDCMD; files with a header.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Data/Configureeventlinebreaking
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timezone
from typing import TYPE_CHECKING, Any

from splmini.errors import SplError
from splmini.knowledge.conf import as_bool, as_int
from splmini.knowledge.fields.autokv import WHITESPACE, delimiter_of, named_delimiter
from splmini.knowledge.fields.patterns import field_list
from splmini.knowledge.indexing.timestamps import TimeRule, time_rule
from splmini.values import regex
from splmini.values.keyvalue import clean_key
from splmini.values.sed import compile_sed

if TYPE_CHECKING:
    from splmini.operators import Row

LINE_BREAKER = r"([\r\n]+)"
TRUNCATE = 10_000
MAX_EVENTS = 256


@dataclass(frozen=True)
class Cut:
    """What a piece of text was cut into: its events, those of them that lost text to TRUNCATE, and where what is left
    begins."""

    events: list[str]
    truncated: frozenset[int]
    rest: int


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
        """Yield the events of a whole text: broken, cut to TRUNCATE bytes, merged, edited; blank ones are left out."""
        for event in self.cut(text, final=True).events:
            for edit in self.edits:
                event = edit(event)
            if event.strip():
                yield event

    def cut(self, text: str, final: bool) -> Cut:
        """Break and merge a piece of text into events, not edited.

        Unless the piece is the `final` one, its last event may go on in the next piece, and is left.
        """
        spans = list(self._lines(text))
        starts = [start for start, _ in spans]
        if final or not spans:
            starts.append(len(text))
        else:
            spans.pop()
        lines = [self._shortened(text[start:end]) for start, end in spans]
        shortened = [len(line) < end - start for line, (start, end) in zip(lines, spans, strict=True)]
        groups = self._merged(lines) if self.merge else [[line] for line in lines]
        if self.merge and not final and groups:
            groups.pop()
        events: list[str] = []
        truncated: set[int] = set()
        used = 0
        for group in groups:
            event = "\n".join(group)
            if event.strip():
                if any(shortened[used : used + len(group)]):
                    truncated.add(len(events))
                events.append(event)
            used += len(group)
        return Cut(events, frozenset(truncated), starts[used])

    def _lines(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where lines begin and end. A match of LINE_BREAKER ends one: what its first group matched goes, or
        the leftmost group that matched anything; where none did, the break is in front of the match. What stands
        behind the last match is a line, with the line end that may be in it."""
        start = 0
        for match in self.breaker.finditer(text):
            low, high = _between(match, self.breaker.groups)
            if high <= start or low < start:
                continue
            yield start, low
            start = high
        if len(text) > start:
            yield start, len(text)

    def _merged(self, lines: Iterable[str]) -> list[list[str]]:
        events: list[list[str]] = []
        held = False
        for line in lines:
            if events and (not held or self._must_end(events[-1])) and self._breaks(events[-1], line):
                events.append([line])
                held = False
            elif events:
                events[-1].append(line)
            else:
                events.append([line])
            if self.not_after is not None and self.not_after.search(line):
                held = True
        return events

    def _must_end(self, event: list[str]) -> bool:
        """Say whether an event ends, whatever the next line is: MAX_EVENTS lines were added to its first one, or
        MUST_BREAK_AFTER matches its last one."""
        return len(event) > self.max_lines or (
            self.must_after is not None and self.must_after.search(event[-1]) is not None
        )

    def _breaks(self, event: list[str], line: str) -> bool:
        """Say whether an event begins with this line. Where no setting says before what alone one begins, each line
        is one; only there MUST_NOT_BREAK_BEFORE was seen to matter (Splunk 10.4.0)."""
        if self._must_end(event):
            return True
        if self.only_before is not None:
            return self.only_before.search(line) is not None
        if self.before_date:
            return self.time.of_text(line, timezone.utc) is not None
        return self.not_before is None or self.not_before.search(line) is None

    def _shortened(self, line: str) -> str:
        if self.truncate <= 0 or len(line) * 4 <= self.truncate:
            return line
        data = line.encode("utf-8", "replace")
        return line if len(data) <= self.truncate else data[: self.truncate].decode("utf-8", "ignore")


def _between(match: regex.Match, groups: int) -> tuple[int, int]:
    for group in range(1, groups + 1):
        low, high = match.span(group)
        if low >= 0:
            return low, high
    return match.start(), match.start()


def line_breaker(text: str | None) -> regex.Pattern:
    """Return the LINE_BREAKER of a setting; one that captures nothing does not count (Splunk 10.4.0)."""
    own = _pattern(text)
    return own if own is not None and own.groups else regex.compile(LINE_BREAKER)


def breaking(settings: Mapping[str, str]) -> Breaking:
    """Read the settings of a stanza that cut raw text; what is no regular expression does not count."""
    edits = [settings[key] for key in sorted(settings) if key.startswith("SEDCMD") and settings[key]]
    return Breaking(
        line_breaker(settings.get("LINE_BREAKER")),
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


def header_events(lines: Iterable[str], settings: Mapping[str, str]) -> Iterator[Row]:
    """Yield the lines of a file with a header as events: `_raw` and a field for each column that is not empty.

    The header is FIELD_NAMES, the line of HEADER_FIELD_LINE_NUMBER, the first one that FIELD_HEADER_REGEX matches, or
    the first line; a W3C file names its columns in `#Fields:`, again wherever they change. Names become field names
    as Splunk makes them: other characters are `_`.
    """
    w3c = settings.get("INDEXED_EXTRACTIONS", "").strip().lower() == "w3c"
    delimiter, quote = delimiter_of(settings), _quote(settings.get("FIELD_QUOTE"))
    header_delimiter = named_delimiter(settings.get("HEADER_FIELD_DELIMITER", "")) or delimiter
    header_quote = _quote(settings.get("HEADER_FIELD_QUOTE")) if settings.get("HEADER_FIELD_QUOTE") else quote
    kept = settings.get("HEADER_FIELD_ACCEPTABLE_SPECIAL_CHARACTERS", "")
    absent = _pattern(settings.get("MISSING_VALUE_REGEX"))
    marker = _pattern(settings.get("FIELD_HEADER_REGEX")) or (regex.compile(r"^#Fields:\s*") if w3c else None)
    preamble = _pattern(settings.get("PREAMBLE_REGEX")) or (regex.compile("^#") if w3c else None)
    names = [_column(name, kept) for name in field_list(settings.get("FIELD_NAMES", ""))]
    header_line = as_int(settings.get("HEADER_FIELD_LINE_NUMBER"), 0)
    missing = {"-"} if w3c else set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        match = marker.search(line) if marker is not None else None
        if match is not None or (header_line and number == header_line):
            cells = _cells(line[match.end() :] if match is not None else line, header_delimiter, header_quote)
            names = [_column(cell.strip(), kept) for cell in cells]
        elif header_line > number or (preamble is not None and preamble.search(line)):
            continue
        elif not names and marker is None:
            names = [_column(cell.strip(), kept) for cell in _cells(line, header_delimiter, header_quote)]
        else:
            row: dict[str, Any] = {"_raw": line}
            for name, cell in zip(names, _cells(line, delimiter, quote), strict=False):
                empty = not cell or cell in missing or (absent is not None and absent.search(cell) is not None)
                if name and not empty and name not in row:
                    row[name] = cell
            yield row


def _quote(text: str | None) -> str:
    """Return the quotation mark that a setting names; `none` is no mark."""
    text = (text or '"').strip()
    if len(text) == 3 and text[0] == text[2]:
        text = text[1]
    return "" if text.lower() == "none" else text[0]


def _cells(line: str, delimiter: str, quote: str) -> list[str]:
    if delimiter == WHITESPACE:
        return line.split()
    if not quote or quote not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, quotechar=quote), [])
    except csv.Error:
        return line.split(delimiter)


def _column(name: str, kept: str) -> str:
    """Clean the name of a column: what is neither letter, digit, `_` nor one of the characters kept becomes `_`."""
    if not kept:
        return clean_key(name) or name
    return "".join(char if char.isalnum() or char == "_" or char in kept else "_" for char in name)
