"""Web servers' access logs (common and combined), nginx as key=value, and W3C logs of IIS and others.

Sources: https://httpd.apache.org/docs/current/logs.html https://www.w3.org/TR/WD-logfile.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from splmini.events._lines import line_format
from splmini.events._reader import Block, Settings, reader, text_of
from splmini.events._times import MONTHS, iso_epoch, local_epoch, offset_seconds

if TYPE_CHECKING:
    from splmini.operators import Row

CLF = re.compile(r"(\d{1,2})/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d)(\.\d+)? ?([+-]\d{4})?")


def clf_epoch(text: str, settings: Settings) -> float | None:
    """Return the time in the form of access logs: `10/Oct/2000:13:55:36 -0700`."""
    found = CLF.match(text) if settings.timed else None
    if found is None or found[2].lower() not in MONTHS:
        return None
    day, month, year, hour, minute, second, fraction, offset = found.groups()
    parts = (int(year), MONTHS[month.lower()], int(day), int(hour), int(minute), int(second))
    try:
        if offset:
            return local_epoch(parts, float(fraction or 0), None) - offset_seconds(offset)
        return local_epoch(parts, float(fraction or 0), settings.timezone)
    except ValueError:
        return None


@line_format(
    "access", "web access log", r"\S+ \S+ [^\[\]\"]{1,80}? ?\[(?P<time>[^\]]{20,32})\] \"", "access_combined", rank=30
)
def access(found: re.Match[str], settings: Settings) -> Row:
    """Lines in the common or combined log format."""
    moment = clf_epoch(found["time"], settings)
    return {} if moment is None else {"_time": moment}


@line_format(
    "nginx_kv",
    "nginx access log, key=value",
    r"site=\"[^\"]*\" server=\"[^\"]*\".{0,400}?time_local=\"(?P<time>[^\"]*)\"",
    "nginx:plus:kv",
    source="/var/log/nginx/access.log",
    rank=9,
)
def nginx_kv(found: re.Match[str], settings: Settings) -> Row:
    """Lines of `key="value"` pairs as Splunk's add-on for nginx wants them."""
    moment = clf_epoch(found["time"], settings)
    return {} if moment is None else {"_time": moment}


# ---- W3C -----------------------------------------------------------------------------------------------------------

FIELDS = re.compile(rb"^#Fields:[ \t]*([^\r\n]*)", re.MULTILINE)


def _looks(head: bytes) -> float:
    start = head.lstrip()
    return 0.97 if start.startswith(b"#") and FIELDS.search(head) and b"#fields\t" not in head else 0.0


def _start(head: bytes, settings: Settings) -> list[str]:
    found = FIELDS.search(head)
    return _names(found[1]) if found else []


def _names(line: bytes) -> list[str]:
    """Field names as Splunk cleans them: what is neither letter nor digit becomes an underscore."""
    return [re.sub(r"[^A-Za-z0-9_]", "_", name) for name in text_of(line).split()]


def _advance(data: bytes, state: list[str]) -> list[str]:
    found = FIELDS.findall(data)
    return _names(found[-1]) if found else state


@reader("w3c", "W3C log (IIS)", _looks, start=_start, advance=_advance, self_describing=True)
def parse(record: bytes, block: Block) -> Row | None:
    """Lines under a `#Fields:` header, which names their values; a header may come again at any time."""
    if record.startswith(b"#"):
        found = FIELDS.match(record)
        if found is not None:
            names: list[str] = block.state
            names[:] = _names(found[1])
        return None
    raw = text_of(record)
    values = raw.split("\t" if "\t" in raw else None)
    if not block.state or len(values) != len(block.state):
        raise ValueError(f"{len(values)} values for {len(block.state or ())} fields")
    fields = {name: value for name, value in zip(block.state, values, strict=True) if value != "-"}
    event: Row = {"_raw": raw, **fields}
    moment = iso_epoch(f"{fields.get('date', '')} {fields.get('time', '')}")
    if moment is not None:
        event["_time"] = moment
    if block.settings.infer:
        event["sourcetype"] = "ms:iis:auto"
        block.inferred["ms:iis:auto", ""] += 1
    return event
