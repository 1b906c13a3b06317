"""The iconify command: a mark for each combination of values."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from splmini.commands.arguments.reading import field_names, read, reading
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming, appended
from splmini.registry import BuildScope, Example, command
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_text
from splmini.values.wildcards import has_wildcard


@command(
    "iconify",
    syntax="iconify <field> ...",
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Iconify",
    examples=(Example("| iconify kind | stats dc(_icon) as n", ({"n": 2},), ({"kind": "a"}, {"kind": "b"})),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Add the field `_icon`, a number that is the same for the same values of the fields.

    In Splunk Web it stands for an icon; the numbers are not Splunk's. *Null*: a field that is absent is a value of its
    own. *Multivalue*: all values together.
    """
    arguments = read(node, {}, takes=(tree.Word,))
    names = field_names(arguments.words, node)
    if not names:
        arguments.fail("iconify needs a field.")
    for word in arguments.words:
        if has_wildcard(word.text):
            arguments.fail("iconify takes no wildcards.", word)

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        def iconify(batch: Batch) -> Batch:
            for row in batch:
                values = [list(map(to_text, as_list(row.get(name)))) for name in names]
                row["_icon"] = zlib.crc32(repr(values).encode())
            return batch

        return iconify

    return Streaming(
        name="iconify",
        bind=bind,
        requires=reading(frozenset(names), ("_icon",)),
        columns=appended("_icon"),
        writes=frozenset({"_icon"}),
        node=node,
        span=node.span,
    )
