"""From anything that holds events to the kind of events that it is."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from splmini.errors import EventFormatError
from splmini.events._events import Events, Given, Messages, Opener, openers
from splmini.events._reader import Block, Report, Settings, find_reader
from splmini.events._source import Source
from splmini.events.kinds.files import FileEvents

if TYPE_CHECKING:
    from splmini.operators import Row


@cache
def _load_kinds() -> None:
    """Import the module of each kind of events."""
    package = importlib.import_module("splmini.events.kinds")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"splmini.events.kinds.{module.name}")


def _openers() -> list[Opener]:
    _load_kinds()
    return openers()


def _silent(level: str, command: str, text: str) -> None:
    """Say nothing."""


def open_events(events: Any, settings: Settings | None = None, message: Messages = _silent) -> Events:
    """Prepare events for reading.

    Args:
        events: an iterable of dicts, a data frame, path(s), folders, globs, an open file, text or bytes,
            a `Source`, or `Events` themselves.
        settings: how they are read, and what is known of all of them; a `Source` says more of its own.
        message: called as `message(level, command, text)` with what a user should know.

    Raises:
        EventFormatError: for what is no source of events, a file that is not there, a malformed record under `strict`.
    """
    settings = settings or Settings()
    if isinstance(events, Source):
        return open_events(events.events, settings.changed(**events.reading()), message)
    if isinstance(events, Events):
        return events
    if settings.format is not None:
        find_reader(settings.format)
    given = Given(events)
    for opener in _openers():
        opened = opener(given, settings, message)
        if opened is not None:
            return opened
    raise EventFormatError(f"A {type(events).__name__} is no source of events.")


def readable_again(events: Any) -> Any:
    """Return events that can be read once so that they can be given to many runs; others as they are."""
    if isinstance(events, Source):
        return replace(events, events=readable_again(events.events))
    opened = open_events(events)
    kept = opened.kept() if opened.once or hasattr(events, "__next__") else None
    return events if kept is None else kept


def read(events: Any, *, messages: Callable[[str, str], None] | None = None, **settings: Any) -> Iterator[list[Row]]:
    """Yield batches of event dicts. `messages(level, text)` is told what a user should know; settings as those of
    `Settings`.

    >>> [event["_raw"] for batch in read("one\\ntwo\\n") for event in batch]
    ['one', 'two']
    """

    def message(level: str, command: str, text: str) -> None:
        if messages is not None:
            messages(level, text)

    for _, batch in open_events(events, Settings().changed(**settings), message).scan():
        yield list(batch)


def blocks(events: Any, report: Report | None = None, **settings: Any) -> Iterator[Block | list[Row]]:
    """Yield the blocks of bytes of files; settings as for `read`.

    Raises:
        EventFormatError: where the events do not come from files.
    """
    opened = open_events(events, Settings().changed(**settings))
    if not isinstance(opened, FileEvents):
        raise EventFormatError("Only files have blocks.")
    yield from opened.blocks(report if report is not None else Report())
