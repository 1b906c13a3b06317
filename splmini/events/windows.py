"""Windows events as text: event XML, the classic text of WinEventLog, and files that mix them with other lines.

XML is cut and read by scanning alone: there is no parser that could resolve an entity or a DTD. Splunk's forwarder
renders an event on one line with single-quoted attributes; other renderings (pretty-printed, double-quoted, from
wevtutil or an EVTX file) are brought into that form, which is what the add-ons' extractions are written for.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Data/MonitorWindowseventlogdata
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import methodcaller
from typing import TYPE_CHECKING, Any

import pcre2

from splmini.events._framing import Framing, split_lines
from splmini.events._lines import sourcetype_from_name, tell_line
from splmini.events._projection import is_utf8
from splmini.events._reader import Ask, Block, Settings, reader, text_of
from splmini.events._texts import TextColumns, Texts
from splmini.events._times import iso_epoch, iso_epochs, local_epoch

if TYPE_CHECKING:
    from splmini.operators import Row

END = b"</Event>"
START = re.compile(rb"<Event[\s>]")
WRAPPER = re.compile(rb"\s*(?:<\?xml[^<>]*\?>\s*|</?Events[^<>]*>\s*)*\Z")
CLASSIC = re.compile(
    rb"^\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d(?:\.\d+)? [AP]M\r?\n(?=(?:LogName|SourceName|EventCode)=)", re.MULTILINE
)
SCHEMA = "schemas.microsoft.com/win/2004/08/events"

# ---- cutting -------------------------------------------------------------------------------------------------------


def _boundary(data: bytes, state: Any) -> int:
    """The end of the last event; behind it, where no other begins, the last line or classic event."""
    cut = data.rfind(END)
    cut = cut + len(END) if cut >= 0 else 0
    opened = START.search(data, cut)
    tail = data[cut : opened.start() if opened else len(data)]
    classic = [match.start() for match in CLASSIC.finditer(tail)]
    if classic:
        return cut + classic[-1] or cut
    return cut + tail.rfind(b"\n") + 1 if b"\n" in tail and not (state or {}).get("classic") else cut


def _records(data: bytes, state: Any) -> list[bytes]:
    records: list[bytes] = []
    *events, tail = data.split(END)
    for piece in events:
        start = _last_start(piece)
        if start is None:
            records.extend(_text_records(piece + END))
            continue
        before = piece[:start]
        line = before.rfind(b"\n") + 1
        if before[line:].strip() and b"<" not in before[line:]:
            start, before = line, before[:line]  # a syslog header in front of the XML belongs to the event
        if before and not before.isspace():
            records.extend(_text_records(before))
        records.append(piece[start:] + END)
    records.extend(_text_records(tail))
    return records


def _last_start(piece: bytes) -> int | None:
    """Where the event begins that ends with a piece; an earlier one in it was cut off in the middle."""
    found = START.search(piece)
    while found is not None:
        start = found.start()
        found = START.search(piece, found.end())
        if found is None:
            return start
    return None


def _text_records(data: bytes) -> list[bytes]:
    if WRAPPER.match(data):
        return []
    starts = [match.start() for match in CLASSIC.finditer(data)]
    if not starts:
        return [line for line in split_lines(data) if not WRAPPER.match(line)]
    records = split_lines(data[: starts[0]])
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        records.append(data[start:end].strip(b"\r\n"))
    return records


def _bounds(data: bytes, at: int, state: Any) -> tuple[int, int]:
    before = data.rfind(END, 0, at)
    before = before + len(END) if before >= 0 else 0
    after = data.find(END, max(at - len(END) + 1, before))
    return before, after + len(END) if after >= 0 else len(data)


def _mark(state: Any) -> bytes | None:
    return END


WINDOWS = Framing("Windows events", _boundary, _records, _bounds, _mark)

# ---- recognising ---------------------------------------------------------------------------------------------------


def _looks_xml(head: bytes) -> float:
    stripped = head.lstrip()
    if stripped[:1] in (b"{", b"["):
        return 0.0
    found = START.search(head)
    if found is None or not (b"<System" in head or SCHEMA.encode() in head):
        return 0.0
    return 0.98


def _looks_classic(head: bytes) -> float:
    return 0.95 if CLASSIC.search(head) else 0.0


def is_event_xml(raw: str) -> bool:
    """Say whether a text is a Windows (or Sysmon for Linux) event in XML."""
    start = raw.find("<Event")
    return start >= 0 and raw.find("<System", start, start + 400) >= 0


def is_classic(raw: str) -> bool:
    """Say whether a text is an event as WinEventLog renders it in text."""
    return raw[:1].isdigit() and CLASSIC.match(raw[:64].encode("utf-8", "replace")) is not None


# ---- event XML -----------------------------------------------------------------------------------------------------

TIME = re.compile(r"<TimeCreated[^<>]*?SystemTime=['\"]([^'\"<>]*)")
CHANNEL = re.compile(r"<Channel>([^<]*)</Channel>")
COMPUTER = re.compile(r"<Computer>([^<]*)</Computer>")
UTC_TIME = re.compile(r"Name=['\"]UtcTime['\"]>([^<]*)<")
LINUX = "Linux-Sysmon"
TAG = re.compile(r"<[^<>\"']*(?:\"[^\"<]*\"[^<>\"']*|'[^'<]*'[^<>\"']*)*>")
ATTRIBUTE = re.compile(r"=\s*\"([^\"]*)\"")
GAP = re.compile(r"(</[^<>]*>|/>|<(?:Event|System|EventData|UserData|RenderingInfo|Keywords)\b[^<>]*>)\s+(?=<)")


def tell_xml(raw: str, settings: Settings) -> Row:
    """Return the time, host, source and sourcetype that an event in XML tells."""
    told: Row = {}
    found = (TIME.search(raw) or UTC_TIME.search(raw)) if settings.timed else None
    moment = iso_epoch(found[1], settings.timezone) if found else None
    if moment is not None:
        told["_time"] = moment
    return told | _told_of(_key_of(raw), settings)


def _key_of(raw: str) -> tuple[str, str, bool]:
    """Return the channel and the computer of an event, and whether it is one of Linux."""
    start, place = raw.find("<Channel>") + 9, raw.find("<Computer>") + 10
    end, last = raw.find("<", start), raw.find("<", place)
    if start >= 9 and place >= 10 and raw.startswith("</Channel>", end) and raw.startswith("</Computer>", last):
        return raw[start:end], raw[place:last], LINUX in raw
    channel, computer = CHANNEL.search(raw), COMPUTER.search(raw)
    return "" if channel is None else channel[1], "" if computer is None else computer[1], LINUX in raw


def _told_of(key: tuple[str, str, bool], settings: Settings) -> Row:
    """Return the host, source and sourcetype that events of a channel and a computer have."""
    channel, computer, linux = key
    told: Row = {"host": computer} if computer else {}
    if settings.infer and linux:
        told["source"], told["sourcetype"] = "Syslog:" + (channel or "Linux-Sysmon/Operational"), "sysmon:linux"
    elif settings.infer:
        told["sourcetype"] = "XmlWinEventLog"
        if channel:
            told["source"] = "XmlWinEventLog:" + channel
    return told


def _moments(texts: Sequence[str], settings: Settings) -> list[float | None]:
    """Return the times of events."""
    found = (TIME.search(raw) or UTC_TIME.search(raw) for raw in texts)
    return iso_epochs(["" if each is None else each[1] for each in found], settings.timezone)


def as_forwarded(raw: str) -> str:
    """Return event XML as Splunk's forwarder renders it: on one line, attributes in single quotes.

    >>> as_forwarded('<Event xmlns="x">\\n  <System>\\n    <Provider Name="a"/>\\n  </System>\\n</Event>')
    "<Event xmlns='x'><System><Provider Name='a'/></System></Event>"
    """
    if _is_forwarded(raw) or LINUX in raw:
        return raw  # it is in that form already, or from a system that has another
    if '="' in raw:
        raw = TAG.sub(_single_quoted, raw)
    return GAP.sub(_without_gap, raw) if "\n" in raw or "> <" in raw else raw


def _is_forwarded(raw: str) -> bool:
    return raw.startswith("<Event xmlns='") and raw.find("<System>", 0, 120) > 0


def _single_quoted(tag: re.Match[str]) -> str:
    return ATTRIBUTE.sub(_attribute, tag[0]) if '"' in tag[0] else tag[0]


def _attribute(found: re.Match[str]) -> str:
    return "='" + found[1].replace("'", "&apos;") + "'"


def _without_gap(found: re.Match[str]) -> str:
    return found[1]


def parse_xml(record: bytes, settings: Settings) -> Row:
    """Make an event of one `<Event>`."""
    raw = as_forwarded(text_of(record))
    return {"_raw": raw, **tell_xml(raw, settings)}


# ---- classic text --------------------------------------------------------------------------------------------------

CLASSIC_TIME = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d\d):(\d\d)(\.\d+)? ([AP])M")
LOG_NAME = re.compile(r"^LogName=([^\r\n]*)", re.MULTILINE)
COMPUTER_NAME = re.compile(r"^ComputerName=([^\r\n]*)", re.MULTILINE)


def tell_classic(raw: str, settings: Settings) -> Row:
    """Return the time, host, source and sourcetype that an event in WinEventLog's text form tells."""
    told: Row = {}
    found = CLASSIC_TIME.match(raw)
    if found is not None:
        month, day, year, hour, minute, second, fraction, half = found.groups()
        hours = int(hour) % 12 + (12 if half == "P" else 0)
        parts = (int(year), int(month), int(day), hours, int(minute), int(second))
        told["_time"] = local_epoch(parts, float(fraction or 0), settings.timezone)
    computer = COMPUTER_NAME.search(raw)
    if computer is not None and computer[1]:
        told["host"] = computer[1]
    if settings.infer:
        told["sourcetype"] = "WinEventLog"
        log = LOG_NAME.search(raw)
        if log is not None and log[1]:
            told["source"] = "WinEventLog:" + log[1]
    return told


# ---- the readers ---------------------------------------------------------------------------------------------------


def _start(head: bytes, settings: Settings) -> dict[str, bool]:
    return {"classic": CLASSIC.search(head) is not None}


_WRONG_LINE = pcre2.compile(
    rb"\n(?:(?!<Event[\s>]|\r?\n|\z)|(?<!</Event>\n)(?<!</Event>\r\n)(?<!\n\n)(?<!\n\r\n))", jit=True
)
_INSIDE = pcre2.compile(rb"<Event[\s>](?<!\n<Event.)", pcre2.S, jit=True)
_OTHER_LINE = pcre2.compile(rb"\n(?!<Event[\s>]|\r?\n|\z)", jit=True)
_BEHIND = pcre2.compile(rb"</Event>(?!\r?\n|\z)", jit=True)
_LINUX = pcre2.compile(LINUX.encode(), jit=True)


def _sourcetypes(block: Block) -> frozenset[str] | None:
    """One event in XML a line, and none of Linux: what begins so and does not end is an event without a sourcetype."""
    data = block.data
    if START.match(data) is None or any(each.search(data) is not None for each in (_OTHER_LINE, _BEHIND, _LINUX)):
        return None
    return frozenset({"xmlwineventlog"})


def _cut(block: Block, records: list[bytes] | None) -> list[str] | None:
    """Return the texts of events, where all are events in XML."""
    data = block.data
    if records is None and _is_one_a_line(data):
        text = data.decode()
        texts = list(filter(None, (text.replace("\r\n", "\n") if "\r" in text else text).split("\n")))
        head = texts[0][: texts[0].find("<System>") + len("<System>")]
        alike = _is_forwarded(head) and all(map(methodcaller("startswith", head), texts))
        return texts if alike else list(map(as_forwarded, texts))
    records = block.records() if records is None else records
    if not all(record.endswith(END) and START.search(record) for record in records):
        return None
    return [as_forwarded(text_of(record)) for record in records]


def _is_one_a_line(data: bytes) -> bool:
    """Say whether each line is one event in XML, whole and alone, or empty; and all is UTF-8."""
    if START.match(data) is None or not data.rstrip(b"\r\n").endswith(END):
        return False
    if _WRONG_LINE.search(data) is not None or _BEHIND.search(data) is not None:
        return False
    return _INSIDE.search(data, 1) is None and is_utf8(data)


_TEXTS = Texts(_cut, _key_of, _told_of, _moments)


def _columns(block: Block, ask: Ask) -> TextColumns:
    return TextColumns(_TEXTS, ask)


@reader(
    "winevent_xml",
    "Windows event XML",
    _looks_xml,
    framing=WINDOWS,
    start=_start,
    sourcetypes=_sourcetypes,
    columns=_columns,
)
@reader("winevent_text", "Windows event text", _looks_classic, framing=WINDOWS, start=_start)
def parse(record: bytes, block: Block) -> Row:
    """Windows events as XML or text, one after the other, with whatever other lines stand between them."""
    settings = block.settings
    if record.endswith(END) and START.search(record) is not None:
        event = parse_xml(record, settings)
    elif CLASSIC.match(record):
        raw = text_of(record)
        event = {"_raw": raw, **tell_classic(raw, settings)}
    else:
        event = _parse_other(record, settings)
    if "sourcetype" in event:
        block.inferred[event["sourcetype"], event.get("source", "")] += 1
    return event


def _parse_other(record: bytes, settings: Settings) -> Row:
    if record.lstrip().startswith(b"<Event"):
        raise ValueError("an event without its end")
    raw = text_of(record)
    if record.startswith(b"{"):
        from splmini.events.json_text import tell_json

        return {"_raw": raw, **tell_json(raw, settings)}
    told = tell_line(raw, settings)
    if settings.infer and "sourcetype" not in told:
        told["sourcetype"] = sourcetype_from_name(settings.name)
    return {"_raw": raw, **told}
