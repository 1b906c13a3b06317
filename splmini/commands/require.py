"""The require command: fail where there are no results."""

from __future__ import annotations

from collections.abc import Iterator

from splmini.commands.arguments.reading import read, reading
from splmini.errors import SplError
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Sequence, Stream
from splmini.registry import BuildScope, Example, command


@command(
    "require",
    syntax="require",
    category="dataset processing",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Require",
    examples=(Example("| require", ({"n": 1},), ({"n": 1},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Make the search fail where the commands before give no results; with results nothing changes.

    *Null* and *multivalue* fields are passed on as they are.

    Memory: none.
    """
    read(node, {}, takes=())

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def batches() -> Iterator[Batch]:
            found = False
            for batch in stream.batches:
                found = found or bool(batch)
                yield batch
            if not found:
                raise SplError("The search gave no results, which require asks for.", name="require", span=node.span)

        return Stream(batches(), stream.columns)

    return Sequence(name="require", run=run, requires=reading(frozenset()), node=node, span=node.span)
