"""mstats: statistics over metrics."""

from __future__ import annotations

from splmini.commands._aggregation import fields_needed, read_measures
from splmini.commands._arguments import fail, read
from splmini.commands._metrics import event_conditions, fields_of_points, points_of
from splmini.commands.stats import order_matters
from splmini.commands.tstats import By, check_place, creating, generating, read_by, where_of
from splmini.language import tree
from splmini.operators import DatasetReading, Operator, RunContext, Stream
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {
    "prestats": OptionSpec("bool", default=False, doc="Give partial results, which stats, chart or timechart finish."),
    "append": OptionSpec("bool", default=False, doc="With prestats=true: add to the results before the command."),
    "backfill": OptionSpec("bool", default=True, doc="Accepted; it fills the windows of real-time searches."),
    "update_period": OptionSpec("int", default=0, doc="Accepted; it is the period of real-time updates."),
    "fillnull_value": OptionSpec("string", doc="What a by-field that is null becomes; else such rows are left out."),
    "chart": OptionSpec("bool", default=False, doc="Only false: chart=true formats the result for a chart."),
    "chunk_size": OptionSpec("int", default=10_000_000, doc="Accepted; it changes how Splunk works, not the result."),
    "span": OptionSpec("span", doc="The length of time buckets: the result is by _time, too."),
    "every": OptionSpec("string", doc="Not supported: it samples time."),
}
_EVENTS = (
    {"_time": 60, "metric_name": "cpu.user", "_value": 10, "host": "a"},
    {"_time": 90, "metric_name:cpu.user": 30, "metric_name:mem.free": 5, "host": "a"},
    {"_time": 130, "metric_name": "cpu.user", "_value": 50, "host": "b"},
)


@command(
    "mstats", "aggregation", options=OPTIONS, clauses=("from", "where", "by"), generating=True, category="generating",
    syntax="mstats [prestats=BOOL] [append=BOOL] [fillnull_value=STRING] FUNCTION(METRIC | _value) [AS NAME] ... "
    "WHERE SEARCH [BY FIELD ...] [span=SPAN]",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Mstats",
    examples=(
        Example("| mstats avg(cpu.user) as cpu where index=* by host",
                [{"host": "a", "cpu": 20}, {"host": "b", "cpu": 50}], _EVENTS),
        Example("| mstats sum(_value) as total where metric_name=cpu.* span=1m",
                [{"_time": 60, "total": 40}, {"_time": 120, "total": 50}], _EVENTS),
    ),
)  # fmt: skip
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Calculates statistics over metric data points.

    Metrics are events with `metric_name` and `_value`, or with fields `metric_name:NAME`. `FUNCTION(NAME)` takes the
    values of a metric (a wildcard those of each that matches, a column for each); `FUNCTION(_value)` those of all that
    the where-clause leaves, which then has to name them with `metric_name=`. With `span` the result is by `_time` too.

    A row in which a by-field is null is left out, unless `fillnull_value` gives it a value; a data point without the
    metric adds nothing to it. Multivalue by-fields put a point in the group of each value.

    Memory: one set of aggregates for each group.
    """
    arguments = read(node, OPTIONS, clauses=("where", "by"))
    if arguments["every"] is not None or arguments["chart"]:
        option = arguments.given["every" if arguments["every"] is not None else "chart"]
        fail(node, f"mstats does not run with {option.name}= here.", option)
    by = read_by(node, arguments, strict=False)
    span = arguments["span"] or by.span
    if span is not None and "_time" not in by.fields:
        by = By(("_time", *by.fields), span)
    measures = read_measures(node, arguments.positional, scope, by.fields)
    check_place(node, arguments, scope, measures)
    where = where_of(arguments)
    single = any(measure.field in ("_value", "metric_name", None) for measure in measures) or "metric_name" in by.fields
    asked = event_conditions(where)
    needed = fields_of_points(where, fields_needed(measures, by.fields))
    points = points_of(where, single)

    def read_rows(ctx: RunContext) -> Stream:
        return Stream(map(points(ctx), ctx.scan(asked, needed).batches))

    create = creating(node, arguments, measures, by, arguments["fillnull_value"])
    reading = DatasetReading(
        dataset=None, where=asked, needed=needed, create=create, order_matters=order_matters(measures), points=points
    )
    return generating(node, arguments, create, read_rows, reading)
