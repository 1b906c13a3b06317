"""Seeded events for the benchmarks: JSON lines, and Windows event XML as Splunk's forwarder renders it.

Both are written once into a cache folder outside the repository and found there again; the name of a file holds all
that it depends on. 1,000,000 JSON lines are about 680 MB, 500,000 events of XML about 650 MB.
"""

from __future__ import annotations

import getpass
import json
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

SEED = 20240501
START = 1_714_521_600.0
VERSION = 4
"""Changes whenever the generators do."""

_SYSTEM = (
    "svchost.exe",
    "conhost.exe",
    "cmd.exe",
    "powershell.exe",
    "rundll32.exe",
    "regsvr32.exe",
    "wmiprvse.exe",
    "taskhostw.exe",
    "explorer.exe",
    "services.exe",
    "lsass.exe",
    "msiexec.exe",
    "schtasks.exe",
    "net.exe",
)
_RARE = "regsvcs.exe"
_RARE_SHARE = 0.001
_EVENTS = ((1, 0.35), (3, 0.25), (7, 0.2), (11, 0.12), (13, 0.08))


def folder() -> Path:
    """Return the folder that generated data lies in: `SPLMINI_BENCH_DATA`, or one in the temporary folder."""
    chosen = os.environ.get("SPLMINI_BENCH_DATA")
    path = Path(chosen) if chosen else Path(tempfile.gettempdir()) / f"splmini-bench-{getpass.getuser()}"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def json_lines(count: int) -> Path:
    """Return a file of `count` flat events as JSON lines, made where it is not there yet."""
    return made(f"events-{count}-v{VERSION}.jsonl", lambda: map(json_line, events(count)))


def sysmon_xml(count: int) -> Path:
    """Return a file of `count` Sysmon events in XML, one a line."""
    return made(f"sysmon-{count}-v{VERSION}.xml", lambda: map(xml_line, events(count)))


def repeated(source: Path, times: int) -> Path:
    """Return a file that holds another one several times over (for memory, not for results)."""
    target = source.with_name(f"{source.stem}-x{times}{source.suffix}")
    if not target.exists():
        temporary = target.with_suffix(".part")
        with temporary.open("wb") as out:
            for _ in range(times):
                with source.open("rb") as file:
                    while piece := file.read(16 << 20):
                        out.write(piece)
        temporary.replace(target)
    return target


def made(name: str, lines: Callable[[], Iterator[str]]) -> Path:
    """Return the file of a name, which is written where it is not there yet."""
    target = folder() / name
    if not target.exists():
        temporary = target.with_suffix(".part")
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines())
        temporary.replace(target)
    return target


# ---- events --------------------------------------------------------------------------------------------------------


def events(count: int) -> Iterator[dict[str, Any]]:
    """Yield flat events of a network of Windows machines, the same ones every time."""
    rng = random.Random(SEED)
    names = [*_SYSTEM, *(f"app{number:03d}.exe" for number in range(240))]
    weights = [40 if name in _SYSTEM else 1 for name in names]
    hosts = [f"WS-{number:04d}.corp.example" for number in range(400)]
    users = [f"CORP\\user{number:03d}" for number in range(300)]
    identifiers, shares = zip(*_EVENTS, strict=True)
    moment = START
    for start in range(0, count, 4096):
        size = min(4096, count - start)
        images = rng.choices(names, weights, k=size)
        parents = rng.choices(names, weights, k=size)
        for index, event_id in enumerate(rng.choices(identifiers, shares, k=size)):
            moment += rng.random() * 0.2
            image = _RARE if rng.random() < _RARE_SHARE else images[index]
            yield _event(
                rng,
                start + index,
                round(moment, 3),
                event_id,
                image,
                parents[index],
                hosts[int(rng.random() * 400)],
                users[int(rng.random() * 300)],
            )


def _event(
    rng: random.Random, number: int, moment: float, event_id: int, image: str, parent: str, host: str, user: str
) -> dict[str, Any]:
    bits = rng.getrandbits(128)
    arguments = f"/run {bits & 0xFFFFF:x} --config C:\\ProgramData\\App\\{bits >> 100:x}.ini"
    return {
        "_time": moment,
        "sourcetype": "xmlwineventlog",
        "source": "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational",
        "host": host,
        "dest": host,
        "user": user,
        "EventID": event_id,
        "EventRecordID": number,
        "process_name": image,
        "process_id": (bits >> 20) & 0xFFFF,
        "process_path": "C:\\Windows\\System32\\" + image,
        "process": f'"C:\\Windows\\System32\\{image}" {arguments}',
        "parent_process_name": parent,
        "parent_process_id": (bits >> 40) & 0xFFFF,
        "parent_process_path": "C:\\Windows\\System32\\" + parent,
        "process_guid": f"{{{bits:032X}}}",
        "process_hash": f"{bits ^ 0x5A5A5A5A5A5A:032x}",
        "src_ip": f"10.{bits >> 8 & 0xFF}.{bits >> 16 & 0xFF}.{bits & 0xFF}",
        "src_port": 49152 + (bits & 0x3FFF),
        "dest_ip": f"172.16.{bits >> 60 & 0xFF}.{bits >> 68 & 0xFF}",
        "dest_port": (443, 80, 53, 8080)[bits >> 80 & 3],
        "transport": "tcp",
        "vendor_product": "Microsoft Sysmon",
        "bytes": bits >> 90 & 0xFFFF,
        "duration": (bits >> 96 & 0xFFF) / 100,
    }


_XML_ONLY = frozenset({"parent_process_path", "process_hash", "vendor_product"})
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def json_line(event: dict[str, Any]) -> str:
    """Return an event as one line of JSON."""
    return _encode({name: value for name, value in event.items() if name not in _XML_ONLY}) + "\n"


_HEAD = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
    "Name='Microsoft-Windows-Sysmon' Guid='{{5770385f-c22a-43e0-bf4c-06f5698ffbd9}}'/><EventID>{event_id}</EventID>"
    "<Version>5</Version><Level>4</Level><Task>{event_id}</Task><Opcode>0</Opcode><Keywords>0x8000000000000000"
    "</Keywords><TimeCreated SystemTime='{time}Z'/><EventRecordID>{number}</EventRecordID><Correlation/>"
    "<Execution ProcessID='3216' ThreadID='3964'/><Channel>Microsoft-Windows-Sysmon/Operational</Channel>"
    "<Computer>{host}</Computer><Security UserID='S-1-5-18'/></System><EventData>"
)


def xml_line(event: dict[str, Any]) -> str:
    """Return an event as Sysmon would log it, on one line."""
    time = datetime.fromtimestamp(event["_time"], timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
    head = _HEAD.format(event_id=event["EventID"], time=time, number=event["EventRecordID"], host=event["host"])
    data = "".join(f"<Data Name='{name}'>{escape(str(value))}</Data>" for name, value in _data(event, time))
    return f"{head}{data}</EventData></Event>\n"


def _data(event: dict[str, Any], time: str) -> Iterator[tuple[str, Any]]:
    yield "RuleName", "-"
    yield "UtcTime", time.replace("T", " ")[:-3]
    yield "ProcessGuid", event["process_guid"]
    yield "ProcessId", event["process_id"]
    yield "Image", event["process_path"]
    identifier = event["EventID"]
    if identifier == 1:
        yield "CommandLine", event["process"]
        yield "CurrentDirectory", "C:\\Windows\\System32\\"
        yield "IntegrityLevel", "High"
        yield "Hashes", f"SHA256={event['process_hash']}{event['process_hash']},IMPHASH={event['process_hash']}"
        yield "ParentProcessGuid", "{" + event["process_guid"][16:33] + event["process_guid"][1:16] + "}"
        yield "ParentProcessId", event["parent_process_id"]
        yield "ParentImage", event["parent_process_path"]
        yield "ParentCommandLine", event["parent_process_path"] + " -k netsvcs"
    elif identifier == 3:
        yield from (("Protocol", "tcp"), ("Initiated", "true"), ("SourceIsIpv6", "false"))
        yield from (("SourceIp", event["src_ip"]), ("SourceHostname", event["host"]), ("SourcePort", event["src_port"]))
        yield from (("DestinationIsIpv6", "false"), ("DestinationIp", event["dest_ip"]))
        yield from (("DestinationHostname", "-"), ("DestinationPort", event["dest_port"]))
    elif identifier == 7:
        yield "ImageLoaded", event["parent_process_path"].replace(".exe", ".dll")
        yield "Hashes", f"SHA256={event['process_hash']}{event['process_hash']}"
        yield from (("Signed", "true"), ("Signature", "Microsoft Windows"), ("SignatureStatus", "Valid"))
    elif identifier == 11:
        yield "TargetFilename", f"C:\\Users\\Public\\{event['process_hash']}.tmp"
        yield "CreationUtcTime", time.replace("T", " ")[:-3]
    else:
        yield "EventType", "SetValue"
        yield "TargetObject", f"HKLM\\SOFTWARE\\App\\{event['process_hash']}"
        yield "Details", f"DWORD (0x{event['process_id']:08x})"
    yield "User", event["user"]
