"""The parts of an expression that all have to hold, and the expression of several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from splmini.language import tree


def conjuncts(node: tree.Node | None) -> tuple[tree.Node, ...]:
    """Return the parts of an expression that all have to hold.

    >>> conjuncts(tree.And((tree.Term("a"), tree.And((tree.Term("b"),)))))
    (Term(text='a', quoted=False), Term(text='b', quoted=False))
    """
    if node is None:
        return ()
    if isinstance(node, tree.And):
        return tuple(part for item in node.items for part in conjuncts(item))
    return (node,)


def conjunction(*nodes: tree.Node | None) -> tree.Node | None:
    """Return the AND of expressions, or None where there is nothing to satisfy."""
    parts = tuple({id(part): part for node in nodes for part in conjuncts(node)}.values())
    return None if not parts else parts[0] if len(parts) == 1 else tree.And(parts)


def mapped(node: tree.Node, change: Callable[[tree.FieldComparison | tree.FieldIn], tree.Node]) -> tree.Node:
    """Return a search expression with each comparison of a field replaced by what `change` makes of it, in order.

    Subsearches stay as they are.
    """
    if isinstance(node, (tree.FieldComparison, tree.FieldIn)):
        return change(node)
    if isinstance(node, (tree.And, tree.Or)):
        return replace(node, items=tuple(mapped(item, change) for item in node.items))
    if isinstance(node, tree.Not):
        return replace(node, operand=mapped(node.operand, change))
    return node
