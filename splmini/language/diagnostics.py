"""What Lark found wrong, in words that a person uses."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lark import Token, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from splmini.errors import Span, SplSyntaxError

WORDS = {
    # search
    "FIELD_OPERATOR": "a comparison",
    "FIELD_IN": "a comparison",
    "WORD": "a term",
    "VALUE": "a value",
    "ITEM": "a value",
    "DIRECTIVE": "a term",
    "_AND": "AND",
    "_OR": "OR",
    "NOT": "NOT",
    "_XOR": "XOR",
    # eval
    "CALL": "a function",
    "NAME": "a field",
    "QUOTED_FIELD": "a field",
    "NUMBER": "a number",
    "STRING": "a string",
    "COMPARE": "an operator",
    "LIKE": "an operator",
    "NOT_LIKE": "an operator",
    "IN": "an operator",
    "NOT_IN": "an operator",
    "DOT": "an operator",
    "SIGN": "an operator",
    "MULTIPLY": "an operator",
    "TARGET": "an assignment such as 'field = value'",
    # aggregation and arguments
    "BARE_FUNCTION": "a function",
    "EVAL_CALL": "eval(…)",
    "ARGUMENT": "a field",
    "BY": "'by'",
    "WHERE": "'where'",
    "BY_FIELD": "a field",
    "_AS": "'as'",
    "ALIAS": "a name",
    "OPTION": "an option",
    "OPTION_VALUE": "a value",
    "OPTION_CALL": "a value",
    "WHERE_COMPARE": "a comparison",
    "RANK": "a number, or top and a number",
    "NAMED_GROUP": "an argument",
    "QUOTED": "a name",
    "GROUP_TEXT": "a text",
    # both
    "LPAR": "'('",
    "RPAR": "')'",
    "_COMMA": "','",
    "SUBSEARCH": "a subsearch",
    "$END": "the end of the command",
}
OPERAND = {"a string", "a number", "a field", "a function", "'('", "NOT", "an operator", "a subsearch"}
TERM = {"a term", "a comparison", "'('", "NOT", "a string", "a subsearch"}
VALUE = {"a value", "a string", "'('", "a subsearch", "a name"}


def translate(error: UnexpectedInput, command: str, text: str, end: int, offset: int) -> SplSyntaxError:
    """Turn an error of Lark into one with a span; `text` up to `end` is what was parsed, `offset` where it starts."""
    expected = _expected(error)
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return _at_end(command, expected, text, end, offset)
    start = int(error.pos_in_stream or 0)
    found = _found(error, text, end)
    span = Span(start + offset, start + offset + max(len(found), 1))
    return SplSyntaxError(f"Unexpected '{found}' in {command}.", name=command, hint=_hint(expected), span=span)


def _at_end(command: str, expected: list[str], text: str, end: int, offset: int) -> SplSyntaxError:
    last = len(text[:end].rstrip())
    span = Span(max(last - 1, 0) + offset, last + offset)
    if expected == ["')'"] or ("')'" in expected and not set(expected) & {"a field", "a term", "a value"}):
        return SplSyntaxError(f"A ')' is missing at the end of {command}.", name=command, span=span)
    return SplSyntaxError(f"The end of {command} is missing.", name=command, hint=_hint(expected), span=span)


def _expected(error: UnexpectedInput) -> list[str]:
    names: Iterable[str] = ()
    if isinstance(error, UnexpectedToken):
        names = error.accepts or error.expected
    elif isinstance(error, UnexpectedCharacters):
        names = error.allowed or ()
    return sorted({WORDS[name] for name in names if name in WORDS})


def _hint(expected: list[str]) -> str | None:
    words = set(expected)
    if TERM <= words | {"a subsearch", "NOT"} and "a term" in words:
        words = words - TERM | {"a term or a comparison"}
    elif {"a field", "a number", "a string"} <= words:
        words = words - OPERAND | {"a field, a value or a function"}
    elif "a value" in words:
        words = words - VALUE | {"a value"}
    words.discard("the end of the command")
    if not words:
        return None
    *most, last = sorted(words)
    return f"Expected {', '.join(most)} or {last}." if most else f"Expected {last}."


def _found(error: UnexpectedInput, text: str, end: int) -> str:
    if isinstance(error, UnexpectedToken) and isinstance(error.token, Token):
        return str(error.token)
    match = re.compile(r"\w+|[^\s\w]").match(text, int(error.pos_in_stream or 0), end)
    return match.group() if match else ""
