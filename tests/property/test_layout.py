"""JSON objects that are read into columns give the rows that they give when each is parsed by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import splmini
from splmini.events import Reads, Report, Settings, Tables, blocks
from splmini.events._times import any_epoch, epochs
from splmini.operators import ColumnBatch

ENV = splmini.Environment()
FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
VALUES = st.sampled_from(
    (
        *("1", "1.0", "1.10", "-0", "1e3", "1e999", "true", "null", '"1"', '""', '"a"', '"A\\u0062"', '"\\ud800"'),
        *("[]", "[1]", '["a",["b"]]', "{}", '{"name":"n"}', '{"name":[1,2]}', '{"name":{"x":1}}', '[{"name":1},{}]'),
        *('[{"name":"p"},{"name":null}]', '{"":1,"name":"n"}', '{"name":"n","name":"m"}', '{"nam\\u0065":"e"}'),
        *("99999999999999999999", "NaN", '"caf\u00e9"', '"2024-05-01T00:00:00Z"', '"May 1 2024"'),
    )
)
KEYS = st.sampled_from(
    (
        *("user", "who", "who.name", "list", "other", "n\\u0061me", "host", "index", "extracted_host", "time"),
        *("timestamp", "_time", "_raw", "event", "result", "Records", "source", "sourcetype", "winlog", "EventID"),
        *("Channel", "jsonrpc", "method", "ts", "uid", "id.orig_h"),
    )
)
MEMBERS = st.lists(st.tuples(KEYS, VALUES), max_size=5)
HEADS = st.sampled_from(
    (
        '"level":"info","user":"u"',
        '"timestamp":"2024-05-01T00:00:01.5Z","level":"info","who":{"name":"ann"},"list":[{"name":"x"}]',
        '"eventVersion":"1","eventTime":"2024-05-01T00:00:01Z","eventSource":"s","eventName":"e","awsRegion":"r"',
        '"eventVersion":"1","eventTime":"2024-05-01T00:00:01Z","eventSource":"iam.amazonaws.com","eventName":"DeleteUser",'
        '"awsRegion":"r","sourceIPAddress":"192.0.2.1","userIdentity":{"type":"IAMUser","userName":"Ann","arn":"a/b"},'
        '"errorCode":"AccessDenied","errorMessage":"User: arn:aws:iam::1:user/bob is not authorized to perform: x"',
        '"time":1714521600123,"level":"warn","user":5',
    )
)
SEARCHES = st.sampled_from(
    (
        "* | stats count by user",
        "* | stats count values(list{}.name) by who.name sourcetype source",
        "* | stats count min(_time) max(_time) by user",
        "user=* | stats dc(other) as d count by who.name",
        "who.name=ann | stats count by host",
        "NOT user=u | stats count list(list{}) by level",
        "* | timechart span=1d count by level",
        "* | top who.name",
        "* | stats first(user) last(user) latest(user) by level",
        "index=* | stats count by index extracted_host host",
        "* | stats count by eventName awsRegion who",
        "* | stats count by user, src_ip, action",
        "* | eval x=coalesce(user, level), y=mvcount('list{}') | where x!=\"u\" OR y>0 | stats count sum(y) by x",
        '* | rex field=src_ip "(?<net>\\d+)" | dedup user level | eventstats count as n by net | stats max(n) by user',
        "* | fillnull value=none user | where 1=1 | stats count values(_time) by user host",
        "* | eval n=1 | stats sum(n) as n",
        "* | stats count values(tag) values(eventtype) by vendor_region",
        "tag=change user=* | stats count values(object) by user",
        "| tstats count values(All_Changes.user) from datamodel=Change by All_Changes.action All_Changes.src",
        "earliest=1 latest=1714521601 * | stats count by user",
        "* | stats count(eval(user=5)) as c by timestamp time",
        "* | stats sum(other) avg(other) by level",
    )
)


def text(head: str, members: list[tuple[str, str]]) -> str:
    """Return an object with members before and behind its head."""
    pairs = [f'"{name}":{value}' for name, value in members]
    return "{" + ",".join([*pairs[:1], head, *pairs[1:]]) + "}"


def both(search: str, events: Any, **options: Any) -> None:
    """Run a search optimised and plain, and hold rows, messages and figures equal."""
    compiled = ENV.compile(search)
    fast = compiled.run(events, order="given", **options)
    plain = compiled.run(events, order="given", optimize=False, **options)
    assert list(map(dict, fast)) == list(map(dict, plain)), search
    assert [each.text for each in fast.messages] == [each.text for each in plain.messages]
    assert fast.stats["scanned"] >= plain.stats["scanned"]


@FEW
@given(HEADS, st.lists(MEMBERS, max_size=8), SEARCHES, st.booleans())
def test_among_plain_objects(
    tmp_path: Path, head: str, members: list[list[tuple[str, str]]], search: str, named: bool
) -> None:
    """Odd values, repeated keys and objects of other kinds among many that are alike."""
    file = tmp_path / "events.json"
    strange = [text(head, each) for each in members]
    lines = [f"{{{head}}}"] * 70 + [line for each in strange for line in (each, *[f"{{{head}}}"] * 12)]
    file.write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
    both(search, file, **({"sourcetype": "other"} if named else {}))


@FEW
@given(HEADS, st.lists(MEMBERS, min_size=1, max_size=6), SEARCHES)
def test_learnt_of_odd_objects(tmp_path: Path, head: str, members: list[list[tuple[str, str]]], search: str) -> None:
    """Where the layout is learnt of objects that differ."""
    file = tmp_path / "events.json"
    lines = [text(head, each) for each in members]
    file.write_text("\n".join([*lines, f"{{{head}}}"] * 3), encoding="utf-8", errors="surrogatepass")
    both(search, file)


@pytest.mark.parametrize("broken", ["no json", "[1]", "{", '{"level":"x"} {"level":"y"}', "  ", '{"user":"\\x"}', "5"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_that_are_no_objects(tmp_path: Path, broken: str, end: str) -> None:
    """Lines that are no objects stand between tables, in order, and are counted as malformed where they are."""
    file = tmp_path / "events.json"
    fine = '{"level":"info","user":"u"}'
    file.write_bytes(end.join([*[fine] * 100, broken, *[fine] * 100, ""]).encode())
    both("* | stats count list(user) by sourcetype level", file)
    both("* | stats count", file)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """An object that is not UTF-8 where nobody looks is the event that it would be by itself."""
    file = tmp_path / "events.json"
    fine = b'{"level":"info","user":"u"}'
    file.write_bytes(b"\n".join([*[fine] * 100, b'{"level":"info","user":"v","other":"\xff"}', *[fine] * 100]))
    both("* | stats count by user sourcetype", file)


def test_most_are_tables() -> None:
    """Objects that are alike come as one table, a strange one between them as a row; where many are, there is none."""
    fine = json.dumps({"level": "info", "user": "u", "who": {"name": "ann"}})
    wanted = Reads({"user": "user", "name": "who.name"}, False, lambda table, given: table)

    def kinds(lines: list[str]) -> list[str] | None:
        (block,) = blocks("\n".join(lines))
        found = Tables(lambda told: wanted).of(block, Report(), lambda: None)
        return None if found is None else [type(each).__name__ for each in found]

    assert kinds([fine] * 50) == ["ColumnBatch"]
    assert kinds([*[fine] * 40, '{"Records":[{"level":"x"}]}', *[fine] * 40]) == ["ColumnBatch", "list", "ColumnBatch"]
    assert kinds([fine, '{"sourcetype":"st","user":"a"}'] * 40) is None


def test_where_members_may_stand() -> None:
    """A name with stops is that of a key with stops where the log has one; where it has both, objects are parsed."""
    wanted = Reads({"x": "a.b"}, False, lambda table, given: table)

    def values(*objects: Any) -> list[Any] | None:
        (block,) = blocks("\n".join(json.dumps({"level": 1, **each}) for each in objects))
        found = Tables(lambda told: wanted).of(block, Report(), lambda: None)
        return None if found is None else [each.column("x") for each in found if isinstance(each, ColumnBatch)]

    assert values({"a": {"b": 1}}, {"a": 5}, {"a": [{"b": 2}]}) == [[1, None, None]]
    assert values({"a.b": 1}, {"a.b": None}) == [[1, "null"]]
    assert values({"a.b": 1}, {"a": {"b": 2}}) is None


TIMES = st.one_of(
    st.sampled_from(
        (
            *("2024-05-01T00:00:00Z", "2024-05-01 00:00:00.123456789", "2024-05-01T00:00:60Z", "2024-13-01T00:00:00Z"),
            *(" 2024-05-01T00:00:00Z ", "2024-05-01T24:00:00.5Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z"),
            *("2024-05-01T00:00:00+02:00", "1714521600", "1714521600123", "May 1 2024", "", None, True, [1], 5, 5.5),
            *(1714521600123, "2024-05-01T00:00:00.1z", "2024-05-01T00:00:00,5Z", float("nan")),
        )
    ),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.datetimes().map(lambda moment: moment.isoformat(" ", "milliseconds")),
)


@given(st.lists(TIMES, max_size=10), st.sampled_from((None, "UTC", "Europe/Berlin")))
def test_epochs(values: list[Any], zone: str | None) -> None:
    """The times of a column are those of its values, one by one."""
    from splmini.values.times import get_timezone

    where = None if zone is None else get_timezone(zone)
    found, expected = epochs(values, where, 0.0), [any_epoch(value, where, 0.0) for value in values]
    assert list(map(repr, found)) == list(map(repr, expected))


def test_settings_are_put_on() -> None:
    """What the caller says of events goes before what they say."""
    line = '{"host":"own","source_":"x","user":"u"}'
    (row,) = splmini.search(
        "* | stats count by host sourcetype index", splmini.events.Source(f"{line}\n", host="h", index="i")
    )
    assert row == {"host": "h", "sourcetype": "_json", "index": "i", "count": 1}
    assert Settings(host="h").fixed == {"host": "h"}


DOCUMENTS = st.lists(
    st.sampled_from(
        (
            *(
                '{{"Records":[{0},{0}]}}',
                "[{0},{0}]",
                '{{"value":[{0}],"@odata.count":1}}',
                "{0}",
                '{{\n"Records":\n[{0}\n]}}',
            ),
            *(
                '{{"Records":[]}}',
                '{{"Records":[{0},5]}}',
                '{{"Records":[{{"events":[{0}]}}]}}',
                '{{"Records":[{0}],"x":1}}',
            ),
            *(
                "[]",
                "[1]",
                "no json",
                '{{"Records":[{0}',
                "{0},",
                "5",
                '{{"Records":[{0}],"Records":[{0},{0}]}}',
                "[[{0}]]",
            ),
            *(
                '{{"result":{0}}}',
                '{{"event":{0},"time":5}}',
                '{{"Records":[{0},{{"user":NaN}}]}}',
                ' {{"Records": [ {0} ]}}',
            ),
        )
    ),
    min_size=1,
    max_size=5,
)


@FEW
@given(DOCUMENTS, HEADS, MEMBERS, SEARCHES, st.sampled_from(("\n", " ", "\n\n", "")))
def test_documents(
    tmp_path: Path, documents: list[str], head: str, members: list[tuple[str, str]], search: str, between: str
) -> None:
    """Documents that hold many events in a list or container, beside each other, whole and broken."""
    file = tmp_path / "events.json"
    item = text(head, members)
    body = between.join(each.format(item) for each in ["{{\n{0}", *documents]).replace("{\n", "", 1)
    file.write_text(body, "utf-8", errors="surrogatepass")
    compiled = ENV.compile(search)
    for order in ("given", "newest"):
        fast, plain = (compiled.run(file, order=order, optimize=each) for each in (True, False))
        assert list(map(dict, fast)) == list(map(dict, plain))


def test_documents_are_tables() -> None:
    """The records of a document come as one table, whatever its container."""
    wanted = Reads({"user": "user"}, False, lambda table, given: table)
    for document in ('{"Records":[%s,\n%s]}', "[%s,\n%s]", "%s\n\n%s"):
        pretty = '{"user":"u",\n"level":1}'
        (block,) = blocks(document % (pretty, pretty) + "\n")
        (table,) = Tables(lambda told: wanted).of(block, Report(), lambda: None) or ()
        assert isinstance(table, ColumnBatch)
        assert table.column("user") == ["u", "u"]
