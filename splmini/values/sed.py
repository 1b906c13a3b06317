r"""Sed expressions: `s/<regex>/<replacement>/<flags>` and `y/<from>/<to>/`, as rex and SEDCMD take them.

Flags of `s` are `g` (every match), a number (that match only), or both (that match and those after it). In the
replacement `\1` to `\9` are groups and `\0` is the match. Any character may stand for the slash.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from splmini.budget import grows
from splmini.errors import ArgumentError
from splmini.values import regex

_REFERENCE = re.compile(r"\\(?:([0-9])|(.))", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}

Edit = Callable[[str], str]


def compile_sed(text: str) -> Edit:
    r"""Return the function that one or more sed expressions, separated by blanks or semicolons, stand for.

    >>> compile_sed(r"s/(\d+)-(\d+)/\2-\1/g y/ab/xy/")("1-2 ab 3-4")
    '2-1 xy 4-3'

    Raises ArgumentError for what is no sed expression.
    """
    edits: list[Edit] = []
    position = 0
    while True:
        while position < len(text) and text[position] in " ;\t\r\n":
            position += 1
        if position >= len(text):
            break
        edit, position = _expression(text, position)
        edits.append(edit)
    if not edits:
        raise ArgumentError("A sed expression is missing.", hint="Expected s/<regex>/<replacement>/<flags>.")
    if len(edits) == 1:
        return edits[0]

    def run(value: str) -> str:
        for edit in edits:
            value = edit(value)
        return value

    return run


def _expression(text: str, position: int) -> tuple[Edit, int]:
    kind = text[position]
    if kind not in "sy" or position + 1 >= len(text) or text[position + 1].isalnum() or text[position + 1] in " \\":
        hint = "Expected s/<regex>/<replacement>/<flags> or y/<from>/<to>/."
        raise ArgumentError(f"'{text[position:]}' is not a sed expression.", hint=hint)
    delimiter = text[position + 1]
    first, position = _part(text, position + 2, delimiter)
    second, position = _part(text, position, delimiter)
    if kind == "y":
        return _transliteration(first, second, delimiter), position
    match = re.compile(r"[0-9]*[gGiI]*[0-9]*").match(text, position)
    assert match is not None
    end = match.end()
    if end < len(text) and text[end] not in " ;\t\r\n":
        raise ArgumentError(f"'{text[position:]}' are not flags of a sed expression.", hint="Expected g or a number.")
    return _substitution(first, second, match.group().lower(), delimiter), end


def _part(text: str, position: int, delimiter: str) -> tuple[str, int]:
    """Return the text up to the next delimiter that no backslash stands before, and the place behind it."""
    start = position
    while position < len(text):
        if text[position] == "\\":
            position += 2
        elif text[position] == delimiter:
            return text[start:position], position + 1
        else:
            position += 1
    raise ArgumentError(f"The sed expression lacks a '{delimiter}'.", hint="Expected s/<regex>/<replacement>/<flags>.")


def _transliteration(first: str, second: str, delimiter: str) -> Edit:
    source, target = (_unescaped(part, delimiter) for part in (first, second))
    if len(source) != len(target):
        raise ArgumentError("Both parts of y/<from>/<to>/ need the same number of characters.")
    table = {ord(old): new for old, new in reversed(list(zip(source, target, strict=True)))}

    def edit(value: str) -> str:
        return value.translate(table)

    return edit


def _unescaped(text: str, delimiter: str) -> str:
    def character(match: re.Match[str]) -> str:
        return _ESCAPES.get(match[2] or "", match[1] or match[2])

    return _REFERENCE.sub(character, text.replace("\\" + delimiter, delimiter))


def _substitution(pattern: str, replacement: str, flags: str, delimiter: str) -> Edit:
    pattern = pattern.replace("\\" + delimiter, delimiter if not delimiter.isalnum() else "\\" + delimiter)
    compiled = regex.compile(pattern, "i" if "i" in flags else "")
    expand = _expander(replacement.replace("\\" + delimiter, delimiter), compiled.groups)
    digits = re.sub("[^0-9]", "", flags)
    number = int(digits[:18]) if digits else 1
    every = "g" in flags
    if every and number == 1:

        def edit_all(value: str) -> str:
            return compiled.sub(expand, value)

        return edit_all

    def edit(value: str) -> str:
        pieces: list[str] = []
        position = length = 0
        for index, match in enumerate(compiled.finditer(value), 1):
            if index < number:
                continue
            start, end = match.span()
            new = expand(match)
            pieces += value[position:start], new
            position = end
            length += len(new)
            grows(length)
            if not every:
                break
        return "".join(pieces) + value[position:]

    return edit


def _expander(replacement: str, groups: int) -> Callable[[Any], str]:
    parts: list[str | int] = []
    position = 0
    for match in _REFERENCE.finditer(replacement):
        parts.append(replacement[position : match.start()])
        if match[1] is not None:
            number = int(match[1])
            if number > groups:
                raise ArgumentError(f"The replacement names group \\{number}, which the regular expression lacks.")
            parts.append(number)
        else:
            parts.append(_ESCAPES.get(match[2], match[2]))
        position = match.end()
    parts.append(replacement[position:])

    def expand(match: Any) -> str:
        return "".join(part if isinstance(part, str) else match.group(part) or "" for part in parts)

    return expand
