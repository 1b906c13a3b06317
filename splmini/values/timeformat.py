"""strftime with Splunk's variables, subseconds and zone forms included.

Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Commontimeformatvariables
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache, partial
from typing import TypeAlias

from splmini.budget import SMALL, grows
from splmini.values.zones import to_datetime

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

TOKEN = re.compile(r"%(?:(\d)?([NQ])|(:{0,3})z|(E?z)|[-_0^#]?([A-Za-z+%]))|([^%]+)|(%)", re.DOTALL)
COMPOSED = {
    "T": "%H:%M:%S",
    "F": "%Y-%m-%d",
    "D": "%m/%d/%y",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "X": "%H:%M:%S",
    "x": "%m/%d/%Y",
    "c": "%a %b %e %H:%M:%S %Y",
    "+": "%a %b %e %H:%M:%S %Z %Y",
    "v": "%e-%b-%Y",
}

# ---- strftime ------------------------------------------------------------------------------------------------------


_WIDEST = 30
"""Characters that a variable stands for at most (`%+`)."""
Piece: TypeAlias = "Callable[[datetime, float], str]"


def strftime(time: float, format: str, tz: tzinfo) -> str | None:
    """Return a time as text; None for a time beyond the years 1 to 9999. Unknown variables are copied.

    >>> strftime(1745970322.25, "%Y-%m-%dT%H:%M:%S.%3N%z", timezone.utc)
    '2025-04-29T23:45:22.250+0000'
    """
    local = to_datetime(time, tz)
    if local is None:
        return None
    if len(format) > SMALL:
        grows(len(format) + _WIDEST * format.count("%"))
    template, pieces = _compiled_format(format)
    return template.format(*[piece(local, time) for piece in pieces])


def formatter(format: str, tz: tzinfo) -> Callable[[float], str | None]:
    """Return `strftime` for one format: of a time in the second, or minute, of one before the text is known.

    >>> formatter("%H:%M", timezone.utc)(1745970322.25)
    '23:45'
    """
    seconds = _grain(format, tz)
    if not seconds:
        return partial(strftime, format=format, tz=tz)
    known: dict[float, str | None] = {}

    def text(time: float) -> str | None:
        if not time % 1 < 0.999999:  # it could be rounded up to the next second, or is no time
            return strftime(time, format, tz)
        start = time // seconds
        found = known.get(start)
        if found is None:
            if len(known) >= 10_000:
                known.clear()
            found = known[start] = strftime(time, format, tz)
        return found

    return text


_OF_MINUTES = frozenset("YmdHMyjBbAaeIpIkl%nt")
_SIMPLE = re.compile(r"%(?:([A-Za-z%])|.)", re.DOTALL)


def _grain(format: str, tz: tzinfo) -> int:
    """How many seconds share a text: 60, 1, or 0 where each time has its own (subseconds, the epoch)."""
    letters: set[str] = set()
    for match in _SIMPLE.finditer(format):
        composed = COMPOSED.get(match[1] or "")
        letters.update(re.findall(r"%(.)", composed) if composed else (match[1] or "N",))
    if letters <= _OF_MINUTES and tz is timezone.utc:
        return 60
    return 1 if letters <= _OF_MINUTES | {"S"} else 0


@lru_cache(maxsize=512)
def _compiled_format(format: str) -> tuple[str, tuple[Piece, ...]]:
    template: list[str] = []
    pieces: list[Piece] = []
    _collect(format, template, pieces)
    return "".join(template), tuple(pieces)


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _collect(format: str, template: list[str], pieces: list[Piece]) -> None:
    for match in TOKEN.finditer(format):
        width, subsecond, colons, zone, letter, text, lone = match.groups()
        if text is not None or lone is not None:
            template.append(_literal(text or "%"))
        elif subsecond:
            digits = int(width) if width else (9 if subsecond == "N" else 3)
            template.append("{}")
            pieces.append(_subseconds(digits))
        elif zone == "Ez":
            template.append("{}")
            pieces.append(_zone_minutes)
        elif letter is None:
            template.append("{}")
            pieces.append(_offset(len(colons or "")))
        elif letter in COMPOSED:
            _collect(COMPOSED[letter], template, pieces)
        elif letter in _PLAIN:
            template.append(_literal(_PLAIN[letter]))
        elif letter in _PIECES:
            template.append("{}")
            pieces.append(_PIECES[letter])
        else:
            template.append(_literal(match[0]))


_PLAIN = {"%": "%", "n": "\n", "t": "\t"}


def _subseconds(digits: int) -> Piece:
    def piece(local: datetime, time: float) -> str:
        return f"{local.microsecond:06d}000"[:digits] if digits else ""

    return piece


def _offset_minutes(local: datetime) -> int:
    offset = local.utcoffset() or timedelta()
    return offset.days * 1440 + offset.seconds // 60


def _offset(colons: int) -> Piece:
    def piece(local: datetime, time: float) -> str:
        minutes = _offset_minutes(local)
        sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
        hours, rest = divmod(minutes, 60)
        if colons == 0:
            return f"{sign}{hours:02d}{rest:02d}"
        if colons == 1:
            return f"{sign}{hours:02d}:{rest:02d}"
        if colons == 2:
            return f"{sign}{hours:02d}:{rest:02d}:00"
        return f"{sign}{hours:02d}" + (f":{rest:02d}" if rest else "")

    return piece


def _zone_minutes(local: datetime, time: float) -> str:
    return str(_offset_minutes(local))


def _zone_name(local: datetime, time: float) -> str:
    name = local.tzname() or ""
    return name if not name.startswith("UTC") or name == "UTC" else name[3:].replace(":", "")


def _week_from(first: int) -> Piece:
    """Week of the year, counted from the first day `first` (0 Monday, 6 Sunday)."""

    def piece(local: datetime, time: float) -> str:
        weekday = (local.weekday() - first) % 7
        return f"{(local.timetuple().tm_yday + 6 - weekday) // 7:02d}"

    return piece


def _two(attribute: str) -> Piece:
    def piece(local: datetime, time: float) -> str:
        return f"{getattr(local, attribute):02d}"

    return piece


def _padded(attribute: str) -> Piece:
    def piece(local: datetime, time: float) -> str:
        return f"{getattr(local, attribute):2d}"

    return piece


def _year(local: datetime, time: float) -> str:
    return f"{local.year:04d}"


def _short_year(local: datetime, time: float) -> str:
    return f"{local.year % 100:02d}"


def _century(local: datetime, time: float) -> str:
    return f"{local.year // 100:02d}"


def _hour12(local: datetime, time: float) -> str:
    return f"{local.hour % 12 or 12:02d}"


def _hour12_padded(local: datetime, time: float) -> str:
    return f"{local.hour % 12 or 12:2d}"


def _meridian(local: datetime, time: float) -> str:
    return "AM" if local.hour < 12 else "PM"


def _small_meridian(local: datetime, time: float) -> str:
    return "am" if local.hour < 12 else "pm"


def _epoch(local: datetime, time: float) -> str:
    return str(int(time // 1))


def _day_name(local: datetime, time: float) -> str:
    return DAYS[local.weekday()]


def _short_day(local: datetime, time: float) -> str:
    return DAYS[local.weekday()][:3]


def _month_name(local: datetime, time: float) -> str:
    return MONTHS[local.month - 1]


def _short_month(local: datetime, time: float) -> str:
    return MONTHS[local.month - 1][:3]


def _day_of_year(local: datetime, time: float) -> str:
    return f"{local.timetuple().tm_yday:03d}"


def _weekday(local: datetime, time: float) -> str:
    return str(local.isoweekday() % 7)


def _iso_weekday(local: datetime, time: float) -> str:
    return str(local.isoweekday())


def _iso_week(local: datetime, time: float) -> str:
    return f"{local.isocalendar()[1]:02d}"


def _iso_year(local: datetime, time: float) -> str:
    return f"{local.isocalendar()[0]:04d}"


def _short_iso_year(local: datetime, time: float) -> str:
    return f"{local.isocalendar()[0] % 100:02d}"


_PIECES: dict[str, Piece] = {
    "Y": _year,
    "y": _short_year,
    "C": _century,
    "m": _two("month"),
    "d": _two("day"),
    "e": _padded("day"),
    "H": _two("hour"),
    "k": _padded("hour"),
    "I": _hour12,
    "l": _hour12_padded,
    "M": _two("minute"),
    "S": _two("second"),
    "p": _meridian,
    "P": _small_meridian,
    "s": _epoch,
    "f": _subseconds(6),
    "A": _day_name,
    "a": _short_day,
    "B": _month_name,
    "b": _short_month,
    "h": _short_month,
    "j": _day_of_year,
    "w": _weekday,
    "u": _iso_weekday,
    "V": _iso_week,
    "G": _iso_year,
    "g": _short_iso_year,
    "U": _week_from(6),
    "W": _week_from(0),
    "Z": _zone_name,
}
