"""`splmini shell`: searches typed one after the other over files, with completion, history and colours."""

from __future__ import annotations

import sys
from typing import Any

import click

from splmini.cli import _shared as shared


@click.command("shell")
@click.argument("files", nargs=-1)
@shared.environment_options
@shared.reading_options
def command(files: tuple[str, ...], **settings: Any) -> None:
    """Search the events in FILES interactively. Tab completes, Enter runs, Alt-Enter starts a new line; a search that
    ends in a pipe or an open bracket goes on. `:help` lists what else there is.

    Where standard input is no terminal, searches are read from it.

    Example: splmini shell logs/*.evtx
    """
    from splmini.cli._session import Session

    session = Session(list(files), settings)
    if sys.stdin.isatty():
        from splmini.cli._prompt import interact

        sys.exit(interact(session))
    sys.exit(session.run_script(sys.stdin.buffer.read().decode("utf-8-sig", "backslashreplace")))
