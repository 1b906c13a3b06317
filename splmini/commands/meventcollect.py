"""The meventcollect command: events as metric data points, added to an index."""

from __future__ import annotations

from splmini.commands.mcollect import EVENT_OPTIONS, collecting
from splmini.language import tree
from splmini.operators import Operator
from splmini.registry import BuildScope, Example, command


@command(
    "meventcollect",
    options=EVENT_OPTIONS,
    syntax="meventcollect index=<index> [split=<bool>] [spool=<bool>] [prefix_field=<field>] [host=<string>] "
    "[source=<string>] [sourcetype=<string>] [<field-list>]",
    category="streaming",
    reach="acts",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Meventcollect",
    examples=(
        Example(
            "| table user n | meventcollect index=m split=t user", ({"user": "a", "n": 1},), ({"user": "a", "n": 1},)
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Add events to an index of the environment as metric data points, and pass them on; see mcollect.

    *Null* and *multivalue* fields: as with mcollect. Memory: all data points, until the run ends.
    """
    return collecting(node, EVENT_OPTIONS)
