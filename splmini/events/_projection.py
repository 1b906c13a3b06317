"""Decoding only what is needed: JSON lines whose fields are given, without the values that nobody asks for.

A line is projected where it is sure to be the same event as if it had been decoded whole: an object that names its
sourcetype and has every field that is needed as text or number. Every other line is parsed as ever.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, TypedDict

import msgspec
import pcre2

from splmini.events._times import any_epoch
from splmini.operators import ColumnBatch

if TYPE_CHECKING:
    from splmini.events._reader import Settings
    from splmini.operators import Row

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_MADE = frozenset({"eventtype", "tag", "_raw", "linecount", "punct", "splunk_server", "_indextime", "_cd", "_serial"})
"""Fields that lines hardly ever give: a search for them would parse every line whole anyhow."""
ENVELOPES = frozenset(
    {
        "time",
        "host",
        "source",
        "sourcetype",
        "index",
        "event",
        "fields",
        "preview",
        "offset",
        "lastrow",
        "result",
        "messages",
        "highlighted",
        "tags",
    }
)
"""What an object that holds nothing else may be an envelope by."""
ALWAYS = ("sourcetype",)
OPTIONAL = "index"
"""A field that events from files lack as a rule, and that no knowledge adds (or else it is not asked for here)."""


def projectable(fields: frozenset[str] | None) -> frozenset[str] | None:
    """Return the keys to decode where these fields are needed; None where lines have to be decoded whole.

    >>> sorted(projectable(frozenset({"user", "_time"})))
    ['_time', 'sourcetype', 'user']
    """
    if fields is None or not fields or fields & _MADE or not all(map(_PLAIN.fullmatch, fields)):
        return None
    if fields <= ENVELOPES or any(name.startswith("date_") for name in fields):
        return None
    return fields.union(ALWAYS)


@lru_cache(maxsize=256)
def _decoder(keys: frozenset[str]) -> Any:
    kinds: Any = str | int | float
    shape = TypedDict("Projected", dict.fromkeys(sorted(keys), kinds), total=False)  # type: ignore[misc]
    return msgspec.json.Decoder(shape).decode


class Projected(list[Any]):
    """A batch of events that all have certain keys, and no others but what the caller put on every event."""

    keys: frozenset[str] = frozenset()


def project(records: Sequence[bytes], keys: frozenset[str], settings: Settings) -> list[Row | None]:
    """Return the event of each record, with these keys alone; None where the record has to be parsed whole.

    `index` may be absent.
    """
    decode = _decoder(keys)
    rows: list[Any]
    try:
        rows = list(map(decode, records))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        rows = [_tried(decode, record) for record in records]
    whole = len(keys)
    if set(map(len, rows)) - {whole}:
        less = whole - 1 if OPTIONAL in keys else whole
        rows = [row if len(row) == whole or (len(row) == less and OPTIONAL not in row) else None for row in rows]
    if "_time" in keys:
        _set_times(rows, settings)
    fixed = settings.fixed
    if fixed:
        for row in rows:
            if row is not None:
                row.update(fixed)
    return rows


def _tried(decode: Any, record: bytes) -> Any:
    try:
        return decode(record)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ()


def _set_times(rows: list[Any], settings: Settings) -> None:
    if None not in rows and str not in set(map(type, map(itemgetter("_time"), rows))):
        return
    for number, row in enumerate(rows):
        if row is not None and row["_time"].__class__ is str:
            moment = any_epoch(row["_time"], settings.timezone, settings.now)
            if moment is None:
                rows[number] = None
            else:
                row["_time"] = moment


# ---- whole blocks --------------------------------------------------------------------------------------------------

_NO_LINES = pcre2.compile(rb"\}[ \t\r]*+\{|\n(?:(?<!\}\n)|(?!\{|\z))", jit=True)
"""Stands somewhere in JSON objects unless each of them is a line, and each line one of them: two objects without a
line break between, or a line break that is not between two. Inside of an object none can pass for one between two
(`}` and `{` have a comma between them), nor in a string, where decoding refuses it."""


@lru_cache(maxsize=256)
def _columns_of(keys: frozenset[str]) -> tuple[Any, dict[str, Any]]:
    """Return what decodes the objects of a block, and for each key what takes its value from one."""
    kinds: Any = str | int | float
    maybe: Any = kinds | msgspec.UnsetType
    places = {f"f{number}": key for number, key in enumerate(sorted(keys - {OPTIONAL}))}
    fields: list[Any] = [(place, kinds) for place in places]
    if OPTIONAL in keys:
        places["optional"] = OPTIONAL
        fields.append(("optional", maybe, msgspec.UNSET))
    shape = msgspec.defstruct("Line", fields, rename=places, gc=False)
    return msgspec.json.Decoder(shape).decode_lines, {key: attrgetter(place) for place, key in places.items()}


def tabulate(data: bytes, keys: frozenset[str], settings: Settings) -> ColumnBatch | None:
    """Return the events of a block of JSON lines as columns, as `project` would give each of them.

    None where one of them has to be parsed whole, or the lines have to be looked at one by one.
    """
    if not is_lines(data):
        return None
    decode, getters = _columns_of(keys)
    try:
        lines = decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    columns = {key: list(map(get, lines)) for key, get in getters.items()}
    if OPTIONAL in columns and msgspec.UNSET in columns[OPTIONAL]:
        if set(columns[OPTIONAL]) != {msgspec.UNSET}:
            return None
        del columns[OPTIONAL]
    if "_time" in columns and str in set(map(type, columns["_time"])):
        return None
    columns.update((name, [value] * len(lines)) for name, value in settings.fixed.items())
    return ColumnBatch(columns, len(lines))


def is_lines(data: bytes) -> bool:
    """Say whether each line of a block is a JSON object, as far as decoding does not say so, and UTF-8 throughout."""
    return _NO_LINES.search(data) is None and is_utf8(data)


def is_utf8(data: bytes) -> bool:
    """Say whether a block is UTF-8 throughout: what is skipped is not looked at while decoding."""
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


__all__ = ["Projected", "is_lines", "is_utf8", "project", "projectable", "tabulate"]
