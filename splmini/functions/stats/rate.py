"""Rates: of counters over time, and sums per unit of time."""

from __future__ import annotations

from typing import Any

from splmini.registry import Example, stats_function
from splmini.values.numbers import to_number

TIME = "https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Timefunctions"
COUNTER = ({"_time": 0, "v": "100"}, {"_time": 60, "v": "400"}, {"_time": 30, "v": "200"})
EVENTS = ({"_time": 1700006400, "v": "20"}, {"_time": 1700006460, "v": "40"})


class Counter:
    """The first and the last reading of a counter: (time, order of arrival, number)."""

    __slots__ = ("end", "start")

    def __init__(self) -> None:
        self.start: tuple[float, int, float] | None = None
        self.end: tuple[float, int, float] | None = None

    def read(self, number: float, time: float, order: int) -> None:
        """Take in one reading."""
        reading = (time, order, number)
        if self.start is None or reading[:2] < self.start[:2]:
            self.start = reading
        if self.end is None or (time, -order) > (self.end[0], -self.end[1]):
            self.end = reading

    def merge(self, other: Counter) -> None:
        """Take in the other's readings."""
        for reading in (other.start, other.end):
            if reading is not None:
                self.read(reading[2], reading[0], reading[1])

    def shift(self, rows: int) -> None:
        """Move the order of arrival by a number of rows."""
        if self.start is not None and self.end is not None:
            self.start = (self.start[0], self.start[1] + rows, self.start[2])
            self.end = (self.end[0], self.end[1] + rows, self.end[2])

    def rate(self) -> float | None:
        """Return the change per second; None where there are no two times."""
        if self.start is None or self.end is None or self.start[0] == self.end[0]:
            return None
        return (self.end[2] - self.start[2]) / (self.end[0] - self.start[0])


@stats_function("rate", takes="timed", source=TIME, examples=(Example("| stats rate(v)", [{"rate(v)": 5}], COUNTER),))
class Rate(Counter):
    """`rate(X)`: the change of a counter per second: (latest - earliest) / (time of latest - time of earliest).

    Values that are no numbers and events without `_time` are left out. Null where there are no two different times.
    """

    __slots__ = ()

    def add(self, value: Any, time: float, order: int) -> None:
        """Take in one reading."""
        number = to_number(value)
        if number is not None:
            self.read(number, time, order)

    def result(self) -> float | None:
        """Give the rate."""
        return self.rate()


class SeriesRates:
    """The rate of each time series of a metric; a series is the events that agree in all their dimensions."""

    __slots__ = ("series",)

    def __init__(self) -> None:
        self.series: dict[tuple[tuple[str, str], ...], Counter] = {}

    def add(self, value: Any, time: float, order: int, dimensions: tuple[tuple[str, str], ...] = ()) -> None:
        """Take in one reading of the series with these dimensions."""
        number = to_number(value)
        if number is not None:
            self.series.setdefault(dimensions, Counter()).read(number, time, order)

    def merge(self, other: SeriesRates) -> None:
        """Take in the other's readings."""
        for dimensions, counter in other.series.items():
            self.series.setdefault(dimensions, Counter()).merge(counter)

    def shift(self, rows: int) -> None:
        """Move the order of arrival by a number of rows."""
        for counter in self.series.values():
            counter.shift(rows)

    def rates(self) -> list[float]:
        """Return the rates of all series that have one."""
        return [rate for counter in self.series.values() if (rate := counter.rate()) is not None]


@stats_function(
    "rate_avg",
    takes="series",
    source=TIME,
    examples=(
        Example(
            "| stats rate_avg(v)",
            [{"rate_avg(v)": 3}],
            (
                {"_time": 0, "h": "a", "v": 0},
                {"_time": 10, "h": "a", "v": 20},
                {"_time": 0, "h": "b", "v": 0},
                {"_time": 10, "h": "b", "v": 40},
            ),
        ),
    ),
)
class RateAvg(SeriesRates):
    """`rate_avg(X)`: the mean of the rates of X over its time series.

    A series is made of the events that agree in all fields but `_time`, X and other internal ones. Null where no
    series has two different times.
    """

    __slots__ = ()

    def result(self) -> float | None:
        """Give the mean rate."""
        rates = self.rates()
        return sum(rates) / len(rates) if rates else None


@stats_function(
    "rate_sum",
    takes="series",
    source=TIME,
    examples=(
        Example(
            "| stats rate_sum(v)",
            [{"rate_sum(v)": 6}],
            (
                {"_time": 0, "h": "a", "v": 0},
                {"_time": 10, "h": "a", "v": 20},
                {"_time": 0, "h": "b", "v": 0},
                {"_time": 10, "h": "b", "v": 40},
            ),
        ),
    ),
)
class RateSum(SeriesRates):
    """`rate_sum(X)`: the sum of the rates of X over its time series (see `rate_avg`)."""

    __slots__ = ()

    def result(self) -> float | None:
        """Give the summed rate."""
        rates = self.rates()
        return sum(rates) if rates else None


class PerUnit:
    """The sum of the numbers of a time bucket, times `unit` seconds, over the bucket's length."""

    __slots__ = ("total",)
    unit = 1

    def __init__(self) -> None:
        self.total: int | float | None = None

    def add(self, value: int | float) -> None:
        """Add one number."""
        self.total = value if self.total is None else self.total + value

    def merge(self, other: PerUnit) -> None:
        """Add the other's sum."""
        if other.total is not None:
            self.add(other.total)

    def result(self) -> int | float | None:
        """Give the sum; timechart divides it by the length of its buckets."""
        return self.total


@stats_function(
    "per_second",
    takes="number",
    source=TIME,
    examples=(Example("| timechart span=1m per_second(v) as r", [{"r": 1 / 3}, {"r": 2 / 3}], EVENTS),),
)
class PerSecond(PerUnit):
    """`per_second(X)`: in timechart, the sum of X in a time bucket divided by the bucket's seconds."""

    __slots__ = ()


@stats_function(
    "per_minute",
    takes="number",
    source=TIME,
    examples=(Example("| timechart span=1m per_minute(v) as r", [{"r": 20}, {"r": 40}], EVENTS),),
)
class PerMinute(PerUnit):
    """`per_minute(X)`: in timechart, the sum of X in a time bucket divided by the bucket's minutes."""

    __slots__ = ()
    unit = 60


@stats_function(
    "per_hour",
    takes="number",
    source=TIME,
    examples=(Example("| timechart span=1m per_hour(v) as r", [{"r": 1200}, {"r": 2400}], EVENTS),),
)
class PerHour(PerUnit):
    """`per_hour(X)`: in timechart, the sum of X in a time bucket divided by the bucket's hours."""

    __slots__ = ()
    unit = 3600


@stats_function(
    "per_day",
    takes="number",
    source=TIME,
    examples=(Example("| timechart span=1m per_day(v) as r", [{"r": 28800}, {"r": 57600}], EVENTS),),
)
class PerDay(PerUnit):
    """`per_day(X)`: in timechart, the sum of X in a time bucket divided by the bucket's days."""

    __slots__ = ()
    unit = 86400
