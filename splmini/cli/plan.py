"""`splmini plan`: how a search would be run."""

from __future__ import annotations

import click

from splmini.cli import _shared as shared


@click.command("plan")
@click.argument("spl")
@shared.environment_options
def command(spl: str, **settings: object) -> None:
    """Show the plan of the search SPL (or @FILE), as built and as optimised."""
    search = shared.environment(settings).compile(shared.search_text(spl))
    click.echo(str(search.plan()))
