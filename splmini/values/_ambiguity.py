"""How many ways a pattern of the common subset (`_subset`) can go through a text from one place on.

Where every run (`\\S+`) ends where what follows begins, there is one way, and an attempt costs no more than the text is
long. A run that could end in several places multiplies that by the length of the text, a choice that is not decided by
the next character by two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

ALPHABET = [*map(chr, range(128)), "\u00e9"]
"""ASCII, and one character for all others: inside the subset they are in a class or not alike."""
_EVERY = frozenset(ALPHABET)
_OPEN = re.compile(r"\((?:\?:|\?P<\w+>)?")
_ATOM = re.compile(r"\\.|\[\^?(?:\\.|[^\]\\])+\]|[^\\()\[\]|?*+{}^$]", re.DOTALL)
_COUNT = re.compile(r"[?*+]|\{(\d+)(,?)(\d*)\}")
_ANCHOR = re.compile(r"\^|\$|\\[bB]")


@dataclass(frozen=True)
class _Run:
    """Characters of a set, at least so often; `many` where there is no end to how often."""

    taken: frozenset[str]
    least: int
    many: bool
    varies: bool


@dataclass(frozen=True)
class _Group:
    alternatives: tuple[_Sequence, ...]
    optional: bool


class _Anchor:
    """A place that has to be of a kind: what stands before may have to be tried in other ways."""


_Sequence: TypeAlias = "tuple[_Run | _Group | _Anchor, ...]"


@lru_cache(maxsize=4096)
def ambiguity(translated: str) -> tuple[int, int]:
    """Return how many runs of a pattern in Python's syntax may end in several places, and how many choices are open.

    >>> ambiguity(r"user (\\S+)\\s+from\\s+(\\d+)"), ambiguity(r"a*ab"), ambiguity(r"(?:ab)?(?:ac|b)")
    ((0, 0), (1, 0), (0, 1))
    """
    alternatives, _ = _alternatives(translated, 0)
    return _counted(_Group(alternatives, False), frozenset())


def _alternatives(text: str, at: int) -> tuple[tuple[_Sequence, ...], int]:
    found: list[_Sequence] = []
    sequence: list[_Run | _Group | _Anchor] = []
    while at < len(text) and text[at] != ")":
        if text[at] == "|":
            found.append(tuple(sequence))
            sequence, at = [], at + 1
        elif anchor := _ANCHOR.match(text, at):
            sequence.append(_Anchor())
            at = anchor.end()
        elif opened := _OPEN.match(text, at):
            inner, at = _alternatives(text, opened.end())
            optional = text[at + 1 : at + 2] == "?"
            sequence.append(_Group(inner, optional))
            at += 1 + optional
        else:
            run, at = _run(text, at)
            sequence.append(run)
    return (*found, tuple(sequence)), at


def _run(text: str, at: int) -> tuple[_Run, int]:
    atom = _ATOM.match(text, at)
    assert atom is not None
    taken = frozenset(filter(re.compile(atom[0], re.ASCII | re.DOTALL).fullmatch, ALPHABET))
    at = atom.end()
    count = _COUNT.match(text, at)
    if count is None:
        return _Run(taken, 1, False, False), at
    at = count.end()
    lazy = text[at : at + 1] == "?"
    if count[0] in ("?", "*", "+"):
        return _Run(taken, int(count[0] == "+"), count[0] != "?", True), at + lazy
    least = int(count[1])
    many = bool(count[2]) and not count[3]
    varies = bool(count[2]) and count[3] != count[1]
    return _Run(taken, least, many, varies), at + lazy


def _first(sequence: _Sequence, follow: frozenset[str]) -> frozenset[str]:
    """The characters that a sequence may begin with, where these follow it."""
    found: frozenset[str] = frozenset()
    for each in sequence:
        if isinstance(each, _Anchor):
            return _EVERY
        if isinstance(each, _Run):
            found |= each.taken
            if each.least:
                return found
        else:
            inner = [_first(every, frozenset()) for every in each.alternatives]
            found = found.union(*inner)
            if not each.optional and not any(map(_may_be_empty, each.alternatives)):
                return found
    return found | follow


def _may_be_empty(sequence: _Sequence) -> bool:
    return all(
        isinstance(each, _Anchor)
        or (isinstance(each, _Run) and not each.least)
        or (isinstance(each, _Group) and (each.optional or any(map(_may_be_empty, each.alternatives))))
        for each in sequence
    )


def _counted(group: _Group, follow: frozenset[str]) -> tuple[int, int]:
    runs = choices = 0
    seen: frozenset[str] = follow if group.optional else frozenset()
    for sequence in group.alternatives:
        begins = _first(sequence, follow)
        choices += bool(begins & seen)
        seen |= begins
        for place, each in enumerate(sequence):
            behind = _first(sequence[place + 1 :], follow)
            if isinstance(each, _Run):
                if each.varies and each.taken & behind:
                    runs, choices = runs + each.many, choices + (not each.many)
            elif isinstance(each, _Group):
                inner = _counted(each, behind)
                runs, choices = runs + inner[0], choices + inner[1]
    return runs, choices
