"""The makecontinuous command: add the bins of a field that have no results."""

from __future__ import annotations

from collections.abc import Iterator

from splmini.commands.aggregation import binning
from splmini.commands.arguments.reading import Arguments, fail, read, reading
from splmini.errors import LimitExceeded
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.numbers import to_number

OPTIONS = {
    "bins": OptionSpec("int", least=2, default=100, doc="The most bins to make where no span is given."),
    "span": OptionSpec("span", doc="The width of a bin: a length of time, a number, or `[<num>]log[<num>]`."),
    "start": OptionSpec("number", doc="Where the bins start; what is below is left out."),
    "end": OptionSpec("number", doc="Where the bins end; what is above is left out."),
    "aligntime": OptionSpec("time", doc="A time where a bin starts: an epoch, earliest, latest or a time modifier."),
}


@command(
    "makecontinuous",
    options=OPTIONS,
    syntax="makecontinuous [<field>] [bins=<int>] [span=<span>] [start=<num>] [end=<num>] [aligntime=<time>]",
    category="transforming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Makecontinuous",
    examples=(
        Example(
            "| makecontinuous x span=10",
            ({"x": 0, "n": 1}, {"x": 10}, {"x": 20, "n": 2}),
            ({"x": 20, "n": 2}, {"x": 0, "n": 1}),
        ),
        Example(
            "| makecontinuous n span=1",
            [{"n": 1, "v": 1}, {"n": 2}, {"n": 3, "v": 2}],
            ({"n": 1, "v": 1}, {"n": 3, "v": 2}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Set a field (`_time` without one) to the start of its bin, and add a result for every bin that has none.

    Results come in ascending order of the field; added ones have no other field. Without a span one is chosen as `bin`
    does. *Null*, texts that are no number and *multivalue* fields: these results come last, as they are.

    Memory: all results. More than `limits.timechart_maxbins` bins are LimitExceeded.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    if len(arguments.words) > 1:
        fail(node, "makecontinuous takes one field.", arguments.words[1])
    if None not in (arguments["start"], arguments["end"]) and arguments["end"] <= arguments["start"]:
        fail(node, "end has to be more than start.", arguments.given["end"])
    name = arguments.words[0].text if arguments.words else "_time"

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def rows() -> Iterator[Row]:
            held: list[Row] = []
            for batch in stream.batches:
                held.extend(batch)
                ctx.check(len(held))
            yield from _continuous(held, name, arguments, ctx)

        return Stream(batched(rows()), stream.columns)

    return Sequence(
        name="makecontinuous",
        run=run,
        requires=reading(frozenset({name})),
        keeps_order=False,
        node=node,
        span=node.span,
    )


def _continuous(held: list[Row], name: str, arguments: Arguments, ctx: RunContext) -> Iterator[Row]:
    start, end = arguments["start"], arguments["end"]
    numbered: list[tuple[float, Row]] = []
    others: list[Row] = []
    for row in held:
        number = to_number(row.get(name))
        if number is None:
            others.append(row)
        elif (start is None or number >= start) and (end is None or number <= end):
            numbered.append((number, row))
    values = [number for number, _ in numbered]
    values += [bound for bound in (start, end) if bound is not None]
    if values:
        low, high = min(values), max(values)
        bins = _bins(name, arguments, low, high, ctx)
        found: dict[float, list[Row]] = {}
        for number, row in numbered:
            bounds = bins.bounds(number)
            if bounds is None:
                others.append(row)
                continue
            row[name] = bounds[0]
            found.setdefault(bounds[0], []).append(row)
        yield from _filled(bins, name, found, low, high, ctx)
    yield from others


def _bins(name: str, arguments: Arguments, low: float, high: float, ctx: RunContext) -> binning.Bins:
    span = arguments["span"]
    if span is None and name == "_time":
        span = binning.automatic_time_span(low, high, arguments["bins"])
    if span is None:
        return binning.LinearBins(binning.automatic_width(low, high, arguments["bins"]))
    return binning.bins_of(span, ctx, arguments["aligntime"])


def _filled(
    bins: binning.Bins, name: str, found: dict[float, list[Row]], low: float, high: float, ctx: RunContext
) -> Iterator[Row]:
    bounds = bins.bounds(low)
    most = ctx.limits.timechart_maxbins
    count = 0
    while bounds is not None and bounds[0] <= high:
        yield from found.get(bounds[0]) or [{name: bounds[0]}]
        count += 1
        if most and count > most:
            raise LimitExceeded(
                f"makecontinuous needs more than {most} bins.", name="timechart_maxbins", hint="Use a longer span."
            )
        bounds = bins.bounds(bounds[1])
