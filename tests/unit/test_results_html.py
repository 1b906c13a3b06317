"""Results as pages and charts: everything escaped, nothing fetched, times in the environment's zone."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from typing import Any

import pytest

import splmini
from splmini.results import Results, View
from splmini.results._events_html import counted, marked, marks
from splmini.results._html import MAX_CELL, MAX_ROWS, shown, sparkline
from splmini.results._text import bars

EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>"
BERLIN = splmini.Environment(timezone="Europe/Berlin")
NEW_YEAR = 1767225600
EVENTS: list[dict[str, Any]] = [
    {
        "_time": NEW_YEAR + number * 60,
        "user": ["alice", "bob", EVIL][number % 3],
        "bytes": number,
        "lat": number - 20,
        "lon": 2 * number,
        "action": ["ok", "failed"][number % 2],
    }
    for number in range(40)
]
SEARCHES = (
    "user=* | head 3",
    "| stats count values(user) as users by user",
    "| timechart span=10m count by user",
    "| timechart count",
    "| chart sum(bytes) over user by action",
    "| top user",
    "| rare user by action",
    "| geostats latfield=lat longfield=lon count by user",
    "| stats sparkline(count, 10m) as trend by user",
    '| eval "<b>name</b>"=user | table "<b>name</b>"',
    "| stats count by user | sort - count | head 2",
    "| makeresults",
    "nothing=here",
)


class Page(HTMLParser):
    """Collects the elements and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend(attrs)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("spl", SEARCHES)
def test_pages_are_safe_and_self_contained(spl: str) -> None:
    """No element, handler or address comes from an event, and no page asks for anything from elsewhere."""
    text = BERLIN.compile(spl).run(EVENTS)._repr_html_()
    page = Page(text)
    assert page.tags.count("script") == 1
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    sources = [value or "" for name, value in page.attributes if name in ("src", "href", "xlink:href", "data")]
    assert all(value.startswith("data:image/png;base64,") for value in sources)
    assert "://" not in re.sub(r"base64,[^']*", "", text)
    assert "url(" not in text
    assert "@import" not in text


def test_times_are_in_the_environments_zone() -> None:
    """The same instant, as the clock of the environment shows it; the epoch stays for sorting."""
    text = BERLIN.compile("| table _time user | head 1").run(EVENTS)._repr_html_()
    assert "2026-01-01 01:00:00" in text
    assert f"data-s='{NEW_YEAR}'" in text
    assert View().time(0.5) == "1970-01-01 00:00:00.500"
    assert View().time("soon") == "soon"
    assert View().time(1e300) == "1e+300" or "e" in View().time(1e300)


def test_tables() -> None:
    """Numbers stand right, multivalue is stacked, sparklines are drawn, nothing found is said."""
    text = BERLIN.compile("| stats count values(action) as a sparkline(count, 10m) as t by user").run(EVENTS)
    page = text._repr_html_()
    assert "<td class='splmini-n' data-s='14'>14</td>" in page
    assert "failed<br>ok" in page
    assert page.count("<polyline") == 3
    assert "##__SPARKLINE__##" not in page
    assert "No results found" in BERLIN.compile("user=nobody | stats count by user").run(EVENTS)._repr_html_()


def test_events_view() -> None:
    """Events show their time and text, with what was asked for marked, and the fields with values and counts."""
    raw = [
        {"_raw": f"2026-01-01T00:00:0{n}Z user={['bob', 'eve'][n % 2]} msg=<b>denied</b>", "sourcetype": "app"}
        for n in range(4)
    ]
    page = BERLIN.compile("user=bob NOT accepted denied").run(raw)._repr_html_()
    assert "<mark>bob</mark>" in page
    assert "<mark>denied</mark>" in page
    assert "accepted" not in page
    assert "&lt;b&gt;<mark>denied</mark>&lt;/b&gt;" in page
    assert "<summary><span>user</span><i>1</i></summary>" in page
    assert "<td>bob</td><td>2</td><td>100.0%</td>" in page
    assert "2026-01-01 01:00:00" in page
    table = BERLIN.compile("user=bob | table user").run(raw)._repr_html_()
    assert "splmini-side'>" not in table


def test_marks() -> None:
    """What is marked is escaped, as is what stands between; wildcards mark what they cover."""
    assert marked("a<b>Bob</b>", marks(("bob",))) == "a&lt;b&gt;<mark>Bob</mark>&lt;/b&gt;"
    assert marked("cmd.exe /c whoami", marks(("cmd*exe",))) == "<mark>cmd.exe</mark> /c whoami"
    assert marked("S-1-5-18 v11.0", marks(("11", "18"))) == "S-1-5-<mark>18</mark> v11.0"
    assert marks(("*",)) is None
    view = splmini.search("EventID=1 user=bob*", [{"EventID": 1, "user": "bobby"}]).view
    assert view.terms == ("bob*",)
    assert marked("x", None) == "x"
    assert marked("a1b2c3", marks(("zz", "a*b*c*"))) == "<mark>a1b2c</mark>3"


def test_marks_come_to_an_end() -> None:
    """A term of many wildcards is looked for once from each place, not in every way that they could be spread."""
    text = "a" * 1000
    assert marked(text, marks(("*a" * 12 + "*b",))) == text


def test_multivalue_fields_count_for_the_size_of_a_page() -> None:
    """Many long values of one field fill a page, as many fields do."""
    row = {"a": ["x" * MAX_CELL] * 100}
    assert len(shown(Results([row] * 50, ["a"]))) < 10


def test_field_counts() -> None:
    """Each value of a multivalue field counts; internal fields are not listed."""
    counts = counted([{"a": ["x", "y"], "_raw": "r"}, {"a": "x"}, {"b": 1}])
    assert counts["a"][0]["x"] == 2
    assert (counts["a"][1], counts["b"][1], "_raw" in counts) == (2, 1, False)


def test_long_results_are_cut() -> None:
    """A page holds so many rows, so much text, so long a cell; control characters are shown as escapes."""
    assert len(shown(Results([{"a": 1}] * (MAX_ROWS + 5)))) == MAX_ROWS
    assert len(shown(Results([{"a": "x" * MAX_CELL}] * 900))) < 900
    page = Results([{"a": "y" * (MAX_CELL + 10) + "z"}])._repr_html_()
    assert "y…" in page
    assert "yz" not in page
    assert "\\x1b[31m" in Results([{"a": "\x1b[31m\u202e"}])._repr_html_()


def test_sparkline_values() -> None:
    """A sparkline is a line in a page and bars in a text."""
    assert sparkline([1.0]).count("<polyline") == 1
    assert bars(["##__SPARKLINE__##", 0, 2, 4]) == "▁▅█"
    assert bars(["##__SPARKLINE__##", 0, 0]) == "▁▁"
    assert "▁▅█" in Results([{"t": ["##__SPARKLINE__##", 0, 2, 4]}]).to_table()


# ---- charts --------------------------------------------------------------------------------------------------------


@pytest.fixture
def figure() -> Any:
    """A figure that no window shows."""
    return pytest.importorskip("matplotlib.figure").Figure(figsize=(9, 3.4), layout="constrained")


@pytest.mark.parametrize(
    ("spl", "kind", "lines", "bars"),
    [
        ("| timechart span=10m count by action", None, 2, 0),
        ("| chart sum(bytes) over user by action", None, 0, 6),
        ("| top user", None, 0, 3),
        ("| rare user by action", None, 0, 6),
        ("| stats count by user", None, 0, 3),
        ("| stats count by user", "line", 1, 0),
        ("| stats count by user", "bar", 0, 3),
        ("| stats count by user", "pie", 0, 0),
        ("| timechart span=10m count by action", "area", 0, 0),
        ("| timechart span=10m count by action", "column", 0, 8),
        ("| stats max(bytes) as a min(lat) as b by user", "scatter", 0, 0),
        ("| stats count by user", "scatter", 1, 0),
        ("| geostats latfield=lat longfield=lon count by action", None, 0, 0),
    ],
)
def test_charts(spl: str, kind: str | None, lines: int, bars: int, figure: Any) -> None:
    """Each command has its chart, and any other can be asked for."""
    ax = BERLIN.compile(spl).run(EVENTS).plot(kind, ax=figure.subplots(), title="a $ title")
    assert len(ax.get_lines()) == lines
    rectangles = [each for each in ax.patches if type(each).__name__ == "Rectangle"]
    assert len(rectangles) == bars
    assert ax.get_title() == "a \\$ title"
    figure.savefig(io.BytesIO(), format="png")


def test_stacked(figure: Any) -> None:
    """Stacked columns stand on one another."""
    ax = BERLIN.compile("| chart count over user by action").run(EVENTS).plot(stacked=True, ax=figure.subplots())
    assert {round(each.get_x(), 3) for each in ax.patches[:3]} == {round(each.get_x(), 3) for each in ax.patches[3:]}
    assert any(each.get_y() > 0 for each in ax.patches[3:])


def test_a_chart_of_nothing(figure: Any) -> None:
    """What cannot be drawn is said, and a page without its chart still shows the table."""
    rows = splmini.search("| table user", EVENTS)
    with pytest.raises(splmini.ArgumentError, match="no numbers"):
        rows.plot(ax=figure.subplots())
    with pytest.raises(splmini.ArgumentError, match="Did you mean 'line'"):
        rows.plot("lime")
    with pytest.raises(splmini.ArgumentError, match="latitude"):
        rows.plot("map")


def test_charts_are_images() -> None:
    """A page of a charting command holds a PNG without metadata."""
    pytest.importorskip("matplotlib")
    page = BERLIN.compile("| timechart count by user").run(EVENTS)._repr_html_()
    data = base64.b64decode(re.findall(r"base64,([^']+)'", page)[0])
    assert data.startswith(b"\x89PNG")
    assert b"matplotlib" not in data
    assert "<img" not in BERLIN.compile("| timechart count | eval x=1").run(EVENTS)._repr_html_()


# ---- frames --------------------------------------------------------------------------------------------------------


def test_types_of_frames() -> None:
    """Times are times in the environment's zone, whole numbers whole, gaps gaps, multivalue lists."""
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    rows = [
        {"_time": NEW_YEAR, "n": 1, "gap": 1, "f": 0.5, "s": "x", "mv": ["a", "b"], "mixed": 1},
        {"_time": NEW_YEAR + 0.25, "n": 2, "f": 2, "mv": "c", "mixed": "y"},
    ]
    results = Results(rows, ["_time", "n", "gap", "f", "s", "mv", "mixed"], view=View(None, BERLIN.timezone))
    frame = results.to_pandas()
    assert str(frame["_time"].dtype) == "datetime64[us, Europe/Berlin]"
    assert frame["_time"][1] == pandas.Timestamp(NEW_YEAR + 0.25, unit="s", tz="UTC")
    assert [str(frame[name].dtype) for name in ("n", "gap", "f")] == ["int64", "Int64", "float64"]
    assert (frame["mv"].tolist(), frame["mixed"].tolist()) == ([["a", "b"], "c"], [1, "y"])
    schema = results.to_polars().schema
    assert schema["_time"] == polars.Datetime("us", "Europe/Berlin")
    assert (schema["n"], schema["mv"], schema["mixed"]) == (polars.Int64, polars.List(polars.String), polars.String)
    table = results.to_arrow()
    assert table.schema.field("_time").type == pyarrow.timestamp("us", "Europe/Berlin")
    assert table.column("gap").to_pylist() == [1, None]
    for again in (frame, results.to_polars(), table):
        back = splmini.search("| table _time n gap f s", again)
        assert list(back) == [{name: row[name] for name in row if name not in ("mv", "mixed")} for row in rows]
    rounded = splmini.search("| makeresults | eval x=round(2.04, 1) | table x")
    assert str(rounded.to_pandas()["x"].dtype) == "float64"
    assert "<td class='splmini-n' data-s='2.0'>2.0</td>" in rounded._repr_html_()
    assert Results([{"_time": "soon"}]).to_pandas()["_time"].tolist() == ["soon"]
    assert Results([{"n": 1 << 70}]).to_arrow().column("n").to_pylist() == [str(1 << 70)]


def test_accessors() -> None:
    """`df.spl` gives a frame of the same library; warnings are in attrs."""
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    import splmini.frames

    assert set(splmini.frames.register()) == {"pandas", "polars"}
    frame = pandas.DataFrame({"user": ["a", "b", "b"], "n": [1, 2, 3]})
    counted = frame.spl("| stats count by user")
    assert counted.to_dict("records") == [{"user": "a", "count": 1}, {"user": "b", "count": 2}]
    assert frame.spl.results("n>1 | stats sum(n) as s")[0] == {"s": 5}
    env = splmini.Environment(macros={"m": "user=b"})
    assert polars.from_pandas(frame).spl("`m` | stats count", env).to_dicts() == [{"count": 2}]
    assert polars.from_pandas(frame).lazy().spl("`m` | stats count", env).to_dicts() == [{"count": 2}]
    told = frame.spl("| lookup asset_lookup_by_str asset as user | head 1").attrs["messages"]
    assert "read as empty" in told[0]


# ---- completion ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("| timec", "timechart"),
        ("error | mvexp", "mvexpand"),
        ("| stats dc(x) by sr", "src"),
        ("| timechart sp", "span="),
        ("| join type=le", "left"),
        ("| eval made=1 | table ma", "made"),
        ('| rex "(?<token>x)" | table tok', "token"),
        ("| stats count as hits | where hi", "hits"),
        ("`security_content_ct", "security_content_ctime("),
        ("sourcetype=x [search y | timec", "timechart"),
        ("sourcetype=x [search y | head 1 | fields z] | timec", "timechart"),
        ("| join z [search y | head 1 | fields z] overw", "overwrite="),
        ("| stats count(eval(lowe", "lower("),
        ("```| note``` | timec", "timechart"),
        ("| tstats count from datamodel=Endp", "Endpoint"),
    ],
)
def test_completion(text: str, first: str) -> None:
    """The likeliest thing stands first, and replaces the word at the cursor."""
    found = splmini.complete(text, None, BERLIN, ["src"])
    assert found[0].text == first
    assert first.lower().startswith(text[found[0].start :].lower())


def test_no_completion_inside_a_text() -> None:
    """Inside quotation marks nothing is offered; an offset in the middle counts what stands before it."""
    assert splmini.complete('| eval x="tim', None, BERLIN) == []
    assert splmini.complete('| eval x="a\\" tim', None, BERLIN) == []
    assert splmini.complete("| timec by x", 7)[0].text == "timechart"


def test_a_part_does_not_pass_for_the_whole() -> None:
    """Columns show every row; what bars and slices leave out, and series, is said on the chart."""
    figure = pytest.importorskip("matplotlib.figure")
    many = Results([{"x": str(number), "n": number + 1} for number in range(100)], ["x", "n"])
    series = Results([{"x": "a"} | {f"s{number}": number for number in range(30)}])
    for results, kind, drawn, note in (
        (many, "column", 100, ""),
        (many, "bar", 60, "the first 60 of 100 rows"),
        (many, "pie", 60, "the first 60 of 100 rows"),
        (series, "column", 20, "the first 20 of 30 series"),
    ):
        ax = results.plot(kind, figure.Figure().subplots())
        assert (len(ax.patches), ax.get_title(loc="right")) == (drawn, note)
