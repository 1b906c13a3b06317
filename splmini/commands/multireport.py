"""The multireport command: what several pipelines make of the results, one behind the other."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from splmini.commands.arguments.reading import fail, read
from splmini.commands.arguments.subsearches import all_columns, rows_of
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, command


@command(
    "multireport",
    pipelines=True,
    syntax="multireport [<subpipeline>] [<subpipeline>]...",
    category="transforming",
    over_rows=True,
    examples=(
        Example(
            "| multireport [stats count by a] [stats count by b]",
            [{"a": "x", "count": 2}, {"b": "y", "count": 1}, {"b": "z", "count": 1}],
            ({"a": "x", "b": "y"}, {"a": "x", "b": "z"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Run several pipelines over the results, and give what each makes of them, one behind the other.

    It is an internal command, which apps use to aggregate the same results in several ways. The results themselves are
    not shown. All are kept in memory meanwhile. *Null* and *multivalue* fields are the pipelines' business.
    """
    pipelines = [each.pipeline for each in read(node, {}, takes=(tree.Subsearch,)).subsearches]
    if not pipelines:
        fail(node, "multireport needs pipelines in square brackets.")
    for pipeline in pipelines:
        scope.build(pipeline)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        made: list[Stream] = []

        def batches() -> Iterator[Batch]:
            rows = rows_of(stream, ctx)
            for pipeline in pipelines:
                copies = Stream(batched([copy.copy(row) for row in rows]), stream.columns)
                made.append(ctx.run(pipeline, copies))
                yield from made[-1].batches

        return Stream(batches(), lambda: all_columns(*made)())

    return Sequence(name="multireport", run=run, node=node, span=node.span)
