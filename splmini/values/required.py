"""The text that whatever a regular expression matches must contain: a search for it is much cheaper than a match.

What is not surely understood is passed over, so that a text is only told where it is needed in every match.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

_FLAGS = re.compile(r"\(\?[ms]+\)")
_MARKS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "e": "\x1b", "a": "\a"}
_CLASSES = frozenset("dDwWsSbBAzZGhHvVRKXNC")
"""Escapes that stand for no character of their own and take nothing behind them."""


class _Unknown(Exception):
    """Something is written that this reader does not know."""


Needed: TypeAlias = "tuple[str, ...]"
"""Texts one of which is in whatever matches."""


def required_texts(pattern: str, flags: str = "") -> tuple[Needed, ...]:
    r"""Return what is known to be in everything that a pattern matches: of each entry one of its texts.

    >>> required_texts(r"<EventID[^>]*>(\d+)</EventID>")
    (('</EventID>',), ('<EventID',))
    >>> required_texts(r"session (?:opened|closed) for user (\w+)")
    ((' for user ',), ('session ',), ('opened', 'closed'))
    >>> required_texts(r"a|b"), required_texts(r"(?i)abc"), required_texts(r"abc?")
    ((), (), (('ab',),))
    """
    if not {"i", "x"}.isdisjoint(flags):
        return ()
    flagged = _FLAGS.match(pattern)
    pattern = pattern[flagged.end() :] if flagged else pattern
    try:
        found = dict.fromkeys(_Reader(pattern).sequence(top=True))
    except _Unknown:
        return ()
    return tuple(sorted(found, key=_telling, reverse=True)[:MOST])


MOST = 4
"""Entries that are told: each of them costs a search of the text."""


def _telling(needed: Needed) -> tuple[bool, int]:
    return len(needed) == 1, min(map(len, needed))


def may_match(needed: tuple[Needed, ...]) -> Callable[[str], bool]:
    """Return what says of a text whether it has what is needed."""
    single = [each[0] for each in needed if len(each) == 1]
    several = [each for each in needed if len(each) > 1]
    if not needed:
        return _anything
    if len(needed) == 1 and single:
        return _contains(single[0])

    def test(text: str) -> bool:
        for each in single:
            if each not in text:
                return False
        return all(any(each in text for each in alternatives) for alternatives in several)

    return test


def _anything(text: str) -> bool:
    return True


def _contains(part: str) -> Callable[[str], bool]:
    def test(text: str) -> bool:
        return part in text

    return test


class _Reader:
    """Reads a pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def sequence(self, top: bool = False) -> list[Needed]:
        """Read up to the end, or to the bracket that ends a group; return what is in every match of it."""
        alternatives: list[list[Needed]] = []
        found: list[Needed] = []
        run = ""
        while self.at < len(self.pattern):
            each = self.pattern[self.at]
            if each == ")":
                if top:
                    raise _Unknown
                break
            self.at += 1
            if each == "|":
                alternatives.append([*found, (run,)])
                found, run = [], ""
                continue
            literal, inner = self._atom(each)
            least, exact = self._count()
            if literal and least:
                run += literal
            if not literal or not exact or not least:
                found.append((run,))
                run = ""
            if inner and least:
                found += inner
        alternatives.append([*found, (run,)])
        told = [[each for each in every if min(map(len, each)) > 1] for every in alternatives]
        if len(told) == 1:
            return told[0]
        if not all(told):
            return []
        return [tuple(text for every in told for text in max(every, key=_telling))]

    def _atom(self, each: str) -> tuple[str, list[Needed]]:
        """Read one atom: the character that it stands for, or texts that are in every match of a group."""
        if each == "(":
            return "", self._group()
        if each == "[":
            self._bracket()
            return "", []
        if each == "\\":
            return self._escape(), []
        if each in ".^$":
            return "", []
        if each in "?*+{" or each == "\ufffd" or "\ud800" <= each <= "\udfff":
            raise _Unknown
        return each, []

    def _escape(self) -> str:
        if self.at >= len(self.pattern):
            raise _Unknown
        each = self.pattern[self.at]
        self.at += 1
        if each in _MARKS:
            return _MARKS[each]
        if each in _CLASSES:
            if each == "N" and self.pattern[self.at : self.at + 1] == "{":
                raise _Unknown
            return ""
        if each.isalnum() or not each.isascii():
            raise _Unknown  # \x41, \1, \Q…\E, \p{L} …
        return "" if each == "?" else each  # half of a surrogate pair is read as a question mark

    def _bracket(self) -> None:
        pattern, at = self.pattern, self.at
        if pattern[at : at + 1] == "^":
            at += 1
        if pattern[at : at + 1] == "]":
            at += 1
        while at < len(pattern) and pattern[at] != "]":
            if pattern[at] == "\\":
                if pattern[at + 1 : at + 2] in ("Q", "E"):
                    raise _Unknown
                at += 1
            elif pattern[at : at + 2] in ("[:", "[.", "[="):
                end = pattern.find(pattern[at + 1] + "]", at + 2)
                at = end + 1 if end > 0 else at
            at += 1
        if at >= len(pattern):
            raise _Unknown
        self.at = at + 1

    def _group(self) -> list[Needed]:
        pattern = self.pattern
        counts = True
        if pattern[self.at : self.at + 1] == "*":
            raise _Unknown
        if pattern[self.at : self.at + 1] == "?":
            rest = pattern[self.at + 1 :]
            if rest.startswith((":", ">")):
                self.at += 2
            elif rest.startswith(("=", "!", "<=", "<!")):
                counts = False
                self.at += 3 if rest[0] == "<" else 2
            elif rest.startswith(("<", "P<", "'")):
                end = rest.find("'", 1) if rest[0] == "'" else rest.find(">")
                if end < 0:
                    raise _Unknown
                self.at += end + 2
            else:
                raise _Unknown  # flags, conditions, comments, recursion
        inner = self.sequence()
        if pattern[self.at : self.at + 1] != ")":
            raise _Unknown
        self.at += 1
        return inner if counts else []

    def _count(self) -> tuple[int, bool]:
        """Read a quantifier: at least how often, and whether exactly once."""
        each = self.pattern[self.at : self.at + 1]
        if each not in ("?", "*", "+", "{"):
            return 1, True
        least = 1 if each == "+" else 0
        if each == "{":
            end = self.pattern.find("}", self.at)
            if end < 0:
                raise _Unknown
            first = self.pattern[self.at + 1 : end].partition(",")[0].strip()
            least = int(first) if first.isascii() and first.isdigit() else 0
            self.at = end
        self.at += 1
        if self.pattern[self.at : self.at + 1] in ("?", "+"):
            self.at += 1
        return least, False
