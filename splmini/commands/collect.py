"""The collect command: the results added to an index as summary events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from splmini.commands.arguments.reading import fail, read
from splmini.commands.arguments.uses import SAME
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Sequence, Stream
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values import json, terms, times
from splmini.values.multivalue import as_list, first
from splmini.values.numbers import to_number, to_text

OPTIONS = {
    "index": OptionSpec("string", default="summary", doc="The index to add the events to."),
    "addtime": OptionSpec("bool", default=True, doc="Put a time in front of events that have no _raw."),
    "timeformat": OptionSpec("string", default="%m/%d/%Y %H:%M:%S %z", doc="How that time is written."),
    "addinfo": OptionSpec("bool", default=True, doc="Put the run's time range and time in front of the other fields."),
    "file": OptionSpec("string", doc="The name of the file of spool=false; $timestamp$ and $random$ are filled in."),
    "spool": OptionSpec("bool", default=True, doc="false: write the events to a file, and add none to the index."),
    "host": OptionSpec("string", doc="The host of the events."),
    "source": OptionSpec("string", doc="The source of the events."),
    "sourcetype": OptionSpec("string", default="stash", doc="The sourcetype of the events."),
    "marker": OptionSpec("string", doc='Text to add to each event, such as report=\\"a\\".'),
    "testmode": OptionSpec("bool", default=False, doc="Give the events that would be added, and add none."),
    "run_in_preview": OptionSpec("bool", default=False, doc="Accepted; there is no preview."),
    "uselb": OptionSpec("bool", default=True, doc="Accepted; there is no load balancing."),
    "output_format": OptionSpec(
        "enum", default="raw", choices=("raw", "hec"), doc="hec: JSON, with source, sourcetype and host as they are."
    ),
}
RAW_ONLY = ("addtime", "host", "marker", "source", "sourcetype", "uselb", "timeformat")
"""Options that output_format=hec does not take."""


@command(
    "collect",
    options=OPTIONS,
    syntax="collect index=<index> [addtime=<bool>] [timeformat=<string>] [addinfo=<bool>] "
    "[source=<string>] [sourcetype=<string>] [host=<string>] "
    "[marker=<string>] [output_format=(raw|hec)] [spool=<bool>] [file=<string>] [testmode=<bool>]",
    category="reporting",
    uses=SAME,
    reach="acts",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Collect",
    examples=(Example("| stats count | collect index=summary", ({"count": 1},), ({"n": 1},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Add the results to an index of the environment as events, and pass them on.

    Later runs search them, once this run ended well. A result with `_raw` is added as it is; of others a `_raw` of
    its time, the search's time range and `field=value` pairs is made, without internal fields. The time is that of
    the result's `info_min_time`, else `_time`, else the beginning of the search's time range, else now. *Null* fields
    are left out; the values of a *multivalue* field stand on lines of one pair, or with the limit
    `format_multivalue_collect` in a pair each. Values with a breaker (blanks, `.`, `-`, …) stand in quotation marks.

    With `output_format=hec` the event is a JSON object, and `addtime`, `host`, `marker`, `source`, `sourcetype` and
    `uselb` are not allowed.

    Memory: all results, until the run ends.
    """
    arguments = read(node, OPTIONS, takes=())
    index = arguments["index"]
    if not index:
        fail(node, "collect needs the name of an index.", arguments.given["index"])
    options = dict(arguments.options)
    if options["output_format"] == "hec":
        refused = next((arguments.given[name] for name in RAW_ONLY if name in arguments.given), None)
        if refused is not None:
            fail(node, f"collect takes no {refused.name} with output_format=hec.", refused)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def batches() -> Iterator[Batch]:
            lines: list[str] = []
            for batch in stream.batches:
                events = [summary_event(row, options, ctx) for row in batch]
                if options["testmode"]:
                    yield events
                    continue
                if options["spool"]:
                    ctx.write_events(index, events)
                else:
                    if not lines:
                        ctx.files.change(
                            _file_name(options["file"], ctx), lambda before: "".join((before or "", *lines))
                        )
                    lines.extend(f"{to_text(event['_raw'])}\n" for event in events)
                yield batch

        return Stream(batches(), stream.columns)

    return Sequence(name="collect", run=run, node=node, span=node.span)


def _file_name(given: str | None, ctx: RunContext) -> str:
    stamp = f"{ctx.now:.0f}"
    return (given or "$random$_events.stash").replace("$timestamp$", stamp).replace("$random$", stamp)


def summary_event(row: Row, options: dict[str, Any], ctx: RunContext) -> Row:
    """Return the event that a result becomes in a summary index."""
    time = _time(row, ctx)
    event = {name: value for name, value in row.items() if not name.startswith("_")}
    raw = row.get("_raw")
    if options["output_format"] == "hec":
        event.pop("index", None)
        event.pop("splunk_server", None)
        return {"sourcetype": "stash_hec"} | event | {"_raw": json.encode(event) if raw is None else raw, "_time": time}
    for name in ("host", "source", "sourcetype", "index"):
        if name in event:
            event[f"orig_{name}"] = event.pop(name)
    if raw is None:
        info = _info(ctx) if options["addinfo"] else {}
        raw = ", ".join(
            [
                *([times.strftime(time, options["timeformat"], ctx.timezone) or ""] if options["addtime"] else []),
                *(f"{name}={value}" for name, value in info.items() if name not in event),
                *(pair for name, value in event.items() for pair in _pairs(name, value, ctx)),
            ]
        )
        event = {**info, **event}
    if options["marker"]:
        raw = f"{to_text(raw)}, {options['marker']}"
    event |= {"_raw": raw, "_time": time, "sourcetype": options["sourcetype"]}
    return event | {name: options[name] for name in ("host", "source") if options[name]}


def _time(row: Row, ctx: RunContext) -> float:
    for value in (row.get("info_min_time"), row.get("_time"), ctx.earliest):
        moment = to_number(first(value))
        if moment is not None:
            return moment
    return ctx.now


def _info(ctx: RunContext) -> Row:
    """The ends of the search's time range, where it has some, and its time."""
    moments = {"info_min_time": ctx.earliest, "info_max_time": ctx.latest, "info_search_time": ctx.now}
    return {name: f"{moment:.3f}" for name, moment in moments.items() if moment is not None}


def _pairs(name: str, value: Any, ctx: RunContext) -> list[str]:
    texts = [to_text(item) for item in as_list(value)]
    if not ctx.limits.format_multivalue_collect:
        texts = ["\n".join(texts)]
    breakers = terms.MAJOR if ctx.limits.collect_ignore_minor_breakers else terms.MAJOR + terms.MINOR
    return [f"{name}={_quoted(text, breakers)}" for text in texts]


def _quoted(text: str, breakers: str) -> str:
    if text and not any(character in breakers or character.isspace() for character in text):
        return text
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'
