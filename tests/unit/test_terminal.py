"""Results as a table for a terminal: which columns, how wide, how times read."""

from __future__ import annotations

from typing import Any

import pytest

import splmini
from splmini.results import Results, View
from splmini.results.terminal import columns, terminal_table

EVENT = {
    "_time": 1767225600,
    "_raw": "user=bob action=failure " * 8,
    "host": "h",
    "source": "/var/log/auth",
    "user": "bob",
    "sourcetype": "auth",
    "action": "failure",
    "bytes": 12,
}
CHOSEN = [
    ("*", ["_time", "host", "sourcetype", "source", "_raw"]),
    ("action=failure user=*", ["_time", "action", "user", "host", "sourcetype", "source", "_raw"]),
    (
        '* | eval size=bytes | where user="bob"',
        ["_time", "size", "bytes", "user", "host", "sourcetype", "source", "_raw"],
    ),
    ("* | table user bytes", ["user", "bytes"]),
    ("* | stats count by user", ["user", "count"]),
]


@pytest.mark.parametrize(("search", "names"), CHOSEN, ids=[search for search, _ in CHOSEN])
def test_columns(search: str, names: list[str]) -> None:
    """Events show what the search names and where they come from; the rows of other commands show all they have."""
    assert columns(splmini.search(search, [EVENT])) == names


def test_events_without_a_text_show_every_field() -> None:
    """Where the fields are all that an event has, none is left out."""
    event = {name: value for name, value in EVENT.items() if name != "_raw"}
    assert {"bytes", "user", "action"} <= set(columns(splmini.search("*", [EVENT, event])))


@pytest.mark.parametrize(
    ("zone", "time", "text"),
    [
        ("UTC", 1767225600, "2026-01-01T00:00:00Z"),
        ("Europe/Berlin", 1767225600.5, "2026-01-01T01:00:00.500+01:00"),
        ("UTC", -86400, "1969-12-31T00:00:00Z"),
        ("UTC", 1e18, "1000000000000000000"),
    ],
)
def test_times(zone: str, time: Any, text: str) -> None:
    """`_time` is an ISO time with its zone, before 1970 as well; what no calendar holds stays a number."""
    view = View(timezone=splmini.Environment(timezone=zone).timezone)
    assert terminal_table(Results([{"_time": time}], ["_time"], view=view)).text.splitlines()[-1] == text


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 200])
def test_no_line_is_wider(width: int) -> None:
    """Lines fit, the time whole; what a table leaves out or cuts is told."""
    table = terminal_table(splmini.search("action=failure user=*", [EVENT]), width)
    lines = table.text.splitlines()
    assert max(map(len, lines)) <= width
    assert lines[2].startswith("2026-01-01T00:00:00Z")
    shown = len(lines[0].split())
    assert table.hidden == len(splmini.search("*", [EVENT]).fields) - shown
    assert table.cut == any("…" in line for line in lines)
    if width >= 40:
        assert "action" in lines[0].split()
    if width >= 60:
        assert {"_raw", "action"} <= set(lines[0].split())


def test_nothing_is_cut_without_need() -> None:
    """A table that fits, or fields that were asked for, are whole."""
    results = splmini.search("* | table user bytes", [EVENT])
    assert (terminal_table(results, 80).hidden, terminal_table(results, 80).cut) == (0, False)
    assert str(EVENT["_raw"]).rstrip() in terminal_table(splmini.search("*", [EVENT]), 0, ["_raw"]).text


def test_windows_xml_is_told_on_one_line() -> None:
    """Of an event of Windows the names and values are shown; its text is as it is in every other form."""
    raw = "<Event xmlns='x'><System><EventID>1</EventID></System><D Name='Image'>a.exe</D><D Name='User'>u</D></Event>"
    found = splmini.search("*", [{"_raw": raw}])
    assert "EventID=1 Image=a.exe User=u" in found.to_terminal(80).text
    assert "<Event" not in found.to_terminal(80).text
    assert raw in found.to_csv()
    assert "<a>" in splmini.search("*", [{"_raw": "<a>no event</a>"}]).to_terminal(80).text
