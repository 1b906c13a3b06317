"""The makejson command: a JSON object of fields."""

from __future__ import annotations

from collections.abc import Callable

from splmini.commands.arguments.reading import FieldPatterns, fail, field_names, read, reading
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming, appended
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values import json

OPTIONS = {"output": OptionSpec("field", doc="The field to write the JSON object to.")}


@command(
    "makejson",
    options=OPTIONS,
    syntax="makejson [<wc-field-list>] output=<field>",
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Makejson",
    examples=(Example("| makejson a output=j", ({"j": '{"a":1}'},), ({"a": 1, "b": 2},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Write a JSON object of the fields listed, or of all fields, in alphabetical order, to a field.

    *Null* fields are left out; *multivalue* fields are arrays.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    output = arguments["output"]
    if output is None:
        fail(node, "makejson needs output=.")
    names = field_names(arguments.words) or ["*", "_*"]

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        patterns = FieldPatterns(names)

        def makejson(batch: Batch) -> Batch:
            for row in batch:
                row[output] = json.encode({name: row[name] for name in sorted(patterns.select(row))})
            return batch

        return makejson

    needed = None if any("*" in name for name in names) else frozenset(names)
    return Streaming(
        name="makejson",
        bind=bind,
        requires=reading(needed, (output,)),
        columns=appended(output),
        writes=frozenset({output}),
        node=node,
        span=node.span,
    )
