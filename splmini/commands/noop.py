"""The noop command: nothing."""

from __future__ import annotations

from collections.abc import Callable

from splmini.commands.arguments.reading import reading
from splmini.commands.arguments.uses import SAME
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming
from splmini.registry import BuildScope, Example, command


@command(
    "noop",
    any_option=True,
    syntax="noop [<option>=<value>]...",
    category="streaming",
    uses=SAME,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Noop",
    examples=(Example("| noop search_optimization=false", ({"n": 1},), ({"n": 1},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Pass the results on as they are.

    Splunk uses it to switch parts of its optimiser off for a search; its options are accepted and mean nothing here,
    since optimised and plain plans give the same results.

    *Null* and *multivalue* fields are passed on as they are.
    """
    return unchanged(node)


def unchanged(node: tree.Command) -> Operator:
    """Return an operator that passes everything on."""
    return Streaming(
        name=node.name, bind=_pass_on, requires=reading(frozenset()), writes=frozenset(), node=node, span=node.span
    )


def _pass_on(ctx: RunContext) -> Callable[[Batch], Batch]:
    return _same


def _same(batch: Batch) -> Batch:
    return batch
