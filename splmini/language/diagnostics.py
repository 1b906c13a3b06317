"""What Lark found wrong, in words that a person uses: what is missing or in the way, and what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lark import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from splmini.errors import Span, SplSyntaxError
from splmini.values.texts import shortened

OPERAND, OPERATOR, TERM, VALUE = "a field, a value or a function", "an operator", "a term or a comparison", "a value"
FUNCTION, FIELD, ARGUMENT = "a function", "a field", "an argument"

WORDS: dict[str, dict[str, str]] = {
    "search": {
        "FIELD_OPERATOR": TERM,
        "FIELD_IN": TERM,
        "WORD": TERM,
        "STRING": TERM,
        "DIRECTIVE": TERM,
        "LPAR": TERM,
        "NOT": TERM,
        "SUBSEARCH": TERM,
        "VALUE": VALUE,
        "ITEM": VALUE,
        "RPAR": "')'",
    },
    "expressions": {
        "CALL": OPERAND,
        "NAME": OPERAND,
        "QUOTED_FIELD": OPERAND,
        "NUMBER": OPERAND,
        "STRING": OPERAND,
        "LPAR": OPERAND,
        "NOT": OPERAND,
        "SUBSEARCH": OPERAND,
        "SIGN": OPERATOR,
        "COMPARE": OPERATOR,
        "LIKE": OPERATOR,
        "NOT_LIKE": OPERATOR,
        "IN": OPERATOR,
        "NOT_IN": OPERATOR,
        "DOT": OPERATOR,
        "MULTIPLY": OPERATOR,
        "_AND": OPERATOR,
        "_OR": OPERATOR,
        "_XOR": OPERATOR,
        "RPAR": "')'",
        "_COMMA": "','",
        "TARGET": "an assignment such as 'field = value'",
    },
    "aggregation": {
        "CALL": FUNCTION,
        "BARE_FUNCTION": FUNCTION,
        "EVAL_CALL": FUNCTION,
        "ARGUMENT": FIELD,
        "BY_FIELD": FIELD,
        "STRING": FIELD,
        "QUOTED_FIELD": FIELD,
        "ALIAS": "a name",
        "BY": "'by'",
        "OPTION": "an option",
        "OPTION_VALUE": VALUE,
        "WHERE_COMPARE": "a comparison",
        "RANK": "a number, or 'top' and a number",
        "NAME": OPERAND,
        "NUMBER": OPERAND,
        "COMPARE": OPERATOR,
        "DOT": OPERATOR,
        "RPAR": "')'",
        "_COMMA": "','",
    },
    "arguments": {
        "WORD": ARGUMENT,
        "STRING": ARGUMENT,
        "QUOTED": ARGUMENT,
        "NAMED_GROUP": ARGUMENT,
        "LPAR": ARGUMENT,
        "OPTION": "an option",
        "OPTION_VALUE": VALUE,
        "RPAR": "')'",
    },
}
"""What each terminal is called, by grammar. What is not there is not worth naming."""

_OPERANDS = (VALUE, TERM, OPERAND, FUNCTION, "a name", FIELD, ARGUMENT)

_QUOTE_FIELD = "A field whose name holds other characters than letters, digits and _ stands in single quotes."
_WILDCARD = 'There are no wildcards here: write like(field, "text%").'
_HINTS: tuple[tuple[str, str, str], ...] = (
    ("expressions", r"&&?", "Write AND."),
    ("expressions", r";", "Assignments are separated by commas."),
    ("expressions", r"\?", "Write if(condition, value, other)."),
    ("expressions", r"[{@#:~^]", _QUOTE_FIELD),
    ("expressions", r"\d+[^\W\d]\w*$", "A field whose name begins with a digit stands in single quotes: '{found}'."),
    ("expressions", r"'$", "The single quote is not closed. Texts stand in double quotes, fields in single ones."),
    ("expressions", r">$", "Write != for 'not equal'."),
    ("expressions", r".*=$", "Assignments are separated by commas, conditions joined by AND or OR."),
    ("expressions", r"\[", "Square brackets hold subsearches; mvindex(field, 0) gives one value of several."),
    ("expressions", r",$", "Conditions are joined by AND or OR."),
    ("expressions", r"\*$", _WILDCARD),
    ("expressions", "[“”‘’]", "Write straight quotes."),
    ("search", r"\($", "Write field IN (value, value), or (field=value OR field=value)."),
    ("search", r"[=<>]", "A comparison is written field=value."),
)
"""What helps where something is in the way: grammar, what was found, the hint."""


def translate(error: UnexpectedInput, grammar: str, command: str, text: str, end: int, offset: int) -> SplSyntaxError:
    """Turn an error of Lark into one with a span; `text` up to `end` is what was parsed, `offset` where it starts."""
    expected = _expected(error, grammar)
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return _at_end(command, expected, text, end, offset)
    start = int(error.pos_in_stream or 0)
    found, length = _found(text, start, end)
    span = Span(start + offset, start + offset + length)
    if found == ")" and _depth(text, start) <= 0:
        return SplSyntaxError(f"There is a ')' without a '(' before it in {command}.", name=command, span=span)
    if found in ("IN", "in") and grammar in ("search", "expressions"):
        message = f"A list in round brackets is missing after '{found}' in {command}."
        return SplSyntaxError(message, name=command, hint="Write field IN (value, value).", span=span)
    hint = next((hint for name, pattern, hint in _HINTS if name == grammar and re.match(pattern, found)), None)
    operand = next((each for each in _OPERANDS if each in expected), None)
    if found == "," and operand is not None:
        hint = None
    if operand is not None and re.fullmatch(r"[),]|AND|OR|XOR|and|or|xor|[-+*/%.=<>!]+|by|as|IN", found):
        message = f"{_capital(operand)} is missing before '{found}' in {command}."
        return SplSyntaxError(message, name=command, hint=hint, span=span)
    message = f"Unexpected '{found}' in {command}."
    if hint is not None:
        return SplSyntaxError(message, name=command, hint=hint.replace("{found}", found), span=span)
    return SplSyntaxError(message, name=command, hint=f"Expected {_list(expected)}." if expected else None, span=span)


def _at_end(command: str, expected: list[str], text: str, end: int, offset: int) -> SplSyntaxError:
    before = text[:end].rstrip()
    last = re.search(r"[^\s\"(),=<>!]{0,30}\s*(?:[=<>!]+|[(,]|\")?$", before)
    word = last.group().strip() if last else ""
    span = Span(max(len(before) - max(len(word), 1), 0) + offset, len(before) + offset)
    operand = next((each for each in _OPERANDS if each in expected), None)
    if "')'" in expected and (operand is None or not re.search(r"[(,=<>!]$|\b(?:AND|OR|NOT)$", before)):
        span = Span(max(len(before) - 1, 0) + offset, len(before) + offset)
        return SplSyntaxError(f"A ')' is missing at the end of {command}.", name=command, span=span)
    what = _capital(operand) if operand is not None else _capital(_list(expected) or "something")
    after = f"after '{word}'" if word else "at the end"
    hint = _WILDCARD if operand == OPERAND and word.endswith("*") else None
    return SplSyntaxError(f"{what} is missing {after} in {command}.", name=command, hint=hint, span=span)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _list(items: list[str]) -> str:
    *most, last = items or [""]
    return f"{', '.join(most)} or {last}" if most else last


def _expected(error: UnexpectedInput, grammar: str) -> list[str]:
    """What could stand here, without repetitions, the most common thing first."""
    names: Iterable[str] = ()
    if isinstance(error, UnexpectedToken):
        names = error.accepts or error.expected
    elif isinstance(error, UnexpectedCharacters):
        names = error.allowed or ()
    words = WORDS[grammar]
    found = {words[name] for name in names if name in words}
    if VALUE in found:
        found -= {TERM, FIELD}
    if OPERAND in found:
        found.discard(OPERATOR)
    order = [*_OPERANDS, OPERATOR]
    return sorted(found, key=lambda word: (order.index(word) if word in order else len(order), word))


def _found(text: str, start: int, end: int) -> tuple[str, int]:
    """What is in the way: a word, an operator, a quoted text; and how long it is in the text."""
    match = _TOKEN.match(text, start, end)
    found = match.group() if match else text[start : min(start + 1, end)]
    if found.startswith("["):
        return "[…]", len(found)
    return shortened(found, 30), max(len(found), 1)


_TOKEN = re.compile(r'\[\x00*\]|"(?:[^"\\]|\\.)*"|\'[^\']*\'|[\w$]+(?:\s*=(?!=))?|[=<>!&|]+|\S', re.DOTALL)
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[()]', re.DOTALL)


def _depth(text: str, end: int) -> int:
    """How many round brackets are open at a place."""
    depth = 0
    for match in _BRACKETS.finditer(text, 0, end):
        depth += {"(": 1, ")": -1}.get(match.group(), 0)
    return depth
