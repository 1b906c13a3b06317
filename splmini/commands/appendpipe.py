"""The appendpipe command: what a pipeline makes of the results, behind the results themselves."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from splmini.commands.arguments.reading import read
from splmini.commands.arguments.subsearches import all_columns, one_subsearch, rows_of
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {"run_in_preview": OptionSpec("bool", default=True, doc="Accepted; there is no preview.")}


@command(
    "appendpipe",
    pipelines=True,
    options=OPTIONS,
    syntax="appendpipe [run_in_preview=<bool>] [<subpipeline>]",
    category="transforming",
    rereads=True,
    over_rows=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Appendpipe",
    examples=(
        Example(
            "| stats count by user | appendpipe [stats sum(count) as count]",
            ({"user": "a", "count": 2}, {"count": 2}),
            ({"user": "a"}, {"user": "a"}),
        ),
        Example(
            '| stats sum(n) as n by user | appendpipe [stats sum(n) as n | eval user="all"]',
            [{"user": "a", "n": 1}, {"user": "b", "n": 2}, {"n": 3, "user": "all"}],
            ({"user": "a", "n": 1}, {"user": "b", "n": 2}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Run a pipeline over the results and add what it gives behind them.

    Unlike a subsearch, the pipeline is applied to the results of the search, when they reach this command; it runs
    though there are none. All results are kept in memory meanwhile. *Null* and *multivalue* fields are the
    pipeline's business.
    """
    arguments = read(node, OPTIONS, takes=(tree.Subsearch,))
    subsearch = one_subsearch(arguments, scope)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        made: list[Stream] = []

        def batches() -> Iterator[Batch]:
            rows = rows_of(stream, ctx)
            copies = Stream(batched([copy.copy(row) for row in rows]), stream.columns)
            yield from batched(rows)
            made.append(ctx.run(subsearch.pipeline, copies))
            yield from made[0].batches

        return Stream(batches(), lambda: all_columns(stream, *made)())

    return Sequence(name="appendpipe", run=run, node=node, span=node.span)
