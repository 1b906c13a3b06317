"""The scan: the operator that reads the run's events."""

from __future__ import annotations

from dataclasses import dataclass

from splmini import compiler
from splmini.language import tree
from splmini.operators import Fields, Generating, RunContext, Stream


@dataclass(frozen=True, kw_only=True)
class Scan(Generating):
    """Read the events of the run that satisfy `predicate` (None: all of them)."""

    predicate: tree.Node | None = None


def scan(predicate: tree.Node | None = None) -> Scan:
    """Return a scan for a search expression."""

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        return ctx.scan(predicate, needed)

    return Scan(name="scan", generate=generate, predicate=predicate)


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


def time_terms(node: tree.Node | None) -> tree.Node | None:
    """Return the parts of an expression that hold time modifiers (`earliest=-1h`): they set the range that is read."""
    return conjunction(*(part for part in conjuncts(node) if any(map(_is_time_modifier, tree.walk(part)))))


def _is_time_modifier(node: tree.Node) -> bool:
    return isinstance(node, tree.FieldComparison) and node.field in compiler.TIME_MODIFIERS


def conjunction(*nodes: tree.Node | None) -> tree.Node | None:
    """Return the AND of expressions, or None where there is nothing to satisfy."""
    parts = tuple({id(part): part for node in nodes for part in conjuncts(node)}.values())
    return None if not parts else parts[0] if len(parts) == 1 else tree.And(parts)
