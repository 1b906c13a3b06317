"""A sweep of real detections and Sigma rules over real events equals running each of them alone."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import splmini

EVERY = 31
"""One of so many detections is compared."""


def lines(path: Path) -> list[Any]:
    """The records of a gzipped file of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def outcome(search: Any, events: list[Any]) -> Any:
    """The rows and columns that a search gives alone, or the kind of its error."""
    try:
        results = search.run(events)
    except splmini.SplError as error:
        return type(error)
    return [dict(row) for row in results], results.fields


def found(hit: Any) -> Any:
    """The rows and columns of a hit, or the kind of its error."""
    if hit.outcome is None:
        return type(hit.error)
    return [dict(row) for row in hit.outcome.results], hit.outcome.results.fields


def test_a_sweep_equals_each_alone(shared: Path) -> None:
    """Rows, order, columns and errors are those of each search by itself."""
    truth = lines(shared / "truth" / "sigma.jsonl.gz")
    rules = [rule for rule in truth if rule["events"] and rule["data"] == "windows_flat"][::EVERY]
    first = {rule["events"][0] for rule in rules}
    events = [
        *lines(shared / "data" / "windows_xml.jsonl.gz")[::200],
        *lines(shared / "data" / "cloudtrail.jsonl.gz")[::80],
        *(event for event in lines(shared / "data" / "windows_flat.jsonl.gz") if event["eid"] in first),
    ]
    content = splmini.load_content(shared / "escu")
    chosen = [each.search for each in content.detections[::EVERY]] + [rule["spl"] for rule in rules]
    env = content.environment(now=1_800_000_000)
    hits = splmini.sweep(chosen, events, content.environment(now=1_800_000_000))
    assert len(hits) == len(chosen) > 30
    assert sum(hit.fired for hit in hits) >= len(rules)
    for search, hit in zip(chosen, hits, strict=True):
        try:
            compiled = env.compile(search)
        except splmini.SplError as error:
            assert found(hit) is type(error), search  # noqa: PT017
            continue
        assert found(hit) == outcome(compiled, events), search
