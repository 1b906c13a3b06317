"""search: the filter, and the first command of a search that starts without a pipe."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timezone

from splmini.compiler import TIME_MODIFIERS, fields_read
from splmini.errors import ArgumentError
from splmini.language import tree
from splmini.operators import Batch, Fields, RunContext, Streaming, union
from splmini.registry import BuildScope, Example, command
from splmini.values.times import time_modifier


@command(
    "search",
    "search",
    syntax="search <logical-expression>",
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Search",
    examples=(
        Example(
            "search status>=400 NOT host=web0*",
            [{"host": "db1"}],
            ({"host": "db1", "status": 500}, {"host": "web01", "status": 404}),
        ),
        Example('search user IN (alice, "bob b*")', [{"user": "Alice"}], ({"user": "Alice"}, {"user": "carol"})),
        Example("| search NOT status=200", [{"status": 500}, {"n": 1}], ({"status": 200}, {"status": 500}, {"n": 1})),
        Example(
            "| search src=10.0.0.0/8 user=AD*",
            [{"src": "10.1.2.3", "user": "admin"}],
            ({"src": "10.1.2.3", "user": "admin"}, {"src": "192.0.2.1", "user": "admin"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Streaming:
    """Keep the events that satisfy a search expression.

    As the first command it reads the events; behind a pipe it filters rows. Terms next to each other are joined by
    AND; NOT binds strongest, then OR, then AND. Values compare without case, `*` is a wildcard (in quotes too), an
    address field compares with a CIDR block, numbers compare as numbers. A comparison with a field that is absent is
    false, so `field!=x` needs the field and `NOT field=x` does not; a multivalue field matches when one of its values
    does. Bare words and phrases are looked for in `_raw`, by whole terms.

    *Null*: a comparison with an absent field is false. *Multivalue*: one value that fits is enough.
    """
    expression = node.args[0] if node.args else tree.And(())
    check_search(expression, scope)
    return filter_by(expression, node)


def check_search(expression: tree.Node, scope: BuildScope) -> None:
    """Find the mistakes of a search expression when it is compiled: in its subsearches and its time modifiers."""
    stack = [expression]
    while stack:
        current = stack.pop()
        if isinstance(current, tree.Subsearch):
            scope.build(current.pipeline)
        elif isinstance(current, tree.FieldComparison) and current.field in TIME_MODIFIERS - {"timeformat"}:
            _check_time(current)
        else:
            stack.extend(tree.children(current))


def _check_time(node: tree.FieldComparison) -> None:
    try:
        time_modifier(node.value, 0, timezone.utc)
    except ArgumentError as error:
        error.span = node.span
        raise


def filter_by(expression: tree.Node, node: tree.Command) -> Streaming:
    """Return the operator that keeps the rows satisfying a search expression."""
    reads = fields_read(expression)

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        test = ctx.predicate(expression)

        def keep(batch: Batch) -> Batch:
            return [row for row in batch if test(row)]

        return keep

    def requires(after: Fields) -> Fields:
        return union(after, reads)

    return Streaming(
        name="search",
        bind=bind,
        requires=requires,
        filters=True,
        predicate=expression,
        writes=frozenset(),
        node=node,
        span=node.span,
    )
