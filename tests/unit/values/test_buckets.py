"""Buckets of time in time zones whose clocks change: each time is in one of them, and they follow one another."""

from __future__ import annotations

import random

import pytest

import splmini
from splmini.values import times

SPANS = ("10m", "30m", "1h", "90m", "2h", "4h", "6h", "7h", "8h", "12h", "24h", "48h", "1d", "3d", "1w", "1mon", "1q")


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland"])
@pytest.mark.parametrize("text", SPANS)
def test_buckets_cover_all_times(zone: str, text: str) -> None:
    """A time lies between the start of its bucket and that of the next, and starts begin buckets."""
    tz, span, chance = times.get_timezone(zone), times.parse_span(text), random.Random(text)
    for _ in range(150):
        moment = 1_670_000_000 + chance.random() * 40_000_000
        low = times.bucket(moment, span, tz)
        high = times.next_bucket(low, span, tz)
        assert low <= moment < high
        assert times.bucket(low, span, tz) == low
        assert times.bucket(high, span, tz) == high


@pytest.mark.parametrize("span", ["1h", "2h", "4h", "6h", "12h", "1d"])
@pytest.mark.parametrize("start", [1_678_590_000, 1_699_150_000])
def test_no_event_is_lost_where_the_clock_changes(span: str, start: int) -> None:
    """A timechart over the days on which New York's clocks change counts every event."""
    events = [{"_time": start + 1_800 * i} for i in range(100)]
    rows = splmini.search(f"| timechart span={span} count", events, timezone="America/New_York")
    assert sum(row["count"] for row in rows) == 100


def test_hours_by_the_clock() -> None:
    """Spans of several hours begin at the hours that the clock shows; the bucket of the change is longer."""
    tz, span = times.get_timezone("America/New_York"), times.parse_span("6h")
    starts = [times.bucket(1_699_171_200 + 3_600 * hour, span, tz) for hour in (-5, 0, 2, 3)]
    assert [times.strftime(each, "%d %H:%M %z", tz) for each in starts] == [
        "04 18:00 -0400",
        "05 00:00 -0400",
        "05 00:00 -0400",
        "05 06:00 -0500",
    ]
