"""The example detection, broken in many ways: the explanation names the cause each time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

import splmini
from splmini.detections.explain.explanation import Explanation

FIRES, NO_USER = 0, 9  # lines of events.xml

BREAKAGES: dict[str, dict[str, Any]] = {
    "a typo in a value": {
        "change": ("regsvcs.exe", "regsvc.exe"),
        "says": ["process_name is `regsvcs.exe`, wanted regsvc.exe", "line 10, column 1"],
    },
    "a by-field that is null": {
        "line": NO_USER,
        "says": ["1 of 1 rows were dropped because a by-field is null: user (1)"],
        "ends": "stats",
    },
    "a by-field that no event has": {
        "change": ("process_exec ", "process_execs "),
        "says": ["no row has a field process_execs (Did you mean 'process_exec'?)"],
        "ends": "stats",
    },
    "a wrong macro": {
        "env": {"macros": {"sysmon": 'sourcetype="WinEventLog:Security"'}},
        "says": ["(from `sysmon`)", "sourcetype is `XmlWinEventLog`, wanted WinEventLog:Security"],
    },
    "a network that swallows the address": {
        "change": ("240.0.0.0/4", "8.0.0.0/7"),
        "says": ['dest_ip is `8.8.4.4`, which "8.0.0.0/7" of the NOT … IN list excludes', "line 3, column 1"],
    },
    "the wrong event id": {"change": ("EventID=3", "EventID=1"), "says": ["EventID is `3`, wanted 1"]},
    "a field in the wrong case": {
        "change": ("process_name=", "Process_Name="),
        "says": ["Process_Name is absent", "there is a field process_name: names are case-sensitive"],
    },
    "a field misspelt": {
        "change": ("process_name=", "proces_name="),
        "says": ["proces_name is absent, wanted regsvcs.exe (Did you mean 'process_name'?)"],
    },
    "a filter macro that excludes too much": {
        "env": {"macros": {"detect_regsvcs_with_network_connection_filter": "search user!=alice"}},
        "says": ["user is `alice`, wanted !=alice", "(from `detect_regsvcs_with_network_connection_filter`)"],
        "ends": "search user!=alice",
    },
    "a time range that misses the events": {
        "options": {"earliest": "2026-02-01T00:00:00"},
        "says": ["1 events at 2026-01-12T09:01:00+00:00 are outside the time range, from 2026-02-01T00:00:00+00:00"],
        "ends": "events",
    },
    "a comparison in where, which is case-sensitive": {
        "change": ("| stats", '| where process_name="RegSvcs.exe" | stats'),
        "says": ["process_name is `regsvcs.exe`", "the letters' case differs"],
        "ends": "where",
    },
    "a lookup whose key misses": {
        "change": ("| stats", "| lookup assets dest OUTPUT owner | where isnotnull(owner) | stats"),
        "env": {"lookups": {"assets": {"rows": [{"dest": "other", "owner": "x"}]}}},
        "says": ["1 of 1 rows found nothing in the lookup: dest=8.8.4.4 (1)", "owner is absent"],
        "ends": "where",
    },
    "a NOT that was forgotten": {
        "change": ("NOT dest_ip", "dest_ip"),
        "says": ["dest_ip is `8.8.4.4`, wanted one of 10.0.0.0/8"],
    },
    "an index that the events are not in": {
        "change": ("`sysmon`", "index=win `sysmon`"),
        "env": {"index": "main"},
        "says": ["refused by index=win"],
    },
    "a field renamed too early": {
        "change": ("| stats", "| rename process_name as image | stats"),
        "says": ["a by-field is null: process_name (1)"],
        "ends": "stats",
    },
}


@pytest.fixture
def lines(root: Any) -> list[str]:
    """The events of the example, one a line."""
    return (root / "examples/detect_regsvcs/events.xml").read_text("utf-8").splitlines()


@pytest.fixture
def detection(root: Any) -> splmini.Detection:
    """The example detection."""
    return splmini.Detection.load(root / "examples/detect_regsvcs/detection.yml")


def broken(detection: splmini.Detection, lines: list[str], breakage: dict[str, Any]) -> tuple[Explanation, int]:
    """The explanation of a broken search over the one event, and the number of rows of a run."""
    old, new = breakage.get("change", ("", ""))
    assert old in detection.search
    search = detection.search.replace(old, new, 1) if old else detection.search
    env = splmini.Environment(**breakage.get("env", {}))
    events = [{"_raw": lines[breakage.get("line", FIRES)]}]
    options = breakage.get("options", {})
    return env.explain(search, events, **options), len(env.compile(search).run(events, **options))


@pytest.mark.parametrize("name", BREAKAGES)
def test_cause(name: str, detection: splmini.Detection, lines: list[str]) -> None:
    """The explanation names the cause and the stage, and agrees with the run that nothing comes out."""
    breakage = BREAKAGES[name]
    explanation, rows = broken(detection, lines, breakage)
    text = str(explanation)
    assert rows == 0
    assert not explanation.fired
    for said in breakage["says"]:
        assert said in text
    assert explanation.ended_at is not None
    assert explanation.ended_at.command.startswith(breakage.get("ends", "search"))


def test_unbroken(detection: splmini.Detection, lines: list[str]) -> None:
    """The detection as it is fires, and the explanation has the rows of the run."""
    env = splmini.Environment()
    events = [{"_raw": line} for line in lines]
    explanation = env.explain(detection, events)
    assert explanation.rows == list(env.compile(detection.search).run(events))
    assert explanation.ended_at is None
    assert "6 refused" not in str(explanation)
    assert [(stage.rows_in, stage.rows_out) for stage in explanation.stages[:3]] == [(13, 13), (13, 6), (6, 5)]


def test_unknown_macro(detection: splmini.Detection, lines: list[str]) -> None:
    """A macro that nobody defines is an error that names the nearest."""
    with pytest.raises(
        splmini.UnknownMacro, match=r"line 1, column 1: There is no macro 'sysmonn'. Did you mean 'sysmon"
    ):
        splmini.Environment().explain(detection.search.replace("`sysmon`", "`sysmonn`"), [])


def test_own_time_range_wins() -> None:
    """The search's own earliest replaces the environment's, in the explanation as in the run."""
    events = [{"_time": 1_000_000, "a": "1"}, {"_time": 2_000_000, "a": "2"}]
    env = splmini.Environment(earliest=1_500_000, now=3_000_000)
    assert len(env.explain("a=1 earliest=500000", events).rows) == 1
    assert len(env.compile("a=1 earliest=500000").run(events)) == 1
    text = str(env.explain("a=1", events))
    assert "outside the time range, from 1970-01-18T08:40:00+00:00 until any time" in text


def test_tstats() -> None:
    """A clause of a tstats where-clause that refuses is named with the value of the dataset's row."""
    env = splmini.Environment(datamodels={"M": {"D": {"search": "kind=x", "fields": ["name", "user"]}}})
    events = [{"kind": "x", "name": "cmd.exe", "user": "bob"}]
    text = str(env.explain("| tstats count from datamodel=M.D where D.name=powershell.exe by D.user", events))
    assert "D.name is `cmd.exe`, wanted powershell.exe" in text


def test_html_escapes() -> None:
    """What comes from events and searches is escaped in the HTML form."""
    page = splmini.Environment().explain('a="<b>"', [{"a": "<script>"}])._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("search", "event", "reason"),
    [
        (
            "(a=1 b=2) OR (a=9 b=9)",
            {"a": "1", "b": "3"},
            "none of 2 alternatives holds; the nearest: b is `3`, wanted 2",
        ),
        ("failed", {"_raw": "all fine"}, "_raw does not contain failed"),
        ("a>5", {"a": "3"}, "a is `3`, wanted >5"),
        ("a=1", {"a": ["2", "3"]}, "a is `2`, `3`, wanted 1"),
        ("NOT (a=1 OR b=2)", {"a": "0", "b": "2"}, "which NOT b=2 excludes"),
    ],
)
def test_reasons(search: str, event: dict[str, Any], reason: str) -> None:
    """Each kind of clause says what it found beside what it wanted."""
    (miss,) = splmini.Environment().explain(search, [event]).near_misses
    assert reason in miss.reason


def test_nearest_first() -> None:
    """The events that satisfy the most clauses are kept, best first."""
    events = [{"a": "1", "n": "0"}, {"a": "1", "b": "2", "n": "1"}, {"n": "2"}]
    misses = splmini.Environment().explain("a=1 b=2 c=3", events, nearest=2).near_misses
    assert [(miss.event["n"], miss.satisfied) for miss in misses] == [("1", 2), ("0", 1)]


class TestEmptyDataset:
    """A search over a data model whose dataset is empty: which condition of the dataset, which event type."""

    EVENT: ClassVar = {"sourcetype": "XmlWinEventLog", "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1}

    @pytest.mark.parametrize(
        "search",
        [
            "| tstats count from datamodel=Endpoint.Processes by Processes.dest",
            "| from datamodel Endpoint.Processes",
            '| from datamodel:"Endpoint.Processes"',
            "| datamodel Endpoint Processes search",
        ],
    )
    def test_tag(self, search: str) -> None:
        """A tag that no event has is traced to the event types that would give it, and what they want."""
        notes = "\n".join(splmini.Environment().explain(search, [self.EVENT]).stages[0].notes)
        assert "no event is in Endpoint.Processes; the nearest satisfies 0 of its 2 conditions" in notes
        assert "refused by tag=process: tag is `track_event_signatures`" in notes
        assert "the event type ms-sysmon-process, which refuses the nearest event: source is absent, wanted " in notes

    def test_constraint(self) -> None:
        """A condition on a field is shown with the event's value."""
        models = {"M": {"D": {"search": "kind=odd", "fields": ["user"]}}}
        env = splmini.Environment(datamodels=models)
        search = "| tstats count from datamodel=M.D by D.user"
        (note,) = env.explain(search, [{"kind": "even"}]).stages[0].notes
        assert note.endswith("refused by kind=odd: kind is `even`, wanted odd")
        assert env.explain(search, [{"kind": "odd", "user": "u"}]).stages[0].notes == []
        assert env.explain(search, []).stages[0].notes == []

    def test_unknown_tag(self) -> None:
        """A tag that no event type gives is said to be none."""
        env = splmini.Environment(datamodels={"M": {"D": {"search": "tag=nowhere", "fields": ["user"]}}})
        notes = env.explain("| tstats count from datamodel=M.D by D.user", [{"a": 1}]).stages[0].notes
        assert notes[1] == "no event type gives the tag nowhere"


NOTES = {
    'rex field=msg "ID=(?<id>\\d+)"': ["the pattern does not match in 2 of 2 rows: msg is `id=17 ok`"],
    'rex field=msg "id=(?<id>\\d+)"': ["the pattern does not match in 1 of 2 rows: msg is `none`"],
    'rex field=mgs "(?<id>\\d+)"': ["the pattern does not match in 2 of 2 rows: mgs is absent (Did you mean 'msg'?)"],
    'rex mode=sed field=msg "s/a/b/"': [],
    'regex msg="^x"': ["no row satisfies it: msg is `id=17 ok`"],
    'regex msg="^n"': [],
    "eval total=n+lost": ["total is null in every row, as no row has lost"],
    "eval total=n+nn, n=1": ["total is null in every row, as no row has nn (Did you mean 'n'?)"],
    'eval x=if(user="bob", 1, null())': [],
    "spath input=msg path=a output=z": ["it found nothing in any row: msg is `id=17 ok`"],
    "dedup host": ["2 of 2 rows were dropped because a field is null: host (2)", "no row has a field host"],
    "dedup user": [],
    "dedup host keepempty=true": [],
    "join user [search sourcetype=other | table user]": [
        "2 of 2 rows met no row of the subsearch: user=bob (1); user=al (1)"
    ],
    "join user [search user=bob | table user]": ["1 of 2 rows met no row of the subsearch: user=al (1)"],
    "join type=left user [search user=bob | table user]": [],
    "search [search user=bob | fields user]": ['with what its subsearches gave it reads: user="bob"'],
}


@pytest.mark.parametrize("command", NOTES)
def test_notes(command: str) -> None:
    """A stage says what kept its fields or rows from coming out, and nothing where all went well."""
    events = [
        {"sourcetype": "st", "user": "bob", "msg": "id=17 ok", "n": "7"},
        {"sourcetype": "st", "user": "al", "msg": "none", "n": "3"},
    ]
    stages = splmini.Environment().explain(f"sourcetype=st | {command}", events).stages
    assert stages[2].notes == NOTES[command]


@pytest.mark.parametrize(
    ("clause", "remark"),
    [
        ('like(user, "B%")', True),
        ('match(user, "^BOB$")', True),
        ('user="BOB"', True),
        ('like(user, "C%")', False),
        ('match(user, "x")', False),
        ('match(nothing, "x")', False),
    ],
)
def test_case_remark(clause: str, remark: bool) -> None:
    """Where eval's comparisons failed for the letters' case alone, it is said."""
    (miss,) = splmini.Environment().explain(f"user=* | where {clause}", [{"user": "bob"}]).near_misses
    assert ("(the letters' case differs, and counts here)" in miss.reason) is remark


def test_like_misses_are_counted() -> None:
    """Events that were refused for the same reason are one line."""
    report = str(splmini.Environment().explain("a=1", [{"a": "2"}, {"a": "2"}, {"a": "3"}]))
    assert "a is `2`, wanted 1 (2 events)" in report
    assert report.count("refused by a=1 at") == 2


@pytest.mark.parametrize(
    "search", ["a=1 p=regsvcs.exe", 'a=1 p="*regsvcs.exe"', "a=1 p IN (x, regsvcs.exe)", 'a=1 | where p="regsvcs.exe"']
)
def test_likest_first(search: str) -> None:
    """Of events that satisfy equally many clauses, the one whose value is almost the one wanted comes first."""
    events = [{"a": "1", "p": f"program{number}.dll"} for number in range(9)] + [{"a": "1", "p": "regsvc.exe"}]
    events += [{"a": "1"}, {"a": "2", "p": "regsvcs.exe.bak"}]
    misses = splmini.Environment().explain(search, events, nearest=3).near_misses
    assert misses[0].event["p"] == "regsvc.exe"


def test_places_in_the_file(tmp_path: Path) -> None:
    """The explanation of a detection from a file names the line and the column of the file."""
    path = tmp_path / "odd.yml"
    path.write_text("name: Odd\nsearch: |-\n  a=1\n  | where b=2\n")
    report = str(splmini.Environment().explain(splmini.Detection.load(path), [{"a": "1", "b": "3"}]))
    assert f"refused by b=2 at {path}:4:11: b is `3`" in report


def test_furthest_first() -> None:
    """Rows that passed the first filter and failed a later one are nearer than those that failed the first."""
    events = [{"a": "2"}, {"a": "2"}, {"a": "1", "n": "3"}, {"a": "1", "n": "3"}]
    misses = splmini.Environment().explain("a=1 | stats count by n | where count>5", events, nearest=2).near_misses
    assert [miss.reason for miss in misses] == ["count is `2`, wanted count>5", "a is `2`, wanted 1"]


def test_a_time_that_no_calendar_holds() -> None:
    """An event of an impossible time is outside the range; the explanation still comes."""
    explanation = splmini.Environment().explain("a=b", [{"a": "b", "_time": -1e15}], earliest=5, latest=6)
    assert "-1000000000000000" in str(explanation)


def test_a_lookup_that_overwrites_a_field() -> None:
    """A row whose field the lookup overwrites found something."""
    env = splmini.Environment(lookups={"t": {"rows": [{"k": "1", "owner": "new"}]}})
    events = [{"k": "1", "owner": "old"}, {"k": "2", "owner": "old"}]
    assert "1 of 2 rows found nothing in the lookup: k=2 (1)" in str(env.explain("* | lookup t k OUTPUT owner", events))


def test_keys_that_missed_are_shown_as_they_read() -> None:
    """The values of a multivalue key are listed; an absent one is null."""
    env = splmini.Environment(lookups={"t": {"rows": [{"k": "1", "owner": "new"}]}})
    report = str(env.explain("* | lookup t k OUTPUT owner", [{"k": ["8", "9"]}, {"j": 1}]))
    assert "k=8, 9 (1)" in report
    assert "k=null (1)" in report


CONDITIONS = (
    'NOT a="x"',
    'NOT a!="x"',
    'NOT (a="x" AND b>1)',
    'a="x" OR (NOT b=2 AND c=3 AND (a="y" OR NOT c>1))',
    'a="x" XOR b=2',
    "b OR c=3",
    'b AND NOT match(a, "x")',
    "NOT b",
    "(b - 2) AND NOT isnull(c)",
)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_an_explanation_counts_the_rows_that_a_condition_keeps(condition: str) -> None:
    """Over present and missing fields as many rows stay as where keeps, and each refusal has a reason."""
    events = [
        {name: value for name, value in (("a", a), ("b", b), ("c", c)) if value is not None}
        for a in (None, "x", "z")
        for b in (None, 0, 2)
        for c in (None, 1, 3)
    ]
    env = splmini.Environment()
    search = f"| where {condition}"
    explanation = env.explain(search, events)
    assert len(explanation.rows) == len(env.compile(search).run(events))
    assert all(near.reason for near in explanation.near_misses)
