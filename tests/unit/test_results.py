"""Results: a sequence of rows, and the forms that they are shown in."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from splmini.operators import Message
from splmini.results import Results

ROWS: list[dict[str, Any]] = [{"host": "a<b>", "n": 2, "mv": ["x", "y"]}, {"n": 1.5}, {"host": "\x1b[31m", "mv": "z"}]
RESULTS = Results(ROWS, ["host", "n", "mv"], [Message("warn", "stats", "something <odd>")], {"rows": 3}, False)


def test_is_a_sequence() -> None:
    """Rows are reached by index, slice and iteration."""
    assert len(RESULTS) == 3
    assert RESULTS[0] is ROWS[0]
    assert list(RESULTS) == ROWS
    assert RESULTS[-1]["mv"] == "z"
    assert RESULTS[1:].fields == RESULTS.fields
    assert RESULTS == ROWS
    assert RESULTS.column("n") == [2, 1.5, None]
    assert (RESULTS.complete, RESULTS.stats, RESULTS.messages[0].level) == (False, {"rows": 3}, "warn")


def test_fields_default_to_the_order_of_sight() -> None:
    """Without a column order fields come as they are first seen."""
    assert Results([{"b": 1}, {"a": 1, "b": 2}]).fields == ["b", "a"]
    assert repr(Results([])) == "<Results: 0 rows, fields none>"


def test_table() -> None:
    """Numbers stand right, multivalue fields take lines, control characters never reach a terminal."""
    assert RESULTS.to_table().split("\n") == [
        "host        n  mv",
        "--------  ---  --",
        "a<b>        2  x",
        "               y",
        "          1.5",
        "\\x1b[31m       z",
    ]
    assert Results([{"a": "x" * 100}]).to_table(width=5).endswith("xxxx…")
    assert Results([], ["a"]).to_table() == "a\n-"


def test_json() -> None:
    """Columns are in order, absent fields left out; JSON lines are the same rows."""
    rows = json.loads(RESULTS.to_json())
    assert rows == ROWS
    assert list(rows[0]) == ["host", "n", "mv"]
    assert [json.loads(line) for line in RESULTS.to_jsonl().splitlines()] == ROWS


def test_csv(tmp_path: Path) -> None:
    """A header, and multivalue fields with line breaks; also to a file."""
    path = tmp_path / "x.csv"
    text = RESULTS.to_csv(path)
    assert path.read_text("utf-8") == text
    assert list(csv.reader(io.StringIO(text))) == [
        ["host", "n", "mv"],
        ["a<b>", "2", "x\ny"],
        ["", "1.5", ""],
        ["\x1b[31m", "", "z"],
    ]


def test_html_is_escaped() -> None:
    """Nothing from an event reaches a page as markup."""
    text = RESULTS._repr_html_()
    assert "<b>" not in text
    assert "a&lt;b&gt;" in text
    assert "x<br>y" in text
    assert "something &lt;odd&gt;" in text
    many = Results([{"a": 1}] * 1050)._repr_html_()
    assert many.count("<tr>") == 1001
    assert "50 more rows" in many


def test_pandas() -> None:
    """Absent is None, or NaN in a column of numbers; multivalue is a list."""
    pytest.importorskip("pandas")
    frame = RESULTS.to_pandas()
    assert list(frame.columns) == ["host", "n", "mv"]
    assert frame["mv"].tolist() == [["x", "y"], None, "z"]
    assert frame["n"].tolist()[:2] == [2, 1.5]
    assert list(Results([], ["a"]).to_pandas().columns) == ["a"]


@pytest.mark.parametrize("form", ["polars", "pyarrow"])
def test_typed_frames(form: str) -> None:
    """A column of mixed kinds becomes text, or lists."""
    pytest.importorskip(form)
    results = Results([*ROWS, {"n": "x"}], ["host", "n", "mv"])
    frame = results.to_polars() if form == "polars" else results.to_arrow()
    rows = frame.to_dicts() if form == "polars" else frame.to_pylist()
    assert [row["n"] for row in rows] == ["2", "1.5", None, "x"]
    assert [row["mv"] for row in rows] == [["x", "y"], None, ["z"], None]


@pytest.mark.parametrize(
    ("values", "kind"),
    [([10**400, 1.5], "text"), ([2**70, None], "text"), ([1, 2.5], "float"), ([float("inf"), 1], "float")],
)
def test_numbers_that_a_column_cannot_hold(values: list[Any], kind: str) -> None:
    """A number beyond the integers of frames makes a column of text; infinity stands in a column of floats."""
    results = Results([{"n": value} for value in values], ["n"])
    arrow, pandas = pytest.importorskip("pyarrow"), pytest.importorskip("pandas")
    expected = arrow.string() if kind == "text" else arrow.float64()
    assert results.to_arrow().schema.field("n").type == expected
    assert (results.to_pandas()["n"].dtype == pandas.Float64Dtype().numpy_dtype) is (kind == "float")


def test_round_trip_through_frames() -> None:
    """Rows written as a frame and read again as events are the rows."""
    pytest.importorskip("polars")
    from splmini.events import read

    rows = [{"a": 1, "b": "x"}, {"a": 2}]
    assert [event for batch in read(Results(rows).to_polars()) for event in batch] == rows


def test_half_a_surrogate_is_written_as_an_escape(tmp_path: Any) -> None:
    """Text that no file can hold, which JSON events may bring, does not end a run at its last step."""
    path = tmp_path / "rows.csv"
    Results([{"a": "x\ud800"}]).to_csv(path)
    assert path.read_text("utf-8") == "a\nx\\ud800\n"


def test_wide_characters_take_two_columns() -> None:
    """Columns stand below one another where a terminal shows characters twice as wide, cut ones too."""
    rows = Results([{"a": "\u65e5\u672c\u8a9e", "b": "x"}, {"a": "cafe\u0301", "b": "y"}], ["a", "b"])
    assert rows.to_table().splitlines() == ["a       b", "------  -", "\u65e5\u672c\u8a9e  x", "cafe\u0301    y"]
    assert rows.to_table(width=4).splitlines()[2:] == ["\u65e5…   x", "cafe\u0301  y"]
