"""`splmini sigma`: Sigma rules over files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from splmini.cli import _shared as shared
from splmini.cli._output import say

if TYPE_CHECKING:
    from splmini import Results


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
    condition. JSON lines name the `rule` of each row, as do JSON and CSV where RULE holds several. Needs the extra: pip
    install 'splmini[sigma]'.
    """
    import splmini

    searches = splmini.bench.sigma_searches(rule, pipeline)
    if show:
        say("\n".join(search.spl for search in searches), data=True)
        return
    events = shared.events(files)
    if len(searches) > 1 and hasattr(events, "read"):
        events = events.read()
    env, found = shared.environment(settings), []
    for search in searches:
        results = env.compile(search.spl).run(events, **shared.reading(settings))
        shared.tell(results, quiet)
        if not quiet:
            say(f"{search.title}: {len(results)} {'row' if len(results) == 1 else 'rows'}", err=True)
        if form == "jsonl":
            say(_named(search.title, results).to_jsonl(), nl=False, data=True)
        elif form == "table" or len(searches) == 1:
            say(shared.rendered(results, form), nl=False, data=form != "table")
        found.append((search.title, results))
    if form in ("json", "csv") and len(searches) > 1:  # one document, not one after the other
        named = [_named(title, results) for title, results in found]
        fields = dict.fromkeys(name for each in named for name in each.fields)
        rows = splmini.Results([row for each in named for row in each], fields)
        say(shared.rendered(rows, form), nl=False, data=form != "table")
    sys.exit(0 if any(len(results) for _, results in found) else 1)


def _named(title: str, results: Results) -> Results:
    """Rows with the title of the rule that they are of as their first field."""
    import splmini

    fields = ["rule", *(name for name in results.fields if name != "rule")]
    return splmini.Results([{**row, "rule": title} for row in results], fields)
