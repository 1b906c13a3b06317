"""The union command: the results of several datasets, duplicates kept."""

from __future__ import annotations

import functools
import itertools

from splmini.commands.arguments.reading import fail, read
from splmini.commands.arguments.subsearches import dataset, limited, newest_first, one_after_the_other
from splmini.language import tree
from splmini.operators import Fields, Generating, Operator, RunContext, Stream, Streaming
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {
    "maxtime": OptionSpec("number", default=60, doc="Seconds that a subsearch may run; no effect here."),
    "maxout": OptionSpec("int", default=50000, doc="Rows that a subsearch may give; 0: all."),
    "timeout": OptionSpec("number", default=60, doc="Seconds to wait for a subsearch; no effect here."),
}


@command(
    "union",
    pipelines=True,
    options=OPTIONS,
    syntax="union [maxtime=<num>] [maxout=<int>] [timeout=<num>] <dataset>...",
    category="dataset processing",
    generating=True,
    rereads=True,
    streams_only=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Union",
    examples=(Example("| union [search n=1] [search n=2]", ({"n": 1}, {"n": 2}), ({"n": 1}, {"n": 2})),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Put the results of datasets together, behind the incoming results where there are any.

    A dataset is a subsearch, `datamodel:Model.Dataset`, `inputlookup:table` (or `lookup:`), `savedsearch:name`, or the
    same name without its kind where only one kind has it. At the beginning of a search, the first datasets that are
    searches of streaming commands are merged by time, newest first, as multisearch does; the others are appended, each
    with at most `maxout` rows. Equal rows stay; *null* and *multivalue* fields are passed on as they are.

    Memory: rows come as a stream; nothing is kept.
    """
    arguments = read(node, OPTIONS, takes=(tree.Subsearch, tree.Word))
    begins = scope.first  # what is built below is told of its own place
    datasets = [_dataset(each, node, scope) for each in arguments.positional]
    if not datasets:
        fail(node, "union needs a dataset: a subsearch in square brackets, or a name such as lookup:table.")
    most = arguments["maxout"]
    merged = list(itertools.takewhile(functools.partial(_is_streaming, scope=scope), datasets)) if begins else []

    def streams(ctx: RunContext, start: int = 0) -> list[Stream]:
        return [limited(ctx, each, most, "union", "maxout") for each in datasets[start:]]

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        if len(merged) < 2:
            return one_after_the_other(*streams(ctx))
        first = newest_first([ctx.run(each.pipeline) for each in merged])
        return one_after_the_other(first, *streams(ctx, len(merged)))

    def follows(stream: Stream, ctx: RunContext) -> Stream:
        return one_after_the_other(stream, *streams(ctx))

    return Generating(name="union", generate=generate, follows=follows, node=node, span=node.span)


def _dataset(given: tree.Node, node: tree.Command, scope: BuildScope) -> tree.Subsearch:
    if isinstance(given, tree.Word) and ":" in given.text:
        return dataset(given, node, scope, _COMMANDS)
    if isinstance(given, tree.Word):
        command = tree.Command("from", (tree.Word(given.text, span=given.span),), span=given.span)
        given = tree.Subsearch(tree.Pipeline((command,), True), span=given.span)
    assert isinstance(given, tree.Subsearch)
    scope.build(given.pipeline)
    return given


def _is_streaming(each: tree.Subsearch, scope: BuildScope) -> bool:
    """Say whether a dataset is a search of streaming commands; table, which streams here, is none in Splunk."""
    first, *others = scope.build(each.pipeline)
    if each.pipeline.commands[0].name != "search" or first.name == "table":
        return False
    return all(isinstance(operator, Streaming) and operator.name != "table" for operator in others)


_COMMANDS = {"datamodel": "from", "inputlookup": "inputlookup", "lookup": "inputlookup", "savedsearch": "savedsearch"}
