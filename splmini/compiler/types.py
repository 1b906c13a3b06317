"""What is known of an expression's type before a row is seen, and the errors that follow from it.

Splunk checks the types of literals, operators and function results when a search is compiled; the type of a field is
that of its value when the event arrives. Text that a function returns is checked less strictly here than in Splunk:
where it spells a number, it is used as one.
"""

from __future__ import annotations

from splmini import registry
from splmini.compiler.calls import find_function
from splmini.errors import ArgumentError, SplError
from splmini.language import tree

_BOOLEAN = (tree.Comparison, tree.And, tree.Or, tree.Xor, tree.Not, tree.InList, tree.Boolean)
_DESCRIPTIONS = {
    "string": "a string",
    "text": "a string",
    "number": "a number",
    "literal number": "a number",
    "bool": "a truth value",
    "null": "null()",
}


def static_type(node: tree.Node) -> str:
    """Return `string` (a literal or a concatenation), `text` (from a function), `number`, `bool`, `null` or `any`."""
    if isinstance(node, tree.String):
        return "string"
    if isinstance(node, (tree.Number, tree.Unary)):
        return "number"
    if isinstance(node, _BOOLEAN):
        return "bool"
    if isinstance(node, tree.Binary):
        return _binary_type(node)
    if isinstance(node, tree.Call):
        return _call_type(node)
    return "any"


def _binary_type(node: tree.Binary) -> str:
    if node.op == ".":
        return "string"
    if node.op != "+":
        return "number"
    left, right = static_type(node.left), static_type(node.right)
    if "string" in (left, right):
        return "string"
    return "number" if left == right == "number" else "any"


def _call_type(node: tree.Call) -> str:
    function = registry.eval_functions().get(node.name)
    if function is None:
        return "any"
    if node.name == "if" and len(node.args) == 3:
        return _common(node.args[1:])
    if node.name in ("case", "validate"):
        return _common(node.args[1::2])
    return function.returns


def _common(nodes: tuple[tree.Node, ...]) -> str:
    types = {static_type(node) for node in nodes} - {"null"}
    return types.pop() if len(types) == 1 else "any"


def is_boolean(node: tree.Node) -> bool:
    """Say whether an eval expression is a truth value whatever the row, which a field cannot hold."""
    return static_type(node) == "bool"


def check_expression(node: tree.Node) -> None:
    """Check an eval expression: known functions, numbers of arguments, types, literal arguments.

    Raises UnknownFunction or ArgumentError with the position.
    """
    for each in tree.walk(node):
        if isinstance(each, tree.Call):
            _check_call(each)
        elif isinstance(each, tree.Binary):
            _check_binary(each)
        elif isinstance(each, tree.Unary):
            _only_numbers(each.op, each.operand)
        elif isinstance(each, tree.Comparison):
            _check_comparison(each)


def _check_call(node: tree.Call) -> None:
    function = find_function(node)
    kinds = function.kinds
    for index, argument in enumerate(node.args):
        _check_kind(node, kinds[min(index, len(kinds) - 1)], argument)
    if function.check is not None:
        try:
            function.check(node)
        except SplError as error:
            error.span = error.span or node.span
            error.name = error.name or node.name
            raise


def _check_kind(call: tree.Call, kind: str, argument: tree.Node) -> None:
    operand = argument.operand if isinstance(argument, tree.Unary) else argument
    given = "literal number" if isinstance(operand, tree.Number) else static_type(argument)
    wanted, refused = _REFUSED.get(kind, ("", ()))
    if given in refused:
        raise _wrong(call, wanted, given, argument)
    if kind == "bool" and isinstance(argument, tree.String):
        raise _wrong(call, "a condition", "string", argument)


_REFUSED: dict[str, tuple[str, tuple[str, ...]]] = {
    "text": ("a string", ("literal number", "null")),
    "printed": ("a string or a number", ("null",)),
    "values": ("a field or values", ("null",)),
    "number": ("a number", ("string", "bool", "null")),
    "integer": ("a number", ("string", "bool", "null")),
}
"""What an argument of a kind has to be, and the types that are refused before a row is seen."""


def _wrong(call: tree.Call, expected: str, given: str, argument: tree.Node) -> ArgumentError:
    return ArgumentError(
        f"{call.name}() takes {expected} here, but {_DESCRIPTIONS[given]} was given.",
        name=call.name,
        span=argument.span,
    )


def _check_binary(node: tree.Binary) -> None:
    if node.op == ".":
        for side in (node.left, node.right):
            kind = static_type(side)
            if kind in ("bool", "null"):
                raise ArgumentError(
                    f"'.' takes only strings and numbers, but {_DESCRIPTIONS[kind]} was given.", span=side.span
                )
        return
    if node.op != "+":
        _only_numbers(node.op, node.left)
        _only_numbers(node.op, node.right)
        return
    types = (static_type(node.left), static_type(node.right))
    if set(types) == {"string", "number"}:
        raise ArgumentError(
            "'+' takes two numbers or two strings, but a number and a string were given.",
            span=node.span,
            hint="'.' concatenates strings and numbers.",
        )
    for side, kind in zip((node.left, node.right), types, strict=True):
        if kind in ("bool", "null"):
            raise ArgumentError(
                f"'+' takes two numbers or two strings, but {_DESCRIPTIONS[kind]} was given.", span=side.span
            )


def _only_numbers(op: str, operand: tree.Node) -> None:
    kind = static_type(operand)
    if kind in ("string", "bool", "null"):
        raise ArgumentError(f"'{op}' takes only numbers, but {_DESCRIPTIONS[kind]} was given.", span=operand.span)


def _check_comparison(node: tree.Comparison) -> None:
    types = {static_type(node.left), static_type(node.right)}
    if "null" in types and types & {"string", "number"}:
        raise ArgumentError(
            "null() cannot be compared with a literal.", span=node.span, hint="isnull(x) tells whether x has no value."
        )
