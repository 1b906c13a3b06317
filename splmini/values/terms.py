"""Terms: how `_raw` falls into segments, and what a bare word or a quoted phrase of a search finds in it.

Major breakers separate segments; minor breakers separate the smaller segments inside them. A word is found where it
begins and ends at a breaker of either kind; `TERM(x)` is a whole segment between major breakers.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Segmentersconf
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

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
    gap = ".*?" if quoted else f"[^{_MAJOR_CLASS}]*?"
    parts = [part for part in core.split("*") if part]
    flags = re.DOTALL if case else re.DOTALL | re.IGNORECASE
    search = re.compile(before + gap.join(map(re.escape, parts)) + after, flags).search
    needles = parts if case else [part.lower() for part in parts]
    return _matcher(search, max(needles, key=len), case)


def _always(raw: str) -> bool:
    return True


def _matcher(search: Callable[[str], re.Match[str] | None], needle: str, case: bool) -> Callable[[str], bool]:
    if case:

        def found_as_written(raw: str) -> bool:
            return needle in raw and search(raw) is not None

        return found_as_written

    ascii_needle = needle.isascii()

    def found(raw: str) -> bool:
        if ascii_needle and raw.isascii() and needle not in raw.lower():
            return False
        return search(raw) is not None

    return found
