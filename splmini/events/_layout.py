"""What the objects of a JSON log have in common: learnt of some, checked of all while they are decoded.

Of which kind an object is, and which of its members tells the time, depends on the keys at its top. Most logs have
objects of one kind. A layout says by which keys that is sure: some that each object must have, some that none may. An
object that is not so is refused by the decoder, and is parsed by itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from operator import attrgetter, is_
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import msgspec

from splmini.events._projection import is_lines, is_utf8
from splmini.events._reader import Ask, Block, Reads, Report, Settings, parse_records
from splmini.events._times import epochs, line_times
from splmini.events.recognise import TIME_KEYS, JsonKind, json_kind, json_kinds
from splmini.operators import ColumnBatch
from splmini.values.json import as_written, flatten

if TYPE_CHECKING:
    from splmini.operators import Row

Object: TypeAlias = "dict[str, Any]"
Take: TypeAlias = "Callable[[list[Any]], list[Any]]"
"""From the objects that were decoded to the values of a member; `UNSET` where an object does not have it."""

UNSET = msgspec.UNSET
_NEVER: Any = Annotated[int, msgspec.Meta(gt=0, lt=0)]
"""A type that nothing has: an object with such a member is refused."""
_ANYTHING_ELSE: Any = list | str | int | float | bool | None


@dataclass(frozen=True)
class Ways:
    """What would make an object something else than an event whose text it is: all keys of one of `by_keys`, or no
    other keys than those of `envelope`."""

    by_keys: tuple[frozenset[str], ...]
    envelope: frozenset[str]


@dataclass(frozen=True)
class Layout:
    """By which keys the objects of a log are of one kind, and some of the objects."""

    kind: JsonKind
    present: frozenset[str]
    """Keys that every object must have."""
    absent: frozenset[str]
    """Keys that none may have."""
    samples: Sequence[Object] = field(repr=False)

    def time_key(self) -> tuple[str | None, frozenset[str]]:
        """Return the first of the usual keys that an object has, and those that none may have before it."""
        names = (*self.kind.times, *TIME_KEYS)
        for number, name in enumerate(names):
            if any(name in each for each in self.samples):
                return name, frozenset(names[:number]) - {name}
        return None, frozenset(names)


def learn(objects: Sequence[Object], others: Ways) -> Layout | None:
    """Return the layout that most of some objects have; None where no keys make sure that objects have it."""
    plain = [each for each in objects if not any(keys <= each.keys() for keys in others.by_keys)]
    kinds = list(map(json_kind, plain))
    kind = max(kinds, key=kinds.count, default=None)
    if kind is None or kind.where or "{" in kind.sourcetype:
        return None
    alike = [each for each, own in zip(plain, kinds, strict=True) if own is kind]
    counts = Counter(key for each in alike for key in each if key not in others.envelope)
    anchor = max(counts, key=lambda key: counts[key], default=None)
    if anchor is None:
        return None
    alike = [each for each in alike if anchor in each]
    absent = _one_of_each((*others.by_keys, *_kinds_before(kind)), frozenset().union(*alike))
    return None if absent is None else Layout(kind, kind.keys or frozenset({anchor}), absent, alike)


def _kinds_before(kind: JsonKind) -> Iterator[frozenset[str]]:
    for each in json_kinds():
        if each is kind:
            return
        yield each.keys


def _one_of_each(ways: Iterable[frozenset[str]], met: frozenset[str]) -> frozenset[str] | None:
    """Return few keys that were not met, at least one of each of these sets; None where a set has none."""
    left = [keys - met for keys in ways]
    chosen: set[str] = set()
    while left:
        counts = Counter(key for keys in left for key in keys)
        if not all(left):
            return None
        best = min(counts, key=lambda key: (-counts[key], key))
        chosen.add(best)
        left = [keys for keys in left if best not in keys]
    return frozenset(chosen)


# ---- the decoder ---------------------------------------------------------------------------------------------------


class Unsure(Exception):
    """The members that are asked for could stand in several places."""


class Members:
    """Decodes the objects of a layout into the values of some of their members; `names` are those of the fields, each
    with the flattened name of the member."""

    def __init__(self, layout: Layout, names: Mapping[str, str], timed: bool) -> None:
        fields, self._takes = _fields_of({member: name for name, member in names.items()}, layout.samples)
        absent, self.time = layout.absent, None
        if timed:
            self.time, before = layout.time_key()
            absent |= before
        for key in layout.present if self.time is None else layout.present | {self.time}:
            fields[key] = (fields[key][0] if key in fields else Any if key == self.time else msgspec.Raw,)
        fields.update((key, (_NEVER, UNSET)) for key in absent)
        shape = _shape(fields, layout.samples)
        decoder = msgspec.json.Decoder(shape, float_hook=as_written)
        self.decode, self.decode_lines = decoder.decode, decoder.decode_lines
        self._moments = None if self.time is None else attrgetter(_attribute(self.time))

    def columns(self, objects: list[Any]) -> dict[str, list[Any]]:
        """Return the values of the members, and under `_time` what tells the times, as it is written."""
        columns = {name: take(objects) for name, take in self._takes.items()}
        if self._moments is not None:
            columns["_time"] = list(map(self._moments, objects))
        return columns


Fields: TypeAlias = "dict[str, tuple[Any, ...]]"
"""The type of each member that is decoded, by its key, and the value where there is none, if it may be absent."""


def _fields_of(suffixes: Mapping[str, str], samples: Sequence[Object]) -> tuple[Fields, dict[str, Take]]:
    """Return what to decode of an object, and how to take the values out, for what flattening calls so.

    `suffixes` are the names behind that of the object, each with the whole name.
    """
    met = frozenset().union(*samples)
    by_key: dict[str, dict[str, str]] = {}
    others: set[str] = set()
    for suffix, name in suffixes.items():
        options = _options(suffix)
        chosen = [each for each in options if each[0] in met] or options[:1]
        if len(chosen) > 1 or not all(re.split(r"\.|\{\}\.?", suffix.removesuffix("{}"))):
            raise Unsure(name)
        (key, rest), *_ = chosen
        by_key.setdefault(key, {})[rest] = name
        others.update(option for option, _ in options if option != key)
    if not others.isdisjoint(by_key):
        raise Unsure
    fields: Fields = dict.fromkeys(others, (_NEVER, UNSET))
    takes: dict[str, Take] = {}
    for key, rests in by_key.items():
        if all(rest[:1] == "." for rest in rests):
            inner = [each[key] for each in samples if isinstance(each.get(key), dict)]
            inner_fields, inner_takes = _fields_of({rest[1:]: name for rest, name in rests.items()}, inner)
            shape = _shape(inner_fields, inner)
            fields[key] = (shape | _ANYTHING_ELSE, UNSET)
            takes.update((name, _inner(key, shape, take)) for name, take in inner_takes.items())
        else:
            fields[key] = (Any, UNSET)
            takes.update(
                (name, _plain(key) if rests.keys() == {""} else _flat(key, rest)) for rest, name in rests.items()
            )
    return fields, takes


def _options(suffix: str) -> list[tuple[str, str]]:
    """Return the keys that a flattened name may begin with, each with what is left of the name.

    >>> _options("a.b{}.c")
    [('a', '.b{}.c'), ('a.b', '{}.c'), ('a.b{}', '.c'), ('a.b{}.c', '')]
    """
    cuts = [match.start() for match in re.finditer(r"\.|\{\}", suffix)]
    return [(suffix[:cut], suffix[cut:]) for cut in cuts if cut] + [(suffix, "")]


def _shape(fields: Fields, samples: Sequence[Object]) -> Any:
    """Make the class of an object; its fields are in the order in which the samples have them, as it is then fast."""
    order = {key: place for place, key in enumerate(dict.fromkeys(key for each in samples for key in each))}
    keys = sorted(fields, key=lambda key: order.get(key, len(order)))
    made = [(_attribute(key), *fields[key]) for key in keys]
    names = {_attribute(key): key for key in keys}
    return msgspec.defstruct("Object", made, rename=names, gc=False, kw_only=True)


def _attribute(key: str) -> str:
    return f"k{key.encode('utf-8', 'surrogatepass').hex()}"


# ---- from objects to values ----------------------------------------------------------------------------------------

_SIMPLE = frozenset({str, int, float})
_SHOWN: dict[Any, str] = {True: "true", False: "false", None: "null"}


def _plain(key: str) -> Take:
    """Take a member that is a field where it is neither an object nor an array."""
    get = attrgetter(_attribute(key))

    def take(objects: list[Any]) -> list[Any]:
        values = list(map(get, objects))
        return values if _SIMPLE.issuperset(map(type, values)) else list(map(_shown, values))

    return take


def _shown(value: Any) -> Any:
    """Return a member as the value of a field; None where it makes none."""
    if value.__class__ in _SIMPLE:
        return value
    return _SHOWN[value] if value is None or value.__class__ is bool else None


def _flat(key: str, rest: str) -> Take:
    """Take what stands in an array, or deeper."""
    get, name = attrgetter(_attribute(key)), key + rest

    def take(objects: list[Any]) -> list[Any]:
        return [None if value is UNSET else flatten({key: value}).get(name) for value in map(get, objects)]

    return take


def _inner(key: str, shape: Any, within: Take) -> Take:
    """Take a member of a member."""
    get, nothing = attrgetter(_attribute(key)), shape()

    def take(objects: list[Any]) -> list[Any]:
        return within([value if value.__class__ is shape else nothing for value in map(get, objects)])

    return take


# ---- blocks of a log -----------------------------------------------------------------------------------------------

REFUSED = (msgspec.MsgspecError, ValueError, RecursionError)
_SAMPLES = 64
_FEW = 8
"""Where more than one of so many objects is of another layout, objects are parsed one by one."""


def sampled(data: bytes) -> list[bytes]:
    """Return some lines of a block: the first ones, and others from all over it."""
    first = data.split(b"\n", _SAMPLES // 2)[: _SAMPLES // 2]
    step = max(len(data) // (_SAMPLES // 2), 1)
    starts = {data.rfind(b"\n", 0, at) + 1 for at in range(step, len(data), step)}
    others = (data[start : data.find(b"\n", start) + 1 or None] for start in sorted(starts))
    return [line for line in (each.strip() for each in (*first, *others)) if line]


class LayoutColumns:
    """Reads blocks of JSON objects, one a line, into columns, as long as they are of the layout that was learnt."""

    def __init__(
        self, layout: Layout, reads: Reads, members: Mapping[str, str], told: Row, inferred: tuple[str, str] | None
    ) -> None:
        self._members = Members(
            layout, {name: member for name, member in members.items() if name not in told}, reads.timed
        )
        self._finish = reads.finish
        self._of_text = reads.timed and self._members.time is None
        self._told = told
        self._given = frozenset(told) | ({"_time"} if reads.timed else frozenset())
        self._inferred = inferred

    def tables(self, block: Block, records: list[bytes] | None, report: Report) -> list[ColumnBatch | list[Row]] | None:
        """Return the events of records of a block, in order: those that are of the layout as tables."""
        data = block.data if records is None else b"\n".join(records)
        if is_lines(data) and (data.isascii() or not self._of_text):
            objects = self._all_objects(data)
            columns = None if objects is None else self._columns(objects, block.settings)
            if objects is not None and columns is not None:
                if self._of_text:
                    zone, now = block.settings.timezone, block.settings.now
                    columns["_time"] = line_times(data, len(objects), zone, now)
                if records is None:
                    block.__dict__["lines"] = len(objects)  # of which each is one: they need not be counted
                return [self._table(columns, len(objects), report)]
        return (
            None if self._of_text else self._one_by_one(block, block.records() if records is None else records, report)
        )

    def _all_objects(self, data: bytes) -> list[Any] | None:
        try:
            objects: list[Any] = self._members.decode_lines(data)
        except REFUSED:
            return None
        return objects

    def _columns(self, objects: list[Any], settings: Settings) -> dict[str, list[Any]] | None:
        """Return the values of the members; None where some object does not tell its time."""
        columns = self._members.columns(objects)
        if self._members.time is not None:
            columns["_time"] = epochs(columns["_time"], settings.timezone, settings.now)
            if None in columns["_time"]:
                return None
        return columns

    def _table(self, columns: dict[str, list[Any]], size: int, report: Report) -> ColumnBatch:
        report.records += size
        if self._inferred is not None:
            report.inferred[self._inferred] += size
        columns.update((name, [value] * size) for name, value in self._told.items())
        return self._finish(ColumnBatch(columns, size), self._given)

    def _one_by_one(self, block: Block, records: list[bytes], report: Report) -> list[ColumnBatch | list[Row]] | None:
        """Return tables of the objects that are of the layout, and between them the rows of those that are not."""
        objects = [self._object(record, block.settings) for record in records]
        if objects.count(None) * _FEW > len(objects):
            return None
        pieces: list[ColumnBatch | list[Row]] = []
        start = 0
        for strange, group in groupby(objects, partial(is_, None)):
            run = list(group)
            end = start + len(run)
            columns = None if strange else self._columns(run, block.settings)
            if columns is not None:
                pieces.append(self._table(columns, len(run), report))
            else:
                part = replace(block, number=block.number + start)
                pieces.append(parse_records(part, records[start:end], report))
            start = end
        return pieces

    def _object(self, record: bytes, settings: Settings) -> Any:
        try:
            decoded = self._members.decode(record)
        except REFUSED:
            return None
        return decoded if is_utf8(record) and self._columns([decoded], settings) is not None else None


def columns_of(layout: Layout, settings: Settings, ask: Ask) -> LayoutColumns | None:
    """Return what reads blocks of objects of a layout; None where their rows have to be made one by one."""
    kind = layout.kind
    told = {"sourcetype": kind.sourcetype, "source": kind.source} if settings.infer else {}
    told = {name: value for name, value in told.items() if value is not None}
    inferred = (kind.sourcetype, kind.source or "") if told and settings.sourcetype is None else None
    told |= settings.fixed
    if settings.name is not None:
        told.setdefault("source", settings.name)
    reads = ask(told)
    if reads is None or reads.members is None:
        return None
    if not (settings.ingest is None or settings.ingest.keeps(told, settings, reads.timed)):
        return None
    if reads.timed and layout.time_key()[0] is None and not reads.plain_time:
        return None
    try:
        return LayoutColumns(layout, reads, reads.members, told, inferred)
    except Unsure:
        return None
