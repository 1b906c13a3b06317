"""What a command does to fields, as far as its text says: for the linter, which follows fields through a search."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from splmini.language import tree

DEFAULTS = frozenset(
    {"_time", "_raw", "_indextime", "_cd", "_bkt", "_si", "_serial", "_sourcetype", "_subsecond", "_span"}
    | {"host", "source", "sourcetype", "index", "linecount", "punct", "splunk_server", "splunk_server_group"}
    | {"eventtype", "tag", "timestamp", "timeendpos", "timestartpos"}
    | {"date_hour", "date_mday", "date_minute", "date_month", "date_second", "date_wday", "date_year", "date_zone"}
)
"""What every event may have."""


@dataclass(frozen=True)
class FieldUse:
    """A field that a command reads or makes, at which node; `how` it is read: grouped by, only shown, or its value."""

    name: str
    node: tree.Node
    how: Literal["by", "shown", "value"] = "value"


@dataclass(frozen=True)
class Known:
    """The fields that can exist, and what makes that sure: `why` completes "it is not among …"."""

    names: frozenset[str]
    why: str
    reset: bool = False
    """True behind a transforming command: not even the default fields are left."""

    def plus(self, *names: str) -> Known:
        """Return it with more names."""
        return Known(self.names | frozenset(names), self.why, self.reset)

    def has(self, name: str) -> bool:
        """Say whether a field, or one that a pattern matches, can exist."""
        if name in self.names or (not self.reset and name in DEFAULTS) or name.startswith("_"):
            return name in self.names or not self.reset or not name.startswith("_time")
        return "*" in name and any(fnmatchcase(each, name) for each in self.names)


Follow: TypeAlias = "Callable[[tree.Pipeline], Known | None]"
"""Gives the fields that the result of a subsearch can have."""


def _none(command: tree.Command) -> Iterable[FieldUse]:
    return ()


def _anything(command: tree.Command, before: Known | None, follow: Follow) -> Known | None:
    return None


def unchanged(command: tree.Command, before: Known | None, follow: Follow) -> Known | None:
    """Behind it are the fields that were there."""
    return before


@dataclass(frozen=True, kw_only=True)
class FieldUses:
    """Which fields a command reads and makes, of what is certain, and which can exist behind it.

    `after(command, before, follow)` gives None where anything may exist: so do commands that declare nothing, so that
    a rule never claims that a field is missing where it might be there.
    """

    reads: Callable[[tree.Command], Iterable[FieldUse]] = _none
    lacking: Callable[[tree.Command], Iterable[FieldUse]] = _none
    """Those that it makes only where something matched (lookup)."""
    fills: bool = False
    """True where it gives the fields that it names, or every field, a value (fillnull)."""
    makes: Callable[[tree.Command], Iterable[FieldUse]] = _none
    after: Callable[[tree.Command, Known | None, Follow], Known | None] = _anything


OPAQUE = FieldUses()
"""Of a command that says nothing: it reads nothing for certain, and anything may exist behind it."""
