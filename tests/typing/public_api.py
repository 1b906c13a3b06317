"""The public API as a user's code names its types; read by type checkers, never run."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from typing_extensions import assert_type

import splmini
from splmini.detections import Content, Report
from splmini.detections.explain.explanation import Explanation
from splmini.plan.show import Plan


class AnyFrame:
    """What a data frame looks like from outside."""

    columns: list[str]


def environments() -> splmini.Environment:
    """Every option of an environment, in each of its forms."""
    splmini.Environment()
    splmini.Environment(
        macros="macros", lookups=[Path("lookups"), {"users": {"rows": []}}], apps=["windows", Path("TA")]
    )
    return splmini.Environment(
        macros={"name": "definition", "two(1)": {"args": ["a"], "definition": "x=$a$"}},
        lookups={"users": {"rows": [{"user": "bob"}], "case_sensitive": True}},
        datamodels={"Model": {"Dataset": {"search": "a=1", "fields": ["a"]}}},
        commands={"sendalert": lambda rows, arguments: rows},
        index="main",
        now=datetime(2024, 1, 1),
        earliest="-24h",
        latest=1_700_000_000,
        timezone="Europe/Berlin",
        limits=splmini.Limits(),
        data_dir=Path("data"),
        databases={"iplocation": "GeoLite2-City.mmdb"},
    )


def events(env: splmini.Environment) -> None:
    """Everything that events may be."""
    search = env.compile("search *")
    given: list[dict[str, str]] = [{"user": "bob"}]
    search.run()
    search.run(given)
    search.run(iter(given))
    search.run({"n": number} for number in range(3))
    search.run("auth.log")
    search.run(Path("auth.log"))
    paths: list[str | Path] = ["a.json", Path("b.json")]
    search.run(paths)
    search.run(b'{"a": 1}')
    search.run(BytesIO(b""))
    search.run(splmini.Source("auth.log", sourcetype="linux_secure"))
    search.run(AnyFrame())


def runs(env: splmini.Environment, given: list[dict[str, Any]]) -> None:
    """A search, its options, and what each way of running it gives."""
    search = assert_type(env.compile("search *"), splmini.Search)
    results = search.run(
        given, order="newest", executor=ProcessPoolExecutor(), progress=print, cancel=lambda: False, knowledge="full"
    )
    assert_type(results, splmini.Results)
    assert_type(results[0], dict[str, Any])
    assert_type(results[:2], splmini.Results)
    assert_type(results.fields, list[str])
    assert_type(results.messages, list[splmini.Message])
    assert_type(results.complete, bool)
    assert_type(search.stream(given, strict=True, sourcetype="x"), Iterator[dict[str, Any]])
    assert_type(search.plan(), Plan)
    assert_type(splmini.search("search *", given, index="main"), splmini.Results)
    assert_type(env.explain("search a=1", given, nearest=3), Explanation)
    assert_type(env.fields(given), splmini.Results)
    assert_type(env.lookups["x.csv"].rows, list[dict[str, Any]])
    assert_type(env.macros, splmini.MacroRegistry)
    assert_type(splmini.format("search *"), str)


def detections(env: splmini.Environment, given: list[dict[str, Any]]) -> None:
    """Detections, their tests, sweeps and the linter."""
    detection = assert_type(splmini.Detection.load("detect_x.yml"), splmini.Detection)
    outcome = assert_type(detection.run(given, env, now=1.0), splmini.Outcome)
    assert_type(outcome.fired, bool)
    assert_type(outcome.results, splmini.Results)
    assert_type(detection.test(env, attack_data=Path("data")), Report)
    assert_type(detection.drilldown(0, {}, given, env), splmini.Results)
    hits = assert_type(splmini.sweep([detection, "search *"], given, env, infer=False), list[splmini.Hit])
    assert_type(hits[0].error, splmini.SplError | None)
    assert_type(splmini.lint(detection, env), list[splmini.Issue])
    content = assert_type(splmini.load_content("repository"), Content)
    assert_type(content.environment(timezone="UTC"), splmini.Environment)
