"""The inputcsv command: the rows of a CSV file as results."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator

from splmini.commands.arguments.reading import fail, read
from splmini.commands.arguments.subsearches import one_after_the_other
from splmini.commands.outputcsv import file_name
from splmini.errors import KnowledgeError
from splmini.language import tree
from splmini.operators import Fields, Generating, Operator, Row, RunContext, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {
    "dispatch": OptionSpec("bool", default=False, doc="Where a server looks for the file; no effect here."),
    "append": OptionSpec("bool", default=False, doc="Add the rows behind the results instead of replacing them."),
    "strict": OptionSpec("bool", default=False, doc="A file that is not there is always an error; no effect here."),
    "start": OptionSpec("int", least=0, default=0, doc="The first row, from 0."),
    "max": OptionSpec("int", least=0, default=1000000000, doc="How many rows."),
    "events": OptionSpec("bool", default=False, doc="Whether the rows are events, which have _time and _raw."),
}


@command(
    "inputcsv",
    options=OPTIONS,
    clauses=("where",),
    generating=True,
    syntax="inputcsv [dispatch=<bool>] [append=<bool>] [strict=<bool>] [start=<int>] [max=<int>] [events=<bool>] "
    "<file> [where <search>]",
    category="generating",
    reach="server",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Inputcsv",
    examples=(
        Example(
            "| inputcsv start=1 scores where points>3",
            ({"user": "eve", "points": "9"},),
            ({"user": "bob", "points": 5}, {"user": "cat", "points": 2}, {"user": "eve", "points": 9}),
            before="| table user points | outputcsv scores",
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Give the rows of a CSV file below `data_dir`, or of one that outputcsv wrote; `where` filters them like search.

    A name without an extension stands for one that ends in `.csv`, where there is such a file. Empty cells are
    *null*; a *multivalue* field was written as one text, with blanks between its values. With `events=true` the file
    needs the columns `_time` and `_raw`.

    Memory: the file.
    """
    arguments = read(node, OPTIONS, clauses=("where",), takes=(tree.Word,))
    if len(arguments.words) != 1:
        fail(node, "inputcsv needs the name of one file.")
    word = arguments.words[0]
    where = arguments.clause("where")
    start, most = arguments["start"], arguments["max"]

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        reader = csv.DictReader(io.StringIO(_content(word.text, ctx)))
        if arguments["events"] and not {"_time", "_raw"} <= set(reader.fieldnames or ()):
            fail(node, "With events=true the file needs the columns _time and _raw.", arguments.given["events"])
        test = ctx.predicate(where[0]) if where else None

        def rows() -> Iterator[Row]:
            kept = 0
            for record in reader:
                row: Row = {key: value for key, value in record.items() if key and value}
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


def _content(name: str, ctx: RunContext) -> str:
    """The text of the file of this name; where there is none and the name has no extension, of `NAME.csv`."""
    longer = file_name(name)
    try:
        return ctx.files.read(longer)
    except KnowledgeError:
        if longer == name:
            raise
        with contextlib.suppress(KnowledgeError):
            return ctx.files.read(name)
        raise
