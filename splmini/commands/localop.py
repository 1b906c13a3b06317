"""The localop command: run the rest on the search head."""

from __future__ import annotations

from splmini.commands.arguments.reading import read
from splmini.commands.arguments.uses import SAME
from splmini.commands.noop import unchanged
from splmini.language import tree
from splmini.operators import Operator
from splmini.registry import BuildScope, Example, command


@command(
    "localop",
    syntax="localop",
    category="streaming",
    uses=SAME,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Localop",
    examples=(Example("| localop", ({"n": 1},), ({"n": 1},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Pass the results on as they are.

    In Splunk the commands after it run on the search head and not on the indexers; there are none here.

    *Null* and *multivalue* fields are passed on as they are.
    """
    read(node, {}, takes=())
    return unchanged(node)
