"""Eval expression → function of a row: literals, fields, truth, comparison, calls.

A comparison with null gives null, and null is not true: NOT, AND, OR, XOR and whatever takes a condition tell true from
the rest, so that `NOT x="a"` holds where there is no x. (Only what looks at a comparison's value sees that it is null.)
What is constant is folded; the frequent forms (a field against a literal, a list of literals) have their own closures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini import registry
from splmini.compiler import arithmetic
from splmini.compiler.analysis import is_constant
from splmini.compiler.arithmetic import Evaluate, constant
from splmini.compiler.calls import adapted, as_truth, find_function, unknown
from splmini.compiler.remembering import WORTH_REMEMBERING, only_field, remembered
from splmini.compiler.types import static_type
from splmini.language import tree
from splmini.values import figures, numbers
from splmini.values.comparison import comparator, compare_with
from splmini.values.multivalue import joined
from splmini.values.numbers import to_number, to_text

if TYPE_CHECKING:
    from splmini.operators import Row, RunContext, Value

Condition: TypeAlias = "Callable[[Row], bool | None]"


class RunScope:
    """The `registry.Scope` of a run: compiles nodes, folds what is constant."""

    def __init__(self, ctx: RunContext | None) -> None:
        self._ctx = ctx

    @property
    def ctx(self) -> RunContext:
        """The run; raises LookupError where an expression is folded outside of one."""
        if self._ctx is None:
            raise LookupError("no run")
        return self._ctx

    def compile(self, node: tree.Node) -> Callable[[Row], Value]:
        """Compile a node to a function of the row."""
        return compile_expression(node, self)

    def constant(self, node: tree.Node) -> Any:
        """Return the value of a constant node; raises LookupError where it depends on the row or the run."""
        if not is_constant(node):
            raise LookupError("not a constant")
        return compile_expression(node, self)({})


def compile_expression(node: tree.Node, scope: registry.Scope) -> Evaluate:
    """Compile an eval expression to a function of the row."""
    evaluate = _COMPILERS[type(node)](node, scope)
    if type(node) is tree.Call and node.name in WORTH_REMEMBERING:
        name = only_field(node)
        if name is not None:
            return remembered(evaluate, name)
    return evaluate


def compile_value(node: tree.Node, scope: registry.Scope) -> Evaluate:
    """Compile an eval expression whose value goes into a field: numbers are rounded as they are shown."""
    evaluate = compile_expression(node, scope)
    if not any(map(_is_shown_rounded, tree.walk(node))):
        return evaluate

    def settle(row: Row) -> Any:
        return numbers.settled(evaluate(row))

    return settle


def _is_shown_rounded(node: tree.Node) -> bool:
    """Say whether a node gives numbers that are shown with fewer decimals than they have."""
    if isinstance(node, tree.Binary):
        return node.op == "*"
    return isinstance(node, tree.Call) and node.name == "pow"


def compile_condition(node: tree.Node, scope: registry.Scope) -> Condition:
    """Compile an eval expression to a test: what it gives is true, false or null, which is as false."""
    evaluate = compile_expression(node, scope)
    if static_type(node) == "bool":
        return evaluate

    def truth(row: Row) -> bool | None:
        return as_truth(evaluate(row))

    return truth


def _literal(node: Any, scope: registry.Scope) -> Evaluate:
    return constant(node.value)


def _number(node: tree.Number, scope: registry.Scope) -> Evaluate:
    if to_number(node.value) is None:  # 1e999
        return constant(None)
    return constant(figures.as_written(node.text, node.value))


def _field(node: tree.FieldRef, scope: registry.Scope) -> Evaluate:
    name = node.name

    def field(row: Row) -> Any:
        return row.get(name)

    return field


# ---- truth ---------------------------------------------------------------------------------------------------------


def _and(node: tree.And, scope: registry.Scope) -> Evaluate:
    tests = [compile_condition(item, scope) for item in node.items]

    def conjunction(row: Row) -> bool:
        for test in tests:
            if not test(row):
                return False
        return True

    return conjunction


def _or(node: tree.Or, scope: registry.Scope) -> Evaluate:
    tests = [compile_condition(item, scope) for item in node.items]

    def disjunction(row: Row) -> bool:
        for test in tests:
            if test(row):
                return True
        return False

    return disjunction


def _xor(node: tree.Xor, scope: registry.Scope) -> Evaluate:
    tests = [compile_condition(item, scope) for item in node.items]

    def exclusive(row: Row) -> bool:
        result = False
        for test in tests:
            if test(row):
                result = not result
        return result

    return exclusive


def _not(node: tree.Not, scope: registry.Scope) -> Evaluate:
    test = compile_condition(node.operand, scope)

    def negation(row: Row) -> bool:
        return not test(row)

    return negation


# ---- comparison ----------------------------------------------------------------------------------------------------


def _comparison(node: tree.Comparison, scope: registry.Scope) -> Evaluate:
    if node.op == "like":
        return compile_expression(tree.Call("like", (node.left, node.right), span=node.span), scope)
    left, right = compile_expression(node.left, scope), compile_expression(node.right, scope)
    test = comparator(node.op)
    if isinstance(node.right, tree.String):
        return _against_string(left, node.right.value, test)
    if isinstance(node.right, tree.Number):
        return _against_number(left, node.right.value, test)
    text = "string" in (static_type(node.left), static_type(node.right))

    def comparison(row: Row) -> bool | None:
        return compare_with(test, left(row), right(row), text)

    return comparison


def _against_string(left: Evaluate, wanted: str, test: Callable[[Any, Any], bool]) -> Evaluate:
    def against_string(row: Row) -> bool | None:
        value = left(row)
        if value.__class__ is str:
            return test(value, wanted)
        return compare_with(test, value, wanted, True)

    return against_string


def _against_number(left: Evaluate, wanted: int | float, test: Callable[[Any, Any], bool]) -> Evaluate:
    text = to_text(wanted)

    def against_number(row: Row) -> bool | None:
        value = left(row)
        kind = value.__class__
        if kind is int or kind is float:
            return test(value, wanted)
        if kind is str:
            number = to_number(value)
            return test(value, text) if number is None else test(number, wanted)
        return compare_with(test, value, wanted)

    return against_number


def membership(operand: tree.Node, items: tuple[tree.Node, ...], scope: registry.Scope) -> Evaluate:
    """Compile `operand IN (items)`: the literals of the list are looked up in a set."""
    evaluate = compile_expression(operand, scope)
    texts = {item.value for item in items if isinstance(item, tree.String)}
    literals = {item.value for item in items if isinstance(item, tree.Number)}
    others = [
        tree.Comparison("=", operand, item, span=item.span)
        for item in items
        if not isinstance(item, (tree.String, tree.Number))
    ]
    tests = [compile_expression(each, scope) for each in others]
    known = static_type(operand) == "string"

    def single(value: Any) -> bool:
        if (value if value.__class__ is str else to_text(value)) in texts:
            return True
        if not literals or known:
            return bool(literals) and to_text(value) in map(to_text, literals)
        number = to_number(value)
        return number is not None and number in literals

    def member(row: Row) -> bool | None:
        value = evaluate(row)
        if value is None:
            return None
        if any(map(single, value)) if value.__class__ is list else single(value):
            return True
        return any(test(row) is True for test in tests)

    return member


def _in_list(node: tree.InList, scope: registry.Scope) -> Evaluate:
    return membership(node.operand, node.items, scope)


# ---- calls ---------------------------------------------------------------------------------------------------------


def _call(node: tree.Call, scope: registry.Scope) -> Evaluate:
    function = find_function(node)
    folded = is_constant(node)
    if function.form is not None:
        evaluate = function.form(node, scope)
    else:
        arguments = [compile_expression(arg, scope) for arg in node.args]
        known = [
            argument({}) if is_constant(arg) else unknown() for argument, arg in zip(arguments, node.args, strict=True)
        ]
        evaluate = adapted(function, arguments, known)
    return constant(evaluate({})) if folded else evaluate


_COMPILERS: dict[type, Callable[[Any, registry.Scope], Evaluate]] = {
    tree.String: _literal,
    tree.Number: _number,
    tree.Boolean: _literal,
    tree.FieldRef: _field,
    tree.And: _and,
    tree.Or: _or,
    tree.Xor: _xor,
    tree.Not: _not,
    tree.Comparison: _comparison,
    tree.InList: _in_list,
    tree.Unary: arithmetic.unary,
    tree.Binary: arithmetic.binary,
    tree.Call: _call,
}


def evaluate_macro(text: str) -> str:
    """Evaluate an eval-based macro definition: an expression without fields whose string is the expansion."""
    from splmini.language.parser import parse_expression

    return joined(compile_expression(parse_expression(text), RunScope(None))({}), " ")
