"""Times as formats write them, fast: ISO 8601 and what readers meet most; everything else goes to values.times."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Callable
from datetime import datetime, timezone, tzinfo
from functools import lru_cache
from typing import Any

ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?\s*(Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?",
    re.IGNORECASE,
)
MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}


@lru_cache(maxsize=4096)
def _day(year: int, month: int, day: int) -> int:
    datetime(year, month, day, tzinfo=timezone.utc)  # refuses what is no date
    return timegm((year, month, day, 0, 0, 0))


def offset_seconds(text: str) -> int:
    """Return the seconds east of Greenwich that `Z`, `+02:00`, `-0530` or `+02` stand for."""
    if text[0] not in "+-":
        return 0
    digits = text[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:4]) * 60
    return -seconds if text[0] == "-" else seconds


def local_epoch(parts: tuple[int, int, int, int, int, int], fraction: float, zone: tzinfo | None) -> float:
    """Return the epoch of a wall-clock time in a zone (None: UTC)."""
    year, month, day, hour, minute, second = parts
    if hour > 24 or minute > 59 or second > 60:
        raise ValueError("no time of day")
    if zone is None or zone is timezone.utc:
        return _day(year, month, day) + hour * 3600 + minute * 60 + second + fraction
    return datetime(year, month, day, hour % 24, minute, min(second, 59), tzinfo=zone).timestamp() + fraction


def iso_epoch(text: str, zone: tzinfo | None = None) -> float | None:
    """Return the epoch of an ISO 8601 time at the start of a text; None where there is none.

    >>> iso_epoch("2024-02-08T21:49:53.7643129Z")
    1707428993.764313
    """
    found = ISO.match(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    seconds = float(f"0.{fraction}") if fraction else 0.0
    parts = (int(year), int(month), int(day), int(hour), int(minute), int(second))
    try:
        if offset:
            return round(local_epoch(parts, seconds, None) - offset_seconds(offset), 6)
        return round(local_epoch(parts, seconds, zone), 6)
    except (ValueError, OverflowError):
        return None


def number_epoch(value: float) -> float | None:
    """Return an epoch that may be in seconds, milliseconds, microseconds or nanoseconds, in seconds."""
    if not 0 < value < 1e20:
        return None
    while value >= 1e11:
        value /= 1000
    return value


def any_epoch(value: Any, zone: tzinfo | None = None, now: float | None = None) -> float | int | None:
    """Return the epoch of what stands for a time: an epoch, as a number or text, ISO text, a datetime; else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value if value == value and abs(value) < 1e11 else number_epoch(value)
    if isinstance(value, datetime):
        try:
            return value.timestamp() if value.tzinfo else value.replace(tzinfo=zone or timezone.utc).timestamp()
        except (OverflowError, ValueError):  # the first and the last day that there are, in another zone
            return None
    if not isinstance(value, str):
        return None
    text = value.strip()
    try:
        number = float(text)
    except ValueError:
        iso = iso_epoch(text, zone)
        return iso if iso is not None else recognise(text, zone, now)
    if number != number or number in (float("inf"), float("-inf")):
        return None
    if abs(number) < 1e11:
        return int(number) if text.lstrip("-").isdigit() else number
    return number_epoch(number)


_TAIL = re.compile(r"(\.\d{1,9})?(Z?)")
_HEADS = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d", re.ASCII)
_MOST = 1 << 16


def epochs(values: list[Any], zone: tzinfo | None, now: float | None) -> list[Any]:
    """Return what `any_epoch` makes of each value; of ISO times the seconds that several share are read once."""
    return _epochs(values, zone, lambda value: any_epoch(value, zone, now))


def iso_epochs(values: list[str], zone: tzinfo | None) -> list[Any]:
    """Return what `iso_epoch` makes of each text; the seconds that several share are read once."""
    return _epochs(values, zone, lambda value: iso_epoch(value, zone))


def _epochs(values: list[Any], zone: tzinfo | None, otherwise: Callable[[Any], Any]) -> list[Any]:
    known: dict[str, int | None] = {}
    utc = zone is None or zone is timezone.utc
    found: list[Any] = []
    for value in values:
        if value.__class__ is str and (tail := _TAIL.fullmatch(value, 19)) is not None and (utc or tail[2]):
            head = value[:19]
            seconds = known.get(head, 0)
            if seconds == 0:
                seconds = known[head] = _iso_seconds(head)
                if len(known) > _MOST:
                    known.clear()
            if seconds is not None:
                found.append(round(seconds + float(tail[1] or 0.0), 6))
                continue
        found.append(otherwise(value))
    return found


def _iso_seconds(text: str) -> int | None:
    """Return the whole seconds of `2024-05-01T00:00:00` in UTC; None for any other text."""
    epoch = iso_epoch(text) if _HEADS.fullmatch(text) else None
    return int(epoch) if epoch is not None and epoch > 0 else None


def line_times(data: bytes, lines: int, zone: tzinfo | None, now: float | None) -> list[float | None]:
    """Return what `recognise` finds in each line of a block of ASCII."""
    from splmini.values.timestamps import lines_with_signs

    found: list[float | None] = [None] * lines
    number = at = 0
    for sign in lines_with_signs(data):
        number += data.count(b"\n", at, sign)
        at = sign
        start = data.rfind(b"\n", 0, sign) + 1
        found[number] = recognise(data[start : start + 256].split(b"\n")[0].decode("ascii"), zone, now)
    return found


def recognise(text: str, zone: tzinfo | None, now: float | None) -> float | None:
    """Return the time that Splunk's default recognition finds near the start of a text."""
    from splmini.values import times

    return times.recognise(text[:256], zone or timezone.utc, now)
