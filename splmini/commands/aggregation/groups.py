"""Groups of partial results: what the commands of the stats family are made of.

`read_measures` (in `_measures`) checks the aggregations of a command and makes `Measure`s of them; `Groups` is the
table of groups, which takes in batches, merges with others, and gives rows. A row without one of the group-by fields
belongs to no group; a multivalue group-by field puts it in the group of each of its values. Arguments are taken value
by value.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, product
from math import prod
from operator import contains
from typing import Any

from splmini.budget import gathers
from splmini.commands.aggregation.columns import Column
from splmini.commands.aggregation.grouping import Grouping, WildColumns, make_column, portable
from splmini.commands.aggregation.measures import (
    PRESTATS,
    Measure,
    by_fields,
    fields_needed,
    read_measure,
    read_measures,
)
from splmini.commands.aggregation.slices import Rows, Slice, Source
from splmini.commands.arguments.reading import fields_read
from splmini.errors import LimitExceeded
from splmini.operators import BATCH_SIZE, Batch, ColumnBatch, Row, RunContext, batched
from splmini.values.numbers import to_text
from splmini.values.sorting import auto_key


class _Texts(dict[int, str]):
    """The texts of keys that are integers; each is noted, to be shown as the number, when it is first met."""

    def __init__(self, shown: dict[str, Any]) -> None:
        super().__init__()
        self.shown = shown

    def __missing__(self, value: int) -> str:
        text = to_text(value)
        self.shown.setdefault(text, value)
        if len(self) < 100_000:
            self[value] = text
        return text


class Groups:
    """The groups of an aggregation, with one column of partial results for each measure.

    `sources` replaces the by-fields as the origin of keys (time buckets, split fields). Keys are the texts of the
    values: one text for one source, a tuple for several, the empty tuple for none.
    """

    def __init__(self, grouping: Grouping, ctx: RunContext, sources: Sequence[Source] | None = None) -> None:
        self.grouping = grouping
        self.sources = [Source(name) for name in grouping.by] if sources is None else list(sources)
        self.columns: list[Column | WildColumns] = [
            WildColumns(measure, grouping, ctx) if measure.wild else make_column(measure, grouping.allnum, ctx)
            for measure in grouping.measured()
        ]
        self.limit: int = ctx.limits.max_groups
        self.index: dict[Any, int] = _numbering(())
        self.shown: list[dict[str, Any]] = [{} for _ in self.sources]
        self._integers = [_Texts(shown) for shown in self.shown]
        self.rows_seen = 0
        self.fields: set[str] = set()
        self._wild = [column for column in self.columns if isinstance(column, WildColumns)]

    # ---- taking rows in ------------------------------------------------------------------------------------------

    def update(self, batch: Rows) -> None:
        """Take in a batch; a `ColumnBatch`, too, unless fields are met by a wildcard."""
        if not isinstance(batch, ColumnBatch) and any(map(contains, batch, [PRESTATS] * len(batch))):
            batch = self._take_partials(batch)
        if not batch:
            return
        if self._wild and not isinstance(batch, ColumnBatch):
            self._meet_fields(batch)
        part = self.slice(batch)
        self.rows_seen += len(batch)
        if not part.rows:
            return
        for column in self.columns:
            if isinstance(column, WildColumns):
                for each in column.known.values():
                    if each is not None:
                        each.update(part)
            else:
                column.update(part)
        self._check()

    def _check(self) -> None:
        if len(self.index) > self.limit:
            raise LimitExceeded(
                f"{self.grouping.command} has more than {self.limit:,} groups.",
                name="max_groups",
                hint="Raise Limits(max_groups=...) or group by fewer fields.",
                span=self.grouping.span,
            )

    def _meet_fields(self, batch: Batch) -> None:
        new = set().union(*batch) - self.fields
        self.fields |= new
        for column in self._wild:
            for name in new:
                column.meet(name)

    def slice(self, batch: Rows) -> Slice:
        """Give each row its group, rows with several groups several times."""
        read = [source.read(batch) for source in self.sources]
        orders = range(self.rows_seen, self.rows_seen + len(batch))
        if not read:
            return Slice(batch, [self.index[()]] * len(batch), orders, 1, True)
        plain = True
        for index, values in enumerate(read):
            kinds = set(map(type, values))
            if kinds == {str}:
                continue
            if list in kinds or type(None) in kinds:
                plain = False
            elif kinds == {int}:
                read[index] = list(map(self._integers[index].__getitem__, values))
            else:
                read[index] = [value if value.__class__ is str else self.text(value, index) for value in values]
        if not plain:
            return self._fan_out(batch, read)
        keys = read[0] if len(read) == 1 else zip(*read, strict=True)
        numbers = list(map(self.index.__getitem__, keys))
        return Slice(batch, numbers, orders, len(self.index))

    def text(self, value: Any, index: int) -> str:
        """Return the text of a key that is a number; the number is remembered, to be shown."""
        text = to_text(value)
        if text not in self.shown[index]:
            self.shown[index][text] = value
        return text

    def _fan_out(self, batch: Rows, read: list[list[Any]]) -> Slice:
        rows: list[Row] = []
        keys: list[int] = []
        orders: list[int] = []
        single, index = len(read) == 1, self.index
        for order, (row, *values) in enumerate(zip(batch, *read, strict=True), self.rows_seen):
            if None in values:
                continue
            choices = [self._choices(value, place) for place, value in enumerate(values)]
            if len(choices) > 1:
                gathers(prod(map(len, choices)))
            for key in product(*choices):
                rows.append(row)
                keys.append(index[key[0] if single else key])
                orders.append(order)
        return Slice(rows, keys, orders, len(index))

    def _choices(self, value: Any, index: int) -> Sequence[str]:
        if value.__class__ is not list:
            return (value if value.__class__ is str else self.text(value, index),)
        texts = [item if item.__class__ is str else self.text(item, index) for item in value if item is not None]
        return list(dict.fromkeys(texts)) if self.grouping.dedup_splitvals else texts

    def _take_partials(self, batch: Batch) -> Batch:
        from splmini.commands.aggregation import prestats

        rest = [row for row in batch if PRESTATS not in row]
        partial_rows = [row for row in batch if PRESTATS in row]
        part = self.slice(partial_rows)
        for measure, column in zip(self.grouping.measured(), self.columns, strict=True):
            if isinstance(column, Column):
                prestats.load(column, measure, part)
        self.rows_seen += len(partial_rows)
        return rest

    # ---- merging -------------------------------------------------------------------------------------------------

    def merge(self, other: Groups) -> None:
        """Take in groups made from later rows; they are given up."""
        groups = list(map(self.index.__getitem__, other.index))
        size = len(self.index)
        for mine, theirs in zip(self.columns, other.columns, strict=True):
            assert type(mine) is type(theirs)
            mine.merge(theirs, groups, size, self.rows_seen)  # type: ignore[arg-type]
        for shown, more in zip(self.shown, other.shown, strict=True):
            for text, value in more.items():
                shown.setdefault(text, value)
        self.fields |= other.fields
        self.rows_seen += other.rows_seen
        self._check()

    def __getstate__(self) -> dict[str, Any]:
        """What travels between processes: no compiled expressions, which only `update` needs."""
        state = dict(self.__dict__)
        state["sources"] = [Source(source.name) for source in self.sources]
        state["columns"] = [portable(column) for column in self.columns]
        state["_wild"], state["index"], state["_integers"] = [], dict(self.index), []
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.index = _numbering(self.index)

    def fold(self, target: Callable[[Any], Any]) -> None:
        """Give each group another key; groups whose keys become equal are merged, those with None are dropped."""
        index = _numbering(())
        groups = [None if (new := target(key)) is None else index[new] for key in self.index]
        for column in self.all_columns():
            column.fold(groups, len(index))
        self.index = index

    def all_columns(self) -> Iterator[Column]:
        """Yield every column, those of wildcards included."""
        for column in self.columns:
            if isinstance(column, WildColumns):
                yield from (each for each in column.known.values() if each is not None)
            else:
                yield column

    # ---- results -------------------------------------------------------------------------------------------------

    def group_keys(self) -> Iterable[Any]:
        """Return the keys of all groups."""
        return self.index.keys()

    def sorted_keys(self) -> list[Any]:
        """Return the keys in the order of results: by each by-field in turn, numbers by value."""
        keys = list(self.group_keys())
        if len(self.sources) == 1:
            return sorted(keys, key=auto_key)
        order = [0] * len(keys)
        for index in range(len(self.sources)):
            parts = [key[index] for key in keys]
            ranks = {part: rank for rank, part in enumerate(sorted(set(parts), key=auto_key))}
            size = len(ranks)
            order = [before * size + ranks[part] for before, part in zip(order, parts, strict=True)]
        return [keys[place] for place in sorted(range(len(keys)), key=order.__getitem__)]

    def named_columns(self) -> list[tuple[str, Column]]:
        """Return the name and the column of each result; hidden ones have names that begin with NUL."""
        result: list[tuple[str, Column]] = []
        for measure, column in zip(self.grouping.measured(), self.columns, strict=True):
            if isinstance(column, WildColumns):
                result.extend(column.named())
            else:
                result.append((measure.name, column))
        return result

    def names(self) -> list[str]:
        """Return the names of the results, in the order of the measures."""
        hidden = {part.name: measure.name for measure in self.grouping.measures for part in measure.parts}
        return list(dict.fromkeys(hidden.get(name, name) for name, _ in self.named_columns()))

    def results(self, ctx: RunContext) -> Callable[[Any], Row]:
        """Return a function from a key to its aggregates; null ones are absent."""
        named = self.named_columns()
        for _, column in named:
            column.prepare()
        index = self.index
        formulas = [(m, ctx.expression(m.formula)) for m in self.grouping.measures if m.formula is not None]

        by = frozenset(self.grouping.by)
        named_keys = any(by & (fields_read(m.formula) or by) for m, _ in formulas if m.formula is not None)

        def aggregates(key: Any) -> Row:
            row: Row = {}
            number = index.get(key)
            for name, column in named:
                value = column.result(number)
                if value is not None:
                    row[name] = value
            keyed = {**self.key_fields(key), **row} if formulas and named_keys else row
            for measure, evaluate in formulas:
                value = evaluate(keyed)
                for part in measure.parts:
                    row.pop(part.name, None)
                if value is not None:
                    row[measure.name] = value if not isinstance(value, bool) else to_text(value)
            return row

        return aggregates

    def key_fields(self, key: Any) -> Row:
        """Return the by-fields of a key, numbers as they came."""
        by = self.grouping.by
        if len(by) == 1:
            return {by[0]: self.shown[0].get(key, key)}
        return {name: shown.get(text, text) for name, shown, text in zip(by, self.shown, key, strict=True)}

    def rows(self, ctx: RunContext) -> Iterator[Row]:
        """Yield the result, sorted by the by-fields; without any, one row, or none where nothing has a value."""
        if not self.sources:
            row = self.results(ctx)(())
            if row:
                yield row
            return
        keys = self.sorted_keys()
        if any(measure.formula is not None for measure in self.grouping.measures):
            aggregates = self.results(ctx)
            for key in keys:
                yield {**self.key_fields(key), **aggregates(key)}
            return
        named = self.named_columns()
        for _, column in named:
            column.prepare()
        names = [*self.grouping.by, *(name for name, _ in named)]
        for start in range(0, len(keys), BATCH_SIZE):
            chunk = keys[start : start + BATCH_SIZE]
            numbers = [self.index[key] for key in chunk]
            table = self._key_columns(chunk) + [column.results(numbers) for _, column in named]
            for values in zip(*table, strict=True):
                if None in values:
                    yield {name: value for name, value in zip(names, values, strict=True) if value is not None}
                else:
                    yield dict(zip(names, values, strict=True))

    def _key_columns(self, keys: list[Any]) -> list[list[Any]]:
        """Return the by-fields of some keys, column by column, numbers as they came."""
        columns = [keys] if len(self.sources) == 1 else [list(part) for part in zip(*keys, strict=True)]
        return [
            [shown.get(text, text) for text in texts] if shown else texts
            for texts, shown in zip(columns, self.shown, strict=True)
        ]

    def batches(self, ctx: RunContext) -> Iterator[Batch]:
        """Yield the result in batches."""
        return batched(self.rows(ctx))


def _numbering(known: Iterable[Any]) -> dict[Any, int]:
    """Return a table that gives each new key the next number."""
    table: dict[Any, int] = defaultdict(count().__next__)
    for key in known:
        table[key]
    return table


__all__ = [
    "PRESTATS",
    "Grouping",
    "Groups",
    "Measure",
    "WildColumns",
    "by_fields",
    "fields_needed",
    "make_column",
    "read_measure",
    "read_measures",
]
