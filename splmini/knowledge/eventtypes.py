"""eventtypes.conf and tags.conf: what kind of event this is.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Eventtypesconf
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote

from splmini import compiler
from splmini.errors import SplError
from splmini.knowledge.conf import DEFAULT, Setting, Stanzas, as_bool, as_int
from splmini.knowledge.reduction import NEVER, reduce
from splmini.knowledge.steps import Apply, MapperContext, Names
from splmini.language import tree
from splmini.operators import Fields
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_text
from splmini.values.wildcards import compile_wildcard, has_wildcard

if TYPE_CHECKING:
    from splmini.operators import Row

CONSTANT_FIELDS = ("source", "sourcetype", "host", "index")
"""Fields that a whole class of events shares, so that conditions on them are decided once."""


@dataclass(frozen=True)
class EventType:
    """An event type: a search, of which a field may be `eventtype` of another."""

    name: str
    search: str
    priority: int
    setting: Setting


@dataclass
class EventTypes:
    """All event types, enabled ones only; searches are parsed when first needed, with the environment's macros."""

    types: dict[str, EventType]
    problems: list[tuple[str, Setting, str]] = field(default_factory=list)
    _parsed: tuple[dict[str, tree.Node], list[str]] | None = None
    _constants: dict[str, frozenset[str]] = field(default_factory=dict)
    _kept: dict[Asked, tuple[dict[str, tree.Node], Tags]] = field(default_factory=dict)

    def parsed(self, ctx: MapperContext) -> dict[str, tree.Node]:
        """Return the searches as trees, each after the event types that it refers to; parsed once."""
        if self._parsed is None:
            self._parsed = self._parse(ctx)
        nodes, warnings = self._parsed
        for text in warnings:
            ctx.message("warn", "eventtype", text)
        return nodes

    def kept(self, asked: Asked) -> tuple[dict[str, tree.Node], Tags] | None:
        """Return the event types and tags that were kept for an expression."""
        return self._kept.get(asked)

    def keep(self, asked: Asked, what: tuple[dict[str, tree.Node], Tags]) -> None:
        """Keep the event types and tags that an expression asks for."""
        if len(self._kept) > 256:
            self._kept.clear()
        self._kept[asked] = what

    def constants(self, nodes: dict[str, tree.Node]) -> frozenset[str]:
        """Return which of the constant fields event types hold conditions on."""
        found: set[str] = set()
        for name, node in nodes.items():
            own = self._constants.get(name)
            if own is None:
                own = self._constants[name] = _constants_of(node)
            found |= own
        return frozenset(found)

    def _parse(self, ctx: MapperContext) -> tuple[dict[str, tree.Node], list[str]]:
        nodes: dict[str, tree.Node] = {}
        warnings: list[str] = []
        for each in self.types.values():
            node = parse_search(each.search, ctx)
            if isinstance(node, str):
                warnings.append(f"The event type '{each.name}' is left out: {node}")
            else:
                nodes[each.name] = node
        return _in_order(nodes), warnings


def _constants_of(node: tree.Node) -> frozenset[str]:
    conditions = (each for each in tree.walk(node) if isinstance(each, (tree.FieldComparison, tree.FieldIn)))
    return frozenset(each.field for each in conditions if each.field in CONSTANT_FIELDS)


def parse_search(text: str, ctx: MapperContext) -> tree.Node | str:
    """Parse the search of an event type or a constraint; what is wrong with it comes as text."""
    try:
        pipeline = ctx.parse(text)
    except SplError as error:
        return error.message
    first = pipeline.commands[0] if pipeline.commands else None
    if first is None:
        return tree.And(())
    if len(pipeline.commands) > 1 or first.name != "search":
        return "its search has a pipe."
    if any(isinstance(node, tree.Subsearch) for node in tree.walk(first)):
        return "its search has a subsearch."
    return first.args[0] if first.args else tree.And(())


def build_eventtypes(stanzas: Stanzas) -> EventTypes:
    """Read eventtypes.conf."""
    types: dict[str, EventType] = {}
    for name, settings in stanzas.items():
        search = settings.get("search")
        if name == DEFAULT or search is None or not search.value:
            continue
        if as_bool(settings["disabled"].value if "disabled" in settings else None):
            continue
        priority = as_int(settings["priority"].value if "priority" in settings else None, 1)
        types[name] = EventType(name, search.value, priority, search)
    return EventTypes(types)


def _references(node: tree.Node, names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for each in tree.walk(node):
        values: list[str] = []
        if isinstance(each, tree.FieldComparison) and each.field == "eventtype":
            values = [each.value]
        elif isinstance(each, tree.FieldIn) and each.field == "eventtype":
            values = [value.text for value in each.values]
        for value in values:
            match = compile_wildcard(value)
            found.update(name for name in names if match(name))
    return found


def _in_order(nodes: dict[str, tree.Node]) -> dict[str, tree.Node]:
    """Sort event types so that one stands behind those that it refers to; of a cycle, one stays behind."""
    ordered: dict[str, tree.Node] = {}
    references = {name: _references(node, nodes) for name, node in nodes.items()}
    open_names: set[str] = set()
    stack: list[tuple[str, bool]] = [(name, False) for name in reversed(nodes)]
    while stack:
        name, done = stack.pop()
        if done:
            ordered[name] = nodes[name]
        elif name not in ordered and name not in open_names:
            open_names.add(name)
            stack.append((name, True))
            stack.extend((other, False) for other in sorted(references[name]) if other not in ordered)
    return ordered


# ---- tags ----------------------------------------------------------------------------------------------------------


@dataclass
class Tags:
    """tags.conf: for each field, its values' tags."""

    by_field: dict[str, dict[str, tuple[str, ...]]]
    origins: dict[tuple[str, str], Setting] = field(default_factory=dict)

    def of(self, name: str, value: Any) -> tuple[str, ...]:
        """Return the tags of one value of a field."""
        return self.by_field.get(name, {}).get(value if isinstance(value, str) else to_text(value), ())


def build_tags(stanzas: Stanzas) -> Tags:
    """Read tags.conf: stanzas `[field=value]`, the value URL-encoded, settings `tag = enabled`."""
    by_field: dict[str, dict[str, tuple[str, ...]]] = {}
    origins: dict[tuple[str, str], Setting] = {}
    for name, settings in stanzas.items():
        key, equals, value = name.partition("=")
        if not equals:
            continue
        key, value = key.strip(), unquote(value.strip())
        enabled = tuple(sorted(tag for tag, setting in settings.items() if as_bool(setting.value)))
        if enabled:
            values = by_field.setdefault(key, {})
            values[value] = tuple(sorted({*values.get(value, ()), *enabled}))
            for tag in enabled:
                origins[(f"{key}={value}", tag)] = settings[tag]
    return Tags(by_field, origins)


# ---- what a search asks for ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """The tags and event types, in lower case, that an expression holds values of `tag` and `eventtype` against."""

    tags: frozenset[str]
    types: frozenset[str]


def asked_of(predicate: tree.Node | None) -> Asked | None:
    """Return the tags and event types that a search expression asks for; None where it could ask for any.

    It could where it holds one against a pattern, or asks for what is not equal.
    """
    tags: set[str] = set()
    types: set[str] = set()
    for each in tree.walk(predicate) if predicate is not None else ():
        name = getattr(each, "field", None)
        if name == "tag" or name == "eventtype" or (isinstance(name, str) and name.startswith("tag::")):
            if isinstance(each, tree.FieldComparison) and each.op in ("=", "::"):
                values = [each.value]
            elif isinstance(each, tree.FieldIn):
                values = [value.text for value in each.values]
            else:
                return None
            if any(has_wildcard(value) for value in values):
                return None
            (types if name == "eventtype" else tags).update(value.lower() for value in values)
    return Asked(frozenset(tags), frozenset(types))


# ---- bound to a run ------------------------------------------------------------------------------------------------


@dataclass
class Classifier:
    """Event types and tags for one run: for a class of events that share source, sourcetype, host and index, the
    event types whose conditions on these can hold, with what is left of their conditions.
    """

    nodes: dict[str, tree.Node]
    types: EventTypes
    tags: Tags
    ctx: MapperContext
    priorities: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.constants = self.types.constants(self.nodes)
        self._specialised: dict[tuple[Any, ...], dict[str, tree.Node]] = {}

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
                wanted |= _references(self.nodes[name], self.nodes)
        ordered = {name: node for name, node in self.nodes.items() if name in nodes}
        return ordered, Tags(by_field, self.tags.origins)

    def specialise(self, constants: Row) -> dict[str, tree.Node]:
        """Return the event types that events with these constant fields can have, with what remains to be tested."""
        key = tuple(str(constants.get(name)) for name in CONSTANT_FIELDS if name in self.constants)
        found = self._specialised.get(key)
        if found is None:
            found = self._specialised[key] = self._reduced(constants)
        return found

    def _reduced(self, constants: Row) -> dict[str, tree.Node]:
        possible: dict[str, tree.Node] = {}
        lowered: set[str] = set()
        for name, node in self.nodes.items():
            reduced = reduce(node, constants, lowered, self.ctx)
            if reduced != NEVER:
                possible[name] = reduced
                lowered.add(name.lower())
        return possible

    def reads(self, possible: dict[str, tree.Node], wanted: Names) -> Fields:
        """Return the fields that classifying events needs."""
        if not needs_classes(wanted):
            return frozenset()
        names = {field for name in possible for field in _TEMPLATE.findall(name)}
        for node in possible.values():
            fields = compiler.fields_read(node)
            if fields is None:
                return None
            names |= fields
        names |= {name for name in self.tags.by_field if name != "eventtype"}
        return frozenset(names - {"eventtype", "tag"})

    def make(self, possible: dict[str, tree.Node], wanted: Names) -> Apply | None:
        """Return what sets eventtype, tag and tag::field on a row; None where none of them is wanted."""
        if not needs_classes(wanted):
            return None
        tests: list[Conditional] = []
        for name, node in possible.items():
            test = None if node == tree.And(()) else self.ctx.predicate(node)
            tests.append((name, test, presupposed(node)))
        rank = {name: (self.types.types[name].priority, name) for name in possible}
        return _classify(tests, rank, self.tags, wanted)


def needs_classes(wanted: Names) -> bool:
    """Say whether event types or tags are wanted."""
    if wanted.fields is None or "eventtype" in wanted or "tag" in wanted:
        return True
    return any(name.startswith("tag::") for name in wanted.fields)


Conditional: TypeAlias = "tuple[str, Callable[[Row], bool] | None, frozenset[str] | None]"
"""An event type, its condition, and the fields one of which has to be there."""
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


def _candidates(tests: list[Conditional]) -> Callable[[Row], list[Conditional]]:
    """Return a function from a row to the event types whose conditions it may satisfy, by the fields that it has."""
    names = sorted(frozenset().union(*(needs for _, _, needs in tests if needs)))
    known: dict[tuple[bool, ...], list[Conditional]] = {}

    def candidates(row: Row) -> list[Conditional]:
        signature = tuple([name in row for name in names])
        found = known.get(signature)
        if found is None:
            if len(known) >= _KEPT_SIGNATURES:
                known.clear()
            found = known[signature] = [each for each in tests if each[2] is None or not each[2].isdisjoint(row)]
        return found

    return candidates


def _classify(
    tests: list[Conditional],
    rank: dict[str, tuple[int, str]],
    tags: Tags,
    wanted: Names,
) -> Apply:
    by_field = tags.by_field
    others = [name for name in by_field if name != "eventtype"]
    type_tags = by_field.get("eventtype", {})
    candidates = _candidates(tests)

    def classify(row: Row, given: Container[str]) -> None:
        own = "eventtype" not in given
        matched: list[str] = [] if own else [to_text(item) for item in as_list(row["eventtype"])]
        if own:
            for name, test, _ in candidates(row):
                if test is None or test(row):
                    matched.append(name if "%" not in name else _filled(name, row, rank))
                    row["eventtype"] = from_list(matched.copy())
        found: set[str] = set()
        if matched:
            if own:
                row["eventtype"] = from_list(sorted(matched, key=rank.__getitem__))
            found = _add(row, given, "tag::eventtype", (type_tags.get(name, ()) for name in matched))
        for name in others:
            value = row.get(name)
            if value is not None:
                found |= _add(row, given, f"tag::{name}", (tags.of(name, item) for item in as_list(value)))
        if found and "tag" not in given:
            row["tag"] = from_list(sorted(found))

    return classify


_TEMPLATE = re.compile(r"%([^%\s]+)%")


def _filled(name: str, row: Row, rank: dict[str, tuple[int, str]]) -> str:
    """Return the name of an event type that holds `%field%`: the field's value in its place."""

    def value(found: re.Match[str]) -> str:
        item = row.get(found[1])
        return found[0] if item is None else to_text(as_list(item)[0])

    filled = _TEMPLATE.sub(value, name)
    rank.setdefault(filled, (rank[name][0], filled))
    return filled


def _add(row: Row, given: Container[str], name: str, tags: Iterable[tuple[str, ...]]) -> set[str]:
    found = {tag for each in tags for tag in each}
    if found and name not in given:
        row[name] = from_list(sorted(found))
    return found
