"""Mathematical functions; null where a function is not defined."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from splmini.functions.eval._support import Evaluate, bad_argument, page
from splmini.language import tree
from splmini.registry import Example, eval_form, eval_function
from splmini.values import figures, numbers
from splmini.values.multivalue import as_list, first
from splmini.values.numbers import Shown, decimals, normal, round_half_up, to_number, to_text

if TYPE_CHECKING:
    from splmini.operators import Row
    from splmini.registry import Scope

PAGE = page("mathematical-functions")
_LARGEST = 1 << 53


@eval_function("abs", 1, "number", source=PAGE, returns="number", examples=(Example("abs(-3.5)", 3.5),))
def absolute(value: float) -> float | None:
    """abs(<number>): the absolute value.

    *Null*: null, also for what is no number. *Multivalue*: applied to each value.
    """
    return numbers.negated(value) if value < 0 else value


@eval_function(
    "ceiling", 1, "number", source=PAGE, returns="number", aliases=("ceil",), examples=(Example("ceiling(1.9)", 2),)
)
def ceiling(value: float) -> int | None:
    """ceiling(<number>), ceil(<number>): rounded up to the next integer.

    *Null*: null, also for what is no number. *Multivalue*: applied to each value.
    """
    return math.ceil(value)


@eval_function("floor", 1, "number", source=PAGE, returns="number", examples=(Example("floor(1.9)", 1),))
def floor(value: float) -> int | None:
    """floor(<number>): rounded down to the next integer.

    *Null*: null, also for what is no number. *Multivalue*: applied to each value.
    """
    return math.floor(value)


def _check_places(call: tree.Call) -> None:
    places = call.args[1] if len(call.args) == 2 else None
    if isinstance(places, tree.Unary) and places.op == "-" and isinstance(places.operand, tree.Number):
        raise bad_argument(call, 1, "The number of decimals of round() cannot be negative.")


@eval_function(
    "round",
    (1, 2),
    "number",
    "integer",
    source=PAGE,
    returns="number",
    check=_check_places,
    examples=(Example("round(3.5)", 4), Example("round(2.555, 2)", 2.56), Example('"[".round(10, 2)."]"', "[10.00]")),
)
def round_(value: float, places: int = 0) -> float | None:
    """round(<number>, <places>): rounded to so many decimals, to an integer unless given; a half away from zero.

    The decimals asked for are shown, zeros too; their number is not negative.

    *Null*: null, also for what is no number and for negative places. *Multivalue*: applied to each value.
    """
    if places <= 0:
        if places < 0:
            return None
        return value if isinstance(value, int) else normal(round_half_up(value))
    places = min(places, 30)
    return Shown(round_half_up(value, places), places)


@eval_function("exp", 1, "number", source=PAGE, returns="number", examples=(Example("round(exp(3), 6)", 20.085537),))
def exp(value: float) -> float | None:
    """exp(<number>): e to the power of the number.

    *Null*: null, also for what is no number, and beyond the range of doubles. *Multivalue*: applied to each value.
    """
    try:
        return normal(math.exp(value))
    except OverflowError:
        return None


@eval_function("ln", 1, "number", source=PAGE, returns="number", examples=(Example("round(ln(1000), 6)", 6.907755),))
def ln(value: float) -> float | None:
    """ln(<number>): the natural logarithm.

    *Null*: null, also for zero and below. *Multivalue*: applied to each value.
    """
    return normal(math.log(value)) if value > 0 else None


@eval_function(
    "log", (1, 2), "number", source=PAGE, returns="number", examples=(Example("log(1000)", 3), Example("log(8, 2)", 3))
)
def log(value: float, base: float = 10) -> float | None:
    """log(<number>, <base>): the logarithm to the base, 10 unless given.

    *Null*: null, also for zero and below, and for a base that is 1, zero or below. *Multivalue*: applied to each value.
    """
    if value <= 0 or base <= 0 or base == 1:
        return None
    if base == 10:
        return normal(math.log10(value))
    if base == 2:
        return normal(math.log2(value))
    result = math.log(value) / math.log(base)
    nearest = round(result)
    return nearest if abs(result - nearest) < 1e-12 and float(base) ** nearest == value else normal(result)


@eval_function("pi", 0, source=PAGE, returns="number", examples=(Example("round(pi(), 6)", 3.141593),))
def pi() -> float:
    """pi(): the constant, to the precision of a double. Takes no arguments."""
    return math.pi


@eval_function(
    "pow",
    2,
    "number",
    source=PAGE,
    returns="number",
    examples=(Example("pow(2, 10)", 1024), Example("pow(2.5, 2)", 6.3), Example("exact(pow(2.5, 2))", 6.25)),
)
def power(base: float, exponent: float) -> float | None:
    """pow(<number>, <exponent>): the number to the power of the exponent.

    The result is shown, and stored, with as many decimals as the base has; `exact()` lifts that.

    *Null*: null, also where it is not defined. *Multivalue*: applied to each value.
    """
    try:
        if isinstance(base, int) and isinstance(exponent, int) and 0 <= exponent <= 64 and abs(base) < 1 << 32:
            result: Any = base**exponent
            return normal(result) if abs(result) <= _LARGEST else normal(int(float(result)))
        result = math.pow(base, exponent)
    except (OverflowError, ValueError, ZeroDivisionError):
        return None
    places = decimals(base)
    result = normal(result)
    if result is None or isinstance(result, int) or places is None:
        return result  # type: ignore[no-any-return]
    return Shown(result, places)


@eval_function("sqrt", 1, "number", source=PAGE, returns="number", examples=(Example("sqrt(9)", 3),))
def sqrt(value: float) -> float | None:
    """sqrt(<number>): the square root.

    *Null*: null, also for negative numbers. *Multivalue*: applied to each value.
    """
    return normal(math.sqrt(value)) if value >= 0 else None


@eval_form(
    "exact",
    1,
    source=PAGE,
    returns="number",
    examples=(Example("exact(8.250 * 0.2)", 1.65), Example("exact(pow(2.5, 2))", 6.25)),
)
def exact(call: tree.Call, scope: Scope) -> Evaluate:
    """exact(<expression>): the result with all its digits, however many the operands have.

    *Null*: null, also for what is no number. *Multivalue*: null.
    """
    evaluate = scope.compile(call.args[0])

    def apply(row: Row) -> Any:
        number = to_number(first(evaluate(row)))
        return float(number) if isinstance(number, Shown) else number

    return apply


@eval_form(
    "sum",
    (1, None),
    "number",
    source=PAGE,
    returns="number",
    examples=(Example("sum(5.0, a, missing)", 14, ({"a": "9"},)), Example('sum(split("1,2,x,4", ","), 10)', 17)),
)
def total(call: tree.Call, scope: Scope) -> Evaluate:
    """sum(<value>, ...): the sum of the numbers; other values are left out. A string literal is an error.

    *Null*: left out; null where no number is left. *Multivalue*: each of its numbers is added.
    """
    arguments = [scope.compile(arg) for arg in call.args]

    def apply(row: Row) -> Any:
        result: Any = None
        for argument in arguments:
            for item in as_list(argument(row)):
                number = to_number(item)
                if number is not None:
                    result = number if result is None else numbers.add(result, number)
                    if result is None:
                        return None
        return result

    return apply


# ---- sigfig --------------------------------------------------------------------------------------------------------

_Measured = tuple[float, int, int]
"""A number, its decimals, its significant figures."""


def _measure(text: str, value: float) -> _Measured:
    mantissa = text.lower().partition("e")[0].lstrip("+-")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    return value, len(fraction), max(len(digits), 1)


@eval_form(
    "sigfig",
    1,
    source=PAGE,
    returns="number",
    examples=(Example("sigfig(1.00 * 1111)", 1110), Example("sigfig(123.0 + 4.567)", 127.6)),
)
def sigfig(call: tree.Call, scope: Scope) -> Evaluate:
    """sigfig(<expression>): the result rounded to the significant figures of its operands.

    A product or quotient has as many significant figures as the least precise operand, a sum or difference as many
    decimals as the operand with the fewest.

    *Null*: null, also for what is no number. *Multivalue*: null.
    """
    measure = _measured(call.args[0], scope)

    def apply(row: Row) -> Any:
        measured = measure(row)
        if measured is None:
            return None
        value, places, significant = measured
        if places < 0:
            places = figures.places(value, significant) if value else 0
        rounded = round_half_up(value, places)
        return Shown(rounded, places) if places > 0 else normal(rounded)

    return apply


def _measured(node: tree.Node, scope: Scope) -> Callable[[Row], _Measured | None]:
    """Compile to (value, decimals or -1 after a product, significant figures)."""
    if isinstance(node, tree.Number):
        fixed = _measure(node.text, node.value)

        def literal(row: Row) -> _Measured | None:
            return fixed

        return literal
    if isinstance(node, tree.Binary) and node.op in "+-*/":
        return _measured_binary(node, scope)
    evaluate = scope.compile(node)

    def other(row: Row) -> _Measured | None:
        value = evaluate(row)
        number = to_number(value)
        return None if number is None else _measure(to_text(value), number)

    return other


def _measured_binary(node: tree.Binary, scope: Scope) -> Callable[[Row], _Measured | None]:
    left, right = _measured(node.left, scope), _measured(node.right, scope)
    operation = {"+": numbers.add, "-": numbers.subtract, "*": numbers.multiply, "/": numbers.divide}[node.op]
    additive = node.op in "+-"

    def binary(row: Row) -> _Measured | None:
        first_operand, second_operand = left(row), right(row)
        if first_operand is None or second_operand is None:
            return None
        value = operation(first_operand[0], second_operand[0])
        if value is None:
            return None
        if additive and first_operand[1] >= 0 and second_operand[1] >= 0:
            places = min(first_operand[1], second_operand[1])
            whole = len(str(abs(int(value)))) if abs(value) >= 1 else 0
            return value, places, max(whole + places, 1)
        return value, -1, min(first_operand[2], second_operand[2])

    return binary
