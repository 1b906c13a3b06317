"""Sparklines: a small chart of an aggregate over time, as a multivalue field."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from splmini.budget import gathers
from splmini.functions.stats import feed
from splmini.registry import Example, find_function, stats_function

MARKER = "##__SPARKLINE__##"
SPANS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 86400, 2592000)
"""The spans, in seconds, that a sparkline without a span chooses from: each divides the next."""
POINTS = 100
"""The greatest number of points of a sparkline whose span is chosen."""


@dataclass(frozen=True)
class SparklineMaker:
    """Makes the sparklines of one column; `span` 0 lets the time range choose."""

    inner: str
    span: float

    def __call__(self) -> Sparkline:
        return Sparkline(self.inner, self.span)

    def align(self, lines: Iterable[Sparkline]) -> None:
        """Give all sparklines of a column the same span and time range."""
        known = [line for line in lines if line.points]
        if not known:
            return
        for level in range(len(SPANS)):
            low = min(min(line.points) * line.width for line in known)
            high = max(max(line.points) * line.width for line in known)
            if self.span or (high - low) / SPANS[level] < POINTS:
                break
        for line in known:
            if not self.span:
                line.coarsen(SPANS[level])
            line.window = (math.floor(low / line.width), math.floor(high / line.width))


@stats_function(
    "sparkline",
    takes="timed",
    source="https://docs.splunk.com/Documentation/Splunk/latest/Search/Addsparklinestosearchresults",
    examples=(
        Example(
            "| stats sparkline(count, 1m) as trend by h",
            [{"h": "a", "trend": [MARKER, 2, 0, 1]}],
            ({"_time": 60, "h": "a"}, {"_time": 61, "h": "a"}, {"_time": 180, "h": "a"}),
        ),
    ),
)
class Sparkline:
    """`sparkline(AGG)`, `sparkline(AGG, SPAN)`: an aggregate over time, one number for each span.

    The result is multivalue: the marker `##__SPARKLINE__##`, then the aggregate of each time bucket, 0 where there is
    none. All groups share one time range. Without a span, the least of 1, 5, 10, 30 seconds, 1, 5, 10, 30 minutes,
    1 hour, 1 day and 30 days is taken that gives at most 100 points. `sparkline(X)` counts the values of X. Events
    without `_time` are left out.
    """

    __slots__ = ("inner", "level", "points", "width", "window")

    def __init__(self, inner: str = "count", span: float = 0.0) -> None:
        self.inner = inner
        self.width: float = span or SPANS[0]
        self.level = -1 if span else 0
        self.points: dict[int, Any] = {}
        self.window: tuple[int, int] | None = None

    def add(self, value: Any, time: float, order: int) -> None:
        """Take in one value of an event at a time."""
        spec, parameters = find_function(self.inner)
        point = math.floor(time / self.width)
        accumulator = self.points.get(point)
        if accumulator is None:
            accumulator = self.points[point] = spec.make(*parameters)
            if self.level >= 0 and len(self.points) > 4 * POINTS and self.level + 1 < len(SPANS):
                self._narrow()
                accumulator = self.points[math.floor(time / self.width)]
        feed(spec.takes, accumulator, value, time, order)

    def _narrow(self) -> None:
        reach = (max(self.points) - min(self.points)) * self.width
        while self.level + 1 < len(SPANS) and reach / SPANS[self.level] >= POINTS:
            self.level += 1
        self.coarsen(SPANS[self.level])

    def coarsen(self, width: float) -> None:
        """Merge points to a greater span."""
        if width <= self.width:
            return
        points, self.points = self.points, {}
        for point, accumulator in points.items():
            new = math.floor(point * self.width / width)
            if new in self.points:
                self.points[new].merge(accumulator)
            else:
                self.points[new] = accumulator
        self.width = width
        self.level = SPANS.index(int(width)) if int(width) in SPANS else self.level

    def merge(self, other: Sparkline) -> None:
        """Take in the other's points."""
        width = max(self.width, other.width)
        self.coarsen(width)
        other.coarsen(width)
        for point, accumulator in other.points.items():
            if point in self.points:
                self.points[point].merge(accumulator)
            else:
                self.points[point] = accumulator

    def shift(self, rows: int) -> None:
        """Move the order of arrival by a number of rows."""
        for accumulator in self.points.values():
            if hasattr(accumulator, "shift"):
                accumulator.shift(rows)

    def result(self) -> Any:
        """Give the marker and the points."""
        if not self.points:
            return None
        first, last = self.window or (min(self.points), max(self.points))
        gathers(last - first)
        values: list[Any] = [MARKER]
        for point in range(first, last + 1):
            accumulator = self.points.get(point)
            value = None if accumulator is None else accumulator.result()
            values.append(0 if value is None else value)
        return values
