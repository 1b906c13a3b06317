"""How events come by a field: what the raw prefilter has to know of an app's settings (`plan.literals`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini.language import tree
from splmini.plan.literals import Alternatives, Computed, Kept, Unknown, Way, required_literals

if TYPE_CHECKING:
    from splmini.knowledge.apps import Knowledge
    from splmini.knowledge.extraction import Extraction
    from splmini.operators import Row

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
            ways = {repr(way): way for each in self._extractions for way in _ways(each, name)}
            found = self._known[name] = (Kept(), *ways.values())
        return found


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


def raw_filter(knowledge: Knowledge, predicate: tree.Node) -> Select | None:
    """Return a function that drops events whose `_raw` cannot satisfy a search expression; None where none could be.

    Only what is in `_raw` is judged: an event that carries one of the fields concerned as a key of its own, or text
    that could hide a literal, stays.
    """
    known: dict[tuple[Any, Any, Any], tuple[list[Alternatives], frozenset[str]]] = {}

    def demands(event: Row) -> tuple[list[Alternatives], frozenset[str]]:
        source, sourcetype, host = (_text(event.get(name)) for name in ("source", "sourcetype", "host"))
        ways = Ways([knowledge.extraction(knowledge.props.key(source, sourcetype, host).stanzas)])
        return required_literals(predicate, ways), frozenset(ways.asked)

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

    return select if required_literals(predicate, Ways(())) else None


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
    return not raw.isascii() or "\\u" in raw or "&#" in raw


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else None
    return "" if value is None else str(value)
