"""The inputcsv command: the rows of a CSV file as results."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from splmini.commands._arguments import fail, read
from splmini.commands._subsearches import one_after_the_other
from splmini.commands.outputcsv import file_name
from splmini.language import tree
from splmini.operators import Fields, Generating, Operator, Row, RunContext, Stream, batched
from splmini.registry import BuildScope, OptionSpec, command

OPTIONS = {
    "dispatch": OptionSpec("bool", default=False, doc="Where a server looks for the file; no effect here."),
    "append": OptionSpec("bool", default=False, doc="Add the rows behind the results instead of replacing them."),
    "strict": OptionSpec("bool", default=False, doc="A file that is not there is always an error; no effect here."),
    "start": OptionSpec("int", default=0, doc="The first row, from 0."),
    "max": OptionSpec("int", default=1000000000, doc="How many rows."),
    "events": OptionSpec("bool", default=False, doc="Whether the rows are events; no effect here."),
}


@command(
    "inputcsv",
    options=OPTIONS,
    clauses=("where",),
    generating=True,
    syntax="inputcsv [append=<bool>] [start=<int>] [max=<int>] [events=<bool>] <file> [where <search>]",
    category="generating",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Inputcsv",
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Give the rows of a CSV file below `data_dir`, or of one that outputcsv wrote; `where` filters them like search.

    Empty cells are *null*; the lines of a cell with several are a *multivalue* field.

    Memory: the file.
    """
    arguments = read(node, OPTIONS, clauses=("where",), takes=(tree.Word,))
    if len(arguments.words) != 1:
        fail(node, "inputcsv needs the name of one file.")
    name = file_name(arguments.words[0].text)
    where = arguments.clause("where")
    start, most = arguments["start"], arguments["max"]

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        reader = csv.DictReader(io.StringIO(ctx.read_file(name)))
        test = ctx.predicate(where[0]) if where else None

        def rows() -> Iterator[Row]:
            kept = 0
            for record in reader:
                row = {key: _value(value) for key, value in record.items() if key and value}
                if test is None or test(row):
                    kept += 1
                    if kept > start + most:
                        return
                    if kept > start:
                        yield row

        return Stream(batched(rows()), lambda: list(reader.fieldnames or ()))

    def follows(stream: Stream, ctx: RunContext) -> Stream:
        return one_after_the_other(stream, generate(ctx, None))

    behind = follows if arguments["append"] else None
    return Generating(name="inputcsv", generate=generate, follows=behind, node=node, span=node.span)


def _value(text: str) -> str | list[str]:
    return text.split("\n") if "\n" in text else text
