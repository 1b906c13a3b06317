"""The table command: a table of exactly the fields named."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from splmini.commands.arguments.reading import FieldPatterns, fail, field_names, limited_to, read
from splmini.commands.arguments.uses import shown, shown_reads
from splmini.language import tree
from splmini.operators import Batch, Columns, Operator, RunContext, Sequence, Stream, Streaming, batched, exactly
from splmini.registry import BuildScope, Example, FieldUses, command


@command(
    "table",
    syntax="table <wc-field-list>",
    category="transforming",
    uses=FieldUses(reads=shown_reads, after=shown),
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Table",
    examples=(
        Example("| table user src*", ({"user": "a", "src_ip": "x"},), ({"src_ip": "x", "_time": 5, "user": "a"},)),
        Example(
            "| table user a*",
            [{"user": "bob", "app": "x", "amount": 3}],
            ({"user": "bob", "app": "x", "amount": 3, "z": 1},),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Give a table of exactly the fields named, in the order of the list, one row a result.

    Names may hold wildcards, which reach internal fields only where they begin with an underscore. Where no result has
    one of the fields, and no command before names one as its own, there are no results. *Null*: the cell is absent.
    *Multivalue* fields are kept whole.
    """
    names = field_names(read(node, {}, takes=(tree.Word,)).words)
    if not names:
        fail(node, "table needs a field list.")
    patterns = FieldPatterns(names)
    if patterns.has_wildcards:
        return _wild(node, patterns)
    if scope.declared is not None and scope.declared.isdisjoint(names):
        return _found(node, names)
    ordered = tuple(names)

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        def table(batch: Batch) -> Batch:
            return [{name: row[name] for name in ordered if name in row} for row in batch]

        return table

    return Streaming(
        name="table", bind=bind, requires=limited_to(names), columns=exactly(*names), node=node, span=node.span
    )


NOTHING = "No matching fields exist."


def _found(node: tree.Command, names: list[str]) -> Operator:
    """A table of fields that nobody declared: there are rows only where one has such a field."""

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def batches() -> Iterator[Batch]:
            for batch in stream.batches:
                ctx.check()
                yield [{name: row[name] for name in names if name in row} for row in batch]

        def columns() -> Columns:
            return list(names)

        return Stream(_with_something(batches(), ctx), columns)

    return Sequence(name="table", run=run, requires=limited_to(names), node=node, span=node.span)


def _with_something(batches: Iterator[Batch], ctx: RunContext) -> Iterator[Batch]:
    """Yield the batches, none where all rows are empty; empty rows before the first that is not are only counted."""
    empty = 0
    for batch in batches:
        if not any(batch):
            empty += len(batch)
            continue
        yield from batched({} for _ in range(empty))
        yield batch
        yield from batches
        return
    if empty:
        ctx.message("info", "table", NOTHING)


def _wild(node: tree.Command, patterns: FieldPatterns) -> Operator:
    """A table with wildcards: which columns there are is known when all rows have been seen."""
    only_patterns = not patterns.exact

    def run(stream: Stream, ctx: RunContext) -> Stream:
        seen: dict[str, None] = {}

        def batches() -> Iterator[Batch]:
            for batch in stream.batches:
                ctx.check()
                table = []
                for row in batch:
                    if not seen.keys() >= row.keys():
                        seen.update(dict.fromkeys(row))
                    table.append({name: row[name] for name in patterns.select(row)})
                yield table

        def columns() -> Columns:
            before = stream.columns() or []
            available = patterns.select([*before, *(name for name in seen if name not in before)])
            exact = [name for name in patterns.patterns if name in patterns.exact and name not in available]
            return patterns.select([*available, *exact])

        return Stream(_with_something(batches(), ctx) if only_patterns else batches(), columns)

    return Sequence(name="table", run=run, requires=limited_to(patterns.patterns), node=node, span=node.span)
