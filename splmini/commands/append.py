"""The append command: the results of a subsearch behind those of the search."""

from __future__ import annotations

from splmini.commands.arguments.reading import read, reading
from splmini.commands.arguments.subsearches import ADDED_EVENTS, limited, one_after_the_other, one_subsearch
from splmini.commands.arguments.uses import JOINED
from splmini.language import tree
from splmini.operators import Operator, RunContext, Sequence, Stream
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {
    "extendtimerange": OptionSpec(
        "bool", default=False, doc="Accepted; a search over given events has one time range."
    ),
    "maxtime": OptionSpec("number", default=60, doc="Seconds that the subsearch may run; no effect here."),
    "maxout": OptionSpec("int", doc="Rows that the subsearch may give (default: limits append_maxout); 0: all."),
    "timeout": OptionSpec("number", default=60, doc="Seconds to wait for the subsearch; no effect here."),
}


@command(
    "append",
    pipelines=True,
    options=OPTIONS,
    syntax="append [extendtimerange=<bool>] [maxtime=<num>] [maxout=<int>] [timeout=<num>] <subsearch>",
    category="streaming",
    rereads=True,
    uses=JOINED,
    hazards=(ADDED_EVENTS,),
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Append",
    examples=(
        Example(
            '| stats count by user | append [| makeresults | eval user="total" | table user]',
            ({"user": "a", "count": 1}, {"user": "total"}),
            ({"user": "a"},),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Add the results of a subsearch behind the results.

    The subsearch runs over the same events. At most `maxout` of its rows are taken; a message says where that cut.
    Fields keep their values, *null* and *multivalue* ones too.

    Memory: the rows of the subsearch come as a stream; nothing is kept.
    """
    arguments = read(node, OPTIONS, takes=(tree.Subsearch,))
    subsearch = one_subsearch(arguments, scope)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        most = arguments["maxout"] if arguments["maxout"] is not None else ctx.limits.append_maxout
        return one_after_the_other(stream, limited(ctx, subsearch, most, "append", "limits: append_maxout"))

    return Sequence(name="append", run=run, requires=reading(frozenset()), node=node, span=node.span)
