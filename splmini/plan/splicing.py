"""Commands in whose text a subsearch stands: they are built when a run has what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from splmini import registry
from splmini.language import tree
from splmini.operators import ALL, Fields, Generating, Operator, RunContext, Sequence, Stream


def is_spliced(node: tree.Command) -> bool:
    """Say whether a command can be built only with what its subsearches return.

    A search expression need not wait: its filters run the subsearches in it, and are moved and divided without them.
    """
    if node.args and isinstance(node.args[0], tree.Spliced):
        return True
    spec = registry.find_command(node.name)
    return spec is not None and spec.dialect == "expressions" and next(subsearches(node), None) is not None


def subsearches(node: tree.Node) -> Iterator[tree.Subsearch]:
    """Yield the subsearches of a node, without those inside of them."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, tree.Subsearch):
            yield current
        else:
            stack.extend(reversed(tree.children(current)))


def spliced(node: tree.Command, build: Callable[[tree.Command], Operator]) -> Operator:
    """Return the operator that has a command's subsearches run, builds the command with their text, and runs it."""
    spec = registry.find_command(node.name)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        return ctx.spliced(node, build, stream)

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        return ctx.spliced(node, build, None, needed)

    name = f"{node.name} […]"  # not the command's own: what is known of it by its name does not hold for this
    if spec is not None and spec.generating:
        return Generating(name=name, generate=generate, follows=run, node=node, span=node.span)
    return Sequence(name=name, run=run, keeps_order=False, writes=ALL, node=node, span=node.span)
