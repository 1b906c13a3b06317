"""Times: modifiers, spans, buckets, recognition, zones."""

from __future__ import annotations

import pytest

from splmini.errors import ArgumentError
from splmini.values import times
from splmini.values.times import UTC, get_timezone

NEW_YORK = get_timezone("America/New_York")
NOW = 1_700_000_000  # Tue 2023-11-14 22:13:20 UTC


def shown(time: float | None, zone: str = "UTC") -> str | None:
    """Return a time as text to compare with."""
    return None if time is None else times.strftime(time, "%Y-%m-%d %H:%M:%S", get_timezone(zone))


@pytest.mark.parametrize(
    ("modifier", "result"),
    [
        ("now", "2023-11-14 22:13:20"),
        ("-1h", "2023-11-14 21:13:20"),
        ("-24h@h", "2023-11-13 22:00:00"),
        ("@d", "2023-11-14 00:00:00"),
        ("-7d@d", "2023-11-07 00:00:00"),
        ("@w0", "2023-11-12 00:00:00"),
        ("@w", "2023-11-12 00:00:00"),
        ("-1w@w1", "2023-11-06 00:00:00"),
        ("@mon", "2023-11-01 00:00:00"),
        ("-1mon@mon+2d", "2023-10-03 00:00:00"),
        ("@q", "2023-10-01 00:00:00"),
        ("-1qtr@qtr", "2023-07-01 00:00:00"),
        ("@y", "2023-01-01 00:00:00"),
        ("-1year", "2022-11-14 22:13:20"),
        ("+5minutes", "2023-11-14 22:18:20"),
        ("-d", "2023-11-13 22:13:20"),
        ("5m", "2023-11-14 22:18:20"),
        ("rt", "2023-11-14 22:13:20"),
        ("rt-5m", "2023-11-14 22:08:20"),
        ("rtnow", "2023-11-14 22:13:20"),
        ("now-1d", "2023-11-13 22:13:20"),
        ("11/05/2023:01:02:03", "2023-11-05 01:02:03"),
        ("1/5/2023:1:2:3", "2023-01-05 01:02:03"),
        ("01/05/2023", "2023-01-05 00:00:00"),
        ("1600000000", "2020-09-13 12:26:40"),
        ("0", "1970-01-01 00:00:00"),
        ("@d-2h", "2023-11-13 22:00:00"),
    ],
)
def test_time_modifiers(modifier: str, result: str) -> None:
    """A time modifier is relative, an epoch, a date or now."""
    assert shown(times.time_modifier(modifier, NOW, UTC)) == result


@pytest.mark.parametrize(
    "modifier", ["", "1x", "-1d@", "@w8", "@d1", "yesterday", "-1 d", "13/40/2023:00:00:00", "-99999999y"]
)
def test_wrong_modifiers(modifier: str) -> None:
    """What is no modifier is refused."""
    with pytest.raises(ArgumentError):
        times.time_modifier(modifier, NOW, UTC)


@pytest.mark.parametrize(
    ("time", "modifier", "result"),
    [
        ("2024-03-10 12:00:00", "-1d", "2024-03-09 12:00:00"),
        ("2024-03-10 12:00:00", "-24h", "2024-03-09 11:00:00"),
        ("2024-03-10 12:00:00", "@d", "2024-03-10 00:00:00"),
        ("2024-11-03 12:00:00", "@d", "2024-11-03 00:00:00"),
        ("2024-11-03 12:00:00", "-1w@w", "2024-10-27 00:00:00"),
        ("2024-03-09 02:30:00", "+1d", "2024-03-10 03:30:00"),
    ],
)
def test_summer_time(time: str, modifier: str, result: str) -> None:
    """A day is a calendar day, an hour 3600 seconds."""
    start = times.strptime(time, "%Y-%m-%d %H:%M:%S", NEW_YORK)
    assert start is not None
    assert shown(times.relative_time(start, modifier, NEW_YORK), "America/New_York") == result


@pytest.mark.parametrize(
    ("text", "count", "unit", "snap"),
    [
        ("5m", 5, "m", None),
        ("10", 10, "", None),
        ("mon", 1, "mon", None),
        ("1qtr", 1, "q", None),
        ("100ms", 100, "ms", None),
        ("1d@d", 1, "d", "d"),
        ("w@w1", 1, "w", "w1"),
        ("0.5", 0.5, "", None),
        ("2hours", 2, "h", None),
    ],
)
def test_spans(text: str, count: float, unit: str, snap: str | None) -> None:
    """A span is a count, a unit and perhaps a snap."""
    span = times.parse_span(text)
    assert (span.count, span.unit, span.snap) == (count, unit, snap)


def test_logarithmic_spans() -> None:
    """A logarithmic span has a coefficient and a base."""
    assert [(s.count, s.base) for s in map(times.parse_span, ("log2", "2log5", "log", "1.5log10"))] == [
        (1, 2),
        (2, 5),
        (1, 10),
        (1.5, 10),
    ]


@pytest.mark.parametrize("text", ["", "x", "0", "0d", "-5m", "5parsecs", "10log5", "log1", "0.5log10", "1d@x", "1d@d1"])
def test_wrong_spans(text: str) -> None:
    """What is no span is refused."""
    with pytest.raises(ArgumentError):
        times.parse_span(text)


@pytest.mark.parametrize(
    ("span", "zone", "result"),
    [
        ("10", "UTC", "2023-11-14 22:13:20"),
        ("5m", "UTC", "2023-11-14 22:10:00"),
        ("4h", "UTC", "2023-11-14 20:00:00"),
        ("1d", "UTC", "2023-11-14 00:00:00"),
        ("1d", "America/New_York", "2023-11-14 00:00:00"),
        ("6h", "America/New_York", "2023-11-14 12:00:00"),
        ("1w", "UTC", "2023-11-12 00:00:00"),
        ("1w@w1", "UTC", "2023-11-13 00:00:00"),
        ("1mon", "UTC", "2023-11-01 00:00:00"),
        ("3mon", "UTC", "2023-10-01 00:00:00"),
        ("1q", "UTC", "2023-10-01 00:00:00"),
        ("1y", "UTC", "2023-01-01 00:00:00"),
        ("30m", "Asia/Kolkata", "2023-11-15 03:30:00"),
    ],
)
def test_buckets(span: str, zone: str, result: str) -> None:
    """Buckets are aligned with the calendar of the time zone."""
    assert shown(times.bucket(NOW, times.parse_span(span), get_timezone(zone)), zone) == result


@pytest.mark.parametrize("span", ["5m", "1d", "7d", "1w", "1w@w1", "1mon", "3mon", "1q", "1y", "90s", "6h"])
def test_buckets_follow_each_other(span: str) -> None:
    """A time lies in its bucket and before the next one."""
    parsed = times.parse_span(span)
    for time in range(NOW, NOW + 40_000_000, 1_234_567):
        start = times.bucket(time, parsed, NEW_YORK)
        assert start <= time
        assert times.bucket(start, parsed, NEW_YORK) == start


def test_subsecond_buckets() -> None:
    """Spans below a second bucket the fraction."""
    assert times.bucket(1.257, times.parse_span("10ms"), UTC) == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("2024-03-05T00:07:09Z", "2024-03-05 00:07:09"),
        ("2024-03-05 00:07:09.123 +0100 x", "2024-03-04 23:07:09"),
        ("2024/03/05 00:07:09", "2024-03-05 00:07:09"),
        ("x 2024-03-05", "2024-03-05 00:00:00"),
        ('1.2.3.4 - - [05/Mar/2024:00:07:09 -0500] "GET /"', "2024-03-05 05:07:09"),
        ("<34>Mar  5 00:07:09 host app: x", "2023-03-05 00:07:09"),
        ("Nov 15 01:00:00 host x", "2023-11-15 01:00:00"),
        ("Dec 25 01:00:00 host x", "2022-12-25 01:00:00"),
        ("Tue Mar 5 00:07:09 UTC 2024", "2024-03-05 00:07:09"),
        ("Tue Mar  5 00:07:09 2024", "2024-03-05 00:07:09"),
        ("03/05/2024 12:07:09 AM", "2024-03-05 00:07:09"),
        ("03/05/2024 01:07:09 PM\nLogName=Security", "2024-03-05 13:07:09"),
        ("3/5/24 13:07", "2024-03-05 13:07:00"),
        ("25/12/2023 10:00:00", "2023-12-25 10:00:00"),
        ("Mar 5, 2024 1:07:09 PM", "2024-03-05 13:07:09"),
        ("5 March 2024 00:07:09", "2024-03-05 00:07:09"),
        ("1709597229", "2024-03-05 00:07:09"),
        ("1709597229.5 x", "2024-03-05 00:07:09"),
        ('{"ts":1709597229123,"a":1}', "2024-03-05 00:07:09"),
        ("1709597229123456 x", "2024-03-05 00:07:09"),
        ("20240305T000709Z", "2024-03-05 00:07:09"),
        ("20240305000709", "2024-03-05 00:07:09"),
        ("10:00:00 started", "2023-11-14 10:00:00"),
        ('{"id": 12345, "time": "2024-03-05T00:07:09.000Z"}', "2024-03-05 00:07:09"),
        ("no time here", None),
        ("version 10.0.1 build 12345678901234", None),
        ("2024-13-45", None),
        ("x" * 130 + "2024-03-05", None),
    ],
)
def test_recognition(text: str, result: str | None) -> None:
    """The earliest time in the first 128 characters is found, in the forms that logs use."""
    assert shown(times.recognise(text, UTC, NOW)) == result


def test_recognition_in_a_zone() -> None:
    """A time without a zone is in the zone of the search."""
    assert times.recognise("2024-07-03 05:46:40", NEW_YORK) == 1_720_000_000


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00:00"), (3661, "01:01:01"), (90061, "1+01:01:01"), (-5, "-00:00:05"), (1.5, "00:00:01.500000")],
)
def test_durations(seconds: float, text: str) -> None:
    """Seconds are shown as days, hours, minutes and seconds."""
    assert times.duration(seconds) == text


@pytest.mark.parametrize(
    ("name", "offset"),
    [("UTC", 0), ("+05:30", 330), ("-0800", -480), ("UTC+2", 120), ("PST", -480), ("Europe/Berlin", 60)],
)
def test_zones(name: str, offset: int) -> None:
    """A zone is named by region, by offset or by abbreviation."""
    local = times.to_datetime(NOW, get_timezone(name))
    assert local is not None
    delta = local.utcoffset()
    assert delta is not None
    assert delta.total_seconds() == offset * 60


@pytest.mark.parametrize("name", ["Nowhere/City", "../../etc/passwd", "/etc/localtime", "+99:00"])
def test_wrong_zones(name: str) -> None:
    """A name that is no zone is refused, and never read as a path."""
    with pytest.raises(ArgumentError):
        get_timezone(name)


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("1700000000123 x", "%s%3N", 1700000000.123),
        ("1700000000123", "%s%Q", 1700000000.123),
        ("1700000000123456", "%s%6N", 1700000000.123456),
        ("999999999123", "%s%3N", 999999999.123),
        ("1700000000.123", "%s.%3N", 1700000000.123),
        ("1700000000.5", "%s", 1700000000.5),
    ],
)
def test_epochs_with_subseconds(text: str, form: str, expected: float) -> None:
    """Digits right behind an epoch are the last ones of the number, as in a time in milliseconds."""
    assert times.strptime(text, form, times.get_timezone("UTC")) == expected
