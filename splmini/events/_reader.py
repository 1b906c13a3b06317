"""What a reader is: how a format is recognised, cut into records, and parsed; and the table of them all."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timezone as utc_zone
from datetime import tzinfo
from functools import cached_property
from itertools import count as counting
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeAlias

import msgspec

from splmini.errors import EventFormatError, did_you_mean
from splmini.events._framing import LINES, Framing
from splmini.events._projection import OPTIONAL, Projected, is_utf8
from splmini.limits import Limits

if TYPE_CHECKING:
    from splmini.operators import ColumnBatch, Row

GIVEN = "\0given"
"""A key that marks an event which comes from an index (an export): what is done before indexing was done to it."""

HEAD_BYTES = 64 << 10
"""How much of a file is looked at to recognise its format."""


@dataclass(frozen=True)
class Settings:
    """How to read: what the caller says about the events, which goes before what their content says.

    `name` is the file that is read, for errors, messages and the default of `source`.
    """

    format: str | None = None
    sourcetype: str | None = None
    source: str | None = None
    host: str | None = None
    index: str | None = None
    infer: bool = True
    strict: bool = False
    timezone: tzinfo = utc_zone.utc
    """The zone of times that name none."""
    now: float | None = None
    """The time of reading, for times without a year."""
    name: str | None = None
    ingest: Any = None
    """What apps say about reading files (`knowledge.ingest.Ingest`)."""
    limits: Limits = field(default_factory=Limits)
    timed: bool = True
    """False where nobody reads the time of an event: what would have to be worked out for it may be left out."""

    @property
    def fixed(self) -> dict[str, str]:
        """What the caller says of every event: its sourcetype, source, host and index, as far as given."""
        named = {"sourcetype": self.sourcetype, "source": self.source, "host": self.host, "index": self.index}
        return {name: value for name, value in named.items() if value is not None}

    def changed(self, source_name: str | None = None, **told: Any) -> Settings:
        """Return them with what is told besides; `source_name` is another word for `source`."""
        if source_name is not None and told.get("source") is None:
            told["source"] = source_name
        return replace(self, **told)


@dataclass
class Report:
    """What was noticed while reading: which formats, what was inferred, what did not parse. Pickles and merges."""

    malformed: Counter[tuple[str, str]] = field(default_factory=Counter)
    inferred: Counter[tuple[str, str]] = field(default_factory=Counter)
    formats: dict[str, str] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)
    records: int = 0

    def merge(self, other: Report) -> None:
        """Take in the report of another part of the same run."""
        self.malformed.update(other.malformed)
        self.inferred.update(other.inferred)
        self.formats.update(other.formats)
        self.notes.extend(note for note in other.notes if note not in self.notes)
        self.records += other.records

    def messages(self) -> Iterator[tuple[str, str]]:
        """Yield (level, text) for everything that a user should know."""
        yield from self.notes
        for (name, what), count in self.malformed.items():
            plural = "records do" if count != 1 else "record does"
            yield "warn", f"{name}: {count} {plural} not parse as {what}; kept as events with only _raw."
        for (sourcetype, source), count in self.inferred.items():
            where = f" and source {source!r}" if source else ""
            events = "event" if count == 1 else "events"
            yield "info", f"sourcetype {sourcetype!r}{where} inferred from the content of {count} {events}."


@dataclass(frozen=True)
class Block:
    """Whole records of one file, as bytes, with all that is needed to parse them anywhere. Pickles.

    `state` is what the format carries from record to record (the header of a CSV file); `number` is the number of the
    block's first record in its file, from 1, as far as it is known.
    """

    data: bytes
    reader: str
    settings: Settings
    state: Any = None
    number: int = 1
    inferred: Counter[tuple[str, str]] = field(default_factory=Counter, compare=False)
    """Which sourcetypes and sources were inferred by `parse`, until the report takes them."""

    @cached_property
    def lines(self) -> int:
        """How many lines it has: about how many records, and exactly where a record is a line."""
        return self.data.count(b"\n") + (not self.data.endswith(b"\n"))

    @property
    def independent(self) -> bool:
        """Whether a record means the same without those before it: no time is carried on, no header can change."""
        parser = find_reader(self.reader)
        return parser.advance is None and not (parser.carries_time and self.settings.timed)

    def untimed(self) -> Block:
        """Return the block for who reads no times."""
        return replace(self, settings=replace(self.settings, timed=False))

    def sourcetypes(self) -> frozenset[str] | None:
        """Return the only sourcetypes (lower case) that its events may have; None where that cannot be told."""
        if self.settings.sourcetype is not None:
            return frozenset({self.settings.sourcetype.lower()})
        look = find_reader(self.reader).sourcetypes
        return None if look is None else look(self)

    def records(self) -> list[bytes]:
        """Cut the block into records."""
        return find_reader(self.reader).framing.records(self.data, self.state)

    def bounds(self, at: int) -> tuple[int, int]:
        """Return where the record that holds a position starts and ends."""
        return find_reader(self.reader).framing.bounds(self.data, at, self.state)

    def events(
        self, report: Report, records: list[bytes] | None = None, keys: frozenset[str] | None = None
    ) -> list[Row]:
        """Parse the block's records, or some of them, into events; with these keys alone, where that is the same."""
        records = self.records() if records is None else records
        project = find_reader(self.reader).project if keys is not None else None
        if keys is None or project is None or not is_utf8(self.data):
            return parse_records(self, records, report)
        rows = project(records, keys, self.settings)
        if None not in rows:
            report.records += len(rows)
            batch = Projected(rows)
            batch.keys = keys - {OPTIONAL}
            return batch
        if not any(rows):
            return parse_records(self, records, report)
        return _mixed(self, records, rows, report)

    def table(self, report: Report, keys: frozenset[str]) -> ColumnBatch | None:
        """Decode the whole block into columns with these keys alone; None where that may not be the same events."""
        tabulate = find_reader(self.reader).tabulate
        table = None if tabulate is None else tabulate(self.data, self.state, keys, self.settings)
        if table is not None:
            report.records += len(table)
            self.__dict__["lines"] = len(table)  # of which each is one: they need not be counted
        return table


@dataclass(frozen=True)
class Reads:
    """What is read of the events of one class, and whether they need a time.

    Of those that are the text of JSON objects it is the fields that are members, each with its flattened name in the
    text; where `members` is None, and of other events, it is their `_raw`. `finish` makes the columns of rows of a
    table of that and of what the events give; it is told the names of what they give. `plain_time`: an event that was
    read without a time has none.
    """

    members: Mapping[str, str] | None
    timed: bool
    finish: Callable[[ColumnBatch, frozenset[str]], ColumnBatch]
    plain_time: bool = False


Ask: TypeAlias = "Callable[[Row], Reads | None]"
"""From what tells the class of an event to what is asked of it; None where its rows have to be made one by one."""


class Columns(Protocol):
    """Reads the blocks of a file into columns."""

    def tables(self, block: Block, records: list[bytes] | None, report: Report) -> list[ColumnBatch | list[Row]] | None:
        """Return the events of records of a block (None: of all), in order, as tables, and as rows where they have to
        be parsed one by one; None where that is most of them."""


@dataclass(frozen=True)
class Reader:
    """A format. `looks(head)` says how sure it is, from 0 to 1, that a file begins like this.

    `parse(record, block)` makes an event of a record, or several, or none (a header); it raises ValueError where the
    record is malformed. `start(head, settings)` gives the state of a file's first block, `advance(data, state)` that
    of the next block. A format that is not text has `open` instead, which yields blocks of another format, or rows.
    """

    name: str
    title: str
    looks: Callable[[bytes], float]
    parse: Callable[[bytes, Block], Row | list[Row] | None]
    framing: Framing = LINES
    start: Callable[[bytes, Settings], Any] | None = None
    advance: Callable[[bytes, Any], Any] | None = None
    open: Callable[[BinaryIO, Settings, Report], Iterator[Block | list[Row]]] | None = None
    project: Callable[[list[bytes], frozenset[str], Settings], list[Row | None]] | None = None
    """Makes events with some keys only, as far as that is sure to be the same; None where a record has to be parsed."""
    tabulate: Callable[[bytes, Any, frozenset[str], Settings], ColumnBatch | None] | None = None
    """Decodes a block of lines whole, into columns with some keys only; None where records have to be looked at."""
    columns: Callable[[Block, Ask], Columns | None] | None = None
    """Learns of a block how to read it and those that follow into columns; None where that would not be sure."""
    sourcetypes: Callable[[Block], frozenset[str] | None] | None = None
    """Says, from a look at a block, which sourcetypes (lower case) its events may have; None: any."""
    carries_time: bool = False
    """True where an event without a time has that of the event before it, as in Splunk."""
    joins_lines: bool = False
    """True where lines are joined to events by how they look, unless an app's settings say how."""
    has_header: bool = False
    """True where the first line names the columns, unless an app's settings say more of it."""
    names_kinds: bool = False
    """True where events may name their own sourcetypes, so that no rule over the lines gives them one."""
    self_describing: bool = False
    """True where the file itself says how it is to be read, and an app's settings change nothing of that."""
    doc: str = ""


_readers: dict[str, Reader] = {}
_loaded = False


def reader(
    name: str, title: str, looks: Callable[[bytes], float], **parts: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated `parse(record, block)` as the reader of a format."""

    def register(parse: Callable[..., Any]) -> Callable[..., Any]:
        _readers[name] = Reader(name, title, looks, parse, doc=parse.__doc__ or "", **parts)
        return parse

    return register


def opener(
    name: str, title: str, looks: Callable[[bytes], float]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated `open(file, settings, report)` as the reader of a format that is not text."""

    def register(open_: Callable[..., Any]) -> Callable[..., Any]:
        _readers[name] = Reader(name, title, looks, _no_parse, open=open_, doc=open_.__doc__ or "")
        return open_

    return register


def _no_parse(record: bytes, block: Block) -> Row | None:
    raise ValueError("a binary format has no records of bytes")


def readers() -> dict[str, Reader]:
    """Return all readers by name; every format's module is imported."""
    global _loaded
    if not _loaded:
        package = importlib.import_module("splmini.events")
        for module in pkgutil.iter_modules(package.__path__):
            if not module.name.startswith("_"):
                importlib.import_module(f"splmini.events.{module.name}")
        _loaded = True
    return _readers


def reader_names() -> list[str]:
    """Return the names that `format` may have."""
    return sorted(readers())


def find_reader(name: str) -> Reader:
    """Return the reader of a name; an unknown one is an EventFormatError that names the nearest."""
    found = readers().get(name)
    if found is None:
        raise EventFormatError(
            f"There is no event format {name!r}.", name=name, hint=did_you_mean(name, readers()) or _known()
        )
    return found


def _known() -> str:
    return "Known formats: " + ", ".join(reader_names()) + "."


# ---- columns -------------------------------------------------------------------------------------------------------

_TRIES = 4


class Tables:
    """Reads the blocks of files into columns, where a format can do that and it pays. One per reading."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._file: tuple[Any, ...] = ()
        self._columns: Columns | None = None
        self._tries = 0

    def of(
        self, block: Block, report: Report, wanted: Callable[[], list[bytes] | None]
    ) -> list[ColumnBatch | list[Row]] | None:
        """Return the events of the wanted records of a block (None: of all) in order, as tables and rows; None where
        the block is to be parsed as ever."""
        learn = find_reader(block.reader).columns
        file = (block.settings.name, block.reader)
        if file != self._file:
            self._file, self._columns, self._tries = file, None, _TRIES
        if learn is None or not self._tries:
            return None
        if self._columns is None:
            self._columns = learn(block, self._ask)
        found = None if self._columns is None else self._columns.tables(block, wanted(), report)
        if found is None:
            self._tries -= 1
            self._columns = None
        return found


# ---- parsing -------------------------------------------------------------------------------------------------------

MALFORMED = (ValueError, msgspec.MsgspecError, RecursionError, OverflowError)


def text_of(record: bytes) -> str:
    """Return a record as text; bytes that are not UTF-8 show as Splunk shows them, as `\\xE9`."""
    try:
        return record.decode("utf-8")
    except UnicodeDecodeError:
        return record.decode("utf-8", "backslashreplace")


def parse_records(
    block: Block, records: list[bytes], report: Report, given: Mapping[int, Row] | None = None
) -> list[Row]:
    """Parse records into events, count what was malformed, and put on what the caller said about them; `given` are
    fields of single records, by their position."""
    parser = find_reader(block.reader)
    parse = _giving(parser.parse, given) if given else parser.parse
    events: list[Row] = []
    for number, record in enumerate(records, block.number):
        try:
            event = parse(record, block)
        except MALFORMED as error:
            event = _malformed(record, block, parser, report, number, error)
        if event is None:
            continue
        if event.__class__ is list:
            events.extend(event)
        else:
            events.append(event)  # type: ignore[arg-type]
    report.records += len(records)
    if parser.carries_time and block.settings.timed:
        carry_times(events)
    if block.settings.sourcetype is None:
        report.inferred.update(block.inferred)
    block.inferred.clear()
    return finish(events, block.settings, report)


def _giving(parse: Callable[[bytes, Block], Any], given: Mapping[int, Row]) -> Callable[[bytes, Block], Any]:
    """Make a reader's `parse`, called for one record after the other, add the fields that are given for some."""
    position = counting()

    def parse_and_add(record: bytes, block: Block) -> Any:
        fields = given.get(next(position))
        event = parse(record, block)
        if fields is not None and event is not None:
            for row in event if isinstance(event, list) else [event]:
                row.update(fields)
        return event

    return parse_and_add


def _mixed(block: Block, records: list[bytes], rows: list[Row | None], report: Report) -> list[Row]:
    """Return the events that were projected, and between them those of the records that have to be parsed whole."""
    events: list[Row] = []
    for number, (row, record) in enumerate(zip(rows, records, strict=True), block.number):
        if row is None:
            events.extend(parse_records(replace(block, number=number, inferred=block.inferred), [record], report))
        else:
            report.records += 1
            events.append(row)
    return events


def _malformed(
    record: bytes, block: Block, parser: Reader, report: Report, number: int, error: BaseException
) -> Row | None:
    if not record.strip():
        return None
    name = block.settings.name or "events"
    if block.settings.strict:
        raise EventFormatError(f"This is no {parser.title}: {error}.", path=name, record=number) from error
    report.malformed[name, parser.title] += 1
    return {"_raw": text_of(record)}


def carry_times(events: list[Row], previous: float | None = None) -> float | None:
    """Give each event without a time that of the one before it; return the last one."""
    for event in events:
        moment = event.get("_time")
        if moment is None and previous is not None:
            event["_time"] = previous
        else:
            previous = moment
    return previous


def finish(events: list[Row], settings: Settings, report: Report) -> list[Row]:
    """Put the caller's sourcetype, source, host and index on events, and the file's name where there is no source;
    then what apps do to events that are not in an index yet."""
    fixed = settings.fixed
    if fixed:
        for event in events:
            event.update(fixed)
    name = settings.name
    if name is not None and "source" not in fixed:
        for event in events:
            if "source" not in event:
                event["source"] = name
    if settings.ingest is not None:
        return settings.ingest.apply(events, settings)  # type: ignore[no-any-return]
    for event in events:
        event.pop(GIVEN, None)
    return events
