"""The one way to standard output and standard error: what comes from events, files and searches moves no cursor.

Text to be read has its control characters shown as escapes, wherever it goes. Data (JSON, CSV, the text of searches)
goes into files and pipes as it is, and is shown so only where a terminal would obey it.
"""

from __future__ import annotations

import io
import os
import sys

import click

from splmini.values.texts import printable

KEPT = "\n\t"


class Styled(str):
    """Text in a colour, safe in itself."""

    __slots__ = ()


def styled(text: str, colour: str) -> Styled:
    """Return text in a colour."""
    return Styled(click.style(printable(text, KEPT), fg=colour))


def say(*parts: str, data: bool = False, nl: bool = True, err: bool = False) -> None:
    """Write text to standard output or, with `err`, to standard error."""
    raw = data and not is_terminal(err)
    text = "".join(part if raw or isinstance(part, Styled) else printable(part, KEPT) for part in parts)
    click.echo(text, nl=nl, err=err, color=True if raw else coloured())  # without colour, click takes sequences away


def coloured() -> bool | None:
    """Say whether colour was asked for, or asked not to be; None: as it suits what it is written to.

    Source: https://no-color.org, https://force-color.org
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return False if os.environ.get("TERM") == "dumb" else None


def is_terminal(err: bool = False) -> bool:
    """Say whether a terminal shows what is written."""
    stream = sys.stderr if err else sys.stdout
    return stream is not None and stream.isatty()


def show_error(error: click.ClickException) -> None:
    """Show what is wrong with the command as click words it."""
    text = io.StringIO()
    error.show(file=text)
    say(text.getvalue(), nl=False, err=True)


def clear_line() -> None:
    """Take away a line that shows progress."""
    click.echo("\r" + " " * 60 + "\r", nl=False, err=True)
