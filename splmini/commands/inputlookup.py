"""The inputlookup command: the rows of a lookup table as results."""

from __future__ import annotations

from collections.abc import Iterator

from splmini.commands.arguments.reading import fail, read
from splmini.commands.arguments.subsearches import one_after_the_other
from splmini.language import tree
from splmini.operators import Fields, Generating, Operator, Row, RunContext, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {
    "append": OptionSpec(
        "bool", default=False, doc="Add the table's rows behind the results instead of replacing them."
    ),
    "strict": OptionSpec("bool", default=False, doc="A table that is not there is always an error; no effect here."),
    "start": OptionSpec("int", least=0, default=0, doc="The first row, from 0."),
    "max": OptionSpec("int", least=0, default=1000000000, doc="How many rows."),
}


@command(
    "inputlookup",
    options=OPTIONS,
    clauses=("where",),
    generating=True,
    syntax="inputlookup [append=<bool>] [strict=<bool>] [start=<int>] [max=<int>] (<file> | <table>) [where <search>]",
    category="generating",
    names=frozenset({"lookup"}),
    reduces=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Inputlookup",
    examples=(
        Example(
            "| inputlookup cim_dns_reply_code_lookup where reply_code_id<2 | table reply_code",
            ({"reply_code": "NoError"}, {"reply_code": "FormErr"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Give the rows of a lookup table, by the name of its definition or its file; `where` filters them like search.

    Behind other commands it needs `append=true`, and adds its rows to theirs. An empty cell is *null*; cells of a
    *multivalue* field come as they were written. `start` and `max` choose among the rows that `where` lets through.

    Memory: the table, which the environment holds.
    """
    arguments = read(node, OPTIONS, clauses=("where",), takes=(tree.Word,))
    words = arguments.words
    if len(words) != 1:
        fail(node, "inputlookup needs the name of one table.", words[1] if len(words) > 1 else None)
    where = arguments.clause("where")
    start, most = arguments["start"], arguments["max"]

    def table(ctx: RunContext) -> Stream:
        source = ctx.lookups.table(words[0].text, words[0].span)
        test = ctx.predicate(where[0]) if where else None

        def rows() -> Iterator[Row]:
            kept = 0
            for row in source.rows():
                row = {name: value for name, value in row.items() if value is not None and value != ""}
                if test is not None and not test(row):
                    continue
                kept += 1
                if kept > start + most:
                    return
                if kept > start:
                    yield row

        return Stream(batched(rows()), lambda: list(source.fields))

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        return table(ctx)

    def follows(stream: Stream, ctx: RunContext) -> Stream:
        return one_after_the_other(stream, table(ctx))

    behind = follows if arguments["append"] else None
    if behind is None and not scope.first:
        fail(node, "inputlookup has to be the first command, or to have append=true.")
    return Generating(name="inputlookup", generate=generate, follows=behind, node=node, span=node.span)
