"""What is left out before anything is parsed could never have matched: both plans give the same rows, in order."""

from __future__ import annotations

import json
from functools import partial, reduce
from pathlib import Path
from typing import Any
from unittest import mock
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import splmini
from splmini.engine import literal_search, screening
from splmini.engine import sweep as sweep_engine
from splmini.language import tree
from splmini.plan.literals import Computed, Constant, Kept, Unknown, required_literals

ENV = splmini.Environment()
WORDS = (
    "cmd.exe",
    "CMD.EXE",
    "kiss",
    "\u212aiss",
    "ki\u017f\u017f",
    "K\u0130SS",
    "k\u0131ss",
    "a\\b",
    'say "hi"',
    "x/y",
    "tab\there",
    "caf\u00e9",
    "10.0.0.1",
    "007",
    "7",
    "a&b<c",
    "CASE(kiss)",
    "",
)
IMAGES = ("C:\\Windows\\cmd.exe", "C:\\KISS.exe", "cmd.exe", "D:\\\u212aiss.exe", "/bin/kiss")
PATTERNS = (
    "cmd.exe",
    "*cmd*",
    "*KISS*",
    "kiss",
    "k*s",
    "a\\\\b",
    "*hi*",
    "x/y",
    "*here",
    "caf\u00e9",
    "*\u00e9",
    "7",
    "10.0.0.0/8",
    "*b<c*",
    "nosuch*",
)
FIELDS = ("Image", "note", "process_name", "user")
EVENTS = st.lists(
    st.fixed_dictionaries(
        {"EventID": st.sampled_from((1, 3, 5))},
        optional={"Image": st.sampled_from(IMAGES), "note": st.sampled_from(WORDS), "user": st.sampled_from(WORDS)},
    ),
    max_size=8,
)
TERMS = st.one_of(
    st.tuples(st.sampled_from(FIELDS), st.sampled_from(("=", "!=")), st.sampled_from(PATTERNS)).map(
        lambda part: f'{part[0]}{part[1]}"{part[2]}"'
    ),
    st.sampled_from(
        (
            '"cmd.exe"',
            "kiss",
            "EventID=1",
            "NOT kiss",
            "cmd.exe OR EventID=3",
            'note IN ("kiss", "x*")',
            "note=CASE(kiss)",
            "note=TERM(kiss)",
            "Image=CASE(*KISS*)",
            'note="CASE(kiss)"',
        )
    ),
)
SEARCHES = st.lists(TERMS, min_size=1, max_size=3).map(" ".join)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def both(search: str, events: Any) -> None:
    """Run a search optimised and plain, and hold the rows equal."""
    compiled = ENV.compile(search)
    fast, plain = compiled.run(events, order="given"), compiled.run(events, order="given", optimize=False)
    assert [dict(row) for row in fast] == [dict(row) for row in plain], search


@FEW
@given(EVENTS, SEARCHES, st.booleans())
def test_json_lines(tmp_path: Path, events: list[dict[str, Any]], search: str, ascii_only: bool) -> None:
    """JSON lines, with and without \\u escapes, as Sysmon events of no `_raw`."""
    file = tmp_path / "events.json"
    common = {"sourcetype": "XmlWinEventLog", "source": "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"}
    file.write_text("".join(json.dumps(common | each, ensure_ascii=ascii_only) + "\n" for each in events), "utf-8")
    both(search, file)


@FEW
@given(EVENTS, SEARCHES, st.booleans())
def test_windows_xml(tmp_path: Path, events: list[dict[str, Any]], search: str, numeric: bool) -> None:
    """Windows event XML, through the fields of the pack, with entities as names or numbers."""
    file = tmp_path / "events.xml"
    file.write_text("".join(_xml(each, numeric) + "\n" for each in events), "utf-8")
    both(search, file)
    both(search, [{"_raw": _xml(each, numeric), "sourcetype": "XmlWinEventLog"} for each in events])


def _xml(event: dict[str, Any], numeric: bool) -> str:
    def text(value: str) -> str:
        return escape(value).replace("k", "&#107;") if numeric else escape(value)

    data = "".join(f"<Data Name='{name}'>{text(value)}</Data>" for name, value in event.items() if name != "EventID")
    system = f"<EventID>{event['EventID']}</EventID><Channel>Microsoft-Windows-Sysmon/Operational</Channel>"
    return f"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>{system}</System><EventData>{data}</EventData></Event>"


OTHERS = st.lists(
    st.sampled_from(
        (
            "cmd.exe said hi",
            "<Event>cmd.exe",
            "05/01/2024 10:00:00 AM\nLogName=Security\nEventCode=1\nImage=C:\\cmd.exe",
            "<Event><System><EventID>1</EventID><Channel>Linux-Sysmon/Operational</Channel></System><EventData>"
            '<Data Name="Image">/bin/kiss</Data></EventData></Event>',
            "<14>May  1 10:00:00 host <Event xmlns='x'><System><EventID>1</EventID></System></Event>",
            "",
        )
    ),
    max_size=2,
)


@FEW
@given(EVENTS, OTHERS, SEARCHES, st.booleans())
def test_mixed_lines(
    tmp_path: Path, events: list[dict[str, Any]], others: list[str], search: str, behind: bool
) -> None:
    """Windows event XML among lines of another kind, which may be events of another sourcetype."""
    file = tmp_path / "events.xml"
    lines = [_xml(each, False) for each in events]
    file.write_text("\n".join([*lines, *others] if behind else [*lines[:1], *others, *lines[1:]]) + "\n", "utf-8")
    both(search, file)


@FEW
@given(EVENTS, st.sampled_from(FIELDS), st.sampled_from(PATTERNS))
def test_tstats(tmp_path: Path, events: list[dict[str, Any]], field: str, pattern: str) -> None:
    """What a data model's where implies is no less sound."""
    search = (
        f'| tstats count from datamodel=Endpoint.Processes where Processes.{field}="{pattern}" by Processes.{field}'
    )
    both(search, [{"_raw": _xml(each, False), "sourcetype": "XmlWinEventLog"} for each in events])
    file = tmp_path / "events.xml"
    file.write_text("".join(_xml(each, False) + "\n" for each in events), "utf-8")
    both(search, file)


STATED = st.one_of(
    SEARCHES,
    st.tuples(st.sampled_from(FIELDS[:3]), st.sampled_from(PATTERNS)).map(
        lambda part: (
            f'| tstats count from datamodel=Endpoint.Processes where Processes.{part[0]}="{part[1]}"'
            f" by Processes.{part[0]}"
        )
    ),
    st.just("| tstats count from datamodel=Endpoint.Processes by Processes.process_name"),
    st.just("index=* source=*Sysmon* EventID=1 | stats count by Image"),
)
FORMS = st.sampled_from(("json", "escaped json", "xml", "numeric xml", "raw", "dicts"))


@settings(FEW, max_examples=120)
@given(EVENTS, st.lists(STATED, min_size=2, max_size=7), FORMS, st.booleans(), st.booleans())
def test_a_sweep_screens_events(
    tmp_path: Path, events: list[dict[str, Any]], searches: list[str], form: str, often: bool, library: bool
) -> None:
    """A sweep gives what each search gives alone by its plain plan, also where classes of events are looked at again
    and again, and without the library that finds literals."""
    given_events = _as(form, events, tmp_path)
    small = mock.patch.multiple(screening, FEW=1, OFTEN=1 if often else 4000, SAMPLE=1 if often else 400)
    found = literal_search.ahocorasick_rs if library else None
    with small, mock.patch.object(sweep_engine, "CHUNK", 2), mock.patch.object(literal_search, "ahocorasick_rs", found):
        hits = splmini.sweep(searches, given_events, ENV, order="given")
    for search, hit in zip(searches, hits, strict=True):
        plain = ENV.compile(search).run(given_events, order="given", optimize=False)
        assert hit.outcome is not None
        assert [dict(row) for row in hit.outcome.results] == [dict(row) for row in plain], search


def _as(form: str, events: list[dict[str, Any]], folder: Path) -> Any:
    """The events as a file, or as dicts with or without their text."""
    common = {"sourcetype": "XmlWinEventLog", "source": "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"}
    if form == "raw":
        return [{"_raw": _xml(each, False), "sourcetype": "XmlWinEventLog"} for each in events]
    if form == "dicts":
        return [common | each for each in events]
    xml = form.endswith("xml")
    lines = [
        _xml(each, form == "numeric xml") if xml else json.dumps(common | each, ensure_ascii=form == "escaped json")
        for each in events
    ]
    file = folder / ("events.xml" if xml else "events.json")
    file.write_text("".join(line + "\n" for line in lines), "utf-8")
    return file


def _split() -> Computed:
    part = tree.Call("split", (tree.FieldRef("Image"), tree.String("\\")))
    return Computed(tree.Call("mvindex", (part, tree.Unary("-", tree.Number("1")))))


def _joined(*parts: str) -> Computed:
    """Fields (of letters alone) and texts, joined."""
    nodes: list[tree.Node] = [tree.FieldRef(part) if part.isalpha() else tree.String(part) for part in parts]
    return Computed(reduce(partial(tree.Binary, "."), nodes))


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        ((Kept(),), {"cmd.exe"}),
        ((Kept(), _split()), {"cmd.exe"}),
        ((Kept(), Constant("other")), {"cmd.exe"}),
        ((Kept(), Constant("CMD.exe")), None),
        ((Kept(), Unknown()), None),
        ((Computed(tree.Call("urldecode", (tree.FieldRef("Image"),))),), None),
        ((Computed(tree.Call("coalesce", (tree.FieldRef("Image"), tree.String("cmd.exe")))),), None),
        ((Computed(tree.Call("replace", (tree.FieldRef("Image"), tree.String("a"), tree.String("b")))),), None),
        ((_joined('"', "Image", '"', " ", "args"),), {"cmd.exe"}),
        ((_joined("Image", " ", "args"), _split()), {"cmd.exe"}),
        ((_joined("Image", "args"),), None),
        ((_joined("Image", "", "args"),), None),
        ((_joined("Image", "m ", "args"),), None),
        ((_joined("Image", " \u212a", "args"),), None),
        ((_joined("cmd.exe", " ", "Image"),), None),
        ((_joined("Image", " ", "path"),), None),
    ],
)
def test_ways(ways: tuple[Any, ...], expected: set[str] | None) -> None:
    """A field gives a literal only where every way to its value keeps the bytes of the record."""

    def of(name: str) -> tuple[Any, ...]:
        return ways if name == "process_name" else (Unknown(),) if name == "path" else (Kept(),)

    found = required_literals(tree.FieldComparison("process_name", "=", "cmd.exe"), of)
    assert found == ([] if expected is None else [frozenset(expected)])
