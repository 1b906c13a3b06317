"""mcatalog: the names and dimensions of metrics."""

from __future__ import annotations

from splmini.commands.aggregation.groups import read_measures
from splmini.commands.aggregation.metrics import read_points
from splmini.commands.arguments.reading import fail, read
from splmini.commands.tstats import check_place, creating, generating, read_by, where_of
from splmini.errors import UnsupportedFeature
from splmini.language import tree
from splmini.operators import Operator, RunContext, Stream
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
    "mcatalog",
    "aggregation",
    options=OPTIONS,
    clauses=("from", "where", "by"),
    generating=True,
    category="generating",
    syntax="mcatalog [prestats=BOOL] [append=BOOL] values(FIELD) [AS NAME] [WHERE SEARCH] [BY FIELD ...]",
    rereads=True,
    reach="events",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Mcatalog",
    examples=(
        Example(
            "| mcatalog values(metric_name) as names by host",
            [{"host": "a", "names": "cpu.user"}, {"host": "b", "names": ["cpu.user", "mem.free"]}],
            _EVENTS,
        ),
    ),
)
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
        if measure.field in ("_dims", "_timeseries"):
            raise UnsupportedFeature(
                f"mcatalog does not list {measure.field} here: which fields belong to it is not documented.",
                name=f"mcatalog {measure.field}",
                span=written.span,
            )
        if measure.field == "_value":
            fail(node, "mcatalog does not list the values of metrics.", written)
    check_place(node, arguments, scope, measures)
    where = where_of(arguments, scope)

    def read_rows(ctx: RunContext) -> Stream:
        return read_points(ctx, where, True)

    return generating(node, arguments, creating(node, arguments, measures, by), read_rows)
