"""The format command: the results as one search expression."""

from __future__ import annotations

from collections.abc import Iterator

from splmini.commands.arguments.reading import fail, read
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_text

NOTHING = "NOT ( )"
"""What no results stand for: an expression that nothing satisfies."""

OPTIONS = {
    "mvsep": OptionSpec("string", default="OR", doc="What stands between the values of a multivalue field."),
    "maxresults": OptionSpec("int", least=0, default=0, doc="How many results to use; 0: as many as the limits say."),
    "emptystr": OptionSpec("string", default=NOTHING, doc="What to put out where there is nothing to format."),
}

DEFAULT = ("(", "(", "AND", ")", "OR", ")")
"""Row prefix, column prefix, column separator, column end, row separator, row end."""


@command(
    "format",
    options=OPTIONS,
    syntax='format [mvsep="<text>"] [maxresults=<int>] ["<row prefix>" "<column prefix>" "<column separator>" '
    '"<column end>" "<row separator>" "<row end>"] [emptystr="<text>"]',
    category="transforming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Format",
    examples=(
        Example("| format", ({"search": '( ( user="a" ) OR ( user="b" ) )'},), ({"user": "a"}, {"user": "b"})),
        Example(
            "| table user host | format",
            [{"search": '( ( host="x" AND user="a" ) OR ( user="b" ) )'}],
            ({"user": "a", "host": "x"}, {"user": "b"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Turn all results into one, with a field `search`: the fields of a row joined by AND, the rows by OR.

    Fields come in alphabetical order; internal ones (which begin with an underscore) are left out, but for those
    whose value is search text: a field `search` gives its value as it is, a field `query` its value in quotes. *Null*
    fields are left out, the values of a *multivalue* field are joined by `mvsep` in brackets.

    Memory: the text that it gives, and so all results.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    words = [word.text for word in arguments.words]
    if len(words) not in (0, 6):
        fail(
            node,
            "format takes six texts: row prefix, column prefix, column separator, column end, row separator, row end.",
        )
    parts = tuple(words) or DEFAULT
    mvsep, most, empty = arguments["mvsep"], arguments["maxresults"], arguments["emptystr"]

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def rows() -> Iterator[Row]:
            kept: list[Row] = []
            limit = most or ctx.limits.format_maxresults
            for row in stream.rows():
                if limit and len(kept) >= limit:
                    break
                kept.append(row)
                ctx.check(len(kept))
            yield {"search": as_search(kept, parts, mvsep) or empty}

        return Stream(batched(rows()), _columns)

    return Sequence(name="format", run=run, node=node, span=node.span)


def _columns() -> list[str]:
    return ["search"]


def as_search(rows: list[Row], parts: tuple[str, ...] = DEFAULT, mvsep: str = "OR") -> str | None:
    """Return rows as a search expression; None where no row has a field.

    >>> as_search([{"a": "x", "b": ["1", "2"]}])
    '( ( a="x" AND ( b="1" OR b="2" ) ) )'
    """
    start, column_start, column_separator, column_end, separator, end = parts
    made = []
    for row in rows:
        columns = [_column(name, row[name], mvsep) for name in sorted(row) if name[:1] != "_"]
        if columns:
            made.append(f"{column_start} {f' {column_separator} '.join(columns)} {column_end}")
    return f"{start} {f' {separator} '.join(made)} {end}" if made else None


def _column(name: str, value: object, mvsep: str) -> str:
    items = [to_text(item) for item in as_list(value)]
    texts = [_comparison(name, item) for item in items]
    return texts[0] if len(texts) == 1 else f"( {f' {mvsep} '.join(texts)} )"


def _comparison(name: str, text: str) -> str:
    if name == "search":
        return text
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return quoted if name == "query" else f"{name}={quoted}"
