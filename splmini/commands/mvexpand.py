"""The mvexpand command: one result for each value of a field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from splmini.budget import takes
from splmini.commands.arguments.reading import fail, one_field, read, reading
from splmini.commands.arguments.uses import SAME_OF_WORDS
from splmini.language import tree
from splmini.operators import BATCH_SIZE, Batch, Operator, Row, RunContext, Sequence, Stream, Streaming, batched
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {"limit": OptionSpec("int", default=0, doc="How many values of each result to use; 0 uses all.")}


@command(
    "mvexpand",
    options=OPTIONS,
    syntax="mvexpand <field> [limit=<int>]",
    category="streaming",
    uses=SAME_OF_WORDS,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Mvexpand",
    examples=(
        Example("| mvexpand to", ({"n": 1, "to": "a"}, {"n": 1, "to": "b"}), ({"n": 1, "to": ["a", "b"]},)),
        Example(
            "| mvexpand to limit=2", [{"to": "a", "n": 1}, {"to": "b", "n": 1}], ({"to": ["a", "b", "c"], "n": 1},)
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Give one result for each value of a multivalue field, with all other fields copied.

    *Null*: a result without the field is removed, as in Splunk; `fillnull` before it keeps such results. Where no
    result has the field, and no command before names it as its own, all pass. Splunk cuts the result at
    `max_mem_usage_mb`; here it is expanded as a stream, and nothing is cut.
    """
    arguments = read(node, OPTIONS)
    name = one_field(arguments)
    limit = arguments["limit"]
    if limit < 0:
        fail(node, "mvexpand needs a limit of 0 or more.", arguments.given["limit"])

    expand = _expansion(name, limit)
    if scope.declared is not None and name not in scope.declared:
        return _where_found(node, name, expand)

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        return expand

    return Streaming(
        name="mvexpand",
        bind=bind,
        requires=reading(frozenset({name})),
        writes=frozenset({name}),
        node=node,
        span=node.span,
    )


_ROW, _CELL = 64, 24
"""Bytes that a row takes, and each field of it, beside the values."""


def _expansion(name: str, limit: int) -> Callable[[Batch], Batch]:
    """Return the function that expands the rows of a batch, and leaves out those without the field."""

    def mvexpand(batch: Batch) -> Batch:
        expanded: Batch = []
        for row in batch:
            values = row.get(name)
            if values is None:
                continue
            if not isinstance(values, list):
                expanded.append(row)
                continue
            if limit:
                values = values[:limit]
            if len(values) > BATCH_SIZE:
                takes(len(values) * (_ROW + _CELL * len(row)))
            for value in values:
                copy = dict(row)
                copy[name] = value
                expanded.append(copy)
        return expanded

    return mvexpand


def _where_found(node: tree.Command, name: str, expand: Callable[[Batch], Batch]) -> Operator:
    """Expand a field that nobody declared: where no row has it, the rows pass as they are."""

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def batches() -> Iterator[Batch]:
            held: list[Row] = []
            for batch in stream.batches:
                ctx.check(len(held))
                if not any(name in row for row in batch):
                    held.extend(batch)
                    continue
                for given in chain((batch,), stream.batches):
                    expanded = expand(given)
                    ctx.budget.rows(max(len(expanded) - len(given), 0), "mvexpand")
                    yield from batched(expanded)
                return
            if held:
                ctx.message("warn", "mvexpand", f"No result has the field '{name}'.", node.span)
                yield from batched(held)

        return Stream(batches(), stream.columns)

    return Sequence(
        name="mvexpand",
        run=run,
        requires=reading(frozenset({name})),
        writes=frozenset({name}),
        node=node,
        span=node.span,
    )
