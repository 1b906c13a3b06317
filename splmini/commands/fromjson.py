"""The fromjson command: fields from a JSON object."""

from __future__ import annotations

from collections.abc import Callable

from splmini.commands.arguments.reading import one_field, read, reading
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming, unknown
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values import json
from splmini.values.multivalue import as_list

OPTIONS = {"prefix": OptionSpec("string", default="", doc="What to put before the names of the fields.")}


@command(
    "fromjson",
    options=OPTIONS,
    syntax="fromjson <field> [prefix=<string>]",
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Fromjson",
    examples=(
        Example(
            "| fromjson j prefix=p_",
            ({"p_name": "a", "p_tags": ["x", "y"], "p_in": '{"k":1}'},),
            ({"j": '{"name": "a", "tags": ["x", "y"], "in": {"k": 1}, "no": null}'},),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Make a field of each key of the JSON object that a field holds.

    Arrays are *multivalue*, objects inside stay JSON text, and null gives no field. Fields that are there are replaced.
    What is no JSON object leaves the result as it is.
    """
    arguments = read(node, OPTIONS)
    name = one_field(arguments)
    prefix = arguments["prefix"]

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        def fromjson(batch: Batch) -> Batch:
            for row in batch:
                for item in as_list(row.get(name)):
                    value = json.decode(item) if isinstance(item, str) else None
                    if isinstance(value, dict):
                        plain = {prefix + str(key): json.plain(cell) for key, cell in value.items()}
                        row.update((key, cell) for key, cell in plain.items() if cell is not None)
            return batch

        return fromjson

    return Streaming(
        name="fromjson", bind=bind, requires=reading(frozenset({name})), columns=unknown, node=node, span=node.span
    )
