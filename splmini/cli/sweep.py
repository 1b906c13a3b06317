"""`splmini sweep`: many detections over the same files, in one pass."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from splmini.cli import _shared as shared
from splmini.cli._content import chosen_detections
from splmini.cli._output import say
from splmini.interrupting import PATIENCE, interruptible

if TYPE_CHECKING:
    from splmini import Hit


@click.command("sweep", short_help="Run many detections in one pass; show which fired.")
@click.argument("content", type=click.Path(exists=True))
@click.argument("files", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: every detection, with its rows and findings.")
@click.option("--all", "everything", is_flag=True, help="Show those that found nothing, too.")
@click.option("--only", multiple=True, metavar="TEXT", help="Only detections whose name or technique holds TEXT.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, help="Processes that read the events.")
@click.option("-q", "--quiet", is_flag=True, help="Show warnings and errors only.")
@shared.environment_options
@shared.reading_options
def command(
    content: str,
    files: tuple[str, ...],
    as_json: bool,
    everything: bool,
    only: tuple[str, ...],
    jobs: int,
    quiet: bool,
    **settings: Any,
) -> None:
    """Run all detections of CONTENT over the events in FILES; show which fired.

    CONTENT is a repository in security_content's layout, a built app, a folder of detections, or one detection. A
    detection that cannot run does not stop the others; it is named on standard error. Exits with 0 where one fired.

    Example: splmini sweep security_content/ logs/*.evtx
    """
    import splmini

    chosen, env = chosen_detections(Path(content), settings, only)
    events = shared.events(files)
    started = time.perf_counter()
    with interruptible(PATIENCE) as cancel, shared.workers(jobs) as executor, shared.progress(quiet) as progress:
        reading = shared.reading(settings)
        hits = splmini.sweep(chosen, events, env, progress=progress, executor=executor, cancel=cancel, **reading)
        interrupted = cancel()
    if as_json:
        say(json.dumps([_entry(hit) for hit in hits], ensure_ascii=False, indent=2, default=str), data=True)
    else:
        say(_table(hits, everything), nl=False)
    fired, failed = sum(hit.fired for hit in hits), [hit for hit in hits if hit.error is not None]
    _warn(hits)
    for hit in failed:
        text = str(hit.error).split("\n", 1)[0]
        say(f"error: {hit.detection.name}: {type(hit.error).__name__}: {text}", err=True)
    if not quiet:
        seconds = time.perf_counter() - started
        say(f"{fired} of {len(hits)} fired, {len(failed)} could not run, {seconds:.1f} s", err=True)
    if interrupted:
        say("interrupted: this is what was found by then", err=True)
        sys.exit(shared.INTERRUPTED)
    messages = (each for hit in hits if hit.outcome is not None for each in hit.outcome.results.messages)
    sys.exit(shared.outcome(fired > 0, messages))


def _entry(hit: Hit) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "detection": hit.detection.name,
        "id": hit.detection.id,
        "file": hit.detection.path,
        "mitre_attack_id": list(hit.detection.mitre_attack_id),
        "fired": hit.fired,
        "seconds": round(hit.seconds, 6),
        "error": None if hit.error is None else {"type": type(hit.error).__name__, "message": str(hit.error)},
    }
    if hit.outcome is not None:
        entry |= {
            "results": list(hit.outcome.results),
            "findings": list(hit.outcome.findings),
            "risk_events": list(hit.outcome.risk_events),
        }
    return entry


def _table(hits: list[Hit], everything: bool) -> str:
    import splmini

    rows = [
        {
            "detection": hit.detection.name,
            "rows": len(hit.outcome.results),
            "findings": len(hit.outcome.findings),
            "risk": sum(map(_score, hit.outcome.risk_events)),
            "technique": " ".join(hit.detection.mitre_attack_id),
            "seconds": f"{hit.seconds:.3f}",
        }
        for hit in sorted(hits, key=_rank)
        if hit.outcome is not None and (hit.fired or everything)
    ]
    if not rows:
        return ""
    table: str = splmini.Results(rows, list(rows[0])).to_table(width=0)
    return table + "\n"


def _warn(hits: list[Hit]) -> None:
    """Show the warnings of the runs once each; those about the events come with whichever search read them."""
    found = dict.fromkeys(
        (each.level, each.text)
        for hit in hits
        for each in (hit.outcome.results.messages if hit.outcome is not None else ())
        if each.level != "info"
    )
    for level, text in found:
        say(f"{level}: {text}", err=True)


def _score(event: dict[str, Any]) -> float:
    """The score of a risk event, which a row may have brought as any text."""
    try:
        return float(event.get("risk_score") or 0)
    except (TypeError, ValueError):
        return 0.0


def _rank(hit: Hit) -> tuple[bool, str]:
    return not hit.fired, hit.detection.name
