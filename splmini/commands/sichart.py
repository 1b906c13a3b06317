"""sichart: the partial results of chart, for summary indexing."""

from __future__ import annotations

from splmini.commands.aggregation import prestats
from splmini.commands.aggregation.groups import fields_needed
from splmini.commands.chart import OPTIONS, ChartState, read_settings
from splmini.language import tree
from splmini.operators import Fields, Operator, Partial, RunContext, Stream
from splmini.registry import BuildScope, Example, command


class SichartState(ChartState):
    """The state of sichart: that of chart, given as partial results."""

    def finish(self, ctx: RunContext) -> Stream:
        """Give the groups as rows of partial results."""
        return prestats.dump(self.groups, ctx)


@command(
    "sichart",
    "aggregation",
    options=OPTIONS,
    clauses=("by", "over", "where"),
    category="transforming",
    syntax="sichart [options of chart] FUNCTION(FIELD) [AS NAME] ... [OVER ROW] [BY [ROW] COLUMN]",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Sichart",
    examples=(
        Example(
            "| sichart count over h by s | chart count over h by s",
            [{"h": "a", "x": 2, "y": 1}],
            ({"h": "a", "s": "x"}, {"h": "a", "s": "x"}, {"h": "a", "s": "y"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Calculates the partial results of a chart, to be finished by the same chart later.

    Values are kept as they are; bins, limits and names are those of the later chart.

    *Null* and *multivalue*: as for chart.
    """
    settings = read_settings(node, scope)
    prestats.check(settings.grouping.measured(), node.name)

    def create(ctx: RunContext) -> SichartState:
        return SichartState(settings, ctx)

    needed = fields_needed(settings.grouping.measures, settings.grouping.by)

    def requires(after: Fields) -> Fields:
        return needed

    return Partial(name=node.name, create=create, requires=requires, span=node.span)
