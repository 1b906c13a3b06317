"""The calculated fields of data models: Eval, Rex, Lookup and GeoIP, made one after the other.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Knowledge/Adddatasetfields
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from splmini import compiler
from splmini.commands.iplocation import ALL_FIELDS, finder
from splmini.errors import KnowledgeError, SplError, UnsupportedFeature
from splmini.knowledge.datamodels.models import CalculatedFields
from splmini.knowledge.fields.settings import parse_expression, store
from splmini.operators import Fields, union
from splmini.values import regex
from splmini.values.multivalue import as_list, first, from_list
from splmini.values.numbers import to_text

if TYPE_CHECKING:
    from splmini.operators import Row, RunContext

Change: TypeAlias = "Callable[[Row], None]"


def calculations(
    all_of: Sequence[CalculatedFields], required: Fields, ctx: RunContext, model: str
) -> tuple[list[Change], Fields]:
    """Return the steps that make the fields required after them, in order, and the fields required before them."""
    steps: list[Change] = []
    for each in reversed(all_of):
        outputs = [name for name, _ in each.outputs]
        if not outputs or (required is not None and required.isdisjoint(outputs)):
            continue  # it makes nothing, or nothing that is read
        step, reads = _calculation(each, ctx, model)
        required = union(required, reads)
        steps.append(step)
    return steps[::-1], required


def _calculation(each: CalculatedFields, ctx: RunContext, model: str) -> tuple[Change, Fields]:
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


def _eval(each: CalculatedFields, ctx: RunContext, model: str) -> tuple[Change, Fields]:
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

    return calculate, compiler.fields_read(node)


def _rex(each: CalculatedFields) -> tuple[Change, Fields]:
    pattern = regex.compile(each.expression, any_names=True)
    wanted = {name for name, _ in each.outputs}
    groups = [(name, index) for name, index in pattern.names if name in wanted]

    def extract(row: Row) -> None:
        value = row.get(each.input_field)
        match = None if value is None else pattern.search("\n".join(map(str, as_list(value))))
        if match is not None:
            for name, index in groups:
                found = match.group(index)
                if found:
                    row[name] = found

    return extract, frozenset({each.input_field, *wanted})


def _lookup(each: CalculatedFields, ctx: RunContext) -> tuple[Change, Fields]:
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

    return look_up, frozenset({*(field for _, field in each.inputs), *(field for field, _ in each.outputs)})


_PLACES = {name.lower(): name for name in ALL_FIELDS} | {"latitude": "lat", "longitude": "lon"}


def _geo_ip(each: CalculatedFields, ctx: RunContext, model: str) -> tuple[Change, Fields]:
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

    return locate, frozenset({each.input_field, *(field for field, _ in targets)})


def _place_of(name: str) -> str | None:
    """The field of iplocation that a name stands for: `City`, `client_City`, `Latitude`."""
    lower = name.lower()
    return _PLACES.get(lower) or next(
        (place for known, place in _PLACES.items() if lower.endswith(("_" + known, "." + known))), None
    )
