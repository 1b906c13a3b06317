"""The field mapper: event dicts in, rows with the fields that a search needs out."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from datetime import timezone
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini.events import Projected, Reads
from splmini.knowledge.fields.classifying import Classifier, Possible, needs_classes
from splmini.knowledge.fields.columns import Columns, Over, over_rows
from splmini.knowledge.fields.default_fields import DATE_FIELDS, with_named
from splmini.knowledge.fields.eventtypes import CONSTANT_FIELDS, Asked, asked_of
from splmini.knowledge.fields.extraction import Bound, Extraction, Needed, bind, needed_steps, over_columns
from splmini.knowledge.fields.steps import Apply, MapperContext, Names, Step, class_of
from splmini.knowledge.fields.synthesis import synthesise
from splmini.knowledge.indexing.timestamps import TimeRule
from splmini.knowledge.props import PropsKey
from splmini.operators import ColumnBatch, Fields

if TYPE_CHECKING:
    from splmini.events import Ask
    from splmini.knowledge.apps import Knowledge
    from splmini.language import tree
    from splmini.operators import ColumnBatch, Row

Mapped: TypeAlias = "Callable[[list[dict[str, Any]]], list[Row]]"

_NOBODY: frozenset[str] = frozenset()

FEW = 8
"""Fewer events of a class than that are mapped one after the other; more as columns."""


class FieldMapper:
    """Applies the knowledge of apps to events. One per `Knowledge`; `bind` it to a run and a set of fields."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge

    def bind(
        self,
        needed: Fields,
        ctx: MapperContext,
        *,
        full: bool | None = None,
        raw: bool | None = None,
        owned: bool = False,
        asked: tree.Node | None = None,
        tables: bool = False,
    ) -> Mapped:
        """Return the function from event dicts to rows.

        Args:
            needed: the fields that the search needs; None: all.
            ctx: the run.
            full: EVAL and LOOKUP replace keys that the caller gave (default: what the run's `knowledge` says).
            raw: rows get a `_raw` though the event has none (default: where `needed` names it).
            asked: the tags and event types of the rows are only held against this expression: others may be absent.
            owned: nobody else holds the events: one that has all that is needed may itself become the row.
            tables: a batch may come as a `ColumnBatch` of the fields that are needed.
        """
        if full is None:
            full = ctx.knowledge == "full"
        if raw is None:
            raw = needed is not None and "_raw" in needed
        classes = None if asked is None else asked_of(asked)
        run = _Run(self.knowledge, with_named(needed, ctx), ctx, full, raw, classes)
        mapped = run.map_complete(owned) if run.complete is not None else run.map
        return run.map_tables(mapped) if tables else mapped

    def given_fields(self, needed: Fields, ctx: MapperContext, *, raw: bool) -> Callable[[Row], Fields]:
        """Return a function from what tells the class of an event (source, sourcetype, host, index, and whether it has
        a `_raw`) to the keys of the event that a mapper bound to `needed` reads; None: all of them."""
        if needed is None or "*" in needed:
            return _all_fields
        bound = _Run(self.knowledge, needed, ctx, ctx.knowledge == "full", raw)

        def given_fields(event: Row) -> Fields:
            return bound.plan_of(event).given_fields("_raw" in event)

        return given_fields

    def asked(self, needed: Fields, ctx: MapperContext, predicate: tree.Node | None = None) -> Ask | None:
        """Return a function from what tells the class of an event, which has nothing but its text, to what is asked of
        such events to make columns of them; None where their rows have to be made one by one.

        The tags and event types of the rows are only held against the predicate, where one is given.
        """
        exact = Names(needed).exact
        if exact is None or not exact.isdisjoint(_OF_ROWS):
            return None
        classes = None if predicate is None else asked_of(predicate)
        bound = _Run(self.knowledge, needed, ctx, False, False, classes)
        return lambda told: bound.plan_of(told).asked


_OF_ROWS = frozenset({"_raw", "_indextime", "_sourcetype"})
"""Fields that columns do not have."""


class _Run:
    """A mapper bound to a run: one compiled plan for each set of stanzas and event types."""

    def __init__(
        self,
        knowledge: Knowledge,
        needed: Fields,
        ctx: MapperContext,
        full: bool,
        raw: bool,
        asked: Asked | None = None,
    ) -> None:
        self.knowledge = knowledge
        self.needed = needed
        self.ctx = ctx
        self.full = full
        self.raw = raw
        self._plans: dict[tuple[Any, ...], _Plan] = {}
        self._recent: dict[tuple[Any, ...], _Plan] = {}
        self._classifier = knowledge.classifier(ctx) if needs_classes(Names(needed)) else None
        if self._classifier is not None and asked is not None:
            self._classifier = self._classifier.restricted(asked)
        self.needs_time = needed is None or "_time" in needed or not DATE_FIELDS.isdisjoint(needed)
        self.renames = knowledge.renames and renames_given(ctx, full)
        renamed = self.renames and "sourcetype" in Names(needed)
        self._metadata = _metadata_only(needed) and self._classifier is None and not raw and not renamed
        constants = self._classifier.constants if self._classifier else _NOBODY
        self._by_host = "host" in constants
        self._by_index = "index" in constants
        self.complete = None if renamed else self._all_that_is_needed()

    def _all_that_is_needed(self) -> frozenset[str] | None:
        """Return the fields with which an event needs no knowledge: what is given is never changed."""
        exact = Names(self.needed).exact
        if exact is None or self.full or self._classifier is not None:
            return None
        if "index" in exact and not self.knowledge.gives_index:
            exact -= {"index"}
        return exact | {"_raw"} if self.raw else exact

    def map_complete(self, owned: bool) -> Mapped:
        """Return `map` for events that mostly have all that is needed."""
        complete = self.complete
        assert complete is not None

        def map_events(events: list[dict[str, Any]]) -> list[Row]:
            if isinstance(events, Projected) and complete <= events.keys:
                return events if owned else list(map(dict, events))
            missing = [number for number, event in enumerate(events) if not complete <= event.keys()]
            if not missing:
                return events if owned else list(map(dict, events))
            if len(missing) == len(events):
                return self.map(events)
            rows = list(events) if owned else list(map(dict, events))
            for number, row in zip(missing, self.map([events[number] for number in missing]), strict=True):
                rows[number] = row
            return rows

        return map_events

    def map(self, events: list[dict[str, Any]]) -> list[Row]:
        """Map a batch of events; the events are not changed."""
        if self._metadata and not (self.needs_time and any("_time" not in event for event in events)):
            return [dict(event) for event in events]
        if len(events) < FEW:
            return [self._plan_for(event).apply(event) for event in events]
        groups = self._groups(events)
        if len(groups) == 1:
            return groups[0][0].rows(events)
        rows: list[Any] = [None] * len(events)
        for plan, places in groups:
            for place, row in zip(places, plan.rows([events[each] for each in places]), strict=True):
                rows[place] = row
        return rows

    def map_tables(self, otherwise: Mapped) -> Mapped:
        """Return `map` for batches that may come as columns; `otherwise` maps those that cannot."""
        exact = Names(self.needed).exact

        def map_events(events: list[dict[str, Any]]) -> Any:
            if exact is None or len(events) < FEW or self._metadata or isinstance(events, Projected):
                return otherwise(events)
            groups = self._groups(events)
            if len(groups) == 1:
                found = groups[0][0].columns(events)
                return otherwise(events) if found is None else ColumnBatch(found.of(exact), len(events))
            parts = [(places, plan.columns([events[each] for each in places])) for plan, places in groups]
            if any(columns is None for _, columns in parts):
                return otherwise(events)
            return ColumnBatch(_together(parts, exact, len(events)), len(events))

        return map_events

    def _groups(self, events: list[dict[str, Any]]) -> list[tuple[_Plan, Sequence[int]]]:
        """Return the places of the events of each class that give the same fields."""
        index = "index" if self._by_index else ""
        try:
            kinds = [
                (event.get("source"), event.get("sourcetype"), event.get("host"), event.get(index), *event)
                for event in events
            ]
            distinct = dict(zip(kinds, events, strict=True))
        except TypeError:  # a source or host that is multivalue
            return [(self._plan_for(event), (place,)) for place, event in enumerate(events)]
        if len(distinct) == 1:
            return [(self._plan_for(events[0]), range(len(events)))]
        groups: dict[Any, tuple[_Plan, list[int]]] = {}
        of_kind: dict[Any, list[int]] = {}
        for kind, event in distinct.items():
            plan = self._plan_for(event)
            of_kind[kind] = groups.setdefault((id(plan), kind[4:]), (plan, []))[1]
        for place, kind in enumerate(kinds):
            of_kind[kind].append(place)
        return list(groups.values())

    def _plan_for(self, event: dict[str, Any]) -> _Plan:
        recent = self._recent
        key = (
            event.get("source"),
            event.get("sourcetype"),
            event.get("host"),
            event.get("index") if self._by_index else None,
        )
        try:
            plan = recent.get(key)
        except TypeError:  # a source or host that is multivalue
            key = (str(key[0]), str(key[1]), str(key[2]), str(key[3]))
            plan = recent.get(key)
        if plan is None:
            if len(recent) > 50_000:
                recent.clear()
            plan = recent[key] = self._plan(event)
        return plan

    def plan_of(self, event: dict[str, Any]) -> _Plan:
        """Return what is done to events of a class."""
        return self._plan(event)

    def _plan(self, event: dict[str, Any]) -> _Plan:
        source, sourcetype, host = class_of(event)
        props = self.knowledge.props.key(source, sourcetype, host)
        possible = None
        identity: tuple[Any, ...] = (props,)
        if self._classifier is not None:
            possible = self._classifier.specialise(constants_of(event, props, self.renames))
            identity = (props, id(possible))
        plan = self._plans.get(identity)
        if plan is None:
            plan = self._plans[identity] = _Plan(self, props, possible)
        return plan

    @property
    def classifier(self) -> Classifier | None:
        """The event types and tags of the run, where they are wanted."""
        return self._classifier


def _together(
    parts: list[tuple[Sequence[int], Columns | None]], names: Iterable[str], size: int
) -> dict[str, list[Any]]:
    """Put columns of some places each together, as columns of all places."""
    made: dict[str, list[Any]] = {name: [None] * size for name in names}
    for places, columns in parts:
        assert columns is not None
        for name, whole in made.items():
            for place, value in zip(places, columns.column(name), strict=True):
                whole[place] = value
    return made


def _all_fields(event: Row) -> Fields:
    return None


def _metadata_only(needed: Fields) -> bool:
    return needed is not None and needed <= {"_time", "_raw", "source", "sourcetype", "host", "index", "_indextime"}


def renames_given(ctx: MapperContext, full: bool) -> bool:
    """Say whether `rename` of props.conf replaces the sourcetype of the events of a run: of files, not of a caller's
    own events, which keep what they have."""
    return full or ctx.events.is_file


def rename(row: Row, props: PropsKey, renames: bool) -> None:
    """Give an event whose sourcetype is renamed its `_sourcetype`, and the new name where that replaces the old."""
    if props.renamed_from is not None:
        row.setdefault("_sourcetype", props.renamed_from)
        if renames:
            row["sourcetype"] = props.sourcetype


def constants_of(event: dict[str, Any], props: PropsKey, renames: bool) -> Row:
    """The fields that a class of events shares; event types find one that keeps its sourcetype by both names."""
    constants = {name: event[name] for name in CONSTANT_FIELDS if event.get(name) is not None}
    if props.renamed_from is not None:
        constants["sourcetype"] = props.sourcetype if renames else [props.renamed_from, props.sourcetype]
    return constants


class _Plan:
    """What is done to the events of one class."""

    def __init__(self, run: _Run, props: PropsKey, possible: Possible | None) -> None:
        self._full = run.full
        self._raw = run.raw
        self._renames = run.renames
        self._props = props
        fields = run.needed
        self._classify: Apply | None = None
        if possible is not None and run.classifier is not None:
            wanted = Names(fields)
            reads = run.classifier.reads(possible, wanted)
            self._classify = run.classifier.make(possible, wanted)
            self._raw_for_types = reads is None or "_raw" in reads
            fields = wanted.plus(reads).fields
        else:
            self._raw_for_types = False
        self._time = run.knowledge.time_rule(props.stanzas) if run.needs_time else None
        self._zone, self._now = getattr(run.ctx, "timezone", timezone.utc), getattr(run.ctx, "now", None)
        if self._time is not None and self._time.fields:
            fields = Names(fields).plus(frozenset(self._time.fields)).fields
        self._extraction: Extraction = run.knowledge.extraction(props.stanzas)
        self._needed: Needed = run.knowledge.needed(props.stanzas, fields)
        self._bound: Bound = bind(self._needed, run.ctx, self._extraction.automatic)
        self._exact = Names(run.needed).exact
        self._make_over = partial(self._over_columns, run, possible)
        self._over = self._make_over(None)
        self._limit = run.ctx.limits.kv_limit
        self._timed = run.needs_time

    def _over_columns(self, run: _Run, possible: Possible | None, known: Step | None) -> tuple[Over, ...] | None:
        """Return what is done to columns of events that have a `_raw`, or the members that the `known` step reads;
        None where they are mapped one by one."""
        if self._full or self._exact is None or not self._props.sourcetype or self._props.renamed_from is not None:
            return None
        over = over_columns(self._needed, self._bound, run.ctx, known)
        if over is None or self._classify is None:
            return over
        assert run.classifier is not None
        assert possible is not None
        wanted = Names(run.needed)
        reads = run.classifier.reads(possible, wanted)
        if reads is None:
            return None
        classes = over_rows(self._classify, reads, run.classifier.writes, wanted)
        return None if classes is None else (*over, classes)

    def rows(self, events: list[dict[str, Any]]) -> list[Row]:
        """Map events that give the same fields."""
        columns = self.columns(events)
        if columns is None:
            return list(map(self.apply, events))
        rows = list(map(dict, events))
        for name in columns.made.keys() & (self._exact or _NOBODY) - columns.given:
            for row, value in zip(rows, columns.made[name], strict=True):
                if value is not None:
                    row[name] = value
        return rows

    def columns(self, events: list[dict[str, Any]]) -> Columns | None:
        """Map events that give the same fields to columns; None where they have to be mapped one by one."""
        if self._over is None or len(events) < FEW or "_raw" not in events[0]:
            return None
        if self._time is not None and "_time" not in events[0]:
            return None
        columns = Columns(events, frozenset(events[0]))
        for over in self._over:
            over(columns)
        return columns

    def apply(self, event: dict[str, Any]) -> Row:
        """Map one event."""
        row = dict(event)
        given = event
        rename(row, self._props, self._renames)
        synthesised = False
        bound = self._bound
        steps = bound.raw
        if "_raw" not in row:
            steps = bound.without_automatic
            if self._wants_raw(row):
                row["_raw"] = synthesise(event, self._props.sourcetype)
                synthesised = True
        elif not self._props.sourcetype and str(row["_raw"]).lstrip()[:1] in ("{", "["):
            steps = bound.without_automatic  # a dict without a sourcetype: its JSON is left to spath
        for step in steps:
            step(row, given)
        if self._time is not None and "_time" not in row:
            moment = self._time.of_row(row, self._zone, self._now)
            if moment is not None:
                row["_time"] = moment
        self._derive(row, given, bound)
        if self._classify is not None:
            self._classify(row, given)
        if synthesised and not self._raw:
            del row["_raw"]
        return row

    @cached_property
    def asked(self) -> Reads | None:
        """Return what is asked of events that are nothing but their text; None where they are mapped one by one."""
        if self._over is None:
            return None
        of_text, members = self._over, self._members()
        of_members = () if members is None else self._make_over(self._extraction.automatic) or ()
        exact = self._exact or _NOBODY

        def finish(table: ColumnBatch, given: frozenset[str]) -> ColumnBatch:
            columns = Columns.of_table(table.columns, table.size, frozenset(table.columns.keys() - given))
            for over in of_text if "_raw" in given else of_members:
                over(columns)
            return ColumnBatch(columns.of(exact), table.size)

        timed = self._timed or bool(self._needed.lookups) or "_time" in self._needed.wanted
        return Reads(members, timed, finish, self._time is None or self._time == TimeRule())

    def _members(self) -> dict[str, str] | None:
        """Return the fields that are members of JSON, each with its name there, where nothing else is read of it."""
        steps, automatic = self._needed, self._extraction.automatic
        others = [step.reads for step, _ in (*steps.raw, *steps.aliases, *steps.lookups) if step is not automatic]
        others.extend(each.reads for each in steps.calculations)
        if self._raw_for_types or any("_raw" in (reads or ()) for reads in others):
            return None
        asked = next((names.exact for step, names in steps.raw if step is automatic), _NOBODY)
        member = automatic.member if automatic is not None and asked else _no_member
        if member is None or asked is None or 0 < self._limit < len(asked):
            return None
        members = {name: found for name in asked - {"_time", "_raw"} if (found := member(name)) is not None}
        return members if len(set(members.values())) == len(members) else None

    def given_fields(self, has_raw: bool) -> Fields:
        """The keys of an event that mapping reads, or hands on; None: all, as where a `_raw` may be made from them."""
        if not has_raw and (self._raw or self._raw_for_types or self._needed.reads_raw != frozenset()):
            return None
        return self._needed.wanted.fields

    def _wants_raw(self, row: Row) -> bool:
        if self._raw or self._raw_for_types:
            return True
        names = self._needed.reads_raw
        return names is None or any(name not in row for name in names)

    def _derive(self, row: Row, given: Container[str], bound: Bound) -> None:
        for step in bound.aliases:
            step(row, given)
        replaceable: Container[str] = _NOBODY if self._full else given
        if bound.calculate is not None:
            bound.calculate(row, replaceable)
        for step in bound.lookups:
            step(row, replaceable)


def _no_member(name: str) -> str | None:
    return None


__all__ = ["FieldMapper", "Mapped", "needed_steps"]
