"""The `_raw` that an event given as fields would have had: Windows event XML, or compact JSON."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from splmini.values import json
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_text

_METADATA = frozenset(
    {
        "_time",
        "_raw",
        "_indextime",
        "_cd",
        "_bkt",
        "source",
        "sourcetype",
        "host",
        "index",
        "linecount",
        "punct",
        "splunk_server",
        "eventtype",
        "tag",
    }
)

_NAMES: dict[str, tuple[str, ...]] = {
    "provider": ("Provider_Name", "ProviderName", "SourceName", "Provider", "Name"),
    "guid": ("Provider_Guid", "ProviderGuid", "Guid"),
    "source_name": ("EventSourceName", "Provider_EventSourceName"),
    "event": ("EventID", "EventCode", "EventId", "event_id"),
    "time": ("SystemTime", "TimeCreated", "TimeCreated_SystemTime", "EventTime"),
    "record": ("EventRecordID", "RecordNumber", "RecordID", "EventRecordId"),
    "activity": ("ActivityID", "Correlation_ActivityID"),
    "process": ("Execution_ProcessID", "ExecutionProcessID", "ProcessID"),
    "thread": ("Execution_ThreadID", "ExecutionThreadID", "ThreadID"),
    "channel": ("Channel",),
    "computer": ("Computer", "Hostname", "ComputerName"),
    "user": ("Security_UserID", "UserID"),
    "qualifiers": ("Qualifiers",),
    "version": ("Version",),
    "level": ("Level",),
    "task": ("Task",),
    "opcode": ("Opcode", "OpcodeValue"),
    "keywords": ("Keywords",),
}
"""The names under which collectors give the parts of <System>."""

_SYSTEM = frozenset(name for names in _NAMES.values() for name in names) | frozenset(
    {"System_Props_Xml", "EventData_Xml", "UserData_Xml", "RenderingInfo_Xml"}
)

_NO_DATA = _SYSTEM | _METADATA

SYSTEM_FIELDS = frozenset(
    {
        "Name",
        "Guid",
        "EventSourceName",
        "EventID",
        "Qualifiers",
        "Version",
        "Level",
        "Task",
        "Opcode",
        "Keywords",
        "SystemTime",
        "EventRecordID",
        "ActivityID",
        "ProcessID",
        "ThreadID",
        "Channel",
        "Computer",
        "UserID",
    }
)
"""The fields that a synthesised `_raw` may have under another name than the event gives them."""

_NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"


def synthesise(event: Mapping[str, Any], sourcetype: str = "") -> str:
    """Return the text that an event without `_raw` stands for.

    Windows events (by sourcetype) are XML as Splunk holds it: attributes in single quotes (double for Sysmon of
    Linux), entities for `& < >`; everything else is compact JSON of the fields that are not metadata.
    """
    given = event.get("sourcetype")
    kind = (sourcetype or (given if isinstance(given, str) else "")).lower()
    if kind.startswith("xmlwineventlog"):
        return windows_xml(event, "'")
    if kind in ("sysmon:linux", "sysmon_linux"):
        return windows_xml(event, '"')
    return json.encode({name: value for name, value in event.items() if name not in _METADATA and value is not None})


def windows_xml(event: Mapping[str, Any], quote: str = "'") -> str:
    """Return a Windows event as one line of XML."""
    layout = _layout(tuple(event), quote)
    parts = [layout.begin, _system(layout, event, quote), "</System><EventData>"]
    add = parts.append
    for name, opening in layout.data:
        value = event[name]
        if value.__class__ is str:
            add(f"{opening}{_escaped(value)}</Data>")
        elif value is not None:
            for item in as_list(value):
                add(f"{opening}{_escaped(item if item.__class__ is str else to_text(item))}</Data>")
    add("</EventData></Event>")
    return "".join(parts)


@dataclass(frozen=True)
class _Layout:
    """Where events with the same keys have what stands in the XML."""

    begin: str
    system: tuple[tuple[str, ...], ...]
    """For each part of `_NAMES`, the keys that may hold it, the best first."""
    data: tuple[tuple[str, str], ...]
    """The keys of the event's data, each with its opening tag."""


@functools.lru_cache(maxsize=4096)
def _layout(keys: tuple[str, ...], quote: str) -> _Layout:
    known = frozenset(keys)
    return _Layout(
        f"<Event xmlns={_quoted(_NAMESPACE, quote)}><System>",
        tuple(tuple(name for name in names if name in known) for names in _NAMES.values()),
        tuple((key, f"<Data Name={_quoted(key, quote)}>") for key in keys if key not in _NO_DATA),
    )


def _system(layout: _Layout, event: Mapping[str, Any], quote: str) -> str:
    part = dict(zip(_NAMES, [_first(event, names) if names else None for names in layout.system], strict=True))
    time = _system_time(part["time"], event.get("_time"))
    return "".join(
        (
            _element(
                "Provider",
                None,
                quote,
                ("Name", part["provider"]),
                ("Guid", part["guid"]),
                ("EventSourceName", part["source_name"]),
            ),
            _element("EventID", part["event"], quote, ("Qualifiers", part["qualifiers"])),
            _element("Version", part["version"], quote),
            _element("Level", part["level"], quote),
            _element("Task", part["task"], quote),
            _element("Opcode", part["opcode"], quote),
            _element("Keywords", _hexadecimal(part["keywords"]), quote),
            _element("TimeCreated", None, quote, ("SystemTime", time)),
            _element("EventRecordID", part["record"], quote),
            _element("Correlation", None, quote, ("ActivityID", part["activity"])),
            _element("Execution", None, quote, ("ProcessID", part["process"]), ("ThreadID", part["thread"])),
            _element("Channel", part["channel"], quote),
            _element("Computer", part["computer"], quote),
            _element("Security", None, quote, ("UserID", part["user"])),
        )
    )


def _first(event: Mapping[str, Any], names: Iterable[str]) -> str | None:
    for name in names:
        value = event[name]
        if value.__class__ is str:
            return value.strip("'")
        if value is not None and not isinstance(value, list):
            return to_text(value)
    return None


def _element(name: str, text: str | None, quote: str, *attributes: tuple[str, str | None]) -> str:
    if not attributes:
        return "" if text is None else f"<{name}>{_escaped(text)}</{name}>"
    shown = "".join([f" {key}={_quoted(value, quote)}" for key, value in attributes if value is not None])
    if text is None:
        return f"<{name}{shown}/>" if shown else ""
    return f"<{name}{shown}>{_escaped(text)}</{name}>"


def escape(text: str, more: Mapping[str, str] | None = None) -> str:
    """Return text with entities for `& < >`, and for what `more` names (xml.sax.saxutils loads half of urllib)."""
    text = text.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;")
    for character, entity in (more or {}).items():
        text = text.replace(character, entity)
    return text


def _escaped(text: str) -> str:
    if "&" in text or "<" in text or ">" in text:
        return escape(text)
    return text


@functools.lru_cache(maxsize=4096)
def _quoted(text: str, quote: str) -> str:
    return f"{quote}{escape(text, {quote: '&apos;' if quote == chr(39) else '&quot;'})}{quote}"


def _hexadecimal(text: str | None) -> str | None:
    """Keywords as Windows writes them; nxlog gives the same bits as a signed decimal number."""
    if text is None or not text.lstrip("-").isdigit():
        return text
    return hex(int(text) & 0xFFFFFFFFFFFFFFFF)


def _system_time(text: str | None, moment: Any) -> str | None:
    if text is not None or not isinstance(moment, (int, float)):
        return text
    try:
        when = datetime.fromtimestamp(moment, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond:06d}000Z"
