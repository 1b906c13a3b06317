"""The collect command: the results added to an index as summary events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from splmini.commands._arguments import fail, read
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Sequence, Stream
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values import times
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_number, to_text

OPTIONS = {
    "index": OptionSpec("string", doc="The index to add the events to."),
    "addtime": OptionSpec("bool", default=True, doc="Put a time in front of events that have no _raw."),
    "addinfo": OptionSpec("bool", default=True, doc="Accepted; info_* fields come from addinfo."),
    "file": OptionSpec("string", doc="The name of a file on a server; no effect here."),
    "spool": OptionSpec("bool", default=True, doc="Where a server writes the file; no effect here."),
    "host": OptionSpec("string", doc="The host of the events."),
    "source": OptionSpec("string", doc="The source of the events."),
    "sourcetype": OptionSpec("string", default="stash", doc="The sourcetype of the events."),
    "marker": OptionSpec("string", doc='Text to add to each event, such as report=\\"a\\".'),
    "testmode": OptionSpec("bool", default=False, doc="Give the events that would be added, and add none."),
    "run_in_preview": OptionSpec("bool", default=False, doc="Accepted; there is no preview."),
    "uselb": OptionSpec("bool", default=True, doc="Accepted; there is no load balancing."),
    "output_format": OptionSpec(
        "enum", default="raw", choices=("raw", "hec"), doc="How the events are written; no effect here."
    ),
}


@command(
    "collect",
    options=OPTIONS,
    syntax="collect index=<index> [addtime=<bool>] [source=<string>] [sourcetype=<string>] [host=<string>] "
    "[marker=<string>] [testmode=<bool>] …",
    category="reporting",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Collect",
    examples=(Example("| stats count | collect index=summary", ({"count": 1},), ({"n": 1},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Add the results to an index of the environment as events, and pass them on.

    Later runs search them, once this run ended well. A result with `_raw` is added as it is; of others a `_raw` of
    its time and `field="value"` pairs is made, without internal fields. *Null* fields are left out; of a *multivalue*
    field each value is a pair.

    Memory: all results, until the run ends.
    """
    arguments = read(node, OPTIONS, takes=())
    index = arguments["index"]
    if not index:
        fail(node, "collect needs index=.")
    options = dict(arguments.options)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def batches() -> Iterator[Batch]:
            for batch in stream.batches:
                events = [summary_event(row, options, ctx) for row in batch]
                if options["testmode"]:
                    yield events
                else:
                    ctx.write_events(index, events)
                    yield batch

        return Stream(batches(), stream.columns)

    return Sequence(name="collect", run=run, node=node, span=node.span)


def summary_event(row: Row, options: dict[str, Any], ctx: RunContext) -> Row:
    """Return the event that a result becomes in a summary index."""
    moment = to_number(row.get("_time"))
    time = ctx.now if moment is None else moment
    event = {name: value for name, value in row.items() if not name.startswith("_")}
    for name in ("host", "source", "sourcetype", "index"):
        if name in event:
            event[f"orig_{name}"] = event.pop(name)
    raw = row.get("_raw")
    if raw is None:
        pairs: list[str] = [f'{name}="{to_text(item)}"' for name, value in event.items() for item in as_list(value)]
        stamp = [times.strftime(time, "%m/%d/%Y %H:%M:%S %z", ctx.timezone) or ""] if options["addtime"] else []
        raw = ", ".join(stamp + pairs)
    if options["marker"]:
        raw = f"{to_text(raw)}, {options['marker']}"
    event |= {"_raw": raw, "_time": time, "sourcetype": options["sourcetype"]}
    return event | {name: options[name] for name in ("host", "source") if options[name]}
