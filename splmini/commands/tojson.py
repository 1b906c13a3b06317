"""The tojson command: results as JSON objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from splmini.commands.arguments.reading import Arguments, FieldPatterns, fail, field_names, is_internal, read
from splmini.errors import UnknownFunction, did_you_mean
from splmini.language import tree
from splmini.operators import Batch, Fields, Operator, Row, RunContext, Streaming, appended
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values import json
from splmini.values.numbers import to_number, to_text

TYPES = ("auto", "bool", "json", "none", "num", "str")
OPTIONS = {
    "default_type": OptionSpec("enum", default="none", choices=TYPES, doc="The type of fields without a function."),
    "fill_null": OptionSpec("bool", default=False, doc="Write null where a value does not fit its type."),
    "include_internal": OptionSpec("bool", default=False, doc="Write internal fields, such as _time, too."),
    "output_field": OptionSpec("field", default="_raw", doc="The field to write the JSON text to."),
}
_SKIP = object()
_WORDS = {"true": True, "t": True, "yes": True, "false": False, "f": False, "no": False}


@command(
    "tojson",
    options=OPTIONS,
    syntax="tojson [(auto|bool|json|none|num|str)(<wc-field>)]... [default_type=<type>] [fill_null=<bool>] "
    "[include_internal=<bool>] [output_field=<field>]",
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Tojson",
    examples=(
        Example("| tojson num(n) str(m) output_field=j", ({"j": '{"n":5,"m":"7"}'},), ({"n": "5", "m": 7, "o": 1},)),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Write the fields of each result as a JSON object to `_raw` or another field.

    Functions choose fields and their types: `none` writes numbers as numbers and everything else as text, `str` text,
    `num` numbers, `bool` truth values (true, t, yes, and numbers but 0 are true), `json` what is valid JSON, `auto`
    whichever of number, truth value, null, JSON and text a value looks like. Fields may hold wildcards; without any
    function all fields are written, by `default_type`. A value that does not fit its type is left out, or null with
    `fill_null=true`.

    *Null* fields are left out. *Multivalue* fields are arrays.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word, tree.Group))
    choices = _choices(arguments)
    internal, output = arguments["include_internal"], arguments["output_field"]
    fill, default = arguments["fill_null"], arguments["default_type"]
    if not choices:
        choices = [(default, ["*", "_*"] if internal else ["*"])]

    def requires(after: Fields) -> Fields:
        names = {name for _, patterns in choices for name in patterns}
        return None if after is None or "*" in names else (after - {output}) | names

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        typed = [(name, FieldPatterns(patterns)) for name, patterns in choices]

        def tojson(batch: Batch) -> Batch:
            for row in batch:
                row[output] = json.encode(_object(row, typed, internal, fill))
            return batch

        return tojson

    return Streaming(
        name="tojson",
        bind=bind,
        requires=requires,
        columns=appended(output),
        writes=frozenset({output}),
        node=node,
        span=node.span,
    )


def _choices(arguments: Arguments) -> list[tuple[str, list[str]]]:
    choices = []
    for each in arguments.positional:
        if isinstance(each, tree.Word):
            choices.append((arguments["default_type"], [each.text]))
            continue
        assert isinstance(each, tree.Group)
        kind = each.name.lower()
        if kind not in TYPES:
            raise UnknownFunction(
                f"tojson has no function '{kind}'.", name=kind, span=each.span, hint=did_you_mean(kind, TYPES)
            )
        names = field_names(tree.Word(part.strip(" \"'")) for part in each.text.replace(",", " ").split())
        if not names:
            fail(arguments.command, f"{kind}() needs a field.", each)
        choices.append((kind, names))
    return choices


def _object(row: Row, typed: Sequence[tuple[str, FieldPatterns]], internal: bool, fill: bool) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for kind, patterns in typed:
        for name in patterns.select(row):
            if name in result or (is_internal(name) and not internal and name not in patterns.exact):
                continue
            value = row[name]
            if isinstance(value, list):
                items = [_typed(item, kind) for item in value]
                result[name] = [None if item is _SKIP else item for item in items if fill or item is not _SKIP]
                continue
            item = _typed(value, kind)
            if item is not _SKIP:
                result[name] = item
            elif fill:
                result[name] = None
    return result


def _typed(value: Any, kind: str) -> Any:
    """Return a value as JSON of a type; _SKIP where it does not fit."""
    if kind == "str":
        return to_text(value)
    number = to_number(value)
    if kind == "none":
        return value
    if kind == "num":
        return _SKIP if number is None else number
    text = to_text(value)
    if kind == "bool":
        word = _WORDS.get(text.strip().lower())
        return word if word is not None else _SKIP if number is None else number != 0
    decoded = json.decode(text)
    if kind == "json":
        return _SKIP if decoded is json.INVALID else decoded
    if number is not None:
        return number
    return text if decoded is json.INVALID else decoded
