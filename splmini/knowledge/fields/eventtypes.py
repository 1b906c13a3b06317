"""eventtypes.conf and tags.conf: what kind of event this is.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Eventtypesconf
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any, TypeVar
from urllib.parse import unquote

from splmini.compiler import with_bounds
from splmini.errors import SplError
from splmini.knowledge.conf import DEFAULT, Setting, Stanzas, as_bool, as_int
from splmini.knowledge.fields.steps import MapperContext
from splmini.language import tree
from splmini.language.tree_cache import kept_trees
from splmini.values.numbers import to_text
from splmini.values.wildcards import compile_wildcard, has_wildcard

CONSTANT_FIELDS = ("source", "sourcetype", "host", "index")
"""Fields that a whole class of events shares, so that conditions on them are decided once."""


Reduced = TypeVar("Reduced", bound="dict[str, tree.Node]")


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
    _reduced: dict[tuple[int, tuple[str | None, ...]], tuple[dict[str, tree.Node], Any]] = field(default_factory=dict)

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

    def reduced(
        self, nodes: dict[str, tree.Node], constants: tuple[str | None, ...], make: Callable[[], Reduced]
    ) -> Reduced:
        """Return what `make` gives: what is left of these searches for events with these constant fields; kept, as
        it is the same for every run."""
        found = self._reduced.get((id(nodes), constants))
        if found is None or found[0] is not nodes:
            if len(self._reduced) > 1024:
                self._reduced.clear()
            found = self._reduced[id(nodes), constants] = (nodes, make())
        reduced: Reduced = found[1]
        return reduced

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
        plain = [each.search for each in self.types.values() if "`" not in each.search]
        known = kept_trees("event-types", plain, partial(parse_search, ctx=ctx))
        for each in self.types.values():
            node = known.get(each.search) or parse_search(each.search, ctx)
            if isinstance(node, str):
                warnings.append(f"The event type '{each.name}' is left out: {node}")
            else:
                nodes[each.name] = node
        alone = {each.name for each in self.types.values() if not any(sign in each.search for sign in _REFERRING)}
        return _in_order(nodes, alone), warnings


_REFERRING = ("eventtype", "`")
"""What stands in a search that refers to another event type, or may by a macro."""


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
    try:
        return with_bounds(first.args[0] if first.args else tree.And(()))
    except SplError as error:
        return error.message


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


def types_named(node: tree.Node, names: Iterable[str]) -> set[str]:
    """Return those of the event types that a search refers to."""
    return {name for value in _references(node) for name in filter(compile_wildcard(value), names)}


def _references(node: tree.Node) -> Iterator[str]:
    """Yield the values, with their wildcards, that a search holds `eventtype` against."""
    for each in tree.walk(node):
        if isinstance(each, tree.FieldComparison) and each.field == "eventtype":
            yield each.value
        elif isinstance(each, tree.FieldIn) and each.field == "eventtype":
            yield from (value.text for value in each.values)


def _in_order(nodes: dict[str, tree.Node], alone: Container[str]) -> dict[str, tree.Node]:
    """Sort event types so that one stands behind those that it refers to; of a cycle, one stays behind.

    Those that are `alone` refer to none.
    """
    ordered: dict[str, tree.Node] = {}
    values = {name: () if name in alone else tuple(_references(node)) for name, node in nodes.items()}
    named = {each: set(filter(compile_wildcard(each), nodes)) for each in {*chain.from_iterable(values.values())}}
    references = {name: set().union(*map(named.__getitem__, own)) for name, own in values.items()}
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
