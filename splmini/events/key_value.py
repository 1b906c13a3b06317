"""Lines of key=value pairs, and VPC flow logs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from splmini.events._lines import line_format
from splmini.events._reader import Settings

if TYPE_CHECKING:
    from splmini.operators import Row


@line_format(
    "vpcflow",
    "VPC flow log",
    r"\d+ \d{6,} eni-\w+ \S+ \S+ (?:\S+ ){5}(?P<start>\d{10}) \d{10} ",
    "aws:cloudwatchlogs:vpcflow",
    rank=8,
)
def vpcflow(found: re.Match[str], settings: Settings) -> Row:
    """Lines of an AWS VPC flow log in its default format."""
    return {"_time": int(found["start"])}


@line_format(
    "key_value",
    "key=value pairs",
    r"[^={\[<\"]{0,60}?\b[A-Za-z_][\w.:-]*=(?:\"[^\"]*\"|'[^']*'|[^\s,;\"']*)(?:[,; \t]+[A-Za-z_][\w.:-]*="
    r"(?:\"[^\"]*\"|'[^']*'|[^\s,;\"']*))+",
    "generic_kv",
    rank=90,
)
def key_value(found: re.Match[str], settings: Settings) -> Row:
    """Lines of pairs, which Splunk's automatic extraction reads; a time in front or in a pair is recognised."""
    return {}
