"""The redistribute command: parallel reduce, which is a matter of indexers."""

from __future__ import annotations

from splmini.commands.arguments.reading import read
from splmini.commands.noop import unchanged
from splmini.language import tree
from splmini.operators import Operator
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {"num_of_reducers": OptionSpec("int", doc="How many indexers reduce; no effect here.")}


@command(
    "redistribute",
    options=OPTIONS,
    clauses=("by",),
    syntax="redistribute [num_of_reducers=<int>] [by <field> ...]",
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Redistribute",
    examples=(Example("| redistribute by user", ({"user": 1},), ({"user": 1},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Pass the results on as they are: where Splunk's indexers reduce them does not change them.

    *Null* and *multivalue* fields are passed on as they are.
    """
    read(node, OPTIONS, clauses=("by",), takes=())
    return unchanged(node)
