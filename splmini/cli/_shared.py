"""What several commands share: options that make an environment, options that say how to read, and output."""

from __future__ import annotations

import math
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from splmini.cli._output import say
from splmini.writing import write_output as write_output

if TYPE_CHECKING:
    from splmini import Environment, Results
    from splmini.results.terminal import Table

F = TypeVar("F", bound=Callable[..., Any])
_ENVIRONMENT = ("macros", "lookups", "apps", "now", "earliest", "latest", "timezone", "data_dir")
_READING = ("input_format", "sourcetype", "source", "host", "index", "order", "infer", "strict")


def environment_options(command: F) -> F:
    """Add the options that make an environment."""
    options = (
        click.option("--macros", multiple=True, metavar="PATH", help="Folder of macro YAML, or a macros.conf."),
        click.option("--lookups", multiple=True, metavar="PATH", help="Folder of lookup tables."),
        click.option("--apps", multiple=True, metavar="APP", help="App folder or built-in pack, instead of all."),
        click.option("--now", metavar="TIME", help="What now is: epoch or ISO time (the clock)."),
        click.option("--earliest", metavar="TIME", help="Start of the time range: a Splunk time modifier or epoch."),
        click.option("--latest", metavar="TIME", help="End of the time range."),
        click.option("--timezone", metavar="ZONE", help="Time zone of times that name none (UTC)."),
        click.option("--data-dir", metavar="FOLDER", help="The one folder that outputlookup and the like write to."),
    )
    return _with(command, options)


def reading_options(command: F) -> F:
    """Add the options that say how to read events."""
    options = (
        click.option("--input-format", metavar="NAME", help="Format of the input (recognised by content)."),
        click.option("--sourcetype", metavar="NAME", help="Sourcetype of all events, whatever they say."),
        click.option("--source", metavar="NAME", help="Source of all events."),
        click.option("--host", metavar="NAME", help="Host of all events."),
        click.option("--index", metavar="NAME", help="Index of all events."),
        click.option(
            "--order",
            type=click.Choice(["auto", "given", "newest"]),
            default="auto",
            help="Order of the events (auto: newest first).",
        ),
        click.option("--infer/--no-infer", default=True, help="Take source and sourcetype from the content."),
        click.option("--strict", is_flag=True, help="Fail on a record that does not parse."),
    )
    return _with(command, options)


def _with(command: F, options: Iterable[Callable[[F], F]]) -> F:
    for option in reversed(tuple(options)):
        command = option(command)
    return command


def environment(settings: dict[str, Any]) -> Environment:
    """Make the environment that the options describe."""
    import splmini

    return splmini.Environment(**environment_settings(settings))


def environment_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments of `Environment` that the options stand for."""
    chosen = {name: settings[name] for name in _ENVIRONMENT if settings.get(name)}
    for name in ("macros", "lookups", "apps"):
        if name in chosen:
            chosen[name] = list(chosen[name])
    for name in ("now", "earliest", "latest"):
        if name in chosen:
            chosen[name] = number(chosen[name])
    return chosen


def number(text: str) -> float | str:
    """Return a time as it is given: a number where it is one."""
    try:
        found = float(text)
    except ValueError:
        return text
    return found if math.isfinite(found) else text  # "nan" is no time, and told so as any other word


def reading(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments of a run that the reading options stand for."""
    chosen = {name: settings[name] for name in _READING if settings.get(name) is not None}
    if "input_format" in chosen:
        chosen["format"] = chosen.pop("input_format")
    return chosen


INTERRUPTED = 130


def say_why(env: Environment, search: Any, given: Any, quiet: bool, **reading: Any) -> None:
    """Say on standard error why a search found nothing."""
    told = "" if quiet else why_nothing(env, search, given, **reading)
    if told:
        say(f"info: {told}", err=True)


def outcome(found: bool, messages: Iterable[Any]) -> int:
    """Return the exit code of a run, as grep has it: 2 where a file could not be read, whatever was found in others."""
    return 2 if any(each.level == "error" for each in messages) else 0 if found else 1


def events(files: tuple[str, ...]) -> Any:
    """Return what to read: the files, or standard input where there are none and something is piped in."""
    if files == ("-",) or (not files and not sys.stdin.isatty()):
        _say_waiting()
        return sys.stdin.buffer
    if "-" in files:
        _say_waiting()
    return [sys.stdin.buffer if name == "-" else name for name in files]


def _say_waiting() -> None:
    """Say that events are awaited where somebody has to type them."""
    if sys.stdin.isatty():
        say("waiting for events on standard input; Ctrl-D ends them", err=True)


@contextmanager
def progress(quiet: bool = False, what: str = "events") -> Iterator[Callable[[int], None] | None]:
    """Give a function that shows on standard error how many events were read, where that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    started = shown = time.monotonic()

    def show(count: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown >= 0.5:
            shown = now
            sys.stderr.write(f"\r{count:,} {what}, {count / (now - started):,.0f} a second ")
            sys.stderr.flush()

    try:
        yield show
    finally:
        if shown != started:
            sys.stderr.write("\r" + " " * 60 + "\r")


@contextmanager
def workers(count: int) -> Iterator[Any]:
    """Give an executor of so many processes; None for one."""
    if count <= 1:
        yield None
        return
    import splmini
    from splmini.cli._processes import pool

    start = "fork" if forks() else "spawn"
    with pool(count, start) as executor:
        # forked ones start with the first task, and have all that was compiled by then
        for _ in range(count if start == "spawn" else 0):
            executor.submit(splmini.parse, "*")  # the processes start while the search is compiled here
        yield executor


def forks() -> bool:
    """Say whether this process can be forked: on Linux, while it has one thread and no library that starts its own."""
    alone = threading.active_count() == 1 and _THREADED.isdisjoint(sys.modules)
    return sys.platform == "linux" and alone


_THREADED = frozenset({"numpy", "pyarrow", "polars", "duckdb"})


FORMATS: dict[str, Callable[[Results], str]] = {
    "table": lambda results: table(results).text,
    "json": lambda results: results.to_json(indent=2) + "\n",
    "jsonl": lambda results: results.to_jsonl(),
    "csv": lambda results: results.to_csv(),
}
"""What results are written as, by the name of `--format`."""
ENDINGS = {**{form: form for form in FORMATS}, "txt": "table", "ndjson": "jsonl", "parquet": "parquet"}
"""The form of a file, by its ending."""


def rendered(results: Results, form: str) -> str:
    """Return results in the form that was asked for, with a line break at the end."""
    return FORMATS[form](results)


def form_of(path: str, otherwise: str) -> str:
    """Return the form that the name of a file asks for by its ending.

    Raises:
        ArgumentError: nothing is written with that ending.
    """
    ending = Path(path).suffix[1:].lower()
    if ending and ending not in ENDINGS:
        import splmini

        hint = splmini.did_you_mean(ending, ENDINGS) or f"There are: {', '.join(f'.{each}' for each in ENDINGS)}."
        raise splmini.ArgumentError(f"{path}: Rows cannot be written as '.{ending}'.", name=path, hint=hint)
    return ENDINGS.get(ending, otherwise)


def write_results(path: str, results: Results, form: str) -> None:
    """Write results to a file in a form."""
    if form == "parquet":
        write_output(path, parquet(results))
    else:
        write_output(path, rendered(results, form))


def parquet(results: Results) -> bytes:
    """Return results as a Parquet file."""
    import io

    import splmini

    try:
        from pyarrow import parquet as writer
    except ImportError as error:
        hint = "Install splmini[parquet]."
        message = "Parquet needs pyarrow, which is not installed."
        raise splmini.UnsupportedFeature(message, name="parquet", hint=hint) from error
    held = io.BytesIO()
    writer.write_table(results.to_arrow(), held)
    return held.getvalue()


def table(results: Results, fields: Sequence[str] | None = None, fits: bool = False) -> Table:
    """Return results as a table to be read; one that fits the terminal, where standard output is one."""
    room = shutil.get_terminal_size((120, 24)).columns if fits and sys.stdout.isatty() else 0
    return results.to_terminal(room, fields)


def chosen_fields(results: Results, given: tuple[str, ...]) -> list[str]:
    """Return the fields of results that names, or patterns with `*`, choose, in the order of the names."""
    import splmini

    chosen: dict[str, None] = {}
    for pattern in (name for each in given for name in each.replace(",", " ").split()):
        found = [name for name in results.fields if name == pattern]
        found = found or [name for name in results.fields if fnmatchcase(name, pattern.replace("[", "[[]"))]
        if not found and results.fields:
            hint = splmini.did_you_mean(pattern, results.fields)
            say(f"warn: No row has a field '{pattern}'.{' ' + hint if hint else ''}", err=True)
        chosen.update(dict.fromkeys(found))
    return list(chosen)


def tell(results: Results, quiet: bool) -> None:
    """Show the messages of a run on standard error; infos only where not quiet."""
    for each in results.messages:
        if each.level != "info" or not quiet:
            where = f" (line {each.position[0]}, column {each.position[1]})" if each.position else ""
            say(f"{each.level}: {each.text}{where}", err=True)


SAMPLE = 20_000
"""Events that are looked at once more to say why nothing was found."""


def why_nothing(env: Environment, search: Any, given: Any, **reading: Any) -> str:
    """Return a line about why a search found nothing, from its first events; nothing where they can be read but once.

    `search` is text or a detection, `given` what `events` returned.
    """
    import splmini

    if not isinstance(given, list) or sys.stdin.buffer in given:
        return ""
    seen = 0

    def show(count: int) -> None:
        nonlocal seen
        seen = count

    try:
        found = env.explain(search, given, progress=show, cancel=lambda: seen >= SAMPLE, **reading)
    except splmini.SplError:  # the run itself went well: what an explanation cannot do is no matter of its own
        return ""
    sampled = "" if found.results.complete else f" (of the first {seen:,} events)"
    return "" if found.why is None else f"nothing found{sampled}: {found.why}."


def files_below(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Return the files below a folder whose names end so, in order; hidden folders are passed over."""
    found = (each for each in sorted(folder.rglob("*")) if each.suffix in suffixes)
    return [each for each in found if each.is_file() and not _is_hidden(each.relative_to(folder))]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts[:-1])


def search_text(given: str) -> str:
    """Return the text of a search: as given, or read from a file for `@file.spl`."""
    if not given.startswith("@"):
        return given
    try:
        with click.open_file(given[1:], encoding="utf-8-sig") as file:
            return str(file.read())
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{given[1:]} is not UTF-8 text: {error}.") from error
