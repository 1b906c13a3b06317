"""Terms: how `_raw` falls into segments, and what a bare word or a quoted phrase of a search finds in it.

Major breakers separate segments; minor breakers separate the smaller segments inside them. A word is found where it
begins and ends at a breaker of either kind; `TERM(x)` is a whole segment between major breakers.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Segmentersconf
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeAlias

MAJOR = "[]<>(){}|!;,'\"*\n\r\t &?+"
MINOR = "/:=@.-$#%\\_"
_ENCODED = (
    "%21",
    "%26",
    "%2526",
    "%3B",
    "%7C",
    "%20",
    "%2B",
    "%3D",
    "--",
    "%2520",
    "%5D",
    "%5B",
    "%3A",
    "%0A",
    "%2C",
    "%28",
    "%29",
)
_SPACES = "\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0"

_MAJOR_CLASS = re.escape(MAJOR + _SPACES)
_ANY_CLASS = re.escape(MAJOR + _SPACES + MINOR)
_ENCODED_PATTERN = "|".join(sorted(map(re.escape, _ENCODED), key=len, reverse=True))
_BEFORE_MAJOR = f"(?:(?<![^{_MAJOR_CLASS}])" + "".join(f"|(?<={re.escape(code)})" for code in _ENCODED) + ")"
_AFTER_MAJOR = f"(?=[{_MAJOR_CLASS}]|\\Z|{_ENCODED_PATTERN})"
_BEFORE_ANY = f"(?:(?<![^{_ANY_CLASS}])" + "".join(f"|(?<={re.escape(code)})" for code in _ENCODED) + ")"
_AFTER_ANY = f"(?![^{_ANY_CLASS}])"
_MAJOR_SPLIT = re.compile(f"(?:[{_MAJOR_CLASS}]|{_ENCODED_PATTERN})+", re.IGNORECASE)
_MAJOR_IN = re.compile(f"[{_MAJOR_CLASS}]")
_MINOR_SPLIT = re.compile(f"[{re.escape(MINOR)}]+")


def segments(raw: str) -> set[str]:
    """Return the segments of a text in lower case: those between major breakers, and the parts between minor ones.

    >>> sorted(segments("user=web-01 up"))
    ['01', 'up', 'user', 'user=web-01', 'web']
    """
    found: set[str] = set()
    for segment in _MAJOR_SPLIT.split(raw.lower()):
        if segment:
            found.add(segment)
            found.update(part for part in _MINOR_SPLIT.split(segment) if part)
    return found


def whole_segments(raw: str) -> list[str]:
    """Return the segments of a text between major breakers, in lower case.

    >>> whole_segments("user=web-01 UP")
    ['user=web-01', 'up']
    """
    return [segment for segment in _MAJOR_SPLIT.split(raw.lower()) if segment]


def has_major_breaker(text: str) -> bool:
    """Say whether a text holds a character that separates segments."""
    return _MAJOR_SPLIT.search(text) is not None


def _breaker(character: str, breakers: str) -> bool:
    return character in breakers or character in _SPACES


@lru_cache(maxsize=4096)
def term_matcher(text: str, quoted: bool, case: bool = False, exact: bool = False) -> Callable[[str], bool]:
    """Return a function that says whether `_raw` holds a term.

    A bare word, or a phrase (`quoted`), must begin and end at a breaker; `*` at an end lifts that, `*` inside stays
    within a segment for a word and is free in a phrase. `case`: heed case (`CASE(x)`). `exact`: a whole segment
    between major breakers (`TERM(x)`). An empty text is found everywhere.

    >>> term_matcher("web", False)("host=web-01 up"), term_matcher("web", False)("cobweb")
    (True, False)
    >>> term_matcher("fail*", False)("disk FAILURE"), term_matcher("127.0.0.1", False, exact=True)("10.127.0.0.1")
    (True, False)
    """
    core = text.strip("*")
    if not core:
        return _always
    breakers = MAJOR if exact else MAJOR + MINOR
    before = after = ""
    if not text.startswith("*") and not _breaker(core[0], breakers):
        before = _BEFORE_MAJOR if exact else _BEFORE_ANY
    if not text.endswith("*") and not _breaker(core[-1], breakers):
        after = _AFTER_MAJOR if exact else _AFTER_ANY
    parts = [part for part in core.split("*") if part]
    flags = re.DOTALL if case else re.DOTALL | re.IGNORECASE
    if len(parts) == 1:
        search: Search = re.compile(before + re.escape(core) + after, flags).search
    else:
        starts, ends = (re.compile(edge, flags).match for edge in (before, after))
        edges = starts if before else None, ends if after else None
        search = (_phrase if quoted else _word)(parts, _finder(case), *edges)
    needles = parts if case else [part.lower() for part in parts]
    return _matcher(search, max(needles, key=len), case)


# ---- wildcards inside: each part is looked for behind the one before it, and no place is looked at twice ------------

Search: TypeAlias = "Callable[[str], object]"
Edge: TypeAlias = "Callable[[str, int], object] | None"
"""Says whether a term may start, or end, at a place of a text; None: anywhere."""
Occurrences: TypeAlias = "Callable[[str, str, int], Iterator[tuple[int, int]]]"
"""The places of a part in a text, from a place on, overlapping ones too: where each starts, and ends."""


def _finder(case: bool) -> Occurrences:
    def as_written(text: str, part: str, position: int) -> Iterator[tuple[int, int]]:
        while (position := text.find(part, position)) >= 0:
            yield position, position + len(part)
            position += 1

    def in_any_case(text: str, part: str, position: int) -> Iterator[tuple[int, int]]:
        if text.isascii() and part.isascii():
            yield from as_written(text.lower(), part.lower(), position)
            return
        for match in _anywhere(part).finditer(text, position):
            yield match.span(1)

    return as_written if case else in_any_case


@lru_cache(maxsize=1024)
def _anywhere(part: str) -> re.Pattern[str]:
    return re.compile(f"(?=({re.escape(part)}))", re.IGNORECASE)


def _phrase(parts: list[str], occurrences: Occurrences, starts: Edge, ends: Edge) -> Search:
    """Between the parts of a phrase there may be anything: the first place of each leaves most room for the next."""

    def search(raw: str) -> bool:
        position = 0
        for number, part in enumerate(parts):
            edge = starts if number == 0 else ends if number == len(parts) - 1 else None
            for start, end in occurrences(raw, part, position):
                if edge is None or edge(raw, start if number == 0 else end) is not None:
                    position = end
                    break
            else:
                return False
        return True

    return search


def _word(parts: list[str], occurrences: Occurrences, starts: Edge, ends: Edge) -> Search:
    """Between the parts of a word there is no major breaker: of all places of a part those are kept that a place of the
    one before it leads to, and the nearest of those is the one to ask."""

    def search(raw: str) -> bool:
        reached = [end for start, end in occurrences(raw, parts[0], 0) if starts is None or starts(raw, start)]
        for part in parts[1:]:
            reached = list(_led_to(raw, reached, occurrences(raw, part, 0)))
            if not reached:
                return False
        return ends is None or any(ends(raw, end) is not None for end in reached)

    return search


def _led_to(raw: str, before: list[int], places: Iterator[tuple[int, int]]) -> Iterator[int]:
    """Yield the ends of the places that no major breaker parts from the nearest end before them."""
    number, looked, blocked = -1, 0, False
    for start, end in places:
        while number + 1 < len(before) and before[number + 1] <= start:
            number += 1
            looked, blocked = before[number], False
        if number < 0:
            continue
        if not blocked:
            blocked = _MAJOR_IN.search(raw, looked, start) is not None
            looked = start
        if not blocked:
            yield end


def _always(raw: str) -> bool:
    return True


def _matcher(search: Search, needle: str, case: bool) -> Callable[[str], bool]:
    if case:

        def found_as_written(raw: str) -> bool:
            return needle in raw and bool(search(raw))

        return found_as_written

    ascii_needle = needle.isascii()

    def found(raw: str) -> bool:
        if ascii_needle and raw.isascii() and needle not in raw.lower():
            return False
        return bool(search(raw))

    return found
