"""The highlight command: terms that Splunk Web shows highlighted."""

from __future__ import annotations

from splmini.commands.arguments.reading import read
from splmini.commands.noop import unchanged
from splmini.language import tree
from splmini.operators import Operator
from splmini.registry import BuildScope, Example, command


@command(
    "highlight",
    syntax="highlight <string> ...",
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Highlight",
    examples=(Example("| highlight login, failed", ({"n": 1},), ({"n": 1},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Pass the results on as they are: what Splunk Web would highlight is no part of them.

    *Null* and *multivalue* fields are passed on as they are.
    """
    if not read(node, {}, takes=(tree.Word,)).words:
        read(node, {}).fail("highlight needs a text.")
    return unchanged(node)
