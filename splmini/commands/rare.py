"""rare: the least common values of fields."""

from __future__ import annotations

from splmini.commands.top import EVENTS, OPTIONS, TopState, operator_of, read_settings
from splmini.language import tree
from splmini.operators import Operator
from splmini.registry import BuildScope, Chart, Example, command


@command(
    "rare",
    options=OPTIONS,
    clauses=("by",),
    category="transforming",
    syntax="rare [N] [limit=INT] [countfield=NAME] [percentfield=NAME] [showcount=BOOL] [showperc=BOOL] "
    "[useother=BOOL] [otherstr=STRING] FIELD ... [BY FIELD ...]",
    chart=Chart("bar", axis="values"),
    reduces=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Rare",
    examples=(
        Example("| rare limit=1 s", [{"s": "z", "count": 1, "percent": "16.666667"}], EVENTS),
        Example(
            "| rare limit=1 process",
            [{"process": "b", "count": 1, "percent": "33.333333"}],
            ({"process": "a"}, {"process": "a"}, {"process": "b"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """The least common values of a field, or combinations of values of several, with count and percentage.

    Values come in ascending order of their counts; in all else it is like top.

    *Null*: a row that lacks one of the fields is not counted. *Multivalue*: each value counts.

    Memory: one number for each combination of values.
    """
    return operator_of(read_settings(node), TopState)
