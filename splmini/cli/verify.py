"""`splmini verify`: the same cases on a real Splunk."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from splmini.cli import _shared as shared
from splmini.cli._output import say

if TYPE_CHECKING:
    from splmini.detections.bench import Verification, Verifier


@click.command("verify", short_help="Ask a real Splunk what the cases say, and compare.")
@click.argument("cases", nargs=-1, required=True, type=click.Path(exists=True))
@click.option("--splunk", "url", required=True, metavar="URL", help="Its management port: https://HOST:8089.")
@click.option(
    "--token-env",
    default="SPLUNK_TOKEN",
    show_default=True,
    metavar="NAME",
    help="The environment variable that holds the token.",
)
@click.option("--app", metavar="APP", help="The app whose macros, lookups and fields apply there.")
@click.option("--ca-file", type=click.Path(exists=True, dir_okay=False), help="The authorities that signed for it.")
@click.option("--insecure", is_flag=True, help="Do not check its certificate, and allow http.")
@click.option("--index", metavar="NAME", help="The index for events that makeresults cannot make; with --hec.")
@click.option("--hec", metavar="URL", help="Its HTTP Event Collector: https://HOST:8088.")
@click.option(
    "--hec-token-env",
    default="SPLUNK_HEC_TOKEN",
    show_default=True,
    metavar="NAME",
    help="The environment variable that holds the collector's token.",
)
@click.option(
    "--has-lookup", "has_lookups", multiple=True, metavar="NAME", help="A lookup that Splunk has with the same content."
)
@click.option("--record", is_flag=True, help="Ask searches without an expectation, too, and show what Splunk gives.")
@click.option(
    "--write",
    "written",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write what Splunk answers as measured cases into a new file.",
)
@click.option("--json", "json_file", type=click.Path(dir_okay=False), metavar="FILE", help="Write a JSON report.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="How long an answer may take.",
)
@click.option("-k", "wanted", metavar="TEXT", help="Only cases whose name holds this text.")
@click.option("-v", "--verbose", is_flag=True, help="Show the searches that are sent.")
@click.option("-q", "--quiet", is_flag=True, help="Show differences and troubles only.")
@shared.environment_options
def command(
    cases: tuple[str, ...],
    url: str,
    token_env: str,
    app: str | None,
    ca_file: str | None,
    insecure: bool,
    index: str | None,
    hec: str | None,
    hec_token_env: str,
    has_lookups: tuple[str, ...],
    record: bool,
    written: str | None,
    json_file: str | None,
    timeout: float,
    wanted: str | None,
    verbose: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Run the searches of CASES on a Splunk, and compare with what the cases expect and what splmini gives.

    CASES are files NAME.test.yml, tables of cases, and folders of them. Their events become results of makeresults
    where that is the same; others go into an index, if one is named. Nothing else is written there, and a search that
    would is not sent. Exits with 0 where all are equal, 1 where something differs, 2 where something went wrong or
    nothing was compared.

    Example: SPLUNK_TOKEN=… splmini verify tests/cases/eval --splunk https://localhost:8089 --ca-file splunk.pem
    """
    import splmini

    if (index is None) != (hec is None):
        raise click.UsageError("--index and --hec go together: events reach an index through the collector.")
    if insecure and ca_file is not None:
        raise click.UsageError("--ca-file says what to check the certificate against, --insecure not to check it.")
    if written is not None and os.path.lexists(written):
        raise click.UsageError(f"{written} is there already: measured cases go into a new file.")
    files = splmini.bench.find_questions(cases)
    splunk = splmini.bench.Splunk(
        url,
        _secret(token_env),
        verify=ca_file or not insecure,
        app=app,
        hec=hec,
        hec_token=_secret(hec_token_env) if hec is not None else None,
        seconds=timeout,
    )
    with splunk:
        verifier = splmini.bench.Verifier(
            splunk, index=index, settings=shared.environment_settings(settings), record=record, has_lookups=has_lookups
        )
        found, broken = _asked(verifier, files, wanted, verbose, quiet)
    counts = Counter(each.status for each in found)
    shown = ", ".join(f"{counts[status]} {status}" for status in _STATUSES if counts[status]) or "no cases"
    say(f"{shown}; {verifier.product}")
    if json_file is not None:
        shared.write_output(json_file, _report(found, verifier.product))
    if written is not None:
        count = splmini.bench.write_measured(written, found, verifier.product)
        say(f"{count} measured cases in {written}")
    compared = counts["equal"] + counts["recorded"]
    sys.exit(2 if broken or counts["error"] else 1 if counts["differs"] else 0 if compared else 2)


MOST_SHOWN = 10
"""Rows of an answer that was recorded that are shown."""

_STATUSES = ("equal", "recorded", "differs", "skipped", "error")


def _secret(name: str) -> str:
    """A token, out of the environment: on a command line, others would see it."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise click.UsageError(f"The environment variable {name} holds no token.")
    return value


def _asked(
    verifier: Verifier, files: list[Any], wanted: str | None, verbose: bool, quiet: bool
) -> tuple[list[Verification], bool]:
    """Ask about the cases of all files, and show what comes of each; say whether a file could not be read."""
    import splmini

    found, broken = [], False
    for file in files:
        try:
            questions = splmini.bench.load_questions(file)
        except splmini.SplError as error:
            say(f"splmini: {error}", err=True)
            broken = True
            continue
        for question in questions:
            if wanted is None or wanted in question.name:
                found.append(verifier.ask(question))
                _show(found[-1], verbose, quiet)
    return found, broken


def _show(each: Verification, verbose: bool, quiet: bool) -> None:
    question = each.question
    if quiet and not each.bad:
        return
    reason = f": {each.reason}" if each.reason else ""
    say(f"{each.status:8}  {question.path}:{question.position[0]} {question.name}{reason}")
    if verbose and each.sent:
        say(f"          sent by {each.way}: {each.sent}")
    for text in [*each.problems, *each.table.splitlines()]:
        say(f"          {text}")
    if each.status == "recorded":
        for row in each.rows[:MOST_SHOWN]:
            shown = {name: value for name, value in row.items() if not name.startswith("_")}
            say("          " + json.dumps(shown, ensure_ascii=False))


def _report(found: list[Verification], product: str) -> str:
    cases = [
        {
            "name": each.question.name,
            "file": each.question.path,
            "line": each.question.position[0],
            "status": each.status,
            "reason": each.reason,
            "problems": list(each.problems),
            "sent": each.sent,
            "way": each.way,
            "rows": each.rows,
            "fields": each.fields,
            "refused": each.refused,
        }
        for each in found
    ]
    return json.dumps({"splunk": product, "cases": cases}, indent=2, ensure_ascii=False) + "\n"
