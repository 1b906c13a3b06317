"""The tags command: the tags of field values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from splmini.commands.arguments.reading import field_names, read, reading
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Streaming, unknown
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_text

OPTIONS = {
    "outputfield": OptionSpec("field", doc="One field to write all tags to; without it they are in tag::<field>."),
    "inclname": OptionSpec("bool", default=False, doc="Write the name of the field before each tag in outputfield."),
    "inclvalue": OptionSpec("bool", default=False, doc="Write the value of the field before each tag in outputfield."),
}


@command(
    "tags",
    options=OPTIONS,
    syntax="tags [outputfield=<field>] [inclname=<bool>] [inclvalue=<bool>] [<field-list>]",
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Tags",
    examples=(
        Example(
            "| tags outputfield=found inclname=t host", ({"found": "host::web"},), ({"host": "a", "tag::host": "web"},)
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Give results the tags of the values of the fields listed, or of all fields.

    The tags of the loaded apps are computed when events are read and something asks for them, which this command does:
    they are in `tag::<field>` and, all together, in `tag`. With `outputfield` the tags of the fields are collected
    there, with their field's name and value where asked: `<field>::<value>::<tag>`.

    *Null*: a field that is absent has no tags. *Multivalue*: several tags are multivalue.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    names = field_names(arguments.words)
    output, with_name, with_value = arguments["outputfield"], arguments["inclname"], arguments["inclvalue"]

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        def tags(batch: Batch) -> Batch:
            if output is not None:
                for row in batch:
                    found = from_list(_collected(row, names, with_name, with_value))
                    if found is not None:
                        row[output] = found
            return batch

        return tags

    needed = frozenset({"tag", *names, *(f"tag::{name}" for name in names)})
    return Streaming(
        name="tags",
        bind=bind,
        requires=reading(needed if names else needed | {"tag::*"}),
        columns=unknown,
        writes=frozenset({output}) if output else frozenset(),
        node=node,
        span=node.span,
    )


def _collected(row: Row, names: list[str], with_name: bool, with_value: bool) -> list[Any]:
    fields = names or [name[5:] for name in row if name.startswith("tag::")]
    found: dict[str, None] = {}
    for name in fields:
        for tag in as_list(row.get(f"tag::{name}")):
            parts = [name] if with_name else []
            if with_value:
                parts.append(",".join(map(to_text, as_list(row.get(name)))))
            found["::".join([*parts, to_text(tag)])] = None
    return list(found)
