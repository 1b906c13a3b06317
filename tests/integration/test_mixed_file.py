"""One raw file that mixes Sysmon XML, Security XML, text events and other lines is read whole."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import splmini

NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"


def sysmon(number: int, pretty: bool = False) -> str:
    """Return a Sysmon event, on one line as forwarders render it, or pretty-printed with double quotes."""
    gap, quote = ("\n  ", '"') if pretty else ("", "'")
    return gap.join(
        [
            f"<Event xmlns={quote}{NAMESPACE}{quote}>",
            f"<System><Provider Name={quote}Microsoft-Windows-Sysmon{quote}/><EventID>1</EventID>",
            f"<TimeCreated SystemTime={quote}2023-11-14T22:13:{number:02}.000000000Z{quote}/>",
            f"<EventRecordID>{number}</EventRecordID>",
            "<Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>ws1</Computer></System>",
            f"<EventData><Data Name={quote}Image{quote}>C:\\a\\b{number}.exe</Data></EventData></Event>",
        ]
    )


def security(number: int) -> str:
    """Return a Security event in XML."""
    return (
        f"<Event xmlns='{NAMESPACE}'><System><Provider Name='Microsoft-Windows-Security-Auditing'/>"
        f"<EventID>4624</EventID><TimeCreated SystemTime='2023-11-14T22:14:{number:02}.000000000Z'/>"
        "<Channel>Security</Channel><Computer>dc1</Computer></System>"
        f"<EventData><Data Name='TargetUserName'>user{number}</Data></EventData></Event>"
    )


def classic(number: int) -> str:
    """Return an event in WinEventLog's text form, with blank lines in its message."""
    return "\n".join(
        [
            f"11/14/2023 10:15:{number:02} PM",
            "LogName=Security",
            "EventCode=4625",
            "EventType=0",
            "ComputerName=dc2",
            "Message=An account failed to log on.",
            "",
            "Subject:",
            f"\tAccount Name:\t\tbad{number}",
        ]
    )


OTHERS = [
    "Nov 14 22:16:01 box sshd[7]: Failed password for root",
    '{"EventTime": "2023-11-14 22:16:03", "Channel": "System", "EventID": 7045, "Computer": "ws2", "ServiceName": "x"}',
    "2023-11-14T22:16:02Z something else entirely",
]
EXPECTED = {
    ("XmlWinEventLog", "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"): 8,
    ("XmlWinEventLog", "XmlWinEventLog:Security"): 6,
    ("WinEventLog", "WinEventLog:Security"): 6,
}


def mixed() -> str:
    """Return the text of the file: the kinds take turns."""
    parts = ["\ufeff" + sysmon(0)]
    for number in range(1, 7):
        parts += [security(number), classic(number), sysmon(number)]
        parts += OTHERS[number % 3 : number % 3 + 1]
    parts.append(sysmon(30, pretty=True))
    return "\n".join(parts) + "\n"


@pytest.fixture(scope="module")
def env() -> Any:
    """An environment with the built-in packs."""
    return splmini.Environment(now=1_700_100_000)


@pytest.mark.parametrize("block", [1 << 20, 4096, 700])
def test_every_event_is_counted(env: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """Every event has its own sourcetype and source, in whatever blocks the file is read."""
    monkeypatch.setattr("splmini.events._blocks.BLOCK_BYTES", block)
    path = tmp_path / "mixed.log"
    path.write_text(mixed(), "utf-8")
    rows = list(env.compile("search * | fields source sourcetype _raw _time").run(path))
    kinds = Counter((row["sourcetype"], row["source"]) for row in rows)
    assert {kind: kinds[kind] for kind in EXPECTED} == EXPECTED
    assert len(rows) == sum(EXPECTED.values()) + 6
    assert all("_time" in row for row in rows)


def test_each_kind_has_its_fields(env: Any, tmp_path: Path) -> None:
    """The add-on's fields come out of each kind, and a search over all of them finds each."""
    path = tmp_path / "mixed.log"
    path.write_text(mixed(), "utf-8")
    spl = "search EventCode IN (1, 4624, 4625) | stats count dc(host) as hosts by sourcetype EventCode"
    found = {(row["sourcetype"], row["EventCode"]): (row["count"], row["hosts"]) for row in env.compile(spl).run(path)}
    assert found == {
        ("XmlWinEventLog", "1"): (8, 1),
        ("XmlWinEventLog", "4624"): (6, 1),
        ("WinEventLog", "4625"): (6, 1),
    }
    (row,) = env.compile("search EventCode=4625 bad3 | table _time host Account_Name").run(path)
    assert row == {"_time": 1_700_000_103, "host": "dc2", "Account_Name": "bad3"}
