"""strptime with Splunk's variables, subseconds and zone forms included.

Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Commontimeformatvariables
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from splmini.errors import ArgumentError
from splmini.values.timeformat import COMPOSED, DAYS, MONTHS, TOKEN
from splmini.values.zones import ABBREVIATIONS, get_timezone, to_datetime, to_epoch

MONTH_NUMBERS = {name[:length].lower(): number for number, name in enumerate(MONTHS, 1) for length in (3, len(name))}
_DAY_NUMBERS = {name[:length].lower(): number for number, name in enumerate(DAYS) for length in (3, len(name))}
_MONTH_NAMES = "|".join(sorted(MONTH_NUMBERS, key=len, reverse=True))
_DAY_NAMES = "|".join(sorted(_DAY_NUMBERS, key=len, reverse=True))

_READERS = {
    "Y": r"[0-9]{4}",
    "y": r"[0-9]{2}",
    "C": r"[0-9]{2}",
    "m": r"(?:1[0-2]|0?[1-9])",
    "d": r"\s?(?:3[01]|[12][0-9]|0?[1-9])",
    "e": r"\s?(?:3[01]|[12][0-9]|0?[1-9])",
    "H": r"(?:2[0-3]|[01]?[0-9])",
    "k": r"\s?(?:2[0-3]|[01]?[0-9])",
    "I": r"(?:1[0-2]|0?[0-9])",
    "l": r"\s?(?:1[0-2]|0?[0-9])",
    "M": r"[0-5]?[0-9]",
    "S": r"(?:6[01]|[0-5]?[0-9])",
    "p": r"[AaPp]\.?[Mm]\.?",
    "P": r"[AaPp]\.?[Mm]\.?",
    "s": r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,9})?",
    "f": r"[0-9]{1,9}",
    "A": f"(?:{_DAY_NAMES})",
    "a": f"(?:{_DAY_NAMES})",
    "B": f"(?:{_MONTH_NAMES})",
    "b": f"(?:{_MONTH_NAMES})",
    "h": f"(?:{_MONTH_NAMES})",
    "j": r"[0-9]{1,3}",
    "w": "[0-6]",
    "u": "[1-7]",
    "V": "[0-9]{1,2}",
    "G": "[0-9]{4}",
    "g": "[0-9]{2}",
    "U": "[0-9]{1,2}",
    "W": "[0-9]{1,2}",
    "Z": r"[A-Za-z][A-Za-z0-9_/+:-]{0,63}",
}
_WAYS = {"s": 120, "f": 9, "Z": 64, "z": 6, "Ez": 8, "p": 4, "P": 4, "j": 3, "d": 4, "e": 4, "k": 4, "l": 4}
"""In how many lengths a variable may match at one place; all others in two at most."""
_MOST_WAYS = 200_000
"""A format that could match in more ways is not left to `re`, which would try them all."""
_BLANKS = r"\s*"
_EPOCH_READER = f"({_READERS['s']})"
_ZONE_READER = r"[+-][0-9]{2}:?(?:[0-9]{2})?(?::?[0-9]{2})?|[Zz]"


@lru_cache(maxsize=512)
def _compiled_reader(format: str) -> tuple[Callable[[str], Sequence[str] | None], tuple[str, ...]]:
    """Return what gives the texts of a format's variables, and the variables."""
    pattern: list[str] = []
    letters: list[str] = []
    _collect_reader(format, pattern, letters)
    ways = 1
    for letter in letters:
        ways = min(ways * _WAYS.get(letter, 2), 2 * _MOST_WAYS)
    if ways > _MOST_WAYS:
        return _by_pieces(pattern), tuple(letters)
    match = re.compile("".join(pattern), _FLAGS).match

    def read(text: str) -> Sequence[str] | None:
        found = match(text)
        return None if found is None else found.groups()

    return read, tuple(letters)


_FLAGS = re.IGNORECASE | re.ASCII
_LONGEST = 64
"""No piece of a format but blanks and plain text is longer."""


def _by_pieces(pattern: Sequence[str]) -> Callable[[str], Sequence[str] | None]:
    """Match as the whole pattern would, without coming to the same piece at the same place twice."""
    pieces = [re.compile(piece, _FLAGS) for piece in pattern]

    def ends(number: int, text: str, start: int) -> Iterator[int]:
        piece = pieces[number]
        if not piece.groups:  # blanks or plain text: in one length
            found = piece.match(text, start)
            return iter(() if found is None else (found.end(),))
        last = min(len(text), start + _LONGEST)
        return (end for end in range(last, start - 1, -1) if piece.fullmatch(text, start, end))

    def read(text: str) -> Sequence[str] | None:
        if not pieces:
            return ()
        places, open_ends = [0], [ends(0, text, 0)]
        seen: set[tuple[int, int]] = set()
        while open_ends:
            end = next(open_ends[-1], None)
            number = len(open_ends)
            if end is None:
                open_ends.pop()
                places.pop()
            elif number == len(pieces):
                bounds = zip(pieces, places, [*places[1:], end], strict=True)
                return [text[first:last] for piece, first, last in bounds if piece.groups]
            elif (number, end) not in seen:
                seen.add((number, end))
                places.append(end)
                open_ends.append(ends(number, text, end))
        return None

    return read


def _collect_reader(format: str, pattern: list[str], letters: list[str]) -> None:
    for match in TOKEN.finditer(format):
        width, subsecond, _, zone, letter, text, lone = match.groups()
        if text is not None:
            for part in filter(None, re.split(r"(\s+)", text)):
                _put(pattern, _BLANKS if part.isspace() else re.escape(part))
        elif lone is not None or letter == "%":
            pattern.append("%")
        elif subsecond:
            digits = "1,9"
            if pattern and pattern[-1] == _EPOCH_READER:  # %s%3N: the last three digits of one number
                pattern[-1], digits = r"([+-]?[0-9]{1,12})", width or ("9" if subsecond == "N" else "3")
            pattern.append(f"([0-9]{{{digits}}})")
            letters.append("f")
        elif letter is None:
            pattern.append("([+-]?[0-9]{1,4})" if zone == "Ez" else f"({_ZONE_READER})")
            letters.append(zone or "z")
        elif letter in COMPOSED:
            _collect_reader(COMPOSED[letter], pattern, letters)
        elif letter in ("n", "t"):
            _put(pattern, _BLANKS)
        elif letter in _READERS:
            pattern.append(f"({_READERS[letter]})")
            letters.append(letter)
        else:
            pattern.append(re.escape(match[0]))


def _put(pattern: list[str], piece: str) -> None:
    """Add a piece; blanks behind blanks are the same blanks."""
    if piece != _BLANKS or pattern[-1:] != [_BLANKS]:
        pattern.append(piece)


def strptime(text: str, format: str, tz: tzinfo, now: float | None = None) -> float | None:
    """Return the epoch of a text read by a format; None where it does not fit.

    Leading zeros are not required, text after what the format covers is ignored. A day is required, but for a time of
    day alone, which is today's (of `now`); a date without a year is in this year.

    >>> strptime("2018-08-13 11:22:33", "%Y-%m-%d %H:%M:%S", get_timezone("UTC"))
    1534159353
    >>> strptime("2022-08", "%Y-%m", get_timezone("UTC"))
    """
    reader, letters = _compiled_reader(format)
    texts = reader(text.lstrip() if not format[:1].isspace() else text)
    if texts is None:
        return None
    found = dict(zip(letters, texts, strict=True))
    try:
        return _assemble(found, tz, now)
    except (ValueError, OverflowError, ArgumentError):
        return None


def _assemble(found: dict[str, str], tz: tzinfo, now: float | None) -> float | None:
    subsecond = round(int(found["f"].ljust(9, "0")) / 1000) if "f" in found else 0
    if "s" in found:
        epoch = float(found["s"])
        return (int(epoch) if epoch.is_integer() else epoch) + subsecond / 1_000_000
    day = _date(found, tz, now)
    if day is None:
        return None
    second = int(found.get("S", 0))
    moment = datetime(day.year, day.month, day.day, _hour(found), int(found.get("M", 0)), min(second, 59))
    moment += timedelta(seconds=max(second - 59, 0), microseconds=subsecond)
    zone = zone_of(found)
    return to_epoch(moment.replace(tzinfo=zone) if zone else moment, tz)


def _hour(found: dict[str, str]) -> int:
    hour = int(found.get("H") or found.get("k") or found.get("I") or found.get("l") or 0)
    meridian = found.get("p") or found.get("P")
    if meridian and ("I" in found or "l" in found):
        return hour % 12 + (12 if meridian[0] in "pP" else 0)
    return hour


def _date(found: dict[str, str], tz: tzinfo, now: float | None) -> date | None:
    year = _full_year(found)
    month_name = found.get("b") or found.get("B") or found.get("h")
    month = int(found["m"]) if "m" in found else MONTH_NUMBERS[month_name.lower()] if month_name else None
    day = found.get("d") or found.get("e")
    if day is not None:
        today = _today(tz, now)
        number = int(day)
        year = today.year if year is None else year
        return date(year, today.month if month is None else month, number)
    if "j" in found:
        year = _today(tz, now).year if year is None else year
        number = int(found["j"])
        return date(year, 1, 1) + timedelta(number - 1) if 1 <= number <= 365 + calendar.isleap(year) else None
    if month is None and year is None and not ({"V", "U", "W", "G"} & found.keys()):
        return _today(tz, now) if {"H", "k", "I", "l"} & found.keys() else None
    return _date_of_week(found, year)


def _full_year(found: dict[str, str]) -> int | None:
    if "Y" in found:
        return int(found["Y"])
    if "y" in found:
        short = int(found["y"])
        if "C" in found:
            return int(found["C"]) * 100 + short
        return short + (1900 if short >= 69 else 2000)
    return None


def _date_of_week(found: dict[str, str], year: int | None) -> date | None:
    name = found.get("a") or found.get("A")
    weekday = (
        int(found["u"]) - 1
        if "u" in found
        else (int(found["w"]) - 1) % 7
        if "w" in found
        else _DAY_NUMBERS[name.lower()]
        if name
        else None
    )
    if weekday is None:
        return None
    if "V" in found and "G" in found:
        return date.fromisocalendar(int(found["G"]), int(found["V"]), weekday + 1)
    if year is None or not ("U" in found or "W" in found):
        return None
    first = 6 if "U" in found else 0
    start = date(year, 1, 1)
    offset = (start.weekday() - first) % 7
    week = int(found.get("U") or found["W"]) - (1 if offset == 0 else 0)
    return start + timedelta(week * 7 - offset + (weekday - first) % 7)


def _today(tz: tzinfo, now: float | None) -> date:
    local = datetime.now(tz) if now is None else to_datetime(now, tz)
    assert local is not None
    return local.date()


def zone_of(found: dict[str, str]) -> tzinfo | None:
    if "z" in found:
        text = found["z"]
        if text in "Zz":
            return timezone.utc
        digits = text[1:].replace(":", "").ljust(4, "0")
        minutes = int(digits[:2]) * 60 + int(digits[2:4])
        return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
    if "Ez" in found:
        return timezone(timedelta(minutes=int(found["Ez"])))
    if "Z" in found:
        name = found["Z"].upper()
        if name in ABBREVIATIONS:
            return timezone(timedelta(minutes=ABBREVIATIONS[name]))
        return get_timezone(found["Z"])
    return None
