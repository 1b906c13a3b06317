"""Findings and risk events, the Risk data model over them, drilldowns."""

from __future__ import annotations

from typing import Any

import pytest

import splmini
from splmini.detections import Drilldown, Entity, Finding, ThreatObject
from splmini.detections.drilldowns import fill, time_range
from splmini.detections.findings import substitute


def detection(**changes: Any) -> splmini.Detection:
    """A small detection, with changes."""
    made: dict[str, Any] = {
        "name": "Odd",
        "search": "kind=odd | table _time host user cmd risk_score threat_object",
        "entities": (Entity("host", "system", 40, "$cmd$ on $host$"), Entity("user", "user", 30, "$user$: $nosuch$")),
        "threat_objects": (ThreatObject("cmd", "process"),),
        "finding": Finding("$cmd$ by $user$", Entity("host", "system", 0)),
        "mitre_attack_id": ("T1003",),
        "analytic_story": ("Odd Things",),
    }
    return splmini.Detection(**{**made, **changes})


EVENT = {"kind": "odd", "host": "h1", "user": "bob", "cmd": "x.exe", "_time": 100}


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("$a$", {"a": "x"}, "x"),
        ("$a$ and $b$", {"a": "x"}, "x and $b$"),
        ("$a$", {"a": ["x", "y"]}, "x, y"),
        ("$a.b{}$", {"a.b{}": 7}, "7"),
        ("cost $5 and $a$", {"a": "x"}, "cost $5 and x"),
        ("$$a$$", {"a": "x"}, "$x$"),
        ("$a$", {"a": "$b$", "b": "no"}, "$b$"),
    ],
)
def test_tokens(text: str, row: dict[str, Any], expected: str) -> None:
    """A token gives the row's value, all values of a multivalue field, and itself where the row lacks the field."""
    assert substitute(text, row) == expected


RISK = [
    # change of the event, change of the detection: the risk objects with score and message
    ({}, {}, [("h1", 40, "x.exe on h1"), ("bob", 30, "bob: $nosuch$")]),
    (
        {"user": ["bob", "eve"]},
        {},
        [("h1", 40, "x.exe on h1"), ("bob", 30, "bob, eve: $nosuch$"), ("eve", 30, "bob, eve: $nosuch$")],
    ),
    ({"user": None}, {}, [("h1", 40, "x.exe on h1")]),
    ({"user": ""}, {}, [("h1", 40, "x.exe on h1")]),
    ({"risk_score": "7"}, {}, [("h1", "7", "x.exe on h1"), ("bob", "7", "bob: $nosuch$")]),
    ({"risk_score": "odd"}, {}, [("h1", 1, "x.exe on h1"), ("bob", 1, "bob: $nosuch$")]),
    ({}, {"type": "Hunting"}, []),
    ({}, {"type": "Correlation"}, []),
    ({}, {"type": "Anomaly", "finding": None}, [("h1", 40, "x.exe on h1"), ("bob", 30, "bob: $nosuch$")]),
]


@pytest.mark.parametrize(("event", "changes", "expected"), RISK)
def test_risk(event: dict[str, Any], changes: dict[str, Any], expected: list[Any]) -> None:
    """One risk event a row, risk object and value; what the row brings wins over the definition."""
    given = {name: value for name, value in {**EVENT, **event}.items() if value is not None}
    outcome = detection(**changes).run([given])
    assert [(each["risk_object"], each["risk_score"], each["risk_message"]) for each in outcome.risk_events] == expected


def test_risk_event_fields() -> None:
    """A risk event carries the row, its own metadata, and the row's under orig_ names."""
    first = detection().run([EVENT]).risk_events[0]
    assert first["_time"] == 100
    assert first["orig_host"] == "h1"
    assert "host" not in first
    assert (first["index"], first["sourcetype"]) == ("risk", "stash")
    assert first["risk_object_type"] == "system"
    assert first["annotations._all"] == ["Odd Things", "T1003"]
    assert first["annotations._frameworks"] == ["mitre_attack", "analytic_story"]


def test_threat_object_of_the_row_wins() -> None:
    """A threat object that the row brings replaces the definition's."""
    first = detection().run([{**EVENT, "threat_object": "mine"}]).risk_events[0]
    assert first["threat_object"] == "mine"


def test_finding() -> None:
    """A finding has a title with tokens filled, the entity with its value, the row; no row, no finding."""
    (finding,) = detection().run([EVENT]).findings
    assert finding["title"] == "x.exe by bob"
    assert finding["entity"] == {"field": "host", "type": "system", "value": "h1", "score": 0}
    assert finding["detection"] == "Odd"
    assert finding["row"]["user"] == "bob"
    quiet = detection().run([{**EVENT, "kind": "even"}])
    assert not quiet.fired
    assert (quiet.findings, quiet.risk_events) == ([], [])


CORRELATION = """\
| tstats `security_content_summariesonly` sum(All_Risk.calculated_risk_score) as score, count,
    dc(source) as source_count, values(All_Risk.annotations.mitre_attack.mitre_technique_id) as techniques
  from datamodel=Risk.All_Risk where All_Risk.analyticstories="Odd Things" All_Risk.risk_object_type=system
  by All_Risk.risk_object
| `drop_dm_object_name("All_Risk")`
| where source_count >= 2"""


def test_correlation() -> None:
    """Risk events accumulate in the environment, and a risk-based correlation fires over those of two detections."""
    env = splmini.Environment(now=1000)
    rule = splmini.Detection(name="Many", search=CORRELATION, type="Correlation", finding=Finding("RBA: Many", None))
    detection().run([EVENT], env)
    assert not rule.run([], env).fired
    detection(name="Odder").run([EVENT], env)
    outcome = rule.run([], env)
    (row,) = outcome.results
    assert (row["risk_object"], row["score"], row["count"], row["source_count"]) == ("h1", 80, 2, 2)
    assert row["techniques"] == "T1003"
    assert [each["title"] for each in outcome.findings] == ["RBA: Many"]
    assert outcome.risk_events == []


def test_from_datamodel() -> None:
    """`from datamodel Risk.All_Risk` gives the accumulated risk events with the calculated fields."""
    env = splmini.Environment(now=1000)
    detection().run([EVENT], env)
    rows = env.compile(
        "| from datamodel Risk.All_Risk | stats sum(calculated_risk_score) as s by normalized_risk_object"
    ).run()
    assert [(row["normalized_risk_object"], row["s"]) for row in rows] == [("bob", 30), ("h1", 40)]


# ---- drilldowns ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ('%original_detection_search% | search a="$a$"', {"a": "x"}, 'kind=odd | search a="x"'),
        ('a IN ("$a$")', {"a": ["x", "y"]}, 'a IN ("x", "y")'),
        ('a="$a$"', {"a": 'C:\\x "q"'}, 'a="C:\\\\x \\"q\\""'),
        ('a="$a$"', {}, 'a="$a$"'),
        ("a=$a$ b IN ($b$)", {"a": "web1", "b": ["x y", "z"]}, 'a=web1 b IN ("x y", z)'),
        ("a=$a$", {"a": 'x" | delete | search "'}, 'a="x\\" | delete | search \\""'),
        ("a=$a$", {"a": "OR"}, 'a="OR"'),
        ('b="\\"" a=$a$', {"a": "x y"}, 'b="\\"" a="x y"'),
        ('a="$a$"', {"a": "%original_detection_search%"}, 'a="%original_detection_search%"'),
    ],
)
def test_fill(text: str, row: dict[str, Any], expected: str) -> None:
    """Placeholders take the row's values, escaped; what a value holds is not filled again."""
    assert fill(detection(search="kind=odd"), text, row) == expected


@pytest.mark.parametrize(
    ("earliest", "latest", "expected"),
    [
        (None, None, (None, None)),
        ("1d", "1h", (1_000_000 - 86400, 1_003_600)),
        ("7d", "0", (1_000_000 - 7 * 86400, None)),
        ("2days", "30mins", (1_000_000 - 2 * 86400, 1_001_800)),
        ("$info_min_time$", "$info_max_time$", (5.0, 2_000_000)),
        ("$nosuch$", None, (None, None)),
        ("-7d@d", "now", (1_468_800, 2_100_000)),
        ("@d", "+1h", (2_073_600, 2_103_600)),
    ],
)
def test_offsets(earliest: str | None, latest: str | None, expected: tuple[Any, Any]) -> None:
    """Offsets count from the row's time, modifiers from now; tokens are times that the row holds."""
    row = {"_time": 1_000_000, "info_min_time": "5", "info_max_time": 2_000_000}
    assert time_range(earliest, latest, row, 2_100_000) == expected


def test_bad_offset() -> None:
    """An offset that is none is named."""
    with pytest.raises(splmini.ArgumentError, match="'soon' is not an offset such as 7d"):
        time_range("soon", None, {}, 0)


def test_drilldown_over_old_time_modifiers() -> None:
    """The risk drilldown that most detections have bounds the risk events by `starthoursago` and `endhoursago`."""
    env = splmini.Environment(now=1_000_000)
    search = (
        '| from datamodel Risk.All_Risk | search normalized_risk_object IN ("$user$") starthoursago=168 endhoursago=1'
    )
    rule = detection(drilldowns=(Drilldown("risk", f"{search} | stats count by normalized_risk_object"),))
    risk = [
        {"index": "risk", "risk_object": "bob", "risk_object_type": "user", "_time": 1_000_000 - hours * 3600}
        for hours in (0, 2, 168, 169)
    ]
    assert [dict(row) for row in rule.drilldown(0, {"user": "bob"}, risk, env)] == [
        {"normalized_risk_object": "bob", "count": 2}
    ]


def test_run_drilldown() -> None:
    """A drilldown of a row runs the detection's search narrowed to the row, and the risk search of its objects."""
    env = splmini.Environment(now=1000)
    rule = detection(
        drilldowns=(
            Drilldown("rows", '%original_detection_search% | search user="$user$"'),
            Drilldown("risk", '| from datamodel Risk.All_Risk | search normalized_risk_object="$user$"', "7d", "0"),
        )
    )
    events = [EVENT, {**EVENT, "user": "eve"}]
    outcome = rule.run(events, env)
    row = next(row for row in outcome.results if row["user"] == "eve")
    assert [each["user"] for each in rule.drilldown(0, row, events, env)] == ["eve"]
    assert [each["risk_object"] for each in rule.drilldown(1, row, events, env)] == ["eve"]
    with pytest.raises(splmini.ArgumentError, match="has 2 drilldown searches"):
        rule.drilldown(2, row, events, env)
