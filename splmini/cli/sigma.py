"""`splmini sigma`: Sigma rules over files."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from splmini.cli import _shared as shared


@click.command("sigma", short_help="Run Sigma rules.")
@click.argument("rule", type=click.Path(exists=True, dir_okay=False))
@click.argument("files", nargs=-1)
@click.option("--pipeline", metavar="NAME", help="A pipeline of the Splunk backend, or none, in place of our own.")
@click.option("--show", is_flag=True, help="Show the searches and end.")
@click.option("-f", "--format", "form", type=click.Choice(shared.FORMATS), default="table", help="Form of the rows.")
@click.option("-q", "--quiet", is_flag=True, help="Show warnings and errors only.")
@shared.environment_options
@shared.reading_options
def command(
    rule: str, files: tuple[str, ...], pipeline: str | None, show: bool, form: str, quiet: bool, **settings: Any
) -> None:
    """Convert the Sigma rules in RULE to SPL and run them over the events in FILES.

    A Windows log source becomes conditions on Channel and EventID, as event XML names them; other log sources add no
    condition. Needs the extra: pip install 'splmini[sigma]'.
    """
    import splmini

    searches = splmini.bench.sigma_searches(rule, pipeline)
    if show:
        click.echo("\n".join(search.spl for search in searches))
        return
    events = shared.events(files)
    if len(searches) > 1 and hasattr(events, "read"):
        events = events.read()
    env, found = shared.environment(settings), 0
    for search in searches:
        results = env.compile(search.spl).run(events, **shared.reading(settings))
        found += len(results)
        shared.tell(results, quiet)
        if not quiet:
            click.echo(f"{search.title}: {len(results)} {'row' if len(results) == 1 else 'rows'}", err=True)
        if form == "jsonl":
            for row in results:
                content = {"rule": search.title, **row}
                click.echo(json.dumps(content, ensure_ascii=False, default=str))
        else:
            click.echo(shared.rendered(results, form), nl=False)
    sys.exit(0 if found else 1)
