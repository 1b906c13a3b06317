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

from splmini.engine.candidates import MOST_ALTERNATIVES, SAMPLE
from splmini.engine.literal_search import byte_finder
from splmini.engine.prefilter import pattern
from splmini.events import Block, find_reader
from splmini.operators import Row
from splmini.plan.literals import Alternatives, hiding, weakness

if TYPE_CHECKING:
    from splmini.engine.context import Run
    from splmini.plan.demands import Demand

Candidates: TypeAlias = "dict[int, list[int]]"
"""Numbers of searches, each with the positions of the events that could satisfy it."""

MOST_CLASSES = 256
"""Classes of events that are told apart; of more, the source is not looked at."""
FEW = 200
"""Events of a class for which it does not pay to work out what their bytes tell."""
OFTEN = 4000
"""Events with the same keys that are worth a look at what those tell."""
COMMON = 0.02
"""A search that more than this share of the events could satisfy by its literals is better looked up by a field."""
MOST_SHARED = 40
"""A literal that more searches than this hold (the name of a channel) is likely to be common, too."""
OTHERS = 3
"""So many further sets of literals are looked for in a record that holds one of the first."""

_encoder = msgspec.json.Encoder()
_NUMBER = re.compile(r"[0-9]*\.?[0-9]*(e[+-]?[0-9]*)?")
"""Literals that could be a piece of a number, which may print in another way than JSON has it."""
_WRITTEN = re.compile(r"[0-9-]*t?[0-9:]*\.?[0-9]*z?|0?x?[0-9a-f]{0,18}")
"""Literals that could be a piece of a time, or of keywords, which mapping writes in another way than the event does."""


@dataclass
class ClassScreen:
    """What is known of the searches for a class of events."""

    always: tuple[int, ...] = ()
    """Searches that are not looked up by literals: any event may satisfy one, as far as it holds the `others`."""
    literal: list[int] = field(default_factory=list)
    """Searches that are."""
    by_literal: list[tuple[int, ...]] = field(default_factory=list)
    others: dict[int, list[tuple[bytes, ...]]] = field(default_factory=dict)
    """Sets of literals, of each of which a record has to hold one, too."""
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
        self.hits.update({number: len(places) for number, places in found.items()})
        if self.seen < SAMPLE:
            return set()
        common = {number for number, count in self.hits.items() if count > self.seen * COMMON}
        self.outdated = bool(common)
        return common

    def may_satisfy(self, literal: int, record: bytes) -> bool:
        """Say whether a record that holds a literal (-1: what can hide one) could satisfy any of the searches."""
        return literal < 0 or any(self.holds_others(number, record) for number in self.by_literal[literal])

    def holds_others(self, number: int, record: bytes) -> bool:
        """Say whether a record, in lower case, holds the further literals of a search."""
        for alternatives in self.others.get(number, ()):
            for literal in alternatives:
                if literal in record:
                    break
            else:
                return False
        return True


class Screened:
    """Events of a class, by their positions in a chunk, and which searches could be satisfied by which of them.

    Nothing is known of the events where `known` is None.
    """

    def __init__(
        self, positions: list[int], known: ClassScreen | None = None, data: bytes = b"", has_raw: bool = True
    ) -> None:
        self.positions = positions
        self.known = known
        self.has_raw = has_raw
        self._records = data.split(b"\n")[:-1]
        self._hiding: set[int] = set()
        self.candidates: Candidates = {}
        if known is not None and known.hidden is not None:
            starts = [0, *accumulate(len(record) + 1 for record in self._records)]
            self._hiding = {bisect_right(starts, match.start()) - 1 for match in known.hidden.finditer(data)}
            found = self._found(known, data, starts)
            self.candidates = {number: [positions[place] for place in sorted(each)] for number, each in found.items()}

    def _found(self, known: ClassScreen, data: bytes, starts: list[int]) -> dict[int, set[int]]:
        found: dict[int, set[int]] = {}
        for literal, at in () if known.find is None else known.find(data):
            place = bisect_right(starts, at) - 1
            for number in known.by_literal[literal]:
                if place not in found.get(number, ()) and known.holds_others(number, self._records[place]):
                    found.setdefault(number, set()).add(place)
        for place in self._hiding:
            for number in known.literal:
                found.setdefault(number, set()).add(place)
        return found

    def possible(self, number: int, places: list[int]) -> list[int]:
        """Return the positions of the events, of those in some places, whose bytes do not refuse a search."""
        known, positions = self.known, self.positions
        if known is None or not known.others.get(number):
            return [positions[place] for place in places]
        records, hiding = self._records, self._hiding
        return [positions[place] for place in places if known.holds_others(number, records[place]) or place in hiding]


@dataclass(frozen=True)
class EventClass:
    """What events have in common: the only `sourcetypes` (lower case) that they may have, and their source, where that
    is known; whether they have a `_raw`; fields that all of them give."""

    sourcetypes: frozenset[str] | None
    source: str | None
    has_raw: bool
    given: frozenset[str] = frozenset()

    def constants(self) -> Row:
        """Return the fields that all of them have."""
        constants: Row = {} if self.source is None else {"source": self.source}
        if self.sourcetypes is not None and len(self.sourcetypes) == 1:
            constants["sourcetype"] = next(iter(self.sourcetypes))
        return constants


_Known: TypeAlias = "tuple[frozenset[str] | None, bool, frozenset[str], tuple[bool, ...]]"
"""What tells what is known of a class: its sourcetypes, whether its events have a `_raw`, the fields that they give,
which demands none of them satisfies."""


class Screen:
    """Tells which of many searches events could satisfy.

    Of each search come its demands: it takes the events that satisfy any of them. None: nothing is known of it.
    """

    keys = look = tables = ask = None
    timed = True
    """Records are parsed whole (`engine.prefilter`)."""

    def __init__(self, demands: Sequence[Sequence[Demand] | None], run: Run) -> None:
        self.demands = demands
        self.run = run
        self._flat = [each for several in demands for each in several or ()]
        reads = [each.reads for each in self._flat]
        self._reads: frozenset[str] = frozenset().union(*(each for each in reads if each is not None))
        self._seen: Counter[EventClass] = Counter()
        self._shapes: Counter[tuple[str, ...]] = Counter()
        self._literals: dict[Any, list[list[Alternatives]]] = {}
        self._classes: dict[EventClass, _Known] = {}
        """What classes of events have in common that tells what is known of them."""
        self._screens: dict[_Known, ClassScreen] = {}
        self._common: set[int] = set()
        """Searches whose literals turned out to be common."""

    def of(self, events: EventClass, sample: Callable[[], list[bytes]]) -> ClassScreen:
        """Return what is known for a class of events; `sample` gives some of their records, in lower case."""
        key = self._classes.get(events)
        if key is None:
            impossible = self.run.services.event_fields.impossible(self._flat, events.constants(), self.run)
            key = self._classes[events] = (events.sourcetypes, events.has_raw, events.given, tuple(impossible))
        known = self._screens.get(key)
        if known is None or known.outdated:
            known = self._screens[key] = self._made(*key, sample())
        return known

    def _made(
        self,
        sourcetypes: frozenset[str] | None,
        has_raw: bool,
        given: frozenset[str],
        impossible: tuple[bool, ...],
        sample: list[bytes],
    ) -> ClassScreen:
        literals = self._literals.get((sourcetypes, given))
        if literals is None:
            found = self.run.services.event_fields.demanded_literals(self._flat, sourcetypes, given)
            literals = self._literals[sourcetypes, given] = found
        options: dict[int, list[Alternatives]] = {}
        always, at = [], 0
        for number, demands in enumerate(self.demands):
            possible = [each for each in range(at, at + len(demands or ())) if not impossible[each]]
            at += len(demands or ())
            kept = self._usable(possible, literals, has_raw, given)
            if kept:
                options[number] = kept
            elif possible or demands is None:
                always.append(number)
        return _class_screen(always, options, self._common, sample)

    def _usable(
        self, possible: list[int], literals: list[list[Alternatives]], has_raw: bool, given: frozenset[str]
    ) -> list[Alternatives]:
        """Return the sets of literals of which an event needs one to satisfy any of the possible demands."""
        if not possible or (not has_raw and any(self._flat[each].reads_raw for each in possible)):
            return []
        found = literals[possible[0]]
        if len(possible) > 1:
            several = [literals[each] for each in possible]
            found = [frozenset().union(*(each[0] for each in several))] if all(several) else []
        reads = [self._flat[each].reads for each in possible]
        as_given = all(each is not None and each <= given for each in reads)
        return [
            each for each in found if len(each) <= MOST_ALTERNATIVES and (has_raw or not _may_differ(each, as_given))
        ]

    # ---- events as dicts ---------------------------------------------------------------------------------------------

    def screened(self, events: list[dict[str, Any]]) -> list[Screened]:
        """Return, for each class of events, which searches could be satisfied by which of them."""
        alike: dict[tuple[Any, Any, bool, Any], list[int]] = {}
        for position, event in enumerate(events):
            has_raw = "_raw" in event
            key = (event.get("sourcetype"), event.get("source"), has_raw, None if has_raw else tuple(event))
            try:
                alike.setdefault(key, []).append(position)
            except TypeError:  # a source that is multivalue
                alike.setdefault((None, None, has_raw, None), []).append(position)
        classes: dict[EventClass, list[int]] = {}
        for (sourcetype, source, has_raw, shape), positions in alike.items():
            sourcetypes = frozenset({sourcetype.lower()}) if isinstance(sourcetype, str) and sourcetype else None
            told_apart = isinstance(source, str) and len(self._classes) < MOST_CLASSES
            given = self._given(shape, len(positions))
            of_class = EventClass(sourcetypes, source if told_apart else None, has_raw, given)
            classes.setdefault(of_class, []).extend(positions)
        return [self._screened(each, positions, events) for each, positions in classes.items()]

    def _screened(self, of_class: EventClass, positions: list[int], events: list[dict[str, Any]]) -> Screened:
        positions.sort()
        self._seen[of_class] += len(positions)
        if self._seen[of_class] < FEW:
            return Screened(positions, has_raw=of_class.has_raw)
        chosen = events if len(positions) == len(events) else [events[position] for position in positions]
        try:
            data = _encoder.encode_lines(chosen).lower()
        except (TypeError, ValueError, OverflowError, RecursionError):  # surrogates, integers that JSON cannot hold
            return Screened(positions)
        known = self.of(of_class, lambda: data.split(b"\n")[: -1 : len(chosen) // SAMPLE + 1])
        found = Screened(positions, known, data, of_class.has_raw)
        self._common |= known.count(len(chosen), found.candidates)
        return found

    def _given(self, shape: tuple[str, ...] | None, count: int) -> frozenset[str]:
        """Return the fields that events of a shape give, where there are so many of them that it pays."""
        if shape is None:
            return frozenset()
        if shape in self._shapes or len(self._shapes) < MOST_CLASSES:
            self._shapes[shape] += count
        return self._reads & frozenset(shape) if self._shapes[shape] >= OFTEN else frozenset()

    # ---- blocks of files ---------------------------------------------------------------------------------------------

    def records(self, block: Block) -> list[bytes]:
        """Return the records of a block that may satisfy any of the searches, in order.

        Where it is not known what the records are, their events may come without a `_raw`.
        """
        sourcetypes = block.sourcetypes()
        found = self.of(EventClass(sourcetypes, None, sourcetypes is not None), lambda: _some_records(block))
        if found.always:
            return block.records()
        if found.find is None:
            return []
        data, lowered = block.data, block.data.lower()
        framing, state = find_reader(block.reader).framing, block.state
        if framing.mark(state) is None:  # where a record begins is known only from the block's start
            return [record for record in block.records() if _may_satisfy(found, record)]
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


def _may_satisfy(found: Any, record: bytes) -> bool:
    """Say whether a record may satisfy any of the searches that were looked for."""
    lowered = record.lower()
    if any(found.may_satisfy(literal, lowered) for literal, _ in found.find(lowered)):
        return True
    return found.hidden.search(record) is not None and bool(found.may_satisfy(-1, lowered))


def _some_records(block: Block) -> list[bytes]:
    records = block.records()
    return [record.lower() for record in records[:: len(records) // SAMPLE + 1]]


def _may_differ(alternatives: Alternatives, as_given: bool) -> bool:
    """Say whether a literal could be in a field though it is not in the JSON of an event without `_raw`: of numbers,
    and, where fields are made from a `_raw` that is made for it, of times, keywords and entities."""
    return any(
        _NUMBER.fullmatch(literal) or (not as_given and (";" in literal or _WRITTEN.fullmatch(literal)))
        for literal in alternatives
    )


# ---- literals --------------------------------------------------------------------------------------------------------


def _class_screen(
    always: list[int], options: dict[int, list[Alternatives]], common: set[int], sample: list[bytes]
) -> ClassScreen:
    """Look up each search by the literals that the fewest records of a sample hold, where those are few."""
    counts = _counts({literal for each in options.values() for one in each for literal in one}, sample)
    shared = Counter(literal for each in options.values() for one in each for literal in one)
    made = ClassScreen()
    literals: dict[str, list[int]] = {}
    for number, several in options.items():
        ranked = sorted(several, key=lambda each: (_many(each, counts), _many(each, shared), weakness(each)))
        best = ranked[0]
        too_many = _many(best, counts) > len(sample) * COMMON or _many(best, shared) > len(best) * MOST_SHARED
        if too_many or number in common:
            always.append(number)
        else:
            made.literal.append(number)
            for literal in ranked.pop(0):
                literals.setdefault(literal, []).append(number)
        made.others[number] = [tuple(literal.encode() for literal in each) for each in ranked[:OTHERS]]
    made.always = tuple(sorted(always))
    made.by_literal = [tuple(each) for each in literals.values()]
    made.find = byte_finder([each.encode() for each in literals]) if literals else None
    if options:
        looked_for = (literal for each in options.values() for one in each for literal in one)
        made.hidden = pattern(str(hiding(looked_for)))
    return made


def _many(literals: Alternatives, counts: Counter[str]) -> int:
    return sum(map(counts.__getitem__, literals))


def _counts(literals: set[str], sample: list[bytes]) -> Counter[str]:
    """Count how many records of a sample hold each literal."""
    names = sorted(literals)
    counts: Counter[str] = Counter()
    if not names or not sample:
        return counts
    find = byte_finder([name.encode() for name in names])
    for record in sample:
        counts.update({names[number] for number, _ in find(record)})
    return counts
