"""The operators of eval that calculate: signs, `+ - * / %`, and `.`, which joins texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini import registry
from splmini.budget import SMALL, fits, grows
from splmini.compiler.analysis import is_constant
from splmini.compiler.types import static_type
from splmini.language import tree
from splmini.values import figures, numbers
from splmini.values.numbers import is_nan, to_number, to_text

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

    def signed(row: Row) -> Any:
        number = to_number(operand(row))
        return None if number is None else numbers.negated(number) if negative else number

    return constant(signed({})) if isinstance(node.operand, tree.Number) else signed


def _concatenation(node: tree.Binary, scope: registry.Scope) -> Evaluate:
    """`a.b.c`: null where one of them is null, or multivalue."""
    return _joining([scope.compile(part) for part in _operands(node)])


def _joining(parts: list[Evaluate]) -> Evaluate:
    if len(parts) == 2:
        left, right = parts

        def concatenate(row: Row) -> Any:
            first, second = left(row), right(row)
            if first.__class__ is str and second.__class__ is str:
                text = first + second
                if len(text) > SMALL:
                    grows(len(text))
                return text
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
    grows(sum(map(len, texts)))
    return "".join(texts)


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": numbers.add,
    "-": numbers.subtract,
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
    evaluate = _product(node, left, right) if node.op == "*" else _calculation(node.op, left, right)
    return constant(evaluate({})) if is_constant(node) else evaluate


def _calculation(op: str, left: Evaluate, right: Evaluate) -> Evaluate:
    operation = _ARITHMETIC[op]
    plus = op == "+"

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
            return fits(first + second)
        return _without_number(first, second)

    return arithmetic


def _product(node: tree.Binary, left: Evaluate, right: Evaluate) -> Evaluate:
    """`a * b`: shown with the significant figures of the less precise factor."""
    left_computed, right_computed = _is_computed(node.left), _is_computed(node.right)

    def product(row: Row) -> Any:
        first, second = left(row), right(row)
        if first.__class__ is int and second.__class__ is int:
            return numbers.multiply(first, second)
        a, b = to_number(first), to_number(second)
        if a is None or b is None:
            return _without_number(first, second)
        try:
            result = numbers.multiply(a, b)
        except OverflowError:
            return None
        precision = figures.least(figures.of_value(first, left_computed), figures.of_value(second, right_computed))
        return result if result is None or precision is None else figures.shown_with(result, precision)

    return product


def _is_computed(node: tree.Node) -> bool:
    """Say whether a float that a node gives is the result of a calculation, not a value of the event."""
    return static_type(node) == "number"


_NAN = "NaN"


def _without_number(first: Any, second: Any) -> str | None:
    """The result where an operand is no number: null, but `NaN` where one of them is that text."""
    operands = [each for each in (first, second) if not is_nan(each)]
    return _NAN if len(operands) < 2 and all(to_number(each) is not None for each in operands) else None
