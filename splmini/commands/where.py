"""The where command: keep the results for which an eval expression is true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from splmini.commands.arguments.reading import fail, fields_read, reading
from splmini.commands.arguments.uses import assignment_reads
from splmini.compiler import as_truth, static_type
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming
from splmini.registry import BuildScope, Example, FieldUses, command
from splmini.registry.uses import unchanged


@command(
    "where",
    "expressions",
    syntax="where <eval-expression>",
    category="streaming",
    keeps_chart=True,
    names=frozenset({"function"}),
    uses=FieldUses(reads=assignment_reads, after=unchanged),
    condition="eval",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Where",
    examples=(
        Example(
            '| where status>=400 AND user!="bot"',
            ({"status": 404, "user": "bob"},),
            ({"status": 404, "user": "bob"}, {"status": 200, "user": "bob"}, {"status": 500, "user": "bot"}),
        ),
        Example(
            '| where like(process, "%-enc%") AND isnotnull(user)',
            [{"process": "powershell -enc AAA", "user": "bob"}],
            (
                {"process": "powershell -enc AAA", "user": "bob"},
                {"process": "powershell -enc AAA"},
                {"process": "cmd", "user": "bob"},
            ),
        ),
        Example("| where NOT status=200", [{"status": 500}, {"n": 1}], ({"status": 200}, {"status": 500}, {"n": 1})),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Keep the results for which an eval expression is true.

    The expression is the one of `eval`: a bare word is a field, text stands in double quotation marks, AND binds
    before OR, comparisons of text respect case, and `*` has no meaning in them (see `like()` and `match()`).

    *Null*: a comparison with a field that is absent does not hold, be it `=` or `!=`, and its NOT does:
    `NOT user="bot"` keeps the results without a user, `user!="bot"` does not. `isnull()` and `isnotnull()` test for
    it. *Multivalue*: a comparison holds where one of the values fulfils it.
    """
    if len(node.args) != 1 or isinstance(node.args[0], tree.Assignment):
        fail(node, "where needs one condition.", node.args[1] if len(node.args) > 1 else None)
    condition = node.args[0]
    if static_type(condition) in ("string", "number"):
        fail(node, f"where needs a condition that is true or false, not '{condition}'.", condition)
    scope.check(condition)
    return keep_where(condition, node)


def keep_where(condition: tree.Node, node: tree.Command) -> Streaming:
    """Return the operator that keeps the rows for which a checked eval expression is true."""

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        test = ctx.expression(condition)

        def where(batch: Batch) -> Batch:
            kept = []
            for row in batch:
                value = test(row)
                if value is True or (value is not False and value is not None and as_truth(value)):
                    kept.append(row)
            return kept

        return where

    def filtered(other: tree.Node) -> Streaming:
        return keep_where(other, replace(node, args=(other,)))

    return Streaming(
        name="where",
        bind=bind,
        requires=reading(fields_read(condition)),
        filters=True,
        predicate=condition,
        dialect="eval",
        filter_by=filtered,
        writes=frozenset(),
        node=node,
        span=node.span,
    )
