"""Errors as a feature: a type, a position in the text as the user wrote it, a caret, a hint.

Everything that splmini raises on purpose is an `SplError`. Code deep inside raises with a `span` (offsets into the
expanded search text); whoever holds the source map calls `locate`, which turns the span into a line and a column of
the user's own text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of offsets in the expanded text of a search."""

    start: int
    end: int


NOWHERE = Span(-1, -1)


class SourceMap(Protocol):
    """What an error needs of a source text; `splmini.language.source.SourceText` is one."""

    def position(self, span: Span) -> tuple[int, int]:
        """Return (line, column), both from 1, of the span's start in the text as the user wrote it."""

    def context(self, span: Span) -> str:
        """Return the user's line with a caret below, followed by the chain of macros, if any."""


class SplError(Exception):
    """Base of all errors that splmini raises on purpose.

    `message` is one sentence; `name` the command, function, macro or lookup concerned; `hint` what to do about it;
    `position` the (line, column) from 1 in the text as the user wrote it, None where there is no text; `context` that
    line with a caret. Errors of files have `path` and `record` (the number of the record, from 1) instead; those of
    YAML files have the position in the file.
    """

    def __init__(
        self,
        message: str,
        *,
        name: str | None = None,
        hint: str | None = None,
        span: Span | None = None,
        position: tuple[int, int] | None = None,
        context: str | None = None,
        path: str | None = None,
        record: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.name = name
        self.hint = hint
        self.span = None if span == NOWHERE else span
        self.position = position
        self.context = context
        self.path = path
        self.record = record

    def locate(self, source: SourceMap) -> SplError:
        """Fill `position` and `context` from the span, once; return the error itself, to be raised."""
        if self.span is not None and self.position is None:
            self.position = source.position(self.span)
            self.context = source.context(self.span)
        return self

    def __str__(self) -> str:
        where = ""
        if self.path is not None:
            where = self.path + (f", record {self.record}" if self.record is not None else "")
            where += (f":{self.position[0]}:{self.position[1]}" if self.position is not None else "") + ": "
        elif self.position is not None:
            where = f"line {self.position[0]}, column {self.position[1]}: "
        text = where + self.message
        if self.hint:
            text += f" {self.hint}"
        if self.context:
            text += f"\n{self.context}"
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, {key: getattr(self, key) for key in _ATTRIBUTES})


_ATTRIBUTES = ("name", "hint", "span", "position", "context", "path", "record")


def _rebuild(kind: type[SplError], message: str, attributes: dict[str, Any]) -> SplError:
    return kind(message, **attributes)


class SplSyntaxError(SplError):
    """The text is not a search: a missing bracket, quote, operand, clause."""


class UnknownCommand(SplError):
    """No command of that name."""


class UnknownFunction(SplError):
    """No eval or stats function of that name."""


class UnknownMacro(SplError):
    """No macro of that name and number of arguments."""


class MacroError(SplError):
    """A macro that cannot be expanded: cycle, runaway expansion, failed validation, wrong arguments."""


class UnknownLookup(SplError):
    """No lookup table of that name."""


class UnknownDataModel(SplError):
    """No data model or dataset of that name."""


class ArgumentError(SplError):
    """A command or function was given an argument that it does not take."""


class UnknownOption(ArgumentError, TypeError):
    """A keyword argument that there is not; also the TypeError that Python raises for one."""


class UnsupportedFeature(SplError):
    """Valid in Splunk, but not something that splmini can do; `name` says what."""


class MissingDatabase(SplError):
    """A database that the caller has to supply (a MaxMind file for iplocation) is not there."""


class LimitExceeded(SplError):
    """A limit of `Limits` was reached where cutting the result would make it wrong."""


class EventFormatError(SplError):
    """A file or record is not in the format that it was taken for."""


class KnowledgeError(SplError):
    """An app, a conf file, a data model or a detection file is not well formed."""


class ServerError(SplError):
    """A Splunk server could not be asked, or gave no usable answer."""


class FileError(SplError):
    """A file cannot be read or written: no permission, no space, a name that cannot be, no text."""


class HandlerError(SplError):
    """Code of the caller's own failed inside a run: a command's handler, the iterator of events, a callback.

    `name` says which; `__cause__` is what it raised.
    """


class InternalError(SplError):
    """A mistake of splmini's own making; `__cause__` is what went wrong. It should be reported."""


class Signal(Exception):
    """Base of what ends a part of a run on purpose and is no error; it never reaches the caller."""


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return the hint "Did you mean 'stats'?" for the nearest known name, or None.

    >>> did_you_mean("stast", ["stats", "sort"])
    "Did you mean 'stats'?"
    """
    # keys of a YAML mapping may be no texts
    names = {candidate.lower(): candidate for candidate in known if isinstance(candidate, str)}
    import difflib  # only errors need it

    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return f"Did you mean '{names[close[0]]}'?" if close else None


DASHBOARD_TOKEN = "It is a dashboard's token: put its value in its place before the search runs."  # noqa: S105 - no password
"""The hint where `$token$` stands in a place that decides what a search does."""
