"""Drilldown searches: `%original_detection_search%`, `$token$`, `$info_min_time$` and offsets filled from a row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from splmini.detections.findings import TOKEN
from splmini.engine.services import services_of
from splmini.errors import ArgumentError
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_number, to_text
from splmini.values.times import relative_time
from splmini.values.zones import UTC

if TYPE_CHECKING:
    from splmini.detections.detection import Detection
    from splmini.results import Results

PLACEHOLDER = re.compile(rf"{TOKEN.pattern}|%original_detection_search%")
"""What `fill` fills."""
_PERIOD = re.compile(r"(\d+)([a-z]*)\Z")
_MODIFIER = re.compile(r"[+\-@]|now").match
_UNITS = (
    (1, ("", "s", "sec", "secs", "second", "seconds")),
    (60, ("m", "min", "mins", "minute", "minutes")),
    (3600, ("h", "hr", "hrs", "hour", "hours")),
    (86400, ("d", "day", "days")),
    (604800, ("w", "week", "weeks")),
    (2592000, ("mon", "month", "months")),
    (31536000, ("y", "yr", "yrs", "year", "years")),
)
_SECONDS = {name: seconds for seconds, names in _UNITS for name in names}
_PLAIN = re.compile(r"(?!(?:AND|OR|NOT|XOR)\Z)[\w.:\-]+\Z")
"""A value that needs no quotes in a search."""
_QUOTED = re.compile(r'\\.|"', re.DOTALL)


def fill(detection: Detection, text: str, row: Mapping[str, Any]) -> str:
    """Return the text of a drilldown search with its placeholders filled from a row.

    A value goes into double quotes of the search, which it gets where it is more than a word and they are missing, so
    that what an event holds is never read as SPL: quotes and backslashes in it are escaped. A multivalue field gives
    `"a", "b"`, as IN lists want it. A token that the row lacks stays, and matches nothing.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return detection.search
        found = row.get(match[1])
        if found is None:
            return match[0]
        values = [to_text(item) for item in as_list(found)]
        if _in_quotes(text[: match.start()]):
            return '", "'.join(map(_escaped, values))
        return ", ".join(each if _PLAIN.match(each) else f'"{_escaped(each)}"' for each in values)

    return PLACEHOLDER.sub(value, text)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _in_quotes(text: str) -> bool:
    """Say whether a double quote is open at the end of a text."""
    return sum(match[0] == '"' for match in _QUOTED.finditer(text)) % 2 == 1


def time_range(
    earliest: str | None, latest: str | None, row: Mapping[str, Any], now: float, zone: tzinfo = UTC
) -> tuple[float | None, float | None]:
    """Return the time range of a drilldown: offsets before and after the finding (`7d`), `$info_min_time$` and the
    like, or time modifiers (`-7d@d`, `now`), which count from now."""
    moment = to_number(row.get("_time"))
    center = now if moment is None else moment

    def end(text: str | None, token: str, sign: int) -> float | None:
        if text is None:
            return None
        match = TOKEN.fullmatch(text.strip())
        if match:
            return to_number(row.get(match[1]))
        if _MODIFIER(text.strip()):
            return relative_time(now, text, zone)
        period = _PERIOD.match(text.strip())
        if not period or period[2] not in _SECONDS:
            raise ArgumentError(f"'{text}' is not an offset such as 7d.", name=token)
        return center + sign * int(period[1]) * _SECONDS[period[2]]

    low, high = end(earliest, "earliest_offset", -1), end(latest, "latest_offset", 1)
    return low, (high if high is None or high > center else None)


def run_drilldown(
    detection: Detection, number: int, row: Mapping[str, Any], events: Any, env: Any, options: Mapping[str, Any]
) -> Results:
    """Run one of a detection's drilldown searches for one of its rows."""
    if not 0 <= number < len(detection.drilldowns):
        raise ArgumentError(f"The detection has {len(detection.drilldowns)} drilldown searches.", name="drilldown")
    if env is None:
        from splmini import Environment

        env = Environment()
    drilldown = detection.drilldowns[number]
    low, high = time_range(
        drilldown.earliest_offset, drilldown.latest_offset, row, services_of(env).clock(), env.timezone
    )
    results: Results = env.compile(fill(detection, drilldown.search, row)).run(
        events, earliest=low, latest=high, **options
    )
    return results
