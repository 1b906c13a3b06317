"""A run of a detection: rows, then the findings and risk events that Splunk Enterprise Security would make of them.

Source: https://docs.splunk.com/Documentation/ES/latest/User/RiskScoring (risk analysis adaptive response action)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from splmini.engine.services import services_of
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_number, to_text

if TYPE_CHECKING:
    from splmini.detections.detection import Detection, Entity
    from splmini.operators import Row
    from splmini.results import Results

TOKEN = re.compile(r"\$([A-Za-z_][\w.:{}\-]*)\$")

RISK_INDEX = "risk"
RISK_SOURCETYPE = "stash"


@dataclass(frozen=True)
class Outcome:
    """What a detection gave: `results`, `fired` (rows > 0), `findings` and `risk_events`.

    A finding is a dict {title, entity: {field, type, value, score}, detection, row}; a risk event is an event dict as
    the Risk data model reads it.
    """

    detection: Detection
    results: Results
    findings: list[dict[str, Any]] = field(default_factory=list)
    risk_events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def fired(self) -> bool:
        """Whether the search gave rows."""
        return len(self.results) > 0

    def _repr_html_(self) -> str:
        from splmini.detections.html import render_outcome

        return render_outcome(self)


def run_detection(detection: Detection, events: Any, env: Any, options: Mapping[str, Any]) -> Outcome:
    """Run a detection; keep its risk events in the environment."""
    if env is None:
        from splmini import Environment

        env = Environment()
    results = env.compile(detection.search).run(events, **options)
    now = results.stats.get("now", services_of(env).clock())
    outcome = Outcome(detection, results, findings_of(detection, results), risk_events_of(detection, results, now))
    services_of(env).add_events(RISK_INDEX, outcome.risk_events)
    return outcome


def substitute(text: str, row: Mapping[str, Any]) -> str:
    """Replace `$field$` by the row's value; a multivalue field gives its values, a token without a field stays.

    >>> substitute("$user$ on $dest$ ($nosuch$)", {"user": ["a", "b"], "dest": "h"})
    'a, b on h ($nosuch$)'
    """

    def value(match: re.Match[str]) -> str:
        found = row.get(match[1])
        return match[0] if found is None else ", ".join(to_text(item) for item in as_list(found))

    return TOKEN.sub(value, text)


def findings_of(detection: Detection, rows: Any) -> list[dict[str, Any]]:
    """Return one finding a row; none for a detection without (Anomaly, Hunting)."""
    finding = detection.finding
    if finding is None:
        return []
    entity = finding.entity
    found = []
    for row in rows:
        described = None
        if entity is not None:
            described = {
                "field": entity.field,
                "type": entity.type,
                "value": row.get(entity.field),
                "score": entity.score,
            }
        found.append(
            {
                "title": substitute(finding.title, row),
                "entity": described,
                "detection": detection.name,
                "row": dict(row),
            }
        )
    return found


def risk_events_of(detection: Detection, rows: Any, now: float) -> list[dict[str, Any]]:
    """Return the risk events: one a row, risk object and value.

    A `risk_object`, `risk_object_type`, `risk_score`, `threat_object` or `risk_message` that a row brings wins over
    the definition; a definition whose field the row lacks is skipped.
    """
    if detection.type.lower() in ("hunting", "correlation"):
        return []
    events = []
    for row in rows:
        threats = _threats(detection, row)
        for entity in detection.entities:
            for value in as_list(row.get(entity.field)):
                if value != "":
                    events.append(_risk_event(detection, row, entity, value, threats, now))
    return events


def _threats(detection: Detection, row: Row) -> dict[str, Any]:
    """`threat_object` and `threat_object_type`: parallel lists over all definitions that the row fills."""
    values, types = [], []
    for threat in detection.threat_objects:
        for value in as_list(row.get(threat.field)):
            values.append(value)
            types.append(threat.type)
    made = {"threat_object": from_list(values), "threat_object_type": from_list(types)}
    return {name: value for name, value in made.items() if value is not None}


_ORIGINAL = ("host", "source", "sourcetype", "index")


def _risk_event(
    detection: Detection, row: Row, entity: Entity, value: Any, threats: Mapping[str, Any], now: float
) -> dict[str, Any]:
    event: dict[str, Any] = {
        f"orig_{name}" if name in _ORIGINAL else name: item for name, item in row.items() if name != "_raw"
    }
    time = to_number(row.get("_time"))
    message = entity.message or (detection.finding.title if detection.finding else "") or detection.name
    made: dict[str, Any] = {
        "risk_object": value,
        "risk_object_type": entity.type,
        "risk_score": entity.score,
        "risk_message": substitute(message, row),
        **threats,
    }
    event.update({name: item for name, item in made.items() if row.get(name) is None})
    if to_number(event.get("risk_score")) is None:
        event["risk_score"] = 1
    event.update(_annotations(detection))
    event.update(
        _time=now if time is None else time,
        index=RISK_INDEX,
        sourcetype=RISK_SOURCETYPE,
        source=detection.rule_name,
        search_name=detection.rule_name,
    )
    return event


def _annotations(detection: Detection) -> dict[str, Any]:
    """The annotations of a risk event: each framework's, and all of them together."""
    frameworks = {
        "annotations.mitre_attack": list(detection.mitre_attack_id),
        "annotations.analytic_story": list(detection.analytic_story),
        "annotations.cve": list(detection.cve),
    }
    made: dict[str, Any] = {name: from_list(values) for name, values in frameworks.items() if values}
    everything = [
        item
        for name in ("annotations.analytic_story", "annotations.cve", "annotations.mitre_attack")
        for item in frameworks[name]
    ]
    if everything:
        made["annotations._all"] = from_list(everything)
    made["annotations._frameworks"] = from_list(
        [name.partition(".")[2] for name, values in frameworks.items() if values]
    )
    return {name: value for name, value in made.items() if value is not None}
