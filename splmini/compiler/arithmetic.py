"""The operators of eval that calculate: signs, `+ - * / %`, and `.`, which joins texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini import registry
from splmini.compiler.analysis import is_constant
from splmini.compiler.types import static_type
from splmini.language import tree
from splmini.values import numbers
from splmini.values.numbers import to_number, to_text

if TYPE_CHECKING:
    from splmini.operators import Row

Evaluate: TypeAlias = "Callable[[Row], Any]"


def constant(value: Any) -> Evaluate:
    """Return an expression that gives the same for every row."""

    def always(row: Row) -> Any:
        return value

    return always


def unary(node: tree.Unary, scope: registry.Scope) -> Evaluate:
    """Compile a sign before an operand."""
    operand = scope.compile(node.operand)
    negative = node.op == "-"
    if isinstance(node.operand, tree.Number):
        return constant(-node.operand.value if negative else node.operand.value)

    def negated(row: Row) -> Any:
        number = to_number(operand(row))
        return None if number is None else -number if negative else number

    return negated


def _concatenation(node: tree.Binary, scope: registry.Scope) -> Evaluate:
    """`a.b.c`: null where one of them is null, or multivalue."""
    return _joining([scope.compile(part) for part in _operands(node)])


def _joining(parts: list[Evaluate]) -> Evaluate:
    if len(parts) == 2:
        left, right = parts

        def concatenate(row: Row) -> Any:
            first, second = left(row), right(row)
            if first.__class__ is str and second.__class__ is str:
                return first + second
            return _concatenated((first, second))

        return concatenate

    def concatenate_all(row: Row) -> Any:
        return _concatenated([part(row) for part in parts])

    return concatenate_all


def _operands(node: tree.Binary) -> list[tree.Node]:
    parts: list[tree.Node] = []
    current: tree.Node = node
    while isinstance(current, tree.Binary) and current.op == ".":
        parts.append(current.right)
        current = current.left
    parts.append(current)
    return parts[::-1]


def _concatenated(values: list[Any] | tuple[Any, ...]) -> str | None:
    texts = []
    for value in values:
        if value.__class__ is str:
            texts.append(value)
        elif value is None or value.__class__ is list:
            return None
        else:
            texts.append(to_text(value))
    return "".join(texts)


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": numbers.add,
    "-": numbers.subtract,
    "*": numbers.multiply,
    "/": numbers.divide,
    "%": numbers.modulo,
}


def binary(node: tree.Binary, scope: registry.Scope) -> Evaluate:
    """Compile an operator between two operands; what is constant is folded."""
    if node.op == ".":
        return _concatenation(node, scope)
    if node.op == "+" and static_type(node) == "string":
        return _joining([scope.compile(node.left), scope.compile(node.right)])
    left, right = scope.compile(node.left), scope.compile(node.right)
    operation = _ARITHMETIC[node.op]
    plus = node.op == "+"

    def arithmetic(row: Row) -> Any:
        first, second = left(row), right(row)
        kind, other = first.__class__, second.__class__
        if kind is int and other is int:
            return operation(first, second)
        a = first if kind is int or kind is float else to_number(first)
        b = second if other is int or other is float else to_number(second)
        if a is not None and b is not None:
            try:
                return operation(a, b)
            except OverflowError:
                return None
        if plus and a is None and b is None and isinstance(first, str) and isinstance(second, str):
            return first + second
        return None

    return constant(arithmetic({})) if is_constant(node) else arithmetic
