"""Lines of key=value pairs, events that `collect` writes (stash), and VPC flow logs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from splmini.events._lines import line_format
from splmini.events._reader import Settings
from splmini.events._times import any_epoch

if TYPE_CHECKING:
    from splmini.operators import Row


@line_format(
    "stash", "Splunk summary events (stash)",
    r"(?P<time>\d\d/\d\d/\d{4} \d\d:\d\d:\d\d [+-]\d{4}|\d{10}(?:\.\d+)?), (?:search_name|search_now|info_min_time)=",
    "stash", rank=4,
)
def stash(found: re.Match[str], settings: Settings) -> Row:
    """Lines such as `01/31/2024 10:00:00 +0000, search_name="x", info_min_time=..., key="value"`."""
    moment = any_epoch(found["time"], settings.timezone, settings.now)
    return {} if moment is None else {"_time": moment}


@line_format(
    "vpcflow", "VPC flow log", r"\d+ \d{6,} eni-\w+ \S+ \S+ (?:\S+ ){5}(?P<start>\d{10}) \d{10} ",
    "aws:cloudwatchlogs:vpcflow", rank=8,
)
def vpcflow(found: re.Match[str], settings: Settings) -> Row:
    """Lines of an AWS VPC flow log in its default format."""
    return {"_time": int(found["start"])}


@line_format(
    "key_value", "key=value pairs",
    r"[^={\[<\"]{0,60}?\b[A-Za-z_][\w.:-]*=(?:\"[^\"]*\"|'[^']*'|[^\s,;\"']*)(?:[,; \t]+[A-Za-z_][\w.:-]*="
    r"(?:\"[^\"]*\"|'[^']*'|[^\s,;\"']*))+",
    "generic_kv", rank=90,
)
def key_value(found: re.Match[str], settings: Settings) -> Row:
    """Lines of pairs, which Splunk's automatic extraction reads; a time in front or in a pair is recognised."""
    return {}
