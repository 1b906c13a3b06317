"""The fieldformat command: how a field is shown, without changing it."""

from __future__ import annotations

from collections.abc import Callable

from splmini.commands.arguments.reading import fail, fields_read, reading
from splmini.commands.arguments.uses import assignment_reads
from splmini.commands.eval import checked
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming
from splmini.registry import BuildScope, Example, FieldUses, command
from splmini.registry.uses import unchanged


@command(
    "fieldformat",
    "expressions",
    syntax="fieldformat <field>=<expression>",
    category="streaming",
    names=frozenset({"function"}),
    uses=FieldUses(reads=assignment_reads, after=unchanged),
    assigns=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Fieldformat",
    examples=(
        Example(
            '| fieldformat t=strftime(t, "%Y") | eval later=t+1',
            ({"t": 1700000000, "later": 1700000001},),
            ({"t": 1700000000},),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Say how a field is shown; its value stays, for all later commands and for results that are exported.

    splmini's results are values, so that the format is checked and then has no effect on them: sort, eval and outputs
    see the value, as in Splunk.

    *Null* and *multivalue*: the field stays as it is.
    """
    assignments = checked(node, scope)
    if len(assignments) > 1:
        fail(node, "fieldformat takes one assignment.", assignments[1])
    if not isinstance(assignments[0].target, tree.FieldRef):
        fail(node, "fieldformat needs the name of a field.", assignments[0].target)

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        ctx.expression(assignments[0].value)

        def unchanged(batch: Batch) -> Batch:
            return batch

        return unchanged

    return Streaming(
        name="fieldformat",
        bind=bind,
        requires=reading(fields_read(assignments[0].value)),
        writes=frozenset(),
        node=node,
        span=node.span,
    )
