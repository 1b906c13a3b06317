"""timewrap: puts periods of a timechart side by side."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from splmini.commands.arguments.reading import read
from splmini.errors import ArgumentError
from splmini.language import tree
from splmini.operators import ALL, Batch, Columns, Fields, Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Chart, Example, OptionSpec, command
from splmini.values import times
from splmini.values.numbers import to_number

OPTIONS = {
    "align": OptionSpec(
        "enum",
        default="end",
        choices=("now", "end"),
        doc="Whether the last period ends now or with the time range of the search.",
    ),
    "series": OptionSpec(
        "enum",
        default="relative",
        choices=("relative", "short", "exact"),
        doc="How the periods are named: 1day_before, s1, or by their start.",
    ),
    "time_format": OptionSpec("string", default="%Y-%m-%dT%H:%M:%S%:z", doc="The format of starts, with series=exact."),
}
UNITS = {
    "s": "second",
    "m": "minute",
    "h": "hour",
    "d": "day",
    "w": "week",
    "mon": "month",
    "q": "quarter",
    "y": "year",
}

_MONTHS = re.compile("[0-9]*m")
"""Here `m` is a month, as Splunk's page of timewrap has it; minutes are written `min`."""


@dataclass(frozen=True)
class Settings:
    """A timewrap, read."""

    count: int
    unit: str
    align: str
    series: str
    format: str

    def label(self, number: int, end: float, ctx: RunContext) -> str:
        """Return the name of a period, `number` periods before the last."""
        if self.series == "short":
            return f"s{number}"
        if self.series == "exact":
            start = self.shift(end, -(number + 1), ctx)
            return times.strftime(start, self.format, ctx.timezone) or f"s{number}"
        word = UNITS[self.unit]
        if number < 0:
            after = -number * self.count
            return f"{after}{word}{'' if after == 1 else 's'}_after"
        if number == 0:
            return f"latest_{word}" if self.count == 1 else f"latest_{self.count}{word}s"
        units = number * self.count
        return f"{units}{word}{'' if units == 1 else 's'}_before"

    def shift(self, time: float, periods: int, ctx: RunContext) -> float:
        """Return a time so many periods later."""
        units = periods * self.count
        return times.relative_time(time, f"{'-' if units < 0 else '+'}{abs(units)}{self.unit}", ctx.timezone)


@command(
    "timewrap",
    options=OPTIONS,
    category="reporting",
    syntax="timewrap SPAN [align=now|end] [series=relative|short|exact] [time_format=STRING]",
    chart=Chart("line"),
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Timewrap",
    examples=(
        Example(
            "| timechart span=1d count | timewrap 1d",
            [{"_time": 1700092800, "count_1day_before": 2, "count_latest_day": 1}],
            ({"_time": 1700006400}, {"_time": 1700006401}, {"_time": 1700092800}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Puts the periods of a timechart side by side: a column for each period of each column of the timechart.

    The last period ends with the time range that was searched or, without one, with the last bucket; with `align=now`
    it ends now. In the span `m` is a month, `min` a minute. Rows keep the times of the last period. Periods come oldest
    first, named `latest_day`, `1day_before`, `2days_before` and so on behind the column's name and an underscore; what
    lies behind the last one is `1day_after`. Rows without `_time` are left out.

    *Null* cells stay absent, *multivalue* ones are put into their column whole.

    Memory: all rows of the timechart.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    if len(arguments.words) != 1:
        arguments.fail("timewrap takes one span, such as 1d or 1week.")
    text = arguments.words[0].text
    try:
        span = times.parse_span(text + "on" if _MONTHS.fullmatch(text) else text)
    except ArgumentError as error:
        error.span = arguments.words[0].span
        raise
    if span.unit not in UNITS or span.count != int(span.count):
        arguments.fail("timewrap takes a length of time, such as 1d or 1week.", arguments.words[0])
    settings = Settings(int(span.count), span.unit, arguments["align"], arguments["series"], arguments["time_format"])

    def requires(after: Fields) -> Fields:
        return ALL

    return Sequence(name=node.name, run=_run(settings), requires=requires, span=node.span)


def _run(settings: Settings) -> Callable[[Stream, RunContext], Stream]:
    def run(stream: Stream, ctx: RunContext) -> Stream:
        names: list[str] = []
        range_end = ctx.latest

        def batches() -> Iterator[Batch]:
            rows: list[Row] = []
            for batch in stream.batches:
                rows += (row for row in batch if to_number(row.get("_time")) is not None)
                ctx.check(rows_kept=len(rows))
            if rows:
                before = [name for name in stream.columns() or _fields(rows) if name[:1] != "_"]
                wrapped, labels = _wrap(rows, settings, range_end, ctx)
                names[:] = ["_time", *(f"{name}_{label}" for name in before for label in labels)]
                yield from batched(wrapped)

        def columns() -> Columns:
            return names or None

        return Stream(batches(), columns)

    return run


def _fields(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _wrap(rows: list[Row], settings: Settings, range_end: float | None, ctx: RunContext) -> tuple[list[Row], list[str]]:
    moments = sorted({number for row in rows if (number := to_number(row["_time"])) is not None})
    end = _end(moments, settings, range_end, ctx)
    starts = [end]
    while starts[-1] > moments[0]:
        starts.append(settings.shift(end, -len(starts), ctx))
        ctx.check(rows_kept=len(starts))
    result: dict[float, Row] = {}
    labels: dict[int, str] = {}
    number, limits = 0, [end]
    while limits[-1] <= moments[-1]:
        limits.append(settings.shift(end, len(limits), ctx))
        ctx.check(rows_kept=len(limits))
    for row in sorted(rows, key=lambda row: -(to_number(row["_time"]) or 0)):
        moment = to_number(row.pop("_time")) or 0
        place = -bisect_right(limits, moment)
        if not place:
            while moment < starts[number + 1]:
                number += 1
            place = number
        shifted = settings.shift(moment, place, ctx)
        if place not in labels:
            labels[place] = settings.label(place, end, ctx)
        label = labels[place]
        target = result.setdefault(shifted, {"_time": shifted})
        target.update((f"{name}_{label}", value) for name, value in row.items() if name[:1] != "_")
    return [result[moment] for moment in sorted(result)], [labels[place] for place in sorted(labels, reverse=True)]


def _end(moments: list[int | float], settings: Settings, range_end: float | None, ctx: RunContext) -> float:
    """Where the last period ends."""
    if settings.align == "now":
        return ctx.now
    if range_end is not None and range_end > moments[-1]:
        return range_end
    width = min((after - before for before, after in pairwise(moments)), default=0)
    if not width:
        return times.relative_time(moments[-1], f"+{settings.count}{settings.unit}", ctx.timezone)
    return moments[-1] + width
