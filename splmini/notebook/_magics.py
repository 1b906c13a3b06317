"""`%spl` and `%%spl`: events found, the search run, its results shown and kept."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

import splmini
from splmini.interrupting import interruptible
from splmini.notebook._call import READING, USAGE, Call, parse_line, words_of
from splmini.notebook._errors import is_rich
from splmini.notebook._progress import Progress


class Magics:
    """`%spl` and `%%spl` of one IPython shell; remembers the last events and the names of their fields."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.events: Any = ()
        self.environment: Any = None
        self.fields: dict[str, None] = {}

    def line(self, line: str) -> Any:
        """`%spl [--as NAME] [--env NAME] [EVENTS] SEARCH`: run a search and show its results."""
        call = self.call_of_line(line)
        if not call.spl.strip():
            raise splmini.ArgumentError("There is no search.", name="spl", hint="%spl [EVENTS] SEARCH")
        return self.run(call)

    def cell(self, line: str, cell: str | None = None) -> Any:
        """`%%spl [EVENTS or PATH] [--as NAME] [--env NAME]`: run the search of the cell and show its results."""
        if cell is None:
            return self.line(line)
        call = parse_line(line)
        call.spl = cell
        return self.run(call)

    def call_of_line(self, line: str) -> Call:
        """Take a line apart: options first, then what is a variable or a file, then the search."""
        call = Call()
        rest = line.strip()
        while match := re.match(r"--([\w-]+)(?:=|\s+)(\"[^\"]*\"|'[^']*'|\S+)\s*", rest):
            call.options.update(parse_line(match.group()).options)
            rest = rest[match.end() :]
        words = words_of(rest)
        if words and self.is_events(words[0][0]):
            call.events = words[0][0]
            rest = rest[words[0][1] :]
        call.spl = rest
        return call

    def is_events(self, word: str) -> bool:
        """Say whether a word at the start of a line names events: a variable that can be searched, or a file."""
        if word.isidentifier() and word in self.shell.user_ns:
            value = self.shell.user_ns[word]
            return not callable(value) and not isinstance(value, (int, float, type(sys)))
        return _is_path(word)

    def run(self, call: Call) -> Any:
        """Run a call; its results are also the variable that `--as` names."""
        environment = self.environment_of(call)
        name = call.options.get("as")
        if name is not None and not name.isidentifier():
            raise splmini.ArgumentError(f"'{name}' is no name of a variable.", name=name, hint=USAGE)
        search = environment.compile(call.spl.strip())
        if call.events is not None:
            found = self.events_of(call.events)
            # an iterator gives its events once, and the next cell may search them again
            self.events = Replayed(found) if isinstance(found, Iterator) and not hasattr(found, "read") else found
        self.environment = environment
        self.fields.update(dict.fromkeys(columns_of(self.events)))
        options = {name: call.options[name] for name in READING if name in call.options}
        if options.get("order", "auto") == "auto" and "_time" in columns_of(self.events):
            options["order"] = "newest"  # as from a file, where a person looks at them
        progress = Progress(size_of(self.events), is_rich(self.shell))
        try:
            with interruptible() as cancel:
                results = search.run(self.events, progress=progress, cancel=cancel, **options)
        finally:
            progress.close()
        self.fields.update(dict.fromkeys(results.fields))
        if name is not None:
            self.shell.user_ns[name] = results
        return results

    def environment_of(self, call: Call) -> Any:
        """The environment that a call names, or the built-in one."""
        name = call.options.get("env")
        if name is None:
            return splmini.default_environment()
        value = self.shell.user_ns.get(name)
        if not isinstance(value, splmini.Environment):
            raise splmini.ArgumentError(f"'{name}' is no environment.", name=name, hint=f"{name} = Environment(...)")
        return value

    def events_of(self, word: str) -> Any:
        """The events that a word names: a variable, else a path."""
        if word in self.shell.user_ns:
            return self.shell.user_ns[word]
        outer, _, inner = word.partition(".")
        if inner.isidentifier() and hasattr(self.shell.user_ns.get(outer), inner):
            return getattr(self.shell.user_ns[outer], inner)
        if _is_path(word) or "://" in word:
            return word
        names = [name for name in self.shell.user_ns if not name.startswith("_")]
        raise splmini.EventFormatError(
            f"There is neither a variable nor a file '{word}'.", name=word, hint=splmini.did_you_mean(word, names)
        )

    def completions(self, text: str, offset: int) -> list[Any]:
        """What may stand at an offset of a search."""
        environment = self.environment or splmini.default_environment()
        return splmini.complete(text, offset, environment, self.fields)


class Replayed:
    """The events of an iterator, read as far as they are asked for, and kept for the searches that come later."""

    def __init__(self, source: Iterator[Any]) -> None:
        self._source = source
        self._kept: list[Any] = []

    def __iter__(self) -> Iterator[Any]:
        at = 0
        while True:
            if at == len(self._kept):
                more = list(islice(self._source, 1))
                if not more:
                    return
                self._kept += more
            yield self._kept[at]
            at += 1


def _is_path(word: str) -> bool:
    if not word.strip("*?"):  # everything: of the events, not every file of the folder
        return False
    return os.path.exists(word) or (any(each in word for each in "*?") and bool(glob.glob(word, recursive=True)))


def size_of(events: Any) -> int | None:
    """How many events there are, where that is known beforehand."""
    if isinstance(events, (str, bytes, os.PathLike)):
        return None
    if hasattr(events, "num_rows"):
        return int(events.num_rows)
    try:
        size = len(events)
    except TypeError:
        return None
    first = events[0] if isinstance(events, (list, tuple)) and size else None
    return None if isinstance(first, (str, bytes, os.PathLike)) else size


def columns_of(events: Any) -> list[str]:
    """The names of the fields that are known of events before they are read."""
    if hasattr(events, "collect_schema"):
        return list(events.collect_schema().names())
    columns = getattr(events, "column_names", None) or getattr(events, "columns", None)
    if columns is not None:
        return [str(name) for name in columns]
    if isinstance(events, (list, tuple)):
        return [str(name) for event in events[:100] if isinstance(event, dict) for name in event]
    return []
