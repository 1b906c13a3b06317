"""The uniq command: remove results that equal the one before."""

from __future__ import annotations

from collections.abc import Iterator

from splmini.commands.arguments.reading import read
from splmini.commands.arguments.uses import SAME
from splmini.commands.dedup import hashable
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Sequence, Stream
from splmini.registry import BuildScope, Example, command


@command(
    "uniq",
    syntax="uniq",
    category="dataset processing",
    uses=SAME,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Uniq",
    examples=(Example("| uniq", ({"a": 1}, {"a": 2}, {"a": 1}), ({"a": 1}, {"a": 1}, {"a": 2}, {"a": 1})),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Remove each result that equals the one directly before it in every field.

    It is most useful behind `sort`. *Null*: a field that only one of the two has makes them differ. *Multivalue*: all
    values have to agree, in order. Memory: one result.
    """
    read(node, {}, takes=())

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def batches() -> Iterator[Batch]:
            before = None
            for batch in stream.batches:
                ctx.check()
                kept = []
                for row in batch:
                    content = {name: hashable(value) for name, value in row.items()}
                    if content != before:
                        kept.append(row)
                        before = content
                if kept:
                    yield kept

        return Stream(batches(), stream.columns)

    return Sequence(name="uniq", run=run, writes=frozenset(), node=node, span=node.span)
