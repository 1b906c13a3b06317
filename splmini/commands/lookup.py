"""The lookup command: fields of a lookup table, found by the values of other fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from splmini.commands.arguments.notes import Notes, counted
from splmini.commands.arguments.reading import fail, read, reading
from splmini.errors import ArgumentError
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Streaming, appended
from splmini.registry import BuildScope, Example, FieldUse, FieldUses, Follow, Known, OptionSpec, command
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_number

OPTIONS = {
    "local": OptionSpec("bool", default=False, doc="Run on the search head; accepted, there is only one place."),
    "update": OptionSpec("bool", default=False, doc="Follow changes of the table in real time; no effect here."),
    "event_time_field": OptionSpec("field", default="_time", doc="The field that a time-based lookup compares."),
}


@dataclass(frozen=True)
class Column:
    """A column of the table, and the field of the events that it belongs to."""

    column: str
    field: str


@dataclass(frozen=True)
class Plan:
    """What a lookup does: which table, by which columns, with which outputs (None: all other columns)."""

    table: str
    keys: tuple[Column, ...]
    outputs: tuple[Column, ...] | None
    new_only: bool
    time_field: str


def _outputs(command: tree.Command) -> Iterator[FieldUse]:
    """Yield the fields that a lookup names behind OUTPUT or OUTPUTNEW."""
    for arg in command.args:
        for item in arg.items if isinstance(arg, tree.Clause) and arg.keyword in ("output", "outputnew") else ():
            word = item.alias if isinstance(item, tree.Rename) else item
            if isinstance(word, tree.Word):
                yield FieldUse(word.text, word)


def _after(command: tree.Command, before: Known | None, follow: Follow) -> Known | None:
    if before is None or not any(isinstance(arg, tree.Clause) for arg in command.args):
        return None
    return before.plus(*(use.name for use in _outputs(command)))


def _notes(node: tree.Command, before: Batch, after: Batch) -> Notes:
    keys = [
        (item.alias if isinstance(item, tree.Rename) else item).text
        for item in node.args[1:]
        if isinstance(item, (tree.Word, tree.Rename))
    ]
    # a field that was there before and is overwritten was found, too
    missed = [old for old, new in zip(before, after, strict=False) if new == old or len(new) < len(old)]
    if missed:
        yield f"{len(missed)} of {len(before)} rows found nothing in the lookup: {counted(keys, missed)}"


@command(
    "lookup",
    options=OPTIONS,
    clauses=("output", "outputnew"),
    open_clauses=("output", "outputnew"),
    renames=True,
    syntax="lookup [local=<bool>] [update=<bool>] [event_time_field=<field>] <table> (<column> [AS <field>])... "
    "[(OUTPUT|OUTPUTNEW) (<column> [AS <field>])...]",
    category="streaming",
    names=frozenset({"lookup"}),
    uses=FieldUses(makes=_outputs, lacking=_outputs, after=_after),
    notes=_notes,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Lookup",
    examples=(
        Example(
            "| lookup cim_dns_reply_code_lookup reply_code_id OUTPUT reply_code",
            ({"reply_code_id": "1", "reply_code": "FormErr"}, {"n": 1}),
            ({"reply_code_id": "1"}, {"n": 1}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Find the rows of a lookup table whose columns match the event's fields, and add their other columns.

    `OUTPUT` replaces fields that are there, `OUTPUTNEW` only fills those that are not; without either, or with nothing
    behind it, every other column is put out. How columns match (wildcards, CIDR blocks, case), how many rows count and
    what stands in where none matches is in the table's definition. Several matching rows give *multivalue* fields, in
    the table's order; a multivalue key matches the rows of each of its values.

    *Null*: an event that lacks one of the keys is not looked up; an empty cell gives no field. With OUTPUT, an event
    that matches nothing keeps its fields.
    """
    arguments = read(node, OPTIONS, clauses=("output", "outputnew"), takes=(tree.Word, tree.Rename))
    plan = _plan(node, arguments.positional, arguments.clauses, arguments["event_time_field"])
    table_node = arguments.positional[0]
    written = None if plan.outputs is None else frozenset(output.field for output in plan.outputs)
    reads = frozenset(key.field for key in plan.keys) | {plan.time_field}
    if plan.new_only and written:
        reads |= written

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        return _bound(plan, ctx, table_node)

    return Streaming(
        name="lookup",
        one_to_one=True,
        bind=bind,
        requires=reading(reads, () if plan.new_only else written or ()),
        writes=written,
        columns=appended(*(output.field for output in plan.outputs or ())),
        node=node,
        span=node.span,
    )


def _plan(node: tree.Command, positional: list[tree.Node], clauses: dict[str, tree.Clause], time_field: str) -> Plan:
    if not positional or not isinstance(positional[0], tree.Word):
        fail(node, "lookup needs the name of a table and a column to match.")
    if len(positional) < 2:
        fail(node, f"lookup needs a column of '{positional[0].text}' to match.")
    if len(clauses) > 1:
        fail(node, "lookup takes OUTPUT or OUTPUTNEW, not both.", clauses["outputnew"])
    keys = tuple(_column(each) for each in positional[1:])
    outputs = None
    for clause in clauses.values():
        outputs = tuple(_column(each) for each in clause.items) or None
    return Plan(positional[0].text, keys, outputs, "outputnew" in clauses, time_field)


def _column(node: tree.Node) -> Column:
    if isinstance(node, tree.Rename):
        return Column(node.source.text, node.alias.text)
    if not isinstance(node, tree.Word):
        raise ArgumentError(f"Expected a column, not '{node}'.", name="lookup", span=node.span)
    return Column(node.text, node.text)


def _bound(plan: Plan, ctx: RunContext, node: tree.Node) -> Callable[[Batch], Batch]:
    table = ctx.lookups.table(plan.table, node.span)
    columns = [key.column for key in plan.keys]
    if plan.outputs is None:
        outputs = [Column(name, name) for name in table.fields if name not in columns]
    else:
        outputs = list(plan.outputs)
    try:
        match = table.matcher(columns, list(dict.fromkeys(output.column for output in outputs)), ctx, plan.time_field)
    except ArgumentError as error:
        error.span = error.span or node.span
        raise
    fields = [key.field for key in plan.keys]
    remembered: dict[Any, Row | None] = {}
    timed = getattr(table, "time_based", True)

    def found(values: list[Any], moment: float | None) -> Row | None:
        rows = match(values, moment)
        return None if rows is None else _merged(rows, outputs)

    def look_up(batch: Batch) -> Batch:
        for row in batch:
            values = [row.get(name) for name in fields]
            if None in values:
                continue
            if timed:
                added = found(values, to_number(row.get(plan.time_field)))
            else:
                try:
                    key = values[0] if len(values) == 1 else tuple(values)
                    if key not in remembered:
                        if len(remembered) > 100_000:
                            remembered.clear()
                        remembered[key] = found(values, None)
                    added = remembered[key]
                except TypeError:  # a multivalue key
                    added = found(values, None)
            if added is not None:
                _add(row, added, outputs, plan.new_only)
        return batch

    return look_up


def _merged(rows: list[Row], outputs: list[Column]) -> Row:
    """One row of several matches: their values in the table's order."""
    if len(rows) == 1:
        return rows[0]
    return {
        output.column: from_list([item for row in rows for item in as_list(row.get(output.column))])
        for output in outputs
    }


def _add(row: Row, added: Row, outputs: list[Column], new_only: bool) -> None:
    for output in outputs:
        value = added.get(output.column)
        if new_only and output.field in row:
            continue
        if value is None or value == "":
            if not new_only:
                row.pop(output.field, None)
        else:
            row[output.field] = list(value) if isinstance(value, list) else value
