"""The outputcsv command: the results written to a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

from splmini.commands.arguments.reading import fail, read
from splmini.commands.arguments.subsearches import rows_of
from splmini.commands.arguments.uses import SAME
from splmini.errors import KnowledgeError
from splmini.language import tree
from splmini.operators import Batch, Columns, Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import joined

OPTIONS = {
    "append": OptionSpec("bool", default=False, doc="Add behind the rows of the file."),
    "create_empty": OptionSpec("bool", default=False, doc="Without results, make an empty file, not none."),
    "override_if_empty": OptionSpec("bool", default=True, doc="Without results, do not keep a file that is there."),
    "dispatch": OptionSpec("bool", default=False, doc="Where a server puts the file; no effect here."),
    "usexml": OptionSpec("bool", default=False, doc="Without a file name, XML instead of CSV: not supported."),
    "singlefile": OptionSpec("bool", default=True, doc="One file; no effect here."),
}


@command(
    "outputcsv",
    options=OPTIONS,
    syntax="outputcsv [append=<bool>] [create_empty=<bool>] [override_if_empty=<bool>] [dispatch=<bool>] "
    "[usexml=<bool>] [singlefile=<bool>] [<file>]",
    category="dataset processing",
    tabular=True,
    uses=SAME,
    reach="acts",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Outputcsv",
    examples=(Example("| table n | outputcsv numbers", ({"n": 1},), ({"n": 1},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Write the results to a CSV file below `data_dir` (in memory without one), and pass them on.

    `.csv` is added to a name without an extension. With `append=true` only the columns that the file has are written.
    Internal fields are written too. The values of a *multivalue* field are written as one, with blanks between; a
    *null* field is an empty cell. `inputcsv` reads the file again, once this run ended well.

    Without a file name nothing is written: each result gets a field `_xml` with its line of CSV.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    if arguments["usexml"] and not arguments.words:
        fail(node, "outputcsv cannot write XML.", arguments.given["usexml"])
    if len(arguments.words) > 1:
        fail(node, "outputcsv takes one file name.", arguments.words[1])
    if not arguments.words:
        return Sequence(name="outputcsv", run=_into_field, node=node, span=node.span)
    name = file_name(arguments.words[0].text)
    if name.lower().endswith(".gz"):
        fail(node, "outputcsv writes no compressed files.", arguments.words[0])
    options = dict(arguments.options)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def batches() -> Iterator[Batch]:
            rows = rows_of(stream, ctx)
            ctx.files.change(name, _change(rows, stream.columns(), options))
            yield from batched(rows)

        return Stream(batches(), stream.columns)

    return Sequence(name="outputcsv", run=run, node=node, span=node.span)


def _into_field(stream: Stream, ctx: RunContext) -> Stream:
    """Give each result its line of CSV, in the columns that the results have."""

    def batches() -> Iterator[Batch]:
        rows = rows_of(stream, ctx)
        columns = stream.columns() or list(dict.fromkeys(field for row in rows for field in row))
        yield from batched(row | {"_xml": as_csv([row], columns, header=False).rstrip("\n")} for row in rows)

    def columns() -> Columns:
        before = stream.columns()
        return None if before is None else [*before, "_xml"]

    return Stream(batches(), columns)


def _change(rows: list[Row], columns: list[str] | None, options: dict[str, Any]) -> Callable[[str | None], str | None]:
    """Return what makes of the text of the file what it shall hold, whoever wrote it meanwhile."""
    names = columns or list(dict.fromkeys(field for row in rows for field in row))

    def change(before: str | None) -> str | None:
        if rows:
            known = [] if before is None or not options["append"] else _header(before)
            return f"{_whole_lines(before or '')}{as_csv(rows, known, False)}" if known else as_csv(rows, names)
        if options["append"] or not options["create_empty" if before is None else "override_if_empty"]:
            return before
        return "" if options["create_empty"] else None

    return change


def _header(text: str) -> list[str]:
    """The columns of a file; none of an empty one."""
    try:
        return next(csv.reader(io.StringIO(text)), [])
    except csv.Error as error:
        raise KnowledgeError(f"The file to append to is no CSV: {error}.") from None


def _whole_lines(text: str) -> str:
    return text if not text or text.endswith(("\n", "\r")) else text + "\n"


def file_name(name: str) -> str:
    """Return a name with an extension: `.csv`, where it has none."""
    return name if "." in name else f"{name}.csv"


def as_csv(rows: list[Row], columns: list[str], header: bool = True) -> str:
    """Return rows as CSV text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(columns)
    for row in rows:
        writer.writerow([joined(row.get(name), " ") for name in columns])
    return text.getvalue()
