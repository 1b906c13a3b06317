"""Aggregates that depend on the order of events: by arrival, or by `_time`."""

from __future__ import annotations

from typing import Any

from splmini.registry import Example, stats_function

ORDER = "https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Eventorderfunctions"
TIME = "https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Timefunctions"
EVENTS = ({"_time": 20, "v": "b"}, {"_time": 10, "v": "a"}, {"_time": 30, "v": "c"})


class Kept:
    """One value and the place (by arrival, or by time and arrival) that decided for it."""

    __slots__ = ("place", "value")

    def __init__(self) -> None:
        self.place: tuple[float, int] | None = None
        self.value: Any = None

    def take(self, value: Any, place: tuple[float, int]) -> None:
        """Keep the value where its place is the one wanted."""
        if self.place is None or self.prefers(place, self.place):
            self.place, self.value = place, value

    def prefers(self, new: tuple[float, int], old: tuple[float, int]) -> bool:
        """Say whether a new place is to be preferred."""
        raise NotImplementedError

    def merge(self, other: Kept) -> None:
        """Take in the other's value."""
        if other.place is not None:
            self.take(other.value, other.place)

    def shift(self, rows: int) -> None:
        """Move the place by a number of rows."""
        if self.place is not None:
            self.place = (self.place[0], self.place[1] + rows)

    def result(self) -> Any:
        """Give the value kept."""
        return self.value


class ByArrival(Kept):
    """Values placed by arrival."""

    __slots__ = ()

    def add(self, value: Any, order: int) -> None:
        """Take in one value, which came as number `order`."""
        self.take(value, (0.0, order))


class ByTime(Kept):
    """Values placed by time; of equal times the first to arrive stays."""

    __slots__ = ()

    def add(self, value: Any, time: float, order: int) -> None:
        """Take in one value of an event at a time."""
        self.take(value, (time, order))


@stats_function(
    "first", takes="ordered", source=ORDER, examples=(Example("| stats first(v)", [{"first(v)": "b"}], EVENTS),)
)
class First(ByArrival):
    """`first(X)`: the value of X seen first, in the order in which events arrive, whatever their time.

    Of a multivalue field, its first value. Null where X has no value.
    """

    __slots__ = ()

    def prefers(self, new: tuple[float, int], old: tuple[float, int]) -> bool:
        """Prefer what came earlier."""
        return new < old


@stats_function(
    "last", takes="ordered", source=ORDER, examples=(Example("| stats last(v)", [{"last(v)": "c"}], EVENTS),)
)
class Last(ByArrival):
    """`last(X)`: the value of X seen last, in the order in which events arrive, whatever their time.

    Of a multivalue field, its last value. Null where X has no value.
    """

    __slots__ = ()

    def prefers(self, new: tuple[float, int], old: tuple[float, int]) -> bool:
        """Prefer what came later."""
        return new >= old


@stats_function(
    "earliest", takes="timed", source=TIME, examples=(Example("| stats earliest(v)", [{"earliest(v)": "a"}], EVENTS),)
)
class Earliest(ByTime):
    """`earliest(X)`: the value of X in the event with the least `_time`; of equal times, the first to arrive.

    Events without `_time` are left out. Null where X has no value.
    """

    __slots__ = ()

    def prefers(self, new: tuple[float, int], old: tuple[float, int]) -> bool:
        """Prefer what happened earlier."""
        return new < old


@stats_function(
    "latest", takes="timed", source=TIME, examples=(Example("| stats latest(v)", [{"latest(v)": "c"}], EVENTS),)
)
class Latest(ByTime):
    """`latest(X)`: the value of X in the event with the greatest `_time`; of equal times, the first to arrive.

    Events without `_time` are left out. Null where X has no value.
    """

    __slots__ = ()

    def prefers(self, new: tuple[float, int], old: tuple[float, int]) -> bool:
        """Prefer what happened later."""
        return new[0] > old[0] or (new[0] == old[0] and new[1] < old[1])


@stats_function(
    "earliest_time",
    takes="timed",
    source=TIME,
    examples=(Example("| stats earliest_time(v)", [{"earliest_time(v)": 10}], EVENTS),),
)
class EarliestTime:
    """`earliest_time(X)`: the `_time` of the earliest event that has X. Null where there is none."""

    __slots__ = ("time",)

    def __init__(self) -> None:
        self.time: float | None = None

    def add(self, value: Any, time: float, order: int) -> None:
        """Take in one value of an event at a time."""
        if self.time is None or time < self.time:
            self.time = time

    def merge(self, other: EarliestTime) -> None:
        """Take in the other's time."""
        if other.time is not None:
            self.add(None, other.time, 0)

    def result(self) -> float | None:
        """Give the time."""
        return self.time


@stats_function(
    "latest_time",
    takes="timed",
    source=TIME,
    examples=(Example("| stats latest_time(v)", [{"latest_time(v)": 30}], EVENTS),),
)
class LatestTime(EarliestTime):
    """`latest_time(X)`: the `_time` of the latest event that has X. Null where there is none."""

    __slots__ = ()

    def add(self, value: Any, time: float, order: int) -> None:
        """Take in one value of an event at a time."""
        if self.time is None or time > self.time:
            self.time = time
