"""Events that are their text give the rows as columns that they give when each is parsed by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import splmini
from splmini.events import Reads, Report, Tables, blocks
from splmini.events.windows import as_forwarded
from splmini.operators import ColumnBatch

ENV = splmini.Environment()
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SYSTEM = (
    "<System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>{code}</EventID>"
    "<TimeCreated SystemTime='2024-05-01T00:00:0{code}.1234567Z'/>"
    "<Channel>{channel}</Channel><Computer>{host}</Computer></System>"
)
DATA = "<EventData><Data Name='Image'>C:\\x\\{image}</Data><Data Name='User'>D\\{user}</Data></EventData>"
HEADS = ("<Event xmlns='http://s'>", '<Event xmlns="http://s">', "<Event>", "<Event\txmlns='http://s'>")
CHANNELS = ("Microsoft-Windows-Sysmon/Operational", "Security", "", "Linux-Sysmon/Operational")
STRANGE = ("", "\n", " ", "<Event ", "</Event>", "\r\n", "<Channel>", "<Computer>a</Computer>")


@st.composite
def events(draw: Any) -> str:
    """An event in XML, mostly as it is forwarded."""
    plain = draw(st.integers(0, 4))
    system = SYSTEM.format(
        code=draw(st.sampled_from((1, 3, 8))),
        channel=draw(st.sampled_from(CHANNELS)),
        host=draw(st.sampled_from(("h1", "h2", ""))),
    )
    data = DATA.format(image=draw(st.sampled_from(("a.exe", "ü.exe", "b&amp;c"))), user=draw(st.sampled_from("xy")))
    if plain:
        return f"{HEADS[0]}{system}{data}</Event>"
    strange = draw(st.sampled_from(STRANGE))
    head = draw(st.sampled_from(HEADS))
    parts = draw(st.permutations((system, data)))
    return f"{head}{parts[0]}{strange}{parts[1]}{draw(st.sampled_from(('</Event>', '', '</Event> ')))}"


LINES = st.one_of(
    events(),
    events(),
    events(),
    st.sampled_from(("", "some text", " ", "<Events>", "</Events>", "May  1 00:00:00 h x: <Event", '{"a":1}')),
)
SEARCHES = st.sampled_from(
    (
        "* | stats count by process_name, user",
        "* | stats count min(_time) max(_time) values(host) by EventCode source sourcetype",
        "EventCode=1 | stats count first(user) last(user) list(process_name) by host",
        "tag=process OR tag=network | stats count values(eventtype) by tag",
        "process_name=a.exe | timechart count by user",
        "user=x | top process_name",
        "* | eval who=upper(user) | where isnotnull(process_name) | stats count list(who) by process_name",
        "* | dedup user EventCode | sort - _time | stats list(process_name) first(host) by user",
        "earliest=1714521603 * | stats count by EventCode",
        "index=* NOT user=x | stats count by host index",
        "| tstats count from datamodel=Endpoint.Processes by Processes.process_name Processes.user _time",
    )
)


@FEW
@given(st.lists(LINES, min_size=1, max_size=12), st.sampled_from(("\n", "\r\n")), SEARCHES, st.booleans())
def test_windows_events(tmp_path: Path, lines: list[str], ending: str, search: str, named: bool) -> None:
    file = tmp_path / "events.xml"
    system, data = SYSTEM.format(code=1, channel="Security", host="h1"), DATA.format(image="a", user="x")
    first = f"{HEADS[0]}{system}{data}</Event>"
    file.write_bytes(ending.join([first, *lines]).encode())
    options: dict[str, Any] = {"host": "given", "sourcetype": "XmlWinEventLog"} if named else {}
    compiled = ENV.compile(search)
    fast = compiled.run(file, order="given", **options)
    plain = compiled.run(file, order="given", optimize=False, **options)
    assert list(map(dict, fast)) == list(map(dict, plain)), search
    assert fast.stats["scanned"] >= plain.stats["scanned"]


@given(st.lists(LINES, min_size=1, max_size=12), st.sampled_from(("\n", "\r\n")))
def test_texts_are_those_of_the_events(lines: list[str], ending: str) -> None:
    """What is cut at the ends of lines is what is cut and parsed event by event."""
    data = ending.join([f"{HEADS[0]}<System></System></Event>", *lines]).encode()
    (block,) = blocks(data, format="winevent_xml")
    kept: list[Any] = []
    reads = Reads(None, False, lambda table, given: kept.extend(table.column("_raw")) or table)  # type: ignore[func-returns-value]
    found = Tables(lambda told: reads).of(block, Report(), lambda: None)
    texts = [event["_raw"] for event in block.events(Report())]
    if found is not None:
        assert all(isinstance(each, ColumnBatch) for each in found)
        assert sorted(kept) == sorted(map(as_forwarded, texts))
        assert len(kept) == len(texts)
