"""Times: modifiers, snapping, spans and buckets, durations; formats are in `timeformat`, recognition in `timestamps`.

Everything is aware of the time zone: a day is a calendar day there, an hour is 3600 seconds.

Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/SearchTimeModifiers
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache

from dateutil.relativedelta import relativedelta

from splmini.errors import ArgumentError
from splmini.values.numbers import GREATEST, to_text
from splmini.values.texts import shortened
from splmini.values.timeformat import formatter, strftime
from splmini.values.timeparse import strptime
from splmini.values.timestamps import recognise
from splmini.values.zones import UTC, get_timezone, to_datetime, to_epoch

UNITS: dict[str, str] = {
    name: unit
    for unit, names in {
        "s": "s sec secs second seconds",
        "m": "m min mins minute minutes",
        "h": "h hr hrs hour hours",
        "d": "d day days",
        "w": "w week weeks",
        "mon": "mon mons month months",
        "q": "q qtr qtrs quarter quarters",
        "y": "y yr yrs year years",
    }.items()
    for name in names.split()
}
"""The names of units of time, and the unit that each is."""

SECONDS = {"us": 1e-6, "ms": 1e-3, "cs": 1e-2, "ds": 1e-1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_MODIFIER = re.compile(r"(?:([+-]?)(\d*)([A-Za-z]+)|@([A-Za-z]+)([0-7]?))", re.ASCII)
_ABSOLUTE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?::(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?)?", re.ASCII).fullmatch
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{3}(?:\d{3})?)?)?(?:[zZ]|[+-]\d\d:\d\d)?").fullmatch
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch
_EPOCH = re.compile(r"[+-]?\d+(?:\.\d*)?", re.ASCII).fullmatch

# ---- relative times ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One step of a modifier: an offset of `count` units, or (count None) a snap to the unit, or to a weekday."""

    unit: str
    count: int | None
    weekday: int | None = None


@lru_cache(maxsize=1024)
def parse_modifier(text: str) -> tuple[Step, ...]:
    """Return the steps of a modifier such as `-1mon@mon+2d`; raises ArgumentError where it is none."""
    steps: list[Step] = []
    position = 0
    compact = text.strip()
    if compact.lower() in ("now", "now()"):
        return ()
    if compact[:3].lower() == "now":
        position = 3
    while position < len(compact):
        match = _MODIFIER.match(compact, position)
        step = _step(match) if match else None
        if match is None or step is None:
            raise _bad_modifier(text)
        steps.append(step)
        position = match.end()
    if not steps:
        raise _bad_modifier(text)
    return tuple(steps)


_LIKE_ISO = re.compile(r"\d{4}-\d{1,2}\b", re.ASCII).match


def _bad_modifier(text: str) -> ArgumentError:
    hint = "Expected such as -1d, -24h@h, @w1 or -1mon@mon+2d."
    if text.strip().startswith("`"):
        hint = "Macros are not expanded inside quotes: write the call without them."
    elif _LIKE_ISO(text.strip()):
        message = f"'{text}' looks like an ISO time, but is none."
        return ArgumentError(message, name=text, hint="Expected such as 2026-01-31, 2026-01-31T12:00:00Z.")
    return ArgumentError(f"'{text}' is not a relative time.", name=text, hint=hint)


def _step(match: re.Match[str]) -> Step | None:
    sign, count, name, snap, weekday = match.groups()
    if snap is not None:
        unit = UNITS.get(snap.lower())
        if unit is None or (weekday and unit != "w"):
            return None
        return Step(unit, None, int(weekday) % 7 if weekday else 0 if unit == "w" else None)
    unit = UNITS.get(name.lower()) or UNITS.get(name)
    if unit is None or len(count) > 9:
        return None
    number = int(count) if count else 1
    return Step(unit, -number if sign == "-" else number)


def relative_time(time: float, modifier: str, tz: tzinfo) -> float:
    """Return a time moved by a modifier: offsets and snaps, applied from left to right. Snapping rounds down.

    >>> relative_time(1700000000, "-1mon@mon+1d", UTC)
    1696204800

    Raises ArgumentError for what is no modifier.
    """
    for step in parse_modifier(modifier):
        time = _snap(time, step, tz) if step.count is None else _shift(time, step.unit, step.count, tz)
    return time


def _shift(time: float, unit: str, count: int, tz: tzinfo) -> float:
    if unit in ("s", "m", "h"):
        return time + count * SECONDS[unit]
    local = _local(time, tz)
    try:
        if unit in ("d", "w"):
            moved = local + timedelta(days=count * (7 if unit == "w" else 1))
        else:
            moved = local + relativedelta(months=count * {"mon": 1, "q": 3, "y": 12}[unit])
    except (OverflowError, ValueError):
        raise ArgumentError(f"{count}{unit} leads beyond the years 1 to 9999.") from None
    return to_epoch(moved, tz)


def _local(time: float, tz: tzinfo) -> datetime:
    local = to_datetime(time, tz)
    if local is None:
        raise ArgumentError(f"{time} is not a time between the years 1 and 9999.")
    return local.replace(tzinfo=None)


def _snap(time: float, step: Step, tz: tzinfo) -> float:
    unit = step.unit
    if unit == "s":
        return math.floor(time)
    if unit in ("m", "h"):
        aware = to_datetime(time, tz)
        if aware is None:
            raise ArgumentError(f"{time} is not a time between the years 1 and 9999.")
        offset = aware.utcoffset() or timedelta()
        shift = offset.days * 86400 + offset.seconds
        size = int(SECONDS[unit])
        return (math.floor(time) + shift) // size * size - shift
    return to_epoch(_floor_date(_local(time, tz), unit, step.weekday or 0), tz)


def _floor_date(local: datetime, unit: str, weekday: int) -> datetime:
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "d":
        return midnight
    if unit == "w":
        return midnight - timedelta(days=(midnight.isoweekday() - weekday) % 7)
    if unit == "mon":
        return midnight.replace(day=1)
    if unit == "q":
        return midnight.replace(day=1, month=(midnight.month - 1) // 3 * 3 + 1)
    return midnight.replace(day=1, month=1)


def iso_time(text: str, tz: tzinfo) -> float | None:
    """Return the time of an ISO 8601 timestamp, local without an offset; None for another text.

    >>> iso_time("2012-04-05T11:52:43-07:00", UTC), iso_time("-1d@d", UTC)
    (1333651963, None)
    """
    if _ISO(text) is None:
        return None
    try:
        moment = datetime.fromisoformat(text[:-1] + "+00:00" if text[-1] in "zZ" else text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return to_epoch(moment, tz)
    return to_epoch(moment.astimezone(UTC).replace(tzinfo=None), UTC)


def is_absolute(text: str) -> bool:
    """Say whether a time modifier has the form of a point in time: UNIX time, or `MM/DD/YYYY:HH:MM:SS`.

    >>> is_absolute("1700000000"), is_absolute("11/14/2023"), is_absolute("-1d@d")
    (True, True, False)
    """
    return _EPOCH(text) is not None or _ABSOLUTE(text) is not None


def time_modifier(text: str, now: float, tz: tzinfo) -> float:
    """Return the time that a time modifier of a search means: relative, epoch, `now`, `rt…`, `MM/DD/YYYY:HH:MM:SS`.

    >>> time_modifier("-1h@h", 1700000000, UTC), time_modifier("11/14/2023:22:13:20", 0, UTC)
    (1699995600, 1700000000)

    An absolute time may have an offset behind a blank: `1700000000 +5h`.

    Raises ArgumentError for what is none of these.
    """
    text = text.strip()
    start, _, offset = text.partition(" ")
    if offset[:1] and offset[:1] in "+-@" and is_absolute(start):
        return relative_time(time_modifier(start, now, tz), offset, tz)
    if _EPOCH(text):
        epoch = float(text)
        return int(epoch) if epoch.is_integer() else epoch
    match = _ABSOLUTE(text)
    if match:
        month, day, year, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
        try:
            moment = datetime(year, month, day, hour, minute, second)
        except ValueError as error:
            raise ArgumentError(f"'{text}' is not a time: {error}.", name=text) from None
        return to_epoch(moment, tz) + (float(match[7]) if match[7] else 0)
    if text[:2].lower() == "rt":
        text = text[2:]
        if not text:
            return now
    return relative_time(now, text, tz)


def point_in_time(value: float | datetime | str, now: float, tz: tzinfo) -> float:
    """Return what a caller means as epoch seconds: a number, a datetime, a time modifier, ISO 8601 text with or without
    a time of day.

    >>> point_in_time("2026-01-02", 0, UTC), point_in_time("-1d@d", 1700000000, UTC), point_in_time(5, 0, UTC)
    (1767312000, 1699833600, 5.0)

    Raises ArgumentError for what is none of these.
    """
    if isinstance(value, (int, float)):
        if not -GREATEST <= value <= GREATEST:
            shown = shortened(to_text(value), 40)
            raise ArgumentError(f"{shown} is not a time.", name=shown)
        return float(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=tz)).timestamp()
    text = str(value).strip()
    iso = iso_time(f"{text}T00:00" if _DATE(text) else text, tz)
    return time_modifier(text, now, tz) if iso is None else iso


# ---- spans and buckets ---------------------------------------------------------------------------------------------

_SPAN = re.compile(r"(\d*\.?\d*)\s*([A-Za-z]*)(?:@([A-Za-z]+)([0-7]?))?", re.ASCII).fullmatch
_LOG_SPAN = re.compile(r"(\d*\.?\d*)log(\d*\.?\d*)", re.ASCII | re.IGNORECASE).fullmatch
_SUBSECONDS = {"us": "us", "ms": "ms", "cs": "cs", "ds": "ds"}


@dataclass(frozen=True)
class Span:
    """A span: `count` of `unit` (us, ms, cs, ds, s, m, h, d, w, mon, q, y; the empty unit for plain numbers).

    A logarithmic span has the unit `log`, its coefficient in `count`, its base in `base`. `snap` is what stood behind
    `@`, such as `w1`.
    """

    count: float
    unit: str = ""
    snap: str | None = None
    base: float = 10

    @property
    def seconds(self) -> float | None:
        """The length in seconds; None for months, quarters, years (which vary) and logarithmic spans."""
        return self.count if not self.unit else self.count * SECONDS[self.unit] if self.unit in SECONDS else None


@lru_cache(maxsize=512)
def parse_span(text: str) -> Span:
    """Return the span that a text means: `5m`, `1mon`, `w@w1`, `10`, `2log5`.

    >>> parse_span("5min"), parse_span("w@w1"), parse_span("2log5")
    (Span(count=5, unit='m', snap=None, base=10), Span(count=1, unit='w', snap='w1', base=10), Span(count=2, unit='log', snap=None, base=5))

    Raises ArgumentError for what is none, for a count of zero, and for a logarithmic span whose coefficient is below
    1 or not below its base.
    """  # noqa: E501
    text = text.strip()
    match = _LOG_SPAN(text)
    if match:
        return _log_span(text, match[1], match[2])
    match = _SPAN(text)
    name = match[2] if match else ""
    unit = "" if not name else _SUBSECONDS.get(name.lower()) or UNITS.get(name.lower())
    if match is None or unit is None or not text or (not match[1] and not unit) or match[1] == ".":
        raise ArgumentError(f"'{text}' is not a span.", name=text, hint="Expected such as 10, 5m, 1d, 1mon or 2log5.")
    count = _count(match[1])
    if count <= 0:
        raise ArgumentError(f"The span '{text}' must be greater than 0.", name=text)
    snap = None
    if match[3]:
        snap_unit = UNITS.get(match[3].lower())
        if snap_unit is None or (match[4] and snap_unit != "w"):
            raise ArgumentError(f"'@{match[3]}{match[4]}' is not a unit to snap to.", name=text)
        snap = snap_unit + match[4]
    return Span(count, unit, snap)


def _count(text: str) -> float:
    number = float(text) if text else 1.0
    return int(number) if number.is_integer() else number


def _log_span(text: str, coefficient: str, base: str) -> Span:
    factor, root = _count(coefficient), _count(base) if base else 10
    if root <= 1 or factor < 1 or factor >= root:
        raise ArgumentError(
            f"The logarithmic span '{text}' needs a base above 1 and a coefficient from 1 to below the base.", name=text
        )
    return Span(factor, "log", None, root)


def bucket(time: float, span: Span, tz: tzinfo) -> float:
    """Return the start of the bucket that a time falls into, as bin and timechart align them.

    Days and longer begin at midnight, weeks on Sunday (or where `@w1` says), months, quarters and years with theirs;
    shorter spans that divide a day count from midnight, others from the epoch.

    >>> bucket(1700006701, parse_span("5m"), UTC), bucket(1708387200, parse_span("1mon"), UTC)
    (1700006700, 1706745600)
    """
    unit = span.unit
    if unit in ("mon", "q", "y"):
        return _month_bucket(time, span, tz)
    if unit in ("d", "w"):
        return _day_bucket(time, span, tz)
    size = span.seconds
    if size is None:
        raise ArgumentError("A logarithmic span does not apply to times.")
    if not abs(time) < _FARTHEST:
        return time
    if _by_the_clock(size, tz):
        return _clock_bucket(time, int(size), tz)
    shift = 0
    if tz is not UTC and 86400 % size == 0:
        aware = to_datetime(time, tz)
        offset = (aware.utcoffset() if aware else None) or timedelta()
        shift = offset.days * 86400 + offset.seconds
    if isinstance(size, int):
        return (math.floor(time) + shift) // size * size - shift
    return _fraction_bucket(time, size, shift=shift)


_FARTHEST = 1e15
"""Times beyond, infinity and NaN among them, are in no bucket but their own."""


def _fraction_bucket(time: float, size: float, following: int = 0, shift: int = 0) -> float:
    """Return the start of the bucket of a time, or of one that follows it, counted in whole microseconds.

    Buckets begin `shift` seconds before the multiples of their size.

    >>> _fraction_bucket(1700000040.1, 0.1), _fraction_bucket(1700000040.1, 0.1, 1)
    (1700000040.1, 1700000040.2)
    """
    width = max(1, round(size * 1_000_000))
    moved = shift * 1_000_000
    return (((round(time * 1_000_000) + moved) // width + following) * width - moved) / 1_000_000


def _by_the_clock(size: float, tz: tzinfo) -> bool:
    """Say whether a span follows the clock of a time zone: one of several hours, that divides a day, or of days.

    Where the clock is changed such a bucket is longer or shorter, so that every time is in one bucket and the next
    begins where it ends. Shorter spans go on evenly: the hour that a clock shows twice is two hours.
    """
    return tz is not UTC and size > 3600 and size == int(size) and (86400 % size == 0 or size % 86400 == 0)


def _clock_bucket(time: float, size: int, tz: tzinfo, following: int = 0) -> float:
    """Return the start of the bucket of a time by the clock, or of one that follows it."""
    local = _local(time, tz)
    if size >= 86400:
        return to_epoch(_first_day(local, size // 86400) + timedelta(seconds=following * size), tz)
    passed = local.hour * 3600 + local.minute * 60 + local.second
    return to_epoch(_first_day(local, 1) + timedelta(seconds=passed // size * size + following * size), tz)


def _first_day(local: datetime, days: int, first: int = 0) -> datetime:
    """Return the midnight at which a bucket of so many days begins; one begins at the day `first` after 1970-01-01."""
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=(midnight.toordinal() - 719163 - first) % days)


def _day_bucket(time: float, span: Span, tz: tzinfo) -> float:
    local, count = _local(time, tz), max(int(span.count), 1)
    if span.unit == "d":
        return to_epoch(_first_day(local, count), tz)
    weekday = int(span.snap[1:] or 0) if span.snap and span.snap.startswith("w") else 0
    # the last such weekday before 1970-01-01, a Thursday, or that day
    return to_epoch(_first_day(local, count * 7, (weekday % 7) - 4), tz)


def _month_bucket(time: float, span: Span, tz: tzinfo) -> float:
    local = _local(time, tz)
    size = max(int(span.count), 1) * {"mon": 1, "q": 3, "y": 12}[span.unit]
    month = (local.year * 12 + local.month - 1) // size * size
    return to_epoch(datetime(max(month // 12, 1), month % 12 + 1, 1), tz)


def next_bucket(start: float, span: Span, tz: tzinfo) -> float:
    """Return the start of the bucket after the one that begins at `start`.

    >>> next_bucket(1706745600, parse_span("1mon"), UTC)
    1709251200
    """
    if span.unit in ("mon", "q", "y", "d", "w"):
        return _shift(start, span.unit, max(int(span.count), 1), tz)
    seconds = span.seconds
    if seconds is None:
        raise ArgumentError("A logarithmic span does not apply to times.")
    if _by_the_clock(seconds, tz):
        return _clock_bucket(start, int(seconds), tz, 1)
    if not abs(start) < _FARTHEST:
        return start + seconds
    return start + seconds if isinstance(seconds, int) else _fraction_bucket(start, seconds, 1)


# ---- durations -----------------------------------------------------------------------------------------------------


def duration(seconds: float) -> str:
    """Return seconds as `[D+]HH:MM:SS`, with the fraction where there is one.

    >>> duration(3661), duration(90061), duration(-5)
    ('01:01:01', '1+01:01:01', '-00:00:05')
    """
    sign = "-" if seconds < 0 else ""
    whole = math.floor(abs(seconds))
    fraction = abs(seconds) - whole
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    text = f"{sign}{days}+" if days else sign
    text += f"{hours:02d}:{minutes:02d}:{rest:02d}"
    return text + f"{fraction:.6f}"[1:] if round(fraction, 6) else text


__all__ = [
    "SECONDS",
    "UNITS",
    "UTC",
    "Span",
    "Step",
    "bucket",
    "duration",
    "formatter",
    "get_timezone",
    "iso_time",
    "next_bucket",
    "parse_modifier",
    "parse_span",
    "recognise",
    "relative_time",
    "strftime",
    "strptime",
    "time_modifier",
    "to_datetime",
    "to_epoch",
]
