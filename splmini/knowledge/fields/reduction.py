"""Deciding what a search expression says about the fields that a whole class of events shares."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING

from splmini.knowledge.fields.steps import MapperContext
from splmini.language import tree
from splmini.values.wildcards import has_wildcard

if TYPE_CHECKING:
    from splmini.operators import Row

NEVER: tree.Node = tree.Or(())
ALWAYS: tree.Node = tree.And(())


class _Everything:
    """The event types of events of which nothing is known."""

    def __contains__(self, item: object) -> bool:
        return True


EVERYTHING: Container[str] = _Everything()


def reduce(node: tree.Node, constants: Row, possible: Container[str], ctx: MapperContext) -> tree.Node:
    """Decide what a search expression says about constant fields; `And(())` is true and `Or(())` is false.

    A condition on an event type that is none of `possible` (in lower case) is false.
    """
    if isinstance(node, (tree.And, tree.Or)):
        decisive, idle = (NEVER, ALWAYS) if isinstance(node, tree.And) else (ALWAYS, NEVER)
        items = [reduce(item, constants, possible, ctx) for item in node.items]
        if decisive in items:
            return decisive
        kept = tuple(item for item in items if item != idle)
        return kept[0] if len(kept) == 1 else type(node)(kept)
    if isinstance(node, tree.Not):
        operand = reduce(node.operand, constants, possible, ctx)
        if operand in (ALWAYS, NEVER):
            return NEVER if operand == ALWAYS else ALWAYS
        return tree.Not(operand)
    return _decided(node, constants, possible, ctx)


def _decided(node: tree.Node, constants: Row, possible: Container[str], ctx: MapperContext) -> tree.Node:
    if isinstance(node, (tree.FieldComparison, tree.FieldIn)):
        if node.field in constants:
            return ALWAYS if ctx.predicate(node)(constants) else NEVER
        plain = node.field == "eventtype" and isinstance(node, tree.FieldComparison) and node.op == "="
        if plain and not has_wildcard(node.value) and node.value.lower() not in possible:  # type: ignore[union-attr]
            return NEVER
    if isinstance(node, tree.Term) and node.text == "*" and not node.quoted:
        return ALWAYS
    return node
