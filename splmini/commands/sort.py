"""The sort command: put results in order."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as SequenceOf
from dataclasses import replace

from splmini.commands._sorting import SortKey, read_sort_keys, sorted_rows
from splmini.commands.arguments.options import parse_int
from splmini.commands.arguments.reading import fail, read, reading
from splmini.commands.arguments.uses import SAME
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, Hazard, OptionSpec, command, find_command

OPTIONS = {
    "limit": OptionSpec("int", doc="How many results to keep; 0 keeps all. The same as a number before the fields.")
}


def _cut_short(
    command: tree.Command, before: SequenceOf[tree.Command], behind: SequenceOf[tree.Command]
) -> tree.Node | None:
    first = command.args[0] if command.args else None
    counted = isinstance(first, tree.Option) and first.name in ("limit", "count")
    counted = counted or (isinstance(first, tree.Word) and first.text.isdigit())
    few = any(spec is not None and spec.reduces for spec in (find_command(each.name) for each in before))
    used = any(spec is not None and spec.calculates for spec in (find_command(each.name) for each in behind))
    return command if used and not few and not counted else None


@command(
    "sort",
    options=OPTIONS,
    syntax="sort [<count>] [+|-]<field> [, [+|-]<field>]... [d|desc]",
    category="dataset processing",
    keeps_chart=True,
    uses=SAME,
    hazards=(
        Hazard("SPL405", "'sort' without a count keeps only the first 10,000 rows.", "Write 'sort 0 …'.", _cut_short),
    ),
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Sort",
    examples=(
        Example(
            "| sort 2 -num(bytes), user",
            ({"user": "b", "bytes": 100}, {"user": "a", "bytes": 9}),
            ({"user": "a", "bytes": 9}, {"user": "b", "bytes": 100}, {"user": "c", "bytes": 9}),
        ),
        Example(
            "| sort -num(bytes) user",
            [{"user": "a", "bytes": "10"}, {"user": "a", "bytes": "9"}, {"user": "b", "bytes": "9"}, {"user": "c"}],
            ({"user": "b", "bytes": "9"}, {"user": "a", "bytes": "10"}, {"user": "c"}, {"user": "a", "bytes": "9"}),
        ),
        Example("| sort 1 ip(src)", [{"src": "192.0.2.9"}], ({"src": "192.0.2.10"}, {"src": "192.0.2.9"})),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Put the results in order of one or more fields; equal results keep their order.

    A sign directly before a field is that field's; a sign with a blank behind it is for the fields after it that have
    none. `auto(f)`, `num(f)`, `str(f)` and `ip(f)` say how to compare: without one, numbers compare by value, addresses
    by address, everything else by character (upper case before lower case). `d` or `desc` at the end turns the order of
    every field round. Without a count only 10000 results (`limits.sort_maxcount`) are kept; `sort 0` keeps all.

    *Null*: results without the field come last, in either direction. *Multivalue*: the first value counts.

    Rows that do not fit in memory (`limits.spool_bytes`) are sorted on disk, up to `limits.sort_bytes`.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word, tree.Group))
    items = list(arguments.positional)
    limit = arguments["limit"]
    if items and isinstance(items[0], tree.Word) and not items[0].quoted:
        count = parse_int(items[0].text)
        if count is not None and not items[0].text.startswith(("+", "-")):
            if "limit" in arguments.given:
                fail(node, "sort takes a number or limit=, not both.", arguments.given["limit"])
            limit = count
            items = items[1:]
    turned = len(items) > 1 and isinstance(items[-1], tree.Word) and items[-1].text.lower() in ("d", "desc")
    keys = read_sort_keys(node, items[:-1] if turned else items)
    if turned:
        keys = [type(key)(key.field, not key.descending, key.kind) for key in keys]
    if not keys:
        fail(node, "sort needs a field to sort by.")
    if limit is not None and limit < 0:
        fail(node, "sort needs a count of 0 or more.", arguments.given.get("limit", arguments.positional[0]))
    return _sorting(node, tuple(keys), limit)


def _sorting(node: tree.Command, keys: tuple[SortKey, ...], limit: int | None) -> Sequence:
    """Return the sort that keeps `limit` rows (0: all; None: as many as the limits say)."""

    def first(count: int) -> Sequence:
        if not count or (limit and limit <= count):
            return sorting
        numbered = limit is not None and isinstance(node.args[0], tree.Word)
        args = [each for each in node.args[numbered:] if not isinstance(each, tree.Option)]
        return _sorting(replace(node, args=(tree.Word(str(count)), *args)), keys, count)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        count = ctx.limits.sort_maxcount if limit is None else limit

        def rows() -> Iterator[Row]:
            # one more than asked for tells whether the default limit cut anything
            for number, row in enumerate(sorted_rows(stream.batches, keys, ctx, count + 1 if count else 0)):
                if count and number >= count:
                    if limit is None:
                        text = f"sort kept the first {count} results; `sort 0` keeps all."
                        ctx.message("warn", "sort", text, node.span)
                    return
                yield row

        return Stream(batched(rows()), stream.columns)

    sorting = Sequence(
        name="sort",
        run=run,
        first=first,
        requires=reading(frozenset(key.field for key in keys)),
        keeps_order=False,
        writes=frozenset(),
        node=node,
        span=node.span,
    )
    return sorting
