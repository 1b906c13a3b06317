"""How events come by a field: what the raw prefilter has to know of an app's settings (`plan.literals`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini.errors import SplError
from splmini.knowledge.fields.patterns import parse_format
from splmini.knowledge.fields.reduction import EVERYTHING, NEVER, reduce
from splmini.knowledge.fields.settings import alias_steps, lookup_step, parse_expression
from splmini.knowledge.fields.steps import Origin, class_of
from splmini.knowledge.fields.transforms import EXTRACT_SOURCE, source_key
from splmini.knowledge.indexing.retyping import could_be
from splmini.language import tree
from splmini.plan.demands import Demand
from splmini.plan.literals import Alternatives, Computed, Kept, Unknown, Way, required_literals, weakness
from splmini.plan.scan import conjuncts

if TYPE_CHECKING:
    from splmini.knowledge.apps import Knowledge
    from splmini.knowledge.conf import Stanza
    from splmini.knowledge.fields.extraction import Extraction
    from splmini.knowledge.fields.steps import MapperContext
    from splmini.operators import Implied, Row

Ask: TypeAlias = "Callable[[str], tuple[Way, ...]]"
Select: TypeAlias = "Callable[[list[dict[str, Any]]], list[dict[str, Any]]]"


class Ways:
    """All ways in which events under one of several extractions come by a field; remembers which fields were asked.

    A field may always be a piece of the record itself: automatic extraction, or a key of the event as given.
    """

    def __init__(self, extractions: Iterable[Extraction]) -> None:
        self.asked: set[str] = set()
        self._extractions = list(extractions)
        self._known: dict[str, tuple[Way, ...]] = {}

    def __call__(self, name: str) -> tuple[Way, ...]:
        self.asked.add(name)
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = _once(way for each in self._extractions for way in _ways(each, name))
        return found


def _once(ways: Iterable[Way]) -> tuple[Way, ...]:
    """Ways to a field, each once; it may always be a piece of the record. Nothing matters beside one not known."""
    found: dict[Any, Way] = {"": Kept()}
    for way in ways:
        if isinstance(way, Unknown):
            return (way,)
        found[id(way.expression) if isinstance(way, Computed) else way] = way
    return tuple(found.values())


def _ways(extraction: Extraction, name: str) -> Iterable[Way]:
    for step in extraction.raw:
        if step.writes is None or name in step.writes:
            if not step.verbatim or step.reads is None:
                yield Unknown()
            for source in (step.reads or frozenset()) - {"_raw"}:
                if step.writes is not None:
                    yield Computed(tree.FieldRef(source))
    for step in extraction.aliases:
        if step.writes is not None and name in step.writes:
            for source in (step.reads or frozenset()) - {name}:
                yield Computed(tree.FieldRef(source))
    for calculation in extraction.calculations:
        if calculation.target == name:
            yield Computed(calculation.node)
        elif calculation.dynamic:
            yield Unknown()
    for step in extraction.lookups:
        if step.writes is None or name in step.writes:
            yield Unknown()


class StanzaWays:
    """All ways in which any event at all could come by a field, whatever its source, host and sourcetype.

    `sourcetypes` (lower case) narrows that to events of these sourcetypes. Settings are read as text, and parsed only
    for the fields that are asked for: a search over a file should not wait for every regular expression of every app.
    """

    def __init__(self, knowledge: Knowledge, sourcetypes: frozenset[str] | None) -> None:
        self._stanzas = list(_relevant(knowledge, sourcetypes))
        self._transforms = knowledge.transforms
        self._known: dict[str, tuple[Way, ...]] = {}
        self._unclear: bool | None = None

    def __call__(self, name: str) -> tuple[Way, ...]:
        found = self._known.get(name)
        if found is None:
            try:
                found = _once(way for stanza in self._stanzas for way in self._of_stanza(stanza, name))
            except SplError:
                found = (Unknown(),)
            self._known[name] = found
        return found

    def _of_stanza(self, stanza: Stanza, name: str) -> Iterator[Way]:
        for key, setting in stanza.items():
            text = setting.value
            if key.startswith("EVAL-"):
                target = key.removeprefix("EVAL-")
                if target == name:
                    yield Computed(parse_expression(text))
                elif "{" in target and target.partition("{")[0] == name[: target.index("{")]:
                    yield Unknown()
            elif key.startswith("FIELDALIAS-"):
                if name in text or "*" in text:
                    for step in alias_steps(text, _NOWHERE):
                        if step.writes is None:
                            yield Unknown()
                        elif name in step.writes:
                            yield from (Computed(tree.FieldRef(old)) for old in (step.reads or frozenset()) - {name})
            elif key[:6].upper() == "LOOKUP":
                step = lookup_step(text, _NOWHERE)
                if step.writes is None or name in step.writes:
                    yield Unknown()
            elif key.startswith("EXTRACT-"):
                split = EXTRACT_SOURCE.match(text)
                if split and f"<{name}>" in text:
                    yield Computed(tree.FieldRef(split["field"]))
            elif key.startswith("REPORT-"):
                for transform in text.split(","):
                    yield from self._of_transform(transform.strip(), name)

    def _of_transform(self, transform: str, name: str) -> Iterator[Way]:
        stanza = self._transforms.get(transform)
        if stanza is None:
            return
        sources = source_key(stanza)
        source = sources[0]
        if len(sources) > 1:
            yield Unknown()
        for written, value in parse_format(stanza["FORMAT"].value) if "FORMAT" in stanza else ():
            if written.literal in (name, None) and value.group is None:
                yield Unknown()
            elif written.literal == name and source != "_raw":
                yield Computed(tree.FieldRef(source))
        pattern = stanza["REGEX"].value if "REGEX" in stanza else ""
        if source != "_raw" and f"<{name}>" in pattern:
            yield Computed(tree.FieldRef(source))


_NOWHERE = Origin("", "", "", "")


def _relevant(knowledge: Knowledge, sourcetypes: frozenset[str] | None) -> Iterator[Stanza]:
    """The stanzas that could apply to an event, of any source and host, of these sourcetypes at search time."""
    for stanza in knowledge.props.stanzas.values():
        if sourcetypes is None or stanza.kind != "sourcetype" or could_be(stanza, sourcetypes):
            yield stanza.settings
    yield knowledge.props.defaults


def sourcetypes_of(predicate: tree.Node) -> frozenset[str] | None:
    """Return the sourcetypes (lower case) that a search expression asks for; None where it does not say."""
    for part in conjuncts(predicate):
        alternatives = part.items if isinstance(part, tree.Or) else (part,)
        values = [_sourcetype(each) for each in alternatives]
        if all(value is not None for value in values):
            return frozenset(value for value in values if value is not None)
    return None


def _sourcetype(node: tree.Node) -> str | None:
    if (
        isinstance(node, tree.FieldComparison)
        and node.field == "sourcetype"
        and node.op == "="
        and "*" not in node.value
    ):
        return node.value.lower()
    return None


_ESCAPED_BYTE = re.compile(r"x[0-9a-f]{2}")


def _required(predicate: tree.Node | None, implied: Implied | None, ways: Ask) -> list[Alternatives]:
    """Return the literals of what the events, and later the rows made of them, have to satisfy; best ones first."""
    found = required_literals(predicate, ways)
    if implied is not None:
        calculated = implied.calculated

        def after(name: str) -> tuple[Way, ...]:
            made = (Unknown() if node is None else Computed(node) for node in calculated.get(name, ()))
            return (*ways(name), *made)

        found += [each for each in required_literals(implied.predicate, after) if each not in found]
        found.sort(key=weakness)
    return found


def demanded_literals(
    knowledge: Knowledge, demands: Iterable[Demand], sourcetypes: frozenset[str] | None, given: frozenset[str]
) -> list[list[Alternatives]]:
    """Return `block_literals` for many demands on events of some sourcetypes (lower case; None: of any), which give
    some fields: those stay as they are."""
    stay = knowledge.changing.keeps(sourcetypes or ())
    known: dict[frozenset[str] | None, Ask] = {}
    found = []
    for each in demands:
        own = sourcetypes if stay else None
        if own is None and each.predicate is not None:
            asked = sourcetypes_of(each.predicate)
            own = asked if asked is not None and knowledge.changing.keeps(asked) else None
        if own not in known:
            known[own] = _with_given(StanzaWays(knowledge, own), given)
        found.append(_writable(_required(each.predicate, each.implied, known[own])))
    return found


def _with_given(ways: Ask, given: frozenset[str]) -> Ask:
    def ask(name: str) -> tuple[Way, ...]:
        return (Kept(),) if name in given else ways(name)

    return ask if given else ways


def impossible(knowledge: Knowledge, demands: Iterable[Demand], constants: Row, ctx: MapperContext) -> list[bool]:
    """Say of each demand whether no event can satisfy it whose sourcetype and source are these."""
    if not constants or not knowledge.changing.keeps([str(constants.get("sourcetype", "")).lower()]):
        return [False for _ in demands]
    return [
        each.about_class and reduce(each.predicate, constants, EVERYTHING, ctx) == NEVER  # type: ignore[arg-type]
        for each in demands
    ]


def _writable(required: list[Alternatives]) -> list[Alternatives]:
    """Leave out literals that could be the way in which a byte that is not UTF-8 is shown (`\\xE9`)."""
    return [each for each in required if not any(_ESCAPED_BYTE.search(literal) for literal in each)]


def block_literals(
    knowledge: Knowledge,
    predicate: tree.Node | None,
    implied: Implied | None = None,
    sourcetypes: frozenset[str] | None = None,
) -> list[Alternatives]:
    """Return the sets of literals of which a record of any file must contain one to satisfy a search expression.

    `sourcetypes` (lower case) are the only ones that events have; they count where no app changes or renames a
    sourcetype.
    """
    if sourcetypes is not None and not knowledge.changing.keeps(sourcetypes):
        return []
    own = None if predicate is None else sourcetypes_of(predicate)
    ways = StanzaWays(knowledge, sourcetypes if own is None else own)
    return _writable(_required(predicate, implied, ways))


def raw_filter(knowledge: Knowledge, predicate: tree.Node | None, implied: Implied | None = None) -> Select | None:
    """Return a function that drops events whose `_raw` cannot satisfy a search expression; None where none could be.

    Only what is in `_raw` is judged: an event that carries one of the fields concerned as a key of its own, or text
    that could hide a literal, stays.
    """
    known: dict[tuple[Any, Any, Any], tuple[list[Alternatives], frozenset[str]]] = {}

    def demands(event: Row) -> tuple[list[Alternatives], frozenset[str]]:
        ways = Ways([knowledge.extraction(knowledge.props.key(*class_of(event)).stanzas)])
        return _required(predicate, implied, ways), frozenset(ways.asked)

    def select(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        kept = []
        for event in events:
            raw = event.get("_raw")
            if raw.__class__ is str:
                key = (event.get("source"), event.get("sourcetype"), event.get("host"))
                try:
                    found = known.get(key)
                except TypeError:  # a source that is multivalue
                    kept.append(event)
                    continue
                if found is None:
                    if len(known) > 50_000:
                        known.clear()
                    found = known[key] = demands(event)
                if found[0] and not _may_satisfy(raw, found[0]) and found[1].isdisjoint(event):
                    continue
            kept.append(event)
        return kept

    return select if _required(predicate, implied, Ways(())) else None


def _may_satisfy(raw: str, required: list[Alternatives]) -> bool:
    lowered = raw.lower()
    for alternatives in required:
        for literal in alternatives:
            if literal in lowered:
                break
        else:
            return hides_literals(raw)
    return True


def hides_literals(raw: str) -> bool:
    """Say whether a text could hold a literal in another form: letters outside ASCII, escapes, entities."""
    return not raw.isascii() or "&#" in raw or ("\\u" in raw and _ESCAPE.search(raw) is not None)


_ESCAPE = re.compile(r"\\u(?:00[2-7]|01[37]|212)", re.IGNORECASE)
"""JSON's escapes of ASCII characters and of the letters that fold to them; `CORP\\user` holds none."""
