"""What a backtest gives: the history of each detection, run by run and day by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from splmini.detections.detection import Detection
from splmini.detections.schedule import Schedule
from splmini.errors import SplError
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_text

if TYPE_CHECKING:
    from splmini.detections.bench.runner import Verdict


@dataclass(frozen=True)
class Firing:
    """A run that gave rows: when it was due, what it searched, how many rows it gave and how many were reported.

    Throttled rows are not reported: findings and risk events are those of the others.
    """

    due: float
    earliest: float | None
    latest: float | None
    rows: int
    reported: int
    findings: int
    risk_events: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class History:
    """What one detection would have found: `runs` counts its runs, `firings` are those that gave rows.

    `late` counts the events that satisfied its search but were indexed after every run that searched their time;
    `apart` says that each of its runs read the events by itself, as what it reads is known only when it runs; of these
    events it takes late ones, too. `error` is what stopped it.
    """

    detection: Detection
    schedule: Schedule | None
    runs: int = 0
    firings: tuple[Firing, ...] = ()
    late: int = 0
    apart: bool = False
    error: SplError | None = None
    seconds: float = 0.0

    @property
    def rows(self) -> int:
        """How many rows its runs gave."""
        return sum(each.rows for each in self.firings)

    @property
    def reported(self) -> int:
        """How many of them were reported, throttling taken into account."""
        return sum(each.reported for each in self.firings)

    @property
    def findings(self) -> int:
        """How many findings were made."""
        return sum(each.findings for each in self.firings)

    @property
    def quiet(self) -> bool:
        """Whether it ran, and found nothing."""
        return self.error is None and not self.firings

    def per_day(self, start: float, end: float, tz: tzinfo) -> dict[str, tuple[int, int]]:
        """Return, for each day from `start` to `end` (YYYY-MM-DD), the rows and those reported."""
        days: dict[str, tuple[int, int]] = dict.fromkeys(_days(start, end, tz), (0, 0))
        for each in self.firings:
            day = _day(each.due, tz)
            rows, reported = days.get(day, (0, 0))
            days[day] = rows + each.rows, reported + each.reported
        return days

    def busiest(self, count: int = 5) -> list[tuple[str, str, int]]:
        """Return the risk objects with most risk events: field's type, value, how many."""
        seen: Counter[tuple[str, str]] = Counter()
        for firing in self.firings:
            for event in firing.risk_events:
                for value in as_list(event.get("risk_object")):
                    seen[str(event.get("risk_object_type", "")), to_text(value)] += 1
        ranked = sorted(seen.items(), key=_most_first)
        return [(kind, value, number) for (kind, value), number in ranked[:count]]


def _most_first(item: tuple[tuple[str, str], int]) -> tuple[int, tuple[str, str]]:
    return -item[1], item[0]


@dataclass(frozen=True)
class Backtest:
    """What detections would have found from `start` to `end` (epoch seconds), a `History` each, in their order."""

    start: float
    end: float
    histories: tuple[History, ...]
    timezone: tzinfo
    scanned: int = 0
    seconds: float = 0.0
    complete: bool = True

    def __iter__(self) -> Iterator[History]:
        return iter(self.histories)

    def __len__(self) -> int:
        return len(self.histories)

    def days(self) -> list[str]:
        """Return the days that it covers, YYYY-MM-DD."""
        return list(_days(self.start, self.end, self.timezone))

    def verdicts(self) -> list[Verdict]:
        """Return a verdict a detection, by the bounds in its file of cases (`expect: {per_day: {max: 5}}`)."""
        from splmini.detections.backtest.bounds import verdicts

        return verdicts(self)

    def table(self) -> list[dict[str, str | int]]:
        """Return a row a detection that could run, those that reported most first."""
        from splmini.detections.backtest.report import table_rows

        return table_rows(self)

    def to_json(self) -> str:
        """Return it as JSON: times in epoch seconds, days in its time zone."""
        from splmini.detections.backtest.report import to_json

        return to_json(self)

    def to_html(self) -> str:
        """Return a page: what each detection reported day by day, what found nothing, what could not run."""
        from splmini.detections.backtest.report import to_html

        return to_html(self)

    def per_day(self, history: History) -> dict[str, tuple[int, int]]:
        """Return the rows of a history and those reported, day by day."""
        return history.per_day(self.start, self.end, self.timezone)


def _days(start: float, end: float, tz: tzinfo) -> Iterator[str]:
    day, last = _day(start, tz), _day(max(start, end - 1e-6), tz)
    at = start
    while day <= last:
        yield day
        while _day(at, tz) == day:
            at += 6 * 3600
        day = _day(at, tz)


def _day(moment: float, tz: tzinfo) -> str:
    return datetime.fromtimestamp(moment, tz).strftime("%Y-%m-%d")
