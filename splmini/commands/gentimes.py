"""The gentimes command: time ranges, one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, tzinfo

from splmini.commands.arguments.reading import Arguments, fail, read
from splmini.language import tree
from splmini.operators import Columns, Fields, Generating, Operator, Row, RunContext, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values import times

OPTIONS = {
    "start": OptionSpec("string", doc="MM/DD/YYYY[:HH:MM:SS], or a number of days before (negative) or after today."),
    "end": OptionSpec("string", doc="Where to end, in the same form; last midnight without it."),
    "increment": OptionSpec("string", default="1d", doc="The length of a range: a number with s, m, h or d."),
}
COLUMNS = ["endhuman", "endtime", "starthuman", "starttime"]
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?::(\d{1,2}):(\d{1,2}):(\d{1,2}))?", re.ASCII)
_DAYS = re.compile(r"[+-]?\d{1,6}", re.ASCII)
_INCREMENT = re.compile(r"(\d{1,9})([smhd]?)", re.ASCII | re.IGNORECASE)
_HUMAN = "%a %b %e %H:%M:%S %Y"


@command(
    "gentimes",
    options=OPTIONS,
    generating=True,
    syntax="gentimes start=<timestamp> [end=<timestamp>] [increment=<int>(s|m|h|d)]",
    category="generating",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Gentimes",
    examples=(Example("| gentimes start=4/4/21 end=4/5/21", ({"starttime": 1617494400, "endtime": 1617580799},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Give a result for each range of time from `start` up to `end`: when it starts and ends, as epoch and as text.

    A range ends one second before the next one starts. Days follow the calendar of the time zone.

    It reads no fields, so that *null* and *multivalue* do not apply.

    Memory: results come as a stream.
    """
    arguments = read(node, OPTIONS, takes=())
    if arguments["start"] is None:
        fail(node, "gentimes needs start=.")
    match = _INCREMENT.fullmatch(arguments["increment"])
    if match is None or int(match[1]) < 1:
        message = f"The increment is a number with s, m, h or d, not '{arguments['increment']}'."
        fail(node, message, arguments.given["increment"])
    count, unit = int(match[1]), (match[2] or "d").lower()
    for name in ("start", "end"):
        _check(arguments, name)
    start_text, end_text = arguments["start"], arguments["end"]

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        zone = ctx.timezone
        start = _time(start_text, ctx)
        end = times.relative_time(ctx.now, "@d", zone) if end_text is None else _time(end_text, ctx)

        def rows() -> Iterator[Row]:
            current, number = start, 0
            while current < end:
                following = times.relative_time(current, f"+{count}{unit}", zone)
                number += 1
                if number % 1024 == 0:
                    ctx.budget.rows(1024, "gentimes")
                    ctx.check()
                yield {
                    "starttime": int(current),
                    "starthuman": _human(current, zone),
                    "endtime": int(following) - 1,
                    "endhuman": _human(following - 1, zone),
                }
                current = following

        return Stream(batched(rows()), _columns)

    return Generating(name="gentimes", generate=generate, node=node, span=node.span)


def _columns() -> Columns:
    return list(COLUMNS)


def _human(time: float, zone: tzinfo) -> str | None:
    return times.strftime(time, _HUMAN, zone)


def _check(arguments: Arguments, name: str) -> None:
    text = arguments[name]
    if text is None or _DAYS.fullmatch(text):
        return
    match = _DATE.fullmatch(text)
    if match is None or _datetime(match) is None:
        hint = "Expected MM/DD/YYYY[:HH:MM:SS] or a number of days."
        fail(arguments.command, f"'{text}' is no time for {name}.", arguments.given[name].value, hint)


def _datetime(match: re.Match[str]) -> datetime | None:
    month, day, year, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        return datetime(year + 2000 if len(match[3]) == 2 else year, month, day, hour, minute, second)
    except ValueError:
        return None


def _time(text: str, ctx: RunContext) -> float:
    if _DAYS.fullmatch(text):
        return times.relative_time(ctx.now, f"{int(text):+d}d@d", ctx.timezone)
    match = _DATE.fullmatch(text)
    moment = _datetime(match) if match is not None else None
    assert moment is not None  # the search does not compile otherwise
    return times.to_epoch(moment, ctx.timezone)
