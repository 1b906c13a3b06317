"""The localize command: the time ranges in which results lie."""

from __future__ import annotations

from collections.abc import Iterator

from splmini.commands.arguments.reading import fail, only, read
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.numbers import to_number

OPTIONS = {
    "maxpause": OptionSpec("span", doc="The longest time between two results of one range; 1m without it."),
    "timeafter": OptionSpec("span", doc="How much to add behind a range; 30s without it."),
    "timebefore": OptionSpec("span", doc="How much to add before a range; 30s without it."),
}
_DEFAULTS = {"maxpause": 60.0, "timeafter": 30.0, "timebefore": 30.0}


@command(
    "localize",
    options=OPTIONS,
    syntax="localize [maxpause=<int>(s|m|h|d)] [timeafter=<int>(s|m|h|d)] [timebefore=<int>(s|m|h|d)]",
    category="transforming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Localize",
    examples=(
        Example(
            "| localize maxpause=1m timebefore=10s timeafter=10s",
            ({"starttime": 990, "endtime": 1060},),
            ({"_time": 1050}, {"_time": 1000}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Give the time ranges in which results lie, `starttime` and `endtime`, newest first.

    Results whose times are no more than `maxpause` apart are in one range. Its use is `map`, to search around events.
    *Null*: results without a time are left out. Memory: one number a result.

    *Multivalue* times are no times.
    """
    arguments = read(node, OPTIONS, takes=())
    lengths = {}
    for name, default in _DEFAULTS.items():
        span = arguments[name]
        if span is not None and span.seconds is None:
            fail(node, f"{name} is a length in seconds, minutes, hours or days.", arguments.given[name].value)
        lengths[name] = default if span is None else span.seconds

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def rows() -> Iterator[Row]:
            times: list[float] = []
            for batch in stream.batches:
                times.extend(time for row in batch if (time := to_number(row.get("_time"))) is not None)
                ctx.check(len(times))
            times.sort(reverse=True)
            start = 0
            for index in range(len(times)):
                last = index + 1 == len(times)
                if last or times[index] - times[index + 1] > lengths["maxpause"]:
                    yield {
                        "starttime": _whole(times[index] - lengths["timebefore"]),
                        "endtime": _whole(times[start] + lengths["timeafter"]),
                    }
                    start = index + 1

        return Stream(batched(rows()), _columns)

    return Sequence(name="localize", run=run, requires=only({"_time"}), keeps_order=False, node=node, span=node.span)


def _columns() -> list[str] | None:
    return ["starttime", "endtime"]


def _whole(time: float) -> float:
    return int(time) if float(time).is_integer() else time
