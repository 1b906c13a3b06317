"""The reverse command: turn the order of the results round."""

from __future__ import annotations

from collections.abc import Iterator

from splmini.commands.arguments.reading import read, reading
from splmini.commands.arguments.uses import SAME
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, command


@command(
    "reverse",
    syntax="reverse",
    category="dataset processing",
    keeps_chart=True,
    uses=SAME,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Reverse",
    examples=(Example("| reverse", ({"n": 2}, {"n": 1}), ({"n": 1}, {"n": 2})),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Turn the order of the results round; nothing else changes.

    Memory: all results, at most `limits.max_rows`.

    *Null* and *multivalue* fields are passed on as they are.
    """
    read(node, {}, takes=())

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def rows() -> Iterator[Row]:
            held: list[Row] = []
            for batch in stream.batches:
                held.extend(batch)
                ctx.check(len(held))
            yield from reversed(held)

        return Stream(batched(rows()), stream.columns)

    requires = reading(frozenset())
    return Sequence(
        name="reverse", run=run, requires=requires, keeps_order=False, writes=frozenset(), node=node, span=node.span
    )
