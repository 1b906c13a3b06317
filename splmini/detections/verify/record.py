"""What Splunk answered, as cases with `confidence: measured`: a table that any version of splmini can be held to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from splmini.detections.verify.compare import Rows
from splmini.detections.verify.verifier import Verification
from splmini.errors import SplError
from splmini.writing import write_new

_KEPT = ("now", "earliest", "latest", "timezone", "index", "macros")
_ANSWERED = frozenset({"equal", "differs", "recorded"})


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, keys in the order given, and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        """Say that nothing is written as a reference to something else."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def measured_cases(found: Iterable[Verification], product: str) -> list[dict[str, Any]]:
    """Return a case for each search that Splunk ran: its rows and columns are what Splunk answered.

    A case that expects to be refused, and was, stays as it is written. A search that Splunk refuses though nothing
    expects it is none: the text of its error is Splunk's, not ours.
    """
    cases = []
    for each in found:
        if each.status in _ANSWERED and (each.refused is None or "error" in each.question.data):
            cases.append(_case(each, product))
    return cases


def write_measured(path: str | Path, found: Iterable[Verification], product: str) -> int:
    """Write the measured cases into a new file; return how many there are.

    Raises:
        KnowledgeError: where the file is there, or cannot be written.
    """
    cases = measured_cases(found, product)
    text = yaml.dump(cases, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    write_new(path, f"# What {product} answered; written by `splmini verify --write`.\n{text}")
    return len(cases)


def _case(each: Verification, product: str) -> dict[str, Any]:
    question = each.question
    case: dict[str, Any] = {"name": question.name, "spl": question.search}
    events = _events(each)
    if events:
        case["events"] = events
    case.update({key: question.settings[key] for key in _KEPT if key in question.settings})
    if each.refused is None:
        names = {name for name in each.fields if not name.startswith("_") or name == "_time"}
        names -= each.unstable
        case["rows"] = [{name: value for name, value in row.items() if name in names} for row in each.rows]
        case["columns"] = [name for name in each.fields if name in names] if not each.unstable else None
        case["ordered"] = question.ordered
    else:
        case["error"] = dict(question.data["error"])
    said = {"source": product, "why": question.data.get("why"), "confidence": "measured"}
    return {key: value for key, value in {**case, **said}.items() if value is not None}


def _events(each: Verification) -> Rows | str:
    """The events of a case as a table of cases has them: dicts, or the text of the case."""
    question = each.question
    if question.case is None:
        given: Rows | str = question.data.get("events", [])
        return given
    events = question.case.inputs().events
    if isinstance(events, list) and all(isinstance(event, Mapping) for event in events):
        return [dict(event) for event in events]
    try:
        env = question.environment({})
        events, options = question.inputs(env)
        return [dict(row) for row in env.compile("search *").run(events, **options)]
    except SplError:
        return []


__all__ = ["measured_cases", "write_measured"]
