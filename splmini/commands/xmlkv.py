"""The xmlkv command: fields from the elements of XML text."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from splmini.commands.arguments.reading import fail, read, reading
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming, unknown
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_text

OPTIONS = {
    "maxinputs": OptionSpec("int", default=50000, doc="How many results Splunk hands over at once; no effect here.")
}
_ELEMENT = re.compile(r"<([^\s<>/!?]+)(?:\s[^<>]*)?>([^<>]+)</\1\s*>")


@command(
    "xmlkv",
    options=OPTIONS,
    syntax="xmlkv [<field>] [maxinputs=<int>]",
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Xmlkv",
    examples=(Example("| xmlkv x", ({"user": "bob", "code": "5"},), ({"x": "<user>bob</user> <code>5</code>"},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Make a field of each element of a text (`_raw` without a field) that holds text only, named after the element.

    The text need not be well-formed XML. An element that comes several times is *multivalue*; fields that are there are
    replaced. *Null* and texts without elements pass unchanged.
    """
    words = read(node, OPTIONS, takes=(tree.Word,)).words
    if len(words) > 1:
        fail(node, "xmlkv takes one field.", words[1])
    source = words[0].text if words else "_raw"

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        def xmlkv(batch: Batch) -> Batch:
            for row in batch:
                found: dict[str, list[str]] = {}
                for item in as_list(row.get(source)):
                    for name, text in _ELEMENT.findall(to_text(item)):
                        if text.strip():
                            found.setdefault(name, []).append(unescape(text.strip()))
                for name, texts in found.items():
                    row[name] = from_list(texts)
            return batch

        return xmlkv

    return Streaming(
        name="xmlkv", bind=bind, requires=reading(frozenset({source})), columns=unknown, node=node, span=node.span
    )
