"""Reading the events of a run that satisfy a search expression, mapped by knowledge, with as little work as will do."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from splmini import compiler
from splmini.engine.filters import RowTest, filters_of, keep, keep_columns, keep_pairs
from splmini.engine.newest import MOST, newest
from splmini.engine.prefilter import Look, Prefilter, candidates
from splmini.engine.selection import may_hold_classes, named_indexes, quick_refusal
from splmini.events import EVERYTHING, Ask, Candidates, Selection, Verdicts, projectable
from splmini.language import tree
from splmini.operators import Batch, ColumnBatch, Fields, Implied, Request, Stream, union

if TYPE_CHECKING:
    from splmini.engine.context import Run
    from splmini.engine.services import Mapper


def scan(run: Run, request: Request) -> Stream:
    """Read the run's events, mapped by knowledge, that satisfy a search expression.

    Behind the given events come those that earlier runs wrote to an index that the expression names.
    """
    predicate, needed, implied = request.predicate, request.needed, request.implied
    ranged = run.time_range(predicate)
    if predicate is not None:
        predicate = run.expanded(predicate)
    reads = frozenset() if predicate is None else compiler.fields_read(predicate)
    timed = ranged is not None or (predicate is not None and any(compiler.time_terms_of(predicate)))
    reads = union(reads, frozenset({"_time"} if timed else ()))
    raw = request.raw or run.raw_wanted or (reads is not None and "_raw" in reads)
    asked = predicate if not may_hold_classes(needed) else None
    made, known = union(needed, reads), run.services.event_fields
    full = known.bind_mapper(made, run, raw, owned=run.events.has_bytes, asked=asked, tables=request.columns)
    wanted = known.given_fields(made, run, raw) if run.optimized else None
    tests: list[Verdicts | RowTest] = [] if ranged is None else [RowTest(ranged, frozenset({"_time"}))]
    keys = None if raw or run.knowledge != "default" else _keys(run, made)
    tables = request.columns and keys is not None and known.keeps_given(keys)
    ask = known.asked(made, run, asked) if request.columns and not raw and run.knowledge == "default" else None
    timed = timed or known.reads_time(made)
    if request.newest is not None and (times := _times_alone(run, request, tests)) is not None:
        return Stream(_kept(run, run.events.scan(replace(EVERYTHING, candidates=times)), full, tests))
    selection = replace(selected(run, predicate, implied), wanted=wanted)
    if predicate is None:
        found = _candidates(run, predicate, implied, keys, None, tables, ask, timed)
        return Stream(_kept(run, run.events.scan(replace(selection, candidates=found)), full, tests))
    tests.extend(filters_of(predicate, run.scope))
    first = None if keys is not None or run.knowledge != "default" else _keys(run, reads)
    look = Look(first, tests) if first is not None and known.keeps_given(first) else None
    found = _candidates(run, predicate, implied, keys, look, tables, ask, timed)
    batches = run.events.scan(replace(selection, candidates=found))
    written = [dict(event) for event in run.services.written_events(named_indexes(predicate))]
    behind = [(len(written), written)] if written else []
    narrow = _narrow(run, reads, needed, predicate)
    return Stream(_kept(run, itertools.chain(batches, behind), full, tests, narrow))


def _times_alone(run: Run, request: Request, tests: list[Verdicts | RowTest]) -> Candidates | None:
    """What finds the newest events by their times alone; None where more has to be known of them."""
    plain = run.optimized and run.knowledge == "default" and run.events.has_bytes
    predicate, count = request.predicate, request.newest
    if predicate is not None:
        tests = [*tests, *filters_of(predicate, run.scope)]
    if not plain or tests or count is None or count > MOST or run.services.written_events(named_indexes(predicate)):
        return None
    ask = run.services.event_fields.asked(frozenset({"_time"}), run)
    return None if ask is None else newest(count, ask)


def _keys(run: Run, fields: Fields) -> frozenset[str] | None:
    """The keys of JSON lines that suffice for these fields; None where lines have to be decoded whole."""
    if fields is not None and "index" in fields and run.services.event_fields.gives_index():
        return None
    return projectable(fields)


def selected(run: Run, predicate: tree.Node | None, implied: Implied | None) -> Selection:
    """What can be decided on events as given, before anything is mapped."""
    if run.knowledge != "default" or not run.optimized or (predicate is None and implied is None):
        return EVERYTHING
    refuse = run.services.event_fields.raw_filter(predicate, implied)
    return Selection(tests=quick_refusal(predicate, run.scope), refusals=() if refuse is None else (refuse,))


def _candidates(
    run: Run,
    predicate: tree.Node | None,
    implied: Implied | None,
    keys: frozenset[str] | None,
    look: Look | None,
    tables: bool,
    ask: Ask | None,
    timed: bool,
) -> Candidates | None:
    """What looks for literals in the bytes of files, and decodes the keys that suffice; None where nothing is known."""
    if not run.optimized or not run.events.has_bytes:
        return None
    if predicate is None and implied is None:
        return candidates(Prefilter([], keys, tables=tables, ask=ask, timed=timed))

    def narrowed(sourcetypes: frozenset[str]) -> list[frozenset[str]]:
        return run.services.event_fields.block_literals(predicate, implied, sourcetypes)

    literals = run.services.event_fields.block_literals(predicate, implied)
    return candidates(Prefilter(literals, keys, narrowed, look, tables, ask, timed))


def _narrow(run: Run, reads: Fields, needed: Fields, predicate: tree.Node) -> Mapper | None:
    """A mapper that makes only what the predicate reads; None where the rows need no more than that."""
    if reads is None or not run.optimized or (needed is not None and needed <= reads):
        return None
    return run.services.event_fields.bind_mapper(reads, run, "_raw" in reads, owned=True, asked=predicate)


def _kept(
    run: Run,
    batches: Iterable[tuple[int, Any]],
    full: Mapper,
    tests: list[Verdicts | RowTest],
    narrow: Mapper | None = None,
) -> Iterator[Batch]:
    """Yield the rows that satisfy the tests.

    What a predicate reads is made first (`narrow`); all else only for the events that satisfy it, as long as that pays.
    Tables are of events that need no mapping, and go to who takes them.
    """
    for count, events in batches:
        if run.stopped():
            return
        run.check_limits()
        run.scanned += count
        if run.progress is not None:
            run.progress(run.scanned)
        if not events:
            continue
        run.parsed += len(events)
        if events.__class__ is ColumnBatch:
            rows: Any = keep_columns(events, tests)
        elif narrow is not None:
            before = len(events)
            rows = full(keep_pairs(events, narrow(events), tests))
            if 2 * len(rows) > before:
                narrow = None
        else:
            mapped = full(events)
            rows = keep_columns(mapped, tests) if mapped.__class__ is ColumnBatch else keep(mapped, tests)
        if rows:
            run.matched += len(rows)
            yield rows
