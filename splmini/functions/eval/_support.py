"""What several families of eval functions use: pages, constants, regular expressions in arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini.compiler import is_constant
from splmini.errors import ArgumentError, Span, SplError
from splmini.language import tree
from splmini.values import regex
from splmini.values.numbers import to_text

if TYPE_CHECKING:
    from splmini.operators import Row
    from splmini.registry import Scope

Evaluate: TypeAlias = "Callable[[Row], Any]"

_PAGES = "https://help.splunk.com/en/splunk-enterprise/search/spl-search-reference/10.0/evaluation-functions/"


def page(family: str) -> str:
    """Return the address of a family's page in Splunk's Search Reference."""
    return f"{_PAGES}{family}"


def constant_of(node: tree.Node, scope: Scope) -> tuple[bool, Any]:
    """Return (True, value) for a constant argument, (False, None) for one that depends on the row."""
    return (True, scope.constant(node)) if is_constant(node) else (False, None)


def literal_text(node: tree.Node) -> str | None:
    """Return the text of a string literal, else None."""
    return node.value if isinstance(node, tree.String) else None


def check_regex(*positions: int) -> Callable[[tree.Call], None]:
    """Return a check: string literals at these positions are well-formed regular expressions."""

    def check(call: tree.Call) -> None:
        for position in positions:
            if position < len(call.args):
                argument = call.args[position]
                pattern = literal_text(argument)
                if pattern is not None:
                    compiled(pattern, argument, call.name)

    return check


def compiled(pattern: str, argument: tree.Node, name: str) -> regex.Pattern:
    """Compile the pattern of an argument; an error points to the place inside the literal."""
    try:
        return regex.compile(pattern)
    except SplError as error:
        error.name = name
        error.span = _inside(error, pattern, argument.span)
        raise


def _inside(error: SplError, pattern: str, span: Span) -> Span:
    offset = getattr(error, "offset", 0)
    if span.end - span.start == len(pattern) + 2:  # nothing in the literal was escaped
        start = min(span.start + 1 + offset, span.end - 1)
        return Span(start, start + 1)
    return span


def pattern_argument(node: tree.Node, scope: Scope, name: str) -> Callable[[Row], regex.Pattern | None]:
    """Compile an argument that is a regular expression, once where it is constant; None where it is null."""
    known, value = constant_of(node, scope)
    if known:
        constant = None if value is None else compiled(to_text(value), node, name)

        def fixed(row: Row) -> regex.Pattern | None:
            return constant

        return fixed
    evaluate = scope.compile(node)

    def varying(row: Row) -> regex.Pattern | None:
        text = evaluate(row)
        if isinstance(text, list):
            text = text[0]
        return None if text is None else compiled(to_text(text), node, name)

    return varying


def text_of(value: Any) -> str | None:
    """Return a single value as text, the first of several; None for null."""
    if value.__class__ is str:
        return str(value)
    if isinstance(value, list):
        value = value[0] if value else None
    return None if value is None else to_text(value)


def bad_argument(call: tree.Call, index: int, message: str, hint: str | None = None) -> ArgumentError:
    """Return the error for a wrong argument, with its position."""
    return ArgumentError(message, name=call.name, span=call.args[index].span, hint=hint)
