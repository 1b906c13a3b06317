"""Why is no event in a dataset? The nearest event, the condition of the dataset that refused it, and for a missing tag
the event type that would give it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from splmini.detections.explain.clauses import refusal
from splmini.language import tree
from splmini.operators import Request, Row
from splmini.plan.scan import conjuncts

if TYPE_CHECKING:
    from splmini.engine.context import Run

MOST_TYPES = 3
"""How many event types are named that would give a tag."""

MOST_EVENTS = 500
"""How many events are asked: an explanation of a large log has to come soon."""


def dataset_notes(run: Run, knowledge: Any, dataset: Any) -> Iterator[str]:
    """Yield why no event of a run is in a dataset of a data model.

    Args:
        run: the run; its events are read again.
        knowledge: what the apps define, for event types and tags.
        dataset: a dataset, or the union that a model's bare name stands for, of which nothing is said.
    """
    owner = getattr(dataset, "owner", None)
    if owner is None:
        return
    rows = list(islice(run.scan(Request()).rows(), MOST_EVENTS))
    conditions = list(_conditions(run, owner.chain(dataset.object)))
    found = _nearest(rows, [("", conditions)], run)
    for _, row, held, refused in found[:1]:
        why = refusal(refused, row, run)
        yield (
            f"no event is in {owner.name}.{dataset.name}; the nearest satisfies {held} of its {len(conditions)} "
            f"conditions and is refused by {why.node}: {why.reason}"
        )
        if isinstance(refused, tree.FieldComparison) and refused.field == "tag":
            yield from _tag_notes(run, knowledge, refused.value, rows)


def generated_notes(explainer: Any, node: Any) -> Iterator[str]:
    """Yield why a leading `from datamodel` or `datamodel` command gives nothing."""
    found = re.match(r"(?:from\s+)?datamodel[\s:=]*\"?(\w+)(?:[.\s]+(\w+))?", str(node))
    if found is not None:
        name = f"{found[1]}.{found[2]}" if found[2] else found[1]
        environment = explainer.compiled.environment
        yield from dataset_notes(explainer.run, environment.knowledge, explainer.run.apps.dataset(name, node.span))


def _conditions(run: Run, chain: Iterable[Any]) -> Iterator[tree.Node]:
    """The conditions of datasets that a search puts on events: those of its first command, before any pipe."""
    for each in chain:
        for text in (*filter(None, [each.base_search]), *each.constraints):
            first = run.parse(text).commands[0]
            if first.name == "search" and first.args:
                yield from (node for node in conjuncts(first.args[0]) if node != tree.And(()))


def _tag_notes(run: Run, knowledge: Any, tag: str, rows: list[Row]) -> Iterator[str]:
    """Which event types give a tag, and why the nearest event is of none of those that it comes nearest to."""
    giving = {name for name, tags in knowledge.tags.by_field.get("eventtype", {}).items() if tag in tags}
    if not giving:
        yield f"no event type gives the tag {tag}"
    parsed = knowledge.eventtypes.parsed(run)
    types = [(name, list(conjuncts(node))) for name, node in parsed.items() if name in giving]
    for name, row, _, refused in _nearest(rows, types, run)[:MOST_TYPES]:
        why = refusal(refused, row, run).reason
        yield f"the tag {tag} comes with the event type {name}, which refuses the nearest event: {why}"


Nearest = tuple[str, Row, int, tree.Node]


def _nearest(rows: list[Row], named: list[tuple[str, list[tree.Node]]], run: Run) -> list[Nearest]:
    """The conditions and, for each, the row that misses them by the least: (name, row, how many hold, the first that
    does not). Only those that are missed by the least are given; where a row fits, none."""
    found: list[Nearest] = []
    least: tuple[int, int] | None = None
    for name, conditions in named if rows else ():
        tests = [run.predicate(each) for each in conditions]
        outcomes = [[test(row) for test in tests] for row in rows]
        ranks = [(held.count(False), -held.count(True)) for held in outcomes]
        rank = min(ranks)
        if least is None or rank < least:
            found, least = [], rank
        if rank == least and rank[0]:
            at = ranks.index(rank)
            found.append((name, rows[at], -rank[1], conditions[outcomes[at].index(False)]))
    return found
