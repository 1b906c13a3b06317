"""Which fields come out of events, and which setting made each: what one needs to know when a field is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from splmini.knowledge.fields.classifying import Classifier
from splmini.knowledge.fields.extraction import Extraction
from splmini.knowledge.fields.mapper import constants_of, rename, renames_given
from splmini.knowledge.fields.settings import eval_step
from splmini.knowledge.fields.steps import MapperContext, Names, Origin, class_of
from splmini.knowledge.fields.synthesis import synthesise
from splmini.operators import Row
from splmini.results import Results
from splmini.values.multivalue import as_list

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from splmini.knowledge.apps import Knowledge
    from splmini.options import AnyEvents, RunArguments

COLUMNS = ["sourcetype", "source", "EventCode", "events", "field", "value", "from", "setting", "stanza", "app"]
GIVEN = Origin("given", "", "", "")
_KIND_FIELDS = ("EventCode", "EventID", "eventName", "Operation", "type", "event_type")
"""Fields that tell kinds of events of one sourcetype apart; the first that an event has counts."""

Traced = dict[str, Origin]


def explain_fields(env: Any, events: AnyEvents = (), **reading: Unpack[RunArguments]) -> Results:
    """Return the fields of events, one row for each kind of event and field.

    Columns: sourcetype, source, EventCode (or what else tells the kinds of events apart), how many events have the
    field, a value, and where it came from: `from` is given, extraction, alias, calculation, lookup, eventtype or tag;
    `setting`, `stanza` and `app` say which setting made it.
    """
    run = env.compile("search *").start(events, **reading)
    tracer = Tracer(env.knowledge, run)
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    scanned = 0
    with run.ending():
        for _, batch in run.events.scan():
            scanned += len(batch)
            for event in batch:
                row, origins = tracer.trace(event)
                _count(found, row, origins)
    return Results(list(found.values()), list(COLUMNS), run.messages, {"scanned": scanned, "rows": len(found)}, True)


def _count(found: dict[tuple[Any, ...], dict[str, Any]], row: Row, origins: Traced) -> None:
    kind = next((str(row[name]) for name in _KIND_FIELDS if name in row), None)
    for name in sorted(origins):
        origin = origins[name]
        key = (row.get("sourcetype"), row.get("source"), kind, name, origin)
        entry = found.get(tuple(map(str, key)))
        if entry is None:
            values = {
                "sourcetype": row.get("sourcetype"),
                "source": row.get("source"),
                "EventCode": kind,
                "events": 0,
                "field": name,
                "value": row[name],
                "from": origin.kind,
                "setting": origin.setting or None,
                "stanza": origin.stanza or None,
                "app": origin.app or None,
            }
            entry = {column: value for column, value in values.items() if value is not None}
            found[tuple(map(str, key))] = entry
        entry["events"] += 1


class Tracer:
    """Maps events like the field mapper, one setting at a time, and notes which setting made each field."""

    def __init__(self, knowledge: Knowledge, ctx: MapperContext) -> None:
        self.knowledge = knowledge
        self.ctx = ctx
        self.classifier: Classifier = knowledge.classifier(ctx)
        self.renames = renames_given(ctx, False)
        self._steps: dict[tuple[str, ...], list[tuple[Origin, Callable[[Row, Any], None]]]] = {}

    def trace(self, event: dict[str, Any]) -> tuple[Row, Traced]:
        """Return the row of an event, and for each field the last setting that changed it."""
        props = self.knowledge.props.key(*class_of(event))
        extraction = self.knowledge.extraction(props.stanzas)
        row: Row = dict(event)
        rename(row, props, self.renames)
        origins: Traced = dict.fromkeys(row, GIVEN)
        synthesised = "_raw" not in row
        if synthesised:
            row["_raw"] = synthesise(event, props.sourcetype)
        for origin, step in self._made(props.stanzas, extraction):
            if synthesised and extraction.automatic is not None and origin is extraction.automatic.origin:
                continue
            before = dict(row)
            step(row, event)
            _compare(before, row, origin, origins)
        self._classify(row, event, props, origins)
        if synthesised:
            del row["_raw"]
        return row, {name: origin for name, origin in origins.items() if name in row}

    def _made(
        self, stanzas: tuple[str, ...], extraction: Extraction
    ) -> list[tuple[Origin, Callable[[Row, Any], None]]]:
        made = self._steps.get(stanzas)
        if made is None:
            every = Names(None)
            steps = (step for step in (*extraction.raw, *extraction.aliases) if step.needed(every))
            made = [(step.origin, step.make(every, self.ctx)) for step in steps]
            if extraction.calculations:
                made.append(self._calculations(extraction))
            made += [(step.origin, step.make(every, self.ctx)) for step in extraction.lookups]
            self._steps[stanzas] = made
        return made

    def _calculations(self, extraction: Extraction) -> tuple[Origin, Callable[[Row, Any], None]]:
        """All EVALs are one step, as they work on one snapshot; `_compare` finds each one's own setting by name."""
        origins = {each.target: each.origin for each in extraction.calculations}
        return _Calculations("calculation", "EVAL", "", "", origins), eval_step(extraction.calculations, self.ctx)

    def _classify(self, row: Row, event: dict[str, Any], props: Any, origins: Traced) -> None:
        possible = self.classifier.specialise(constants_of(event, props, self.renames))
        classify = self.classifier.make(possible, Names(None))
        if classify is None:
            return
        before = dict(row)
        classify(row, event)
        for name in row.keys() - before.keys():
            origins[name] = self._class_origin(name, row)

    def _class_origin(self, name: str, row: Row) -> Origin:
        if name == "eventtype":
            types = self.knowledge.eventtypes.types
            names = list(map(str, as_list(row[name])))
            first = next((types[each].setting.app for each in names if each in types), "")
            return Origin("eventtype", "search", ", ".join(names), first)
        field = name.removeprefix("tag::") if name.startswith("tag::") else None
        stanzas = {
            f"{key}={value}": self.knowledge.tags.origins[(f"{key}={value}", tag)].app
            for key in self.knowledge.tags.by_field
            if field is None or key == field
            for value in map(str, as_list(row[key]) if key in row else ())
            for tag in self.knowledge.tags.of(key, value)
        }
        return Origin("tag", "tags", ", ".join(sorted(stanzas)), next(iter(stanzas.values()), ""))


class _Calculations(Origin):
    """The origin of a step of many calculations."""

    def __init__(self, kind: str, setting: str, stanza: str, app: str, each: dict[str, Origin]) -> None:
        super().__init__(kind, setting, stanza, app)
        object.__setattr__(self, "each", each)

    def of(self, name: str) -> Origin:
        """Return the origin of one calculated field."""
        each: dict[str, Origin] = self.each  # type: ignore[attr-defined]
        return each.get(name) or next((origin for target, origin in each.items() if "{" in target), self)


def _compare(before: Row, row: Row, origin: Origin, origins: Traced) -> None:
    for name, value in row.items():
        if name not in before or before[name] is not value:
            origins[name] = origin.of(name) if isinstance(origin, _Calculations) else origin
