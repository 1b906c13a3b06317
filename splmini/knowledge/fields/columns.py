"""Knowledge over columns: what the steps of a class of events do to a whole batch of them.

Events of one class that give the same fields are columns: a value a row, None where a row has none. A step reads
columns and gives new ones. What a step makes of fields (an alias, a calculation, a lookup, event types and tags) it
makes once for each combination of values that it reads, since logs repeat themselves; what it makes of `_raw`, once a
row. Whatever is not surely the same as the steps one row after the other is left to them (`over` gives None).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini.knowledge.fields.steps import Apply, Names, append, text_of
from splmini.remembering import TEXTS, Remembered, copied, row_of
from splmini.values.multivalue import from_list

if TYPE_CHECKING:
    from splmini.operators import ColumnBatch, Row
    from splmini.values import regex

Column: TypeAlias = "list[Any]"
Over: TypeAlias = "Callable[[Columns], None]"
"""Changes columns in place of rows; it never changes the list of a column, which others may hold, too."""


class Columns:
    """The columns of events that give the same fields: those that they give, and those that steps made.

    `members` are what is known of the JSON that the events are the text of, where they have no `_raw` to read it from.
    """

    __slots__ = ("events", "given", "made", "members", "size")

    def __init__(self, events: Sequence[Row], given: frozenset[str]) -> None:
        self.events = events
        self.given = given
        self.size = len(events)
        self.made: dict[str, Column] = {}
        self.members: dict[str, Column] = {}

    @classmethod
    def of_table(cls, columns: Mapping[str, Column], size: int, members: frozenset[str] = frozenset()) -> Columns:
        """Return the columns of events that were read into columns, some of them members of JSON."""
        made = cls((), frozenset(columns.keys() - members))
        made.size = size
        made.made = {name: columns[name] for name in made.given}
        made.members = {name: columns[name] for name in members}
        return made

    @classmethod
    def free(cls, table: ColumnBatch) -> Columns:
        """Return the columns of a table, each of which may be replaced."""
        made = cls((), frozenset())
        made.size, made.made = table.size, dict(table.columns)
        return made

    def __contains__(self, name: object) -> bool:
        return name in self.made or name in self.given

    def get(self, name: str) -> Column | None:
        """Return the column of a field; None where no row has it."""
        column = self.made.get(name)
        if column is None and name in self.given:
            column = self.made[name] = [event[name] for event in self.events]
        return column

    def column(self, name: str) -> Column:
        """Return the column of a field, of Nones where no row has it."""
        column = self.get(name)
        return [None] * self.size if column is None else column

    def of(self, names: Iterable[str]) -> dict[str, Column]:
        """Return the columns of some fields."""
        return {name: self.column(name) for name in names}

    def fill(self, name: str, values: Column) -> None:
        """Give a field to the rows that do not have it."""
        if name in self.given:
            return
        before = self.made.get(name)
        if before is None:
            self.made[name] = values
        else:
            self.made[name] = [new if old is None else old for old, new in zip(before, values, strict=True)]

    def put(self, name: str, values: Column | None) -> None:
        """Give a field its values, whatever it had; None takes it away."""
        if values is None:
            self.made.pop(name, None)
        else:
            self.made[name] = values


def combinations(columns: Columns, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return the values of some fields, row by row."""
    if not names:
        return [()] * columns.size
    return list(zip(*map(columns.column, names), strict=True))


def over_rows(apply: Apply, reads: frozenset[str], writes: frozenset[str] | None, wanted: Names) -> Over | None:
    """Return a step over columns that is carried out on rows of only the fields that it has to do with, once for each
    combination of their values.

    None where it is not known which fields it may set.
    """
    targets = writes if writes is not None else wanted.exact
    if targets is None:
        return None
    targets -= {"_raw"}
    concerned = tuple(sorted(reads | targets))
    outputs = tuple(sorted(targets))
    memory: dict[tuple[str, ...], Remembered] = {}

    def over(columns: Columns) -> None:
        present = tuple(name for name in concerned if name in columns)
        given = columns.given

        def make(key: tuple[Any, ...]) -> tuple[Any, ...]:
            row = row_of(present, key)
            apply(row, given)
            return tuple(map(row.get, outputs))

        keys = combinations(columns, present)
        if "_raw" not in present:
            named = (*present, *sorted(given.intersection(outputs)))
            if named not in memory:
                memory[named] = Remembered(make)
            results = memory[named].over(keys)
        else:
            results = list(map(make, keys))
        for name, values in zip(outputs, zip(*results, strict=True), strict=True):
            if name not in given:
                columns.put(name, None if all(each is None for each in values) else copied(values))

    return over


# ---- steps that are columns by nature --------------------------------------------------------------------------------


def over_calculations(compiled: Sequence[tuple[str, Callable[[Row], Any], frozenset[str], bool]]) -> Over:
    """Return what computes calculations over columns: target, expression, the fields it reads, and whether it gives
    the same for the same values. All see the fields as they were before; null takes a field away."""
    memory: dict[tuple[int, tuple[str, ...]], Remembered] = {}

    def over(columns: Columns) -> None:
        results: list[tuple[str, Column]] = []
        for number, (target, expression, reads, same) in enumerate(compiled):
            if target in columns.given:
                continue
            present = tuple(sorted(name for name in reads if name in columns))
            if (number, present) not in memory:
                memory[number, present] = Remembered(_calculating(expression, present))
            remembered = memory[number, present]
            keys = combinations(columns, present)
            plain = not same or "_raw" in present
            results.append((target, list(map(remembered.make, keys)) if plain else copied(remembered.over(keys))))
        for target, values in results:
            columns.put(target, values)

    return over


def _calculating(expression: Callable[[Row], Any], names: tuple[str, ...]) -> Callable[[tuple[Any, ...]], Any]:
    def calculate(key: tuple[Any, ...]) -> Any:
        value = expression(row_of(names, key))
        if value.__class__ is list:
            return from_list(value)
        return ("true" if value else "false") if value.__class__ is bool else value

    return calculate


def over_alias(old: str, new: str, keep: bool) -> Over:
    """FIELDALIAS: the alias takes the field's values; with `keep` (ASNEW) only where it is not there."""

    def alias(columns: Columns) -> None:
        if new in columns.given:
            return
        values = columns.get(old)
        if not keep:
            columns.put(new, values)
        elif values is not None:
            columns.fill(new, values)

    return alias


def over_first_match(pattern: regex.Pattern, source: str, groups: Sequence[tuple[str, int]]) -> Over:
    """EXTRACT, and REPORT with named groups: the first match gives the fields that are not there yet."""

    def extract(columns: Columns) -> None:
        texts = columns.get(source)
        wanted = [(name, group) for name, group in groups if name not in columns.given]
        if texts is None or not wanted:
            return
        before = [columns.made.get(name) for name, _ in wanted]
        if all(column is not None for column in before):
            # where a row has all of them, nothing is looked for
            texts = [
                text if None in values else None
                for text, values in zip(texts, zip(*filter(None, before), strict=True), strict=True)
            ]
        if not set(map(type, texts)) <= TEXTS:
            texts = [None if text is None else text_of(text) for text in texts]
        found = pattern.search_each(texts)
        if any(found):
            for name, group in wanted:
                columns.fill(name, [None if match is None else match.group(group) or None for match in found])

    return extract


def over_pairs(
    find: Callable[[str], Any],
    source: str,
    named: Callable[[str], str | None],
    mv_add: bool,
    keep_empty: bool,
    wanted: frozenset[str],
) -> Over:
    """FORMAT = $1::$2: names and values as the data has them; with `mv_add` all values of a name, else the first."""

    def extract(columns: Columns) -> None:
        texts = columns.get(source)
        if texts is None:
            return
        given = columns.given
        before = [(name, columns.made[name]) for name in wanted if name in columns.made and name not in given]
        rows: list[dict[str, Any]] = []
        for place, text in enumerate(texts):
            row = {name: values[place] for name, values in before if values[place] is not None}
            rows.append(row)
            if text is None:
                continue
            for written, value in find(text if text.__class__ is str else text_of(text)):
                name = named(written)
                if name is None or name in given or not (value or keep_empty):
                    continue
                if name not in row:
                    row[name] = value
                elif mv_add:
                    append(row, name, value)
        for name in set().union(*rows):
            columns.put(name, [row.get(name) for row in rows])

    return extract


def over_reader(read: Callable[[str], Any], wanted: frozenset[str]) -> Over:
    """KV_MODE: what is found in `_raw` under a wanted name that is not there yet."""

    def extract(columns: Columns) -> None:
        texts = columns.get("_raw")
        if texts is None:
            return
        found = [read(text if text.__class__ is str else text_of(text)) or _EMPTY if text else _EMPTY for text in texts]
        for name in wanted.intersection(set().union(*found)) - columns.given:
            columns.fill(name, [None if (value := each.get(name)) == [] else value for each in found])

    return extract


_EMPTY: dict[str, Any] = {}


def over_members(columns: Columns) -> None:
    """Read the JSON that the events are the text of, where its members are known."""
    for name, values in columns.members.items():
        if not all(each is None for each in values):
            columns.fill(name, values)
