"""Coverage: what of a search tests exercise, as text, page and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import splmini
from splmini.detections.bench.coverage import Coverage, measure

ENV = splmini.Environment(
    macros={"noise": 'user="svc*" OR user=root', "odd_filter": "search *", "own_filter": "search host!=lab"},
    lookups={"assets": {"rows": [{"host": "a", "owner": "x"}]}},
)


def measured(search: str, *runs: list[dict[str, object]]) -> Coverage:
    """The coverage of a search over the events of some tests."""
    detection = splmini.Detection(name="Odd", search=search)
    coverage = Coverage("Odd", search)
    for events in runs:
        coverage.add(measure(ENV, detection, events))
    return coverage


POINTS = {
    "clauses and branches": (
        "a=1 (b=1 OR b=2)",
        [{"a": "1", "b": "1"}, {"a": "2", "b": "1"}],
        [("clause", "a=1", 1, 1), ("clause", "b=1 OR b=2", 2, 0), ("branch", "b=1", 2, 0), ("branch", "b=2", 0, 2)],
    ),
    "IN values": (
        'a IN (x, "y*")',
        [{"a": "yes"}],
        [("clause", 'a IN (x, "y*")', 1, 0), ("value", "a=x", 0, 1), ("value", 'a="y*"', 1, 0)],
    ),
    "a macro is one clause": (
        "`noise` NOT a=1 | `odd_filter`",
        [{"user": "root"}],
        [("clause", 'user="svc*" OR user=root', 1, 0), ("clause", "NOT a=1", 1, 0)],
    ),
    "a macro's filter": (
        "x=1 | `own_filter`",
        [{"x": "1", "host": "a"}],
        [("clause", "x=1", 1, 0), ("clause", "host!=lab", 1, 0)],
    ),
    "where": (
        'x=1 | where n>5 AND (match(s, "^a") OR s IN ("b", "c"))',
        [{"x": "1", "n": "9", "s": "ab"}, {"x": "1", "n": "9", "s": "b"}],
        [
            ("clause", "x=1", 2, 0),
            ("clause", "n>5", 2, 0),
            ("clause", 'match(s, "^a") OR s IN ("b", "c")', 2, 0),
            ("branch", 'match(s, "^a")', 1, 1),
            ("branch", 's IN ("b", "c")', 1, 1),
            ("pattern", 'match(s, "^a")', 1, 1),
            ("value", 's="b"', 1, 1),
            ("value", 's="c"', 0, 2),
        ],
    ),
    "arms": (
        'x=1 | eval k=case(n=1, "one", n=2, "two", true(), "more"), f=if(n>1, 1, 0)',
        [{"x": "1", "n": "1"}, {"x": "1", "n": "7"}],
        [
            ("clause", "x=1", 2, 0),
            ("arm", "n=1", 1, 1),
            ("arm", "n=2", 0, 1),
            ("arm", "true()", 1, 0),
            ("arm", "n>1 is true", 1, 1),
            ("arm", "n>1 is not true", 1, 1),
        ],
    ),
    "patterns": (
        'x=1 | rex field=s "(?<d>\\d+)" | rex mode=sed field=s "s/a/b/" | regex s="^a"',
        [{"x": "1", "s": "a1"}, {"x": "1", "s": "b"}],
        [("clause", "x=1", 2, 0), ("pattern", 's matches "(?<d>\\d+)"', 1, 1), ("clause", 'regex s="^a"', 0, 2)],
    ),
    "lookups": (
        "x=1 | lookup assets host OUTPUT owner",
        [{"x": "1", "host": "a"}, {"x": "1", "host": "b"}],
        [("clause", "x=1", 2, 0), ("lookup", "lookup assets host output owner", 1, 1)],
    ),
}


@pytest.mark.parametrize("name", POINTS)
def test_points(name: str) -> None:
    """What can be exercised, and for how many rows it held and did not."""
    search, events, expected = POINTS[name]
    found = [(point.kind, point.text, point.hits, point.misses) for point in measured(search, events).points]
    assert found == expected


def test_tests_add_up() -> None:
    """The counts of several tests add up; what no test exercised stays."""
    search = "a IN (1, 2, 3)"
    coverage = measured(search, [{"a": "1"}], [{"a": "2"}, {"a": "9"}])
    assert [(point.text, point.hits) for point in coverage.points[1:]] == [("a=1", 1), ("a=2", 1), ("a=3", 0)]
    assert coverage.ratio == 0.75
    assert coverage.to_text().splitlines() == [
        "Odd: 3 of 4 exercised (75%)",
        "  never true: line 1, column 13: value a=3",
    ]
    assert measured(search, [{"a": "1"}]).to_text().endswith("never false: line 1, column 1: clause a IN (1, 2, 3)")


def test_data_model() -> None:
    """The where-clause of a tstats over a data model is measured over the rows of the dataset."""
    env = splmini.Environment(datamodels={"M": {"D": {"search": "tag=d", "fields": ["user"]}}})
    detection = splmini.Detection(name="D", search="| tstats count from datamodel=M.D where D.user IN (a, b) by D.user")
    coverage = measure(env, detection, [{"tag": "d", "user": "a"}, {"tag": "d", "user": "c"}])
    assert [(point.text, point.hits, point.misses) for point in coverage.points] == [
        ("D.user IN (a, b)", 1, 1),
        ("D.user=a", 1, 1),
        ("D.user=b", 0, 2),
    ]


def test_page() -> None:
    """The page marks the search's text, innermost first, and escapes what it shows."""
    page = splmini.bench.coverage_html([measured('a=1 (b="<i>" OR b=2)', [{"a": "1", "b": "2"}])])
    assert "<h1>Detection coverage</h1>" in page
    assert "<span class='half' title='held 1, failed 0'>a=1</span>" in page
    assert "<span class='miss' title='held 0, failed 1'>b=&quot;&lt;i&gt;&quot;</span>" in page
    assert "<span class='hit' title='held 1, failed 0'>b=2</span>" in page
    assert "<i>" not in page


def test_places(tmp_path: Path) -> None:
    """Places are those of the detection's file."""
    path = tmp_path / "odd.yml"
    path.write_text("name: Odd\nsearch: |-\n  a=1\n  b=2\n")
    coverage = measure(ENV, splmini.Detection.load(path), [{"a": "1", "b": "1"}])
    assert "never true: line 4, column 3: clause b=2" in coverage.to_text()
    entry = json.loads(json.dumps(coverage.to_dict()))
    assert (entry["file"], entry["points"], entry["covered"], entry["percent"]) == (str(path), 2, 1, 50.0)
    assert entry["details"][1] == {"kind": "clause", "text": "b=2", "line": 4, "column": 3, "hits": 0, "misses": 1}


def test_positions_without_a_file() -> None:
    """Of a detection that is in no file, each point stands where it is in the search."""
    detection = splmini.Detection.from_text("name: D\nid: x\nsearch: 'a=1 b=2'\n")
    coverage = measure(splmini.Environment(), detection, [{"a": "1"}])
    assert [coverage.place(point) for point in coverage.points] == [(1, 1), (1, 5)]
