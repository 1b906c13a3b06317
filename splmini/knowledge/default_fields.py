"""The fields that Splunk adds to every event when it is indexed: its time in pieces, its lines, its punctuation.

They are made for a search that names them, not for one that asks for all fields: a table of every event's `date_*`
would be of no use to anyone. Source: https://docs.splunk.com/Documentation/Splunk/latest/Data/Aboutdefaultfields
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo

from splmini.knowledge.steps import Apply, MapperContext, Names, Origin, Step, text_of
from splmini.operators import Row
from splmini.values.numbers import to_number
from splmini.values.times import get_timezone

DATE_FIELDS = frozenset(
    {"date_hour", "date_mday", "date_minute", "date_month", "date_second", "date_wday", "date_year", "date_zone"}
)
RAW_FIELDS = frozenset({"linecount", "punct"})
_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?\s?(Z|[+-]\d\d:?\d\d)")
_NOT_PUNCTUATION = re.compile(r"[A-Za-z0-9]+")
_PUNCT_LENGTH = 30
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip


@dataclass(frozen=True)
class _DefaultStep(Step):
    """A step for a search that names one of its fields."""

    def needed(self, wanted: Names) -> bool:
        """Say whether a field is asked for by its name."""
        return wanted.exact is not None and wanted.any_of(self.writes or ())


def default_steps(zone: str | None) -> tuple[Step, ...]:
    """Return the steps that make the default fields; `zone` is the TZ that props.conf sets for the events."""

    def make_dates(wanted: Names, ctx: MapperContext) -> Apply:
        home = get_timezone(zone) if zone else getattr(ctx, "timezone", timezone.utc)

        def add_dates(row: Row, given: Container[str]) -> None:
            moment = to_number(row.get("_time"))
            if moment is None:
                return
            for name, value in date_fields(float(moment), text_of(row.get("_raw") or ""), home).items():
                if name in wanted and name not in row:
                    row[name] = value

        return add_dates

    def make_lines(wanted: Names, ctx: MapperContext) -> Apply:
        def add_lines(row: Row, given: Container[str]) -> None:
            raw = text_of(row.get("_raw") or "")
            if raw and "linecount" not in row:
                row["linecount"] = raw.rstrip("\r\n").count("\n") + 1
            if raw and "punct" not in row:
                row["punct"] = punctuation(raw)

        return add_lines

    dates = Origin("default field", "date_*", "default", "system")
    lines = Origin("default field", "linecount, punct", "default", "system")
    return (
        _DefaultStep(dates, frozenset({"_time", "_raw"}), DATE_FIELDS, make_dates, verbatim=False),
        _DefaultStep(lines, frozenset({"_raw"}), RAW_FIELDS, make_lines, verbatim=False),
    )


def date_fields(moment: float, raw: str, home: tzinfo) -> Row:
    """Return the pieces of a time as the event writes it: in its own zone, else in that of its home.

    >>> date_fields(1714979289.0, "2024-05-06T09:08:09+02:00 x", timezone.utc)["date_hour"]
    9
    """
    written = _WRITTEN.search(raw)
    zone = _offset(written[1]) if written else None
    local = datetime.fromtimestamp(moment, home if zone is None else zone)
    return {
        "date_hour": local.hour,
        "date_mday": local.day,
        "date_minute": local.minute,
        "date_month": _MONTHS[local.month - 1],
        "date_second": local.second,
        "date_wday": _DAYS[local.weekday()],
        "date_year": local.year,
        "date_zone": "local" if zone is None else _minutes(zone),
    }


def punctuation(raw: str) -> str:
    """Return the first characters of the first line that are neither letters nor digits, blanks as underscores.

    >>> punctuation("a=1, b c")
    '=,__'
    """
    line = raw.lstrip("\r\n").split("\n", 1)[0].rstrip("\r")
    kept = _NOT_PUNCTUATION.sub("", line)
    return kept.replace("\t", "t").replace(" ", "_")[:_PUNCT_LENGTH]


def _offset(text: str) -> timezone:
    if text == "Z":
        return timezone.utc
    digits = text[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _minutes(zone: timezone) -> int:
    return int((zone.utcoffset(None) or timedelta()).total_seconds() // 60)
