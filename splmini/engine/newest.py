"""The newest events of files: only their times are read, and the events themselves once it is known which they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from heapq import nlargest
from operator import itemgetter
from typing import Any, TypeAlias

from splmini.events import Ask, Block, Candidates, Report, Tables, find_reader
from splmini.operators import Batch, ColumnBatch

MOST = 10_000
"""So many are held at once, at most."""
_Record: TypeAlias = "tuple[float, int, Block, bytes]"
"""A record of a block by its time and its place among all; the block is there for how it is parsed."""


def newest(count: int, ask: Ask) -> Candidates:
    """Return what finds events among which the newest ones are, so many; of equal times those that come last.

    `ask` says of a class of events what is read of them for their times alone.
    """
    return partial(_newest, count, ask)


@dataclass
class _Held:
    """The newest records so far."""

    count: int
    records: list[_Record] = field(default_factory=list)
    seen: int = 0

    def take(self, block: Block, times: list[Any]) -> None:
        """Take in the records of a block."""
        shown = [float("-inf") if time is None else time for time in times]
        lines = block.records()
        empty = replace(block, data=b"")
        best = nlargest(self.count, zip(shown, range(len(shown)), strict=True))
        self.records.extend((time, self.seen + place, empty, lines[place]) for time, place in best)
        self.records = nlargest(self.count, self.records, key=itemgetter(0, 1))
        self.seen += len(shown)

    def events(self) -> Iterator[Batch]:
        """Give the events, in their order, and let them go."""
        held, self.records = sorted(self.records, key=itemgetter(1)), []
        for _, _, block, record in held:
            yield block.events(Report(), [record])


def _newest(count: int, ask: Ask, blocks: Iterator[Block | Batch], report: Report) -> Iterator[tuple[int, Any]]:
    tables, held = Tables(ask), _Held(count)
    for part in blocks:
        times = _times(part, tables, report) if isinstance(part, Block) and _of_lines(part) else None
        if times is not None and isinstance(part, Block):
            held.take(part, times)
            yield len(times), []
            continue
        yield from ((0, each) for each in held.events())
        events = part.events(report) if isinstance(part, Block) else part
        yield len(events), events
    yield from ((0, each) for each in held.events())


def _of_lines(block: Block) -> bool:
    """Say whether each line of a block is a record by itself, and so an event where it is one of a table."""
    return block.independent and find_reader(block.reader).framing.mark(block.state) == b"\n"


def _times(block: Block, tables: Tables, report: Report) -> list[Any] | None:
    """Return the times of all records of a block; None where its events have to be made to know them."""
    own = Report()
    pieces = tables.of(block, own, _all)
    if pieces is None or len(pieces) != 1 or not isinstance(pieces[0], ColumnBatch):
        return None
    report.merge(own)
    return pieces[0].column("_time")


def _all() -> None:
    """Every record is wanted."""


__all__ = ["MOST", "newest"]
