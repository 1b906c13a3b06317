"""`splmini apps`: Splunk apps."""

from __future__ import annotations

import sys

import click

from splmini.cli._output import say


@click.group("apps")
def command() -> None:
    """Look into Splunk apps."""


@command.command("check")
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False))
def check(folders: tuple[str, ...]) -> None:
    """List what of the apps in FOLDERS splmini does not carry out, each with its file, stanza and setting."""
    import splmini

    found = 0
    for folder in folders:
        for problem in splmini.check_app(folder):
            found += 1
            say(str(problem))
    sys.exit(1 if found else 0)
