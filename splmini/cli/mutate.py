"""`splmini mutate`: what of a detection its tests would not miss."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from splmini.cli import _shared as shared
from splmini.cli._output import clear_line, say


@click.command("mutate", short_help="Show which changes of a detection no test notices.")
@click.argument("paths", nargs=-1, type=click.Path(exists=True))
@click.option("--attack-data", type=click.Path(exists=True, file_okay=False), help="A local mirror of the attack data.")
@click.option("--most", type=click.IntRange(min=0), default=0, help="Try at most so many mutants of each (all).")
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, help="Processes, for several detections.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False), metavar="FILE", help="Write a JSON report.")
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Fail only where less of a detection's mutants is killed (100).",
)
@click.option("-q", "--quiet", is_flag=True, help="Do not show the surviving mutants.")
@shared.environment_options
def command(
    paths: tuple[str, ...],
    attack_data: str | None,
    most: int,
    jobs: int,
    json_file: str | None,
    fail_under: float | None,
    quiet: bool,
    **settings: Any,
) -> None:
    """Change the searches of the detections in PATHS (here) a little, and show which changes no test notices.

    A clause is dropped, a comparison flipped, a boundary moved, a wildcard widened, a value taken out of an IN list. A
    change that every test survives is a clause that could be wrong, or missing, without anyone knowing. The tests are
    the detection's own, over --attack-data, and the cases in NAME.test.yml beside it. Exits with 1 where one survives.

    Example: splmini mutate examples/detect_regsvcs/detection.yml
    """
    import splmini
    from splmini.cli import _bench

    files = _detections(paths or (".",), attack_data is not None)
    arguments = {"settings": shared.environment_settings(settings), "attack_data": attack_data}
    reports, failures = [], []
    with shared.progress(quiet, "mutants") as progress:
        for file, report in zip(files, _bench.mutations(files, arguments, jobs, most, progress), strict=True):
            if progress is not None:
                clear_line()
            if isinstance(report, splmini.SplError):
                failures.append({"file": str(file), "error": str(report)})
                say(f"splmini: {report}", err=True)
                continue
            reports.append(report)
            say(str(report).split("\n", 1)[0] if quiet else str(report))
    if json_file is not None:
        content = {"detections": [report.to_dict() for report in reports], "errors": failures}
        shared.write_output(json_file, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    if failures:
        sys.exit(2)
    least = 100.0 if fail_under is None else fail_under
    sys.exit(0 if reports and all(100 * report.score >= least for report in reports) else 1)


def _detections(paths: tuple[str, ...], attack_data: bool) -> list[Path]:
    """The files named; below folders, the detections that have cases beside them or tests of their own."""
    import splmini

    found: dict[Path, None] = {}
    for name in paths:
        if Path(name).is_file():
            found[Path(name)] = None
            continue
        for file in splmini.bench.find_tests([name]):
            if splmini.bench.has_tests(file, attack_data):
                found[file] = None
    return list(found)
