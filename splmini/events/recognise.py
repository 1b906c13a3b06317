"""What content says about itself: the format of a file, the sourcetype, source and time of an event."""

from __future__ import annotations

import codecs
import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from splmini import resources
from splmini.events._times import any_epoch, recognise

if TYPE_CHECKING:
    from splmini.events._reader import Reader, Settings
    from splmini.operators import Row

BINARY = (
    b"\x7fELF",
    b"MZ\x90",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"%PDF-",
    b"SQLite format 3\0",
    b"\xca\xfe\xba\xbe",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x0a\x0d\x0d\x0a",
    b"OggS",
    b"RIFF",
)
"""How files begin that hold no events: programs, pictures, documents, packet captures."""


def is_binary(head: bytes) -> bool:
    """Say whether a file begins as something that is surely no file of events."""
    return head.startswith(BINARY)


_LOOKED_AT = 64 << 10
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n\v\f\r\b\x1b"))
_MOST_CONTROLS = 0.02
"""The share of control characters above which bytes that are no UTF-8 either are no text; noise has a tenth."""


def is_noise(head: bytes) -> bool:
    """Say whether bytes, UTF-16 decoded, are no text in any character set: UTF-8 may have every control character, text
    in older sets, whose letters are no UTF-8, has next to none.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Propsconf (NO_BINARY_CHECK: binary files are
    passed over unless it is set)
    """
    head = head[:_LOOKED_AT]
    if head.isascii() or len(head) - len(head.translate(None, _CONTROLS)) <= _MOST_CONTROLS * len(head):
        return False
    if recognise_format(head).name != "text":
        return False  # it holds records of a kind, if strange ones
    decoder = codecs.getincrementaldecoder("utf-8")()  # a character may be cut at the end
    try:
        decoder.decode(head)
    except UnicodeDecodeError:
        return True
    return False


def recognise_format(head: bytes) -> Reader:
    """Return the reader that is surest of a file's beginning; plain text where none is."""
    from splmini.events._reader import find_reader, readers

    best, surest = find_reader("text"), 0.0
    for each in readers().values():
        sure = each.looks(head)
        if sure > surest:
            best, surest = each, sure
    return best


# ---- JSON objects --------------------------------------------------------------------------------------------------


class JsonKind(NamedTuple):
    """A kind of JSON event: what its objects have at the top, and what that makes it."""

    sourcetype: str
    """May hold the value of a key, in braces."""
    source: str | None
    keys: frozenset[str]
    times: tuple[str, ...]
    where: Mapping[str, str] = {}
    """Values that keys must have, as far as they decide."""


KINDS_FILE = "json_kinds.json"
"""The file of a built-in pack that lists the kinds of JSON events its logs have."""


class _Listed(msgspec.Struct, forbid_unknown_fields=True):
    sourcetype: str
    keys: frozenset[str]
    times: tuple[str, ...]
    source: str | None = None
    where: dict[str, str] = {}


@functools.lru_cache(maxsize=1)
def json_kinds() -> tuple[JsonKind, ...]:
    """Return the kinds of JSON events that the built-in packs list, pack by pack in the order of their names.

    The first that fits an object counts, so a pack lists the narrower kind first. Only these small files are read,
    when the first JSON object is met; no other part of a pack is.
    """
    kinds: list[JsonKind] = []
    for pack in sorted(resources.packs_folder().iterdir(), key=lambda each: each.name):
        file = pack / KINDS_FILE
        if file.is_file():
            listed = msgspec.json.decode(file.read_bytes(), type=list[_Listed])
            kinds.extend(JsonKind(each.sourcetype, each.source, each.keys, each.times, each.where) for each in listed)
    return tuple(kinds)


TIME_KEYS = (
    "_time",
    "@timestamp",
    "timestamp",
    "time",
    "eventTime",
    "ts",
    "published",
    "CreationTime",
    "createdDateTime",
    "Timestamp",
    "TimeGenerated",
    "created_at",
    "datetime",
    "date",
    "EventTime",
    "SystemTime",
    "UtcTime",
    "recorded",
    "isotimestamp",
    "unixTime",
    "calendarTime",
    "activityDateTime",
    "eventTimestamp",
    "event_time",
)

_known: dict[tuple[str, ...], tuple[JsonKind, ...]] = {}
_DEFAULT = JsonKind("_json", None, frozenset(), ())


def json_kind(value: Mapping[str, Any]) -> JsonKind:
    """Return the kind of a JSON object, by its keys."""
    keys = tuple(value)
    candidates = _known.get(keys)
    if candidates is None:
        names = frozenset(keys)
        candidates = tuple(kind for kind in json_kinds() if kind.keys <= names)
        if len(_known) < 4096:
            _known[keys] = candidates
    for kind in candidates:
        if all(str(value[key]) == wanted for key, wanted in kind.where.items()):
            return kind if "{" not in kind.sourcetype else _filled(kind, value)
    return _DEFAULT


def _filled(kind: JsonKind, value: Mapping[str, Any]) -> JsonKind:
    before, _, rest = kind.sourcetype.partition("{")
    key, _, after = rest.partition("}")
    return kind._replace(sourcetype=f"{before}{value[key]}{after}")


def json_time(value: Mapping[str, Any], text: str, kind: JsonKind, settings: Settings) -> float | None:
    """Return the time of a JSON object: by its kind, by the usual names, else as Splunk finds one in text."""
    for name in (*kind.times, *TIME_KEYS):
        found = value.get(name)
        if found is None and "." in name:
            outer, _, inner = name.partition(".")
            nested = value.get(outer)
            found = nested.get(inner) if isinstance(nested, dict) else None
        if found is not None and not isinstance(found, (dict, list, bool)):
            moment = any_epoch(found, settings.timezone, settings.now)
            if moment is not None:
                return moment
    return recognise(text, settings.timezone, settings.now)


WEAK = frozenset({"_json", "generic_kv", "syslog"})
"""Sourcetypes that say how a text looks, not what it is: a file gets one for want of better, a dict does not."""

# ---- events that are dicts -----------------------------------------------------------------------------------------


def content_of(event: Row, settings: Settings) -> Row:
    """Return what an event's content says of its sourcetype, source, host and time; nothing where it is not sure."""
    raw = event.get("_raw")
    found = _of_raw(raw, settings) if isinstance(raw, str) else _of_keys(event, settings)
    if not settings.infer:
        return {name: value for name, value in found.items() if name == "_time"}
    if found.get("sourcetype") in WEAK:
        del found["sourcetype"]
    return found


def _of_raw(raw: str, settings: Settings) -> Row:
    from splmini.events import windows
    from splmini.events._lines import tell_line
    from splmini.events.json_text import tell_json

    start = raw.lstrip()[:1]
    if start == "<" and windows.is_event_xml(raw):
        return windows.tell_xml(raw, settings)
    if start == "{":
        return tell_json(raw, settings)
    if windows.is_classic(raw):
        return windows.tell_classic(raw, settings)
    return tell_line(raw, settings)


def _of_keys(event: Row, settings: Settings) -> Row:
    from splmini.events import windows_json

    if ("EventID" in event or "EventCode" in event) and ("Channel" in event or "SourceName" in event):
        return windows_json.tell_flat(event, settings)
    kind = json_kind(event)
    if kind is _DEFAULT:
        return {}
    return (
        {"sourcetype": kind.sourcetype}
        if kind.source is None
        else {"sourcetype": kind.sourcetype, "source": kind.source}
    )
