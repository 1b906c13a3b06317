"""What the files of detections may hold below their top: keys of their mappings, values that stand for something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from splmini.documents import Document
from splmini.errors import did_you_mean

_ENTITY = frozenset({"field", "type", "score", "message"})
_TEST = frozenset({"name", "attack_data", "test_type", "description", "file", "pass_condition"})
_TEST |= {"earliest_time", "latest_time", "baselines"}
_ATTACK_DATA = frozenset({"data", "source", "sourcetype", "host", "index", "custom_index", "file_name"})
_ATTACK_DATA |= {"update_timestamp"}

_KEYS: dict[tuple[str, ...], frozenset[str]] = {
    ("rba",): frozenset({"message", "risk_objects", "threat_objects"}),
    ("rba", "risk_objects", "*"): _ENTITY,
    ("rba", "threat_objects", "*"): _ENTITY,
    ("threat_objects", "*"): _ENTITY,
    ("finding",): frozenset({"title", "entity"}),
    ("finding", "entity"): _ENTITY,
    ("intermediate_findings",): frozenset({"entities"}),
    ("intermediate_findings", "entities", "*"): _ENTITY,
    ("drilldown_searches", "*"): frozenset({"name", "search", "earliest_offset", "latest_offset"}),
    ("tests", "*"): _TEST,
    ("tests", "*", "attack_data", "*"): _ATTACK_DATA,
}
"""The keys of the mappings whose keys are all known; `*` is any entry of a list."""

_TYPES = ("TTP", "Anomaly", "Hunting", "Correlation", "Baseline", "Investigation")
_STATUSES = ("production", "experimental", "deprecated", "validation", "removed")
_RISK_OBJECTS = ("user", "system", "other")

_VALUES: dict[tuple[str, ...], tuple[str, tuple[str, ...]]] = {
    ("type",): ("type of detection", _TYPES),
    ("status",): ("status of a detection", _STATUSES),
    ("rba", "risk_objects", "*", "type"): ("type of risk object", _RISK_OBJECTS),
    ("finding", "entity", "type"): ("type of entity", _RISK_OBJECTS),
    ("intermediate_findings", "entities", "*", "type"): ("type of entity", _RISK_OBJECTS),
}
"""The values that stand for something, and what they are."""

_TECHNIQUES = (("tags", "mitre_attack_id", "*"), ("mitre_attack_id", "*"))
_TECHNIQUE = re.compile(r"T[01]\d{3}(?:\.0\d\d)?")
"""Techniques of enterprises and of mobiles are T1…, those of control systems T0…; sub-techniques count from 001."""

Key = tuple["str | int", ...]


def _each(value: Any, path: tuple[str, ...], at: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Yield the values at a path of a document, with their keys."""
    if not path:
        yield at, value
    elif path[0] == "*":
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from _each(item, path[1:], (*at, index))
    elif isinstance(value, dict) and path[0] in value:
        yield from _each(value[path[0]], path[1:], (*at, path[0]))


def schema_issues(document: Document) -> Iterator[str]:
    """Yield what no schema of detections has, each with its line and column."""
    for path, keys in _KEYS.items():
        where = ".".join(part for part in path if part != "*")
        for at, value in _each(document.data, path):
            for name in value if isinstance(value, dict) else ():
                if name not in keys:
                    hint = did_you_mean(str(name), keys) or f"Known are: {', '.join(sorted(keys))}."
                    place = document.keys.get((*at, str(name)))
                    yield f"{_place(place)}: unknown key '{name}' in '{where}'. {hint}"
    for path, (what, known) in _VALUES.items():
        for at, value in _each(document.data, path):
            if isinstance(value, str) and value.lower() not in map(str.lower, known):
                hint = did_you_mean(value, known) or f"There are: {', '.join(known)}."
                yield f"{_place(document.positions.get(at))}: '{value}' is no {what}. {hint}"
    for path in _TECHNIQUES:
        for at, value in _each(document.data, path):
            if not _TECHNIQUE.fullmatch(str(value)):
                hint = "Techniques are T1059, sub-techniques T1059.001."
                yield f"{_place(document.positions.get(at))}: '{value}' is no technique of ATT&CK. {hint}"


def _place(position: tuple[int, int] | None) -> str:
    line, column = position or (1, 1)
    return f"line {line}, column {column}"
