"""Throttling: rows with values that were reported lately are not reported again.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Alert/ThrottleAlerts; savedsearches.conf
(`alert.suppress`, `alert.suppress.fields`, `alert.suppress.period`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from splmini.detections.detection import Detection
from splmini.errors import KnowledgeError
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_text

_PERIOD = re.compile(r"(\d+)\s*([smhd]?)[a-z]*", re.IGNORECASE)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
DEFAULT = 86400.0
"""Seconds of a throttling that gives no period: a day, as Enterprise Security proposes."""


def period_seconds(text: str, path: str = "") -> float:
    """Return the seconds of a period: `86400s`, `60m`, `24h`, `7d`, or a number of seconds.

    >>> period_seconds("24h")
    86400.0

    Raises:
        KnowledgeError: it is none.
    """
    if not text.strip():
        return DEFAULT
    match = _PERIOD.fullmatch(text.strip())
    if match is None:
        raise KnowledgeError(
            f"'{text}' is no period of time.", path=path, hint="A number and s, m, h or d, as in '86400s'."
        )
    return float(match[1]) * _SECONDS[match[2].lower()]


@dataclass
class Throttle:
    """Which rows pass: those whose values of `fields` were not reported within `period` seconds before."""

    fields: tuple[str, ...]
    period: float
    until: dict[tuple[tuple[str, ...], ...], float] = field(default_factory=dict)

    @classmethod
    def of(cls, detection: Detection) -> Throttle:
        """Return the throttling of a detection; without fields every row passes."""
        return cls(detection.throttling, period_seconds(detection.throttling_period, detection.path))

    def passes(self, row: Mapping[str, Any], now: float) -> bool:
        """Say whether a row is reported by a run that was due at `now`; it then throttles those like it."""
        if not self.fields:
            return True
        key = tuple(tuple(map(to_text, as_list(row.get(name)))) for name in self.fields)
        if now < self.until.get(key, float("-inf")):
            return False
        self.until[key] = now + self.period
        return True
