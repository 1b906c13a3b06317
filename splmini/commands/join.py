"""The join command: results of a subsearch joined to those of the search by fields."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

from splmini.budget import makes, pulse
from splmini.commands.arguments.notes import Notes, counted
from splmini.commands.arguments.reading import Arguments, field_names, read
from splmini.commands.arguments.subsearches import all_columns, dataset, gives_events, limited, one_subsearch
from splmini.commands.arguments.uses import JOINED
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Stream, batched
from splmini.operators import Sequence as SequenceOperator
from splmini.registry import BuildScope, Example, Hazard, OptionSpec, command
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_number, to_text

OPTIONS = {
    "type": OptionSpec(
        "enum", default="inner", choices=("inner", "left", "outer"), doc="left and outer keep results without a match."
    ),
    "usetime": OptionSpec("bool", default=False, doc="Join only with earlier (or later) rows of the subsearch."),
    "earlier": OptionSpec("bool", default=True, doc="With usetime: earlier rows, else later ones."),
    "overwrite": OptionSpec("bool", default=True, doc="The subsearch's fields replace those of the same name."),
    "max": OptionSpec("int", least=0, default=1, doc="How many rows of the subsearch each result joins with; 0: all."),
    "left": OptionSpec("field", doc="Alias of the results, for a where clause."),
    "right": OptionSpec("field", doc="Alias of the subsearch's rows, for a where clause."),
}


def _notes(node: tree.Command, before: Batch, after: Batch) -> Notes:
    options = {arg.name: getattr(arg.value, "text", "") for arg in node.args if isinstance(arg, tree.Option)}
    keys = [arg.text for arg in node.args if isinstance(arg, tree.Word)]
    if options.get("type", "inner") != "inner" or not keys:
        return
    met = {tuple(map(str, (row.get(key) for key in keys))) for row in after}
    missed = [row for row in before if tuple(map(str, (row.get(key) for key in keys))) not in met]
    if missed:
        yield f"{len(missed)} of {len(before)} rows met no row of the subsearch: {counted(keys, missed)}"


@command(
    "join",
    pipelines=True,
    options=OPTIONS,
    clauses=("where",),
    syntax="join [type=(inner|left|outer)] [max=<int>] [overwrite=<bool>] [usetime=<bool>] [earlier=<bool>] "
    "[<field-list> | left=<alias> right=<alias> where <alias>.<field>=<alias>.<field> ...] "
    "(<subsearch> | datamodel:<name> | savedsearch:<name> | inputlookup:<name>)",
    category="dataset processing",
    rereads=True,
    uses=JOINED,
    hazards=(
        Hazard(
            "SPL401",
            "The subsearch of '{name}' is cut at 50,000 rows and 60 seconds.",
            "Aggregate both with one 'stats … by', use a lookup, or aggregate inside the subsearch.",
            gives_events,
        ),
    ),
    notes=_notes,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Join",
    examples=(
        Example(
            "| table id n | join id [search v=* | table id v]",
            ({"id": 1, "n": 2, "v": 3}, {"id": 1, "v": 3}),
            ({"id": 1, "n": 2}, {"id": 1, "v": 3}, {"id": 4, "n": 5}),
        ),
        Example(
            "| table user n | join type=left user [search team=* | table user team]",
            [{"user": "a", "n": 1, "team": "ops"}, {"user": "b", "n": 2}, {"user": "a", "team": "ops"}],
            ({"user": "a", "n": 1}, {"user": "b", "n": 2}, {"user": "a", "team": "ops"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Join each result with the first rows of a subsearch that have the same values in the fields.

    In place of the subsearch a dataset may stand: `datamodel:Model.Dataset`, `savedsearch:name` or
    `inputlookup:table`.

    Without a field list, the fields that both sides have. Values compare as text, case matters. An inner join (the
    default) drops results without a match, a left or outer join keeps them. The subsearch gives at most
    `join_subsearch_maxout` rows (50,000); a message says where that cut.

    With `left`, `right` and `where` the two sides may have keys of different names: `left=L right=R where L.id=R.uid`.
    The fields then carry the alias of their side (`L.id`, `R.uid`); internal ones are those of the left side. Aliases
    without a where clause have no effect.

    *Null*: a result that lacks one of the fields matches nothing. *Multivalue* keys match where all values agree.

    Memory: the rows of the subsearch.
    """
    plain, where = _where_apart(node)
    arguments = read(plain, OPTIONS, takes=(tree.Word, tree.Subsearch, tree.Group))
    named = [word for word in arguments.words if _is_dataset(word)]
    if named and (len(named) > 1 or arguments.subsearches):
        arguments.fail("join takes one subsearch or one dataset.", named[-1])
    subsearch = dataset(named[0], node, scope, DATASETS) if named else one_subsearch(arguments, scope)
    names = field_names([word for word in arguments.words if word not in named], node)
    sides = _sides(arguments, where, names)
    options = dict(arguments.options)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        right = limited(ctx, subsearch, ctx.limits.join_subsearch_maxout, "join", "limits: join_subsearch_maxout")

        def rows() -> Iterator[Row]:
            others = list(right.rows())
            ctx.check(len(others))
            left: Iterator[Row] = stream.rows()
            keys = names
            if sides is not None:
                yield from _joined_as(left, others, sides, options)
                return
            if not keys:
                given = list(left)
                keys, left = _common(given, others), iter(given)
            yield from _joined(left, _Table(others, keys), options)

        columns = all_columns(stream, right) if sides is None else _no_columns
        return Stream(batched(rows()), columns)

    return SequenceOperator(name="join", run=run, node=node, span=node.span)


DATASETS = {"datamodel": "from", "savedsearch": "savedsearch", "inputlookup": "inputlookup"}


def _is_dataset(word: tree.Word) -> bool:
    kind, colon, name = word.text.partition(":")
    return bool(colon and name) and kind.lower() in DATASETS and not word.quoted


def _no_columns() -> None:
    return None


# ---- left=, right= and where ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sides:
    """The aliases of a where clause, and the keys of each side, in pairs."""

    left: str
    right: str
    left_keys: tuple[str, ...]
    right_keys: tuple[str, ...]

    def aliased(self, row: Row, right: bool) -> Row:
        """Return a row of one side with the alias in front of its fields; internal ones are the left side's."""
        alias = self.right if right else self.left
        return {
            name if name.startswith("_") else f"{alias}.{name}": value
            for name, value in row.items()
            if not (right and name.startswith("_"))
        }


def _where_apart(node: tree.Command) -> tuple[tree.Command, list[tree.FieldComparison]]:
    """Take the comparisons of the where clause out of a command; options and the subsearch in it are arguments."""
    args: list[tree.Node] = []
    comparisons: list[tree.FieldComparison] = []
    for argument in node.args:
        if not isinstance(argument, tree.Clause) or argument.keyword != "where":
            args.append(argument)
            continue
        for item in argument.items:
            for term in item.items if isinstance(item, tree.And) else (item,):
                if not isinstance(term, tree.FieldComparison):
                    args.append(term)
                elif term.field.lower() in OPTIONS:
                    args.append(tree.Option(term.field.lower(), tree.Word(term.value, span=term.span), span=term.span))
                else:
                    comparisons.append(term)
    return replace(node, args=tuple(args)), comparisons


def _sides(arguments: Arguments, where: Sequence[tree.FieldComparison], names: Sequence[str]) -> _Sides | None:
    left, right = arguments["left"], arguments["right"]
    if not where:
        return None
    hint = "Expected such as: join left=L right=R where L.id=R.id [search ...]"
    if left is None or right is None or left == right:
        arguments.fail("join by where needs left=, right= and a comparison of their fields.", hint=hint)
    if names:
        arguments.fail("join takes a field list or a where clause, not both.", arguments.words[0])
    pairs = []
    for term in where:
        pair = {}
        for text in (term.field, term.value):
            alias, dot, name = str(text).partition(".")
            if dot and name and alias in (left, right):
                pair[alias] = name
        if term.op not in ("=", "==") or len(pair) != 2:
            arguments.fail(f"join compares a field of '{left}' with one of '{right}'.", term, hint=hint)
        pairs.append((pair[left], pair[right]))
    return _Sides(left, right, tuple(own for own, _ in pairs), tuple(other for _, other in pairs))


def _joined_as(left: Iterator[Row], others: Sequence[Row], sides: _Sides, options: dict[str, object]) -> Iterator[Row]:
    table = _Table(others, sides.right_keys, sides.left_keys)
    return _joined(left, table, options, sides)


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
    asked: Sequence[str] | None = None
    """The names of the keys in the rows that are asked for; None: the same."""

    def __post_init__(self) -> None:
        self.by_key: dict[Hashable, list[Row]] = {}
        for row in self.rows:
            key = _key(row, self.names)
            if key is not None:
                self.by_key.setdefault(key, []).append(row)

    def matches(self, row: Row) -> list[Row]:
        """Return the rows with the key of a row."""
        names = self.names if self.asked is None else self.asked
        key = _key(row, names) if names else None
        return self.by_key.get(key, []) if key is not None else []


def _joined(
    left: Iterator[Row], table: _Table, options: dict[str, object], sides: _Sides | None = None
) -> Iterator[Row]:
    keep, most, overwrite = options["type"] != "inner", options["max"], options["overwrite"]
    assert isinstance(most, int)
    for row in left:
        found = table.matches(row)
        if options["usetime"]:
            pulse()
            found = [other for other in found if _in_time(row, other, bool(options["earlier"]))]
        if not found and keep:
            yield row if sides is None else sides.aliased(row, False)
        if most:
            found = found[:most]
        if len(found) > 1:
            makes(len(found) - 1, "join")
        for other in found:
            if sides is not None:
                yield {**sides.aliased(row, False), **sides.aliased(other, True)}
            else:
                yield {**row, **other} if overwrite else {**row, **other, **row}


def _in_time(row: Row, other: Row, earlier: bool) -> bool:
    own, others = to_number(row.get("_time")), to_number(other.get("_time"))
    if own is None or others is None:
        return False
    # rows of the same second count as both
    return others // 1 <= own // 1 if earlier else others // 1 >= own // 1
