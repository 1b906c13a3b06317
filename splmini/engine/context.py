"""One execution of a search: its now, time range, limits, messages, tables. Implements `operators.RunContext`."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from splmini import compiler
from splmini.boundary import boundary
from splmini.budget import Budget, work_for
from splmini.commands.format import NOTHING
from splmini.compiler import searching
from splmini.context import Apps, Files, Lookups
from splmini.engine import scanning
from splmini.engine.handing import RunApps, RunFiles, RunLookups
from splmini.engine.selection import time_modifiers
from splmini.engine.services import Services, Writes
from splmini.engine.stream import column_order, execute
from splmini.engine.subsearch import rows_to_expression, rows_to_text
from splmini.errors import LimitExceeded, Signal, SourceMap, Span, SplError
from splmini.events import Events
from splmini.language import parser, tree
from splmini.language.conjuncts import conjuncts
from splmini.language.printer import render
from splmini.operators import ALL, Batch, Columns, Fields, Generating, Message, Operator, Request, Row, Stream, Value
from splmini.options import Handler
from splmini.plan.build import Builder, ignores_rows
from splmini.plan.optimize import optimize
from splmini.plan.scan import scan
from splmini.plan.splicing import subsearches
from splmini.results import Results, View
from splmini.values import regex, times
from splmini.values.texts import shortened


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


def _unknown_columns() -> Columns:
    return None


@contextmanager
def _elsewhere(text: str) -> Iterator[None]:
    """Take their place off errors that have it in another text than that of the search; say which text that is."""
    try:
        yield
    except SplError as error:
        if error.span is not None and error.path is None:
            error.span = error.position = error.context = None
            told = f"It is in the search: {shortened(text, 200)}"
            error.hint = told if error.hint is None else f"{error.hint} {told}"
        raise


def _batches_elsewhere(stream: Stream, text: str) -> Iterator[Batch]:
    with _elsewhere(text):
        yield from stream.batches


class Cancelled(Signal):
    """The caller cancelled the run; the rows found so far stand."""


_parsed: weakref.WeakKeyDictionary[Any, dict[str, tree.Pipeline]] = weakref.WeakKeyDictionary()
"""Search text that runs parsed (constraints, base searches), by the macros that it was parsed with."""


@dataclass
class Run:
    """One execution. Subsearches run inside it, over the same events."""

    services: Services
    events: Events
    builder: Builder
    origin: SourceMap
    now: float
    earliest: float | None = None
    latest: float | None = None
    knowledge: str = "default"
    optimized: bool = True
    newest: bool = False
    raw_wanted: bool = False
    """Whether a plan that reads events through a dataset reads `_raw`: events without one then get it."""
    cancel: Callable[[], bool] | None = None
    progress: Callable[[int], None] | None = None
    messages: list[Message] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    scanned: int = 0
    parsed: int = 0
    matched: int = 0
    writes: Writes = field(default_factory=Writes)
    depth: int = 0
    pipeline: tree.Pipeline | None = None
    """The search that is run; None where a run stands for several."""

    def __post_init__(self) -> None:
        self.timezone = self.services.timezone
        self.limits = self.services.limits
        self.index = self.services.index
        self.apps: Apps = RunApps(self)
        self.lookups: Lookups = RunLookups(self)
        self.files: Files = RunFiles(self)
        self.text = getattr(self.origin, "text", "")
        self.scope = compiler.RunScope(self)
        self.complete = True
        self.range = (self.earliest, self.latest)
        self._scanned = False
        self._foreign: dict[int, tree.Pipeline] = {}
        """Pipelines of other texts than that of the search: what goes wrong in them has its place in that text."""
        self._columns: Callable[[], Columns] = _unknown_columns
        self._pattern_gave_up = _listener(weakref.ref(self))
        regex.watch(self._pattern_gave_up)
        self.budget = Budget(self.limits)
        work_for(self.budget)

    # ---- the end -----------------------------------------------------------------------------------------------

    @contextmanager
    def ending(self, what: str = "The run") -> Iterator[None]:
        """End the run behind what is done within: its events are let go, errors have their place in the search."""
        try:
            with boundary(what, self.origin):
                yield
        except Cancelled:
            self.complete = False
        finally:
            self.events.close()

    def batches(self, start: Callable[[], Stream], what: str = "The run", keeps: bool = True) -> Iterator[Batch]:
        """Yield the rows that a pipeline gives, and end the run; what it wrote is kept where it ended well."""
        with self.ending(what):
            stream = start()
            self._columns = stream.columns
            yield from stream.batches
            if keeps and self.complete:
                self.services.commit(self.writes)

    def collect(
        self, start: Callable[[], Stream], what: str = "The run", keeps: bool = True, spent: float = 0.0
    ) -> Results:
        """Run a pipeline to its end and give its results; `spent` are seconds that the run took elsewhere."""
        started = time.perf_counter()
        rows: list[Row] = []
        with self.ending(what):
            for batch in self.batches(start, what, keeps):
                rows.extend(batch)
                self.check_limits(len(rows))
        return self.results(rows, spent + time.perf_counter() - started)

    def results(self, rows: list[Row], seconds: float) -> Results:
        """Return the rows of a run that ended, with all that is told of them."""
        stats = {
            "scanned": self.scanned,
            "parsed": self.parsed,
            "matched": self.matched,
            "rows": len(rows),
            "now": self.now,
            "seconds": {**self.seconds, "total": seconds},
        }
        columns = column_order(rows, self._columns())
        complete = self.complete and all(message.level != "error" for message in self.messages)
        return Results(rows, columns, self.messages, stats, complete, View(self.pipeline, self.timezone))

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
        work_for(self.budget)
        self.budget.check()

    def stopped(self) -> bool:
        """Say whether the caller cancelled the run: no more events are read then, and what was found is worked up."""
        if self.complete and self.cancel is not None and self.cancel():
            self.complete = False
        return not self.complete

    # ---- events ------------------------------------------------------------------------------------------------

    def scan(self, request: Request) -> Stream:
        """Read those of the run's events that are asked for, mapped by knowledge."""
        return scanning.scan(self, request)

    def time_range(self, predicate: tree.Node | None) -> Callable[[Row], bool] | None:
        """The environment's time range, where the search has no time modifiers of its own.

        `earliest=` without `latest=` means until now, as in Splunk.
        """
        own = {} if predicate is None else time_modifiers(predicate)
        compiler.check_window(conjuncts(predicate), self.now, self.timezone)
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
        """Run another pipeline over the same events; or, with `rows`, over those rows, unless it makes its own."""
        if rows is not None:
            operators = self.builder.rows_plan(pipeline)
            return execute(operators, self, None if operators and ignores_rows(operators[0]) else rows, needed)
        if id(pipeline) not in self._foreign:
            return self._run(pipeline, needed)
        with _elsewhere(str(pipeline)):
            stream = self._run(pipeline, needed)
        return Stream(_batches_elsewhere(stream, str(pipeline)), stream.columns)

    def _run(self, pipeline: tree.Pipeline, needed: Fields) -> Stream:
        operators = self.builder.build(pipeline)
        return execute(optimize(operators) if self.optimized else operators, self, None, needed)

    def expand(self, pipeline: tree.Pipeline, subject: str = "subsearch") -> tree.Node:
        """Run a subsearch and give the search expression that it returns."""
        rows, names = self._results(pipeline, subject)
        return compiler.with_bounds(rows_to_expression(rows, names, pipeline.span))

    def returned(self, pipeline: tree.Pipeline) -> str:
        """Run a subsearch and give the text that it returns."""
        return rows_to_text(*self._results(pipeline, "subsearch"))

    def _results(self, pipeline: tree.Pipeline, subject: str) -> tuple[list[Row], list[str]]:
        """Run a subsearch and give its rows, within the limit, and their fields."""
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
        return rows, list(stream.columns() or names)

    def spliced(
        self,
        node: tree.Command,
        build: Callable[[tree.Command], Operator],
        rows: Stream | None = None,
        needed: Fields = ALL,
    ) -> Stream:
        """Run a command with what its subsearches return in their place; it is parsed and built there."""
        text = render(node, self.returned)
        subsearch = next(subsearches(node))
        with_text = f"What the subsearch returned makes of '{node.name}': {shortened(text, 200)}"
        try:
            operator = build(parser.parse_command(text, self.services.command_names()))
        except SplError as error:
            error.message = f"{error.message} {with_text}"
            error.span, error.position = subsearch.span, None
            if error.hint is None and NOTHING in text:
                error.hint = "The subsearch found nothing."
            raise
        operators = [operator] if rows is not None or isinstance(operator, Generating) else [scan(), operator]
        return execute(operators, self, rows, needed)

    def expanded(self, node: tree.Node) -> tree.Node:
        """Return a search expression with its subsearches run and replaced by what they return."""
        if isinstance(node, tree.Subsearch):
            return self.expand(node.pipeline)
        if isinstance(node, (tree.SubsearchComparison, tree.FieldInSubsearch)):
            return searching.resolved(node, self.returned)
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
        registry = self.services.macros
        known = _parsed.setdefault(registry, {})
        pipeline = known.get(text)
        if pipeline is None:
            with _elsewhere(text):
                pipeline = parser.parse(text, registry, self.services.command_names())
            if len(known) >= 1024:
                known.clear()
            known[text] = pipeline
        self._foreign[id(pipeline)] = pipeline
        return pipeline

    def expression(self, node: tree.Node) -> Callable[[Row], Value]:
        """Compile an eval expression for this run."""
        return compiler.compile_value(node, self.scope)

    def predicate(self, node: tree.Node) -> Callable[[Row], bool]:
        """Compile a search expression for this run."""
        return compiler.compile_search(node, self.scope)

    # ---- the environment ---------------------------------------------------------------------------------------

    def write_events(self, index: str, rows: list[Row]) -> None:
        """Write events to an index of the environment when this run ends well."""
        self.written().events.setdefault(index, []).extend(rows)

    def written(self) -> Writes:
        """Return what the run has written so far, to write more."""
        return self.writes

    def handler(self, name: str) -> Handler | None:
        """Return the handler that the caller registered for a command, if any."""
        return self.services.handlers.get(name)
