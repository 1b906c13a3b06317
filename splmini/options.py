"""The keyword arguments of the public API, as types; and what events may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from datetime import datetime
from os import PathLike
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypedDict

from splmini.errors import UnknownOption, did_you_mean

if TYPE_CHECKING:
    from splmini.events import Source
    from splmini.language.macros import MacroRegistry
    from splmini.limits import Limits

FieldValue: TypeAlias = Any
"""The value of a field: text, a number, or a list of them; only who wrote the search knows which."""
PathName: TypeAlias = "str | PathLike[str]"
Moment: TypeAlias = "float | datetime | str"
"""A point in time: epoch seconds, a datetime, ISO text, or a Splunk time modifier."""
Handler: TypeAlias = Callable[..., Iterable[Mapping[str, FieldValue]]]
"""What a caller does for a command: `f(rows, arguments) -> rows`."""


class Frame(Protocol):
    """A data frame of any library, known by its columns (pandas, Polars, Arrow tables, DuckDB's relations)."""

    @property
    def columns(self) -> Any:
        """The columns, or their names."""


class FrameReader(Protocol):
    """What hands out a table piece by piece, known by its schema (Arrow's readers and datasets)."""

    @property
    def schema(self) -> Any:
        """Which columns the pieces have."""


Frames: TypeAlias = "Frame | FrameReader"
AnyEvents: TypeAlias = (
    "Iterable[Mapping[str, FieldValue]] | Iterable[PathName] | PathName | bytes | IO[Any] | Source | Frames"
)
"""What every way of running a search takes as events."""
Folders: TypeAlias = "PathName | Iterable[PathName]"
MacroSettings: TypeAlias = "MacroRegistry | Mapping[str, Any] | PathName | Iterable[PathName | Mapping[str, Any]]"
LookupSettings: TypeAlias = "Mapping[str, Any] | PathName | Iterable[PathName | Mapping[str, Any]]"


class EnvironmentOptions(TypedDict, total=False):
    """The keyword arguments of `Environment`."""

    macros: MacroSettings | None
    lookups: LookupSettings | None
    datamodels: Mapping[str, Any] | None
    apps: Folders | None
    commands: Mapping[str, Handler] | None
    index: str
    now: Moment | None
    earliest: Moment | None
    latest: Moment | None
    timezone: str
    limits: Limits | None
    data_dir: PathName | None
    databases: Mapping[str, PathName] | None


class ReadingOptions(TypedDict, total=False):
    """The keyword arguments that say how events are read, and what is known of all of them."""

    format: str | None
    sourcetype: str | None
    source: str | None
    source_name: str | None
    host: str | None
    index: str | None


class SharedOptions(ReadingOptions, total=False):
    """What one run takes, and a sweep of many."""

    order: Literal["auto", "given", "newest"]
    cancel: Callable[[], bool] | None
    knowledge: Literal["default", "full"]
    infer: bool
    strict: bool
    optimize: bool
    now: Moment | None
    earliest: Moment | None
    latest: Moment | None


class RunArguments(SharedOptions, total=False):
    """The keyword arguments of `Search.run`, and of all that runs one search."""

    executor: Executor | None
    progress: Callable[[int], object] | None


class ExplainArguments(RunArguments, total=False):
    """The keyword arguments of `Environment.explain`."""

    nearest: int


def check_names(given: Iterable[str], known: Iterable[str], whose: str) -> None:
    """Refuse a keyword argument that there is not, naming the nearest one that there is.

    >>> check_names(["progres"], ["progress", "order"], "A run")
    Traceback (most recent call last):
    ...
    splmini.errors.UnknownOption: A run has no option 'progres'. Did you mean 'progress'?
    """
    known = tuple(known)
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known) or f"There are: {', '.join(sorted(known))}."
            raise UnknownOption(f"{whose} has no option '{name}'.", name=name, hint=hint)
