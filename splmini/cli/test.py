"""`splmini test`: the tests of detections, and authors' own cases."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from splmini.cli import _shared as shared
from splmini.cli._output import say

if TYPE_CHECKING:
    from splmini.detections.bench import Coverage, FileReport

Written = click.Path(dir_okay=False)


@click.command("test", short_help="Run the tests of detections, and the cases beside them.")
@click.argument("paths", nargs=-1, type=click.Path(exists=True))
@click.option("--attack-data", type=click.Path(exists=True, file_okay=False), help="A local mirror of the attack data.")
@click.option("--download", is_flag=True, help="Fetch attack data that is not there, from the hosts allowed.")
@click.option("--allow-host", "hosts", multiple=True, metavar="HOST", help="A host that --download may ask, by https.")
@click.option("--cache", type=click.Path(file_okay=False), help="Where fetched files are kept (the user's cache).")
@click.option(
    "--max-size",
    type=click.IntRange(min=1),
    default=512,
    show_default=True,
    metavar="MB",
    help="The largest file to fetch.",
)
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, help="Processes.")
@click.option("--junit", type=Written, metavar="FILE", help="Write a JUnit XML report.")
@click.option("--json", "json_file", type=Written, metavar="FILE", help="Write a JSON report.")
@click.option("--coverage", is_flag=True, help="Show which clauses, branches, values and patterns the tests exercise.")
@click.option("--coverage-html", type=Written, metavar="FILE", help="Write the coverage as a page.")
@click.option("--coverage-json", type=Written, metavar="FILE", help="Write the coverage as JSON.")
@click.option("--fail-under", type=click.FloatRange(0, 100), metavar="PERCENT", help="Fail where less is exercised.")
@click.option("--watch", is_flag=True, help="Stay, and run again what a saved file touches.")
@click.option("-q", "--quiet", is_flag=True, help="Show failures only.")
@shared.environment_options
def command(
    paths: tuple[str, ...],
    attack_data: str | None,
    download: bool,
    hosts: tuple[str, ...],
    cache: str | None,
    max_size: int,
    jobs: int,
    junit: str | None,
    json_file: str | None,
    coverage: bool,
    coverage_html: str | None,
    coverage_json: str | None,
    fail_under: float | None,
    watch: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Run the tests of the detections in PATHS (here) over their attack data, and the cases in NAME.test.yml files.

    The macros and lookups of the repository that a detection stands in are found by themselves; what the options say
    lies above them, what a case says above that.

    Example: splmini test detections/ --attack-data ~/attack_data --junit report.xml
    """
    import splmini
    from splmini.cli import _bench, _reports

    if download and not hosts:
        raise click.UsageError("--download needs the hosts that may be asked: --allow-host media.githubusercontent.com")
    measured = coverage or bool(coverage_html or coverage_json) or fail_under is not None
    if watch and (junit or json_file or measured or jobs > 1):
        raise click.UsageError("--watch makes no reports and runs in one process: it goes with none of their options.")
    paths = paths or (".",)
    files = splmini.bench.find_tests(paths)
    fetch = _bench.fetched(files, attack_data, hosts, cache, max_size << 20) if download else None
    arguments = {
        "settings": shared.environment_settings(settings),
        "attack_data": attack_data,
        "fetch": fetch,
        "coverage": measured,
    }
    if watch:
        from splmini.cli import _watch

        _watch.run(files, paths, arguments, quiet)
        return
    started = time.perf_counter()
    reports, interrupted = _shown(_bench.reports(files, arguments, jobs), quiet)
    verdicts = [verdict for report in reports for verdict in report.verdicts]
    say(_reports.summary(verdicts, time.perf_counter() - started))
    if interrupted:
        say(f"interrupted: {len(reports)} of {len(files)} files were tested; no report is written", err=True)
        sys.exit(shared.INTERRUPTED)
    for target, form in ((json_file, _reports.to_json), (junit, _reports.to_junit)):
        if target is not None:
            shared.write_output(target, form(verdicts))
    if not quiet:
        _remarks(reports)
    enough = not measured or _covered(_merged(reports), coverage_html, coverage_json, fail_under)
    ran = any(verdict.status == "passed" for verdict in verdicts)
    if any(verdict.status == "error" and not verdict.test for verdict in verdicts):  # a file that cannot be read
        sys.exit(2)
    sys.exit(0 if ran and enough and not any(verdict.bad for verdict in verdicts) else 1)


def _shown(reports: Generator[FileReport], quiet: bool) -> tuple[list[FileReport], bool]:
    """Show the verdicts as they come; return the reports, and whether Ctrl-C ended it."""
    from splmini.cli import _reports

    kept: list[FileReport] = []
    try:
        with closing(reports):
            for report in reports:
                for verdict in report.verdicts:
                    if verdict.bad or not quiet:
                        say(*_reports.line(verdict))
                kept.append(report)
    except KeyboardInterrupt:
        return kept, True
    return kept, False


def _remarks(reports: list[FileReport]) -> None:
    verdicts = [verdict for report in reports for verdict in report.verdicts]
    tested = {verdict.detection for verdict in verdicts if verdict.status != "skipped"}
    untested = {report.detection for report in reports if report.detection} - tested
    if untested:
        several = "detections have" if len(untested) > 1 else "detection has"
        say(f"info: {len(untested)} {several} no test that ran", err=True)
    if any(verdict.status == "skipped" and "attack data" in verdict.reason for verdict in verdicts):
        say("info: tests over attack data need --attack-data FOLDER, or --download", err=True)


def _merged(reports: list[FileReport]) -> list[Coverage]:
    """The coverage of each detection over all its tests, wherever they stand."""
    merged: dict[tuple[str, str], Coverage] = {}
    for report in reports:
        for each in report.coverage:
            key = (each.name, each.search)
            merged[key] = merged[key].add(each) if key in merged else each
    return sorted(merged.values(), key=_name)


def _name(coverage: Coverage) -> str:
    return coverage.name


def _covered(measured: list[Coverage], page: str | None, data: str | None, least: float | None) -> bool:
    """Show the coverage and write its reports; say whether it is enough."""
    import splmini
    from splmini.cli import _reports

    say(_reports.coverage_table(measured), nl=False)
    if page is not None:
        shared.write_output(page, splmini.bench.coverage_html(measured))
    if data is not None:
        shared.write_output(data, _reports.coverage_json(measured))
    total = _reports.percent(measured)
    if least is not None and total < least:
        say(f"{total:.0f}% is exercised, less than {least:g}%", err=True)
        return False
    return True
