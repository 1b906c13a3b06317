"""Where records end: how a stream of bytes is cut into blocks of whole records, and a block into records.

Three functions make a framing. `boundary(data, state)` is the last place at which data can be cut (0: none);
`records(data, state)` cuts a block; `bounds(data, at, state)` finds the record around a position, so that a search
over the bytes of a block can cut out only the records that it hit. `mark(state)` is the bytes behind the last of
which a boundary is found without what stands before them; None where the whole block decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def no_mark(state: Any) -> bytes | None:
    """Say that a boundary can only be found from the start of a block."""
    return None


@dataclass(frozen=True)
class Framing:
    """A way to cut bytes into records; blocks start at records."""

    name: str
    boundary: Callable[[bytes, Any], int]
    records: Callable[[bytes, Any], list[bytes]]
    bounds: Callable[[bytes, int, Any], tuple[int, int]]
    mark: Callable[[Any], bytes | None] = no_mark


# ---- one line, one record ------------------------------------------------------------------------------------------


def _line_boundary(data: bytes, state: Any) -> int:
    return data.rfind(b"\n") + 1


def line_mark(state: Any) -> bytes | None:
    """Return the line break."""
    return b"\n"


def split_lines(data: bytes) -> list[bytes]:
    """Return the lines that hold anything, without their line ends; a lone carriage return ends none."""
    if b"\r" in data:
        return [line for line in (each.rstrip(b"\r") for each in data.split(b"\n")) if line and not line.isspace()]
    return [line for line in data.split(b"\n") if line and not line.isspace()]


def _line_records(data: bytes, state: Any) -> list[bytes]:
    return split_lines(data)


def line_bounds(data: bytes, at: int, state: Any) -> tuple[int, int]:
    """Return the line around a position."""
    start = data.rfind(b"\n", 0, at) + 1
    end = data.find(b"\n", at)
    return start, len(data) if end < 0 else end


LINES = Framing("lines", _line_boundary, _line_records, line_bounds, line_mark)

# ---- records that begin with a pattern -----------------------------------------------------------------------------


def starting_with(name: str, pattern: re.Pattern[bytes]) -> Framing:
    """Return the framing whose records begin where the pattern matches (it has to match at a line's start)."""

    def starts(data: bytes) -> list[int]:
        found = [match.start() for match in pattern.finditer(data)]
        return found if found and not found[0] else [0, *found]

    def boundary(data: bytes, state: Any) -> int:
        found = starts(data)
        return found[-1]

    def records(data: bytes, state: Any) -> list[bytes]:
        found = starts(data)
        pieces = (data[a:b].strip(b"\r\n") for a, b in zip(found, [*found[1:], len(data)], strict=True))
        return [piece for piece in pieces if piece and not piece.isspace()]

    def bounds(data: bytes, at: int, state: Any) -> tuple[int, int]:
        found = starts(data)
        start = max(each for each in found if each <= at)
        return start, min((each for each in found if each > at), default=len(data))

    return Framing(name, boundary, records, bounds)


# ---- lines in which a quoted value may hold line breaks ------------------------------------------------------------


def _quoted_boundary(data: bytes, state: Any) -> int:
    if b'"' not in data:
        return data.rfind(b"\n") + 1
    quotes = data.count(b'"')
    at = len(data)
    while True:
        cut = data.rfind(b"\n", 0, at)
        if cut < 0:
            return 0
        quotes -= data.count(b'"', cut, at)
        if quotes % 2 == 0:
            return cut + 1
        at = cut


def _quoted_records(data: bytes, state: Any) -> list[bytes]:
    if b'"' not in data:
        return split_lines(data)
    records: list[bytes] = []
    open_lines: list[bytes] = []
    odd = False
    for line in data.split(b"\n"):
        if line.count(b'"') % 2:
            odd = not odd
        open_lines.append(line)
        if not odd:
            records.append(b"\n".join(open_lines).rstrip(b"\r"))
            open_lines = []
    if open_lines:
        records.append(b"\n".join(open_lines).rstrip(b"\r"))
    return [record for record in records if record and not record.isspace()]


def _quoted_bounds(data: bytes, at: int, state: Any) -> tuple[int, int]:
    start = _quoted_boundary(data[:at], state)
    end = data.find(b"\n", at)
    quotes, counted = 0, start
    while end >= 0:
        quotes += data.count(b'"', counted, end)
        if quotes % 2 == 0:
            return start, end
        counted, end = end, data.find(b"\n", end + 1)
    return start, len(data)


QUOTED_LINES = Framing("quoted lines", _quoted_boundary, _quoted_records, _quoted_bounds)
