"""The join command: results of a subsearch joined to those of the search by fields."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from splmini.commands._arguments import fail, field_names, read
from splmini.commands._subsearches import all_columns, limited, one_subsearch
from splmini.errors import UnsupportedFeature
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Stream, batched
from splmini.operators import Sequence as SequenceOperator
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_number, to_text

OPTIONS = {
    "type": OptionSpec(
        "enum", default="inner", choices=("inner", "left", "outer"), doc="left and outer keep results without a match."
    ),
    "usetime": OptionSpec("bool", default=False, doc="Join only with earlier (or later) rows of the subsearch."),
    "earlier": OptionSpec("bool", default=True, doc="With usetime: earlier rows, else later ones."),
    "overwrite": OptionSpec("bool", default=True, doc="The subsearch's fields replace those of the same name."),
    "max": OptionSpec("int", default=1, doc="How many rows of the subsearch each result joins with; 0: all."),
    "left": OptionSpec("string", doc="Alias of the left side, for a where clause."),
    "right": OptionSpec("string", doc="Alias of the right side, for a where clause."),
}


@command(
    "join",
    options=OPTIONS,
    clauses=("where",),
    syntax="join [type=(inner|left|outer)] [max=<int>] [overwrite=<bool>] [usetime=<bool>] [earlier=<bool>] "
    "[<field-list>] <subsearch>",
    category="dataset processing",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Join",
    examples=(
        Example(
            "| table id n | join id [search v=* | table id v]",
            ({"id": 1, "n": 2, "v": 3}, {"id": 1, "v": 3}),
            ({"id": 1, "n": 2}, {"id": 1, "v": 3}, {"id": 4, "n": 5}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Join each result with the first rows of a subsearch that have the same values in the fields.

    Without a field list, the fields that both sides have. Values compare as text, case matters. An inner join (the
    default) drops results without a match, a left or outer join keeps them. The subsearch gives at most
    `join_subsearch_maxout` rows (50,000); a message says where that cut.

    *Null*: a result that lacks one of the fields matches nothing. *Multivalue* keys match where all values agree.
    """
    arguments = read(node, OPTIONS, clauses=("where",), takes=(tree.Word, tree.Subsearch, tree.Group))
    subsearch = one_subsearch(arguments, scope)
    if "where" in arguments.clauses or arguments["left"] or arguments["right"]:
        raise UnsupportedFeature(
            "join with left=, right= and where is not supported.",
            name="join",
            span=node.span,
            hint="Rename the keys to a common name and list them.",
        )
    names = field_names(arguments.words, node)
    if arguments["max"] < 0:
        fail(node, "max takes 0 or more.", arguments.given["max"])
    options = dict(arguments.options)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        right = limited(ctx, subsearch, ctx.limits.join_subsearch_maxout, "join", "limits: join_subsearch_maxout")

        def rows() -> Iterator[Row]:
            others = list(right.rows())
            ctx.check(len(others))
            left: Iterator[Row] = stream.rows()
            keys = names
            if not keys:
                given = list(left)
                keys, left = _common(given, others), iter(given)
            yield from _joined(left, _Table(others, keys), options)

        return Stream(batched(rows()), all_columns(stream, right))

    return SequenceOperator(name="join", run=run, node=node, span=node.span)


def _common(left: Sequence[Row], right: Sequence[Row]) -> list[str]:
    """The fields that both sides have, internal ones apart."""
    first = {name for row in left for name in row}
    return sorted({name for row in right for name in row if name in first and not name.startswith("_")})


def _key(row: Row, names: Sequence[str]) -> Hashable | None:
    values = [row.get(name) for name in names]
    if any(value is None for value in values):
        return None
    return tuple(tuple(to_text(item) for item in as_list(value)) for value in values)


@dataclass
class _Table:
    """The rows of the subsearch, by key."""

    rows: Sequence[Row]
    names: Sequence[str]

    def __post_init__(self) -> None:
        self.by_key: dict[Hashable, list[Row]] = {}
        for row in self.rows:
            key = _key(row, self.names)
            if key is not None:
                self.by_key.setdefault(key, []).append(row)

    def matches(self, row: Row) -> list[Row]:
        """Return the rows with the key of a row."""
        key = _key(row, self.names) if self.names else None
        return self.by_key.get(key, []) if key is not None else []


def _joined(left: Iterator[Row], table: _Table, options: dict[str, object]) -> Iterator[Row]:
    keep, most, overwrite = options["type"] != "inner", options["max"], options["overwrite"]
    assert isinstance(most, int)
    for row in left:
        found = table.matches(row)
        if options["usetime"]:
            found = [other for other in found if _in_time(row, other, bool(options["earlier"]))]
        if not found and keep:
            yield row
        for other in found[:most] if most else found:
            yield {**row, **other} if overwrite else {**other, **row}


def _in_time(row: Row, other: Row, earlier: bool) -> bool:
    own, others = to_number(row.get("_time")), to_number(other.get("_time"))
    if own is None or others is None:
        return False
    return others <= own if earlier else others >= own
