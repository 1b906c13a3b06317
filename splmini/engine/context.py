"""One execution of a search: its now, time range, limits, messages, tables. Implements `operators.RunContext`."""

from __future__ import annotations

import itertools
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Protocol

from splmini import compiler
from splmini.compiler import searching
from splmini.engine.filters import RowTest, Verdicts, filters_of, keep, keep_pairs
from splmini.engine.prefilter import Look, Prefilter
from splmini.engine.source import Events, EventSource, ValueTests
from splmini.engine.stream import execute
from splmini.engine.subsearch import rows_to_expression
from splmini.errors import LimitExceeded, SourceMap, Span
from splmini.events import projectable
from splmini.language import parser, tree
from splmini.limits import Limits
from splmini.operators import ALL, Batch, Dataset, Fields, Implied, Message, Row, Stream, Table, Value, union
from splmini.plan.build import Builder
from splmini.plan.optimize import optimize
from splmini.plan.scan import conjuncts
from splmini.values import regex, times

Mapper = Callable[[Events], Batch]


class Services(Protocol):
    """What a run needs of its environment; `splmini.environment.Environment` implements it."""

    timezone: tzinfo
    limits: Limits
    index: str

    @property
    def macro_registry(self) -> Any:
        """The macros in force."""

    def bind_mapper(
        self, needed: Fields, run: Run, raw: bool | None = None, owned: bool = False, asked: tree.Node | None = None
    ) -> Mapper:
        """Return the function from event dicts to rows, knowledge applied; `raw`: rows without a `_raw` get one;
        `owned`: an event that has all that is needed may itself become the row."""

    def given_fields(self, needed: Fields, run: Run, raw: bool | None = None) -> Callable[[Row], Fields]:
        """Return a function from what tells the class of an event to the keys of the event that mapping it reads."""

    def gives_index(self) -> bool:
        """Say whether an app could give an event an index."""

    def keeps_given(self, fields: frozenset[str]) -> bool:
        """Say whether the values of these fields that an event gives are those of its row."""

    def raw_filter(self, predicate: tree.Node | None, implied: Implied | None) -> Callable[[Events], Events] | None:
        """Return a filter of events whose `_raw` cannot satisfy a search expression; None where none could be."""

    def written_events(self, names: set[str]) -> list[Row]:
        """Return the events that earlier runs wrote to the indexes that match one of these names."""

    def block_literals(
        self, predicate: tree.Node | None, implied: Implied | None, sourcetypes: frozenset[str] | None = None
    ) -> list[frozenset[str]]:
        """Return sets of literals, one of each of which a raw record must contain to satisfy a search expression;
        `sourcetypes` are the only ones that the records may have."""

    def find_table(self, name: str, run: Run, span: Span | None) -> Table:
        """Return a lookup table; raises UnknownLookup."""

    def find_dataset(self, name: str, span: Span | None) -> Dataset:
        """Return a dataset of a data model; raises UnknownDataModel."""

    def find_saved_search(self, name: str, span: Span | None = None) -> str:
        """Return the text of a saved search."""

    def find_transform(self, name: str, run: Run, span: Span | None) -> Callable[[Row], None]:
        """Return an extraction of transforms.conf; raises KnowledgeError."""

    def find_form(self, name: str) -> Callable[[Row], None] | None:
        """Return the extraction of a form of an app."""

    def find_stanza(self, conf: str, name: str) -> Mapping[str, str] | None:
        """Return the settings of a stanza of a conf file."""

    def find_handler(self, name: str) -> Callable[..., Iterable[Mapping[str, Any]]] | None:
        """Return the handler of a command, if the caller registered one."""

    def setting(self, name: str) -> Any:
        """Return a further setting of the environment, such as a database's path."""

    def commit(self, writes: Writes, run: Run) -> None:
        """Make the writes of a run that ended well visible to later runs."""

    def read_file(self, name: str) -> str:
        """Read a file of `data_dir`, or one held in memory."""


@dataclass
class TableWrite:
    """One write to a lookup table."""

    rows: list[Row]
    fields: list[str]
    append: bool
    options: dict[str, Any]


@dataclass
class Writes:
    """What a run wants to write; committed when it ends well."""

    tables: dict[str, list[TableWrite]] = field(default_factory=dict)
    events: dict[str, list[Row]] = field(default_factory=dict)
    files: dict[str, tuple[str, bool]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.tables or self.events or self.files)


def _listener(reference: weakref.ref[Run]) -> Callable[[str], None]:
    """What hears of patterns that run into the match limit; it does not keep the run alive."""

    def gave_up(pattern: str) -> None:
        run = reference()
        if run is not None:
            run.message(
                "warn",
                "search",
                f"The regular expression '{pattern}' reached its limit of steps (match_limit={regex.MATCH_LIMIT}) on "
                "some values, which count as no match.",
            )

    return gave_up


class Cancelled(Exception):
    """The caller cancelled the run; the rows found so far stand."""


_parsed: weakref.WeakKeyDictionary[Any, dict[str, tree.Pipeline]] = weakref.WeakKeyDictionary()
"""Search text that runs parsed (constraints, base searches), by the macros that it was parsed with."""


def may_hold_classes(needed: Fields) -> bool:
    """Say whether event types or tags may be among the fields needed."""
    if needed is None:
        return True
    return any(name in ("tag", "eventtype") or name.startswith("tag::") or "*" in name for name in needed)


@dataclass
class Run:
    """One execution. Subsearches run inside it, over the same events."""

    services: Services
    source: EventSource
    builder: Builder
    origin: SourceMap
    now: float
    earliest: float | None = None
    latest: float | None = None
    knowledge: str = "default"
    optimized: bool = True
    newest: bool = False
    raw_wanted: bool = False
    """Whether a command of the plan that is started reads `_raw`: events without one then get it."""
    cancel: Callable[[], bool] | None = None
    progress: Callable[[int], None] | None = None
    messages: list[Message] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    scanned: int = 0
    parsed: int = 0
    matched: int = 0
    writes: Writes = field(default_factory=Writes)
    depth: int = 0

    def __post_init__(self) -> None:
        self.timezone = self.services.timezone
        self.limits = self.services.limits
        self.index = self.services.index
        self.scope = compiler.RunScope(self)
        self.complete = True
        self.range = (self.earliest, self.latest)
        self._scanned = False
        self._pattern_gave_up = _listener(weakref.ref(self))
        regex.watch(self._pattern_gave_up)
        self._deadline = time.monotonic() + self.limits.max_seconds if self.limits.max_seconds else None

    # ---- messages and limits -----------------------------------------------------------------------------------

    def message(self, level: str, command: str, text: str, span: Span | None = None) -> None:
        """Add a message to the results; the same text is added once."""
        if not any(each.text == text and each.command == command for each in self.messages):
            position = self.origin.position(span) if span is not None and span.start >= 0 else None
            self.messages.append(Message(level, command, text, position))

    def check(self, rows_kept: int = 0) -> None:
        """Raise where the run was cancelled or a limit is reached."""
        if self.complete and self.cancel is not None and self.cancel():
            raise Cancelled
        self.check_limits(rows_kept)

    def check_limits(self, rows_kept: int = 0) -> None:
        """Raise where a limit is reached."""
        regex.watch(self._pattern_gave_up)
        if rows_kept > self.limits.max_rows:
            raise LimitExceeded(
                f"More than {self.limits.max_rows:,} rows would have to be kept in memory.",
                name="max_rows",
                hint="Raise Limits(max_rows=...) or narrow the search.",
            )
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise LimitExceeded(
                f"The search ran longer than {self.limits.max_seconds:g} s.",
                name="max_seconds",
                hint="Raise Limits(max_seconds=...) or narrow the search.",
            )

    def stopped(self) -> bool:
        """Say whether the caller cancelled the run: no more events are read then, and what was found is worked up."""
        if self.complete and self.cancel is not None and self.cancel():
            self.complete = False
        return not self.complete

    # ---- events ------------------------------------------------------------------------------------------------

    def scan(self, predicate: tree.Node | None, needed: Fields, implied: Implied | None = None) -> Stream:
        """Read the run's events, mapped by knowledge, that satisfy a search expression."""
        ranged = self.time_range(predicate)
        if predicate is not None:
            predicate = self.expanded(predicate)
        reads = frozenset() if predicate is None else compiler.fields_read(predicate)
        timed = ranged is not None or (predicate is not None and bool(time_modifiers(predicate)))
        reads = union(reads, frozenset({"_time"} if timed else ()))
        raw = self.raw_wanted or (reads is not None and "_raw" in reads)
        asked = predicate if not may_hold_classes(needed) else None
        full = self.services.bind_mapper(union(needed, reads), self, raw, owned=self.source.has_bytes, asked=asked)
        wanted = self.services.given_fields(union(needed, reads), self, raw) if self.optimized else None
        tests: list[Verdicts | RowTest] = [] if ranged is None else [RowTest(ranged)]
        keys = None if raw or self.knowledge != "default" else self._keys(union(needed, reads))
        refusals = self.refusals(predicate, implied)
        if predicate is None:
            prefilter = self._prefilter(predicate, implied, keys)
            return Stream(self._scan(refusals, full, tests, None, prefilter, [], wanted))
        written = self.services.written_events(_indexes(predicate))
        tests.extend(filters_of(predicate, self.scope))
        first = None if keys is not None or self.knowledge != "default" else self._keys(reads)
        look = Look(first, tests) if first is not None and self.services.keeps_given(first) else None
        prefilter = self._prefilter(predicate, implied, keys, look)
        narrow = self._narrow(reads, needed, predicate)
        return Stream(self._scan(refusals, full, tests, narrow, prefilter, written, wanted))

    def _keys(self, fields: Fields) -> frozenset[str] | None:
        """The keys of JSON lines that suffice for these fields; None where lines have to be decoded whole."""
        if fields is not None and "index" in fields and self.services.gives_index():
            return None
        return projectable(fields)

    def refusals(self, predicate: tree.Node | None, implied: Implied | None) -> list[Callable[[Events], Events]]:
        """What can be decided on events as given, before anything is mapped."""
        if self.knowledge != "default" or not self.optimized or (predicate is None and implied is None):
            return []
        filters = (quick_refusal(predicate, self.scope), self.services.raw_filter(predicate, implied))
        return [each for each in filters if each is not None]

    def _prefilter(
        self,
        predicate: tree.Node | None,
        implied: Implied | None,
        keys: frozenset[str] | None,
        look: Look | None = None,
    ) -> Prefilter | None:
        """Literals to look for in the bytes of files, and the keys that suffice; None where nothing is known."""
        if not self.optimized or not self.source.has_bytes:
            return None
        if predicate is None and implied is None:
            return Prefilter([], keys)

        def narrowed(sourcetypes: frozenset[str]) -> list[frozenset[str]]:
            return self.services.block_literals(predicate, implied, sourcetypes)

        return Prefilter(self.services.block_literals(predicate, implied), keys, narrowed, look)

    def _narrow(self, reads: Fields, needed: Fields, predicate: tree.Node) -> Mapper | None:
        """A mapper that makes only what the predicate reads; None where the rows need no more than that."""
        if reads is None or not self.optimized or (needed is not None and needed <= reads):
            return None
        return self.services.bind_mapper(reads, self, "_raw" in reads, owned=True, asked=predicate)

    def _scan(
        self,
        refusals: list[Callable[[Events], Events]],
        full: Mapper,
        tests: list[Verdicts | RowTest],
        narrow: Mapper | None,
        prefilter: Prefilter | None,
        written: Events,
        wanted: Callable[[Row], Fields] | None,
    ) -> Iterator[Batch]:
        """Yield the rows that satisfy the tests.

        What a predicate reads is made first; all else only for the events that satisfy it, as long as that pays.
        Behind the given events come those that earlier runs wrote to an index that the search names.
        """
        batches = self.source.batches(refusals, prefilter, wanted)
        written = [dict(event) for event in written]
        for count, events in itertools.chain(batches, [(len(written), written)] if written else []):
            if self.stopped():
                return
            self.check_limits()
            self.scanned += count
            if self.progress is not None:
                self.progress(self.scanned)
            if not events:
                continue
            self.parsed += len(events)
            if narrow is not None:
                before = len(events)
                rows = full(keep_pairs(events, narrow(events), tests))
                if 2 * len(rows) > before:
                    narrow = None
            else:
                rows = keep(full(events), tests)
            if rows:
                self.matched += len(rows)
                yield rows

    def time_range(self, predicate: tree.Node | None) -> Callable[[Row], bool] | None:
        """The environment's time range, where the search has no time modifiers of its own.

        `earliest=` without `latest=` means until now, as in Splunk.
        """
        own = {} if predicate is None else time_modifiers(predicate)
        low, high = self.range
        if own:
            low = None if "earliest" in own else low
            high = None if "latest" in own else self.now if high is None and "earliest" in own else high
        if not self._scanned:
            self._scanned = True
            self.earliest, self.latest = low, high
            for name, text in own.items():
                setattr(self, name, times.time_modifier(text, self.now, self.timezone))
        if low is None and high is None:
            return None
        least = float("-inf") if low is None else low
        most = float("inf") if high is None else high

        def in_range(row: Row) -> bool:
            moment = row.get("_time")
            return not isinstance(moment, (int, float)) or least <= moment < most

        return in_range

    # ---- pipelines and expressions -----------------------------------------------------------------------------

    def run(self, pipeline: tree.Pipeline, rows: Stream | None = None, needed: Fields = ALL) -> Stream:
        """Run another pipeline over the same events; or, with `rows`, over those rows."""
        if rows is not None:
            return execute(self.builder.rows_plan(pipeline), self, rows, needed)
        operators = self.builder.build(pipeline)
        return execute(optimize(operators) if self.optimized else operators, self, None, needed)

    def expand(self, pipeline: tree.Pipeline, subject: str = "subsearch") -> tree.Node:
        """Run a subsearch and give the search expression that it returns."""
        limit = self.limits.subsearch_maxout
        stream = self.run(pipeline)
        rows: list[Row] = []
        for row in stream.rows():
            if len(rows) >= limit:
                self.message(
                    "warn",
                    subject,
                    f"The subsearch was cut at {limit:,} rows (limits: subsearch_maxout).",
                    pipeline.span,
                )
                break
            rows.append(row)
        names: dict[str, None] = {}
        for row in rows:
            names.update(dict.fromkeys(row))
        return rows_to_expression(rows, list(stream.columns() or names), pipeline.span)

    def expanded(self, node: tree.Node) -> tree.Node:
        """Return a search expression with its subsearches run and replaced by what they return."""
        if isinstance(node, tree.Subsearch):
            return self.expand(node.pipeline)
        if isinstance(node, (tree.SubsearchComparison, tree.FieldInSubsearch)):
            return searching.resolved(node, self.expand)
        if isinstance(node, (tree.And, tree.Or)):
            items = tuple(self.expanded(item) for item in node.items)
            if all(new is old for new, old in zip(items, node.items, strict=True)):
                return node
            return type(node)(items, span=node.span)
        if isinstance(node, tree.Not):
            return tree.Not(self.expanded(node.operand), span=node.span)
        return node

    def parse(self, text: str) -> tree.Pipeline:
        """Parse search text with the environment's macros; what was parsed is kept."""
        registry = self.services.macro_registry
        known = _parsed.setdefault(registry, {})
        pipeline = known.get(text)
        if pipeline is None:
            pipeline = parser.parse(text, registry)
            if len(known) >= 1024:
                known.clear()
            known[text] = pipeline
        return pipeline

    def expression(self, node: tree.Node) -> Callable[[Row], Value]:
        """Compile an eval expression for this run."""
        return compiler.compile_value(node, self.scope)

    def predicate(self, node: tree.Node) -> Callable[[Row], bool]:
        """Compile a search expression for this run."""
        return compiler.compile_search(node, self.scope)

    # ---- the environment ---------------------------------------------------------------------------------------

    def table(self, name: str, span: Span | None = None) -> Table:
        """Return a lookup table, with what this run wrote to it."""
        return self.services.find_table(name, self, span)

    def write_table(self, name: str, rows: list[Row], fields: list[str], append: bool = False, **options: Any) -> None:
        """Write a lookup table of the environment when this run ends well."""
        self.writes.tables.setdefault(name, []).append(TableWrite(rows, fields, append, options))

    def write_events(self, index: str, rows: list[Row]) -> None:
        """Write events to an index of the environment when this run ends well."""
        self.writes.events.setdefault(index, []).extend(rows)

    def write_file(self, name: str, text: str, append: bool = False) -> None:
        """Write a file below `data_dir`, or in memory, when this run ends well."""
        before = self.writes.files.get(name)
        self.writes.files[name] = (before[0] + text, before[1]) if append and before else (text, append)

    def read_file(self, name: str) -> str:
        """Read a file of `data_dir`, or one held in memory."""
        return self.services.read_file(name)

    def dataset(self, name: str, span: Span | None = None) -> Dataset:
        """Return a dataset of a data model."""
        return self.services.find_dataset(name, span)

    def saved_search(self, name: str, span: Span | None = None) -> str:
        """Return the text of a saved search."""
        return self.services.find_saved_search(name, span)

    def transform(self, name: str, span: Span | None = None) -> Callable[[Row], None]:
        """Return an extraction of transforms.conf."""
        return self.services.find_transform(name, self, span)

    def form(self, name: str) -> Callable[[Row], None] | None:
        """Return the extraction of a form of an app."""
        return self.services.find_form(name)

    def stanza(self, conf: str, name: str) -> Mapping[str, str] | None:
        """Return the settings of a stanza of a conf file."""
        return self.services.find_stanza(conf, name)

    def handler(self, name: str) -> Callable[..., Iterable[Mapping[str, Any]]] | None:
        """Return the handler that the caller registered for a command, if any."""
        return self.services.find_handler(name)

    def setting(self, name: str) -> Any:
        """Return a further setting of the environment."""
        return self.services.setting(name)


def _indexes(predicate: tree.Node) -> set[str]:
    """The indexes that a search expression names; `*` names none."""
    return {
        each.value.lower()
        for each in tree.walk(predicate)
        if isinstance(each, tree.FieldComparison) and each.field == "index" and each.op == "=" and each.value != "*"
    }


def time_modifiers(predicate: tree.Node) -> dict[str, str]:
    """Return the time modifiers of a search expression, `earliest` and `latest`, with their texts."""
    return {
        _RANGE[each.field]: each.value
        for each in tree.walk(predicate)
        if isinstance(each, tree.FieldComparison) and each.field in _RANGE
    }


_RANGE = {"earliest": "earliest", "starttime": "earliest", "latest": "latest", "endtime": "latest"}

_UNSURE = frozenset({"_raw", "_time", "index", "tag", "eventtype", "sourcetype", "source", "host"})
"""Fields whose value may still change, or appear, between the event as given and the row."""


def quick_refusal(predicate: tree.Node | None, scope: compiler.RunScope) -> Callable[[Events], Events] | None:
    """Return a filter over events *as given* that drops what the predicate would refuse anyhow.

    A key that the caller gives is never overwritten by knowledge, so a conjunct about such a key can be decided
    before anything is mapped; where the key is absent the event stays.
    """
    tests: list[tuple[str, Callable[[Any], bool]]] = []
    for part in conjuncts(predicate):
        if (
            not isinstance(part, (tree.FieldComparison, tree.FieldIn))
            or part.field in _UNSURE | compiler.TIME_MODIFIERS
        ):
            continue
        if part.field.startswith("tag::"):
            continue
        tests.append((part.field, _value_test(part, scope)))
    return ValueTests(tuple(tests)) if tests else None


def _value_test(part: tree.Node, scope: compiler.RunScope) -> Callable[[Any], bool]:
    """A test of an event as given; values that are not yet field values (None, booleans, objects) pass."""
    test = compiler.compile_search(part, scope)
    name = part.field if isinstance(part, (tree.FieldComparison, tree.FieldIn)) else ""
    plain = frozenset((str, int, float))

    def value_test(event: Row) -> bool:
        return event[name].__class__ not in plain or test(event)

    return value_test
