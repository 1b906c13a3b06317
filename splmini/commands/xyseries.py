"""The xyseries command: turn rows of x, series and value into a table with a column for each series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from splmini.commands.arguments.reading import fail, only, read
from splmini.commands.dedup import hashable
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_text
from splmini.values.sorting import auto_key, lexicographic
from splmini.values.wildcards import has_wildcard, matching

OPTIONS = {
    "grouped": OptionSpec("bool", default=False, doc="The input is in order of the x field: rows come as it does."),
    "sep": OptionSpec("string", default=": ", doc="What stands between data field and series in a column's name."),
    "format": OptionSpec("string", doc="How a column is named, with $AGG$ and $VAL$; it goes before sep."),
}


@command(
    "xyseries",
    options=OPTIONS,
    syntax="xyseries [grouped=<bool>] <x-field> <y-name-field> <y-data-field>... [sep=<string>] [format=<string>]",
    category="transforming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Xyseries",
    examples=(
        Example(
            "| xyseries host action count",
            ({"host": "a", "allow": 2, "deny": 1},),
            ({"host": "a", "action": "allow", "count": 2}, {"host": "a", "action": "deny", "count": 1}),
        ),
        Example(
            "| xyseries _time host count total",
            [{"_time": 1, "count: a": 2, "total: a": 20, "count: b": 3, "total: b": 30}],
            ({"_time": 1, "host": "a", "count": 2, "total": 20}, {"_time": 1, "host": "b", "count": 3, "total": 30}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Make a table with a row for each value of the x field and a column for each value of the y-name field.

    The cells hold the y-data field, which may be a wildcard. With several data fields the columns are named
    `data: series`, or as `sep` or `format` says. Rows come in order of x, columns in order of their names. Where a cell
    comes twice the last one counts.

    *Null*: results that lack x or the series are left out; a cell without a value is absent. *Multivalue* series give
    their value to each column.

    Memory: one row for each value of x.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    words = arguments.words
    if len(words) < 3:
        fail(node, "xyseries needs an x field, a y-name field and a y-data field.")
    x, series, *data = (word.text for word in words)
    for word in words[:2]:
        if has_wildcard(word.text):
            fail(node, "The x field and the y-name field take no wildcards.", word)
    table = Table(x, series, tuple(data), arguments["sep"], arguments["format"], arguments["grouped"])

    def run(stream: Stream, ctx: RunContext) -> Stream:
        columns: list[str] = []

        def rows() -> Iterator[Row]:
            result, names = table.pivot(stream.batches, ctx)
            columns.extend(names)
            yield from result

        def batches() -> Iterator[Batch]:
            yield from batched(rows())

        return Stream(batches(), columns.copy)

    return Sequence(
        name="xyseries", run=run, requires=only({x, series, *data}), keeps_order=False, node=node, span=node.span
    )


@dataclass(frozen=True)
class Table:
    """What an xyseries command makes."""

    x: str
    series: str
    data: tuple[str, ...]
    sep: str = ": "
    format: str | None = None
    grouped: bool = False

    def column(self, data: str, series: str) -> str:
        """Return the name of the column of a data field and a series."""
        if self.format is not None:
            return self.format.replace("$AGG$", data).replace("$VAL$", series)
        return series if len(self.data) == 1 and not self.patterns else data + self.sep + series

    @cached_property
    def patterns(self) -> bool:
        """True where a wildcard stands for data fields."""
        return any(map(has_wildcard, self.data))

    def pivot(self, batches: Iterable[Batch], ctx: RunContext) -> tuple[list[Row], list[str]]:
        """Return the rows of the table and its columns in order."""
        rows: list[Row] = []
        places: dict[Any, int] = {}
        columns: dict[str, tuple[int, Any]] = {}
        last: Any = None
        known: set[str] = set()
        fields: list[str] = list(self.data)
        for batch in batches:
            for row in batch:
                if self.patterns and not known.issuperset(row):
                    known.update(row)
                    fields = self.matching(known)
                value, names = row.get(self.x), row.get(self.series)
                if value is None or names is None:
                    continue
                key = hashable(value)
                if self.grouped and key != last:
                    places.pop(key, None)
                    last = key
                place = places.get(key)
                if place is None:
                    place = places[key] = len(rows)
                    rows.append({self.x: value})
                self._fill(rows[place], row, as_list(names), columns, fields)
            ctx.check(len(rows))
        if not self.grouped:
            rows.sort(key=self._order)
        return rows, [self.x, *sorted(columns, key=columns.__getitem__)]

    def _order(self, row: Row) -> Any:
        return auto_key(row[self.x])

    def matching(self, names: Iterable[str]) -> list[str]:
        """Return the data fields: those that a wildcard matches, in the order of their names."""
        found: dict[str, None] = {}
        free = sorted(name for name in names if name not in (self.x, self.series) and name[:1] != "_")
        for data in self.data:
            found.update(dict.fromkeys(matching(data, free) if has_wildcard(data) else [data]))
        return list(found)

    def _fill(
        self, target: Row, row: Row, names: list[Any], columns: dict[str, tuple[int, Any]], fields: list[str]
    ) -> None:
        for index, data in enumerate(fields):
            if self.patterns and data not in row:
                continue
            value = row.get(data)
            for name in names:
                series = to_text(name)
                column = self.column(data, series)
                if column not in columns:
                    columns[column] = (index, lexicographic(series))
                if value is not None and column != self.x:
                    target[column] = value
