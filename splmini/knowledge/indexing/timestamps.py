"""When an event was: TIME_PREFIX, TIME_FORMAT, TZ, MAX_TIMESTAMP_LOOKAHEAD, and Splunk's own recognition.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Data/HowSplunkextractstimestamps
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from splmini.errors import SplError
from splmini.knowledge.conf import as_int
from splmini.knowledge.fields.patterns import field_list
from splmini.knowledge.fields.steps import text_of
from splmini.values import regex, times

LOOKAHEAD = 128
"""MAX_TIMESTAMP_LOOKAHEAD where it is not set: characters after the prefix in which a time is looked for."""


@dataclass(frozen=True)
class TimeRule:
    """How the time of an event is found in its text, or (`fields`) in fields that were extracted."""

    prefix: regex.Pattern | None = None
    format: str | None = None
    zone: tzinfo | None = None
    lookahead: int = LOOKAHEAD
    fields: tuple[str, ...] = ()
    off: bool = False
    aliases: tuple[tuple[re.Pattern[str], str], ...] = ()
    """What the abbreviations of time zones in the text stand for (TZ_ALIAS)."""

    def of_text(self, text: str, zone: tzinfo, now: float | None = None) -> float | None:
        """Return the time that a text carries, as epoch seconds, or None.

        Where a prefix is set, the time stands behind its first match, and nowhere else.
        """
        if self.off:
            return None
        start = 0
        if self.prefix is not None:
            match = self.prefix.search(text)
            if match is None:
                return None
            start = match.end()
        end = len(text) if self.lookahead <= 0 else start + self.lookahead
        return self._read(text[start:end], zone, now)

    def of_row(self, row: Mapping[str, Any], zone: tzinfo, now: float | None = None) -> float | None:
        """Return the time that TIMESTAMP_FIELDS give, else that of `_raw`."""
        if self.fields:
            parts = [text_of(row[name]) for name in self.fields if row.get(name) is not None]
            return self._read(" ".join(parts), zone, now) if parts else None
        raw = row.get("_raw")
        return None if raw is None else self.of_text(text_of(raw), zone, now)

    def _read(self, text: str, zone: tzinfo, now: float | None) -> float | None:
        zone = self.zone or zone
        for name, offset in self.aliases:
            text = name.sub(offset, text)
        if self.format is not None:
            for start in _starts(text):
                found = times.strptime(text[start:], self.format, zone, now)
                if found is not None:
                    return found
        return times.recognise(text, zone, now)


def _starts(text: str) -> Iterator[int]:
    """Yield where a time may begin: at the start, and at the start of each word."""
    yield 0
    for index in range(1, min(len(text), 512)):
        if text[index].isalnum() and not text[index - 1].isalnum():
            yield index


def zone_setting(text: str | None) -> tzinfo | None:
    """Return the time zone that a TZ names; None for none, or one that is not known (`apps check` tells of it)."""
    with suppress(SplError):
        return times.get_timezone(text.strip()) if text else None
    return None


_ALIAS = re.compile(r"\s*([A-Za-z][\w/+-]*)\s*=\s*(?:GMT|UTC)?([+-])(\d{1,2}):?(\d{2})?\s*", re.ASCII)


def zone_aliases(text: str) -> tuple[tuple[str, str], ...]:
    """Read TZ_ALIAS, `EST=GMT+10:00,EDT=GMT+11:00`: each abbreviation and its offset; what is none does not count.

    >>> zone_aliases("EST=GMT+10:00, NEPT=GMT+5:45")
    (('EST', '+1000'), ('NEPT', '+0545'))
    """
    found = (_ALIAS.fullmatch(part) for part in text.split(","))
    return tuple((each[1], f"{each[2]}{int(each[3]):02}{each[4] or '00'}") for each in found if each is not None)


def _whole_name(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])")


def time_rule(settings: Mapping[str, str]) -> TimeRule:
    """Read the settings of a stanza that say where its events' time is; what cannot be read does not count."""
    prefix = None
    if settings.get("TIME_PREFIX"):
        with suppress(SplError):
            prefix = regex.compile(settings["TIME_PREFIX"])
    return TimeRule(
        prefix,
        settings.get("TIME_FORMAT") or None,
        zone_setting(settings.get("TZ")),
        as_int(settings.get("MAX_TIMESTAMP_LOOKAHEAD"), LOOKAHEAD),
        tuple(field_list(settings.get("TIMESTAMP_FIELDS", ""))),
        settings.get("DATETIME_CONFIG", "").strip().upper() in ("NONE", "CURRENT"),
        tuple((_whole_name(name), offset) for name, offset in zone_aliases(settings.get("TZ_ALIAS", ""))),
    )
