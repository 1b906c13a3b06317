"""Finding many literals at once, in a text or in bytes.

By Aho-Corasick, from the package ahocorasick-rs; without it, by the pieces of three letters that are in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

try:
    import ahocorasick_rs
except ImportError:
    ahocorasick_rs = None

GRAM = 3


def text_finder(literals: list[str]) -> Callable[[str], set[int]]:
    """Return a function from a text to the numbers of the literals in it; text and literals are in lower case."""
    if ahocorasick_rs is not None:
        return partial(_automaton, ahocorasick_rs.AhoCorasick(literals))
    return partial(_by_pieces, literals, _pieces_of(literals))


def _automaton(automaton: Any, text: str) -> set[int]:
    return {number for number, _, _ in automaton.find_matches_as_indexes(text, overlapping=True)}


def _pieces_of(literals: list[str]) -> dict[str, list[int]]:
    """Literals by that of their pieces which the fewest of them share."""
    common: dict[str, int] = {}
    pieces = [{literal[at : at + GRAM] for at in range(max(len(literal) - GRAM + 1, 1))} for literal in literals]
    for each in pieces:
        for piece in each:
            common[piece] = common.get(piece, 0) + 1
    chosen: dict[str, list[int]] = {}
    for number, each in enumerate(pieces):
        chosen.setdefault(min(each, key=lambda piece: (common[piece], piece)), []).append(number)
    return chosen


def _by_pieces(literals: list[str], pieces: dict[str, list[int]], text: str) -> set[int]:
    found: set[int] = set()
    for piece in pieces.keys() & set(map("".join, zip(text, text[1:], text[2:], strict=False))):
        found.update(number for number in pieces[piece] if literals[number] in text)
    return found


def byte_finder(literals: list[bytes]) -> Callable[[bytes], Iterable[tuple[int, int]]]:
    """Return a function from bytes to the numbers of the literals in them, and where they begin."""
    if ahocorasick_rs is None:
        return _by_lines([literal.decode() for literal in literals])
    matches = ahocorasick_rs.BytesAhoCorasick(literals).find_matches_as_indexes

    def find(data: bytes) -> Iterable[tuple[int, int]]:
        return [(number, start) for number, start, _ in matches(data, overlapping=True)]

    return find


def _by_lines(literals: list[str]) -> Callable[[bytes], Iterable[tuple[int, int]]]:
    """The same by pieces of three letters, line by line: no literal holds a line break."""
    find_in = text_finder(literals)

    def find(data: bytes) -> Iterable[tuple[int, int]]:
        at = 0
        for line in data.split(b"\n"):
            text = line.decode("latin-1")
            for number in find_in(text):
                start = text.index(literals[number])
                while start >= 0:  # a line may hold several records
                    yield number, at + start
                    start = text.find(literals[number], start + 1)
            at += len(line) + 1

    return find
