"""The fields that Splunk adds to every event when it is indexed: its time in pieces, its lines, its punctuation.

They are made for a search that names them, not for one that asks for all fields: a table of every event's `date_*`
would be of no use to anyone. Source: https://docs.splunk.com/Documentation/Splunk/latest/Data/Aboutdefaultfields
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from itertools import islice

from splmini.knowledge.fields.steps import Apply, MapperContext, Names, Origin, Step, text_of
from splmini.knowledge.indexing.timestamps import zone_setting
from splmini.operators import Fields, Row
from splmini.values.numbers import to_number
from splmini.values.timeparse import zone_of
from splmini.values.zones import to_datetime

DATE_FIELDS = frozenset(
    {"date_hour", "date_mday", "date_minute", "date_month", "date_second", "date_wday", "date_year", "date_zone"}
)
TIME_FIELDS = DATE_FIELDS | {"_time", "_indextime", "_subsecond", "timestartpos", "timeendpos"}
"""Fields that are, or are made of, the time of an event."""
RAW_FIELDS = frozenset({"linecount", "punct"})
_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?\s?(Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)", re.ASCII)
_PUNCTUATION = re.compile(r"[^A-Za-z0-9\r\n]")
_PUNCT_LENGTH = 50
_WORD = re.compile(r"\w+")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)


@dataclass(frozen=True)
class _DefaultStep(Step):
    """A step for a search that names one of its fields."""

    def needed(self, wanted: Names) -> bool:
        """Say whether a field is asked for by its name."""
        return not wanted.plain.isdisjoint(self.writes or ())


def with_named(needed: Fields, ctx: MapperContext) -> Fields:
    """Return the needed fields, where these are all, with the default fields that stand in the text of the run."""
    if needed is not None and "*" not in needed:
        return needed
    named = (DATE_FIELDS | RAW_FIELDS).intersection(_WORD.findall(getattr(ctx, "text", "")))
    return named | {"*"} if named else None


def default_steps(zone: str | None, extra: str | None = None, punct: bool = True) -> tuple[Step, ...]:
    """Return the steps that make the default fields; `zone`, `extra` and `punct` are the TZ, ADD_EXTRA_TIME_FIELDS and
    ANNOTATE_PUNCT that props.conf sets for the events: `extra` as `none`, `subseconds` or false means that no pieces of
    the time are kept."""
    by_line_fields = RAW_FIELDS if punct else RAW_FIELDS - {"punct"}

    def make_dates(wanted: Names, ctx: MapperContext) -> Apply:
        named = wanted.plain
        own = zone_setting(zone)
        home: tzinfo = getattr(ctx, "timezone", timezone.utc) if own is None else own

        def add_dates(row: Row, given: Container[str]) -> None:
            moment = to_number(row.get("_time"))
            if moment is None:
                return
            for name, value in date_fields(float(moment), text_of(row.get("_raw") or ""), home).items():
                if name in named and name not in row:
                    row[name] = value

        return add_dates

    def make_lines(wanted: Names, ctx: MapperContext) -> Apply:
        named = wanted.plain

        def add_lines(row: Row, given: Container[str]) -> None:
            raw = text_of(row.get("_raw") or "")
            if raw and "linecount" in named and "linecount" not in row:
                row["linecount"] = raw.rstrip("\r\n").count("\n") + 1
            if raw and punct and "punct" in named and "punct" not in row:
                row["punct"] = punctuation(raw)

        return add_lines

    dates = Origin("default field", "date_*", "default", "system")
    lines = Origin("default field", "linecount, punct", "default", "system")
    by_line = _DefaultStep(lines, frozenset({"_raw"}), by_line_fields, make_lines, verbatim=False)
    if (extra or "all").strip().lower() not in ("all", "true", "1", "yes", "t", "y"):
        return (by_line,)
    return (_DefaultStep(dates, frozenset({"_time", "_raw"}), DATE_FIELDS, make_dates, verbatim=False), by_line)


def date_fields(moment: float, raw: str, home: tzinfo) -> Row:
    """Return the pieces of a time as the event writes it: in its own zone, else in that of its home; none of a time
    beyond the years 1 to 9999.

    >>> date_fields(1714979289.0, "2024-05-06T09:08:09+02:00 x", timezone.utc)["date_hour"]
    9
    """
    written = _WRITTEN.search(raw)
    zone = zone_of({"z": written[1]}) if written else None
    local = to_datetime(moment, zone or home)
    if local is None:
        return {}
    return {
        "date_hour": local.hour,
        "date_mday": local.day,
        "date_minute": local.minute,
        "date_month": _MONTHS[local.month - 1],
        "date_second": local.second,
        "date_wday": _DAYS[local.weekday()],
        "date_year": local.year,
        "date_zone": "local" if zone is None else int((zone.utcoffset(None) or timedelta()).total_seconds() // 60),
    }


def punctuation(raw: str) -> str:
    r"""Return the first characters of an event that are neither letters nor digits, blanks as underscores; the ends of
    its lines leave nothing.

    >>> punctuation("a=1, b c\n\td!")
    '=,__t!'
    """
    kept = "".join(mark[0] for mark in islice(_PUNCTUATION.finditer(raw), _PUNCT_LENGTH))
    return kept.replace("\t", "t").replace(" ", "_")
