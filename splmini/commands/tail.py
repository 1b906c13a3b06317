"""The tail command: the last results, from the end."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from splmini.commands.arguments.options import parse_int
from splmini.commands.arguments.reading import fail, read, reading
from splmini.commands.arguments.uses import SAME
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, command


@command(
    "tail",
    syntax="tail [<N>]",
    category="dataset processing",
    keeps_chart=True,
    uses=SAME,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Tail",
    examples=(Example("| tail 2", ({"n": 3}, {"n": 2}), ({"n": 1}, {"n": 2}, {"n": 3})),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Give the last ten results, or as many as the number says, in reverse order.

    Memory: that many results.

    *Null* and *multivalue* fields are passed on as they are.
    """
    words = read(node, {}, takes=(tree.Word,)).words
    count = parse_int(words[0].text) if words else 10
    if count is None or count < 0:
        fail(node, f"tail needs a number, not '{words[0].text}'.", words[0])
    if len(words) > 1:
        fail(node, "tail takes one number.", words[1])

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def rows() -> Iterator[Row]:
            last: deque[Row] = deque(maxlen=count)
            for batch in stream.batches:
                last.extend(batch)
                ctx.check(len(last))
            yield from reversed(last)

        return Stream(batched(rows()), stream.columns)

    return Sequence(
        name="tail",
        run=run,
        requires=reading(frozenset()),
        keeps_order=False,
        writes=frozenset(),
        node=node,
        span=node.span,
    )
