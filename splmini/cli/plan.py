"""`splmini plan`: how a search would be run."""

from __future__ import annotations

import click

from splmini.cli import _shared as shared
from splmini.cli._output import say


@click.command("plan")
@click.argument("spl")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@shared.environment_options
def command(spl: str, as_json: bool, **settings: object) -> None:
    """Show the plan of the search SPL (or @FILE), as built and as optimised."""
    search = shared.environment(settings).compile(shared.search_text(spl))
    plan = search.plan()
    say(plan.to_json() if as_json else str(plan), data=as_json)
