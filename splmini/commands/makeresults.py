"""The makeresults command: results out of nothing, or out of CSV or JSON in the search."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from splmini.commands.arguments.options import option_name
from splmini.commands.arguments.reading import Arguments, fail, read
from splmini.language import tree
from splmini.operators import Columns, Fields, Generating, Operator, Row, RunContext, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values import json

OPTIONS = {
    "count": OptionSpec("int", least=0, default=1, doc="How many results to make."),
    "annotate": OptionSpec(
        "bool",
        default=False,
        choices=("1", "t", "true", "yes", "0", "f", "false", "no"),
        doc="Add the default fields; those that are null are absent here.",
    ),
    "splunk_server": OptionSpec("string", doc="The server that makes the results; it shows with annotate only."),
    "splunk_server_group": OptionSpec("string", doc="A group of servers; it has no effect."),
    "format": OptionSpec("enum", choices=("csv", "json"), doc="The format of data."),
    "data": OptionSpec("string", doc="CSV with a header line, or a JSON array of objects, to make results of."),
}
LONGEST = 29_999
"""The most characters of data=."""


@command(
    "makeresults",
    options=OPTIONS,
    generating=True,
    syntax="makeresults [count=<int>] [annotate=<bool>] [splunk_server=<string>] [splunk_server_group=<string>] "
    "[format=csv|json data=<string>]",
    category="generating",
    reduces=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Makeresults",
    examples=(
        Example("| makeresults count=2 | eval a=1", ({"_time": 1700000000, "a": 1}, {"_time": 1700000000, "a": 1})),
        Example('| makeresults format=csv data="a,b\n1,x"', ({"a": 1, "b": "x"},)),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Make results whose `_time` is now, or results of CSV or JSON written in the search.

    In CSV the first line names the fields, and an empty cell is null. An array of JSON objects gives a result
    each, with the object as `_raw` and the time of the search as `_time`; objects and arrays in it become their JSON
    text, and null is null. A text that is no JSON gives no results. There are no options beside `format` and `data`. An
    option that there is not is ignored, as Splunk does; a message names it.

    *Null* cells and members are absent. It makes no *multivalue* fields: an array is its JSON text.

    Memory: results come as a stream.
    """
    arguments = read(node, OPTIONS, takes=(), any_option=True)
    form = arguments["format"]
    if (form is None) != (arguments["data"] is None):
        given = arguments.given.get("data") or arguments.given.get("format")
        fail(node, "format= and data= go together.", given)
    if form is not None:
        return _inline(node, arguments)
    count, server = arguments["count"], (arguments["splunk_server"] or "localhost") if arguments["annotate"] else None
    ignored = [option for name, option in arguments.given.items() if name not in OPTIONS]

    def generate_now(ctx: RunContext, needed: Fields) -> Stream:
        for option in ignored:
            text = f"makeresults has no option '{option_name(option)}': it is ignored."
            ctx.message("warn", "makeresults", text, option.span)

        ctx.budget.rows(count, "makeresults")

        def made() -> Iterator[Row]:
            now = int(ctx.now)
            for _ in range(count):
                yield {"_time": now} if server is None else {"_time": now, "splunk_server": server}

        return Stream(batched(made()), _shown(["_time"] if server is None else ["_time", "splunk_server"]))

    return Generating(name="makeresults", generate=generate_now, node=node, span=node.span)


def _shown(names: list[str]) -> Any:
    def columns() -> Columns:
        return list(names)

    return columns


def _inline(node: tree.Command, arguments: Arguments) -> Operator:
    """Results of what the search itself holds."""
    for name, option in arguments.given.items():
        if name not in ("format", "data"):
            fail(node, "Beside format= and data= makeresults takes no other option.", option)
    text = arguments["data"]
    if len(text) > LONGEST:
        fail(node, f"The data of makeresults has more than {LONGEST:,} characters.", arguments.given["data"])
    is_json = arguments["format"] == "json"
    rows = _json_rows(arguments, text) if is_json else _csv_rows(text)
    names = list(dict.fromkeys(name for row in rows for name in row))

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        timed = {"_time": int(ctx.now)} if is_json else {}
        return Stream(batched({**timed, **row} for row in rows), _shown([*timed, *names]))

    return Generating(name="makeresults", generate=generate, node=node, span=node.span)


def _csv_rows(text: str) -> list[Row]:
    lines = [line for line in csv.reader(io.StringIO(text.strip("\r\n"))) if line]
    if not lines:
        return []
    names = [name.strip() for name in lines[0]]
    return [{name: cell for name, cell in zip(names, line, strict=False) if name and cell != ""} for line in lines[1:]]


def _json_rows(arguments: Arguments, text: str) -> list[Row]:
    value = json.decode(text)
    if value is json.INVALID:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        arguments.fail("The data of makeresults is not an array of JSON objects.", arguments.given["data"].value)
    rows = []
    for item in value:
        texts = {str(name): json.encode(cell) if isinstance(cell, list) else cell for name, cell in item.items()}
        plain = {"_raw": json.encode(item)} | {name: json.plain(cell) for name, cell in texts.items()}
        rows.append({name: cell for name, cell in plain.items() if cell is not None})
    return rows
