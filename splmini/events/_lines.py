"""Formats in which a line is an event: what all of them share. Each is one decorated function in its own module.

The function is given the match of its pattern and says what the line tells: `_time`, `host`, and, where they depend
on the line, `sourcetype` and `source`. Every line of a file is tried with the file's own format first and then with all
others, so a file may mix them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from splmini.events._framing import split_lines
from splmini.events._reader import Block, Settings, reader, text_of
from splmini.events._times import recognise

if TYPE_CHECKING:
    from splmini.operators import Row

Tell = Callable[["re.Match[str]", Settings], "Row"]
SAMPLE = 40
"""Lines of a file's beginning that are tried to recognise its format."""


@dataclass(frozen=True)
class LineFormat:
    """A format whose records are lines; `rank` orders the attempts, the more specific first."""

    name: str
    pattern: re.Pattern[str]
    tell: Tell
    sourcetype: str
    source: str | None
    rank: int


_formats: dict[str, LineFormat] = {}


def line_format(
    name: str, title: str, pattern: str, sourcetype: str, source: str | None = None, rank: int = 50
) -> Callable[[Tell], Tell]:
    """Register the decorated `tell(match, settings)` as a format whose records are lines that match a pattern.

    The pattern is matched at the start of the line and has to be linear: events are untrusted.
    """

    def register(tell: Tell) -> Tell:
        compiled = re.compile(pattern)
        _formats[name] = LineFormat(name, compiled, tell, sourcetype, source, rank)
        looks = partial(_share, compiled, 0.9 - rank / 500)
        reader(name, title, looks, start=partial(_named_start, name), carries_time=True)(parse_line)
        return tell

    return register


def _named_start(name: str, head: bytes, settings: Settings) -> str:
    return name


def _share(pattern: re.Pattern[str], most: float, head: bytes) -> float:
    """How sure the share of lines that match makes: at least half of them have to."""
    lines = split_lines(head)[:SAMPLE]
    if not lines:
        return 0.0
    found = sum(pattern.match(text_of(line[:4096])) is not None for line in lines)
    return most * found / len(lines) if found * 2 >= len(lines) else 0.0


def classify(text: str, first: Any = None) -> tuple[LineFormat, re.Match[str]] | None:
    """Return the format of a line and its match; `first` is tried before all others."""
    preferred = _formats.get(first) if isinstance(first, str) else None
    if preferred is not None and (match := preferred.pattern.match(text)):
        return preferred, match
    for each in _ranked():
        if match := each.pattern.match(text):
            return each, match
    return None


_order: list[LineFormat] = []


def _ranked() -> list[LineFormat]:
    if len(_order) != len(_formats):
        _order[:] = sorted(_formats.values(), key=_rank)
    return _order


def _rank(each: LineFormat) -> int:
    return each.rank


def tell_line(text: str, settings: Settings, first: Any = None) -> Row:
    """Return what a line tells about itself, besides its `_raw`."""
    found = classify(text, first)
    if found is None:
        moment = recognise(text, settings.timezone, settings.now) if settings.timed else None
        return {} if moment is None else {"_time": moment}
    kind, match = found
    told = kind.tell(match, settings)
    if told.get("_time") is None:
        moment = recognise(text, settings.timezone, settings.now) if settings.timed else None
        told.pop("_time", None)
        if moment is not None:
            told = {"_time": moment, **told}
    if settings.infer:
        told.setdefault("sourcetype", kind.sourcetype)
        if kind.source is not None:
            told.setdefault("source", kind.source)
    else:
        told.pop("sourcetype", None)
        told.pop("source", None)
    return told


def parse_line(record: bytes, block: Block) -> Row:
    """Make an event of a line; one that is in no known format is an event of the file's sourcetype."""
    text = text_of(record)
    event = {"_raw": text, **tell_line(text, block.settings, block.state)}
    if block.settings.infer:
        if "sourcetype" not in event:
            event["sourcetype"] = fallback_sourcetype(block)
        block.inferred[event["sourcetype"], event.get("source", "")] += 1
    return event


def fallback_sourcetype(block: Block) -> Any:
    """The sourcetype of a line in no known format: that of the file's format, else one after the file's name."""
    kind = _formats.get(block.state) if isinstance(block.state, str) else None
    return kind.sourcetype if kind is not None else sourcetype_from_name(block.settings.name)


@lru_cache(maxsize=256)
def sourcetype_from_name(name: str | None) -> str:
    """Name a sourcetype after a file, as Splunk does for files that it does not know.

    >>> sourcetype_from_name("/var/log/app-2024.log.gz"), sourcetype_from_name(None)
    ('app', 'text')
    """
    stem = re.split(r"[/\\:]", name or "")[-1].split(".")[0]
    stem = re.sub(r"[-_]?\d[\d_-]*$", "", stem)
    return stem.lower() or "text"
