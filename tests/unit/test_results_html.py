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
from splmini.results._land import outlines
from splmini.results._structure import xml_line, xml_lines
from splmini.results._table_html import MAX_PAGE, MAX_ROWS, table
from splmini.results._text import bars
from splmini.results._timeline import buckets
from splmini.results._values_html import MAX_CELL, MAX_NODES, sparkline, tree

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
    assert page.tags.count("script") == (("class", "splmini-t") in page.attributes)
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
    assert "<td style='text-align:right;vertical-align:top'>14</td>" in page
    assert "failed<br>ok" in page
    assert page.count("splmini-spark") == 3
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
    assert "<summary><span>user</span> <i style='opacity:0.7'>1</i></summary>" in page
    assert "<span>bob</span><span>2</span><span>100.0%</span>" in page
    assert "2026-01-01 01:00:00" in page
    table = BERLIN.compile("user=bob | table user").run(raw)._repr_html_()
    assert "class='splmini-side'" not in table


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


def test_a_page_is_of_a_bounded_size() -> None:
    """Many rows, long values, many values of one field, wide events: a page stays small and says what it leaves out."""
    row = {"a": ["x" * MAX_CELL] * 100}
    assert table(["a"], [row] * 50, View())[1] == 1
    assert table(["a"], [{"a": "<" * MAX_CELL}] * 900, View())[1] < 20
    wide = [
        {"_time": NEW_YEAR + n, "_raw": f"e{n} " + "y" * 900, **{f"f{i}": i for i in range(80)}} for n in range(5000)
    ]
    for spl in ("e*", "| table *", "| stats count by _raw"):
        page = BERLIN.compile(spl).run(wide)._repr_html_()
        assert len(page) < 2 * MAX_PAGE
        assert re.search(r"[\d,]+ more rows are not shown here; <code>results\[\d+:\]", page)


def test_field_counts() -> None:
    """Each value of a multivalue field counts; internal fields are not listed."""
    counts = counted([{"a": ["x", "y"], "_raw": "r"}, {"a": "x"}, {"b": 1}])
    assert counts["a"][0]["x"] == 2
    assert (counts["a"][1], counts["b"][1], "_raw" in counts) == (2, 1, False)


def test_long_results_are_cut() -> None:
    """A page holds so many rows, so much text, so long a cell; control characters are shown as escapes."""
    assert table(["a"], [{"a": 1}] * (MAX_ROWS + 5), View())[1] == MAX_ROWS
    page = Results([{"a": "y" * (MAX_CELL + 10) + "z"}])._repr_html_()
    assert "y…" in page
    assert "yz" not in page
    assert "\\x1b[31m" in Results([{"a": "\x1b[31m\u202e"}])._repr_html_()


def test_sparkline_values() -> None:
    """A sparkline is bars, in a page, which tells its figures, and in a text."""
    assert ">█<" in sparkline(["##__SPARKLINE__##", 1])
    assert "title='3 points, 0 to 4'>▁▅█" in sparkline(["##__SPARKLINE__##", 0, 2, 4])
    assert bars(["##__SPARKLINE__##", 0, 2, 4]) == "▁▅█"
    assert bars(["##__SPARKLINE__##", 0, 0]) == "▁▁"
    assert "▁▅█" in Results([{"t": ["##__SPARKLINE__##", 0, 2, 4]}]).to_table()


class Bare(HTMLParser):
    """A page as a notebook shows it that is not trusted: no style, no script, no drawing."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.styles: dict[str, str] = {}
        self.shown: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            self.open.append(tag)
        given = dict(attrs)
        self.styles.setdefault(given.get("class") or tag, given.get("style") or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script", "svg"} & set(self.open):
            self.shown.append(data)


WINDOWS = (
    "<Event xmlns='http://x'><System><EventID>1</EventID><Computer>ws-1</Computer></System><EventData>"
    "<Data Name='Image'>C:\\a b.exe</Data><Data Name='User'>CORP\\ann</Data><Data Name='Empty'>-</Data>"
    "</EventData></Event>"
)


def test_layout_needs_no_style_and_no_script() -> None:
    """Columns stand side by side, and heads above their columns, in a notebook that is not trusted."""
    raw = [
        {"_raw": f'{{"user": {{"name": "ann"}}, "n": {n}}}', "_time": NEW_YEAR + n, "sourcetype": "app"}
        for n in range(30)
    ]
    page = Bare(BERLIN.compile("ann").run(raw)._repr_html_())
    assert page.open == []
    assert "display:flex" in page.styles["splmini-both"]
    assert "display:flex" in page.styles["splmini-event"]
    assert "pre-wrap" in page.styles["splmini-raw"]
    assert "show 10 more" in page.shown
    counts = Bare(BERLIN.compile("| stats count avg(n) as mean by user.name").run(raw)._repr_html_())
    assert "table-layout:auto" in counts.styles["splmini-t"]
    assert "text-align" in counts.styles["th"]
    assert "text-align" in counts.styles["td"]


def test_an_event_unfolds_to_its_fields() -> None:
    """Names stand whole in a column of their own, no table in a table whose style would reach them."""
    page = BERLIN.compile("status=500").run([{"_time": NEW_YEAR, "a_long_name_of_a_field": "v", "status": 500}])
    text = page._repr_html_()
    assert "<table" not in text
    assert "grid-template-columns:max-content minmax(0,1fr)" in text
    assert "<div style='opacity:0.75'>a_long_name_of_a_field</div><div>v</div>" in text


def test_json_is_a_tree() -> None:
    """An event and a value that are JSON unfold as a tree, escaped, of a bounded size and depth."""
    text = BERLIN.compile("n=1").run([{"_raw": '{"n": 1, "list": [{"k": "<b>"}]}', "sourcetype": "app"}])._repr_html_()
    assert "<details open><summary><b>list</b> <i>[1]</i></summary>" in text
    assert "<div><b>k</b>: &lt;b&gt;</div>" in text
    assert "<b>a</b>: 1" in Results([{"v": '{"a": 1}'}])._repr_html_()
    assert tree({str(n): n for n in range(10_000)}).count("<div>") < MAX_NODES + 5
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    assert tree(deep).count("<details") < 20


def test_windows_xml_is_one_line_and_unfolds() -> None:
    """An event of Windows is told by its names and values; unfolded it is laid out, an element a line."""
    text = BERLIN.compile("CORP\\ann").run([{"_raw": WINDOWS}])._repr_html_()
    assert "EventID=1 Computer=ws-1 Image=&quot;C:\\a b.exe&quot; User=" in text
    assert "\n    &lt;EventID&gt;1&lt;/EventID&gt;\n" in text
    assert xml_line("<a>x</a>") is None
    assert xml_line("2026 <Event> EventID=1") is None
    assert xml_lines("<a><b></a></c>x<") == "<a><b></a>\n</c>\nx\n<"


def test_long_values_unfold() -> None:
    """A long value is its start; the rest is there once, to unfold."""
    value = "".join(f"word{n} " for n in range(200))
    text = Results([{"v": value}])._repr_html_()
    assert text.count("word150 ") == 1
    assert "<i>show more</i></summary>" in text
    raw = BERLIN.compile("word*").run([{"_raw": value, "_time": NEW_YEAR}])._repr_html_()
    assert raw.count("</mark>150 ") == 1


def test_columns_keep_words_whole() -> None:
    """A column is as wide as its values want, up to a limit; only a word longer than that is broken."""
    text = Results([{"short": "ws-11.example", "words": "some words " * 5, "long": "x" * 200}])._repr_html_()
    assert "white-space:nowrap'>ws-11.example" in text
    assert "min-width:308px'>long" in text
    assert "overflow-wrap:normal'>some words" in text
    assert "overflow-wrap:anywhere'>xxx" in text


def test_means_are_rounded_for_reading() -> None:
    """A mean has three digits behind the point; the exact one is told and sorted by, and texts stay as they are."""
    text = Results([{"mean": 10 / 3, "small": 1 / 3e5, "given": "3.33333333"}])._repr_html_()
    assert "title='3.33333" in text
    assert ">3.333</td>" in text
    assert ">3.33333333</td>" in text
    assert Results([{"mean": 10 / 3}]).to_csv().startswith("mean\n3.33333333")


def test_a_timeline_stands_above_events() -> None:
    """Events of several times have bars above them; those of one time, or of none, have not; wild times are no harm."""
    text = BERLIN.compile("user=*").run(EVENTS)._repr_html_()
    assert "a bar is 1 minute, the highest 1" in text
    assert "title='2026-01-01 01:00:00: 1'" in text
    assert "a bar is" not in BERLIN.compile("user=*").run(EVENTS[:1])._repr_html_()
    assert "a bar is" not in BERLIN.compile("user=*").run([{"user": "x"}] * 5)._repr_html_()
    for times in ([0.0, 1e11], [0.25, 0.5], [-5e9, 2.5e11], [1e300, 5.0, 9.0]):
        events = [{"_time": each, "user": "x"} for each in times]
        assert "1 event" not in BERLIN.compile("user=x").run(events)._repr_html_()
    span, bars = buckets([0.0, 86400.0 * 365 * 3])
    assert (len(bars) <= 61, sum(count for _, count in bars), span % 86400) == (True, 2, 0)


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
    assert "<td style='text-align:right;vertical-align:top'>2.0</td>" in rounded._repr_html_()
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


def test_an_axis_of_amounts_begins_at_zero(figure: Any) -> None:
    """Lines and columns of what is never negative stand on zero; what is negative is not cut off."""
    high = Results([{"_time": NEW_YEAR + n, "n": 1000 + n} for n in range(9)], ["_time", "n"])
    low = Results([{"_time": NEW_YEAR + n, "n": n - 5} for n in range(9)], ["_time", "n"])
    assert high.plot("line", figure.subplots()).get_ylim()[0] == 0
    assert high.plot("bar", figure.subplots()).get_xlim()[0] == 0
    assert low.plot("line", figure.subplots()).get_ylim()[0] <= -5


def test_a_map_shows_land(figure: Any) -> None:
    """Bubbles lie over the outlines of land, at one scale, and the map reaches as far as they do, no further."""
    ax = BERLIN.compile("| geostats latfield=lat longfield=lon count").run(EVENTS).plot(ax=figure.subplots())
    assert len(ax.patches[0].get_path().vertices) == sum(len(ring) + 1 for ring in outlines())
    assert ax.get_aspect() == 1
    assert (-90 <= ax.get_ylim()[0] <= -20, 19 <= ax.get_ylim()[1] <= 90) == (True, True)
    one = Results([{"latitude": 52.5, "longitude": 13.4, "count": 1}]).plot("map", figure.subplots())
    assert one.get_xlim()[1] - one.get_xlim()[0] < 40
    assert all(-180 <= east <= 180 and -90 <= north <= 90 for ring in outlines() for east, north in ring)
