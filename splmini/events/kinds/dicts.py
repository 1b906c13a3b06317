"""Events that come as dicts, from any iterable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from splmini.boundary import their_iterator
from splmini.errors import EventFormatError
from splmini.events._dicts import plain_events
from splmini.events._events import Events, Given, Messages, kind, tell
from splmini.events._reader import Report, Settings
from splmini.events._selection import EVERYTHING, Selection
from splmini.operators import BATCH_SIZE, Batch, batched


class DictEvents(Events):
    """An iterable of dicts; an iterator gives them once."""

    def __init__(self, events: Iterable[Any], once: bool, settings: Settings, message: Messages) -> None:
        self.once = once
        self._events = events
        self._settings = settings
        self._message = message

    def scan(self, selection: Selection = EVERYTHING) -> Iterator[tuple[int, Batch]]:
        """Yield batches of events; what can be refused as it was given is not made plain."""
        report = Report()
        for batch in self._batches():
            report.records += len(batch)
            yield len(batch), plain_events(_as_given(batch, selection.kept), self._settings, report)
        tell(report, self._message)

    def kept(self) -> list[Any]:
        """Return them in a list."""
        return [event for batch in self._batches() for event in batch]

    def _batches(self) -> Iterator[list[Any]]:
        events = self._events
        if isinstance(events, (list, tuple)):
            for start in range(0, len(events), BATCH_SIZE):
                yield list(events[start : start + BATCH_SIZE])
        else:
            yield from their_iterator(batched(events), "The iterator of events", "events")


def _as_given(batch: list[Any], keep: Callable[[list[Any]], list[Any]]) -> list[Any]:
    """Filter dicts as given; a batch that holds something else is left to whoever says what is wrong with it."""
    try:
        return keep(batch)
    except (TypeError, AttributeError):
        return batch


@kind(90)
def open_dicts(given: Given, settings: Settings, message: Messages) -> Events | None:
    """Recognise any iterable."""
    if isinstance(given.events, Mapping):
        raise EventFormatError("Events are an iterable of dicts, not one dict.", hint="Put it in a list.")
    if not isinstance(given.events, Iterable):
        return None
    _ = given.first  # one that fails does so before the run
    return DictEvents(given.events, given.once, settings, message)
