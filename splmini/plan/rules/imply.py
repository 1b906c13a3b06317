"""What filters demand of fields that no operator before them sets is looked for in the raw bytes."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf

from splmini.language import tree
from splmini.operators import Fields, Operator, Streaming
from splmini.plan.rules.conditions import SPECIAL, is_passable, is_plain
from splmini.plan.scan import Scan, conjunction, conjuncts, scan


def imply(operators: SequenceOf[Operator]) -> list[Operator]:
    """Tell the scan what the filters behind it demand of fields that are still those of the event."""
    first = operators[0] if operators else None
    if not isinstance(first, Scan):
        return list(operators)
    written: Fields = frozenset()
    found: list[tree.Node | None] = []
    for operator in operators[1:]:
        if not isinstance(operator, Streaming) or not is_passable(operator) or written is None:
            break
        if operator.dialect == "eval" and operator.predicate is not None and is_plain(operator.predicate):
            found.extend(_implied(each, written) for each in conjuncts(operator.predicate))
        written = None if operator.writes is None else written | operator.writes
    implied = conjunction(*found)
    return list(operators) if implied is None else [scan(first.predicate, implied, first.raw), *operators[1:]]


def _implied(node: tree.Node, written: frozenset[str]) -> tree.Node | None:
    """The search expression that a condition of where implies: the equality of a field with a text; else None."""
    if isinstance(node, tree.Or):
        parts = [_implied(item, written) for item in node.items]
        return None if None in parts else tree.Or(tuple(part for part in parts if part is not None))
    if isinstance(node, tree.Comparison) and node.op in ("=", "=="):
        field, text = node.left, node.right
        if isinstance(text, tree.FieldRef):
            field, text = text, field
        if isinstance(field, tree.FieldRef) and isinstance(text, tree.String) and field.name not in written | SPECIAL:
            return tree.FieldComparison(field.name, "=", text.value.replace("\\", "\\\\"), True)
    return None
