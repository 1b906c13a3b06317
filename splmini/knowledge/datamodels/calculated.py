"""The calculated fields of data models: Eval, Rex, Lookup and GeoIP, made one after the other.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Knowledge/Adddatasetfields
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from splmini import compiler
from splmini.commands.eval import store as set_field
from splmini.commands.iplocation import ALL_FIELDS, finder
from splmini.errors import KnowledgeError, SplError, UnsupportedFeature
from splmini.knowledge.datamodels.models import CalculatedFields
from splmini.knowledge.fields.columns import Over, over_rows
from splmini.knowledge.fields.settings import parse_expression, store
from splmini.knowledge.fields.steps import Names
from splmini.operators import Fields, union
from splmini.values import regex
from splmini.values.multivalue import as_list, first, from_list
from splmini.values.numbers import to_text
from splmini.values.wildcards import has_wildcard

if TYPE_CHECKING:
    from splmini.language import tree
    from splmini.operators import Row, RunContext


@dataclass(frozen=True)
class Change:
    """One calculation: what it does to a row, the fields that it reads (None: any) and sets, and whether it does the
    same to the same values all through a run."""

    apply: Callable[[Row], None]
    reads: Fields
    writes: frozenset[str]
    same: bool = True

    @cached_property
    def over(self) -> Over | None:
        """Return the calculation over columns; None where it has to see each row."""
        if self.reads is None or not self.same or any(map(has_wildcard, self.reads)):
            return None
        return over_rows(lambda row, given: self.apply(row), self.reads, self.writes, Names(self.writes))


def calculations(
    all_of: Sequence[CalculatedFields], required: Fields, ctx: RunContext, model: str
) -> tuple[list[Change], Fields]:
    """Return the steps that make the fields required after them, in order, and the fields required before them."""
    steps: list[Change] = []
    for each in reversed(all_of):
        outputs = [name for name, _ in each.outputs]
        if not outputs or (required is not None and required.isdisjoint(outputs)):
            continue  # it makes nothing, or nothing that is read
        step = _calculation(each, ctx, model)
        required = union(required, step.reads)
        steps.append(step)
    return steps[::-1], required


def assignments(pairs: Sequence[tuple[str, tree.Node]], required: Fields, ctx: RunContext) -> list[Change] | None:
    """Return what the eval commands of a base search do to the fields that are required after them; None where that
    cannot be done to columns."""
    steps: list[Change] = []
    for target, node in reversed(pairs):
        if required is not None and target not in required:
            continue
        if compiler.is_boolean(node):
            return None
        steps.append(_assignment(target, node, ctx))
        required = union(required, steps[-1].reads)
    return steps[::-1] if all(step.over for step in steps) else None


def _assignment(target: str, node: tree.Node, ctx: RunContext) -> Change:
    expression = ctx.expression(node)

    def assign(row: Row) -> None:
        set_field(row, target, expression(row))

    return Change(assign, compiler.fields_read(node), frozenset({target}), compiler.depends_on_fields(node))


def _calculation(each: CalculatedFields, ctx: RunContext, model: str) -> Change:
    if each.kind == "Eval":
        return _eval(each, ctx, model)
    if each.kind == "Rex":
        return _rex(each)
    if each.kind == "Lookup":
        return _lookup(each, ctx)
    if each.kind == "GeoIP":
        return _geo_ip(each, ctx, model)
    raise UnsupportedFeature(
        f"The data model '{model}' has a calculated field of the kind {each.kind}.", name=each.kind
    )


def _eval(each: CalculatedFields, ctx: RunContext, model: str) -> Change:
    target = each.outputs[0][0]
    try:
        node = parse_expression(each.expression)
    except SplError as error:
        raise KnowledgeError(
            f"The calculation of '{model}.{target}' is no expression: {error.message}", name=model
        ) from None
    expression = ctx.expression(node)

    def calculate(row: Row) -> None:
        store(row, target, expression(row))

    return Change(calculate, compiler.fields_read(node), frozenset({target}), compiler.depends_on_fields(node))


def _rex(each: CalculatedFields) -> Change:
    pattern = regex.compile(each.expression, any_names=True)
    wanted = frozenset(name for name, _ in each.outputs)
    groups = [(name, index) for name, index in pattern.names if name in wanted]

    def extract(row: Row) -> None:
        value = row.get(each.input_field)
        match = None if value is None else pattern.search("\n".join(map(str, as_list(value))))
        if match is not None:
            for name, index in groups:
                found = match.group(index)
                if found:
                    row[name] = found

    return Change(extract, wanted | {each.input_field}, wanted)


def _lookup(each: CalculatedFields, ctx: RunContext) -> Change:
    table = ctx.lookups.table(each.lookup)
    columns = [column for column, _ in each.inputs]
    match = table.matcher(columns, [column for _, column in each.outputs], ctx)

    def look_up(row: Row) -> None:
        keys = [row.get(field) for _, field in each.inputs]
        if any(key is None for key in keys):
            return
        moment = row.get("_time")
        found = match(keys, moment if isinstance(moment, (int, float)) else None) or []
        for field, column in each.outputs:
            values = [item for one in found if column in one for item in as_list(one[column])]
            if values:
                row[field] = from_list(values)

    outputs = frozenset(field for field, _ in each.outputs)
    timed = getattr(getattr(table, "definition", None), "time_field", None) is not None
    reads = outputs.union((field for _, field in each.inputs), ("_time",) if timed else ())
    return Change(look_up, reads, outputs)


_PLACES = {name.lower(): name for name in ALL_FIELDS} | {"latitude": "lat", "longitude": "lon"}


def _geo_ip(each: CalculatedFields, ctx: RunContext, model: str) -> Change:
    """Where an address is, as iplocation finds it. An output is one of its fields, with a prefix or without."""
    targets: list[tuple[str, str]] = []
    for field, column in each.outputs:
        place = _place_of(column) or _place_of(field)
        if place is None:
            raise KnowledgeError(
                f"'{model}.{field}' is nothing that a GeoIP calculation gives.",
                name=model,
                hint=f"It gives {', '.join(ALL_FIELDS)}.",
            )
        targets.append((field, place))
    find = finder(ctx)

    def locate(row: Row) -> None:
        value = first(row.get(each.input_field))
        if value is None:
            return
        found = find(to_text(value))
        for field, place in targets:
            if place in found:
                row[field] = found[place]

    outputs = frozenset(field for field, _ in targets)
    return Change(locate, outputs | {each.input_field}, outputs)


def _place_of(name: str) -> str | None:
    """The field of iplocation that a name stands for: `City`, `client_City`, `Latitude`."""
    lower = name.lower()
    return _PLACES.get(lower) or next(
        (place for known, place in _PLACES.items() if lower.endswith(("_" + known, "." + known))), None
    )
