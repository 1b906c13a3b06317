"""sitop: the partial results of top, for summary indexing."""

from __future__ import annotations

from splmini.commands.aggregation import prestats
from splmini.commands.top import EVENTS, OPTIONS, TopState, operator_of, read_settings
from splmini.language import tree
from splmini.operators import Operator, RunContext, Stream
from splmini.registry import BuildScope, Example, command


class SitopState(TopState):
    """The state of sitop and sirare: that of top, given as partial results."""

    def finish(self, ctx: RunContext) -> Stream:
        """Give the counts as rows of partial results."""
        return prestats.dump(self.groups, ctx)


@command(
    "sitop",
    options=OPTIONS,
    clauses=("by",),
    category="transforming",
    syntax="sitop [N] [options of top] FIELD ... [BY FIELD ...]",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Sitop",
    examples=(Example("| sitop s | top 1 s", [{"s": "x", "count": 3, "percent": 50}], EVENTS),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Counts values for a later top over the same fields; all values are kept, whatever the limit.

    *Null* and *multivalue*: as for top.
    """
    return operator_of(read_settings(node), SitopState)
