"""What a user would want to know about a stage that is no filter: null by-fields, and what its command has to say."""

from __future__ import annotations

from splmini.commands.arguments.notes import Notes, by_notes
from splmini.language import tree
from splmini.operators import Operator, Row
from splmini.registry import find_command


def notes(operator: Operator, before: list[Row], after: list[Row]) -> Notes:
    """Yield what is to be said about a command, from the rows before and after it."""
    node = operator.node
    if not isinstance(node, tree.Command) or not before:
        return
    spec = find_command(node.name)
    if spec is not None and spec.notes is not None:
        yield from spec.notes(node, before, after)
    else:
        yield from by_notes([item.text for item in by_fields(node)], before)


def by_fields(node: tree.Command) -> list[tree.Word]:
    """Return the fields of a command's by-clause."""
    return [
        item
        for arg in node.args
        if isinstance(arg, tree.Clause) and arg.keyword in ("by", "over")
        for item in arg.items
        if isinstance(item, tree.Word)
    ]
