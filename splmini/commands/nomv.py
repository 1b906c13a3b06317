"""The nomv command: join the values of a field."""

from __future__ import annotations

from collections.abc import Callable

from splmini.commands.arguments.reading import one_field, read, reading
from splmini.commands.arguments.uses import SAME
from splmini.commands.mvcombine import Delimited
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming
from splmini.registry import BuildScope, Example, command
from splmini.values.multivalue import joined


@command(
    "nomv",
    syntax="nomv <field>",
    category="streaming",
    uses=SAME,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Nomv",
    examples=(Example("| nomv to", ({"to": "a\nb"},), ({"to": ["a", "b"]},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Join the values of a multivalue field to one value, with line breaks between them.

    Directly behind `mvcombine` its `delim` is used instead. *Null* and single values stay as they are.
    """
    name = one_field(read(node, {}))

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        def nomv(batch: Batch) -> Batch:
            for row in batch:
                value = row.get(name)
                if isinstance(value, list):
                    row[name] = joined(value, value.delimiter if isinstance(value, Delimited) else "\n")
            return batch

        return nomv

    return Streaming(
        name="nomv",
        one_to_one=True,
        pure=True,
        bind=bind,
        requires=reading(frozenset({name})),
        writes=frozenset({name}),
        node=node,
        span=node.span,
    )
