"""When a detection runs and over which time: the schedule of a saved search.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Alert/AlertSchedulingBestPractices (cron expressions,
time ranges of scheduled searches) and savedsearches.conf (`cron_schedule`, `dispatch.earliest_time`,
`dispatch.latest_time`, `schedule_window`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from splmini.errors import ArgumentError, UnsupportedFeature
from splmini.values import times

KEYS = ("cron_schedule", "earliest_time", "latest_time", "schedule_window")
"""Keys of a schedule in YAML, of schedules/ and custom_schedule alike."""


@dataclass(frozen=True)
class Schedule:
    """A schedule: a cron expression, and the time that each run searches, relative to the time that it is due.

    `window` is how many minutes the scheduler may delay a run ("auto": as it thinks fit); the time that is searched
    stays that of the time it was due, so that it changes no result here.
    """

    cron: str = "0 * * * *"
    earliest: str = "-70m@m"
    latest: str = "-10m@m"
    window: str = "auto"
    name: str = ""

    def runs(self, start: float, end: float, tz: tzinfo | None = None) -> Iterator[float]:
        """Yield the times at which it is due, from `start` (with it) to `end` (without), in a time zone.

        Args:
            start, end: epoch seconds.
            tz: the time zone of the cron expression; None: UTC.

        Raises:
            ArgumentError: the cron expression is none.
            UnsupportedFeature: cronsim, which reads cron expressions, is not installed.

        >>> [time / 3600 for time in Schedule("0 */6 * * *").runs(0, 86400)]
        [0.0, 6.0, 12.0, 18.0]
        """
        zone = tz or times.get_timezone("UTC")
        due = _cron(self.cron, datetime.fromtimestamp(start - 60, zone))
        for moment in due:
            at = moment.timestamp()
            if at >= end:
                return
            if at >= start:
                yield at

    def range(self, now: float, tz: tzinfo | None = None) -> tuple[float | None, float | None]:
        """Return what a run that is due at `now` searches: from the first time (with it) to the second (without).

        None stands for no bound, as an empty setting or `0` for the earliest time does in Splunk.

        >>> Schedule().range(7200)
        (3000, 6600)
        """
        zone = tz or times.get_timezone("UTC")
        earliest = None if self.earliest in ("", "0") else times.time_modifier(self.earliest, now, zone)
        latest = None if self.latest == "" else times.time_modifier(self.latest, now, zone)
        return earliest, latest


EVENT_BASED = Schedule(name="Default EventBasedDetection")
"""The schedule of ESCU's detections that name none: each hour, over the hour that ended ten minutes ago."""
BASELINE = Schedule("10 0 * * *", "-1450m@m", "-10m@m", name="Default Baseline")
"""That of its baselines: each day, over the day before."""
DEFAULTS: Mapping[str, Schedule] = {each.name: each for each in (EVENT_BASED, BASELINE)}


def read_schedule(values: Mapping[str, object], name: str = "") -> Schedule:
    """Return the schedule that a mapping with the keys of `KEYS` is; what it lacks is that of ESCU's detections."""
    default = EVENT_BASED
    found = {key: str(values[key]).strip() for key in KEYS if values.get(key) is not None}
    return Schedule(
        found.get("cron_schedule", default.cron),
        found.get("earliest_time", default.earliest),
        found.get("latest_time", default.latest),
        found.get("schedule_window", default.window),
        name,
    )


def _cron(text: str, after: datetime) -> Iterator[datetime]:
    try:
        from cronsim import CronSim, CronSimError
    except ImportError:
        raise UnsupportedFeature(
            "Schedules need the package cronsim, which is not installed.",
            name="cronsim",
            hint="Install splmini[schedules].",
        ) from None
    try:
        return CronSim(text, after)
    except CronSimError as error:
        raise ArgumentError(f"'{text}' is no cron expression: {error}.", hint=_FIELDS) from None


_FIELDS = "It has five fields: minute, hour, day of the month, month, day of the week, as in '*/15 * * * *'."
