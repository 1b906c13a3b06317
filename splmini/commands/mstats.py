"""mstats: statistics over metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from splmini.commands.aggregation.groups import Measure, fields_needed, read_measures
from splmini.commands.aggregation.metrics import event_conditions, fields_of_points, points_of
from splmini.commands.arguments.reading import Arguments, fail, read
from splmini.commands.stats import order_matters
from splmini.commands.tstats import By, check_place, creating, generating, read_by, read_span, where_of
from splmini.language import tree
from splmini.operators import Batch, DatasetReading, Fields, Generating, Operator, Partial, Request, RunContext, Stream
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.numbers import to_number
from splmini.values.times import Span, bucket
from splmini.values.wildcards import compile_wildcard, has_wildcard

OPTIONS = {
    "prestats": OptionSpec("bool", default=False, doc="Give partial results, which stats, chart or timechart finish."),
    "append": OptionSpec("bool", default=False, doc="With prestats=true: add to the results before the command."),
    "backfill": OptionSpec("bool", default=True, doc="Accepted; it fills the windows of real-time searches."),
    "update_period": OptionSpec("int", default=0, doc="Accepted; it is the period of real-time updates."),
    "fillnull_value": OptionSpec("string", doc="What a by-field that is null becomes; else such rows are left out."),
    "chart": OptionSpec("bool", default=False, doc="Give a table as chart does or, with span, as timechart does."),
    "chart.limit": OptionSpec("string", doc="With chart=true: how many series to show, as limit= of chart."),
    "chart.agg": OptionSpec("any", doc="With chart=true: the function that ranks the series (default sum)."),
    "chart.usenull": OptionSpec("bool", doc="With chart=true: as usenull= of chart."),
    "chart.useother": OptionSpec("bool", doc="With chart=true: as useother= of chart."),
    "chart.nullstr": OptionSpec("string", doc="With chart=true: as nullstr= of chart."),
    "chart.otherstr": OptionSpec("string", doc="With chart=true: as otherstr= of chart."),
    "chunk_size": OptionSpec("int", default=10_000_000, doc="Accepted; it changes how Splunk works, not the result."),
    "span": OptionSpec("any", doc="The length of time buckets, or auto: the result is by _time, too."),
    "every": OptionSpec("span", doc="With span: only the first span of each such length of time counts."),
}
_EVENTS = (
    {"_time": 60, "metric_name": "cpu.user", "_value": 10, "host": "a"},
    {"_time": 90, "metric_name:cpu.user": 30, "metric_name:mem.free": 5, "host": "a"},
    {"_time": 130, "metric_name": "cpu.user", "_value": 50, "host": "b"},
)


@command(
    "mstats",
    "aggregation",
    options=OPTIONS,
    clauses=("from", "where", "by"),
    generating=True,
    category="generating",
    syntax="mstats [prestats=BOOL] [append=BOOL] [fillnull_value=STRING] FUNCTION(METRIC | _value) [AS NAME] ... "
    "[chart=BOOL] [chart.limit=N] [chart.agg=FUNCTION] WHERE SEARCH [BY FIELD ...] [span=SPAN [every=SPAN]]",
    rereads=True,
    reduces=True,
    reach="events",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Mstats",
    examples=(
        Example(
            "| mstats avg(cpu.user) as cpu where index=* by host",
            [{"host": "a", "cpu": 20}, {"host": "b", "cpu": 50}],
            _EVENTS,
        ),
        Example(
            "| mstats sum(_value) as total where metric_name=cpu.* span=1m",
            [{"_time": 60, "total": 40}, {"_time": 120, "total": 50}],
            _EVENTS,
        ),
    ),
)
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
    by = _by(node, arguments)
    measures = read_measures(node, arguments.positional, scope, by.fields)
    where = where_of(arguments, scope)
    _check(arguments, measures, where)
    every = _every(arguments, by)
    single = any(measure.field in ("_value", "metric_name", None) for measure in measures) or "metric_name" in by.fields
    asked = event_conditions(where)
    needed = fields_of_points(where, fields_needed(measures, by.fields))
    points = points_of(where, single)
    only = _with_metrics([] if single else [measure.field for measure in measures if measure.field is not None])

    def of_events(ctx: RunContext) -> Callable[[Batch], Batch]:
        make = points(ctx)
        sample = None if every is None or by.span is None else _sampler(by.span, every, ctx)

        def rows(batch: Batch) -> Batch:
            made = only(make(batch))
            return made if sample is None else sample(made)

        return rows

    def read_rows(ctx: RunContext) -> Stream:
        return Stream(map(of_events(ctx), ctx.scan(Request(predicate=asked, needed=needed)).batches))

    if arguments["chart"]:
        return _charted(node, arguments, by, scope, read_rows)
    for name in arguments.given:
        if name.startswith("chart."):
            fail(node, f"{name} needs chart=true.", arguments.given[name])
    check_place(node, arguments, scope, measures)
    create = creating(node, arguments, measures, by, arguments["fillnull_value"])
    reading = DatasetReading(
        dataset=None, where=asked, needed=needed, create=create, order_matters=order_matters(measures), points=of_events
    )
    return generating(node, arguments, create, read_rows, reading)


def _by(node: tree.Command, arguments: Arguments) -> By:
    """The by-clause, with `_time` in it where there is a span."""
    by = read_by(node, arguments, strict=False)
    span, auto = by.span, by.auto
    if arguments["span"] is not None:
        span, auto = read_span(node, arguments.given["span"])
    timed = span is not None or auto
    return replace(
        by, fields=("_time", *by.fields) if timed and "_time" not in by.fields else by.fields, span=span, auto=auto
    )


def _check(arguments: Arguments, measures: tuple[Measure, ...], where: tree.Node | None) -> None:
    """Check what Splunk asks: one syntax of metrics, and where each may filter."""
    node = arguments.command
    values = [measure for measure in measures if measure.field == "_value"]
    names = [measure for measure in measures if measure.field not in ("_value", "metric_name", None)]
    if values and names:
        fail(
            node,
            f"{names[0].called}({names[0].field}) does not go together with {values[0].called}(_value).",
            hint="Name the metrics in each function, or in the where-clause.",
        )
    if names and where is not None and any(getattr(each, "field", None) == "metric_name" for each in tree.walk(where)):
        fail(
            node,
            "Where functions name metrics, the where-clause cannot test metric_name.",
            arguments.clauses["where"],
            hint="Use FUNCTION(_value).",
        )


def _every(arguments: Arguments, by: By) -> Span | None:
    every: Span | None = arguments["every"]
    if every is None:
        return None
    option, node = arguments.given["every"], arguments.command
    if by.span is None:
        fail(node, "every needs a span.", option)
    length, least = every.seconds, by.span.seconds
    if length is None or least is None:
        fail(node, "every and span are lengths such as 1m or 1h, no months.", option)
    if length <= least:
        fail(node, "every has to be longer than span.", option)
    return every


def _sampler(span: Span, every: Span, ctx: RunContext) -> Callable[[Batch], Batch]:
    """Return what keeps the rows of the first span of each length of time."""
    length = span.seconds or 0

    def sampled(batch: Batch) -> Batch:
        return [
            row
            for row in batch
            if (moment := to_number(row.get("_time"))) is not None
            and moment - bucket(moment, every, ctx.timezone) < length
        ]

    return sampled


def _with_metrics(names: list[str]) -> Callable[[Batch], Batch]:
    """Return what keeps the events that have one of the metrics; all of them where none is named."""
    plain = frozenset(name for name in names if not has_wildcard(name))
    patterns = [compile_wildcard(name, ignore_case=False) for name in names if has_wildcard(name)]

    def kept(batch: Batch) -> Batch:
        if not names:
            return batch
        return [
            row
            for row in batch
            if not plain.isdisjoint(row) or any(matches(name) for matches in patterns for name in row)
        ]

    return kept


def _charted(
    node: tree.Command, arguments: Arguments, by: By, scope: BuildScope, read_rows: Callable[[RunContext], Stream]
) -> Operator:
    """The result as a table: that of timechart where there is a span, else that of chart, over the data points."""
    for name in ("prestats", "append"):
        if arguments[name]:
            fail(node, f"{name}=true does not go with chart=true.", arguments.given[name])
    options: list[tree.Node] = [
        replace(option, name=name.removeprefix("chart."))
        for name, option in arguments.given.items()
        if name.startswith("chart.")
    ]
    timed, fields = "_time" in by.fields, [name for name in by.fields if name != "_time"]
    spans = [each for each in (arguments.given.get("span"), *arguments.clause("by")) if isinstance(each, tree.Option)]
    options += spans[:1] if timed and by.span is not None else []
    if len(fields) > (1 if timed else 2) or not (timed or fields):
        fail(node, "chart=true takes one or two fields in its by-clause, with a span at most one.")
    clauses = (tree.Clause("by", tuple(map(tree.Word, fields)), span=node.span),) if fields else ()
    name = "timechart" if timed else "chart"
    chart = tree.Command(name, (*options, *arguments.positional, *clauses), span=node.span)
    table = scope.build(tree.Pipeline((chart,), span=node.span))[-1]
    assert isinstance(table, Partial)

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        state = table.create(ctx)
        for batch in read_rows(ctx).batches:
            state.update(batch)
        return state.finish(ctx)

    return Generating(name=node.name, generate=generate, node=node, span=node.span)
