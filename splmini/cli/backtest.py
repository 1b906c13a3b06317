"""`splmini backtest`: detections as the scheduler would have run them over files of events."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from splmini.cli import _shared as shared
from splmini.cli._content import chosen_detections
from splmini.cli._output import say
from splmini.interrupting import PATIENCE, interruptible

if TYPE_CHECKING:
    from splmini import Backtest

Written = click.Path(dir_okay=False)


@click.command("backtest", short_help="Run detections as scheduled over past events; how often would they have fired?")
@click.argument("content", type=click.Path(exists=True))
@click.argument("files", nargs=-1)
@click.option("--from", "start", required=True, metavar="TIME", help="The first run: epoch, ISO or a time modifier.")
@click.option("--to", "end", required=True, metavar="TIME", help="No run from here on.")
@click.option("--only", multiple=True, metavar="TEXT", help="Only detections whose name or technique holds TEXT.")
@click.option("--cron", metavar="EXPRESSION", help="Run all of them by this cron expression, instead of their own.")
@click.option("--window", nargs=2, metavar="EARLIEST LATEST", help="The time that a run with --cron searches.")
@click.option("--html", "page", type=Written, metavar="FILE", help="Write a page.")
@click.option("--json", "json_file", type=Written, metavar="FILE", help="Write JSON.")
@click.option("--junit", type=Written, metavar="FILE", help="Write a JUnit XML report of the bounds.")
@click.option("-q", "--quiet", is_flag=True, help="Show warnings and errors only.")
@shared.environment_options
@shared.reading_options
def command(
    content: str,
    files: tuple[str, ...],
    start: str,
    end: str,
    only: tuple[str, ...],
    cron: str | None,
    window: tuple[str, str] | None,
    page: str | None,
    json_file: str | None,
    junit: str | None,
    quiet: bool,
    **settings: Any,
) -> None:
    """Run the detections of CONTENT over the events in FILES each time that they were due; show what they report.

    Each runs on its schedule (schedules/, custom_schedule; ESCU's default is each hour, over the hour that ended ten
    minutes ago), with its throttling; risk rules see the risk events of the runs before. A file of cases beside a
    detection may say what is too much: `expect: {per_day: {max: 5}}`; where that is broken, the exit code is 1.

    Example: splmini backtest security_content/ logs/*.json --from 2026-05-01 --to 2026-05-31 --html report.html
    """
    import splmini
    from splmini.cli import _reports

    for name in ("now", "earliest", "latest"):
        if settings.get(name):
            raise click.UsageError(f"--{name} is that of each run: a backtest has --from and --to.")
    if window and cron is None:
        raise click.UsageError("--window goes with --cron.")
    detections, env = chosen_detections(Path(content), settings, only)
    schedule = None if cron is None else splmini.Schedule(cron, *(window or ()))
    with interruptible(PATIENCE) as cancel, shared.progress(quiet) as progress:
        done = splmini.backtest(
            detections,
            shared.events(files),
            env,
            start=shared.number(start),
            end=shared.number(end),
            schedule=schedule,
            progress=progress,
            cancel=cancel,
            **shared.reading(settings),
        )
    judged = done.verdicts()
    if not quiet:
        say(_table(done), nl=False)
    for verdict in judged:
        if verdict.bad:
            say(*_reports.line(verdict), err=True)
    for target, text in ((page, done.to_html), (json_file, done.to_json)):
        if target is not None:
            shared.write_output(target, text())
    if junit is not None:
        shared.write_output(junit, _reports.to_junit(judged))
    if not quiet:
        say(_summary(done), err=True)
    if not done.complete:
        say("interrupted: this is what was found by then", err=True)
        sys.exit(shared.INTERRUPTED)
    sys.exit(1 if any(verdict.bad for verdict in judged) else 0)


def _table(done: Backtest) -> str:
    import splmini

    rows = [row for row in done.table() if row["rows"]]
    if not rows:
        return "No detection gave rows.\n"
    return splmini.Results(rows, list(rows[0])).to_table(width=0) + "\n"


def _summary(done: Backtest) -> str:
    runs, fired = sum(each.runs for each in done), sum(bool(each.firings) for each in done)
    failed = sum(each.error is not None for each in done)
    days = len(done.days())
    return (
        f"{fired} of {len(done)} fired in {runs:,} runs over {days} days and {done.scanned:,} events, "
        f"{failed} could not run, {done.seconds:.1f} s"
    )
