"""The multisearch command: several streaming searches, their events merged."""

from __future__ import annotations

from splmini.commands.arguments.reading import fail, read
from splmini.commands.arguments.subsearches import newest_first
from splmini.language import tree
from splmini.operators import Fields, Generating, Operator, RunContext, Stream, Streaming
from splmini.registry import BuildScope, Example, command


@command(
    "multisearch",
    pipelines=True,
    syntax="multisearch <subsearch> <subsearch>...",
    category="generating",
    generating=True,
    rereads=True,
    tabular=False,
    streams_only=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Multisearch",
    examples=(
        Example(
            '| multisearch [search k=a | eval t="x"] [search k=b]',
            ({"k": "a", "t": "x"}, {"k": "b"}),
            ({"k": "a"}, {"k": "b"}, {"k": "c"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Run two or more searches of streaming commands side by side and merge their events, newest first.

    Events without `_time` keep the order of the searches. A search with a command that is not streaming (stats,
    sort …) is refused, as in Splunk. *Null* and *multivalue* fields are passed on as they are.
    """
    arguments = read(node, {}, takes=(tree.Subsearch,))
    searches = arguments.subsearches
    if len(searches) < 2:
        fail(node, "multisearch needs two or more subsearches.")
    for search in searches:
        for operator in scope.build(search.pipeline)[1:]:
            if not isinstance(operator, Streaming):
                raise_at = operator.node or search
                fail(node, f"multisearch takes streaming commands only, and '{operator.name}' is none.", raise_at)

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        streams = [ctx.run(search.pipeline, needed=needed) for search in searches]
        return newest_first(streams)

    return Generating(name="multisearch", generate=generate, node=node, span=node.span)
