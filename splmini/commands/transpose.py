"""The transpose command: turn rows into columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from splmini.budget import watched
from splmini.commands.arguments.options import parse_int
from splmini.commands.arguments.reading import fail, read
from splmini.language import tree
from splmini.operators import BATCH_SIZE, Columns, Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import joined

OPTIONS = {
    "column_name": OptionSpec("string", default="column", doc="The name of the column that holds the field names."),
    "header_field": OptionSpec("field", doc="The field whose values name the new columns."),
    "include_empty": OptionSpec("bool", default=True, doc="Whether to give a row for a field without any value."),
}


@command(
    "transpose",
    options=OPTIONS,
    syntax="transpose [<int>] [column_name=<string>] [header_field=<field>] [include_empty=<bool>]",
    category="transforming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Transpose",
    examples=(
        Example(
            "| table host n | transpose header_field=host",
            ({"column": "n", "a": 1, "b": 2},),
            ({"host": "a", "n": 1}, {"host": "b", "n": 2}),
        ),
        Example(
            "| transpose header_field=host column_name=metric",
            [{"metric": "cpu", "a": 1, "b": 2}],
            ({"host": "a", "cpu": 1}, {"host": "b", "cpu": 2}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Turn the first five results, or as many as the number says (0: all), into columns: a row for each field.

    The columns are called `row 1`, `row 2` and so on, or after the values of `header_field`.

    *Null* cells stay absent. *Multivalue* cells stay so; a multivalue header is joined by blanks.

    Memory: the results that become columns.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    words = arguments.words
    count = parse_int(words[0].text) if words else 5
    if count is None or count < 0 or len(words) > 1:
        fail(node, "transpose takes one number, of 0 or more.", words[-1])
    label, header = arguments["column_name"], arguments["header_field"]
    include_empty = arguments["include_empty"]

    def run(stream: Stream, ctx: RunContext) -> Stream:
        names: list[str] = []

        def rows() -> Iterator[Row]:
            held, fields = _read(stream, ctx, count)
            names.extend(_headers(held, header))
            for field in watched(fields, pause=1 if len(held) > BATCH_SIZE else BATCH_SIZE):
                if field == header:
                    continue
                cells = {name: row[field] for name, row in zip(names, held, strict=True) if field in row}
                if cells or include_empty:
                    yield {label: field, **cells}

        def columns() -> Columns:
            return list(dict.fromkeys([label, *names]))

        return Stream(batched(rows()), columns)

    return Sequence(name="transpose", run=run, keeps_order=False, node=node, span=node.span)


def _read(stream: Stream, ctx: RunContext, count: int) -> tuple[list[Row], list[str]]:
    """Return the rows to turn, and the fields of all rows in column order."""
    held: list[Row] = []
    seen: dict[str, None] = {}
    for batch in stream.batches:
        for row in batch:
            if not seen.keys() >= row.keys():
                seen.update(dict.fromkeys(row))
        held.extend(batch if not count else batch[: count - len(held)] if len(held) < count else [])
        ctx.check(len(held))
    before = stream.columns() or []
    return held, [*before, *(name for name in seen if name not in before)]


def _headers(rows: list[Row], header: str | None) -> list[str]:
    names: dict[str, None] = {}
    for number, row in enumerate(rows, 1):
        value: Any = None if header is None else row.get(header)
        name = f"row {number}" if value is None else joined(value, " ")
        names[name if name not in names else f"{name} {number}"] = None
    return list(names)
