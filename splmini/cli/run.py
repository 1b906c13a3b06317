"""`splmini run`: a search over files."""

from __future__ import annotations

import sys
from typing import Any

import click

from splmini.cli import _shared as shared


@click.command("run")
@click.argument("spl")
@click.argument("files", nargs=-1)
@click.option("-f", "--format", "form", type=click.Choice(shared.FORMATS), default="table", help="Form of the rows.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, help="Processes that read the events.")
@click.option("--limit", type=click.IntRange(min=0), help="Show at most so many rows.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write the rows to a file.")
@click.option("-q", "--quiet", is_flag=True, help="Show warnings and errors only.")
@shared.environment_options
@shared.reading_options
def command(
    spl: str, files: tuple[str, ...], form: str, jobs: int, limit: int | None, output: str | None, quiet: bool,
    **settings: Any,
) -> None:
    """Run the search SPL (or @FILE) over the events in FILES: files, folders, globs, or standard input.

    The format of each file is recognised by its content; what was chosen is said on standard error.

    Example: splmini run 'sourcetype=XmlWinEventLog EventID=1 | stats count by process_name' logs/*.evtx
    """
    with shared.workers(jobs) as executor, shared.progress(quiet) as progress:
        search = shared.environment(settings).compile(shared.search_text(spl))
        results = search.run(shared.events(files), executor=executor, progress=progress, **shared.reading(settings))
    shared.tell(results, quiet)
    shown = results if limit is None else results[:limit]
    text = shared.rendered(shown, form)
    if output is not None:
        with open(output, "w", encoding="utf-8", newline="") as file:
            file.write(text)
    else:
        click.echo(text, nl=False)
    if limit is not None and len(results) > limit:
        click.echo(f"info: {len(results) - limit} more rows", err=True)
    sys.exit(0 if len(results) else 1)
