"""What an expression depends on: the fields that it reads, or nothing but its literals."""

from __future__ import annotations

from splmini import registry
from splmini.compiler.time_terms import is_time_term, reads_of
from splmini.language import tree


def is_constant(node: tree.Node) -> bool:
    """Say whether an eval expression depends on nothing but its literals."""
    for each in tree.walk(node):
        if isinstance(each, (tree.FieldRef, tree.Subsearch)):
            return False
        if isinstance(each, tree.Call) and not is_pure(each):
            return False
    return True


def is_pure(call: tree.Call) -> bool:
    """Say whether a call depends on its arguments alone: a known function, no chance, clock or look at the row."""
    function = registry.eval_functions().get(call.name)
    return function is not None and function.pure and not function.whole_row


def fields_read(node: tree.Node) -> frozenset[str] | None:
    """Return the fields that an expression of either dialect reads; None where that cannot be known.

    >>> from splmini.language.tree import Call, FieldRef
    >>> sorted(fields_read(Call("len", (FieldRef("user"),))))
    ['user']
    """
    names: set[str] = set()
    stack = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, (tree.FieldComparison, tree.FieldIn)):
            names.update(reads_of(each) if is_time_term(each) else (each.field,))  # and not the words of its list
            continue
        stack.extend(tree.children(each))
        if isinstance(each, tree.FieldRef):
            names.add(each.name)
        elif isinstance(each, (tree.Term, tree.Directive)):
            if not (isinstance(each, tree.Term) and each.text == "*"):
                names.add("_raw")
        elif isinstance(each, tree.Subsearch) or (isinstance(each, tree.Call) and _reads_row(each)):
            return None
    return frozenset(names)


def _reads_row(call: tree.Call) -> bool:
    function = registry.eval_functions().get(call.name)
    return function is not None and function.whole_row
