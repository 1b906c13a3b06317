"""The bin command: put numbers and times into bins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from splmini.commands._spool import Spool
from splmini.commands.aggregation import binning as _binning
from splmini.commands.arguments.reading import fail, read, reading, renamed_field
from splmini.commands.arguments.uses import ALIASED
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Sequence, Stream, Streaming, appended
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_number
from splmini.values.times import Span

OPTIONS = {
    "bins": OptionSpec(
        "int", least=2, doc="The most bins to make where no span is given: 10, and 100 bins of `_time`, by default."
    ),
    "minspan": OptionSpec("span", doc="The least span to choose where no span is given."),
    "span": OptionSpec("span", doc="The width of a bin: a length of time, a number, or `[<num>]log[<num>]`."),
    "start": OptionSpec("number", doc="Where the bins have to start at the latest; it only widens the range."),
    "end": OptionSpec("number", doc="Where the bins have to end at the earliest; it only widens the range."),
    "aligntime": OptionSpec("time", doc="A time where a bin starts: an epoch, earliest, latest or a time modifier."),
}
TIME_BINS = 100
NUMBER_BINS = 10


@dataclass(frozen=True)
class Binning:
    """The options of a bin command, checked."""

    field: str
    target: str
    span: Span | None
    minspan: Span | None
    bins: int | None
    start: float | None
    end: float | None
    align: str | None

    @property
    def timed(self) -> bool:
        """True where bins are written as the time they start at."""
        return self.field == "_time"


@command(
    "bin",
    options=OPTIONS,
    renames=True,
    syntax="bin [bins=<int>] [minspan=<span>] [span=<span>] [start=<num>] [end=<num>] [aligntime=<time>] "
    "<field> [AS <newfield>]",
    category="streaming",
    uses=ALIASED,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Bin",
    examples=(
        Example("| bin _time span=5m", ({"_time": 1700006700},), ({"_time": 1700006701},)),
        Example("| bin size span=100 AS class", ({"size": 30, "class": "0-100"},), ({"size": 30},)),
        Example(
            "| bin span=5m _time | stats count by _time",
            [{"_time": 1699999800, "count": 1}, {"_time": 1700000100, "count": 1}, {"_time": 1700000400, "count": 1}],
            ({"_time": 1700000010}, {"_time": 1700000200}, {"_time": 1700000400}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Replace the values of a field by the bin that they are in.

    A bin of `_time` is the time that it starts at; a bin of another field is a text such as `0-100`. Without a span
    one is chosen that needs no more than `bins`: for numbers the least power of ten, for `_time` a usual length of
    time; the command then sees all results before it gives the first. `aligntime` has no effect on days and longer.
    With `AS` the bin goes to a new field.

    *Null* and values that are no numbers stay as they are. *Multivalue*: each value is put into its bin.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word, tree.Rename))
    source, alias = renamed_field(arguments)
    target = alias or source
    span = arguments["span"]
    if "aligntime" in arguments.given and source != "_time" and (span is None or span.unit in ("", "log")):
        fail(node, "aligntime goes with bins of time only.", arguments.given["aligntime"])
    if None not in (arguments["start"], arguments["end"]) and arguments["end"] < arguments["start"]:
        fail(node, "end has to be start or more.", arguments.given["end"])
    binning = Binning(
        source,
        target,
        arguments["span"],
        arguments["minspan"],
        arguments["bins"],
        arguments["start"],
        arguments["end"],
        arguments["aligntime"],
    )
    requires = reading(frozenset({source}), () if source == target else (target,))
    if binning.span is None:
        return Sequence(name="bin", run=_automatic(binning), requires=requires, node=node, span=node.span)

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        return _binner(binning, _bins(binning, ctx))

    return Streaming(
        name="bin",
        one_to_one=True,
        bind=bind,
        requires=requires,
        columns=appended(target),
        writes=frozenset({target}),
        node=node,
        span=node.span,
    )


def _bins(binning: Binning, ctx: RunContext) -> _binning.Bins:
    assert binning.span is not None
    return _binning.bins_of(binning.span, ctx, binning.align if binning.timed else None)


def _binner(binning: Binning, bins: _binning.Bins) -> Callable[[Batch], Batch]:
    source, target, timed = binning.field, binning.target, binning.timed
    known: dict[Any, Any] = {}

    def place(value: Any) -> Any:
        number = to_number(value)
        if number is None:
            return value
        if timed:
            bounds = bins.bounds(number)
            return value if bounds is None else bounds[0]
        return _binning.label(bins, number, value)

    def binned(batch: Batch) -> Batch:
        for row in batch:
            value = row.get(source)
            if value is None:
                continue
            if isinstance(value, list):
                row[target] = from_list(place(item) for item in as_list(value))
                continue
            result = known.get(value)
            if result is None:
                result = place(value)
                if len(known) < 4096:
                    known[value] = result
            row[target] = result
        return batch

    return binned


def _automatic(binning: Binning) -> Callable[[Stream, RunContext], Stream]:
    def run(stream: Stream, ctx: RunContext) -> Stream:
        def batches() -> Iterator[Batch]:
            low, high = binning.start, binning.end
            rows = Spool(ctx)
            for batch in stream.batches:
                for row in batch:
                    for item in as_list(row.get(binning.field)):
                        number = to_number(item)
                        if number is not None:
                            low = number if low is None or number < low else low
                            high = number if high is None or number > high else high
                rows.extend(batch)
            binned = None if low is None or high is None else _binner(binning, _chosen(binning, low, high, ctx))
            for batch in rows.batches():
                yield batch if binned is None else binned(batch)

        def columns() -> list[str] | None:
            return appended(binning.target)(stream.columns())

        return Stream(batches(), columns)

    return run


def _chosen(binning: Binning, low: float, high: float, ctx: RunContext) -> _binning.Bins:
    least = binning.minspan
    if binning.timed:
        span = _binning.automatic_time_span(low, high, binning.bins or TIME_BINS, least)
        return _binning.bins_of(span, ctx, binning.align)
    width = _binning.automatic_width(low, high, binning.bins or NUMBER_BINS, least.count if least else None)
    return _binning.LinearBins(width)
