"""contingency: how often the values of two fields occur together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from splmini.commands.aggregation.groups import Grouping, Groups, Measure
from splmini.commands.arguments.reading import read
from splmini.language import tree
from splmini.operators import Batch, Columns, Fields, Operator, Partial, Row, RunContext, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.wildcards import has_wildcard

OPTIONS = {
    "maxrows": OptionSpec("int", least=0, default=1000, doc="The most rows; 0: the limit ctable_maxvalues (1,000)."),
    "maxcols": OptionSpec("int", least=0, default=1000, doc="The most columns; 0: the limit ctable_maxvalues (1,000)."),
    "mincolcover": OptionSpec("number", default=1, doc="The share of events that the columns have to cover."),
    "minrowcover": OptionSpec("number", default=1, doc="The share of events that the rows have to cover."),
    "usetotal": OptionSpec("bool", default=True, doc="Whether a row and a column of totals are added."),
    "totalstr": OptionSpec("string", default="TOTAL", doc="The name of the totals."),
}


@dataclass(frozen=True)
class Settings:
    """A contingency table, read."""

    grouping: Grouping
    rows: tuple[int, float]
    columns: tuple[int, float]
    total: str | None


@command(
    "contingency",
    options=OPTIONS,
    category="transforming",
    syntax="contingency [maxrows=INT] [maxcols=INT] [mincolcover=NUM] [minrowcover=NUM] [usetotal=BOOL] "
    "[totalstr=STRING] FIELD FIELD",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Contingency",
    examples=(
        Example(
            "| contingency m d",
            [
                {"m": "lo", "S": 2, "M": 1, "TOTAL": 3},
                {"m": "hi", "S": 1, "M": 0, "TOTAL": 1},
                {"m": "TOTAL", "S": 3, "M": 1, "TOTAL": 4},
            ],
            ({"m": "lo", "d": "S"}, {"m": "lo", "d": "S"}, {"m": "lo", "d": "M"}, {"m": "hi", "d": "S"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Counts how often each value of the first field (rows) occurs with each value of the second (columns).

    Rows and columns come most frequent first, equally frequent ones in the order of their values. `maxrows` and
    `maxcols` cut them; `minrowcover` and `mincolcover` stop adding them once that share of the events is covered. The
    totals are those of what is shown. Events that lack one of the fields are left out; a multivalue field counts with
    each of its values; a value that is an empty text is called EMPTY_STR.

    *Null*: an event without one of the two fields does not count.

    Memory: one number for each combination of values that occurs.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    names = [word.text for word in arguments.words]
    if len(names) != 2 or names[0] == names[1]:
        arguments.fail("contingency takes two fields.", arguments.words[2] if len(names) > 2 else None)
    wild = next((word for word in arguments.words if has_wildcard(word.text)), None)
    if wild is not None:
        arguments.fail("contingency takes no wildcards.", wild)
    settings = Settings(
        Grouping((Measure("count", "count"),), tuple(names), command=node.name, span=node.span),
        (arguments["maxrows"], arguments["minrowcover"]),
        (arguments["maxcols"], arguments["mincolcover"]),
        arguments["totalstr"] if arguments["usetotal"] else None,
    )

    def create(ctx: RunContext) -> ContingencyState:
        return ContingencyState(settings, Groups(settings.grouping, ctx))

    def requires(after: Fields) -> Fields:
        return frozenset(names)

    return Partial(name=node.name, create=create, requires=requires, span=node.span)


class ContingencyState:
    """The state of contingency: counts by both values."""

    def __init__(self, settings: Settings, groups: Groups) -> None:
        self.settings = settings
        self.groups = groups

    def update(self, batch: Batch) -> None:
        """Take in a batch."""
        self.groups.update(batch)

    def merge(self, other: ContingencyState) -> None:
        """Take in the state of later rows."""
        self.groups.merge(other.groups)

    def finish(self, ctx: RunContext) -> Stream:
        """Give the table."""
        aggregates = self.groups.results(ctx)
        cells = {key: aggregates(key).get("count", 0) for key in self.groups.group_keys()}
        by_row: Counter[str] = Counter()
        by_column: Counter[str] = Counter()
        for (row, column), count in cells.items():
            by_row[row] += count
            by_column[column] += count
        most = ctx.limits.ctable_maxvalues
        rows = _most(by_row, *self.settings.rows, most)
        columns = _most(by_column, *self.settings.columns, most)
        total = self.settings.total

        def names() -> Columns:
            return [self.settings.grouping.by[0], *map(_shown, columns), *([total] if total is not None else [])]

        return Stream(batched(self._rows(rows, columns, cells)), names)

    def _rows(self, rows: list[str], columns: list[str], cells: dict[tuple[str, str], int]) -> Iterator[Row]:
        first, total = self.settings.grouping.by[0], self.settings.total
        shown = self.groups.shown[0]
        sums: Counter[str] = Counter()
        for value in rows:
            row: Row = {_shown(column): cells.get((value, column), 0) for column in columns}
            sums.update(row)
            if total is not None:
                row[total] = sum(row.values())
            yield {first: _shown(shown.get(value, value)), **row}
        if total is not None and rows:
            shares = {name: sums[name] for name in map(_shown, columns)}
            yield {first: total, **shares, total: sum(sums.values())}


def _shown(value: Any) -> Any:
    return "EMPTY_STR" if value == "" else value


def _most(counts: Counter[str], most: int, cover: float, limit: int) -> list[str]:
    """Return the most frequent values, at most so many, and no more than needed to cover the share of events."""
    most = min(filter(None, (most, limit)), default=0)
    total = sum(counts.values())
    result: list[str] = []
    covered = 0
    for value, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if (most and len(result) >= most) or covered >= cover * total:
            break
        result.append(value)
        covered += count
    return result
