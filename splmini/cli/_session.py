"""What a shell session knows and does: the events, the environment, the last search; and the commands with a colon.

Nothing here needs a terminal: a statement goes in, text comes out.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import splmini
from splmini.cli import _shared as shared
from splmini.cli._output import say

MAX_SHOWN = 10_000
FIRST = 200
"""Events that a fresh session looks at for names of fields."""
HEADING = re.compile(r"\S+")


class Quit(Exception):
    """The session ends."""


class Session:
    """A session over some files. `execute(text)` runs a statement and returns what is to be shown."""

    def __init__(self, files: list[str], settings: dict[str, Any]) -> None:
        self.files = files
        self.reading = shared.reading(settings)
        self.environment = shared.environment(settings)
        self.search: Any = None
        self.results: Any = None
        self.failed = False
        self.names: dict[str, None] = {}
        """Fields that were seen."""

    # ---- statements ------------------------------------------------------------------------------------------------

    def execute(self, text: str) -> str:
        """Run a search or a command and return its output; an error of the search is output, too."""
        text = text.strip()
        self.failed = False
        if not text:
            return ""
        try:
            if text.startswith(":"):
                return self.command(text[1:])
            return self.run(text)
        except splmini.SplError as error:
            self.failed = True
            return f"{type(error).__name__}: {error}\n"

    def run_script(self, text: str) -> int:
        """Run statements that come as text, one a line, a line that is not finished with those below it."""
        failed = False
        for statement in statements(text):
            try:
                output = self.execute(statement)
            except Quit:
                break
            failed = failed or self.failed
            say(output, nl=False, err=self.failed)
        return 2 if failed else 0

    def known_names(self) -> list[str]:
        """The fields that were seen; before any search, those of the first events."""
        if not self.names and self.files:
            with suppress(splmini.SplError, OSError):  # a search will say what is wrong with the files
                rows = self.environment.compile("*").stream(self.files, **{**self.reading, "order": "given"})
                for row in islice(rows, FIRST):
                    self.names.update(dict.fromkeys(row))
        return list(self.names)

    def run(self, spl: str) -> str:
        """Run a search over the events."""
        from splmini.interrupting import interruptible

        search = self.environment.compile(spl)
        with shared.progress() as progress, interruptible() as cancel:
            results = search.run(self.files, progress=progress, cancel=cancel, **self.reading)
        self.search, self.results = search, results
        self.names.update(dict.fromkeys(results.fields))
        why = "" if len(results) else shared.why_nothing(self.environment, spl, self.files, **self.reading)
        return "".join((rendered(results), *messages(results), summary(results), f"{why}\n" if why else ""))

    # ---- commands --------------------------------------------------------------------------------------------------

    def command(self, text: str) -> str:
        """Run a command: its name and the rest of the line."""
        name, _, rest = text.strip().partition(" ")
        found = COMMANDS.get(name) or COMMANDS.get(ALIASES.get(name, ""))
        if found is None:
            hint = splmini.did_you_mean(name, COMMANDS)
            raise splmini.UnknownCommand(f"There is no command ':{name}'.", name=name, hint=hint or "Try :help.")
        return found(self, rest.strip())

    def fields(self, rest: str) -> str:
        """:fields [PATTERN] - the fields of the events and where each comes from"""
        from fnmatch import fnmatchcase

        found = self.environment.fields(self.files, **self.reading)
        self.names.update(dict.fromkeys(str(row["field"]) for row in found if "field" in row))
        if rest:
            kept = [row for row in found if fnmatchcase(str(row.get("field", "")).lower(), rest.lower())]
            found = splmini.Results(kept, found.fields)
        return found.to_table(width=shared_width(4)) + "\n" if len(found) else "There are no such fields.\n"

    def explain(self, rest: str) -> str:
        """:explain [SEARCH] - rows in and out of each stage, and what refused the nearest events (default: the last)"""
        return f"{self.environment.explain(rest or self.last(), self.files, **self.reading)}\n"

    def plan(self, rest: str) -> str:
        """:plan [SEARCH] - how a search runs (default: the last)"""
        return f"{self.environment.compile(rest or self.last()).plan()}\n"

    def macro(self, rest: str) -> str:
        """:macro [NAME | NAME = DEFINITION] - list macros, show one, or define one for this session"""
        head, equals, definition = rest.partition("=")
        match = re.fullmatch(r"([\w:.\-]+)\s*(?:\(([^()]*)\))?", head.strip())
        if not rest:
            return "".join(f"{name}\n" for name in sorted(self.environment.macros))
        if match is None:
            raise splmini.MacroError(f"'{head.strip()}' is no name of a macro.", name=head.strip())
        if not equals:
            return self._macro_text(match.group(1), match.group(2))
        names = [each.strip() for each in (match.group(2) or "").split(",") if each.strip()]
        key = f"{match.group(1)}({len(names)})" if names else match.group(1)
        self.environment.add_macros({key: {"args": names, "definition": definition.strip()}})
        return f"`{key}` is defined.\n"

    def _macro_text(self, name: str, arguments: str | None) -> str:
        found = [each for each in self.environment.macros.macros() if each.name == name]
        if arguments is not None and arguments.strip().isdigit():
            found = [each for each in found if len(each.args) == int(arguments)]
        if not found:
            hint = splmini.did_you_mean(name, [each.name for each in self.environment.macros.macros()])
            raise splmini.UnknownMacro(f"There is no macro '{name}'.", name=name, hint=hint)
        parts = []
        for each in found:
            arguments = f"({', '.join(each.args)})" if each.args else ""
            description = f"  # {each.description}\n" if each.description else ""
            parts.append(f"{description}{each.name}{arguments} = {each.definition}\n")
        return "".join(parts)

    def events(self, rest: str) -> str:
        """:events [FILE…] - show or change the files that are searched"""
        if rest:
            self.files = file_names(rest)
            self.names.clear()
        return "".join(f"{name}\n" for name in self.files) or "There are no events.\n"

    def save(self, rest: str) -> str:
        """:save FILE - write the last results; .csv, .json, .jsonl, .parquet or a chart (.png, .svg) says as what"""
        results = self.last_results()
        if not rest:
            raise splmini.ArgumentError("A file is missing.", name=":save", hint=":save FILE.csv")
        try:
            if rest.endswith((".png", ".svg", ".pdf")):
                _save_chart(results, rest)
            else:
                shared.write_results(rest, results, shared.form_of(rest, "csv"))
        except OSError as error:  # the session goes on
            raise splmini.ArgumentError(f"The file cannot be written: {error}.", name=":save") from error
        return f"{len(results):,} rows written to {rest}\n"

    def help(self, rest: str) -> str:
        """:help [NAME] - this list, or what a command or function of SPL does"""
        if rest:
            return described(rest.strip(":").lower())
        lines = [(found.__doc__ or "").strip() for found in COMMANDS.values()]
        width = max(line.index(" - ") for line in lines)
        shown = "".join(f"{line.partition(' - ')[0]:<{width}}  {line.partition(' - ')[2]}\n" for line in lines)
        return f"Anything else is a search. Ctrl-C ends a run and keeps what was found.\n{shown}"

    def quit(self, rest: str) -> str:
        """:quit - leave (also Ctrl-D)"""
        raise Quit

    def last(self) -> str:
        """The text of the last search."""
        if self.search is None:
            raise splmini.ArgumentError("Nothing was searched yet.", name="shell", hint="Give a search behind it.")
        return str(self.search.text)

    def last_results(self) -> Any:
        """The results of the last search."""
        self.last()
        return self.results


COMMANDS: dict[str, Callable[[Session, str], str]] = {
    "fields": Session.fields,
    "explain": Session.explain,
    "plan": Session.plan,
    "macro": Session.macro,
    "events": Session.events,
    "save": Session.save,
    "help": Session.help,
    "quit": Session.quit,
}
ALIASES = {"q": "quit", "exit": "quit", "h": "help", "?": "help", "macros": "macro", "field": "fields"}


def _save_chart(results: Any, path: str) -> None:
    """Draw results on a figure that has no window, and is gone afterwards."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise splmini.UnsupportedFeature(
            "A chart needs matplotlib, which is not installed.", name="matplotlib", hint="Install splmini[notebook]."
        ) from error
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    results.plot(ax=figure.subplots())
    figure.savefig(path)


def file_names(text: str, windows: bool = sys.platform == "win32") -> list[str]:
    """Cut a line into names of files; quotation marks hold one together, on Windows a backslash stands for itself.

    >>> file_names(r'"C:\\my logs\\a.evtx" b.evtx', windows=True)
    ['C:\\\\my logs\\\\a.evtx', 'b.evtx']
    """
    import shlex

    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.commenters = True, ""
    if windows:
        lexer.escape = ""
    try:
        return list(lexer)
    except ValueError as error:
        hint = "A quotation mark has to be closed."
        raise splmini.ArgumentError(f"'{text}' is no list of files: {error}.", name=":events", hint=hint) from None


def described(name: str) -> str:
    """What the registry says of a command or function."""
    from splmini import registry

    parts = []
    spec = registry.find_command(name)
    if spec is not None:
        options = "".join(f"  {each}=  {known.doc}\n" for each, known in spec.options.items())
        parts.append(f"{spec.syntax or name}\n\n{clean(spec.doc)}\n{options}")
    tables: tuple[tuple[str, Any], ...] = (("eval", registry.eval_functions()), ("stats", registry.stats_functions()))
    for kind, table in tables:
        if name in table:
            parts.append(f"{name}()  ({kind})\n\n{clean(table[name].doc)}\n")
    if not parts:
        known = [*registry.command_names(), *registry.eval_functions(), *registry.stats_functions()]
        hint = splmini.did_you_mean(name, known)
        raise splmini.ArgumentError(f"There is nothing about '{name}'.", name=name, hint=hint)
    return "\n".join(parts)


def clean(doc: str) -> str:
    """A docstring without its indent."""
    import inspect

    return inspect.cleandoc(doc)


# ---- statements ----------------------------------------------------------------------------------------------------


def is_finished(text: str) -> bool:
    """Say whether a statement can be run: no pipe at its end, nothing left open.

    >>> is_finished("error | stats count |"), is_finished('error "x'), is_finished("error")
    (False, False, True)
    """
    if text.lstrip().startswith(":"):
        return True
    bare = re.sub(r"```.*?```", " ", text, flags=re.DOTALL)
    bare, _ = re.subn(r'"(?:[^"\\]|\\.)*"', '""', bare, flags=re.DOTALL)
    if bare.count('"') % 2 or "```" in bare or bare.count("`") % 2:
        return False
    if bare.count("[") > bare.count("]") or bare.count("(") > bare.count(")"):
        return False
    return not bare.rstrip().endswith(("|", "\\"))


def statements(text: str) -> Iterator[str]:
    """Cut a script into statements."""
    held: list[str] = []
    for line in text.split("\n"):
        if held or (line.strip() and not line.lstrip().startswith("#")):
            held.append(line)
        if held and is_finished("\n".join(held)):
            yield "\n".join(held)
            held = []
    if held:
        yield "\n".join(held)


# ---- output --------------------------------------------------------------------------------------------------------


def shared_width(columns: int) -> int:
    """How wide a column may be, so that about so many fit the terminal."""
    return max(20, shutil.get_terminal_size((120, 24)).columns // columns)


def rendered(results: Any) -> str:
    """Results as text: events one below the other, else a table with readable times."""
    if not len(results):
        return ""
    view = results.view
    if view.events:
        return "".join(event_lines(row, view) for row in results[:MAX_SHOWN])
    rows = view.timed(results[:MAX_SHOWN])
    columns = max(1, len(results.fields))
    table = splmini.Results(rows, results.fields).to_table(width=max(24, shared_width(min(columns, 4))))
    return table + "\n"


def event_lines(row: dict[str, Any], view: Any) -> str:
    """An event: its time and text."""
    raw = row.get("_raw")
    if not isinstance(raw, str):
        raw = "  ".join(f"{name}={value}" for name, value in row.items() if not name.startswith(("_", "tag")))
    time = view.time(row["_time"]) if "_time" in row else ""
    text = "".join(each if each.isprintable() or each in "\n\t" else repr(each)[1:-1] for each in raw)
    return f"{time:<24} {text}\n"


def messages(results: Any) -> Iterator[str]:
    """What the run had to tell, but for infos."""
    for each in results.messages:
        if each.level != "info":
            where = f" (line {each.position[0]}, column {each.position[1]})" if each.position else ""
            yield f"{each.level}: {each.text}{where}\n"


def summary(results: Any) -> str:
    """One line about a run."""
    seconds = results.stats["seconds"]["total"]
    noun = "event" if results.view.events else "row"
    left = f", {len(results) - MAX_SHOWN:,} not shown" if len(results) > MAX_SHOWN else ""
    ended = "" if results.complete else ", ended early"
    return (
        f"{len(results):,} {noun}{'' if len(results) == 1 else 's'}{left} of {results.stats['scanned']:,} events"
        f" in {seconds:.2f} s{ended}\n"
    )
