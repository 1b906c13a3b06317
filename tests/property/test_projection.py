"""JSON lines decoded with only the fields that a search needs give the rows that they give when decoded whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import splmini
from splmini.engine.filters import Verdicts, keep, keep_pairs
from splmini.events import Settings, projectable
from splmini.events._framing import split_lines
from splmini.events._projection import project, tabulate
from splmini.operators import Row

ENV = splmini.Environment()
FEW = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
VALUES = st.sampled_from(
    (
        "1",
        "1.0",
        "-0",
        "1e3",
        "1e999",
        "true",
        "null",
        '"1"',
        '""',
        '"a"',
        '"A\\u0062"',
        '"\\ud800"',
        "[]",
        "[1]",
        '["a","b"]',
        "{}",
        '{"x":1}',
        "99999999999999999999",
        "NaN",
        '"caf\u00e9"',
    )
)
KEYS = st.sampled_from(
    ("user", "EventID", "other", "x.y", "_time", "_raw", "event", "result", "Records", "source", "index")
)
MEMBERS = st.lists(st.tuples(KEYS, VALUES), max_size=6)
HEAD = '"sourcetype":"st","user":"u","EventID":3,"_time":5'
LINES = st.lists(
    st.one_of(
        MEMBERS.map(lambda pairs: "{" + ",".join([HEAD, *(f'"{name}":{value}' for name, value in pairs)]) + "}"),
        MEMBERS.map(lambda pairs: "{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}"),
        st.sampled_from(
            (
                "[1]",
                "no json",
                "{",
                f"{{{HEAD}}} {{{HEAD}}}",
                f"[{{{HEAD}}}]",
                "  ",
                '{"_time":"2024-05-01"}',
                f'{{"result":{{{HEAD}}}}}',
                f'{{"event":{{{HEAD}}},"time":1}}',
                f'{{"Records":[{{{HEAD}}}]}}',
                '{"sourcetype":"st","user":"u","EventID":1,"_time":"2024-05-01T00:00:00Z"}',
            )
        ),
    ),
    max_size=12,
)
SEARCHES = st.sampled_from(
    (
        "EventID=* | stats count values(user) max(_time) by EventID",
        "user=u EventID=3 | stats count by user _time",
        "NOT user=a | table user EventID",
        "EventID>1 sourcetype=st | stats dc(other) as d count by user",
        "user!=1 | stats list(x.y) count by source",
        "| stats count by user",
        "index=1 EventID=3 | stats count by user",
        "index=* | stats count values(index) by EventID",
        "EventID=3 user=u",
        "index=1 user=u NOT other=1",
        "EventID=3 | head 2",
        "earliest=1 latest=100 user=* | stats count min(_time)",
        "EventID=* | timechart span=1y count by user",
        "user=* | timechart max(EventID) dc(user)",
        "| chart count over user by EventID",
        "EventID=* | chart sum(EventID) over _time span=2 by index",
        "EventID=* | top user by EventID",
        "EventID=* | stats sum(eval(EventID+_time)) as s count by user",
    )
)


def both(search: str, events: Any, **options: Any) -> None:
    """Run a search optimised and plain, and hold rows and messages equal."""
    compiled = ENV.compile(search)
    fast = compiled.run(events, order="given", **options)
    plain = compiled.run(events, order="given", optimize=False, **options)
    assert list(map(dict, fast)) == list(map(dict, plain)), search
    assert fast.stats["scanned"] >= fast.stats["parsed"]


@FEW
@given(LINES, SEARCHES, st.booleans())
def test_projected_lines(tmp_path: Path, lines: list[str], search: str, named: bool) -> None:
    """Odd values, envelopes, broken lines and repeated keys among lines that can be projected."""
    file = tmp_path / "events.json"
    file.write_bytes("\n".join([f"{{{HEAD}}}", *lines]).encode("utf-8"))
    both(search, file, **({"sourcetype": "other"} if named else {}))


@FEW
@given(st.lists(st.binary(max_size=12), max_size=6), SEARCHES)
def test_bytes_that_are_no_text(tmp_path: Path, pieces: list[bytes], search: str) -> None:
    """Bytes that are not UTF-8, in values that nobody asks for, too."""
    file = tmp_path / "events.json"
    head = HEAD.encode()
    file.write_bytes(b"\n".join([b"{%s}" % head, *(b'{%s,"other":"%s"}' % (head, each) for each in pieces)]))
    both(search, file)


BOUNDARIES = st.sampled_from(("\n", "\n", "\n", "", " ", "\n\n", "\r\n", " \n", "\n ", ",\n", "\n\n\n"))
OBJECTS = st.one_of(
    st.just(f"{{{HEAD}}}"),
    MEMBERS.map(lambda pairs: "{" + ",".join([HEAD, *(f'"{name}":{value}' for name, value in pairs)]) + "}"),
    st.sampled_from(
        (
            f"{{\n{HEAD}}}",
            f"{{{HEAD}\n}}",
            f'{{{HEAD},"x":{{}}\n}}',
            f'{{{HEAD},"x":[{{}},\n{{}}]}}',
            f'{{{HEAD},"x":"}}{{"}}',
            f'{{{HEAD},"x":"}}\n{{"}}',
            f'{{"x":[{{}}],{HEAD}}}',
            "[]",
            "1",
            "{}",
        )
    ),
)


@FEW
@given(st.lists(st.tuples(OBJECTS, BOUNDARIES), min_size=1, max_size=8), st.booleans())
def test_blocks_decoded_whole(pieces: list[tuple[str, str]], indexed: bool) -> None:
    """A block that is decoded whole gives the events of its lines, or is left to those who look at each line."""
    data = "".join(text for piece in pieces for text in piece).encode("utf-8", "surrogatepass")
    keys = frozenset({"user", "EventID", "_time", "sourcetype", *(("index",) if indexed else ())})
    given_settings = Settings(index="main" if indexed else None)
    batch = tabulate(data, keys, given_settings)
    if batch is not None:
        assert batch.rows() == project(split_lines(data), keys, given_settings)
        assert len(batch) == len(data.splitlines())
    elif all(text == f"{{{HEAD}}}" and end == "\n" for text, end in pieces):
        raise AssertionError("a block of nothing but plain lines is decoded whole")


@FEW
@given(st.lists(MEMBERS, max_size=5), SEARCHES)
def test_columns(tmp_path: Path, members: list[list[tuple[str, str]]], search: str) -> None:
    """Lines that have all that is needed go to aggregations as columns."""
    file = tmp_path / "events.json"
    lines = ["{" + ",".join([*(f'"{name}":{value}' for name, value in each), HEAD]) + "}" for each in members]
    file.write_text("\n".join([f"{{{HEAD}}}", *lines]), encoding="utf-8", errors="surrogatepass")
    both(search, file)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"user"}, {"user", "sourcetype"}),
        ({"user", "a.b"}, None),
        ({"user", "list{}"}, None),
        ({"user*"}, None),
        ({"user", "_raw"}, None),
        ({"user", "eventtype"}, None),
        ({"source", "host"}, None),
        ((), None),
    ],
)
def test_projectable(fields: set[str], expected: set[str] | None) -> None:
    """Only plain names can be decoded alone, and one of them has to tell an event from an envelope."""
    assert projectable(frozenset(fields)) == (None if expected is None else frozenset(expected))


CELLS = st.sampled_from(
    (None, 1, 1.0, 0, 0.5, "1", "1.0", "a", "A", ["a", "b"], [1, "x"], "x" * 300, 10**22, 1e22, 10**400)
)


TESTS = ("f=1", "f=1*", "f=a", "NOT f=1", "f!=1.0", "f>0", "f IN (1, a)", "f=1e*")


@given(st.lists(CELLS, max_size=20), st.sampled_from(TESTS))
def test_verdicts(cells: list[Any], text: str) -> None:
    """A remembered verdict is the one that the test gives, for numbers that are equal but print differently, too."""
    from splmini.compiler import RunScope, compile_search
    from splmini.language.parser import parse_search

    test = compile_search(parse_search(text), RunScope(None))
    verdicts = Verdicts("f", test)
    rows: list[Row] = [{} if cell is None else {"f": cell} for cell in cells]
    assert verdicts.kept(rows) == [row for row in rows if test(row)]
    assert verdicts.flags(rows) == list(map(test, rows))
    assert keep_pairs(rows, rows, [verdicts]) == keep(rows, [verdicts])
