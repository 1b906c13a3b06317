"""Text in no known format: a line is an event, or, where lines begin with times, what stands from one to the next.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Data/Configureeventlinebreaking (BREAK_ONLY_BEFORE_DATE)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from splmini.events._framing import LINES, Framing, line_bounds, split_lines, starting_with
from splmini.events._lines import parse_line
from splmini.events._reader import Block, Settings, reader

if TYPE_CHECKING:
    from splmini.operators import Row

DATED = re.compile(
    rb"^[^\S\n]?[\[<(\"']?[^\S\n]?(?:\d{4}[-/]\d\d?[-/]\d\d?|\d{1,2}[-/ ](?:\d{1,2}|[A-Za-z]{3})[-/ ]\d{2,4}"
    rb"|(?:[A-Z][a-z]{2},? )?[A-Z][a-z]{2} [ \d]\d,? |\d{10}(?:\.\d+|\d{3})?\b|\d\d:\d\d:\d\d)",
    re.MULTILINE,
)
DATED_LINES = starting_with("dated lines", DATED)


def _start(head: bytes, settings: Settings) -> dict[str, bool]:
    """Look whether most lines begin with a time and others follow them: stack traces and the like."""
    lines = split_lines(head)[:200]
    dated = sum(DATED.match(line) is not None for line in lines)
    return {"dated": bool(lines) and DATED.match(lines[0]) is not None and 1 < dated < len(lines)}


def _of(state: Any) -> Framing:
    return DATED_LINES if isinstance(state, dict) and state.get("dated") else LINES


def _boundary(data: bytes, state: Any) -> int:
    return _of(state).boundary(data, state)


def _records(data: bytes, state: Any) -> list[bytes]:
    return _of(state).records(data, state)


def _bounds(data: bytes, at: int, state: Any) -> tuple[int, int]:
    return _of(state).bounds(data, at, state) if _of(state) is not LINES else line_bounds(data, at, state)


TEXT = Framing("text", _boundary, _records, _bounds)


def _looks(head: bytes) -> float:
    return 0.01


@reader("text", "text", _looks, framing=TEXT, start=_start, carries_time=True, joins_lines=True)
def parse(record: bytes, block: Block) -> Row:
    """Text; times are found as Splunk finds them, an event without one has that of the event before it."""
    return parse_line(record, block)
