"""mcatalog: the names and dimensions of metrics."""

from __future__ import annotations

from splmini.commands import _prestats
from splmini.commands._aggregation import Grouping, read_measures
from splmini.commands._arguments import fail, read
from splmini.commands._metrics import read_points
from splmini.commands._slices import Source
from splmini.commands.tstats import appending, read_by, sources_of, statistics, where_of
from splmini.language import tree
from splmini.operators import Generating, Operator, RunContext, Stream
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {
    "prestats": OptionSpec("bool", default=False, doc="Give partial results, which stats finishes."),
    "append": OptionSpec("bool", default=False, doc="With prestats=true: add to the results before the command."),
}
_EVENTS = (
    {"metric_name": "cpu.user", "_value": 10, "host": "a"},
    {"metric_name:cpu.user": 30, "metric_name:mem.free": 5, "host": "b"},
)


@command(
    "mcatalog", "aggregation", options=OPTIONS, clauses=("from", "where", "by"), generating=True, category="generating",
    syntax="mcatalog [prestats=BOOL] [append=BOOL] values(FIELD) [AS NAME] [WHERE SEARCH] [BY FIELD ...]",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Mcatalog",
    examples=(
        Example("| mcatalog values(metric_name) as names by host",
                [{"host": "a", "names": "cpu.user"}, {"host": "b", "names": ["cpu.user", "mem.free"]}], _EVENTS),
    ),
)  # fmt: skip
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Lists the values of `metric_name` or of dimensions of metric data points, with `values`, its only function.

    Metrics are events with `metric_name` and `_value`, or with fields `metric_name:NAME`. The values of metrics cannot
    be listed. A row in which a by-field is null is left out; multivalue by-fields count once for each value.

    Memory: the distinct values.
    """
    arguments = read(node, OPTIONS, clauses=("where", "by"))
    by = read_by(node, arguments)
    measures = read_measures(node, arguments.positional, scope, by.fields)
    for measure, written in zip(measures, arguments.positional, strict=True):
        if measure.function != "values":
            fail(node, f"mcatalog has the function values alone, not {measure.function}.", written)
        if measure.field == "_value":
            fail(node, "mcatalog does not list the values of metrics.", written)
    prestats, append = arguments["prestats"], arguments["append"]
    if append and not prestats:
        fail(node, "append=true needs prestats=true.", arguments.given["append"])
    if not scope.first and not append:
        fail(node, "mcatalog has to be the first command of a search, unless prestats=true and append=true.")
    if prestats:
        _prestats.check(measures, node.name)
    where = where_of(arguments)
    grouping = Grouping(measures, by.fields, command="mcatalog", span=node.span)

    def read_rows(ctx: RunContext) -> Stream:
        return read_points(ctx, where, True)

    def sources(ctx: RunContext) -> list[Source]:
        return sources_of(by, None, ctx)

    generate = statistics(grouping, sources, read_rows, prestats)
    return Generating(
        name="mcatalog", generate=generate, follows=appending(generate) if append else None, node=node, span=node.span
    )
