"""What a reading of events is asked for: which events, as they are given, nobody wants, and which of their fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini.events._reader import Block, Report
from splmini.operators import Batch, ColumnBatch, Row

if TYPE_CHECKING:
    from splmini.language import tree

Refusal: TypeAlias = "Callable[[Batch], Batch]"
"""A filter of events as given: it gives those that may still be wanted."""
Wanted: TypeAlias = "Callable[[Row], frozenset[str] | None]"
"""From what identifies a class of events (source, sourcetype, host, index) to the fields that are needed of it."""
Candidates: TypeAlias = "Callable[[Iterator[Block | Batch], Report], Iterator[tuple[int, Batch | ColumnBatch]]]"
"""From blocks of bytes to about how many events each had, and those that its bytes do not refuse."""

VALUES = frozenset({str, int, float})
"""Classes of values that are judged as given; all others become something else before they are."""

MOST = 4096
LONGEST = 200
_FLOATS = 1 << 1023
"""Integers below are near a float."""


class Verdicts(dict[Any, bool]):
    """What a test of one field says of its values; None stands for no value.

    Numbers that are equal share a place, so that of an integer and a float that would be judged differently none is
    remembered. Neither are long texts, and nothing once there are many. A list cannot be looked up: TypeError.
    """

    def __init__(self, name: str, test: Callable[[Row], bool]) -> None:
        super().__init__()
        self.name = name
        self.test = test

    def __missing__(self, value: Any) -> bool:
        name, test = self.name, self.test
        result = test({} if value is None else {name: value})
        kind = value.__class__
        if len(self) >= MOST or (kind is str and len(value) > LONGEST):
            return result
        if kind is int or (kind is float and value.is_integer()):
            other = int(value) if kind is float else float(value) if abs(value) < _FLOATS else value
            if test({name: other}) is not result:
                return result
        self[value] = result
        return result

    def flags(self, rows: Batch) -> list[bool]:
        """Say of each row whether it passes."""
        name = self.name
        try:
            return [self[row.get(name)] for row in rows]
        except TypeError:
            return list(map(self.test, rows))

    def flags_of(self, table: ColumnBatch) -> list[bool]:
        """Say of each row of a table whether it passes."""
        values = table.column(self.name)
        try:
            return list(map(self.__getitem__, values))
        except TypeError:
            return [self._listed(value) if value.__class__ is list else self[value] for value in values]

    def _listed(self, values: list[Any]) -> bool:
        """Return the verdict on a multivalue field; remembered where it holds nothing but texts."""
        key = tuple(values)
        known: bool | None = self.get(key)
        if known is None:
            known = self.test({self.name: values})
            if len(self) < MOST and set(map(type, key)) == {str} and sum(map(len, key)) < LONGEST:
                self[key] = known
        return known

    def kept(self, rows: Batch) -> Batch:
        """Return the rows that pass."""
        name = self.name
        try:
            return [row for row in rows if self[row.get(name)]]
        except TypeError:
            return [row for row in rows if self.test(row)]


@dataclass(frozen=True)
class ValueTest:
    """A test of what an event gives as the value of one field; an event without the field passes.

    `node` is the comparison that it was made of, for those who look values up in another way (statistics, an index).
    """

    name: str
    test: Callable[[Row], bool]
    node: tree.Node


@dataclass(frozen=True)
class ValueTests:
    """A filter of events as given, by tests of the values of single fields."""

    tests: tuple[ValueTest, ...]
    known: tuple[Verdicts, ...] = field(default=(), init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", tuple(Verdicts(each.name, each.test) for each in self.tests))

    def __call__(self, events: Batch) -> Batch:
        for verdicts in self.known:
            name = verdicts.name
            events = [
                event for event in events if (value := event.get(name)).__class__ not in VALUES or verdicts[value]
            ]
        return events

    def passing(self, positions: list[int], events: Batch) -> list[int]:
        """Return the positions, of some, whose events pass."""
        for verdicts in self.known:
            name = verdicts.name
            positions = [
                position
                for position in positions
                if (value := events[position].get(name)).__class__ not in VALUES or verdicts[value]
            ]
        return positions


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What a reading may leave out, since nobody wants it; each kind of events uses what it can.

    `tests` and `refusals` have to be applied: what they refuse is not given. The rest saves work: `candidates` finds
    the events in blocks of bytes, `wanted` tells the fields of which a reading needs to make no others.
    """

    tests: ValueTests | None = None
    refusals: tuple[Refusal, ...] = ()
    candidates: Candidates | None = None
    wanted: Wanted | None = None

    def kept(self, events: Batch) -> Batch:
        """Return the events, as given, that are not refused."""
        if self.tests is not None:
            events = self.tests(events)
        for refuse in self.refusals:
            events = refuse(events)
        return events


EVERYTHING = Selection()
