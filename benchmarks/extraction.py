"""Lazy extraction: a search that needs three fields of a 60-field XML event against one that extracts all of them.

    python -m benchmarks.extraction [SCALE]

The rows are compared before the times: the three fields have to be the same, extracted alone or with all others.
"""

from __future__ import annotations

import random
import sys
import time
from typing import Any

import splmini
from benchmarks.generate import SEED

EVENTS = 20_000
RUNS = 3
THREE = ("EventCode", "Image", "user")
LAZY = "search * | fields EventCode Image user"
ALL = "search * | table *"
_NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
_DATA = 42
"""With the fields of <System> and Sysmon's own these make about 60 fields of the raw text."""


def wide_events(count: int) -> list[dict[str, Any]]:
    """Return Sysmon events, as Splunk holds them, whose XML has about sixty fields."""
    source = random.Random(SEED)
    return [_wide_event(number, source) for number in range(count)]


def _wide_event(number: int, source: random.Random) -> dict[str, Any]:
    name = source.choice(("cmd", "net", "svchost", "regsvcs", "powershell"))
    data = {
        "UtcTime": f"2024-05-01 00:{number // 60 % 60:02}:{number % 60:02}.000",
        "ProcessId": source.randrange(99999),
        "Image": f"C:\\Windows\\System32\\{name}.exe",
        "CommandLine": f"{name}.exe /c {source.randrange(10**9)}",
        "User": f"CORP\\user{source.randrange(50)}",
        "ParentImage": "C:\\Windows\\explorer.exe",
    } | {f"Value{each}": source.randrange(10**6) for each in range(_DATA)}
    rendered = "".join(f"<Data Name='{key}'>{value}</Data>" for key, value in data.items())
    raw = (
        f"<Event xmlns='{_NAMESPACE}'><System><Provider Name='Microsoft-Windows-Sysmon' Guid='{{5770385F}}'/>"
        "<EventID>1</EventID><Version>5</Version><Level>4</Level><Task>1</Task><Opcode>0</Opcode>"
        "<Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime='2024-05-01T00:00:00.000000000Z'/>"
        f"<EventRecordID>{number}</EventRecordID><Correlation/><Execution ProcessID='4' ThreadID='8'/>"
        "<Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>ws1.corp.example</Computer>"
        f"<Security UserID='S-1-5-18'/></System><EventData>{rendered}</EventData></Event>"
    )
    return {
        "_raw": raw,
        "_time": 1_714_521_600 + number,
        "host": "ws1",
        "sourcetype": "XmlWinEventLog",
        "source": "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational",
    }


def extraction(scale: float = 1.0) -> dict[str, Any]:
    """Measure both searches; raises AssertionError where they do not give the same three fields."""
    events = wide_events(max(int(EVENTS * scale), 100))
    env = splmini.Environment()
    lazy, everything = env.compile(LAZY), env.compile(ALL)
    few = [{name: row.get(name) for name in THREE} for row in lazy.run(events)]
    whole = everything.run(events)
    same = [{name: row.get(name) for name in THREE} for row in whole]
    assert few == same, "three fields extracted alone are not those extracted with all others"
    assert all(value is not None for value in few[0].values()), "a field is missing"
    seconds = {"three fields": _best(lazy, events), "all fields": _best(everything, events)}
    return {
        "seconds": seconds,
        "events": len(events),
        "fields": len(whole[0]),
        "ratio": seconds["all fields"] / seconds["three fields"],
    }


def _best(search: Any, events: list[dict[str, Any]]) -> float:
    best = float("inf")
    for _ in range(RUNS):
        started = time.process_time()
        search.run(events)
        best = min(best, time.process_time() - started)
    return best


def main() -> None:
    """Print the figures."""
    found = extraction(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
    for name, seconds in found["seconds"].items():
        print(f"{name:14} {seconds:8.3f} s   {seconds / found['events'] * 1e6:8.1f} µs an event")
    print(f"all {found['fields']} fields take {found['ratio']:.1f} times as long as three")


if __name__ == "__main__":
    main()
