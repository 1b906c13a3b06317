"""What events are to a run: a `scan` of what is selected, and parts that can be read anywhere. Each kind is a class in
its own module of `events/kinds/`; one that is registered with `kind` recognises what a caller gives as its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from splmini.boundary import theirs
from splmini.events._reader import Block, Report, Settings
from splmini.events._selection import EVERYTHING, Selection

if TYPE_CHECKING:
    from splmini.operators import Batch, ColumnBatch

Messages: TypeAlias = "Callable[[str, str, str], None]"
"""Called as `message(level, command, text)` with what a user should know."""


class Part(Protocol):
    """A part of events that can be read anywhere: what the tasks of a parallel run are given. Pickles."""

    @property
    def weight(self) -> int:
        """How many bytes it has, about."""

    def read(self, report: Report, ingest: Any) -> Iterator[Block | Batch]:
        """Read it, there where `ingest` is what apps say about reading files."""

    def lines_before(self) -> int:
        """Count the lines of its file before it: an error says which record of the file it means."""


class Events(ABC):
    """The events of a run, ready to be read as often as needed."""

    once: bool = False
    """Whether there can be only one reading (an iterator, a pipe)."""
    is_file: bool = False
    """Whether they come from files or text, which Splunk would show newest first."""
    has_bytes: bool = False
    """Whether a selection's `candidates` are looked for in their bytes before anything is parsed."""

    @abstractmethod
    def scan(self, selection: Selection = EVERYTHING) -> Iterator[tuple[int, Batch | ColumnBatch]]:
        """Yield, batch by batch, how many events there were and those that are selected.

        A `ColumnBatch` is given only by what the selection's `candidates` made.
        """

    def parts(self, size: int, report: Report) -> Iterator[Part] | None:
        """Yield parts of about `size` bytes, in the order of the events; None where they can only be read here."""
        return None

    def total_bytes(self) -> int | None:
        """Return how many bytes there are to read; None where that is not known."""
        return None

    def kept(self) -> Any:
        """Return what stands for the same events, which can be read once, as often as needed; None: there is none."""
        return None

    def close(self) -> None:  # noqa: B027 - most kinds keep nothing
        """Let go of what was kept for further readings."""


class NoEvents(Events):
    """None at all."""

    def scan(self, selection: Selection = EVERYTHING) -> Iterator[tuple[int, Batch | ColumnBatch]]:
        """Yield nothing."""
        return iter(())


def tell(report: Report, message: Messages) -> None:
    """Say what was noticed while events were read."""
    for level, text in report.messages():
        message(level, "events", text)


# ---- which kind ------------------------------------------------------------------------------------------------------


class Given:
    """What a caller gives as events, for the kinds to recognise. Its first item is looked at where one asks for it."""

    def __init__(self, events: Any) -> None:
        self.events = events

    @cached_property
    def once(self) -> bool:
        """Whether it is an iterator."""
        return iter(self.events) is self.events

    @cached_property
    def first(self) -> Any:
        """The first item of an iterable, which is not lost; None where there is none."""
        if not isinstance(self.events, Iterable):
            return None
        once = self.once
        with theirs("The iterator of events", "events"):
            iterator = iter(self.events)
            first = next(iterator, None)
        if once:
            self.events = () if first is None else chain([first], iterator)
        return first


Opener: TypeAlias = "Callable[[Given, Settings, Messages], Events | None]"
_openers: list[tuple[int, Opener]] = []


def kind(asked: int) -> Callable[[Opener], Opener]:
    """Register the decorated function, which makes events of what a caller gives; None where it is of another kind.

    Those with a smaller number are asked first: objects of libraries (10), folders that are a table (30), files and
    folders of files (50), iterables (90).
    """

    def register(opener: Opener) -> Opener:
        _openers.append((asked, opener))
        _openers.sort(key=_number)
        return opener

    return register


def _number(each: tuple[int, Opener]) -> int:
    return each[0]


def openers() -> list[Opener]:
    """Return what recognises events, in the order in which they are asked."""
    return [opener for _, opener in _openers]
