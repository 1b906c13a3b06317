"""The set command: union, difference and intersection of two subsearches."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from splmini.commands.arguments.reading import fail, read
from splmini.commands.arguments.subsearches import all_columns, limited
from splmini.language import tree
from splmini.operators import Fields, Generating, Operator, Row, RunContext, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_text

OPERATIONS = ("union", "diff", "intersect")
OPTIONS = {
    "maxout": OptionSpec("int", doc="Rows that a subsearch may give (default: limits set_maxresultrows); 0: all.")
}


@command(
    "set",
    pipelines=True,
    options=OPTIONS,
    syntax="set (union|diff|intersect) <subsearch> <subsearch>",
    category="generating",
    generating=True,
    rereads=True,
    tabular=False,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Set",
    examples=(
        Example(
            "| set diff [search g=x | table u] [search g=y | table u]",
            ({"u": 1}, {"u": 3}),
            ({"g": "x", "u": 1}, {"g": "x", "u": 2}, {"g": "y", "u": 2}, {"g": "y", "u": 3}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Combine the results of two subsearches: `union` (equal ones once), `diff` (in one of them only), `intersect`.

    Two results are equal where all their fields are, internal ones (which begin with an underscore) apart; a *null*
    field equals a null field, *multivalue* fields are equal where all values are. Each subsearch gives at most 50,000
    rows (limits: `set_maxresultrows`); a message says where that cut.

    Memory: the results of both subsearches.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word, tree.Subsearch))
    words, searches = arguments.words, arguments.subsearches
    operation = words[0].text.lower() if words else ""
    if operation not in OPERATIONS or len(words) > 1:
        fail(node, "set needs one of union, diff and intersect.", words[-1] if words else None)
    if len(searches) != 2:
        fail(node, "set needs two subsearches.")
    for search in searches:
        scope.build(search.pipeline)
    given = arguments["maxout"]

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        most = ctx.limits.set_maxresultrows if given is None else given
        setting = "limits: set_maxresultrows" if given is None else "maxout"
        left, right = (limited(ctx, search, most, "set", setting) for search in searches)

        def rows() -> Iterator[Row]:
            first, second = ({_key(row): row for row in stream.rows()} for stream in (left, right))
            if operation == "union":
                yield from first.values()
                yield from _missing(second, first)
            elif operation == "intersect":
                yield from (row for key, row in first.items() if key in second)
            else:
                yield from _missing(first, second)
                yield from _missing(second, first)

        return Stream(batched(rows()), all_columns(left, right))

    return Generating(name="set", generate=generate, node=node, span=node.span)


def _missing(rows: dict[Hashable, Row], other: dict[Hashable, Row]) -> list[Row]:
    return [row for key, row in rows.items() if key not in other]


def _key(row: Row) -> Hashable:
    return frozenset(
        (name, tuple(to_text(item) for item in as_list(value)))
        for name, value in row.items()
        if not name.startswith("_")
    )
