"""Many searches in one pass: events are read and mapped once, and each event is held against all searches together.

Which searches an event could satisfy is decided by an index before any predicate runs: of each search one conjunct
that compares a field with plain values (`EventCode=4688`, `sourcetype IN (…)`). Only searches whose conjunct holds,
and those that have none, look at the event.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from splmini import compiler
from splmini.engine.context import Run
from splmini.engine.ordering import newest_first, order_position
from splmini.engine.stream import execute, reads_raw
from splmini.errors import SplError
from splmini.language import tree
from splmini.operators import Batch, Fields, Generating, Operator, Partial, Row, Stream, Streaming, batched, union
from splmini.plan.fields import required
from splmini.plan.scan import Scan, conjuncts
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_number, to_text


@dataclass
class Member:
    """One search of a sweep: its run, what is left to do behind the scan, the rows that matched, what went wrong."""

    search: Any
    run: Run
    rest: list[Operator]
    predicate: tree.Node | None
    reads: Fields
    needed: Fields
    test: Callable[[Row], bool]
    rows: list[Row] = field(default_factory=list)
    state: Any = None
    steps: list[Callable[[Batch], Batch]] = field(default_factory=list)
    error: SplError | None = None
    seconds: float = 0.0
    dataset: str | None = None
    raw: bool = False
    """Whether it reads `_raw`: events without one then get it."""

    def take(self, rows: Batch) -> None:
        """Take in rows that satisfy the search's predicate."""
        started = time.perf_counter()
        try:
            if self.state is None:
                self.rows.extend(rows)
                self.run.check(len(self.rows))
            else:
                for step in self.steps:
                    rows = step(rows)
                if rows:
                    self.state.update(rows)
        except SplError as error:
            self.error = error
        self.seconds += time.perf_counter() - started

    def finish(self) -> Stream:
        """Give the search's rows."""
        if self.state is not None:
            done = len(self.steps) + 1
            return (
                execute(self.rest[done:], self.run, self.state.finish(self.run))
                if self.rest[done:]
                else self.state.finish(self.run)
            )
        stream = Stream(batched(self.rows))
        operators = [Scan(name="scan", generate=_never), *self.rest]
        if self.run.newest and order_position(operators) is not None:
            stream = newest_first(stream, self.run, self.rest[0] if self.rest else None)
        return execute(self.rest, self.run, stream) if self.rest else stream


def _never(ctx: Any, needed: Fields) -> Stream:
    raise AssertionError("a member of a sweep does not scan")


def member(search: Any, run: Run, operators: Sequence[Operator], alone: bool) -> Member | None:
    """Return a search as a member of a sweep; None where it has to run by itself (it reads more than the events)."""
    scan = operators[0]
    if alone or not isinstance(scan, Scan):
        return None
    predicate = scan.predicate
    in_range = run.time_range(predicate)
    tests = [] if in_range is None else [in_range]
    reads: Fields = frozenset({"_time"})
    if predicate is not None:
        tests.append(compiler.compile_search(predicate, run.scope))
        reads = union(reads, compiler.fields_read(predicate))
    rest = list(operators[1:])
    needed = union(required(operators)[0], reads)
    made = Member(search, run, rest, predicate, reads, needed, _all(tests))
    made.raw = (reads is not None and "_raw" in reads) or reads_raw(operators)
    _partial(made)
    return made


def dataset_member(search: Any, run: Run, operators: Sequence[Operator], alone: bool) -> Member | None:
    """Return a search that starts by aggregating a dataset (tstats) as a member; None where it has to run by itself."""
    first = operators[0]
    if alone or not isinstance(first, Generating) or first.reading is None:
        return None
    reading = first.reading
    where = reading.where
    reads: Fields = frozenset({"_time"}) if where is None else union(compiler.fields_read(where), frozenset({"_time"}))
    test = _all([] if where is None else [compiler.compile_search(where, run.scope)])
    made = Member(search, run, [first, *operators[1:]], where, reads, union(reading.needed, reads), test)
    made.dataset = reading.dataset
    made.state = reading.create(run)
    return made


def _partial(made: Member) -> None:
    """Aggregate as the rows come, where an aggregation follows that does not depend on their order."""
    leading = 0
    while leading < len(made.rest) and isinstance(made.rest[leading], Streaming):
        leading += 1
    target = made.rest[leading] if leading < len(made.rest) else None
    if isinstance(target, Partial) and (not made.run.newest or not target.order_matters):
        made.steps = [each.bind(made.run) for each in made.rest[:leading] if isinstance(each, Streaming)]
        made.state = target.create(made.run)


def _all(tests: list[Callable[[Row], bool]]) -> Callable[[Row], bool]:
    def satisfied(row: Row) -> bool:
        for test in tests:
            if not test(row):
                return False
        return True

    return satisfied


# ---- which searches could an event satisfy ---------------------------------------------------------------------------


@dataclass
class Index:
    """Searches by one conjunct that compares a field with plain values; `always` are those that have none."""

    by_field: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    always: list[int] = field(default_factory=list)

    def candidates(self, row: Row) -> list[int]:
        """Return the numbers of the searches that a row could satisfy, in order."""
        found = list(self.always)
        for name, values in self.by_field.items():
            value = row.get(name)
            if value is None:
                continue
            if value.__class__ is str:
                found.extend(values.get(value.lower(), ()))
            else:
                for item in as_list(value):
                    found.extend(values.get(to_text(item).lower(), ()))
        return found if len(found) == len(self.always) else sorted(set(found))


def build_index(members: Sequence[Member]) -> Index:
    """Index searches by their most selective conjunct: the field that most searches tell themselves apart by."""
    index = Index()
    options = [_keys(each.predicate) for each in members]
    spread: dict[str, set[str]] = {}
    for each in options:
        for name, values in each.items():
            spread.setdefault(name, set()).update(values)
    for number, each in enumerate(options):
        if not each:
            index.always.append(number)
            continue
        best = min(each, key=lambda name: (len(each[name]) / max(len(spread[name]), 1), len(each[name]), name))
        for value in each[best]:
            index.by_field.setdefault(best, {}).setdefault(value, []).append(number)
    return index


def _keys(predicate: tree.Node | None) -> dict[str, frozenset[str]]:
    """The conjuncts that are equalities with plain values, by field: the values in lower case."""
    found: dict[str, frozenset[str]] = {}
    for part in conjuncts(predicate):
        items = part.items if isinstance(part, tree.Or) else (part,)
        names: set[str] = set()
        values: set[str] = set()
        for item in items:
            pair = _plain(item)
            if pair is None:
                break
            names.add(pair[0])
            values |= pair[1]
        else:
            if len(names) == 1:
                name = names.pop()
                if name not in found or len(values) < len(found[name]):
                    found[name] = frozenset(values)
    return found


def _plain(node: tree.Node) -> tuple[str, frozenset[str]] | None:
    if isinstance(node, tree.FieldComparison) and node.op == "=":
        texts = [node.value]
    elif isinstance(node, tree.FieldIn):
        texts = [term.text for term in node.values]
    else:
        return None
    if node.field in compiler.TIME_MODIFIERS or node.field == "index":
        return None
    return (node.field, frozenset(text.lower() for text in texts)) if all(map(_is_key, texts)) else None


def _is_key(text: str) -> bool:
    """Say whether equality with a value is equality of its text: no wildcard, block, directive; one form of number."""
    number = to_number(text)
    if number is not None and to_text(number) != text:
        return False
    return bool(text) and not any(character in text for character in "*/(\\")


# ---- the pass --------------------------------------------------------------------------------------------------------


def dataset_pass(members: Sequence[Member], run: Run) -> None:
    """Read a dataset of a data model once for all members over it."""
    name = members[0].dataset
    assert name is not None
    needed = union(*(each.needed for each in members))
    index = build_index(members)
    for batch in run.dataset(name).rows(run, needed, True).batches:
        hits: dict[int, list[Row]] = {}
        for row in batch:
            for number in index.candidates(row):
                each = members[number]
                if each.error is None and each.test(row):
                    hits.setdefault(number, []).append(row)
        for number, rows in hits.items():
            members[number].run.matched += len(rows)
            members[number].take(rows)


def one_pass(members: Sequence[Member], run: Run, progress: Callable[[int], None] | None = None) -> None:
    """Read the events of a run once and hand each member the rows that satisfy its predicate.

    What all predicates read is made first; what the searches behind them need, only for the events that matched one.
    """
    reads = union(*(each.reads for each in members))
    raw = any(each.raw for each in members)
    narrow = run.services.bind_mapper(reads, run, raw)
    full = run.services.bind_mapper(union(*(each.needed for each in members)), run, raw)
    index = build_index(members)
    for count, events in run.source.batches():
        run.scanned += count
        if progress is not None:
            progress(run.scanned)
        if events:
            _batch(members, index, events, narrow(events), full)


def _batch(
    members: Sequence[Member], index: Index, events: list[Row], rows_read: Batch, full: Callable[[list[Row]], Batch]
) -> None:
    hits: dict[int, list[int]] = {}
    for position, row in enumerate(rows_read):
        for number in index.candidates(row):
            each = members[number]
            if each.error is None and each.test(row):
                hits.setdefault(number, []).append(position)
    if not hits:
        return
    wanted = sorted({position for positions in hits.values() for position in positions})
    mapped = dict(zip(wanted, full([events[position] for position in wanted]), strict=True))
    for number, positions in hits.items():
        members[number].run.matched += len(positions)
        rows = [dict(mapped[position]) for position in positions]
        if not members[number].raw:
            for row, position in zip(rows, positions, strict=True):
                if "_raw" not in events[position]:
                    row.pop("_raw", None)
        members[number].take(rows)
