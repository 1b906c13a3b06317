"""What content says about itself: the format of a file, the sourcetype, source and time of an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

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


def _kind(sourcetype: str, source: str | None, keys: str, times: str, **where: str) -> JsonKind:
    return JsonKind(sourcetype, source, frozenset(keys.split()), tuple(times.split()), where)


JSON_KINDS = (
    _kind("aws:cloudtrail", "aws_cloudtrail", "eventVersion eventSource eventName awsRegion", "eventTime"),
    _kind("aws:cloudwatchlogs:vpcflow", None, "interface-id srcaddr dstaddr action", "start"),
    _kind("aws:securityhub:finding", None, "SchemaVersion ProductArn AwsAccountId GeneratorId", "UpdatedAt CreatedAt"),
    _kind("aws:asl", None, "class_uid category_uid metadata time", "time"),
    _kind("o365:management:activity", "o365", "CreationTime Operation Workload RecordType", "CreationTime"),
    _kind("o365:graph:api", "AuditLogs.SignIns", "createdDateTime userPrincipalName appId", "createdDateTime"),
    _kind("azure:monitor:aad", "Azure AD", "time operationName category tenantId resourceId", "time"),
    _kind("mscs:azure:audit", "mscs:azure:audit", "authorization caller eventDataId operationName", "eventTimestamp"),
    _kind(
        "mscs:azure:eventhub:defender:advancedhunting",
        "eventhub://windowsdefenderlogs",
        "time tenantId operationName category properties",
        "time",
    ),
    _kind("OktaIM2:log", "okta", "eventType published actor outcome", "published"),
    _kind("github:enterprise:audit", "http:github", "action actor _document_id", "@timestamp created_at"),
    _kind("gws:reports:admin", "gws:reports:admin", "kind id actor events", "id.time", kind="admin#reports#activity"),
    _kind("google:gcp:pubsub:message", None, "protoPayload logName resource", "timestamp"),
    _kind(
        "_json",
        "kubernetes",
        "kind apiVersion auditID",
        "requestReceivedTimestamp stageTimestamp",
        apiVersion="audit.k8s.io/v1",
    ),
    _kind("crowdstrike:events:sensor", "crowdstrike", "event_simpleName aid", "timestamp"),
    _kind("osquery:results", "osquery", "name hostIdentifier calendarTime columns", "unixTime calendarTime"),
    _kind("suricata", "suricata", "event_type timestamp src_ip", "timestamp"),
    _kind("suricata", "suricata", "event_type timestamp flow_id", "timestamp"),
    _kind("suricata", "suricata", "event_type timestamp stats", "timestamp"),
    _kind("cisco:duo:administrator", "cisco_duo", "action ctime isotimestamp", "isotimestamp"),
    _kind("cisco:duo:activity", "cisco_duo", "access_device ctime action", "isotimestamp ts"),
    _kind("cisco:sfw:estreamer", None, "EventType FirstPacketSecond DeviceUUID", "FirstPacketSecond"),
    _kind("ollama:server", None, "model prompt_eval_count", "created_at"),
    _kind("mcp:jsonrpc", "mcp.log", "jsonrpc method", "timestamp time"),
    _kind("bro:{_path}:json", None, "ts _path", "ts"),
    _kind("bro:conn:json", None, "ts uid id.orig_h conn_state", "ts"),
    _kind("bro:dns:json", None, "ts uid id.orig_h query", "ts"),
    _kind("bro:http:json", None, "ts uid id.orig_h method uri", "ts"),
    _kind("bro:ssl:json", None, "ts uid id.orig_h version cipher", "ts"),
    _kind("bro:files:json", None, "ts fuid mime_type", "ts"),
    _kind("bro:json", None, "ts uid id.orig_h", "ts"),
)

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
        candidates = tuple(kind for kind in JSON_KINDS if kind.keys <= names)
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
