"""The command line, `splmini`: each command is a module of its own that uses only the public API.

Exit codes, as grep and diff have them: 0 something was found (rows, a detection that fired, tests that passed, nothing
to complain about); 1 nothing was found, or something to complain about (no rows, not fired, a failed test, a lint
finding, a file that `fmt --check` would change); 2 the search, an argument or a file is wrong; 130 interrupted.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import traceback
from dataclasses import dataclass
from typing import Any

import click

import splmini
from splmini.cli._output import say, show_error

COMMANDS = {
    "apps": "splmini.cli.apps",
    "backtest": "splmini.cli.backtest",
    "detect": "splmini.cli.detect",
    "explain": "splmini.cli.explain",
    "fields": "splmini.cli.fields",
    "fmt": "splmini.cli.fmt",
    "lint": "splmini.cli.lint",
    "mutate": "splmini.cli.mutate",
    "plan": "splmini.cli.plan",
    "run": "splmini.cli.run",
    "shell": "splmini.cli.shell",
    "sigma": "splmini.cli.sigma",
    "sweep": "splmini.cli.sweep",
    "test": "splmini.cli.test",
    "verify": "splmini.cli.verify",
}
"""The commands, and the module of each, whose `command` it is; imported when it is asked for."""


class _Lazy(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's module; None where there is no such command."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = importlib.import_module(module).command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Name the nearest command where there is none of the name given."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            hint = splmini.did_you_mean(args[0], COMMANDS) if args else None
            if hint is None:
                raise
            raise click.UsageError(f"{error.message} {hint}", ctx) from None


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(splmini.__version__, message="splmini %(version)s")
@click.option("--debug", is_flag=True, envvar="SPLMINI_DEBUG", help="Show the traceback of an error, causes included.")
@click.pass_obj
def cli(told: _Told | None, debug: bool) -> None:
    """Run Splunk searches and detections over files of events, without Splunk.

    Exit codes: 0 found or fine, 1 nothing found or something to complain about, 2 wrong search, argument or file,
    130 interrupted.
    """
    if told is not None:
        told.debug = debug


@dataclass
class _Told:
    """What the command line as a whole was told."""

    debug: bool = False


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    _open_closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # into a file or a pipe, JSON and CSV are UTF-8 everywhere, on Windows too, unless the user says otherwise
            wanted = {} if stream.isatty() or "PYTHONIOENCODING" in os.environ else {"encoding": "utf-8"}
            stream.reconfigure(errors="backslashreplace", **wanted)
    gc.set_threshold(20_000, 20, 50)  # what is made at the start stays, and rows have no cycles
    sys.exit(_run(arguments))


def _open_closed() -> None:
    """Put something in the place of standard streams that are closed: nothing is read, what is written fails."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115 - for as long as the process runs
    if sys.stdout is None:
        sys.stdout = open(os.open(os.devnull, os.O_RDONLY), "w")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def _run(arguments: list[str] | None) -> int:
    told = _Told()
    try:
        try:
            code = cli.main(args=arguments, prog_name="splmini", standalone_mode=False, obj=told)
        except SystemExit as ended:  # what was written may not have arrived yet
            code = ended.code
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except (click.exceptions.Abort, KeyboardInterrupt):
        say("interrupted", err=True)
        return 130
    except BrokenPipeError:  # whoever reads the output has seen enough
        _forget_output()
        return 0
    except Exception as error:
        _show(error, told.debug)
    try:
        sys.stdout.flush()
    except OSError:
        _forget_output()
    return 2


def _show(error: Exception, debug: bool) -> None:
    """Say what went wrong."""
    if debug:
        say("".join(traceback.format_exception(error)), nl=False, err=True)
    elif isinstance(error, click.ClickException):
        show_error(error)
    elif isinstance(error, splmini.SplError):
        say(f"splmini: {type(error).__name__}: {error}", err=True)
    elif isinstance(error, OSError):
        say(f"splmini: {error}", err=True)
    else:
        found = splmini.InternalError(
            f"The command failed with {type(error).__name__}: {error}.",
            hint="Please report it, with what --debug shows: it is a mistake of splmini's own.",
        )
        say(f"splmini: {type(found).__name__}: {found}", err=True)


def _forget_output() -> None:
    """Have what is still to be written to standard output go nowhere."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115
