"""The multisearch command: several streaming searches, their events merged."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from splmini.commands._arguments import fail, read
from splmini.commands._subsearches import all_columns
from splmini.language import tree
from splmini.operators import Fields, Generating, Operator, Row, RunContext, Stream, Streaming, batched
from splmini.registry import BuildScope, Example, command


@command(
    "multisearch",
    syntax="multisearch <subsearch> <subsearch>...",
    category="generating",
    generating=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Multisearch",
    examples=(
        Example(
            '| multisearch [search k=a | eval t="x"] [search k=b]',
            ({"k": "a", "t": "x"}, {"k": "b"}),
            ({"k": "a"}, {"k": "b"}, {"k": "c"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Run two or more searches of streaming commands side by side and merge their events, newest first.

    Events without `_time` keep the order of the searches. A search with a command that is not streaming (stats,
    sort …) is refused, as in Splunk. *Null* and *multivalue* fields are passed on as they are.
    """
    arguments = read(node, {}, takes=(tree.Subsearch,))
    searches = arguments.subsearches
    if len(searches) < 2:
        fail(node, "multisearch needs two or more subsearches.")
    for search in searches:
        for operator in scope.build(search.pipeline)[1:]:
            if not isinstance(operator, Streaming):
                raise_at = operator.node or search
                fail(node, f"multisearch takes streaming commands only, and '{operator.name}' is none.", raise_at)

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        streams = [ctx.run(search.pipeline, needed=needed) for search in searches]

        def rows() -> Iterator[Row]:
            return heapq.merge(*(stream.rows() for stream in streams), key=_newest)

        return Stream(batched(rows()), all_columns(*streams))

    return Generating(name="multisearch", generate=generate, node=node, span=node.span)


def _newest(row: Row) -> float:
    moment = row.get("_time")
    return -moment if isinstance(moment, (int, float)) else 0.0
