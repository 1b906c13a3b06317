"""sitimechart: the partial results of timechart, for summary indexing."""

from __future__ import annotations

from splmini.commands.aggregation import prestats
from splmini.commands.timechart import OPTIONS, TimechartState, operator_of, read_settings
from splmini.language import tree
from splmini.operators import Operator, RunContext, Stream
from splmini.registry import BuildScope, Example, command


class SitimechartState(TimechartState):
    """The state of sitimechart: that of timechart, given as partial results."""

    def finish(self, ctx: RunContext) -> Stream:
        """Give the groups as rows of partial results."""
        return prestats.dump(self.groups, ctx)


@command(
    "sitimechart",
    "aggregation",
    options=OPTIONS,
    clauses=("by", "where"),
    category="transforming",
    syntax="sitimechart [options of timechart] FUNCTION(FIELD) [AS NAME] ... [BY FIELD]",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Sitimechart",
    examples=(
        Example(
            "| sitimechart span=1h count | timechart span=1h count",
            [{"_time": 1700006400, "count": 2}],
            ({"_time": 1700006401}, {"_time": 1700006402}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Calculates the partial results of a timechart, to be finished by the same timechart later.

    *Null* and *multivalue*: as for timechart.

    Memory: the values of each time bucket.
    """
    settings = read_settings(node, scope)
    prestats.check(settings.grouping.measured(), node.name)
    return operator_of(settings, SitimechartState)
