"""What an operator is, what it declares, and what a run gives it.

A row is a plain dict from field name to value: `str`, `int`, `float`, or a list of two or more of those (multivalue).
A null field is absent: `None`, empty lists, lists of one and booleans never stand in a row. Rows between operators
belong to the pipeline: an operator may change a row that it was given in place, and must not keep a reference to one
that it passed on. Rows travel in batches (lists), never empty batches by need, of at most `BATCH_SIZE` rows.

Four kinds of operator, four small dataclasses: `Streaming`, `Partial`, `Sequence`, `Generating`. The optimiser reads
nothing but what they declare, never which command they are of: `requires` (which fields are needed before, given those
needed after), `columns` (what the column order becomes), and how a filter, a limit and a projection go through them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import compress
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from splmini.errors import NOWHERE, Span

if TYPE_CHECKING:
    from splmini.budget import Budget
    from splmini.context import Apps, Files, Lookups
    from splmini.language import tree
    from splmini.limits import Limits
    from splmini.options import FieldValue

Scalar: TypeAlias = "str | int | float"
Value: TypeAlias = "str | int | float | list[Any] | bool | None"
"""What an expression gives: a field's value, a boolean, or null."""
Row: TypeAlias = "dict[str, FieldValue]"
Batch: TypeAlias = "list[Row]"
Columns: TypeAlias = "list[str] | None"
"""A column order, or None: the order in which fields are first seen over the rows."""

BATCH_SIZE = 1024

Fields: TypeAlias = "frozenset[str] | None"
"""The fields that are needed: names, or patterns with `*`; None means every field."""

ALL: Fields = None


def union(*sets: Fields) -> Fields:
    """Return the union of field sets; every field where one of them is ALL."""
    result: frozenset[str] = frozenset()
    for each in sets:
        if each is None:
            return None
        result |= each
    return result


class ColumnBatch:
    """A batch of rows as columns, None where a row has no value: rows are made where somebody asks for them.

    Only what says so is given one (`Partial.takes_tables`); everybody else gets lists of rows.
    """

    __slots__ = ("_rows", "columns", "size")

    def __init__(self, columns: dict[str, list[Any]], size: int) -> None:
        self.columns = columns
        self.size = size
        self._rows: Batch | None = None

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows())

    def __getitem__(self, number: int) -> Row:
        return self.rows()[number]

    def rows(self) -> Batch:
        """Return the rows."""
        if self._rows is None:
            names = tuple(self.columns)
            rows = (zip(names, values) for values in zip(*self.columns.values()))  # noqa: B905
            if not names:
                self._rows = [{} for _ in range(self.size)]
            elif any(None in values for values in self.columns.values()):
                self._rows = [{name: value for name, value in row if value is not None} for row in rows]
            else:
                self._rows = list(map(dict, rows))
        return self._rows

    def column(self, name: str) -> list[Any]:
        """Return the value of a field in each row; None where it has none."""
        found = self.columns.get(name)
        return [None] * self.size if found is None else found

    @classmethod
    def together(cls, parts: list[tuple[list[int], ColumnBatch]]) -> ColumnBatch:
        """Return batches of the same columns as one, each of whose rows stands at the place that is given for it."""
        size = sum(len(places) for places, _ in parts)
        columns: dict[str, list[Any]] = {name: [None] * size for _, part in parts for name in part.columns}
        for places, part in parts:
            for name, values in part.columns.items():
                whole = columns[name]
                for place, value in zip(places, values, strict=True):
                    whole[place] = value
        return cls(columns, size)

    def kept(self, flags: list[bool]) -> ColumnBatch:
        """Return the rows whose flags are set."""
        columns = {name: list(compress(values, flags)) for name, values in self.columns.items()}
        return ColumnBatch(columns, sum(flags))


@dataclass
class Stream:
    """Rows on their way: batches, and the column order, which may be asked once the batches are exhausted."""

    batches: Iterator[Batch]
    columns: Callable[[], Columns] = field(default=lambda: None)

    def rows(self) -> Iterator[Row]:
        """Iterate over the rows of all batches."""
        for batch in self.batches:
            yield from batch


def batched(rows: Iterable[Row], size: int = BATCH_SIZE) -> Iterator[Batch]:
    """Cut an iterable of rows into batches."""
    batch: Batch = []
    for row in rows:
        batch.append(row)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def _everything(after: Fields) -> Fields:
    return ALL


def _same_columns(before: Columns) -> Columns:
    return before


def unknown(before: Columns) -> Columns:
    """The `columns` declaration of a command whose new fields depend on the rows."""
    return None


def appended(*names: str) -> Callable[[Columns], Columns]:
    """Return a `columns` declaration: these names are added at the end where they are not there yet."""

    def columns(before: Columns) -> Columns:
        return before if before is None else before + [name for name in names if name not in before]

    return columns


def exactly(*names: str) -> Callable[[Columns], Columns]:
    """Return a `columns` declaration: these names in this order, whatever came in."""

    def columns(before: Columns) -> Columns:
        return list(names)

    return columns


@dataclass(frozen=True, kw_only=True)
class Streaming:
    """Batch by batch, without memory between batches: distributable, and fused with its neighbours.

    `bind(ctx)` is called once a run and returns the function over batches. A filter (`filters` true) only drops rows;
    `predicate` is then the expression that a row has to satisfy, if there is one. `writes` are the fields that it
    sets or removes (ALL: any).
    """

    name: str
    bind: Callable[[RunContext], Callable[[Batch], Batch]]
    requires: Callable[[Fields], Fields] = _everything
    columns: Callable[[Columns], Columns] = _same_columns
    filters: bool = False
    predicate: tree.Node | None = None
    dialect: Literal["search", "eval"] = "search"
    """What kind of expression the predicate is."""
    filter_by: Callable[[tree.Node], Streaming] | None = None
    """The same filter with another predicate of its dialect; None where it has to stay where it stands."""
    writes: Fields = ALL
    one_to_one: bool = False
    """True where it gives one row for each row, whatever other rows there are."""
    names_before: Callable[[frozenset[str]], Mapping[str, str] | None] | None = None
    """What fields are called in front of it (rename); None where one of them does not come through it as it is."""
    pure: bool = False
    """True where it does nothing but set its fields: that it could fail at run time is no reason to run it."""
    narrowed: Callable[[frozenset[str]], Streaming] | None = None
    """Less of a pure operator, where only these fields are read behind it; some field that it writes is."""
    local: bool = False
    """True where it has to run in the calling process (handlers, tables that are written)."""
    node: tree.Node | None = None
    span: Span = NOWHERE


class State(Protocol):
    """The state of a partial operator: updated by batches, merged with others of its kind, finished once. Pickles."""

    def update(self, batch: Batch) -> None:
        """Take in a batch of rows."""

    def merge(self, other: Any) -> None:
        """Take in another state, made from rows that come after this one's."""

    def finish(self, ctx: RunContext) -> Stream:
        """Give the result."""


@dataclass(frozen=True, kw_only=True)
class Partial:
    """All rows in, one result out, through partial results that merge: stats, top, timechart …"""

    name: str
    create: Callable[[RunContext], State]
    requires: Callable[[Fields], Fields] = _everything
    order_matters: bool = True
    """False where the result does not depend on the order of the rows (count, sum, dc …, but not first or list)."""
    takes_tables: bool = False
    """Whether its state can be updated by a `ColumnBatch`, too."""
    node: tree.Node | None = None
    span: Span = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """Sees the rows in order, as one stream: sort, head, dedup, streamstats, transaction, append …

    `limited` is the number of first rows that it gives, where it does nothing but that (head). `writes` is as in
    `Streaming`.
    """

    name: str
    run: Callable[[Stream, RunContext], Stream]
    requires: Callable[[Fields], Fields] = _everything
    limited: int | None = None
    first: Callable[[int], Sequence] | None = None
    """The same for a reader who takes no more than a number of its rows (sort); None where that makes no odds."""
    keeps_order: bool = True
    writes: Fields = ALL
    node: tree.Node | None = None
    span: Span = NOWHERE


@dataclass(frozen=True, kw_only=True)
class DatasetReading:
    """What a generating command does that aggregates a data model's dataset, or events, for those who share readings.

    `create` makes the state that takes in the dataset's rows (fields prefixed) which satisfy `where`.
    """

    dataset: str | None
    """None: the run's events."""
    where: tree.Node | None
    needed: Fields
    create: Callable[[RunContext], State]
    order_matters: bool = True
    """False where the result does not depend on the order of the rows."""
    points: Callable[[RunContext], Callable[[Batch], Batch]] | None = None
    """Makes what is aggregated of the rows (metric data points, terms), where that is not the rows themselves."""


@dataclass(frozen=True, kw_only=True)
class Generating:
    """Makes rows from nothing but the run: makeresults, inputlookup, tstats, and the initial search.

    `requires` does not apply; `generate(ctx, needed)` is told which fields are needed after it. Where a generating
    command stands behind a pipe of others (`| stats … | inputlookup append=t x`), `follows` takes the stream; without
    it that is an error.
    """

    name: str
    generate: Callable[[RunContext, Fields], Stream]
    follows: Callable[[Stream, RunContext], Stream] | None = None
    reading: DatasetReading | None = None
    dataset: bool = False
    """True where it gives the events of a data model's dataset (from, datamodel): which it scans can be foreseen."""
    node: tree.Node | None = None
    span: Span = NOWHERE


Operator: TypeAlias = "Streaming | Partial | Sequence | Generating"


@dataclass
class Message:
    """What a run has to tell: `level` is info, warn or error; `position` is (line, column) or None."""

    level: str
    command: str
    text: str
    position: tuple[int, int] | None = None


@dataclass(frozen=True)
class Implied:
    """A search expression that rows have to satisfy once fields were calculated (by a data model).

    `calculated` gives the expressions of each calculated field; None stands for a calculation of another kind.
    """

    predicate: tree.Node
    calculated: Mapping[str, tuple[tree.Node | None, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked of the run's events: those that satisfy `predicate` (None: all), with the fields that are needed.

    `implied` is what rows have to satisfy later: it may be used to leave out events that never can. `raw`: events
    without a `_raw` get one. `columns`: `ColumnBatch`es may be given in place of rows. `newest`: others than the newest
    ones, so many, may be left out.
    """

    predicate: tree.Node | None = None
    needed: Fields = ALL
    implied: Implied | None = None
    raw: bool = False
    columns: bool = False
    newest: int | None = None


class RunContext(Protocol):
    """What a run gives its operators; the only way to what lies outside a command's own module.

    One object per run; subsearches share it. `splmini.engine.context` implements it.
    """

    now: float
    timezone: tzinfo
    earliest: float | None
    latest: float | None
    limits: Limits
    budget: Budget
    """What is left of the run's time, memory and rows."""
    index: str
    apps: Apps
    lookups: Lookups
    files: Files

    def message(self, level: str, command: str, text: str, span: Span | None = None) -> None:
        """Add a message to the results; the same text is added once."""

    def check(self, rows_kept: int = 0) -> None:
        """Raise where the run was cancelled or a limit (rows kept, wall time) is reached. Call once a batch."""

    def scan(self, request: Request) -> Stream:
        """Read those of the run's events that are asked for, mapped by knowledge."""

    def run(self, pipeline: tree.Pipeline, rows: Stream | None = None, needed: Fields = ALL) -> Stream:
        """Run another pipeline (a subsearch) over the same events; or, with `rows`, over those rows."""

    def expand(self, pipeline: tree.Pipeline, subject: str = "subsearch") -> tree.Node:
        """Run a subsearch and give the search expression that it returns (format, return, `search` and `query`)."""

    def returned(self, pipeline: tree.Pipeline) -> str:
        """Run a subsearch and give the text that it returns."""

    def spliced(
        self,
        node: tree.Command,
        build: Callable[[tree.Command], Operator],
        rows: Stream | None = None,
        needed: Fields = ALL,
    ) -> Stream:
        """Run a command with what its subsearches return in their place; it is parsed and built there."""

    def parse(self, text: str) -> tree.Pipeline:
        """Parse search text (map, savedsearch, foreach) with the environment's macros."""

    def expression(self, node: tree.Node) -> Callable[[Row], Value]:
        """Compile an eval expression for this run."""

    def predicate(self, node: tree.Node) -> Callable[[Row], bool]:
        """Compile a search expression for this run; subsearches in it are run and expanded first."""

    def write_events(self, index: str, rows: list[Row]) -> None:
        """Write events to an index of the environment (collect, risk events)."""

    def handler(self, name: str) -> Callable[..., Iterable[Mapping[str, Any]]] | None:
        """Return the handler that the caller registered for a command, if any."""
