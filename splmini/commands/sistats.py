"""sistats: the partial results of stats, for summary indexing."""

from __future__ import annotations

from typing import Any

from splmini.commands.aggregation import prestats
from splmini.commands.stats import OPTIONS, StatsState, partial_of, read_grouping
from splmini.language import tree
from splmini.operators import Operator, RunContext, Stream
from splmini.registry import BuildScope, Example, command


class SistatsState(StatsState):
    """The state of sistats: that of stats, given as partial results."""

    def finish(self, ctx: RunContext) -> Stream:
        """Give the groups as rows of partial results."""
        return prestats.dump(self.groups, ctx)


@command(
    "sistats",
    "aggregation",
    options=OPTIONS,
    clauses=("by",),
    category="transforming",
    syntax="sistats FUNCTION(FIELD) [AS NAME] ... [BY FIELD ...]",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Sistats",
    examples=(
        Example(
            "| sistats avg(v) count by h | stats avg(v) count by h",
            [{"h": "a", "avg(v)": 3, "count": 2}],
            ({"h": "a", "v": 2}, {"h": "a", "v": 4}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Calculates the partial results of a stats search, to be kept (collect) and finished by the same stats later.

    A row holds the by-fields and `psrsvd_` fields, whose content is ours, not Splunk's. stats, chart, timechart and
    top take such rows in place of events; their aggregates have to be those that were written.

    *Null* and *multivalue*: as for stats.
    """
    _, grouping = read_grouping(node, scope, OPTIONS)
    prestats.check(grouping.measured(), node.name)
    state: Any = SistatsState
    return partial_of(grouping, state)
