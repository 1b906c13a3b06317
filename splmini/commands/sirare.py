"""sirare: the partial results of rare, for summary indexing."""

from __future__ import annotations

from splmini.commands.sitop import SitopState
from splmini.commands.top import EVENTS, OPTIONS, operator_of, read_settings
from splmini.language import tree
from splmini.operators import Operator
from splmini.registry import BuildScope, Example, command


@command(
    "sirare",
    options=OPTIONS,
    clauses=("by",),
    category="transforming",
    syntax="sirare [N] [options of rare] FIELD ... [BY FIELD ...]",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Sirare",
    examples=(Example("| sirare s | rare 1 s", [{"s": "z", "count": 1}], EVENTS),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Counts values for a later rare over the same fields; all values are kept, whatever the limit.

    *Null* and *multivalue*: as for rare.
    """
    return operator_of(read_settings(node), SitopState)
