"""`splmini explain`: why a search or detection found what it found, or nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from splmini.cli import _shared as shared
from splmini.cli._output import say


@click.command("explain", short_help="Show why a search found what it found, or nothing.")
@click.argument("search")
@click.argument("files", nargs=-1)
@click.option("-q", "--quiet", is_flag=True, help="Show nothing but the explanation.")
@shared.environment_options
@shared.reading_options
def command(search: str, files: tuple[str, ...], quiet: bool, **settings: Any) -> None:
    """Explain SEARCH (a detection's YAML file, SPL, or @FILE) over the events in FILES: rows in and out of each stage,
    and, for the events that came nearest, the first clause that refused them."""
    import splmini

    chosen = shared.environment_settings(settings)
    subject: Any
    if Path(search).suffix in (".yml", ".yaml") and Path(search).is_file():
        subject = splmini.Detection.load(search)
        chosen = splmini.bench.repository_settings(search, chosen)
    else:
        subject = shared.search_text(search)
    env = splmini.Environment(**chosen)
    explanation = env.explain(subject, shared.events(files), **shared.reading(settings))
    say(str(explanation))
    sys.exit(0 if explanation.fired else 1)
