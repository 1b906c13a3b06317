"""The time in a text, found as Splunk's default timestamp recognition finds it.

The earliest form in the first 128 characters wins; of forms that begin at one place, the longest does.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Data/HowSplunkextractstimestamps
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any, TypeAlias

import pcre2

from splmini.values.timeparse import MONTH_NUMBERS, zone_of
from splmini.values.zones import to_datetime, to_epoch

LOOKAHEAD = 128
"""MAX_TIMESTAMP_LOOKAHEAD: how many characters are read."""

_NAMES = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_MONTH = f"(?P<name>{_NAMES})[a-z]*\\.?"
_TIME = (
    r"(?P<H>2[0-3]|[01]?[0-9]):(?P<M>[0-5][0-9])(?::(?P<S>[0-5][0-9]|60)(?:[.,:](?P<f>[0-9]{1,9}))?)?"
    r"(?:\s?(?P<p>[AaPp])\.?[Mm]\b\.?)?"
)
_ZONE = (
    r"(?:\s?(?P<z>Z\b|[+-][0-9]{2}:?[0-9]{2}\b|[+-][0-9]{2}\b)"
    r"|\s(?P<Z>UTC|GMT|[A-Z]{1,2}[SD]T|CES?T|EES?T|WES?T|BST|MSK)\b)?"
)
_DAY = r"(?P<d>3[01]|[12][0-9]|0?[1-9])"
_YEAR = r"(?P<Y>(?:19|20|21)[0-9]{2})"
_TWO = r"(?P<y>[0-9]{2})"
_MON = r"(?P<m>1[0-2]|0?[1-9])"
_EDGE = r"(?<![0-9A-Za-z.])"

_FORMS: tuple[str, ...] = (
    # 2024-03-05T00:07:09.123Z, 2024/03/05 00:07:09,123 +0100, 2024-03-05
    rf"{_EDGE}{_YEAR}(?P<sep>[-/.]){_MON}(?P=sep){_DAY}(?:(?:[T_:]|,?\s+){_TIME}{_ZONE})?(?![0-9])",
    # 05/Mar/2024:00:07:09 +0000, 05-Mar-2024 00:07:09, 5 March 2024 00:07:09
    rf"{_EDGE}{_DAY}[-/ ]{_MONTH}[-/ ]{_YEAR}(?:(?:[:T]|,?\s+){_TIME}{_ZONE})?(?![0-9])",
    rf"{_EDGE}{_DAY}[-/ ]{_MONTH}[-/ ]{_TWO}(?:[:T]|,?\s+){_TIME}{_ZONE}(?![0-9])",
    # Tue Mar 5 00:07:09 UTC 2024, Mar 5, 2024 00:07:09 AM, Mar 5 2024
    rf"{_EDGE}{_MONTH}\s+{_DAY},?\s+{_TIME}{_ZONE}\s+{_YEAR}(?![0-9])",
    rf"{_EDGE}{_MONTH}\s+{_DAY},?\s+{_YEAR}(?:(?:[:T]|,?\s+(?:at\s+)?){_TIME}{_ZONE})?(?![0-9])",
    # Mar  5 00:07:09 (syslog)
    rf"{_EDGE}{_MONTH}\s+{_DAY}\s+{_TIME}{_ZONE}(?![0-9])",
    # 03/05/2024 12:07:09 AM, 03-05-2024, 03/05/24 00:07:09
    rf"{_EDGE}{_MON}(?P<sep>[-/.]){_DAY}(?P=sep){_YEAR}(?:(?:[:T]|,?\s+){_TIME}{_ZONE})?(?![0-9])",
    rf"{_EDGE}{_MON}(?P<sep>[-/]){_DAY}(?P=sep){_TWO}(?:[:T]|,?\s+){_TIME}{_ZONE}(?![0-9])",
    # 31/12/2024 23:00:00: a first number beyond 12 is the day
    rf"{_EDGE}(?P<d>3[01]|2[0-9]|1[3-9])(?P<sep>[-/.])(?P<m>1[0-2]|0?[1-9])(?P=sep){_YEAR}"
    rf"(?:(?:[:T]|,?\s+){_TIME}{_ZONE})?(?![0-9])",
    # 20240305T000709Z, 20240305000709
    rf"{_EDGE}{_YEAR}(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12][0-9]|3[01])[T ]?(?P<H>[01][0-9]|2[0-3])(?P<M>[0-5][0-9])"
    rf"(?P<S>[0-5][0-9])(?:[.,](?P<f>[0-9]{{1,9}}))?{_ZONE}(?![0-9])",
    # 1709597229, 1709597229.123, 1709597229123
    r"(?<![0-9A-Za-z./-])(?<![0-9]:)(?P<e>1[0-9]{9})"
    r"(?:(?P<ms>[0-9]{3})(?P<us>[0-9]{3})?(?P<ns>[0-9]{3})?|\.(?P<fr>[0-9]{1,9}))?(?![0-9.:])",
)
_TIME_ONLY = (
    rf"(?<![0-9A-Za-z.:])(?P<H>2[0-3]|[01][0-9]):(?P<M>[0-5][0-9]):(?P<S>[0-5][0-9])"
    rf"(?:[.,](?P<f>[0-9]{{1,9}}))?{_ZONE}(?![0-9:])"
)

_SIGNS = (
    # what a text holds in which a form can be found: numbers with signs between them, names of months, runs of digits
    (r"[-/][0-9]{1,2}[-/][0-9]|\.[0-9]{1,2}\.(?:19|20|21)[0-9]{2}|(?<=[0-9]{4})\.[0-9]{1,2}\.[0-9]", (0, 6, 7, 8)),
    (r"[JFMASOND](?:an|eb|ar|pr|ay|un|ul|ug|ep|ct|ov|ec)", (1, 2, 3, 4, 5)),
    (r"[12][0-9]{7}", (9, 10)),
)
"""What tells, in a fraction of the time, that a text holds none of some forms: most texts hold hardly any."""

_CLOCK = "[0-9]:[0-5][0-9]:[0-5]"
"""What tells that a text holds a time of day."""

Reader: TypeAlias = "Callable[[re.Match[str], tzinfo, float | None], float | None]"


@dataclass(frozen=True)
class _Candidate:
    start: int
    length: int
    time: float


def recognise(text: str, tz: tzinfo, now: float | None = None) -> float | None:
    """Return the time that a text carries, or None.

    A date without a year is the latest that is at most two days after `now`; a time of day alone is today's.

    >>> from splmini.values.zones import UTC
    >>> recognise('127.0.0.1 - - [05/Mar/2024:00:07:09 +0000] "GET /"', UTC)
    1709597229
    >>> recognise("2024-03-05T00:07:09.250Z x", UTC), recognise("1709597229123 ok", UTC), recognise("none", UTC)
    (1709597229.25, 1709597229.123, None)
    """
    text = text[:LOOKAHEAD]
    best: _Candidate | None = None
    signs, clock, time_only = _patterns()
    for sign, forms in signs:
        if sign(text) is not None:
            for form in forms:
                best = _better(best, form, text, tz, now, _read)
    if best is None and clock(text) is not None:
        best = _better(best, time_only, text, tz, now, _today)
    return None if best is None else best.time


def lines_with_signs(data: bytes) -> Iterator[int]:
    """Yield where the signs stand, one of each line, without which `recognise` finds no time in a line.

    >>> list(lines_with_signs(b"none\\nat 10:30:00\\n"))
    [15]
    """
    search = _line_signs().search
    match = search(data)
    while match is not None:
        yield match.end()
        match = search(data, match.end())


@lru_cache(maxsize=1)
def _line_signs() -> Any:
    signs = "|".join((*(sign for sign, _ in _SIGNS), _CLOCK))
    return pcre2.compile(f"^[^\\n]{{0,{LOOKAHEAD - 1}}}?(?:{signs})".encode(), pcre2.M, jit=True)


Signs: TypeAlias = "tuple[tuple[Callable[[str], re.Match[str] | None], tuple[re.Pattern[str], ...]], ...]"


@lru_cache(maxsize=1)
def _patterns() -> tuple[Signs, Callable[[str], re.Match[str] | None], re.Pattern[str]]:
    """Return the forms of dates and of times since the epoch by what tells of them, and of times without a date."""
    signs = tuple(
        (re.compile(sign, re.ASCII).search, tuple(re.compile(_FORMS[at], re.ASCII) for at in forms))
        for sign, forms in _SIGNS
    )
    return signs, re.compile(_CLOCK).search, re.compile(_TIME_ONLY)


def _better(
    best: _Candidate | None, form: re.Pattern[str], text: str, tz: tzinfo, now: float | None, read: Reader
) -> _Candidate | None:
    for match in form.finditer(text):
        length = match.end() - match.start()
        if best is not None and (match.start(), -length) >= (best.start, -best.length):
            return best
        try:
            time = read(match, tz, now)
        except (ValueError, OverflowError):
            continue
        if time is not None:
            return _Candidate(match.start(), length, time)
    return best


def _read(match: re.Match[str], tz: tzinfo, now: float | None) -> float | None:
    return _epoch(match) if "e" in match.re.groupindex else _dated(match, tz, now)


def _epoch(match: re.Match[str]) -> float:
    digits = "".join(match[name] or "" for name in ("ms", "us", "ns")) or match["fr"] or ""
    seconds = int(match["e"])
    return seconds + int(digits.ljust(9, "0")) / 1_000_000_000 if digits.strip("0") else seconds


def _dated(match: re.Match[str], tz: tzinfo, now: float | None) -> float | None:
    found = {key: value for key, value in match.groupdict().items() if value is not None}
    month = MONTH_NUMBERS[found["name"].lower()] if "name" in found else int(found["m"])
    if "Y" in found:
        year = int(found["Y"])
    elif "y" in found:
        year = int(found["y"]) + (2000 if int(found["y"]) < 69 else 1900)
    else:
        return _without_year(found, month, tz, now)
    return _moment(found, year, month, int(found["d"]), tz)


def _without_year(found: dict[str, str], month: int, tz: tzinfo, now: float | None) -> float | None:
    current = datetime.now(timezone.utc).timestamp() if now is None else now
    local = to_datetime(current, tz)
    if local is None:
        return None
    for year in (local.year + 1, local.year, local.year - 1, local.year - 2, local.year - 3, local.year - 4):
        try:
            time = _moment(found, year, month, int(found["d"]), tz)
        except ValueError:  # the 29th of February
            continue
        if time <= current + 2 * 86400:
            return time
    return None


def _today(match: re.Match[str], tz: tzinfo, now: float | None) -> float | None:
    current = datetime.now(timezone.utc).timestamp() if now is None else now
    local = to_datetime(current, tz)
    found = {key: value for key, value in match.groupdict().items() if value is not None}
    return None if local is None else _moment(found, local.year, local.month, local.day, tz)


def _moment(found: dict[str, str], year: int, month: int, day: int, tz: tzinfo) -> float:
    hour = int(found.get("H", 0))
    if "p" in found:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if found["p"] in "pP" else 0)
    second = int(found.get("S", 0))
    moment = datetime(year, month, day, hour, int(found.get("M", 0)), min(second, 59))
    micros = round(int(found["f"].ljust(9, "0")) / 1000) if "f" in found else 0
    moment += timedelta(seconds=max(second - 59, 0), microseconds=micros)
    zone = zone_of(found)
    return to_epoch(moment.replace(tzinfo=zone) if zone else moment, tz)
