"""The concurrency command: how many results are in progress when each one starts."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from splmini.commands.arguments.reading import fail, read, reading
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Sequence, Stream, appended, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.numbers import to_number

OPTIONS = {
    "duration": OptionSpec("field", doc="The field that holds how long each result lasts, in the unit of start."),
    "start": OptionSpec("field", default="_time", doc="The field that holds when each result starts."),
    "output": OptionSpec("field", default="concurrency", doc="The field to write."),
}


@command(
    "concurrency",
    options=OPTIONS,
    syntax="concurrency duration=<field> [start=<field>] [output=<field>]",
    category="dataset processing",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Concurrency",
    examples=(
        Example(
            "| concurrency duration=d",
            ({"_time": 5, "concurrency": 2}, {"_time": 0, "concurrency": 1}),
            ({"_time": 5, "d": 1}, {"_time": 0, "d": 10}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Add to each result how many are in progress when it starts, itself included.

    A result X is in progress with Y where X starts between the start and the end of Y, both included; of results that
    start at the same moment, each counts the others. The order of the results stays.

    *Null*: results without a numeric start and duration get no field and do not count. Memory: all results.

    *Multivalue* starts and durations are no numbers.
    """
    arguments = read(node, OPTIONS, takes=())
    duration, start, output = arguments["duration"], arguments["start"], arguments["output"]
    if duration is None:
        fail(node, "concurrency needs duration=.")

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def rows() -> Iterator[Row]:
            held: list[Row] = []
            for batch in stream.batches:
                held.extend(batch)
                ctx.check(len(held))
            _count(held, duration, start, output)
            yield from held

        def columns() -> list[str] | None:
            return appended(output)(stream.columns())

        return Stream(batched(rows()), columns)

    requires = reading(frozenset({duration, start}), (output,))
    return Sequence(name="concurrency", run=run, requires=requires, node=node, span=node.span)


def _count(rows: list[Row], duration: str, start: str, output: str) -> None:
    timed: list[tuple[float, float, Row]] = []
    for row in rows:
        begin, length = to_number(row.get(start)), to_number(row.get(duration))
        if begin is not None and length is not None and length >= 0:
            timed.append((begin, begin + length, row))
    timed.sort(key=_begin)
    ends: list[float] = []
    index = 0
    while index < len(timed):
        begin = timed[index][0]
        together = index
        while together < len(timed) and timed[together][0] == begin:
            heapq.heappush(ends, timed[together][1])
            together += 1
        while ends and ends[0] < begin:
            heapq.heappop(ends)
        for _, _, row in timed[index:together]:
            row[output] = len(ends)
        index = together


def _begin(item: tuple[float, float, Row]) -> float:
    return item[0]
