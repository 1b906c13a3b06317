"""Event types and tags bound to a run: which of them an event has.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Eventtypesconf
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeAlias

from splmini import compiler
from splmini.knowledge.fields.eventtypes import CONSTANT_FIELDS, Asked, EventTypes, Tags, types_named
from splmini.knowledge.fields.reduction import NEVER, reduce
from splmini.knowledge.fields.steps import Apply, MapperContext, Names
from splmini.language import tree
from splmini.operators import Fields
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_text

if TYPE_CHECKING:
    from splmini.operators import Row


class Possible(dict[str, tree.Node]):
    """The event types that a class of events can have, with what is left of their conditions; never changed."""

    @cached_property
    def reads(self) -> Fields:
        """The fields that these conditions and names need; None: all."""
        names = {field for name in self for field in _TEMPLATE.findall(name)}
        for node in self.values():
            fields = compiler.fields_read(node)
            if fields is None:
                return None
            names |= fields
        return frozenset(names)

    @cached_property
    def presupposed(self) -> dict[str, frozenset[str] | None]:
        """For each event type the fields one of which an event must have; None where that is not known."""
        return {name: presupposed(node) for name, node in self.items()}


@dataclass
class Classifier:
    """Event types and tags for one run: for a class of events that share source, sourcetype, host and index, the
    event types whose conditions on these can hold, with what is left of their conditions.
    """

    nodes: dict[str, tree.Node]
    types: EventTypes
    tags: Tags
    ctx: MapperContext

    def __post_init__(self) -> None:
        self.constants = self.types.constants(self.nodes)
        self._specialised: dict[tuple[str | None, ...], Possible] = {}

    def restricted(self, asked: Asked) -> Classifier:
        """Return a classifier that knows only the event types and tags that an expression asks for, and those event
        types that they refer to."""
        kept = self.types.kept(asked)
        if kept is None:
            kept = self._restricted(asked)
            self.types.keep(asked, kept)
        return Classifier(kept[0], self.types, kept[1], self.ctx)

    def _restricted(self, asked: Asked) -> tuple[dict[str, tree.Node], Tags]:
        by_field = {
            name: {value: tuple(tag for tag in tags if tag.lower() in asked.tags) for value, tags in values.items()}
            for name, values in self.tags.by_field.items()
        }
        kept = ((name, {value: tags for value, tags in values.items() if tags}) for name, values in by_field.items())
        by_field = {name: values for name, values in kept if values}
        tagged = by_field.get("eventtype", {})
        wanted = {name for name in self.nodes if name in tagged or name.lower() in asked.types or "%" in name}
        nodes: dict[str, tree.Node] = {}
        for name in reversed(self.nodes):  # an event type stands behind those that it refers to
            if name in wanted:
                nodes[name] = self.nodes[name]
                wanted |= types_named(self.nodes[name], self.nodes)
        ordered = {name: node for name, node in self.nodes.items() if name in nodes}
        return ordered, Tags(by_field, self.tags.origins)

    def specialise(self, constants: Row) -> Possible:
        """Return the event types that events with these constant fields can have, with what remains to be tested."""
        values = (constants.get(name) for name in CONSTANT_FIELDS if name in self.constants)
        key = tuple(None if value is None else str(value) for value in values)
        found = self._specialised.get(key)
        if found is None:
            found = self._specialised[key] = self.types.reduced(self.nodes, key, partial(self._reduced, constants))
        return found

    def _reduced(self, constants: Row) -> Possible:
        possible = Possible()
        lowered: set[str] = set()
        for name, node in self.nodes.items():
            reduced = reduce(node, constants, lowered, self.ctx)
            if reduced != NEVER:
                possible[name] = reduced
                lowered.add(name.lower())
        return possible

    def reads(self, possible: Possible, wanted: Names) -> Fields:
        """Return the fields that classifying events needs."""
        if not needs_classes(wanted):
            return frozenset()
        if possible.reads is None:
            return None
        names = possible.reads | {name for name in self.tags.by_field if name != "eventtype"}
        return names - {"eventtype", "tag"}

    @property
    def writes(self) -> frozenset[str]:
        """The fields that classifying events can set."""
        return frozenset({"eventtype", "tag", *(f"tag::{name}" for name in self.tags.by_field), "tag::eventtype"})

    def make(self, possible: Possible, wanted: Names) -> Apply | None:
        """Return what sets eventtype, tag and tag::field on a row; None where none of them is wanted."""
        if not needs_classes(wanted):
            return None
        priorities = {name: self.types.types[name].priority for name in possible}
        return _classify(_candidates(possible, self.ctx), priorities, self.tags)


def needs_classes(wanted: Names) -> bool:
    """Say whether event types or tags are wanted."""
    if wanted.fields is None or "eventtype" in wanted or "tag" in wanted:
        return True
    return any(name.startswith("tag::") for name in wanted.fields)


Conditional: TypeAlias = "tuple[str, Callable[[Row], bool] | None]"
"""An event type and its condition."""
_KEPT_SIGNATURES = 4096


def presupposed(node: tree.Node) -> frozenset[str] | None:
    """Return fields one of which an event must have to satisfy a condition; None where that is not known.

    `eventtype` and `tag` do not count: they come into being while event types are decided. Nor does `index`, which an
    event without one may satisfy.
    """
    if isinstance(node, (tree.FieldComparison, tree.FieldIn)):
        unsure = node.field in _UNSURE | compiler.TIME_MODIFIERS or node.field.startswith("tag::")
        return None if unsure else frozenset({node.field})
    if isinstance(node, (tree.Term, tree.Directive)):
        return None if node.text == "*" else frozenset({"_raw"})
    if isinstance(node, tree.And):
        known = [found for found in map(presupposed, node.items) if found is not None]
        return min(known, key=len, default=None)
    if isinstance(node, tree.Or):
        parts = [presupposed(item) for item in node.items]
        return None if None in parts else frozenset().union(*(part for part in parts if part is not None))
    return None


_UNSURE = frozenset({"eventtype", "tag", "index"})


def _candidates(possible: Possible, ctx: MapperContext) -> Callable[[Row], list[Conditional]]:
    """Return a function from a row to the event types whose conditions it may satisfy, by the fields that it has.

    A condition is compiled when a row comes that may satisfy it: most event types are of other sources.
    """
    needs = possible.presupposed
    names = sorted(frozenset().union(*filter(None, needs.values())))
    known: dict[tuple[bool, ...], list[Conditional]] = {}
    compiled: dict[str, Conditional] = {}

    def conditional(name: str) -> Conditional:
        found = compiled.get(name)
        if found is None:
            node = possible[name]
            found = compiled[name] = (name, None if node == tree.And(()) else ctx.predicate(node))
        return found

    def candidates(row: Row) -> list[Conditional]:
        signature = tuple([name in row for name in names])
        found = known.get(signature)
        if found is None:
            if len(known) >= _KEPT_SIGNATURES:
                known.clear()
            able = [name for name, fields in needs.items() if fields is None or not fields.isdisjoint(row)]
            found = known[signature] = list(map(conditional, able))
        return found

    return candidates


def _classify(candidates: Callable[[Row], list[Conditional]], priorities: dict[str, int], tags: Tags) -> Apply:
    by_field = tags.by_field
    others = [name for name in by_field if name != "eventtype"]
    type_tags = by_field.get("eventtype", {})

    def classify(row: Row, given: Container[str]) -> None:
        if "eventtype" in given:
            matched = [to_text(item) for item in as_list(row["eventtype"])]
        else:
            ranked: list[tuple[int, str]] = []
            for name, test in candidates(row):
                if test is None or test(row):
                    ranked.append((priorities[name], _filled(name, row)))
                    row["eventtype"] = from_list([each for _, each in ranked])
            matched = [each for _, each in sorted(ranked)]
            if matched:
                row["eventtype"] = from_list(matched)
        found = _add(row, given, "tag::eventtype", (type_tags.get(name, ()) for name in matched))
        for name in others:
            value = row.get(name)
            if value is not None:
                found |= _add(row, given, f"tag::{name}", (tags.of(name, item) for item in as_list(value)))
        if found and "tag" not in given:
            row["tag"] = from_list(sorted(found))

    return classify


_TEMPLATE = re.compile(r"%([^%\s]+)%")


def _filled(name: str, row: Row) -> str:
    """Return the name of an event type, the values of fields in the place of each `%field%`."""

    def value(found: re.Match[str]) -> str:
        item = row.get(found[1])
        return found[0] if item is None else to_text(as_list(item)[0])

    return _TEMPLATE.sub(value, name) if "%" in name else name


def _add(row: Row, given: Container[str], name: str, tags: Iterable[tuple[str, ...]]) -> set[str]:
    found = {tag for each in tags for tag in each}
    if found and name not in given:
        row[name] = from_list(sorted(found))
    return found
