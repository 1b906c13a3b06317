"""The xmlunescape command: the characters that XML entities in the text of events stand for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from splmini.commands.arguments.reading import read, reading
from splmini.commands.arguments.uses import SAME
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import as_list, from_list

OPTIONS = {
    "maxinputs": OptionSpec("int", default=50000, doc="How many results Splunk hands over at once; no effect here.")
}


@command(
    "xmlunescape",
    options=OPTIONS,
    syntax="xmlunescape [maxinputs=<int>]",
    category="streaming",
    uses=SAME,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Xmlunescape",
    examples=(Example("| xmlunescape", ({"_raw": "a < b && c > d"},), ({"_raw": "a &lt; b &amp;&amp; c &gt; d"},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Put the characters into `_raw` that the XML entities `&amp;`, `&lt;` and `&gt;` stand for.

    What was escaped more than once is unescaped as often. *Null* passes unchanged. *Multivalue*: each value.
    """
    read(node, OPTIONS, takes=())

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        def unescape(batch: Batch) -> Batch:
            for row in batch:
                raw = row.get("_raw")
                if raw is not None:
                    row["_raw"] = from_list(map(_unescaped, as_list(raw)))
            return batch

        return unescape

    return Streaming(
        name="xmlunescape",
        bind=bind,
        requires=reading(frozenset({"_raw"})),
        writes=frozenset({"_raw"}),
        node=node,
        span=node.span,
    )


_ESCAPED = re.compile(r"&(?:amp;)*(lt;|gt;)?")
_CHARACTERS = {"lt;": "<", "gt;": ">"}


def _unescaped(value: Any) -> Any:
    """Return a text without the three entities, however often they were escaped."""
    return _ESCAPED.sub(_character, value) if isinstance(value, str) else value


def _character(match: re.Match[str]) -> str:
    return _CHARACTERS.get(match.group(1), "&")
