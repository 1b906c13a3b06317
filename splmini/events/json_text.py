"""JSON: lines, arrays, values one after the other; the containers of CloudTrail and Azure; what Splunk exports as JSON.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from splmini.events._dicts import SCALARS, plain_event
from splmini.events._framing import LINES, Framing, line_bounds, split_lines
from splmini.events._layout import Ways, columns_of, learn, sampled
from splmini.events._projection import is_utf8, project, tabulate
from splmini.events._reader import GIVEN, MALFORMED, Ask, Block, Columns, Report, Settings, reader, text_of
from splmini.events._times import any_epoch
from splmini.events.recognise import json_kind, json_time
from splmini.events.windows_json import MADE_BY

if TYPE_CHECKING:
    from splmini.operators import ColumnBatch, Row

EVENT_KEYS = frozenset({"_raw", "sourcetype", "source", "_time"})
RESULT_KEYS = frozenset({"preview", "offset", "lastrow", "result", "messages", "highlighted", "tags"})
HEC_KEYS = frozenset({"time", "host", "source", "sourcetype", "index", "event", "fields"})
CONTAINERS = ("Records", "records", "results", "value", "events", "Events", "logEvents", "items", "Items", "rows")
ENVELOPE_KEYS = frozenset(
    {
        "preview",
        "init_offset",
        "messages",
        "fields",
        "highlighted",
        "post_process_count",
        "post_process_count_before",
        "@odata.context",
        "@odata.count",
        "@odata.nextLink",
        "nextLink",
        "next",
        "next_page",
        "nextPageToken",
        "kind",
        "etag",
        "total",
        "count",
        "owner",
        "logGroup",
        "logStream",
        "messageType",
        "subscriptionFilters",
        "NextToken",
    }
)

# ---- decoding ------------------------------------------------------------------------------------------------------

_decode = msgspec.json.decode
_raw_list = msgspec.json.Decoder(list[msgspec.Raw])
_raw_dict = msgspec.json.Decoder(dict[str, msgspec.Raw])


def decode(text: bytes | str) -> Any:
    """Return the value of a JSON text; NaN, lone surrogates and numbers beyond a float are let through.

    Raises:
        ValueError: for what is no JSON.
    """
    try:
        return _decode(text)
    except msgspec.ValidationError:  # without a type to hold to, only a number beyond a float
        pass
    except (msgspec.DecodeError, UnicodeDecodeError):
        if b"\\u" not in (text if isinstance(text, bytes) else text.encode()) and not _NAN.search(_bytes(text)):
            raise
    return _clean(json.loads(text))


_NAN = re.compile(rb"\b(?:NaN|Infinity)\b")


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return str(value) if isinstance(value, float) and (value != value or value in (_INF, -_INF)) else value


_INF = float("inf")

# ---- from values to events -----------------------------------------------------------------------------------------


def events_of(value: Any, raw: bytes, block: Block) -> list[Row]:
    """Return the events that a JSON value is: one, those of a container or list, or none."""
    if isinstance(value, list):
        if value and all(isinstance(item, dict) for item in value):
            return [
                event
                for item, text in zip(value, _raw_list.decode(raw), strict=True)
                for event in events_of(item, bytes(text), block)
            ]
        return [_raw_event(None, raw, block)]
    if not isinstance(value, dict):
        return [_raw_event(None, raw, block)]
    if isinstance(value.get("_raw"), str):
        return [_given_event(value, block)]
    if "result" in value and isinstance(value["result"], dict) and value.keys() <= RESULT_KEYS:
        return [_given_event(value["result"], block)] if value["result"] else []
    if "event" in value and value.keys() <= HEC_KEYS:
        return [_hec_event(value, raw, block)]
    container = _container(value)
    if container is not None:
        items = _raw_list.decode(_raw_dict.decode(raw)[container])
        return [
            event
            for item, text in zip(value[container], items, strict=True)
            for event in events_of(item, bytes(text), block)
        ]
    if any(isinstance(value.get(name), (str, int, float)) for name in EVENT_KEYS):
        return [_given_event(value, block)]
    return [_raw_event(value, raw, block)]


def _container(value: Mapping[str, Any]) -> str | None:
    """The key under which an object holds events, where it holds nothing else that could matter."""
    for name in CONTAINERS:
        items = value.get(name)
        if isinstance(items, list) and all(isinstance(item, dict) for item in items):
            others = value.keys() - {name}
            if others <= ENVELOPE_KEYS and (items or others):
                return name
    return None


def _given_event(value: Mapping[str, Any], block: Block) -> Row:
    """An event whose fields are given."""
    return _whole_event(dict(value) if SCALARS.issuperset(map(type, value.values())) else plain_event(value), block)


def _whole_event(event: Row, block: Block) -> Row:
    """Complete an event of plain values by its time and what its content tells."""
    moment = event.get("_time")
    if moment.__class__ is str:
        moment = any_epoch(moment, block.settings.timezone, block.settings.now)
        if moment is None:
            del event["_time"]
        else:
            event["_time"] = moment
    if ("sourcetype" not in event and block.settings.infer) or ("_time" not in event and "_raw" in event):
        from splmini.events.recognise import content_of

        told = content_of(event, block.settings)
        if "sourcetype" in told:
            block.inferred[told["sourcetype"], told.get("source", "")] += 1
        event = {**told, **event}
    event[GIVEN] = True
    return event


def _hec_event(value: Mapping[str, Any], raw: bytes, block: Block) -> Row:
    """An event in the HTTP event collector's envelope: `event` is text, or an object whose JSON is the raw text."""
    inner = value["event"]
    text = inner if isinstance(inner, str) else text_of(bytes(_raw_dict.decode(raw)["event"]))
    event: Row = {"_raw": text}
    moment = any_epoch(value.get("time"), block.settings.timezone, block.settings.now)
    if moment is not None:
        event["_time"] = moment
    for name in ("host", "source", "sourcetype", "index"):
        if isinstance(value.get(name), (str, int, float)):
            event[name] = str(value[name])
    if isinstance(value.get("fields"), dict):
        event = {**plain_event(value["fields"]), **event}
    return _given_event(event, block)


def _raw_event(value: Mapping[str, Any] | None, raw: bytes, block: Block) -> Row:
    """An event whose raw text is the JSON."""
    from splmini.events import windows_json

    settings = block.settings
    if value is not None and settings.infer:
        flat = windows_json.event_of(value, settings)
        if flat is not None:
            block.inferred[flat["sourcetype"], flat.get("source", "")] += 1
            return flat
    text = text_of(raw)
    event: Row = {"_raw": text, **tell_object(value or {}, text, settings)}
    if "sourcetype" in event:
        block.inferred[event["sourcetype"], event.get("source", "")] += 1
    return event


def tell_object(value: Mapping[str, Any], text: str, settings: Settings) -> Row:
    """Return the time, sourcetype and source that a JSON object tells."""
    kind = json_kind(value)
    told: Row = {}
    moment = json_time(value, text, kind, settings) if settings.timed else None
    if moment is not None:
        told["_time"] = moment
    if settings.infer:
        told["sourcetype"] = kind.sourcetype
        if kind.source is not None:
            told["source"] = kind.source
    return told


def tell_json(raw: str, settings: Settings) -> Row:
    """Return what a text that begins as a JSON object tells; nothing where it is none."""
    try:
        value = decode(raw)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return {}
    return tell_object(value, raw, settings) if isinstance(value, dict) else {}


# ---- cutting values that are not lines -----------------------------------------------------------------------------

TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def value_ends(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each value at the top; lines that are no values come as they are, whole.

    >>> list(value_ends(b'{"a": "}"} [1]'))
    [(0, 10), (11, 14)]
    """
    depth, start = 0, 0
    for token in TOKEN.finditer(data):
        first = data[token.start()]
        if first in b"{[":
            if depth == 0 and data[start : token.start()].strip(b" \t\r\n,"):
                yield from _loose(data, start, token.start())
            if depth == 0:
                start = token.start()
            depth += 1
        elif first in b"}]" and depth:
            depth -= 1
            if depth == 0:
                yield start, token.end()
                start = token.end()
    if data[start:].strip(b" \t\r\n,"):
        yield from _loose(data, start, len(data)) if depth == 0 else [(start, len(data))]


def _loose(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Text between values, line by line."""
    while start < end:
        stop = data.find(b"\n", start, end)
        stop = end if stop < 0 else stop
        if data[start:stop].strip(b" \t\r,"):
            yield start, stop
        start = stop + 1


_raw = msgspec.json.Decoder(msgspec.Raw)


def _only_value(data: bytes) -> bool | None:
    """Say whether data is one object or array and no more; None: it is the beginning of one. False: neither, perhaps.

    A document of many events is skipped through here in a fraction of the time that its tokens take one by one.
    """
    if data.lstrip(b" \t\r\n")[:1] not in (b"{", b"["):
        return False
    try:
        _raw.decode(data)
    except msgspec.DecodeError as error:
        return None if str(error) == "Input data was truncated" else False
    except MALFORMED:
        return False
    return True


def _values_boundary(data: bytes, state: Any) -> int:
    only = _only_value(data)
    if only is not False:
        end = len(data.rstrip(b" \t\r\n"))
        return end if only and end < len(data) else 0
    last = 0
    for _, end in value_ends(data):
        if end < len(data):
            last = end
    return last


def _boundary(data: bytes, state: Any) -> int:
    return _values_boundary(data, state) if state == "values" else LINES.boundary(data, state)


def _records(data: bytes, state: Any) -> list[bytes]:
    if state != "values":
        return split_lines(data)
    return [data.strip()] if _only_value(data) else [data[start:end].strip() for start, end in value_ends(data)]


def _bounds(data: bytes, at: int, state: Any) -> tuple[int, int]:
    if state != "values":
        return line_bounds(data, at, state)
    previous = 0
    for _, end in value_ends(data):
        if end > at:
            return previous, end
        previous = end
    return previous, len(data)


def _mark(state: Any) -> bytes | None:
    return None if state == "values" else b"\n"


JSON = Framing("JSON", _boundary, _records, _bounds, _mark)

# ---- the reader ----------------------------------------------------------------------------------------------------


def _start(head: bytes, settings: Settings) -> str:
    """Say whether a file has one value a line, or values that span lines or stand beside each other."""
    lines = [line for line in head.split(b"\n", 3)[:3] if line.strip()]
    if not lines:
        return "lines"
    first = lines[0].strip()
    if b"\n" not in head:
        return "lines" if _decodes(first) else "values"
    if _decodes(first):
        return "lines"
    whole = sum(_decodes(line.strip()) for line in lines[1:])
    return "lines" if whole and first[-1:] in b"}]" else "values"


def _decodes(text: bytes) -> bool:
    try:
        decode(text)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return False
    return True


def _looks(head: bytes) -> float:
    start = head.lstrip()
    if start[:1] not in (b"{", b"["):
        return 0.0
    if start[:1] == b"[" and not re.match(rb'\[\s*(?:[{\["\]]|-?\d+\s*[,\]]|true|false|null)', start):
        return 0.0
    return 0.96 if re.match(rb'\{\s*(?:"|\})', start) or start[:1] == b"[" else 0.0


def _tabulate(data: bytes, state: Any, keys: frozenset[str], settings: Settings) -> ColumnBatch | None:
    return tabulate(data, keys, settings) if state == "lines" else None


def _columns(block: Block, ask: Ask) -> Columns | None:
    """Learn how to decode objects that are all events of one kind, of which each is the text."""
    items = sampled(block.data) if block.state == "lines" else _items(block.records())
    if not items:
        return None
    try:
        objects = list(map(decode, items[:: len(items) // _SAMPLES + 1]))
    except MALFORMED:
        return None
    layout = learn(objects, _OTHERS) if all(each.__class__ is dict for each in objects) else None
    columns = None if layout is None else columns_of(layout, block.settings, ask)
    return columns if columns is None or block.state == "lines" else _DocumentColumns(columns)


_SAMPLES = 64


@dataclass(frozen=True)
class _DocumentColumns:
    """Reads documents that hold many objects, and objects beside each other, into columns."""

    columns: Columns

    def tables(self, block: Block, records: list[bytes] | None, report: Report) -> list[ColumnBatch | list[Row]] | None:
        """Return the events of documents, in order."""
        items = _items(block.records() if records is None else records)
        return None if items is None else self.columns.tables(block, items, report)


def _items(documents: list[bytes]) -> list[bytes] | None:
    """Return the objects that documents are, or hold as a list or container; None where one is something else."""
    items: list[bytes] = []
    try:
        for document in documents:
            if not is_utf8(document):
                return None
            items.extend(_items_of(document))
    except MALFORMED:
        return None
    return items if all(item[:1] == b"{" for item in items) else None


def _items_of(document: bytes) -> list[bytes]:
    if document[:1] == b"[":
        return list(map(bytes, _raw_list.decode(document)))
    members = _raw_dict.decode(document)
    name = next((each for each in CONTAINERS if each in members), None)
    if name is None or not (members.keys() - {name} <= ENVELOPE_KEYS) or bytes(members[name])[:1] != b"[":
        return [document]
    return list(map(bytes, _raw_list.decode(members[name])))


_OTHERS = Ways(
    (*(frozenset({name}) for name in EVENT_KEYS), *MADE_BY), RESULT_KEYS | HEC_KEYS | ENVELOPE_KEYS | {*CONTAINERS}
)


@reader(
    "json",
    "JSON",
    _looks,
    framing=JSON,
    start=_start,
    project=project,
    tabulate=_tabulate,
    columns=_columns,
    names_kinds=True,
)
def parse(record: bytes, block: Block) -> Row | list[Row]:
    """JSON lines, arrays, values one after the other, `{"Records": [...]}`, and what Splunk exports as JSON."""
    value = decode(record)
    return _whole_event(value, block) if _is_flat_event(value) else events_of(value, record, block)


def _is_flat_event(value: Any) -> bool:
    """Say whether a value is an event with plain values only: the common case, told quickly."""
    if value.__class__ is not dict or not SCALARS.issuperset(map(type, value.values())):
        return False
    if EVENT_KEYS.isdisjoint(value):
        return False
    return "_raw" not in value and ("event" not in value or not value.keys() <= HEC_KEYS)
