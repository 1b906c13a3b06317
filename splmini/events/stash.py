"""What `collect` writes: lines of `time, key=value, ...`, in files whose header lines hold the events' metadata.

Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Collect
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from splmini.events._lines import line_format, tell_line
from splmini.events._reader import GIVEN, Block, Settings, reader, text_of
from splmini.events._times import any_epoch

if TYPE_CHECKING:
    from splmini.operators import Row

HEADER = b"***SPLUNK***"
PAIR = re.compile(r"(\w+)=(?:\"((?:[^\"\\]|\\.)*)\"|(\S+))")
METADATA = frozenset({"host", "source", "sourcetype", "index"})


@line_format(
    "stash_line",
    "Splunk summary events",
    r"(?P<time>\d\d/\d\d/\d{4} \d\d:\d\d:\d\d [+-]\d{4}|\d{10}(?:\.\d+)?), (?:search_name|search_now|info_min_time)=",
    "stash",
    rank=4,
)
def stash_line(found: re.Match[str], settings: Settings) -> Row:
    """Lines such as `01/31/2024 10:00:00 +0000, search_name="x", info_min_time=..., key="value"`."""
    moment = any_epoch(found["time"], settings.timezone, settings.now)
    return {} if moment is None else {"_time": moment}


def _looks(head: bytes) -> float:
    return 0.99 if head.lstrip().startswith(HEADER) else 0.0


def _metadata(line: bytes) -> dict[str, str]:
    pairs = PAIR.findall(text_of(line[len(HEADER) :]))
    return {name: quoted or bare for name, quoted, bare in pairs if name in METADATA}


def _start(head: bytes, settings: Settings) -> dict[str, str]:
    return {}


def _advance(data: bytes, state: dict[str, str]) -> dict[str, str]:
    headers = [line for line in data.split(b"\n") if line.startswith(HEADER)]
    return _metadata(headers[-1].rstrip(b"\r")) if headers else state


@reader(
    "stash",
    "Splunk summary file",
    _looks,
    start=_start,
    advance=_advance,
    carries_time=True,
    names_kinds=True,
    self_describing=True,
)
def parse(record: bytes, block: Block) -> Row | None:
    """Files of `collect`: the events below a `***SPLUNK***` line have its host, source, sourcetype and index."""
    state: dict[str, str] = block.state
    if record.startswith(HEADER):
        state.clear()
        state.update(_metadata(record))
        return None
    raw = text_of(record)
    return {"_raw": raw, **tell_line(raw, block.settings, "stash_line"), **state, GIVEN: True}
