"""eventstats: adds the aggregates of its group to each row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from splmini.commands.aggregation.groups import Grouping, Groups, fields_needed
from splmini.commands.arguments.uses import WITH_AGGREGATES
from splmini.commands.stats import read_grouping
from splmini.language import tree
from splmini.operators import Batch, Columns, Fields, Operator, Row, RunContext, Sequence, Stream, union
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {
    "allnum": OptionSpec("bool", default=False, doc="Numeric functions need each value of their field to be a number."),
    "limit": OptionSpec("int", least=0, doc="Accepted; it changes no result."),
    "dedup_splitvals": OptionSpec("bool", default=False, doc="Count a value that one event's by-field repeats once."),
}


@command(
    "eventstats",
    "aggregation",
    options=OPTIONS,
    clauses=("by",),
    category="dataset processing",
    syntax="eventstats [allnum=BOOL] FUNCTION(FIELD) [AS NAME] ... [BY FIELD ...]",
    names=frozenset({"function"}),
    calculates=True,
    uses=WITH_AGGREGATES,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Eventstats",
    examples=(
        Example(
            "| eventstats max(v) as top by h",
            [{"h": "a", "v": 1, "top": 3}, {"h": "a", "v": 3, "top": 3}, {"v": 9}],
            ({"h": "a", "v": 1}, {"h": "a", "v": 3}, {"v": 9}),
        ),
        Example(
            "| eventstats avg(bytes) as mean by user | where bytes > mean",
            [{"user": "a", "bytes": 30, "mean": 20.0}],
            ({"user": "a", "bytes": 10}, {"user": "a", "bytes": 30}, {"user": "b", "bytes": 5}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Adds to each row the aggregates over its group, calculated as by stats; rows keep their order and fields.

    A row that lacks a by-field keeps its fields and gets no aggregates. A row in several groups (a multivalue
    by-field) gets those of the first. A field that has the name of a result is overwritten, or left as it is where
    the aggregate is null. All rows are kept until the last one is read: `Limits(max_rows=...)` bounds them.
    """
    _, grouping = read_grouping(node, scope, OPTIONS)

    def requires(after: Fields) -> Fields:
        written = frozenset(m.name for m in grouping.measures if not m.wild)
        kept = None if after is None else after - (written - frozenset(grouping.by))
        return union(kept, fields_needed(grouping.measures, grouping.by))

    def run(stream: Stream, ctx: RunContext) -> Stream:
        return _add(stream, grouping, ctx)

    return Sequence(name="eventstats", run=run, requires=requires, span=node.span)


def _add(stream: Stream, grouping: Grouping, ctx: RunContext) -> Stream:
    groups = Groups(grouping, ctx)

    def batches() -> Iterator[Batch]:
        kept: list[tuple[Batch, list[int | None]]] = []
        number = 0
        for batch in stream.batches:
            number += len(batch)
            ctx.check(rows_kept=number)
            groups.update(batch)
            kept.append((batch, first_keys(groups, batch)))
        aggregates = groups.results(ctx)
        names = list(groups.index)
        known: dict[int, Row] = {}
        kept.reverse()
        while kept:
            batch, keys = kept.pop()
            _write(batch, keys, known, names, aggregates)
            yield batch

    def columns() -> Columns:
        before = stream.columns()
        return None if before is None else before + [name for name in groups.names() if name not in before]

    return Stream(batches(), columns)


def first_keys(groups: Groups, batch: Batch) -> list[int | None]:
    """Return the number of each row's group; None for a row without, the first for a row in several."""
    part = groups.slice(batch)
    if part.single or part.rows is batch:
        return list(part.keys)
    keys: list[int | None] = [None] * len(batch)
    for key, order in zip(part.keys, part.orders, strict=True):
        index = order - groups.rows_seen
        if keys[index] is None:
            keys[index] = key
    return keys


def _write(
    batch: Batch, keys: list[int | None], known: dict[int, Row], names: list[Any], aggregates: Callable[[Any], Row]
) -> None:
    for row, key in zip(batch, keys, strict=True):
        if key is None:
            continue
        values = known.get(key)
        if values is None:
            values = known[key] = aggregates(names[key])
        for name, value in values.items():
            row[name] = list(value) if value.__class__ is list else value
