"""Which conditions may be moved, and how they read in another place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from splmini import compiler
from splmini.language import tree
from splmini.operators import Operator, Streaming
from splmini.plan.distribution import holds_subsearch

SPECIAL = frozenset({"_raw", "_time", "index", "source", "sourcetype", "host"}) | compiler.TIME_MODIFIERS
"""Fields that mean something of their own while events are read."""
_STAY = frozenset({"index"}) | compiler.TIME_MODIFIERS


def is_movable(operator: Operator) -> bool:
    """Say whether an operator is a filter whose condition depends on the row's fields alone."""
    if not isinstance(operator, Streaming) or not operator.filters or operator.local:
        return False
    return operator.predicate is not None and operator.filter_by is not None and is_plain(operator.predicate)


def is_passable(operator: Operator) -> bool:
    """Say whether a filter on fields that an operator does not touch may stand in front of it as well as behind it."""
    return isinstance(operator, Streaming) and not operator.local and (operator.one_to_one or operator.filters)


def is_plain(predicate: tree.Node) -> bool:
    """Say whether a condition depends on the row's fields alone: no subsearch, time range, index, chance or clock."""
    for each in tree.walk(predicate):
        if isinstance(each, (tree.FieldComparison, tree.FieldIn)) and each.field in _STAY:
            return False
        if isinstance(each, tree.Call) and not compiler.is_pure(each):
            return False
    return not holds_subsearch(predicate)


def renamed(node: tree.Node, names: Mapping[str, str]) -> tree.Node:
    """Return a condition, of search or of where, with other names of fields."""
    if isinstance(node, (tree.FieldComparison, tree.FieldIn)):
        return replace(node, field=names.get(node.field, node.field))
    if isinstance(node, tree.FieldRef):
        return replace(node, name=names.get(node.name, node.name))
    changes: dict[str, Any] = {}
    for name in node.__dataclass_fields__:
        value = getattr(node, name)
        if isinstance(value, tree.Node):
            changes[name] = renamed(value, names)
        elif isinstance(value, tuple) and any(isinstance(item, tree.Node) for item in value):
            changes[name] = tuple(renamed(item, names) if isinstance(item, tree.Node) else item for item in value)
    return replace(node, **changes) if changes else node
