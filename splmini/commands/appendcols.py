"""The appendcols command: the fields of a subsearch's results beside those of the search, row by row."""

from __future__ import annotations

from collections.abc import Iterator

from splmini.commands.arguments.reading import read, reading
from splmini.commands.arguments.subsearches import ADDED_EVENTS, all_columns, limited, one_subsearch
from splmini.commands.arguments.uses import JOINED
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {
    "override": OptionSpec("bool", default=False, doc="The subsearch's value wins where both have a field."),
    "maxtime": OptionSpec("number", default=60, doc="Seconds that the subsearch may run; no effect here."),
    "maxout": OptionSpec("int", default=50000, doc="Rows that the subsearch may give; 0: all."),
    "timeout": OptionSpec("number", default=60, doc="Seconds to wait for the subsearch; no effect here."),
}


@command(
    "appendcols",
    pipelines=True,
    options=OPTIONS,
    syntax="appendcols [override=<bool>] [maxtime=<num>] [maxout=<int>] [timeout=<num>] <subsearch>",
    category="dataset processing",
    rereads=True,
    uses=JOINED,
    hazards=(ADDED_EVENTS,),
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Appendcols",
    examples=(
        Example(
            "| stats count | appendcols [search n>1 | stats sum(n) as s]", ({"count": 2, "s": 2},), ({"n": 1}, {"n": 2})
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Add the fields of the subsearch's first row to the first row, of its second to the second, and so on.

    Where both have a field, the row's own value stays unless `override=true`. Internal fields (`_time` …) of the
    subsearch are left out. Rows that the subsearch has beyond those of the search become rows of their own. A *null*
    field of the subsearch changes nothing; *multivalue* fields are taken whole.

    Memory: the rows of the subsearch.
    """
    arguments = read(node, OPTIONS, takes=(tree.Subsearch,))
    subsearch = one_subsearch(arguments, scope)
    override, most = arguments["override"], arguments["maxout"]

    def run(stream: Stream, ctx: RunContext) -> Stream:
        other = limited(ctx, subsearch, most, "appendcols", "maxout")

        def rows() -> Iterator[Row]:
            beside = other.rows()
            for row in stream.rows():
                for name, value in _visible(next(beside, {})).items():
                    if override or name not in row:
                        row[name] = value
                yield row
            for row in beside:
                yield _visible(row)

        return Stream(batched(rows()), all_columns(stream, other))

    return Sequence(name="appendcols", run=run, requires=reading(frozenset()), node=node, span=node.span)


def _visible(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("_")}
