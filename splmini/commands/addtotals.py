"""addtotals: the sum of the numeric fields of each row, and of each column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from splmini.commands.arguments.reading import Arguments, FieldPatterns, field_names, is_internal, read
from splmini.language import tree
from splmini.operators import (
    ALL,
    Batch,
    Columns,
    Fields,
    Operator,
    Row,
    RunContext,
    Sequence,
    Stream,
    Streaming,
    appended,
)
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values import numbers
from splmini.values.numbers import to_number

OPTIONS = {
    "row": OptionSpec("bool", default=True, doc="Whether each row gets the sum of its fields."),
    "col": OptionSpec("bool", default=False, doc="Whether a last row has the sum of each column."),
    "fieldname": OptionSpec("field", default="Total", doc="The field of the sum of a row."),
    "labelfield": OptionSpec("field", doc="The field of the last row that gets the label."),
    "label": OptionSpec("string", default="Total", doc="The label of the last row."),
}
EVENTS = ({"p": "A", "Q1": 12, "Q2": 14}, {"p": "B", "Q1": 14, "Q2": 11})


@command(
    "addtotals",
    options=OPTIONS,
    category="reporting",
    syntax="addtotals [row=BOOL] [col=BOOL] [fieldname=NAME] [labelfield=FIELD] [label=STRING] [FIELD ...]",
    tabular=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Addtotals",
    examples=(
        Example("| addtotals fieldname=Sum", [{"p": "A", "Sum": 26}, {"p": "B", "Sum": 25}], EVENTS),
        Example(
            "| addtotals row=f col=t labelfield=p", [{"p": "A"}, {"p": "B"}, {"p": "Total", "Q1": 26, "Q2": 25}], EVENTS
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Adds to each row the sum of its numeric fields; with `col=t`, a last row with the sum of each column.

    Without a field list all fields count but those whose names begin with an underscore; the list takes wildcards.
    What is no number, null, and multivalue fields are ignored; a row without any number gets 0. A column without any
    number stays empty in the last row.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    names = field_names(arguments.words, node)
    wanted = chosen(names)
    target = arguments["fieldname"]
    if arguments["col"]:
        return totals_operator(arguments, wanted, names, target if arguments["row"] else None)
    if not arguments["row"]:
        return Streaming(name=node.name, bind=_nothing, requires=_as_is, writes=frozenset(), span=node.span)

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        def add(batch: Batch) -> Batch:
            for row in batch:
                row[target] = row_total(row, wanted)
            return batch

        return add

    def requires(after: Fields) -> Fields:
        return ALL if not names or after is None else (after - {target}) | frozenset(names)

    return Streaming(
        name=node.name,
        bind=bind,
        requires=requires,
        columns=appended(target),
        writes=frozenset({target}),
        span=node.span,
    )


def _nothing(ctx: RunContext) -> Callable[[Batch], Batch]:
    return _unchanged


def _unchanged(batch: Batch) -> Batch:
    return batch


def _as_is(after: Fields) -> Fields:
    return after


def chosen(names: list[str]) -> Callable[[str], bool]:
    """Return the test of a field's name: in the list, or without one, not internal."""
    if names:
        return FieldPatterns(names).matches

    def visible(name: str) -> bool:
        return not is_internal(name)

    return visible


def row_total(row: Row, wanted: Callable[[str], bool]) -> int | float | None:
    """Return the sum of the numbers of a row."""
    total: int | float | None = 0
    for name, value in row.items():
        if wanted(name) and (number := to_number(value)) is not None and total is not None:
            total = numbers.add(total, number)
    return total


def totals_operator(
    arguments: Arguments, wanted: Callable[[str], bool], names: list[str], target: str | None
) -> Operator:
    """Return the operator that appends a row of column totals, and sums each row into `target` if given."""
    label, labelfield = arguments["label"], arguments["labelfield"]

    def run(stream: Stream, ctx: RunContext) -> Stream:
        seen: dict[str, None] = {}

        def batches() -> Iterator[Batch]:
            sums: dict[str, Any] = {}
            rows = 0
            for batch in stream.batches:
                rows += len(batch)
                for row in batch:
                    _add_row(row, sums, wanted, target)
                    if not seen.keys() >= row.keys():
                        seen.update(dict.fromkeys(row))
                yield batch
            if rows:
                last: Row = {name: total for name, total in sums.items() if total is not None}
                if labelfield:
                    last[labelfield] = label
                yield [last]

        def columns() -> Columns:
            before = stream.columns()
            known = list(seen) if before is None else before
            return known + [name for name in (target, labelfield) if name and name not in known]

        return Stream(batches(), columns)

    def requires(after: Fields) -> Fields:
        return ALL if not names or after is None else after | frozenset(names)

    return Sequence(name=arguments.command.name, run=run, requires=requires, span=arguments.command.span)


def _add_row(row: Row, sums: dict[str, Any], wanted: Callable[[str], bool], target: str | None) -> None:
    if target is not None:
        row[target] = row_total(row, wanted)
    for name, value in row.items():
        if (wanted(name) or name == target) and (number := to_number(value)) is not None:
            sums[name] = numbers.add(sums.get(name) or 0, number)
