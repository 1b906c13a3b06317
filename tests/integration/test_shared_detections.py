"""Published detections over real events whose outcome is known: `splmini test` gives the right verdicts."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

import splmini

EVERY = 24
"""One detection in so many: the whole set takes minutes."""


def records(shared: Path) -> list[dict[str, Any]]:
    """What is known of detections: whether they fire over a data set. What rests on Sysmon's events alone, where
    Splunk's data model holds other events too, is left out."""
    with gzip.open(shared / "truth" / "escu.jsonl.gz", "rt", encoding="utf-8") as lines:
        known = [json.loads(line) for line in lines]
    return [
        record
        for record in known
        if record["asserts"] == "final" and (record["fires"] or "4688 NOT included" not in record["assumes"])
    ]


@pytest.fixture
def repository(shared: Path, tmp_path: Path) -> Path:
    """A repository laid out of detections, macros, lookups and data, with a file of cases beside each detection."""
    for kind in ("macros", "lookups"):
        shutil.copytree(shared / "escu" / kind, tmp_path / kind)
    (tmp_path / "data").mkdir()
    by_detection: dict[str, list[dict[str, Any]]] = {}
    for record in records(shared):
        by_detection.setdefault(record["detection"], []).append(record)
    for name in list(by_detection)[::EVERY]:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(shared / "escu" / name, file)
        cases = []
        for record in by_detection[name]:
            log = tmp_path / "data" / f"{record['data']}.jsonl.gz"
            if not log.exists():
                shutil.copy(shared / "data" / log.name, log)
            up = "../" * (len(Path(name).parts) - 1)
            cases.append({"name": record["data"], "file": f"{up}data/{log.name}", "fires": record["fires"]})
        file.with_suffix(".test.yml").write_text(yaml.safe_dump({"cases": cases}))
    return tmp_path


def test_known_outcomes(repository: Path) -> None:
    """Detections fire where they must, and stay silent where they must not."""
    bench = splmini.bench.Bench({"now": 1_730_000_000})
    verdicts = [verdict for file in splmini.bench.find_tests([repository]) for verdict in bench.run(file).verdicts]
    ran = [verdict for verdict in verdicts if verdict.status != "skipped"]
    assert len(ran) >= 8
    assert [verdict for verdict in ran if verdict.bad] == []


def test_recent_generations_load(shared: Path) -> None:
    """Each detection of the 2025 and 2026 generations loads and compiles; mistakes in other files have a position."""
    content = splmini.load_content(shared / "escu_recent")
    assert len(content.detections) == 74
    assert {detection.generation for detection in content.detections} == {"2025", "2026"}
    assert all(error.position is not None for error in content.errors)
    bench = splmini.bench.Bench()
    for file in splmini.bench.find_tests([shared / "escu_recent"]):
        for verdict in bench.run(file).verdicts:
            assert verdict.status == "skipped", verdict


def test_drilldowns_run(shared: Path) -> None:
    """Every drilldown of published detections runs, but for those that the linter rightly calls broken."""
    broken = 0
    for folder, step in (("escu", 20), ("escu_recent", 1)):
        env = splmini.Environment(macros=[shared / folder / "macros"], lookups=[shared / folder / "lookups"])
        for path in sorted((shared / folder / "detections").rglob("*.yml"))[::step]:
            detection = splmini.Detection.load(path)
            found = splmini.lint(detection, env, select=("SPL604",))
            assert all("drilldown" in issue.message for issue in found)
            broken += len(found)
            for number in range(0 if found else len(detection.drilldowns)):
                with contextlib.suppress(splmini.UnsupportedFeature, splmini.UnknownLookup):
                    detection.drilldown(number, {"user": "x", "dest": "y"}, [], env)
    assert broken == 6


def test_mutants_of_published_detections(shared: Path) -> None:
    """Every mutant of a published detection is a search that compiles, with its place inside the search."""
    env = splmini.Environment(macros=[shared / "escu" / "macros"], lookups=[shared / "escu" / "lookups"])
    made = 0
    for path in sorted((shared / "escu" / "detections").rglob("*.yml"))[::40]:
        search = splmini.Detection.load(path).search
        try:
            env.compile(search)
        except splmini.UnsupportedFeature:
            continue
        for mutant in list(splmini.bench.mutants(search, env))[:30]:
            made += 1
            assert env.compile(mutant.search).tree != env.compile(search).tree, mutant
            assert 0 <= mutant.offset < len(search)
    assert made > 100


def test_explanations_agree_with_runs(shared: Path) -> None:
    """The explanation of a published detection over real events gives as many rows as its run; it can be measured."""
    env = splmini.Environment(macros=[shared / "escu" / "macros"], lookups=[shared / "escu" / "lookups"])
    with gzip.open(shared / "data" / "windows_xml.jsonl.gz", "rt", encoding="utf-8") as lines:
        events = [json.loads(line) for line in itertools.islice(lines, 0, 24_000, 400)]
    ran = 0
    for path in sorted((shared / "escu" / "detections").rglob("*.yml"))[::60]:
        detection = splmini.Detection.load(path)
        try:
            rows = len(env.compile(detection.search).run(events))
        except splmini.SplError:
            continue  # a lookup or a command that is not here
        explanation = env.explain(detection, events)
        assert len(explanation.rows) == rows, detection.name
        assert str(explanation)
        assert splmini.bench.measure(env, detection, events).to_text()
        ran += 1
    assert ran >= 15
