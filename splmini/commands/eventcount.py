"""The eventcount command: how many events the indexes hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from splmini.commands.arguments.options import convert
from splmini.commands.arguments.reading import read
from splmini.language import tree
from splmini.operators import Fields, Generating, Operator, Request, Row, RunContext, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.numbers import to_text
from splmini.values.wildcards import compile_wildcard

OPTIONS = {
    "index": OptionSpec("string", default="*", doc="Which indexes; * is a wildcard. It may be given several times."),
    "summarize": OptionSpec("bool", default=True, doc="One count over all indexes."),
    "report_size": OptionSpec("bool", default=False, doc="Accepted; there are no files to measure."),
    "list_vix": OptionSpec("bool", default=True, doc="Accepted; there are no virtual indexes."),
    "list_federated_remote": OptionSpec("bool", default=False, doc="Accepted; there are no remote indexes."),
}


@command(
    "eventcount",
    options=OPTIONS,
    generating=True,
    syntax="eventcount [index=<index>]... [summarize=<bool>] [report_size=<bool>] [list_vix=<bool>]",
    category="generating",
    rereads=True,
    reach="events",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Eventcount",
    examples=(Example("| eventcount", ({"count": 2},), ({"_raw": "a"}, {"_raw": "b"})),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Count the events: all of them, or with `summarize=false` of each index.

    An event that carries no index counts for the environment's own. *Null* and *multivalue* do not apply.

    Memory: one number for each index.
    """
    chosen, rest = _indexes(node)
    arguments = read(rest, OPTIONS, takes=())
    matchers = [compile_wildcard(pattern) for pattern in chosen or (OPTIONS["index"].default,)]
    summarize = arguments["summarize"]

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        def rows() -> Iterator[Row]:
            counts: Counter[str] = Counter()
            for batch in ctx.scan(Request(needed=frozenset({"index"}))).batches:
                counts.update(to_text(row.get("index", ctx.index)) for row in batch)
            matched = {name: counts[name] for name in sorted(counts) if any(matches(name) for matches in matchers)}
            if summarize:
                yield {"count": sum(matched.values())}
            else:
                yield from ({"count": count, "index": name} for name, count in matched.items())

        return Stream(batched(rows()))

    return Generating(name="eventcount", generate=generate, node=node, span=node.span)


def _indexes(node: tree.Command) -> tuple[list[str], tree.Command]:
    """The patterns of `index=a index=b`, between which OR may stand, and the command with its other arguments."""
    patterns: list[str] = []
    rest: list[tree.Node] = []
    for before, argument, after in zip((None, *node.args), node.args, (*node.args[1:], None), strict=False):
        if _is_index(argument):
            assert isinstance(argument, tree.Option)
            patterns.append(convert(argument, OPTIONS["index"], node))
        elif not (str(argument).lower() == "or" and _is_index(before) and _is_index(after)):
            rest.append(argument)
    return patterns, replace(node, args=tuple(rest))


def _is_index(node: tree.Node | None) -> bool:
    return isinstance(node, tree.Option) and node.name == "index"
