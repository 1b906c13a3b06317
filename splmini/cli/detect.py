"""`splmini detect`: a detection over files."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from splmini.cli import _shared as shared
from splmini.cli._output import say

if TYPE_CHECKING:
    from splmini import Detection, Outcome

RISK_FIELDS = ("search_name", "risk_", "threat_")
"""What of a risk event is shown in the table; it also has every field of the row."""


@click.command("detect", short_help="Run a detection; show rows, findings and risk events.")
@click.argument("detection", type=click.Path(exists=True, dir_okay=False))
@click.argument("files", nargs=-1)
@click.option("-f", "--format", "form", type=click.Choice(["table", "json"]), default="table", help="Form of output.")
@click.option("-q", "--quiet", is_flag=True, help="Show warnings and errors only.")
@shared.environment_options
@shared.reading_options
def command(detection: str, files: tuple[str, ...], form: str, quiet: bool, **settings: Any) -> None:
    """Run DETECTION (a security_content YAML file) over the events in FILES; show its rows, findings and risk events.

    The macros and lookups of the repository that it stands in are found by themselves.

    Example: splmini detect examples/detect_regsvcs/detection.yml examples/detect_regsvcs/events.xml
    """
    import splmini

    loaded = splmini.Detection.load(detection)
    env = splmini.Environment(**splmini.bench.repository_settings(detection, shared.environment_settings(settings)))
    reading, given = shared.reading(settings), shared.events(files)
    outcome = loaded.run(given, env, **reading)
    shared.tell(outcome.results, quiet)
    if not outcome.fired:
        shared.say_why(env, loaded, given, quiet, **reading)
    say(_json(loaded, outcome) if form == "json" else _text(loaded, outcome), nl=False, data=form == "json")
    sys.exit(0 if outcome.fired else 1)


def _json(detection: Detection, outcome: Outcome) -> str:
    content = {
        "detection": detection.name,
        "fired": outcome.fired,
        "results": list(outcome.results),
        "findings": list(outcome.findings),
        "risk_events": list(outcome.risk_events),
    }
    return json.dumps(content, ensure_ascii=False, indent=2, default=str) + "\n"


def _text(detection: Detection, outcome: Outcome) -> str:
    count = len(outcome.results)
    verdict = "fired" if outcome.fired else "did not fire"
    parts = [f"{detection.name}: {verdict}, {count} {'row' if count == 1 else 'rows'}\n"]
    fields = outcome.results.fields
    for number, row in enumerate(outcome.results.view.timed(outcome.results, iso=True), 1):
        parts.append(f"\nrow {number}\n" + _listing({name: row[name] for name in fields if name in row}))
    for number, finding in enumerate(outcome.findings, 1):
        entity = finding.get("entity") or {}
        parts.append(f"\nfinding {number}\n" + _listing({"title": finding.get("title"), **_prefixed("entity", entity)}))
    for number, event in enumerate(outcome.risk_events, 1):
        shown = {name: value for name, value in event.items() if name.startswith(RISK_FIELDS)}
        parts.append(f"\nrisk event {number}\n" + _listing(shown))
    return "".join(parts)


def _prefixed(prefix: str, values: Any) -> dict[str, Any]:
    return {f"{prefix}.{name}": value for name, value in dict(values).items()}


def _listing(values: dict[str, Any]) -> str:
    from splmini import Results

    rows = [{"field": name, "value": value} for name, value in values.items() if value is not None]
    table = Results(rows, ["field", "value"]).to_table(width=0).split("\n")[2:]
    return "".join(f"  {line}\n" for line in table)
