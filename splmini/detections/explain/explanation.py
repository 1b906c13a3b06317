"""Why did an event not match? The plain plan, stage by stage, and the first clause that refused the nearest events.

An explanation runs the same operators as a run does; what it adds is counting rows between them, and asking each
conjunct of a filter by itself. So it cannot disagree with the run.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from splmini.commands.arguments.notes import by_notes
from splmini.compiler import as_truth
from splmini.detections.explain.clauses import Refusal, clauses_of, likeness, refusal
from splmini.detections.explain.notes import by_fields, notes
from splmini.detections.lint.positions import Places
from splmini.engine.blame import placed
from splmini.engine.ordering import newest_first, order_position
from splmini.engine.stream import execute
from splmini.language import tree
from splmini.operators import Batch, Columns, Generating, Operator, Request, Row, Stream, Streaming, batched
from splmini.plan.scan import Scan, conjuncts, wants_raw
from splmini.results import Results, View
from splmini.values.texts import shortened

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from splmini.detections.detection import Detection
    from splmini.engine.context import Run
    from splmini.environment import Environment
    from splmini.options import AnyEvents, RunArguments


@dataclass
class ClauseCount:
    """A clause of a filter: how many rows satisfied it, and how many it was the first to refuse."""

    text: str
    position: tuple[int, int] | None
    macro: str | None
    satisfied: int = 0
    refused: int = 0


@dataclass
class Stage:
    """One command: rows in and out, what its clauses did, and notes (null by-fields, lookup keys that missed)."""

    command: str
    position: tuple[int, int] | None
    rows_in: int = 0
    rows_out: int = 0
    clauses: list[ClauseCount] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class NearMiss:
    """An event that did not match: how many clauses it satisfied, and the first that refused it, with its value."""

    event: Row
    satisfied: int
    clauses: int
    refused_by: str
    reason: str
    position: tuple[int, int] | None
    macro: str | None


@dataclass
class Explanation:
    """The stages of a search with their row counts, and the events nearest to matching. `str()` is a report."""

    search: str
    stages: list[Stage] = field(default_factory=list)
    near_misses: list[NearMiss] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    results: Results = field(default_factory=partial(Results, ()), repr=False)
    """The rows as a run gives them: with their columns, view, messages and figures."""
    detection: Any = field(default=None, repr=False)

    def place(self, position: tuple[int, int]) -> str:
        """Return where a line and column of the search stand: in the detection's file, where it came from one."""
        line, column = position
        if self._places is None or not self._places.offsets:
            return f"line {line}, column {column}"
        offset = sum(len(each) + 1 for each in self.search.split("\n")[: line - 1]) + column - 1
        return "{}:{}:{}".format(self.detection.path, *self._places.of_offset(offset))

    @cached_property
    def _places(self) -> Places | None:
        known = self.detection is not None and self.detection.path
        return Places(self.search, self.detection) if known else None

    @property
    def fired(self) -> bool:
        """Whether the search gave rows."""
        return bool(self.rows)

    @property
    def ended_at(self) -> Stage | None:
        """The first stage that let no row through, even where one behind it made rows, as `stats count` does."""
        return next((stage for stage in self.stages if stage.rows_out == 0), None)

    @property
    def why(self) -> str | None:
        """Why there is no row, in a line; None where there are some."""
        from splmini.detections.explain.reason import reason

        return None if self.fired else reason(self)

    def __str__(self) -> str:
        return "\n".join(_report(self))

    def _repr_html_(self) -> str:
        from splmini.detections.explain.html import render

        return render(self)


def explain(
    env: Environment, search: str | Detection, events: AnyEvents, *, nearest: int = 5, **options: Unpack[RunArguments]
) -> Explanation:
    """Explain what a search (text or Detection) does with events.

    Args:
        env: the environment.
        search: SPL text or a `Detection`.
        events: as for `Search.run`.
        nearest: how many near misses to keep.

    Raises:
        SplError: as compiling and running do.
    """
    text = search if isinstance(search, str) else search.search
    compiled = env.compile(text)
    run = compiled.start(events, shared=True, **options)
    explanation = Explanation(text, detection=None if isinstance(search, str) else search)
    explaining = _Explainer(compiled, run, explanation, nearest)
    explanation.results = run.collect(explaining.explain, "The explanation", keeps=False)
    explanation.rows = list(explanation.results)
    return explanation


class _Explainer:
    def __init__(self, compiled: Any, run: Run, explanation: Explanation, nearest: int) -> None:
        self.compiled = compiled
        self.run = run
        self.explanation = explanation
        self.nearest = nearest
        self.heap: list[tuple[tuple[int, int], float, int, NearMiss]] = []
        self.seen = 0
        self.columns: Columns = None

    def explain(self) -> Stream:
        operators: list[Operator] = list(self.compiled.operators)
        index = 0
        if isinstance(operators[0], Scan):
            filters = operators[1:]
            leading = 0
            while leading < len(filters) and _is_filter(filters[leading]):
                leading += 1
            rows = self.scan([each for each in filters[:leading] if isinstance(each, Streaming)])
            index = 1 + leading
            if self.run.newest and order_position(operators) is not None:
                rows = list(newest_first(Stream(batched(rows)), self.run, None).rows())
        elif _aggregates(operators[0]):
            from splmini.detections.explain.tstats import explain_tstats

            rows = explain_tstats(self, operators[0])
            index = 1
        else:
            rows = self.stage(operators[0], None)
            if isinstance(operators[0], Generating) and operators[0].dataset and not rows:
                from splmini.detections.explain.dataset import generated_notes

                self.explanation.stages[-1].notes += generated_notes(self, operators[0].node)
            index = 1
        for operator in operators[index:]:
            rows = self.filter(operator, rows) if _is_filter(operator) else self.stage(operator, rows)
        self.explanation.near_misses = [item[3] for item in sorted(self.heap, key=_rank, reverse=True)]
        return Stream(batched(rows), lambda: self.columns)

    # ---- stages ------------------------------------------------------------------------------------------------

    def new_stage(self, operator: Operator) -> Stage:
        node = operator.node
        stage = Stage(str(node) if node is not None else operator.name, self.position(operator.span))
        self.explanation.stages.append(stage)
        return stage

    def position(self, span: Any) -> tuple[int, int] | None:
        return self.compiled.source.position(span) if span.start >= 0 else None

    def macro(self, span: Any) -> str | None:
        chain = self.compiled.source.chain(span) if span.start >= 0 else ()
        return chain[-1] if chain else None

    def scan(self, filters: list[Streaming]) -> list[Row]:
        """Read the events through the leading filters, clause by clause, keeping the nearest misses."""
        reading = Stage("events", None)
        self.explanation.stages.append(reading)
        stages = [(self.new_stage(operator), self.prepared(operator)) for operator in filters]
        for (stage, _), operator in zip(stages, filters, strict=True):
            stage.notes += self.subsearches(operator)
        kept: list[Row] = []
        predicates = [self.run.expanded(each.predicate) for each in filters if each.predicate is not None]
        in_range = self.run.time_range(predicates[0] if predicates else None)
        self.run.range = (None, None)  # what the range leaves out is counted here
        outside: list[float] = []
        for batch in self.run.scan(Request(raw=wants_raw(self.compiled.operators))).batches:
            reading.rows_in += len(batch)
            if in_range is not None:
                outside.extend(moment for row in batch if not in_range(row) and (moment := row["_time"]))
                batch = [row for row in batch if in_range(row)]
            reading.rows_out += len(batch)
            for stage, clauses in stages:
                batch = self.filtered(stage, clauses, batch)
            kept.extend(batch)
        if outside:
            reading.notes.append(self.outside(outside))
        return kept

    def outside(self, moments: list[float]) -> str:
        """Say which events the time range leaves out."""
        low, high = (
            "any time" if end is None else _moment(end, self.run.timezone)
            for end in (self.run.earliest, self.run.latest)
        )
        first, last = (_moment(moment, self.run.timezone) for moment in (min(moments), max(moments)))
        span = f"at {first}" if first == last else f"between {first} and {last}"
        return f"{len(moments):,} events {span} are outside the time range, from {low} until {high}"

    def prepared(self, operator: Streaming) -> list[tuple[ClauseCount, tree.Node, Any]]:
        """The clauses of a filter, each with its count and its compiled test."""
        prepared = []
        assert operator.predicate is not None
        predicate = self.run.expanded(operator.predicate)
        for clause in clauses_of(predicate):
            count = ClauseCount(str(clause), self.position(clause.span), self.macro(clause.span))
            prepared.append((count, clause, self.test(operator, clause)))
        return prepared

    def test(self, operator: Streaming, clause: tree.Node) -> Any:
        if operator.dialect == "eval":
            expression = self.run.expression(clause)

            def holds(row: Row) -> bool:
                return bool(as_truth(expression(row)))

            return placed(operator, self.run, holds)
        return placed(operator, self.run, self.run.predicate(clause))

    def filtered(self, stage: Stage, clauses: list[tuple[ClauseCount, tree.Node, Any]], batch: Batch) -> Batch:
        stage.clauses = [count for count, _, _ in clauses]
        stage.rows_in += len(batch)
        depth = next(number for number, each in enumerate(self.explanation.stages) if each is stage)
        kept = []
        for row in batch:
            first: tuple[ClauseCount, tree.Node] | None = None
            satisfied = 0
            for count, clause, test in clauses:
                if test(row):
                    count.satisfied += 1
                    satisfied += 1
                elif first is None:
                    first = (count, clause)
            if first is None:
                kept.append(row)
            else:
                first[0].refused += 1
                self.remember(row, (depth, satisfied - len(clauses)), satisfied, len(clauses), first)
        stage.rows_out += len(kept)
        return kept

    def remember(
        self, row: Row, held: tuple[int, int], satisfied: int, total: int, first: tuple[ClauseCount, tree.Node]
    ) -> None:
        """Keep a row that was refused, if it is among the nearest: those that came furthest, then those that satisfied
        the most clauses there, then those whose value is likest to what was wanted."""
        self.seen += 1
        full = len(self.heap) >= self.nearest
        if full and held < self.heap[0][0]:
            return
        count, clause = first
        rank = (held, likeness(clause, row), -self.seen)
        if full and rank <= self.heap[0][:3]:
            return
        why: Refusal = refusal(clause, row, self.run)
        miss = NearMiss(
            dict(row),
            satisfied,
            total,
            count.text,
            why.reason,
            self.position(why.node.span) or count.position,
            self.macro(why.node.span) or count.macro,
        )
        item = (*rank, miss)
        if len(self.heap) < self.nearest:
            heapq.heappush(self.heap, item)
        else:
            heapq.heapreplace(self.heap, item)

    def filter(self, operator: Operator, rows: list[Row]) -> list[Row]:
        assert isinstance(operator, Streaming)
        stage = self.new_stage(operator)
        stage.notes += self.subsearches(operator)
        self.columns = operator.columns(self.columns)
        return self.filtered(stage, self.prepared(operator), rows)

    def subsearches(self, operator: Streaming) -> list[str]:
        """What a filter reads with the results of its subsearches in their place."""
        assert operator.predicate is not None
        if not any(isinstance(each, tree.Subsearch) for each in tree.walk(operator.predicate)):
            return []
        return [f"with what its subsearches gave it reads: {_short(str(self.run.expanded(operator.predicate)), 200)}"]

    def stage(self, operator: Operator, rows: list[Row] | None) -> list[Row]:
        stage = self.new_stage(operator)
        stage.rows_in = 0 if rows is None else len(rows)
        after = self.after(operator, rows)
        stage.rows_out = len(after)
        stage.notes = list(notes(operator, rows or [], after))
        return after

    def after(self, operator: Operator, rows: list[Row] | None) -> list[Row]:
        """The rows that an operator makes of some."""
        columns = self.columns
        given = None if rows is None else Stream(batched([dict(row) for row in rows]), lambda: columns)
        stream = execute([operator], self.run, given)
        made = list(stream.rows())
        self.columns = stream.columns()
        return made


def _moment(time: float, zone: tzinfo) -> str:
    moment = View(timezone=zone).moment(time)
    return f"{time:.0f}" if moment is None else moment.isoformat()


def _rank(item: tuple[tuple[int, int], float, int, NearMiss]) -> tuple[tuple[int, int], float, int]:
    return item[:3]


def _aggregates(operator: Operator) -> bool:
    """Say whether an operator aggregates the rows of a dataset, or events, as they are."""
    return isinstance(operator, Generating) and operator.reading is not None and operator.reading.points is None


def _is_filter(operator: Operator) -> bool:
    return isinstance(operator, Streaming) and operator.filters and operator.predicate is not None


def _report(explanation: Explanation) -> Iterator[str]:
    width = max((len(f"{stage.rows_in:,}") for stage in explanation.stages), default=1)
    for stage in explanation.stages:
        flag = "  <- no row gets through" if stage is explanation.ended_at else ""
        yield f"{stage.rows_in:>{width},} -> {stage.rows_out:>{width},}  {_short(stage.command)}{flag}"
        most = max((len(f"{clause.refused:,}") for clause in stage.clauses), default=1)
        for clause in stage.clauses:
            if clause.refused:
                origin = f"  (from `{clause.macro}`)" if clause.macro else ""
                yield f"{'':>{2 * width + 6}}{clause.refused:>{most},} refused by {_short(clause.text, 90)}{origin}"
        for note in stage.notes:
            yield f"{'':>{2 * width + 6}}{note}"
    if explanation.near_misses and not explanation.fired:
        yield "Nearest events:"
        for line, count in Counter(_missed(miss, explanation) for miss in explanation.near_misses).items():
            yield f"  {line}" + (f" ({count} events)" if count > 1 else "")


def _missed(miss: NearMiss, explanation: Explanation) -> str:
    origin = f" (from `{miss.macro}`)" if miss.macro else ""
    where = f" at {explanation.place(miss.position)}" if miss.position else ""
    refused = f"refused by {_short(miss.refused_by, 80)}{origin}{where}: {miss.reason}"
    return f"{miss.satisfied} of {miss.clauses} clauses hold; {refused}"


def _short(text: str, width: int = 120) -> str:
    return shortened(" ".join(text.split()), width)


__all__ = ["ClauseCount", "Explanation", "NearMiss", "Stage", "by_fields", "by_notes", "conjuncts", "explain"]
