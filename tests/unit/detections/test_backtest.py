"""Schedules, throttling, bounds and backtests: each run gives what the search gives by itself at that time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import splmini
from splmini.detections.backtest.bounds import read_bounds
from splmini.detections.backtest.throttling import Throttle, period_seconds
from splmini.documents import load_document

HOUR, DAY = 3600, 86400
START = 1_780_012_800  # a midnight


# ---- schedules -------------------------------------------------------------------------------------------------------

SCHEDULES = [
    ("0 * * * *", 24, 0),
    ("*/15 * * * *", 96, 0),
    ("10 0 * * *", 1, 600),
    ("0 6-8 * * *", 3, 6 * HOUR),
    ("30 2,14 * * *", 2, 2.5 * HOUR),
    ("0 0 1 1 *", 0, None),
]


@pytest.mark.parametrize(("cron", "count", "first"), SCHEDULES)
def test_a_schedule_is_due_as_its_cron_expression_says(cron: str, count: int, first: float | None) -> None:
    due = list(splmini.Schedule(cron).runs(START, START + DAY))
    assert len(due) == count
    assert first is None or due[0] == START + first


def test_a_run_at_the_start_counts_and_one_at_the_end_does_not() -> None:
    assert list(splmini.Schedule().runs(START, START + 2 * HOUR)) == [START, START + HOUR]


@pytest.mark.parametrize(
    ("earliest", "latest", "expected"),
    [
        ("-70m@m", "-10m@m", (START - 70 * 60, START - 10 * 60)),
        ("-1d@d", "@d", (START - DAY, START)),
        ("0", "now", (None, START)),
        ("", "", (None, None)),
    ],
)
def test_the_range_of_a_run_is_relative_to_when_it_is_due(earliest: str, latest: str, expected: Any) -> None:
    assert splmini.Schedule("0 * * * *", earliest, latest).range(START) == expected


@pytest.mark.parametrize("cron", ["61 * * * *", "* * *", "nonsense", ""])
def test_what_is_no_cron_expression_is_refused(cron: str) -> None:
    with pytest.raises(splmini.ArgumentError, match="no cron expression"):
        list(splmini.Schedule(cron).runs(START, START + DAY))


DETECTION = """name: Bursts
search: status=500 | stats count by user | where count>1
type: TTP
rba:
  message: $user$
  risk_objects: [{field: user, type: user, score: 40}]
"""


@pytest.mark.parametrize(
    ("more", "cron"),
    [
        ("", "0 * * * *"),
        ("schedule: Nightly\n", "5 0 * * *"),
        ("schedule: Default Baseline\n", "10 0 * * *"),
        ("custom_schedule: {cron_schedule: '7 * * * *', earliest_time: -8m}\n", "7 * * * *"),
        ("deployment: {scheduling: {cron_schedule: '9 * * * *'}}\n", "9 * * * *"),
    ],
)
def test_a_detection_runs_on_its_own_schedule_a_named_one_or_the_default(tmp_path: Path, more: str, cron: str) -> None:
    (tmp_path / "detections").mkdir()
    (tmp_path / "schedules").mkdir()
    (tmp_path / "schedules" / "n.yml").write_text("name: Nightly\ncron_schedule: 5 0 * * *\n")
    (tmp_path / "detections" / "d.yml").write_text(DETECTION + more)
    content = splmini.load_content(tmp_path)
    assert content.errors == []
    assert content.detections[0].issues == ()
    assert content.schedule(content.detections[0]).cron == cron


def test_deployments_of_older_repositories_give_schedules_by_type(tmp_path: Path) -> None:
    (tmp_path / "detections").mkdir()
    (tmp_path / "deployments").mkdir()
    (tmp_path / "deployments" / "ttp.yml").write_text(
        "name: TTPs\nscheduling: {cron_schedule: '3 * * * *'}\ntags: {type: TTP}\n"
    )
    (tmp_path / "detections" / "d.yml").write_text(DETECTION)
    content = splmini.load_content(tmp_path)
    assert content.schedule(content.detections[0]).cron == "3 * * * *"


@pytest.mark.parametrize(
    ("more", "message", "hint"),
    [
        ("custom_schedule: {cron: '* * * * *'}\n", "A schedule has no 'cron'", None),
        ("custom_schedule: {cron_scedule: '* * * * *'}\n", "A schedule has no", "cron_schedule"),
        ("custom_schedule: daily\n", "has to be a mapping", None),
        ("throttling: {fields: {a: b}}\n", "list of names", None),
    ],
)
def test_a_schedule_that_is_none_is_named_with_its_place(more: str, message: str, hint: str | None) -> None:
    with pytest.raises(splmini.KnowledgeError, match=message) as caught:
        splmini.Detection.from_text(DETECTION + more)
    assert caught.value.position is not None
    assert caught.value.position[0] >= 7
    assert hint is None or hint in str(caught.value.hint)


def test_a_named_schedule_that_is_not_there_is_told_with_the_nearest(tmp_path: Path) -> None:
    detection = splmini.Detection.from_text(DETECTION + "schedule: Default Baselin\n")
    done = splmini.backtest([detection], [], start=START, end=START + HOUR)
    error = done.histories[0].error
    assert error is not None
    assert "Default Baseline" in str(error.hint)


def test_what_other_apps_bring_is_read_from_build_yml(tmp_path: Path) -> None:
    (tmp_path / "detections").mkdir()
    (tmp_path / "build.yml").write_text(
        "external_app_content:\n- app_name: URL Toolbox\n  macros: []\n  lookups: [ut_shannon_lookup]\n"
    )
    assert splmini.load_content(tmp_path).external == {"ut_shannon_lookup": "URL Toolbox"}


# ---- throttling ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"), [("86400s", 86400), ("60m", 3600), ("24h", 86400), ("7d", 604800), ("90", 90), ("", 86400)]
)
def test_a_period_of_throttling(text: str, seconds: float) -> None:
    assert period_seconds(text) == seconds


def test_a_period_that_is_none_is_refused() -> None:
    with pytest.raises(splmini.KnowledgeError, match="no period"):
        period_seconds("soon")


def test_rows_with_values_that_were_reported_lately_do_not_pass() -> None:
    throttle = Throttle(("user", "dest"), 100)
    assert throttle.passes({"user": "a", "dest": ["x", "y"]}, 0)
    assert not throttle.passes({"user": "a", "dest": ["x", "y"]}, 99)
    assert throttle.passes({"user": "a", "dest": "x"}, 50)
    assert throttle.passes({"user": "a"}, 50)
    assert not throttle.passes({"user": "a"}, 60)
    assert throttle.passes({"user": "a", "dest": ["x", "y"]}, 100)


# ---- backtests -------------------------------------------------------------------------------------------------------

SEARCHES = (
    "status=500",
    "status=500 | stats count by user",
    "* | stats count, dc(user) as users",
    "user=a OR user=b | stats count by status | where count>1",
    "status=500 [search status=404 | stats count by user | sort - count, user | head 1 | fields user] | stats count",
    "user=a | append [search user=b | stats count] | stats count",
    "| makeresults | eval x=now()",
    "status=200 | eval age=now()-_time | where age<2000 | stats count by user",
    "| inputlookup none.csv | stats count",
    "earliest=-2h status=500 | stats count",
    "status=500 | eventstats count by user | where count>1 | sort _time | table _time user",
    "user=c | transaction user | stats count",
)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {"_time": st.integers(START - 2 * HOUR, START + 6 * HOUR), "user": st.sampled_from("abc")},
        optional={"status": st.sampled_from(("200", "404", "500")), "_indextime": st.integers(START, START + 7 * HOUR)},
    ),
    max_size=40,
)
WHEN = st.sampled_from(
    (
        splmini.Schedule(),
        splmini.Schedule("*/30 * * * *", "-30m@m", "now"),
        splmini.Schedule("0 * * * *", "-3h@h", "@h"),
        splmini.Schedule("15 */2 * * *", "-15m", "-5m"),
        splmini.Schedule("0 * * * *", "0", "now"),
    )
)


@settings(max_examples=60)
@given(EVENTS, WHEN, st.lists(st.sampled_from(SEARCHES), min_size=1, max_size=4, unique=True))
def test_each_run_gives_what_the_search_gives_by_itself(
    events: list[dict[str, Any]], schedule: splmini.Schedule, searches: list[str]
) -> None:
    env = splmini.Environment(lookups={"none.csv": [{"a": "1"}]})
    end = START + 5 * HOUR
    rows: dict[tuple[str, float], list[Any]] = {}

    def keep(detection: splmini.Detection, reported: list[Any], now: float) -> list[Any]:
        rows[detection.search, now] = reported
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("splmini.detections.backtest.run.risk_events_of", keep)
        done = splmini.backtest(searches, events, env, start=START, end=end, schedule=schedule)
    for search, history in zip(searches, done, strict=True):
        assert history.error is None
        for due in schedule.runs(START, end):
            there = [each for each in events if history.apart or each.get("_indextime", 0) <= due]
            earliest, latest = schedule.range(due)
            alone = env.compile(search).run(there, now=due, earliest=earliest, latest=latest)
            assert rows.get((search, due), []) == list(alone), (search, due)
        assert history.runs == len(list(schedule.runs(START, end)))


def test_the_events_are_read_once_for_all_runs() -> None:
    events = [{"_time": START + 60 * number, "user": "a"} for number in range(600)]
    done = splmini.backtest(["user=a | stats count"], events, start=START, end=START + 10 * HOUR)
    assert done.scanned == 600
    assert not done.histories[0].apart


def test_risk_rules_see_the_risk_of_the_runs_before() -> None:
    first = splmini.Detection.from_text(DETECTION)
    rule = splmini.Detection(
        name="Risk",
        search="| tstats sum(All_Risk.calculated_risk_score) as score from datamodel=Risk.All_Risk"
        " by All_Risk.risk_object | where score>=80",
        type="Correlation",
    )
    events = [
        {"_time": START + number * HOUR + 60 * k, "user": "eve", "status": "500"} for number in (0, 1) for k in (1, 2)
    ]
    day = splmini.Schedule("0 * * * *", "-24h@h", "now")
    done = splmini.backtest([rule, first], events, start=START, end=START + 6 * HOUR, schedule=day)
    risk, bursts = done.histories
    assert bursts.rows == 5
    assert [each.due for each in risk.firings] == [START + number * HOUR for number in (3, 4, 5)]


def test_throttled_rows_are_no_findings() -> None:
    text = DETECTION + "throttling: {fields: [user], period: 3h}\n"
    events = [{"_time": START + number * 600, "user": "eve", "status": "500"} for number in range(36)]
    hourly = splmini.Schedule("0 * * * *", "-1h", "now")
    detection = splmini.Detection.from_text(text)
    history = splmini.backtest([detection], events, start=START, end=START + 7 * HOUR, schedule=hourly).histories[0]
    assert (history.rows, history.reported, history.findings) == (6, 2, 2)
    assert history.busiest() == [("user", "eve", 2)]


def test_baselines_run_before_the_detections_that_name_them(tmp_path: Path) -> None:
    for folder in ("detections", "baselines", "macros"):
        (tmp_path / folder).mkdir()
    (tmp_path / "baselines" / "b.yml").write_text(
        "name: Known users\ncustom_schedule: {cron_schedule: '55 * * * *', earliest_time: -55m, latest_time: now}\n"
        "search: user=* | stats count by user | eval known=1 | outputlookup known_users\n"
    )
    (tmp_path / "detections" / "d.yml").write_text(
        "name: New users\ntype: Anomaly\nbaselines: [Known users]\n"
        "search: user=* | lookup known_users user OUTPUT known | where isnull(known) | stats count by user\n"
    )
    events = [{"_time": START + 600, "user": "old"}, {"_time": START + HOUR + 600, "user": "old"}]
    events.append({"_time": START + HOUR + 3500, "user": "new"})  # behind the baseline of its hour
    content = splmini.load_content(tmp_path)
    env = content.environment(lookups={"known_users": [{"user": "nobody", "known": "1"}]})
    hourly = splmini.Schedule("0 * * * *", "-1h", "now")
    history = splmini.backtest(content, events, env, start=START, end=START + 3 * HOUR, schedule=hourly).histories[0]
    assert history.error is None
    assert [(each.due - START, each.rows) for each in history.firings] == [(2 * HOUR, 1)]


def test_a_detection_that_fails_does_not_stop_the_others() -> None:
    done = splmini.backtest(["| nosuch", "user=a"], [{"_time": START, "user": "a"}], start=START, end=START + 3 * HOUR)
    assert isinstance(done.histories[0].error, splmini.UnknownCommand)
    assert done.histories[1].rows == 1


@pytest.mark.parametrize("options", [{"start": START, "end": START}, {"start": START, "end": START + 1, "now": 5}])
def test_what_makes_no_backtest_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(splmini.ArgumentError):
        splmini.backtest(["*"], [], **options)


def test_a_schedule_that_is_due_too_often_ends_at_the_limit() -> None:
    done = splmini.backtest(["*"], [], start=0, end=400 * DAY, schedule=splmini.Schedule("* * * * *"))
    assert isinstance(done.histories[0].error, splmini.LimitExceeded)


# ---- reports ---------------------------------------------------------------------------------------------------------


def _done(name: str = "<b>bold</b>") -> splmini.Backtest:
    detection = splmini.Detection(name=name, search="user=* | stats count by user", type="TTP")
    events = [{"_time": START + day * DAY + 60, "user": user} for day in range(3) for user in ("a", "b")]
    return splmini.backtest([detection, "user=z", "| nosuch"], events, start=START, end=START + 3 * DAY)


def test_the_page_escapes_what_it_shows() -> None:
    page = _done().to_html()
    assert "<b>bold" not in page
    assert "&lt;b&gt;bold" in page
    assert "user=z" in page
    assert "nosuch" in page


def test_json_holds_the_days_and_the_runs_that_fired() -> None:
    content = json.loads(_done("Rule").to_json())
    rule = content["detections"][0]
    assert list(rule["per_day"].values()) == [{"rows": 2, "reported": 2}] * 3
    assert len(rule["firings"]) == 3
    assert content["detections"][2]["error"]["type"] == "UnknownCommand"


BOUNDS = [
    ("{per_day: {max: 1}}", "failed", "2 rows were reported on"),
    ("{per_day: {max: 2}}", "passed", ""),
    ("{per_day: 1}", "failed", "at most 1"),
    ("{per_run: {min: 3}}", "failed", "at least 3"),
    ("{total: {min: 6, max: 6}}", "passed", ""),
    ("{per_dya: {max: 6}}", "error", "Unknown key 'per_dya'"),
    ("{per_day: {max: many}}", "error", "has to be a number"),
]


@pytest.mark.parametrize(("expect", "status", "reason"), BOUNDS)
def test_bounds_of_the_file_of_cases_are_held_to(tmp_path: Path, expect: str, status: str, reason: str) -> None:
    path = tmp_path / "rule.yml"
    path.write_text("name: Rule\nsearch: user=* | stats count by user\n")
    (tmp_path / "rule.test.yml").write_text(
        f"expect: {expect}\ncases:\n- name: none\n  events: [{{a: 1}}]\n  fires: false\n"
    )
    events = [{"_time": START + day * DAY + 60, "user": user} for day in range(3) for user in ("a", "b")]
    done = splmini.backtest([splmini.Detection.load(path)], events, start=START, end=START + 3 * DAY)
    verdict = done.verdicts()[0]
    assert (verdict.status, reason in verdict.reason) == (status, True)


def test_a_file_without_bounds_has_none() -> None:
    assert read_bounds(load_document("cases: []")) == []


def test_a_built_app_gives_schedule_and_throttling(tmp_path: Path) -> None:
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "savedsearches.conf").write_text(
        "[ESCU - Bursts - Rule]\nsearch = status=500 | stats count by user\ncron_schedule = 5 * * * *\n"
        "dispatch.earliest_time = -65m\ndispatch.latest_time = -5m\nalert.suppress = 1\n"
        "alert.suppress.fields = user,dest\nalert.suppress.period = 4h\n"
        "[ESCU - Loose - Rule]\nsearch = status=404\nalert.suppress = 0\nalert.suppress.fields = user\n"
    )
    content = splmini.load_content(tmp_path)
    bursts, loose = sorted(content.detections, key=lambda each: each.name)
    assert content.schedule(bursts) == splmini.Schedule("5 * * * *", "-65m", "-5m", "0")
    assert (bursts.throttling, bursts.throttling_period) == (("user", "dest"), "4h")
    assert (loose.throttling, content.schedule(loose).cron) == ((), "0 * * * *")


def test_the_baselines_of_a_detection_run_before_its_tests(tmp_path: Path) -> None:
    for folder in ("detections", "baselines", "datasets"):
        (tmp_path / folder).mkdir()
    (tmp_path / "datasets" / "log.json").write_text('{"user":"eve","n":1}\n{"user":"bob","n":2}\n')
    (tmp_path / "baselines" / "b.yml").write_text(
        "name: Seen\nschedule: Default Baseline\nsearch: n=1 | stats count by user | outputlookup seen\n"
    )
    text = (
        "name: Again\nsearch: n=* | lookup seen user OUTPUT count | where count=1\nbaselines: [Seen]\n"
        "tests: [{name: fires, attack_data: [{data: datasets/log.json, sourcetype: _json}]}]\n"
    )
    (tmp_path / "detections" / "d.yml").write_text(text)
    env = splmini.Environment(lookups={"seen": [{"user": "nobody", "count": "0"}]})
    report = splmini.Detection.load(tmp_path / "detections" / "d.yml").test(env, tmp_path)
    assert [each.status for each in report.results] == ["passed"]
    (tmp_path / "detections" / "d.yml").write_text(text.replace("[Seen]", "[Sen]"))
    wrong = splmini.Detection.load(tmp_path / "detections" / "d.yml").test(env, tmp_path)
    assert wrong.results[0].status == "error"
    assert "Seen" in wrong.results[0].reason
