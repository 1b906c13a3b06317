"""`splmini test`: the tests of detections, and authors' own cases."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import click

from splmini.cli import _shared as shared

Outcome = dict[str, Any]


@click.command("test")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True))
@click.option("--attack-data", type=click.Path(exists=True, file_okay=False), help="A local mirror of the attack data.")
@click.option("--junit", type=click.Path(dir_okay=False), help="Write a JUnit XML report.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write a JSON report.")
@click.option("-q", "--quiet", is_flag=True, help="Show failures only.")
@shared.environment_options
def command(
    paths: tuple[str, ...], attack_data: str | None, junit: str | None, json_file: str | None, quiet: bool,
    **settings: Any,
) -> None:
    """Run the tests of the detections in PATHS over their attack data, and the cases in NAME.test.yml files."""
    env = shared.environment(settings)
    outcomes: list[Outcome] = []
    for path in _files(paths):
        found = _cases(path, settings) if ".test." in path.name else _detection(path, env, attack_data)
        for outcome in found:
            outcomes.append(outcome)
            if not quiet or outcome["status"] in ("failed", "error"):
                click.echo(_line(outcome))
    _report(outcomes, junit, json_file)
    sys.exit(0 if outcomes and not _bad(outcomes) else 1)


def _files(paths: tuple[str, ...]) -> Iterator[Path]:
    for name in paths:
        path = Path(name)
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.suffix in (".yml", ".yaml") and each.is_file())
        else:
            yield path


def _detection(path: Path, env: Any, attack_data: str | None) -> Iterator[Outcome]:
    import splmini

    try:
        text = path.read_text("utf-8-sig")
        if "search:" not in text:
            return
        report = splmini.Detection.load(path).test(env, attack_data=attack_data)
    except (splmini.SplError, UnicodeDecodeError) as error:
        yield _outcome(path, path.stem, "error", str(error), 0.0)
        return
    for result in report.results:
        yield _outcome(path, f"{report.detection.name}: {result.name}", result.status, result.reason, result.seconds)


def _cases(path: Path, settings: dict[str, Any]) -> Iterator[Outcome]:
    import splmini

    chosen = {name: list(settings[name]) for name in ("macros", "lookups", "apps") if settings.get(name)}
    try:
        cases = splmini.load_cases(path)
    except splmini.SplError as error:
        yield _outcome(path, path.stem, "error", str(error), 0.0)
        return
    for case in cases:
        started = time.perf_counter()
        name = f"{case.detection.name}: {case.name}"
        try:
            result = case.run(chosen)
        except splmini.SplError as error:
            yield _outcome(path, name, "error", str(error), time.perf_counter() - started)
            continue
        reason = "" if result.passed else "\n".join([*result.problems, result.explanation()])
        yield _outcome(path, name, "passed" if result.passed else "failed", reason, time.perf_counter() - started)


def _outcome(path: Path, name: str, status: str, reason: str, seconds: float) -> Outcome:
    return {"file": str(path), "name": name, "status": status, "reason": reason, "seconds": round(seconds, 6)}


def _bad(outcomes: list[Outcome]) -> list[Outcome]:
    return [each for each in outcomes if each["status"] in ("failed", "error")]


def _line(outcome: Outcome) -> str:
    text = f"{outcome['status']:7} {outcome['name']}"
    if outcome["reason"]:
        text += "\n" + "\n".join(f"        {line}" for line in outcome["reason"].splitlines())
    return text


def _report(outcomes: list[Outcome], junit: str | None, json_file: str | None) -> None:
    counts = {status: sum(each["status"] == status for each in outcomes)
              for status in ("passed", "failed", "error", "skipped")}
    click.echo(", ".join(f"{count} {status}" for status, count in counts.items() if count) or "no tests found")
    if json_file is not None:
        Path(json_file).write_text(json.dumps({"counts": counts, "tests": outcomes}, indent=2), encoding="utf-8")
    if junit is not None:
        Path(junit).write_text(_junit(outcomes, counts), encoding="utf-8")


def _junit(outcomes: list[Outcome], counts: dict[str, int]) -> str:
    parts = ['<?xml version="1.0" encoding="utf-8"?>\n']
    parts.append(f'<testsuite name="splmini" tests="{len(outcomes)}" failures="{counts["failed"]}" '
                 f'errors="{counts["error"]}" skipped="{counts["skipped"]}">\n')
    for each in outcomes:
        parts.append(f'  <testcase classname={_attribute(each["file"])} name={_attribute(each["name"])} '
                     f'time="{each["seconds"]}"')
        kind = {"failed": "failure", "error": "error", "skipped": "skipped"}.get(each["status"])
        inner = f'>\n    <{kind} message={_attribute(each["reason"])}/>\n  </testcase>\n'
        parts.append("/>\n" if kind is None else inner)
    return "".join([*parts, "</testsuite>\n"])


def _attribute(text: str) -> str:
    """Quote a text as an XML attribute; characters that XML has not are shown as escapes."""
    clean = "".join(each if each in "\t\n\r" or (each >= " " and not "\ud800" <= each <= "\udfff" and each < "\ufffe")
                    else repr(each)[1:-1] for each in text)
    return quoteattr(clean)
