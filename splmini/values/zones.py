"""Time zones, and the way between epoch seconds and wall clock times."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil import tz as dateutil_tz

from splmini.errors import ArgumentError

UTC = timezone.utc
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?", re.ASCII).fullmatch

ABBREVIATIONS = {
    "UTC": 0,
    "GMT": 0,
    "Z": 0,
    "UT": 0,
    "WET": 0,
    "WEST": 60,
    "BST": 60,
    "IST": 330,
    "CET": 60,
    "MET": 60,
    "CEST": 120,
    "MEST": 120,
    "EET": 120,
    "SAST": 120,
    "EEST": 180,
    "MSK": 180,
    "JST": 540,
    "KST": 540,
    "HKT": 480,
    "SGT": 480,
    "AWST": 480,
    "ACST": 570,
    "AEST": 600,
    "ACDT": 630,
    "AEDT": 660,
    "NZST": 720,
    "NZDT": 780,
    "NDT": -150,
    "NST": -210,
    "ADT": -180,
    "AST": -240,
    "EDT": -240,
    "EST": -300,
    "CDT": -300,
    "CST": -360,
    "MDT": -360,
    "MST": -420,
    "PDT": -420,
    "PST": -480,
    "AKDT": -480,
    "AKST": -540,
    "HST": -600,
    "BRT": -180,
}
"""Minutes east of Greenwich of the abbreviations that logs use."""


@lru_cache(maxsize=256)
def get_timezone(name: str) -> tzinfo:
    """Return the time zone of a name: `UTC`, `local`, `Europe/Berlin`, `+02:00`, `EST`.

    >>> get_timezone("+02:00").utcoffset(None)
    datetime.timedelta(seconds=7200)

    Raises ArgumentError for a name that is none.
    """
    if name.upper() in ("UTC", "GMT", "Z", "ETC/UTC"):
        return UTC
    if name.lower() in ("local", "localtime", ""):
        return dateutil_tz.tzlocal()
    match = _OFFSET(name)
    if match:
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        if minutes < 24 * 60:
            return timezone(timedelta(minutes=minutes if match[1] == "+" else -minutes))
    if name.upper() in ABBREVIATIONS and name.upper() == name and name not in ("EST", "MST", "HST"):
        return timezone(timedelta(minutes=ABBREVIATIONS[name]), name)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        pass
    found = None if name.startswith((".", "/", "~")) or ".." in name else dateutil_tz.gettz(name)
    if found is None:
        raise ArgumentError(f"'{name}' is not a time zone.", name=name)
    return found


def to_datetime(time: float, tz: tzinfo) -> datetime | None:
    """Return the wall clock time of an epoch, to the microsecond; None beyond the years 1 to 9999."""
    try:
        whole = int(time // 1)
        micros = round((time - whole) * 1_000_000)
        moment = EPOCH + timedelta(seconds=whole, microseconds=micros)
        return moment if tz is UTC else moment.astimezone(tz)
    except (OverflowError, ValueError):
        return None


def to_epoch(moment: datetime, tz: tzinfo) -> float:
    """Return the epoch of a wall clock time (naive, in `tz`) or of an aware datetime."""
    if moment.tzinfo is not None:
        delta = moment - EPOCH
    elif tz is UTC:
        delta = moment - _NAIVE_EPOCH
    else:
        delta = moment.replace(tzinfo=tz) - EPOCH
    seconds = delta.days * 86400 + delta.seconds
    return seconds + delta.microseconds / 1_000_000 if delta.microseconds else seconds
