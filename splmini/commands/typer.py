"""The typer command: the event types of results."""

from __future__ import annotations

from splmini.commands.arguments.reading import read, reading
from splmini.commands.noop import unchanged
from splmini.language import tree
from splmini.operators import Operator, Streaming
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {
    "eventtypes": OptionSpec("string", doc="A list of event types; no effect here, where all are computed."),
    "maxlen": OptionSpec("int", doc="How many characters Splunk looks at; no effect here."),
}


@command(
    "typer",
    options=OPTIONS,
    syntax="typer [eventtypes=<string>] [maxlen=<int>]",
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Typer",
    examples=(Example("| typer", ({"n": 1, "eventtype": "a"},), ({"n": 1, "eventtype": "a"},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Compute the field `eventtype` of each event.

    The event types of the loaded apps are computed when events are read and something asks for them, which this command
    does. Results that other commands made keep the `eventtype` that they have.

    *Null*: an event that no event type fits gets no field. *Multivalue*: several event types are multivalue.
    """
    read(node, OPTIONS, takes=())
    operator = unchanged(node)
    assert isinstance(operator, Streaming)
    return Streaming(
        name="typer",
        bind=operator.bind,
        requires=reading(frozenset({"eventtype"})),
        writes=frozenset(),
        node=node,
        span=node.span,
    )
