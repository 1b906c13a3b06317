"""Data frames as events: they give what the same rows as dicts give, and make no more than the search needs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

import splmini

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")
pyarrow = pytest.importorskip("pyarrow")
duckdb = pytest.importorskip("duckdb")

START = datetime(2026, 3, 1, tzinfo=timezone.utc)
ROWS: list[dict[str, Any]] = [
    {
        "_time": START + timedelta(seconds=number),
        "user": ["alice", "bob", None, "Carol"][number % 4],
        "n": number if number % 5 else None,
        "share": number / 4,
        "admin": number % 2 == 0,
        "tags": [["a", "b"], ["c"], [], None][number % 4],
        "nested": {"ip": f"10.0.0.{number % 3}", "port": number} if number % 3 else None,
        "day": date(2026, 3, 1 + number % 3),
        "seen": (START + timedelta(hours=number)).replace(tzinfo=None),
        "price": Decimal("1.50"),
        "source": "unit",
    }
    for number in range(40)
]
NAMES = tuple(ROWS[0])
SCHEMA = pyarrow.schema(
    [
        ("_time", pyarrow.timestamp("us", "UTC")),
        ("user", pyarrow.string()),
        ("n", pyarrow.int64()),
        ("share", pyarrow.float64()),
        ("admin", pyarrow.bool_()),
        ("tags", pyarrow.list_(pyarrow.string())),
        ("nested", pyarrow.struct([("ip", pyarrow.string()), ("port", pyarrow.int64())])),
        ("day", pyarrow.date32()),
        ("seen", pyarrow.timestamp("us")),
        ("price", pyarrow.decimal128(9, 2)),
        ("source", pyarrow.string()),
    ]
)


class Exporter:
    """Something that is known for nothing but the Arrow stream interface."""

    def __init__(self, table: Any) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)


class ArrayExporter:
    """A record batch that is known for nothing but the Arrow array interface."""

    def __init__(self, batch: Any) -> None:
        self.batch = batch

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        return self.batch.__arrow_c_array__(requested_schema)


def table() -> Any:
    """The rows as an Arrow table."""
    return pyarrow.Table.from_pylist(ROWS, schema=SCHEMA)


def relation() -> Any:
    """The rows as a DuckDB relation."""
    arrow = table()
    return duckdb.connect().from_arrow(arrow)


FORMS: dict[str, Callable[[], Any]] = {
    "pandas": lambda: pandas.DataFrame(ROWS),
    "pandas with Arrow types": lambda: table().to_pandas(types_mapper=pandas.ArrowDtype),
    "pandas categories": lambda: pandas.DataFrame(ROWS).astype({"user": "category", "n": "Int64"}),
    "polars": lambda: polars.from_arrow(table()),
    "polars categories": lambda: polars.from_arrow(table()).with_columns(polars.col("user").cast(polars.Categorical)),
    "polars lazy": lambda: polars.from_arrow(table()).lazy(),
    "arrow table": table,
    "arrow dictionary": lambda: table().set_column(1, "user", table().column("user").dictionary_encode()),
    "arrow batch": lambda: table().combine_chunks().to_batches()[0],
    "arrow reader": lambda: table().to_reader(),
    "duckdb": relation,
    "stream": lambda: Exporter(table()),
    "array": lambda: ArrayExporter(table().combine_chunks().to_batches()[0]),
}
SEARCHES = (
    "| stats count by user",
    "user=BOB | table _time user n",
    "user=c* n>5 | stats sum(n) max(share) by user",
    "n=7 OR user=alice | table n user",
    "NOT user=bob | stats count",
    "user IN (alice, carol) share<4 | table user share",
    "nested.ip=10.0.0.1 | stats count by nested.port",
    "| stats values(tags{}) values(tags) by user",
    "admin=true | stats count",
    "| stats max(_time) min(_time)",
    "| table day seen price",
    "source=unit | stats count by source",
    "tags=a | stats count",
    "| eval x=coalesce(user, source) | stats dc(x)",
    "| fields n* | head 3",
    "bob | stats count",
    "| timechart span=10s count by user",
)


@pytest.fixture(scope="module")
def env() -> splmini.Environment:
    """One environment for all."""
    return splmini.Environment(now=START.timestamp() + 60)


@pytest.mark.parametrize("spl", SEARCHES)
@pytest.mark.parametrize("form", FORMS)
def test_frame_gives_what_its_rows_give(form: str, spl: str, env: splmini.Environment) -> None:
    """Whatever holds the rows, and whatever is left out of them, the result is that of the dicts."""
    search = env.compile(spl)
    expected = search.run(ROWS)
    found = search.run(FORMS[form]())
    assert list(found) == list(expected)
    assert found.stats["scanned"] == 40
    assert list(search.run(FORMS[form](), optimize=False)) == list(expected)


@pytest.mark.parametrize("form", FORMS)
def test_whole_events(form: str, env: splmini.Environment) -> None:
    """Untransformed, every field comes, with times as epochs, lists as multivalue, and null as nothing."""
    found = env.compile("| head 4").run(FORMS[form]())
    assert found[1] == {
        "_time": START.timestamp() + 1,
        "user": "bob",
        "n": 1,
        "share": 0.25,
        "admin": "false",
        "tags": "c",
        "nested.ip": "10.0.0.1",
        "nested.port": 1,
        "day": found[1]["day"],
        "seen": "2026-03-01T01:00:00",
        "price": "1.50",
        "source": "unit",
    }
    assert str(found[1]["day"]).startswith("2026-03-02")
    assert found[0]["tags"] == ["a", "b"]
    assert "user" not in found[2]


def test_only_needed_columns_are_made() -> None:
    """A column that no field of the search comes from is never turned into Python values."""

    class Poisoned:
        def __repr__(self) -> str:
            raise AssertionError("was read")

        __str__ = __repr__

    frame = pandas.DataFrame({"user": ["a", "b"], "other": [Poisoned(), Poisoned()]})
    assert list(splmini.search("user=a | stats count by user", frame)) == [{"user": "a", "count": 1}]


def test_a_test_is_asked_once_for_each_value() -> None:
    """Rows are chosen by the distinct values of a column, before any dict is made."""
    from splmini.events import Selection, ValueTest, ValueTests, open_events
    from splmini.language.parser import parse_search

    asked: list[Any] = []

    def test(row: dict[str, Any]) -> bool:
        asked.append(row["user"])
        return bool(row["user"] == "a")

    users = {"user": ["a", "b", None] * 50}
    for frame in (pandas.DataFrame(users, dtype="string"), polars.DataFrame(users)):
        asked.clear()
        tests = ValueTests((ValueTest("user", test, parse_search("user=a")),))
        ((count, events),) = open_events(frame).scan(Selection(tests=tests))
        assert (count, sorted(asked)) == (150, ["a", "b"])
        assert events == [{"user": "a"}, {}] * 50


@pytest.mark.parametrize("spl", ["| stats count by sourcetype", "EventCode=1 | stats count by user", "user=x"])
def test_inference_sees_all_columns(spl: str) -> None:
    """A sourcetype that only the columns tell is inferred, as it is from dicts."""
    rows = [
        {
            "EventID": "1",
            "Channel": "Microsoft-Windows-Sysmon/Operational",
            "Computer": "h",
            "User": "D\\x",
            "Image": "C:\\a.exe",
        },
        {"EventID": "3", "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": "h", "User": "D\\y"},
    ]
    assert list(splmini.search(spl, pandas.DataFrame(rows))) == list(splmini.search(spl, rows))


@pytest.mark.parametrize("spl", ["user=bob", "action=failure | stats count by user", "| stats count by sourcetype"])
def test_raw_text_in_a_frame(spl: str) -> None:
    """A frame of raw text is extracted like events of raw text; rows without are events of their own keys."""
    rows = [
        {"_raw": "2026-03-01T00:00:00Z user=bob action=failure", "sourcetype": "app", "user": None},
        {"_raw": "2026-03-01T00:00:01Z user=eve action=success", "sourcetype": None, "user": "bob"},
        {"_raw": None, "sourcetype": "app", "user": "bob"},
    ]
    dicts = [{name: value for name, value in row.items() if value is not None} for row in rows]
    assert list(splmini.search(spl, pandas.DataFrame(rows))) == list(splmini.search(spl, dicts))


def test_the_usual_time_columns_are_the_time() -> None:
    """A column of times under a usual name, or a pandas index of times, is `_time`; a message says so."""
    times = [START, START + timedelta(minutes=1)]
    expected = [{"_time": START.timestamp(), "count": 1}, {"_time": START.timestamp() + 60, "count": 1}]
    spl = "| timechart span=1m count"
    for frame in (
        pandas.DataFrame({"timestamp": times, "a": [1, 2]}),
        pandas.DataFrame({"a": [1, 2]}, index=pandas.DatetimeIndex(times)),
        polars.DataFrame({"@timestamp": times, "a": [1, 2]}),
        pyarrow.table({"ts": times, "a": [1, 2]}),
    ):
        found = splmini.search(spl, frame)
        assert list(found) == expected
        assert any("_time was taken from" in each.text for each in found.messages)
    found = splmini.search("| stats count(_time) as timed", pandas.DataFrame({"born": times}))
    assert list(found) == [{"timed": 0}]


def test_readers_that_give_once_serve_several_reads(env: splmini.Environment) -> None:
    """A stream that can be read only once is kept for searches that read twice."""
    spl = "| stats count by user | append [search user=alice | stats count]"
    assert list(env.compile(spl).run(table().to_reader())) == list(env.compile(spl).run(ROWS))


def test_sourcetype_of_the_caller_counts(env: splmini.Environment) -> None:
    """What the caller says of all events goes before what the frame says."""
    found = env.compile("| stats count by source sourcetype").run(table(), source="mine", sourcetype="st")
    assert list(found) == [{"source": "mine", "sourcetype": "st", "count": 40}]


def test_wherever_events_go_frames_go(env: splmini.Environment) -> None:
    """Sweeps, explanations, fields, streams, detections and sources take frames, readers included."""
    searches = ["user=alice | stats count", "| stats sum(n) by user"]
    expected = [list(env.compile(each).run(ROWS)) for each in searches]
    for frame in (pandas.DataFrame(ROWS), table(), table().to_reader()):
        hits = splmini.sweep(searches, frame, env)
        assert [list(hit.outcome.results) for hit in hits if hit.outcome] == expected
    assert len(list(env.compile("user=alice").stream(table()))) == 10
    assert env.explain("user=nobody", table()).stages[0].rows_out == 40
    assert "user" in env.fields(table()).column("field")
    assert splmini.Detection(name="x", search="user=alice", type="Hunting").run(table(), env).fired
    found = env.compile("| stats count by sourcetype").run(splmini.Source(table(), sourcetype="mine"))
    assert list(found) == [{"sourcetype": "mine", "count": 40}]


@pytest.mark.parametrize(
    "frame",
    [
        pandas.DataFrame(),
        polars.DataFrame(),
        pyarrow.table({}),
        pandas.DataFrame({"a": []}),
        polars.DataFrame({"a": []}),
        pyarrow.table({"a": pyarrow.array([], pyarrow.int64())}),
    ],
)
def test_empty_frames(frame: Any) -> None:
    """A frame without rows or columns has no events."""
    assert list(splmini.search("| stats count", frame)) == [{"count": 0}]


def test_names_of_columns() -> None:
    """Names that are no text become text; of two columns of a name the last counts, as in a dict."""
    assert list(splmini.search("| table 1", pandas.DataFrame([[1, 2]]))) == [{"1": 2}]
    assert list(splmini.search("| table a", pandas.DataFrame([[1, 2]], columns=["a", "a"]))) == [{"a": 2}]


def test_containers_inside_of_dicts_are_multivalue() -> None:
    """Arrays, series, queues and sets in a dict, or in what it holds, give their items; times stay times."""
    numpy = pytest.importorskip("numpy")
    days = {"a": ["2026-01-01T00:00:00", "2026-01-02T00:00:00"]}
    two = {"a": ["x", "y"]}
    for given, expected in (
        (numpy.array(["x", "y"]), two),
        (pandas.Series(["x", "y"]), two),
        (pandas.array(["x", None, "y"]), two),
        (pyarrow.array(["x", "y"]), two),
        (deque("xy"), two),
        (range(2), {"a": [0, 1]}),
        (numpy.array([]), {}),
        (numpy.array(["x"]), {"a": "x"}),
        (numpy.array(5), {"a": 5}),
        (pandas.NA, {}),
        ({"b": numpy.array([1, 2])}, {"a.b{}": [1, 2]}),
        (numpy.array([[1, 2], [3, 4]]), {"a{}{}": [1, 2, 3, 4]}),
        ([numpy.array([1, 2])], {"a{}{}": [1, 2]}),
        (numpy.array([{"k": 1}, {"k": 2}], dtype=object), {"a{}.k": [1, 2]}),
        (numpy.array(["2026-01-01", "2026-01-02"], dtype="datetime64[ns]"), days),
    ):
        assert splmini.search("| fields a* other", [{"a": given, "other": 1}])[0] == {**expected, "other": 1}
    records = pyarrow.table({"u": [["a", "b"], ["c"]]}).to_pandas().to_dict("records")
    assert list(splmini.search("| table u", records)) == [{"u": ["a", "b"]}, {"u": "c"}]
