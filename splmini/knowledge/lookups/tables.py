"""Lookup tables: what a definition says, and how rows are found.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Transformsconf
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini import compiler
from splmini.errors import ArgumentError, UnsupportedFeature, did_you_mean
from splmini.language import parser
from splmini.values import times
from splmini.values.multivalue import as_list
from splmini.values.networks import cidr_match
from splmini.values.numbers import to_number, to_text
from splmini.values.wildcards import compile_wildcard

if TYPE_CHECKING:
    from splmini.operators import Row, RunContext

Matcher: TypeAlias = "Callable[[list[Any], float | None], list[Row] | None]"

DEFAULT_MAX_MATCHES = 100
"""[lookup] rows that one value matches at most, where the definition does not say; 1 for time-based lookups."""
COLLECTION = "collection:"
"""What the name of the content of a KV-store collection begins with; the app and `/NAME` follow."""
_REMEMBERED = 100_000


@dataclass(frozen=True)
class TableData:
    """The content of a table: rows (null cells absent) and columns. Never changed; a write makes a new one.

    `complete` false: the content is not there (a KV store without data, a file that is missing), so that any column
    may be asked for.
    """

    rows: tuple[Row, ...] = ()
    fields: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class Definition:
    """A lookup definition, with the defaults of transforms.conf."""

    name: str
    data: str
    """The name of the content: a file name, or `collection:APP/NAME`."""
    match_type: Mapping[str, str] = field(default_factory=dict)
    """Column → WILDCARD or CIDR; columns that are not in it are compared exactly."""
    case_sensitive: bool = True
    max_matches: int | None = None
    min_matches: int = 0
    default_match: str | None = None
    time_field: str | None = None
    time_format: str = "%s.%Q"
    max_offset: float = 2_000_000_000
    min_offset: float = 0
    filter: str | None = None
    scripted: str | None = None
    """What makes the lookup one that runs a program, which is refused."""
    app: str = ""

    @property
    def limit(self) -> int:
        """How many rows one value matches at most."""
        if self.max_matches is not None:
            return max(self.max_matches, 1)
        return 1 if self.time_field else DEFAULT_MAX_MATCHES


class LookupTable:
    """A table as commands use it (`operators.Table`): a definition over content."""

    def __init__(self, definition: Definition, data: TableData) -> None:
        self.name = definition.name
        self.definition = definition
        self._data = data
        self._filtered: list[Row] | None = None
        self._indexes: dict[tuple[str, ...], _Index] = {}

    @property
    def fields(self) -> list[str]:
        """The columns, in the table's order."""
        self._refuse_scripts()
        return list(self._data.fields)

    @property
    def complete(self) -> bool:
        """Say whether the content is there; where it is not, the table is empty and has any column."""
        return self._data.complete

    def rows(self) -> list[Row]:
        """Return the table's rows as new dicts; null cells are absent."""
        return [dict(row) for row in self._kept()]

    def matcher(
        self, keys: list[str], outputs: list[str] | None, ctx: RunContext, time_field: str = "_time"
    ) -> Matcher:
        """Return a function from the key values (aligned with `keys`) and the event's time to the matching rows.

        A multivalue key matches the rows of each of its values. None where nothing matches and the definition has no
        default.
        """
        self._refuse_scripts()
        known = self._data.fields
        for name in [*keys, *(outputs or ())]:
            key = name == "_key" and self.definition.data.startswith(COLLECTION)
            if name not in known and not key and self._data.complete:
                raise ArgumentError(
                    f"The lookup table '{self.name}' has no column '{name}'.",
                    name=self.name,
                    hint=did_you_mean(name, known),
                )
        if outputs is None:
            outputs = [name for name in known if name not in keys and name != self.definition.time_field]
        return self._matcher(tuple(keys), outputs, ctx)

    def _matcher(self, keys: tuple[str, ...], outputs: list[str], ctx: RunContext) -> Matcher:
        definition = self.definition
        index = self._indexes.get(keys)
        if index is None:
            index = self._indexes[keys] = _Index(definition, self._kept(), keys)
        default = definition.default_match
        default_row = dict.fromkeys(outputs, default) if default and definition.min_matches > 0 else None
        select = _timed(definition, index, ctx) if definition.time_field else _plain(definition, index)

        def match_one(values: tuple[str, ...], moment: float | None) -> list[Row]:
            found = select(values, moment)
            if len(found) < definition.min_matches and default_row is not None:
                found = [*found, *([default_row] * (definition.min_matches - len(found)))]
            return found

        def match(values: list[Any], moment: float | None = None) -> list[Row] | None:
            if any(isinstance(value, list) for value in values):
                combinations = itertools.islice(itertools.product(*(as_list(value) for value in values)), 10_000)
                rows = [row for each in combinations for row in match_one(tuple(map(to_text, each)), moment)]
            else:
                rows = match_one(tuple(value if isinstance(value, str) else to_text(value) for value in values), moment)
            return rows or None

        return match

    def _kept(self) -> list[Row]:
        self._refuse_scripts()
        if self._filtered is None:
            self._filtered = list(self._data.rows)
            if self.definition.filter:
                keep = _filter(self.definition.filter)
                self._filtered = [row for row in self._filtered if keep(row)]
        return self._filtered

    def _refuse_scripts(self) -> None:
        if self.definition.scripted is not None:
            raise UnsupportedFeature(
                f"The lookup '{self.name}' runs a program ({self.definition.scripted}); scripted lookups are not run.",
                name=self.name,
                hint="Give the table's rows with Environment(lookups={...}).",
            )


def _filter(text: str) -> Callable[[Row], bool]:
    return compiler.compile_search(parser.parse_search(text), compiler.RunScope(None))


def _plain(definition: Definition, index: _Index) -> Callable[[tuple[str, ...], float | None], list[Row]]:
    limit = definition.limit

    def select(values: tuple[str, ...], moment: float | None) -> list[Row]:
        return index.find(values)[:limit]

    return select


def _timed(
    definition: Definition, index: _Index, ctx: RunContext
) -> Callable[[tuple[str, ...], float | None], list[Row]]:
    """Rows whose time lies between the event's time less max_offset and less min_offset, the latest first."""
    column, limit = definition.time_field or "", definition.limit
    zone = getattr(ctx, "timezone", None)

    def time_of(row: Row) -> float | None:
        text = row.get(column)
        if text is None:
            return None
        number = to_number(text)
        if definition.time_format.startswith("%s") and number is not None:
            return float(number)
        return times.strptime(to_text(text), definition.time_format, zone)  # type: ignore[arg-type]

    def select(values: tuple[str, ...], moment: float | None) -> list[Row]:
        if moment is None:
            return []
        found = []
        for row in index.find(values):
            when = time_of(row)
            if when is not None and definition.min_offset <= moment - when <= definition.max_offset:
                found.append((when, row))
        found.sort(key=_first, reverse=True)
        return [row for _, row in found[:limit]]

    return select


def _first(pair: tuple[float, Row]) -> float:
    return pair[0]


class _Index:
    """Finds rows by the values of some columns: exact ones through a dict, patterns and networks by testing each
    distinct one, with the answers remembered."""

    def __init__(self, definition: Definition, rows: list[Row], keys: tuple[str, ...]) -> None:
        self._rows = rows
        self._fold = not definition.case_sensitive
        self._exact = [number for number, key in enumerate(keys) if key not in definition.match_type]
        self._tested = [number for number, key in enumerate(keys) if key in definition.match_type]
        self._kinds = {number: definition.match_type[keys[number]] for number in self._tested}
        self._buckets: dict[tuple[str, ...], list[int]] = {}
        self._columns = {number: _Patterns(self._kinds[number], self._fold) for number in self._tested}
        self._known: dict[tuple[str, ...], list[Row]] = {}
        self._keys: tuple[str, ...] | None = keys
        self._lock = threading.Lock()

    def _fill(self) -> None:
        """Take in the rows, when the first value is looked up: most searches look up none."""
        with self._lock:
            if self._keys is not None:
                for position, row in enumerate(self._rows):
                    self._add(position, row, self._keys)
                self._keys = None

    def _add(self, position: int, row: Row, keys: tuple[str, ...]) -> None:
        if any(row.get(key) is None for key in keys):
            return
        for exact in itertools.product(*(as_list(row[keys[number]]) for number in self._exact)):
            self._buckets.setdefault(tuple(self._norm(to_text(value)) for value in exact), []).append(position)
        for number in self._tested:
            for value in as_list(row[keys[number]]):
                self._columns[number].add(to_text(value), position)

    def _norm(self, text: str) -> str:
        return text.lower() if self._fold else text

    def find(self, values: tuple[str, ...]) -> list[Row]:
        """Return the rows that match, in the order of the table."""
        found = self._known.get(values)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[values] = [self._rows[position] for position in self._positions(values)]
        return found

    def _positions(self, values: tuple[str, ...]) -> Iterable[int]:
        if self._keys is not None:
            self._fill()
        candidates = self._buckets.get(tuple(self._norm(values[number]) for number in self._exact), [])
        for number in self._tested:
            if not candidates:
                break
            matching = self._columns[number].matching(values[number])
            candidates = [position for position in candidates if position in matching]
        return candidates


class _Patterns:
    """The distinct patterns (or networks) of a column, and the rows that have each.

    Of wildcards, `*end` and `start*` are looked up by their text: a table of domains holds thousands of them.
    """

    def __init__(self, kind: str, fold: bool) -> None:
        self._kind = kind
        self._fold = fold
        self._literal: dict[str, list[int]] = {}
        self._ends: dict[str, list[int]] = {}
        self._starts: dict[str, list[int]] = {}
        self._end_sizes: set[int] = set()
        self._start_sizes: set[int] = set()
        self._tests: dict[str, tuple[Callable[[str], bool], list[int]]] = {}

    def add(self, pattern: str, position: int) -> None:
        """Take in a cell."""
        if self._kind == "WILDCARD" and self._add_text(pattern.lower() if self._fold else pattern, position):
            return
        if pattern in self._tests:
            self._tests[pattern][1].append(position)
        else:
            self._tests[pattern] = (self._test(pattern), [position])

    def _add_text(self, pattern: str, position: int) -> bool:
        head, *rest = pattern.split("*")
        if not rest:
            self._literal.setdefault(pattern, []).append(position)
        elif len(rest) == 1 and bool(head) != bool(rest[0]):
            texts, sizes = (self._starts, self._start_sizes) if head else (self._ends, self._end_sizes)
            texts.setdefault(head or rest[0], []).append(position)
            sizes.add(len(head or rest[0]))
        else:
            return False
        return True

    def _test(self, pattern: str) -> Callable[[str], bool]:
        if self._kind == "WILDCARD":
            return compile_wildcard(pattern, ignore_case=self._fold)

        def in_network(value: str) -> bool:
            return value == pattern or bool(cidr_match(pattern, value))

        return in_network

    def matching(self, value: str) -> set[int]:
        """Return the positions of the rows whose cell matches a value."""
        text = value.lower() if self._fold else value
        found = set(self._literal.get(text, ()))
        for size in self._start_sizes:
            found.update(self._starts.get(text[:size], ()))
        for size in self._end_sizes:
            found.update(self._ends.get(text[-size:], ()))
        for test, positions in self._tests.values():
            if test(value):
                found.update(positions)
        return found
