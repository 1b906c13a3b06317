"""Windows events as JSON: nxlog, winlogbeat, evtx_dump, and flat objects. They become events whose fields are given.

The fields of the event's data are named as in the event; those of its System part as the flat renderings name them
(`EventID`, `Channel`, `Computer`, `Provider_Name`, `Execution_ProcessID` …).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from splmini.events._dicts import plain_event
from splmini.events._reader import Settings
from splmini.events._times import any_epoch

if TYPE_CHECKING:
    from splmini.operators import Row

TIMES = ("_time", "SystemTime", "@timestamp", "UtcTime", "EventTime", "TimeCreated", "EventReceivedTime")
KEYWORDS = {"audit success": "0x8020000000000000", "audit failure": "0x8010000000000000"}
WINLOG = {
    "event_id": "EventID",
    "channel": "Channel",
    "computer_name": "Computer",
    "provider_name": "Provider_Name",
    "provider_guid": "Provider_Guid",
    "record_id": "EventRecordID",
    "version": "Version",
    "process.pid": "Execution_ProcessID",
    "process.thread.id": "Execution_ThreadID",
    "user.identifier": "Security_UserID",
    "activity_id": "Correlation_ActivityID",
    "log_name": "Channel",
    "source_name": "Provider_Name",
    "record_number": "EventRecordID",
    "process_id": "Execution_ProcessID",
    "thread_id": "Execution_ThreadID",
}
CHANNELS = {
    "Microsoft-Windows-Sysmon": "Microsoft-Windows-Sysmon/Operational",
    "Microsoft-Windows-Security-Auditing": "Security",
    "Microsoft-Windows-PowerShell": "Microsoft-Windows-PowerShell/Operational",
    "Service Control Manager": "System",
}


MADE_BY = tuple(
    map(
        frozenset,
        (
            ("winlog",),
            ("event_id", "event_data", "log_name"),
            ("Event",),
            *(("EventID", "Channel"), ("EventID", "SourceName"), ("EventCode", "Channel"), ("EventCode", "SourceName")),
        ),
    )
)
"""Keys of which an object has all of one set where it is a Windows event."""


def event_of(value: Mapping[str, Any], settings: Settings) -> Row | None:
    """Return the event that a JSON object is, where it is a Windows event; else None."""
    winlog = value.get("winlog")
    if isinstance(winlog, dict) and "event_id" in winlog:
        return _finished(_winlogbeat(winlog, value), settings)
    if "event_id" in value and isinstance(value.get("event_data"), dict) and "log_name" in value:
        return _finished(_winlogbeat(value, value), settings)
    inner = value.get("Event")
    if isinstance(inner, dict) and isinstance(inner.get("System"), dict):
        return _finished(_evtx_dump(inner), settings)
    if ("EventID" in value or "EventCode" in value) and ("Channel" in value or "SourceName" in value):
        return _finished(plain_event(value), settings)
    return None


def _finished(event: Row, settings: Settings) -> Row:
    return {**tell_flat(event, settings), **event}


def tell_flat(event: Mapping[str, Any], settings: Settings) -> Row:
    """Return the time, host, source and sourcetype that the fields of a Windows event tell."""
    told: Row = {}
    for name in TIMES:
        moment = any_epoch(event.get(name), settings.timezone, settings.now)
        if moment is not None:
            told["_time"] = moment
            break
    host = event.get("Computer") or event.get("Hostname")
    if isinstance(host, str):
        told["host"] = host
    if settings.infer:
        told["sourcetype"] = "XmlWinEventLog"
        channel = event.get("Channel") or CHANNELS.get(str(event.get("SourceName")))
        if isinstance(channel, str):
            channel = "Security" if channel == "security" else channel
            told["source"] = f"XmlWinEventLog:{channel}"
    return told


def _winlogbeat(winlog: Mapping[str, Any], value: Mapping[str, Any]) -> Row:
    event: Row = {}
    if "@timestamp" in value:
        event["SystemTime"] = value["@timestamp"]
    for path, name in WINLOG.items():
        found: Any = winlog
        for step in path.split("."):
            found = found.get(step) if isinstance(found, dict) else None
        if found is not None and name not in event and not isinstance(found, (dict, list)):
            event[name] = found
    keywords = winlog.get("keywords")
    for each in keywords if isinstance(keywords, list) else []:
        if str(each).lower() in KEYWORDS:
            event["Keywords"] = KEYWORDS[str(each).lower()]
    for part in ("event_data", "user_data"):
        if isinstance(winlog.get(part), dict):
            event.update(winlog[part])
    if isinstance(value.get("message"), str):
        event["Message"] = value["message"]
    return plain_event(event)


def _evtx_dump(inner: Mapping[str, Any]) -> Row:
    """Flatten `{"Event": {"System": …, "EventData": …}}`, as the tools that convert EVTX files write it."""
    event: Row = {}
    for name, value in inner["System"].items():
        _put_system(event, name, value)
    for part in ("EventData", "UserData"):
        data = inner.get(part)
        if isinstance(data, dict):
            nested = list(data.values())
            if part == "UserData" and len(nested) == 1 and isinstance(nested[0], dict):
                data = nested[0]
            event.update({name: value for name, value in data.items() if name not in ("#attributes", "#text")})
    return plain_event(event)


def _put_system(event: Row, name: str, value: Any) -> None:
    """Put one element of the System part: its text under its own name, attributes under ELEMENT_ATTRIBUTE."""
    if name.endswith("_attributes"):
        name, value = name.removesuffix("_attributes"), {"#attributes": value}
    if not isinstance(value, dict):
        event[name] = value
        return
    attributes = value.get("#attributes", value)
    if "#text" in value:
        event[name] = value["#text"]
    for key, item in attributes.items() if isinstance(attributes, dict) else ():
        if key not in ("#text", "#attributes"):
            event["SystemTime" if key == "SystemTime" else f"{name}_{key}"] = item
