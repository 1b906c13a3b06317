"""A detection, and what it gave, as HTML for notebooks and other pages; everything that comes from content or events is
escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from splmini.results.pages import body, cut, html_table, page, stacked, table
from splmini.values.numbers import to_number, to_text

if TYPE_CHECKING:
    from splmini.detections.detection import Detection, Entity
    from splmini.detections.findings import Outcome

PART = 30_000
"""How large the tables of findings and of risk may get, each."""
RISK = ("_time", "risk_object", "risk_object_type", "risk_score", "risk_message", "threat_object", "threat_object_type")
SEARCH = (
    "font-family:monospace;font-size:12px;white-space:pre-wrap;overflow-wrap:anywhere;padding:6px 10px;"
    "border-left:3px solid rgba(128,128,128,0.5);margin:4px 0"
)


def render_detection(detection: Detection) -> str:
    """Return what a detection is: what it looks for, its search, what it reports."""
    told = {
        "type": f"{detection.type}, {detection.status}",
        "id": detection.id,
        "MITRE ATT&CK": ", ".join(detection.mitre_attack_id),
        "stories": ", ".join(detection.analytic_story),
        "data": ", ".join(detection.data_source),
        "reports": detection.finding.title if detection.finding else "",
        "risk": "\n".join(map(_entity, detection.entities)),
        "threat objects": ", ".join(f"{each.field} ({each.type})" for each in detection.threat_objects),
        "throttled by": ", ".join(detection.throttling),
        "tests": ", ".join(test.name for test in detection.tests),
        "file": detection.path,
        "not understood": ", ".join(detection.issues),
    }
    rows = [(f"<span style='opacity:0.75'>{escape(name)}</span>", _lines(text)) for name, text in told.items() if text]
    return page(
        f"<div><strong>{escape(cut(detection.name))}</strong></div>"
        f"<div style='max-width:900px;margin:4px 0'>{_lines(detection.description)}</div>"
        f"<div class='splmini-raw' style='{SEARCH}'>{escape(cut(detection.search.strip()))}</div>{html_table((), rows)}"
    )


def render_outcome(outcome: Outcome) -> str:
    """Return what a detection gave: its findings, its risk, and the rows that they come from."""
    detection = outcome.detection
    verdict = "fired" if outcome.fired else "did not fire"
    score = sum(to_number(event["risk_score"]) or 0 for event in outcome.risk_events)
    told = (
        f"{_count(len(outcome.findings), 'finding')} · {_count(len(outcome.risk_events), 'risk event')}"
        f"{f' with a score of {to_text(score)} together' if outcome.risk_events else ''}"
    )
    return page(
        f"<div><strong>{escape(cut(detection.name))}</strong> {verdict} · {told}</div>"
        f"{_findings(outcome)}{_risk(outcome)}<div style='margin:8px 0 2px'><strong>Rows</strong></div>"
        f"{body(outcome.results)}"
    )


def _findings(outcome: Outcome) -> str:
    rows = [
        {"title": each["title"], **{name: value for name, value in (each["entity"] or {}).items() if value is not None}}
        for each in outcome.findings
    ]
    return _part("Findings", ["title", "field", "type", "value", "score"], rows, outcome)


def _risk(outcome: Outcome) -> str:
    present = [name for name in RISK if any(name in event for event in outcome.risk_events)]
    return _part("Risk events", present, outcome.risk_events, outcome)


def _part(title: str, fields: list[str], rows: list[dict[str, Any]], outcome: Outcome) -> str:
    if not rows:
        return ""
    text, shown = table(fields, rows, outcome.results.view, PART)
    left = f"<div>{len(rows) - shown:,} more are not shown here</div>" if shown < len(rows) else ""
    return f"<div style='margin:8px 0 2px'><strong>{title}</strong></div>{text}{left}"


def _entity(entity: Entity) -> str:
    message = f": {entity.message}" if entity.message else ""
    return f"{to_text(entity.score)} for {entity.field} ({entity.type}){message}"


def _lines(text: str) -> str:
    return stacked([line for line in text.strip().split("\n") if line.strip()]) if text.strip() else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
