"""Run the tables in tests/cases through every way of running a plan; tests/README.md describes their format."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml
from support import InlineExecutor, same

import splmini
from splmini.detections.verify.questions import TABLE
from splmini.engine import parallel

CASES = Path(__file__).resolve().parent.parent / "cases"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SETTINGS = ("lookups", "macros", "datamodels", "now", "earliest", "latest", "timezone", "apps", "index", "limits")
Case = Mapping[str, Any]


def load(kinds: tuple[str, ...]) -> Iterator[Any]:
    """Yield one pytest parameter for each case of the folders named."""
    for path in sorted(CASES.rglob("*.yaml")):
        kind = path.relative_to(CASES).parts[0]
        if kind in kinds:
            for case in yaml.load(path.read_text("utf-8"), LOADER) or []:
                yield pytest.param(case, id=f"{kind}/{path.stem}: {case['name']}")


# ---- ways of running a plan ----------------------------------------------------------------------------------------


def as_text(events: Any) -> Any:
    """Return the events as JSON lines, each in the envelope that Splunk's own exports have."""
    if isinstance(events, str):
        return events.encode()
    return "\n".join(json.dumps({"result": event}, ensure_ascii=False) for event in events).encode()


def plain(search: Any, events: Any) -> Any:
    """Run the plan as built, over dicts."""
    return search.run(events, order="given", optimize=False)


def optimised(search: Any, events: Any) -> Any:
    """Run the optimised plan, over dicts."""
    return search.run(events, order="given")


def partitioned(search: Any, events: Any) -> Any:
    """Run in partitions of two events that are merged."""
    with mock.patch.object(parallel, "TASK_ROWS", 2):
        return search.run(events, order="given", executor=InlineExecutor())


def from_text(search: Any, events: Any) -> Any:
    """Run over the text of a file."""
    return search.run(as_text(events), order="given")


WAYS = {"plain": plain, "optimised": optimised, "partitioned": partitioned, "text": from_text}


def ways(case: Case) -> Iterator[tuple[str, Callable[[Any, Any], Any]]]:
    """Yield the ways that a case is run in."""
    for name, way in WAYS.items():
        if name in case.get("ways", WAYS):
            yield name, way


@functools.lru_cache(maxsize=64)
def shared_environment(settings: str) -> Any:
    """Return the environment with these settings (as JSON); cases that write nothing share it."""
    return make_environment(json.loads(settings))


def make_environment(settings: dict[str, Any]) -> Any:
    """Make an environment of a case's settings."""
    if "limits" in settings:
        settings["limits"] = splmini.Limits(**settings["limits"])
    return splmini.Environment(**settings)


def environment(case: Case) -> Any:
    """Return the environment that a case asks for; a fresh one where it writes something."""
    settings = {key: case[key] for key in SETTINGS if key in case}
    if any(word in case.get("spl", "") for word in ("output", "collect", "sendalert", "map", "savedsearch")):
        return make_environment(settings)
    return shared_environment(json.dumps(settings, default=str))


# ---- comparing -----------------------------------------------------------------------------------------------------


def matches(case: Case, expected: Case, actual: Case) -> bool:
    """Say whether a row is as expected."""
    names = case.get("fields") or list(expected)
    if "inexact" not in case and set(actual) != {name for name in names if expected.get(name) is not None}:
        return False
    return all(same(expected.get(name), actual.get(name)) for name in names)


def show(rows: list[Any]) -> str:
    """Return rows as text for a failure's message."""
    return "\n".join(f"  {row!r}" for row in rows[:8]) + ("\n  ..." if len(rows) > 8 else "")


def compare(case: Case, rows: list[Any]) -> None:
    """Fail where the rows are not as expected."""
    expected = case["rows"]
    assert len(rows) == len(expected), f"{len(rows)} rows, expected {len(expected)}:\n{show(rows)}"
    if case.get("ordered", True):
        for want, got in zip(expected, rows, strict=True):
            assert matches(case, want, got), f"expected {want!r}, got {got!r}"
        return
    left = list(rows)
    for want in expected:
        found = next((index for index, got in enumerate(left) if matches(case, want, got)), None)
        assert found is not None, f"no row like {want!r} in\n{show(left)}"
        del left[found]


def check(case: Case, env: Any, results: Any) -> None:
    """Fail where the outcome of a run is not what the case expects."""
    if "rows" in case:
        compare(case, list(results))
    if "count" in case:
        assert len(results) == case["count"]
    if "columns" in case:
        assert list(results.fields) == case["columns"]
    texts = [message.text for message in results.messages]
    for wanted in case.get("messages", ()):
        assert any(wanted in text for text in texts), f"no message {wanted!r} in {texts}"
    for name, rows in case.get("tables", {}).items():
        compare({"rows": rows}, list(env.lookups[name].rows))


def check_error(case: Case) -> None:
    """Fail unless the search is refused with exactly the error that the case describes."""
    wanted = case["error"]
    with pytest.raises(splmini.SplError) as caught:
        environment(case).compile(case["spl"]).run(case.get("events", []), order="given")
    error = caught.value
    assert wanted["type"] in [kind.__name__ for kind in type(error).__mro__[:2]], str(error)
    for key in ("message", "hint", "name"):
        if key in wanted:
            assert getattr(error, key) == wanted[key]
    if "position" in wanted:
        assert list(error.position or ()) == wanted["position"]
    if "context" in wanted:
        assert (error.context or "").rstrip() == wanted["context"].rstrip()


# ---- the tests -----------------------------------------------------------------------------------------------------


def as_search(case: Case) -> Case:
    """Turn a case with an `expression` into one with a search."""
    if "expression" not in case:
        return case
    event = case.get("event", {"id": "1"})
    rows = [{**event, "result": case["value"]}] if "value" in case else []
    return {"events": [event], "rows": rows, **case, "spl": f"| eval result={case['expression']}"}


@pytest.mark.parametrize("case", list(load(("commands", "eval", "stats", "search", "macros", "errors"))))
def test_case(case: Case) -> None:
    """A case gives its rows, or is refused with its error, whichever way its plan is run."""
    case = as_search(case)
    if "error" in case:
        check_error(case)
        return
    assert {"rows", "count", "columns", "messages", "tables"} & set(case), "the case expects nothing"
    for name, way in ways(case):
        env = environment(case)
        try:
            check(case, env, way(env.compile(case["spl"]), case.get("events", [])))
        except AssertionError as failure:
            raise AssertionError(f"[{name}] {case['spl']}\n{failure}") from failure


def test_keys() -> None:
    """Every case of a table has the keys that there are, and they are what they have to be."""
    for parameter in load(("commands", "eval", "stats", "search", "macros", "errors")):
        (case,) = parameter.values
        wrong = [key for key, value in case.items() if key not in TABLE or not TABLE[key][0](value)]
        assert not wrong, f"{parameter.id}: {wrong}"


@pytest.mark.parametrize("path", sorted(CASES.rglob("*.yaml")), ids=lambda path: str(path.relative_to(CASES)))
def test_names(path: Path) -> None:
    """Names of cases are unique within their file, more than a word, and say more than the search does."""
    cases = yaml.load(path.read_text("utf-8"), LOADER) or []
    names = [str(case["name"]) for case in cases]
    assert len(set(names)) == len(names), sorted(name for name in set(names) if names.count(name) > 1)
    assert not (words := [name for name in names if len(name.split()) < 2]), f"names of a single word: {words}"
    bare = [case["name"] for case in cases if str(case.get("spl", "")).strip(" |") == str(case["name"]).strip(" |")]
    assert not bare, f"names that only repeat the search: {bare}"


@pytest.mark.parametrize("case", list(load(("knowledge",))))
def test_knowledge(case: Case) -> None:
    """An event gets the fields that its pack promises."""
    event = case["event"]
    events = event.encode() if isinstance(event, str) else [event]
    (row,) = environment(case).compile("*").run(events, order="given")
    wrong = {name: row.get(name) for name, value in case["fields"].items() if not same(value, row.get(name))}
    assert not wrong, f"instead of { ({name: case['fields'][name] for name in wrong})!r}"
