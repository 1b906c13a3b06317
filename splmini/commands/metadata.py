"""The metadata command: the hosts, sources or sourcetypes of the events."""

from __future__ import annotations

from collections.abc import Iterator

from splmini.commands.arguments.reading import fail, read
from splmini.language import tree
from splmini.operators import Fields, Generating, Operator, Request, Row, RunContext, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_number, to_text
from splmini.values.wildcards import compile_wildcard

TYPES = {"hosts": "host", "sources": "source", "sourcetypes": "sourcetype"}
OPTIONS = {
    "type": OptionSpec("enum", choices=tuple(TYPES), doc="What to list."),
    "index": OptionSpec("string", default="*", doc="Which indexes; * is a wildcard."),
    "splunk_server": OptionSpec("string", doc="Accepted; there is one place."),
    "splunk_server_group": OptionSpec("string", doc="Accepted; there is one place."),
    "datatype": OptionSpec("enum", default="all", choices=("all", "event", "metric"), doc="Accepted; all are events."),
}


@command(
    "metadata",
    options=OPTIONS,
    generating=True,
    syntax="metadata type=(hosts|sources|sourcetypes) [index=<index>] [splunk_server=<name>]",
    category="generating",
    rereads=True,
    reach="events",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Metadata",
    examples=(
        Example(
            "| metadata type=hosts",
            ({"host": "a", "totalCount": 2, "firstTime": 10, "lastTime": 20},),
            ({"host": "a", "_time": 10}, {"host": "a", "_time": 20}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """List each host, source or sourcetype with its first and last time and its number of events.

    `recentTime` is the last time too: events have no index time of their own. Events without the field (*null*) are
    left out; of a *multivalue* field each value counts.

    Memory: a few numbers for each host, source or sourcetype.
    """
    arguments = read(node, OPTIONS, takes=())
    if arguments["type"] is None:
        fail(node, "metadata needs type=hosts, type=sources or type=sourcetypes.")
    kind = arguments["type"]
    name = TYPES[kind]
    matches = compile_wildcard(arguments["index"])

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        def rows() -> Iterator[Row]:
            found: dict[str, Row] = {}
            for row in ctx.scan(Request(needed=frozenset({name, "index", "_time"}))).rows():
                if matches(to_text(row.get("index", ctx.index))):
                    for value in as_list(row.get(name)):
                        _count(found.setdefault(to_text(value), {name: to_text(value), "type": kind}), row)
            yield from (found[value] for value in sorted(found))

        return Stream(batched(rows()), lambda: ["firstTime", name, "lastTime", "recentTime", "totalCount", "type"])

    return Generating(name="metadata", generate=generate, node=node, span=node.span)


def _count(entry: Row, row: Row) -> None:
    entry["totalCount"] = entry.get("totalCount", 0) + 1
    moment = to_number(row.get("_time"))
    if moment is not None:
        entry["firstTime"] = min(entry.get("firstTime", moment), moment)
        entry["lastTime"] = entry["recentTime"] = max(entry.get("lastTime", moment), moment)
