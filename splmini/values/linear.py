"""Patterns that find all their matches in linear time, whatever the text.

`regex` runs everything on PCRE2, which can be stopped; this module recognises patterns that need no stopping, so that
Python's `re`, much cheaper for many short groups, may scan texts of any length with them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeAlias

from splmini.values import _subset

Finder: TypeAlias = "Callable[[str], list[tuple[str, str]]]"

_ATOM = re.compile(r"\\.|\[\^?(?:\\.|[^\]\\])+\]|[^\\()\[\]|?*+{}^$]")
_COUNT = re.compile(r"[?*+]|\{\d+(?:,\d*)?\}")
_OPEN = re.compile(r"\((?:\?:|\?P<\w+>)?")
_ALPHABET = [*map(chr, range(128)), "\u00e9"]
"""ASCII, and one character for all others: inside the subset they are in a class or not alike."""

_Atom: TypeAlias = "tuple[frozenset[str], bool, bool]"
"""The characters that an atom takes, whether it takes no more than one, and whether it may take none."""


@lru_cache(maxsize=512)
def pair_finder(pattern: str, names: frozenset[str] | None = None) -> Finder | None:
    """Return what finds the two groups of every match of a pattern; None where it is not known to be linear.

    With `names` it may leave out matches whose first group is none of these: neither as it stands, nor when other
    characters than letters and digits are underscores and what of these leads is left out.

    >>> pair_finder("<([a-z]+)=([^<]+)")("<a=1<b=2")
    [('a', '1'), ('b', '2')]
    >>> pair_finder("<([a-z]+)=([^<]+)", frozenset({"b"}))("<a=1<b=2")
    [('b', '2')]
    >>> pair_finder("(.*)=(.*)") is None
    True
    """
    translated = _subset.translate(pattern)
    if translated is None or translated.startswith("(?i)"):
        return None
    compiled = re.compile(translated, re.ASCII)
    if compiled.groups != 2:
        return None
    atoms = list(_atoms(translated))
    if not _is_linear(atoms):
        return None
    only = None if names is None else _only(translated, atoms, names)
    return compiled.findall if only is None else re.compile(only, re.ASCII).findall


_MOST_NAMES = 64


def _only(pattern: str, atoms: list[_Atom | None], names: frozenset[str]) -> str | None:
    """Return a pattern with a look ahead at the first group; None where passing over a match could show another one.

    It cannot where a match begins with a character that is nowhere else in it.
    """
    known = [atom for atom in atoms if atom is not None]
    start, group = known[0][0], re.search(r"(?<!\\)\((?!\?:)", pattern)
    if group is None or len(start) != 1 or not 0 < len(names) <= _MOST_NAMES:
        return None
    if any(taken & start for taken, _, _ in known[1:]):
        return None
    written = "|".join(sorted("".join(map(_character, name)) for name in names))
    ahead = f"(?=[^A-Za-z{re.escape(next(iter(start)))}]*(?:{written}))"
    return pattern[: group.start()] + ahead + pattern[group.start() :]


def _character(each: str) -> str:
    return "[^A-Za-z0-9]" if each == "_" else re.escape(each)


def _atoms(pattern: str) -> Iterator[_Atom | None]:
    """Yield the atoms of a pattern in order; None for what may be left out or chosen."""
    position = 0
    while position < len(pattern):
        if opened := _OPEN.match(pattern, position):
            position = opened.end()
            continue
        if pattern[position] == ")":
            position += 1
            if _COUNT.match(pattern, position):
                yield None
                return
            continue
        atom = _ATOM.match(pattern, position)
        if atom is None or atom[0] in ("\\b", "\\B"):
            yield None
            return
        position = atom.end()
        count = _COUNT.match(pattern, position)
        many = optional = False
        if count is not None:
            position = count.end()
            if pattern[position : position + 1] == "?" or count[0].startswith("{"):
                yield None
                return
            many, optional = count[0] != "?", count[0] != "+"
        test = re.compile(atom[0], re.ASCII)
        yield frozenset(filter(test.fullmatch, _ALPHABET)), not many, optional


def _is_linear(atoms: list[_Atom | None]) -> bool:
    """Say whether matching takes time in proportion to the text.

    It does where nothing is tried twice from one place on, and no run (`x+`) can go over a place where another match
    might begin, so that no place is gone over twice.
    """
    if not _is_single(atoms):
        return False
    known = [atom for atom in atoms if atom is not None]
    return not any(taken & known[0][0] for taken, single, _ in known if not single)


def _is_single(atoms: list[_Atom | None]) -> bool:
    """Say whether a match from one place on can go one way only: whatever may repeat or be left out ends where what
    may follow begins."""
    known = [atom for atom in atoms if atom is not None]
    if len(known) < len(atoms) or not known or not known[0][1] or known[0][2]:
        return False
    return not any(
        taken & _following(known[index + 1 :])
        for index, (taken, single, optional) in enumerate(known)
        if not single or optional
    )


def _following(atoms: list[_Atom]) -> frozenset[str]:
    """Return the characters that may come next: of atoms that may take none, and the first that cannot."""
    found: frozenset[str] = frozenset()
    for taken, _, optional in atoms:
        found |= taken
        if not optional:
            break
    return found


@lru_cache(maxsize=4096)
def longest_text(translated: str, most: int, shortest: int) -> int:
    """Return how long a text may be that a pattern in Python's syntax searches: any length where it takes linear time,
    `most` where nothing is tried twice from one place on, else `shortest`.

    >>> longest_text("<id>([0-9]+)", 2, 1) > 2, longest_text("<id[^>]*>([0-9]+)", 2, 1), longest_text("a*b", 2, 1)
    (True, 2, 1)
    """
    if translated.startswith("(?i)"):
        return shortest
    atoms = list(_atoms(translated))
    if not _is_single(atoms):
        return shortest
    return 1 << 62 if _is_linear(atoms) else most
