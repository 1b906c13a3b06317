"""The eventcount command: how many events the indexes hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from splmini.commands.arguments.reading import read
from splmini.language import tree
from splmini.operators import Fields, Generating, Operator, Row, RunContext, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.numbers import to_text
from splmini.values.wildcards import compile_wildcard

OPTIONS = {
    "index": OptionSpec("string", default="*", doc="Which indexes; * is a wildcard."),
    "summarize": OptionSpec("bool", default=True, doc="One count over all indexes."),
    "report_size": OptionSpec("bool", default=False, doc="Accepted; there are no files to measure."),
    "list_vix": OptionSpec("bool", default=True, doc="Accepted; there are no virtual indexes."),
    "list_federated_remote": OptionSpec("bool", default=False, doc="Accepted; there are no remote indexes."),
}


@command(
    "eventcount",
    options=OPTIONS,
    generating=True,
    syntax="eventcount [index=<index>] [summarize=<bool>] [report_size=<bool>] [list_vix=<bool>]",
    category="generating",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Eventcount",
    examples=(Example("| eventcount", ({"count": 2},), ({"_raw": "a"}, {"_raw": "b"})),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Count the events: all of them, or with `summarize=false` of each index.

    An event that carries no index counts for the environment's own. *Null* and *multivalue* do not apply.

    Memory: one number for each index.
    """
    arguments = read(node, OPTIONS, takes=())
    matches = compile_wildcard(arguments["index"])
    summarize = arguments["summarize"]

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        def rows() -> Iterator[Row]:
            counts: Counter[str] = Counter()
            for batch in ctx.scan(None, frozenset({"index"})).batches:
                counts.update(to_text(row.get("index", ctx.index)) for row in batch)
            chosen = {name: count for name, count in sorted(counts.items()) if matches(name)}
            if summarize:
                yield {"count": sum(chosen.values())}
            else:
                yield from ({"count": count, "index": name} for name, count in chosen.items())

        return Stream(batched(rows()))

    return Generating(name="eventcount", generate=generate, node=node, span=node.span)
