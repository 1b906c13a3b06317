"""Calls: finding the function, and wrapping a plain one by the kinds, null and multivalue rules that it declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini import registry
from splmini.errors import DASHBOARD_TOKEN, ArgumentError, UnknownFunction, did_you_mean
from splmini.language import tree
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_number, to_text

if TYPE_CHECKING:
    from splmini.operators import Row

Evaluate: TypeAlias = "Callable[[Row], Any]"


def find_function(node: tree.Call) -> registry.EvalFunction:
    """Return the eval function of a call, its number of arguments checked."""
    functions = registry.eval_functions()
    function = functions.get(node.name)
    if function is None:
        raise UnknownFunction(
            f"There is no eval function '{node.name}'.",
            name=node.name,
            span=node.span,
            hint=DASHBOARD_TOKEN if node.name.startswith("$") else did_you_mean(node.name, functions),
        )
    count = len(node.args)
    if count < function.least or (function.most is not None and count > function.most):
        raise ArgumentError(
            f"{node.name}() takes {_arity_text(function)}, but {count} {'was' if count == 1 else 'were'} given.",
            name=node.name,
            span=node.span,
        )
    return function


def _arity_text(function: registry.EvalFunction) -> str:
    def counted(number: int) -> str:
        return "no arguments" if number == 0 else f"{number} argument{'s' if number != 1 else ''}"

    if function.most is None:
        return f"at least {counted(function.least)}"
    if function.least == function.most:
        return counted(function.least)
    return f"{function.least} to {counted(function.most)}"


# ---- kinds ---------------------------------------------------------------------------------------------------------


def as_truth(value: Any) -> bool | None:
    """Return a value as a truth value: booleans as they are, null as None, numbers by being non-zero.

    >>> as_truth("true"), as_truth(0), as_truth(None)
    (True, False, None)
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return value != 0
    if isinstance(value, str):
        text = value.strip().lower()
        if text in ("true", "t"):
            return True
        if text in ("false", "f"):
            return False
        number = to_number(value)
        return None if number is None else number != 0
    return None


def _text_of(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return [to_text(item) for item in value]
    return to_text(value)


def _number_of(value: Any) -> Any:
    if isinstance(value, list):
        return [to_number(item) for item in value]
    return to_number(value)


def _integer_of(value: Any) -> Any:
    number = to_number(value)
    return None if number is None else int(number)


def _unchanged(value: Any) -> Any:
    return value


_KINDS: dict[str, Callable[[Any], Any]] = {
    "any": _unchanged,
    "scalar": _unchanged,
    "text": _text_of,
    "printed": _text_of,
    "values": _unchanged,
    "number": _number_of,
    "integer": _integer_of,
    "bool": as_truth,
    "list": as_list,
}

# ---- adapting ------------------------------------------------------------------------------------------------------

_UNKNOWN = object()


def adapted(function: registry.EvalFunction, arguments: list[Evaluate], constants: list[Any]) -> Evaluate:
    """Wrap a plain function: kinds, null and multivalue rules as its entry declares them.

    `constants` holds the value of each constant argument, and `UNKNOWN` for the others.
    """
    kinds = [function.kinds[min(index, len(function.kinds) - 1)] for index in range(len(arguments))]
    general = _general(function, arguments, kinds)
    plain = function.null == "propagate" and function.multivalue == "each" and kinds and kinds[0] != "list"
    if plain and all(constant is not _UNKNOWN and not isinstance(constant, list) for constant in constants[1:]):
        rest = [_KINDS[kind](constant) for kind, constant in zip(kinds[1:], constants[1:], strict=True)]
        if not any(value is None for value in rest):
            return _first_varies(function, arguments[0], kinds[0], rest)
    return general


def unknown() -> Any:
    """Return the mark of an argument that is not constant."""
    return _UNKNOWN


def _first_varies(function: registry.EvalFunction, argument: Evaluate, kind: str, rest: list[Any]) -> Evaluate:
    """The hot case: only the first argument depends on the row."""
    call, convert = function.call, _KINDS[kind]
    assert call is not None
    ready: type = str if kind in ("text", "printed", "any", "scalar") else int

    def over_list(values: list[Any]) -> Any:
        results = []
        for item in values:
            converted = convert(item)
            if converted is not None:
                results.append(call(converted, *rest))
        return from_list(results)

    def first_varies(row: Row) -> Any:
        value = argument(row)
        try:
            if value.__class__ is ready:
                return call(value, *rest)
            if value is None:
                return None
            if value.__class__ is list:
                return over_list(value)
            value = convert(value)
            return None if value is None else call(value, *rest)
        except OverflowError:  # beyond what a double holds
            return None

    if rest:
        return first_varies

    def only_argument(row: Row) -> Any:
        value = argument(row)
        try:
            if value.__class__ is ready:
                return call(value)
            return None if value is None else first_varies_value(value)
        except OverflowError:
            return None

    def first_varies_value(value: Any) -> Any:
        if value.__class__ is list:
            return over_list(value)
        value = convert(value)
        return None if value is None else call(value)

    return only_argument


def _general(function: registry.EvalFunction, arguments: list[Evaluate], kinds: list[str]) -> Evaluate:
    call = function.call
    assert call is not None
    converts = [_KINDS[kind] for kind in kinds]
    propagate = function.null == "propagate"
    multivalue = function.multivalue

    def convert(values: list[Any]) -> list[Any] | None:
        converted: list[Any] = []
        for kind, to_kind, value in zip(kinds, converts, values, strict=True):
            if value is None and kind != "list":
                if propagate:
                    return None
                converted.append(None)
                continue
            result = to_kind(value)
            if result is None and propagate:
                return None
            converted.append(result)
        return converted

    def apply(values: list[Any]) -> Any:
        try:
            converted = convert(values)
            return None if converted is None else call(*converted)
        except OverflowError:  # beyond what a double holds
            return None

    if function.null == "pass" and multivalue == "pass" and set(kinds) <= {"any", "scalar", "values"}:
        return _as_they_are(call, arguments)

    def passing(row: Row) -> Any:
        return apply([argument(row) for argument in arguments])

    def spread(row: Row) -> Any:
        values = [argument(row) for argument in arguments]
        if not any(isinstance(value, list) for value in values):
            return apply(values)
        if multivalue == "null":
            return None
        rest = [_first_of(value, kind) for value, kind in zip(values[1:], kinds[1:], strict=True)]
        if multivalue == "first" or not isinstance(values[0], list):
            return apply([_first_of(values[0], kinds[0]), *rest])
        return from_list([apply([item, *rest]) for item in values[0]])

    return passing if multivalue == "pass" else spread


def _as_they_are(call: Callable[..., Any], arguments: list[Evaluate]) -> Evaluate:
    """Nothing is converted: isnull, mvappend and their like."""
    if len(arguments) == 1:
        only = arguments[0]

        def with_one(row: Row) -> Any:
            return call(only(row))

        return with_one

    def with_all(row: Row) -> Any:
        return call(*[argument(row) for argument in arguments])

    return with_all


def _first_of(value: Any, kind: str) -> Any:
    return value[0] if isinstance(value, list) and value and kind != "list" else value
