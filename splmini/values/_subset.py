"""The patterns that Python's `re` runs as PCRE2 would, on ASCII text, without exponential backtracking.

A small recursive-descent reader accepts: literals, escaped punctuation, `\\d \\w \\s \\b` and their opposites, simple
character classes, `.`, `^`, `$`, groups (capturing, named, non-capturing), alternatives, quantifiers on single
characters, `?` on groups, and a leading `(?i)`. At most two unbounded quantifiers, or any number of which at most one
can end in several places: with the limit on the length of texts, matching stays cheap. Everything else is None, and
PCRE2 runs it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from splmini.values._ambiguity import ambiguity

_LITERAL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !\"%&',-/:;<=>@_`~")
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ")
_CLASSES = frozenset("dDwWsS")
_CONTROLS = frozenset("trnf")
_COUNT = re.compile(r"\{(\d{1,3})(,(\d{0,3}))?\}")
_GROUP = re.compile(r"\((?:\?(?::|P?<([A-Za-z_][A-Za-z0-9_]{0,31})>))?", re.ASCII)
_MOST_UNBOUNDED = 2
_MOST_RUNS = 24
_MOST_CHOICES = 4
_MOST_REPEATS = 1000


class _Outside(Exception):
    """The pattern is outside the subset."""


@dataclass
class _Reader:
    text: str
    position: int = 0
    unbounded: int = 0
    repeats: int = 1
    depth: int = 0
    out: list[str] = field(default_factory=list)

    def peek(self) -> str:
        return self.text[self.position : self.position + 1]


def translate(pattern: str) -> str | None:
    """Return the pattern in Python's syntax, or None where it is outside the subset.

    >>> translate("(?<user>a+)$"), translate("(a+)+")
    ('(?P<user>a+)$', None)
    """
    reader = _Reader(pattern)
    if pattern.startswith("(?i)"):
        reader.position = 4
        reader.out.append("(?i)")
    try:
        _alternatives(reader)
    except _Outside:
        return None
    translated = "".join(reader.out)
    if reader.position < len(pattern) or not (reader.unbounded <= _MOST_UNBOUNDED or _is_decided(translated)):
        return None
    return translated


def _is_decided(translated: str) -> bool:
    if translated.startswith("(?i)"):
        return False
    runs, choices = ambiguity(translated)
    return runs <= 1 and choices <= _MOST_CHOICES


def _alternatives(reader: _Reader) -> None:
    while True:
        _sequence(reader)
        if reader.peek() != "|":
            return
        reader.out.append("|")
        reader.position += 1


def _sequence(reader: _Reader) -> None:
    while reader.position < len(reader.text):
        character = reader.peek()
        if character in "|)":
            return
        if character == "(":
            _group(reader)
        elif character in "^$":
            reader.out.append(character)
            reader.position += 1
            if reader.peek() in tuple("?*+{"):
                raise _Outside
        elif character == "\\" and reader.text[reader.position + 1 : reader.position + 2] in ("b", "B"):
            reader.out.append(reader.text[reader.position : reader.position + 2])
            reader.position += 2
            if reader.peek() in tuple("?*+{"):
                raise _Outside
        else:
            _atom(reader, character)
            _quantifier(reader)


def _group(reader: _Reader) -> None:
    match = _GROUP.match(reader.text, reader.position)
    if match is None or (reader.text.startswith(("(?", "(*"), match.start()) and match.end() == match.start() + 1):
        raise _Outside
    reader.depth += 1
    if reader.depth > 20:
        raise _Outside
    reader.out.append(f"(?P<{match[1]}>" if match[1] else match[0])
    reader.position = match.end()
    _alternatives(reader)
    if reader.peek() != ")":
        raise _Outside
    reader.depth -= 1
    reader.out.append(")")
    reader.position += 1
    following = reader.peek()
    if following == "?":
        reader.out.append("?")
        reader.position += 1
        if reader.peek() in tuple("?+*{"):
            raise _Outside
    elif following in tuple("*+{"):
        raise _Outside


def _atom(reader: _Reader, character: str) -> None:
    if character == "\\":
        reader.out.append(_escape(reader))
    elif character == "[":
        reader.out.append(_class(reader))
    elif character == "." or character in _LITERAL:
        reader.out.append(re.escape(character) if character != "." else ".")
        reader.position += 1
    else:
        raise _Outside


def _escape(reader: _Reader) -> str:
    following = reader.text[reader.position + 1 : reader.position + 2]
    reader.position += 2
    if (following in _CLASSES or following in _CONTROLS or following in _PUNCTUATION) and following:
        return "\\" + following
    raise _Outside


def _class(reader: _Reader) -> str:
    start = reader.position
    reader.position += 1
    pieces = ["["]
    if reader.peek() == "^":
        pieces.append("^")
        reader.position += 1
    if reader.peek() == "]":
        raise _Outside
    while reader.peek() != "]":
        if reader.position >= len(reader.text):
            raise _Outside
        first, single = _class_item(reader)
        if reader.peek() == "-" and reader.text[reader.position + 1 : reader.position + 2] not in ("]", ""):
            reader.position += 1
            last, also_single = _class_item(reader)
            if not (single and also_single and first.isalnum() and last.isalnum() and first <= last):
                raise _Outside
            pieces.append(f"{first}-{last}")
        else:
            pieces.append(first if first.isalnum() or first.startswith("\\") else re.escape(first))
    reader.position += 1
    if reader.position - start > 200:
        raise _Outside
    return "".join(pieces) + "]"


def _class_item(reader: _Reader) -> tuple[str, bool]:
    character = reader.peek()
    if character == "\\":
        return _escape(reader), False
    if character == "[" or not character.isascii() or not character.isprintable():
        raise _Outside
    reader.position += 1
    return character, True


def _quantifier(reader: _Reader) -> None:
    character = reader.peek()
    if not character or character not in "?*+{":
        return
    if character == "{":
        match = _COUNT.match(reader.text, reader.position)
        if match is None:
            raise _Outside
        low = int(match[1])
        high = low if match[2] is None else int(match[3]) if match[3] else None
        if high is None:
            reader.unbounded += 1
        elif high < low:
            raise _Outside
        reader.repeats *= max(low, high or 1, 1)
        reader.out.append(match[0])
        reader.position = match.end()
    else:
        reader.unbounded += character != "?"
        reader.out.append(character)
        reader.position += 1
    if reader.unbounded > _MOST_RUNS or reader.repeats > _MOST_REPEATS:
        raise _Outside
    if reader.peek() == "?":
        reader.out.append("?")
        reader.position += 1
    if reader.peek() and reader.peek() in "?*+{":
        raise _Outside
