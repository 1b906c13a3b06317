"""`splmini fields`: which fields events have, and where each came from."""

from __future__ import annotations

import sys
from typing import Any

import click

from splmini.cli import _shared as shared
from splmini.cli._output import say


@click.command("fields")
@click.argument("files", nargs=-1)
@click.option("-f", "--format", "form", type=click.Choice(shared.FORMATS), default="table", help="Form of the rows.")
@shared.environment_options
@shared.reading_options
def command(files: tuple[str, ...], form: str, **settings: Any) -> None:
    """Show the fields that come out of the events in FILES, and where each came from: an extraction, alias, calculated
    field or lookup, with its stanza."""
    env = shared.environment(settings)
    results = env.fields(shared.events(files), **shared.reading(settings))
    # the values are samples, so the table cuts long ones; the other forms give them whole
    brief = form == "table" and len(results)
    say(results.to_table() + "\n" if brief else shared.rendered(results, form), nl=False, data=form != "table")
    sys.exit(0 if len(results) else 1)
