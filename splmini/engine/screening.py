"""Which of many searches an event could satisfy, told from its bytes, before anything of it is parsed or mapped.

Of each search the literals are known of which a record must contain one (`plan.literals`), for each class of events:
those of a sourcetype and a source. All literals of all searches are found in one scan over the bytes of many events
(Aho-Corasick, from the package ahocorasick-rs; without it, by pieces of three letters, event by event).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from splmini.engine.candidates import MOST_ALTERNATIVES, finder
from splmini.engine.prefilter import pattern
from splmini.events import Block, find_reader
from splmini.operators import Row
from splmini.plan.literals import Alternatives, hiding

if TYPE_CHECKING:
    from splmini.engine.context import Run
    from splmini.knowledge.ways import Demand

try:
    import ahocorasick_rs
except ImportError:
    ahocorasick_rs = None

Candidates: TypeAlias = "dict[int, list[int]]"
"""Numbers of searches, each with the positions of the events that could satisfy it."""

SAMPLE = 400
"""Records that tell which literals are rare."""
MOST_CLASSES = 256
"""Classes of events that are told apart; of more, the source is not looked at."""
COMMON = 0.05
"""A search that more than this share of the events could satisfy by its literals is better looked up by a field."""
OTHERS = 3
"""So many further sets of literals are looked for in a record that holds one of the first."""

_encoder = msgspec.json.Encoder()
_WRITTEN = re.compile(r"[0-9-]*t?[0-9:]*\.?[0-9]*z?|[0-9]*\.?[0-9]*(e[+-]?[0-9]*)?|0?x?[0-9a-f]{0,18}|nan|inf")
"""Literals that could be a piece of a number or time which mapping writes in another way than the event holds it."""


@dataclass
class ClassScreen:
    """What is known of the searches for a class of events: `always` are those that any of them could satisfy."""

    always: tuple[int, ...] = ()
    by_literal: list[tuple[int, ...]] = field(default_factory=list)
    others: dict[int, list[tuple[bytes, ...]]] = field(default_factory=dict)
    literal: list[int] = field(default_factory=list)
    """The searches that are looked up by literals."""
    find: Callable[[bytes], Iterable[tuple[int, int]]] | None = None
    """Finds the literals in bytes in lower case: their numbers, and where they begin."""
    hidden: Any = None
    """Finds what can hide literals."""
    outdated: bool = False
    """Whether it was found that searches should be looked up in another way."""
    seen: int = 0
    hits: Counter[int] = field(default_factory=Counter)

    def count(self, events: int, found: Candidates) -> set[int]:
        """Count what was found in events; return the searches that too many could satisfy, by their literals."""
        self.seen += events
        self.hits.update({number: len(positions) for number, positions in found.items()})
        if self.seen < SAMPLE:
            return set()
        common = {number for number, count in self.hits.items() if count > self.seen * COMMON}
        self.outdated = bool(common)
        return common

    def numbers(self, lowered: bytes, starts: Sequence[int]) -> Candidates:
        """Return the searches that records could satisfy, by what they hold; `starts` is where each record begins, and
        where the last one ends."""
        found: dict[int, set[int]] = {}
        if self.find is None:
            return {}
        records: dict[int, bytes] = {}
        for literal, at in self.find(lowered):
            position = bisect_right(starts, at) - 1
            record = records.get(position)
            if record is None:
                record = records[position] = lowered[starts[position] : starts[position + 1]]
            for number in self.by_literal[literal]:
                if position not in found.get(number, ()) and self._holds_others(number, record):
                    found.setdefault(number, set()).add(position)
        for match in self.hidden.finditer(lowered):
            position = bisect_right(starts, match.start()) - 1
            for number in self.literal:
                found.setdefault(number, set()).add(position)
        return {number: sorted(positions) for number, positions in found.items()}

    def may_satisfy(self, literal: int, record: bytes) -> bool:
        """Say whether a record that holds a literal (-1: what can hide one) could satisfy any of the searches."""
        return literal < 0 or any(self._holds_others(number, record) for number in self.by_literal[literal])

    def _holds_others(self, number: int, record: bytes) -> bool:
        for alternatives in self.others[number]:
            for literal in alternatives:
                if literal in record:
                    break
            else:
                return False
        return True


@dataclass(frozen=True)
class EventClass:
    """What events have in common: the only `sourcetypes` (lower case) that they may have, and their source, where that
    is known; and whether they have a `_raw`."""

    sourcetypes: frozenset[str] | None
    source: str | None
    has_raw: bool

    def constants(self) -> Row:
        """Return the fields that all of them have."""
        constants: Row = {} if self.source is None else {"source": self.source}
        if self.sourcetypes is not None and len(self.sourcetypes) == 1:
            constants["sourcetype"] = next(iter(self.sourcetypes))
        return constants


class Screen:
    """Tells which of many searches events could satisfy.

    Of each search come its demands: it takes the events that satisfy any of them. None: nothing is known of it.
    """

    keys = look = None
    """Records are parsed whole (`engine.prefilter`)."""

    def __init__(self, demands: Sequence[Sequence[Demand] | None], run: Run) -> None:
        self.demands = demands
        self.run = run
        self._flat = [each for several in demands for each in several or ()]
        self._literals: dict[frozenset[str] | None, list[list[Alternatives]]] = {}
        self._classes: dict[EventClass, ClassScreen] = {}
        self._common: set[int] = set()
        """Searches whose literals turned out to be common."""

    def of(self, events: EventClass, sample: Callable[[], list[bytes]]) -> ClassScreen:
        """Return what is known for a class of events; `sample` gives some of their records, in lower case."""
        known = self._classes.get(events)
        if known is None or known.outdated:
            known = self._classes[events] = self._made(events, sample())
        return known

    def _made(self, events: EventClass, sample: list[bytes]) -> ClassScreen:
        literals = self._literals.get(events.sourcetypes)
        if literals is None:
            found = self.run.services.demanded_literals(self._flat, events.sourcetypes)
            literals = self._literals[events.sourcetypes] = found
        impossible = self.run.services.impossible(self._flat, events.constants(), self.run)
        options: dict[int, list[Alternatives]] = {}
        always, at = [], 0
        for number, demands in enumerate(self.demands):
            if demands is None or number in self._common:
                always.append(number)
            else:
                possible = [each for each in range(at, at + len(demands)) if not impossible[each]]
                kept = self._usable(possible, literals, events.has_raw)
                if kept:
                    options[number] = kept
                elif possible:
                    always.append(number)
            at += len(demands or ())
        return _class_screen(always, options, sample)

    def _usable(self, possible: list[int], literals: list[list[Alternatives]], has_raw: bool) -> list[Alternatives]:
        """Return the sets of literals of which an event needs one to satisfy any of the possible demands."""
        if not possible or (not has_raw and any(self._flat[each].reads_raw for each in possible)):
            return []
        found = literals[possible[0]]
        if len(possible) > 1:
            several = [literals[each] for each in possible]
            found = [frozenset().union(*(each[0] for each in several))] if all(several) else []
        return [each for each in found if len(each) <= MOST_ALTERNATIVES and (has_raw or not _may_differ(each))]

    # ---- events as dicts ---------------------------------------------------------------------------------------------

    def candidates(self, events: list[dict[str, Any]]) -> list[tuple[ClassScreen | None, list[int], Candidates]]:
        """Return, for each class of events, their positions, and which searches could be satisfied by which of them.

        A class of which nothing can be told is None.
        """
        groups: dict[tuple[Any, Any, bool], list[int]] = {}
        for position, event in enumerate(events):
            key = (event.get("sourcetype"), event.get("source"), "_raw" in event)
            try:
                groups.setdefault(key, []).append(position)
            except TypeError:  # a source that is multivalue
                groups.setdefault((None, None, key[2]), []).append(position)
        return [self._group(key, positions, events) for key, positions in groups.items()]

    def _group(
        self, key: tuple[Any, Any, bool], positions: list[int], events: list[dict[str, Any]]
    ) -> tuple[ClassScreen | None, list[int], Candidates]:
        chosen = events if len(positions) == len(events) else [events[position] for position in positions]
        try:
            data = _encoder.encode_lines(chosen)
        except (TypeError, ValueError, OverflowError, RecursionError):  # surrogates, integers that JSON cannot hold
            return None, positions, {}
        lowered = data.lower()
        records = lowered.split(b"\n")
        records.pop()
        starts = [0, *accumulate(len(record) + 1 for record in records)]
        sourcetype, source, has_raw = key
        sourcetypes = frozenset({sourcetype.lower()}) if isinstance(sourcetype, str) and sourcetype else None
        told_apart = isinstance(source, str) and len(self._classes) < MOST_CLASSES
        events_class = EventClass(sourcetypes, source if told_apart else None, has_raw)
        found = self.of(events_class, lambda: records[:: len(records) // SAMPLE + 1])
        numbers = found.numbers(lowered, starts)
        self._common |= found.count(len(chosen), numbers)
        if chosen is not events:
            numbers = {number: [positions[each] for each in hits] for number, hits in numbers.items()}
        return found, positions, numbers

    # ---- blocks of files ---------------------------------------------------------------------------------------------

    def records(self, block: Block) -> list[bytes]:
        """Return the records of a block that may satisfy any of the searches, in order."""
        found = self.of(EventClass(block.sourcetypes(), None, True), lambda: _some_records(block))
        if found.always or (found.find is None and found.literal):
            return block.records()
        if found.find is None:
            return []
        data, lowered = block.data, block.data.lower()
        framing, state = find_reader(block.reader).framing, block.state
        places = [(at, literal) for literal, at in found.find(lowered)]
        places.extend((match.start(), -1) for match in found.hidden.finditer(data))
        records: list[bytes] = []
        start, end, taken = 0, -1, False
        for at, literal in sorted(places):
            if at >= end:
                start, end = framing.bounds(data, at, state)
                taken = False
            if not taken and found.may_satisfy(literal, lowered[start:end]):
                records.extend(framing.records(data[start:end], state))
                taken = True
        return records


def _some_records(block: Block) -> list[bytes]:
    records = block.records()
    return [record.lower() for record in records[:: len(records) // SAMPLE + 1]]


def _may_differ(alternatives: Alternatives) -> bool:
    """Say whether a literal could be in a field though it is not in the event as given, whose `_raw` is made: of times
    and numbers, which are written in another way, and of entities."""
    return any(";" in literal or _WRITTEN.fullmatch(literal) for literal in alternatives)


# ---- literals --------------------------------------------------------------------------------------------------------


def _class_screen(always: list[int], options: dict[int, list[Alternatives]], sample: list[bytes]) -> ClassScreen:
    """Look up each search by the literals that the fewest records of a sample hold, where those are few."""
    counts = _counts({literal for each in options.values() for one in each for literal in one}, sample)
    made = ClassScreen()
    literals: dict[str, list[int]] = {}
    for number, several in options.items():
        ranked = sorted(several, key=lambda each: sum(map(counts.__getitem__, each)))
        if sum(map(counts.__getitem__, ranked[0])) > len(sample) * COMMON:
            always.append(number)
            continue
        made.literal.append(number)
        for literal in ranked[0]:
            literals.setdefault(literal, []).append(number)
        made.others[number] = [tuple(literal.encode() for literal in each) for each in ranked[1 : OTHERS + 1]]
    made.always = tuple(sorted(always))
    made.by_literal = [tuple(each) for each in literals.values()]
    if literals:
        made.find = _finder([each.encode() for each in literals])
        looked_for = (literal for number in made.literal for each in options[number] for literal in each)
        made.hidden = pattern(str(hiding(looked_for)))
    return made


def _counts(literals: set[str], sample: list[bytes]) -> Counter[str]:
    """Count how many records of a sample hold each literal."""
    names = sorted(literals)
    counts: Counter[str] = Counter()
    if not names or not sample:
        return counts
    find = _finder([name.encode() for name in names])
    for record in sample:
        counts.update({names[number] for number, _ in find(record)})
    return counts


def _finder(literals: list[bytes]) -> Callable[[bytes], Iterable[tuple[int, int]]]:
    """Return a function from bytes to the numbers of the literals in them, and where they begin."""
    if ahocorasick_rs is None:
        return _by_lines([literal.decode() for literal in literals])
    matches = ahocorasick_rs.BytesAhoCorasick(literals).find_matches_as_indexes

    def find(data: bytes) -> Iterable[tuple[int, int]]:
        return [(number, start) for number, start, _ in matches(data, overlapping=True)]

    return find


def _by_lines(literals: list[str]) -> Callable[[bytes], Iterable[tuple[int, int]]]:
    """The same by pieces of three letters, line by line: no literal holds a line break."""
    find_in = finder(literals)

    def find(data: bytes) -> Iterable[tuple[int, int]]:
        at = 0
        for line in data.split(b"\n"):
            text = line.decode("latin-1")
            for number in find_in(text):
                yield number, at + text.index(literals[number])
            at += len(line) + 1

    return find
