"""`splmini run`: a search over files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from splmini.cli import _shared as shared
from splmini.cli._output import say
from splmini.interrupting import PATIENCE, interruptible

if TYPE_CHECKING:
    from splmini import Results


@click.command("run")
@click.argument("spl")
@click.argument("files", nargs=-1)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(shared.FORMATS),
    help="Form of the rows: of an -o FILE what its name ends in, else table.",
)
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, help="Processes that read the events.")
@click.option("--limit", type=click.IntRange(min=0), help="Show at most so many rows.")
@click.option("--fields", multiple=True, metavar="NAMES", help="Show these fields, whole: names, or patterns with *.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write the rows to a file.")
@click.option("-q", "--quiet", is_flag=True, help="Show warnings and errors only.")
@shared.environment_options
@shared.reading_options
def command(
    spl: str,
    files: tuple[str, ...],
    form: str | None,
    jobs: int,
    limit: int | None,
    fields: tuple[str, ...],
    output: str | None,
    quiet: bool,
    **settings: Any,
) -> None:
    """Run the search SPL (or @FILE) over the events in FILES: files, folders, globs, or standard input.

    The format of each file is recognised by its content; what was chosen is said on standard error.

    A table shows of events their time, the fields that the search names, host, sourcetype, source and text, and in a
    terminal no more than fits: --fields '*' shows every field whole, the other forms always do.

    Example: splmini run 'sourcetype=XmlWinEventLog EventID=1 | stats count by process_name' logs/*.evtx
    """
    form = form or ("table" if output is None else shared.form_of(output, "table"))
    with interruptible(PATIENCE) as cancel, shared.workers(jobs) as executor, shared.progress(quiet) as progress:
        env = shared.environment(settings)
        search = env.compile(shared.search_text(spl))
        reading, given = shared.reading(settings), shared.events(files)
        results = search.run(given, executor=executor, progress=progress, cancel=cancel, **reading)
        interrupted = cancel()
    shared.tell(results, quiet)
    if not len(results) and not interrupted:
        shared.say_why(env, search.text, given, quiet, **reading)
    shown = results if limit is None else results[:limit]
    if form != "table" and fields:
        shown = _with(shown, shared.chosen_fields(shown, fields))
    if form == "parquet" and output is not None:
        shared.write_output(output, shared.parquet(shown))
    else:
        text = _table(shown, fields, output is None, quiet) if form == "table" else shared.rendered(shown, form)
        if output is not None:
            shared.write_output(output, text)
        else:
            say(text, nl=False, data=form != "table")
    if limit is not None and len(results) > limit:
        say(f"info: {len(results) - limit} more rows", err=True)
    if interrupted:
        scanned = results.stats["scanned"]
        say(f"interrupted: these are the rows of the first {scanned:,} events", err=True)
        sys.exit(shared.INTERRUPTED)
    sys.exit(shared.outcome(len(results) > 0, results.messages))


def _table(shown: Results, given: tuple[str, ...], fits: bool, quiet: bool) -> str:
    """The rows as a table; a note on standard error says what it leaves out."""
    fields = shared.chosen_fields(shown, given) if given else None
    table = shared.table(shown, fields, fits and fields is None)
    if (table.hidden or table.cut) and not quiet:
        hidden = f"{table.hidden} more field{'' if table.hidden == 1 else 's'}" if table.hidden else ""
        what = " and ".join(filter(None, (hidden, "the whole of long values" if table.cut else "")))
        say(f"info: --fields '*' or -f json shows {what}.", err=True)
    return table.text


def _with(results: Results, fields: list[str]) -> Results:
    import splmini

    return splmini.Results(results, fields, view=results.view)
