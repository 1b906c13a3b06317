"""Conditions on the events of datasets: constraints of data models, where-clauses by the names of event fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from splmini.compiler import with_bounds
from splmini.compiler.searching import resolved
from splmini.errors import KnowledgeError
from splmini.language import tree
from splmini.language.conjuncts import conjunction

if TYPE_CHECKING:
    from splmini.operators import RunContext


def constraint_of(text: str, ctx: RunContext, name: str) -> tree.Node:
    """Parse the constraint of a dataset; raises KnowledgeError for what is no plain search."""
    pipeline = ctx.parse(text)
    if len(pipeline.commands) != 1 or pipeline.commands[0].name != "search":
        raise KnowledgeError(f"The constraint of '{name}' is not a plain search: {text}", name=name)
    args = pipeline.commands[0].args
    return with_bounds(conjunction(*args) or tree.And(()))


def assigned(commands: tuple[tree.Command, ...]) -> tuple[tuple[str, tree.Node], ...] | None:
    """Return the (field, expression) pairs of commands that are all eval; None where one is not, or names are made."""
    pairs = []
    for each in commands:
        for argument in each.args:
            plain = each.name == "eval" and isinstance(argument, tree.Assignment)
            if not plain or not isinstance(argument.target, tree.FieldRef):  # type: ignore[attr-defined]
                return None
            pairs.append((argument.target.name, argument.value))  # type: ignore[attr-defined]
    return tuple(pairs)


UNPREFIXED = ("host", "source", "sourcetype", "index", "earliest", "latest")
"""Names that need no prefix."""


def renamed(node: tree.Node, names: Mapping[str, str]) -> tree.Node | None:
    """Return a condition with the fields' names in the event; None where it reads a field that is not known there."""
    if isinstance(node, (tree.Term, tree.Directive)):
        return node
    if isinstance(node, tree.FieldComparison):
        field = names.get(node.field)
        return None if field is None else tree.FieldComparison(field, node.op, node.value, node.quoted, span=node.span)
    if isinstance(node, tree.FieldIn):
        field = names.get(node.field)
        return None if field is None else tree.FieldIn(field, node.values, span=node.span)
    if isinstance(node, tree.Not):
        operand = renamed(node.operand, names)
        return None if operand is None else tree.Not(operand, span=node.span)
    if isinstance(node, (tree.And, tree.Or)):
        items: Iterable[tree.Node | None] = [renamed(item, names) for item in node.items]
        kept = tuple(item for item in items if item is not None)
        return type(node)(kept, span=node.span) if len(kept) == len(node.items) else None
    return None


def without_subsearches(node: tree.Node, ctx: RunContext) -> tree.Node:
    """Run the subsearches of a condition and put what they return in their place."""
    if isinstance(node, tree.Subsearch):
        return ctx.expand(node.pipeline)
    if isinstance(node, (tree.SubsearchComparison, tree.FieldInSubsearch)):
        return resolved(node, ctx.returned)
    if isinstance(node, (tree.And, tree.Or)):
        return type(node)(tuple(without_subsearches(item, ctx) for item in node.items), span=node.span)
    if isinstance(node, tree.Not):
        return tree.Not(without_subsearches(node.operand, ctx), span=node.span)
    return node
