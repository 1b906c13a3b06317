"""The raw prefilter: literals are looked for in blocks of bytes, and only the records that hold them are parsed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pcre2

from splmini.events import Block, find_reader
from splmini.plan.literals import Alternatives, hiding_bytes

MOST_LITERALS = 200
"""An alternation of more literals than this is slower than parsing."""


class Prefilter:
    """Finds the records of blocks that may satisfy a search expression, by sets of literals (`plan.literals`).

    The strongest set is looked for in the whole block; the records that it hits are held against the other sets.
    """

    def __init__(self, required: list[Alternatives]) -> None:
        usable = [each for each in required if len(each) <= MOST_LITERALS]
        self.scanned = usable[0] if usable else frozenset()
        self.others = [tuple(literal.encode() for literal in each) for each in usable[1:4]]
        self.hiding = hiding_bytes(frozenset().union(*usable), json_escapes=True, entities=True) if usable else ()
        self._pattern = _pattern(tuple(sorted(self.scanned)), ()) if usable else None
        self._careful = _pattern(tuple(sorted(self.scanned)), self.hiding) if usable else None

    def __bool__(self) -> bool:
        return self._pattern is not None

    def records(self, block: Block) -> list[bytes]:
        """Return the records of a block that may satisfy the expression, in order."""
        data = block.data
        framing = find_reader(block.reader).framing
        hides = any(sequence in data for sequence in self.hiding)
        pattern = self._careful if hides else self._pattern
        assert pattern is not None
        found = []
        at = 0
        search = pattern.search
        while (match := search(data, at)) is not None:
            start, end = block.bounds(match.start())
            record = data[start:end]
            if self._holds_others(record, hides):
                found.extend(framing.records(record, block.state))
            at = max(end, match.end())
        return found

    def _holds_others(self, record: bytes, hides: bool) -> bool:
        if not self.others:
            return True
        lowered = record.lower()
        for alternatives in self.others:
            if not any(literal in lowered for literal in alternatives):
                return hides and any(sequence in record for sequence in self.hiding)
        return True


@lru_cache(maxsize=256)
def _pattern(literals: tuple[str, ...], hiding: tuple[bytes, ...]) -> Any:
    """A caseless alternation over bytes; PCRE2's just-in-time compiler scans it at gigabytes a second."""
    parts = [_quoted(literal.encode()) for literal in literals] + [_quoted(sequence) for sequence in hiding]
    return pcre2.compile(b"|".join(parts), pcre2.I, jit=True)


def _independent(block: Block) -> bool:
    """Say whether a record means the same without those before it: no time is carried on, no header can change."""
    reader = find_reader(block.reader)
    return not reader.carries_time and reader.advance is None


def _quoted(literal: bytes) -> bytes:
    return b"\\Q" + literal.replace(b"\\E", b"\\E\\\\E\\Q") + b"\\E"


def candidates(blocks: Iterator[Any], prefilter: Prefilter, report: Any) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Yield, for each block, about how many records it has and the events that may satisfy the expression.

    A format whose records depend on those before them is parsed whole; so are batches of rows.
    """
    for part in blocks:
        if not isinstance(part, Block):
            yield len(part), part
        elif not _independent(part):
            events = part.events(report)
            yield len(events), events
        else:
            records = prefilter.records(part)
            count = max(part.data.count(b"\n"), len(records))
            yield count, part.events(report, records) if records else []
