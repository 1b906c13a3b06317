"""The raw prefilter: literals are looked for in blocks of bytes, and only the records that hold them are parsed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any

import pcre2

from splmini.engine.filters import RowTest, keep_pairs
from splmini.events import Ask, Block, Candidates, Projected, Report, Tables, Verdicts, find_reader, is_utf8
from splmini.plan.literals import Alternatives, hiding

MOST_LITERALS = 200
"""An alternation of more literals than this is slower than parsing."""


class Look:
    """A first look at records: only the keys that the search expression reads are decoded, and what they refuse goes.

    It stops where it does not pay: hardly a record has all the keys, or most records pass.
    """

    def __init__(self, keys: frozenset[str], tests: Sequence[Verdicts | RowTest]) -> None:
        self.keys = keys
        self.tests = tests
        self.failed = 0

    def passing(self, block: Block, records: list[bytes]) -> list[bytes]:
        """Return the records that may satisfy the search expression, in order."""
        project = find_reader(block.reader).project
        if self.failed >= _TRIES or project is None or not is_utf8(block.data):
            return records
        rows = project(records, self.keys, block.settings)
        decided = [number for number, row in enumerate(rows) if row is not None]
        kept = keep_pairs(decided, [row for row in rows if row is not None], self.tests)
        if len(records) - len(decided) + len(kept) > len(records) // 2:
            self.failed += 1
        if len(decided) == len(records):
            return [records[number] for number in kept]
        wanted = set(kept).union(number for number, row in enumerate(rows) if row is None)
        return [records[number] for number in sorted(wanted)]


class Prefilter:
    """Finds the records of blocks that may satisfy a search expression, by sets of literals (`plan.literals`).

    The strongest set is looked for in the whole block; the records that it hits are held against the other sets.
    Where something in a block could hide a literal, every record with such a thing is a candidate, too. `keys` are the
    fields that are needed, for formats that can leave out the others while they decode (`events._projection`).
    `tables`: blocks of which every record is wanted may come as `ColumnBatch`es. Where nothing is sure of events in
    general, `narrowed` tells what is of those of some sourcetypes. `ask` is what is asked of events of a class that are
    read into columns, where whoever reads them takes tables. `timed`: whether somebody reads the time of an event.
    """

    def __init__(
        self,
        required: list[Alternatives],
        keys: frozenset[str] | None = None,
        narrowed: Callable[[frozenset[str]], list[Alternatives]] | None = None,
        look: Look | None = None,
        tables: bool = False,
        ask: Ask | None = None,
        timed: bool = True,
    ) -> None:
        self.timed = timed
        self.keys = keys
        self.ask = ask
        self.tables = tables
        self.look = look
        self._narrowed = narrowed
        self._by_sourcetypes: dict[frozenset[str], Prefilter] = {}
        usable = [each for each in required if len(each) <= MOST_LITERALS]
        self.scanned = usable[0] if usable else frozenset()
        self.others = [tuple(literal.encode() for literal in each) for each in usable[1:4]]
        hides = hiding(frozenset().union(*usable[:4]))
        literals = "|".join(map(quoted, sorted(self.scanned)))
        self._pattern = pattern(literals) if usable else None
        self._escapes = pattern(hides.escapes)
        self._entities = pattern(hides.entities)
        self._letters = pattern(hides.letters) if hides.letters else None
        self._hidden = pattern(str(hides))
        self._careful = pattern(f"{literals}|{hides}") if usable else None

    def __bool__(self) -> bool:
        known = (self._pattern, self.keys, self._narrowed, self.look, self.ask)
        return not self.timed or any(each is not None for each in known)

    def records(self, block: Block) -> list[bytes]:
        """Return the records of a block that may satisfy the expression, in order."""
        if self._pattern is None:
            known = self._for(block)
            return block.records() if known is None else known.records(block)
        data = block.data
        hides = self._hides(data)
        chosen: Any = self._careful if hides else self._pattern
        search = chosen.search
        match = search(data)
        if match is None:
            return []
        found: list[bytes] = []
        framing = find_reader(block.reader).framing
        state, bounds = block.state, framing.bounds
        if framing.mark(state) is None:  # where a record begins is known only from the block's start
            return [
                record
                for record in framing.records(data, state)
                if search(record) is not None and self._holds_others(record, hides)
            ]
        while match is not None:
            position = match.start()
            start, end = bounds(data, position, state)
            record = data[start:end]
            if self._holds_others(record, hides):
                found.extend(framing.records(record, state))
            match = search(data, max(end, position + 1))
        return found

    def wants_all(self, block: Block) -> bool:
        """Say whether every record of a block is wanted."""
        known = self._for(block) if self._pattern is None else self
        return known is None or known._pattern is None

    def _for(self, block: Block) -> Prefilter | None:
        """Return the prefilter for the sourcetypes that the events of a block have, where there is one."""
        if self._narrowed is None:
            return None
        sourcetypes = block.sourcetypes()
        if sourcetypes is None:
            return None
        known = self._by_sourcetypes.get(sourcetypes)
        if known is None:
            known = self._by_sourcetypes[sourcetypes] = Prefilter(self._narrowed(sourcetypes))
        return known

    def _hides(self, data: bytes) -> bool:
        """Say whether anything in a block can hide a literal; three fast scans, where one alternation is slow."""
        if self._letters is not None and not data.isascii() and self._letters.search(data) is not None:
            return True
        return self._escapes.search(data) is not None or self._entities.search(data) is not None

    def _holds_others(self, record: bytes, hides: bool) -> bool:
        if not self.others:
            return True
        lowered = record.lower()
        for alternatives in self.others:
            if not any(literal in lowered for literal in alternatives):
                return hides and self._hidden.search(record) is not None
        return True


@lru_cache(maxsize=256)
def pattern(expression: str) -> Any:
    """A caseless pattern over bytes; PCRE2's just-in-time compiler scans a literal at gigabytes a second."""
    return pcre2.compile(expression.encode(), pcre2.I, jit=True)


def quoted(literal: str) -> str:
    """Return a literal as a pattern."""
    return "\\Q" + literal.replace("\\E", "\\E\\\\E\\Q") + "\\E"


def _wanted(prefilter: Prefilter, block: Block) -> list[bytes] | None:
    """Return the records of a block that may satisfy the expression; None: all."""
    return None if prefilter.wants_all(block) else prefilter.records(block)


_ADDED = 4
"""So many fields the caller may put on every event (sourcetype, source, host, index)."""
_TRIES = 4


def _mostly_whole(events: list[dict[str, Any]], keys: frozenset[str]) -> bool:
    return sum(len(event) > len(keys) + _ADDED for event in events) * 2 > len(events)


def candidates(prefilter: Any) -> Candidates | None:
    """Return what finds the events of blocks that may satisfy an expression, by a `Prefilter` or what else has its
    `records`; None for one that knows nothing."""
    return partial(_candidates, prefilter) if prefilter else None


def _candidates(prefilter: Any, blocks: Iterator[Any], report: Report) -> Iterator[tuple[int, Any]]:
    """Yield, for each block, about how many records it has and the events that may satisfy the expression.

    A format whose records depend on those before them is parsed whole; so are batches of rows.
    """
    keys, failed = prefilter.keys, 0
    tables = _TRIES if prefilter.tables else 0
    columns = None if prefilter.ask is None else Tables(prefilter.ask)
    for part in blocks:
        if not isinstance(part, Block):
            yield len(part), part
            continue
        if not prefilter.timed:
            part = part.untimed()
        if not part.independent:
            events = part.events(report)
            yield len(events), events
        else:
            if tables and keys is not None and prefilter.wants_all(part):
                table = part.table(report, keys)
                if table is not None:
                    yield len(table), table
                    continue
                tables -= 1
            pieces = None if columns is None else columns.of(part, report, partial(_wanted, prefilter, part))
            if pieces is not None:
                left_out = max(part.lines - sum(map(len, pieces)), 0)
                yield from ((len(piece), piece) for piece in pieces)
                yield left_out, []
                continue
            records = prefilter.records(part)
            if prefilter.look is not None and records:
                records = prefilter.look.passing(part, records)
            events = part.events(report, records, keys) if records else []
            if keys is not None and not isinstance(events, Projected) and _mostly_whole(events, keys):
                failed += 1  # hardly a record has all that is needed: trying costs more than it saves
                keys = keys if failed < _TRIES else None
            yield max(part.lines, len(records)), events
