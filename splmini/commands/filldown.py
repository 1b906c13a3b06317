"""The filldown command: replace nulls by the last value before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from splmini.commands.arguments.reading import FieldPatterns, field_names, read, reading
from splmini.commands.arguments.uses import SAME
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Sequence, Stream
from splmini.registry import BuildScope, Example, command


@command(
    "filldown",
    syntax="filldown [<wc-field-list>]",
    category="dataset processing",
    uses=SAME,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Filldown",
    examples=(
        Example("| filldown user", ({"user": "a"}, {"n": 1, "user": "a"}), ({"user": "a"}, {"n": 1})),
        Example(
            "| filldown user",
            [{"user": "a", "n": 1}, {"n": 2, "user": "a"}, {"user": "b", "n": 3}],
            ({"user": "a", "n": 1}, {"n": 2}, {"user": "b", "n": 3}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Put the last value that is not null, of the results before, where fields are null.

    With a list, which may hold wildcards, only in these fields. Nulls before the first value stay. *Multivalue* fields
    are carried down whole. Memory: one value a field.
    """
    names = field_names(read(node, {}, takes=(tree.Word,)).words)
    patterns = FieldPatterns(names or ["*"])

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def batches() -> Iterator[Batch]:
            last: dict[str, Any] = {}
            for batch in stream.batches:
                ctx.check()
                for row in batch:
                    missing = [name for name in last if name not in row]
                    for name, value in row.items():
                        if patterns.matches(name):
                            last[name] = value
                    for name in missing:
                        row[name] = last[name]
                yield batch

        return Stream(batches(), stream.columns)

    return Sequence(name="filldown", run=run, requires=reading(frozenset()), node=node, span=node.span)
